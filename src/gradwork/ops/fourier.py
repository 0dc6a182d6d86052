"""Fourier transforms. Each is linear, and what comes back through one is the same sums read the other way.

A transform over several axes is one over each of them after the other, as NumPy does it too.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, ShapeError
from gradwork.graph import frames
from gradwork.notation.layout import call
from gradwork.ops._declare import Builder, Traced, axes_of, composite, finish, node, structural, unsupported
from gradwork.ops.factor_parts import traced

_function: Any
ROW = np.array([0.5, -1.0, 2.0, 1.5])
TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
WAVES = np.array([[0.5 + 1.0j, -1.0, 2.0 - 0.5j], [1.5j, 1.0 + 0.3j, 0.25]])
_SOURCE = "Oppenheim and Schafer, Discrete-time Signal Processing, 2010, chapter 8; convention dL/dx - i dL/dy"
_TURNED: dict[str, Any] = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


def _turned(norm: Any) -> Any:
    """The norm of the transform the other way."""
    if (norm or "backward") not in _TURNED:
        raise unsupported("a Fourier transform", f"norm={norm!r}")
    return _TURNED[norm or "backward"]


def _one_axis(name: str) -> Any:
    def lower(builder: Builder, a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
        from gradwork.graph.op import REGISTER

        a = traced(builder, a)
        axis = np.lib.array_utils.normalize_axis_index(operator.index(axis), a.ndim)
        if n is None:
            n = a.shape[axis] if name != "irfft" else 2 * (a.shape[axis] - 1)
        if name == "rfft" and a.dtype.kind == "c":
            raise ArgumentError(
                "rfft takes real numbers, and these are complex", where=frames.user_where(), hint="np.fft.fft"
            )
        made = node(builder, REGISTER.named(name), (a,), n=operator.index(n), axis=axis, norm=norm or "backward")
        return finish(made, out)

    return lower


def _to_length(a: Any, n: int, axis: int) -> Any:
    """`a` cut off, or filled up with zeros, to n entries along an axis."""
    have = a.shape[axis]
    if have >= n:
        return a if have == n else a[(slice(None),) * axis + (slice(0, n),)]
    shape = (*a.shape[:axis], n - have, *a.shape[axis + 1 :])
    return np.concatenate([a, np.zeros(shape, a.dtype)], axis=axis)


def _of_kind(slope: Any, a: Any) -> Any:
    return slope if a.dtype.kind == "c" else np.real(slope)


def _fft_pullback(function: Any) -> Any:
    def pullback(g: Any, y: Any, a: Any, n: int, axis: int, norm: Any) -> tuple[Any, ...]:
        return (_of_kind(_to_length(function(g, n, axis, norm), a.shape[axis], axis), a),)

    return pullback


def _rfft_pullback(g: Any, y: Any, a: Any, n: int, axis: int, norm: Any) -> tuple[Any, ...]:
    whole = np.real(np.fft.fft(_to_length(g, n, axis), n, axis, norm))
    return (_to_length(whole, a.shape[axis], axis),)


def _irfft_pullback(g: Any, y: Any, a: Any, n: int, axis: int, norm: Any) -> tuple[Any, ...]:
    back = np.conjugate(np.fft.rfft(g, n, axis, _TURNED[norm]))
    # Every frequency but the first, and the last of an even number, stands for two: itself and its conjugate.
    twice = np.full(n // 2 + 1, 2, back.real.dtype)
    twice[0] = 1
    if n % 2 == 0:
        twice[-1] = 1
    back = back * np.reshape(twice, (-1, *(1,) * (a.ndim - 1 - axis)))
    return (_of_kind(_to_length(back, a.shape[axis], axis), a),)


def _declare(function: Any, pullback: Any, why: str, *samples: Any) -> None:
    name = function.__name__
    structural(
        lambda a, n, axis, norm: function(a, n, axis, norm),
        name=name,
        jax=f"numpy.fft.{name}",
        answers=(function,),
        rule="Fourier rule",
        notation=lambda a, n, axis, norm: call(name, a),
        lower=_one_axis(name),
        pullback=pullback,
        linear="joint",
        samples=samples,
        why=why,
        source=_SOURCE,
    )


_WHY = "Each output is a sum of the inputs times e^(-2 pi i j k / n), which reads the same from both sides."
_SAMPLES: tuple[Any, ...] = (
    (ROW, {}),
    (TABLE, {"n": 5, "axis": 1}),
    (TABLE, {"n": 2}),
    (WAVES, {"axis": 0, "norm": "ortho"}),
    (WAVES, {"n": 4, "norm": "forward"}),
)
_declare(np.fft.fft, _fft_pullback(np.fft.fft), _WHY, *_SAMPLES)
_declare(np.fft.ifft, _fft_pullback(np.fft.ifft), _WHY.replace("-2", "2"), *_SAMPLES)
_declare(
    np.fft.rfft,
    _rfft_pullback,
    "The first half of the transform; of real numbers the other half is its mirror.",
    (ROW, {}),
    (TABLE, {"n": 5, "axis": 1}),
    (TABLE, {"axis": 0, "norm": "ortho"}),
    (TABLE, {"n": 2, "norm": "forward"}),
)
_declare(
    np.fft.irfft,
    _irfft_pullback,
    "Each frequency between the first and the last stands for two, itself and its mirror, and counts twice.",
    (WAVES, {}),
    (WAVES, {"n": 5}),
    (WAVES, {"n": 2, "norm": "ortho"}),
    (TABLE, {"axis": 0, "n": 3, "norm": "forward"}),
)


# -- written in terms of these ----------------------------------------------------------------------------------------


def _hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    n = 2 * (a.shape[axis] - 1) if n is None else n
    return np.fft.irfft(np.conjugate(a), n, axis, _turned(norm), out)


def _ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    made: Any = np.conjugate(np.fft.rfft(a, n, axis, _turned(norm)))
    return finish(made, out)


def _sizes(a: Any, s: Any, axes: Any, halved: bool = False) -> tuple[list[int], list[int]]:
    """The length and the axis of each transform, in NumPy's order."""
    if s is None:
        axes = list(range(a.ndim)) if axes is None else [int(i) for i in axes]
        s = [a.shape[i] for i in axes]
        if halved and axes:
            s[-1] = 2 * (s[-1] - 1)
        return s, axes
    s = [int(n) for n in s]
    axes = list(range(a.ndim - len(s), a.ndim)) if axes is None else [int(i) for i in axes]
    if len(s) != len(axes):
        raise ShapeError(
            f"{len(s)} lengths are given for {len(axes)} axes",
            where=frames.user_where(),
            why="each axis has one length",
        )
    return [a.shape[i] if n == -1 else n for n, i in zip(s, axes, strict=True)], axes


