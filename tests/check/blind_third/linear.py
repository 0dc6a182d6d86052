"""Regressions beyond the first course: ordinal, negative binomial, quantile with Huber, Charbonnier, factorisation machine."""

from __future__ import annotations

import numpy as np
from check.blind_third.case import Family, scaled, single


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def ordinal(w, a, gap, X, y):
    cuts = a + np.concatenate([np.zeros(1), np.cumsum(np.exp(gap))])
    F = sigmoid(cuts[None, :] - (X @ w)[:, None])
    n = len(y)
    cdf = np.concatenate([np.zeros((n, 1)), F, np.ones((n, 1))], axis=1)
    rows = np.arange(n)
    return -np.mean(np.log(cdf[rows, y + 1] - cdf[rows, y]))


def d_ordinal(w, a, gap, X, y):
    n = len(y)
    rows = np.arange(n)
    cuts = a + np.concatenate([np.zeros(1), np.cumsum(np.exp(gap))])
    F = sigmoid(cuts[None, :] - (X @ w)[:, None])
    cdf = np.concatenate([np.zeros((n, 1)), F, np.ones((n, 1))], axis=1)
    slope = cdf * (1 - cdf)
    p = cdf[rows, y + 1] - cdf[rows, y]
    dp = -1 / (n * p)
    G = np.zeros_like(cdf)
    G[rows, y + 1] = dp * slope[rows, y + 1]
    G[rows, y] = -dp * slope[rows, y]
    dcuts = G[:, 1:-1].sum(axis=0)
    deta = -G.sum(axis=1)
    dw = X.T @ deta
    da = dcuts.sum()
    tail = np.cumsum(dcuts[::-1])[::-1]
    dgap = np.exp(gap) * tail[1:]
    return dw, da, dgap


def d_ordinal_loop(w, a, gap, X, y):
    dw, da, dgap = np.zeros_like(w), 0.0, np.zeros_like(gap)
    k = len(gap)
    for x, c in zip(X, y, strict=True):
        top = sigmoid(a + np.exp(gap[:c]).sum() - x @ w) if c <= k else 1.0
        low = sigmoid(a + np.exp(gap[: c - 1]).sum() - x @ w) if c > 0 else 0.0
        # log(F1 - F0): with logistic F the slope in the score is F1 + F0 - 1
        dw += x * (top + low - 1)
        da += top + low - 1
        p = top - low
        for j in range(k):
            if j < c <= k:
                dgap[j] -= np.exp(gap[j]) * top * (1 - top) / p
            if j < c - 1:
                dgap[j] += np.exp(gap[j]) * low * (1 - low) / p
    return -dw / len(y), da / len(y), dgap / len(y)


def ordinal_point(rng):
    y = np.array([0, 1, 2, 3, 4, 2, 1, 4, 0, 3, 2])
    return rng.normal(size=3), -1.1, rng.normal(size=3) * 0.4, rng.normal(size=(11, 3)), y


def negbin(beta, log_alpha, X, counts, offset):
    mu = np.exp(X @ beta + offset)
    alpha = np.exp(log_alpha)
    # the counts are small, so log Gamma(y + 1/alpha) - log Gamma(1/alpha) is a sum of logarithms
    ks = np.arange(counts.max())
    below = (ks[None, :] < counts[:, None]).astype(float)
    rising = np.sum(below * np.log(ks[None, :] + 1 / alpha), axis=1)
    ll = rising + counts * np.log(alpha * mu) - (counts + 1 / alpha) * np.log(1 + alpha * mu)
    return -np.sum(ll)


def d_negbin(beta, log_alpha, X, counts, offset):
    mu = np.exp(X @ beta + offset)
    alpha = np.exp(log_alpha)
    ks = np.arange(counts.max())
    below = (ks[None, :] < counts[:, None]).astype(float)
    deta = (mu - counts) / (1 + alpha * mu)
    dbeta = X.T @ deta
    rising = np.sum(below / (ks[None, :] + 1 / alpha), axis=1) * (-1 / alpha**2)
    other = counts / alpha + np.log(1 + alpha * mu) / alpha**2 - (counts + 1 / alpha) * mu / (1 + alpha * mu)
    dalpha = -np.sum(rising + other)
    return dbeta, alpha * dalpha


def d_negbin_r(beta, log_alpha, X, counts, offset):
    """The same by r = 1/alpha, the other usual way to write it."""
    mu = np.exp(X @ beta + offset)
    r = np.exp(-log_alpha)
    dbeta = ((r + counts) * mu / (r + mu) - counts) @ X
    dr = 0.0
    for y, m in zip(counts, mu, strict=True):
        dr += sum(1 / (k + r) for k in range(int(y))) + np.log(r / (r + m)) + 1 - (r + y) / (r + m)
    return dbeta, r * dr


