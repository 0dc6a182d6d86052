"""Error functions, the normal distribution and gamma functions, of scipy.special."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.ops._declare import elementwise
from gradwork.ops._special import ANY, FUNCTIONS, HERE, INSIDE, POSITIVE, described, polygamma

f = FUNCTIONS
TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
ONE_OVER_ROOT_TAU = 1 / math.sqrt(2 * math.pi)


def _declare(*args: Any, **rest: Any) -> None:
    if HERE:
        elementwise(**described(*args, **rest))


def _bell(a: Any) -> Any:
    return TWO_OVER_ROOT_PI * np.exp(-np.square(a))


def _density(a: Any) -> Any:
    return ONE_OVER_ROOT_TAU * np.exp(-np.square(a) / 2)


def _psi(a: Any) -> Any:
    return f["digamma"](a)


def _tail(a: Any, x: Any) -> Any:
    return np.exp(-x + (a - 1) * np.log(x) - f["gammaln"](a))


# -- error functions and the normal distribution ----------------------------------------------------------------------

_ERF = {"rule": "error function rule", "source": "DLMF 7.2.1, 7.10.1"}
_declare("erf", (lambda y, a: _bell(a),), ANY, analytic=True, why="It is the area under the bell curve e^-t^2.", **_ERF)
_declare("erfc", (lambda y, a: -_bell(a),), ANY, analytic=True, why="1 - erf.", **_ERF)
_declare(
    "erfcx",
    (lambda y, a: 2 * a * y - TWO_OVER_ROOT_PI,),
    ANY,
    analytic=True,
    why="The product rule on e^(a^2) erfc a.",
    **_ERF,
)
_declare(
    "erfi",
    (lambda y, a: TWO_OVER_ROOT_PI * np.exp(np.square(a)),),
    ANY,
    analytic=True,
    why="erf along the imaginary axis.",
    **_ERF,
)
_declare(
    "dawsn",
    (lambda y, a: 1 - 2 * a * y,),
    ANY,
    analytic=True,
    why="The product rule on e^(-a^2) times an area.",
    **_ERF,
)
_declare(
    "erfinv",
    (lambda y, a: np.exp(np.square(y)) / TWO_OVER_ROOT_PI,),
    (-0.6, 0.1, 0.8),
    why="One over the slope of erf.",
    unbounded=True,
    **_ERF,
)
_declare(
    "erfcinv",
    (lambda y, a: -np.exp(np.square(y)) / TWO_OVER_ROOT_PI,),
    (0.3, 1.0, 1.7),
    why="One over the slope of erfc.",
    unbounded=True,
    **_ERF,
)

_NORMAL = {"rule": "normal distribution rule", "source": "DLMF 7.2.1, in units of the spread"}
_declare("ndtr", (lambda y, a: _density(a),), ANY, analytic=True, why="The area's slope is the density.", **_NORMAL)
_declare(
    "log_ndtr",
    # The density over the area, written by erfcx so that neither underflows.
    (lambda y, a: 2 * ONE_OVER_ROOT_TAU / f["erfcx"](-a / math.sqrt(2.0)),),
    (-30.0, -1.3, 0.3, 1.5),
    why="The logarithm's slope: the density over the area.",
    **_NORMAL,
)
_declare(
    "ndtri",
    (lambda y, a: np.exp(np.square(y) / 2) / ONE_OVER_ROOT_TAU,),
    INSIDE,
    unbounded=True,
    why="One over the density.",
    **_NORMAL,
)

# -- gamma functions --------------------------------------------------------------------------------------------------

_GAMMA: dict[str, Any] = {"rule": "gamma function rule", "source": "DLMF 5.2.2, 5.15", "unbounded": True}
_declare("gammaln", (lambda y, a: _psi(a),), POSITIVE, why="By definition of the digamma function.", **_GAMMA)
_declare(
    "loggamma", (lambda y, a: _psi(a),), POSITIVE, analytic=True, why="By definition of the digamma function.", **_GAMMA
)
_declare("gamma", (lambda y, a: y * _psi(a),), (-0.6, 0.3, 1.2, 3.5), why="The chain rule on e^(log gamma).", **_GAMMA)
_declare("rgamma", (lambda y, a: _rgamma_slope(y, a),), POSITIVE, why="The reciprocal rule on gamma.", **_GAMMA)


def _rgamma_slope(y: Any, a: Any) -> Any:
    """Where gamma has a pole, the slope of 1/gamma is a factorial, with the sign changing from pole to pole."""
    pole = np.logical_and(np.equal(y, 0), np.less_equal(a, 0))
    at_pole = f["gamma"](1 - np.where(pole, a, 0)) * np.cos(np.pi * a)
    return np.where(pole, at_pole, -y * _psi(np.where(pole, 1, a)))


_declare(
    "digamma",
    (lambda y, a: polygamma(1, a),),
    POSITIVE,
    known_as=("psi", "digamma"),
    why="By definition of the trigamma function.",
    **_GAMMA,
)
_declare(
    "polygamma",
    (None, lambda y, n, a: polygamma(n + 1, a)),
    ((np.int64(1), 0.7), (np.int64(2), 1.5), (np.int64(0), 3.2)),
    known_as=(),
    jax=lambda on, n, a: on.finite(on.jax.scipy.special.polygamma(on.np.asarray(n, int), a)),
    why="Each is the derivative of the one before.",
    **_GAMMA,
)
_declare(
    "beta",
    (lambda y, a, b: y * (_psi(a) - _psi(a + b)), lambda y, a, b: y * (_psi(b) - _psi(a + b))),
    ((1.2, 0.7), (3.1, 2.0), (0.4, 5.0)),
    jax="",  # JAX's own has nine digits only
    why="The chain rule on gammas.",
    **_GAMMA,
)
_declare(
    "betaln",
    (lambda y, a, b: _psi(a) - _psi(a + b), lambda y, a, b: _psi(b) - _psi(a + b)),
    ((1.2, 0.7), (3.1, 2.0), (0.4, 5.0)),
    jax="",  # JAX's own has nine digits only
    why="Digammas of its three gammas.",
    **_GAMMA,
)
_declare(
    "binom",
    (
        lambda y, n, k: y * (_psi(n + 1) - _psi(n - k + 1)),
        lambda y, n, k: y * (_psi(n - k + 1) - _psi(k + 1)),
    ),
    ((5.2, 1.7), (3.1, 2.4)),
    why="A quotient of gammas.",
    **_GAMMA,
)
_declare(
    "gammainc",
    (None, lambda y, a, x: _tail(a, x)),
    ((np.int64(2), 0.7), (np.int64(3), 4.0)),
    jax="",  # JAX's own does not come to an end where both are large
    why="By definition as an area; by its first argument it has no rule here.",
    **_GAMMA,
)
_declare(
    "gammaincc",
    (None, lambda y, a, x: -_tail(a, x)),
    ((np.int64(2), 0.7), (np.int64(3), 4.0)),
    jax="",  # JAX's own does not come to an end where both are large
    why="By definition as an area; by its first argument it has no rule here.",
    **_GAMMA,
)

__all__ = ["polygamma"]
