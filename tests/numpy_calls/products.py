"""Products and polynomials."""

from __future__ import annotations

import numpy as np

from numpy_calls.common import M, P, T, V, W, calls

calls(
    "dot",
    lambda x: np.dot(x, W),
    lambda x: np.dot(M, x),
    lambda x: np.dot(2.0, x),
    lambda x: np.dot(T, x),
    lambda x: np.dot([1, 2, 3, 4], x),
    lambda x: np.vdot(x, W),
    lambda x: np.inner(M, x),
    lambda x: np.outer(x, [1, 2]),
    lambda x: x @ M.T,
)
calls(
    "vecdot",
    lambda x: np.vecdot(x, W),
    lambda x: np.vecdot(M, x),
    lambda x: np.vecdot(T, x, axis=-1),
    lambda x: np.vecdot(M.T, x[:, None], axis=0),
    lambda x: np.vecdot(x * 1j, W * (1 + 1j)).real,
)
calls(
    "matvec",
    lambda x: np.matvec(M, x),
    lambda x: np.matvec(T, x),
    lambda x: np.vecmat(x, M.T),
    lambda x: np.vecmat(x, np.swapaxes(T, 1, 2)),
)
calls("polyval", lambda p, x: np.polyval(p, x), at=(V, 1.5))
calls("polyval", lambda p, x: np.polyval(p, x), at=(V, M))
calls("polyval", lambda x: np.polyval([1, 2, 3], x), lambda x: np.polyval([x[0], 2.0], x))
calls(
    "polyadd",
    lambda x: np.polyadd(x, [1, 2]),
    lambda x: np.polyadd([1, 2, 3, 4, 5], x),
    lambda x: np.polysub(x, [1, 2]),
    lambda x: np.polysub([1, 2, 3, 4, 5], x),
    lambda x: np.polymul(x, W),
    lambda x: np.polymul(x, [1, 2]),
    lambda x: np.polyder(x),
    lambda x: np.polyder(x, 2),
    lambda x: np.polyint(x),
    lambda x: np.polyint(x, 2, k=[1.0, 2.0]),
    lambda x: np.polyint(x, 2, k=3.0),
    lambda x: np.polyint(x, k=x[0]),
)
calls(
    "polydiv",
    lambda x: np.polydiv(x, [1.0, 2.0])[0],
    lambda x: np.polydiv([1.0, 2.0, 3.0], x[:2])[0],
    lambda x: np.polydiv(x, [1.0, 2.0, 0.5])[1],
)
calls("poly", lambda x: np.poly(x), lambda x: np.poly(x[:1]))
calls("poly", lambda x: np.poly(x), at=(M[:3, :3],))
calls(
    "polyfit",
    lambda x: np.polyfit(P, x, 2),
    lambda x: np.polyfit(x, W, 1),
    lambda x: np.polyfit(P, x, 1, w=W),
    lambda x: np.polyfit(P, np.stack([x, x**2], 1), 1),
    lambda x: np.polyfit(P, W, 1, w=x + 3),
)
calls(
    "roots",
    lambda x: np.sort(np.roots(x).real),
    lambda x: np.sort(np.abs(np.roots(x))),
    lambda x: np.roots(x[:2]),
    lambda x: np.sort(np.roots(np.concatenate([[0.0], x, [0.0]])).real),
)
