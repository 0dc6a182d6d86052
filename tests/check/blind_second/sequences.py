"""Recurrent nets over a few steps: plain, gated, long short-term memory."""

from __future__ import annotations

import numpy as np
from check.blind_second.case import Family


def sigma(z):
    return 1 / (1 + np.exp(-z))


def rnn(Wx, Wh, b, Wy, xs, ys):
    h = np.zeros(Wh.shape[0])
    total = 0.0
    for x, y in zip(xs, ys, strict=True):
        h = np.tanh(x @ Wx + h @ Wh + b)
        total += np.sum((h @ Wy - y) ** 2)
    return total / len(xs)


def d_rnn(Wx, Wh, b, Wy, xs, ys):
    T = len(xs)
    hs = [np.zeros(Wh.shape[0])]
    for x in xs:
        hs.append(np.tanh(x @ Wx + hs[-1] @ Wh + b))
    dWx, dWh, db, dWy = (np.zeros_like(p) for p in (Wx, Wh, b, Wy))
    dnext = np.zeros(Wh.shape[0])
    for t in reversed(range(T)):
        h, before = hs[t + 1], hs[t]
        dy = 2 * (h @ Wy - ys[t]) / T
        dWy += np.outer(h, dy)
        dh = dy @ Wy.T + dnext
        da = dh * (1 - h**2)
        dWx += np.outer(xs[t], da)
        dWh += np.outer(before, da)
        db += da
        dnext = da @ Wh.T
    return dWx, dWh, db, dWy


def rnn_point(rng):
    k = 3
    W = 0.7 * rng.normal(size=(3, k, k))
    return W[0], W[1], rng.normal(size=k), W[2], rng.normal(size=(5, k)), rng.normal(size=(5, k))


def gru(Wz, Wr, Wc, xs, y):
    n = y.size
    h = np.zeros(n)
    for x in xs:
        u = np.concatenate([x, h])
        z = sigma(Wz @ u)
        r = sigma(Wr @ u)
        c = np.tanh(Wc @ np.concatenate([x, r * h]))
        h = (1 - z) * h + z * c
    return 0.5 * np.sum((h - y) ** 2)


def d_gru(Wz, Wr, Wc, xs, y):
    n, m = y.size, xs.shape[1]
    h = np.zeros(n)
    tape = []
    for x in xs:
        u = np.concatenate([x, h])
        z, r = sigma(Wz @ u), sigma(Wr @ u)
        v = np.concatenate([x, r * h])
        c = np.tanh(Wc @ v)
        tape.append((u, v, z, r, c, h))
        h = (1 - z) * h + z * c
    dWz, dWr, dWc = np.zeros_like(Wz), np.zeros_like(Wr), np.zeros_like(Wc)
    dh = h - y
    for u, v, z, r, c, old in tape[::-1]:
        dz = dh * (c - old)
        dc = dh * z
        dold = dh * (1 - z)
        dac = dc * (1 - c**2)
        dWc += np.outer(dac, v)
        drh = (Wc.T @ dac)[m:]
        dr = drh * old
        dold += drh * r
        daz = dz * z * (1 - z)
        dar = dr * r * (1 - r)
        dWz += np.outer(daz, u)
        dWr += np.outer(dar, u)
        dold += (Wz.T @ daz)[m:] + (Wr.T @ dar)[m:]
        dh = dold
    return dWz, dWr, dWc


def gru_point(rng):
    W = rng.normal(size=(3, 3, 6))
    return W[0], W[1], W[2], rng.normal(size=(4, 3)), rng.normal(size=3)


def lstm(Wi, Wf, Wo, Wg, b, xs, y):
    h = np.zeros(y.size)
    c = np.zeros(y.size)
    for x in xs:
        s = np.hstack([h, x])
        i, f, o = sigma(Wi @ s), sigma(Wf @ s + b), sigma(Wo @ s)
        c = f * c + i * np.tanh(Wg @ s)
        h = o * np.tanh(c)
    return np.sum((h - y) ** 2)


