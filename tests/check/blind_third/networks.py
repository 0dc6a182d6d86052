"""Feed-forward networks: gelu and swish, tied autoencoder, residual blocks with dropout, gated units, graph convolution."""

from __future__ import annotations

import numpy as np
from check.blind_third.case import Family, scaled, single

C = np.sqrt(2 / np.pi)


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def gelu_net(W1, b1, W2, b2, W3, b3, X, Y, decay):
    z1 = X @ W1 + b1
    h1 = 0.5 * z1 * (1 + np.tanh(C * (z1 + 0.044715 * z1**3)))
    z2 = h1 @ W2 + b2
    h2 = z2 * sigmoid(z2)
    out = h2 @ W3 + b3
    penalty = np.sum(W1**2) + np.sum(W2**2) + np.sum(W3**2)
    return 0.5 * np.sum((out - Y) ** 2) / len(X) + decay * penalty


def d_gelu_net(W1, b1, W2, b2, W3, b3, X, Y, decay):
    n = len(X)
    z1 = X @ W1 + b1
    t = np.tanh(C * (z1 + 0.044715 * z1**3))
    h1 = 0.5 * z1 * (1 + t)
    z2 = h1 @ W2 + b2
    s = sigmoid(z2)
    h2 = z2 * s
    out = h2 @ W3 + b3
    dout = (out - Y) / n
    dW3 = h2.T @ dout + 2 * decay * W3
    db3 = dout.sum(axis=0)
    dh2 = dout @ W3.T
    dz2 = dh2 * (s + h2 * (1 - s))
    dW2 = h1.T @ dz2 + 2 * decay * W2
    db2 = dz2.sum(axis=0)
    dh1 = dz2 @ W2.T
    dgelu = 0.5 * (1 + t) + 0.5 * z1 * (1 - t**2) * C * (1 + 3 * 0.044715 * z1**2)
    dz1 = dh1 * dgelu
    dW1 = X.T @ dz1 + 2 * decay * W1
    db1 = dz1.sum(axis=0)
    return dW1, db1, dW2, db2, dW3, db3


def d_gelu_net_rows(W1, b1, W2, b2, W3, b3, X, Y, decay):
    """Sample by sample; gelu as z sigmoid(2u), so its slope is swish's with another inner function."""
    grads = [2 * decay * W1, 0 * b1, 2 * decay * W2, 0 * b2, 2 * decay * W3, 0 * b3]
    for x, y in zip(X, Y, strict=True):
        z1 = b1 + x @ W1
        g = sigmoid(2 * C * (z1 + 0.044715 * z1**3))
        z2 = b2 + (z1 * g) @ W2
        s = sigmoid(z2)
        e = (b3 + (z2 * s) @ W3 - y) / len(X)
        e2 = (W3 @ e) * s * (1 + z2 * (1 - s))
        e1 = (W2 @ e2) * (g + z1 * g * (1 - g) * 2 * C * (1 + 0.134145 * z1**2))
        for k, (a, d) in enumerate([(x, e1), (z1 * g, e2), (z2 * s, e)]):
            grads[2 * k] = grads[2 * k] + np.outer(a, d)
            grads[2 * k + 1] = grads[2 * k + 1] + d
    return tuple(grads)


def gelu_point(rng):
    sizes = [(3, 5), 5, (5, 4), 4, (4, 2), 2]
    return *(rng.normal(size=s) for s in sizes), rng.normal(size=(6, 3)), rng.normal(size=(6, 2)), 0.04


def tied(W, b, c, X, rho):
    z = X @ W + b
    h = np.log(1 + np.exp(z))
    u = h @ W.T + c
    out = np.where(u > 0, u, np.exp(np.minimum(u, 0)) - 1)
    return np.mean((out - X) ** 2) + rho * np.mean(np.abs(h))


def d_tied(W, b, c, X, rho):
    z = X @ W + b
    h = np.log(1 + np.exp(z))
    u = h @ W.T + c
    out = np.where(u > 0, u, np.exp(np.minimum(u, 0)) - 1)
    dout = 2 * (out - X) / X.size
    du = dout * np.where(u > 0, 1, out + 1)
    dc = du.sum(axis=0)
    dh = du @ W + rho / h.size
    dz = dh / (1 + np.exp(-z))
    db = dz.sum(axis=0)
    dW = X.T @ dz + du.T @ h
    return dW, db, dc


