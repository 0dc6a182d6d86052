"""Functions of functions: `grad`, `value_and_grad`, `jacobian`, `hessian`, `elementwise_grad`, `vjp`, `jvp`.

Each traces the function where it is called, so that closures, globals and random numbers are always those of the
moment, works on the graph, and gives results in the structure of the arguments. Called on traced values of an outer
trace, each adds its whole graph there, so that all of them can be differentiated again.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, ShapeError
from gradwork.gradients.backprop import sweep, zeros
from gradwork.gradients.cancelling import cancelling
from gradwork.gradients.checkpoints import check_count, value_and_slopes
from gradwork.gradients.forward import sweep_forward
from gradwork.gradients.many import along_units
from gradwork.gradients.replay import REPLAYS, Program
from gradwork.gradients.wrt import Wanted, Wrt, keywords, no_number, resolve
from gradwork.graph import frames
from gradwork.graph.builder import Builder
from gradwork.graph.graph import CONSTANT, INPUT, Guard, Origin
from gradwork.graph.op import REGISTER
from gradwork.graph.trace import Function, Trace, as_number, trace_call
from gradwork.graph.traced import Traced, lift
from gradwork.graph.tree import Structure, flatten

Keywords = Mapping[str, Any] | None


def grad(f: Function, wrt: Wrt = 0, *, checkpoints: int | None = None) -> Callable[..., Any]:
    """The function that gives the gradient of `f`, which returns one number.

    wrt: an argument's position, its name, or a tuple of these (a tuple gives a tuple).
    checkpoints: how many snapshots of intermediate values may be kept at one time, for long chains of large arrays;
    the rest is worked out again on the way back, which takes less memory and more time, and gives the same gradient to
    the bit. Without it all values are kept.
    A gradient has its argument's structure, shapes and dtypes; whole numbers are taken as floats.
    Raises ShapeError if `f` does not return one number, ArgumentError for an argument that is not there.

    >>> import gradwork as gw
    >>> gw.grad(lambda x, w: (x * w) ** 2, wrt=("x", "w"))(3.0, 2.0)
    (np.float64(24.0), np.float64(36.0))
    >>> gw.grad("x^2 + log(x)", wrt="x")(x=2.0)
    np.float64(4.5)

    Source: reverse accumulation, Linnainmaa 1970; Griewank and Walther, Evaluating Derivatives, 2008, chapter 3.
    """
    both = value_and_grad(f, wrt, checkpoints=checkpoints)

    @_named_after(f, "gradient")
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def value_and_grad(f: Function, wrt: Wrt = 0, *, checkpoints: int | None = None) -> Callable[..., Any]:
    """The function that gives `(value, gradient)` of `f`. See `grad`.

    >>> import gradwork as gw
    >>> gw.value_and_grad(lambda x: x ** 3)(2.0)
    (np.float64(8.0), np.float64(12.0))
    """

    if checkpoints is not None:
        check_count(checkpoints)

    @_named_after(f, "value and gradient")
    def both(*args: Any, **kwargs: Any) -> Any:
        wanted = resolve(f, wrt, args, kwargs)
        lean = checkpoints is not None
        traced = _traced_by(f, args, kwargs, wanted, lean)
        if lean and any(isinstance(s, Traced) for s in traced.sources):  # the outer trace keeps all values anyway
            lean, traced = False, trace_call(f, args, kwargs, only=wanted.keys, floating=True)
        check_one_number(traced)
        inputs = wanted_inputs(traced, wanted.keys)
        value, *slopes = (
            value_and_slopes(traced, inputs, checkpoints)
            if lean and checkpoints is not None
            else _value_and_slopes(traced, inputs)
        )
        return value, pack(traced, wanted.keys, wanted.pack, inputs, slopes)

    return both


def elementwise_grad(f: Function, wrt: Wrt = 0) -> Callable[..., Any]:
    """The slope of each entry of the result by the same entry of the argument, for functions that act entry by entry.

    >>> import numpy as np, gradwork as gw
    >>> gw.elementwise_grad(lambda x: x ** 2)(np.array([1.0, 3.0]))
    array([2., 6.])
    """

    @_named_after(f, "elementwise gradient")
    def slopes_of(*args: Any, **kwargs: Any) -> Any:
        wanted = resolve(f, wrt, args, kwargs)
        traced = _traced_by(f, args, kwargs, wanted)
        inputs = wanted_inputs(traced, wanted.keys)
        return pack(traced, wanted.keys, wanted.pack, inputs, results(*backpropagate_trace(traced, inputs), traced))

    return slopes_of


def jacobian(f: Function, wrt: Wrt = 0) -> Callable[..., Any]:
    """The function that gives the table of slopes of `f`: one array of output shape + input shape.

    Outputs or arguments that are trees give trees: for each leaf of the output, the argument's structure.

    >>> import numpy as np, gradwork as gw
    >>> gw.jacobian(lambda x: np.array([x[0] * x[1], x[0] ** 2]))(np.array([3.0, 2.0]))
    array([[2., 3.],
           [6., 0.]])
    """

    @_named_after(f, "jacobian")
    def table(*args: Any, **kwargs: Any) -> Any:
        wanted = resolve(f, wrt, args, kwargs)
        traced = _traced_by(f, args, kwargs, wanted)
        inputs = wanted_inputs(traced, wanted.keys)
        blocks = jacobian_blocks(traced, traced.builder.fork(), traced.outputs, inputs)
        leaves = [pack(traced, wanted.keys, wanted.pack, inputs, row) for row in blocks]
        return traced.output.build(iter(leaves))

    return table


def hessian(f: Function, wrt: Wrt = 0) -> Callable[..., Any]:
    """The function that gives all second slopes of `f`, which returns one number: the Jacobian of its gradient.

    >>> import numpy as np, gradwork as gw
    >>> gw.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 2.0]))
    array([[4., 6.],
           [6., 0.]])
    """

    @_named_after(f, "hessian")
    def table(*args: Any, **kwargs: Any) -> Any:
        wanted = resolve(f, wrt, args, kwargs)
        traced = _traced_by(f, args, kwargs, wanted)
        check_one_number(traced)
        inputs = wanted_inputs(traced, wanted.keys)
        blocks = jacobian_blocks(traced, *backpropagate_trace(traced, inputs), inputs)
        rows = [pack(traced, wanted.keys, wanted.pack, inputs, row) for row in blocks]
        return pack(traced, wanted.keys, wanted.pack, inputs, rows)

    return table


def vjp(f: Function, *args: Any, kwargs: Keywords = None) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of `f`, and the pullback: from what the result counts for to what each argument counts for.

    `pullback(cotangent)` takes a value of the result's structure and gives a tuple, one entry a positional argument
    (None for one that is no number). Whole numbers are taken as floats; labels and positions go into `kwargs`.

    >>> import numpy as np, gradwork as gw
    >>> value, pullback = gw.vjp(lambda x, w: x * w, np.array([1.0, 2.0]), 3.0)
    >>> value, pullback(np.array([1.0, 10.0]))
    (array([3., 6.]), (array([ 3., 30.]), np.float64(21.0)))
    """
    traced = trace_call(f, args, keywords(kwargs), only=tuple(range(len(args))), floating=True, black_box=True)
    values = traced.output.build(iter(results(traced.builder, traced.outputs, traced)))
    keys = tuple(a.key for a in traced.arguments)
    inputs = [i for argument in traced.arguments for i in argument.inputs]

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        seeds = _seeds(traced, cotangent)
        builder = traced.builder.fork()
        starts: dict[int, Traced] = {}
        for position, seed in zip(traced.outputs, seeds, strict=True):
            start = Traced(builder, builder.input(seed.value if isinstance(seed, Traced) else seed, "cotangent"))
            starts[position] = starts[position] + start if position in starts else start
        slopes = results(builder, _slopes_at(builder, sweep(builder, starts, inputs), inputs), traced, extra=seeds)
        found = pack(traced, keys, tuple, inputs, slopes)
        return tuple(dict(zip(keys, found, strict=True)).get(i) for i in range(len(args)))

    return values, pullback


