"""Pages of text: particular formulas, tables and plots, and that they fit windows of any width."""

from __future__ import annotations

import pytest
from formats import checks
from formats.sample_pages import PAGES

from gradwork import formats
from gradwork.notation.document import (
    Block,
    Curve,
    Document,
    Dot,
    Equation,
    Equations,
    Figure,
    Heading,
    Paragraph,
    Step,
    Style,
    Table,
)
from gradwork.notation.layout import (
    BigSum,
    Derivative,
    Fraction,
    Infix,
    Layout,
    Matrix,
    Negative,
    Number,
    Power,
    Product,
    Root,
    Subscript,
    Sum,
    Symbol,
    Transpose,
    equation,
    row_vector,
)

x, y, w = Symbol("x"), Symbol("y"), Symbol("w")


def n(value: complex) -> Number:
    return Number(value)


def lines(*blocks: Block, name: str = "terminal", width: int = 80) -> list[str]:
    """The lines of a page without its title."""
    page = Document("x", (Heading("x", 1), *blocks))
    return str(formats.render(page, name, Style(width=width))).splitlines()[3:]


@pytest.mark.parametrize(
    ("piece", "terminal", "plain"),
    [
        (Product((n(2), n(-2), n(4))), "2 · (-2) · 4", "2 * (-2) * 4"),
        (Product((n(2), Symbol("error"), x)), "2 error x", "2 error x"),
        (Product((x, Sum((x, y), (1, 1)))), "x · (x + y)", "x * (x + y)"),
        (Product((n(2), Power(n(3), n(2)))), "2 · 3²", "2 * 3^2"),
        (Product((Fraction(n(1), n(50)), x)), "1/50 · x", "1/50 * x"),
        (Product((BigSum(x), y)), "(Σ x) y", "(sum x) y"),
        (Power(x, n(2)), "x²", "x^2"),
        (Power(x, n(-1)), "x⁻¹", "x^(-1)"),
        (Power(x, Sum((y, n(1)), (1, 1))), "x^(y + 1)", "x^(y + 1)"),
        (Power(Power(x, n(2)), n(3)), "(x²)³", "(x^2)^3"),
        (Power(Root(x), n(2)), "(√x)²", "sqrt(x)^2"),
        (Power(n(-2), n(2)), "(-2)²", "(-2)^2"),
        (Power(n(2e-8), n(2)), "(2e-8)²", "(2e-8)^2"),
        (Transpose(Symbol("X")), "Xᵀ", "X^T"),
        (Fraction(Sum((x, y), (1, 1)), Product((n(2), x))), "(x + y)/(2 x)", "(x + y)/(2 x)"),
        (Fraction(Fraction(x, y), w), "(x/y)/w", "(x/y)/w"),
        (Derivative(Symbol("loss"), w), "d loss/d w", "d loss/d w"),
        (Derivative(Symbol("loss"), w, 2, True), "∂² loss/∂ w²", "d^2 loss/d w^2"),
        (Sum((x, Negative(y)), (1, 1)), "x + (-y)", "x + (-y)"),
        (Sum((x, Sum((y, w), (1, -1))), (1, -1)), "x - (y - w)", "x - (y - w)"),
        (Infix("@", (Symbol("X"), Infix("@", (Symbol("A"), Symbol("B"))))), "X @ (A @ B)", "X @ (A @ B)"),
        (Infix("⊙", (Sum((x, y), (1, 1)), w)), "(x + y) ⊙ w", "(x + y) (*) w"),
        (Symbol("eta"), "η", "eta"),
        (Symbol("θ"), "θ", "theta"),
        (Symbol("alpha_2"), "α₂", "alpha_2"),
        (Subscript(x, (n(1),)), "x₁", "x_1"),
        (Subscript(Symbol("W1"), (n(2), n(3))), "W1[2, 3]", "W1[2, 3]"),
        (row_vector([n(1), n(2), n(3)]), "[1 2 3]", "[1 2 3]"),
        (n(complex(1, -2)), "1 - 2i", "1 - 2i"),
    ],
)
def test_formulas(piece: Layout, terminal: str, plain: str) -> None:
    assert lines(Equation(piece)) == [terminal]
    assert lines(Equation(piece), name="plain") == [plain]


