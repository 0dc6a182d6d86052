"""Other values in the places of the gradient function's own: an operand, a factor or a term, at a step or each turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.evidence import Edit, Joint
from gradwork.check.given import Array
from gradwork.check.mending.mend import MISSING, OPERAND, PATH, TERM, short
from gradwork.check.mending.runs import read_at, runs_of
from gradwork.check.mending.site import Change, Row, Site, key_of_value, plus_edit, times_edit, value_edit, with_edit
from gradwork.check.sequences import done
from gradwork.check.standins import StandIns
from gradwork.check.swaps import all_made
from gradwork.graph.graph import CONSTANT
from gradwork.graph.passes import TRANSPARENT

MOST_ROWS = 400_000  # entries of all values of one shape that are tried in one place
MOST_NUMBERS = 8_000_000
FEWEST = 3  # turns of a loop
MOST_SINGLE = 24  # values of one shape that stand outside of a loop and are tried at every turn
COMPANIONS: dict[str, Callable[[Any], Any]] = {
    "{}": lambda v: v,
    "(1 - {})": lambda v: 1 - v,
    "{0} (1 - {0})": lambda v: v * (1 - v),
    "(1 - {}^2)": lambda v: 1 - v * v,
    "1/{}": lambda v: 1 / v,
    "{}^2": np.square,
}
BOTH = ((1.0, PATH, "is missing", 1), (-1.0, TERM, "is too much", 2))  # the sign, the cause, how much farther


class Instead:
    """The values that may stand in another one's place."""

    def __init__(self, at: Site) -> None:
        self.of, self.joint, self.names, self.aim = at, at.joint, at.names, at.aim
        self._rows: dict[tuple[int, ...], tuple[list[int], Array]] = {}
        self._library: StandIns | None = None
        families = [f for f in (*runs_of(at.program), *at.turns.families.values()) if len(f) >= FEWEST]
        read = (read_at(at.joint, m, place) for m in runs_of(at.program) for place in range(2))
        every = [*runs_of(at.program), *(r for r in read if r), *at.turns.sequences(forward=True)]
        self._sequences = self._apart(s for s in every if len(set(s)) > 1)
        self._in_loops = {m for family in families for m in family}

    def _apart(self, every: Iterable[Row]) -> list[Row]:
        """Those that are not the same values as others before them."""
        found: dict[Any, Row] = {}
        for row in every:
            values = [np.asarray(self.joint.values[i]) for i in row]
            if all(v.dtype.kind in "fb" for v in values):
                found.setdefault((self.joint.node(row[0]).shape, *(v.tobytes() for v in values)), row)
        return list(found.values())

    def at(self, site: Row, near: int, strict: bool) -> Iterator[Change]:
        """Other values at a step, or at each turn.

        near: 1 for values, 2 for what is made of them;  strict: only those that are likely, where it cannot be told.
        """
        told = all(self.aim.linear[m] for m in site) and self.aim.apart(site)
        if told and not strict:
            return  # all of them were asked
        if strict and not told and self.joint.node(site[0]).op in TRANSPARENT:
            return  # whatever stands there is a value of the loss
        yield from self._at_one(site[0], near, strict) if len(site) == 1 else self._at_each(site, near, strict)

    # -- at one step --------------------------------------------------------------------------------------------------

    def _at_one(self, position: int, near: int, strict: bool) -> Iterator[Change]:
        node, joint = self.joint.node(position), self.joint
        if node.dtype.kind not in "fib":
            return
        whole = short(self.names.written(position, {}))
        base = np.asarray(joint.value(position), float).reshape(1, -1)
        for place, used in enumerate(node.inputs):
            if used in node.inputs[:place] or joint.node(used).dtype.kind not in "fb":
                continue
            for words, make, rows in self._stand_ins(joint.node(used).shape, position, near):
                made = all_made(joint, position, used, rows)
                for k in () if made is None else self._fitting(position, made, base, strict, rows):
                    old = short(self.names.name(used))
                    old = f"another {old}" if old == words(k) else old
                    says = f"{old} stands where {words(k)} belongs in {whole}"
                    edits = {position: with_edit(joint, position, place, make(k))}
                    yield Change(near, OPERAND, says, f"use {words(k)}", edits, (position,))
        if node.dtype.kind != "f" or (node.op in TRANSPARENT and node.op != "broadcast_to"):
            return
        for words, make, rows in self._stand_ins(node.shape, position, near):
            for k in self._fitting(position, base * rows, base, strict):
                says, hint = f"the factor {words(k)} is missing in {whole}", f"multiply by {words(k)}"
                yield Change(near, MISSING, says, hint, {position: times_edit(joint, position, make(k))}, (position,))
            for sign, code, verb, farther in BOTH:
                for k in self._fitting(position, base + sign * rows, base, strict):
                    says, hint = (
                        f"the term {words(k)} {verb} in {whole}",
                        f"{'add' if sign > 0 else 'take off'} {words(k)}",
                    )
                    edits = {position: plus_edit(joint, position, make(k), sign)}
                    yield Change(near + farther, code, says, hint, edits, (position,))

    def _fitting(
        self, position: int, made: Array, base: Array, strict: bool, rows: Array | None = None
    ) -> Sequence[int]:
        """Which values of a step may be the right ones."""
        if self.aim.linear[position]:
            return [int(k) for k in np.flatnonzero(self.aim.fits(position, made - base))]
        changed = [k for k in range(len(made)) if np.any(made[k] != base[0]) and np.isfinite(made[k]).all()]
        if not strict:
            return changed
        keys = ((k, key_of_value(made[k])) for k in changed)
        return [k for k, key in keys if key in self.of.met and (rows is None or key_of_value(rows[k]) != key)]

    def _stand_ins(self, shape: tuple[int, ...], position: int, near: int) -> Iterator[tuple[Any, Any, Array]]:
        """Values of a shape that there are before a step: their words, what gives them, all of them."""
        names = self.names
        if near == 1:
            places, rows = self._values_of(shape)
            count = int(np.searchsorted(places, position))
            if count:
                yield (
                    lambda k: short(names.name(places[k])),
                    lambda k: lambda values: np.broadcast_to(values[places[k]], shape),
                    rows[:count],
                )
            return
        if self._library is None:
            self._library = StandIns(self.joint, names)
        found, rows = self._library.of_shape(shape)
        # A number that stays the same at every point is no sign of anything.
        some = [k for k, s in enumerate(found) if s.of < position and self.of.moving[s.of]]
        if some and len(some) * rows.shape[1] <= MOST_NUMBERS:
            yield (
                lambda k: short(found[some[k]].says),
                lambda k: lambda values: found[some[k]].value(values, self.joint.node(found[some[k]].of).shape),
                rows[some],
            )

    def _values_of(self, shape: tuple[int, ...]) -> tuple[list[int], Array]:
        if shape not in self._rows:
            places: list[int] = []
            rows: list[Array] = []
            seen: set[bytes] = set()
            size = max(int(np.prod(shape)), 1)
            for position, node in enumerate(self.joint.graph.nodes):
                if node.shape != shape or node.dtype.kind not in "fb" or not self._is_value(position):
                    continue
                value = np.asarray(self.joint.value(position), float).reshape(-1)
                key = value.tobytes()
                if key in seen or not np.isfinite(value).all() or not value.any() or len(rows) * size > MOST_ROWS:
                    continue
                seen.add(key)
                places.append(position)
                rows.append(value)
            self._rows[shape] = places, np.stack(rows) if rows else np.zeros((0, size))
        return self._rows[shape]

    def _is_value(self, position: int) -> bool:
        """Whether a step is more than a number that was written down."""
        node = self.joint.node(position)
        return node.op != CONSTANT or bool(node.name or (node.shape and position < self.of.program.start))

    # -- at every turn ------------------------------------------------------------------------------------------------

    def _at_each(self, site: Row, near: int, strict: bool) -> Iterator[Change]:
        joint, names, may = self.joint, self.names, self.of.may
        some = len(site) // 2
        whole = short(names.written(site[some], {}))
        for place in range(min(len(joint.node(m).inputs) for m in site)) if near == 1 else ():
            used = tuple(joint.node(m).inputs[place] for m in site)
            for other, far in self._others(used, site):
                pairs = zip(site, used, other, strict=True)
                edits = {m: with_edit(joint, m, place, value_edit(o)) for m, u, o in pairs if u != o}
                if edits and may(edits, strict, other):
                    wrong, right = self._in_turn(used, other, some)
                    says = f"{wrong} stands where {right} belongs in {whole}"
                    yield Change(far, OPERAND, says, f"use {right}", edits, site)
        if joint.node(site[0]).op in TRANSPARENT or joint.node(site[0]).dtype.kind != "f":
            return
        for other, far in self._others(site, site):
            members = list(zip(site, other, strict=True))
            name = short(names.name(other[some]))
            for words, function in COMPANIONS.items():
                if (words == "{}") != (near == 1):
                    continue
                edits = {m: times_edit(joint, m, value_edit(o, function)) for m, o in members}
                if may(edits, strict):
                    said = words.format(name)
                    says, hint = f"the factor {said} is missing in {whole}", f"multiply by {said}"
                    yield Change(far + 1, MISSING, says, hint, edits, site)
            for sign, code, verb, farther in BOTH if near == 1 else ():
                edits = {m: plus_edit(joint, m, value_edit(o), sign) for m, o in members}
                if may(edits, strict):
                    yield Change(
                        far + 1 + farther, code, f"the term {name} {verb} in {whole}", f"add {name}", edits, site
                    )

    def _others(self, used: Row, site: Row) -> Iterator[tuple[Row, int]]:
        """Other values for each turn, and how far they are."""
        shapes = [self.joint.node(u).shape for u in used]
        seen = {used}
        for other, far in self._all_others(used):
            if self.of.over():
                return
            if other in seen or any(o >= m for o, m in zip(other, site, strict=True)):
                continue
            seen.add(other)
            if [self.joint.node(o).shape for o in other] == shapes and self.joint.node(other[0]).dtype.kind in "fb":
                yield other, far

    def _all_others(self, used: Row) -> Iterator[tuple[Row, int]]:
        count = len(used)
        yield (*used[1:], used[-1]), 0
        yield (used[0], *used[:-1]), 0
        for sequence in self._sequences:
            if len(sequence) == count:
                yield sequence, 1
                yield sequence[::-1], 1
                yield (*used[:1], *sequence[:-1]), 2
                yield (*sequence[1:], *used[-1:]), 2
            elif len(sequence) == count + 1:
                for way in (sequence, sequence[::-1]):
                    yield way[1:], 1
                    yield way[:-1], 1
            elif len(sequence) == count - 1:
                yield (used[0], *sequence), 1
                yield (*sequence, used[-1]), 1
        places, _ = self._values_of(self.joint.node(used[0]).shape)
        for position in [p for p in places if p not in self._in_loops][:MOST_SINGLE]:
            yield (position,) * count, 1

    def _in_turn(self, used: Row, other: Row, some: int) -> tuple[str, str]:
        wrong, right = short(self.names.name(used[some])), short(self.names.name(other[some]))
        if len(used) > 1 and (other[1:] == used[:-1] or other[:-1] == used[1:]):
            return f"{wrong} of one turn", f"that of the turn {'after' if other[some] > used[some] else 'before'}"
        if wrong != right:
            return wrong, right
        if len(used) > 1:
            return f"{wrong} of one turn", "that of another turn"
        loss = other[some] < self.of.program.start
        return f"another {wrong}", f"the {right} of the loss" if loss else f"the {right} of another line"

    # -- wherever it is read ------------------------------------------------------------------------------------------

    def everywhere(self, sites: Sequence[Row], strict: bool) -> Iterator[Change]:
        """A value, or one at each turn, wherever the gradient function reads it: another one has its name."""
        for used, readers in self._uses(sites).items():
            if self.of.over():
                return
            first = tuple(min(members[k] for members, _ in readers) for k in range(len(used)))
            if len(used) > 1:
                others = self._others(used, first)
            else:
                places, _ = self._values_of(self.joint.node(used[0]).shape)
                others = (((p,), 1) for p in places if p < first[0] and p != used[0])
            for other, far in others:
                if self.of.over():
                    return
                edits = _all_read(self.joint, used, other, readers)
                if edits and self._may_all(edits, readers, strict, other):
                    wrong, right = self._in_turn(used, other, len(used) // 2)
                    says = f"{wrong} stands where {right} belongs, wherever it is read"
                    yield Change(far, OPERAND, says, f"use {right}", edits, readers[0][0])

    def _may_all(self, edits: dict[int, Edit], readers: Sequence[tuple[Row, int]], strict: bool, other: Row) -> bool:
        """Whether one of the readers may be right by that."""
        if not strict:
            return self.of.may(edits)
        parts = ({m: edits[m] for m in members if m in edits} for members, _ in readers)
        return any(part and self.of.met_by(part, other) for part in parts)

    def _uses(self, sites: Sequence[Row]) -> dict[Row, list[tuple[Row, int]]]:
        """What several steps read, with the steps and the places where they do."""
        found: dict[Row, list[tuple[Row, int]]] = {}
        for site in sites:
            for place in range(min(len(self.joint.node(m).inputs) for m in site)):
                used = tuple(self.joint.node(m).inputs[place] for m in site)
                if self.joint.node(used[0]).dtype.kind in "fb":
                    found.setdefault(used, []).append((site, place))
        return {used: readers for used, readers in found.items() if len(readers) > 1}


def _all_read(joint: Joint, used: Row, other: Row, readers: Sequence[tuple[Row, int]]) -> dict[int, Edit]:
    spots: dict[int, dict[int, int]] = {}
    for members, place in readers:
        for k, member in enumerate(members):
            if used[k] != other[k]:
                spots.setdefault(member, {})[place] = other[k]
    return {member: _reading(joint, member, spots[member]) for member in sorted(spots)}


def _reading(joint: Joint, position: int, spots: dict[int, int]) -> Edit:
    shape = joint.node(position).shape
    return lambda values: np.broadcast_to(
        done(joint, position, {k: values[i] for k, i in spots.items()}, values), shape
    )
