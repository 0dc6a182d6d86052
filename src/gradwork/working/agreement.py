"""The three ways side by side: how far they agree, and why not further."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
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
        return self.carried_gap <= _ROUNDING and all(bool(agree.all()) for _, agree in self._judged.values())

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
        return min((int(digits.min(initial=_MOST_DIGITS)) for digits, _ in self._judged.values()), default=_MOST_DIGITS)

    @property
    def apart(self) -> tuple[int, tuple[str, tuple[int, ...]] | None]:
        """How many entries do not agree, and the name and index of the first of them."""
        wrong = {name: np.argwhere(~agree) for name, (_, agree) in self._judged.items()}
        first = next(((name, tuple(map(int, places[0]))) for name, places in wrong.items() if len(places)), None)
        return sum(map(len, wrong.values())), first

    def rows(self, name: str | None = None) -> Iterator[Compared]:
        """Entry by entry; only those of one parameter when it is named."""
        for one in self.backpropagated if name is None else [name]:
            nudged, bars, derived, back = self._slopes(one)
            digits, agree = self._judged[one]
            for i in np.ndindex(back.shape):
                numbers = (float(nudged[i]), float(bars[i]), float(derived[i]), float(back[i]))
                yield Compared(one, i, *numbers, int(digits[i]), bool(agree[i]))

    def _slopes(self, name: str) -> list[Any]:
        ways = (self.nudged, self.bars, self.derived, self.backpropagated)
        return [np.asarray(way[name], dtype=np.float64) for way in ways]

    @cached_property
    def _judged(self) -> dict[str, tuple[Any, Any]]:
        """For each parameter: to how many digits each entry agrees, and whether it does."""
        with np.errstate(all="ignore"):
            return {name: _compared(*self._slopes(name)) for name in self.backpropagated}


def _compared(nudged: Any, bar: Any, derived: Any, back: Any) -> tuple[Any, Any]:
    scale = float(np.max(np.abs(back), initial=0.0))
    exact = (np.abs(derived - back) <= _ROUNDING * np.maximum(scale, np.abs(back))) | (derived == back)
    close = (np.abs(nudged - back) <= _BARS * bar + 1e-15 * scale) | (np.isnan(nudged) & np.isnan(back))
    gap = np.maximum(np.maximum(np.abs(nudged - back), np.abs(nudged - derived)), np.abs(derived - back))
    return digits_of(gap, np.maximum(np.abs(back), np.abs(nudged))), exact & close


def digits_of(gap: Any, size: Any) -> Any:
    """To how many significant digits numbers of that size agree when they differ by `gap`; both may be arrays.

    >>> import numpy as np
    >>> digits_of(np.array([1e-9, 0.0, 2.65]), np.array([1539.28, 1.0, 1539.28])).tolist()
    [12, 15, 2]
    """
    with np.errstate(all="ignore"):
        digits = np.clip(np.floor(-np.log10(gap / size)), 0, _MOST_DIGITS)
    known = np.isfinite(gap) & np.isfinite(digits) & (size != 0)
    return np.where(gap == 0, _MOST_DIGITS, np.where(known, digits, 0)).astype(int)


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
