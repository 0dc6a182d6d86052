"""A penalty's gradient in another form: its value, of absolute values for squares, on too few weights or too many."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._ratio import close, comparable, is_times, listed, near, ratio_of
from gradwork.check.diagnoses._terms import deviations
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.regression import terms_of
from gradwork.graph.graph import CONSTANT, INPUT

SHORT = 1e-6  # within what a number that is added is one that people write
MANY = 3  # entries of an array before a number without a meaning says something
Form = Callable[[Array], Array]
PLAIN_FORMS = ("the parameter, as for squares", "its sign, as for absolute values")
CONSTANT_FORM = "one and the same number, in every entry,"

FORMS: dict[str, Form] = {
    "the parameter, as for squares": lambda w: w,
    "its sign, as for absolute values": np.sign,
    "the absolute values of the parameter": np.abs,
    "the squares of the parameter, as in the penalty itself,": lambda w: w * w,
    "the square with the parameter's sign": lambda w: w * np.abs(w),
    "the cube of the parameter": lambda w: w**3,
    "the root of the parameter's size, with its sign,": lambda w: np.sign(w) * np.sqrt(np.abs(w)),
    "the parameter divided by its length, as for the length": lambda w: w / np.sqrt(np.sum(w * w)),
    "the parameter divided by the lengths of its rows": lambda w: w / np.sqrt(np.sum(w * w, -1, keepdims=True)),
    "the parameter divided by the lengths of its columns": lambda w: w / np.sqrt(np.sum(w * w, 0, keepdims=True)),
    "the sum of all squares, the penalty's value, in every entry": lambda w: np.full_like(w, np.sum(w * w)),
    "the sum of absolute values, the penalty's value, in every entry": lambda w: np.full_like(w, np.sum(np.abs(w))),
    "the length of the parameter in every entry": lambda w: np.full_like(w, np.sqrt(np.sum(w * w))),
    "the sum of the parameter in every entry": lambda w: np.full_like(w, np.sum(w)),
    "the mean of the parameter in every entry": lambda w: np.full_like(w, np.mean(w)),
    "the sums of the rows": lambda w: np.broadcast_to(np.sum(w, -1, keepdims=True), w.shape),
    "the sums of the columns": lambda w: np.broadcast_to(np.sum(w, 0, keepdims=True), w.shape),
    CONSTANT_FORM: np.ones_like,
    "1 where the parameter is above 0": lambda w: (w > 0) * 1.0,
    "1 where the parameter is below 0": lambda w: (w < 0) * 1.0,
    "the parameter where it is above 0": lambda w: np.maximum(w, 0),
    "the parameter less its mean": lambda w: w - np.mean(w),
    "the parameter less 1": lambda w: w - 1,
    "the inverse of the parameter": lambda w: 1 / w,
    "the parameter without its first entry": lambda w: _without(w, 0, False),
    "the parameter without its last entry": lambda w: _without(w, -1, False),
    "the parameter without its first row": lambda w: _without(w, 0, True),
    "the parameter without its last row": lambda w: _without(w, -1, True),
    "the parameter without its first column": lambda w: _without_column(w, 0),
    "the parameter without its last column": lambda w: _without_column(w, -1),
    "its sign, without the first entry": lambda w: np.sign(_without(w, 0, False)),
    "its sign, without the last entry": lambda w: np.sign(_without(w, -1, False)),
    "its sign where it is larger than 0.1": lambda w: np.sign(w) * (np.abs(w) > 0.1),
    "its sign where it is larger than 0.5": lambda w: np.sign(w) * (np.abs(w) > 0.5),
    "its sign where it is larger than 1": lambda w: np.sign(w) * (np.abs(w) > 1),
    "the diagonal of the parameter": lambda w: w * np.eye(*w.shape),
    "the parameter without its diagonal": lambda w: w * (1 - np.eye(*w.shape)),
    "the transposed parameter": lambda w: w.T,
    "w / sqrt(1 + w^2), a smoothed sign,": lambda w: w / np.sqrt(1 + w * w),
}

OF_ONE = frozenset((*PLAIN_FORMS, CONSTANT_FORM))


def _without(w: Array, place: int, row: bool) -> Array:
    made = np.array(w, float)
    if row and w.ndim > 1:
        made[place] = 0
    elif not row:
        made.reshape(-1)[place] = 0
    return made


def _without_column(w: Array, place: int) -> Array:
    made = np.array(w, float)
    if w.ndim > 1:
        made[..., place] = 0
    return made


@dataclass(frozen=True, eq=False)
class Part:
    """What is left of an array when the data's part, or all other terms', are taken off.

    here:  the parameter;  data: what is taken off;  own: what should be left;  left: what is left of the given one.
    penalties: the parts of all penalties that the loss has there.
    """

    name: str
    here: Array
    data: Array
    own: Array
    left: Array
    penalties: tuple[Array, ...]


def find(evidence: Evidence) -> Iterator[Finding]:
    """The part of a penalty in an array, as a number times some other form of the parameter."""
    joint = evidence.joint
    if joint is None or not _has_data(joint):
        return
    weights = _weights(evidence)
    known = [d for d in deviations(evidence) if not any(c.meaning.says.startswith("counts ") for c in d.counted)]
    counted = {name for deviation in known for name in deviation.names}
    found: dict[tuple[str, str, bool], list[tuple[str, Array]]] = {}
    for name in evidence.fitting:
        if not comparable(evidence, name) or np.size(evidence.right[name]) == 0 or _is_ratio(evidence, name):
            continue
        if name in counted:
            continue  # a term that counts otherwise is said more simply
        for part in _parts(evidence, name):
            told = _with_holes(evidence, part) or _told(evidence, part, weights)
            if told is not None:
                says, candidate = told
                found.setdefault((says, _owned(part), _is_beside(part)), []).append((name, candidate))
                break
    for (says, own, beside), members in found.items():
        names = [name for name, _ in members]
        yield explained(
            BESIDE if beside else CAUSE,
            evidence,
            f"in {listed(names)}, {says}",
            names,
            dict(members),
            why=f"what the data say is right; {own}",
            hint="add the slope of the penalty that the loss has, to the arrays that it has it for",
        )


def _has_data(joint: Joint) -> bool:
    """Whether the loss reads anything but the parameters: in a formula of these alone nothing is a penalty."""
    own = set(joint.place.values())
    return any(
        position not in own and (node.op == INPUT or (node.op == CONSTANT and np.ptp(joint.value(position)) != 0))
        for position, node in enumerate(joint.graph.nodes[: joint.forward])
        if math.prod(node.shape)
    )


def _is_ratio(evidence: Evidence, name: str) -> bool:
    """Whether one factor explains the array: then nothing was added to it. A lone number has always some factor."""
    return np.size(evidence.right[name]) > 1 and ratio_of(evidence, name) is not None


def _owned(part: Part) -> str:
    return "the penalty's part is not" if np.any(part.own) else "the loss has no penalty there"


def _is_beside(part: Part) -> bool:
    """Whether it comes on top of a penalty that is right: then it may as well be a part of that one's formula."""
    return bool(part.penalties) and not np.any(part.own)


