"""Grids: strided 1-D convolution with average pooling, 2-D convolution with max pooling, bilinear sampling, depthwise."""

from __future__ import annotations

import numpy as np
from check.blind_third.case import Family, scaled, single


def conv1d_x(x, K, b, w, y, stride, pad, pool):
    n, c, length = np.shape(x)
    f, _, k = np.shape(K)
    xp = np.concatenate([np.zeros((n, c, pad)), x, np.zeros((n, c, pad))], axis=2)
    steps = (length + 2 * pad - k) // stride + 1
    z = np.stack([np.einsum("nck,fck->nf", xp[:, :, s * stride : s * stride + k], K) for s in range(steps)], axis=2)
    a = np.tanh(z + b[:, None])
    m = steps // pool
    pooled = np.mean(np.reshape(a[:, :, : m * pool], (n, f, m, pool)), axis=3)
    out = np.sum(pooled * w, axis=(1, 2))
    return 0.5 * np.sum((out - y) ** 2)


def d_conv1d(x, K, b, w, y, stride, pad, pool):
    n, c, length = x.shape
    f, _, k = K.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad)))
    steps = (length + 2 * pad - k) // stride + 1
    z = np.zeros((n, f, steps))
    for s in range(steps):
        z[:, :, s] = np.einsum("nck,fck->nf", xp[:, :, s * stride : s * stride + k], K) + b
    a = np.tanh(z)
    m = steps // pool
    pooled = a[:, :, : m * pool].reshape(n, f, m, pool).mean(axis=3)
    out = np.sum(pooled * w, axis=(1, 2))
    dout = out - y
    dw = np.einsum("n,nfm->fm", dout, pooled)
    dpooled = dout[:, None, None] * w
    da = np.zeros_like(a)
    da[:, :, : m * pool] = np.repeat(dpooled, pool, axis=2) / pool
    dz = da * (1 - a**2)
    db = dz.sum(axis=(0, 2))
    dK = np.zeros_like(K)
    dxp = np.zeros_like(xp)
    for s in range(steps):
        window = slice(s * stride, s * stride + k)
        dK += np.einsum("nf,nck->fck", dz[:, :, s], xp[:, :, window])
        dxp[:, :, window] += np.einsum("nf,fck->nck", dz[:, :, s], K)
    dx = dxp[:, :, pad : pad + length]
    return dx, dK, db, dw


