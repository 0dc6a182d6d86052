"""Laws that hold for every function: three ways agree, slopes go with their inputs, nothing is remembered."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import arrays, formulas, functions, shape_pairs

import gradwork as gw
from gradwork.gradients.contract.nudges import nudged
from gradwork.graph.trace import trace_call

X = np.array([[0.53, -1.27, 2.11], [1.61, 1.09, 0.27]])
quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = ("x", "y", "z")
POINT = {"x": 0.7, "y": -1.3, "z": 2.1}


def bound(formula):
    return {name: POINT[name] for name in NAMES if name in formula.replace("exp", "")}


@quick
@given(formulas())
def test_back_forward_and_nudges_agree_on_formulas(formula):
    names = bound(formula)
    assume(names)
    graph = gw.trace(formula, **names)
    order = graph.input_names
    back = gw.grad(formula, wrt=order)(**names)
    measured = nudged(lambda *v: graph.run(*v).outputs[0], [np.float64(names[n]) for n in order])
    assert np.allclose(back, measured, rtol=1e-5, atol=1e-6)
    for k, name in enumerate(order):
        _, forward = gw.jvp(lambda v, name=name: graph_of(formula, {**names, name: v}), (names[name],), (1.0,))
        assert forward == pytest.approx(back[k], rel=1e-9, abs=1e-12)


def graph_of(formula, names):
    """The formula's value, with traced values among its names: as a function inside a function."""
    from gradwork.graph.formula import parse_program
    from gradwork.graph.trace import as_called

    called = as_called(parse_program(formula))
    return called(_Anywhere(), (), names)


class _Anywhere:
    mark = None
    names: dict[int, str] = {}


@quick
@given(functions())
@pytest.mark.filterwarnings("ignore")
def test_back_forward_and_nudges_agree_on_functions_of_arrays(drawn):
    _, f = drawn
    try:
        value = f(X)
    except (ValueError, IndexError):
        with pytest.raises((ValueError, IndexError)):
            gw.grad(f)(X)
        return
    traced_value, slopes = gw.value_and_grad(f)(X)
    assert traced_value == pytest.approx(value, rel=1e-13)
    (measured,) = nudged(f, [X], 2e-4)
    assert np.allclose(slopes, measured, rtol=1e-4, atol=1e-5 * max(1, np.max(np.abs(measured))))
    direction = np.arange(1.0, 7.0).reshape(2, 3) / 5
    _, moved = gw.jvp(f, (X,), (direction,))
    assert moved == pytest.approx(np.sum(slopes * direction), rel=1e-9, abs=1e-9)


@quick
@given(formulas(), arrays((2,)), arrays((2,)), st.floats(-2, 2))
def test_pullbacks_are_linear(formula, first, second, factor):
    names = bound(formula)
    assume(names)
    order = list(names)

    def f(a):
        return graph_of(formula, {n: a * (k + 1) for k, n in enumerate(order)}) * np.ones(2)

    _, pullback = gw.vjp(f, np.array([0.4, -0.6]))
    (both,), (one,), (other,) = pullback(first + factor * second), pullback(first), pullback(second)
    assert np.allclose(both, one + factor * other, rtol=1e-10, atol=1e-10)


@quick
@given(formulas(), st.permutations(NAMES))
def test_permuting_inputs_permutes_gradients(formula, order):
    names = bound(formula)
    assume(names)
    order = tuple(n for n in order if n in names)
    together = gw.grad(formula, wrt=order)(**names)
    # What is not asked for stays plain numbers, whose powers Python may round another way in the last digit.
    one_by_one = [gw.grad(formula, wrt=n)(**names) for n in order]
    np.testing.assert_allclose(together, one_by_one, rtol=1e-12, atol=1e-300)


@quick
@given(functions())
@pytest.mark.filterwarnings("ignore")
def test_tracing_changes_no_value_and_no_argument(drawn):
    _, f = drawn
    x = X.copy()
    try:
        plain = f(x)
    except (ValueError, IndexError):
        return
    traced = trace_call(f, [x])
    assert np.allclose(traced.values[traced.outputs[0]], plain, rtol=1e-14, atol=0)
    assert np.allclose(traced.graph.run(x).outputs[0], plain, rtol=1e-14, atol=0)
    assert np.array_equal(x, X)


@quick
@given(shape_pairs(), st.data())
def test_broadcasting(pair, data):
    a, b = data.draw(arrays(pair[0])), data.draw(arrays(pair[1]))
    weights = np.cos(np.arange((a * b).size)).reshape(np.shape(a * b))
    slopes = gw.grad(lambda a, b: np.sum(weights * (a * b + a)), wrt=(0, 1))(a, b)
    expected = summed(weights * (b + 1), np.shape(a)), summed(weights * a, np.shape(b))
    for slope, right in zip(slopes, expected, strict=True):
        assert np.shape(slope) == np.shape(right)
        assert np.allclose(slope, right)


