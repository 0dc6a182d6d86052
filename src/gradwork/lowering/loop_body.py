"""A graph as the body of a loop: lines that are run again and again over memory that stays where it is.

As `numpy_program` writes a function that is called once, so this writes lines that read parameters, write results into
arrays of the caller's own, and keep every intermediate value in a buffer. In a loop more can be done before it begins:
views of the parameters are made once, single numbers stand in arrays without axes where a ufunc reads them (which costs
half as much as a number does), and what the data alone decide is known (`loop_form`).
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, Graph, Node
from gradwork.graph.op import REGISTER
from gradwork.lowering.compiled_form import CompiledForm
from gradwork.lowering.numpy_program import OPERATORS, Writer, adds_all, last_uses


class LoopBody(Writer):
    """Writes a form line by line.

    prefix:  what the names of its nodes begin with.
    bound:   names and objects of the whole program, shared with the other parts of it.
    called:  a name for each input.
    memory:  the array that an input lies in, for those that have one; one without axes for a single number. The arrays
             of other nodes are added: what shows such an array in another shape is made once, before the loop.
    into:    for outputs, the name of the array that they are written to, and the array.
    floats:  single numbers are Python's own floats; only where all is float64.
    buffers: those of the parts before, which are free again here; more are added.
    data:    inputs that are filled in once, before the loop begins.
    """

    def __init__(
        self,
        form: CompiledForm,
        prefix: str,
        bound: dict[str, Any],
        called: Mapping[int, str],
        memory: Mapping[int, Any],
        into: Mapping[int, tuple[str, Any]],
        floats: bool,
        buffers: list[tuple[tuple[int, ...], Any]],
        data: Collection[int] = (),
    ) -> None:
        graph = form.graph
        names = {i: called.get(i, f"{prefix}{i}") for i, n in enumerate(graph.nodes) if n.op != CONSTANT}
        super().__init__(form, names, "steps")
        self.prefix, self.bound, self.floats, self.into = prefix, bound, floats, dict(into)
        self.memory = dict(memory)
        self.buffers = buffers
        self.rows: dict[int, list[Any]] = {i: [] for i in data}  # further places that data are to be filled into
        self.tables: dict[int, Any] = {}
        for held, kind in enumerate(buffers):
            self.free.setdefault(kind, []).append(held)
        for position, node in reversed([*enumerate(graph.nodes)]):
            if node.op in ("stack", "concatenate") and node.params["axis"] == 0 and node.dtype == np.float64:
                self._table(position, node)
        self.kept -= {self.roots[i] for i in self.into}
        self.inlined = self.inlined | _summed_products(graph)
        self.apart = _taken_apart(graph) if floats else {}
        self.last_use = last_uses(graph, self.roots, self.inlined)
        self.placed: set[int] = set()
        self.without_axes: dict[int, str] = {}
        self.line_after: dict[int, int] = {}  # how many lines there are once a node is done

    def body(self) -> list[str]:
        """The lines. The names of outputs that are written nowhere are in `names`."""
        for position, node in enumerate(self.graph.nodes):
            if node.op == CONSTANT:
                self._constant(position, node)
            elif node.op != INPUT and not self._only_asked(position) and position not in self.inlined:
                self._node(position, node)
            self._guard(position)
            self._release(position)
            self.line_after[position] = len(self.lines)
        for position, (name, _) in self.into.items():
            if position not in self.placed:
                where = "[...]" if self.graph.nodes[position].shape else "[()]"
                self.lines.append(f"{name}{where} = {self.names[position]}")
        for held in range(len(self.buffers)):
            self.bound.setdefault(f"w{held}", np.empty(*self.buffers[held]))
        return self.lines

    # -- where things lie -------------------------------------------------------------------------------------------

    def _out(self, position: int, in_place: bool) -> str:
        wanted = self.into.get(position)
        if wanted is not None and self.graph.nodes[position].shape and self._is_free(position, wanted[1], in_place):
            self.placed.add(position)
            self.memory[position] = wanted[1]
            return wanted[0]
        out = super()._out(position, in_place)
        if out:
            array = self.bound.setdefault(out, np.empty(*self.buffers[int(out[1:])]))
            if array.shape == self.graph.nodes[position].shape:
                self.memory[position] = array
        return out

    def _is_free(self, position: int, array: Any, in_place: bool) -> bool:
        """Whether the array may be written to here: nobody reads what lies in it any more."""
        for other, held in self.memory.items():
            if self.graph.nodes[other].op == INPUT and np.may_share_memory(held, array):
                last = self._last_read(other)
                if last > position or (last == position and not in_place):
                    return False
        return True

    def _last_read(self, source: int) -> int:
        last = -1
        for position, node in enumerate(self.graph.nodes):
            for i in node.inputs:
                inner = self.graph.nodes[i].inputs if i in self.inlined else (i,)
                if any(self.roots[k] == source for k in inner):
                    last = position
        return last

    def _node(self, position: int, node: Node) -> None:
        if node.op == "getitem" and node.inputs[0] in self.apart:
            return
        if node.op in ("transpose", "reshape", "broadcast_to", "getitem") and len(node.inputs) == 1:
            held = self.memory.get(node.inputs[0])
            if held is not None:
                view = _shown(held, node)
                if np.may_share_memory(view, held) and view.shape == node.shape:
                    self.memory[position] = view
                    name = self.bind(view, f"{self.prefix}view{position}")
                    if node.shape:
                        self.names[position] = name
                    else:
                        self.without_axes[position] = name
                        self.lines.append(f"{self.names[position]} = {name}{'.item()' if self.floats else '[()]'}")
                    return
        if position in self.tables:
            self._filled(position, node)
            return
        text = self.product_of_two(position) or (self.picked(position) if node.op == "getitem" else None)
        if text is not None:
            self.assign(position, text)
        else:
            super()._node(position, node)
        if position in self.apart:
            names = ", ".join(self.names[i] for i in self.apart[position])
            self.lines.append(f"{names}, = {self.unpacking(node.shape[0])}({self.names[position]})")

    # -- tables of vectors, and vectors of numbers ------------------------------------------------------------------

    def _table(self, position: int, node: Node) -> None:
        """Memory for a stack, or for stacks and matrices one below the other. What is known lies in it from the
        beginning, and what is made for it is made in it."""
        table = self.tables.setdefault(position, np.empty(node.shape))
        name = self.bind(table, f"{self.prefix}table{position}")
        for i, part in self._parts_of(node, table):
            source = self.graph.nodes[i]
            if source.op == CONSTANT:
                part[...] = self.graph.constants[i]
            elif i in self.rows:
                self.rows[i].append(part)
            elif source.op == "stack" and node.op == "concatenate" and self.graph.consumers[i] == (position,):
                self.tables[i] = part
            elif self._is_made_alone(i) and source.dtype == np.float64 and i not in self.into:
                self.into[i] = (self.bind(part, f"{name}_{len(self.into)}"), part)

    def _is_made_alone(self, position: int) -> bool:
        """Whether a node is an array that is worked out, and is no result and no view of another."""
        node = self.graph.nodes[position]
        worked_out = bool(node.shape) and node.op != INPUT and self.roots[position] == position
        return worked_out and position not in self.graph.outputs

    def _parts_of(self, node: Node, table: Any) -> list[tuple[int, Any]]:
        """The inputs of a stack, or of what is joined, each with its part of the memory."""
        if node.op == "stack":
            single = node.shape[1:] == ()
            return [(i, table[j : j + 1].reshape(()) if single else table[j]) for j, i in enumerate(node.inputs)]
        ends = np.cumsum([self.graph.nodes[i].shape[0] for i in node.inputs]).tolist()
        return [(i, table[a:b]) for i, a, b in zip(node.inputs, [0, *ends], ends, strict=False)]

    def _filled(self, position: int, node: Node) -> None:
        """Fill in what is not there yet."""
        table, name = self.tables[position], f"{self.prefix}table{position}"
        self.names[position] = self.bind(table, name)
        parts = self._parts_of(node, table)
        left = [j for j, (i, part) in enumerate(parts) if not self._is_there(i, part)]
        if not left:
            return
        if node.op == "stack" and table.ndim == 1:
            first, count = left[0], left[-1] + 1 - left[0]
            packing = self.bind(struct.Struct(f"{count}d").pack_into, f"pack_{count}")
            numbers = ", ".join(self.names[i] for i, _ in parts[first : first + count])
            self.lines.append(f"{packing}({self.names[position]}, {8 * first}, {numbers})")
            return
        for i, part in (parts[j] for j in left):
            self.lines.append(f"{self.bind(part, f'{name}_part{i}')}[...] = {self.names[i]}")

    def _is_there(self, position: int, part: Any) -> bool:
        """Whether a part of a table has its numbers already when the table is read."""
        if self.graph.nodes[position].op == CONSTANT or position in self.rows:
            return True
        if position in self.tables:
            return np.shares_memory(self.tables[position], part)
        own = self.into.get(position)
        return own is not None and np.shares_memory(own[1], part) and position in self.placed

    def unpacking(self, count: int) -> str:
        """What takes a vector apart into single numbers."""
        return self.bind(_numbers(count), f"numbers_{count}")

    # -- single numbers ---------------------------------------------------------------------------------------------

    def assign(self, position: int, text: str) -> None:
        """One line; a single number becomes a float of Python's own."""
        node = self.graph.nodes[position]
        plain = node.op in (*OPERATORS, "square", "negative")
        if self.floats and not node.shape and node.dtype == np.float64 and not plain:
            text = f"float({text})"
        super().assign(position, text)

    def _entry_by_entry(self, position: int, node: Node, function: Any, arguments: list[str]) -> str:
        if not node.shape and node.op == "negative" and node.dtype == np.float64:
            return f"-{arguments[0]}"
        if node.shape:
            arguments = [self._operand(i) for i in node.inputs]
        return super()._entry_by_entry(position, node, function, arguments)

    def _function(self, name: str, function: Any) -> str:
        return self.bind(function, f"np_{name}")

    def _operand(self, position: int) -> str:
        """A single number among arrays: an array without axes, which a ufunc need not convert first."""
        node = self.graph.nodes[position]
        if node.shape or node.dtype.kind != "f":
            return self.names[position]
        if position in self.memory:
            return self.bind(self.memory[position], f"{self.prefix}place{position}")
        if position not in self.without_axes:
            if node.op == CONSTANT:
                value = np.array(self.graph.constants[position], node.dtype)
                self.without_axes[position] = self.bind(value, f"{self.prefix}number{position}")
            else:
                name = self.bind(np.empty((), node.dtype), f"{self.prefix}place{position}")
                self.without_axes[position] = name
                self.lines.append(f"{name}[()] = {self.names[position]}")
        return self.without_axes[position]

    # -- sums and picks ---------------------------------------------------------------------------------------------

    def product_of_two(self, position: int) -> str | None:
        """A sum of products as a product of vectors; None where this is no such sum."""
        node = self.graph.nodes[position]
        source = node.inputs[0]
        if node.op != "sum" or source not in self.inlined or self.graph.nodes[source].op != "multiply":
            return None
        flat = [
            self.names[i] if len(self.graph.nodes[i].shape) == 1 else f"{self.names[i]}.ravel()"
            for i in self.graph.nodes[source].inputs
        ]
        return f"{flat[0]}.dot({flat[1]})"

    def picked(self, position: int) -> str | None:
        """Entries picked from a buffer at known places, as one look-up in the flat buffer; None where it is not so."""
        node = self.graph.nodes[position]
        table, *arrays = node.inputs
        shape = self.graph.nodes[table].shape
        index = node.params["index"]
        known = [self.graph.constants.get(i) for i in arrays]
        in_buffer = table in self.buffer_of and self.roots[table] == table
        if not in_buffer or len(index) != len(shape) or not all(isinstance(e, tuple) for e in index):
            return None
        if any(k is None or k.shape != node.shape or k.dtype.kind not in "iu" for k in known):
            return None
        ordered = [np.asarray(known[e[1]]) % size for e, size in zip(index, shape, strict=True)]
        flat = self.bind(np.ravel_multi_index(ordered, shape), f"{self.prefix}places{position}")
        out = self._out(position, in_place=False)
        return f"{self.names[table]}.ravel().take({flat}, None, {out or None}, 'clip')"


