"""How a partial change passes through matrix products: a moved column moves a column, a moved row an outer product."""

from __future__ import annotations

import numpy as np

from gradwork.gradients.nudging.moved import Moved, dense, gathered, reshaped, widened
from gradwork.gradients.nudging.site import Inputs, Site, one_by_one
from gradwork.gradients.nudging.subject import Array
from gradwork.graph.run import spread


def multiplied(site: Site, inputs: Inputs) -> Moved | None:
    """Through a @ b."""
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


def einsum(site: Site, inputs: Inputs) -> Moved | None:
    """Through a sum of products: the nudges are one more letter."""
    text = site.params["subscripts"]
    letter = next((c for c in "ZYXWVUTSRQzyxwvuts" if c not in text), None)
    if letter is None:
        return one_by_one(site, inputs)
    terms, _, result = text.partition("->")
    spelled = [t if m is None else t + letter for t, m in zip(terms.split(","), inputs, strict=True)]
    arrays = [site.whole(k) if m is None else dense(m, site.bases[k]) for k, m in enumerate(inputs)]
    return Moved(site.shape, (), (), np.einsum(f"{','.join(spelled)}->{result}{letter}", *arrays))
