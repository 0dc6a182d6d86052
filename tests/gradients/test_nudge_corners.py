"""Corners on a traced graph: proved or disproved by branches, with the op and its line; and single precision inside."""

from __future__ import annotations

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import StepError
from gradwork.gradients.nudging import corners
from gradwork.gradients.nudging.branches import Branches, checked, followed, unit_inside
from gradwork.gradients.nudging.start import started


def branches(f, point):
    subject = started(f, (point,), {}, 0).subject
    trace = checked(followed(subject), subject, subject.value())
    assert trace is not None
    return Branches(trace, subject), trace


def verdict(f, point, entry=0, by=1e-3):
    found, _ = branches(f, point)
    flat = np.ravel(point)
    return found.between(0, entry, flat[entry] - by, flat[entry] + by)


def rectified(w):
    z = np.maximum(w, 0)
    return np.sum(z)


def test_the_op_and_its_line_are_named():
    found = gw.nudge(rectified, np.array([0.0, 1.0, -1.0]))
    (corner,) = found.kinks
    assert (corner.index, corner.op) == ((0,), "maximum")
    assert "z = np.maximum(w, 0)" in corner.where.source()
    assert (corner.left, corner.right) == (pytest.approx(0.0), pytest.approx(1.0))
    page = " ".join(found.to("plain").split())
    assert f"w[1] stands at a corner of maximum (test_nudge_corners.py:{corner.where.line})" in page
    assert found.document().facts["kinks"][0]["op"] == "maximum"


@pytest.mark.parametrize(
    ("f", "op"),
    [
        (lambda w: np.sum(np.abs(w)), "absolute"),
        (lambda w: np.max(w), "max"),
        (lambda w: np.sum(np.where(w > 0, w, 0.1 * w)), "greater"),
        (lambda w: w[0] if w[0] > 0 else 0.5 * w[0], "greater"),
        (lambda w: np.sum(np.floor(w)), "floor"),
        (lambda w: np.sum(np.clip(w, 0, 1)), "clip"),
        (lambda w: np.sum(np.sort(w) * np.array([1.0, 2.0])), "sort"),
    ],
)
def test_at_a_corner_every_step_changes_the_branch(f, op):
    point = np.zeros(2)
    for by in (1e-3, 1e-12):
        assert verdict(f, point, by=by).verdict == "changes"
    found = gw.nudge(f, point)
    assert (0,) in [corner.index for corner in found.kinks]
    assert {corner.op for corner in found.kinks} == {op}


def test_what_changes_its_branch_without_a_corner_is_none():
    assert verdict(lambda w: np.sum(w * np.abs(w)), np.zeros(2)).verdict == "changes"
    assert gw.nudge(lambda w: np.sum(w * np.abs(w)), np.zeros(2)).kinks == ()


@pytest.mark.parametrize(
    ("f", "at_zero", "elsewhere"),
    [
        (lambda w: np.sqrt(np.sum(w**2)), "unknown", "same"),
        (lambda w: np.linalg.norm(w), "unknown", "same"),
        (lambda w: np.sum(np.tanh(w) ** 2), "same", "same"),
        (lambda w: np.sum(w / (w + 3.0)), "same", "same"),
    ],
)
def test_what_branches_cannot_tell_is_left_to_the_slopes(f, at_zero, elsewhere):
    assert verdict(f, np.zeros(2)).verdict == at_zero
    assert verdict(f, np.array([1.0, 2.0])).verdict == elsewhere
    cornered = gw.nudge(f, np.zeros(2)).kinks
    assert len(cornered) == (2 if at_zero == "unknown" else 0)
    assert gw.nudge(f, np.array([1.0, 2.0])).kinks == ()


def test_a_corner_nearby_is_stepped_around_by_the_graph():
    near = np.array([1e-7, -3e-9, 1e-6])
    found = gw.nudge(lambda w: np.sum(np.maximum(w, 0) * np.array([1.0, 1.0, 2.0])) + np.sum(w), near, scheme="auto")
    assert found.kinks == ()
    assert np.all(np.abs(found.gradient - [2.0, 1.0, 3.0]) <= 4 * found.error)
    assert np.all(found.error < 1e-3)


def test_a_faint_corner_within_the_nudge_is_in_the_bar():
    # As long as it is far fainter than the slope, nothing but the unevenness of the gap shows it.
    for size in (1e-3, 1e-4, 1e-5):
        for distance in (0.05, 0.2, 0.3, 0.4, 0.7):
            at = distance * 2.0**-12
            for f in (
                lambda w, s=size, a=at: np.sum(w) + s * np.sum(np.maximum(w - 1 - a, 0)),
                lambda w, s=size, a=at: float(np.sum(w) + s * np.sum(np.maximum(w - 1 - a, 0))),
            ):
                found = gw.nudge(f, np.ones(2))
                assert np.all(np.abs(found.gradient - 1.0) <= 4 * found.error), (size, distance)


