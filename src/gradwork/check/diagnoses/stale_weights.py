"""A weight was updated before what lies behind it was worked out: the way back reads the new one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._ratio import ratio_of
from gradwork.check.diagnoses.post_activation import with_replaced
from gradwork.check.evidence import Edit, Evidence, Joint
from gradwork.check.paper import RATES, Slip, Step, Tree
from gradwork.check.sites import Names, behind
from gradwork.check.trees import cells_in

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
    if all(ratio_of(evidence, n) is not None for n in explains):
        return  # some rate belongs to every factor: the factor is what is wrong
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


def _one_after_the_other(step: Step) -> Iterator[Slip]:
    """The slope of this step worked out again at a value that was updated just before."""
    is_step = step.tree[0] == "subtract" and step.quantity.name.startswith("new_")
    if not is_step and (not step.is_slope or step.turned):
        return
    tree = step.tree
    for _ in range(3):
        tree = _written_out(step, tree)
    for cell in dict.fromkeys(cells_in(tree)):
        name = step.owner[cell].name
        new = step.quantities.get(f"new_{name}")
        if new is not None and new is not step.quantity and step.of != name and step.owner[cell].shape == new.shape:
            at = ("cell", new.first + cell - step.owner[cell].first)
            says = "{name} was updated too soon: both are updated from the same slopes"
            yield Slip(_with_cell(tree, cell, at), says, {"name": name}, ("too soon", name), late=True)


def _written_out(step: Step, tree: Tree) -> Tree:
    if tree[0] == "cell":
        return step.lines.get(tree[1], tree)
    return tree if tree[0] == "known" else (tree[0], *(_written_out(step, part) for part in tree[1:]))


def _with_cell(tree: Tree, cell: int, part: Tree) -> Tree:
    if tree[0] == "cell":
        return part if tree[1] == cell else tree
    return tree if tree[0] == "known" else (tree[0], *(_with_cell(p, cell, part) for p in tree[1:]))


def slips(step: Step) -> Iterator[Slip]:
    """The value after the step where the one before it belongs, or the other way round."""
    if not RATES.intersection(step.quantities):
        return  # before and after a nudge, not a step
    yield from _one_after_the_other(step)
    for name in dict.fromkeys(step.owner[c].name for _, c in step.cells()):
        right = step.quantities[name]
        for twin in _twins(name):
            wrong = step.quantities.get(twin)
            if wrong is None or wrong is step.quantity or wrong.shape != right.shape:
                continue
            other = step.everywhere(
                lambda c, r=right, w=wrong: w.first + c - r.first if step.owner[c] is r else c  # type: ignore[misc]
            )
            if other is not None:
                names = {"wrong": twin, "right": name}
                yield Slip(other, "{wrong} stands where {right} belongs", names, ("time", name, twin))


def _twins(name: str) -> Iterator[str]:
    """What the value before, or after, a step or a nudge may be called."""
    for one, other in (("before", "after"), ("old", "new")):
        for here, there in ((one, other), (other, one)):
            if name.endswith(f"_{here}"):
                yield name.removesuffix(here) + there
    yield name.removeprefix("new_") if name.startswith("new_") else f"new_{name}"


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
    paper=("M16", "M19"),
    bugs=(12,),
    slips=slips,
)
