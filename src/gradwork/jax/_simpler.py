"""Steps as one would write them: JAX takes care of infinities, of dtypes and of shapes in steps of their own.

What is left out makes no difference for finite numbers; that the result is the same is looked at afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.jax._program import Slot, Step

AS_IT_IS = frozenset("stop_gradient copy copy_p optimization_barrier reduce_precision pvary".split())


def instead(name: str, params: Mapping[str, Any], reads: Sequence[Any], made: Mapping[Slot, Step]) -> list[Any] | None:
    """What stands for a step that changes nothing; None where it is needed."""
    if name in AS_IT_IS:
        return list(reads)
    if name == "convert_element_type":
        read = reads[0]
        return [read] if np.dtype(params["new_dtype"]) == np.dtype(read.dtype) else None
    if name in ("max", "min"):
        return _beside_infinity(reads, -np.inf if name == "max" else np.inf)
    if name == "abs":
        return [reads[0]] if _is_positive(reads[0], made) else None
    if name == "select_n":
        return _chosen(reads, made)
    if name == "broadcast_in_dim" and isinstance(reads[0], Slot) and tuple(params["shape"]) == reads[0].shape:
        return [reads[0]]
    return None


def _beside_infinity(reads: Sequence[Any], infinity: float) -> list[Any] | None:
    for one, other in (reads, reads[::-1]):
        if not isinstance(one, Slot) and np.all(np.asarray(one) == infinity):
            return [other]
    return None


def _is_positive(read: Any, made: Mapping[Slot, Step]) -> bool:
    """Whether it is a sum of exponentials."""
    step = made.get(read)
    while step is not None and step.name in ("reduce_sum", "broadcast_in_dim", "reshape", "squeeze"):
        step = made.get(step.reads[0])
    return step is not None and step.name == "exp"


def _chosen(reads: Sequence[Any], made: Mapping[Slot, Step]) -> list[Any] | None:
    """One of two cases, where it is known which; and a number that is taken where it is finite."""
    which, *cases = reads
    if not isinstance(which, Slot):
        first = np.asarray(which).ravel()[:1].astype(int)
        same = first.size and np.all(np.asarray(which) == which.ravel()[0]) if np.size(which) else False
        return [cases[int(first[0])]] if same else None
    step = made.get(which)
    finite = step is not None and step.name == "is_finite" and len(cases) == 2
    return [cases[1]] if finite and step is not None and step.reads[0] is cases[1] else None


# -- several steps as one ----------------------------------------------------------------------------------------------


def merged(steps: list[Step]) -> list[Step]:
    """A sum whose axes are put back keeps them; a sum over so many, by their number, is a mean."""
    steps = _pairs(steps, _kept_axes)
    steps = _pairs(steps, _mean)
    return _pairs(steps, _indexed)


def _pairs(steps: list[Step], together: Any) -> list[Step]:
    """The same with pairs of steps put together, where the second is the only one that reads the first."""
    readers: dict[Slot, list[Step]] = {}
    for step in steps:
        for read in step.reads:
            if isinstance(read, Slot):
                readers.setdefault(read, []).append(step)
    gone: set[int] = set()
    found: dict[int, Step] = {}
    for step in steps:
        mine = readers.get(step.writes[0], []) if len(step.writes) == 1 else []
        one = together(step, mine[0]) if len(mine) == 1 else None
        if one is not None:
            gone.add(id(step))
            found[id(mine[0])] = one
    return [found.get(id(step), step) for step in steps if id(step) not in gone]


def _kept_axes(first: Step, second: Step) -> Step | None:
    """sum(x, axis), spread over axes of length 1 again."""
    if first.name not in ("reduce_sum", "reduce_max", "reduce_min") or second.name != "broadcast_in_dim":
        return None
    if not isinstance(first.reads[0], Slot) or second.reads[0] is not first.writes[0]:
        return None
    axes = first.params["axes"]
    before = first.reads[0].shape
    kept = tuple(1 if k in axes else n for k, n in enumerate(before))
    left = tuple(k for k in range(len(before)) if k not in axes)
    if tuple(second.params["shape"]) != kept or tuple(map(int, second.params["broadcast_dimensions"])) != left:
        return None
    return replace(first, params={**first.params, "keepdims": True}, writes=second.writes, place=second.place)


def _mean(first: Step, second: Step) -> Step | None:
    """sum(x, axis) / n."""
    if first.name != "reduce_sum" or second.name not in ("div", "mul") or not isinstance(first.reads[0], Slot):
        return None
    if not isinstance(second.reads[0], Slot) or isinstance(second.reads[1], Slot):
        return None
    count = int(np.prod([first.reads[0].shape[k] for k in first.params["axes"]], dtype=np.int64))
    by = np.asarray(second.reads[1])
    if second.name == "mul" or count < 2 or not np.all(by == count):
        return None
    return replace(first, name="mean", writes=second.writes, place=second.place)


def _indexed(first: Step, second: Step) -> Step | None:
    """x[a:a + 1], without that axis."""
    if first.name not in ("slice", "dynamic_slice") or second.name != "squeeze":
        return None
    axes = tuple(int(a) for a in second.params["dimensions"])
    return replace(first, params={**first.params, "without": axes}, writes=second.writes, place=second.place)
