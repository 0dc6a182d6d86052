"""How a partial change passes through each kind of op: what moved of the inputs gives what moved of the value.

No derivative is taken anywhere: every rule evaluates the op on what moved. A sum or a matrix product of which one part
moved changes by that part's own sum or product, so only the part is evaluated. An op without a rule here is evaluated
nudge by nudge on whole arrays, as the plain loop would.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.gradients.nudging.moved import Moved, Shape, at_places, common_axes, dense, gathered, point, widened
from gradwork.gradients.nudging.subject import Array
from gradwork.graph.op import Op
from gradwork.graph.run import spread


@dataclass(frozen=True, eq=False)
class Site:
    """One node to pass through: its op, what its inputs and its value were before the nudges, and their shapes."""

    op: Op
    params: Mapping[str, Any]
    bases: tuple[Any, ...]
    shapes: tuple[Shape, ...]
    value: Any
    shape: Shape

    @functools.cached_property
    def finite(self) -> bool:
        """Whether a sum or a product is finite, and so all that went into it: to infinity no change can be added."""
        return bool(np.isfinite(self.value).all())

    @functools.cached_property
    def sources(self) -> Array:
        """For each entry of a rearranged array, the flat position in the op's first input that it is read from."""
        numbered = np.arange(math.prod(self.shapes[0])).reshape(self.shapes[0])
        others = [self.whole(k) for k in range(1, len(self.bases))]
        return np.asarray(self.op.function(numbered, *others, **self.params))

    def whole(self, k: int) -> Any:
        """Input k in its full shape."""
        return spread(self.bases[k], self.shapes[k])


Inputs = Sequence[Moved | None]
Rule = Callable[[Site, Inputs], Moved | None]


def passed(site: Site, inputs: Inputs) -> Moved | None:
    """What moves of the node's value when `inputs` moved; None where nothing does."""
    if all(m is None for m in inputs):
        return None
    if site.op.elementwise:
        return entry_by_entry(site, inputs)
    return RULES.get(site.op.name, one_by_one)(site, inputs)


# -- entry by entry -------------------------------------------------------------------------------------------------


def entry_by_entry(site: Site, inputs: Inputs) -> Moved:
    """What moved stays where it is: a moved column gives a moved column."""
    moving, arguments = aligned(site, inputs)
    values = site.op.function(*arguments, **site.params)
    return Moved(site.shape, moving.axes, moving.index, values)


def aligned(site: Site, inputs: Inputs) -> tuple[Moved, list[Any]]:
    """The inputs of an elementwise op at the entries that moved; and one of the moved ones, for its places."""
    several = [m for m in inputs if m is not None]
    if len(several) == 1:
        (one,) = several
        return one, [gathered(b, one) if m is None else m.values for b, m in zip(site.bases, inputs, strict=True)]
    keep = common_axes(several)
    wide = [None if m is None else widened(m, b, keep) for b, m in zip(site.bases, inputs, strict=True)]
    one = next(m for m in wide if m is not None)
    return one, [gathered(b, one) if m is None else m.values for b, m in zip(site.bases, wide, strict=True)]


def _as_it_is(site: Site, inputs: Inputs) -> Moved | None:
    (moved,) = inputs
    assert moved is not None
    values = moved.values if site.op.name == "copy" else np.asarray(site.op.function(moved.values, **site.params))
    return Moved(site.shape, moved.axes, moved.index, values)


# -- entries that change their places --------------------------------------------------------------------------------


def _broadcast(site: Site, inputs: Inputs) -> Moved | None:
    (moved,) = inputs
    assert moved is not None
    new = len(site.shape) - len(moved.shape)
    copied = tuple(a for a in moved.axes if site.shape[a + new] != moved.shape[a])
    if copied:
        moved = widened(moved, site.bases[0], [a for a in moved.axes if a not in copied])
    axes = tuple(a + new for a in moved.axes)
    kept = tuple(site.shape[a] for a in range(len(site.shape)) if a not in axes)
    return Moved(site.shape, axes, moved.index, np.broadcast_to(moved.values, (*kept, moved.count)))


