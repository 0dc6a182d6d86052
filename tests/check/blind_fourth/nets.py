"""Networks as people write them: a list of layers, a class with a cache, a dict with dropout, gates, experts, two towers."""

from __future__ import annotations

import numpy as np
from check.blind_fourth.case import Family
from check.blind_third.case import single


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softplus(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def mish(z):
    return z * np.tanh(softplus(z))


def elu(z):
    return np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1)


def deep(layers, X, y):
    (W1, b1), (W2, b2), (W3, b3) = layers
    h = mish(X @ W1 + b1)
    h = elu(h @ W2 + b2)
    logit = (h @ W3 + b3)[:, 0]
    return np.mean(softplus(logit) - y * logit)


def d_deep(layers, X, y):
    acts = [X]
    pres = []
    for k, (W, b) in enumerate(layers):
        z = acts[-1] @ W + b
        pres.append(z)
        acts.append((mish, elu, sigmoid)[k](z))
    n = len(y)
    delta = (acts[-1] - y[:, None]) / n
    grads = [None] * 3
    for k in (2, 1, 0):
        W = layers[k][0]
        dW = acts[k].T @ delta
        db = delta.sum(axis=0)
        grads[k] = (dW, db)
        back = delta @ W.T
        if k == 2:
            delta = back * np.where(pres[1] > 0, 1.0, acts[2] + 1)
        elif k == 1:
            t = np.tanh(softplus(pres[0]))
            delta = back * (t + pres[0] * (1 - t**2) * sigmoid(pres[0]))
    return grads


def deep_point(rng):
    sizes = [4, 5, 3, 1]
    layers = [
        (rng.normal(size=(i, o)) * 0.8, 0.4 * rng.normal(size=o)) for i, o in zip(sizes[:-1], sizes[1:], strict=True)
    ]
    return layers, rng.normal(size=(7, 4)), np.array([1.0, 0, 1, 1, 0, 0, 1])


def deep_far(rng):
    """Outputs far from zero on both sides."""
    layers, X, y = deep_point(rng)
    return [*layers[:2], (9 * layers[2][0], layers[2][1])], X, y


class Network:
    """Two layers with a cache, as in the first weeks of a course."""

    def __init__(self, W1, b1, W2, b2, slope):
        self.W1, self.b1, self.W2, self.b2 = W1, b1, W2, b2
        self.slope = slope

    def forward(self, X):
        Z1 = X @ self.W1 + self.b1
        A1 = np.where(Z1 > 0, Z1, self.slope * Z1)
        Z2 = A1 @ self.W2 + self.b2
        E = np.exp(Z2 - Z2.max(axis=1, keepdims=True))
        P = E / E.sum(axis=1, keepdims=True)
        self.cache = (X, Z1, A1, P)
        return P

    def backward(self, Y, lam):
        X, Z1, A1, P = self.cache
        m = X.shape[0]
        dZ2 = (P - Y) / m
        self.dW2 = A1.T @ dZ2 + lam * self.W2
        self.db2 = np.sum(dZ2, axis=0)
        dA1 = dZ2 @ self.W2.T
        dZ1 = dA1 * np.where(Z1 > 0, 1.0, self.slope)
        self.dW1 = X.T @ dZ1 + lam * self.W1
        self.db1 = np.sum(dZ1, axis=0)


def leaky(W1, b1, W2, b2, X, Y, slope, lam):
    Z1 = X @ W1 + b1
    Z2 = np.maximum(Z1, slope * Z1) @ W2 + b2
    top = Z2.max(axis=1, keepdims=True)
    lse = top[:, 0] + np.log(np.sum(np.exp(Z2 - top), axis=1))
    return np.mean(lse - np.sum(Y * Z2, axis=1)) + lam / 2 * (np.sum(W1**2) + np.sum(W2**2))


def d_leaky(W1, b1, W2, b2, X, Y, slope, lam):
    net = Network(W1, b1, W2, b2, slope)
    net.forward(X)
    net.backward(Y, lam)
    return net.dW1, net.db1, net.dW2, net.db2


