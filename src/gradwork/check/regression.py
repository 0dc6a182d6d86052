"""Basis regression: the given gradient as a sum of the gradients of the loss's terms, or of its samples.

A loss is often a sum: the misfit, and a regulariser. Then its gradient is the sum of theirs, and a mistake in one of
them shows in a coefficient that is not 1: 0 where a term is left out, 2 where it is counted twice, -1 where its sign is
turned. The terms are read off the graph: it is split where its last steps add, subtract, or scale by a number.
The same is done with samples: what comes back to the mean or sum over the rows is kept for one row at a time.

A fit may succeed by chance with absurd coefficients, so it is taken only where the entries outnumber the
coefficients, the rest is noise, and every coefficient is a number that means something.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwork.check.allowance import unit_of
from gradwork.check.beside import Beside
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.patience import seconds
from gradwork.check.turns import Turns
from gradwork.gradients.backprop import backpropagate
from gradwork.graph.graph import CONSTANT, INPUT, Graph
from gradwork.graph.run import run, spread

LINEAR = ("add", "subtract", "negative", "sum", "mean", "reshape", "broadcast_to", "multiply", "divide")
MOST_TERMS, MOST_PARTS = 12, 400
MOST_ROWS = 256
ADDS_UP, THOUSAND = 1e-9, 1e3
MOST_LENGTHS = 4  # of the data
PER_ROW = 4  # entries of an array that are looked at for each row
SECONDS = 3.0  # for all rows together


@dataclass(frozen=True, eq=False)
class Term:
    """One term of the loss: its node, and its gradient by array name.

    penalty: whether it depends on the parameters alone, and not on data as another term does: a regulariser.
    family:  the terms that the same line makes at each turn of a loop, itself included; empty where it is alone.
    """

    node: int
    penalty: bool
    slopes: Mapping[str, Array]
    family: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Fit:
    """An array as a sum of terms: the coefficient of each that its right gradient has, by the term's node."""

    name: str
    coefficients: Mapping[int, float]


# -- the terms of a loss ----------------------------------------------------------------------------------------------

_TERMS: Beside[Joint, tuple[Term, ...]] = Beside()


def terms_of(joint: Joint) -> tuple[Term, ...]:
    """The terms of the loss that depend on what is checked, with their gradients; empty where there is only one."""
    if joint not in _TERMS:
        terms = tuple(_terms(joint))
        _TERMS[joint] = terms if _add_up(joint, terms) else ()
    return _TERMS[joint]


def _terms(joint: Joint) -> Iterator[Term]:
    moving = joint.graph.depends_on(list(joint.place.values()))
    last = max(joint.adjoint, default=-1)
    found = split(joint, last, moving)
    if len(found) < 2 or any(not moving[i] or i not in joint.adjoint for i in found):
        return
    data = _depends_on_data(joint)
    forward = Graph(
        joint.graph.nodes[: joint.forward],
        joint.graph.inputs,
        (last,),
        {k: v for k, v in joint.graph.constants.items() if k < joint.forward},
    )
    many = len(found) > MOST_TERMS
    chosen = [k for k in found if not data[k]] if many else found
    if len(chosen) > MOST_TERMS or not chosen:
        return
    beside_data = any(data[k] for k in found)
    terms = [
        Term(k, beside_data and not data[k], _slopes_of(joint, forward, k, [i for i in found if i != k]))
        for k in chosen
    ]
    if many:
        # So many terms are not told apart: beside the regulariser, they are what the data say.
        rest = {
            name: np.asarray(joint.value(position), float) - sum(t.slopes[name] for t in terms)
            for name, position in joint.slope.items()
        }
        terms.append(Term(last, False, rest))
    yield from _with_families(joint, terms)


def _with_families(joint: Joint, terms: Sequence[Term]) -> Iterator[Term]:
    """The terms, each with those that the same line makes at other turns of a loop; these are no regularisers."""
    keys = Turns.of(joint).key
    for term in terms:
        alike = [t for t in terms if keys[t.node] == keys[term.node] and joint.node(t.node).where is not None]
        both = [t for t in alike if any(np.any(t.slopes[n]) and np.any(term.slopes[n]) for n in term.slopes)]
        if len(alike) > 1 and alike == both:
            yield replace(term, penalty=False, family=tuple(t.node for t in alike))
        else:
            yield term


