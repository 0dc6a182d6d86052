"""The gradient in the precision in which it is used: there, and at points a last place away."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from gradwork.check.promises import Own, in_its_own
from gradwork.check.verdicts import Verdict
from gradwork.torch._subject import Subject
from gradwork.torch._tensors import Array, array_of, unit_of

DRAWS = 4  # points a last place away


def as_used(subject: Subject, verdicts: Mapping[str, Verdict]) -> Own | None:
    """Run it in its own precision; None where it cannot be run there."""
    own = subject.narrowed()
    point = own.point
    try:
        first = _gradients(own, point)
        moved = [_gradients(own, _shaken(point, seed)) for seed in range(DRAWS)]
    except (RuntimeError, TypeError, ValueError):
        return None
    # In a function of doubles that works in float32 inside, float32's digits are all that there is.
    unit = max([2.0**-24, *(unit_of(v.dtype) for v in point.values())])
    return in_its_own(first, moved, unit, verdicts)


def _gradients(subject: Subject, point: Mapping[str, torch.Tensor]) -> dict[str, Array]:
    found = subject.backward(point, subject.weights())
    return {
        n: np.zeros(array_of(point[n]).shape) if g is None else np.asarray(array_of(g), dtype=np.float64)
        for n, g in found.items()
    }


def _shaken(point: Mapping[str, torch.Tensor], seed: int) -> dict[str, torch.Tensor]:
    """Every entry moved by its last place, or not."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, value in point.items():
        steps = torch.randint(-1, 2, tuple(value.shape), generator=generator).to(value.device)
        found[name] = (value + value * (2 * unit_of(value.dtype) * steps)).to(value.dtype)
    return found
