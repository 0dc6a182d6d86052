"""Many directions at once: tables of slopes are those that one direction after the other gives, and come sooner."""

from __future__ import annotations

from typing import Any

import numpy as np
import programs
import pytest

import gradwork as gw
from gradwork.gradients import many
from gradwork.graph.tree import leaves_in

R = np.random.default_rng(0)
X, W, V = R.normal(size=(5, 4)), R.normal(size=(4, 3)), R.normal(size=4)
SQUARE = X[:4] @ X[:4].T + np.eye(4)

FUNCTIONS: dict[str, tuple[Any, Any]] = {
    "matrix times vector": (lambda v: X @ v, V),
    "vector times matrix": (lambda v: np.tanh(v @ W), V),
    "vector times vector": (lambda v: np.stack([v @ v, v @ X[0]]), V),
    "matrix times matrix": (lambda w: np.tanh(X @ w), W),
    "by both factors": (lambda x: x.T @ x, X),
    "stacks": (lambda w: np.matmul(np.stack([X, X + 1]), w), W),
    "stacks by both": (lambda x: np.matmul(np.stack([x, x * 2]), x.T), X),
    "sums over axes": (lambda x: np.sum(x**2, axis=0) / np.mean(x, axis=(0, 1), keepdims=True), X),
    "extremes": (lambda x: np.max(x, axis=1) * np.min(x) + np.prod(x, axis=1), X),
    "indices": (lambda x: x[[0, 0, 2]][:, ::2] * x[1, 3], X),
    "indices that stand apart": (lambda x: np.reshape(x, (5, 2, 2))[[0, 1], :, [1, 0]] ** 2, X),
    "a mask": (lambda x: np.exp(x[x > 0]), X),
    "writing": (lambda v: programs_write(v), V),
    "rearranging": (lambda x: np.concatenate([x.T, np.stack([x[0], x[1]], axis=1)], axis=1).reshape(-1) ** 2, X),
    "einsum": (lambda x: np.einsum("ij,kj->ik", x, x), X),
    "running": (lambda x: np.cumsum(np.cumprod(x, axis=0), axis=1), X),
    "sorting": (lambda x: np.sort(x, axis=0) * np.median(x), X),
    "norms": (lambda x: np.linalg.norm(x, axis=1) + np.std(x), X),
    "softmax": (lambda x: gw.softmax(x, axis=1) * gw.logsumexp(x), X),
    "solve": (lambda a: np.linalg.solve(a, V), SQUARE),
    "solve, right side": (lambda v: np.linalg.solve(SQUARE, v * v), V),
    "inverse": (lambda a: np.linalg.inv(a) @ a**2, SQUARE),
    "eigenvalues": (lambda a: np.linalg.eigvalsh(a), SQUARE),
    "Cholesky": (lambda a: np.linalg.cholesky(a), SQUARE),
    "Fourier": (lambda v: np.abs(np.fft.rfft(v)), V),
    "choices": (lambda x: np.where(x > 0, x**3, np.sin(x)) + np.maximum(x, 0), X),
    "one row to many": (lambda v: np.broadcast_to(v, (3, 4)) * np.arange(12.0).reshape(3, 4), V),
    "complex": (lambda v: np.exp(1j * v) * v, V),
    "single": (lambda x: np.array([np.sin(x), x**2]), 0.7),
    "float32": (lambda v: np.tanh(v * v), V.astype(np.float32)),
    "empty": (lambda x: x**2, np.zeros((0, 2))),
}


def programs_write(v: Any) -> Any:
    y = np.zeros(6)
    y[1:5] = v * 2
    y[[0, 5]] = v[:2] ** 2
    y += 1
    return y * y[1]


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "MOST_ENTRIES", 0)


def assert_same(got: Any, wanted: Any) -> None:
    for mine, theirs in zip(leaves_in(got), leaves_in(wanted), strict=True):
        assert (np.shape(mine), np.asarray(mine).dtype) == (np.shape(theirs), np.asarray(theirs).dtype)
        single = np.asarray(theirs).dtype == np.float32
        np.testing.assert_allclose(mine, theirs, rtol=1e-5 if single else 1e-12, atol=1e-6 if single else 1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_jacobian_is_that_of_one_direction_after_the_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    f, point = FUNCTIONS[name]
    at_once = gw.jacobian(f)(point)
    monkeypatch.setattr(many, "MOST_ENTRIES", 40)
    in_turns = gw.jacobian(f)(point)
    one_by_one(monkeypatch)
    wanted = gw.jacobian(f)(point)
    assert_same(at_once, wanted)
    assert_same(in_turns, wanted)


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in ("complex", "empty", "single")])
def test_a_hessian_is_that_of_one_direction_after_the_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    f, point = FUNCTIONS[name]

    def loss(x: Any) -> Any:
        y = f(x)
        return np.sum(y * np.sin(y))

    at_once = gw.hessian(loss)(point)
    one_by_one(monkeypatch)
    assert_same(at_once, gw.hessian(loss)(point))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_second_slopes_of_programs_as_people_write_them(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    f, args = programs.PROGRAMS[name]
    try:
        with monkeypatch.context() as patch:
            patch.setattr(many, "MOST_ENTRIES", 0)
            wanted = gw.hessian(f)(*args)
    except gw.GradworkError as error:
        with pytest.raises(type(error)):
            gw.hessian(f)(*args)
        return
    assert_same(gw.hessian(f)(*args), wanted)


def test_the_usual_functions_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("one direction after the other")

    monkeypatch.setattr(many, "_single", refuse)
    for name in ("matrix times matrix", "sums over axes", "indices", "einsum", "rearranging", "softmax", "norms"):
        f, point = FUNCTIONS[name]
        gw.jacobian(f)(point)
        gw.hessian(lambda x, f=f: np.sum(f(x) ** 2))(point)


def test_a_hessian_product_is_the_product_with_the_hessian() -> None:
    def loss(w: Any) -> Any:
        return np.sum(np.tanh(X @ w) ** 2) + np.sum(np.exp(-w * w))

    direction = R.normal(size=4)
    _, forward_over_back = gw.jvp(gw.grad(loss), (V,), (direction,))
    back_over_forward = gw.grad(lambda w: gw.jvp(loss, (w,), (direction,))[1])(V)
    back_over_back = gw.grad(lambda w: np.sum(gw.grad(loss)(w) * direction))(V)
    wanted = gw.hessian(loss)(V) @ direction
    for product in (forward_over_back, back_over_forward, back_over_back):
        np.testing.assert_allclose(product, wanted, rtol=1e-12)


def test_a_hessian_product_needs_no_hessian() -> None:
    w = np.full(200_000, 0.3)  # the whole table would take 320 GB
    _, product = gw.jvp(gw.grad(lambda w: np.sum(np.sin(w) * w[::-1])), (w,), (np.ones_like(w),))
    assert product.shape == w.shape


def test_slopes_of_many_points_need_no_loop() -> None:
    def losses(points: Any) -> Any:  # one loss a row
        return np.sum(np.tanh(points @ W) ** 2, axis=1)

    at_once = gw.elementwise_grad(losses)(X)
    for row, slopes in zip(X, at_once, strict=True):
        np.testing.assert_allclose(slopes, gw.grad(lambda x: losses(x[None])[0])(row), rtol=1e-12)