def split(joint: Joint, last: int, moving: Sequence[bool]) -> list[int]:
    """The nodes that the loss is a sum of, some number times each; nothing where there are too many to look at."""
    waiting, found, seen = [last], list[int](), {last}
    while waiting:
        position = waiting.pop(0)
        parts = [i for i in dict.fromkeys(joint.node(position).inputs) if moving[i]]
        if joint.node(position).op in LINEAR and parts and _is_linear(joint, position, moving):
            waiting += [i for i in parts if i not in seen]
            seen.update(parts)
        else:
            found.append(position)
        if len(waiting) + len(found) > MOST_PARTS:
            return []
    return found


def _slopes_of(joint: Joint, forward: Graph, position: int, others: Sequence[int]) -> dict[str, Array]:
    """The gradient of a term, for each array by name."""
    known = list(joint.values[: joint.forward])
    seed = _coming(joint, forward, position, others)
    back = backpropagate(forward.with_outputs([position]), list(joint.place.values()), known, seed)
    values = run(back.graph, [joint.values[i] for i in joint.graph.inputs], known=known).values
    return {
        name: np.asarray(spread(values[i], back.graph.nodes[i].shape), float)
        for name, i in zip(joint.place, back.graph.outputs, strict=True)
    }


def _coming(joint: Joint, forward: Graph, position: int, others: Sequence[int]) -> Array:
    """What comes back to a term from the loss, and not through another term that reads the same value.

    The way from a term to the loss is linear, so it is the same wherever one stands.
    """
    known = joint.values[: joint.forward]
    back = backpropagate(forward, [position], known, still=others)
    given = [joint.values[i] for i in joint.graph.inputs]
    (place,) = back.graph.outputs
    value = run(back.graph, given, known=list(known)).values[place]
    return np.asarray(spread(value, back.graph.nodes[place].shape), float)


def _add_up(joint: Joint, terms: Sequence[Term]) -> bool:
    """Whether the terms' gradients add up to that of the loss: nothing is said of a sum that is none."""
    for name, position in joint.slope.items():
        value = joint.value(position)
        right, reach = np.asarray(value, float), max(ADDS_UP, THOUSAND * unit_of(value.dtype))
        parts = [t.slopes[name] for t in terms]
        size = sum((np.abs(part) for part in parts), np.abs(right))
        with np.errstate(all="ignore"):
            apart = np.abs(sum(parts, np.zeros_like(right)) - right)
        if not np.all(apart <= reach * np.max(size, initial=0.0)):
            return False
    return True


def _is_linear(joint: Joint, position: int, moving: Sequence[bool]) -> bool:
    """Whether a step only adds up, copies, or scales by one number."""
    node = joint.node(position)
    if node.op == "multiply":
        fixed = [i for i in node.inputs if not moving[i]]
        return len(fixed) == 1 and _is_one_number(joint, fixed[0])
    if node.op == "divide":
        return not moving[node.inputs[1]] and _is_one_number(joint, node.inputs[1])
    return True


def _is_one_number(joint: Joint, position: int) -> bool:
    return np.size(joint.values[position]) == 1 or (
        joint.node(position).op == CONSTANT and np.ndim(joint.values[position]) == 0
    )


def _depends_on_data(joint: Joint) -> list[bool]:
    """For each node of the loss, whether an argument that is not checked, or an array written into it, reaches it."""
    checked = set(joint.place.values())
    found: list[bool] = []
    for position in range(joint.forward):
        node = joint.node(position)
        if node.op == INPUT:
            found.append(position not in checked and np.size(joint.values[position]) > 1)
        elif node.op == CONSTANT:
            # What a product of the parameters should be, as of W^T W - 1.
            target = all(joint.node(r).op == "subtract" for r in joint.graph.consumers[position])
            found.append(np.ndim(joint.values[position]) > 0 and not (target and _is_plain(joint.values[position])))
        else:
            found.append(any(found[i] for i in node.inputs))
    return found


