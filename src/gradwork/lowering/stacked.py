"""Vectors that are known are stacked into a table, so that what is done with each of them is one product of the table.

x w + b - y is the product of (w, b, 1) with the rows x, 1 and -y; and the sums over e, e x and e e are the product of
the rows 1, x and e with e. The columns of a matrix X, in X @ w + b - y, are rows of such a table too. On a hundred rows
NumPy takes as long for a call as for its numbers, so that one product in place of three calls is three times as quick.
On many rows the calls are no longer what takes the time.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, Graph, Node, Params
from gradwork.lowering.compiled_form import CompiledForm
from gradwork.lowering.draft import Draft
from gradwork.lowering.numpy_program import adds_all

LEAST_ROWS = 16
MOST_ENTRIES = 8192  # of a table; a BLAS splits larger ones over its threads, and then its bits hang on how many it has
MOST_TERMS = 8
STACKED = Params(axis=0)


@dataclass(frozen=True)
class _Term:
    """A vector, times a number, times single values. `vector` is None for a value that is added to each entry.

    weights: with these, `vector` is a matrix of columns, and the product of both is meant.
    """

    vector: int | None
    factor: float
    values: tuple[int, ...] = ()
    weights: int | None = None

    def times(self, factor: float, *values: int) -> _Term:
        return _Term(self.vector, factor * self.factor, (*self.values, *values), self.weights)


def stacked(form: CompiledForm, data: Collection[int]) -> CompiledForm:
    """The form with sums of known vectors, and sums over products with one vector, as products of tables.

    data: inputs of the form that are known before the loop begins; constants are known in any case.

    >>> import gradwork as gw
    >>> from gradwork.lowering.compiled_form import compiled_form
    >>> x = np.arange(16.0)
    >>> form = compiled_form(gw.trace(lambda w, b, x: np.sum((x * w + b - 2 * x) ** 2), 1.0, 2.0, x))
    >>> print(stacked(form, form.graph.inputs[2:]).graph)
    graph(u0, u1, u2)
      u5 = u2 * -2
      u7 = stack(u0, u1, 1, axis=0)
      u8 = stack(u2, <16 array>, u5, axis=0)
      u9 = u7 @ u8
      u10 = square(u9)
      u11 = sum(u10)
      return u11
    """
    known = set(data) | set(form.graph.constants)
    sums = {root: terms for root, terms in _sums(form.graph, known).items() if len(terms) > 1}
    groups = _groups(form, known)
    return _Writer(form, sums, groups).written() if sums or groups else form


# -- sums of known vectors --------------------------------------------------------------------------------------------


def _sums(graph: Graph, known: Collection[int]) -> dict[int, list[_Term]]:
    """The vectors that are sums of known ones, and are better made by one product: each with its terms."""
    found: dict[int, list[_Term]] = {}
    for position, node in enumerate(graph.nodes):
        terms = _terms(graph, position, node, known, found)
        if (
            terms is not None
            and len(terms) <= MOST_TERMS
            and not any(t.weights is not None and t.values for t in terms)
        ):
            found[position] = terms
    return {i: terms for i, terms in found.items() if _is_end(graph, i, found) and _pays(graph, i, terms, found)}


def _terms(
    graph: Graph, position: int, node: Node, known: Collection[int], found: dict[int, list[_Term]]
) -> list[_Term] | None:
    """A node as a sum of known vectors; None where it is no such sum."""
    if position in known or not _is_vector(node):
        return None
    if node.op == "matmul":
        matrix, weights = node.inputs
        is_sum = matrix in known and weights not in known and len(graph.nodes[weights].shape) == 1
        doubles = all(graph.nodes[i].dtype == np.float64 for i in node.inputs)
        return [_Term(matrix, 1.0, (), weights)] if is_sum and doubles else None
    if node.op not in ("add", "subtract", "negative", "multiply"):
        return None

    def of(i: int) -> list[_Term] | None:
        if i in found:
            return found[i]
        source = graph.nodes[i]
        if source.dtype != np.float64 or source.shape not in ((), node.shape):
            return None
        number = graph.constants.get(i)
        if number is not None and np.ndim(number) == 0:
            return [_Term(None, float(number))] if np.isfinite(number) else None
        if i in known and source.shape:
            return [_Term(i, 1.0)]
        return [_Term(None, 1.0, (i,))] if not source.shape else None

    sides = [of(i) for i in node.inputs]
    if any(side is None for side in sides):
        return None
    first, *rest = [side for side in sides if side is not None]
    if node.op == "negative":
        return [term.times(-1.0) for term in first]
    if node.op == "multiply":
        single = next((s for s in (first, rest[0]) if len(s) == 1 and s[0].vector is None), None)
        if single is None:
            return None
        other = rest[0] if single is first else first
        return [term.times(single[0].factor, *single[0].values) for term in other]
    sign = -1.0 if node.op == "subtract" else 1.0
    return [*first, *(term.times(sign) for term in rest[0])]


def _is_vector(node: Node) -> bool:
    return len(node.shape) == 1 and node.shape[0] >= LEAST_ROWS and node.dtype == np.float64


def _is_end(graph: Graph, position: int, found: Collection[int]) -> bool:
    return position in graph.outputs or any(i not in found for i in graph.consumers[position])


def _pays(graph: Graph, position: int, terms: list[_Term], found: Collection[int]) -> bool:
    """Whether as many calls go as the table has rows, one less at the most."""
    gone, waiting = {position}, [position]
    while waiting:
        for i in graph.nodes[waiting.pop()].inputs:
            if i in found and i not in graph.outputs and gone.issuperset(graph.consumers[i]):
                gone.add(i)
                waiting.append(i)
    calls = sum(bool(graph.nodes[i].shape) for i in gone)
    rows = sum(1 if term.weights is None else graph.nodes[term.weights].shape[0] for term in terms)
    size = rows * graph.nodes[position].shape[0]
    return calls > 1 and calls >= len(terms) - 1 and size <= MOST_ENTRIES


# -- sums over products with one vector -------------------------------------------------------------------------------


def _groups(form: CompiledForm, known: Collection[int]) -> dict[int, dict[int, int | None]]:
    """For vectors that several sums are made with: the nodes of the sums, and what the vector is multiplied by in each,
    None where it is added up alone. A matrix stands for the sums with each of its rows."""
    graph = form.graph
    groups: dict[int, dict[int, int | None]] = {}
    for position, node in enumerate(graph.nodes):
        if node.op == "matmul" and node.inputs[0] in known and node.inputs[1] not in known:
            rows, vector = node.inputs
            doubles = all(graph.nodes[i].dtype == np.float64 for i in (rows, vector))
            if doubles and _is_vector(graph.nodes[vector]) and position not in graph.outputs:
                groups.setdefault(vector, {})[position] = rows
            continue
        if node.op in (INPUT, CONSTANT) or not adds_all(graph, position) or node.dtype != np.float64:
            continue
        source = graph.nodes[node.inputs[0]]
        if not _is_vector(source):
            continue
        if source.op == "square" and graph.consumers[node.inputs[0]] == (position,):
            pair: tuple[int, int | None] = source.inputs[0], source.inputs[0]
        elif source.op == "multiply" and graph.consumers[node.inputs[0]] == (position,):
            one, other = source.inputs
            pair = (other, one) if one in known else (one, other)
        else:
            pair = node.inputs[0], None
        vector, times = pair
        if vector in known or not (times is None or times == vector or times in known):
            continue
        if all(i is None or graph.nodes[i].shape == source.shape for i in pair):
            groups.setdefault(vector, {})[position] = times
    return {
        vector: sums
        for vector, sums in groups.items()
        if len(sums) > 1 and sum(_rows(graph, i) for i in sums) * graph.nodes[vector].shape[0] <= MOST_ENTRIES
    }


def _rows(graph: Graph, position: int) -> int:
    """How many rows of a table a sum, or several, are made with."""
    return math.prod(graph.nodes[position].shape)


# -- writing ----------------------------------------------------------------------------------------------------------


class _Writer:
    """Writes a form anew, with these sums and groups."""

    def __init__(
        self, form: CompiledForm, sums: dict[int, list[_Term]], groups: dict[int, dict[int, int | None]]
    ) -> None:
        self.form, self.graph, self.sums, self.groups = form, form.graph, sums, groups
        self.draft = Draft(form.graph)
        self.at: dict[int, int] = {}
        self.vector_of = {position: vector for vector, sums in groups.items() for position in sums}
        self.products: dict[int, int] = {}  # of the vectors of groups
        self.ones: dict[int, int] = {}

    def written(self) -> CompiledForm:
        """The new form."""
        for position in self.graph.inputs:
            self.draft.working_on = position
            self.at[position] = self.draft.input(self.graph.nodes[position])
        for position, value in self.graph.constants.items():
            self.draft.working_on = position
            self.at[position] = self.draft.constant(value, self.graph.nodes[position].shape)
        for position, node in enumerate(self.graph.nodes):
            self.draft.working_on = position
            if position not in self.at:
                self.at[position] = self._row(position, node)
        outputs = [self.at[i] for i in self.graph.outputs]
        self.draft.careful = [self.at[i] for i in self.form.careful]
        made, moved = self.draft.graph(outputs)
        careful = tuple(moved[self.at[i]] for i in self.form.careful)
        where = {p: moved[row] for p, i in self.form.at.items() if (row := self.at[i]) in moved}
        return CompiledForm(made, (), careful, where)

    def _row(self, position: int, node: Node) -> int:
        draft = self.draft
        if position in self.sums:
            return self._sum(self.sums[position], node.shape[0])
        if position in self.vector_of:
            vector = self.vector_of[position]
            place = self._place(vector, position)
            index = (slice(place, place + node.shape[0]),) if node.shape else (place,)
            return draft.emit("getitem", (self._product(vector),), Params(index=index), node.dtype, node.shape)
        return draft.emit(node.op, [self.at[i] for i in node.inputs], node.params, node.dtype, node.shape)

    def _sum(self, terms: list[_Term], length: int) -> int:
        """A sum of vectors: the numbers before them, times the vectors. Numbers that change come first."""
        draft = self.draft
        factors, vectors = [], []
        for term in sorted((t for t in terms if t.weights is None), key=lambda term: not term.values):
            factor, vector = term.factor, self._ones(length) if term.vector is None else self.at[term.vector]
            if not term.values and term.vector is not None and factor != 1:
                vector, factor = draft.emit("multiply", (vector, draft.like(factor, vector))), 1.0
            values = [self.at[i] for i in term.values]
            number = values[0] if values else draft.constant(np.float64(factor))
            for value in values[1:]:
                number = draft.emit("multiply", (number, value))
            if values and factor == -1:
                number = draft.emit("negative", (number,))
            elif values and factor != 1:
                number = draft.emit("multiply", (number, draft.like(factor, number)))
            factors.append(number)
            vectors.append(vector)
        sides = [[draft.emit("stack", rows, STACKED)] if rows else [] for rows in (factors, vectors)]
        for term in terms:
            if term.weights is not None and term.vector is not None:
                columns = self.at[term.vector]
                if term.factor != 1:
                    columns = draft.emit("multiply", (columns, draft.like(term.factor, columns)))
                sides[0].append(self.at[term.weights])
                sides[1].append(draft.emit("transpose", (columns,), Params(axes=(1, 0))))
        return draft.emit("matmul", [self._joined(side) for side in sides])

    def _joined(self, pieces: list[int]) -> int:
        return pieces[0] if len(pieces) == 1 else self.draft.emit("concatenate", pieces, STACKED)

    def _place(self, vector: int, position: int) -> int:
        """The row of a sum in the table of its group: single rows stand above matrices."""
        place = 0
        for is_whole in (False, True):
            for other in self.groups[vector]:
                if bool(self.graph.nodes[other].shape) == is_whole:
                    if other == position:
                        return place
                    place += _rows(self.graph, other)
        raise AssertionError("the sum is one of its group")

    def _product(self, vector: int) -> int:
        """The sums of a group, one beside the other."""
        if vector not in self.products:
            draft, length = self.draft, self.graph.nodes[vector].shape[0]
            group = self.groups[vector].items()
            single = [
                self._ones(length) if i is None else self.at[i] for p, i in group if not self.graph.nodes[p].shape
            ]
            whole = [self.at[i] for p, i in group if i is not None and self.graph.nodes[p].shape]
            table = self._joined([*([draft.emit("stack", single, STACKED)] if single else []), *whole])
            self.products[vector] = draft.emit("matmul", (table, self.at[vector]))
        return self.products[vector]

    def _ones(self, length: int) -> int:
        if length not in self.ones:
            self.ones[length] = self.draft.constant(np.ones(length))
        return self.ones[length]