def d_conv1d_taps(x, K, b, w, y, stride, pad, pool):
    """Output by output and tap by tap, with an index test in place of padding."""
    n, c, length = x.shape
    f, _, k = K.shape
    steps = (length + 2 * pad - k) // stride + 1
    m = steps // pool
    reach = [
        [(j, s * stride + j - pad) for j in range(k) if 0 <= s * stride + j - pad < length] for s in range(m * pool)
    ]
    dx, dK, db, dw = np.zeros_like(x), np.zeros_like(K), np.zeros_like(b), np.zeros_like(w)
    for i in range(n):
        a = np.array([np.tanh(b + sum(K[:, :, j] @ x[i, :, p] for j, p in taps)) for taps in reach]).T
        err = sum(w[:, s // pool] @ a[:, s] for s in range(m * pool)) / pool - y[i]
        for s, taps in enumerate(reach):
            dw[:, s // pool] += err * a[:, s] / pool
            g = err / pool * w[:, s // pool] * (1 - a[:, s] ** 2)
            db += g
            for j, p in taps:
                dK[:, :, j] += np.outer(g, x[i, :, p])
                dx[i, :, p] += g @ K[:, :, j]
    return dx, dK, db, dw


def conv1d_point(rng):
    return (
        rng.normal(size=(3, 2, 10)),
        rng.normal(size=(4, 2, 3)),
        rng.normal(size=4),
        rng.normal(size=(4, 2)),
        rng.normal(size=3),
        2,
        1,
        2,
    )


def conv2d(x, K, b, V, c, labels):
    """Valid convolution, relu, 2 x 2 max pooling, a dense layer and softmax cross-entropy."""
    n, ci, h, w = np.shape(x)
    co, _, kh, kw = np.shape(K)
    oh, ow = h - kh + 1, w - kw + 1
    z = 0
    for i in range(kh):
        for j in range(kw):
            z = z + np.einsum("nchw,fc->nfhw", x[:, :, i : i + oh, j : j + ow], K[:, :, i, j])
    a = np.maximum(z + b[:, None, None], 0)
    p = np.max(np.reshape(a, (n, co, oh // 2, 2, ow // 2, 2)), axis=(3, 5))
    logits = np.reshape(p, (n, -1)) @ V + c
    m = np.max(logits, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(logits - m), axis=1)) + m[:, 0] - logits[np.arange(n), labels])


def d_conv2d(x, K, b, V, c, labels):
    n, ci, h, w = x.shape
    co, _, kh, kw = K.shape
    oh, ow = h - kh + 1, w - kw + 1
    z = np.zeros((n, co, oh, ow)) + b[:, None, None]
    for i in range(kh):
        for j in range(kw):
            z += np.einsum("nchw,fc->nfhw", x[:, :, i : i + oh, j : j + ow], K[:, :, i, j])
    a = np.maximum(z, 0)
    blocks = a.reshape(n, co, oh // 2, 2, ow // 2, 2)
    p = blocks.max(axis=(3, 5))
    flat = p.reshape(n, -1)
    logits = flat @ V + c
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    dlogits = e / e.sum(axis=1, keepdims=True)
    dlogits[np.arange(n), labels] -= 1
    dlogits /= n
    dV = flat.T @ dlogits
    dc = dlogits.sum(axis=0)
    dp = (dlogits @ V.T).reshape(p.shape)
    top = blocks == p[:, :, :, None, :, None]
    da = (top * dp[:, :, :, None, :, None]).reshape(a.shape)
    dz = da * (z > 0)
    db = dz.sum(axis=(0, 2, 3))
    dK = np.zeros_like(K)
    dx = np.zeros_like(x)
    for i in range(kh):
        for j in range(kw):
            dK[:, :, i, j] = np.einsum("nfhw,nchw->fc", dz, x[:, :, i : i + oh, j : j + ow])
            dx[:, :, i : i + oh, j : j + ow] += np.einsum("nfhw,fc->nchw", dz, K[:, :, i, j])
    return dx, dK, db, dV, dc


def d_conv2d_full(x, K, b, V, c, labels):
    """The input's gradient as a full convolution with the flipped kernel; pooling by argmax."""
    n, ci, h, w = x.shape
    co, _, kh, kw = K.shape
    oh, ow = h - kh + 1, w - kw + 1
    views = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))
    z = np.einsum("nchwij,fcij->nfhw", views, K) + b[None, :, None, None]
    dz = np.zeros_like(z)
    ph, pw = oh // 2, ow // 2
    best = {}
    flat = np.zeros((n, co * ph * pw))
    for s, f, i, j in np.ndindex(n, co, ph, pw):
        block = z[s, f, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        u, v = np.unravel_index(np.argmax(block), (2, 2))
        best[s, f, i, j] = (2 * i + u, 2 * j + v)
        flat[s, (f * ph + i) * pw + j] = max(block[u, v], 0.0)
    logits = flat @ V + c
    g = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    g = (g - np.eye(len(c))[labels]) / n
    back = g @ V.T
    for (s, f, i, j), (u, v) in best.items():
        if z[s, f, u, v] > 0:
            dz[s, f, u, v] = back[s, (f * ph + i) * pw + j]
    wide = np.pad(dz, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, (kh, kw), axis=(2, 3))
    dx = np.einsum("nfhwij,fcij->nchw", windows, K[:, :, ::-1, ::-1])
    return dx, np.einsum("nfhw,nchwij->fcij", dz, views), dz.sum(axis=(0, 2, 3)), flat.T @ g, g.sum(axis=0)


def conv2d_point(rng):
    labels = np.array([0, 2, 1])
    return (
        rng.normal(size=(3, 2, 6, 5)),
        0.3 * rng.normal(size=(3, 2, 3, 2)),
        rng.normal(size=3),
        0.4 * rng.normal(size=(12, 3)),
        rng.normal(size=3),
        labels,
    )


def bilinear_loss(image, xy, T):
    h, w = np.shape(image)
    x0, y0 = np.floor(xy[:, 0]).astype(int), np.floor(xy[:, 1]).astype(int)
    u, v = xy[:, 0] - x0, xy[:, 1] - y0
    top = (1 - u) * image[y0, x0] + u * image[y0, x0 + 1]
    low = (1 - u) * image[y0 + 1, x0] + u * image[y0 + 1, x0 + 1]
    return np.sum(((1 - v) * top + v * low - T) ** 2)


def d_bilinear(image, xy, T):
    x, y = xy[:, 0], xy[:, 1]
    x0 = np.floor(x).astype(int)
    y0 = np.floor(y).astype(int)
    u, v = x - x0, y - y0
    a, b = image[y0, x0], image[y0, x0 + 1]
    c, d = image[y0 + 1, x0], image[y0 + 1, x0 + 1]
    value = (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * c + u * d)
    g = 2 * (value - T)
    dimage = np.zeros_like(image)
    np.add.at(dimage, (y0, x0), g * (1 - u) * (1 - v))
    np.add.at(dimage, (y0, x0 + 1), g * u * (1 - v))
    np.add.at(dimage, (y0 + 1, x0), g * (1 - u) * v)
    np.add.at(dimage, (y0 + 1, x0 + 1), g * u * v)
    dx = g * ((1 - v) * (b - a) + v * (d - c))
    dy = g * ((1 - u) * (c - a) + u * (d - b))
    return dimage, np.stack([dx, dy], axis=1)


def d_bilinear_hats(image, xy, T):
    """The weights as products of hat functions over the whole grid."""
    h, w = image.shape
    X = xy[:, :1] - np.arange(w)
    Y = xy[:, 1:] - np.arange(h)
    fx, fy = np.maximum(1 - np.abs(X), 0), np.maximum(1 - np.abs(Y), 0)
    sx, sy = np.where(np.abs(X) < 1, -np.sign(X), 0), np.where(np.abs(Y) < 1, -np.sign(Y), 0)
    g = 2 * (np.einsum("nh,hw,nw->n", fy, image, fx) - T)
    dxy = [np.einsum("nh,hw,nw->n", fy, image, sx) * g, np.einsum("nh,hw,nw->n", sy, image, fx) * g]
    return np.einsum("n,nh,nw->hw", g, fy, fx), np.array(dxy).T


def bilinear_point(rng):
    xy = np.column_stack([rng.uniform(0.1, 3.9, size=9), rng.uniform(0.1, 2.9, size=9)])
    xy = np.floor(xy) + np.clip(xy - np.floor(xy), 0.1, 0.9)
    xy[1] = xy[0] + 0.001 * (xy[1] - xy[0])
    return rng.normal(size=(4, 5)), xy, rng.normal(size=9)


def bilinear_near(rng):
    """Points within 1e-6 of the grid's lines, where the slope jumps."""
    image, xy, T = bilinear_point(rng)
    xy[3] = [2 + 1e-6, 1.5]
    xy[4] = [1.5, 2 + 1e-6]
    return image, xy, T


def separable_x(x, D, P, b, T):
    """A depthwise 1-D filter with circular padding and dilation 2, then mixing of the channels (pointwise), softplus."""
    a = D[:, 0, None] * np.roll(x, 2, axis=-1) + D[:, 1, None] * x + D[:, 2, None] * np.roll(x, -2, axis=-1)
    z = np.einsum("fc,ncl->nfl", P, a) + b[:, None]
    return np.mean((np.logaddexp(0, z) - T) ** 2)


def d_separable_x(x, D, P, b, T):
    n, c, length = x.shape
    before, after = np.roll(x, 2, axis=-1), np.roll(x, -2, axis=-1)
    a = D[:, 0, None] * before + D[:, 1, None] * x + D[:, 2, None] * after
    z = np.einsum("fc,ncl->nfl", P, a) + b[:, None]
    dz = 2 * (np.logaddexp(0, z) - T) / T.size
    dz = dz / (1 + np.exp(-z))
    db = dz.sum(axis=(0, 2))
    dP = np.einsum("nfl,ncl->fc", dz, a)
    da = np.einsum("fc,nfl->ncl", P, dz)
    taps = [np.sum(da * q, axis=(0, 2)) for q in (before, x, after)]
    dD = np.stack(taps, axis=1)
    dx = np.roll(D[:, 0, None] * da, -2, axis=-1) + D[:, 1, None] * da + np.roll(D[:, 2, None] * da, 2, axis=-1)
    return dx, dD, dP, db


def d_separable_matrix(x, D, P, b, T):
    """The filters as circulant matrices."""
    length = x.shape[2]
    eye = np.eye(length)
    shifts = [np.roll(eye, 2, axis=0), eye, np.roll(eye, -2, axis=0)]
    M = np.einsum("ck,kij->cij", D, np.array(shifts))
    a = np.einsum("cij,ncj->nci", M, x)
    z = np.tensordot(a, P, axes=(1, 1)).transpose(0, 2, 1) + b[None, :, None]
    g = (np.log1p(np.exp(z)) - T) * (1 - 1 / (1 + np.exp(z))) * 2 / T.size
    da = np.tensordot(g, P, axes=(1, 0)).transpose(0, 2, 1)
    dD = np.einsum("nci,kij,ncj->ck", da, np.array(shifts), x)
    return np.einsum("cij,nci->ncj", M, da), dD, np.einsum("nfl,ncl->fc", g, a), np.einsum("nfl->f", g)


def separable_point(rng):
    return (
        rng.normal(size=(2, 3, 7)),
        rng.normal(size=(3, 3)),
        rng.normal(size=(4, 3)),
        rng.normal(size=4),
        rng.normal(size=(2, 4, 7)),
    )


FAMILIES = [
    Family(
        "strided 1-D convolution with average pooling",
        conv1d_x,
        d_conv1d,
        conv1d_point,
        4,
        {
            "average pooling's 1/size is forgotten [B1 M11]": ("axis=2) / pool", "axis=2)"),
            "pooled gradients are tiled, not repeated [B25]": (
                "np.repeat(dpooled, pool, axis=2)",
                "np.tile(dpooled, (1, 1, pool))",
            ),
            "pooling goes back to the first of its cells only, as if it were max [B22]": (
                "da[:, :, : m * pool] = np.repeat(dpooled, pool, axis=2) / pool",
                "da[:, :, : m * pool : pool] = dpooled",
            ),
            "tanh's slope is left out [B9 M04]": ("da * (1 - a**2)", "da"),
            "tanh's slope is taken at the sum, not its tanh [B10]": ("1 - a**2", "1 - z**2"),
            "the stride is forgotten in the kernel's windows [B25]": (
                'dK += np.einsum("nf,nck->fck", dz[:, :, s], xp[:, :, window])',
                'dK += np.einsum("nf,nck->fck", dz[:, :, s], xp[:, :, s : s + k])',
            ),
            "overlapping windows are assigned, not added [B14]": ("dxp[:, :, window] +=", "dxp[:, :, window] ="),
            "the padding is cut off the wrong end [B25]": ("dxp[:, :, pad : pad + length]", "dxp[:, :, :length]"),
            "the padding is cut twice at the front [B25]": (
                "dxp[:, :, pad : pad + length]",
                "np.roll(dxp, -pad, axis=2)[:, :, pad : pad + length]",
            ),
            "the kernel is flipped going back": (
                'np.einsum("nf,fck->nck", dz[:, :, s], K)',
                'np.einsum("nf,fck->nck", dz[:, :, s], K[:, :, ::-1])',
            ),
            "the kernel's gradient is flipped": (
                "dx = dxp",
                "dK = dK[:, :, ::-1]\n    dx = dxp",
            ),
            "the kernel's gradient is averaged over the batch [B1 M12]": ("dx = dxp", "dK /= n\n    dx = dxp"),
            "the last window is left out of the kernel's gradient and the input's [B8]": (
                "    for s in range(steps):\n        window",
                "    for s in range(m * pool - 1):\n        window",
            ),
            "the bias is summed over the batch and averaged over the positions [B6]": (
                "dz.sum(axis=(0, 2))",
                "dz.mean(axis=2).sum(axis=0)",
            ),
            "the bias is summed over the positions only, an axis too many [B5]": (
                "dz.sum(axis=(0, 2))",
                "dz.sum(axis=2)",
            ),
            "the reading weights use unpooled activations [M28]": (
                'np.einsum("n,nfm->fm", dout, pooled)',
                'np.einsum("n,nfm->fm", dout, a[:, :, : m * pool : pool])',
            ),
            "the bias is left out in the backward pass's forward": (
                "xp[:, :, s * stride : s * stride + k], K) + b",
                "xp[:, :, s * stride : s * stride + k], K)",
            ),
        },
        d_conv1d_taps,
        {"single precision": single(conv1d_point), "saturated": scaled(conv1d_point, {1: 8.0})},
    ),
    Family(
        "2-D convolution with max pooling",
        conv2d,
        d_conv2d,
        conv2d_point,
        5,
        {
            "max pooling gives to all its cells [B22]": (
                "top = blocks == p[:, :, :, None, :, None]",
                "top = np.ones_like(blocks)",
            ),
            "max pooling gives to all its cells, divided by four: average pooling's": (
                "top = blocks == p[:, :, :, None, :, None]",
                "top = np.ones_like(blocks) / 4",
            ),
            "max pooling gives to the smallest cell": (
                "top = blocks == p[:, :, :, None, :, None]",
                "top = z.reshape(blocks.shape) == z.reshape(blocks.shape).min(axis=(3, 5), keepdims=True)",
                "dz = da * (z > 0)",
                "dz = da",
            ),
            "the pooled gradient goes back with rows and columns of the block exchanged [B25]": (
                "(top * dp[:, :, :, None, :, None]).reshape(a.shape)",
                "(np.swapaxes(top, 3, 5) * dp[:, :, :, None, :, None]).reshape(a.shape)",
            ),
            "the relu mask is forgotten [M05]": ("dz = da * (z > 0)", "dz = da"),
            "the relu mask is from the sum without the bias [M06]": ("(z > 0)", "(z - b[:, None, None] > 0)"),
            "the input's gradient is assigned for each tap [B14]": (
                "dx[:, :, i : i + oh, j : j + ow] +=",
                "dx[:, :, i : i + oh, j : j + ow] =",
            ),
            "the kernel is flipped in the input's gradient": (
                'np.einsum("nfhw,fc->nchw", dz, K[:, :, i, j])',
                'np.einsum("nfhw,fc->nchw", dz, K[:, :, kh - 1 - i, kw - 1 - j])',
            ),
            "the kernel's gradient is for the flipped kernel": (
                "dK[:, :, i, j] =",
                "dK[:, :, kh - 1 - i, kw - 1 - j] =",
            ),
            "the kernel's gradient counts the first sample only [B23]": (
                'np.einsum("nfhw,nchw->fc", dz, x[:, :, i',
                'np.einsum("nfhw,nchw->fc", dz[:1], x[:1, :, i',
            ),
            "the kernel's row offset is left out in its gradient [B25]": (
                '"nfhw,nchw->fc", dz, x[:, :, i : i + oh,',
                '"nfhw,nchw->fc", dz, x[:, :, 0:oh,',
            ),
            "the bias is summed over the samples and averaged over the pixels [B6]": (
                "dz.sum(axis=(0, 2, 3))",
                "dz.mean(axis=(2, 3)).sum(axis=0)",
            ),
            "the bias takes the gradient before the relu [B9]": ("db = dz.sum", "db = da.sum"),
            "the pooled maps are flattened channels-last on the way back [B25]": (
                "dp = (dlogits @ V.T).reshape(p.shape)",
                "dp = (dlogits @ V.T).reshape(n, oh // 2, ow // 2, co).transpose(0, 3, 1, 2)",
            ),
            "not divided by the batch [B1 M11]": ("    dlogits /= n\n", ""),
            "one-hot not subtracted [M22]": ("    dlogits[np.arange(n), labels] -= 1\n", ""),
        },
        d_conv2d_full,
        {"single precision": single(conv2d_point), "large images (saturated softmax)": scaled(conv2d_point, {0: 5.0})},
    ),
    Family(
        "bilinear sampling",
        bilinear_loss,
        d_bilinear,
        bilinear_point,
        2,
        {
            "points in the same cell overwrite each other [B14]": (
                "np.add.at(dimage, (y0, x0), g * (1 - u) * (1 - v))",
                "dimage[y0, x0] = g * (1 - u) * (1 - v)",
            ),
            "fancy += for all the corners: repeated pixels count once [B14]": (
                "np.add.at(dimage, (y0 + 1, x0 + 1), g * u * v)",
                "dimage[y0 + 1, x0 + 1] += g * u * v",
                "np.add.at(dimage, (y0 + 1, x0), g * (1 - u) * v)",
                "dimage[y0 + 1, x0] += g * (1 - u) * v",
            ),
            "the far corner is forgotten [M20]": ("    np.add.at(dimage, (y0 + 1, x0 + 1), g * u * v)\n", ""),
            "rows and columns are swapped in one corner [M27]": (
                "(y0, x0 + 1), g",
                "(np.minimum(x0, 3), np.minimum(y0 + 1, 4)), g",
            ),
            "the weights of two corners are swapped": (
                "(y0, x0 + 1), g * u * (1 - v)",
                "(y0, x0 + 1), g * (1 - u) * v",
                "(y0 + 1, x0), g * (1 - u) * v",
                "(y0 + 1, x0), g * u * (1 - v)",
            ),
            "x and y are returned swapped": ("np.stack([dx, dy], axis=1)", "np.stack([dy, dx], axis=1)"),
            "the slope in x is only of the upper row [M20]": ("((1 - v) * (b - a) + v * (d - c))", "(b - a)"),
            "the slope in x mixes the rows the other way round": (
                "(1 - v) * (b - a) + v * (d - c)",
                "v * (b - a) + (1 - v) * (d - c)",
            ),
            "the slope in y has the wrong sign [B3]": (
                "(1 - u) * (c - a) + u * (d - b)",
                "(1 - u) * (a - c) + u * (b - d)",
            ),
            "the slope in y is mixed with the row's fraction, not the column's": (
                "(1 - u) * (c - a) + u * (d - b)",
                "(1 - v) * (c - a) + v * (d - b)",
            ),
            "the 2 of the squared error is forgotten [B2 M01]": ("g = 2 * (value - T)", "g = value - T"),
            "the target is left out [M22]": ("g = 2 * (value - T)", "g = 2 * value"),
            "the coordinates are detached: the fractions are constants [B7]": (
                "dx = g * ((1 - v) * (b - a) + v * (d - c))\n    dy = g * ((1 - u) * (c - a) + u * (d - b))",
                "dx = np.zeros_like(g)\n    dy = np.zeros_like(g)",
            ),
            "nearest pixel for the image's gradient": (
                "np.add.at(dimage, (y0, x0), g * (1 - u) * (1 - v))\n    np.add.at(dimage, (y0, x0 + 1), g * u * (1 - v))\n"
                "    np.add.at(dimage, (y0 + 1, x0), g * (1 - u) * v)\n    np.add.at(dimage, (y0 + 1, x0 + 1), g * u * v)",
                "np.add.at(dimage, (np.rint(y).astype(int), np.rint(x).astype(int)), g)",
            ),
            "coordinates scaled to -1..1 are assumed: the factor (width - 1)/2": ("dx = g * (", "dx = g * 2.0 * ("),
        },
        d_bilinear_hats,
        {"points close to the grid's lines (kink)": bilinear_near, "single precision": single(bilinear_point)},
    ),
    Family(
        "dilated depthwise separable convolution",
        separable_x,
        d_separable_x,
        separable_point,
        4,
        {
            "the shifts go the same way back as forth [B25]": (
                "np.roll(D[:, 0, None] * da, -2, axis=-1) + D[:, 1, None] * da + np.roll(D[:, 2, None] * da, 2, axis=-1)",
                "np.roll(D[:, 0, None] * da, 2, axis=-1) + D[:, 1, None] * da + np.roll(D[:, 2, None] * da, -2, axis=-1)",
            ),
            "the dilation is forgotten in the input's gradient [B25]": (
                "np.roll(D[:, 0, None] * da, -2, axis=-1)",
                "np.roll(D[:, 0, None] * da, -1, axis=-1)",
            ),
            "the wrap-around is not taken back: zeros at the ends [B8]": (
                "return dx",
                "dx[:, :, -2:] -= D[:, 0, None] * da[:, :, :2]\n    return dx",
            ),
            "the centre tap's path is forgotten [M20]": (" + D[:, 1, None] * da", ""),
            "the taps are in reverse order in the filter's gradient [B25]": (
                "(before, x, after)]",
                "(after, x, before)]",
            ),
            "softplus's slope is left out [B9 M04]": ("    dz = dz / (1 + np.exp(-z))\n", ""),
            "softplus's slope has the sign of z wrong": ("np.exp(-z)", "np.exp(z)"),
            "softplus's slope is taken at the activation [B10]": ("np.exp(-z)", "np.exp(-np.logaddexp(0, z))"),
            "averaged over the batch only [B1]": ("/ T.size", "/ n"),
            "averaged over batch and length, not the channels [B1]": ("/ T.size", "/ (n * length)"),
            "the 2 of the square is forgotten [B2 M01]": ("dz = 2 * (np", "dz = (np"),
            "the mixing matrix sees the input, not the filtered channels [M28]": ("dz, a)", "dz, x)"),
            "the filters' gradient sees the gradient before the mixing [B9]": (
                "taps = [np.sum(da * q, axis=(0, 2)) for q in",
                "taps = [np.sum(dz[:, :c] * q, axis=(0, 2)) for q in",
            ),
            "the filters share one gradient: summed over the channels too [M13]": (
                "dD = np.stack(taps, axis=1)",
                "dD = np.stack(taps, axis=1)\n    dD = np.broadcast_to(dD.sum(axis=0), dD.shape)",
            ),
            "the bias is summed over the batch only, its last position kept [B5]": (
                "dz.sum(axis=(0, 2))",
                "dz.sum(axis=0)[:, -1]",
            ),
        },
        d_separable_matrix,
        {
            "single precision": single(separable_point),
            "large inputs (saturated softplus)": scaled(separable_point, {0: 10.0}),
        },
    ),
]
