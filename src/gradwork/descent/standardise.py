"""Standardised columns: steps on columns with mean 0 and spread 1, and parameters in the data's own units.

Where a column meets the parameters only as `x*w + b` or `X @ W + b`, the same predictions come from the standardised
column (x - mean)/spread with w' = w*spread and b' = b + w*mean. That this is so is read off the graph of the loss, and
checked with numbers; a column that is used in another way is left as it is, or refused where it was asked for by name.

Source: LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, section 4.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwork.descent.column_totals import Standardised
from gradwork.descent.curvature import flat, shaped
from gradwork.descent.large import Large
from gradwork.descent.linear_columns import Column, Finding, NotLinear, Product, names_of
from gradwork.descent.problem import Array, Leaves, Problem, problem_of
from gradwork.descent.result import Descent
from gradwork.errors import ArgumentError

Wanted = bool | str | Sequence[str]


@dataclass(frozen=True, eq=False)
class Standard:
    """A problem with standardised columns, and the way back."""

    own: Problem
    columns: tuple[Column, ...]
    left: tuple[str, ...]

    def problem(self, own: Problem, drawn: bool = False) -> Problem:
        """A problem of the same kind, such as its held-out rows, with these columns standardised.

        drawn: whether its start is for the standardised columns already, as a random one is.
        """
        start = own.start if drawn else self.inward(own.start)
        if isinstance(own, Large):
            columns = {column.position: column for column in self.columns}
            return replace(own, source=Standardised(own.own, columns), start=start, _kept={})
        data = list(own.data)
        for column in self.columns:
            data[column.position] = column.standard(data[column.position])
        return replace(own, data=tuple(data), start=start, _kept={})

    def inward(self, leaves: Leaves) -> Leaves:
        """Parameters for the standardised columns, from those in the data's own units."""
        new = list(leaves)
        for column in self.columns:
            for product in column.products:
                weight = leaves[product.weight]
                shift = product.sign * column.shift(product, weight)
                new[product.weight] = new[product.weight] * column.scale(product, weight)
                _add(new, product, shift)
        return _as(new, leaves)

    def outward(self, leaves: Leaves) -> Leaves:
        """Parameters in the data's own units, from those for the standardised columns."""
        new = list(leaves)
        for column in self.columns:
            for product in column.products:
                new[product.weight] = new[product.weight] / column.scale(product, leaves[product.weight])
        own = list(new)
        for column in self.columns:
            for product in column.products:
                _add(new, product, -product.sign * column.shift(product, own[product.weight]))
        return _as(new, leaves)

    def put_back(self, found: Descent) -> Descent:
        """The result of a run on the standardised columns, in the data's own units."""
        leaves = self.outward(list(found.leaves))
        path = np.array([flat(self.outward(shaped(row, list(found.leaves)))) for row in found.path])
        again = found.again
        start = self.outward(found.problem.start)
        return replace(
            found,
            params=self.own.params(leaves),
            leaves=tuple(leaves),
            path=path.reshape(found.path.shape),
            problem=replace(self.own, start=start),
            loss=self.own.value(leaves),
            notes=(*found.notes, *self.notes()),
            again=None if again is None else lambda rate, most: self.put_back(again(rate, most)),
        )

    def notes(self) -> tuple[str, ...]:
        """What was standardised, for the page."""
        said = [f"{c.name} is standardised: ({c.name} - {_listed(c.mean)})/{_listed(c.spread)}" for c in self.columns]
        worked = "steps are taken, and worked below, with these; the parameters are given in the data's own units"
        kept = [f"left as they are: {', '.join(self.left)}"] if self.left else []
        return (*said, worked, *kept)