def _parts(evidence: Evidence, name: str) -> Iterator[Part]:
    joint = evidence.joint
    assert joint is not None
    here = np.asarray(joint.value(joint.place[name]), float)
    right, yours = evidence.right[name], evidence.yours[name]
    penalties = [t.slopes[name] for t in terms_of(joint) if t.penalty and np.any(t.slopes[name])]
    owns = [*penalties, *([sum(penalties)] if len(penalties) > 1 else []), np.zeros_like(right)]
    for own in owns:
        if np.isfinite(own).all():
            yield Part(name, here, right - own, np.asarray(own, float), yours - (right - own), tuple(penalties))


def _told(evidence: Evidence, part: Part, weights: list[tuple[float, str]]) -> tuple[str, Array] | None:
    with np.errstate(all="ignore"):
        for form, of in (*FORMS.items(), *_by_picks(evidence, part)):
            try:
                made = np.asarray(of(part.here), float)
            except (ValueError, TypeError, IndexError):
                continue
            if made.shape != part.here.shape or not np.isfinite(made).all() or not made.any():
                continue
            told = _fitted(evidence, part, form, made, weights)
            if told is not None:
                number, label = told
                stands = "stands where the slope of the penalty belongs" if np.any(part.own) else "is added"
                return f"{label} times {form} {stands}", part.data + number * made
        if np.any(part.own):
            for number, label in weights:
                for factor, says in ((1 + number, f"1 + {label}"), (1 - number, f"1 - {label}"), (number, label)):
                    if _close(evidence, part, factor * part.data):
                        if near(factor, 1.0):
                            return "the penalty is left out", factor * part.data
                        return (
                            f"what the data say is multiplied by {says}, and the penalty left out",
                            factor * part.data,
                        )
    return None


def _with_holes(evidence: Evidence, part: Part) -> tuple[str, Array] | None:
    """Some lines of the array have the penalty alone, and nothing of what the data say."""
    if not np.any(part.own) or part.data.ndim == 0:
        return None
    reach = np.broadcast_to(evidence.tolerance[part.name], part.data.shape)
    empty = (np.abs(part.left - part.own + part.data) <= reach) & (np.abs(part.data) > 100 * reach)
    for axis, lines in enumerate(("row", "column")[: part.data.ndim] if part.data.ndim > 1 else ("entry",)):
        others = tuple(a for a in range(part.data.ndim) if a != axis)
        whole = np.all(empty | (np.abs(part.data) <= 100 * reach), axis=others) & np.any(empty, axis=others)
        if whole.any() and not whole.all():
            along = np.reshape(whole, [-1 if a == axis else 1 for a in range(part.data.ndim)])
            candidate = part.data * ~along + part.own
            if _close(evidence, part, candidate):
                told = ", ".join(str(k + 1) for k in np.flatnonzero(whole)[:6])
                return f"what the data say is left out in {lines} {told}: only the penalty is there", candidate
    return None


