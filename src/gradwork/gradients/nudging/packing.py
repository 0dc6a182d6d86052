"""From rows of entries back to arrays, and from arrays to the structure of the arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradwork.errors import StepError
from gradwork.gradients.nudging.branches import UNKNOWN
from gradwork.gradients.nudging.ladder import Climbed
from gradwork.gradients.nudging.record import Corner, NudgedArray
from gradwork.gradients.nudging.sampler import Entries
from gradwork.gradients.nudging.subject import Array, Subject, tensor
from gradwork.graph.tree import flatten


def arrays_of(subject: Subject, entries: Entries, found: Climbed) -> dict[int, NudgedArray]:
    """The measurements of each nudged part."""
    rung = found.rung
    made = {}
    for i in subject.moving:
        part, mine = subject.parts[i], np.flatnonzero(entries.part == i)
        # The entries of a part stand in a row: a slice of them is no copy.
        rows = slice(int(mine[0]), int(mine[-1]) + 1) if len(mine) else slice(0, 0)

        def shaped(values: Array, rows: slice = rows, shape: tuple[int, ...] = part.shape) -> Array:
            return np.ascontiguousarray(values[rows].T).reshape(subject.shape + shape)

        made[i] = NudgedArray(
            part.name, entries.value[rows].reshape(part.shape), rung.step[rows].reshape(part.shape),
            *map(shaped, (found.slope, found.bar, rung.after, rung.below, rung.left, rung.right, rung.curvature)),
        )  # fmt: skip
    return made


def structured(subject: Subject, made: Mapping[int, NudgedArray], read: Callable[[NudgedArray], Array]) -> Any:
    """`read` of every array, in the structure of the arguments asked for; None where an argument holds no number."""
    at = {a.key: a for a in subject.arguments}
    results = []
    for key in subject.wanted.keys:
        leaves = [_like(subject, i, read(made[i])) if i in made else None for i in at[key].parts]
        results.append(at[key].structure.build(iter(leaves)))
    return subject.wanted.pack(results)


def _like(subject: Subject, part: int, values: Array) -> Any:
    if subject.parts[part].kind == "tensor" and np.isfinite(values).all():
        return tensor(subject.parts[part].given, values)
    return values[()]


def steps_of(subject: Subject, entries: Entries, step: Any) -> Array:
    """One step an entry, from a number or a structure like that of the arguments asked for.

    Raises StepError for one that is not above zero, does not fit, or is too small to change its entry.
    """
    steps = np.empty(len(entries.part))
    for i, given in _given_steps(subject, step).items():
        part, mine = subject.parts[i], entries.part == i
        try:
            steps[mine] = np.broadcast_to(np.asarray(given, dtype=np.float64), part.shape).reshape(-1)
        except (TypeError, ValueError):
            raise StepError(
                f"the step for {part.name} does not fit it",
                why=f"{part.name} has shape {part.shape}; the step is {given!r}",
                hint="a number above zero, or an array of that shape",
            ) from None
    wrong = np.flatnonzero(~((steps > 0) & np.isfinite(steps)))
    if len(wrong):
        raise StepError(f"the step {steps[wrong[0]]:g} is not a number above zero", hint="step=0.01")
    _check_felt(subject, entries, steps)
    return steps


def _given_steps(subject: Subject, step: Any) -> dict[int, Any]:
    if isinstance(step, (int, float, np.number)):
        return dict.fromkeys(subject.moving, step)
    if isinstance(step, str):
        try:
            number = float(step)
        except ValueError:
            number = 0.01
        raise StepError(f"step={step!r} is text, and a step is a number", hint=f"step={number:g}")
    at = {a.key: a for a in subject.arguments}
    one_each = [step] if subject.wanted.single else step
    if not isinstance(one_each, (tuple, list)) or len(one_each) != len(subject.wanted.keys):
        raise StepError("step has to be a number, or to have the structure of the arguments in wrt", hint="step=0.01")
    given: dict[int, Any] = {}
    for key, mine in zip(subject.wanted.keys, one_each, strict=True):
        leaves, structure = flatten(mine)
        if structure.kind is None:
            leaves = leaves * len(at[key].parts)
        if len(leaves) != len(at[key].parts):
            raise StepError(
                f"the step for argument {key!r} has {len(leaves)} parts, the argument has {len(at[key].parts)}",
                hint="one number for all of it, or the same structure",
            )
        given |= {i: leaf for i, leaf in zip(at[key].parts, leaves, strict=True) if i in set(subject.moving)}
    return given


def _check_felt(subject: Subject, entries: Entries, steps: Array) -> None:
    dtypes = [subject.work[int(p)].dtype for p in np.unique(entries.part)]  # type: ignore[union-attr]
    single = subject.single or any(d.itemsize < 8 for d in dtypes)
    half = (entries.value + steps / 2).astype(np.float32 if single else np.float64)
    lost = np.flatnonzero(half == entries.value.astype(half.dtype))
    if len(lost):
        name, value, step = subject.parts[int(entries.part[lost[0]])].name, entries.value[lost[0]], steps[lost[0]]
        raise StepError(
            f"a nudge of {step:g} does not change {name}",
            why=f"it is lost in the last digit of {value:g}",
            hint="a larger step, or step=None to have one chosen",
        )


def corners_of(subject: Subject, entries: Entries, found: Climbed) -> tuple[Corner, ...]:
    """The entries at a kink or a jump, in order."""
    corners = []
    for row, column in np.argwhere(found.corner):
        part = subject.parts[int(entries.part[row])]
        index = tuple(map(int, np.unravel_index(int(entries.index[row]), part.shape))) if part.shape else ()
        result = tuple(map(int, np.unravel_index(int(column), subject.shape))) if subject.shape else ()
        left, right = float(found.rung.left0[row, column]), float(found.rung.right0[row, column])
        kind = "jump" if found.jump[row, column] else "kink"
        crossing = found.at.get(int(row), UNKNOWN)
        corners.append(Corner(part.name, index, left, right, kind, result, crossing.op, crossing.where))
    return tuple(corners)


def one_sided_of(subject: Subject, entries: Entries, found: Climbed) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The entries that were nudged one way only."""
    places = []
    for row in np.flatnonzero(found.undefined):
        part = subject.parts[int(entries.part[row])]
        index = tuple(map(int, np.unravel_index(int(entries.index[row]), part.shape))) if part.shape else ()
        places.append((part.name, index))
    return tuple(places)


def power_of(made: Mapping[int, NudgedArray], subject: Subject, entries: Entries, found: Climbed) -> dict[str, float]:
    """For each array, four of its widest bars relative to its typical slope; kinks and what has no bar left out."""
    power = {}
    for i, array in made.items():
        judged = ~found.corner[entries.part == i].T.reshape(array.bar.shape) & np.isfinite(array.bar)
        if not judged.any():
            power[array.name] = float("inf") if array.bar.size else float("nan")
            continue
        typical = float(np.sqrt(np.mean(array.slope[judged] ** 2)))
        widest = 4 * float(array.bar[judged].max())
        power[array.name] = widest / typical if typical else (0.0 if widest == 0 else float("nan"))
    return power
