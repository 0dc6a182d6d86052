"""Functions of functions: `grad`, `value_and_grad`, `jacobian`, `hessian`, `elementwise_grad`, `vjp`, `jvp`.

Each traces the function where it is called, so that closures, globals and random numbers are always those of the
moment, works on the graph, and gives results in the structure of the arguments. Called on traced values of an outer
trace, each adds its whole graph there, so that all of them can be differentiated again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, ShapeError
from gradwork.graph.builder import Builder
from gradwork.graph.graph import CONSTANT, INPUT, Graph, Guard
from gradwork.graph.op import REGISTER
from gradwork.graph.run import run, spread
from gradwork.graph.trace import Argument, Function, Trace, as_number, trace_call
from gradwork.graph.traced import Traced, lift
from gradwork.graph.tree import flatten
from gradwork.gradients.backprop import Adjoints, backpropagate, sweep, zeros
from gradwork.gradients.forward import sweep_forward
from gradwork.gradients.wrt import Wrt, resolve

Keywords = Mapping[str, Any] | None


def grad(f: Function, wrt: Wrt = 0) -> Callable[..., Any]:
    """The function that gives the gradient of `f`, which returns one number.

    wrt: an argument's position, its name, or a tuple of these (a tuple gives a tuple).
    A gradient has its argument's structure, shapes and dtypes; whole numbers are taken as floats.
    Raises ShapeError if `f` does not return one number, ArgumentError for an argument that is not there.

    >>> import gradwork as gw
    >>> gw.grad(lambda x, w: (x * w) ** 2, wrt=("x", "w"))(3.0, 2.0)
    (np.float64(24.0), np.float64(36.0))
    >>> gw.grad("x^2 + log(x)", wrt="x")(x=2.0)
    np.float64(4.5)

    Source: reverse accumulation, Linnainmaa 1970; Griewank and Walther, Evaluating Derivatives, 2008, chapter 3.
    """
    both = value_and_grad(f, wrt)

    @_named_after(f, "gradient")
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def value_and_grad(f: Function, wrt: Wrt = 0) -> Callable[..., Any]:
    """The function that gives `(value, gradient)` of `f`. See `grad`.

    >>> import gradwork as gw
    >>> gw.value_and_grad(lambda x: x ** 3)(2.0)
    (np.float64(8.0), np.float64(12.0))
    """

    @_named_after(f, "value and gradient")
    def both(*args: Any, **kwargs: Any) -> Any:
        wanted = resolve(f, wrt, args, kwargs)
        traced = trace_call(f, args, kwargs, only=wanted.keys, floating=True)
        check_one_number(traced)
        inputs = wanted_inputs(traced, wanted.keys)
        adjoints = backpropagate_trace(traced, inputs)
        graph = adjoints.graph.with_outputs((traced.graph.outputs[0], *adjoints.graph.outputs))
        value, *slopes = results(graph, adjoints.values, traced)
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
        traced = trace_call(f, args, kwargs, only=wanted.keys, floating=True)
        inputs = wanted_inputs(traced, wanted.keys)
        adjoints = backpropagate_trace(traced, inputs)
        return pack(traced, wanted.keys, wanted.pack, inputs, results(adjoints.graph, adjoints.values, traced))

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
        traced = trace_call(f, args, kwargs, only=wanted.keys, floating=True)
        inputs = wanted_inputs(traced, wanted.keys)
        blocks = jacobian_blocks(traced, traced.graph, traced.values, inputs)
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
        traced = trace_call(f, args, kwargs, only=wanted.keys, floating=True)
        check_one_number(traced)
        inputs = wanted_inputs(traced, wanted.keys)
        adjoints = backpropagate_trace(traced, inputs)
        blocks = jacobian_blocks(traced, adjoints.graph, adjoints.values, inputs)
        rows = [pack(traced, wanted.keys, wanted.pack, inputs, row) for row in blocks]
        return pack(traced, wanted.keys, wanted.pack, inputs, rows)

    return table


def vjp(f: Function, *args: Any, kwargs: Keywords = None) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of `f`, and the pullback: from what the result counts for to what each argument counts for.

    `pullback(cotangent)` takes a value of the result's structure and gives a tuple, one entry a positional argument.

    >>> import numpy as np, gradwork as gw
    >>> value, pullback = gw.vjp(lambda x, w: x * w, np.array([1.0, 2.0]), 3.0)
    >>> value, pullback(np.array([1.0, 10.0]))
    (array([3., 6.]), (array([ 3., 30.]), np.float64(21.0)))
    """
    traced = trace_call(f, [_float_number(a) for a in args], kwargs, only=tuple(range(len(args))))
    values = traced.output.build(iter(results(traced.graph, traced.values, traced)))
    keys = tuple(a.key for a in traced.arguments)
    inputs = wanted_inputs(traced, keys)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        seeds = _seeds(traced, cotangent)
        builder = Builder.on(traced.graph, traced.values)
        starts: dict[int, Traced] = {}
        for position, seed in zip(traced.graph.outputs, seeds, strict=True):
            start = Traced(builder, builder.input(seed.value if isinstance(seed, Traced) else seed, "cotangent"))
            starts[position] = starts[position] + start if position in starts else start
        adjoints = sweep(builder, starts, inputs)
        outputs = [adjoints[i].index if i in adjoints else zeros(builder, i) for i in inputs]
        graph = builder.graph(outputs)
        slopes = results(graph, builder.values, traced, extra=seeds)
        found = pack(traced, keys, tuple, inputs, slopes)
        return tuple(dict(zip(keys, found, strict=True)).get(i) for i in range(len(args)))

    return values, pullback


