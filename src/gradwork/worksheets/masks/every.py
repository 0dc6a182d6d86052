"""Every k-th number that is worked out: every-3 hides the third, the sixth, and so on."""

from gradwork.errors import UsageError
from gradwork.worksheets.masks import Mask, Masks


def _every(argument: str) -> Mask:
    if not argument.isdecimal() or int(argument) < 1:
        raise UsageError(f"every-{argument} says no number", why="it is every-2, every-3, ...", hint="every-2")
    k = int(argument)
    return Mask(f"every-{k}", f"every number {k} that is worked out", lambda hiding: hiding.worked()[k - 1 :: k])


MASK = Masks("every", "every k-th number that is worked out", _every, "every-2")
