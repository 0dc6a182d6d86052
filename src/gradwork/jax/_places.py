"""The user's line behind a step of JAX's program: JAX notes it when it traces, in a module that is not public."""

from __future__ import annotations

import os
from typing import Any

import jax

from gradwork.errors import Where
from gradwork.graph import frames
from gradwork.jax._program import Place

_JAX = os.path.join(os.path.dirname(os.path.abspath(jax.__file__)), "")


def place_of(equation: Any) -> Place:
    """Where an equation was written; an empty place where JAX does not say so."""
    frame = _frame(getattr(equation, "source_info", None))
    if frame is None or not frames.is_users(frame.file_name):
        return Place()
    span = (frame.start_line, frame.end_line, frame.start_column, frame.end_column)
    return Place(Where(frame.file_name, frame.start_line or None), frames.name_at(frame.file_name, span), span)


def _frame(source: Any) -> Any:
    try:
        from jax._src.source_info_util import user_frame
    except ImportError:
        return None
    for given in (getattr(source, "traceback", None), source):  # what it takes has changed
        try:
            frame = user_frame(given)
        except (AttributeError, TypeError):
            continue
        if frame is not None and hasattr(frame, "start_line"):
            return frame
    return None


def own_function(jaxpr: Any) -> str:
    """The name of a function of JAX's own that a program was made of; "" where it is the user's."""
    information = getattr(jaxpr, "debug_info", None)
    text = str(getattr(information, "func_src_info", None) or "")
    name, _, place = text.partition(" at ")
    return name if place.startswith(_JAX) else ""
