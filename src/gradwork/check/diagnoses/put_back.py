"""Slopes of picked entries are put back otherwise than they were picked: at other rows, as means, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Finding, Mutant, explained
from gradwork.check.evidence import Edit, Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names, by_rule, made_for
from gradwork.ops.indexing import key_of

MOST_OTHERS = 6
Change = Callable[[Array, Array], tuple[Array, Array]]  # of the positions, and of what is put there


def mutants(joint: Joint) -> Iterator[Mutant]:
    """Where slopes are put back at positions: other positions, some of them only, or a mean of each row's."""
    names = Names.of(joint)
    for position, node in by_rule(joint, "scatter"):
        if len(node.inputs) != 2 or ("array", 0) not in node.params["index"]:
            continue
        index = node.inputs[1]
        if joint.node(index).dtype.kind not in "iu" or not joint.node(index).shape:
            continue
        of = made_for(joint, position)
        source = names.name(joint.node(of).inputs[0]) if joint.node(of).inputs else names.name(of)
        for says, edit in _ways(joint, names, position, index):
            yield Mutant(
                position,
                edit,
                f"the slopes of what is picked of {source} {says}",
                joint.layers[of],
                "each pick brings its slope back to the entry that it was picked from, and these are added up",
                "np.add.at(gradient, positions, slopes), with the positions of the forward pass",
            )


def _ways(joint: Joint, names: Names, position: int, index: int) -> Iterator[tuple[str, Edit]]:
    node = joint.node(position)
    axis = node.params["index"].index(("array", 0))
    length = node.params["shape"][axis] if axis < len(node.params["shape"]) else 0
    shape = joint.node(index).shape

    def of(change: Change) -> Edit:
        return lambda values: _put(joint, position, values, change)

    for by, way in ((1, "after"), (-1, "before")):
        yield f"are put into the row {way}", of(lambda i, v, by=by: ((i + by) % length, v))  # type: ignore[misc]
    yield "are put back in reverse order", of(lambda i, v: (np.flip(i), v))
    yield "are put back in the order of the positions", of(lambda i, v: (np.reshape(np.sort(i, None), i.shape), v))
    plain = of(lambda i, v: (i, v))
    if len(shape) > 1:
        count = shape[-1]
        for which, some in (
            ("the first pick of each row", slice(0, 1)),
            ("the last pick of each row", slice(-1, None)),
            ("all but the last pick of each row", slice(0, -1)),
            ("all but the first pick of each row", slice(1, None)),
        ):
            for times, told in ((1, ""), (count, f", {count} times each")):
                yield (
                    f"are put back for {which} only{told}",
                    of(lambda i, v, some=some, times=times: (i[..., some], v[:, some] * times)),  # type: ignore[misc]
                )
        yield (
            "are added up over all rows of the data, and put into every row of it",
            lambda v: np.broadcast_to(np.sum(plain(v), axis, keepdims=True) / count, node.params["shape"]),
        )
        yield "are put back once where a row picks an entry several times", of(lambda i, v: (i, v * _firsts(i, v)))
    if axis == 0 and len(shape) == 1:
        for which, kept in (("last", slice(0, -1)), ("first", slice(1, None))):
            yield f"leave out the {which} pick", of(lambda i, v, kept=kept: (i[kept], v[kept]))  # type: ignore[misc]
        whole = _uncut(joint, index)
        if whole is not None:
            yield "are put back for what was cut off too", of(lambda i, v: (whole, _longer(v, len(whole))))
    along = [-1 if a == axis else 1 for a in range(len(node.params["shape"]))]

    def counted(values: Sequence[Any]) -> Array:
        found = np.bincount(np.reshape(values[index], -1) % length, minlength=length)
        return np.reshape(np.maximum(found, 1), along)

    yield "are put back as a mean of each row's, not as a sum", lambda v: plain(v) / counted(v)
    yield "are put back times the number of picks", lambda v: plain(v) * counted(v)
    yield (
        "are added up over all rows, and put into every row",
        lambda v: np.broadcast_to(np.sum(plain(v), axis, keepdims=True), node.params["shape"]),
    )
    yield (
        "are put back as a mean over all rows",
        lambda v: np.broadcast_to(np.mean(plain(v), axis, keepdims=True), node.params["shape"]),
    )

    others = [k for k in range(joint.forward) if k != index and joint.node(k).dtype.kind in "iu"]
    for other in [k for k in others if joint.node(k).shape == shape][:MOST_OTHERS]:
        yield (
            f"are put where {names.name(other)} says, not {names.name(index)}",
            lambda values, o=other: _put(joint, position, values, lambda i, v: (np.asarray(values[o]) % length, v)),  # type: ignore[misc]
        )


