"""What is looked at before any slope is measured: the value at the point, twice, and what the function does to its
arguments; and once more at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, NotRepeatableError
from gradwork.gradients.nudging.branches import checked, followed, reaches, unit_inside
from gradwork.gradients.nudging.sampler import Entries, entries_of
from gradwork.gradients.nudging.subject import Array, Subject, plain_result, subject_of
from gradwork.gradients.wrt import Wrt
from gradwork.graph.trace import Function, Trace

DOUBLE, SINGLE = 2.0**-53, 2.0**-24


@dataclass(frozen=True, eq=False)
class Start:
    """The function at its point: `base` is its result, flat; `unit` the precision that it works in.

    trace: what was seen of the function when it was followed, None for a black box.
    """

    subject: Subject
    base: Array
    unit: float
    spent: int = 0
    trace: Trace | None = None


def started(f: Function, args: Sequence[Any], kwargs: Mapping[str, Any], wrt: Wrt) -> Start:
    """Evaluate twice at the point.

    Raises NotRepeatableError, ChangedArgumentError or ArgumentError where nudging could give no honest slope.
    """
    subject, first = _first(f, args, kwargs, wrt)
    subject.check_unchanged()
    plain = plain_result(first)
    subject.shape = np.shape(plain)
    spent = 0
    if plain.dtype.kind == "f" and plain.dtype.itemsize < 8:
        # It rounds what it is given, so every nudge has to lie on the grid that it rounds to.
        spent, subject = subject.evaluations, subject.narrowed()
        plain = plain_result(subject.call())
    base = np.array(plain, dtype=np.float64).reshape(-1)
    again = subject.value()
    if again.shape != base.shape or not np.array_equal(again, base, equal_nan=True):
        raise _not_repeatable(base, again)
    subject.check_unchanged()
    if not np.isfinite(base).any():
        raise ArgumentError(
            f"the function gives {base[0]} at the point itself" if base.size else "the function gives an empty array",
            why="without a number to start from there is no rise",
            hint="another point, or look for a division by zero, a logarithm of zero, or nan in the data",
        )
    unit = SINGLE if subject.single else DOUBLE
    return Start(subject, base, max(unit, _coarsest(subject, plain)), spent)


def _coarsest(subject: Subject, plain: Any) -> float:
    """The unit of the coarsest numbers that the function gets and gives."""
    dtypes = [w.dtype for i in subject.moving if (w := subject.work[i]) is not None]
    dtypes += [plain.dtype] if plain.dtype.kind == "f" else []
    return max(float(np.finfo(d).eps) / 2 for d in dtypes)


def _first(f: Function, args: Sequence[Any], kwargs: Mapping[str, Any], wrt: Wrt) -> tuple[Subject, Any]:
    """The first evaluation; with the arguments' own dtypes where the function does not take wider ones."""
    subject = subject_of(f, args, kwargs, wrt)
    try:
        return subject, subject.call()
    except Exception:
        narrow = subject_of(f, args, kwargs, wrt, widen=False)
        pairs = zip(subject.parts, narrow.parts, strict=True)
        if all(a.start is None or b.start is None or a.start.dtype == b.start.dtype for a, b in pairs):
            raise
        return narrow, narrow.call()


def in_its_precision(start: Start) -> Start:
    """The same, followed if it can be, and of single precision if the function works in it though it gives float64.

    The graph shows a float32 on the way. A black box is found out if its results, at the point and at points around it,
    are all numbers of single precision; one that adds something of double precision at the end is not.
    """
    subject = start.subject
    trace = checked(followed(subject), subject, start.base)
    if subject.single or start.unit > DOUBLE:
        return replace(start, trace=trace)
    if trace is None:
        return _narrowed(start, SINGLE) if _gives_single(start) else start
    unit = unit_inside(trace)
    return _narrowed(start, unit) if unit > DOUBLE else replace(start, trace=trace)


def _narrowed(start: Start, unit: float) -> Start:
    # It rounds what it is given, so every nudge has to lie on the grid that it rounds to.
    narrowed = start.subject.narrowed()
    base = narrowed.value()
    return Start(narrowed, base, max(unit, SINGLE), start.spent, checked(followed(narrowed), narrowed, base))


def _gives_single(start: Start) -> bool:
    if not _is_single(start.base):
        return False
    # Nothing but numbers of single precision, even where it hardly moves: a large constant may hide all that does.
    subject, generator = start.subject, np.random.default_rng(2)
    entries = entries_of(subject)
    return all(_is_single(moved_by(subject, entries, 1.0, generator, part=None)) for _ in range(3))


def _is_single(values: Array) -> bool:
    with np.errstate(over="ignore"):
        return bool(np.array_equal(values.astype(np.float32).astype(np.float64), values, equal_nan=True))


def moved_by(
    subject: Subject, entries: Entries, size: float, generator: np.random.Generator, part: int | None
) -> Array:
    """The result after every entry (of `part`, if given) has moved by about `size` of its scale."""
    kept = {i: subject.work[i] for i in subject.moving if part is None or i == part}
    before = {i: work.copy() for i, work in kept.items() if work is not None}
    try:
        for i, values in before.items():
            work, scale = subject.work[i], entries.scale[entries.part == i]
            assert work is not None
            work[:] = values + size * generator.standard_normal(values.size) * scale
        with np.errstate(all="ignore"):
            return subject.value()
    except (ArithmeticError, ValueError):
        return np.full(int(np.prod(subject.shape)), np.nan)
    finally:
        for i, values in before.items():
            work = subject.work[i]
            assert work is not None
            work[:] = values


def unused(start: Start, entries: Entries, parts: Sequence[int]) -> list[int]:
    """Those of the parts whose values make no difference to the last bit, even when every entry moves far."""
    return [i for i in parts if _makes_no_difference(start, entries, i)]


def unread(start: Start, ignored: Sequence[int]) -> list[int]:
    """Those of them that the graph shows to reach no result: a saturated function seems to ignore what it is given."""
    return [] if start.trace is None else [i for i in ignored if not reaches(start.trace, start.subject, i)]


def _makes_no_difference(start: Start, entries: Entries, part: int) -> bool:
    generator = np.random.default_rng(1)
    moves = (moved_by(start.subject, entries, size, generator, part) for size in (1.0, 2.0**-10, 2.0**10, 2.0**20))
    return all(np.array_equal(moved, start.base, equal_nan=True) for moved in moves)


def check_end(start: Start, interrupted: bool) -> None:
    """Raise NotRepeatableError or ChangedArgumentError where, after all nudges, that turns out."""
    start.subject.check_unchanged()
    if interrupted:
        return
    again = start.subject.value()
    if not np.array_equal(again, start.base, equal_nan=True):
        raise _not_repeatable(start.base, again)


def _not_repeatable(first: Array, second: Array) -> NotRepeatableError:
    details: tuple[str, ...] = ()
    if first.shape == second.shape:
        worst = int(np.argmax(np.nan_to_num(np.abs(second - first), nan=np.inf)))
        details = (f"first {float(first[worst])!r}, then {float(second[worst])!r}",)
    return NotRepeatableError(
        "the function gives different results at the same point",
        details=details,
        why="a rise that comes by itself cannot be told from one that the nudge caused; random numbers (dropout, "
        "sampling), a counter, or something kept between two calls do this",
        hint="draw random numbers from a generator made anew in each call: numpy.random.default_rng(0)",
    )
