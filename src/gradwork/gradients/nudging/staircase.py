"""Stairs inside a black box: a part that is rounded to single precision, perhaps beside a large constant.

Rounded to single precision, 1000000 + w^2 moves in steps of 0.06. Small nudges of w meet none of them, so that the
part seems not to move at all, and everything else looks smooth. But larger nudges do meet them: the slope that they are
drawn on to differs from that of tiny nudges. Where it does, a stretch of a line through the point is cut in half, and
the half that departs further from a straight line in half again, until it is so short that a smooth function cannot
depart from the line there any more. What is left is a step. One step may be the function's own; two of one height are
taken for stairs, and their height for noise: no slope is known better than that.

What this does not find: stairs so high that the function goes less than two of them within a quarter of its argument,
and stairs in a function that turns so fast that no straight piece of it can be seen.

Source: bisection; that quantised values are read as noise of the height of a step is the usual view of rounding.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradwork.gradients.nudging.subject import Array

FIRST, LAST, SHORTEST = (
    -2,
    -13,
    -26,
)  # how far along the line steps are looked for, and when they are found: powers of two
STRETCHES = (4, 32, 256)  # how many times as long as the shortest suspect are the stretches that are searched
AGAIN = 6  # halvings, over which a step stays what it is, a corner falls to a 64th, and a curve further
LEAST = 2.0**-28  # of the result: steps of single precision are not lower
ALIKE = 4.5  # two steps of single precision are of one height, or one is twice or four times the other

Along = Callable[[float], Array]  # the result at so much of the way along the line


def height_of_stairs(along: Along, base: Array, slope: Array, known: Array, noise: Array) -> Array:
    """The height of the steps in which each result moves along a line from the point; 0 where there are none.

    along: the function on the line, at 0 the point; slope: of each result along it, measured with tiny nudges;
    known: how exactly.
    """
    floor = np.fmax(8 * noise, LEAST * np.abs(base))
    if not slope.any():
        # Tiny nudges moved nothing at all: there may be lower stairs beside high ones.
        return np.fmax(*(_searched(along, base, slope, least, 2.0**FIRST) for least in (8 * noise, floor)))
    suspects = _suspects(along, slope, known, floor / 8)
    # At the shortest distance there is one step, perhaps; two of them lie further apart than nobody knows.
    for end in sorted({min(times * suspects[0], 2.0**FIRST) for times in STRETCHES}) if suspects else ():
        height = _searched(along, base, slope, floor, end)
        if height.any():
            return height
    return np.zeros_like(base)


def _suspects(along: Along, slope: Array, known: Array, noise: Array) -> list[float]:
    """The distances, shortest first, at which the slope that nudges are drawn on to is not that of tiny nudges."""
    found = []
    finer = None
    for exponent in range(LAST, FIRST + 1):
        distance = 2.0**exponent
        with np.errstate(all="ignore"):
            wide = (along(distance) - along(-distance)) / (2 * distance)
            if finer is not None:
                drawn_on = finer + (finer - wide) / 3
                off = np.abs(drawn_on - finer) + known + 2 * noise / distance
                if (np.abs(drawn_on - slope) > 4 * off).any():
                    found.append(distance)
        finer = wide
    return found


def _searched(along: Along, base: Array, slope: Array, floor: Array, end: float) -> Array:
    """The height of two steps above `floor` between the point and `end` along the line; 0 where no two are alike."""
    nothing = np.zeros_like(base)

    def departure(a: float, low: Array, b: float, high: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.nan_to_num(np.abs(high - low - slope * (b - a)), nan=0.0, posinf=0.0)

    def narrowed(a: float, b: float) -> tuple[float, Array]:
        """The place of a step between `a` and `b`, and its height; 0 where there is none."""
        low, high = along(a), along(b)
        left = [departure(a, low, b, high)]
        for _ in range(-SHORTEST):
            if not (left[-1] > floor).any():
                return b, nothing
            if b - a <= 2.0**SHORTEST:
                break
            middle = (a + b) / 2
            between = along(middle)
            first, second = departure(a, low, middle, between), departure(middle, between, b, high)
            lead = int(np.argmax(np.fmax(first, second) / np.fmax(floor, np.finfo(float).tiny)))
            if first[lead] >= second[lead]:
                b, high = middle, between
            else:
                a, low = middle, between
            left.append(departure(a, low, b, high))
        return b, np.where(_stays(left) & (left[-1] > floor), left[-1], 0.0)

    def _stays(left: list[Array]) -> Array:
        return np.asarray(left[-1] > 0.5 * left[-1 - min(AGAIN, len(left) - 1)])

    while not np.isfinite(along(end)).all() and end > 2.0**-10:
        end /= 4  # that far, the line leaves the function's domain
    place, height = narrowed(0.0, end)
    if not height.any():
        return nothing
    gap = 2.0 ** (SHORTEST + 1)
    other = (place + gap, end) if end - place > place else (0.0, max(place - gap, 0.0))
    _, second = narrowed(*other)
    alike = (second > height / ALIKE) & (second < height * ALIKE)
    return np.where(alike, np.fmax(height, second), 0.0)
