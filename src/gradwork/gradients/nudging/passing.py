"""How a partial change passes through each kind of op: what moved of the inputs gives what moved of the value.

No derivative is taken anywhere: every rule evaluates the op on what moved. A sum or a matrix product of which one part
moved changes by that part's own sum or product, so only the part is evaluated. An op without a rule here is evaluated
nudge by nudge on whole arrays, as the plain loop would.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.gradients.nudging.moved import (
    Moved,
    at_places,
    common_axes,
    dense,
    gathered,
    point,
    reshaped,
    widened,
)
from gradwork.gradients.nudging.multiplied import einsum, multiplied
from gradwork.gradients.nudging.site import Inputs, Rule, Site, one_by_one
from gradwork.gradients.nudging.subject import Array


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
    values = moved.values if site.op.name == "copy" else site.op.function(moved.values, **site.params)
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
    return Moved(site.shape, (), (), dense(moved, site.bases[0])[np.unravel_index(source, moved.shape)])


def _picked_points(site: Site, moved: Moved, source: Array) -> Moved | None:
    flat = np.ravel_multi_index(moved.index, moved.shape)
    places = np.full(int(np.prod(moved.shape, dtype=np.int64)), -1)
    places[source.reshape(-1)] = np.arange(source.size)
    if not (places[flat] >= 0).any():
        return None
    if len(np.unique(source)) < source.size:  # an entry that is picked twice
        return Moved(site.shape, (), (), dense(moved, site.bases[0])[np.unravel_index(source, moved.shape)])
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
    "matmul": multiplied,
    "einsum": einsum,
}
REARRANGING = frozenset({"broadcast_to", "transpose", "reshape", "getitem"})
