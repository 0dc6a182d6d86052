"""Normalisation inside networks: batch norm step by step, a transformer block, gated RMS norm, group norm of images."""

from __future__ import annotations

import numpy as np
from check.blind_fourth.case import Family
from check.blind_third.case import scaled, single


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def batchnorm(W1, gamma, beta, W2, b2, X, labels, eps):
    Z = X @ W1
    mu = Z.mean(axis=0)
    var = ((Z - mu) ** 2).mean(axis=0)
    H = np.maximum(gamma * (Z - mu) / np.sqrt(var + eps) + beta, 0)
    P = softmax(H @ W2 + b2)
    return -np.mean(np.log(P[np.arange(len(labels)), labels]))


def d_batchnorm(W1, gamma, beta, W2, b2, X, labels, eps):
    N = X.shape[0]
    # forward, one step a line
    Z = X @ W1
    mu = np.sum(Z, axis=0) / N
    xmu = Z - mu
    var = np.sum(xmu**2, axis=0) / N
    sqrtvar = np.sqrt(var + eps)
    ivar = 1 / sqrtvar
    xhat = xmu * ivar
    Y = gamma * xhat + beta
    H = np.maximum(Y, 0)
    P = softmax(H @ W2 + b2)
    # backward
    dS = P.copy()
    dS[np.arange(N), labels] -= 1
    dS /= N
    dW2 = H.T @ dS
    db2 = dS.sum(axis=0)
    dY = dS @ W2.T
    dY[Y <= 0] = 0
    dbeta = np.sum(dY, axis=0)
    dgamma = np.sum(dY * xhat, axis=0)
    dxhat = dY * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -divar / sqrtvar**2
    dvar = 0.5 * dsqrtvar / sqrtvar
    dxmu2 = 2 * xmu * dvar / N
    dZ1 = dxmu1 + dxmu2
    dmu = -np.sum(dxmu1 + dxmu2, axis=0)
    dZ = dZ1 + dmu / N
    dW1 = X.T @ dZ
    return dW1, dgamma, dbeta, dW2, db2


def d_batchnorm_short(W1, gamma, beta, W2, b2, X, labels, eps):
    """The norm's backward pass in one formula."""
    Z = X @ W1
    s = np.sqrt(Z.var(axis=0) + eps)
    xhat = (Z - Z.mean(axis=0)) / s
    Y = gamma * xhat + beta
    H = Y * (Y > 0)
    P = softmax(H @ W2 + b2)
    dS = (P - np.eye(P.shape[1])[labels]) / len(X)
    dY = (dS @ W2.T) * (Y > 0)
    dgamma, dbeta = (dY * xhat).sum(axis=0), dY.sum(axis=0)
    dZ = gamma / s * (dY - dbeta / len(X) - xhat * dgamma / len(X))
    return X.T @ dZ, dgamma, dbeta, H.T @ dS, dS.sum(axis=0)


def batchnorm_point(rng):
    labels = np.array([0, 2, 1, 1, 0, 2, 1, 0, 2])
    return (
        rng.normal(size=(4, 5)),
        1 + 0.5 * rng.normal(size=5),
        0.4 + 0.5 * rng.normal(size=5),
        rng.normal(size=(5, 3)),
        rng.normal(size=3),
        rng.normal(size=(9, 4)) + 0.3,
        labels,
        0.3,
    )


def block(p, X, Y, heads):
    """Pre-norm transformer block of one sequence: x + attention(norm x), then + feed-forward(norm x)."""

    def norm(x, g, b):
        m = x.mean(axis=-1, keepdims=True)
        return g * (x - m) / np.sqrt(((x - m) ** 2).mean(axis=-1, keepdims=True) + 1e-3) + b

    T, D = X.shape
    dh = D // heads
    a = norm(X, p["g1"], p["c1"])
    mask = np.triu(np.full((T, T), -1e9), 1)
    outs = []
    for h in range(heads):
        cols = slice(h * dh, (h + 1) * dh)
        q, k, v = a @ p["Wq"][:, cols], a @ p["Wk"][:, cols], a @ p["Wv"][:, cols]
        outs.append(softmax(q @ k.T / np.sqrt(dh) + mask) @ v)
    x = X + np.concatenate(outs, axis=1) @ p["Wo"]
    f = np.maximum(norm(x, p["g2"], p["c2"]) @ p["W1"] + p["b1"], 0)
    out = x + f @ p["W2"]
    return 0.5 * np.sum((out - Y) ** 2) / T


