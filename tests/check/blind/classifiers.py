"""Classifiers: logistic, softmax with whole-number labels, weighted softmax with a temperature."""

from __future__ import annotations

import numpy as np
from check.blind.case import NONE, Family, sigmoid, softmax


def logistic_loss(W, b, X, y):
    z = X @ W + b
    return np.mean(np.logaddexp(0, z) - y * z)


def logistic_backward(W, b, X, y, bug=NONE):
    z = X @ W + b
    n = len(X)
    p = sigmoid(z)
    if "bias left out" in bug:
        p = sigmoid(X @ W)
    if "exponent sign" in bug:
        p = 1 / (1 + np.exp(z))
    if "hard predictions" in bug:
        p = (p > 0.5) * 1.0
    if "clipped" in bug:
        p = np.clip(p, 0.2, 0.8)
    if "logits" in bug:
        p = z
    d = (p - y) / n
    if "sign" in bug:
        d = (y - p) / n
    if "squared error" in bug:
        d = (p - y) * p * (1 - p) / n
    if "labels plus minus" in bug:
        d = (p - (2 * y - 1)) / n
    if "positives only" in bug:
        d = y * (p - 1) / n
    if "sum" in bug:
        d = p - y
    if "labels inverted" in bug:
        d = (p - (1 - y)) / n
    if "broadcast" in bug:
        d = np.mean(p - y.ravel(), axis=1, keepdims=True) / n
    if "slope of p" in bug:
        d = (p * (1 - p) - y) / n
    dW, db = X.T @ d, d.sum(axis=0)
    if "bias whole batch" in bug:
        db = d
    if "bias mean" in bug:
        db = d.mean(axis=0)
    if "flat" in bug:
        dW = dW.ravel()
    if "one feature unscaled" in bug:
        dW[2] *= n
    if "probabilities in bias" in bug:
        db = p.mean(axis=0)
    return dW, db


LOGISTIC = {
    "bias left out": "probabilities recomputed without the bias",
    "exponent sign": "sigmoid with the exponent's sign flipped",
    "hard predictions": "predicted classes used in place of probabilities",
    "clipped": "probabilities clipped to 0.2..0.8 in the backward pass",
    "logits": "logits used where probabilities belong (sigmoid missing)",
    "sign": "y - p instead of p - y",
    "squared error": "extra factor p(1-p): slope of the squared error, not of the cross-entropy",
    "labels plus minus": "labels taken as -1/+1",
    "positives only": "only the positive class's term is differentiated",
    "sum": "sum over rows instead of the mean",
    "labels inverted": "labels 0 and 1 exchanged",
    "broadcast": "p of shape (n,1) minus y of shape (n,): broadcast to a square, then averaged",
    "slope of p": "p(1-p) - y: derivative taken of the wrong thing",
    "bias whole batch": "bias gradient not summed over the batch (shape of the batch)",
    "bias mean": "bias gradient averaged although errors are already divided by n",
    "flat": "W's gradient returned flat, not as a column",
    "one feature unscaled": "one feature's gradient not divided by n",
    "probabilities in bias": "label missing from the bias gradient",
}


def logistic_point(rng):
    return rng.normal(size=(4, 1)), np.array([0.3]), rng.normal(size=(10, 4)), rng.integers(0, 2, (10, 1)) * 1.0


def softmax_loss(W, b, X, labels):
    z = X @ W + b
    top = np.max(z, axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.sum(np.exp(z - top), axis=1))
    return np.mean(log_sum - z[np.arange(len(X)), labels])


def softmax_backward(W, b, X, labels, bug=NONE):
    n, rows = len(X), np.arange(len(X))
    z = X @ W + b
    p = softmax(z)
    if "axis" in bug:
        p = softmax(z, axis=0)
    if "not normalised" in bug:
        p = np.exp(z)
    if "row maximum" in bug:
        e = np.exp(z - np.max(z, axis=1, keepdims=True))
        p = e / np.max(e, axis=1, keepdims=True)
    if "logits" in bug:
        p = z.copy()
    if "sigmoids" in bug:
        p = sigmoid(z)
    d = p.copy()
    if "at prediction" in bug:
        d[rows, np.argmax(p, axis=1)] -= 1
    elif "off by one" in bug:
        d[rows, labels - 1] -= 1
    elif "all rows" in bug:
        d[:, labels] -= 1
    elif "added" in bug:
        d[rows, labels] += 1
    elif "only true class" in bug:
        d = np.zeros_like(p)
        d[rows, labels] = p[rows, labels] - 1
    elif "no one" not in bug:
        d[rows, labels] -= 1
    if "Jacobian again" in bug:
        d = p * (d - np.sum(d * p, axis=1, keepdims=True))
    if "reference class" in bug:
        d[:, -1] = 0
    if "sum" not in bug:
        d = d / n
    if "by classes" in bug:
        d = d * n / d.size
    dW, db = X.T @ d, d.sum(axis=0)
    if "bias over classes" in bug:
        db = d.sum(axis=1)
    if "bias averaged" in bug:
        db = d.mean(axis=0)
    if "bias rolled" in bug:
        db = np.roll(db, 1)
    if "transposed" in bug:
        dW = dW.T
    if "last row missing" in bug:
        dW = X[:-1].T @ d[:-1]
    return dW, db


