"""Sums, products, powers and comparisons, entry by entry."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.torch._aten import aten, entrywise

entrywise(
    abs=np.abs, neg=np.negative, sign=np.sign, sgn=np.sign, reciprocal=lambda x: 1.0 / x, sqrt=np.sqrt,
    rsqrt=lambda x: 1.0 / np.sqrt(x), square=np.square, floor=np.floor, ceil=np.ceil, trunc=np.trunc,
    frac=lambda x: x - np.trunc(x), mul=np.multiply, maximum=np.maximum, minimum=np.minimum, fmax=np.fmax,
    fmin=np.fmin, atan2=np.arctan2, hypot=np.hypot, fmod=np.fmod, remainder=np.mod, floor_divide=np.floor_divide,
    logaddexp=np.logaddexp, logaddexp2=np.logaddexp2, copysign=np.copysign, heaviside=np.heaviside,
    eq=np.equal, ne=np.not_equal, lt=np.less, le=np.less_equal, gt=np.greater, ge=np.greater_equal,
    logical_and=np.logical_and, logical_or=np.logical_or, logical_xor=np.logical_xor, logical_not=np.logical_not,
    isnan=np.isnan, isinf=np.isinf, isfinite=np.isfinite, positive=np.positive,
)  # fmt: skip


@aten("add")
def _add(a: Any, b: Any, alpha: Any = 1) -> Any:
    return a + (b if alpha == 1 else alpha * b)


@aten("sub", "subtract")
def _subtract(a: Any, b: Any, alpha: Any = 1) -> Any:
    return a - (b if alpha == 1 else alpha * b)


@aten("rsub")
def _subtract_from(a: Any, b: Any, alpha: Any = 1) -> Any:
    return b - (a if alpha == 1 else alpha * a)


@aten("div")
def _divide(a: Any, b: Any, rounding_mode: str | None = None) -> Any:
    found = a / b
    return np.floor(found) if rounding_mode == "floor" else np.trunc(found) if rounding_mode == "trunc" else found


@aten("pow")
def _power(a: Any, b: Any) -> Any:
    return np.power(a, b)


@aten("addcmul")
def _with_product(a: Any, b: Any, c: Any, value: Any = 1) -> Any:
    return a + (b * c if value == 1 else value * b * c)


@aten("addcdiv")
def _with_quotient(a: Any, b: Any, c: Any, value: Any = 1) -> Any:
    return a + (b / c if value == 1 else value * b / c)


@aten("lerp")
def _between(a: Any, b: Any, weight: Any) -> Any:
    return a + weight * (b - a)


@aten("round")
def _rounded(x: Any, decimals: int = 0) -> Any:
    return np.round(x, decimals)


@aten("clamp", "clip")
def _clamped(x: Any, min: Any = None, max: Any = None) -> Any:
    if min is not None and max is not None:
        return np.clip(x, min, max)
    return np.maximum(x, min) if max is None else np.minimum(x, max)


@aten("clamp_min")
def _at_least(x: Any, least: Any) -> Any:
    return np.maximum(x, least)


@aten("clamp_max")
def _at_most(x: Any, most: Any) -> Any:
    return np.minimum(x, most)


@aten("where")
def _chosen(condition: Any, a: Any, b: Any) -> Any:
    return np.where(condition, a, b)


@aten("masked_fill")
def _masked(x: Any, mask: Any, value: Any) -> Any:
    return np.where(mask, value, x)


@aten("nan_to_num")
def _finite(x: Any, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Any:
    return np.nan_to_num(x, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


@aten("_to_copy")
def _cast(x: Any, dtype: Any = None, **_: Any) -> Any:
    if dtype is None:
        return x
    kind = np.dtype(str(dtype).removeprefix("torch."))
    return x if x.dtype == kind else x.astype(kind)


@aten("bitwise_and")
def _both(a: Any, b: Any) -> Any:
    return np.logical_and(a, b) if np.asarray(b).dtype == np.bool_ else np.bitwise_and(a, b)


@aten("bitwise_or")
def _either(a: Any, b: Any) -> Any:
    return np.logical_or(a, b) if np.asarray(b).dtype == np.bool_ else np.bitwise_or(a, b)


@aten("bitwise_not")
def _not(a: Any) -> Any:
    return np.logical_not(a) if a.dtype == np.bool_ else np.invert(a)
