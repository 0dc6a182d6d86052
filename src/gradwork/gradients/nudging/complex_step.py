"""The complex step: nudge an entry by i h, and read the slope off the imaginary part. No digits are lost.

f(x + ih) = f(x) + ih f'(x) - h^2/2 f''(x) ...: the imaginary part over h is the slope, and nothing is subtracted, so h
may be as small as 1e-20. It holds for analytic functions alone: |x|, max or a comparison do something else with a
complex number. So the function is traced first, and every op between the entry and the result has to say that it is
analytic; a function that cannot be traced has to pass two checks.

Source: Lyness and Moler 1967; Squire and Trapp 1998; Martins, Sturdza and Alonso 2003.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, GradworkError
from gradwork.gradients.nudging.ladder import Climbed, power_of_two
from gradwork.gradients.nudging.progress import Progress
from gradwork.gradients.nudging.rungs import Ground, Rung
from gradwork.gradients.nudging.start import Start
from gradwork.gradients.nudging.subject import Array, Subject
from gradwork.graph.graph import Graph
from gradwork.graph.op import REGISTER
from gradwork.graph.run import run

TINY = -66  # h is 2^-66 of the scale, about 1e-20: its square is lost beside anything
Evaluate = Callable[[list[Array]], Any]


def by_complex_step(start: Start, ground: Ground, steps: Array | None) -> Climbed:
    """The slopes of every entry. Raises ArgumentError, naming the op and its line, where the step is not allowed."""
    entries = ground.sampler.entries
    traced = None if start.trace is None else start.trace.graph
    if traced is not None:
        refuse_unless_analytic(traced)
    evaluate = _by_hand(start.subject) if traced is None else _by_graph(start.subject, traced)
    step = power_of_two(entries.scale, TINY) if steps is None else steps
    slope, real = _slopes(ground, evaluate, step)
    truncation = np.zeros_like(slope)
    if steps is not None:
        half, _ = _slopes(ground, evaluate, step / 2)
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


def _by_graph(subject: Subject, graph: Graph) -> Evaluate:
    shapes = [graph.nodes[i].shape for i in graph.inputs]

    def evaluate(flat: list[Array]) -> Any:
        values = [v.reshape(shape)[()] for v, shape in zip(flat, shapes, strict=True)]
        return run(graph, values).outputs[0]

    return evaluate


def _by_hand(subject: Subject) -> Evaluate:
    apart = subject.fresh()

    def evaluate(flat: list[Array]) -> Any:
        for part, values in zip(apart.moving, flat, strict=True):
            apart.work[part] = values
        try:
            return apart.called_with_complex()
        except GradworkError:
            raise
        except Exception as error:
            raise _refused(f"the function does not take complex numbers: {error}") from error

    return evaluate


def _refused(why: str) -> ArgumentError:
    return ArgumentError(
        "a complex step cannot be trusted here", why=why, hint='scheme="auto", which moves by real nudges'
    )


def _slopes(ground: Ground, evaluate: Evaluate, step: Array) -> tuple[Array, Array]:
    """The slopes, and the largest difference that the real part shows, (entries, results) and (results,)."""
    sampler, entries = ground.sampler, ground.sampler.entries
    subject = sampler.subject
    row_of = {part: k for k, part in enumerate(subject.moving)}
    flat = [np.asarray(subject.work[p]).astype(np.complex128) for p in subject.moving]
    slope = np.full((len(step), len(ground.base)), np.nan)
    worst = np.zeros(len(ground.base))
    progress = Progress(len(step))
    try:
        for j in range(len(step)):
            mine, index = flat[row_of[int(entries.part[j])]], int(entries.index[j])
            mine[index] = complex(entries.value[j], step[j])
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                result = np.asarray(evaluate(flat), dtype=np.complex128).reshape(-1)
            mine[index] = entries.value[j]
            subject.evaluations += 1
            slope[j] = result.imag / step[j]
            worst = np.fmax(worst, np.abs(result.real - ground.base))
            progress.step(1)
    except KeyboardInterrupt:
        sampler.interrupted = True
    finally:
        progress.done()
    return slope, worst


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
