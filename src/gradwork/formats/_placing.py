"""Where labels stand in a picture: beside their points, on their lines, and never on one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom

_LETTER, _HIGH = 7.6, 15.0  # about how wide a letter is, and how high a line
_ALONG = 48  # places of a line that are tried


class Labels:
    """The labels of a picture; each takes its place from those after it. `within` is the picture's frame."""

    def __init__(self, within: Box, avoid: Iterable[Point] = ()) -> None:
        self.within = within
        self.taken: list[Box] = []
        self.avoid = [*avoid]

    def beside(self, x: float, y: float, text: str) -> tuple[float, float, str]:
        """A place beside a point: x, y of the baseline, and the anchor."""
        wide = _LETTER * len(text)
        left, top, right, _ = self.within
        places = [(x + 10, y - 9, "start"), (x - 10, y - 9, "end"), (x + 10, y + 18, "start"), (x - 10, y + 18, "end")]
        if x > left + (right - left) * 0.62:  # the side that has more room comes first
            places = [places[1], places[0], places[3], places[2]]
        if y < top + 16:
            places = places[2:] + places[:2]
        boxes = [_box(*place, wide) for place in places]
        fits = [i for i, box in enumerate(boxes) if box[0] >= 0 and box[2] <= right + 14]
        clear = [i for i in fits if not self._meets(boxes[i])]
        free = [i for i in clear if not self._covers(boxes[i])]
        best = (free or clear or fits or [0])[0]
        self.taken.append(boxes[best])
        return places[best]

    def on(self, line: Sequence[Point], text: str) -> Point | None:
        """A place on a line, as far as may be from everything else; None where there is no room."""
        wide = _LETTER * len(text)
        tried = line[:: max(1, len(line) // _ALONG)]
        best, room = None, 0.0
        for x, y in tried:
            box = _box(x, y + _HIGH / 3, "middle", wide)
            if not self._inside(box) or self._meets(box):
                continue
            here = min((abs(x - a) + abs(y - b) for a, b in self._others()), default=1e9)
            if here > room and here > wide / 2 + 6:
                best, room = (x, y + _HIGH / 3), here
        if best is not None:
            self.taken.append(_box(*best, "middle", wide))
        return best

    def _others(self) -> Iterable[Point]:
        yield from self.avoid
        yield from (((b[0] + b[2]) / 2, (b[1] + b[3]) / 2) for b in self.taken)

    def _inside(self, box: Box) -> bool:
        left, top, right, bottom = self.within
        return box[0] > left + 4 and box[1] > top + 4 and box[2] < right - 4 and box[3] < bottom - 4

    def _covers(self, box: Box) -> bool:
        return any(box[0] - 2 < x < box[2] + 2 and box[1] < y < box[3] for x, y in self.avoid)

    def _meets(self, box: Box) -> bool:
        return any(
            box[0] < other[2] + 3 and other[0] < box[2] + 3 and box[1] < other[3] and other[1] < box[3]
            for other in self.taken
        )


def _box(x: float, y: float, anchor: str, wide: float) -> Box:
    left = {"start": x, "middle": x - wide / 2, "end": x - wide}[anchor]
    return left, y - _HIGH, left + wide, y + 3


def spaced(line: Sequence[Point], apart: float = 7.0) -> Iterable[Point]:
    """Points along a line, its corners and what lies between them; a few hundred at most."""
    line = line[:: max(1, len(line) // 300)]
    yield from line[:1]
    for (x, y), (a, b) in pairwise(line):
        parts = min(100, max(1, int(max(abs(a - x), abs(b - y)) / apart)))
        yield from ((x + (a - x) * i / parts, y + (b - y) * i / parts) for i in range(1, parts + 1))
