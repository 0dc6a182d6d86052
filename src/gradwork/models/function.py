"""A model from a Python file: `net.py:loss`. The file is run, as `python net.py` would run it, because it was named."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import re
import sys
import traceback
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradwork.errors import GradworkError, ModelError, UsageError, Where
from gradwork.graph.formula.evaluate import close
from gradwork.models.model import Model
from gradwork.tables import table_of
from gradwork.tables.read import not_there

FUNCTION = re.compile(r"(.+\.py)(?::(\w+))?")
_MISSING = inspect.Parameter.empty


def load_function(file: Path, name: str | None, wrt: tuple[str, ...] | None = None, data: Any = None) -> Model:
    """The model of a function: its arguments get their default values, or the file's variables of the same names.

    data: a frame or a dict, whose columns come before both.
    Raises MissingFileError, and ModelError for a file that cannot be run and for arguments without a value.
    """
    if not file.exists():
        raise not_there(file)
    source = file.read_text(encoding="utf-8", errors="replace")
    if name is None:
        raise _no_function(file, source)
    module = _run(file, source)
    function = getattr(module, name, None)
    if not callable(function):
        raise _no_function(file, source, name)
    bound, origins = _bind(file, function, vars(module), _columns(data))
    floats = [argument for argument, value in bound.items() if _is_float(value)]
    chosen = floats if wrt is None else list(wrt)
    _check_wrt(file, function, chosen, floats, bound)
    notes = [f"{argument} from {origin}" for argument, origin in origins.items()]
    if wrt is None:
        notes.append(
            f"with respect to {', '.join(floats)}: every argument that is a decimal number or an array of them"
        )
    title = (inspect.getdoc(function) or name).split("\n")[0]
    return Model(
        title=title,
        program=None,
        parameters={argument: bound[argument] for argument in floats},
        data={argument: value for argument, value in bound.items() if argument not in floats},
        wrt=tuple(chosen),
        source=str(file),
        notes=tuple(notes),
        settings={"descend": {}, "work": {}},
        function=_told_by_line(file, function),
    )


def _told_by_line(file: Path, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with whatever it raises told as a message that names the user's line."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except GradworkError:
            raise
        except Exception as error:  # a user's own code may raise anything
            if isinstance(error.__cause__, GradworkError):
                raise error.__cause__ from None  # NumPy wraps ours, which says more
            name = getattr(function, "__name__", "the function")
            raise _stopped(file, error, f"{name} stops when it is called") from error

    return called


# --- running the file ------------------------------------------------------------------------------------------------


def _run(file: Path, source: str) -> types.ModuleType:
    module = types.ModuleType(f"gradwork_model_{file.stem}")
    module.__file__ = str(file)
    folder = str(file.resolve().parent)
    linecache.checkcache(str(file))
    # Dataclasses and pickling look their module up by its name; imports from beside the file need its folder.
    sys.modules[module.__name__] = module
    sys.path.insert(0, folder)
    try:
        exec(compile(source, str(file), "exec"), vars(module))
    except GradworkError:
        raise
    except SyntaxError as error:
        raise _syntax(file, error) from error
    except (Exception, SystemExit) as error:
        raise _stopped(file, error) from error
    finally:
        sys.path.remove(folder)
    return module


def _syntax(file: Path, error: SyntaxError) -> ModelError:
    text = (error.text or "").rstrip("\n")
    indent = len(text) - len(text.lstrip())
    column = max(1, (error.offset or 1) - indent)
    where = Where(error.filename or str(file), error.lineno, column, 1, text.strip() or None)
    return ModelError(f"{file.name} is not Python", where=where, why=error.msg)


def _stopped(file: Path, error: BaseException, headline: str | None = None) -> ModelError:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    hint: str | None
    if isinstance(error, SystemExit):
        why = "the file ends the program (sys.exit) when it is run"
        hint = 'what only the program needs, below: if __name__ == "__main__":'
    else:
        why = f"{type(error).__name__}: {error}"
        hint = None if headline else f"python {file.name}, which has to run through first"
    where = Where(str(file), lines[-1] if lines else None)
    return ModelError(headline or f"{file.name} stops while it is run", where=where, why=why, hint=hint)


def _no_function(file: Path, source: str, name: str | None = None) -> ModelError:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        functions = []
    else:
        functions = [item.name for item in tree.body if isinstance(item, ast.FunctionDef)]
    why = f"its functions are {', '.join(functions)}" if functions else "it has no functions"
    near = close(name or "loss", functions) or functions[:1]
    return ModelError(
        f"{file.name} has no function {name}" if name else f"a function of {file.name} has to be named",
        where=Where(str(file)),
        why=why,
        hint=" or ".join(f"{file.name}:{word}" for word in near) or "def loss(w, b): ...",
    )


# --- its arguments ---------------------------------------------------------------------------------------------------


def _columns(data: Any) -> dict[str, Any]:
    if data is None:
        return {}
    if isinstance(data, Mapping):
        return {str(name): value for name, value in data.items()}
    table = table_of(data)
    return {name: column if name in table.faults else table.numbers(name) for name, column in table.columns.items()}


def _bind(
    file: Path, function: Callable[..., Any], variables: Mapping[str, Any], columns: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    bound: dict[str, Any] = {}
    origins: dict[str, str] = {}
    missing: list[str] = []
    for name, parameter in _arguments(file, function).items():
        if name in columns:
            bound[name], origins[name] = columns[name], "the data"
        elif parameter.default is not _MISSING:
            bound[name], origins[name] = parameter.default, "its default value"
        elif name in variables:
            bound[name], origins[name] = variables[name], f"the variable {name}"
        else:
            missing.append(name)
    if missing:
        listed = ", ".join(missing)
        raise ModelError(
            f"{function.__name__} has no value for {listed}",
            where=_where(file, function),
            why="each argument needs a default value, or a variable of the same name in the file",
            hint=f"{missing[0]} = 0.0 above the function",
        )
    return bound, origins


def _arguments(file: Path, function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError) as error:
        why = "Python does not tell its arguments"
        raise ModelError(f"{function} cannot be used as a loss", where=Where(str(file)), why=why) from error
    spread = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for name, parameter in parameters.items():
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            why = "arguments are given by name, and this one stands in front of the / in its signature"
            where = _where(file, function)
            raise ModelError(f"{name} cannot be given by name", where=where, why=why, hint="a signature without /")
    return {name: parameter for name, parameter in parameters.items() if parameter.kind not in spread}


def _check_wrt(
    file: Path, function: Callable[..., Any], chosen: list[str], floats: list[str], bound: Mapping[str, Any]
) -> None:
    if not chosen:
        raise ModelError(
            f"{function.__name__} has no argument to take a slope with respect to",
            where=_where(file, function),
            why="a slope is taken with respect to decimal numbers or arrays of them",
            hint="w = 3.0 in place of w = 3",
        )
    for name in chosen:
        if name not in bound:
            why = f"its arguments are {', '.join(bound)}"
            near = " or ".join(close(name, bound)) or None
            raise UsageError(f"{function.__name__} has no argument {name!r}", why=why, hint=near)
        if name not in floats and not isinstance(bound[name], int):
            why = f"it is a {type(bound[name]).__name__}, and a slope needs decimal numbers"
            raise UsageError(f"{name} has no slope", why=why, hint=" or ".join(floats) or None)


def _where(file: Path, function: Callable[..., Any]) -> Where:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return Where(str(file), code.co_firstlineno if code is not None else None)


def _is_float(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value) and all(map(_is_float, value.values()))
    if isinstance(value, list | tuple):
        return bool(value) and all(map(_is_float, value))
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind == "f"
    return isinstance(value, float)
