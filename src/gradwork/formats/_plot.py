"""Figures as text: braille dots in a window, ordinary letters where only ASCII can be shown."""

from __future__ import annotations

from gradwork.formats._box import crop, pad, wrap
from gradwork.formats._scale import Axis, axes, clipped, dots, runs
from gradwork.formats._signs import Signs, paint, prepare, width
from gradwork.notation.document import Curve, Figure

# The bits of the eight dots of a braille character, by column and row.
_BRAILLE = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_MARKS = "123456789"
_FEW = 80  # points that have a letter each


class _Canvas:
    """A field of characters, each of which holds `across` × `down` dots."""

    def __init__(self, columns: int, rows: int, unicode: bool) -> None:
        self.columns, self.rows, self.unicode = columns, rows, unicode
        self.across, self.down = (2, 4) if unicode else (1, 2)
        self.dots = [[0] * columns for _ in range(rows)]
        self.letters: dict[tuple[int, int], str] = {}

    def line(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """A straight line between two points; what lies outside of the unit square is not drawn."""
        ends = clipped(start, end)
        if ends is None:
            return
        (x0, y0), (x1, y1) = (self._scaled(*place) for place in ends)
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for i in range(steps + 1):
            self._dot(round(x0 + (x1 - x0) * i / steps), round(y0 + (y1 - y0) * i / steps))

    def letter(self, x: float, y: float, mark: str) -> None:
        """A mark at a point of the unit square."""
        across, down = self._scaled(x, y)
        self.letters[down // self.down, across // self.across] = mark

    def _scaled(self, x: float, y: float) -> tuple[int, int]:
        return round(x * (self.columns * self.across - 1)), round((1 - y) * (self.rows * self.down - 1))

    def _dot(self, x: int, y: int) -> None:
        row, column = y // self.down, x // self.across
        if 0 <= row < self.rows and 0 <= column < self.columns:
            self.dots[row][column] |= _BRAILLE[x % self.across][y % self.down]

    def line_text(self, row: int) -> str:
        """One line of the field."""
        return "".join(self._letter(row, column) for column in range(self.columns))

    def _letter(self, row: int, column: int) -> str:
        if mark := self.letters.get((row, column)):
            return paint(mark, "result")
        dots = self.dots[row][column]
        if self.unicode:
            return chr(0x2800 + dots) if dots else " "
        return {0: " ", 1: "'", 2: ".", 3: ":"}[dots]


def figure_lines(figure: Figure, wide: int, signs: Signs) -> list[str]:
    """The figure as lines no wider than `wide`; its labels stand under it."""
    across, upward = axes(figure)
    ticks = _ticks(upward, signs)
    gutter = max(width(text) for text in ticks.values())
    columns, rows = min(64, wide - gutter - 2), min(16, max(6, wide // 5))
    if columns < 8:
        return wrap(f"[{prepare(figure.alt or 'figure', signs)}]", wide)
    canvas = _Canvas(columns, rows, signs.unicode)
    legend = _draw(figure, canvas, across, upward, signs)
    lines = [crop(prepare(figure.y_label, signs), wide, signs)]
    for row in range(rows):
        lines.append(f"{pad(_tick_at(ticks, row, rows), gutter, 'r')} {_edge(signs)}{canvas.line_text(row)}")
    lines.append(" " * (gutter + 1) + ("└" if signs.unicode else "+") + signs.rule * columns)
    lines += _x_labels(across, figure.x_label, gutter + 2, columns, signs)
    return lines + [part for text in legend for part in wrap(text, wide, "  ", "      ")]


def _edge(signs: Signs) -> str:
    return "│" if signs.unicode else "|"


def _ticks(upward: Axis, signs: Signs) -> dict[float, str]:
    return {upward.place(tick): label for tick, label in zip(upward.ticks, upward.labels(), strict=True)} or {0.0: ""}


def _tick_at(ticks: dict[float, str], row: int, rows: int) -> str:
    return next((label for place, label in ticks.items() if round((1 - place) * (rows - 1)) == row), "")


def _x_labels(across: Axis, name: str, left: int, columns: int, signs: Signs) -> list[str]:
    line = [" "] * columns
    for tick, label in zip(across.ticks, across.labels(), strict=True):
        start = max(0, min(columns - len(label), round(across.place(tick) * (columns - 1)) - len(label) // 2))
        around = line[max(0, start - 1) : start + len(label) + 1]
        if len(label) <= columns and not "".join(around).strip():
            line[start : start + len(label)] = label
    name = crop(prepare(name, signs), columns, signs)
    return [" " * left + "".join(line).rstrip(), " " * left + pad(name, columns, "r")]


def _draw(figure: Figure, canvas: _Canvas, across: Axis, upward: Axis, signs: Signs) -> list[str]:
    """Draw curves and dots; what the marks mean, a line each."""
    legend = []
    labelled = [curve for curve in figure.curves if curve.label]
    for curve in figure.curves:
        for run in runs(curve, figure):
            places = [(across.place(x), upward.place(y)) for x, y in run]
            ends = places[1:] or places if curve.kind != "points" else places
            for start, end in zip(places, ends, strict=False):
                canvas.line(start, end)
            if curve.kind == "points" and len(curve.x) <= _FEW:
                for x, y in places:
                    canvas.letter(x, y, _point(signs))
    for curve, mark in zip(labelled, _MARKS, strict=False):
        if curve.kind == "points" and len(curve.x) <= _FEW:
            legend.append(f"{_point(signs)}  {prepare(curve.label, signs)}")
            continue
        if len(labelled) > 1:
            _mark_curve(curve, mark, canvas, across, upward, figure)
        if curve.kind != "contour":
            legend.append(f"{mark + '  ' if len(labelled) > 1 else ''}{prepare(curve.label, signs)}")
    legend += _heights(labelled, signs)
    shown = [*dots(figure)]
    for dot, mark in zip(figure.dots, _dot_marks(figure, signs), strict=True):
        if dot in shown:
            canvas.letter(across.place(dot.x), upward.place(dot.y), mark)
        legend += [f"{mark}  {prepare(dot.label, signs)}"] * bool(dot.label)
    return legend


def _point(signs: Signs) -> str:
    return "•" if signs.unicode else "*"


def _heights(labelled: list[Curve], signs: Signs) -> list[str]:
    """The heights of contours in one line."""
    pairs = [(mark, curve.label) for curve, mark in zip(labelled, _MARKS, strict=False) if curve.kind == "contour"]
    text = "lines of equal height: " + ", ".join(f"{mark} is {height}" for mark, height in pairs)
    return [prepare(text, signs)] if pairs else []


def _dot_marks(figure: Figure, signs: Signs) -> list[str]:
    if sum(bool(dot.label) for dot in figure.dots) <= 1:
        return ["●" if signs.unicode else "o"] * len(figure.dots)
    return [chr(ord("A") + i % 26) for i in range(len(figure.dots))]


def _mark_curve(curve: Curve, mark: str, canvas: _Canvas, across: Axis, upward: Axis, figure: Figure) -> None:
    points = [point for run in runs(curve, figure) for point in run]
    if points:
        # Each curve is marked at another place, so that marks of curves that touch do not meet.
        x, y = points[min(len(points) - 1, len(points) * (1 + int(mark) % 4) // 5)]
        canvas.letter(across.place(x), upward.place(y), mark)
