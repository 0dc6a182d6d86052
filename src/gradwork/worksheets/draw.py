"""Numbers drawn for an exercise: by seed, small, and such as a person would choose."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

Shape = tuple[int, ...]


class Draw:
    """Draws numbers for one exercise. The same words give the same numbers, on every machine.

    >>> Draw("a chapter", 7).whole(1, 9) == Draw("a chapter", 7).whole(1, 9)
    True
    """

    def __init__(self, *words: object) -> None:
        self.random = random.Random("/".join(map(str, words)))

    def whole(self, low: int, high: int, shape: Shape = (), *, zero: bool = True) -> Any:
        """Whole numbers from `low` to `high`, both included; `zero=False` leaves 0 out."""
        span = high - low + 1
        # Written out with random() alone: its numbers are promised never to change, those of randint are not.
        return self._filled(lambda: low + int(self.random.random() * span), shape, zero)

    def pick(self, options: Sequence[Any], shape: Shape = ()) -> Any:
        """One of the options, or an array of them."""
        return self._filled(lambda: options[int(self.random.random() * len(options))], shape, True)

    def decimal(self, low: float, high: float, places: int = 1, shape: Shape = (), *, zero: bool = True) -> Any:
        """Decimals from `low` to `high` with so many places."""
        scale = 10**places
        first, last = round(low * scale), round(high * scale)
        one = lambda: round((first + int(self.random.random() * (last - first + 1))) / scale, places)  # noqa: E731
        return self._filled(one, shape, zero)

    def shuffled(self, options: Sequence[Any]) -> list[Any]:
        """The options in another order."""
        left, found = list(options), []
        while left:
            found.append(left.pop(int(self.random.random() * len(left))))
        return found

    def _filled(self, one: Callable[[], Any], shape: Shape, zero: bool) -> Any:
        if shape:
            return [self._filled(one, shape[1:], zero) for _ in range(shape[0])]
        value = one()
        while not zero and value == 0:
            value = one()
        return value
