"""The value that stands in for an array while a function is traced.

It goes through both NumPy protocols, the operators and the array methods, and every operation on it becomes a node.
Where Python itself asks for a plain value, it either answers and notes the decision as a guard (`if x > 0`), or says
on the user's own line why it cannot (`float(x)`). Nothing is ever silently constant.
"""

from __future__ import annotations

import functools
import operator
import re
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.errors import GradworkError, MissingRuleError, SharedMemoryError, TracedValueError
from gradwork.graph import frames
from gradwork.graph.builder import Builder, escaped
from gradwork.graph.graph import NO_PARAMS, Params
from gradwork.graph.op import REGISTER, Op
from gradwork.graph.operators import Doors, install


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
        return int(np.prod(self.shape, dtype=np.int64))

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
        return iter(np.ravel(self))

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

    # -- the NumPy protocols ----------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__":
            if "out" in kwargs:
                check_target(kwargs["out"][0], ufunc)
            return call(ufunc, inputs, kwargs)
        replacement = _UFUNC_METHODS.get((ufunc, method))
        if replacement is None:
            raise _no_rule(f"np.{ufunc.__name__}.{method}")
        if method in ("reduce", "accumulate") and len(inputs) == 1 and "axis" not in kwargs:
            kwargs["axis"] = 0
        if replacement is _logsumexp:
            return _logsumexp(*inputs, axis=kwargs["axis"], keepdims=kwargs.get("keepdims", False))
        return call(replacement, inputs, {k: v for k, v in kwargs.items() if not (k == "out" and v is None)})

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return call(function, args, kwargs)

    @property
    def __array__(self) -> Callable[..., Any]:
        """Whole numbers and truth values may leave the trace, under guard, since they have no slope."""
        if self.dtype.kind in "biu" and self.builder.concrete:
            return self._leave
        # NumPy reads a missing attribute as "one object"; lists of traced values become arrays of objects, which
        # are taken back when they meet an operation again.
        raise AttributeError("__array__")

    def _leave(self, dtype: Any = None, copy: Any = None) -> Any:
        self._check_open()
        value = np.asarray(self.value)
        self.builder.mark = frames.user_mark()
        self.builder.guard(self.index, value.copy())
        return value.astype(dtype) if dtype is not None else value.copy()

    def __getattr__(self, name: str) -> Any:
        # An array of objects asks each of its objects for a method named as the ufunc: np.exp -> .exp().
        function = None if name.startswith("_") else getattr(np, name, None)
        if isinstance(function, np.ufunc) and function.nin == 1:
            return lambda: function(self)
        if hasattr(np.ndarray, name) and not name.startswith("__"):
            raise _no_rule(f"the array method .{name}")
        raise AttributeError(f"an array has no attribute {name!r}")

    # -- where Python asks for a plain value --------------------------------------------------------------------------

    def __bool__(self) -> bool:
        self._check_open()
        if not self.builder.concrete:
            raise TracedValueError(
                "a rule cannot decide by a value here",
                where=frames.user_where(),
                why="no values are known while a rule is being written out in symbols",
                hint="np.where(condition, a, b)",
            )
        outcome = bool(self.value)
        self.builder.mark = frames.user_mark()
        self.builder.guard(self.index, outcome)
        return outcome

    def __index__(self) -> int:
        self._check_open()
        if self.dtype.kind in "iu" and self.builder.concrete:
            outcome = operator.index(self.value)
            self.builder.mark = frames.user_mark()
            self.builder.guard(self.index, outcome)
            return outcome
        raise self._refusal(
            "a whole number (an index, or the end of a range)", "int(...) of a number that is not traced"
        )

    def __int__(self) -> int:
        if self.dtype.kind in "iub":
            return int(self.__index__()) if self.dtype.kind != "b" else int(bool(self))
        raise self._refusal("a whole number", "np.floor(x), which keeps the trace")

    def __float__(self) -> float:
        raise self._refusal("a plain float", "leave float(...) out: the traced value can be used as a number")

    def __complex__(self) -> complex:
        raise self._refusal("a plain complex number", "x * (1 + 0j)")

    def item(self, *_: Any) -> Any:
        raise self._refusal("a plain number", "leave .item() out: the traced value can be used as a number")

    def tolist(self) -> Any:
        raise self._refusal("a plain list", "leave .tolist() out, or list(x), which keeps the trace")

    def __round__(self, digits: int | None = None) -> Any:
        return np.round(self, digits or 0)

    def __floor__(self) -> Any:
        return np.floor(self)

    def __ceil__(self) -> Any:
        return np.ceil(self)

    def __trunc__(self) -> Any:
        return np.trunc(self)

    def __reduce__(self) -> Any:
        raise TracedValueError(
            "a traced value cannot be pickled", where=frames.user_where(), hint="return it, and pickle what comes back"
        )

    def _refusal(self, wanted: str, hint: str) -> GradworkError:
        self._check_open()
        where = frames.user_where()
        line = where.source() if where else ""
        headline = f"a traced value cannot become {wanted}"
        found = re.search(r"\b(?:math|cmath)\.(\w+)\s*\(", line)
        if found:
            headline = f"math.{found[1]} cannot take a traced value"
            hint = f"np.{_NUMPY_NAMES.get(found[1], found[1])}, which takes numbers and arrays alike"
        elif re.search(r"\]\s*(?:[-+*/@%&|^]|\*\*|//)?=[^=]", line):
            headline = "cannot write a traced number into an ordinary array"
            hint = "np.stack([...]) of the pieces, or start from np.zeros_like(x) of a traced x"
        return TracedValueError(
            headline,
            where=where,
            why="the plain number would be a constant, and the step from x to it would be lost",
            hint=hint,
        )

    def _check_open(self) -> None:
        if not self.builder.open:
            raise escaped()

    # -- writing ----------------------------------------------------------------------------------------------------

    def __setitem__(self, key: Any, value: Any) -> None:
        if self.builder.concrete and not isinstance(self.builder.values[self.index], np.ndarray):
            raise TypeError("a single number does not support item assignment")
        write(self, call(set_item, (self, key, value), {}))

    def __hash__(self) -> int:
        return id(self)