def d_tied_rows(W, b, c, X, rho):
    dW, db, dc = np.zeros_like(W), np.zeros_like(b), np.zeros_like(c)
    for x in X:
        h = np.logaddexp(0, x @ W + b)
        u = W @ h + c
        d = 2 / X.size * np.where(u > 0, u - x, np.expm1(u) - x) * np.exp(np.minimum(u, 0))
        e = (d @ W + rho / (len(X) * len(b))) * (1 - np.exp(-h))
        dc += d
        db += e
        dW += np.outer(x, e) + np.outer(d, h)
    return dW, db, dc


def tied_point(rng):
    return 0.7 * rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=5), rng.normal(size=(7, 5)), 0.3


def tied_edge(rng):
    """Outputs of exactly zero, where the exponential unit's two pieces meet."""
    W = np.zeros((5, 3))
    return W, rng.normal(size=3), np.zeros(5), rng.normal(size=(4, 5)), 0.3


def residual_x(X, W1, b1, W2, V, c, labels, keep, drop, weights, T):
    z = X @ W1 + b1
    h = np.maximum(z, 0) * keep / (1 - drop)
    skip = X + h @ W2
    logits = (np.maximum(skip, 0.1 * skip) @ V + c) / T
    m = np.max(logits, axis=1, keepdims=True)
    logp = logits - m - np.log(np.sum(np.exp(logits - m), axis=1, keepdims=True))
    w = weights[labels]
    return -np.sum(w * logp[np.arange(len(labels)), labels]) / np.sum(w)


def d_residual_x(X, W1, b1, W2, V, c, labels, keep, drop, weights, T):
    rows = np.arange(len(labels))
    n = len(rows)
    z = X @ W1 + b1
    scale = keep / (1 - drop)
    h = np.maximum(z, 0) * scale
    skip = X + h @ W2
    a = np.maximum(skip, 0.1 * skip)
    logits = (a @ V + c) / T
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    w = weights[labels]
    dlogits = p.copy()
    dlogits[rows, labels] -= 1
    dlogits *= w[:, None] / w.sum()
    dlogits = dlogits / T
    dV = a.T @ dlogits
    dc = dlogits.sum(axis=0)
    da = dlogits @ V.T
    dskip = da * np.where(skip > 0, 1, 0.1)
    dW2 = h.T @ dskip
    dh = dskip @ W2.T
    dz = dh * scale * (z > 0)
    dW1 = X.T @ dz
    db1 = dz.sum(axis=0)
    dX = dskip + dz @ W1.T
    return dX, dW1, db1, dW2, dV, dc


def d_residual_rows(X, W1, b1, W2, V, c, labels, keep, drop, weights, T):
    dX = np.zeros_like(X)
    out = [np.zeros_like(q) for q in (W1, b1, W2, V, c)]
    total = sum(weights[k] for k in labels)
    for i, k in enumerate(labels):
        m = keep[i] / (1 - drop) * (X[i] @ W1 + b1 > 0)
        h = m * (X[i] @ W1 + b1)
        s = X[i] + h @ W2
        slope = np.where(s > 0, 1, 0.1)
        logits = ((slope * s) @ V + c) / T
        g = np.exp(logits - np.logaddexp.reduce(logits)) - np.eye(len(c))[k]
        g *= weights[k] / total / T
        ds = slope * (V @ g)
        dz = m * (W2 @ ds)
        for acc, add in zip(out, (np.outer(X[i], dz), dz, np.outer(h, ds), np.outer(slope * s, g), g), strict=True):
            acc += add
        dX[i] = ds + W1 @ dz
    return (dX, *out)


def residual_point(rng):
    keep = (rng.random((7, 6)) > 0.3).astype(float)
    labels = np.array([0, 2, 1, 1, 0, 2, 2])
    weights = np.array([0.5, 1.0, 3.0])
    X, W1, b1, W2 = rng.normal(size=(7, 4)), rng.normal(size=(4, 6)), rng.normal(size=6), rng.normal(size=(6, 4))
    return X, W1, b1, W2, rng.normal(size=(4, 3)), rng.normal(size=3), labels, keep, 0.3, weights, 2.5


