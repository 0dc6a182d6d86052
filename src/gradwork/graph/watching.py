"""Doing something when the user's instruction is over, before their next one: as debuggers do, by Python's own means.

NumPy and Python carry out `y[0] = x` and `x = float(x)` by themselves. What has to follow is done by a trace function
that is set for that one instruction; whoever had set one before (a debugger, a coverage tool) gets it back.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from gradwork.errors import Where
from gradwork.graph import frames
from gradwork.graph.builder import Builder


class UnderWay:
    """An instruction of the user's that is being carried out, and what is to be done when it is over."""

    def __init__(self, frame: FrameType, builder: Builder) -> None:
        self.frame = frame
        self.instruction = frame.f_lasti
        self.builder = builder
        self.where: Where | None = frames.user_where()
        self.before: tuple[Any, Any, bool] = (None, None, False)

    def settle(self, frame: FrameType) -> None:
        """What is to be done."""
        raise NotImplementedError

    def over(self, frame: FrameType, event: str, argument: Any) -> Any:
        """The trace function of that frame."""
        if event != "exception" and (frame.f_lasti == self.instruction or (event == "opcode" and self.waits(frame))):
            return self.over
        self.builder.pending = None
        everywhere, here, opcodes = self.before
        frame.f_trace_opcodes = opcodes
        frame.f_trace = here
        sys.settrace(everywhere)
        if event != "exception":
            self.settle(frame)
        return here

    def waits(self, frame: FrameType) -> bool:
        """Whether the next instruction belongs to it too."""
        return False


def under_way(builder: Builder, frame: FrameType) -> UnderWay | None:
    """What is under way at the instruction that a frame is at."""
    now: UnderWay | None = builder.pending
    return now if now is not None and now.frame is frame and now.instruction == frame.f_lasti else None


def watch(now: UnderWay) -> None:
    """Have `now.settle` called before the user's next instruction."""
    frame = now.frame
    now.before = (sys.gettrace(), frame.f_trace, frame.f_trace_opcodes)
    now.builder.pending = now
    frame.f_trace_opcodes = True
    frame.f_trace = now.over
    sys.settrace(_nothing)


def is_still_under_way(now: UnderWay) -> bool:
    """Whether the user's code is at that instruction: NumPy functions may have more to do there."""
    frame = frames.user_frame()
    return frame is now.frame and frame.f_lasti == now.instruction


def _nothing(frame: FrameType, event: str, argument: Any) -> None:
    """Other functions are not looked at."""
