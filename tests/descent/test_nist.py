"""Certified answers: the 27 nonlinear problems of NIST's Statistical Reference Datasets."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from nist import PROBLEMS

import gradwork as gw
from gradwork.cli import main
from gradwork.models import load

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SHIPPED = ("misra1a", "mgh17", "thurber")
BOTH_STARTS = [(name, start) for name in PROBLEMS for start in (0, 1)]


def descend(problem, start, method, **options):
    return gw.descend(problem.loss, problem.starts[start], problem.data, method=method, progress=False, **options)


def test_there_are_27_problems():
    assert len(PROBLEMS) == 27


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_data_are_typed_rightly_for_they_give_the_certified_sum_of_squares(name):
    problem = PROBLEMS[name]
    squares = gw.descend(problem.loss, problem.parameters, problem.data, steps=0, learning_rate=1e-9).losses[0]
    # Lanczos1 has residuals of 1e-13: its sum is about the eleventh digit of the certified parameters.
    assert squares == pytest.approx(problem.squares, rel=1e-9 if name != "lanczos1" else 0.2)


@pytest.mark.parametrize(("name", "start"), BOTH_STARTS)
def test_levenberg_marquardt_reaches_seven_certified_digits_from_both_starts(name, start):
    problem = PROBLEMS[name]
    found = descend(problem, start, "levenberg-marquardt")
    assert found.reason == "converged"
    assert problem.digits(found.params) >= 7
    if name != "lanczos1":
        assert found.loss == pytest.approx(problem.squares, rel=1e-9)


@pytest.mark.parametrize("name", PROBLEMS)
def test_gauss_newton_reaches_nine_certified_digits_from_the_near_start(name):
    problem = PROBLEMS[name]
    found = descend(problem, 1, "gauss-newton")
    assert found.reason == "converged"
    assert problem.digits(found.params) >= 9


@pytest.mark.parametrize("name", PROBLEMS)
def test_gauss_newton_from_the_far_start_is_right_or_says_that_it_is_not_at_a_lowest_point(name):
    problem = PROBLEMS[name]
    found = descend(problem, 0, "gauss-newton", steps=300)
    right = found.reason == "converged" and problem.digits(found.params) >= 7
    assert right or found.reason in ("stalled", "out of steps") or "plateau" in found.explanation


@pytest.mark.parametrize("name", ["misra1a", "danwood", "chwirut2", "rat42"])
@pytest.mark.parametrize("method", ["line-search", "conjugate-gradient", "gd"])
def test_a_method_of_slopes_alone_never_calls_another_point_the_lowest(name, method):
    problem = PROBLEMS[name]
    found = descend(problem, 1, method, steps=300)
    assert found.loss <= found.losses[0]
    assert found.reason != "converged" or found.loss == pytest.approx(problem.squares, rel=1e-4)


# -- the three that ship as examples ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_file_is_the_problem_and_reaches_its_certified_values(name, capsys):
    problem = PROBLEMS[name]
    path = EXAMPLES / f"nist-{name}.toml"
    model = load(path)
    assert model.parameters == problem.starts[0]
    for column, numbers in model.data.items():
        np.testing.assert_array_equal(numbers, problem.data[column])
    assert main(["descend", str(path), "--to", "json"]) == 0
    page = json.loads(capsys.readouterr().out)
    facts = page.get("facts", page)
    assert facts["reason"] == "converged"
    assert problem.digits(facts["parameters"]) >= 7


@pytest.mark.parametrize("name", SHIPPED)
def test_the_certified_values_stand_in_the_file(name):
    text = (EXAMPLES / f"nist-{name}.toml").read_text("utf-8")
    assert tomllib.loads(text)["descend"]["method"] == "levenberg-marquardt"
    for value in (*PROBLEMS[name].parameters.values(), PROBLEMS[name].squares):
        digits = f"{value:.10e}".split("e")[0].replace(".", "").replace("-", "").rstrip("0")
        assert digits in text.replace(".", "").replace("-", "")
