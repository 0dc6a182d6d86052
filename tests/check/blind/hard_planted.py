"""Planted mistakes at hard places: single precision, a big constant in the loss, ill-scaled data, other containers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from check.blind import nets, norms, recurrent, regressions
from check.blind.case import Case, Family, change, sigmoid
from check.blind.hard import narrow, plus


def from_families(families: list[Family]) -> list[Case]:
    """Each family's middle bug in float32, its last under a loss with 1e6 added, its first at very small parameters."""
    found = []
    for number, family in enumerate(families):
        bugs = list(family.bugs)
        k = family.n_params
        args = family.point(np.random.default_rng([600, number]))
        small = tuple(narrow(a) for a in args)
        tiny = tuple(0.3 * np.asarray(a) for a in args[:k]) + args[k:]
        for bug, where, loss, given in (
            (bugs[len(bugs) // 2], "float32", family.loss, small),
            (bugs[-1], "loss plus 1e6", plus(family.loss, 1e6), args),
            (bugs[0], "parameters times 0.3", family.loss, tiny),
        ):
            wrong = family.spoilt((bug,), given)
            name = f"{family.name}: {bug}, {where}"
            gradient = family.gradient(bug)
            if wrong and (where != "float32" or clearly(family, bug, given)):
                found.append(Case(name, family.name, loss, gradient, given, wrong, family.bugs[bug], k))
    return found


def clearly(family: Family, bug: str, args: tuple[Any, ...]) -> bool:
    """Whether the change stands out from single precision's rounding."""
    pairs = zip(family.backward(*args), family.backward(*args, bug=frozenset([bug])), strict=True)
    return max(change(a, b) for a, b in pairs) > 1e-3


def by_hand() -> list[Case]:
    """Mistakes in the way a gradient is handed over, and some that are very small."""
    found: list[Case] = []

    def add(
        name: str,
        cause: str,
        loss: Callable[..., Any],
        right: Callable[..., Any],
        wrong: Callable[..., Any],
        *args: Any,
    ) -> None:
        names = loss.__code__.co_varnames[: loss.__code__.co_argcount]
        good, bad = right(*copy.deepcopy(args)), wrong(*copy.deepcopy(args))
        if isinstance(bad, dict):
            bad = [bad[key] for key in names[: len(good)]]
        spoilt = tuple(n for n, a, b in zip(names, good, bad, strict=False) if apart(a, b))
        found.append(Case(f"handed over: {name}", "handed over", loss, wrong, args, spoilt, cause, len(good)))

    rng = np.random.default_rng(1200)
    tanh, linear = nets.FAMILIES[0], regressions.FAMILIES[0]
    W1, b1, W2, b2, X, Y = args = tanh.point(rng)
    back = tanh.backward

    def swapped(*args):
        a, _, c, d = back(*args)
        return {"W1": a, "b1": d[:1].repeat(4), "W2": c, "b2": d}

    add("dict with another's value", "a bias got another bias' value in the dict", tanh.loss, back, swapped, *args)

    def row_bias(*args):
        a, b, c, d = back(*args)
        return a, b[None], c, d

    add("bias as a row", "bias gradient has a leading axis of one (keepdims)", tanh.loss, back, row_bias, *args)

    def rounded(*args):
        return tuple(np.round(g, 3) for g in back(*args))

    add("rounded to three digits", "gradient rounded to three digits", tanh.loss, back, rounded, *args)

    def normalised(*args):
        d = back(*args)
        length = np.sqrt(sum(np.sum(g**2) for g in d))
        return tuple(g / length for g in d)

    add("normalised", "gradient normalised to length one", tanh.loss, back, normalised, *args)

    def stepped(*args):
        return tuple(-0.01 * g for g in back(*args))

    add("step returned", "returns the update -0.01 g in place of the gradient", tanh.loss, back, stepped, *args)

    def new_weights(*args):
        return tuple(p - 0.1 * g for p, g in zip(args, back(*args), strict=False))

    add("new weights", "returns the updated parameters in place of the gradient", tanh.loss, back, new_weights, *args)

    def noisy(*args):
        noise = np.random.default_rng(1).normal(size=(3, 4))
        a, *others = back(*args)
        return a * (1 + 1e-3 * noise), *others

    add("one part in a thousand", "entries off by about a thousandth at random", tanh.loss, back, noisy, *args)

    def numeric(*args):
        a, b, c, d = back(*args)
        up, base = W1.copy(), tanh.loss(*args)
        up[0, 0] += 0.05
        a = a.copy()
        a[0, 0] = (tanh.loss(up, *args[1:]) - base) / 0.05
        return a, b, c, d

    add("coarse difference", "one entry from a coarse finite difference", tanh.loss, back, numeric, *args)

    def layered(layers, X, Y):
        return tanh.loss(*layers[0], *layers[1], X, Y)

    def d_layered(layers, X, Y):
        a, b, c, d = back(*layers[0], *layers[1], X, Y)
        return ([(a, b), (c, d)],)

    def d_layered_wrong(layers, X, Y):
        a, b, c, d = back(*layers[0], *layers[1], X, Y)
        return ([(a, b), (c, 0 * d)],)

    nested = [(W1, b1), (W2, b2)]
    add("nested, one bias zero", "second layer's bias zero", layered, d_layered, d_layered_wrong, nested, X, Y)

    def mapped(params, X, Y):
        return tanh.loss(params["W1"], params["b1"], params["W2"], params["b2"], X, Y)

    def d_mapped(params, X, Y):
        return (dict(zip(params, back(*params.values(), X, Y), strict=True)),)

    def d_mapped_wrong(params, X, Y):
        d = d_mapped(params, X, Y)[0]
        return ({**d, "W2": d["W2"] * 2},)

    mapping = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    add("dict of parameters, one doubled", "W2 counted twice", mapped, d_mapped, d_mapped_wrong, mapping, X, Y)

    def overflow(w, b, X, y):
        z = X @ w + b
        with np.errstate(all="ignore"):
            d = (np.exp(z) / (1 + np.exp(z)) - y) / len(y)
        return X.T @ d, np.sum(d)

    def logistic(w, b, X, y):
        z = X @ w + b
        return np.mean(np.logaddexp(0, z) - y * z)

    def d_logistic(w, b, X, y):
        d = (sigmoid(X @ w + b) - y) / len(y)
        return X.T @ d, np.sum(d)

    big, y = np.array([[900.0, 1.0], [-3.0, 0.4], [1.0, 2.0]]), np.array([1.0, 0.0, 1.0])
    w = np.array([1.0, -0.5])
    add("overflow to nan", "exp overflows in the backward: nan", logistic, d_logistic, overflow, w, 0.1, big, y)

    def centred(w, b, X, y):
        X -= X.mean(axis=0)
        return linear.backward(w, b, X, y)

    point = linear.point(rng)
    add("data changed in place", "centres the data in place", linear.loss, linear.backward, centred, *point)

    def squares(w, b, X, y):
        return np.sum((X @ w + b - y) ** 2)

    def d_squares(w, b, X, y):
        d = 2 * (X @ w + b - y)
        return X.T @ d, np.sum(d)

    def d_squares_short(w, b, X, y):
        return d_squares(w, b, X[:-100], y[:-100])

    def d_squares_single(w, b, X, y):
        total = np.zeros(3, np.float16)
        for part in np.array_split(np.arange(len(X)), 50):
            total += (X[part].T @ (2 * (X[part] @ w + b - y[part])) / 1000).astype(np.float16)
        return total.astype(float) * 1000, d_squares(w, b, X, y)[1]

    long = rng.normal(size=(100_000, 3))
    rows = (rng.normal(size=3), 0.3, long, rng.normal(size=100_000))
    add("last 100 of 100,000 rows missing", "last rows missing", squares, d_squares, d_squares_short, *rows)
    add("half-precision sums", "sums kept in half precision", squares, d_squares, d_squares_single, *rows)

    def wide(W, x, y):
        return np.sum((np.tanh(W @ x) - y) ** 2)

    def d_wide(W, x, y):
        h = np.tanh(W @ x)
        return (np.outer(2 * (h - y) * (1 - h**2), x),)

    def d_wide_wrong(W, x, y):
        d = d_wide(W, x, y)[0]
        d[17, 23] = -d[17, 23]
        return (d,)

    W = rng.normal(size=(50, 60)) / 8
    target = rng.normal(size=50)
    add(
        "one sign of 3000",
        "one entry of 3000 has the wrong sign",
        wide,
        d_wide,
        d_wide_wrong,
        W,
        rng.normal(size=60),
        target,
    )

    def d_wide_row(W, x, y):
        d = d_wide(W, x, y)[0]
        d[31] *= 1.05
        return (d,)

    add("one row of 50 by 5%", "one row 5% too large", wide, d_wide, d_wide_row, W, rng.normal(size=60), target)

    def spread(w, b, X, y):
        d = linear.backward(w, b, X, y)
        d[0][0] *= 1.5
        return d

    w, b, X, y = linear.point(rng)
    ill = X * 10 ** np.linspace(-3, 3, 5)
    add(
        "small column wrong",
        "half as much again in a column 1e6 below",
        linear.loss,
        linear.backward,
        spread,
        w,
        b,
        ill,
        y,
    )
    return found


def apart(a: Any, b: Any) -> bool:
    if isinstance(a, (list, tuple)):
        return any(apart(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return any(apart(a[key], b[key]) for key in a)
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        return True
    return not np.allclose(a, b, rtol=1e-6, atol=0.0, equal_nan=False)


def cases() -> list[Case]:
    families = [*regressions.FAMILIES[:3], *nets.FAMILIES, *norms.FAMILIES, recurrent.FAMILIES[0]]
    return [*from_families(families), *by_hand()]
