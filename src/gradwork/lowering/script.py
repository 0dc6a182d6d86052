"""One number's expression for a web page's script, read off the same templates as the Python program.

An op says how one entry is written in Python's arithmetic (`scalar`); that text is parsed here, never run, and written
again in the script's own signs. Nothing is stated twice.
"""

from __future__ import annotations

import ast
import functools

_FUNCTIONS = {name: f"Math.{name}" for name in (
    "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "atan2", "hypot", "floor", "ceil", "pow", "abs", "max", "min", "cbrt",
)}  # fmt: skip
# Where Python raises, the script does too: the page has these few functions of its own (worksheets/assets/marking.js).
_FUNCTIONS |= {"isfinite": "Number.isFinite", "log": "logarithm", "sqrt": "root", "pow": "power", "exp": "exponential"}
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_COMPARED = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "===", ast.NotEq: "!=="}


class NoScript(Exception):
    """An expression that a page's script has no words for."""


@functools.lru_cache(maxsize=100_000)
def script_of(python: str) -> str:
    """The expression in a script's words.

    >>> script_of("(v[0] if v[0] > 0.0 or v[0] != v[0] else 0.0)")
    '((v[0]>0)||(v[0]!==v[0])?v[0]:0)'
    """
    return _written(ast.parse(python, mode="eval").body)


def _written(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=bool() as value):
            return "1" if value else "0"
        case ast.Constant(value=float() | int() as value):
            return _number(value)
        case ast.Name(id=name):
            return name
        case ast.Subscript(value=base, slice=index):
            return f"{_written(base)}[{_written(index)}]"
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return f"({_written(left)}{_OPERATORS[type(operator)]}{_written(right)})"
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return f"divided({_written(left)},{_written(right)})"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"(-{_written(operand)})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return f"(!{_written(operand)})"
        case ast.IfExp(test=test, body=body, orelse=otherwise):
            return f"({_written(test)}?{_written(body)}:{_written(otherwise)})"
        case ast.BoolOp(op=operator, values=values):
            return ("||" if isinstance(operator, ast.Or) else "&&").join(_written(v) for v in values)
        case ast.Compare(left=left, ops=operators, comparators=others):
            sides = [_written(side) for side in (left, *others)]
            pairs = zip(sides, operators, sides[1:], strict=False)
            return "&&".join(f"({a}{_COMPARED[type(op)]}{b})" for a, op, b in pairs)
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _FUNCTIONS:
            return f"{_FUNCTIONS[name]}({','.join(_written(a) for a in arguments)})"
    raise NoScript(ast.unparse(node))


def _number(value: float) -> str:
    if value == float("inf"):
        return "Infinity"
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
