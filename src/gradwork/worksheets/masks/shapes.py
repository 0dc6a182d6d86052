"""Shapes: how many rows and columns a line has."""

from __future__ import annotations

from gradwork.worksheets.masks import Hiding, Mask, Place


def _shapes(hiding: Hiding) -> list[Place]:
    shapes = ((name, hiding.plan.quantities[name].shape) for name in hiding.shapes)
    return [("shape", name, axis) for name, shape in shapes for axis in range(len(shape))]


MASK = Mask("shapes", "the shapes of matrices", _shapes)
