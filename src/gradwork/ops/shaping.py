"""Moving entries about without changing them: shapes, axes, copies, pieces put together."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradwork.graph.builder import Builder
from gradwork.graph.traced import astype_of
from gradwork.notation.layout import Layout, Transpose, call, row_vector
from gradwork.ops._arrays import array_of, in_one_dtype
from gradwork.ops._declare import Traced, composite, finish, lift, node, structural, unsupported

_function: Any
TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])


def _itself(a: Layout, **params: Any) -> Layout:
    return a


def _integers(shape: Any) -> tuple[int, ...]:
    if shape.__class__ is tuple and all(n.__class__ is int for n in shape):
        return shape
    return tuple(operator.index(n) for n in shape) if isinstance(shape, (tuple, list)) else (operator.index(shape),)


def _sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Add up over the copies that broadcasting made."""
    extra = len(g.shape) - len(shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1)
    total = np.sum(g, axis=axes, keepdims=False) if axes else g
    return total if total.shape == shape else np.reshape(total, shape)


BROADCAST = structural(
    np.broadcast_to,
    lends=True,
    rule="sum over copies",
    notation=lambda a, shape: a,
    lower=lambda builder, a, shape, subok=False: node(builder, REG("broadcast_to"), (a,), shape=_integers(shape)),
    pullback=lambda g, y, a, shape: (_sum_to(g, a.shape),),
    linear="each",
    analytic=True,
    infer=lambda inputs, shape: (shape, inputs[0][1]),
    samples=(
        (TABLE, {"shape": (4, 2, 3)}),
        (np.array(2.0), {"shape": (3,)}),
        (np.array([[1.0], [2.0]]), {"shape": (2, 3)}),
    ),
    why="Every copy moves when the original does, so their slopes add up.",
    source="the chain rule over several paths",
)


def REG(name: str) -> Any:
    """The op of that name."""
    from gradwork.graph.op import REGISTER

    return REGISTER.named(name)


