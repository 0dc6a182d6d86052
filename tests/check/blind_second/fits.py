"""Robust and quantile losses, focal loss, kernels, curve fits, low rank."""

from __future__ import annotations

import numpy as np
from check.blind_second.case import Family


def huber(w, b, X, y, delta):
    r = X @ w + b - y
    small = np.abs(r) <= delta
    return np.mean(np.where(small, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta)))


def d_huber(w, b, X, y, delta):
    r = X @ w + b - y
    psi = np.where(np.abs(r) <= delta, r, delta * np.sign(r))
    g = psi / len(y)
    return X.T @ g, np.sum(g)


def huber_point(rng):
    return rng.normal(size=3), -0.2, rng.normal(size=(40, 3)), 2 * rng.normal(size=40), 0.6


def quantile(W, b, X, y, taus):
    u = y[:, None] - (X @ W + b)
    return np.mean(np.maximum(taus * u, (taus - 1) * u))


def d_quantile(W, b, X, y, taus):
    u = y[:, None] - (X @ W + b)
    du = np.where(u > 0, taus, taus - 1)
    dq = -du / u.size
    return X.T @ dq, dq.sum(axis=0)


def quantile_point(rng):
    return (
        rng.normal(size=(4, 3)),
        rng.normal(size=3),
        rng.normal(size=(8, 4)),
        rng.normal(size=8),
        np.array([0.1, 0.5, 0.8]),
    )


def focal(w, b, X, y, gamma, alpha):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    pt = np.where(y == 1, p, 1 - p)
    at = np.where(y == 1, alpha, 1 - alpha)
    return -np.sum(at * (1 - pt) ** gamma * np.log(pt))


def d_focal(w, b, X, y, gamma, alpha):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    pt = np.where(y == 1, p, 1 - p)
    at = np.where(y == 1, alpha, 1 - alpha)
    dpt = at * (gamma * (1 - pt) ** (gamma - 1) * np.log(pt) - (1 - pt) ** gamma / pt)
    dp = np.where(y == 1, dpt, -dpt)
    dz = dp * p * (1 - p)
    return X.T @ dz, dz.sum()


def focal_point(rng):
    return rng.normal(size=3), 0.3, rng.normal(size=(8, 3)), (rng.uniform(size=8) > 0.4).astype(int), 2.0, 0.25


def kernel(alpha, centers, log_gamma, X, y, lam):
    d2 = np.sum((X[:, None, :] - centers[None]) ** 2, axis=2)
    K = np.exp(-np.exp(log_gamma) * d2)
    return np.mean((K @ alpha - y) ** 2) + lam * np.sum(alpha**2)


def d_kernel(alpha, centers, log_gamma, X, y, lam):
    gamma = np.exp(log_gamma)
    diff = X[:, None, :] - centers[None]
    d2 = np.sum(diff**2, axis=2)
    K = np.exp(-gamma * d2)
    e = 2 * (K @ alpha - y) / len(y)
    dalpha = K.T @ e + 2 * lam * alpha
    dK = np.outer(e, alpha)
    dd2 = dK * K * -gamma
    dcenters = np.sum(dd2[:, :, None] * -2 * diff, axis=0)
    dlog_gamma = np.sum(dK * K * -d2) * gamma
    return dalpha, dcenters, dlog_gamma


def kernel_point(rng):
    return rng.normal(size=5), rng.normal(size=(5, 2)), -0.5, rng.normal(size=(5, 2)), rng.normal(size=5), 0.1


def oscillator(A, decay, omega, phase, offset, t, y, sd):
    model = A * np.exp(-decay * t) * np.cos(omega * t + phase) + offset
    return 0.5 * np.sum(((model - y) / sd) ** 2)


def d_oscillator(A, decay, omega, phase, offset, t, y, sd):
    damp = np.exp(-decay * t)
    arg = omega * t + phase
    model = A * damp * np.cos(arg) + offset
    res = (model - y) / sd**2
    dA = np.sum(res * damp * np.cos(arg))
    ddecay = np.sum(res * A * damp * np.cos(arg) * -t)
    domega = np.sum(res * A * damp * -np.sin(arg) * t)
    dphase = np.sum(res * A * damp * -np.sin(arg))
    doffset = np.sum(res)
    return dA, ddecay, domega, dphase, doffset


def oscillator_point(rng):
    t = np.linspace(0, 4, 25)
    return 1.7, 0.4, 3.1, 0.5, 0.2, t, rng.normal(size=25), rng.uniform(0.3, 1.5, size=25)


