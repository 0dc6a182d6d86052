"""Layer norm, batch norm and root-mean-square norm in small nets."""

from __future__ import annotations

import numpy as np
from check.blind_second.case import Family


def layer_norm(W, gamma, beta, X, y, eps):
    a = X @ W
    mu = a.mean(axis=1, keepdims=True)
    var = a.var(axis=1, keepdims=True)
    xhat = (a - mu) / np.sqrt(var + eps)
    out = np.sum(np.tanh(gamma * xhat + beta), axis=1)
    return np.mean((out - y) ** 2)


def d_layer_norm(W, gamma, beta, X, y, eps):
    a = X @ W
    mu = a.mean(axis=1, keepdims=True)
    var = a.var(axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    xhat = (a - mu) / std
    t = np.tanh(gamma * xhat + beta)
    dout = 2 * (t.sum(axis=1) - y) / len(y)
    dz = dout[:, None] * (1 - t**2)
    dgamma = np.sum(dz * xhat, axis=0)
    dbeta = np.sum(dz, axis=0)
    dxhat = dz * gamma
    m1 = dxhat.mean(axis=1, keepdims=True)
    m2 = np.mean(dxhat * xhat, axis=1, keepdims=True)
    da = (dxhat - m1 - xhat * m2) / std
    dW = X.T @ da
    return dW, dgamma, dbeta


def layer_norm_point(rng):
    W, gamma, beta = rng.normal(size=(3, 5)), rng.normal(size=5), 0.3 * rng.normal(size=5)
    return W, gamma, beta, rng.normal(size=(5, 3)), rng.normal(size=5), 0.1


def batch_norm(W, gamma, beta, v, X, y, eps):
    a = X @ W
    mu = a.mean(axis=0)
    var = ((a - mu) ** 2).mean(axis=0)
    xhat = (a - mu) / np.sqrt(var + eps)
    h = np.maximum(gamma * xhat + beta, 0)
    return 0.5 * np.mean((h @ v - y) ** 2)


def d_batch_norm(W, gamma, beta, v, X, y, eps):
    N = X.shape[0]
    a = X @ W
    mu = a.mean(axis=0)
    xmu = a - mu
    var = (xmu**2).mean(axis=0)
    ivar = 1 / np.sqrt(var + eps)
    xhat = xmu * ivar
    z = gamma * xhat + beta
    h = np.maximum(z, 0)
    dpred = (h @ v - y) / N
    dv = h.T @ dpred
    dz = np.outer(dpred, v) * (z > 0)
    dbeta = dz.sum(axis=0)
    dgamma = (dz * xhat).sum(axis=0)
    dxhat = dz * gamma
    dvar = np.sum(dxhat * xmu, axis=0) * -0.5 * ivar**3
    dmu = -np.sum(dxhat * ivar, axis=0) + dvar * np.mean(-2 * xmu, axis=0)
    da = dxhat * ivar + dvar * 2 * xmu / N + dmu / N
    dW = X.T @ da
    return dW, dgamma, dbeta, dv


def batch_norm_point(rng):
    gamma = rng.uniform(0.5, 2, size=4)
    W, beta, v = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=4)
    return W, gamma, beta, v, rng.normal(size=(8, 3)), rng.normal(size=8), 0.2


def rms_norm(W, g, U, X, Y, eps):
    h = X @ W
    n = h / np.sqrt(np.mean(h**2, axis=-1, keepdims=True) + eps) * g
    out = X + n @ U
    return np.sum((out - Y) ** 2)


def d_rms_norm(W, g, U, X, Y, eps):
    d = W.shape[1]
    h = X @ W
    inv = 1 / np.sqrt(np.mean(h**2, axis=-1, keepdims=True) + eps)
    u = h * inv
    n = u * g
    dout = 2 * (X + n @ U - Y)
    dU = n.T @ dout
    dn = dout @ U.T
    dg = np.sum(dn * u, axis=0)
    du = dn * g
    dot = np.sum(du * h, axis=-1, keepdims=True)
    dh = du * inv - h * inv**3 * dot / d
    dW = X.T @ dh
    return dW, dg, dU


def rms_norm_point(rng):
    W, g, U = rng.normal(size=(4, 4)), rng.uniform(0.5, 1.5, size=4), rng.normal(size=(4, 4))
    return W, g, U, rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), 0.05


