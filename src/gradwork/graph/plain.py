"""Ordinary arrays that traced numbers are written into: `y = np.zeros(3)`, and then `y[0] = x` or `np.exp(x, out=y)`.

NumPy carries out such a write by itself, and asks the traced value for a plain number. It gets it, and from the next
instruction on the user's names for that array stand for a traced one with the same contents. That is right only where
every holder of the array is known: the text of the line says which array it is, and Python's reference counts say
whether anything else holds it. Where it is not known, the write is refused. See docs/decisions/0013.
"""

from __future__ import annotations

import functools
import sys
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.errors import SharedMemoryError, TracedValueError, Where
from gradwork.graph import frames, syntax, watching
from gradwork.graph.holding import ONE_HOLDER, Taking, owns_its_memory, taking_of

if TYPE_CHECKING:
    from gradwork.graph.builder import Builder
    from gradwork.graph.value import Traced

_WRITES_THROUGH = sys.version_info >= (3, 13)  # a frame's f_locals is the variables themselves, and no copy
WHY_SHARED = (
    "the array is held by another name, list or array too, or is a window on one; it keeps plain numbers, and "
    "what stands there would not see the traced ones"
)


class Writing(watching.UnderWay):
    """The writes of one instruction of the user's, until it is over."""

    def __init__(self, frame: FrameType, builder: Builder, written: syntax.Written | None = None) -> None:
        super().__init__(frame, builder)
        self.takings: list[Taking] = []
        self.written = written
        self.asked: list[Traced] = []

    def settle(self, frame: FrameType) -> None:
        """Put the traced arrays where the ordinary ones were held."""
        if self.written is not None:
            _write_again(self, frame)
        _hold_traced(self, frame)


# -- NumPy asks for plain numbers: y[0] = x ---------------------------------------------------------------------------


def may_be_written(value: Traced) -> bool:
    """Whether `value` stands where entries of an ordinary array are stored, and that array can be followed."""
    return _store_under_way(value) is not None


def is_being_written(value: Traced) -> bool:
    """As `may_be_written`, where NumPy now takes the number: it is noted."""
    now = _store_under_way(value)
    if now is None:
        return False
    now.asked.append(value)
    return True


def _store_under_way(value: Traced) -> Writing | None:
    if value.builder.depth or not value.builder.concrete:
        return None
    frame = frames.user_frame()
    if frame is None or syntax.opcode_at(frame) not in syntax.STORES:
        return None
    now = watching.under_way(value.builder, frame) or _started_store(value, frame)
    ours = isinstance(now, Writing) and now.written is not None and now.builder is value.builder
    return now if ours else None  # type: ignore[return-value]


def _started_store(value: Traced, frame: FrameType) -> Writing | None:
    written = syntax.written_at(frame)
    if written is None or not syntax.only_looks(written.key):
        return None
    scope = frame.f_locals
    taking = taking_of(written.base, frame, scope)
    frames.let_go(frame, scope)
    if taking is None:
        return None
    now = Writing(frame, value.builder, written)
    now.takings.append(taking)
    taking.traced = _traced_copy(value.builder, taking.array)
    watching.watch(now)
    return now


def _traced_copy(builder: Builder, array: Any) -> Traced:
    from gradwork.graph.traced import Traced

    return Traced(builder, builder.captured_array(array))


# -- a function is handed the array: np.exp(x, out=y), np.add.at(y, ...) ----------------------------------------------


def taken_over(array: Any, builder: Builder) -> Traced:
    """A traced array that the user's names for `array` stand for when the call that they are at is over.

    Raises SharedMemoryError where it is not known who holds the array.
    """
    frame = frames.user_frame()
    if frame is not None and isinstance(array, np.ndarray) and builder.concrete:
        scope = frame.f_locals
        taking = _handed(array, frame, scope)
        if taking is not None:
            taking.traced = _traced_copy(builder, taking.array)
            target: Any = taking.traced
            for link in taking.rest:
                target = syntax.step(target, link, frame, scope)
            frames.let_go(frame, scope)
            now = watching.under_way(builder, frame)
            if not isinstance(now, Writing):
                now = Writing(frame, builder)
                watching.watch(now)
            now.takings.append(taking)
            return target  # type: ignore[no-any-return]
        frames.let_go(frame, scope)
        if syntax.one_is_new(frame):
            return _traced_copy(builder, array)  # out=np.empty(3): nobody else has it
    raise shared()


def _handed(array: Any, frame: FrameType, scope: Any) -> Taking | None:
    for argument in syntax.arguments_at(frame):
        taking = taking_of(argument, frame, scope)
        if taking is None:
            continue
        value = taking.array
        try:
            for link in taking.rest:
                value = syntax.step(value, link, frame, scope)
        except Exception:
            continue
        if value is array or (isinstance(value, np.ndarray) and _same_window(value, array)):
            return taking
    return None


def _same_window(one: Any, other: Any) -> bool:
    first, second = one.__array_interface__, other.__array_interface__
    return bool(first["data"] == second["data"] and one.shape == other.shape and one.strides == other.strides)


def shared() -> Exception:
    """The error for a write that cannot reach everybody who holds the array."""
    return _shared_at(frames.user_where())


def _shared_at(where: Where | None) -> Exception:
    return SharedMemoryError(
        "this write would have to reach every name of an ordinary array, and can only reach one",
        where=where,
        why=WHY_SHARED,
        hint="y = y + x, which makes a new array; or start from np.zeros_like(x) of a traced x",
    )


