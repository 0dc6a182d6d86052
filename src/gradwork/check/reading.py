"""Reading a gradient against the arguments of the loss: which of them it belongs to, leaf by leaf."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.check.given import Leaf, Reading, plain
from gradwork.check.leaves import leaves_beside
from gradwork.errors import ArgumentError
from gradwork.gradients.wrt import Wrt, resolve
from gradwork.graph.trace import Function, as_called, as_number
from gradwork.graph.tree import flatten, leaf_names


def read(
    result: Any, f: Function, args: Sequence[Any], kwargs: Mapping[str, Any], wrt: Wrt | None, loss: float | None = None
) -> Reading:
    """Find which arguments a gradient belongs to.

    It is read as having the structure of the argument `wrt` (the first one, if none is named), else as a dict by
    argument name or a tuple in the order of `wrt`. A pair (loss, gradient) is read as its second part.

    Every array gets a name of its own. Raises ArgumentError where nothing fits, or where two readings do.
    """
    reading = _read(result, f, args, kwargs, wrt, loss)
    labels = [*as_called(f).labels(len(args)), *kwargs]
    structures = [flatten(value)[1] for value in (*args, *kwargs.values())]
    names = dict(zip([*range(len(args)), *kwargs], leaf_names(list(zip(labels, structures, strict=True))), strict=True))
    leaves = tuple(replace(leaf, name=names[leaf.key][leaf.place]) for leaf in reading.leaves)
    if len({leaf.name for leaf in leaves}) != len(leaves):
        raise ArgumentError("two arrays of the arguments share a name", hint="give them keys that differ")
    return replace(reading, leaves=leaves)


def read_again(result: Any, there: Sequence[Any], keywords: Mapping[str, Any], reading: Reading) -> Reading | None:
    """The result read in the way in which the first one was read."""
    values: dict[int | str, Any] = dict(enumerate(there))
    values.update(keywords)
    several = len(reading.keys) > 1
    if isinstance(result, (tuple, list)) and len(result) == 2 and (reading.second or not several):
        # A pair (loss, gradient).
        result = result[1] if plain(result[0]) is not None and np.ndim(result[0]) == 0 else result
    if reading.by_name and isinstance(result, Mapping):
        parts = [result.get(name) for name in reading.by_name]
    else:
        parts = list(result) if several else [result]
    found: list[Leaf] = []
    by_key: dict[int | str, list[Leaf]] = {}
    for leaf in reading.leaves:
        by_key.setdefault(leaf.key, []).append(leaf)
    for key, part in zip(reading.keys, parts, strict=False):
        leaves = leaves_beside(values[key], part, key, "")
        if leaves is None and not several and isinstance(part, (tuple, list)) and len(part) == 1:
            leaves = leaves_beside(values[key], part[0], key, "")  # a tuple for one argument
        if leaves is None or len(leaves) != len(by_key[key]):
            return None
        found += [replace(old, value=new.value, yours=new.yours) for old, new in zip(by_key[key], leaves, strict=True)]
    return Reading(reading.keys, tuple(found))


def _read(
    result: Any, f: Function, args: Sequence[Any], kwargs: Mapping[str, Any], wrt: Wrt | None, loss: float | None = None
) -> Reading:
    labels = [*as_called(f).labels(len(args)), *kwargs]
    values: dict[int | str, Any] = dict(enumerate(args))
    values.update(kwargs)
    if not values:
        raise ArgumentError("the loss has no arguments to take a gradient by", hint="gw.check(loss, gradient, w, x, y)")
    names = dict(zip(values, labels, strict=True))
    ways = [way for way in _ways(result, f, args, kwargs, wrt, values, names) if way is not None]
    if not ways and _is_pair(result, loss):
        return replace(_read(result[1], f, args, kwargs, wrt), second=True)
    if not ways and wrt is not None:
        ways = list(_some_of_all(result, f, args, kwargs, wrt, loss))
    exact = [way for way in ways if _fits_exactly(way)]
    chosen = exact or ways
    if not chosen:
        raise _unreadable(result, values, names)
    distinct = {way.keys: way for way in chosen}
    if len(distinct) > 1 and wrt is None:
        spelled = " or ".join(_spelled(keys, names) for keys in distinct)
        raise ArgumentError(
            f"the gradient can be read in two ways: by {spelled}",
            why="the shapes fit both",
            hint=f"say which is meant: wrt={_as_wrt(next(iter(distinct)), names)!r}",
        )
    return chosen[0]


def _some_of_all(
    result: Any, f: Function, args: Sequence[Any], kwargs: Mapping[str, Any], wrt: Wrt, loss: float | None
) -> Iterator[Reading]:
    """A gradient that covers more than what is asked about: the rest is left out."""
    try:
        whole = _read(result, f, args, kwargs, None, loss)
    except ArgumentError:
        return
    wanted = resolve(f, wrt, args, kwargs).keys
    if set(wanted) <= set(whole.keys):
        leaves = tuple(leaf if leaf.key in wanted else replace(leaf, yours=None) for leaf in whole.leaves)
        yield replace(whole, leaves=leaves)


def _ways(
    result: Any,
    f: Function,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    wrt: Wrt | None,
    values: Mapping[int | str, Any],
    names: Mapping[int | str, str],
) -> Iterator[Reading | None]:
    if wrt is not None:
        wanted = resolve(f, wrt, args, kwargs)
        if wanted.single:
            yield _as_argument(result, wanted.keys[0], values, names)
        yield _as_dict(result, values, names, wanted.keys)
        yield _as_tuple(result, wanted.keys, values, names)
        return
    first = next(iter(values))
    alike = _as_argument(result, first, values, names)
    yield alike
    by_name = _as_dict(result, values, names, None)
    yield by_name
    if alike is None and by_name is None:
        yield from _runs(result, values, names)


def _as_argument(
    result: Any, key: int | str, values: Mapping[int | str, Any], names: Mapping[int | str, str]
) -> Reading | None:
    leaves = leaves_beside(values[key], result, key, names[key])
    return None if leaves is None else Reading((key,), tuple(leaves))


def _as_dict(
    result: Any,
    values: Mapping[int | str, Any],
    names: Mapping[int | str, str],
    keys: Sequence[int | str] | None,
) -> Reading | None:
    if not isinstance(result, Mapping) or not result:
        return None
    by_name = {names[k]: k for k in values}
    if any(name not in by_name for name in result):
        return None
    found: list[Leaf] = []
    # In the order of the arguments, as slopes are measured, whatever the order of the dict.
    covered = [key for key in values if names[key] in result]
    for key in covered:
        leaves = leaves_beside(values[key], result[names[key]], key, names[key])
        if leaves is None:
            return None
        found += leaves
    if keys is not None and set(covered) - set(keys):
        return None
    return Reading(tuple(covered), tuple(found), by_name=tuple(names[key] for key in covered))


def _as_tuple(
    result: Any, keys: Sequence[int | str], values: Mapping[int | str, Any], names: Mapping[int | str, str]
) -> Reading | None:
    if not isinstance(result, (tuple, list)) or len(result) != len(keys):
        return None
    found: list[Leaf] = []
    for key, given in zip(keys, result, strict=True):
        leaves = leaves_beside(values[key], given, key, names[key])
        if leaves is None:
            return None
        found += leaves
    return Reading(tuple(keys), tuple(found))


def _runs(result: Any, values: Mapping[int | str, Any], names: Mapping[int | str, str]) -> Iterator[Reading]:
    """A tuple for some arguments that stand beside each other: the first ones, or those whose shapes fit."""
    if not isinstance(result, (tuple, list)):
        given = plain(result)
        if given is None:
            return
        fitting = [k for k, v in values.items() if as_number(v) is not None and np.shape(v) == np.shape(given)]
        for key in fitting:
            reading = _as_argument(result, key, values, names)
            if reading is not None:
                said = f"read as the gradient by {names[key]}, whose shape it has"
                yield Reading(reading.keys, reading.leaves, said)
        return
    keys = list(values)
    count = len(result)
    if not count:
        return
    found = [_as_tuple(result, keys[k : k + count], values, names) for k in range(len(keys) - count + 1)]
    exact = [way for way in found if way is not None and _fits_exactly(way)]
    first = [way for way in found[:1] if way is not None]
    # The order of the arguments, from the first one on, is what is meant wherever it fits.
    for way in first if first and first[0] in exact else exact or first:
        said = "" if way.keys == tuple(keys[:count]) else f"read as the gradient by {_spelled(way.keys, names)}"
        yield Reading(way.keys, way.leaves, said)


def _fits_exactly(way: Reading) -> bool:
    return all(leaf.yours is None or np.shape(leaf.yours) == leaf.shape for leaf in way.leaves)


def _is_pair(result: Any, loss: float | None) -> bool:
    if not isinstance(result, (tuple, list)) or len(result) != 2 or loss is None:
        return False
    first = plain(result[0])
    return first is not None and np.ndim(first) == 0 and bool(np.isclose(float(first), loss, rtol=1e-6, equal_nan=True))


def _spelled(keys: Sequence[int | str], names: Mapping[int | str, str]) -> str:
    return ", ".join(names[k] for k in keys)


def _as_wrt(keys: tuple[int | str, ...], names: Mapping[int | str, str]) -> Any:
    return names[keys[0]] if len(keys) == 1 else tuple(names[k] for k in keys)


def _unreadable(result: Any, values: Mapping[int | str, Any], names: Mapping[int | str, str]) -> ArgumentError:
    wanted = ", ".join(f"{names[k]} {_shapes(v)}" for k, v in values.items())
    why = f"the arguments are {wanted}"
    if isinstance(result, Mapping):
        unknown = [str(name) for name in result if name not in names.values()]
        near = [n for name in unknown for n in difflib.get_close_matches(name, names.values(), n=1)]
        hint = f"keys are argument names: {near[0]}" if near else "keys are argument names, or wrt names the argument"
    else:
        count = len(result) if isinstance(result, (tuple, list)) else 1
        hint = f"wrt says which arguments it belongs to, in order: wrt={tuple(names.values())[: max(count, 1)]!r}"
    return ArgumentError(f"the gradient is {_shapes(result)}, which fits no argument", why=why, hint=hint)


def _shapes(value: Any) -> str:
    number = plain(value)
    if number is not None:
        return str(np.shape(number))
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_shapes(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(_shapes(v) for v in value) + ")"
    return "nothing (None)" if value is None else type(value).__name__
