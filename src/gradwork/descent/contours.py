"""Lines of equal height of a surface that is known on a grid: marching squares, and which heights to draw.

Each cell of the grid whose corners are not all on one side of a height is crossed by a piece of line; where it crosses
an edge is found by going straight from corner to corner. Pieces that share an edge are joined.
Source: Lorensen and Cline (1987), Marching cubes, in two dimensions; saddles are told by the mean of the corners.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# The edges of a cell: 0 below, 1 right, 2 above, 3 left. Corners 1, 2, 4, 8 go round from the lower left, where set
# they are above the height. Each pair of edges is joined by a piece of line.
_PIECES: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),), 2: ((0, 1),), 3: ((3, 1),), 4: ((1, 2),), 6: ((0, 2),), 7: ((3, 2),), 8: ((2, 3),), 9: ((2, 0),),
    11: ((2, 1),), 12: ((1, 3),), 13: ((1, 0),), 14: ((0, 3),),
}  # fmt: skip
_SADDLES = {5: (((3, 2), (1, 0)), ((3, 0), (1, 2))), 10: (((0, 3), (2, 1)), ((0, 1), (2, 3)))}


def contour(x: Array, y: Array, heights: Array, level: float) -> list[tuple[Array, Array]]:
    """The lines on which the surface has this height, each as its x and its y; closed lines end where they began.

    x, y:    where the grid's lines are, rising; shapes (columns,) and (rows,).
    heights: shape (rows, columns). Cells with a corner that is not finite are left out.

    >>> lines = contour(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([[0.0, 1.0], [0.0, 1.0]]), 0.25)
    >>> [(a.tolist(), b.tolist()) for a, b in lines]
    [([0.25, 0.25], [0.0, 1.0])]
    """
    places = _crossings(x, y, heights, level)
    return [
        (np.array([places[e][0] for e in line]), np.array([places[e][1] for e in line]))
        for line in _joined(_segments(heights, level))
    ]


Edge = tuple[int, int, int]  # row and column of its lower left end, and 0 for an edge to the right, 1 for one upwards


def _segments(heights: Array, level: float) -> list[tuple[Edge, Edge]]:
    above = heights > level
    finite = np.isfinite(heights)
    corners = (np.s_[:-1, :-1], np.s_[:-1, 1:], np.s_[1:, 1:], np.s_[1:, :-1])
    kinds = sum(above[c].astype(int) << i for i, c in enumerate(corners))
    whole = finite[corners[0]] & finite[corners[1]] & finite[corners[2]] & finite[corners[3]]
    kinds = np.where(whole, kinds, 0)
    found = []
    for row, column in np.argwhere((kinds > 0) & (kinds < 15)):
        kind, i, j = int(kinds[row, column]), int(row), int(column)
        if kind in _SADDLES:
            middle = heights[i : i + 2, j : j + 2].mean() > level
            pieces: tuple[tuple[int, int], ...] = _SADDLES[kind][0 if middle else 1]
        else:
            pieces = _PIECES[kind]
        edges = ((i, j, 0), (i, j + 1, 1), (i + 1, j, 0), (i, j, 1))
        found += [(edges[a], edges[b]) for a, b in pieces]
    return found


def _crossings(x: Array, y: Array, heights: Array, level: float) -> dict[Edge, tuple[float, float]]:
    above = heights > level
    places: dict[Edge, tuple[float, float]] = {}
    with np.errstate(all="ignore"):
        for upward, (here, there) in enumerate((((np.s_[:, :-1]), (np.s_[:, 1:])), ((np.s_[:-1, :]), (np.s_[1:, :])))):
            parts = (level - heights[here]) / (heights[there] - heights[here])
            for row, column in np.argwhere(above[here] != above[there]):
                i, j, part = int(row), int(column), float(parts[row, column])
                if upward:
                    places[i, j, 1] = (float(x[j]), float(y[i] + part * (y[i + 1] - y[i])))
                else:
                    places[i, j, 0] = (float(x[j] + part * (x[j + 1] - x[j])), float(y[i]))
    return places


def _joined(segments: list[tuple[Edge, Edge]]) -> list[list[Edge]]:
    """The pieces as lines: open ones from end to end, then those that are closed."""
    neighbours: dict[Edge, list[Edge]] = defaultdict(list)
    for a, b in segments:
        neighbours[a].append(b)
        neighbours[b].append(a)
    lines = []
    ends = [edge for edge, others in neighbours.items() if len(others) == 1]
    for start in (*ends, *neighbours):
        if not neighbours[start]:
            continue
        line = [start]
        while neighbours[line[-1]]:
            after = neighbours[line[-1]].pop()
            neighbours[after].remove(line[-1])
            line.append(after)
        lines.append(line)
    return lines


def levels(heights: Array, count: int = 8) -> list[float]:
    """Heights that part the grid into about equal areas, as round as can be; none where the surface is flat.

    >>> levels(np.linspace(0.0, 100.0, 1001).reshape(7, 143), 4)
    [1.5, 8.0, 50.0, 90.0]
    """
    seen = np.sort(heights[np.isfinite(heights)])
    if seen.size < 4 or not seen[-1] - seen[0] > 1e-12 * max(abs(seen[0]), abs(seen[-1])):
        return []
    wanted = np.unique(np.quantile(seen, [0.015, *np.linspace(0.08, 0.87, count - 1)]))
    gaps = np.diff(np.concatenate([seen[:1], wanted]))
    rounded = [_round(float(v), float(gap)) for v, gap in zip(wanted, gaps, strict=True) if gap > 0]
    return sorted({level for level in rounded if seen[0] < level < seen[-1]})


def _round(value: float, room: float) -> float:
    """The value to the digits that matter beside `room`."""
    power = math.floor(math.log10(room))
    digits = -power if room / 10.0**power >= 2 else 1 - power
    return round(value, digits) + 0.0