def low_rank(U, V, M, seen, lam):
    E = np.where(seen, U @ V.T - M, 0)
    return np.sum(E**2) / np.sum(seen) + lam * np.sum((U.T @ U - np.eye(U.shape[1])) ** 2)


def d_low_rank(U, V, M, seen, lam):
    E = np.where(seen, U @ V.T - M, 0)
    G = 2 * E / np.sum(seen)
    dU = G @ V
    dV = G.T @ U
    S = U.T @ U - np.eye(U.shape[1])
    dU += lam * 4 * U @ S
    return dU, dV


def low_rank_point(rng):
    return (
        rng.normal(size=(5, 2)),
        rng.normal(size=(5, 2)),
        rng.normal(size=(5, 5)),
        rng.uniform(size=(5, 5)) < 0.7,
        0.05,
    )


def cosine(W, c, X, y):
    h = X @ W
    norm = np.sqrt(np.sum(h**2, axis=1))
    s = h @ c / (norm * np.sqrt(c @ c))
    return np.mean((s - y) ** 2)


def d_cosine(W, c, X, y):
    h = X @ W
    norm = np.sqrt(np.sum(h**2, axis=1))
    nc = np.sqrt(c @ c)
    s = h @ c / (norm * nc)
    ds = 2 * (s - y) / len(y)
    dh = ds[:, None] * (c / (norm[:, None] * nc) - s[:, None] * h / norm[:, None] ** 2)
    dc = np.sum(ds[:, None] * (h / (norm[:, None] * nc) - s[:, None] * c / nc**2), axis=0)
    dW = X.T @ dh
    return dW, dc


def cosine_point(rng):
    return rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=(6, 4)), rng.uniform(-1, 1, size=6)