def test_matrix_in_brackets() -> None:
    matrix = Matrix(((n(1.5), n(-20)), (n(10), n(3))))
    assert lines(Equation(equation(w, matrix), "(2, 2)")) == [
        "w = ⎡ 1.5  -20⎤   (2, 2)",
        "    ⎣10      3⎦",
    ]
    assert lines(Equation(matrix), name="plain") == ["[ 1.5  -20]", "[10      3]"]
    assert lines(Paragraph(("is ", matrix))) == ["is [1.5 -20; 10 3]"]


def test_wide_matrix_loses_its_middle() -> None:
    matrix = Matrix(tuple(tuple(n(i + 100) for i in range(40)) for _ in range(2)))
    first = lines(Equation(equation(w, matrix)), width=40)[0]
    assert first.startswith("w = ⎡100  101") and "…" in first and first.endswith("139⎤")


def test_equations_line_up() -> None:
    rows = (Equation(equation(Symbol("yhat"), x), "one"), Equation(equation(y, Sum((x, n(100)), (1, 1))), "two"))
    assert lines(Equations(rows)) == ["yhat = x         one", "y    = x + 100   two"]


def test_steps_line_up() -> None:
    steps = (
        Step("power rule", Derivative(Power(x, n(2)), x), Product((n(2), x))),
        Step("sum rule", Derivative(y, x), n(1), "y drops out"),
    )
    assert lines(*steps) == ["power rule   d x²/d x = 2 x", "sum rule     d y/d x  = 1   y drops out"]


def test_long_equations_are_parted_at_their_terms() -> None:
    terms = tuple(Product((Symbol(f"weight_{i}"), Symbol(f"input_{i}"))) for i in range(6))
    written = lines(Equation(equation(y, Sum(terms, (1,) * 6))), width=44)
    assert len(written) > 2
    assert all(line.startswith("  + ") for line in written[1:])


def test_table_with_decimals() -> None:
    table = Table(("", "value"), ((w, n(1.25)), (y, n(-10)), (x, n(2e-8))))
    assert lines(table) == ["     value", "w     1.25", "y   -10", "x     2e-8"]


def test_narrow_table_wraps_then_becomes_a_list() -> None:
    table = Table(("", "loss before", "loss after", "slope"), ((w, n(2498.06), n(2482.693656), n(-1536.63)),))
    assert lines(table, width=30)[-1] == "w  2498.06   2482.69  -1536.63"
    assert lines(table, width=26) == [
        "w",
        "  loss before  2498.06",
        "  loss after   2482.69",
        "  slope        -1536.63",
    ]


def test_many_columns_lose_their_middle() -> None:
    table = Table(tuple(f"row {i}" for i in range(50)), (tuple(n(i) for i in range(50)),))
    first, second = lines(table, width=60)
    assert "…" in first and first.startswith("row 0") and first.endswith("row 49") and second.endswith("49")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["plain", "terminal"])
def test_every_width(name: str, page: str) -> None:
    for width in [*range(20, 120), 160, 200, 300]:
        checks.text(str(formats.render(PAGES[page], name, Style(width=width))), width)


def test_plain_where_the_window_has_no_unicode() -> None:
    written = str(formats.render(PAGES["everything"], "terminal", Style(unicode=False)))
    assert written.isascii()


@pytest.mark.parametrize(
    "figure",
    [
        Figure(()),
        Figure((Curve((), ()),)),
        Figure((Curve((1.0,), (1.0,)),)),
        Figure((Curve((0.0, 1.0), (5.0, 5.0)),)),
        Figure((Curve((0.0, 1.0, 2.0), (float("nan"), float("inf"), 1.0)),)),
        Figure((Curve((0.0, 1.0), (1e300, -1e300)),)),
        Figure((Curve((0.0, 1.0), (1e-300, 2e-300)),)),
        Figure((Curve((0.0, 5e-324), (0.0, 1e-280)),)),
        Figure((), (Dot(1.5e308, -1.5e308, "far"),)),
        Figure((Curve((1e9, 1e9 + 1), (0.0, 1.0)),)),
        Figure((), (Dot(0.0, 0.0, "here"), Dot(float("nan"), 1.0, "nowhere"))),
        Figure(tuple(Curve((0.0, 1.0), (0.0, float(i)), f"curve {i}") for i in range(12))),
    ],
)
@pytest.mark.parametrize("name", formats.names())
def test_figures(name: str, figure: Figure) -> None:
    checks.page(name, formats.render(Document("x", (figure,)), name), 80)
