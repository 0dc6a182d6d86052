"""A factor, or a term, of a formula on the way back is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._on_paper import throughout
from gradwork.check.evidence import Joint
from gradwork.check.paper import PRODUCTS, TOTALS, Slip, Step, Tree, factors, product
from gradwork.check.sites import Names, by_rule, chain_steps, made_for
from gradwork.check.trees import subtrees
from gradwork.gradients.backprop import SUM_OF_PATHS


def mutants(joint: Joint) -> Iterator[Mutant]:
    """In each product, one factor; in each quotient, what is below; in each sum and difference, one term; a power."""
    names = Names.of(joint)
    steps = {step.product: step for step in chain_steps(joint)}
    for position, node in by_rule(joint, "multiply", "chain_product", "divide", "add", "subtract", "power", "square"):
        if node.origin.by == SUM_OF_PATHS:
            continue
        of = made_for(joint, position)
        whole = names.written(position, {})
        for place, kept in enumerate(node.inputs):
            if position in steps and kept == steps[position].coming:
                continue  # a missing slope: another cause
            if node.op in ("divide", "power") and place == 1:
                continue
            left_out = _left_out(joint, names, node.op, node.inputs, place)
            if left_out is None:
                continue

            def edit(values: Sequence[Any], kept: int = kept, shape: Any = node.shape, turned: bool = False) -> Any:
                return np.broadcast_to(values[kept], shape)

            yield Mutant(
                position,
                edit,
                f"{left_out} is missing in {whole}{names.in_layer(of)}",
                joint.layers[of],
                f"the right way back has {whole} here",
                f"write {whole}",
            )


def _left_out(joint: Joint, names: Names, op: str, inputs: tuple[int, ...], place: int) -> str | None:
    if op in ("power", "square"):
        return f"the exponent of {names.name(inputs[0])}"
    other = inputs[1 - place]
    what = names.name(other)
    if op == "divide":
        return f"the denominator {what}"
    return f"the factor {what}" if op in ("multiply", "chain_product") else f"the term {what}"


def slips(step: Step) -> Iterator[Slip]:
    """One factor of a product left out."""
    for place, part in step.parts(*PRODUCTS):
        if len(place) == 1 and step.tree[0] in PRODUCTS:
            continue  # its factors are met with those of the whole product
        inside = factors(part)
        for k, one in enumerate(inside):
            rest = product(inside[:k] + inside[k + 1 :])
            name = step.name(one)
            if step.is_local_slope(one) or one == ("known", 2.0):
                if step.quantity.name.startswith("new_") and one[0] == "cell":
                    says = "the factor {factor} is missing"
                    yield Slip(step.with_part(place, rest), says, {"factor": name}, ("factor", name), late=True)
                continue
            yield Slip(
                step.with_part(place, rest),
                "the factor {factor} is missing",
                {"factor": name},
                ("factor", name),
                late=len(place) == 1,
            )
            if step.role(one) == "given":  # beside the missing slope
                says = "the factor {factor} is missing"
                yield Slip(step.with_part(place, rest), says, {"factor": name}, ("factor", name), late=True)
            if len(inside) == 3 and not place:
                says = "only the factor {factor} is there"
                yield Slip(one, says, {"factor": name}, ("only", name), late=True)
    for place, part in step.parts(*PRODUCTS):
        for one, nudged in (part[1:3], part[2:0:-1]):
            total = step.lines.get(nudged[1]) if nudged[0] == "cell" else nudged
            if total is not None and total[0] in TOTALS and len(total) == 3 and one[0] == "cell":
                says = "{factor} multiplies {term} as well: the sum is in brackets"
                names = {"factor": step.name(one), "term": step.name(total[2])}
                opened = ("total", ("multiply", one, total[1]), total[2])
                yield Slip(step.with_part(place, opened), says, names, ("brackets",), late=True)
    for place, part in step.parts("total"):
        pairs = [factors(term) for term in part[1:] if term[0] in PRODUCTS]
        if len(pairs) == len(part) - 1 and all(len(p) == 2 and p[0][0] == p[1][0] == "cell" for p in pairs):
            for k in (0, 1):
                name = step.name(pairs[0][1 - k])
                bare = step.with_part(place, ("total", *(pair[k] for pair in pairs)))
                yield Slip(bare, "the factor {factor} is missing", {"factor": name}, ("all", name), late=True)
    for share in sorted({c for _, c in step.cells()}):
        rest = ("subtract", ("known", 1.0), ("cell", share))
        without = throughout(step.tree, lambda part, r=rest, s=share: _without(part, (r, ("cell", s))))  # type: ignore[misc]
        if any(part == rest for _, part in step.parts("subtract")) and rest not in (p for _, p in subtrees(without)):
            says = "the shares {share} and 1 - {share} are missing"
            yield Slip(without, says, {"share": step.name(("cell", share))}, ("shares",), late=True)
    for place, part in step.parts("divide"):
        name = step.name(part[2])
        says = "it is not divided by {bottom}"
        if part[2][0] == "known" and not float(part[2][1]).is_integer():
            yield Slip(step.with_part(place, part[1]), says, {"bottom": name}, ("bottom", name), late=True)
    for place, part in step.parts("subtract"):
        says = "{term} is left out"
        for kept, gone in ((part[1], part[2]), (part[2], part[1])):
            name = step.name(gone)
            yield Slip(step.with_part(place, kept), says, {"term": name}, ("term", name), late=True)


def _without(part: Tree, gone: tuple[Tree, ...]) -> Tree | None:
    inside = factors(part)
    kept = [f for f in inside if f not in gone]
    return product(kept) if part[0] in PRODUCTS and kept and len(kept) < len(inside) else None


CAUSE = Cause(
    code="GW245",
    name="missing factor",
    summary="One factor or one term of a formula on the way back is left out.",
    explain="The formula of a slope has several factors or terms; one of them is forgotten, such as the exponent that "
    "comes down, the denominator of a quotient, or the second term of the product rule.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(np.sqrt(1 + (x * w) ** 2) ** 3)

def gradient(w, x):
    s = np.sqrt(1 + (x * w) ** 2)
    return np.sum(s**2 * (x * w) / s * x)
""",
    mended="""
def gradient(w, x):
    s = np.sqrt(1 + (x * w) ** 2)
    return np.sum(3 * s**2 * (x * w) / s * x)
""",
    mutants=mutants,
    rank=30,
    paper=("M02",),
    bugs=(),
    slips=slips,
)
