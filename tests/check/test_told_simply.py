"""Of the descriptions that fit alike, the one that a reader follows at once: places, origins, terms by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwork as gw

R = np.random.default_rng(5)
X, Y = R.normal(size=(7, 3)), R.normal(size=7)
W, B = R.normal(size=(3, 4)), R.normal(size=4)
V = R.normal(size=4)


def named(loss: Callable[..., Any], wrong: Any, *args: Any) -> str:
    """All causes that are named for some numbers, one after the other."""
    return "; ".join(str(found) for found in gw.check(loss, wrong, *args).diagnoses)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


# -- slopes that people know by heart ---------------------------------------------------------------------------------


def hidden(slope: Callable[[Any, Any], Any], function: Callable[[Any], Any]) -> str:
    def loss(W: Any, B: Any, X: Any, Y: Any) -> Any:
        return np.mean((function(X @ W + B) @ V - Y) ** 2)

    z = X @ W + B
    d = np.outer(2 * (function(z) @ V - Y) / len(Y), V) * slope(z, function(z))
    return named(loss, (X.T @ d, d.sum(axis=0)), W, B, X, Y)


def softplus(z: Any) -> Any:
    return np.log(1 + np.exp(z))


def leaky(z: Any) -> Any:
    return np.where(z > 0, z, 0.1 * z)


@pytest.mark.parametrize(
    ("function", "slope", "says"),
    [
        (sigmoid, lambda z, a: 1 - a, "1 - a stands where a (1 - a)"),
        (softplus, lambda z, a: sigmoid(z) * (1 - sigmoid(z)), "the slope of sigmoid"),
        (softplus, lambda z, a: sigmoid(-z), "sigmoid(-z1) stands where sigmoid(z1), the slope of softplus"),
        (leaky, lambda z, a: np.where(z > 0, 1.0, 0.01), "a leaky relu, 1 where z > 0, else 0.01"),
        (np.tanh, lambda z, a: 1 - a, "1 - a1 stands where 1 - a1^2"),
    ],
)
def test_a_known_slope_is_told_in_its_usual_form(function: Any, slope: Any, says: str) -> None:
    assert says in hidden(slope, function)


def test_the_scores_of_a_count_are_told_by_the_missing_slope_of_exp() -> None:
    counts = R.poisson(2.0, size=7).astype(float)

    def loss(w: Any, X: Any, counts: Any) -> Any:
        rate = np.exp(X @ w)
        return np.sum(rate - counts * np.log(rate))

    w = R.normal(size=3)
    assert "slope of exp" in named(loss, X.T @ (1 - counts / np.exp(X @ w)), w, X, counts)


# -- paths, and factors of a square -----------------------------------------------------------------------------------


def squares(a: Any, z: Any) -> Any:
    """A state that loses what it meets, and all squares of what is left, by their spread."""
    m, total = 0.0, 0.0
    for t in range(6):
        m = a * m
        e = z[t] - m
        total = total + e * e / (1 + 0.1 * t)
        m = m + 0.3 * e
    return total


def of_squares(a: float, z: Any, share: float) -> float:
    m, ms, es = 0.0, [], []
    for t in range(6):
        ms.append(m)
        es.append(z[t] - a * m)
        m = a * m + 0.3 * es[-1]
    da = dm = 0.0
    for t in reversed(range(6)):
        de = share * es[t] / (1 + 0.1 * t) + 0.3 * dm
        before = dm - de
        da += before * ms[t]
        dm = before * a
    return da


Z6 = R.normal(size=6)


def test_half_of_a_square_is_its_missing_factor_2() -> None:
    assert "the factor 2 is missing" in named(squares, of_squares(0.7, Z6, 1.0), 0.7, Z6)


def test_both_factors_of_a_product_with_itself_left_out_is_no_sign() -> None:
    def loss(w: Any, x: Any) -> Any:
        h = np.tanh(w * x)
        return np.sum(h * h * np.cos(x) + np.sin(h))

    w, h = 0.6, np.tanh(0.6 * X[:, 0])
    says = named(loss, np.sum(np.cos(h) * (1 - h**2) * X[:, 0]), w, X[:, 0])
    assert "sign" not in says
    assert "left out" in says or "nothing comes back" in says


def test_a_factor_that_is_missing_is_told_before_other_slopes() -> None:
    def loss(c: Any, v: Any) -> Any:
        total = 0.0
        for _ in range(5):
            v = v - 0.1 * (c * v * np.sqrt(1 + v * v))
            total = total + np.sum(v**2)
        return total

    c, start = R.uniform(0.2, 0.5, size=3), R.normal(size=3)
    v, vs = start, [start]
    for _ in range(5):
        v = v - 0.1 * c * v * np.sqrt(1 + v * v)
        vs.append(v)
    dc, dv = np.zeros(3), np.zeros(3)
    for t in reversed(range(5)):
        dv = dv + 2 * vs[t + 1]
        u = vs[t]
        dc = dc - dv * 0.1 * u
        dv = dv * (1 - 0.1 * c * (np.sqrt(1 + u * u) + u * u / np.sqrt(1 + u * u)))
    says = "; ".join(str(found) for found in gw.check(loss, dc, c, start, wrt="c").diagnoses)
    assert "factor" in says
    assert "stand where" not in says


def test_a_path_that_counts_twice_has_a_name_and_may_lack_a_half() -> None:
    def loss(w: Any, x: Any) -> Any:
        a = w * x
        return np.sum(0.5 * a * (1 + np.tanh(a + 0.1 * a**3)))

    w, x = R.normal(size=7), X[:, 1]
    a = w * x
    t = np.tanh(a + 0.1 * a**3)
    da = 0.5 * (1 + t) + a * (1 - t**2) * (1 + 0.3 * a**2)
    says = named(loss, da * x, w, x)
    assert "the path from a through tanh(a + 0.1 a^3) is counted twice" in says
    assert "1/2 is missing" in says


def test_of_different_formulas_the_path_is_named_and_not_the_first_or_last_use() -> None:
    def loss(s: Any, x: Any) -> Any:
        return np.sum((x / np.exp(s)) ** 2) + 7 * np.sum(s)

    s = np.array(0.3)
    says = named(loss, -2 * np.sum(X[:, 0] ** 2) * np.exp(-2 * s), s, X[:, 0])
    assert "first" not in says
    assert "last" not in says


# -- gates ------------------------------------------------------------------------------------------------------------


def test_of_two_gates_the_one_that_is_meant_is_named() -> None:
    U, Q = R.normal(size=(3, 3)), R.normal(size=(3, 3))

    def loss(W: Any, U: Any, X: Any) -> Any:
        return np.sum(sigmoid(X @ W) * sigmoid(X @ U))

    p, q = sigmoid(X @ Q), sigmoid(X @ U)
    says = named(loss, (X.T @ (q * p * (1 - p)), X.T @ p), Q, U, X)
    assert "the slope of sigmoid at X @ U is missing" in says


# -- terms ------------------------------------------------------------------------------------------------------------


def two_penalties(w: Any, X: Any, Y: Any, lasso: Any, ridge: Any) -> Any:
    return np.mean((X @ w - Y) ** 2) + lasso * np.sum(np.abs(w)) + ridge * np.sum(w**2)


@pytest.mark.parametrize(
    ("lasso", "ridge", "says"),
    [
        (0.0, 0.2, "the penalty lasso sum(|w|) is left out"),
        (0.3, 0.0, "the penalty ridge sum(w^2) is left out"),
        (0.3, 0.1, "in the penalty ridge sum(w^2), the factor 2 is missing"),
        (0.2, 0.3, "exchanged"),
    ],
)
def test_of_two_penalties_the_one_that_is_meant_is_written_out(lasso: float, ridge: float, says: str) -> None:
    w, x = R.normal(size=6), R.normal(size=(7, 6))
    wrong = 2 * x.T @ (x @ w - Y) / len(Y) + lasso * np.sign(w) + 2 * ridge * w
    assert says in named(two_penalties, wrong, w, x, Y, 0.3, 0.2)


def test_the_terms_of_a_loop_are_no_penalty() -> None:
    def loss(s: Any, a: Any, z: Any) -> Any:
        total, P = 0.0, 1.0
        for t in range(4):
            P = a * a * P + np.exp(s)
            total = total + np.log(P) + z[t] ** 2 / P
        return total

    def slopes(s: float, a: float, z: Any, logs: float) -> tuple[float, float]:
        P, Ps = 1.0, [1.0]
        for _ in range(4):
            P = a * a * P + np.exp(s)
            Ps.append(P)
        ds = da = dP = 0.0
        for t in reversed(range(4)):
            dP += logs / Ps[t + 1] - z[t] ** 2 / Ps[t + 1] ** 2
            ds, da, dP = ds + dP * np.exp(s), da + dP * 2 * a * Ps[t], dP * a * a
        return ds, da

    says = named(loss, slopes(0.2, 0.6, Z6, 0.0), 0.2, 0.6, Z6)
    assert "each of the 4 terms such as log(P" in says
    assert "penalty" not in says


def test_a_term_of_several_parts_is_named_as_a_whole() -> None:
    def loss(M: Any, S: Any, X: Any, T: Any) -> Any:
        m, s = X @ M, X @ S
        fit = np.sum((m + 0.3 * s - T) ** 2)
        spread = np.sum(m**2 + np.exp(s) - s)
        return (fit + spread) / len(X)

    M, S, T = R.normal(size=(3, 2)), R.normal(size=(3, 2)), R.normal(size=(7, 2))
    m, s = X @ M, X @ S
    d = 2 * (m + 0.3 * s - T) / 7
    says = named(loss, (X.T @ (d + 2 * m), X.T @ (0.3 * d + np.exp(s) - 1)), M, S, X, T)
    assert "in the term spread, the factor 1/7 is missing" in says


def test_only_the_last_turn_of_a_loss_is_told_in_a_sentence() -> None:
    def loss(a: Any, seen: Any) -> Any:
        x, y, total = 1.0, 0.5, 0.0
        for t in range(6):
            x, y = x + 0.1 * a * y, y - 0.1 * a * x * y
            total = total + (x - seen[t]) ** 2 + (y + seen[t]) ** 2
        return total

    def last(a: Any, seen: Any) -> Any:
        x, y = 1.0, 0.5
        for _ in range(6):
            x, y = x + 0.1 * a * y, y - 0.1 * a * x * y
        return (x - seen[5]) ** 2 + (y + seen[5]) ** 2

    says = named(loss, gw.grad(last), 0.8, Z6)
    assert "of the loss of the 6 turns" in says
    assert "only that of the last turn is counted" in says
    assert "(x_6 - seen_6)^2 and (y_6 + seen_6)^2" in says  # the names of a tuple on the left


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_a_number_comes_from_the_sum_of_an_argument() -> None:
    weights = R.uniform(0.5, 2.0, size=7)

    def loss(w: Any, X: Any, Y: Any, weights: Any) -> Any:
        return np.mean(weights * (X @ w - Y) ** 2)

    w = R.normal(size=3)
    wrong = 2 * X.T @ (weights * (X @ w - Y)) / weights.sum()
    assert "1/sum(weights) stands where 1/7 belongs" in named(loss, wrong, w, X, Y, weights)


def test_a_count_that_is_one_less_is_told_so() -> None:
    def loss(w: Any, X: Any, Y: Any) -> Any:
        return np.mean((X @ w - Y) ** 2)

    w, x = R.normal(size=4), R.normal(size=(5, 4))
    says = named(loss, 2 * x.T @ (x @ w - Y[:5]) / 4, w, x, Y[:5])
    assert "1/(5 - 1) stands where 1/5 belongs" in says


def test_a_mask_of_the_rows_is_likelier_than_another_length() -> None:
    alike = np.array([1.0, 0, 1, 1, 0, 0, 0])

    def loss(w: Any, X: Any, Y: Any, alike: Any) -> Any:
        return np.mean(np.sum(X * w, axis=1) ** 2 * alike + (1 - alike) * np.exp(np.sum(X * w, axis=1)))

    w = R.normal(size=3)
    z = X @ w
    wrong = X.T @ (2 * z * alike + (1 - alike) * np.exp(z)) / 3
    assert "3 that of ones in alike" in named(loss, wrong, w, X, Y, alike)


def test_a_mean_over_the_places_of_a_window_is_told_by_its_uses() -> None:
    signal = R.normal(size=9)

    def loss(kernel: Any, signal: Any) -> Any:
        out = np.stack([np.sum(signal[i : i + 4] * kernel) for i in range(6)])
        return np.sum(np.tanh(out) ** 2)

    kernel = R.normal(size=4)
    out = np.array([signal[i : i + 4] @ kernel for i in range(6)])
    d = 2 * np.tanh(out) * (1 - np.tanh(out) ** 2)
    right = sum(d[i] * signal[i : i + 4] for i in range(6))
    says = named(loss, right / 6, kernel, signal)
    assert "1/6 too much" in says


def test_what_divides_the_data_beside_a_penalty_is_a_number_of_rows() -> None:
    def loss(w: Any, X: Any, Y: Any) -> Any:
        return np.sum(np.maximum(0, 1 - Y * (X @ w)) ** 2) / 7 + 0.1 * np.sum(w**2)

    w = R.normal(size=3)
    wrong = -2 * X.T @ (Y * np.maximum(0, 1 - Y * (X @ w))) + 0.2 * w
    says = named(loss, wrong, w, X, Y)
    assert "the factor 1/7 is missing" in says
    assert "what lies between" not in says


def test_a_factor_that_spoils_only_the_arrays_behind_a_value_has_its_place() -> None:
    def loss(W: Any, B: Any, V: Any, X: Any, Y: Any) -> Any:
        h = np.tanh(X @ W + B)
        return np.mean((h @ V - Y) ** 2)

    h = np.tanh(X @ W + B)
    e = 2 * (h @ V - Y) / len(Y)
    d = 0.5 * np.outer(e, V) * (1 - h**2)
    assert "the factor 2 is missing, in what comes back to h" in named(
        loss, (X.T @ d, d.sum(axis=0), h.T @ e), W, B, V, X, Y
    )


# -- axes, shares, entries --------------------------------------------------------------------------------------------


def test_axes_are_counted_as_numpy_counts_them() -> None:
    def loss(W: Any, B: Any, X: Any) -> Any:
        return np.sum(np.sin(X @ W + B))

    d = np.cos(X @ W + B)
    says = named(loss, (X.T @ d, d.sum(axis=1)), W, B, X)
    assert "the sum is over the columns (axis 1), and belongs over the rows (axis 0)" in says


def shares(z: Any) -> Any:
    powers = np.exp(z - np.max(z))
    return powers / np.sum(powers)


def test_shares_that_are_the_same_for_all_are_told_as_a_number() -> None:
    def loss(s: Any, c: Any) -> Any:
        log_p = s - np.log(np.sum(np.exp(s)))
        return -np.sum(c * log_p)

    s, c = R.normal(size=4), R.uniform(size=4)
    assert "1/4, the same for each, stands where softmax(s) belongs" in named(loss, -c + c.sum() / 4, s, c)


def test_a_hard_assignment_is_called_one() -> None:
    def loss(m: Any, x: Any) -> Any:
        scores = -((x[:, None] - m) ** 2)
        top = np.max(scores, axis=1, keepdims=True)
        return -np.mean(top[:, 0] + np.log(np.sum(np.exp(scores - top), axis=1)))

    m, x = np.array([-1.0, 0.4, 1.5]), R.normal(size=8)
    nearest = np.argmin((x[:, None] - m) ** 2, axis=1)
    wrong = np.array([-np.sum(2 * (x - m[k])[nearest == k]) / 8 for k in range(3)])
    assert "a hard assignment" in named(loss, wrong, m, x)


def test_entries_in_the_order_of_another_table_are_told_by_its_axes() -> None:
    def loss(head: Any, A: Any, Y: Any) -> Any:
        return np.mean((A.reshape(len(A), -1) @ head - Y) ** 2)

    A, head = R.normal(size=(7, 2, 3)), R.normal(size=6)
    right = 2 * A.reshape(7, -1).T @ (A.reshape(7, -1) @ head - Y) / 7
    says = named(loss, right.reshape(2, 3).T.ravel(), head, A, Y)
    assert "in the order of (3, 2), and belong in that of (2, 3)" in says


def test_entries_of_coefficients_that_are_off_by_one_are_no_steps() -> None:
    def loss(s: Any, c: Any, x: Any) -> Any:
        z = x - s
        return np.sum(c[0] + c[1] * np.sin(z) + c[2] * np.sin(z) ** 2 + c[3] * np.sin(z) ** 3)

    s, c, x = 0.3, R.normal(size=4), X[:, 2]
    z = x - s
    wrong = -np.sum(np.cos(z) * (c[0] + 2 * c[1] * np.sin(z) + 3 * c[2] * np.sin(z) ** 2))
    assert "step" not in named(loss, wrong, s, c, x)


def test_a_sum_in_the_place_of_a_difference_is_told_as_one() -> None:
    A, D = R.normal(size=(6, 3)), R.normal(size=(6, 3))

    def loss(W: Any, A: Any, D: Any) -> Any:
        return np.sum(np.cos((A - D) @ W))

    wrong = -(A + D).T @ np.sin((A + D) @ W)
    assert "A + D in the place of A - D" in named(loss, wrong, W, A, D)


def test_a_parameter_that_is_left_out_of_its_own_slope_is_no_regulariser() -> None:
    def loss(W: Any, c: Any, X: Any, T: Any) -> Any:
        return 0.5 * np.sum((X @ W + c - T) ** 2)

    T = R.normal(size=(7, 4))
    e = X @ W + B - T
    says = named(loss, (X.T @ e, (X @ W - T).sum(axis=0)), W, B, X, T)
    assert "c itself is left out" in says
    assert "regulariser" not in says


def test_rows_that_are_not_divided_by_their_lengths_are_told_where_it_happens() -> None:
    def loss(W: Any, q: Any, X: Any, Y: Any) -> Any:
        h = X @ W
        lengths = np.sqrt(np.sum(h**2, axis=1))
        return np.sum((h @ q / lengths - Y) ** 2)

    h = X @ W
    lengths = np.sqrt(np.sum(h**2, axis=1))
    d = 2 * (h @ V / lengths - Y)
    dh = d[:, None] * (V - (h @ V / lengths**2)[:, None] * h)
    says = named(loss, (X.T @ dh, h.T @ (d / lengths)), W, V, X, Y)
    assert "d_h * lengths stands where d_h belongs" in says


def test_what_overflows_is_told_with_the_number_that_does() -> None:
    def loss(w: Any, x: Any) -> Any:
        z = x @ w
        return np.sum(np.logaddexp(0.0, z))

    w, x = np.array([1.0, 2.0]), np.array([[400.0, 200.0], [1.0, 2.0]])
    with np.errstate(all="ignore"):
        e = np.exp(x @ w)
        wrong = x.T @ (e / (1 + e))
    assert "z goes up to 800" in named(loss, wrong, w, x)


def test_both_names_of_a_pair_on_the_left_are_known() -> None:
    def loss(a: Any, start: Any) -> Any:
        x, y = start[0] * a, start[1] - a
        x, y = np.sin(x) + y, x * y
        return x**2 + np.cos(y)

    assert {"x", "y"} <= {node.name for node in gw.trace(loss, 0.7, np.array([0.4, 1.2])).nodes}
