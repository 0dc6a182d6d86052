"""Functions of functions: `grad`, `value_and_grad`, `jacobian`, `hessian`, `elementwise_grad`, `vjp`, `jvp`.

Each traces the function where it is called, so that closures, globals and random numbers are always those of the
moment, works on the graph, and gives results in the structure of the arguments. Called on traced values of an outer
trace, each adds its whole graph there, so that all of them can be differentiated again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradwork.errors import ArgumentError
from gradwork.gradients.backprop import sweep
from gradwork.gradients.checkpoints import check_count, value_and_slopes
from gradwork.gradients.cotangents import fitting, leaves_in, seeds
from gradwork.gradients.forward import sweep_forward
from gradwork.gradients.slope_tables import jacobian_blocks
from gradwork.gradients.traced_slopes import (
    backpropagate_trace,
    check_one_number,
    pack,
    results,
    slopes_at_inputs,
    traced_by,
    value_and_slopes_of,
    wanted_inputs,
)
from gradwork.gradients.wrt import Wrt, keywords, resolve
from gradwork.graph.trace import Function, trace_call
from gradwork.graph.traced import Traced

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
        traced = traced_by(f, args, kwargs, wanted, lean)
        if lean and any(isinstance(s, Traced) for s in traced.sources):  # the outer trace keeps all values anyway
            lean, traced = False, trace_call(f, args, kwargs, only=wanted.keys, floating=True)
        check_one_number(traced)
        inputs = wanted_inputs(traced, wanted.keys)
        value, *slopes = (
            value_and_slopes(traced, inputs, checkpoints)
            if lean and checkpoints is not None
            else value_and_slopes_of(traced, inputs)
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
        traced = traced_by(f, args, kwargs, wanted)
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
        traced = traced_by(f, args, kwargs, wanted)
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
        traced = traced_by(f, args, kwargs, wanted)
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
        sent = seeds(traced, cotangent)
        builder = traced.builder.fork()
        starts: dict[int, Traced] = {}
        for position, seed in zip(traced.outputs, sent, strict=True):
            start = Traced(builder, builder.input(seed.value if isinstance(seed, Traced) else seed, "cotangent"))
            starts[position] = starts[position] + start if position in starts else start
        slopes = results(builder, slopes_at_inputs(builder, sweep(builder, starts, inputs), inputs), traced, extra=sent)
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
            leaves_in(argument.structure, tangents[int(argument.key)], "tangent", f"argument {argument.key}"),
            strict=True,
        ):
            if position is None or tangent is None or builder.dtype(position).kind not in "fc":
                continue
            plain = fitting(tangent, builder.shape(position), builder.dtype(position), "tangent")
            moving[position] = Traced(
                builder, builder.input(plain.value if isinstance(plain, Traced) else plain, "tangent")
            )
            extra.append(plain)
    moved = sweep_forward(builder, moving, len(traced.builder.rows) - 1, traced.outputs)
    both = results(builder, [*traced.outputs, *slopes_at_inputs(builder, moved, traced.outputs)], traced, extra=extra)
    half = len(traced.outputs)
    return traced.output.build(iter(both[:half])), traced.output.build(iter(both[half:]))


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
