"""How exactly the function can be evaluated: its own rounding noise, measured and not guessed.

A guess of one unit in the last place is wrong for long sums, for results of iterations, and where rounding is
magnified inside the function, as in cos(30 x).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np

from gradwork.gradients.nudging.sampler import Entries
from gradwork.gradients.nudging.subject import Array, Subject

POINTS = 9
SAFETY = 3.0
# Neighbouring points: once so close that the function is a straight line to the last digit, then as far apart as numbers
# of single precision lie, and further, so that a function that works in single precision inside is found out. What is
# measured far apart counts only where it has settled: the differences of something smooth go on falling.
SPACINGS = ((-44, (3, 4, 5, 6), False), (-24, (5, 6), False), (-14, (4, 5, 6), True))


@dataclass(frozen=True, eq=False)
class Line:
    """What was seen along one random direction: `slope` by that direction, and how exactly it is known."""

    direction: Array
    slope: Array
    error: Array


@dataclass(frozen=True, eq=False)
class Noise:
    """`size`: how far one evaluation may be off, one number a result; `unit`: of the precision that it works in."""

    size: Array
    unit: float
    line: Line | None = None


def measure_noise(subject: Subject, entries: Entries, base: Array, unit: float) -> Noise:
    """Evaluate at nine points close together along one random direction, three times, and read the noise off.

    base: the result at the point; unit: 2^-53, or 2^-24 for a function of single precision.

    Source: ECNoise, More and Wild 2011: the k-th differences of a smooth function vanish, those of noise do not;
    their mean square is (2k)!/(k!)^2 times its variance.
    """
    direction = np.random.default_rng(0).standard_normal(len(entries.value))
    coarser = 0 if unit < 2.0**-30 else 30
    floor = 4 * unit * np.abs(base)
    size = floor
    line = None
    for exponent, levels, settled in SPACINGS if not coarser else SPACINGS[:1]:
        spacing = 2.0 ** (exponent + coarser)
        table = _along(subject, entries, direction * spacing)
        with np.errstate(all="ignore"):
            size = np.fmax(size, SAFETY * _deviation(table, levels, settled))
            line = line if settled else _line(table, direction, spacing, size)
    return Noise(size, unit, line)


def _along(subject: Subject, entries: Entries, step: Array) -> Array:
    """The results at the point and at eight more in a row, (9, results)."""
    found = []
    kept = [None if w is None else w.copy() for w in subject.work]
    with np.errstate(all="ignore"):
        for k in range(POINTS):
            for part in subject.moving:
                work, mine = subject.work[part], entries.part == part
                assert work is not None
                work[:] = entries.value[mine] + k * step[mine] * entries.scale[mine]
            try:
                found.append(subject.value())
            except (ArithmeticError, ValueError):
                found.append(np.full(int(np.prod(subject.shape)), np.nan))
            finally:
                for work, before in zip(subject.work, kept, strict=True):
                    if work is not None and before is not None:
                        work[:] = before
    return np.array(found)


def _deviation(table: Array, levels: tuple[int, ...], settled: bool) -> Array:
    found = []
    for level in levels:
        squares = np.diff(table, level, axis=0) ** 2
        found.append(np.sqrt(factorial(level) ** 2 / factorial(2 * level) * np.mean(squares, axis=0)))
    deviation = np.median(found, axis=0)
    if settled:
        deviation = np.where(found[-1] > np.max(found, axis=0) / 4, deviation, 0.0)
    return np.where(np.isfinite(deviation), deviation, 0.0)


def _line(table: Array, direction: Array, spacing: float, noise: Array) -> Line:
    width = (POINTS - 1) * spacing
    middle = (POINTS - 1) // 2
    bend = np.abs(table[-1] - 2 * table[middle] + table[0])
    return Line(direction, (table[-1] - table[0]) / width, (2 * noise + bend) / width)
