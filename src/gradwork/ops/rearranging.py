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

from gradwork.ops._declare import Builder, Traced, axes_of, composite, lift, node, structural, unsupported

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, -1.0, 2.0, 1.5])
WHY = "The entries are the same; each takes its slope back to where it came from, and copies add theirs up."
RULE = "picking rule"


def _picked(a: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`function(a, ...)`, for a function that only moves entries about or repeats them."""
    positions = function(np.arange(a.size).reshape(a.shape), *args, **kwargs)
    return np.ravel(a)[positions]


def _declare(
    function: Any, lower: Callable[..., Any], *samples: Any, why: str = WHY, rule: str = RULE, **rest: Any
) -> None:
    composite(function, rule=rule, lower=lower, samples=samples, why=why, source="by definition", **rest)


def _array(a: Any) -> Any:
    return a if isinstance(a, Traced) else np.asarray(a)


def _slices(a: Any, axis: int, piece: Any) -> Any:
    return a[(slice(None),) * (axis % a.ndim) + (piece,)]


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
    return [_slices(ary, axis, slice(a, b)) for a, b in itertools.pairwise(edges)]


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
_declare(
    np.rollaxis, lambda a, axis, start=0: np.moveaxis(a, axis, start - (start > axis % a.ndim)), (TABLE, {"axis": 1})
)
_declare(np.broadcast_arrays, lambda *args, subok=False: _broadcast_arrays(args), (TABLE, np.ones(3)))
_declare(
    np.meshgrid,
    lambda *xi, copy=True, sparse=False, indexing="xy": _meshgrid(xi, sparse, indexing),
    (ROW, np.array([1.0, 2.0])),
    (ROW, np.array([1.0, 2.0]), {"indexing": "ij", "sparse": True}),
)


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
    lambda a, shift, axis=None: _picked(a, np.roll, shift, axis),
    (TABLE, {"shift": 1}),
    (TABLE, {"shift": -1, "axis": 1}),
)
_declare(np.tile, lambda A, reps: _picked(A, np.tile, reps), (ROW, 2), (TABLE, (2, 2)))
_declare(
    np.repeat,
    lambda a, repeats, axis=None: _picked(a, np.repeat, repeats, axis),
    (ROW, 2),
    (TABLE, {"repeats": 2, "axis": 1}),
)
_declare(
    np.delete,
    lambda arr, obj, axis=None: _picked(arr, np.delete, obj, axis),
    (ROW, 1),
    (TABLE, {"obj": [0, 2], "axis": 1}),
)
_declare(np.resize, lambda a, new_shape: _picked(a, np.resize, new_shape), (ROW, {"new_shape": (2, 3)}))
_declare(
    np.diagonal,
    lambda a, offset=0, axis1=0, axis2=1: _picked(a, np.diagonal, offset, axis1, axis2),
    (TABLE, {}),
    (TABLE, {"offset": 1}),
)
_declare(
    np.compress,
    lambda condition, a, axis=None, out=None: _picked(a, lambda p: np.compress(condition, p, axis)),
    ([True, False, True], TABLE, {"axis": 1}),
)
_declare(np.extract, lambda condition, arr: np.ravel(arr)[np.nonzero(np.ravel(condition))[0]], (TABLE > 0.3, TABLE))
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
    lambda arr, obj, values, axis=None: _insert(_array(arr), obj, values, axis),
    (ROW, 1, 5.0),
    (TABLE, 1, ROW[:2], {"axis": 1}),
)
_declare(np.diag, lambda v, k=0: _diag(v, k), (ROW, {}), (TABLE, {"k": 1}))
_declare(np.diagflat, lambda v, k=0: _diag(np.ravel(v), k), (TABLE, {}))
_declare(
    np.tril,
    lambda m, k=0: np.where(_below(m, k), m, np.zeros((), m.dtype)),
    (TABLE, {}),
    (TABLE, {"k": -1}),
)
_declare(
    np.triu,
    lambda m, k=0: np.where(_below(m, k - 1), np.zeros((), m.dtype), m),
    (TABLE, {}),
    (TABLE, {"k": 1}),
)
_declare(
    np.pad,
    lambda array, pad_width, mode="constant", **kw: _pad(array, pad_width, mode, kw),
    (ROW, 1),
    (TABLE, ((1, 0), (0, 2)), {"constant_values": 3.0}),
    (ROW, 2, {"mode": "edge"}),
    (ROW, 2, {"mode": "reflect"}),
)
_declare(np.block, lambda arrays: _block(arrays)[0], ([[TABLE, TABLE], [TABLE, TABLE * 2]],))
_declare(
    np.choose,
    lambda a, choices, out=None, mode="raise": _choose(np.asarray(a), choices),
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
    rows, columns = m.shape[-2:]
    return np.tri(rows, columns, k, dtype=bool)


def _insert(a: Any, obj: Any, values: Any, axis: Any) -> Any:
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis)
    # Where the old entries land, and where the new ones do: positions counted from 1, the gaps are 0.
    marked = np.insert(np.arange(1, a.shape[axis] + 1), obj, 0)
    room = np.zeros(tuple(len(marked) if i == axis % a.ndim else n for i, n in enumerate(a.shape)), a.dtype)
    before = (slice(None),) * (axis % a.ndim)
    filled = Traced(_builder(a, values), lift(_builder(a, values), room))
    filled[(*before, np.nonzero(marked)[0])] = a
    places = np.nonzero(marked == 0)[0]
    filled[(*before, int(places[0]) if np.ndim(obj) == 0 and len(places) == 1 else places)] = values
    return filled


def _builder(*values: Any) -> Builder:
    from gradwork.graph.traced import innermost

    return innermost(values, {})


def _diag(v: Any, k: int) -> Any:
    if v.ndim == 2:
        return np.diagonal(v, k)
    side = v.size + abs(k)
    room = Traced(v.builder, lift(v.builder, np.zeros((side, side), v.dtype)))
    along = np.arange(v.size)
    room[along + max(-k, 0), along + max(k, 0)] = v
    return room


def _pad(a: Any, width: Any, mode: str, options: dict[str, Any]) -> Any:
    if mode in ("edge", "reflect", "symmetric", "wrap") and not options:
        return _picked(a, np.pad, width, mode)
    if mode != "constant":
        raise unsupported("pad", f"mode={mode!r}")
    value = options.get("constant_values", 0)
    if not isinstance(value, (int, float)):
        raise unsupported("pad", "constant_values that are not one number")
    positions = np.pad(np.arange(a.size).reshape(a.shape), width, constant_values=-1)
    padded = np.concatenate([np.ravel(a), np.full(1, value, a.dtype)])
    return padded[positions]


def _block(arrays: Any) -> tuple[Any, int]:
    """The joined array, and how deep the lists went."""
    if not isinstance(arrays, list):
        return _array(arrays), 0
    pieces = [_block(a) for a in arrays]
    depth = pieces[0][1] + 1
    ndim = max(depth, *(p.ndim for p, _ in pieces))
    shaped = [np.reshape(p, (1,) * (ndim - p.ndim) + p.shape) for p, _ in pieces]
    return np.concatenate(shaped, axis=-depth), depth


def _choose(a: Any, choices: Any) -> Any:
    spread = _broadcast_arrays((a, *choices))
    return np.take_along_axis(np.stack(spread[1:]), np.asarray(spread[0])[None], axis=0)[0]


def _select(conditions: Any, choices: Any, default: Any) -> Any:
    result = default
    for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
        result = np.where(condition, choice, result)
    return result


# -- order ------------------------------------------------------------------------------------------------------------


def _lower_argsort(
    builder: Builder, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Any:
    a = Traced(builder, lift(builder, a))
    if axis is None:
        a, axis = np.ravel(a), 0
    # Always stable: equal entries keep their order, whatever the algorithm asked for.
    return node(builder, ARGSORT, (a,), axis=axis % a.ndim)


ARGSORT = structural(
    lambda a, axis: np.argsort(a, axis=axis, kind="stable"),
    name="argsort",
    answers=(np.argsort,),
    rule="",
    notation=lambda a, axis: _call("argsort", a),
    lower=_lower_argsort,
    samples=((ROW, {}), (TABLE, {"axis": 0})),
    why="A position has no slope.",
    source="by definition",
)


def _call(name: str, a: Any) -> Any:
    from gradwork.notation.layout import call

    return call(name, a)


def _sort(a: Any, axis: Any = -1, **options: Any) -> Any:
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis)
    return np.take_along_axis(a, np.argsort(a, axis=axis), axis=axis)


_declare(
    np.sort,
    _sort,
    (ROW, {}),
    (TABLE, {"axis": 0}),
    (TABLE, {"axis": None}),
    why="Sorting moves entries about; each takes its slope back.",
)
_declare(
    np.unique,
    lambda ar, **options: _unique(ar, options),
    (ROW, {}),
    why="Each value that is kept takes its slope back to where it stands first.",
)


def _unique(a: Any, options: dict[str, Any]) -> Any:
    if any(
        v not in (False, None, True) or (v is True and k != "sorted" and k != "equal_nan") for k, v in options.items()
    ):
        raise unsupported("unique", ", ".join(options))
    order = np.argsort(np.ravel(a))
    ordered = np.ravel(a)[order]
    fresh = np.concatenate([np.ones(min(1, ordered.size), bool), ordered[1:] != ordered[:-1]])
    return ordered[fresh]
