"""Systems of equations, inverse and determinant; products that are written in terms of others."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.op import Op
from gradwork.notation.layout import Number, Power, call
from gradwork.ops._declare import Traced, composite, node, structural

A = np.array([[2.0, 0.5, 0.1], [0.3, 1.5, -0.4], [-0.2, 0.6, 1.1]])
B = np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]])
V = np.array([0.5, -2.0, 1.0])
TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])


def _turned(a: Any) -> Any:
    return np.swapaxes(a, -1, -2)


def _solve_pullback(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    back = np.linalg.solve(_turned(a), g)
    return (-back[..., :, None] * y[..., None, :] if b.ndim == 1 else -np.matmul(back, _turned(y))), back


SOLVE: Op = structural(
    np.linalg.solve,
    name="solve",
    rule="linear system rule",
    notation=lambda a, b: call("solve", a, b),
    lower=lambda builder, a, b: node(builder, SOLVE, (a, b)),
    pullback=_solve_pullback,
    infer=lambda inputs: (inputs[1][0], np.result_type(inputs[0][1], inputs[1][1])),
    analytic=True,
    arity=2,
    samples=((A, B), (A, V)),
    why="From A y = b: dA y + A dy = db.",
    source="Giles 2008, section 2.3.1",
)

INV: Op = structural(
    np.linalg.inv,
    name="inv",
    rule="inverse rule",
    notation=lambda a: Power(a, Number(-1)),
    lower=lambda builder, a: node(builder, INV, (a,)),
    pullback=lambda g, y, a: (-np.matmul(np.matmul(_turned(y), g), _turned(y)),),
    infer=lambda inputs: inputs[0],
    analytic=True,
    samples=((A, {}), (np.stack([A, A + 1]), {})),
    why="From A y = 1: dA y + A dy = 0.",
    source="Giles 2008, section 2.2.3",
)

DET: Op = structural(
    np.linalg.det,
    name="det",
    rule="determinant rule",
    notation=lambda a: call("det", a),
    lower=lambda builder, a: node(builder, DET, (a,)),
    pullback=lambda g, y, a: ((g * y)[..., None, None] * _turned(np.linalg.inv(a)),),
    analytic=True,
    samples=((A, {}), (np.stack([A, A + 1]), {})),
    why="Jacobi's formula: each entry moves the determinant by its cofactor.",
    source="Giles 2008, section 2.2.4",
)


def _kron(a: Any, b: Any) -> Any:
    a, b = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, b))
    ndim = max(a.ndim, b.ndim)
    left, right = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    first = np.reshape(a, tuple(n for pair in zip(left, (1,) * ndim, strict=True) for n in pair))
    second = np.reshape(b, tuple(n for pair in zip((1,) * ndim, right, strict=True) for n in pair))
    return np.reshape(first * second, tuple(m * n for m, n in zip(left, right, strict=True)))


def _cross(a: Any, b: Any, **options: Any) -> Any:
    from gradwork.ops._declare import unsupported

    if any(v not in (-1, None) for v in options.values()) or np.shape(a)[-1] != 3 or np.shape(b)[-1] != 3:
        raise unsupported("cross", "other than vectors of three along the last axis")
    a, b = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, b))
    (a0, a1, a2), (b0, b1, b2) = ([x[..., i] for i in range(3)] for x in (a, b))
    return np.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=-1)


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype, out=out)


def _outer_of(function: Any) -> Any:
    def lower(a: Any, b: Any, **options: Any) -> Any:
        a, b = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, b))
        return function(np.reshape(a, a.shape + (1,) * b.ndim), b, **options)

    return lower


composite(
    np.kron,
    rule="product rule",
    lower=_kron,
    samples=((V, B[:, 0]), (B, A)),
    why="Every entry of one times every entry of the other.",
    source="DLMF 1.4.11",
)
composite(
    np.cross,
    rule="product rule",
    lower=_cross,
    samples=((V, B[:, 0]), (A, A + 1)),
    why="Differences of products.",
    source="DLMF 1.6.9",
)
composite(
    np.trace,
    rule="sum rule",
    lower=_trace,
    samples=((A, {}), (TABLE, {"offset": 1})),
    why="A sum along the diagonal.",
    source="DLMF 1.4.10",
)
for _function in (np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum):
    composite(
        _function.outer,
        name=f"{_function.__name__}.outer",
        rule="sum rule" if _function in (np.add, np.subtract) else "product rule",
        lower=_outer_of(_function),
        words=(),
        samples=((V, B[:, 1]),),
        why="Every entry of one beside every entry of the other.",
        source="by definition",
    )


def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    a, v = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, v))
    a, v = (v, a) if len(v) > len(a) else (a, v)
    total: Any = sum(np.pad(v[k] * a, (k, len(v) - 1 - k)) for k in range(len(v)))
    start, stop = {
        "full": (0, len(total)),
        "same": ((len(v) - 1) // 2, (len(v) - 1) // 2 + len(a)),
        "valid": (len(v) - 1, len(a)),
    }[mode]
    return total[start:stop]


def _polyval(p: Any, x: Any) -> Any:
    result: Any = None
    for coefficient in p:
        result = coefficient if result is None else result * x + coefficient
    return result


composite(
    np.convolve,
    rule="product rule",
    lower=_convolve,
    exact=False,
    samples=((V, B[:, 0]), (V, np.array([1.0, 2.0]), {"mode": "valid"}), (V, np.array([1.0, 2.0]), {"mode": "same"})),
    why="Sums of products, one a shift.",
    source="by definition",
)
composite(
    np.polyval,
    rule="product rule",
    lower=_polyval,
    samples=((V, 1.5), (V, B[:, 0])),
    why="Horner's way: a product and a sum for each power.",
    source="Horner 1819",
)
composite(
    np.vander,
    rule="power rule",
    lower=lambda x, N=None, increasing=False: _vander(x, len(x) if N is None else N, increasing),
    samples=((V, {}),),
    exact=False,
    why="A column of powers after the other.",
    source="DLMF 1.4.14",
)


def _vander(x: Any, n: int, increasing: bool) -> Any:
    x = x.astype(np.promote_types(x.dtype, int))
    powers = [np.ones_like(x)]
    for _ in range(n - 1):
        powers.append(powers[-1] * x)
    return np.stack(powers if increasing else powers[::-1], axis=1)