def _is_plain(value: Any) -> bool:
    """Whether an array that is written into the loss is an identity or the same number throughout: no data."""
    held = np.asarray(value)
    square = held.ndim == 2 and held.shape[0] == held.shape[1]
    return bool(held.size and (np.all(held == held.flat[0]) or (square and np.array_equal(held, np.eye(len(held))))))


# -- the fit ----------------------------------------------------------------------------------------------------------


def fits(evidence: Evidence) -> Iterator[Fit]:
    """The wrong arrays that are a sum of the terms' gradients, to the noise, with the coefficients."""
    joint = evidence.joint
    if joint is None:
        return
    terms = terms_of(joint)
    if not terms:
        return
    families = _families(terms)
    for name in evidence.fitting:
        found = _fit(evidence, name, terms)
        if found is None and len(families) < len(terms):
            found = _fit(evidence, name, families)
            found = found and {
                k: c for n, c in found.items() for k in next(t.family for t in families if t.node == n) or (n,)
            }
        if found is not None:
            yield Fit(name, found)


def _families(terms: Sequence[Term]) -> list[Term]:
    """The terms with all those of one line together."""
    found = []
    for term in terms:
        if not term.family:
            found.append(term)
        elif term.node == term.family[0]:
            members = [t for t in terms if t.node in term.family]
            slopes = {n: sum((t.slopes[n] for t in members), np.zeros_like(term.slopes[n])) for n in term.slopes}
            found.append(replace(term, slopes=slopes))
    return found


def _fit(evidence: Evidence, name: str, terms: Sequence[Term]) -> dict[int, float] | None:
    yours = evidence.yours[name]
    active = [t for t in terms if np.any(t.slopes[name])]
    keep = ~evidence.verdicts[name].at_kink if name in evidence.verdicts else np.ones(np.shape(yours), bool)
    if not active or not np.isfinite(yours).all() or any(not np.isfinite(t.slopes[name]).all() for t in active):
        return None
    basis = np.stack([t.slopes[name][keep] for t in active], axis=1)
    solved = least_squares(basis, yours[keep])
    if solved is None:
        return _one_off(evidence, name, terms, active)
    rebuilt = combined(name, terms, {t.node: c for t, c in zip(active, solved, strict=True)})
    times = max(1.0, float(np.max(np.abs(solved))))
    if not _equal(evidence, name, rebuilt, times):
        return None
    return {t.node: float(c) for t, c in zip(active, solved, strict=True)}


def _one_off(evidence: Evidence, name: str, terms: Sequence[Term], active: Sequence[Term]) -> dict[int, float] | None:
    """Too few entries to solve: one term left out, counted twice, by half or by the row, or with the sign turned."""
    joint = evidence.joint
    lengths = sorted(n for n in row_counts(joint) if n > 2)[:MOST_LENGTHS] if joint is not None else []
    for term in active if len(active) > 1 else ():
        for number in (0.0, 2.0, 0.5, -1.0, *(1.0 / n for n in lengths), *map(float, lengths)):
            coefficients = {t.node: number if t is term else 1.0 for t in active}
            if _equal(evidence, name, combined(name, terms, coefficients), max(2.0, number)):
                return coefficients
    return None


def least_squares(basis: Array, target: Array) -> Array | None:
    """Coefficients of the columns of `basis`; None where they are not determined, or nothing is left to check them."""
    if basis.shape[0] <= basis.shape[1]:
        return None
    scale = np.sqrt(np.sum(basis**2, axis=0))
    if np.any(scale == 0):
        return None
    solved, _, rank, singular = np.linalg.lstsq(basis / scale, target, rcond=None)
    if rank < basis.shape[1] or singular[-1] < 1e-6 * singular[0]:
        return None
    return np.asarray(solved / scale)


def combined(name: str, terms: Sequence[Term], coefficients: Mapping[int, float]) -> Array:
    """An array's gradient with these coefficients; terms that are not in them count as they should."""
    total = np.zeros(np.shape(terms[0].slopes[name]))
    for term in terms:
        total = total + coefficients.get(term.node, 1.0) * term.slopes[name]
    return total


