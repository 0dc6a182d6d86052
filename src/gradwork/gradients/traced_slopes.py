"""What the transforms share: a function as traced, its slopes, and results in the structure of what was given."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, ShapeError
from gradwork.gradients.backprop import sweep, zeros
from gradwork.gradients.cancelling import cancelling
from gradwork.gradients.replay import REPLAYS, Program
from gradwork.gradients.wrt import Wanted, no_number
from gradwork.graph import frames
from gradwork.graph.builder import Builder
from gradwork.graph.graph import CONSTANT, INPUT, Guard, Origin
from gradwork.graph.op import REGISTER
from gradwork.graph.trace import Function, Trace, as_number, trace_call
from gradwork.graph.traced import Traced, lift
from gradwork.graph.tree import flatten


def traced_by(f: Function, args: Sequence[Any], kwargs: Mapping[str, Any], wanted: Wanted, lean: bool = False) -> Trace:
    """The trace with the wanted arguments as inputs. A function that stops at one without numbers is not to blame."""
    try:
        return trace_call(f, args, kwargs, only=wanted.keys, floating=True, black_box=True, lean=lean)
    except (TypeError, ValueError, AttributeError):
        for key in wanted.keys:
            leaves = flatten(args[key] if isinstance(key, int) else kwargs[key])[0]
            if not any(isinstance(leaf, Traced) or as_number(leaf) is not None for leaf in leaves):
                raise no_number(key, leaves) from None
        raise


def backpropagate_trace(traced: Trace, inputs: Sequence[int]) -> tuple[Builder, list[int]]:
    """A builder that has gone forward and back, and where in it the slope of each input stands."""
    if len(traced.outputs) != 1:
        raise ArgumentError(f"the function returns {len(traced.outputs)} values", why="a gradient belongs to one loss")
    builder = traced.builder.fork()
    position = traced.outputs[0]
    seed = np.ones((), _seed_dtype(builder, position))[()]
    with builder.by_rule(Origin("rule", "seed", position, None, "the result counts for itself")):
        start = Traced(builder, builder.constant(seed, shape=builder.shape(position)))
    return builder, slopes_at_inputs(builder, sweep(builder, {position: start}, inputs, _cancelling(traced)), inputs)


def _cancelling(traced: Trace) -> tuple[int, ...]:
    """What cancels in the result, such as the largest score; it is looked for only where it can be."""
    ops = {row[0] for row in traced.builder.rows}
    return cancelling(traced.graph) if {"max", "exp", "subtract"} <= ops else ()


def value_and_slopes_of(traced: Trace, inputs: Sequence[int]) -> list[Any]:
    """The value, and the slope of each input; by an earlier program where the trace is as it was then."""
    if any(isinstance(s, Traced) for s in traced.sources):
        builder, slopes_at = backpropagate_trace(traced, inputs)
        return results(builder, [*traced.outputs, *slopes_at], traced)
    key, program = REPLAYS.find(traced, inputs)
    slopes = program.run(traced.values) if program else None
    if slopes is not None:
        return [*results(traced.builder, traced.outputs, traced), *map(_apart, slopes)]
    builder, slopes_at = backpropagate_trace(traced, inputs)
    if key is not None:
        REPLAYS.remember(key, traced, lambda: Program(traced, builder, inputs, slopes_at))
    return results(builder, [*traced.outputs, *slopes_at], traced)


def _apart(value: Any) -> Any:
    """An array of its own memory, which the caller may write to."""
    own = not isinstance(value, np.ndarray) or (value.flags.owndata and value.flags.writeable)
    return value if own else value.copy()


def slopes_at_inputs(builder: Builder, slopes: Mapping[int, Traced], positions: Sequence[int]) -> list[int]:
    """Where the slopes of these nodes stand: nodes of zeros for those that nothing reaches."""
    return [slopes[i].index if i in slopes else zeros(builder, i) for i in positions]


def _seed_dtype(builder: Builder, position: int) -> Any:
    dtype = builder.dtype(position)
    return dtype if dtype.kind in "fc" else np.float64


def check_one_number(traced: Trace) -> None:
    """Raise ShapeError unless the function returned one number."""
    if len(traced.outputs) != 1:
        raise ShapeError(
            f"the function returns {len(traced.outputs)} values, and a gradient belongs to one number",
            hint="return the loss alone, or use gw.jacobian",
        )
    _, _, _, shape, dtype, mark, _ = traced.builder.rows[traced.outputs[0]]
    if math.prod(shape) != 1:
        raise ShapeError(
            f"the function returns an array of shape {shape}, and a gradient belongs to one number",
            where=frames.line_of(mark),
            why="each entry of the result has slopes of its own",
            hint="np.mean(...) or np.sum(...) of it; gw.jacobian for all slopes; gw.elementwise_grad entry by entry",
        )
    if dtype.kind == "c":
        raise ShapeError(
            "the function returns a complex number, and a gradient belongs to a real loss",
            where=frames.line_of(mark),
            hint="np.abs(z)**2, or np.real(z)",
        )


def wanted_inputs(traced: Trace, keys: Sequence[int | str]) -> list[int]:
    """The nodes of all traced leaves of the arguments `keys`, in order. Raises ArgumentError where there are none."""
    inputs: list[int] = []
    for key in keys:
        mine = traced.argument(key).inputs
        if not mine:
            raise no_number(key, traced.argument(key).leaves)
        inputs += mine
    return inputs


def pack(
    traced: Trace,
    keys: Sequence[int | str],
    join: Callable[[Sequence[Any]], Any],
    inputs: Sequence[int],
    slopes: Sequence[Any],
) -> Any:
    """Slopes in the structures of the arguments that they belong to."""
    at = dict(zip(inputs, slopes, strict=True))
    return join([traced.argument(key).build(at) for key in keys])


def results(builder: Builder, outputs: Sequence[int], traced: Trace, extra: Sequence[Any] = ()) -> list[Any]:
    """The values at `outputs` of a builder that goes on from a trace: plain ones, or traced ones of the outer trace."""
    sources = [*traced.sources, *extra]
    if any(isinstance(s, Traced) for s in sources):
        return list(inline(builder, outputs, sources))
    forward = len(traced.builder.rows)
    seen: set[int] = set()
    plain = []
    for position in outputs:
        value = builder.full_value(position)
        own = position >= forward and position not in seen and builder.rows[position][0] != INPUT
        if isinstance(value, np.ndarray) and not (own and value.flags.owndata and value.flags.writeable):
            value = value.copy()
        seen.add(position)
        plain.append(value)
    return plain


def inline(builder: Builder, outputs: Sequence[int], sources: Sequence[Any]) -> list[Traced]:
    """Add what `builder` holds to the innermost trace among `sources`, which stand for its inputs."""
    outer = max((s.builder for s in sources if isinstance(s, Traced)), key=lambda b: b.level)
    slots = dict(zip(builder.inputs, sources, strict=True))
    at: dict[int, int] = {}
    for position in _needed(builder, [*outputs, *(g.node for g in builder.guards)]):
        name, inputs, params, shape, _, mark, origin = builder.rows[position]
        with outer.by_rule(origin, mark):
            if name == INPUT:
                at[position] = lift(outer, slots[position])
            elif name == CONSTANT:
                at[position] = outer.constant(
                    builder.constants[position], shape=shape, name=builder.names.get(position)
                )
            else:
                at[position] = outer.emit(REGISTER.named(name), tuple(at[i] for i in inputs), params)
    outer.results.update(at[i] for i in builder.results if i in at)
    outer.guards += [Guard(at[g.node], g.outcome, g.where) for g in builder.guards]
    return [Traced(outer, at[i]) for i in outputs]


def _needed(builder: Builder, outputs: Sequence[int]) -> list[int]:
    """The nodes that `outputs` hang on, in order."""
    needed = set(outputs)
    for position in range(max(needed), -1, -1):
        if position in needed:
            needed.update(builder.rows[position][1])
    return sorted(needed)
