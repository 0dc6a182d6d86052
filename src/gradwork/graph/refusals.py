"""What is said where a traced value cannot be what Python or NumPy asks for: on the user's line, with what to write."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from gradwork.errors import GradworkError, MissingRuleError, TracedValueError, Where
from gradwork.graph import frames

# Functions of `math` that NumPy has under another name.
_NUMPY_NAMES = {
    "pow": "power",
    "fabs": "abs",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "fsum": "sum",
    "dist": "linalg.norm",
}
# Functions of `math` that NumPy does not have: scipy.special has them.
_SPECIAL = {"gamma": "gamma", "lgamma": "gammaln", "erf": "erf", "erfc": "erfc"}
WHY_LOST = "the plain number would be a constant, and the step from x to it would be lost"
BLACK_BOX = "gw.black_box(f) around a function that needs plain numbers measures its slopes by nudging"


def not_plain(wanted: str, hint: str) -> GradworkError:
    """The error where a plain number is asked for, which would drop the history of the value."""
    where = frames.user_where()
    line = where.source() if where else ""
    headline = f"a traced value cannot become {wanted}"
    found = re.search(r"\b(?:math|cmath)\.(\w+)\s*\(", line)
    if found:
        headline = f"math.{found[1]} cannot take a traced value"
        name = _SPECIAL.get(found[1])
        function = f"scipy.special.{name}" if name else f"np.{_NUMPY_NAMES.get(found[1], found[1])}"
        hint = f"{function}, which takes numbers and arrays alike"
    elif "float(" not in line and re.search(r"\]\s*(?:[-+*/@%&|^]|\*\*|//)?=[^=]", line):
        headline = "cannot write a traced number into an ordinary array"
        hint = "np.stack([...]) of the pieces, or start from np.zeros_like(x) of a traced x"
    elif re.search(r"\b(?:random|rng|generator)\w*[.(]", line):
        hint = "draw with fixed parameters, and move and scale what was drawn: loc + scale * rng.normal(size=n)"
    elif not re.search(r"\b(?:float|int|complex)\w*\b", line) and "index" not in wanted:
        hint = "a NumPy function in place of the one that asks for plain numbers here"
    return TracedValueError(headline, where=where, why=WHY_LOST, hint=f"{hint}; {BLACK_BOX}")


def no_rule(what: str) -> GradworkError:
    """The error for a function that nothing is known of."""
    return MissingRuleError(
        f"{what} has no rule here yet",
        where=frames.user_where(),
        why="gradwork does not know how a change passes through it",
        hint="write it with functions from `gradwork ops`, give its rule with gw.custom_rule(f, pullback), or let "
        "gw.black_box(f) measure its slopes by nudging",
    )


def no_values() -> GradworkError:
    """The error for a decision where no values are known."""
    return TracedValueError(
        "a rule cannot decide by a value here",
        where=frames.user_where(),
        why="no values are known while a rule is being written out in symbols",
        hint="np.where(condition, a, b)",
    )


def function_name(function: Any) -> str:
    """What a user calls a NumPy function: np.linalg.svd."""
    module = (getattr(function, "__module__", "") or "").replace("numpy", "np")
    name = getattr(function, "__name__", str(function))
    if isinstance(function, np.ufunc) and getattr(np, name, None) is not function:
        return name.lstrip("_")  # another package's
    return f"{module or 'np'}.{name}"


def of_objects(error: TypeError) -> GradworkError | None:
    """The error for an array of Python objects, made by np.array of traced values, that went into compiled code.

    NumPy hands most functions each object by itself, and the trace goes on; LAPACK and the Fourier transforms take
    numbers alone. None where the error is about something else.
    """
    if isinstance(error, GradworkError) or not re.search(r"dtype\('O'\)|type object is|safely coerced", str(error)):
        return None
    where, step = None, error.__traceback__
    while step is not None:
        name = step.tb_frame.f_code.co_filename
        if frames.is_users(name):
            where = Where(name, step.tb_lineno)
        step = step.tb_next
    return TracedValueError(
        "an array that np.array made of traced numbers cannot go into this function",
        where=where,
        why="np.array makes an array of Python objects of them, and this function takes numbers alone",
        hint="np.stack([a, b]) in place of np.array([a, b]); row by row for a matrix: np.stack([np.stack([a, b]), "
        "np.stack([c, d])])",
    )
