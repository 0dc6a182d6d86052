"""A sum on the way back is a mean, is left out, or runs over another axis; or a mean is a sum."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Edit, Joint
from gradwork.check.sites import Names, by_rule, made_for, scaled


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
