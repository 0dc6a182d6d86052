"""The marking keeps what it reached on answers written by hand; `score_people.py` has the figures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from score_people import scored, summary


@pytest.mark.parametrize(
    ("name", "named", "wrong"), [("first", 0.97, 0.01), ("second", 0.88, 0.035), ("third", 0.9, 0.02)]
)
def test_mistakes_have_their_names_and_right_answers_are_right(name: str, named: float, wrong: float) -> None:
    found = summary(scored(name, []))
    assert found["named right"] >= named
    assert found["a wrong name, of all wrong answers"] <= wrong
    assert found["carried seen as carried"] >= 0.98
    assert found["right answers marked wrong"] <= 0.002 * found["right answers"]  # who rounds early throughout
