"""An embedding table, and pairwise distances."""

from __future__ import annotations

import numpy as np
from check.blind.case import NONE, Family


def embedding_loss(table, W, b, words, y):
    e = table[words].mean(axis=1)
    z = e @ W + b
    return np.mean(np.log(1 + np.exp(z)) - y * z)


def embedding_backward(table, W, b, words, y, bug=NONE):
    n, length = words.shape
    e = table[words].mean(axis=1)
    if "summed words" in bug:
        e = table[words].sum(axis=1)
    p = 1 / (1 + np.exp(-(e @ W + b)))
    d = (p - y) / n
    if "n" in bug:
        d = p - y
    if "extra slope" in bug:
        d = d * p * (1 - p)
    dW, db = e.T @ d, np.sum(d)
    if "W of first word" in bug:
        dW = table[words[:, 0]].T @ d
    if "b missing" in bug:
        db = 0.0
    if "b mean" in bug:
        db = np.mean(d)
    de = np.outer(d, W) / length
    if "length missing" in bug:
        de = np.outer(d, W)
    if "length of batch" in bug:
        de = np.outer(d, W) / n
    if "W forgotten" in bug:
        de = np.outer(d, np.ones(len(W))) / length
    dt = np.zeros_like(table)
    if "repeats overwritten" in bug:
        dt[words] = de[:, None, :]
    elif "repeats lost" in bug:
        dt[words] += de[:, None, :]
    elif "first word only" in bug:
        np.add.at(dt, words[:, 0], de * length)
    elif "last word missing" in bug:
        np.add.at(dt, words[:, :-1], de[:, None, :])
    elif "index off by one" in bug:
        np.add.at(dt, words - 1, de[:, None, :])
    elif "all rows" in bug:
        dt += de.sum(axis=0)
    elif "unique words" in bug:
        for row, g in zip(words, de, strict=True):
            for word in set(row.tolist()):
                dt[word] += g
    elif "by frequency" in bug:
        np.add.at(dt, words, de[:, None, :])
        dt /= np.maximum(np.bincount(words.ravel(), minlength=len(table)), 1)[:, None]
    elif "padding word" in bug:
        np.add.at(dt, words, de[:, None, :])
        dt[0] = 0
    elif "table times gradient" in bug:
        np.add.at(dt, words, de[:, None, :])
        dt = dt * table
    else:
        np.add.at(dt, words, de[:, None, :])
    if "one column" in bug:
        dt[:, -1] = 0
    if "rows of picked only" in bug:
        dt = dt[np.unique(words)]
    return dt, dW, db


EMBEDDING = {
    "summed words": "sum of the words' rows where the loss takes their mean",
    "n": "not averaged over the batch",
    "extra slope": "extra sigmoid slope",
    "W of first word": "W's gradient with the first word's row only",
    "b missing": "bias gradient missing",
    "b mean": "bias averaged twice",
    "length missing": "1/length of the mean over words missing",
    "length of batch": "divided by the batch size instead of the number of words",
    "W forgotten": "W missing on the way to the table",
    "repeats overwritten": "assignment: rows picked several times keep only one gradient",
    "repeats lost": "dt[words] += g: repeated words are added once only",
    "first word only": "only the first word's row gets a gradient",
    "last word missing": "last word of each row missing",
    "index off by one": "table rows off by one",
    "all rows": "every row of the table gets the summed gradient",
    "unique words": "a word that occurs twice in one row is counted once",
    "by frequency": "gradient divided by the word's frequency",
    "padding word": "row 0 treated as padding",
    "table times gradient": "multiplied by the table's values",
    "one column": "last column of the table's gradient missing",
    "rows of picked only": "only the picked rows are returned (wrong shape)",
}


def embedding_point(rng):
    words = np.array([[1, 4, 1], [0, 2, 6], [6, 6, 2], [5, 0, 1], [2, 2, 2]])
    return rng.normal(size=(7, 4)), rng.normal(size=4), 0.1, words, np.array([1.0, 0.0, 0.0, 1.0, 1.0])


