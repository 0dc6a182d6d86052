"""Simulated learners are marked as a teacher would: the mistake by its name, what follows from it as carried."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from score_learners import Score, scored, spelled, summary


@pytest.fixture(scope="module")
def score() -> Score:
    return scored(range(70, 72))


def test_most_mistakes_are_named_and_few_wrongly(score: Score) -> None:
    shares = summary(score)
    assert shares["named right"] > 0.93
    assert shares["named right alone"] > 0.7
    assert shares["named wrong"] < 0.02
    assert shares["a wrong name, of all wrong answers"] < 0.03


def test_what_follows_from_a_wrong_number_is_carried(score: Score) -> None:
    shares = summary(score)
    assert shares["carried seen as carried"] > 0.99
    assert shares["carried given a wrong name"] < 0.005


def test_errors_without_a_name_get_hardly_any(score: Score) -> None:
    assert summary(score)["nameless errors named"] < 0.1


def test_no_right_answer_is_marked_wrong(score: Score) -> None:
    assert score.counts["right"] > 1000
    assert score.counts["right marked wrong"] == 0


def test_right_answers_are_right_in_every_spelling() -> None:
    assert set(spelled(range(1))) == {"right"}


def test_every_learner_makes_a_mistake_somewhere(score: Score) -> None:
    outcomes = {"named", "unnamed", "seen", "called", "nameless,"}
    for learner, counts in score.by_learner.items():
        assert any(name.split()[0] in outcomes for name in counts), learner
