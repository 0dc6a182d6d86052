"""What a cause is: a code, a name, words for people, and the test by which it is recognised.

Every file in `diagnoses/` declares one, and is found by listing the folder. A cause may recognise patterns in the given
numbers (`find`), or offer deliberate mistakes in the way back (`mutants`), which are tried out one by one and in pairs;
or both.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradwork.check.evidence import Edit, Evidence, Joint
from gradwork.check.paper import ByDigits, Slip, Step


@dataclass(frozen=True, eq=False)
class Mutant:
    """A deliberate mistake: a node of the way back, worked out otherwise.

    node:    where; `edit` gives the wrong value from the values of all nodes.
    says:    the mistake in words, as a sentence's beginning: "1 - z^2 stands where 1 - tanh(z)^2 belongs".
    layer:   in which layer, counted from 1; 0 where it has none.
    why, hint: what is right, and what to write.
    more:    the same mistake at other nodes, where it is made at several places at once.
    """

    node: int
    edit: Edit
    says: str
    layer: int = 0
    why: str = ""
    hint: str = ""
    more: Mapping[int, Edit] = field(default_factory=dict)

    @property
    def edits(self) -> dict[int, Edit]:
        """All nodes that are worked out otherwise."""
        return {self.node: self.edit, **self.more}


@dataclass(frozen=True, eq=False)
class Finding:
    """A cause that explains some of the wrong arrays, to the noise.

    explains: names of the arrays that are as they would be with this mistake;  predicted: what each would be.
    digits:   to how many digits they agree;  points: at how many points that was seen.
    whole:    whether everything that the mistake spoils is spoiled in that way.
    by_hand:  whether `edits` are of the way back with hand-written formulas.
    times:    what everything is multiplied by besides;  counted: terms of the loss that count otherwise besides, by
              their place, with what they count more than once.
    alone:    whether the mistake would spoil other arrays too, had they been worked out from the same values.
    mends:    whether `edits` are of the gradient function's own steps, and make it right.
    data:     what would tell this cause from another that fits as well; "" where none does.
    """

    cause: Cause
    says: str
    explains: tuple[str, ...]
    predicted: Mapping[str, Any] = field(repr=False)
    layer: int = 0
    why: str = ""
    hint: str = ""
    digits: int = 0
    points: int = 1
    data: str = ""
    edits: Mapping[int, Edit] = field(default_factory=dict, repr=False)
    whole: bool = True
    alone: bool = False
    by_hand: bool = False
    times: float = 1.0
    counted: Mapping[int, float] = field(default_factory=dict)
    mends: bool = False

    def __str__(self) -> str:
        return f"[{self.cause.code} {self.cause.name}] {self.says}"

    def __repr__(self) -> str:
        return f"<Finding {self}>"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "edits": {}}  # what made the mistake cannot travel to another process


Find = Callable[[Evidence], "Iterator[Finding]"]
Mutants = Callable[[Joint], Iterator[Mutant]]
Slips = Callable[[Step], Iterator[Slip]]


@dataclass(frozen=True, eq=False)
class Cause:
    """One entry of the catalogue.

    code, name: as they are printed, "GW210" and "post-activation";  summary: one sentence.
    broken, mended: a gradient with this mistake and without, as Python that runs;  explain: a paragraph on both.
    find:     recognises the mistake in the numbers: gives findings.
    mutants:  makes the mistake at each place of a way back where it can be made.
    rank:     of two causes that fit, the one with the lower rank is named first: the more particular one.
    late:     its mistakes are many, and slow to try, so that they come last.
    fact:     what it sees is so and needs no second point; it is looked for where every entry is right as well.
    paper:    the numbers of the teaching catalogue that it is on paper, such as "M03".
    slips:    makes the mistake in a step of a working on paper: gives what would be written instead.
    digits:   sees a slip of the pen on paper.
    written:  it is made on paper alone, and `broken` and `mended` are lines of a working.
    """

    code: str
    name: str
    summary: str
    explain: str
    broken: str
    mended: str
    find: Find | None = None
    mutants: Mutants | None = None
    rank: int = 50
    fact: bool = False
    paper: tuple[str, ...] = ()
    bugs: tuple[int, ...] = ()
    slips: Slips | None = None
    digits: ByDigits | None = None
    late: bool = False
    written: bool = False

    def __repr__(self) -> str:
        return f"<Cause {self.code} {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_code, (self.code,)


def _by_code(code: str) -> Cause:
    return next(cause for cause in causes() if cause.code == code)


@functools.cache
def causes() -> tuple[Cause, ...]:
    """The catalogue, in the order of the codes."""
    from gradwork.check import diagnoses

    found = []
    for module in pkgutil.iter_modules(diagnoses.__path__):
        if not module.name.startswith("_"):
            found.append(importlib.import_module(f"{diagnoses.__name__}.{module.name}").CAUSE)
    return tuple(sorted(found, key=lambda cause: cause.code))


def explained(
    cause: Cause,
    evidence: Evidence,
    says: str,
    names: Sequence[str],
    predicted: Mapping[str, Any],
    **rest: Any,
) -> Finding:
    """A finding, with its digits counted."""
    return Finding(cause, says, tuple(names), dict(predicted), digits=evidence.digits(names, predicted), **rest)
