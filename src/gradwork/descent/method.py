"""What an update rule declares, and how it is found by its name, run, and written as mathematics.

A rule is a few formulas as text. The same text is run in each step and printed, so the two cannot differ.
`weight` and `gradient` are one parameter and its slope; a line `new_velocity` says what `velocity` is in the next step.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np

from gradwork.descent import methods
from gradwork.errors import ArgumentError
from gradwork.gradients.reading import read
from gradwork.graph.formula import Program, evaluate_program, parse_program
from gradwork.graph.formula.evaluate import close
from gradwork.graph.op import REGISTER
from gradwork.graph.trace import trace_call
from gradwork.notation.document import Equation
from gradwork.notation.layout import Layout, Symbol, equation


@dataclass(frozen=True, eq=False)
class Method:
    """An update rule.

    lines:     formulas in order; `new_weight` is the step, each other `new_name` is what `name` becomes.
    constants: the other numbers in the formulas.
    reach:     c where this rule is stable on a parabola of curvature L up to the learning rate c/L; None where the
               length of a step does not grow with the slope.
    """

    title: str
    lines: Mapping[str, str]
    why: str
    source: str
    constants: Mapping[str, float] = field(default_factory=dict)
    reach: Callable[[Mapping[str, float]], float] | None = None

    @cached_property
    def program(self) -> Program:
        """The formulas, parsed."""
        return parse_program(dict(self.lines), f"<{self.title}>")

    @cached_property
    def states(self) -> tuple[str, ...]:
        """What a rule remembers from step to step, beside the weight. It starts at zero."""
        return tuple(n.removeprefix("new_") for n in self.lines if n.startswith("new_") and n != "new_weight")

    @property
    def decays_weights(self) -> bool:
        """Whether the weight decay stands in the rule itself; elsewhere it is added to the gradient."""
        return "weight_decay" in self.program.names

    def limit(self, curvature: float) -> float | None:
        """The learning rate above which steps across a parabola of this curvature grow."""
        return None if self.reach is None or curvature <= 0 else self.reach(self.constants) / curvature

    def advance(
        self, weight: Any, gradient: Any, states: Sequence[Any], rate: Any, step: Any, weight_decay: float
    ) -> tuple[Any, list[Any]]:
        """The next weight, and the next of what is remembered. Takes numbers, arrays and traced values."""
        if weight_decay and not self.decays_weights:
            gradient = gradient + weight_decay * weight
        names = {
            **self.constants,
            **dict(zip(self.states, states, strict=True)),
            "weight": weight,
            "gradient": gradient,
            "learning_rate": rate,
            "step": step,
            "weight_decay": weight_decay,
        }
        values = evaluate_program(self.program, names, REGISTER.by_word)
        return values["new_weight"], [values[f"new_{name}"] for name in self.states]

    def equations(self) -> tuple[Equation, ...]:
        """The rule as mathematics, a line for each formula."""
        return tuple(Equation(equation(Symbol(name), _layout(text))) for name, text in self.lines.items())

    def __str__(self) -> str:
        return "\n".join(f"{name} = {text}" for name, text in self.lines.items())


def _layout(text: str) -> Layout:
    formula = parse_program(text).names
    traced = trace_call(text, (), {name: np.float64(0.5) for name in formula})
    graph = traced.graph
    return read(graph, graph.outputs[0], {i: Symbol(graph.nodes[i].name or "u") for i in graph.inputs}, own=True)


@cache
def method_named(name: str) -> Method:
    """The method of this name. Raises ArgumentError where there is none.

    >>> print(method_named("gd"))
    new_weight = weight - learning_rate*gradient
    """
    known = methods.names()
    if name not in known:
        raise ArgumentError(
            f"there is no method {name!r}",
            why=f"the methods are {', '.join(known)}",
            hint=" or ".join(close(name, known)) or "gd",
        )
    method: Method = importlib.import_module(f"gradwork.descent.methods.{name}").METHOD
    return method
