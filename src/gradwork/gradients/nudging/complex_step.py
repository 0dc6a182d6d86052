"""The complex step: nudge an entry by i h, and read the slope off the imaginary part. No digits are lost.

f(x + ih) = f(x) + ih f'(x) - h^2/2 f''(x) ...: the imaginary part over h is the slope, and nothing is subtracted, so h
may be as small as 1e-20. It holds for analytic functions alone: |x|, max or a comparison do something else with a
complex number. So the function is traced first, and every op between the entry and the result has to say that it is
analytic; a function that cannot be traced has to pass two checks.

Source: Lyness and Moler 1967; Squire and Trapp 1998; Martins, Sturdza and Alonso 2003.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, GradworkError
from gradwork.gradients.nudging.ladder import Climbed, power_of_two
from gradwork.gradients.nudging.progress import Progress
from gradwork.gradients.nudging.rungs import Ground, Rung
from gradwork.gradients.nudging.shards import SHARD, Carried, Shard, run_elsewhere
from gradwork.gradients.nudging.start import Start
from gradwork.gradients.nudging.subject import Array, Subject
from gradwork.graph.graph import Graph
from gradwork.graph.op import REGISTER
from gradwork.graph.run import run

TINY = -66  # h is 2^-66 of the scale, about 1e-20: its square is lost beside anything


def by_complex_step(start: Start, ground: Ground, steps: Array | None) -> Climbed:
    """The slopes of every entry. Raises ArgumentError, naming the op and its line, where the step is not allowed."""
    entries = ground.sampler.entries
    traced = None if start.trace is None else start.trace.graph
    if traced is not None:
        refuse_unless_analytic(traced)
    subject = ComplexSubject(start.subject, traced)
    step = power_of_two(entries.scale, TINY) if steps is None else steps
    slope, real = _slopes(ground, subject, step)
    truncation = np.zeros_like(slope)
    if steps is not None:
        half, _ = _slopes(ground, subject, step / 2)
        truncation = np.abs(slope - half) * 4 / 3
    else:
        _check_trusted(ground, slope, real)
    rounding = 4 * ground.noise / entries.scale[:, None] + 64 * ground.unit * np.abs(slope)
    return _climbed(step, slope, truncation, rounding)


def _climbed(step: Array, slope: Array, truncation: Array, rounding: Array) -> Climbed:
    nothing = np.full_like(slope, np.nan)
    rung = Rung(
        step=step, after=nothing, below=nothing, left=nothing, right=nothing, left0=nothing, right0=nothing,
        slope=slope, plain=slope, truncation=truncation, rounding=rounding, gap=nothing, finer_gap=nothing,
        curvature=nothing,
    )  # fmt: skip
    no = np.zeros(slope.shape, dtype=bool)
    return Climbed(rung, slope, rung.bar, no, no, np.zeros(len(step), dtype=bool))


def refuse_unless_analytic(graph: Graph) -> None:
    """Raise ArgumentError for the first op, between the inputs and the result, that is not analytic."""
    moving = graph.depends_on(graph.inputs)
    needed = set(graph.outputs)
    for position in range(len(graph.nodes) - 1, -1, -1):
        if position in needed:
            needed.update(graph.nodes[position].inputs)
    for position in sorted(needed):
        node = graph.nodes[position]
        if node.inputs and any(moving[i] for i in node.inputs) and not REGISTER.named(node.op).analytic:
            raise ArgumentError(
                f"a complex step cannot pass through {node.op}",
                where=node.where,
                why=f"{node.op} is not analytic: of a complex number it is something else, so no slope can be read off",
                hint='scheme="auto", which moves by real nudges',
            )


class ComplexSubject:
    """The function with complex numbers in the place of what moves: by its graph where there is one."""

    def __init__(self, subject: Subject, graph: Graph | None) -> None:
        self.subject, self.graph = subject, graph
        self.shape = subject.shape
        self.flat = [np.asarray(subject.work[p]).astype(np.complex128) for p in subject.moving]

    def fresh(self) -> ComplexSubject:
        """Another one with arrays of its own, for another thread."""
        return ComplexSubject(self.subject.fresh(), self.graph)

    def check_unchanged(self) -> None:
        """The function gets complex arrays that are made for it: it cannot change what it was given."""

    def at(self, part: int, index: int, target: complex) -> Array:
        """The result with one entry at `target`, and the others real."""
        mine = self.flat[self.subject.moving.index(part)]
        before = mine[index]
        mine[index] = target
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                return np.asarray(self._value(), dtype=np.complex128).reshape(-1)
        finally:
            mine[index] = before

    def _value(self) -> Any:
        if self.graph is not None:
            shapes = [self.graph.nodes[i].shape for i in self.graph.inputs]
            return run(self.graph, [v.reshape(s)[()] for v, s in zip(self.flat, shapes, strict=True)]).outputs[0]
        kept = list(self.subject.work)
        for part, values in zip(self.subject.moving, self.flat, strict=True):
            self.subject.work[part] = values
        try:
            return self.subject.called_with_complex()
        except GradworkError:
            raise
        except Exception as error:
            raise _refused(f"the function does not take complex numbers: {error}") from error
        finally:
            self.subject.work[:] = kept


def _refused(why: str) -> ArgumentError:
    return ArgumentError(
        "a complex step cannot be trusted here", why=why, hint='scheme="auto", which moves by real nudges'
    )


def _slopes(ground: Ground, subject: ComplexSubject, step: Array) -> tuple[Array, Array]:
    """The slopes, and the largest difference that the real part shows, (entries, results) and (results,)."""
    sampler, entries = ground.sampler, ground.sampler.entries
    targets = (entries.value + 1j * step)[None]
    values = np.full((1, len(step), len(ground.base)), complex(np.nan, np.nan))
    shards = [slice(i, i + SHARD) for i in range(0, len(step), SHARD)]
    work = [(entries.part[s], entries.index[s], targets[:, s], values[:, s]) for s in shards]
    progress = Progress(len(step))

    def done(shard: Shard) -> None:
        sampler.subject.evaluations += shard[2].size
        progress.step(shard[2].size)

    try:
        if sampler.executor is not None:
            run_elsewhere(sampler.executor, Carried(subject), evaluate_complex, work, done)
        else:
            apart = subject.fresh()
            for shard in work:
                _fill(apart, *shard, sampler, progress)
    except KeyboardInterrupt:
        sampler.interrupted = True
    finally:
        progress.done()
    real = np.abs(values[0].real - ground.base)
    return values[0].imag / step[:, None], np.fmax.reduce(real, axis=0, initial=0.0)


def evaluate_complex(subject: Any, part: Array, index: Array, targets: Array, values: Array) -> None:
    """Fill `values` (1, entries, results) with complex results, entry after entry."""
    with np.errstate(all="ignore"):
        for j in range(targets.shape[1]):
            values[0, j] = subject.at(int(part[j]), int(index[j]), targets[0, j])


def _fill(
    subject: ComplexSubject, part: Array, index: Array, targets: Array, values: Array, sampler: Any, progress: Progress
) -> None:
    for j in range(targets.shape[1]):
        some = slice(j, j + 1)
        evaluate_complex(subject, part[some], index[some], targets[:, some], values[:, some])
        sampler.subject.evaluations += 1
        progress.step(1)


def _check_trusted(ground: Ground, slope: Array, real: Array) -> None:
    """The real part must not move, and the slopes must add up to one measured by real nudges in a random direction."""
    allowed = 64 * ground.noise + 2.0**-40 * np.abs(ground.base)
    if (real > allowed).any():
        raise _refused("the real part of the result changes, which it would not for an analytic function")
    line = ground.line
    if line is None or ground.sampler.interrupted:
        return
    terms = slope * line.reach[:, None]
    with np.errstate(all="ignore"):
        apart = np.abs(terms.sum(axis=0) - line.slope)
        size = np.sqrt((terms**2).sum(axis=0))
    if (apart > 8 * line.error + 1e-6 * size).any():
        raise _refused("its slopes do not add up to one that was measured by a real nudge")
