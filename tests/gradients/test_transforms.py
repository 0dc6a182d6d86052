"""The functions of functions: structures, dtypes, shapes, and what they say when something does not fit."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ArgumentError, ShapeError

X = np.array([0.7, -1.3, 2.1])
Pair = namedtuple("Pair", "left right")


@dataclass
class Params:
    W: np.ndarray
    b: float
    name: str = "layer"
    rest: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Frozen:
    a: float
    b: float


def test_a_gradient_has_its_arguments_structure():
    params = Params(
        np.ones((2, 2)), 1.0, rest={"scale": 2.0, "label": "x", "none": None, "pair": Pair(1.0, (2.0, [3.0]))}
    )

    def f(p):
        left, (middle, (right,)) = p.rest["pair"]
        return np.sum(p.W**2) * p.b + p.rest["scale"] * left * middle * right

    slopes = gw.grad(f)(params)
    assert isinstance(slopes, Params)
    assert np.array_equal(slopes.W, 2 * np.ones((2, 2)))
    assert slopes.b == 4.0
    assert slopes.rest["scale"] == 6.0
    assert slopes.rest["pair"] == Pair(12.0, (6.0, [4.0]))
    assert slopes.rest["label"] is None and slopes.rest["none"] is None and slopes.name is None


def test_structures_of_all_kinds():
    assert gw.grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 3.0}) == {"a": 3.0, "b": 2.0}
    found = gw.grad(lambda p: p["a"] * p["b"])(OrderedDict(a=2.0, b=3.0))
    assert found == OrderedDict(a=3.0, b=2.0) and isinstance(found, OrderedDict)
    assert gw.grad(lambda p: p[0] * p[1])((2.0, 3.0)) == (3.0, 2.0)
    assert gw.grad(lambda p: p[0] * p[1])([2.0, 3.0]) == [3.0, 2.0]
    assert gw.grad(lambda p: p.left * p.right)(Pair(2.0, 3.0)) == Pair(3.0, 2.0)
    assert gw.grad(lambda p: p.a * p.b)(Frozen(2.0, 3.0)) == Frozen(3.0, 2.0)
    assert gw.grad(lambda p: p[0]["w"] ** 2)([{"w": 3.0, "unused": X}])[0]["unused"].tolist() == [0.0, 0.0, 0.0]


def test_dtypes_and_shapes():
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        x = np.array([1.0, 2.0], dtype)
        value, slopes = gw.value_and_grad(lambda x: np.sum(x**2) / 2)(x)
        assert (value.dtype, slopes.dtype) == (dtype, dtype)
    mixed = gw.grad(lambda a, b: np.sum(a * b), wrt=(0, 1))(np.float32(2.0), np.array([1.0, 2.0]))
    assert mixed[0].dtype == np.float32 and mixed[1].dtype == np.float64
    assert gw.grad(lambda x: np.sum(x**2))(np.array(3.0)).shape == ()
    assert gw.grad(lambda x: np.sum(x**2))(np.zeros((0, 3))).shape == (0, 3)
    assert gw.grad(lambda x: np.sum(x) ** 2)(np.ones((1, 1, 1))).shape == (1, 1, 1)
    assert gw.grad(lambda x: np.array([x**2]))(3.0) == 6.0  # one number, also in brackets


def test_gradients_of_one_call_do_not_share_memory():
    first, second = gw.grad(lambda a, b: np.sum(a + b), wrt=(0, 1))(X, X)
    assert not np.shares_memory(first, second)
    first[0] = 100.0
    assert second[0] == 1.0
    value, pullback = gw.vjp(lambda x: x, X)
    value[0] = 100.0
    assert X[0] == 0.7
    g = np.ones(3)
    assert not np.shares_memory(pullback(g)[0], g)


def test_jacobian():
    def f(x):
        return np.array([x[0] * x[1], x[2] ** 2])

    expected = np.array([[X[1], X[0], 0], [0, 0, 2 * X[2]]])
    assert np.allclose(gw.jacobian(f)(X), expected)
    assert np.allclose(gw.jacobian(lambda t: np.outer(X, X) * t**2)(3.0), 6 * np.outer(X, X))  # few inputs: forwards
    assert gw.jacobian(lambda x: x.reshape(1, 3) * 2)(X).shape == (1, 3, 3)
    assert gw.jacobian(lambda x: x[:0])(X).shape == (0, 3)
    assert gw.jacobian(lambda x: 5.0)(X).tolist() == [0.0, 0.0, 0.0]
    trees = gw.jacobian(lambda p: {"s": p["a"] * p["b"], "t": p["a"] ** 2})({"a": X, "b": 2.0})
    assert np.allclose(trees["s"]["a"], 2 * np.eye(3)) and np.allclose(trees["s"]["b"], X)
    assert np.allclose(trees["t"]["a"], np.diag(2 * X)) and np.allclose(trees["t"]["b"], 0)
    both = gw.jacobian(lambda a, b: a * b, wrt=(0, 1))(X, 2.0)
    assert np.allclose(both[0], 2 * np.eye(3)) and np.allclose(both[1], X)


def test_hessian():
    table = gw.hessian(lambda x: x[0] ** 2 * x[1] + np.exp(x[2]))(X)
    assert np.allclose(table, [[2 * X[1], 2 * X[0], 0], [2 * X[0], 0, 0], [0, 0, np.exp(X[2])]])
    blocks = gw.hessian(lambda a, b: np.sum(a**2) * b, wrt=(0, 1))(X, 2.0)
    assert np.allclose(blocks[0][0], 4 * np.eye(3)) and np.allclose(blocks[0][1], 2 * X)
    assert np.allclose(blocks[1][0], 2 * X) and blocks[1][1] == 0.0
    assert gw.hessian(lambda x: 3 * x)(2.0) == 0.0


def test_vjp_and_jvp():
    value, pullback = gw.vjp(lambda x, w, note: {"y": x * w, "z": w**2}, X, 3.0, "note")
    assert np.allclose(value["y"], 3 * X) and value["z"] == 9.0
    slopes = pullback({"y": np.array([1.0, 10.0, 100.0]), "z": 1.0})
    assert np.allclose(slopes[0], [3.0, 30.0, 300.0])
    assert slopes[1] == pytest.approx(X @ [1, 10, 100] + 6)
    assert slopes[2] is None
    value, moved = gw.jvp(lambda p: p["a"] * p["b"], ({"a": 2.0, "b": 3.0},), ({"a": 1.0, "b": 10.0},))
    assert (value, moved) == (6.0, 23.0)
    assert gw.jvp(lambda x, w: x * w, (2.0, 3.0), (None, 1.0))[1] == 2.0
    assert gw.vjp(lambda x, power: x**power, 3.0, kwargs={"power": 2})[1](1.0) == (6.0,)
    assert gw.jvp(lambda x, power: x**power, (3.0,), (1.0,), kwargs={"power": 2}) == (9.0, 6.0)
    _, back = gw.vjp(lambda x: (x, x), 2.0)
    assert back((1.0, 10.0)) == (11.0,)
    _, back = gw.vjp(lambda x: {"a": x, "b": 2 * x}, 3.0)
    assert back({"b": 1.0, "a": 10.0}) == (12.0,)  # dicts go by their keys
    assert gw.jvp(lambda p: p["a"] * p["b"], ({"a": 2.0, "b": 3.0},), ({"b": 10.0, "a": 1.0},))[1] == 23.0


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: gw.vjp(lambda x: x, X)[1](np.ones(2)), ShapeError),
        (lambda: gw.vjp(lambda x: x, X)[1]((X, X)), ArgumentError),
        (lambda: gw.vjp(lambda x: x, X)[1]("text"), ArgumentError),
        (lambda: gw.jvp(lambda x: x, (X,), (np.ones(2),)), ShapeError),
        (lambda: gw.jvp(lambda x: x, (X,), (X, X)), ArgumentError),
        (lambda: gw.jvp(lambda x: x[0], ((X, X),), ((X,),)), ShapeError),
        (lambda: gw.hessian(lambda x: x)(X), ShapeError),
    ],
)
def test_what_does_not_fit(call, kind):
    with pytest.raises(kind):
        call()


def test_elementwise_grad():
    assert np.allclose(gw.elementwise_grad(np.sin)(X), np.cos(X))
    assert np.allclose(gw.elementwise_grad(gw.elementwise_grad(np.sin))(X), -np.sin(X))


def test_they_keep_the_functions_name():
    def loss(w):
        return w

    assert gw.grad(loss).__name__ == "loss"
    assert "gradient of loss" in gw.grad(loss).__doc__
    assert "x^2" in gw.grad("x^2").__doc__


def test_formulas_stand_where_functions_do():
    assert gw.grad("x^2*y", wrt=("x", "y"))(x=3.0, y=2.0) == (12.0, 9.0)
    assert gw.grad("x^2*y")(3.0, 2.0) == 12.0
    assert gw.jacobian("x*y", wrt="x")(x=X, y=2.0).tolist() == (2 * np.eye(3)).tolist()
    assert gw.jvp("x^2", (3.0,), (1.0,)) == (9.0, 6.0)


# -- complex numbers --------------------------------------------------------------------------------------------------


def wirtinger(f, z):
    """dL/dx - i dL/dy, measured."""
    h, z = 1e-6, np.complex128(z)
    across, up = (f(z + h) - f(z - h)) / (2 * h), (f(z + 1j * h) - f(z - 1j * h)) / (2 * h)
    return across - 1j * up


@pytest.mark.parametrize(
    "f",
    [
        lambda z: np.abs(z) ** 2,
        lambda z: np.abs(z),
        lambda z: np.real(z**3),
        lambda z: np.imag(np.exp(z)),
        lambda z: np.angle(z),
        lambda z: np.real(z * np.conj(z) ** 2),
        lambda z: z.real * z.imag,
        lambda z: np.linalg.norm(z * np.array([1.0, 2j])),
        lambda z: np.var(z * np.array([1.0, 2j, 3.0])),
        lambda z: np.abs(np.sum(np.array([[1.0, 1j], [2.0, 1.0]]) @ np.stack([z, z**2]))),
        lambda z: np.real(np.where(np.abs(z) > 0, z, 0)),
        lambda z: (z * np.float64(1.0)).conj().real,
        lambda z: np.real(np.vdot(z * np.ones(2), z * np.array([1.0, 1j]))),
    ],
)
def test_complex_arguments(f):
    z = 0.6 - 1.1j
    slope = gw.grad(f)(z)
    assert slope.dtype == np.complex128
    assert slope == pytest.approx(wirtinger(f, z), rel=1e-6)
    _, moved = gw.jvp(f, (z,), (0.3 + 0.4j,))
    assert moved == pytest.approx((slope * (0.3 + 0.4j)).real, rel=1e-9)


def test_a_real_argument_of_complex_steps_has_a_real_slope():
    def f(x):
        return np.abs(np.exp(1j * x) + 2.0) ** 2

    slope = gw.grad(f)(0.7)
    assert slope.dtype == np.float64
    assert slope == pytest.approx(-4 * np.sin(0.7))
    assert gw.grad(lambda x: np.sum((x * (1 + 2j)).real))(X).dtype == np.float64
    assert gw.grad(gw.grad(f))(0.7) == pytest.approx(-4 * np.cos(0.7))
