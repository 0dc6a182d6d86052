"""Whether JAX's program, carried over step by step, gives what JAX itself gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from gradwork.check.given import Array
from gradwork.jax._program import NotFollowed, Program
from gradwork.jax._reading import read
from gradwork.jax._replay import replayed

SAME = 1e-11  # of an output's size: rounding of two orders of summing, in double precision
NOTHING = 1e-14  # of the largest output
SHAKEN = 0.1


def followed(f: Callable[..., Any], run: Callable[..., Any], arrays: Mapping[str, Array]) -> Program:
    """The program of `f`, which gives what `run` gives here and at a second point. Raises NotFollowed."""
    points = [dict(arrays), _moved(arrays)]
    try:
        return _verified(read(f, arrays, named=True), run, points)
    except NotFollowed:
        return _verified(read(f, arrays, named=False), run, points)


def _moved(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Every number moved by up to a tenth; what is zero as well, in case it stands for nothing here alone."""
    generator = np.random.default_rng(5)
    found = {}
    for name, array in arrays.items():
        size = np.where(array == 0, float(np.sqrt(np.mean(array**2))) or 1.0, array) if np.size(array) else array
        found[name] = np.asarray(array + SHAKEN * size * generator.uniform(-1, 1, np.shape(array)))
    return found


def _verified(program: Program, run: Callable[..., Any], points: Sequence[Mapping[str, Array]]) -> Program:
    """The program, if it gives what `run` gives."""
    for point in points:
        theirs = [np.asarray(o) for o in run({n: jnp.asarray(a) for n, a in point.items()})]
        try:
            ours = [np.asarray(o) for o in replayed(program, point)]
        except (ArithmeticError, ValueError, TypeError, LookupError) as error:
            raise NotFollowed(f"carried over, it fails: {error}") from error
        if not equal(ours, theirs):
            raise NotFollowed("carried over, it gives other numbers than JAX does")
    return program


def equal(ours: Sequence[Array], theirs: Sequence[Array]) -> bool:
    """Whether the outputs are the same but for rounding; some of them may cancel to nothing but that."""
    if [o.shape for o in ours] != [t.shape for t in theirs]:
        return False
    sizes = [float(np.max(np.abs(t[np.isfinite(t)]), initial=0.0)) for t in theirs]
    nothing = NOTHING * max(sizes, default=0.0)
    return all(
        np.allclose(o, t, rtol=0.0, atol=SAME * size, equal_nan=True)
        or (size <= nothing and bool(np.all(np.abs(o) <= nothing)))
        for o, t, size in zip(ours, theirs, sizes, strict=True)
    )
