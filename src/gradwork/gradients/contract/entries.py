"""What only ops that act entry by entry promise: declared slopes, sums over copies, and nothing out of nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.gradients.contract.nudges import nudged
from gradwork.gradients.contract.samples import Broken, Case, at_numbers, called, cases, is_float, size, uneven
from gradwork.gradients.contract.slopes import compare
from gradwork.gradients.contract.values import same_bits
from gradwork.gradients.transforms import vjp
from gradwork.graph.op import Op
from gradwork.graph.tree import flatten

SHAPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((), ()),
    ((3,), ()),
    ((3,), (2, 3)),
    ((2, 1), (3,)),
    ((2, 1), (1, 3)),
    ((0,), ()),
    ((1,), (0,)),
    ((2, 0), (0,)),
)


def declared_slopes(op: Op) -> Iterator[Broken]:
    """The slopes as they are declared, on plain numbers: they are what a derivation prints."""
    for case in cases(op):
        arguments = [np.asarray(v)[()] for v in case.leaves]
        value = op.function(*arguments)
        for path, slope in enumerate(op.slopes):
            if slope is None or path not in case.moving:
                continue
            found = slope(value, *arguments) if callable(slope) else slope

            def one(x: Any, path: int = path, arguments: list[Any] = arguments) -> Any:
                return op.function(*arguments[:path], x, *arguments[path + 1 :])

            (expected,) = nudged(one, [np.float64(arguments[path])])
            yield from compare(
                "the declared slope agrees with nudges", f"{case.text}, input {path}", np.asarray(found), expected
            )


def broadcasts(op: Op) -> Iterator[Broken]:
    """In every pair of shapes: NumPy's value, and slopes that are added up over the copies."""
    for shapes in SHAPES:
        case = _in_shapes(op, shapes)
        point = case.point
        with np.errstate(all="ignore"):
            plain = np.asarray(case(*point))
            value, pullback = vjp(case, *point)
        if not same_bits(np.asarray(value), plain, 0) or np.shape(value) != plain.shape:
            yield Broken("tracing does not change a value", case.text, f"{value!r}, not {plain!r}")
            continue
        weights = uneven(plain.shape, 8)
        for k, slope in enumerate(pullback(weights)):
            expected = _spread_slope(op, case, k, weights)
            if np.shape(slope) != np.shape(expected) or not np.allclose(
                slope, expected, rtol=1e-9, atol=1e-9 * size(expected)
            ):
                yield Broken(
                    "slopes are added up over the copies", f"{case.text}, input {k}", f"{slope!r}, not {expected!r}"
                )


def _in_shapes(op: Op, shapes: Sequence[tuple[int, ...]]) -> Case:
    """The op's samples laid out in arrays of these shapes."""
    samples = [s if isinstance(s, tuple) else (s,) for s in op.samples]
    columns = [np.array(column) for column in zip(*samples, strict=True)]
    arrays = [np.resize(c, shapes[k % len(shapes)])[()] for k, c in enumerate(columns)]
    if any(s.ndim for s in arrays) and len({a.shape for a in arrays}) > 1:
        # Columns belong together: mixing them may leave an op's domain, so the first sample fills every place.
        arrays = [np.full(a.shape, c[0])[()] for a, c in zip(arrays, columns, strict=True)]
    leaves, structure = flatten(tuple(arrays))
    return Case(
        called(op.answers[0]), structure, tuple(leaves), {}, f"shapes {', '.join(str(a.shape) for a in arrays)}"
    )


def _spread_slope(op: Op, case: Case, k: int, weights: Any) -> Any:
    """The slope of one operand, entry by entry at full shape, then added up over its copies."""
    full = [np.array(np.broadcast_to(a, weights.shape)) for a in case.leaves]
    apart = Case(called(op.answers[0]), case.structure, tuple(full), {}, "")
    slope = np.asarray(vjp(apart, *apart.point)[1](np.asarray(weights)[()])[k])
    shape = np.shape(case.point[k])
    extra = slope.ndim - len(shape)
    slope = slope.sum(axis=tuple(range(extra)))
    return slope.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 and slope.shape[i] != 1), keepdims=True)


def zero_wins(op: Op) -> Iterator[Broken]:
    """Where the slope coming in is exactly zero, what goes on is zero too, however steep the op is there."""
    for numbers in candidates(op):
        case = at_numbers(op, numbers)
        if not case.moving:
            continue
        with np.errstate(all="ignore"):
            value, pullback = vjp(case, *case.point)
            back = pullback(np.zeros_like(value))
        if np.isfinite(value) and not all(np.all(np.asarray(b) == 0) for b in back):
            yield Broken("nothing comes back from nothing", case.text, repr(back))


def candidates(op: Op) -> list[tuple[Any, ...]]:
    """Points where something may happen: the numbers of the samples, and 0 and 1, in every combination."""
    samples = [s if isinstance(s, tuple) else (s,) for s in op.samples]
    columns = []
    for column in zip(*samples, strict=True):
        plain = all(is_float(v) for v in column)
        columns.append(sorted({*column, *((0.0, 1.0) if plain else ())}))
    return list(itertools.product(*columns))