def _uncut(joint: Joint, index: int) -> Array | None:
    """The positions before they were cut off at a length, as those of padded rows are; None where they were not."""
    node = joint.node(index)
    if node.op != "getitem" or len(node.inputs) != 1:
        return None
    key = tuple(slice(None) if isinstance(k, slice) else k for k in node.params["index"])
    whole = np.asarray(joint.value(node.inputs[0]))[key]
    return whole if whole.ndim == 1 and len(whole) >= np.size(joint.values[index]) else None


def _longer(values: Array, length: int) -> Array:
    return values[np.minimum(np.arange(length), len(values) - 1)]


def _firsts(index: Array, values: Array) -> Array:
    """1 at the first time that a row has a position, 0 at later ones."""
    flat = np.reshape(index, (-1, index.shape[-1]))
    first = np.array([[row.tolist().index(k) == place for place, k in enumerate(row.tolist())] for row in flat])
    return np.reshape(first, (*index.shape, *([1] * (values.ndim - index.ndim)))) * 1.0


def _put(joint: Joint, position: int, values: Sequence[Any], change: Change) -> Array:
    node = joint.node(position)
    source, index = node.inputs
    given = np.broadcast_to(np.asarray(values[source], float), joint.node(source).shape)
    places, given = change(np.asarray(values[index]), given)
    target = np.zeros(node.params["shape"], node.dtype)
    np.add.at(target, key_of(node.params["index"], (places,)), given)
    return target


def find(evidence: Evidence) -> Iterator[Finding]:
    """The slopes of the picks are given as they are: they were not put back."""
    joint = evidence.joint
    if joint is None:
        return
    adjoints = {i: name for name, i in joint.slope.items()}
    for position, node in by_rule(joint, "scatter"):
        name = adjoints.get(position)
        if name is None or name not in evidence.wrong or not node.inputs:
            continue
        yours = evidence.yours[name]
        picked = np.asarray(joint.value(node.inputs[0]), float)
        whole = np.asarray(joint.value(position), float)
        rows = np.flatnonzero(np.any(np.reshape(whole, (len(whole), -1)), axis=1))
        reach = np.max(evidence.tolerance[name]) if name in evidence.tolerance else 1e-9 * np.max(np.abs(whole))
        for says, candidate in (
            ("are given as they are, and not put back into an array of the parameter's shape", picked),
            ("are given for the rows that were picked, and not for all rows", whole[rows]),
        ):
            if np.shape(candidate) == np.shape(yours) != whole.shape and np.all(np.abs(candidate - yours) <= reach):
                yield explained(
                    CAUSE,
                    evidence,
                    f"the slopes of what is picked of {name} {says}",
                    [name],
                    {name: candidate},
                    why=f"yours has the shape {np.shape(yours)}, {name} has {whole.shape}",
                    hint=f"gradient = np.zeros_like({name}); np.add.at(gradient, positions, slopes)",
                )
                break


CAUSE = Cause(
    code="GW264",
    name="put back elsewhere",
    summary="The slopes of picked entries are put back at other places, as means, or not at all.",
    explain="A table of which rows are picked by whole numbers gets its slopes back row by row: each pick adds its own "
    "to the row that it was picked from. They are put one row off, where another index says, divided by the number of "
    "picks, into every row, or they are left in the order of the picks.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(w[[0, 1, 0]] * x[:3])

def gradient(w, x):
    g = np.zeros_like(w)
    np.add.at(g, [0, 1, 0], x[:3])
    return g / [2, 1, 1]
""",
    mended="""
def gradient(w, x):
    g = np.zeros_like(w)
    np.add.at(g, [0, 1, 0], x[:3])
    return g
""",
    find=find,
    mutants=mutants,
    rank=16,
    bugs=(14, 25),
)
