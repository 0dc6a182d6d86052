"""The slope of another function: of a sigmoid where tanh belongs, of absolute values where squares belong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names, without_copies

Slope = Callable[[Array, Array], Array]


def _sigmoid(z: Array) -> Array:
    return np.asarray(np.exp(-np.logaddexp(0.0, -z)))


# Of argument z and result a. Those of a are what people remember, and use with the result of another function.
ACTIVATIONS: dict[str, dict[str, Slope]] = {
    "sigmoid": {
        "a (1 - a), with a the result": lambda z, a: a * (1 - a),
        "s (1 - s), with s = sigmoid(z)": lambda z, a: _sigmoid(z) * (1 - _sigmoid(z)),
    },
    "tanh": {
        "1 - a^2, with a the result": lambda z, a: 1 - a * a,
        "1 - tanh(z)^2": lambda z, a: 1 - np.tanh(z) ** 2,
    },
    "relu": {"1 where z > 0": lambda z, a: (z > 0) * 1.0},
    "softplus": {"sigmoid(z)": lambda z, a: _sigmoid(z)},
}
LOSSES: dict[str, dict[str, Slope]] = {
    "the absolute value": {"the sign": lambda z, a: np.sign(z)},
    "the square": {"2 u": lambda z, a: 2 * z},
    "half the square": {"u": lambda z, a: z},
}
OF_LOSS = {"absolute": "the absolute value", "square": "the square", "power": "the square"}


@dataclass(frozen=True)
class Step:
    """A function of one argument in the loss.  kind: its name among those above."""

    argument: int
    result: int
    kind: str
    others: dict[str, dict[str, Slope]]


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each function of one argument: the slope of each other one."""
    names = Names.of(joint)
    for step in _steps(joint):
        z, a = step.argument, step.result
        back, coming = joint.adjoint[z], joint.adjoint[a]
        if back <= coming or joint.node(back).shape != joint.node(z).shape:
            continue
        for kind, forms in step.others.items():
            if kind == step.kind:
                continue
            for form, slope in forms.items():
                yield Mutant(
                    back,
                    lambda v, z=z, a=a, coming=coming, slope=slope: v[coming] * slope(v[z], v[a]),  # type: ignore[misc]
                    f"the slope of {kind}, {form}, stands where that of {step.kind} belongs{names.in_layer(a)}",
                    joint.layers[a],
                    f"the loss has {step.kind} there, of {names.name(z)}",
                    f"take the slope of {step.kind}",
                )


def _steps(joint: Joint) -> Iterator[Step]:
    for position in range(joint.forward):
        node = joint.node(position)
        found: tuple[int, str, dict[str, dict[str, Slope]]] | None = None
        if node.op in ("tanh", "sigmoid", "softplus", "relu"):
            found = (node.inputs[0], node.op, ACTIVATIONS)
        elif node.op == "maximum" and any(_is(joint, i, 0.0) for i in node.inputs):
            found = (next(i for i in node.inputs if not _is(joint, i, 0.0)), "relu", ACTIVATIONS)
        elif node.op == "divide" and _is(joint, node.inputs[0], 1.0):
            inside = _under_sigmoid(joint, node.inputs[1])
            found = None if inside is None else (inside, "sigmoid", ACTIVATIONS)
        elif node.op in OF_LOSS and (node.op != "power" or _is(joint, node.inputs[1], 2.0)):
            found = (node.inputs[0], OF_LOSS[node.op], LOSSES)
        if found is None:
            continue
        argument, kind, others = found
        used = [r for r in joint.graph.consumers[argument] if r < joint.forward]
        if argument in joint.adjoint and position in joint.adjoint and len(used) == 1:
            yield Step(argument, position, kind, others)


def _is(joint: Joint, position: int, number: float) -> bool:
    value = np.asarray(joint.values[position])
    return (
        value.dtype.kind in "iuf"
        and value.size > 0
        and bool(np.all(value == number))
        and not joint.node(position).inputs
    )


def _under_sigmoid(joint: Joint, position: int) -> int | None:
    """z, where the node is 1 + exp(-z)."""
    node = joint.node(position)
    if node.op != "add" or not any(_is(joint, i, 1.0) for i in node.inputs):
        return None
    power = next((i for i in node.inputs if joint.node(without_copies(joint, i)).op == "exp"), None)
    if power is None:
        return None
    under = joint.node(without_copies(joint, power)).inputs[0]
    return joint.node(under).inputs[0] if joint.node(under).op == "negative" else None


CAUSE = Cause(
    code="GW228",
    name="another function",
    summary="The slope is that of another activation, or the gradient that of another loss.",
    explain=(
        "The loss has tanh, and the gradient the slope of a sigmoid, a (1 - a); or the loss adds up absolute values "
        "and the gradient is that of squares. Each is right for another function: one of the two was changed, and the "
        "other was not."
    ),
    broken="""
import numpy as np

def loss(w, x, y):
    return np.mean(np.abs(x @ w - y))

def gradient(w, x, y):
    return 2 * x.T @ (x @ w - y) / len(y)
""",
    mended="""
def gradient(w, x, y):
    return x.T @ np.sign(x @ w - y) / len(y)
""",
    mutants=mutants,
    rank=33,
    paper=("M02", "M08"),
    bugs=(28,),
)
