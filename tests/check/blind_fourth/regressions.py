"""Curves and regressions: ridge by loops, counts with exposure, smoothed classes, polynomial, growth curve, survival."""

from __future__ import annotations

import numpy as np
from check.blind_fourth.case import Family
from check.blind_third.case import scaled, single


def ridge(w, b, X, y, lam):
    total = 0.0
    for i in range(len(y)):
        total += (X[i] @ w + b - y[i]) ** 2
    return total / len(y) + lam * np.sum(w**2)


def d_ridge(w, b, X, y, lam):
    n, d = X.shape
    dw = np.zeros(d)
    db = 0.0
    for i in range(n):
        error = b - y[i]
        for j in range(d):
            error += X[i, j] * w[j]
        for j in range(d):
            dw[j] += 2 * error * X[i, j]
        db += 2 * error
    for j in range(d):
        dw[j] = dw[j] / n + 2 * lam * w[j]
    db /= n
    return dw, db


def d_ridge_normal(w, b, X, y, lam):
    Xc = np.column_stack([X, np.ones(len(y))])
    both = np.append(w, b)
    g = 2 / len(y) * (Xc.T @ Xc @ both - Xc.T @ y)
    return g[:-1] + 2 * lam * w, g[-1]


def ridge_point(rng):
    return rng.normal(size=3), 0.7, rng.normal(size=(8, 3)) + 0.4, 2 * rng.normal(size=8), 0.15


def poisson(params, X, counts, exposure, weight, lam):
    eta = X @ params["w"] + params["b"] + np.log(exposure)
    ll = weight * (counts * eta - np.exp(eta))
    return -np.sum(ll) / np.sum(weight) + 0.5 * lam * np.dot(params["w"], params["w"])


def d_poisson(params, X, counts, exposure, weight, lam):
    w, b = params["w"], params["b"]
    mu = exposure * np.exp(X @ w + b)
    resid = weight * (mu - counts) / np.sum(weight)
    grads = {}
    grads["w"] = np.einsum("nd,n->d", X, resid) + lam * w
    grads["b"] = np.sum(resid)
    return grads


def poisson_point(rng):
    params = {"w": 0.5 * rng.normal(size=4), "b": 0.3}
    counts = rng.poisson(2.0, size=9).astype(float)
    return params, rng.normal(size=(9, 4)), counts, rng.uniform(0.5, 2.0, size=9), rng.uniform(0.2, 1.8, size=9), 0.3


def smoothed(W, b, X, labels, eps):
    Z = X @ W + b
    Z = Z - Z.max(axis=1, keepdims=True)
    logp = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    n, k = Z.shape
    return -np.mean((1 - eps) * logp[np.arange(n), labels] + eps * logp.mean(axis=1))


def d_smoothed(W, b, X, labels, eps):
    n, k = X.shape[0], W.shape[1]
    scores = X @ W + b
    scores = scores - scores.max(axis=1, keepdims=True)
    expo = np.exp(scores)
    probs = expo / expo.sum(axis=1, keepdims=True)
    target = np.full((n, k), eps / k)
    target[np.arange(n), labels] += 1 - eps
    dscores = (probs - target) / n
    dW = X.T @ dscores
    db = dscores.sum(axis=0)
    return dW, db


def d_smoothed_jacobian(W, b, X, labels, eps):
    """The long way: each row's own softmax Jacobian."""
    dW, db = np.zeros_like(W), np.zeros_like(b)
    k = len(b)
    for x, label in zip(X, labels, strict=True):
        z = x @ W + b
        p = np.exp(z - z.max())
        p = p / p.sum()
        q = eps / k + (1 - eps) * (np.arange(k) == label)
        J = np.diag(p) - np.outer(p, p)
        dz = -J @ (q / p) / len(X)
        dW += np.outer(x, dz)
        db += dz
    return dW, db


def smoothed_point(rng):
    labels = np.array([0, 2, 3, 1, 2, 0, 3])
    return rng.normal(size=(5, 4)), rng.normal(size=4), rng.normal(size=(7, 5)), labels, 0.12


