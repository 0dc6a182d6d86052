"""What a descent comes to: parameters, losses, the path, and the reason that it stopped."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradwork.descent.method import Method
from gradwork.descent.problem import Array, Problem
from gradwork.formats.display import Shown
from gradwork.notation.document import Block, Document

if TYPE_CHECKING:
    from gradwork.descent.scores import Scores
    from gradwork.formats.picture import Picture

REASONS = ("converged", "out of steps", "stalled", "diverged", "interrupted")


@dataclass(frozen=True, eq=False)
class WorkedStep:
    """One step with its numbers: the loss and the gradient before it, and the parameters before and after it.

    shown: the numbers of a search, as blocks of the page; empty where the rule says it all.
    """

    number: int
    rate: float
    loss: float
    before: tuple[Any, ...]
    gradient: tuple[Any, ...]
    states: tuple[Any, ...]
    after: tuple[Any, ...]
    rows: Any
    batch: tuple[Any, ...]
    shown: tuple[Block, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Descent(Shown):
    """The run of a descent. Print it for the page. It can be pickled, with its data and without what repeats its steps.

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
    work, again: what works other steps of this run, counted from 0, and what repeats it with another learning rate and
                 at most so many steps.
    how:         how the steps were taken: "program" (the loop as one generated program), "moments" (the loss is proved
                 quadratic, see `gw.descend`), "steps" (one at a time).
    test:        the rows that were kept apart for `scores`; its `numbers` say which rows of the data they are.
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
    how: str = "steps"
    test: Problem | None = None
    clip: float | None = None
    work: Callable[[list[int]], list[WorkedStep]] | None = None
    again: Callable[[float, int], Descent] | None = None

    @property
    def scores(self) -> Scores:
        """How well the parameters predict: R² for numbers, accuracy for classes; on the rows used, and on test rows.

        Raises ArgumentError where no predictions are found in the loss.
        """
        from gradwork.descent.scores import scores

        return scores(self.problem, self.test, list(self.leaves))

    def document(self, sliders: bool = False) -> Document:
        """The page: the rule, why it stopped, the parameters, the curve of the loss, and the worked steps.

        sliders: with a picture whose steps and learning rates are slid through, where a format can (HTML). The run is
                 repeated with a few other learning rates for it.
        """
        from gradwork.descent.page import page

        return page(self, sliders=sliders)

    def document_for(self, format_name: str) -> Document:
        """The page; with sliders in HTML."""
        return self.document(sliders=format_name == "html")

    def picture(self, kind: str = "loss", *names: str) -> Picture:
        """A picture of the run. Print it, or `save` it as .svg, .png (with Matplotlib), .html or any format of pages.

        kind:  "loss", "contour" (the path over the loss), "path" (the same, walked along), "predictions".
        names: for contour and path one or two parameters, such as "w" and "W1[1,2]" (counted from 1); by default those
               that moved farthest. All others are held at their values at the end.

        Raises ArgumentError for a kind, a name, or predictions that there are not.

        >>> import gradwork as gw
        >>> run = gw.descend("(a - 1)^2 + 10*b^2", {"a": 0.0, "b": 1.0})
        >>> run.picture("contour", "a", "b").figure.x_label
        'a'
        """
        from gradwork.descent.pictures import picture

        return picture(self, kind, names)

    def plot(self, kind: str = "loss", *names: str) -> Any:
        """The same pictures as figures of Matplotlib. Raises MissingExtraError where that is not installed."""
        return self.picture(kind, *names).plot()

    def __getstate__(self) -> dict[str, Any]:
        from gradwork.descent.portable import state_of

        return state_of(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Descent:
        own = ("params", "losses", "path", "path_steps", "leaves", "held_out")
        return replace(self, **{name: copy.deepcopy(getattr(self, name), memo) for name in own})

    def __repr__(self) -> str:
        return f"<Descent: {self.reason} after {self.steps:,} steps, loss {self.loss:.6g}>"
