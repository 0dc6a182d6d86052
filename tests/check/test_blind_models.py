"""The blind set is what it says: right gradients are right, and each planted mistake changes a number."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from check.blind.case import Case
from check.blind_models import FAMILIES, planted, right

LOOSE = 2e-3


def flat(value: Any) -> list[np.ndarray]:
    """The arrays of a nested value, dicts in the order of their keys."""
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in flat(part)]
    if isinstance(value, (list, tuple)):
        return [leaf for part in value for leaf in flat(part)]
    return [np.array(value, dtype=float)]


def rebuilt(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, dict):
        return {key: rebuilt(part, arrays) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [rebuilt(part, arrays) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return arrays.pop(0)


def widened(a: Any) -> Any:
    return a.astype(float) if isinstance(a, (np.ndarray, np.generic)) and a.dtype == np.float32 else a


def given(case: Case) -> list[np.ndarray]:
    """The gradient as a flat list of arrays, one for each array among the parameters."""
    with np.errstate(all="ignore"):
        gradient = case.gradient(*case.args)
    if case.n_params == 1 and isinstance(gradient, list) and not isinstance(gradient[0], tuple):
        gradient = np.array(gradient)  # one array, written as lists of numbers
    if isinstance(gradient, dict) and set(gradient) == set(names(case)):
        gradient = [gradient[name] for name in names(case)]
    return flat(gradient)


def names(case: Case) -> tuple[str, ...]:
    return tuple(inspect.signature(case.loss).parameters)[: case.n_params]


def disagreements(case: Case, entries: int = 2) -> list[str]:
    """Where the gradient is further than loosely from both one-sided slopes and from the central one."""
    args = tuple(widened(a) for a in case.args)
    params, rest = args[: case.n_params], args[case.n_params :]
    found, gradient = [], given(case)
    rng = np.random.default_rng(0)
    for k, g in enumerate(gradient):
        points = flat(list(params))
        if g.shape != points[k].shape:
            found.append(f"{case.name}: array {k} has shape {g.shape}, not {points[k].shape}")
            continue
        for place in rng.choice(g.size, size=min(entries, g.size), replace=False):
            where = np.unravel_index(place, g.shape)

            def f(shift, k=k, where=where):
                moved = flat(list(params))
                moved[k][where] += shift
                with np.errstate(all="ignore"):
                    return float(case.loss(*rebuilt(list(params), moved), *rest))

            size = max(abs(points[k][where]), 1e-3)
            best = np.inf
            for h in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8):
                step = h * size
                low, mid, high = f(-step), f(0.0), f(step)
                noise = 4 * np.finfo(float).eps * max(abs(low), abs(mid), abs(high)) / step
                left, right_, central = (mid - low) / step, (high - mid) / step, (high - low) / (2 * step)
                off = min(abs(g[where] - s) for s in (left, right_, central))
                off = 0.0 if min(left, right_) <= g[where] <= max(left, right_) else off
                scale = max(abs(g[where]), np.max(np.abs(g)), 1e-9)
                best = min(best, max(0.0, off - 50 * noise) / scale)
            if not best < LOOSE:
                found.append(f"{case.name}: array {k} at {where}: {g[where]!r}, off by {best:.1e}")
    return found


def test_right_gradients_agree_with_differences() -> None:
    found = [line for case in right() for line in disagreements(case)]
    assert not found, "\n".join(found)


def test_each_planted_mistake_changes_a_number() -> None:
    assert not [case.name for case in planted() if not case.wrong]
    assert all(set(case.wrong) <= set(names(case)) and case.cause for case in planted())


def test_there_are_enough_of_each() -> None:
    assert len(FAMILIES) >= 20
    assert min(len(family.bugs) for family in FAMILIES) >= 15
    assert len(planted()) >= 330
    assert len(right()) >= 300
    every = [case.name for case in (*planted(), *right())]
    assert len(every) == len(set(every))
