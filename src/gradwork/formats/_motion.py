"""A path that is walked along: animation inside the SVG itself (SMIL), without a script.

The walk lasts as long as the figure says, stops at its end, and starts again when it is clicked. Who has asked for
reduced motion, and paper, see the still path alone: the style sheet hides the class `moving` there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from gradwork.formats._mathml import words

Point = tuple[float, float]


def moving(places: Sequence[Point], notes: Sequence[str], color: int, seconds: float, name: str, corner: Point) -> str:
    """A trail that grows, a dot at its end, and in the corner what the notes say of each place; empty for one place.

    >>> moving([(0, 0)], (), 1, 5.0, "m", (0, 0))
    ''
    """
    walked = _walked(places)
    if len(places) < 2 or walked[-1] == 0:
        return ""
    last = len(places) - 1
    times = ";".join(f"{i / last:.4g}" for i in range(last + 1))
    begin = f"0s;{name}-walk.click"
    rest = ";".join(f"{1 - part / walked[-1]:.4f}" for part in walked)
    timing = f'begin="{begin}" dur="{seconds:g}s" keyTimes="{times}" fill="freeze"'
    trail = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    across, down = (";".join(f"{place[i]:.1f}" for place in places) for i in (0, 1))
    x, y = places[-1]
    return (
        f'<g class="moving" id="{name}-walk"><g clip-path="url(#{name})">'
        f'<path class="trail color-{color}" pathLength="1" stroke-dasharray="1" d="{trail}">'
        f'<animate attributeName="stroke-dashoffset" values="{rest}" {timing}/></path>'
        f'<circle class="walker color-{color}" cx="{x:.1f}" cy="{y:.1f}" r="6">'
        f'<animate attributeName="cx" values="{across}" {timing}/>'
        f'<animate attributeName="cy" values="{down}" {timing}/>'
        f"</circle></g>{_spoken(notes, last, seconds, name, corner)}</g>"
    )


def _walked(places: Sequence[Point]) -> list[float]:
    """How far each place is along the path."""
    walked = [0.0]
    for before, after in pairwise(places):
        walked.append(walked[-1] + math.dist(before, after))
    return walked


def _spoken(notes: Sequence[str], last: int, seconds: float, name: str, corner: Point) -> str:
    if len(notes) != last + 1:
        return ""
    x, y = corner
    texts = []
    for i, note in enumerate(notes):
        start = f"{seconds * i / last:.4g}s"
        if i < last:  # each is shown until the next one
            hidden, to, begin, lasting = ' visibility="hidden"', "visible", start, f"{seconds / last:.4g}s"
            again = f"{name}-walk.click+{start}"
        else:  # and the last one is hidden while the others are shown
            hidden, to, begin, lasting, again = "", "hidden", "0s", start, f"{name}-walk.click"
        change = f'<set attributeName="visibility" to="{to}" begin="{begin};{again}" dur="{lasting}"/>'
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="end"'
        texts.append(f'<text class="tick" {place}{hidden}>{words(note)}{change}</text>')
    return f'<g aria-hidden="true">{"".join(texts)}</g>'
