"""Points at which other tools give NaN, a wrong number or one that depends on the order of equal entries.

Each case has the function, the point and the gradient that is right there: by a limit, by the convention of the house
(docs/decisions, conventions at corners), or because nothing comes back from nothing.
"""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import gradwork as gw
from gradwork.gradients.contract.nudges import nudged
from gradwork.graph.op import REGISTER

inf, nan = np.inf, np.nan


def point(*numbers):
    return np.array(numbers, float)


def weighed(f):
    """The sum of the results of `f`, with weights 1, 2, 3, ..."""
    return lambda x: np.sum(f(x) * np.arange(1.0, np.size(f(x)) + 1))


CASES = {
    # What is not chosen brings nothing, however steep it is.
    "a square root that is not chosen": (lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0)), point(0, 4), [0, 0.25]),
    "a square root beside 0 x": (lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0 * x)), point(0, 4), [0, 0.25]),
    "a logarithm that is not chosen": (lambda x: np.sum(np.where(x > 0, np.log(x), 0)), point(0, 4), [0, 0.25]),
    "x log x that is not chosen": (lambda x: np.sum(np.where(x > 0, x * np.log(x), 0)), point(0, 1), [0, 1]),
    "a quotient that is not chosen": (
        lambda x: np.sum(np.where(x == 0, 1, np.sin(x) / x)),
        point(0, np.pi),
        [0, -1 / np.pi],
    ),
    "a reciprocal that is not chosen": (lambda x: np.sum(np.where(x == 0, 0, x * (1 / x))), point(0, 2), [0, 0]),
    "an arccosine that is not chosen": (
        lambda x: np.sum(np.where(np.abs(x) < 1, np.arccos(x), 0)),
        point(1, 0),
        [0, -1],
    ),
    "a power that is not chosen": (lambda x: np.sum(np.where(x > 0, x**-1.5, 0)), point(0, 1), [0, -1.5]),
    "a missing number that is passed over": (lambda x: np.nansum(x), point(nan, 2), [0, 1]),
    "a missing number in a mean": (lambda x: np.nanmean(x**2), point(nan, 2, 3), [0, 2, 3]),
    "a missing number in a spread": (lambda x: np.nanvar(x), point(nan, 1, 3), [0, -1, 1]),
    # Lengths and spreads of 0 have no direction.
    "norm at the origin": (np.linalg.norm, point(0, 0), [0, 0]),
    "norm of rows, one of them 0": (
        lambda x: np.sum(np.linalg.norm(x, axis=1)),
        np.array([[0.0, 0], [3, 4]]),
        [[0, 0], [0.6, 0.8]],
    ),
    "standard deviation of equal values": (np.std, point(2, 2, 2), [0, 0, 0]),
    "variance of equal values": (np.var, point(2, 2, 2), [0, 0, 0]),
    "absolute value at 0": (lambda x: np.sum(np.abs(x)), point(0, -2), [0, -1]),
    "hypot at the origin": (lambda x: np.hypot(x[0], x[1]), point(0, 0), [0, 0]),
    "arctan2 at the origin": (lambda x: np.arctan2(x[0], x[1]), point(0, 0), [0, 0]),
    "the angle of 0": (lambda x: np.angle(x[0] + 1j * x[1]), point(0, 0), [0, 0]),
    "range of equal values": (np.ptp, point(1, 1, 1), [0, 0, 0]),
    # Products with zeros.
    "product with one zero": (np.prod, point(0, 2, 3), [6, 0, 0]),
    "product with two zeros": (np.prod, point(0, 0, 3), [0, 0, 0]),
    "products of rows with zeros": (
        lambda x: np.sum(np.prod(x, axis=1)),
        np.array([[0.0, 2], [3, 4]]),
        [[2, 0], [4, 3]],
    ),
    "running product with one zero": (weighed(np.cumprod), point(2, 0, 3, 4), [1, 2 * 2 + 3 * 6 + 4 * 24, 0, 0]),
    "running product with two zeros": (weighed(np.cumprod), point(2, 0, 0, 4), [1, 4, 0, 0]),
    # Ties are shared, whatever the order.
    "largest of a tie": (np.max, point(2, 2, 1), [0.5, 0.5, 0]),
    "smallest of a tie": (np.min, point(2, 1, 1), [0, 0.5, 0.5]),
    "largest of three equal rows": (lambda x: np.sum(np.max(x, axis=0)), np.ones((3, 1)), [[1 / 3]] * 3),
    "sorting a tie": (weighed(np.sort), point(2, 2, 1), [2.5, 2.5, 1]),
    "median of equal values": (np.median, point(1, 1, 1), [1 / 3] * 3),
    "median between two that are equal": (np.median, point(1, 2, 2, 5), [0, 0.5, 0.5, 0]),
    "quantile of equal values": (lambda x: np.quantile(x, 0.5), point(1, 1, 1), [1 / 3] * 3),
    "the top quantile is the largest": (lambda x: np.quantile(x, 1.0), point(2, 2, 1), [0.5, 0.5, 0]),
    "maximum of x and 0 at 0": (lambda x: np.sum(np.maximum(x, 0)), point(0, 1), [0.5, 1]),
    "minimum of x and 0 at 0": (lambda x: np.sum(np.minimum(x, 0)), point(0, -1), [0.5, 1]),
    "relu at 0": (lambda x: np.sum(gw.relu(x)), point(0, 1), [0, 1]),
    "clip at both edges": (lambda x: np.sum(np.clip(x, 0, 1)), point(0, 0.5, 1, 2), [1, 1, 1, 0]),
    "maximum with a missing number": (lambda x: np.fmax(x[0], x[1]), point(nan, 2), [0, 1]),
    # Powers at 0.
    "x to the 0 at 0": (lambda x: np.sum(x**0), point(0, 2), [0, 0]),
    "x to the 0.0 at 0": (lambda x: np.sum(x**0.0), point(0, 2), [0, 0]),
    "x to the 1 at 0": (lambda x: np.sum(x**1), point(0, 2), [1, 1]),
    "x squared at 0": (lambda x: np.sum(x**2), point(0, 2), [0, 4]),
    "x cubed at 0": (lambda x: np.sum(x**3), point(0, -2), [0, 12]),
    "x to several powers at 0": (lambda x: np.sum(x ** np.array([0, 1, 2, 3])), point(0, 0, 0, 0), [0, 1, 0, 0]),
    "x to the traced 2 at 0": (lambda x: x[0] ** x[1], point(0, 2), [0, 0]),
    "x to the traced 1 at 0": (lambda x: x[0] ** x[1], point(0, 1), [1, 0]),
    "0 to the 0, both traced: the exponent falls off a cliff": (lambda x: x[0] ** x[1], point(0, 0), [0, -inf]),
    "a root, squared again, at 0": (lambda x: np.sum(np.sqrt(x) ** 2), point(0, 4), [0, 1]),
    # Infinities.
    "logaddexp of two infinities": (lambda x: np.logaddexp(x[0], x[1]), point(inf, inf), [0.5, 0.5]),
    "logaddexp of nothing and nothing": (lambda x: np.logaddexp(x[0], x[1]), point(-inf, -inf), [0, 0]),
    "logaddexp of something and nothing": (lambda x: np.logaddexp(x[0], x[1]), point(1, -inf), [1, 0]),
    "logaddexp of infinity and something": (lambda x: np.logaddexp(x[0], x[1]), point(inf, 0), [1, 0]),
    "logsumexp of nothing": (gw.logsumexp, point(-inf, -inf), [0, 0]),
    "logsumexp of rows, one of them nothing": (
        lambda x: np.sum(np.where([True, False], gw.logsumexp(x, axis=1), 0)),
        np.array([[0.0, 0], [-inf, -inf]]),
        [[0.5, 0.5], [0, 0]],
    ),
    "logsumexp of large numbers": (gw.logsumexp, point(1000, 1000), [0.5, 0.5]),
    "softmax of large numbers": (lambda x: gw.softmax(x)[0], point(1000, 1000), [0.25, -0.25]),
    "log_softmax of numbers far apart": (lambda x: gw.log_softmax(x)[1], point(1000, -1000), [-1, 1]),
    "softmax of a masked entry": (lambda x: gw.softmax(x)[1], point(-inf, 0, 0), [0, 0.25, -0.25]),
    "sigmoid far out": (lambda x: np.sum(gw.sigmoid(x)), point(-1000, 0, 1000), [0, 0.25, 0]),
    "softplus far out": (lambda x: np.sum(gw.softplus(x)), point(-1000, 0, 1000), [0, 0.5, 1]),
    "sinc at 0": (lambda x: np.sum(np.sinc(x)), point(0, 1), [0, -1]),
    # What is used twice, and what is equal but not the same.
    "an input used twice": (lambda x: np.sum(x * x + x), point(3, 0), [7, 1]),
    "an entry picked twice": (lambda x: np.sum(x[[0, 0, 1]] ** 2), point(3, 1), [12, 2]),
    "two entries that are equal": (lambda x: x[0] * x[1] ** 2, point(2, 2), [4, 8]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_right_gradient(name):
    f, x, expected = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        value, slope = gw.value_and_grad(f)(x.copy())
        plain = f(x.copy())
    assert np.array_equal(value, plain, equal_nan=True)
    assert np.allclose(slope, expected, rtol=1e-12, atol=1e-15)


# Going forward, infinity is met before the zero that it is multiplied with: there is no slope then, and it is said so.
INFINITE_ON_THE_WAY = ["a root, squared again, at 0"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", INFINITE_ON_THE_WAY)
def test_infinity_times_zero_is_no_number_going_forward(name):
    f, x, _ = CASES[name]
    assert np.isnan(gw.jvp(f, (x,), (np.ones_like(x),))[1])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", [name for name in CASES if name not in INFINITE_ON_THE_WAY])
def test_forward_and_back_agree(name):
    f, x, expected = CASES[name]
    for k in range(x.size):
        if not np.isfinite(np.ravel(expected)[k]):
            continue
        direction = np.zeros(x.size)
        direction[k] = 1.0
        _, moved = gw.jvp(f, (x.copy(),), (direction.reshape(x.shape),))
        assert np.allclose(moved, np.ravel(expected)[k], rtol=1e-12, atol=1e-15)


def test_what_stands_still_brings_nothing_forward_either():
    at, still = point(0, 4), point(0, 1)
    assert gw.jvp(np.sqrt, (at,), (still,))[1].tolist() == [0, 0.25]
    with np.errstate(all="ignore"):
        assert gw.jvp(np.log, (at,), (still,))[1].tolist() == [0, 0.25]
        assert gw.jvp(lambda x: x * np.log(x), (at,), (still,))[1].tolist() == [0, np.log(4) + 1]


def test_a_tie_does_not_know_the_order_of_its_entries():
    x = point(2, 1, 2, 0, 1, 2)
    for f in (np.max, np.min, np.median, weighed(np.sort), np.ptp, lambda x: np.quantile(x, 0.4)):
        slope = gw.grad(f)(x)
        for order in list(itertools.permutations(range(6)))[::37]:
            assert np.allclose(gw.grad(f)(x[list(order)]), slope[list(order)])


def test_two_inputs_with_equal_values_stay_apart():
    x = point(1, 2)
    one, two = gw.grad(lambda a, b: np.sum(a * b**2), wrt=(0, 1))(x, x.copy())
    assert one.tolist() == [1, 4]
    assert two.tolist() == [2, 8]
    one, two = gw.grad(lambda a, b: np.sum(a * b**2), wrt=(0, 1))(x, x)
    assert (one.tolist(), two.tolist()) == ([1, 4], [2, 8])
    assert gw.grad(lambda a, b: a * b + a, wrt=(0, 1))(3.0, 3.0) == (4.0, 3.0)


def test_curvatures_at_such_points():
    assert gw.grad(gw.grad(np.sinc))(0.0) == pytest.approx(-(np.pi**2) / 3)
    assert gw.grad(gw.grad(np.sinc))(1e-9) == pytest.approx(-(np.pi**2) / 3)
    assert gw.grad(gw.grad(lambda x: x**2))(0.0) == 2.0
    assert gw.grad(gw.grad(lambda x: x**1))(0.0) == 0.0
    assert gw.hessian(np.prod)(point(0, 2, 3)).tolist() == [[0, 3, 2], [3, 0, 0], [2, 0, 0]]
    assert gw.hessian(np.prod)(point(0, 0, 3)).tolist() == [[0, 3, 0], [3, 0, 0], [0, 0, 0]]
    assert np.all(gw.hessian(np.linalg.norm)(point(0, 0)) == 0)
    assert np.allclose(gw.hessian(gw.logsumexp)(point(1000, 1000)), [[0.25, -0.25], [-0.25, 0.25]])
    assert np.all(gw.hessian(np.std)(point(1, 1)) == 0)


SHAPES = [(), (1,), (3,), (2, 1), (1, 3), (2, 3), (4, 1, 1), (0,), (2, 0), (1, 0), (4, 2, 1)]
PAIRS = [
    pair
    for pair in itertools.product(SHAPES, repeat=2)
    if not any(m != n and 1 not in (m, n) for m, n in zip(reversed(pair[0]), reversed(pair[1]), strict=False))
]


@pytest.mark.parametrize("shapes", PAIRS, ids=str)
@pytest.mark.parametrize(
    "function", [np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.arctan2, np.logaddexp, np.hypot]
)
def test_broadcasting_of_every_pair_of_shapes(function, shapes):
    arrays = [
        (1.3 + np.cos(np.arange(np.prod(s, dtype=int)) * (k + 1.75) + k) / 2).reshape(s)[()]
        for k, s in enumerate(shapes)
    ]
    size = np.shape(function(*arrays))
    weights = np.cos(np.arange(np.prod(size, dtype=int)) + 1).reshape(size)

    def number(*operands):
        return np.sum(weights * function(*operands))

    for slope, measured in zip(gw.grad(number, wrt=(0, 1))(*arrays), nudged(number, arrays), strict=True):
        assert np.shape(slope) == np.shape(measured)
        assert np.allclose(slope, measured, rtol=1e-7, atol=1e-9)


SINGLE = [
    np.sin,
    np.exp,
    np.sum,
    np.mean,
    np.std,
    np.prod,
    np.median,
    np.sort,
    np.cumsum,
    np.linalg.norm,
    gw.softmax,
    gw.logsumexp,
    np.sinc,
]


@pytest.mark.parametrize("function", SINGLE, ids=lambda f: f.__name__)
def test_float32_stays_float32(function):
    x = np.array([0.7, 1.3, 2.1], np.float32)
    value, slope = gw.value_and_grad(lambda x: np.sum(function(x)))(x)
    assert (np.asarray(value).dtype, slope.dtype) == (np.sum(function(x)).dtype, np.float32)
    assert gw.grad(lambda x: np.sum(2 * function(x) * 1.5 + 1))(x).dtype == np.float32


def test_whole_numbers_are_taken_as_floats():
    for f in (np.sum, np.prod, np.max, np.median, np.std, lambda x: np.sum(x**2), lambda x: np.sum(np.sort(x))):
        whole, real = gw.grad(f)(np.array([3, 1, 2])), gw.grad(f)(np.array([3.0, 1.0, 2.0]))
        assert whole.dtype == np.float64
        assert np.array_equal(whole, real)


def test_zero_wins_over_infinity_in_every_function_of_two():
    """Multiplied with 0 afterwards, nothing comes back, also where a slope is infinite."""
    for op in REGISTER:
        if op.elementwise and op.differentiable and op.arity == 1:
            for x in (0.0, 1.0):
                with np.errstate(all="ignore"):
                    value = op.function(np.float64(x))
                if not np.isfinite(value) or np.iscomplexobj(value) or np.asarray(value).dtype.kind != "f":
                    continue
                with np.errstate(all="ignore"):
                    slope = gw.vjp(lambda x, op=op: op.answers[0](x), x)[1](0.0)[0]
                assert slope == 0, (op.name, x)
