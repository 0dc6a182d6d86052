"""The numbers of one step as they stand beside its picture: lines with places, and the texts that are put in there."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.descent.entries import Entry
from gradwork.descent.method import layout
from gradwork.descent.result import Descent, WorkedStep
from gradwork.formats._formula import Formula
from gradwork.formats._signs import UNICODE, finished
from gradwork.formats._svg import tick_text
from gradwork.graph.formula import evaluate_program
from gradwork.graph.op import REGISTER
from gradwork.notation.layout import Layout, Number, Symbol
from gradwork.notation.numbers import decimal_text

Line = tuple[str, tuple[str | int, ...]]
NONE = "–"  # what is put in where no step follows


def lines(found: Descent, entries: Sequence[Entry]) -> Iterator[Line]:
    """The lines that stand beside the picture: label, and pieces of text and positions of values."""
    yield "loss", (0,)
    names = _names(found)
    for i, e in enumerate(entries):
        base = 3 + i * (1 + len(names))
        at = {"weight": base, **{name: base + 1 + k for k, name in enumerate(names)}}
        yield e.name, (at["weight"],)
        yield f"d loss/d {e.name}", (at["slope"],)
        if found.method.search is not None:
            yield f"new {e.name}", (at["new_weight"],)
            continue
        changed = [word for word, there in (("clipped", found.clip), ("with weight decay", _decays(found))) if there]
        if changed:
            yield f"gradient, {' and '.join(changed)}", (at["gradient"],)
        for name, text in found.method.lines.items():
            label = f"{_called(name, e.name)} = {_words(text, e.name)}"
            yield label, (*_filled(found, text, at), " = ", at[name])


def _decays(found: Descent) -> bool:
    return bool(found.weight_decay) and not found.method.decays_weights


def _called(word: str, name: str) -> str:
    return f"new {name}" if word == "new_weight" else word.replace("new_", "new ", 1)


def _words(text: str, name: str) -> str:
    """A formula of the rule with the parameter's own name, on one line."""
    return _on_a_line(layout(text, _SAMPLES, {"weight": Symbol(name)}))


def _filled(found: Descent, text: str, at: dict[str, int]) -> Iterator[str | int]:
    """The formula's pieces, with the place of a value for each of its names."""
    places = {**at, "learning_rate": 1, "step": 2}
    constants = {**found.method.constants, "weight_decay": found.weight_decay}
    numbers = {name: Number(float(_SLOT + place)) for name, place in places.items()}
    numbers |= {name: Number(value) for name, value in constants.items()}
    line = _on_a_line(layout(text, _SAMPLES, numbers))
    for piece in re.split(rf"({_SLOT // 1000}\d{{3}})", line):
        if piece:
            yield int(piece) - _SLOT if re.fullmatch(rf"{_SLOT // 1000}\d{{3}}", piece) else piece


_SLOT = 7_770_000  # a number that stands in a formula for the value whose place is added to it


class _Samples(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        return np.float64(0.5)


_SAMPLES = _Samples()


def _on_a_line(piece: Layout) -> str:
    return finished(Formula(UNICODE, 7).whole(piece).line, color=False)


# -- what is put in ----------------------------------------------------------------------------------------------------


def values(
    run: Descent,
    step: WorkedStep | tuple[Any, ...],
    entries: Sequence[Entry],
    at: Sequence[float],
    loss: float,
    clip: float | None,
) -> Iterator[str]:
    """The texts that the lines put in, see `lines` for their order; for a gradient alone, what can be told from it."""
    yield shown(loss)
    yield shown(step.rate) if isinstance(step, WorkedStep) else NONE
    yield f"{step.number}" if isinstance(step, WorkedStep) else NONE
    for e, value in zip(entries, at, strict=True):
        if isinstance(step, WorkedStep):
            numbers = _numbers(run, step, e, _clipping(step, clip))
        else:
            slope = float(np.ravel(step[e.leaf])[e.within])
            numbers = {"slope": slope} if math.isfinite(slope) else {}
        yield shown(value)
        yield from (shown(numbers[name]) if name in numbers else NONE for name in _names(run))


def _names(found: Descent) -> list[str]:
    """The names of one entry's values, after the entry itself."""
    if found.method.search is not None:
        return ["slope", "new_weight"]
    return ["slope", "gradient", *found.method.states, *found.method.lines]


def _numbers(run: Descent, step: WorkedStep, e: Entry, factor: float) -> dict[str, float]:
    """The numbers of one entry in one step: its slope, and what the rule's formulas have names for."""

    def take(leaf: Any) -> float:
        return float(np.ravel(leaf)[e.within])

    slope, weight = take(step.gradient[e.leaf]), take(step.before[e.leaf])
    numbers = {"slope": slope, "new_weight": take(step.after[e.leaf])}
    if run.method.search is not None:
        return numbers
    decay = 0.0 if run.method.decays_weights else run.weight_decay * weight
    numbers["gradient"] = slope * factor + decay
    states = {name: take(s) for name, s in zip(run.method.states, step.states[e.leaf], strict=True)}
    names = {
        **run.method.constants, **states, **numbers, "weight": weight, "learning_rate": step.rate,
        "step": float(step.number), "weight_decay": run.weight_decay,
    }  # fmt: skip
    with np.errstate(all="ignore"):
        lines = evaluate_program(run.method.program, names, REGISTER.by_word)
    return {**{name: float(lines[name]) for name in run.method.lines}, **states, **numbers}


def _clipping(step: WorkedStep, clip: float | None) -> float:
    """What the gradient of a step was multiplied by to be no longer than `clip`."""
    if clip is None:
        return 1.0
    long = math.sqrt(sum(float(np.sum(np.square(g))) for g in step.gradient))
    return clip / long if long > clip else 1.0


def shown(value: float) -> str:
    """A number with six digits; from ten million on, and where it is small, with a power of ten.

    >>> shown(-0.25), shown(4.2528e11), shown(1e-6)
    ('−0.25', '4.2528·10¹¹', '10⁻⁶')
    """
    if abs(value) >= 1e7 and math.isfinite(value):
        mantissa, _, exponent = f"{value:.5e}".partition("e")
        return tick_text(f"{decimal_text(float(mantissa), 6)}e{int(exponent)}")
    return tick_text(decimal_text(value, 6))
