"""Likelihoods: a mixture, a variational autoencoder, a Gaussian with its own variance, survival, ordered classes."""

from __future__ import annotations

import numpy as np
from check.blind_second.case import Family


def mixture(logits, means, log_sd, x):
    lp = logits - np.log(np.sum(np.exp(logits)))
    z = (x[:, None] - means) / np.exp(log_sd)
    comp = lp - log_sd - 0.5 * z**2 - 0.5 * np.log(2 * np.pi)
    top = comp.max(axis=1, keepdims=True)
    return -np.sum(top[:, 0] + np.log(np.sum(np.exp(comp - top), axis=1)))


def d_mixture(logits, means, log_sd, x):
    pi = np.exp(logits) / np.sum(np.exp(logits))
    sd = np.exp(log_sd)
    z = (x[:, None] - means) / sd
    dens = pi * np.exp(-0.5 * z**2) / sd
    r = dens / dens.sum(axis=1, keepdims=True)
    dlogits = -np.sum(r - pi, axis=0)
    dmeans = -np.sum(r * z / sd, axis=0)
    dlog_sd = -np.sum(r * (z**2 - 1), axis=0)
    return dlogits, dmeans, dlog_sd


def mixture_point(rng):
    return rng.normal(size=3), np.array([-2.0, 0.3, 1.5]), 0.4 * rng.normal(size=3), 2 * rng.normal(size=10)


def vae(We, Wm, Ws, Wd, X, eps):
    h = np.tanh(X @ We)
    mu, logvar = h @ Wm, h @ Ws
    z = mu + np.exp(0.5 * logvar) * eps
    rec = z @ Wd
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))
    return (0.5 * np.sum((rec - X) ** 2) + kl) / len(X)


def d_vae(We, Wm, Ws, Wd, X, eps):
    n = len(X)
    h = np.tanh(X @ We)
    mu, logvar = h @ Wm, h @ Ws
    std = np.exp(0.5 * logvar)
    z = mu + std * eps
    drec = (z @ Wd - X) / n
    dWd = z.T @ drec
    dz = drec @ Wd.T
    dmu = dz + mu / n
    dlogvar = dz * eps * 0.5 * std + 0.5 * (np.exp(logvar) - 1) / n
    dWm = h.T @ dmu
    dWs = h.T @ dlogvar
    dh = dmu @ Wm.T + dlogvar @ Ws.T
    dWe = X.T @ (dh * (1 - h**2))
    return dWe, dWm, dWs, dWd


def vae_point(rng):
    k = 3
    W = 0.7 * rng.normal(size=(4, k, k))
    return W[0], W[1], W[2], W[3], rng.normal(size=(5, k)), rng.normal(size=(5, k))


def gaussian(w, u, b, c, X, y):
    mean = X @ w + b
    logvar = X @ u + c
    return np.mean(0.5 * (logvar + (y - mean) ** 2 / np.exp(logvar)))


def d_gaussian(w, u, b, c, X, y):
    n = y.size
    mean = X @ w + b
    logvar = X @ u + c
    inv = np.exp(-logvar)
    err = y - mean
    dmean = -err * inv / n
    dlogvar = 0.5 * (1 - err**2 * inv) / n
    return X.T @ dmean, X.T @ dlogvar, dmean.sum(), dlogvar.sum()


def gaussian_point(rng):
    return rng.normal(size=3), 0.4 * rng.normal(size=3), 0.5, -0.3, rng.normal(size=(9, 3)), 2 * rng.normal(size=9)


def cox(beta, X, times, event, l2):
    eta = X @ beta
    total = 0.0
    for i in np.flatnonzero(event):
        total -= eta[i] - np.log(np.sum(np.exp(eta[times >= times[i]])))
    return total / event.sum() + 0.5 * l2 * beta @ beta


def d_cox(beta, X, times, event, l2):
    eta = X @ beta
    risk = np.exp(eta)
    grad = np.zeros_like(beta)
    for i in np.flatnonzero(event):
        at = times >= times[i]
        mean = risk[at] @ X[at] / risk[at].sum()
        grad -= X[i] - mean
    grad /= event.sum()
    return (grad + l2 * beta,)


