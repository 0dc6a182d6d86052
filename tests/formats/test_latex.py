"""Pages of LaTeX: what stands in them, and that they compile where there is an engine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from formats.sample_pages import PAGES

from gradwork import formats
from gradwork.notation.document import Document, Equation, Paragraph, Table
from gradwork.notation.layout import Derivative, Layout, Matrix, Number, Power, Symbol


def formula(piece: Layout) -> str:
    written = str(formats.render(Document("x", (Equation(piece),)), "latex"))
    return written[written.index("\\begin{alignat*}") :]


@pytest.mark.parametrize(
    ("piece", "written"),
    [
        (Derivative(Symbol("loss"), Symbol("w")), r"\frac{d\,\mathit{loss}}{d\,w}"),
        (Symbol("eta"), r"\eta"),
        (Symbol("learning_rate"), r"\mathit{learning\_rate}"),
        (Symbol("W1"), "W_{1}"),
        (Power(Symbol("x"), Number(2)), "{x}^{2}"),
        (Matrix(((Number(1), Number(2)),)), r"\begin{bmatrix} 1 & 2 \end{bmatrix}"),
        (Number(2e-8), r"2 \times 10^{-8}"),
        (Number(float("inf")), r"\infty"),
    ],
)
def test_formulas(piece: Layout, written: str) -> None:
    assert written in formula(piece)


def test_only_the_packages_promised() -> None:
    plain = str(formats.render(Document("x", (Paragraph("y"),)), "latex"))
    assert "tikz" not in plain
    assert "\\usepackage{tikz}" in str(formats.render(PAGES["everything"], "latex"))


def test_decimals_stand_under_one_another() -> None:
    written = str(formats.render(Document("x", (Table(("", "v"), (("a", Number(-1.25)),)),)), "latex"))
    assert "{lr@{}l}" in written and "a & $-1$ & .25" in written


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX")
@pytest.mark.parametrize("page", PAGES)
def test_compiles(page: str, tmp_path: Path) -> None:
    (tmp_path / "page.tex").write_text(str(formats.render(PAGES[page], "latex")), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120)
    log = done.stdout.decode(errors="replace")
    assert done.returncode == 0, log[log.find("\n!") :][:800]
    assert "Overfull \\hbox (1" not in log
