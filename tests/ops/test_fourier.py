"""Fourier transforms: slopes against nudges, for every length, axis and norm; and against one another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slopes import assert_slopes, numbers

import gradwork as gw
from gradwork.errors import GradworkError

NORMS = (None, "backward", "ortho", "forward")
OF_ONE_AXIS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
OF_SEVERAL = ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")
REAL_ONLY = ("rfft", "ihfft", "rfft2", "rfftn")
COMPLEX = {name: (False,) if name in REAL_ONLY else (False, True) for name in (*OF_ONE_AXIS, *OF_SEVERAL)}


def transform(name, **options):
    return lambda a: getattr(np.fft, name)(a, **options)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", OF_ONE_AXIS)
def test_one_axis_at_every_length(name, norm):
    for is_complex in COMPLEX[name]:
        for n in (None, 1, 2, 3, 4, 5, 6):
            for axis in (0, -1):
                a = numbers((3, 4), 1, is_complex=is_complex)
                assert_slopes(transform(name, n=n, axis=axis, norm=norm), a, second=n is None)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", OF_SEVERAL)
def test_several_axes(name, norm):
    for is_complex in COMPLEX[name]:
        a = numbers((3, 2, 4), 1, is_complex=is_complex)
        for options in ({}, {"axes": (0, 2)}, {"axes": (2, 0)}, {"s": (5, 3)}, {"s": (2, 4), "axes": (1, 0)}):
            if "s" in options and "axes" not in options:
                options = {**options, "axes": (-2, -1)}
            assert_slopes(transform(name, norm=norm, **options), a)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_shape_any_axis_any_length(data):
    name = data.draw(st.sampled_from(OF_ONE_AXIS))
    shape = tuple(data.draw(st.lists(st.integers(2, 4), min_size=1, max_size=3)))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    n = data.draw(st.one_of(st.none(), st.integers(1, 7)))
    a = numbers(shape, 3, is_complex=data.draw(st.sampled_from(COMPLEX[name])))
    f = transform(name, n=n, axis=axis, norm=data.draw(st.sampled_from(NORMS)))
    assert np.array_equal(gw.vjp(f, a)[0], f(a))
    assert_slopes(f, a)


@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
def test_shifts(name):
    for axes in (None, 0, (0, 2), -1):
        a = numbers((3, 2, 4), 1, is_complex=True)
        assert np.array_equal(gw.vjp(transform(name, axes=axes), a)[0], getattr(np.fft, name)(a, axes=axes))
        assert_slopes(transform(name, axes=axes), a)


@pytest.mark.parametrize("name", [*OF_ONE_AXIS, *OF_SEVERAL])
def test_values_and_kinds_are_those_of_numpy(name):
    for kind in (np.float32, np.float64, np.complex64, np.complex128):
        if np.dtype(kind).kind == "c" and name in REAL_ONLY:
            continue
        a = numbers((4, 5), 2, is_complex=np.dtype(kind).kind == "c").astype(kind)
        f = transform(name)
        value, pullback = gw.vjp(f, a)
        assert value.dtype == f(a).dtype
        assert np.array_equal(value, f(a))
        (slope,) = pullback(np.ones_like(value))
        assert slope.dtype == kind


def test_the_energy_of_a_signal_is_that_of_its_frequencies():
    signal = numbers((8,), 1)
    slopes = gw.grad(lambda a: np.sum(np.abs(np.fft.fft(a, norm="ortho")) ** 2))(signal)
    assert np.allclose(slopes, 2 * signal)
    bend = gw.hessian(lambda a: np.sum(np.abs(np.fft.rfft(a)[1:-1]) ** 2 / 8))(signal)
    assert np.allclose(bend, bend.T)


def test_there_and_back_is_the_identity():
    for there, back in (("fft", "ifft"), ("ihfft", "hfft"), ("rfft", "irfft"), ("fftn", "ifftn")):
        a = numbers((4, 6), 1)
        table = gw.jacobian(lambda a, t=there, b=back: np.real(getattr(np.fft, b)(getattr(np.fft, t)(a))))(a)
        assert np.allclose(table.reshape(24, 24), np.eye(24))


def test_a_filter_is_learnt_through_its_frequencies():
    signal, wanted = numbers((16,), 1), numbers((16,), 2)
    loss = lambda h: np.mean((np.fft.irfft(np.fft.rfft(signal) * np.fft.rfft(h, 16), 16) - wanted) ** 2)  # noqa: E731
    assert_slopes(loss, numbers((5,), 3), second=True)


def test_out_is_filled_and_given_back():
    slopes = gw.grad(lambda x: np.real(np.fft.fft(x, out=np.zeros(3, complex))[0]))(np.ones(3))
    assert slopes.tolist() == [1.0, 1.0, 1.0]


def test_an_array_made_of_traced_numbers():
    slope = gw.grad(lambda x: np.abs(np.fft.fft(np.stack([x, 2 * x, 1.0]))[1]))(0.5)
    with pytest.warns(UserWarning, match="nudging"):
        measured = gw.grad(lambda x: np.abs(np.fft.fft(np.array([x, 2 * x, 1.0]))[1]))(0.5)
    assert measured == pytest.approx(slope, abs=1e-8)


def test_frequencies_are_plain_numbers():
    slopes = gw.grad(lambda x: np.sum(np.fft.fftfreq(4) * x) + np.sum(np.fft.rfftfreq(6)))(np.ones(4))
    assert slopes.tolist() == np.fft.fftfreq(4).tolist()


def test_lengths_that_cannot_be_are_said():
    for f in (
        lambda a: np.fft.fft(a, n=0),
        lambda a: np.fft.fft(a, axis=3),
        lambda a: np.fft.irfft(a[:1]),
        lambda a: np.fft.rfft(a * 1j),
        lambda a: np.fft.fft(a, norm="other"),
        lambda a: np.fft.hfft(a, norm="other"),
        lambda a: np.fft.fftn(a, s=(2, 2), axes=(0,)),
    ):
        with pytest.raises((GradworkError, np.exceptions.AxisError)):
            gw.grad(lambda a, f=f: np.sum(np.abs(f(a))))(np.ones(3))


def test_jax_and_torch_give_the_same_slopes():
    jax, torch = pytest.importorskip("jax"), pytest.importorskip("torch")
    jax.config.update("jax_enable_x64", True)
    a = numbers((3, 4), 1)
    for name in (*OF_ONE_AXIS, *OF_SEVERAL):
        weights = numbers(getattr(np.fft, name)(a).shape, 2)
        mine = gw.grad(lambda a, n=name, w=weights: np.sum(w * np.abs(getattr(np.fft, n)(a)) ** 2))(a)
        theirs = jax.grad(
            lambda a, n=name, w=weights: jax.numpy.sum(w * jax.numpy.abs(getattr(jax.numpy.fft, n)(a)) ** 2)
        )(a)
        assert np.allclose(mine, theirs, rtol=1e-9), name
        tensor = torch.tensor(a, requires_grad=True)
        torch.sum(torch.tensor(weights) * getattr(torch.fft, name)(tensor).abs() ** 2).backward()
        assert np.allclose(mine, tensor.grad.numpy(), rtol=1e-9), name


def test_complex_slopes_follow_the_convention():
    z = numbers((4,), 1, is_complex=True)
    weights = numbers((4,), 2, is_complex=True)
    slopes = gw.grad(lambda z: np.real(np.sum(weights * np.fft.fft(z))))(z)
    # dL/dx - i dL/dy of Re(sum w F z) is F^T w, and F is symmetric.
    assert np.allclose(slopes, np.fft.fft(weights))