def norm_forward(x, g, b):
    xc = x - x.mean(axis=-1, keepdims=True)
    inv = 1 / np.sqrt((xc**2).mean(axis=-1, keepdims=True) + 1e-3)
    xhat = xc * inv
    return g * xhat + b, (xhat, inv, g)


def norm_backward(dy, cache):
    xhat, inv, g = cache
    dg = np.sum(dy * xhat, axis=0)
    db = np.sum(dy, axis=0)
    dxh = dy * g
    dx = inv * (dxh - dxh.mean(axis=-1, keepdims=True) - xhat * np.mean(dxh * xhat, axis=-1, keepdims=True))
    return dx, dg, db


def d_block(p, X, Y, heads):
    T, D = X.shape
    dh = D // heads
    scale = 1 / np.sqrt(dh)
    a, cache1 = norm_forward(X, p["g1"], p["c1"])
    Q, K, V = a @ p["Wq"], a @ p["Wk"], a @ p["Wv"]
    causal = np.tril(np.ones((T, T), dtype=bool))
    context, weights = np.zeros_like(X), []
    for h in range(heads):
        c = slice(h * dh, (h + 1) * dh)
        A = softmax(np.where(causal, Q[:, c] @ K[:, c].T * scale, -1e9))
        context[:, c] = A @ V[:, c]
        weights.append(A)
    x = X + context @ p["Wo"]
    n2, cache2 = norm_forward(x, p["g2"], p["c2"])
    pre = n2 @ p["W1"] + p["b1"]
    f = np.maximum(pre, 0)
    out = x + f @ p["W2"]

    dout = (out - Y) / T
    grads = {}
    grads["W2"] = f.T @ dout
    dpre = (dout @ p["W2"].T) * (pre > 0)
    grads["W1"] = n2.T @ dpre
    grads["b1"] = dpre.sum(axis=0)
    dn2, grads["g2"], grads["c2"] = norm_backward(dpre @ p["W1"].T, cache2)
    dx = dout + dn2
    grads["Wo"] = context.T @ dx
    dcontext = dx @ p["Wo"].T
    dQ, dK, dV = np.zeros_like(Q), np.zeros_like(K), np.zeros_like(V)
    for h in range(heads):
        c = slice(h * dh, (h + 1) * dh)
        A = weights[h]
        dA = dcontext[:, c] @ V[:, c].T
        dV[:, c] = A.T @ dcontext[:, c]
        dscores = A * (dA - (A * dA).sum(axis=1, keepdims=True)) * scale
        dQ[:, c] = dscores @ K[:, c]
        dK[:, c] = dscores.T @ Q[:, c]
    grads["Wq"] = a.T @ dQ
    grads["Wk"] = a.T @ dK
    grads["Wv"] = a.T @ dV
    da = dQ @ p["Wq"].T + dK @ p["Wk"].T + dV @ p["Wv"].T
    _, grads["g1"], grads["c1"] = norm_backward(da, cache1)
    return {name: grads[name] for name in p}


def block_point(rng):
    T, D, F = 5, 6, 7
    shapes = {"g1": D, "c1": D, "Wq": (D, D), "Wk": (D, D), "Wv": (D, D), "Wo": (D, D)}
    shapes |= {"g2": D, "c2": D, "W1": (D, F), "b1": F, "W2": (F, D)}
    p = {name: 0.6 * rng.normal(size=shape) + (name[0] == "g") for name, shape in shapes.items()}
    return p, rng.normal(size=(T, D)), rng.normal(size=(T, D)), 2


