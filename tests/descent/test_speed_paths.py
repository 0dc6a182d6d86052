"""The quick ways to take many steps give the path of the plain steps: the generated loop, and the moments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import PROGRAMS

import gradwork as gw
from gradwork.descent import blocks, moments, schedules
from gradwork.descent import loop as loop_module
from gradwork.descent.batches import Batches
from gradwork.descent.loop import Plan, begin, take_steps
from gradwork.descent.method import method_named
from gradwork.descent.problem import problem_of
from gradwork.descent.written_loop import loop_of
from gradwork.errors import DataError, GradworkError
from gradwork.graph.degree import degrees

METHODS = ("gd", "momentum", "nesterov", "rmsprop", "adam", "adamw")


# -- models -----------------------------------------------------------------------------------------------------------


def line(random):
    x, y = random.normal(size=40), random.normal(size=40)
    return lambda p, x, y: np.mean((x * p["w"] + p["b"] - y) ** 2), {"w": 0.3, "b": -0.1}, (x, y)


def plane(random):
    x, y = random.normal(size=(50, 4)), random.normal(size=50)
    return lambda p, x, y: np.mean((x @ p[0] + p[1] - y) ** 2), (random.normal(size=4), 0.2), (x, y)


def wide(random):
    x, y = random.normal(size=(30, 12)), random.normal(size=30)
    return (
        lambda p, x, y: np.sum(np.log1p(np.exp(-y * (x @ p["w"] + p["b"])))) / len(y) + 0.01 * np.sum(p["w"] ** 2),
        {"w": random.normal(size=12), "b": 0.1},
        (x, np.sign(y)),
    )


def tiny_net(random):
    x, y = random.normal(size=(4, 2)), random.normal(size=(4, 1))
    start = [random.normal(size=(2, 3)), np.zeros(3), random.normal(size=(3, 1)), np.zeros(1)]
    return lambda p, x, y: np.mean((np.tanh(x @ p[0] + p[1]) @ p[2] + p[3] - y) ** 2), start, (x, y)


def classes(random):
    x, labels = random.normal(size=(60, 7)), random.integers(0, 3, size=60)
    start = {"W": random.normal(size=(7, 5)), "b": np.zeros(5), "V": random.normal(size=(5, 3)), "c": np.zeros(3)}

    def loss(p, x, labels):
        scores = np.tanh(x @ p["W"] + p["b"]) @ p["V"] + p["c"]
        scores = scores - np.max(scores, axis=1, keepdims=True)
        return np.mean(np.log(np.sum(np.exp(scores), axis=1)) - scores[np.arange(len(labels)), labels])

    return loss, start, (x, labels)


def shared(random):
    """A parameter that is read in several ways: turned, cut out, spread, and beside itself."""
    x = random.normal(size=(20, 3))

    def loss(p, x):
        both = np.concatenate([p["A"], p["A"].T])
        return np.mean((x @ both.T) ** 2) + np.sum(p["A"][0] * p["s"]) + np.sum((p["A"] - p["s"]) ** 2) + p["s"] ** 4

    return loss, {"A": random.normal(size=(3, 3)), "s": 0.4}, (x,)


MODELS = (line, plane, wide, tiny_net, classes, shared)


# -- the plain steps, a second time -----------------------------------------------------------------------------------


def plainly(loss, start, data, method, rate, steps, *, schedule=None, decay=0.0, clip=None, batch=None, seed=0):
    """The losses and the points, with nothing but gradients of gradwork's and the formulas of the method."""
    rule = method_named(method)
    problem = problem_of(loss, start, data, "numpy")
    leaves = [np.asarray(leaf, float) for leaf in problem.start]
    states = [[np.zeros_like(leaf) for _ in rule.states] for leaf in leaves]
    batches = Batches(problem, batch, seed)
    slopes = gw.value_and_grad(lambda leaves, *data: loss(problem.params(leaves), *data))
    losses, points = [], [np.concatenate([leaf.ravel() for leaf in leaves])]
    for k, factor in enumerate(schedules.factors(schedule, 0, steps, steps)):
        rows = batches.rows(k)
        value, gradient = slopes(leaves, *(data if rows is None else [d[rows] for d in data]))
        length = math.sqrt(sum(float(np.sum(g * g)) for g in gradient))
        if clip is not None and length > clip:
            gradient = [g * (clip / length) for g in gradient]
        found = [
            rule.advance(*one, rate * factor, k + 1.0, decay) for one in zip(leaves, gradient, states, strict=True)
        ]
        leaves, states = [w for w, _ in found], [s for _, s in found]
        losses.append(float(value))
        points.append(np.concatenate([np.ravel(leaf) for leaf in leaves]))
    return np.array(losses), np.array(points)


