"""What is sent back, or carried forward: given values, held to the structure and the shapes that they belong to."""

from __future__ import annotations

from typing import Any

from gradwork.errors import ArgumentError, ShapeError
from gradwork.graph.trace import Trace, as_number
from gradwork.graph.traced import Traced
from gradwork.graph.tree import Structure


def seeds(traced: Trace, cotangent: Any) -> list[Any]:
    """What is sent back to each output. Raises ArgumentError for another structure, ShapeError for another shape."""
    leaves = leaves_in(traced.output, cotangent, "cotangent", "result")
    builder = traced.builder
    return [
        fitting(leaf, builder.shape(i), builder.dtype(i), "cotangent")
        for leaf, i in zip(leaves, traced.outputs, strict=True)
    ]


def leaves_in(structure: Structure, value: Any, what: str, like: str) -> list[Any]:
    """The leaves of `value`, in the order of a structure that it has to share."""
    try:
        return structure.leaves_of(value)
    except (ValueError, KeyError, TypeError) as error:
        raise ShapeError(
            f"the {what} has another structure than the {like}",
            why=f"{error.args[0]}; a {what} has one number for each number of the {like}",
        ) from None


def fitting(value: Any, shape: tuple[int, ...], dtype: Any, what: str) -> Any:
    """`value` as a number or array of `shape`. Raises ShapeError when it is another."""
    array = value if isinstance(value, Traced) else as_number(value)
    if array is None:
        raise ArgumentError(
            f"the {what} is {type(value).__name__}, and has to be a number or an array of shape {shape}"
        )
    if tuple(array.shape) != shape:
        raise ShapeError(f"the {what} has shape {tuple(array.shape)}, and belongs to a value of shape {shape}")
    if isinstance(array, Traced):
        return array
    return array.astype(dtype) if array.dtype != dtype and dtype.kind in "fc" and array.dtype.kind in "iubf" else array
