"""Which way the nudges are evaluated: each by a call of the function, by what they move, or unit by unit."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor

from gradwork.gradients.nudging.colouring import coloured_sampler
from gradwork.gradients.nudging.noise import Noise
from gradwork.gradients.nudging.sampler import Entries, Sampler
from gradwork.gradients.nudging.start import Start
from gradwork.gradients.nudging.structured import structured_sampler

MODES = ("auto", "definition", "coloured", "structure", "per_unit")
MANY = 200  # entries, from which "auto" looks for structure
FOLLOWED = (
    "the graph is the function: it gives the same result at the point, and at a few nudged entries of each array",
)
TOGETHER = (
    "the graph is the function: it gives the same result at the point, and together the slopes explain what a "
    "nudge of all entries at once does to the function itself"
)
ASSUMED: dict[str, tuple[str, ...]] = {
    "definition": (),
    "coloured": (
        "entries that share a nudge meet in no result: shown from the graph; what none of them reaches did not move, "
        "and a few were nudged alone",
    ),
    "structure": FOLLOWED,
    "per_unit": (
        TOGETHER,
        "rows do not meet before they are added up: shown from the graph, and tried by nudging one row alone",
        "no corner lies within a nudge: the branches of all ops are the same at every size tried; an extreme that the "
        "result does not hang on is left out, and that was tried by moving it",
        "the loss of a row is smooth within the nudge: two curves through nudges of different sizes agree",
        "the nudge times the row's input is no larger than the nudges of which the curves were made",
    ),
}


def sampler_for(
    mode: str, scheme: str, start: Start, entries: Entries, executor: Executor | None, noise: Noise
) -> Sampler:
    """What evaluates the nudges. Where the structure is not known, every mode is the definition's plain loop."""
    if (mode == "coloured" or (mode == "auto" and executor is None)) and scheme != "complex":
        sharing = coloured_sampler(start, entries, asked=mode == "coloured")
        if sharing is not None:
            return sharing
    wanted = mode in ("structure", "per_unit") or (mode == "auto" and executor is None and len(entries.part) > MANY)
    # Slopes of units are compared with the function as a whole.
    found = structured_sampler(start, entries, noise.size, tried=not takes_units(mode, scheme)) if wanted else None
    return found or Sampler(start.subject, entries, executor)


def modes_of(start: Start, sampler: Sampler) -> dict[str, str]:
    """The mode that gave each nudged array, by its name."""
    return {start.subject.parts[part].name: sampler.mode_of(part) for part in start.subject.moving}


def takes_units(mode: str, scheme: str) -> bool:
    """Whether slopes are read off the curves of units, where there are such."""
    return (mode == "per_unit" and scheme != "complex") or (mode == "auto" and scheme == "auto")


def assumed_by(modes: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """For each array what its mode takes for granted, all of which was tested."""
    return {
        name: tuple(dict.fromkeys(a for m in mode.split(" and ") for a in ASSUMED[m])) for name, mode in modes.items()
    }


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
