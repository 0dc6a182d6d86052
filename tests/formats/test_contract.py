"""Every format can write every kind of piece and block; a new kind, or a new format, is held to it by itself."""

from __future__ import annotations

import re

import pytest
from formats import checks
from formats.sample_pages import BLOCKS, EVERYTHING, PIECES

from gradwork import formats
from gradwork.notation.document import Block, Document, Equation, Paragraph, Style, Table
from gradwork.notation.layout import Layout, Number
from gradwork.notation.speech import spoken

NAMES = formats.names()


def kinds(base: type) -> list[type]:
    own = [kind for kind in base.__subclasses__() if kind.__module__.startswith("gradwork.")]
    return own + [deeper for kind in own for deeper in kinds(kind)]


def test_samples_are_complete() -> None:
    assert {kind.__name__ for kind in kinds(Layout)} == set(PIECES), "a sample of each kind of piece is asked for"
    assert {kind.__name__ for kind in kinds(Block)} == set(BLOCKS), "a sample of each kind of block is asked for"


@pytest.mark.parametrize("kind", PIECES)
@pytest.mark.parametrize("name", NAMES)
def test_pieces(name: str, kind: str) -> None:
    piece = PIECES[kind]
    page = Document(
        "A piece", (Equation(piece, "note"), Paragraph(("so ", piece, ".")), Table((piece,), ((piece, piece),)))
    )
    checks.page(name, formats.render(page, name), 80)


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("name", NAMES)
def test_blocks(name: str, kind: str) -> None:
    checks.page(name, formats.render(Document("A block", (BLOCKS[kind],)), name), 80)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_kinds_are_named(name: str) -> None:
    class Unknown(Layout):
        __slots__ = ()

    class UnknownBlock(Block):
        __slots__ = ()

    if name != "json":  # which writes whatever has fields
        with pytest.raises(NotImplementedError, match="UnknownBlock"):
            formats.render(Document("x", (UnknownBlock(),)), name)
    with pytest.raises(NotImplementedError, match="Unknown"):
        formats.render(Document("x", (Equation(Unknown()),)), name)


@pytest.mark.parametrize("name", NAMES)
def test_no_blocks(name: str) -> None:
    written = formats.render(Document("Nothing yet", ()), name)
    checks.page(name, written, 80)
    assert "Nothing yet" in str(written)


@pytest.mark.parametrize("name", sorted({*NAMES} - {"pdf"}))
def test_digits_are_the_readers(name: str) -> None:
    page = Document(
        "x", (Paragraph(("", Number(2.71828))), Equation(Number(2.71828)), Table(("x",), ((Number(2.71828),),)))
    )
    written = re.sub("<[^>]*>", "", str(formats.render(page, name, Style(digits=3))))
    assert len(re.findall(r'2(\$ & |"\), text\(")?\.72\b', written)) == {"json": 6, "typst": 4}.get(
        name, 3
    )  # some say it aloud too


@pytest.mark.parametrize("name", NAMES)
def test_same_page_twice(name: str) -> None:
    assert formats.render(EVERYTHING, name) == formats.render(EVERYTHING, name)


@pytest.mark.parametrize("kind", PIECES)
def test_spoken(kind: str) -> None:
    said = spoken(PIECES[kind])
    assert said == " ".join(said.split())
    assert said and "<" not in said
