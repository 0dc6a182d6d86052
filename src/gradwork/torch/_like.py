"""Causes from a NumPy function that computes the same as a function of torch which cannot be followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from gradwork.check.check import Check, check
from gradwork.check.vacuous import Caution
from gradwork.graph.tree import flatten
from gradwork.torch._subject import Subject, arrays_of, at_its_widest
from gradwork.torch._tensors import array_of

Like = Callable[..., Any]


def causes_by_like(found: Check, subject: Subject, like: Like, inputs: Sequence[Any], names: Sequence[str]) -> Check:
    """The same check; what is wrong is explained from the graph of `like`."""
    if not any(v.wrong for v in found.verdicts.values()):
        return found
    subject = at_its_widest(subject)
    plain = [array_of(v) if isinstance(v, torch.Tensor) else v for v in inputs]
    weights = [array_of(w) for w in subject.weights()]

    def loss(**arrays: Any) -> Any:
        mine = [arrays.get(n, p) for n, p in zip(names, plain, strict=True)]
        results = flatten(like(*mine))[0]
        total = 0.0
        for result, weight in zip(results, weights, strict=False):
            total = total + np.sum(result * weight)
        return total

    arrays = arrays_of(subject.values)
    theirs, ours = float(subject.loss(**arrays)), float(np.asarray(loss(**arrays)))
    if not np.isclose(theirs, ours, rtol=1e-4 if subject.narrow and not subject.wide else 1e-9):
        caution = Caution(
            f"like computes something else here ({ours:.6g}, and torch {theirs:.6g}): no cause is read from it",
            "the same function of the same arguments, in NumPy",
        )
        return replace(found, cautions=(*found.cautions, caution))
    by_graph = check(loss, subject.gradient, kwargs=arrays)
    if not by_graph.diagnoses:
        return found
    promises = tuple(f for f in found.diagnoses if f.cause.fact)
    return replace(found, diagnoses=(*promises, *by_graph.diagnoses), where=by_graph.where or found.where)
