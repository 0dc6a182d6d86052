"""Where in a module the error enters: its parts, in the order in which they run, and the slopes between them.

The output of each part is moved along a random direction, and the measured rise is held against the slopes that torch
sends back to it. The last part whose output gets the right slopes, and whose input does not, has the mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from gradwork.check.promises import listed
from gradwork.check.verdicts import BARS, Verdict
from gradwork.check.where import Place
from gradwork.errors import GradworkError
from gradwork.gradients.nudge import nudge
from gradwork.torch._subject import Subject, projected
from gradwork.torch._tensors import drawn, is_real_number

MOST_PARTS = 40
LOOSE = 1e-7


@dataclass(eq=False)
class Part:
    """One part of a module that ran once, with its output and the slopes that come back to it."""

    name: str
    kind: str
    module: torch.nn.Module
    output: torch.Tensor | None = None
    arrives: bool | None = None
    runs: int = 0
    handles: list[Any] = field(default_factory=list)


def located(module: torch.nn.Module, subject: Subject, verdicts: Mapping[str, Verdict]) -> list[Place]:
    """Sentences on where the error enters, most useful first."""
    wrong = [n for n, v in verdicts.items() if v.wrong]
    if not wrong:
        return []
    parts = _parts_in_order(module, subject)
    if len(parts) < 2 or len(parts) > MOST_PARTS:
        return []
    _judge(parts, subject)
    return [*_between(parts, verdicts), *_within(parts, verdicts)]


def _parts_in_order(module: torch.nn.Module, subject: Subject) -> list[Part]:
    """The innermost parts, in the order in which they run; those that run more than once are left out."""
    ran: list[Part] = []
    inner = {m: Part(n, type(m).__name__, m) for n, m in module.named_modules() if n and not list(m.children())}

    def saw(part: Part) -> Callable[..., None]:
        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            part.runs += 1
            part.output = output if is_real_number(output) else None
            ran.append(part)

        return hook

    handles = [m.register_forward_hook(saw(part)) for m, part in inner.items()]
    try:
        with torch.no_grad():
            subject.forward(subject.point)
    finally:
        for handle in handles:
            handle.remove()
    return [part for part in ran if part.runs == 1 and part.output is not None]


def _judge(parts: list[Part], subject: Subject) -> None:
    """Whether the slopes that arrive at each part's output are the right ones."""
    kept: dict[int, torch.Tensor] = {}

    def keep(place: int) -> Callable[..., None]:
        def hook(_module: Any, _inputs: Any, output: torch.Tensor) -> None:
            if output.requires_grad:
                output.retain_grad()
                kept[place] = output

        return hook

    handles = [part.module.register_forward_hook(keep(k)) for k, part in enumerate(parts)]
    try:
        leaves, outputs = subject.recorded(subject.point)
    finally:
        for handle in handles:
            handle.remove()
    torch.autograd.backward([projected(outputs, subject.weights())], inputs=[*leaves.values(), *kept.values()])
    for place, output in kept.items():
        part, slopes = parts[place], output.grad
        direction = drawn(output, 500 + place)
        given = 0.0 if slopes is None else float((slopes * direction.conj()).real.sum())
        part.arrives = _holds(part, subject, direction, given)


def _holds(part: Part, subject: Subject, direction: torch.Tensor, given: float) -> bool | None:
    def moved(t: Any) -> float:
        step = float(t) * direction
        handle = part.module.register_forward_hook(lambda _m, _i, output: output + step.to(output.dtype))
        try:
            with torch.no_grad():
                return float(projected(subject.forward(subject.point), subject.weights()))
        finally:
            handle.remove()

    try:
        measured = nudge(moved, 0.0, mode="definition")
    except GradworkError:
        return None
    slope, bar = float(measured.gradient), float(measured.error)
    loose = LOOSE if subject.wide else 1e-2
    return abs(given - slope) <= BARS * bar + loose * max(abs(slope), abs(given))


def _between(parts: list[Part], verdicts: Mapping[str, Verdict]) -> list[Place]:
    """The step back at which right slopes become wrong ones."""
    judged = [p for p in parts if p.arrives is not None]
    spoiled = [p for p in judged if not p.arrives]
    if not spoiled:
        return []
    last = spoiled[-1]
    place = judged.index(last)
    if place + 1 == len(judged):
        return [Place(f"the slopes that arrive at the output of {_called(last)}, the last part, are wrong already")]
    after = judged[place + 1]
    wrong_inside = [n for n in _own(after, verdicts) if verdicts[n].wrong]
    verb = "is" if len(wrong_inside) == 1 else "are"
    inside = f"; its own {listed(wrong_inside)} {verb} wrong too" if wrong_inside else ""
    return [
        Place(
            f"the error enters in {_called(after)}: the slopes that arrive at its output are right, "
            f"those that it sends back to {_called(last)} are wrong{inside}"
        )
    ]


def _within(parts: list[Part], verdicts: Mapping[str, Verdict]) -> list[Place]:
    """Parts whose output gets the right slopes, and whose own parameters do not."""
    found = []
    for part in reversed(parts):
        own = _own(part, verdicts)
        wrong = [n for n in own if verdicts[n].wrong]
        right = [n for n in own if verdicts[n].right]
        if wrong and part.arrives:
            beside = f", and {listed(right)} {'is' if len(right) == 1 else 'are'} right" if right else ""
            found.append(
                Place(
                    f"{_called(part)}: the slopes that arrive at its output are right, its {listed(wrong)} "
                    f"{'is' if len(wrong) == 1 else 'are'} wrong{beside}: they are combined wrongly in it",
                    tuple(wrong),
                )
            )
    return found


def _own(part: Part, verdicts: Mapping[str, Verdict]) -> list[str]:
    return [n for n in verdicts if n.rpartition(".")[0] == part.name]


def _called(part: Part) -> str:
    return f"{part.name} ({part.kind})"
