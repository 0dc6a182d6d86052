"""The user's own line: where in their text an operation was written, and to which name its result goes.

At run time only a code object and an instruction are noted (that is cheap). What they mean is read later,
from the exact columns that Python keeps for every instruction and from the syntax of the user's file.
"""

from __future__ import annotations

import functools
import linecache
import opcode
import os
import sys
from collections.abc import Mapping
from types import CodeType, FrameType
from typing import Any, NamedTuple, TypeVar

import numpy as np

from gradwork.errors import Where

# The frames of gradwork itself and of NumPy are not the user's.
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_HIDDEN = tuple(os.path.join(folder, "") for folder in (_PACKAGE, os.path.dirname(os.path.abspath(np.__file__))))
_boundaries: list[CodeType] = []
_hidden_files: dict[str, bool] = {}
_places: dict[tuple[int, int], tuple[CodeType, tuple[Where, str | None]]] = {}
F = TypeVar("F")
Span = tuple[int, int, int, int]
_FIRST_IN_PLACE = 13
_REMAINDER = 6
_MOST_PLACES = 65536
_OPTIMIZED = 1


class Mark(NamedTuple):
    """An instruction of the user's code."""

    code: CodeType
    instruction: int


def user_frame(depth: int = 1) -> FrameType | None:
    """The innermost frame that is neither gradwork's nor NumPy's."""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        file = frame.f_code.co_filename
        hidden = _hidden_files.get(file)
        if hidden is None:
            hidden = _hidden_files[file] = file.startswith(_HIDDEN)
        if not hidden:
            return frame
        if frame.f_code in _boundaries:
            return None
        frame = frame.f_back
    return None


def is_users(file: str) -> bool:
    """Whether code of this file is neither gradwork's nor NumPy's."""
    return not file.startswith(_HIDDEN)


def is_hidden(frame: FrameType) -> bool:
    """Whether this is a frame of gradwork or NumPy."""
    file = frame.f_code.co_filename
    hidden = _hidden_files.get(file)
    if hidden is None:
        hidden = _hidden_files[file] = file.startswith(_HIDDEN)
    return hidden


def in_text_formatting() -> bool:
    """Whether the user's code is at a `%`: of a traced value only text asks for a plain number there."""
    mark = user_mark()
    if mark is None:
        return False
    code = mark.code.co_code
    return opcode.opname[code[mark.instruction]].startswith("BINARY_OP") and code[mark.instruction + 1] == _REMAINDER


def is_boundary(function: F) -> F:
    """Mark a function as the one that starts a trace: what lies outside it is not what is being traced."""
    _boundaries.append(function.__code__)  # type: ignore[attr-defined]
    return function


def is_start(code: CodeType) -> bool:
    """Whether this is the function that starts a trace."""
    return code in _boundaries


def user_mark() -> Mark | None:
    """The instruction of the user's code that is being carried out."""
    frame = user_frame(2)
    return Mark(frame.f_code, frame.f_lasti) if frame is not None else None


def user_where() -> Where | None:
    """The user's line that is being carried out."""
    mark = user_mark()
    return place(mark)[0] if mark else None


def place(mark: Mark) -> tuple[Where, str | None]:
    """The line of `mark`, and the name to which its value is assigned there (None where it is not)."""
    # By the identity of the code: its own hash goes through every constant in it. It is kept, so the identity holds.
    key = (id(mark.code), mark.instruction)
    found = _places.get(key)
    if found is None:
        if len(_places) > _MOST_PLACES:
            _places.clear()
        found = _places[key] = (mark.code, _place(mark))
    return found[1]


def line_of(mark: Mark | Where | None) -> Where | None:
    """The line that a row of a builder points at."""
    return place(mark)[0] if isinstance(mark, Mark) else mark


def _place(mark: Mark) -> tuple[Where, str | None]:
    found = span(mark)
    where = Where(mark.code.co_filename, found[0] or None)
    return where, _assigned(mark.code.co_filename).get(found)


def span(mark: Mark) -> Span:
    """The lines and columns of an instruction: first and last line, first and last column."""
    positions = _positions(mark.code)
    index = mark.instruction // 2
    line, end_line, column, end_column = positions[index] if 0 <= index < len(positions) else (None,) * 4
    return (line or 0, end_line or 0, column or 0, end_column or 0)