def jvp(f: Function, args: Sequence[Any], tangents: Sequence[Any], kwargs: Keywords = None) -> tuple[Any, Any]:
    """The value of `f`, and how it moves when the arguments move by `tangents` (of the arguments' structure).

    >>> import gradwork as gw
    >>> gw.jvp(lambda x, w: x * w, (2.0, 3.0), (1.0, 0.0))
    (np.float64(6.0), np.float64(3.0))
    """
    if len(args) != len(tangents):
        raise ArgumentError(f"{len(args)} arguments, but {len(tangents)} tangents", hint="one tangent an argument")
    traced = trace_call(f, [_float_number(a) for a in args], kwargs, only=tuple(range(len(args))))
    builder = Builder.on(traced.graph, traced.values)
    moving: dict[int, Traced] = {}
    extra: list[Any] = []
    for argument in traced.arguments:
        for position, tangent in zip(argument.positions, _leaves_like(argument, tangents[int(argument.key)]), strict=True):
            if position is None or tangent is None or builder.dtype(position).kind not in "fc":
                continue
            plain = _fitting(tangent, builder.shape(position), builder.dtype(position), "tangent")
            moving[position] = Traced(builder, builder.input(plain.value if isinstance(plain, Traced) else plain, "tangent"))
            extra.append(plain)
    moved = sweep_forward(builder, moving, len(traced.graph.nodes) - 1)
    tangent_nodes = [moved[i].index if i in moved else zeros(builder, i) for i in traced.graph.outputs]
    graph = builder.graph([*traced.graph.outputs, *tangent_nodes])
    both = results(graph, builder.values, traced, extra=extra)
    half = len(traced.graph.outputs)
    return traced.output.build(iter(both[:half])), traced.output.build(iter(both[half:]))


# -- pieces that they share ---------------------------------------------------------------------------------------------


class Computed:
    """A graph whose values have been computed while it was written."""

    def __init__(self, graph: Graph, values: Sequence[Any]) -> None:
        self.graph = graph
        self.values = values


def backpropagate_trace(traced: Trace, inputs: Sequence[int]) -> Computed:
    """The graph that goes forward and back, with its values."""
    builder = Builder.on(traced.graph, traced.values)
    position = traced.graph.outputs[0]
    if len(traced.graph.outputs) != 1:
        raise ArgumentError(f"the function returns {len(traced.graph.outputs)} values", why="a gradient belongs to one loss")
    seed = np.ones((), _seed_dtype(builder, position))[()]
    start = Traced(builder, builder.constant(seed, shape=builder.shape(position)))
    adjoints = sweep(builder, {position: start}, inputs)
    outputs = [adjoints[i].index if i in adjoints else zeros(builder, i) for i in inputs]
    return Computed(builder.graph(outputs), builder.values)


def _seed_dtype(builder: Builder, position: int) -> Any:
    dtype = builder.dtype(position)
    return dtype if dtype.kind in "fc" else np.float64


