"""Functions entry by entry: exponentials, logarithms, angles, and the special ones that SciPy has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.ops._special import FUNCTIONS
from gradwork.torch._aten import aten, entrywise

entrywise(
    exp=np.exp, exp2=np.exp2, expm1=np.expm1, log=np.log, log1p=np.log1p, log2=np.log2, log10=np.log10, sin=np.sin,
    cos=np.cos, tan=np.tan, asin=np.arcsin, acos=np.arccos, atan=np.arctan, sinh=np.sinh, cosh=np.cosh, tanh=np.tanh,
    asinh=np.arcsinh, acosh=np.arccosh, atanh=np.arctanh, sinc=np.sinc, deg2rad=np.deg2rad, rad2deg=np.rad2deg,
)  # fmt: skip

OF_SCIPY = {
    "erf": "erf", "erfc": "erfc", "erfinv": "erfinv", "lgamma": "gammaln", "digamma": "digamma",
    "special_erfcx": "erfcx", "special_ndtri": "ndtri", "special_log_ndtr": "log_ndtr", "special_entr": "entr",
    "i0": "i0", "special_i0e": "i0e", "special_i1": "i1", "special_i1e": "i1e",
}  # fmt: skip
entrywise(**{name: FUNCTIONS[its] for name, its in OF_SCIPY.items() if its in FUNCTIONS})


@aten("xlogy")
def _times_log(x: Any, y: Any) -> Any:
    still = np.equal(x, 0)
    return np.where(still, 0.0, x * np.log(np.where(still, 1.0, y)))


@aten("special_xlog1py")
def _times_log1p(x: Any, y: Any) -> Any:
    still = np.equal(x, 0)
    return np.where(still, 0.0, x * np.log1p(np.where(still, 1.0, y)))


@aten("logit")
def _logit(x: Any, eps: Any = None) -> Any:
    x = x if eps is None else np.clip(x, eps, 1 - eps)
    return np.log(x / (1 - x))


@aten("mvlgamma")
def _log_gammas(x: Any, p: int) -> Any:
    gammaln = FUNCTIONS["gammaln"]
    start = p * (p - 1) / 4 * math.log(math.pi)
    return start + sum(gammaln(x - k / 2) for k in range(p))
