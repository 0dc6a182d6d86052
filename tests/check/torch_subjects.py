"""What the checks of torch look at, made by hand, and its graph."""

from __future__ import annotations

import numpy as np

from gradwork.gradients.transforms import grad
from gradwork.graph.trace import trace_call
from gradwork.graph.tree import flatten
from gradwork.torch._check import _checked, _runner
from gradwork.torch._subject import Subject, arrays_of


def subject_of(function, *inputs):
    """What `check_function` looks at, for inputs called a, b, c, ..."""
    checked = _checked(inputs, "abcdefghijklmnopqrstuvwxyz"[: len(inputs)])
    run = _runner(function, flatten(tuple(inputs)), {n: k for n, (k, _) in checked.items()})
    return Subject({n: v for n, (_, v) in checked.items()}, run)


def traced(subject):
    """The graph of the forward pass."""
    return trace_call(lambda **arrays: subject.followed.loss(arrays), (), arrays_of(subject.values)).graph


def gradients(subject):
    """Of the graph, and of torch."""
    arrays = arrays_of(subject.values)
    mine = grad(lambda **at: subject.followed.loss(at), wrt=tuple(arrays))(**arrays)
    return dict(zip(arrays, mine, strict=True)), subject.gradient(**arrays)


def assert_same(subject):
    mine, its = gradients(subject)
    size = max(float(np.max(np.abs(g), initial=0.0)) for g in its.values())
    for name, slope in its.items():
        np.testing.assert_allclose(mine[name], slope, rtol=1e-7, atol=1e-9 * max(size, 1.0), err_msg=name)
