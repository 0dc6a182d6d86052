"""The main job: a gradient worked three ways on one page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import gradwork as gw
from gradwork import formats
from gradwork.errors import DataError, ShapeError
from gradwork.models import load
from gradwork.notation.document import Document, Style

EXAMPLES = Path(__file__).parents[2] / "examples"
# Workings that are filled in are verified and not worked (tests/worksheets/test_verify.py); the digits, 1,797 rows of
# 64 numbers, have tests of their own (tests/descent/test_datasets.py).
MODELS = sorted(
    path.name
    for path in EXAMPLES.glob("*.toml")
    if "[[exercise]]" not in path.read_text(encoding="utf-8") and path.name != "digits.toml"
)


@pytest.fixture(autouse=True)
def scikit_learn(request: pytest.FixtureRequest) -> None:
    """A model on data that scikit-learn carries stands aside where that is not installed."""
    name = getattr(request.node, "callspec", None) and request.node.callspec.params.get("name")
    if name and '"sklearn:' in (EXAMPLES / name).read_text(encoding="utf-8"):
        pytest.importorskip("sklearn")


def page_of(name: str, **extent: object) -> str:
    return str(load(str(EXAMPLES / name)).work(**extent).to("plain", width=100))


@pytest.mark.parametrize("name", MODELS)
def test_every_example_is_worked_and_the_three_ways_agree(name: str) -> None:
    model = load(str(EXAMPLES / name))
    working = model.work()
    assert working.agreement.agree
    # NIST's starts are chosen to be hard: beside a slope of 3,000 one of 0.0002 is measured to fewer digits.
    assert working.agreement.digits >= (5 if name.startswith("nist-") else 6)
    slopes = gw.grad(model.program, wrt=model.wrt)(**model.bound)
    for one, slope in zip(model.wrt, slopes, strict=True):
        np.testing.assert_allclose(working.backpropagated[one], slope, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(working.derived[one].value, slope, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("format_name", formats.names())
def test_every_example_has_a_page_in_every_format(name: str, format_name: str) -> None:
    working = load(str(EXAMPLES / name)).work()
    page = working.to(format_name)
    assert len(page) > 500


@pytest.mark.parametrize("width", [40, 60, 80, 132])
@pytest.mark.parametrize("name", MODELS)
def test_no_line_is_wider_than_the_window(name: str, width: int) -> None:
    working = load(str(EXAMPLES / name)).work()
    lines = str(formats.render(working, "terminal", Style(width=width))).splitlines()
    assert max(map(len, lines)) <= width


def test_the_cars_page_says_what_the_vision_says() -> None:
    page = page_of("cars.toml")
    for said in (
        "50 rows of cars.csv", "2498.06", "2482.693656", "-15.366344", "-1536.63", "2497.2005", "-0.8595", "-85.95",
        "529.12/2 * 0.01 = 2.6456", "mean rule", "power rule", "1 x w^0 = x", "mean(2 error x)",
        "2 * (-2) * 4", "= -16", "2 * (-10) * 4", "= -80", "-1539.28", "-85.96", "4.61784", "0.25788",
    ):  # fmt: skip
        assert said in page, said


def test_the_article_is_reproduced() -> None:
    """Source A: nudges of 0.01 raise the loss by 0.002, 0.005, 0.003 for the biases and the first weight column."""
    working = load(str(EXAMPLES / "article.toml")).work(nudge=0.01)
    np.testing.assert_allclose(working.backpropagated["W"], [[0.2, 0.6], [0.5, 0.4], [0.3, 0.2]], rtol=1e-12)
    np.testing.assert_allclose(np.ravel(working.backpropagated["b"]), [0.2, 0.5, 0.3], rtol=1e-12)
    assert "determinant" not in page_of("article.toml")


def test_a_function_with_nested_parameters_is_worked() -> None:
    random = np.random.default_rng(3)
    params = {"W": random.normal(size=(2, 3)), "b": np.zeros(3)}
    x, labels = random.normal(size=(4, 2)), np.array([0, 2, 1, 0])

    def loss(params: dict[str, np.ndarray], x: np.ndarray, labels: np.ndarray) -> np.floating:
        z = x @ params["W"] + params["b"]
        p = gw.log_softmax(z, axis=1)
        return -np.mean(p[np.arange(4), labels])

    working = gw.work(loss, params, x, labels)
    assert working.agreement.agree
    assert set(working.backpropagated) == {"W", "b"}
    assert working.forward["z"].shape == (4, 3)


def test_a_formula_and_a_table_of_numbers() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    table = pandas.DataFrame({"speed": [4.0, 7.0, 8.0], "distance": [2.0, 4.0, 16.0]})
    working = gw.work(
        "mean((x*w + b - y)^2)", wrt=("w", "b"), kwargs={"x": table["speed"], "y": table["distance"], "w": 1, "b": 0}
    )
    assert working.agreement.agree


def test_large_arrays_are_shown_by_a_corner_unless_asked_for() -> None:
    random = np.random.default_rng(0)
    values = {"X": random.normal(size=(30, 20)), "W": random.normal(size=(20, 9))}
    from gradwork.gradients.view import View

    short = str(gw.work("mean((X @ W)^2)", wrt="W", kwargs=values).to("plain", width=100))
    longer = str(
        gw.work("mean((X @ W)^2)", wrt="W", kwargs=values, view=View.of(rows=6, columns=3)).to("plain", width=100)
    )
    full = str(gw.work("mean((X @ W)^2)", wrt="W", kwargs=values, view=View.of(full=True)).to("plain", width=100))
    assert re.search("30.20", short)
    assert "more entries are compared" in short
    assert short != longer
    assert len(full.splitlines()) > 3 * len(short.splitlines())
    assert "W[20, 9]" in full


def test_digits_are_the_readers_choice() -> None:
    assert "-1539.28" in page_of("cars.toml")
    assert "-1539.28" not in page_of("cars.toml", digits=3)


def test_the_page_is_a_document_and_shows_itself() -> None:
    working = load(str(EXAMPLES / "cars.toml")).work()
    assert isinstance(working, Document)
    assert working._repr_html_().startswith("<")
    facts = json.loads(str(working.to("json")))["facts"]
    assert facts["agree"] is True
    assert facts["backpropagated"]["w"] == pytest.approx(-1539.28)
    assert facts["nudged"]["w"] == pytest.approx(-1536.6344)


def test_numbers_on_the_page_are_the_engines() -> None:
    """Every slope in the last table is the one that the engine computed, not a template's."""
    model = load(str(EXAMPLES / "network.toml"))
    working = model.work()
    table = str(working.to("plain", width=120)).split("The three side by side")[1]
    rows = dict(re.findall(r"^ *(\w+\[[\d, ]+\]) .*? (-?[\d.]+) +\d+$", table, flags=re.MULTILINE))
    for name, slopes in working.backpropagated.items():
        for index, slope in np.ndenumerate(slopes):
            label = f"{name}[{', '.join(str(i + 1) for i in index)}]"
            assert float(rows[label]) == pytest.approx(float(slope), rel=1e-5)


def test_wrong_input_is_answered() -> None:
    with pytest.raises(DataError, match=r"x\[2\] is nan"):
        gw.work("mean(x*w)", wrt="w", kwargs={"x": np.array([1.0, np.nan]), "w": 1.0})
    with pytest.raises(ShapeError, match="one number"):
        gw.work("x*w", wrt="w", kwargs={"x": np.array([1.0, 2.0]), "w": 1.0})
