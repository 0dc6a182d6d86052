"""Axes: what part of the plane a figure shows, and where its ticks stand. All formats draw the same axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gradwork.notation.document import Curve, Figure
from gradwork.notation.numbers import decimal_text

_LARGEST = 1e300  # beyond this, differences overflow
_SMALLEST = 1e-290  # below this, they have no digits left


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis from `low` to `high`, with its ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high end."""
        return (value - self.low) / (self.high - self.low)

    def labels(self) -> tuple[str, ...]:
        """What stands at the ticks, with as many digits as tell them apart."""
        return tuple(decimal_text(tick, 6) for tick in self.ticks)


def axes(figure: Figure) -> tuple[Axis, Axis]:
    """The horizontal and the vertical axis of a figure; both hold every finite point."""
    points = [*_all_points(figure)]
    return axis(x for x, _ in points), axis((y for _, y in points), margin=0.05)


def _all_points(figure: Figure) -> Iterator[tuple[float, float]]:
    for curve in figure.curves:
        for run in runs(curve):
            yield from run
    yield from ((dot.x, dot.y) for dot in figure.dots if drawable(dot.x, dot.y))


def runs(curve: Curve) -> Iterator[list[tuple[float, float]]]:
    """The curve's unbroken stretches: NaN and infinity break it."""
    run: list[tuple[float, float]] = []
    for x, y in zip(curve.x, curve.y, strict=False):
        if drawable(x, y):
            run.append((float(x), float(y)))
        elif run:
            yield run
            run = []
    if run:
        yield run


def drawable(x: float, y: float) -> bool:
    """Whether a point can be shown: NaN, the infinities and what is nearly as large cannot."""
    return abs(x) < _LARGEST and abs(y) < _LARGEST


def axis(values: Iterable[float], margin: float = 0.0, count: int = 5) -> Axis:
    """An axis around the values, with about `count` ticks at round numbers.

    >>> axis([0.0, 9.7]).ticks
    (0.0, 2.0, 4.0, 6.0, 8.0)
    """
    found = [*values] or [0.0, 1.0]
    low, high = min(found), max(found)
    largest = max(abs(low), abs(high))
    if high - low <= max(largest * 1e-12, _SMALLEST):
        room = largest * 0.1 if largest > _SMALLEST * 1e20 else 1.0
        low, high = low - room, high + room
    extra = margin * (high - low)
    low, high = low - extra, high + extra
    return Axis(low, high, _ticks(low, high, count))


def _ticks(low: float, high: float, count: int) -> tuple[float, ...]:
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((power * factor for factor in (1, 2, 5) if power * factor >= rough), power * 10)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    # Rounding takes away the 0.30000000000000004 of 3 * 0.1.
    digits = max(0, min(300, 2 - math.floor(math.log10(step))))
    return tuple(round(i * step, digits) + 0.0 for i in range(first, last + 1))
