"""Black boxes: one node, measured by nudging, labelled so; refused where that would not be the truth."""

from __future__ import annotations

import math
import pickle
import warnings

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ArgumentError, BlackBoxWarning, MissingRuleError, NotRepeatableError, TracedValueError

X = np.array([0.5, 1.2, 2.2])


def area(r):
    return math.pi * math.pow(r, 2)


AREA = gw.black_box(area)


def lengths(points):
    return np.array([math.hypot(*row) for row in points])


def parts(x, scale=1.0):
    """Several results, one of them a whole number."""
    return {"sorted": np.sort(x) * scale, "total": float(np.sum(x**2)), "count": len(x)}


# -- what it gives ----------------------------------------------------------------------------------------------------


def test_values_and_slopes():
    value, slope = gw.value_and_grad(lambda r: 3 * AREA(r) + r)(2.0)
    assert value == 3 * area(2.0) + 2.0
    assert slope == pytest.approx(12 * math.pi + 1, rel=1e-9)
    assert AREA(2.0) == area(2.0), "plain numbers go straight through"


def test_arrays():
    points = np.array([[3.0, 4.0], [1.0, 2.0], [-2.0, 0.5]])
    box = gw.black_box(lengths)
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    assert np.allclose(gw.grad(lambda p: np.sum(box(p * 2) ** 2))(points), 8 * points, rtol=1e-8)
    assert np.allclose(gw.grad(lambda p: box(p)[1])(points), [[0, 0], points[1] / norms[1], [0, 0]], atol=1e-9)
    exact = gw.jacobian(lambda p: np.linalg.norm(p, axis=1))(points)
    assert np.allclose(gw.jacobian(box)(points), exact, atol=1e-9)
    value, moved = gw.jvp(box, (points,), (np.ones((3, 2)),))
    assert np.allclose(moved, (points / norms).sum(axis=1), atol=1e-9)
    assert np.array_equal(value, lengths(points))


def test_structures_go_in_and_come_out():
    box = gw.black_box(lambda p, scale: parts(p["x"], scale))

    def f(p):
        found = box(p, scale=2.0)
        return found["sorted"] @ np.array([1.0, 10.0, 100.0]) + found["total"] * found["count"]

    x = np.array([1.2, 0.5, 2.2])
    slopes = gw.grad(f)({"x": x, "name": None})
    assert slopes["name"] is None
    assert np.allclose(slopes["x"], np.array([20.0, 2.0, 200.0]) + 6 * x, rtol=1e-8)


def test_single_precision_stays_so():
    box = gw.black_box(lambda x: np.sum(np.asarray(x) ** 3))
    slopes = gw.grad(lambda x: box(x))(X.astype(np.float32))
    assert slopes.dtype == np.float32
    assert np.allclose(slopes, 3 * X**2, rtol=1e-5)


def test_whole_numbers_have_no_slope_and_empty_arrays_none_to_measure():
    steps = gw.black_box(lambda x: np.floor(x).astype(int))
    assert gw.grad(lambda x: np.sum(steps(x) * x))(X).tolist() == [0.0, 1.0, 2.0]
    total = gw.black_box(lambda x, w: float(np.sum(x) * w))
    slopes = gw.grad(lambda x, w: total(x, w), wrt=(0, 1))(np.zeros(0), 2.0)
    assert slopes[0].shape == (0,) and slopes[1] == 0.0


def test_solvers_of_scipy():
    optimize = pytest.importorskip("scipy.optimize")
    integrate = pytest.importorskip("scipy.integrate")
    root = gw.black_box(lambda a: optimize.brentq(lambda z: z**3 + a * z - 2, -5, 5))
    z = root(1.0)
    assert gw.grad(lambda a: root(a) * 2)(1.0) == pytest.approx(-2 * z / (3 * z**2 + 1), rel=1e-7)
    area_under = gw.black_box(lambda a, b: integrate.quad(lambda t: math.exp(-a * t), 0, b)[0])
    slopes = gw.grad(lambda a, b: area_under(a, b), wrt=(0, 1))(1.5, 2.0)
    exact = ((math.exp(-3.0) * 4 - 1) / 1.5**2, math.exp(-3.0))
    assert np.allclose(slopes, exact, rtol=1e-7)


# -- how it is labelled -----------------------------------------------------------------------------------------------


def test_it_says_what_it_is():
    graph = gw.trace(lambda r: 3 * AREA(r), 2.0)
    assert "black_box(r, of=area)" in str(graph)
    assert graph.run(3.0).outputs == (3 * area(3.0),)
    page = str(gw.derive(lambda r: AREA(r) ** 2, 2.0))
    assert "by nudging, no rule" in page
    assert "slope of area(r)" in page