@functools.lru_cache(maxsize=512)
def _positions(code: CodeType) -> list[tuple[int | None, int | None, int | None, int | None]]:
    return list(code.co_positions())


@functools.lru_cache(maxsize=64)
def _assigned(file: str) -> dict[Span, str]:
    """For each expression of the file that is the whole right side of an assignment, the name on its left."""
    import ast  # only once a name is asked for

    text = "".join(linecache.getlines(file))
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return {}
    names: dict[Span, str] = {}
    for item in ast.walk(tree):
        if isinstance(item, ast.Assign):
            _note(names, item.value, [t.id for t in item.targets if isinstance(t, ast.Name)][-1:])
            for target in item.targets:
                _note_each(names, target, item.value)
        elif isinstance(item, (ast.AnnAssign, ast.NamedExpr)) and item.value is not None:
            _note(names, item.value, [item.target.id] if isinstance(item.target, ast.Name) else [])
        elif isinstance(item, ast.AugAssign) and isinstance(item.target, ast.Name):
            # Python gives the operation of `x += y` the span of the whole statement.
            names[(item.lineno, item.end_lineno or 0, item.col_offset, item.end_col_offset or 0)] = item.target.id
    return names


def name_at(file: str, place: Span) -> str | None:
    """The name to which the expression at these lines and columns is assigned; None where it is not."""
    return _assigned(file).get(place)


def _note(names: dict[Span, str], value: Any, targets: list[str]) -> None:
    for target in targets:
        names[(value.lineno, value.end_lineno or 0, value.col_offset, value.end_col_offset or 0)] = target


def _note_each(names: dict[Span, str], target: Any, value: Any) -> None:
    """Of `x, y = a + b, a - b`: a + b is called x, and a - b is called y."""
    import ast

    rows = (ast.Tuple, ast.List)
    if not isinstance(target, rows) or not isinstance(value, rows) or len(target.elts) != len(value.elts):
        return
    if any(isinstance(item, ast.Starred) for item in (*target.elts, *value.elts)):
        return
    for one, part in zip(target.elts, value.elts, strict=True):
        _note(names, part, [one.id] if isinstance(one, ast.Name) else [])
        _note_each(names, one, part)


def name_of(value: object) -> str | None:
    """The variable of the user's that holds this very object, looked for in their frame and module."""
    frame = user_frame(2)
    if frame is None or any(value is c for c in frame.f_code.co_consts):
        return None
    scope = frame.f_locals
    name = _held_as(value, scope) or _held_as(value, frame.f_globals)
    let_go(frame, scope)
    return name


def _held_as(value: object, names: Mapping[str, object]) -> str | None:
    return next((name for name, held in names.items() if held is value and not name.startswith("__")), None)


def forget_locals() -> None:
    """Let the user's frame drop the copy of its variables that looking at them has made."""
    frame = user_frame(2)
    if frame is not None:
        scope = frame.f_locals
        let_go(frame, scope)


def let_go(frame: FrameType, scope: Any) -> None:
    """Let a frame drop `scope`, the copy of its variables."""
    # Before Python 3.13 a function's f_locals is a copy that the frame keeps: every array in it would count one user
    # more. It is emptied unless somebody else holds it too: then it was made by locals().
    own = type(scope) is dict and frame.f_code.co_flags & _OPTIMIZED and scope is not frame.f_globals
    if own and sys.getrefcount(scope) <= _references_to_scope():
        scope.clear()


@functools.cache
def _references_to_scope() -> int:
    def probe() -> int:
        scope = sys._getframe().f_locals
        return _count(scope)

    def _count(scope: Any) -> int:
        return sys.getrefcount(scope)

    return probe()


def in_place_operator() -> bool:
    """Whether the user's code is at `x += ...` or the like, where the name is bound anew, and not at a call."""
    mark = user_mark()
    if mark is None:
        return False
    code = mark.code.co_code
    name = opcode.opname[code[mark.instruction]]
    # In-place operators are the second half of BINARY_OP's arguments, from NB_INPLACE_ADD on.
    return name.startswith("BINARY_OP") and code[mark.instruction + 1] >= _FIRST_IN_PLACE