def _shown(held: Any, node: Node) -> Any:
    """What a node that may be a view shows of an array: an entry as an array without axes."""
    if _is_entry(node) and all(isinstance(e, int) for e in node.params["index"]):
        return held[(*node.params["index"], ...)]
    return np.asarray(REGISTER.named(node.op).function(held, **node.params))


def _summed_products(graph: Graph) -> frozenset[int]:
    """Products that are only added up, each of two arrays of the same shape: they are never made."""
    return frozenset(
        i
        for i, node in enumerate(graph.nodes)
        if node.op == "multiply"
        and node.dtype.kind == "f"
        and node.dtype.itemsize >= 4
        and all(graph.nodes[k].shape == node.shape and graph.nodes[k].dtype == node.dtype for k in node.inputs)
        and i not in graph.outputs
        and math.prod(node.shape) > 0
        and [adds_all(graph, r) for r in graph.consumers[i]] == [True]
    )


def _taken_apart(graph: Graph) -> dict[int, list[int]]:
    """Products of which nothing but each single entry is read, and who reads them, in their order."""
    found = {}
    for position, node in enumerate(graph.nodes):
        if node.op != "matmul" or len(node.shape) != 1 or node.dtype != np.float64 or position in graph.outputs:
            continue
        readers = {graph.nodes[i].params["index"]: i for i in graph.consumers[position] if _is_entry(graph.nodes[i])}
        wanted = [readers.get((k,), -1) for k in range(node.shape[0])]
        if -1 not in wanted and sorted(wanted) == sorted(graph.consumers[position]):
            found[position] = wanted
    return found


def _is_entry(node: Node) -> bool:
    return node.op == "getitem" and len(node.inputs) == 1 and node.shape == ()


@functools.cache
def _numbers(count: int) -> Callable[[Any], Any]:
    return struct.Struct(f"{count}d").unpack
