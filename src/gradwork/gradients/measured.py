"""Slopes of a black box as nodes of a graph: measured by nudging each time that the graph is evaluated.

Two ops: what an argument counts for (the way back), and how the results move with an argument (the way forward). Each
is linear in what comes in, with the other one as its slope; by the arguments themselves they have none.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, BlackBoxWarning, GradworkError, MissingRuleError
from gradwork.graph.builder import Builder
from gradwork.graph.op import REGISTER, Op
from gradwork.graph.traced import node
from gradwork.graph.tree import Structure, flatten
from gradwork.notation.layout import Layout, Number
from gradwork.notation.layout import call as written_call

FAMILY = "black box"
RULE = "by nudging, no rule"
_KNOWN_TO = 1e-3
_RUNGS = 9


@dataclass(frozen=True, eq=False)
class Boxed:
    """A call of a black box: the function, the structure of its arguments with what stands still, and its result's."""

    function: Callable[..., Any]
    label: str
    arguments: Structure
    still: tuple[Any, ...]
    moving: tuple[int, ...]
    result: Structure | None = None
    pieces: tuple[tuple[tuple[int, ...], Any], ...] = ()

    def call(self, arrays: Sequence[Any]) -> Any:
        """Call the function with these arrays in their places: copies, since it may write to them."""
        leaves = list(self.still)
        for place, array in zip(self.moving, arrays, strict=True):
            leaves[place] = array.copy() if isinstance(array, np.ndarray) else array
        args, kwargs = self.arguments.build(iter(leaves))
        return self.function(*args, **kwargs)

    def packed(self, arrays: Sequence[Any]) -> Any:
        """All that a call gives, as one array; one result as it is."""
        leaves, structure = flatten(self.call(arrays))
        found = [np.asarray(leaf) for leaf in leaves]
        if structure != self.result or [a.shape for a in found] != [shape for shape, _ in self.pieces]:
            raise ArgumentError(
                f"{self.label} gives another structure, or other shapes, beside the point that it was traced at",
                why="what is one node has one shape",
            )
        if len(found) == 1:
            return np.array(found[0])[()]
        return np.concatenate([np.ravel(a) for a in found]) if found else np.zeros(0)

    @property
    def acts_entry_by_entry(self) -> bool:
        """Whether all entries can be nudged at once."""
        f = self.function
        return isinstance(f, np.ufunc) and f.nout == 1 and f.signature is None

    def __repr__(self) -> str:
        return self.label


def result_kind(of: Boxed) -> tuple[tuple[int, ...], Any]:
    """Shape and dtype of the node of a black box."""
    if len(of.pieces) == 1:
        return of.pieces[0]
    dtype = np.result_type(*(d for _, d in of.pieces)) if of.pieces else np.dtype(np.float64)
    return (sum(int(np.prod(s, dtype=np.int64)) for s, _ in of.pieces),), dtype


def enter() -> None:
    """Enter the ops of black boxes in the register: they are there from the first black box on."""
    for op in (BLACK_BOX, SLOPES, ALONG):
        REGISTER.by_name.setdefault(op.name, op)


# -- its slopes -------------------------------------------------------------------------------------------------------


def pushed(of: Boxed, tangents: Any, builder: Builder, inputs: Sequence[Any]) -> Any:
    """How the results move when several arguments move."""
    total: Any = None
    for k, tangent in enumerate(tangents):
        if tangent is not None:
            part = node(builder, ALONG, (tangent, *inputs), of=of, path=k)
            total = part if total is None else total + part
    return total


def _measured_slopes(g: Any, *arrays: Any, of: Boxed, path: int) -> Any:
    """What each entry of one argument counts for, where the results count for `g`."""
    point = np.asarray(arrays[path])
    if point.size == 0 or not np.any(g):
        return np.zeros_like(point)[()]

    def total(moved: Any) -> Any:
        # Only what counts is looked at: 0 times something that is not a number is 0 here.
        return np.sum(np.where(g == 0, 0.0, g * of.packed(_with(arrays, path, moved))))

    if of.acts_entry_by_entry and isinstance(g, np.ndarray):
        slopes = _entry_by_entry(of, lambda moved: of.packed(_with(arrays, path, moved)), point, g.shape)
        return _summed_to(np.where(g == 0, 0.0, g * slopes), point.shape).astype(point.dtype)
    return _nudged(of, total, point).astype(point.dtype)[()]


def _measured_along(tangent: Any, *arrays: Any, of: Boxed, path: int) -> Any:
    """How the results move when one argument moves by `tangent`."""
    point = np.asarray(arrays[path], dtype=np.float64)
    largest = float(np.max(np.abs(tangent), initial=0.0))
    if not largest:
        return np.zeros(*result_kind(of))[()]
    # The direction in units of the point itself, so that a nudge of t = 1 is one in proportion.
    unit = max(float(np.sqrt(np.mean(point**2))), 1e-8) / largest

    def moved(t: Any) -> Any:
        new = (point + (t - 1.0) * unit * np.asarray(tangent))[()]
        return of.packed(_with(arrays, path, new))

    return (_nudged(of, moved, np.array(1.0)) / unit).astype(result_kind(of)[1])[()]


