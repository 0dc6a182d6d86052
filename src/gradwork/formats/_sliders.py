"""A figure with sliders as HTML: the pictures, the numbers of a step, and all runs as data for the page's one script.

What the script shows was written here: it calculates nothing. Without scripts, the whole path of the run stands there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from gradwork.formats._mathml import words
from gradwork.formats._scale import drawable
from gradwork.formats._svg import WIDE, Frame, alt, drawing
from gradwork.notation.document import Figure, Run, Sliders

_MIDDLE = (280.0, 200.0)  # of a picture
_FAR, _FARTHEST = 800.0, 5_000.0  # from there: what is left out, and where the first that is left out is drawn


def sliders(block: Sliders, number: int, caption: str) -> str:
    """The block; `number` tells it from others of its page, `caption` is written already."""
    second = block.second
    numbers = "".join(_line(label, i, pieces) for i, (label, pieces) in enumerate(block.lines))
    run = block.runs[block.chosen]
    below = _picture(second, number + 1, run.heights, words(str(second.caption))) if second is not None else ""
    return (
        f'<section class="sliders" aria-label="The run, step by step">\n{_controls(block, number)}'
        f'<div class="beside">\n{_picture(block, number, run.places, caption)}'
        f'<div class="numbers-of-step" role="group" aria-label="The numbers of the step" hidden>\n'
        f'<dl>{numbers}</dl>\n</div>\n{below}</div>\n<p class="unseen" data-part="live" aria-live="polite"></p>\n'
        f'<script type="application/json" data-part="data">{_data(block)}</script>\n</section>'
    )


def _controls(block: Sliders, number: int) -> str:
    several = len(block.runs) > 1
    last = len(block.runs) - 1
    run = (
        f'<label for="run-{number}">{words(block.run_name)}</label>'
        f'<output for="run-{number}" data-part="run-name"></output>'
        f'<input type="range" id="run-{number}" data-part="run" min="0" max="{last}" value="{block.chosen}">\n'
    )
    return (
        f'<div class="controls" hidden>\n<label for="step-{number}">step</label>'
        f'<output for="step-{number}" data-part="step-name"></output>'
        f'<input type="range" id="step-{number}" data-part="step" min="0" max="0" value="0">\n{run if several else ""}'
        '<button type="button" data-part="play">Play</button><p class="said" data-part="said"></p>\n</div>\n'
    )


def _line(label: str, position: int, pieces: Sequence[str | int]) -> str:
    entry = ' class="entry"' if len(pieces) == 1 and position and " " not in label else ""
    return f'<dt{entry}>{words(label.replace(" - ", " − "))}</dt><dd data-line="{position}"></dd>\n'


def _picture(figure: Figure, number: int, path: Sequence[tuple[float, float]], caption: str) -> str:
    frame = Frame(figure)
    clip = f"gradwork-slid-{number}"
    box = f'x="{frame.left - 8:g}" y="{frame.top - 8:g}" width="{frame.wide + 16:g}" height="{frame.high + 16:g}"'
    places = "L".join(f"{place[0]:g} {place[1]:g}" for place in _places(frame, path) if place)
    still = f'<path class="path color-2" d="M{places}"/>' if places else ""
    return (
        f'<figure><svg role="img" viewBox="0 0 {WIDE} {frame.height}" class="plot" aria-label="{words(alt(figure))}">'
        f"<title>{words(alt(figure))}</title>{drawing(_plain(figure), frame, number)}"
        f'<clipPath id="{clip}"><rect {box}/></clipPath><g clip-path="url(#{clip})" data-part="drawing">'
        f"{still}</g></svg><figcaption>{caption}</figcaption></figure>\n"
    )


def _plain(figure: Figure) -> Figure:
    """The figure as other figures are, without what is slid through."""
    return Figure(
        figure.curves, figure.dots, figure.x_label, figure.y_label, "", figure.alt, figure.logarithmic, figure.window
    )


def _data(block: Sliders) -> str:
    frames = (Frame(block), Frame(block.second) if block.second is not None else None)
    data = {
        "chosen": block.chosen,
        "window": [frames[0].left, frames[0].top, frames[0].right, frames[0].bottom],
        "lines": [pieces for _, pieces in block.lines],
        "runs": [_run(run, *frames) for run in block.runs],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # "<" would end the script element or change it; the others cannot be written.
    return re.sub("[<\x7f-\x9f\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text)


def _run(run: Run, frame: Frame, second: Frame | None) -> dict[str, object]:
    return {
        "name": run.name,
        "said": run.said,
        "steps": [f"{step:,}" for step in run.steps],
        "places": [*_places(frame, run.places)],
        "heights": [*_places(second, run.heights)] if second is not None else [],
        "values": run.values,
    }


def _places(frame: Frame, points: Sequence[tuple[float, float]]) -> Iterator[list[float] | None]:
    """Where points lie in the picture. Of those far outside, the first one says where the path has gone; None then."""
    lost = False
    for x, y in points:
        place = _place(frame, x, y)
        far = place is None or abs(place[0] - _MIDDLE[0]) > _FAR or abs(place[1] - _MIDDLE[1]) > _FAR
        yield None if place is None or (far and lost) else _near(*place)
        lost = far


def _place(frame: Frame, x: float, y: float) -> tuple[float, float] | None:
    if frame.across.logarithmic:
        x = max(x, frame.across.low)  # step 0
    if not drawable(x, y, "y" if frame.upward.logarithmic else ""):
        return None
    return frame.x(x), frame.y(y)


def _near(x: float, y: float) -> list[float]:
    """The point, or one in the same direction that is not so far."""
    away = max(abs(x - _MIDDLE[0]), abs(y - _MIDDLE[1]))
    part = min(1.0, _FARTHEST / away) if away > 0 else 1.0
    return [round(_MIDDLE[0] + part * (x - _MIDDLE[0]), 1), round(_MIDDLE[1] + part * (y - _MIDDLE[1]), 1)]
