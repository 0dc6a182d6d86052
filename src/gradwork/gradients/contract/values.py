"""Tracing changes no value, no shape and no dtype; and shapes are known without values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.gradients.contract.samples import Broken, Case
from gradwork.graph.op import Composite, Op
from gradwork.graph.trace import trace_call


def value_kept(op: Op | Composite, case: Case) -> Iterator[Broken]:
    """Tracing a sample gives the value, the shape and the dtype of the plain function."""
    point = case.point if case.moving else []
    with np.errstate(all="ignore"):
        plain = case(*point)
        traced = trace_call(case, point) if point else None
    if traced is None:
        return
    (output,) = traced.graph.outputs
    value, node = traced.values[output], traced.graph.nodes[output]
    expected = np.asarray(plain)
    if node.shape != expected.shape or node.dtype != expected.dtype:
        yield Broken(
            "tracing keeps shape and dtype",
            case.text,
            f"{node.shape} {node.dtype}, not {expected.shape} {expected.dtype}",
        )
    elif not same_bits(np.broadcast_to(value, node.shape), expected, _slack(op)):
        yield Broken("tracing does not change a value", case.text, f"{value!r}, not {plain!r}")


def _slack(op: Op | Composite) -> int:
    """How many last places a composite may be off: NumPy sums some of them in another order."""
    return 4 if isinstance(op, Composite) and not op.exact else 0


def same_bits(value: Any, expected: Any, slack: int) -> bool:
    """Whether two values are the same to the bit, or, with `slack`, to so many last places."""
    if slack and expected.dtype.kind in "fc":
        return bool(np.allclose(value, expected, rtol=slack * np.finfo(expected.dtype).eps, atol=0, equal_nan=True))
    return np.ascontiguousarray(value).tobytes() == np.ascontiguousarray(expected).tobytes() or bool(
        np.array_equal(value, expected) and np.array_equal(np.signbit(np.real(value)), np.signbit(np.real(expected)))
    )


def shapes_known(op: Op, tried: Sequence[Case]) -> Iterator[Broken]:
    """What a rule in symbols needs: shapes and dtypes without values."""
    from gradwork.graph.builder import infer

    for case in tried:
        if not case.moving:
            continue
        traced = trace_call(case, case.point)
        graph = traced.graph
        for node in graph.nodes:
            if node.op != op.name:
                continue
            known = tuple((graph.nodes[i].shape, graph.nodes[i].dtype) for i in node.inputs)
            if any(d.kind == "b" for _, d in known) and not op.elementwise:
                continue  # how many entries a mask picks is in its values
            shape, dtype = infer(op, known, node.params)
            if (tuple(shape), np.dtype(dtype)) != (node.shape, node.dtype):
                yield Broken(
                    "shapes follow without values", case.text, f"{shape} {dtype}, not {node.shape} {node.dtype}"
                )