def close(found, losses, points):
    if found.reason == "converged":  # some are at the bottom before all steps are done
        losses, points = losses[: found.steps], points[: found.steps + 1]
    np.testing.assert_allclose(found.losses[:-1], losses, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found.path, points, rtol=1e-8, atol=1e-9)


# -- the generated loop -----------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    model=st.sampled_from(MODELS),
    method=st.sampled_from(METHODS),
    schedule=st.sampled_from([None, "cosine", "step", "warm-up"]),
    decay=st.sampled_from([0.0, 0.03]),
    clip=st.sampled_from([None, 0.2]),
    batch=st.sampled_from([None, 3, 8]),
    seed=st.integers(0, 10_000),
)
def test_the_generated_loop_takes_the_plain_steps(model, method, schedule, decay, clip, batch, seed):
    loss, start, data = model(np.random.default_rng(seed))
    options = {"schedule": schedule, "clip": clip, "batch": batch, "seed": seed}
    found = gw.descend(
        loss, start, data, method=method, learning_rate=0.01, steps=25, weight_decay=decay, moments=False, **options
    )
    assert found.how == "program"
    close(found, *plainly(loss, start, data, method, 0.01, 25, decay=decay, **options))


@pytest.mark.parametrize(("model", "form"), [(tiny_net, "numbers"), (line, "few"), (plane, "few"), (classes, "arrays")])
def test_each_form_of_the_loop_is_met(model, form):
    loss, start, data = model(np.random.default_rng(0))
    loop = loop_of(problem_of(loss, start, data, "numpy"), method_named("gd"), 0.0, None)
    assert loop.form == form
    assert loop.text.startswith("def steps(")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("method", ["gd", "adam"])
