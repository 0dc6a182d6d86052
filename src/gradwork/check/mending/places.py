"""Entries that are picked or written: those beside them, those that other arrays name, added up and not overwritten."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.evidence import Joint
from gradwork.check.mending.mend import INDEX, OVER, PUT, Mend, short, spread_edit
from gradwork.check.mending.order import rolled
from gradwork.check.sites import Names
from gradwork.ops.indexing import key_of

SKIP = {"getitem": 1, "scatter": 1, "setitem": 2}  # what an op reads before the arrays that say where
MOST_PLACES = 40


def picked(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """The entries before or after those that are picked, or written."""
    node = joint.node(position)
    key = tuple(node.params["index"])
    writes = node.op == "setitem"
    if not writes:
        yield from rolled(joint, names, position)
    whole, length = joint.node(node.inputs[0]).shape, None
    axis = 0
    base = short(names.name(node.inputs[0]))
    for place, entry in enumerate(key):
        if entry is None:
            continue
        if entry is Ellipsis:
            axis = len(whole) - sum(e is not None for e in key[place + 1 :])
            continue
        length = whole[axis]
        axis += 1
        for other, words in _beside(entry, length):
            changed = (*key[:place], other, *key[place + 1 :])
            code = PUT if writes else INDEX
            verb = "written to" if writes else "read from"
            yield Mend(
                f"index {place} {words}",
                code,
                f"{base} is {verb} {_said(entry)}, and has to be {verb} {_said(other)}",
                f"{base}[{_said(other)}]",
                spread_edit(joint, position, _again(joint, position, changed)),
                1,
            )
    if any(isinstance(e, tuple) for e in key):
        yield from by_arrays(joint, names, position)


def by_arrays(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """Places that arrays give: added up, not overwritten; other arrays that the loss or the gradient picks by."""
    node = joint.node(position)
    skip = SKIP[node.op]
    base, arrays = short(names.name(node.inputs[0])), node.inputs[skip:]
    update = _update(joint, position) if node.op == "setitem" else None
    if update is not None and update[1] is np.add:
        yield Mend(
            "added up",
            OVER,
            f"entries of {base} that are picked several times get the last part only, not the sum of all",
            f"np.add.at({base}, ...)",
            spread_edit(joint, position, _added(joint, position, update[0])),
        )
    for other in _other_places(joint, position, arrays):
        wrong, right = (", ".join(short(names.name(i)) for i in some) for some in (arrays, other))
        verb = "read from" if node.op == "getitem" else "written to"
        yield Mend(
            f"places {names.name(other[0])} {right}",
            INDEX if node.op == "getitem" else PUT,
            f"{base} is {verb} ({wrong}), and has to be {verb} ({right})",
            f"the places ({right})",
            spread_edit(joint, position, _elsewhere(joint, position, other, update)),
            1,
        )


def _update(joint: Joint, position: int) -> tuple[int, Any] | None:
    """What is added to, or taken off, the entries that are written: the value and the operation."""
    node = joint.node(position)
    value = joint.node(node.inputs[1])
    if value.op not in ("add", "subtract"):
        return None
    for place, i in enumerate(value.inputs[: 2 if value.op == "add" else 1]):
        read = joint.node(i)
        if read.op == "getitem" and read.params["index"] == node.params["index"]:
            return value.inputs[1 - place], np.add if value.op == "add" else np.subtract
    return None


def _other_places(joint: Joint, position: int, arrays: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    own = [np.asarray(joint.value(i)) for i in arrays]
    seen = [own]
    spans = _spans(joint, position)
    if spans is None:
        return
    whole = (i for i in range(position) if joint.node(i).dtype.kind in "iu" and joint.node(i).shape == own[0].shape)
    single = list(whole)[:MOST_PLACES]
    tuples: list[tuple[int, ...]] = []
    for other in range(position):
        op = joint.node(other).op
        if op in SKIP and len(joint.node(other).inputs) - SKIP[op] == len(arrays):
            tuples.append(joint.node(other).inputs[SKIP[op] :])
    for k in range(len(arrays)):
        tuples += [(*arrays[:k], i, *arrays[k + 1 :]) for i in single]
    tuples += list(itertools.permutations(arrays))[1:]
    for other_places in dict.fromkeys(tuples):
        values = [np.asarray(joint.value(i)) for i in other_places]
        if [v.shape for v in values] != [v.shape for v in own] or any(v.dtype.kind not in "iu" for v in values):
            continue
        if any(v.size and (v.min() < -n or v.max() >= n) for v, n in zip(values, spans, strict=True)):
            continue
        if not any(all(np.array_equal(a, b) for a, b in zip(values, s, strict=True)) for s in seen):
            seen.append(values)
            yield other_places


def _spans(joint: Joint, position: int) -> list[int] | None:
    """How many places there are for each of the arrays."""
    node = joint.node(position)
    key = node.params["index"]
    if any(e is Ellipsis or e is None for e in key):
        return None
    shape = node.params["shape"] if node.op == "scatter" else joint.node(node.inputs[0]).shape
    return [shape[axis] for axis, e in enumerate(key) if isinstance(e, tuple)]


def _elsewhere(joint: Joint, position: int, places: tuple[int, ...], update: Any) -> Callable[[Sequence[Any]], Any]:
    node = joint.node(position)

    def make(values: Sequence[Any]) -> Any:
        key = key_of(node.params["index"], tuple(np.asarray(values[i]) for i in places))
        if node.op == "scatter":
            target = np.zeros(node.shape)
            np.add.at(target, key, values[node.inputs[0]])
            return target
        base = np.broadcast_to(values[node.inputs[0]], joint.node(node.inputs[0]).shape)
        if node.op == "getitem":
            return base[key]
        target = np.array(base)
        target[key] = values[node.inputs[1]] if update is None else update[1](target[key], values[update[0]])
        return target

    return make


def _added(joint: Joint, position: int, other: int) -> Callable[[Sequence[Any]], Any]:
    node = joint.node(position)

    def make(values: Sequence[Any]) -> Any:
        target = np.array(np.broadcast_to(values[node.inputs[0]], joint.node(node.inputs[0]).shape))
        np.add.at(target, key_of(node.params["index"], tuple(values[i] for i in node.inputs[2:])), values[other])
        return target

    return make


def _again(joint: Joint, position: int, key: tuple[Any, ...]) -> Callable[[Sequence[Any]], Any]:
    node = joint.node(position)
    skip = 2 if node.op == "setitem" else 1

    def make(values: Sequence[Any]) -> Any:
        base = np.broadcast_to(values[node.inputs[0]], joint.node(node.inputs[0]).shape)
        index = key_of(key, tuple(np.asarray(values[i]) for i in node.inputs[skip:]))
        if skip == 1:
            return base[index]
        target = np.array(base)
        target[index] = values[node.inputs[1]]
        return target

    return make


def _beside(entry: Any, length: int) -> Iterator[tuple[Any, str]]:
    if isinstance(entry, int):
        for by in (1, -1):
            if 0 <= entry % length + by < length:
                yield entry % length + by, f"{by:+d}"
        for other in (0, length - 1):
            if abs(other - entry % length) > 1:
                yield other, "first" if other == 0 else "last"
    elif isinstance(entry, slice):
        start, stop, step = entry.indices(length)
        if step == 1 and stop - start < length:
            count = stop - start
            for first in {0, start - 1, start + 1, start - count, start + count, length - count} - {start}:
                if first >= 0 and first + count <= length:
                    yield slice(first, first + count), f"{first - start:+d}"
        if stop - start > 1 and step == 1:
            yield slice(stop - 1, start - 1 if start else None, -1), "reversed"


def _said(entry: Any) -> str:
    if isinstance(entry, slice):
        if entry.step == -1:
            return f"{'' if entry.start is None else entry.start}:{'' if entry.stop is None else entry.stop}:-1"
        return f"{'' if entry.start is None else entry.start}:{'' if entry.stop is None else entry.stop}"
    return str(entry) if isinstance(entry, int) else "..."
