"""The text of the instruction that the user's code is at: what it writes to, and what it calls.

Python keeps the exact columns of every instruction; the syntax at these columns is read here. Parts of it may be
evaluated once more, so only such parts are taken as do nothing but look: names, attributes, positions.
"""

from __future__ import annotations

import ast
import functools
import linecache
import opcode
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from gradwork.graph import frames

# `y[i] = x`; from Python 3.12 on, `y[:] = x` has an instruction of its own.
STORES = frozenset(opcode.opmap[name] for name in ("STORE_SUBSCR", "STORE_SLICE") if name in opcode.opmap)
# Methods that give a window on an array, or sometimes a copy, and change nothing.
_WINDOWS = frozenset({"reshape", "ravel", "transpose", "swapaxes", "squeeze", "diagonal", "view"})
_MAKERS = frozenset({"zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like"})
_LOOKING = frozenset({"len", "int", "slice", "range", "min", "max", "abs", "round", "tuple", "list", "bool", "divmod"})


class Written(NamedTuple):
    """A target `base[key]` that is stored to; `value` is what is stored, None where the text does not show it."""

    base: ast.expr
    key: ast.expr
    value: ast.expr | None


class Converted(NamedTuple):
    """A call such as `float(x)` that is all that is bound to `name`, or, where `name` is None, all that is returned."""

    function: ast.expr
    argument: ast.expr
    name: str | None
    has_dtype: bool
    copies: bool


def name_of_opcode(frame: FrameType) -> str:
    """The name of the instruction that a frame is at."""
    return opcode.opname[opcode_at(frame)]


def name_of_opcode_before(frame: FrameType) -> str:
    """The name of the instruction that stands before the one that a frame is at."""
    return opcode.opname[frame.f_code.co_code[frame.f_lasti - 2]] if frame.f_lasti >= 2 else ""


def opcode_at(frame: FrameType) -> int:
    """The instruction that a frame is at."""
    return frame.f_code.co_code[frame.f_lasti] if frame.f_lasti >= 0 else -1


def written_at(frame: FrameType) -> Written | None:
    """What the statement that the frame is at stores to, where it stores entries of an array."""
    if opcode_at(frame) not in STORES:
        return None
    return _stores(frame.f_code.co_filename).get(_span(frame))


def augmented_at(frame: FrameType) -> ast.expr | None:
    """`y[0]` where the frame is at the operator of `y[0] += ...`."""
    return _augmented(frame.f_code.co_filename).get(_span(frame))


def converted_at(frame: FrameType) -> Converted | None:
    """The conversion that the frame is at, where its result goes to a name, or back to the caller, at once."""
    return _conversions(frame.f_code.co_filename).get(_span(frame))


def arguments_at(frame: FrameType) -> list[ast.expr]:
    """The arguments of the call that the frame is at; those inside tuples too, as in out=(y,)."""
    call = _calls(frame.f_code.co_filename).get(_span(frame))
    if call is None:
        return []
    given = [*call.args, *(k.value for k in call.keywords)]
    return [*given, *(e for g in given if isinstance(g, ast.Tuple) for e in g.elts)]


def one_is_new(frame: FrameType) -> bool:
    """Whether out= of the call that the frame is at is an array made on the spot."""
    call = _calls(frame.f_code.co_filename).get(_span(frame))
    return call is not None and any(k.arg == "out" and _makes_an_array(k.value) for k in call.keywords)


