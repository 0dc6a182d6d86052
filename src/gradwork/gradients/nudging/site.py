"""A node with what it was before the nudges, and the way through it that always works: nudge by nudge."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.gradients.nudging.moved import Moved, Shape, dense
from gradwork.gradients.nudging.subject import Array
from gradwork.graph.op import Op
from gradwork.graph.run import spread


@dataclass(frozen=True, eq=False)
class Site:
    """One node to pass through: its op, what its inputs and its value were before the nudges, and their shapes."""

    op: Op
    params: Mapping[str, Any]
    bases: tuple[Any, ...]
    shapes: tuple[Shape, ...]
    value: Any
    shape: Shape

    @functools.cached_property
    def finite(self) -> bool:
        """Whether a sum or a product is finite, and so all that went into it: to infinity no change can be added."""
        return bool(np.isfinite(self.value).all())

    @functools.cached_property
    def sources(self) -> Array:
        """For each entry of a rearranged array, the flat position in the op's first input that it is read from."""
        numbered = np.arange(math.prod(self.shapes[0])).reshape(self.shapes[0])
        others = [self.whole(k) for k in range(1, len(self.bases))]
        return np.asarray(self.op.function(numbered, *others, **self.params))

    def whole(self, k: int) -> Any:
        """Input k in its full shape."""
        return spread(self.bases[k], self.shapes[k])


Inputs = Sequence[Moved | None]
Rule = Callable[[Site, Inputs], Moved | None]


def one_by_one(site: Site, inputs: Inputs) -> Moved | None:
    """The op itself, on whole arrays, once for every nudge."""
    count = next(m.count for m in inputs if m is not None)
    wholes = [None if m is None else dense(m, b) for m, b in zip(inputs, site.bases, strict=True)]
    results = []
    for n in range(count):
        arguments = [site.whole(k) if w is None else np.ascontiguousarray(w[..., n])[()] for k, w in enumerate(wholes)]
        results.append(np.asarray(site.op.function(*arguments, **site.params)))
    return Moved(site.shape, (), (), np.stack(results, axis=-1))
