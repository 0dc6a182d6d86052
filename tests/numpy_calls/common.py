"""What the lists of calls share: points away from corners, and functions that write and give what they wrote to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

V = np.array([0.7, -1.3, 2.1, 0.4])
W = np.array([1.5, 0.2, -0.6, 2.2])
P = np.array([0.4, 0.9, 1.6, 2.3])
M = np.cos(np.arange(12.0) * 2).reshape(3, 4)
T = np.cos(np.arange(24.0)).reshape(2, 3, 4) + np.arange(24.0).reshape(2, 3, 4) / 100
G = np.array([[0.53, np.nan, 2.0, 0.1], [1.5, 1.0, np.nan, -0.3], [0.2, 0.6, -0.9, 1.1]])
E = np.zeros((0, 3))
Z = V + 1j * W

CALLS: dict[str, list[tuple[Callable[..., Any], tuple[Any, ...]]]] = {}


def calls(name: str, *functions: Callable[..., Any], at: tuple[Any, ...] = (V,)) -> None:
    CALLS.setdefault(name, []).extend((f, at) for f in functions)


def copied(x: Any) -> Any:
    return x * 1.0


def after_at(f: Any, x: Any, index: Any, value: Any) -> Any:
    y = copied(x)
    f.at(y, index, value)
    return y


def after_at_alone(f: Any, x: Any, index: Any) -> Any:
    y = copied(x)
    f.at(y, index)
    return y


def after_fill_diagonal(x: Any, value: Any, **options: Any) -> Any:
    y = copied(x)
    np.fill_diagonal(y, value, **options)
    return y


def after_put_along_axis(x: Any, index: Any, value: Any, axis: Any) -> Any:
    y = copied(x)
    np.put_along_axis(y, index, value, axis)
    return y


def after_put(x: Any, index: Any, value: Any, **options: Any) -> Any:
    y = copied(x)
    np.put(y, index, value, **options)
    return y


def after_place(x: Any, mask: Any, value: Any) -> Any:
    y = copied(x)
    np.place(y, mask, value)
    return y


def after_putmask(x: Any, mask: Any, value: Any) -> Any:
    y = copied(x)
    np.putmask(y, mask, value)
    return y


def after_copyto(x: Any, value: Any, **options: Any) -> Any:
    y = copied(x)
    np.copyto(y, value, **options)
    return y
