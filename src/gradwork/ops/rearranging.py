"""Functions that pick, repeat or reorder entries: each is indexing, written another way.

`_picked` asks NumPy itself where every entry comes from: the function is carried out on the entries' own positions.
What NumPy answers with a window on the same memory is written with slices, so that a write shows in both here too.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwork.graph.traced import innermost
from gradwork.ops._arrays import along, array_of, plain
from gradwork.ops._declare import Builder, Traced, axes_of, composite, finish, lift

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, -1.0, 2.0, 1.5])
WHY = "The entries are the same; each takes its slope back to where it came from, and copies add theirs up."
RULE = "picking rule"


def _picked(a: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`function(a, ...)`, for a function that only moves entries about or repeats them."""
    a = array_of(a)
    positions = function(np.arange(a.size).reshape(a.shape), *args, **kwargs)
    return np.ravel(a)[positions]


def _declare(
    function: Any, lower: Callable[..., Any], *samples: Any, why: str = WHY, rule: str = RULE, **rest: Any
) -> None:
    composite(function, rule=rule, lower=lower, samples=samples, why=why, source="by definition", **rest)


# -- windows on the same memory ---------------------------------------------------------------------------------------


def _flip(m: Any, axis: Any = None) -> Any:
    turned = axes_of(axis, m.ndim)
    return m[tuple(slice(None, None, -1) if i in turned else slice(None) for i in range(m.ndim))]


def _rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    first, second = axes
    k %= 4
    if k == 0:
        return m[...]
    if k == 2:
        return _flip(m, (first, second))
    if k == 1:
        return np.swapaxes(_flip(m, second), first, second)
    return _flip(np.swapaxes(m, first, second), second)


def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    total = ary.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        each, extra = divmod(total, int(indices_or_sections))
        edges = np.cumsum([0, *([each + 1] * extra), *([each] * (int(indices_or_sections) - extra))]).tolist()
    else:
        edges = [0, *map(operator.index, indices_or_sections), total]
    return [along(ary, axis, slice(a, b)) for a, b in itertools.pairwise(edges)]


def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    if isinstance(indices_or_sections, (int, np.integer)) and ary.shape[axis] % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return _array_split(ary, indices_or_sections, axis)


_declare(np.flip, _flip, (TABLE, {}), (TABLE, {"axis": 1}))
_declare(np.fliplr, lambda m: _flip(m, 1), (TABLE, {}))
_declare(np.flipud, lambda m: _flip(m, 0), (TABLE, {}))
_declare(np.rot90, _rot90, (TABLE, {}), (TABLE, {"k": 3}), (TABLE, {"k": 2}))
_declare(np.array_split, _array_split, (ROW, 3))
_declare(np.split, _split, (ROW, 2), (TABLE, [1, 2], {"axis": 1}))
_declare(np.hsplit, lambda ary, parts: _split(ary, parts, 0 if ary.ndim == 1 else 1), (TABLE, 3))
_declare(np.vsplit, lambda ary, parts: _split(ary, parts, 0), (TABLE, 2))
_declare(np.dsplit, lambda ary, parts: _split(ary, parts, 2), (TABLE[None], 3))
if hasattr(np, "unstack"):  # NumPy 2.1
    _declare(
        np.unstack,
        lambda x, *, axis=0: tuple(along(x, axis, i) for i in range(x.shape[axis])),
        (TABLE, {}),
        (TABLE, {"axis": 1}),
    )
_declare(
    np.rollaxis, lambda a, axis, start=0: np.moveaxis(a, axis, _rolled_to(a.ndim, axis, start)), (TABLE, {"axis": 1})
)
_declare(np.broadcast_arrays, lambda *args, subok=False: _broadcast_arrays(args), (TABLE, np.ones(3)))
_declare(
    np.meshgrid,
    lambda *xi, copy=True, sparse=False, indexing="xy": _meshgrid(xi, sparse, indexing),
    (ROW, np.array([1.0, 2.0])),
    (ROW, np.array([1.0, 2.0]), {"indexing": "ij", "sparse": True}),
)


def _rolled_to(ndim: int, axis: int, start: int) -> int:
    start += ndim if start < 0 else 0
    return start - (start > axis % ndim)