FAMILIES = [
    Family(
        "layer norm",
        layer_norm,
        d_layer_norm,
        layer_norm_point,
        3,
        {
            "the mean's part of layer norm is dropped": ("dxhat - m1 - xhat * m2", "dxhat - xhat * m2"),
            "the variance's part of layer norm is dropped": ("dxhat - m1 - xhat * m2", "dxhat - m1"),
            "mean and variance are taken as constants": ("(dxhat - m1 - xhat * m2) / std", "dxhat / std"),
            "the division by the standard deviation is forgotten": ("xhat * m2) / std", "xhat * m2)"),
            "divided by the variance": ("xhat * m2) / std", "xhat * m2) / (var + eps)"),
            "eps is added to the standard deviation in the backward pass": (
                "np.sqrt(var + eps)",
                "(np.sqrt(var) + eps)",
            ),
            "eps is forgotten in the backward pass": ("np.sqrt(var + eps)", "np.sqrt(var)"),
            "gamma is forgotten on the way back": ("dxhat = dz * gamma", "dxhat = dz"),
            "gamma's slope is taken of the input before normalising": ("dz * xhat, axis=0", "dz * a, axis=0"),
            "the inner means run over the batch": (
                "dxhat.mean(axis=1, keepdims=True)",
                "dxhat.mean(axis=0, keepdims=True)",
                "np.mean(dxhat * xhat, axis=1, keepdims=True)",
                "np.mean(dxhat * xhat, axis=0, keepdims=True)",
            ),
            "the inner means are sums": (
                "dxhat.mean(axis=1, keepdims=True)",
                "dxhat.sum(axis=1, keepdims=True)",
                "np.mean(dxhat * xhat",
                "np.sum(dxhat * xhat",
            ),
            "variance's part uses the centred input and not the normalised one": (
                "m1 - xhat * m2",
                "m1 - (a - mu) * m2",
            ),
            "the unbiased variance in the backward pass": (
                "a.var(axis=1, keepdims=True)",
                "a.var(axis=1, keepdims=True, ddof=1)",
            ),
            "gamma and beta get each other's gradient": ("return dW, dgamma, dbeta", "return dW, dbeta, dgamma"),
            "beta is averaged over the rows": ("np.sum(dz, axis=0)", "np.mean(dz, axis=0)"),
            "the mean's part has the wrong sign": ("dxhat - m1 -", "dxhat + m1 -"),
            "the slope of tanh is forgotten": ("dout[:, None] * (1 - t**2)", "dout[:, None] * np.ones_like(t)"),
        },
    ),
    Family(
        "batch norm",
        batch_norm,
        d_batch_norm,
        batch_norm_point,
        4,
        {
            "the way through the variance is dropped": (" + dvar * 2 * xmu / N", ""),
            "the way through the mean is dropped": (" + dmu / N", ""),
            "mean and variance are taken as constants": (" + dvar * 2 * xmu / N + dmu / N", ""),
            "the mean's part is not divided by the batch": ("dmu / N", "dmu"),
            "the variance's part is not divided by the batch": ("2 * xmu / N", "2 * xmu"),
            "the 2 of the squared deviation is forgotten": ("dvar * 2 * xmu", "dvar * xmu"),
            "the variance's power is -1/2, not -3/2": ("-0.5 * ivar**3", "-0.5 * ivar"),
            "the variance's slope has the wrong sign": ("* -0.5 *", "* 0.5 *"),
            "gamma is forgotten on the way back": ("dxhat = dz * gamma", "dxhat = dz"),
            "gamma's slope uses the input before normalising": ("(dz * xhat)", "(dz * xmu)"),
            "the rectifier's slope is decided by the normalised value without gamma and beta": (
                "(z > 0)",
                "(xhat > 0)",
            ),
            "the rectifier's slope is forgotten": (" * (z > 0)", ""),
            "the variance is divided by N - 1 in the backward pass": (
                "(xmu**2).mean(axis=0)",
                "(xmu**2).sum(axis=0) / (N - 1)",
            ),
            "the output is not averaged over the batch": ("(h @ v - y) / N", "(h @ v - y)"),
            "gamma and beta get each other's gradient": ("return dW, dgamma, dbeta", "return dW, dbeta, dgamma"),
            "the way through the mean is dropped; and gamma has the wrong sign": (
                " + dmu / N",
                "",
                "dgamma = (dz",
                "dgamma = -(dz",
            ),
        },
    ),
    Family(
        "root-mean-square norm with a skip",
        rms_norm,
        d_rms_norm,
        rms_norm_point,
        3,
        {
            "the norm is taken as a constant": (" - h * inv**3 * dot / d", ""),
            "the norm's part is not divided by the width": ("dot / d", "dot"),
            "the norm's part has the power 1, not 3": ("inv**3", "inv"),
            "the norm's part is added": ("inv - h *", "inv + h *"),
            "the mean is subtracted too, as in layer norm": (
                "dot / d\n",
                "dot / d\n    dh -= dh.mean(axis=-1, keepdims=True)\n",
            ),
            "g is forgotten on the way back": ("du = dn * g", "du = dn"),
            "g's slope is taken of the scaled value": ("dn * u, axis=0", "dn * n, axis=0"),
            "g's slope is taken of the value before the norm": ("dn * u, axis=0", "dn * h, axis=0"),
            "eps is forgotten in the backward pass": (" + eps)", ")"),
            "eps is added after the root": (
                "keepdims=True) + eps)",
                "keepdims=True)) + eps",
                "1 / np.sqrt(",
                "1 / (np.sqrt(",
                "+ eps\n",
                "+ eps)\n",
            ),
            "the sum of squares in place of their mean": ("np.mean(h**2", "np.sum(h**2"),
            "the output matrix is not transposed": ("dout @ U.T", "dout @ U"),
            "the output weights see the value before g": ("dU = n.T", "dU = u.T"),
            "the skip is forgotten in the residual": ("X + n @ U - Y", "n @ U - Y"),
            "the inner sum runs over the rows": ("np.sum(du * h, axis=-1, keepdims=True)", "np.sum(du * h, axis=0)"),
            "the gradient of the first matrix is transposed": ("X.T @ dh", "dh.T @ X"),
        },
    ),
]
