"""A value that the way back needs again is worked out from other data, along another axis, or rounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._called import functions_of, others, value_of
from gradwork.check.diagnoses._freely import freely, slopes_by
from gradwork.check.diagnoses._otherwise import ways
from gradwork.check.diagnoses._recomputing import recomputed
from gradwork.check.diagnoses._regions import is_linear, regions
from gradwork.check.evidence import Edit, Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each value of the forward pass: prepared, rounded, cut off or averaged in another way than in the loss."""
    names = Names.of(joint)
    yield from recomputed(joint, names, [*joint.place.values()], ways)
    yield from _as_other_functions(joint, names)
    yield from _left_out(joint, names)
    yield from _statistics(joint, names)


def _as_other_functions(joint: Joint, names: Names) -> Iterator[Mutant]:
    """A function taken for another one, or forgotten: the slopes are those of the right one."""
    for called in functions_of(joint):
        region, own = called.region, called.own
        for name, known in others(called) if called.names else ():
            instead = "without it" if name == "identity" else f"as {name}"
            yield Mutant(
                region.end,
                value_of(joint, region, known),
                f"the way back works out {own} of {names.name(region.start)} {instead}{names.in_layer(region.end)}",
                joint.layers[region.end],
                f"the loss has {own} there",
                f"use {own} there too",
            )


def _left_out(joint: Joint, names: Names) -> Iterator[Mutant]:
    """Several steps that only scale and shift a value, or mask it, left out at once."""
    for region in regions(joint):
        if len(region.inside) > 1 and is_linear(joint, region):
            shape, start = joint.node(region.end).shape, region.start
            what = f"{names.written(region.end, {})}{names.in_layer(region.end)}"
            yield Mutant(
                region.end,
                lambda v, start=start, shape=shape: np.broadcast_to(v[start], shape),  # type: ignore[misc]
                f"the way back takes {names.name(start)} as it is for {what}",
                joint.layers[region.end],
                "the loss has more steps there",
                "keep the value of the forward pass",
            )


def _statistics(joint: Joint, names: Names) -> Iterator[Mutant]:
    """All means and sums of one kind together, along another axis: the formulas stay as they are."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for position in range(joint.forward):
        node = joint.node(position)
        if node.op in ("mean", "sum", "max") and node.params["keepdims"]:
            groups.setdefault((joint.node(node.inputs[0]).shape, tuple(node.params["axis"])), []).append(position)
    for (shape, axes), members in groups.items():
        ways: dict[str, int | None] = {_axis(a): a for a in range(len(shape)) if (a,) != axes}
        ways["all entries together"] = None
        for says, axis in ways.items():
            first, edit, others = slopes_by(joint, _worked(joint, {m: _along(joint, m, axis) for m in members}))
            whole = " and ".join(names.written(m, {}) for m in members[:2])
            yield Mutant(
                first,
                edit,
                f"the way back works out {whole} over {says}{names.in_layer(members[0])}",
                joint.layers[members[0]],
                f"the loss takes them over {_axis(axes[0])}",
                "take them over the same axis",
                others,
            )


def _axis(axis: int) -> str:
    return {0: "rows", 1: "columns"}.get(axis, f"axis {axis}")


def _worked(joint: Joint, edits: dict[int, Edit]) -> Callable[[Sequence[Any]], dict[str, Array]]:
    return lambda values: freely(joint, values, edits)


def _along(joint: Joint, position: int, axis: int | None) -> Edit:
    node = joint.node(position)
    functions: dict[str, Callable[..., Any]] = {"mean": np.mean, "sum": np.sum, "max": np.max}
    function = functions[node.op]
    shape = joint.node(node.inputs[0]).shape
    return lambda values: function(np.broadcast_to(values[node.inputs[0]], shape), axis=axis, keepdims=True)


CAUSE = Cause(
    code="GW265",
    name="worked out otherwise",
    summary="The way back works a value out again from other data, over another count, or rounded or cut off.",
    explain="The forward pass is written a second time in the gradient, and not in the same way: the columns of the "
    "data are centred in one of the two, a variance is divided by n - 1, a small number stands outside of a root, a "
    "prediction is rounded, cut off, or kept in half precision. The formulas are right; what goes into them is not.",
    broken="""
import numpy as np

def loss(w, x, y):
    return np.sum((x @ w - y) ** 2)

def gradient(w, x, y):
    r = (x - x.mean(axis=0)) @ w - y
    return 2 * x.T @ r
""",
    mended="""
def gradient(w, x, y):
    r = x @ w - y
    return 2 * x.T @ r
""",
    mutants=mutants,
    late=True,
    rank=45,
    bugs=(13,),
)