SOFTMAX = {
    "axis": "softmax over the batch instead of over the classes",
    "not normalised": "exponentials not divided by their sum",
    "row maximum": "exponentials divided by their maximum instead of their sum",
    "logits": "logits instead of probabilities",
    "sigmoids": "sigmoid instead of softmax",
    "at prediction": "1 subtracted at the predicted class instead of the label",
    "off by one": "labels off by one",
    "all rows": "p[:, labels] -= 1: subtracted in all rows, not one per row",
    "added": "1 added at the label instead of subtracted",
    "only true class": "the gradient reaches only the label's column",
    "no one": "the 1 at the label is never subtracted",
    "Jacobian again": "softmax's derivative applied a second time",
    "reference class": "last class gets no gradient",
    "sum": "not divided by the number of rows",
    "by classes": "divided by rows times classes",
    "bias over classes": "bias gradient summed over the wrong axis",
    "bias averaged": "bias gradient averaged over the batch once more",
    "bias rolled": "bias gradients shifted by one class",
    "transposed": "W's gradient transposed",
    "last row missing": "last row of the batch missing from W's gradient",
}


def softmax_point(rng):
    return rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=(7, 5)), np.array([0, 2, 1, 1, 0, 2, 2])


def weighted_loss(W, b, log_t, X, Y, weights):
    z = (X @ W + b) / np.exp(log_t)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.sum(Y * weights * log_p) / np.sum(Y * weights)


def weighted_backward(W, b, log_t, X, Y, weights, bug=NONE):
    t = np.exp(log_t)
    if "temperature logarithm" in bug:
        t = log_t
    s = X @ W + b
    z = s / t
    if "no temperature in softmax" in bug:
        z = s
    p = softmax(z)
    weight = np.sum(Y * weights, axis=1, keepdims=True)
    total = np.sum(weight)
    if "no class weights" in bug:
        weight, total = np.ones((len(X), 1)), len(X)
    if "plain n" in bug:
        total = len(X)
    if "mean of weights" in bug:
        weight = np.mean(weights)
    if "sum over batch" in bug:
        total = 1.0
    dz = weight * (p - Y) / total
    if "weights by column" in bug:
        dz = weights * (p - Y) / total
    if "weights at label only" in bug:
        dz = (p - weight * Y) / total
    if "sign" in bug:
        dz = -dz
    if "squares" in bug:
        dz = weight * (p - Y) * p / total
    if "Y rolled" in bug:
        dz = weight * (p - np.roll(Y, 1, axis=0)) / total
    ds = dz / t
    if "no temperature" in bug:
        ds = dz
    if "times temperature" in bug:
        ds = dz * t
    d_log_t = -np.sum(dz * z)
    if "temperature sign" in bug:
        d_log_t = -d_log_t
    if "temperature of logits" in bug:
        d_log_t = -np.sum(dz * s)
    if "temperature itself" in bug:
        d_log_t = -np.sum(dz * z) / t
    if "bias of scaled" in bug:
        return X.T @ ds, dz.sum(axis=0), d_log_t
    return X.T @ ds, ds.sum(axis=0), d_log_t


WEIGHTED = {
    "temperature logarithm": "the exponential of log_t is forgotten",
    "no temperature in softmax": "softmax of logits that were not divided by the temperature",
    "no class weights": "class weights left out",
    "plain n": "divided by n instead of the sum of weights",
    "mean of weights": "mean class weight used for each row",
    "sum over batch": "division by the total weight is missing",
    "weights by column": "class weights multiply the columns instead of each row's label",
    "weights at label only": "class weight applied to the label's term only, not to the probabilities",
    "sign": "whole error with the wrong sign",
    "squares": "an extra factor p",
    "Y rolled": "labels shifted by one row against the inputs",
    "no temperature": "1/temperature missing from the chain to the logits",
    "times temperature": "multiplied by the temperature instead of divided",
    "temperature sign": "sign of the temperature's gradient",
    "temperature of logits": "1/temperature missing in the temperature's gradient",
    "temperature itself": "gradient for the temperature rather than for its logarithm",
    "bias of scaled": "bias uses the gradient before the division by the temperature",
}


def weighted_point(rng):
    Y = np.eye(4)[[0, 1, 3, 2, 2, 1]]
    return rng.normal(size=(3, 4)), rng.normal(size=4), 0.4, rng.normal(size=(6, 3)), Y, np.array([1.0, 2.0, 0.5, 3.0])


FAMILIES = [
    Family(
        "logistic regression",
        logistic_loss,
        logistic_backward,
        logistic_point,
        2,
        LOGISTIC,
        (("one feature unscaled", "bias mean"), ("sum", "labels inverted")),
        (1e-4, 1e-2, 10.0, 1000.0),
    ),
    Family(
        "softmax regression",
        softmax_loss,
        softmax_backward,
        softmax_point,
        2,
        SOFTMAX,
        (("off by one", "bias averaged"), ("sum", "reference class")),
        (1e-4, 1e-2, 10.0, 1000.0),
    ),
    Family(
        "weighted softmax with temperature",
        weighted_loss,
        weighted_backward,
        weighted_point,
        3,
        WEIGHTED,
        (("no class weights", "temperature sign"), ("no temperature", "temperature itself")),
        (1e-4, 0.1, 2.0),
    ),
]
