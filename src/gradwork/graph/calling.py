"""The doors that operations go through: each finds what a NumPy function means, and adds it to the innermost trace."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from gradwork.graph import frames, plain, watching
from gradwork.graph.builder import Builder, escaped
from gradwork.graph.graph import NO_PARAMS, Params
from gradwork.graph.in_place import check_target
from gradwork.graph.lifting import innermost, lift
from gradwork.graph.op import REGISTER, Op
from gradwork.graph.refusals import no_rule
from gradwork.graph.value import Traced

_NOTHING: dict[str, Any] = {}


def call(function: Any, args: Any, kwargs: Any) -> Any:
    """Carry out one NumPy function on traced values: the one door through which every operation goes."""
    builder = innermost(args, kwargs)
    if not builder.open:
        raise escaped()
    return through(builder, REGISTER.lowering(function) or unknown(function), args, kwargs)


def through(builder: Builder, lower: Any, args: Any, kwargs: Any) -> Any:
    """Carry out what a lowering adds to a trace; the user's own operation where none is under way."""
    return lower(builder, *args, **kwargs) if builder.depth else _outermost(builder, lower, args, kwargs)


def unknown(function: Any) -> Any:
    """How a function without a rule is carried out: as a black box. That lives two floors up, so it is named."""
    return importlib.import_module("gradwork.gradients.black_box").unknown_function(function)


def apply(function: Any, builder: Builder, operands: tuple[Any, ...]) -> Any:
    """As `call`, where the innermost trace is known and nothing is passed by name: the operators' way."""
    if not builder.open:
        raise escaped()
    lower = REGISTER.by_function[function]
    return lower(builder, *operands) if builder.depth else _outermost(builder, lower, operands, _NOTHING)


def _outermost(builder: Builder, lower: Any, args: Any, kwargs: Any) -> Any:
    """Carry out one operation of the user's: what it adds points at their line."""
    if builder.pending is not None and not watching.is_still_under_way(builder.pending):
        raise plain.not_followed(builder.pending.where)
    before = builder.mark
    if before is None or type(before) is frames.Mark:
        builder.mark = frames.user_mark()  # otherwise a formula has set the place already
    builder.depth = 1
    try:
        result = lower(builder, *args, **kwargs)
    finally:
        builder.depth = 0
        builder.mark = before
    if type(result) is Traced:
        builder.results.add(result._index)
    return result


def node(builder: Builder, op: Op, operands: tuple[Any, ...], **params: Any) -> Traced:
    """Add `op` on operands (traced values or nodes) and give the traced result. For lowerings."""
    inputs = tuple([lift(builder, o) for o in operands])
    frozen = Params(params) if params else NO_PARAMS
    index = builder.emit(op, inputs, frozen)
    if (
        op.view
        and isinstance(operands[0], Traced)
        and operands[0].builder is builder
        and _shares(builder, index, inputs[0])
    ):
        return Traced(builder, index, view=(operands[0], op.name, frozen))
    return Traced(builder, index)


def _shares(builder: Builder, view: int, base: int) -> bool:
    """Whether NumPy gave a window on the same memory here: a reshape, for one, is sometimes a copy."""
    if not builder.concrete:
        return False
    value = builder.values[view]
    return type(value) is np.ndarray and np.may_share_memory(value, builder.values[base])


# -- NumPy's two protocols --------------------------------------------------------------------------------------------


def array_function(self: Traced, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """What NumPy calls where one of its functions meets a traced value."""
    out = kwargs.get("out")
    if out is None:
        return call(function, args, kwargs)
    others = {key: value for key, value in kwargs.items() if key != "out"}
    return into(out, function(*args, **others))


def into(out: Any, result: Any) -> Any:
    """Write a result to where the user wants it, as NumPy's out= does, and give that."""
    if isinstance(out, tuple):
        return tuple(into(o, r) for o, r in zip(out, result, strict=True)) if len(out) > 1 else into(out[0], result)
    if out is None:
        return result
    if isinstance(out, Traced):
        if result.shape != out.shape:
            raise ValueError(f"output array has wrong shape: it is {out.shape}, and the result {result.shape}")
        out[...] = result
        return out
    if not isinstance(result, Traced):
        np.copyto(out, result, casting="same_kind")
        return out
    followed = plain.taken_over(out, result.builder)
    followed[...] = result
    return followed


def _with_target(self: Traced, ufunc: Any, inputs: Any, kwargs: Any) -> Any:
    """A ufunc with out=: called so, or by `y += x`, where y is an ordinary array."""
    (target,) = kwargs["out"]
    if isinstance(target, Traced) or not frames.in_place_operator():
        return call(ufunc, inputs, kwargs)
    check_target(target, ufunc, self.builder)
    kwargs.pop("axes", None)  # y @= x names the axes that it would take anyhow
    result = call(ufunc, inputs, kwargs)
    plain.lend(target, result)
    return result


def array_ufunc(self: Traced, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """What NumPy calls where one of its ufuncs meets a traced value."""
    if method == "__call__":
        if "out" in kwargs:
            if ufunc.nout > 1:
                out = kwargs.pop("out")
                return into(out, ufunc(*inputs, **kwargs))
            return _with_target(self, ufunc, inputs, kwargs)
        return call(ufunc, inputs, kwargs)
    if REGISTER.lowering(ufunc) is None:
        raise no_rule(f"np.{ufunc.__name__}.{method}")
    return call(getattr(np.ufunc, method), (ufunc, *inputs), kwargs)
