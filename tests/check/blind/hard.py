"""Right gradients at the hard places: single precision, big offsets, long sums, saturation, noise, other containers.

The corners are in `corners`, further NumPy functions in `assorted`, planted mistakes at hard places in `hard_planted`.
"""

from __future__ import annotations

import functools
from collections import namedtuple
from typing import Any

import numpy as np
from check.blind import (
    assorted,
    classifiers,
    corners,
    counts_and_margins,
    deep_nets,
    nets,
    probability,
    regressions,
    residual_and_tied,
    robust,
)
from check.blind.case import Case, Family, sigmoid


def narrow(a: Any) -> Any:
    """An argument in single precision; whole numbers stay as they are."""
    a = np.asarray(a)
    return a.astype(np.float32)[()] if a.dtype.kind == "f" else a[()]


def single(families: list[Family]) -> list[Case]:
    """Each family with its parameters, its data and its gradient in single precision."""
    found = []
    for family in families:
        args = tuple(narrow(a) for a in family.point(np.random.default_rng([300, 1])))
        found.append(family.right_case("float32", args))
    return found


def plus(loss: Any, constant: float) -> Any:
    @functools.wraps(loss)
    def lifted(*args: Any) -> Any:
        return loss(*args) + constant

    return lifted


def times(loss: Any, factor: float) -> Any:
    @functools.wraps(loss)
    def scaled(*args: Any) -> Any:
        return loss(*args) * factor

    return scaled


MODULES = (regressions, robust, classifiers, counts_and_margins, nets, deep_nets, residual_and_tied, probability)
ALL = [family for module in MODULES for family in module.FAMILIES]


def lifted() -> list[Case]:
    """A big constant in the loss (its slopes are unchanged), and a loss in very small or big units."""
    found = []
    for number, family in enumerate(ALL[::2]):
        args = family.point(np.random.default_rng([400, number]))
        loss = plus(family.loss, 1e6)
        name = f"{family.name}: loss plus 1e6"
        found.append(Case(name, family.name, loss, family.gradient(), args, (), "", family.n_params))
    for number, (family, factor) in enumerate(zip(ALL[1::3], (1e-12, 1e12, 1e-6, 1e8, 1e-9, 1e5), strict=False)):
        args = family.point(np.random.default_rng([500, number]))

        def gradient(*args: Any, family: Family = family, factor: float = factor) -> Any:
            return tuple(factor * np.asarray(g) for g in family.backward(*args))

        name = f"{family.name}: loss times {factor:g}"
        loss = times(family.loss, factor)
        found.append(Case(name, family.name, loss, gradient, args, (), "", family.n_params))
    return found


def long_sums() -> list[Case]:
    rng = np.random.default_rng(600)
    X, y = rng.normal(size=(100_000, 3)), rng.normal(size=100_000)
    labels = (rng.random(100_000) < 0.5) * 1.0
    w = rng.normal(size=3)

    def total(w, b, X, y):
        return np.sum((X @ w + b - y) ** 2)

    def d_total(w, b, X, y):
        d = 2 * (X @ w + b - y)
        return X.T @ d, np.sum(d)

    def likelihood(w, b, X, y):
        z = X @ w + b
        return np.sum(np.logaddexp(0, z) - y * z)

    def d_likelihood(w, b, X, y):
        d = sigmoid(X @ w + b) - y
        return X.T @ d, d.sum()

    linear = regressions.FAMILIES[0]
    small = tuple(narrow(a) for a in (w, 0.5, X, y))
    make = functools.partial(Case, family="100,000 rows", wrong=(), cause="", n_params=2)
    return [
        make(name="sum of squares over 100,000 rows", loss=total, gradient=d_total, args=(w, 0.5, X, y)),
        make(
            name="mean of squares over 100,000 rows", loss=linear.loss, gradient=linear.gradient(), args=(w, 0.5, X, y)
        ),
        make(name="likelihood over 100,000 rows", loss=likelihood, gradient=d_likelihood, args=(w, 0.5, X, labels)),
        make(
            name="mean of squares over 100,000 rows, float32", loss=linear.loss, gradient=linear.gradient(), args=small
        ),
        make(name="sum of squares over 100,000 rows, float32", loss=total, gradient=d_total, args=small),
    ]