def summed(slopes, shape):
    slopes = slopes.sum(axis=tuple(range(np.ndim(slopes) - len(shape))))
    return slopes.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


# -- nothing is remembered, nothing is merged -------------------------------------------------------------------------


def test_inputs_used_twice():
    assert gw.grad(lambda x: x * x + x)(3.0) == 7.0
    assert gw.grad(lambda x: (lambda y: y * y)(x + x))(3.0) == 24.0


def test_equal_inputs_are_two_inputs():
    x = np.array([1.0, 2.0])
    first, second = gw.grad(lambda a, b: np.sum(a**2 * b), wrt=(0, 1))(x, x)
    assert first.tolist() == [2.0, 8.0]
    assert second.tolist() == [1.0, 4.0]
    assert gw.trace(lambda a, b: a + b, 1.0, 1.0).inputs == (0, 1)


def test_a_second_call_gives_the_same():
    f = gw.grad(lambda x: np.sum(np.exp(np.sin(x) * x)))
    first = f(X)
    for _ in range(4):
        assert np.array_equal(f(X), first)
    first[...] = 0  # what is handed out is the caller's own
    assert not np.array_equal(f(X), first)


SCALE = 2.0
WEIGHTS = np.array([1.0, 2.0, 3.0])


def test_what_lies_around_the_function_is_read_at_every_call(monkeypatch):
    offset = [1.0]
    random = np.random.default_rng(7)
    noise = []

    def f(x, power=2):
        noise.append(random.normal())
        return np.sum(WEIGHTS * (x + offset[0]) ** power) * SCALE * noise[-1]

    gradient = gw.grad(f)
    x = np.array([0.5, 1.0, 1.5])

    def check(weights, off, scale, power=2):
        expected = weights * power * (x + off) ** (power - 1) * scale * noise[-1]
        assert np.allclose(gradient_now, expected)

    for _ in range(3):
        gradient_now = gradient(x)
        check(WEIGHTS, 1.0, 2.0)
    offset[0] = 3.0
    gradient_now = gradient(x)
    check(WEIGHTS, 3.0, 2.0)
    monkeypatch.setitem(globals(), "SCALE", -5.0)
    gradient_now = gradient(x)
    check(WEIGHTS, 3.0, -5.0)
    WEIGHTS[1] = 20.0
    gradient_now = gradient(x)
    check(np.array([1.0, 20.0, 3.0]), 3.0, -5.0)
    WEIGHTS[1] = 2.0
    f.__defaults__ = (3,)
    gradient_now = gradient(x)
    check(WEIGHTS, 3.0, -5.0, 3)
    assert len(set(noise)) == len(noise)


# -- again and again --------------------------------------------------------------------------------------------------


def test_gradients_of_gradients():
    f = np.sin
    expected = [np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin, np.cos]
    for right in expected:
        f = gw.grad(f)
        assert f(0.7) == pytest.approx(right(0.7), rel=1e-12)


@quick
@given(formulas(("x",), 3))
def test_third_slopes(formula):
    assume("x" in formula.replace("exp", ""))

    def f(x):
        return graph_of(formula, {"x": x}) * 1.0

    second = gw.grad(gw.grad(f))
    (measured,) = nudged(second, [np.float64(0.4)])
    assert gw.grad(second)(0.4) == pytest.approx(measured, rel=1e-4, abs=1e-4 * max(1.0, abs(measured)))


def test_every_pair_of_transformations():
    weights = np.array([[1.0, -2.0], [0.5, 3.0]])

    def loss(x):
        return np.sum(np.tanh(weights @ x) ** 2) * x[0]

    x, v = np.array([0.3, -0.7]), np.array([1.0, 0.5])
    gradient = gw.grad(loss)
    ways = {
        "jacobian of grad": lambda: gw.jacobian(gradient)(x) @ v,
        "hessian": lambda: gw.hessian(loss)(x) @ v,
        "jacobian of jacobian": lambda: gw.jacobian(gw.jacobian(loss))(x) @ v,
        "forward over back": lambda: gw.jvp(gradient, (x,), (v,))[1],
        "back over forward": lambda: gw.grad(lambda x: gw.jvp(loss, (x,), (v,))[1])(x),
        "back over back": lambda: gw.grad(lambda x: np.sum(gw.vjp(loss, x)[1](1.0)[0] * v))(x),
        "pullback of grad": lambda: gw.vjp(gradient, x)[1](v)[0],
        "forward over forward": lambda: np.array(
            [gw.jvp(lambda x, e=e: gw.jvp(loss, (x,), (e,))[1], (x,), (v,))[1] for e in np.eye(2)]
        ),
        "value_and_grad": lambda: gw.jacobian(lambda x: gw.value_and_grad(loss)(x)[1])(x) @ v,
        "elementwise": lambda: gw.jvp(gw.elementwise_grad(loss), (x,), (v,))[1],
    }
    expected = nudged(gradient, [x])[0] @ v
    for name, way in ways.items():
        assert np.allclose(way(), expected, rtol=1e-6), name