def jvp(f: Function, args: Sequence[Any], tangents: Sequence[Any], kwargs: Keywords = None) -> tuple[Any, Any]:
    """The value of `f`, and how it moves when the arguments move by `tangents` (of the arguments' structure).

    >>> import gradwork as gw
    >>> gw.jvp(lambda x, w: x * w, (2.0, 3.0), (1.0, 0.0))
    (np.float64(6.0), np.float64(3.0))
    """
    for given, name in ((args, "args"), (tangents, "tangents")):
        if not isinstance(given, (tuple, list)):
            raise ArgumentError(
                f"{name} is {'an' if type(given).__name__[0] in 'aeiou' else 'a'} {type(given).__name__}",
                why="it holds one entry an argument of the function",
                hint="gw.jvp(f, (x,), (direction,))",
            )
    if len(args) != len(tangents):
        raise ArgumentError(f"{len(args)} arguments, but {len(tangents)} tangents", hint="one tangent an argument")
    traced = trace_call(f, args, keywords(kwargs), only=tuple(range(len(args))), floating=True, black_box=True)
    builder = traced.builder.fork()
    moving: dict[int, Traced] = {}
    extra: list[Any] = []
    for argument in traced.arguments:
        for position, tangent in zip(
            argument.positions,
            _leaves_in(argument.structure, tangents[int(argument.key)], "tangent", f"argument {argument.key}"),
            strict=True,
        ):
            if position is None or tangent is None or builder.dtype(position).kind not in "fc":
                continue
            plain = _fitting(tangent, builder.shape(position), builder.dtype(position), "tangent")
            moving[position] = Traced(
                builder, builder.input(plain.value if isinstance(plain, Traced) else plain, "tangent")
            )
            extra.append(plain)
    moved = sweep_forward(builder, moving, len(traced.builder.rows) - 1, traced.outputs)
    both = results(builder, [*traced.outputs, *_slopes_at(builder, moved, traced.outputs)], traced, extra=extra)
    half = len(traced.outputs)
    return traced.output.build(iter(both[:half])), traced.output.build(iter(both[half:]))


