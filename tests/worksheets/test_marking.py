"""Marking: right in any spelling, carried, named, tied; and never lost, never wrong because it cannot be read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.errors import DataError
from gradwork.worksheets.answers import read_number
from gradwork.worksheets.draw import Draw
from gradwork.worksheets.exercise import Ask, BySign, Chapter, Choice, Exercise, Given, Line
from gradwork.worksheets.item import with_mask
from gradwork.worksheets.masks import mask_named
from gradwork.worksheets.rounding import number_text, rounded
from gradwork.worksheets.sheet import Sheet, make_sheet
from gradwork.worksheets.words import language_named


def sheet_of(lines: str, values: dict[str, Any], *, mask: str = "results", decimals: int = 2, **more: Any) -> Sheet:
    """A sheet of one exercise with these very numbers."""
    exercise = Exercise("one", "Work it out.", lines, lambda d: values, decimals=decimals, largest=1e6, **more)
    return make_sheet(Chapter("own", 0, "Own", "", ((Ask(exercise, mask_named(mask)),),)))


def number(sheet: Sheet, name: str) -> int:
    return next(b.number for b in sheet.blanks if b.name == name)


def graded(sheet: Sheet, **changed: str) -> dict[str, Any]:
    """Marks by name, where everything is right but what is changed."""
    answers = {b.number: b.text for b in sheet.blanks}
    names = {b.name: b.number for b in sheet.blanks}
    answers |= {names[name]: text for name, text in changed.items()}
    return {mark.blank.name: mark for mark in sheet.grade(answers)}


def asking(choice: Choice) -> Sheet:
    """A sheet with one line and a question after it."""
    show = (Given(("w", "x")), Line("z"), choice)
    return sheet_of("z = w * x", {"w": 3, "x": -2}, show=show)


# -- reading ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), ("-3", -3), ("−3", -3), ("–3", -3), ("+4", 4), (" 3.50 ", 3.5), ("3,5", 3.5), (".5", 0.5), ("3.", 3),
        ("1/4", 0.25), ("-1/4", -0.25), ("1 1/2", 1.5), ("½", 0.5), ("1e3", 1000), ("2E-2", 0.02), ("2*10^-2", 0.02),
        ("2·10⁻²", 0.02), ("12%", 0.12), ("(5)", 5), ("= 7", 7), ("≈0.33", 0.33), ("0.33…", 0.33), ("1.234,5", 1234.5),
        ("1,234.5", 1234.5), ("12 345", 12345), ("- 2", -2), ("0,1/2", 0.05), ("dZ/dW = 5", 5), ("loss=0,5", 0.5),
        ("2 * 3 = 6", 6), ("ca. 0.12", 0.12), ("about 3", 3), ("etwa -2", -2),
        ("1½", 1.5), ("-2¼", -2.25), ("3²", 9), ("3^2", 9), ("10^-3", 0.001), ("-10⁻²", -0.01), ("1.5 10^-3", 0.0015),
        ("[3]", 3), ("0.33..", 0.33), ("3;", 3), ("0.5.", 0.5), ("3,5 (gerundet)", 3.5), ("sqrt(4)", 2), ("-√9", -3),
    ],
)  # fmt: skip
def test_numbers_are_read_in_the_spellings_of_people(text: str, value: float) -> None:
    assert value in [reading.value for reading in read_number(text)]


@pytest.mark.parametrize(
    "text",
    """abc|3x|1/0|--3|1.2.3|e5|inf|nan|3 4|1e999|٣x|1//2|²|210^2x|9^99^9|√-1|""".split("|"),
)
def test_what_is_no_number_is_unreadable(text: str) -> None:
    assert read_number(text) == ()


def test_a_comma_before_three_digits_may_mean_both() -> None:
    assert [r.value for r in read_number("1,000")] == [1.0, 1000.0]


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e6, 1e6), st.integers(0, 6))
def test_what_is_printed_is_read_back(value: float, decimals: int) -> None:
    shown = rounded(value, decimals)
    assert read_number(number_text(shown))[0].value == pytest.approx(shown, abs=1e-12)


# -- right ------------------------------------------------------------

NEURON = "z = w*x + b; a = relu(z); error = a - y; loss = error^2"
AT = {"w": 3, "x": 2, "b": 1, "y": 4}


