"""Order: sorting, partitioning, the median and all quantiles.

A tie is shared, as for the maximum: the entries that are equal share the slopes of the places that they stand at, so
that the gradient does not depend on the order in which equal numbers were handed over.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.op import Op
from gradwork.notation.layout import call
from gradwork.ops._arrays import array_of, plain
from gradwork.ops._declare import (
    Builder,
    Traced,
    composite,
    lift,
    node,
    public,
    structural,
)

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, -1.0, 2.0, 1.5])
_SHARED = "convention: ties are shared, as for the maximum"


def _positions(name: str) -> Any:
    def lower(builder: Builder, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, **other: Any) -> Any:
        from gradwork.graph.op import REGISTER

        a = Traced(builder, lift(builder, a))
        if axis is None:
            a, axis = np.ravel(a), 0
        return node(builder, REGISTER.named(name), (a,), axis=axis % max(a.ndim, 1))

    return lower


# Always stable: equal entries keep their order, whatever the algorithm asked for.
ARGSORT = structural(
    lambda a, axis: np.argsort(a, axis=axis, kind="stable"),
    name="argsort",
    jax="numpy.argsort",
    answers=(np.argsort,),
    rule="",
    notation=lambda a, axis: call("argsort", a),
    lower=_positions("argsort"),
    samples=((ROW, {}), (TABLE, {"axis": 0})),
    why="A position has no slope.",
    source="by definition",
)


@public
def runs(y: Any, axis: int) -> Any:
    """For each entry of `y`, which is sorted along `axis`, the number of the run of equal entries that it is in."""
    last = np.moveaxis(np.asarray(y), axis, -1)
    fresh = np.zeros(last.shape, np.intp)
    fresh[..., 1:] = last[..., 1:] != last[..., :-1]
    return np.moveaxis(np.cumsum(fresh, axis=-1), -1, axis)


RUNS: Op = structural(
    runs,
    jax=lambda on, y, axis: _runs_on_jax(on, y, axis),
    rule="",
    notation=lambda y, axis: call("runs", y),
    lower=lambda builder, y, axis: node(builder, RUNS, (y,), axis=axis),
    samples=((np.array([1.0, 3.0, 3.0]), {"axis": 0}),),
    words=("_runs",),
    why="A position has no slope.",
    source="by definition",
)


@public
def mean_over_runs(g: Any, run: Any, axis: int) -> Any:
    """`g` with its mean over each run of entries that are numbered alike along `axis`."""
    number, shares = np.moveaxis(np.asarray(run), axis, -1), np.moveaxis(np.asarray(g), axis, -1)
    n = number.shape[-1]
    if not n or (number[..., -1] == n - 1).all():
        return np.array(g)
    group = (number + n * np.arange(number[..., 0].size).reshape(*number.shape[:-1], 1)).ravel()
    total = np.zeros(number.size, shares.dtype)
    np.add.at(total, group, shares.ravel())
    mean = (total[group] / np.bincount(group)[group]).astype(shares.dtype)
    return np.moveaxis(mean.reshape(number.shape), -1, axis)


MEAN_OVER_RUNS: Op = structural(
    mean_over_runs,
    jax=lambda on, g, run, axis: _mean_on_jax(on, g, run, axis),
    rule="mean rule",
    notation=lambda g, run, axis: call("shared", g),
    lower=lambda builder, g, run, axis: node(builder, MEAN_OVER_RUNS, (g, run), axis=axis),
    pullback=lambda g, y, a, run, axis: (mean_over_runs(g, run, axis=axis), None),
    linear="each",
    samples=(
        (np.array([1.0, 2.0, 4.0]), np.array([0, 1, 1]), {"axis": 0}),
        (np.array([[1.0, 2.0], [4.0, 3.0]]), np.array([[0, 0], [0, 1]]), {"axis": 1}),
    ),
    words=("_mean_over_runs",),
    why="Those who stand level share alike.",
    source=_SHARED,
)


def _runs_on_jax(on: Any, y: Any, axis: int) -> Any:
    last = on.np.moveaxis(on.np.asarray(y), axis, -1)
    fresh = on.np.zeros(last.shape, np.intp).at[..., 1:].set(last[..., 1:] != last[..., :-1])
    return on.np.moveaxis(on.np.cumsum(fresh, axis=-1), -1, axis)


def _mean_on_jax(on: Any, g: Any, run: Any, axis: int) -> Any:
    number, shares = on.np.moveaxis(run, axis, -1), on.np.moveaxis(g, axis, -1)
    if not number.size:
        return on.np.asarray(g)
    rows = np.arange(number.size // number.shape[-1]).reshape(*number.shape[:-1], 1)
    group = (number + number.shape[-1] * rows).ravel()
    total = on.np.zeros(number.size, shares.dtype).at[group].add(shares.ravel())
    size = on.np.zeros(number.size, shares.dtype).at[group].add(1)
    return on.np.moveaxis((total / on.np.maximum(size, 1))[group].reshape(number.shape), -1, axis)


def _shared_out(g: Any, y: Any, axis: int) -> Any:
    return mean_over_runs(g, runs(y, axis=axis), axis=axis)


def _sort_pullback(g: Any, y: Any, a: Any, axis: int) -> tuple[Any]:
    back = np.argsort(np.argsort(a, axis=axis), axis=axis)
    return (np.take_along_axis(_shared_out(g, y, axis), back, axis=axis),)


SORT = structural(
    lambda a, axis: np.sort(a, axis=axis),
    name="sort",
    jax="numpy.sort",
    answers=(np.sort,),
    rule="picking rule",
    notation=lambda a, axis: call("sort", a),
    lower=_positions("sort"),
    pullback=_sort_pullback,
    pushforward=lambda t, y, a, axis: _shared_out(
        np.take_along_axis(t[0], np.argsort(a, axis=axis), axis=axis), y, axis
    ),
    branch=lambda a, axis: np.argsort(a, axis=axis, kind="stable"),
    infer=lambda inputs, axis: inputs[0],
    samples=((ROW, {}), (TABLE, {"axis": 0}), (TABLE, {"axis": None})),
    why="Sorting moves entries about; each takes its slope back to where it came from.",
    source=_SHARED,
)


def _partition_order(a: Any, kth: tuple[int, ...], axis: int) -> Any:
    """Where each entry of `np.partition(a, kth)` comes from: NumPy leaves the order on either side to itself."""
    places = np.argsort(np.argsort(np.partition(a, kth, axis=axis), axis=axis, kind="stable"), axis=axis)
    return np.take_along_axis(np.argsort(a, axis=axis, kind="stable"), places, axis=axis)


ARGPARTITION: Op = structural(
    _partition_order,
    name="argpartition",
    answers=(np.argpartition,),
    rule="",
    notation=lambda a, kth, axis: call("argpartition", a),
    lower=lambda builder, a, kth, axis=-1, kind="introselect", order=None: _argpartition(builder, a, kth, axis),
    samples=((ROW, 1),),
    why="A position has no slope.",
    source="by definition",
)


def _argpartition(builder: Builder, a: Any, kth: Any, axis: Any) -> Any:
    a = Traced(builder, lift(builder, a))
    if axis is None:
        a, axis = np.ravel(a), 0
    places = tuple(int(k) for k in np.ravel(plain(kth)))
    return node(builder, ARGPARTITION, (a,), kth=places, axis=axis % a.ndim)


def _partition(a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None) -> Any:
    if axis is None:
        a, axis = np.ravel(a), 0
    return np.take_along_axis(a, np.argpartition(a, kth, axis=axis), axis=axis)


composite(
    np.partition,
    rule="picking rule",
    lower=_partition,
    samples=((ROW, 1), (TABLE, 1, {"axis": 1})),
    why="The entries are the same; each takes its slope back to where it came from.",
    source="by definition",
)


def _sort_complex(a: Any) -> Any:
    a = array_of(a)
    if a.dtype.kind != "c":
        return np.sort(a, axis=0).astype(np.complex64 if a.dtype.itemsize < 4 else np.complex128)
    return a[np.lexsort((np.imag(a), np.real(a)))]


composite(
    np.sort_complex,
    rule="picking rule",
    lower=_sort_complex,
    words=(),
    samples=((np.array([2.0 + 1.0j, 0.5 - 1.0j, 1.2 - 2.0j]),),),
    why="The entries are the same; each takes its slope back to where it came from.",
    source="by definition",
)


def _lexsort(keys: Any, axis: int = -1) -> Any:
    order = None
    for key in (array_of(k) for k in (keys if isinstance(keys, (list, tuple)) else list(keys))):
        if order is None:
            order = np.argsort(key, axis=axis, kind="stable")
        else:
            again = np.argsort(np.take_along_axis(key, order, axis=axis), axis=axis, kind="stable")
            order = np.take_along_axis(order, again, axis=axis)
    return order


composite(
    np.lexsort,
    rule="step rule",
    lower=_lexsort,
    words=(),
    samples=((np.stack([ROW, ROW[::-1]]),),),
    why="A position has no slope.",
    source="by definition",
)