def is_stored_next(target: Any) -> bool:
    """Whether `target` is the window of `y[1:] += x`, which Python stores to y[1:] next: then that is looked at."""
    frame = frames.user_frame()
    base = getattr(syntax.augmented_at(frame), "value", None) if frame is not None else None
    if frame is None or base is None:
        return False
    scope = frame.f_locals
    taking = taking_of(base, frame, scope)
    frames.let_go(frame, scope)
    return taking is not None and bool(np.may_share_memory(taking.array, target))


def lend(array: Any, traced: Traced) -> None:
    """Note that `holder.y += x` puts a traced array where an ordinary one was held, if that outlives the function."""
    frame = frames.user_frame()
    target = syntax.augmented_at(frame) if frame is not None else None
    if frame is not None and target is not None:
        scope = frame.f_locals
        taking = taking_of(target, frame, scope)
        frames.let_go(frame, scope)
        if taking is not None and taking.array is array and taking.hold is not None:
            traced.builder.borrowed.append((taking.hold, array, traced))


# -- when the instruction is over -------------------------------------------------------------------------------------


def _hold_traced(now: Writing, frame: FrameType) -> None:
    scope = frame.f_locals
    for taking in now.takings:
        array, taking.array = taking.array, None
        left = 0
        if taking.hold is not None:
            try:
                taking.hold(taking.traced)
            except Exception:  # a property, say, that cannot be set
                raise _shared_at(now.where) from None
        else:
            names = [name for name, value in scope.items() if value is array]
            for name in names:
                scope[name] = taking.traced
            left = 0 if _WRITES_THROUGH else len(names)
        if sys.getrefcount(array) > ONE_HOLDER - 1 + left or not owns_its_memory(array):
            raise _shared_at(now.where)
        if taking.hold is not None:
            now.builder.borrowed.append((taking.hold, array, taking.traced))


def _write_again(now: Writing, frame: FrameType) -> None:
    """Carry out `y[0] = x` on the traced array, as NumPy has on the ordinary one, and see that both are the same."""
    written, (taking,) = now.written, now.takings
    assert written is not None and taking.traced is not None, "a store under way has its target"
    before, now.builder.mark = now.builder.mark, now.where
    try:
        scope = dict(frame.f_locals)
        target: Any = taking.traced
        for link in taking.rest:
            target = syntax.step(target, link, frame, scope)
        key = syntax.evaluated(written.key, frame, scope)
        target[key] = _value_written(now, np.empty(target.shape, bool)[_plain_key(key)].shape, frame, scope)
    finally:
        now.builder.mark = before
    if not np.array_equal(taking.traced.value, taking.array, equal_nan=True):
        raise not_followed(now.where)


def _plain_key(key: Any) -> Any:
    from gradwork.graph.traced import Traced

    if isinstance(key, tuple):
        return tuple(map(_plain_key, key))
    return key.value if isinstance(key, Traced) else key


def _value_written(now: Writing, shape: tuple[int, ...], frame: FrameType, scope: Any) -> Any:
    """What was written, put together from the values that NumPy asked for their numbers, in its order."""
    asked, written = now.asked, now.written
    assert written is not None, "a store under way"
    count = int(np.prod(shape, dtype=np.int64))
    if sum(a.size for a in asked) == count:
        if len(asked) == 1:
            return asked[0]
        return np.reshape(np.concatenate([np.ravel(a) for a in asked]), shape)
    if len(asked) == 1 and syntax.never_a_list(written.value, frame, scope, (type(asked[0]), np.ndarray)):
        return asked[0]
    listed = syntax.elements(written.value)
    if listed is not None:
        waiting = iter(asked)
        parts = [next(waiting, None) if e is None else e for e in listed]
        if next(waiting, None) is None and None not in [p if isinstance(p, float) else id(p) for p in parts]:
            return np.array(parts, dtype=object)
    raise not_followed(now.where)


def not_followed(where: Where | None) -> Exception:
    """The error for a write whose text does not show what was written where."""
    return TracedValueError(
        "cannot follow what is written into an ordinary array here",
        where=where,
        why="the array keeps plain numbers, and which traced number went where cannot be seen from this line",
        hint="write one thing a line, y[i] = value, with the value and the position in names of their own; or start "
        "from np.zeros_like(x) of a traced x",
    )


def give_back(builder: Builder) -> None:
    """Put ordinary arrays, with what they hold now, where they were held outside the function's own variables."""
    for hold, array, traced in builder.borrowed:
        array[...] = traced.value
        hold(array)
    builder.borrowed = []


# What gives the memory of an array away. Of an array of objects that memory holds addresses, and no numbers: whoever
# read them would go on with numbers that nobody has computed, and with slopes of zero.
_LEAKS = frozenset({"tobytes", "tostring", "tofile", "dumps", "dump", "ctypes", "memoryview", "__array_interface__"})


def may_leave_as_bytes() -> bool:
    """Whether the user's function, at work now, reads the memory of some array."""
    frame = frames.user_frame()
    return frame is not None and _reads_memory(frame.f_code)


@functools.lru_cache(maxsize=1000)
def _reads_memory(code: CodeType) -> bool:
    return not _LEAKS.isdisjoint(code.co_names)