def test_one_way_over_a_corner():
    found = gw.nudge(rectified, np.array([-0.002, 0.0, 0.5]), scheme="forward", step=0.01)
    # The first stands beside the corner, not at it: its bar is wide.
    assert [(c.index, c.op) for c in found.kinks] == [((1,), "maximum")]
    assert found.gradient == pytest.approx([0.8, 1.0, 1.0])
    assert np.all(np.abs(found.gradient - [0.0, 1.0, 1.0]) <= 4 * found.error)


def test_single_precision_that_makes_no_corner():
    """Rounding to single precision looks like a corner to one-sided slopes; the graph knows better."""
    rng = np.random.default_rng(5)
    data = rng.standard_normal((40, 6)).astype(np.float32)

    def inside(w):
        hidden = np.tanh(data @ w.astype(np.float32))
        return np.mean(hidden.astype(np.float64) ** 2) + 0.25 * np.sum(w) / 7

    for scale in (1e-3, 1.0, 30.0):
        point = scale * rng.standard_normal(6)
        found = gw.nudge(inside, point)
        with np.errstate(all="ignore"):
            truth = gw.grad(lambda w: np.mean(np.tanh(data.astype(float) @ w) ** 2) + 0.25 * np.sum(w) / 7)(point)
        assert found.kinks == ()
        assert np.all(np.abs(found.gradient - truth) <= 4 * found.error)
        black_box = gw.nudge(lambda w: float(inside(np.array(w.tolist()))), point)
        assert np.all(np.abs(black_box.gradient - truth) <= 4 * black_box.error)


def test_the_unit_inside_is_the_coarsest_on_the_way():
    _, double = branches(lambda w: np.sum(w**2), np.ones(2))
    _, single = branches(lambda w: np.sum(w.astype(np.float32) ** 2).astype(np.float64), np.ones(2))
    assert unit_inside(double) == 2.0**-53
    assert unit_inside(single) == 2.0**-24


def test_a_function_that_does_something_else_when_traced_is_a_black_box():
    def shifty(w):
        return np.sum(np.abs(w)) if type(w) is np.ndarray else np.sum(w) + 3.0

    found = gw.nudge(shifty, np.array([0.0, -1.0]))
    assert [(c.index, c.op, c.where) for c in found.kinks] == [((0,), "", None)]
    assert found.gradient[1] == pytest.approx(-1.0)


def test_a_saturated_function_is_not_one_that_ignores_its_parameter():
    def shares(w, b):
        return np.sum(np.exp(w) / np.sum(np.exp(w))) + 0 * np.sum(b)

    found = gw.nudge(shares, np.ones(3), np.ones(2), wrt=(0, 1))
    assert np.all(found.error[0] > 0)
    assert found.error[1].tolist() == [0.0, 0.0]


def test_a_step_that_leaves_the_domain_on_both_sides():
    with pytest.raises(StepError, match="leaves the function's domain on both sides"):
        gw.nudge(lambda w: np.arcsin(w), 0.5, step=3.0)


def test_very_many_corners_are_all_asked_about():
    found = gw.nudge(lambda w: np.sum(np.abs(w)), np.zeros(2500), mode="definition", scheme="central", step=1e-3)
    assert {corner.op for corner in found.kinks} == {"absolute"}
    assert (len(found.kinks), found.unasked) == (2500, 0)


def test_what_would_cost_too_much_is_not_asked_and_said(monkeypatch):
    monkeypatch.setattr(corners, "AFFORDABLE", 100_000)
    found = gw.nudge(lambda w: np.sum(np.abs(w)), np.zeros(300), mode="definition")
    assert len(found.kinks) == 300
    asked = sum(bool(corner.op) for corner in found.kinks)
    assert 0 < asked < 300
    assert found.unasked == 300 - asked
    assert f"{found.unasked} more entries look like corners" in " ".join(found.to("plain").split())


def test_both_are_on_the_page():
    found = gw.nudge(lambda w: np.abs(w) * w, np.linspace(-1, 1, 8))
    assert "Entries that share no result were nudged together, in one group." in " ".join(found.to("plain").split())
    assert (found.document().facts["colours"], found.document().facts["unasked"]) == (1, 0)