def _many(function: Any) -> Any:
    def lower(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
        sizes, over = _sizes(a, s, axes)
        for n, axis in reversed(list(zip(sizes, over, strict=True))):
            a = function(a, n, axis, norm)
        return finish(a, out)

    return lower


def _rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    sizes, over = _sizes(a, s, axes)
    a = np.fft.rfft(a, sizes[-1], over[-1], norm)
    for n, axis in reversed(list(zip(sizes[:-1], over[:-1], strict=True))):
        a = np.fft.fft(a, n, axis, norm)
    return finish(a, out)


def _irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    sizes, over = _sizes(a, s, axes, halved=True)
    for n, axis in zip(sizes[:-1], over[:-1], strict=True):
        a = np.fft.ifft(a, n, axis, norm)
    made: Any = np.fft.irfft(a, sizes[-1], over[-1], norm)
    return finish(made, out)


def _two(lower: Any) -> Any:
    return lambda a, s=None, axes=(-2, -1), norm=None, out=None: lower(a, s, axes, norm, out)


def _written(function: Any, lower: Any, rule: str, *samples: Any, why: str) -> None:
    def on_arrays(a: Any, *args: Any, **kwargs: Any) -> Any:
        return lower(a if isinstance(a, Traced) else np.asarray(a), *args, **kwargs)

    composite(function, rule=rule, lower=on_arrays, samples=samples, why=why, source=_SOURCE)


_HALF = "The same as irfft, or its mirror, with the directions named the other way round."
_EACH = "One transform over each axis after the other."
_written(np.fft.hfft, _hfft, "Fourier rule", (WAVES, {}), (WAVES, {"n": 5, "norm": "ortho"}), why=_HALF)
_written(np.fft.ihfft, _ihfft, "Fourier rule", (ROW, {}), (TABLE, {"n": 5, "norm": "forward"}), why=_HALF)
_GRID: tuple[Any, ...] = (
    (TABLE, {}),
    (WAVES, {"s": (3, 2), "axes": (0, 1), "norm": "ortho"}),
    (WAVES, {"axes": (1, 0)}),
)
for _function, _single in ((np.fft.fftn, np.fft.fft), (np.fft.ifftn, np.fft.ifft)):
    _written(_function, _many(_single), "Fourier rule", *_GRID, (TABLE, {"axes": (0,)}), why=_EACH)
for _function, _single in ((np.fft.fft2, np.fft.fft), (np.fft.ifft2, np.fft.ifft)):
    _written(_function, _two(_many(_single)), "Fourier rule", *_GRID, why=_EACH)
_REAL: tuple[Any, ...] = ((TABLE, {}), (TABLE, {"s": (3, 4), "norm": "ortho", "axes": (0, 1)}))
_BACK: tuple[Any, ...] = ((WAVES, {}), (WAVES, {"s": (3, 5), "norm": "forward", "axes": (1, 0)}))
_written(np.fft.rfftn, _rfftn, "Fourier rule", *_REAL, why=_EACH)
_written(np.fft.rfft2, _two(_rfftn), "Fourier rule", *_REAL, why=_EACH)
_written(np.fft.irfftn, _irfftn, "Fourier rule", *_BACK, why=_EACH)
_written(np.fft.irfft2, _two(_irfftn), "Fourier rule", *_BACK, why=_EACH)


def _shifted(sign: int) -> Any:
    def lower(x: Any, axes: Any = None) -> Any:
        over = axes_of(axes, x.ndim)
        return np.roll(x, tuple(sign * (x.shape[i] // 2) if sign > 0 else -(x.shape[i] // 2) for i in over), over)

    return lower


for _function, _sign in ((np.fft.fftshift, 1), (np.fft.ifftshift, -1)):
    _written(
        _function,
        _shifted(_sign),
        "rearranging rule",
        (TABLE, {}),
        (WAVES, {"axes": 1}),
        why="The entries are the same; half of them change places.",
    )
