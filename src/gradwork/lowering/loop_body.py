"""A graph as the body of a loop: lines that are run again and again over memory that stays where it is.

As `numpy_program` writes a function that is called once, so this writes lines that read parameters, write results into
arrays of the caller's own, and keep every intermediate value in a buffer. In a loop more can be done before it begins:
views of the parameters are made once, single numbers stand in arrays without axes where a ufunc reads them (which costs
half as much as a number does), and what the data alone decide is known (`loop_form`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
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
    memory:  the array that an input lies in, for those that have one; one without axes for a single number.
    into:    for outputs, the name of the array that they are written to, and the array.
    floats:  single numbers are Python's own floats; only where all is float64.
    buffers: those of the parts before, which are free again here; more are added.
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
    ) -> None:
        graph = form.graph
        names = {i: called.get(i, f"{prefix}{i}") for i, n in enumerate(graph.nodes) if n.op != CONSTANT}
        super().__init__(form, names, "steps")
        self.prefix, self.bound, self.floats, self.into = prefix, bound, floats, dict(into)
        self.memory = dict(memory)
        self.buffers = buffers
        for held, kind in enumerate(buffers):
            self.free.setdefault(kind, []).append(held)
        self.kept -= {self.roots[i] for i in self.into}
        self.inlined = self.inlined | _summed_products(graph)
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
            return wanted[0]
        return super()._out(position, in_place)

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
        if node.op in ("transpose", "reshape", "broadcast_to", "getitem") and len(node.inputs) == 1:
            held = self.memory.get(node.inputs[0])
            if held is not None:
                view = np.asarray(REGISTER.named(node.op).function(held, **node.params))
                if np.may_share_memory(view, held) and view.shape == node.shape:
                    self.memory[position] = view
                    name = self.bind(view, f"{self.prefix}view{position}")
                    if node.shape:
                        self.names[position] = name
                    else:
                        self.without_axes[position] = name
                        self.lines.append(f"{self.names[position]} = {name}.item()")
                    return
        text = self.product_of_two(position) or (self.picked(position) if node.op == "getitem" else None)
        if text is not None:
            self.assign(position, text)
        else:
            super()._node(position, node)

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