def _makes_an_array(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MAKERS


def _span(frame: FrameType) -> frames.Span:
    return frames.span(frames.Mark(frame.f_code, frame.f_lasti))


def span_of(node: Any) -> frames.Span:
    """The place of a piece of syntax, as instructions have theirs."""
    return (node.lineno, node.end_lineno or 0, node.col_offset, node.end_col_offset or 0)


@functools.lru_cache(maxsize=64)
def _tree(file: str) -> ast.AST:
    try:
        return ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return ast.Module([], [])


@functools.lru_cache(maxsize=64)
def _stores(file: str) -> dict[frames.Span, Written]:
    found: dict[frames.Span, Written] = {}

    def note(target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Subscript):
            found[span_of(target)] = Written(target.value, target.slice, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            same = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
            starred = any(isinstance(e, ast.Starred) for e in [*target.elts, *getattr(value, "elts", [])])
            for k, element in enumerate(target.elts):
                note(element, value.elts[k] if same and not starred else None)  # type: ignore[union-attr]

    for item in ast.walk(_tree(file)):
        if isinstance(item, ast.Assign):
            for target in item.targets:
                note(target, item.value)
        elif isinstance(item, ast.AugAssign):
            note(item.target, ast.BinOp(item.target, item.op, item.value))
        elif isinstance(item, ast.For):
            note(item.target, None)
    return found


@functools.lru_cache(maxsize=64)
def _conversions(file: str) -> dict[frames.Span, Converted]:
    found: dict[frames.Span, Converted] = {}
    for item in ast.walk(_tree(file)):
        if isinstance(item, ast.Assign) and len(item.targets) == 1 and isinstance(item.targets[0], ast.Name):
            _note_conversion(found, item.value, item.targets[0].id)
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            _note_conversion(found, item.value, item.target.id)
        elif isinstance(item, ast.Return):
            _note_conversion(found, item.value, None)
        elif isinstance(item, ast.Lambda):
            _note_conversion(found, item.body, None)
    return found


def _note_conversion(found: dict[frames.Span, Converted], call: ast.expr | None, name: str | None) -> None:
    if not isinstance(call, ast.Call) or not call.args or isinstance(call.args[0], ast.Starred):
        return
    if isinstance(call.func, (ast.Name, ast.Attribute)) and only_looks(call.func):
        has_dtype = len(call.args) > 1 or any(k.arg == "dtype" for k in call.keywords)
        copies = getattr(call.func, "attr", "") == "array"
        found[span_of(call)] = Converted(call.func, call.args[0], name, has_dtype, copies)


@functools.lru_cache(maxsize=64)
def _augmented(file: str) -> dict[frames.Span, ast.expr]:
    items = [item for item in ast.walk(_tree(file)) if isinstance(item, ast.AugAssign)]
    return {span_of(item): item.target for item in items}


@functools.lru_cache(maxsize=64)
def _calls(file: str) -> dict[frames.Span, ast.Call]:
    return {span_of(item): item for item in ast.walk(_tree(file)) if isinstance(item, ast.Call)}


# -- looking at parts of it once more ---------------------------------------------------------------------------------


def links(expression: ast.expr) -> list[ast.expr] | None:
    """`a.b[0].T` as its beginnings [a, a.b, a.b[0], a.b[0].T]; None where it is more than looking."""
    found: list[ast.expr] = []
    node: ast.expr = expression
    while not isinstance(node, ast.Name):
        found.append(node)
        if isinstance(node, ast.Call):
            if not (isinstance(node.func, ast.Attribute) and node.func.attr in _WINDOWS and not node.keywords):
                return None
            if not all(map(only_looks, node.args)):
                return None
            node = node.func.value
        elif isinstance(node, ast.Attribute) or (isinstance(node, ast.Subscript) and only_looks(node.slice)):
            node = node.value
        else:
            return None
    return [node, *reversed(found)]


def only_looks(node: ast.AST) -> bool:
    """Whether evaluating this once more gives the same, and does nothing else."""
    if isinstance(node, ast.Call):
        if node.keywords or not all(map(only_looks, node.args)):
            return False
        if isinstance(node.func, ast.Name):
            return node.func.id in _LOOKING
        return isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and _of_numpy(node.func)
    allowed = (
        ast.Name, ast.Constant, ast.Slice, ast.Tuple, ast.List, ast.UnaryOp, ast.BinOp, ast.Compare, ast.BoolOp,
        ast.Attribute, ast.Subscript, ast.IfExp,
    )  # fmt: skip
    return isinstance(node, allowed) and all(
        only_looks(c)
        for c in ast.iter_child_nodes(node)
        if not isinstance(c, (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop))
    )


def _of_numpy(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("np", "numpy") and hasattr(np, node.attr)


def is_list_that_looks(node: ast.expr) -> bool:
    """Whether this is a list that is written out, and that can be looked at once more."""
    return isinstance(node, (ast.List, ast.Tuple)) and only_looks(node)


def evaluated(node: ast.expr, frame: FrameType, scope: Mapping[str, Any]) -> Any:
    """The value of a piece of the user's text, where it stands."""
    return eval(_compiled(node), frame.f_globals, dict(scope))


@functools.lru_cache(maxsize=1024)
def _compiled(node: ast.expr) -> Any:
    return compile(ast.Expression(node), "<a part of the user's line>", "eval")


def step(value: Any, node: ast.expr, frame: FrameType, scope: Mapping[str, Any]) -> Any:
    """One link of a chain, taken from a value."""
    if isinstance(node, ast.Attribute):
        return getattr(value, node.attr)
    if isinstance(node, ast.Subscript):
        return value[evaluated(node.slice, frame, scope)]
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute), "links gives no others"
    return getattr(value, node.func.attr)(*(evaluated(a, frame, scope) for a in node.args))


def elements(node: ast.expr | None) -> Iterator[float | None] | None:
    """The entries of a list that is written out: numbers where they are, None for what is worked out."""
    if not isinstance(node, (ast.List, ast.Tuple)) or any(
        isinstance(e, (ast.Starred, ast.List, ast.Tuple)) for e in node.elts
    ):
        return None
    return (_number(e) for e in node.elts)


def _number(node: ast.expr) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) else None


def never_a_list(node: ast.expr | None, frame: FrameType, scope: Mapping[str, Any], traced: tuple[type, ...]) -> bool:
    """Whether the text shows that this is one traced value or array, and no list of several."""
    if isinstance(node, ast.Name):
        return isinstance(scope.get(node.id, frame.f_globals.get(node.id)), traced)
    if isinstance(node, ast.BinOp):
        return any(never_a_list(side, frame, scope, traced) for side in (node.left, node.right))
    if isinstance(node, ast.UnaryOp):
        return never_a_list(node.operand, frame, scope, traced)
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        return never_a_list(node.value, frame, scope, traced)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if _of_numpy(node.func):
            function = getattr(np, node.func.attr)
            return isinstance(function, np.ufunc) or function in (np.sum, np.mean, np.max, np.min, np.dot, np.prod)
        return node.func.attr != "tolist" and never_a_list(node.func.value, frame, scope, traced)
    return False
