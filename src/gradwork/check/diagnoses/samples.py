"""Rows of the data that are left out, or count more than once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradwork.check.beside import Beside
from gradwork.check.cause import Cause, Finding, Mutant, explained
from gradwork.check.diagnoses._copies import copy_sums, layer_at
from gradwork.check.diagnoses._ratio import close, comparable
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.regression import least_squares, reductions, row_counts, rows_of, weighted
from gradwork.check.sites import Names

MOST_TOLD = 5
MOST_REDUCTIONS = 4
MOST_TRIED = 40  # rows
TIMES = 8.0  # a sum that was put together anew rounds otherwise


_FOUND: Beside[Evidence, list[Finding]] = Beside()


def find(evidence: Evidence) -> Iterator[Finding]:
    """Weights of the rows that are not all alike: guessed first, then solved for."""
    if evidence not in _FOUND:
        _FOUND[evidence] = list(_found(evidence))
    yield from _FOUND[evidence]


def _found(evidence: Evidence) -> Iterator[Finding]:
    joint = evidence.joint
    if joint is None or not evidence.fitting:
        return
    for node, axis, count in list(reductions(joint))[:MOST_REDUCTIONS]:
        weights = _guessed(evidence, joint, node, axis, count)
        if weights is None:
            weights = _solved(evidence, joint, node, axis, count)
        if weights is None and count <= MOST_TRIED:
            weights = _guessed(evidence, joint, node, axis, count, _single(count))
        if weights is not None:
            yield _finding(evidence, joint, node, axis, weights)
            return


def _guessed(
    evidence: Evidence, joint: Joint, node: int, axis: int, count: int, guesses: Iterator[Array] | None = None
) -> Array | None:
    for weights in guesses or _usual(count):
        made = weighted(joint, node, axis, weights)
        if made is not None and _explained_names(evidence, made):
            return weights
    return None


def _usual(count: int) -> Iterator[Array]:
    """The last or first row left out, only one row, half of them: of a sum over all, and of a mean over the rest."""
    row = np.arange(count)
    half = count // 2
    for kept in (
        row < count - 1,
        row > 0,
        row == 0,
        row == count - 1,
        row < half,
        row >= half,
        row % 2 == 0,
        row % 2 == 1,
    ):
        if 0 < kept.sum() < count:
            yield kept.astype(float)
            yield kept * (count / kept.sum())
    for twice in (row == count - 1, row == 0):
        yield 1.0 + twice
        yield (1.0 + twice) * (count / (count + 1.0))


def _single(count: int) -> Iterator[Array]:
    """Any one row left out, or counted twice: where too few entries are there to solve for the weights."""
    for row in np.eye(count):
        yield 1.0 - row
        yield 1.0 + row


def _explained_names(evidence: Evidence, made: dict[str, Array]) -> list[str]:
    """The wrong arrays that are as made, if every array that is right stays so, and something changes."""
    names = []
    for name, candidate in made.items():
        if name not in evidence.verdicts or not comparable(evidence, name):
            continue
        moved = bool(np.any(np.abs(candidate - evidence.right[name]) > 10 * evidence.tolerance[name]))
        if name not in evidence.wrong:
            if moved:
                return []
        elif moved and close(evidence, name, candidate, TIMES):
            names.append(name)
    return names


def _solved(evidence: Evidence, joint: Joint, node: int, axis: int, count: int) -> Array | None:
    """The weights by least squares, if each is 0, 1 or 2 times one number."""
    names = [n for n in evidence.right if n in joint.slope and comparable(evidence, n)]
    if sum(np.size(evidence.right[n]) for n in names) <= count:
        return None
    rows = rows_of(joint, node, axis, count, names)
    if rows is None:
        return None
    names = [n for n in names if np.any(rows.each[n])]
    if not set(names) & set(evidence.wrong):
        return None
    basis = np.concatenate([rows.each[n].T for n in names])
    given = {n: evidence.yours[n].reshape(-1)[rows.places[n]] for n in names}
    target = np.concatenate([given[n] - rows.base[n] for n in names])
    seen = np.any(basis != 0, axis=0)
    solved = least_squares(basis[:, seen], target)
    if solved is None:
        return None
    weights = np.ones(count)
    weights[seen] = solved
    snapped = _snapped(weights, seen)
    made = None if snapped is None else weighted(joint, node, axis, snapped)
    return snapped if made is not None and _explained_names(evidence, made) else None


def _snapped(weights: Array, seen: Array) -> Array | None:
    """Weights that are 0, 1 or 2, or so times the ratio of all rows to those that count."""
    count = int(seen.sum())
    for share in (1.0, *_shares(weights[seen], count)):
        near = np.round(weights[seen] / share)
        if np.all(np.abs(weights[seen] / share - near) < 1e-5) and np.all((near >= 0) & (near <= 3)):
            if np.all(near == near[0]) or np.mean(near == 1.0) < 0.5:
                continue
            snapped = np.full(len(weights), share)
            snapped[seen] = near * share
            return snapped
    return None


def _shares(weights: Array, count: int) -> Iterator[float]:
    left = int(np.sum(np.abs(weights) < 1e-6))
    if 0 < left < count:
        yield count / (count - left)
    yield count / (count + 1.0)


def _finding(evidence: Evidence, joint: Joint, node: int, axis: int, weights: Array) -> Finding:
    made = weighted(joint, node, axis, weights) or {}
    names = _explained_names(evidence, made)
    share = float(np.min(weights[weights != 0]))
    relative = weights / share
    gone, twice = np.flatnonzero(relative == 0), np.flatnonzero(relative > 1.5)
    told = []
    if len(gone):
        told.append(f"{_rows(gone, len(weights))} {'is' if len(gone) == 1 else 'are'} left out")
    if len(twice):
        told.append(f"{_rows(twice, len(weights))} {'counts' if len(twice) == 1 else 'count'} more than once")
    rest = (
        ""
        if abs(share - 1) < 1e-9
        else ", and the mean is over the others"
        if len(gone)
        else ", and the mean is over all"
    )
    return explained(
        CAUSE,
        evidence,
        f"of the {len(weights)} rows, {' and '.join(told)}{rest}",
        names,
        {n: made[n] for n in names},
        why="every row of the loss has its part in the gradient, and each the same one",
        hint="look at where the loop or the slice over the rows begins and ends",
    )


def _rows(rows: Sequence[int] | Array, count: int) -> str:
    numbers = [int(r) + 1 for r in rows]
    if len(numbers) == 1:
        place = " (the last)" if numbers[0] == count else " (the first)" if numbers[0] == 1 else ""
        return f"row {numbers[0]}{place}"
    if numbers == list(range(numbers[0], numbers[-1] + 1)) and len(numbers) > 2:
        return f"rows {numbers[0]} to {numbers[-1]}"
    shown = ", ".join(str(n) for n in numbers[:MOST_TOLD])
    return f"rows {shown}" + (f" and {len(numbers) - MOST_TOLD} more" if len(numbers) > MOST_TOLD else "")


def mutants(joint: Joint) -> Iterator[Mutant]:
    """In one product or sum over the rows alone: the first or the last row left out."""
    names = Names.of(joint)
    counts = row_counts(joint)
    for at in copy_sums(joint):
        shape = joint.node(at.coming).shape
        if at.axes == (0,) and shape[0] in counts and shape[0] > 2 and not joint.node(at.node).params.get("keepdims"):
            for part, which in ((slice(None, -1), "last"), (slice(1, None), "first")):
                yield Mutant(
                    at.node,
                    lambda v, at=at, shape=shape, part=part: np.broadcast_to(v[at.coming], shape)[part].sum(axis=0),  # type: ignore[misc]
                    f"in the sum for {at.name}, the {which} row is left out{names.in_layer(at.at)}",
                    joint.layers[at.at],
                    "every row has its part",
                    f"sum over all {shape[0]} rows",
                )
    for position in range(joint.forward, len(joint.graph)):
        node = joint.node(position)
        shapes = [len(joint.node(i).shape) for i in node.inputs]
        if node.op != "matmul" or shapes not in ([2, 2], [2, 1]):
            continue
        left, right = node.inputs
        rows = joint.node(right).shape[0]
        if rows not in counts or rows <= 2:
            continue
        layer = layer_at(joint, position)
        place = f", in layer {layer}" if layer else ""
        for part, which in ((slice(None, -1), "last"), (slice(1, None), "first")):
            yield Mutant(
                position,
                lambda v, left=left, right=right, part=part: np.asarray(v[left])[:, part] @ np.asarray(v[right])[part],  # type: ignore[misc]
                f"in the product over the rows, the {which} row is left out{place}",
                layer,
                "every row has its part",
                f"go over all {rows} rows",
            )


CAUSE = Cause(
    code="GW223",
    name="samples",
    summary="Rows of the data are left out of the gradient, or count more than once.",
    explain=(
        "The gradient of a loss over many rows is the sum, or mean, of theirs. A loop that ends one too "
        "early, a batch that is cut off, a row that is read twice: then some rows have the weight 0 or 2. "
        "Found by working out each row's share and solving for the weights."
    ),
    broken="""
import numpy as np

def loss(w, x, y):
    return np.mean((x @ w - y) ** 2)

def gradient(w, x, y):
    g = np.zeros_like(w)
    for k in range(len(y) - 1):
        g += 2 * (x[k] @ w - y[k]) * x[k]
    return g / len(y)
""",
    mended="""
def gradient(w, x, y):
    g = np.zeros_like(w)
    for k in range(len(y)):
        g += 2 * (x[k] @ w - y[k]) * x[k]
    return g / len(y)
""",
    find=find,
    mutants=mutants,
    rank=26,
    bugs=(23,),
)
