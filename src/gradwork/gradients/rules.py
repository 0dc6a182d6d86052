"""How a slope passes one node, forwards and backwards, as its op declares it.

Everything that a rule computes is added to the graph as nodes whose `origin` says which rule, which node and which
path. Going back, going forward, the printed derivation and deliberate mistakes all use these two functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwork.errors import MissingRuleError, ShapeError
from gradwork.graph import frames
from gradwork.graph.builder import Builder
from gradwork.graph.graph import CONSTANT, INPUT, Origin, Params
from gradwork.graph.op import REGISTER, Op
from gradwork.graph.traced import Traced, lift
from gradwork.ops._declare import known
from gradwork.ops.arithmetic import chain_product, may_be_infinite

SMOOTH = "fc"


def carries_slope(builder: Builder, position: int) -> bool:
    """Whether a slope can pass this node: whole numbers and truth values have none."""
    return builder.dtype(position).kind in SMOOTH


def pull_back(builder: Builder, position: int, cotangent: Traced, wanted: Sequence[bool]) -> list[Traced | None]:
    """What comes back to each input of a node; None where nothing does, or where it is not wanted."""
    name, inputs, params, _, _, where, _ = builder.rows[position]
    if name in (INPUT, CONSTANT):
        return []
    op = REGISTER.named(name)
    moving = tuple(wanted)
    rule = op.rule_name(moving)
    arguments = [Traced(builder, i) for i in inputs]
    value = Traced(builder, position)
    with builder.by_rule(Origin("rule", rule, position, None, f"{rule} of {name} at node {position}"), where):
        if op.pullback is not None:
            back = op.pullback(cotangent, value, *arguments, **params)
            return _checked(builder, op, back, inputs, moving)
        _needs_rule(op, where)
        return [
            _through(builder, op, cotangent, value, arguments, position, path) if moving[path] else None
            for path in range(len(inputs))
        ]


def local_slope(builder: Builder, op: Op, value: Traced, arguments: Sequence[Traced], position: int, path: int) -> Any:
    """The slope of an elementwise op alone, by one of its inputs: a traced value, or a number where it is constant."""
    slope = op.slopes[path]
    if not callable(slope):
        return slope
    before = builder.origin
    builder.origin = Origin("rule", before.by, position, path, f"local slope of {op.name} at node {position}")
    try:
        return slope(value, *arguments)
    finally:
        builder.origin = before


def _through(
    builder: Builder, op: Op, cotangent: Traced, value: Traced, arguments: Sequence[Traced], position: int, path: int
) -> Traced | None:
    slope = local_slope(builder, op, value, arguments, position, path)
    if slope is None or (not isinstance(slope, Traced) and slope == 0):
        return None
    with_path = builder.origin
    builder.origin = Origin("rule", with_path.by, position, path, f"chain rule through {op.name} at node {position}")
    try:
        if not isinstance(slope, Traced):
            return cotangent if slope == 1 else -cotangent if slope == -1 else cotangent * slope
        careful = op.unbounded or (may_be_infinite(slope) and slope.index in [a.index for a in arguments])
        return chain_product(cotangent, slope) if careful else cotangent * slope  # type: ignore[no-any-return]
    finally:
        builder.origin = with_path


def _needs_rule(op: Op, where: Any) -> None:
    if not op.differentiable and not any(s is not None for s in op.slopes):
        raise MissingRuleError(
            f"{op.name} has no rule for its slope",
            where=frames.line_of(where),
            why="a slope was asked for that has to pass through it",
            hint="give a rule with gw.custom_rule(f, pullback)",
        )


def _checked(builder: Builder, op: Op, back: Any, inputs: Sequence[int], moving: Sequence[bool]) -> list[Traced | None]:
    back = back if isinstance(back, (tuple, list)) else (back,)
    assert len(back) == len(inputs), f"the pullback of {op.name} gives {len(back)} slopes for {len(inputs)} inputs"
    result: list[Traced | None] = []
    for slope, i, wanted in zip(back, inputs, moving, strict=True):
        if slope is None or not wanted:
            result.append(None)
            continue
        if isinstance(slope, Exception):  # a slope that cannot be told, and is asked for
            raise slope
        traced = slope if isinstance(slope, Traced) else Traced(builder, lift(builder, slope))
        if traced.shape != builder.shape(i):
            raise ShapeError(
                f"the pullback of {op.name} gives shape {traced.shape} for an input of shape {builder.shape(i)}",
                why="a slope has the shape of what it belongs to",
            )
        result.append(traced)
    return result


def push_forward(builder: Builder, position: int, tangents: Sequence[Traced | None]) -> Traced | None:
    """How the value of a node moves when its inputs move by `tangents` (None stands still)."""
    name, inputs, params, _, _, where, _ = builder.rows[position]
    op = REGISTER.named(name)
    moving = tuple(t is not None for t in tangents)
    rule = op.rule_name(moving)
    arguments = [Traced(builder, i) for i in inputs]
    value = Traced(builder, position)
    with (
        builder.by_rule(Origin("rule", rule, position, None, f"{rule} of {name} at node {position}"), where),
        np.errstate(all="ignore"),
    ):
        if op.pushforward is not None:
            result = op.pushforward(tuple(tangents), value, *arguments, **params)
            return result if isinstance(result, Traced) else None
        if op.linear:
            return _linear(builder, op, inputs, tangents, params)
        _needs_rule(op, where)
        if op.pullback is not None:
            return _pulled_forward(builder, op, position, tangents)
        return _sum_of_paths(builder, op, value, arguments, position, tangents)


def _pulled_forward(builder: Builder, op: Op, position: int, tangents: Sequence[Traced | None]) -> Traced | None:
    """A pushforward from the pullback alone: what is carried back depends on what comes in by the table Jᵀ, and going
    back through that once more gives J (Townsend 2017, "A new trick for calculating Jacobian vector products")."""
    from gradwork.gradients.backprop import sweep

    _, inputs, params, *_ = builder.rows[position]
    anything = Traced(builder, builder.emit(REGISTER.named("copy"), (position,)))
    back = op.pullback(anything, Traced(builder, position), *(Traced(builder, i) for i in inputs), **params)  # type: ignore[misc]
    slopes = _checked(builder, op, back, inputs, [t is not None for t in tangents])
    starts = {s.index: t for s, t in zip(slopes, tangents, strict=True) if s is not None and t is not None}
    return sweep(builder, starts, [anything.index]).get(anything.index) if starts else None


def _linear(
    builder: Builder, op: Op, inputs: Sequence[int], tangents: Sequence[Traced | None], params: Params
) -> Traced:
    if op.linear == "joint":
        pieces = [
            t.index if t is not None else i if _is_position(params, k) else _zeros(builder, i)
            for k, (t, i) in enumerate(zip(tangents, inputs, strict=True))
        ]
        return Traced(builder, builder.emit(op, tuple(pieces), params))
    total: Traced | None = None
    for path, tangent in enumerate(tangents):
        if tangent is not None:
            pieces = [tangent.index if k == path else i for k, i in enumerate(inputs)]
            term = Traced(builder, builder.emit(op, tuple(pieces), params))
            total = term if total is None else total + term
    assert total is not None
    return total


def _is_position(params: Params, path: int) -> bool:
    """Whether that input says where to write: it stays as it is. A whole number that is written does not move."""
    return "index" in params and path > 1


def _zeros(builder: Builder, position: int) -> int:
    dtype = builder.dtype(position)
    return builder.constant(np.zeros((), dtype)[()], shape=builder.shape(position))


def _sum_of_paths(
    builder: Builder,
    op: Op,
    value: Traced,
    arguments: Sequence[Traced],
    position: int,
    tangents: Sequence[Traced | None],
) -> Traced | None:
    total: Traced | None = None
    for path, tangent in enumerate(tangents):
        if tangent is None:
            continue
        slope = local_slope(builder, op, value, arguments, position, path)
        if slope is None or (not isinstance(slope, Traced) and slope == 0):
            continue
        term = _times(op, slope, tangent)
        if total is None:
            total = term
        elif not isinstance(slope, Traced) and slope == -1:
            total = total - tangent
        else:
            total = total + term
    return total


def _times(op: Op, slope: Any, tangent: Traced) -> Any:
    """A local slope times what moves; an input that moves by 1 leaves the slope as it is."""
    if known(tangent) == 1 and isinstance(slope, Traced):
        return slope
    if not isinstance(slope, Traced):
        return tangent if slope == 1 else -tangent if slope == -1 else slope * tangent
    return chain_product(tangent, slope) if op.unbounded else slope * tangent
