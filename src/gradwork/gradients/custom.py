"""Rules of your own: `custom_rule` for one function, `op` for an operation that everything here then knows.

Both take ordinary NumPy. The function itself may do what it likes inside, since only its value is asked for; the rule
is traced, so that it can be differentiated again. `gradwork.gradients.contract.check_op` tries a declared op at its
samples, as the tests do with ours.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, RuleError
from gradwork.graph import frames
from gradwork.graph.builder import Builder
from gradwork.graph.graph import Params
from gradwork.graph.op import REGISTER, Kink, Op, declare
from gradwork.graph.traced import Traced, call, contains_traced, lift
from gradwork.notation.layout import call as written_call

FAMILY = "your own"


def custom_rule(f: Callable[..., Any], pullback: Callable[..., Any]) -> Callable[..., Any]:
    """`f` with a rule of its own: behaves as `f`, and is one node wherever a gradient is taken.

    f:        any function of numbers and arrays that returns one number or array. It need not be traceable. Keyword
              arguments are passed on as they are.
    pullback: `pullback(g, y, *inputs)` in ordinary NumPy: from what the result counts for, the result and the inputs to
              one slope for each input, in its shape (a tuple when there are several; None for one that has no slope).
    Raises RuleError, where a gradient is taken, if the pullback gives another number of slopes, or other shapes.

    >>> import math, numpy as np, gradwork as gw
    >>> cube = gw.custom_rule(lambda x: math.pow(x, 3), lambda g, y, x: g * 3 * x**2)
    >>> gw.grad(cube)(2.0), gw.grad(gw.grad(cube))(2.0)
    (np.float64(12.0), np.float64(12.0))
    """
    for what, given in (("f", f), ("pullback", pullback)):
        if not callable(given):
            raise ArgumentError(f"{what} is {type(given).__name__}, and has to be a function")
    name = _free_name(f)
    made = Op(
        name=name,
        function=_value_of(f, name),
        rule=f"{_short(name)} rule",
        notation=lambda *inputs, **params: written_call(_short(name), *inputs),
        arity=None,
        pullback=_checked_pullback(pullback, name),
        fixed=False,
        why="A rule of your own.",
        source="given with gw.custom_rule",
        family=FAMILY,
    )
    REGISTER.by_name[name] = made
    return _either(f, _node_lowering(name))


def op(
    function: Callable[..., Any],
    slopes: Any = None,
    *,
    pullback: Callable[..., Any] | None = None,
    pushforward: Callable[..., Any] | None = None,
    name: str | None = None,
    rule: str | None = None,
    notation: Callable[..., Any] | None = None,
    samples: Sequence[Any] = (),
    kinks: Sequence[Kink] = (),
    branch: Callable[..., Any] | None = None,
    analytic: bool = False,
    unbounded: bool = False,
    why: str = "",
    source: str = "",
) -> Callable[..., Any]:
    """Declare an operation: formulas may call it by name, derivations print its rule, `gradwork ops` lists it.

    function: its value, in NumPy. With `slopes` it acts entry by entry; with `pullback` on whole arrays.
    slopes:   one for each input: `slope(y, *inputs)` in ordinary NumPy, a number where it is constant, None where there
              is none. One alone for one input.
    pullback: as for `custom_rule`, with the keyword arguments of the call besides.
    rule:     the name that derivations print; `notation(*inputs)` gives a layout piece, a plain call otherwise.
    samples:  for `check_op`: numbers, or tuples of inputs (with a dict of keyword arguments last).
    Gives a function that takes plain and traced values alike. The last declaration of a name wins; ours cannot be
    replaced. A saved graph names its ops, so whoever loads it imports the module that declares them.

    >>> import numpy as np, gradwork as gw
    >>> swish = gw.op(lambda a: a / (1 + np.exp(-a)), name="swish",
    ...     slopes=lambda y, a: y / np.where(a == 0, 1, a) * (1 + a - y) + np.where(a == 0, 0.5, 0.0))
    >>> gw.grad("swish(2*x)", wrt="x")(x=0.5)
    np.float64(1.8553410237429737)
    """
    name = _chosen_name(function, name)
    if (slopes is None) == (pullback is None):
        raise ArgumentError(
            f"the op {name} needs slopes or a pullback, and one of them only",
            why="slopes are for ops that act entry by entry, a pullback is for those that look at whole arrays",
        )
    elementwise = slopes is not None
    each = tuple(slopes) if isinstance(slopes, (tuple, list)) else (slopes,)
    plain = _entry_by_entry(function, name) if elementwise else _value_of(function, name)
    either = _either(function, _entries_lowering(name) if elementwise else _node_lowering(name))
    made = Op(
        name=name,
        function=plain,
        rule=rule or f"{name} rule",
        notation=notation or (lambda *inputs, **params: written_call(name, *inputs)),
        elementwise=elementwise,
        arity=len(each) if elementwise else None,
        slopes=each if elementwise else (),
        pullback=_checked_pullback(pullback, name) if pullback else None,
        pushforward=pushforward,
        analytic=analytic,
        unbounded=unbounded,
        kinks=tuple(kinks),
        branch=branch,
        fixed=False,
        samples=tuple(samples),
        why=why,
        source=source,
        family=FAMILY,
        answers=(either,),
        words=(name,),
        lower=_entries_lowering(name) if elementwise else _node_lowering(name),
    )
    declare(made)
    REGISTER.by_word[name] = either
    return either


# -- names ------------------------------------------------------------------------------------------------------------


def _free_name(f: Callable[..., Any]) -> str:
    """A name for a function's op: its module and its own name, so that a graph finds it again in another process."""
    REGISTER.load()
    own = getattr(f, "__qualname__", type(f).__qualname__)
    name = wanted = f"{getattr(f, '__module__', None) or 'unknown'}:{own}"
    count = 1
    # A second function of one name (lambdas have one name only) is told apart by a number.
    while name in REGISTER.by_name:
        count += 1
        name = f"{wanted} {count}"
    return name


