"""Boxes of text: formulas that take several lines, set side by side on a common line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradwork.formats._signs import GLUE, Signs, unpainted, width


@dataclass(frozen=True, slots=True)
class Box:
    """Lines of text; `baseline` is the index of the line that stands level with its neighbours."""

    lines: tuple[str, ...]
    baseline: int = 0

    @property
    def width(self) -> int:
        """The widest line's width."""
        return max(width(line) for line in self.lines)

    @property
    def flat(self) -> bool:
        """Whether it is one line only."""
        return len(self.lines) == 1

    @property
    def line(self) -> str:
        """The line at the height of the neighbours."""
        return self.lines[self.baseline]


def text_box(text: str) -> Box:
    """One line of text as a box."""
    return Box((text,))


def beside(*boxes: Box) -> Box:
    """Boxes side by side, level at their baselines.

    >>> beside(text_box("x = "), Box(("1", "2", "3"), 1)).lines
    ('    1', 'x = 2', '    3')
    """
    if all(box.flat for box in boxes):
        return text_box("".join(box.lines[0] for box in boxes))
    above = max(box.baseline for box in boxes)
    below = max(len(box.lines) - box.baseline for box in boxes)
    columns = [_with_height(box, above, below) for box in boxes]
    return Box(tuple("".join(parts) for parts in zip(*columns, strict=True)), above)


def _with_height(box: Box, above: int, below: int) -> list[str]:
    wide = box.width
    empty = " " * wide
    lines = [pad(line, wide) for line in box.lines]
    return [empty] * (above - box.baseline) + lines + [empty] * (below - len(box.lines) + box.baseline)


def between(left: str, box: Box, right: str, signs: Signs) -> Box:
    """The box between two marks, drawn as tall as the box is."""
    if box.flat:
        return text_box(f"{left}{box.lines[0]}{right}")
    return beside(_tall(left, box, signs), box, _tall(right, box, signs))


def _tall(mark: str, box: Box, signs: Signs) -> Box:
    top, middle, bottom = signs.tall.get(mark, (mark, mark, mark))
    lines = [middle] * len(box.lines)
    lines[0], lines[-1] = top, bottom
    return Box(tuple(lines), box.baseline)


def grid(rows: Sequence[Sequence[str]], gap: str) -> list[str]:
    """Rows of cells, the columns set to the right; numbers lined up at the decimal point by the caller."""
    if not rows:
        return []
    widths = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [gap.join(pad(cell, wide, "r") for cell, wide in zip(row, widths, strict=True)) for row in rows]


def pad(text: str, wide: int, align: str = "l") -> str:
    """The text with spaces, to the left, right or centre of `wide` columns."""
    missing = wide - width(text)
    if missing <= 0:
        return text
    before = {"l": 0, "r": missing, "c": missing // 2}[align]
    return " " * before + text + " " * (missing - before)


def crop(text: str, wide: int, signs: Signs) -> str:
    """The text, cut and marked as cut where it is wider than `wide`."""
    if width(text) <= wide:
        return text
    kept, room = "", wide - len(signs.ellipsis)
    for letter in unpainted(text):
        room -= width(letter)
        if room < 0:
            break
        kept += letter
    return kept + signs.ellipsis


def wrap(text: str, wide: int, first: str = "", later: str = "") -> list[str]:
    """Lines no wider than `wide`, broken at spaces, and inside a word only where it is too long for a line.

    Several spaces in a row are kept where they do not meet a line's end: they part what stands side by side.

    >>> wrap("one two   three", 9, "- ", "  ")
    ['- one two', '  three']
    """
    lines, line, empty, spaces = [], first, True, 0
    for word in text.split(" "):
        spaces += 1
        if not word:
            continue
        for piece in _broken(word, wide - max(width(first), width(later))):
            if not empty and width(line) + spaces + width(piece) > wide:
                lines.append(line)
                line, empty = later, True
            line += piece if empty else " " * spaces + piece
            empty, spaces = False, 1
        spaces = 0
    return [*lines, line]


def _broken(word: str, wide: int) -> list[str]:
    if width(word) <= wide:
        return [word]
    if GLUE in word:  # better parted at a space than inside a name
        lines = wrap(word.replace(GLUE, " "), wide)
        return [line.replace(" ", GLUE) for line in lines]
    pieces = [""]
    for letter in unpainted(word):
        if width(pieces[-1]) + width(letter) > max(1, wide) and pieces[-1]:
            pieces.append("")
        pieces[-1] += letter
    return pieces
