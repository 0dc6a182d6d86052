"""Formulas as text: reading, working out, and what is said about those that cannot be read."""

from __future__ import annotations

import copy
import math
import pickle
import random
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwork.errors import FormulaError, GradworkError, ShapeError
from gradwork.graph.formula import evaluate, evaluate_program, parse, parse_program

FUNCTIONS = {
    name: getattr(np, name) for name in "sum mean exp log sqrt stack einsum reshape maximum abs zeros square".split()
}
X = np.arange(6.0).reshape(2, 3)


def value(text, **names):
    return evaluate(parse(text), names, FUNCTIONS)


# --- what is read --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        (".5 + 2.", 2.5),
        ("1e-3", 0.001),
        ("1_000 + 1", 1001),
        ("-2^2", -4),
        ("(-2)^2", 4),
        ("2^-1", 0.5),
        ("2^3^2", 512),
        ("2**3", 8),
        ("-2 - -3", 1),
        ("+2", 2),
        ("1 - 2 - 3", -4),
        ("12 / 3 / 2", 2),
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("3 < 4", True),
        ("1 + 1 == 2", True),
        ("3 ≤ 2", False),
        ("1 ≠ 2", True),
        ("2·3×4", 24),
        ("5 − 3", 2),
        ("3²", 9),
        ("-3²", -9),
        ("2⁻¹", 0.5),
        ("√4 + 1", 3.0),
        ("√(2 + 2)", 2.0),
        ("pi", math.pi),
        ("2*π", 2 * math.pi),
        ("exp(0)", 1.0),
        ("maximum(1, 2)", 2),
        ("maximum(1, 2,)", 2),
        ("2\n + 3", 5),
        ("10^400^0", 10),
        ("9^9", 9**9),
        ("99999999999 * 99999999999", 99999999999.0**2),
    ],
)
def test_numbers(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x[0]", X[0]),
        ("x[-1]", X[-1]),
        ("x[0, 1]", X[0, 1]),
        ("x[1:, :]", X[1:, :]),
        ("x[:, 0:3:2]", X[:, 0:3:2]),
        ("x[:, ::2]", X[:, ::2]),
        ("x[..., None]", X[..., None]),
        ("x[…, 0]", X[..., 0]),
        ("x[x > 2]", X[X > 2]),
        ("x[[1, 0]]", X[[1, 0]]),
        ("x[:, [0, 2]]", X[:, [0, 2]]),
        ("x[0][1]", X[0][1]),
        ("x.T", X.T),
        ("x.T[0]", X.T[0]),
        ("x @ x.T", X @ X.T),
        ("(x + 1).T", (X + 1).T),
        ("x.sum()", X.sum()),
        ("x.sum(axis=0)", X.sum(axis=0)),
        ("x.sum(0).mean()", X.sum(0).mean()),
        ("sum(x, axis=-1)", X.sum(axis=-1)),
        ("sum(x, axis=(0, 1), keepdims=True)", X.sum(axis=(0, 1), keepdims=True)),
        ("mean(x, axis=None)", X.mean()),
        ("einsum('ij,kj->ik', x, x)", X @ X.T),
        ("reshape(x, (3, 2))", X.reshape(3, 2)),
        ("x - [1, 2, 3]", X - np.array([1, 2, 3])),
        ("[[1, 2], [3, 4]] * 2", np.array([[2, 4], [6, 8]])),
        ("[1, 2]", np.array([1, 2])),
        ("stack([x, x])", np.stack([X, X])),
        ("x² + x", X**2 + X),
    ],
)
def test_arrays(text, expected):
    np.testing.assert_array_equal(value(text, x=X), expected)


def test_names_stand_in_order_of_appearance_without_functions():
    assert parse("mean((x*w + b - y)^2) + w + pi").names == ("x", "w", "b", "y")


def test_a_call_and_a_value_may_have_the_same_name():
    assert value("sum(sum)", sum=X) == 15


def test_names_are_read_as_python_reads_its_own():
    bound = {"x1": 2, "ŷ": 3, "größe": 4}
    assert value("x₁ * ŷ * größe * x1", **bound) == 48
    assert value("y\u0302", **bound) == 3


def test_every_piece_knows_its_place():
    formula = parse("mean((x*w + b - y)^2)")
    assert formula.written(formula.root) == "mean((x*w + b - y)^2)"
    assert [formula.written(p) for p in formula.pieces if p.kind == "operator"] == [
        "x*w",
        "x*w + b",
        "(x*w + b - y)",
        "(x*w + b - y)^2",
    ]


