"""The way back, differentiated once more, held against measured slopes of the gradient itself.

Along one random direction u, and for random numbers v, the slope of <gradient(x + t u), v> by t is measured, and is
what a second way back has to give. A function that saved what its forward pass made of the input gives another number
there, without a word: the saved value counts as a constant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from gradwork.check.cause import Finding
from gradwork.check.promises import broken, listed
from gradwork.check.verdicts import BARS
from gradwork.errors import GradworkError
from gradwork.gradients.nudge import nudge
from gradwork.torch._subject import Subject
from gradwork.torch._tensors import drawn

LOOSE = 1e-6  # of the sizes that are compared: rounding of two ways back


@dataclass(frozen=True)
class Second:
    """What a second way back gives: `wrong` where it gives wrong numbers, `note` where it gives none."""

    wrong: Finding | None = None
    note: str = ""


def second_way_back(subject: Subject) -> Second:
    """Try it out, for all checked tensors at once, and where that fails one by one."""
    leaves, outputs = subject.recorded(subject.point)
    weights = [w.detach().requires_grad_(True) for w in subject.weights()]
    try:
        gradients = subject.pulled(leaves, outputs, weights, create_graph=True)
    except RuntimeError as error:
        return Second(note=_not_supported(error))
    live = {n: g for n, g in gradients.items() if g is not None}
    if not any(g.requires_grad for g in live.values()):
        return Second(note="a second way back is not supported: backward is made of plain numbers")
    along = {n: drawn(v, 31 + k) for k, (n, v) in enumerate(subject.point.items())}
    against = {n: drawn(g, 77 + k) for k, (n, g) in enumerate(live.items())}
    total = _paired(live, against)
    try:
        total.backward()  # through all of it: a way that ends in a refusal is met too
    except RuntimeError as error:
        return Second(note=_not_supported(error))
    if _holds(subject, along, against, leaves):
        return Second()
    wrong = [n for n, u in along.items() if not _holds(subject, {n: u}, against, leaves)] or list(along)
    says = f"the gradient is right, and its own slopes by {listed(wrong)} are wrong"
    why = "what backward reads was made in forward and saved as plain numbers: a second way back takes it for constant"
    hint = "save inputs and outputs alone, and compute the rest in backward; or @once_differentiable, which says no"
    return Second(broken("GW233", says, wrong, why, hint))


def _holds(
    subject: Subject,
    along: Mapping[str, torch.Tensor],
    against: Mapping[str, torch.Tensor],
    leaves: Mapping[str, torch.Tensor],
) -> bool:
    """Whether the slope along these directions is what the second way back left in the leaves."""
    slopes = {n: g for n in along if (g := leaves[n].grad) is not None}
    given = float(_paired(slopes, along))
    point, weights = subject.point, subject.weights()

    def paired(t: Any) -> float:
        moved = {**point, **{n: point[n] + float(t) * u for n, u in along.items()}}
        gradients = subject.backward(moved, weights)
        return float(_paired({n: g for n, g in gradients.items() if g is not None}, against))

    try:
        measured = nudge(paired, 0.0, mode="definition")
    except GradworkError:
        return True  # nothing can be told
    slope, bar = float(measured.gradient), float(measured.error)
    return bool(measured.kinks) or abs(given - slope) <= BARS * bar + LOOSE * max(abs(slope), abs(given))


def _paired(gradients: Mapping[str, torch.Tensor], against: Mapping[str, torch.Tensor]) -> torch.Tensor:
    parts: Sequence[torch.Tensor] = [
        (g * against[n].conj()).real.sum() if g.is_complex() else (g * against[n]).sum()
        for n, g in gradients.items()
        if n in against
    ]
    return torch.stack(list(parts)).sum() if parts else torch.zeros((), dtype=torch.float64)


def _not_supported(error: Exception) -> str:
    if "once_differentiable" in str(error):
        return "a second way back is not supported: backward is marked @once_differentiable"
    return f"a second way back is not supported: {next(iter(str(error).splitlines()), '')[:100]}"