def conditioned() -> list[Case]:
    """Columns 1e6 apart; offsets in the data; a batch of one row; the optimum, where the gradient is noise."""
    found = []
    for number, family in enumerate([*regressions.FAMILIES[:2], robust.FAMILIES[0], classifiers.FAMILIES[0]]):
        w, b, X, *rest = family.point(np.random.default_rng([700, number]))
        spread = 10 ** np.linspace(-3, 3, X.shape[1])
        column = spread.reshape(-1, *[1] * (w.ndim - 1))
        found.append(family.right_case("columns 1e6 apart", (w, b, X * spread, *rest)))
        found.append(family.right_case("columns 1e6 apart, weights scaled back", (w / column, b, X * spread, *rest)))
        found.append(family.right_case("columns around 2000", (w * 0.01, b, X + 2000.0, *rest)))
        one = (X[:1], rest[0][:1], *rest[1:])
        found.append(family.right_case("one row", (w, b, *one)))
        found.append(family.right_case("all parameters zero", (0 * w, 0 * np.asarray(b), X, *rest)))
    linear = regressions.FAMILIES[0]
    for seed in range(3):
        _, _, X, y = linear.point(np.random.default_rng([800, seed]))
        best = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y, rcond=None)[0]
        found.append(linear.right_case(f"at the optimum, seed {seed}", (best[:-1], best[-1], X, y)))
    w, b, X, _ = linear.point(np.random.default_rng(801))
    found.append(linear.right_case("perfect fit, loss zero", (w, b, X, X @ w + b)))
    for family in (nets.FAMILIES[0], nets.FAMILIES[2], deep_nets.FAMILIES[0]):
        args = list(family.point(np.random.default_rng(802)))
        for k in (1, 3):
            args[k] = np.zeros_like(args[k])
        found.append(family.right_case("biases zero", tuple(args)))
        found.append(family.right_case("one row", one_row(family, args)))
        wide = [30.0 * a if k < 2 else a for k, a in enumerate(args)]
        found.append(family.right_case("first layer saturated", tuple(wide)))
    tanh = nets.FAMILIES[0]
    W1, b1, W2, b2, X, Y = tanh.point(np.random.default_rng(803))
    found.append(tanh.right_case("all weights zero", (0 * W1, 0 * b1, 0 * W2, 0 * b2, X, Y)))
    found.append(tanh.right_case("inputs zero", (W1, b1, W2, b2, 0 * X, Y)))
    return found


def one_row(family: Family, args: list[Any]) -> tuple[Any, ...]:
    k = family.n_params
    return (*args[:k], args[k][:1], args[k + 1][:1], *args[k + 2 :])


Params = namedtuple("Params", "W1 b1 W2 b2")


def containers() -> list[Case]:
    """The tanh net's right gradient in other containers."""
    family = nets.FAMILIES[0]
    W1, b1, W2, b2, X, Y = args = family.point(np.random.default_rng(900))

    def as_dict(*args):
        return dict(zip(family.parameters, family.backward(*args), strict=True))

    def as_list(*args):
        return list(family.backward(*args))

    def with_data(*args):
        d = family.backward(*args)
        W1, b1, W2, b2, X, Y = args
        h = np.tanh(X @ W1 + b1)
        d_out = 2 * (h @ W2 + b2 - Y) / Y.size
        return (*d, ((d_out @ W2.T) * (1 - h**2)) @ W1.T, -d_out)

    def first(*args):
        return family.backward(*args)[0]

    def first_as_list(*args):
        return family.backward(*args)[0].tolist()

    def layered(layers, X, Y):
        return family.loss(*layers[0], *layers[1], X, Y)

    def d_layered(layers, X, Y):
        a, b, c, d = family.backward(*layers[0], *layers[1], X, Y)
        return ([(a, b), (c, d)],)

    def d_layered_bare(layers, X, Y):
        return d_layered(layers, X, Y)[0]

    def d_layered_dict(layers, X, Y):
        return {"layers": d_layered(layers, X, Y)[0]}

    def named(params, X, Y):
        return family.loss(params["W1"], params["b1"], params["W2"], params["b2"], X, Y)

    def d_named(params, X, Y):
        keys = ("W1", "b1", "W2", "b2")
        return (dict(zip(keys, family.backward(*(params[k] for k in keys), X, Y), strict=True)),)

    def tupled(params, X, Y):
        return family.loss(*params, X, Y)

    def d_tupled(params, X, Y):
        return (Params(*family.backward(*params, X, Y)),)

    nested = [(W1, b1), (W2, b2)]
    mapping = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    transposed = (np.asfortranarray(W1), b1, np.ascontiguousarray(W2.T).T, b2, X[::-1], Y[::-1])
    frozen = tuple(a.copy() for a in args)
    for a in frozen:
        a.flags.writeable = False
    make = functools.partial(Case, family="containers", wrong=(), cause="")
    plain, gradient = family.loss, family.gradient()
    return [
        make(name="dict by name", loss=plain, gradient=as_dict, args=args, n_params=4),
        make(name="list", loss=plain, gradient=as_list, args=args, n_params=4),
        make(name="gradients of the data too", loss=plain, gradient=with_data, args=args, n_params=6),
        make(name="one array for the first argument", loss=plain, gradient=first, args=args, n_params=1),
        make(
            name="nested lists of numbers for the first argument",
            loss=plain,
            gradient=first_as_list,
            args=args,
            n_params=1,
        ),
        make(name="list of tuples in a tuple", loss=layered, gradient=d_layered, args=(nested, X, Y), n_params=1),
        make(name="list of tuples bare", loss=layered, gradient=d_layered_bare, args=(nested, X, Y), n_params=1),
        make(name="list of tuples by name", loss=layered, gradient=d_layered_dict, args=(nested, X, Y), n_params=1),
        make(name="dict of parameters", loss=named, gradient=d_named, args=(mapping, X, Y), n_params=1),
        make(
            name="named tuple of parameters",
            loss=tupled,
            gradient=d_tupled,
            args=(Params(W1, b1, W2, b2), X, Y),
            n_params=1,
        ),
        make(name="Fortran order and reversed views", loss=plain, gradient=gradient, args=transposed, n_params=4),
        make(name="read-only arrays", loss=plain, gradient=gradient, args=frozen, n_params=4),
    ]


def cases() -> list[Case]:
    return [*lifted(), *long_sums(), *conditioned(), *containers(), *corners.cases(), *assorted.cases()]
