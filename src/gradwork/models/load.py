"""Loading a model: `load("cars.toml")`, `load("net.py:loss")`, or the text of a model file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradwork.descent.starts import Stream
from gradwork.errors import ModelError, UsageError, Where
from gradwork.graph.formula import Program, parse, parse_program
from gradwork.graph.formula.evaluate import close
from gradwork.models import function, layers, sheet_settings, values
from gradwork.models import settings as descend_settings
from gradwork.models.bind import Data, find_data
from gradwork.models.model import Model
from gradwork.models.text import ModelText
from gradwork.tables.read import not_there
from gradwork.tables.text import decode

_KEYS = (
    "title data missing columns parameters loss lines layer inputs targets layout seed wrt descend work sheet draw"
).split()
_TABLES = ("descend", "work", "sheet", "draw")
_WORK_KEYS = ("nudge", "rows", "columns", "digits", "full")
Wrt = str | Sequence[str] | None


def load(path_or_text: str | os.PathLike[str], *, wrt: Wrt = None, seed: int | None = None, data: Any = None) -> Model:
    """A model from a TOML file, from its text, or from `file.py:function`.

    wrt:  names that the gradient is taken with respect to, "w" or "w,b" or ("w", "b"); all parameters by default.
    seed: draw random parameters from this seed instead of the file's.
    data: a pandas or polars DataFrame, or a dict of arrays, in place of the file's data.

    A TOML file is never run as code. Raises ModelError, FormulaError, DataError and MissingFileError, each with the
    line that it is about.

    >>> model = load('loss = "mean((x*w - y)^2)"\\n[data]\\nx = [1, 2]\\ny = [2, 4]\\n[parameters]\\nw = 0')
    >>> model.parameters, model.program.names
    ({'w': 0.0}, ('x', 'w', 'y'))
    """
    name = os.fspath(path_or_text)
    asked = function.FUNCTION.fullmatch(name)
    if asked:
        return function.load_function(Path(asked[1]), asked[2], _names(wrt), data)
    is_text = "\n" in name or ("=" in name and not os.path.exists(name))
    text = ModelText(name, "<model>") if is_text else _read(Path(name))
    return _Loading(text, seed, data).model(_names(wrt))


def _names(wrt: Wrt) -> tuple[str, ...] | None:
    if wrt is None:
        return None
    names = wrt.split(",") if isinstance(wrt, str) else wrt
    return tuple(name.strip() for name in names)


def _read(path: Path) -> ModelText:
    if not path.exists():
        raise not_there(path)
    if path.is_dir() or path.suffix.lower() in (".csv", ".tsv", ".npy", ".npz", ".json", ".xlsx"):
        what = "a folder" if path.is_dir() else "a file of data"
        why = "a model is a TOML file that names a loss, its parameters and its data, or file.py:function"
        hint = f'a file model.toml with data = "{path.name}" and loss = "..."' if path.is_file() else None
        raise ModelError(f"{path.name} is {what}, not a model", where=Where(str(path)), why=why, hint=hint)
    try:
        content, _ = decode(path.read_bytes(), str(path))
    except OSError as error:
        why = error.strerror or str(error)
        raise ModelError(f"{path.name} cannot be read", where=Where(str(path)), why=why) from error
    if not content.strip():
        raise ModelError(
            f"{path.name} is empty",
            where=Where(str(path)),
            why="a model needs a loss",
            hint='loss = "mean((x*w - y)^2)"',
        )
    return ModelText(content, str(path))


def _check_kind(text: ModelText, tables: dict[str, Any]) -> None:
    """Complain of a filled-in working before its keys are looked at: none of them is a model's."""
    if "exercise" in tables:
        name = Path(text.file).name
        why = "its [[exercise]] tables hold printed values, which are checked; a model has a loss that is worked out"
        raise text.error(("exercise",), f"{name} is a filled-in working, not a model", why, f"gradwork verify {name}")