def leaky_point(rng):
    Y = np.eye(3)[[0, 2, 1, 1, 0, 2, 2, 1]]
    return (
        rng.normal(size=(4, 5)),
        rng.normal(size=5),
        rng.normal(size=(5, 3)),
        rng.normal(size=3),
        rng.normal(size=(8, 4)),
        Y,
        0.1,
        0.06,
    )


def leaky_kink(rng):
    """Two hidden units whose inputs are exactly zero for the first sample."""
    W1, b1, W2, b2, X, Y, slope, lam = leaky_point(rng)
    X[0] = 0
    b1[:2] = 0
    return W1, b1, W2, b2, X, Y, slope, lam


def four(params, X, y, keep, rate, delta):
    c = np.sqrt(2 / np.pi)
    z1 = X @ params["W1"] + params["b1"]
    h1 = 0.5 * z1 * (1 + np.tanh(c * (z1 + 0.044715 * z1**3)))
    h1 = h1 * keep / (1 - rate)
    z2 = h1 @ params["W2"] + params["b2"]
    h2 = z2 * sigmoid(z2)
    h3 = np.tanh(h2 @ params["W3"] + params["b3"])
    r = np.abs(h3 @ params["W4"] + params["b4"] - y)
    return np.mean(np.where(r < delta, 0.5 * r**2 / delta, r - 0.5 * delta))


def d_four(params, X, y, keep, rate, delta):
    W1, W2, W3, W4 = (params[k] for k in ("W1", "W2", "W3", "W4"))
    c = np.sqrt(2 / np.pi)
    z1 = X @ W1 + params["b1"]
    u = np.tanh(c * (z1 + 0.044715 * z1**3))
    h1 = 0.5 * z1 * (1 + u) * keep / (1 - rate)
    z2 = h1 @ W2 + params["b2"]
    s = sigmoid(z2)
    h2 = z2 * s
    h3 = np.tanh(h2 @ W3 + params["b3"])
    r = h3 @ W4 + params["b4"] - y

    g4 = np.clip(r / delta, -1, 1) / len(y)
    g3 = np.outer(g4, W4) * (1 - h3**2)
    g2 = g3 @ W3.T * (s + z2 * s * (1 - s))
    dh1 = g2 @ W2.T * keep / (1 - rate)
    g1 = dh1 * (0.5 * (1 + u) + 0.5 * z1 * (1 - u**2) * c * (1 + 3 * 0.044715 * z1**2))
    return {
        "W1": X.T @ g1,
        "b1": g1.sum(0),
        "W2": h1.T @ g2,
        "b2": g2.sum(0),
        "W3": h2.T @ g3,
        "b3": g3.sum(0),
        "W4": h3.T @ g4,
        "b4": g4.sum(),
    }


def four_point(rng):
    shapes = {"W1": (3, 6), "b1": 6, "W2": (6, 5), "b2": 5, "W3": (5, 4), "b3": 4, "W4": 4}
    params = {name: 0.7 * rng.normal(size=shape) for name, shape in shapes.items()}
    params["b4"] = 0.2
    keep = np.ones((9, 6))
    keep.flat[[0, 4, 7, 11, 20, 21, 30, 38, 41, 46, 52]] = 0
    return params, rng.normal(size=(9, 3)), rng.normal(size=9), keep, 0.2, 0.6


def highway(Wh, bh, Wt, bt, v, X, y, q):
    h = X
    for _ in range(2):
        t = sigmoid(h @ Wt + bt)
        h = t * np.tanh(h @ Wh + bh) + (1 - t) * h
    e = y - h @ v
    return np.mean(np.maximum(q * e, (q - 1) * e))


def d_highway(Wh, bh, Wt, bt, v, X, y, q):
    h = X
    tape = []
    for _ in range(2):
        t = sigmoid(h @ Wt + bt)
        c = np.tanh(h @ Wh + bh)
        tape.append((h, t, c))
        h = t * c + (1 - t) * h
    e = y - h @ v
    dout = np.where(e > 0, -q, 1 - q) / len(y)
    dv = h.T @ dout
    dh = np.outer(dout, v)
    dWh, dbh, dWt, dbt = np.zeros_like(Wh), np.zeros_like(bh), np.zeros_like(Wt), np.zeros_like(bt)
    for x, t, c in reversed(tape):
        dc = dh * t * (1 - c**2)
        dt = dh * (c - x) * t * (1 - t)
        dWh += x.T @ dc
        dbh += dc.sum(axis=0)
        dWt += x.T @ dt
        dbt += dt.sum(axis=0)
        dh = dh * (1 - t) + dc @ Wh.T + dt @ Wt.T
    return dWh, dbh, dWt, dbt, dv


