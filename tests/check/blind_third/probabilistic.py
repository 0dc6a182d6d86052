"""Probabilistic models: variational autoencoder, mixture density network, Gaussian process, Student-t, Kalman filter, flow."""

from __future__ import annotations

import numpy as np
from check.blind_third.case import Family, scaled, single

LOG2PI = np.log(2 * np.pi)


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def vae(Wm, bm, Ws, bs, Wd, bd, X, noise, beta):
    mu = X @ Wm + bm
    logvar = X @ Ws + bs
    z = mu + np.exp(0.5 * logvar) * noise
    logits = z @ Wd + bd
    rec = np.sum(np.logaddexp(0, logits) - X * logits)
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))
    return (rec + beta * kl) / len(X)


def d_vae(Wm, bm, Ws, bs, Wd, bd, X, noise, beta):
    n = len(X)
    mu = X @ Wm + bm
    logvar = X @ Ws + bs
    std = np.exp(0.5 * logvar)
    z = mu + std * noise
    dlogits = (sigmoid(z @ Wd + bd) - X) / n
    dWd = z.T @ dlogits
    dbd = dlogits.sum(axis=0)
    dz = dlogits @ Wd.T
    dmu = dz + beta * mu / n
    dlogvar = dz * noise * 0.5 * std + beta * 0.5 * (np.exp(logvar) - 1) / n
    dWm = X.T @ dmu
    dbm = dmu.sum(axis=0)
    dWs = X.T @ dlogvar
    dbs = dlogvar.sum(axis=0)
    return dWm, dbm, dWs, dbs, dWd, dbd


def d_vae_rows(Wm, bm, Ws, bs, Wd, bd, X, noise, beta):
    out = [np.zeros_like(q) for q in (Wm, bm, Ws, bs, Wd, bd)]
    for x, e in zip(X, noise, strict=True):
        m, s = x @ Wm + bm, np.exp((x @ Ws + bs) / 2)
        z = m + s * e
        r = 1 / (1 + np.exp(-(z @ Wd + bd))) - x
        back = Wd @ r
        gm = back + beta * m
        # by the standard deviation: d log var = s/2 d s
        gs = (back * e + beta * (s - 1 / s)) * s / 2
        for total, part in zip(out, (np.outer(x, gm), gm, np.outer(x, gs), gs, np.outer(z, r), r), strict=True):
            total += part / len(X)
    return tuple(out)


def vae_point(rng):
    X = (rng.random((6, 5)) < 0.5).astype(float)
    sizes = [(5, 2), 2, (5, 2), 2, (2, 5), 5]
    return *(0.6 * rng.normal(size=s) for s in sizes), X, rng.normal(size=(6, 2)), 1.7


def mdn(W, b, X, y, k):
    out = X @ W + b
    logits, mu, logs = out[:, :k], out[:, k : 2 * k], out[:, 2 * k :]
    logpi = logits - np.log(np.sum(np.exp(logits), axis=1, keepdims=True))
    comp = logpi - 0.5 * LOG2PI - logs - 0.5 * ((y[:, None] - mu) / np.exp(logs)) ** 2
    m = np.max(comp, axis=1, keepdims=True)
    return -np.mean(np.log(np.sum(np.exp(comp - m), axis=1)) + m[:, 0])


def d_mdn(W, b, X, y, k):
    n = len(y)
    out = X @ W + b
    logits, mu, logs = out[:, :k], out[:, k : 2 * k], out[:, 2 * k :]
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    pi = e / e.sum(axis=1, keepdims=True)
    r = (y[:, None] - mu) / np.exp(logs)
    comp = np.log(pi) - logs - 0.5 * r**2
    g = np.exp(comp - comp.max(axis=1, keepdims=True))
    resp = g / g.sum(axis=1, keepdims=True)
    dlogits = pi - resp
    dmu = -resp * r / np.exp(logs)
    dlogs = resp * (1 - r**2)
    dout = np.concatenate([dlogits, dmu, dlogs], axis=1) / n
    return X.T @ dout, dout.sum(axis=0)


