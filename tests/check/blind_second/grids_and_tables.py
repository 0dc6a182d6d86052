"""Convolution in one and two dimensions, pooling, embeddings, matrix factorisation."""

from __future__ import annotations

import numpy as np
from check.blind_second.case import Family


def conv1d(K, b, w, x, y):
    n, k = x.shape[1], K.shape[1]
    L = n - k + 1
    a = np.stack([x[:, i : i + k] @ K.T for i in range(L)], axis=2) + b[:, None]
    h = np.maximum(a, 0)
    pooled = h.max(axis=2)
    return 0.5 * np.mean((pooled @ w - y) ** 2)


def d_conv1d(K, b, w, x, y):
    N, n = x.shape
    F, k = K.shape
    L = n - k + 1
    a = np.stack([x[:, i : i + k] @ K.T for i in range(L)], axis=2) + b[:, None]
    h = np.maximum(a, 0)
    best = h.argmax(axis=2)
    pooled = h.max(axis=2)
    e = (pooled @ w - y) / N
    dw = pooled.T @ e
    dpooled = np.outer(e, w)
    dh = np.zeros_like(h)
    for i in range(N):
        for f in range(F):
            dh[i, f, best[i, f]] = dpooled[i, f]
    da = dh * (a > 0)
    db = da.sum(axis=(0, 2))
    dK = np.zeros_like(K)
    for i in range(L):
        dK += da[:, :, i].T @ x[:, i : i + k]
    return dK, db, dw


def conv1d_point(rng):
    return (
        rng.normal(size=(3, 3)),
        0.2 * rng.normal(size=3),
        rng.normal(size=3),
        rng.normal(size=(5, 7)),
        rng.normal(size=5),
    )