def smoothed_far(rng):
    """Scores of several hundred: the losing classes' probabilities vanish."""
    W, b, X, labels, eps = smoothed_point(rng)
    return 60 * W, b + 400.0, X, labels, eps


def curve(c, shift, t, y, lam):
    x = t - shift
    pred = np.zeros_like(x)
    for a in c[::-1]:
        pred = pred * x + a
    r = pred - y
    j = np.arange(len(c))
    return np.mean(np.log(np.cosh(r))) + lam * np.sum((j * c) ** 2)


def d_curve(c, shift, t, y, lam):
    x = t - shift
    j = np.arange(len(c))
    powers = np.vander(x, len(c), increasing=True)
    r = powers @ c - y
    g = np.tanh(r) / len(y)
    dc = powers.T @ g + 2 * lam * j**2 * c
    slope = powers[:, :-1] @ (j[1:] * c[1:])
    dshift = -np.sum(g * slope)
    return dc, dshift


def curve_point(rng):
    return rng.normal(size=5), 0.2, np.linspace(-1.1, 1.5, 11), rng.normal(size=11), 0.04


def growth(log_K, r, t0, t, y, sd, prior):
    pred = np.exp(log_K) / (1 + np.exp(-r * (t - t0)))
    return 0.5 * np.sum(((pred - y) / sd) ** 2) + 0.5 * ((r - prior[0]) / prior[1]) ** 2


def d_growth(log_K, r, t0, t, y, sd, prior):
    K = np.exp(log_K)
    s = 1 / (1 + np.exp(-r * (t - t0)))
    resid = (K * s - y) / sd**2
    ds = resid * K
    du = ds * s * (1 - s)
    dlog_K = np.sum(resid * s) * K
    dr = np.sum(du * (t - t0)) + (r - prior[0]) / prior[1] ** 2
    dt0 = -np.sum(du * r)
    return dlog_K, dr, dt0


def growth_point(rng):
    t = np.linspace(0, 6, 13)
    y = 4 / (1 + np.exp(-1.3 * (t - 3.2))) + 0.3 * rng.normal(size=13)
    return 1.2 + 0.1 * rng.normal(), 0.9, 2.7, t, y, rng.uniform(0.2, 0.6, size=13), (1.4, 0.35)


def growth_flat(rng):
    """Most of the measurements lie where the curve is flat."""
    log_K, r, t0, t, y, sd, prior = growth_point(rng)
    return log_K, 14.0, t0, t, y, sd, prior


def cox(beta, X, time, event, lam):
    eta = X @ beta
    total = 0.0
    for i in range(len(time)):
        if event[i]:
            at_risk = time >= time[i]
            total -= eta[i] - np.log(np.sum(np.exp(eta[at_risk])))
    return total / event.sum() + lam * np.sum(np.sqrt(beta**2 + 0.01))


def d_cox(beta, X, time, event, lam):
    risk = np.exp(X @ beta)
    grad = np.zeros_like(beta)
    deaths = np.flatnonzero(event)
    for i in deaths:
        at_risk = time >= time[i]
        total = np.sum(risk[at_risk])
        mean = (risk[at_risk] @ X[at_risk]) / total
        grad += mean - X[i]
    grad /= len(deaths)
    grad += lam * beta / np.sqrt(beta**2 + 0.01)
    return grad


def d_cox_sorted(beta, X, time, event, lam):
    order = np.argsort(-time, kind="stable")
    X, time, event = X[order], time[order], event[order]
    risk = np.exp(X @ beta)
    last = np.searchsorted(-time, -time, side="right") - 1
    total, weighted = np.cumsum(risk)[last], np.cumsum(risk[:, None] * X, axis=0)[last]
    score = np.sum(event[:, None] * (weighted / total[:, None] - X), axis=0)
    return score / event.sum() + lam * beta / np.hypot(beta, 0.1)


def cox_point(rng):
    time = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.5])
    event = np.array([1, 1, 0, 1, 1, 0, 0, 1, 1, 1])
    return 0.7 * rng.normal(size=4), rng.normal(size=(10, 4)), time, event, 0.05


