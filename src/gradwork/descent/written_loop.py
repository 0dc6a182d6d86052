"""Writing the loop: the text of `program.py`, from the graph of the loss and that of the method's formulas.

Four forms. For a tiny loss all is written for single numbers of Python's own. For a few parameters only the update is.
For many, they lie in one vector and are updated at once. Where the rows are many too, they are worked out in halves.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.descent.by_rows import Split
from gradwork.descent.half import half_of
from gradwork.descent.halves import Halves, split_in_halves
from gradwork.descent.held import Recipe, apart
from gradwork.descent.kept import is_held, loop_key
from gradwork.descent.method import Method
from gradwork.descent.problem import Array, Problem
from gradwork.descent.program import CONVERGED, DIVERGED, Held, Loop, Memory
from gradwork.descent.update import update_form
from gradwork.gradients.compile import Program
from gradwork.graph.keyed import Kept
from gradwork.lowering.compiled_form import CompiledForm, compiled_form
from gradwork.lowering.loop_body import LoopBody
from gradwork.lowering.loop_form import known_data, loop_form
from gradwork.lowering.numbers import MATH, Numbers, Text, TooLarge, tables_of
from gradwork.lowering.numpy_program import Careful, compiled_text
from gradwork.lowering.scalar_program import cost, single_numbers

FEW = 8  # parameters that are updated number by number
LOOPS = Kept()
CHEAPER = 0.65  # in a loop NumPy's calls cost less than on their own: measured on a line through 10 to 60 points


def loop_of(
    problem: Problem, method: Method, weight_decay: float, clip: float | None, rows: int | None = None
) -> Loop | None:
    """The loop as a program; None where it cannot be written so (decisions in the loss, parameters of several types).

    rows: how many rows a batch has; None where a step takes all data.
    """
    if len({leaf.dtype for leaf in problem.start}) != 1 or problem.backend != "numpy" or method.search is not None:
        return None
    program = problem.gradient_program(problem.batch(slice(0, rows)) if rows is not None else problem.data)
    count = len(problem.start)
    fixed = [not v for v in problem.varying] if rows is not None else [True] * len(problem.data)
    if program.graph.guards or program.moving or program.on_jax:
        return None
    if len(program.slots.taken) != count + len(problem.data) or not _all_taken(program, count, fixed):
        return None
    key = loop_key(problem, program, (method, weight_decay, clip, rows))
    loop = LOOPS.get(key) if key is not None else None
    if loop is None:
        loop = _Writer(problem, program, method, weight_decay, clip, fixed).loop()
        if loop is not None and loop.form != "halves" and key is not None:
            loop = LOOPS.put(key, loop)
    return loop.renewed(problem) if loop is not None else None


def _all_taken(program: Program, count: int, fixed: Sequence[bool]) -> bool:
    taken = program.slots.taken
    return all(taken[:count]) and all(t or f for t, f in zip(taken[count:], fixed, strict=True))


class _Writer:
    """Puts the parts of the program together."""

    def __init__(
        self,
        problem: Problem,
        program: Program,
        method: Method,
        weight_decay: float,
        clip: float | None,
        fixed: Sequence[bool],
    ) -> None:
        self.problem = problem
        self.memory = Memory(problem.start, len(method.states))
        self.size, self.dtype = problem.size, problem.start[0].dtype
        self.floats = self.dtype == np.float64
        graph, count = program.graph, len(problem.start)
        inputs = iter(graph.inputs)
        self.leaf_inputs = [next(inputs) for _ in range(count)]
        self.batches: list[Array | None] = []
        self.data_inputs: list[int] = []
        known: dict[int, Any] = {}
        held: list[tuple[int, int, Any]] = []
        dtypes = iter(program.slots.dtypes[count:])
        given = zip(problem.data, program.slots.taken[count:], fixed, problem.varying, strict=True)
        for k, (value, taken, is_fixed, varying) in enumerate(given):
            if not taken:
                continue
            position, dtype = next(inputs), next(dtypes)
            if not is_fixed:
                assert varying
                self.data_inputs.append(position)
                self.batches.append(np.empty(graph.nodes[position].shape, dtype))
            elif is_held(value):
                held.append((position, k, dtype))
            else:
                known[position] = np.asarray(value, dtype)
        self.gathered = [(k, v) for k, (v, f) in enumerate(zip(problem.data, fixed, strict=True)) if not f]
        self.held = Held([k for _, k, _ in held], Recipe(len(held), [dtype for *_, dtype in held]))
        self.source = known_data(graph, known)
        self.held_inputs = {position: number for number, (position, *_) in enumerate(held)}
        self.update = update_form(method, self.size, self.dtype, weight_decay, clip)
        self.states = len(method.states)
        self.buffers: list[tuple[tuple[int, ...], Any]] = []
        self.bound: dict[str, Any] = {"np": np, "Careful": Careful, "inf": np.inf, **MATH}

    def loop(self) -> Loop | None:
        """The program, in the form that costs least."""
        plain = compiled_form(self.source)
        order = dict(zip(self.source.inputs, plain.graph.inputs, strict=True))
        split = split_in_halves(self.problem, plain.graph) if not self.batches else None
        plain, of = apart(plain, {order[i]: number for i, number in self.held_inputs.items()}, self.held.recipe)
        if self.floats:
            scalar, numpy = cost(plain)
            more, less = cost(self.update)
            if scalar + more < CHEAPER * (numpy + less) and single_numbers(plain.graph):
                try:
                    return self._by_numbers(plain, of)
                except TooLarge:
                    pass
        halves = self._by_halves(split) if split is not None else None
        if halves is not None:
            return halves
        form = loop_form(plain, of)
        moved = dict(zip(plain.graph.inputs, form.graph.inputs, strict=True))
        return self._by_arrays(*apart(form, {moved[i]: number for i, number in of.items()}, self.held.recipe))

    # -- all in single numbers --------------------------------------------------------------------------------------

    def _by_numbers(self, form: CompiledForm, of: Mapping[int, int]) -> Loop:
        numbers = Numbers()
        known = {position: self._hold(number) for position, number in of.items()}
        starts = dict(zip(self._at(form, self.leaf_inputs), self.memory.starts, strict=True))
        batches = {position: f"x{j}" for j, position in enumerate(self._at(form, self.data_inputs))}

        def entry(position: int, k: int) -> int:
            if position in starts:
                return numbers.number("entry", "p", starts[position] + k)
            if position in known:
                return numbers.number("entry", f"{known[position]}_", k)
            return numbers.number("entry", batches[position], k)

        tables = tables_of(numbers, form.graph, entry)
        loss, *slopes = (tables[i] for i in form.graph.outputs)
        gradient = [int(n) for table in slopes for n in table.reshape(-1)]
        careful = [int(n) for i in form.careful for n in tables[i].reshape(-1)]
        square, new = self._updated(numbers, gradient)
        text = Text(numbers, _called, [int(loss), square, *careful, *new])
        before = [f"if not {text.of(n)}: raise Careful" for n in careful]
        loss_text, square_text = text.of(int(loss)), text.of(square)
        lines = [*text.lines, *before, f"loss = {loss_text}", f"square = {square_text}"]
        done = len(text.lines)
        names = self._state_names()
        assigned = f"{', '.join(names)}, = {', '.join(text.of(n) for n in new)},"
        gather = []
        for j, batch in enumerate(self.batches):
            assert batch is not None
            gather.append(f"{self._unpacked(f'x{j}', batch.size)} = {self._numbers(batch.size)}(batch{j})")
        after = [*text.lines[done:], assigned]
        taken_apart = []
        for position, name in known.items():
            size = math.prod(form.graph.nodes[position].shape)
            if size and form.graph.nodes[position].shape:
                taken_apart.append(f"{self._unpacked(f'{name}_', size)} = {self._numbers(size)}({name})")
            elif size:
                taken_apart.append(f"{name}_0 = {name}")
        return self._framed([*gather, *lines], after, names, in_memory=False, form="numbers", first=taken_apart)

    def _hold(self, number: int) -> str:
        """A name for a value that the data decide. It is bound when the loop is renewed for data."""
        self.held.names.setdefault(number, f"held{number}")
        return self.held.names[number]

    def _updated(self, numbers: Numbers, gradient: Sequence[int]) -> tuple[int, list[int]]:
        """The numbers of the square norm, of the new weights, and of all that is remembered."""
        graph = self.update.graph
        sources: list[Any] = ["p", gradient, *(f"s{j}_" for j in range(self.states)), "rate", "number"]
        at = dict(zip(graph.inputs, sources, strict=True))

        def entry(position: int, k: int) -> int:
            source = at[position]
            if isinstance(source, str):
                return numbers.number("entry", source, -1 if source in ("rate", "number") else k)
            return int(source[k])

        tables = tables_of(numbers, graph, entry)
        square, *new = (tables[i] for i in graph.outputs)
        return int(square), [int(n) for table in new for n in table.reshape(-1)]

    # -- the loss in arrays -----------------------------------------------------------------------------------------

    def _by_arrays(self, form: CompiledForm, of: Mapping[int, int]) -> Loop | None:
        graph, memory = form.graph, self.memory
        weights, slopes = memory.views(memory.weights), memory.views(memory.gradient)
        leaves = self._at(form, self.leaf_inputs)
        data = self._at(form, self.data_inputs)
        places = {i: weights[k] for k, i in enumerate(leaves)}
        called = {
            i: f"p{memory.starts[k]}" if not np.ndim(weights[k]) else self._bound(weights[k], f"leaf{k}")
            for k, i in enumerate(leaves)
        }
        called |= {i: f"batch{j}" for j, i in enumerate(data)}
        called |= {i: self._hold(number) for i, number in of.items()}
        loss, *gradient = graph.outputs
        few = self.floats and self.size <= FEW and single_numbers(self.update.graph)
        whole = not few or any(np.ndim(leaf) for leaf in memory.like)
        if len(set(graph.outputs)) < len(graph.outputs):
            return None
        into = {i: (self._bound(s, f"slope{k}"), s) for k, (i, s) in enumerate(zip(gradient, slopes, strict=True))}
        places |= {i: b for i, b in zip(data, self.batches, strict=True) if b is not None}
        single = {number: np.empty((), graph.nodes[i].dtype) for i, number in of.items() if not graph.nodes[i].shape}
        places |= {i: single[number] for i, number in of.items() if number in single}
        ends = into if whole else {}
        body = LoopBody(form, "t", self.bound, called, places, ends, self.floats, self.buffers, of)
        lines = body.body()
        for i, number in of.items():
            lie_in = [*([single[number]] if number in single else []), *body.rows[i]]
            self.held.places.setdefault(number, []).extend(lie_in)
        lines += [f"loss = {body.names[loss]}" if self.floats else f"loss = float({body.names[loss]})"]
        if few:
            return self._few_updated(lines, [body.names[i] for i in gradient] if not whole else None)
        return self._all_updated(lines)

    # -- the loss in two halves of its rows -------------------------------------------------------------------------

    def _by_halves(self, split: Split) -> Loop | None:
        rows = self.problem.rows
        spans = (slice(0, rows // 2), slice(rows // 2, rows))
        gradients = [np.zeros_like(self.memory.gradient) for _ in spans]
        made = [half_of(self.problem, self.memory, s, g) for s, g in zip(spans, gradients, strict=True)]
        functions = [function for function in made if function is not None]
        if len(functions) < 2:
            return None
        weights = [split.weight(s.stop - s.start, rows) for s in spans]
        halves = Halves(functions, gradients, weights, self.memory.gradient)
        self._bound(halves, "both_halves")
        loop = self._all_updated(["loss = both_halves()"])
        if loop is not None:
            loop.around, loop.form = halves, "halves"
        return loop

    # -- the update -------------------------------------------------------------------------------------------------

    def _few_updated(self, lines: list[str], gradient: list[str] | None) -> Loop:
        numbers = Numbers()
        entries = [numbers.number("entry", "g", k) for k in range(self.size)]
        square, new = self._updated(numbers, entries)
        text = Text(numbers, _called, [square, *new])
        if gradient is None:
            lines.append(f"{self._unpacked('g', self.size)} = {self._numbers(self.size)}(gradient)")
        else:
            lines += [f"g{k} = {name}" for k, name in enumerate(gradient)]
        square_text = text.of(square)
        lines += [*text.lines, f"square = {square_text}"]
        done = len(text.lines)
        names = self._state_names()
        assigned = f"{', '.join(names)}, = {', '.join(text.of(n) for n in new)},"
        return self._framed(lines, [*text.lines[done:], assigned], names, in_memory=True, form="few")

    def _all_updated(self, lines: list[str]) -> Loop | None:
        graph, memory = self.update.graph, self.memory
        vectors = [memory.weights, memory.gradient, *memory.states]
        names = ["weights", "gradient", *(f"remembered{j}" for j in range(self.states))]
        for name, vector in zip(names, vectors, strict=True):
            self.bound[name] = vector
        called = dict(zip(graph.inputs, [*names, "rate", "number"], strict=True))
        square, *new = graph.outputs
        into = {i: (name, v) for i, name, v in zip(new, names[:1] + names[2:], [vectors[0], *vectors[2:]], strict=True)}
        places = dict(zip(graph.inputs, vectors, strict=False))
        if len(into) < len(new) or any(i in graph.inputs for i in new):
            return None
        body = LoopBody(self.update, "u", self.bound, called, places, into, self.floats, self.buffers)
        written = body.body()
        split = body.line_after[square]
        if any(body.line_after[i] <= split for i in new):
            return None
        lines += [*written[:split], f"square = {body.names[square]}"]
        refreshed = []
        for start, view, name in zip(memory.starts, memory.views(memory.weights), memory.like, strict=True):
            if not np.ndim(name) and any(re.search(rf"\bp{start}\b", line) for line in lines):
                place = self._bound(view, f"place{start}")
                refreshed.append(f"p{start} = {place}.item()" if self.floats else f"p{start} = {place}[()]")
        return self._framed([*refreshed, *lines], written[split:], [], in_memory=True, form="arrays")

    # -- the frame --------------------------------------------------------------------------------------------------

    def _framed(
        self,
        before: list[str],
        after: list[str],
        names: list[str],
        in_memory: bool,
        form: str,
        first: Sequence[str] = (),
    ) -> Loop:
        """The function: the steps one after the other, with their checks and their record. first: lines above all."""
        memory, bound = self.memory, self.bound
        bound.update(weights=memory.weights, gradient=memory.gradient)
        bound.update({f"remembered{j}": v for j, v in enumerate(memory.states)})
        bound.update({f"batch{j}": b for j, b in enumerate(self.batches)})
        gather = [self._gathered(j) for j in range(len(self.batches))]
        count = self.size
        head = [] if not names else [
            f"{self._unpacked(tag, count)} = {self._numbers(count)}({where})"
            for tag, where in [("p", "weights"), *((f"s{j}_", f"remembered{j}") for j in range(self.states))]
        ]  # fmt: skip
        packed = [
            f"pack({where}, 0, {', '.join(f'{tag}{k}' for k in range(count))})"
            for tag, where in [("p", "weights"), *((f"s{j}_", f"remembered{j}") for j in range(self.states))]
            if names
        ]
        if names:
            bound["pack"] = struct.Struct(f"{count}d").pack_into
        is_read = names and in_memory and self._reads_memory([*before, *after])
        keep_place = [self._put_back(packed[0])] if is_read else []
        numbers = ", ".join(f"p{k}" for k in range(count))
        record = f"pack(record, {8 * count} * {{}}, {numbers})" if names else "rows[{}] = weights"
        uses_number = any(re.search(r"\bnumber\b", line) for line in [*before, *after])
        kind = "float" if self.floats else self._bound(self.dtype.type, "kind")
        step = [
            *gather,
            *([f"number = {kind}(step + 1)"] if uses_number else []),
            *before,
            f"if not (loss < limit and square < inf): code = {DIVERGED}; break",
            f"if square <= smallest: code = {CONVERGED}; break",
            *after,
            *keep_place,
            "step += 1",
            f"if every: {record.format('step')}",
            f"elif not step % stride: {record.format('(step // stride)')}",
            "latest = square",
            "if square > steepest: steepest = square; smallest = tiny * steepest",
            "keep(loss)",
        ]
        lines = [
            *first,
            *head,
            *(["record = memoryview(rows).cast('B')"] if names else []),
            "step, every, code, loss, square, latest = first, stride == 1, 0, inf, inf, inf",
            "smallest = tiny * steepest",
            "for rate in rates:" if not gather else "for rate, chosen in zip(rates, every_chosen):",
            *(f"    {line}" for line in step),
            *packed,
            "return step, code, float(loss), float(square), float(latest), float(steepest)",
        ]
        arguments = "first, rates, limit, tiny, steepest, keep, rows, stride, every_chosen"
        text = f"def steps({arguments}):\n" + "".join(f"    {line}\n" for line in lines)
        return Loop(memory, compiled_text(text, "steps", bound), text, self.batches, form, held=self.held)

    def _reads_memory(self, lines: Sequence[str]) -> bool:
        """Whether arrays that show the parameters' memory stand in these lines."""
        words = {word for line in lines for word in re.findall(r"\w+", line)}
        shown = (self.bound[word] for word in words & self.bound.keys())
        return any(isinstance(value, np.ndarray) and np.may_share_memory(value, self.memory.weights) for value in shown)

    def _put_back(self, packed: str) -> str:
        """The parameters, written to where the arrays' operations read them."""
        memory = self.memory
        if self.size > 3 or any(np.ndim(leaf) for leaf in memory.like):
            return packed
        views = enumerate(memory.views(memory.weights))
        return "; ".join(f"{self._bound(view, f'number{k}')}[()] = p{k}" for k, view in views)

    def _gathered(self, j: int) -> str:
        """The rows of a step, copied to where the program reads them."""
        place, data = self.gathered[j]
        batch = self.batches[j]
        assert batch is not None
        self.held.rows[f"data{j}"] = place
        if data.dtype == batch.dtype:
            return f"data{j}.take(chosen, 0, batch{j}, 'clip')"
        return f"batch{j}[...] = data{j}[chosen]"

    # -- names ------------------------------------------------------------------------------------------------------

    def _at(self, form: CompiledForm, inputs: Sequence[int]) -> list[int]:
        """Where inputs of the source stand in a form: inputs keep their order."""
        order = {position: k for k, position in enumerate(self.source.inputs)}
        return [form.graph.inputs[order[i]] for i in inputs]

    def _bound(self, value: Any, name: str) -> str:
        self.bound[name] = value
        return name

    def _state_names(self) -> list[str]:
        return [f"{tag}{k}" for tag in ("p", *(f"s{j}_" for j in range(self.states))) for k in range(self.size)]

    def _unpacked(self, tag: str, count: int) -> str:
        return f"{', '.join(f'{tag}{k}' for k in range(count))},"

    def _numbers(self, count: int) -> str:
        return self._bound(struct.Struct(f"{count}d").unpack, f"numbers_{count}")


def _called(tag: str, k: int) -> str:
    return tag if k < 0 else f"{tag}{k}"
