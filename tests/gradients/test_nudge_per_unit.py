"""Slopes from nudged units: what they take for granted is tested, and where it does not hold they are not used."""

from __future__ import annotations

import numpy as np
import pytest
from gradients.test_nudge_structure import A, V, net
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.gradients.nudging.replay import Nudger

BARS = 4
SMOOTH = ["tanh", "sigmoid", "softplus", "sine", "none"]


def check(f, *args, wrt=0, **options):
    """Slopes by unit, within four of their bars of the true ones."""
    found = gw.nudge(f, *args, wrt=wrt, mode="per_unit", **options)
    structure = [gw.grad(f, wrt=k)(*args) for k in (wrt if isinstance(wrt, tuple) else (wrt,))]
    truth = [np.asarray(g) for gradient in structure for g in (gradient if isinstance(gradient, list) else [gradient])]
    for array, exact in zip(found.arrays.values(), truth, strict=True):
        assert (np.abs(array.slope - exact) <= BARS * array.bar + 1e-15 * np.abs(exact).max(initial=0)).all(), (
            array.name
        )
    return found


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=5), rows=st.integers(2, 6), seed=st.integers(0, 99),
    activation=st.sampled_from(SMOOTH), loss=st.sampled_from(["mse", "picked", "one-hot", "by hand"]),
    layout=st.sampled_from(["rows", "columns"]), scheme=st.sampled_from(["auto", "richardson", "forward", "central"]),
)  # fmt: skip
def test_networks_of_any_shape(sizes, rows, seed, activation, loss, layout, scheme):
    f, point = net(np.random.default_rng(seed), sizes, rows, activation, loss, layout)
    check(f, *point, wrt=(0, 1), scheme=scheme)


@pytest.mark.parametrize("layout", ["rows", "columns"])
@pytest.mark.parametrize("loss", ["mse", "picked", "one-hot", "by hand"])
@pytest.mark.parametrize("activation", SMOOTH)
def test_every_array_is_served(activation, loss, layout):
    f, point = net(np.random.default_rng(1), (3, 5, 4, 4), 7, activation, loss, layout)
    found = check(f, *point, wrt=(0, 1))
    assert found.mode == "per_unit"
    assert not found.kinks


def test_nearer_to_the_gradient_than_entry_by_entry():
    f, (weights, biases) = net(np.random.default_rng(2), (20, 12, 5), 30, "tanh", "picked")
    truth = gw.grad(f)(weights, biases)
    off = {}
    for mode in ("per_unit", "structure"):
        found = gw.nudge(f, weights, biases, mode=mode)
        assert found.mode == mode
        off[mode] = max(np.abs(g - t).max() / np.abs(t).max() for g, t in zip(found.gradient, truth, strict=True))
    assert off["per_unit"] < 2e-11 < off["structure"]


@pytest.mark.parametrize("scheme", ["forward", "central"])
@pytest.mark.parametrize("step", [1e-3, 1e-6])
def test_the_step_asked_for_is_the_step_taken(scheme, step):
    f, (weights, biases) = net(np.random.default_rng(2), (4, 6, 3), 8, "tanh", "picked")
    found = gw.nudge(f, weights, biases, wrt=(0, 1), mode="per_unit", scheme=scheme, step=step)
    plain = gw.nudge(f, weights, biases, wrt=(0, 1), mode="definition", scheme=scheme, step=step)
    for mine, theirs in zip(found.arrays.values(), plain.arrays.values(), strict=True):
        for name in ("step", "after", "below", "right", "left", "curvature"):
            known = np.isfinite(getattr(theirs, name))
            tolerance = (
                1e-12 if name in ("step", "after", "below") else 1e-14 / step ** (2 if name == "curvature" else 1)
            )
            got, wanted = getattr(mine, name)[known], getattr(theirs, name)[known]
            assert np.allclose(got, wanted, rtol=0, atol=tolerance), name
        assert np.allclose(mine.slope, theirs.slope, rtol=0, atol=2e-14 / step)
        assert found.modes[mine.name].startswith("per_unit")


def test_a_step_too_wide_for_the_curves_is_taken_entry_by_entry():
    f, (weights, biases) = net(np.random.default_rng(2), (4, 6, 3), 8, "tanh", "picked")
    found = gw.nudge(f, weights, biases, wrt=(0, 1), mode="per_unit", scheme="forward", step=0.5)
    assert found.mode == "structure"
    plain = gw.nudge(f, weights, biases, wrt=(0, 1), mode="definition", scheme="forward", step=0.5)
    assert np.allclose(found.gradient[0][0], plain.gradient[0][0], rtol=1e-12)


