"""Fixed pages: one like a learner's, one that has every kind of block and piece."""

from __future__ import annotations

from gradwork.notation.document import (
    Block,
    Curve,
    Document,
    Dot,
    Equation,
    Equations,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Run,
    Section,
    Sliders,
    Step,
    Table,
)
from gradwork.notation.layout import (
    BigSum,
    Blank,
    Call,
    Cases,
    Derivative,
    Dots,
    Fence,
    Fraction,
    Infix,
    Layout,
    Listed,
    Marked,
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
    Words,
    add,
    call,
    equation,
    infix,
    multiply,
    row_vector,
    subtract,
)

w, b, x, y, u = (Symbol(name) for name in "wbxyu")
loss, error, yhat = Symbol("loss"), Symbol("error"), Symbol("yhat")


def n(value: float) -> Number:
    return Number(value)


def d(top: Layout, bottom: Layout) -> Derivative:
    return Derivative(top, bottom)


FORWARD = Section(
    Heading("Forward"),
    (
        Table(
            ("", "", "row 1", "row 2", "row 3", "row 4", "…"),
            (
                (equation(yhat, add(multiply(x, w), b)), "(50,)", n(0), n(0), n(0), n(0), ""),
                (equation(error, subtract(yhat, y)), "(50,)", n(-2), n(-10), n(-4), n(-22), ""),
                (Power(error, n(2)), "(50,)", n(4), n(100), n(16), n(484), ""),
                (equation(loss, call("mean", Power(error, n(2)))), "", n(2498.06), "", "", "", ""),
            ),
            align="ll....l",
        ),
    ),
)

NUDGING = Section(
    Heading("1  By nudging", aside="raise one parameter by 0.01, keep the rest"),
    (
        Table(
            ("", "loss before", "loss after", "rise", "slope = rise/nudge"),
            (
                ((w, "  0 → 0.01"), n(2498.06), Number(2482.693656, 10), Number(-15.366344, 8), n(-1536.63)),
                ((b, "  0 → 0.01"), n(2498.06), Number(2497.2005, 10), Number(-0.8595, 8), n(-85.95)),
            ),
        ),
        Paragraph(("both ways (w − 0.01, w + 0.01):  ", w, " ", n(-1539.28), "    ", b, " ", n(-85.96))),
        Paragraph(
            (
                "why they differ: the loss is a parabola in ",
                w,
                "; one-way nudging errs by half the curvature times the nudge: ",
                multiply(Fraction(n(529.12), n(2)), n(0.01)),
                " ≈ 2.65",
            ),
            kind="why",
        ),
    ),
)

BY_THE_RULES = Section(
    Heading(("2  By the rules", "   "), aside=d(loss, w)),
    (
        Step("mean rule", d(loss, u), Fraction(n(1), n(50)), "for each row"),
        Step(
            "power rule", d(u, error), multiply(n(2), Power(error, n(1))), ("where ", equation(u, Power(error, n(2))))
        ),
        Step("sum rule", d(error, w), d(multiply(x, Power(w, n(1))), w), "the constants b and y drop out"),
        Step("power rule", d(error, w), multiply(n(1), x, Power(w, n(0)))),
        Step("chain rule", d(loss, w), multiply(d(loss, u), d(u, error), d(error, w))),
        Equations(
            (
                Equation(equation(d(loss, w), call("mean", multiply(n(2), error, x)))),
                Equation(equation(Subscript(d(loss, w), (n(1),)), multiply(n(2), n(-2), n(4)), n(-16)), "row 1"),
                Equation(equation(Subscript(d(loss, w), (n(2),)), multiply(n(2), n(-10), n(4)), n(-80)), "row 2"),
            )
        ),
        Paragraph(("mean over 50 rows: ", n(-1539.28)), kind="result"),
    ),
)

BACKPROPAGATION = Section(
    Heading("3  By backpropagation", aside="from the loss back, one node at a time"),
    (
        Equations(
            (
                Equation(
                    equation(
                        infix("@", Transpose(Symbol("X")), Symbol("dZ")),
                        infix(
                            "@",
                            Matrix(((n(4), n(7), n(4), Dots()),), (1, 50)),
                            Matrix(((n(-0.08),), (n(-0.4),), (n(-0.16),), (Dots("vertical"),)), (50, 1)),
                        ),
                        n(-1539.28),
                    ),
                    "(1, 50) @ (50, 1)",
                ),
                Equation(equation(Symbol("db"), call("sum", Symbol("dZ")), n(-85.96))),
            )
        ),
        Equation(
            equation(
                Symbol("W1"),
                Matrix(((n(1.5), n(-2), n(10.25)), (n(0.125), n(3), n(-4)), (n(7), n(8), n(0.5)))),
            ),
            "(3, 3)",
        ),
    ),
)

AGREEMENT = Section(
    Heading("The three agree"),
    (
        Table(
            ("", "nudging (both ways)", "rules", "backprop", "digits"),
            (
                (w, (n(-1539.28), " ± ", n(2e-8)), n(-1539.28), n(-1539.28), n(11)),
                (b, (n(-85.96), " ± ", n(6e-10)), n(-85.96), n(-85.96), n(11)),
            ),
            align="l...r",
        ),
        Paragraph("nudging keeps fewer digits: subtracting two nearly equal losses loses them", kind="note"),
        Paragraph(("next step, learning rate ", Symbol("eta"), " = 0.003:  w 0 → 4.61784    b 0 → 0.25788")),
    ),
)

