"""The terms of a loss: their gradients add up to that of the loss, whatever they share."""

from __future__ import annotations

from typing import Any

import numpy as np

import gradwork as gw
from gradwork.check.regression import terms_of

R = np.random.default_rng(0)
X, E, S, M = R.normal(size=(5, 3)), R.normal(size=(5, 2)), 0.5 * R.normal(size=(3, 2)), R.normal(size=(3, 2))


def encoder(S: Any, M: Any, half: float = 0.5) -> Any:
    """A divergence in which the log variance stands by itself and inside two other terms."""
    spread, middle = X @ S, X @ M
    sample = middle + np.exp(0.5 * spread) * E
    return np.sum(sample**4) - half * np.sum(1 + spread - middle**2 - np.exp(spread))


def slopes(S: Any, M: Any, inner: float = 0.5) -> Any:
    spread, middle = X @ S, X @ M
    sample = middle + np.exp(0.5 * spread) * E
    back = 4 * sample**3
    return X.T @ (back * E * inner * np.exp(0.5 * spread) + 0.5 * (np.exp(spread) - 1)), X.T @ (back + middle)


def test_terms_that_share_a_value_add_up_to_the_gradient() -> None:
    found = gw.check(encoder, slopes, S, M, wrt=(0, 1))
    assert found.ok
    joint = found.evidence.joint
    terms = terms_of(joint)
    assert len(terms) >= 3
    for name, position in joint.slope.items():
        np.testing.assert_allclose(sum(t.slopes[name] for t in terms), joint.value(position), rtol=1e-10)


def test_a_term_is_not_called_left_out_where_another_one_is_wrong() -> None:
    found = gw.check(encoder, lambda S, M: slopes(S, M, inner=1.0), S, M, wrt=(0, 1))
    assert [v.wrong for v in found.verdicts.values()] == [True, False]
    assert not any("left out" in f.says for f in found.diagnoses)


def ranked(beta: Any, table: Any, decay: float) -> Any:
    """A loss of more terms than can be told apart, and a regulariser."""
    scores = table @ beta
    total = 0.0
    for k in range(len(table)):
        total -= scores[k] - np.log(np.sum(np.exp(scores[k:])))
    return total / len(table) + 0.5 * decay * beta @ beta


def test_a_regulariser_is_told_from_many_terms() -> None:
    table, beta = R.normal(size=(12, 3)), R.normal(size=3)
    right = gw.grad(ranked)(beta, table, 0.4)
    found = gw.check(ranked, right - 0.4 * beta, beta, table, 0.4, wrt=0)
    assert "the regulariser is left out" in [f.says for f in found.diagnoses]
    other = gw.check(ranked, right + 0.4 * beta, beta, table, 0.4, wrt=0)
    assert not any("does not have" in f.says for f in other.diagnoses)


def test_rows_of_single_scores_are_not_called_classes() -> None:
    table, beta = R.normal(size=(9, 3)), 0.3 * R.normal(size=3)
    counts = R.poisson(2.0, size=9)

    def loss(beta: Any) -> Any:
        scores = table @ beta
        return np.sum(np.exp(scores) - counts * scores)

    def without_last(beta: Any) -> Any:
        return table[:-1].T @ (np.exp(table @ beta) - counts)[:-1]

    found = gw.check(loss, without_last, beta)
    assert not found.ok
    assert not any("class" in f.says for f in found.diagnoses)