def cox_point(rng):
    event = np.array([1, 0, 1, 1, 0, 1, 1, 0, 1, 1])
    return 0.5 * rng.normal(size=3), rng.normal(size=(10, 3)), rng.permutation(10) + 1.0, event, 0.4


def ordinal(w, cuts, X, level):
    """Levels 0, 1, 2, 3: the chance of at most j is the sigmoid of cut j minus the score."""
    eta = X @ w
    below = 1 / (1 + np.exp(-(cuts[None, :] - eta[:, None])))
    cum = np.hstack([np.zeros((len(eta), 1)), below, np.ones((len(eta), 1))])
    rows = np.arange(len(eta))
    return -np.mean(np.log(cum[rows, level + 1] - cum[rows, level]))


def d_ordinal(w, cuts, X, level):
    n = len(level)
    eta = X @ w
    below = 1 / (1 + np.exp(-(cuts[None, :] - eta[:, None])))
    cum = np.hstack([np.zeros((n, 1)), below, np.ones((n, 1))])
    slope = cum * (1 - cum)
    deta = np.zeros(n)
    dcuts = np.zeros_like(cuts)
    for i, j in enumerate(level):
        p = cum[i, j + 1] - cum[i, j]
        deta[i] = (slope[i, j + 1] - slope[i, j]) / p / n
        if j < len(cuts):
            dcuts[j] -= slope[i, j + 1] / p / n
        if j > 0:
            dcuts[j - 1] += slope[i, j] / p / n
    return X.T @ deta, dcuts


def ordinal_point(rng):
    level = np.array([0, 1, 2, 3, 1, 2, 0, 3, 2])
    return 0.7 * rng.normal(size=2), np.array([-1.2, 0.1, 1.4]), rng.normal(size=(9, 2)), level


