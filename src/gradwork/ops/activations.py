"""Activation functions of networks, and the pieces that losses on scores are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.op import Kink
from gradwork.notation.layout import Number, Power, Symbol, add, call
from gradwork.ops._declare import Builder, Traced, axes_of, composite, elementwise, node, public, structural
from gradwork.ops.selection import above

ANY = (-2.0, 0.3, 1.5)


def _logistic(a: Any, xp: Any = np) -> Any:
    # Written with e^-|a|, which never overflows.
    small = xp.exp(-xp.abs(a))
    return xp.where(xp.greater_equal(a, 0), 1 / (1 + small), small / (1 + small)).astype(small.dtype)[()]


@public
def sigmoid(a: Any) -> Any:
    """The logistic function 1/(1 + e^-a), entry by entry.

    >>> float(sigmoid(0.0))
    0.5
    """
    with np.errstate(under="ignore"):
        return (
            _logistic(np.asarray(a)[()] if np.iscomplexobj(a) is False else a)
            if not np.iscomplexobj(a)
            else 1 / (1 + np.exp(-a))
        )


@public
def relu(a: Any) -> Any:
    """The larger of a and 0, entry by entry. Its slope at 0 is taken as 0.

    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return np.maximum(a, np.zeros((), np.asarray(a).dtype))


@public
def softplus(a: Any) -> Any:
    """log(1 + e^a), entry by entry, without overflow.

    >>> round(float(softplus(0.0)), 6)
    0.693147
    """
    return np.log(1 + np.exp(a)) if np.iscomplexobj(a) else np.logaddexp(a, np.zeros((), np.asarray(a).dtype))


