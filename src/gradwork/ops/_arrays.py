"""Small things that functions written in terms of others share: arrays from what was passed, flags, axes laid last."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.traced import contains_traced, innermost
from gradwork.ops._declare import Traced, axes_of, lift


def array_of(a: Any, *beside: Any) -> Any:
    """`a` as an array: a traced value as it is, a list with traced values in it as one, anything else as NumPy has it.

    beside: where one of these is traced, a plain `a` joins its trace, so that writing into it is traced too.
    """
    if isinstance(a, Traced):
        return a
    if contains_traced(a):
        builder = innermost((a,), {})
    elif any(map(contains_traced, beside)):
        builder = innermost(beside, {})
    else:
        return np.asarray(a)
    return Traced(builder, lift(builder, np.asarray(a) if not contains_traced(a) else a))


def flag(value: Any) -> bool:
    """An option such as keepdims, which NumPy leaves unset by a value of its own."""
    return bool(value) and value is not np._NoValue


def given(value: Any) -> bool:
    """Whether an option was given at all."""
    return value is not None and value is not np._NoValue


def plain(value: Any) -> Any:
    """Positions and truth values as a plain array: traced ones leave the trace, under guard."""
    if contains_traced(value):
        return np.asarray(array_of(value))
    return value


def laid_last(a: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """The array with the axes of interest as one, last; and those axes."""
    axes = axes_of(axis, a.ndim)
    if axes == (a.ndim - 1,):
        return a, axes
    stay = [i for i in range(a.ndim) if i not in axes]
    turned = np.transpose(a, (*stay, *axes))
    length = int(np.prod([a.shape[i] for i in axes], dtype=np.int64))
    return np.reshape(turned, (*(a.shape[i] for i in stay), length)), axes


def put_back(value: Any, a: Any, axes: tuple[int, ...], keepdims: Any, lead: tuple[int, ...] = ()) -> Any:
    """`value`, from which `axes` are gone, with these axes as 1 again where `keepdims` says so."""
    if not flag(keepdims):
        return value
    return np.reshape(value, lead + tuple(1 if i in axes else n for i, n in enumerate(a.shape)))


def in_one_dtype(arrays: Any) -> list[Any]:
    """Arrays of NumPy's or JAX's in the dtype that NumPy takes for all of them together."""
    dtype = np.result_type(*(a.dtype for a in arrays))
    return [a.astype(dtype) for a in arrays]


def along(a: Any, axis: int, piece: Any) -> Any:
    """`a[piece]`, counted along one axis."""
    return a[(slice(None),) * (axis % a.ndim) + (piece,)]