def check_one_number(traced: Trace) -> None:
    """Raise ShapeError unless the function returned one number."""
    graph = traced.graph
    if len(graph.outputs) != 1:
        raise ShapeError(
            f"the function returns {len(graph.outputs)} values, and a gradient belongs to one number",
            hint="return the loss alone, or use gw.jacobian",
        )
    node = graph.nodes[graph.outputs[0]]
    if int(np.prod(node.shape, dtype=np.int64)) != 1:
        raise ShapeError(
            f"the function returns an array of shape {node.shape}, and a gradient belongs to one number",
            where=node.where,
            why="each entry of the result has slopes of its own",
            hint="np.mean(...) or np.sum(...) of it; gw.jacobian for all the slopes; gw.elementwise_grad entry by entry",
        )
    if node.dtype.kind == "c":
        raise ShapeError("the function returns a complex number, and a gradient belongs to a real loss", where=node.where, hint="np.abs(z)**2, or np.real(z)")


def wanted_inputs(traced: Trace, keys: Sequence[int | str]) -> list[int]:
    """The nodes of all traced leaves of the arguments `keys`, in order. Raises ArgumentError where there are none."""
    inputs: list[int] = []
    for key in keys:
        mine = traced.argument(key).inputs
        if not mine:
            leaf = traced.argument(key).leaves
            raise ArgumentError(
                f"argument {key!r} holds no number",
                why=f"it is {type(leaf[0]).__name__}" if leaf else "it is empty",
                hint="wrt names an argument that is a number, an array, or a structure of them",
            )
        inputs += mine
    return inputs


def pack(traced: Trace, keys: Sequence[int | str], join: Callable[[Sequence[Any]], Any], inputs: Sequence[int], slopes: Sequence[Any]) -> Any:
    """Slopes in the structures of the arguments that they belong to."""
    at = dict(zip(inputs, slopes, strict=True))
    return join([traced.argument(key).build(at) for key in keys])


def results(graph: Graph, values: Sequence[Any], traced: Trace, extra: Sequence[Any] = ()) -> list[Any]:
    """The outputs of a graph that was written on top of a trace: plain values, or traced ones of the outer trace."""
    sources = [*traced.sources, *extra]
    if any(isinstance(s, Traced) for s in sources):
        return list(inline(graph, sources))
    forward = len(traced.graph.nodes)
    seen: set[int] = set()
    plain = []
    for position in graph.outputs:
        value = spread(values[position], graph.nodes[position].shape)
        if isinstance(value, np.ndarray) and (position in seen or position < forward or not value.flags.owndata or not value.flags.writeable):
            value = value.copy()
        seen.add(position)
        plain.append(value)
    return plain


def inline(graph: Graph, sources: Sequence[Any]) -> list[Traced]:
    """Add `graph` to the innermost trace among `sources`, which stand for its inputs; give its outputs there."""
    outer = max((s.builder for s in sources if isinstance(s, Traced)), key=lambda b: b.level)
    needed = needed_nodes(graph, [*graph.outputs, *(g.node for g in graph.guards)])
    slots = dict(zip(graph.inputs, sources, strict=True))
    at: dict[int, int] = {}
    outer.depth += 1
    before = outer.mark, outer.origin
    try:
        for position in needed:
            node = graph.nodes[position]
            outer.mark, outer.origin = node.where, node.origin
            if node.op == INPUT:
                at[position] = lift(outer, slots[position])
            elif node.op == CONSTANT:
                at[position] = outer.constant(graph.constants[position], shape=node.shape, name=node.name)
            else:
                at[position] = outer.emit(REGISTER.named(node.op), tuple(at[i] for i in node.inputs), node.params)
    finally:
        outer.mark, outer.origin = before
        outer.depth -= 1
    outer.guards += [Guard(at[g.node], g.outcome, g.where) for g in graph.guards]
    return [Traced(outer, at[i]) for i in graph.outputs]


def needed_nodes(graph: Graph, outputs: Sequence[int]) -> list[int]:
    """The nodes that `outputs` hang on, in order."""
    needed = set(outputs)
    for position in range(len(graph.nodes) - 1, -1, -1):
        if position in needed:
            needed.update(graph.nodes[position].inputs)
    return sorted(needed)


def jacobian_blocks(traced: Trace, graph: Graph, values: Sequence[Any], inputs: Sequence[int]) -> list[list[Any]]:
    """For each output of `graph`, its table of slopes by each input: arrays of output shape + input shape."""
    nested = any(isinstance(s, Traced) for s in traced.sources)
    table = _whole_table if nested else _row_by_row
    return table(traced, graph, values, inputs)


