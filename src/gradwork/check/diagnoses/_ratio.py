"""One ratio between what was given and what is right, for all entries of an array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check.evidence import Evidence
from gradwork.check.given import Array

CLEAR = 100.0  # tolerances: entries nearer to zero than this say nothing about a ratio


@dataclass(frozen=True)
class Group:
    """Wrong arrays that share one ratio.  entries: how many of their entries speak for it."""

    ratio: float
    names: tuple[str, ...]
    entries: int


def comparable(evidence: Evidence, name: str) -> bool:
    """Whether an array has the right shape, and all its entries and their tolerances are finite numbers."""
    yours, right = evidence.yours[name], evidence.right[name]
    if np.shape(yours) != np.shape(right) or not np.size(right):
        return False
    return bool(np.isfinite(yours).all() and np.isfinite(right).all() and np.isfinite(evidence.tolerance[name]).all())


def clear(evidence: Evidence, name: str) -> Array:
    """Which entries of the right array are far enough from zero to say something about a ratio."""
    kinks = evidence.verdicts[name].at_kink if name in evidence.verdicts else False
    return np.asarray((np.abs(evidence.right[name]) > CLEAR * evidence.tolerance[name]) & ~np.asarray(kinks))


def is_times(evidence: Evidence, name: str, number: float) -> bool:
    """Whether what was given is `number` times what is right; what rounding may amount to grows with the number."""
    return close(evidence, name, number * evidence.right[name], abs(number))


def close(evidence: Evidence, name: str, candidate: Any, times: float = 1.0) -> bool:
    """Whether an array is `candidate` to `times` the noise of the right one; entries at kinks are left out."""
    yours = evidence.yours[name]
    if np.shape(candidate) != np.shape(yours):
        return False
    verdict = evidence.verdicts.get(name)
    kinks = verdict.at_kink if verdict is not None and np.shape(verdict.at_kink) == np.shape(yours) else False
    with np.errstate(all="ignore"):
        reach = times * evidence.tolerance[name] + 1e-14 * np.abs(candidate)
        return bool(np.all((np.abs(yours - candidate) <= reach) | (yours == candidate) | kinks))


def ratio_of(evidence: Evidence, name: str) -> float | None:
    """The number c with yours = c x right for every entry of an array, to the noise; None where there is none."""
    if not comparable(evidence, name):
        return None
    # Entries at kinks have no one slope, so they have no say in the ratio.
    says = clear(evidence, name)
    right, yours = evidence.right[name][says], evidence.yours[name][says]
    total = float(np.sum(right * right))
    if total == 0 or not np.isfinite(total):
        return None
    ratio = float(np.sum(right * yours)) / total
    return ratio if ratio and is_times(evidence, name, ratio) else None


def near(ratio: float, number: float, loose: float = 1e-4) -> bool:
    """Whether a measured ratio may be this number. `is_times` then says whether it is."""
    return abs(ratio - number) <= loose * abs(number)


def groups(evidence: Evidence) -> Iterator[Group]:
    """The wrong arrays that share one ratio, with it."""
    found: list[tuple[float, list[str]]] = []
    for name in evidence.fitting:
        ratio = ratio_of(evidence, name)
        if ratio is None:
            continue
        group = next((g for g in found if near(ratio, g[0], 1e-9) or is_times(evidence, name, g[0])), None)
        if group is None:
            found.append((ratio, [name]))
        else:
            group[1].append(name)
    for ratio, names in found:
        yield Group(ratio, tuple(names), sum(int(clear(evidence, n).sum()) for n in names))


def fits(evidence: Evidence, names: Sequence[str], number: float) -> bool:
    """Whether all these arrays are `number` times what is right."""
    return all(is_times(evidence, name, number) for name in names)


def predicted(evidence: Evidence, names: Sequence[str], ratio: float) -> dict[str, object]:
    """What arrays would be with that ratio."""
    return {name: ratio * evidence.right[name] for name in names}


def listed(names: Sequence[str]) -> str:
    """Names as they stand in a sentence."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
