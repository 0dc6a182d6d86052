"""The gradient that is to be checked: a function that gives it, or what one gave; read against the arguments."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError
from gradwork.gradients.wrt import Wrt, resolve
from gradwork.graph.trace import Function, as_called, as_number
from gradwork.graph.tree import Structure, flatten, leaf_names

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Leaf:
    """One array of one argument: its name, its value, and what was given as its gradient (None: nothing was).

    place: which of the argument's leaves it is.
    """

    name: str
    key: int | str
    value: Any
    yours: Any
    place: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that its gradient has to have."""
        return np.shape(self.value)


@dataclass(frozen=True, eq=False)
class Reading:
    """How the given gradient was read: which arguments it covers, leaf by leaf.

    said: what had to be guessed;  second: it is the second part of a pair (loss, gradient).
    by_name: the names of the arguments, where it was a dict by their names.
    """

    keys: tuple[int | str, ...]
    leaves: tuple[Leaf, ...]
    said: str = ""
    second: bool = False
    by_name: tuple[str, ...] = ()

    def checked(self) -> list[Leaf]:
        """The leaves for which a gradient was given."""
        return [leaf for leaf in self.leaves if leaf.yours is not None]


def plain(value: Any) -> Any:
    """A gradient's array as NumPy's own: of torch, JAX and others too. None where it is not made of numbers."""
    if hasattr(value, "detach"):
        value = value.detach()
    if hasattr(value, "cpu"):
        value = value.cpu()
    if hasattr(value, "dtype") and "bfloat16" in str(value.dtype) and hasattr(value, "float"):
        value = value.float()
    if isinstance(value, (bool, np.bool_)):
        return None
    return as_number(value)


# -- calling a gradient function --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Answer:
    """What a gradient function gave, twice, and what it did to its arguments.

    changed: names of the arguments that it wrote into.
    """

    first: Any
    second: Any
    changed: tuple[str, ...]


def answered(gradient: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Answer:
    """Call the gradient function twice on copies of the arguments. Raises ArgumentError if it does not take them."""
    _check_takes(gradient, args, kwargs)
    first, changed = _called(gradient, args, kwargs)
    second, again = _called(gradient, args, kwargs)
    return Answer(first, second, tuple(dict.fromkeys([*changed, *again])))


def _check_takes(gradient: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    try:
        signature = inspect.signature(gradient)
    except (TypeError, ValueError):
        return  # a function of C: what it takes shows when it is called
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        given = [f"{len(args)} positional"] * bool(args) + [f"{name}=" for name in kwargs]
        raise ArgumentError(
            f"the gradient function does not take the arguments of the loss: {error}",
            why=f"it is called with the same ones: {', '.join(given) or 'none'}",
            hint="give it the parameters that the loss has",
        ) from None


def _called(gradient: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, list[str]]:
    mine, others = [copied(a) for a in args], {k: copied(v) for k, v in kwargs.items()}
    result = copied(gradient(*mine, **others))
    labels = [*_labels(gradient, len(args)), *kwargs]
    changed = []
    for label, before, after in zip(labels, [*args, *kwargs.values()], [*mine, *others.values()], strict=True):
        pairs = zip(flatten(before)[0], flatten(after)[0], strict=False)
        if any(
            isinstance(a, np.ndarray) and not np.array_equal(a, b, equal_nan=a.dtype.kind in "fc") for a, b in pairs
        ):
            changed.append(label)
    return result, changed


def _labels(function: Callable[..., Any], count: int) -> list[str]:
    return as_called(function).labels(count)


def copied(value: Any) -> Any:
    """A nested value with arrays of its own."""
    leaves, structure = flatten(value)
    return structure.build(iter([_copy(leaf) for leaf in leaves]))


def _copy(leaf: Any) -> Any:
    if isinstance(leaf, np.ndarray):
        return leaf.copy(order="K")
    return leaf.clone() if hasattr(leaf, "clone") and hasattr(leaf, "detach") else leaf


# -- reading what it gave ---------------------------------------------------------------------------------------------


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
    leaves = _leaves(values[key], result, key, names[key])
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
        leaves = _leaves(values[key], result[names[key]], key, names[key])
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
        leaves = _leaves(values[key], given, key, names[key])
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


def _leaves(value: Any, given: Any, key: int | str, label: str) -> list[Leaf] | None:
    """The leaves of an argument beside those of its gradient; None where the structures differ."""
    inside, structure = flatten(value)
    if structure.kind is not None:
        given = _in_lists(value, given)
    if structure.kind is None:
        as_array = _is_table(given) and np.shape(given) == np.shape(value)
        if isinstance(given, (Mapping, list, tuple)) and not as_array:
            return None
        handed = [np.asarray(given) if as_array else given]
    else:
        try:
            handed = structure.leaves_of(_with_nothing(value, given))
        except (ValueError, KeyError, TypeError):
            return None
    found = []
    for place, (leaf, mine) in enumerate(zip(inside, handed, strict=True)):
        number = plain(leaf)
        if number is None or number.dtype.kind == "b":
            continue
        yours = None if mine is None else plain(mine)
        if mine is not None and yours is None:
            return None
        if yours is not None and number.dtype.kind != "c":
            yours = _real(yours, label)
        found.append(Leaf(label, key, number, yours, place))
    return found


def _in_lists(value: Any, given: Any) -> Any:
    """An array given for lists of numbers of its shape, as lists."""
    array = None if isinstance(given, (Mapping, list, tuple)) else plain(given)
    if array is None or not np.ndim(array) or not isinstance(value, (list, tuple)) or not _is_table(value):
        return given
    try:
        same = np.shape(value) == np.shape(array)
    except ValueError:
        return given  # rows of different lengths
    return np.asarray(array).tolist() if same else given


def _with_nothing(value: Any, given: Any) -> Any:
    """A gradient with None for those keys of a dict that hold no number, where they were left out."""
    if not isinstance(value, Mapping) or not isinstance(given, Mapping):
        return given
    missing = [k for k in value if k not in given]
    if any(plain(leaf) is not None for k in missing for leaf in flatten(value[k])[0]):
        return given
    return {k: _with_nothing(v, given[k]) if k in given else None for k, v in value.items()} | {
        k: v for k, v in given.items() if k not in value
    }


def _is_table(given: Any) -> bool:
    """Whether nested lists of plain numbers are meant as an array."""
    if isinstance(given, (list, tuple)):
        return bool(given) and all(isinstance(g, (int, float)) or _is_table(g) for g in given)
    return False


def _real(yours: Any, label: str) -> Any:
    """A gradient without its imaginary part, which has to be zero."""
    if yours.dtype.kind != "c":
        return yours
    if np.any(np.imag(yours) != 0):
        raise ArgumentError(
            f"the gradient by {label} is complex" if label else "the gradient is complex",
            why="a real loss has real slopes by real numbers",
            hint="np.real(...) of it, if the imaginary part is rounding",
        )
    return np.real(yours)


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


__all__ = ["Answer", "Array", "Leaf", "Reading", "Structure", "answered", "copied", "plain", "read"]