def d_lstm(Wi, Wf, Wo, Wg, b, xs, y):
    H = y.size
    h = np.zeros(H)
    c = np.zeros(H)
    cache = []
    for x in xs:
        s = np.hstack([h, x])
        i, f, o, g = sigma(Wi @ s), sigma(Wf @ s + b), sigma(Wo @ s), np.tanh(Wg @ s)
        c_prev = c
        c = f * c_prev + i * g
        tc = np.tanh(c)
        h = o * tc
        cache.append((s, i, f, o, g, c_prev, tc))
    dWi, dWf, dWo, dWg, db = (np.zeros_like(p) for p in (Wi, Wf, Wo, Wg, b))
    dh = 2 * (h - y)
    dc = np.zeros(H)
    for s, i, f, o, g, c_prev, tc in reversed(cache):
        do = dh * tc * o * (1 - o)
        dc = dc + dh * o * (1 - tc**2)
        di = dc * g * i * (1 - i)
        df = dc * c_prev * f * (1 - f)
        dg = dc * i * (1 - g**2)
        dWi += np.outer(di, s)
        dWf += np.outer(df, s)
        dWo += np.outer(do, s)
        dWg += np.outer(dg, s)
        db += df
        ds = Wi.T @ di + Wf.T @ df + Wo.T @ do + Wg.T @ dg
        dh = ds[:H]
        dc = dc * f
    return dWi, dWf, dWo, dWg, db


def lstm_point(rng):
    W = rng.normal(size=(4, 3, 5))
    return W[0], W[1], W[2], W[3], rng.normal(size=3), rng.normal(size=(5, 2)), rng.normal(size=3)