def _broadcast_arrays(arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    shape = np.broadcast_shapes(*(np.shape(a) for a in arrays))
    return tuple(np.broadcast_to(a, shape) for a in arrays)


def _meshgrid(arrays: tuple[Any, ...], sparse: bool, indexing: str) -> tuple[Any, ...]:
    count = len(arrays)
    laid = [np.reshape(a, tuple(-1 if i == k else 1 for i in range(count))) for k, a in enumerate(arrays)]
    if indexing == "xy" and count > 1:
        laid = [np.swapaxes(a, 0, 1) for a in laid]
    return tuple(laid) if sparse else tuple(np.copy(a) for a in _broadcast_arrays(tuple(laid)))


# -- copies -----------------------------------------------------------------------------------------------------------

_declare(
    np.roll,
    lambda a, shift, axis=None: _picked(a, np.roll, plain(shift), axis),
    (TABLE, {"shift": 1}),
    (TABLE, {"shift": -1, "axis": 1}),
)
_declare(np.tile, lambda A, reps: _picked(A, np.tile, reps), (ROW, 2), (TABLE, (2, 2)))
_declare(
    np.repeat,
    lambda a, repeats, axis=None: _picked(a, np.repeat, plain(repeats), axis),
    (ROW, 2),
    (TABLE, {"repeats": 2, "axis": 1}),
)
_declare(
    np.delete,
    lambda arr, obj, axis=None: _picked(arr, np.delete, plain(obj), axis),
    (ROW, 1),
    (TABLE, {"obj": [0, 2], "axis": 1}),
)
_declare(np.resize, lambda a, new_shape: _resized(array_of(a), new_shape), (ROW, {"new_shape": (2, 3)}))
_declare(
    np.diagonal,
    lambda a, offset=0, axis1=0, axis2=1: _picked(a, np.diagonal, offset, axis1, axis2),
    (TABLE, {}),
    (TABLE, {"offset": 1}),
)
_declare(
    np.compress,
    lambda condition, a, axis=None, out=None: finish(_picked(a, lambda p: np.compress(plain(condition), p, axis)), out),
    ([True, False, True], TABLE, {"axis": 1}),
)
_declare(
    np.extract,
    lambda condition, arr: np.ravel(array_of(arr))[np.nonzero(np.ravel(plain(condition)))[0]],
    (TABLE > 0.3, TABLE),
)
_declare(np.trim_zeros, lambda filt, trim="fb", axis=None: _trimmed(array_of(filt), trim, axis), (ROW,))
_declare(np.ix_, lambda *args: _open_mesh(args), (ROW, np.array([1.0, 2.0])))
_declare(
    np.append,
    lambda arr, values, axis=None: np.concatenate(
        [np.ravel(arr), np.ravel(values)] if axis is None else [arr, values], axis=axis or 0
    ),
    (ROW, TABLE),
    (TABLE, TABLE, {"axis": 1}),
)
_declare(
    np.insert,
    lambda arr, obj, values, axis=None: _insert(array_of(arr), obj, values, axis),
    (ROW, 1, 5.0),
    (TABLE, 1, ROW[:2], {"axis": 1}),
)
_declare(np.diag, lambda v, k=0: _diag(array_of(v), k), (ROW, {}), (TABLE, {"k": 1}))
_declare(np.diagflat, lambda v, k=0: _diag(np.ravel(array_of(v)), k), (TABLE, {}))
_declare(
    np.tril,
    lambda m, k=0: np.where(_below(m, k), array_of(m), np.zeros((), array_of(m).dtype)),
    (TABLE, {}),
    (TABLE, {"k": -1}),
)
_declare(
    np.triu,
    lambda m, k=0: np.where(_below(m, k - 1), np.zeros((), array_of(m).dtype), array_of(m)),
    (TABLE, {}),
    (TABLE, {"k": 1}),
)
_declare(np.block, lambda arrays: _block(arrays)[0], ([[TABLE, TABLE], [TABLE, TABLE * 2]],))
_declare(
    np.choose,
    lambda a, choices, out=None, mode="raise": finish(_choose(plain(a), choices, mode), out),
    ([0, 1, 0, 1], [ROW, ROW * 2]),
)
_declare(
    np.select,
    lambda condlist, choicelist, default=0: _select(condlist, choicelist, default),
    ([ROW > 1, ROW > 0], [ROW, ROW * 2], {"default": 4.0}),
    rule="choice rule",
)


def _below(m: Any, k: int) -> Any:
    """Where an entry lies on or below the k-th diagonal."""
    rows, columns = np.shape(m)[-2:] if np.ndim(m) > 1 else (np.size(m), np.size(m))
    return np.tri(rows, columns, k, dtype=bool)


def _resized(a: Any, shape: Any) -> Any:
    # Nothing cannot be repeated: NumPy gives zeros.
    return _picked(a, np.resize, shape) if a.size else array_of(np.zeros(shape, a.dtype), a)


def _trimmed(a: Any, trim: str, axis: Any) -> Any:
    """The window in which `a` is not 0; where it lies is a decision, under guard."""
    if not a.ndim:
        return a
    places = np.nonzero(plain(np.not_equal(a, 0)))
    window = [slice(None)] * a.ndim
    for i in axes_of(axis, a.ndim):
        if not places[i].size:
            window[i] = slice(0, 0)
            continue
        start = int(places[i].min()) if "f" in trim.lower() else None
        window[i] = slice(start, int(places[i].max()) + 1 if "b" in trim.lower() else None)
    return a[tuple(window)]


def _open_mesh(sequences: tuple[Any, ...]) -> tuple[Any, ...]:
    """Each sequence along an axis of its own; truth values stand for the positions at which they hold."""
    laid = []
    for k, sequence in enumerate(map(array_of, sequences)):
        line = np.nonzero(plain(sequence))[0] if sequence.dtype.kind == "b" else sequence
        laid.append(np.reshape(line, tuple(-1 if i == k else 1 for i in range(len(sequences)))))
    return tuple(laid)


def _insert(a: Any, obj: Any, values: Any, axis: Any) -> Any:
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis % a.ndim)
    values, obj = array_of(values), plain(obj)
    places = np.arange(*obj.indices(a.shape[axis])) if isinstance(obj, slice) else np.asarray(obj)
    if places.size == 1 and places.dtype.kind != "b":
        return _inserted_at_one(a, places, values, axis)
    # Where the old entries land, and where the new ones do: positions counted from 1, the gaps are 0.
    marked = np.insert(np.arange(1, a.shape[axis] + 1), obj, np.arange(-1, -1 - _count(places), -1))
    room = np.zeros(tuple(len(marked) if i == axis else n for i, n in enumerate(a.shape)), a.dtype)
    before = (slice(None),) * axis
    filled = Traced(_builder(a, values), lift(_builder(a, values), room))
    filled[(*before, np.nonzero(marked > 0)[0])] = a
    filled[(*before, np.argsort(-marked)[len(marked) - _count(places) :])] = values
    return filled


