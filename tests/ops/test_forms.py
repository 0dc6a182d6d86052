"""Every form in which the everyday functions are called: value and slope against NumPy and nudges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.gradients.contract.nudges import nudged
from gradwork.graph.trace import trace_call

T = np.cos(np.arange(24.0)).reshape(2, 3, 4)
M = np.cos(np.arange(6.0) * 2).reshape(2, 3)
V = np.array([0.7, -1.3, 2.1])
quick = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


def check(f, *arrays):
    """Value to the bit, slopes against nudges, with weights that are not all alike."""
    arrays = [np.array(a, float)[()] for a in arrays]
    plain = np.asarray(f(*arrays))
    traced = trace_call(f, arrays)
    (output,) = traced.outputs
    assert traced.builder.shape(output) == plain.shape
    assert traced.builder.dtype(output) == plain.dtype
    assert np.allclose(traced.builder.full_value(output), plain, rtol=2e-15, atol=0, equal_nan=True)
    weights = np.cos(np.arange(plain.size) + 1).reshape(plain.shape)

    def number(*a):
        return np.sum(weights * f(*a))

    every = tuple(range(len(arrays)))
    for slope, measured in zip(gw.grad(number, wrt=every)(*arrays), nudged(number, arrays), strict=True):
        assert np.shape(slope) == np.shape(measured)
        assert np.allclose(slope, measured, rtol=1e-6, atol=1e-7)


# -- indexing ---------------------------------------------------------------------------------------------------------

KEYS = [
    0,
    -1,
    np.int64(1),
    (),
    ...,
    None,
    slice(None),
    slice(1, None),
    slice(None, None, -1),
    slice(5, 9),
    slice(-2, None),
    (0, 1),
    (0, 1, 2),
    (..., 0),
    (0, ...),
    (slice(None), None, 1),
    (None, ..., None),
    (slice(None, None, 2), slice(None, None, -2)),
    [0],
    [0, 0, 1],
    [-1, 0],
    np.array([[0, 1], [1, 1]]),
    np.array([], int),
    [],
    (slice(None), [2, 0, 2]),
    ([0, 1], [2, 0]),
    ([[0], [1]], [2, 0]),
    ([0, 1], slice(None), [3, 0]),
    (0, [1, 1], slice(1, 3)),
    (..., [0, 0, 3]),
    (None, [0, 1], ..., [1, 2]),
    T > 0,
    (slice(None), np.array([True, False, True])),
    np.array([True, False]),
    np.array([False, False]),
    (np.array([True, False]), 1),
    True,
    (np.True_, 0),
]


@pytest.mark.parametrize("key", KEYS, ids=lambda k: " ".join(repr(k).split())[:40])
def test_indexing(key):
    check(lambda a: a[key], T)


def test_keys_that_are_traced():
    check(lambda a: a[np.argmax(a, axis=0)], V)
    check(lambda a: a[a > 0], V)
    check(lambda a: a[np.argsort(a)], V)
    check(lambda a: a[a.argmax() :], V)
    check(lambda a: a[:, np.argmin(a[0])], M)


@pytest.mark.parametrize("key", [5, -4, (0, 0), "text", 1.0, [0.5], slice(0, 2, 0)])
def test_keys_that_numpy_refuses(key):
    for call in (lambda: V[key], lambda: gw.grad(lambda a: np.sum(a[key]))(V)):
        with pytest.raises((IndexError, ValueError, TypeError)):
            call()


def test_numbers_and_empty_arrays():
    check(lambda a: a[()], 2.0)
    check(lambda a: a[...], 2.0)
    check(lambda a: a[None], 2.0)
    check(lambda a: a[0:0], V)
    check(lambda a: a[:, :], np.zeros((0, 3)))
    check(lambda a: np.take(a, [0, 2, 2]), V)
    check(lambda a: np.take(a, [[0], [2]], axis=1), M)
    check(lambda a: np.take_along_axis(a, np.array([[2, 0], [1, 1]]), axis=1), M)


@pytest.mark.parametrize(
    "key", [0, slice(1, None), (slice(None), 1), [0, 0], (..., [1, 2]), M > 0, (slice(None, None, -1),)]
)
def test_writing(key):
    def written(a, b):
        c = a * 1.0
        c[key] = b
        return c * c

    check(written, M, 5.0)
    check(lambda a, b: written(a, b * np.ones(np.shape(M[key]))), M, 2.0)


# -- reductions -------------------------------------------------------------------------------------------------------

AXES = [None, 0, 1, -1, (0, 1), (0, -1), (0, 1, 2), ()]
REDUCTIONS = [
    np.sum,
    np.mean,
    np.prod,
    np.max,
    np.min,
    np.var,
    np.std,
    np.median,
    np.average,
    np.ptp,
    gw.logsumexp,
    np.nansum,
]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("function", REDUCTIONS, ids=lambda f: f.__name__)
@pytest.mark.filterwarnings("ignore")
def test_reductions(function, axis, keepdims):
    if axis == () and function in (np.var, np.std, np.ptp, np.median, np.average, gw.logsumexp):
        return  # a spread over one number is 0, at a corner
    x = T + np.arange(24.0).reshape(T.shape) / 100  # no two alike
    check(lambda a: function(a, axis=axis, keepdims=keepdims), x)


def test_reductions_in_other_words():
    check(lambda a: a.sum(0).mean(), M)
    check(lambda a: np.var(a, axis=0, ddof=1), M)
    check(lambda a: np.std(a, ddof=1), M)
    check(lambda a: np.sum(a, dtype=np.float64), M)
    check(lambda a: np.sum(a.astype(np.float64), where=M > 0), M)
    check(lambda a: np.mean(a, where=M > 0), M)
    check(lambda a: np.max(a, where=M > 0, initial=-3.0), M)
    check(lambda a: np.prod(a, initial=2.0, axis=1), M)
    check(lambda a: np.sum(a), 2.0)
    check(lambda a: np.max(a), 2.0)
    check(lambda a: np.sum(a, axis=0), np.zeros((0, 3)))
    check(lambda a: np.prod(a, axis=0), np.zeros((0, 3)))
    check(lambda a: np.cumsum(a, axis=0), M)
    for order in (None, 1, 2, 3, np.inf, -np.inf, "fro"):
        if order == "fro":
            check(lambda a, o=order: np.linalg.norm(a, o), M)
        else:
            check(lambda a, o=order: np.linalg.norm(a, o), V)
        if order not in (None, 2, 3, "fro"):
            check(lambda a, o=order: np.linalg.norm(a, o), M)
    check(lambda a: np.linalg.norm(a, axis=(0, 2), keepdims=True), T)


def test_reductions_of_float32_have_numpys_value():
    x = np.arange(1000, dtype=np.float32) / 7
    for f in (
        np.sum,
        np.mean,
        np.var,
        np.std,
        lambda a: np.sum(a, dtype=np.float64),
        lambda a: np.mean(a, dtype=np.float64),
    ):
        traced = trace_call(f, [x])
        value = traced.builder.full_value(traced.outputs[0])
        assert (value, value.dtype) == (f(x), f(x).dtype)


# -- products ---------------------------------------------------------------------------------------------------------

SUBSCRIPTS = [
    ("ij,jk", (2, 3), (3, 2)),
    ("ij,jk->ki", (2, 3), (3, 2)),
    ("ij,kj->ik", (2, 3), (4, 3)),
    ("ij,ij->", (2, 3), (2, 3)),
    ("ij,ij->i", (2, 3), (2, 3)),
    ("i,j->ij", (2,), (3,)),
    ("i,i", (3,), (3,)),
    ("i,->i", (3,), ()),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iij->j", (3, 3, 2)),
    ("ijj,j->i", (2, 3, 3), (3,)),
    ("...ij,...jk->...ik", (2, 2, 3), (2, 3, 2)),
    ("...i,i", (2, 3), (3,)),
    ("...i,...i->...", (2, 3), (3,)),
    ("i...->...i", (2, 3, 4)),
    ("i...,i...->...", (2, 3), (2, 3)),
    ("bij,bjk,bkl->bil", (2, 2, 3), (2, 3, 2), (2, 2, 2)),
    ("i,i,i->", (3,), (3,), (3,)),
    ("ij , jk -> ik", (2, 3), (3, 2)),
    ("ab,cd->", (2, 2), (2, 2)),
    ("ij,jk", (1, 3), (3, 2)),
    ("ij,ij->ij", (1, 3), (2, 3)),
    ("ij->ij", (0, 3)),
]


@pytest.mark.parametrize(("text", "shapes"), [(s[0], s[1:]) for s in SUBSCRIPTS], ids=lambda s: str(s))
def test_einsum(text, shapes):
    arrays = [np.cos(np.arange(np.prod(s, dtype=int)) * (k + 1.7) + 0.3).reshape(s) for k, s in enumerate(shapes)]
    try:
        np.einsum(text, *arrays)
    except ValueError:
        with pytest.raises(ValueError):
            gw.grad(lambda *a: np.sum(np.einsum(text, *a)))(*arrays)
        return
    check(lambda *a: np.einsum(text, *a), *arrays)


def test_einsum_of_one_array_twice():
    check(lambda a: np.einsum("ij,kj->ik", a, a), M)
    check(lambda a: np.einsum("i,i,i", a, a, a, optimize=True), V)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((2, 3), (3, 2)),
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 2, 3), (3, 2)),
        ((2, 3), (2, 3, 2)),
        ((2, 1, 2, 3), (4, 3, 2)),
        ((3,), (2, 3, 2)),
        ((2, 2, 3), (3,)),
        ((1, 2, 3), (4, 3, 2)),
        ((0, 3), (3, 2)),
        ((2, 0), (0, 2)),
    ],
    ids=str,
)
def test_matmul(a, b):
    first, second = (np.cos(np.arange(np.prod(s, dtype=int)) + k).reshape(s) for k, s in enumerate((a, b)))
    check(lambda a, b: a @ b, first, second)
    if len(a) <= 2 and len(b) <= 2:
        check(lambda a, b: np.dot(a, b), first, second)


def test_products_of_plain_and_traced():
    check(lambda a: M.T @ a, M)
    check(lambda a: a @ M.T, M)
    check(lambda a: M.dot(a), V)
    check(lambda a: np.inner(M, a), V)
    check(lambda a: np.outer(a, V), V)
    check(lambda a: np.tensordot(a, T, axes=([1], [1])), M)
    check(lambda a: M.tolist() @ a, V)


# -- shapes -----------------------------------------------------------------------------------------------------------

SHAPED = [
    lambda a: a.reshape(3, 8),
    lambda a: a.reshape((4, -1)),
    lambda a: np.reshape(a, (6, 4), order="F"),
    lambda a: a.ravel(),
    lambda a: a.T,
    lambda a: np.transpose(a, (1, 2, 0)),
    lambda a: a.transpose(2, 0, 1),
    lambda a: np.swapaxes(a, 0, -1),
    lambda a: np.moveaxis(a, 0, -1),
    lambda a: np.moveaxis(a, (0, 1), (2, 0)),
    lambda a: np.expand_dims(a, (0, 2)),
    lambda a: np.squeeze(a[None]),
    lambda a: np.squeeze(a[None], axis=0),
    lambda a: np.broadcast_to(a, (2, 2, 3, 4)),
    lambda a: np.concatenate([a, a * 2], axis=1),
    lambda a: np.concatenate([a, a * 2], axis=None),
    lambda a: np.stack([a, a * a], axis=-1),
    lambda a: np.vstack([a[0], a[1] * 2]),
    lambda a: np.hstack([a[0, 0], a[1, 1]]),
    lambda a: np.column_stack([a[0, 0], a[1]. T]),
    lambda a: np.dstack([a[0], a[1]]),
    lambda a: np.atleast_3d(a[0]),
    lambda a: np.flip(a, (0, 2)),
    lambda a: np.roll(a, (1, 2), (0, 1)),
    lambda a: np.tile(a, (1, 2, 1)),
    lambda a: np.repeat(a, [1, 0, 2], axis=1),
    lambda a: np.rot90(a, 1, (1, 2)),
    lambda a: np.diff(a, axis=1),
    lambda a: np.pad(a, ((0, 0), (1, 2), (0, 1)), mode="wrap"),
    lambda a: np.array_split(a, 2, axis=2)[1],
    lambda a: np.sort(a, axis=1),
    lambda a: np.tril(a),
    lambda a: np.diagonal(a, 1, 1, 2),
    lambda a: np.trace(a),
    lambda a: np.where(np.ones((2, 1, 1), bool), a, 0),
    lambda a: np.clip(a, -0.55, None),
    lambda a: np.clip(a, None, a * 0 + 0.45),
]  # fmt: skip


@pytest.mark.parametrize("f", SHAPED, ids=range(len(SHAPED)))
def test_shapes(f):
    check(f, T)


@quick
@given(st.permutations(range(3)), st.integers(-3, 2), st.integers(1, 2))
def test_random_rearrangements(order, axis, k):
    check(lambda a: np.roll(np.transpose(a, order), k, axis=axis).reshape(4, -1)[:, ::k], T)


def test_dtypes_of_calls():
    for call in (
        lambda a: np.add(a, 1, dtype=np.float32),
        lambda a: np.exp(a, dtype=np.float32),
        lambda a: a.astype(np.float32) * 2,
    ):
        with_trace = trace_call(call, [V])
        assert with_trace.builder.dtype(with_trace.outputs[0]) == call(V).dtype
        assert gw.grad(lambda a, call=call: np.sum(call(a)))(V).dtype == np.float64
    whole = gw.trace(lambda a: (a & 1) + (a | 2), np.array([1, 2, 3]))
    assert whole.run(np.array([1, 2, 3])).outputs[0].tolist() == [4, 2, 4]