@pytest.mark.parametrize("batch", [None, 8])
def test_however_a_run_is_cut_its_bits_are_the_same(model, method, batch):
    problem = problem_of(*model(np.random.default_rng(1)), "numpy")
    step = problem.step(method_named(method), 0.0, None)
    step.through_moments = False
    plan = Plan(problem, method_named(method), 0.01, 37, Batches(problem, batch, 3), step)
    whole, cut = begin(problem, plan.method), begin(problem, plan.method)
    take_steps(plan, whole)
    for stop in range(1, 38):
        take_steps(Plan(problem, plan.method, 0.01, stop, plan.batches, step), cut)
    assert whole.path.numbers().tobytes() == cut.path.numbers().tobytes()
    assert whole.losses == cut.losses


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_ordinary_program_goes_down_alike_in_the_loop_and_step_by_step(name):
    function, arguments = PROGRAMS[name]
    if name in ("cross_entropy", "converted"):
        return  # whole numbers that are places, and a plain float that is asked for: no parameters
    try:
        problem = problem_of(lambda p: function(*p), tuple(arguments), None, "numpy")
    except GradworkError:
        return  # arguments that are no parameters, such as texts
    for method, decay, clip in (("gd", 0.0, None), ("adam", 0.01, 0.5)):
        rule = method_named(method)
        step, single = problem.step(rule, decay, clip), problem.one_step(rule, decay, clip)
        if step.loop(None) is None:
            continue
        runs = []
        for way in (step, single):
            state = begin(problem, rule)
            reason, _ = take_steps(Plan(problem, rule, 1e-3, 7, Batches(problem, None, 0), way), state)
            runs.append((reason, state))
        (one, quick), (other, slow) = runs
        assert one == other
        np.testing.assert_allclose(quick.path.numbers(), slow.path.numbers(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(quick.losses, slow.losses, rtol=1e-9, atol=1e-12)


def test_float32_stays_float32_and_takes_the_plain_steps():
    loss, start, data = classes(np.random.default_rng(2))
    small = {name: value.astype(np.float32) for name, value in start.items()}
    data = (data[0].astype(np.float32), data[1])
    found = gw.descend(loss, small, data, method="adam", learning_rate=0.01, steps=20)
    assert found.how == "program"
    assert all(leaf.dtype == np.float32 for leaf in found.params.values()) and found.path.dtype == np.float32
    _, points = plainly(loss, start, data, "adam", 0.01, 20)
    np.testing.assert_allclose(found.path, points, rtol=2e-3, atol=2e-4)


def test_parameters_of_two_types_are_stepped_one_step_at_a_time():
    found = gw.descend(
        lambda p: np.sum(p[0] ** 2) + np.sum(p[1] ** 2),
        (np.ones(3, np.float32), np.ones(2)),
        learning_rate=0.1,
        steps=4,
    )
    assert found.how == "steps"
    np.testing.assert_allclose(found.params[1], 0.8**4)


def test_a_decision_in_the_loss_is_taken_anew_in_each_step():
    def loss(w):
        return w**2 if w > 1 else np.abs(w) * 2 - 1

    found = gw.descend(loss, 3.0, learning_rate=0.4, steps=6)
    assert found.how == "steps"
    np.testing.assert_allclose(found.path.ravel()[:3], [3.0, 0.6, -0.2])


def test_a_step_that_the_loop_refuses_is_taken_without_it():
    # 1 / w is refused by Python's own division at 0, where NumPy gives an infinity that the loss does not hang on.
    def loss(w):
        return np.sum(np.where(w == 0, 3.0, 1 / np.where(w == 0, 1.0, w)) * 0 + (w - 1) ** 2)

    found = gw.descend(loss, np.array([-1.0, 0.5]), learning_rate=0.25, steps=8)
    expected = 1 + np.outer(0.5 ** np.arange(9), [-2.0, -0.5])
    np.testing.assert_allclose(found.path, expected)


def test_a_refusal_in_the_middle_of_a_block_loses_and_repeats_nothing(monkeypatch):
    loss, start, data = tiny_net(np.random.default_rng(3))
    plain = gw.descend(loss, start, data, learning_rate=0.05, steps=40)
    monkeypatch.setattr(loop_module, "A_PART", 100.0)  # one step, and then all others in one part
    real, calls = blocks.Loop.run, [0]

    def refusing(self, first, rates, *rest):
        taken = real(self, first, rates, *rest)
        calls[0] += 1
        if calls[0] == 2:
            losses = rest[3].__self__  # what the loop keeps its losses in
            del losses[-2:]  # as if it had been refused two steps earlier
            raise ZeroDivisionError
        return taken

    monkeypatch.setattr(blocks.Loop, "run", refusing)
    found = gw.descend(loss, start, data, learning_rate=0.05, steps=40)
    assert calls[0] > 2
    np.testing.assert_allclose(found.path, plain.path, rtol=1e-12)
    np.testing.assert_allclose(found.losses, plain.losses, rtol=1e-12)


def test_a_loss_that_blows_up_is_told_at_the_same_step_as_before():
    found = gw.descend(lambda w, x: np.mean((x * w - 1) ** 2), 1.0, np.linspace(1, 2, 30), learning_rate=5.0, steps=99)
    assert found.reason == "diverged"
    assert found.how == "program"
    losses, _ = plainly(lambda w, x: np.mean((x * w - 1) ** 2), 1.0, (np.linspace(1, 2, 30),), "gd", 5.0, found.steps)
    np.testing.assert_allclose(found.losses[:-1], losses, rtol=1e-10)


def test_a_long_path_of_many_parameters_is_thinned_and_bounded(monkeypatch):
    from gradwork.descent import loop

    monkeypatch.setattr(loop, "MOST_KEPT", 1000)
    loss, start, data = classes(np.random.default_rng(4))
    found = gw.descend(loss, start, data, learning_rate=0.1, steps=130)
    assert found.path.size <= 1200
    assert len(found.path) == len(found.path_steps) and len(found.losses) == found.steps + 1
    _, points = plainly(loss, start, data, "gd", 0.1, 130)
    np.testing.assert_allclose(found.path, points[found.path_steps], rtol=1e-8, atol=1e-10)


def test_what_a_closure_holds_is_read_when_a_descent_begins():
    scale = [1.0]

    def loss(w, x):
        return np.mean((x * w * scale[0] - x) ** 2)

    x = np.linspace(1, 2, 30)
    first = gw.descend(loss, 3.0, x, learning_rate=0.05, steps=300)
    scale[0] = 2.0
    second = gw.descend(loss, 3.0, x, learning_rate=0.05, steps=300)
    assert float(first.params) == pytest.approx(1.0)
    assert float(second.params) == pytest.approx(0.5)


# -- two halves -------------------------------------------------------------------------------------------------------


def many_rows(random, rows=1500, kind="mean"):
    x, labels = random.normal(size=(rows, 20)), random.integers(0, 3, size=rows)
    start = {"W": random.normal(size=(20, 24)), "b": np.zeros(24), "V": random.normal(size=(24, 3)), "scale": 1.0}

    def loss(p, x, labels):
        scores = np.tanh(x @ p["W"] + p["b"]) @ p["V"] * p["scale"]
        scores = scores - np.max(scores, axis=1, keepdims=True)
        lost = np.log(np.sum(np.exp(scores), axis=1)) - scores[np.arange(len(labels)), labels]
        return np.mean(lost) + 0.01 * np.sum(p["V"] ** 2) if kind == "mean" else np.sum(lost) / 1000

    return loss, start, (x, labels)


def loop_for(loss, start, data, method="gd"):
    return loop_of(problem_of(loss, start, data, "numpy"), method_named(method), 0.0, None)


@pytest.mark.parametrize("kind", ["mean", "sum"])
@pytest.mark.parametrize("method", ["gd", "adam"])
@pytest.mark.parametrize("rows", [1500, 1501])
def test_two_halves_take_the_plain_steps(kind, method, rows):
    model = many_rows(np.random.default_rng(8), rows, kind)
    assert loop_for(*model, method).form == "halves"
    found = gw.descend(*model, method=method, learning_rate=0.02, steps=12, clip=0.8)
    losses, points = plainly(*model, method, 0.02, 12, clip=0.8)
    np.testing.assert_allclose(found.losses[:-1], losses, rtol=1e-10)
    np.testing.assert_allclose(found.path, points, rtol=1e-7, atol=1e-9)


def test_the_bits_of_two_halves_do_not_depend_on_processors_or_threads(monkeypatch):
    import os

    model = many_rows(np.random.default_rng(9))
    many = gw.descend(*model, learning_rate=0.1, steps=20)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    one = gw.descend(*model, learning_rate=0.1, steps=20)
    assert many.path.tobytes() == one.path.tobytes() and many.losses.tobytes() == one.losses.tobytes()


def test_rows_that_meet_or_add_a_term_of_the_parameters_are_not_halved():
    loss, start, data = many_rows(np.random.default_rng(10))
    for other in (
        lambda p, x, labels: loss(p, x, labels) ** 2,
        lambda p, x, labels: np.sum(np.tanh(x @ p["W"])) + loss(p, x, labels) + np.sum(p["b"] ** 2) + p["scale"] ** 2,
    ):
        assert loop_for(other, start, data).form == "arrays"


def test_what_a_half_raises_reaches_the_run_and_no_thread_stays(monkeypatch):
    import threading

    from gradwork.descent import halves

    model = many_rows(np.random.default_rng(11))
    plain = gw.descend(*model, learning_rate=0.1, steps=20)
    before = threading.active_count()
    calls = [0]
    real = halves.Halves.__call__

    def refusing(self):
        calls[0] += 1
        if calls[0] == 11:
            self.second, second = lambda: 1 / 0, self.second
            try:
                return real(self)
            finally:
                self.second = second
        return real(self)

    monkeypatch.setattr(halves.Halves, "__call__", refusing)
    found = gw.descend(*model, learning_rate=0.1, steps=20)
    assert calls[0] > 20 and threading.active_count() == before
    np.testing.assert_allclose(found.path, plain.path, rtol=1e-10, atol=1e-12)


# -- moments ----------------------------------------------------------------------------------------------------------

VECTORS = st.integers(0, 10_000).map(np.random.default_rng)


def random_quadratic(random):
    """A loss with second slopes that are the same everywhere, written in one of many ways."""
    rows, size = int(random.integers(20, 60)), int(random.integers(1, 6))
    x, y = random.normal(size=(rows, size)), 10.0 ** random.integers(-2, 3) * random.normal(size=rows)
    weights = random.uniform(0.5, 2, size=rows)
    kinds = (
        lambda p, x, y: np.mean((x @ p["w"] + p["b"] - y) ** 2),
        lambda p, x, y: np.sum(np.square(np.dot(x, p["w"]) - y)) / len(y) + p["b"] * p["b"] - 3 * p["b"],
        lambda p, x, y: np.mean(weights * (y - p["b"] - np.einsum("ij,j->i", x, p["w"])) ** 2) + 0.1 * p["w"] @ p["w"],
        lambda p, x, y: np.var(x @ p["w"] - y) + np.mean((np.sin(x) * p["b"]) ** 2) - np.cumsum(p["w"])[-1],
        lambda p, x, y: np.mean((x * p["w"][None, :] + (p["b"] - y)[:, None]) ** 2.0) / 3,
    )
    kind = kinds[random.integers(len(kinds))]
    return kind, {"w": random.normal(size=size), "b": float(random.normal())}, (x, y)


@settings(max_examples=60, deadline=None)
@given(random=VECTORS, share=st.floats(0.05, 1.9), steps=st.sampled_from([1, 7, 150, 1100]))
def test_a_quadratic_loss_is_stepped_through_its_moments_as_by_the_plain_steps(random, share, steps):
    loss, start, data = random_quadratic(random)
    size = sum(np.size(leaf) for leaf in start.values())
    second = gw.hessian(lambda w: loss({"w": w[:-1], "b": w[-1]}, *data))(np.zeros(size))
    rate = share / float(np.linalg.eigvalsh(second)[-1])
    quick = gw.descend(loss, start, data, learning_rate=rate, steps=steps)
    plain = gw.descend(loss, start, data, learning_rate=rate, steps=steps, moments=False)
    assert (quick.how, plain.how) == ("moments", "program")
    count = min(len(quick.path), len(plain.path))
    assert count >= 0.9 * min(steps, max(len(quick.path), len(plain.path)))
    scale = np.max(np.abs(plain.path)) + np.max(np.abs(plain.path[-1] - plain.path[0]))
    np.testing.assert_allclose(quick.path[:count], plain.path[:count], rtol=0, atol=1e-10 * scale)
    highest = np.max(np.abs(plain.losses)) + 1e-300
    np.testing.assert_allclose(quick.losses[: count - 1], plain.losses[: count - 1], rtol=1e-9, atol=1e-13 * highest)
    assert "degree 2" in " ".join(quick.notes) and not plain.notes


@pytest.mark.parametrize(
    "loss",
    [
        lambda p, x, y: np.mean(np.abs(x * p["w"] + p["b"] - y)),
        lambda p, x, y: np.mean((x * p["w"] ** 2 + p["b"] - y) ** 2),
        lambda p, x, y: np.mean((np.tanh(x * p["w"]) + p["b"] - y) ** 2),
        lambda p, x, y: np.sqrt(np.mean((x * p["w"] + p["b"] - y) ** 2)),
        lambda p, x, y: np.mean((x * p["w"] * p["b"] - y) ** 2),
        lambda p, x, y: np.max((x * p["w"] + p["b"] - y) ** 2),
        lambda p, x, y: np.mean((x / (p["w"] + 3) + p["b"] - y) ** 2),
        lambda p, x, y: np.mean(np.where(x > p["b"], p["w"], 0.0) - y) + p["w"] ** 2 + p["b"] ** 2,
        lambda p, x, y: np.mean((np.maximum(x * p["w"], 0) + p["b"] - y) ** 2),
        lambda p, x, y: np.mean((x * np.round(p["w"]) + p["b"] - y) ** 2),
        lambda p, x, y: np.mean(np.abs(x * p["w"] + p["b"] - y) ** 2.5),
    ],
)
def test_a_loss_that_is_not_quadratic_is_refused(loss):
    random = np.random.default_rng(0)
    problem = problem_of(loss, {"w": 1.2, "b": 0.3}, (random.normal(size=40), random.normal(size=40)), "numpy")
    assert not moments.is_quadratic(problem)
    assert moments.quadratic_of(problem, method_named("gd"), 0.0, None) is None


@pytest.mark.parametrize(
    "options",
    [
        {"method": "momentum"},
        {"schedule": "cosine"},
        {"clip": 1.0},
        {"weight_decay": 0.1},
        {"batch": 10},
        {"holdout": 0.2},
        {"moments": False},
        {"work": 1},
    ],
    ids=str,
)
def test_moments_are_for_plain_descent_on_all_rows_alone(options):
    loss, start, data = line(np.random.default_rng(0))
    found = gw.descend(loss, start, data, learning_rate=0.1, steps=20, **options)
    assert found.how == "program" and not found.notes
    assert gw.descend(loss, start, data, learning_rate=0.1, steps=20).how == "moments"


def test_moments_hold_where_the_second_slopes_are_singular_or_badly_scaled():
    random = np.random.default_rng(5)
    x = random.normal(size=(40, 2))
    x = np.column_stack([x, x[:, 0] + x[:, 1], np.zeros(40), 1e-3 * random.normal(size=40)])
    data = (x, random.normal(size=40) * 1e6)
    for rate in (0.05, 0.2):
        options = {"learning_rate": rate, "steps": 2500}
        quick = gw.descend(lambda w, x, y: np.mean((x @ w - y) ** 2), np.ones(5), data, **options)
        plain = gw.descend(lambda w, x, y: np.mean((x @ w - y) ** 2), np.ones(5), data, moments=False, **options)
        assert quick.how == "moments" and quick.reason == plain.reason
        count = min(len(quick.path), len(plain.path))
        np.testing.assert_allclose(quick.path[:count], plain.path[:count], rtol=1e-8, atol=1e-3)
        np.testing.assert_allclose(quick.losses[: count - 1], plain.losses[: count - 1], rtol=1e-10)


def test_a_learning_rate_that_is_too_large_is_seen_by_the_plain_steps():
    loss, start, data = line(np.random.default_rng(0))
    found = gw.descend(loss, start, data, learning_rate=3.0, steps=500)
    assert (found.reason, found.how) == ("diverged", "program")
    assert found.working_learning_rate is not None


def test_a_run_through_moments_that_is_continued_ends_with_the_same_bits(tmp_path):
    loss, start, data = plane(np.random.default_rng(6))
    options = {"learning_rate": 1e-3}
    whole = gw.descend(loss, start, data, steps=2350, **options)
    gw.descend(loss, start, data, steps=1234, checkpoint=tmp_path / "run", **options)
    found = gw.descend(loss, start, data, steps=2350, checkpoint=tmp_path / "run", **options)
    assert (whole.how, found.how) == ("moments", "moments")
    assert whole.path.tobytes() == found.path.tobytes() and whole.losses.tobytes() == found.losses.tobytes()
    with pytest.raises(DataError, match="another run"):
        gw.descend(loss, start, data, steps=2350, checkpoint=tmp_path / "run", moments=False, **options)


def test_moments_stop_where_the_parameters_rest():
    # The second parameter creeps: its steps are lost in the last digits of a large number.
    x = np.linspace(-1, 1, 40)
    loss = lambda w, x: np.mean((x * (w[0] - 1)) ** 2) + 1e-18 * w[1] ** 2  # noqa: E731
    quick = gw.descend(loss, np.array([1e6, 1e9]), x, learning_rate=1.0, steps=3000)
    plain = gw.descend(loss, np.array([1e6, 1e9]), x, learning_rate=1.0, steps=3000, moments=False)
    assert quick.how == "moments"
    assert (quick.reason, quick.steps) == (plain.reason, plain.steps)


# -- degrees ----------------------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_degree_that_is_found_is_enough_to_meet_the_values_again(data):
    """Along a line the loss is a polynomial of the degree found: its next difference vanishes."""
    text = data.draw(st.recursive(
        st.sampled_from(["w", "v", "x", "2", "w*x", "(x - v)"]),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            inner.map(lambda t: f"({t})^2"), inner.map(lambda t: f"({t})/(1 + x^2)"), inner.map(lambda t: f"-({t})"),
            inner.map(lambda t: f"sin({t})"), inner.map(lambda t: f"mean(x*({t}))"),
        ),
        max_leaves=6,
    ))  # fmt: skip
    x = np.array([0.3, -0.7, 1.1])
    graph = gw.trace(f"mean(x*({text}) + 0*w + 0*v)", x=x, w=np.float64(0.4), v=np.float64(-0.2))
    degree = degrees(graph, [graph.find("w"), graph.find("v")])[graph.outputs[0]]
    assert ("sin" in text) or degree is not None
    if degree is None or degree > 6:
        return
    order = [graph.nodes[i].name for i in graph.inputs]

    def value(t):
        point = {"x": x, "w": np.float64(0.4 + t), "v": np.float64(-0.2 - 0.5 * t)}
        return float(graph.run(*(point[name] for name in order)).outputs[0])

    at = [value(t) for t in np.arange(degree + 2) / (degree + 1)]
    assert abs(np.diff(at, degree + 1)[0]) <= 1e-10 * (1 + 2**degree * np.max(np.abs(at)))
