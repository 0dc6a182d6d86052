"""A function's own forward rule (`jvp`) against its backward: <c, J t> and <c J, t> are one number."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch.autograd import forward_ad

from gradwork.check.cause import Finding
from gradwork.check.check import Check
from gradwork.check.promises import broken, listed
from gradwork.torch._subject import Subject
from gradwork.torch._tensors import drawn


def disagreement(subject: Subject, found: Check) -> Sequence[Finding]:
    """The forward rule's failure, where it fails."""
    weights = subject.weights()
    back = subject.backward(subject.point, weights)
    along = {n: drawn(v, 900 + k).to(v.dtype) for k, (n, v) in enumerate(subject.point.items())}
    names = []
    for name, direction in along.items():
        try:
            carried = _carried(subject, name, direction, weights)
        except (RuntimeError, NotImplementedError):
            return []  # it says itself that it has none
        slope = back[name]
        sent = 0.0 if slope is None or slope.shape != direction.shape else float((slope * direction.conj()).real.sum())
        loose = 1e-9 if subject.wide or not subject.narrow else 1e-2
        if abs(carried - sent) > loose * max(abs(carried), abs(sent), 1e-300):
            names.append(name)
    if not names:
        return []
    right = [n for n in names if found.verdicts[n].right]
    side = "the backward is right by measurement, so jvp is wrong"
    which = side if right == names else "the measured slopes say which"
    says = f"jvp and backward do not belong to one function, by {listed(names)}"
    why = f"<c, J t> and <c J, t> have to be one number; {which}"
    return [broken("GW252", says, names, why, "carry the tangent through the same local slopes")]


def _carried(subject: Subject, name: str, direction: Any, weights: Sequence[torch.Tensor]) -> float:
    with warnings.catch_warnings(), forward_ad.dual_level():
        # torch loads its forward rules at the first use, and warns of a way of its own to do so.
        warnings.simplefilter("ignore", DeprecationWarning)
        values = {n: v.clone() for n, v in subject.point.items()}
        values[name] = forward_ad.make_dual(values[name], direction)
        total = 0.0
        for output, weight in zip(subject.forward(values), weights, strict=True):
            tangent = forward_ad.unpack_dual(output).tangent
            if tangent is not None:
                total += float((tangent * weight.conj()).real.sum())
        return total
