"""The loop on JAX: the same path as NumPy's to rounding, for the same reasons, and continued to its own bits."""

from __future__ import annotations

import numpy as np
import pytest

import gradwork as gw
from gradwork.descent import loop as loops

pytest.importorskip("jax", reason="JAX is not installed")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 5))
Y = np.sin(X[:, 0]) + X[:, 1]
START = {"W": RNG.normal(size=(5, 4)), "b": np.zeros(4), "v": RNG.normal(size=4), "c": 0.0}


def loss(p, x, y):
    return np.mean((np.tanh(x @ p["W"] + p["b"]) @ p["v"] + p["c"] - y) ** 2)


def descend(backend="jax", **options):
    settings = {"steps": 150, "learning_rate": 0.02, "progress": False, **options}
    return gw.descend(loss, START, (X, Y), backend=backend, **settings)


def bits(found):
    return found.losses.tobytes() + found.path.tobytes()


MORE = {"schedule": "cosine", "clip": 1.0, "weight_decay": 0.01}
CASES = [
    ("gd", {}),
    ("momentum", {"batch": 32}),
    ("nesterov", MORE),
    ("rmsprop", {}),
    ("adam", {"batch": 32, **MORE}),
    ("adamw", MORE),
]


@pytest.mark.parametrize(("method", "options"), CASES, ids=[method for method, _ in CASES])
def test_the_path_is_numpys_to_rounding(method, options):
    one, other = descend("numpy", method=method, **options), descend(method=method, **options)
    assert (one.reason, one.steps) == (other.reason, other.steps)
    np.testing.assert_allclose(other.path, one.path, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(other.losses, one.losses, rtol=1e-9)


def test_held_out_rows_and_more_workers_go_with_jax():
    one, other = (descend(b, batch=16, holdout=0.2) for b in ("numpy", "jax"))
    np.testing.assert_allclose([v for _, v in other.held_out], [v for _, v in one.held_out], rtol=1e-9)
    pieces = [(X[:50], Y[:50]), (X[50:], Y[50:])]
    parts = gw.descend(loss, START, pieces, backend="jax", steps=5, learning_rate=0.02)
    np.testing.assert_allclose(parts.path, descend(steps=5).path, rtol=1e-9, atol=1e-12)


def test_it_converges_diverges_and_names_faults_as_numpy_does():
    data = {"x": X[:, 0], "y": Y}
    for rate in (0.3, 5.0):
        one, other = (
            gw.descend("mean((x*w + b - y)^2)", {"w": 0.0, "b": 0.0}, data, learning_rate=rate, steps=900, backend=b)
            for b in ("numpy", "jax")
        )
        assert one.reason == other.reason
        assert abs(one.steps - other.steps) <= 1
    found = gw.descend(
        lambda w, x: np.mean(np.log(w * x)), 0.5, np.abs(X[:, 0]), learning_rate=0.5, steps=50, backend="jax"
    )
    assert found.reason == "diverged"
    assert "log gives nan, row 1" in found.explanation


@pytest.mark.parametrize(("stop", "options"), [(1, {"method": "adam"}), (128, {"batch": 7, "method": "momentum"})])
def test_more_steps_go_on_to_the_same_bits(tmp_path, stop, options):
    whole = descend(**options)
    descend(steps=stop, checkpoint=tmp_path / "run", **options)
    assert bits(descend(checkpoint=tmp_path / "run", **options)) == bits(whole)


def test_the_path_does_not_hang_on_how_many_steps_are_taken_at_once(monkeypatch):
    whole = descend(method="adam")
    monkeypatch.setattr(loops, "LOOK", 9)
    assert bits(descend(method="adam")) == bits(whole)


def test_the_numbers_of_a_worked_step_are_the_runs_own():
    found = descend(work=3)
    for number, step in enumerate(found.worked):
        assert step.loss == pytest.approx(found.losses[number], rel=1e-14)
        np.testing.assert_allclose(
            np.concatenate([np.ravel(a) for a in step.after]), found.path[number + 1], rtol=1e-14
        )


def test_single_precision_stays_single():
    start = {name: np.asarray(value, np.float32) for name, value in START.items()}
    data = X.astype(np.float32), Y.astype(np.float32)
    found = gw.descend(loss, start, data, backend="jax", steps=50, learning_rate=0.02)
    alone = gw.descend(loss, start, data, steps=50, learning_rate=0.02)
    assert found.path.dtype == np.float32
    np.testing.assert_allclose(found.losses, alone.losses, rtol=1e-4)


def test_a_decision_in_the_loss_is_taken_as_numpy_takes_it():
    def branching(w):
        return (w - 3) ** 2 if w > 1 else 5 - w

    one, other = (gw.descend(branching, 0.0, learning_rate=0.3, steps=40, backend=b) for b in ("numpy", "jax"))
    assert one.path.tobytes() == pytest.approx(other.path.tobytes()) or np.allclose(one.path, other.path, rtol=1e-12)
    assert float(other.params) == pytest.approx(3.0)
