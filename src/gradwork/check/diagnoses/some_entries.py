"""Some rows, columns or entries that are left out or wrong, where all the rest is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._ratio import clear, comparable
from gradwork.check.evidence import Evidence
from gradwork.check.given import Array

LEAST_RIGHT = 2  # entries that are right beside those that are not


@dataclass(frozen=True, eq=False)
class Block:
    """The smallest block of rows and columns that holds all wrong entries of an array."""

    index: tuple[slice, ...]
    says: str


def find(evidence: Evidence) -> Iterator[Finding]:
    """A block of entries that is zero, or off by one factor or one summand; a triangle or diagonal that is zero."""
    only = len(evidence.wrong) == 1
    for name in evidence.fitting:
        if not comparable(evidence, name) or np.size(evidence.right[name]) < 2:
            continue
        off = _off(evidence, name)
        if not off.any() or not (clear(evidence, name) & ~off).any():
            continue
        block = _block(off)
        if block is not None and off[block.index].size != off.size:
            found = list(_of_block(evidence, name, block, only))
        else:
            found = []
        yield from found or _of_triangle(evidence, name)


def _off(evidence: Evidence, name: str) -> Array:
    yours, right = evidence.yours[name], evidence.right[name]
    kinks = evidence.verdicts[name].at_kink if name in evidence.verdicts else np.zeros(np.shape(yours), bool)
    return np.asarray((np.abs(yours - right) > evidence.tolerance[name]) & ~kinks)


def _block(off: Array) -> Block | None:
    index, told = [], []
    for axis in range(off.ndim):
        hit = np.flatnonzero(off.any(axis=tuple(a for a in range(off.ndim) if a != axis)))
        first, last, length = int(hit[0]), int(hit[-1]), off.shape[axis]
        index.append(slice(first, last + 1))
        if last - first + 1 < length:
            told.append(_told(_line(off.ndim, axis), first, last, length))
    return Block(tuple(index), ", ".join(told)) if told else None


def _line(count: int, axis: int) -> tuple[str, str]:
    if count == 1:
        return "entry", "entries"
    return {0: ("row", "rows"), 1: ("column", "columns")}.get(axis, (f"place on axis {axis}", f"places on axis {axis}"))


def _told(words: tuple[str, str], first: int, last: int, length: int) -> str:
    one, many = words
    if first == last:
        place = "the last " if last == length - 1 else "the first " if first == 0 else ""
        return f"{place}{one}" if place else f"{one} {first + 1}"
    if first == 0:
        return f"the first {last + 1} {many}"
    if last == length - 1:
        return f"the last {length - first} {many}"
    return f"{many} {first + 1} to {last + 1}"


def _of_block(evidence: Evidence, name: str, block: Block, only: bool) -> Iterator[Finding]:
    yours, right, index = evidence.yours[name], evidence.right[name], block.index
    reach = evidence.tolerance[name][index]
    inside, wanted = yours[index], right[index]
    made = np.array(right)
    if not np.any(inside):
        made[index] = 0.0
        hint = "an index or a slice stops too early, or begins too late"
        yield replace(_finding(evidence, name, block, "is zero", made, hint), cause=ZEROS)
        return
    if not only or np.size(right) - np.size(inside) < LEAST_RIGHT:
        return
    total = float(np.sum(wanted**2))
    ratio = float(np.sum(wanted * inside)) / total if total else 0.0
    plain = ratio in _plain(ratio)
    # One entry is always some number times what is right: a number that is short is meant; else another point tells.
    several = np.size(inside) > 1 or plain or evidence.second is not None or _short(ratio, reach, wanted)
    if several and ratio and np.all(np.abs(inside - ratio * wanted) <= max(1.0, abs(ratio)) * reach):
        made[index] = ratio * wanted
        yield _finding(
            evidence, name, block, f"is {ratio:.5g} times what is right", made, f"look for the factor {ratio:.5g}"
        )
        return
    added = float(np.mean(inside - wanted))
    told = np.size(inside) > 1 or evidence.second is not None or _short(added, reach, np.full_like(wanted, added))
    if told and np.all(np.abs(inside - wanted - added) <= reach):
        made[index] = wanted + added
        yield _finding(evidence, name, block, f"is {added:+.5g} off", made, f"look for what adds {added:.5g}")


def _short(number: float, reach: Array, size: Array) -> bool:
    """Whether a number that is measured to many digits has only few."""
    exact = bool(np.all(reach <= 1e-7 * np.abs(size)))
    return exact and bool(number) and abs(number - float(f"{number:.4g}")) <= 1e-8 * abs(number)


def _plain(ratio: float) -> list[float]:
    return [ratio for number in (2.0, 0.5, -1.0, 3.0) if abs(ratio - number) < 1e-7 * abs(number)]


def _finding(evidence: Evidence, name: str, block: Block, what: str, made: Array, hint: str) -> Finding:
    return explained(
        CAUSE,
        evidence,
        f"{block.says} of {name} {what}; every other entry is right",
        [name],
        {name: made},
        why="the way back reaches the array, and only some of its entries rightly",
        hint=hint,
    )


def _of_triangle(evidence: Evidence, name: str) -> Iterator[Finding]:
    """Only one triangle, or all but the diagonal, or every other row."""
    right, yours = evidence.right[name], evidence.yours[name]
    ways: list[tuple[str, Array]] = []
    if right.ndim == 2 and min(right.shape) > 1:
        ways += [
            ("the entries above the diagonal are zero", np.tril(right)),
            ("the entries below the diagonal are zero", np.triu(right)),
        ]
        if right.shape[0] == right.shape[1]:
            ways += [
                ("the diagonal is zero", right - np.diag(np.diag(right))),
                ("all entries beside the diagonal are zero", np.diag(np.diag(right))),
            ]
    for axis in range(right.ndim):
        for first, which in ((0, "first"), (1, "second")):
            made = np.array(right)
            place: list[slice] = [slice(None)] * right.ndim
            place[axis] = slice(first, None, 2)
            made[tuple(place)] = 0.0
            if right.shape[axis] >= 4:
                ways.append((f"every other of the {_line(right.ndim, axis)[1]} is zero, from the {which} on", made))
    for says, made in ways:
        if np.any(made) and np.array_equal(yours == 0, made == 0) and evidence.equals(name, made):
            yield explained(
                CAUSE,
                evidence,
                f"in {name}, {says}; every other entry is right",
                [name],
                {name: made},
                why="the way back reaches the array, and only some of its entries",
                hint="go through all its entries",
            )
            return


CAUSE = Cause(
    code="GW208",
    name="some entries",
    summary="Some rows, columns or entries are left out or wrong, and all the others are right.",
    explain=(
        "A slice or a loop stops one too early or begins one too late, an index is fixed, or only one "
        "triangle of a matrix is filled. What is left out stays zero. The cause is in the line that fills the"
        " array, not in the calculus."
    ),
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(np.sin(x @ w))

def gradient(w, x):
    g = np.zeros_like(w)
    for k in range(len(w) - 1):
        g[k] = np.sum(np.cos(x @ w) * x[:, k])
    return g
""",
    mended="""
def gradient(w, x):
    g = np.zeros_like(w)
    for k in range(len(w)):
        g[k] = np.sum(np.cos(x @ w) * x[:, k])
    return g
""",
    find=find,
    rank=70,
    bugs=(8,),
)

# What is exactly zero, beside entries that are exactly right, was left out; another number may have other causes.
ZEROS = replace(CAUSE, rank=17)