def test_a_place_is_handed_over_around_each_operation():
    places = []

    @contextmanager
    def at(where):
        places.append((where.file, where.line, where.column, where.width))
        yield

    evaluate(parse("sum(x*\n(x + 1))", "m.toml", 7), {"x": X}, FUNCTIONS, at)
    assert places == [("m.toml", 8, 1, 7), ("m.toml", 7, 5, 2), ("m.toml", 7, 1, 6)]


def test_formulas_are_frozen_equal_and_can_be_stored():
    formula = parse("+".join(["x"] * 5000))
    for twin in (pickle.loads(pickle.dumps(formula)), copy.deepcopy(formula)):
        assert twin == formula
        assert hash(twin) == hash(formula)
    with pytest.raises(AttributeError):
        formula.pieces = ()


# --- size ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "^"])
def test_long_chains_need_no_deep_stack(sign):
    assert value(sign.join(["x"] * 20_000), x=1.0) == {"+": 20_000.0, "-": -19_998.0}.get(sign, 1.0)


def test_long_rows_of_signs_and_of_indices():
    assert value("-" * 20_001 + "x", x=1.0) == -1.0
    assert value("x" + ".T" * 20_000, x=X).shape == (2, 3)


def test_brackets_up_to_the_limit_and_beyond():
    assert value("(" * 200 + "x" + ")" * 200, x=1.0) == 1.0
    with pytest.raises(FormulaError, match="too deep"):
        parse("(" * 201 + "x" + ")" * 201)
    with pytest.raises(FormulaError, match="too deep"):
        parse("f([" * 50_000)


def test_a_text_that_is_too_long():
    with pytest.raises(FormulaError, match=r"1,000,001 characters is too long") as caught:
        parse("x" * 1_000_001)
    assert len(str(caught.value)) < 600


# --- messages ------------------------------------------------------------------------------------------------------

UNREADABLE = [
    ("", "the formula is empty", 1),
    ("  \n ", "the formula is empty", 1),
    ("2x", "an operation is missing between 2 and x", 1),
    ("2 x", "an operation is missing between 2 and x", 1),
    ("(a)(b)", r"an operation is missing between \) and \(", 3),
    ("x y", "an operation is missing between x and y", 1),
    ("x.5", "an operation is missing", 1),
    ("(a + b", r"\( is never closed", 1),
    ("a + b)", r"\) closes nothing", 6),
    ("f(x]", r"\( is closed by \]", 4),
    ("a $ b", r"the sign \$ has no meaning", 3),
    ("a & b", "the sign & has no meaning", 3),
    ("a // b", "// is no operation here", 3),
    ("a\x00", r"the sign U\+0000 has no meaning", 2),
    ("½", "the sign ½ has no meaning", 1),
    ("a +", r"the formula ends after \+", 3),
    ("a + * b", r"a value is missing between \+ and \*", 5),
    ("* b", r"nothing stands in front of \*", 1),
    ("()", r"\(\) is no number", 1),
    ("a < b < c", "two comparisons in a row", 7),
    ("2,5", "a comma cannot stand here", 2),
    ("a = b", "= cannot stand here", 3),
    ("a; b", "; cannot stand here", 2),
    ("x.shape", ".shape is not known", 3),
    ("x.", r"\. is not known", 3),
    ("x.__class__", "the name __class__ cannot be used", 3),
    ("__import__('os')", "the name __import__ cannot be used", 1),
    ("'abc'", "'abc' is no number", 1),
    ("'a' + 1", "'a' is no number", 1),
    ("x + None", "None is no number", 5),
    ("-True", "True is no number", 2),
    ("(1, 2) * 3", r"\(1, 2\) is no number", 1),
    ("... + 1", r"\.\.\. is no number", 1),
    ("x[]", "the index is empty", 2),
    ("x[1:2:3:4]", ": cannot stand here", 8),
    ("x[,]", "a value is missing", 3),
    ("f(axis=0, 1)", "this argument of f has no name", 11),
    ("f(a=1, a=2)", "a is given twice to f", 8),
    ("f(,)", r"a value is missing between \( and ,", 3),
    ("f(1:2)", ": cannot stand here", 4),
    ("f(*x)", r"a value is missing between \( and \*", 3),
    ("√x^2", "√ and a power in one", 3),
    ("'abc", "the sign ' has no meaning", 1),
    ("1e999", "the number 1e999… is too large", 1),
    ("x⁹⁹⁹⁹⁹", "is too large", 2),
    ("x²(y)", "an operation is missing", 2),
    ("lambda: 1", ": cannot stand here", 7),
]


