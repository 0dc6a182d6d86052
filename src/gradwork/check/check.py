"""`gw.check`: is this gradient right, which entries are wrong, where does the error enter, and why.

Every slope is measured by nudging, with a bar; a given slope agrees, differs, or cannot be told. What differs is then
located and explained (`where`, `search`). `gw.assert_gradient` says the same as an AssertionError, for tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradwork.check import allowance, given
from gradwork.check.cancelled import Cancelled
from gradwork.check.evidence import SMALL, Evidence, Joint, joint_of
from gradwork.check.given import Array, Leaf, Reading
from gradwork.check.sampled import is_large, measured_along
from gradwork.check.smallest import smallest_rows
from gradwork.check.unseen import with_backprop
from gradwork.check.vacuous import Caution, cautions
from gradwork.check.verdicts import Verdict, judged, misshapen
from gradwork.check.where import Place, located
from gradwork.errors import ArgumentError, GradientError, ShapeError
from gradwork.formats.display import Shown
from gradwork.gradients.nudge import nudge
from gradwork.gradients.nudging.record import Nudged, NudgedArray
from gradwork.gradients.wrt import Wrt
from gradwork.graph.trace import Function
from gradwork.graph.tree import flatten
from gradwork.notation.document import Document


@dataclass(frozen=True, eq=False)
class Check(Shown):
    """What a check found. `str()` is the full report; `ok` says whether the gradient passed.

    ok:        no entry differs, in every array at least one entry could be judged, and the check could have failed;
               with `strict`, every entry could be judged.
    verdicts:  for each array by name: which entries agree, differ, and cannot be told.
    diagnoses: the causes that explain what is wrong, to the noise; empty where none is recognised.
    where:     where the error enters, in sentences.
    power:     for each array by name, how large an error, relative to its typical slope, would have been seen.
    cautions:  what this point could not have shown.
    nudged:    the measured slopes; None where a large model was looked at along directions.
    """

    ok: bool
    verdicts: Mapping[str, Verdict]
    diagnoses: tuple[Any, ...]
    where: tuple[Place, ...]
    power: Mapping[str, float]
    cautions: tuple[Caution, ...]
    nudged: Nudged | None = field(repr=False)
    strict: bool = False
    said: str = ""
    evidence: Evidence | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        from gradwork.check.report import text

        return text(self)

    def document(self, *, title: str = "") -> Document:
        """The report as a page: `gradwork.formats` writes it as text, HTML or JSON."""
        from gradwork.check.report import page

        return page(self, title)


def check(
    f: Function,
    gradient: Any,
    *args: Any,
    wrt: Wrt | None = None,
    strict: bool = False,
    kwargs: Mapping[str, Any] | None = None,
) -> Check:
    """Hold a gradient against slopes that are measured, entry by entry, and say what is wrong with it and why.

    f:        the loss: any function of numbers and arrays that returns one number, or a formula.
    gradient: a function of the same arguments that gives the gradient, or what one gave: one array, a tuple, or a dict.
              It is read as having the structure of the argument `wrt` (or the first one), else as a dict by argument
              name or a tuple in the order of `wrt`; None in it is left out.
    wrt:      which arguments are checked: a position, a name, or a tuple of these; None: all that the gradient covers.
    strict:   an entry about which nothing can be told fails the check as well.

    Gives a `Check`: .ok .verdicts .diagnoses .where .power; `print` shows the report.
    Raises ArgumentError where the gradient fits no argument, or two; and what `gw.nudge` raises for a loss that gives
    different results at one point or changes its arguments.

    >>> import numpy as np, gradwork as gw
    >>> x, y = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0, 9.0])
    >>> loss = lambda w: np.mean((x * w - y) ** 2)
    >>> gw.check(loss, lambda w: np.mean(2 * (x * w - y) * x), 1.0).ok
    True
    >>> gw.check(loss, lambda w: np.sum(2 * (x * w - y) * x), 1.0).diagnoses[0].cause.code
    'GW201'
    """
    kwargs = dict(kwargs or {})
    asked = given.answered(gradient, args, kwargs) if callable(gradient) else None
    result = asked.first if asked is not None else gradient
    loss = _loss_at(f, args, kwargs) if isinstance(result, (tuple, list)) and len(result) == 2 else None
    reading = given.read(result, f, args, kwargs, wrt, loss)
    _check_something(reading, [*args, *kwargs.values()])
    joint = joint_of(f, args, kwargs, reading.leaves)
    rounding = _rounding(gradient, args, kwargs, reading, joint, _unit(reading.checked()))
    lost = Cancelled(f, args, kwargs, reading.leaves, joint)
    if callable(f) and is_large(f, args, kwargs, reading.checked(), joint):
        found, judgement = None, _by_directions(f, args, kwargs, reading, joint, rounding, lost)
    else:
        found = nudge(f, *args, wrt=tuple(dict.fromkeys(leaf.key for leaf in reading.leaves)), kwargs=kwargs)
        _check_loss(np.shape(found.before))
        judgement = _by_entries(found, reading, joint, rounding, lost)
    evidence = with_backprop(_evidence(f, gradient, args, kwargs, reading, judgement, asked))
    warned = cautions(evidence, list(evidence.verdicts.values()), () if found is None else found.ignored)
    if asked is not None and asked.changed:
        names = ", ".join(asked.changed)
        warned.append(Caution(f"the gradient function writes into {names}", f"work on a copy: {names}.copy()"))
    findings = _findings(evidence)
    places = located(evidence)
    if evidence.wrong and not findings:
        places += _fewest_rows(f, gradient, args, kwargs, reading, evidence)
    ok = _passes(evidence, warned, strict) and not findings
    return Check(
        ok=ok,
        verdicts=evidence.verdicts,
        diagnoses=tuple(findings),
        where=tuple(places),
        power={name: v.seen for name, v in evidence.verdicts.items()},
        cautions=tuple(warned),
        nudged=found,
        strict=strict,
        said=reading.said,
        evidence=evidence,
    )


def assert_gradient(
    f: Function,
    gradient: Any,
    *args: Any,
    wrt: Wrt | None = None,
    strict: bool = False,
    kwargs: Mapping[str, Any] | None = None,
) -> None:
    """Raise GradientError, an AssertionError with the full report, unless the gradient is right. See `check`.

    >>> import gradwork as gw
    >>> gw.assert_gradient(lambda w: w ** 3, lambda w: 3 * w ** 2, 2.0)
    """
    __tracebackhide__ = True
    found = check(f, gradient, *args, wrt=wrt, strict=strict, kwargs=kwargs)
    if not found.ok:
        from gradwork.check.report import lines

        headline, *rest = lines(found)
        raise GradientError(headline, details=tuple(rest))


def _passes(evidence: Evidence, warned: Sequence[Caution], strict: bool) -> bool:
    verdicts = evidence.verdicts.values()
    if any(not v.right for v in verdicts) or any(c.empty for c in warned):
        return False
    return not (strict and any(v.unclear.any() for v in verdicts))


def _check_something(reading: Reading, values: Sequence[Any]) -> None:
    for leaf in reading.checked():
        if np.asarray(leaf.value).dtype.kind == "c":
            raise ArgumentError(
                f"{leaf.name} is complex, and a nudge moves a real number",
                hint="check its real and imaginary parts as two arguments",
            )
    if reading.checked():
        return
    if reading.leaves:
        raise ArgumentError(
            "there is no gradient to check: all that was given is None",
            why="None stands for an argument that is left out",
            hint="return the gradient, as an array, a tuple or a dict by argument name",
        )
    kinds = [_kind(leaf) for value in values for leaf in flatten(value)[0]]
    raise ArgumentError(
        "there is no number to take a gradient by",
        why=f"what was given is {', '.join(dict.fromkeys(kinds))}" if kinds else "what was given is empty",
        hint="parameters are numbers or arrays of numbers: np.asarray(w, float)",
    )


def _kind(leaf: Any) -> str:
    return f"an array of dtype {leaf.dtype}" if isinstance(leaf, np.ndarray) else f"a {type(leaf).__name__}"


def _check_loss(shape: tuple[int, ...]) -> None:
    if shape != ():
        raise ShapeError(
            f"the function gives an array {shape}, and a gradient is taken of one number",
            why="each of its numbers has slopes of its own",
            hint="a loss that adds them up, such as np.sum(r * f(...)) with random weights r",
        )


def _loss_at(f: Function, args: Sequence[Any], kwargs: Mapping[str, Any]) -> float | None:
    """The loss, for telling a pair (loss, gradient) from two gradients."""
    try:
        value = np.asarray(f(*map(given.copied, args), **kwargs)) if callable(f) else None
        return float(value) if value is not None and value.ndim == 0 else None
    except Exception:
        return None  # whatever it raises is raised again, and explained, when it is nudged


def _findings(evidence: Evidence) -> list[Any]:
    from gradwork.check.search import diagnosed

    return diagnosed(evidence)


# -- what the search for a cause looks at -----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Judgement:
    """The verdicts, the right slopes as exactly as they are known, within what another array equals them, the graph."""

    verdicts: Mapping[str, Verdict]
    right: Mapping[str, Array]
    tolerance: Mapping[str, Array]
    joint: Joint | None


def _by_entries(
    found: Nudged, reading: Reading, joint: Joint | None, rounding: Mapping[str, Array], lost: Cancelled
) -> Judgement:
    """Every entry against its measured slope."""
    names = {leaf.name: found.arrays[leaf.name] for leaf in reading.leaves}
    joint = joint if joint is not None and _confirms(joint, names, found, rounding, lost) else None
    unit = _unit(reading.checked())
    usual = _usual(reading, names)
    verdicts: dict[str, Verdict] = {}
    right: dict[str, Array] = {}
    tolerance: dict[str, Array] = {}
    for leaf in reading.checked():
        measured = names[leaf.name]
        mine = rounding.get(leaf.name, allowance.least(np.asarray(measured.slope), unit))
        if np.shape(leaf.yours) != leaf.shape:
            verdicts[leaf.name] = misshapen(leaf.name, leaf.yours, np.asarray(measured.slope), np.asarray(measured.bar))
        else:
            corners = tuple(c for c in found.kinks if c.name == measured.name)
            verdict = judged(measured, leaf.yours, mine, corners, usual[leaf.name])
            if verdict.differ.any():
                # Nobody is accused by digits that the loss itself has lost.
                measured = lost.widened(leaf.name, measured)
                verdict = judged(measured, leaf.yours, mine, corners, usual[leaf.name])
            verdicts[leaf.name] = verdict
        slope, bar = np.asarray(measured.slope, float), np.asarray(measured.bar, float)
        if np.shape(mine) != slope.shape:
            mine = allowance.least(slope, unit)  # that of a gradient of another shape says nothing here
        right[leaf.name], tolerance[leaf.name] = _reference(leaf, slope, bar, joint, mine)
    return Judgement(verdicts, right, tolerance, joint)


def _usual(reading: Reading, measured: Mapping[str, Any]) -> dict[str, float]:
    """For each array, a slope by which a change of its own size would count as much as one of another array does."""
    sizes = {leaf.name: _typical(leaf.value) or 1.0 for leaf in reading.checked()}
    counts = max((_typical(measured[name].slope) * size for name, size in sizes.items()), default=0.0)
    return {name: counts / size for name, size in sizes.items()}


def _typical(values: Any) -> float:
    """The root mean square of what is finite."""
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    return float(np.sqrt(np.mean(finite**2))) if finite.size else 0.0


def _by_directions(
    f: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    reading: Reading,
    joint: Joint | None,
    rounding: Mapping[str, Array],
    lost: Cancelled,
) -> Judgement:
    """Each array along random directions, and some of its entries."""
    leaves = reading.checked()
    verdicts, confirmed = measured_along(f, args, kwargs, leaves, joint, rounding, lost)
    joint = joint if confirmed else None
    unit = _unit(leaves)
    right: dict[str, Array] = {}
    tolerance: dict[str, Array] = {}
    for leaf in leaves:
        verdict = verdicts[leaf.name]
        mine = rounding.get(leaf.name, allowance.least(verdict.measured, unit))
        right[leaf.name], tolerance[leaf.name] = _reference(leaf, verdict.measured, verdict.bar, joint, mine)
    return Judgement(verdicts, right, tolerance, joint)


def _evidence(
    f: Function,
    gradient: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    reading: Reading,
    judgement: Judgement,
    asked: Any,
) -> Evidence:
    return Evidence(
        leaves=tuple(reading.checked()),
        yours={leaf.name: np.asarray(leaf.yours, float) for leaf in reading.checked()},
        right=judgement.right,
        tolerance=judgement.tolerance,
        verdicts=judgement.verdicts,
        joint=judgement.joint,
        ask=lambda seed: _elsewhere(
            f, gradient, args, kwargs, reading, judgement.verdicts, seed, judgement.joint is not None
        ),
        answers=None if asked is None else (asked.first, asked.second),
        loss=f if callable(f) else None,
        call=(args, kwargs),
        changed=() if asked is None else asked.changed,
    )


def _unit(leaves: Sequence[Leaf]) -> float:
    return max(
        (allowance.unit_of(np.asarray(x).dtype) for leaf in leaves for x in (leaf.yours, leaf.value)), default=0.0
    )


def _rounding(
    gradient: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    reading: Reading,
    joint: Joint | None,
    unit: float,
) -> dict[str, Array]:
    """What a right gradient's own rounding may amount to, by name."""
    if joint is not None:
        inputs = [joint.values[i] for i in joint.graph.inputs]
        found = allowance.by_precision(joint.graph, inputs, list(joint.slope.values()), unit)
        if found is not None:
            return dict(zip(joint.slope, found, strict=True))
    if not callable(gradient):
        return {}
    first = {leaf.name: np.asarray(leaf.yours, float) for leaf in reading.checked()}

    def ask(seed: int) -> dict[str, Array] | None:
        moved = _moved(args, kwargs, reading, seed, by=4 * unit)
        return _slopes_of(gradient, moved, reading)

    return allowance.by_asking_again(ask, first)