def _by_picks(evidence: Evidence, part: Part) -> Iterator[tuple[str, Form]]:
    """The parameter, row by row, times how often an index of the data picks the row."""
    joint = evidence.joint
    assert joint is not None
    for position in range(joint.forward):
        node = joint.node(position)
        whole = node.op in (INPUT, CONSTANT) and node.dtype.kind in "iu" and node.shape and part.here.ndim
        if whole and np.size(joint.values[position]) and np.min(joint.values[position]) >= 0:
            picks = np.bincount(np.reshape(joint.values[position], -1), minlength=len(part.here))
            if len(picks) == len(part.here) and np.max(picks) > 1:
                name = node.name or "the index"
                along = np.reshape(picks, (-1, *([1] * (part.here.ndim - 1))))
                yield f"each row as often as {name} picks it,", lambda w, along=along: w * along  # type: ignore[misc]
                yield f"each row that {name} picks", lambda w, along=along: w * (along > 0)  # type: ignore[misc]


def _fitted(
    evidence: Evidence, part: Part, form: str, made: Array, weights: list[tuple[float, str]]
) -> tuple[float, str] | None:
    """The number that the form is taken times; it has to be known where it is not measured in several entries."""
    number = float(np.sum(made * part.left)) / float(np.sum(made * made))
    if not number or not _close(evidence, part, part.data + number * made):
        return None
    label = next((label for value, label in weights if near(number, value, 1e-6)), "")
    label = label or next((f"-{label}" for value, label in weights if near(number, -value, 1e-6)), "")
    flat = bool(np.ptp(made) == 0) and form != CONSTANT_FORM  # whatever its number is, it is the same part
    plain = form == CONSTANT_FORM and not np.any(part.own)
    if not label and plain and (np.size(made) < 2 or abs(number - float(f"{number:.1g}")) > SHORT * abs(number)):
        return None  # whatever spoils all arrays may come to the same number in each entry of one
    if not label and part.penalties and not np.any(part.own):
        return None  # beside a penalty that is right, some number of another form is a part of another formula
    if np.size(made) < 2 and form not in OF_ONE:
        return None  # of a lone number, most forms are the same
    if not label and not plain and (flat or np.count_nonzero(made) < MANY):
        return None
    right_form = any(_is_multiple(made, own) for own in part.penalties)
    if right_form and not (np.any(part.own) and label and "length" in form):
        return None  # the right form, with another number
    return number, label or f"{number:.4g}"


def _is_multiple(made: Array, own: Array) -> bool:
    number = float(np.sum(made * own)) / float(np.sum(made * made))
    return bool(np.allclose(number * made, own, rtol=1e-6, atol=1e-12 * float(np.max(np.abs(own)))))


def _close(evidence: Evidence, part: Part, candidate: Array) -> bool:
    return close(evidence, part.name, candidate) and not is_times(evidence, part.name, 1.0)


def _weights(evidence: Evidence) -> list[tuple[float, str]]:
    """Numbers that a penalty may be weighted with: those of the loss, and what its penalties come to."""
    joint = evidence.joint
    assert joint is not None
    found: dict[float, str] = {}
    for position in range(joint.forward):
        node = joint.node(position)
        if node.op in (INPUT, CONSTANT) and np.ndim(joint.values[position]) == 0 and node.dtype.kind in "fi":
            value = float(joint.values[position])
            label = node.name or f"{value:g}"
            if value and position not in joint.place.values() and np.isfinite(value) and abs(value) != 1.0:
                for times, words in ((1.0, label), (2.0, f"2 {label}"), (0.5, f"{label}/2")):
                    known = found.setdefault(times * value, words)
                    if node.name and known != words and " or " not in known:
                        found[times * value] = f"{known} or {words}"
                found.setdefault(value * value, f"{label}^2")
    return list(found.items())[:60]


CAUSE = Cause(
    code="GW261",
    name="another penalty",
    summary="The gradient has the part of another penalty than the loss: its value, another norm, other weights.",
    explain="The slope of lam/2 w^2 is lam w, that of lam |w| is lam times the sign of w, and that of lam times the "
    "length of w is lam w / |w|. The wrong one of these is taken, or the penalty's value in place of its slope, or "
    "it is put on a bias or left off some weights.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum((x @ w) ** 2) + 0.3 * np.sum(np.abs(w))

def gradient(w, x):
    return 2 * x.T @ (x @ w) + 0.3 * w
""",
    mended="""
def gradient(w, x):
    return 2 * x.T @ (x @ w) + 0.3 * np.sign(w)
""",
    find=find,
    rank=15,
    bugs=(20, 28),
)
BESIDE = replace(CAUSE, rank=35)