FAMILIES = [
    Family(
        "plain recurrent net",
        rnn,
        d_rnn,
        rnn_point,
        4,
        {
            "nothing is carried back from one step to the one before": ("dy @ Wy.T + dnext", "dy @ Wy.T"),
            "the state after the step is used where the one before belongs": (
                "np.outer(before, da)",
                "np.outer(h, da)",
            ),
            "the recurrent matrix is not transposed on the way back": ("da @ Wh.T", "da @ Wh"),
            "the read-out matrix is not transposed": ("dy @ Wy.T", "dy @ Wy"),
            "the gradient before the activation's slope is carried back": ("dnext = da @", "dnext = dh @"),
            "the input matrix is carried back in place of the recurrent one": ("da @ Wh.T", "da @ Wx.T"),
            "only the last step's bias is kept": ("db += da", "db = da if t == T - 1 else db"),
            "the recurrent weights are overwritten at each step": ("dWh += np.outer", "dWh = np.outer"),
            "the first step is left out": ("reversed(range(T))", "reversed(range(1, T))"),
            "not averaged over the steps": ("(h @ Wy - ys[t]) / T", "(h @ Wy - ys[t])"),
            "the slope of tanh is taken of the state before": ("(1 - h**2)", "(1 - before**2)"),
            "the slope of tanh is forgotten": ("da = dh * (1 - h**2)", "da = dh"),
            "the inputs are one step late": ("np.outer(xs[t], da)", "np.outer(xs[t - 1], da)"),
            "the targets are one step early": ("ys[t]) / T", "ys[(t + 1) % T]) / T"),
            "the read-out's gradient uses the state before the step": ("np.outer(h, dy)", "np.outer(before, dy)"),
            "what is carried back piles up over the steps": ("dnext = da @", "dnext += da @"),
            "not averaged over the steps; and nothing is carried back": (
                "(h @ Wy - ys[t]) / T",
                "(h @ Wy - ys[t])",
                " + dnext",
                "",
            ),
        },
    ),
    Family(
        "gated recurrent unit",
        gru,
        d_gru,
        gru_point,
        3,
        {
            "the direct way 1 - z from state to state is dropped": ("dold = dh * (1 - z)", "dold = np.zeros(n)"),
            "z and 1 - z are swapped on the direct way": ("dold = dh * (1 - z)", "dold = dh * z"),
            "z and 1 - z are swapped for the candidate": ("dc = dh * z", "dc = dh * (1 - z)"),
            "the old state is left out of the update gate": ("dh * (c - old)", "dh * c"),
            "the update gate has the wrong sign": ("dh * (c - old)", "dh * (old - c)"),
            "the way through the reset state is dropped": ("        dold += drh * r\n", ""),
            "the way through the update gate to the old state is dropped": ("(Wz.T @ daz)[m:] + ", ""),
            "the way through the reset gate to the old state is dropped": (" + (Wr.T @ dar)[m:]", ""),
            "the candidate's weights see the state without the reset gate": ("np.outer(dac, v)", "np.outer(dac, u)"),
            "the slope of the reset gate is forgotten": ("dr * r * (1 - r)", "dr"),
            "the slope of tanh for the update gate": ("dz * z * (1 - z)", "dz * (1 - z**2)"),
            "the sigmoid's slope for the candidate": ("dc * (1 - c**2)", "dc * c * (1 - c)"),
            "the input's part of the vector is taken for the state's": ("(Wc.T @ dac)[m:]", "(Wc.T @ dac)[:m]"),
            "the weights of the reset gate are overwritten at each step": ("dWr += np.outer", "dWr = np.outer"),
            "the half in the loss is overlooked": ("dh = h - y", "dh = 2 * (h - y)"),
            "the new state stands in the tape in place of the old": (
                "        tape.append((u, v, z, r, c, h))\n        h = (1 - z) * h + z * c\n",
                "        h = (1 - z) * h + z * c\n        tape.append((u, v, z, r, c, h))\n",
            ),
        },
    ),
    Family(
        "long short-term memory",
        lstm,
        d_lstm,
        lstm_point,
        5,
        {
            "the cell's gradient is not carried to the step before": ("dc = dc + dh * o", "dc = dh * o"),
            "the forget gate is left out when the cell's gradient is carried back": ("        dc = dc * f\n", ""),
            "the input gate carries the cell's gradient back": ("dc = dc * f\n", "dc = dc * i\n"),
            "the new cell is used for the forget gate": (
                "dc * c_prev * f * (1 - f)",
                "dc * np.arctanh(tc) * f * (1 - f)",
            ),
            "the slope of tanh of the cell is forgotten": ("dh * o * (1 - tc**2)", "dh * o"),
            "the output gate's slope uses the cell without tanh": ("do = dh * tc *", "do = dh * np.arctanh(tc) *"),
            "the candidate's slope is a sigmoid's": ("dc * i * (1 - g**2)", "dc * i * g * (1 - g)"),
            "the candidate is forgotten for the input gate": (
                "di = dc * g * i * (1 - i)",
                "di = dc * i * (1 - i)",
            ),
            "the output gate's way to the state before is dropped": (" + Wo.T @ do", ""),
            "the forget gate's way to the state before is dropped": (" + Wf.T @ df", ""),
            "the state's gradient is not carried back": ("dh = ds[:H]", "dh = np.zeros(H)"),
            "the input's part of the stacked vector is taken for the state's": ("ds[:H]", "ds[-H:]"),
            "the bias is given the input gate's gradient": ("db += df", "db += di"),
            "the bias of the last step only": ("db += df", "db = df"),
            "the slope of the forget gate is forgotten": ("dc * c_prev * f * (1 - f)", "dc * c_prev"),
            "the 2 of the square is forgotten": ("dh = 2 * (h - y)", "dh = h - y"),
            "the forget gate's bias is left out in the backward pass": ("sigma(Wf @ s + b)", "sigma(Wf @ s)"),
            "the bias of the last step only; and the output gate's slope is forgotten": (
                "db += df",
                "db = df",
                "tc * o * (1 - o)",
                "tc",
            ),
        },
    ),
]