FAMILIES = [
    Family(
        "Huber regression",
        huber,
        d_huber,
        huber_point,
        2,
        {
            "the residual is not cut off": ("np.where(np.abs(r) <= delta, r, delta * np.sign(r))", "r"),
            "the far part is one and not delta": ("delta * np.sign(r)", "np.sign(r)"),
            "the far part has lost its sign": ("delta * np.sign(r)", "delta"),
            "near and far are swapped": ("np.abs(r) <= delta", "np.abs(r) > delta"),
            "the test forgets the absolute value": ("np.abs(r) <= delta", "r <= delta"),
            "the far part is zero": ("delta * np.sign(r))", "0)"),
            "a factor 2 in the near part": ("<= delta, r,", "<= delta, 2 * r,"),
            "not averaged": ("psi / len(y)", "psi"),
            "target minus prediction": ("X @ w + b - y", "y - X @ w - b"),
            "the bias is left out of the residual": ("X @ w + b - y", "X @ w - y"),
            "the bias is averaged again": ("np.sum(g)", "np.mean(g)"),
            "averaged over the near points": ("psi / len(y)", "psi / np.sum(np.abs(r) <= delta)"),
            "the threshold is squared in the test": ("np.abs(r) <= delta", "r**2 <= delta"),
            "the near part is a half of the residual": ("<= delta, r,", "<= delta, 0.5 * r,"),
        },
    ),
    Family(
        "quantile regression",
        quantile,
        d_quantile,
        quantile_point,
        2,
        {
            "the sign is wrong": ("dq = -du", "dq = du"),
            "the two sides are swapped": ("np.where(u > 0, taus, taus - 1)", "np.where(u < 0, taus, taus - 1)"),
            "the lower side has 1 - tau": ("taus, taus - 1)", "taus, 1 - taus)"),
            "the lower side is minus tau": ("taus, taus - 1)", "taus, -taus)"),
            "the residual is multiplied in": ("dq = -du / u.size", "dq = -du * u / u.size"),
            "averaged over the rows only": ("u.size", "len(y)"),
            "not averaged": (" / u.size", ""),
            "the median's weight for all": ("np.where(u > 0, taus, taus - 1)", "0.5 * np.sign(u)"),
            "the quantiles are in reverse order": (
                "np.where(u > 0, taus, taus - 1)",
                "np.where(u > 0, taus[::-1], taus[::-1] - 1)",
            ),
            "the lower side is dropped": ("taus, taus - 1)", "taus, 0)"),
            "the bias is averaged over the rows": ("dq.sum(axis=0)", "dq.mean(axis=0)"),
            "the bias is summed over everything": ("dq.sum(axis=0)", "dq.sum() * np.ones(len(b))"),
            "the bias is left out of the prediction": ("(X @ W + b)", "(X @ W)"),
            "averaged over the quantiles in the weights only": ("X.T @ dq,", "X.T @ dq / len(taus),"),
        },
    ),
    Family(
        "focal loss",
        focal,
        d_focal,
        focal_point,
        2,
        {
            "the modulating factor is taken as a constant": ("gamma * (1 - pt) ** (gamma - 1) * np.log(pt) - ", "-"),
            "the logarithm's part is dropped": (" - (1 - pt) ** gamma / pt", ""),
            "gamma is forgotten in front": ("(gamma * (1 - pt)", "((1 - pt)"),
            "the power is not lowered by one": ("** (gamma - 1)", "** gamma"),
            "the inner minus of 1 - p is forgotten": ("at * (gamma *", "at * (-gamma *"),
            "the balance weight is forgotten": ("dpt = at * (", "dpt = ("),
            "the balance weights are swapped": ("alpha, 1 - alpha)", "1 - alpha, alpha)"),
            "the sign for the negatives is forgotten": ("np.where(y == 1, dpt, -dpt)", "dpt"),
            "the sigmoid's slope is forgotten": ("dz = dp * p * (1 - p)", "dz = dp"),
            "the sigmoid's slope is 1 - p only": ("dp * p * (1 - p)", "dp * (1 - p)"),
            "plain cross entropy's gradient": ("dz = dp * p * (1 - p)", "dz = p - y"),
            "divided by the number of rows": ("dp * p * (1 - p)", "dp * p * (1 - p) / len(y)"),
            "the whole has the wrong sign": ("- (1 - pt) ** gamma / pt)", "- (1 - pt) ** gamma / pt) * -1"),
            "the logarithm is of p and not of the true class's chance": ("np.log(pt) -", "np.log(p) -"),
            "the division by the chance is forgotten": ("** gamma / pt)", "** gamma)"),
            "the balance weight is forgotten; and the bias is averaged": (
                "dpt = at * (",
                "dpt = (",
                "dz.sum()",
                "dz.mean()",
            ),
        },
    ),
    Family(
        "radial basis functions",
        kernel,
        d_kernel,
        kernel_point,
        3,
        {
            "the kernel matrix is not transposed": ("K.T @ e", "K @ e"),
            "the penalty is forgotten": (" + 2 * lam * alpha", ""),
            "the penalty is lam alpha": ("2 * lam * alpha", "lam * alpha"),
            "the centres' sign is wrong": ("-2 * diff", "2 * diff"),
            "the 2 of the squared distance is forgotten": ("-2 * diff", "-diff"),
            "gamma is forgotten for the centres": ("dK * K * -gamma", "-dK * K"),
            "the kernel itself is forgotten for the centres": ("dK * K * -gamma", "dK * -gamma"),
            "the gradient is for gamma and not for its logarithm": ("-d2) * gamma", "-d2)"),
            "the width's sign is wrong": ("K * -d2)", "K * d2)"),
            "the kernel itself is forgotten for the width": ("dK * K * -d2", "dK * -d2"),
            "the width sees distances and not their squares": ("dK * K * -d2", "dK * K * -np.sqrt(d2)"),
            "not averaged over the data": ("(K @ alpha - y) / len(y)", "(K @ alpha - y)"),
            "the sum runs over the centres and not over the data": ("-2 * diff, axis=0)", "-2 * diff, axis=1)"),
            "the coefficients are forgotten on the way to the kernel": (
                "np.outer(e, alpha)",
                "np.outer(e, np.ones(len(alpha)))",
            ),
            "coefficients and errors are swapped in the outer product": ("np.outer(e, alpha)", "np.outer(alpha, e)"),
            "the penalty is forgotten; and the gradient is for gamma": (
                " + 2 * lam * alpha",
                "",
                "-d2) * gamma",
                "-d2)",
            ),
        },
    ),
    Family(
        "damped oscillation",
        oscillator,
        d_oscillator,
        oscillator_point,
        5,
        {
            "the errors are divided by sd once, not twice": ("(model - y) / sd**2", "(model - y) / sd"),
            "the errors' sizes are forgotten": ("(model - y) / sd**2", "model - y"),
            "the half is overlooked": ("res = (model", "res = 2 * (model"),
            "the time is forgotten for the decay": ("np.cos(arg) * -t)", "-np.cos(arg))"),
            "the sign of the decay is wrong": ("np.cos(arg) * -t)", "np.cos(arg) * t)"),
            "the time is forgotten for the frequency": ("-np.sin(arg) * t)", "-np.sin(arg))"),
            "the minus of the cosine's slope is forgotten for the frequency": ("-np.sin(arg) * t)", "np.sin(arg) * t)"),
            "the minus of the cosine's slope is forgotten for the phase": (
                "dphase = np.sum(res * A * damp * -np",
                "dphase = np.sum(res * A * damp * np",
            ),
            "the cosine in place of the sine for the phase": (
                "dphase = np.sum(res * A * damp * -np.sin(arg))",
                "dphase = np.sum(res * A * damp * np.cos(arg))",
            ),
            "the amplitude is kept in its own slope": ("dA = np.sum(res * damp", "dA = np.sum(res * A * damp"),
            "the damping is forgotten for the phase": ("dphase = np.sum(res * A * damp", "dphase = np.sum(res * A"),
            "the amplitude is forgotten for the frequency": (
                "domega = np.sum(res * A * damp",
                "domega = np.sum(res * damp",
            ),
            "the phase is left out of the argument": ("omega * t + phase", "omega * t"),
            "the offset is left out of the model": ("np.cos(arg) + offset", "np.cos(arg)"),
            "the offset's slope is a mean": ("doffset = np.sum(res)", "doffset = np.mean(res)"),
            "the frequency is in turns and not in radians: 2 pi": ("domega = np.sum(", "domega = 2 * np.pi * np.sum("),
            "decay and frequency get each other's gradient": ("return dA, ddecay, domega", "return dA, domega, ddecay"),
        },
    ),
    Family(
        "low rank with missing entries",
        low_rank,
        d_low_rank,
        low_rank_point,
        2,
        {
            "the mask is forgotten": ("np.where(seen, U @ V.T - M, 0)", "U @ V.T - M"),
            "the errors are not transposed for the second factor": ("G.T @ U", "G @ U"),
            "the errors are transposed for the first factor": ("dU = G @ V", "dU = G.T @ V"),
            "each factor gets its own values": ("dU = G @ V", "dU = G @ U"),
            "averaged over all the entries": ("np.sum(seen)", "seen.size"),
            "not averaged": ("2 * E / np.sum(seen)", "2 * E"),
            "the 2 is forgotten": ("2 * E /", "E /"),
            "the penalty is forgotten": ("    dU += lam * 4 * U @ S\n", ""),
            "the penalty has a 2 and not a 4": ("lam * 4 *", "lam * 2 *"),
            "the identity is forgotten in the penalty": ("U.T @ U - np.eye(U.shape[1])", "U.T @ U"),
            "the penalty overwrites the data's part": ("dU += lam", "dU = lam"),
            "the penalty is on the second factor": ("dU += lam * 4 * U @ S", "dV += lam * 4 * V @ S"),
            "the mask is turned round": ("np.where(seen, U", "np.where(seen.T, U"),
            "the penalty is subtracted": ("dU += lam", "dU -= lam"),
            "data minus model": ("U @ V.T - M", "M - U @ V.T"),
            "the 2 is forgotten; and the identity is forgotten in the penalty": (
                "2 * E /",
                "E /",
                "U.T @ U - np.eye(U.shape[1])",
                "U.T @ U",
            ),
        },
    ),
    Family(
        "cosine similarity",
        cosine,
        d_cosine,
        cosine_point,
        2,
        {
            "the rows' norm is taken as a constant": (" - s[:, None] * h / norm[:, None] ** 2", ""),
            "the centre's norm is taken as a constant": (" - s[:, None] * c / nc**2", ""),
            "both norms are taken as constants": (
                " - s[:, None] * h / norm[:, None] ** 2",
                "",
                " - s[:, None] * c / nc**2",
                "",
            ),
            "the norm's part has the power one": ("norm[:, None] ** 2", "norm[:, None]"),
            "the centre's norm's part has the power one": ("c / nc**2", "c / nc"),
            "the norm's part is added": ("- s[:, None] * h", "+ s[:, None] * h"),
            "the centre's norm is forgotten in the rows' slope": ("(c / (norm[:, None] * nc)", "(c / norm[:, None]"),
            "the cosine is forgotten in the norm's part": ("- s[:, None] * h /", "- h /"),
            "the 2 of the square is forgotten": ("ds = 2 * (s - y)", "ds = (s - y)"),
            "not averaged": ("(s - y) / len(y)", "(s - y)"),
            "the centre's gradient is averaged again": ("dc = np.sum(ds", "dc = np.mean(ds"),
            "the norm is squared, without its root": (
                "norm = np.sqrt(np.sum(h**2, axis=1))",
                "norm = np.sum(h**2, axis=1)",
            ),
            "the centre's gradient misses the rows' error": ("dc = np.sum(ds[:, None] * (h", "dc = np.sum((h"),
            "the wrong sign of the centre": ("dc = np.sum(", "dc = -np.sum("),
        },
    ),
]
