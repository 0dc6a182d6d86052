"""Ranges of numbers, arrays made of numbers."""

from __future__ import annotations

import numpy as np

from numpy_calls.common import M, P, V, calls

calls(
    "linspace",
    lambda a, b: np.linspace(a, b, 5),
    lambda a, b: np.linspace(a, b, 4, endpoint=False),
    lambda a, b: np.linspace(a, b, 3, retstep=True)[1],
    lambda a, b: np.linspace(a, b, 1),
    lambda a, b: np.linspace(a, b),
    lambda a, b: np.linspace(a, b, num=0),
    at=(0.3, 2.7),
)
calls(
    "linspace",
    lambda a, b: np.linspace(a, b, 5),
    lambda a, b: np.linspace(a, b, 5, axis=1),
    lambda a, b: np.linspace(a, b, 5, axis=-1),
    at=(V, 2.7),
)
calls(
    "geomspace", lambda a, b: np.geomspace(a, b, 5), lambda a, b: np.geomspace(a, b, 4, endpoint=False), at=(0.3, 2.7)
)
calls("geomspace", lambda a, b: np.geomspace(a, b, 5, axis=1), at=(P, P + 1))
calls("geomspace", lambda a, b: np.geomspace(a, b, 4), at=(-0.3, -2.7))
calls(
    "logspace",
    lambda a, b: np.logspace(a, b, 5),
    lambda a, b: np.logspace(a, b, 4, endpoint=False, base=3.0),
    at=(0.3, 1.7),
)
calls("logspace", lambda a, b, c: np.logspace(a, b, 4, base=c), at=(0.3, 1.7, 3.0))
calls("full", lambda x: np.full(3, x[0]), lambda x: np.full((2, 4), x), lambda x: np.full((2, 2), x[0] * x[1]))
calls(
    "full_like",
    lambda x: np.full_like(x, x[0] ** 2),
    lambda x: np.full_like(x, x[::-1]),
    lambda x: np.full_like(x, 2.0) * x,
)
calls("ones_like", lambda x: np.ones_like(x) * x, lambda x: np.ones_like(x, shape=(2, 4)) * x)
calls("zeros_like", lambda x: np.zeros_like(x) + x)
calls("empty_like", lambda x: np.multiply(x, x, out=np.empty_like(x)))
calls(
    "array",
    lambda x: np.array([x[0], x[1] ** 2, 3.0]),
    lambda x: np.array([[x[0], 1.0], [2.0, x[1]]]) * 2,
    lambda x: np.array(x) ** 2,
)
calls("asarray", lambda x: np.asarray(x) * x, lambda x: np.asanyarray(x) * 2)
calls("fromfunction", lambda x: np.fromfunction(lambda i, j: x[0] * i + x[1] * j, (2, 3)))
calls(
    "meshgrid",
    lambda x: np.stack(np.meshgrid(x, P[:2])),
    lambda x: np.meshgrid(x, P[:2], indexing="ij", sparse=True)[0],
    lambda x: np.stack(np.meshgrid(x, x * 2, x**2)),
    lambda x: np.meshgrid(x)[0],
)
calls(
    "ix_",
    lambda x: M[np.ix_([0, 2], [1, 3])] * x[:2],
    lambda x: np.outer(x, x)[np.ix_(x > 0, [1, 3])],
    lambda x: np.ix_(x, x)[0] * np.ix_(x, x)[1],
)
calls(
    "vander",
    lambda x: np.vander(x),
    lambda x: np.vander(x, 3),
    lambda x: np.vander(x, 3, increasing=True),
    lambda x: np.vander(x, 1),
    lambda x: np.vander(x, 0),
)
calls("tri", lambda x: np.tri(4) * x)