def highway_point(rng):
    d = 4
    W = [
        rng.normal(size=(d, d)),
        rng.normal(size=d),
        rng.normal(size=(d, d)),
        rng.normal(size=d) - 0.5,
        rng.normal(size=d),
    ]
    return (*W, rng.normal(size=(7, d)), rng.normal(size=7), 0.8)


def experts(gate, V, u, X, y, balance):
    S = X @ gate
    S = np.exp(S - S.max(axis=1, keepdims=True))
    g = S / S.sum(axis=1, keepdims=True)
    H = np.tanh(np.einsum("nd,edk->nek", X, V))
    out = np.einsum("ne,nek,ek->n", g, H, u)
    return np.mean((out - y) ** 2) + balance * np.sum(g.mean(axis=0) ** 2)


def d_experts(gate, V, u, X, y, balance):
    n = len(y)
    S = X @ gate
    S = np.exp(S - S.max(axis=1, keepdims=True))
    g = S / S.sum(axis=1, keepdims=True)
    H = np.tanh(np.einsum("nd,edk->nek", X, V))
    each = np.einsum("nek,ek->ne", H, u)
    out = np.sum(g * each, axis=1)
    dout = 2 * (out - y) / n
    du = np.einsum("n,ne,nek->ek", dout, g, H)
    dH = np.einsum("n,ne,ek->nek", dout, g, u)
    dV = np.einsum("nd,nek->edk", X, dH * (1 - H**2))
    dg = dout[:, None] * each
    dg += 2 * balance * g.mean(axis=0) / n
    dS = g * (dg - np.sum(dg * g, axis=1, keepdims=True))
    dgate = X.T @ dS
    return dgate, dV, du


def d_experts_loop(gate, V, u, X, y, balance):
    dgate, dV, du = np.zeros_like(gate), np.zeros_like(V), np.zeros_like(u)
    e = np.exp(X @ gate)
    G = e / e.sum(axis=1, keepdims=True)
    usage = G.mean(axis=0)
    for x, t, g in zip(X, y, G, strict=True):
        H = np.tanh(x @ V)
        each = (H * u).sum(axis=1)
        miss = 2 * (g @ each - t) / len(y)
        du += miss * g[:, None] * H
        dV += miss * (g[:, None] * u * (1 - H**2))[:, None, :] * x[None, :, None]
        J = np.diag(g) - np.outer(g, g)
        dgate += np.outer(x, J @ (miss * each + 2 * balance * usage / len(y)))
    return dgate, dV, du


def experts_point(rng):
    return (
        rng.normal(size=(4, 3)),
        rng.normal(size=(3, 4, 2)),
        rng.normal(size=(3, 2)),
        rng.normal(size=(9, 4)),
        rng.normal(size=9),
        0.4,
    )


def towers(A, B, log_tau, users, items):
    U = users @ A
    V = items @ B
    U = U / np.sqrt(np.sum(U**2, axis=1, keepdims=True))
    V = V / np.sqrt(np.sum(V**2, axis=1, keepdims=True))
    S = U @ V.T / np.exp(log_tau)
    S = S - S.max(axis=1, keepdims=True)
    return -np.mean(np.diag(S) - np.log(np.exp(S).sum(axis=1)))


