"""`x = float(x)`, `x = np.asarray(x, dtype=float)`, `return float(loss)`: the name, or the result, keeps its trace.

Python makes a plain number of what it is given. Where that number is all that is assigned to a name, or all that the
traced function returns, the name or the result stands for the traced value instead. Everywhere else the conversion is
refused, since the plain number would go on without its slope.
"""

from __future__ import annotations

from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.errors import TracedValueError, Where
from gradwork.graph import frames, syntax, watching
from gradwork.graph.builder import Builder

if TYPE_CHECKING:
    from gradwork.graph.value import Traced

_TRACER = __name__.rsplit(".", 1)[0] + ".called"
_STORES = ("STORE_FAST", "STORE_DEREF")


class Conversion(watching.UnderWay):
    """`name = float(x)`, until the name is bound."""

    def __init__(self, frame: FrameType, builder: Builder, found: syntax.Converted) -> None:
        super().__init__(frame, builder)
        self.found = found
        self.asked: list[Traced] = []
        self.stored = False
        # np.array([x[0], 1.0], dtype=float): what stood in the list is looked at once more afterwards.
        self.scope = dict(frame.f_locals) if syntax.is_list_that_looks(found.argument) else None
        if self.scope is not None:
            frames.let_go(frame, frame.f_locals)

    def waits(self, frame: FrameType) -> bool:
        """The name is bound by the instruction after the call."""
        if self.stored:
            return False
        self.stored = True
        return syntax.name_of_opcode(frame) in _STORES

    def settle(self, frame: FrameType) -> None:
        """Bind the name to the traced value."""
        scope = frame.f_locals
        name = self.found.name
        assert name is not None, "only what is bound to a name is watched"
        if syntax.name_of_opcode_before(frame) not in _STORES or name not in scope:
            raise _not_followed(self.where)
        scope[name] = self.traced(scope[name])

    def traced(self, result: Any) -> Any:
        """The traced value of which `result` is the plain one."""
        asked = self.asked
        listed = sum(a.size for a in asked) != np.size(result)
        if listed and self.scope is None:
            raise _not_followed(self.where)
        before, self.builder.mark = self.builder.mark, self.where
        try:
            if listed:
                held = syntax.evaluated(self.found.argument, self.frame, self.scope or {})
                made: Any = _lifted(self.builder, held)
            elif len(asked) == 1 and asked[0].shape == np.shape(result):
                made = np.copy(asked[0]) if self.found.copies else asked[0]
            else:
                made = np.reshape(np.concatenate([np.ravel(a) for a in asked]), np.shape(result))
            dtype = np.asarray(result).dtype
            made = made if made.dtype == dtype else made.astype(dtype)
        finally:
            self.builder.mark = before
        if not np.array_equal(made.value, result, equal_nan=dtype.kind in "fc"):
            raise _not_followed(self.where)
        return made


def _not_followed(where: Where | None) -> Exception:
    return TracedValueError(
        "cannot follow this conversion to plain numbers",
        where=where,
        why="which traced number went where cannot be seen from this line",
        hint="leave the conversion out, or give it a line of its own: x = float(x)",
    )


def _lifted(builder: Builder, held: Any) -> Traced:
    from gradwork.graph.traced import Traced, lift

    return Traced(builder, lift(builder, np.array(held, dtype=object)))


def may_be_converted(value: Traced) -> bool:
    """Whether `value` stands where the traced one can take the place of its plain number afterwards."""
    return _under_way(value) is not None


def is_being_converted(value: Traced) -> bool:
    """As `may_be_converted`, where the plain number is now taken: it is noted."""
    now = _under_way(value)
    if now is None:
        return False
    now.asked.append(value)
    return True


def _under_way(value: Traced) -> Conversion | None:
    if value.builder.depth or not value.builder.concrete:
        return None
    frame = frames.user_frame()
    if frame is None:
        return None
    now = watching.under_way(value.builder, frame) or _started(value, frame)
    return now if isinstance(now, Conversion) and now.builder is value.builder else None


def _started(value: Traced, frame: FrameType) -> Conversion | None:
    found = syntax.converted_at(frame)
    if found is None or not _is_ours(found, value, frame):
        return None
    now = Conversion(frame, value.builder, found)
    if found.name is not None:
        watching.watch(now)
        return now
    if frame.f_back is None or frame.f_back.f_globals.get("__name__") != _TRACER:
        return None  # what an inner function returns cannot be exchanged
    before = value.builder.returned
    if before is not None and before.frame is frame and before.instruction == frame.f_lasti:
        return before  # type: ignore[no-any-return]
    value.builder.returned = now
    return now


def _is_ours(found: syntax.Converted, value: Traced, frame: FrameType) -> bool:
    """Whether the call means Python's float or one of NumPy's conversions, of this value or to a dtype."""
    scope = frame.f_locals
    try:
        function = syntax.evaluated(found.function, frame, scope)
        if function is not float and function not in (
            np.float64, np.float32, np.asarray, np.array, np.asanyarray, np.ascontiguousarray,
        ):  # fmt: skip
            return False
        local = found.name is None or found.name in frame.f_code.co_varnames + frame.f_code.co_cellvars
        one = found.has_dtype or function in (float, np.float64, np.float32)
        return local and (one or syntax.evaluated(found.argument, frame, scope) is value)
    except Exception:  # whatever a name of the user's stands for
        return False
    finally:
        frames.let_go(frame, scope)


def returned(builder: Builder, result: Any) -> Any:
    """What the traced function returned, with its trace where it ended in a conversion."""
    now: Conversion | None = builder.returned
    if now is None:
        return result
    if isinstance(result, (float, np.ndarray, np.generic)):
        return now.traced(result)
    raise _not_followed(now.where)
