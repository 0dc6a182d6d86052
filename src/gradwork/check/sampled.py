"""Large models: each array along random directions first, then, where it is wrong, down to the entries.

Along a direction d the loss is a function of one number t, f(x + t d), and its measured slope has to be that of the
given gradient, g . d. A wrong gradient escapes one Gaussian direction only if its error happens to lie across it: an
error of the size e, against a bar b, with probability below 0.8 b / e. Wrong arrays are then halved again and again.

Sources: directions: Griewank and Walther, Evaluating Derivatives, 2008, section 3.6; group testing: Dorfman 1943.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwork.check.cancelled import Cancelled
from gradwork.check.evidence import Joint
from gradwork.check.given import Array, Leaf, copied
from gradwork.check.verdicts import BARS, Verdict, judged, misshapen
from gradwork.gradients.nudge import nudge
from gradwork.gradients.nudging.record import Nudged
from gradwork.graph.tree import flatten

DIRECTIONS = 3
ENTRIES = 48  # entries of each array that are nudged by themselves
SECONDS = 15.0  # beyond, not every entry is nudged
FASTER = 50.0  # by what moves, the nudges of a layer's weights cost so much less
SMALL = 2_000
TIMES = 10.0  # an error of ten bars
MISSED = (0.8 / TIMES) ** DIRECTIONS  # escapes all directions with a probability below this
MOST_WRONG = 6  # wrong entries that halving looks for in an array of a black box


def is_large(
    f: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    leaves: Sequence[Leaf],
    joint: Joint | None,
) -> bool:
    """Whether nudging every entry would take too long."""
    count = sum(int(np.size(leaf.value)) for leaf in leaves)
    if count <= SMALL or not callable(f):
        return False
    once = min(_seconds(f, args, kwargs) for _ in range(2))
    return 4 * count * once > SECONDS * (FASTER if joint is not None and _layered(joint, leaves) else 1.0)


def _seconds(f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> float:
    mine, named = [copied(a) for a in args], {k: copied(v) for k, v in kwargs.items()}
    started = time.perf_counter()
    f(*mine, **named)
    return time.perf_counter() - started


def _layered(joint: Joint, leaves: Sequence[Leaf]) -> bool:
    """Whether every large array is the weights, or the bias, of a layer."""
    for leaf in leaves:
        if np.size(leaf.value) > SMALL:
            place = joint.place[leaf.name]
            readers = [joint.node(r).op for r in joint.graph.consumers[place] if r < joint.forward]
            if any(op not in ("matmul", "broadcast_to", "add") for op in readers):
                return False
    return True


@dataclass(frozen=True, eq=False)
class Line:
    """The loss as a function of one number: some arrays moved along directions."""

    f: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    places: Mapping[str, tuple[int | str, int]]
    lost: Cancelled

    def slope(self, directions: Mapping[str, Array]) -> tuple[float, float, float]:
        """The measured slope of the loss along `directions`, its bar, and the nudge."""
        found = nudge(lambda t: self._at(directions, t), 0.0)
        return float(found.gradient), float(found.error), float(found.step)

    def _at(self, directions: Mapping[str, Array], t: float) -> Any:
        args, kwargs = list(self.args), dict(self.kwargs)
        by_key: dict[int | str, dict[int, Array]] = {}
        for name, direction in directions.items():
            key, place = self.places[name]
            by_key.setdefault(key, {})[place] = direction
        for key, moves in by_key.items():
            holder: Any = args if isinstance(key, int) else kwargs
            leaves, structure = flatten(holder[key])
            moved = [_moved(leaf, moves[k], t) if k in moves else leaf for k, leaf in enumerate(leaves)]
            holder[key] = structure.build(iter(moved))
        return self.f(*args, **kwargs)


def _moved(leaf: Any, direction: Array, t: float) -> Any:
    if hasattr(leaf, "detach"):
        import sys

        torch = sys.modules["torch"]
        return leaf.detach() + torch.as_tensor(t * direction, dtype=leaf.dtype, device=leaf.device)
    # In double precision: a small step along a direction would be lost in the entries' own.
    return np.asarray(leaf, float) + t * direction


def measured_along(
    f: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    leaves: Sequence[Leaf],
    joint: Joint | None,
    allowances: Mapping[str, Array],
    lost: Cancelled,
) -> tuple[dict[str, Verdict], bool]:
    """The verdict on each array, from directions and from some of its entries; and whether they confirm the graph."""
    line = Line(f, args, kwargs, _places(leaves), lost)
    generator = np.random.default_rng(0)
    verdicts: dict[str, Verdict] = {}
    confirmed = joint is not None
    for leaf in leaves:
        verdicts[leaf.name], fits = _one(line, leaf, joint, allowances.get(leaf.name), generator)
        confirmed = confirmed and fits
    return verdicts, confirmed


def _places(leaves: Sequence[Leaf]) -> dict[str, tuple[int | str, int]]:
    """For each leaf by name, its argument and its place among that argument's leaves."""
    return {leaf.name: (leaf.key, leaf.place) for leaf in leaves}


