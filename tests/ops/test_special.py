"""SciPy's functions as users call them: SciPy's value, right slopes, and nothing of SciPy imported before it is met."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import gradwork as gw
from gradwork.gradients.contract.nudges import nudged
from gradwork.graph.op import REGISTER
from gradwork.graph.trace import trace_call

special = pytest.importorskip("scipy.special")
REGISTER.load()
FAMILIES = ("special", "special_bessel", "special_losses")
OPS = [op for op in REGISTER if op.family in FAMILIES]
UFUNCS = [
    (op, getattr(special, word.removeprefix("ufunc ")))
    for op in OPS
    for word in op.words
    if word.startswith("ufunc ") and isinstance(getattr(special, word.removeprefix("ufunc "), None), np.ufunc)
]


def columns(op):
    samples = [s if isinstance(s, tuple) else (s,) for s in op.samples]
    return [np.array(column) for column in zip(*samples, strict=True)]


@pytest.mark.parametrize(("op", "ufunc"), UFUNCS, ids=lambda f: getattr(f, "name", ""))
def test_scipys_own_function(op, ufunc):
    arrays = columns(op)
    moving = [k for k, a in enumerate(arrays) if a.dtype.kind == "f" and op.slopes[k] is not None]

    def f(*moved):
        slots = dict(zip(moving, moved, strict=True))
        return ufunc(*(slots.get(k, a) for k, a in enumerate(arrays)))

    point = [arrays[k] for k in moving]
    plain = f(*point)
    traced = trace_call(f, point)
    assert np.array_equal(traced.builder.full_value(traced.outputs[0]), plain)
    slopes = gw.grad(lambda *a: np.sum(f(*a)), wrt=tuple(range(len(point))))(*point)
    for slope, measured in zip(slopes, nudged(lambda *a: np.sum(f(*a)), point), strict=True):
        assert np.allclose(slope, measured, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("op", "ufunc"), UFUNCS, ids=lambda f: getattr(f, "name", ""))
def test_float32_stays_as_scipy_has_it(op, ufunc):
    arrays = [a.astype(np.float32) if a.dtype.kind == "f" else a for a in columns(op)]
    traced = trace_call(lambda *a: ufunc(*a), arrays)
    assert traced.builder.dtype(traced.outputs[0]) == ufunc(*arrays).dtype


def test_enough_is_there():
    assert len(OPS) >= 60
    names = "erf erfc gammaln gamma digamma beta betaln xlogy xlog1py entr rel_entr kl_div ndtr log_ndtr ndtri logit"
    assert {op.name for op in OPS} >= set(names.split())


def test_functions_that_numpy_has_too():
    x = np.array([0.3, 1.2])
    for f in (special.expit, special.exp2, special.expm1, special.log1p, special.cbrt, special.sinc):
        (measured,) = nudged(lambda x, f=f: np.sum(f(x)), [x])
        assert np.allclose(gw.grad(lambda x, f=f: np.sum(f(x)))(x), measured, rtol=1e-8)


def test_softmax_is_carried_through():
    x = np.array([0.7, -1.3, 2.1])
    weights = np.array([1.0, 2.0, 4.0])
    ours = gw.grad(lambda x: np.sum(weights * gw.softmax(x)))(x)
    assert np.allclose(gw.grad(lambda x: np.sum(weights * special.softmax(x)))(x), ours)


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda x: special.xlogy(0.0, x), 0.0, 0.0),
        (lambda x: special.xlogy(0.0, x), 2.0, 0.0),
        (lambda x: special.xlog1py(0.0, x), -1.0, 0.0),
        (lambda x: special.log_ndtr(x), -40.0, 40.02496884720882),
        (lambda x: special.log_expit(x), -1000.0, 1.0),
        (lambda x: special.log_expit(x), 1000.0, 0.0),
        (lambda x: special.exprel(x), 0.0, 0.5),
        (lambda x: special.boxcox(2.0, x), 0.0, np.log(2.0) ** 2 / 2),
        (lambda x: special.inv_boxcox(0.5, x), 0.0, -np.exp(0.5) / 8),
        (lambda x: special.spence(x), 1.0, -1.0),
        (lambda x: special.rgamma(x), 0.0, 1.0),
        (lambda x: special.rgamma(x), -1.0, -1.0),
        (lambda x: special.huber(1.0, x), 1.0, 1.0),
        (lambda x: special.i0e(x), 0.0, 0.0),
        (lambda x: np.where(x > 0, special.gammaln(x), 0.0), 0.0, 0.0),
        (lambda x: np.where(x > 0, special.entr(x), 0.0), 0.0, 0.0),
    ],
)
def test_at_the_edges(f, x, expected):
    with np.errstate(all="ignore"):
        assert gw.grad(f)(x) == pytest.approx(expected, rel=1e-12, abs=1e-300)


def test_second_slopes():
    assert gw.grad(gw.grad(special.gammaln))(2.5) == pytest.approx(special.polygamma(1, 2.5))
    assert gw.grad(gw.grad(gw.grad(special.gammaln)))(2.5) == pytest.approx(special.polygamma(2, 2.5))
    assert gw.grad(gw.grad(special.erf))(0.7) == pytest.approx(-4 * 0.7 / np.sqrt(np.pi) * np.exp(-0.49))


def test_scipy_is_not_imported_until_it_is_met():
    text = "import sys, gradwork as gw; gw.grad(lambda x: x ** 2)(3.0); print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
