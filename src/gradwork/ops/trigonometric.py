"""Circular and hyperbolic functions and their inverses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.notation.layout import call
from gradwork.ops._declare import elementwise

ANY = (-2.0, 0.3, 1.4)
INSIDE = (-0.7, 0.1, 0.8)


def _declare(function: Any, slope: Any, why: str, source: str, samples: tuple[float, ...] = ANY, **rest: Any) -> None:
    name = function.__name__
    elementwise(
        function,
        rule=rest.pop("rule", f"{name} rule"),
        notation=lambda a: call(name, a),
        slopes=(slope,),
        analytic=rest.pop("analytic", True),
        samples=samples,
        why=why,
        source=source,
        scalar=f"{plain}({{0}})" if hasattr(math, plain := name.replace("arc", "a")) else "",
        **rest,
    )


_declare(
    np.sin,
    lambda y, a: np.cos(a),
    "The height of a point on a circle rises as fast as the point is far right.",
    "DLMF 4.20.1",
    rule="sine rule",
)
_declare(
    np.cos,
    lambda y, a: -np.sin(a),
    "It is the sine a quarter turn ahead; so is its slope.",
    "DLMF 4.20.2",
    rule="cosine rule",
)
_declare(np.tan, lambda y, a: 1 + y**2, "The quotient rule on sin/cos.", "DLMF 4.20.3", rule="tangent rule")
_declare(
    np.arcsin,
    lambda y, a: 1 / np.sqrt(1 - a**2),
    "sin y = a, so cos y dy = da.",
    "DLMF 4.24.7",
    INSIDE,
    rule="arcsine rule",
    unbounded=True,
)
_declare(
    np.arccos,
    lambda y, a: -1 / np.sqrt(1 - a**2),
    "cos y = a, so -sin y dy = da.",
    "DLMF 4.24.8",
    INSIDE,
    rule="arccosine rule",
    unbounded=True,
)
_declare(
    np.arctan,
    lambda y, a: 1 / (1 + a**2),
    "tan y = a, so (1 + tan^2 y) dy = da.",
    "DLMF 4.24.9",
    rule="arctangent rule",
)
_declare(np.sinh, lambda y, a: np.cosh(a), "Half of e^a - e^-a.", "DLMF 4.34.1")
_declare(np.cosh, lambda y, a: np.sinh(a), "Half of e^a + e^-a.", "DLMF 4.34.2")
_declare(
    np.tanh,
    lambda y, a: 1 - y**2,
    "tanh is a quotient of exponentials; the quotient rule collapses to 1 - tanh^2.",
    "DLMF 4.34.3",
)
_declare(np.arcsinh, lambda y, a: 1 / np.sqrt(a**2 + 1), "sinh y = a, so cosh y dy = da.", "DLMF 4.38.9")
_declare(
    np.arccosh,
    lambda y, a: 1 / np.sqrt(a**2 - 1),
    "cosh y = a, so sinh y dy = da.",
    "DLMF 4.38.10",
    (1.5, 3.0),
    unbounded=True,
)
_declare(
    np.arctanh,
    lambda y, a: 1 / (1 - a**2),
    "tanh y = a, so (1 - tanh^2 y) dy = da.",
    "DLMF 4.38.11",
    INSIDE,
    unbounded=True,
)


def _square_of_radius(a: Any, b: Any) -> Any:
    square = a**2 + b**2
    return np.where(np.equal(square, 0), 1, square)


elementwise(
    np.arctan2,
    scalar="atan2({0}, {1})",
    rule="arctangent rule",
    notation=lambda a, b: call("arctan2", a, b),
    slopes=(lambda y, a, b: b / _square_of_radius(a, b), lambda y, a, b: -a / _square_of_radius(a, b)),
    unbounded=True,
    samples=((1.0, 2.0), (-0.5, 0.7), (0.3, -1.5)),
    why="The angle of the point (b, a): moving across the radius r by d turns it by d/r. At the origin no direction is "
    "better than another, and 0 is chosen.",
    source="DLMF 4.24.9; convention at the origin as for norm",
)

elementwise(
    np.hypot,
    scalar="hypot({0}, {1})",
    rule="square root rule",
    notation=lambda a, b: call("hypot", a, b),
    slopes=(lambda y, a, b: a / np.where(y == 0, 1, y), lambda y, a, b: b / np.where(y == 0, 1, y)),
    samples=((3.0, 4.0), (-1.0, 0.5)),
    why="The root of a^2 + b^2; 0 at the origin, where every direction is as good as any.",
    source="Pythagoras; convention at the origin as for norm",
)

for _to, _factor in (
    (np.deg2rad, np.pi / 180),
    (np.radians, np.pi / 180),
    (np.rad2deg, 180 / np.pi),
    (np.degrees, 180 / np.pi),
):
    _declare(
        _to,
        _factor,
        "A change of units is a constant factor.",
        "by definition",
        rule="constant factor rule",
        analytic=False,
    )
