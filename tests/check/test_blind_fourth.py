"""The fourth blind set is what it says: right gradients are right, each planted mistake clearly changes a number."""

from __future__ import annotations

import copy

import numpy as np
from check.blind_fourth.case import leaves
from check.blind_fourth.models import FAMILIES, planted, right
from check.test_blind_models import disagreements, names


def test_right_gradients_agree_with_differences() -> None:
    found = [line for case in right() for line in disagreements(case)]
    assert not found, "\n".join(found)


def test_each_planted_mistake_changes_a_number_clearly() -> None:
    weak = []
    for family in FAMILIES:
        for case in family.planted():
            assert set(case.wrong) <= set(names(case)) and case.cause, case.name
            if max(family.changes(case.gradient, case.args).values()) < 1e-3:
                weak.append(case.name)
    assert not weak, "\n".join(weak)


def test_gradients_leave_their_arguments_alone() -> None:
    found = []
    for case in (*planted(), *right()):
        before = copy.deepcopy(case.args)
        with np.errstate(all="ignore"):
            case.gradient(*case.args)
        if not all(np.array_equal(a, b) for a, b in zip(leaves(before), leaves(case.args), strict=True)):
            found.append(case.name)
    assert not found, "\n".join(found)


def test_there_are_enough_of_each() -> None:
    assert len(FAMILIES) >= 40
    assert min(len(family.mistakes) for family in FAMILIES) >= 12
    assert len(planted()) >= 700
    assert min(len(family.right()) for family in FAMILIES) >= 3
    every = [case.name for case in (*planted(), *right())]
    assert len(every) == len(set(every))
