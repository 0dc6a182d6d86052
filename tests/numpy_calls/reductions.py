"""Sums and other reductions."""

from __future__ import annotations

import numpy as np

from numpy_calls.common import E, G, M, P, T, calls

AXES = (None, 0, 1, -1, (0, 1), (0, -1), (0, 1, 2))
for _name in (
    "sum mean prod max min amax amin var std ptp median nansum nanmean nanprod nanmax nanmin nanvar nanstd nanmedian"
).split():
    _f = getattr(np, _name)
    for _axis in AXES:
        for _keep in (False, True):
            calls(_name, lambda x, f=_f, axis=_axis, keep=_keep: f(x, axis=axis, keepdims=keep), at=(T,))
for _name in "sum mean prod max min".split():
    _f = getattr(np, _name)
    calls(_name, lambda x, f=_f: f(x, axis=()), lambda x, f=_f: f(x, 0), lambda x, f=_f: f(x, out=None), at=(M,))
    calls(
        _name,
        lambda x, f=_f: f(x, axis=(-2, 1)),
        lambda x, f=_f: f(x, where=M > -0.5, **({} if f is np.mean else {"initial": 0.1})),
        at=(M,),
    )
    calls(_name, lambda x, f=_f: f([x[0], x[1] ** 2]), lambda x, f=_f: f((x, x * 2))) if f"{_name}" != "mean" else None
for _name in "sum prod max min".split():
    _f = getattr(np, _name)
    calls(_name, lambda x, f=_f: f(x, initial=0.3), lambda x, f=_f: f(x, 0, initial=0.3, keepdims=True), at=(M,))
    calls(_name, lambda x, i, f=_f: f(x, initial=i), at=(M, 0.3))
    calls(_name, lambda x, f=_f: f(x, axis=0, initial=2.0), at=(E,))
for _name in "sum mean prod".split():
    _f = getattr(np, _name)
    calls(
        _name,
        lambda x, f=_f: f(x, dtype=np.float64, axis=0),
        lambda x, f=_f: f(x, dtype="d"),
        at=(M,),
    )
    calls(_name, lambda x, f=_f: f(x, axis=1), at=(np.zeros((0, 3)),))
calls(
    "sum",
    lambda x: np.sum(x, where=np.array([True, False, True, True])),
    lambda x: np.sum(x, where=[[True], [False], [True]]),
    lambda x: np.sum(x),
    at=(M,),
)
calls("sum", lambda x: np.sum(x, where=False), lambda x: np.sum(x, where=True), at=(M,))
calls("mean", lambda x: np.mean(x, axis=0, where=M > -0.9, keepdims=True), at=(M,))
calls("sum", lambda x: np.sum(x), at=(2.0,))
for _name in ("var", "std"):
    _f = getattr(np, _name)
    calls(
        _name,
        lambda x, f=_f: f(x, ddof=1),
        lambda x, f=_f: f(x, 0, ddof=2),
        lambda x, f=_f: f(x, correction=1, axis=1),
        at=(M,),
    )
    calls(_name, lambda x, f=_f: f(x, where=M > -0.9), lambda x, f=_f: f(x, axis=1, where=M > -0.9, ddof=1), at=(M,))
    calls(
        _name,
        lambda x, f=_f: f(x, mean=np.mean(x, axis=0, keepdims=True), axis=0),
        lambda x, f=_f: f(x, dtype=np.float64),
        at=(M,),
    )
    calls(_name, lambda x, f=_f: f(x + 1j * x**2), at=(M,))
calls(
    "average",
    lambda x: np.average(x),
    lambda x: np.average(x, axis=1),
    lambda x: np.average(x, weights=P, axis=1),
    at=(M,),
)
calls(
    "average",
    lambda x, w: np.average(x, weights=w),
    lambda x, w: np.average(x, weights=w, keepdims=True),
    at=(M, M + 2),
)
calls(
    "average",
    lambda x, w: np.average(x, axis=1, weights=w),
    lambda x, w: np.stack(np.average(x, 1, w, returned=True)),
    at=(M, P),
)
calls("average", lambda x: np.stack(np.average(x, 1, returned=True)), at=(M,))
calls("average", lambda x: np.average(x, axis=(0, 2), weights=M[:2]), at=(T,))
for _name in "nansum nanmean nanprod nanmax nanmin nanvar nanstd nanmedian nancumsum nancumprod".split():
    _f = getattr(np, _name)
    calls(_name, lambda x, f=_f: f(x + G), lambda x, f=_f: f(x + G, axis=1), lambda x, f=_f: f(x + G, axis=-1))
for _name in "nansum nanmean nanprod nanmax nanmin nanvar nanstd".split():
    _f = getattr(np, _name)
    calls(_name, lambda x, f=_f: f(x + G, where=G > -0.5, **({"initial": 0.2} if f in (np.nanmax, np.nanmin) else {})))
for _name in "nansum nanprod nanmax nanmin".split():
    _f = getattr(np, _name)
    calls(_name, lambda x, f=_f: f(x + G, initial=0.3, axis=1))
for _name in ("nanvar", "nanstd"):
    _f = getattr(np, _name)
    calls(
        _name,
        lambda x, f=_f: f(x + G, ddof=1),
        lambda x, f=_f: f(x + G, axis=1, ddof=1, keepdims=True),
    )