def glu(W, V, b, c, U, X, y):
    """A gated layer whose value and gate see the same input, a tanh, and a linear reading with binary cross-entropy."""
    g = sigmoid(X @ V + c)
    h = np.tanh((X @ W + b) * g)
    p = sigmoid(h @ U)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def d_glu(W, V, b, c, U, X, y):
    n = len(y)
    v = X @ W + b
    g = sigmoid(X @ V + c)
    h = np.tanh(v * g)
    p = sigmoid(h @ U)
    dlogit = (p - y) / n
    dU = h.T @ dlogit
    dh = np.outer(dlogit, U)
    dm = dh * (1 - h**2)
    dv = dm * g
    dg = dm * v
    dgate = dg * g * (1 - g)
    dW = X.T @ dv
    db = dv.sum(axis=0)
    dV = X.T @ dgate
    dc = dgate.sum(axis=0)
    return dW, dV, db, dc, dU


def d_glu_rows(W, V, b, c, U, X, y):
    dW, dV, db, dc, dU = (np.zeros_like(q) for q in (W, V, b, c, U))
    for x, t in zip(X, y, strict=True):
        v, a = x @ W + b, x @ V + c
        g = 1 / (1 + np.exp(-a))
        m = v * g
        h = np.tanh(m)
        d = U / np.cosh(m) ** 2 * (1 / (1 + np.exp(-h @ U)) - t) / len(y)
        dU += h * (1 / (1 + np.exp(-h @ U)) - t) / len(y)
        dW += np.outer(x, d * g)
        db += d * g
        back = d * v / (2 + 2 * np.cosh(a))
        dV += np.outer(x, back)
        dc += back
    return dW, dV, db, dc, dU


def glu_point(rng):
    y = np.array([1, 0, 0, 1, 1, 0, 1, 0, 0.0])
    shapes = [(4, 3), (4, 3), 3, 3, 3]
    return *(rng.normal(size=s) for s in shapes), rng.normal(size=(9, 4)), y


def gcn(W0, W1, X, A, labels, labelled):
    """Two graph convolutions with symmetric normalisation and self-loops; the loss is over the labelled nodes."""
    A1 = A + np.eye(len(A))
    s = 1 / np.sqrt(np.sum(A1, axis=1))
    S = s[:, None] * A1 * s[None, :]
    H = np.maximum(S @ X @ W0, 0)
    Z = S @ H @ W1
    Z = Z - np.max(Z, axis=1, keepdims=True)
    logp = Z - np.log(np.sum(np.exp(Z), axis=1, keepdims=True))
    return -np.mean(logp[labelled, labels[labelled]])


def d_gcn(W0, W1, X, A, labels, labelled):
    A1 = A + np.eye(len(A))
    s = 1 / np.sqrt(A1.sum(axis=1))
    S = s[:, None] * A1 * s[None, :]
    P = S @ X
    pre = P @ W0
    H = np.maximum(pre, 0)
    Q = S @ H
    Z = Q @ W1
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    dZ = np.zeros_like(Z)
    dZ[labelled] = p[labelled]
    dZ[labelled, labels[labelled]] -= 1
    dZ /= len(labelled)
    dW1 = Q.T @ dZ
    dQ = dZ @ W1.T
    dH = S.T @ dQ
    dpre = dH * (pre > 0)
    dW0 = P.T @ dpre
    return dW0, dW1


def d_gcn_edges(W0, W1, X, A, labels, labelled):
    """Messages edge by edge."""
    n = len(A)
    deg = A.sum(axis=1) + 1
    edges = [(i, j) for i in range(n) for j in range(n) if i == j or A[i, j]]
    weight = {(i, j): 1 / np.sqrt(deg[i] * deg[j]) for i, j in edges}
    P, Q = np.zeros_like(X), np.zeros((n, W0.shape[1]))
    for i, j in edges:
        P[i] += weight[i, j] * X[j]
    H = np.clip(P @ W0, 0, None)
    for i, j in edges:
        Q[i] += weight[i, j] * H[j]
    dW1, dH = np.zeros_like(W1), np.zeros_like(H)
    for i in labelled:
        z = Q[i] @ W1
        g = (np.exp(z - np.logaddexp.reduce(z)) - (np.arange(len(z)) == labels[i])) / len(labelled)
        dW1 += np.outer(Q[i], g)
        for j in range(n):
            if (i, j) in weight:
                dH[j] += weight[i, j] * (W1 @ g)
    return P.T @ np.where(H > 0, dH, 0), dW1


