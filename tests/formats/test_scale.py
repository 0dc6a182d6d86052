"""Axes hold every value that can be shown, at the ends of what a number can be too."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradwork import formats
from gradwork.formats._scale import Axis, axis, axis_of_powers, clipped, drawable
from gradwork.notation.document import Curve, Document, Figure

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


places = st.tuples(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300)) | st.tuples(st.floats(-2, 2), st.floats(-2, 2))


@settings(deadline=None, max_examples=400)
@given(start=places, end=places)
@example(start=(0.5, 0.5), end=(1e293, 0.5))
def test_what_is_drawn_of_a_line_lies_in_the_window_and_on_the_line(
    start: tuple[float, float], end: tuple[float, float]
) -> None:
    shown = clipped(start, end)
    if all(0 <= value <= 1 for value in (*start, *end)):
        assert shown == (start, end)
    if shown is None:
        return
    assert all(0 <= value <= 1 for place in shown for value in place)
    if max(abs(value) for value in (*start, *end)) <= 2:
        (x0, y0), (x1, y1) = start, end
        for x, y in shown:
            assert abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) < 1e-9


def test_a_curve_that_leaves_its_window_by_far_is_drawn_in_the_terminal() -> None:
    curve = Curve((0.0, 1.0, 2.0), (0.5, 1e293, 0.5))
    page = Document("far", (Figure((curve,), window=(0.0, 2.0, 0.0, 1.0)),))
    assert "|:" in formats.render(page, "plain")
