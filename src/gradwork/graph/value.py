"""The value that stands in for an array while a function is traced.

What it is, and what it answers where Python itself asks for a plain value: either that value, with the decision noted
as a guard (`if x > 0`), or an error on the user's own line (`float(x)`). How operations on it become nodes is in
`calling`, `operators` and `writing`; `traced` puts the pieces together.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.errors import MissingRuleError, TracedValueError
from gradwork.graph import conversions, frames, plain
from gradwork.graph.builder import Builder, escaped
from gradwork.graph.graph import Params
from gradwork.graph.op import REGISTER
from gradwork.graph.refusals import no_rule, no_values, not_plain

_IS_SCALAR = np.isscalar.__code__


class Traced:
    """A number or array under trace. Behaves as the array does; see the module's text for the exceptions."""

    __slots__ = ("__weakref__", "_index", "_seen", "_view", "builder", "version")
    __array_priority__ = 1000.0

    if TYPE_CHECKING:
        # Installed below, from the NumPy functions that they are.
        def __add__(self, other: Any) -> Any: ...
        def __radd__(self, other: Any) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...
        def __rsub__(self, other: Any) -> Any: ...
        def __mul__(self, other: Any) -> Any: ...
        def __rmul__(self, other: Any) -> Any: ...
        def __truediv__(self, other: Any) -> Any: ...
        def __rtruediv__(self, other: Any) -> Any: ...
        def __pow__(self, other: Any) -> Any: ...
        def __rpow__(self, other: Any) -> Any: ...
        def __matmul__(self, other: Any) -> Any: ...
        def __rmatmul__(self, other: Any) -> Any: ...
        def __floordiv__(self, other: Any) -> Any: ...
        def __mod__(self, other: Any) -> Any: ...
        def __and__(self, other: Any) -> Any: ...
        def __or__(self, other: Any) -> Any: ...
        def __xor__(self, other: Any) -> Any: ...
        def __lt__(self, other: Any) -> Any: ...
        def __le__(self, other: Any) -> Any: ...
        def __gt__(self, other: Any) -> Any: ...
        def __ge__(self, other: Any) -> Any: ...
        def __getitem__(self, other: Any) -> Any: ...
        def __setitem__(self, key: Any, other: Any) -> None: ...
        def __neg__(self) -> Any: ...
        def __abs__(self) -> Any: ...
        def __invert__(self) -> Any: ...
        def astype(self, dtype: Any) -> Any: ...

    def __init__(self, builder: Builder, index: int, view: tuple[Traced, str, Params] | None = None) -> None:
        self.builder = builder
        self._index = index
        self.version = 0
        self._view = view
        self._seen = view[0].version if view else 0

    # -- what it is -------------------------------------------------------------------------------------------------

    @property
    def index(self) -> int:
        """The node that it stands for now. A view whose base was written to is read again."""
        if self._view is not None:
            base, op, params = self._view
            current = base.index
            if base.version != self._seen:
                self._index = self.builder.emit(REGISTER.named(op), (current,), params)
                self._seen = base.version
                self.version += 1  # views of this view are to be read again too
        return self._index

    @property
    def value(self) -> Any:
        """The plain value behind it."""
        return self.builder.full_value(self.index)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.builder.shape(self._index)

    @shape.setter
    def shape(self, shape: Any) -> None:
        raise MissingRuleError(
            "setting .shape of a traced array is not supported", where=frames.user_where(), hint="y = y.reshape(...)"
        )

    @property
    def dtype(self) -> Any:
        return self.builder.dtype(self._index)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def T(self) -> Any:
        return np.transpose(self)

    @property
    def mT(self) -> Any:
        return np.swapaxes(self, -1, -2)

    @property
    def real(self) -> Any:
        return np.real(self) if self.dtype.kind == "c" else self

    @property
    def imag(self) -> Any:
        return np.imag(self)

    @property
    def flat(self) -> Any:
        return Flat(self)

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def itemsize(self) -> int:
        return int(self.dtype.itemsize)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """To the user's code, what the plain value is: so that `isinstance(x, np.ndarray)` decides as it would."""
        frame = sys._getframe(1)
        if frames.is_hidden(frame) and frame.f_code is not _IS_SCALAR:
            return Traced
        if self._index in self.builder.whole:
            return int
        stored = self.builder.values[self._index] if self.builder.concrete else None
        return np.ndarray if self.shape or isinstance(stored, np.ndarray) else self.dtype.type

    def __repr__(self) -> str:
        if not self.builder.concrete:
            return f"<traced value, shape {self.shape}>"
        return f"<traced {self.value!r}>"

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else repr(self)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a single number")
        return (self[i] for i in range(self.shape[0]))

    # -- leaving the trace -------------------------------------------------------------------------------------------

    @property
    def __array__(self) -> Callable[..., Any]:
        """Whole numbers and truth values may leave the trace, under guard, since they have no slope."""
        if self.builder.concrete:
            if self.dtype.kind in "biu":
                return self._leave
            if self.shape and (plain.may_be_written(self) or conversions.may_be_converted(self)):
                return self._written
            if self.shape and plain.may_leave_as_bytes():
                raise self._refusal("bytes", "work with the array itself; its bytes have no slope")
        # NumPy reads a missing attribute as "one object"; lists of traced values become arrays of objects, which
        # are taken back when they meet an operation again.
        raise AttributeError("__array__")

    def _leave(self, dtype: Any = None, copy: Any = None) -> Any:
        value = np.array(self._guarded())
        return value.astype(dtype) if dtype is not None else value

    def _written(self, dtype: Any = None, copy: Any = None) -> Any:
        if not (plain.is_being_written(self) or conversions.is_being_converted(self)):
            raise self._refusal("a plain array", "leave the conversion out: the traced value can be used as an array")
        return np.array(self.value, dtype)

    def _guarded(self) -> Any:
        """The plain value, with the decision noted that from here on hangs on it."""
        self._check_open()
        value = np.array(self.value)[()]
        self.builder.mark = frames.user_mark()
        self.builder.guard(self.index, value)
        return value

    def __getattr__(self, name: str) -> Any:
        # An array of objects asks each of its objects for a method named as the ufunc: np.exp -> .exp().
        function = None if name.startswith("_") else getattr(np, name, None)
        if isinstance(function, np.ufunc) and function.nin == 1:
            return lambda: function(self)
        if hasattr(np.ndarray, name) and not name.startswith("__"):
            raise no_rule(f"the array method .{name}")
        if hasattr(np.float64, name) and not name.startswith("__"):
            raise self._refusal(f"a plain float with .{name}", "a NumPy function in its place")
        raise AttributeError(f"an array has no attribute {name!r}")

    # -- where Python asks for a plain value --------------------------------------------------------------------------

    def __bool__(self) -> bool:
        self._check_open()
        if not self.builder.concrete:
            raise no_values()
        outcome = bool(self.value)
        self.builder.mark = frames.user_mark()
        self.builder.guard(self.index, outcome)
        return outcome

    def __index__(self) -> int:
        self._check_open()
        if self.dtype.kind in "iu" and self.builder.concrete:
            return operator.index(self._guarded())
        if self._index in self.builder.whole:
            return int(self._guarded())
        raise self._refusal(
            "a whole number (an index, or the end of a range)", "int(...) of it, or of a number that is not traced"
        )

    def __int__(self) -> int:
        return self._whole(np.trunc)

    def __floor__(self) -> Any:
        return self._whole(np.floor)

    def __ceil__(self) -> Any:
        return self._whole(np.ceil)

    def __trunc__(self) -> Any:
        return self._whole(np.trunc)

    def __round__(self, digits: int | None = None) -> Any:
        return np.round(self, digits or 0) if digits is not None or self.shape else self._whole(np.round)

    def _whole(self, rounded: Callable[[Any], Any]) -> int:
        """A whole number may leave the trace: it stays the same when the value moves a little, and has no slope."""
        self._check_open()
        if not self.builder.concrete:
            raise no_values()
        return int((self if self.dtype.kind in "biu" else rounded(self))._guarded())

    def __float__(self) -> float:
        self._check_open()
        if self.builder.concrete:
            if self.dtype.kind in "biu":
                return float(self._guarded())
            if (
                plain.is_being_written(self)
                or conversions.is_being_converted(self)
                or (not self.shape and frames.in_text_formatting())
            ):
                return float(self.value)
        raise self._refusal("a plain float", "leave float(...) out: the traced value can be used as a number")

    def __complex__(self) -> complex:
        if self.builder.concrete and plain.is_being_written(self):
            return complex(self.value)
        raise self._refusal("a plain complex number", "x * (1 + 0j)")

    def item(self, *index: Any) -> Any:
        """One entry; as everywhere, it keeps its trace."""
        if not index:
            return np.reshape(self, ())
        return np.ravel(self)[index[0]] if len(index) == 1 and not isinstance(index[0], tuple) else self[index]

    def tolist(self) -> Any:
        """Its entries in nested lists; as everywhere, they keep their trace."""
        return [entry.tolist() for entry in self] if self.shape else self

    def __copy__(self) -> Any:
        return np.copy(self)

    def __deepcopy__(self, _: Any) -> Any:
        return np.copy(self)

    def __reduce__(self) -> Any:
        raise TracedValueError(
            "a traced value cannot be pickled", where=frames.user_where(), hint="return it, and pickle what comes back"
        )

    def _refusal(self, wanted: str, hint: str) -> Exception:
        self._check_open()
        return not_plain(wanted, hint)

    def _check_open(self) -> None:
        if not self.builder.open:
            raise escaped()

    def __hash__(self) -> int:
        return id(self)


class Flat:
    """The entries of a traced array in order, as `array.flat` has them."""

    def __init__(self, array: Traced) -> None:
        self.array = array

    def __iter__(self) -> Iterator[Any]:
        return iter(np.ravel(self.array))

    def __len__(self) -> int:
        return self.array.size

    @property
    def shape(self) -> tuple[int]:
        return (self.array.size,)

    def __getitem__(self, key: Any) -> Any:
        return np.ravel(self.array)[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        places = np.arange(self.array.size)[key]
        several = np.ndim(value) and np.ndim(places)  # they are used over and over, as often as there are places
        self.array[np.unravel_index(places, self.array.shape)] = np.resize(value, places.shape) if several else value