def _transposed(site: Site, inputs: Inputs) -> Moved | None:
    (moved,) = inputs
    assert moved is not None
    order = tuple(site.params["axes"])
    axes = tuple(k for k, a in enumerate(order) if a in moved.axes)
    others = [moved.others.index(a) for a in order if a not in moved.axes]
    index = tuple(moved.at(order[k]) for k in axes)
    return Moved(site.shape, axes, index, np.transpose(moved.values, (*others, len(others))))


def reshaped(moved: Moved, base: Any, shape: Shape) -> Moved:
    """In another shape. Axes that keep their length keep standing; a single entry stays a single entry."""
    if len(moved.axes) == len(moved.shape) and moved.shape:
        return point(shape, np.ravel_multi_index(moved.index, moved.shape), moved.values)
    pairs = _same_axes(moved.shape, shape)
    moved = widened(moved, base, [a for a in moved.axes if a in pairs])
    axes = tuple(pairs[a] for a in moved.axes)
    kept = tuple(n for a, n in enumerate(shape) if a not in axes)
    return Moved(shape, axes, moved.index, moved.values.reshape(*kept, moved.count))


@functools.lru_cache(maxsize=1024)
def _same_axes(before: Shape, after: Shape) -> dict[int, int]:
    """The axes with the same length and the same number of entries behind them, before and after."""
    behind = {(int(np.prod(after[b:], dtype=np.int64)), n): b for b, n in enumerate(after) if n > 1}
    found = {a: behind.get((int(np.prod(before[a:], dtype=np.int64)), n)) for a, n in enumerate(before) if n > 1}
    return {a: b for a, b in found.items() if b is not None}


def _reshape(site: Site, inputs: Inputs) -> Moved | None:
    (moved,) = inputs
    assert moved is not None
    return reshaped(moved, site.bases[0], site.shape)


def _picked(site: Site, inputs: Inputs) -> Moved | None:
    moved = inputs[0]
    if moved is None or any(m is not None for m in inputs[1:]):
        return one_by_one(site, inputs)
    source = site.sources
    if len(moved.axes) == len(moved.shape) and moved.shape:
        return _picked_points(site, moved, source)
    if all(isinstance(e, slice) and e == slice(None) for e in site.params["index"]):
        return moved
    values = dense(moved, site.bases[0]).reshape(-1, moved.count)[source.reshape(-1)]
    return Moved(site.shape, (), (), values.reshape(*site.shape, moved.count))


def _picked_points(site: Site, moved: Moved, source: Array) -> Moved | None:
    flat = np.ravel_multi_index(moved.index, moved.shape)
    places = np.full(int(np.prod(moved.shape, dtype=np.int64)), -1)
    places[source.reshape(-1)] = np.arange(source.size)
    if not (places[flat] >= 0).any():
        return None
    if len(np.unique(source)) < source.size:  # an entry that is picked twice
        values = dense(moved, site.bases[0]).reshape(-1, moved.count)[source.reshape(-1)]
        return Moved(site.shape, (), (), values.reshape(*site.shape, moved.count))
    # A nudge of an entry that is not picked moves nothing: it puts the first entry where it was.
    first = np.broadcast_to(site.value, site.shape).reshape(-1)[0]
    hit = places[flat] >= 0
    return point(site.shape, np.where(hit, places[flat], 0), np.where(hit, moved.values, first))


def _joined(site: Site, inputs: Inputs) -> Moved | None:
    count = next(m.count for m in inputs if m is not None)
    axis = site.params["axis"] % len(site.shape)
    pieces = [
        np.broadcast_to(site.whole(k)[..., None], (*site.shapes[k], count)) if m is None else dense(m, site.bases[k])
        for k, m in enumerate(inputs)
    ]
    return Moved(site.shape, (), (), site.op.function(*pieces, axis=axis))


# -- reductions ------------------------------------------------------------------------------------------------------