def check_target(target: Any, ufunc: Any) -> None:
    """Refuse `target += traced` where another name or array would have seen the plain array change.

    The name is bound to a traced value then, and whoever else holds the array would go on seeing the old numbers.
    """
    if isinstance(target, Traced) or not frames.in_place_operator():
        return
    frames.forget_locals()
    found = sys.getrefcount(target)
    counted = getattr(_calibration, "counted", None)
    if counted is not None:
        counted.append(found)
        return
    if found <= _references_of_one_name(ufunc is np.matmul) and _owns_its_memory(target):
        return
    raise SharedMemoryError(
        "this write would have to reach every name of an ordinary array, and can only reach one",
        where=frames.user_where(),
        why="the array is held by another name, list or array too, or is a window on one; it keeps plain numbers, and "
        "what stands there would not see the traced ones",
        hint="y = y + x, which makes a new array; or start from np.zeros_like(x) of a traced x",
    )


_calibration = threading.local()


def _owns_its_memory(array: Any) -> bool:
    # The base of `np.zeros(6).reshape(2, 3)` is held by nobody else: one reference from the array, one from here.
    base = array.base
    return base is None or (isinstance(base, np.ndarray) and sys.getrefcount(base) <= _ONE_AND_ITS_USE)


_ONE_AND_ITS_USE = 3


@functools.cache
def _references_of_one_name(product: bool) -> int:
    """How many references Python counts, on the way through an in-place operator, for an array that one name holds."""
    builder = Builder()
    traced = Traced(builder, builder.input(np.zeros((1, 1)), None))
    _calibration.counted = [0]
    try:
        # Compiled under a name of its own: frames of this file do not count as the user's.
        text = f"def probe(traced):\n    array = np.zeros((1, 1))\n    array {'@=' if product else '+='} traced\n"
        names: dict[str, Any] = {"np": np}
        exec(compile(text, "<calibration>", "exec"), names)
        names["probe"](traced)
        return int(_calibration.counted[-1])
    finally:
        _calibration.counted = None


def set_item(target: Any, key: Any, value: Any) -> Any:
    """A copy of `target` in which the entries at `key` are `value`: what `target[key] = value` means in a graph."""
    changed = np.array(target)
    changed[key] = value
    return changed


def get_item(target: Any, key: Any) -> Any:
    """`target[key]`."""
    return target[key]


def astype_of(target: Any, dtype: Any) -> Any:
    """`target.astype(dtype)`."""
    return np.asarray(target).astype(dtype)


