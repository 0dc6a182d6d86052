"""The methods of ufuncs."""

from __future__ import annotations

import numpy as np

from numpy_calls.common import M, P, W, after_at, after_at_alone, calls

for _name in "add multiply maximum minimum logaddexp logaddexp2 subtract divide hypot fmax fmin".split():
    _f = getattr(np, _name)
    calls(f"{_name}.reduce", lambda x, f=_f: f.reduce(x), lambda x, f=_f: f.reduce(x, axis=1), at=(M + 2,))
    if _name not in ("subtract", "divide"):
        calls(
            f"{_name}.reduce",
            lambda x, f=_f: f.reduce(x, axis=None),
            lambda x, f=_f: f.reduce(x, axis=(0, 1), keepdims=True),
            at=(M + 2,),
        )
    calls(f"{_name}.accumulate", lambda x, f=_f: f.accumulate(x), lambda x, f=_f: f.accumulate(x, axis=-1), at=(M + 2,))
    calls(
        f"{_name}.outer", lambda x, f=_f: f.outer(x, W), lambda x, f=_f: f.outer(M, x), lambda x, f=_f: f.outer(2.0, x)
    )
    calls(f"{_name}.reduceat", lambda x, f=_f: f.reduceat(x, [0, 2]), lambda x, f=_f: f.reduceat(x, [0, 2, 1]), at=(P,))
    calls(
        f"{_name}.at",
        lambda x, f=_f: after_at(f, x, [0, 2], 1.3),
        lambda x, f=_f: after_at(f, x, [0, 0, 1], x[:3] + 3),
        at=(P,),
    )
calls("power.outer", lambda x: np.power.outer(x, [1, 2, 3]), lambda x: np.power.outer(2.0, x), at=(P,))
calls(
    "add.reduce",
    lambda x: np.add.reduce(x, initial=2.0),
    lambda x: np.add.reduce(x, where=x > 0),
    lambda x: np.add.reduce([x[0], x[1]]),
    lambda x: np.add.reduceat(M * x, [0, 2], axis=1),
    lambda x: np.maximum.reduce([x, W, P]),
    lambda x: np.multiply.reduce([x, W]),
    lambda x: np.maximum.reduce(x, initial=1.0),
)
calls("negative.at", lambda x: after_at_alone(np.negative, x, [0, 2]), lambda x: after_at_alone(np.exp, x, [1]))
