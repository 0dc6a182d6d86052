"""Figures drawn by Matplotlib, which is an extra: for PNG files and for those who go on drawing on them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from textwrap import fill
from typing import Any

from numpy import asarray

from gradwork.errors import MissingExtraError
from gradwork.formats._apng import animated_png
from gradwork.formats._page import pieces_of
from gradwork.formats._scale import dots, drawable, runs
from gradwork.formats._svg import Frame, alt, colored, heights, labels_of, tick_text
from gradwork.notation.document import Curve, Figure
from gradwork.notation.speech import spoken

_COLORS = ("#0f5c8f", "#b4491b", "#2c7a4b", "#7a3e9d")
DOTS = 144  # an inch
FRAMES = 60  # of what moves
_MOVING = "moving"
_STYLES = {"secant": ":", "tangent": "--"}


def png(figure: Figure, title: str) -> bytes:
    """The figure as a PNG file, one that moves where the figure does. Raises MissingExtraError without Matplotlib."""
    walked = _walked(figure)
    if walked is not None:
        return _moving(figure, title, walked)
    written = BytesIO()
    drawn(figure, title).savefig(written, format="png", dpi=DOTS, metadata={"Description": alt(figure)})
    return written.getvalue()


def _walked(figure: Figure) -> Curve | None:
    """The path that is walked along, if there is one."""
    found = (c for c in figure.curves if c.kind == "path" and len(c.x) > 1 and all(_can_be_drawn(c, figure)))
    return next(found, None) if figure.seconds else None


def _can_be_drawn(curve: Curve, figure: Figure) -> Iterator[bool]:
    return (drawable(x, y, figure.logarithmic) for x, y in zip(curve.x, curve.y, strict=True))


def _moving(figure: Figure, title: str, walked: Curve) -> bytes:
    """The path is drawn bit by bit, over what stands still."""
    made = drawn(figure, title)
    made.set_dpi(DOTS)
    canvas, axes = import_module("matplotlib.backends.backend_agg").FigureCanvasAgg(made), made.axes[0]
    canvas.draw()
    still = _pixels(canvas)
    made.set_layout_engine("none")
    (trail,) = (line for line in axes.lines if line.get_gid() == _MOVING)
    color = trail.get_color()
    trail.set_visible(False)
    canvas.draw()
    ground = canvas.copy_from_bbox(made.bbox)
    trail.set_visible(True)
    (walker,) = axes.plot([], [], "o", color=color, markersize=8, markeredgecolor="#1d1c1a")
    said = axes.annotate(
        "", (1, 0), (0, -21), xycoords="axes fraction", textcoords="offset points", ha="right", va="top", fontsize=9,
        parse_math=False, annotation_clip=False,
    )  # fmt: skip
    places = axes.transData.transform(list(zip(walked.x, walked.y, strict=True)))
    last, back = len(places) - 1, axes.transData.inverted()
    frames = []
    for k in range(FRAMES):
        at = last * k / (FRAMES - 1)
        step = min(int(at), last - 1)
        here = places[step] + (at - step) * (places[step + 1] - places[step])
        seen = back.transform([*places[: step + 1], here])
        trail.set_data(seen[:, 0], seen[:, 1])
        trail.set_markevery(range(len(seen) - 1))
        walker.set_data(seen[-1:, 0], seen[-1:, 1])
        said.set_text(walked.notes[int(at)] if len(walked.notes) == last + 1 else "")
        canvas.restore_region(ground)
        for artist in (trail, walker, said):
            axes.draw_artist(artist)
        frames.append(_pixels(canvas))
    return animated_png(still, frames, figure.seconds, alt(figure))


def _pixels(canvas: Any) -> Any:
    return asarray(canvas.buffer_rgba()).copy()


def drawn(figure: Figure, title: str) -> Any:
    """The figure as one of Matplotlib. Raises MissingExtraError where that is not installed."""
    try:
        figures = import_module("matplotlib.figure")
    except ImportError as error:
        hint = 'python -m pip install "matplotlib>=3.8"; a file with the suffix .svg needs nothing'
        headline = "a PNG, and a figure of Matplotlib, need matplotlib, which is not installed"
        raise MissingExtraError(headline, hint=hint) from error
    tall = any(curve.kind == "contour" for curve in figure.curves)
    made = figures.Figure(figsize=(7, 5.8 if tall else 4.6), layout="constrained")
    axes = made.add_subplot()
    for letter, scale in (("x", axes.set_xscale), ("y", axes.set_yscale)):
        if letter in figure.logarithmic:
            scale("log")
    for curve, color in colored(figure):
        _curve(axes, curve, _COLORS[color - 1], figure)
    _heights(axes, figure)
    for dot in dots(figure):
        axes.plot([dot.x], [dot.y], "o", color="#1d1c1a", markersize=6, zorder=5)
        right = _place(axes, figure, dot.x) > 0.62
        offset = (-8 if right else 8, 7)
        axes.annotate(
            tick_text(dot.label), (dot.x, dot.y), offset, textcoords="offset points", zorder=6,
            ha="right" if right else "left", parse_math=False,
            bbox={"boxstyle": "square,pad=0.1", "fc": "#ffffffcc", "ec": "none"},
        )  # fmt: skip
    if figure.window is not None:
        axes.set_xlim(figure.window[0], figure.window[1])
        axes.set_ylim(figure.window[2], figure.window[3])
    axes.set_xlabel(figure.x_label, parse_math=False)
    axes.set_ylabel(figure.y_label, parse_math=False)
    axes.set_title(title, parse_math=False)
    if any(curve.label and curve.kind != "contour" for curve in figure.curves):
        for text in axes.legend().get_texts():
            text.set_parse_math(False)
    if caption := "".join(p if isinstance(p, str) else spoken(p) for p in pieces_of(figure.caption)):
        made.supxlabel(fill(caption, 95), fontsize=9, color="#625d54", parse_math=False)
    return made


def _curve(axes: Any, curve: Curve, color: str, figure: Figure) -> None:
    label = curve.label if curve.label and curve.kind != "contour" else None
    x = [float("nan") if part is None else part[0] for part in _with_breaks(curve, figure)]
    y = [float("nan") if part is None else part[1] for part in _with_breaks(curve, figure)]
    if curve.kind == "contour":
        axes.plot(x, y, color="#4f7ea1", linewidth=1)
    elif curve.kind == "points":
        axes.plot(x, y, "o", color=color, markersize=4 if len(x) <= 200 else 2, label=label)
    else:
        marks = {"marker": "o", "markersize": 3, "markerfacecolor": "white"} if curve.kind == "path" else {}
        drawn_line = axes.plot(x, y, _STYLES.get(curve.kind, "-"), color=color, label=label, linewidth=1.6, **marks)
        if curve is _walked(figure):
            drawn_line[0].set_gid(_MOVING)


def _heights(axes: Any, figure: Figure) -> None:
    """The heights of contours, where they stand in the SVG as well."""
    frame = Frame(figure)
    labels = labels_of(figure, frame)
    for dot in dots(figure):
        labels.beside(frame.x(dot.x), frame.y(dot.y), dot.label)
    for text, x, y in heights(figure, frame, labels):
        at = ((x - frame.left) / frame.wide, (frame.bottom - y + 5) / frame.high)
        axes.annotate(
            text, at, xycoords="axes fraction", ha="center", va="center", fontsize=8, parse_math=False,
            bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none"},
        )  # fmt: skip


def _with_breaks(curve: Curve, figure: Figure) -> list[tuple[float, float] | None]:
    return [part for run in runs(curve, figure) for part in (*run, None)][:-1]


def _place(axes: Any, figure: Figure, x: float) -> float:
    if figure.window is not None:
        return (x - figure.window[0]) / (figure.window[1] - figure.window[0])
    return float(axes.transAxes.inverted().transform(axes.transData.transform((x, axes.get_ylim()[0])))[0])
