"""Arrays as sets: the values that stay take their slopes back to where they stand; counts and positions have none."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.ops._arrays import array_of, flag, plain
from gradwork.ops._declare import composite

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, -1.0, 2.0, 1.5])
WHY = "Each value that is kept takes its slope back to where it stands first."


def _declare(function: Any, lower: Any, *samples: Any) -> None:
    composite(function, rule="picking rule", lower=lower, samples=samples, words=(), why=WHY, source="by definition")


def _first_places(a: Any, axis: Any, equal_nan: bool) -> tuple[Any, ...]:
    """NumPy's own answer for the plain values: where each stands first, and what else may be asked for.

    That the entries are equal or apart just so is a decision: the order of all of them is noted as a guard.
    """
    flat = np.ravel(a) if axis is None else a
    order = plain(np.argsort(np.ravel(flat)))
    ordered = np.ravel(flat)[order]
    same = plain(np.equal(ordered[1:], ordered[:-1]))
    gone = plain(np.isnan(ordered)) if a.dtype.kind in "fc" else np.zeros(order.size, bool)
    # Numbers that stand in for the values: equal where these are, and in their order.
    rank = np.empty(order.size)
    rank[order] = np.concatenate([np.zeros(min(1, order.size)), np.cumsum(~same)]) if order.size else 0.0
    rank[order[gone]] = np.nan
    return np.unique(rank.reshape(flat.shape), True, True, True, axis=0 if axis is None else axis, equal_nan=equal_nan)


def _unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False, axis: Any = None,
    *, equal_nan: bool = True, sorted: bool = True,
) -> Any:  # fmt: skip
    a = array_of(ar)
    _, index, inverse, counts = _first_places(a, axis, equal_nan)
    values = np.take(np.ravel(a), index) if axis is None else np.take(a, index, axis=axis)
    if axis is None:
        inverse = inverse.reshape(a.shape)
    asked = ((return_index, index), (return_inverse, inverse), (return_counts, counts))
    more = tuple(found for wanted, found in asked if flag(wanted))
    return (values, *more) if more else values


def _named(function: Any, fields: tuple[str, ...]) -> Any:
    """The namesakes of the array API, which give records."""
    record = type(function(np.zeros(1)))

    def lower(x: Any) -> Any:
        values, index, inverse, counts = _unique(x, True, True, True, equal_nan=False)
        found = {"values": values, "indices": index, "inverse_indices": inverse, "counts": counts}
        return record(**{field: found[field] for field in fields})

    return lower


_declare(np.unique, _unique, (ROW, {}), (TABLE, {"axis": 0}))
_declare(np.unique_values, lambda x: _unique(x, equal_nan=False), (ROW,))
_declare(np.unique_counts, _named(np.unique_counts, ("values", "counts")), (ROW,))
_declare(np.unique_inverse, _named(np.unique_inverse, ("values", "inverse_indices")), (ROW,))
_declare(np.unique_all, _named(np.unique_all, ("values", "indices", "inverse_indices", "counts")), (ROW,))


def _joined(first: Any, second: Any) -> Any:
    return np.concatenate([np.ravel(array_of(first)), np.ravel(array_of(second))])


def _intersection(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    first, index1 = _unique(ar1, True) if not assume_unique else (np.ravel(array_of(ar1)), None)
    second, index2 = _unique(ar2, True) if not assume_unique else (np.ravel(array_of(ar2)), None)
    here, there = np.nonzero(plain(np.equal(first[:, None], second[None, :])))
    by_value = np.argsort(plain(np.argsort(np.argsort(first)))[here], kind="stable")
    here, there = here[by_value], there[by_value]
    found = first[here].astype(np.result_type(first.dtype, second.dtype))
    if not return_indices:
        return found
    return found, here if index1 is None else index1[here], there if index2 is None else index2[there]


def _is_in(first: Any, second: Any) -> Any:
    return np.any(np.equal(np.ravel(array_of(first))[:, None], np.ravel(array_of(second))[None, :]), axis=1)


def _difference(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    first = np.ravel(array_of(ar1)) if assume_unique else _unique(ar1)
    return first[~plain(_is_in(first, ar2))]


def _either(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    return np.sort(np.concatenate([_difference(ar1, ar2, assume_unique), _difference(ar2, ar1, assume_unique)]))


_declare(np.union1d, lambda ar1, ar2: _unique(_joined(ar1, ar2)), (ROW, np.array([3.0, 0.1])))
_declare(np.intersect1d, _intersection, (ROW, np.array([7, 8])))
_declare(np.setdiff1d, _difference, (ROW, np.array([7, 8])))
_declare(np.setxor1d, _either, (ROW, np.array([3.0, 0.1])))
composite(
    np.isin,
    rule="step rule",
    lower=lambda element, test_elements, assume_unique=False, invert=False, *, kind=None: np.not_equal(
        np.reshape(_is_in(element, test_elements), np.shape(element)), bool(invert)
    ),
    words=(),
    samples=((ROW, np.array([1, 2])),),
    why="A truth value has no slope.",
    source="by definition",
)
