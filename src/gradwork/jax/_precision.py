"""The precision in which a function of JAX is nudged, and its gradient in the precision in which it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from gradwork.check.check import Check
from gradwork.check.given import Array
from gradwork.check.promises import by_its_own, in_its_own, listed
from gradwork.jax._subject import Subject

DRAWS = 4  # points a last place away


def precision(subject: Subject) -> Iterator[str]:
    if subject.narrow and subject.wide:
        yield f"{listed(subject.narrow)} is nudged, and gone back through, in float64"
    elif subject.narrow:
        kinds = listed(subject.narrow)
        yield f"it does not work in float64, so it is nudged in {kinds}: what is smaller than its rounding is not seen"


def as_used(found: Check, subject: Subject) -> tuple[Check, str]:
    """The gradient in its own precision."""
    own = replace(subject, wide=False)

    def gradients(values: Mapping[str, Any]) -> dict[str, Array]:
        return {n: np.asarray(g, dtype=np.float64) for n, g in own.sent_back(values, own.weights()).items()}

    try:
        point = own.point
        first = gradients(point)
        moved = [gradients(_shaken(point, seed)) for seed in range(DRAWS)]
    except (TypeError, ValueError):
        return found, ""
    unit = max([2.0**-24, *(float(jnp.finfo(v.dtype).eps) / 2 for v in point.values())])
    return by_its_own(found, in_its_own(first, moved, unit, found.verdicts), subject.narrow)


def _shaken(point: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Every entry moved by its last place, or not."""
    generator = np.random.default_rng(seed)
    found = {}
    for name, value in point.items():
        steps = jnp.asarray(generator.integers(-1, 2, np.shape(value)), value.dtype)
        found[name] = (value + value * steps * float(jnp.finfo(value.dtype).eps)).astype(value.dtype)
    return found
