"""Figures for paper: the page's own SVG, with its colours written into it, and standing still."""

from __future__ import annotations

import re
from dataclasses import replace

from gradwork.formats._svg import WIDE, Frame, alt, colored, drawing, swatch
from gradwork.formats._typst_math import array, quoted, silent
from gradwork.notation.document import Figure

# A mark that asks for another shape of the letter before it has no shape of its own, and PDF/UA refuses such letters.
_VARIANTS = re.compile("[\ufe00-\ufe0f]")
_COLORS = ("#0f5c8f", "#b4491b", "#2c7a4b", "#7a3e9d")
_STYLE = (
    'text{font-family:"New Computer Modern";font-size:15px;fill:#000}'
    ".tick{fill:#444;font-size:14px}.axis-name{font-style:italic;font-size:16px}"
    ".level{font-size:12.5px;paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}"
    ".label{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}"
    "path{fill:none;stroke:#bbb;stroke-width:1}.axis{stroke:#000}.zero{stroke:#444}"
    ".color-1,.color-2,.color-3,.color-4{stroke-width:2.25;stroke-linejoin:round;stroke-linecap:round}"
    + "".join(f".color-{i}{{stroke:{color}}}.point.color-{i}{{fill:{color}}}" for i, color in enumerate(_COLORS, 1))
    + ".secant{stroke-dasharray:2 5}.tangent{stroke-dasharray:9 5}.path{stroke-width:1.25}"
    ".contour{stroke:#5588ab;stroke-width:1.2}.point{stroke:#fff;stroke-width:.75}"
    ".mark{fill:#fff;stroke-width:1.5}.dot{fill:#000;stroke:#fff;stroke-width:1.5}"
)


def figure(block: Figure, caption: str) -> str:
    """The figure with its legend, as a call for the page; `caption` is an expression already."""
    still = replace(block, seconds=0.0)
    frame = Frame(still)
    picture = _svg(f"0 0 {WIDE} {frame.height}", drawing(still, frame))
    swatches = [
        f"({quoted(_svg('0 0 32 10', swatch(curve, number)))}, {quoted(curve.label)})"
        for curve, number in colored(block)
        if curve.label and curve.kind != "contour"
    ]
    return f"figure-of({quoted(picture)}, {silent(alt(block).strip() or 'a plot')}, {array(swatches)}, {caption})"


def _svg(box: str, inside: str) -> str:
    inside = _VARIANTS.sub("", inside)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"><style>{_STYLE}</style>{inside}</svg>'