def standard_of(problem: Problem, wanted: Wanted) -> Standard:
    """The standardised columns of a problem.

    wanted: True for all that can be put back; names for these and no others.
    Raises ArgumentError for a column that was named and cannot be put back, and where there is none.

    >>> from gradwork.descent.problem import problem_of
    >>> x, y = np.array([10.0, 20.0, 30.0]), np.array([1.0, 2.0, 4.0])
    >>> problem = problem_of("mean((x*w + b - y)^2)", {"w": 0.5, "b": 1.0}, {"x": x, "y": y}, "numpy")
    >>> standard = standard_of(problem, True)
    >>> standard.left, [round(float(v), 6) for v in standard.inward(problem.start)]
    (('y',), [4.082483, 11.0])
    """
    names = names_of(problem)
    asked = (wanted,) if isinstance(wanted, str) else () if wanted is True else tuple(wanted or ())
    for name in asked:
        if name not in names:
            raise ArgumentError(f"there is no data called {name!r}", why=f"the data are {', '.join(names) or 'none'}")
    found = Finding(problem)
    columns, refused = [], {}
    for position, name in enumerate(names):
        if asked and name not in asked:
            continue
        try:
            columns.append(found.column(position, name))
        except NotLinear as refusal:
            refused[name] = str(refusal)
    if refused and (asked or not columns):
        name, why = next(iter(refused.items()))
        raise ArgumentError(
            f"{name} cannot be standardised" if asked else "no column can be standardised",
            why=f"{name} {why}; only x*w + b and X @ W + b can be put back into the data's own units",
            hint="standardise the column before, and give the model that",
        )
    if not columns:
        raise ArgumentError("there is no data to standardise")
    standard = Standard(problem, tuple(columns), tuple(name for name in names if name in refused))
    _check_equal(standard)
    return standard


def own_units(loss: Any, start: Any, data: Any, wanted: Wanted) -> Any:
    """A start for the standardised columns, in the data's own units."""
    problem = problem_of(loss, start, data, "numpy")
    return problem.params(standard_of(problem, wanted).outward(problem.start))


def _check_equal(standard: Standard) -> None:
    """Whether the loss is the same on both sides, at a few points. Raises ArgumentError."""
    inside, own = standard.problem(standard.own), standard.own
    if isinstance(inside, Large) and isinstance(own, Large):
        inside, own = inside.plain(inside.sample), own.plain(own.sample)
    r = np.random.default_rng(0)
    for _ in range(3):
        leaves = [np.asarray(r.normal(size=np.shape(leaf)), dtype=leaf.dtype)[()] for leaf in inside.start]
        with np.errstate(all="ignore"):
            one, other = inside.value(leaves), own.value(standard.outward(leaves))
        close = 1e3 * np.sqrt(float(np.finfo(inside.start[0].dtype).eps))
        if np.isfinite(one) and np.isfinite(other) and not np.isclose(one, other, rtol=close, atol=0):
            raise ArgumentError(
                "the columns cannot be standardised",
                why=f"put back into the data's own units the loss would be {other:.6g} instead of {one:.6g}",
                hint="standardise the columns before, and give the model those",
            )


def _add(leaves: Leaves, product: Product, shift: Array) -> None:
    if product.bias is not None:
        leaves[product.bias] = leaves[product.bias] + _fitting(shift, np.shape(leaves[product.bias]))
        return
    # The column of ones is not standardised, so its mean is 0 here, and its own row adds nothing to the shift.
    weight = np.array(leaves[product.weight])
    weight[product.row] = weight[product.row] + shift.reshape(np.shape(weight[product.row])) / product.ones
    leaves[product.weight] = weight


def _fitting(shift: Array, shape: tuple[int, ...]) -> Array:
    """The shift of all rows in the shape of the bias, which is the same for each of them."""
    wide = shift.reshape((1,) * max(0, len(shape) - shift.ndim) + shift.shape)
    aligned = (1,) * (wide.ndim - len(shape)) + shape
    for axis, size in enumerate(aligned):
        if size == 1:
            wide = np.take(wide, [0], axis=axis)
    return wide.reshape(shape)


def _as(new: Leaves, like: Leaves) -> Leaves:
    return [
        np.asarray(a, dtype=b.dtype).reshape(np.shape(b)) if np.ndim(b) else b.dtype.type(np.ravel(a)[0])
        for a, b in zip(new, like, strict=True)
    ]


def _listed(numbers: Array) -> str:
    flat_ = np.ravel(numbers)
    if flat_.size == 1:
        return f"{float(flat_[0]):.6g}"
    shown = ", ".join(f"{float(v):.4g}" for v in flat_[:4])
    return f"[{shown}{', ...' if flat_.size > 4 else ''}]"
