"""Running sums and products, differences, and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.op import Op
from gradwork.notation.layout import call
from gradwork.ops._arrays import along, array_of
from gradwork.ops._declare import Builder, Traced, composite, finish, lift, node, public, structural

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, -1.0, 2.0, 1.5])


def _lower_cumsum(builder: Builder, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    a = Traced(builder, lift(builder, a))
    a = a if dtype is None else a.astype(dtype)
    if axis is None or not a.ndim:
        a, axis = np.ravel(a), 0
    return finish(node(builder, CUMSUM, (a,), axis=axis % a.ndim), out)


CUMSUM = structural(
    np.cumsum,
    rule="sum rule",
    notation=lambda a, axis: call("cumsum", a),
    lower=_lower_cumsum,
    pullback=lambda g, y, a, axis: (np.flip(np.cumsum(np.flip(g, axis), axis), axis),),
    linear="each",
    analytic=True,
    samples=((ROW, {}), (TABLE, {"axis": 1}), (TABLE, {})),
    why="An entry stands in every sum from its own place on: what comes back to these adds up.",
    source="DLMF 1.4.10",
)


@public
def recurrence(g: Any, c: Any, axis: int) -> Any:
    """Along `axis`: s[0] = g[0], and then s[k] = g[k] + c[k] s[k - 1].

    g, c: arrays of one shape; c[0] is not looked at.
    """
    terms, factors = np.moveaxis(np.asarray(g), axis, 0), np.moveaxis(np.asarray(c), axis, 0)
    s = np.array(terms, np.result_type(terms, factors))
    for k in range(1, len(s)):
        s[k] += factors[k] * s[k - 1]
    return np.moveaxis(s, 0, axis)


def _earlier(a: Any, axis: int, first: float) -> Any:
    """Each entry's neighbour before it; `first` where there is none."""
    edge = np.full(tuple(min(n, 1) if i == axis else n for i, n in enumerate(a.shape)), first, a.dtype)
    return np.concatenate([edge, along(a, axis, slice(None, -1))], axis=axis)


def _carried_back(g: Any, c: Any, axis: int) -> Any:
    """s[k] = g[k] + c[k + 1] s[k + 1]: the recurrence, from the other end."""
    after = _earlier(np.flip(c, axis), axis, 0.0)
    return np.flip(recurrence(np.flip(g, axis), after, axis=axis), axis)


def _recurrence_pullback(g: Any, y: Any, a: Any, c: Any, axis: int) -> tuple[Any, Any]:
    back = _carried_back(g, c, axis)
    return back, back * _earlier(y, axis, 0.0)


def _recurrence_pushforward(t: Any, y: Any, a: Any, c: Any, axis: int) -> Any:
    moved = [] if t[0] is None else [t[0]]
    moved += [] if t[1] is None else [t[1] * _earlier(y, axis, 0.0)]
    return recurrence(moved[0] if len(moved) == 1 else moved[0] + moved[1], c, axis=axis)


def _two_steps(first: Any, second: Any) -> Any:
    """Two steps of the recurrence as one: its factor and its term."""
    return second[0] * first[0], second[0] * first[1] + second[1]


RECURRENCE: Op = structural(
    recurrence,
    rule="product rule",
    notation=lambda g, c, axis: call("recurrence", g, c),
    lower=lambda builder, g, c, axis: node(builder, RECURRENCE, (g, c), axis=axis),
    pullback=_recurrence_pullback,
    pushforward=_recurrence_pushforward,
    analytic=True,
    jax=lambda on, g, c, axis: on.jax.lax.associative_scan(_two_steps, (c, g), axis=axis)[1],
    arity=2,
    samples=((ROW, ROW[::-1] + 0.3, {"axis": 0}), (TABLE, TABLE - 0.4, {"axis": 1})),
    words=("_recurrence",),
    why="Each step is a product and a sum, whose rules apply; back it is the same recurrence from the other end.",
    source="Griewank and Walther 2008, section 3.2",
)


