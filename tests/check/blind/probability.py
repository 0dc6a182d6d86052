"""Gaussian mixture, a variational autoencoder's loss, matrix factorisation, cosine similarity."""

from __future__ import annotations

import numpy as np
from check.blind.case import NONE, Family, softmax


def mixture_loss(logits, means, log_sigma, x):
    log_pi = logits - np.log(np.sum(np.exp(logits)))
    z = (x[:, None] - means) / np.exp(log_sigma)
    log_joint = log_pi - log_sigma - 0.5 * np.log(2 * np.pi) - 0.5 * z**2
    top = np.max(log_joint, axis=1, keepdims=True)
    return -np.mean(top[:, 0] + np.log(np.sum(np.exp(log_joint - top), axis=1)))


def mixture_backward(logits, means, log_sigma, x, bug=NONE):
    n, k = len(x), len(means)
    pi, sigma = softmax(logits), np.exp(log_sigma)
    if "sigma of half" in bug:
        sigma = np.exp(0.5 * log_sigma)
    z = (x[:, None] - means) / sigma
    log_joint = np.log(pi) - np.log(sigma) - 0.5 * z**2
    if "density without sigma" in bug:
        log_joint = np.log(pi) - 0.5 * z**2
    if "density without half" in bug:
        log_joint = np.log(pi) - np.log(sigma) - z**2
    if "no priors" in bug:
        log_joint = -np.log(sigma) - 0.5 * z**2
    r = softmax(log_joint)
    if "hard assignment" in bug:
        r = np.eye(k)[np.argmax(r, axis=1)]
    if "normalised over data" in bug:
        r = softmax(log_joint, axis=0)
    if "not normalised" in bug:
        r = np.exp(log_joint)
    if "priors as responsibilities" in bug:
        r = np.tile(pi, (n, 1))
    d_logits = pi - r.mean(axis=0)
    if "no softmax" in bug:
        d_logits = -r.mean(axis=0) / pi
    if "logits without normaliser" in bug:
        d_logits = -r.mean(axis=0)
    if "logits uniform" in bug:
        d_logits = 1 / k - r.mean(axis=0)
    d_means = -np.mean(r * z, axis=0) / sigma
    if "means sign" in bug:
        d_means = -d_means
    if "means by sigma" in bug:
        d_means = -np.mean(r * z, axis=0)
    if "means by cube" in bug:
        d_means = -np.mean(r * z, axis=0) / sigma**2
    if "means weighted" in bug:
        d_means = d_means / r.mean(axis=0)
    d_log_sigma = np.mean(r * (1 - z**2), axis=0)
    if "sigma itself" in bug:
        d_log_sigma = d_log_sigma / sigma
    if "log term missing" in bug:
        d_log_sigma = -np.mean(r * z**2, axis=0)
    if "variance for deviation" in bug:
        d_log_sigma = 0.5 * d_log_sigma
    if "one component" in bug:
        d_log_sigma[0] = 0
    if "sign" in bug:
        return -d_logits, -d_means, -d_log_sigma
    if "sum" in bug:
        return n * d_logits, n * d_means, n * d_log_sigma
    return d_logits, d_means, d_log_sigma


MIXTURE = {
    "sigma of half": "log_sigma taken as a log-variance",
    "density without sigma": "1/sigma missing in the densities",
    "density without half": "1/2 in the exponent missing",
    "no priors": "mixing weights missing in the responsibilities",
    "hard assignment": "each point assigned to one component only",
    "normalised over data": "responsibilities normalised over the data",
    "not normalised": "responsibilities not normalised",
    "priors as responsibilities": "mixing weights used as responsibilities",
    "no softmax": "gradient for the weights, not for their logits",
    "logits without normaliser": "normaliser of the mixing logits missing",
    "logits uniform": "uniform weights in the logits' gradient",
    "means sign": "sign of the means' gradient",
    "means by sigma": "1/sigma missing in the means' gradient",
    "means by cube": "one 1/sigma too many in the means' gradient",
    "means weighted": "divided by the responsibilities' mass, as in an EM step",
    "sigma itself": "gradient for sigma, not for its logarithm",
    "log term missing": "log sigma's own term missing",
    "variance for deviation": "1/2 too many: as if for the log-variance",
    "one component": "first component's deviation gets no gradient",
    "sign": "gradient of the log-likelihood, not of its negative",
    "sum": "summed over points instead of averaged",
}


def mixture_point(rng):
    return rng.normal(size=3), rng.normal(size=3) * 2, rng.normal(size=3) * 0.3, rng.normal(size=12) * 2