def conv2d(K, c, V, img, y):
    n, s = img.shape[1], K.shape[0]
    m = n - s + 1
    out = np.zeros((len(img), m, m))
    for i in range(m):
        for j in range(m):
            out[:, i, j] = np.sum(img[:, i : i + s, j : j + s] * K, axis=(1, 2)) + c
    h = np.tanh(out)
    pool = h.reshape(len(img), m // 2, 2, m // 2, 2).mean(axis=(2, 4))
    return np.sum((np.sum(pool * V, axis=(1, 2)) - y) ** 2)


def d_conv2d(K, c, V, img, y):
    n, s = img.shape[1], K.shape[0]
    m = n - s + 1
    out = np.zeros((len(img), m, m))
    for i in range(m):
        for j in range(m):
            out[:, i, j] = np.sum(img[:, i : i + s, j : j + s] * K, axis=(1, 2)) + c
    h = np.tanh(out)
    pool = h.reshape(len(img), m // 2, 2, m // 2, 2).mean(axis=(2, 4))
    e = 2 * (np.sum(pool * V, axis=(1, 2)) - y)
    dV = np.sum(e[:, None, None] * pool, axis=0)
    dpool = e[:, None, None] * V
    dh = np.repeat(np.repeat(dpool, 2, axis=1), 2, axis=2) / 4
    dout = dh * (1 - h**2)
    dc = dout.sum()
    dK = np.zeros_like(K)
    for i in range(m):
        for j in range(m):
            dK += np.sum(dout[:, i, j][:, None, None] * img[:, i : i + s, j : j + s], axis=0)
    return dK, dc, dV


def conv2d_point(rng):
    return rng.normal(size=(3, 3)), 0.1, rng.normal(size=(2, 2)), rng.normal(size=(4, 6, 6)), rng.normal(size=4)


def bag(E, w, b, tokens, lengths, y):
    score = np.zeros(len(y))
    for i, n in enumerate(lengths):
        score[i] = E[tokens[i, :n]].mean(axis=0) @ w + b
    return np.mean(np.log(1 + np.exp(-y * score)))


def d_bag(E, w, b, tokens, lengths, y):
    dE = np.zeros_like(E)
    dw = np.zeros_like(w)
    db = 0.0
    N = len(y)
    for i, n in enumerate(lengths):
        ids = tokens[i, :n]
        pooled = E[ids].mean(axis=0)
        score = pooled @ w + b
        ds = -y[i] / (1 + np.exp(y[i] * score)) / N
        dw += ds * pooled
        db += ds
        np.add.at(dE, ids, ds * w / n)
    return dE, dw, db


def bag_point(rng):
    tokens = np.array([[1, 1, 4, 0], [2, 3, 0, 0], [5, 1, 2, 5], [4, 0, 0, 0], [3, 3, 3, 0]])
    y = np.array([1, -1, 1, 1, -1.0])
    return rng.normal(size=(6, 3)), rng.normal(size=3), 0.3, tokens, np.array([3, 2, 4, 1, 3]), y


def factors(P, Q, bu, bi, users, items, ratings, lam):
    mean = ratings.mean()
    pred = mean + bu[users] + bi[items] + np.sum(P[users] * Q[items], axis=1)
    return np.sum((ratings - pred) ** 2) + lam * (np.sum(P**2) + np.sum(Q**2) + np.sum(bu**2) + np.sum(bi**2))


def d_factors(P, Q, bu, bi, users, items, ratings, lam):
    mean = ratings.mean()
    dP, dQ = 2 * lam * P, 2 * lam * Q
    dbu, dbi = 2 * lam * bu, 2 * lam * bi
    for u, i, r in zip(users, items, ratings, strict=True):
        err = r - (mean + bu[u] + bi[i] + P[u] @ Q[i])
        dP[u] += -2 * err * Q[i]
        dQ[i] += -2 * err * P[u]
        dbu[u] += -2 * err
        dbi[i] += -2 * err
    return dP, dQ, dbu, dbi


def factors_point(rng):
    users, items = np.array([0, 0, 1, 2, 2, 2, 3, 3]), np.array([0, 1, 1, 2, 0, 3, 3, 2])
    P, Q = rng.normal(size=(2, 4, 2))
    return P, Q, rng.normal(size=4), rng.normal(size=4), users, items, rng.integers(1, 6, size=8) + 0.0, 0.2


FAMILIES = [
    Family(
        "convolution in one dimension with max pooling",
        conv1d,
        d_conv1d,
        conv1d_point,
        3,
        {
            "the kernel's gradient is turned round": ("return dK, db, dw", "return dK[:, ::-1], db, dw"),
            "max pooling's gradient goes to every place": ("dh[i, f, best[i, f]] = dpooled", "dh[i, f] = dpooled"),
            "max pooling's gradient is spread evenly": (
                "dh[i, f, best[i, f]] = dpooled[i, f]",
                "dh[i, f] = dpooled[i, f] / L",
            ),
            "max pooling's gradient goes to the smallest": ("h.argmax(axis=2)", "a.argmin(axis=2)"),
            "max pooling's place is one too early": ("best[i, f]]", "best[i, f] - 1]"),
            "the last place of the convolution is left out": (
                "    for i in range(L):\n        dK",
                "    for i in range(L - 1):\n        dK",
            ),
            "the input window is off by one": (
                "dK += da[:, :, i].T @ x[:, i : i + k]",
                "dK += da[:, :, i].T @ np.roll(x, -1, axis=1)[:, i : i + k]",
            ),
            "the kernel's gradient is overwritten at each place": ("dK += da", "dK = da"),
            "the rectifier's slope is taken wrongly: its value in place of its slope": ("dh * (a > 0)", "dh * h"),
            "the bias is summed over the batch only, and averaged over the places": (
                "da.sum(axis=(0, 2))",
                "da.sum(axis=0).mean(axis=1)",
            ),
            "not averaged over the batch": ("(pooled @ w - y) / N", "(pooled @ w - y)"),
            "the half in the loss is overlooked": ("e = (pooled", "e = 2 * (pooled"),
            "the filters' gradient is transposed": (
                "dK += da[:, :, i].T @ x[:, i : i + k]",
                "dK += x[:, i : i + k].T @ da[:, :, i]",
            ),
            "the mean in place of the largest for the read-out": ("dw = pooled.T @ e", "dw = h.mean(axis=2).T @ e"),
            "not averaged over the batch; and the kernel's gradient is turned round": (
                "(pooled @ w - y) / N",
                "(pooled @ w - y)",
                "return dK, db",
                "return dK[:, ::-1], db",
            ),
        },
    ),
    Family(
        "convolution in two dimensions with mean pooling",
        conv2d,
        d_conv2d,
        conv2d_point,
        3,
        {
            "mean pooling's quarter is forgotten": ("axis=2) / 4", "axis=2)"),
            "mean pooling's share is a half": ("axis=2) / 4", "axis=2) / 2"),
            "the pooled gradient is tiled and not repeated": (
                "np.repeat(np.repeat(dpool, 2, axis=1), 2, axis=2)",
                "np.tile(dpool, (1, 2, 2))",
            ),
            "the slope of tanh is forgotten": ("dout = dh * (1 - h**2)", "dout = dh"),
            "the slope of tanh is taken of the pre-activation": ("(1 - h**2)", "(1 - out**2)"),
            "the kernel's gradient is turned by 180 degrees": ("return dK,", "return dK[::-1, ::-1],"),
            "the kernel's gradient is transposed": ("return dK,", "return dK.T,"),
            "rows and columns of the window are swapped": (
                "img[:, i : i + s, j : j + s], axis=0",
                "img[:, j : j + s, i : i + s], axis=0",
            ),
            "the bias is averaged over the places": ("dc = dout.sum()", "dc = dout.mean(axis=(1, 2)).sum()"),
            "the bias is averaged over the batch": ("dc = dout.sum()", "dc = dout.sum() / len(img)"),
            "the bias sees the gradient before tanh's slope": ("dc = dout.sum()", "dc = dh.sum()"),
            "the 2 of the square is forgotten": ("e = 2 * (", "e = ("),
            "the read-out sees one corner of each pool": (
                "dV = np.sum(e[:, None, None] * pool, axis=0)",
                "dV = np.sum(e[:, None, None] * h[:, ::2, ::2], axis=0)",
            ),
            "the last column of places is left out": (
                "for j in range(m):\n            dK",
                "for j in range(m - 1):\n            dK",
            ),
            "the first image only": ("img[:, i : i + s, j : j + s], axis=0", "img[:1, i : i + s, j : j + s], axis=0"),
        },
    ),
    Family(
        "embedding with mean pooling",
        bag,
        d_bag,
        bag_point,
        3,
        {
            "repeated words are counted once: the rows are set by fancy indexing": (
                "np.add.at(dE, ids, ds * w / n)",
                "dE[ids] += ds * w / n",
            ),
            "the rows are overwritten": ("np.add.at(dE, ids, ds * w / n)", "dE[ids] = ds * w / n"),
            "the mean's division is forgotten for the words": ("ds * w / n)", "ds * w)"),
            "divided by the padded length": ("ds * w / n)", "ds * w / tokens.shape[1])"),
            "the padding is not cut off in the words' gradient": ("np.add.at(dE, ids,", "np.add.at(dE, tokens[i],"),
            "the padding is not cut off in the backward pass": ("tokens[i, :n]", "tokens[i]"),
            "the last word is left out": ("np.add.at(dE, ids,", "np.add.at(dE, ids[:-1],"),
            "the pooled vector is a sum for the weights": ("dw += ds * pooled", "dw += ds * E[ids].sum(axis=0)"),
            "a word's row is taken for padding and gets no gradient": ("return dE", "dE[1] = 0\n    return dE"),
            "the label's sign is forgotten outside": ("-y[i] / (1", "-1 / (1"),
            "the label is forgotten in the exponent": ("np.exp(y[i] * score)", "np.exp(score)"),
            "the exponent has the wrong sign": ("np.exp(y[i] * score)", "np.exp(-y[i] * score)"),
            "not averaged over the texts": ("score)) / N", "score))"),
            "the bias is left out of the score": ("pooled @ w + b", "pooled @ w"),
            "the bias of the last text only": ("db += ds", "db = ds"),
            "words counted from one": ("np.add.at(dE, ids,", "np.add.at(dE, ids - 1,"),
        },
    ),
    Family(
        "matrix factorisation with biases",
        factors,
        d_factors,
        factors_point,
        4,
        {
            "the factors are swapped: a user gets the user's own row": (
                "dP[u] += -2 * err * Q[i]",
                "dP[u] += -2 * err * P[u]",
            ),
            "the sign of the items' factors is wrong": ("dQ[i] += -2", "dQ[i] += 2"),
            "the user is looked up in place of the item": ("dQ[i] +=", "dQ[u] +="),
            "the penalty of the biases is forgotten": ("2 * lam * bu, 2 * lam * bi", "0 * bu, 0 * bi"),
            "the penalty of the users is forgotten": ("2 * lam * P,", "0 * P,"),
            "the penalty is without its 2 everywhere": (
                "2 * lam * P, 2 * lam * Q",
                "lam * P, lam * Q",
                "2 * lam * bu, 2 * lam * bi",
                "lam * bu, lam * bi",
            ),
            "the penalty is added at each rating": ("dbu[u] += -2 * err\n", "dbu[u] += -2 * err + 2 * lam * bu[u]\n"),
            "the mean rating is forgotten in the prediction": ("mean + bu[u]", "bu[u]"),
            "the item's bias is forgotten in the prediction": ("bu[u] + bi[i] + P", "bu[u] + P"),
            "the data's 2 is forgotten everywhere": (
                "dP[u] += -2 *",
                "dP[u] += -",
                "dQ[i] += -2 *",
                "dQ[i] += -",
                "dbu[u] += -2 *",
                "dbu[u] += -",
                "dbi[i] += -2 *",
                "dbi[i] += -",
            ),
            "the rows of the users are overwritten, with the penalty": ("dP[u] += -2", "dP[u] = -2"),
            "the users' bias is overwritten": ("dbu[u] += -2", "dbu[u] = -2"),
            "both biases get each other's gradient": ("return dP, dQ, dbu, dbi", "return dP, dQ, dbi, dbu"),
            "the items are updated with users already changed": ("err * P[u]\n", "err * (P[u] - 0.1 * dP[u])\n"),
            "averaged over the ratings": (
                "err = r -",
                "err = 1 / len(ratings) * (r -",
                "P[u] @ Q[i])",
                "P[u] @ Q[i]))",
            ),
            "the penalty of the users is forgotten; and the sign of the item's bias is wrong": (
                "2 * lam * P,",
                "0 * P,",
                "dbi[i] += -2",
                "dbi[i] += 2",
            ),
        },
    ),
]
