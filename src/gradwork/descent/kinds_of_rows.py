"""What each entry of each node has to do with the rows of data: nothing, one row alone, a sum over rows, or a mixture.

An op that moves entries about moves their kinds; an entry-by-entry op joins them; sums, means and matrix products add
rows up. An op that is not known is probed: the numbers of one row are changed, and what changes hangs on that row.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.gradients.nudging.sparsity import LINES, MOVES, SAME_PLACE, WHOLE_LINES, Dense, Relation, _relations
from gradwork.graph.graph import CONSTANT, INPUT, Graph, Node
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op, spread

Array = np.ndarray[Any, Any]
FREE, ADDED, MIXED = -1, -2, -3  # kinds of an entry; 0, 1, 2, ... is the row that it hangs on alone
MOST = 4_000_000  # products that are looked at one by one
SUMS = frozenset({"add", "subtract"})
PRODUCTS = frozenset({"multiply", "chain_product"})
PASSED_ON = frozenset({"negative", "positive"})


@dataclass(frozen=True)
class Entries:
    """The kind of each entry; and where a row counts several times in a sum, how often, in a last axis of rows."""

    kind: Array
    amounts: Array

    def flat(self) -> Entries:
        """The same in a row."""
        return Entries(self.kind.reshape(-1), self.amounts.reshape(-1, self.amounts.shape[-1]))

    def shaped(self, shape: tuple[int, ...]) -> Entries:
        """The same in a shape."""
        return Entries(self.kind.reshape(shape), self.amounts.reshape(*shape, self.amounts.shape[-1]))

    @property
    def is_free(self) -> bool:
        """Whether no entry hangs on a row."""
        return bool(np.all(self.kind == FREE))


class Kinds:
    """The kinds of a graph's nodes, for `rows` rows that stand along the first axis of the inputs `varying`."""

    def __init__(self, graph: Graph, values: Sequence[Any], varying: set[int], rows: int) -> None:
        self.graph, self.values, self.rows = graph, values, rows
        self.mixed_by: dict[int, int] = {}  # for a node that mixes rows, the first on the way that does
        self.with_more: set[int] = set()  # nodes with a sum over rows to which something without rows was added
        self._still: set[int] = set()  # what is the same whatever the inputs
        self._kept: dict[int, Entries] = {}
        for position, node in enumerate(graph.nodes):
            found = self._found(position, node, varying)
            if found is not None:
                self._kept[position] = found
                self._note(position, node, found)

    def at(self, position: int) -> Entries:
        """The kinds of a node."""
        kept = self._kept.get(position)
        return self._of(np.full(self.graph.nodes[position].shape, FREE)) if kept is None else kept

    def _of(self, kind: Array) -> Entries:
        """Entries without a sum: a row counts once where an entry hangs on it."""
        return Entries(kind, (kind[..., None] == np.arange(self.rows)).astype(float))

    def _found(self, position: int, node: Node, varying: set[int]) -> Entries | None:
        """The kinds of a node; None where no entry hangs on a row."""
        if position in varying:
            index = np.arange(self.rows).reshape(-1, *(1 for _ in node.shape[1:]))
            return self._of(np.broadcast_to(index, node.shape).copy())
        if node.op == CONSTANT or (node.inputs and all(i in self._still for i in node.inputs)):
            self._still.add(position)
        if node.op in (CONSTANT, INPUT) or not any(i in self._kept for i in node.inputs):
            return None
        read = [self.at(i) for i in node.inputs]
        if REGISTER.named(node.op).elementwise:
            return self._entry_by_entry(position, node, read)
        if node.op in ("matmul", "einsum"):
            return self._products(node, read)
        return self._along(node, read)

    def _note(self, position: int, node: Node, found: Entries) -> None:
        if np.any(found.kind == MIXED):
            self.mixed_by[position] = next((self.mixed_by[i] for i in node.inputs if i in self.mixed_by), position)
        if any(i in self.with_more for i in node.inputs):
            self.with_more.add(position)

    # -- entry by entry -----------------------------------------------------------------------------------------------

    def _entry_by_entry(self, position: int, node: Node, read: list[Entries]) -> Entries:
        kinds = [entries.kind for entries in read]
        if node.op in SUMS:
            if any(np.any((a == ADDED) & (b == FREE)) for a, b in (kinds, kinds[::-1])):
                self.with_more.add(position)
            return self._added(np.stack(kinds), np.stack([entries.amounts for entries in read]))
        kind = joined(kinds)
        amounts = self._of(kind).amounts
        if node.op in PASSED_ON:
            return read[0]
        if node.op in PRODUCTS or node.op == "divide":
            for which in (0, 1) if node.op in PRODUCTS else (0,):
                other = 1 - which
                passed = (kinds[which] == ADDED) & (kinds[other] == FREE)
                kind = np.where(passed, ADDED, kind)
                factor = self._factor(node.inputs[other], node.shape, node.op == "divide")
                amounts = np.where(passed[..., None], read[which].amounts * factor[..., None], amounts)
        return Entries(kind, amounts)

    def _factor(self, position: int, shape: tuple[int, ...], inverse: bool) -> Array:
        """How much a factor without rows makes of an amount: its size where it is known, and 1 where it moves."""
        if position not in self._still:
            return np.ones(shape)
        size = np.abs(np.asarray(spread(np.asarray(self.values[position]), shape), dtype=float))
        return np.asarray(1 / size if inverse else size)

    def _added(self, kinds: Array, amounts: Array) -> Entries:
        """What comes of adding up along the first axis."""
        kind = np.where(np.all(kinds == FREE, axis=0), FREE, joined(list(kinds)))
        mixed = np.any(kinds == MIXED, axis=0)
        # What `joined` calls a mixture is a sum here, unless a part is one itself.
        kind = np.where(mixed, MIXED, np.where(kind == MIXED, ADDED, kind))
        return Entries(kind, np.sum(amounts, axis=0))

    # -- products -----------------------------------------------------------------------------------------------------

    def _products(self, node: Node, read: list[Entries]) -> Entries:
        terms, result = _subscripts(node, [entries.kind.ndim for entries in read])
        sizes = {c: n for term, e in zip(terms, read, strict=True) for c, n in zip(term, e.kind.shape, strict=True)}
        summed = [c for c in sizes if c not in result]
        quick = self._by_lines(terms, result, read, sizes)
        if quick is not None:
            return quick
        if math.prod(sizes.values()) > MOST:
            return self._of(np.full(node.shape, MIXED))
        order = "".join(summed) + result
        kinds = [_laid_out(e.kind, term, order, sizes) for e, term in zip(read, terms, strict=True)]
        kind = joined(kinds)
        amounts = self._of(kind).amounts
        for which, entries in enumerate(read):
            others = [k for i, k in enumerate(kinds) if i != which]
            passed = (kinds[which] == ADDED) & np.all([k == FREE for k in others], axis=0) if others else kind == ADDED
            if np.any(passed):
                kind = np.where(passed, ADDED, kind)
                own = np.stack(
                    [_laid_out(entries.amounts[..., r], terms[which], order, sizes) for r in range(self.rows)], axis=-1
                )
                amounts = np.where(passed[..., None], own, amounts)
        lines = math.prod(sizes[c] for c in summed)
        return self._added(kind.reshape(lines, *node.shape), amounts.reshape(lines, *node.shape, self.rows))

    def _by_lines(self, terms: list[str], result: str, read: list[Entries], sizes: dict[str, int]) -> Entries | None:
        """A product with one factor that hangs on rows, each of whose lines hangs on one row: X @ W. None elsewhere."""
        moving = [i for i, entries in enumerate(read) if not entries.is_free]
        if len(moving) != 1:
            return None
        term, kind = terms[moving[0]], read[moving[0]].kind
        if len(set(term)) < len(term) or np.any(kind < FREE):
            return None
        for axis in reversed([i for i, c in enumerate(term) if c not in result]):
            first = kind.take(0, axis=axis) if kind.shape[axis] else np.full(np.delete(kind.shape, axis), FREE)
            if np.any(kind != np.expand_dims(first, axis)):
                return None
            kind = first
        kept = "".join(c for c in term if c in result)
        return self._of(_laid_out(kind, kept, result, sizes).copy())

    # -- along axes ---------------------------------------------------------------------------------------------------

    def _along(self, node: Node, read: list[Entries]) -> Entries:
        shapes = [self.graph.nodes[i].shape for i in node.inputs]
        still = [
            np.asarray(spread(np.asarray(self.values[i]), s)) if e.is_free else None
            for i, s, e in zip(node.inputs, shapes, read, strict=True)
        ]
        moving = [None if e.is_free else e.kind.reshape(-1) for e in read]
        known = node.op in SAME_PLACE or node.op in MOVES or node.op in LINES or node.op in WHOLE_LINES
        try:
            relations = _relations(node, shapes, moving, still) if known else [None for _ in read]
        except Dense:
            relations = [None for _ in read]
        if any(r is None and m is not None for r, m in zip(relations, moving, strict=True)):
            return self._probed(node, read)
        return self._related(node, read, relations)

    def _related(self, node: Node, read: list[Entries], relations: Sequence[Relation | None]) -> Entries:
        size = math.prod(node.shape)
        kind, amounts = np.full(size, FREE), np.zeros((size, self.rows))
        for entries, relation in zip(read, relations, strict=True):
            if relation is None:
                continue
            to, what = relation
            flat = entries.flat()
            for mine in _first_to_last(to):
                kind[to[mine]] = joined([kind[to[mine]], flat.kind[what[mine]]])
            single = len(np.unique(to)) == len(to)
            if node.op in ("sum", "mean") or single:
                kind = self._sums(kind, to, flat.kind[what])
                np.add.at(amounts, to, flat.amounts[what])
        if node.op == "mean" and len(relations[0][0]):  # type: ignore[index]
            amounts /= len(relations[0][0]) / max(1, size)  # type: ignore[index]
        plain = kind >= 0
        amounts[plain] = self._of(kind[plain]).amounts
        return Entries(kind, amounts).shaped(node.shape)

    def _sums(self, kind: Array, to: Array, read: Array) -> Array:
        """Entries that are added up from several rows, or pass such a sum on, are no mixtures."""
        mixed = np.zeros(len(kind), dtype=bool)
        mixed[to[read == MIXED]] = True
        added = np.zeros(len(kind), dtype=bool)
        added[to[read == ADDED]] = True
        return np.where(mixed, MIXED, np.where((kind == MIXED) | added, ADDED, kind))

    # -- ops that are not known ---------------------------------------------------------------------------------------

    def _probed(self, node: Node, read: list[Entries]) -> Entries:
        """Change the numbers of one row, and see what changes. A sum over rows that takes part makes a mixture."""
        op = REGISTER.named(node.op)
        shapes = [self.graph.nodes[i].shape for i in node.inputs]
        base = [np.array(spread(np.asarray(self.values[i]), s)) for i, s in zip(node.inputs, shapes, strict=True)]
        kind = np.full(node.shape, FREE)
        present = set(np.unique(np.concatenate([e.kind.reshape(-1) for e in read])).tolist()) - {FREE}
        for row in sorted(present):
            which = [entries.kind == row for entries in read]
            changed = self._changed(op, base, which, shapes, node)
            kind = joined([kind, np.where(changed, row if row >= 0 else MIXED, FREE)])
        return self._of(kind)

    @np.errstate(all="ignore")
    def _changed(self, op: Any, base: list[Array], which: list[Array], shapes: Any, node: Node) -> Array:
        before = np.asarray(self.values[self._position(node)])
        changed = np.zeros(node.shape, dtype=bool)
        for factor, more in ((1.37, 0.61), (0.4, -0.23), (np.nan, 0.0)):
            other = [_changed(array, mask, factor, more) for array, mask in zip(base, which, strict=True)]
            try:
                after = np.asarray(apply_op(op, other, shapes, node.params))
            except Exception:  # what an op makes of odd numbers is its own affair; nan in a matrix, say, is refused
                if np.isnan(factor):
                    continue
                return np.ones(node.shape, dtype=bool)
            changed |= ~((after == before) | ((after != after) & (before != before)))
        return changed

    def _position(self, node: Node) -> int:
        return next(i for i, other in enumerate(self.graph.nodes) if other is node)