def vae_loss(Wm, Ws, D, X, noise, weight):
    mu, log_var = X @ Wm, X @ Ws
    z = mu + np.exp(0.5 * log_var) * noise
    fit = np.sum((z @ D - X) ** 2)
    kl = -0.5 * np.sum(1 + log_var - mu**2 - np.exp(log_var))
    return (fit + weight * kl) / len(X)


def vae_backward(Wm, Ws, D, X, noise, weight, bug=NONE):
    n = len(X)
    mu, log_var = X @ Wm, X @ Ws
    std = np.exp(0.5 * log_var)
    if "deviation of log_var" in bug:
        std = np.exp(log_var)
    z = mu + std * noise
    if "no noise" in bug:
        z = mu
    d = 2 * (z @ D - X) / n
    if "fit halved" in bug:
        d = d / 2
    dD = z.T @ d
    if "D of mean" in bug:
        dD = mu.T @ d
    dz = d @ D.T
    d_mu_kl, d_var_kl = mu, 0.5 * (np.exp(log_var) - 1)
    if "mu doubled" in bug:
        d_mu_kl = 2 * mu
    if "mu sign" in bug:
        d_mu_kl = -mu
    if "mu missing" in bug:
        d_mu_kl = 0 * mu
    if "var without half" in bug:
        d_var_kl = np.exp(log_var) - 1
    if "var without one" in bug:
        d_var_kl = 0.5 * np.exp(log_var)
    if "var sign" in bug:
        d_var_kl = -d_var_kl
    if "var as variance" in bug:
        d_var_kl = 0.5 * (1 - np.exp(-log_var))
    if "var missing" in bug:
        d_var_kl = 0 * mu
    if "var linear" in bug:
        d_var_kl = 0.5 * (log_var - 1)
    beta = weight
    if "no weight" in bug:
        beta = 1.0
    if "weight twice" in bug:
        beta = weight**2
    if "no KL" in bug:
        beta = 0.0
    kl_n = 1 if "KL not averaged" in bug else n
    d_std = dz * noise * 0.5 * std
    if "half of deviation" in bug:
        d_std = dz * noise * std
    if "deviation without std" in bug:
        d_std = dz * noise * 0.5
    if "noise forgotten" in bug:
        d_std = dz * 0.5 * std
    if "sampling detached" in bug:
        d_std = 0 * dz
    d_mu = dz + beta * d_mu_kl / kl_n
    if "mean detached" in bug:
        d_mu = beta * d_mu_kl / kl_n
    return X.T @ d_mu, X.T @ (d_std + beta * d_var_kl / kl_n), dD


VAE = {
    "deviation of log_var": "1/2 in exp(log_var / 2) missing in the recomputed sample",
    "no noise": "sample recomputed without noise",
    "fit halved": "2 of the squared error missing",
    "D of mean": "decoder's gradient with the mean in place of the sample",
    "mu doubled": "KL: mu's derivative doubled",
    "mu sign": "KL: mu's derivative with the wrong sign",
    "mu missing": "KL: mu's term missing",
    "var without half": "KL: 1/2 missing in log_var's derivative",
    "var without one": "KL: the 1 missing in log_var's derivative",
    "var sign": "KL: sign of log_var's derivative",
    "var as variance": "KL: derivative for the variance, not its logarithm",
    "var missing": "KL: log_var's term missing",
    "var linear": "KL: exponential forgotten",
    "no weight": "KL weight forgotten",
    "weight twice": "KL weight squared",
    "no KL": "KL term missing",
    "KL not averaged": "KL term not divided by n",
    "half of deviation": "reparametrisation: 1/2 missing",
    "deviation without std": "reparametrisation: exp(log_var/2) missing",
    "noise forgotten": "reparametrisation: noise missing",
    "sampling detached": "reparametrisation: no gradient to log_var through the sample",
    "mean detached": "reparametrisation: no gradient to mu through the sample",
}


def vae_point(rng):
    shapes = (5, 2), (5, 2), (2, 5)
    return *(rng.normal(size=s) * 0.5 for s in shapes), rng.normal(size=(6, 5)), rng.normal(size=(6, 2)), 0.4


def factors_loss(U, V, user_bias, item_bias, mu, users, items, ratings, reg):
    fit = np.sum(U[users] * V[items], axis=1) + user_bias[users] + item_bias[items] + mu
    return np.sum((ratings - fit) ** 2) / len(ratings) + reg * (np.sum(U**2) + np.sum(V**2))


