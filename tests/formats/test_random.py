"""Random pages: every format renders them, and no line of text is too wide."""

from __future__ import annotations

import pytest
from formats import checks
from formats.strategies import documents, layouts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradwork import formats
from gradwork.notation.document import Document, Equation, Paragraph, Style
from gradwork.notation.layout import Call, Fraction, Layout, Negative, Power, Product, Sum, Symbol
from gradwork.notation.speech import spoken

relaxed = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", formats.names())
@relaxed
@given(page=documents, width=st.integers(20, 300), digits=st.integers(1, 17))
def test_pages(name: str, page: Document, width: int, digits: int) -> None:
    checks.page(name, formats.render(page, name, Style(width=width, digits=digits)), width)


@pytest.mark.parametrize("name", ["plain", "terminal"])
@relaxed
@given(piece=layouts, width=st.integers(20, 300))
def test_formulas_fit(name: str, piece: Layout, width: int) -> None:
    page = Document("x", (Equation(piece, "a remark of several words"), Paragraph(("see ", piece, " there"))))
    checks.page(name, formats.render(page, name, Style(width=width)), width)


@relaxed
@given(piece=layouts)
def test_spoken(piece: Layout) -> None:
    assert isinstance(spoken(piece), str)


def _chain(build: object, depth: int) -> Layout:
    piece: Layout = Symbol("x")
    for _ in range(depth):
        piece = build(piece)  # type: ignore[operator]
    return piece


@pytest.mark.parametrize("name", formats.names())
@pytest.mark.parametrize(
    "build",
    [
        Negative,
        lambda x: Fraction(x, Symbol("y")),
        lambda x: Power(Symbol("y"), x),
        lambda x: Call("tanh", (x,)),
        lambda x: Sum((Symbol("a"), x), (1, -1)),
        lambda x: Product((Sum((x, x), (1, 1)), x)),  # shares its parts: written out it would be endless
    ],
)
def test_deep_formulas_are_cut(name: str, build: object) -> None:
    page = Document("x", (Equation(_chain(build, 5000)), Paragraph(("", _chain(build, 5000)))))
    checks.page(name, formats.render(page, name), 80)


@pytest.mark.parametrize("name", formats.names())
def test_long_formulas(name: str) -> None:
    terms = tuple(Product((Symbol(f"w_{i}"), Symbol(f"x_{i}"))) for i in range(1000))
    page = Document("x", (Equation(Sum(terms, (1,) * 1000)),))
    checks.page(name, formats.render(page, name), 80)