def test_the_key_is_right_and_an_empty_sheet_is_empty() -> None:
    sheet = sheet_of(NEURON, AT, gradients=("w", "b"), slopes=True)
    assert sheet.grade(sheet.key).score == len(sheet.blanks)
    assert {mark.status for mark in sheet.grade({})} == {"empty"}


def test_a_fraction_and_more_digits_than_asked_are_right() -> None:
    sheet = sheet_of("third = a / 3; wide = a / 8", {"a": 1}, decimals=2, exact=False)
    assert graded(sheet, third="1/3")["third"].status == "right"
    assert graded(sheet, third="0.3333")["third"].status == "right"
    assert graded(sheet, third="0.3")["third"].status == "too few digits"
    assert graded(sheet, wide="1/8")["wide"].status == "right"
    assert graded(sheet, third="0.41")["third"].status == "wrong"


def test_who_did_not_round_on_the_way_is_right_too() -> None:
    sheet = sheet_of("p = a / 3; q = p * 6", {"a": 1}, decimals=2, exact=False)
    assert sheet.key[2] == 1.98
    for text in ("2", "2.00", "1.98", "1.99"):
        assert graded(sheet, q=text)["q"].status == "right", text


# -- carried ------------------------------------------------------------


def test_a_carried_error_gets_credit_and_says_from_where() -> None:
    sheet = sheet_of(NEURON, AT)
    marks = graded(sheet, z="9", a="9", error="5", loss="25")
    assert marks["z"].status in ("wrong", "mistake")
    assert [marks[name].status for name in ("a", "error", "loss")] == ["carried"] * 3
    assert marks["a"].credit == 1 and str(number(sheet, "z")) in marks["a"].says


def test_a_carried_answer_counts_as_the_teacher_says() -> None:
    from gradwork.worksheets.marks import Credit

    sheet = sheet_of(NEURON, AT)
    answers = {1: "9", 2: "9", 3: "5", 4: "25"}
    assert sheet.grade(answers, credit=Credit(carried=0.5)).score == 1.5


RISES = Choice("What does it do?", ("it rises", "it falls", "it stays as it is"), BySign("z", above=0, below=1, zero=2))


@pytest.mark.parametrize("text", ["it falls", "Falls", "2", " IT  FALLS ", "falls"])
def test_a_choice_is_read_by_its_words_its_number_or_a_part_of_its_own(text: str) -> None:
    assert asking(RISES).grade({1: "-6", 2: text})[2].status == "right"


@pytest.mark.parametrize("text", ["it", "climbs", "4", "0", "s"])
def test_a_choice_that_could_be_several_or_none_is_unreadable(text: str) -> None:
    assert asking(RISES).grade({1: "-6", 2: text})[2].status == "unreadable"


def test_a_choice_that_follows_from_a_wrong_number_is_carried() -> None:
    marked = asking(RISES).grade({1: "6", 2: "it rises"})
    assert (marked[1].code, marked[2].status, marked[2].credit) == ("GW203", "carried", 1.0)
    assert "blank 1" in marked[2].says
    assert asking(RISES).grade({1: "6", 2: "it stays as it is"})[2].status == "wrong"
    assert asking(RISES).grade({1: "-6", 2: "it rises"})[2].status == "wrong"


def test_rows_and_columns_of_a_shape_exchanged_are_named_in_both_blanks() -> None:
    sheet = gw.sheet("linear-layer", level=2, seed=558)
    answers = {b.number: b.text for b in sheet.blanks}
    rows, columns = (b.number for b in sheet.blanks if b.name == "shape of dW")
    answers[rows], answers[columns] = answers[columns], answers[rows]
    marked = sheet.grade(answers)
    assert [(marked[n].status, marked[n].code) for n in (rows, columns)] == [("mistake", "GW204")] * 2
    answers[columns] = answers[rows]
    assert [sheet.grade(answers)[n].status for n in (rows, columns)] == ["wrong", "right"]


def test_a_share_of_zero_with_the_label_zero_adds_nothing_to_the_loss() -> None:
    given = {"P": [0.2, 0.8], "Y": [0, 1]}
    two = sheet_of("P2 = P * 1; loss = -sum(Y * log(P2))", given, decimals=3, exact=False)
    names = {b.name: b.number for b in two.blanks}
    marked = two.grade({names["P2[1]"]: "0", names["P2[2]"]: "1", names["loss"]: "0"})
    assert marked[names["loss"]].status == "carried"


