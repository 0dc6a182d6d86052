"""A gradient is put together from the slopes of another value than the one that the parameter goes into."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses.post_activation import with_replaced
from gradwork.check.evidence import Joint
from gradwork.check.sites import Names, by_rule, made_for, without_copies

MOST_OTHERS = 16


def mutants(joint: Joint) -> Iterator[Mutant]:
    """In each sum and product of the way back: the slopes of another value of the same shape."""
    names = Names.of(joint)
    slopes = {a: of for of, a in joint.adjoint.items() if a >= joint.forward and np.any(joint.value(a))}
    for position, node in by_rule(joint, "sum", "matmul", "einsum", "multiply", "scatter", "add"):
        for used in dict.fromkeys(node.inputs):
            inside = without_copies(joint, used)
            if inside not in slopes:
                continue
            shape = joint.node(used).shape
            others = [a for a in slopes if a != inside and joint.node(a).shape == shape and a < position]
            for other in sorted(others, key=lambda a: abs(a - used))[:MOST_OTHERS]:
                of = made_for(joint, position)
                wrong, right = names.name(slopes[other]), names.name(slopes[inside])
                if wrong == right:
                    continue
                if np.array_equal(joint.value(other), -joint.value(inside)):
                    continue  # a sign: another cause
                if factor_between(joint, slopes[other], slopes[inside]) is not None:
                    continue  # a missing factor: another cause
                says = _too_much(joint, names, slopes[other], slopes[inside])
                yield Mutant(
                    position,
                    with_replaced(joint, position, [position], {used: other}),
                    f"{says or f'the slopes of {wrong} stand where those of {right} belong'}{names.in_layer(of)}",
                    joint.layers[of],
                    f"what is put together here goes into {right}",
                    f"use d_{right}",
                )


def factor_between(joint: Joint, whole: int, part: int) -> int | None:
    """What a value is multiplied by, or divided by, to give another one; None where it is not."""
    node = joint.node(whole)
    inputs = [without_copies(joint, i) for i in node.inputs]
    if node.op not in ("multiply", "divide") or inputs.count(part) != 1 or (node.op == "divide" and inputs[1] == part):
        return None
    return inputs[1 - inputs.index(part)]


def _too_much(joint: Joint, names: Names, wrong: int, right: int) -> str:
    """In words, where the slopes of a factor stand where those of the product belong."""
    factor = factor_between(joint, right, wrong)
    if factor is None:
        return ""
    what = "factor" if joint.node(right).op == "multiply" else "denominator"
    return f"the {what} {names.name(factor)} is too much in what comes back to {names.name(right)}"


CAUSE = Cause(
    code="GW248",
    name="wrong slopes",
    summary="A gradient is put together from the slopes of another value.",
    explain="The gradient of a bias is the sum of the slopes of what it is added to: before the activation, before "
    "the mask, before the division. The slopes of a value one step further on have the same shape, and are "
    "easily taken for them.",
    broken="""
import numpy as np

def loss(w, b, x):
    return np.sum(np.tanh(x @ w + b) ** 2)

def gradient(w, b, x):
    a = np.tanh(x @ w + b)
    da = 2 * a
    dz = da * (1 - a**2)
    return x.T @ dz, da.sum(axis=0)
""",
    mended="""
def gradient(w, b, x):
    a = np.tanh(x @ w + b)
    dz = 2 * a * (1 - a**2)
    return x.T @ dz, dz.sum(axis=0)
""",
    mutants=mutants,
    rank=29,
)
