"""Programs are kept from one descent to the next, for a loss of the same graph; never for another one."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.descent import called, written_loop
from gradwork.descent.batches import Batches
from gradwork.descent.loop import Plan, begin, take_steps
from gradwork.descent.method import method_named
from gradwork.descent.problem import problem_of
from gradwork.gradients import compile as compile_module
from gradwork.lowering import numpy_program

LINE = "mean((x*w + b - y)^2)"


def forget():
    written_loop.LOOPS.found.clear()
    called.FORMULAS.found.clear()
    compile_module._PROGRAMS.found.clear()


def rows(seed, count=30):
    random = np.random.default_rng(seed)
    x = random.normal(size=count)
    return {"x": x, "y": 2 * x + random.normal(size=count)}


def descended(loss, start, data, **options):
    return gw.descend(loss, start, data, learning_rate=0.05, steps=60, progress=False, moments=False, **options)


def same(one, other):
    assert one.losses.tobytes() == other.losses.tobytes()
    assert one.path.tobytes() == other.path.tobytes()
    assert one.reason == other.reason and one.how == other.how


def line(p, x, y):
    return np.mean((x * p["w"] + p["b"] - y) ** 2)


def scaled(p, x, y):
    return np.mean(((x - np.mean(x)) / np.std(x) * p["w"] + p["b"] - y) ** 2) + 0.01 * p["w"] ** 2


def net(p, x, y):
    return np.mean((np.tanh(np.outer(x, p["v"]) + p["c"]) @ p["u"] - y) ** 2)


def relu_of_data(p, x, y):
    return np.mean((np.where(x > 0, x, 0.0) * p["w"] + p["b"] - y) ** 2)


SMALL = {"w": 0.5, "b": 0.1}
NET = {"v": np.array([0.3, -0.2, 0.5]), "c": np.zeros(3), "u": np.array([0.1, 0.2, 0.3])}


@pytest.mark.parametrize("count", [3, 30, 300])
@pytest.mark.parametrize(
    ("loss", "start"), [(LINE, SMALL), (line, SMALL), (scaled, SMALL), (relu_of_data, SMALL), (net, NET)]
)
@pytest.mark.parametrize("options", [{}, {"method": "adam"}, {"batch": 2}])
def test_a_kept_program_gives_the_bits_of_one_made_anew(loss, start, count, options):
    forget()
    alone = descended(loss, start, rows(2, count), **options)
    forget()
    first = descended(loss, start, rows(1, count), **options)
    second = descended(loss, start, rows(2, count), **options)
    third = descended(loss, start, rows(1, count), **options)
    same(second, alone)
    same(third, first)


@pytest.mark.parametrize("loss", [LINE, line])
def test_a_second_model_of_the_same_shape_writes_no_program(loss, monkeypatch):
    forget()
    descended(loss, SMALL, rows(1))
    written = []
    real = numpy_program.compiled_text
    for module in (written_loop, numpy_program):
        monkeypatch.setattr(module, "compiled_text", lambda *a: written.append(a[1]) or real(*a))
    made = []
    monkeypatch.setattr(written_loop, "_Writer", lambda *a: made.append(a))
    found = descended(loss, {"w": 1.0, "b": 2.0}, rows(5))
    assert found.how == "program" and not written and not made


def test_what_a_loss_reaches_and_what_stands_in_the_data_is_never_of_before():
    forget()
    scale = [1.0]

    def weighted(p, x, y):
        return scale[0] * line(p, x, y)

    one = descended(weighted, SMALL, rows(1))
    scale[0] = 3.0
    assert descended(weighted, SMALL, rows(1)).losses[0] == pytest.approx(3 * one.losses[0])
    for factor in (1.0, 2.0):
        found = descended("mean((x*w*k + b - y)^2)", SMALL, {**rows(1), "k": factor})
        x, y = rows(1).values()
        assert found.losses[0] == pytest.approx(np.mean((x * 0.5 * factor + 0.1 - y) ** 2))
    for labels in ([0, 1, 2] * 10, [2, 2, 1] * 10):
        found = descended(
            lambda p, k, y: np.mean((p[k] - y) ** 2), np.array([0.0, 1.0, 2.0]), (np.array(labels), rows(1)["y"])
        )
        assert found.losses[0] == pytest.approx(np.mean((np.array(labels) - rows(1)["y"]) ** 2))
    for dtype in (np.float64, np.float32, int):
        found = descended(LINE, SMALL, {k: (10 * v).astype(dtype) for k, v in rows(1).items()})
        x, y = ((10 * v).astype(dtype) for v in rows(1).values())
        assert found.losses[0] == pytest.approx(np.mean((x * 0.5 + 0.1 - y) ** 2), rel=1e-5)


def test_an_operation_of_the_users_own_is_that_of_the_moment():
    forget()
    scale = [1.0]
    for factor in (2.0, 5.0):
        gw.op(lambda a, k=factor: k * a, lambda y, a, k=factor: k, name="kept_times")
        gw.op(lambda a: a * scale[0], lambda y, a: scale[0], name="kept_scaled")
        for scale[0] in (1.0, 3.0):
            found = descended("mean((kept_times(kept_scaled(x*w)) + b - y)^2)", SMALL, rows(1))
            x, y = rows(1).values()
            assert found.losses[0] == pytest.approx(np.mean((x * 0.5 * factor * scale[0] + 0.1 - y) ** 2))
            expected = 0.5 - 0.05 * np.mean(2 * (x * 0.5 * factor * scale[0] + 0.1 - y) * x * factor * scale[0])
            assert found.path[1, 0] == pytest.approx(expected)


def test_settings_make_programs_of_their_own():
    forget()
    plain = descended(line, SMALL, rows(1))
    for options in ({"weight_decay": 0.1}, {"clip": 0.01}, {"method": "nesterov"}, {"batch": 4}):
        assert not np.array_equal(descended(line, SMALL, rows(1), **options).path, plain.path)
    same(descended(line, SMALL, rows(1)), plain)


def test_descents_at_the_same_time_do_not_meet():
    forget()
    alone = [descended(LINE, SMALL, rows(seed, 200)) for seed in range(6)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: descended(LINE, SMALL, rows(seed, 200)), list(range(6)) * 4))
    for k, found in enumerate(together):
        same(found, alone[k % 6])


def test_a_result_goes_on_with_its_own_data():
    forget()
    first = descended(LINE, SMALL, rows(1))
    descended(LINE, SMALL, rows(2))
    (step,) = first.work([30])
    assert step.loss == first.losses[30]
    np.testing.assert_array_equal(np.ravel([float(v) for v in step.before]), first.path[30])
    same(first.again(0.05, 60), first)


def test_data_are_not_kept_with_the_program():
    forget()
    data = rows(1, 500)
    seen = [weakref.ref(value) for value in data.values()]
    found = descended(LINE, SMALL, data)
    del data, found
    gc.collect()
    assert [ref() for ref in seen] == [None, None]
    assert written_loop.LOOPS.found


def test_no_more_programs_are_kept_than_there_is_room_for():
    forget()
    for count in range(3, 3 + written_loop.LOOPS.most + 5):
        gw.descend(LINE, SMALL, rows(1, count), learning_rate=0.05, steps=2, progress=False, moments=False)
    assert len(written_loop.LOOPS.found) == written_loop.LOOPS.most


# -- data of every kind -----------------------------------------------------------------------------------------------

PIECES = {
    "mean of a column": lambda p, x, y, k: np.mean((x - np.mean(x)) * p["w"]) + p["b"] ** 2,
    "masked": lambda p, x, y, k: np.sum(np.where(x > y, x, 0.0) * p["w"] ** 2) / 9,
    "table": lambda p, x, y, k: np.mean((np.stack([x, y, x * y], axis=1) @ p["v"] + p["b"]) ** 2),
    "picked": lambda p, x, y, k: np.mean((p["v"][k] - y) ** 2),
    "largest": lambda p, x, y, k: np.max(x) * p["w"] ** 2 + np.logaddexp(0.0, p["b"]),
    "outer": lambda p, x, y, k: np.mean(np.tanh(np.outer(x, p["v"])) ** 2 * np.exp(-(y**2))[:, None]),
    "sorted": lambda p, x, y, k: np.mean((np.sort(x) * p["w"] - y[::-1]) ** 2),
    "weights": lambda p, x, y, k: np.sum(np.abs(x) * (p["w"] * y - p["b"]) ** 2) / np.sum(np.abs(x)),
}
KINDS = {
    "as it is": lambda a: a,
    "every second": lambda a: np.repeat(a, 2)[::2],
    "backwards": lambda a: a[::-1].copy()[::-1],
    "a column of a table": lambda a: np.column_stack([a, a])[:, 1],
    "read only": lambda a: np.frombuffer(a.tobytes()),
    "single": lambda a: a.astype(np.float32),
    "whole numbers": lambda a: np.round(4 * a).astype(int),
}


@settings(max_examples=120, deadline=None)
@given(
    chosen=st.lists(st.sampled_from(sorted(PIECES)), min_size=1, max_size=3, unique=True),
    kind=st.sampled_from(sorted(KINDS)),
    then=st.sampled_from(sorted(KINDS)),
    method=st.sampled_from(["gd", "momentum", "adam"]),
    count=st.sampled_from([2, 7, 40]),
    twin=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_any_data_take_the_plain_steps_with_a_kept_program(chosen, kind, then, method, count, twin, seed):
    def loss(p, x, y, k):
        return sum(PIECES[name](p, x, y, k) for name in chosen) + 0.1 * (
            p["w"] ** 2 + p["b"] ** 2 + np.sum(p["v"] ** 2)
        )

    def data(seed, kind):
        random = np.random.default_rng(seed)
        x = KINDS[kind](random.normal(size=count))
        return x, x if twin else KINDS[kind](random.normal(size=count)), random.integers(0, 3, size=count)

    start = {"w": 0.3, "b": -0.2, "v": np.array([0.1, -0.4, 0.2])}
    rule = method_named(method)

    def taken(given, plainly=False):
        problem = problem_of(loss, start, given, "numpy")
        step = problem.one_step(rule, 0.0, None) if plainly else problem.step(rule, 0.0, None)
        if not plainly:
            step.through_moments = False
        state = begin(problem, rule)
        take_steps(Plan(problem, rule, 0.02, 12, Batches(problem, None, 0), step), state)
        return np.array(state.losses), state.path.numbers()

    forget()
    first, second = data(seed, kind), data(seed + 1, then)
    taken(first)
    losses, points = taken(second)
    expected, plain = taken(second, plainly=True)
    np.testing.assert_allclose(losses, expected, rtol=1e-5 if then == "single" else 1e-9)
    np.testing.assert_allclose(points, plain, rtol=1e-5, atol=1e-5 if then == "single" else 1e-9)
    forget()
    alone = taken(second)
    assert losses.tobytes() == alone[0].tobytes() and points.tobytes() == alone[1].tobytes()
