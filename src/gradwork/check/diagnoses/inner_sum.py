"""A sum on the way back is a mean, is left out, or runs over another axis; or a mean is a sum."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._axes import over
from gradwork.check.diagnoses._choices import is_cut
from gradwork.check.evidence import Edit, Joint
from gradwork.check.regression import row_counts
from gradwork.check.sites import Names, by_rule, made_for, scaled

SOME_ROWS = {
    "only the last row": slice(-1, None),
    "only the first row": slice(0, 1),
    "every row but the last": slice(0, -1),
    "every row but the first": slice(1, None),
}

MOST_PARTS = 64


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each sum of the way back: its mean, its first and last term, its largest; and a factor 1/n put in or out."""
    names = Names.of(joint)
    for position, node in by_rule(joint, "sum", "mean"):
        (inside,) = node.inputs
        axes = node.params["axis"]
        count = math.prod(joint.node(inside).shape[a] for a in axes)
        of = made_for(joint, position)
        if count < 2:
            continue
        whole = names.written(position, {})
        factor = 1 / count if node.op == "sum" else float(count)
        yield Mutant(
            position,
            scaled(position, factor),
            f"a {'mean' if node.op == 'sum' else 'sum'} over {count} stands where the {node.op} {whole} belongs"
            f"{names.in_layer(of)}",
            joint.layers[of],
            f"what was spread over {count} entries going forward is added up going back",
            f"write {whole}",
        )
        for which, place in (("first", 0), ("last", -1)):
            yield Mutant(
                position,
                _term(joint, position, place),
                f"only the {which} of {count} terms is taken where the {node.op} {whole} belongs{names.in_layer(of)}",
                joint.layers[of],
                f"all {count} terms count",
                f"write {whole}",
            )
        yield from _along_others(joint, names, position)
    yield from _of_products(joint, names)
    yield from _over_another(joint, names)
    yield from _counted_otherwise(joint, names)


def _of_products(joint: Joint, names: Names) -> Iterator[Mutant]:
    """A product that adds up over the rows of the data: only some of them, as a loop that overwrites leaves."""
    counts = row_counts(joint)
    for position, node in by_rule(joint, "matmul"):
        left, right = node.inputs
        shapes = joint.node(left).shape, joint.node(right).shape
        if len(shapes[0]) != 2 or not shapes[1] or shapes[0][1] not in counts or shapes[0][1] < 2:
            continue
        of = made_for(joint, position)
        for which, some in SOME_ROWS.items():
            yield Mutant(
                position,
                lambda v, some=some, one=left, other=right, shapes=shapes: (  # type: ignore[misc]
                    np.broadcast_to(v[one], shapes[0])[:, some] @ np.broadcast_to(v[other], shapes[1])[some]
                ),
                f"{which} of {shapes[0][1]} counts in {names.written(position, {})}{names.in_layer(of)}",
                joint.layers[of],
                "the shares of all rows are added up",
                "add with +=, and go through all rows",
            )


def _over_another(joint: Joint, names: Names) -> Iterator[Mutant]:
    """What a mean sends back, divided by the length of rows that were cut off, not by the number of what is left."""
    lengths: dict[int, str] = {}
    for position in range(joint.forward):
        if joint.node(position).op == "getitem" and position not in joint.adjoint and is_cut(joint, position):
            whole = joint.node(joint.node(position).inputs[0])
            for what, length in zip(("rows", "columns"), whole.shape, strict=False):
                lengths[length] = f"the number of {what} of {whole.name}"
    for position, node in by_rule(joint, "divide"):
        of = node.origin.node
        if of is None or of >= joint.forward or joint.node(of).op != "mean" or node.origin.by != "mean rule":
            continue
        inside = joint.node(joint.node(of).inputs[0]).shape
        count = math.prod(inside[a] for a in joint.node(of).params["axis"])
        for length, what in lengths.items():
            if length > 1:
                yield Mutant(
                    position,
                    scaled(position, count / length),
                    f"the mean {names.written(of, {})} sends back 1/{length}, with {length} {what}, where 1/{count} "
                    f"belongs{names.in_layer(of)}",
                    joint.layers[of],
                    f"the mean is over {count} entries",
                    f"divide by {count}",
                )