def test_a_gradient_inside_the_loss():
    def penalty(w, x):
        return gw.grad(lambda x: np.tanh(w * x))(x) ** 2

    f = gw.grad(penalty)
    (measured,) = nudged(lambda w: penalty(w, 0.4), [np.float64(1.3)])
    assert f(1.3, 0.4) == pytest.approx(measured, rel=1e-7)


def test_slopes_of_an_inner_function_do_not_mix_with_those_of_the_outer_one():
    assert gw.grad(lambda x: x * gw.grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert gw.grad(lambda x: x * gw.jvp(lambda y: x * y, (2.0,), (1.0,))[1])(3.0) == 6.0


# -- depth ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [1.0, np.ones(2)], ids=["number", "array"])
def test_fifty_thousand_steps(start):
    def grown(x):
        for _ in range(50_000):
            x = x + 0.0001 * x
        return np.sum(x)

    assert np.allclose(gw.grad(grown)(start), 1.0001**50_000, rtol=1e-9)


def test_a_chain_of_sines():
    def chain(x):
        for _ in range(50_000):
            x = np.sin(x)
        return x

    value, slope = gw.value_and_grad(chain)(1.0)
    x, expected = 1.0, 1.0
    for _ in range(50_000):
        expected *= np.cos(x)
        x = np.sin(x)
    assert value == x
    assert slope == pytest.approx(expected, rel=1e-9)


# -- kinks: what is chosen, as design.md promises ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "at", "slope"),
    [
        (gw.relu, 0.0, 0.0),
        (lambda x: np.maximum(x, 0), 0.0, 0.5),
        (lambda x: np.maximum(0, x), 0.0, 0.5),
        (np.abs, 0.0, 0.0),
        (lambda x: np.clip(x, 0, 1), 0.0, 1.0),
        (lambda x: np.clip(x, 0, 1), 1.0, 1.0),
        (lambda x: np.clip(x, 0, 1), 1.5, 0.0),
        (np.sqrt, 0.0, np.inf),
        (lambda x: 0 * np.sqrt(x), 0.0, 0.0),
        (lambda x: np.where(x > 0, np.sqrt(x), 0 * x), 0.0, 0.0),
        (lambda x: np.linalg.norm(x * np.ones(2)), 0.0, 0.0),
        (lambda x: np.std(x * np.ones(3)), 2.0, 0.0),
        (lambda x: x**2, 0.0, 0.0),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: x**1, 0.0, 1.0),
        (lambda x: x**0.5, 4.0, 0.25),
        (np.sign, 0.0, 0.0),
        (np.sinc, 0.0, 0.0),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_the_slope_at_a_corner(f, at, slope):
    assert gw.grad(f)(at) == slope


def test_ties_are_shared():
    assert gw.grad(np.max)(np.array([2.0, 2.0, 1.0])).tolist() == [0.5, 0.5, 0.0]
    assert gw.grad(np.min)(np.array([2.0, 1.0, 1.0])).tolist() == [0.0, 0.5, 0.5]
    assert gw.grad(np.prod)(np.array([0.0, 2.0, 3.0])).tolist() == [6.0, 0.0, 0.0]
    assert gw.grad(np.prod)(np.array([0.0, 0.0, 3.0])).tolist() == [0.0, 0.0, 0.0]
    assert gw.grad(lambda x: np.cumprod(x)[-1])(np.array([0.0, 2.0, 3.0])).tolist() == [6.0, 0.0, 0.0]


def test_infinite_and_missing_numbers_stay_where_they_are():
    x = np.array([1.0, np.nan, np.inf])
    slopes = gw.grad(lambda x: np.sum(x**2))(x)
    assert slopes[0] == 2.0 and np.isnan(slopes[1]) and np.isinf(slopes[2])
    assert gw.grad(lambda x: gw.softplus(x))(1000.0) == 1.0
    assert gw.grad(lambda x: gw.sigmoid(x))(-1000.0) == 0.0
    assert gw.grad(lambda x: gw.logsumexp(x))(np.array([1000.0, -1000.0])).tolist() == [1.0, 0.0]


def test_all_orders_of_wrt():
    f = gw.grad(lambda a, b, c: a * b**2 * c**3, wrt=(2, 0, 1))
    a, b, c = 2.0, 3.0, 5.0
    assert f(a, b, c) == (a * b**2 * 3 * c**2, b**2 * c**3, 2 * a * b * c**3)
    assert len(set(itertools.permutations(range(3)))) == 6
