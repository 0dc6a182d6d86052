"""Axes: what part of the plane a figure shows, and where its ticks stand. All formats draw the same axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gradwork.notation.document import Curve, Dot, Figure
from gradwork.notation.numbers import decimal_text

_LARGEST = 1e300  # beyond this, differences overflow
_SMALLEST = 1e-290  # below this, they have no digits left
_LEAST, _MOST = 1e-305, 1e305  # where a logarithmic axis ends: its margins leave the floats before its values do


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis from `low` to `high`, with its ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high end."""
        if self.logarithmic:
            low = math.log(self.low)
            return (math.log(value) - low) / (math.log(self.high) - low)
        return (value - self.low) / (self.high - self.low)

    def labels(self) -> tuple[str, ...]:
        """What stands at the ticks, with as many digits as tell them apart."""
        if self.logarithmic:
            return tuple(_power(tick) for tick in self.ticks)
        return tuple(decimal_text(tick, 6) for tick in self.ticks)


def axes(figure: Figure) -> tuple[Axis, Axis]:
    """The horizontal and the vertical axis of a figure; both hold every point that can be shown."""
    kinds = [axis_of_powers if letter in figure.logarithmic else axis for letter in "xy"]
    if figure.window is not None:
        left, right, bottom, top = figure.window
        return kinds[0]((left, right)), kinds[1]((bottom, top))
    points = [*_all_points(figure)]
    room = 0.03 if any(curve.kind == "points" for curve in figure.curves) else 0.0
    across = kinds[0]((x for x, _ in points), margin=room)
    if all(x == int(x) for x, _ in points):  # of steps or rows there are no halves
        whole = tuple(tick for tick in across.ticks if tick == int(tick))
        across = replace(across, ticks=whole or across.ticks)
    return across, kinds[1]((y for _, y in points), margin=0.05)


def _all_points(figure: Figure) -> Iterator[tuple[float, float]]:
    for curve in figure.curves:
        for run in runs(curve, figure):
            yield from run
    yield from ((dot.x, dot.y) for dot in dots(figure))


def runs(curve: Curve, figure: Figure) -> Iterator[list[tuple[float, float]]]:
    """The curve's unbroken stretches: NaN, infinity and what has no logarithm break it."""
    run: list[tuple[float, float]] = []
    for x, y in zip(curve.x, curve.y, strict=False):
        if drawable(x, y, figure.logarithmic):
            run.append((float(x), float(y)))
        elif run:
            yield run
            run = []
    if run:
        yield run


def dots(figure: Figure) -> Iterator[Dot]:
    """The dots that can be shown."""
    for dot in figure.dots:
        if drawable(dot.x, dot.y, figure.logarithmic) and _within(dot, figure.window):
            yield dot


def _within(dot: Dot, window: tuple[float, float, float, float] | None) -> bool:
    return window is None or (window[0] <= dot.x <= window[1] and window[2] <= dot.y <= window[3])


def drawable(x: float, y: float, logarithmic: str = "") -> bool:
    """Whether a point can be shown: NaN, the infinities and what is nearly as large cannot."""
    if ("x" in logarithmic and not x > 0) or ("y" in logarithmic and not y > 0):
        return False
    return abs(x) < _LARGEST and abs(y) < _LARGEST


Place = tuple[float, float]


def clipped(start: Place, end: Place) -> tuple[Place, Place] | None:
    """The part of a line that lies in the unit square; None where none does.

    A window may show a small part of a curve that goes far beyond it.

    >>> clipped((-1.0, 0.5), (3.0, 0.5))
    ((0.0, 0.5), (1.0, 0.5))

    Source: Liang and Barsky, A New Concept and Method for Line Clipping, 1984.
    """
    first, last = 0.0, 1.0
    for here, there in zip(start, end, strict=True):
        way = there - here
        if way == 0:
            if not 0 <= here <= 1:
                return None
            continue
        enter, leave = sorted(((0 - here) / way, (1 - here) / way))
        first, last = max(first, enter), min(last, leave)
    if first > last:
        return None
    return _between(start, end, first), _between(start, end, last)


def _between(start: Place, end: Place, share: float) -> Place:
    """A point of the line. Rounding may carry one of the edge out of the square, by little."""
    x, y = (min(1.0, max(0.0, a * (1 - share) + b * share)) for a, b in zip(start, end, strict=True))
    return x, y


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


def axis_of_powers(values: Iterable[float], margin: float = 0.0, count: int = 5) -> Axis:
    """A logarithmic axis around values above 0, with about `count` ticks.

    >>> axis_of_powers([0.02, 5000.0]).ticks
    (0.1, 1.0, 10.0, 100.0, 1000.0)
    >>> axis_of_powers([3.0, 70.0]).ticks
    (5.0, 10.0, 20.0, 50.0)
    """
    found = [value for value in values if value > _SMALLEST] or [1.0, 10.0]
    low, high = min(found), max(found)
    if high <= low * (1 + 1e-9):
        low, high = low / 2, high * 2
    extra = math.exp(margin * (math.log(high) - math.log(low)))
    low, high = max(low / extra, _LEAST), min(high * extra, _MOST)
    return Axis(low, high, _powers(low, high, count), logarithmic=True)


def _powers(low: float, high: float, count: int) -> tuple[float, ...]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = math.log10(high) - math.log10(low)
    if decades < 1:  # round numbers as on any other axis tell more
        return tuple(tick for tick in _ticks(low, high, count) if low <= tick <= high)
    factors = (1, 2, 5) if decades < 2 else (1, 3) if decades < 2.5 else (1,)
    apart = max(1, math.ceil(decades / (count + 1)))
    ticks = (float(f"{factor}e{p}") for p in range(first, last + 1) if p % apart == 0 for factor in factors)
    return tuple(tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9))


def _power(value: float) -> str:
    """A power of ten in full where it is short.

    >>> [_power(10.0 ** p) for p in (-4, -3, 0, 4, 5)]
    ['1e-4', '0.001', '1', '10000', '1e5']
    """
    if 1e-3 * 0.99 < value < 1e5 * 0.99:
        return decimal_text(value, 6)
    mantissa, _, exponent = f"{value:.5e}".partition("e")
    return f"{decimal_text(float(mantissa), 6)}e{int(exponent)}"