def d_mdn_density(W, b, X, y, k):
    """By the densities themselves, not their logarithms."""
    dW, db = np.zeros_like(W), np.zeros_like(b)
    for x, t in zip(X, y, strict=True):
        o = x @ W + b
        pi = np.exp(o[:k]) / np.exp(o[:k]).sum()
        mu, s = o[k : 2 * k], np.exp(o[2 * k :])
        dens = np.exp(-((t - mu) ** 2) / (2 * s**2)) / (np.sqrt(2 * np.pi) * s)
        p = pi @ dens
        dpi = -dens / p
        dd = -pi / p
        g = np.concatenate([pi * (dpi - pi @ dpi), dd * dens * (t - mu) / s**2, dd * dens * ((t - mu) ** 2 / s**2 - 1)])
        dW += np.outer(x, g) / len(X)
        db += g / len(X)
    return dW, db


def mdn_point(rng):
    return 0.5 * rng.normal(size=(3, 9)), 0.5 * rng.normal(size=9), rng.normal(size=(8, 3)), rng.normal(size=8), 3


def gp(log_len, log_amp, log_noise, mean, X, y):
    """Negative log marginal likelihood of a Gaussian process, squared-exponential kernel with a length per input."""
    ell = np.exp(log_len)
    diff = (X[:, None, :] - X[None, :, :]) / ell
    K = np.exp(2 * log_amp) * np.exp(-0.5 * np.sum(diff**2, axis=2)) + np.exp(2 * log_noise) * np.eye(len(y))
    r = y - mean
    return 0.5 * r @ np.linalg.solve(K, r) + 0.5 * np.linalg.slogdet(K)[1] + 0.5 * len(y) * LOG2PI


def d_gp(log_len, log_amp, log_noise, mean, X, y):
    n = len(y)
    ell = np.exp(log_len)
    diff = (X[:, None, :] - X[None, :, :]) / ell
    Kf = np.exp(2 * log_amp) * np.exp(-0.5 * np.sum(diff**2, axis=2))
    K = Kf + np.exp(2 * log_noise) * np.eye(n)
    Kinv = np.linalg.inv(K)
    alpha = Kinv @ (y - mean)
    dK = 0.5 * (Kinv - np.outer(alpha, alpha))
    dlen = np.einsum("ij,ij,ijd->d", dK, Kf, diff**2)
    damp = 2 * np.sum(dK * Kf)
    dnoise = 2 * np.exp(2 * log_noise) * np.trace(dK)
    dmean = -np.sum(alpha)
    return dlen, damp, dnoise, dmean


def d_gp_chol(log_len, log_amp, log_noise, mean, X, y):
    """By the Cholesky factor and traces of solves."""
    n, d = X.shape
    noise = np.exp(log_noise) ** 2
    Z = X / np.exp(log_len)
    sq = (Z**2).sum(1)[:, None] + (Z**2).sum(1) - 2 * Z @ Z.T
    S = np.exp(2 * log_amp - sq / 2)
    L = np.linalg.cholesky(S + noise * np.eye(n))

    def solve(M):
        return np.linalg.solve(L.T, np.linalg.solve(L, M))

    a = solve(y - mean)
    out = []
    for k in range(d):
        dS = S * np.subtract.outer(Z[:, k], Z[:, k]) ** 2
        out.append(0.5 * np.trace(solve(dS)) - 0.5 * a @ dS @ a)
    damp = np.trace(solve(S)) - a @ S @ a
    dnoise = noise * (np.trace(solve(np.eye(n))) - a @ a)
    return np.array(out), damp, dnoise, -solve(np.ones(n)) @ (y - mean)


def gp_point(rng):
    X = rng.normal(size=(7, 2))
    return 0.3 * rng.normal(size=2), 0.2, -0.7, 0.4, X, np.sin(X[:, 0]) + 0.3 * rng.normal(size=7)


