"""The gradient of a bias, added up wrongly: a mean, over every axis, over the wrong one, or times something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Finding, Mutant, explained
from gradwork.check.diagnoses._axes import over
from gradwork.check.diagnoses._copies import CopySum, copy_sums
from gradwork.check.evidence import Edit, Evidence, Joint
from gradwork.check.paper import Slip, Step
from gradwork.check.sites import Names, without_copies


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each sum over the rows for a bias: every other way in which its entries have been added up."""
    names = Names.of(joint)
    for at in copy_sums(joint):
        for edit, says in _ways(joint, at):
            yield Mutant(
                at.node,
                edit,
                f"in the gradient of {at.name}, {says}{names.in_layer(at.at)}",
                joint.layers[at.at],
                f"{at.name} is added to every row, so its slope is the sum over the rows, column by column",
                f"d_{at.name} = d.sum(axis=0), with d what comes back to {names.name(at.at)}",
            )


def _ways(joint: Joint, at: CopySum) -> Iterator[tuple[Edit, str]]:
    shape, result = joint.node(at.coming).shape, joint.node(at.node).shape
    count = int(np.prod([shape[a] for a in at.axes]))
    axes, keep = at.axes, bool(joint.node(at.node).params.get("keepdims"))

    def value(values: Sequence[Any]) -> Any:
        return np.broadcast_to(values[at.coming], shape)

    if count > 1:
        yield (
            lambda v: value(v).mean(axis=axes, keepdims=keep),
            f"a mean over {count} rows stands where the sum belongs",
        )
        yield (
            lambda v: value(v).sum(axis=axes, keepdims=keep) / count**2,
            f"the sum over {count} rows is divided by {count} twice",
        )
        for axis in axes if len(axes) > 1 else ():
            if 1 < shape[axis] < count:
                yield (
                    lambda v, n=shape[axis]: value(v).sum(axis=axes, keepdims=keep) / n,  # type: ignore[misc]
                    f"the mean is taken over the {shape[axis]} of axis {axis} in place of the sum",
                )
        if len(axes) == 1 and not keep:
            yield lambda v: np.take(value(v), 0, axis=axes[0]), "only the first row is taken: the sum is missing"
            yield lambda v: np.take(value(v), -1, axis=axes[0]), "only the last row is taken: the sum is missing"
            yield lambda v: value(v).max(axis=axes[0]), "the largest entry of each column stands where the sum belongs"
    if int(np.prod(result)) > 1:
        yield lambda v: np.full(result, value(v).sum()), "everything is summed, over all axes: every unit gets the same"
        yield lambda v: np.full(result, value(v).mean()), "the mean over all axes is taken: every unit gets the same"
    if len(shape) == 2 and axes == (0,) and shape[0] == shape[1] > 1 and not keep:
        yield lambda v: value(v).sum(axis=1), "the sum is over the columns (axis 1), and belongs over the rows (axis 0)"
    yield from _times_input(joint, at, axes, keep)


def _times_input(joint: Joint, at: CopySum, axes: tuple[int, ...], keep: bool) -> Iterator[tuple[Edit, str]]:
    """What the layer reads, or what it gives, as a factor that only the weights have."""
    shape, names = joint.node(at.coming).shape, Names(joint)
    near = [without_copies(joint, i) for i in joint.node(at.at).inputs]
    read = [i for p in near if joint.node(p).op == "matmul" for i in joint.node(p).inputs]
    for other in dict.fromkeys([*read, at.at]) if read else ():
        inside = joint.node(other).shape
        if other in joint.place.values() or inside not in (shape, (*shape[:-1], 1)):
            continue

        def edit(v: Sequence[Any], other: int = other, inside: Any = inside) -> Any:
            product = np.broadcast_to(v[at.coming], shape) * np.broadcast_to(v[other], inside)
            return product.sum(axis=axes, keepdims=keep)

        yield edit, f"what comes back is multiplied by {names.name(other)}, as only the weights' is"
    for p in near:
        if joint.node(p).op != "matmul" or len(shape) != 2 or axes != (0,) or keep:
            continue
        left, right = joint.node(p).inputs
        if right in joint.place.values() and joint.node(left).shape[:-1] == shape[:-1]:

            def weights(v: Sequence[Any], left: int = left) -> Any:
                return (np.broadcast_to(v[left], joint.node(left).shape).T @ np.broadcast_to(v[at.coming], shape)).sum(
                    axis=0
                )

            yield weights, f"the weights' gradient is summed: what comes back is multiplied by {names.name(left)}"


def find(evidence: Evidence) -> Iterator[Finding]:
    """Shapes that are wrong because the sum was over another axis, or over all."""
    joint = evidence.joint
    if joint is None:
        return
    for at in copy_sums(joint):
        if at.name not in evidence.wrong or np.shape(evidence.yours[at.name]) == np.shape(evidence.right[at.name]):
            continue
        coming, yours = joint.value(at.coming), np.asarray(evidence.yours[at.name], float)
        others = [tuple(range(coming.ndim)), *((a,) for a in range(coming.ndim))]
        for axes in others:
            if axes == at.axes:
                continue
            total = coming.sum(axis=axes)
            reach = 10 * float(np.max(evidence.tolerance[at.name], initial=0.0)) * coming.size
            if (
                total.size == yours.size
                and np.all(np.abs(total.reshape(-1) - yours.reshape(-1)) <= reach)
                and np.any(yours)
            ):
                yield explained(
                    CAUSE,
                    evidence,
                    f"in the gradient of {at.name}, the sum is {over(axes, coming.ndim)}, and belongs "
                    f"{over(at.axes, coming.ndim)}",
                    [at.name],
                    {at.name: yours},
                    why=f"{at.name} has the shape {np.shape(evidence.right[at.name])}: it is added to every row",
                    hint=f"d_{at.name} = d.sum(axis={at.axes[0]})",
                )
                break


