"""A figure as an SVG file: with its title, legend and caption inside, and colours for light and dark of its own."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from gradwork.formats._mathml import words
from gradwork.formats._page import pieces_of
from gradwork.formats._svg import WIDE, Frame, alt, colored, drawing, swatch
from gradwork.notation.document import Figure, Text
from gradwork.notation.speech import spoken

_LIGHT = {
    "paper": "#fdfcfa", "ink": "#1d1c1a", "muted": "#625d54", "line": "#d9d3c7", "contour": "#4f7ea1",
    "1": "#0f5c8f", "2": "#b4491b", "3": "#2c7a4b", "4": "#7a3e9d",
}  # fmt: skip
_DARK = {
    "paper": "#15171a", "ink": "#e9e6e0", "muted": "#a8a398", "line": "#3a3e44", "contour": "#6f9dc0",
    "1": "#84c3f2", "2": "#ff9d6e", "3": "#7fd39b", "4": "#d3a2f2",
}  # fmt: skip
_HEAD, _LINE, _SIDE = 34, 20, 6
_LETTERS = 86  # of a line of the caption


def svg_file(figure: Figure, title: str) -> str:
    """The whole file."""
    frame = Frame(figure)
    items = [(c, n) for c, n in colored(figure) if c.label and c.kind != "contour"]
    caption = wrap(_plain(figure.caption), _LETTERS)
    top = _HEAD + frame.height
    legend = "".join(
        f'<g transform="translate({_SIDE} {top + _LINE * i + 4})">{swatch(curve, number)}'
        f'<text x="42" y="10">{words(curve.label)}</text></g>'
        for i, (curve, number) in enumerate(items)
    )
    below = top + _LINE * len(items) + 16
    said = "".join(
        f'<text class="tick" x="{_SIDE}" y="{below + _LINE * i}">{words(line)}</text>' for i, line in enumerate(caption)
    )
    high = below + _LINE * len(caption) + 2
    heading = words(title if len(title) <= 62 else f"{title[:60]}…")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE + 2 * _SIDE}" height="{high}" '
        f'viewBox="{-_SIDE} 0 {WIDE + 2 * _SIDE} {high}" role="img" aria-labelledby="gradwork-title gradwork-said">\n'
        f'<title id="gradwork-title">{words(title)}</title>\n<desc id="gradwork-said">{words(alt(figure))}</desc>\n'
        f"<style>{_style()}</style>\n"
        f'<rect class="paper" x="{-_SIDE}" width="{WIDE + 2 * _SIDE}" height="{high}"/>\n'
        f'<text class="heading" x="{_SIDE}" y="22">{heading}</text>\n'
        f'<g transform="translate(0 {_HEAD})">{drawing(figure, frame)}</g>\n{legend}{said}\n</svg>\n'
    )


def _plain(text: Text) -> str:
    return "".join(piece if isinstance(piece, str) else spoken(piece) for piece in pieces_of(text))


def _style() -> str:
    # No variables: viewers that are no browsers do not know them.
    dark = "".join(_colors(_DARK))
    return (
        "text{font:15px 'STIX Two Text','Iowan Old Style',Palatino,Georgia,serif}.tick{font-size:14px}"
        ".axis-name{font-style:italic;font-size:16px}.heading{font-weight:bold;font-size:18px}.level{font-size:12.5px}"
        "path{fill:none;stroke-width:1}.label,.level{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}"
        'path[class*="color-"]{stroke-width:2.25;stroke-linejoin:round;stroke-linecap:round}'
        ".secant{stroke-dasharray:2 5}.tangent{stroke-dasharray:9 5}path.path.path{stroke-width:1.4}"
        "path.contour.contour{stroke-width:1.2}path.trail.trail{stroke-width:3}.mark,.dot{stroke-width:1.5}"
        ".walker{stroke-width:2}.moving{cursor:pointer}"
        "@media (prefers-reduced-motion:reduce),print{.moving{display:none}}"
        f"{''.join(_colors(_LIGHT))}@media (prefers-color-scheme:dark){{{dark}}}"
    )


def _colors(colors: dict[str, str]) -> Iterator[str]:
    paper, ink, muted, line, contour = (colors[name] for name in ("paper", "ink", "muted", "line", "contour"))
    yield f".paper{{fill:{paper}}}text{{fill:{ink}}}.tick{{fill:{muted}}}path{{stroke:{line}}}"
    yield f"path.axis{{stroke:{ink}}}path.zero{{stroke:{muted}}}.label,.level{{stroke:{paper}}}"
    yield f".mark{{fill:{paper}}}.dot{{fill:{ink};stroke:{paper}}}"
    for number in "1234":
        yield f".color-{number}{{stroke:{colors[number]}}}.point.color-{number},.walker.color-{number}"
        yield f"{{fill:{colors[number]};stroke:{paper}}}"
    yield f"path.contour.contour{{stroke:{contour}}}.walker.walker{{stroke:{ink}}}"