def _axes_after(site: Site, moved: Moved) -> tuple[tuple[int, ...], tuple[Array, ...]]:
    """The axes that stand in the value of a reduction, and their places."""
    gone, keepdims = site.params["axis"], site.params["keepdims"]
    staying = [a for a in moved.axes if a not in gone]
    axes = tuple(a if keepdims else a - sum(g < a for g in gone) for a in staying)
    return axes, tuple(moved.at(a) for a in staying)


def _in_shape(site: Site, axes: tuple[int, ...], index: tuple[Array, ...], values: Array) -> Moved:
    kept = tuple(n for a, n in enumerate(site.shape) if a not in axes)
    return Moved(site.shape, axes, index, values.reshape(*kept, values.shape[-1]))


def _summed(site: Site, inputs: Inputs) -> Moved | None:
    """A sum changes by the sum of the changes. Adding up the changes alone loses no digits to what stood still."""
    (moved,) = inputs
    assert moved is not None
    if not site.finite:
        return _reduced(site, inputs)
    axes, index = _axes_after(site, moved)
    over = tuple(p for p, a in enumerate(moved.others) if a in site.params["axis"])
    change = np.add.reduce(moved.values - gathered(site.bases[0], moved), axis=over)
    if site.op.name == "mean":
        change = change / int(np.prod([moved.shape[a] for a in site.params["axis"]], dtype=np.int64))
    shaped = _in_shape(site, axes, index, change)
    return Moved(site.shape, axes, index, shaped.values + at_places(site.value, axes, index))


def _reduced(site: Site, inputs: Inputs) -> Moved | None:
    """Largest, smallest, product, log-sum-exp: evaluated on the groups in which something moved."""
    (moved,) = inputs
    assert moved is not None
    gone = site.params["axis"]
    moved = widened(moved, site.bases[0], [a for a in moved.axes if a not in gone])
    over = tuple(p for p, a in enumerate(moved.others) if a in gone)
    axes, index = _axes_after(site, moved)
    reduced = site.op.function(moved.values, axis=over, keepdims=False) if over else moved.values
    return _in_shape(site, axes, index, reduced)


def _shared_out(site: Site, inputs: Inputs) -> Moved | None:
    """Softmax and its logarithm: every entry of a group in which something moved."""
    (moved,) = inputs
    assert moved is not None
    gone = site.params["axis"]
    moved = widened(moved, site.bases[0], [a for a in moved.axes if a not in gone])
    over = tuple(p for p, a in enumerate(moved.others) if a in gone)
    return Moved(site.shape, moved.axes, moved.index, site.op.function(moved.values, axis=over))


# -- matrix products --------------------------------------------------------------------------------------------------


def _multiplied(site: Site, inputs: Inputs) -> Moved | None:
    left, right = inputs
    if max(map(len, site.shapes)) > 2 or (left is not None and right is not None):
        return _stacks_multiplied(site, inputs)
    a, b = site.whole(0), site.whole(1)
    rows, columns = (1, a.size) if a.ndim == 1 else a.shape, (b.size, 1) if b.ndim == 1 else b.shape
    value = spread(site.value, site.shape).reshape(rows[0], columns[1])
    if right is not None:
        made = _right_moved(a.reshape(rows), reshaped(right, b, columns), b.reshape(columns), value, site.finite)
    else:
        assert left is not None
        turned = _turned(reshaped(left, a, rows))
        made = _turned(_right_moved(b.reshape(columns).T, turned, a.reshape(rows).T, value.T, site.finite))
    return reshaped(made, value, site.shape)


def _turned(moved: Moved) -> Moved:
    """The transpose of a matrix."""
    axes = tuple(sorted(1 - a for a in moved.axes))
    values = moved.values if moved.axes else np.swapaxes(moved.values, 0, 1)
    return Moved(moved.shape[::-1], axes, moved.index[::-1], values)