def gcn_point(rng):
    A = np.zeros((7, 7))
    for i, j in [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (4, 5), (4, 6), (2, 6), (0, 5)]:
        A[i, j] = A[j, i] = 1
    labels = np.array([0, 1, 2, 0, 1, 2, 1])
    return rng.normal(size=(3, 4)), rng.normal(size=(4, 3)), rng.normal(size=(7, 3)), A, labels, np.array([0, 2, 3, 6])


def residual_kink(rng):
    """The first sample leaves one kept unit at exactly zero."""
    X, W1, b1, W2, V, c, labels, keep, *rest = residual_point(rng)
    X[0] = [0.5, -1.0, 2.0, 0.25]
    W1[:, 2] = [1.0, 0.5, -0.75, 2.0]
    b1[2] = -(0.5 - 0.5 - 1.5 + 0.5)
    keep[0, 2] = 1
    return X, W1, b1, W2, V, c, labels, keep, *rest


FAMILIES = [
    Family(
        "gelu and swish network",
        gelu_net,
        d_gelu_net,
        gelu_point,
        6,
        {
            "gelu's slope has only its first term [M20]": (
                "0.5 * (1 + t) + 0.5 * z1 * (1 - t**2) * C * (1 + 3 * 0.044715 * z1**2)",
                "0.5 * (1 + t)",
            ),
            "gelu's inner slope is forgotten [M04]": (" * C * (1 + 3 * 0.044715 * z1**2)", ""),
            "the 3 of the cube is forgotten in gelu's slope [M02]": ("3 * 0.044715 * z1**2", "0.044715 * z1**2"),
            "gelu's inner slope lacks sqrt(2/pi)": ("* C * (1 + 3", "* (1 + 3"),
            "gelu's slope is taken at the activation [B10]": (
                "C * (1 + 3 * 0.044715 * z1**2)",
                "C * (1 + 3 * 0.044715 * h1**2)",
            ),
            "the tanh slope in gelu's slope is not squared [M02]": ("(1 - t**2)", "(1 - t)"),
            "the exact gelu's slope, Phi + z phi by sigmoid(1.702 z), for the tanh form": (
                "0.5 * (1 + t) + 0.5 * z1 * (1 - t**2) * C * (1 + 3 * 0.044715 * z1**2)",
                "sigmoid(1.702 * z1) * (1 + 1.702 * z1 * (1 - sigmoid(1.702 * z1)))",
            ),
            "swish's slope is the sigmoid alone [M20]": ("(s + h2 * (1 - s))", "s"),
            "swish's slope is the sigmoid's s(1 - s)": ("(s + h2 * (1 - s))", "(s * (1 - s))"),
            "swish's slope has z in place of z s [B10]": ("s + h2 * (1 - s)", "s + z2 * (1 - s)"),
            "swish's slope is left out [B9 M04]": ("dz2 = dh2 * (s + h2 * (1 - s))", "dz2 = dh2"),
            "the pre-activation is used for the weights' gradient in place of the hidden layer": (
                "dW2 = h1.T",
                "dW2 = z1.T",
            ),
            "the decay of the middle layer is forgotten [B20]": (" + 2 * decay * W2", ""),
            "the first layer's decay lacks the 2 [B2 B20]": ("2 * decay * W1", "decay * W1"),
            "the output bias is not summed over the batch: an axis too many [B5 M13]": (
                "db3 = dout.sum(axis=0)",
                "db3 = dout",
            ),
            "the middle bias is summed over the units, not the rows [B5 M13]": (
                "db2 = dz2.sum(axis=0)",
                "db2 = dz2.sum(axis=1)",
            ),
            "the output weights' gradient is transposed [B4 M09]": (
                "dW3 = h2.T @ dout + 2 * decay * W3",
                "dW3 = dout.T @ h2 + 2 * decay * W3.T",
            ),
            "the output error is doubled, the half in the loss forgotten [B2]": ("(out - Y) / n", "2 * (out - Y) / n"),
            "the hidden bias takes the error after the weights, not before [B9]": ("db1 = dz1.sum", "db1 = dh1.sum"),
        },
        d_gelu_net_rows,
        {
            "large weights": scaled(gelu_point, {0: 6.0, 2: 3.0}),
            "single precision": single(gelu_point),
            "tiny weights": scaled(gelu_point, {0: 1e-4, 1: 1e-4}),
        },
    ),
    Family(
        "tied autoencoder with softplus and elu",
        tied,
        d_tied,
        tied_point,
        3,
        {
            "only the encoder's use of the tied weights is counted [B14 M20]": ("X.T @ dz + du.T @ h", "X.T @ dz"),
            "only the decoder's use of the tied weights is counted [B14 M20]": ("X.T @ dz + du.T @ h", "du.T @ h"),
            "the decoder's share is overwritten with the reconstruction error before its activation [B9]": (
                "du.T @ h",
                "dout.T @ h",
            ),
            "elu's negative branch has the output, the + 1 is forgotten": ("out + 1)", "out)"),
            "elu's slope is taken at the output as if it were the input [B10]": (
                "np.where(u > 0, 1, out + 1)",
                "np.where(u > 0, 1, np.exp(np.minimum(out, 0)))",
            ),
            "relu's slope is used for elu": ("np.where(u > 0, 1, out + 1)", "(u > 0)"),
            "softplus's slope is taken at h [B10]": ("np.exp(-z))", "np.exp(-h))"),
            "softplus's slope is left out [B9 M04]": ("dh / (1 + np.exp(-z))", "dh"),
            "softplus's slope has the wrong sign in exp": ("dh / (1 + np.exp(-z))", "dh / (1 + np.exp(z))"),
            "the sparsity penalty is forgotten [B20]": (" + rho / h.size", ""),
            "the sparsity penalty is summed, not averaged [B1 M11]": ("rho / h.size", "rho"),
            "the sparsity penalty is averaged over the rows only [B1]": ("rho / h.size", "rho / len(h)"),
            "averaged over the rows, where the loss averages over all entries [B1]": ("/ X.size", "/ len(X)"),
            "the tied weight's two uses are averaged": ("X.T @ dz + du.T @ h", "0.5 * (X.T @ dz + du.T @ h)"),
        },
        d_tied_rows,
        {"outputs at elu's joint (edge)": tied_edge, "saturated": scaled(tied_point, {3: 20.0})},
    ),
    Family(
        "residual block with dropout",
        residual_x,
        d_residual_x,
        residual_point,
        6,
        {
            "the skip connection is forgotten going back [M20]": ("dX = dskip + dz @ W1.T", "dX = dz @ W1.T"),
            "only the skip connection reaches the input [M20]": ("dX = dskip + dz @ W1.T", "dX = dskip"),
            "the skip connection carries the error before the leaky unit [B9]": ("dX = dskip +", "dX = da +"),
            "the dropout mask is forgotten going back [B22]": ("dz = dh * scale * (z > 0)", "dz = dh * (z > 0)"),
            "dropout's mask is applied without 1/(1 - p) going back [B22]": ("dz = dh * scale", "dz = dh * keep"),
            "dropout is scaled by 1 - p going back": ("dz = dh * scale", "dz = dh * keep * (1 - drop)"),
            "the relu mask is forgotten [B22 M05]": (" * (z > 0)", ""),
            "the relu mask is taken from the gradient [M06]": ("(z > 0)", "(dh > 0)"),
            "the leaky slope is forgotten: zero for negative inputs": ("np.where(skip > 0, 1, 0.1)", "(skip > 0)"),
            "the leaky slope multiplies the positive side": (
                "np.where(skip > 0, 1, 0.1)",
                "np.where(skip > 0, 0.1, 1)",
            ),
            "the temperature is forgotten going back [M04]": ("    dlogits = dlogits / T\n", ""),
            "the temperature divides twice": ("dlogits = dlogits / T\n", "dlogits = dlogits / T**2\n"),
            "class weights are forgotten": ("w[:, None] / w.sum()", "1 / n"),
            "class weights are not normalised by their sum [B1]": ("w[:, None] / w.sum()", "w[:, None] / n"),
            "class weights multiply the classes' columns, not the samples' rows [B18]": (
                "w[:, None] / w.sum()",
                "weights / w.sum()",
            ),
            "class weights scale the one-hot part only": (
                "    dlogits[rows, labels] -= 1\n    dlogits *= w[:, None] / w.sum()",
                "    dlogits[rows, labels] -= w\n    dlogits /= w.sum()",
            ),
            "the block's input is used for the second weights' gradient [M28]": (
                "dW2 = h.T @",
                "dW2 = np.maximum(z, 0).T @",
            ),
            "the leaky unit's input is used for the reading weights [B10]": ("dV = a.T", "dV = skip.T"),
        },
        d_residual_rows,
        {
            "one unit at the kink": residual_kink,
            "single precision": single(residual_point),
            "saturated softmax": scaled(residual_point, {4: 12.0}),
        },
    ),
    Family(
        "gated linear unit",
        glu,
        d_glu,
        glu_point,
        5,
        {
            "the gate's sigmoid slope is left out [B9 M04]": ("dg * g * (1 - g)", "dg"),
            "the gate's slope is g alone [M07]": ("dg * g * (1 - g)", "dg * g"),
            "the gate gets the value's gradient: product rule with the same factor twice": (
                "dg = dm * v",
                "dg = dm * g",
            ),
            "the value's gradient is not gated": ("dv = dm * g", "dv = dm"),
            "the gate's gradient does not see the value": ("dg = dm * v", "dg = dm"),
            "tanh's slope is 1 - h, the square is missing [M02]": ("1 - h**2", "1 - h"),
            "tanh's slope is taken at the product, not at the tanh [B10]": ("1 - h**2", "1 - (v * g) ** 2"),
            "tanh's slope is left out for both [B9]": ("dh * (1 - h**2)", "dh"),
            "binary cross-entropy is divided by p(1 - p): the logit's slope is missing": (
                "(p - y) / n",
                "(p - y) / (p * (1 - p)) / n",
            ),
            "the logit's error is multiplied with p(1 - p), as for squared error": (
                "(p - y) / n",
                "(p - y) * p * (1 - p) / n",
            ),
            "value and gate weights are returned swapped": ("return dW, dV, db, dc", "return dV, dW, db, dc"),
            "the gate's bias takes the value's error": ("dc = dgate.sum", "dc = dv.sum"),
            "the gate's own slope is taken at the raw gate sum [B10]": (
                "dg * g * (1 - g)",
                "dg * sigmoid(g) * (1 - sigmoid(g))",
            ),
        },
        d_glu_rows,
        {"saturated gates": scaled(glu_point, {1: 15.0}), "single precision": single(glu_point)},
    ),
    Family(
        "graph convolution",
        gcn,
        d_gcn,
        gcn_point,
        2,
        {
            "the neighbourhood matrix is forgotten on the way back to the first layer": ("dH = S.T @ dQ", "dH = dQ"),
            "the plain adjacency with self-loops goes back in place of the normalised one": (
                "dH = S.T @ dQ",
                "dH = A1 @ dQ",
            ),
            "the adjacency without self-loops goes back": (
                "dH = S.T @ dQ",
                "dH = (S - np.diag(np.diag(S))) @ dQ",
            ),
            "the relu mask is forgotten [M05]": (" * (pre > 0)", ""),
            "features not gathered from neighbours for the first weights [M28]": ("dW0 = P.T", "dW0 = X.T"),
            "features not gathered from neighbours for the second weights [M28]": ("dW1 = Q.T", "dW1 = H.T"),
            "averaged over all nodes, not the labelled ones [B1]": ("len(labelled)", "len(labels)"),
            "unlabelled nodes get the softmax's gradient too [B23]": ("dZ[labelled] = p[labelled]", "dZ[:] = p"),
            "self-loops are left out of the degrees going back": (
                "dH = S.T @ dQ",
                "d = 1 / np.sqrt(A.sum(axis=1))\n    dH = (d[:, None] * A1 * d) @ dQ",
            ),
            "rows normalised by the whole degree (random walk) going back": (
                "dH = S.T @ dQ",
                "dH = (A1 / A1.sum(axis=1, keepdims=True)) @ dQ",
            ),
            "the one-hot is subtracted at the wrong nodes: positions in the batch used as node numbers [B25]": (
                "dZ[labelled, labels[labelled]] -= 1",
                "dZ[np.arange(len(labelled)), labels[labelled]] -= 1",
            ),
            "labels indexed by position in the batch [B25]": (
                "labels[labelled]] -= 1",
                "labels[: len(labelled)]] -= 1",
            ),
            "the target is not subtracted [M22]": ("    dZ[labelled, labels[labelled]] -= 1\n", ""),
            "the neighbourhood is applied twice going back": ("dH = S.T @ dQ", "dH = S @ (S @ dQ)"),
        },
        d_gcn_edges,
        {"saturated softmax": scaled(gcn_point, {1: 20.0}), "single precision": single(gcn_point)},
    ),
]
