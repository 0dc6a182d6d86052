"""Functions that call a function of one's own on pieces of an array: by case, along an axis, over axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.ops._arrays import array_of, plain
from gradwork.ops._declare import Traced, composite

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, -1.0, 2.0, 1.5])


def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kwargs: Any) -> Any:
    x = array_of(x, condlist)
    conditions = _conditions(x, condlist)
    functions = list(funclist)
    if len(functions) == len(conditions) + 1:
        conditions.append(~np.any(np.stack(conditions), axis=0))
    elif len(functions) != len(conditions):
        n = len(conditions)
        raise ValueError(f"with {n} condition(s), either {n} or {n + 1} functions are expected")
    result: Any = np.zeros_like(x)
    for condition, function in zip(conditions, functions, strict=True):
        if not callable(function):
            result = np.where(
                condition,
                np.asarray(function, x.dtype)
                if np.ndim(function) == 0 and not isinstance(function, Traced)
                else function,
                result,
            )
            continue
        # As NumPy does: the function sees only the entries that are its own, and is not called where there are none.
        if condition.any():
            written = np.copy(result) if result.ndim else np.reshape(np.copy(result), (1,))
            mask = condition if result.ndim else np.reshape(condition, (1,))
            written[mask] = function(x[condition] if x.ndim else np.reshape(x, (1,)), *args, **kwargs)
            result = np.reshape(written, x.shape)
    return result


def _conditions(x: Any, condlist: Any) -> list[Any]:
    """A truth value for each entry, a case; that they come out this way is noted as a guard."""
    alone = not isinstance(condlist, (list, tuple)) and np.ndim(condlist) == x.ndim
    if isinstance(condlist, (list, tuple)) and x.ndim and condlist and np.ndim(condlist[0]) == 0:
        alone = True
    several = [condlist] if alone else list(condlist)
    return [np.broadcast_to(np.asarray(plain(c), bool), x.shape) for c in several]


composite(
    np.piecewise,
    rule="choice rule",
    lower=_piecewise,
    samples=((ROW, [ROW > 1, ROW <= 1], [np.square, np.exp]), (ROW, [ROW > 1], [np.square, 3.0])),
    words=(),
    why="Each entry goes through the function of its own case, and takes that slope back.",
    source="by definition",
)


def _along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    arr = array_of(arr)
    axis %= arr.ndim
    turned = np.moveaxis(arr, axis, -1)
    lead = turned.shape[:-1]
    if 0 in lead:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    pieces = [array_of(func1d(turned[place], *args, **kwargs)) for place in np.ndindex(lead)]
    whole = np.reshape(np.stack(pieces), lead + pieces[0].shape)
    # What the function gave stands where the axis was.
    inner = pieces[0].ndim
    return np.moveaxis(whole, tuple(range(len(lead), len(lead) + inner)), tuple(range(axis, axis + inner)))


def _over_axes(func: Any, a: Any, axes: Any) -> Any:
    value = array_of(a)
    ndim = value.ndim
    for axis in axes if isinstance(axes, (list, tuple, np.ndarray)) else (axes,):
        found = func(value, int(axis) % ndim)
        value = found if np.ndim(found) == ndim else np.expand_dims(found, int(axis) % ndim)
    return value


for _function, _lower, _samples in (
    (np.apply_along_axis, _along_axis, ((np.square, 1, TABLE), (np.sum, 0, TABLE))),
    (np.apply_over_axes, _over_axes, ((np.sum, TABLE, [0]),)),
):
    composite(
        _function,
        rule="chain rule",
        lower=_lower,
        samples=_samples,
        words=(),
        why="The function is carried out on each piece, and its own rules apply there.",
        source="by definition",
    )
