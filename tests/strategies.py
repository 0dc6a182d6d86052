"""What Hypothesis draws in these tests: arrays, shapes that go together, random programs."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

# Sixteenths: sums and products of these are exact or nearly so, and two draws are either equal or well apart.
sixteenths = st.integers(-40, 40).map(lambda n: n / 16)
sizes = st.integers(0, 3)
shapes = st.lists(sizes, max_size=3).map(tuple)


@st.composite
def arrays(draw, shape: tuple[int, ...] | None = None) -> Any:
    """An array (or a number, for shape ()) of sixteenths."""
    shape = draw(shapes) if shape is None else shape
    count = int(np.prod(shape, dtype=int))
    return np.array(draw(st.lists(sixteenths, min_size=count, max_size=count)), dtype=float).reshape(shape)[()]


@st.composite
def shape_pairs(draw) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast together."""
    whole = draw(shapes)
    pair = []
    for _ in range(2):
        shape = tuple(draw(st.sampled_from([n, 1])) for n in whole)
        pair.append(shape[draw(st.integers(0, len(shape))) :])
    return pair[0], pair[1]


# -- formulas ---------------------------------------------------------------------------------------------------------

# Each keeps its value small, so that a nudge stays a small nudge however deep it stands.
UNARY = (
    "sin({})",
    "cos({})",
    "tanh({})",
    "exp(sin({}))",
    "log(({})^2 + 1)",
    "sqrt(({})^2 + 1)",
    "(-{})",
    "sigmoid({})",
    "softplus({})",
    "arctan({})",
    "(sin({}))^2",
    "(tanh({}))^3",
)
BINARY = (
    "({} + {})",
    "({} - {})",
    "({} * tanh({}))",
    "({} / (({})^2 + 1))",
    "logaddexp({}, {})",
    "arctan2({}, ({})^2 + 1)",
    "hypot({}, cos({}) + 3)",
)


@st.composite
def formulas(draw, names: tuple[str, ...] = ("x", "y", "z"), depth: int = 4) -> str:
    """A formula in `names` over smooth ops, defined everywhere."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from((*names, *names, "2", "0.5")))
    if draw(st.booleans()):
        return draw(st.sampled_from(UNARY)).format(draw(formulas(names, depth - 1)))
    pattern = draw(st.sampled_from(BINARY))
    return pattern.format(draw(formulas(names, depth - 1)), draw(formulas(names, depth - 1)))


# -- functions of arrays ----------------------------------------------------------------------------------------------

STEPS: dict[str, Any] = {
    "sin": lambda a: np.sin(a),
    "square": lambda a: a * a / 2,
    "turned": lambda a: a.T,
    "flat": lambda a: np.reshape(a, (-1, 1)),
    "sum of rows": lambda a: np.sum(a, axis=0, keepdims=True),
    "mean of columns": lambda a: a - np.mean(a, axis=-1, keepdims=True),
    "product": lambda a: a @ (a.T / 4),
    "doubled": lambda a: np.concatenate([a, -a], axis=0),
    "stacked": lambda a: np.stack([a, a * 2])[1],
    "first row": lambda a: a[0] + a,
    "reversed": lambda a: a[::-1, ::2],
    "picked twice": lambda a: a[[0, 0, -1]],
    "softmax": lambda a: np.exp(a) / np.sum(np.exp(a), axis=-1, keepdims=True),
    "outer": lambda a: np.einsum("ij,kj->ik", a, a) / 4,
    "where": lambda a: np.where(a > 100, a * 3, np.tanh(a)),
    "running": lambda a: np.cumsum(a, axis=0) / 2,
    "spread": lambda a: np.std(a) + a,
    "norm": lambda a: a / (1 + np.linalg.norm(a)),
}


@st.composite
def functions(draw) -> tuple[list[str], Any]:
    """A function from a 2-D array to one number, as the names of its steps and as a function."""
    names = draw(st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=5))

    def function(a: Any) -> Any:
        for name in names:
            a = np.arctan(STEPS[name](a))  # kept small, so that a nudge stays a small nudge
        return np.sum(np.cos(a) * (1 + np.arange(a.size).reshape(a.shape) / 7))

    return names, function


# -- programs that write in place -------------------------------------------------------------------------------------

VIEWS: dict[str, Any] = {
    "same": lambda a: a,
    "row": lambda a: a[0],
    "rows": lambda a: a[1:],
    "column": lambda a: a[..., 0],
    "every second": lambda a: a[..., ::2],
    "reversed": lambda a: a[::-1],
    "turned": lambda a: a.T,
    "raveled": lambda a: a.ravel(),
    "reshaped": lambda a: a.reshape(-1),
    "wider": lambda a: a[None],
    "flattened": lambda a: a.flatten(),
    "copied": lambda a: a.copy(),
    "picked": lambda a: a[[0]],
    "doubled": lambda a: a * 2.0,
    "swapped": lambda a: np.swapaxes(a, 0, -1),
    "squeezed": lambda a: np.squeeze(a),
    "flipped": lambda a: np.flip(a),
    "entry": lambda a: a[(0,) * a.ndim],
    "whole": lambda a: a[...],
}


def _add(a: Any, b: Any) -> None:
    a += np.sum(b) / 4


def _scale(a: Any, b: Any) -> None:
    a *= 1.5


def _subtract_self(a: Any, b: Any) -> None:
    a -= a * 0.5


def _write_first(a: Any, b: Any) -> None:
    a[0] = np.sum(b) / 2


def _write_all(a: Any, b: Any) -> None:
    a[...] = 0.25


def _write_masked(a: Any, b: Any) -> None:
    a[a > 1] = np.mean(b)


def _write_reversed(a: Any, b: Any) -> None:
    a[:] = a[::-1] * 0.5


def _write_at(a: Any, b: Any) -> None:
    a[[-1]] = 2.0


def _multiply_out(a: Any, b: Any) -> None:
    np.multiply(a, 0.5, out=a)


def _sort(a: Any, b: Any) -> None:
    a.sort()


_ALL_WRITES = (
    _add, _scale, _subtract_self, _write_first, _write_all, _write_masked, _write_reversed, _write_at, _multiply_out,
    _sort,
)  # fmt: skip
WRITES = {f.__name__: f for f in _ALL_WRITES}
Statement = tuple[str, str, int, int]


@st.composite
def programs(draw) -> list[Statement]:
    """Statements on a pool of arrays: make a view or copy of one, or write into one with a number made from another."""
    statements: list[Statement] = []
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(("view", "write")))
        name = draw(st.sampled_from(sorted(VIEWS if kind == "view" else WRITES)))
        statements.append((kind, name, draw(st.integers(0, 9)), draw(st.integers(0, 9))))
    return statements


def carried_out(program: list[Statement], x: Any) -> tuple[Any, list[Any]]:
    """What the program makes of `x`: one number, and every array of the pool at the end."""
    pool = [x * 1.0]
    for kind, name, first, second in program:
        a, b = pool[first % len(pool)], pool[second % len(pool)]
        if kind == "view":
            pool.append(VIEWS[name](a))
        elif np.ndim(a):
            WRITES[name](a, b)
    total = 0.0
    for k, a in enumerate(pool):
        total = total + np.sum(a * a) * (k + 1) / 8
    return total, pool