def _short(name: str) -> str:
    own = name.rsplit(":", 1)[-1].rsplit(".", 1)[-1].split(" ", 1)[0]
    return own if own.isidentifier() else "f"


def _chosen_name(function: Callable[..., Any], name: str | None) -> str:
    REGISTER.load()
    if not callable(function):
        raise ArgumentError(f"an op is made of a function, not of {type(function).__name__}")
    name = str(name or getattr(function, "__name__", ""))
    if not name.isidentifier():
        raise ArgumentError(f"{name or 'the op'!r} is not a name that a formula could call", hint='name="swish"')
    known = REGISTER.by_name.get(name)
    if (known is not None and known.family != FAMILY) or name in REGISTER.composites:
        raise ArgumentError(
            f"gradwork has an op named {name} already", why="graphs refer to ops by name", hint=f'name="my_{name}"'
        )
    return name


# -- the value --------------------------------------------------------------------------------------------------------


def _either(f: Callable[..., Any], lower: Callable[..., Any]) -> Callable[..., Any]:
    """`f` on plain values; a node as soon as a traced value is among the arguments."""

    def either(*args: Any, **kwargs: Any) -> Any:
        if any(map(contains_traced, args)) or any(map(contains_traced, kwargs.values())):
            return call(either, args, kwargs)
        return f(*args, **kwargs)

    functools.update_wrapper(either, f)
    REGISTER.by_function[either] = lower
    return either


def _node_lowering(name: str) -> Callable[..., Any]:
    def lower(builder: Builder, *args: Any, **kwargs: Any) -> Any:
        if any(map(contains_traced, kwargs.values())):
            raise ArgumentError(
                f"{_short(name)} takes a traced value by name", where=frames.user_where(), hint="pass it by position"
            )
        inputs = tuple(lift(builder, a) for a in args)
        return Traced(builder, builder.emit(REGISTER.by_name[name], inputs, Params(kwargs)))

    return lower


def _entries_lowering(name: str) -> Callable[..., Any]:
    from gradwork.ops._declare import lower_entries

    return lower_entries(name)


def _value_of(f: Callable[..., Any], name: str) -> Callable[..., Any]:
    def value(*arrays: Any, **params: Any) -> Any:
        # Copies: what the function writes into its arguments must not reach the graph's values.
        result = f(*(a.copy() if isinstance(a, np.ndarray) else a for a in arrays), **params)
        return _array(result, name)

    return value


def _entry_by_entry(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def value(*arrays: Any) -> Any:
        result = _array(function(*arrays), name)
        shape = np.broadcast_shapes(*(np.shape(a) for a in arrays))
        if result.shape != shape:
            raise RuleError(
                f"the function of {name} returned shape {result.shape} for entries of shape {shape}",
                where=frames.user_where(),
                why="an op with slopes acts entry by entry",
                hint="give pullback= instead of slopes=, or np.vectorize(function)",
            )
        return result

    return value


def _array(result: Any, name: str) -> Any:
    array = np.asarray(result)
    if array.dtype.kind not in "biufc":
        raise RuleError(
            f"{_short(name)} returned {type(result).__name__}, and has to return one number or array",
            where=frames.user_where(),
            why="its value becomes one node of the graph",
        )
    return array[()] if array.ndim == 0 else array


# -- the rule ---------------------------------------------------------------------------------------------------------


def _checked_pullback(pullback: Callable[..., Any], name: str) -> Callable[..., Any]:
    def checked(g: Any, y: Any, *inputs: Any, **params: Any) -> tuple[Any, ...]:
        given = pullback(g, y, *inputs, **params)
        slopes = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        if len(slopes) != len(inputs):
            counted = f"{len(slopes)} slope{'s' * (len(slopes) != 1)}"
            raise RuleError(
                f"the pullback of {_short(name)} gives {counted} for {len(inputs)} inputs",
                where=_where(pullback),
                why="every input has slopes of its own, also when nobody asks for them now",
                hint=f"return {', '.join(f'slope_{k + 1}' for k in range(len(inputs)))}; None for an input without one",
            )
        for k, (slope, x) in enumerate(zip(slopes, inputs, strict=True)):
            _check_slope(slope, x, k, pullback, name)
        return slopes

    return checked


def _check_slope(slope: Any, x: Any, k: int, pullback: Callable[..., Any], name: str) -> None:
    if slope is None:
        return
    shape = slope.shape if isinstance(slope, Traced) else np.shape(slope)
    if shape != x.shape:
        raise RuleError(
            f"the pullback of {_short(name)} gives shape {shape} for input {k + 1}, which has shape {x.shape}",
            where=_where(pullback),
            why="a slope has one number for each number of its input",
            hint="add up over the copies that broadcasting made"
            if len(shape) > len(x.shape)
            else "multiply by g, which has the result's shape",
        )


def _where(pullback: Callable[..., Any]) -> Any:
    """The line that the pullback starts at."""
    from gradwork.errors import Where

    code = getattr(pullback, "__code__", None)
    return Where(code.co_filename, code.co_firstlineno) if code is not None else None
