"""Small networks: tanh, leaky and GELU, swish and softplus, residual blocks with dropout, a tied autoencoder."""

from __future__ import annotations

import numpy as np
from check.blind_second.case import Family


def two_layers(W1, b1, W2, b2, X, Y):
    h = np.tanh(X @ W1 + b1)
    out = h @ W2 + b2
    return 0.5 * np.sum((out - Y) ** 2) / X.shape[0]


def d_two_layers(W1, b1, W2, b2, X, Y):
    m = X.shape[0]
    z = X @ W1 + b1
    h = np.tanh(z)
    out = h @ W2 + b2
    dout = (out - Y) / m
    dW2 = h.T @ dout
    db2 = dout.sum(axis=0)
    dh = dout @ W2.T
    dz = dh * (1 - h**2)
    dW1 = X.T @ dz
    db1 = dz.sum(axis=0)
    return dW1, db1, dW2, db2


def two_layers_point(rng):
    k = 4
    return (
        rng.normal(size=(k, k)),
        rng.normal(size=k),
        rng.normal(size=(k, k)),
        rng.normal(size=k),
        rng.normal(size=(6, k)),
        rng.normal(size=(6, k)),
    )


C = np.sqrt(2 / np.pi)


def leaky_gelu(W1, W2, w3, X, y):
    a1 = X @ W1
    h1 = np.where(a1 > 0, a1, 0.1 * a1)
    a2 = h1 @ W2
    h2 = 0.5 * a2 * (1 + np.tanh(C * (a2 + 0.044715 * a2**3)))
    z = h2 @ w3
    return np.mean(np.logaddexp(0, z) - y * z)


def d_leaky_gelu(W1, W2, w3, X, y):
    a1 = X @ W1
    h1 = np.where(a1 > 0, a1, 0.1 * a1)
    a2 = h1 @ W2
    t = np.tanh(C * (a2 + 0.044715 * a2**3))
    h2 = 0.5 * a2 * (1 + t)
    z = h2 @ w3
    dz = (1 / (1 + np.exp(-z)) - y) / y.size
    dw3 = h2.T @ dz
    dh2 = np.outer(dz, w3)
    slope = 0.5 * (1 + t) + 0.5 * a2 * (1 - t**2) * C * (1 + 3 * 0.044715 * a2**2)
    da2 = dh2 * slope
    dW2 = h1.T @ da2
    dh1 = da2 @ W2.T
    da1 = dh1 * np.where(a1 > 0, 1.0, 0.1)
    dW1 = X.T @ da1
    return dW1, dW2, dw3


def leaky_gelu_point(rng):
    y = (rng.uniform(size=7) > 0.5).astype(float)
    return rng.normal(size=(3, 5)), rng.normal(size=(5, 5)), rng.normal(size=5), rng.normal(size=(7, 3)), y


def swish_net(W1, b1, W2, b2, X, labels):
    a = X @ W1 + b1
    h = a / (1 + np.exp(-a))
    s = h @ W2 + b2
    s = np.log1p(np.exp(s))
    s = s - s.max(axis=1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return -np.mean(logp[np.arange(len(labels)), labels])


def d_swish_net(W1, b1, W2, b2, X, labels):
    n = len(labels)
    a = X @ W1 + b1
    sig = 1 / (1 + np.exp(-a))
    h = a * sig
    u = h @ W2 + b2
    s = np.log1p(np.exp(u))
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    ds = p.copy()
    ds[np.arange(n), labels] -= 1
    ds /= n
    du = ds / (1 + np.exp(-u))
    dW2 = h.T @ du
    db2 = du.sum(axis=0)
    dh = du @ W2.T
    da = dh * (sig + a * sig * (1 - sig))
    dW1 = X.T @ da
    db1 = da.sum(axis=0)
    return dW1, db1, dW2, db2


def swish_point(rng):
    W1, b1, W2, b2 = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=(4, 4)), rng.normal(size=4)
    return W1, b1, W2, b2, rng.normal(size=(6, 3)), rng.integers(0, 4, size=6)


