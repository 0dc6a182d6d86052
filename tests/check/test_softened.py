"""Functions that ask for plain numbers are followed for the diagnosis, and stay as they are."""

from __future__ import annotations

import math
from math import tanh

import numpy as np
import pytest

import gradwork as gw
from gradwork.check.softened import softly
from gradwork.errors import TracedValueError
from gradwork.graph.trace import trace_call


def log_sum(a):
    top = float(np.max(a))
    return top + np.log(np.sum(np.exp(a - top)))


def loss(w, x):
    total = 0.0
    for t in range(len(x)):
        total += log_sum(w * x[t]) - float(w[0])
    return total / len(x)


def scalar(w, b):
    hidden = [math.exp(-w * k) + tanh(b) for k in range(3)]
    return math.sqrt(1.0 + sum(hidden)) + math.pow(w, 3) + math.log(w, 10)


W, X = np.array([0.3, -0.7, 1.1]), np.array([[1.0, 2.0, -1.0], [0.5, -0.3, 0.8]])


def test_a_plain_float_on_the_way_does_not_stop_the_following() -> None:
    traced = softly(lambda: trace_call(loss, (W, X), only=[0], floating=True))
    assert abs(traced.values[traced.outputs[0]] - loss(W, X)) < 1e-14


def test_the_functions_are_as_before() -> None:
    codes = [f.__code__ for f in (loss, log_sum, scalar)]
    softly(lambda: trace_call(loss, (W, X), only=[0], floating=True))
    softly(lambda: trace_call(scalar, (0.7, 0.2), floating=True))
    assert [f.__code__ for f in (loss, log_sum, scalar)] == codes
    assert isinstance(scalar(0.7, 0.2), float)


def test_math_is_followed_with_its_slopes() -> None:
    found = gw.check(scalar, lambda w, b: (0.0, 0.0), 0.7, 0.2)
    assert not found.ok
    assert found.evidence is not None and found.evidence.joint is not None
    assert not gw.check(scalar, lambda w, b: (found.evidence.right["w"], 0.0), 0.7, 0.2).verdicts["w"].wrong
    assert gw.check(scalar, lambda w, b: (found.evidence.right["w"], found.evidence.right["b"]), 0.7, 0.2).ok


def test_a_cause_is_named_in_a_loss_of_plain_numbers() -> None:
    def gradient(w, x):
        found = np.zeros_like(w)
        for t in range(len(x)):
            shares = np.exp(w * x[t] - log_sum(w * x[t]))
            found += shares  # the factor x[t] is forgotten
            found[0] -= 1
        return found / len(x)

    found = gw.check(loss, gradient, W, X, wrt=0)
    assert found.diagnoses, str(found)


def test_closures_methods_and_lambdas() -> None:
    factor = 2.0

    def inner(w):
        return factor * float(np.sum(w**2))

    class Net:
        def loss(self, w):
            return float(w @ w) * factor

    for f in (inner, Net().loss, lambda w: float(w[0]) * w[1]):
        traced = softly(lambda f=f: trace_call(f, (W,), floating=True))
        assert abs(traced.values[traced.outputs[0]] - f(W)) < 1e-14


def test_what_cannot_be_followed_says_what_it_said() -> None:
    with pytest.raises(TracedValueError):
        softly(lambda: trace_call(lambda w: "".join(map(chr, map(int, map(float, w)))), (W,)))
