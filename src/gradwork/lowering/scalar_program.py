"""A small graph as straight-line Python on single numbers: for tiny graphs, where calls of NumPy cost the most.

Where Python's own arithmetic would refuse (a division by zero, an overflow), the program says so, and the values are
taken from the graph, with infinities and nan as NumPy gives them.

Source: straight-line programs, Griewank and Walther, Evaluating Derivatives, 2008, section 2.2.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, Graph
from gradwork.graph.op import REGISTER
from gradwork.lowering.compiled_form import CompiledForm
from gradwork.lowering.numbers import MATH, Numbers, Table, Text, TooLarge, tables_of
from gradwork.lowering.numpy_program import Careful, Otherwise, Written, compiled_text, plain_name, title_beside


def scalar_program(form: CompiledForm, names: Mapping[int, str], title: str = "program") -> Written | None:
    """Write `form` for single numbers; None where it is too large or has an op that is not written so.

    Arrays come in and go out as arrays of float64, single numbers as Python's own floats.
    """
    graph = form.graph
    if not single_numbers(graph) or any(not isinstance(g.outcome, bool) for g in form.guards):
        return None
    numbers = Numbers()
    try:
        tables = tables_of(numbers, graph, lambda position, k: numbers.number("entry", position, k))
    except TooLarge:
        return None
    return _Writer(form, numbers, tables, names).written(title)


def single_numbers(graph: Graph) -> bool:
    """Whether all is of float64, as Python's own numbers are."""
    kinds = all(graph.nodes[i].dtype == np.float64 for i in (*graph.inputs, *graph.outputs))
    return kinds and all(n.dtype in (np.float64, np.bool_) or n.op == CONSTANT for n in graph.nodes)


class _Writer:
    """Writes the function: arrays taken apart, decisions checked, numbers worked out, arrays put together."""

    def __init__(self, form: CompiledForm, numbers: Numbers, tables: list[Table], names: Mapping[int, str]) -> None:
        self.form, self.graph, self.tables = form, form.graph, tables
        self.bound: dict[str, Any] = {"Careful": Careful, "Otherwise": Otherwise, "empty": np.empty, **MATH}
        self.names = self._input_names(names)
        checks = [(g.node, "Otherwise", g.outcome) for g in form.guards]
        self.checks = checks + [(i, "Careful", True) for i in form.careful]
        ends = [*self.graph.outputs, *(i for i, _, _ in self.checks)]
        self.text = Text(numbers, self._entry, [int(n) for i in ends for n in tables[i].reshape(-1)])

    def _input_names(self, given: Mapping[int, str]) -> dict[int, str]:
        names: dict[int, str] = {}
        for position in self.graph.inputs:
            name = plain_name(given.get(position)) or f"x{position}"
            names[position] = name if name not in (*names.values(), *self.bound) else f"{name}_{position}"
        return names

    def _entry(self, position: int, k: int) -> str:
        return f"{self.names[position]}{f'_{k}' if self.graph.nodes[position].shape else ''}"

    def written(self, title: str) -> Written:
        """The program."""
        lines = self.text.lines
        lines += self._unpacked()
        for position, error, outcome in self.checks:
            for n in self.tables[position].reshape(-1):
                test = self.text.of(int(n))
                lines.append(f"if {'not ' if outcome else ''}{test}: raise {error}")
        returned = [self._result(place, position) for place, position in enumerate(self.graph.outputs)]
        title = title_beside(title, self.bound)
        arguments = ", ".join([*(self.names[i] for i in self.graph.inputs), "buffers"])
        body = [f"    {line}" for line in lines]
        text = "\n".join([f"def {title}({arguments}):", *body, f"    return ({', '.join(returned)},)", ""])
        return Written(text, compiled_text(text, title, self.bound), ())

    def _unpacked(self) -> list[str]:
        lines = []
        for position in self.graph.inputs:
            node = self.graph.nodes[position]
            size = math.prod(node.shape)
            if node.shape and size:
                self.bound[f"numbers_{size}"] = struct.Struct(f"{size}d").unpack
                entries = ", ".join(self._entry(position, k) for k in range(size))
                lines.append(f"{entries}{',' if size == 1 else ''} = numbers_{size}({self.names[position]})")
        return lines

    def _result(self, place: int, position: int) -> str:
        node, table = self.graph.nodes[position], self.tables[position]
        if not node.shape:
            return self.text.of(int(table))
        name = f"result_{place}"
        entries = ", ".join(self.text.of(int(n)) for n in table.reshape(-1))
        self.text.lines.append(f"{name} = empty({node.shape[0] if len(node.shape) == 1 else node.shape})")
        if table.size:
            self.bound[f"pack_{table.size}"] = struct.Struct(f"{table.size}d").pack_into
            self.text.lines.append(f"pack_{table.size}({name}, 0, {entries})")
        return name


def cost(form: CompiledForm) -> tuple[float, float]:
    """About how many nanoseconds a call takes: for single numbers, and with NumPy.

    Counted, not timed, so that the same graph always gives the same program: 10 ns for an operation of Python's on
    floats, 45 ns for a function of the math module, 350 ns for a call of NumPy, 1 ns for an entry in it.
    """
    scalar = numpy = 0.0
    for node in form.graph.nodes:
        if node.op in (INPUT, CONSTANT):
            continue
        size = max(math.prod(node.shape), 1)
        inner = [math.prod(form.graph.nodes[i].shape) for i in node.inputs]
        work = size
        if node.op == "matmul" and inner:
            work = 2 * math.isqrt(max(inner[0] * inner[1] * size, 1))
        elif node.op in ("sum", "max", "min"):
            work = max(inner)
        elif node.op in ("reshape", "transpose", "broadcast_to", "getitem"):
            work = 0
        op = REGISTER.named(node.op)
        heavy = op.elementwise and any(f"{name}(" in op.scalar for name in MATH)
        scalar += work * (45 if heavy else 10)
        numpy += (350 if work else 100) + work
    return scalar, numpy