def d_towers(A, B, log_tau, users, items):
    tau = np.exp(log_tau)
    rawU, rawV = users @ A, items @ B
    lenU = np.linalg.norm(rawU, axis=1, keepdims=True)
    lenV = np.linalg.norm(rawV, axis=1, keepdims=True)
    U, V = rawU / lenU, rawV / lenV
    S = U @ V.T / tau
    P = np.exp(S - S.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    G = (P - np.eye(len(P))) / len(P)
    dU = G @ V / tau
    dV = G.T @ U / tau
    dlog_tau = -np.sum(G * S)
    drawU = (dU - U * np.sum(dU * U, axis=1, keepdims=True)) / lenU
    drawV = (dV - V * np.sum(dV * V, axis=1, keepdims=True)) / lenV
    dA = users.T @ drawU
    dB = items.T @ drawV
    return dA, dB, dlog_tau


def towers_point(rng):
    return rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), -0.4, rng.normal(size=(6, 5)), rng.normal(size=(6, 4))


def towers_sharp(rng):
    A, B, _, users, items = towers_point(rng)
    return A, B, -2.5, users, items


FAMILIES = [
    Family(
        "three layers in a list: mish and elu",
        deep,
        d_deep,
        deep_point,
        1,
        {
            "mish's second term is forgotten [M20]": ("(t + pres[0] * (1 - t**2) * sigmoid(pres[0]))", "t"),
            "mish lacks the sigmoid of softplus [M04]": ("(1 - t**2) * sigmoid(pres[0]))", "(1 - t**2))"),
            "mish's tanh slope is 1 - t [M02]": ("(1 - t**2)", "(1 - t)"),
            "mish's slope is taken at its output [B10]": (
                "t = np.tanh(softplus(pres[0]))",
                "t = np.tanh(softplus(acts[1]))",
            ),
            "elu's negative slope is the output, without plus one [M07]": ("acts[2] + 1)", "acts[2])"),
            "elu's negative slope is one: no slope at all [B9 M05]": ("acts[2] + 1)", "1.0)"),
            "elu's negative side gets no gradient, as a rectifier's": ("acts[2] + 1)", "0.0)"),
            "elu's mask comes from the layer before [M06]": ("(pres[1] > 0, 1.0", "(acts[1][:, :3] > 0, 1.0"),
            "sigmoid's slope is multiplied in after the cross-entropy as well [M08]": (
                "y[:, None]) / n",
                "y[:, None]) * acts[-1] * (1 - acts[-1]) / n",
            ),
            "the label is subtracted from the logit, not from its sigmoid [M22]": (
                "(acts[-1] - y[:, None])",
                "(pres[-1] - y[:, None])",
            ),
            "bias gradients are averaged over the batch [B6 M12]": ("delta.sum(axis=0)", "delta.mean(axis=0)"),
            "the weights' gradient uses the pre-activation of the layer before [B10 M28]": (
                "dW = acts[k].T",
                "dW = (pres[k - 1] if k else X).T",
            ),
            "not divided by the batch [B1 M11]": ("y[:, None]) / n", "y[:, None])"),
            "the weights are stepped before they carry the gradient back [B12 M16]": (
                "back = delta @ W.T",
                "back = delta @ (W - 0.5 * dW).T",
            ),
            "mish lacks the sigmoid of softplus; and the biases are averaged [M04 B6]": (
                "(1 - t**2) * sigmoid(pres[0]))",
                "(1 - t**2))",
                "delta.sum(axis=0)",
                "delta.mean(axis=0)",
            ),
            "not divided by the batch; and mish's slope is taken at its output [B1 M11 B10]": (
                "y[:, None]) / n",
                "y[:, None])",
                "t = np.tanh(softplus(pres[0]))",
                "t = np.tanh(softplus(acts[1]))",
            ),
        },
        None,
        {"outputs far from zero": deep_far},
    ),
    Family(
        "two-layer class with a cache",
        leaky,
        d_leaky,
        leaky_point,
        4,
        {
            "the leaky slope is forgotten: a plain rectifier's mask": (
                "np.where(Z1 > 0, 1.0, self.slope)",
                "np.where(Z1 > 0, 1.0, 0.0)",
            ),
            "no activation slope at all [B9 M05]": (" * np.where(Z1 > 0, 1.0, self.slope)", ""),
            "the mask is of the gradient, not of the pre-activation [M06]": (
                "dA1 * np.where(Z1 > 0",
                "dA1 * np.where(dA1 > 0",
            ),
            "the mask's sides are swapped": ("np.where(Z1 > 0, 1.0, self.slope)", "np.where(Z1 > 0, self.slope, 1.0)"),
            "the cache holds the pre-activation in the place of the activation [B11]": (
                "self.cache = (X, Z1, A1, P)",
                "self.cache = (X, Z1, Z1, P)",
            ),
            "the first layer's weights see the input with its mean taken off [M28]": (
                "self.dW1 = X.T @ dZ1",
                "self.dW1 = (X - X.mean(axis=0)).T @ dZ1",
            ),
            "not divided by the batch for the second layer's weights [B1 M11]": ("A1.T @ dZ2 +", "m * A1.T @ dZ2 +"),
            "penalty forgotten in the first layer [B20]": (" + lam * self.W1\n", "\n"),
            "penalty with a 2 in the second layer [B20 B2]": ("+ lam * self.W2\n", "+ 2 * lam * self.W2\n"),
            "penalty divided by the batch [B20 M12]": ("+ lam * self.W1", "+ lam * self.W1 / m"),
            "the first bias is penalised [B20]": ("np.sum(dZ1, axis=0)", "np.sum(dZ1, axis=0) + lam * self.b1"),
            "the second layer is stepped before its gradient goes back [B12 M16]": (
                "dA1 = dZ2 @ self.W2.T",
                "W2 = self.W2 - 0.3 * self.dW2\n        dA1 = dZ2 @ W2.T",
            ),
            "divided by the classes, not the batch [B1]": ("(P - Y) / m", "(P - Y) / P.shape[1]"),
            "softmax is normalised down the batch [B18]": (
                "E.sum(axis=1, keepdims=True)",
                "E.sum(axis=0, keepdims=True)",
            ),
            "the first bias sums dA1, before the mask [B9]": ("np.sum(dZ1, axis=0)", "np.sum(dA1, axis=0)"),
            "a plain rectifier's mask; and the penalty forgotten in the first layer [B20]": (
                "np.where(Z1 > 0, 1.0, self.slope)",
                "(Z1 > 0)",
                " + lam * self.W1\n",
                "\n",
            ),
            "no activation slope at all; and penalty forgotten in the first layer [B9 M05 B20]": (
                " * np.where(Z1 > 0, 1.0, self.slope)",
                "",
                " + lam * self.W1\n",
                "\n",
            ),
        },
        None,
        {"pre-activations of exactly zero": leaky_kink, "single precision": single(leaky_point)},
        (Network,),
    ),
    Family(
        "four layers in a dict with dropout",
        four,
        d_four,
        four_point,
        1,
        {
            "dropout's mask is not applied going back [B22]": (
                "dh1 = g2 @ W2.T * keep / (1 - rate)",
                "dh1 = g2 @ W2.T / (1 - rate)",
            ),
            "dropout's scale is not applied going back [B22]": (
                "dh1 = g2 @ W2.T * keep / (1 - rate)",
                "dh1 = g2 @ W2.T * keep",
            ),
            "dropout's scale is multiplied by the kept share": (
                "dh1 = g2 @ W2.T * keep / (1 - rate)",
                "dh1 = g2 @ W2.T * keep * (1 - rate)",
            ),
            "dropout is divided by the rate": ("W2.T * keep / (1 - rate)", "W2.T * keep / rate"),
            "GELU's slope has only its first half [M20]": (
                " + 0.5 * z1 * (1 - u**2) * c * (1 + 3 * 0.044715 * z1**2)",
                "",
            ),
            "GELU's cubic keeps no 3 [M02]": ("(1 + 3 * 0.044715 * z1**2)", "(1 + 0.044715 * z1**2)"),
            "GELU's inner slope forgets the cubic": (" * (1 + 3 * 0.044715 * z1**2)", ""),
            "GELU lacks its factor root of 2 over pi [M04]": ("(1 - u**2) * c *", "(1 - u**2) *"),
            "swish's slope is the sigmoid's alone [M07]": ("(s + z2 * s * (1 - s))", "(s * (1 - s))"),
            "swish's slope forgets its second term [M20]": ("(s + z2 * s * (1 - s))", "s"),
            "swish's slope is taken at its output [B10]": ("(s + z2 * s * (1 - s))", "(s + h2 * s * (1 - s))"),
            "tanh's slope is 1 - h [M02]": ("(1 - h3**2)", "(1 - h3)"),
            "Huber's residual is not clipped [B26]": ("np.clip(r / delta, -1, 1)", "(r / delta)"),
            "Huber's residual is not divided by delta": ("np.clip(r / delta, -1, 1)", "np.clip(r, -delta, delta)"),
            "the third layer's weights take the second pre-activation [M28 B10]": ("h2.T @ g3", "z2.T @ g3"),
            "the second layer's weights take activations from before dropout [M28]": (
                "h1.T @ g2",
                "(0.5 * z1 * (1 + u)).T @ g2",
            ),
            "the third layer's bias is averaged [B6]": ("g3.sum(0)", "g3.mean(0)"),
            "swish's slope forgets its second term; and dropout's mask is not applied [M20 B22]": (
                "(s + z2 * s * (1 - s))",
                "s",
                "dh1 = g2 @ W2.T * keep /",
                "dh1 = g2 @ W2.T /",
            ),
        },
        None,
        {"small weights": lambda rng: ({k: 0.05 * v for k, v in four_point(rng)[0].items()}, *four_point(rng)[1:])},
    ),
    Family(
        "highway network with shared layers",
        highway,
        d_highway,
        highway_point,
        5,
        {
            "the carried path is forgotten: no gradient through 1 - t [M20]": ("dh = dh * (1 - t) + dc", "dh = dc"),
            "the carried path is not gated": ("dh = dh * (1 - t) + dc", "dh = dh + dc"),
            "the carry has the transform's gate": ("dh = dh * (1 - t) + dc", "dh = dh * t + dc"),
            "the gate's gradient lacks the carried input [M20]": ("dh * (c - x) * t", "dh * c * t"),
            "the gate's gradient adds the carried input [B3]": ("(c - x)", "(c + x)"),
            "the gate's slope is tanh's": ("* t * (1 - t)\n", "* (1 - t**2)\n"),
            "the gate's slope is forgotten [B9]": ("(c - x) * t * (1 - t)", "(c - x)"),
            "the candidate's slope is forgotten [B9]": ("dh * t * (1 - c**2)", "dh * t"),
            "the candidate is not gated going back [M04]": ("dh * t * (1 - c**2)", "dh * (1 - c**2)"),
            "the shared gate's weights keep only the first layer's share [B14]": ("dWt += x.T @ dt", "dWt = x.T @ dt"),
            "the gate's path to the layer before is forgotten [M20]": (" + dt @ Wt.T", ""),
            "the gate's weights are not transposed on the way back [B4 M09]": ("dt @ Wt.T", "dt @ Wt"),
            "the pinball's sides are swapped": ("np.where(e > 0, -q, 1 - q)", "np.where(e > 0, 1 - q, -q)"),
            "the last layer's weights see the input of the last gate [M28]": (
                "dv = h.T @ dout",
                "dv = tape[-1][0].T @ dout",
            ),
            "the candidate's slope is forgotten; and the gate's path back too [B9 M20]": (
                "dh * t * (1 - c**2)",
                "dh * t",
                " + dt @ Wt.T",
                "",
            ),
        },
        None,
        {"closed gates": lambda rng: (lambda a: (*a[:3], a[3] - 12.0, *a[4:]))(highway_point(rng))},
    ),
    Family(
        "mixture of experts with a balance term",
        experts,
        d_experts,
        experts_point,
        3,
        {
            "softmax's cross terms are dropped [B17 M21]": (
                "g * (dg - np.sum(dg * g, axis=1, keepdims=True))",
                "g * dg",
            ),
            "softmax's slope is g (1 - g) [B17 M21]": (
                "g * (dg - np.sum(dg * g, axis=1, keepdims=True))",
                "g * (1 - g) * dg",
            ),
            "softmax's sum runs over the batch [B18]": (
                "np.sum(dg * g, axis=1, keepdims=True)",
                "np.sum(dg * g, axis=0, keepdims=True)",
            ),
            "the balance term is forgotten [B20]": ("    dg += 2 * balance * g.mean(axis=0) / n\n", ""),
            "the balance term lacks 1/n [B1 M11]": ("g.mean(axis=0) / n", "g.mean(axis=0)"),
            "the balance term replaces the data's [B14]": ("dg += 2 * balance", "dg = 2 * balance"),
            "the balance term uses each row's gates, not their mean": (
                "balance * g.mean(axis=0) / n",
                "balance * g / n",
            ),
            "experts are not weighted by their gates going back [M04]": (
                '"n,ne,ek->nek", dout, g, u',
                '"n,ne,ek->nek", dout, np.ones_like(g), u',
            ),
            "the readout is not weighted by the gates [M04]": ("dout, g, H)", "dout, np.ones_like(g), H)"),
            "tanh's slope is forgotten [B9]": ("dH * (1 - H**2)", "dH"),
            "tanh's slope is the activation itself [M07]": ("(1 - H**2)", "H"),
            "the square's 2 is forgotten [B2 M01]": ("2 * (out - y) / n", "(out - y) / n"),
            "averaged over experts instead of samples [B1]": (
                "dout = 2 * (out - y) / n",
                "dout = 2 * (out - y) / g.shape[1]",
            ),
            "each expert is fitted to the target on its own": (
                "dg = dout[:, None] * each",
                "dg = 2 * (each - y[:, None]) * each / n",
            ),
            "softmax's cross terms are dropped; and the balance term lacks its 2 [B17 B2]": (
                "g * (dg - np.sum(dg * g, axis=1, keepdims=True))",
                "g * dg",
                "dg += 2 * balance",
                "dg += balance",
            ),
        },
        d_experts_loop,
    ),
    Family(
        "two towers with cosine scores",
        towers,
        d_towers,
        towers_point,
        3,
        {
            "the lengths are treated as constants for the users [B21]": (
                "(dU - U * np.sum(dU * U, axis=1, keepdims=True)) / lenU",
                "dU / lenU",
            ),
            "the users' gradient is not divided by the length [M04]": (
                "axis=1, keepdims=True)) / lenU",
                "axis=1, keepdims=True))",
            ),
            "the projection uses the raw vectors, not the unit ones": (
                "dV - V * np.sum(dV * V,",
                "dV - rawV * np.sum(dV * rawV,",
            ),
            "the projection is added [B3]": ("(dV - V *", "(dV + V *"),
            "1 / temperature is forgotten for the users [M04 M30]": ("G @ V / tau", "G @ V"),
            "multiplied by the temperature for the items": ("G.T @ U / tau", "G.T @ U * tau"),
            "the score matrix is not transposed for the items [B4 M09]": ("G.T @ U", "G @ U"),
            "the temperature's gradient is returned for tau, not its logarithm [M04]": (
                "-np.sum(G * S)",
                "-np.sum(G * S) / tau",
            ),
            "the temperature's sign is lost [B3]": ("-np.sum(G * S)", "np.sum(G * S)"),
            "the matching pair is not subtracted [M22]": ("(P - np.eye(len(P)))", "P"),
            "softmax runs over the users [B18]": (
                "P /= P.sum(axis=1, keepdims=True)",
                "P /= P.sum(axis=0, keepdims=True)",
            ),
            "not divided by the number of pairs [B1 M11]": ("(P - np.eye(len(P))) / len(P)", "(P - np.eye(len(P)))"),
            "the items' projection sums over the batch [M13]": (
                "np.sum(dV * V, axis=1, keepdims=True)",
                "np.sum(dV * V, axis=0, keepdims=True)",
            ),
            "divided by the users' lengths for the items": ("/ lenV\n    dA", "/ lenU\n    dA"),
            "the projection uses the raw vectors, not the unit ones; and softmax runs over the users [B18]": (
                "dV - V * np.sum(dV * V,",
                "dV - rawV * np.sum(dV * rawV,",
                "P /= P.sum(axis=1, keepdims=True)",
                "P /= P.sum(axis=0, keepdims=True)",
            ),
        },
        None,
        {"a sharp temperature": towers_sharp},
    ),
]