def _lower_cumprod(builder: Builder, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    a = Traced(builder, lift(builder, a))
    a = a if dtype is None else a.astype(dtype)
    if axis is None or not a.ndim:
        a, axis = np.ravel(a), 0
    return finish(node(builder, CUMPROD, (a,), axis=axis % a.ndim), out)


CUMPROD: Op = structural(
    np.cumprod,
    rule="product rule",
    notation=lambda a, axis: call("cumprod", a),
    lower=_lower_cumprod,
    # Without division, so that a factor of 0 has its slope too.
    pullback=lambda g, y, a, axis: (_earlier(y, axis, 1.0) * _carried_back(g, a, axis),),
    pushforward=lambda t, y, a, axis: recurrence(t[0] * _earlier(y, axis, 1.0), a, axis=axis),
    analytic=True,
    samples=((ROW, {}), (TABLE, {"axis": 0}), (np.array([2.0, 0.0, 3.0]), {})),
    why="A product of the factors up to each place: y[k] = a[k] y[k - 1], and the product rule at each step.",
    source="DLMF 1.4.11",
)


def _cumulative(function: Any, start: float) -> Any:
    def lower(x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False) -> Any:
        x = np.atleast_1d(array_of(x))
        if axis is None:
            if x.ndim > 1:
                raise ValueError("the axis argument is needed for an array of more than one axis")
            axis = 0
        value = function(x, axis=axis, dtype=dtype)
        if include_initial:
            shape = tuple(1 if i == axis % x.ndim else n for i, n in enumerate(x.shape))
            value = np.concatenate([np.full(shape, start, value.dtype), value], axis=axis)
        return finish(value, out)

    return lower


# They came with NumPy 2.1.
for _name, _whole, _start in (("cumulative_sum", np.cumsum, 0.0), ("cumulative_prod", np.cumprod, 1.0)):
    if not hasattr(np, _name):
        continue
    composite(
        getattr(np, _name),
        rule="sum rule" if _whole is np.cumsum else "product rule",
        lower=_cumulative(_whole, _start),
        exact=False,
        samples=((ROW, {}), (TABLE, {"axis": 0, "include_initial": True})),
        why="A sum or product of all up to each place.",
        source="DLMF 1.4.10, 1.4.11",
    )


def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue) -> Any:
    a = array_of(a)
    if n and (prepend is not np._NoValue or append is not np._NoValue):
        ends = [_as_end(e, a, axis) for e in (prepend, append)]
        a = np.concatenate([p for p in (ends[0], a, ends[1]) if p is not None], axis=axis)
    for _ in range(n):
        later, earlier = along(a, axis, slice(1, None)), along(a, axis, slice(None, -1))
        a = np.not_equal(later, earlier) if a.dtype.kind == "b" else later - earlier
    return a


def _as_end(end: Any, a: Any, axis: int) -> Any:
    """What is put before or behind: an array, or one number for each row."""
    if end is np._NoValue:
        return None
    end = array_of(end)
    shape = tuple(1 if i == axis % a.ndim else n for i, n in enumerate(a.shape))
    return np.broadcast_to(end, shape) if end.ndim == 0 else end


composite(
    np.diff,
    rule="sum rule",
    lower=_diff,
    samples=((ROW, {}), (TABLE, {"axis": 0}), (ROW, {"n": 2})),
    why="Each entry less the one before.",
    source="DLMF 1.4.10",
)
composite(
    np.ediff1d,
    rule="sum rule",
    lower=lambda ary, to_end=None, to_begin=None: _ediff1d(ary, to_end, to_begin),
    samples=((TABLE, {}),),
    why="Each entry less the one before.",
    source="DLMF 1.4.10",
)


def _ediff1d(a: Any, end: Any, begin: Any) -> Any:
    pieces = [np.ravel(array_of(p)) for p in (begin, _diff(np.ravel(array_of(a))), end) if p is not None]
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = array_of(y)
    width = dx
    if x is not None:
        x = array_of(x)
        width = _diff(x) if x.ndim == 1 else _diff(x, axis=axis)
        if x.ndim == 1:
            width = np.reshape(width, tuple(-1 if i == axis % y.ndim else 1 for i in range(y.ndim)))
    return np.sum(width * (along(y, axis, slice(1, None)) + along(y, axis, slice(None, -1))) / 2.0, axis=axis)


composite(
    np.trapezoid,
    rule="sum rule",
    lower=_trapezoid,
    samples=((ROW, {}), (ROW, np.array([0.0, 0.5, 1.5, 2.0])), (TABLE, {"dx": 0.5, "axis": 0})),
    why="A sum of strips, each as high as the mean of its two sides.",
    source="by definition",
)
