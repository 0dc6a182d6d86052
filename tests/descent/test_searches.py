"""Line search, conjugate gradients, Gauss-Newton and Levenberg-Marquardt: what they find, and what they refuse."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.descent.curvature import flat
from gradwork.descent.method import method_named
from gradwork.descent.problem import problem_of
from gradwork.descent.searches.squares import squares_of
from gradwork.descent.searches.wolfe import FALL, FLATTER, Tried, good_rate
from gradwork.errors import ArgumentError

LINES = ("line-search", "conjugate-gradient")
SOLVED = ("gauss-newton", "levenberg-marquardt")
SEARCHES = (*LINES, *SOLVED)
RNG = np.random.default_rng(11)
X = RNG.normal(size=(40, 3))
Y = X @ np.array([1.0, -2.0, 0.5]) + 3.0 + 0.1 * RNG.normal(size=40)
A = np.column_stack([X, np.ones(40)])
START = {"w": np.zeros(3), "b": 0.0}


def loss(params, x, y):
    return np.mean((x @ params["w"] + params["b"] - y) ** 2)


def curve(params, x, y):
    return np.mean((params["a"] * np.exp(-params["c"] * x) + params["d"] - y) ** 2)


T = np.linspace(0, 4, 25)
FALLING = 2.0 * np.exp(-1.3 * T) + 0.5 + 0.05 * np.sin(7 * T)
GUESS = {"a": 1.0, "c": 0.3, "d": 0.0}


# -- what is a sum of squares -----------------------------------------------------------------------------------------

X2, W = np.abs(X), np.linspace(0.5, 2.0, 40)
WRITTEN = {
    "mean of a power": lambda w: np.mean((X @ w - Y) ** 2),
    "sum of a product": lambda w: np.sum((X @ w - Y) * (X @ w - Y)),
    "half a sum": lambda w: 0.5 * np.sum(np.square(X @ w - Y)),
    "a sum, divided": lambda w: np.sum((Y - X @ w) ** 2) / 40,
    "a norm, squared": lambda w: np.linalg.norm(X @ w - Y) ** 2,
    "a dot product": lambda w: np.dot(X @ w - Y, X @ w - Y),
    "an @ product": lambda w: (X @ w - Y) @ (X @ w - Y) * 3.0,
    "weighted rows": lambda w: np.sum(W * (X @ w - Y) ** 2),
    "a mean of sums over rows": lambda w: np.mean(np.sum((X * w - X2) ** 2, axis=1)),
    "a sum of means over columns": lambda w: np.sum(np.mean((X * w - X2) ** 2, axis=0) * np.array([1.0, 2.0, 3.0])),
    "a penalty beside it": lambda w: np.mean((X @ w - Y) ** 2) + 0.1 * np.sum(w**2),
    "a constant beside it": lambda w: np.mean((X @ w - Y) ** 2) + 7.0,
    "a part alone": lambda w: np.mean((X @ w - Y) ** 2) + 2 * (w[0] - 1) ** 2,
    "the square of a size": lambda w: np.sum(np.abs(X @ w - Y) ** 2),
    "minus a minus": lambda w: 5.0 - (1.0 - np.mean((X @ w - Y) ** 2)),
    "a curve": lambda w: np.mean((w[0] * np.exp(-w[1] * T) + np.sin(w[2]) - FALLING) ** 2),
    "reshaped": lambda w: np.sum(np.reshape((X @ w - Y) ** 2, (8, 5))),
    "transposed": lambda w: np.sum(((X * w - X2) ** 2).T * W),
    "one number": lambda w: (w[0] * 3 - w[1]) ** 2,
    "one of several columns": lambda w: np.sum((X[:, :1] * w[0] - Y[:, None]) ** 2 * np.ones((40, 2))),
}


@pytest.mark.parametrize("written", WRITTEN)
def test_the_squares_of_a_loss_are_found_however_it_is_written(written):
    f = WRITTEN[written]
    problem = problem_of(f, np.zeros(3), None, "numpy")
    at, other = [np.array([0.3, 0.7, -0.2])], [np.array([0.1, -0.5, 1.2])]
    found, there = squares_of(problem, at), squares_of(problem, other)
    # A constant is no square of a parameter's: so differences are compared.
    fell = found.residual @ found.residual - there.residual @ there.residual
    assert fell == pytest.approx(f(at[0]) - f(other[0]), rel=1e-12)
    slopes = 2 * found.jacobian.T @ found.residual
    np.testing.assert_allclose(slopes, gw.grad(f)(at[0]), rtol=1e-9, atol=1e-12)


NOT_SQUARES = {
    "cross-entropy": lambda w: np.mean(np.log(1 + np.exp(-(X @ w)))),
    "a fourth power": lambda w: np.sum((X @ w - Y) ** 4),
    "a root": lambda w: np.sqrt(np.sum((X @ w - Y) ** 2)),
    "sizes": lambda w: np.mean(np.abs(X @ w - Y)),
    "a square taken off": lambda w: np.sum((X @ w - Y) ** 2) - np.sum(w**2),
    "a product of two": lambda w: np.sum((X @ w - Y) * (X @ w + Y)),
    "a weight that moves": lambda w: np.sum((X @ w - Y) ** 2) * w[0],
    "negative weights": lambda w: np.sum((W - 1) * (X @ w - Y) ** 2),
}


@pytest.mark.parametrize("method", SOLVED)
@pytest.mark.parametrize("written", NOT_SQUARES)
def test_a_loss_that_is_no_sum_of_squares_is_refused_with_the_place(written, method):
    with pytest.raises(ArgumentError, match="not a sum or a mean of squares") as caught:
        gw.descend(NOT_SQUARES[written], np.ones(3), method=method)
    assert caught.value.where is not None and caught.value.why and caught.value.hint


# -- where they end ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", SOLVED)
def test_a_straight_line_is_solved_in_one_step_or_a_few(method):
    found = gw.descend(loss, START, (X, Y), method=method)
    np.testing.assert_allclose(np.append(found.params["w"], found.params["b"]), _answer(), rtol=1e-11)
    assert found.reason == "converged" and found.steps <= 5


def _answer():
    return np.linalg.lstsq(A, Y, rcond=None)[0]


@pytest.mark.parametrize("method", SEARCHES)
def test_a_curve_ends_where_scipy_ends(method):
    scipy = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")

    def residuals(p):
        return p[0] * np.exp(-p[1] * T) + p[2] - FALLING

    theirs = scipy.least_squares(residuals, list(GUESS.values()), xtol=1e-15, ftol=1e-15, gtol=1e-15)
    found = gw.descend(curve, GUESS, (T, FALLING), method=method, steps=5000)
    assert found.reason == "converged"
    np.testing.assert_allclose([float(found.params[k]) for k in GUESS], theirs.x, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), method=st.sampled_from(SOLVED), spread=st.floats(-6, 6))
def test_columns_of_very_different_size_are_no_hindrance_to_solving(seed, method, spread):
    r = np.random.default_rng(seed)
    scale = 10.0 ** np.linspace(-spread, spread, 3)
    x = r.normal(size=(30, 3))
    y = x @ r.normal(size=3) + 0.1 * r.normal(size=30)
    found = gw.descend(lambda w: np.sum((x * scale @ w - y) ** 2), np.zeros(3), method=method)
    solved = np.linalg.lstsq(x, y, rcond=None)[0] / scale
    assert found.reason == "converged"
    np.testing.assert_allclose(found.params, solved, rtol=1e-7)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), method=st.sampled_from(SEARCHES))
def test_every_step_of_a_search_lowers_the_loss(seed, method):
    r = np.random.default_rng(seed)
    x, y = r.normal(size=(20, 2)), r.normal(size=20)
    start = {"W": r.normal(size=(2, 3)), "v": r.normal(size=3)}
    found = gw.descend(
        lambda p, x, y: np.mean((np.tanh(x @ p["W"]) @ p["v"] - y) ** 2), start, (x, y), method=method, steps=40
    )
    # At the very end a step may be judged by slopes: there the loss shows rounding alone.
    assert np.all(np.diff(found.losses) <= 1e-12 * found.losses[0])
    # Gauss-Newton may come to where parameters do nearly the same; it says so then.
    stuck = method == "gauss-newton" and "levenberg-marquardt" in found.explanation
    assert found.reason in ("converged", "out of steps") or stuck


@pytest.mark.parametrize("method", SEARCHES)
@pytest.mark.parametrize("decay", [0.1, 3.0])
def test_a_weight_decay_leads_to_the_ridge_answer_and_is_called_converged(method, decay):
    found = gw.descend(loss, START, (X, Y), method=method, weight_decay=decay)
    ridge = np.linalg.solve(2 * A.T @ A / 40 + decay * np.eye(4), 2 * A.T @ Y / 40)
    np.testing.assert_allclose(np.append(found.params["w"], found.params["b"]), ridge, rtol=1e-7)
    assert found.reason == "converged"


@pytest.mark.parametrize("method", SOLVED)
def test_residuals_that_vanish_are_told(method):
    found = gw.descend(lambda w: np.sum((w - np.array([1.0, 2.0])) ** 2), np.array([5.0, -3.0]), method=method)
    assert found.reason == "converged" and found.loss < 1e-25
    again = gw.descend(lambda w: np.sum((w - 1.0) ** 2), np.ones(2), method=method)
    assert (again.reason, again.steps) == ("converged", 0) and "all 0" in again.explanation


@pytest.mark.parametrize("method", SOLVED)
def test_parameters_that_cannot_be_told_apart_do_not_stop_it(method):
    found = gw.descend(lambda w: np.mean((X[:, 0] * (w[0] + w[1]) - Y) ** 2), np.array([0.5, -2.0]), method=method)
    assert found.reason == "converged"
    assert np.sum(found.params) == pytest.approx(np.sum(X[:, 0] * Y) / np.sum(X[:, 0] ** 2), rel=1e-9)


@pytest.mark.parametrize("method", SOLVED)
def test_a_plateau_is_not_called_the_lowest_point_without_a_word(method):
    found = gw.descend(
        lambda p, x, y: np.sum((p["a"] + np.exp(-p["k"] * x) - y) ** 2),
        {"a": 0.0, "k": 900.0},
        (T[1:], FALLING[1:]),
        method=method,
    )
    assert "k" in found.explanation and "plateau" in found.explanation


@pytest.mark.parametrize("method", SEARCHES)
def test_single_precision_stays_single(method):
    start = {"w": np.zeros(3, np.float32), "b": np.float32(0)}
    found = gw.descend(loss, start, (X.astype(np.float32), Y.astype(np.float32)), method=method, steps=200)
    assert found.params["w"].dtype == np.float32 and found.params["b"].dtype == np.float32
    np.testing.assert_allclose(np.append(found.params["w"], found.params["b"]), _answer(), rtol=2e-3)


@pytest.mark.parametrize("method", LINES)
def test_a_corner_at_the_bottom_is_reached_or_told(method):
    found = gw.descend(lambda w: np.abs(w[0] - 1) + 2 * np.abs(w[1] + 0.3), np.array([3.0, 1.0]), method=method)
    assert found.loss < 0.1 or found.reason == "stalled"


@pytest.mark.parametrize("method", LINES)
def test_a_loss_without_a_lowest_value_is_never_called_converged(method):
    for endless in (lambda w: -(w**2), lambda w: -w, lambda w: -np.exp(w)):
        found = gw.descend(endless, 1.0, method=method, steps=200)
        assert found.reason in ("diverged", "out of steps", "stalled"), found.explanation


def test_parameters_of_very_different_size_stall_a_line_search_and_it_says_why():
    found = gw.descend(
        lambda p, x, y: np.sum((p["a"] * (1 - np.exp(-p["k"] * x)) - y) ** 2),
        {"a": 500.0, "k": 1e-4},
        (np.linspace(70, 760, 14), np.linspace(10, 82, 14)),
        method="line-search",
        steps=3000,
    )
    assert found.reason in ("stalled", "out of steps")
    assert found.reason == "out of steps" or "size" in found.explanation


# -- the conditions on a learning rate --------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    first=st.floats(-8, 8),
    shape=st.sampled_from(["bowl", "wave", "wall", "quartic"]),
)
def test_a_good_rate_satisfies_the_strong_wolfe_conditions(seed, first, shape):
    r = np.random.default_rng(seed)
    centre, steep = r.uniform(0.01, 30), r.uniform(0.1, 50)
    shapes = {
        "bowl": (lambda t: steep * (t - centre) ** 2, lambda t: 2 * steep * (t - centre)),
        "wave": (lambda t: np.sin(t) * steep - t + 0.05 * t * t, lambda t: steep * np.cos(t) - 1 + 0.1 * t),
        "wall": (
            lambda t: steep * (t - centre) ** 2 if t < 2 * centre else math.inf,
            lambda t: 2 * steep * (t - centre),
        ),
        "quartic": (lambda t: steep * (t - centre) ** 4, lambda t: 4 * steep * (t - centre) ** 3),
    }
    f, slope = shapes[shape]
    start = Tried(0.0, float(f(0.0)), float(slope(0.0)))
    if not start.slope < 0:
        return
    found, count = good_rate(lambda t: Tried(t, float(f(t)), float(slope(t))), start, 10.0**first, 1e-16)
    assert found is not None and count <= 60
    assert found.loss <= start.loss + FALL * found.rate * start.slope
    assert abs(found.slope) <= -FLATTER * start.slope


# -- what they do not take --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", SEARCHES)
@pytest.mark.parametrize("options", [{"batch": 4}, {"schedule": "cosine"}, {"clip": 1.0}], ids=str)
def test_what_a_search_has_no_use_for_is_refused(method, options):
    with pytest.raises(ArgumentError, match=f"{method} takes no {next(iter(options))}"):
        gw.descend(loss, START, (X, Y), method=method, **options)


@pytest.mark.parametrize("method", SOLVED)
def test_a_method_that_solves_takes_no_learning_rate(method):
    with pytest.raises(ArgumentError, match="takes no learning rate"):
        gw.descend(loss, START, (X, Y), method=method, learning_rate=0.1)


def test_too_many_slopes_to_hold_are_refused_before_they_are_worked_out(monkeypatch):
    from gradwork.descent.searches import squares

    monkeypatch.setattr(squares, "MOST_SLOPES", 100)
    with pytest.raises(ArgumentError, match="too many to hold"):
        gw.descend(loss, START, (X, Y), method="gauss-newton")


@pytest.mark.parametrize("name", ["line search", "Line_Search", "levenberg_marquardt", "Conjugate Gradient"])
def test_the_name_of_a_method_may_be_written_with_spaces_or_underscores(name):
    assert gw.descend(loss, START, (X, Y), method=name, steps=3).steps <= 3


def test_an_unknown_method_is_told_the_nearest():
    with pytest.raises(ArgumentError) as caught:
        gw.descend(loss, START, (X, Y), method="levenberg")
    assert "levenberg-marquardt" in str(caught.value)


# -- the same numbers again -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", SEARCHES)
def test_a_search_that_is_continued_ends_with_the_same_bits(method, tmp_path, monkeypatch):
    from gradwork.descent import checkpoint as module
    from gradwork.descent import loop

    whole = gw.descend(curve, GUESS, (T, FALLING), method=method, steps=30)
    monkeypatch.setattr(loop, "SAVE_EVERY", -1.0)
    real, count = module.save, [0]

    class Killed(Exception):
        pass

    def save_and_die(*args):
        real(*args)
        count[0] += 1
        if count[0] == 2:
            raise Killed

    monkeypatch.setattr(module, "save", save_and_die)
    with pytest.raises(Killed):
        gw.descend(curve, GUESS, (T, FALLING), method=method, steps=30, checkpoint=tmp_path / "run")
    found = gw.descend(curve, GUESS, (T, FALLING), method=method, steps=30, checkpoint=tmp_path / "run")
    assert found.losses.tobytes() == whole.losses.tobytes()
    assert found.path.tobytes() == whole.path.tobytes()
    assert found.reason == whole.reason


@pytest.mark.parametrize("method", LINES)
def test_a_line_search_does_not_depend_on_the_number_of_workers(method):
    paths = []
    for workers in (1, 3):
        with ThreadPoolExecutor(workers) as executor:
            paths.append(gw.descend(curve, GUESS, (T, FALLING), method=method, steps=15, executor=executor).path)
    assert paths[0].tobytes() == paths[1].tobytes()


@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("method", SEARCHES)
def test_the_worked_steps_of_a_search_are_the_runs_own(method, decay):
    found = gw.descend(curve, GUESS, (T, FALLING), method=method, steps=6, work=2, every=4, weight_decay=decay)
    assert [step.number for step in found.worked] == [1, 2, 4]
    for step in found.worked:
        assert step.loss == found.losses[step.number - 1]
        assert flat(list(step.before)).tolist() == found.path[step.number - 1].tolist()
        assert flat(list(step.after)).tolist() == found.path[step.number].tolist()
        assert step.shown
    page = str(found)
    last = found.worked[-1]
    for number in (*flat(list(last.before)), *flat(list(last.after))):
        assert f"{float(number):.6g}".rstrip("0") in page
    for name in ("plain", "html", "json", "latex"):
        assert found.to(name)


@pytest.mark.parametrize("method", SEARCHES)
def test_a_search_prints_the_formulas_that_it_runs(method):
    printed = str(gw.descend(curve, GUESS, (T, FALLING), method=method, steps=2))
    for name in method_named(method).lines:
        assert name in printed
    assert method_named(method).source and method_named(method).why


def test_the_change_of_a_worked_gauss_newton_step_is_that_of_least_squares():
    found = gw.descend(curve, GUESS, (T, FALLING), method="gauss-newton", steps=1, work=1)
    problem = problem_of(curve, GUESS, (T, FALLING), "numpy")
    at = squares_of(problem, problem.start)
    change = np.linalg.lstsq(at.jacobian, at.residual, rcond=None)[0]
    step = found.worked[0]
    np.testing.assert_allclose(flat(problem.start) - flat(list(step.after)), step.rate * change, rtol=1e-9)


def test_an_earlier_learning_rate_of_a_line_search_is_its_first_trial():
    found = gw.descend(loss, START, (X, Y), method="line-search", learning_rate=0.25, work=1, steps=3)
    assert found.learning_rate == 0.25 and not found.why_learning_rate