def factors_backward(U, V, user_bias, item_bias, mu, users, items, ratings, reg, bug=NONE):
    n = len(ratings)
    fit = np.sum(U[users] * V[items], axis=1) + user_bias[users] + item_bias[items] + mu
    if "no item bias in fit" in bug:
        fit = fit - item_bias[items]
    if "no mean in fit" in bug:
        fit = fit - mu
    e = 2 * (fit - ratings) / n
    if "no two" in bug:
        e = e / 2
    if "sum" in bug:
        e = e * n
    if "clipped ratings" in bug:
        e = 2 * (np.clip(fit, 1, 5) - ratings) / n
    dU, dV = np.zeros_like(U), np.zeros_like(V)
    d_user, d_item = np.zeros_like(user_bias), np.zeros_like(item_bias)
    for k in range(n):
        u, i = users[k], items[k]
        if "users overwritten" in bug:
            dU[u] = e[k] * V[i]
        else:
            dU[u] += e[k] * (U[u] if "U of itself" in bug else V[i])
        if "updated user" in bug:
            dV[i] += e[k] * (U[u] - 0.05 * dU[u])
        elif "V by rating" in bug:
            dV[i] += e[k] * U[u] * ratings[k]
        elif "items by user index" in bug:
            dV[u % len(V)] += e[k] * U[u]
        else:
            dV[i] += e[k] * U[u]
        d_user[u] += e[k]
        if "item bias overwritten" in bug:
            d_item[i] = e[k]
        else:
            d_item[i] += e[k]
    if "user bias mean" in bug:
        d_user = d_user / np.maximum(np.bincount(users, minlength=len(U)), 1)
    d_mu = np.sum(e)
    if "mean once" in bug:
        d_mu = np.mean(e)
    if "mean missing" in bug:
        d_mu = 0.0
    penalty_U, penalty_V = 2 * reg * U, 2 * reg * V
    if "penalty halved" in bug:
        penalty_U, penalty_V = reg * U, reg * V
    if "penalty of seen users" in bug:
        penalty_U = penalty_U * np.isin(np.arange(len(U)), users)[:, None]
    if "penalty a rating" in bug:
        penalty_U = penalty_U * np.bincount(users, minlength=len(U))[:, None]
    if "penalty of items missing" in bug:
        penalty_V = 0 * V
    if "penalty of biases" in bug:
        d_user, d_item = d_user + 2 * reg * user_bias, d_item + 2 * reg * item_bias
    if "penalty exchanged" in bug:
        penalty_U[:3], penalty_V[:3] = penalty_V[:3].copy(), penalty_U[:3].copy()
    if "factor one" in bug:
        dU[:, 1] = 0
    return dU + penalty_U, dV + penalty_V, d_user, d_item, d_mu


FACTORS = {
    "no item bias in fit": "item bias missing in the recomputed prediction",
    "no mean in fit": "global mean missing in the recomputed prediction",
    "no two": "2 of the square missing",
    "sum": "not averaged over the ratings",
    "clipped ratings": "predictions clipped to 1..5 in the backward pass",
    "users overwritten": "user's row keeps the last rating's gradient only",
    "U of itself": "user's gradient with the user's own row",
    "updated user": "item's gradient uses the already updated user row",
    "V by rating": "item's gradient multiplied by the rating",
    "items by user index": "item's gradient written to the user's index",
    "item bias overwritten": "item bias keeps the last rating's gradient only",
    "user bias mean": "user bias averaged over the user's ratings",
    "mean once": "global mean's gradient averaged twice",
    "mean missing": "global mean gets no gradient",
    "penalty halved": "2 of the penalty missing",
    "penalty of seen users": "penalty for users with ratings only",
    "penalty a rating": "penalty counted once a rating",
    "penalty of items missing": "penalty missing for the items",
    "penalty of biases": "biases penalised too",
    "penalty exchanged": "penalties of users and items exchanged for the first rows",
    "factor one": "one latent factor of the users gets no data gradient",
}


def factors_point(rng):
    users, items = np.array([0, 0, 1, 2, 2, 2, 3, 1]), np.array([1, 3, 3, 0, 1, 2, 3, 0])
    shapes = (5, 2), (4, 2), 5, 4
    return *(rng.normal(size=s) for s in shapes), 3.0, users, items, rng.uniform(1, 5, size=8), 0.03


def cosine_loss(W, q, X, y):
    h = X @ W
    lengths = np.sqrt(np.sum(h**2, axis=1))
    cosine = h @ q / (lengths * np.sqrt(q @ q))
    return np.sum((cosine - y) ** 2)