def negbin_point(rng):
    X = np.column_stack([np.ones(10), rng.normal(size=(10, 2))])
    counts = np.array([0, 3, 1, 5, 2, 0, 7, 4, 1, 2])
    return rng.normal(size=3) * 0.4, -0.4 + 0.1 * rng.normal(), X, counts, rng.normal(size=10) * 0.3


def robust(w, b, X, y, delta, q, lam):
    """Huber near the target, quantile-weighted tails: over- and underestimates count differently."""
    r = y - X @ w - b
    side = np.where(r > 0, q, 1 - q)
    small = np.abs(r) <= delta
    h = np.where(small, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta))
    return np.mean(side * h) + 0.5 * lam * np.sum(w**2)


def d_robust(w, b, X, y, delta, q, lam):
    n = len(y)
    r = y - X @ w - b
    side = np.where(r > 0, q, 1 - q)
    small = np.abs(r) <= delta
    dh = np.where(small, r, delta * np.sign(r))
    dr = side * dh / n
    dw = -X.T @ dr + lam * w
    db = -np.sum(dr)
    return dw, db


def d_robust_clip(w, b, X, y, delta, q, lam):
    r = np.clip(X @ w + b - y, -delta, delta)
    r *= np.where(r < 0, q, 1 - q)
    return np.mean(X * r[:, None], axis=0) + lam * w, r.mean()


def robust_point(rng):
    return rng.normal(size=4), 0.3, rng.normal(size=(13, 4)), 2 * rng.normal(size=13), 0.8, 0.7, 0.25


def robust_edge(rng):
    """Residuals of exactly delta and of exactly zero: the loss has one slope there all the same."""
    X = np.array([[1.0, 0.5], [-0.5, 2.0], [2.0, 1.0], [0.25, -1.0]])
    w, b = np.array([0.5, -0.25]), 0.125
    return w, b, X, X @ w + b + np.array([0.5, -0.5, 0.0, 2.0]), 0.5, 0.75, 0.25


def charbonnier(W, b, X, Y, eps, mask):
    r = (X @ W + b - Y) * mask
    return np.sum(np.sqrt(r**2 + eps**2)) / np.sum(mask)


def d_charbonnier(W, b, X, Y, eps, mask):
    r = (X @ W + b - Y) * mask
    dr = r / np.sqrt(r**2 + eps**2)
    dpred = dr * mask / np.sum(mask)
    dW = X.T @ dpred
    db = np.sum(dpred, axis=0)
    return dW, db


def d_charbonnier_loop(W, b, X, Y, eps, mask):
    dW, db = np.zeros_like(W), np.zeros_like(b)
    for i, j in zip(*np.nonzero(mask), strict=True):
        t = (X[i] @ W[:, j] + b[j] - Y[i, j]) * mask[i, j] / eps
        g = t / np.hypot(1, t) * mask[i, j] / mask.sum()
        dW[:, j] += g * X[i]
        db[j] += g
    return dW, db


def charbonnier_point(rng):
    mask = np.array([[1, 0, 1], [1, 1, 1], [0, 1, 1], [1, 1, 0], [1, 0, 1], [1, 1, 1], [0.5, 1, 2]])
    return rng.normal(size=(2, 3)), rng.normal(size=3), rng.normal(size=(7, 2)), rng.normal(size=(7, 3)), 0.4, mask


def fm(w0, w, V, X, y, lam):
    pair = 0.5 * np.sum((X @ V) ** 2 - X**2 @ V**2, axis=1)
    s = w0 + X @ w + pair
    return np.mean(np.logaddexp(0, -y * s)) + lam * np.sum(V**2)


def d_fm(w0, w, V, X, y, lam):
    n = len(y)
    q = X @ V
    pair = 0.5 * np.sum(q**2 - X**2 @ V**2, axis=1)
    s = w0 + X @ w + pair
    ds = -y * sigmoid(-y * s) / n
    dw0 = ds.sum()
    dw = X.T @ ds
    dV = X.T @ (ds[:, None] * q) - ((X**2).T @ ds)[:, None] * V
    dV = dV + 2 * lam * V
    return dw0, dw, dV