def contrastive_loss(W, scale, A, B, same, margin):
    u = scale * ((A - B) @ W)
    distance = np.sqrt(np.sum(u**2, axis=1))
    gap = np.maximum(margin - distance, 0)
    return np.mean(same * distance**2 + (1 - same) * gap**2)


def contrastive_backward(W, scale, A, B, same, margin, bug=NONE):
    n = len(A)
    difference = A - B
    if "sum of inputs" in bug:
        difference = A + B
    v = difference @ W
    u = scale * v
    if "scale not applied" in bug:
        u = v
    distance = np.sqrt(np.sum(u**2, axis=1))
    gap = np.maximum(margin - distance, 0)
    pull, push = 2 * distance, -2 * gap
    if "pull without two" in bug:
        pull = distance
    if "push without two" in bug:
        push = -gap
    if "push sign" in bug:
        push = 2 * gap
    if "push not cut" in bug:
        push = -2 * (margin - distance)
    if "push constant" in bug:
        push = -2.0 * (gap > 0)
    if "no push" in bug:
        push = 0 * gap
    if "no pull" in bug:
        pull = 0 * gap
    label = same
    if "labels inverted" in bug:
        label = 1 - same
    if "margin one" in bug:
        push = -2 * np.maximum(1 - distance, 0)
    d = (label * pull + (1 - label) * push) / n
    if "sum" in bug:
        d = d * n
    if "by pairs" in bug:
        d = d * n / np.sum(same)
    du = d[:, None] * u / distance[:, None]
    if "not normalised" in bug:
        du = d[:, None] * u
    if "half" in bug:
        du = 0.5 * du
    if "distance squared" in bug:
        du = du / distance[:, None]
    dW = scale * (difference.T @ du)
    if "scale missing in W" in bug:
        dW = difference.T @ du
    if "first input only" in bug:
        dW = scale * (A.T @ du)
    d_scale = np.sum(du * v)
    if "scale of scaled" in bug:
        d_scale = np.sum(du * u)
    if "scale mean" in bug:
        d_scale = np.mean(du * v)
    return dW, d_scale


CONTRASTIVE = {
    "sum of inputs": "inputs added instead of subtracted",
    "scale not applied": "scale left out of the recomputed distances",
    "pull without two": "2 missing in the similar pairs' term",
    "push without two": "2 missing in the dissimilar pairs' term",
    "push sign": "minus of margin - distance forgotten",
    "push not cut": "pairs beyond the margin get a gradient as well",
    "push constant": "slope of a plain hinge, not the squared one",
    "no push": "dissimilar pairs get no gradient",
    "no pull": "similar pairs get no gradient",
    "labels inverted": "similar and dissimilar exchanged",
    "margin one": "margin 1 hard-coded",
    "sum": "not averaged",
    "by pairs": "divided by the number of similar pairs",
    "not normalised": "division by the distance missing (slope of the root)",
    "half": "the 1/2 of the root's derivative applied although it cancels",
    "distance squared": "divided by the squared distance",
    "scale missing in W": "scale missing in W's chain",
    "first input only": "W's gradient through the first input only",
    "scale of scaled": "scale's gradient multiplied by the scale",
    "scale mean": "scale's gradient averaged over entries",
}


def contrastive_point(rng):
    same = np.array([1.0, 0, 0, 1, 0, 0, 1, 0])
    return rng.normal(size=(4, 3)) * 0.6, 0.8, rng.normal(size=(8, 4)), rng.normal(size=(8, 4)), same, 2.2


FAMILIES = [
    Family(
        "embedding table",
        embedding_loss,
        embedding_backward,
        embedding_point,
        3,
        EMBEDDING,
        (("repeats lost", "b mean"), ("W of first word", "padding word")),
        (1e-3, 0.1, 5.0),
    ),
    Family(
        "contrastive pairs",
        contrastive_loss,
        contrastive_backward,
        contrastive_point,
        2,
        CONTRASTIVE,
        (("push sign", "scale mean"), ("pull without two", "scale of scaled")),
        (0.1, 3.0),
    ),
]
