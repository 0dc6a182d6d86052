"""Whether a loss is a sum over rows, read off its graph: then its gradient can be put together from parts of the rows.

The loss is traced with few rows, twice. On the way through the graph each entry of each node is one of four kinds: it
hangs on no row, on one row alone, it is added up from rows, or it mixes rows in another way (`kinds_of_rows.py`). A
loss that is added up from all rows alike, each by an amount that is the same for 5 rows and for 7 (a sum), or that
shrinks as one over their number (a mean), can be split. For any other the first node that mixes rows is named. At last
numbers have to agree: a weight that hangs on the place of a row is not seen in the kinds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.descent.kinds_of_rows import ADDED, FREE, MIXED, Kinds
from gradwork.errors import ArgumentError, GradworkError
from gradwork.graph.trace import Trace, trace_call

if TYPE_CHECKING:
    from gradwork.descent.problem import Problem

FEW = (5, 7)  # rows; two odd numbers, so that what is made for pairs or for one number of rows does not fit both
HEADLINE = "this loss cannot be split over rows"
WHY = "parts of the rows are worked out apart and put together, so each row has to add a share of its own to the loss"
HINT = "a loss that is a mean or a sum over rows; or no executor, and data that fit into memory"
Batch = tuple[Any, ...]


@dataclass(frozen=True)
class Split:
    """How a loss is put together from parts of its rows.

    is_mean:  each part counts by its share of the rows; else the parts are added up.
    has_more: a sum that also has a term of the parameters alone, which would be counted once a part.
    """

    is_mean: bool
    has_more: bool = False

    def weight(self, count: int, of: int) -> float:
        """What a part with `count` of all rows is multiplied by."""
        return count / of if self.is_mean else 1.0


def split_of(problem: Problem, batch: Batch) -> Split:
    """How the loss is split over rows; `batch` are some rows of the data.

    Raises ArgumentError, with the line, for a loss that is neither a sum nor a mean over rows.

    >>> from gradwork.descent.problem import problem_of
    >>> x = np.arange(6.0)
    >>> problem = problem_of(lambda w, x: np.sum((w - x) ** 2) + w**2, 1.0, x, "numpy")
    >>> split_of(problem, (x,))
    Split(is_mean=False, has_more=True)
    """
    found = [_amount(problem, _few(problem, batch, few), few) for few in FEW]
    (one, more), (other, _) = found
    if one is None or other is None or math.isclose(one * FEW[0], other * FEW[1], rel_tol=1e-6):
        split = Split(is_mean=True)
    elif math.isclose(one, other, rel_tol=1e-6):
        split = Split(is_mean=False, has_more=more)
    else:
        raise ArgumentError(
            HEADLINE,
            details=(f"a row counts {one:.6g} times among {FEW[0]} rows, and {other:.6g} times among {FEW[1]}",),
            why="a row of a sum counts as much whatever the number of rows, one of a mean as one over their number",
            hint="a sum over rows or a mean over rows, not the one plus the other; a mean in place of a sum over n - 1",
        )
    _confirm(problem, _few(problem, batch, FEW[1]), split)
    return split


def put_together(
    split: Split, parts: Iterable[tuple[int, Any, list[Any]]], rows: int, without: Callable[[], tuple[Any, list[Any]]]
) -> tuple[Any, list[Any]]:
    """The loss and the gradient of all rows from those of parts, each (rows of the part, value, gradient), in order.

    without: gives the loss and the gradient of no row at all.
    """
    loss: Any = None
    gradient: list[Any] = []
    many = 0
    for count, value, slopes in parts:
        weight = split.weight(count, rows)
        many += 1
        if loss is None:
            loss, gradient = weight * value, [weight * slope for slope in slopes]
        else:
            loss = loss + weight * value
            gradient = [total + weight * slope for total, slope in zip(gradient, slopes, strict=True)]
    if split.has_more and many > 1:
        value, slopes = without()
        loss = loss - (many - 1) * value
        gradient = [total - (many - 1) * slope for total, slope in zip(gradient, slopes, strict=True)]
    return loss, gradient


def without_rows(problem: Problem, batch: Batch) -> Batch:
    """The same data with no row left."""
    return tuple(d[:0] if v else d for d, v in zip(batch, problem.varying, strict=True))


# -- on the graph -----------------------------------------------------------------------------------------------------


def _few(problem: Problem, batch: Batch, few: int) -> Batch:
    count = next(len(d) for d, v in zip(batch, problem.varying, strict=True) if v)
    rows = np.arange(few) % count
    return tuple(np.asarray(d)[rows] if v else d for d, v in zip(batch, problem.varying, strict=True))


@np.errstate(all="ignore")
def _amount(problem: Problem, batch: Batch, count: int) -> tuple[float | None, bool]:
    """How much a row counts in the loss, None where none does; and whether there is a term without rows."""
    try:
        traced = trace_call(
            lambda leaves, *data: problem.f(problem.params(leaves), *data), (_moved(problem.start), *batch), {}
        )
    except GradworkError as error:
        raise ArgumentError(
            f"the loss cannot be worked out on {count} rows",
            where=error.where,
            details=(error.headline,),
            why=WHY,
            hint="a loss that takes any number of rows; what has a row for each row belongs to the data",
        ) from error
    inputs = [traced.argument(place + 1).inputs for place, varying in enumerate(problem.varying) if varying]
    kinds = Kinds(traced.graph, traced.values, {i for found in inputs for i in found}, count)
    _check_guards(traced, kinds)
    output = traced.graph.outputs[0]
    kind = int(kinds.at(output).kind.reshape(-1)[0])
    if kind == FREE:
        return None, False
    if kind == MIXED:
        raise _mixed(traced, kinds.mixed_by[output])
    if kind != ADDED:
        raise ArgumentError(HEADLINE, details=(f"it looks at row {kind + 1} alone",), why=WHY, hint=HINT)
    amounts = kinds.at(output).amounts.reshape(-1)
    if not np.allclose(amounts, amounts[0], rtol=1e-6):
        odd = int(np.argmax(~np.isclose(amounts, amounts[0], rtol=1e-6)))
        told = f"row 1 counts {amounts[0]:.6g} times, row {odd + 1} {amounts[odd]:.6g} times"
        raise ArgumentError(HEADLINE, details=(told,), why=WHY, hint=HINT)
    return float(amounts[0]), output in kinds.with_more


def _mixed(traced: Trace, position: int) -> ArgumentError:
    node = traced.graph.nodes[position]
    name = f" ({node.name})" if node.name else ""
    told = f"{node.op}{name} is taken of what hangs on several rows, and mixes them"
    return ArgumentError(HEADLINE, where=node.where, details=(told,), why=WHY, hint=HINT)


def _check_guards(traced: Trace, kinds: Kinds) -> None:
    for guard in traced.graph.guards:
        if np.any(kinds.at(guard.node).kind != FREE):
            told = "a decision on the way (an `if`) hangs on the rows, and may come out otherwise for other rows"
            hint = "np.where in place of the if"
            raise ArgumentError(HEADLINE, where=guard.where, details=(told,), why=WHY, hint=hint)


def _moved(start: list[Any]) -> list[Any]:
    """A point beside the start: where parameters are 0, a term that mixes rows might not show in numbers."""
    random = np.random.default_rng(0)
    moved = [leaf + np.asarray(0.01 * random.normal(size=np.shape(leaf)), dtype=leaf.dtype) for leaf in start]
    return [m if np.ndim(m) else leaf.dtype.type(m) for m, leaf in zip(moved, start, strict=True)]


# -- in numbers -------------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def _confirm(problem: Problem, batch: Batch, split: Split) -> None:
    """Raise ArgumentError where parts, put together, are not the whole."""
    for leaves in (problem.start, _moved(problem.start)):
        try:
            whole, slopes = problem.value_and_gradient(leaves, batch)
            value, gradient, size = _from_pieces(problem, leaves, batch, split)
        except GradworkError as error:
            told = f"on fewer rows: {error.headline}"
            raise ArgumentError(HEADLINE, where=error.where, details=(told,), why=WHY, hint=HINT) from error
        if not (np.isfinite(whole) and all(np.all(np.isfinite(s)) for s in slopes)):
            continue  # told where the start is looked at, or in the step that it happens in
        steepest = max((float(np.max(np.abs(s), initial=0.0)) for s in slopes), default=0.0)
        exact = float(np.sqrt(np.finfo(np.result_type(*problem.start)).eps))
        pairs = [(value, whole, size), *((g, s, steepest) for g, s in zip(gradient, slopes, strict=True))]
        if all(np.allclose(a, b, rtol=exact, atol=exact * most) for a, b, most in pairs):
            continue
        raise ArgumentError(
            HEADLINE,
            details=(f"on {FEW[1]} rows it is {float(whole):.6g}, put together from parts of them {float(value):.6g}",),
            why="a row counts otherwise in another place or beside other rows, for instance by a weight for its place",
            hint="weights as a column of the data",
        )


def _from_pieces(problem: Problem, leaves: Any, batch: Batch, split: Split) -> tuple[Any, list[Any], float]:
    """The loss and its gradient from three pieces of unlike size, and the size of the largest loss among them."""
    spans = (slice(0, 2), slice(2, 3), slice(3, FEW[1]))
    found = []
    for span in spans:
        piece = tuple(d[span] if v else d for d, v in zip(batch, problem.varying, strict=True))
        found.append((span.stop - span.start, *problem.value_and_gradient(leaves, piece)))
    none = without_rows(problem, batch)
    value, gradient = put_together(split, found, FEW[1], lambda: problem.value_and_gradient(leaves, none))
    return value, gradient, max(abs(float(loss)) for _, loss, _ in found)
