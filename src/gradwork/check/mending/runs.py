"""The turns of a loop of a gradient function: a line runs, others run, and then it runs again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwork.check.beside import Beside
from gradwork.check.evidence import Joint
from gradwork.check.mending.program import Program
from gradwork.check.sites import without_copies
from gradwork.graph.graph import CONSTANT, INPUT

Row = tuple[int, ...]
MOST_MEMBERS = 400


def runs_of(program: Program) -> list[Row]:
    """The same step of a line each time that the line runs, the first time first; and those of a function's own line by
    the turn of the loop that calls it."""
    if program not in _MADE:
        _MADE[program] = list(dict.fromkeys(_runs_of(program)))
    return _MADE[program]


_MADE: Beside[Program, list[Row]] = Beside()


def _runs_of(program: Program) -> list[Row]:
    runs: dict[Any, list[list[int]]] = {}
    before: Any = None
    for position in program.steps:
        node = program.joint.node(position)
        if node.op in (INPUT, CONSTANT) or node.where is None:
            continue
        if node.where != before:
            runs.setdefault(node.where, []).append([])
        runs[node.where][-1].append(position)
        before = node.where
    counts = [len(r) for r in runs.values() if len(r) > 1]
    turns = max(counts, key=lambda n: (counts.count(n), n)) if counts else 0
    found: list[Row] = []
    for some in runs.values():
        calls = len(some) // turns if turns and len(some) % turns == 0 else 1
        for each in range(calls) if calls > 1 else ():
            found += _beside(program.joint, some[each::calls])
        found += _beside(program.joint, some)
    return found


def _beside(joint: Joint, runs: Sequence[list[int]]) -> list[Row]:
    """The first step of each run, the second ones, and so on, where all runs do the same."""
    ops = [[joint.node(p).op for p in run] for run in runs]
    if not 1 < len(runs) <= MOST_MEMBERS:
        return []
    usual = ops[len(ops) // 2]
    same = [run for run, mine in zip(runs, ops, strict=True) if mine == usual]
    return [tuple(row) for row in zip(*same, strict=True)] if len(same) > 1 and 2 * len(same) >= len(runs) else []


def read_at(joint: Joint, members: Row, place: int) -> Row:
    """What the members read at one place; nothing where they do not read so many values."""
    if any(len(joint.node(m).inputs) <= place for m in members):
        return ()
    return tuple(without_copies(joint, joint.node(m).inputs[place]) for m in members)
