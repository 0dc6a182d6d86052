"""What an update rule declares, and how it is found by its name, run, and written as mathematics.

A rule is a few formulas as text. The same text is run in each step and printed, so the two cannot differ.
`weight` and `gradient` are one parameter and its slope; a line `new_velocity` says what `velocity` is in the next step.
A rule with a `search` finds by trial how far to go: its formulas are about all parameters as one vector, and
`gradwork.descent.searches` works them out.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from gradwork.descent import methods
from gradwork.errors import ArgumentError
from gradwork.gradients.reading import read
from gradwork.graph.formula import Program, evaluate, evaluate_program, parse_program
from gradwork.graph.formula.evaluate import close
from gradwork.graph.op import REGISTER
from gradwork.graph.trace import trace_call
from gradwork.notation.document import Equation
from gradwork.notation.layout import Layout, Symbol, equation

if TYPE_CHECKING:
    from gradwork.descent.problem import Leaves, Problem, Step
    from gradwork.notation.document import Block


class Finished(Exception):
    """Raised by a search in place of a step: the run ends here, and not in another point."""

    def __init__(self, reason: str, said: str) -> None:
        super().__init__(said)
        self.reason, self.said = reason, said


class Taken(NamedTuple):
    """A step that was taken: the parameters before and after it, what was remembered before it, and its rate."""

    before: Leaves
    after: Leaves
    states: Sequence[Leaves]
    rate: float


class Search(Protocol):
    """What a method is that looks for how far to go, or solves for where to go: more than a formula an entry.

    judges: whether it says itself when a run has converged; else a gradient that has shrunk does.
    """

    @property
    def judges(self) -> bool:
        """See above."""

    def first(self, problem: Problem, given: float | None, weight_decay: float) -> tuple[float, str]:
        """The learning rate to begin with, and why. Raises ArgumentError for a problem that it cannot take."""

    def step(self, method: Method, source: Any, weight_decay: float) -> Step:
        """A step as the loop takes it. It raises Finished where there is none to take.

        source: a Problem, or Shards of one.
        """

    def rate(self, states: Sequence[Leaves]) -> float:
        """The learning rate that a step was taken with, from what it remembers."""

    def shown(self, method: Method, problem: Problem, taken: Taken, weight_decay: float) -> tuple[Block, ...]:
        """A step with its numbers, for the page."""


@dataclass(frozen=True, eq=False)
class Method:
    """An update rule.

    lines:     formulas in order; `new_weight` is the step, each other `new_name` is what `name` becomes.
    constants: the other numbers in the formulas.
    reach:     c where this rule is stable on a parabola of curvature L up to the learning rate c/L; None where the
               length of a step does not grow with the slope.
    search:    what looks for how far to go; None where the formulas say it all.
    remembers: what a search keeps from step to step beside what its formulas name.
    """

    title: str
    lines: Mapping[str, str]
    why: str
    source: str
    constants: Mapping[str, float] = field(default_factory=dict)
    reach: Callable[[Mapping[str, float]], float] | None = None
    search: Search | None = None
    remembers: tuple[str, ...] = ()

    @cached_property
    def program(self) -> Program:
        """The formulas, parsed."""
        return parse_program(dict(self.lines), f"<{self.title}>")

    @cached_property
    def states(self) -> tuple[str, ...]:
        """What a rule remembers from step to step, beside the weight. It starts at zero."""
        named = (n.removeprefix("new_") for n in self.lines if n.startswith("new_") and n != "new_weight")
        return (*named, *self.remembers)

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

    def work_out(self, line: str, names: Mapping[str, Any]) -> Any:
        """The value of one line, where all that it uses has a value."""
        return evaluate(dict(self.program.lines)[line], {**self.constants, **names}, REGISTER.by_word)

    def equations(self) -> tuple[Equation, ...]:
        """The rule as mathematics, a line for each formula."""
        vectors = _SAMPLES if self.search is not None else {}
        names = {name: vectors.get(name, np.float64(0.5)) for name in (*self.program.names, *self.lines)}
        return tuple(Equation(equation(Symbol(name), layout(text, names))) for name, text in self.lines.items())

    def __reduce__(self) -> Any:
        known = next((name for name in methods.names() if method_named(name) is self), None)
        return (method_named, (known,)) if known is not None else super().__reduce_ex__(4)

    def __str__(self) -> str:
        return "\n".join(f"{name} = {text}" for name, text in self.lines.items())


# What the names of a formula stand for when it is written down: numbers, but for these of the methods that search.
_VECTORS = (
    "scale",
    "change",
    "correction",
    "pull",
    "weight",
    "gradient",
    "last_gradient",
    "direction",
    "new_scale",
    "new_direction",
)
_SAMPLES: Mapping[str, Any] = {
    **dict.fromkeys(_VECTORS, np.array([0.5, 0.25])),
    **dict.fromkeys(("residual", "residual_nearby", "bend"), np.array([0.5, 0.25, 0.75])),
    "jacobian": np.array([[1.0, 0.5], [0.5, 1.0], [0.25, 0.5]]),
    "slopes": np.array([[1.0, 0.5], [0.5, 1.0], [0.25, 0.5]]),
    "identity": np.eye(2),
    "products": np.array([[1.0, 0.5], [0.5, 1.0]]),
}


def layout(text: str, names: Mapping[str, Any], cut: Mapping[str, Layout] | None = None) -> Layout:
    """A formula as mathematics. cut: what stands in place of a name; the name itself for the others."""
    traced = trace_call(text, (), {name: names[name] for name in parse_program(text).names})
    graph = traced.graph
    words = {i: graph.nodes[i].name or "u" for i in graph.inputs}
    return read(graph, graph.outputs[0], {i: (cut or {}).get(n, Symbol(n)) for i, n in words.items()}, own=True)


def spelled(name: str) -> str:
    """A method's name as it is listed; spaces and underscores are read as hyphens.

    >>> spelled("Line search")
    'line-search'
    """
    return str(name).strip().lower().replace(" ", "-").replace("_", "-")


@cache
def method_named(name: str) -> Method:
    """The method of this name; spaces and underscores are read as hyphens. Raises ArgumentError where there is none.

    >>> print(method_named("gd"))
    new_weight = weight - learning_rate*gradient
    """
    known = methods.names()
    asked = spelled(name)
    if asked not in known:
        raise ArgumentError(
            f"there is no method {name!r}",
            why=f"the methods are {', '.join(known)}",
            hint=" or ".join(close(asked, known)) or "gd",
        )
    method: Method = importlib.import_module(f"gradwork.descent.methods.{asked.replace('-', '_')}").METHOD
    return method
