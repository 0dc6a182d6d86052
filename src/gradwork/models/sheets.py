"""`gw.sheet`: worksheets from a chapter, or from anybody's own model."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, overload

import numpy as np

from gradwork.errors import ArgumentError, DataError, MissingFileError, UsageError
from gradwork.worksheets.chapters import chapter_named
from gradwork.worksheets.classroom import Answers
from gradwork.worksheets.exercise import Chapter
from gradwork.worksheets.masks import Mask, mask_named
from gradwork.worksheets.sheet import CODE, RECORD, Sheet, make_sheet


class Sheets(Sequence[Sheet]):
    """Several copies of a sheet, each with numbers of its own."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        self._sheets = tuple(sheets)

    @overload
    def __getitem__(self, index: int) -> Sheet: ...
    @overload
    def __getitem__(self, index: slice) -> Sheets: ...
    def __getitem__(self, index: int | slice) -> Sheet | Sheets:
        return Sheets(self._sheets[index]) if isinstance(index, slice) else self._sheets[index]

    def __repr__(self) -> str:
        one = self._sheets[0] if self._sheets else None
        return f"<{len(self)} sheets{f': {one.title}, level {one.level}, from seed {one.seed}' if one else ''}>"

    def __len__(self) -> int:
        return len(self._sheets)

    def __iter__(self) -> Iterator[Sheet]:
        return iter(self._sheets)

    def save(self, path: str | os.PathLike[str], **style: Any) -> None:
        """Write all of them: into one PDF, or each into a file of its own with its seed in the name."""
        stem, suffix = os.path.splitext(os.fspath(path))
        if suffix.lower() == ".pdf":
            from gradwork.notation.document import Style
            from gradwork.worksheets.paper import paper

            Path(path).write_bytes(paper(self, Style(**{"digits": 12, **style})))
            return
        if os.fspath(path).endswith(RECORD):
            stem, suffix = os.fspath(path).removesuffix(RECORD), RECORD
        for one in self:
            one.save(f"{stem}-{one.seed}{suffix}", **style)


def sheet(
    chapter_or_model: Any,
    *,
    seed: int = 0,
    level: int = 1,
    mask: str | Mask | None = None,
    copies: int = 1,
    language: str = "en",
) -> Any:
    """Make a worksheet, with its key: `Sheet`; with `copies` above 1 a sequence of them, with seeds that follow.

    chapter_or_model: a chapter by slug or number ("two-layers", 11), a `Chapter`, a model file (.toml) or a model.
    seed:  fixes every number of the sheet.   level: 1 to 3.
    mask:  what is left blank: a name such as "results+shapes", or a `Mask`; the chapter's own where it is left out.

    Raises UsageError for names that there are none of, and for a mask that hides what cannot be found again.

    >>> import gradwork as gw
    >>> sheet = gw.sheet("one-weight", seed=3)
    >>> marked = sheet.grade({number: answer for number, answer in sheet.key.items()})
    >>> marked.score == marked.total == len(sheet.blanks)
    True
    """
    copies = _whole(copies, "copies", 1)
    seed = _whole(seed, "seed", 0)
    level = _whole(level, "level", None)
    chosen = mask_named(mask) if isinstance(mask, str) else mask
    if chosen is not None and not isinstance(chosen, Mask):
        raise ArgumentError(
            f"{type(mask).__name__} is no mask",
            hint='mask="results+shapes"; `gradwork chapters --masks` lists the masks',
        )
    chapter, source = _chapter(chapter_or_model)
    made = []
    for k in range(copies):
        one = make_sheet(chapter, seed=seed + k, level=level, mask=chosen, language=language, source=source)
        made.append(one)
    return made[0] if copies == 1 else Sheets(made)


def _whole(given: Any, name: str, least: int | None) -> int:
    """A whole number of any kind. Raises ArgumentError for anything else, and for one below `least`."""
    number = None if isinstance(given, (bool, np.bool_)) or not hasattr(given, "__index__") else int(given.__index__())
    if number is None or (least is not None and number < least):
        kind = "a whole number" if least is None else f"a whole number, {least} or more"
        raise ArgumentError(f"{name} cannot be {given!r}", why=f"it is {kind}")
    return number


def _chapter(given: Any) -> tuple[Chapter, str]:
    if isinstance(given, Chapter):
        return given, ""
    if isinstance(given, int):
        return chapter_named(str(given)), ""
    if isinstance(given, os.PathLike) or (isinstance(given, str) and given.endswith(".toml")):
        from gradwork.models.own_sheet import chapter_from_file

        return chapter_from_file(Path(given)), os.fspath(given)
    if isinstance(given, str):
        return chapter_named(given), ""
    from gradwork.models.model import Model
    from gradwork.models.own_sheet import chapter_from_model

    if isinstance(given, Model):
        return chapter_from_model(given), ""
    raise ArgumentError(
        f"{type(given).__name__} is neither a chapter nor a model",
        hint='gw.sheet("two-layers"), or gw.sheet("my-model.toml"); `gradwork chapters` lists the chapters',
    )