def residual_dropout(A, B, v, X, y, mask, keep):
    r1 = np.maximum(X @ A, 0) * mask / keep
    h = X + r1
    g = h + np.tanh(h @ B)
    return np.mean((g @ v - y) ** 2)


def d_residual_dropout(A, B, v, X, y, mask, keep):
    a = X @ A
    r1 = np.maximum(a, 0) * mask / keep
    h = X + r1
    t = np.tanh(h @ B)
    g = h + t
    e = 2 * (g @ v - y) / len(y)
    dv = g.T @ e
    dg = np.outer(e, v)
    dpre = dg * (1 - t**2)
    dB = h.T @ dpre
    dh = dg + dpre @ B.T
    dr1 = dh * mask / keep
    da = dr1 * (a > 0)
    dA = X.T @ da
    return dA, dB, dv


def residual_point(rng):
    mask = (rng.uniform(size=(8, 4)) < 0.75).astype(float)
    square = 0.6 * rng.normal(size=(2, 4, 4))
    return square[0], square[1], rng.normal(size=4), rng.normal(size=(8, 4)), rng.normal(size=8), mask, 0.75


def tied(W, b, c, X, beta):
    code = np.tanh(X @ W + b)
    back = code @ W.T + c
    return np.sum((back - X) ** 2) / len(X) + beta * np.sum(np.abs(code)) / len(X)


def d_tied(W, b, c, X, beta):
    n = len(X)
    code = np.tanh(X @ W + b)
    back = code @ W.T + c
    dback = 2 * (back - X) / n
    dc = dback.sum(axis=0)
    dW_dec = dback.T @ code
    dcode = dback @ W
    dcode += beta * np.sign(code) / n
    dpre = dcode * (1 - code**2)
    dW_enc = X.T @ dpre
    db = dpre.sum(axis=0)
    return dW_enc + dW_dec, db, dc


def tied_point(rng):
    return rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=4), rng.normal(size=(6, 4)), 0.8


