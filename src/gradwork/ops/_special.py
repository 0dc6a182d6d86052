"""What the files on scipy.special share: SciPy's functions, called when they are needed, and how an op is told of one.

SciPy's functions that act entry by entry are known by their names (see `Register.lowering`), so nothing of SciPy is
imported until one of them is met. Here each has a function of ours beside it that calls SciPy's, so that a rule can be
written with it and a graph can be carried out again.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from typing import Any

from gradwork.notation.layout import call
from gradwork.ops._declare import public

ANY = (-1.3, 0.3, 1.5)
POSITIVE = (0.3, 1.2, 3.5)
INSIDE = (0.1, 0.45, 0.8)
# Without SciPy none of its functions can be met.
HERE = importlib.util.find_spec("scipy") is not None


@functools.cache
def of_scipy(name: str) -> Any:
    """SciPy's function of that name."""
    return getattr(importlib.import_module("scipy.special"), name)


def _function(name: str) -> Any:
    def function(*args: Any) -> Any:
        return of_scipy(name)(*args)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"scipy.special.{name}, also of traced values."
    return public(function)


@public
def polygamma(n: Any, a: Any) -> Any:
    """The n-th derivative of the digamma function; the digamma function itself for n = 0.

    n: whole numbers, a: any shape that goes with them.
    """
    return of_scipy("polygamma")(n, a)


_NAMES = (
    "erf erfc erfcx erfi dawsn erfinv erfcinv ndtr log_ndtr ndtri gammaln gamma rgamma loggamma digamma beta betaln "
    "gammainc gammaincc xlogy xlog1py entr rel_entr kl_div logit log_expit i0 i1 i0e i1e j0 j1 jv y0 y1 yv yn "
    "iv ive kv k0 k1 k0e k1e exprel huber pseudo_huber boxcox boxcox1p inv_boxcox inv_boxcox1p exp10 cosm1 expi exp1 "
    "spence ellipk ellipe binom"
)
FUNCTIONS: dict[str, Any] = {name: _function(name) for name in _NAMES.split()} | {"polygamma": polygamma}


def described(
    name: str,
    slopes: tuple[Any, ...],
    samples: tuple[Any, ...],
    *,
    known_as: tuple[str, ...] | None = None,
    words: tuple[str, ...] | None = None,
    op: str = "",
    **rest: Any,
) -> dict[str, Any]:
    """What `elementwise` wants to know of a function of SciPy's.

    known_as: the names of SciPy's own ufuncs that it answers for, where these differ from its own.
    """
    known = tuple(f"ufunc {n}" for n in (known_as if known_as is not None else (name,)))
    return {
        "function": FUNCTIONS[name],
        "name": op or name,
        "notation": lambda *inputs: call(name, *inputs),
        "slopes": slopes,
        "samples": samples,
        "jax": f"scipy.special.{name}",
        "words": words if words is not None else (name, *known),
        **rest,
    }
