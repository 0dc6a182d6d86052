"""Picking, writing and padding."""

from __future__ import annotations

import numpy as np

from numpy_calls.common import M, V, W, after_copyto, after_place, after_put, after_put_along_axis, after_putmask, calls

calls(
    "take",
    lambda x: np.take(x, [2, 0, 0]),
    lambda x: np.take(x, [[0, 1], [2, 2]], axis=0),
    lambda x: np.take(x, 1, axis=1),
    lambda x: np.take(x, [7, -9], mode="wrap", axis=1),
    lambda x: np.take(x, [7, -9], mode="clip", axis=0),
    lambda x: x.take([0, 3], -1),
    lambda x: np.take(x, [25, 3], mode="wrap"),
    at=(M,),
)
calls(
    "take_along_axis",
    lambda x: np.take_along_axis(x, np.argsort(x, axis=1), 1),
    lambda x: np.take_along_axis(x, np.array([[0, 2, 2, 1]]), 0),
    lambda x: np.take_along_axis(x, np.array([5, 0]), None),
    lambda x: np.take_along_axis(x, np.argsort(x, axis=-1)[:, :1], axis=-1),
    at=(M,),
)
calls(
    "put_along_axis",
    lambda x: after_put_along_axis(x, np.array([[0], [2], [1]]), 5.0, 1),
    lambda x: after_put_along_axis(x, np.array([[0, 2, 1, 1]]), x[:1] ** 2, 0),
    lambda x: after_put_along_axis(x, np.array([3, 5]), 2.0, None),
    at=(M,),
)
calls(
    "put",
    lambda x: after_put(x, [0, 2], x[1:3] * 2),
    lambda x: after_put(x, [-1], 2.0),
    lambda x: after_put(x, [1, 9], [2.0, 3.0], mode="clip"),
    lambda x: after_put(x, [0, 1, 2], [1.0, x[0]]),
)
calls("place", lambda x: after_place(x, x > 0, x[:2] * 3), lambda x: after_place(x, [True, False, True, False], [1.0]))
calls(
    "putmask",
    lambda x: after_putmask(x, x > 0, x * 3),
    lambda x: after_putmask(x, [True, False, True, False], [1.0, x[0]]),
)
calls("copyto", lambda x: after_copyto(x, x * 3, where=[True, False, True, True]), lambda x: after_copyto(x, 2.0))
calls(
    "compress",
    lambda x: np.compress([True, False, True], x, axis=0),
    lambda x: np.compress([False, True], x),
    lambda x: x.compress([True, True, False, True], axis=1),
    at=(M,),
)
calls("extract", lambda x: np.extract(x > 0, x), lambda x: np.extract(M > 0.3, x * 2), at=(M,))
calls(
    "choose",
    lambda x: np.choose([0, 1, 0, 1], [x, x**2]),
    lambda x: np.choose([0, 5, -1, 1], [x, 2.0], mode="clip"),
    lambda x: np.choose([0, 5, -1, 1], [x, 2.0], mode="wrap"),
    lambda x: np.choose(np.array([[0], [1]]), (x, W)),
)
calls(
    "select",
    lambda x: np.select([x > 1, x > 0], [x**2, x], -x),
    lambda x: np.select([x > 1, x > 0], [x**2, 3.0]),
    lambda x: np.select([[True, False, True, True]], [x], default=x[0]),
    lambda x: np.select([x > 1, M > 0], [x, M * x]),
)
calls(
    "piecewise",
    lambda x: np.piecewise(x, [x > 0, x <= 0], [lambda v: v**2, lambda v: -v]),
    lambda x: np.piecewise(x, [x > 1], [lambda v: v**2, 3.0]),
    lambda x: np.piecewise(x, [x > 1, x < 0], [2.0, lambda v: v**2, lambda v, k=1: v * k]),
    lambda x: np.piecewise(x, [x > 0], [lambda v, k: v * k], 3.0),
    lambda x: np.piecewise(x, x > 0, [lambda v: v**2, 1]),
    lambda x: np.piecewise(x[0], x[0] > 0, [lambda v: v**2, 1.0]),
)
calls(
    "pad",
    lambda x: np.pad(x, 1),
    lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=3.0),
    lambda x: np.pad(x, (1, 2)),
    lambda x: np.pad(x, 1, constant_values=((1, 2), (3, 4))),
    lambda x: np.pad(x, ((0, 0), (1, 1)), constant_values=(4, 5)),
    lambda x: np.pad(x, 1, "constant", constant_values=x[0, 0]),
    lambda x: np.pad(x, {0: 1, -1: (0, 2)}),
    at=(M,),
)
for _mode in ("edge", "reflect", "symmetric", "wrap", "maximum", "minimum", "mean", "median", "linear_ramp"):
    for _width in (1, ((1, 2), (0, 3)), (2, 1), 5):
        calls(
            "pad",
            lambda x, m=_mode, w=_width: np.pad(x, w, m),
            at=(M,),
        )
calls(
    "pad",
    lambda x: np.pad(x, 2, "reflect", reflect_type="odd"),
    lambda x: np.pad(x, 2, "symmetric", reflect_type="odd"),
    lambda x: np.pad(x, 2, "mean", stat_length=2),
    lambda x: np.pad(x, 2, "maximum", stat_length=((1, 2), (2, 3))),
    lambda x: np.pad(x, 2, "minimum", stat_length=2),
    lambda x: np.pad(x, (1, 3), "linear_ramp", end_values=(5, -2)),
    lambda x: np.pad(x, 2, "median", stat_length=3),
    at=(M,),
)
calls(
    "pad",
    lambda x, c: np.pad(x, 2, "linear_ramp", end_values=c),
    lambda x, c: np.pad(x, 2, constant_values=c),
    at=(V, 1.5),
)