def student(w, log_s, log_nu, X, y, lam):
    """Student-t regression; the gamma functions of the degrees of freedom are left out of this score."""
    s, nu = np.exp(log_s), 1 + np.exp(log_nu)
    r = (y - X @ w) / s
    return np.sum((nu + 1) / 2 * np.log(1 + r**2 / nu)) + len(y) * (log_s + 0.5 * np.log(nu)) + lam * np.sum(np.abs(w))


def d_student(w, log_s, log_nu, X, y, lam):
    n = len(y)
    s, nu = np.exp(log_s), 1 + np.exp(log_nu)
    r = (y - X @ w) / s
    dr = (nu + 1) * r / (nu + r**2)
    dw = -X.T @ dr / s + lam * np.sign(w)
    dlog_s = -np.sum(dr * r) + n
    dnu = 0.5 * np.sum(np.log(1 + r**2 / nu)) - np.sum((nu + 1) / 2 * r**2 / (nu * (nu + r**2))) + 0.5 * n / nu
    dlog_nu = dnu * (nu - 1)
    return dw, dlog_s, dlog_nu


def d_student_weights(w, log_s, log_nu, X, y, lam):
    """As reweighted least squares."""
    nu = np.exp(log_nu) + 1
    e = y - X @ w
    v = np.exp(2 * log_s)
    weight = (nu + 1) / (nu * v + e**2)
    dw = np.where(w > 0, lam, -lam) - (weight * e) @ X
    dlog_s = np.sum(1 - weight * e**2)
    u = e**2 / (nu * v)
    dnu = np.sum(np.log1p(u) / 2 - (1 + 1 / nu) / 2 * u / (1 + u) + 0.5 / nu)
    return dw, dlog_s, dnu * np.exp(log_nu)


def student_point(rng):
    return rng.normal(size=3), -0.2, 0.9, rng.normal(size=(9, 3)), 2 * rng.normal(size=9), 0.4


def kalman(a, log_q, log_r, c, y, m0, p0):
    """A scalar state observed through the vector c: x' = a x + noise; the predictions' negative log-likelihood."""
    m, p = m0, p0
    total = 0.0
    for t in range(len(y)):
        m, p = a * m, a * a * p + np.exp(log_q)
        S = p * np.outer(c, c) + np.exp(log_r) * np.eye(len(c))
        e = y[t] - c * m
        total = total + 0.5 * e @ np.linalg.solve(S, e) + 0.5 * np.linalg.slogdet(S)[1]
        k = np.linalg.solve(S, c) * p
        m, p = m + k @ e, p - p * (k @ c)
    return total


def d_kalman(a, log_q, log_r, c, y, m0, p0):
    q, rr = np.exp(log_q), np.exp(log_r)
    m, p = m0, p0
    tape = []
    for t in range(len(y)):
        mp, pp = a * m, a * a * p + q
        Si = np.linalg.inv(pp * np.outer(c, c) + rr * np.eye(len(c)))
        e = y[t] - c * mp
        k = Si @ c * pp
        tape.append((m, p, mp, pp, Si, e, k))
        m, p = mp + k @ e, pp - pp * (k @ c)
    da, dq, dr, dc = 0.0, 0.0, 0.0, np.zeros_like(c)
    dm, dp = 0.0, 0.0
    for t in reversed(range(len(y))):
        m, p, mp, pp, Si, e, k = tape[t]
        v = Si @ e
        dS = 0.5 * (Si - np.outer(v, v))
        de = v + dm * k
        dk = dm * e - dp * pp * c
        dmp = dm
        dpp = dp * (1 - k @ c)
        dc = dc - dp * pp * k
        u = Si @ c
        dpp += dk @ u
        w = pp * (Si @ dk)
        dc = dc + w
        dS = dS - np.outer(w, u)
        dmp -= de @ c
        dc = dc - de * mp
        dpp += c @ dS @ c
        dc = dc + pp * (dS + dS.T) @ c
        dr += np.trace(dS)
        da += dmp * m + dpp * 2 * a * p
        dq += dpp
        dm = dmp * a
        dp = dpp * a * a
    return da, dq * q, dr * rr, dc


