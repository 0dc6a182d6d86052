"""The catalogue of causes: every example is found and named, and its mended form passes."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import gradwork as gw
from gradwork.check.cause import causes

# Causes that a pair of functions on NumPy cannot show: they are about torch, JAX, or second slopes.
ELSEWHERE = {"GW224", "GW233", "GW250", "GW251", "GW252", "GW253"}
PLAIN = [cause for cause in causes() if cause.code not in ELSEWHERE]


def point_of(function: Any, text: str) -> list[Any]:
    """Numbers for the arguments of an example, by their names."""
    r = np.random.default_rng(3)
    tables = "@" in text
    values = {
        "w": _weights(r, text),
        "v": r.normal(size=(4, 4)),
        "b": r.normal(size=4),
        "x": r.normal(size=(6, 4)) if tables else r.uniform(0.5, 1.5, size=5),
        "y": r.normal(size=6) if tables else r.uniform(0.5, 1.5, size=5),
    }
    return [values[name] for name in inspect.signature(function).parameters]


def _weights(r: np.random.Generator, text: str) -> Any:
    if "@ w - y" in text:
        return r.normal(size=4)
    if "@" in text:
        return r.normal(size=(4, 4))
    return r.normal(size=3) if "w[" in text else 0.7


@pytest.mark.parametrize("cause", causes(), ids=lambda cause: cause.code)
def test_every_entry_is_complete(cause: Any) -> None:
    assert cause.code.startswith("GW2")
    assert cause.name and cause.summary.endswith(".") and len(cause.explain) > 80
    assert cause.broken.strip() != cause.mended.strip()
    if cause.written:
        assert (cause.slips or cause.digits) and cause.paper is not None, (
            "what is made on paper alone is found on paper"
        )
        return
    assert "def " in cause.broken and "def " in cause.mended
    assert cause.find or cause.mutants or cause.code in ELSEWHERE


def test_every_mistake_of_the_teaching_list_has_an_entry() -> None:
    # M26 is a number rounded on the way, which is no mistake.
    assert {f"M{k:02}" for k in range(1, 31)} - {"M26"} <= {paper for cause in causes() for paper in cause.paper}


def test_codes_and_names_are_told_apart() -> None:
    assert len({cause.code for cause in causes()}) == len(causes())
    assert len({cause.name for cause in causes()}) == len(causes())


MUTANTS = [cause for cause in PLAIN if cause.mutants is not None and cause.find is None]


@pytest.mark.parametrize("cause", MUTANTS, ids=lambda cause: cause.code)
def test_the_broken_example_is_named_and_the_mended_one_passes(cause: Any) -> None:
    names: dict[str, Any] = {}
    exec(cause.broken, names)
    args = point_of(names["loss"], cause.broken)
    found = gw.check(names["loss"], names["gradient"], *args)
    assert not found.ok
    assert cause.code in [f.cause.code for f in found.diagnoses], str(found)
    exec(cause.mended, names)
    mended = gw.check(names["loss"], names["gradient"], *args)
    assert mended.ok, str(mended)