def _count(places: Any) -> int:
    return int(places.sum()) if places.dtype.kind == "b" else int(places.size)


def _inserted_at_one(a: Any, place: Any, values: Any, axis: int) -> Any:
    """Values at one position: as many as they are, side by side."""
    values = np.reshape(values, (1,) * (a.ndim - values.ndim) + values.shape)
    if place.ndim == 0:
        values = np.moveaxis(values, 0, axis)
    at = int(place.item()) + (a.shape[axis] if place.item() < 0 else 0)
    if not 0 <= at <= a.shape[axis]:
        raise IndexError(f"index {place.item()} is out of bounds for axis {axis} with size {a.shape[axis]}")
    shape = tuple(values.shape[i] if i == axis else n for i, n in enumerate(a.shape))
    middle = np.broadcast_to(values, shape).astype(a.dtype)
    return np.concatenate([along(a, axis, slice(None, at)), middle, along(a, axis, slice(at, None))], axis=axis)


def _builder(*values: Any) -> Builder:
    return innermost(values, {})


def _diag(v: Any, k: int) -> Any:
    if v.ndim == 2:
        return np.diagonal(v, k)
    side = v.size + abs(k)
    room = Traced(v.builder, lift(v.builder, np.zeros((side, side), v.dtype)))
    along = np.arange(v.size)
    room[along + max(-k, 0), along + max(k, 0)] = v
    return room


def _block(arrays: Any) -> tuple[Any, int]:
    """The joined array, and how deep the lists went."""
    if not isinstance(arrays, list):
        return array_of(arrays), 0
    pieces = [_block(a) for a in arrays]
    depth = pieces[0][1] + 1
    ndim = max(depth, *(p.ndim for p, _ in pieces))
    shaped = [np.reshape(p, (1,) * (ndim - p.ndim) + p.shape) for p, _ in pieces]
    return np.concatenate(shaped, axis=-depth), depth


def _choose(a: Any, choices: Any, mode: str) -> Any:
    choices = [array_of(c) for c in choices]
    if mode != "raise":
        a = np.clip(a, 0, len(choices) - 1) if mode == "clip" else np.mod(a, len(choices))
    spread = _broadcast_arrays((np.asarray(a), *choices))
    return np.take_along_axis(np.stack(spread[1:]), np.asarray(spread[0])[None], axis=0)[0]


def _select(conditions: Any, choices: Any, default: Any) -> Any:
    result = default
    for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
        result = np.where(condition, choice, result)
    return result
