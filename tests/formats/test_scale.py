"""Axes hold every value that can be shown, at the ends of what a number can be too."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradwork.formats._scale import Axis, axis, axis_of_powers, drawable

any_values = st.lists(st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: drawable(x, 0.0)), max_size=5)


@pytest.mark.parametrize("build", [axis, axis_of_powers])
@settings(deadline=None, max_examples=400)
@given(values=any_values, margin=st.sampled_from([0.0, 0.03, 0.05]))
@example(values=[1.0, 3.766340504901158e293], margin=0.05)
@example(values=[1e-289, 1.0], margin=0.05)
def test_an_axis_holds_its_values_and_ends_at_numbers(
    build: Callable[..., Axis], values: list[float], margin: float
) -> None:
    shown = [abs(value) for value in values if abs(value) > 1e-290] if build is axis_of_powers else values
    made = build(shown, margin=margin)
    assert math.isfinite(made.low) and math.isfinite(made.high) and made.low < made.high
    assert all(math.isfinite(tick) for tick in made.ticks) and len(set(made.ticks)) == len(made.ticks) < 40
    assert len(made.labels()) == len(made.ticks)
    assert all(-0.01 <= made.place(value) <= 1.01 for value in shown)
