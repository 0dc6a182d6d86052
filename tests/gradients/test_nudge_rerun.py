"""A calculation that is run again from its recording gives what doing it anew gives, or is given up."""

from __future__ import annotations

import numpy as np
import pytest
from gradients.test_nudge_structure import FUNCTIONS, A, V, net
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.gradients.nudging.recordable import NotRecorded
from gradwork.gradients.nudging.replay import Nudger
from gradwork.gradients.nudging.rerun import Departed, Rerun
from gradwork.gradients.nudging.tape import Tape


def flat_net(f, weights, biases):
    """The network as a function of its arrays one by one, and these."""
    count = len(weights)
    return lambda *p: f(list(p[:count]), list(p[count:])), [*weights, *biases]


def assert_same_anew(nudger, point, h=2.0**-20):
    """The recorded run against the same nudger without its recording; at the level of the last digits of a loss."""
    again = nudger(*point, h=h)
    rerun, nudger.rerun = nudger.rerun, None
    anew = nudger(*point, h=h)
    nudger.rerun = rerun
    for one, other in zip(again, anew, strict=True):
        assert one.shape == other.shape
        scale = max(1.0, float(np.nanmax(np.abs(other), initial=0.0)))
        assert np.allclose(one, other, rtol=1e-12, atol=64 * 2.0**-53 * scale / h, equal_nan=True)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=5), rows=st.integers(1, 6), seed=st.integers(0, 999),
    activation=st.sampled_from(["tanh", "sigmoid", "relu", "softplus", "sine", "none", "leaky"]),
    loss=st.sampled_from(["mse", "picked", "one-hot", "by hand", "shares"]),
    mode=st.sampled_from(["structure", "per_unit"]), layout=st.sampled_from(["rows", "columns"]),
)  # fmt: skip
def test_networks_at_new_points(sizes, rows, seed, activation, loss, mode, layout):
    rng = np.random.default_rng(seed)
    f, point = flat_net(*(lambda g, p: (g, *p))(*net(rng, sizes, rows, activation, loss, layout)))
    nudger = Nudger(f, *point, wrt=tuple(range(len(point))), mode=mode)
    for _ in range(3):
        assert_same_anew(nudger, point)
        point = [p + 0.5 * rng.standard_normal(p.shape) for p in point]


@pytest.mark.parametrize("loss", ["mse", "picked", "by hand"])
@pytest.mark.parametrize("mode", ["structure", "per_unit"])
def test_smooth_networks_are_recorded(mode, loss):
    f, (weights, biases) = net(np.random.default_rng(1), (3, 6, 5, 4), 7, "tanh", loss)
    g, point = flat_net(f, weights, biases)
    nudger = Nudger(g, *point, wrt=tuple(range(len(point))), mode=mode)
    assert nudger.rerun is not None
    assert_same_anew(nudger, point)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("mode", ["structure", "per_unit"])
@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n != "many results"])
def test_functions_at_new_points(name, mode):
    rng = np.random.default_rng(7)
    w = rng.standard_normal((4, 4))
    try:
        nudger = Nudger(FUNCTIONS[name], w, mode=mode)
    except gw.GradworkError:
        return  # it decides by its argument
    for _ in range(3):
        assert_same_anew(nudger, [w])
        w = w + 0.3 * rng.standard_normal(w.shape)


def test_a_sum_that_becomes_infinite_is_not_run_again():
    nudger = Nudger(lambda w: np.sum(np.tanh(np.exp(A @ w) @ np.ones(4))), A, mode="structure")
    assert nudger.rerun is not None
    far = A.copy()
    far[0, 0] = 800.0
    with pytest.raises(Departed), np.errstate(all="ignore"):
        nudger.rerun(far, 1e-6)
    assert_same_anew(nudger, [far])


def test_a_corner_met_at_another_point_is_not_run_again():
    X = np.random.default_rng(2).standard_normal((6, 3))

    def f(W, b):
        return np.mean(gw.relu(X @ W + b) @ np.ones(4))

    W, b = np.random.default_rng(3).standard_normal((3, 4)), np.ones(4)
    nudger = Nudger(f, W, b, wrt=(0, 1), mode="per_unit")
    assert nudger.rerun is not None
    b = b.copy()
    b[1] = -(X @ W)[2, 1]
    with pytest.raises(Departed):
        nudger.rerun(W, b, 1e-6)
    assert_same_anew(nudger, [W, b])


def test_a_nudge_beyond_the_curves_is_not_read_off_them():
    f, (weights, biases) = net(np.random.default_rng(1), (3, 6, 4), 7, "tanh", "mse")
    g, point = flat_net(f, weights, biases)
    nudgers = [Nudger(g, *point, wrt=(0, 1, 2, 3), mode=mode) for mode in ("per_unit", "structure")]
    one, other = (nudger(*point, h=0.5) for nudger in nudgers)
    for a, b in zip(one, other, strict=True):
        assert np.allclose(a, b, rtol=1e-12)


def test_results_are_not_written_over():
    nudger = Nudger(lambda w: np.sum(np.tanh(A @ w)), A, mode="structure")
    first = nudger(A)[0]
    kept = first.copy()
    nudger(A + 1)
    assert np.array_equal(first, kept)


# -- the tape itself --------------------------------------------------------------------------------------------------


