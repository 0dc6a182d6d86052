"""`total += x` where `total` is an ordinary array: its name is bound to a traced one, if nobody else holds it."""

from __future__ import annotations

import functools
import sys
from typing import Any

import numpy as np

from gradwork.graph import frames, plain
from gradwork.graph.builder import Builder
from gradwork.graph.holding import owns_its_memory
from gradwork.graph.value import Traced


def check_target(target: Any, ufunc: Any, builder: Builder) -> None:
    """Refuse `target += traced` where another name or array would have seen the plain array change.

    The name is bound to a traced value then, and whoever else holds the array would go on seeing the old numbers.
    """
    if plain.is_stored_next(target):
        return
    frames.forget_locals()
    found = sys.getrefcount(target)
    if builder.counted is not None:
        builder.counted.append(found)
        return
    if found <= _references_of_one_name(ufunc is np.matmul) and owns_its_memory(target):
        return
    raise plain.shared()


@functools.cache
def _references_of_one_name(product: bool) -> int:
    """How many references Python counts, on the way through an in-place operator, for an array that one name holds."""
    builder = Builder()
    traced = Traced(builder, builder.input(np.zeros((1, 1)), None))
    builder.counted = [0]
    # Compiled under a name of its own: frames of this file do not count as the user's.
    text = f"def probe(traced):\n    array = np.zeros((1, 1))\n    array {'@=' if product else '+='} traced\n"
    names: dict[str, Any] = {"np": np}
    exec(compile(text, "<calibration>", "exec"), names)
    names["probe"](traced)
    return int(builder.counted[-1])