def d_kalman_forward(a, log_q, log_r, c, y, m0, p0):
    """Sensitivities carried along with the filter, by the information form for the covariance."""
    q, rr = np.exp(log_q), np.exp(log_r)
    n = 3 + len(c)
    m, p = m0, p0
    sm, sp = np.zeros(n), np.zeros(n)
    grad = np.zeros(n)
    ea, eq, er = np.eye(n)[:3]
    ec = np.eye(n)[3:]
    cc = c @ c
    scc = 2 * c @ ec
    for obs in y:
        sm, sp = a * sm + m * ea, a * a * sp + 2 * a * p * ea + q * eq
        m, p = a * m, a * a * p + q
        # S = p c c' + r I, so S^-1 = (I - g c c') / r with g = p / (r + p c'c), det S = r^(d-1) (r + p c'c)
        d = rr + p * cc
        sd = rr * er + sp * cc + p * scc
        g = p / d
        sg = sp / d - p * sd / d**2
        e = obs - c * m
        se = -m * ec - np.outer(c, sm)
        ce = c @ e
        sce = e @ ec + c @ se
        quad = e @ e - g * ce**2
        squad = 2 * e @ se - sg * ce**2 - 2 * g * ce * sce
        grad += 0.5 * squad / rr - 0.5 * quad / rr * er + 0.5 * ((len(c) - 1) * er + sd / d)
        m, sm = m + g * ce, sm + sg * ce + g * sce
        p, sp = p * rr / d, sp * rr / d + p * rr * er / d - p * rr * sd / d**2
    return grad[0], grad[1], grad[2], grad[3:]


def kalman_point(rng):
    return 1.3, -1.5, -0.9 + 0.1 * rng.normal(), rng.normal(size=2), 1.5 * rng.normal(size=(5, 2)), 0.3, 2.2


def flow(Ws, Wt, log_scale, X):
    """An affine coupling layer, the second half given the first, then a diagonal scaling, under a standard normal."""
    d = Ws.shape[0]
    a, b = X[:, :d], X[:, d:]
    s = np.tanh(a @ Ws)
    z = np.concatenate([a, b * np.exp(s) + a @ Wt], axis=1) * np.exp(log_scale)
    logdet = np.sum(s, axis=1) + np.sum(log_scale)
    return np.mean(0.5 * np.sum(z**2, axis=1) - logdet)


def d_flow(Ws, Wt, log_scale, X):
    n, d = len(X), Ws.shape[0]
    a, b = X[:, :d], X[:, d:]
    s = np.tanh(a @ Ws)
    z = np.concatenate([a, b * np.exp(s) + a @ Wt], axis=1) * np.exp(log_scale)
    dz = z / n
    dlog_scale = np.sum(dz * z, axis=0) - 1
    dout = dz[:, d:] * np.exp(log_scale[d:])
    ds = dout * b * np.exp(s) - 1 / n
    dWs = a.T @ (ds * (1 - s**2))
    dWt = a.T @ dout
    return dWs, dWt, dlog_scale


def d_flow_rows(Ws, Wt, log_scale, X):
    dWs, dWt, dl = np.zeros_like(Ws), np.zeros_like(Wt), -np.ones_like(log_scale)
    d = len(Ws)
    e2 = np.exp(2 * log_scale)
    for x in X:
        a, b = x[:d], x[d:]
        u = np.tanh(Ws.T @ a)
        v = b * np.exp(u) + Wt.T @ a
        dl += e2 * np.concatenate([a, v]) ** 2 / len(X)
        g = e2[d:] * v / len(X)
        dWt += np.outer(a, g)
        dWs += np.outer(a, (g * (v - Wt.T @ a) - 1 / len(X)) / np.cosh(Ws.T @ a) ** 2)
    return dWs, dWt, dl