def test_whoever_writes_fewer_digits_of_an_endless_carried_number_is_carried() -> None:
    sheet = sheet_of("z = w * x; root = sqrt(z)", {"w": 4, "x": 4}, decimals=3)
    marked = sheet.grade({1: "15", 2: "3.9"})  # 3.873
    assert marked[2].status == "carried"


def test_an_earlier_zero_earns_nothing() -> None:
    sheet = sheet_of("p = a*b; q = p*c; r = q*c", {"a": 3, "b": 5, "c": 2})
    marks = graded(sheet, p="0", q="0", r="0")
    assert marks["q"].status == "carried" and marks["q"].credit == 0
    honest = graded(sheet, p="8", q="16", r="32")  # 3 + 5: a mistake with a name, and then the method is right
    assert honest["p"].code == "GW272" and honest["q"].credit == honest["r"].credit == 1


def test_nobody_justifies_an_error_by_what_follows_from_it() -> None:
    sheet = sheet_of("dW = W1 - W0; dZ = dW * X", {"W1": 5, "W0": 3, "X": 4}, also=("dZ = (W1 - W0) * X",))
    marks = graded(sheet, dW="3", dZ="12")
    assert marks["dW"].status != "carried" and marks["dZ"].status == "carried"


# -- named ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("error", "-3", "GW203"),  # target less prediction
        ("loss", "6", "GW273"),  # twice the number for its square
        ("dz", "12", None),
    ],
)
def test_single_mistakes_have_their_names(name: str, text: str, code: str | None) -> None:
    sheet = sheet_of(NEURON, AT, gradients=("w", "b"), slopes=True)
    if code:
        assert graded(sheet, **{name: text})[name].code == code


def test_the_factor_two_the_mean_and_the_learning_rate() -> None:
    sheet = sheet_of(
        "slopes = 2*error*x; dw = mean(slopes); new_w = w - learning_rate*dw",
        {"error": [3, -1, 5, 2], "x": [2, 4, 1, 3], "w": 7, "learning_rate": 0.1},
    )
    key = {b.name: b.text for b in sheet.blanks}
    halves = {n: f"{float(t) / 2:g}" for n, t in key.items() if n.startswith("slopes")}
    marks = graded(sheet, **halves)
    assert {marks[n].code for n in halves} == {"GW202"}
    total = f"{float(key['dw']) * 4:g}"
    assert graded(sheet, dw=total)["dw"].code == "GW201"
    dw = float(key["dw"])
    assert graded(sheet, new_w=f"{7 + 0.1 * dw:g}")["new_w"].code == "GW275"
    assert graded(sheet, new_w=f"{7 - dw:g}")["new_w"].code == "GW276"


def test_a_whole_matrix_tells_what_one_number_would_not() -> None:
    values = {"W": [[4, -7], [3, 5]], "X": [[2, 9], [-1, 3]], "G": [[1, 6], [-3, 2]]}
    sheet = sheet_of("Z = W @ X; loss = sum(G * Z)", values, gradients=("W", "X"), mask="back")
    by = sheet.items[0].by_name

    def entered(name: str, array: Any) -> dict[str, str]:
        return {f"{name}[{i + 1}, {j + 1}]": f"{array[i][j]:g}" for i in range(2) for j in range(2)}

    g, w, x = (np.array(by[n]) for n in ("dZ", "W", "X"))
    transposed = graded(sheet, **entered("dW", (g @ x.T).T))
    assert {m.code for m in transposed.values() if m.status == "mistake"} == {"GW204"}
    entry = graded(sheet, **entered("dX", g * w.T))
    assert {m.code for n, m in entry.items() if n.startswith("dX") and m.status == "mistake"} <= {
        "GW278",
        "GW205",
        "GW214",
    }
    untransposed = graded(sheet, **entered("dX", w @ g))
    assert {m.code for n, m in untransposed.items() if n.startswith("dX") and m.status == "mistake"} == {"GW204"}


