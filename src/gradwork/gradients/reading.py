"""Reading a node as mathematics: its op's notation, over the notation of what it reads.

Where to stop is said by `cut`: a node in it is written as the piece given there, and what stands behind it is not
looked at. The same reading with numbers in place of names gives the line "with the numbers put in".
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, Graph
from gradwork.graph.op import REGISTER
from gradwork.graph.passes import TRANSPARENT
from gradwork.notation.layout import Dots, Fraction, Layout, Matrix, Number, Symbol, Words, infix

Cut = Mapping[int, Layout]
_LARGEST = 300


def read(graph: Graph, position: int, cut: Cut, *, own: bool = False) -> Layout:
    """Node `position` as mathematics, stopping at the nodes in `cut`.

    own: look behind the node itself even where it stands in `cut` (to write out what a name stands for).
    """
    done: dict[int, Layout] = dict(cut)
    size: dict[int, int] = {}
    if own:
        done.pop(position, None)
    waiting = [position]
    while waiting:
        at = waiting[-1]
        if at in done:
            waiting.pop()
            continue
        missing = [i for i in graph.nodes[at].inputs if i not in done]
        if missing:
            waiting += missing
            continue
        done[at] = _piece(graph, at, done)
        size[at] = 1 + sum(size.get(i, 1) for i in graph.nodes[at].inputs)
        if size[at] > _LARGEST:
            # What is used twice is written twice: after a few doublings no page would hold it.
            done[at], size[at] = Symbol(f"u{at}"), 1
        waiting.pop()
    return done[position]


def read_or_cut(graph: Graph, position: int, cut: Cut) -> Layout:
    """As `read`; and where the node itself stands in `cut`, that piece."""
    return cut[position] if position in cut else read(graph, position, cut)


def _piece(graph: Graph, position: int, done: Mapping[int, Layout]) -> Layout:
    node = graph.nodes[position]
    if node.op == INPUT:
        return Symbol(node.name or f"u{position}")
    if node.op == CONSTANT:
        return constant(graph.constants[position], node.name)
    if node.op in _PRODUCTS and all(_is_matrix(graph, i) and not isinstance(done[i], Number) for i in node.inputs):
        # Side by side they would be read as a product of matrices.
        return infix("⊙", *(done[i] for i in node.inputs))
    op = REGISTER.named(node.op)
    params: dict[str, Any] = dict(node.params)
    if _takes_ndim(op.notation):
        params["ndim"] = len(graph.nodes[node.inputs[0]].shape)
    return op.notation(*(done[i] for i in node.inputs), **params)  # type: ignore[no-any-return]


_PRODUCTS = frozenset({"multiply", "chain_product"})


def _is_matrix(graph: Graph, position: int) -> bool:
    """Whether a value is a matrix of its own, and not a number or a row that was spread over one."""
    while graph.nodes[position].op in TRANSPARENT:
        (position,) = graph.nodes[position].inputs
    shape = graph.nodes[position].shape
    return len(shape) > 1 and max(shape) > 1


@functools.cache
def _takes_ndim(notation: Callable[..., Any]) -> bool:
    try:
        return "ndim" in inspect.signature(notation).parameters
    except (TypeError, ValueError):
        return False


def constant(value: Any, name: str | None = None) -> Layout:
    """A constant: its name, its number, or the corner of its table."""
    if name:
        return Symbol(name)
    return number(value) if np.ndim(value) == 0 else table(value)


def number(value: Any) -> Layout:
    """A number; a short fraction such as 1/50 is written as one."""
    plain = np.asarray(value).item()
    if isinstance(plain, float) and 0 < abs(plain) < 1:
        inverse = 1 / plain
        if abs(inverse) <= 10_000 and round(inverse) not in (2, 4, 5, 10, 100, 1000) and inverse == round(inverse):
            return Fraction(Number(int(np.sign(plain))), Number(abs(round(inverse))))
    if isinstance(plain, float) and plain.is_integer() and abs(plain) < 1e15:
        return Number(int(plain))
    return Number(plain)


def table(value: Any, rows: int = 4, columns: int = 6, digits: int | None = None) -> Layout:
    """An array as a matrix: the whole of it where it is small, else a corner with dots. A vector is one row."""
    array = np.asarray(value)
    if array.ndim == 0:
        return Number(array.item(), digits)
    if array.ndim > 2:
        return Words("an array of shape " + "×".join(map(str, array.shape)))
    grid = array.reshape(1, -1) if array.ndim == 1 else array
    more_rows, more_columns = grid.shape[0] > rows, grid.shape[1] > columns
    lines = []
    for line in grid[:rows]:
        cells: list[Layout] = [Number(v.item(), digits) for v in line[:columns]]
        lines.append((*cells, Dots("horizontal")) if more_columns else tuple(cells))
    if more_rows and lines:
        width = min(grid.shape[1], columns)
        last: list[Layout] = [Dots("vertical")] * width
        lines.append((*last, Dots("diagonal")) if more_columns else tuple(last))
    return Matrix(tuple(lines), array.shape)


def inner(graph: Graph, position: int) -> int:
    """The node behind copies and rearrangements."""
    while graph.nodes[position].op in TRANSPARENT:
        position = graph.nodes[position].inputs[0]
    return position
