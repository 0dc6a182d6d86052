"""Sweeps: the V of slope error against the size of the nudge; and the line that says how far long work is."""

from __future__ import annotations

import io
import json
import sys
import types

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ArgumentError
from gradwork.gradients.nudging import progress
from gradwork.gradients.nudging.progress import Progress
from gradwork.gradients.nudging.sweep import sweep


def loss(W, b):
    return np.mean(np.tanh(np.arange(6.0).reshape(3, 2) @ W + b) ** 2)


W = np.array([[0.3, -0.2], [0.1, 0.4]])


def test_the_v_has_two_arms():
    found = sweep(np.exp, 1.0)
    assert found.reference == pytest.approx(np.e, rel=1e-9)
    one, both = found.best_forward, found.best_central
    assert 1e-11 < found.step[one] < 1e-6 < found.step[both] < 1e-4
    assert found.central_error[both] < found.forward_error[one] / 100
    # Truncation: f''/2 times the nudge one way, f'''/6 times its square both ways.
    wide = (found.step < 0.02) & (found.step > 5e-4)
    assert np.allclose(found.forward_error[wide], np.e / 2 * found.step[wide], rtol=0.02)
    assert np.allclose(found.central_error[wide], np.e / 6 * found.step[wide] ** 2, rtol=0.02)
    narrow = found.forward_error[(found.step < 1e-12) & np.isfinite(found.forward_error)]
    assert narrow.max() > 1e4 * found.forward_error[one]
    assert set(found.table()[0]) == {"nudge", "forward", "forward_error", "central", "central_error"}


def test_the_entry():
    steepest = sweep(loss, W, 0.1, wrt=("W", "b"))
    slopes = gw.nudge(loss, W, 0.1, wrt=("W", "b")).gradient
    assert abs(steepest.reference) == pytest.approx(max(np.abs(slopes[0]).max(), abs(slopes[1])))
    asked = sweep(loss, W, 0.1, wrt=("W", "b"), name="W", index=(1, 0))
    assert (asked.name, asked.index, asked.value) == ("W", (1, 0), 0.1)
    assert asked.reference == slopes[0][1, 0]
    for wrong in ({"name": "v"}, {"index": (2, 0), "name": "W"}, {"index": (0,), "name": "W"}):
        with pytest.raises(ArgumentError, match=r"named|no entry"):
            sweep(loss, W, 0.1, wrt=("W", "b"), **wrong)
    with pytest.raises(ArgumentError, match="one loss"):
        sweep(lambda w: w, np.ones(2))


def test_the_page_in_text_and_as_a_drawing():
    found = sweep("mean(exp(x*w))", wrt="w", kwargs={"x": np.arange(3.0), "w": 0.7})
    text = " ".join(found.to("plain").split())
    assert "log10 nudge" in text
    assert "log10 slope error" in text
    assert "best nudge one way" in text
    assert "10 times smaller (truncation); here it is 1" in text
    assert "100 times smaller (truncation); here it is 1" in text
    assert "rounding" in text
    assert "<svg" in found.to("html")
    assert found.to("latex")
    assert json.loads(found.to("json"))["facts"]["best"]["forward"] == found.step[found.best_forward]


def test_a_parabola_bends_both_ways_alike():
    text = " ".join(sweep("w^2", wrt="w", kwargs={"w": 3.0}).to("plain").split())
    assert "no wider nudge bends it" in text


def test_the_edge_of_the_domain_leaves_a_gap():
    found = sweep(lambda w: np.log(w), 1e-3)
    assert np.isnan(found.central[0])
    assert np.isfinite(found.forward[0])
    assert found.to("plain")


def test_the_command(tmp_path, capsys):
    from gradwork.cli import main

    model = tmp_path / "net.toml"
    model.write_text('loss = "exp(w*x) + b"\n[data]\nx = 2\n[parameters]\nw = 0.5\nb = 1.0\n')
    assert main(["nudge", str(model), "--sweep", "--wrt", "w"]) == 0
    shown = capsys.readouterr().out
    assert "best nudge both ways" in shown
    assert main(["nudge", str(model), "--sweep", "--to", "html", "-o", str(tmp_path / "v.html")]) == 0
    assert "<svg" in (tmp_path / "v.html").read_text(encoding="utf-8")


# -- how far long work is ---------------------------------------------------------------------------------------------


class Clock:
    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def test_a_terminal_shows_one_line_after_two_seconds(clock, monkeypatch):
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    line = Progress(100)
    clock.now = 1.9
    line.step(10)
    assert not shown.getvalue()
    clock.now = 3.0
    line.step(15)
    assert "nudging: 25 of 100 evaluations, 9 s left (Ctrl-C keeps them)" in shown.getvalue()
    line.done()
    assert shown.getvalue().endswith("\r\x1b[K")
    assert "\n" not in shown.getvalue()


def test_nothing_is_said_where_nobody_looks(clock, monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    line = Progress(10)
    clock.now = 60.0
    line.step(1)
    line.done()
    assert not shown.getvalue()


def test_a_notebook_shows_a_line_of_text(clock, monkeypatch):
    shown = []
    handle = types.SimpleNamespace(update=lambda data, raw: shown.append(data["text/plain"]))

    def display(data, raw, display_id):
        shown.append(data["text/plain"])
        return handle

    shell = types.ModuleType("IPython")
    shell.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    shell.display = types.ModuleType("IPython.display")
    shell.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", shell.display)
    line = Progress(100)
    for now in (3.0, 4.0):
        clock.now = now
        line.step(10)
    line.done()
    assert [text.partition(" evaluations")[0] for text in shown] == ["nudging: 10 of 100", "nudging: 20 of 100", ""]
