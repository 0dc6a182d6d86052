"""From many numbers to few: sums, means, products, extremes, spread, norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.op import REGISTER, Kink
from gradwork.notation.layout import Layout, Words, call
from gradwork.ops._arrays import array_of, given
from gradwork.ops._declare import (
    Builder,
    Traced,
    axes_of,
    composite,
    finish,
    lift,
    node,
    public,
    structural,
    unsupported,
)
from gradwork.ops.selection import of_several

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
SAMPLES: tuple[Any, ...] = (
    (TABLE, {}),
    (TABLE, {"axis": 0}),
    (TABLE, {"axis": (1,), "keepdims": True}),
    (np.array([3.0, 1.0]), {}),
)


def kept(value: Any, a: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """`value` with the axes that were reduced put back, of length 1."""
    if keepdims or not a.shape:
        return value
    return np.reshape(value, tuple(1 if i in axis else n for i, n in enumerate(a.shape)))


def expanded(value: Any, a: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """`value`, one number a group, repeated for each member of its group."""
    return np.broadcast_to(kept(value, a, axis, keepdims), a.shape)


def count(a: Any, axis: tuple[int, ...]) -> int:
    """How many numbers go into one."""
    return int(np.prod([a.shape[i] for i in axis], dtype=np.int64))


def _lower(name: str) -> Any:
    def lower(
        builder: Builder, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = None, where: Any = True,
    ) -> Any:  # fmt: skip
        from gradwork.graph.op import REGISTER

        a = Traced(builder, lift(builder, a))
        if where is not True and where is not np._NoValue:
            return _over_some(name, a, where, axis=axis, dtype=dtype, out=out, keepdims=keepdims, initial=initial)
        if initial is not None and initial is not np._NoValue:
            if name in ("max", "min") and not count(a, axes_of(axis, a.ndim)):
                # The extreme of nothing is what it was started with.
                empty = np.sum(np.zeros(a.shape, bool), axis=axis, keepdims=bool(_number(keepdims)))
                level: Any = np.broadcast_to(Traced(builder, lift(builder, initial)).astype(a.dtype), empty.shape)
                return finish(level, out)
            whole = lower(builder, a, axis, dtype, None, keepdims)
            return finish(_started(name, whole, initial), out)
        if dtype is not None:
            a = a.astype(dtype)
        if a.dtype.kind == "b" and name in ("sum", "mean", "prod"):
            a = a.astype(np.int64 if name != "mean" else np.float64)
        keepdims = bool(keepdims) and keepdims is not np._NoValue
        result = node(builder, REGISTER.named(name), (a,), axis=axes_of(axis, a.ndim), keepdims=keepdims)
        return finish(result, out)

    return lower


def _started(name: str, whole: Any, initial: Any) -> Any:
    return {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}[name](initial, whole)


def _over_some(name: str, a: Any, where: Any, **options: Any) -> Any:
    """Over the entries that `where` names: the others are put at a number that does not count."""
    neutral = {"sum": 0, "prod": 1, "mean": 0, "max": options["initial"], "min": options["initial"]}[name]
    if neutral is None or neutral is np._NoValue:
        raise unsupported(name, "where= without initial=")
    some = np.where(where, a, np.asarray(neutral, a.dtype))
    options = {k: v for k, v in options.items() if v is not None}
    if name != "mean":
        return getattr(np, name)(some, **options)
    options = {k: v for k, v in options.items() if k != "initial"}
    there = np.sum(np.broadcast_to(where, a.shape), axis=options.get("axis"), keepdims=_number(options["keepdims"]))
    return np.sum(some, **options) / there


def _notation(name: str) -> Any:
    def notation(a: Layout, axis: tuple[int, ...], keepdims: bool, ndim: int | None = None) -> Layout:
        whole = ndim is None or len(axis) == ndim
        return call(name, a, below=None if whole else _over(axis))

    return notation


def _over(axis: tuple[int, ...]) -> Layout:
    # For a table, "over rows" says more than "axis 0".
    return Words("over " + " and ".join({0: "rows", 1: "columns"}.get(a, f"axis {a}") for a in axis))


SUM = structural(
    np.sum,
    rule="sum rule",
    notation=_notation("sum"),
    lower=_lower("sum"),
    pullback=lambda g, y, a, axis, keepdims: (expanded(g, a, axis, keepdims),),
    linear="each",
    analytic=True,
    samples=SAMPLES,
    answers=(np.sum,),
    why="Raising one term by a little raises the sum by the same little.",
    source="DLMF 1.4.10",
)

MEAN = structural(
    np.mean,
    rule="mean rule",
    notation=_notation("mean"),
    lower=_lower("mean"),
    pullback=lambda g, y, a, axis, keepdims: (expanded(g / count(a, axis), a, axis, keepdims),),
    linear="each",
    analytic=True,
    samples=SAMPLES,
    answers=(np.mean,),
    why="A sum over n terms, divided by n: each term moves the mean by one n-th of what it moves.",
    source="DLMF 1.4.10",
)


@public
def ties(a: Any, y: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """1 at the entries of `a` that equal `y`, shared where several do, else 0."""
    return _ties(np, np.asarray(a), y, axis, keepdims)


def _ties(xp: Any, a: Any, y: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    largest = y if keepdims else xp.reshape(y, tuple(1 if i in axis else n for i, n in enumerate(a.shape)))
    equal = xp.equal(a, largest).astype(a.dtype)
    return equal / xp.sum(equal, axis=axis, keepdims=True).clip(1)


def _lower_ties(builder: Builder, a: Any, y: Any, axis: Any, keepdims: Any) -> Any:
    return node(builder, TIES, (a, y), axis=axis, keepdims=keepdims)


TIES = structural(
    ties,
    jax=lambda on, a, y, axis, keepdims: _ties(on.np, a, y, axis, keepdims),
    rule="step rule",
    notation=lambda a, y, axis, keepdims: call("chosen", a),
    lower=_lower_ties,
    pullback=lambda g, y, a, b, axis, keepdims: (None, None),
    pushforward=lambda t, y, a, b, axis, keepdims: None,
    samples=((np.array([1.0, 3.0, 3.0]), np.array(3.0), {"axis": (0,), "keepdims": False}),),
    words=("_ties",),
    why="It is level on both sides of its jump.",
    source="convention: ties are shared",
)

for _name, _function, _answers, _left in (
    ("max", np.max, (np.max, np.amax), 0.0),
    ("min", np.min, (np.min, np.amin), 1.0),
):
    structural(
        _function,
        name=_name,
        answers=_answers,
        rule="maximum rule" if _name == "max" else "minimum rule",
        notation=_notation(_name),
        lower=_lower(_name),
        pullback=lambda g, y, a, axis, keepdims: (expanded(g, a, axis, keepdims) * ties(a, y, axis, keepdims),),
        pushforward=lambda t, y, a, axis, keepdims: np.sum(
            t[0] * ties(a, y, axis, keepdims), axis=axis, keepdims=keepdims
        ),
        branch=lambda a, axis, keepdims, f=_function: a == f(a, axis=axis, keepdims=True),
        kinks=(
            Kink(
                at=lambda a, f=_function: a == f(a),
                left=_left,
                right=1 - _left,
                chosen=0.5,
                because="a tie is shared evenly",
            ),
        ),
        samples=((TABLE, {}), (TABLE, {"axis": 1}), (np.array([1.0, 3.0, -1.0]), {"keepdims": True})),
        why="Only the entry that is chosen moves the result.",
        source="convention: ties are shared, as in torch, JAX and autograd",
    )


@public
def product_of_others(a: Any, axis: tuple[int, ...]) -> Any:
    """For each entry, the product of all others of its group; right where some are 0."""
    return _product_of_others(np, np.asarray(a), axis)


def _product_of_others(xp: Any, a: Any, axis: tuple[int, ...]) -> Any:
    moved = xp.moveaxis(a, axis, tuple(range(-len(axis), 0)))
    flat = moved.reshape(*moved.shape[: moved.ndim - len(axis)], count(a, axis))
    ones = xp.ones_like(flat[..., :1])
    before = xp.concatenate([ones, xp.cumprod(flat[..., :-1], axis=-1)], axis=-1)
    after = xp.concatenate([xp.cumprod(flat[..., :0:-1], axis=-1)[..., ::-1], ones], axis=-1)
    others = before * after if flat.shape[-1] else flat
    return xp.moveaxis(others.reshape(moved.shape), tuple(range(-len(axis), 0)), axis)


def _lower_others(builder: Builder, a: Any, axis: Any) -> Any:
    return node(builder, OTHERS, (a,), axis=axis)


def _others_pullback(g: Any, y: Any, a: Any, axis: tuple[int, ...]) -> tuple[Any, ...]:
    """Slopes of the products of others: for entries i and j, the product of all but those two."""
    n = count(a, axis)
    flat_axes = tuple(range(a.ndim - len(axis), a.ndim))
    moved, cotangent = np.moveaxis(a, axis, flat_axes), np.moveaxis(g, axis, flat_axes)
    lead = moved.shape[: a.ndim - len(axis)]
    flat, back = np.reshape(moved, (*lead, n)), np.reshape(cotangent, (*lead, n))
    diagonal = np.eye(n, dtype=bool)
    # Row i holds the entries with the i-th set to 1: the product of all but j there is the slope of others[i] by a[j].
    rows = np.where(diagonal, 1.0, np.expand_dims(flat, -2))
    pairs = np.where(diagonal, 0.0, product_of_others(rows, (len(lead) + 1,)))
    slopes = np.sum(pairs * np.expand_dims(back, -1), axis=-2)
    return (np.moveaxis(np.reshape(slopes, moved.shape), flat_axes, axis),)


OTHERS = structural(
    product_of_others,
    jax=lambda on, a, axis: _product_of_others(on.np, a, axis),
    rule="product rule",
    notation=lambda a, axis: call("product of others", a),
    lower=_lower_others,
    pullback=_others_pullback,
    analytic=True,
    samples=((np.array([2.0, 3.0, 0.5]), {"axis": (0,)}), (TABLE, {"axis": (1,)})),
    words=("_others",),
    why="The product rule, once more.",
    source="DLMF 1.4.11",
)

PROD = structural(
    np.prod,
    rule="product rule",
    notation=_notation("prod"),
    lower=_lower("prod"),
    pullback=lambda g, y, a, axis, keepdims: (expanded(g, a, axis, keepdims) * product_of_others(a, axis),),
    pushforward=lambda t, y, a, axis, keepdims: np.sum(t[0] * product_of_others(a, axis), axis=axis, keepdims=keepdims),
    analytic=True,
    samples=(
        (TABLE, {}),
        (TABLE, {"axis": 0}),
        (np.array([2.0, 0.0, 3.0]), {}),
        (TABLE, {"axis": 1, "keepdims": True}),
    ),
    why="Each factor moves the product by all the others: also where one of them is 0.",
    source="DLMF 1.4.11",
)


def _number(value: Any) -> Any:
    return False if value is np._NoValue else value


def _var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    a = array_of(a)
    a = a if dtype is None else a.astype(dtype)
    axes, keep = axes_of(axis, a.ndim), bool(_number(keepdims))
    ddof = correction if given(correction) else ddof
    some = {} if where is True or where is np._NoValue else {"where": where}
    middle = mean if given(mean) else np.mean(a, axis=axes, keepdims=True, **some)
    centred = a - middle
    squares = np.real(centred * np.conjugate(centred)) if a.dtype.kind == "c" else centred**2
    if some:
        n = np.sum(np.broadcast_to(where, a.shape), axis=axes, keepdims=keep)
        return finish(np.sum(squares, axis=axes, keepdims=keep, where=where) / np.maximum(n - ddof, 0), out)
    if ddof == 0:
        return finish(np.mean(squares, axis=axes, keepdims=keep), out)
    return finish(np.sum(squares, axis=axes, keepdims=keep) / max(count(a, axes) - ddof, 0), out)


composite(
    np.var,
    rule="mean of the squared deviations from the mean",
    lower=_var,
    samples=((TABLE, {}), (TABLE, {"axis": 0, "ddof": 1}), (TABLE, {"axis": 1, "keepdims": True})),
    why="The mean depends on every entry too; its own slope drops out of the sum, since deviations add up to 0.",
    source="by definition",
)
composite(
    np.std,
    rule="square root of the variance",
    lower=lambda a, *args, **kwargs: root_of_sum(_var(a, *args, **kwargs)),
    samples=((TABLE, {}), (TABLE, {"axis": 0, "ddof": 1}), (TABLE, {"axis": 1, "keepdims": True})),
    why="The square root rule on the variance; 0 where all entries are equal, as for the norm.",
    source="by definition; convention at 0 as for the norm",
)


@public
def root_of_sum(total: Any) -> Any:
    """The square root, with slope 0 at 0: for lengths, where no direction is better than another."""
    return np.sqrt(total)


def _root_slope(y: Any, a: Any) -> Any:
    return np.where(y == 0, 0, 1 / (2 * np.where(y == 0, 1, y)))


def _declare_root() -> None:
    from gradwork.notation.layout import Root
    from gradwork.ops._declare import elementwise

    elementwise(
        root_of_sum,
        jax="numpy.sqrt",
        rule="square root rule",
        notation=Root,
        slopes=(_root_slope,),
        kinks=(
            Kink(
                at=lambda a: a == 0,
                left=float("nan"),
                right=float("inf"),
                chosen=0.0,
                because="a length of 0 has no direction",
            ),
        ),
        analytic=True,
        samples=(0.2, 1.0, 7.0),
        words=("_root_of_sum",),
        why="y^2 = a, so 2 y dy = da. At length 0 no direction is better than another, and 0 is chosen.",
        source="convention: norm 0 at the origin, as torch chooses",
    )


_declare_root()

composite(
    np.ptp,
    rule="difference of the extremes",
    lower=lambda a, axis=None, out=None, keepdims=False: (
        np.max(a, axis=axis, keepdims=bool(_number(keepdims))) - np.min(a, axis=axis, keepdims=bool(_number(keepdims)))
    ),
    samples=((TABLE, {}), (TABLE, {"axis": 1})),
    why="The largest less the smallest.",
    source="by definition",
)

REGISTER.by_word["max"] = of_several(np.max, np.maximum)
REGISTER.by_word["min"] = of_several(np.min, np.minimum)
