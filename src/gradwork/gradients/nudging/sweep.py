"""One slope measured with nudges of every size: too large a nudge bends, too small a one loses its digits.

On paper whose both axes are logarithms, the error against the size of the nudge is a V. Its right arm is truncation:
the function is no straight line over so wide a nudge. Its left arm is rounding: two losses that differ in their last
digits only. Where they meet, the slope is as exact as that scheme can make it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.errors import ArgumentError
from gradwork.formats.display import Shown
from gradwork.gradients.nudge import nudge
from gradwork.gradients.nudging.record import NudgedArray
from gradwork.gradients.nudging.sampler import Sampler, entries_of
from gradwork.gradients.nudging.start import in_its_precision, started
from gradwork.gradients.nudging.subject import Array, Subject
from gradwork.gradients.wrt import Wrt
from gradwork.graph.trace import Function

if TYPE_CHECKING:
    from gradwork.notation.document import Document

LARGEST, SMALLEST, PER_DECADE = 1, -16, 3  # the nudges, in powers of ten times the entry's scale


@dataclass(frozen=True, eq=False)
class Sweep(Shown):
    """The slope of one entry, measured with nudges of every size.

    name, index:      the entry; index counts from 0, and is () for a number.
    reference, bar:   its slope by the scheme "auto", and how exactly that is known.
    step:             the nudges, largest first, as floating point realised them.
    forward, central: the slopes; forward_error, central_error: how far off they are. NaN where the nudge leaves the
                      function's domain, or is lost in the entry's last digit.
    """

    name: str
    index: tuple[int, ...]
    value: float
    reference: float
    bar: float
    step: Array
    forward: Array
    central: Array
    forward_error: Array
    central_error: Array

    @property
    def best_forward(self) -> int:
        """The place of the best nudge one way."""
        return _best(self.forward_error)

    @property
    def best_central(self) -> int:
        """The place of the best nudge both ways."""
        return _best(self.central_error)

    def table(self) -> list[dict[str, float]]:
        """One row a nudge: nudge, forward, forward_error, central, central_error."""
        names = ("step", "forward", "forward_error", "central", "central_error")
        columns = zip(*(getattr(self, name).tolist() for name in names), strict=True)
        return [dict(zip(("nudge", *names[1:]), row, strict=True)) for row in columns]

    def document(self, *, digits: int = 6, title: str = "Slope error against the size of the nudge") -> Document:
        """The page: the V as a plot, in words, and as a table. See `sweep_page.py`."""
        from gradwork.gradients.nudging.sweep_page import page

        return page(self, digits=digits, title=title)


def _best(error: Array) -> int:
    """Where the error is least, its neighbours taken into account: a single hit is luck."""
    return int(np.nanargmin(envelope(error)))


def envelope(error: Array) -> Array:
    """The largest of each error and its two neighbours."""
    beside = np.fmax(np.append(error[1:], np.nan), np.append(np.nan, error[:-1]))
    return np.where(np.isfinite(error), np.fmax(error, beside), np.nan)


def sweep(
    f: Function,
    *args: Any,
    wrt: Wrt = 0,
    index: Sequence[int] | None = None,
    name: str | None = None,
    kwargs: Mapping[str, Any] | None = None,
) -> Sweep:
    """Measure one slope with nudges from ten times the entry's size down to its last digit, one way and both ways.

    wrt:   as in `nudge`;  name: which array of it, and index: which of its entries, counted from 0. Without them, the
           entry with the steepest slope is taken.

    Gives a `Sweep`. Raises ArgumentError where there is no such entry, and what `nudge` raises.

    >>> import numpy as np
    >>> found = sweep(lambda w: np.exp(w), 1.0)
    >>> 1e-11 < found.step[found.best_forward] < 1e-6 < found.step[found.best_central] < 1e-4
    np.True_

    Source: Press et al., Numerical Recipes, section 5.7; Nocedal and Wright, chapter 8.
    """
    found = nudge(f, *args, wrt=wrt, kwargs=kwargs)
    if np.shape(found.before):
        raise ArgumentError(
            f"the function returned an array of shape {np.shape(found.before)}, and a sweep shows one loss",
            hint="sweep one number, such as the mean",
        )
    array, place = _chosen(found.arrays, name, index)
    start = in_its_precision(started(f, args, kwargs or {}, wrt))
    steps, forward, central = _measured(start.subject, float(start.base[0]), array.name, place)
    reference, bar = float(array.slope[place]), float(array.bar[place])
    return Sweep(
        array.name, place, float(array.value[place]), reference, bar, steps, forward, central,
        np.abs(forward - reference), np.abs(central - reference),
    )  # fmt: skip


def _chosen(
    arrays: Mapping[str, NudgedArray], name: str | None, index: Sequence[int] | None
) -> tuple[NudgedArray, tuple[int, ...]]:
    if name is not None and name not in arrays:
        raise ArgumentError(f"no array that is nudged is named {name!r}", hint="one of " + ", ".join(arrays))
    among = {k: a for k, a in arrays.items() if name in (None, k) and a.slope.size}
    slopes = {k: np.nan_to_num(np.abs(a.slope), nan=0.0) for k, a in among.items()}
    if not slopes:
        raise ArgumentError("there is no entry to nudge", why="every array is empty")
    array = arrays[max(slopes, key=lambda k: float(slopes[k].max()))]
    if index is None:
        return array, tuple(map(int, np.unravel_index(int(slopes[array.name].argmax()), array.slope.shape)))
    place = tuple(index)
    if len(place) != array.slope.ndim or any(not 0 <= i < n for i, n in zip(place, array.slope.shape, strict=True)):
        raise ArgumentError(f"{array.name} has no entry {place}", why=f"its shape is {array.slope.shape}")
    return array, place


def _measured(subject: Subject, base: float, name: str, place: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """The nudges as realised, and the slopes one way and both ways."""
    entries = entries_of(subject)
    part = next(i for i in subject.moving if subject.parts[i].name == name)
    flat = int(np.ravel_multi_index(place, subject.parts[part].shape)) if place else 0
    row = int(np.flatnonzero((entries.part == part) & (entries.index == flat))[0])
    exponents = np.arange(LARGEST * PER_DECADE, SMALLEST * PER_DECADE - 1, -1) / PER_DECADE
    asked = 10.0 ** (np.rint(np.log10(entries.scale[row])) + exponents)
    samples = Sampler(subject, entries).sample(np.array([row]), np.concatenate([asked, -asked])[:, None])
    (up, down), (right, left) = np.split(samples.values[:, 0, 0], 2), np.split(samples.moved[:, 0], 2)
    with np.errstate(all="ignore"):
        forward, central = (up - base) / right, (up - down) / (right - left)
    felt = (right > 0) & (left < 0)
    return asked, np.where(felt, forward, np.nan), np.where(felt, central, np.nan)