def _right_moved(a: Array, moved: Moved, b: Array, value: Array, finite: bool) -> Moved:
    """What moves of a @ b, which was `value`, when `moved` does of b.

    An entry b[i, j] moves column j by its change times a[:, i]; a row b[i] changes everything by an outer product.
    """
    shape = value.shape
    if not finite:
        moved = widened(moved, b, [axis for axis in moved.axes if axis == 1])
    if moved.axes == (0, 1):
        i, j = moved.index
        change = moved.values - b[i, j]
        return Moved(shape, (1,), (j,), np.take(value, j, axis=1) + np.take(a, i, axis=1) * change)
    if moved.axes == (1,):
        return Moved(shape, (1,), moved.index, a @ moved.values)
    if moved.axes == (0,):
        change = moved.values - gathered(b, moved)
        outer = np.take(a, moved.index[0], axis=1)[:, None, :] * change[None]
        outer += value[..., None]
        return Moved(shape, (), (), outer)
    k, m, count = moved.values.shape
    if moved.values.flags.c_contiguous:
        product = (a @ moved.values.reshape(k, m * count)).reshape(shape[0], m, count)
    else:
        product = np.swapaxes(np.matmul(a, np.swapaxes(moved.values, 0, 1)), 0, 1)
    return Moved(shape, (), (), product)


def _stacks_multiplied(site: Site, inputs: Inputs) -> Moved | None:
    stacks = []
    for k, m in enumerate(inputs):
        whole = site.whole(k)[None] if m is None else np.moveaxis(dense(m, site.bases[k]), -1, 0)
        if len(site.shapes[k]) == 1:
            whole = whole[:, None, :] if k == 0 else whole[:, :, None]
        stacks.append(whole)
    most = max(s.ndim for s in stacks)
    a, b = (s.reshape(s.shape[0], *(1,) * (most - s.ndim), *s.shape[1:]) for s in stacks)
    product = np.matmul(a, b)
    return Moved(site.shape, (), (), np.moveaxis(product.reshape(len(product), *site.shape), 0, -1))


def _einsum(site: Site, inputs: Inputs) -> Moved | None:
    text = site.params["subscripts"]
    letter = next((c for c in "ZYXWVUTSRQzyxwvuts" if c not in text), None)
    if letter is None:
        return one_by_one(site, inputs)
    terms, _, result = text.partition("->")
    spelled = [t if m is None else t + letter for t, m in zip(terms.split(","), inputs, strict=True)]
    arrays = [site.whole(k) if m is None else dense(m, site.bases[k]) for k, m in enumerate(inputs)]
    return Moved(site.shape, (), (), np.einsum(f"{','.join(spelled)}->{result}{letter}", *arrays))


# -- anything else ----------------------------------------------------------------------------------------------------


def one_by_one(site: Site, inputs: Inputs) -> Moved | None:
    """The op itself, on whole arrays, once for every nudge."""
    count = next(m.count for m in inputs if m is not None)
    wholes = [None if m is None else dense(m, b) for m, b in zip(inputs, site.bases, strict=True)]
    results = []
    for n in range(count):
        arguments = [site.whole(k) if w is None else np.ascontiguousarray(w[..., n])[()] for k, w in enumerate(wholes)]
        results.append(np.asarray(site.op.function(*arguments, **site.params)))
    return Moved(site.shape, (), (), np.stack(results, axis=-1))


RULES: dict[str, Rule] = {
    "copy": _as_it_is,
    "astype": _as_it_is,
    "broadcast_to": _broadcast,
    "transpose": _transposed,
    "reshape": _reshape,
    "getitem": _picked,
    "concatenate": _joined,
    "stack": _joined,
    "sum": _summed,
    "mean": _summed,
    "max": _reduced,
    "min": _reduced,
    "prod": _reduced,
    "logsumexp": _reduced,
    "softmax": _shared_out,
    "log_softmax": _shared_out,
    "matmul": _multiplied,
    "einsum": _einsum,
}
REARRANGING = frozenset({"broadcast_to", "transpose", "reshape", "getitem"})