def _reference(leaf: Leaf, slope: Array, bar: Array, joint: Joint | None, rounding: Array) -> tuple[Array, Array]:
    """The right slopes as exactly as they are known, and within what another array equals them."""
    typical = float(np.sqrt(np.mean(slope[np.isfinite(slope)] ** 2))) if np.isfinite(slope).any() else 0.0
    if joint is not None:
        exact = np.asarray(joint.value(joint.slope[leaf.name]), float)
        return exact, np.maximum(4 * rounding, SMALL * typical)
    return slope, 4 * np.where(np.isfinite(bar), bar, np.inf) + 4 * rounding


def _confirms(
    joint: Joint, measured: Mapping[str, Any], found: Nudged, rounding: Mapping[str, Array], lost: Cancelled
) -> bool:
    """Whether the measured slopes confirm the graph's gradient: only then may it serve as the right one."""
    for name, position in joint.slope.items():
        exact = np.asarray(joint.value(position), float)
        corners = [corner.index for corner in found.kinks if corner.name == name]
        if _apart(exact, measured[name], rounding.get(name, 0.0), corners) and _apart(
            exact, lost.widened(name, measured[name]), rounding.get(name, 0.0), corners
        ):
            return False
    return True


def _apart(exact: Array, array: NudgedArray, rounding: Any, corners: Sequence[tuple[int, ...]]) -> bool:
    slope, bar = np.asarray(array.slope, float), np.asarray(array.bar, float)
    with np.errstate(all="ignore"):
        reach = 10 * bar + 1e-6 * np.abs(slope) + rounding
        off = np.asarray(np.isfinite(slope) & np.isfinite(bar) & (np.abs(exact - slope) > reach))
    for index in corners:
        off[index] = False
    return bool(off.any())


