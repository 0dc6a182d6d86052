"""Every word that a learner sees goes through the sheet's language, and each language has it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import gradwork as gw
from gradwork.check.cause import causes
from gradwork.formats import _text, render
from gradwork.graph.op import REGISTER
from gradwork.notation import speech
from gradwork.notation.document import Document, Equation, Equations
from gradwork.notation.language import Language
from gradwork.notation.layout import Layout, Words
from gradwork.worksheets import marking_data, page
from gradwork.worksheets.chapters import chapters
from gradwork.worksheets.exercise import Choice, Grid, Note, Row
from gradwork.worksheets.marked import STATUSES
from gradwork.worksheets.pieces import STAR
from gradwork.worksheets.words import language_named, languages

SOURCE = Path(gw.__file__).parent
OTHERS = languages()[1:]


def of_chapters() -> Iterator[str]:
    for chapter in chapters().values():
        yield from (chapter.title, chapter.goals)
        for level in chapter.levels:
            for ask in level:
                yield ask.exercise.text
                for row in ask.exercise.show:
                    yield from of_row(row)


def of_row(row: Row) -> Iterator[str]:
    if isinstance(row, Note):
        yield row.text
    elif isinstance(row, Grid):
        yield from row.columns
    elif isinstance(row, Choice):
        yield from (row.text, *row.options)


def of_causes() -> Iterator[str]:
    for cause in causes():
        if cause.slips is not None:
            yield from (cause.name, cause.summary)


def of_slips() -> Iterator[str]:
    """The sentences of slips: what is called `says` where slips are made, and what a slip is made with."""
    for path in sorted((SOURCE / "check" / "diagnoses").glob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        for node in module.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SAYS":
                yield from texts_in(node.value)
        for function in ast.walk(module):
            if not isinstance(function, ast.FunctionDef) or "Slip(" not in ast.unparse(function):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "says":
                    yield from texts_in(node.value)
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "Slip" and len(node.args) > 1:
                    yield from texts_in(node.args[1])


def of_program() -> Iterator[str]:
    """What is said with `say("...")` or `language("...")`, wherever that is, and in what tables of words hold."""
    files = [path for folder in ("worksheets", "formats", "notation") for path in (SOURCE / folder).glob("*.py")]
    for path in [*files, SOURCE / "cli" / "_answers.py", SOURCE / "cli" / "practice.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and node.args
                and ast.unparse(node.func).split(".")[-1] in ("say", "language")
            ):
                yield from texts_in(node.args[0])
    yield from (*marking_data.WORDS, *page._WORDS, *STATUSES, *speech.PHRASES, *_text._LABELS.values())


def texts_in(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*texts_in(node.body), *texts_in(node.orelse))


def of_rules() -> Iterator[str]:
    """The rules of all operations: a model of somebody's own may use any. Other tests declare more, of their own."""
    families = {path.stem for path in (SOURCE / "ops").glob("*.py")}
    for op in (op for op in REGISTER if op.family in families):
        yield op.rule
        if op.rule_for is not None:
            yield from (op.rule_name(moving) for moving in product((False, True), repeat=op.arity or 2))


def of_pages() -> Iterator[str]:
    """The rules that are named on sheets, and the words within formulas."""
    for slug in chapters():
        for level in (1, 2, 3):
            sheet = gw.sheet(slug, level=level)
            for item in sheet.items:
                yield from item.rules.values()
            for layout in formulas(sheet.document()):
                yield from (piece.text for piece in pieces(layout) if isinstance(piece, Words))


def formulas(document: Document) -> Iterator[Layout]:
    for block in document.blocks:
        rows = block.rows if isinstance(block, Equations) else (block,) if isinstance(block, Equation) else ()
        yield from (row.body for row in rows)


def pieces(layout: Any) -> Iterator[Layout]:
    yield layout
    for part in layout.parts():
        yield from pieces(part)


@cache
def sentences() -> tuple[str, ...]:
    found = [*of_chapters(), *of_causes(), *of_slips(), *of_program(), *of_rules(), *of_pages()]
    return tuple(text for text in dict.fromkeys(found) if re.search("[A-Za-z]", text) and text != STAR)


def test_sentences_are_found_in_every_place() -> None:
    for of, least in ((of_chapters, 150), (of_causes, 60), (of_slips, 45), (of_program, 40), (of_pages, 5)):
        assert len(set(of())) >= least, of.__name__


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_translated(code: str) -> None:
    own = {text for chapter in chapters().values() for text in chapter.words.get(code, {})}
    missing = [text for text in sentences() if text not in language_named(code).texts and text not in own]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("code", OTHERS)
def test_names_in_braces_agree(code: str) -> None:
    def names(text: str) -> list[str]:
        return sorted(re.findall(r"\{(\w*)\}", text))

    wrong = [text for text, said in language_named(code).texts.items() if names(text) != names(said)]
    assert not wrong, "\n".join(wrong)


def test_what_the_page_says_is_sent_along_with_it() -> None:
    for script, function, sent in (
        ("page.js", "tell", page._WORDS),
        ("page.js", "say", marking_data.WORDS),
        ("marking.js", "say", marking_data.WORDS),
    ):
        text = (SOURCE / "worksheets" / "assets" / script).read_text(encoding="utf-8")
        said = set(re.findall(rf'\b{function}\("([^"]+)"', text))
        assert said <= set(sent), said - set(sent)


@pytest.mark.parametrize("slug", list(chapters()))
def test_a_german_sheet_has_no_english_sentence_and_the_same_numbers(slug: str) -> None:
    say = language_named("de")
    english, german = gw.sheet(slug, seed=3, level=3), gw.sheet(slug, seed=3, level=3, language="de")
    text = " ".join(str(german.to("terminal", width=2000)).split())
    for sentence in of_chapters():
        if len(sentence.split()) > 3 and say(sentence) != sentence:
            assert sentence not in text
    assert german.title == say(english.title) and german.document().language == "de"
    assert german.checksum == english.checksum
    assert [b.text for b in german.blanks if not b.choices] == [b.text for b in english.blanks if not b.choices]


def test_points_are_printed_and_commas_are_read() -> None:
    german = gw.sheet("bends", seed=1, level=3, language="de")
    assert any("." in blank.text for blank in german.blanks)
    typed = {b.number: b.text if b.choices else b.text.replace(".", ",") for b in german.blanks}
    assert german.grade(typed).score == len(german.blanks)


def test_marks_are_said_in_the_language_of_the_sheet() -> None:
    german = gw.sheet("one-weight", seed=3, language="de")
    marked = german.grade({1: "?!", 2: "x"})
    assert marked[1].says == "das lässt sich nicht als Zahl lesen"
    assert "nicht lesbar" in str(marked.to("terminal")) and "Lücke" in str(marked.to("terminal"))
    assert "Lösungen" in str(render(german.document(key=True), "terminal"))


def test_what_a_language_does_not_have_is_said_in_english() -> None:
    assert Language("xx", "Xish", {"right": "x"})("it is {answer}", answer="3") == "it is 3"
