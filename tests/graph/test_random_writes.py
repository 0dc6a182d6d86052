"""Random programs that write traced numbers into ordinary arrays: right slopes, or a refusal; never a wrong number."""

from __future__ import annotations

import itertools
import linecache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.errors import SharedMemoryError, TracedValueError
from gradwork.graph.trace import trace_call

X = np.array([0.5, -1.25, 2.0])
_NUMBERS = itertools.count()

WRITES = [
    "y[0] = x[1]", "y[i] = x[j]", "y[i] += x[j] * y[j]", "y[i:] = x[i:]", "y[:] = x * k", "y *= x", "y += x[0]",
    "y = y * 2 + x", "y[[i, j]] = x[:2]", "y[y > 0] = x[0]", "y[:2], y[2] = x[1:], x[0]", "y[i] = y[j] = x[k]",
    "y[:] = [x[2], 1.0, x[0]]", "y[::-1][i] = x[j]", "y.reshape(3, 1)[j] = x[0]", "np.exp(x, out=y)",
    "np.multiply(y, x, out=y)", "np.add(x, 1.0, out=y[:])", "np.copyto(y, x)", "np.add.at(y, [0, 0, i], x)",
    "np.put(y, [i], x[j])", "np.cumsum(x, out=y)", "d['y'][i] = x[j]", "d['y'] += x", "d['y'][1:] *= x[1:]",
    "h.y[i] = x[j]", "h.y -= x", "np.square(x, out=h.y)", "z[i] = x[j]", "z += y", "v[0] = x[2]", "v *= 2",
    "y[i] = float(x[j])", "t = float(x[i])", "y[k] = t * x[0]", "put(y, i, x[j])", "fill(i, x[j])",
    "rows[i][j] = x[k]", "rows[j] += x", "M[i] = x", "M[:, j] = x * x", "M[i, j] -= x[k]", "M.T[i] = x",
    "M @= np.outer(x, x)", "np.matmul(M, M, out=M)",
]  # fmt: skip
OTHERS = [
    "z = y", "z = y.copy()", "v = y[1:]", "v = y[::-1]", "y = y + 0.0", "z = d['y']", "d['y'] = y", "h.y = y",
    "h.y = np.ones(3)", "rows[0] = y", "y = M[0]", "y = np.zeros(3)", "del d['y']; d['y'] = np.ones(3)",
    "M = np.eye(3) * x[0]", "z = rows[1]", "held = locals()", "held = None", "M = M.copy()",
]  # fmt: skip
START = """
class Holder: pass
def f(x):
    def fill(i, value): y[i] = value
    def put(a, i, value): a[i] = value
    y, z, d, h, t, i, j, k = np.zeros(3), np.ones(3), {"y": np.ones(3)}, Holder(), 1.0, 0, 1, 2
    h.y, rows, M = np.ones(3), [np.ones(3), np.zeros(3), np.ones(3)], np.eye(3)
    v = z[1:]
"""
END = """
    parts = [y, z, d["y"], h.y, v, M.ravel(), *rows]
    total = t * 0.5
    for n, part in enumerate(parts):
        total = total + np.sum(part * part) * (n + 1) / 8 + np.sum(part[:1]) * n
    return total
"""


def function_of(lines):
    """The program as a function whose text can be read, as in a file or a notebook."""
    text = START + "".join(f"    {line}\n" for line in lines) + END
    name = f"<program {next(_NUMBERS)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    names = {"np": np}
    exec(compile(text, name, "exec"), names)
    return names["f"]


def nudged(f, x, size=1e-6):
    step = size * np.eye(3)
    return np.array([(f(x + s) - f(x - s)) / (2 * size) for s in step])


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(st.sampled_from(WRITES), st.sampled_from(WRITES + OTHERS)), min_size=1, max_size=6))
@pytest.mark.filterwarnings("ignore")
def test_right_or_refused(lines):
    f = function_of(lines)
    try:
        value = f(X.copy())
    except (ValueError, IndexError, TypeError):
        return  # not a program that NumPy takes
    try:
        traced = trace_call(f, [X.copy()])
    except (SharedMemoryError, TracedValueError):
        return
    assert np.allclose(traced.builder.full_value(traced.outputs[0]), value, rtol=1e-12), lines
    if np.isfinite(value) and abs(value) < 1e6:
        slopes = nudged(f, X)
        if np.allclose(slopes, nudged(f, X, 4e-6), rtol=1e-3, atol=1e-3):  # not at a jump: a mask at its edge
            assert np.allclose(gw.grad(f)(X.copy()), slopes, rtol=1e-4, atol=1e-4), lines


@pytest.mark.parametrize("line", WRITES)
def test_each_by_itself_is_carried_out(line):
    if line in ("z[i] = x[j]", "z += y", "v[0] = x[2]", "put(y, i, x[j])", "y[i] = float(x[j])"):
        return  # z has the window v; put has another name for y; a conversion has to go to a name
    f = function_of([line])
    assert np.allclose(gw.grad(f)(X.copy()), nudged(f, X), rtol=1e-5, atol=1e-5)
