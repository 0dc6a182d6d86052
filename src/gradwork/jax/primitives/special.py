"""Special functions: those of SciPy, which JAX brings with it."""

from __future__ import annotations

import importlib
from typing import Any

from gradwork.jax.primitives import all_entrywise, declared

special: Any = importlib.import_module("scipy.special")

all_entrywise(
    {
        "erf": special.erf,
        "erfc": special.erfc,
        "erf_inv": special.erfinv,
        "lgamma": special.gammaln,
        "digamma": special.digamma,
    }
)


@declared("polygamma", thin=True)
def _polygamma(m: Any, x: Any) -> Any:
    return special.polygamma(m, x)
