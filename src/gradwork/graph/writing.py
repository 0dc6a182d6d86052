"""Writing into traced arrays: a new value takes the place of the old one, in every window on the same memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.errors import SharedMemoryError
from gradwork.graph import frames
from gradwork.graph.builder import Builder
from gradwork.graph.graph import Params
from gradwork.graph.op import REGISTER
from gradwork.graph.value import Traced


def write(target: Traced, new: Any) -> None:
    """Let `target` stand for `new` from here on, and every view of its memory with it."""
    builder = target.builder
    if new.builder is not builder:
        raise SharedMemoryError(
            "an inner gradient writes into an array of the function around it",
            where=frames.user_where(),
            why="the array would keep a value that is of no use after the inner gradient",
            hint="y = y.copy() inside, before it is written to; or return what is written",
        )
    if new.shape != target.shape:
        raise ValueError(
            f"non-broadcastable output operand with shape {target.shape} doesn't match the broadcast shape {new.shape}"
        )
    index = new.index
    if new.dtype != target.dtype:
        if not np.can_cast(new.dtype, target.dtype, "same_kind"):
            raise TypeError(
                f"Cannot cast output from dtype('{new.dtype}') to dtype('{target.dtype}') with casting rule 'same_kind'"
            )
        index = builder.emit(REGISTER.named("astype"), (index,), Params(dtype=str(target.dtype)))
    same_layout = _same_layout(builder, target.index, index)
    if target._view is not None:
        base, op, params = target._view
        write(base, _write_back(builder, base, op, params, Traced(builder, index)))
        if same_layout:  # otherwise it is read again from its base, in the layout that it has there
            target._index, target._seen = index, base.version
    else:
        if not same_layout:
            index = builder.emit(REGISTER.named("setitem"), (target.index, index), Params(index=(Ellipsis,)))
        target._index = index
    target.version += 1
    builder.results.add(index)


def _same_layout(builder: Builder, old: int, new: int) -> bool:
    """Whether two nodes lie in memory alike: whether a reshape is a window or a copy hangs on that."""
    if not builder.concrete:
        return True
    before, after = builder.values[old], builder.values[new]
    if not isinstance(before, np.ndarray) or not isinstance(after, np.ndarray):
        return True
    return before.strides == after.strides


def _write_back(builder: Builder, base: Traced, op: str, params: Params, new: Traced) -> Traced:
    """The base of a view, once `new` stands where the view was."""
    if op == "getitem":
        position = builder.emit(REGISTER.named("setitem"), (base.index, new.index), Params(index=params["index"]))
        return Traced(builder, position)
    pullback = REGISTER.named(op).pullback
    assert pullback is not None, "a view moves entries about, and its pullback moves them back"
    (moved,) = pullback(new, new, base, **params)
    return moved  # type: ignore[no-any-return]
