"""The user's own line under a call of torch's, and the names of the user's variables."""

from __future__ import annotations

import os
import sys
from types import FrameType

import torch

from gradwork.graph import frames

_TORCH = os.path.join(os.path.dirname(os.path.abspath(torch.__file__)), "")


def user_frame() -> FrameType | None:
    """The innermost frame that is neither torch's nor gradwork's; None where only a trace's start lies outside."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frames.is_start(frame.f_code):
            return None
        if not frames.is_hidden(frame) and not frame.f_code.co_filename.startswith(_TORCH):
            return frame
        frame = frame.f_back
    return None


def mark_of(frame: FrameType | None) -> frames.Mark | None:
    """The instruction that a frame is at."""
    return None if frame is None else frames.Mark(frame.f_code, frame.f_lasti)


def name_in(frame: FrameType | None, tensor: torch.Tensor) -> str:
    """The variable of a frame that holds this very tensor; "" where none does."""
    if frame is None:
        return ""
    scope = frame.f_locals
    name = next((n for n, held in scope.items() if held is tensor and not n.startswith("_")), "")
    frames.let_go(frame, scope)
    return name
