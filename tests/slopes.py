"""Slopes of a function that gives arrays: back, forward, measured and once more, held against one another."""

from __future__ import annotations

import numpy as np
import pytest

import gradwork as gw


def numbers(shape, seed, *, is_complex=False, dtype=np.float64):
    random = np.random.default_rng(seed)
    array = random.normal(size=shape)
    if is_complex:
        return (array + 1j * random.normal(size=shape)).astype(np.result_type(dtype, np.complex64))
    return array.astype(dtype)


def one_number(f):
    """A loss that looks at every entry of every result, at each with another weight."""

    def loss(*arrays):
        results = f(*arrays)
        total = 0.0
        for k, result in enumerate(results if isinstance(results, tuple) else (results,)):
            first, second = numbers((2, *np.shape(result)), 70 + k)
            total = total + np.sum(first * np.real(result)) + np.sum(second * np.imag(result))
        return total

    return loss


def measured(loss, arrays, directions, step=1e-5):
    """The slope along `directions`, by central differences at two steps (Richardson 1911)."""

    def central(h):
        ahead, behind = (loss(*(a + s * h * d for a, d in zip(arrays, directions, strict=True))) for s in (1, -1))
        return (float(ahead) - float(behind)) / (2 * h)

    return (4 * central(step / 2) - central(step)) / 3


def weighed(slopes, directions):
    return float(sum(np.real(np.sum(s * d)) for s, d in zip(slopes, directions, strict=True)))


def assert_slopes(f, *arrays, second=False):
    """Back, forward and measured slopes agree, along a direction in which every entry moves."""
    loss = one_number(f)
    every = tuple(range(len(arrays)))
    directions = [numbers(a.shape, 40 + k, is_complex=np.iscomplexobj(a)) for k, a in enumerate(arrays)]
    slopes = gw.grad(loss, wrt=every)(*arrays)
    assert [s.shape for s in slopes] == [a.shape for a in arrays]
    assert [s.dtype for s in slopes] == [a.dtype for a in arrays]
    along = weighed(slopes, directions)
    size = 1 + sum(np.sum(np.abs(s * d)) for s, d in zip(slopes, directions, strict=True))
    assert along == pytest.approx(measured(loss, arrays, directions), abs=2e-8 * size)
    value, moved = gw.jvp(loss, arrays, directions)
    assert float(value) == pytest.approx(float(loss(*arrays)), rel=1e-12, abs=1e-12)
    assert float(moved) == pytest.approx(along, abs=1e-11 * size)
    if second:
        both = lambda *xs: weighed_traced(gw.grad(loss, wrt=every)(*xs), directions)  # noqa: E731
        again = gw.grad(both, wrt=every)(*arrays)
        bend = measured(lambda *xs: weighed(gw.grad(loss, wrt=every)(*xs), directions), arrays, directions)
        scale = 1 + sum(np.sum(np.abs(s * d)) for s, d in zip(again, directions, strict=True))
        assert weighed(again, directions) == pytest.approx(bend, abs=1e-6 * scale)


def weighed_traced(slopes, directions):
    total = 0.0
    for slope, direction in zip(slopes, directions, strict=True):
        total = total + np.sum(np.real(slope * direction))
    return total
