"""Following a function that asks for plain numbers: `float(x)`, `math.exp(x)`.

A traced value cannot become a plain number, and Python asks it to in `float` and in the module math. While such a
function is followed, these calls in its own text are exchanged for ones that give back a traced value as it is, and do
with plain numbers what they did before.
"""

from __future__ import annotations

import ast
import gc
import linecache
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, TracebackType
from typing import Any, TypeVar

import numpy as np

from gradwork.errors import TracedValueError
from gradwork.graph.traced import Traced

Followed = TypeVar("Followed")
MOST = 12  # functions whose text is exchanged, one after the other
_OWN = str(Path(__file__).parents[1])
# The functions of math, as NumPy calls them.
_OF_MATH: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in ("exp", "expm1", "log1p", "log2", "log10", "sqrt", "hypot")},
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{f"a{name}": getattr(np, f"arc{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "log": lambda x, *base: np.log(x) / np.log(base[0]) if base else np.log(x),
    "pow": np.power,
    "fabs": np.abs,
    "atan2": np.arctan2,
    "fsum": lambda terms: sum(terms),
}


def as_number(value: Any) -> Any:
    """What `float` gives; of a traced value, the value itself."""
    return value if isinstance(value, Traced) else float(value)


def of_math(name: str, *args: Any) -> Any:
    """What the function of math of this name gives; of traced values, what NumPy's gives."""
    inside = [part for arg in args for part in (arg if isinstance(arg, (list, tuple)) else [arg])]
    if any(isinstance(part, Traced) for part in inside):
        return _OF_MATH[name](*args)
    return getattr(math, name)(*args)


def softly(follow: Callable[[], Followed]) -> Followed:
    """What `follow` gives; where a function on its way asks for plain numbers, with that function's text exchanged.

    Raises what `follow` raises where that is of no use.
    """
    before: dict[FunctionType, CodeType] = {}
    try:
        for _ in range(MOST):
            try:
                return follow()
            except TracedValueError as error:
                changed = dict(_exchanged(error.__traceback__, before))
                if not changed:
                    raise
                for function, code in changed.items():
                    before[function] = function.__code__
                    function.__code__ = code
        return follow()
    finally:
        for function, code in before.items():
            function.__code__ = code


def _exchanged(
    trace: TracebackType | None, done: dict[FunctionType, CodeType]
) -> Iterator[tuple[FunctionType, CodeType]]:
    """The function of the user's that was last asked, as every object that it is, each with its other text."""
    frames = []
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    for frame in reversed(frames):
        code = frame.f_code
        if code.co_filename.startswith(_OWN):
            continue
        for function in gc.get_referrers(code):
            if isinstance(function, FunctionType) and function.__code__ is code and function not in done:
                other = _softened(function)
                if other is not None:
                    yield function, other
        if not code.co_name.startswith("<"):
            return  # a comprehension belongs to the function around it


def _softened(function: FunctionType) -> CodeType | None:
    """The function's code with soft calls; None where there are none, or its text is not to be had."""
    found = _definition(function)
    if found is None:
        return None
    soft = _Soft({**vars(__import__("builtins")), **function.__globals__})
    body = soft.visit(found)
    if not soft.count:
        return None
    names = function.__code__.co_freevars
    around = ast.parse(f"def around({', '.join(names)}):\n    pass")
    outer = around.body[0]
    assert isinstance(outer, ast.FunctionDef)
    outer.body = [body]
    try:
        module = compile(ast.fix_missing_locations(around), function.__code__.co_filename, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    inside = [c for c in _codes(_codes(module)[0]) if c.co_name == found.name]
    return inside[0] if inside and inside[0].co_freevars == names else None


def _definition(function: FunctionType) -> ast.FunctionDef | None:
    """The function as it is written, without its decorators; a lambda as a function."""
    first = function.__code__.co_firstlineno
    try:
        tree = ast.parse("".join(linecache.getlines(function.__code__.co_filename)))
    except (SyntaxError, ValueError):
        return None
    lambdas = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == function.__name__:
            if first in (node.lineno, *(one.lineno for one in node.decorator_list)):
                node.decorator_list = []
                return node
        elif isinstance(node, ast.Lambda) and node.lineno == first:
            lambdas.append(node)
    if function.__name__ != "<lambda>" or len(lambdas) != 1:
        return None
    made = ast.parse("def one_line():\n    pass").body[0]
    assert isinstance(made, ast.FunctionDef)
    made.args, made.body = lambdas[0].args, [ast.copy_location(ast.Return(lambdas[0].body), lambdas[0])]
    return made


def _codes(code: CodeType) -> list[CodeType]:
    return [const for const in code.co_consts if isinstance(const, CodeType)]


class _Soft(ast.NodeTransformer):
    """Exchanges the calls. `count` says how many."""

    def __init__(self, known: dict[str, Any]) -> None:
        self.known = known
        self.count = 0

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if node.keywords or not node.args:
            return node
        called = self._called(node.func)
        if called is float and len(node.args) == 1:
            return self._other("as_number", node.args)
        name = getattr(called, "__name__", "")
        if called is not None and name in _OF_MATH and called is getattr(math, name):
            return self._other("of_math", [ast.Constant(name), *node.args])
        return node

    def _called(self, function: ast.expr) -> Any:
        if isinstance(function, ast.Name):
            return self.known.get(function.id)
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            return getattr(math, function.attr, None) if self.known.get(function.value.id) is math else None
        return None

    def _other(self, name: str, args: list[ast.expr]) -> ast.expr:
        self.count += 1
        # Nothing is put among the user's own names: the function is fetched where it is called.
        whole = ast.parse(f"__import__({__name__!r}, fromlist=('{name}',)).{name}()", mode="eval").body
        assert isinstance(whole, ast.Call)
        whole.args = args
        return whole
