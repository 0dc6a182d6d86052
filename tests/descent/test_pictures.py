"""Pictures of a descent: contours have the loss of their graph, paths are the run's own, files stand alone.

What a browser makes of the page is asked of a browser, where there is one.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.cli import descend as command
from gradwork.descent import pictures
from gradwork.descent.contours import contour, levels
from gradwork.descent.entries import chosen, entry
from gradwork.descent.predictions import predictions
from gradwork.descent.sliders import sliders
from gradwork.descent.watching import DescentProgress
from gradwork.errors import ArgumentError, MissingExtraError
from gradwork.gradients.nudging import progress
from gradwork.models import load
from gradwork.notation.document import Sliders

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
X = np.array([1.0, 2.0, 3.0, 4.0])
LINE = "mean((x*w + b - y)^2)"


def line(**options):
    data = {"x": X, "y": 2 * X + 1}
    return gw.descend(LINE, {"w": 0.0, "b": 0.0}, data, **{"learning_rate": 0.05, "steps": 30, **options})


def network():
    return load(str(EXAMPLES / "network.toml")).descend(steps=50, progress=False)


# -- contours ---------------------------------------------------------------------------------------------------------


def test_every_point_of_a_contour_has_its_height():
    x, y = np.linspace(-2, 2, 81), np.linspace(-2, 2, 81)
    heights = x[None, :] ** 2 + y[:, None] ** 2
    (line,) = contour(x, y, heights, 1.0)
    assert (line[0][0], line[1][0]) == (line[0][-1], line[1][-1]), "a circle is closed"
    np.testing.assert_allclose(np.hypot(*line), 1.0, atol=1e-3)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 9), st.integers(2, 9), st.integers(0, 10_000), st.sampled_from([0.0, 0.3, np.nan]))
def test_contours_part_what_is_above_from_what_is_below(rows, columns, seed, hole):
    r = np.random.default_rng(seed)
    heights = r.normal(size=(rows, columns))
    if hole != 0.3:
        heights[r.integers(rows), r.integers(columns)] = hole
    x, y = np.arange(columns, dtype=float), np.arange(rows, dtype=float)
    lines = contour(x, y, heights, 0.1)
    crossed = {(round(float(a), 9), round(float(b), 9)) for line in lines for a, b in zip(*line, strict=True)}
    for i in range(rows):
        for j in range(columns - 1):
            a, b = heights[i, j], heights[i, j + 1]
            cells = [heights[max(k, 0) : k + 2, j : j + 2] for k in (i - 1, i) if 0 <= k < rows - 1]
            if (a > 0.1) != (b > 0.1) and any(np.isfinite(cell).all() for cell in cells):
                assert (round(j + (0.1 - a) / (b - a), 9), float(i)) in crossed
    for across, upward in lines:
        assert np.all(np.hypot(np.diff(across), np.diff(upward)) <= np.sqrt(2) + 1e-9), "no piece leaves its cell"


def test_a_saddle_is_crossed_by_two_lines():
    heights = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert len(contour(np.arange(2.0), np.arange(2.0), heights, 0.4)) == 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=80))
def test_levels_lie_within_the_heights(values):
    heights = np.array(values)
    found = levels(heights)
    assert found == sorted(set(found)) and all(heights.min() < level < heights.max() for level in found)


def test_a_flat_surface_has_no_levels():
    assert levels(np.full((5, 5), 3.0)) == [] == levels(np.full((5, 5), np.nan))


def test_the_contours_of_a_run_have_the_loss_of_its_graph():
    run = line()
    figure = run.picture("contour", "w", "b").figure
    for curve in figure.curves:
        if curve.kind == "contour" and curve.label:
            w, b = np.array(curve.x), np.array(curve.y)
            losses = np.mean((X[:, None] * w + b - (2 * X + 1)[:, None]) ** 2, axis=0)
            spread = losses.max() - losses.min()
            assert spread < 0.2 * float(curve.label) + 0.05, f"straight between the grid's lines: {curve.label}"
            assert abs(np.median(losses) - float(curve.label)) < 0.02 * float(curve.label) + 0.01


def test_the_path_is_the_runs_own():
    run = line()
    path = next(c for c in run.picture("contour", "w", "b").figure.curves if c.kind == "path")
    assert (path.x[0], path.y[0]) == tuple(run.path[0]) and (path.x[-1], path.y[-1]) == tuple(run.path[-1])
    assert {*zip(path.x, path.y, strict=True)} <= {tuple(point) for point in run.path.tolist()}
    assert path.notes[0] == f"step 0, loss {run.losses[0]:.4g}"


def test_parameters_by_name_count_from_1_and_the_others_are_held():
    run = network()
    figure = run.picture("contour", "W1[1,2]", "W2[3,1]").figure
    assert (figure.x_label, figure.y_label) == ("W1[1,2]", "W2[3,1]")
    assert "11 other parameters are held at their values at the end" in str(figure.caption)
    path = next(c for c in figure.curves if c.kind == "path")
    assert path.x[-1] == run.params["W1"][0, 1] and path.y[-1] == run.params["W2"][2, 0]
    assert run.path[-1][entry(run, "W2[3,1]").column] == run.params["W2"][2, 0]


def test_without_names_those_that_moved_farthest_are_taken():
    run = gw.descend("a^2 + 9*b^2 + 4*c^2", {"a": 1.0, "b": 3.0, "c": 2.0}, learning_rate=0.05, steps=9)
    moved = np.abs(run.path[-1] - run.path[0])
    assert [e.column for e in chosen(run, ())] == sorted(np.argsort(-moved)[:2].tolist())


def test_one_parameter_is_a_curve():
    run = load(str(EXAMPLES / "slides.toml")).descend(progress=False)
    figure = run.picture("contour").figure
    assert (figure.x_label, figure.y_label, figure.logarithmic) == ("weight", "loss", "y")
    curve, path = figure.curves
    np.testing.assert_allclose(curve.y, (2 * np.array(curve.x) - 3) ** 2, atol=1e-12)
    np.testing.assert_allclose(path.y, (2 * np.array(path.x) - 3) ** 2, atol=1e-12)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("W9",), "there is no parameter 'W9'"),
        (("W1",), "W1 is not one number of W1"),
        (("W1[1]",), "W1[1] is not one number of W1"),
        (("W1[0,1]",), "from W1[1,1] to W1[2,3]"),
        (("W1[3,1]",), "is not one number"),
        (("W1[1,1]", "W1[1,1]"), "the same parameter"),
        (("W1[1,1]", "W1[1,2]", "b2"), "room for two parameters"),
    ],
)
def test_a_name_that_is_none_is_told(names, said):
    with pytest.raises(ArgumentError) as caught:
        network().picture("contour", *names)
    assert said in str(caught.value)


# -- the loss ---------------------------------------------------------------------------------------------------------


def test_the_loss_curve_keeps_every_high_and_low():
    losses = np.abs(np.random.default_rng(0).normal(size=100_001)) + 1
    losses[54_321] = 1e6
    kept = pictures._highs_and_lows(losses)
    assert {0, 1, 59, 54_321, int(losses.argmin()), 100_000} <= {*kept.tolist()} and len(kept) < 800


def test_losses_over_decades_stand_on_a_logarithmic_axis():
    run = gw.descend("(w - 3)^2", {"w": 0.0}, learning_rate=0.3, steps=20)
    assert run.picture("loss").figure.logarithmic == "y"
    assert line(steps=1).picture("loss").figure.logarithmic == ""


def test_losses_below_zero_stand_on_an_ordinary_axis():
    run = gw.descend("w^2 - 100", {"w": 30.0}, learning_rate=0.4, steps=40)
    assert run.picture("loss").figure.logarithmic == ""


def test_a_long_run_that_does_all_at_its_start_has_a_logarithmic_axis_of_steps():
    losses = gw.descend("a^2 + 0.000001*b^2", {"a": 1.0, "b": 1.0}, learning_rate=0.4, steps=2000)
    figure = losses.picture("loss").figure
    assert "x" in figure.logarithmic and "stands left of a logarithmic axis" in str(figure.caption)


def test_held_out_losses_are_a_second_curve():
    r = np.random.default_rng(0)
    x = r.normal(size=60)
    run = gw.descend(LINE, {"w": 0.0, "b": 0.0}, {"x": x, "y": 3 * x + r.normal(size=60)}, holdout=0.3, steps=40)
    assert [curve.label for curve in run.picture("loss").figure.curves] == ["loss", "loss on held-out rows"]


def test_a_diverging_path_is_shown_as_far_as_it_is_near():
    run = line(learning_rate=0.25, steps=200)
    assert run.reason == "diverged"
    figure = run.picture("path").figure
    assert "later ones leave the picture" in str(figure.caption) and figure.dots[1].label.startswith("step ")
    assert max(abs(v) for curve in figure.curves for v in (*curve.x, *curve.y)) < 1e4
    ET.fromstring(run.picture("loss").svg())


def test_losses_that_are_no_numbers_leave_a_gap_that_is_told():
    run = gw.descend("log(w) + w^2", {"w": 2.0}, learning_rate=0.9, steps=50)
    assert run.reason == "diverged"
    for kind in ("loss", "contour", "path"):
        picture = run.picture(kind)
        ET.fromstring(picture.svg())
        assert "nan" not in picture.svg().lower().replace("nan,", "") or "not finite" in picture.svg()
    assert "not finite" in str(run.picture("loss").figure.caption)


@pytest.mark.parametrize("steps", [0, 1])
def test_short_runs_have_pictures(steps):
    run = line(steps=steps)
    for kind in pictures.KINDS:
        ET.fromstring(run.picture(kind).svg())
        assert str(run.picture(kind))


def test_a_run_of_100_000_steps_has_pictures():
    run = gw.descend("(1 - a)^2 + 100*(b - a^2)^2", {"a": -1.2, "b": 1.0}, learning_rate=1e-4, steps=100_000)
    assert run.steps == 100_000
    for kind in ("loss", "contour", "path"):
        assert len(run.picture(kind).svg()) < 150_000


# -- predictions ------------------------------------------------------------------------------------------------------


def test_predictions_over_one_column_are_a_curve_and_points():
    run = line()
    figure = run.picture("predictions").figure
    points, curve, start = figure.curves
    assert (points.kind, curve.kind, start.label) == ("points", "curve", "predicted at the start")
    np.testing.assert_allclose(curve.y, run.params["w"] * np.array(curve.x) + run.params["b"], atol=1e-12)
    assert points.x == tuple(X) and points.y == tuple(2 * X + 1) and (figure.x_label, figure.y_label) == ("x", "y")


@pytest.mark.parametrize(
    "loss",
    [
        "mean((y - a*exp(-b*x))^2)",
        "sum((a*exp(-b*x) - y)^2)/4",
        "mean(abs(y - a*exp(-b*x)))",
        "mean((0 - y + a*exp(-b*x))^2) + 0.001*(a^2 + b^2)",
    ],
)
def test_predictions_are_found_in_losses_of_many_forms(loss):
    run = gw.descend(loss, {"a": 1.0, "b": 0.2}, {"x": X, "y": 3 * np.exp(-0.5 * X)}, steps=20, learning_rate=0.05)
    found = predictions(run.problem, list(run.leaves))
    a, b = run.params["a"], run.params["b"]
    np.testing.assert_allclose(found.predicted, a * np.exp(-b * X), atol=1e-12)
    assert found.column == 0


def test_a_target_is_told_from_an_input_that_has_something_taken_from_it():
    data = {"y": np.exp(-((X - 2) ** 2)), "x": X}
    run = gw.descend("mean((y - a*exp(-(x - c)^2))^2)", {"a": 1.0, "c": 1.5}, data, steps=10, learning_rate=0.1)
    found = predictions(run.problem, list(run.leaves))
    assert (found.target, found.column) == (0, 1)
    np.testing.assert_allclose(found.predicted, run.params["a"] * np.exp(-((X - run.params["c"]) ** 2)), atol=1e-12)


def test_a_function_of_many_columns_has_predicted_against_measured():
    r = np.random.default_rng(1)
    x = r.normal(size=(30, 3))
    y = x @ np.array([1.0, -2.0, 0.5])
    run = gw.descend(lambda p, x, y: np.mean((x @ p["w"] - y) ** 2), {"w": np.zeros(3)}, (x, y), steps=50)
    diagonal, points = run.picture("predictions").figure.curves
    assert diagonal.x == diagonal.y and points.x == tuple(y)
    np.testing.assert_allclose(points.y, x @ run.params["w"], atol=1e-12)


def test_classes_show_the_probability_of_each_rows_own():
    run = load(str(EXAMPLES / "classifier.toml")).descend(steps=200, progress=False)
    figure = run.picture("predictions").figure
    assert "6 of 6 rows get their own class" in str(figure.caption)
    assert all(0.5 < value <= 1 for value in figure.curves[0].y)


def test_two_classes_from_logarithms():
    data = {"x": np.array([-2.0, -1.0, 1.0, 2.0]), "y": np.array([0.0, 0.0, 1.0, 1.0])}
    loss = "-mean(y*log(sigmoid(w*x)) + (1 - y)*log(1 - sigmoid(w*x)))"
    run = gw.descend(loss, {"w": 0.1}, data, steps=30, learning_rate=0.5)
    own = 1 / (1 + np.exp(-run.params["w"] * np.abs(data["x"])))
    np.testing.assert_allclose(run.picture("predictions").figure.curves[0].y, own, atol=1e-12)


def test_a_loss_without_predictions_says_so():
    with pytest.raises(ArgumentError, match="no predictions are found"):
        gw.descend("a^2 + b^2", {"a": 1.0, "b": 2.0}, steps=2).picture("predictions")


def test_of_many_rows_some_are_shown_and_told():
    x = np.linspace(0, 1, 5000)
    run = gw.descend(LINE, {"w": 0.0, "b": 0.0}, {"x": x, "y": 2 * x}, steps=5)
    assert run.picture("predictions").figure.curves[0].label == "measured, 2,000 of the rows"


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", pictures.KINDS)
def test_svg_files_stand_alone_and_say_what_they_show(kind):
    written = line().picture(kind).svg()
    root = ET.fromstring(written)
    names = {"svg": "http://www.w3.org/2000/svg"}
    assert root.get("role") == "img" and root.find("svg:title", names).text == "Gradient descent"
    assert len(root.find("svg:desc", names).text) > 30
    assert not re.search(r'(src|href)\s*=|@import|url\((?!#)|https?:(?!//www\.w3\.org/2000/svg")|<script', written)
    assert "prefers-color-scheme:dark" in written and "prefers-reduced-motion:reduce" in written


def test_the_path_moves_and_stops_after_five_seconds():
    written = line().picture("path").svg()
    assert "<animate " in written and 'dur="5s"' in written and "repeatCount" not in written
    assert "<animate " not in line().picture("contour").svg()


def test_a_walk_tells_its_steps():
    run = line(steps=12)
    texts = re.findall(r"step (\d+), loss ([^<]+)<set", run.picture("path").svg())
    steps = [int(step) for step, _ in texts]
    assert steps[:3] == [0, 1, 2] and steps[-1] == 12 and steps == sorted(steps)
    np.testing.assert_allclose([float(loss) for _, loss in texts], run.losses[steps], rtol=1e-3)


def test_png_needs_matplotlib(tmp_path):
    picture = line().picture("contour")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtraError, match=r"matplotlib[\s\S]*\.svg"):
            picture.save(tmp_path / "run.png")
        return
    for kind in pictures.KINDS:
        line().picture(kind).save(tmp_path / f"{kind}.png")
        written = (tmp_path / f"{kind}.png").read_bytes()
        assert written[:4] == b"\x89PNG" and (written.count(b"fcTL") > 30) == (kind == "path")


def test_save_goes_by_the_suffix(tmp_path):
    picture = line().picture("loss")
    for name, start in (
        ("a.svg", "<svg"),
        ("a.html", "<!doctype"),
        ("a.txt", "Gradient descent"),
        ("a.tex", "\\documentclass"),
    ):
        picture.save(tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_pictures_are_plots_of_characters_in_the_terminal():
    shown = line().picture("contour").to("plain", width=60)
    assert "lines of equal height: 1 is" in shown and max(map(len, shown.splitlines())) <= 60


def test_there_is_no_such_picture():
    with pytest.raises(ArgumentError, match="no picture 'contours'"):
        line().picture("contours")
    with pytest.raises(ArgumentError, match="takes no parameters"):
        line().picture("loss", "w")


def test_the_command_names_the_pictures_that_there_are():
    assert tuple(pictures.KINDS) == ("loss", "contour", "predictions", "path") == command.PICTURES


# -- sliders ----------------------------------------------------------------------------------------------------------


def test_the_numbers_beside_the_picture_are_those_of_the_run():
    run = line(steps=12)
    found = sliders(run)
    own = found.runs[found.chosen]
    assert own.name == "0.05 (this run)" and own.steps == tuple(range(13))
    assert own.places == tuple((float(w), float(b)) for w, b in run.path)
    assert [y for _, y in own.heights] == run.losses.tolist()
    update = next(pieces for label, pieces in found.lines if label.startswith("new w = w"))
    weight, _, rate, _, slope, _, after = update
    for k in range(12):
        texts = own.values[k]
        numbers = [float(texts[i].replace("−", "-")) for i in (weight, rate, slope, after)]
        assert numbers[0] - numbers[1] * numbers[2] == pytest.approx(numbers[3], abs=2e-5)
        assert numbers[3] == pytest.approx(run.path[k + 1][0], rel=1e-5)
    assert own.values[12][after] == "–"


def test_the_learning_rates_hold_one_that_diverges_and_are_runs_of_the_engine():
    found = sliders(line())
    assert len(found.runs) == 9
    said = [run.said for run in found.runs]
    assert any("diverges" in text for text in said) and sum("(this run)" in text for text in said) == 1
    for run in found.runs:
        if "this run" not in run.name:
            again = line(learning_rate=float(run.name))
            assert run.heights[-1][1] == again.losses[run.steps[-1]] and str(f"{again.steps:,} step") in run.said


@pytest.mark.parametrize("method", command.methods.names())
def test_every_method_has_its_lines(method):
    x = np.linspace(0.1, 4, 20)
    data = {"x": x, "y": 2 * x + np.sin(9 * x)}
    rate = {} if method in ("gauss-newton", "levenberg-marquardt") else {"learning_rate": 0.05}
    run = gw.descend(LINE, {"w": 0.0, "b": 0.0}, data, method=method, steps=8, **rate)
    found = sliders(run)
    assert found is not None and found.runs[found.chosen].values
    width = 1 + max(p for _, pieces in found.lines for p in pieces if isinstance(p, int))
    assert all(len(values) == width for r in found.runs for values in r.values)


@pytest.mark.parametrize(
    "options", [{"clip": 0.5}, {"weight_decay": 0.1}, {"clip": 1.0, "weight_decay": 0.1, "method": "momentum"}]
)
def test_a_changed_gradient_is_shown_as_it_was_used(options):
    found = sliders(line(steps=6, **options))
    label, pieces = next(pair for pair in found.lines if pair[0].startswith("new w = w"))
    for texts in found.runs[found.chosen].values[:-1]:
        filled = "".join(p if isinstance(p, str) else f"({texts[p]})" for p in pieces)
        left, right = filled.replace("−", "-").replace("·", "*").split(" = ")
        assert eval(left.replace("*10⁻", "e-")) == pytest.approx(float(right.strip("()")), abs=2e-5), label


def test_only_html_has_sliders():
    run = line()
    assert any(isinstance(block, Sliders) for block in run.document_for("html").blocks)
    assert not any(isinstance(block, Sliders) for block in run.document_for("plain").blocks)
    assert "<script" not in run._repr_html_()


def test_the_page_loads_nothing_and_has_no_handlers():
    page = line().to("html")
    assert not re.search(r'(src|href)\s*=|url\((?!"data:|#)|@import|https?:|\son\w+=', page)
    assert page.count("<script") == 2 and "innerHTML" not in page
    data = json.loads(re.search(r'data-part="data">(.*?)</script>', page, re.DOTALL)[1])
    assert len(data["runs"]) == 9 and len(page) < 400_000


def test_names_that_are_hostile_stay_text():
    run = gw.descend(lambda p: (p["</script><b>"] - 1) ** 2, {"</script><b>": 0.0}, learning_rate=0.1, steps=3)
    page = run.to("html")
    assert "</script><b>" not in page and page.count("</script>") == 2


BROWSER = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
BROWSER += ["--disable-component-update", "--disable-sync", "--allow-file-access-from-files", "--dump-dom"]

# The page stands in a frame of a phone's width; what is measured is written out for the test to read.
MEASURE = """<iframe id=f style="width:360px;height:900px;border:0" src="page.html"></iframe><pre id=o></pre><script>
f.onload = () => {
  const d = f.contentDocument, part = (n) => d.querySelector("[data-part=" + n + "]"), said = {};
  const slide = (input, value) => { input.value = value; input.dispatchEvent(new f.contentWindow.Event("input")); };
  const lines = () => [...d.querySelectorAll("[data-line]")].map((e) => e.textContent);
  said.widths = [d.documentElement.scrollWidth, d.documentElement.clientWidth];
  said.hidden = [...d.querySelectorAll("[hidden]")].length;
  said.labels = [...d.querySelectorAll("input")].map((e) => e.labels.length);
  said.start = lines();
  slide(part("step"), 3);
  said.third = lines();
  said.step = part("step-name").textContent;
  said.live = part("live").textContent;
  said.spoken = part("step").getAttribute("aria-valuetext");
  slide(part("run"), 8);
  said.run = part("said").textContent;
  slide(part("step"), 2);
  said.outside = part("said").textContent;
  said.moved = d.querySelector(".walker").getAttribute("cx") !== null;
  part("play").click();
  said.playing = part("play").textContent;
  part("play").click();
  said.stopped = part("play").textContent;
  said.small = [...d.querySelectorAll("button, input")].filter((e) => e.getBoundingClientRect().height < 24).length;
  o.textContent = "said " + JSON.stringify(said) + " end";
};</script>"""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_sliders_in_a_browser(tmp_path):
    run = line(steps=12)
    run.save(tmp_path / "page.html")
    (tmp_path / "measure.html").write_text(MEASURE, encoding="utf-8")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    address = (tmp_path / "measure.html").as_uri()
    done = subprocess.run([CHROMIUM, *BROWSER, profile, address], capture_output=True, text=True, timeout=90)
    found = re.search(r"said (\{.*\}) end</pre>", done.stdout, re.DOTALL)
    assert found, done.stderr[-500:]
    said = json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert said["widths"][0] <= said["widths"][1] <= 360 and said["hidden"] == 0 and said["labels"] == [1, 1]
    assert said["start"][0] == f"{run.losses[0]:g}" and said["small"] == 0
    slope = np.mean(2 * (-(2 * X + 1)) * X)
    assert said["start"][3] == f"0 − 0.05 · (−{-slope:g}) = {run.path[1][0]:g}"
    assert said["step"] == "3 of 12" and said["third"][1] == f"{run.path[3][0]:.6g}"
    assert said["live"] == said["spoken"] == f"step 3 of 12, loss {run.losses[3]:.6g}"
    assert "diverges" in said["run"] and said["moved"] and "outside of the picture" in said["outside"]
    assert (said["playing"], said["stopped"]) == ("Stop", "Play")


# -- the line of a long run -------------------------------------------------------------------------------------------


def test_the_line_of_a_long_run_has_its_loss_and_the_time_left():
    line = DescentProgress(1000)
    line.began -= 10.0
    line.reached, line.loss = 250, 0.125
    assert line.text(line.began + 10) == "250 of 1,000 steps, loss 0.125, 30 s left (Ctrl-C keeps them)"
    assert line.text(line.began + 1000).endswith("50 min left (Ctrl-C keeps them)")


def test_a_run_that_goes_on_counts_the_time_of_its_own_steps():
    line = DescentProgress(1000, reached=900)
    line.reached = 950
    assert " 7 s left" in line.text(line.began + 7)


def test_the_line_fits_a_narrow_window(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    progress._Terminal().show("3,000,000 of 9,000,000 steps, loss 1.23457e-05, 4 s left (Ctrl-C keeps them)")
    assert len(capsys.readouterr().err.replace("\r\x1b[K", "")) < 40


def test_of_very_many_rows_the_loss_is_taken_on_some_and_that_is_told(monkeypatch):
    from gradwork.descent import entries

    monkeypatch.setattr(entries, "LARGE", 100)
    monkeypatch.setattr(entries, "SOME", 40)
    x = np.linspace(0, 1, 400)
    run = gw.descend(LINE, {"w": 0.0, "b": 0.0}, {"x": x, "y": 2 * x}, steps=5)
    assert "The loss is that of 40 of the 400 rows." in str(run.picture("contour").figure.caption)


def test_data_in_parts_have_the_same_pictures():
    x = np.linspace(0, 1, 300)
    parts = [{"x": x[i : i + 100], "y": 2 * x[i : i + 100] + 1} for i in (0, 100, 200)]
    options = {"steps": 20, "learning_rate": 0.1, "progress": False}
    start = {"w": 0.0, "b": 0.0}
    run, whole = gw.descend(LINE, start, parts, **options), gw.descend(LINE, start, {"x": x, "y": 2 * x + 1}, **options)
    for kind in pictures.KINDS:
        mine, other = (found.picture(kind).figure.curves for found in (run, whole))
        for a, b in zip(mine, other, strict=True):
            np.testing.assert_allclose(a.y, b.y, atol=1e-4)
    assert sliders(run) is not None
