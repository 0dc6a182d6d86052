"""Working a formula out: Python's own operators, applied to whatever the names are bound to.

Plain numbers and arrays give a value; traced values trace it. Nothing here knows which of them it is handling.
"""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from gradwork.errors import FormulaError, GradworkError, ShapeError, Where
from gradwork.graph.formula.pieces import NUMBER_NAMES, Formula, Piece
from gradwork.graph.formula.program import Program

Functions = Mapping[str, Callable[..., Any]]
At = Callable[[Where], AbstractContextManager[Any]]
_REFUSALS = (
    GradworkError,
    ArithmeticError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    MemoryError,
    NotImplementedError,
)
_LARGEST_WHOLE = 2**63


def evaluate(formula: Formula, names: Mapping[str, object], functions: Functions, at: At | None = None) -> Any:
    """The value of a formula.

    names:     what its names are bound to: numbers, arrays, traced values.
    functions: the functions that it may call, by name.
    at:        entered around each operation with its place, so that a tracer can note it.

    Raises FormulaError for unknown names and for operations that refuse their operands, ShapeError where shapes do not
    fit; both point at the piece of the formula.

    >>> from gradwork.graph.formula import parse
    >>> evaluate(parse("(x*w - y)^2"), {"x": 2.0, "w": 3.0, "y": 1.0}, {})
    25.0
    """
    _check_known(formula, names, functions)
    values: list[Any] = [None] * len(formula.pieces)
    for position, piece in enumerate(formula.pieces):
        # Each piece is used once: letting go of it keeps a long formula on large arrays within memory.
        inputs = [values[i] for i in piece.inputs]
        for i in piece.inputs:
            values[i] = None
        values[position] = _apply(formula, piece, inputs, names, functions, at)
    try:
        return _operand(values[-1], functions)
    except _REFUSALS as error:
        raise _refusal(formula, formula.root, [], error) from error


def evaluate_program(
    program: Program,
    names: Mapping[str, object],
    functions: Functions,
    at: At | None = None,
    name: Callable[[str, Any], None] | None = None,
) -> dict[str, Any]:
    """The values of all lines, in order.

    name: called after each line with its name and value, so that a tracer can name the node.

    >>> from gradwork.graph.formula import parse_program
    >>> evaluate_program(parse_program("error = x*w - y; loss = error^2"), {"x": 2.0, "w": 3.0, "y": 1.0}, {})
    {'error': 5.0, 'loss': 25.0}
    """
    lines = {line for line, _ in program.lines}
    for _, formula in program.lines:
        _check_known(formula, {**dict.fromkeys(lines), **names}, functions)
    known = dict(names)
    values: dict[str, Any] = {}
    for line, formula in program.lines:
        value = evaluate(formula, known, functions, at)
        if name is not None:
            name(line, value)
        values[line] = value
        if line:
            known[line] = value
    return values


# --- one piece -----------------------------------------------------------------------------------------------------


def _apply(
    formula: Formula, piece: Piece, inputs: list[Any], names: Mapping[str, object], functions: Functions, at: At | None
) -> Any:
    plain = _PLAIN.get(piece.kind)
    if plain is not None:
        return plain(piece, inputs)
    if piece.kind == "name":
        known = names.get(str(piece.value), names)
        return math.pi if known is names else known
    try:
        with at(formula.where(piece)) if at is not None else nullcontext():
            return _OPERATIONS[piece.kind](piece, inputs, functions)
    except _REFUSALS as error:
        raise _refusal(formula, piece, inputs, error) from error


def _slice(piece: Piece, inputs: list[Any]) -> slice:
    ends = iter(inputs)
    given = piece.value
    assert isinstance(given, tuple)
    return slice(*(next(ends) if present else None for present in given))


_PLAIN: dict[str, Callable[[Piece, list[Any]], Any]] = {
    "number": lambda piece, _: piece.value,
    "word": lambda piece, _: piece.value,
    "text": lambda piece, _: piece.value,
    "tuple": lambda _, inputs: tuple(inputs),
    "list": lambda _, inputs: inputs,
    "slice": _slice,
}