def _equal(evidence: Evidence, name: str, candidate: Array, times: float) -> bool:
    least = 1e-12 * float(np.max(np.abs(candidate), initial=0.0))
    wider = replace(evidence, tolerance={name: np.maximum(times * evidence.tolerance[name], least)})
    return wider.equals(name, candidate)


def equal(evidence: Evidence, name: str, candidate: Array, coefficients: Mapping[int, float]) -> bool:
    """Whether an array is this sum, to the noise; terms that are counted more often bring more of it."""
    return _equal(evidence, name, candidate, max([1.0, *map(abs, coefficients.values())]))


# -- samples ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Rows:
    """What each row of the data adds to the gradient.

    node:    the mean or sum over the rows, a node of the loss;  axis: which axis of what it reads counts them.
    places:  for each array by name, the entries that were looked at, in the order of the flat array.
    base:    these entries of the gradient without any row;  each: what each row adds to them, row by row.
    """

    node: int
    axis: int
    count: int
    places: Mapping[str, Array]
    base: Mapping[str, Array]
    each: Mapping[str, Array]


def reductions(joint: Joint) -> Iterator[tuple[int, int, int]]:
    """The means and sums over many rows: node, axis and number of rows, those nearest to the loss first."""
    moving = joint.graph.depends_on(list(joint.place.values()))
    lengths = row_counts(joint)
    data = _depends_on_data(joint)
    for position in range(joint.forward - 1, -1, -1):
        node = joint.node(position)
        if node.op in ("mean", "sum") and moving[position] and data[position]:
            inside = node.inputs[0]
            shape = joint.node(inside).shape
            for axis in node.params["axis"]:
                if shape[axis] in lengths and shape[axis] > 1 and joint.adjoint.get(inside, -1) >= joint.forward:
                    yield position, axis, shape[axis]


def row_counts(joint: Joint) -> set[int]:
    """First lengths of the data: of arguments that are not checked, and of arrays written into the loss."""
    checked = set(joint.place.values())
    found = {joint.node(i).shape[0] for i in joint.graph.inputs if i not in checked and joint.node(i).shape}
    found |= {np.shape(v)[0] for k, v in joint.graph.constants.items() if k < joint.forward and np.ndim(v)}
    return found


def weighted(joint: Joint, node: int, axis: int, weights: Array) -> dict[str, Array] | None:
    """The gradients when the rows count with these weights on the way back from a mean or sum."""
    inside = joint.node(node).inputs[0]
    shape = joint.node(inside).shape
    along = np.reshape(weights, [-1 if a == axis else 1 for a in range(len(shape))])
    back = joint.adjoint[inside]
    coming = joint.value(back)
    made = joint.with_edits({back: lambda values: coming * along})
    if made is None:
        return None
    return {name: np.asarray(made.get(name, joint.value(joint.slope[name])), float) for name in joint.slope}


def rows_of(joint: Joint, node: int, axis: int, count: int, names: Sequence[str]) -> Rows | None:
    """Every row's share in some entries of these arrays; None where there are too many rows, or it takes too long.

    Some entries are enough: as many as there are rows, and as many again a few times, drawn at random.
    """
    began = time.monotonic()
    base = weighted(joint, node, axis, np.zeros(count))
    if base is None or count > MOST_ROWS or (time.monotonic() - began) * count > seconds(SECONDS):
        return None
    random = np.random.default_rng(0)
    chosen = {}
    for name in names:
        size = base[name].size
        chosen[name] = (
            random.choice(size, PER_ROW * count, replace=False) if size > PER_ROW * count else np.arange(size)
        )
    shares: dict[str, list[Array]] = {name: [] for name in names}
    for row in range(count):
        one = weighted(joint, node, axis, np.eye(count)[row])
        if one is None:
            return None
        for name, places in chosen.items():
            shares[name].append((one[name] - base[name]).reshape(-1)[places])
    few = {name: base[name].reshape(-1)[places] for name, places in chosen.items()}
    return Rows(node, axis, count, chosen, few, {name: np.stack(s) for name, s in shares.items()})
