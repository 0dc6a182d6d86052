"""Complex numbers: parts, conjugate, angle.

Convention, stated once: the gradient of a real loss by z = x + iy is dL/dx - i dL/dy, as in autograd and JAX. Then
every rule for real numbers holds as it stands, and a step against the *conjugate* of the gradient lowers the loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.notation.layout import Layout, call
from gradwork.ops._declare import Builder, Traced, composite, lift, node, structural

TABLE = np.array([[0.5, -1.0 + 2.0j, 2.0j], [1.5, 1.0, 0.25 - 1.0j]])
_CONVENTION = "convention dL/dx - i dL/dy, as in autograd and JAX"


def _of_complex(name: str, for_real: Any) -> Any:
    def lower(builder: Builder, a: Any, out: Any = None) -> Any:
        from gradwork.graph.op import REGISTER

        a = Traced(builder, lift(builder, a))
        return node(builder, REGISTER.named(name), (a,)) if a.dtype.kind == "c" else for_real(a)

    return lower


def _named(name: str) -> Any:
    def notation(a: Layout) -> Layout:
        return call(name, a)

    return notation


def _real(a: Any) -> Any:
    return np.array(np.real(a))[()]


def _imag(a: Any) -> Any:
    return np.array(np.imag(a))[()]


structural(
    _real,
    name="real",
    jax="numpy.real",
    answers=(np.real,),
    rule="real part rule",
    notation=_named("Re"),
    lower=_of_complex("real", lambda a: a),
    pullback=lambda g, y, a: (g.astype(a.dtype),),
    linear="joint",
    samples=((TABLE, {}),),
    why="Moving x moves Re z by as much; moving y does not move it.",
    source=_CONVENTION,
)

structural(
    _imag,
    name="imag",
    jax="numpy.imag",
    answers=(np.imag,),
    rule="imaginary part rule",
    notation=_named("Im"),
    lower=_of_complex("imag", np.zeros_like),
    pullback=lambda g, y, a: (g * (-1j if a.dtype.itemsize > 8 else np.complex64(-1j)),),
    linear="joint",
    samples=((TABLE, {}),),
    why="Moving y moves Im z by as much, and dL/dx - i dL/dy is then -i.",
    source=_CONVENTION,
)

structural(
    lambda a: np.conjugate(a),
    name="conjugate",
    jax="numpy.conjugate",
    answers=(np.conjugate,),
    rule="conjugate rule",
    notation=_named("conj"),
    lower=_of_complex("conjugate", lambda a: a),
    pullback=lambda g, y, a: (np.conjugate(g),),
    linear="joint",
    samples=((TABLE, {}),),
    why="y turns its sign, x does not.",
    source=_CONVENTION,
)

composite(
    np.angle,
    rule="arctangent rule",
    lower=lambda z, deg=False: np.arctan2(np.imag(z), np.real(z)) * (180 / np.pi if deg else 1.0),
    samples=((TABLE, {}),),
    why="The angle of the point (Re z, Im z).",
    source="DLMF 4.24.9",
)