def _fewest_rows(
    f: Function,
    gradient: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    reading: Reading,
    evidence: Evidence,
) -> list[Place]:
    """How few rows of the data show the mistake."""
    if not callable(gradient) or evidence.joint is None:
        return []

    def is_wrong(some: Sequence[Any], named: Mapping[str, Any]) -> bool:
        yours, joint = _slopes_of(gradient, (some, named), reading), joint_of(f, some, named, reading.leaves)
        if yours is None or joint is None:
            return False
        for name in evidence.fitting:
            right = np.asarray(joint.value(joint.slope[name]), float)
            off = np.abs(yours[name] - right) > 1e-6 * (_typical(right) + _typical(yours[name]))
            if np.shape(yours[name]) == right.shape and off.any():
                return True
        return False

    rows = smallest_rows(args, kwargs, reading.keys, evidence.joint, is_wrong)
    if rows is None:
        return []
    numbers = ", ".join(str(row + 1) for row in rows[:6]) + (", ..." if len(rows) > 6 else "")
    if len(rows) == 1:
        return [Place(f"one row of the data is enough to show it: row {numbers} alone")]
    return [Place(f"{len(rows)} rows of the data are enough to show it, and no fewer: rows {numbers}")]


# -- another point ----------------------------------------------------------------------------------------------------


