"""Entry by entry."""

from __future__ import annotations

import numpy as np

from numpy_calls.common import E, M, P, T, V, W, calls

for _name in (
    "sin cos tan arctan sinh cosh tanh arcsinh exp exp2 expm1 square negative positive absolute fabs cbrt sinc i0 "
    "deg2rad rad2deg degrees radians floor ceil trunc rint fix sign conj conjugate real nan_to_num abs"
).split():
    _f = getattr(np, _name)
    calls(_name, lambda x, f=_f: f(x))
    calls(_name, lambda x, f=_f: f(x), at=(M + 0.1,))
    calls(_name, lambda x, f=_f: f(x), at=(0.37,))
    calls(_name, lambda x, f=_f: f(x), at=(E,))
for _name in "sqrt log log2 log10 log1p reciprocal arccosh".split():
    _f = getattr(np, _name)
    calls(_name, lambda x, f=_f: f(x), at=(P + 1,))
    calls(_name, lambda x, f=_f: f(x), at=(1.37,))
for _name in "arcsin arccos arctanh".split():
    _f = getattr(np, _name)
    calls(_name, lambda x, f=_f: f(x), at=(V / 3,))
for _name in (
    "add subtract multiply divide true_divide maximum minimum fmax fmin hypot arctan2 logaddexp logaddexp2 copysign "
    "fmod remainder mod floor_divide heaviside"
).split():
    _f = getattr(np, _name)
    for _a, _b in ((V, W), (M, W), (1.3, W), (V, 0.6), (M[:, :1] + 0.13, W), (T, M + 1.7), (E, V[:3]), (1.3, 0.6)):
        calls(_name, lambda a, b, f=_f: f(a, b), at=(_a, _b))
for _name in ("power", "float_power", "pow"):
    _f = getattr(np, _name)
    for _a, _b in ((P, W), (1.3, W), (P, 0.6), (1.3, 0.6), (P[:, None], W)):
        calls(_name, lambda a, b, f=_f: f(a, b), at=(_a, _b))
calls(
    "power", lambda x: np.power(x, 2), lambda x: np.power(x, 3.0), lambda x: x ** np.array([1, 2, 3, 0]), lambda x: x**0
)
calls("power", lambda x: x**-1, lambda x: x ** np.array([1, 2]), at=(P[:2],))
calls("add", lambda x: np.add(x, 1, dtype=np.float64), lambda x: np.add(x, [1, 2, 3, 4]), lambda x: x + np.float32(2))
calls(
    "exp",
    lambda x: np.exp(x, out=np.zeros_like(x)),
    lambda x: np.exp(x, where=[True, False, True, True], out=x * 0 + 1),
)
calls("divmod", lambda a, b: np.stack(np.divmod(a, b)), at=(P * 3 + 0.1, W + 3))
calls("modf", lambda a: np.stack(np.modf(a)))
calls("frexp", lambda a: np.frexp(a)[0], at=(P * 3,))
calls("ldexp", lambda a: np.ldexp(a, 3), lambda a: np.ldexp(a, [1, 2, 3, 4]))
calls("nextafter", lambda a: np.nextafter(a, 5.0) ** 2)
calls("spacing", lambda a: np.spacing(a) + a)
calls(
    "clip",
    lambda x: np.clip(x, -0.5, 1),
    lambda x: x.clip(0),
    lambda x: np.clip(x, None, 1),
    lambda x: np.clip(x, min=0),
)
calls("clip", lambda x: x.clip(max=1.0), lambda x: np.clip(x, -1, W))
calls("clip", lambda x, lo, hi: np.clip(x, lo, hi), at=(V, -0.5, 1.1))
calls("clip", lambda x, lo, hi: np.clip(x, lo, hi), at=(M, W - 2, W))
calls("round", lambda x: np.round(x, 1) * x, lambda x: np.around(x) * x, lambda x: x.round(2) * x)
calls(
    "real_if_close",
    lambda x: np.real_if_close(x),
    lambda x: np.real_if_close(x + 0j),
    lambda x: np.real_if_close(x * 1j).imag,
)
calls("unwrap", lambda x: np.unwrap(x), at=(np.array([0.1, 6.0, 12.5, 3.0]),))
calls("unwrap", lambda x: np.unwrap(x, axis=0), lambda x: np.unwrap(x, period=1.7), at=(M * 5,))
calls("unwrap", lambda x: np.unwrap(x, 2.0), at=(M * 5,))
calls("nan_to_num", lambda x: np.nan_to_num(x, nan=3.0, posinf=1.0), at=(M,))
calls("angle", lambda x: np.angle(x + 1j * W), lambda x: np.angle(x + 1j * W, deg=True), lambda x: np.angle(1j * x + 2))
calls("imag", lambda x: np.imag(np.exp(1j * x)), lambda x: (x * 1j).imag)
calls("where", lambda x: np.where(x > 0, x**2, -x), lambda x: np.where([True, False, True, True], x, 1.0))
calls("where", lambda x, y: np.where(M > 0, x, y), at=(V, 2.0))
calls("where", lambda x, y: np.where(M[:, :1] > 0, x, y), at=(V, M))
calls("sinc", lambda x: np.sinc(x), at=(np.array([0.0, 1.0, 0.5, 1e-3]),))
