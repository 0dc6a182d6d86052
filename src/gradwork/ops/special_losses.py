"""Functions of scipy.special that losses are made of: logarithms, entropies, robust errors, changes of scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.op import REGISTER
from gradwork.ops._declare import elementwise
from gradwork.ops._special import ANY, HERE, INSIDE, POSITIVE, described
from gradwork.ops.activations import sigmoid


def _declare(*args: Any, **rest: Any) -> None:
    if HERE:
        elementwise(**described(*args, **rest))


# -- logarithms with 0 log 0 = 0 --------------------------------------------------------------------------------------

_LOG = {"rule": "logarithm rule", "source": "DLMF 4.2.19; 0 log 0 is 0"}
_declare(
    "xlogy",
    (lambda y, a, b: np.log(b), lambda y, a, b: a / _apart(a, b)),
    ((0.7, 2.0), (1.5, 0.3), (0.0, 1.3)),
    unbounded=True,
    why="The product rule; where a is 0, b does not matter.",
    **_LOG,
)
_declare(
    "xlog1py",
    (lambda y, a, b: np.log1p(b), lambda y, a, b: a / _apart(a, 1 + b)),
    ((0.7, 2.0), (1.5, -0.3), (0.0, 1.3)),
    unbounded=True,
    why="The product rule; where a is 0, b does not matter.",
    **_LOG,
)


def _apart(a: Any, b: Any) -> Any:
    """`b`, or 1 where both are 0: 0 log b is 0 there for every b."""
    return np.where(np.logical_and(np.equal(a, 0), np.equal(b, 0)), 1, b)


_declare("entr", (lambda y, a: -np.log(a) - 1,), POSITIVE, unbounded=True, why="The product rule on -a log a.", **_LOG)
_declare(
    "rel_entr",
    (lambda y, a, b: np.log(a / b) + 1, lambda y, a, b: -a / b),
    ((0.7, 2.0), (1.5, 0.3)),
    unbounded=True,
    why="The product rule on a log(a/b).",
    **_LOG,
)
_declare(
    "kl_div",
    (lambda y, a, b: np.log(a / b), lambda y, a, b: 1 - a / b),
    ((0.7, 2.0), (1.5, 0.3)),
    unbounded=True,
    why="The product rule on a log(a/b), less a, and b.",
    **_LOG,
)
_declare(
    "logit",
    (lambda y, a: 1 / (a * (1 - a)),),
    INSIDE,
    unbounded=True,
    why="The difference of log a and log(1 - a).",
    **_LOG,
)
_declare(
    "log_expit",
    (lambda y, a: sigmoid(-a),),
    ANY,
    jax=lambda on, a: -on.np.logaddexp(0, -a),
    why="The logarithm's slope times that of the logistic function.",
    rule="sigmoid rule",
    source="Rumelhart, Hinton and Williams 1986",
)

# -- losses and changes of scale --------------------------------------------------------------------------------------

_declare(
    "huber",
    (
        lambda y, d, r: np.where(np.less_equal(np.abs(r), d), 0, np.abs(r) - d).astype(y.dtype),
        lambda y, d, r: np.clip(r, -d, d),
    ),
    ((1.0, 0.4), (1.0, -2.5), (0.5, 3.0)),
    jax=lambda on, d, r: on.np.where(
        d < 0, np.inf, on.np.where(on.np.abs(r) <= d, r * r / 2, d * (on.np.abs(r) - d / 2))
    ),
    rule="Huber rule",
    why="A square near 0 that goes on as a line: its slope is r, cut off at the edges.",
    source="Huber 1964",
)
_declare(
    "pseudo_huber",
    (
        lambda y, d, r: 2 * d * (_bow(d, r) - 1) - r**2 / (d * _bow(d, r)),
        lambda y, d, r: r / _bow(d, r),
    ),
    ((1.0, 0.4), (1.0, -2.5), (0.5, 3.0)),
    unbounded=True,
    # As r^2/(sqrt(1 + (r/d)^2) + 1), in which nothing cancels.
    jax=lambda on, d, r: on.finite(on.np.where((d == 0) | (r == 0), 0, r * r / (on.np.hypot(d, r) / d + 1)) / (d >= 0)),
    rule="Huber rule",
    why="The square root rule on d^2 (sqrt(1 + (r/d)^2) - 1).",
    source="Charbonnier and others 1997",
)


def _bow(d: Any, r: Any) -> Any:
    return np.hypot(d, r) / np.abs(d)


_SCALE = {"source": "Box and Cox 1964"}


def _boxcox_order(y: Any, log: Any, power: Any) -> Any:
    """The slope of (e^(p log) - 1)/p by p; at p = 0 its limit, log^2/2."""
    none = np.equal(power, 0)
    safe = np.where(none, 1, power)
    return np.where(none, np.square(log) / 2, (np.exp(power * log) * log - y) / safe)


_declare(
    "boxcox",
    (lambda y, a, p: a ** (p - 1), lambda y, a, p: _boxcox_order(y, np.log(a), p)),
    ((0.7, 0.5), (2.5, -0.4), (1.5, 2.0)),
    rule="power rule",
    why="The power rule on (a^p - 1)/p.",
    unbounded=True,
    **_SCALE,
)
_declare(
    "boxcox1p",
    (lambda y, a, p: (1 + a) ** (p - 1), lambda y, a, p: _boxcox_order(y, np.log1p(a), p)),
    ((0.7, 0.5), (2.5, -0.4), (1.5, 2.0)),
    rule="power rule",
    why="The power rule on ((1 + a)^p - 1)/p.",
    unbounded=True,
    **_SCALE,
)


def _inverse_on_jax(on: Any, a: Any, p: Any) -> Any:
    """log(1 + p a)/p, where that can be told; a where p is 0."""
    on.need(on.np.isfinite(p * a))
    return on.np.where(p == 0, a, on.np.log1p(p * a) / on.np.where(p == 0, 1, p))


def _inverse_order(y: Any, log: Any, a: Any, p: Any) -> Any:
    """The slope of (1 + p a)^(1/p) by p; at p = 0 its limit, -a^2/2 times the value."""
    none = np.equal(p, 0)
    safe = np.where(none, 1, p)
    return y * np.where(none, -np.square(a) / 2, (a / (1 + safe * a) - log / safe) / safe)


_declare(
    "inv_boxcox",
    (lambda y, a, p: y ** (1 - p), lambda y, a, p: _inverse_order(y, np.log1p(p * a), a, p)),
    ((0.7, 0.5), (0.5, -0.4), (1.5, 2.0)),
    jax=lambda on, a, p: on.np.exp(_inverse_on_jax(on, a, p)),
    rule="power rule",
    why="One over the slope of boxcox.",
    **_SCALE,
)
_declare(
    "inv_boxcox1p",
    (lambda y, a, p: (1 + y) ** (1 - p), lambda y, a, p: _inverse_order(1 + y, np.log1p(p * a), a, p)),
    ((0.7, 0.5), (0.5, -0.4), (1.5, 2.0)),
    jax=lambda on, a, p: on.np.expm1(_inverse_on_jax(on, a, p)),
    rule="power rule",
    why="One over the slope of boxcox1p.",
    **_SCALE,
)

# SciPy has functions of the same meaning as NumPy's under the same names.
for _name in ("cbrt", "exp2", "expm1", "log1p"):
    REGISTER.by_word[f"ufunc {_name}"] = REGISTER.by_function[getattr(np, _name)]
