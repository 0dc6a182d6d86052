"""The pictures of a path over its loss: contours for two parameters, a curve for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.descent.contours import contour, levels
from gradwork.descent.entries import Entry, Slice, chosen
from gradwork.descent.result import Descent
from gradwork.errors import ArgumentError
from gradwork.notation.document import Curve, Dot, Figure
from gradwork.notation.numbers import decimal_text

Array = np.ndarray[Any, Any]
Box = tuple[float, float, float, float]  # left, right, bottom, top

SECONDS = 5.0  # of the walk along a path: what moves longer needs a button that stops it (WCAG 2.2.2)
FRAMES = 100  # of that walk
GROWN = 20.0  # a diverging path is shown until the loss is so many times the first one
SEEN = 3  # steps of a path that are shown however far they lead
_ROOM = 0.25  # beside the path, as a share of its extent
_NEAR = 0.01  # steps that are closer than this share of the picture are one to the eye
_MOST = 600  # points of a path


@dataclass(frozen=True, eq=False)
class Trail:
    """The part of a path that a picture shows: its steps and their places, and how many steps there are."""

    steps: Array
    places: Array
    losses: Array
    total: int

    @property
    def is_cut(self) -> bool:
        return bool(len(self.steps)) and int(self.steps[-1]) < self.total


def surface(found: Descent, names: Sequence[str], *, moving: bool) -> Figure:
    """The path over the loss; with `moving` it is walked along. Raises ArgumentError for names that there are not."""
    entries = chosen(found, names)
    trail = trail_of(found, entries)
    if not len(trail.steps):
        raise ArgumentError("no step of this path can be shown", why="its numbers are not finite from the start on")
    if len(entries) == 1:
        return _curve(found, entries[0], trail, moving)
    return _contours(found, entries, trail, moving)


def trail_of(found: Descent, entries: Sequence[Entry]) -> Trail:
    """Where the entries were, as far as the numbers are finite and, where it diverged, near the start."""
    places = np.asarray(found.path, dtype=np.float64)[:, [e.column for e in entries]]
    steps = np.asarray(found.path_steps)
    losses = np.asarray(found.losses, dtype=np.float64)[np.minimum(steps, len(found.losses) - 1)]
    fine = np.isfinite(places).all(axis=1) & np.isfinite(losses) & (np.abs(places) < 1e150).all(axis=1)
    if found.reason == "diverged":
        near = losses <= GROWN * max(abs(losses[0]), 1e-300)
        near[: SEEN + 1] = True
        fine &= near
    end = int(np.argmin(fine)) if not fine.all() else len(fine)
    return Trail(steps[:end], places[:end], losses[:end], int(steps[-1]))


def box_of(places: Array) -> Box:
    """Left, right, bottom and top of a picture with room around the places."""
    sides: list[float] = []
    for values in places.T:
        low, high = float(values.min()), float(values.max())
        room = _ROOM * (high - low)
        if room <= 1e-9 * max(abs(low), abs(high)):
            room = 0.5 * abs(low) or 1.0
        sides += [low - room, high + room]
    left, right, bottom, top = sides if len(sides) == 4 else [*sides, 0.0, 1.0]
    return left, right, bottom, top


def grid(over: Slice, box: Box) -> tuple[Array, Array, Array]:
    """The loss on a grid: where its lines are, and shape (rows, columns) of losses."""
    count = _fineness(over)
    x, y = np.linspace(box[0], box[1], count), np.linspace(box[2], box[3], count)
    return x, y, np.array([[over.loss(a, b) for a in x] for b in y])


def _fineness(over: Slice) -> int:
    """Fewer lines where a loss takes long."""
    numbers = max(1, over.problem.rows) * over.problem.size
    return 81 if numbers <= 20_000 else 41 if numbers <= 1_000_000 else 25


# -- two parameters ---------------------------------------------------------------------------------------------------


def _contours(found: Descent, entries: Sequence[Entry], trail: Trail, moving: bool) -> Figure:
    box = box_of(trail.places)
    over = Slice(found, entries)
    curves = level_curves(*grid(over, box))
    first, second = (e.name for e in entries)
    kept = _sparse(trail, box, FRAMES if moving else _MOST)
    curves.append(_walk(trail, kept, tuple(trail.places[kept, 1])))
    last = trail.places[-1]
    ends = _ends(trail, [(float(a), float(b)) for a, b in trail.places[[0, -1]]])
    alt = (
        f"Contours of the loss over {first} and {second}. The path goes from {first} = {_short(trail.places[0][0])}, "
        f"{second} = {_short(trail.places[0][1])}, loss {_short(trail.losses[0])}, to {first} = {_short(last[0])}, "
        f"{second} = {_short(last[1])}, loss {_short(trail.losses[-1])}, in {int(trail.steps[-1]):,} steps."
    )
    return Figure(tuple(curves), ends, first, second, _said(found, over, trail), alt, "", box, SECONDS * moving)


def level_curves(x: Array, y: Array, heights: Array) -> list[Curve]:
    """Contours at round heights; the longest line of each bears its height."""
    curves: list[Curve] = []
    for level in levels(heights):
        lines = sorted(contour(x, y, heights, level), key=lambda line: -len(line[0]))
        for i, (across, upward) in enumerate(lines):
            label = decimal_text(level, 6) if i == 0 else ""
            curves.append(Curve(tuple(across.tolist()), tuple(upward.tolist()), label, "contour"))
    return curves


def _said(found: Descent, over: Slice, trail: Trail) -> str:
    words = ["Lines of equal loss, and the path."] if len(over.entries) == 2 else ["The loss, and the path on it."]
    if over.rows is not None:
        words.append(f"The loss is that of {over.rows:,} of the {found.problem.rows:,} rows.")
    others = found.problem.size - len(over.entries)
    if others == 1:
        words.append("The other parameter is held at its value at the end; on the way the path had others.")
    elif others:
        words.append(f"The {others:,} other parameters are held at their values at the end; the path had others.")
    if trail.is_cut and len(trail.steps) == 1:
        words.append("Already the first step leaves the picture.")
    elif trail.is_cut:
        shown = f"the first {int(trail.steps[-1]):,} of {trail.total:,} steps"
        words.append(f"Shown are {shown}: later ones leave the picture.")
    return " ".join(words)


# -- one parameter ----------------------------------------------------------------------------------------------------


def _curve(found: Descent, entry: Entry, trail: Trail, moving: bool) -> Figure:
    box = box_of(trail.places)
    kept = _sparse(trail, box, FRAMES if moving else _MOST)
    x = np.unique(np.concatenate([np.linspace(box[0], box[1], 201), trail.places[kept, 0]]))
    over = Slice(found, (entry,))
    loss = over.loss
    heights = np.array([loss(float(value)) for value in x])
    on_it = [loss(float(value)) for value in trail.places[kept, 0]]
    spread = np.concatenate([heights[np.isfinite(heights)], trail.losses])
    logarithmic = "y" if spread.min() > 0 and spread.max() > 1000 * spread.min() else ""
    curves = (
        Curve(tuple(x.tolist()), tuple(heights.tolist()), "loss"),
        _walk(trail, kept, tuple(on_it)),
    )
    last = float(trail.places[-1, 0])
    ends = _ends(trail, [(float(trail.places[0, 0]), on_it[0]), (last, on_it[-1])])
    alt = (
        f"The loss over {entry.name}. The path goes from {entry.name} = {_short(trail.places[0, 0])}, loss "
        f"{_short(trail.losses[0])}, to {entry.name} = {_short(last)}, loss {_short(trail.losses[-1])}, in "
        f"{int(trail.steps[-1]):,} steps."
    )
    caption = _said(found, over, trail)
    return Figure(curves, ends, entry.name, "loss", caption, alt, logarithmic, seconds=SECONDS * moving)


# -- the path ---------------------------------------------------------------------------------------------------------


def _walk(trail: Trail, kept: Array, heights: tuple[float, ...]) -> Curve:
    notes = tuple(f"step {int(trail.steps[i]):,}, loss {_short(trail.losses[i])}" for i in kept)
    count = int(trail.steps[-1])
    label = f"path, {count:,} step{'s' if count != 1 else ''}" if count else ""
    return Curve(tuple(trail.places[kept, 0].tolist()), tuple(float(h) for h in heights), label, "path", notes)


def _sparse(trail: Trail, box: Box, most: int) -> Array:
    """The steps that can be told apart in the picture, the first and the last among them."""
    size = np.array([box[1] - box[0], box[3] - box[2]])[: trail.places.shape[1]]
    seen = trail.places / size
    kept, last = [0], seen[0]
    for i, place in enumerate(seen):
        if np.abs(place - last).max() >= _NEAR:
            kept.append(i)
            last = place
    if kept[-1] != len(seen) - 1:
        kept.append(len(seen) - 1)
    if len(kept) <= most:
        return np.array(kept)
    # The first steps are the longest ones: one half of the room is theirs.
    rest = np.linspace(most // 2, len(kept) - 1, most - most // 2).astype(int)
    places: Array = np.array(kept)[np.unique(np.concatenate([np.arange(most // 2), rest]))]
    return places


def _ends(trail: Trail, places: Sequence[tuple[float, float]]) -> tuple[Dot, ...]:
    start = Dot(*places[0], "start")
    if len(trail.steps) == 1:
        return (start,)
    return start, Dot(*places[1], f"step {int(trail.steps[-1]):,}" if trail.is_cut else "end")


def _short(value: float) -> str:
    return decimal_text(float(value), 4)
