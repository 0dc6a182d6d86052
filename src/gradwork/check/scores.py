"""Where the slope of a loss by its scores is what they say less what was asked for, p - y, however it is written.

So it is for squares (p is the score itself), for cross-entropy after a sigmoid or a softmax, for counts with an
exponential: the canonical links of generalised linear models. The slope that came back is compared with w (p - y), for
each p and y that there may be, and each value of the loss that all ways from the scores lead through.

Source: McCullagh and Nelder, Generalized Linear Models, 1989, 2.2.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check.beside import Beside
from gradwork.check.evidence import Joint
from gradwork.check.given import Array
from gradwork.check.sites import without_copies
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.op import REGISTER
from gradwork.ops.activations import sigmoid, softmax

CURVED = frozenset(
    "exp log logaddexp log1p logsumexp log_softmax softplus softmax sigmoid log_sigmoid".split()  # of which p is made
)
MOST_STEPS = 10
EXACT, EXACT_SINGLE = 1e-10, 1e-4  # within what a formula holds, in double and in single precision
MOST_TIMES = 1e6  # of the largest slope: p - y is not that small in every entry


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores z of which the slope is  coming * times * (p - y).

    said:     gives p from z;  given_by: the node of the loss that holds p, None where there is none.
    asked:    the node that holds y;  labels: its values where no node holds it.
    counted:  the node of the loss that all ways from the scores lead through: `coming` comes back to it.
    """

    scores: int
    said: Callable[[Any], Any]
    given_by: int | None
    asked: int | None
    labels: Array | None
    counted: int
    times: Any


def scores_of(joint: Joint) -> tuple[Scores, ...]:
    """Every value of the loss with such a slope, of which a curved function is taken further on."""
    if joint not in _FOUND:
        _FOUND[joint] = tuple(_scores_of(joint))
    return _FOUND[joint]


_FOUND: Beside[Joint, tuple[Scores, ...]] = Beside()


def _scores_of(joint: Joint) -> Iterator[Scores]:
    curved = [k for k in range(joint.forward) if joint.node(k).op in CURVED]
    if not curved:
        return
    after = _nearest_common(joint)
    moving = joint.graph.depends_on(list(joint.place.values()))
    matched: set[int] = set()
    for position in sorted((k for k in joint.adjoint if k in after), reverse=True):
        if _may_be_scores(joint, position) and not matched & set(_onwards(after, position)):
            found = _at(joint, position, after, moving) if _by_itself(joint, position) else None
            if found is not None:
                matched.add(position)
                yield _before_shift(joint, position, after, moving) or found


def _before_shift(joint: Joint, position: int, after: dict[int, int], moving: Sequence[bool]) -> Scores | None:
    """The same for what the largest of each row was taken off: the shares do not change, and no slope goes through it.

    What is wrong in p - y does not go through the largest either.
    """
    node = joint.node(position)
    if node.op != "subtract" or joint.node(without_copies(joint, node.inputs[1])).op != "max":
        return None
    before = node.inputs[0]
    if before not in after or not _may_be_scores(joint, before) or not _by_itself(joint, before):
        return None
    return _at(joint, before, after, moving)


def _may_be_scores(joint: Joint, position: int) -> bool:
    node = joint.node(position)
    if joint.adjoint[position] < joint.forward or node.op in (INPUT, CONSTANT) or not node.shape:
        return False
    one = REGISTER.named(node.op).elementwise and len(node.inputs) == 1
    return node.dtype.kind == "f" and not one and without_copies(joint, position) == position


def _by_itself(joint: Joint, position: int) -> bool:
    """Whether the slope by a value depends on the parameters through that value alone."""
    target = joint.adjoint[position]
    behind, waiting = set[int](), [target]
    given = set(joint.place.values())
    while waiting:
        at = waiting.pop()
        if at in given:
            return False
        for i in joint.node(at).inputs:
            if i not in behind and i != position:
                behind.add(i)
                waiting.append(i)
    return True


def _onwards(after: dict[int, int], position: int) -> Iterator[int]:
    while after.get(position, position) != position:
        position = after[position]
        yield position


def _nearest_common(joint: Joint) -> dict[int, int]:
    """For each node, the first one that all ways from it to the result lead through: its nearest post-dominator."""
    last = max(k for k in joint.adjoint if k < joint.forward)
    found: dict[int, int] = {last: last}
    for position in range(last - 1, -1, -1):
        if position not in joint.adjoint:
            continue
        readers = [r for r in joint.graph.consumers[position] if r in found]
        if not readers:
            continue
        meet = readers[0]
        for other in readers[1:]:
            while meet != other:
                if meet < other:
                    meet = found[meet]
                else:
                    other = found[other]
        found[position] = meet
    return found


