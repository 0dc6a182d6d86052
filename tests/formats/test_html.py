"""What makes a page of HTML one that stands alone and reads well."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from formats.sample_pages import CARS, EVERYTHING

from gradwork import formats
from gradwork.formats.html import fragment
from gradwork.notation.document import Document, Equation, Heading, Paragraph, Table
from gradwork.notation.layout import Derivative, Fraction, Matrix, Number, Symbol, infix

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def page(*blocks: object) -> str:
    return str(formats.render(Document("A title", blocks), "html"))  # type: ignore[arg-type]


def test_stands_alone() -> None:
    written = page(*EVERYTHING.blocks)
    assert not re.search(r'(src|href)\s*=|url\((?!"data:|#)|@import|https?:', written)
    assert "<title>A title</title>" in written and '<html lang="en">' in written
    assert len(written) < 200_000


def test_title_is_the_only_first_heading() -> None:
    assert page(Paragraph("x")).count("<h1") == 1
    assert page(Heading("Own", 1), Paragraph("x")).count("<h1") == 1


def test_fragment_is_scoped() -> None:
    written = fragment(CARS)
    style = re.sub(r"/\*.*?\*/", "", written[: written.index("</style>")], flags=re.DOTALL).replace("<style>", "")
    for rule in re.findall(r"^\s*([^@\s{}/*][^{}]*)\{", style, re.MULTILINE):
        assert all(".gradwork" in selector for selector in rule.split(",")), rule
    assert "<h1" not in written


def test_boxes_scroll_and_are_reached_by_keyboard() -> None:
    for box in re.findall(r'<div class="scroll[^>]*>', page(*EVERYTHING.blocks)):
        assert 'tabindex="0"' in box and "aria-label=" in box


def test_mathml() -> None:
    written = page(Equation(infix("@", Symbol("X"), Fraction(Number(-1), Symbol("alpha")))))
    assert '<mo lspace="0.25em" rspace="0.25em">@</mo>' in written
    assert "<mi>α</mi>" in written
    assert 'alttext="X matrix times' in written


def test_derivative_is_a_fraction() -> None:
    written = page(Equation(Derivative(Symbol("loss"), Symbol("w"))))
    assert '<mfrac><mrow><mi>d</mi><mspace width="0.17em"/><mi class="name">loss</mi></mrow>' in written


def test_brackets_stretch_only_around_what_is_tall() -> None:
    flat, tall = Matrix(((Number(1), Number(2)),)), Matrix(((Number(1),), (Number(2),)))
    assert 'stretchy="true"' not in page(Equation(flat))
    assert 'stretchy="true"' in page(Equation(tall))


def test_decimals_stand_under_one_another() -> None:
    written = page(Table(("", "v"), (("a", Number(1.25)), ("b", Number(-10)))))
    assert '−10<span class="decimals" style="width:3ch"></span>' in written
    assert '1<span class="decimals" style="width:3ch">.25</span>' in written


def test_exponents() -> None:
    assert "2\u202f×\u202f10<sup>−8</sup>" in page(Paragraph(("", Number(2e-8))))


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize("sample", [CARS, EVERYTHING], ids=["cars", "everything"])
def test_phone_is_never_scrolled_sideways(sample: Document, tmp_path: Path) -> None:
    written = str(formats.render(sample, "html"))
    # The page is measured in a frame of a phone's width: a browser's own window has a least width.
    measure = (
        "<iframe id=f style='width:390px;height:900px;border:0' src='page.html'></iframe><pre id=o></pre><script>"
        "f.onload=()=>{const d=f.contentDocument.documentElement;"
        "o.textContent='widths '+d.scrollWidth+' '+d.clientWidth+' fonts '+f.contentDocument.fonts.size}</script>"
    )
    (tmp_path / "page.html").write_text(written, encoding="utf-8")
    (tmp_path / "measure.html").write_text(measure, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    options += ["--disable-component-update", "--disable-sync", "--allow-file-access-from-files", "--dump-dom"]
    command = [str(CHROMIUM), *options, f"--user-data-dir={tmp_path / 'profile'}", (tmp_path / "measure.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    found = re.search(r"widths (\d+) (\d+)", done.stdout)
    assert found, done.stderr[-500:]
    assert int(found[1]) <= int(found[2]) <= 390