def flow_point(rng):
    return 0.6 * rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), 0.3 * rng.normal(size=5), rng.normal(size=(7, 5))


FAMILIES = [
    Family(
        "variational autoencoder",
        vae,
        d_vae,
        vae_point,
        6,
        {
            "the mean's KL part is forgotten [B20 M20]": (" + beta * mu / n", ""),
            "the variance's KL part is forgotten [B20 M20]": (" + beta * 0.5 * (np.exp(logvar) - 1) / n", ""),
            "KL's weight beta is forgotten [B20]": (
                "dmu = dz + beta * mu / n",
                "dmu = dz + mu / n",
                "beta * 0.5 *",
                "0.5 *",
            ),
            "the KL of the variance lacks its half [B2]": ("beta * 0.5 * (np", "beta * (np"),
            "the KL of the variance lacks the minus one [M20]": ("(np.exp(logvar) - 1)", "np.exp(logvar)"),
            "the KL of the variance uses the standard deviation": ("(np.exp(logvar) - 1)", "(std - 1)"),
            "the KL of the variance has the wrong sign [B3]": ("(np.exp(logvar) - 1)", "(1 - np.exp(logvar))"),
            "the KL is not averaged over the batch [B1 M11]": (
                "beta * mu / n",
                "beta * mu",
                "(np.exp(logvar) - 1) / n",
                "(np.exp(logvar) - 1)",
            ),
            "the sample's path to the variance lacks the half [B2 M04]": ("dz * noise * 0.5 * std", "dz * noise * std"),
            "the sample's path to the variance lacks the standard deviation [M04]": (
                "noise * 0.5 * std",
                "noise * 0.5",
            ),
            "the sample's path to the variance lacks the noise": ("dz * noise * 0.5", "dz * 0.5"),
            "the sample's path to the variance is detached [B7 M20]": ("dz * noise * 0.5 * std + ", ""),
            "the sample's path uses the variance, not the deviation": ("noise * 0.5 * std", "noise * 0.5 * std**2"),
            "the noise is drawn anew in the backward pass [B22 B13]": (
                "z = mu + std * noise",
                "noise = np.random.default_rng(5).normal(size=noise.shape)\n    z = mu + std * noise",
            ),
            "the decoder sees the mean, not the sample, in the backward pass": ("dWd = z.T", "dWd = mu.T"),
            "the decoder's sigmoid slope is multiplied in again": (
                "dz = dlogits @ Wd.T",
                "p = sigmoid(z @ Wd + bd)\n    dz = (dlogits * p * (1 - p)) @ Wd.T",
            ),
        },
        d_vae_rows,
        {
            "single precision": single(vae_point),
            "tiny variances": lambda rng: tuple(v - 12.0 if k == 3 else v for k, v in enumerate(vae_point(rng))),
        },
    ),
    Family(
        "mixture density network",
        mdn,
        d_mdn,
        mdn_point,
        2,
        {
            "responsibilities lack the mixing weights": ("np.log(pi) - logs", "-logs"),
            "responsibilities lack the 1/sigma of the density": ("np.log(pi) - logs - 0.5", "np.log(pi) - 0.5"),
            "responsibilities lack the half of the exponent [B2]": ("- 0.5 * r**2", "- r**2"),
            "responsibilities are normalised over the samples [B18]": (
                "g / g.sum(axis=1, keepdims=True)",
                "g / g.sum(axis=0, keepdims=True)",
            ),
            "mixing weights stand for the responsibilities in the means": ("dmu = -resp * r", "dmu = -pi * r"),
            "hard assignment: the best component takes all": (
                "resp = g / g.sum(axis=1, keepdims=True)",
                "resp = (g == 1).astype(float)",
            ),
            "the mixing logits' gradient has the wrong sign [B3]": ("pi - resp", "resp - pi"),
            "the mixing logits' gradient lacks the responsibilities [M22]": ("dlogits = pi - resp", "dlogits = pi"),
            "the means are divided by sigma once only [M04]": ("dmu = -resp * r / np.exp(logs)", "dmu = -resp * r"),
            "the means' sign: target minus mean [B3 M03]": ("dmu = -resp", "dmu = resp"),
            "the deviations lack the normaliser's one [M20]": ("(1 - r**2)", "(-(r**2))"),
            "the deviations' residual is not squared [M02]": ("(1 - r**2)", "(1 - r)"),
            "the gradient is for sigma, not for its logarithm [M04]": (
                "resp * (1 - r**2)",
                "resp * (1 - r**2) / np.exp(logs)",
            ),
            "the exponent's r squared is doubled in the deviations [B2]": ("1 - r**2", "1 - 2 * r**2"),
            "means and deviations are stacked in the wrong order [B25]": (
                "[dlogits, dmu, dlogs]",
                "[dlogits, dlogs, dmu]",
            ),
            "divided by the components too [B1]": ("axis=1) / n", "axis=1) / (n * k)"),
        },
        d_mdn_density,
        {"single precision": single(mdn_point), "far targets (large residuals)": scaled(mdn_point, {3: 5.0})},
    ),
    Family(
        "Gaussian process marginal likelihood",
        gp,
        d_gp,
        gp_point,
        4,
        {
            "the log determinant's part is forgotten [M20]": (
                "(Kinv - np.outer(alpha, alpha))",
                "(-np.outer(alpha, alpha))",
            ),
            "the data's part is forgotten [M20]": ("(Kinv - np.outer(alpha, alpha))", "Kinv"),
            "the data's part has the wrong sign [B3]": ("Kinv - np.outer", "Kinv + np.outer"),
            "the half of the likelihood is forgotten [B2]": ("0.5 * (Kinv", "(Kinv"),
            "the half is applied to the log determinant only [B2]": (
                "0.5 * (Kinv - np.outer(alpha, alpha))",
                "0.5 * Kinv - np.outer(alpha, alpha)",
            ),
            "K in place of its inverse": ("0.5 * (Kinv", "0.5 * (K"),
            "the amplitude's gradient takes the kernel with the noise on its diagonal": (
                "2 * np.sum(dK * Kf)",
                "2 * np.sum(dK * K)",
            ),
            "the lengths' gradient is not taken to their logarithms [M04]": (
                "diff**2)\n    damp",
                "diff**2) / ell\n    damp",
            ),
            "the lengths' gradient has a lost square [M02]": ("dK, Kf, diff**2)", "dK, Kf, np.abs(diff))"),
            "the lengths' gradient has a kept half [B2]": ("dlen = np", "dlen = 0.5 * np"),
            "the lengths' sign [B3]": ("dlen = np", "dlen = -np"),
            "the amplitude's 2 is forgotten [B2 M01]": ("2 * np.sum(dK * Kf)", "np.sum(dK * Kf)"),
            "the amplitude is taken as a deviation, not its logarithm [M04]": (
                "2 * np.sum(dK * Kf)",
                "2 * np.sum(dK * Kf) / np.exp(log_amp)",
            ),
            "the noise's trace is of the inverse only: data part missing [M20]": (
                "np.trace(dK)",
                "0.5 * np.trace(Kinv)",
            ),
            "the noise reaches all entries, not the diagonal": ("np.trace(dK)", "np.sum(dK)"),
            "the noise's exponent lacks its 2: the deviation for the variance [M02]": (
                "2 * np.exp(2 * log_noise) * np",
                "2 * np.exp(log_noise) * np",
            ),
            "the mean's sign is forgotten [B3]": ("dmean = -np", "dmean = np"),
            "the mean's gradient is of the plain residuals": ("-np.sum(alpha)", "-np.sum(y - mean)"),
            "one length for all inputs: summed over the inputs [M13]": (
                "damp = 2",
                "dlen = np.full(dlen.shape, dlen.sum())\n    damp = 2",
            ),
        },
        d_gp_chol,
        {"small noise (large condition number)": lambda rng: (*gp_point(rng)[:2], -3.5, *gp_point(rng)[3:])},
    ),
    Family(
        "Student-t regression with lasso",
        student,
        d_student,
        student_point,
        3,
        {
            "the penalty is forgotten [B20]": (" + lam * np.sign(w)", ""),
            "the penalty is that of squares [B20]": ("lam * np.sign(w)", "2 * lam * w"),
            "the normaliser's part of the scale is forgotten [M20]": ("-np.sum(dr * r) + n", "-np.sum(dr * r)"),
            "the normaliser of the scale counts once, not once a row [B1]": (
                "-np.sum(dr * r) + n",
                "-np.sum(dr * r) + 1",
            ),
            "the residual's path to the scale has the wrong sign [B3]": ("-np.sum(dr * r) + n", "np.sum(dr * r) + n"),
            "the residual's path to the scale lacks the residual [M04]": ("-np.sum(dr * r)", "-np.sum(dr)"),
            "the weights' gradient is not divided by the scale [M04]": ("-X.T @ dr / s", "-X.T @ dr"),
            "the weights' gradient is divided by the scale squared": ("@ dr / s", "@ dr / s**2"),
            "the residual's minus is forgotten [B3 M03]": ("dw = -X.T", "dw = X.T"),
            "nu in place of nu + 1 in the weights [M27]": ("dr = (nu + 1) *", "dr = nu *"),
            "a squared error's slope: no down-weighting of outliers": ("(nu + 1) * r / (nu + r**2)", "r"),
            "1 + r squared in place of nu + r squared": ("r / (nu + r**2)\n    dw", "r / (1 + r**2)\n    dw"),
            "the quotient's part of nu is forgotten [M20]": (" - np.sum((nu + 1) / 2 * r**2 / (nu * (nu + r**2)))", ""),
            "the logarithm's part of nu is forgotten [M20]": ("0.5 * np.sum(np.log(1 + r**2 / nu)) - ", "-"),
            "nu's own normaliser is forgotten [M20]": (" + 0.5 * n / nu", ""),
            "nu's inner slope has the whole nu, not nu - 1 [M04]": ("dnu * (nu - 1)", "dnu * nu"),
            "nu is not taken to its logarithm [M04]": ("dnu * (nu - 1)", "dnu"),
        },
        d_student_weights,
        {
            "a weight of exactly zero (edge)": lambda rng: (student_point(rng)[0] * [1, 0, 1], *student_point(rng)[1:]),
            "single precision": single(student_point),
            "outliers (large residuals)": scaled(student_point, {4: 100.0}),
        },
    ),
    Family(
        "Kalman filter likelihood",
        kalman,
        d_kalman,
        kalman_point,
        4,
        {
            "nothing is carried back in time [B27]": ("        dm = dmp * a\n        dp = dpp * a * a\n", ""),
            "the covariance is detached between steps [B27 M20]": ("dp = dpp * a * a", "dp = 0.0"),
            "the mean's carry lacks the transition [M04]": ("dm = dmp * a\n", "dm = dmp\n"),
            "the covariance's carry has the transition once, not squared [M02]": ("dp = dpp * a * a", "dp = dpp * a"),
            "the covariance's path to the transition is forgotten [M20]": ("dmp * m + dpp * 2 * a * p", "dmp * m"),
            "the covariance's path to the transition lacks its 2 [B2 M01]": ("dpp * 2 * a * p", "dpp * a * p"),
            "the predicted mean stands for the state before, in the transition [B25]": (
                "da += dmp * m +",
                "da += dmp * mp +",
            ),
            "the log determinant's part is forgotten [M20]": ("0.5 * (Si - np.outer(v, v))", "-0.5 * np.outer(v, v)"),
            "the quadratic form's covariance path is forgotten [M20]": ("0.5 * (Si - np.outer(v, v))", "0.5 * Si"),
            "the gain is treated as a constant [B21 M20]": ("dk = dm * e - dp * pp * c", "dk = np.zeros_like(c)"),
            "the gain does not reach the innovation's covariance [M20]": ("        dS = dS - np.outer(w, u)\n", ""),
            "the innovation's correction path is forgotten in the mean [M20]": ("de = v + dm * k", "de = v"),
            "the observation's path through the predicted mean is forgotten [M20]": ("        dc = dc - de * mp\n", ""),
            "the observation's path through the covariance counts one side only [B2 B4]": (
                "pp * (dS + dS.T) @ c",
                "pp * dS @ c",
            ),
            "the observation's path through the gain is forgotten [M20]": ("        dc = dc + w\n", ""),
            "the observation noise reaches all entries, not the diagonal": ("np.trace(dS)", "np.sum(dS)"),
            "noise variances are not taken to their logarithms [M04]": ("da, dq * q, dr * rr, dc", "da, dq, dr, dc"),
            "the process noise of the last step only: assigned [B14]": ("dq += dpp", "dq = dpp"),
            "the first step is left out [B8]": ("in reversed(range(len(y))):", "in reversed(range(1, len(y))):"),
            "the updated covariance's direct path is not shrunk by the gain [M04]": (
                "dpp = dp * (1 - k @ c)",
                "dpp = dp",
            ),
        },
        d_kalman_forward,
        {"tiny observation noise": lambda rng: (*kalman_point(rng)[:2], -5.0, *kalman_point(rng)[3:])},
    ),
    Family(
        "affine coupling flow",
        flow,
        d_flow,
        flow_point,
        3,
        {
            "the log determinant is forgotten in the scales' network [M20]": (" - 1 / n\n", "\n"),
            "the log determinant has the wrong sign [B3]": ("b * np.exp(s) - 1 / n", "b * np.exp(s) + 1 / n"),
            "the log determinant is summed, not averaged [B1 M11]": ("np.exp(s) - 1 / n", "np.exp(s) - 1"),
            "the log determinant's part is forgotten in the final scaling [M20]": (
                "np.sum(dz * z, axis=0) - 1",
                "np.sum(dz * z, axis=0)",
            ),
            "the log determinant counts every sample in the final scaling [B1]": ("axis=0) - 1\n", "axis=0) - n\n"),
            "the final scaling is not taken back [M04]": (" * np.exp(log_scale[d:])", ""),
            "the final scaling of the first half goes back [B25]": (
                "np.exp(log_scale[d:])",
                "np.exp(log_scale[: Ws.shape[1]])",
            ),
            "exp of the scale is forgotten [M04]": ("dout * b * np.exp(s) -", "dout * b -"),
            "the coupled half is forgotten [M04]": ("dout * b * np.exp(s) -", "dout * np.exp(s) -"),
            "the shifted output stands for the coupled half": ("dout * b * np.exp(s)", "dout * z[:, d:] * np.exp(s)"),
            "tanh's slope is left out [B9]": ("(ds * (1 - s**2))", "ds"),
            "tanh's slope is left out for the log determinant [B9]": (
                "ds = dout * b * np.exp(s) - 1 / n\n    dWs = a.T @ (ds * (1 - s**2))",
                "ds = dout * b * np.exp(s)\n    dWs = a.T @ (ds * (1 - s**2) - 1 / n)",
            ),
            "the shift is scaled as well": ("dWt = a.T @ dout", "dWt = a.T @ (dout * np.exp(s))"),
            "the prior's half cancels a 2 that is kept [B2]": ("dz = z / n", "dz = 2 * z / n"),
            "the scale's gradient takes the values before the scaling": (
                "np.sum(dz * z, axis=0)",
                "np.sum(dz * X, axis=0)",
            ),
        },
        d_flow_rows,
        {"single precision": single(flow_point), "saturated scales": scaled(flow_point, {0: 10.0})},
    ),
]
