"""By the rules: the derivation, one named step at a time, in symbols and then with the numbers put in.

There is one set of rules, those of the ops. A derivation carries them along the lines of the computation and adds what
they give to the graph; every step that is printed, and every number beside it, is a reading of those nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, MissingRuleError, ShapeError
from gradwork.gradients.by_lines import derive_by_lines
from gradwork.gradients.by_matrices import derive_by_matrices
from gradwork.gradients.derivation import Derivation
from gradwork.gradients.wrt import Wrt, keywords, resolve
from gradwork.graph.formula import Formula, Program
from gradwork.graph.graph import Graph
from gradwork.graph.trace import Function, as_called, as_number, trace_call, trace_symbols
from gradwork.graph.tree import flatten


def derive(f: Function, *args: Any, wrt: Wrt = 0, kwargs: Mapping[str, Any] | None = None, order: int = 1) -> Any:
    """Work out the derivative of `f` by the rules.

    f:     a function, a formula, or named formulas. Names without a value stay symbols.
    wrt:   an argument's position, its name, or a tuple of these (a tuple gives a tuple of derivations).
    order: 2 derives the result once more, and so on.
    Gives a `Derivation` with `.steps` (each: rule, before, after, note), `.result` and, where every name has a
    value, `.value`. For a single number the steps are those of a calculus text; for a vector or matrix they go back
    through the matrices, one rule a line.
    Raises ArgumentError for a name that is not there, MissingRuleError where an op has no rule.

    >>> import gradwork as gw
    >>> done = gw.derive("error = x*weight - y; loss = error^2", wrt="weight")
    >>> for step in done.steps:
    ...     print(step)
    power rule: d error^2/d error = 2 error^1 = 2 error
    sum rule: d (x weight^1 - y)/d weight = d (x weight^1)/d weight    (y does not depend on weight: constant rule, 0)
    constant factor rule: d (x weight^1)/d weight = x * d weight^1/d weight
    power rule: d weight^1/d weight = 1 weight^0 = 1
    >>> print(done.result)
    2 error x
    """
    kwargs = keywords(kwargs)
    if order < 1:
        raise ArgumentError(f"order={order}: a derivative has order 1 or more")
    graph, inputs = _graph(f, args, kwargs)
    wanted = _wanted(f, wrt, args, kwargs, graph)
    _check_one_output(graph)
    made = [derive_graph(graph, inputs, key[0], order) for key in wanted.keys]
    return wanted.pack(made)


@dataclass(frozen=True)
class _Wanted:
    keys: tuple[tuple[int, ...], ...]
    single: bool

    def pack(self, made: Sequence[Any]) -> Any:
        return made[0] if self.single and len(made) == 1 else tuple(made)


def _graph(f: Function, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Graph, list[Any] | None]:
    """The graph of `f`, and the values of its inputs when all of them are known."""
    called = as_called(f)
    names = called.names()
    if callable(f) and not (args or kwargs) and (not names or isinstance(f, np.ufunc)):
        raise ArgumentError(
            "the function names no arguments",
            why="where nothing has a value, the arguments are symbols, and their names are read off the function",
            hint='gw.derive("sin(x)"), gw.derive(lambda x: np.sin(x)), or a value: gw.derive(np.sin, 1.0)',
        )
    free = [n for n in names[len(args) :] if n not in kwargs]
    symbolic = isinstance(f, (str, Formula, Program)) or not (args or kwargs)
    if free and symbolic:
        return trace_symbols(f, args, kwargs, free), None
    traced = trace_call(f, args, kwargs, floating=False)
    values = [v.astype(np.float64) if v.dtype.kind in "iub" else v for v in traced.sources]
    return traced.graph, values


def _wanted(f: Function, wrt: Wrt, args: Sequence[Any], kwargs: Mapping[str, Any], graph: Graph) -> _Wanted:
    """The inputs of the graph that are meant. An argument with several arrays gives a derivation for each."""
    asked = [wrt] if isinstance(wrt, (int, str)) else list(wrt)
    keys: list[tuple[int, ...]] = []
    for one in asked:
        names = graph.input_names
        if isinstance(one, str) and one in names:
            keys.append((graph.inputs[names.index(one)],))
            continue
        keys += [(i,) for i in _inputs_of(f, one, args, kwargs, graph)]
    return _Wanted(tuple(keys), isinstance(wrt, (int, str)))


def _inputs_of(f: Function, one: int | str, args: Sequence[Any], kwargs: Mapping[str, Any], graph: Graph) -> list[int]:
    called = as_called(f)
    free = {n: 1.0 for n in called.names()[len(args) :] if n not in kwargs}
    key = resolve(f, one, args, {**kwargs, **free}).keys[0]
    label = called.labels(len(args))[key] if isinstance(key, int) else key
    names = graph.input_names
    if label in names:
        return [graph.inputs[names.index(label)]]
    value = args[key] if isinstance(key, int) else kwargs[key]
    count = 0
    for argument in [*args, *kwargs.values()]:
        leaves = _leaves(argument)
        if argument is value:
            return list(graph.inputs[count : count + len(leaves)])
        count += len(leaves)
    raise ArgumentError(f"wrt={one!r} is not an input of the graph")


def _leaves(argument: Any) -> list[Any]:
    return [leaf for leaf in flatten(argument)[0] if as_number(leaf) is not None]


def _check_one_output(graph: Graph) -> None:
    if len(graph.outputs) != 1:
        raise ShapeError(f"the function returns {len(graph.outputs)} values", hint="derive one of them")


def derive_graph(
    graph: Graph, inputs: Sequence[Any] | None, position: int, order: int = 1, result: str = "y"
) -> Derivation:
    """The derivation of a graph's one output, called `result` where it has no name, by the input at node `position`."""
    if graph.nodes[position].shape:
        return derive_by_matrices(graph, inputs, position, order, result)
    try:
        return derive_by_lines(graph, inputs, position, order, result)
    except MissingRuleError:
        # A rule of the user's own may say only how slopes come back.
        return derive_by_matrices(graph, inputs, position, order, result)
