"""Lines that run several times: which nodes of a loop are the same step at other turns.

A loss with a loop over time has the same operations once for each turn. Nodes that the same line made, with the same
op and the same weights, are one family; what its members read at one place are a sequence too, so that the state
before each step is known together with the state after it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from gradwork.check.beside import Beside
from gradwork.check.evidence import Joint
from gradwork.check.sites import made_for, without_copies
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.passes import TRANSPARENT

MOST_MEMBERS = 400
MOST_IN_RUN = 2000
FEWEST = 4  # turns of a loop
Sequence = tuple[int, ...]


class Turns:
    """The families of a graph.

    line:      for each node, what it has in common with all that its line made at the same place.
    loose:     the same, where each turn picks another number of rows and so has other shapes.
    key:       for each node, what it has in common with its family.
    ways:      the same in other ways: where a line does one thing to two values, such as a position and a speed, and
               where a line runs more often than the others.
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
        self._ran = self._runs()
        self.key = self._split(self.line)
        own = self._split(self.line, self._ran)
        ways = [own, self._split(self.line, alike=2), self._split(self.line, self._ran, alike=2)]
        self.ways = [w for k, w in enumerate(ways) if w != self.key and w != self.line and w not in ways[:k]]
        counts: dict[Any, int] = {}
        all_keys = [(self.line, 0), (self.key, 1), (self.loose, 1), *((way, 1) for way in ways)]
        for position in range(joint.forward, len(joint.graph)):
            node = joint.node(position)
            of, role = node.origin.node, "".join(c for c in node.origin.role if not c.isdigit())
            at = (of, node.op, role, node.origin.path)
            counts[at] = place = counts.get(at, -1) + 1
            for keys, apart in all_keys:
                which = place if apart else 0
                above = keys[of] if of is not None and of < position else None
                shape = node.shape if keys is not self.loose else None
                keys.append((node.op, role, node.origin.path, above, which, shape))
        self.families: dict[Hashable, Sequence] = {}
        for keys in (self.key, own) if own in self.ways else (self.key,):
            for key, members in _members(self.joint, keys).items():
                # The way back meets the last turn first.
                self.families[keys is own, key] = tuple(members if members[0] < joint.forward else reversed(members))

    def _split(self, line: list[Hashable], own: Mapping[Any, int] | None = None, alike: int = 1) -> list[Hashable]:
        """The same, with several such ops of one line, or calls of one function at each turn, told apart.

        own:   how often each line runs, where that is not the same for all;  alike: how many ops stay together.
        """
        families = _members(self.joint, line)
        several = [n for n in self._runs(together=True).values() if n > 1]
        sizes = several or [len(m) for m in families.values()]
        count = max(sizes, key=lambda n: (sizes.count(n), -n)) if sizes else 2
        found = list(line)
        for key, members in families.items():
            times, left = divmod(len(members), (own or {}).get(self.joint.node(members[0]).where, count))
            if not left and times > 1 and times % alike == 0:
                for place, member in enumerate(members):
                    found[member] = (key, place % (times // alike))
        return found

    @classmethod
    def of(cls, joint: Joint) -> Turns:
        """The families of a graph: they are found once."""
        if joint not in _MADE:
            _MADE[joint] = cls(joint)
        return _MADE[joint]

    def _runs(self, *, together: bool = False) -> dict[Any, int]:
        """For each line, how often it was come to from another one; and how often it ran before the next line did.

        together: turns of a line with none of another line between them count once.
        """
        found: dict[Any, int] = {}
        run: list[int] = []
        nodes = self.joint.graph.nodes[: self.joint.forward]
        for position, node in enumerate(nodes):
            if node.op in (INPUT, CONSTANT) or node.where is None:
                continue
            if run and nodes[run[0]].where != node.where:
                found[nodes[run[0]].where] = found.get(nodes[run[0]].where, 0) + (1 if together else self._times(run))
                run = []
            run.append(position)
        if run:
            found[nodes[run[0]].where] = found.get(nodes[run[0]].where, 0) + (1 if together else self._times(run))
        return found

    def _times(self, run: list[int]) -> int:
        """How often a line ran, by the ops that it made one after the other: what repeats is one turn.

        The ops repeat, and so do the values from elsewhere that they read, but for the state before the first turn.
        """
        nodes, own = [self.joint.node(p) for p in run], set(run)
        ops = [node.op for node in nodes]
        if len(run) > MOST_IN_RUN or len(set(ops)) == 1:
            return 1
        read = [(str(n.params), tuple(None if i in own else i for i in n.inputs)) for n in nodes]
        for length in range(2, len(run) // 2 + 1):
            if len(run) % length == 0 and ops[length:] == ops[:-length]:
                first = length if len(run) > 2 * length else 0
                if read[first + length :] == read[first:-length]:
                    return len(run) // length
        return 1

    @property
    def loops(self) -> bool:
        """Whether some line runs several times."""
        return any(times >= FEWEST for times in self._ran.values())

    def everywhere(self, members: Iterable[int]) -> str:
        """ "and so at each of the 5 turns of the loop", or at how many of them, for a mistake at these nodes.

        Where no line runs several times: "and so in both places".
        """
        some = list(members)
        made = [made_for(self.joint, m) for m in some]
        lines = {self.joint.node(m).where for m in made}
        ran = max((self._ran.get(line, 0) for line in lines), default=0)
        count = len(set(made)) if len(lines) == 1 else len(some)
        if ran > count > 1:
            return f"and so at {count} of the {ran} turns of the loop"
        if ran > 1 and count > 1:
            return f"and so at each of the {ran} turns of the loop"
        # What is made once may be read in a loop.
        read = [made_for(self.joint, i) for m in some for i in self.joint.node(m).inputs]
        if any(self._ran.get(self.joint.node(r).where, 0) > 1 for r in read):
            return f"and so at each of the {len(some)} turns of the loop"
        return "and so in both places" if len(some) == 2 else f"and so in all {len(some)} places"

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


_MADE: Beside[Joint, Turns] = Beside()