def _nudged(of: Boxed, function: Callable[[Any], Any], point: Any) -> Any:
    from gradwork.gradients.nudge import nudge

    found = nudge(function, np.asarray(point, dtype=np.float64)[()], mode="definition")
    slopes, bars = np.asarray(found.gradient), np.asarray(found.error)
    _warn_of_bars(of, slopes, bars)
    return slopes


def _warn_of_bars(of: Boxed, slopes: Any, bars: Any) -> None:
    worst = float(np.max(bars, initial=0.0)) if np.all(np.isfinite(bars)) else np.inf
    if not worst <= _KNOWN_TO * float(np.max(np.abs(slopes), initial=0.0)) + 1e-9:
        warnings.warn(
            BlackBoxWarning(
                f"slopes of {of.label}, measured by nudging, are known to {worst:.1e} only: "
                "it is not smooth here, or works to few digits"
            ),
            stacklevel=2,
        )


def _with(arrays: Sequence[Any], path: int, moved: Any) -> list[Any]:
    return [moved if k == path else a for k, a in enumerate(arrays)]


def _entry_by_entry(of: Boxed, function: Callable[[Any], Any], point: Any, shape: tuple[int, ...]) -> Any:
    """The slopes of a function that acts entry by entry: all entries are nudged at once.

    Differences at ever smaller nudges are drawn on to no nudge at all, and each entry keeps what changed least.

    Source: Ridders 1982, "Accurate computation of F'(x) and F'(x) F''(x)".
    """
    x = np.broadcast_to(np.asarray(point, dtype=np.float64), shape)
    size = np.abs(x)
    nudge = 0.2 * np.where(size > 0, size, float(np.sqrt(np.mean(x**2))) or 1.0)
    best, bars = np.full(shape, np.nan), np.full(shape, np.inf)
    before: list[Any] = []
    with np.errstate(all="ignore"):
        for _ in range(_RUNGS):
            up, down = x + nudge, x - nudge
            row = [np.asarray((function(up) - function(down)) / (up - down), dtype=np.float64)]
            for k, coarser in enumerate(before):
                row.append(row[k] + (row[k] - coarser) / (4.0 ** (k + 1) - 1))
                doubt = np.maximum(np.abs(row[k + 1] - row[k]), np.abs(row[k + 1] - coarser))
                better = doubt < bars
                best, bars = np.where(better, row[k + 1], best), np.where(better, doubt, bars)
            before = row
            nudge = nudge / 2
    _warn_of_bars(of, best, bars)
    return best


def _summed_to(slopes: Any, shape: tuple[int, ...]) -> Any:
    extra = slopes.ndim - len(shape)
    axes = tuple(k for k in range(slopes.ndim) if k < extra or (shape[k - extra] == 1 and slopes.shape[k] != 1))
    return np.sum(slopes, axis=axes).reshape(shape) if axes else slopes


def _no_second(of: Boxed) -> GradworkError:
    return MissingRuleError(
        f"{of.label} is a black box, and has no second slopes",
        why="its slopes are measured by nudging; nudged once more, too few digits would be left",
        hint="give its rule with gw.custom_rule(f, pullback): the rule can be differentiated again",
    )


SLOPES: Op = Op(
    name="black_box_slopes",
    function=_measured_slopes,
    rule=RULE,
    notation=lambda g, *inputs, of, path: written_call(f"slopes of {of.label}", g, *inputs),
    arity=None,
    pullback=lambda c, y, g, *inputs, of, path: (
        node(c.builder, ALONG, (c, *inputs), of=of, path=path),
        *(_no_second(of) for _ in inputs),
    ),
    fixed=False,
    infer=lambda inputs, of, path: inputs[1 + path],
    why="Each entry is moved a little both ways.",
    source="the definition of the derivative",
    family=FAMILY,
)


def _move_notation(t: Layout, inputs: Sequence[Layout], of: Boxed) -> Layout:
    slope = written_call(f"slope of {of.label}", *inputs)
    return slope if t == Number(1) else written_call(f"slope of {of.label} along", t, *inputs)


ALONG: Op = Op(
    name="black_box_move",
    function=_measured_along,
    rule=RULE,
    notation=lambda t, *inputs, of, path: _move_notation(t, inputs, of),
    arity=None,
    pullback=lambda c, y, t, *inputs, of, path: (
        node(c.builder, SLOPES, (c, *inputs), of=of, path=path),
        *(_no_second(of) for _ in inputs),
    ),
    fixed=False,
    infer=lambda inputs, of, path: result_kind(of),
    why="The whole argument is moved a little both ways.",
    source="the definition of the derivative",
    family=FAMILY,
)


def _pull(g: Any, y: Any, *inputs: Any, of: Boxed) -> tuple[Any, ...]:
    return tuple(node(g.builder, SLOPES, (g, *inputs), of=of, path=k) for k in range(len(inputs)))


BLACK_BOX = Op(
    name="black_box",
    function=lambda *arrays, of: of.packed(arrays),
    rule=RULE,
    notation=lambda *inputs, of: written_call(of.label, *inputs),
    arity=None,
    pullback=_pull,
    pushforward=lambda tangents, y, *inputs, of: pushed(of, tangents, y.builder, inputs),
    fixed=False,
    infer=lambda inputs, of: result_kind(of),
    why="What happens inside is not looked at: each slope is measured by nudging, with a bar.",
    source="the definition of the derivative",
    family=FAMILY,
)