def block_peaked(rng):
    """Scores of tens: attention looks at one place."""
    p, X, Y, heads = block_point(rng)
    return {**p, "Wq": 5 * p["Wq"], "Wk": 5 * p["Wk"]}, X, Y, heads


def gated(g, Wa, Wb, Wo, X, Y, eps):
    r = X / np.sqrt(np.mean(X**2, axis=1, keepdims=True) + eps) * g
    a = r @ Wa
    h = a * sigmoid(a) * (r @ Wb)
    out = h @ Wo
    out = out / np.sqrt(np.mean(out**2, axis=1, keepdims=True) + eps)
    return np.mean((out - Y) ** 2)


def d_gated(g, Wa, Wb, Wo, X, Y, eps):
    n, k = Y.shape
    rms_in = np.sqrt(np.mean(X**2, axis=1, keepdims=True) + eps)
    xn = X / rms_in
    r = xn * g
    a, b = r @ Wa, r @ Wb
    s = sigmoid(a)
    act = a * s
    h = act * b
    u = h @ Wo
    rms = np.sqrt(np.mean(u**2, axis=1, keepdims=True) + eps)
    out = u / rms
    dout = 2 * (out - Y) / (n * k)
    du = dout / rms - u * np.sum(dout * u, axis=1, keepdims=True) / (k * rms**3)
    dWo = h.T @ du
    dh = du @ Wo.T
    da = dh * b * (s + act * (1 - s))
    db = dh * act
    dWa = r.T @ da
    dWb = r.T @ db
    dr = da @ Wa.T + db @ Wb.T
    dg = np.sum(dr * xn, axis=0)
    return dg, dWa, dWb, dWo


def gated_point(rng):
    return (
        1 + 0.4 * rng.normal(size=4),
        rng.normal(size=(4, 6)),
        rng.normal(size=(4, 6)),
        rng.normal(size=(6, 3)),
        rng.normal(size=(5, 4)),
        rng.normal(size=(5, 3)),
        0.01,
    )


def groupnorm(W, gamma, beta, v, X, y, groups, eps):
    N, C, H, V = X.shape
    Z = np.einsum("oc,nchw->nohw", W, X)
    O = W.shape[0]
    G = Z.reshape(N, groups, -1)
    G = (G - G.mean(axis=2, keepdims=True)) / np.sqrt(G.var(axis=2, keepdims=True) + eps)
    A = G.reshape(N, O, H, V) * gamma[None, :, None, None] + beta[None, :, None, None]
    A = np.where(A > 0, A, 0.2 * A)
    score = A.mean(axis=(2, 3)) @ v
    return np.mean(np.logaddexp(0, -y * score))


def d_groupnorm(W, gamma, beta, v, X, y, groups, eps):
    N, C, H, V = X.shape
    O = W.shape[0]
    Z = np.einsum("oc,nchw->nohw", W, X)
    G = Z.reshape(N, groups, -1)
    m = G.shape[2]
    mean = G.mean(axis=2, keepdims=True)
    std = np.sqrt(G.var(axis=2, keepdims=True) + eps)
    hat = (G - mean) / std
    xhat = hat.reshape(Z.shape)
    B = xhat * gamma[None, :, None, None] + beta[None, :, None, None]
    A = np.where(B > 0, B, 0.2 * B)
    pooled = A.mean(axis=(2, 3))
    score = pooled @ v

    dscore = -y * sigmoid(-y * score) / N
    dv = pooled.T @ dscore
    dpooled = dscore[:, None] * v
    dA = np.broadcast_to(dpooled[:, :, None, None], A.shape) / (H * V)
    dB = dA * np.where(B > 0, 1.0, 0.2)
    dgamma = np.sum(dB * xhat, axis=(0, 2, 3))
    dbeta = np.sum(dB, axis=(0, 2, 3))
    dhat = (dB * gamma[None, :, None, None]).reshape(N, groups, -1)
    dG = (dhat - dhat.sum(axis=2, keepdims=True) / m - hat * (dhat * hat).sum(axis=2, keepdims=True) / m) / std
    dZ = dG.reshape(Z.shape)
    dW = np.einsum("nohw,nchw->oc", dZ, X)
    return dW, dgamma, dbeta, dv


