"""Reading and writing entries by position: whole numbers, slices, masks and arrays of positions."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError
from gradwork.graph import frames
from gradwork.graph.op import Op
from gradwork.graph.traced import get_item, set_item
from gradwork.notation.layout import Layout, Number, Subscript, Symbol, Words, call
from gradwork.ops._arrays import along, array_of
from gradwork.ops._declare import Builder, Traced, composite, finish, lift, node, public, spread_to, structural

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
Key = tuple[Any, ...]


def key_of(index: Key, arrays: tuple[Any, ...]) -> Any:
    """NumPy's own index: the arrays put back where the static part says ("array", k)."""
    return tuple(arrays[e[1]] if isinstance(e, tuple) else e for e in index)


def _parsed(builder: Builder, key: Any) -> tuple[Key, tuple[int, ...]]:
    """A key as a static part and the nodes of the arrays in it."""
    index: list[Any] = []
    arrays: list[int] = []
    for item in key if isinstance(key, tuple) else (key,):
        if item is None or item is Ellipsis:
            index.append(item)
        elif isinstance(item, slice):
            index.append(slice(*(None if p is None else operator.index(p) for p in (item.start, item.stop, item.step))))
        elif isinstance(item, (int, np.integer)) and not isinstance(item, (bool, np.bool_)):
            index.append(int(item))
        else:
            index.append(("array", len(arrays)))
            arrays.append(_positions(builder, item))
    return tuple(index), tuple(arrays)


def _positions(builder: Builder, item: Any) -> int:
    if isinstance(item, Traced):
        if item.dtype.kind == "b" and item.builder is builder and builder.concrete:
            # How many entries a mask picks shapes everything after it.
            builder.guard(item.index, np.array(item.value))
        if item.dtype.kind == "f":
            raise IndexError("arrays used as indices must be of integer (or boolean) type")
        return item.index if item.builder is builder else lift(builder, item)
    array = np.asarray(item)
    if array.size == 0 and array.dtype.kind == "f":
        array = array.astype(np.intp)
    if array.dtype.kind in "US" and not array.ndim:
        raise ArgumentError(
            f"an array has no entry called {str(item)!r}",
            where=frames.user_where(),
            why="a table, as of pandas, is followed as the array of its numbers, and its columns have no names there",
            hint='its columns by themselves, such as table["x"], or in a dict',
        )
    if array.dtype.kind not in "biu":
        raise IndexError(
            f"only integers, slices, ellipsis, None and integer or boolean arrays are valid indices, not {array.dtype}"
        )
    return builder.constant(np.array(array), name=frames.name_of(item))


def _lower_get(builder: Builder, a: Any, key: Any) -> Any:
    index, arrays = _parsed(builder, key)
    if arrays:
        # Positions given by arrays make a copy in NumPy, so the result is no view.
        return Traced(builder, node(builder, GETITEM, (a, *(Traced(builder, i) for i in arrays)), index=index)._index)
    return node(builder, GETITEM, (a,), index=index)


def _get(a: Any, *arrays: Any, index: Key) -> Any:
    return np.asarray(a)[key_of(index, arrays)]


def on_jax(on: Any, shape: tuple[int, ...], index: Key, arrays: tuple[Any, ...]) -> Any:
    """The same index for JAX, which does not complain about places that are not there: so that is looked at."""
    axis = 0
    for k, entry in enumerate(index):
        if entry is Ellipsis:
            axis = len(shape) - sum(_axes_taken(e, arrays) for e in index[k + 1 :])
            continue
        if isinstance(entry, tuple) and arrays[entry[1]].dtype.kind != "b":
            on.need((arrays[entry[1]] >= -shape[axis]) & (arrays[entry[1]] < shape[axis]))
        axis += _axes_taken(entry, arrays)
    return key_of(index, arrays)


def _axes_taken(entry: Any, arrays: tuple[Any, ...]) -> int:
    if isinstance(entry, tuple):
        return int(arrays[entry[1]].ndim) if arrays[entry[1]].dtype.kind == "b" else 1
    return 0 if entry is None else 1


def _get_notation(a: Layout, *arrays: Layout, index: Key) -> Layout:
    return Subscript(a, tuple(_index_notation(e, arrays) for e in index))


