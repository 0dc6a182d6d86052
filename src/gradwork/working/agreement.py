"""The three ways side by side: how far they agree, and why not further."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwork.gradients.derivation import Derivation

# Two exact ways may differ by the rounding of long sums; nudging by its own bar, four of which it keeps.
_ROUNDING = 1e-9
_BARS = 4.0
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Compared:
    """One entry: the slope by each way, the bar of the nudged one, and to how many digits the three agree."""

    name: str
    index: tuple[int, ...]
    nudged: float
    bar: float
    derived: float
    backpropagated: float
    digits: int
    agree: bool


@dataclass(frozen=True, eq=False)
class Agreement:
    """All entries of all parameters. `digits` is the least of theirs.

    carried: the slopes of small arrays once more, carried forward by the rules entry by entry instead of back.
    """

    nudged: Mapping[str, Any]
    bars: Mapping[str, Any]
    derived: Mapping[str, Any]
    backpropagated: Mapping[str, Any]
    carried: Mapping[str, Any] = field(default_factory=dict)

    @property
    def agree(self) -> bool:
        """Whether every entry agrees: the exact ways to rounding, nudging within its bar."""
        return self.carried_gap <= _ROUNDING and all(row.agree for row in self.rows())

    @property
    def carried_gap(self) -> float:
        """The largest difference between carrying forward and going back, relative to each array's largest slope."""
        gaps = [0.0]
        for name, slopes in self.carried.items():
            back = np.asarray(self.backpropagated[name])
            scale = float(np.max(np.abs(back), initial=0.0)) or 1.0
            gaps.append(float(np.max(np.abs(slopes - back), initial=0.0)) / scale)
        return max(gaps)

    @property
    def digits(self) -> int:
        """To how many digits all entries agree."""
        return min((row.digits for row in self.rows()), default=_MOST_DIGITS)

    def rows(self, name: str | None = None) -> Iterator[Compared]:
        """Entry by entry; only those of one parameter when it is named."""
        for one in self.backpropagated if name is None else [name]:
            slopes = [
                np.asarray(ways[one], dtype=np.float64)
                for ways in (self.nudged, self.bars, self.derived, self.backpropagated)
            ]
            scale = float(np.max(np.abs(slopes[3]), initial=0.0))
            for index in np.ndindex(slopes[3].shape):
                nudged, bar, derived, back = (float(s[index]) for s in slopes)
                yield _compared(one, index, nudged, bar, derived, back, scale)


def _compared(
    name: str, index: tuple[int, ...], nudged: float, bar: float, derived: float, back: float, scale: float
) -> Compared:
    exact = abs(derived - back) <= _ROUNDING * max(scale, abs(back)) or derived == back
    close = abs(nudged - back) <= _BARS * bar + 1e-15 * scale or bool(np.isnan(nudged) and np.isnan(back))
    gap = max(abs(nudged - back), abs(nudged - derived), abs(derived - back))
    return Compared(
        name, index, nudged, bar, derived, back, digits_of(gap, max(abs(back), abs(nudged))), exact and close
    )


def digits_of(gap: float, size: float) -> int:
    """To how many significant digits two numbers of that size agree when they differ by `gap`.

    >>> digits_of(1e-9, 1539.28), digits_of(0.0, 1.0), digits_of(2.65, 1539.28)
    (12, 15, 2)
    """
    if gap == 0 or not np.isfinite(gap):
        return _MOST_DIGITS if gap == 0 else 0
    return int(np.clip(np.floor(-np.log10(gap / size)), 0, _MOST_DIGITS)) if size else 0


def compare(
    names: Sequence[str],
    nudged: Sequence[Any],
    bars: Sequence[Any],
    derived: Mapping[str, Derivation],
    slopes: Mapping[str, Any],
) -> Agreement:
    """Lay the three ways side by side."""
    return Agreement(
        dict(zip(names, nudged, strict=True)),
        dict(zip(names, bars, strict=True)),
        {n: derived[n].value for n in names},
        dict(slopes),
    )