@public
def logsumexp(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Log of the sum of e^a along `axis`, without overflow.

    >>> round(float(logsumexp(np.array([1000.0, 1000.0]))), 6)
    1000.693147
    """
    a = np.asarray(a)
    largest = np.max(a.real, axis=axis, keepdims=True)
    shift = np.where(np.isfinite(largest), largest, np.zeros((), largest.dtype))
    with np.errstate(divide="ignore", under="ignore"):
        total = np.log(np.sum(np.exp(a - shift), axis=axis, keepdims=True)) + shift
    return total if keepdims else np.squeeze(total, axis=axes_of(axis, a.ndim))[()]


@public
def softmax(a: Any, axis: Any = -1) -> Any:
    """e^a over the sum of e^a along `axis`: positive shares that add up to 1.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    with np.errstate(under="ignore"):
        return np.exp(a - logsumexp(a, axis=axis, keepdims=True))


@public
def log_softmax(a: Any, axis: Any = -1) -> Any:
    """The logarithm of `softmax`, without overflow.

    >>> log_softmax(np.array([0.0, 0.0]))
    array([-0.69314718, -0.69314718])
    """
    return a - logsumexp(a, axis=axis, keepdims=True)


elementwise(
    sigmoid,
    jax=lambda on, a: _logistic(a, on.np) if a.dtype.kind != "c" else 1 / (1 + on.np.exp(-a)),
    rule="sigmoid rule",
    notation=lambda a: call("sigmoid", a),
    slopes=(lambda y, a: y * (1 - y),),
    analytic=True,
    samples=ANY,
    words=("sigmoid", "ufunc expit"),
    why="The quotient rule on 1/(1 + e^-a) collapses to y (1 - y).",
    source="Rumelhart, Hinton and Williams 1986",
)

elementwise(
    relu,
    jax=lambda on, a: on.np.maximum(a, 0),
    rule="relu rule",
    notation=lambda a: call("relu", a),
    slopes=(lambda y, a: above(a),),
    kinks=(Kink(at=lambda a: a == 0, left=0.0, right=1.0, chosen=0.0, because="a unit at rest stays at rest"),),
    branch=lambda a: a > 0,
    scalar="({0} if {0} > 0.0 or {0} != {0} else 0.0)",
    samples=ANY,
    why="Above 0 it is a itself, below it stays 0.",
    source="convention 0 at 0: Bertoin, Bolte, Gerchinovitz and Pauwels 2021",
)

elementwise(
    softplus,
    jax=lambda on, a: on.np.logaddexp(a, 0) if a.dtype.kind != "c" else on.np.log(1 + on.np.exp(a)),
    rule="softplus rule",
    notation=lambda a: call("log", add(Number(1), Power(Symbol("e"), a))),
    slopes=(lambda y, a: sigmoid(a),),
    analytic=True,
    scalar="(({0} if {0} >= 0.0 else 0.0) + log1p(exp(-abs({0}))))",
    samples=ANY,
    why="The logarithm's slope is 1/(1 + e^a), the inner one e^a; their product is the sigmoid.",
    source="Dugas and others 2001",
)


@public
def off_the_floor(a: Any) -> Any:
    """`a`, and 0 where it is minus infinity: what is nothing has no shares, rather than shares that are no numbers."""
    a = np.asarray(a)[()]
    return np.where(np.equal(a, -np.inf), np.zeros((), a.dtype), a)[()] if np.any(np.isinf(a)) else a


elementwise(
    off_the_floor,
    jax=lambda on, a: on.np.where(on.np.equal(a, -np.inf), 0, a),
    rule="identity rule",
    notation=lambda a: a,
    slopes=(1,),
    analytic=True,
    scalar="({0} if {0} != -1e999 else 0.0)",
    samples=ANY,
    words=("_off_the_floor",),
    why="Nothing is changed where numbers are finite.",
    source="by definition",
)


def _lower_logsumexp(builder: Builder, a: Any, axis: Any = None, keepdims: bool = False) -> Traced:
    a = Traced(builder, builder_index(builder, a))
    return node(builder, LOGSUMEXP, (a,), axis=axes_of(axis, a.ndim), keepdims=bool(keepdims))


def builder_index(builder: Builder, a: Any) -> int:
    """The node of `a` in `builder`."""
    from gradwork.ops._declare import lift

    return lift(builder, a)


def _kept(value: Any, a: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """`value` with the axes that were reduced put back, of length 1."""
    if keepdims:
        return value
    return np.reshape(value, tuple(1 if i in axis else n for i, n in enumerate(a.shape)))


LOGSUMEXP = structural(
    logsumexp,
    jax="scipy.special.logsumexp",
    rule="log-sum-exp rule",
    notation=lambda a, axis, keepdims: call("logsumexp", a),
    lower=_lower_logsumexp,
    pullback=lambda g, y, a, axis, keepdims: (
        _kept(g, a, axis, keepdims) * np.exp(a - _kept(off_the_floor(y), a, axis, keepdims)),
    ),
    pushforward=lambda t, y, a, axis, keepdims: np.sum(
        np.exp(a - _kept(off_the_floor(y), a, axis, keepdims)) * t[0], axis=axis, keepdims=keepdims
    ),
    analytic=True,
    samples=((np.array([[0.5, -1.0, 2.0], [1.0, 1.0, 0.0]]), {"axis": 1}), (np.array([0.5, -1.0]), {}),
             (np.array([[0.5, -1.0], [2.0, 0.1]]), {"axis": 0, "keepdims": True})),
    why="The slope to each entry is its share e^a / sum of e^a: the softmax.",
    source="DLMF 4.2.19, 4.2.20",
)  # fmt: skip


def _lower_softmax(builder: Builder, a: Any, axis: Any = -1) -> Traced:
    a = Traced(builder, builder_index(builder, a))
    return node(builder, SOFTMAX, (a,), axis=axes_of(axis, a.ndim))


SOFTMAX = structural(
    softmax,
    jax="nn.softmax",
    rule="softmax rule",
    notation=lambda a, axis: call("softmax", a),
    lower=_lower_softmax,
    pullback=lambda g, y, a, axis: (y * (g - np.sum(g * y, axis=axis, keepdims=True)),),
    pushforward=lambda t, y, a, axis: y * (t[0] - np.sum(y * t[0], axis=axis, keepdims=True)),
    analytic=True,
    samples=((np.array([[0.5, -1.0, 2.0], [1.0, 1.0, 0.0]]), {"axis": 1}), (np.array([0.5, -1.0]), {})),
    why="Every score also stands in the sum below: a share grows by what its own score brings, less the mean of all.",
    source="Bridle 1990",
)


def _lower_log_softmax(builder: Builder, a: Any, axis: Any = -1) -> Traced:
    a = Traced(builder, builder_index(builder, a))
    return node(builder, LOG_SOFTMAX, (a,), axis=axes_of(axis, a.ndim))


LOG_SOFTMAX = structural(
    log_softmax,
    jax="nn.log_softmax",
    rule="log-softmax rule",
    notation=lambda a, axis: call("log_softmax", a),
    lower=_lower_log_softmax,
    pullback=lambda g, y, a, axis: (g - np.exp(y) * np.sum(g, axis=axis, keepdims=True),),
    pushforward=lambda t, y, a, axis: t[0] - np.sum(np.exp(y) * t[0], axis=axis, keepdims=True),
    analytic=True,
    samples=((np.array([[0.5, -1.0, 2.0], [1.0, 1.0, 0.0]]), {"axis": 1}), (np.array([0.5, -1.0]), {})),
    why="Every score also stands in the sum below: what comes in, less the share of all that comes in.",
    source="Bridle 1990",
)

__all__ = ["composite", "log_softmax", "logsumexp", "relu", "sigmoid", "softmax", "softplus"]
