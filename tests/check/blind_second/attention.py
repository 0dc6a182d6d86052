"""Attention with a mask, with many heads; a contrastive loss with a learned temperature; triplets."""

from __future__ import annotations

import numpy as np
from check.blind_second.case import Family


def attention(Wq, Wk, Wv, X, mask, target):
    q, k, v = X @ Wq, X @ Wk, X @ Wv
    s = q @ k.T / np.sqrt(Wq.shape[1])
    s = np.where(mask, s, -1e9)
    e = np.exp(s - s.max(axis=1, keepdims=True))
    a = e / e.sum(axis=1, keepdims=True)
    return np.mean((a @ v - target) ** 2)


def d_attention(Wq, Wk, Wv, X, mask, target):
    scale = np.sqrt(Wq.shape[1])
    q, k, v = X @ Wq, X @ Wk, X @ Wv
    s = np.where(mask, q @ k.T / scale, -1e9)
    e = np.exp(s - s.max(axis=1, keepdims=True))
    a = e / e.sum(axis=1, keepdims=True)
    out = a @ v
    dout = 2 * (out - target) / out.size
    dv = a.T @ dout
    da = dout @ v.T
    ds = a * (da - np.sum(da * a, axis=1, keepdims=True))
    dq = ds @ k / scale
    dk = ds.T @ q / scale
    return X.T @ dq, X.T @ dk, X.T @ dv


def attention_point(rng):
    n = 4
    mask = np.tril(np.ones((n, n), bool))
    W = rng.normal(size=(3, n, n))
    return W[0], W[1], W[2], rng.normal(size=(n, n)), mask, rng.normal(size=(n, n))


def heads(Wq, Wk, Wv, Wo, X, Y, H):
    T, D = X.shape
    d = D // H

    def split(z):
        return z.reshape(T, H, d).transpose(1, 0, 2)

    q, k, v = split(X @ Wq), split(X @ Wk), split(X @ Wv)
    s = q @ k.transpose(0, 2, 1) / d**0.5
    a = np.exp(s) / np.exp(s).sum(-1, keepdims=True)
    o = (a @ v).transpose(1, 0, 2).reshape(T, D)
    return 0.5 * np.sum((X + o @ Wo - Y) ** 2)


def d_heads(Wq, Wk, Wv, Wo, X, Y, H):
    T, D = X.shape
    d = D // H
    q = (X @ Wq).reshape(T, H, d).transpose(1, 0, 2)
    k = (X @ Wk).reshape(T, H, d).transpose(1, 0, 2)
    v = (X @ Wv).reshape(T, H, d).transpose(1, 0, 2)
    s = q @ k.transpose(0, 2, 1) / d**0.5
    a = np.exp(s) / np.exp(s).sum(-1, keepdims=True)
    o = (a @ v).transpose(1, 0, 2).reshape(T, D)
    dy = X + o @ Wo - Y
    dWo = o.T @ dy
    do = (dy @ Wo.T).reshape(T, H, d).transpose(1, 0, 2)
    dv = a.transpose(0, 2, 1) @ do
    da = do @ v.transpose(0, 2, 1)
    ds = a * (da - (da * a).sum(-1, keepdims=True)) / d**0.5
    dq = ds @ k
    dk = ds.transpose(0, 2, 1) @ q
    dq = dq.transpose(1, 0, 2).reshape(T, D)
    dk = dk.transpose(1, 0, 2).reshape(T, D)
    dv = dv.transpose(1, 0, 2).reshape(T, D)
    return X.T @ dq, X.T @ dk, X.T @ dv, dWo


def heads_point(rng):
    W = 0.5 * rng.normal(size=(4, 4, 4))
    return W[0], W[1], W[2], W[3], rng.normal(size=(5, 4)), rng.normal(size=(5, 4)), 2


def info_nce(W, log_temp, A, B):
    p = A @ W
    s = p @ B.T * np.exp(-log_temp)
    top = s.max(axis=1)
    lse = top + np.log(np.sum(np.exp(s - top[:, None]), axis=1))
    return np.mean(lse - np.diag(s))


def d_info_nce(W, log_temp, A, B):
    n = len(A)
    tau = np.exp(log_temp)
    p = A @ W
    s = p @ B.T / tau
    prob = np.exp(s - s.max(axis=1, keepdims=True))
    prob /= prob.sum(axis=1, keepdims=True)
    ds = (prob - np.eye(n)) / n
    dp = ds @ B / tau
    dW = A.T @ dp
    dlog_temp = -np.sum(ds * s)
    return dW, dlog_temp


