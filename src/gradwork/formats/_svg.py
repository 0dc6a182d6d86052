"""Figures as inline SVG: axes with ticks, curves, dots with labels. Colours come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from gradwork.formats._mathml import minus, words
from gradwork.formats._scale import Axis, axes, drawable, runs
from gradwork.notation.document import Curve, Dot, Figure

_WIDE, _HIGH = 560, 350
_TOP, _BOTTOM, _RIGHT = 30, 48, 18
_KINDS = ("curve", "secant", "tangent", "path")
_LETTER = 8.0  # about how wide a digit is


def svg(figure: Figure, number: int = 1) -> str:
    """The figure as one `svg` element; `number` tells it from others of its page.

    >>> svg(Figure((Curve((0.0, 1.0), (0.0, 1.0)),), alt="a rising line"))[:4]
    '<svg'
    """
    across, upward = axes(figure)
    frame = _Frame(across, upward, 14 + _LETTER * max((len(label) for label in upward.labels()), default=1))
    # Fragments of a notebook stand in one page: where two have the same name for it, it is the same rectangle.
    clip = f"gradwork-clip-{number}-{frame.left:.0f}"
    parts = [
        f'<svg role="img" viewBox="0 0 {_WIDE} {_HIGH}" class="plot" aria-label="{words(_alt(figure))}">',
        f"<title>{words(_alt(figure))}</title>",
        f'<clipPath id="{clip}"><rect x="{frame.left - 1:g}" y="{_TOP - 1}" width="{frame.wide + 2:g}" '
        f'height="{frame.high + 2:g}"/></clipPath>',
        *_axes(figure, frame),
        f'<g clip-path="url(#{clip})">',
        *(_curve(curve, color, frame) for curve, color in zip(figure.curves, _colors(figure), strict=True)),
        "</g>",
        *(_dot(dot, frame) for dot in figure.dots if drawable(dot.x, dot.y)),
        "</svg>",
    ]
    return "".join(parts)


def legend(figure: Figure) -> str:
    """A list of what the curves are, for under the figure; empty where one curve needs no telling."""
    labelled = [(c, n) for c, n in zip(figure.curves, _colors(figure), strict=True) if c.label]
    items = "".join(
        f'<li><svg viewBox="0 0 32 10" class="swatch" aria-hidden="true"><path class="{_class(curve)} color-{number}" '
        f'd="M1 5H31"/></svg>{words(curve.label)}</li>'
        for curve, number in labelled
    )
    return f'<ul class="legend">{items}</ul>' if items else ""


class _Frame:
    """Where the plane's points lie in the picture."""

    def __init__(self, across: Axis, upward: Axis, left: float) -> None:
        self.across, self.upward, self.left = across, upward, left
        self.wide, self.high = _WIDE - _RIGHT - left, float(_HIGH - _TOP - _BOTTOM)

    def x(self, value: float) -> float:
        return self.left + self.across.place(value) * self.wide

    def y(self, value: float) -> float:
        return _TOP + (1 - self.upward.place(value)) * self.high


def _alt(figure: Figure) -> str:
    return figure.alt or f"Plot of {figure.y_label} against {figure.x_label}"


def _colors(figure: Figure) -> Iterator[int]:
    """A colour number for each curve, from 1."""
    return (1 + i % 4 for i, _ in zip(count(), figure.curves, strict=False))


def _class(curve: Curve) -> str:
    return curve.kind if curve.kind in _KINDS else "curve"


def _axes(figure: Figure, frame: _Frame) -> Iterator[str]:
    bottom, right = _TOP + frame.high, frame.left + frame.wide
    x_label, y_label = words(figure.x_label), words(figure.y_label)
    for tick, label in zip(frame.upward.ticks, frame.upward.labels(), strict=True):
        y = frame.y(tick)
        kind = "zero" if tick == 0 else "grid"
        yield f'<path class="{kind}" d="M{frame.left:.1f} {y:.1f}H{right:.1f}"/>'
        yield f'<text class="tick" x="{frame.left - 7:.1f}" y="{y + 4.5:.1f}" text-anchor="end">{minus(label)}</text>'
    for tick, label in zip(frame.across.ticks, frame.across.labels(), strict=True):
        x = frame.x(tick)
        yield f'<path class="axis" d="M{x:.1f} {bottom:.1f}v5"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 20:.1f}" text-anchor="middle">{minus(label)}</text>'
    yield f'<path class="axis" d="M{frame.left:.1f} {_TOP}V{bottom:.1f}H{right:.1f}"/>'
    yield f'<text class="axis-name" x="{right:.1f}" y="{bottom + 40:.1f}" text-anchor="end">{x_label}</text>'
    yield f'<text class="axis-name" x="6" y="{_TOP - 14}">{y_label}</text>'


def _curve(curve: Curve, color: int, frame: _Frame) -> str:
    data, single = [], []
    for run in runs(curve):
        places = [f"{frame.x(x):.1f} {frame.y(y):.1f}" for x, y in run]
        data.append("M" + "L".join(places))
        single += places if len(places) == 1 or curve.kind == "path" else []
    path = f'<path class="{_class(curve)} color-{color}" d="{"".join(data)}"/>' if data else ""
    marks = "".join('<circle class="mark color-{}" cx="{}" cy="{}" r="2.5"/>'.format(color, *p.split()) for p in single)
    return path + marks


def _dot(dot: Dot, frame: _Frame) -> str:
    x, y = frame.x(dot.x), frame.y(dot.y)
    circle = f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    if not dot.label:
        return circle
    # The label stands on the side that has more room, and under a dot that touches the top.
    left = x > frame.left + frame.wide * 0.62
    across = x - 10 if left else x + 10
    down = y + 18 if y < _TOP + 16 else y - 9
    anchor = "end" if left else "start"
    return (
        f'{circle}<text class="label" x="{across:.1f}" y="{down:.1f}" text-anchor="{anchor}">{words(dot.label)}</text>'
    )