@pytest.mark.parametrize(("text", "headline", "column"), UNREADABLE)
def test_what_cannot_be_read_is_pointed_at(text, headline, column):
    with pytest.raises(FormulaError, match=headline) as caught:
        parse(text)
    assert caught.value.where.column == column


UNWORKABLE = [
    ("sped*2", "sped has no value", 1, "speed"),
    ("e^2", "e has no value", 1, "exp(1) for the number e"),
    ("men(speed)", "there is no function named men", 1, "mean(...)"),
    ("speed(2)", "speed is no function", 1, "speed*(...)"),
    ("1 + speed.men()", "there is no function named men", 11, "mean(...)"),
    ("mean + 1", "mean is a function, not a value", 1, "mean(x)"),
    ("1/0", "1/0 cannot be worked out", 1, None),
    ("2 + 10.0^400", r"10.0\^400 cannot be worked out", 5, None),
    ("(-8)^(1/3)", r"\(-8\)\^\(1/3\) cannot be worked out", 1, None),
    ("mean(speed, axs=0)", "cannot be worked out", 1, None),
    ("2[0]", r"2\[0\] cannot be worked out", 1, None),
]


@pytest.mark.parametrize(("text", "headline", "column", "hint"), UNWORKABLE)
def test_what_cannot_be_worked_out_is_pointed_at(text, headline, column, hint):
    with pytest.raises(FormulaError, match=headline) as caught:
        value(text, speed=np.ones(3))
    assert caught.value.where.column == column
    assert caught.value.hint == hint


SHAPES = [
    ("x + w", "3 entries cannot be paired with 2", None),
    ("x @ w", "each row on the left has 3 entries, each column on the right has 2", "x.T @ w"),
    ("1 - x*v", "3 entries cannot be paired with 2", "x * v[:, None]"),
    ("2 @ 3", "needs arrays on both sides", None),
    ("x @ 2", "needs arrays on both sides", None),
    ("x[5]", "out of bounds", None),
    ("sum(x, axis=4)", "axis 4 is out of bounds", None),
    ("[[1, 2], [3]] + 1", "same shape", None),
]


@pytest.mark.parametrize(("text", "why", "hint"), SHAPES)
def test_shapes_that_do_not_fit(text, why, hint):
    with pytest.raises(ShapeError) as caught:
        value(text, x=X, w=np.ones((2, 4)) if "@" in text else np.ones((2, 2)), v=np.ones(2))
    assert why in caught.value.why
    assert caught.value.where.column == (5 if text.startswith("1 -") else 1)
    assert caught.value.hint == hint


def test_shapes_are_named_with_their_operands():
    with pytest.raises(ShapeError) as caught:
        value("mean((x + 1) @ w)", x=X, w=np.ones((2, 4)))
    assert str(caught.value).splitlines() == [
        "the shapes do not fit in (x + 1) @ w",
        "  <formula>    mean((x + 1) @ w)",
        " " * 20 + "^" * 11,
        "  (x + 1) (2, 3)",
        "  w (2, 4)",
        " why: each row on the left has 3 entries, each column on the right has 2",
        " try: (x + 1).T @ w",
    ]


def test_a_place_in_a_long_formula_is_shown_alone():
    text = "x + " * 500 + "yy" + " + x" * 500
    with pytest.raises(FormulaError) as caught:
        value(text, x=1.0)
    where = caught.value.where
    assert len(where.text) <= 100
    assert where.text[where.column - 1 : where.column + 1] == "yy"


def test_both_brackets_are_shown():
    with pytest.raises(FormulaError) as caught:
        parse("mean((x*w]", "cars.toml", 9)
    assert str(caught.value).splitlines() == [
        "( is closed by ]",
        "  cars.toml:9    mean((x*w]",
        " " * 26 + "^",
        "  cars.toml:9    mean((x*w]",
        " " * 22 + "^",
        " try: ) in place of ]",
    ]


def test_an_error_that_has_a_place_keeps_it_and_others_get_one():
    def refuse(_):
        raise GradworkError("not today")

    with pytest.raises(GradworkError, match="not today") as caught:
        evaluate(parse("1 + refuse(2)"), {}, {"refuse": refuse})
    assert caught.value.where.column == 5


# --- programs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "error = x*w - y; loss = error^2",
        "error = x*w - y\nloss = error^2\n",
        "\n error = (x*w\n - y);\n\n loss = error^2 ;",
        {"error": "x*w - y", "loss": "error^2"},
    ],
)
def test_named_lines(source):
    program = parse_program(source)
    named = []
    values = evaluate_program(program, {"x": 2.0, "w": 3.0, "y": 1.0}, {}, name=lambda n, v: named.append((n, v)))
    assert program.names == ("x", "w", "y")
    assert values == {"error": 5.0, "loss": 25.0}
    assert list(values.items()) == named