def _elsewhere(
    f: Function,
    gradient: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    reading: Reading,
    verdicts: Mapping[str, Verdict],
    seed: int,
    traced: bool,
) -> Evidence | None:
    """The evidence at another point: the checked arguments moved by a tenth, the rest as it was.

    None where the graph is not known to be the function: there is no second right gradient then.
    """
    if not callable(gradient) or not traced:
        return None
    there, keywords = _moved(args, kwargs, reading, seed, by=0.1)
    yours = _slopes_of(gradient, (there, keywords), reading)
    joint = joint_of(f, there, keywords, reading.leaves)
    if yours is None or joint is None:
        return None
    inputs = [joint.values[i] for i in joint.graph.inputs]
    unit = _unit(reading.checked())
    rounding = allowance.by_precision(joint.graph, inputs, list(joint.slope.values()), unit)
    right = {n: np.asarray(joint.value(i), float) for n, i in joint.slope.items() if n in yours}
    if any(not np.isfinite(r).all() for r in right.values()):
        return None
    loose = dict(zip(joint.slope, rounding, strict=True)) if rounding else {}
    tolerance = {
        n: np.maximum(
            4 * loose.get(n, allowance.least(r, unit)), SMALL * (float(np.sqrt(np.mean(r**2))) if r.size else 0.0)
        )
        for n, r in right.items()
    }
    clean = {n: v for n, v in verdicts.items() if n in yours}
    return Evidence(tuple(reading.checked()), yours, right, tolerance, clean, joint, loss=None, call=(there, keywords))


