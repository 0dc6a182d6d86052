"""Nested arguments: tuples, lists, dicts and dataclasses of numbers and arrays, taken apart and put together again."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Leaf:
    """The place of one leaf in a structure: the keys that lead to it, from the outside in."""

    path: tuple[Any, ...]

    def name(self, base: str) -> str:
        """How a person would call it: a key or field by its own name, a position in brackets.

        >>> Leaf(("W", 0)).name("params"), Leaf(()).name("x")
        ('W[0]', 'x')
        """
        text = base
        for key in self.path:
            text = key if isinstance(key, str) and key.isidentifier() else f"{text}[{key!r}]"
        return text


@dataclass(frozen=True)
class Structure:
    """The shape of a nested argument without its leaves."""

    kind: Any
    keys: tuple[Any, ...] = ()
    children: tuple[Structure, ...] = ()
    static: tuple[tuple[str, Any], ...] = ()

    def paths(self, path: tuple[Any, ...] = ()) -> Iterator[Leaf]:
        """The place of every leaf, in order."""
        if self.kind is None:
            yield Leaf(path)
        for key, child in zip(self.keys, self.children, strict=True):
            yield from child.paths((*path, key))

    def written(self, base: str) -> Iterator[str]:
        """How each leaf is written in Python, in order: `params["layers"][0]["W"]`, `params.W`."""
        if self.kind is None:
            yield base
        for key, child in zip(self.keys, self.children, strict=True):
            yield from child.written(base + self._step(key))

    def _step(self, key: Any) -> str:
        if issubclass(self.kind, dict) or not isinstance(key, str):
            return f'["{key}"]' if isinstance(key, str) and key.isidentifier() else f"[{key!r}]"
        return f".{key}"

    def leaves_of(self, value: Any) -> list[Any]:
        """The leaves of a value of this structure, in its order; a part that is None counts as leaves that are None.

        Raises ValueError where the structures differ. Dicts are read by their keys, in whatever order these come.
        """
        if self.kind is None:
            return [value]
        if value is None:
            return [None for _ in self.paths()]
        inside = _children(value)
        if inside is None or set(map(repr, inside[0])) != set(map(repr, self.keys)):
            raise ValueError(f"{type(value).__name__} stands where {self.kind.__name__} does")
        held = dict(zip(inside[0], inside[1], strict=True))
        return [
            leaf for key, child in zip(self.keys, self.children, strict=True) for leaf in child.leaves_of(held[key])
        ]

    def build(self, leaves: Iterator[Any]) -> Any:
        """Put leaves, taken in order, into this structure."""
        if self.kind is None:
            return next(leaves)
        values = [child.build(leaves) for child in self.children]
        if issubclass(self.kind, dict):
            return self._mapping(values)
        if issubclass(self.kind, tuple) and hasattr(self.kind, "_fields"):
            return self.kind(*values)
        if issubclass(self.kind, (tuple, list)):
            return self.kind(values)
        return _dataclass_with(self.kind, dict(zip(self.keys, values, strict=True)), dict(self.static))

    def _mapping(self, values: list[Any]) -> Any:
        pairs = dict(zip(self.keys, values, strict=True))
        if self.kind is dict:
            return pairs
        try:
            return self.kind(pairs)
        except TypeError:
            return pairs


LEAF = Structure(None)


def leaf_names(arguments: Sequence[tuple[str, Structure]]) -> list[list[str]]:
    """A name of its own for every leaf of every argument, given as its label and its structure.

    A leaf is called by its last key, as in `Leaf.name`. Leaves that would share a name are written out in full.

    >>> _, layers = flatten([{"W": 1.0, "b": 2.0}, {"W": 3.0}])
    >>> leaf_names([("params", layers), ("x", LEAF)])
    [['params[0]["W"]', 'b', 'params[1]["W"]'], ['x']]
    """
    short = [[place.name(label) for place in structure.paths()] for label, structure in arguments]
    counts = Counter(name for names in short for name in names)
    if max(counts.values(), default=1) == 1:
        return short
    full = [list(structure.written(label)) for label, structure in arguments]
    chosen = [
        [name if counts[name] == 1 else whole for name, whole in zip(*pair, strict=True)]
        for pair in zip(short, full, strict=True)
    ]
    return _numbered(chosen)


def _numbered(names: list[list[str]]) -> list[list[str]]:
    """The same; keys that print alike are counted, so that no two leaves ever share a name."""
    taken: set[str] = set()
    waiting = {name for inside in names for name in inside}
    found = []
    for inside in names:
        apart = []
        for name in inside:
            own, count = name, 1
            while own in taken or (count > 1 and own in waiting):
                count += 1
                own = f"{name}_{count}"
            taken.add(own)
            apart.append(own)
        found.append(apart)
    return found


def _dataclass_with(kind: Any, values: dict[str, Any], static: dict[str, Any]) -> Any:
    made = object.__new__(kind)
    for name, value in {**static, **values}.items():
        object.__setattr__(made, name, value)
    return made


def flatten(value: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], Structure]:
    """Take a nested value apart into leaves and a structure.

    >>> leaves, structure = flatten({"W": [1.0, 2.0], "b": 3.0})
    >>> leaves, structure.build(iter([10, 20, 30]))
    ([1.0, 2.0, 3.0], {'W': [10, 20], 'b': 30})
    """
    leaves: list[Any] = []
    return leaves, _flatten(value, leaves, is_leaf)


def _flatten(value: Any, leaves: list[Any], is_leaf: Callable[[Any], bool] | None) -> Structure:
    kind = type(value)
    # Numbers and arrays, traced ones too, hold nothing: most values are of these.
    if kind is not float and not hasattr(kind, "__array_function__") and (is_leaf is None or not is_leaf(value)):
        inside = _children(value)
        if inside is not None:
            keys, values, static = inside
            return Structure(type(value), keys, tuple(_flatten(v, leaves, is_leaf) for v in values), static)
    leaves.append(value)
    return LEAF


def _children(value: Any) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[tuple[str, Any], ...]] | None:
    if isinstance(value, dict):
        return tuple(value), tuple(value.values()), ()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return value._fields, tuple(value), ()
    if isinstance(value, (tuple, list)):
        return tuple(range(len(value))), tuple(value), ()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [f.name for f in dataclasses.fields(value)]
        return tuple(fields), tuple(getattr(value, f) for f in fields), _other_attributes(value, fields)
    return None


def _other_attributes(value: Any, fields: list[str]) -> tuple[tuple[str, Any], ...]:
    # A dataclass may carry attributes that are not fields; the rebuilt one keeps them.
    return tuple((k, v) for k, v in getattr(value, "__dict__", {}).items() if k not in fields)


def map_leaves(function: Callable[..., Any], *trees: Any) -> Any:
    """Apply `function` leaf by leaf to trees of one structure."""
    first, structure = flatten(trees[0])
    rest = [flatten(tree)[0] for tree in trees[1:]]
    return structure.build(iter([function(*leaves) for leaves in zip(first, *rest, strict=True)]))


def leaves_in(tree: Any) -> list[Any]:
    """The leaves of a nested value, in order, without the places that hold None.

    >>> leaves_in({"W": [1.0, 2.0], "name": None})
    [1.0, 2.0]
    """
    return [leaf for leaf in flatten(tree)[0] if leaf is not None]