FAMILIES = [
    Family(
        "Gaussian mixture",
        mixture,
        d_mixture,
        mixture_point,
        3,
        {
            "the softmax's part of the mixing weights is forgotten": ("r - pi", "r"),
            "the mixing weights' sign is wrong": ("-np.sum(r - pi", "np.sum(r - pi"),
            "the gradient is for the weights and not for their logits": (
                "np.sum(r - pi, axis=0)",
                "np.sum(r / pi, axis=0)",
            ),
            "the mixing weights are left out of the responsibilities": ("dens = pi * np", "dens = np"),
            "the standard deviations are left out of the responsibilities": ("z**2) / sd\n", "z**2)\n"),
            "the half in the exponent is forgotten in the responsibilities": ("np.exp(-0.5 * z**2)", "np.exp(-(z**2))"),
            "the responsibilities are normalised over the data": (
                "dens.sum(axis=1, keepdims=True)",
                "dens.sum(axis=0, keepdims=True)",
            ),
            "the means miss one division by the standard deviation": ("r * z / sd", "r * z"),
            "the means have the wrong sign": ("dmeans = -", "dmeans = "),
            "the minus one of the normaliser is forgotten": ("(z**2 - 1)", "z**2"),
            "the gradient is for the standard deviation and not for its logarithm": (
                "(z**2 - 1), axis=0)",
                "(z**2 - 1), axis=0) / sd",
            ),
            "the gradient is for the log variance: a half": ("dlog_sd = -", "dlog_sd = -0.5 * "),
            "hard assignment in the backward pass": (
                "dens / dens.sum(axis=1, keepdims=True)",
                "(dens == dens.max(axis=1, keepdims=True)) * 1.0",
            ),
            "averaged over the data": (
                "dlogits = -np.sum(",
                "dlogits = -np.mean(",
                "dmeans = -np.sum(",
                "dmeans = -np.mean(",
                "dlog_sd = -np.sum(",
                "dlog_sd = -np.mean(",
            ),
            "the deviation is not squared": ("(z**2 - 1)", "(np.abs(z) - 1)"),
        },
    ),
    Family(
        "variational autoencoder",
        vae,
        d_vae,
        vae_point,
        4,
        {
            "the divergence is forgotten": (" + mu / n", "", " + 0.5 * (np.exp(logvar) - 1) / n", ""),
            "the divergence's part of the mean is forgotten": (" + mu / n", ""),
            "the divergence's part of the log variance is forgotten": (" + 0.5 * (np.exp(logvar) - 1) / n", ""),
            "the divergence's part of the mean has the wrong sign": ("dz + mu / n", "dz - mu / n"),
            "the divergence is not averaged": (
                "dz + mu / n",
                "dz + mu",
                "(np.exp(logvar) - 1) / n",
                "(np.exp(logvar) - 1)",
            ),
            "the half of the log variance is forgotten in the sample's path": ("eps * 0.5 * std", "eps * std"),
            "the noise is forgotten in the sample's path": ("dz * eps * 0.5 * std", "dz * 0.5 * std"),
            "the sample's path to the log variance is cut": ("dz * eps * 0.5 * std + ", ""),
            "the standard deviation is forgotten in the sample's path": ("eps * 0.5 * std", "eps * 0.5"),
            "the log variance is taken as a log standard deviation": ("np.exp(0.5 * logvar)\n", "np.exp(logvar)\n"),
            "the mean in place of the sample for the decoder": ("dWd = z.T", "dWd = mu.T"),
            "the decoder is not transposed": ("drec @ Wd.T", "drec @ Wd"),
            "the log variance's way to the encoder is dropped": (" + dlogvar @ Ws.T", ""),
            "the mean's way to the encoder is dropped": ("dmu @ Wm.T + ", ""),
            "the slope of tanh is forgotten": ("(dh * (1 - h**2))", "dh"),
            "the minus one of the divergence is forgotten": ("(np.exp(logvar) - 1)", "np.exp(logvar)"),
            "the noise is forgotten in the sample's path; and the decoder is not transposed": (
                "dz * eps * 0.5 * std",
                "dz * 0.5 * std",
                "drec @ Wd.T",
                "drec @ Wd",
            ),
        },
    ),
    Family(
        "Gaussian with log variance",
        gaussian,
        d_gaussian,
        gaussian_point,
        4,
        {
            "the mean's error is not divided by the variance": ("-err * inv / n", "-err / n"),
            "the mean's sign is wrong": ("-err * inv", "err * inv"),
            "divided by the standard deviation and not by the variance": ("np.exp(-logvar)", "np.exp(-0.5 * logvar)"),
            "multiplied by the variance": ("np.exp(-logvar)", "np.exp(logvar)"),
            "the one of the log variance is forgotten": ("(1 - err**2 * inv)", "(-(err**2) * inv)"),
            "the half is forgotten for the log variance": ("0.5 * (1 - err**2 * inv)", "(1 - err**2 * inv)"),
            "the error is not squared for the log variance": ("err**2 * inv) / n", "np.abs(err) * inv) / n"),
            "the gradient is for the variance": ("(1 - err**2 * inv) / n", "(1 - err**2 * inv) * inv / n"),
            "the sign of the log variance is wrong": ("(1 - err**2 * inv)", "(err**2 * inv - 1)"),
            "not averaged for the log variance": ("err**2 * inv) / n", "err**2 * inv)"),
            "mean's and variance's weights get each other's gradient": (
                "return X.T @ dmean, X.T @ dlogvar,",
                "return X.T @ dlogvar, X.T @ dmean,",
            ),
            "the log variance's bias is left out in the backward pass": ("X @ u + c", "X @ u"),
            "the biases are averaged once more": ("dmean.sum(), dlogvar.sum()", "dmean.mean(), dlogvar.mean()"),
            "the square's 2 is kept beside the half": ("-err * inv / n", "-2 * err * inv / n"),
            "the half is forgotten for the log variance; and the mean's bias has the wrong sign": (
                "0.5 * (1",
                "(1",
                "dmean.sum(),",
                "-dmean.sum(),",
            ),
        },
    ),
    Family(
        "Cox regression",
        cox,
        d_cox,
        cox_point,
        1,
        {
            "the risk set lacks the subject itself": (
                "times >= times[i]",
                "times > times[i] - (times[i] == times.max())",
            ),
            "the risk set is those that have gone": ("times >= times[i]", "times <= times[i]"),
            "the risk set is everybody": ("times >= times[i]", "times > 0"),
            "the risk set is the events only": ("times >= times[i]", "(times >= times[i]) & (event == 1)"),
            "the mean of the risk set is not weighted": ("risk[at] @ X[at] / risk[at].sum()", "X[at].mean(axis=0)"),
            "normalised by the number at risk": ("risk[at].sum()", "at.sum()"),
            "normalised by all risks": ("risk[at].sum()", "risk.sum()"),
            "censored subjects count as events": ("np.flatnonzero(event)", "range(len(event))"),
            "averaged over everybody": ("grad /= event.sum()", "grad /= len(event)"),
            "not averaged": ("    grad /= event.sum()\n", ""),
            "wrong sign of the data's part": ("grad -= X[i]", "grad += X[i]"),
            "the mean of the risk set is dropped": ("X[i] - mean", "X[i]"),
            "the mean of the risk set is added": ("X[i] - mean", "X[i] + mean"),
            "the penalty is forgotten": ("(grad + l2 * beta,)", "(grad,)"),
            "the penalty is doubled": ("l2 * beta", "2 * l2 * beta"),
            "the linear score in place of the risk": ("np.exp(eta)", "1 + eta"),
        },
    ),
    Family(
        "ordered classes",
        ordinal,
        d_ordinal,
        ordinal_point,
        2,
        {
            "the score's sign is wrong": ("(slope[i, j + 1] - slope[i, j]) / p", "(slope[i, j] - slope[i, j + 1]) / p"),
            "the lower cut is forgotten for the score": ("(slope[i, j + 1] - slope[i, j])", "slope[i, j + 1]"),
            "the lower cut is forgotten for the cuts": (
                "        if j > 0:\n            dcuts[j - 1] += slope[i, j] / p / n\n",
                "",
            ),
            "the lower cut has the wrong sign": ("dcuts[j - 1] += slope", "dcuts[j - 1] -= slope"),
            "the upper cut is forgotten for the cuts": (
                "        if j < len(cuts):\n            dcuts[j] -= slope[i, j + 1] / p / n\n",
                "",
            ),
            "the cut's number is off by one": ("dcuts[j - 1] +=", "dcuts[j - 2] +="),
            "the division by the chance is forgotten": (
                "slope[i, j]) / p / n\n        if",
                "slope[i, j]) / n\n        if",
                "slope[i, j + 1] / p / n",
                "slope[i, j + 1] / n",
                "+= slope[i, j] / p / n",
                "+= slope[i, j] / n",
            ),
            "divided by the cumulated chance": ("p = cum[i, j + 1] - cum[i, j]", "p = cum[i, j + 1]"),
            "the sigmoid's slope is forgotten": ("slope = cum * (1 - cum)", "slope = cum"),
            "the slope of tanh in place of the sigmoid's": ("cum * (1 - cum)", "1 - cum**2"),
            "the cuts are not averaged": (
                "slope[i, j + 1] / p / n",
                "slope[i, j + 1] / p",
                "+= slope[i, j] / p / n",
                "+= slope[i, j] / p",
            ),
            "score minus cut in the backward pass": ("np.exp(-(cuts", "np.exp((cuts"),
            "the upper cut is overwritten": ("dcuts[j] -= slope", "dcuts[j] = -slope"),
            "the middle levels are left out of the cuts": ("if j > 0:", "if j == 3:"),
            "averaged over the cuts": (
                "n = len(level)",
                "n = len(cuts)",
                "np.zeros((n, 1)), below, np.ones((n, 1))",
                "np.zeros((len(eta), 1)), below, np.ones((len(eta), 1))",
                "deta = np.zeros(n)",
                "deta = np.zeros(len(eta))",
            ),
        },
    ),
]
