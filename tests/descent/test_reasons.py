"""Why a run stopped, and the learning rate that was chosen, over many random problems."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.descent import methods
from gradwork.descent.curvature import largest_curvature
from gradwork.descent.method import method_named
from gradwork.descent.problem import problem_of

BY_SLOPE = [name for name in methods.names() if method_named(name).reach is not None]
SEEDS = st.integers(0, 10**6)
REASONS = ("converged", "out of steps", "stalled", "diverged", "interrupted")


def bowl(seed, count=4, spread=2.0):
    """A parabola in several parameters: its second slopes, and its lowest point."""
    r = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(r.normal(size=(count, count)))
    curvatures = 10.0 ** r.uniform(-spread / 2, spread / 2, count) * 10.0 ** r.uniform(-3, 3)
    return (turn * curvatures) @ turn.T, r.normal(size=count)


def network(seed):
    r = np.random.default_rng(seed)
    x, y = r.normal(size=(25, 2)), r.normal(size=25)
    start = {"W": r.normal(size=(2, 3)), "b": r.normal(size=3), "v": r.normal(size=3)}
    return lambda p, x, y: np.mean((np.tanh(x @ p["W"] + p["b"]) @ p["v"] - y) ** 2), start, (x, y)


# -- curvature and learning rate --------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_the_largest_curvature_of_a_parabola_is_its_largest_eigenvalue(seed):
    second, centre = bowl(seed)
    problem = problem_of(lambda w: 0.5 * (w - centre) @ second @ (w - centre), np.zeros(4), None, "numpy")
    assert largest_curvature(problem, problem.start) == pytest.approx(np.linalg.eigvalsh(second)[-1], rel=1e-3)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_the_largest_curvature_of_a_network_is_that_of_its_hessian(seed):
    f, start, data = network(seed)
    problem = problem_of(f, start, data, "numpy")

    def of_vector(w):
        return f({"W": w[:6].reshape(2, 3), "b": w[6:9], "v": w[9:]}, *data)

    eigenvalues = np.linalg.eigvalsh(gw.hessian(of_vector)(np.concatenate([np.ravel(p) for p in problem.start])))
    assert largest_curvature(problem, problem.start) == pytest.approx(eigenvalues[-1], rel=1e-3)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, exponent=st.floats(-8, 8))
def test_the_curvature_does_not_depend_on_the_size_of_the_parameters(seed, exponent):
    size = 10.0**exponent
    f, start, data = network(seed)
    wide = {name: value * size for name, value in start.items()}

    def in_other_units(p, x, y):
        return f({name: value / size for name, value in p.items()}, x, y)

    one, other = problem_of(f, start, data, "numpy"), problem_of(in_other_units, wide, data, "numpy")
    assert largest_curvature(other, other.start) * size**2 == pytest.approx(largest_curvature(one, one.start), rel=1e-2)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, method=st.sampled_from(BY_SLOPE))
def test_a_chosen_learning_rate_brings_a_parabola_to_its_lowest_point(seed, method):
    second, centre = bowl(seed, spread=1.5)
    found = gw.descend(lambda w: 0.5 * (w - centre) @ second @ (w - centre), np.zeros(4), method=method, steps=5000)
    assert found.reason == "converged"
    np.testing.assert_allclose(found.params, centre, atol=1e-6)
    assert "curvature" in found.why_learning_rate


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, method=st.sampled_from(methods.names()))
def test_a_chosen_learning_rate_lowers_the_loss_of_a_network(seed, method):
    f, start, data = network(seed)
    found = gw.descend(f, start, data, method=method, steps=100)
    assert found.loss < found.losses[0]
    assert found.reason in ("converged", "out of steps", "stalled")


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, method=st.sampled_from(BY_SLOPE), times=st.floats(1.1, 50))
def test_a_divergence_gives_the_rate_above_which_a_parabola_grows_and_one_that_works(seed, method, times):
    second, centre = bowl(seed)

    def loss(w):
        return 0.5 * (w - centre) @ second @ (w - centre)

    limit = method_named(method).limit(float(np.linalg.eigvalsh(second)[-1]))
    found = gw.descend(loss, centre + 1.0, method=method, learning_rate=times * limit, steps=3000)
    assert found.reason == "diverged"
    assert found.largest_learning_rate == pytest.approx(limit, rel=2e-2)
    assert found.working_learning_rate < limit * 1.02
    again = gw.descend(loss, centre + 1.0, method=method, learning_rate=found.working_learning_rate, steps=3000)
    assert again.losses[-1] < again.losses[0]
    assert again.reason in ("converged", "out of steps")
    for number in (found.curvature, found.largest_learning_rate, found.working_learning_rate):
        assert f"{number:.6g}" in found.explanation


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, times=st.floats(3, 1e6))
def test_a_network_that_diverges_is_told_a_rate_that_works(seed, times):
    f, start, data = network(seed)
    usual = gw.descend(f, start, data, steps=1).learning_rate
    found = gw.descend(f, start, data, learning_rate=usual * times, steps=200)
    assume(found.reason == "diverged")
    assert np.isfinite(found.loss)
    assert found.working_learning_rate < usual * times
    again = gw.descend(f, start, data, learning_rate=found.working_learning_rate, steps=50)
    assert again.losses[-1] < again.losses[0]


# -- reasons ----------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, method=st.sampled_from(methods.names()), exponent=st.floats(-7, 7))
def test_converged_is_said_at_a_lowest_point_alone_whatever_the_units(seed, method, exponent):
    r = np.random.default_rng(seed)
    scale = 10.0 ** (np.array([1.0, 0.0, -1.0]) * exponent)
    x = r.normal(size=(20, 3))
    y = x @ r.normal(size=3) + 0.3 * r.normal(size=20)
    found = gw.descend(lambda w: np.mean((x * scale @ w - y) ** 2), np.zeros(3), method=method, steps=600)
    lowest = np.mean((x @ np.linalg.lstsq(x, y, rcond=None)[0] - y) ** 2)
    if found.reason == "converged":
        assert found.loss <= lowest + 1e-9 * found.losses[0]
    assert found.reason in REASONS and found.explanation.endswith(".")


@settings(max_examples=30, deadline=None)
@given(
    seed=SEEDS,
    method=st.sampled_from([n for n in methods.names() if n != "adamw"]),
    decay=st.floats(1e-3, 10),
    near=st.booleans(),
)
def test_with_a_weight_decay_converged_means_the_ridge_answer(seed, method, decay, near):
    r = np.random.default_rng(seed)
    x = r.normal(size=(20, 3))
    y = x @ r.normal(size=3) + 0.3 * r.normal(size=20)
    start = np.linalg.lstsq(x, y, rcond=None)[0] if near else np.zeros(3)
    found = gw.descend(lambda w: np.mean((x @ w - y) ** 2), start, method=method, weight_decay=decay, steps=3000)
    assert found.reason != "diverged"
    if found.reason == "converged":
        ridge = np.linalg.solve(2 * x.T @ x / 20 + decay * np.eye(3), 2 * x.T @ y / 20)
        np.testing.assert_allclose(found.params, ridge, atol=1e-5)
    assert found.reason == "converged" or method in ("rmsprop", "adam")


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, method=st.sampled_from(methods.names()), steps=st.integers(0, 3))
def test_out_of_steps_means_that_all_were_taken(seed, method, steps):
    f, start, data = network(seed)
    found = gw.descend(f, start, data, method=method, steps=steps)
    assert found.reason == "out of steps" and found.steps == steps
    assert len(found.losses) == steps + 1


def test_a_flat_loss_converges_at_once():
    for method in methods.names():
        squares = method in ("gauss-newton", "levenberg-marquardt")
        flat = (lambda w: np.sum((w - w + 1.0) ** 2)) if squares else (lambda w: np.sum(w**2) * 0.0 + 3.0)
        found = gw.descend(flat, np.ones(2), method=method)
        assert (found.steps, found.reason in ("converged", "stalled")) == (0, True)


@pytest.mark.parametrize("method", ["gd", "momentum", "adam", "line-search", "levenberg-marquardt"])
def test_early_stopping_gives_the_parameters_of_the_lowest_held_out_loss(method):
    r = np.random.default_rng(0)
    x, y = r.normal(size=(30, 18)), r.normal(size=30)
    found = gw.descend(
        lambda w, x, y: np.mean((x @ w - y) ** 2), np.zeros(18), (x, y), holdout=0.3, steps=4000, method=method
    )
    lowest = min(found.held_out, key=lambda pair: pair[1])
    used = set(found.problem.numbers.tolist())
    held = [k for k in range(30) if k not in used]
    assert np.mean((x[held] @ found.params - y[held]) ** 2) == pytest.approx(lowest[1], rel=1e-9)


# -- schedules, clipping ----------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, schedule=st.sampled_from(["constant", "step", "cosine", "warm-up"]), steps=st.integers(1, 12))
def test_a_schedule_multiplies_the_learning_rate_of_each_step(seed, schedule, steps):
    r = np.random.default_rng(seed)
    w = start = r.normal(size=3)
    found = gw.descend(
        lambda w: np.sum(np.sin(w)), start, learning_rate=0.1, schedule=schedule, steps=steps, work=steps
    )
    for k in range(steps):
        factor = {
            "constant": 1.0,
            "step": 0.1 ** np.floor(3 * k / steps),
            "cosine": (1 + np.cos(np.pi * k / steps)) / 2,
            "warm-up": min(1.0, 10 * (k + 1) / steps),
        }[schedule]
        assert found.worked[k].rate == pytest.approx(0.1 * factor)
        w = w - 0.1 * factor * np.cos(w)
    np.testing.assert_allclose(found.path[-1], w, rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, clip=st.floats(1e-3, 10), method=st.sampled_from(["gd", "momentum", "nesterov"]))
def test_clipping_shortens_a_gradient_over_all_parameters_and_keeps_its_direction(seed, clip, method):
    r = np.random.default_rng(seed)
    a, b = r.normal(size=3), r.normal(size=(2, 2))
    found = gw.descend(
        lambda p: np.sum(p["a"] ** 2) + np.sum(p["b"] ** 4),
        {"a": a, "b": b},
        learning_rate=0.01,
        clip=clip,
        steps=1,
        method=method,
    )
    slopes = np.concatenate([2 * a, np.ravel(4 * b**3)])
    size = np.linalg.norm(slopes)
    moved = (found.path[0] - found.path[1]) / (1.9 if method == "nesterov" else 1.0)
    np.testing.assert_allclose(moved, 0.01 * slopes * min(1.0, clip / size), rtol=1e-8, atol=1e-15)


def test_rest_on_a_plateau_above_the_start_is_no_convergence():
    found = gw.descend(lambda w: (np.exp(w) - 1.0) ** 2, 0.5, learning_rate=40.0, steps=500)
    assert found.reason == "diverged"
    assert f"With {found.working_learning_rate:.6g} the loss falls" in found.explanation
    assert found.loss <= found.losses[0]


def test_a_chosen_learning_rate_is_never_absurd_where_the_loss_is_nearly_flat():
    x, y = np.linspace(-900, 900, 20), np.sign(np.sin(np.arange(20.0)))
    for method in methods.names():
        if method in ("gauss-newton", "levenberg-marquardt"):
            continue
        found = gw.descend(lambda w, x, y: np.mean(np.logaddexp(0, -y * x * w)), 1.0, (x, y), method=method, steps=200)
        assert found.loss < found.losses[0]
        assert found.reason != "diverged"


# -- a chosen learning rate that does not hold ------------------------------------------------------------------------


def badly_scaled(seed, columns=2, rows=40):
    random = np.random.default_rng(seed)
    scale, shift = 10.0 ** random.uniform(-4, 4, size=columns), 10.0 ** random.uniform(-2, 4, size=columns)
    x = random.normal(size=(rows, columns)) * scale + shift * random.choice([0, 1], size=columns)
    y = x @ (random.normal(size=columns) / scale) + 10 ** random.uniform(-2, 3) * random.normal()
    return x, y + 0.1 * random.normal(size=rows)


@pytest.mark.parametrize("method", ["rmsprop", "adam", "adamw", "momentum", "nesterov", "gd"])
def test_a_chosen_rate_does_not_end_above_its_start(method):
    for seed in range(12):
        x, y = badly_scaled(seed)
        start = {"w": np.zeros(2), "b": 0.0}
        found = gw.descend(lambda p, x, y: np.mean((x @ p["w"] + p["b"] - y) ** 2), start, (x, y), method=method)
        assert found.losses[-1] <= found.losses[0]
        assert found.reason != "diverged"


def steep_and_flat(p):
    return 1e6 * (p["a"] * p["b"]) ** 2 + (p["b"] - 1) ** 2 + (p["a"] - 1e-3) ** 2


def test_a_rate_that_is_taken_back_is_told(monkeypatch):
    from gradwork.descent import learning_rate

    monkeypatch.setattr(learning_rate, "LADDER", (3.0,))
    monkeypatch.setattr(learning_rate, "TRIAL", 1)
    monkeypatch.setattr(learning_rate, "_loss_after_trial", lambda *a, **k: -1.0)
    found = gw.descend(steep_and_flat, {"a": 0.0, "b": 0.0}, method="rmsprop", steps=300)
    assert "but with 3 the loss did not stay below its start: " in found.why_learning_rate
    assert f"so {found.learning_rate:g} was taken" in found.why_learning_rate
    assert found.losses[-1] <= found.losses[0] and found.learning_rate < 3


def test_a_run_whose_rate_was_taken_back_goes_on_from_its_checkpoint(monkeypatch, tmp_path):
    from gradwork.descent import learning_rate, loop

    monkeypatch.setattr(learning_rate, "LADDER", (3.0,))
    monkeypatch.setattr(learning_rate, "_loss_after_trial", lambda *a, **k: -1.0)
    monkeypatch.setattr(loop, "SAVE_EVERY", 0.0)
    start, options = {"a": 0.0, "b": 0.0}, {"method": "rmsprop", "steps": 300, "progress": False}
    whole = gw.descend(steep_and_flat, start, **options)
    real, parts = loop.some_steps, [0]

    def interrupted(*args):
        parts[0] += 1
        if parts[0] % 3 == 0:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(loop, "some_steps", interrupted)
    for _ in range(200):
        found = gw.descend(steep_and_flat, start, checkpoint=tmp_path / "run", **options)
        if found.reason != "interrupted":
            break
    assert parts[0] > 6
    assert found.losses.tobytes() == whole.losses.tobytes() and found.path.tobytes() == whole.path.tobytes()
    assert found.why_learning_rate == whole.why_learning_rate


def test_steps_of_one_length_that_swing_are_told_with_what_settles_them():
    x = np.linspace(0, 300, 40)
    data = {"x": x, "y": 0.5 * x + 3}
    found = gw.descend("mean((x*w + b - y)^2)", {"w": 0.0, "b": 0.0}, data, method="rmsprop", steps=3000)
    assert found.reason == "stalled" and "schedule such as cosine" in found.explanation
    settled = gw.descend(
        "mean((x*w + b - y)^2)", {"w": 0.0, "b": 0.0}, data, method="rmsprop", steps=3000, schedule="cosine"
    )
    assert settled.losses[-1] < 0.1 * found.losses[-1]


def test_a_given_rate_that_swings_above_its_start_is_told_one_that_stays_below():
    x = np.linspace(0, 300, 40)
    data, start = {"x": x, "y": 0.5 * x + 3}, {"w": 0.49, "b": 3.0}
    found = gw.descend("mean((x*w + b - y)^2)", start, data, method="rmsprop", steps=3000, learning_rate=0.5)
    assert found.reason == "diverged" and found.working_learning_rate is not None
    rate = found.working_learning_rate
    works = gw.descend("mean((x*w + b - y)^2)", start, data, method="rmsprop", steps=3000, learning_rate=rate)
    assert works.losses[-1] < works.losses[0]
