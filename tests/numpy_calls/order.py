"""Order, sets, counting, and functions of one's own."""

from __future__ import annotations

import numpy as np

from numpy_calls.common import M, P, T, V, W, calls

calls(
    "unique",
    lambda x: np.unique(x),
    lambda x: np.unique([x[0], x[1], x[0]]),
    lambda x: np.unique(x, return_index=True)[0],
    lambda x: np.unique(x, return_counts=True, return_inverse=True)[0],
    lambda x: np.unique_values(x),
    lambda x: np.unique_all(x).values,
    lambda x: np.unique_counts(x)[0],
    lambda x: np.unique_inverse(x)[0],
)
calls(
    "unique",
    lambda x: np.unique(x, axis=0),
    lambda x: np.unique(np.concatenate([x, x]), axis=0),
    lambda x: np.unique(x),
    at=(M,),
)
calls(
    "union1d",
    lambda x: np.union1d(x, W),
    lambda x: np.intersect1d(x, x * 1.0),
    lambda x: np.setdiff1d(x, [0.5]),
    lambda x: np.setxor1d(x, W),
)
calls(
    "sort",
    lambda x: np.sort(x),
    lambda x: np.sort(x, axis=0),
    lambda x: np.sort(x, axis=None),
    lambda x: np.sort(x, axis=1, kind="stable"),
    at=(M,),
)
calls("sort", lambda x: np.sort(x), lambda x: np.sort([x[0], 1.0, x[1]]), at=(V,))
calls("sort_complex", lambda x: np.sort_complex(x).real, lambda x: np.abs(np.sort_complex(x + 1j * W)))
calls(
    "argsort",
    lambda x: x[np.argsort(x)],
    lambda x: x[x.argsort()[::-1]],
    lambda x: x[np.argsort(-x, kind="stable")],
    lambda x: x[np.lexsort((x, W > 0))],
    lambda x: x[np.argpartition(x, 1)[:1]],
)
calls(
    "partition",
    lambda x: np.sort(np.partition(x, 2)[:2]),
    lambda x: np.partition(x, 2)[2],
    lambda x: np.partition(x, [1, 2])[1:3],
)
calls("partition", lambda x: np.partition(x, 1, axis=0)[1], lambda x: np.partition(x, 1, axis=None)[1], at=(M,))
calls(
    "argmax",
    lambda x: x[np.argmax(x)],
    lambda x: x[np.nanargmax(x * 1)],
    lambda x: x[np.nanargmin(x)],
    lambda x: x[x.argmin()],
)
calls("argmax", lambda x: np.take_along_axis(x, np.argmax(x, 1, keepdims=True), 1), at=(M,))
calls(
    "searchsorted",
    lambda x: np.searchsorted([0.0, 1.0], x) * x,
    lambda x: np.searchsorted(np.sort(x), [0.1]) * x,
    lambda x: np.digitize(x, [0.0, 1.0]) * x,
    lambda x: x * np.searchsorted([1.0, 0.0], x, side="right", sorter=[1, 0]),
)
calls(
    "histogram",
    lambda x: np.histogram(P, bins=3, weights=x)[0],
    lambda x: np.histogram(P, bins=[0.0, 1.0, 3.0], weights=x)[0],
    lambda x: np.histogram(x, bins=3)[0] * x[:3],
    lambda x: np.histogram(x, bins=3)[1],
    lambda x: np.histogram(P, 3, weights=x, density=True)[0],
    lambda x: np.histogram(x, bins=[-2.0, 0.0, 3.0], weights=x**2)[0],
    lambda x: np.histogram(x, [-2.0, 0.0, 3.0], density=True)[0],
)
calls("bincount", lambda x: np.bincount([0, 1, 1, 3], weights=x), lambda x: np.bincount([0, 1, 1, 3], x, minlength=6))
calls("histogram2d", lambda x: np.histogram2d(P, W, bins=2, weights=x)[0])
calls(
    "apply_along_axis",
    lambda x: np.apply_along_axis(lambda r: r**2, 1, x),
    lambda x: np.apply_along_axis(lambda r: r.sum(), 0, x),
    lambda x: np.apply_along_axis(lambda r: np.outer(r, r), 1, x),
    lambda x: np.apply_along_axis(np.sort, -1, x),
    lambda x: np.apply_along_axis(lambda r, k, p=1: r * k**p, 0, x, 3.0, p=2),
    at=(M,),
)
calls(
    "apply_over_axes",
    lambda x: np.apply_over_axes(np.sum, x, [0, 2]),
    lambda x: np.apply_over_axes(np.mean, x, 1),
    at=(T,),
)
calls(
    "vectorize",
    lambda x: np.vectorize(lambda v: v * v)(x),
    lambda x: np.vectorize(lambda v, w: v * w + 1)(x, W),
    lambda x: np.vectorize(np.sum, signature="(n)->()")(np.outer(x, x)),
)
calls("apply_along_axis", lambda x: np.apply_along_axis(np.sum, 0, x))
