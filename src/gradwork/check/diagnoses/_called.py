"""The functions of one value in a loss, with the names that they have, and those that may stand in their place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check.beside import Beside
from gradwork.check.diagnoses._functions import ACTIVATIONS, FAMILIES, LOGARITHMS, MISFITS, PERIODIC, Known
from gradwork.check.diagnoses._limits import CHOOSING
from gradwork.check.diagnoses._regions import Region, is_linear, regions
from gradwork.check.evidence import Edit, Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names

OF_OP = {
    "absolute": MISFITS,
    "square": MISFITS,
    "power": MISFITS,
    "multiply": MISFITS,
    "log": LOGARITHMS,
    "log2": LOGARITHMS,
    "log10": LOGARITHMS,
    "log1p": LOGARITHMS,
    "exp": LOGARITHMS,
    "exp2": LOGARITHMS,
    "sqrt": LOGARITHMS,
    "divide": LOGARITHMS,
    "sin": PERIODIC,
    "cos": PERIODIC,
    "tan": PERIODIC,
}
MOST = 60
_TURN = re.compile(r"_\d+")
LONGEST = 48  # characters of an argument in a sentence
FEW = 40  # entries that a function is told by
Family = dict[str, Known]


@dataclass(frozen=True, eq=False)
class Called:
    """A function in the loss.

    own:      what it is called;  names: all names that fit, empty where it is none of those that are known.
    families: those that another function may be taken from.
    """

    region: Region
    own: str
    names: frozenset[str]
    families: tuple[Family, ...]


_FOUND: Beside[Joint, tuple[Called, ...]] = Beside()


def functions_of(joint: Joint) -> tuple[Called, ...]:
    """Every function of one value; the pieces of one that has a name are left out."""
    if joint not in _FOUND:
        _FOUND[joint] = tuple(_functions(joint))
    return _FOUND[joint]


def _functions(joint: Joint) -> Iterator[Called]:
    chosen = [r for r in regions(joint) if not r.data and not is_linear(joint, r)]
    chosen.sort(key=lambda r: (-len(r.inside), r.start))  # all of a function comes before its pieces
    named: list[Region] = []
    count = 0
    for region in chosen:
        if any(set(region.inside) < set(other.inside) for other in named):
            continue
        found = _known(joint, region)
        if found:
            named.append(region)
        elif len(region.inside) > 1 and not CHOOSING & {joint.node(k).op for k in region.inside}:
            continue  # a chain of steps that nobody has a name for
        count += 1
        if count > MOST:
            return
        op = joint.node(region.end).op
        own = next(iter(found), op if len(region.inside) == 1 else Names.of(joint).name(region.end))
        families = list({id(f): f for f in found.values()}.values())
        if not found:
            families = [f for f in (ACTIVATIONS, OF_OP.get(op)) if f is not None]
        elif len(region.inside) == 1 and op in OF_OP and all(f is not OF_OP[op] for f in families):
            families.append(OF_OP[op])
        yield Called(region, own, frozenset(found), tuple(families))


def _known(joint: Joint, region: Region) -> dict[str, Family]:
    value, result = (np.reshape(joint.value(k), -1)[:FEW] for k in (region.start, region.end))
    found: dict[str, Family] = {}
    with np.errstate(all="ignore"):
        for family in FAMILIES:
            for name, known in family.items():
                if np.allclose(known.value(value), result, rtol=1e-6, atol=1e-9):
                    found.setdefault(name, family)
    if np.min(value, initial=np.inf) >= 0 and any("relu" not in name for name in found):
        return {name: family for name, family in found.items() if "relu" not in name}
    return found


def pieces_of_functions(joint: Joint) -> frozenset[int]:
    """The steps of activations that are written out, such as the e^-z of a sigmoid."""
    known = (c for c in functions_of(joint) if c.names & ACTIVATIONS.keys())
    written = (c.region.inside for c in known if len(c.region.inside) > 1)
    return frozenset(step for inside in written for step in inside)


def at_argument(joint: Joint, called: Called) -> str:
    """ "sigmoid"; where the loss has several, "sigmoid at x Wz + bz"."""
    start, names = called.region.start, Names.of(joint)
    mine = [other.region for other in functions_of(joint) if other.own == called.own]
    if len({(joint.node(r.end).where, _TURN.sub("", names.written(r.start, {}))) for r in mine}) < 2:
        return called.own
    node = joint.node(start)
    written = names.name(start) if node.name else names.written(start, {})
    return f"{called.own} at {written if len(written) <= LONGEST else names.name(start)}"


def others(called: Called) -> Iterator[tuple[str, Known]]:
    """The functions that may stand in its place."""
    for family in called.families:
        for name, known in family.items():
            if name not in called.names:
                yield name, known


def value_of(joint: Joint, region: Region, known: Known) -> Edit:
    """Another function of the same value."""
    shape = joint.node(region.end).shape

    def edit(values: Sequence[Any]) -> Any:
        return np.broadcast_to(known.value(values[region.start]), shape)

    return edit


def slope_at(region: Region, known: Known) -> Edit:
    """What comes back, times the slope of another function."""
    return lambda values: values[region.coming] * known.slope(values[region.start])


def slope_of(region: Region, slope: Callable[[Array, Array], Array]) -> Edit:
    """What comes back, times another slope."""

    def edit(values: Sequence[Any]) -> Any:
        return values[region.coming] * slope(values[region.start], values[region.end])

    return edit


def short_name(joint: Joint, position: int, usual: str) -> str:
    """What the user calls a value; the usual letter where it has no name or a long one."""
    name = Names.of(joint).name(position)
    return name if joint.node(position).name or name.isidentifier() else usual