# -- pieces that they share -------------------------------------------------------------------------------------------


def _traced_by(
    f: Function, args: Sequence[Any], kwargs: Mapping[str, Any], wanted: Wanted, lean: bool = False
) -> Trace:
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
    return builder, _slopes_at(builder, sweep(builder, {position: start}, inputs, _cancelling(traced)), inputs)


def _cancelling(traced: Trace) -> tuple[int, ...]:
    """What cancels in the result, such as the largest score; it is looked for only where it can be."""
    ops = {row[0] for row in traced.builder.rows}
    return cancelling(traced.graph) if {"max", "exp", "subtract"} <= ops else ()


def _value_and_slopes(traced: Trace, inputs: Sequence[int]) -> list[Any]:
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


def _slopes_at(builder: Builder, slopes: Mapping[int, Traced], positions: Sequence[int]) -> list[int]:
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


def jacobian_blocks(traced: Trace, builder: Builder, outputs: Sequence[int], inputs: Sequence[int]) -> list[list[Any]]:
    """For each output, its table of slopes by each input: arrays of output shape + input shape."""
    if any(isinstance(s, Traced) for s in traced.sources):
        return _whole_table(traced, builder, outputs, inputs)
    rows = sum(math.prod(builder.shape(i)) for i in outputs)
    columns = sum(math.prod(builder.shape(i)) for i in inputs)
    if columns < rows and all(builder.dtype(i).kind == "f" for i in (*inputs, *outputs)):
        return _column_by_column(traced, builder, outputs, inputs)
    return [_row_by_row(traced, builder, output, inputs) for output in outputs]


def _row_by_row(traced: Trace, builder: Builder, output: int, inputs: Sequence[int]) -> list[Any]:
    """One pullback an entry of the output."""
    shape = builder.shape(output)
    block = [np.zeros((math.prod(shape), *builder.shape(i)), _real_dtype(builder, i)) for i in inputs]
    if math.prod(shape):
        back = builder.fork()
        start = back.input(np.ones(shape, _real_dtype(builder, output))[()], "cotangent")
        pulled = back.graph(_slopes_at(back, sweep(back, {output: Traced(back, start)}, inputs), inputs))
        for turn, slopes in along_units(pulled, traced.sources, builder.values, shape, _real_dtype(builder, output)):
            for target, slope in zip(block, slopes, strict=True):
                target[turn] = slope
    return [b.reshape(shape + b.shape[1:])[()] for b in block]