def groupnorm_point(rng):
    y = np.array([1.0, -1, -1, 1, -1])
    return (
        rng.normal(size=(6, 3)),
        1 + 0.5 * rng.normal(size=6),
        0.5 * rng.normal(size=6),
        2 * rng.normal(size=6),
        rng.normal(size=(5, 3, 4, 2)),
        y,
        2,
        0.05,
    )


FAMILIES = [
    Family(
        "batch norm step by step",
        batchnorm,
        d_batchnorm,
        batchnorm_point,
        5,
        {
            "the path through the variance is forgotten [B21 M29]": (
                "dZ1 = dxmu1 + dxmu2",
                "dZ1 = dxmu1",
                "np.sum(dxmu1 + dxmu2, axis=0)",
                "np.sum(dxmu1, axis=0)",
            ),
            "the path through the mean is forgotten [B21 M29]": ("dZ = dZ1 + dmu / N", "dZ = dZ1"),
            "mean and variance are constants [B21 M29]": ("dZ = dZ1 + dmu / N", "dZ = dxmu1"),
            "the mean's gradient is not divided by N [B1 M11]": ("dZ1 + dmu / N", "dZ1 + dmu"),
            "the mean's gradient has lost its minus [B3]": ("dmu = -np.sum", "dmu = np.sum"),
            "the variance's 2 is lost [B2 M01]": ("2 * xmu * dvar / N", "xmu * dvar / N"),
            "the root's half is lost [B2]": ("0.5 * dsqrtvar / sqrtvar", "dsqrtvar / sqrtvar"),
            "the inverse's slope is not squared [M02]": ("-divar / sqrtvar**2", "-divar / sqrtvar"),
            "the inverse's slope has lost its minus [B3]": ("-divar / sqrtvar**2", "divar / sqrtvar**2"),
            "the variance's gradient is not divided by N [B1]": ("2 * xmu * dvar / N", "2 * xmu * dvar"),
            "gamma is not multiplied in going back [M04]": ("dxhat = dY * gamma", "dxhat = dY"),
            "gamma's gradient uses the normalised output, not the normalised input": (
                "dY * xhat, axis=0)",
                "dY * Y, axis=0)",
            ),
            "gamma's gradient uses the centred input, not the scaled one": ("dY * xhat, axis=0)", "dY * xmu, axis=0)"),
            "the rectifier's mask is that of the normalised input, before gamma and beta [M06]": (
                "dY[Y <= 0] = 0",
                "dY[xhat <= 0] = 0",
            ),
            "the rectifier's mask is forgotten [M05 B22]": ("    dY[Y <= 0] = 0\n", ""),
            "beta takes the mean over the batch [B6]": ("np.sum(dY, axis=0)", "np.mean(dY, axis=0)"),
            "eps is forgotten in the backward pass": ("np.sqrt(var + eps)", "np.sqrt(var)"),
            "the variance is divided by N - 1 in the backward pass": (
                "np.sum(xmu**2, axis=0) / N",
                "np.sum(xmu**2, axis=0) / (N - 1)",
            ),
            "gamma's gradient uses the centred input; and the mask is forgotten [M05]": (
                "dY * xhat, axis=0)",
                "dY * xmu, axis=0)",
                "    dY[Y <= 0] = 0\n",
                "",
            ),
        },
        d_batchnorm_short,
        {"single precision": single(batchnorm_point)},
    ),
    Family(
        "transformer block with two heads",
        block,
        d_block,
        block_point,
        1,
        {
            "scores are not scaled on the way back [M30]": (
                "axis=1, keepdims=True)) * scale",
                "axis=1, keepdims=True))",
            ),
            "scaled by the model's width, not the head's [M30]": ("scale = 1 / np.sqrt(dh)", "scale = 1 / np.sqrt(D)"),
            "softmax's cross terms are dropped [B17 M21 M30]": (
                "A * (dA - (A * dA).sum(axis=1, keepdims=True))",
                "A * dA",
            ),
            "softmax's sum runs over the queries [B18]": (
                "(A * dA).sum(axis=1, keepdims=True)",
                "(A * dA).sum(axis=0, keepdims=True)",
            ),
            "queries and keys are swapped [M30]": (
                "dscores @ K[:, c]",
                "dscores @ Q[:, c]",
                "dscores.T @ Q[:, c]",
                "dscores.T @ K[:, c]",
            ),
            "scores are not transposed for the keys [M09 M30]": ("dscores.T @ Q", "dscores @ Q"),
            "the weights are not transposed for the values [M09]": ("A.T @ dcontext", "A @ dcontext"),
            "the causal mask is forgotten in the backward pass": (
                "np.tril(np.ones((T, T), dtype=bool))",
                "np.ones((T, T), dtype=bool)",
            ),
            "the causal mask hides the present place too": (
                "np.tril(np.ones((T, T), dtype=bool))",
                "np.tril(np.ones((T, T), dtype=bool), -1)",
            ),
            "the second residual is forgotten [M20]": ("dx = dout + dn2", "dx = dn2"),
            "the feed-forward path to the attention is forgotten [M20]": ("dx = dout + dn2", "dx = dout"),
            "the layer norm forgets the variance's path [M29 B21]": (
                " - xhat * np.mean(dxh * xhat, axis=-1, keepdims=True)",
                "",
            ),
            "the layer norm forgets the mean's path [M29 B21]": (" - dxh.mean(axis=-1, keepdims=True)", ""),
            "the layer norm's gain is not multiplied in [M04]": ("dxh = dy * g", "dxh = dy"),
            "the values' path to the first norm is forgotten [M20]": (' + dV @ p["Wv"].T', ""),
            "the query weights take the raw input, not the normed one [M28]": (
                'grads["Wq"] = a.T',
                'grads["Wq"] = X.T',
            ),
            "the feed-forward's weights take the stream, not its norm [M28]": (
                'grads["W1"] = n2.T',
                'grads["W1"] = x.T',
            ),
            "the rectifier's mask is forgotten [M05]": (" * (pre > 0)", ""),
            "summed over the places, not averaged [B1 M11]": ("(out - Y) / T", "(out - Y)"),
            "only the last head's query gradient is kept [B14]": (
                "dQ[:, c] = dscores",
                "dQ[:] = 0\n        dQ[:, c] = dscores",
            ),
            "scores are not scaled; and the second residual is forgotten [M30 M20]": (
                "axis=1, keepdims=True)) * scale",
                "axis=1, keepdims=True))",
                "dx = dout + dn2",
                "dx = dn2",
            ),
        },
        None,
        {"peaked attention": block_peaked},
        (norm_backward,),
    ),
    Family(
        "gated feed-forward between two RMS norms",
        gated,
        d_gated,
        gated_point,
        4,
        {
            "the length is a constant going back [B21 M29]": (
                " - u * np.sum(dout * u, axis=1, keepdims=True) / (k * rms**3)",
                "",
            ),
            "the length's share is not divided by the number of columns [B1]": ("/ (k * rms**3)", "/ rms**3"),
            "the length's share has the power two [M02]": ("(k * rms**3)", "(k * rms**2)"),
            "the length's share has no projection: the plain sum": (
                "np.sum(dout * u, axis=1, keepdims=True)",
                "np.sum(dout, axis=1, keepdims=True)",
            ),
            "the length's share is added [B3]": ("dout / rms - u", "dout / rms + u"),
            "the length's share sums over the batch [M13]": (
                "np.sum(dout * u, axis=1, keepdims=True)",
                "np.sum(dout * u, axis=0, keepdims=True)",
            ),
            "swish's slope is the sigmoid's own [M07]": ("(s + act * (1 - s))", "(s * (1 - s))"),
            "swish's slope forgets its second term [M20]": ("(s + act * (1 - s))", "s"),
            "the gate's branch is not multiplied by the other one [M04]": ("dh * b * (s", "dh * (s"),
            "the linear branch is multiplied by the pre-activation, not the swish [B10]": (
                "db = dh * act",
                "db = dh * a",
            ),
            "the linear branch's path to the gain is forgotten [M20]": (" + db @ Wb.T", ""),
            "both branches go back through the first's weights [M28]": ("db @ Wb.T", "db @ Wa.T"),
            "the gain is multiplied into the first weights twice": ("dWa = r.T @ da", "dWa = (r * g).T @ da"),
            "the second weights take the normed input without its gain [M28]": ("dWb = r.T", "dWb = xn.T"),
            "the gain's gradient takes the raw input [M28]": ("dr * xn", "dr * X"),
            "averaged over the rows only [B1]": ("/ (n * k)", "/ n"),
            "the length's share is added; and the linear branch's path to the gain is forgotten [B3 M20]": (
                "dout / rms - u",
                "dout / rms + u",
                " + db @ Wb.T",
                "",
            ),
        },
        None,
        {"outputs near zero": scaled(gated_point, {3: 1e-3}), "single precision": single(gated_point)},
    ),
    Family(
        "group norm of small images",
        groupnorm,
        d_groupnorm,
        groupnorm_point,
        4,
        {
            "the mean's path is forgotten [B21 M29]": (" - dhat.sum(axis=2, keepdims=True) / m", ""),
            "the variance's path is forgotten [B21 M29]": (" - hat * (dhat * hat).sum(axis=2, keepdims=True) / m", ""),
            "gradients are averaged over the pixels, not over the group [B1]": ("m = G.shape[2]", "m = H * V"),
            "the groups are the channels in the backward pass": (
                "groups, -1)\n    m",
                "O, -1)\n    m",
                "None, None]).reshape(N, groups, -1)",
                "None, None]).reshape(N, O, -1)",
            ),
            "the deviation is not divided by going back [M04]": ("keepdims=True) / m) / std", "keepdims=True) / m)"),
            "divided by the variance": ("/ m) / std", "/ m) / std**2"),
            "gain forgotten going back [M04]": ("(dB * gamma[None, :, None, None])", "dB"),
            "gain's gradient without the normalised input [M14]": ("dB * xhat, axis=(0, 2, 3)", "dB, axis=(0, 2, 3)"),
            "gain's gradient takes the convolution's output, not the normalised one": (
                "np.sum(dB * xhat",
                "np.sum(dB * Z",
            ),
            "the leaky slope is forgotten: plain rectifier": ("np.where(B > 0, 1.0, 0.2)", "(B > 0)"),
            "the leaky mask comes from before gain and shift [M06]": (
                "np.where(B > 0, 1.0, 0.2)",
                "np.where(xhat > 0, 1.0, 0.2)",
            ),
            "the mean over pixels is not divided by their number [B1 M11]": (" / (H * V)", ""),
            "the label outside the sigmoid is forgotten [M04]": ("-y * sigmoid(-y * score)", "-sigmoid(-y * score)"),
            "the margin's sign in the sigmoid is wrong": ("sigmoid(-y * score)", "sigmoid(y * score)"),
            "shift averaged over the batch [B6]": ("np.sum(dB, axis=(0, 2, 3))", "np.sum(dB, axis=(0, 2, 3)) / N"),
            "the mean's path is forgotten; and the shift is averaged [M29 B6]": (
                " - dhat.sum(axis=2, keepdims=True) / m",
                "",
                "np.sum(dB, axis=(0, 2, 3))",
                "np.mean(dB, axis=(0, 2, 3))",
            ),
        },
        None,
        {"images with a large offset": lambda rng: (lambda a: (*a[:4], a[4] + 50.0, *a[5:]))(groupnorm_point(rng))},
    ),
]
