"""Corners are where the declaration says, with the slopes that it states: left, right, and the one chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwork.gradients.contract.entries import candidates
from gradwork.gradients.contract.nudges import moved_by
from gradwork.gradients.contract.samples import Broken, Case, at_numbers, called
from gradwork.gradients.transforms import vjp
from gradwork.graph.graph import Params
from gradwork.graph.op import Kink, Op
from gradwork.graph.tree import flatten


def corners(op: Op) -> Iterator[Broken]:
    """Each corner of the declaration, at the points where it is."""
    for kink in op.kinks:
        points = list(_corner_points(op, kink))
        if not points:
            yield Broken("a corner is where the declaration says", op.name, f"none found for {kink.because!r}")
        for case, place in points[:4]:
            yield from _corner(op, kink, case, place)


def _corner_points(op: Op, kink: Kink) -> Iterator[tuple[Case, Any]]:
    if op.elementwise:
        for numbers in candidates(op):
            at = [k for k in op.kinks if k.path == kink.path and k.at(*numbers)]
            if at == [kink]:
                yield at_numbers(op, numbers), ()
        return
    for row in ([1.0, 3.0, 3.0], [1.0, 1.0, 3.0]):
        array = np.array(row)
        hit = np.asarray(kink.at(array))
        if hit.sum() == 2:
            leaves, structure = flatten((array,))
            yield Case(called(op.answers[0]), structure, tuple(leaves), {}, str(row)), (int(np.argmax(hit)),)


def _corner(op: Op, kink: Kink, case: Case, place: Any) -> Iterator[Broken]:
    point, k = case.point, kink.path
    step = 1e-7
    with np.errstate(all="ignore"):
        here = np.asarray(case(*point))
        below, above = (np.asarray(case(*moved_by(point, k, place, s))) for s in (-step, step))
        _, pullback = vjp(case, *point)
        chosen = np.asarray(pullback(np.ones(here.shape))[k])[place]
    width = step * max(1.0, abs(float(np.asarray(point[k])[place])))
    for side, slope, expected in (
        ("left", (here - below) / width, kink.left),
        ("right", (above - here) / width, kink.right),
    ):
        if not _matches(float(np.sum(slope)), expected):
            yield Broken(
                "the one-sided slopes of a corner are as declared", case.text, f"{side} {float(slope)}, not {expected}"
            )
    if chosen != kink.chosen:
        yield Broken("the slope at a corner is the one declared", case.text, f"{chosen}, not {kink.chosen}")
    if op.branch is not None:
        sides = [op.branch(*moved_by(point, k, place, s), **_branch_params(op, case)) for s in (-step, step)]
        if np.array_equal(*sides):
            yield Broken("crossing a corner shows in the branch", case.text, repr(sides[0]))


def _branch_params(op: Op, case: Case) -> dict[str, Any]:
    return {} if op.elementwise else dict(Params(axis=(0,), keepdims=False))


def _matches(slope: float, expected: float) -> bool:
    if np.isnan(expected):
        return bool(np.isnan(slope))
    if np.isinf(expected):
        return abs(slope) > 100 and (slope > 0) == (expected > 0)
    return abs(slope - expected) < 1e-4