def _at(joint: Joint, position: int, after: dict[int, int], moving: Sequence[bool]) -> Scores | None:
    z = np.asarray(joint.value(position), float)
    exact = EXACT if joint.node(position).dtype.itemsize > 4 else EXACT_SINGLE
    slope = np.asarray(joint.value(joint.adjoint[position]), float)
    if not np.isfinite(z).all() or not np.isfinite(slope).all() or not slope.any():
        return None
    ends = [e for e in _onwards(after, position) if not moving[joint.adjoint[e]]][:MOST_STEPS]
    said = list(_said(joint, position, z)) if ends else []
    asked = list(_asked(joint, moving, z))
    for end in ends:
        coming = np.asarray(joint.value(joint.adjoint[end]), float)
        if coming.ndim and coming.shape != z.shape[: coming.ndim]:
            continue
        weight = np.reshape(coming, (*coming.shape, *([1] * (z.ndim - coming.ndim))))
        if not weight.all():
            continue
        ratio = slope / weight
        for rule, value, held in said:
            found = _labelled(ratio, value, asked, exact)
            if found is not None:
                y, labels, times = found
                return Scores(position, rule, held, y, labels, end, times)
    return None


def _said(joint: Joint, position: int, z: Array) -> Iterator[tuple[Callable[[Any], Any], Array, int | None]]:
    """What scores may say: shares, chances, rates; and the node that holds it."""
    rules: list[Callable[[Any], Any]] = [sigmoid, np.exp]
    rules[1:1] = [functools.partial(softmax, axis=a) for a in reversed(range(z.ndim)) if z.shape[a] > 1]
    for rule in rules:
        with np.errstate(all="ignore"):
            value = np.asarray(rule(z), float)
        if not np.isfinite(value).all():
            continue
        held = None
        for k in range(position + 1, joint.forward):
            node = joint.node(k)
            if node.shape == z.shape and node.dtype.kind == "f" and np.allclose(joint.value(k), value, 1e-12, 1e-300):
                held = k
                break
        yield rule, value, held
    moving = joint.graph.depends_on([position])
    readers = [k for k in range(position + 1, joint.forward) if moving[k] and joint.node(k).shape == z.shape]
    for k in readers[:MOST_STEPS]:
        if joint.node(k).dtype.kind == "f" and np.isfinite(joint.value(k)).all():
            yield np.exp, np.asarray(joint.value(k), float), k


def _asked(joint: Joint, moving: Sequence[bool], z: Array) -> Iterator[tuple[int, Array]]:
    """Arrays of the data of the scores' shape."""
    for k in range(joint.forward):
        node = joint.node(k)
        if not moving[k] and node.shape == z.shape and node.dtype.kind in "fiub":
            yield k, np.asarray(joint.value(k), float)


def _labelled(
    ratio: Array, p: Array, asked: list[tuple[int, Array]], exact: float
) -> tuple[int | None, Array | None, Any] | None:
    """The y and the number c with  ratio = c (p - y)."""
    for k, y in asked:
        gap = p - y
        size = float(np.sum(gap**2))
        times = float(np.sum(gap * ratio)) / size if size else 0.0
        if times and np.max(np.abs(ratio - times * gap)) <= exact * np.max(np.abs(ratio)):
            return k, None, 1.0 if abs(times - 1) < exact else times
    # Whole-number labels: one entry of each row is p - 1, and the others are p; each row may count otherwise.
    for axis in (None, *range(ratio.ndim)):
        with np.errstate(all="ignore"):
            times = np.max(ratio / p, axis=axis, keepdims=True)
            y = p - ratio / times
        if not np.isfinite(y).all() or not (times > 0).all():
            continue
        whole = np.round(y)
        with np.errstate(all="ignore"):
            near = np.max(np.abs(times * (p - whole) - ratio)) <= exact * 10 * np.max(np.abs(ratio))
        if not near or not np.max(np.abs(times)) <= MOST_TIMES * np.max(np.abs(ratio)):
            continue  # nothing but p itself, many times over
        if set(np.unique(whole)) <= {0.0, 1.0} and np.max(np.abs(y - whole)) <= exact * 10 and whole.any():
            flat = np.ptp(times) <= exact * np.max(times)
            one = float(times.flat[0])
            return None, whole, (1.0 if abs(one - 1) < exact else one) if flat else times
    return None
