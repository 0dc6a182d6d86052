"""Figures as inline SVG: axes with ticks, curves, dots with labels. Colours come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.formats._mathml import minus, words
from gradwork.formats._motion import moving
from gradwork.formats._placing import Labels, spaced
from gradwork.formats._scale import axes, dots, runs
from gradwork.notation.document import Curve, Dot, Figure
from gradwork.notation.numbers import mantissa_and_exponent

WIDE = 560
_HIGH, _HIGH_WITH_CONTOURS = 350, 430
_TOP, _BOTTOM, _RIGHT = 30, 48, 18
_KINDS = ("curve", "secant", "tangent", "path", "points", "contour")
_LETTER = 8.0  # about how wide a digit is
_APART = 9.0  # marks that are closer are one to the eye
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def svg(figure: Figure, number: int = 1) -> str:
    """The figure as one `svg` element; `number` tells it from others of its page.

    >>> svg(Figure((Curve((0.0, 1.0), (0.0, 1.0)),), alt="a rising line"))[:4]
    '<svg'
    """
    frame = Frame(figure)
    return (
        f'<svg role="img" viewBox="0 0 {WIDE} {frame.height}" class="plot" aria-label="{words(alt(figure))}">'
        f"<title>{words(alt(figure))}</title>{drawing(figure, frame, number)}</svg>"
    )


def drawing(figure: Figure, frame: Frame, number: int = 1) -> str:
    """What is inside the `svg` element."""
    # Fragments of a notebook stand in one page: where two have the same name for it, it is the same rectangle.
    clip = f"gradwork-clip-{number}-{frame.left:.0f}-{frame.height:.0f}"
    labels = labels_of(figure, frame)
    marked = [_dot(dot, frame, labels) for dot in dots(figure)]
    parts = [
        f'<clipPath id="{clip}"><rect x="{frame.left - 1:g}" y="{_TOP - 1}" width="{frame.wide + 2:g}" '
        f'height="{frame.high + 2:g}"/></clipPath>',
        *_axes(figure, frame),
        f'<g clip-path="url(#{clip})">',
        *(_curve(curve, color, frame, figure) for curve, color in colored(figure)),
        *(_level(*placed) for placed in heights(figure, frame, labels)),
        "</g>",
        *(_moving(curve, color, frame, figure, clip) for curve, color in colored(figure)),
        *marked,
    ]
    return "".join(parts)


def legend(figure: Figure) -> str:
    """A list of what the curves are, for under the figure; empty where one curve needs no telling."""
    items = "".join(
        f'<li><svg viewBox="0 0 32 10" class="swatch" aria-hidden="true">{swatch(curve, number)}</svg>'
        f"{words(curve.label)}</li>"
        for curve, number in colored(figure)
        if curve.label and curve.kind != "contour"
    )
    return f'<ul class="legend">{items}</ul>' if items else ""


def swatch(curve: Curve, color: int) -> str:
    """A bit of the curve, in a field of 32 by 10."""
    if curve.kind == "points":
        return f'<circle class="point color-{color}" cx="16" cy="5" r="3.5"/>'
    return f'<path class="{_class(curve)} color-{color}" d="M1 5H31"/>'


def colored(figure: Figure) -> Iterator[tuple[Curve, int]]:
    """The curves, each with a colour number from 1; contours have a colour of their own."""
    number = 0
    over_contours = any(curve.kind == "contour" for curve in figure.curves)
    for curve in figure.curves:
        number += curve.kind != "contour"
        yield curve, 1 + (max(number, 1) - 1 + over_contours) % 4


def alt(figure: Figure) -> str:
    """What the figure shows, in words."""
    return figure.alt or f"Plot of {figure.y_label} against {figure.x_label}"


class Frame:
    """Where the plane's points lie in the picture."""

    def __init__(self, figure: Figure) -> None:
        self.across, self.upward = axes(figure)
        self.left = 14 + _LETTER * max((len(tick_text(label)) for label in self.upward.labels()), default=1)
        self.height = _HIGH_WITH_CONTOURS if any(c.kind == "contour" for c in figure.curves) else _HIGH
        self.wide, self.high = WIDE - _RIGHT - self.left, float(self.height - _TOP - _BOTTOM)
        self.right, self.top, self.bottom = self.left + self.wide, _TOP, _TOP + self.high

    def x(self, value: float) -> float:
        return self.left + self.across.place(value) * self.wide

    def y(self, value: float) -> float:
        return _TOP + (1 - self.upward.place(value)) * self.high

    def places(self, run: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(self.x(x), self.y(y)) for x, y in run]


def tick_text(label: str) -> str:
    """A tick's label with true minus signs and raised exponents.

    >>> tick_text("-1e-5"), tick_text("3e4"), tick_text("250")
    ('−10⁻⁵', '3·10⁴', '250')
    """
    mantissa, exponent = mantissa_and_exponent(label)
    if exponent is None:
        return minus(mantissa)
    power = f"10{str(exponent).translate(_RAISED)}"
    return {"1": power, "-1": f"−{power}"}.get(mantissa, f"{minus(mantissa)}·{power}")


