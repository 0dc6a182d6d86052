"""The rules against what is measured: back and forward, once and twice, in single precision, for complex numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwork.gradients.contract.nudges import nudged
from gradwork.gradients.contract.samples import Broken, Case, size, uneven
from gradwork.gradients.transforms import grad, jvp, vjp
from gradwork.graph.op import Composite, Op

_CLOSE = 1e-6


def both_against_nudges(op: Op | Composite, case: Case) -> Iterator[Broken]:
    """Going back and going forward, against nudges, with weights and directions that are not all alike."""
    point = case.point
    tables = nudged(case, point)
    value, pullback = vjp(case, *point)
    weights = uneven(np.shape(value), 1)
    for k, slope in enumerate(pullback(weights)):
        expected = np.tensordot(weights, tables[k], axes=np.ndim(weights))
        yield from compare("the rule agrees with nudges", f"{case.text}, input {k}", slope, expected)
    for k, array in enumerate(point):
        tangents = [uneven(np.shape(a), 2) if j == k else np.zeros_like(a) for j, a in enumerate(point)]
        _, moved = jvp(case, point, [t if j == k else None for j, t in enumerate(tangents)])
        expected = np.tensordot(tables[k], tangents[k], axes=np.ndim(array))
        yield from compare("the way forward agrees with nudges", f"{case.text}, input {k}", moved, expected)


def complex_step(op: Op | Composite, case: Case) -> Iterator[Broken]:
    """An analytic op moved by an imaginary step, which loses no digits."""
    if isinstance(op, Composite) or not op.analytic:
        return
    point = case.point
    tangents = [uneven(np.shape(a), 3) for a in point]
    tiny = 1e-30
    with np.errstate(all="ignore"):
        shifted = case(*(a + 1j * tiny * t for a, t in zip(point, tangents, strict=True)))
    _, moved = jvp(case, point, tangents)
    expected = np.imag(shifted) / tiny
    if not np.allclose(moved, expected, rtol=1e-12, atol=1e-13 * size(expected)):
        yield Broken("an analytic op agrees with a complex step", case.text, f"{moved!r}, not {expected!r}")


def complex_numbers(op: Op | Composite, case: Case) -> Iterator[Broken]:
    """At complex points: forward against a step in a complex direction, and back against forward by real parts."""
    if not case.is_complex and (isinstance(op, Composite) or not op.analytic):
        return
    point = [p + (0 if case.is_complex else 0.3j * uneven(np.shape(p), 9)) for p in case.point]
    tangents = [uneven(np.shape(p), 10) + 1j * uneven(np.shape(p), 11) for p in point]
    value, moved = jvp(case, point, tangents)
    step = 1e-5
    with np.errstate(all="ignore"):
        ahead, behind = (
            np.asarray(case(*(p + s * t for p, t in zip(point, tangents, strict=True)))) for s in (step, -step)
        )
    yield from compare("complex numbers move as nudges say", case.text, moved, (ahead - behind) / (2 * step), 10)
    weights = uneven(np.shape(value), 12) + (1j * uneven(np.shape(value), 13) if np.iscomplexobj(value) else 0.0)
    slopes = vjp(case, *point)[1](weights)
    pairs = [s * t for s, t in zip(slopes, tangents, strict=True)]
    back, forward = float(sum(np.real(np.sum(p)) for p in pairs)), float(np.real(np.sum(weights * moved)))
    if not abs(back - forward) <= 1e-10 * float(sum(np.sum(np.abs(p)) for p in pairs)) + 1e-300:
        yield Broken(
            "back and forward weigh the same, for complex numbers", case.text, f"forward {forward!r}, back {back!r}"
        )


def both_ways(op: Op | Composite, case: Case) -> Iterator[Broken]:
    """What is carried back weighs as much as what is carried forward: ⟨w, J t⟩ = ⟨Jᵀ w, t⟩."""
    point = case.point
    tangents = [uneven(np.shape(a), 4) for a in point]
    value, pullback = vjp(case, *point)
    weights = uneven(np.shape(value), 5)
    _, moved = jvp(case, point, tangents)
    forward = float(np.sum(weights * moved))
    pairs = [(s, t) for s, t in zip(pullback(weights), tangents, strict=True)]
    back = float(sum(np.sum(s * t) for s, t in pairs))
    scale = float(sum(np.sum(np.abs(s * t)) for s, t in pairs)) + abs(forward)
    if not abs(forward - back) <= 1e-11 * scale + 1e-300:
        yield Broken("back and forward weigh the same", case.text, f"forward {forward!r}, back {back!r}")


def second_slopes(op: Op | Composite, case: Case) -> Iterator[Broken]:
    """The gradient's own gradient, against nudges of the gradient."""
    point = case.point
    weights = uneven(np.shape(case(*point)), 6)
    every = tuple(range(len(point)))

    def number(*arrays: Any) -> Any:
        return np.sum(weights * case(*arrays))

    def along(*arrays: Any) -> Any:
        slopes = grad(number, wrt=every)(*arrays)
        total: Any = 0.0
        for k, slope in enumerate(slopes):
            total = total + np.sum(uneven(np.shape(point[k]), 7) * slope)
        return total

    expected = nudged(along, point)
    for k, slope in enumerate(grad(along, wrt=every)(*point)):
        yield from compare("the second slope agrees with nudges", f"{case.text}, input {k}", slope, expected[k], 10)


def single_precision(op: Op | Composite, case: Case) -> Iterator[Broken]:
    """In float32: the dtypes that NumPy has, and the same slopes less finely."""
    point = case.in_float32()
    with np.errstate(all="ignore"):
        plain = np.asarray(case(*point))
        value, pullback = vjp(case, *point)
    if np.asarray(value).dtype != plain.dtype:
        yield Broken("float32 stays as NumPy has it", case.text, f"value {np.asarray(value).dtype}, not {plain.dtype}")
    wide = vjp(case, *case.point)[1](np.ones(plain.shape))
    for k, (slope, better) in enumerate(zip(pullback(np.ones(plain.shape, plain.dtype)), wide, strict=True)):
        if np.asarray(slope).dtype != np.float32:
            yield Broken("a gradient has its argument's dtype", f"{case.text}, input {k}", str(np.asarray(slope).dtype))
        elif not np.allclose(slope, better, rtol=2e-4, atol=2e-4 * size(better)):
            yield Broken(
                "float32 gives the same slopes, less finely", f"{case.text}, input {k}", f"{slope!r}, not {better!r}"
            )


def compare(promise: str, at: str, slope: Any, expected: Any, loose: float = 1) -> Iterator[Broken]:
    """Broken where a slope has not the shape or the numbers that were measured; `loose` widens the tolerance."""
    slope = np.asarray(slope)
    if slope.shape != np.shape(expected):
        yield Broken(promise, at, f"shape {slope.shape}, not {np.shape(expected)}")
    elif not np.allclose(slope, expected, rtol=_CLOSE * loose, atol=_CLOSE * loose * size(expected)):
        yield Broken(promise, at, f"{slope!r}, measured {expected!r}")