def _moved(
    args: Sequence[Any], kwargs: Mapping[str, Any], reading: Reading, seed: int, by: float
) -> tuple[list[Any], dict[str, Any]]:
    generator = np.random.default_rng(seed)

    def moved(value: Any) -> Any:
        leaves, structure = flatten(value)
        return structure.build(iter([_shaken(leaf, generator, by) for leaf in leaves]))

    there = [moved(a) if i in reading.keys else given.copied(a) for i, a in enumerate(args)]
    return there, {k: moved(v) if k in reading.keys else given.copied(v) for k, v in kwargs.items()}


def _shaken(leaf: Any, generator: np.random.Generator, by: float) -> Any:
    if isinstance(leaf, bool) or hasattr(leaf, "detach"):
        return leaf
    number = given.plain(leaf)
    if number is None or number.dtype.kind not in "f":
        return leaf
    typical = float(np.sqrt(np.mean(np.square(number, dtype=float)))) if number.size else 0.0
    # Entries keep their signs, so that a logarithm stays defined; what is zero moves by a little of the rest.
    still = np.where(number == 0, typical or 1.0, 0.0)
    there = number * (1 + by * generator.uniform(-1, 1, number.shape)) + by * still * generator.uniform(
        -1, 1, number.shape
    )
    return there.astype(number.dtype)[()] if not isinstance(leaf, float) else float(there)


def _slopes_of(
    gradient: Callable[..., Any], point: tuple[Sequence[Any], Mapping[str, Any]], reading: Reading
) -> dict[str, Array] | None:
    """What the gradient function gives at another point, by name; None where it fails there."""
    there, keywords = point
    try:
        result = gradient(*map(given.copied, there), **keywords)
    except Exception:
        return None  # what it does there is not what was asked about
    again = _as_before(result, there, keywords, reading)
    if again is None:
        return None
    return {leaf.name: np.asarray(leaf.yours, float) for leaf in again.checked()}


def _as_before(result: Any, there: Sequence[Any], keywords: Mapping[str, Any], reading: Reading) -> Reading | None:
    """The result read in the way in which the first one was read."""
    values: dict[int | str, Any] = dict(enumerate(there))
    values.update(keywords)
    several = len(reading.keys) > 1
    if isinstance(result, (tuple, list)) and len(result) == 2 and (reading.second or not several):
        # A pair (loss, gradient).
        result = result[1] if given.plain(result[0]) is not None and np.ndim(result[0]) == 0 else result
    if reading.by_name and isinstance(result, Mapping):
        parts = [result.get(name) for name in reading.by_name]
    else:
        parts = list(result) if several else [result]
    found: list[Leaf] = []
    by_key: dict[int | str, list[Leaf]] = {}
    for leaf in reading.leaves:
        by_key.setdefault(leaf.key, []).append(leaf)
    for key, part in zip(reading.keys, parts, strict=False):
        leaves = given._leaves(values[key], part, key, "")
        if leaves is None or len(leaves) != len(by_key[key]):
            return None
        found += [replace(old, value=new.value, yours=new.yours) for old, new in zip(by_key[key], leaves, strict=True)]
    return Reading(reading.keys, tuple(found))
