"""Random starts that everybody draws alike.

Random numbers come from `random.Random(seed).random()` alone: Python promises that stream for all time, and promises
nothing of its other methods.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError

Array = np.ndarray[Any, Any]


class Stream:
    """Random numbers of one seed, in the order in which parameters are read."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.used: list[str] = []
        self._random = random.Random(seed).random

    def draw(self, shape: tuple[int, ...], init: str, scale: float | None, fans: tuple[int, int]) -> Array:
        """An array of one of the kinds in `INITS`. fans: how many numbers go into a unit, and come out of the layer.

        >>> Stream(0).draw((2,), "glorot", None, (3, 3)).round(4).tolist()
        [0.6888, 0.5159]
        """
        kind = INITS[init]
        count = math.prod(shape)
        if init != "zeros":
            self.used.append(init)
        return np.array([kind(self._random, scale, fans) for _ in range(count)], dtype=np.float64).reshape(shape)


def _uniform(draw: Callable[[], float], limit: float) -> float:
    return (2 * draw() - 1) * limit


def _normal(draw: Callable[[], float], scale: float) -> float:
    # Box and Muller: two uniform numbers make a normal one. 1 - u is never 0, so its logarithm is finite.
    radius = math.sqrt(-2 * math.log(1 - draw()))
    return scale * radius * math.cos(2 * math.pi * draw())


# Limits of the uniform kinds: Glorot and Bengio (2010) keep the variance both ways, He et al. (2015) that after relu.
INITS: dict[str, Callable[[Callable[[], float], float | None, tuple[int, int]], float]] = {
    "glorot": lambda draw, scale, fans: _uniform(draw, (scale or 1) * math.sqrt(6 / max(1, sum(fans)))),
    "he": lambda draw, scale, fans: _uniform(draw, (scale or 1) * math.sqrt(6 / max(1, fans[0]))),
    "uniform": lambda draw, scale, fans: _uniform(draw, 1 if scale is None else scale),
    "normal": lambda draw, scale, fans: _normal(draw, 1 if scale is None else scale),
    "zeros": lambda draw, scale, fans: 0.0,
}


def fans(shape: tuple[int, ...], layout: str = "rows") -> tuple[int, int]:
    """How many numbers go into each unit of a weight matrix, and how many units it has."""
    if len(shape) < 2:
        return (shape[0] if shape else 1), 1
    return (shape[-2], shape[-1]) if layout == "rows" else (shape[-1], shape[-2])


def drawn(
    leaves: Sequence[Any], init: str, scale: float | None, seed: int, layout: str = "rows", biases: Sequence[bool] = ()
) -> list[Any]:
    """Parameters of the same shapes, drawn at random.

    biases: which of them start at 0 with "glorot" and "he". By default those with fewer axes than a matrix, where there
    is a matrix; without one they are the weights themselves, and drawn.
    Raises ArgumentError for a kind that there is not.

    >>> weights, bias = drawn([np.zeros((2, 2)), np.ones(2)], "he", None, seed=0)
    >>> weights.round(3).tolist(), bias.tolist()
    ([[1.193, 0.894], [-0.275, -0.835]], [0.0, 0.0])
    """
    check(init, scale)
    layered = any(np.ndim(leaf) > 1 for leaf in leaves)
    zero = biases or [layered and np.ndim(leaf) < 2 for leaf in leaves]
    stream = Stream(seed)
    found: list[Any] = []
    for leaf, is_bias in zip(leaves, zero, strict=True):
        kind = "zeros" if is_bias and init in ("glorot", "he") else init
        array = stream.draw(np.shape(leaf), kind, scale, fans(np.shape(leaf), layout)).astype(leaf.dtype)
        found.append(array if array.ndim else array.dtype.type(array))
    return found


def check(init: Any, scale: Any) -> None:
    """Raise ArgumentError for a kind of start that there is not, and for a scale that is no number above 0."""
    if init is not None and init not in INITS:
        raise ArgumentError(f"there is no random start {init!r}", why=f"it is one of {', '.join(INITS)}", hint="glorot")
    if scale is None:
        return
    if init is None:
        raise ArgumentError("a scale of what?", why="init_scale belongs to a random start", hint='init="normal"')
    if isinstance(scale, bool) or not isinstance(scale, (int, float, np.number)) or not 0 < scale < math.inf:
        raise ArgumentError(f"init_scale cannot be {scale!r}", why="it is a finite number above 0")
