"""How a check shows itself: in a shell, on a page, as data, in another process; and causes that must not be guessed."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ArgumentError

W = np.array([0.7, -1.3, 0.4, 1.9, -0.2])


def wrong() -> Any:
    return gw.check(lambda w: np.sum(w**2), lambda w: w, W)


def test_a_check_says_in_one_line_what_it_found() -> None:
    found = wrong()
    assert repr(found) == "<Check: w is wrong (5 entries checked); GW202 factor two>"
    assert repr(found.verdicts["w"]) == "<Verdict on w: 0 agree, 5 differ, 0 cannot be told>"
    assert repr(found.diagnoses[0]) == "<Finding [GW202 factor two] the factor 2 is missing>"
    assert repr(found.diagnoses[0].cause) == "<Cause GW202 factor two>"


def test_a_check_travels_to_another_process() -> None:
    found = wrong()
    again = pickle.loads(pickle.dumps(found))
    assert str(again) == str(found)
    assert again.diagnoses[0].cause is found.diagnoses[0].cause


def test_the_page_and_the_data_say_what_the_text_says() -> None:
    at_kink = gw.check(lambda w: np.sum(np.maximum(w, 0)), lambda w: (w > 0) * 1.0, np.array([0.0, 1.0, -1.0]))
    assert at_kink.ok
    for page in (str(at_kink), at_kink.to("plain"), at_kink.document().facts["notes"][0]):
        assert "1 entry sits at a kink: any slope between the one-sided ones" in " ".join(str(page).split())
    facts = wrong().document().facts
    assert facts["worst"][0] == {
        "array": "w", "entry": [3], "yours": 1.9, "measured": pytest.approx(3.8), "bar": pytest.approx(0, abs=1e-6)
    }  # fmt: skip
    assert facts["diagnoses"][0]["try"] == "multiply by 2"


def test_entries_at_a_kink_do_not_count_as_what_could_not_be_seen() -> None:
    found = gw.check(lambda w: np.sum(np.maximum(w, 0)), lambda w: (w > 0) * 1.0, np.array([0.0, 1.0, -1.0]))
    assert found.power["w"] < 1e-6


@pytest.mark.parametrize(
    "loss, gradient, code",
    [
        (lambda w: np.sum(w**2), lambda w: w, "GW202"),
        (lambda w: np.sum(w**3), lambda w: w**2, "GW245"),
        (lambda w: np.sum(w**2), lambda w: 2 + 0 * w, "GW245"),
        (lambda w: np.sum(w**2), lambda w: w**2, "GW273"),
    ],
)
def test_a_wrong_power_is_no_penalty_no_stale_weight_and_not_forgotten(loss: Any, gradient: Any, code: str) -> None:
    assert [f.cause.code for f in gw.check(loss, gradient, W).diagnoses] == [code]


def test_a_lone_number_is_not_taken_for_a_penalty() -> None:
    assert gw.check("(3*w-1)^2", 31.0, kwargs={"w": 2.0}).diagnoses == ()


def test_a_plain_sum_of_a_layer_is_called_out() -> None:
    x, w = np.random.default_rng(0).normal(size=(4, 3)), np.random.default_rng(1).normal(size=(3, 2))
    found = gw.check(lambda w: np.sum(x @ w), lambda w: x.T @ np.ones((4, 2)), w)
    assert found.ok
    assert any("is 1 in every entry" in c.says for c in found.cautions)
    assert not gw.check(lambda w: np.sum((x @ w) ** 2), lambda w: 2 * x.T @ x @ w, w).cautions


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: gw.check(lambda w: w, lambda w: w, "abc"), "there is no number to take a gradient by"),
        (lambda: gw.check(lambda w: w, lambda w: w), "the loss cannot be called with these arguments"),
        (lambda: gw.check(lambda w: w, lambda w: w, 1.0, 2.0), "the loss cannot be called with these arguments"),
        (lambda: gw.check(lambda w: w, lambda w, q: w, 1.0), "the gradient function does not take the arguments"),
        (lambda: gw.check(lambda w: w, lambda w: w, 1.0, kwargs=3), "kwargs is of type int"),
    ],
)
def test_a_call_that_cannot_be_says_whose_fault_it_is(call: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        call()


def test_a_data_frame_stays_a_data_frame() -> None:
    class Frame:
        """What has columns, and can be made an array."""

        def __getitem__(self, name: str) -> Any:
            return np.array([1.0, 2.0, 4.0]) if name == "x" else np.array([2.0, 3.0, 9.0])

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return np.stack([self["x"], self["y"]], axis=1)

    def loss(w: Any, data: Frame) -> Any:
        return np.mean((data["x"] * w - data["y"]) ** 2)

    assert gw.check(loss, lambda w, data: np.mean(2 * (data["x"] * w - data["y"]) * data["x"]), 1.0, Frame()).ok