def test_a_corner_within_the_nudge():
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((12, 4)), rng.standard_normal(12)
    W, v = rng.standard_normal((4, 6)), rng.standard_normal(6)

    def f(W, b):
        return np.mean((gw.relu(X @ W + b) @ v - y) ** 2)

    b = np.zeros(6)
    found = check(f, W, b, wrt=(0, 1))
    assert found.modes["W"].startswith("per_unit")
    # One row of unit 2 exactly at its corner, and one of unit 4 so near to it that no curve fits in between.
    b[2], b[4] = -(X @ W)[5, 2], -(X @ W)[1, 4] + 1e-9
    found = gw.nudge(f, W, b, wrt=(0, 1), mode="per_unit")
    assert found.mode == "per_unit and structure"
    plain = gw.nudge(f, W, b, wrt=(0, 1), mode="definition")
    for one, other in zip(found.arrays.values(), plain.arrays.values(), strict=True):
        assert np.array_equal(one.bar[..., [2]], other.bar[..., [2]]) or np.allclose(
            one.bar[..., 2], other.bar[..., 2], rtol=0.5
        )
        apart = np.abs(one.slope - other.slope)
        assert (apart <= BARS * (one.bar + other.bar)).all()
    assert {c.index[-1] for c in found.kinks} == {c.index[-1] for c in plain.kinks} >= {2}


def test_relu_networks():
    for seed in range(4):
        f, point = net(np.random.default_rng(seed), (4, 7, 6, 3), 10, "relu", "picked")
        found = check(f, *point, wrt=(0, 1))
        assert "per_unit" in found.mode


def test_rows_that_meet_are_noticed():
    rng = np.random.default_rng(4)
    X, y = rng.standard_normal((9, 3)), rng.standard_normal((9, 2))
    W1, W2 = rng.standard_normal((3, 5)), rng.standard_normal((5, 2))

    def normed(W1, W2):
        z = X @ W1
        z = (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-3)
        return np.mean((np.tanh(z) @ W2 - y) ** 2)

    found = check(normed, W1, W2, wrt=(0, 1))
    assert found.modes == {"W1": "structure", "W2": "per_unit"}
    assert found.mode == "structure: W1; per_unit: W2"
    by_layer = check(
        lambda W1, W2: np.mean((np.tanh((z := X @ W1) - z.mean(axis=1, keepdims=True)) @ W2 - y) ** 2),
        W1,
        W2,
        wrt=(0, 1),
    )
    assert by_layer.mode == "per_unit"


@pytest.mark.parametrize(
    "f",
    [
        lambda w: np.sum(np.tanh(A @ w) @ w),
        lambda w: np.sum(np.tanh(A @ w)) + np.sum(w**2),
        lambda w: np.mean(np.tanh(A @ w)) ** 2,
        lambda w: np.sqrt(np.mean(np.tanh(A @ w) ** 2)),
        lambda w: np.sum(np.tanh(A @ w)[::-1] * np.tanh(A @ w)),
        lambda w: np.sum(np.tanh(A @ w)[[0, 1, 1, 2]]),
        lambda w: np.sum(np.cumsum(np.tanh(A @ w), axis=0)),
        lambda w: np.sum(A @ np.tanh(A @ w)),
        lambda w: np.max(A @ w),
        lambda w: np.sum(np.exp(w)),
        lambda w: np.sum(np.linalg.solve(A @ w, V)),
        lambda w: np.sum(np.tanh((A @ w).reshape(2, 8)).sum(axis=0) ** 2),
    ],
)
def test_what_is_no_sum_over_rows_is_followed_entry_by_entry(f):
    w = np.random.default_rng(7).standard_normal((4, 4))
    assert check(f, w).mode == "structure"


@pytest.mark.parametrize(
    "f",
    [
        lambda w: 3 * np.mean(np.tanh(A @ w)) - 1,
        lambda w: -np.sum(np.tanh(A @ w) * A) / 4 + np.sum(A),
        lambda w: np.mean((A @ w.T - V[:, None]) ** 2),
        lambda w: np.mean(np.sin(w @ A)),
        lambda w: np.mean(np.sin(w.T @ A)),
        lambda w: np.mean(np.tanh(A @ w).reshape(4, 2, 2).sum(axis=1)),
        lambda w: np.sum(np.tanh(V[:, None] - A @ w)),
        lambda w: np.mean(np.max(A @ w, axis=1)),
        lambda w: np.sum((np.tanh(A @ w) @ V - V) ** 2),
    ],
)
def test_sums_over_rows_in_other_words(f):
    w = np.random.default_rng(7).standard_normal((4, 4))
    assert check(f, w).mode == "per_unit"


def test_vectors_of_weights_and_single_biases():
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((7, 3)), rng.standard_normal(7)
    found = check(lambda w, b: np.mean((X @ w + b - y) ** 2), rng.standard_normal(3), 0.5, wrt=(0, 1))
    assert found.modes == {"w": "per_unit", "b": "structure"}
    found = check(
        lambda w, b: np.mean((X @ w[:, None] + b - y[:, None]) ** 2), rng.standard_normal(3), np.ones(1), wrt=(0, 1)
    )
    assert found.mode == "per_unit"