def _row_by_row(traced: Trace, graph: Graph, values: Sequence[Any], inputs: Sequence[int]) -> list[list[Any]]:
    """One pullback an output entry, or one pushforward an input entry, whichever is fewer."""
    blocks: list[list[Any]] = []
    sources = list(traced.sources)
    for output in graph.outputs:
        node = graph.nodes[output]
        size = int(np.prod(node.shape, dtype=np.int64))
        block = [np.zeros((size, *graph.nodes[i].shape), _real_dtype(graph, i)) for i in inputs]
        if size:
            pulled = _pullback_graph(graph, values, output, inputs)
            for row, unit in enumerate(_units(node.shape, _real_dtype(graph, output))):
                done = run(pulled, [*sources, unit], known=values)
                for target, slope in zip(block, done.outputs, strict=True):
                    target[row] = slope
        blocks.append([b.reshape(node.shape + b.shape[1:])[()] for b in block])
    return blocks


def _pullback_graph(graph: Graph, values: Sequence[Any], output: int, inputs: Sequence[int]) -> Graph:
    builder = Builder.on(graph, values)
    node = graph.nodes[output]
    seed = np.ones(node.shape, _real_dtype(graph, output))[()]
    start = Traced(builder, builder.input(seed, "cotangent"))
    adjoints = sweep(builder, {output: start}, inputs)
    return builder.graph([adjoints[i].index if i in adjoints else zeros(builder, i) for i in inputs])


def _whole_table(traced: Trace, graph: Graph, values: Sequence[Any], inputs: Sequence[int]) -> list[list[Any]]:
    """The whole table as one graph, added to the outer trace."""
    builder = Builder.on(graph, values)
    tables: list[int] = []
    for output in graph.outputs:
        shape = graph.nodes[output].shape
        rows: list[list[Traced]] = [[] for _ in inputs]
        for unit in _units(shape, _real_dtype(graph, output)):
            start = Traced(builder, builder.constant(unit))
            adjoints = sweep(builder, {output: start}, inputs)
            for row, i in zip(rows, inputs, strict=True):
                row.append(adjoints[i] if i in adjoints else Traced(builder, zeros(builder, i)))
        builder.depth += 1
        for row, i in zip(rows, inputs, strict=True):
            stacked = np.stack(row)  # type: ignore[call-overload]
            tables.append(int(np.reshape(stacked, shape + graph.nodes[i].shape).index))  # type: ignore[attr-defined]
        builder.depth -= 1
    flat = results(builder.graph(tables), builder.values, traced)
    return [flat[k * len(inputs) : (k + 1) * len(inputs)] for k in range(len(graph.outputs))]


def _units(shape: tuple[int, ...], dtype: Any) -> Any:
    """One array a place, 1 there and 0 elsewhere."""
    for k in range(int(np.prod(shape, dtype=np.int64))):
        unit = np.zeros(shape, dtype)
        unit.reshape(-1)[k] = 1
        yield unit[()]


def _real_dtype(graph: Graph, position: int) -> Any:
    dtype = graph.nodes[position].dtype
    return dtype if dtype.kind in "fc" else np.dtype(np.float64)


def _float_number(value: Any) -> Any:
    return float(value) if isinstance(value, (int, np.integer)) and not isinstance(value, bool) else value


def _seeds(traced: Trace, cotangent: Any) -> list[Any]:
    leaves, structure = flatten(cotangent)
    if len(leaves) != len(traced.graph.outputs):
        raise ShapeError(
            f"the cotangent has {len(leaves)} leaves, the result has {len(traced.graph.outputs)}",
            why="a cotangent says for each number of the result how much it counts",
        )
    nodes = [traced.graph.nodes[i] for i in traced.graph.outputs]
    return [_fitting(leaf, n.shape, n.dtype, "cotangent") for leaf, n in zip(leaves, nodes, strict=True)]


def _leaves_like(argument: Argument, tangent: Any) -> list[Any]:
    if tangent is None:
        return [None] * len(argument.positions)
    leaves, _ = flatten(tangent)
    if len(leaves) != len(argument.positions):
        raise ShapeError(f"the tangent of argument {argument.key!r} has {len(leaves)} leaves, the argument has {len(argument.positions)}")
    return leaves


def _fitting(value: Any, shape: tuple[int, ...], dtype: Any, what: str) -> Any:
    """`value` as a number or array of `shape`. Raises ShapeError when it is another."""
    array = value if isinstance(value, Traced) else as_number(value)
    if array is None:
        raise ArgumentError(f"the {what} is {type(value).__name__}, and has to be a number or an array of shape {shape}")
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


__all__ = ["Adjoints", "backpropagate", "elementwise_grad", "grad", "hessian", "jacobian", "jvp", "value_and_grad", "vjp"]