FAMILIES = [
    Family(
        "two layers of tanh",
        two_layers,
        d_two_layers,
        two_layers_point,
        4,
        {
            "the second layer's matrix is not transposed on the way back": ("dout @ W2.T", "dout @ W2"),
            "the slope of tanh is taken of the pre-activation: 1 - z squared": ("(1 - h**2)", "(1 - z**2)"),
            "the slope of tanh is forgotten": ("dz = dh * (1 - h**2)", "dz = dh"),
            "the sigmoid's slope in place of tanh's": ("(1 - h**2)", "h * (1 - h)"),
            "tanh applied to what is already tanh": ("(1 - h**2)", "(1 - np.tanh(h) ** 2)"),
            "1 - h in place of 1 - h squared": ("(1 - h**2)", "(1 - h)"),
            "the half in the loss is overlooked: a factor 2": ("(out - Y) / m", "2 * (out - Y) / m"),
            "averaged over entries, not rows": ("(out - Y) / m", "(out - Y) / Y.size"),
            "the pre-activation is used for the second weights": ("h.T @ dout", "z.T @ dout"),
            "the first bias is taken from dh, before the activation's slope": ("db1 = dz.sum", "db1 = dh.sum"),
            "the second weight's gradient is transposed": ("dW2 = h.T @ dout", "dW2 = dout.T @ h"),
            "the hidden bias is averaged over the batch": ("dz.sum(axis=0)", "dz.mean(axis=0)"),
            "the sum of the output bias runs over the wrong axis of the first rows": (
                "dout.sum(axis=0)",
                "dout[: Y.shape[1]].sum(axis=1)",
            ),
            "the gradients of the two biases are swapped": ("return dW1, db1, dW2, db2", "return dW1, db2, dW2, db1"),
            "the first weight is carried back in place of the second": ("dout @ W2.T", "dout @ W1.T"),
            "the slope of tanh is forgotten; and the output is not averaged over the rows": (
                "dz = dh * (1 - h**2)",
                "dz = dh",
                "(out - Y) / m",
                "out - Y",
            ),
        },
    ),
    Family(
        "leaky rectifier and GELU",
        leaky_gelu,
        d_leaky_gelu,
        leaky_gelu_point,
        3,
        {
            "the leak is forgotten: zero on the left": ("np.where(a1 > 0, 1.0, 0.1)", "np.where(a1 > 0, 1.0, 0.0)"),
            "the leak is 0.01 in the backward pass": ("np.where(a1 > 0, 1.0, 0.1)", "np.where(a1 > 0, 1.0, 0.01)"),
            "the slope of the leaky rectifier has its sides swapped": (
                "np.where(a1 > 0, 1.0, 0.1)",
                "np.where(a1 > 0, 0.1, 1.0)",
            ),
            "the leaky rectifier's value in place of its slope": (
                "dh1 * np.where(a1 > 0, 1.0, 0.1)",
                "dh1 * h1",
            ),
            "the product rule's second term of GELU is dropped": (
                " + 0.5 * a2 * (1 - t**2) * C * (1 + 3 * 0.044715 * a2**2)",
                "",
            ),
            "the 3 of the cube is forgotten in GELU": ("3 * 0.044715", "0.044715"),
            "the constant sqrt(2/pi) is forgotten in GELU's slope": ("(1 - t**2) * C *", "(1 - t**2) *"),
            "a rectifier's slope for GELU": ("da2 = dh2 * slope", "da2 = dh2 * (a2 > 0)"),
            "GELU's slope is taken at the value and not at what went in": (
                "(1 + 3 * 0.044715 * a2**2)",
                "(1 + 3 * 0.044715 * h2**2)",
            ),
            "the middle matrix is not transposed on the way back": ("da2 @ W2.T", "da2 @ W2"),
            "not averaged over the batch": (" / y.size", ""),
            "the pre-activation is used for the middle weights": ("h1.T @ da2", "a1.T @ da2"),
            "the gradient before the activation is carried further": ("dh1 = da2 @", "dh1 = dh2 @"),
            "the last weights get the wrong sign": ("dw3 = h2.T @ dz", "dw3 = -h2.T @ dz"),
            "the leak is forgotten; and the last weights use the pre-activation": (
                "np.where(a1 > 0, 1.0, 0.1)",
                "(a1 > 0)",
                "dw3 = h2.T",
                "dw3 = a2.T",
            ),
        },
    ),
    Family(
        "swish and softplus",
        swish_net,
        d_swish_net,
        swish_point,
        4,
        {
            "the slope of swish is the sigmoid alone": ("(sig + a * sig * (1 - sig))", "sig"),
            "the slope of swish lacks the sigmoid itself": ("(sig + a * sig * (1 - sig))", "(a * sig * (1 - sig))"),
            "the slope of swish has the value h in place of the input a": (
                "(sig + a * sig * (1 - sig))",
                "(sig + h * sig * (1 - sig))",
            ),
            "the slope of softplus is forgotten": ("du = ds / (1 + np.exp(-u))", "du = ds"),
            "the slope of softplus is taken of the output": ("(1 + np.exp(-u))", "(1 + np.exp(-s))"),
            "the slope of softplus has the wrong sign in the exponent": ("np.exp(-u)", "np.exp(u)"),
            "softmax of the values before softplus": ("p = np.exp(s - s.max", "p = np.exp(u - s.max"),
            "not averaged over the rows": ("    ds /= n\n", ""),
            "one is not subtracted at the label": ("    ds[np.arange(n), labels] -= 1\n", ""),
            "the label's column is shifted by one": ("[np.arange(n), labels]", "[np.arange(n), labels - 1]"),
            "one is subtracted from the label's whole column": ("ds[np.arange(n), labels]", "ds[:, labels]"),
            "the second matrix is not transposed": ("du @ W2.T", "du @ W2"),
            "the second bias is taken before the slope of softplus": ("db2 = du", "db2 = ds"),
            "the swish is forgotten for the second weights": ("h.T @ du", "a.T @ du"),
            "the first bias is averaged": ("da.sum(axis=0)", "da.mean(axis=0)"),
        },
    ),
    Family(
        "residual blocks with dropout",
        residual_dropout,
        d_residual_dropout,
        residual_point,
        3,
        {
            "the way past the second block is forgotten": ("dh = dg + dpre @ B.T", "dh = dpre @ B.T"),
            "only the way past the second block is kept": ("dh = dg + dpre @ B.T", "dh = dg"),
            "the dropout mask is forgotten on the way back": ("dh * mask / keep", "dh / keep"),
            "the dropout's scale is forgotten on the way back": ("dh * mask / keep", "dh * mask"),
            "dropout is forgotten on the way back": ("dh * mask / keep", "dh"),
            "the dropout's scale is multiplied in place of divided": ("dh * mask / keep", "dh * mask * keep"),
            "the rectifier's slope is forgotten": ("dr1 * (a > 0)", "dr1"),
            "the slope of tanh is taken of the block's output": ("(1 - t**2)", "(1 - g**2)"),
            "the slope of tanh is taken of the block's input": ("(1 - t**2)", "(1 - h**2)"),
            "the second block's matrix is not transposed": ("dpre @ B.T", "dpre @ B"),
            "the second block's weights see the input of the net": ("dB = h.T", "dB = X.T"),
            "the read-out sees the block without its skip": ("dv = g.T", "dv = t.T"),
            "the 2 of the square is forgotten": ("e = 2 * (g", "e = (g"),
            "the first matrix gets the gradient after the second block as well": (
                "dA = X.T @ da",
                "dA = X.T @ (da + dg)",
            ),
            "the skip is counted twice": ("dh = dg + dpre", "dh = 2 * dg + dpre"),
            "the mask is forgotten; and the second block's matrix is not transposed": (
                "dh * mask / keep",
                "dh / keep",
                "dpre @ B.T",
                "dpre @ B",
            ),
        },
    ),
    Family(
        "autoencoder with tied weights",
        tied,
        d_tied,
        tied_point,
        3,
        {
            "the decoder's part of the shared weights is forgotten": ("dW_enc + dW_dec", "dW_enc"),
            "the encoder's part of the shared weights is forgotten": ("dW_enc + dW_dec", "dW_dec"),
            "the decoder's part is not transposed before it is added": ("dback.T @ code", "code.T @ dback"),
            "the two parts of the shared weights are averaged": ("dW_enc + dW_dec", "(dW_enc + dW_dec) / 2"),
            "the decoder's part is subtracted": ("dW_enc + dW_dec", "dW_enc - dW_dec"),
            "the decoder's matrix is transposed once too often on the way back": ("dback @ W\n", "dback @ W.T\n"),
            "the sparsity penalty is forgotten": ("    dcode += beta * np.sign(code) / n\n", ""),
            "the sparsity penalty is not averaged over the rows": ("np.sign(code) / n", "np.sign(code)"),
            "the sparsity penalty's slope is the code itself": ("np.sign(code)", "code"),
            "the sparsity penalty is added after the activation's slope; and is not averaged over the rows": (
                "    dcode += beta * np.sign(code) / n\n",
                "",
                "(1 - code**2)",
                "(1 - code**2) + beta * np.sign(code) / n",
            ),
            "the slope of tanh is forgotten": ("dcode * (1 - code**2)", "dcode"),
            "the 2 of the square is forgotten": ("2 * (back - X)", "(back - X)"),
            "input minus reconstruction": ("(back - X)", "(X - back)"),
            "the output bias is averaged again": ("dback.sum(axis=0)", "dback.mean(axis=0)"),
            "the encoder's weights see the reconstruction": ("X.T @ dpre", "back.T @ dpre"),
            "the hidden bias is taken before the activation's slope": ("db = dpre", "db = dcode"),
        },
    ),
]
