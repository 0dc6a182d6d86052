"""How exactly the function can be evaluated: its own rounding noise, measured and not guessed.

A guess of one unit in the last place is wrong for long sums, for results of iterations, and where rounding is
magnified inside the function, as in cos(30 x).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np

from gradwork.gradients.nudging.sampler import Entries
from gradwork.gradients.nudging.staircase import height_of_stairs
from gradwork.gradients.nudging.subject import Array, Subject

POINTS = 9
SAFETY = 3.0
BEYOND = 32  # a corner may lie so near the point that only this part of a change of slope is seen before it
# Neighbouring points: once so close that the function is a straight line to the last digit, and once further apart than
# numbers of single precision lie, so that a function that works in single precision inside is found out.
# For a black box, and where hardly anything moves, a third time still further apart: 1 - tanh(15) moves in steps of
# the unit of 1.
CLOSE, APART, FAR = -44, -20, -14


@dataclass(frozen=True, eq=False)
class Line:
    """What was seen along one random direction: `slope` by that direction, and how exactly it is known.

    reach: by how much each entry moves when the direction is followed for a length of one.
    """

    reach: Array
    slope: Array
    error: Array


@dataclass(frozen=True, eq=False)
class Noise:
    """`size`: how far one evaluation may be off, one number a result; `unit`: of the precision that it works in."""

    size: Array
    unit: float
    line: Line | None = None


def measure_noise(subject: Subject, entries: Entries, base: Array, unit: float, double: bool = False) -> Noise:
    """Evaluate at nine points along a random direction, close together, then further apart, and read the noise off.

    base: the result at the point; unit: 2^-53, or 2^-24 for a function of single precision; double: the graph shows
    that nothing on the way is of single precision.

    Source: ECNoise, More and Wild 2011: the k-th differences of a smooth function vanish, those of noise do not;
    their mean square is (2k)!/(k!)^2 times its variance.
    """
    # Each by its own size, so that a small entry among large ones is not thrown far away.
    own = np.where(entries.value != 0, np.abs(entries.value), entries.scale)
    reach = np.random.default_rng(0).standard_normal(len(entries.value)) * own
    coarser = 0 if unit < 2.0**-30 else 30
    size = (6 if coarser else 4) * unit * np.abs(base)
    spacing = 2.0 ** (CLOSE + coarser)
    table = _along(subject, entries, reach * spacing)
    with np.errstate(all="ignore"):
        size = np.fmax(size, SAFETY * _deviation(table, (3, 4, 5, 6)))
        line = _line(table, base, reach, spacing, size)
        for exponent in (APART, FAR) if not coarser else ():
            still = (np.diff(table, axis=0) == 0).mean(axis=0) > 0.5
            if exponent == FAR and double and not still.any():
                break
            spacing = 2.0**exponent
            table = _along(subject, entries, reach * spacing)
            deviation = np.fmin(_deviation(table, (5, 6)), _unmoved_by_a_corner(table))
            # Where nothing is rounded to single precision, what looks like noise there is a function that turns fast.
            counts = still if double else np.ones_like(still)
            size = np.where(counts, np.fmax(size, SAFETY * deviation), size)
            size = np.fmax(size, SAFETY * _grain(table))
            line = _sharper(line, _line(table, base, reach, spacing, size), double)
        if not coarser and not double:
            size = np.fmax(size, _stairs(subject, entries, reach, base, line, size))
    return Noise(size, unit, line)


def _sharper(close: Line, apart: Line, double: bool) -> Line:
    """Of two measurements of one line, for each result the one that is known more exactly.

    Where they contradict each other, one of them is right: the close one if all is of double precision; otherwise what
    is rounded to single precision stands still close by.
    """
    agree = np.abs(close.slope - apart.slope) <= 4 * (close.error + apart.error)
    better = np.where(agree, apart.error < close.error, not double)
    return Line(close.reach, np.where(better, apart.slope, close.slope), np.where(better, apart.error, close.error))


def _stairs(subject: Subject, entries: Entries, reach: Array, base: Array, line: Line, noise: Array) -> Array:
    def along(share: float) -> Array:
        return np.asarray(_along(subject, entries, reach * share, 1)[0])

    return height_of_stairs(along, base, line.slope, line.error, noise)


def _along(subject: Subject, entries: Entries, step: Array, points: int = POINTS) -> Array:
    """The results at nine points in a row, (9, results). The point itself, often a corner, is not among them."""
    found = []
    kept = [None if w is None else w.copy() for w in subject.work]
    with np.errstate(all="ignore"):
        for k in range(1, points + 1):
            for part in subject.moving:
                work, mine = subject.work[part], entries.part == part
                assert work is not None
                work[:] = entries.value[mine] + k * step[mine]
            try:
                found.append(subject.value())
            except (ArithmeticError, ValueError):
                found.append(np.full(int(np.prod(subject.shape)), np.nan))
            finally:
                for work, before in zip(subject.work, kept, strict=True):
                    if work is not None and before is not None:
                        work[:] = before
    return np.array(found)


def _deviation(table: Array, levels: tuple[int, ...]) -> Array:
    found = []
    for level in levels:
        squares = np.diff(table, level, axis=0) ** 2
        found.append(np.sqrt(np.mean(squares, axis=0) / _growth(level)))
    deviation = np.median(found, axis=0)
    return np.where(np.isfinite(deviation), deviation, 0.0)


def _unmoved_by_a_corner(table: Array) -> Array:
    """The same from the third differences, by their median: a corner between two points is in half of them at most."""
    middle = np.median(np.abs(np.diff(table, 3, axis=0)), axis=0)
    deviation = middle / 0.6745 / np.sqrt(_growth(3))
    return np.where(np.isfinite(deviation), deviation, 0.0)


def _grain(table: Array) -> Array:
    """The largest power of two of which all rises are multiples: the sum of numbers near 1 moves in units of 1.

    0 where too few rises differ to tell, as those of a staircase.
    """
    rises = np.sort(np.abs(np.diff(table, axis=0)), axis=0)
    counts = (rises > 0) & np.isfinite(rises)
    different = (np.diff(rises, axis=0, prepend=0.0) > 0) & counts
    mantissa, exponent = np.frexp(np.where(counts, rises, 1.0))
    digits = (mantissa * 2.0**53).astype(np.int64)
    last = np.where(counts, exponent - 53 + np.log2((digits & -digits).astype(np.float64)), np.inf)
    return np.where(different.sum(axis=0) >= 3, np.exp2(last.min(axis=0)), 0.0)


def _growth(level: int) -> float:
    return factorial(2 * level) / factorial(level) ** 2


def _line(table: Array, base: Array, reach: Array, spacing: float, noise: Array) -> Line:
    width = (POINTS - 1) * spacing
    middle = (POINTS - 1) // 2
    slope = (table[-1] - table[0]) / width
    bend = np.abs(table[-1] - 2 * table[middle] + table[0])
    # A corner between the point and the first of the nine: what lies beyond it tells nothing of the slope before it.
    turned = np.abs((table[0] - base) / spacing - slope)
    beyond = np.where(turned > 4 * noise / spacing, BEYOND * turned, 0.0)
    return Line(reach, slope, (2 * noise + bend) / width + beyond)
