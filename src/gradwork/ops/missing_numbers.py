"""Sums, means, extremes and quantiles that pass over missing numbers (NaN): nothing comes back to these."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.ops._arrays import array_of, flag, given, laid_last, plain, put_back
from gradwork.ops._declare import axes_of, composite, finish
from gradwork.ops.quantiles import hundredths, on_the_line, quantile_places
from gradwork.ops.reductions import root_of_sum

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, -1.0, 2.0, 1.5])
_SUM = "A missing number counts as nothing, and nothing comes back to it."


def _declare(function: Any, lower: Any, *samples: Any, rule: str, why: str = _SUM, exact: bool = True) -> None:
    composite(
        function,
        rule=rule,
        lower=lower,
        samples=samples or ((TABLE, {}), (TABLE, {"axis": 0}), (TABLE, {"axis": 1, "keepdims": True})),
        why=why,
        source="by definition",
        exact=exact,
    )


def filled(a: Any, instead: float) -> Any:
    """The array with `instead` in the place of missing numbers."""
    return np.where(np.isnan(a), np.full((), instead, a.dtype), a) if a.dtype.kind in "fc" else a


def _there(a: Any, where: Any) -> Any:
    """Which numbers count: those that are none are left out, and those that `where` leaves out."""
    counted = ~np.isnan(a) if a.dtype.kind in "fc" else np.ones(a.shape, bool)
    return counted if where is True or not given(where) else counted & np.asarray(where)


def _options(options: dict[str, Any]) -> dict[str, Any]:
    """What was given, with keepdims as a truth value."""
    chosen = {k: v for k, v in options.items() if given(v)}
    return {k: flag(v) if k == "keepdims" else v for k, v in chosen.items()}


def _summed(function: Any, neutral: float) -> Any:
    def lower(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = np._NoValue,
        initial: Any = np._NoValue, where: Any = np._NoValue,
    ) -> Any:  # fmt: skip
        options = _options({"dtype": dtype, "out": out, "keepdims": keepdims, "initial": initial, "where": where})
        return function(filled(array_of(a), neutral), axis=axis, **options)

    return lower


def _running(function: Any, neutral: float) -> Any:
    return lambda a, axis=None, dtype=None, out=None: function(
        filled(array_of(a), neutral), axis=axis, **_options({"dtype": dtype, "out": out})
    )


_declare(np.nansum, _summed(np.sum, 0.0), rule="sum rule")
_declare(np.nanprod, _summed(np.prod, 1.0), rule="product rule")
_declare(np.nancumsum, _running(np.cumsum, 0.0), (ROW, {}), (TABLE, {"axis": 1}), rule="sum rule")
_declare(np.nancumprod, _running(np.cumprod, 1.0), (ROW, {}), (TABLE, {"axis": 0}), rule="product rule", exact=False)


def _extreme(function: Any, beyond: float) -> Any:
    def lower(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = np._NoValue, initial: Any = np._NoValue,
        where: Any = np._NoValue,
    ) -> Any:  # fmt: skip
        a, started = array_of(a), given(initial)
        options = _options({"keepdims": keepdims, "initial": initial, "where": where})
        value: Any = function(filled(a, beyond), axis=axis, **options)
        if a.dtype.kind == "f" and not started:
            none = ~np.any(_there(a, where), axis=axis, keepdims=flag(keepdims))
            value = np.where(none, np.full((), np.nan, a.dtype), value)
        return finish(value, out)

    return lower


_declare(np.nanmax, _extreme(np.max, -np.inf), rule="maximum rule", why="The largest of the numbers that are there.")
_declare(np.nanmin, _extreme(np.min, np.inf), rule="minimum rule", why="The smallest of the numbers that are there.")


def _count(a: Any, axis: Any, where: Any, keepdims: bool) -> Any:
    return np.sum(_there(a, where), axis=axis, keepdims=keepdims)


def _nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = np._NoValue
) -> Any:
    a = array_of(a)
    total = np.sum(filled(a, 0.0), axis=axis, keepdims=flag(keepdims), **_options({"dtype": dtype, "where": where}))
    return finish(total / _count(a, axis, where, flag(keepdims)).astype(total.dtype), out)


def _nanvar(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, *,
    where: Any = np._NoValue, mean: Any = np._NoValue, correction: Any = np._NoValue,
) -> Any:  # fmt: skip
    a = array_of(a) if dtype is None else array_of(a).astype(dtype)
    there = _there(a, where)
    centre = mean if given(mean) else _nanmean(a, axis, keepdims=True, where=where)
    apart = np.where(there, a - centre, np.zeros((), a.dtype))
    squares = np.real(apart * np.conjugate(apart)) if a.dtype.kind == "c" else np.square(apart)
    freedom = np.sum(there, axis=axis, keepdims=flag(keepdims)) - (correction if given(correction) else ddof)
    total = np.sum(squares, axis=axis, keepdims=flag(keepdims)) / np.maximum(freedom, 0).astype(squares.dtype)
    # Fewer numbers than the freedom takes: NumPy's answer is NaN, not infinity.
    spread: Any = np.where(freedom > 0, total, np.full((), np.nan, squares.dtype))
    return finish(spread, out)


_declare(np.nanmean, _nanmean, rule="mean rule", why="The mean of the numbers that are there.")
_declare(
    np.nanvar,
    _nanvar,
    rule="mean of the squared deviations from the mean",
    why="As the variance, over the numbers that are there.",
    exact=False,
)


def _nanstd(a: Any, *args: Any, **kwargs: Any) -> Any:
    return root_of_sum(_nanvar(a, *args, **kwargs))


_declare(
    np.nanstd,
    _nanstd,
    rule="square root of the variance",
    why="The square root rule on the variance; 0 where all entries are equal, as for the norm.",
    exact=False,
)


# -- in order ---------------------------------------------------------------------------------------------------------


def _nanquantile(
    a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: Any = False, *, weights: Any = None, interpolation: Any = None,
) -> Any:  # fmt: skip
    a = array_of(a)
    if weights is not None or a.dtype.kind != "f":
        if np.any(np.isnan(a)):
            from gradwork.ops._declare import unsupported

            raise unsupported("nanquantile", "weights beside missing numbers")
        return np.quantile(a, q, axis=axis, out=out, method=method, keepdims=flag(keepdims), weights=weights)  # type: ignore[call-overload]
    last, axes = laid_last(a, axis)
    ordered = np.sort(last, axis=-1)
    counts = plain(np.sum(~np.isnan(last), axis=-1))
    places = _places(counts, q, method)
    picked = [_between_rows(ordered, place, a.dtype) for place in np.reshape(places, (-1, *counts.shape))]
    value = np.reshape(np.stack(picked), places.shape)
    value = np.where(counts == 0, np.full((), np.nan, value.dtype), value)
    return finish(put_back(value, a, axes, keepdims, np.shape(q)), out)


def _places(counts: Any, q: Any, method: str) -> Any:
    """For each row, where its quantiles lie among the numbers that are there."""
    places = np.zeros(np.shape(q) + counts.shape)
    for n in np.unique(counts):
        if n:
            places[..., counts == n] = quantile_places(int(n), q, method)[..., None]
    return places


def _between_rows(ordered: Any, place: Any, dtype: Any) -> Any:
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, np.ceil(place).astype(np.intp))
    below, above = (np.take_along_axis(ordered, i[..., None], axis=-1)[..., 0] for i in (low, high))
    return on_the_line(below, above, place - low, dtype)


def _nanmedian(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    a = array_of(a)
    if a.dtype.kind != "f" and not bool(np.any(np.isnan(a))):
        return np.median(a, axis=axis, out=out, keepdims=flag(keepdims))
    return _nanquantile(a, 0.5, axis if axis is None else axes_of(axis, a.ndim), out, keepdims=keepdims)


_order = "A point on the line between two neighbours in the order of the numbers that are there."
_declare(
    np.nanquantile,
    _nanquantile,
    (ROW, {"q": 0.3}),
    (TABLE, {"q": 0.7, "axis": 1}),
    rule="picking rule",
    why=_order,
    exact=False,
)
_declare(
    np.nanpercentile,
    lambda a, q, *args, **kwargs: _nanquantile(a, hundredths(a, q), *args, **kwargs),
    (ROW, {"q": 30}),
    (TABLE, {"q": 70, "axis": 1}),
    rule="picking rule",
    why=_order,
    exact=False,
)
_declare(
    np.nanmedian,
    _nanmedian,
    rule="picking rule",
    why="The number in the middle, or the mean of the two there.",
    exact=False,
)


def _nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    x = array_of(x)
    if x.dtype.kind == "c":
        parts = (_nan_to_num(part, copy, nan, posinf, neginf) for part in (np.real(x), np.imag(x)))
        real, imaginary = parts
        return real + 1j * imaginary
    if x.dtype.kind != "f":
        return x
    limits = np.finfo(x.dtype)
    high = limits.max if posinf is None else posinf
    low = limits.min if neginf is None else neginf
    for place, number in ((np.isnan(x), nan), (np.equal(x, np.inf), high), (np.equal(x, -np.inf), low)):
        x = np.where(place, np.asarray(number, x.dtype) if isinstance(number, (int, float)) else number, x)
    return x


composite(
    np.nan_to_num,
    rule="choice rule",
    lower=_nan_to_num,
    samples=((TABLE, {}),),
    why="A number that is none is replaced by a constant, and nothing comes back to it.",
    source="by definition",
)

for _function, _chosen, _beyond in ((np.nanargmax, np.argmax, -np.inf), (np.nanargmin, np.argmin, np.inf)):
    composite(
        _function,
        rule="step rule",
        lower=lambda a, axis=None, out=None, *, keepdims=False, f=_chosen, beyond=_beyond: f(
            filled(array_of(a), beyond), axis=axis, keepdims=flag(keepdims)
        ),
        words=(),
        samples=((ROW, {}),),
        why="A position has no slope.",
        source="by definition",
    )
