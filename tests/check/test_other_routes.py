"""Masks, picks, pools, and values that are worked out or read otherwise: each mistake is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwork.check.check import check

R = np.random.default_rng(5)
X, Y = R.normal(size=(9, 4)), R.normal(size=9)
W = R.normal(size=(4, 3))
V = R.normal(size=4)
WORDS = np.array([[0, 2, 2], [1, 4, 0], [3, 3, 3], [2, 0, 1], [5, 1, 2]])
USERS, ITEMS = np.array([0, 1, 2, 1, 0, 2, 2]), np.array([1, 0, 2, 2, 0, 1, 1])
LABELS = np.array([0, 2, 1, 1, 0, 2, 2, 0, 1])


def first(loss: Callable[..., Any], gradient: Callable[..., Any], *args: Any) -> tuple[str, str]:
    """The code of the first cause, and what it says."""
    found = check(loss, gradient, *args)
    assert not found.ok
    if not found.diagnoses:
        return "none", str(found)
    return found.diagnoses[0].cause.code, found.diagnoses[0].says


def is_right(loss: Callable[..., Any], gradient: Callable[..., Any], *args: Any) -> None:
    found = check(loss, gradient, *args)
    assert found.ok and not found.diagnoses


# -- picks ------------------------------------------------------------------------------------------------------------


def table_loss(table: Any, v: Any) -> Any:
    return np.sum((np.mean(table[WORDS], axis=1) @ v) ** 3)


def table_slopes(table: Any, v: Any) -> Any:
    """What comes back to each word of each row."""
    d = 3 * (np.mean(table[WORDS], axis=1) @ v) ** 2
    return np.repeat(np.outer(d, v)[:, None, :] / 3, 3, axis=1)


def put(index: Any, slopes: Any) -> Any:
    made = np.zeros((6, 3))
    np.add.at(made, index, slopes)
    return made


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (lambda g: put(WORDS, g), ""),
        (lambda g: put((WORDS + 1) % 6, g), "row after|1 too far on"),
        (lambda g: put(WORDS[:, :1], g[:, :1]), "first pick of each row"),
        (lambda g: put(WORDS[:, :-1], g[:, :-1]), "all but the last pick"),
        (lambda g: put(WORDS, g) / np.maximum(np.bincount(WORDS.ravel(), minlength=6), 1)[:, None], "mean of each row"),
        (lambda g: g, "given as they are"),
    ],
)
def test_slopes_that_are_put_back_elsewhere_are_named(back: Any, words: str) -> None:
    def gradient(table: Any, v: Any) -> Any:
        e = np.mean(table[WORDS], axis=1)
        return back(table_slopes(table, v)), e.T @ (3 * (e @ v) ** 2)

    table, v = R.normal(size=(6, 3)), R.normal(size=3)
    if not words:
        is_right(table_loss, gradient, table, v)
        return
    code, says = first(table_loss, gradient, table, v)
    assert code in ("GW264", "GW225") and any(word in says for word in words.split("|")), says


def test_slopes_that_are_put_where_another_index_says_are_named() -> None:
    def loss(u: Any, v: Any) -> Any:
        return np.sum(np.sum(u[USERS] * v[ITEMS], axis=1) ** 2)

    def gradient(u: Any, v: Any) -> Any:
        e = 2 * np.sum(u[USERS] * v[ITEMS], axis=1)[:, None]
        du, dv = np.zeros_like(u), np.zeros_like(v)
        np.add.at(du, USERS, e * v[ITEMS])
        np.add.at(dv, USERS, e * u[USERS])
        return du, dv

    code, says = first(loss, gradient, R.normal(size=(3, 2)), R.normal(size=(3, 2)))
    assert code in ("GW264", "GW236"), says


# -- pools ------------------------------------------------------------------------------------------------------------


def pooled_loss(w: Any, x: Any) -> Any:
    z = x @ w
    return np.sum(np.max(z, axis=1) ** 2) + np.sum(z)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (lambda z: (z == z.max(axis=1, keepdims=True)) * 1.0, ""),
        (lambda z: np.eye(3)[np.zeros(len(z), int)], "first of the group"),
        (lambda z: (z == z.min(axis=1, keepdims=True)) * 1.0, "smallest of the group"),
        (lambda z: np.ones_like(z), "all of the group"),
        (lambda z: np.full_like(z, 1 / 3), "shared equally"),
        (lambda z: (z < z.max(axis=1, keepdims=True)) * 1.0, "all but the largest"),
    ],
)
def test_what_is_routed_to_other_members_of_a_group_is_named(route: Any, words: str) -> None:
    def gradient(w: Any, x: Any) -> Any:
        z = x @ w
        return x.T @ (2 * z.max(axis=1, keepdims=True) * route(z) + 1)

    if not words:
        is_right(pooled_loss, gradient, W, X)
        return
    code, says = first(pooled_loss, gradient, W, X)
    assert code == "GW268" and words in says, says


def test_an_average_in_the_place_of_the_largest_is_named_as_another_loss() -> None:
    def gradient(w: Any, x: Any) -> Any:
        z = x @ w
        return x.T @ (2 * z.mean(axis=1, keepdims=True) * np.full_like(z, 1 / 3) + 1)

    code, says = first(pooled_loss, gradient, W, X)
    assert code == "GW267" and "the mean in the place of max" in says, says


# -- masks ------------------------------------------------------------------------------------------------------------


def huber(w: Any, x: Any, y: Any, delta: Any) -> Any:
    r = x @ w - y
    return np.mean(np.where(np.abs(r) <= delta, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta)))


@pytest.mark.parametrize(
    ("slope", "words"),
    [
        (lambda r, d: np.clip(r, -d, d), ""),
        (lambda r, d: d * np.sign(r), "shut everywhere|delta times the sign of u"),
        (lambda r, d: r, "open everywhere|stands where delta"),
        (lambda r, d: np.where(r**2 <= d, r, d * np.sign(r)), "^2"),
        (lambda r, d: np.where(np.abs(r) > d, r, d * np.sign(r)), "turned round|stands where that of"),
        (lambda r, d: np.where(np.abs(r) <= 1, r, d * np.sign(r)), "1, and not delta|between -1 and 1"),
    ],
)
def test_the_branches_of_a_choice_are_named(slope: Any, words: str) -> None:
    def gradient(w: Any, x: Any, y: Any, delta: Any) -> Any:
        return x.T @ slope(x @ w - y, delta) / len(y)

    x, y = np.vstack([X, 2 * X, -0.5 * X]), np.concatenate([Y, Y - 1, 0.3 * Y])
    if not words:
        is_right(huber, gradient, V, x, y, 0.6)
        return
    code, says = first(huber, gradient, V, x, y, 0.6)
    assert code in ("GW262", "GW228", "GW236", "GW248"), says
    assert any(word in says for word in words.split("|") if word), says


# -- the entry of the right class -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (lambda hot: -hot.sum(axis=1), ""),
        (lambda hot: -np.ones(9), "counts once"),
        (lambda hot: 0 * hot.sum(axis=1), "gets nothing"),
        (lambda hot: hot.sum(axis=1), "wrong sign"),
        (lambda hot: -hot.sum(axis=1) - 1, "counted among"),
    ],
)
def test_the_entry_of_the_right_class_is_named(entry: Any, words: str) -> None:
    rows = np.arange(9)

    def loss(w: Any, x: Any) -> Any:
        s = x @ w
        return np.sum(np.maximum(s - s[rows, LABELS][:, None] + 1, 0)) / 9

    def gradient(w: Any, x: Any) -> Any:
        s = x @ w
        hot = (s - s[rows, LABELS][:, None] + 1 > 0) * 1.0
        hot[rows, LABELS] = 0
        hot[rows, LABELS] = entry(hot)
        return x.T @ hot / 9

    if not words:
        is_right(loss, gradient, W, X)
        return
    code, says = first(loss, gradient, W, X)
    assert code == "GW263" and words in says, says


# -- worked out, or read, otherwise -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("again", "words"),
    [
        (lambda x, w: x @ w, ""),
        (lambda x, w: (x - x.mean(axis=0)) @ w, "centred"),
        (lambda x, w: np.round(x @ w, 1), "one digit"),
        (lambda x, w: (x.astype(np.float16) @ w.astype(np.float16)).astype(float), "half precision"),
        (lambda x, w: np.clip(x @ w, 0, 1), "0 and 1"),
        (lambda x, w: np.roll(x, 1, axis=1) @ w, "shifted by one column"),
    ],
)
def test_a_value_that_is_worked_out_otherwise_is_named(again: Any, words: str) -> None:
    def loss(w: Any, x: Any, y: Any) -> Any:
        return np.mean((x @ w - y) ** 2)

    def gradient(w: Any, x: Any, y: Any) -> Any:
        return 2 * x.T @ (again(x, w) - y) / len(y)

    if not words:
        is_right(loss, gradient, V, X, Y)
        return
    code, says = first(loss, gradient, V, X, Y)
    assert code in ("GW265", "GW225", "GW236") and words in says, says


def normal(x: Any, axis: Any, small: float, inside: bool = True) -> tuple[Any, Any]:
    centred = x - x.mean(axis=axis, keepdims=True)
    variance = (centred**2).mean(axis=axis, keepdims=True)
    spread = np.sqrt(variance + small) if inside else np.sqrt(variance) + small
    return centred / spread, spread


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ((1, 0.01), ""),
        ((0, 0.01), "over rows"),
        ((None, 0.01), "all entries"),
        ((1, 1e-5), "1e-05"),
        ((1, 0.01, False), "outside of the root"),
    ],
)
def test_other_statistics_of_a_normalisation_are_named(how: Any, words: str) -> None:
    def loss(w: Any, v: Any, x: Any, y: Any) -> Any:
        z = x @ w
        c = z - z.mean(axis=1, keepdims=True)
        return np.sum((c / np.sqrt((c**2).mean(axis=1, keepdims=True) + 0.01) @ v - y) ** 2)

    def gradient(w: Any, v: Any, x: Any, y: Any) -> Any:
        hat, spread = normal(x @ w, *how)
        d = 2 * (hat @ v - y)
        g = np.outer(d, v)
        dz = (g - g.mean(axis=1, keepdims=True) - hat * (g * hat).mean(axis=1, keepdims=True)) / spread
        return x.T @ dz, hat.T @ d

    args = (R.normal(size=(4, 5)), R.normal(size=5), X, Y)
    if not words:
        is_right(loss, gradient, *args)
        return
    code, says = first(loss, gradient, *args)
    assert code in ("GW265", "GW266") and words in says, says


@pytest.mark.parametrize(
    ("margin", "change", "words"),
    [
        (0.7, lambda t: t, ""),
        (1.0, lambda t: t, "1 in the place of margin|1 - d stands"),
        (0.7, lambda t: -t, "-same|-1|turned"),
        (0.7, lambda t: 1 - t, "1 - same|turned"),
    ],
)
def test_data_and_numbers_that_are_read_otherwise_are_named(margin: float, change: Any, words: str) -> None:
    def loss(w: Any, x: Any, same: Any, margin: Any) -> Any:
        d = (x @ w) ** 2
        return np.sum(same * d**2 + (1 - same) * np.maximum(margin - d, 0) ** 2)

    def gradient(w: Any, x: Any, same: Any, _: Any) -> Any:
        t = change(same)
        d = (x @ w) ** 2
        g = 2 * t * d - 2 * (1 - t) * np.maximum(margin - d, 0)
        return x.T @ (g * 2 * (x @ w))

    same = np.array([1.0, 0, 0, 1, 1, 0, 1, 0, 0])
    args = (0.3 * V, X, same, 0.7)
    if not words:
        is_right(loss, gradient, *args)
        return
    _, says = first(loss, gradient, *args)
    assert any(word in says for word in words.split("|")), says


def test_a_causal_mask_that_the_loss_does_not_have_is_named() -> None:
    def attended(w: Any, x: Any, seen: Any) -> tuple[Any, Any, Any]:
        s = x @ w @ x.T
        e = np.exp(s - s.max(axis=1, keepdims=True)) * seen
        a = e / e.sum(axis=1, keepdims=True)
        return s, a, a @ x

    def loss(w: Any, x: Any) -> Any:
        return np.sum(attended(w, x, 1.0)[2] ** 2)

    def gradient(w: Any, x: Any) -> Any:
        _, a, out = attended(w, x, np.tri(len(x)))
        g = 2 * out @ x.T
        ds = a * (g - np.sum(g * a, axis=1, keepdims=True))
        return x.T @ ds @ x

    code, says = first(loss, gradient, 0.2 * R.normal(size=(4, 4)), X[:6])
    assert code == "GW267" and "causal mask" in says, says
