"""Which way the nudges are evaluated: each by a call of the function, by what they move, or unit by unit."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor

from gradwork.gradients.nudging.noise import Noise
from gradwork.gradients.nudging.sampler import Entries, Sampler
from gradwork.gradients.nudging.start import Start
from gradwork.gradients.nudging.structure import structured_sampler

MODES = ("auto", "definition", "structure", "per_unit")
MANY = 200  # entries, from which "auto" looks for structure


def sampler_for(mode: str, start: Start, entries: Entries, executor: Executor | None, noise: Noise) -> Sampler:
    """What evaluates the nudges. Where the structure is not known, every mode is the definition's plain loop."""
    wanted = mode in ("structure", "per_unit") or (mode == "auto" and executor is None and len(entries.part) > MANY)
    found = structured_sampler(start, entries, noise.size) if wanted else None
    return found or Sampler(start.subject, entries, executor)


def modes_of(start: Start, sampler: Sampler) -> dict[str, str]:
    """The mode that gave each nudged array, by its name."""
    return {start.subject.parts[part].name: sampler.mode_of(part) for part in start.subject.moving}


def in_words(modes: Mapping[str, str], otherwise: str = "definition") -> str:
    """The modes in one line.

    >>> in_words({"W": "structure", "b": "structure"}), in_words({"W": "per_unit", "b": "per_unit", "V": "structure"})
    ('structure', 'per_unit: W, b; structure: V')
    """
    names: dict[str, list[str]] = {}
    for name, mode in modes.items():
        names.setdefault(mode, []).append(name)
    if len(names) <= 1:
        return next(iter(names), otherwise)
    return "; ".join(f"{mode}: {', '.join(mine)}" for mode, mine in names.items())