def load_sheet(path: str | os.PathLike[str]) -> Sheet:
    """The very same sheet, from its .sheet.json.

    Raises DataError where the file is none, or where this version of gradwork would make another sheet of it.
    """
    file = Path(path)
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingFileError(
            f"there is no file {file}", hint=f"gradwork sheet writes one that ends in {RECORD}"
        ) from error
    except IsADirectoryError as error:
        raise DataError(f"{file} is a folder", hint=f"the file in it that ends in {RECORD}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{file.name} cannot be read", why=f"it is no JSON: {error}") from error
    if not isinstance(record, dict) or "gradwork sheet" not in record:
        raise DataError(
            f"{file.name} is no sheet", why=f"a sheet's file ends in {RECORD} and is written by gradwork sheet"
        )
    return sheet_of(record, file.name, file.parent)


def sheet_from_code(text: str) -> Sheet:
    """The very same sheet, from what its printed code says. Raises DataError where it cannot be brought back.

    >>> import gradwork as gw
    >>> sheet = gw.sheet("two-layers", seed=4)
    >>> sheet_from_code(sheet.code).checksum == sheet.checksum
    True
    """
    parts = text.strip().removeprefix(CODE).split("/")
    if not text.startswith(CODE) or len(parts) != 7 or not (parts[1].isdecimal() and parts[2].isdecimal()):
        raise DataError("this is no code of a sheet", why=f"a code begins with {CODE} and has seven parts")
    chapter, level, seed, mask, language, version, checksum = parts
    record = {"chapter": chapter, "level": int(level), "seed": int(seed), "mask": mask, "language": language}
    return sheet_of({"gradwork sheet": 1, **record, "version": version, "checksum": checksum}, "the code")


class ClassSheets:
    """The sheets of a class: from one .sheet.json, the same exercises with each learner's own numbers.

    first:  the sheet of the file.   roster: learner → seed, from the file, to be added to.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.first = load_sheet(path)
        self.record = json.loads(Path(path).read_text(encoding="utf-8"))
        self.roster: dict[str, int] = dict(self.record.get("roster", {}))
        self._beside = Path(path).parent
        self._made = {self.first.seed: self.first}

    def sheet_for(self, answers: Answers) -> Sheet:
        """The sheet that these answers belong to: by their own seed, by the roster, else that of the file.

        Raises DataError for answers that were typed on another sheet, and for a learner who is not in the roster.
        """
        self._check_known(answers)
        seed = answers.seed if answers.seed is not None else self.roster.get(answers.learner, self.first.seed)
        if seed not in self._made:
            self._made[seed] = sheet_of({**self.record, "seed": seed, "checksum": None}, beside=self._beside)
        made = self._made[seed]
        if answers.checksum and answers.checksum != made.checksum:
            raise DataError(
                f"the answers{f' of {answers.learner}' if answers.learner else ''} belong to another sheet",
                why=f"they were typed on {answers.about}; this one is chapter {made.chapter}, level {made.level}, "
                f"seed {made.seed}",
                hint="the .sheet.json that was written beside that page",
            )
        return made

    def all(self) -> list[Sheet]:
        """Every sheet that the file stands for: one a learner of its roster, or one a copy."""
        seeds = self.roster.values() or range(self.first.seed, self.first.seed + int(self.record.get("copies", 1)))
        return [self.sheet_for(Answers("", {}, seed)) for seed in seeds]

    def _check_known(self, answers: Answers) -> None:
        """Nobody is marked on the numbers of somebody else."""
        if answers.seed is not None or not self.roster or answers.learner in self.roster:
            return
        near = get_close_matches(answers.learner, self.roster, n=1)
        raise DataError(
            f"{answers.learner} is not in the roster" if answers.learner else "the answers do not say whose they are",
            why="the roster says which numbers each learner has, and it has " + ", ".join(list(self.roster)[:12]),
            hint=near[0] if near else "a line for each learner in the roster, or a column with seeds in the answers",
        )


def _chapter_from(source: str, beside: Path) -> Chapter:
    """The chapter of a model file: where it was, or beside the sheet's own file."""
    from gradwork.models.own_sheet import chapter_from_file

    for place in (Path(source), beside / source, beside / Path(source).name):
        if place.exists():
            return chapter_from_file(place)
    raise DataError(
        f"the model file {source} is not there",
        why="the sheet was made from it, and its numbers come from it",
        hint="put it beside the .sheet.json",
    )


def sheet_of(record: dict[str, Any], name: str = "the record", beside: Path = Path()) -> Sheet:
    """The sheet that a record describes. Raises DataError where it cannot be brought back."""
    if record.get("gradwork sheet") != 1:
        raise DataError(f"{name} was written by a later gradwork", hint="update gradwork")
    source = record.get("source", "")
    try:
        chapter = _chapter_from(source, beside) if source else chapter_named(record["chapter"])
    except UsageError as error:
        raise DataError(f"{name} is a sheet of a chapter that is not here: {record['chapter']}") from error
    mask = mask_named(record["mask"]) if record.get("mask") else None
    made = make_sheet(
        chapter, seed=record["seed"], level=record["level"], mask=mask, language=record["language"], source=source
    )
    if record["checksum"] is not None and made.checksum != record["checksum"]:
        raise DataError(
            f"the sheet of {name} cannot be brought back",
            why=f"gradwork {record.get('version')} made it, and this version makes other numbers of the same seed"
            + (f"; or {source} has changed" if source else ""),
            hint=f"pip install gradwork=={record.get('version')}",
        )
    return made
