"""What a descent comes to: parameters, losses, the path, and the reason that it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from gradwork.descent.method import Method
from gradwork.descent.problem import Array, Problem
from gradwork.errors import MissingExtraError
from gradwork.formats.display import Shown
from gradwork.notation.document import Document

REASONS = ("converged", "out of steps", "stalled", "diverged", "interrupted")


@dataclass(frozen=True, eq=False)
class WorkedStep:
    """One step with its numbers: the loss and the gradient before it, and the parameters before and after it."""

    number: int
    rate: float
    loss: float
    before: tuple[Any, ...]
    gradient: tuple[Any, ...]
    states: tuple[Any, ...]
    after: tuple[Any, ...]
    rows: Any
    batch: tuple[Any, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Descent(Shown):
    """The run of a descent. Print it for the page.

    params:      the parameters at its end, in the structure of the start. Where it diverged or stopped early on
                 held-out rows, those with the lowest loss instead, as `explanation` says.
    losses:      the loss before each step (with mini-batches that of the step's own rows), and last that of the
                 parameters at the end of the path on all rows.
    path:        the parameters as rows of numbers, one row for each of `path_steps`.
    reason:      converged, out of steps, stalled, diverged or interrupted; `explanation` says it in words.
    loss:        the loss of `params` on all rows (without those held out).
    steps:       how many steps were taken.
    learning_rate, why_learning_rate: what it was, and why where it was chosen here.
    curvature, largest_learning_rate, working_learning_rate: where it diverged, the largest curvature, the learning
                 rate above which the loss grows, and one that works; None elsewhere and where unknown.
    held_out:    (step, loss) on the held-out rows.
    worked:      the steps that were asked for, with their numbers.
    """

    params: Any
    losses: Array
    path: Array
    path_steps: Array
    reason: str
    explanation: str
    loss: float
    steps: int
    learning_rate: float
    why_learning_rate: str
    method: Method
    method_name: str
    names: tuple[str, ...]
    leaves: tuple[Any, ...]
    problem: Problem
    curvature: float | None = None
    largest_learning_rate: float | None = None
    working_learning_rate: float | None = None
    held_out: tuple[tuple[int, float], ...] = ()
    worked: tuple[WorkedStep, ...] = ()
    weight_decay: float = 0.0
    notes: tuple[str, ...] = ()

    def document(self) -> Document:
        """The page: the rule, why it stopped, the parameters, the curve of the loss, and the worked steps."""
        from gradwork.descent.page import page

        return page(self)

    def plot(self) -> Any:
        """The curve of the loss as a figure of matplotlib. Raises MissingExtraError where that is not installed."""
        try:
            figures = import_module("matplotlib.figure")
        except ImportError as error:
            hint = 'python -m pip install "matplotlib>=3.8"'
            raise MissingExtraError("a plot needs matplotlib, which is not installed", hint=hint) from error
        figure = figures.Figure(figsize=(6, 4), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(self.losses, label="loss")
        if self.held_out:
            axes.plot(*zip(*self.held_out, strict=True), label="loss on held-out rows")
            axes.legend()
        if min(self.losses, default=0.0) > 0:
            axes.set_yscale("log")
        axes.set_xlabel("step")
        axes.set_ylabel("loss")
        axes.set_title(f"{self.method.title}, learning rate {self.learning_rate:g}: {self.reason}")
        return figure

    def __repr__(self) -> str:
        return f"<Descent: {self.reason} after {self.steps:,} steps, loss {self.loss:.6g}>"
