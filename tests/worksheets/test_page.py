"""The page in a real browser: it marks as the command does, by keyboard, on a phone, aloud, offline and on paper."""

from __future__ import annotations

import importlib.resources
import itertools
import json
import math
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gradwork as gw
from gradwork.cli import main
from gradwork.worksheets.answers import read_number
from gradwork.worksheets.chapters import chapters
from gradwork.worksheets.marks import CARRIED, EMPTY, FEW_DIGITS, MISTAKE, RIGHT, UNREADABLE, WRONG
from gradwork.worksheets.rounding import number_text, rounded
from gradwork.worksheets.sheet import Sheet

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SEEDS = 100
PHONE = {"width": 320, "height": 640}  # the narrowest that has to do; German words are long
# How people write numbers, and what is none.
ODD = (
    "",
    " ",
    "abc",
    "?!",
    "?",
    "-",
    "1/3",
    "-7/2",
    "1 1/2",
    "3,5",
    "1,000",
    "1.000,5",
    "−2",
    "– 2",
    "1e3",
    "2·10⁻²",
    "4 x 10^2",
)
ODD += (
    "12%",
    "0",
    "0.5",
    "1.",
    "-.5",
    "+3",
    "(4)",
    "≈ 2",
    "0.33...",
    "1/0",
    "--1",
    "1e999",
    "٣",
    "½",
    "1 000",
    "1'000",
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def window(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Opens sheets as files, each in a window of its own."""
    opened = []

    def open_(sheet: Sheet, *, key: bool = True, phone: bool = False, dark: bool = False) -> Any:
        size = PHONE if phone else {"width": 1200, "height": 900}
        context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light")
        opened.append(context)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        path = tmp_path / f"sheet-{len(opened)}.html"
        path.write_text(sheet.page(key=key), encoding="utf-8")
        page.goto(path.as_uri())
        return page

    yield open_
    for context in opened:
        for page in context.pages:
            assert page.faults == []
        context.close()


def planted(sheet: Sheet, chance: random.Random) -> dict[int, str]:
    """Answers as a class gives them: right ones, mistakes of the catalogue, slips of the pen, and what is no number."""
    answers = {}
    for blank in sheet.blanks:
        answers[blank.number] = blank.text
        luck = chance.random()
        if blank.choices:
            answers[blank.number] = chance.choice([*blank.choices, "2", blank.text[:4], "", "no such"])
        elif luck < 0.3 and blank.kind == "cell":
            answers[blank.number] = mistaken(sheet, blank, chance)
        elif luck < 0.4:
            answers[blank.number] = chance.choice(ODD)
        elif luck < 0.5:
            answers[blank.number] = number_text(float(blank.answer) + chance.choice([1, -1, 0.1, 0.01, -0.004]))
        elif luck < 0.55:
            answers[blank.number] = number_text(rounded(float(blank.answer), chance.choice([0, 1])))
    for one, other in itertools.pairwise(blank for blank in sheet.blanks if blank.kind == "cell"):
        if chance.random() < 0.05:
            answers[one.number], answers[other.number] = other.text, one.text
    return answers


def mistaken(sheet: Sheet, blank: Any, chance: random.Random) -> str:
    item = sheet.items[blank.item]
    routes = [route for route in item.routes(blank.place[1]) if route.slips]
    if not routes:
        return ""
    _, slip = chance.choice(chance.choice(routes).slips)
    try:
        value = slip.value(item.values)
    except (ArithmeticError, ValueError):
        return blank.text
    if isinstance(value, complex) or not math.isfinite(value):
        return blank.text
    return number_text(rounded(value, item.exercise.decimals))


def test_the_page_gives_the_same_marks_as_the_command(browser: Any, tmp_path: Path) -> None:
    page = browser.new_page()
    slugs, met = list(chapters()), set()
    for seed in range(SEEDS):
        level, language = 1 + seed // len(slugs) % 3, "de" if seed % 5 == 4 else "en"
        sheet = gw.sheet(slugs[seed % len(slugs)], seed=seed, level=level, language=language)
        (tmp_path / "sheet.html").write_text(sheet.page(), encoding="utf-8")
        page.goto((tmp_path / "sheet.html").as_uri())
        for turn in range(2):
            answers = planted(sheet, random.Random(10 * seed + turn))
            marks = page.evaluate("answers => markSheet(answers)", {str(k): v for k, v in answers.items()})
            for mark in sheet.grade(answers):
                theirs = marks[str(mark.blank.number)]
                said = (theirs["status"], theirs["credit"], theirs.get("code", ""), theirs.get("others", []))
                where = (sheet.chapter, sheet.level, seed, mark.blank.number, mark.typed)
                assert (*said, theirs.get("says", "")) == (
                    mark.status,
                    mark.credit,
                    mark.code,
                    [cause.code for cause in mark.others],
                    mark.says,
                ), where
                met.add(mark.status)
    page.close()
    assert met == {RIGHT, CARRIED, FEW_DIGITS, MISTAKE, WRONG, UNREADABLE, EMPTY}


SIGNS_OF_PEOPLE = "0123456789" * 3 + ".,,,---+ //()[]=*^²³⁻¹½¼%e√…;!~≈−·x' "


def test_the_page_reads_numbers_as_the_command_does(browser: Any, tmp_path: Path) -> None:
    page = browser.new_page()
    (tmp_path / "sheet.html").write_text(gw.sheet("one-weight").page(), encoding="utf-8")
    page.goto((tmp_path / "sheet.html").as_uri())
    chance = random.Random(3)
    texts = ["".join(chance.choices(SIGNS_OF_PEOPLE, k=chance.randint(1, 7))) for _ in range(20_000)]
    theirs = page.evaluate("texts => texts.map(t => readNumber(t).map(r => [r.value, r.decimals]))", texts)
    page.close()
    for text, read in zip(texts, theirs, strict=True):
        mine = [[r.value, r.decimals] for r in read_number(text)]
        assert len(read) == len(mine), text
        for (value, decimals), (own, places) in zip(read, mine, strict=True):
            assert (value, decimals) == (pytest.approx(own, rel=1e-12), places), text


# -- for everybody -----------------------------------------------------------------------------------------------------


def fill(page: Any, answers: dict[int, str]) -> None:
    """Put answers into the fields, and leave the last of them."""
    page.evaluate(
        "answers => { for (const f of fields) if (f.dataset.blank in answers) f.value = answers[f.dataset.blank];"
        " for (const f of fields) f.dispatchEvent(new Event('input')); fields[0].dispatchEvent(new Event('change'));"
        " if (ABOUT.key) markAll(); }",
        {str(number): text for number, text in answers.items()},
    )


def with_mistakes(sheet: Sheet) -> dict[int, str]:
    answers = {}
    for k, blank in enumerate(sheet.blanks):
        others = [c for c in blank.choices if c != blank.text] or [
            "abc",
            "17.25",
            number_text(-float(blank.answer or 1)),
        ]
        answers[blank.number] = others[k % len(others)] if k % 3 else blank.text
    return answers


def faults(page: Any) -> list[str]:
    """What axe finds against the Web Content Accessibility Guidelines 2.0 to 2.2, levels A and AA."""
    package = pytest.importorskip("axe_playwright_python", reason="needs axe")
    script = (importlib.resources.files(package) / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(script + "; 0")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
    # Rules that are new, such as the size of targets, are not tried unless they are asked for.
    wanted = {"runOnly": {"type": "tag", "values": tags}, "rules": {"target-size": {"enabled": True}}}
    found = page.evaluate("options => axe.run(document, options)", wanted)
    assert len(found["passes"]) > 15
    return [f"{v['id']}: {v['help']}: {node['html'][:200]}" for v in found["violations"] for node in v["nodes"][:2]]


@pytest.mark.parametrize("dark", [False, True], ids=["light and wide", "dark, narrow and German"])
@pytest.mark.parametrize("slug", ["bends", "two-layers", "batch-mean"])
def test_axe_finds_nothing_before_and_after_marking(window: Any, slug: str, dark: bool) -> None:
    sheet = gw.sheet(slug, seed=1, level=3, language="de" if dark else "en")
    page = window(sheet, dark=dark, phone=dark)
    assert faults(page) == []
    fill(page, with_mistakes(sheet))
    page.locator(".feedback button").first.click()
    assert faults(page) == []


def test_axe_finds_nothing_on_a_page_without_a_key(window: Any) -> None:
    assert faults(window(gw.sheet("linear-layer", level=3), key=False)) == []


@pytest.mark.parametrize("slug", list(chapters()))
def test_a_phone_is_never_scrolled_sideways(window: Any, slug: str) -> None:
    sheet = gw.sheet(slug, seed=3, level=3, language="de")
    page = window(sheet, phone=True)
    width = "[document.documentElement.scrollWidth, document.body.scrollWidth]"
    assert max(page.evaluate(width)) <= 320
    fill(page, with_mistakes(sheet))
    assert page.locator(".feedback li").count() > 1
    assert max(page.evaluate(width)) <= 320
    right = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.feedback')].map(b => b.getBoundingClientRect().right))"
    )
    assert right <= 320


def test_tab_goes_through_the_blanks_in_reading_order_and_reaches_every_button(window: Any) -> None:
    sheet = gw.sheet("two-layers", seed=1, level=3)
    page = window(sheet)
    stops = []
    for _ in range(len(sheet.blanks) + 5):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.id"))
    numbers = [f"b{blank.number}" for blank in sheet.blanks]
    assert stops == ["learner", *numbers, "mark", "hint", "save", "clear"]
    places = [page.locator(f"#{stop}").bounding_box() for stop in numbers]
    starts = [page.locator(f"h2 >> nth={k}").bounding_box()["y"] for k in range(len(sheet.items))]
    for blank, place in zip(sheet.blanks, places, strict=True):
        assert place["y"] > starts[blank.item]


def test_enter_goes_to_the_next_blank_and_hints_are_a_key_away(window: Any) -> None:
    sheet = gw.sheet("one-weight", seed=3)
    page = window(sheet)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "b1"
    page.keyboard.type("1234.5")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "b2"
    assert page.locator("#b1").get_attribute("aria-invalid") == "true"
    page.keyboard.press("Shift+Tab")
    assert (
        page.evaluate("document.activeElement.textContent") == "Hint"
        or page.evaluate("document.activeElement.id") == "b1"
    )
    page.locator("#n1 button").focus()
    for step in range(page.evaluate("SHEET.hints[1].length")):
        page.keyboard.press("Enter")
        assert page.locator("#n1 .hint").count() == step + 1
    assert page.evaluate("document.activeElement.id") == "b1"
    assert page.locator("#n1 .hint").last.text_content().endswith(sheet.blanks[0].text)


def test_a_hint_can_be_had_before_anything_is_typed(window: Any) -> None:
    page = window(gw.sheet("one-weight", seed=3))
    page.locator("#b2").focus()
    page.locator("#hint").click()
    assert page.locator("#n2 .hint").count() == 1
    assert page.locator("#told").text_content() == page.locator("#n2 .hint").text_content()


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_nothing_lies_over_what_has_the_focus(window: Any, phone: bool) -> None:
    sheet = gw.sheet("two-layers", seed=1, level=3)
    page = window(sheet, phone=phone)
    middle = "(b => [b.x + b.width / 2, b.y + b.height / 2])(document.activeElement.getBoundingClientRect())"
    for _ in range(len(sheet.blanks) + 5):
        page.keyboard.press("Tab")
        seen = page.evaluate(f"document.activeElement.contains(document.elementFromPoint(...{middle}))")
        assert seen, page.evaluate("document.activeElement.id")


def test_a_question_mark_in_a_blank_gives_a_hint_and_is_no_answer(window: Any) -> None:
    page = window(gw.sheet("one-weight", seed=3))
    page.locator("#b2").focus()
    for step in (1, 2):
        page.keyboard.type("?")
        page.keyboard.press("Enter")
        assert page.locator("#n2 .hint").count() == step
        assert page.evaluate("document.activeElement.id") == "b2" and page.locator("#b2").input_value() == ""


# -- what it says ------------------------------------------------------------------------------------------------------


def test_it_marks_at_once_and_says_what_is_carried_and_which_mistake_was_made(window: Any) -> None:
    sheet = gw.sheet("two-layers", seed=0, level=1)
    first = next(b for b in sheet.blanks if b.name.startswith("derror"))
    answers = {b.number: b.text for b in sheet.blanks}
    answers[first.number] = number_text(-float(first.answer))
    marks = sheet.grade({first.number: answers[first.number]})
    page = window(sheet)
    page.locator(f"#b{first.number}").fill(answers[first.number])
    page.locator(f"#b{first.number}").blur()
    line = page.locator(f"#n{first.number}").text_content()
    assert marks[first.number].says in line and marks[first.number].code in line
    assert page.locator(f"#b{first.number}").get_attribute("aria-describedby") == f"n{first.number}"
    assert f"blank {first.number}: mistake" in page.locator("#told").text_content()
    assert page.locator("#told").get_attribute("role") == "status"
    after = next(b for b in sheet.blanks if b.name.startswith("dZ2"))
    page.locator(f"#b{after.number}").fill(answers[first.number])
    page.locator(f"#b{after.number}").blur()
    assert page.locator(f"#b{after.number}").get_attribute("data-status") == "carried"
    assert f"your blank {first.number}" in page.locator(f"#n{after.number}").text_content()
    # Put right, what followed from it is looked at again.
    page.locator(f"#b{first.number}").fill(first.text)
    page.locator(f"#b{first.number}").blur()
    assert page.locator(f"#n{first.number}").count() == 0
    assert page.locator(f"#b{after.number}").get_attribute("data-status") != "carried"


def test_what_is_typed_survives_a_reload_and_starting_again_clears_it(window: Any) -> None:
    sheet = gw.sheet("rules", seed=1, level=2)
    page = window(sheet)
    page.locator("#learner").fill("Ada")
    fill(page, with_mistakes(sheet))
    before = page.evaluate("answers()")
    page.reload()
    assert page.evaluate("answers()") == before and page.locator("#learner").input_value() == "Ada"
    assert page.locator("[data-status=mistake], [data-status=wrong]").count()
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("#clear").click()
    page.reload()
    assert not any(page.evaluate("answers()").values()) and page.locator(".feedback").count() == 0


@pytest.mark.parametrize("key", [True, False], ids=["with a key", "without a key"])
def test_saved_answers_are_read_by_grade(
    window: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], key: bool
) -> None:
    sheet = gw.sheet("two-layers", seed=5, level=2)
    page = window(sheet, key=key)
    page.locator("#learner").fill("Emmy Noether")
    answers = with_mistakes(sheet)
    fill(page, answers)
    with page.expect_download() as download:
        page.locator("#save").click()
    assert download.value.suggested_filename == "two-layers-5-Emmy-Noether.answers.json"
    saved = tmp_path / "emmy.answers.json"
    download.value.save_as(saved)
    sheet.save(tmp_path / "two.sheet.json")
    assert main(["grade", str(tmp_path / "two.sheet.json"), str(saved), "--to", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    expected = sheet.grade(answers)
    assert '"learner": "Emmy Noether"' in json.dumps(facts)
    assert f'"score": {expected.score}' in json.dumps(facts)


def test_a_page_without_a_key_holds_no_answers_and_counts_what_is_filled_in(window: Any) -> None:
    sheet = gw.sheet("linear-layer", seed=1, level=3)
    written = sheet.page(key=False)
    for telling in ("SHEET=", "markSheet(answers) {", "hints:", "routes:", "GW2", '"key":['):
        assert telling not in written
    page = window(sheet, key=False)
    assert page.locator("#mark").count() == page.locator("#hint").count() == 0
    fill(page, {1: "3", 2: "x"})
    assert page.locator("#score").text_content() == f"2 of {len(sheet.blanks)} filled in"
    assert page.locator("[data-status]").count() == 0


def test_nothing_is_loaded_from_elsewhere(window: Any) -> None:
    sheet = gw.sheet("softmax", level=3)
    asked = []
    page = window(sheet)
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.locator("#mark").click()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert not re.search(r'(src|href)\s*=\s*"|@import|https?:', sheet.page())


def test_on_paper_there_are_lines_to_write_on_and_no_buttons(window: Any) -> None:
    sheet = gw.sheet("rules", seed=1, level=2)
    page = window(sheet)
    fill(page, {1: "17.25"})
    page.emulate_media(media="print")
    assert not page.locator(".bar").is_visible() and not page.locator(".feedback").is_visible()
    assert page.locator(".options").first.is_visible()
    assert page.locator("#b2").evaluate("f => getComputedStyle(f).borderBottomStyle") == "solid"
    assert page.locator("#b2").evaluate("f => getComputedStyle(f).borderTopStyle") == "none"
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_a_german_page_is_german_throughout(window: Any) -> None:
    sheet = gw.sheet("two-layers", seed=1, level=3, language="de")
    page = window(sheet)
    assert page.locator("html").get_attribute("lang") == "de"
    labels = page.evaluate("[...document.querySelectorAll('[aria-label]')].map(e => e.ariaLabel)")
    read = page.evaluate("[...document.querySelectorAll('math[alttext]')].map(e => e.getAttribute('alttext'))")
    said = " ".join([*labels, *read])
    assert {"Formel", "Antworten", "Lücke", "gleich", "Matrix"} <= set(re.findall(r"\w+", said))
    assert not {"Formula", "Answers", "blank", "equals", "matrix", "times"} & set(re.findall(r"\w+", said))
    page.locator("#b1").fill("3,25")
    page.locator("#b1").blur()
    assert page.locator("#told").text_content().startswith("Lücke 1: ")
