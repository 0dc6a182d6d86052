"""Checks that could not have failed: they are called out, and never passed in silence.

Where both gradients are zero, or the data are all alike, a wrong gradient may look right. What is found here either
makes the check say nothing (`empty`: it is not ok), or hides some mistakes (`blind`: it is said).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradwork.check.evidence import Evidence
from gradwork.check.unseen import vanishes
from gradwork.check.verdicts import AGREES, DIFFERS, Verdict


@dataclass(frozen=True)
class Caution:
    """Something that the check cannot see. `empty`: then the check says nothing, and is not ok."""

    says: str
    hint: str
    empty: bool = False


def cautions(evidence: Evidence, verdicts: Sequence[Verdict], ignored: Sequence[str]) -> list[Caution]:
    """Everything that this point could not have shown."""
    return [*_zeros(verdicts, ignored), *_near_by(verdicts), *_alike(evidence), *_square(evidence), *_uniform(evidence)]


def _near_by(verdicts: Sequence[Verdict]) -> list[Caution]:
    """Arrays of which nothing can be told here, and which are wrong at another point."""
    spoiled = [v.name for v in verdicts if v.elsewhere == DIFFERS]
    if not spoiled:
        return []
    said = f"at a second point near by, your gradient of {_listed(spoiled)} is not what backprop gives there"
    return [Caution(said, "check it at other numbers: here every slope drowns in the rounding of the loss")]


def _zeros(verdicts: Sequence[Verdict], ignored: Sequence[str]) -> list[Caution]:
    found = []
    both = [v.name for v in verdicts if vanishes(v)]
    near = [v.name for v in verdicts if v.elsewhere == AGREES]
    judged = [v for v in verdicts if v.yours.size]
    if verdicts and not judged and not any(v.wrong for v in verdicts):
        empty = _listed([v.name for v in verdicts])
        found.append(Caution(f"there is no entry in {empty}: nothing was tested", "arrays with entries", empty=True))
    if judged and len(both) == len(judged) and set(both) <= set(near):
        found.append(
            Caution(
                f"every slope of {_listed(both)} is zero, yours and the measured ones; "
                "what speaks for it is a second point near by, where yours is what backprop gives",
                "a point at which the loss depends on them: other random weights, other data",
            )
        )
    elif judged and len(both) == len(judged):
        found.append(
            Caution(
                f"every slope of {_listed(both)} is zero, yours and the measured ones: nothing was tested",
                "a point at which the loss depends on them: other random weights, other data",
                empty=True,
            )
        )
    elif both:
        found.append(
            Caution(
                f"every slope of {_listed(both)} is zero, yours and the measured ones: any gradient that forgets "
                f"{'them' if len(both) > 1 else 'it'} would pass here",
                "a point at which the loss depends on it, such as units that are not all off",
            )
        )
    unused = [n for n in ignored if n not in both]
    if unused:
        found.append(
            Caution(
                f"the loss does not depend on {_listed(unused)} here",
                "other data, or leave it out of what is checked",
            )
        )
    return found


def _alike(evidence: Evidence) -> list[Caution]:
    """Data that are all the same number: indices, axes and transposes cannot be told apart."""
    flat = []
    for leaf in evidence.leaves:
        value = np.asarray(leaf.value)
        if value.size > 1 and value.dtype.kind == "f" and np.all(value == value.reshape(-1)[0]) and value.any():
            flat.append(leaf.name)
    flat += [n for n in _other_inputs_alike(evidence) if n not in flat]
    if not flat:
        return []
    return [
        Caution(
            f"all entries of {_listed(flat)} are equal: mistakes of index, axis and order cannot be seen",
            "random numbers in their place",
        )
    ]


def _other_inputs_alike(evidence: Evidence) -> list[str]:
    if evidence.joint is None:
        return []
    found = []
    for position in evidence.joint.graph.inputs:
        value = evidence.joint.value(position)
        if value.size > 1 and value.dtype.kind == "f" and np.all(value == value.reshape(-1)[0]) and value.any():
            found.append(evidence.joint.node(position).name or "an argument")
    return found


def _square(evidence: Evidence) -> list[Caution]:
    """A symmetric matrix hides a transpose."""
    hidden = []
    for leaf in evidence.leaves:
        value = np.asarray(leaf.value)
        square = value.ndim == 2 and value.shape[0] == value.shape[1] > 1
        if square and np.array_equal(value, value.T) and value.any() and not np.all(value == value[0, 0]):
            hidden.append(leaf.name)
    if not hidden:
        return []
    return [Caution(f"{_listed(hidden)} is symmetric: a forgotten transpose cannot be seen", "random numbers in it")]


def _uniform(evidence: Evidence) -> list[Caution]:
    """A matrix product to which the same slope comes back in every entry, as from a plain sum of its entries."""
    joint = evidence.joint
    if joint is None:
        return []
    moving = joint.graph.depends_on(list(joint.place.values()))
    for of, adjoint in joint.adjoint.items():
        node = joint.node(of)
        if node.op != "matmul" or not moving[of]:
            continue
        back = joint.value(adjoint)
        if back.size > 1 and back.any() and np.all(back == back.reshape(-1)[0]):
            called = node.name or "a matrix product"
            return [
                Caution(
                    f"the slope that comes back to {called} is {float(back.reshape(-1)[0]):.6g} in every entry: "
                    "a gradient that leaves it out, or mixes its rows up, may pass here",
                    "a loss that weighs the entries: np.sum(r * ...) with random numbers r",
                )
            ]
    return []


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
