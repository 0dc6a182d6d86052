"""Figures for LaTeX, drawn with TikZ in centimetres."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.formats._latex_math import escaped
from gradwork.formats._scale import Axis, axes, dots, runs
from gradwork.notation.document import Curve, Dot, Figure
from gradwork.notation.numbers import mantissa_and_exponent

_WIDE, _HIGH = 11.0, 6.5
_STYLES = {"secant": "dotted", "tangent": "dashed", "path": "mark=*"}
_SHADES = ("black", "black!55", "black!75", "black!40")
_FEWEST_APART = 0.005  # centimetres; points closer than this are one to the eye


def tikz(figure: Figure) -> str:
    """The figure as a `tikzpicture`."""
    across, upward = axes(figure)
    lines = [r"\begin{tikzpicture}", *_axes(figure, across, upward)]
    for position, curve in enumerate(figure.curves):
        shade = "black!45" if curve.kind == "contour" else _SHADES[position % len(_SHADES)]
        lines += _curve(curve, shade, across, upward, figure)
    lines += [_dot(dot, across, upward) for dot in dots(figure)]
    return "\n".join([*lines, r"\end{tikzpicture}"])


def _axes(figure: Figure, across: Axis, upward: Axis) -> Iterator[str]:
    yield rf"\draw (0,{_HIGH:g}) -- (0,0) -- ({_WIDE:g},0);"
    for tick, label in zip(across.ticks, across.labels(), strict=True):
        yield rf"\draw ({across.place(tick) * _WIDE:.3f},0) -- +(0,-0.12) node[below] {{\small ${_tick(label)}$}};"
    for tick, label in zip(upward.ticks, upward.labels(), strict=True):
        yield rf"\draw (0,{upward.place(tick) * _HIGH:.3f}) -- +(-0.12,0) node[left] {{\small ${_tick(label)}$}};"
    yield rf"\node[below left] at ({_WIDE:g},-0.5) {{\textit{{{escaped(figure.x_label)}}}}};"
    yield rf"\node[above] at (0,{_HIGH:g}) {{\textit{{{escaped(figure.y_label)}}}}};"


def _tick(label: str) -> str:
    mantissa, exponent = mantissa_and_exponent(label)
    if exponent is None:
        return mantissa
    factor = {"1": "", "-1": "-"}.get(mantissa, rf"{mantissa}\cdot ")
    return f"{factor}10^{{{exponent}}}"


def _curve(curve: Curve, shade: str, across: Axis, upward: Axis, figure: Figure) -> Iterator[str]:
    style = _STYLES.get(curve.kind, "")
    width = "thin" if curve.kind == "contour" else "thick"
    options = ", ".join(part for part in (width, shade, "" if curve.kind == "path" else style) if part)
    label = rf" node[pos=0, font=\scriptsize] {{{escaped(curve.label)}}}" if curve.kind == "contour" else ""
    for run in runs(curve, figure):
        places = _thinned([(across.place(x) * _WIDE, upward.place(y) * _HIGH) for x, y in run])
        points = [f"({x:.3f},{y:.3f})" for x, y in places]
        if len(points) > 1 and curve.kind != "points":
            yield rf"\draw[{options}] {' -- '.join(points)}{label};"
        if curve.kind in ("path", "points") or len(points) == 1:
            yield from (rf"\fill[{shade}] {point} circle (0.05);" for point in points)


def _thinned(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    kept = places[:1]
    for x, y in places[1:]:
        if abs(x - kept[-1][0]) + abs(y - kept[-1][1]) > _FEWEST_APART:
            kept.append((x, y))
    return kept


def _dot(dot: Dot, across: Axis, upward: Axis) -> str:
    place = f"({across.place(dot.x) * _WIDE:.3f},{upward.place(dot.y) * _HIGH:.3f})"
    label = rf" node[above right] {{{escaped(dot.label)}}}" if dot.label else ""
    return rf"\fill {place} circle (0.08){label};"
