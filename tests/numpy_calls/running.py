"""Running sums, differences, interpolation, convolution."""

from __future__ import annotations

import numpy as np

from numpy_calls.common import M, P, V, W, calls

for _name in ("cumsum", "cumprod", "nancumsum", "nancumprod"):
    _f = getattr(np, _name)
    calls(
        _name,
        lambda x, f=_f: f(x),
        lambda x, f=_f: f(x, axis=0),
        lambda x, f=_f: f(x, -1),
        lambda x, f=_f: f(x, 1, dtype=np.float64),
        at=(M,),
    )
    calls(_name, lambda x, f=_f: f(x), at=(1.5,))
for _name in ("cumulative_sum", "cumulative_prod"):
    _f = getattr(np, _name)
    calls(
        _name,
        lambda x, f=_f: f(x, axis=0),
        lambda x, f=_f: f(x, axis=1, include_initial=True),
        lambda x, f=_f: f(x, axis=-1, dtype=np.float64),
        at=(M,),
    )
    calls(_name, lambda x, f=_f: f(x), lambda x, f=_f: f(x, include_initial=True))
calls(
    "diff",
    lambda x: np.diff(x),
    lambda x: np.diff(x, n=2),
    lambda x: np.diff(x, n=0),
    lambda x: np.diff(x, axis=0),
    lambda x: np.diff(x, n=3, axis=-1),
    at=(M,),
)
calls(
    "diff",
    lambda x: np.diff(x, prepend=0),
    lambda x: np.diff(x, append=1.5),
    lambda x: np.diff(x, axis=0, prepend=0, append=M[:2]),
    at=(M,),
)
calls("diff", lambda x, a, b: np.diff(x, prepend=a, append=b), at=(V, 0.4, W))
calls("ediff1d", lambda x: np.ediff1d(x), lambda x: np.ediff1d(x, to_end=[1.0, 2.0], to_begin=0.5), at=(M,))
calls("ediff1d", lambda x, a, b: np.ediff1d(x, a, b), at=(M, 0.5, V))
calls(
    "gradient",
    lambda x: np.gradient(x),
    lambda x: np.gradient(x, 0.5),
    lambda x: np.gradient(x, np.array([0.0, 0.3, 1.0, 1.2])),
    lambda x: np.gradient(x, edge_order=2),
)
calls("gradient", lambda x: np.gradient(x, np.array([0.0, 0.3, 1.0, 1.2]), edge_order=2))
calls(
    "gradient",
    lambda x: np.stack(np.gradient(x)),
    lambda x: np.stack(np.gradient(x, 0.5, 2.0)),
    lambda x: np.gradient(x, axis=0),
    lambda x: np.gradient(x, 2.0, axis=1),
    lambda x: np.stack(np.gradient(x, [0.0, 0.4, 1.0], 3.0, edge_order=2)),
    lambda x: np.stack(np.gradient(x, axis=(1, 0))),
    at=(M,),
)
calls(
    "gradient",
    lambda f, x: np.gradient(f, x),
    lambda f, x: np.gradient(f, x, edge_order=2),
    at=(V, np.array([0.0, 0.3, 1.0, 1.2])),
)
calls("gradient", lambda f, h: np.gradient(f, h), at=(V, 0.3))
calls(
    "trapezoid",
    lambda x: np.trapezoid(x),
    lambda x: np.trapezoid(x, dx=0.3, axis=0),
    lambda x: np.trapezoid(x, [0.0, 0.5, 0.8, 2.0]),
    lambda x: np.trapezoid(x, axis=0, x=[0.0, 0.5, 0.8]),
    at=(M,),
)
calls(
    "trapezoid",
    lambda y, x: np.trapezoid(y, x),
    lambda y, x: np.trapezoid(y, x, axis=0),
    at=(M, M**2 + np.arange(12).reshape(3, 4)),
)
calls("trapezoid", lambda y, x: np.trapezoid(y, x), at=(M, P))
calls(
    "interp",
    lambda x: np.interp(x, [-2.0, 0.0, 1.0, 3.0], [1.0, 5.0, -1.0, 2.0]),
    lambda x: np.interp(x, [0.0, 1.0], [2.0, 3.0]),
    lambda x: np.interp(x, [0.0, 1.0], [2.0, 3.0], left=-1.0, right=9.0),
)
calls("interp", lambda x, xp, fp: np.interp(x, xp, fp), at=(M, np.array([-2.0, 0.03, 0.6, 3.0]), W))
calls("interp", lambda x, xp, fp: np.interp(x, xp, fp), at=(0.3, np.array([-2.0, 0.03, 0.6, 3.0]), W))
calls("interp", lambda x, fp: np.interp(x, [-0.5, 0.03, 0.6, 0.8], fp), at=(V, W))
calls("interp", lambda x, left, right: np.interp(x, [-0.5, 0.03, 0.6, 0.8], W, left, right), at=(V, 2.0, 3.0))
calls("interp", lambda x, fp: np.interp(x, [0.1, 1.3, 2.2], fp, period=3.0), at=(V, W[:3]))
calls("interp", lambda x: np.interp(x, [1.0], [2.0]), lambda x: np.interp(x + 0.1, P, W + 2j * P))
for _mode in ("full", "same", "valid"):
    for _a, _b in ((V, P), (V, P[:2]), (P[:2], V), (V, P[:3]), (V, P[:1])):
        calls("convolve", lambda a, b, m=_mode: np.convolve(a, b, m), at=(_a, _b))
        calls("correlate", lambda a, b, m=_mode: np.correlate(a, b, m), at=(_a, _b))
calls(
    "convolve",
    lambda x: np.convolve(x, [1, 2, 3]),
    lambda x: np.convolve([1.0, 2.0], x),
    lambda x: np.convolve(x[0], x),
)
calls(
    "correlate",
    lambda x: np.correlate(x, [1, 2, 3]),
    lambda x: np.correlate(x, x),
    lambda x: np.abs(np.correlate(x * 1j, x + 1j * W, "full")),
)
