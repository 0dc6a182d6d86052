"""The derivation with respect to a vector or matrix: back through the matrices, one rule a line.

The slopes are those of the pullbacks that the ops declare, carried from the result to the parameter on the teaching
form of the graph; each line of the printed derivation is a reading of the nodes that they add.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError
from gradwork.gradients.backprop import sweep
from gradwork.gradients.derivation import Derivation, Line, Step
from gradwork.gradients.expression import Expression, one_line
from gradwork.gradients.lines import Lines, lines_of
from gradwork.gradients.reading import read_or_cut, table
from gradwork.graph.builder import Builder
from gradwork.graph.graph import CONSTANT, Graph, Origin
from gradwork.graph.op import REGISTER
from gradwork.graph.passes import pruned, simplified, teaching_form
from gradwork.graph.run import run
from gradwork.graph.traced import Traced
from gradwork.notation.document import Equation
from gradwork.notation.layout import Derivative, Layout, equation

_LONG = 60


def derive_by_matrices(
    graph: Graph, inputs: Sequence[Any] | None, wrt: int, order: int = 1, result: str = "y"
) -> Derivation:
    """The derivation of `graph`'s one number by the array at node `wrt`."""
    if order > 1:
        raise ArgumentError(
            f"order={order} with respect to an array would be a table of tables",
            hint="gw.hessian for the numbers, or derive one entry: f with that entry as an argument of its own",
        )
    if graph.nodes[graph.outputs[0]].shape and int(np.prod(graph.nodes[graph.outputs[0]].shape)) != 1:
        raise ArgumentError(
            "the derivative of an array by an array is a table of slopes",
            hint="gw.jacobian for the numbers; a loss (one number) has a derivation by every array",
        )
    teaching, at = teaching_form(graph, [])
    lines = lines_of(teaching, [at[wrt]], teaching.outputs[0], result)
    return _Going(lines).finished(inputs)


def cut_at_slopes(lines: Lines, at: Mapping[int, int], graph: Graph, besides: int) -> dict[int, Layout]:
    """Where reading a slope stops: at names, and at what came back to other lines (`at` has the node of each)."""
    cut: dict[int, Layout] = dict(lines.names)
    next_lines = {i for i in users_of(lines, at, besides) if i in lines.order}
    for i in lines.order:
        if i in (besides, lines.target) or i not in at:
            continue
        # What passes unchanged (through a sum, say) is one node for both lines: it is written as the later one's.
        if at[i] not in cut and graph.nodes[at[i]].op != CONSTANT and (at[i] != at[besides] or i in next_lines):
            cut[at[i]] = Derivative(lines.names[lines.target], lines.names[i])
    return cut


def users_of(lines: Lines, at: Mapping[int, int], position: int) -> list[int]:
    """The moving nodes between a line and the next ones, nearest first."""
    stops = set(lines.order)
    users: list[int] = []
    waiting = [position]
    while waiting:
        for i in lines.graph.consumers[waiting.pop(0)]:
            if i not in users and lines.moving[i] and i in at:
                users.append(i)
                if i not in stops:
                    waiting.append(i)
    return users


def rules_between(lines: Lines, users: Sequence[int]) -> str:
    """The textbook names of the rules on the way back from the next lines."""
    names = []
    for user in users:
        node = lines.graph.nodes[user]
        moving = tuple(lines.moving[i] for i in node.inputs)
        names.append(REGISTER.named(node.op).rule_name(moving))
    return ", ".join(dict.fromkeys(names))


