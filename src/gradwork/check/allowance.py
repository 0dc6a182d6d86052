"""How much a right gradient may be off by its own rounding.

A gradient of float32 is right to float32's digits at best, and less where sums cancel. Where the function can be
traced, that is measured: the way back is run in single and in double precision, and the difference, scaled to the
precision that was used, is what rounding does here. Where it cannot, the given gradient function is asked again at
points that differ in the last place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, Graph
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op

Array = np.ndarray[Any, Any]
TIMES = 16.0  # rounding differs from one way of writing a sum to another
LEAST = 64.0  # units in the last place of an array's largest slope


def unit_of(dtype: Any) -> float:
    """Half the gap between 1 and the next number of a dtype; that of float64 for whole numbers."""
    return float(np.finfo(dtype).eps) / 2 if np.dtype(dtype).kind in "fc" else 2.0**-53


def least(slopes: Array, unit: float) -> Array:
    """What rounding amounts to at least: some units of the largest slope of the array."""
    largest = float(np.max(np.abs(slopes), initial=0.0, where=np.isfinite(slopes)))
    return np.full(np.shape(slopes), LEAST * unit * largest)


def by_precision(graph: Graph, inputs: Sequence[Any], outputs: Sequence[int], unit: float) -> list[Array] | None:
    """For each output, what rounding of `unit` amounts to; None where single precision cannot hold the numbers."""
    single = _run_in(graph, inputs, np.float32)
    double = _run_in(graph, inputs, np.float64)
    if single is None or double is None:
        return None
    found = []
    for i in outputs:
        a, b = np.asarray(single[i], float), np.asarray(double[i], float)
        with np.errstate(all="ignore"):
            gap = np.abs(a - b)
        if not np.isfinite(gap).all():
            return None
        amplified = float(np.max(gap, initial=0.0)) / 2.0**-24
        shape = graph.nodes[i].shape
        found.append(np.maximum(np.full(shape, TIMES * amplified * unit), least(np.broadcast_to(b, shape), unit)))
    return found


def _run_in(graph: Graph, inputs: Sequence[Any], dtype: Any) -> list[Any] | None:
    values: list[Any] = []
    slots = dict(zip(graph.inputs, inputs, strict=True))
    try:
        with np.errstate(all="ignore"):
            for position, node in enumerate(graph.nodes):
                if position in slots or node.op == CONSTANT:
                    value = slots[position] if position in slots else graph.constants[position]
                    values.append(_as(value, dtype))
                    continue
                # Whole numbers, such as positions in an image, stay whole.
                floats = node.op == "astype" and np.dtype(node.params["dtype"]).kind == "f"
                params = {**node.params, "dtype": np.dtype(dtype).str} if floats else node.params
                shapes = [graph.nodes[i].shape for i in node.inputs]
                value = apply_op(REGISTER.named(node.op), [values[i] for i in node.inputs], shapes, params)
                values.append(_as(value, dtype))
    except (ArithmeticError, ValueError, TypeError, LookupError):
        return None
    return values


def _as(value: Any, dtype: Any) -> Any:
    return np.asarray(value, dtype)[()] if np.asarray(value).dtype.kind == "f" else value


def by_asking_again(ask: Callable[[int], Mapping[str, Array] | None], first: Mapping[str, Array]) -> dict[str, Array]:
    """How far the given slopes move when the point moves by its last place: `ask(seed)` gives them there."""
    spread = {name: np.zeros(np.shape(a)) for name, a in first.items()}
    for seed in range(3):
        moved = ask(seed)
        for name, a in (moved or {}).items():
            if np.shape(a) == np.shape(first[name]):
                with np.errstate(all="ignore"):
                    spread[name] = np.fmax(spread[name], np.abs(np.asarray(a, float) - first[name]))
    return {n: np.full(s.shape, TIMES * float(np.max(s, initial=0.0, where=np.isfinite(s)))) for n, s in spread.items()}