def d_fm_loop(w0, w, V, X, y, lam):
    p = X.shape[1]
    inter = V @ V.T
    dw0, dw, dV = 0.0, np.zeros(p), 2 * lam * V
    for x, t in zip(X, y, strict=True):
        s = w0 + x @ w + sum(inter[i, j] * x[i] * x[j] for i in range(p) for j in range(i))
        g = (sigmoid(s) - (t > 0)) / len(y)
        dw0 += g
        dw += g * x
        for i in range(p):
            for j in range(p):
                if i != j:
                    dV[i] += g * x[i] * x[j] * V[j]
    return dw0, dw, dV


def fm_point(rng):
    y = np.array([1, -1, 1, 1, -1, -1, 1, -1.0])
    return 0.2, rng.normal(size=5), 0.6 * rng.normal(size=(5, 2)), rng.normal(size=(8, 5)), y, 0.05


FAMILIES = [
    Family(
        "ordinal regression",
        ordinal,
        d_ordinal,
        ordinal_point,
        3,
        {
            "the thresholds' gradient is not taken through exp of the gaps [M04]": (
                "np.exp(gap) * tail[1:]",
                "tail[1:]",
            ),
            "each gap gets only its own threshold's share, not the later ones' [B14 M20]": (
                "tail[1:]",
                "dcuts[1:]",
            ),
            "the sum over later thresholds runs over the earlier ones": (
                "np.cumsum(dcuts[::-1])[::-1]",
                "np.cumsum(dcuts)",
            ),
            "the sum over later thresholds starts one too early [B25]": ("tail[1:]", "tail[:-1]"),
            "the lower threshold's share is left out [M20]": ("    G[rows, y] = -dp * slope[rows, y]\n", ""),
            "the lower threshold's share has the wrong sign [B3]": ("= -dp * slope", "= dp * slope"),
            "the score's minus is forgotten [B3]": ("deta = -G", "deta = G"),
            "not divided by the number of rows [B1 M11]": ("-1 / (n * p)", "-1 / p"),
            "the probability below the line of log is forgotten [M04]": ("-1 / (n * p)", "-1 / n"),
            "the logistic slope is left out: the distribution stands in its place [B9 M07]": (
                "slope = cdf * (1 - cdf)",
                "slope = cdf",
            ),
            "the first threshold gets only its own share, not that of all thresholds it shifts [B14 M20]": (
                "da = dcuts.sum()",
                "da = dcuts[0]",
            ),
            "gaps are applied without exp in the backward pass": (
                "np.cumsum(np.exp(gap))",
                "np.cumsum(np.abs(gap))",
            ),
        },
        d_ordinal_loop,
        {"single precision": single(ordinal_point), "large weights": scaled(ordinal_point, {0: 2.0})},
    ),
    Family(
        "negative binomial regression",
        negbin,
        d_negbin,
        negbin_point,
        2,
        {
            "the dispersion is left out below the line: Poisson's residual": (
                "/ (1 + alpha * mu)\n    dbeta",
                "\n    dbeta",
            ),
            "gradient in alpha is returned for its logarithm [M04]": ("alpha * dalpha", "dalpha"),
            "the rising factorial's part of the dispersion is forgotten [M20]": ("(rising + other)", "(other)"),
            "the slope of 1/alpha is not squared": ("(-1 / alpha**2)", "(-1 / alpha)"),
            "the slope of 1/alpha has the wrong sign [B3]": ("(-1 / alpha**2)", "(1 / alpha**2)"),
            "log(1 + alpha mu) has lost its slope in 1/alpha [M20]": (" + np.log(1 + alpha * mu) / alpha**2", ""),
            "the offset is forgotten in the backward pass": ("X @ beta + offset", "X @ beta"),
            "the residual is weighted by the variance again": ("dbeta = X.T @ deta", "dbeta = X.T @ (deta * mu)"),
            "observed minus expected [B3 M03]": ("(mu - counts)", "(counts - mu)"),
            "averaged where the loss sums [B1 M12]": ("dbeta = X.T @ deta", "dbeta = X.T @ deta / len(counts)"),
            "the log-likelihood's gradient is returned for the dispersion, not the loss's [B3]": (
                "-np.sum(rising",
                "np.sum(rising",
            ),
            "the term counts / alpha is left out": ("counts / alpha + np", "np"),
        },
        d_negbin_r,
        {"single precision": single(negbin_point)},
    ),
    Family(
        "quantile-weighted Huber regression",
        robust,
        d_robust,
        robust_point,
        2,
        {
            "the tails are not clipped: squared error's slope everywhere [B26]": (
                "np.where(small, r, delta * np.sign(r))",
                "r",
            ),
            "delta is forgotten in the tails [M04]": ("delta * np.sign(r)", "np.sign(r)"),
            "the sign in the tails is forgotten": ("delta * np.sign(r)", "delta"),
            "the quantile's sides are swapped": ("r > 0, q, 1 - q", "r > 0, 1 - q, q"),
            "the quantile weights are forgotten": ("dr = side * dh", "dr = dh"),
            "the penalty has a 2 that the half takes away [B2]": ("lam * w", "2 * lam * w"),
            "the bias is penalised too [B20]": ("-np.sum(dr)", "-np.sum(dr) + lam * b"),
            "the minus of the residual is forgotten for the bias [B3]": ("-np.sum(dr)", "np.sum(dr)"),
            "residuals beyond delta get no gradient at all [B26]": ("delta * np.sign(r)", "0.0"),
            "the bias is averaged again [B6 M12]": ("-np.sum(dr)", "-np.mean(dr)"),
            "the threshold compares without the absolute value": ("np.abs(r) <= delta", "r <= delta"),
            "not divided by the number of rows [B1 M11]": ("side * dh / n", "side * dh"),
        },
        d_robust_clip,
        {"residuals at delta and at zero": robust_edge, "single precision": single(robust_point)},
    ),
    Family(
        "masked Charbonnier loss",
        charbonnier,
        d_charbonnier,
        charbonnier_point,
        2,
        {
            "the mask is not applied going back": ("dr * mask /", "dr /"),
            "averaged over all entries, not over the masked ones [B1]": ("/ np.sum(mask)", "/ mask.size"),
            "the square root below the line is forgotten": ("r / np.sqrt(r**2 + eps**2)", "r / (r**2 + eps**2)"),
            "eps is forgotten: nan at the masked entries [B29]": ("np.sqrt(r**2 + eps**2)", "np.sqrt(r**2)"),
            "eps is forgotten below the line, the sign is taken": (
                "r / np.sqrt(r**2 + eps**2)",
                "np.sign(r)",
            ),
            "eps is not squared": ("eps**2)", "eps)"),
            "the inner derivative of the square is left out [M04]": ("dr = r / np.sqrt", "dr = 1 / np.sqrt"),
            "a factor 2 from the square stays, the half of the root is forgotten [B2]": ("dr = r /", "dr = 2 * r /"),
            "the half of the root is kept, the square's 2 is forgotten [B2 M01]": ("dr = r /", "dr = 0.5 * r /"),
            "bias summed over everything and spread evenly [B6 M13]": (
                "np.sum(dpred, axis=0)",
                "np.full(b.shape, np.sum(dpred))",
            ),
            "bias averaged over the rows [B6]": ("np.sum(dpred, axis=0)", "np.mean(dpred, axis=0)"),
            "the mask is applied once more in the weights": ("X.T @ dpred", "X.T @ (dpred * mask)"),
        },
        d_charbonnier_loop,
        {"tiny eps": scaled(charbonnier_point, {4: 1e-3}), "single precision": single(charbonnier_point)},
    ),
    Family(
        "factorisation machine",
        fm,
        d_fm,
        fm_point,
        3,
        {
            "the own-square part of the factors is forgotten [M20]": (" - ((X**2).T @ ds)[:, None] * V", ""),
            "the own-square part is halved [B2]": ("- ((X**2)", "- 0.5 * ((X**2)"),
            "the own-square part is added [B3]": ("- ((X**2)", "+ ((X**2)"),
            "the own-square part uses x, not its square [M02]": ("((X**2).T @ ds)", "(X.T @ ds)"),
            "the factors' part keeps the half [B2]": ("dV = X.T @ (ds", "dV = 0.5 * X.T @ (ds"),
            "the penalty's 2 is forgotten [B2 M01 B20]": ("2 * lam", "lam"),
            "the penalty is on the linear weights too [B20]": ("dw = X.T @ ds", "dw = X.T @ ds + 2 * lam * w"),
            "the label factor is forgotten outside the sigmoid [M04]": (
                "-y * sigmoid(-y * s) / n",
                "-sigmoid(-y * s) / n",
            ),
            "the sigmoid has the margin's sign wrong": ("sigmoid(-y * s)", "sigmoid(y * s)"),
            "pair scores are left out of the score in the backward pass": ("X @ w + pair", "X @ w"),
            "the pair scores miss their half going back": ("pair = 0.5 *", "pair ="),
            "the intercept is averaged again [B6 M12]": ("ds.sum()", "ds.mean()"),
            "the factors miss the score's slope of each row": ("(ds[:, None] * q)", "q / n"),
        },
        d_fm_loop,
        {"saturated scores": scaled(fm_point, {2: 4.0}), "single precision": single(fm_point)},
    ),
]