def run_both(f, *points):
    """`f` recorded at the first point and run again at the others, against `f` itself."""
    tape = Tape()
    with np.errstate(all="ignore"):
        rerun = Rerun(tape, [f(*(tape.entered(x) for x in points[0]))])
        for point in points:
            assert np.allclose(rerun(*point)[0], f(*map(np.asarray, point)), rtol=1e-13, equal_nan=True)
    return rerun


CALCULATIONS = {
    "sums": lambda a: np.sum(a, axis=0) + a.sum(axis=1) * np.mean(a) + a.max(axis=0) - np.min(a, axis=1),
    "means": lambda a: np.mean(a, axis=1, keepdims=True) + np.mean(a[None], axis=(0, 1)),
    "views": lambda a: (a.T[:, None] * a[::-1, ..., None])[..., 0] + a.reshape(2, -1)[:, :1][0, 0],
    "places": lambda a: a[[0, 2, 2]][:, [1, 0]] + a[np.array([1, 1]), np.array([0, 3])],
    "every place": lambda a: a[np.arange(4)] + np.take(a, np.arange(4), axis=1),
    "whole powers": lambda a: a**2 + a**3 - 2.0**a + (-a) ** 2,
    "chosen": lambda a: np.where(a > 0, a, 0.5 * a) + np.clip(a, -1, 1),
    "joined": lambda a: np.concatenate([a, 2 * a], axis=1)[:, ::2] + np.stack([a, a], axis=0)[1, :, :4],
    "products": lambda a: a @ a + a.T @ V[:, None] + np.dot(a, a)[0] + (a[None] @ a)[0],
    "said twice": lambda a: np.tanh(a[1]) + np.tanh(a[1]) * np.tanh(a[1:2])[0],
    "whole numbers": lambda a: np.floor(a).astype(int) + (a > 0).astype(float),
    "moved": lambda a: np.moveaxis(a[None] * a[:, None], 0, -1).reshape(4, -1),
    "copied": lambda a: np.copy(np.broadcast_to(a[0], (3, 4)), order="C"),
    "spread": lambda a: np.var(a, axis=0) + np.cumsum(a, axis=1)[:, -1],
}


@pytest.mark.parametrize("name", CALCULATIONS)
def test_calculations(name):
    rng = np.random.default_rng(1)
    run_both(CALCULATIONS[name], *([rng.standard_normal((4, 4))] for _ in range(4)))


def test_what_is_written_in_place():
    def f(a, b):
        c = a * 1.0
        c += b
        c[1] = a[0]
        c[:, [2, 0]] = b[:, :2]
        d = c[2:]
        d *= a[2:]
        return np.tanh(c) + np.tanh(a)

    rng = np.random.default_rng(1)
    run_both(f, *([rng.standard_normal((4, 4)), rng.standard_normal((4, 4))] for _ in range(4)))


@pytest.mark.parametrize(
    "f",
    [
        np.asarray, list, np.flatnonzero, lambda a: a[a > 0], np.unique, lambda a: float(a[0]),
        lambda a: np.array([1.0, 2.0])[a.astype(int)], lambda a: np.hstack([a, a]), lambda a: np.full(3, a[0]),
        lambda a: np.add.accumulate(a), lambda a: np.sum(a, where=a > 0),
    ],
)  # fmt: skip
def test_what_hangs_on_numbers_is_not_recorded(f):
    with pytest.raises((NotRecorded, TypeError)):
        f(Tape().entered(np.array([0.5, 1.0, -1.0])))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_random_calculations(seed):
    """Memory is taken over by later results: long random chains, with old results read again."""
    steps = np.random.default_rng(seed).integers(0, 1000, (25, 3))

    def f(a, b):
        made = [a, b]
        for kind, i, j in steps:
            one, other = made[i % len(made)], made[j % len(made)]
            which = kind % 8
            if which == 0:
                made.append(np.tanh(one + other))
            elif which == 1:
                made.append(one.T * 0.5)
            elif which == 2:
                made.append(np.sin(one @ other))
            elif which == 3:
                made.append(np.cos(one) - np.mean(other, axis=kind % 2, keepdims=True))
            elif which == 4:
                made.append(np.broadcast_to(one[kind % 3], (3, 3)) * other)
            elif which == 5:
                fresh = one * 0.7
                fresh[kind % 3] = other[:, i % 3]
                fresh += other
                made.append(np.tanh(fresh))
            elif which == 6:
                made.append(np.concatenate([one[:1], other[1:]]))
            else:
                made.append(one[[2, 0, 1]] - np.max(other, axis=0))
        return made[-1] + made[len(made) // 2]

    rng = np.random.default_rng(seed + 1)
    run_both(f, *([rng.standard_normal((3, 3)), rng.standard_normal((3, 3))] for _ in range(3)))


def test_what_a_user_wrote_is_called_anew():
    strength = [1.0]
    bent = gw.op(
        lambda z: np.tanh(strength[0] * z), slopes=(lambda y, z: strength[0] * (1 - y * y),), name="bent_by_strength"
    )
    X, W = np.random.default_rng(1).standard_normal((6, 4)), A.copy()
    for mode in ("structure", "per_unit"):
        strength[0] = 1.0
        nudger = Nudger(lambda W: np.sum(bent(X @ W)), W, mode=mode)
        assert nudger.rerun is not None
        before = nudger(W)[0]
        strength[0] = 2.0
        assert_same_anew(nudger, [W])
        assert not np.allclose(nudger(W)[0], before, rtol=0.1)