def _lower_reshape(
    builder: Builder, a: Any, shape: Any = None, order: str = "C", *, copy: Any = None, newshape: Any = None
) -> Any:
    shape = newshape if shape is None else shape
    a = Traced(builder, lift(builder, a)) if not isinstance(a, Traced) or a.builder is not builder else a
    if order not in ("C", "F", "A"):
        raise unsupported("reshape", f"order={order!r}")
    if order == "A":
        order = _order_in_memory(a)
    wanted = _integers(shape)
    if -1 in wanted:
        rest = int(np.prod([n for n in wanted if n != -1], dtype=np.int64))
        wanted = tuple(a.size // rest if n == -1 and rest else max(n, 0) for n in wanted)
    if order == "F":
        turned = np.reshape(np.transpose(a), tuple(reversed(wanted)))
        return np.transpose(turned)
    return node(builder, RESHAPE, (a,), shape=wanted)


RESHAPE = structural(
    lambda a, shape: np.reshape(a, shape),  # NumPy 2.0 has another name for the second argument
    name="reshape",
    jax="numpy.reshape",
    answers=(np.reshape,),
    rule="rearranging rule",
    notation=_itself,
    lower=_lower_reshape,
    pullback=lambda g, y, a, shape: (np.reshape(g, a.shape),),
    linear="each",
    analytic=True,
    view=True,
    infer=lambda inputs, shape: (shape, inputs[0][1]),
    samples=((TABLE, (3, 2)), (TABLE, (-1,)), (np.array(2.0), (1, 1))),
    why="The entries are the same; their slopes go back to their places.",
    source="by definition",
)


def _memory_order(a: Any, order: str) -> str:
    """What "A" and "K" mean for an array as it lies in memory: "F", "C", or "K" for neither."""
    value = a.builder.values[a.index] if a.builder.concrete else None
    if not isinstance(value, np.ndarray) or value.flags.c_contiguous or value.shape != a.shape:
        return "C"
    return "F" if value.flags.f_contiguous else "C" if order == "A" else "K"


def _order_in_memory(a: Traced) -> str:
    value = a.builder.values[a.index] if a.builder.concrete else None
    return "F" if isinstance(value, np.ndarray) and value.flags.fnc else "C"


def _raveled(a: Any, order: str) -> Any:
    if order == "K":
        value = a.builder.values[a.index] if a.builder.concrete else None
        strides = value.strides if isinstance(value, np.ndarray) else ()
        # As the entries lie in memory: the axis of the longest stride first.
        a = np.transpose(a, sorted(range(a.ndim), key=lambda k: -abs(strides[k]))) if len(strides) == a.ndim else a
        order = "C"
    a = array_of(a)
    if order in ("A", "K"):
        order = _memory_order(a, order)
        if order == "K":
            axes = sorted(range(a.ndim), key=lambda i: (-abs(a.value.strides[i]), i))
            a, order = np.transpose(a, axes), "C"
    flat: Any = np.reshape(a, (-1,), order=order)  # type: ignore[call-overload]
    # A ravel is always laid out without gaps; a reshape may be a window with gaps.
    value = flat.builder.values[flat.index] if flat.builder.concrete else None
    return np.copy(flat) if isinstance(value, np.ndarray) and not value.flags.c_contiguous else flat


composite(
    np.ravel,
    rule="rearranging rule",
    lower=lambda a, order="C": _raveled(a, order),
    samples=((TABLE, {}),),
    why="The entries are the same.",
    source="by definition",
)
composite(
    np.expand_dims,
    rule="rearranging rule",
    lower=lambda a, axis: np.reshape(a, _expanded_shape(a.shape, axis)),
    samples=((TABLE, {"axis": 0}), (TABLE, {"axis": (1, 3)})),
    why="The entries are the same.",
    source="by definition",
)
composite(
    np.squeeze,
    rule="rearranging rule",
    lower=lambda a, axis=None: np.reshape(a, np.squeeze(np.empty(a.shape, bool), axis=axis).shape),
    samples=((TABLE[:, None], {}), (TABLE[None], {"axis": 0})),
    why="The entries are the same.",
    source="by definition",
)
for _function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    composite(
        _function,
        rule="rearranging rule",
        lower=lambda *arrays, f=_function: (
            np.reshape(arrays[0], f(np.empty(np.shape(arrays[0]), bool)).shape)
            if len(arrays) == 1
            else tuple(np.reshape(a, f(np.empty(np.shape(a), bool)).shape) for a in arrays)
        ),
        samples=((np.array([1.0, 2.0]), {}),),
        why="The entries are the same.",
        source="by definition",
    )


def _expanded_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    return np.expand_dims(np.empty(shape, bool), axis).shape


def _lower_transpose(builder: Builder, a: Any, axes: Any = None) -> Any:
    a = Traced(builder, lift(builder, a)) if not isinstance(a, Traced) or a.builder is not builder else a
    order = tuple(reversed(range(a.ndim))) if axes is None else tuple(i % max(a.ndim, 1) for i in _integers(axes))
    return node(builder, TRANSPOSE, (a,), axes=order)


TRANSPOSE = structural(
    np.transpose,
    rule="rearranging rule",
    notation=lambda a, axes: Transpose(a) if len(axes) == 2 else call("transpose", a),
    lower=_lower_transpose,
    pullback=lambda g, y, a, axes: (np.transpose(g, tuple(int(i) for i in np.argsort(axes))),),
    linear="each",
    analytic=True,
    view=True,
    samples=((TABLE, {}), (np.arange(24.0).reshape(2, 3, 4), {"axes": (1, 2, 0)})),
    words=("transpose",),
    answers=(np.transpose, np.permute_dims) if hasattr(np, "permute_dims") else (np.transpose,),
    why="The entries are the same; their slopes go back to their places.",
    source="by definition",
)


def _swapped(ndim: int, first: int, second: int) -> tuple[int, ...]:
    axes = list(range(ndim))
    axes[first], axes[second] = axes[second], axes[first]
    return tuple(axes)


composite(
    np.swapaxes,
    rule="rearranging rule",
    lower=lambda a, axis1, axis2: np.transpose(a, _swapped(a.ndim, axis1, axis2)),
    samples=((TABLE, {"axis1": 0, "axis2": 1}),),
    why="The entries are the same.",
    source="by definition",
)
composite(
    np.moveaxis,
    rule="rearranging rule",
    lower=lambda a, source, destination: np.transpose(a, _moved(a.ndim, source, destination)),
    samples=((np.arange(24.0).reshape(2, 3, 4), {"source": 0, "destination": -1}),),
    why="The entries are the same.",
    source="by definition",
)
composite(
    np.matrix_transpose if hasattr(np, "matrix_transpose") else np.transpose,
    rule="rearranging rule",
    lower=lambda a: np.swapaxes(a, -1, -2),
    samples=((TABLE, {}),),
    why="The entries are the same.",
    source="by definition",
)


def _moved(ndim: int, source: Any, destination: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in np.moveaxis(np.empty(tuple(range(ndim)), bool), source, destination).shape)


def _lower_joined(name: str) -> Any:
    def lower(builder: Builder, arrays: Any, axis: Any = 0, out: Any = None, **other: Any) -> Any:
        pieces: tuple[Any, ...] = tuple(Traced(builder, lift(builder, a)) for a in arrays)
        if axis is None:
            pieces, axis = tuple(np.ravel(p) for p in pieces), 0
        return finish(node(builder, REG(name), pieces, axis=operator.index(axis)), out)

    return lower


def _split(g: Any, arrays: tuple[Any, ...], axis: int) -> tuple[Any, ...]:
    pieces, start = [], 0
    before = (slice(None),) * (axis % len(g.shape))
    for a in arrays:
        stop = start + a.shape[axis]
        pieces.append(g[(*before, slice(start, stop))])
        start = stop
    return tuple(pieces)


CONCATENATE = structural(
    lambda *arrays, axis: np.concatenate(arrays, axis=axis),
    name="concatenate",
    jax=lambda on, *arrays, axis: on.np.concatenate(in_one_dtype(arrays), axis=axis),
    answers=(np.concatenate,),
    rule="rearranging rule",
    notation=lambda *pieces, axis: call("concatenate", *pieces),
    lower=_lower_joined("concatenate"),
    pullback=lambda g, y, *arrays, axis: _split(g, arrays, axis),
    linear="joint",
    analytic=True,
    arity=None,
    samples=(([TABLE, np.ones((1, 3))], {"axis": 0}), ([TABLE, np.ones((2, 2))], {"axis": 1})),
    why="The entries are the same; each piece takes its own slopes back.",
    source="by definition",
)

STACK = structural(
    lambda *arrays, axis: np.stack(arrays, axis=axis),
    name="stack",
    jax=lambda on, *arrays, axis: on.np.stack(in_one_dtype(arrays), axis=axis),
    answers=(np.stack,),
    rule="rearranging rule",
    notation=lambda *pieces, axis: row_vector(pieces),
    lower=_lower_joined("stack"),
    pullback=lambda g, y, *arrays, axis: tuple(
        g[(slice(None),) * (axis % len(g.shape)) + (i,)] for i in range(len(arrays))
    ),
    linear="joint",
    analytic=True,
    arity=None,
    samples=(([np.array([1.0, 2.0]), np.array([0.5, -1.0])], {"axis": 0}), ([TABLE, TABLE + 1], {"axis": 2})),
    why="The entries are the same; each piece takes its own slopes back.",
    source="by definition",
)
for _function in (np.vstack, np.hstack, np.column_stack, np.dstack):
    composite(
        _function,
        rule="rearranging rule",
        lower=lambda arrays, f=_function: _stacked(f, arrays),
        samples=(([TABLE, TABLE + 1], {}), ([TABLE[:, 0], TABLE[:, 1]], {})),
        why="The entries are the same.",
        source="by definition",
    )


def _stacked(function: Any, arrays: Any) -> Any:
    arrays = [array_of(a) for a in arrays]
    if function is np.vstack:
        return np.concatenate([np.atleast_2d(a) for a in arrays], axis=0)
    if function is np.hstack:
        return np.concatenate([np.atleast_1d(a) for a in arrays], axis=0 if arrays[0].ndim <= 1 else 1)
    if function is np.column_stack:
        return np.concatenate([a[:, None] if a.ndim == 1 else a for a in arrays], axis=1)
    return np.concatenate([np.atleast_3d(a) for a in arrays], axis=2)


structural(
    lambda a, order="K": np.array(a, order=order),
    name="copy",
    jax=lambda on, a, order="K": on.np.asarray(a),
    answers=(np.copy,),
    rule="identity rule",
    notation=_itself,
    lower=lambda builder, a, order="K", subok=False: (
        node(builder, REG("copy"), (a,)) if order == "K" else node(builder, REG("copy"), (a,), order=order)
    ),
    pullback=lambda g, y, a, order="K": (g,),
    linear="each",
    analytic=True,
    samples=((TABLE, {}),),
    why="Nothing is changed.",
    source="by definition",
)


def _lower_astype(builder: Builder, a: Any, dtype: Any) -> Any:
    wanted = np.dtype(dtype)
    # An array of objects would hold the same traced numbers.
    return a if wanted.kind == "O" else node(builder, REG("astype"), (a,), dtype=wanted.str)


structural(
    lambda a, dtype: np.asarray(a).astype(dtype)[()],
    name="astype",
    jax=lambda on, a, dtype: (on.np.real(a) if np.dtype(dtype).kind != "c" else a).astype(dtype),
    answers=(astype_of, np.astype) if hasattr(np, "astype") else (astype_of,),
    rule="identity rule",
    notation=lambda a, dtype: a,
    lower=lambda builder, a, dtype, *rest, **other: _lower_astype(builder, a, dtype),
    # A real number moves along the real line only: what comes back to it through a complex one is real.
    pullback=lambda g, y, a, dtype: ((np.real(g) if a.dtype.kind != "c" else g).astype(a.dtype),),
    linear="each",
    words=("astype",),
    samples=((TABLE, {"dtype": "<f8"}),),
    why="The number is the same, kept in another form.",
    source="by definition",
)

for _function in (np.zeros_like, np.ones_like, np.empty_like):
    composite(
        _function,
        rule="constant rule",
        lower=lambda a, dtype=None, order="K", subok=True, shape=None, *, device=None, f=_function: _level(
            a, f, dtype, shape
        ),
        samples=(),
        why="A constant does not move.",
        source="by definition",
    )
for _function in (np.ascontiguousarray, np.asfortranarray, np.require):
    composite(
        _function,
        rule="identity rule",
        lower=lambda a, dtype=None, *args, **kwargs: a if dtype is None else a.astype(dtype),
        words=(),
        samples=((TABLE, {}),),
        why="The numbers are the same, laid out in another way.",
        source="by definition",
    )
composite(
    np.full_like,
    rule="constant rule",
    lower=lambda a, fill_value, dtype=None, order="K", subok=True, shape=None, *, device=None: np.broadcast_to(
        array_of(fill_value, a).astype(a.dtype if dtype is None else dtype), a.shape if shape is None else shape
    ),
    samples=(),
    why="Every entry is the one number.",
    source="by definition",
)
for _function in (np.shape, np.ndim, np.size):
    composite(
        _function,
        rule="constant rule",
        lower=lambda a, axis=None, f=_function: f(np.empty(a.shape, bool)) if axis is None else a.shape[axis],
        samples=(),
        words=(),
        why="Shapes do not move.",
        source="by definition",
    )


def _level(a: Any, function: Any, dtype: Any, shape: Any) -> Any:
    # Started from a traced value, so that writing into it later is traced too.
    made = function(np.empty(a.shape if shape is None else shape), dtype=a.dtype if dtype is None else dtype)
    return Traced(a.builder, lift(a.builder, made))