def _operate(piece: Piece, inputs: list[Any], functions: Functions) -> Any:
    left, right = (_operand(value, functions) for value in inputs)
    if type(left) in (int, float) and type(right) in (int, float):
        return _of_numbers(str(piece.value), left, right)
    return _OPERATORS[str(piece.value)](left, right)


def _of_numbers(sign: str, left: float, right: float) -> Any:
    """Plain numbers stay real and of bounded size: 9^9^9 must not fill the memory with digits."""
    if sign == "^" and left < 0 and not float(right).is_integer():
        raise ArithmeticError("a negative number has no real power that is not whole")
    if sign == "^" and abs(float(left) ** right) >= _LARGEST_WHOLE:
        return float(left) ** right
    if sign == "@":
        raise TypeError("a matrix product needs arrays")
    result = _OPERATORS[sign](left, right)
    return float(result) if type(result) is int and abs(result) >= _LARGEST_WHOLE else result


def _call(piece: Piece, inputs: list[Any], functions: Functions) -> Any:
    count = len(inputs) - len(piece.keywords)
    keywords = dict(zip(piece.keywords, inputs[count:], strict=True))
    return functions[str(piece.value)](*inputs[:count], **keywords)


def _transpose(_: Piece, inputs: list[Any], functions: Functions) -> Any:
    value = _operand(inputs[0], functions)
    return value if isinstance(value, int | float) else value.T


def _sign(piece: Piece, inputs: list[Any], functions: Functions) -> Any:
    value = _operand(inputs[0], functions)
    return -value if piece.value == "-" else +value


def _operand(value: Any, functions: Functions) -> Any:
    """A list that is calculated with is an array: in Python, [1, 2] * 2 would repeat it instead."""
    if not isinstance(value, list):
        return value
    if "stack" not in functions:
        raise TypeError("a list cannot be calculated with here")
    return functions["stack"]([_operand(item, functions) for item in value])


_OPERATIONS: dict[str, Callable[[Piece, list[Any], Functions], Any]] = {
    "operator": _operate,
    "sign": _sign,
    "call": _call,
    "index": lambda _, inputs, functions: _operand(inputs[0], functions)[inputs[1]],
    "transpose": _transpose,
}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "@": operator.matmul,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


# --- what cannot be worked out ---------------------------------------------------------------------------------------


def _check_known(formula: Formula, names: Mapping[str, object], functions: Functions) -> None:
    for piece in formula.pieces:
        if piece.kind == "call" and piece.value not in functions:
            raise _unknown_function(formula, piece, names, functions)
        if piece.kind == "name" and piece.value not in names and piece.value not in NUMBER_NAMES:
            raise _unknown_name(formula, piece, names, functions)


def _unknown_function(
    formula: Formula, piece: Piece, names: Mapping[str, object], functions: Functions
) -> FormulaError:
    name = str(piece.value)
    start = formula.text.find(name, piece.start, piece.end) if not formula.text.startswith("√", piece.start) else -1
    where = formula.source.where(max(start, piece.start), max(start, piece.start) + len(name))
    if name in names:
        why = f"{name} is a value here, and two values side by side are not multiplied by themselves"
        return FormulaError(f"{name} is no function", where=where, why=why, hint=f"{name}*(...)")
    words = sorted(word for word in functions if word.isidentifier())
    near = close(name, words)
    hint = " or ".join(f"{word}(...)" for word in near) or None
    why = f"the functions here are {_listed(words)}" if words else "no functions are known here"
    return FormulaError(f"there is no function named {name}", where=where, why=why, hint=hint)


def _unknown_name(formula: Formula, piece: Piece, names: Mapping[str, object], functions: Functions) -> FormulaError:
    name = str(piece.value)
    where = formula.where(piece)
    if name in functions:
        why = "a function needs its brackets"
        return FormulaError(f"{name} is a function, not a value", where=where, why=why, hint=f"{name}(x)")
    known = [known for known in names if known]
    why = f"the names here are {_listed(known)}" if known else "no names have a value here"
    raised = formula.text[: piece.start].rstrip().endswith("^")
    meant = {"e": "exp(1) for the number e", **({"T": "W.T for the transpose of W"} if raised else {})}
    hint = meant.get(name) or " or ".join(close(name, known)) or f"a value for {name}"
    return FormulaError(f"{name} has no value", where=where, why=why, hint=hint)