FAMILIES = [
    Family(
        "ridge regression by loops",
        ridge,
        d_ridge,
        ridge_point,
        2,
        {
            "the weights' sum over samples is overwritten: only the last sample counts [B14]": (
                "dw[j] += 2",
                "dw[j] = 2",
            ),
            "the square's 2 is missing in both [B2 M01]": (
                "dw[j] += 2 * error",
                "dw[j] += error",
                "db += 2 * error",
                "db += error",
            ),
            "the square's 2 is missing for the bias [B2 M01]": ("db += 2 * error", "db += error"),
            "target minus prediction for the weights [B3 M03]": ("dw[j] += 2 * error", "dw[j] -= 2 * error"),
            "the loop starts at the second sample [B23]": ("for i in range(n)", "for i in range(1, n)"),
            "the loop stops one sample early [B23]": ("for i in range(n)", "for i in range(n - 1)"),
            "the bias is not divided by n [B1 M11]": ("    db /= n\n", ""),
            "the weights are not divided by n [B1 M11]": ("dw[j] / n +", "dw[j] +"),
            "the penalty is divided by n too [B20]": ("dw[j] / n + 2 * lam * w[j]", "(dw[j] + 2 * lam * w[j]) / n"),
            "the penalty's gradient is lam w, its 2 lost [B20 M01]": ("+ 2 * lam * w[j]", "+ lam * w[j]"),
            "the penalty is subtracted [B3 B20]": ("+ 2 * lam", "- 2 * lam"),
            "the penalty is forgotten [B20]": (" + 2 * lam * w[j]", ""),
            "the bias is left out of the prediction": ("error = b - y[i]", "error = -y[i]"),
            "the bias is multiplied by the first feature [B6 M14]": ("db += 2 * error", "db += 2 * error * X[i, 0]"),
            "the prediction reads the neighbouring feature [B25 M27]": ("error += X[i, j]", "error += X[i, j - 1]"),
            "the bias is divided by the number of features [B1]": ("db /= n", "db /= d"),
            "the square's 2 is missing for the bias; and the penalty is forgotten [M01 B20]": (
                "db += 2 * error",
                "db += error",
                " + 2 * lam * w[j]",
                "",
            ),
        },
        d_ridge_normal,
        {
            "features with a large offset": lambda rng: (lambda w, b, X, y, lam: (w, b, X + 1000.0, y, lam))(
                *ridge_point(rng)
            )
        },
    ),
    Family(
        "Poisson regression with exposure in a dict",
        poisson,
        d_poisson,
        poisson_point,
        1,
        {
            "the exposure is forgotten": ("mu = exposure * np.exp", "mu = np.exp"),
            "the exposure is added outside the exponential": (
                "exposure * np.exp(X @ w + b)",
                "exposure + np.exp(X @ w + b)",
            ),
            "the exponential is missing: the linear score stands for the mean": ("np.exp(X @ w + b)", "(X @ w + b)"),
            "observed minus expected [B3 M03]": ("(mu - counts)", "(counts - mu)"),
            "the mean of the rows is taken instead of the weighted one [B1]": ("/ np.sum(weight)", "/ len(weight)"),
            "nothing is divided by [B1 M11]": (" / np.sum(weight)", ""),
            "the weights of the rows are forgotten": ("weight * (mu - counts)", "(mu - counts)"),
            "the penalty has a 2 that the half takes away [B2 B20]": ("+ lam * w", "+ 2 * lam * w"),
            "the penalty is missing [B20]": (" + lam * w", ""),
            "the intercept is penalised [B20]": ("np.sum(resid)", "np.sum(resid) + lam * b"),
            "the intercept takes the mean of what is already averaged [B6 M12]": ("np.sum(resid)", "np.mean(resid)"),
            "the residual is multiplied by the mean once more": ("(mu - counts)", "(mu - counts) * mu"),
            "the penalty has a 2 that the half takes away; and the exposure is forgotten [B2 B20]": (
                "+ lam * w",
                "+ 2 * lam * w",
                "mu = exposure * np.exp",
                "mu = np.exp",
            ),
        },
        None,
        {
            "rates of e to the minus twenty": lambda rng: (
                {**poisson_point(rng)[0], "b": -20.0},
                *poisson_point(rng)[1:],
            )
        },
    ),
    Family(
        "softmax regression with label smoothing",
        smoothed,
        d_smoothed,
        smoothed_point,
        2,
        {
            "smoothing is forgotten: the one-hot target is subtracted": ("eps / k)", "0.0)", "+= 1 - eps", "+= 1"),
            "the right class gets 1 - eps without its share of eps": ("labels] += 1 - eps", "labels] = 1 - eps"),
            "the right class keeps its whole 1 on top of eps / k": ("+= 1 - eps", "+= 1"),
            "smoothing is spread over the k - 1 other classes": ("eps / k)", "eps / (k - 1))"),
            "the target is not subtracted [M22]": ("(probs - target)", "(probs)"),
            "not divided by the number of samples [B1 M11]": ("(probs - target) / n", "(probs - target)"),
            "divided by samples and classes [B1 M12]": ("(probs - target) / n", "(probs - target) / (n * k)"),
            "softmax runs down the batch [B18]": (
                "expo / expo.sum(axis=1, keepdims=True)",
                "expo / expo.sum(axis=0, keepdims=True)",
            ),
            "softmax is multiplied by its own diagonal slope as well [B17 M21]": (
                "(probs - target) / n",
                "(probs - target) * probs * (1 - probs) / n",
            ),
            "the bias takes the mean over the batch [B6 M12]": ("dscores.sum(axis=0)", "dscores.mean(axis=0)"),
            "labels are rolled by one against the rows [B25]": (
                "target[np.arange(n), labels]",
                "target[np.arange(n), np.roll(labels, 1)]",
            ),
            "target minus probability [B3 M03]": ("(probs - target)", "(target - probs)"),
            "the bias is left out of the scores in the backward pass": ("X @ W + b", "X @ W"),
            "smoothing is forgotten; and the bias takes the mean over the batch [B6]": (
                "eps / k)",
                "0.0)",
                "+= 1 - eps",
                "+= 1",
                "dscores.sum(axis=0)",
                "dscores.mean(axis=0)",
            ),
        },
        d_smoothed_jacobian,
        {"scores of several hundred": smoothed_far},
    ),
    Family(
        "polynomial with log-cosh loss",
        curve,
        d_curve,
        curve_point,
        2,
        {
            "the residual itself instead of its tanh, as for squares [B26]": ("np.tanh(r)", "r"),
            "the sign of the residual instead of its tanh": ("np.tanh(r)", "np.sign(r)"),
            "the shift's minus is forgotten [B3]": ("-np.sum(g * slope)", "np.sum(g * slope)"),
            "the powers keep their exponents in the slope [M02]": ("powers[:, :-1]", "powers[:, 1:]"),
            "the exponent's factor is forgotten in the slope [M02]": ("(j[1:] * c[1:])", "c[1:]"),
            "the exponents are one too small in the slope [B25]": ("(j[1:] * c[1:])", "(j[:-1] * c[1:])"),
            "the penalty's 2 is lost [B2 M01 B20]": ("2 * lam * j**2", "lam * j**2"),
            "the penalty's factor is not squared [B20 M04]": ("j**2 * c", "j * c"),
            "the highest power comes first, as NumPy's default [B25]": ("powers.T @ g", "powers[:, ::-1].T @ g"),
            "not divided by the number of points [B1 M11]": ("/ len(y)", ""),
            "divided by the number of coefficients [B1]": ("/ len(y)", "/ len(c)"),
            "the times are not shifted in the backward pass": ("x = t - shift", "x = t"),
            "tanh is taken of minus the residual and the shift's minus dropped [B3]": (
                "np.tanh(r)",
                "np.tanh(-r)",
                "-np.sum(g",
                "np.sum(g",
            ),
            "the shift's share is averaged again [M12]": ("-np.sum(g", "-np.mean(g"),
            "divided by the number of coefficients; and the times are not shifted in the backward pass [B1]": (
                "/ len(y)",
                "/ len(c)",
                "x = t - shift",
                "x = t",
            ),
        },
        None,
        {"residuals of hundreds": scaled(curve_point, {3: 300.0}), "single precision": single(curve_point)},
    ),
    Family(
        "logistic growth fitted to measurements",
        growth,
        d_growth,
        growth_point,
        3,
        {
            "the gradient in K is returned for its logarithm [M04]": ("np.sum(resid * s) * K", "np.sum(resid * s)"),
            "the measurement error is not squared": ("sd**2", "sd"),
            "the measurement error is forgotten": (" / sd**2", ""),
            "the logistic slope is s alone [M07 M08]": ("s * (1 - s)", "s"),
            "the logistic slope is forgotten [B9 M04]": ("ds * s * (1 - s)", "ds"),
            "the capacity is forgotten on the way to rate and midpoint [M04]": ("ds = resid * K", "ds = resid"),
            "the midpoint's minus is forgotten [B3]": ("-np.sum(du * r)", "np.sum(du * r)"),
            "the midpoint lacks the rate as inner derivative [M04]": ("-np.sum(du * r)", "-np.sum(du)"),
            "the rate is multiplied by time, not by time from the midpoint": ("du * (t - t0)", "du * t"),
            "the prior of the rate is forgotten [B20]": (" + (r - prior[0]) / prior[1] ** 2", ""),
            "the prior's width is not squared [B20]": ("prior[1] ** 2", "prior[1]"),
            "the prior pulls the other way [B3 B20]": ("+ (r - prior[0])", "- (r - prior[0])"),
            "averaged over the measurements where the loss sums [B1 M12]": ("/ sd**2", "/ sd**2 / len(y)"),
            "the second half of the measurements is dropped for the midpoint [B23]": (
                "du * r)",
                "du[: len(t) // 2] * r)",
            ),
            "the logistic slope is s alone; and the prior of the rate is forgotten [M07 B20]": (
                "s * (1 - s)",
                "s",
                " + (r - prior[0]) / prior[1] ** 2",
                "",
            ),
        },
        None,
        {"mostly flat": growth_flat, "single precision": single(growth_point)},
    ),
    Family(
        "Cox partial likelihood",
        cox,
        d_cox,
        cox_point,
        1,
        {
            "the risk set leaves out others with the same time": (
                "time >= time[i]",
                "(time > time[i]) | (np.arange(len(time)) == i)",
            ),
            "the risk set holds those that left earlier [B25]": ("time >= time[i]", "time <= time[i]"),
            "the risk set is everybody": ("time >= time[i]", "time >= 0"),
            "the risk set holds only the deaths": ("time >= time[i]", "(time >= time[i]) & (event > 0)"),
            "censored rows count as deaths": ("np.flatnonzero(event)", "np.arange(len(event))"),
            "the mean is not weighted by the risk": ("(risk[at_risk] @ X[at_risk]) / total", "X[at_risk].mean(axis=0)"),
            "the weights are not normalised": ("(risk[at_risk] @ X[at_risk]) / total", "(risk[at_risk] @ X[at_risk])"),
            "the log-likelihood's gradient instead of the loss's [B3]": ("grad += mean - X[i]", "grad -= mean - X[i]"),
            "the own covariates are not subtracted [M20]": ("mean - X[i]", "mean"),
            "only the last death is kept [B14]": ("grad += mean", "grad = mean"),
            "averaged over all rows, not over the deaths [B1]": ("/= len(deaths)", "/= len(time)"),
            "the penalty is not divided by the root [B20 M04]": ("lam * beta / np.sqrt(beta**2 + 0.01)", "lam * beta"),
            "the penalty's slope is the sign [B20]": ("lam * beta / np.sqrt(beta**2 + 0.01)", "lam * np.sign(beta)"),
            "the penalty is averaged over the deaths too [B20]": (
                "    grad /= len(deaths)\n",
                "",
                "0.01)\n",
                "0.01)\n    grad /= len(deaths)\n",
            ),
            "censored rows count as deaths; and the risk set holds those that left earlier [B25]": (
                "np.flatnonzero(event)",
                "np.arange(len(event))",
                "time >= time[i]",
                "time <= time[i]",
            ),
        },
        d_cox_sorted,
        {"large coefficients": scaled(cox_point, {0: 6.0})},
    ),
]