def call(function: Any, args: Any, kwargs: Any) -> Any:
    """Carry out one NumPy function on traced values: the one door through which every operation goes."""
    builder = innermost(args, kwargs)
    if not builder.open:
        raise escaped()
    lower = REGISTER.lowering(function)
    if lower is None:
        raise _no_rule(_function_name(function))
    if builder.depth:
        return lower(builder, *args, **kwargs)
    return _outermost(builder, lower, args, kwargs)


def apply(function: Any, builder: Builder, operands: tuple[Any, ...]) -> Any:
    """As `call`, where the innermost trace is known and nothing is passed by name: the operators' way."""
    if not builder.open:
        raise escaped()
    lower = REGISTER.by_function[function]
    return lower(builder, *operands) if builder.depth else _outermost(builder, lower, operands, _NOTHING)


def _outermost(builder: Builder, lower: Any, args: Any, kwargs: Any) -> Any:
    """Carry out one operation of the user's: what it adds points at their line."""
    before = builder.mark
    if before is None or before.__class__ is frames.Mark:
        builder.mark = frames.user_mark()  # otherwise a formula has set the place already
    builder.depth = 1
    try:
        result = lower(builder, *args, **kwargs)
    finally:
        builder.depth = 0
        builder.mark = before
    if result.__class__ is Traced:
        builder.results.add(result._index)
    return result


_NOTHING: dict[str, Any] = {}


def innermost(args: Any, kwargs: Any) -> Builder:
    """The builder of the innermost trace among the arguments, looked for in lists and tuples too."""
    if len(args) == 1 and not kwargs and args[0].__class__ is Traced:
        return args[0].builder
    found: Builder | None = None
    waiting: list[Any] = [*args, *kwargs.values()]
    while waiting:
        item = waiting.pop()
        kind = item.__class__
        if kind is Traced:
            if found is None or item.builder.level > found.level:
                found = item.builder
        elif kind in _ALONE:
            continue
        elif kind is np.ndarray:
            if item.dtype.kind == "O":
                waiting.extend(item.ravel().tolist())
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item.values())
    assert found is not None, "a traced value is among the arguments, or we would not be here"
    return found


_ALONE = frozenset((int, float, bool, str, type(None), np.float64))


def lift(builder: Builder, value: Any, like: tuple[int, ...] | None = None, dtype: Any = None) -> int:
    """The node that stands for `value` in `builder`.

    like:  the shape that a bare Python number is to stand for.
    dtype: the dtype that a bare Python number takes on beside others (they are weak, as in NumPy).
    """
    if value.__class__ is Traced:
        if value.builder is builder:
            return value.index
        if not value.builder.open:
            raise escaped()
        if value.builder.level < builder.level:
            return builder.capture(value, value.index)
        raise escaped()
    if isinstance(value, (bool, int, float, complex)):
        return builder.constant(np.asarray(value, dtype)[()], shape=like)
    if isinstance(value, np.generic):
        return builder.constant(value, shape=like)
    if isinstance(value, (list, tuple)) and contains_traced(value):
        return _stack(builder, list(value))
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype == object:
        return _absorb(builder, array)
    return builder.captured_array(array)


def contains_traced(value: Any) -> bool:
    """Whether a traced value stands somewhere in nested lists and tuples, or in an array of objects."""
    if isinstance(value, Traced):
        return True
    if isinstance(value, (list, tuple)):
        return any(map(contains_traced, value))
    return isinstance(value, np.ndarray) and value.dtype == object and any(map(contains_traced, value.ravel().tolist()))


def _stack(builder: Builder, items: list[Any]) -> int:
    result = call(np.stack, ([Traced(builder, lift(builder, i)) for i in items],), {})
    return int(result.index)


def _absorb(builder: Builder, array: np.ndarray[Any, Any]) -> int:
    items = array.ravel().tolist()
    if not any(isinstance(i, Traced) for i in items):
        raise TracedValueError(
            "an array of Python objects is not an array of numbers",
            where=frames.user_where(),
            hint="np.asarray(values, dtype=float)",
        )
    if array.ndim == 0:
        return lift(builder, items[0])
    stacked = Traced(builder, _stack(builder, items))
    return int(stacked.index if array.ndim == 1 else call(np.reshape, (stacked, array.shape), {}).index)