def close(name: str, known: Iterable[str]) -> list[str]:
    """The names that somebody who wrote `name` may have meant, best first.

    >>> close("Sped", ["speed", "distance"])
    ['speed']
    """
    by_lower = {word.lower(): word for word in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.6)
    return [by_lower[word] for word in found]


def _listed(words: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(words[:most])
    return f"{shown} and {len(words) - most} more" if len(words) > most else shown


def _refusal(formula: Formula, piece: Piece, inputs: list[Any], error: Exception) -> GradworkError:
    where = formula.where(piece)
    pieces = [formula.pieces[i] for i in piece.inputs][: len(inputs)]
    shapes = [_shape(value) for value in inputs]
    named = [(p, shape) for p, shape in zip(pieces, shapes, strict=True) if shape is not None and p.kind != "number"]
    known = [f"{formula.written(p)} {shape}" for p, shape in named]
    if piece.kind == "operator" and (why := _misfit(str(piece.value), shapes)):
        hint = _fitting(str(piece.value), [formula.written(p) for p in pieces], shapes)
        return ShapeError(
            f"the shapes do not fit in {formula.written(piece)}", where=where, details=tuple(known), why=why, hint=hint
        )
    if isinstance(error, GradworkError):
        error.where = error.where or where
        return error
    why = _sentence(error)
    arrays = any(shapes) or any(isinstance(value, list) for value in inputs)
    kind = ShapeError if arrays and isinstance(error, ValueError | IndexError) else FormulaError
    return kind(f"{formula.written(piece)} cannot be worked out", where=where, details=tuple(known), why=why)


def _sentence(error: Exception) -> str:
    if isinstance(error, ZeroDivisionError):
        return "it divides by zero"
    if isinstance(error, OverflowError):
        return "the number becomes too large"
    if isinstance(error, MemoryError):
        return f"there is not enough memory for it: {error}"
    return str(error) or type(error).__name__


def _shape(value: Any) -> tuple[int, ...] | None:
    shape = () if isinstance(value, int | float) else getattr(value, "shape", None)
    return tuple(shape) if isinstance(shape, tuple) else None


def _misfit(sign: str, shapes: Sequence[tuple[int, ...] | None]) -> str | None:
    """Why two shapes do not fit; None where they do, or are not known."""
    left, right = shapes
    if left is None or right is None:
        return None
    if sign == "@":
        if not left or not right:
            return "a matrix product needs arrays on both sides; with a single number, write *"
        rows = right[-2] if len(right) > 1 else right[0]
        if left[-1] == rows:
            return None
        return f"each row on the left has {left[-1]} entries, each column on the right has {rows}"
    for a, b in zip(reversed(left), reversed(right), strict=False):
        if a != b and 1 not in (a, b):
            return f"entry is paired with entry, from the last axis on, and {a} entries cannot be paired with {b}"
    return None


def _fitting(sign: str, written: Sequence[str], shapes: Sequence[tuple[int, ...] | None]) -> str | None:
    """The same operation with something transposed, or with an axis added, where that would fit."""
    left, right = shapes
    assert left is not None
    assert right is not None
    a, b = written
    trials: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
    if sign != "@":
        trials |= {f"{a} {sign} {b}[:, None]": (left, (*right, 1))} if len(right) == 1 else {}
        trials |= {f"{a}[:, None] {sign} {b}": ((*left, 1), right)} if len(left) == 1 else {}
    trials |= {f"{a}.T {sign} {b}": (left[::-1], right)} if len(left) == 2 else {}
    trials |= {f"{a} {sign} {b}.T": (left, right[::-1])} if len(right) == 2 else {}
    trials |= {f"{b} {sign} {a}": (right, left)} if sign == "@" else {}
    return next((trial for trial, pair in trials.items() if not _misfit(sign, pair)), None)
