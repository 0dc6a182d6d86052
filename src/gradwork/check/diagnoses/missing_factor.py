"""A factor, or a term, of a formula on the way back is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Finding, Mutant, explained
from gradwork.check.diagnoses._called import (
    at_argument,
    functions_of,
    pieces_of_functions,
    short_name,
    slope_of,
)
from gradwork.check.diagnoses._functions import sigmoid
from gradwork.check.diagnoses._on_paper import throughout
from gradwork.check.diagnoses._ratio import comparable
from gradwork.check.diagnoses._without_itself import without_itself
from gradwork.check.diagnoses.post_activation import with_replaced
from gradwork.check.diagnoses.wrong_slope import factor_between
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.paper import PRODUCTS, TOTALS, Slip, Step, Tree, factors, product
from gradwork.check.sites import Names, as_it_is, by_rule, chain_steps, made_for, slope_in_words, without_copies
from gradwork.check.trees import subtrees
from gradwork.gradients.backprop import SUM_OF_PATHS


def mutants(joint: Joint) -> Iterator[Mutant]:
    """In each product, one factor; in each quotient, what is below; in each sum and difference, one term; a power."""
    names, pieces = Names.of(joint), pieces_of_functions(joint)
    steps = {step.product: step for step in chain_steps(joint)}
    yield from _of_functions(joint, names)
    yield from _of_one_path(joint, names)
    for step in steps.values():
        if step.of in pieces:
            yield Mutant(
                step.product,
                as_it_is(step.coming),
                f"{slope_in_words(names, step)} is missing{names.in_layer(step.of)}",
                joint.layers[step.of],
                f"by the chain rule what comes back is multiplied by the slope of {joint.node(step.of).op}",
                f"multiply by {names.written(step.slope, {})}",
            )
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


# What is left of the slope of a function that people know by heart, of its value a at z.
REST: dict[str, tuple[tuple[str, str, Callable[[Any, Any], Any]], ...]] = {
    "sigmoid": (("1 - {a}", "{a} (1 - {a})", lambda z, a: 1 - a),),
    "tanh": (
        ("1 - {a}", "1 - {a}^2", lambda z, a: 1 - a),
        ("(1 - {a})^2", "1 - {a}^2", lambda z, a: (1 - a) ** 2),
        ("{a}^2", "1 - {a}^2", lambda z, a: a * a),
    ),
    "softplus": (
        ("sigmoid(-{z})", "sigmoid({z})", lambda z, a: sigmoid(-z)),
        ("1", "sigmoid({z})", lambda z, a: np.ones_like(z)),
    ),
}


def _of_functions(joint: Joint, names: Names) -> Iterator[Mutant]:
    """A part of the slope of a known function, in the place of the slope."""
    for called in functions_of(joint):
        region = called.region
        for own in sorted(called.names & REST.keys()):
            for wrong, right, slope in REST[own]:
                words = {"a": short_name(joint, region.end, "a"), "z": short_name(joint, region.start, "z")}
                said = ", with a the result" if words["a"] == "a" and "{a}" in right else ""
                says = f"{wrong.format(**words)} stands where {right.format(**words)}{said}, the slope of"
                yield Mutant(
                    region.back,
                    slope_of(region, slope),
                    f"{says} {at_argument(joint, called)}, belongs{names.in_layer(region.end)}",
                    joint.layers[region.end],
                    f"the slope of {own} is {right.format(**words)}",
                    f"multiply by {right.format(**words)}",
                )


def _of_one_path(joint: Joint, names: Names) -> Iterator[Mutant]:
    """Of a b c: what comes back to a alone lacks the c, and what comes back to b has it."""
    values: dict[int, list[int]] = {}
    for of, adjoint in joint.adjoint.items():
        if adjoint >= joint.forward:
            values.setdefault(adjoint, []).append(of)
    for position, node in by_rule(joint, "multiply", "sum", "matmul", "einsum", "scatter"):
        for used in dict.fromkeys(node.inputs):
            for part in values.get(without_copies(joint, used), ()):
                readers = [r for r in joint.graph.consumers[part] if r < joint.forward and r in joint.adjoint]
                factor = factor_between(joint, readers[0], part) if len(readers) == 1 else None
                whole = joint.adjoint[readers[0]] if factor is not None else position
                if factor is None or whole >= position or joint.node(whole).shape != joint.node(used).shape:
                    continue
                what = "factor" if joint.node(readers[0]).op == "multiply" else "denominator"
                name, of = names.name(part), made_for(joint, position)
                yield Mutant(
                    position,
                    with_replaced(joint, position, [position], {used: whole}),
                    f"the {what} {names.name(factor)} is missing in what comes back to {name}{names.in_layer(of)}",
                    joint.layers[of],
                    f"what is put together here goes into {name}",
                    f"use d_{name}",
                )


def find(evidence: Evidence) -> Iterator[Finding]:
    """An array is left out of what its own slope is worked out from, and of nothing else."""
    for name in evidence.fitting:
        made = without_itself(evidence, name) if comparable(evidence, name) else None
        if made is not None and np.any(made) and evidence.equals(name, made):
            assert evidence.joint is not None
            called = Names.of(evidence.joint).name(evidence.joint.place[name])
            yield explained(
                ITSELF,
                evidence,
                f"{called} itself is left out of what its slope is worked out from: it is the slope at {called} = 0",
                [name],
                {name: made},
                why=f"the loss has {called} there, and its slope depends on it",
                hint=f"put {called} in where the error is worked out again",
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
    find=find,
    mutants=mutants,
    rank=30,
    paper=("M02",),
    bugs=(),
    slips=slips,
)
ITSELF = replace(CAUSE, rank=14)
