"""Vectors that are known, stacked into a table: the values stay, and calls of NumPy go."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.descent.method import method_named
from gradwork.descent.problem import problem_of
from gradwork.descent.written_loop import loop_of
from gradwork.graph.run import run
from gradwork.lowering.compiled_form import compiled_form
from gradwork.lowering.stacked import MOST_ENTRIES, stacked

NUMBERS = ("a", "b", "c")


def ops(graph):
    return [node.op for node in graph.nodes]


def line(p, x, y):
    return np.mean((x * p["a"] + p["b"] - y) ** 2)


def text_of(loss, start, data, method="gd"):
    return loop_of(problem_of(loss, start, data, "numpy"), method_named(method), 0.0, None).text


# -- sums that hypothesis makes up ------------------------------------------------------------------------------------

vectors = st.sampled_from(["x", "y", "x*x"])
values = st.one_of(st.sampled_from(NUMBERS), st.sampled_from(["2", "-0.5", "3*a", "a*b"]))
terms = st.one_of(
    st.builds("{}*{}".format, values, vectors),
    st.builds("{}*({} - {})".format, values, vectors, values),
    st.builds("-{}".format, vectors),
    vectors,
    values,
)
sums = st.lists(st.tuples(st.sampled_from("+-"), terms), min_size=2, max_size=6).map(
    lambda parts: "0*a" + "".join(f" {sign} ({term})" for sign, term in parts)
)


@settings(max_examples=80, deadline=None)
@given(first=sums, second=sums, rows=st.sampled_from([16, 23]), method=st.sampled_from(["gd", "adam"]))
def test_whatever_is_added_up_the_loop_takes_the_plain_steps(first, second, rows, method):
    random = np.random.default_rng(rows)
    data = {"x": random.normal(size=rows), "y": random.normal(size=rows)}
    start = {"a": 0.3, "b": -0.2, "c": 0.7}
    loss = f"mean(({first})^2) + 0.1*mean(tanh({second})^2) + 0.01*(a^2 + b^2 + c^2)"
    options = {"learning_rate": 0.003, "steps": 12, "method": method, "progress": False, "moments": False}
    problem = problem_of(loss, start, data, "numpy")
    found = gw.descend(loss, start, data, **options)
    single = problem.one_step(method_named(method), 0.0, None)
    leaves, states = problem.start, [[np.float64(0.0) for _ in found.method.states] for _ in problem.start]
    for k in range(found.steps):
        value, _, leaves, states = single(leaves, states, 0.003, float(k + 1), *problem.data)
        assert found.losses[k] == pytest.approx(float(value), rel=1e-10, abs=1e-13)
        np.testing.assert_allclose(found.path[k + 1], leaves, rtol=1e-8, atol=1e-10)


@settings(max_examples=60, deadline=None)
@given(first=sums, second=sums)
def test_the_values_of_the_graph_stay(first, second):
    x, y = np.random.default_rng(1).normal(size=(2, 20))
    formula = f"sum(({first})^2) + sum(x*({second})) + sum({second}) + 0*(a + b + c)"
    problem = problem_of(formula, {"a": 0.3, "b": -0.2, "c": 0.7}, {"x": x, "y": y}, "numpy")
    program = problem.gradient_program(problem.data)
    values = [v for v, taken in zip([*problem.start, *problem.data], program.slots.taken, strict=True) if taken]
    plain = compiled_form(program.graph)
    made = stacked(plain, plain.graph.inputs[3:])
    for one, other in zip(run(plain.graph, values).outputs, run(made.graph, values).outputs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


# -- where it is done -------------------------------------------------------------------------------------------------


def test_a_line_is_two_products_a_step():
    x = np.linspace(0, 1, 100)
    text = text_of(line, {"a": 0.0, "b": 0.0}, (x, x))
    assert text.count(".dot(") == 2 and "np_" not in text


def test_a_parabola_is_two_products_a_step():
    x = np.linspace(0, 1, 100)
    text = text_of("mean((a*x^2 + b*x + c - y)^2)", {"a": 0.0, "b": 0.0, "c": 0.0}, {"x": x, "y": x})
    assert text.count(".dot(") == 2 and "np_" not in text


@pytest.mark.parametrize(("rows", "has_tables"), [(MOST_ENTRIES // 3, True), (MOST_ENTRIES // 3 + 1, False)])
def test_tables_that_a_blas_would_split_over_its_threads_are_not_made(rows, has_tables):
    x = np.linspace(0, 1, rows)
    assert ("table" in text_of(line, {"a": 0.0, "b": 0.0}, (x, x))) == has_tables


def test_what_is_as_quick_without_a_table_gets_none():
    graph = gw.trace(lambda w, x: np.sum(np.tanh(x * w)), 0.5, np.arange(20.0))
    form = compiled_form(graph)
    assert stacked(form, form.graph.inputs[1:]) is form


def test_a_vector_that_changes_in_the_loop_is_in_no_table_of_known_ones():
    graph = gw.trace(lambda w, b, x: np.sum(np.cos(np.tanh(x * w) * b + x - b)), 0.5, 0.1, np.arange(20.0))
    made = stacked(compiled_form(graph), compiled_form(graph).graph.inputs[2:])
    assert "stack" not in ops(made.graph)


def test_batches_change_in_each_step_and_are_in_no_table():
    x = np.linspace(0, 1, 200)
    run_ = gw.descend(line, {"a": 0.0, "b": 0.0}, (x, x), batch=50, learning_rate=0.1, steps=20)
    assert run_.how == "program" and np.all(np.isfinite(run_.losses))


def test_a_program_that_is_kept_fills_its_tables_with_each_run_s_data():
    random = np.random.default_rng(0)
    options = {"learning_rate": 0.05, "steps": 30, "moments": False}
    for _ in range(4):
        x, y = random.normal(size=(2, 60))
        found = gw.descend(line, {"a": 0.1, "b": 0.0}, (x, y), **options)
        again = gw.descend(line, {"a": 0.1, "b": 0.0}, (x[::-1].copy(), y[::-1].copy()), **options)
        error = x * found.params["a"] + found.params["b"] - y
        assert found.losses[-1] == pytest.approx(float(np.mean(error**2)), rel=1e-12)
        np.testing.assert_allclose(found.path, again.path, rtol=1e-11)
        first = gw.descend(line, {"a": 0.1, "b": 0.0}, (x, y), **options)
        assert first.path.tobytes() == found.path.tobytes()


def test_numbers_that_grow_out_of_bounds_end_as_they_did():
    x = np.linspace(-1, 1, 50)
    found = gw.descend(line, {"a": 0.0, "b": 0.0}, (x, 3 * x), learning_rate=1e200, steps=30, moments=False)
    assert found.reason == "diverged"


@pytest.mark.parametrize(
    "vector",
    [
        lambda x, a, b: np.concatenate([a * x[:10], b * x[10:]]),
        lambda x, a, b: np.where(x > 0, a * x, b * x),
        lambda x, a, b: np.sort(a * x + b * x**2),
        lambda x, a, b: (a * x + b)[::-1],
        lambda x, a, b: np.cumsum(a * x) + b,
        lambda x, a, b: np.outer(x, np.ones(2)) @ np.array([1.0, 2.0]) * a + b,
        lambda x, a, b: np.maximum(a * x, b),
        lambda x, a, b: np.tanh(a * x + b),
        lambda x, a, b: np.stack([a * x, b * x]).sum(axis=0),
        lambda x, a, b: np.full(30, 1.0) * a + b * x,
        lambda x, a, b: a * x - (b - (x - a)),
        lambda x, a, b: -(a * x) + b / 2 - x * b * a * 3,
    ],
)
@pytest.mark.parametrize("method", ["gd", "adam"])
def test_several_sums_over_a_vector_are_those_of_the_plain_steps(vector, method):
    x = np.random.default_rng(5).normal(size=30)
    c = np.linspace(-1, 1, 30)

    def loss(p, x, c):
        v = vector(x, p["a"], p["b"])
        return np.sum(v**2) / 30 + 0.1 * np.sum(v * c) + 0.05 * np.sum(v) + 0.02 * np.sum(v * x)

    start, options = {"a": 0.4, "b": -0.3}, {"method": method, "learning_rate": 0.01, "steps": 15, "moments": False}
    found = gw.descend(loss, start, (x, c), **options)
    problem = problem_of(loss, start, (x, c), "numpy")
    single = problem.one_step(method_named(method), 0.0, None)
    leaves, states = problem.start, [[np.float64(0.0) for _ in found.method.states] for _ in problem.start]
    for k in range(15):
        value, _, leaves, states = single(leaves, states, 0.01, float(k + 1), x, c)
        assert found.losses[k] == pytest.approx(float(value), rel=1e-11, abs=1e-13)
        np.testing.assert_allclose(found.path[k + 1], leaves, rtol=1e-9, atol=1e-12)


def test_a_loss_of_many_rows_in_halves_has_its_tables_too():
    x = np.random.default_rng(6).normal(size=3000)
    loss = lambda p, x: np.mean(np.exp(-np.tanh(p["a"] * x + p["b"] - 2 * x)) ** 2) + p["a"] ** 2  # noqa: E731
    found = gw.descend(loss, {"a": 0.5, "b": 0.1}, (x,), learning_rate=0.01, steps=10)
    value, slopes = gw.value_and_grad(lambda p: loss(p, x))({"a": 0.5, "b": 0.1})
    assert found.losses[0] == pytest.approx(float(value), rel=1e-12)
    assert found.path[1][0] == pytest.approx(0.5 - 0.01 * float(slopes["a"]), rel=1e-12)


# -- matrices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [1, 3, 6, 12])
@pytest.mark.parametrize("method", ["gd", "momentum", "adam"])
@pytest.mark.parametrize(
    "predicted",
    [
        lambda p, x, z: x @ p["w"] + p["b"],
        lambda p, x, z: p["b"] - x @ p["w"],
        lambda p, x, z: 2.0 * (x @ p["w"]) + z * p["b"],
        lambda p, x, z: x @ p["w"] + x[:, ::-1] @ p["w"] + p["b"] * p["b"] * z,
        lambda p, x, z: p["b"] * (x @ p["w"]) + z,
        lambda p, x, z: x @ (p["w"] * p["b"]) + z - p["b"],
        lambda p, x, z: np.tanh(x @ p["w"] + p["b"] - z),
    ],
)
def test_columns_of_a_matrix_are_in_the_table_too(predicted, columns, method):
    random = np.random.default_rng(columns)
    x, z, y = random.normal(size=(50, columns)), random.normal(size=50), random.normal(size=50)
    loss = lambda p, x, z, y: np.mean((predicted(p, x, z) - y) ** 2)  # noqa: E731
    start, options = {"w": 0.1 * np.ones(columns), "b": 0.3}, {"learning_rate": 0.01, "steps": 12, "moments": False}
    found = gw.descend(loss, start, (x, z, y), method=method, **options)
    problem = problem_of(loss, start, (x, z, y), "numpy")
    single = problem.one_step(method_named(method), 0.0, None)
    leaves = problem.start
    states = [[0 * np.asarray(leaf) for _ in found.method.states] for leaf in leaves]
    for k in range(12):
        value, _, leaves, states = single(leaves, states, 0.01, float(k + 1), x, z, y)
        assert found.losses[k] == pytest.approx(float(value), rel=1e-11)
        np.testing.assert_allclose(found.path[k + 1], np.concatenate([np.ravel(v) for v in leaves]), rtol=1e-9)


def test_a_plane_is_two_products_and_two_calls_a_step():
    x = np.random.default_rng(0).normal(size=(100, 3))
    text = text_of(lambda p, x, y: np.mean((x @ p["w"] + p["b"] - y) ** 2), {"w": np.zeros(3), "b": 0.0}, (x, x[:, 0]))
    assert text.count(".dot(") == 2 and text.count("np_") == 1