def test_a_forgotten_mask_is_named_and_what_follows_is_carried() -> None:
    values = {"W": [[1, -2], [3, 2]], "X": [[2], [1]], "b": [[-5], [1]], "Y": [[1], [2]]}
    sheet = sheet_of(
        "Z = W @ X + b; A = relu(Z); error = A - Y; loss = sum(error^2)", values, gradients=("W", "b"), slopes=True
    )
    by = sheet.items[0].by_name
    d_a, x = np.array(by["dA"]), np.array(by["X"])
    wrong = {f"dZ[{i + 1}, 1]": f"{d_a[i][0]:g}" for i in range(2)}
    after = {f"dW[{i + 1}, {j + 1}]": f"{(d_a @ x.T)[i][j]:g}" for i in range(2) for j in range(2)}
    marks = graded(sheet, **wrong, **after)
    assert marks["dZ[1, 1]"].code == "GW209"
    assert marks["dW[1, 1]"].status == "carried"


def test_two_mistakes_with_the_same_number_are_both_named() -> None:
    sheet = sheet_of("y = a * b", {"a": -2, "b": 7})
    mark = graded(sheet, y="14")["y"]
    assert {"GW203", "GW274"} <= {mark.code, *(cause.code for cause in mark.others)}


def test_a_number_that_no_mistake_gives_is_wrong_and_unnamed() -> None:
    sheet = sheet_of("y = a * b + c", {"a": 17, "b": 13, "c": 5})
    mark = graded(sheet, y="219")["y"]
    assert (mark.status, mark.code, mark.credit) == ("wrong", "", 0)


# -- nothing lost ------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_marking_never_fails_and_right_is_never_wrong(data: st.DataObject) -> None:
    sheet = gw.sheet(
        data.draw(st.sampled_from(["many-weights", "softmax", "one-weight", "optimisers"])),
        seed=data.draw(st.integers(0, 9)),
        level=data.draw(st.integers(1, 3)),
    )
    typed = {}
    for blank in sheet.blanks:
        kind = data.draw(st.sampled_from(["key", "key", "key", "number", "text", "none"]))
        typed[blank.number] = {
            "key": blank.text,
            "number": f"{data.draw(st.integers(-20, 20))}",
            "text": data.draw(st.text(max_size=6)),
            "none": "",
        }[kind]
    marked = sheet.grade(typed)
    for mark, blank in zip(marked, sheet.blanks, strict=True):
        if typed[blank.number] == blank.text:
            assert mark.status == "right"
        assert 0 <= mark.credit <= 1
    str(marked), marked.document(answers=True)


def test_answers_for_blanks_that_are_not_there_are_refused() -> None:
    with pytest.raises(DataError, match="no blank 99"):
        gw.sheet("one-weight").grade({99: "1"})


def test_a_mask_that_hides_too_much_is_refused_with_the_names() -> None:
    exercise = Exercise("one", "", "Z = W * X", lambda d: {"W": 3, "X": 2}, show=(Given(("W", "X")), Line("Z")))
    plan = exercise.plan({"W": 3, "X": 2})
    mask = mask_named("results") + mask_named("input")
    found = with_mask(exercise, plan, plan.fill({"W": 3, "X": 2}, lambda v: v), mask, Draw("x"))
    assert isinstance(found, tuple) and len(found) == 2
    assert language_named("en")("x") == "x"


# -- what answers written by hand have shown ------------------------------


@pytest.mark.parametrize("text", ["", " ", "?", "-", "–", "−"])
def test_a_lone_question_mark_or_dash_is_an_empty_blank(text: str) -> None:
    sheet = sheet_of("z = w * x", {"w": 3, "x": -2})
    assert graded(sheet, z=text)["z"].status == "empty"
    asked = asking(Choice("Which?", ("one", "two"), lambda v: 0))
    assert asked.grade({2: text})[2].status == "empty"


def test_two_neighbours_in_each_others_place_are_told_so() -> None:
    sheet = sheet_of("a = w * x; b = v * x", {"w": 3, "v": 7, "x": 13})
    marks = graded(sheet, a="91", b="39")
    for name, other in (("a", number(sheet, "b")), ("b", number(sheet, "a"))):
        assert marks[name].code == "GW225" and str(other) in marks[name].says


def test_what_follows_from_a_wrong_number_is_not_exchanged_with_it() -> None:
    sheet = sheet_of("a = 1/(1 + exp(-z)); rest = 1 - a", {"z": -1.5}, decimals=3, exact=False)
    marks = graded(sheet, a="0.818", rest="0.182")
    assert marks["rest"].status == "carried" and "GW225" not in {marks["a"].code, *(c.code for c in marks["a"].others)}


