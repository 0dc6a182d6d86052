"""Slopes that are rounded: to some digits, or by a number type that holds only few."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._ratio import comparable, listed
from gradwork.check.evidence import Evidence
from gradwork.check.given import Array
from gradwork.check.paper import ByDigits

Rounding = Callable[[Array], Array]
NOTHING, LEFT = 1e-9, 0.5  # of the largest entry; the share of entries that is more than that
TOLD = 3.0  # digits that what was rounded shares with what is right, over all entries: fewer are shared by chance
EXACT = 1e-12  # of the largest entry: rounded numbers are the same number


def _significant(digits: int) -> Rounding:
    return np.vectorize(lambda v: float(f"{v:.{digits - 1}e}"), otypes=[float])


WAYS: dict[str, Rounding] = {
    **{f"to {k} digits after the point": lambda a, k=k: np.round(a, k) for k in range(1, 7)},  # type: ignore[misc]
    "to whole numbers": np.round,
    **{f"to {k} digits": _significant(k) for k in range(1, 7)},
    "to half precision": lambda a: a.astype(np.float16).astype(float),
    "to single precision": lambda a: a.astype(np.float32).astype(float),
}


def find(evidence: Evidence) -> Iterator[Finding]:
    """Entries that are what the right ones are when they are rounded; the others are right."""
    if evidence.joint is None:
        return  # measured slopes are not known to the last digit
    found: dict[str, list[tuple[str, Array]]] = {}
    for name in evidence.fitting:
        if not comparable(evidence, name):
            continue
        right, yours = np.asarray(evidence.right[name], float), np.asarray(evidence.yours[name], float)
        off = np.abs(yours - right) > evidence.tolerance[name]
        # Zeros are no rounded slopes: nothing is left of them.
        if not off.any() or np.mean(np.abs(yours[off]) > NOTHING * np.max(np.abs(right))) < LEFT:
            continue
        with np.errstate(all="ignore"):
            shared = np.log10(np.abs(right) / np.abs(yours - right))[off]
        if np.sum(np.clip(shared, 0.0, 17.0)) < TOLD:
            continue
        for says, rounding in WAYS.items():
            with np.errstate(all="ignore"):
                made = np.where(off, rounding(right), right)
            if np.max(np.abs(made - yours)[off]) <= EXACT * max(float(np.max(np.abs(right))), 1e-300):
                which = "the entries are" if off.sum() > 1 else "one entry is"
                found.setdefault(f"{which} rounded {says}", []).append((name, made))
                break
    for says, members in found.items():
        names = [name for name, _ in members]
        yield explained(
            CAUSE,
            evidence,
            f"in {listed(names)}, {says}",
            names,
            dict(members),
            why="every entry that is off is the right one, rounded",
            hint="round what is printed, and not what is worked with",
        )


def is_rounded_to_whole(typed: str, right: str) -> bool:
    """Whether a whole number other than 0 is the right one, rounded. 1 for 0.5 is more likely something else.

    What is nearer than 0.05 may be rounded to one digit after the point.

    >>> is_rounded_to_whole("2", "1.9"), is_rounded_to_whole("-4", "-3.6"), is_rounded_to_whole("1", "0.5")
    (True, True, False)
    """
    if "." in typed or "." not in right or typed == "0":
        return False
    return 0.05 < abs(float(typed) - float(right)) < 0.5


CAUSE = Cause(
    code="GW282",
    name="rounded slopes",
    summary="The slopes are right, and then rounded to few digits.",
    explain="The gradient was rounded, printed and read back, or kept in a number type with few digits. Each entry is "
    "off by less than half a step of its last digit, and the errors look like noise.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum((x @ w) ** 2)

def gradient(w, x):
    return np.round(2 * x.T @ (x @ w), 2)
""",
    mended="""
def gradient(w, x):
    return 2 * x.T @ (x @ w)
""",
    find=find,
    rank=12,
    digits=ByDigits(is_rounded_to_whole, "that is rounded to a whole number: it is {value}", rare=True),
)
