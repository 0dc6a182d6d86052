"""Where a derivation takes a breath: the named lines of a computation.

A line is a value with a name: the user's own, or a letter that a textbook would give ("let u = x w - y") to what stands
inside another function. Between two lines stand only sums, products, quotients, or one function.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradwork.gradients.reading import inner, read
from gradwork.graph.graph import CONSTANT, INPUT, Graph, Node
from gradwork.graph.passes import RAISED, TRANSPARENT
from gradwork.notation.layout import Layout, Symbol

# What may stand inside a line without a name of its own: the rest is a function of something, and that gets one.
_PLAIN = frozenset({"add", "subtract", "multiply", "divide", "negative", "chain_product", *TRANSPARENT})


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines of a graph on the way from `wrt` to `target`.

    order: positions of the lines, first to last; the last is the target.
    names: what is printed for each named node, lines and others.
    given: whether the user named it (a letter of ours is spelled out again in a result).
    """

    graph: Graph
    wrt: tuple[int, ...]
    target: int
    moving: tuple[bool, ...]
    order: tuple[int, ...]
    names: dict[int, Layout]
    given: frozenset[int]

    def definition(self, position: int) -> Layout:
        """What a line stands for, in terms of other lines."""
        return read(self.graph, position, self.names, own=True)

    def spelled_out(self) -> dict[int, Layout]:
        """Only the names that the user gave, a parameter raised to 1 among them as itself."""
        return {i: name for i, name in self.plain().items() if i in self.given or i not in self.names}

    def plain(self) -> dict[int, Layout]:
        """All names, a parameter raised to 1 as itself: for results, when the power rule has done its work."""
        raised = {i: self.names[n.inputs[0]] for i, n in enumerate(self.graph.nodes) if is_raised(n)}
        return {**self.names, **raised}

    def within(self, line: int) -> dict[int, Layout]:
        """The names to be used inside the derivation of a line: its own only where the user gave it."""
        return {i: name for i, name in self.names.items() if i != line or i in self.given}

    def body(self, line: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The moving nodes of a line, its own last, and the lines and parameters that they start from."""
        own, start = {line}, set()
        waiting = [line]
        stops = set(self.order) | set(self.wrt)
        while waiting:
            for i in self.graph.nodes[waiting.pop()].inputs:
                if not self.moving[i]:
                    continue
                if i in stops:
                    start.add(i)
                elif i not in own:
                    own.add(i)
                    waiting.append(i)
        return tuple(sorted(own)), tuple(sorted(start))


def lines_of(graph: Graph, wrt: Sequence[int], target: int, result: str = "loss") -> Lines:
    """Find the lines between `wrt` and `target`, which is called `result` where the user gave it no name."""
    moving = graph.depends_on(wrt)
    on_path = _leads_to(graph, target)
    mine = [i for i, n in enumerate(graph.nodes) if moving[i] and on_path[i] and n.op not in (INPUT, CONSTANT)]
    named = {i for i in mine if graph.nodes[i].name}
    inside = {k for i in mine for k in _inside(graph, i) if moving[k]} & set(mine)
    order = tuple(sorted(named | inside | _used_twice(graph, set(mine)) | {target}))
    names = _user_names(graph)
    given = frozenset(names)
    letters = _letters({n.name for n in graph.nodes if n.name})
    if target not in names and not graph.nodes[target].shape:
        taken = _texts(names)
        names[target] = Symbol(next((n for n in (result, "f", "result") if n not in taken), f"u{target}"))
    for i in reversed(order):
        if i not in names:
            names[i] = Symbol(next(letters))
    return Lines(graph, tuple(wrt), target, tuple(moving), order, names, given)


def _user_names(graph: Graph) -> dict[int, Layout]:
    """The user's names; where a loop binds one again and again, its values are told apart by a number."""
    seen: dict[str, int] = {}
    names: dict[int, Layout] = {}
    for position, node in enumerate(graph.nodes):
        if node.name:
            seen[node.name] = seen.get(node.name, 0) + 1
            count = seen[node.name]
            names[position] = Symbol(node.name if count == 1 else f"{node.name}_{count}")
    return names


def _used_twice(graph: Graph, mine: set[int]) -> set[int]:
    """What several nodes read is worth a name: written out, it would stand on the page as often."""
    return {
        i
        for i in mine
        if len(graph.consumers[i]) > 1 and graph.nodes[i].op not in TRANSPARENT and not is_raised(graph.nodes[i])
    }


def _texts(names: dict[int, Layout]) -> set[str]:
    return {name.name for name in names.values() if isinstance(name, Symbol)}


def _leads_to(graph: Graph, target: int) -> list[bool]:
    leads = [False] * len(graph.nodes)
    leads[target] = True
    for position in range(target, -1, -1):
        if leads[position]:
            for i in graph.nodes[position].inputs:
                leads[i] = True
    return leads


def _inside(graph: Graph, position: int) -> Iterator[int]:
    """What stands inside the function at `position` and is more than a name."""
    if graph.nodes[position].op in _PLAIN:
        return
    for i in graph.nodes[position].inputs:
        within = inner(graph, i)
        node = graph.nodes[within]
        if node.op not in (INPUT, CONSTANT) and not is_raised(node):
            yield within


def is_raised(node: Node) -> bool:
    """Whether the teaching form made this node, to show a parameter as itself to the power 1."""
    return node.op == "power" and node.origin.kind == "pass" and node.origin.role.startswith(RAISED)


def _letters(taken: set[str]) -> Iterator[str]:
    first = (c for c in "uvstqrpk" if c not in taken)
    return itertools.chain(first, (f"u{k}" for k in itertools.count(2) if f"u{k}" not in taken))
