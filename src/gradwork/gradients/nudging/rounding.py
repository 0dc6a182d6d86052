"""How far rounding may throw off the rows of what follows a sum, and the sum itself.

A score of 30 whose share is nearly 1 gives a loss of nearly 0, and yet that loss is off by the last digit of 30. So it
is not enough to look at the size of the result. Every value on the way is shaken by the same share of itself, far above
its last digit, and what comes of it is scaled down to that digit.

Source: the forward error of a calculation is that of each operation, times how the result hangs on it: Higham, Accuracy
and Stability of Numerical Algorithms, 2002, section 1.5; found by shaking: CADNA, Vignes 1993.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwork.gradients.nudging.moved import Moved, dense
from gradwork.gradients.nudging.passing import REARRANGING, passed
from gradwork.gradients.nudging.site import Site
from gradwork.gradients.nudging.structure import Structure
from gradwork.gradients.nudging.subject import Array
from gradwork.graph.run import spread

SHAKE = 2.0**-26
COLUMNS = 12  # so many times all is shaken at once, each value by another share
FROM_THE_START = -1
UNIT = 2.0**-53
LOGARITHMS = frozenset({"logsumexp", "log_softmax"})


class Rounded:
    """By how much nodes are off at the point: by the rounding of all that comes before them, or after a sum.

    All is shaken once: in the first columns every value, in the next ones those that come after the first of `sums`,
    and so on.
    """

    def __init__(self, structure: Structure, sums: Sequence[int]) -> None:
        self.structure = structure
        self.columns = {node: slice(COLUMNS * k, COLUMNS * (k + 1)) for k, node in enumerate((FROM_THE_START, *sums))}
        self.state: dict[int, Moved | None] = {}
        self._before: dict[int, Array] = {}
        self.generator = np.random.default_rng(5)
        moving = structure.graph.depends_on(structure.graph.inputs)
        for position, node in enumerate(structure.graph.nodes):
            if moving[position] and node.inputs:
                self.state[position] = self._shaken(position, node.inputs)

    def before(self, node: int) -> Array:
        """The error of every entry of a node."""
        if node not in self._before:
            self._before[node] = typical(self._change(node)[..., self.columns[FROM_THE_START]])
        return self._before[node]

    def after(self, sums: int, node: int) -> Array:
        """Of every entry of a node, on a last axis, samples of the error that comes of what lies between."""
        return self._change(node)[..., self.columns[sums]]

    def _change(self, node: int) -> Array:
        whole = spread(self.structure.values[node], self.structure.shapes[node])
        moved = self.state.get(node)
        return np.zeros((*whole.shape, self._count)) if moved is None else dense(moved, whole) - whole[..., None]

    @property
    def _count(self) -> int:
        return COLUMNS * len(self.columns)

    def _shaken(self, position: int, inputs: Sequence[int]) -> Moved | None:
        """What becomes of a value when it and all before it are off by a share of their sizes."""
        site = self.structure.site(position)
        moved = passed(site, [self.state.get(i) for i in inputs])
        if self.structure.graph.nodes[position].dtype.kind != "f" or site.op.name in REARRANGING:
            return moved
        whole = spread(site.value, site.shape)
        values = np.array(
            np.broadcast_to(whole[..., None], (*site.shape, self._count)) if moved is None else dense(moved, whole)
        )
        shares = self.generator.random((*site.shape, COLUMNS))
        shares -= 0.5
        shares *= (SHAKE * 12**0.5) * _size(site)[..., None]
        for start, columns in self.columns.items():
            if position > start:
                values[..., columns] += shares
        return Moved(site.shape, (), (), values)


def typical(change: Array) -> Array:
    """Of samples of an error, along the last axis, the size; scaled from what was shaken to what is rounded."""
    return np.asarray(np.sqrt(np.mean(change**2, axis=-1)) * (UNIT / SHAKE))


def _size(site: Site) -> Any:
    """The size of a value for its rounding: of a sum, that of all that is added up."""
    if site.op.name == "matmul":
        return np.matmul(np.abs(site.whole(0)), np.abs(site.whole(1)))
    if site.op.name in ("sum", "mean"):
        return site.op.function(np.abs(site.whole(0)), **site.params)
    if site.op.name in LOGARITHMS or site.op.name == "softmax":
        # Inside, scores are subtracted from each other, and what is small is added to 1.
        inside = np.max(np.abs(site.whole(0)), initial=0) + 1
        return spread(
            np.abs(site.value) * inside if site.op.name == "softmax" else np.abs(site.value) + inside, site.shape
        )
    return spread(np.abs(site.value), site.shape)
