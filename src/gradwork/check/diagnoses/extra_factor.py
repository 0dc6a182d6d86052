"""What comes back is multiplied by a value that has no place there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._on_paper import beside, numbers, read_by
from gradwork.check.evidence import Edit, Joint
from gradwork.check.paper import PRODUCTS, TOTALS, Slip, Step, Tree, factors
from gradwork.check.sites import Names
from gradwork.check.standins import grouped
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.passes import TRANSPARENT

NEAREST = 6


def mutants(joint: Joint) -> Iterator[Mutant]:
    """What comes back to a value, times one of the values of its shape that are near it."""
    names = Names.of(joint)
    bases = [
        k
        for k in range(joint.forward)
        if joint.node(k).op not in (CONSTANT, *TRANSPARENT) and joint.node(k).dtype.kind == "f"
    ]
    for of, adjoint in joint.adjoint.items():
        node = joint.node(of)
        if adjoint < joint.forward or node.op in (INPUT, CONSTANT) or not node.shape:
            continue
        near = sorted((k for k in bases if _fits(joint.node(k).shape, node.shape)), key=lambda k: abs(k - of))
        for other in near[:NEAREST]:
            factor, name = names.name(other), grouped(names.name(of))
            stands = f"d_{name} * {grouped(factor)} stands where d_{name} belongs"
            powers = other == of and any(joint.node(r).op in ("power", "square") for r in joint.graph.consumers[of])
            lowered = f": the exponents of the powers of {name} are not lowered" if powers else ""
            yield Mutant(
                adjoint,
                _times(joint, adjoint, other),
                f"{stands}{lowered}{names.in_layer(of)}",
                joint.layers[of],
                f"the slopes that come back to {names.name(of)} are multiplied by local slopes only",
                f"multiply by {factor} once less, or divide by it once more",
            )


def _fits(own: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether a value has the same shape, or one number for each row."""
    return own == shape or (len(shape) > 1 and own in ((shape[0],), (shape[0], 1)) and shape[0] != shape[1])


def _times(joint: Joint, adjoint: int, other: int) -> Edit:
    shape, own = joint.node(adjoint).shape, joint.node(other).shape
    along = own if own == shape else (shape[0], *([1] * (len(shape) - 1)))
    return lambda values: np.multiply(values[adjoint], np.reshape(np.broadcast_to(values[other], own), along))


def slips(step: Step) -> Iterator[Slip]:
    """A nudge times a factor of another term; a slope times what it is the slope by, or by what stands beside it."""
    for place, cell in step.cells():
        line = step.lines.get(cell)
        if line is None or line[0] not in TOTALS or len(line) != 3 or not _is_nudged(step, line):
            continue
        for _, part in step.parts(*PRODUCTS):
            for factor in factors(part):
                if factor[0] == "cell" and factor[1] != cell and ("cell", cell) not in factors(part):
                    says = "{nudge} is added as it is, and not multiplied by {factor}"
                    names = {"nudge": step.name(line[2]), "factor": step.name(factor)}
                    nudged = ("total", line[1], ("multiply", factor, line[2]))
                    yield Slip(step.with_part(place, nudged), says, names, ("nudge", names["factor"]), late=True)
    yield from _once_more(step)
    for place, part in step.parts(*TOTALS):
        yield from _within(step, place, part)
    own = step.quantities.get(step.of)
    if step.quantity.role == "back" and step.tree[0] == "cell" and own is not None:
        number = beside(step, own)
        if number is not None:
            says = "{factor} has no place here as a factor"
            yield Slip(("multiply", step.tree, number), says, {"factor": own.name}, ("times", own.name), late=True)
    of_bias = step.is_slope and step.of.startswith("b") and step.tree[0] in PRODUCTS
    bare = step.tree[0] == "cell" or (step.tree[0] == "known" and step.is_slope) or of_bias
    if step.quantity.role == "line" and bare:
        for name, number in numbers(step, "given"):
            says = "{factor} has no place here as a factor"
            if number != step.tree:
                other = ("multiply", step.tree, number)
                yield Slip(other, says, {"factor": name}, ("times", name), late=True)


def _once_more(step: Step) -> Iterator[Slip]:
    """Of w - rate dw: a factor that dw holds already, or what it was made with, once more."""
    slope = step.tree[2][2] if step.tree[0] == "subtract" and step.tree[2][0] in PRODUCTS else step.tree
    line = step.lines.get(slope[1]) if slope[0] == "cell" and slope != step.tree else None
    if line is None or not step.quantity.name.startswith(("new_", "w")):
        return
    for other in read_by(step, line).values():
        if other.role == "given" and not other.shape and other.name != step.name(step.tree[1]):
            says = "{factor} has no place here as a factor"
            again = ("subtract", step.tree[1], ("multiply", step.tree[2], ("cell", other.first)))
            yield Slip(again, says, {"factor": other.name}, ("once more", other.name), late=True)


def _within(step: Step, place: tuple[int, ...], total: Tree) -> Iterator[Slip]:
    """Of w x + b + db: db times x.   Of 2 x + 3, a slope: 3 times x."""
    kinds = ("cell", "known", *TOTALS)
    inside = dict.fromkeys(f for _, p in step.parts(*PRODUCTS) for f in factors(p) if f[0] in kinds)
    for k, term in enumerate(total[1:], 1):
        name = step.name(term) if term[0] == "cell" else ""
        is_nudge = name == "h" or (name[:1] == "d" and name[1:] in step.quantities)
        bare = term[0] in ("cell", "known") or (term[0] in TOTALS and len(term) == 3 and _is_nudged(step, term))
        if not is_nudge and (step.quantity.role == "given" or not bare or len(total) != 3):
            continue
        for factor in inside:
            says = "{nudge} is added as it is, and not multiplied by {factor}"
            names = {"nudge": step.name(term), "factor": step.name(factor)}
            times = (*total[:k], ("multiply", factor, term), *total[k + 1 :])
            yield Slip(step.with_part(place, times), says, names, ("term", *names.values()), late=True)


def _is_nudged(step: Step, line: Tree) -> bool:
    """Whether it is a number and a change of it: b + db, w + h."""
    if line[1][0] != "cell" or line[2][0] != "cell":
        return False
    return step.name(line[2]) in ("h", f"d{step.name(line[1]).removesuffix('_before')}")


CAUSE = Cause(
    code="GW255",
    name="extra factor",
    summary="What comes back is multiplied by a value of the forward pass that has no place there.",
    explain="The chain rule multiplies what comes back by local slopes. A value of the forward pass that is multiplied "
    "with as well, such as the activations or the inputs, belongs to another formula: to that of the "
    "weights, or to that of another loss.",
    broken="""
import numpy as np

def loss(w, v, x):
    return np.sum(np.tanh(x @ w) @ v)

def gradient(w, v, x):
    a = np.tanh(x @ w)
    g = np.ones(a.shape)
    return x.T @ (a * (g @ v.T) * (1 - a**2)), a.T @ g
""",
    mended="""
def gradient(w, v, x):
    a = np.tanh(x @ w)
    g = np.ones(a.shape)
    return x.T @ ((g @ v.T) * (1 - a**2)), a.T @ g
""",
    mutants=mutants,
    rank=34,
    slips=slips,
)
