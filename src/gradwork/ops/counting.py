"""Counting into bins: weights carry slopes, the numbers that are counted have none between the edges."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.ops._arrays import array_of, plain
from gradwork.ops._declare import Traced, composite, node, unsupported
from gradwork.ops.indexing import SCATTER

ROW = np.array([0.5, -1.0, 2.0, 1.5])


def _added_up(weights: Any, places: Any, count: int) -> Any:
    """`weights` added up at whole places from 0 to `count` - 1."""
    if not isinstance(weights, Traced):
        return np.bincount(places, weights, count)
    builder = weights.builder
    index = builder.constant(np.array(places, np.intp))
    parts = (np.ravel(weights), Traced(builder, index))
    return node(builder, SCATTER, parts, index=(("array", 0),), shape=(count,))


def _bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    places = np.asarray(plain(x))
    if weights is None:
        return np.bincount(places, minlength=minlength)
    count = max(int(minlength), int(places.max()) + 1 if places.size else 0)
    weights = array_of(weights)
    return _added_up(weights if weights.dtype == np.float64 else weights.astype(np.float64), places, count)


def _histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    a = np.ravel(array_of(a))
    edges = _edges(a, bins, range, weights)
    inside = plain(np.logical_and(a >= edges[0], a <= edges[-1]))
    # The last bin holds its right edge too.
    places = plain(np.clip(np.searchsorted(edges, a[inside], side="right") - 1, 0, edges.shape[0] - 2))
    if weights is None:
        counts: Any = np.bincount(places, minlength=edges.shape[0] - 1)
    else:
        counts = _added_up(np.ravel(array_of(weights))[inside], places, edges.shape[0] - 1)
    if density:
        counts = counts / (edges[1:] - edges[:-1]) / np.sum(counts)
    return counts, edges


def _edges(a: Any, bins: Any, span: Any, weights: Any) -> Any:
    if isinstance(bins, str):
        raise unsupported("histogram", f"bins={bins!r}")
    if np.ndim(bins):
        return array_of(bins)
    low, high = (np.min(a), np.max(a)) if span is None and a.size else (span or (0.0, 1.0))
    if bool(low == high):
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, int(bins) + 1)


def _histogram_dd(samples: list[Any], bins: Any, span: Any, density: Any, weights: Any) -> tuple[Any, list[Any]]:
    places: list[Any] = []
    bins = [bins] * len(samples) if np.ndim(bins) == 0 else list(bins)
    edges, inside = [], True
    for k, sample in enumerate(samples):
        edges.append(_edges(sample, bins[k], None if span is None else span[k], weights))
        inside = np.logical_and(inside, plain(np.logical_and(sample >= edges[k][0], sample <= edges[k][-1])))
    shape = tuple(e.shape[0] - 1 for e in edges)
    for sample, edge in zip(samples, edges, strict=True):
        found = np.searchsorted(edge, sample[inside], side="right") - 1
        places.append(plain(np.clip(found, 0, edge.shape[0] - 2)))
    flat = np.ravel_multi_index(places, shape)
    size = int(np.prod(shape))
    counts: Any
    if weights is None:
        counts = np.bincount(flat, minlength=size).astype(np.float64)
    else:
        counts = _added_up(np.ravel(array_of(weights))[inside], flat, size)
    counts = np.reshape(counts, shape)
    if density:
        for k, edge in enumerate(edges):
            widths = np.reshape(edge[1:] - edge[:-1], tuple(-1 if i == k else 1 for i in range(len(edges))))
            counts = counts / widths
        counts = counts / np.sum(counts) if weights is None else counts / _total(samples, weights, inside)
    return counts, edges


def _total(samples: list[Any], weights: Any, inside: Any) -> Any:
    return np.sum(np.ravel(array_of(weights))[inside])


def _declare(function: Any, lower: Any, *samples: Any) -> None:
    composite(
        function,
        rule="sum rule",
        lower=lower,
        samples=samples,
        words=(),
        exact=False,
        why="A bin holds the sum of the weights that fall into it; a number that moves within its bin changes nothing.",
        source="by definition",
    )


_declare(np.bincount, _bincount, ([0, 1, 1, 3], ROW))
_declare(np.histogram, _histogram, ([0, 1, 1, 3], 2, {"weights": ROW}))
_declare(
    np.histogram_bin_edges,
    lambda a, bins=10, range=None, weights=None: _edges(np.ravel(array_of(a)), bins, range, weights),
    (ROW, 3),
)
_declare(
    np.histogram2d,
    lambda x, y, bins=10, range=None, density=None, weights=None: (lambda found: (found[0], found[1][0], found[1][1]))(
        _histogram_dd([array_of(x), array_of(y)], bins, range, density, weights)
    ),
    ([0, 1, 1, 3], [2, 0, 1, 0], 2, {"weights": ROW}),
)
_declare(
    np.histogramdd,
    lambda sample, bins=10, range=None, density=None, weights=None: _histogram_dd(
        # An array has a row a point, a list has an entry a coordinate.
        list(map(array_of, sample)) if isinstance(sample, (list, tuple)) else list(array_of(sample).T),
        bins,
        range,
        density,
        weights,
    ),
    ([[0, 1, 3, 2], [1, 1, 0, 2]], 2, {"weights": ROW}),
)
