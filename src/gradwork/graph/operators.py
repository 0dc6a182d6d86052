"""The operators and array methods of traced values, each in terms of the NumPy function that it is.

They are given to the class by `install`, which is handed the doors that operations go through; so this file needs to
know nothing of the class itself.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Doors:
    """How an operation is carried out.

    call:      one NumPy function on any operands.
    apply:     the same for operands that are known to belong to one trace: the short way.
    write:     let a traced array stand for a new value from here on.
    get_item, set_item, astype_of: the functions behind indexing and `.astype`.
    array_function, array_ufunc: what NumPy calls, by its two protocols.
    """

    call: Callable[..., Any]
    apply: Callable[..., Any]
    write: Callable[..., Any]
    get_item: Callable[..., Any]
    set_item: Callable[..., Any]
    astype_of: Callable[..., Any]
    array_function: Callable[..., Any]
    array_ufunc: Callable[..., Any]


_NOTHING: dict[str, Any] = {}
PANDAS = 10_000  # above its tables' own: `table["x"] * value` is then left to the traced value
_BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "pow": np.power,
    "matmul": np.matmul, "floordiv": np.floor_divide, "mod": np.remainder,
    "divmod": np.divmod, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
}  # fmt: skip
_COMPARISONS = {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
}  # fmt: skip
_UNARY = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}
_METHODS = (
    "sum mean prod var std max min argmax argmin clip dot ravel swapaxes squeeze cumsum cumprod "
    "round any all trace diagonal take repeat argsort nonzero ptp searchsorted choose"
).split()


def install(cls: type, doors: Doors) -> None:
    """Give `cls` its operators and methods, and NumPy's protocols."""
    cls.__array_function__ = doors.array_function  # type: ignore[attr-defined]
    cls.__array_ufunc__ = doors.array_ufunc  # type: ignore[attr-defined]
    cls.__pandas_priority__ = PANDAS  # type: ignore[attr-defined]
    for name, function in _BINARY.items():
        setattr(cls, f"__{name}__", _forward(cls, function, doors))
        setattr(cls, f"__r{name}__", _reflected(function, doors))
        if name != "divmod":
            setattr(cls, f"__i{name}__", _in_place(function, doors))
    for name, function in _COMPARISONS.items():
        setattr(cls, f"__{name}__", _forward(cls, function, doors))
    for name, function in _UNARY.items():
        setattr(cls, f"__{name}__", _unary(function, doors))
    for name in _METHODS:
        setattr(cls, name, _method(getattr(np, name), doors))
    for name, method in _special_methods(doors).items():
        setattr(cls, name, method)


def _forward(cls: type, function: Any, doors: Doors) -> Any:
    call, apply = doors.call, doors.apply

    def forward(self: Any, other: Any) -> Any:
        kind = type(other)
        if kind is float or kind is int or (kind is cls and other.builder is self.builder):
            return apply(function, self.builder, (self, other))
        if function is np.multiply and _repeats(self, other):
            return other * operator.index(self)
        return call(function, (self, other), _NOTHING) if _operable(other) else NotImplemented

    return forward


def _reflected(function: Any, doors: Doors) -> Any:
    call, apply = doors.call, doors.apply

    def reflected(self: Any, other: Any) -> Any:
        if type(other) is float or type(other) is int:
            return apply(function, self.builder, (other, self))
        if function is np.multiply and _repeats(self, other):
            return other * operator.index(self)
        return call(function, (other, self), _NOTHING) if _operable(other) else NotImplemented

    return reflected


def _repeats(self: Any, other: Any) -> bool:
    """Whether a list is repeated, as by Python's and NumPy's whole numbers; an array multiplies its entries."""
    return isinstance(other, (list, tuple)) and self.builder.concrete and self.dtype.kind in "iu" and _is_scalar(self)


def _is_scalar(self: Any) -> bool:
    return not isinstance(self.builder.values[self._index], np.ndarray)


def _in_place(function: Any, doors: Doors) -> Any:
    def in_place(self: Any, other: Any) -> Any:
        if not _operable(other):
            return NotImplemented
        result = doors.call(function, (self, other), _NOTHING)
        # A number cannot change in place in Python: the name is bound to a new one. An array can.
        if not self.builder.concrete or _is_scalar(self):
            return result
        doors.write(self, result)
        return self

    return in_place


def _operable(other: Any) -> bool:
    return other is not None and not isinstance(other, (str, bytes, dict, set))


def _unary(function: Any, doors: Doors) -> Any:
    return lambda self: doors.call(function, (self,), {})


def _method(function: Any, doors: Doors) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return doors.call(function, (self, *args), kwargs)

    method.__name__ = function.__name__
    return method


def _special_methods(doors: Doors) -> dict[str, Any]:
    """Methods whose arguments differ from those of the function of that name."""
    call = doors.call

    def reshape(self: Any, *shape: Any, order: str = "C") -> Any:
        return call(np.reshape, (self, shape[0] if len(shape) == 1 else shape), {"order": order})

    def transpose(self: Any, *axes: Any) -> Any:
        return call(np.transpose, (self, axes[0] if len(axes) == 1 else axes or None), {})

    def flatten(self: Any, order: str = "C") -> Any:
        return call(np.copy, (call(np.ravel, (self,), {"order": order}),), {})

    def sort(self: Any, axis: int = -1, **options: Any) -> None:
        # The method sorts in place, where the function gives a sorted copy.
        doors.write(self, call(np.sort, (self, axis), options))

    def fill(self: Any, value: Any) -> None:
        self[...] = value

    def set_item(self: Any, key: Any, value: Any) -> None:
        if self.builder.concrete and not isinstance(self.builder.values[self.index], np.ndarray):
            raise TypeError("a single number does not support item assignment")
        doors.write(self, call(doors.set_item, (self, key, value), {}))

    return {
        "__setitem__": set_item,
        "__getitem__": lambda self, key: call(doors.get_item, (self, key), {}),
        "reshape": reshape,
        "transpose": transpose,
        "flatten": flatten,
        "sort": sort,
        "fill": fill,
        "copy": lambda self, order="C": call(np.copy, (self, order), {}),
        "astype": lambda self, dtype, **options: call(doors.astype_of, (self, dtype), {}),
        "conj": lambda self: call(np.conjugate, (self,), {}),
        "conjugate": lambda self: call(np.conjugate, (self,), {}),
        "compress": lambda self, condition, *args, **options: call(np.compress, (condition, self, *args), options),
        "put": lambda self, *args, **options: call(np.put, (self, *args), options),
    }
