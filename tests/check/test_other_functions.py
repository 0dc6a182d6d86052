"""The slopes of other functions, losses and penalties: each is named, with what stands where."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwork.check.cause import causes
from gradwork.check.check import check

R = np.random.default_rng(11)
X, Y = R.normal(size=(9, 4)), R.normal(size=9)
LABELS = np.array([0, 2, 1, 1, 0, 2, 2, 0, 1])
ONE_HOT = np.eye(3)[LABELS]
COUNTS = np.array([0.0, 2, 1, 5, 0, 3, 1, 2, 4])
W, B, V = R.normal(size=(4, 3)), R.normal(size=3), R.normal(size=3)
CHANCES = (R.uniform(size=9) > 0.5) * 1.0


def named(loss: Callable[..., Any], gradient: Callable[..., Any], *args: Any) -> tuple[list[str], str]:
    """The codes of the causes, and what the first one says."""
    found = check(loss, gradient, *args)
    assert not found.ok
    return [d.cause.code for d in found.diagnoses], found.diagnoses[0].says if found.diagnoses else "nothing"


def is_right(loss: Callable[..., Any], gradient: Callable[..., Any], *args: Any) -> None:
    found = check(loss, gradient, *args)
    assert found.ok and not found.diagnoses


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# -- activations ------------------------------------------------------------------------------------------------------

ACTS: dict[str, Callable[[Any], Any]] = {
    "relu": lambda z: np.maximum(z, 0),
    "leaky": lambda z: np.where(z > 0, z, 0.15 * z),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "swish": lambda z: z / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "elu": lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
}
SLOPES: dict[str, Callable[[Any], Any]] = {
    "relu": lambda z: (z > 0) * 1.0,
    "leaky": lambda z: np.where(z > 0, 1.0, 0.15),
    "softplus": sigmoid,
    "swish": lambda z: sigmoid(z) + z * sigmoid(z) * (1 - sigmoid(z)),
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "elu": lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0))),
}


def net(kind: str, slope: Callable[[Any], Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    act = ACTS[kind]

    def loss(w: Any, b: Any, v: Any, x: Any, y: Any) -> Any:
        return np.mean((act(x @ w + b) @ v - y) ** 2)

    def gradient(w: Any, b: Any, v: Any, x: Any, y: Any) -> Any:
        z = x @ w + b
        d = 2 * (act(z) @ v - y) / len(y)
        g = np.outer(d, v) * slope(z)
        return x.T @ g, g.sum(axis=0), act(z).T @ d

    return loss, gradient


@pytest.mark.parametrize("own", ACTS)
@pytest.mark.parametrize("other", SLOPES)
def test_the_slope_of_another_activation_is_named(own: str, other: str) -> None:
    loss, gradient = net(own, SLOPES[other])
    if own == other:
        is_right(loss, gradient, W, B, V, X, Y)
        return
    codes, says = named(loss, gradient, W, B, V, X, Y)
    if (other, own) in (("relu", "leaky"), ("relu", "elu"), ("softplus", "swish")):
        # What the one has more than the other is forgotten; or it is taken for the other.
        assert any(word in says for word in ("left out", "shut", other, "sigmoid(z) alone")), says
    else:
        assert codes[0] in ("GW228", "GW262"), says
        assert {"leaky": "0.15"}.get(other, other) in says, says


def test_a_mask_of_what_comes_back_is_named() -> None:
    loss, _ = net("relu", SLOPES["relu"])

    def guided(w: Any, b: Any, v: Any, x: Any, y: Any) -> Any:
        z = x @ w + b
        d = 2 * (np.maximum(z, 0) @ v - y) / len(y)
        g = np.outer(d, v) * (np.outer(d, v) > 0) * (z > 0)
        return x.T @ g, g.sum(axis=0), np.maximum(z, 0).T @ d

    codes, says = named(loss, guided, W, B, V, X, Y)
    assert codes == ["GW262"] and "joined with that of what comes back" in says


def test_the_mask_of_one_row_is_named() -> None:
    loss, gradient = net("relu", lambda z: np.broadcast_to(z[2:3] > 0, z.shape) * 1.0)
    assert named(loss, gradient, W, B, V, X, Y)[0] != ["GW222"]
    loss, gradient = net("relu", lambda z: np.broadcast_to(z[:1] > 0, z.shape) * 1.0)
    codes, says = named(loss, gradient, W, B, V, X, Y)
    assert codes[0] == "GW262" and "first row" in says


# -- the error at the scores ------------------------------------------------------------------------------------------


def chances(error: Callable[[Any, Any, Any], Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def loss(w: Any, b: Any, x: Any, y: Any) -> Any:
        p = 1 / (1 + np.exp(-(x @ w + b)))
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

    def gradient(w: Any, b: Any, x: Any, y: Any) -> Any:
        z = x @ w + b
        d = error(z, sigmoid(z), y) / len(y)
        return x.T @ d, d.sum()

    return loss, gradient


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (lambda z, p, y: p - y, ""),
        (lambda z, p, y: z - y, "scores"),
        (lambda z, p, y: p - (1 - y), "1 - y"),
        (lambda z, p, y: p - (2 * y - 1), "2 y - 1"),
        (lambda z, p, y: (p - y) * p * (1 - p), "p (1 - p)|1 - "),
        (lambda z, p, y: np.round(p) - y, "1 where the score is above 0"),
        (lambda z, p, y: sigmoid(-z) - y, "minus the scores|1 - "),
        (lambda z, p, y: (p - y) * y, "multiplied by y|y"),
        (lambda z, p, y: np.clip(p, 0.1, 0.9) - y, "0.1 and 0.9"),
    ],
)
def test_errors_at_the_scores_of_chances_are_named(error: Any, words: str) -> None:
    loss, gradient = chances(error)
    w = 3 * V[[0, 1, 2, 0]]
    if not words:
        is_right(loss, gradient, w, 0.3, X, CHANCES)
        return
    _, says = named(loss, gradient, w, 0.3, X, CHANCES)
    assert any(word in says for word in words.split("|")), says


def shares(error: Callable[[Any, Any, Any], Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def loss(w: Any, b: Any, x: Any) -> Any:
        z = x @ w + b
        return np.mean(np.log(np.sum(np.exp(z), axis=1)) - z[np.arange(9), LABELS])

    def gradient(w: Any, b: Any, x: Any) -> Any:
        z = x @ w + b
        d = error(z, softmax(z), ONE_HOT) / len(x)
        return x.T @ d, d.sum(axis=0)

    return loss, gradient


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (lambda z, p, y: p - y, ""),
        (lambda z, p, y: sigmoid(z) - y, "sigmoid"),
        (lambda z, p, y: np.exp(z) - y, "not divided|1/sum"),
        (lambda z, p, y: p - np.roll(y, 1, 1), "one class too high"),
        (lambda z, p, y: p * (p - y - np.sum((p - y) * p, axis=1, keepdims=True)), "once more|softmax"),
        (lambda z, p, y: p - (0.9 * y + 0.1 / 3), "smoothed by 0.1"),
        (lambda z, p, y: (p - y) * y, "multiplied by y|y|alone"),
    ],
)
def test_errors_at_the_scores_of_shares_are_named(error: Any, words: str) -> None:
    loss, gradient = shares(error)
    if not words:
        is_right(loss, gradient, W, B, X)
        return
    _, says = named(loss, gradient, W, B, X)
    assert any(word in says for word in words.split("|")), says


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (lambda z, y: np.exp(z) - y, ""),
        (lambda z, y: np.exp(z) - np.log1p(y), "log(1 + y)"),
        (lambda z, y: 1 - y * np.exp(-z), "the slope of exp, p, is missing"),
        (lambda z, y: (np.exp(z) - y) * (y > 0), "1 where y is above 0|(y > 0)"),
        (lambda z, y: np.log1p(np.exp(z)) - y, "softplus|log(1 + "),
    ],
)
def test_errors_at_the_scores_of_counts_are_named(error: Any, words: str) -> None:
    def loss(w: Any, x: Any, y: Any) -> Any:
        z = x @ w
        return np.mean(np.exp(z) - y * z)

    def gradient(w: Any, x: Any, y: Any) -> Any:
        return x.T @ error(x @ w, y) / len(y)

    w = 0.3 * V[[0, 1, 2, 0]]
    if not words:
        is_right(loss, gradient, w, X, COUNTS)
        return
    _, says = named(loss, gradient, w, X, COUNTS)
    assert any(word in says for word in words.split("|")), says


# -- penalties --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (lambda w: 0.4 * w, ""),
        (lambda w: 0.4 * np.sign(w), "sign"),
        (lambda w: 0.2 * w**2, "squares"),
        (lambda w: 0.4 * w / np.sqrt(np.sum(w**2)), "length"),
        (lambda w: 0.2 * np.full_like(w, np.sum(w**2)), "value"),
        (lambda w: 0.4 * np.concatenate([[0.0], w[1:]]), "first"),
        (lambda w: 0.8 * w, "2 too much"),
        (lambda w: 0.0 * w, "left out|zero"),
    ],
)
def test_the_part_of_another_penalty_is_named(part: Any, words: str) -> None:
    def loss(w: Any, b: Any, x: Any, y: Any) -> Any:
        return np.mean((x @ w + b - y) ** 2) + 0.2 * np.sum(w**2)

    def gradient(w: Any, b: Any, x: Any, y: Any) -> Any:
        d = 2 * (x @ w + b - y) / len(y)
        return x.T @ d + part(w), d.sum()

    w = np.array([0.7, -1.2, 0.4, 2.1])
    if not words:
        is_right(loss, gradient, w, 0.3, X, Y)
        return
    _, says = named(loss, gradient, w, 0.3, X, Y)
    assert any(word in says for word in words.split("|")), says


def test_a_penalty_on_a_bias_of_one_number_is_named_where_its_weight_is_known() -> None:
    def loss(w: Any, b: Any, x: Any, y: Any) -> Any:
        return np.mean((x @ w + b - y) ** 2) + 0.2 * np.sum(w**2)

    def gradient(w: Any, b: Any, x: Any, y: Any) -> Any:
        d = 2 * (x @ w + b - y) / len(y)
        return x.T @ d + 0.4 * w, d.sum() + 0.4 * b

    codes, says = named(loss, gradient, np.array([0.7, -1.2, 0.4, 2.1]), 0.3, X, Y)
    assert codes == ["GW261"] and "in b" in says and "is added" in says


def test_a_penalty_in_the_place_of_the_data_is_named() -> None:
    def loss(w: Any, x: Any) -> Any:
        return np.mean((x @ w) ** 2) + 0.5 * np.sum(w**2)

    def gradient(w: Any, x: Any) -> Any:
        g = 2 * x.T @ (x @ w) / (len(x) * w.shape[1])
        g[:, 1] = 0
        return g + w

    codes, says = named(loss, gradient, W, X)
    assert codes == ["GW261"] and "left out in column 2" in says


# -- examples of the causes that are recognised by patterns -----------------------------------------------------------


@pytest.mark.parametrize("code", ["GW228", "GW261", "GW264", "GW269", "GW282"])
def test_the_broken_example_of_a_pattern_is_named_and_the_mended_one_passes(code: str) -> None:
    cause = next(c for c in causes() if c.code == code)
    r = np.random.default_rng(3)
    values = {
        "GW269": {"w": 0.7, "x": r.uniform(0.5, 1.5, size=5)},
        "GW264": {"w": r.normal(size=3), "x": r.normal(size=5)},
    }
    usual = {"w": r.normal(size=4), "x": r.normal(size=(6, 4)), "y": r.normal(size=6)}
    names: dict[str, Any] = {}
    exec(cause.broken, names)
    chosen = values.get(code, usual)
    args = [chosen[name] for name in inspect.signature(names["loss"]).parameters]
    assert code in [d.cause.code for d in check(names["loss"], names["gradient"], *args).diagnoses]
    exec(cause.mended, names)
    is_right(names["loss"], names["gradient"], *args)


# -- other ways to say the same slope ---------------------------------------------------------------------------------


def test_the_slope_by_a_deviation_in_the_place_of_its_logarithm_is_named() -> None:
    def loss(m: Any, s: Any, x: Any) -> Any:
        return np.sum((x - m) ** 2 * np.exp(-2 * s) / 2 + s)

    def gradient(m: Any, s: Any, x: Any) -> Any:
        d = (x - m) * np.exp(-2 * s)
        return -d.sum(axis=0), np.sum(1 - (x - m) ** 2 * np.exp(-2 * s), axis=0) / np.exp(s)

    codes, says = named(loss, gradient, R.normal(size=4), 0.3 * R.normal(size=4), X)
    assert codes == ["GW269"] and "exp(the parameter)" in says


@pytest.mark.parametrize("length", [0.25, 1.5])
def test_a_gradient_that_is_cut_to_a_length_is_named(length: float) -> None:
    loss, right = net("tanh", SLOPES["tanh"])

    def gradient(*args: Any) -> Any:
        whole = right(*args)
        size = np.sqrt(sum(np.sum(g**2) for g in whole))
        return tuple(g * min(1.0, length / size) for g in whole)

    codes, says = named(loss, gradient, 4 * W, B, 4 * V, X, Y)
    assert codes == ["GW239"] and f"length {length:g}" in says


@pytest.mark.parametrize(
    ("rounding", "words"),
    [(lambda g: np.round(g, 3), "3 digits after"), (lambda g: g.astype(np.float16).astype(float), "half")],
)
def test_rounded_slopes_are_named(rounding: Any, words: str) -> None:
    loss, right = net("swish", SLOPES["swish"])
    codes, says = named(loss, lambda *args: tuple(map(rounding, right(*args))), W, B, V, X, Y)
    assert codes == ["GW282"] and words in says
