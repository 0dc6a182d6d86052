"""Every function of NumPy that has slopes, in the many forms in which it is called: NumPy's value, and right slopes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy_calls import CALLS

import gradwork as gw
from gradwork.gradients.contract.nudges import nudged
from gradwork.graph.trace import trace_call

EACH = [pytest.param(*call, id=f"{name} {k}") for name, of_it in CALLS.items() for k, call in enumerate(of_it)]


def in_real_numbers(f):
    """A function whose result may be complex, as one of real numbers: real parts, then imaginary ones."""

    def real(*arrays):
        value = f(*arrays)
        return np.stack([np.real(value), np.imag(value)]) if np.iscomplexobj(value) else value

    return real


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("f", "at"), EACH)
def test_value_and_slopes(f, at):
    arrays = [np.array(a, float)[()] for a in at]
    plain = np.asarray(f(*arrays))
    traced = trace_call(f, arrays)
    (output,) = traced.outputs
    value = traced.builder.full_value(output)
    assert value.shape == plain.shape
    assert value.dtype == plain.dtype
    size = np.max(np.abs(plain), initial=0.0, where=np.isfinite(plain))
    assert np.allclose(value, plain, rtol=4e-15, atol=4e-15 * size, equal_nan=True)
    f = in_real_numbers(f)
    weights = np.cos(np.arange(np.size(f(*arrays))) + 1).reshape(np.shape(f(*arrays)))
    slopes = gw.grad(lambda *a: np.sum(weights * f(*a)), wrt=tuple(range(len(arrays))))(*arrays)
    for slope, measured in zip(slopes, nudged(lambda *a: np.sum(weights * f(*a)), arrays), strict=True):
        assert np.shape(slope) == np.shape(measured)
        assert np.allclose(slope, measured, rtol=1e-6, atol=1e-7)
