"""The derivation with respect to one number, line by line, as a calculus text writes it.

Each line is derived by what it directly hangs on; then the slopes of the lines are multiplied (the chain rule) or,
where several lines or a sum over rows meet, put in their places. All of it is carried forward by the ops' own rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwork.gradients.derivation import Derivation, Line, Step
from gradwork.gradients.expression import Expression, one_line
from gradwork.gradients.lines import Lines, lines_of
from gradwork.gradients.numbers_put_in import numbers_put_in
from gradwork.gradients.reading import inner, read, read_or_cut
from gradwork.gradients.rules import carries_slope, push_forward
from gradwork.graph.builder import Builder
from gradwork.graph.graph import CONSTANT, INPUT, Graph, Origin
from gradwork.graph.op import REGISTER
from gradwork.graph.passes import TRANSPARENT, pruned, simplified, teaching_form
from gradwork.graph.run import run
from gradwork.graph.traced import Traced
from gradwork.notation.layout import Derivative, Layout, equation

CHAIN_RULE = "chain rule"


def derive_by_lines(
    graph: Graph, inputs: Sequence[Any] | None, wrt: int, order: int = 1, result: str = "y"
) -> Derivation:
    """The derivation of `graph`'s one output by the single number at node `wrt`.

    inputs: values of the graph's inputs, when all are known; then the numbers are put in as well.
    """
    teaching, at = teaching_form(graph, [wrt])
    lines = lines_of(teaching, [at[wrt]], teaching.outputs[0], result)
    writer = _Writer(lines)
    for line in lines.order:
        writer.carry(line)
    return writer.finished(inputs, order)


@dataclass
class _Carried:
    """How one line moves. `by` is the variable that it was derived by, None where several meet."""

    line: int
    by: int | None
    moved: dict[int, int]
    slope: int
    total: int


@dataclass
class _Writer:
    """Adds the slopes of all lines to the graph, then reads the steps off it."""

    lines: Lines
    builder: Builder = field(init=False)
    totals: dict[int, int] = field(default_factory=dict)
    carried: dict[int, _Carried] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.graph = self.lines.graph
        self.count = len(self.graph.nodes)
        self.builder = Builder.on(self.graph)
        (self.wrt,) = self.lines.wrt
        self.totals[self.wrt] = self._one(self.wrt)

    # -- carrying slopes forward ------------------------------------------------------------------------------------

    def carry(self, line: int) -> None:
        """Derive one line; everything that it hangs on has been derived before."""
        own, start = self.lines.body(line)
        by = start[0] if len(start) == 1 and all(self._entry_by_entry(i) for i in own) else None
        seeds = {
            i: self._one(i) if by is not None and i != self.wrt else self.totals[i] for i in start if i in self.totals
        }
        moved = self._through(own, seeds)
        if line not in moved:
            return
        slope = moved[line]
        total = slope
        if by is not None and by != self.wrt:
            with self._by(CHAIN_RULE, line):
                total = (Traced(self.builder, slope) * Traced(self.builder, self.totals[by])).index
        self.totals[line] = total
        self.carried[line] = _Carried(line, by, moved, slope, total)

    def _through(self, own: Sequence[int], seeds: Mapping[int, int]) -> dict[int, int]:
        moved = dict(seeds)
        for position in own:
            node = self.graph.nodes[position]
            if not carries_slope(self.builder, position):
                continue
            tangents = [Traced(self.builder, moved[i]) if i in moved else None for i in node.inputs]
            if all(t is None for t in tangents):
                continue
            result = push_forward(self.builder, position, tangents)
            if result is None:
                continue
            index = result.index
            if index < self.count:
                # The slope is a value of the forward pass; a node of its own keeps the two apart when they are read.
                with self._by(REGISTER.named(node.op).rule, position):
                    index = self.builder.emit(REGISTER.named("positive"), (index,))
            moved[position] = index
        return moved

    def _one(self, position: int) -> int:
        with self._by("identity rule", position):
            one = np.ones((), self.builder.dtype(position))[()]
            return self.builder.constant(one, shape=self.builder.shape(position))

    def _by(self, rule: str, position: int) -> Any:
        return self.builder.by_rule(Origin("rule", rule, position, None, f"{rule} at node {position}"))

    def _entry_by_entry(self, position: int) -> bool:
        name = self.graph.nodes[position].op
        return REGISTER.named(name).elementwise or name in TRANSPARENT

    # -- reading the steps ------------------------------------------------------------------------------------------

    def finished(self, inputs: Sequence[Any] | None, order: int) -> Derivation:
        target = self.lines.target
        if target not in self.totals:
            self.totals[target] = self._zero(target)
        raw = self.builder.graph([self.totals[target]])
        simple, to = simplified(raw, keep=self.count)
        reader = _Reader(self, raw, simple, to)
        result_at = to[self.totals[target]]
        final = simple.with_outputs([result_at])
        done = run(final, inputs) if inputs is not None else None
        chain = reader.chain()
        short, where = pruned(final)
        source = Expression(chain[-1], short, where[result_at])
        return Derivation(
            target=one_line(self.lines.names[target]),
            wrt=self.graph.nodes[self.wrt].name or "x",
            lines=tuple(reader.line(i) for i in reversed(self.lines.order) if i in self.carried),
            chain=chain,
            result=source,
            value=done[result_at] if done else None,
            numbers=numbers_put_in(final, result_at, self.lines, done) if done else (),
            run=done,
            source=self.graph,
            higher=self._again(short, where, result_at, inputs, order) if order > 1 else None,
        )

    def _zero(self, position: int) -> int:
        with self._by("constant rule", position):
            return self.builder.constant(np.zeros(())[()], shape=self.builder.shape(position))

    def _again(
        self, graph: Graph, where: Mapping[int, int], result: int, inputs: Sequence[Any] | None, order: int
    ) -> Derivation:
        if graph.nodes[where[self.wrt]].op != INPUT:
            raise AssertionError("the variable of a derivation is an input")
        return derive_by_lines(graph, inputs, where[self.wrt], order - 1, one_line(self.lines.names[self.lines.target]))


@dataclass
class _Reader:
    """Reads lines, steps and the chain of slopes off the finished graphs."""

    writer: _Writer
    raw: Graph
    simple: Graph
    to: Mapping[int, int]

    @property
    def lines(self) -> Lines:
        return self.writer.lines

    def line(self, position: int) -> Line:
        """One line, its steps from the outside in."""
        carried = self.writer.carried[position]
        own, _ = self.lines.body(position)
        steps = [self._step(carried, i) for i in reversed(own) if self._worth_a_step(carried, i)]
        together = None
        if len(steps) > 1:
            together = equation(*_told_apart([self._left(carried), *self._slope(carried)]))
        return Line(one_line(self.lines.names[position]), self.lines.definition(position), tuple(steps), together)

    def _worth_a_step(self, carried: _Carried, position: int) -> bool:
        return position in carried.moved and self.writer.graph.nodes[position].op not in TRANSPARENT

    def _step(self, carried: _Carried, position: int) -> Step:
        node = self.writer.graph.nodes[position]
        moving = tuple(i in carried.moved for i in node.inputs)
        before = self._derivative(carried, position, top=self.lines.definition(position))
        after = self._after(carried, position, node.inputs)
        known = read_or_cut(
            self.simple, self.to[carried.moved[position]], self.lines.within(carried.line) | self._raised()
        )
        sides = [after]
        if not _holds_derivative(after):
            sides = _told_apart([after, known])
        rule = REGISTER.named(node.op).rule_name(moving)
        return Step(
            rule,
            Expression(before, self.raw, carried.moved[position]),
            Expression(equation(*sides), self.raw, carried.moved[position]),
            self._remark(node.op, node.inputs, moving, carried),
        )

    def _after(self, carried: _Carried, position: int, inputs: Sequence[int]) -> Layout:
        cut: dict[int, Layout] = self.lines.within(carried.line)
        for i in inputs:
            if i in carried.moved and not (carried.by is not None and inner(self.writer.graph, i) == carried.by):
                cut[carried.moved[i]] = self._derivative(carried, i)
        return read_or_cut(self.raw, carried.moved[position], cut)

    def _derivative(self, carried: _Carried, position: int, top: Layout | None = None) -> Layout:
        behind = inner(self.writer.graph, position)
        bottom = self.lines.names[carried.by if carried.by is not None else self.writer.wrt]
        return Derivative(
            top or self.lines.names.get(behind) or read(self.writer.graph, behind, self.lines.names), bottom
        )

    def _left(self, carried: _Carried) -> Layout:
        bottom = carried.by if carried.by is not None else self.writer.wrt
        return Derivative(self.lines.names[carried.line], self.lines.names[bottom])

    def _slope(self, carried: _Carried) -> list[Layout]:
        """The slope of a line as the rules gave it, and simplified."""
        raw, simple = self.lines.within(carried.line), self.lines.within(carried.line) | self._raised()
        if carried.by is None:
            for i, total in self.writer.totals.items():
                if i not in (carried.line, self.writer.wrt):
                    raw[total] = Derivative(self.lines.names[i], self.lines.names[self.writer.wrt])
                    if self.simple.nodes[self.to[total]].op != CONSTANT:
                        simple[self.to[total]] = raw[total]
        return [read_or_cut(self.raw, carried.slope, raw), read_or_cut(self.simple, self.to[carried.slope], simple)]

    def _raised(self) -> dict[int, Layout]:
        return {i: name for i, name in self.lines.plain().items() if i not in self.lines.names}

    def _remark(
        self, op: str, inputs: Sequence[int], moving: Sequence[bool], carried: _Carried
    ) -> tuple[str | Layout, ...]:
        """Which terms of a sum drop out, and why."""
        if op not in ("add", "subtract") or all(moving):
            return ()
        bottom = self.lines.names[carried.by if carried.by is not None else self.writer.wrt]
        (still,) = (i for i, moves in zip(inputs, moving, strict=True) if not moves)
        what = read(self.raw, still, self.lines.names)
        return (what, " does not depend on ", bottom, ": constant rule, 0")

    def chain(self) -> tuple[Layout, ...]:
        """D target/d wrt: as a product of the lines' slopes, and simplified; letters of ours spelled out last."""
        target = self.lines.target
        top = Derivative(self.lines.names[target], self.lines.names[self.writer.wrt])
        total = self.writer.totals[target]
        cut: dict[int, Layout] = dict(self.lines.names)
        for carried in self.writer.carried.values():
            if carried.by is not None and len(self.writer.carried) > 1:
                cut[carried.slope] = self._left(carried)
        symbolic = read_or_cut(self.raw, total, cut)
        with_letters = read_or_cut(self.simple, self.to[total], self.lines.within(target) | self._raised())
        final = read_or_cut(self.simple, self.to[total], self.lines.spelled_out())
        return tuple(_told_apart([top, symbolic, with_letters, final]))


def _holds_derivative(piece: Layout) -> bool:
    waiting = [piece]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Derivative):
            return True
        waiting += one.parts()
    return False


def _told_apart(sides: Sequence[Layout]) -> list[Layout]:
    """Sides of an equation without those that read like the one before."""
    kept: list[Layout] = []
    for side in sides:
        if not kept or one_line(kept[-1]) != one_line(side):
            kept.append(side)
    return kept
