"""The way back as people write it: steps that are simplified by hand over several nodes, and then get a mistake.

The rules of the ops give the slope of a cross-entropy by its scores as a long product; by hand it is p - y. Here the
loss is gone back from a second time, with such formulas in place of the rules wherever they hold: p - y for scores,
s (1 - s) for a written-out sigmoid, p (g - sum(g p)) for a softmax, the three terms of a normalisation. Each formula is
recognised by its value at the point, so that none is taken for right that is not; the graph that comes out has the same
gradients. Values that the loss never forms, such as p or the normalised value, are nodes of their own in it.

Source: the formulas: Bishop 2006, 4.3.6; Ioffe and Szegedy 2015, section 3, of batch normalisation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwork.check.beside import Beside
from gradwork.check.evidence import Joint
from gradwork.check.scores import Scores, scores_of
from gradwork.check.shares import shares_of
from gradwork.check.sites import Names, stretches
from gradwork.check.spreads import Spread, spreads_of
from gradwork.errors import GradworkError
from gradwork.gradients.backprop import add_up, on_path
from gradwork.gradients.rules import pull_back
from gradwork.graph.builder import Builder
from gradwork.graph.graph import Graph, Origin
from gradwork.graph.traced import Traced, lift

NEAR = 1e-8  # of an array's typical slope: a formula that is further off is not the one

Pushed = list[tuple[int, Traced]]


@dataclass
class Plan:
    """What is written otherwise: for a node, what it gives back to others; or for a node, the formula of its slope."""

    builder: Builder
    pushes: dict[int, Callable[[Traced], Pushed]] = field(default_factory=dict)
    formulas: dict[int, Callable[[Mapping[int, Traced]], Traced | None]] = field(default_factory=dict)


def handwritten(joint: Joint) -> Joint | None:
    """The loss and the way back with hand-written formulas; None where there are none to write."""
    if joint not in _MADE:
        try:
            with np.errstate(all="ignore"):
                _MADE[joint] = _handwritten(joint)
        except (GradworkError, ArithmeticError, ValueError, TypeError, LookupError):
            _MADE[joint] = None
    return _MADE[joint]


_MADE: Beside[Joint, Joint | None] = Beside()


def _handwritten(joint: Joint) -> Joint | None:
    last = max(k for k in joint.adjoint if k < joint.forward)
    forward = Graph(
        joint.graph.nodes[: joint.forward],
        joint.graph.inputs,
        (last,),
        {k: v for k, v in joint.graph.constants.items() if k < joint.forward},
    )
    plan = Plan(Builder.on(forward, joint.values[: joint.forward]))
    _plan_sigmoids(joint, plan)
    _plan_shares(joint, plan)
    for spread in spreads_of(joint):
        _plan_spread(joint, plan, spread)
    for scores in scores_of(joint):
        _plan_scores(joint, plan, scores)
    if not plan.pushes and not plan.formulas:
        return None
    composed = len(plan.builder.rows)
    adjoints = _gone_back(plan, last, list(joint.place.values()))
    slope: dict[str, int] = {}
    for name, place in joint.place.items():
        if name not in joint.slope:
            continue  # no gradient was given for it
        if place not in adjoints:
            return None
        slope[name] = lift(plan.builder, adjoints[place])
    graph = plan.builder.graph(list(slope.values()))
    of = {k: t.index for k, t in adjoints.items()}
    made = Joint(graph, tuple(plan.builder.values), composed, of, joint.place, slope)
    right = all(_near(made.value(made.slope[n]), joint.value(joint.slope[n])) for n in slope)
    return made if right else None


def _near(one: Any, other: Any) -> bool:
    reach = NEAR if np.asarray(other).dtype.itemsize > 4 else 1e-3
    scale = float(np.max(np.abs(other), initial=0.0))
    return bool(np.all(np.abs(one - other) <= reach * (scale or 1.0)))


def _gone_back(plan: Plan, last: int, wrt: Sequence[int]) -> dict[int, Traced]:
    """As `backprop.sweep`, with what is written by hand in the rules' place."""
    builder = plan.builder
    with builder.by_rule(Origin("rule", "seed", last, None, "the result counts for itself")):
        start = Traced(builder, builder.constant(np.ones((), builder.dtype(last))[()], shape=builder.shape(last)))
    wanted = on_path(builder, wrt, last)
    waiting: dict[int, list[Traced]] = {last: [start]}
    adjoints: dict[int, Traced] = {}
    for position in range(last, -1, -1):
        arrived = waiting.pop(position, None)
        if not arrived or not wanted[position]:
            continue
        formula = plan.formulas.get(position)
        total = None if formula is None else formula(adjoints)
        if total is None:
            total = add_up(builder, position, arrived)
        adjoints[position] = total
        if position in plan.pushes:
            for i, pushed in plan.pushes[position](total):
                waiting.setdefault(i, []).append(pushed)
            continue
        inputs = builder.rows[position][1]
        going = [wanted[i] for i in inputs]
        if True in going:
            for i, slope in zip(inputs, pull_back(builder, position, total, going), strict=True):
                if slope is not None:
                    waiting.setdefault(i, []).append(slope)
    return adjoints


def _by_hand(plan: Plan, of: int, role: str, by: str = "formula by hand") -> Any:
    return plan.builder.by_rule(Origin("rule", by, of, 0, role), plan.builder.rows[of][5])