def _index_notation(entry: Any, arrays: tuple[Layout, ...]) -> Layout:
    """Indices that people see count from 1."""
    if isinstance(entry, int):
        return Number(entry + 1) if entry >= 0 else Words("last" if entry == -1 else f"{-entry} from the end")
    if isinstance(entry, slice):
        first = "" if entry.start is None else str(entry.start + 1 if entry.start >= 0 else entry.start)
        last = "" if entry.stop is None else str(entry.stop)
        return Words(f"{first}..{last}" if first or last else "all")
    if isinstance(entry, tuple):
        return arrays[entry[1]]
    return Symbol("…") if entry is Ellipsis else Words("new")


GETITEM = structural(
    _get,
    jax=lambda on, a, *arrays, index: on.np.asarray(a)[on_jax(on, a.shape, index, arrays)],
    name="getitem",
    answers=(get_item,),
    rule="picking rule",
    notation=_get_notation,
    lower=_lower_get,
    pullback=lambda g, y, a, *arrays, index: (
        scatter(g, *arrays, index=index, shape=a.shape),
        *(None for _ in arrays),
    ),
    linear="each",
    analytic=True,
    view=True,
    arity=None,
    words=("_getitem",),
    samples=(
        (TABLE, (0, slice(None)), {}),
        (TABLE, (slice(None), [2, 0, 0]), {}),
        (TABLE, (TABLE > 0.3,), {}),
        (TABLE, (Ellipsis, None, 1), {}),
    ),
    why="The entries that are picked take their slopes back to their places; one that is picked twice adds them up.",
    source="by definition",
)


@public
def scatter(*arguments: Any, index: Key, shape: tuple[int, ...]) -> Any:
    """An array of zeros of `shape` with `g` added at the places that the index names."""
    g, *arrays = arguments
    target = np.zeros(shape, np.asarray(g).dtype)
    key = key_of(index, tuple(arrays))
    if arrays:
        np.add.at(target, key, g)
    else:
        target[key] = g
    return target


def _lower_scatter(builder: Builder, *arguments: Any, index: Key, shape: tuple[int, ...]) -> Any:
    return node(builder, SCATTER, arguments, index=index, shape=shape)


SCATTER = structural(
    scatter,
    jax=lambda on, g, *arrays, index, shape: on.np.zeros(shape, g.dtype).at[on_jax(on, shape, index, arrays)].add(g),
    rule="picking rule",
    notation=lambda g, *arrays, index, shape: call("put back", g),
    lower=_lower_scatter,
    pullback=lambda g, y, values, *arrays, index, shape: (
        _lower_get_again(g, arrays, index),
        *(None for _ in arrays),
    ),
    linear="each",
    analytic=True,
    arity=None,
    infer=lambda inputs, index, shape: (shape, inputs[0][1]),
    words=("_scatter",),
    samples=((np.array([1.0, 2.0]), {"index": (slice(0, 2),), "shape": (3,)}),),
    why="Picking, the other way round.",
    source="by definition",
)


def _lower_get_again(g: Traced, arrays: tuple[Any, ...], index: Key) -> Any:
    return node(g.builder, GETITEM, (g, *arrays), index=index)


def _set(a: Any, value: Any, *arrays: Any, index: Key) -> Any:
    changed = np.array(a)
    changed[key_of(index, arrays)] = value
    return changed


def _lower_set(builder: Builder, a: Any, key: Any, value: Any) -> Any:
    index, arrays = _parsed(builder, key)
    shape = np.empty(a.shape, bool)[key_of(index, tuple(builder.full_value(i) for i in arrays))].shape
    position = lift(builder, value)
    if builder.shape(position) != shape:
        value_shape = builder.shape(position)
        while len(value_shape) > len(shape) and value_shape[0] == 1:
            value_shape = value_shape[1:]
        if value_shape != builder.shape(position):
            position = _as_index(np.reshape(Traced(builder, position), value_shape))
        position = spread_to(builder, position, shape)
    return node(builder, SETITEM, (a, Traced(builder, position), *(Traced(builder, i) for i in arrays)), index=index)


def _as_index(value: Any) -> int:
    return int(value.index)


def _set_pullback(g: Any, y: Any, a: Any, value: Any, *arrays: Any, index: Key) -> tuple[Any, ...]:
    picked: Any = node(g.builder, GETITEM, (g, *arrays), index=index)
    if any(i.dtype.kind in "iu" for i in arrays) and not _known_apart(arrays, index, a.shape):
        picked = np.where(node(g.builder, LAST, arrays, index=index, shape=a.shape), picked, 0)
    nothing = np.zeros_like(value)
    kept = node(g.builder, SETITEM, (g, nothing, *arrays), index=index)
    return (kept, picked, *(None for _ in arrays))