# -- parts of the picture ---------------------------------------------------------------------------------------------


def _class(curve: Curve) -> str:
    return curve.kind if curve.kind in _KINDS else "curve"


def _axes(figure: Figure, frame: Frame) -> Iterator[str]:
    bottom, right = frame.bottom, frame.right
    lined = frame.height == _HIGH  # lines of a grid would be lost among contours
    x_label, y_label = words(figure.x_label), words(figure.y_label)
    for tick, label in zip(frame.upward.ticks, frame.upward.labels(), strict=True):
        y = frame.y(tick)
        kind = "zero" if tick == 0 else "grid"
        text = tick_text(label)
        line = f"H{right:.1f}" if lined else "h-5"
        yield f'<path class="{kind if lined else "axis"}" d="M{frame.left:.1f} {y:.1f}{line}"/>'
        yield f'<text class="tick" x="{frame.left - 7:.1f}" y="{y + 4.5:.1f}" text-anchor="end">{text}</text>'
    last = -1e9
    for tick, label in zip(frame.across.ticks, frame.across.labels(), strict=True):
        x, text = frame.x(tick), tick_text(label)
        half = _LETTER * len(text) / 2
        yield f'<path class="axis" d="M{x:.1f} {bottom:.1f}v5"/>'
        if x - half > last and x + half < WIDE + 8:  # long labels would run into one another
            yield f'<text class="tick" x="{x:.1f}" y="{bottom + 20:.1f}" text-anchor="middle">{text}</text>'
            last = x + half + 6
    yield f'<path class="axis" d="M{frame.left:.1f} {_TOP}V{bottom:.1f}H{right:.1f}"/>'
    yield f'<text class="axis-name" x="{right:.1f}" y="{bottom + 40:.1f}" text-anchor="end">{x_label}</text>'
    yield f'<text class="axis-name" x="6" y="{_TOP - 14}">{y_label}</text>'


def labels_of(figure: Figure, frame: Frame) -> Labels:
    """Where labels may stand."""
    return Labels((frame.left, _TOP, frame.right, frame.bottom), _steps(figure, frame))


def _steps(figure: Figure, frame: Frame) -> Iterator[tuple[float, float]]:
    """What no label should cover."""
    for curve in figure.curves:
        for run in runs(curve, figure) if curve.kind != "contour" else ():
            yield from frame.places(run)[:400] if curve.kind == "points" else spaced(frame.places(run))


def _curve(curve: Curve, color: int, frame: Frame, figure: Figure) -> str:
    drawn, marks = [], []
    for run in runs(curve, figure):
        places = frame.places(run)
        if curve.kind == "points":
            marks += places
            continue
        drawn.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places))
        marks += _apart(places) if len(places) == 1 or curve.kind == "path" else []
    path = f'<path class="{_class(curve)} color-{color}" d="{"".join(drawn)}"/>' if drawn else ""
    if curve.kind == "points":
        size = 3 if len(marks) <= 200 else 1.8
        return "".join(f'<circle class="point color-{color}" cx="{x:.1f}" cy="{y:.1f}" r="{size}"/>' for x, y in marks)
    return path + "".join(f'<circle class="mark color-{color}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in marks)


def _apart(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    kept = places[:1]
    for x, y in places[1:]:
        if abs(x - kept[-1][0]) + abs(y - kept[-1][1]) > _APART:
            kept.append((x, y))
    return kept


def heights(figure: Figure, frame: Frame, labels: Labels) -> Iterator[tuple[str, float, float]]:
    """The heights of the contours, each with a place on its line; those for which there is room."""
    for curve in figure.curves:
        if curve.kind == "contour" and curve.label:
            text = tick_text(curve.label)
            line = max((frame.places(run) for run in runs(curve, figure)), key=len, default=[])
            if (place := labels.on(line, text)) is not None:
                yield text, *place


def _level(text: str, x: float, y: float) -> str:
    return f'<text class="level" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{words(text)}</text>'


def _moving(curve: Curve, color: int, frame: Frame, figure: Figure, clip: str) -> str:
    if curve.kind != "path" or not figure.seconds > 0:
        return ""
    run = max(runs(curve, figure), key=len, default=[])
    corner = (frame.right - 4, _TOP - 14)
    return moving(frame.places(run), curve.notes, color, figure.seconds, clip, corner)


def _dot(dot: Dot, frame: Frame, labels: Labels) -> str:
    x, y = frame.x(dot.x), frame.y(dot.y)
    circle = f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    if not dot.label:
        return circle
    text = tick_text(dot.label)
    across, down, anchor = labels.beside(x, y, text)
    return f'{circle}<text class="label" x="{across:.1f}" y="{down:.1f}" text-anchor="{anchor}">{words(text)}</text>'
