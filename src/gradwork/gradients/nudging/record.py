"""What nudging gives: a frozen record of slopes, bars and losses, in the structure of the arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, Where
from gradwork.formats.display import Shown
from gradwork.gradients.nudging.subject import Array
from gradwork.notation.document import Document


@dataclass(frozen=True)
class Corner:
    """An entry at which the slopes on its two sides differ.

    index counts from 0; `result` is the place in what the function returned, () for one number.
    kind is "kink" where the slope jumps, "jump" where the function itself does (then no slope exists).
    op, where: the op that has the corner and its line, where the function could be traced.
    """

    name: str
    index: tuple[int, ...]
    left: float
    right: float
    kind: str = "kink"
    result: tuple[int, ...] = ()
    op: str = ""
    where: Where | None = None


@dataclass(frozen=True, eq=False)
class Nudged(Shown):
    """Slopes measured by nudging. Every measured field has the structure of the arguments asked for.

    Each array in it has the shape of the result + the shape of the argument; () + shape for one loss.

    gradient:    the slopes;  error: their bars: a slope further off than four bars is very probably not the true one.
    step:        the nudge of each entry, as floating point realised it (argument shapes).
    before:      the result at the point;  after, below: with the entry raised, and lowered, by the step. Fields of a
                 side that was not evaluated are None, or NaN for single entries.
    left, right: the one-sided slopes at that step;  curvature: the second difference.
    kinks:       the entries at a kink or a jump.
    power:       for each array by name, how small an error would have been seen: four bars, relative to the root mean
                 square of the array's slopes; kinks left out. nan where every slope is zero.
    ignored:     names of the arrays that make no difference, to the last bit. Where the graph shows that the function
                 does not use them at all, their slopes are exactly 0, without a bar.
    one_sided:   (name, index) of the entries where a step would have left the function's domain.
    mode, modes: how the nudges were evaluated, in one line and for each array by name: "definition", "coloured",
                 "structure", "per_unit", or "per_unit and structure" where some columns had to be nudged entry by
                 entry.
    colours:     in how many groups the entries shared their nudges; 0 where each was nudged by itself.
    unasked:     how many entries look like corners without the graph having been asked about them: there were so many
                 that it would have taken too long. There, one-sided slopes decide, as for a black box.
    assumed:     for each array what its mode takes for granted; every item was tested, and says how.
    partial:     an interrupt came: what was not done is NaN, with a bar without end.
    noise:       by how much one evaluation may be off, measured.
    """

    gradient: Any
    error: Any
    step: Any
    before: Any
    after: Any
    below: Any
    left: Any
    right: Any
    curvature: Any
    kinks: tuple[Corner, ...]
    power: Mapping[str, float]
    mode: str
    scheme: str
    evaluations: int
    ignored: tuple[str, ...]
    one_sided: tuple[tuple[str, tuple[int, ...]], ...]
    partial: bool
    noise: Any
    names: tuple[str, ...]
    arrays: Mapping[str, NudgedArray] = field(repr=False)
    modes: Mapping[str, str] = field(default_factory=dict)
    assumed: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    colours: int = 0
    unasked: int = 0

    def columns(self) -> dict[str, list[Array]]:
        """The slopes column by column: a matrix gives one vector a column, a bias vector gives itself.

        Stood side by side, the vectors of a matrix are its gradient, laid out as the matrix is.

        >>> import numpy as np, gradwork as gw
        >>> found = gw.nudge(lambda W: np.sum(W * np.array([[2.0, 6.0], [5.0, 4.0], [3.0, 2.0]])), np.ones((3, 2)))
        >>> [column.round(9).tolist() for column in found.columns()["W"]]
        [[2.0, 5.0, 3.0], [6.0, 4.0, 2.0]]

        Raises ArgumentError where the function returned an array: each of its entries has columns of its own.
        """
        if np.shape(self.before):
            raise ArgumentError(
                f"the function returned an array of shape {np.shape(self.before)}, and columns belong to one loss",
                hint="nudge one number, such as the mean",
            )
        found = {}
        for name, array in self.arrays.items():
            slopes = np.atleast_1d(array.slope)
            found[name] = [slopes] if slopes.ndim == 1 else [slopes[..., j] for j in range(slopes.shape[-1])]
        return found

    def document(
        self, *, rows: int = 6, columns: int = 6, digits: int = 6, title: str = "Slopes by nudging", loss: str = "loss"
    ) -> Document:
        """The page: one table an array, its weight columns as vectors, and these side by side. See `page.py`."""
        from gradwork.gradients.nudging.page import page

        return page(self, rows=rows, columns=columns, digits=digits, title=title, loss=loss)

    def table(self, name: str | None = None) -> list[dict[str, Any]]:
        """One row an entry: parameter, value, nudged, before, after, rise, nudge, slope, bar. For one loss only.

        The slope is the best estimate; rise/nudge is the plain quotient, which the scheme may have improved.
        """
        chosen = [self.arrays[name]] if name is not None else list(self.arrays.values())
        return [row for array in chosen for row in array.rows(float(self.before))]


@dataclass(frozen=True, eq=False)
class NudgedArray:
    """The measurements of one array: `value` and `step` in its shape, the rest in result shape + its shape."""

    name: str
    value: Array
    step: Array
    slope: Array
    bar: Array
    after: Array
    below: Array
    left: Array
    right: Array
    curvature: Array

    def rows(self, before: float) -> Iterator[dict[str, Any]]:
        """One row an entry; see `Nudged.table`."""
        for index in np.ndindex(self.value.shape):
            raised = np.isfinite(self.after[index])
            result = float(self.after[index] if raised else self.below[index])
            nudge = float(self.step[index] if raised else -self.step[index])
            yield {
                "parameter": self.name + (f"[{', '.join(str(i + 1) for i in index)}]" if index else ""),
                "index": index,
                "value": float(self.value[index]),
                "nudged": float(self.value[index]) + nudge,
                "before": before,
                "after": result,
                "rise": result - before,
                "nudge": nudge,
                "slope": float(self.slope[index]),
                "bar": float(self.bar[index]),
            }