# -- the formulas -----------------------------------------------------------------------------------------------------


def _plan_sigmoids(joint: Joint, plan: Plan) -> None:
    """S (1 - s) for a sigmoid that is written out, 1 - t^2 for a tanh."""
    for stretch in stretches(joint):
        if stretch.called not in ("sigmoid", "tanh") or stretch.end in plan.pushes:
            continue

        def push(g: Traced, stretch: Any = stretch) -> Pushed:
            s = Traced(plan.builder, stretch.end)
            with _by_hand(plan, stretch.end, f"local slope of {stretch.called} at node {stretch.end}"):
                slope = s * (1 - s) if stretch.called == "sigmoid" else 1 - s * s
            with _by_hand(plan, stretch.end, f"chain rule through {stretch.called} at node {stretch.end}"):
                return [(stretch.start, g * slope)]

        plan.pushes[stretch.end] = push


def _plan_shares(joint: Joint, plan: Plan) -> None:
    """P (g - sum(g p)) for a softmax, row by row."""
    at = {adjoint: of for of, adjoint in joint.adjoint.items()}
    for shares in shares_of(joint):
        end = at.get(shares.coming) if shares.coming is not None else None
        if end is None or end in plan.pushes or joint.node(end).shape != joint.node(shares.scores).shape:
            continue

        def push(g: Traced, end: int = end, shares: Any = shares) -> Pushed:
            p = Traced(plan.builder, end)
            with _by_hand(plan, end, f"softmax rule at node {end}"):
                return [(shares.scores, p * (g - np.sum(g * p, axis=shares.axis, keepdims=True)))]

        plan.pushes[end] = push


def _plan_spread(joint: Joint, plan: Plan, spread: Spread) -> None:
    """The terms of a normalisation: what comes back, less its mean, less the share of the deviation."""
    builder = plan.builder
    name = Names.of(joint).name(spread.start)
    with _by_hand(plan, spread.end, f"normalised value of node {spread.start}", "a value that the loss does not form"):
        if spread.rest or spread.hat is None:
            below = Traced(builder, spread.below)
            hat = Traced(builder, spread.above) / below
        else:
            hat = Traced(builder, spread.hat)
    if hat.index >= joint.forward:
        builder.names[hat.index] = f"normalised({name})"
    place = hat.index

    def push(g: Traced) -> Pushed:
        hat, pushed = Traced(builder, place), list[tuple[int, Traced]]()
        with _by_hand(plan, spread.end, f"product rule at node {spread.end}"):
            coming = g
            for factor in spread.rest:
                others = g * hat
                for other in spread.rest:
                    if other != factor:
                        others = others * Traced(builder, other)
                if factor in joint.adjoint:
                    pushed.append((factor, _summed(others, builder.shape(factor))))
                coming = coming * Traced(builder, factor)
        with _by_hand(plan, spread.end, f"normalisation rule at node {spread.end}"):
            share = np.sum(coming * hat, axis=spread.axes, keepdims=True)
            if spread.counted != 1:
                count = int(np.prod([builder.shape(place)[a] for a in spread.axes]))
                share = np.mean(coming * hat, axis=spread.axes, keepdims=True)
                if spread.counted != count:
                    share = share * (count / spread.counted)
            inside = coming
            if spread.centred:
                inside = inside - np.mean(coming, axis=spread.axes, keepdims=True)
            slope = (inside - hat * share) / Traced(builder, spread.below)
        pushed.append((spread.start, slope))
        return pushed

    plan.pushes[spread.end] = push


def _summed(value: Traced, shape: tuple[int, ...]) -> Traced:
    """What was spread going forward is added up going back."""
    extra = len(value.shape) - len(shape)
    axes = tuple(range(extra)) + tuple(extra + a for a, n in enumerate(shape) if n == 1 and value.shape[extra + a] != 1)
    if not axes:
        return value
    return np.reshape(np.sum(value, axis=axes), shape)  # type: ignore[return-value]


def _plan_scores(joint: Joint, plan: Plan, scores: Scores) -> None:
    """(p - y) times what each row counts for."""
    builder, of = plan.builder, scores.scores
    with _by_hand(plan, of, f"what the scores at node {of} say", "a value that the loss does not form"):
        p = scores.said(Traced(builder, of)).index if scores.given_by is None else scores.given_by
        y = scores.asked
        if y is None:
            y = builder.constant(np.asarray(scores.labels), name=f"labels({Names.of(joint).name(of)})")

    def formula(adjoints: Mapping[int, Traced]) -> Traced | None:
        coming = adjoints.get(scores.counted)
        if coming is None:
            return None
        with _by_hand(plan, of, f"local slope at node {of}"):
            gap = Traced(builder, p) - Traced(builder, y)
        with _by_hand(plan, of, f"chain rule through the scores at node {of}"):
            if coming.shape and coming.shape != builder.shape(of):
                coming = np.reshape(coming, (*coming.shape, *([1] * (len(builder.shape(of)) - len(coming.shape)))))  # type: ignore[assignment]
            if np.ndim(scores.times) or scores.times != 1:
                coming = coming * scores.times
            return coming * gap  # type: ignore[no-any-return]

    plan.formulas[of] = formula