@dataclass
class _Going:
    """Goes back once, then reads the steps."""

    lines: Lines

    def finished(self, inputs: Sequence[Any] | None) -> Derivation:
        lines, graph = self.lines, self.lines.graph
        (wrt,) = lines.wrt
        target = lines.target
        builder = Builder.on(graph)
        with builder.by_rule(Origin("rule", "seed", target, None, "the result counts for itself")):
            one = Traced(builder, builder.constant(np.ones(())[()], shape=graph.nodes[target].shape))
        adjoints = {i: t.index for i, t in sweep(builder, {target: one}, [wrt]).items()}
        if wrt not in adjoints:
            adjoints[wrt] = builder.constant(np.zeros(())[()], shape=graph.nodes[wrt].shape)
        raw = builder.graph([adjoints[wrt]])
        simple, to = simplified(raw, keep=len(graph.nodes))
        reader = _Reader(lines, raw, simple, to, adjoints)
        final = simple.with_outputs([to[adjoints[wrt]]])
        done = run(final, inputs) if inputs is not None else None
        steps = [reader.line(i) for i in (*reversed(lines.order[:-1]), wrt) if i in adjoints]
        chain = reader.chain(wrt)
        short, where = pruned(final)
        return Derivation(
            target=one_line(lines.names[target]),
            wrt=graph.nodes[wrt].name or "x",
            lines=tuple(steps),
            chain=chain,
            result=Expression(chain[-1], short, where[to[adjoints[wrt]]]),
            value=done[to[adjoints[wrt]]] if done else None,
            numbers=(Equation(equation(chain[0], table(done[to[adjoints[wrt]]]))),) if done else (),
            run=done,
            source=graph,
        )


@dataclass
class _Reader:
    """Reads what comes back to each line."""

    lines: Lines
    raw: Graph
    simple: Graph
    to: dict[int, int]
    adjoints: dict[int, int]

    def line(self, position: int) -> Line:
        """What comes back to one line, by the rules of what it goes into."""
        names = self.lines.names
        cut = self._cut(self.raw, position, identity=True)
        before = self._slope_of(position)
        after = read_or_cut(self.raw, self.adjoints[position], cut)
        short = read_or_cut(
            self.simple, self.to[self.adjoints[position]], self._cut(self.simple, position, identity=False)
        )
        sides = [after] if one_line(after) == one_line(short) else [after, short]
        if (len(sides) == 2 and one_line(sides[1]) == "") or self._same_length(sides):
            sides = sides[-1:]
        users = self._users(position)
        step = Step(
            rules_between(self.lines, users),
            Expression(before, self.raw, self.adjoints[position]),
            Expression(equation(*sides), self.raw, self.adjoints[position]),
            self._because(users),
        )
        known = position in names and self.raw.nodes[position].inputs
        definition = self.lines.definition(position) if known else names.get(position, before)
        return Line(one_line(names.get(position, before)), definition, (step,), None)

    def _same_length(self, sides: list[Layout]) -> bool:
        return len(sides) == 2 and len(one_line(sides[0])) > _LONG

    def _slope_of(self, position: int) -> Layout:
        return Derivative(self.lines.names[self.lines.target], self.lines.names[position])

    def _cut(self, graph: Graph, besides: int, *, identity: bool) -> dict[int, Layout]:
        at = self.adjoints if identity else {i: self.to[p] for i, p in self.adjoints.items()}
        return cut_at_slopes(self.lines, at, graph, besides)

    def _users(self, position: int) -> list[int]:
        return users_of(self.lines, self.adjoints, position)

    def _because(self, users: list[int]) -> tuple[str | Layout, ...]:
        """The lines that this one goes into."""
        lines = self.lines
        remark: list[str | Layout] = []
        for i in users:
            if i in lines.order:
                remark += [" and " if remark else "since ", equation(lines.names[i], lines.definition(i))]
        return tuple(remark)

    def chain(self, wrt: int) -> tuple[Layout, ...]:
        """D target/d wrt, in terms of the nearest line, and written out while that is short."""
        top = self._slope_of(wrt)
        near = read_or_cut(self.simple, self.to[self.adjoints[wrt]], self._cut(self.simple, wrt, identity=False))
        full = read_or_cut(self.simple, self.to[self.adjoints[wrt]], self.lines.names)
        sides = [top, near]
        if len(one_line(full)) <= 2 * _LONG and one_line(full) != one_line(near):
            sides.append(full)
        return tuple(sides)