def cosine_backward(W, q, X, y, bug=NONE):
    h = X @ W
    lengths, q_length = np.sqrt(np.sum(h**2, axis=1)), np.sqrt(q @ q)
    if "sum of absolutes" in bug:
        lengths = np.sum(np.abs(h), axis=1)
    if "q not normalised" in bug:
        q_length = 1.0
    dot = h @ q
    cosine = dot / (lengths * q_length)
    d = 2 * (cosine - y)
    if "no two" in bug:
        d = cosine - y
    if "mean" in bug:
        d = d / len(y)
    if "distance" in bug:
        d = 2 * (1 - cosine - y)
    unit_h, unit_q = h / lengths[:, None], q / q_length
    dh = d[:, None] * (unit_q - cosine[:, None] * unit_h) / lengths[:, None]
    if "length constant" in bug:
        dh = d[:, None] * unit_q / lengths[:, None]
    if "projection sign" in bug:
        dh = d[:, None] * (unit_q + cosine[:, None] * unit_h) / lengths[:, None]
    if "projection of q" in bug:
        dh = d[:, None] * (unit_q - cosine[:, None] * unit_q) / lengths[:, None]
    if "projection without cosine" in bug:
        dh = d[:, None] * (unit_q - unit_h) / lengths[:, None]
    if "h not divided" in bug:
        dh = d[:, None] * (unit_q - cosine[:, None] * unit_h)
    if "q for unit q" in bug:
        dh = d[:, None] * (q - cosine[:, None] * unit_h) / lengths[:, None]
    if "projection halved" in bug:
        dh = d[:, None] * (unit_q - 0.5 * cosine[:, None] * unit_h) / lengths[:, None]
    if "h for unit h" in bug:
        dh = d[:, None] * (unit_q - cosine[:, None] * h) / lengths[:, None]
    dq = (d @ unit_h - np.sum(d * cosine) * unit_q) / q_length
    if "q's length constant" in bug:
        dq = d @ unit_h / q_length
    if "q not divided" in bug:
        dq = dq * q_length
    if "q of last row" in bug:
        dq = d[-1] * (unit_h[-1] - cosine[-1] * unit_q) / q_length
    if "q frozen" in bug:
        dq = 0 * q
    if "q of raw h" in bug:
        dq = (d @ h - np.sum(d * cosine) * unit_q) / q_length
    dW = X.T @ dh
    if "one row of W" in bug:
        dW[2] = 0
    return dW, dq


COSINE = {
    "sum of absolutes": "L1 length in place of the Euclidean",
    "q not normalised": "query's length left out",
    "no two": "2 of the square missing",
    "mean": "averaged although the loss sums",
    "distance": "cosine distance in place of the similarity",
    "length constant": "h's length treated as constant",
    "projection sign": "projection added instead of subtracted",
    "projection of q": "projection onto q instead of onto h",
    "projection without cosine": "projection lacks the cosine factor",
    "h not divided": "division by h's length missing",
    "q for unit q": "query not normalised in the first term",
    "projection halved": "projection multiplied by 1/2 (root's derivative counted twice)",
    "h for unit h": "h not normalised in the projection",
    "q's length constant": "query's length treated as constant",
    "q not divided": "division by the query's length missing",
    "q of last row": "query's gradient from the last row only",
    "q frozen": "query gets no gradient",
    "q of raw h": "h not normalised in the query's gradient",
    "one row of W": "one row of W gets no gradient",
}


def cosine_point(rng):
    return rng.normal(size=(4, 3)), rng.normal(size=3) * 2, rng.normal(size=(6, 4)), rng.uniform(-1, 1, size=6)


FAMILIES = [
    Family(
        "Gaussian mixture",
        mixture_loss,
        mixture_backward,
        mixture_point,
        3,
        MIXTURE,
        (("logits uniform", "means by sigma"), ("means sign", "one component")),
        (0.1, 2.0),
    ),
    Family(
        "variational autoencoder",
        vae_loss,
        vae_backward,
        vae_point,
        3,
        VAE,
        (("mu doubled", "half of deviation"), ("D of mean", "var without half")),
        (1e-3, 0.1),
    ),
    Family(
        "matrix factorisation",
        factors_loss,
        factors_backward,
        factors_point,
        5,
        FACTORS,
        (("users overwritten", "mean once"), ("penalty of items missing", "user bias mean")),
        (1e-2, 10.0, 1e3),
    ),
    Family(
        "cosine similarity",
        cosine_loss,
        cosine_backward,
        cosine_point,
        2,
        COSINE,
        (("length constant", "q not divided"),),
        (1e-3, 0.1, 1e3),
    ),
]
