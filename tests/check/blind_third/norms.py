"""Normalisation: layer, batch over (N, C, L), RMS with a residual, group, and weight normalisation."""

from __future__ import annotations

import numpy as np
from check.blind_third.case import Family, scaled, single


def layer_norm(gamma, beta, W, X, Y, eps):
    z = X @ W
    mu = np.mean(z, axis=1, keepdims=True)
    var = np.mean((z - mu) ** 2, axis=1, keepdims=True)
    out = gamma * (z - mu) / np.sqrt(var + eps) + beta
    return 0.5 * np.mean(np.sum((np.tanh(out) - Y) ** 2, axis=1))


def d_layer_norm(gamma, beta, W, X, Y, eps):
    n, d = len(X), W.shape[1]
    z = X @ W
    mu = z.mean(axis=1, keepdims=True)
    var = z.var(axis=1, keepdims=True)
    inv = 1 / np.sqrt(var + eps)
    zhat = (z - mu) * inv
    a = np.tanh(gamma * zhat + beta)
    dout = (a - Y) / n * (1 - a**2)
    dgamma = np.sum(dout * zhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dzhat = dout * gamma
    dvar = np.sum(dzhat * (z - mu), axis=1, keepdims=True) * -0.5 * inv**3
    dmu = -np.sum(dzhat * inv, axis=1, keepdims=True)
    dz = dzhat * inv + dvar * 2 * (z - mu) / d + dmu / d
    dW = X.T @ dz
    return dgamma, dbeta, dW


def d_layer_norm_short(gamma, beta, W, X, Y, eps):
    z = X @ W
    z = z - z.mean(axis=-1, keepdims=True)
    rstd = (np.einsum("nd,nd->n", z, z) / z.shape[1] + eps) ** -0.5
    zhat = z * rstd[:, None]
    a = np.tanh(gamma * zhat + beta)
    g = (a - Y) * (1 - a * a) / len(X)
    gg = g * gamma
    dz = gg - gg.mean(axis=1, keepdims=True) - zhat * (gg * zhat).mean(axis=1, keepdims=True)
    return np.einsum("nd,nd->d", g, zhat), g.sum(0), X.T @ (dz * rstd[:, None])


def layer_point(rng):
    X = rng.normal(size=(6, 3))
    return 1 + 0.3 * rng.normal(size=4), rng.normal(size=4), rng.normal(size=(3, 4)), X, rng.normal(size=(6, 4)), 1e-3


def batch_norm(gamma, beta, X, T, eps):
    """Channels of sequences, (N, C, L): the statistics run over N and L; squared error after a relu."""
    mu = np.mean(X, axis=(0, 2), keepdims=True)
    var = np.mean((X - mu) ** 2, axis=(0, 2), keepdims=True)
    xhat = (X - mu) / np.sqrt(var + eps)
    out = gamma[None, :, None] * xhat + beta[None, :, None]
    return np.sum((np.maximum(out, 0) - T) ** 2) / len(X)


def d_batch_norm(gamma, beta, X, T, eps):
    n, c, length = X.shape
    m = n * length
    mu = X.mean(axis=(0, 2), keepdims=True)
    var = X.var(axis=(0, 2), keepdims=True)
    std = np.sqrt(var + eps)
    xhat = (X - mu) / std
    out = gamma[None, :, None] * xhat + beta[None, :, None]
    dout = 2 * (np.maximum(out, 0) - T) / n
    dout = dout * (out > 0)
    dgamma = np.sum(dout * xhat, axis=(0, 2))
    dbeta = np.sum(dout, axis=(0, 2))
    dxhat = dout * gamma[None, :, None]
    s1 = dxhat.sum(axis=(0, 2), keepdims=True)
    s2 = np.sum(dxhat * xhat, axis=(0, 2), keepdims=True)
    dX = (m * dxhat - s1 - xhat * s2) / (m * std)
    return dgamma, dbeta, dX


def d_batch_norm_channels(gamma, beta, X, T, eps):
    """A channel at a time, by the whole Jacobian of the normalisation."""
    n, c, length = X.shape
    dgamma, dbeta, dX = np.zeros(c), np.zeros(c), np.zeros_like(X)
    for k in range(c):
        x = X[:, k].ravel()
        m = len(x)
        r = x - x.sum() / m
        v = r @ r / m + eps
        y = gamma[k] * r / v**0.5 + beta[k]
        g = np.where(y > 0, 2 / n * (y - T[:, k].ravel()), 0)
        dgamma[k] = g @ r / v**0.5
        dbeta[k] = g.sum()
        J = (np.eye(m) - 1 / m) / v**0.5 - np.outer(r, r) / (m * v**1.5)
        dX[:, k] = (gamma[k] * (J @ g)).reshape(n, length)
    return dgamma, dbeta, dX


def batch_point(rng):
    X = 0.5 + 2 * rng.normal(size=(3, 2, 5))
    return 1 + 0.4 * rng.normal(size=2), 0.5 * rng.normal(size=2), X, rng.normal(size=X.shape), 1e-2


def batch_nearly_constant(rng):
    gamma, beta, X, T, eps = batch_point(rng)
    return gamma, beta, 1.0 + 0.01 * (X - 0.5), T, 1e-5


def rms_x(X, gain, W, Y, eps):
    """A pre-norm residual branch: x + rms_norm(x) W."""
    r = np.sqrt(np.mean(X**2, axis=-1, keepdims=True) + eps)
    out = X + (gain * X / r) @ W
    return np.mean((out - Y) ** 2)


def d_rms_x(X, gain, W, Y, eps):
    d = X.shape[-1]
    r = np.sqrt(np.mean(X**2, axis=-1, keepdims=True) + eps)
    xhat = X / r
    normed = gain * xhat
    dout = 2 * (X + normed @ W - Y) / Y.size
    dW = normed.T @ dout
    dnormed = dout @ W.T
    dgain = np.sum(dnormed * xhat, axis=0)
    dxhat = dnormed * gain
    dr = -np.sum(dxhat * X, axis=-1, keepdims=True) / r**2
    dX = dout + dxhat / r + dr * X / (d * r)
    return dX, dgain, dW


def d_rms_rows(X, gain, W, Y, eps):
    dX, dgain, dW = np.zeros_like(X), np.zeros_like(gain), np.zeros_like(W)
    for i, x in enumerate(X):
        q = 1 / np.sqrt(x @ x / len(x) + eps)
        e = (x + (q * gain * x) @ W - Y[i]) * (2 / Y.size)
        u = W @ e
        dW += q * np.outer(gain * x, e)
        dgain += q * u * x
        dX[i] = e + q * (gain * u) - q**3 * x * ((gain * u) @ x) / len(x)
    return dX, dgain, dW


def rms_point(rng):
    X = 1.5 * rng.normal(size=(5, 4))
    return X, 1 + 0.5 * rng.normal(size=4), rng.normal(size=(4, 4)), rng.normal(size=(5, 4)), 1e-2


def group_norm(gamma, beta, X, R, groups, eps):
    n, c, h, w = X.shape
    x = np.reshape(X, (n, groups, c // groups * h * w))
    mu = np.mean(x, axis=2, keepdims=True)
    var = np.mean((x - mu) ** 2, axis=2, keepdims=True)
    xhat = np.reshape((x - mu) / np.sqrt(var + eps), X.shape)
    out = xhat * gamma[:, None, None] + beta[:, None, None]
    return np.sum(R * out / (1 + np.exp(-out)))


def d_group_norm(gamma, beta, X, R, groups, eps):
    n, c, h, w = X.shape
    size = c // groups * h * w
    x = X.reshape(n, groups, size)
    mu = x.mean(axis=2, keepdims=True)
    inv = 1 / np.sqrt(x.var(axis=2, keepdims=True) + eps)
    xhat = ((x - mu) * inv).reshape(X.shape)
    out = xhat * gamma[:, None, None] + beta[:, None, None]
    s = 1 / (1 + np.exp(-out))
    dout = R * (s + out * s * (1 - s))
    dgamma = np.sum(dout * xhat, axis=(0, 2, 3))
    dbeta = np.sum(dout, axis=(0, 2, 3))
    dxhat = (dout * gamma[:, None, None]).reshape(x.shape)
    xh = xhat.reshape(x.shape)
    along = np.sum(dxhat * xh, axis=2, keepdims=True)
    total = np.sum(dxhat, axis=2, keepdims=True)
    dx = inv * (dxhat - total / size - xh * along / size)
    return dgamma, dbeta, dx.reshape(X.shape)


def d_group_norm_loop(gamma, beta, X, R, groups, eps):
    dgamma, dbeta, dX = np.zeros_like(gamma), np.zeros_like(beta), np.zeros_like(X)
    per = len(gamma) // groups
    for i in range(len(X)):
        for g in range(groups):
            part = slice(g * per, (g + 1) * per)
            x = X[i, part] - X[i, part].mean()
            sd = np.sqrt((x**2).mean() + eps)
            out = gamma[part, None, None] * x / sd + beta[part, None, None]
            s = 1 / (1 + np.exp(-out))
            e = R[i, part] * s * (1 + out - out * s)
            dgamma[part] += (e * x / sd).sum(axis=(1, 2))
            dbeta[part] += e.sum(axis=(1, 2))
            u = e * gamma[part, None, None]
            dvar = -0.5 * (u * x).sum() / sd**3
            dX[i, part] = (u - u.mean()) / sd + 2 * dvar * x / x.size
    return dgamma, dbeta, dX


def group_point(rng):
    shape = (2, 6, 2, 3)
    return 1 + 0.3 * rng.normal(size=6), rng.normal(size=6), rng.normal(size=shape), rng.normal(size=shape), 2, 1e-3


def weight_norm(V, g, b, X, y):
    """Weight normalisation, the rows of V scaled to the lengths g, then a scaled sum of the outputs' sines."""
    norm = np.sqrt(np.sum(V**2, axis=1))
    W = g[:, None] * V / norm[:, None]
    out = np.sum(np.sin(X @ W.T + b), axis=1)
    return np.mean((out - y) ** 2) + 0.01 * np.sum(g**4)


def d_weight_norm(V, g, b, X, y):
    n = len(y)
    norm = np.sqrt(np.sum(V**2, axis=1))
    unit = V / norm[:, None]
    W = g[:, None] * unit
    z = X @ W.T + b
    dout = 2 * (np.sin(z).sum(axis=1) - y) / n
    dz = dout[:, None] * np.cos(z)
    db = dz.sum(axis=0)
    dW = dz.T @ X
    dg = np.sum(dW * unit, axis=1) + 0.04 * g**3
    along = np.sum(dW * unit, axis=1)
    dV = (g / norm)[:, None] * (dW - along[:, None] * unit)
    return dV, dg, db


def d_weight_norm_rows(V, g, b, X, y):
    z = np.stack([X @ (g[k] * V[k] / np.linalg.norm(V[k])) + b[k] for k in range(len(g))])
    err = np.sin(z).sum(axis=0) - y
    dV, dg, db = np.zeros_like(V), 0.04 * g**3, np.zeros_like(b)
    for k, v in enumerate(V):
        w = 2 * np.mean((err * np.cos(z[k]))[:, None] * X, axis=0)
        length = np.linalg.norm(v)
        dg[k] += w @ v / length
        dV[k] = g[k] * (np.eye(len(v)) / length - np.outer(v, v) / length**3) @ w
        db[k] = 2 * np.mean(err * np.cos(z[k]))
    return dV, dg, db


def weight_point(rng):
    return rng.normal(size=(3, 4)), 1 + rng.random(3), rng.normal(size=3), rng.normal(size=(7, 4)), rng.normal(size=7)


FAMILIES = [
    Family(
        "layer normalisation",
        layer_norm,
        d_layer_norm,
        layer_point,
        3,
        {
            "mean and variance are treated as constants [B21 M29]": (
                " + dvar * 2 * (z - mu) / d + dmu / d",
                "",
            ),
            "the mean's path is left out [B21 M29]": (" + dmu / d", ""),
            "the variance's path is left out [B21 M29]": (" + dvar * 2 * (z - mu) / d", ""),
            "the variance's path lacks the 2 of the square [B2 M01]": ("dvar * 2 *", "dvar *"),
            "the variance's path lacks -1/2 of the power [B2]": ("* -0.5 * inv**3", "* -inv**3"),
            "the power of the standard deviation in the variance's path is 1, not 3 [M02]": ("inv**3", "inv"),
            "the mean's path is not divided by the features [B1 M11]": ("dmu / d", "dmu"),
            "divided by the rows, not the features [B1]": ("(z - mu) / d + dmu / d", "(z - mu) / n + dmu / n"),
            "the gain is forgotten in the input's path [M04]": ("dzhat = dout * gamma", "dzhat = dout"),
            "gain's gradient takes the unnormalised values": ("dout * zhat, axis=0", "dout * (z - mu), axis=0"),
            "shift's gradient is averaged over the rows [B6]": ("dbeta = np.sum", "dbeta = np.mean"),
            "gain's gradient is summed over the features, not the rows [B5 M13]": (
                "dout * zhat, axis=0",
                "dout * zhat, axis=1",
            ),
            "statistics going back over the batch, as in batch normalisation [B18]": (
                "dvar = np.sum(dzhat * (z - mu), axis=1, keepdims=True)",
                "dvar = np.sum(dzhat * (z - mu), axis=0, keepdims=True)",
                "dmu = -np.sum(dzhat * inv, axis=1, keepdims=True)",
                "dmu = -np.sum(dzhat * inv, axis=0, keepdims=True)",
            ),
            "tanh's slope is left out [B9]": (" * (1 - a**2)", ""),
            "tanh's slope is taken at the normalised values [B10]": ("(1 - a**2)", "(1 - np.tanh(zhat) ** 2)"),
            "the unbiased variance in the backward pass": (
                "z.var(axis=1, keepdims=True)",
                "z.var(axis=1, keepdims=True, ddof=1)",
            ),
        },
        d_layer_norm_short,
        {"single precision": single(layer_point), "tiny inputs": scaled(layer_point, {3: 1e-3})},
    ),
    Family(
        "batch normalisation of sequences",
        batch_norm,
        d_batch_norm,
        batch_point,
        3,
        {
            "mean and variance are treated as constants [B21]": ("(m * dxhat - s1 - xhat * s2)", "(m * dxhat)"),
            "the variance's path is left out [B21]": (" - xhat * s2", ""),
            "the mean's path is left out [B21]": (" - s1", ""),
            "the count leaves out the positions: N for N L [B1]": ("m = n * length", "m = n"),
            "the count includes the channels [B1]": ("m = n * length", "m = n * length * c"),
            "sums over the batch axis only, not over the positions [B5]": (
                "s1 = dxhat.sum(axis=(0, 2), keepdims=True)\n    s2 = np.sum(dxhat * xhat, axis=(0, 2), keepdims=True)",
                "s1 = length * dxhat.sum(axis=0, keepdims=True)\n"
                "    s2 = length * np.sum(dxhat * xhat, axis=0, keepdims=True)",
            ),
            "the gain is forgotten in the input's gradient [M04]": (
                "dout * gamma[None, :, None]\n    s1",
                "dout\n    s1",
            ),
            "divided by the variance, not the standard deviation": ("(m * std)", "(m * std**2)"),
            "not divided by the standard deviation [M04]": ("(m * std)", "m"),
            "the relu mask is of the normalised values [M06]": ("dout * (out > 0)", "dout * (xhat > 0)"),
            "the relu mask is forgotten [M05 B22]": ("    dout = dout * (out > 0)\n", ""),
            "shift's gradient is the mean [B6]": ("dbeta = np.sum(dout,", "dbeta = np.mean(dout,"),
            "gain's gradient lacks the normalised values [M14]": ("dout * xhat, axis", "dout * X, axis"),
            "gain and shift are returned swapped": ("return dgamma, dbeta", "return dbeta, dgamma"),
            "eps is forgotten in the backward pass (and it is not small here)": (
                "np.sqrt(var + eps)",
                "np.sqrt(var)",
            ),
            "the variance's path lacks its normalised values' second use: s2 with dout for dxhat": (
                "np.sum(dxhat * xhat, axis=(0, 2), keepdims=True)",
                "np.sum(dout * xhat, axis=(0, 2), keepdims=True)",
            ),
        },
        d_batch_norm_channels,
        {"nearly constant channels": batch_nearly_constant, "single precision": single(batch_point)},
    ),
    Family(
        "RMS normalisation in a residual branch",
        rms_x,
        d_rms_x,
        rms_point,
        3,
        {
            "the residual connection is forgotten [M20]": ("dX = dout + dxhat", "dX = dxhat"),
            "the norm is treated as a constant [B21]": (" + dr * X / (d * r)", ""),
            "the norm's path has the wrong sign [B3]": ("dr = -np.sum", "dr = np.sum"),
            "the norm's path is not divided by the number of features [B1]": ("(d * r)", "r"),
            "the norm's path is divided by the rows [B1]": ("d = X.shape[-1]", "d = len(X)"),
            "the norm's path lacks one division by the norm [M04]": ("(d * r)", "d"),
            "eps is left out of the norm in the backward pass (it is not small here)": (
                "axis=-1, keepdims=True) + eps)",
                "axis=-1, keepdims=True))",
            ),
            "the gain is forgotten in the input's path": ("dxhat = dnormed * gain", "dxhat = dnormed"),
            "the gain is forgotten in the norm's sum only": ("np.sum(dxhat * X,", "np.sum(dnormed * X,"),
            "the gain's gradient takes X unnormalised": (
                "np.sum(dnormed * xhat, axis=0)",
                "np.sum(dnormed * X, axis=0)",
            ),
            "a mean is subtracted as in layer normalisation [B21]": (
                "dxhat = dnormed * gain",
                "dxhat = dnormed * gain\n    dxhat = dxhat - dxhat.mean(axis=-1, keepdims=True)",
            ),
            "the square weight matrix is not transposed [B4 M09]": ("dout @ W.T", "dout @ W"),
            "the weights' gradient takes the input before the gain": ("dW = normed.T", "dW = xhat.T"),
            "the weights' gradient is transposed [B4 M09]": ("dW = normed.T @ dout", "dW = dout.T @ normed"),
            "averaged over the rows only [B1]": ("/ Y.size", "/ len(Y)"),
        },
        d_rms_rows,
        {"tiny inputs": scaled(rms_point, {0: 1e-3}), "single precision": single(rms_point)},
    ),
    Family(
        "group normalisation with swish",
        group_norm,
        d_group_norm,
        group_point,
        3,
        {
            "the group's size leaves out the pixels [B1]": (
                "size = c // groups * h * w",
                "size0 = c // groups * h * w\n    size = c // groups",
                "reshape(n, groups, size)",
                "reshape(n, groups, size0)",
            ),
            "the sums of the input's gradient are not divided by the size [B1 M11]": (
                "total / size - xh * along / size",
                "total - xh * along",
            ),
            "the mean's path is left out [B21]": (" - total / size", ""),
            "the variance's path is left out [B21]": (" - xh * along / size", ""),
            "the gain is applied after the normalisation's backward, not before": (
                "dxhat = (dout * gamma[:, None, None]).reshape(x.shape)",
                "dxhat = dout.reshape(x.shape)",
                "dx.reshape(X.shape)",
                "dx.reshape(X.shape) * gamma[:, None, None]",
            ),
            "swish's slope is the sigmoid alone [M20]": ("(s + out * s * (1 - s))", "s"),
            "swish's slope lacks the output factor": ("s + out * s * (1 - s)", "s + s * (1 - s)"),
            "not multiplied by 1 / standard deviation": ("dx = inv * (", "dx = ("),
            "gain's gradient is summed over the batch only, then averaged over the pixels [B6]": (
                "dgamma = np.sum(dout * xhat, axis=(0, 2, 3))",
                "dgamma = np.mean(np.sum(dout * xhat, axis=0), axis=(1, 2))",
            ),
            "gain's gradient uses the output [B10]": ("dout * xhat, axis", "dout * out, axis"),
            "the sum along the normalised values is over the whole image, not the group [B18]": (
                "along = np.sum(dxhat * xh, axis=2, keepdims=True)",
                "along = np.sum(dxhat * xh, axis=(1, 2), keepdims=True)",
            ),
            "groups are cut by stride (channel modulo groups), not in blocks [B25]": (
                "dxhat = (dout * gamma[:, None, None]).reshape(x.shape)",
                "order = np.arange(c).reshape(-1, groups).T.ravel()\n"
                "    dxhat = (dout * gamma[:, None, None])[:, order].reshape(x.shape)",
            ),
            "inverse deviation cubed along the normalised values": (
                "xh * along / size)",
                "xh * along * inv**2 / size)",
            ),
        },
        d_group_norm_loop,
        {"single precision": single(group_point)},
    ),
    Family(
        "weight normalisation",
        weight_norm,
        d_weight_norm,
        weight_point,
        3,
        {
            "the norm is treated as a constant [B21]": ("(dW - along[:, None] * unit)", "dW"),
            "the direction's gradient is not divided by the norm [M04]": ("(g / norm)[:, None]", "g[:, None]"),
            "the direction's gradient lacks the length g [M04]": ("(g / norm)[:, None]", "(1 / norm)[:, None]"),
            "the part along V is not normalised: V in place of the unit vector": (
                "along[:, None] * unit",
                "along[:, None] * V",
            ),
            "the part along V is added [B3]": ("dW - along", "dW + along"),
            "the length's gradient takes V, not the unit vector": ("dg = np.sum(dW * unit", "dg = np.sum(dW * V"),
            "the length's penalty is forgotten [B20]": (" + 0.04 * g**3", ""),
            "the length's penalty has the power kept [M02]": ("0.04 * g**3", "0.04 * g**4"),
            "the length's penalty's 4 is forgotten [B2 M01]": ("0.04 * g**3", "0.01 * g**3"),
            "the norm is taken over the other axis, the columns, in the direction's gradient [B18]": (
                "(g / norm)[:, None] * (dW",
                "g[:, None] / np.linalg.norm(V, axis=0) * (dW",
            ),
            "cosine of the output's sum in place of each unit's": (
                "np.cos(z)",
                "np.cos(z.sum(axis=1, keepdims=True)) * np.ones_like(z)",
            ),
            "cosine has become sine [M07]": ("np.cos(z)", "np.sin(z)"),
            "the bias is averaged again [B6 M12]": ("dz.sum(axis=0)", "dz.mean(axis=0)"),
            "all rows share one norm, the matrix's [B18]": (
                "(g / norm)[:, None] * (dW",
                "g[:, None] / np.linalg.norm(V) * (dW",
            ),
        },
        d_weight_norm_rows,
        {"long directions (large)": scaled(weight_point, {0: 1e4}), "single precision": single(weight_point)},
    ),
]