def write(target: Traced, new: Any) -> None:
    """Let `target` stand for `new` from here on, and every view of its memory with it."""
    builder = target.builder
    if new.shape != target.shape:
        raise ValueError(
            f"non-broadcastable output operand with shape {target.shape} doesn't match the broadcast shape {new.shape}"
        )
    index = new.index
    if new.dtype != target.dtype:
        if not np.can_cast(new.dtype, target.dtype, "same_kind"):
            raise TypeError(
                f"Cannot cast output from dtype('{new.dtype}') to dtype('{target.dtype}') with casting rule 'same_kind'"
            )
        index = builder.emit(REGISTER.named("astype"), (index,), Params(dtype=str(target.dtype)))
    same_layout = _same_layout(builder, target.index, index)
    if target._view is not None:
        base, op, params = target._view
        write(base, _write_back(builder, base, op, params, Traced(builder, index)))
        if same_layout:  # otherwise it is read again from its base, in the layout that it has there
            target._index, target._seen = index, base.version
    else:
        if not same_layout:
            index = builder.emit(REGISTER.named("setitem"), (target.index, index), Params(index=(Ellipsis,)))
        target._index = index
    target.version += 1
    builder.results.add(index)


def _same_layout(builder: Builder, old: int, new: int) -> bool:
    """Whether two nodes lie in memory alike: whether a reshape is a window or a copy hangs on that."""
    if not builder.concrete:
        return True
    before, after = builder.values[old], builder.values[new]
    if not isinstance(before, np.ndarray) or not isinstance(after, np.ndarray):
        return True
    return before.strides == after.strides


def _write_back(builder: Builder, base: Traced, op: str, params: Params, new: Traced) -> Traced:
    """The base of a view, once `new` stands where the view was."""
    if op == "getitem":
        position = builder.emit(REGISTER.named("setitem"), (base.index, new.index), Params(index=params["index"]))
        return Traced(builder, position)
    pullback = REGISTER.named(op).pullback
    assert pullback is not None, "a view moves entries about, and its pullback moves them back"
    (moved,) = pullback(new, new, base, **params)
    return moved  # type: ignore[no-any-return]


def _no_rule(what: str) -> GradworkError:
    return MissingRuleError(
        f"{what} has no rule here yet",
        where=frames.user_where(),
        why="gradwork does not know how a change passes through it",
        hint="write it with functions from `gradwork ops`, or give its rule with gw.custom_rule(f, pullback)",
    )


def _function_name(function: Any) -> str:
    module = (getattr(function, "__module__", "") or "").replace("numpy", "np")
    name = getattr(function, "__name__", str(function))
    return f"{module or 'np'}.{name}"


_NUMPY_NAMES = {
    "pow": "power",
    "fabs": "abs",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "fsum": "sum",
    "dist": "linalg.norm",
    "gamma": "exp",
}


def _logsumexp(a: Any, **options: Any) -> Any:
    return REGISTER.by_word["logsumexp"](a, **options)


_UFUNC_METHODS: dict[Any, Any] = {
    (np.add, "reduce"): np.sum,
    (np.multiply, "reduce"): np.prod,
    (np.maximum, "reduce"): np.max,
    (np.minimum, "reduce"): np.min,
    (np.add, "accumulate"): np.cumsum,
    (np.multiply, "accumulate"): np.cumprod,
    (np.logaddexp, "reduce"): _logsumexp,
    (np.add, "at"): np.add.at,
    **{(f, "outer"): f.outer for f in (np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum)},
}


install(Traced, Doors(call, apply, write, get_item, astype_of))


def node(builder: Builder, op: Op, operands: tuple[Any, ...], **params: Any) -> Traced:
    """Add `op` on operands (traced values or nodes) and give the traced result. For lowerings."""
    inputs = tuple([lift(builder, o) for o in operands])
    frozen = Params(params) if params else NO_PARAMS
    index = builder.emit(op, inputs, frozen)
    if (
        op.view
        and isinstance(operands[0], Traced)
        and operands[0].builder is builder
        and _shares(builder, index, inputs[0])
    ):
        return Traced(builder, index, view=(operands[0], op.name, frozen))
    return Traced(builder, index)


def _shares(builder: Builder, view: int, base: int) -> bool:
    """Whether NumPy gave a window on the same memory here: a reshape, for one, is sometimes a copy."""
    if not builder.concrete:
        return False
    value = builder.values[view]
    return value.__class__ is np.ndarray and np.may_share_memory(value, builder.values[base])
