"""Lines that run several times: which nodes of a loop are the same step at other turns.

A loss with a loop over time has the same operations once for each turn. Nodes that the same line made, with the same
op and the same weights, are one family; what its members read at one place are a sequence too, so that the state
before each step is known together with the state after it.
"""

from __future__ import annotations

import weakref
from collections.abc import Hashable
from typing import Any

from gradwork.check.evidence import Joint
from gradwork.check.sites import without_copies
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.passes import TRANSPARENT

MOST_MEMBERS = 400
Sequence = tuple[int, ...]


class Turns:
    """The families of a graph.

    line:      for each node, what it has in common with all that its line made at the same place.
    loose:     the same, where each turn picks another number of rows and so has other shapes.
    key:       for each node, what it has in common with its family.
    families:  the members of each family, the first turn first; those of one member are left out.
    """

    def __init__(self, joint: Joint) -> None:
        self.joint = joint
        self.line: list[Hashable] = []
        self.loose: list[Hashable] = []
        weights = self._weights()
        for position in range(joint.forward):
            node = joint.node(position)
            axis = str(node.params.get("axis"))
            given = node.op in (INPUT, CONSTANT)
            made = (node.op, node.where, axis, weights[position], node.shape)
            self.line.append(("given", position) if given else made)
            self.loose.append(("given", position) if given else made[:-1])
        self.key = self._split(self.line)
        counts: dict[Any, int] = {}
        for position in range(joint.forward, len(joint.graph)):
            node = joint.node(position)
            of, role = node.origin.node, "".join(c for c in node.origin.role if not c.isdigit())
            at = (of, node.op, role, node.origin.path)
            counts[at] = place = counts.get(at, -1) + 1
            for keys, which in ((self.line, 0), (self.key, place), (self.loose, place)):
                above = keys[of] if of is not None and of < position else None
                shape = node.shape if keys is not self.loose else None
                keys.append((node.op, role, node.origin.path, above, which, shape))
        self.families: dict[Hashable, Sequence] = {}
        for key, members in _members(self.joint, self.key).items():
            # The way back meets the last turn first.
            self.families[key] = tuple(members if members[0] < joint.forward else reversed(members))

    def _split(self, line: list[Hashable]) -> list[Hashable]:
        """The same, with several such ops of one line, or calls of one function at each turn, told apart."""
        families = _members(self.joint, line)
        runs = self._runs()
        several = [n for n in runs.values() if n > 1]
        sizes = several or [len(m) for m in families.values()]
        count = max(sizes, key=lambda n: (sizes.count(n), -n)) if sizes else 2
        found = list(line)
        for key, members in families.items():
            times, left = divmod(len(members), count)
            if not left and times > 1:
                for place, member in enumerate(members):
                    found[member] = (key, place % times)
        return found

    @classmethod
    def of(cls, joint: Joint) -> Turns:
        """The families of a graph: they are found once."""
        if joint not in _MADE:
            _MADE[joint] = cls(joint)
        return _MADE[joint]

    def _runs(self) -> dict[Any, int]:
        """For each line, how often it was come to from another one."""
        found: dict[Any, int] = {}
        before: Any = None
        for position in range(self.joint.forward):
            node = self.joint.node(position)
            if node.op not in (INPUT, CONSTANT) and node.where is not None:
                if node.where != before:
                    found[node.where] = found.get(node.where, 0) + 1
                before = node.where
        return found

    def _weights(self) -> list[frozenset[int]]:
        """For each node, the parameters of the products that it adds up, and of a function of these.

        They tell the gates of a cell apart that are worked out by one line, and do not differ from turn to turn.
        """
        given = set(self.joint.place.values())
        found: list[frozenset[int]] = []
        added: list[bool] = []  # whether a sum may take over what it says
        for position in range(self.joint.forward):
            node = self.joint.node(position)
            product = node.op in ("matmul", "einsum")
            one = len(node.inputs) == 1
            mine = {position} if position in given and node.shape else set[int]()
            for i in node.inputs:
                if i in given or (one and not product) or (node.op in ("add", "subtract") and added[i]):
                    mine |= found[i]
            found.append(frozenset(mine))
            copied = one and node.op in TRANSPARENT and added[node.inputs[0]]
            added.append(product or copied or node.op in ("add", "subtract") or position in given)
        return found

    def sequences(self, *, forward: bool) -> list[Sequence]:
        """Members of each family of the loss, or of the way back, and what they read at each place."""
        found: dict[Sequence, None] = {}
        adjoint, start = self.joint.adjoint, self.joint.forward
        for members in self.families.values():
            if not forward and members[0] < start and all(adjoint.get(m, 0) >= start for m in members):
                found.setdefault(tuple(adjoint[m] for m in members))
            if (members[0] < start) != forward:
                continue
            found.setdefault(members)
            if forward:
                widths = {len(self.joint.node(m).inputs) for m in members}
                for place in range(widths.pop() if len(widths) == 1 else 0):
                    read = [self.joint.node(m).inputs[place] for m in members]
                    found.setdefault(tuple(without_copies(self.joint, i) for i in read))
        return [s for s in found if len(set(s)) > 1]


def _members(joint: Joint, keys: list[Hashable]) -> dict[Hashable, list[int]]:
    found: dict[Hashable, list[int]] = {}
    for position, key in enumerate(keys):
        if joint.node(position).op not in (INPUT, CONSTANT):
            found.setdefault(key, []).append(position)
    return {k: m for k, m in found.items() if 1 < len(m) <= MOST_MEMBERS}


_MADE: weakref.WeakKeyDictionary[Joint, Turns] = weakref.WeakKeyDictionary()
