"""What comes back to the largest of a group goes to another of its members, to all of them, or in equal shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names, by_rule, made_for

Shared = Callable[[Array, tuple[int, ...]], Array]  # of the values and the axes of a group: what each one gets


def _at(find: Callable[..., Array]) -> Shared:
    def shared(values: Array, axes: tuple[int, ...]) -> Array:
        moved = np.moveaxis(values, axes, range(-len(axes), 0))
        flat = moved.reshape(*moved.shape[: moved.ndim - len(axes)], -1)
        one = (np.arange(flat.shape[-1]) == find(flat)[..., None]) * 1.0
        return np.moveaxis(one.reshape(moved.shape), range(-len(axes), 0), axes)

    return shared


def _count(values: Array, axes: tuple[int, ...]) -> int:
    return int(np.prod([values.shape[a] for a in axes]))


WAYS: dict[str, Shared] = {
    "goes to the first of the group": _at(lambda v: np.zeros(v.shape[:-1], int)),
    "goes to the last of the group": _at(lambda v: np.full(v.shape[:-1], v.shape[-1] - 1)),
    "goes to the smallest of the group": _at(lambda v: np.argmin(v, -1)),
    "goes to the largest of the group in size, whatever its sign": _at(lambda v: np.argmax(np.abs(v), -1)),
    "goes to the first of several that are largest": _at(lambda v: np.argmax(v, -1)),
    "goes to the last of several that are largest": _at(lambda v: v.shape[-1] - 1 - np.argmax(v[..., ::-1], -1)),
    "goes to all of the group": lambda v, axes: np.ones_like(v),
    "is shared equally by the group, as for a mean": lambda v, axes: np.full_like(v, 1 / _count(v, axes)),
    "goes to all but the largest": lambda v, axes: (v < np.max(v, axes, keepdims=True)) * 1.0,
    "is shared by softmax": lambda v, axes: _soft(v, axes),
    "goes in full to each of several that are largest": lambda v, axes: (v == np.max(v, axes, keepdims=True)) * 1.0,
    "goes to the largest of all groups alone": lambda v, axes: (v == np.max(v)) * 1.0,
    "goes to the largest, times its value": lambda v, axes: (v == np.max(v, axes, keepdims=True)) * v,
    "goes to the largest, divided by the size of the group": (
        lambda v, axes: (v == np.max(v, axes, keepdims=True)) / _count(v, axes)
    ),
}


def _soft(values: Array, axes: tuple[int, ...]) -> Array:
    e = np.exp(values - np.max(values, axes, keepdims=True))
    return np.asarray(e / np.sum(e, axes, keepdims=True))


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each maximum and minimum over a group: other members that what comes back goes to."""
    names = Names.of(joint)
    for position, node in by_rule(joint, "ties"):
        of = made_for(joint, position)
        inside = node.inputs[0]
        axes = tuple(a % len(node.shape) for a in node.params["axis"])
        shape = joint.node(inside).shape
        what = names.written(of, {})
        for says, shared in WAYS.items():
            yield Mutant(
                position,
                lambda v, shared=shared, i=inside, s=shape, a=axes: shared(  # type: ignore[misc]
                    np.asarray(np.broadcast_to(v[i], s), float), a
                ),
                f"what comes back to {what} {says}{names.in_layer(of)}",
                joint.layers[of],
                f"only the {joint.node(of).op} of a group moves the result",
                f"keep where the {joint.node(of).op} was, and send all of it there",
            )


CAUSE = Cause(
    code="GW268",
    name="routed wrongly",
    summary="What comes back to the largest of a group goes to other members of it.",
    explain="Max pooling passes on one value of each group, and only that one gets a slope. It is sent to the first "
    "place of each group, to the smallest, to all of them, or in equal shares as for an average.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(np.max(x @ w, axis=1) ** 2)

def gradient(w, x):
    z = x @ w
    g = np.zeros_like(z)
    g[:, 0] = 2 * z.max(axis=1)
    return x.T @ g
""",
    mended="""
def gradient(w, x):
    z = x @ w
    g = 2 * z * (z == z.max(axis=1, keepdims=True))
    return x.T @ g
""",
    mutants=mutants,
    rank=22,
)
