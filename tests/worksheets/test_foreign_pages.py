"""A language is one file, and in it no page of a sheet holds an English word, whether it is seen or heard."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import gradwork as gw
from gradwork.check.cause import causes
from gradwork.cli import main
from gradwork.formats import render
from gradwork.notation.document import Document, Style
from gradwork.worksheets import words
from gradwork.worksheets.chapters import chapters
from gradwork.worksheets.classroom import Report
from gradwork.worksheets.hints import hints
from gradwork.worksheets.words import language_named, languages

WORD = re.compile("[A-Za-z]{2,}")
# What stands in every language: functions as formulas have them, and what is typed at a prompt.
EVERYWHERE = {*"relu log exp abs sign sqrt tanh sigmoid softmax mean sum max".split(), "gradwork", "explain", "CODE"}


def foreign(text: str) -> str:
    """The sentence in letters that no English word has."""
    parts = re.split(r"(\{\w+\})", text)
    return "".join(part if part.startswith("{") else re.sub("[A-Za-z]", _foreign_letter, part) for part in parts)


def _foreign_letter(found: re.Match[str]) -> str:
    return chr(ord("а") + (ord(found[0].lower()) - ord("a")))


@pytest.fixture
def foreign_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A language made of one file, with the sentences that German has."""
    texts = {text: foreign(text) for text in language_named("de").texts}
    (tmp_path / "xx.py").write_text(f"TITLE = 'Xish'\nTEXTS = {texts!r}\n", encoding="utf-8")
    monkeypatch.setattr(words, "__path__", [*words.__path__, str(tmp_path)])
    languages.cache_clear()
    yield "xx"
    languages.cache_clear()
    language_named.cache_clear()
    sys.modules.pop(f"{words.__name__}.xx", None)


class Spoken(HTMLParser):
    """What is seen, heard, or said by the script of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.within = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.within = tag
        self.texts += [said or "" for name, said in attributes if name in ("alttext", "aria-label", "title", "alt")]

    def handle_endtag(self, tag: str) -> None:
        self.within = ""

    def handle_data(self, data: str) -> None:
        if self.within == "script":
            for line in data.splitlines():
                self.texts += in_quotes(line) if line.startswith(("const ABOUT=", "const SHEET=")) else []
        elif self.within != "style":
            self.texts.append(data)


def in_quotes(line: str) -> list[str]:
    """The texts of data that a script holds, without the English sentences by which it looks its words up."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"(:?)', line)
    return [text for text, is_name in found if " " in text and not is_name]


def of_html(text: str) -> list[str]:
    page = Spoken()
    page.feed(text)
    return page.texts


def of_json(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in ("kind", "format", "language", "facts", "align"):
                yield from of_json(part)
    elif isinstance(value, list):
        for part in value:
            yield from of_json(part)
    elif isinstance(value, str):
        yield value


def of_typst(source: str) -> list[str]:
    body = re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: chr(int(found[1], 16)), source[source.index("#show: look") :])
    texts = (text.replace(r"\n", "\n") for text in re.findall(r'"((?:[^"\\]|\\.)*)"', body))
    return [text for text in texts if " " in text and not text.startswith("<svg")]


def of_document(document: Document) -> list[str]:
    """All that a document says in every format that is read by people, and by those who hear it."""
    made = {name: str(render(document, name, Style(width=200))) for name in ("terminal", "html", "json", "typst")}
    spoken = [*of_html(made["html"]), *of_json(json.loads(made["json"])), *of_typst(made["typst"])]
    return [made["terminal"], *spoken]


def of_sheet(sheet: gw.Sheet) -> Iterator[str]:
    """All that a learner or a teacher sees of a sheet."""
    typed = {b.number: b.choices[0] if b.choices else "2" for b in sheet.blanks if b.number % 3}
    marked = sheet.grade({**typed, 1: "?!"}, learner="Ada")
    yield from (*of_html(sheet.page()), *of_html(sheet.page(key=False)))
    for document in (sheet.document(with_key=True), sheet.confusion(), sheet.item_page(0)):
        yield from of_document(document)
    for document in (marked.document(answers=True), Report(sheet.title, (marked, marked)).document()):
        yield from of_document(document)
    yield from (hint for blank in sheet.blanks for hint in hints(sheet, blank))


def names_in(sheet: gw.Sheet) -> set[str]:
    """What formulas and programs call things: it is the same in every language."""
    called = {name for item in sheet.items for name in (*item.plan.quantities, *item.exercise.labels.values())}
    return {word for name in called for word in WORD.findall(name)}


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("slug", list(chapters()))
def test_nothing_that_is_seen_or_heard_stays_english(slug: str, level: int, foreign_language: str) -> None:
    sheet = gw.sheet(slug, seed=3, level=level, language=foreign_language)
    codes = {cause.code[:2] for cause in causes()}
    known = EVERYWHERE | names_in(sheet) | codes | {"Ada"}
    said = (re.sub(r"\{\w+\}", "", text) for text in of_sheet(sheet))
    left = {word: text for text in said for word in WORD.findall(text) if word not in known}
    assert not left, "\n".join(f"{word}: {text[:100]}" for word, text in left.items())


def test_a_language_is_one_file(foreign_language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert languages() == ("en", "de", foreign_language)
    assert main(["sheet", "one-weight", "--language", foreign_language]) == 0
    assert foreign("The slope of one weight") in capsys.readouterr().out