def _counted_otherwise(joint: Joint, names: Names) -> Iterator[Mutant]:
    """Of all means over the same axes, as a normalisation has, what is sent back is divided by another length."""
    groups: dict[tuple[tuple[int, ...], tuple[int, ...]], list[int]] = {}
    for position, node in by_rule(joint, "divide", "mean"):
        of = node.origin.node
        mean = node
        if node.op == "divide":
            if node.origin.by != "mean rule" or of is None or of >= joint.forward or joint.node(of).op != "mean":
                continue
            mean = joint.node(of)
        key = joint.node(mean.inputs[0]).shape, tuple(mean.params["axis"])
        groups.setdefault(key, []).append(position)
    for (shape, axes), places in groups.items():
        count = math.prod(shape[a] for a in axes)
        some = [c for n in range(1, len(shape) + 1) for c in itertools.combinations(shape, n)]
        parts = [n for n in range(2, min(count, MOST_PARTS)) if count % n == 0]  # an axis may be several in one
        for length in dict.fromkeys([*(math.prod(c) for c in some), *parts]):
            if length in (1, count) or len(places) < 2:
                continue
            of = made_for(joint, places[0])
            yield Mutant(
                places[0],
                scaled(places[0], count / length),
                f"the means over {count} entries send back 1/{length} each, and belong divided by {count}"
                f"{names.in_layer(of)}",
                joint.layers[of],
                f"each mean is over {count} entries",
                f"divide by {count}",
                more={p: scaled(p, count / length) for p in places[1:]},
            )


def _along_others(joint: Joint, names: Names, position: int) -> Iterator[Mutant]:
    """The sum over another axis, or over all, where it is spread again over what was summed."""
    node = joint.node(position)
    (inside,) = node.inputs
    shape, of = joint.node(inside).shape, made_for(joint, position)
    readers = [r for r in joint.graph.consumers[position] if joint.node(r).op in ("broadcast_to", "reshape")]
    spread = [b for r in readers for b in (r, *joint.graph.consumers[r]) if joint.node(b).shape == shape]
    right = node.params["axis"]
    every = range(len(shape))
    others = [axes for n in range(1, len(shape) + 1) for axes in itertools.combinations(every, n)]
    for reader in (b for b in spread if joint.node(b).op == "broadcast_to"):
        for axes in others:
            if axes == right:
                continue

            def edit(values: Sequence[Any], axes: tuple[int, ...] = axes) -> Any:
                whole = np.broadcast_to(np.asarray(values[inside]), shape)
                total = np.sum if node.op == "sum" else np.mean
                return np.broadcast_to(total(whole, axis=axes, keepdims=True), shape)

            yield Mutant(
                reader,
                edit,
                f"the {node.op} {names.written(position, {})} is taken {over(axes, len(shape))}, and belongs "
                f"{over(right, len(shape))}{names.in_layer(of)}",
                joint.layers[of],
                "what is taken off a row is a sum over that row",
                f"axis={right[0]}",
            )


def _term(joint: Joint, position: int, place: int) -> Edit:
    """One term of a sum in place of all of them."""
    node = joint.node(position)
    (inside,) = node.inputs
    axes, keep, shape = node.params["axis"], node.params["keepdims"], joint.node(inside).shape
    return lambda values: _one(values[inside], shape, axes, place, keep)


def _one(value: object, shape: tuple[int, ...], axes: tuple[int, ...], place: int, keep: bool) -> object:
    whole = np.broadcast_to(np.asarray(value), shape)
    for axis in sorted(axes, reverse=True):
        whole = np.take(whole, [place % shape[axis]], axis=axis)
    return whole if keep else whole.reshape([n for a, n in enumerate(shape) if a not in axes])


CAUSE = Cause(
    code="GW246",
    name="inner sum",
    summary="A sum on the way back is a mean, or only one of its terms; or a mean is a sum.",
    explain="What is spread over many entries going forward, such as a bias over all rows, is added up over them "
    "going back. A mean in its place makes that one array too small by the number of terms.",
    broken="""
import numpy as np

def loss(w, x, y):
    e = np.exp(x * w)
    return np.sum((e / np.sum(e)) ** 2 * y)

def gradient(w, x, y):
    e = np.exp(x * w)
    p = e / np.sum(e)
    g = 2 * p * y
    return np.sum(p * (g - np.mean(g * p)) * x)
""",
    mended="""
def gradient(w, x, y):
    e = np.exp(x * w)
    p = e / np.sum(e)
    g = 2 * p * y
    return np.sum(p * (g - np.sum(g * p)) * x)
""",
    mutants=mutants,
    rank=31,
    paper=("M13",),
    bugs=(6,),
)