def test_a_single_formula_needs_no_name():
    assert [name for name, _ in parse_program("x == 1").lines] == [""]
    assert [name for name, _ in parse_program("a = 2*x; a^2").lines] == ["a", ""]


PROGRAMS = [
    ("a = x; a = 2*x", "the line a stands twice"),
    ("b = 2*a; a = x", "a is used before it is worked out"),
    ("a = a + 1", "the line a uses itself"),
    ("x + 1; a = 2", "a line has no name"),
    ("y = x\n + 1\nloss = y", "a line has no name"),
    ("", "the formula is empty"),
    (";;", "the formula is empty"),
    ("a = ", "the formula is empty"),
    ("pi = 3", "pi cannot name a line"),
    ({}, "there are no lines"),
    ({"a b": "1"}, "cannot name a line"),
    ({"None": "1"}, "None cannot name a line"),
    ({"a": "1 +"}, "the formula ends"),
]


@pytest.mark.parametrize(("source", "headline"), PROGRAMS)
def test_programs_that_cannot_be_read(source, headline):
    with pytest.raises(FormulaError, match=headline):
        parse_program(source)


def test_both_lines_are_shown():
    with pytest.raises(FormulaError) as caught:
        parse_program({"b": "2*a", "a": "x"}, "m.toml", {"b": 4, "a": 5})
    assert caught.value.where.line == 4
    assert caught.value.details[0] == "m.toml:5    x"


def test_an_unknown_name_in_any_line_is_found_before_anything_is_worked_out():
    with pytest.raises(FormulaError, match="erorr has no value") as caught:
        evaluate_program(parse_program("error = 1/0; loss = erorr^2"), {}, {})
    assert caught.value.hint == "error"


# --- against Python ---------------------------------------------------------------------------------------------------

LEAVES = st.sampled_from(["x", "y", "0.5", "2.0", "3.0", ".25", "1e-1"])
OPERATORS = st.sampled_from(["+", "-", "*", "/", "**", "^"])


def _joined(children):
    binary = st.tuples(children, OPERATORS, children).map(" ".join)
    bracket = children.map(lambda text: f"({text})")
    signed = children.map(lambda text: f"-{text}")
    called = st.tuples(st.sampled_from(["exp", "abs", "square"]), children).map(lambda pair: f"{pair[0]}({pair[1]})")
    compared = st.tuples(children, st.sampled_from("< <= > >= == !=".split()), children).map(
        lambda parts: f"(({parts[0]}) {parts[1]} ({parts[2]}))"
    )
    return binary | bracket | signed | called | compared


@settings(deadline=None, max_examples=300)
@given(st.recursive(LEAVES, _joined, max_leaves=15))
def test_the_value_is_that_of_the_same_text_in_python(text):
    names = {"x": np.float64(1.5), "y": np.float64(-0.75)}
    # Python's powers of plain negative numbers are complex, ours are refused: NumPy's numbers have neither habit.
    python = text.replace("^", "**")
    for number in ("0.5", "2.0", "3.0", ".25", "1e-1"):
        python = python.replace(f" {number}", f" {number}")
    with np.errstate(all="ignore"):
        try:
            expected = eval(python, {"__builtins__": {}}, {**FUNCTIONS, **names})  # the oracle; only in this test
        except (ArithmeticError, TypeError):
            expected = None
        if expected is None or isinstance(expected, complex):
            return
        try:
            got = value(text, **names)
        except GradworkError as error:
            assert "no real power" in str(error)
            return
    np.testing.assert_array_equal(got, expected)


@settings(deadline=None, max_examples=500)
@given(st.text(alphabet="xyfT019.,:;=()[]+-*/^@<>!'\" \n_e·√²⁻πé½\u0302𝒙{}%&…", max_size=40) | st.text(max_size=40))
def test_random_text_gives_a_formula_or_a_formula_error(text):
    for read in (parse, parse_program):
        try:
            read(text)
        except FormulaError as error:
            assert error.headline
            assert str(error)


def test_random_walks_over_valid_signs_never_crash_when_worked_out():
    words = "x y 2 0.5 sum( mean( ( ) [ ] , + - * / ^ @ < .T : ... None axis= 'ij->ji' stack( zeros(".split()
    draw = random.Random(5).random
    with np.errstate(all="ignore"):
        for _ in range(20_000):
            text = " ".join(words[int(draw() * len(words))] for _ in range(1 + int(draw() * 9)))
            try:
                value(text, x=X, y=2.0)
            except GradworkError as error:
                assert error.where is not None