def test_whoever_rounds_to_whole_numbers_is_told_so() -> None:
    sheet = sheet_of("slope_w = x * v / 10", {"x": [[13, 27, -19]], "v": [[1, 1, 1]]})
    marks = graded(sheet, **{"slope_w[1, 1]": "1", "slope_w[1, 2]": "3", "slope_w[1, 3]": "-2"})
    assert {mark.code for mark in marks.values()} == {"GW282"}


def test_one_digit_that_a_mistake_gives_is_no_rounding() -> None:
    sheet = sheet_of("J = P * (1 - P)", {"P": 0.1})
    assert graded(sheet, J="0.1")["J"].status == "mistake"
    sheet = sheet_of("J = P * q", {"P": 0.4, "q": 0.23}, decimals=3)
    assert graded(sheet, J="0.09")["J"].status == "too few digits"


@pytest.mark.parametrize(("text", "status"), [("2", "too few digits"), ("3", "wrong")])
def test_a_whole_number_that_is_very_near_is_too_short(text: str, status: str) -> None:
    sheet = sheet_of("z = w * x", {"w": 1.4, "x": 1.4})
    assert graded(sheet, z=text)["z"].status == status


def test_a_mistake_made_twice_goes_before_a_slip_of_arithmetic() -> None:
    sheet = sheet_of("lower = n - 1", {"n": [[5, 8]]})
    assert graded(sheet, **{"lower[1, 1]": "5"})["lower[1, 1]"].code == "GW283"
    marks = graded(sheet, **{"lower[1, 1]": "5", "lower[1, 2]": "8"})
    assert {mark.code for mark in marks.values()} == {"GW273"}


def test_a_share_divided_by_the_count_is_named() -> None:
    sheet = sheet_of("total = sum(E); P = E / total", {"E": [[3], [5], [12]]}, decimals=3)
    marks = graded(sheet, **{"P[1, 1]": "1", "P[2, 1]": "1.667", "P[3, 1]": "4"})
    assert {marks[f"P[{k}, 1]"].code for k in (1, 2, 3)} == {"GW201"}


def test_a_nudge_of_the_other_factor_and_one_side_for_both_are_named() -> None:
    lines = "up = ((w + h)*x)^2; down = ((w - h)*x)^2; rise = up - down; ratio = rise / (2*h)"
    sheet = sheet_of(lines, {"w": 3, "x": 5, "h": 0.1}, decimals=4)
    assert graded(sheet, up="234.09")["up"].code == "GW236"
    assert "one side" in graded(sheet, ratio="152.5")["ratio"].says


def test_the_way_back_with_the_sign_of_the_way_there_is_named() -> None:
    sheet = sheet_of("after = before - step", {"before": 37.5, "step": 12.25}, mask="input")
    (blank,) = sheet.blanks
    mark = sheet.grade({blank.number: number_text(37.5 + 25.25)})[blank.number]
    assert blank.name == "step" and mark.code == "GW203" and "read backwards" in mark.says


def test_numbers_read_from_the_other_end_are_named() -> None:
    lines = "products = dW * X.T; dZ = sum(products)"
    sheet = sheet_of(lines, {"dW": [[2, 3, 7]], "X": [[5], [11], [13]]})
    marks = graded(sheet, **{"products[1, 1]": "26", "products[1, 3]": "35"})
    assert marks["products[1, 1]"].code == "GW225" and "other end" in marks["products[1, 1]"].says


def test_a_line_is_not_turned_round_where_its_own_way_is_open() -> None:
    # dZ = dA * slope, and slope = [z > 0] is worked out from what is printed: no wrong dA makes it -1.
    sheet = gw.sheet("two-layers", seed=3, level=1)
    answers = {b.number: b.text for b in sheet.blanks}
    back = next(b.number for b in sheet.blanks if b.name.startswith("dA1[") and float(b.answer))
    slope = next(b.number for b in sheet.blanks if b.name == sheet.blanks[back - 1].name.replace("dA1", "dA1/dZ1"))
    assert sheet.key[slope] == 1.0
    answers |= {back: number_text(-float(sheet.key[back])), slope: "-1"}
    marks = {mark.blank.number: mark for mark in sheet.grade(answers)}
    assert marks[slope].status not in ("carried", "right")