def test_a_graph_of_it_is_saved_with_its_function():
    again = pickle.loads(pickle.dumps(gw.trace(lambda r: 3 * AREA(r), 2.0)))
    assert again.run(1.0).outputs == (3 * area(1.0),)


def test_few_digits_are_warned_of():
    rough = gw.black_box(lambda x: math.sin(x) + 1e-5 * math.sin(1e7 * x))
    with pytest.warns(BlackBoxWarning, match="are known to"):
        gw.grad(lambda x: rough(x))(0.7)


# -- functions without a rule, and functions that cannot be followed -------------------------------------------------


@pytest.mark.parametrize("name", ["ber", "ellipkm1", "struve", "kei"])
def test_a_function_without_a_rule_is_measured_and_says_so(name):
    function = getattr(pytest.importorskip("scipy.special"), name)

    def f(x):
        return np.sum(X * (function(1.5, x) if function.nin == 2 else function(x / 4)))

    with pytest.warns(BlackBoxWarning, match=rf"{name} has no rule here.*test_black_box\.py") as said:
        slopes = gw.grad(f)(X)
    assert len(said) == 1
    step = 1e-5 * np.eye(3)
    assert np.allclose(slopes, [(f(X + s) - f(X - s)) / 2e-5 for s in step], rtol=1e-6)


def test_entry_by_entry_all_entries_are_nudged_at_once():
    special = pytest.importorskip("scipy.special")
    many = np.linspace(0.3, 9.0, 20_000)
    with pytest.warns(BlackBoxWarning):
        slopes = gw.grad(lambda x: np.sum(special.struve(1.0, x)))(many)
    exact = special.struve(0.0, many) - special.struve(1.0, many) / many
    assert np.allclose(slopes, exact, rtol=1e-8)


def test_a_function_that_needs_plain_numbers_becomes_one():
    def f(x):
        return math.sin(x[0]) * float(x[1]) + x[2] ** 2

    with pytest.warns(BlackBoxWarning, match=r"math.sin cannot take a traced value \(test_black_box.py:\d+\)"):
        value, slopes = gw.value_and_grad(f)(X)
    assert value == f(X)
    assert np.allclose(slopes, [math.cos(0.5) * 1.2, math.sin(0.5), 4.4], rtol=1e-8)


def test_not_where_many_slopes_would_have_to_be_measured():
    with pytest.raises(TracedValueError, match=r"math\.sin") as refused:
        gw.grad(lambda x: math.sin(x[0]))(np.ones(201))
    assert "gw.black_box" in refused.value.hint
    with pytest.raises(TracedValueError):
        gw.grad(lambda x: 2 * float(x[0]), wrt=0)(np.ones(201))


def test_a_black_box_may_stand_in_a_gradient_that_stands_in_another():
    def f(x):
        return x * gw.grad(lambda y: AREA(y) * y)(2.0)

    assert gw.grad(f)(3.0) == pytest.approx(3 * math.pi * 4, rel=1e-8)


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("second", [gw.hessian(AREA), gw.grad(gw.grad(lambda r: AREA(r) * r))])
def test_second_slopes_are_refused_and_not_zero(second):
    with pytest.raises(MissingRuleError, match="second slopes"):
        second(2.0)


def test_second_slopes_of_what_lies_around_it_are_there():
    assert gw.hessian(lambda r: 5 * r**2 + AREA(1.0) * r)(2.0) == 10.0
    with pytest.raises(MissingRuleError):
        gw.hessian(lambda r: r**2 * AREA(r))(2.0)


def test_a_traced_value_reached_by_closure_is_refused():
    for inside in (lambda x: gw.black_box(lambda y: y * x)(x), lambda x: gw.black_box(lambda y: y * math.sin(x))(x)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(ArgumentError, match="no argument of it"):
                gw.grad(inside)(2.0)


def test_what_is_no_function_of_numbers_is_refused():
    with pytest.raises(ArgumentError):
        gw.black_box(3.0)
    with pytest.raises(MissingRuleError, match="gives str"):
        gw.grad(lambda x: gw.black_box(str)(x))(2.0)
    with pytest.raises(MissingRuleError, match="complex"):
        gw.grad(lambda x: np.abs(AREA(x * 1j)))(2.0)
    with pytest.raises(MissingRuleError, match=r"np\.save"):
        gw.grad(lambda x: np.save("nowhere", x))(X)


def test_a_function_that_is_not_repeatable_is_refused():
    random = np.random.default_rng(0)
    with pytest.raises(NotRepeatableError):
        gw.grad(gw.black_box(lambda x: float(x) + random.normal()))(2.0)


def test_another_shape_beside_the_point_is_refused():
    box = gw.black_box(lambda x: np.ones(2 if x <= 1.0 else 3) * x)
    with pytest.raises(ArgumentError, match="another structure"):
        gw.trace(lambda x: np.sum(box(x)), 1.0).run(2.0)