def _written_last(*arrays: Any, index: Key, shape: tuple[int, ...]) -> Any:
    """For each number that is written, whether it stays: of several written to one place, the last one does."""
    key = key_of(index, arrays)
    target = np.zeros(shape, np.intp)
    order = np.arange(target[key].size).reshape(target[key].shape)
    target[key] = order
    return np.asarray(target[key] == order)


def _known_apart(arrays: tuple[Any, ...], index: Key, shape: tuple[int, ...]) -> bool:
    """Whether the positions are constants, no two of them the same: the usual case, and nothing is overwritten."""
    found = [i.builder.constants.get(i.index) for i in arrays]
    return all(f is not None for f in found) and bool(np.all(_written_last(*found, index=index, shape=shape)))


def _winners(on: Any, key: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """For each number that is written, which one stays at its place, counted in order; and whether it is itself."""
    places = on.np.arange(int(np.prod(shape, dtype=np.int64))).reshape(shape)[key]
    order = on.np.arange(places.size).reshape(places.shape)
    last = on.np.zeros(shape, order.dtype).at[key].max(order)[key]
    return last, last == order


def _set_on_jax(on: Any, a: Any, value: Any, *arrays: Any, index: Key) -> Any:
    key = on_jax(on, a.shape, index, arrays)
    if any(i.dtype.kind in "iu" for i in arrays):
        # Of several numbers written to one place JAX takes any, and NumPy the last.
        last, _ = _winners(on, key, a.shape)
        value = on.np.broadcast_to(value, last.shape).reshape(-1)[last]
    return on.np.asarray(a).at[key].set(value)


LAST: Op = structural(
    _written_last,
    jax=lambda on, *arrays, index, shape: _winners(on, on_jax(on, shape, index, arrays), shape)[1],
    name="written_last",
    rule="",
    notation=lambda *arrays, index, shape: call("written last", *arrays),
    lower=lambda builder, *arrays, index, shape: node(builder, LAST, arrays, index=index, shape=shape),
    arity=None,
    words=("_written_last",),
    samples=((np.array([0, 0, 1]), {"index": (("array", 0),), "shape": (3,)}),),
    why="A truth value has no slope.",
    source="NumPy: the last one written stays",
)

SETITEM = structural(
    _set,
    jax=_set_on_jax,
    name="setitem",
    answers=(set_item,),
    rule="writing rule",
    notation=lambda a, value, *arrays, index: call("set", a, value),
    lower=_lower_set,
    pullback=_set_pullback,
    linear="joint",
    analytic=True,
    arity=None,
    words=("_setitem",),
    samples=((TABLE, (0, slice(None)), np.array([1.0, 2.0, 3.0]), {}), (TABLE, (slice(None), 1), 5.0, {})),
    why="What was overwritten no longer counts; what was written takes its slopes back.",
    source="by definition",
)

composite(
    np.take,
    rule="picking rule",
    lower=lambda a, indices, axis=None, out=None, mode="raise": finish(_take(array_of(a), indices, axis, mode), out),
    samples=((TABLE, [2, 0], {"axis": 1}), (TABLE, [4], {})),
    why="Picking by position.",
    source="by definition",
)
composite(
    np.take_along_axis,
    rule="picking rule",
    lower=lambda arr, indices, axis=-1: _take_along(arr, indices, axis),
    samples=((TABLE, np.array([[2], [0]]), {"axis": 1}),),
    why="Picking by position.",
    source="by definition",
)


def _take(a: Any, indices: Any, axis: Any, mode: str) -> Any:
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis)
    if mode != "raise":
        n = a.shape[axis]
        indices = np.clip(indices, 0, n - 1) if mode == "clip" else np.mod(indices, n)
    return along(a, axis, indices)


def _take_along(a: Any, indices: Any, axis: Any) -> Any:
    a, indices = array_of(a), array_of(indices)
    if axis is None:
        return np.ravel(a)[np.ravel(indices)]
    axis = axis % a.ndim
    grid = [np.arange(n).reshape([-1 if i == d else 1 for i in range(a.ndim)]) for d, n in enumerate(a.shape)]
    return a[tuple(indices if d == axis else grid[d] for d in range(a.ndim))]
