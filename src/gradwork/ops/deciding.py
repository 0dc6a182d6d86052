"""Questions about arrays, and positions: answers without a slope, which Python may go on deciding by."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.notation.layout import call
from gradwork.ops._arrays import array_of, plain
from gradwork.ops._declare import Builder, Traced, axes_of, composite, finish, lift, node, structural, unsupported

_function: Any
TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, 0.0, 2.0, 1.5])


def _lower_any(name: str) -> Any:
    def lower(
        builder: Builder, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = np._NoValue
    ) -> Any:
        from gradwork.graph.op import REGISTER

        if where is not np._NoValue:
            raise unsupported(name, "where=")
        a = Traced(builder, lift(builder, a))
        keep = bool(keepdims) and keepdims is not np._NoValue
        return finish(node(builder, REGISTER.named(name), (a,), axis=axes_of(axis, a.ndim), keepdims=keep), out)

    return lower


for _function in (np.any, np.all):
    structural(
        _function,
        rule="",
        notation=lambda a, axis, keepdims, name=_function.__name__: call(name, a),
        lower=_lower_any(_function.__name__),
        samples=((ROW, {}), (TABLE, {"axis": 0})),
        why="A truth value has no slope.",
        source="by definition",
    )


def _plain(a: Any) -> Any:
    """A plain array of truth values; that they come out this way is noted as a guard."""
    return np.asarray(a) if not isinstance(a, Traced) or a.dtype.kind in "biu" else np.asarray(np.not_equal(a, 0))


def _positions(function: Any, rule: str = "step rule") -> None:
    composite(
        function,
        rule=rule,
        lower=lambda a, *args, **kwargs: function(_plain(a), *args, **kwargs),
        words=(),
        samples=((ROW > 0,),),
        why="A position has no slope. Positions leave the trace as plain numbers, under guard.",
        source="by definition",
    )


for _function in (np.nonzero, np.flatnonzero, np.argwhere):
    _positions(_function)
for _function in (np.tril_indices_from, np.triu_indices_from, np.diag_indices_from):
    composite(
        _function,
        rule="constant rule",
        lower=lambda arr, *args, f=_function, **kwargs: f(np.empty(arr.shape, bool), *args, **kwargs),
        words=(),
        samples=(),
        why="Shapes do not move.",
        source="by definition",
    )


def _declare(function: Any, lower: Any, *samples: Any) -> None:
    composite(
        function,
        rule="step rule",
        lower=lower,
        samples=samples,
        words=(),
        why="It has no slope.",
        source="by definition",
    )


def _isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    near = np.less_equal(np.abs(np.subtract(a, b)), atol + rtol * np.abs(b)) | np.equal(a, b)
    return near | (np.isnan(a) & np.isnan(b)) if equal_nan else near


_declare(
    np.count_nonzero,
    lambda a, axis=None, *, keepdims=False: np.sum(np.not_equal(a, 0), axis=axis, keepdims=keepdims),
    (ROW, {}),
)
_declare(np.isclose, _isclose, (ROW, ROW + 1e-9))
_declare(
    np.allclose,
    lambda a, b, rtol=1e-05, atol=1e-08, equal_nan=False: np.all(_isclose(a, b, rtol, atol, equal_nan)),
    (ROW, ROW + 1e-9),
)
_declare(
    np.array_equal,
    lambda a1, a2, equal_nan=False: np.shape(a1) == np.shape(a2) and np.all(np.equal(a1, a2)),
    (ROW, ROW + 0.0),
)
_declare(np.isposinf, lambda x, out=None: np.equal(x, np.inf), (ROW, {}))
_declare(np.isneginf, lambda x, out=None: np.equal(x, -np.inf), (ROW, {}))
_declare(np.iscomplexobj, lambda x: x.dtype.kind == "c", (ROW, {}))
_declare(np.isrealobj, lambda x: x.dtype.kind != "c", (ROW, {}))


def _lower_search(builder: Builder, a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    if sorter is not None:
        a = np.take(Traced(builder, lift(builder, a)), sorter)
    return node(builder, SEARCH, (a, v), side=side)


SEARCH = structural(
    np.searchsorted,
    rule="",
    notation=lambda a, v, side: call("searchsorted", a, v),
    lower=_lower_search,
    samples=((np.array([0.0, 1.0, 2.0]), ROW),),
    why="A position has no slope.",
    source="by definition",
)
_declare(
    np.digitize,
    lambda x, bins, right=False: np.searchsorted(bins, x, side="left" if right else "right"),
    (ROW, np.array([0.1, 1.0])),
)
_declare(
    np.array_equiv,
    lambda a1, a2: _alike(array_of(a1), array_of(a2)),
    (ROW, ROW + 0.0),
)


def _alike(a: Any, b: Any) -> Any:
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return np.all(np.equal(a, b))


def _dtypes(values: tuple[Any, ...]) -> list[Any]:
    return [v.dtype if isinstance(v, Traced) else v for v in values]


for _function in (np.result_type, np.can_cast, np.min_scalar_type):
    composite(
        _function,
        rule="constant rule",
        lower=lambda *values, f=_function, **options: f(*_dtypes(values), **options),
        words=(),
        samples=(),
        why="Kinds of numbers do not move.",
        source="by definition",
    )
composite(
    np.common_type,
    rule="constant rule",
    lower=lambda *arrays: np.common_type(*(np.empty(0, a.dtype) for a in arrays)),
    words=(),
    samples=(),
    why="Kinds of numbers do not move.",
    source="by definition",
)
for _function in (np.unravel_index, np.ravel_multi_index):
    composite(
        _function,
        rule="step rule",
        lower=lambda *args, f=_function, **options: f(*map(_in_plain, args), **options),
        words=(),
        samples=(([3, 1], (2, 3)) if _function is np.unravel_index else (([0, 1], [2, 0]), (2, 3)),),
        why="A position has no slope. Positions leave the trace as plain numbers, under guard.",
        source="by definition",
    )


def _in_plain(value: Any) -> Any:
    return tuple(map(plain, value)) if isinstance(value, tuple) else plain(value)
