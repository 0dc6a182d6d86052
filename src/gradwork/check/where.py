"""Where the error enters: layer by layer from the loss back, and down to rows, columns, entries and samples.

A bias gradient is the sum of the slopes that arrive at its layer, so it says whether these are right; the weights of
the layer say whether they were combined rightly with what the layer reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradwork.check.evidence import Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.verdicts import EVERY, Verdict

FEW = 4


@dataclass(frozen=True)
class Place:
    """One sentence on where the error is, with what it is about."""

    says: str
    arrays: tuple[str, ...] = ()
    layer: int = 0


def located(evidence: Evidence) -> list[Place]:
    """Where the error enters, most useful first."""
    found: list[Place] = []
    if evidence.joint is not None and evidence.wrong:
        found += _by_layer(evidence, evidence.joint)
    for name in evidence.wrong:
        verdict = evidence.verdicts[name]
        if not verdict.missing:
            found += [Place(says, (name,)) for says in pattern_of(verdict)]
    return found


def layer_of(joint: Joint, name: str) -> int:
    """The layer that a parameter belongs to: that of the first node it takes part in. 0 where there are no layers."""
    place = joint.place[name]
    return max((joint.layers[i] for i in joint.graph.consumers[place] if i < joint.forward), default=0)


def _by_layer(evidence: Evidence, joint: Joint) -> Iterator[Place]:
    wrong, right = set(evidence.wrong), [n for n, v in evidence.verdicts.items() if v.right]
    layers: dict[int, list[str]] = {}
    for name in evidence.verdicts:
        layers.setdefault(layer_of(joint, name), []).append(name)
    numbered = sorted((layer for layer in layers if layer), reverse=True)
    if len(numbered) < 2:
        return
    spoiled = [layer for layer in numbered if wrong & set(layers[layer])]
    if not spoiled:
        return
    first = spoiled[0]
    names = [n for n in layers[first] if n in wrong]
    fine = [n for n in layers[first] if n in right]
    above = [n for layer in numbered if layer > first for n in layers[layer] if n in right]
    if fine and spoiled == [first]:
        yield Place(
            f"only {_listed(names)} of layer {first} is wrong, and {_listed(fine)} of the same layer is right: "
            "the slopes arrive rightly there, and are combined wrongly",
            tuple(names),
            first,
        )
    elif above:
        yield Place(
            f"the error enters on the way back from layer {first + 1}, whose {_listed(above)} "
            f"{'is' if len(above) == 1 else 'are'} right, to layer {first}",
            tuple(names),
            first,
        )
    elif len(spoiled) == len(numbered):
        yield Place(
            f"the last layer ({first}) is wrong already: the error enters between the loss and its scores", (), first
        )


def pattern_of(verdict: Verdict) -> list[str]:
    """What the wrong entries have in common: all, a row, a column, some."""
    differ = verdict.differ
    total, count = differ.size, int(differ.sum())
    if count == 0 or total == 1:
        return []
    name = verdict.name
    if count == total:
        return [f"all {total:,} entries of {name}"]
    if differ.ndim == 2:
        rows, columns = np.flatnonzero(differ.any(axis=1)), np.flatnonzero(differ.any(axis=0))
        if len(rows) <= FEW and differ[rows].all():
            return [f"{name}: {_numbered('row', rows)}, and no other"]
        if len(columns) <= FEW and differ[:, columns].all():
            return [f"{name}: {_numbered('column', columns)}, and no other"]
    if count <= FEW:
        places = [", ".join(str(int(i) + 1) for i in index) for index in np.argwhere(differ)]
        return [
            f"{name}: {'entry' if count == 1 else 'entries'} {' and '.join(f'({p})' for p in places)}, and no other"
        ]
    if verdict.how != EVERY:
        looked = int((verdict.agree | differ).sum())
        return [f"{name}: {count:,} of the {looked:,} entries that were looked at one by one, of {total:,}"]
    return [f"{count:,} of {total:,} entries of {name}"]


def _numbered(what: str, places: Array) -> str:
    """Rows and columns as people count them."""
    numbers = [str(int(p) + 1) for p in places]
    return f"{what}{'s' if len(numbers) > 1 else ''} {_listed(numbers)}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