def _one(
    line: Line, leaf: Leaf, joint: Joint | None, allowance: Array | None, generator: np.random.Generator
) -> tuple[Verdict, bool]:
    shape = leaf.shape
    yours = np.asarray(leaf.yours, float)
    if yours.shape != shape:
        return misshapen(leaf.name, leaf.yours, np.zeros(shape), np.full(shape, np.inf)), True
    exact = np.asarray(joint.value(joint.slope[leaf.name]), float) if joint is not None else None
    slack = float(np.max(allowance)) if allowance is not None and allowance.size else 0.0
    fits, graph_fits, bar = True, exact is not None, 0.0
    for _ in range(DIRECTIONS):
        direction = generator.standard_normal(shape)
        slope, error, step = line.slope({leaf.name: direction})
        slack_here = slack * math.sqrt(direction.size)
        apart = abs(float(np.sum(yours * direction)) - slope)
        if apart > BARS * error + slack_here:
            error = max(error, float(line.lost.least_bar(leaf.name, np.asarray(step))))
        reach = BARS * error + slack_here
        bar = max(bar, reach)
        fits &= bool(apart <= reach)
        if exact is not None:
            graph_fits &= bool(abs(float(np.sum(exact * direction)) - slope) <= reach)
    suspects = _suspects(leaf, yours, exact if graph_fits else None, fits, line, generator, slack)
    nudged = _entries(line, leaf, suspects)
    return _verdict(
        leaf, yours, exact if graph_fits else None, fits, suspects, nudged, bar, slack, line.lost
    ), graph_fits