def joined(kinds: Sequence[Array]) -> Array:
    """The kinds of what is worked out from entries: of no row, of one row, or a mixture.

    >>> joined([np.array([FREE, 0, 0]), np.array([1, 0, 1])]).tolist()
    [1, 0, -3]
    """
    kind = np.where(kinds[0] == ADDED, MIXED, kinds[0])
    for other in kinds[1:]:
        either = np.where(kind == FREE, other, kind)
        apart = (kind != FREE) & (other != FREE) & (kind != other)
        kind = np.where(apart | (either == ADDED), MIXED, either)
    return kind


def _first_to_last(to: Array) -> Iterator[Array]:
    """The places of a relation in rounds, in each of which an entry is met once."""
    if len(to) == 0:
        return
    order = np.argsort(to, kind="stable")
    ordered = to[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rank = np.arange(len(to)) - np.repeat(starts, np.diff(np.r_[starts, len(to)]))
    by_rank = np.argsort(rank, kind="stable")
    edges = np.flatnonzero(np.r_[True, np.diff(rank[by_rank]) > 0, True])
    for first, last in itertools.pairwise(edges):
        yield order[by_rank[first:last]]


def _changed(array: Array, mask: Array, factor: float, more: float) -> Array:
    """The array with other numbers where the mask says so; positions and truth values go round among themselves."""
    other = array.copy()
    if array.dtype.kind in "fc":
        other[mask] = array[mask] * factor + more
    elif array.dtype.kind == "b":
        other[mask] = ~array[mask]
    else:
        moved = np.roll(array.reshape(-1), 1).reshape(array.shape)
        other[mask] = np.where(moved == array, np.maximum(array - 1, 0), moved)[mask]
    return other


def _subscripts(node: Node, dimensions: list[int]) -> tuple[list[str], str]:
    """A product as einsum writes it."""
    if node.op == "einsum":
        text, _, result = str(node.params["subscripts"]).partition("->")
        return text.split(","), result
    left, right = dimensions
    letters = "ABCDEFGH"[: max(left, right) - 2] if max(left, right) > 2 else ""
    a = "k" if left == 1 else letters[len(letters) - (left - 2) :] + "ik" if left > 2 else "ik"
    b = "k" if right == 1 else letters[len(letters) - (right - 2) :] + "kj" if right > 2 else "kj"
    return [a, b], letters + ("i" if left > 1 else "") + ("j" if right > 1 else "")


def _laid_out(array: Array, term: str, order: str, sizes: dict[str, int]) -> Array:
    """An operand in the space of all letters in `order`; a letter that stands twice takes the diagonal."""
    kept = "".join(dict.fromkeys(term))
    ints = {c: i for i, c in enumerate(dict.fromkeys(term + order))}
    plain = np.einsum(array, [ints[c] for c in term], [ints[c] for c in kept]) if kept != term else array
    ordered = np.transpose(plain, [kept.index(c) for c in order if c in kept])
    shape = [sizes[c] if c in kept else 1 for c in order]
    return np.asarray(np.broadcast_to(ordered.reshape(shape), [sizes[c] for c in order]))