def test_columns_that_bend_too_sharply_are_followed_entry_by_entry():
    found = check(lambda w: np.mean(np.sin(2000 * (A @ w))), np.random.default_rng(7).standard_normal((4, 4)))
    assert found.mode == "structure"


def test_a_large_constant_widens_the_bars():
    w = np.random.default_rng(7).standard_normal((4, 4))
    check(lambda w: np.mean(np.tanh(A @ w)) + 1e6, w)
    check(lambda w: np.mean(np.tanh(A @ w) + 1e6), w)


@pytest.mark.parametrize("mode", ["scalars", "structure", "per_unit"])
@pytest.mark.parametrize("loss", ["mse", "picked", "by hand"])
def test_nudger_gives_the_plain_quotient_at_new_points(mode, loss):
    rng = np.random.default_rng(6)
    f, (weights, biases) = net(rng, (2, 3, 2), 4, "tanh", loss)

    def flat(W, b, V, c):
        return f([W, V], [b, c])

    point = [weights[0], biases[0], weights[1], biases[1]]
    nudger = Nudger(flat, *point, wrt=(0, 1, 2, 3), mode=mode)
    assert nudger.mode == mode
    for _ in range(2):
        point = [p + 0.3 * rng.standard_normal(p.shape) for p in point]
        plain = gw.nudge(flat, *point, wrt=(0, 1, 2, 3), scheme="forward", step=2.0**-20, mode="definition")
        for mine, theirs in zip(nudger(*point, h=2.0**-20), plain.gradient, strict=True):
            assert mine.shape == theirs.shape
            assert np.allclose(mine, theirs, rtol=0, atol=1e-9)


SCALAR_FUNCTIONS = {
    "elementwise": lambda w: np.sum(
        np.exp(w) / (1 + w**2) - np.sin(w) * np.cos(w) + np.sqrt(w * w + 1) - (-w) + 1 / (w + 9)
    ),
    "logarithms": lambda w: np.mean(
        np.log1p(w**2) + np.expm1(w) + np.log(w + 5) + np.abs(w) ** 1.5 + np.reciprocal(w + 4)
    ),
    "choices": lambda w: np.sum(np.where(w > 0, w, 0.1 * w) + np.maximum(w, 0.3) + np.minimum(w, -0.2) + gw.relu(w)),
    "moved": lambda w: np.sum(np.concatenate([w.T, w[::-1]]).reshape(-1)[:9] ** 3) + np.stack([w, w]).sum(),
    "reduced": lambda w: np.max(w) * np.min(w, axis=0).sum() + gw.logsumexp(w) + np.sum(gw.softmax(w, axis=0)[0] ** 2),
    "products": lambda w: V @ w @ V + np.sum(w @ w.T) + np.sum(w @ V),
    "quotients": lambda w: np.sum(1 / ((w + 3) * 2)) + np.sum(A / ((w + 3) * w.T**2 + 1)) - np.sum(-(w * A) * w),
    "reciprocals": lambda w: np.sum(np.reciprocal((w + 3) * (w.T + 4)) / ((w + 3) / (w + 4))),
    "squares": lambda w: np.sum(np.square(w)) + np.sum(w**3) - 2.0 ** w[0, 0],
}


@pytest.mark.parametrize("name", SCALAR_FUNCTIONS)
def test_scalars(name):
    f, w = SCALAR_FUNCTIONS[name], np.random.default_rng(7).standard_normal((4, 4)) / 2
    line, arrays = (Nudger(f, w, mode=mode)(w, h=1e-6)[0] for mode in ("scalars", "structure"))
    assert np.allclose(line, arrays, rtol=0, atol=1e-8)


def test_nudger_outside_the_domain_of_single_numbers():
    nudger = Nudger(lambda w: np.sum(np.log(w)) + np.sum(np.exp(w)), np.ones(2))
    assert nudger.mode == "scalars"
    assert np.isnan(nudger(np.array([-1.0, 1.0]))[0]).all()
    assert np.isnan(nudger(np.array([1000.0, 1.0]))[0]).all()


def test_nudger_refuses_what_a_trace_cannot_hold():
    for f in (lambda w: w[0] if w[0] > 0 else w[1], lambda w: np.sum(np.frombuffer(w.tobytes())), lambda w: 2 * w):
        with pytest.raises(gw.GradworkError, match="once and for all"):
            Nudger(f, np.ones(2))
    with pytest.raises(gw.GradworkError, match="no mode"):
        Nudger(lambda w: np.sum(w), np.ones(2), mode="fast")
    with pytest.raises(gw.GradworkError, match="too large"):
        Nudger(lambda w: np.sum(np.linalg.inv(w)), A, mode="scalars")