def _suspects(
    leaf: Leaf,
    yours: Array,
    exact: Array | None,
    fits: bool,
    line: Line,
    generator: np.random.Generator,
    slack: float,
) -> list[int]:
    """The entries to nudge one by one: those that look wrong, and some at random."""
    size = yours.size
    some = generator.choice(size, size=min(size, ENTRIES // 2), replace=False).tolist()
    if fits:
        return sorted(some)
    if exact is not None:
        off = np.abs(yours - exact).reshape(-1)
        return sorted({*some, *np.argsort(-off, kind="stable")[: ENTRIES // 2].tolist()})
    if _mostly_wrong(line, leaf, yours, some, slack):
        return sorted(some)  # wrong all over: halving would find no place
    return sorted({*some, *_halved(line, leaf, yours, slack)})


def _mostly_wrong(line: Line, leaf: Leaf, yours: Array, some: Sequence[int], slack: float) -> bool:
    """Whether half of some entries at random are wrong already."""
    found = _entries(line, leaf, some)
    typical = float(np.sqrt(np.mean(np.asarray(leaf.value, float) ** 2))) or 1.0
    slopes, bars = np.asarray(found.gradient, float) / typical, np.asarray(found.error, float) / typical
    with np.errstate(all="ignore"):
        off = np.abs(yours.reshape(-1)[list(some)] - slopes) > BARS * bars + slack
    return bool(np.mean(off) >= 0.5)


def _halved(line: Line, leaf: Leaf, yours: Array, slack: float) -> list[int]:
    """Wrong entries of a black box: of a set that is wrong, the half that is, down to single entries."""
    flat = yours.reshape(-1)
    generator = np.random.default_rng(1)
    waiting: list[tuple[int, int]] = [(0, flat.size)]
    found: list[int] = []
    while waiting and len(found) < MOST_WRONG:
        low, high = waiting.pop()
        direction = np.zeros(flat.size)
        direction[low:high] = generator.standard_normal(high - low)
        slope, error, _ = line.slope({leaf.name: direction.reshape(leaf.shape)})
        reach = BARS * error + slack * math.sqrt(high - low)
        if abs(float(flat @ direction) - slope) <= reach:
            continue
        if high - low == 1:
            found.append(low)
            continue
        middle = (low + high) // 2
        waiting += [(middle, high), (low, middle)]
    return found


def _entries(line: Line, leaf: Leaf, suspects: Sequence[int]) -> Nudged:
    """Some entries of one array, nudged one by one."""
    start = np.zeros(len(suspects))

    def loss(moves: Array) -> Any:
        direction = np.zeros(int(np.prod(leaf.shape, dtype=np.int64)))
        direction[np.asarray(suspects, dtype=int)] = moves
        return line._at({leaf.name: direction.reshape(leaf.shape)}, 1.0)

    scale = np.abs(np.asarray(leaf.value, float))
    typical = float(np.sqrt(np.mean(scale**2))) or 1.0
    # The entries themselves stand at 0: nudges have to be of the array's own size.
    return nudge(lambda moves: loss(typical * moves), start, mode="definition")


def _verdict(
    leaf: Leaf,
    yours: Array,
    exact: Array | None,
    fits: bool,
    suspects: Sequence[int],
    nudged: Nudged,
    bar: float,
    slack: float,
    lost: Cancelled,
) -> Verdict:
    shape = leaf.shape
    scale = np.abs(np.asarray(leaf.value, float))
    typical = float(np.sqrt(np.mean(scale**2))) or 1.0
    measured = (exact if exact is not None else yours if fits else np.full(shape, np.nan)).copy().reshape(-1)
    bars = np.full(measured.size, bar / math.sqrt(max(measured.size, 1)) / BARS)
    places = np.asarray(suspects, dtype=int)
    if len(places):
        measured[places] = np.asarray(nudged.gradient, float) / typical
        bars[places] = np.asarray(nudged.error, float) / typical
    array = _Measured(leaf.name, measured.reshape(shape), bars.reshape(shape))
    verdict = judged(array, yours, np.full(shape, slack), ())  # type: ignore[arg-type]
    if len(places) and verdict.differ.any():
        steps = np.full(measured.size, np.inf)
        steps[places] = np.asarray(nudged.step, float) * typical
        flat = verdict.differ.reshape(-1)
        least = lost.least_bar(leaf.name, steps)
        array = replace(array, bar=np.where(flat, np.fmax(bars, least), bars).reshape(shape))
        verdict = judged(array, yours, np.full(shape, slack), ())  # type: ignore[arg-type]
    how = f"{DIRECTIONS} random directions and {len(places)} entries"
    differ = verdict.differ
    if not fits and not differ.any():
        differ = np.ones(shape, bool)
    size = float(np.sqrt(np.sum(np.where(np.isfinite(measured), measured, 0.0) ** 2)))
    seen = TIMES * bar / size if size else float("nan")
    return Verdict(
        verdict.name, yours, verdict.measured, verdict.bar, verdict.agree & ~differ, differ,
        verdict.unclear & ~differ, verdict.at_kink, seen, how=how,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Measured:
    """The part of a nudged array that a verdict looks at."""

    name: str
    slope: Array
    bar: Array
