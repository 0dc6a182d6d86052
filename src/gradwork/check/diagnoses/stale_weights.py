"""A weight was updated before what lies behind it was worked out: the way back reads the new one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses.post_activation import with_replaced
from gradwork.check.evidence import Edit, Evidence, Joint
from gradwork.check.sites import Names, behind

LARGEST_RATE = 1e4


def find(evidence: Evidence) -> Iterator[Finding]:
    """For each parameter that the way back reads: as it is after a step against its gradient, of whatever rate."""
    joint = evidence.joint
    if joint is None or not evidence.fitting:
        return
    updated = [(name, place, _readers(joint, place)) for name, place in joint.place.items() if name in joint.slope]
    updated = [u for u in updated if u[2]]
    for chosen in ([u] for u in updated):
        yield from _with(evidence, joint, chosen)
    if len(updated) > 1:
        yield from _with(evidence, joint, updated)


def _readers(joint: Joint, place: int) -> list[int]:
    """The nodes of the way back that read a parameter, as it is or transposed."""
    return [r for r in joint.graph.consumers[place] if r >= joint.forward]


def _with(evidence: Evidence, joint: Joint, chosen: Sequence[tuple[str, int, list[int]]]) -> Iterator[Finding]:
    rate = _rate(evidence, joint, chosen)
    if rate is None:
        return
    made = joint.with_edits(_edits(joint, chosen, rate)) or {}
    wrong = evidence.fitting
    if any(not evidence.equals(n, a) for n, a in made.items() if n not in wrong):
        return
    explains = [n for n in wrong if n in made and evidence.equals(n, made[n])]
    # One number always belongs to some rate: only a second one can confirm it.
    if sum(int(np.sum(made[n] != evidence.right[n])) for n in explains) < 2:
        return
    names = Names.of(joint)
    which = " and ".join(names.name(place) for _, place, _ in chosen)
    many = len(chosen) > 1
    yield explained(
        CAUSE, evidence,
        f"{which} {'were' if many else 'was'} updated before {'they were' if many else 'it was'} read on the way back",
        explains, {n: made[n] for n in explains},
        why=f"yours is what comes out with {which} after a step of learning rate {rate:.6g}; all slopes belong to the "
        "weights of the forward pass",
        hint="work out every gradient first, then update",
    )  # fmt: skip


def _edits(joint: Joint, chosen: Sequence[tuple[str, int, list[int]]], rate: float) -> dict[int, Edit]:
    edits: dict[int, Edit] = {}
    for name, place, readers in chosen:
        step = rate * joint.value(joint.slope[name])
        for reader in readers:
            edits[reader] = _reading(joint, reader, place, step)
    return edits


def _reading(joint: Joint, reader: int, place: int, step: Any) -> Edit:
    inner = with_replaced(joint, reader, behind(joint, reader, reader), {})

    def edit(values: Sequence[Any]) -> Any:
        changed = list(values)
        changed[place] = np.asarray(values[place]) - step
        return inner(changed)

    return edit


def _rate(evidence: Evidence, joint: Joint, chosen: Sequence[tuple[str, int, list[int]]]) -> float | None:
    """The learning rate, from the array that depends on it in a straight line; None where there is none."""
    probe = 1e-3
    made = joint.with_edits(_edits(joint, chosen, probe)) or {}
    for name in reversed(evidence.fitting):
        if name not in made:
            continue
        direction = (made[name] - evidence.right[name]) / probe
        size = float(np.sum(direction**2))
        if size == 0:
            continue
        rate = float(np.sum(direction * (evidence.yours[name] - evidence.right[name]))) / size
        if 0 < abs(rate) < LARGEST_RATE:
            return rate
    return None


CAUSE = Cause(
    code="GW212",
    name="stale weights",
    summary="A weight was updated before the way back had read it.",
    explain="All slopes belong to the weights with which the loss was worked out. Where a layer's weights are updated "
    "at once, the layers before it get slopes of a network that never gave that loss: nearly right, and off "
    "in proportion to the learning rate.",
    broken="""
import numpy as np

def loss(w, v, x):
    return np.sum(np.tanh(x @ w) @ v)

def gradient(w, v, x):
    a = np.tanh(x @ w)
    g = np.ones(a.shape)
    dv = a.T @ g
    v -= 0.01 * dv
    return x.T @ (g @ v.T * (1 - a**2)), dv
""",
    mended="""
def gradient(w, v, x):
    a = np.tanh(x @ w)
    g = np.ones(a.shape)
    return x.T @ (g @ v.T * (1 - a**2)), a.T @ g
""",
    find=find,
    rank=19,
    paper=("M16",),
    bugs=(12,),
)