def _by_input(step: Step) -> Iterator[Slip]:
    """What comes back to a bias, times an input: that is the slope of a weight."""
    if not step.of.startswith("b") or step.tree[0] == "total":
        return
    own = step.quantity
    for input_ in step.quantities.values():
        if input_.name[0] not in "xX" or input_.role != "given" or input_.shape not in ((), own.shape):
            continue
        cell = ("cell", input_.first + (step.cell - own.first if input_.shape else 0))
        says = "a bias is added, and not multiplied by {input}"
        names = {"input": input_.name}
        if step.tree[0] == "divide":
            yield Slip(cell, says, names, ("times", input_.name), late=True)
        else:
            yield Slip(("multiply", step.tree, cell), says, names, ("times", input_.name), late=True)


def _mean_along(step: Step) -> Iterator[Slip]:
    """A mean along the other axis, or of all."""
    for place, part in step.parts("divide"):
        cells = [term[1] for term in part[1][1:] if term[0] == "cell"] if part[1][0] == "total" else []
        if len(cells) < 2 or len(cells) != len(part[1]) - 1 or part[2] != ("known", float(len(cells))):
            continue
        source = step.owner[cells[0]]
        if len(source.shape) != 2 or any(step.owner[c] is not source for c in cells):
            continue
        rows, columns = source.shape
        by_row = cells[1] - cells[0] == 1
        at = (cells[0] - source.first) // columns if by_row else (cells[0] - source.first) % columns
        along = [k * columns + at for k in range(rows)] if by_row else [at * columns + k for k in range(columns)]
        says = "it is the mean of {name} along the other axis"
        for key, places in (("axis", along), ("all", list(range(rows * columns)))):
            inside = at < (columns if by_row else rows) or key == "all"
            if inside and len(places) > 1 and {source.first + k for k in places} != set(cells):
                total = ("total", *(("cell", source.first + k) for k in places))
                mean = step.with_part(place, ("divide", total, ("known", float(len(places)))))
                yield Slip(mean, says, {"name": source.name}, ("mean", key), late=True)


def slips(step: Step) -> Iterator[Slip]:
    """The sum over the other axis; the sum of products with what the layer reads."""
    yield from _by_input(step)
    yield from _mean_along(step)
    if step.tree[0] != "total" or any(part[0] != "cell" for part in step.tree[1:]):
        return
    cells = [part[1] for part in step.tree[1:]]
    source = step.owner[cells[0]]
    if len(source.shape) != 2 or any(step.owner[c] is not source for c in cells):
        return
    rows, columns = source.shape
    by_row = cells[1] - cells[0] == 1
    at = (cells[0] - source.first) // columns if by_row else (cells[0] - source.first) % columns
    other = [
        source.first + (k * columns + at if by_row else at * columns + k) for k in range(rows if by_row else columns)
    ]
    if at < (columns if by_row else rows):
        says = "{name} is added up along the other axis"
        yield Slip(("total", *(("cell", c) for c in other)), says, {"name": source.name}, ("axis",))
    every = tuple(("cell", source.first + k) for k in range(rows * columns))
    if len(every) > len(cells):
        yield Slip(("total", *every), "all of {name} is added up", {"name": source.name}, ("all",))
    for input_ in step.quantities.values():
        if len(input_.shape) == 2 and input_.role in ("given", "line") and input_.shape[by_row] == len(cells):
            for k in range(input_.shape[not by_row]):
                stride = 1 if by_row else input_.shape[1]
                first = input_.first + (k * input_.shape[1] if by_row else k)
                terms = [("multiply", ("cell", c), ("cell", first + j * stride)) for j, c in enumerate(cells)]
                names = {"input": input_.name}
                says = "a bias is added, and not multiplied by {input}: its slopes are added up as they are"
                yield Slip(("total", *terms), says, names, ("times", input_.name, k))


CAUSE = Cause(
    code="GW206",
    name="bias sum",
    summary="The slopes of a bias are added up wrongly.",
    explain=(
        "A bias is added to every row, so its gradient is the sum over the rows of what comes back, unit by "
        "unit. Taken are a mean where the loss has already divided by n, the sum over all axes (every unit "
        "gets the same number), over the wrong axis, one row only, or the product with what the layer reads, "
        "which belongs to the weights."
    ),
    broken="""
import numpy as np

def loss(W, b, x):
    return np.mean(np.sum(np.tanh(x @ W + b), axis=1))

def gradient(W, b, x):
    d = (1 - np.tanh(x @ W + b) ** 2) / len(x)
    return x.T @ d, d.mean(axis=0)
""",
    mended="""
def gradient(W, b, x):
    d = (1 - np.tanh(x @ W + b) ** 2) / len(x)
    return x.T @ d, d.sum(axis=0)
""",
    find=find,
    mutants=mutants,
    rank=23,
    paper=("M13", "M14"),
    bugs=(6,),
    slips=slips,
)
