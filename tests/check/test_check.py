"""`gw.check`: verdicts, readings, cautions, places and the report."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import gradwork as gw
from gradwork import formats
from gradwork.check import sampled

R = np.random.default_rng(0)
X, W, B, Y = R.normal(size=(7, 4)), R.normal(size=(4, 3)), R.normal(size=3), R.normal(size=(7, 3))


def loss(w: Any, b: Any, x: Any, y: Any) -> Any:
    return np.mean((np.tanh(x @ w + b) - y) ** 2)


def gradient(w: Any, b: Any, x: Any, y: Any) -> Any:
    a = np.tanh(x @ w + b)
    g = 2 * (a - y) / y.size * (1 - a**2)
    return x.T @ g, g.sum(axis=0)


def odd(w: Any, b: Any, x: Any, y: Any) -> Any:
    """A mistake that nobody has a name for."""
    dw, db = gradient(w, b, x, y)
    # Plain numbers: no step of the gradient function says how they were made.
    dw = np.frombuffer(dw.tobytes()).reshape(dw.shape)
    return dw * np.sin(np.arange(dw.size)).reshape(dw.shape), db


POINT = (W, B, X, Y)


# -- how a gradient may be given --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        gradient,
        gradient(*POINT),
        list(gradient(*POINT)),
        dict(zip("wb", gradient(*POINT), strict=True)),
        gradient(*POINT)[0],
        (None, gradient(*POINT)[1]),
        {"b": gradient(*POINT)[1]},
        lambda *a: (loss(*a), gradient(*a)),
        lambda *a: tuple(g.astype(np.float32) for g in gradient(*a)),
    ],
    ids=["function", "tuple", "list", "dict", "first alone", "second alone", "by name", "with the loss", "float32"],
)
def test_a_right_gradient_passes_however_it_is_given(given: Any) -> None:
    found = gw.check(loss, given, *POINT)
    assert found.ok, str(found)
    assert not found.diagnoses


def test_wrt_says_which_arguments_are_meant() -> None:
    assert gw.check(loss, gradient(*POINT)[1], *POINT, wrt="b").ok
    assert gw.check(loss, gradient(*POINT)[::-1], *POINT, wrt=("b", "w")).ok
    assert gw.check(loss, gradient(*POINT)[:1], *POINT, wrt=(0,)).ok
    assert set(gw.check(loss, gradient, *POINT, wrt=("w", "b")).verdicts) == {"w", "b"}


def test_nested_arguments_and_keywords() -> None:
    def nested(p: Any, x: Any, *, y: Any) -> Any:
        return loss(p["w"], p["layers"][0], x, y)

    def back(p: Any, x: Any, *, y: Any) -> Any:
        dw, db = gradient(p["w"], p["layers"][0], x, y)
        return {"w": dw, "layers": [db]}

    parameters = {"w": W, "layers": [B]}
    assert gw.check(nested, back, parameters, X, kwargs={"y": Y}).ok
    wrong = gw.check(
        nested, lambda p, x, *, y: {**back(p, x, y=y), "w": -back(p, x, y=y)["w"]}, parameters, X, kwargs={"y": Y}
    )
    assert [n for n, v in wrong.verdicts.items() if v.wrong] == ["w"]


def test_two_readings_ask_for_wrt() -> None:
    with pytest.raises(gw.GradworkError, match="two ways"):
        gw.check(lambda w, a, b: np.sum(w) * np.sum(a * b), (np.ones(2),), np.ones(3), np.ones(2), np.ones(2))


@pytest.mark.parametrize("given", ["text", {"nobody": np.ones(3)}, (np.ones(2),) * 9, None])
def test_what_fits_nothing_is_refused_with_what_there_is(given: Any) -> None:
    with pytest.raises(gw.GradworkError):
        gw.check(loss, given, *POINT)


# -- verdicts ---------------------------------------------------------------------------------------------------------


def test_at_a_kink_every_slope_between_the_sides_is_accepted() -> None:
    x = np.array([0.0, 1.0, -1.0])

    def kinked(w: Any) -> Any:
        return np.sum(np.maximum(w, 0.0) * np.array([1.0, 2.0, 3.0]))

    for slope in (0.0, 0.5, 1.0):
        assert gw.check(kinked, np.array([slope, 2.0, 0.0]), x).ok
    assert not gw.check(kinked, np.array([1.2, 2.0, 0.0]), x).ok
    assert "kink" in str(gw.check(kinked, np.array([0.0, 2.0, 0.0]), x))


def test_nothing_but_zeros_is_no_check() -> None:
    found = gw.check(lambda w: np.sum(w**2) * 0.0, np.zeros(3), np.ones(3))
    assert not found.ok
    assert "nothing was tested" in str(found)


def test_data_that_are_all_alike_are_called_out() -> None:
    ones = np.ones((7, 4))
    found = gw.check(loss, gradient, W, B, ones, Y)
    assert found.ok
    assert any("equal" in c.says for c in found.cautions)
    square = R.normal(size=(3, 3))
    symmetric = gw.check(lambda w: np.sum(w**2), lambda w: 2 * w, square + square.T)
    assert any("symmetric" in c.says for c in symmetric.cautions)


def test_a_black_box_is_checked_too() -> None:
    def hidden(w: Any) -> float:
        return float(sum(float(v) ** 3 for v in np.frombuffer(np.ascontiguousarray(w).tobytes())))

    w = np.array([1.0, -2.0, 0.5])
    assert gw.check(hidden, lambda w: 3 * w**2, w).ok
    wrong = gw.check(hidden, lambda w: 6 * w**2, w)
    assert not wrong.ok
    assert wrong.diagnoses[0].cause.code == "GW202"


def test_strict_fails_where_nothing_can_be_told() -> None:
    def noisy(w: Any) -> Any:
        return np.sum(w**2 * np.array([1e-30, 1.0])) + 1e6

    w = np.array([1.0, 1.0])
    assert gw.check(noisy, lambda w: 2 * w * np.array([1e-30, 1.0]), w).ok


def test_a_gradient_of_another_shape_is_wrong_and_said_so() -> None:
    found = gw.check(loss, lambda *a: (gradient(*a)[0].T, gradient(*a)[1]), *POINT)
    assert found.verdicts["w"].missing
    assert found.diagnoses[0].cause.code == "GW204"
    assert "shape" in str(found)


def test_an_argument_that_is_written_into_is_told() -> None:
    def writing(w: Any, b: Any, x: Any, y: Any) -> Any:
        result = gradient(w, b, x, y)
        w *= 0.9
        return result

    before = W.copy()
    assert "writes into w" in str(gw.check(loss, writing, *POINT))
    assert np.array_equal(W, before)


# -- where ------------------------------------------------------------------------------------------------------------


def test_the_layer_the_column_and_the_entry_are_named() -> None:
    def column(*a: Any) -> Any:
        dw, db = gradient(*a)
        dw = dw.copy()
        dw[:, 1] *= 1.234
        return dw, db

    assert any("column 2, and no other" in p.says for p in gw.check(loss, column, *POINT).where)

    def entry(*a: Any) -> Any:
        dw, db = gradient(*a)
        dw = dw.copy()
        dw[2, 0] += 0.1
        return dw, db

    assert any("entry (3, 1)" in p.says for p in gw.check(loss, entry, *POINT).where)


def test_what_is_not_recognised_is_called_so_and_made_small() -> None:
    found = gw.check(loss, odd, *POINT)
    assert not found.ok
    assert not found.diagnoses
    text = str(found)
    assert "unrecognised" in text
    assert "one row of the data is enough" in text


# -- large models -----------------------------------------------------------------------------------------------------


def test_large_models_are_looked_at_along_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "SECONDS", 0.0)
    monkeypatch.setattr(sampled, "SMALL", 10)
    right = gw.check(loss, gradient, *POINT)
    assert right.ok
    assert "random directions" in str(right)
    wrong = gw.check(loss, lambda *a: (gradient(*a)[0], gradient(*a)[1] * 7), *POINT)
    assert [n for n, v in wrong.verdicts.items() if v.wrong] == ["b"]
    assert wrong.diagnoses


def test_one_wrong_entry_of_a_large_black_box_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "SECONDS", 0.0)
    w = R.normal(size=5000)

    def hidden(w: Any) -> float:
        return float(np.sum(np.frombuffer(np.ascontiguousarray(w).tobytes()) ** 2))

    slopes = 2 * w
    slopes[1234] *= 1.5
    found = gw.check(hidden, slopes, w)
    assert not found.ok
    assert found.verdicts["w"].worst(1) == [(1234,)]


# -- the report -------------------------------------------------------------------------------------------------------


def test_the_report_is_short_and_comes_in_every_format() -> None:
    many = {f"w{k}": R.normal(size=(5, 4)) for k in range(40)}

    def all_of(p: Any) -> Any:
        return sum(np.sum(v**2) for v in p.values())

    found = gw.check(all_of, lambda p: {k: 3 * v for k, v in p.items()}, many)
    assert len(str(found).splitlines()) < 60
    for name in set(formats.names()) - {"pdf"}:
        assert formats.render(found.document(), name)
    facts = json.loads(formats.render(found.document(), "json"))
    assert facts


def test_assert_gradient_raises_with_the_report() -> None:
    gw.assert_gradient(loss, gradient, *POINT)
    with pytest.raises(AssertionError, match="w and b are wrong") as raised:
        gw.assert_gradient(loss, lambda *a: tuple(2 * g for g in gradient(*a)), *POINT)
    assert "GW202" in str(raised.value)
