"""A gradient as somebody writes it on paper: formulas in the names of the loss, and of its own lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradwork.graph.called import Function, as_called
from gradwork.graph.formula import Program
from gradwork.graph.formula.called import as_called_program
from gradwork.graph.formula.evaluate import evaluate_program
from gradwork.graph.op import REGISTER
from gradwork.graph.tree import flatten


def as_written(gradient: Any, f: Function) -> Any:
    """The gradient; where it is formulas, the function that works them out, or their numbers where they name nothing.

    A formula may use the names of the loss's arguments and, where the loss is formulas, the names of its lines. In
    several lines, those called dw and db are the slopes by w and b; other lines serve them.

    >>> as_written({"w": "2*error*x", "b": "2*error"}, "error = x*w + b - y; error^2")(1.0, 2.0, 3.0, 4.0)
    {'w': 2.0, 'b': 2.0}
    """
    leaves, structure = flatten(gradient)
    programs = {k: found.program for k, leaf in enumerate(leaves) if (found := as_called_program(leaf)) is not None}
    if not programs:
        return gradient
    REGISTER.load()

    def written(*args: Any, **kwargs: Any) -> Any:
        labels = as_called(f).labels(len(args))
        known = {**dict(zip(labels, args, strict=True)), **kwargs}
        lines = _lines(f, known)
        values = [
            _slopes(programs[k], {**lines, **known}, known) if k in programs else leaf for k, leaf in enumerate(leaves)
        ]
        return structure.build(iter(values))

    return written if any(program.names for program in programs.values()) else written()


def _lines(f: Function, known: Mapping[str, Any]) -> dict[str, Any]:
    """What the lines of a loss that is formulas come to."""
    called = None if callable(f) else as_called_program(f)
    if called is None or not set(called.program.names) <= set(known):
        return {}
    found = evaluate_program(called.program, known, REGISTER.by_word)
    return {name: value for name, value in found.items() if name}


def _slopes(program: Program, known: Mapping[str, Any], arguments: Mapping[str, Any]) -> Any:
    """What a gradient's formulas come to: that of the last one, or of each that is called by an argument, dw for w."""
    # A line of the gradient takes the place of the loss's line of the same name.
    own = {name for name, _ in program.lines}
    values = evaluate_program(program, {n: v for n, v in known.items() if n not in own}, REGISTER.by_word)
    by_name = {name[1:]: value for name, value in values.items() if name.startswith("d") and name[1:] in arguments}
    return by_name or values[program.lines[-1][0]]