def info_nce_point(rng):
    return rng.normal(size=(4, 4)), -0.4, rng.normal(size=(4, 4)), rng.normal(size=(4, 4))


def triplet(W, anchor, pos, neg, margin):
    a, p, n = anchor @ W, pos @ W, neg @ W
    near = np.sum((a - p) ** 2, axis=1)
    far = np.sum((a - n) ** 2, axis=1)
    return np.mean(np.maximum(near - far + margin, 0))


def d_triplet(W, anchor, pos, neg, margin):
    a, p, n = anchor @ W, pos @ W, neg @ W
    near = np.sum((a - p) ** 2, axis=1)
    far = np.sum((a - n) ** 2, axis=1)
    on = (near - far + margin > 0)[:, None] / len(anchor)
    da = on * (2 * (a - p) - 2 * (a - n))
    dp = on * -2 * (a - p)
    dn = on * 2 * (a - n)
    return (anchor.T @ da + pos.T @ dp + neg.T @ dn,)


def triplet_point(rng):
    return 0.6 * rng.normal(size=(3, 2)), *rng.normal(size=(3, 9, 3)), 1.5


FAMILIES = [
    Family(
        "masked attention",
        attention,
        d_attention,
        attention_point,
        3,
        {
            "the scale by the root of the width is forgotten for the queries": ("ds @ k / scale", "ds @ k"),
            "the scale is forgotten on the way back": ("ds @ k / scale", "ds @ k", "ds.T @ q / scale", "ds.T @ q"),
            "divided by the width in place of its root": ("scale = np.sqrt(Wq.shape[1])", "scale = Wq.shape[1]"),
            "the mask is forgotten in the backward pass": ("np.where(mask, q @ k.T / scale, -1e9)", "q @ k.T / scale"),
            "the mask is turned round": ("np.where(mask, q", "np.where(mask.T, q"),
            "the softmax's row sum is dropped": (" - np.sum(da * a, axis=1, keepdims=True)", ""),
            "the softmax's sum runs over the wrong axis": (
                "np.sum(da * a, axis=1, keepdims=True)",
                "np.sum(da * a, axis=0, keepdims=True)",
            ),
            "the softmax's slope is a (1 - a) entry by entry": (
                "a * (da - np.sum(da * a, axis=1, keepdims=True))",
                "da * a * (1 - a)",
            ),
            "the scores are not transposed for the keys": ("ds.T @ q", "ds @ q"),
            "the weights are not transposed for the values": ("a.T @ dout", "a @ dout"),
            "the values are not transposed": ("dout @ v.T", "dout @ v"),
            "the queries get the queries, the keys the keys": ("ds @ k /", "ds @ q /", "ds.T @ q /", "ds.T @ k /"),
            "averaged over rows, not entries": ("/ out.size", "/ len(out)"),
            "queries and keys get each other's gradient": ("X.T @ dq, X.T @ dk", "X.T @ dk, X.T @ dq"),
            "the softmax's weight a is multiplied in only once": (
                "ds = a * (da - np.sum(da * a",
                "ds = (da - np.sum(da * a",
            ),
            "the mask is forgotten in the backward pass; and the keys lack the scale": (
                "np.where(mask, q @ k.T / scale, -1e9)",
                "q @ k.T / scale",
                "ds.T @ q / scale",
                "ds.T @ q",
            ),
        },
    ),
    Family(
        "attention with two heads",
        heads,
        d_heads,
        heads_point,
        4,
        {
            "the output matrix is not transposed": ("dy @ Wo.T", "dy @ Wo"),
            "the scale is by the whole width and not by a head's": (
                "keepdims=True)) / d**0.5",
                "keepdims=True)) / D**0.5",
            ),
            "the scale is forgotten in the softmax's backward pass": ("keepdims=True)) / d**0.5", "keepdims=True))"),
            "the heads are put together without changing the axes back": (
                "dq.transpose(1, 0, 2).reshape(T, D)",
                "dq.reshape(T, D)",
            ),
            "the values' heads are put together without changing the axes back": (
                "dv.transpose(1, 0, 2).reshape(T, D)",
                "dv.reshape(T, D)",
            ),
            "the heads are cut in the wrong order on the way back": (
                "(dy @ Wo.T).reshape(T, H, d).transpose(1, 0, 2)",
                "(dy @ Wo.T).reshape(H, T, d)",
            ),
            "the skip is forgotten in the residual": ("X + o @ Wo - Y", "o @ Wo - Y"),
            "the weights are not transposed for the values": ("a.transpose(0, 2, 1) @ do", "a @ do"),
            "the scores are not transposed for the keys": ("ds.transpose(0, 2, 1) @ q", "ds @ q"),
            "the softmax's row sum is dropped": (" - (da * a).sum(-1, keepdims=True)", ""),
            "the softmax's sum runs over all the heads": (
                "(da * a).sum(-1, keepdims=True)",
                "(da * a).sum((0, -1), keepdims=True)",
            ),
            "the second head's queries get no gradient": ("dq = ds @ k\n", "dq = ds @ k\n    dq[1] = 0\n"),
            "a factor 2 though the loss has a half": ("dy = X + o @ Wo - Y", "dy = 2 * (X + o @ Wo - Y)"),
            "the output weights see the input": ("dWo = o.T", "dWo = X.T"),
            "the scale is applied twice for the keys": ("@ q\n", "@ q / d**0.5\n"),
        },
    ),
    Family(
        "contrastive loss with learned temperature",
        info_nce,
        d_info_nce,
        info_nce_point,
        2,
        {
            "the temperature's sign is wrong": ("-np.sum(ds * s)", "np.sum(ds * s)"),
            "the temperature's gradient is for tau and not for its logarithm": (
                "-np.sum(ds * s)",
                "-np.sum(ds * s) / tau",
            ),
            "the temperature's gradient misses the division by tau": ("-np.sum(ds * s)", "-np.sum(ds * (p @ B.T))"),
            "the temperature is forgotten on the way to the weights": ("ds @ B / tau", "ds @ B"),
            "the temperature is used twice on the way to the weights": ("ds @ B / tau", "ds @ B / tau**2"),
            "the pairs' ones are forgotten": ("(prob - np.eye(n)) / n", "prob / n"),
            "not averaged": ("(prob - np.eye(n)) / n", "prob - np.eye(n)"),
            "averaged over all pairs": ("np.eye(n)) / n", "np.eye(n)) / n**2"),
            "softmax over the wrong axis": ("prob.sum(axis=1, keepdims=True)", "prob.sum(axis=0, keepdims=True)"),
            "the scores' gradient is transposed": ("ds @ B / tau", "ds.T @ B / tau"),
            "the loss is taken as symmetric and both sides are averaged": (
                "ds = (prob - np.eye(n)) / n",
                "ds = (prob + prob.T - 2 * np.eye(n)) / 2 / n",
            ),
            "the temperature sees only the positive pairs": ("-np.sum(ds * s)", "np.mean(np.diag(s))"),
            "the temperature is multiplied in place of divided": ("ds @ B / tau", "ds @ B * tau"),
            "the temperature is taken as a constant": ("-np.sum(ds * s)", "0.0"),
            "the temperature's gradient is averaged over the batch again": ("-np.sum(ds * s)", "-np.sum(ds * s) / n"),
        },
    ),
    Family(
        "triplet loss",
        triplet,
        d_triplet,
        triplet_point,
        1,
        {
            "the anchor's part is forgotten": ("anchor.T @ da + pos", "pos"),
            "the negatives' part is forgotten": (" + neg.T @ dn", ""),
            "the positives' part is forgotten": (" + pos.T @ dp", ""),
            "the 2 of the squares is forgotten in all": (
                "(2 * (a - p) - 2 * (a - n))",
                "((a - p) - (a - n))",
                "-2 * (a - p)",
                "-(a - p)",
                "on * 2 * (a - n)",
                "on * (a - n)",
            ),
            "the margin is forgotten in the test": ("near - far + margin > 0", "near - far > 0"),
            "the margin has the wrong sign": ("far + margin", "far - margin"),
            "every triplet counts, met or not": ("(near - far + margin > 0)[:, None]", "np.ones((len(anchor), 1))"),
            "averaged over the active triplets only": (
                "/ len(anchor)",
                "/ np.sum(near - far + margin > 0)",
            ),
            "not averaged": (" / len(anchor)", ""),
            "the negatives' sign is wrong": ("dn = on * 2", "dn = on * -2"),
            "the positives' sign is wrong": ("dp = on * -2", "dp = on * 2"),
            "the anchor sees only the positive": ("(2 * (a - p) - 2 * (a - n))", "(2 * (a - p))"),
            "the anchor's distance to the negative is added": ("- 2 * (a - n))", "+ 2 * (a - n))"),
            "the loss value is multiplied in": (
                "(near - far + margin > 0)[:, None]",
                "np.maximum(near - far + margin, 0)[:, None]",
            ),
        },
    ),
]
