"""The pytest plugin, in runs of pytest of its own."""

from __future__ import annotations

import importlib.metadata

import numpy as np  # noqa: F401 - loaded here, it is not loaded once more by each run inside
import pytest

import gradwork.check.report
import gradwork.check.search  # noqa: F401

pytest_plugins = "pytester"

LOADED = any(e.value == "gradwork.pytest_plugin" for e in importlib.metadata.entry_points(group="pytest11"))
WITH_IT = () if LOADED else ("-p", "gradwork.pytest_plugin")

WRONG = """
    import numpy as np
    import gradwork as gw

    def loss(w, x):
        return np.sum(np.tanh(x @ w) ** 2)

    def gradient(w, x):
        a = np.tanh(x @ w)
        return x.T @ (a * (1 - a**2))

    def test_gradient({fixture}):
        r = np.random.default_rng(0)
        {call}(loss, gradient, r.normal(size=(3, 4)), r.normal(size=(5, 3)), wrt="w")
"""


@pytest.fixture(autouse=True)
def wide_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def failure(pytester: pytest.Pytester, fixture: str, call: str) -> list[str]:
    pytester.makepyfile(WRONG.format(fixture=fixture, call=call))
    return pytester.runpytest_inprocess(*WITH_IT).outlines


@pytest.mark.parametrize("fixture, call", [("", "gw.assert_gradient"), ("assert_gradient", "assert_gradient")])
def test_a_failure_shows_the_report_and_nothing_of_ours(pytester, fixture, call):
    lines = failure(pytester, fixture, call)
    said = [line for line in lines if line.startswith("E ")]
    assert said[0] == "E       GradientError: w is wrong (12 entries checked)"
    assert any("cause [GW202 factor two]" in line for line in said)
    assert any(line.startswith(">  ") and f"{call}(loss, gradient" in line for line in lines)
    assert not any("gradwork/check" in line or "gradwork\\check" in line for line in lines)
    assert len(lines) < 60


def test_the_short_summary_has_the_headline_once(pytester):
    lines = failure(pytester, "", "gw.assert_gradient")
    (summary,) = [line for line in lines if line.startswith("FAILED")]
    assert summary.count("GradientError") == 1
    assert "w is wrong" in summary
    assert "gradwork.errors" not in summary


def test_other_errors_of_ours_show_the_users_line_alone(pytester):
    pytester.makepyfile("""
        import itertools
        import gradwork as gw

        counter = itertools.count()

        def test_gradient():
            gw.assert_gradient(lambda w: w**2 + next(counter), lambda w: 2 * w, 3.0)
    """)
    lines = pytester.runpytest_inprocess(*WITH_IT).outlines
    assert any(line.startswith("E ") and "NotRepeatableError: the function gives different" in line for line in lines)
    assert not any("nudging" in line for line in lines)


def test_full_trace_shows_all(pytester):
    pytester.makepyfile(WRONG.format(fixture="", call="gw.assert_gradient"))
    lines = pytester.runpytest_inprocess(*WITH_IT, "--full-trace").outlines
    assert any("raise GradientError" in line for line in lines)


UNCLEAR = """
    import numpy as np

    def test_gradient(assert_gradient):
        w = np.array([1.0, 2.0])  # the second entry sits at a jump
        assert_gradient(lambda w: 3 * w[0] + np.floor(w[1]), lambda w: np.array([3.0, 0.0]), w)
"""


@pytest.mark.parametrize("how", ["option", "setting", "neither"])
def test_strict_lets_what_cannot_be_told_fail(pytester, how):
    pytester.makepyfile(UNCLEAR)
    if how == "setting":
        pytester.makeini("[pytest]\ngradient_strict = true")
    result = pytester.runpytest_inprocess(*WITH_IT, *(["--gradient-strict"] if how == "option" else []))
    assert result.ret == (0 if how == "neither" else 1), result.outlines


def test_the_help_names_the_option(pytester):
    assert "--gradient-strict" in "\n".join(pytester.runpytest_inprocess(*WITH_IT, "--help").outlines)