def _column_by_column(
    traced: Trace, builder: Builder, outputs: Sequence[int], inputs: Sequence[int]
) -> list[list[Any]]:
    """One pushforward an entry of the inputs, for all outputs at once."""
    blocks = [[np.zeros(builder.shape(o) + builder.shape(i), builder.dtype(i)) for i in inputs] for o in outputs]
    for k, i in enumerate(inputs):
        ahead = builder.fork()
        shape, dtype = builder.shape(i), builder.dtype(i)
        start = Traced(ahead, ahead.input(np.ones(shape, dtype)[()], "tangent"))
        moved = sweep_forward(ahead, {i: start}, max(outputs), outputs)
        pushed = ahead.graph(_slopes_at(ahead, moved, outputs))
        for turn, moves in along_units(pushed, traced.sources, builder.values, shape, dtype):
            for block, slope in zip(blocks, moves, strict=True):
                flat = block[k].reshape(*slope.shape[1:], math.prod(shape))
                flat[..., turn] = np.moveaxis(slope, 0, -1)
    return [[b[()] for b in row] for row in blocks]


def _whole_table(traced: Trace, builder: Builder, outputs: Sequence[int], inputs: Sequence[int]) -> list[list[Any]]:
    """The whole table as one graph, added to the outer trace."""
    tables: list[int] = []
    for output in outputs:
        shape = builder.shape(output)
        rows: list[list[Traced]] = [[] for _ in inputs]
        for unit in _units(shape, _real_dtype(builder, output)):
            start = Traced(builder, builder.constant(unit))
            at = _slopes_at(builder, sweep(builder, {output: start}, inputs), inputs)
            for row, slope in zip(rows, at, strict=True):
                row.append(Traced(builder, slope))
        for row, i in zip(rows, inputs, strict=True):
            tables.append(_stacked(builder, row, shape + builder.shape(i), _real_dtype(builder, i)))
    flat = results(builder, tables, traced)
    return [flat[k * len(inputs) : (k + 1) * len(inputs)] for k in range(len(outputs))]


def _stacked(builder: Builder, rows: Sequence[Traced], shape: tuple[int, ...], dtype: Any) -> int:
    if not rows:
        return builder.constant(np.zeros(shape, dtype))
    with builder.by_rule(Origin("rule", "rearranging rule", None, None, "the rows of the table, put together")):
        table: Any = np.reshape(np.stack(rows), shape)
        return int(table.index)


def _units(shape: tuple[int, ...], dtype: Any) -> Any:
    """One array a place, 1 there and 0 elsewhere."""
    for k in range(int(np.prod(shape, dtype=np.int64))):
        unit = np.zeros(shape, dtype)
        unit.reshape(-1)[k] = 1
        yield unit[()]


def _real_dtype(builder: Builder, position: int) -> Any:
    dtype = builder.dtype(position)
    return dtype if dtype.kind in "fc" else np.dtype(np.float64)


def _seeds(traced: Trace, cotangent: Any) -> list[Any]:
    leaves = _leaves_in(traced.output, cotangent, "cotangent", "result")
    builder = traced.builder
    return [
        _fitting(leaf, builder.shape(i), builder.dtype(i), "cotangent")
        for leaf, i in zip(leaves, traced.outputs, strict=True)
    ]


def _leaves_in(structure: Structure, value: Any, what: str, like: str) -> list[Any]:
    """The leaves of `value`, in the order of a structure that it has to share."""
    try:
        return structure.leaves_of(value)
    except (ValueError, KeyError, TypeError) as error:
        raise ShapeError(
            f"the {what} has another structure than the {like}",
            why=f"{error.args[0]}; a {what} has one number for each number of the {like}",
        ) from None


def _fitting(value: Any, shape: tuple[int, ...], dtype: Any, what: str) -> Any:
    """`value` as a number or array of `shape`. Raises ShapeError when it is another."""
    array = value if isinstance(value, Traced) else as_number(value)
    if array is None:
        raise ArgumentError(
            f"the {what} is {type(value).__name__}, and has to be a number or an array of shape {shape}"
        )
    if tuple(array.shape) != shape:
        raise ShapeError(f"the {what} has shape {tuple(array.shape)}, and belongs to a value of shape {shape}")
    if isinstance(array, Traced):
        return array
    return array.astype(dtype) if array.dtype != dtype and dtype.kind in "fc" and array.dtype.kind in "iubf" else array


def _named_after(f: Function, what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Keep the name of `f`, so that a traceback and help() say whose gradient it is."""

    def decorate(made: Callable[..., Any]) -> Callable[..., Any]:
        if callable(f):
            functools.update_wrapper(made, f)
            made.__doc__ = f"The {what} of {getattr(f, '__name__', 'a function')}."
        else:
            made.__doc__ = f"The {what} of {f}."
        return made

    return decorate


__all__ = ["elementwise_grad", "grad", "hessian", "jacobian", "jvp", "value_and_grad", "vjp"]
