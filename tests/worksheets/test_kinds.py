"""Kinds of exercises that any chapter can use: steps in their order, a sign foreseen, a mistake that is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ArgumentError, UsageError
from gradwork.worksheets.chapters import chapters
from gradwork.worksheets.checking import check_chapter
from gradwork.worksheets.exercise import Ask, Chapter, Choice, Exercise, Given, Grid, Line
from gradwork.worksheets.item import Item
from gradwork.worksheets.kinds import Mistake, in_order, sign_first, with_a_mistake
from gradwork.worksheets.masks import mask_named as mask
from gradwork.worksheets.plan import Plan
from gradwork.worksheets.rounding import number_text
from gradwork.worksheets.sheet import Sheet, make_sheet

SEEDS = range(30)
SPOT, AGREE = ("descent-step", 2, "spot the error"), ("one-neuron", 1, "agree or not")
COLUMNS = {"nudging": "nudged", "the rules": "rule", "backpropagation": "back"}
# What marking may call a number that repeats the mistake.
CODES = {
    "the sign is turned round": {"GW203"},
    "it is doubled, and not squared": {"GW273"},
    "the factor 2 of the square is missing": {"GW202"},
    "the factor x is missing": {"GW209", "GW245"},
    "the step is added, and not taken off": {"GW275"},
    "the learning rate is missing": {"GW276"},
    "it is divided by h, and not by 2 h": {"GW202"},
    "the change is not divided at all": {"GW270"},
}


def met(kind: tuple[str, int, str]) -> Iterator[tuple[Sheet, int, Item, str, str]]:
    """Every such exercise: its sheet and position, the item, where the mistake is, and which."""
    slug, level, name = kind
    for seed in SEEDS:
        sheet = gw.sheet(slug, seed=seed, level=level)
        for k, item in enumerate(sheet.items):
            if item.exercise.name == name:
                where, which = (str(b.answer) for b in sheet.blanks if b.item == k and b.kind == "choice")
                yield sheet, k, item, where, which


def read_by(plan: Plan, name: str) -> set[str]:
    """The lines that a line needs, straight or by way of others."""
    found: set[str] = set()
    waiting = list(plan.quantities[name].cells)
    while waiting:
        relation = plan.definitions.get(waiting.pop())
        for cell in relation.reads if relation else ():
            if plan.owner[cell].name not in found:
                found.add(plan.owner[cell].name)
                waiting += plan.owner[cell].cells
    return found


def test_steps_have_one_order_and_do_not_stand_in_it() -> None:
    counted = 0
    for chapter in chapters().values():
        for exercise in {e for level in chapter.levels for ask in level for e in (ask.exercise, *ask.others)}:
            steps = [row for row in exercise.show if isinstance(row, Choice) and row.text.endswith(" is step")]
            if not steps:
                continue
            counted += 1
            alone = replace(chapter, levels=((Ask(exercise, mask("nothing")),),))
            plan = make_sheet(alone).items[0].plan
            right = [row.text.split()[0] for row in sorted(steps, key=lambda row: row.answer({}))]
            assert all(before in read_by(plan, after) for before, after in pairwise(right)), right
            assert right != [row.text.split()[0] for row in steps]
            assert all(len(row.options) == len(steps) for row in steps)
    assert counted >= 20


def test_steps_are_numbered_by_where_they_belong() -> None:
    rows = in_order(("c", "a", "b"), ("a", "b", "c"))
    assert [(row.text, row.options[row.answer({})]) for row in rows] == [("c", "3"), ("a", "1"), ("b", "2")]


@pytest.mark.parametrize("slug", ["descent-step", "two-layers"])
def test_the_seed_says_how_steps_are_mixed(slug: str) -> None:
    def places(seed: int) -> tuple[float | str, ...]:
        blanks = gw.sheet(slug, seed=seed).blanks
        return tuple(b.answer for b in blanks if b.name.endswith(" is step"))

    mixed = [places(seed) for seed in SEEDS]
    assert len(set(mixed)) >= 8
    assert places(3) == mixed[3]


@pytest.mark.parametrize(("value", "sign"), [(3.0, "above 0"), (-0.5, "below 0"), (0.0, "0")])
def test_a_sign_is_that_of_the_number(value: float, sign: str) -> None:
    row = sign_first("slope", "what will it be?")
    assert row.options[row.answer({"slope": value})] == sign


def test_one_line_alone_differs_from_its_being_worked_again() -> None:
    for _, _, item, where, _ in met(SPOT):
        values = item.by_name
        wrong = [n for n in ("error", "loss", "slope", "new_w") if values[n] != values[f"their_{n}"]]
        assert [f"in the line of {n}" for n in wrong] == [where]


def test_one_column_alone_does_not_agree() -> None:
    for _, _, item, where, _ in met(AGREE):
        values = item.by_name
        wrong = [
            words
            for words, column in COLUMNS.items()
            if any(values[n] != values[f"their_{column}_{n[1]}"] for n in ("dw", "db"))
        ]
        assert wrong == [where]


@pytest.mark.parametrize("kind", [SPOT, AGREE], ids=["spot", "agree"])
def test_every_place_and_every_mistake_is_met(kind: tuple[str, int, str]) -> None:
    places, mistakes = Counter[str](), Counter[str]()
    for _, _, item, where, which in met(kind):
        choices = [row for row in item.exercise.show if isinstance(row, Choice)]
        places[where] += 1
        mistakes[which] += 1
    assert set(places) == set(choices[0].options) and set(mistakes) == set(choices[1].options)


@pytest.mark.parametrize("kind", [SPOT, AGREE], ids=["spot", "agree"])
def test_whoever_repeats_the_mistake_is_told_which(kind: tuple[str, int, str]) -> None:
    for sheet, k, item, where, which in met(kind):
        key = {b.number: b.text for b in sheet.blanks}
        values = item.by_name
        for blank in sheet.blanks:
            if blank.item != k or blank.kind != "cell":
                continue
            theirs = values.get(f"their_{blank.name}", values.get(f"their_{COLUMNS.get(where)}_{blank.name[1:]}"))
            if theirs is None or theirs == values[blank.name]:
                continue
            mark = sheet.grade({**key, blank.number: number_text(theirs)})[blank.number]
            codes = {mark.code, *(cause.code for cause in mark.others)}
            assert mark.status == "mistake" and codes & CODES[which], (sheet.seed, blank.name, which, codes)


def test_what_comes_after_is_worked_from_what_is_written_and_never_carried() -> None:
    for sheet, k, _, _, _ in met(SPOT):
        typed = {b.number: b.text for b in sheet.blanks}
        first, *later = (b for b in sheet.blanks if b.item == k and b.kind == "cell")
        typed[first.number] = number_text(float(first.answer) + 100)
        marked = sheet.grade(typed)
        assert marked[first.number].status != "right"
        assert all(marked[b.number].status == "right" for b in later)


def test_no_message_names_what_the_page_does_not_show() -> None:
    for slug, level, _ in (SPOT, AGREE):
        assert "all_told" not in gw.sheet(slug, seed=3, level=level).page()


LAYER = Exercise(
    name="layer",
    text="",
    lines="Z = W @ X; dW = dZ @ X.T; dX = W.T @ dZ",
    draw=lambda d: {
        **{name: d.whole(-3, 4, (2, 2), zero=False) for name in ("W", "X", "dZ")},
    },
    decimals=0,
)


def layer(**changed: Any) -> Exercise:
    options: Mapping[str, Any] = {
        "name": "layer with a mistake",
        "text": "Find it.",
        "places": {"in dW": ("dW",), "in dX": ("dX",)},
        "mistakes": (
            Mistake({"dW": "dZ @ X"}, "not transposed"),
            Mistake({"dX": "W @ dZ"}, "not transposed"),
            Mistake({"dW": "dZ * X"}, "entry by entry"),
        ),
        "show": (Given(("W", "X", "dZ")), Grid(("theirs",), (("dW", "their_dW[1,1]"),)), Line("dW"), Line("dX")),
    }
    return with_a_mistake(LAYER, **{**options, **changed})


def test_matrices_are_worked_with_a_mistake_too() -> None:
    chapter = Chapter("layer", 99, "Layer", "", ((Ask(layer(), mask("results")),),))
    assert check_chapter(chapter, range(10), levels=(1,)).faults == []
    for seed in range(10):
        item = make_sheet(chapter, seed=seed).items[0]
        v = {name: np.array(value) for name, value in item.by_name.items()}
        where, which = (row for row in item.exercise.show if isinstance(row, Choice))
        wrong = {"dW": v["dZ"] @ v["X"], "dX": v["W"] @ v["dZ"]}
        if which.options[which.answer(item.by_name)] == "entry by entry":
            wrong["dW"] = v["dZ"] * v["X"]
        name = where.options[where.answer(item.by_name)].split()[-1]
        other = "dX" if name == "dW" else "dW"
        assert np.array_equal(v[f"their_{name}"], wrong[name]) and np.array_equal(v[f"their_{other}"], v[other])


def test_a_place_that_is_no_line_is_answered() -> None:
    with pytest.raises(ArgumentError, match="dQ"):
        layer(places={"in dQ": ("dQ",)})
    with pytest.raises(ArgumentError, match="dX"):
        layer(places={"in dW": ("dW",)})


def test_numbers_that_are_never_clean_are_answered() -> None:
    thirds = Exercise(name="thirds", text="", lines="y = x / 3", draw=lambda d: {"x": 1}, decimals=1)
    made = with_a_mistake(
        thirds,
        name="a",
        text="",
        places={"y": ("y",)},
        mistakes=(Mistake({"y": "x / 7"}, "seven"),),
        show=(Given(("x", "their_y")), Line("y")),
    )
    with pytest.raises(UsageError, match="no numbers"):
        make_sheet(Chapter("thirds", 99, "Thirds", "", ((Ask(made, mask("results")),),)))


def test_whoever_works_from_the_start_is_told_that_the_question_is_about_their_numbers() -> None:
    told = 0
    for seed in range(8):
        sheet = gw.sheet("descent-step", seed=seed, level=2)
        for item, exercise in enumerate(sheet.items):
            if "their_error" not in exercise.by_name:
                continue
            own = {name: exercise.by_name[name] for name in ("w", "x", "y", "learning_rate")}
            own["error"] = own["w"] * own["x"] - own["y"]
            own["loss"] = own["error"] ** 2
            own["slope"] = 2 * own["error"] * own["x"]
            own["new_w"] = own["w"] - own["learning_rate"] * own["slope"]
            blanks = [b for b in sheet.blanks if b.item == item and b.kind == "cell"]
            marked = sheet.grade({b.number: str(round(own[b.name], 6)) for b in blanks})
            wrong = [marked[b.number] for b in blanks if marked[b.number].status != "right"]
            assert all("worked from the start" in mark.says for mark in wrong)
            told += len(wrong)
    assert told > 5
