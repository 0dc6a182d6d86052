"""`gw.descend`: where it ends, why it stopped, and that every number is the run's own."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.descent import methods, schedules
from gradwork.descent.method import method_named
from gradwork.errors import ArgumentError, DataError, MissingExtraError, NotRepeatableError, ShapeError

BY_FORMULA = [name for name in methods.names() if method_named(name).search is None]
RNG = np.random.default_rng(7)
X = RNG.normal(size=(60, 3))
Y = X @ np.array([1.0, -2.0, 0.5]) + 3.0 + 0.1 * RNG.normal(size=60)
START = {"w": np.zeros(3), "b": 0.0}
BEST = np.linalg.lstsq(np.column_stack([X, np.ones(60)]), Y, rcond=None)[0]


def loss(params, x, y):
    return np.mean((x @ params["w"] + params["b"] - y) ** 2)


def descend(**options):
    return gw.descend(loss, START, (X, Y), **options)


def numbers(found):
    return np.append(found.params["w"], found.params["b"])


def same_bits(one, other):
    return (
        one.losses.tobytes() == other.losses.tobytes()
        and one.path.tobytes() == other.path.tobytes()
        and numbers(one).tobytes() == numbers(other).tobytes()
    )


# -- where it ends ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", methods.names())
def test_every_method_reaches_the_least_squares_answer(method):
    schedule = "cosine" if method in ("rmsprop", "adam", "adamw") else None
    found = descend(method=method, steps=4000, schedule=schedule)
    np.testing.assert_allclose(numbers(found), BEST, atol=2e-5)
    assert found.why_learning_rate


def test_one_step_by_hand():
    found = gw.descend(
        "error = x*weight - y; error^2", {"weight": 4.0}, {"x": 2.0, "y": 3.0}, learning_rate=0.01, steps=1
    )
    assert float(found.params["weight"]) == 4 - 2 * 5 * 2 * 0.01
    assert found.losses[0] == 25.0


# What the textbooks say, written out a second time with NumPy alone.
def by_hand(method, weight, gradient_of, rate, steps, decay=0.0):
    v = m = s = np.zeros_like(weight)
    kept = 0.99 if method == "rmsprop" else 0.999
    for k in range(1, steps + 1):
        g = gradient_of(weight) + (0 if method == "adamw" else decay * weight)
        v, m, s = 0.9 * v + g, 0.9 * m + 0.1 * g, kept * s + (1 - kept) * g * g
        hat = m / (1 - 0.9**k) / (np.sqrt(s / (1 - 0.999**k)) + 1e-8)
        change = {
            "gd": g,
            "momentum": v,
            "nesterov": g + 0.9 * v,
            "rmsprop": g / (np.sqrt(s) + 1e-8),
            "adam": hat,
            "adamw": hat + decay * weight,
        }
        weight = weight - rate * change[method]
    return weight


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), decay=st.sampled_from([0.0, 0.1]))
@pytest.mark.parametrize("method", BY_FORMULA)
def test_every_method_does_what_its_textbook_says(method, seed, decay):
    r = np.random.default_rng(seed)
    a, start = r.normal(size=(5, 4)), r.normal(size=4)
    found = gw.descend(
        lambda w: np.sum(np.tanh(a @ w) ** 2), start, learning_rate=0.01, steps=7, method=method, weight_decay=decay
    )

    def gradient_of(w):
        t = np.tanh(a @ w)
        return a.T @ (2 * t * (1 - t * t))

    np.testing.assert_allclose(found.params, by_hand(method, start, gradient_of, 0.01, 7, decay), rtol=1e-9, atol=1e-12)


def test_nested_parameters_keep_their_structure_and_dtype():
    start = [(np.ones((2, 2), np.float32), np.float32(1.0)), {"c": np.float32(2.0)}]
    found = gw.descend(
        lambda p: np.sum(p[0][0] ** 2) + p[0][1] ** 2 + p[1]["c"] ** 2, start, learning_rate=0.1, steps=3
    )
    assert found.params[0][0].dtype == np.float32
    assert type(found.params) is list and type(found.params[0]) is tuple
    assert float(found.params[1]["c"]) == pytest.approx(2 * 0.8**3, rel=1e-6)


def test_a_start_is_never_written_to():
    start = np.ones(3)
    gw.descend(lambda w: np.sum(w**2), start, learning_rate=0.1, steps=5)
    assert start.tolist() == [1, 1, 1]


def test_clipping_shortens_the_whole_gradient():
    found = gw.descend(lambda w: np.sum(w**2), np.array([30.0, 40.0]), learning_rate=0.1, steps=1, clip=1.0)
    np.testing.assert_allclose(found.params, [30 - 0.06, 40 - 0.08])


# -- why it stopped ---------------------------------------------------------------------------------------------------


def test_a_parabola_converges():
    found = descend()
    assert found.reason == "converged"
    assert "shrunk" in found.explanation


def test_too_few_steps_say_so():
    found = descend(steps=5)
    assert (found.reason, found.steps, len(found.losses), len(found.path)) == ("out of steps", 5, 6, 6)


@settings(max_examples=20, deadline=None)
@given(curvature=st.floats(1e-3, 1e3), method=st.sampled_from(["gd", "momentum", "nesterov"]))
def test_the_learning_rate_above_which_a_parabola_grows_is_exact(curvature, method):
    def parabola(w):
        return curvature / 2 * w[0] ** 2 + curvature / 7 * w[1] ** 2

    limit = method_named(method).limit(curvature)
    above = gw.descend(parabola, np.ones(2), learning_rate=1.05 * limit, steps=3000, method=method)
    below = gw.descend(parabola, np.ones(2), learning_rate=0.95 * limit, steps=3000, method=method)
    assert above.reason == "diverged"
    assert below.reason == "converged"
    assert above.curvature == pytest.approx(curvature, rel=1e-3)
    assert above.largest_learning_rate == pytest.approx(limit, rel=1e-3)
    again = gw.descend(parabola, np.ones(2), learning_rate=above.working_learning_rate, steps=300, method=method)
    assert again.losses[-1] < again.losses[0]


def test_a_divergence_gives_the_lowest_parameters_and_names_the_node():
    found = gw.descend(lambda w: np.exp(w) - w, 1.0, learning_rate=3.0, steps=50)
    assert found.reason == "diverged"
    assert np.isfinite(found.loss) and found.loss == np.min(found.losses[np.isfinite(found.losses)])


def test_a_fault_on_the_way_names_the_row_of_the_data():
    x = np.arange(1.0, 9.0)
    found = gw.descend(lambda w, x: np.mean(np.log(w * x)), 0.5, x, learning_rate=0.5, steps=100, batch=2)
    assert found.reason == "diverged"
    assert "log gives nan, row" in found.explanation


def test_a_loss_without_a_lowest_value_is_told():
    found = gw.descend(lambda w: -(w**2), 1.0, steps=200)
    assert "no lowest value" in found.explanation


def test_a_gradient_too_large_for_a_step_is_told():
    found = gw.descend(lambda w: np.exp(w * 50), 10.0, steps=10)
    assert (found.reason, found.steps) == ("diverged", 0)
    assert "no number any more" in found.explanation


def test_steps_lost_in_the_last_digit_are_a_stall():
    found = gw.descend(lambda w: (w - 1e9) ** 2, 2e9, learning_rate=1e-18, steps=500)
    assert found.reason == "stalled"
    assert "last digits" in found.explanation


def test_early_stopping_keeps_the_parameters_of_the_lowest_held_out_loss():
    r = np.random.default_rng(0)
    x, y = r.normal(size=(30, 25)), r.normal(size=30)
    found = gw.descend(lambda w, x, y: np.mean((x @ w - y) ** 2), np.zeros(25), (x, y), holdout=0.3, steps=5000)
    assert found.reason == "stalled"
    lowest = min(found.held_out, key=lambda pair: pair[1])
    at = int(np.flatnonzero(found.path_steps == lowest[0])[0])
    assert found.params.tolist() == found.path[at].tolist()


def test_an_interrupt_keeps_what_is_done():
    main = threading.main_thread().ident
    timer = threading.Timer(0.5, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    found = descend(learning_rate=1e-9, steps=10**9, method="adam")
    assert found.reason == "interrupted"
    assert 0 < found.steps < 10**9
    assert len(found.losses) == found.steps + 1
    again = descend(learning_rate=1e-9, steps=found.steps, method="adam")
    assert same_bits(found, again) or len(found.path) != len(again.path)
    assert numbers(found).tobytes() == numbers(again).tobytes()


# -- what cannot be used ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": -1.0},
        {"learning_rate": float("nan")},
        {"steps": -1},
        {"steps": 1.5},
        {"batch": 0},
        {"seed": -1},
        {"clip": 0.0},
        {"holdout": 1.0},
        {"holdout": 0.001},
        {"weight_decay": -0.1},
        {"method": "adm"},
        {"schedule": "cos"},
        {"backend": "tpu"},
        {"checkpoint": "no/such/folder/run"},
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused(options):
    with pytest.raises(ArgumentError):
        descend(**options)


def test_a_nan_in_the_data_is_named_with_its_row():
    y = Y.copy()
    y[16] = np.nan
    with pytest.raises(DataError, match=r"data\[1\] is nan in row 17"):
        gw.descend(loss, START, (X, y))


def test_a_loss_that_is_not_finite_at_the_start_names_node_and_row():
    with pytest.raises(DataError, match="at the start") as caught:
        gw.descend(lambda w, x: np.sum(np.log(w * x)), 1.0, np.array([1.0, 2.0, -3.0]))
    assert "row 3" in str(caught.value) and "log" in str(caught.value)


def test_other_mistakes():
    with pytest.raises(ShapeError):
        gw.descend(lambda w: w * 2, np.ones(3))
    with pytest.raises(ArgumentError, match="no parameters"):
        gw.descend(lambda w: 1.0, {})
    with pytest.raises(ArgumentError, match="no rows"):
        gw.descend(lambda w: w**2, 1.0, batch=2)
    with pytest.raises(ArgumentError, match="no parameter"):
        gw.descend(lambda w: np.abs(w) ** 2, 1j)
    with pytest.raises(ArgumentError, match="the schedule gives nan for step 0"):
        gw.descend(lambda w: w**2, 1.0, schedule=lambda k, n: float("nan"))
    r = np.random.default_rng(0)
    with pytest.raises(NotRepeatableError):
        gw.descend(lambda w: w**2 + r.normal(), 1.0)


# -- schedules and batches --------------------------------------------------------------------------------------------


def test_schedules_are_what_they_say():
    assert schedules.factors("step", 0, 6, 6) == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    assert schedules.factors("cosine", 0, 10, 10)[5] == pytest.approx(0.5)
    assert schedules.factors("warm-up", 0, 20, 20)[:3] == pytest.approx([0.5, 1, 1])
    assert schedules.factors(lambda k, n: k / n, 2, 4, 4) == [0.5, 0.75]


def test_every_row_is_used_once_in_a_pass():
    found = gw.descend(
        lambda w, x: np.sum(w * x), np.zeros(1), np.arange(1.0, 8.0), batch=3, steps=3, learning_rate=1.0, seed=4
    )
    assert found.params[0] == -28.0


def test_a_seed_gives_the_same_path_and_another_seed_another():
    one, same, other = (descend(batch=8, steps=50, seed=s, learning_rate=0.01) for s in (1, 1, 2))
    assert same_bits(one, same)
    assert not same_bits(one, other)


# -- many workers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [None, 20])
def test_the_path_does_not_depend_on_the_number_of_workers(batch):
    paths = []
    for workers in (1, 2, 5):
        with ThreadPoolExecutor(workers) as executor:
            paths.append(descend(executor=executor, steps=40, learning_rate=0.05, batch=batch))
    assert same_bits(paths[0], paths[1]) and same_bits(paths[0], paths[2])
    alone = descend(steps=40, learning_rate=0.05, batch=batch)
    np.testing.assert_allclose(paths[0].path, alone.path, rtol=1e-10)


def test_other_processes_give_the_same_bits_as_threads():
    # Fresh processes: another test may have loaded what does not take to forking.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        apart = descend(executor=executor, steps=10, learning_rate=0.05)
    with ThreadPoolExecutor(1) as executor:
        here = descend(executor=executor, steps=10, learning_rate=0.05)
    assert same_bits(apart, here)


def test_dask_gives_the_same_bits_with_one_worker_and_with_two():
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    paths = []
    for workers in (1, 2):
        options = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
        with distributed.Client(processes=False, **options) as client:
            paths.append(descend(executor=client.get_executor(), steps=5, learning_rate=0.05))
    assert same_bits(*paths)


def test_a_sum_is_split_as_a_sum_and_what_is_neither_is_refused():
    with ThreadPoolExecutor(2) as executor:
        found = gw.descend("sum((x*w - y)^2)", {"w": 0.0}, {"x": X[:, 0], "y": Y}, executor=executor, steps=20)
        alone = gw.descend("sum((x*w - y)^2)", {"w": 0.0}, {"x": X[:, 0], "y": Y}, steps=20)
        np.testing.assert_allclose(found.params["w"], alone.params["w"], rtol=1e-9)
        with pytest.raises(ArgumentError, match="cannot be split"):
            gw.descend("sqrt(sum((x*w - y)^2))", {"w": 0.0}, {"x": X[:, 0], "y": Y}, executor=executor)


# -- checkpoints ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"batch": 7}, {"schedule": "cosine"}, {"batch": 7, "holdout": 0.2}], ids=str)
@pytest.mark.parametrize("method", ["gd", "adam"])
def test_a_run_that_is_continued_ends_with_the_same_bits(method, options, tmp_path, monkeypatch):
    settings = {"steps": 230, "method": method, "learning_rate": 0.01, **options}
    whole = descend(**settings)
    file = tmp_path / "run"

    class Killed(Exception):
        pass

    from gradwork.descent import checkpoint as module
    from gradwork.descent import loop

    monkeypatch.setattr(loop, "SAVE_EVERY", -1.0)
    count, real = [0], module.save

    def save_and_die(*args):
        real(*args)
        count[0] += 1
        if count[0] == 4:
            raise Killed

    monkeypatch.setattr(module, "save", save_and_die)
    with pytest.raises(Killed):
        descend(**settings, checkpoint=file)
    found = descend(**settings, checkpoint=file)
    assert same_bits(whole, found)
    assert (whole.reason, whole.held_out) == (found.reason, found.held_out)


def test_a_process_that_is_killed_is_continued(tmp_path):
    file, script = tmp_path / "run", tmp_path / "run.py"
    script.write_text(
        "import sys, numpy as np, gradwork as gw\n"
        "from gradwork.descent import loop\n"
        "loop.SAVE_EVERY = 0.01\n"
        "x = np.linspace(-1, 1, 50); y = np.sin(3 * x)\n"
        "f = gw.descend(lambda p, x, y: np.mean((np.tanh(np.outer(x, p[0]) + p[1]) @ p[2] - y) ** 2),\n"
        "    [np.linspace(-2, 2, 5), np.linspace(1, -1, 5), np.ones(5)], (x, y), learning_rate=0.01,\n"
        "    steps=20_000, method='adam', progress=False, checkpoint=sys.argv[1] if sys.argv[1:] else None)\n"
        "print(f.reason, f.path[-1].tobytes().hex(), f.losses.tobytes().hex()[-4000:])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(gw.__file__).parents[1])}
    command = [sys.executable, str(script)]
    whole = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    running = subprocess.Popen([*command, str(file)], env=environment, stdout=subprocess.DEVNULL)
    while not file.exists() and running.poll() is None:
        time.sleep(0.01)
    running.kill()
    running.wait()
    again = subprocess.run([*command, str(file)], env=environment, check=True, capture_output=True, text=True).stdout
    assert again == whole


def test_another_constant_inside_the_loss_is_another_run(tmp_path):
    gw.descend(lambda w: (w - 2.0) ** 2, 1.0, learning_rate=0.1, steps=3, checkpoint=tmp_path / "run")
    with pytest.raises(DataError, match="another run"):
        gw.descend(lambda w: (w - 3.0) ** 2, 1.0, learning_rate=0.1, steps=3, checkpoint=tmp_path / "run")


def test_a_damaged_file_and_one_of_another_run_are_refused(tmp_path):
    file = tmp_path / "run"
    descend(steps=20, learning_rate=0.01, checkpoint=file)
    content = file.read_bytes()
    with pytest.raises(DataError, match="another run"):
        descend(steps=20, learning_rate=0.02, checkpoint=file)
    file.write_bytes(content[:-10])
    with pytest.raises(DataError, match="damaged"):
        descend(steps=20, learning_rate=0.01, checkpoint=file)
    file.write_bytes(b"hello")
    with pytest.raises(DataError, match="no checkpoint"):
        descend(steps=20, learning_rate=0.01, checkpoint=file)


def test_more_steps_go_on_where_it_ended(tmp_path):
    file = tmp_path / "run"
    descend(steps=20, learning_rate=0.01, checkpoint=file)
    more = descend(steps=50, learning_rate=0.01, checkpoint=file)
    assert same_bits(more, descend(steps=50, learning_rate=0.01))


# -- the page ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", BY_FORMULA)
def test_the_numbers_of_a_worked_step_are_the_runs_own(method):
    found = descend(method=method, learning_rate=0.01, steps=5, work=2, every=4)
    assert [step.number for step in found.worked] == [1, 2, 4]
    for step in found.worked:
        assert step.loss == found.losses[step.number - 1]
        assert np.append(step.after[0], step.after[1]).tolist() == found.path[step.number].tolist()
    assert "Step 2" in str(found)


@pytest.mark.parametrize("method", BY_FORMULA)
def test_the_rule_is_printed_from_the_formula_that_is_run(method):
    printed = str(gw.descend("w^2", {"w": 1.0}, method=method, learning_rate=0.1, steps=2, work=1))
    for name in method_named(method).lines:
        assert name.split("_")[-1] in printed
    assert method_named(method).source


@pytest.mark.parametrize("name", ["plain", "terminal", "html", "json", "latex"])
def test_the_page_goes_into_every_format(name):
    assert descend(steps=5, work=1).to(name)
    assert gw.descend("w^2", {"w": 1.0}, learning_rate=9.0, work=1).to(name)


def test_a_plot_needs_matplotlib():
    found = descend(steps=5)
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtraError):
            found.plot()
    else:
        assert found.plot().axes


def test_a_formula_as_loss_can_be_sent():
    from gradwork.descent.problem import problem_of

    problem = problem_of("mean((x*w - y)^2)", {"w": 0.0}, {"x": X[:, 0], "y": Y}, "numpy")
    assert pickle.loads(pickle.dumps(problem.f))({"w": 0.0}, X[:, 0], Y) == pytest.approx(np.mean(Y**2))
