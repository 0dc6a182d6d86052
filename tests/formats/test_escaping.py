"""No text of a user's becomes markup, a command or an escape sequence, wherever in a page it stands."""

from __future__ import annotations

import re

import pytest
from formats import checks

from gradwork import formats
from gradwork.formats.html import fragment
from gradwork.notation.document import (
    Curve,
    Document,
    Dot,
    Equation,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Run,
    Section,
    Sliders,
    Step,
    Style,
    Table,
)
from gradwork.notation.layout import Call, Fence, Infix, Listed, Marked, Subscript, Symbol, Words

NASTY = [
    "<script>alert(1)</script>",
    "</style><script>",
    '" onload="alert(1)',
    "a & b &amp; c",
    "100 % of $x$ #1 {_^~}",
    "\\input{/etc/passwd}",
    "\\",
    "\x1b[31mred\x1b[0m",
    "\x00\x07\r\n\t",
    "\u202egnp.exe",
    "\ud800",
    "\ue001\ue000",
    "]]><!--",
    "日本語 Ж ŷ é ½ 🙂",
]


def everywhere(text: str) -> Document:
    symbol = Symbol(text)
    formula = Infix(
        "=", (Call(text, (symbol, Words(text))), Subscript(symbol, (symbol,)), Infix(text, (symbol, symbol)))
    )
    return Document(
        text,
        (
            Heading(text, 2, text),
            Paragraph(text, text),
            Equation(formula, text),
            Equation(Listed((Fence(text, symbol, text), Marked(symbol, text)), text), text),
            Table((text, symbol), ((text, symbol),), text),
            Step(text, symbol, symbol, text),
            Listing(text, text),
            Figure((Curve((0.0, 1.0), (0.0, 1.0), text, text),), (Dot(0.5, 0.5, text),), text, text, text, text),
            Sliders(
                (Curve((0.0, 1.0), (0.0, 1.0), text, "contour"),),
                runs=(Run(text, text, (0,), ((0.0, 1.0),), ((0.0, 1.0),), ((text,),)),),
                run_name=text,
                lines=((text, (text, 0)),),
            ),
            Section(Heading(text), (Paragraph(text),), True),
        ),
        facts={text: text},
        language=text,
    )


@pytest.mark.parametrize("text", NASTY, ids=ascii)
@pytest.mark.parametrize("name", formats.names())
def test_pages(name: str, text: str) -> None:
    checks.page(name, formats.render(everywhere(text), name, Style(width=70)), 70)


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_fragments(text: str) -> None:
    tree = checks.html(fragment(everywhere(text)))
    assert "script" not in tree.seen


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_html_shows_what_was_written(text: str) -> None:
    shown = checks.html(str(formats.render(Document("x", (Paragraph(text),)), "html"))).text
    if text.isprintable():
        assert text in shown


def test_commands_are_not_run_by_latex() -> None:
    written = str(formats.render(everywhere("\\input{x}"), "latex"))
    assert "\\input" not in written


def test_color_is_closed_on_every_line() -> None:
    page = Document("x", (Paragraph("one two three four five " * 9, "warning"), everywhere("w").blocks[2]))
    for line in str(formats.render(page, "terminal", Style(width=30, color=True))).splitlines():
        codes = re.findall(r"\x1b\[([\d;]*)m", line)
        assert all((code == "0") == bool(i % 2) for i, code in enumerate(codes)), line
        assert len(codes) % 2 == 0


def test_color_changes_no_letter() -> None:
    page = everywhere("w")
    plain = formats.render(page, "terminal", Style(color=False))
    colored = formats.render(page, "terminal", Style(color=True))
    assert re.sub(r"\x1b\[[\d;]*m", "", str(colored)) == plain