class _Loading:
    """One model file on its way to a model."""

    def __init__(self, text: ModelText, seed: int | None, frame: Any) -> None:
        self.text = text
        self.tables = text.parse()
        _check_kind(text, self.tables)
        text.check_keys(self.tables, _KEYS)
        self.title = text.take(self.tables, "title", str, "a text")
        self.layout = text.take(self.tables, "layout", str, "a text") or "rows"
        if self.layout not in ("rows", "columns"):
            raise values.unknown(text, ("layout",), self.layout, ("rows", "columns"))
        own = text.take(self.tables, "seed", int, "a whole number")
        self.stream = Stream(own or 0 if seed is None else seed)
        self.settings = self._settings()
        self.data = find_data(text, self.tables, frame, self.layout)

    def model(self, wrt: tuple[str, ...] | None) -> Model:
        """The model, with everything checked."""
        if "layer" in self.tables:
            layers.check_alone(self.text, self.tables)
            written = layers.write_out(self.text, self.tables, self.data, self.stream)
            program, parameters = written.program, written.parameters
            data, notes = written.data, written.notes
        else:
            program = self._program()
            parameters = self._parameters()
            data, notes = self._bind(program, parameters), []
        self._check_used(program, parameters)
        chosen = self._wrt(wrt, parameters, data)
        return Model(
            title=self.title or Path(self.text.file).stem,
            program=program,
            parameters=parameters,
            data=data,
            wrt=chosen,
            layout=self.layout,
            source=self.text.file,
            notes=(*self.data.read_notes(data), *notes, *self._random_notes()),
            settings=self.settings,
            random=bool(self.stream.used),
        )

    # -- the parts --------------------------------------------------------------------------------------------------

    def _settings(self) -> dict[str, Any]:
        settings = {key: self.text.take(self.tables, key, dict, "a table") or {} for key in _TABLES}
        self.text.check_keys(settings["work"], _WORK_KEYS, ("work",), "of [work]")
        sheet_settings.check(self.text, settings["sheet"], settings["draw"])
        descend_settings.check(self.text, settings["descend"])
        return settings

    def _program(self) -> Program:
        text, lines = self.text, self.tables.get("lines")
        if lines is not None and "loss" in self.tables:
            why = "the last of the [lines] is the loss already"
            raise text.error(("loss",), "the loss stands twice", why, "either loss = ... or [lines]")
        if lines is None:
            loss = text.take(self.tables, "loss", str, "a text")
            if loss is None:
                why = "a gradient is the slope of a loss"
                raise ModelError(
                    "the model has no loss",
                    where=Where(text.file),
                    why=why,
                    hint='loss = "mean((x*w - y)^2)", or named formulas under [lines], or [[layer]]s',
                )
            if ";" in loss:
                return _with_loss_named(parse_program(loss, text.file, first=text.line("loss")))
            return Program((("loss", parse(loss, text.file, text.line("loss"))),))
        text.take(self.tables, "lines", dict, "a table")
        for name in lines:
            text.take(lines, name, str, "a text", ("lines",))
            text.check_name(name, ("lines", name))
        at = {name: line for name in lines if (line := text.line("lines", name)) is not None}
        return parse_program(lines, text.file, at)

    def _parameters(self) -> dict[str, Any]:
        table = self.text.take(self.tables, "parameters", dict, "a table") or {}
        parameters: dict[str, Any] = {}
        for key, value in table.items():
            path = ("parameters", key)
            name = self.text.check_name(key, path)
            parameters[name] = values.parameter(self.text, value, path, self.stream, self.layout)
        return parameters

    def _bind(self, program: Program, parameters: dict[str, Any]) -> dict[str, Any]:
        self._check_apart(program, parameters)
        needed = [name for name in program.names if name not in parameters]
        known = self.data.names
        for name in needed:
            if name not in known:
                raise self._unbound(name, program, parameters)
        self.data.prepare(needed)
        bound = {name: self.data.numbers(name) for name in needed}
        self.data.check_lengths(bound)
        return bound

    def _random_notes(self) -> list[str]:
        kinds = ", ".join(dict.fromkeys(self.stream.used))
        return [f"random parameters drawn with seed {self.stream.seed} ({kinds})"] if kinds else []

    def _wrt(self, wrt: tuple[str, ...] | None, parameters: dict[str, Any], data: dict[str, Any]) -> tuple[str, ...]:
        own = self.tables.get("wrt")
        chosen = wrt if wrt is not None or own is None else _names(own)
        if chosen is None:
            if not parameters:
                why = "a gradient is taken with respect to parameters, and the model has none"
                where = Where(self.text.file)
                raise ModelError("the model has no parameters", where=where, why=why, hint="[parameters] with w = 0.0")
            return tuple(parameters)
        for name in chosen:
            if name not in parameters and name not in data:
                near = close(name, [*parameters, *data])
                raise UsageError(
                    f"the model has no parameter {name!r}",
                    where=self.text.where("wrt") if wrt is None else None,
                    why=f"its parameters are {', '.join(parameters) or 'none'}, its data {', '.join(data) or 'none'}",
                    hint=" or ".join(near) or None,
                )
        return tuple(dict.fromkeys(chosen))

    # -- names that do not fit --------------------------------------------------------------------------------------

    def _check_apart(self, program: Program, parameters: dict[str, Any]) -> None:
        lines = {name for name, _ in program.lines if name}
        own = {**dict.fromkeys(self.data.columns, "columns"), **dict.fromkeys(self.data.inline, "data")}
        for name in parameters:
            if name in own:
                why = f"it stands in [{own[name]}] too, and a name means one thing"
                raise self.text.error(("parameters", name), f"{name} is data and a parameter", why, "another name")
        for name in (*parameters, *own):
            if name in lines:
                section = "parameters" if name in parameters else own[name]
                why = f"a line has this name, and it stands in [{section}] too; a name means one thing"
                raise self.text.error((section, name), f"{name} is given twice", why, "another name for one of them")

    def _unbound(self, name: str, program: Program, parameters: dict[str, Any]) -> ModelError:
        formula = next(formula for _, formula in program.lines if name in formula.names)
        lines = [line for line, _ in program.lines if line]
        near = close(name, [*parameters, *self.data.names, *lines])
        known = [f"{kind}: {', '.join(names)}" for kind, names in _kinds(parameters, self.data) if names]
        hint = "exp(1) for the number e" if name == "e" else " or ".join(near)
        return ModelError(
            f"{name} has no value",
            where=formula.where_name(name),
            details=tuple(known),
            why="every name in a formula is a column of the data, a parameter, or a line above it",
            hint=hint or f'{name} = 0.0 under [parameters], or {name} = "column" under [columns]',
        )

    def _check_used(self, program: Program, parameters: dict[str, Any]) -> None:
        used = _reaching(program)
        for name in parameters:
            if name not in used:
                path = ("parameters", name) if name in self.tables.get("parameters", {}) else ("layer",)
                why = "its slope would be 0 everywhere: whatever its value, the loss stays the same"
                hint = f"a formula with {name} in it, or a model without it"
                raise self.text.error(path, f"the loss does not use the parameter {name}", why, hint)


def _with_loss_named(program: Program) -> Program:
    name, formula = program.lines[-1]
    taken = any(line == "loss" for line, _ in program.lines)
    return program if name or taken else Program((*program.lines[:-1], ("loss", formula)))


def _kinds(parameters: dict[str, Any], data: Data) -> list[tuple[str, tuple[str, ...]]]:
    named = tuple(dict.fromkeys((*data.columns, *data.inline, *data.given)))
    columns = data.table.names if data.table else ()
    return [("parameters", tuple(parameters)), ("data", named), ("columns of the file", columns)]


def _reaching(program: Program) -> set[str]:
    """The names that the last line hangs on, over the lines before it."""
    used = set(program.lines[-1][1].names)
    for name, formula in reversed(program.lines[:-1]):
        if name in used:
            used.update(formula.names)
    return used