_XS = tuple(i / 10 for i in range(81))
DESCENT = Figure(
    (
        Curve(_XS, tuple(2498.06 - 1539.28 * v + 264.56 * v * v for v in _XS), "loss as a function of w"),
        Curve((0.0, 1.5), (2498.06, 2498.06 - 1539.28 * 1.5), "tangent at w = 0", "tangent"),
    ),
    (Dot(0.0, 2498.06, "start"), Dot(2.909, 259.1, "lowest point")),
    x_label="w",
    y_label="loss",
    caption=("The loss along ", w, ", with ", equation(b, n(0))),
    alt="A parabola in w that falls from 2498 at w = 0 to 259 at w = 2.9, then rises; its tangent at 0 falls steeply.",
)

CARS = Document(
    "Stopping distance from speed",
    (
        Heading(
            "Stopping distance from speed", level=1, aside=equation(loss, call("mean", Power(subtract(yhat, y), n(2))))
        ),
        Paragraph("50 rows of cars.csv    x = speed_mph   y = stopping_distance_ft    w = 0, b = 0"),
        FORWARD,
        NUDGING,
        BY_THE_RULES,
        BACKPROPAGATION,
        AGREEMENT,
        DESCENT,
    ),
    facts={"loss": 2498.06, "gradient": {"w": -1539.28, "b": -85.96}},
)

PIECES: dict[str, Layout] = {
    "Number": n(-1539.2800000000002),
    "Symbol": Symbol("alpha"),
    "Words": Words("for each row"),
    "Sum": Sum((x, y, Sum((w, b), (1, -1))), (1, -1, -1)),
    "Product": Product((n(2), n(-2), n(4), error, Sum((x, y), (1, 1)), Fraction(n(1), n(2)))),
    "Infix": Infix("@", (Symbol("X"), Symbol("W1"), Sum((x, y), (1, 1)))),
    "Negative": Negative(Sum((x, y), (1, -1))),
    "Fraction": Fraction(Sum((x, y), (1, 1)), Product((n(2), x))),
    "Power": Power(Call("tanh", (Symbol("z"),)), n(2)),
    "Transpose": Transpose(Infix("@", (Symbol("A"), Symbol("B")))),
    "Subscript": Subscript(Symbol("W1"), (n(2), n(3))),
    "Root": Root(Sum((Power(x, n(2)), n(1)), (1, 1)), 3),
    "Call": Call("mean", (error,), Words("over rows")),
    "Fence": Fence("‖", Symbol("v"), "‖"),
    "BigSum": BigSum(Subscript(x, (Symbol("i"),)), equation(Symbol("i"), n(1)), n(50)),
    "Derivative": Derivative(loss, Power(w, n(2)), 2, True),
    "Matrix": Matrix(((n(1.5), Blank(3)), (Dots("vertical"), Dots("diagonal"))), (9, 9)),
    "Dots": Dots(),
    "Cases": Cases(((x, infix(">", x, n(0))), (n(0), Words("otherwise")))),
    "Listed": Listed((x, y, n(3))),
    "Blank": Blank(12),
    "Marked": Marked(Product((n(2), x)), "wrong"),
}

BLOCKS: dict[str, Block] = {
    "Heading": Heading(("A heading with ", Power(x, n(2))), 3, "and an aside"),
    "Paragraph": Paragraph(("Words and ", Fraction(x, y), " in a row."), "warning"),
    "Equation": Equation(equation(y, add(multiply(x, w), b)), "a line"),
    "Equations": Equations((Equation(equation(y, x), "one"), Equation(equation(loss, call("mean", error)), "two"))),
    "Table": Table(("name", "value"), ((w, n(1.25)), (b, n(-10))), "What the parameters are"),
    "Step": Step("power rule", d(Power(x, n(3)), x), multiply(n(3), Power(x, n(2))), "3 comes down"),
    "Listing": Listing("def loss(w):\n    return w ** 2  # <b>&amp;\n"),
    "Figure": Figure(
        (Curve((0, 1, 2), (0.0, float("nan"), 4.0), "a < b", "path"),), (Dot(1, 2, "100 %"),), caption="A & B"
    ),
    "Sliders": Sliders(
        (Curve((0, 1, 2), (4.0, 1.0, 0.0), "300 < 400", "contour"),),
        (Dot(0, 4, "start"),),
        caption="The path & its steps",
        window=(0.0, 2.0, 0.0, 4.0),
        second=Figure((Curve((0, 1), (9.0, 1.0)),), (), "step", "loss"),
        runs=(
            Run("0.1 <this run>", "one & done", (0, 1), ((0, 4), (1, 1)), ((0, 9), (1, 1)), (("9", "−2"), ("1", "–"))),
            Run(
                "0.2", "diverges", (0, 1), ((0, 4), (9e9, float("nan"))), ((0, 9), (1, 1e300)), (("9", "4"), ("–", "–"))
            ),
        ),
        run_name="learning rate",
        lines=(("loss", (0,)), ("new w = w - 1 < 2", (0, " - 2 · ", 1, " = ", 1))),
    ),
    "Section": Section(Heading("More & more"), (Paragraph("inside"),), detail=True),
}

EVERYTHING = Document(
    "Every kind of piece & block",
    (
        *(Equation(piece, kind) for kind, piece in PIECES.items()),
        *(block for kind, block in BLOCKS.items()),
        Paragraph(tuple(part for piece in PIECES.values() for part in (piece, ", "))),
        Equation(row_vector([n(1), n(2), n(3)]), "a row"),
        Table(("x",) * 12, (tuple(n(i * 1.5) for i in range(12)),) * 2),
        Paragraph("last", kind="note"),
    ),
    facts={"nothing": None, "infinite": float("inf"), "list": [1, 2.5, "three"]},
)

PAGES = {"cars": CARS, "everything": EVERYTHING}
