"""Products of matrices, and sums of products."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from gradwork.jax.primitives import declared


@declared("dot_general")
def _product(a: Any, b: Any, *, dimension_numbers: Any) -> Any:
    """As a product of matrices where it is one, else as a sum over letters."""
    left, right, batch_left, batch_right = (tuple(map(int, axes)) for pair in dimension_numbers for axes in pair)
    if not batch_left and len(left) == 1:
        if left[0] == np.ndim(a) - 1 and right[0] == 0 and np.ndim(b) <= 2:
            return a @ b
        if np.ndim(a) == np.ndim(b) == 2:
            return (a if left == (1,) else a.T) @ (b if right == (0,) else b.T)
    count = len(batch_left)
    first = tuple(range(count))
    same = np.ndim(a) == np.ndim(b) == count + 2 and batch_left == batch_right == first and len(left) == 1
    if same and count:
        one = a if left[0] == count + 1 else np.swapaxes(a, -1, -2)
        other = b if right[0] == count else np.swapaxes(b, -1, -2)
        return one @ other
    return np.einsum(_letters(np.ndim(a), np.ndim(b), left, right, batch_left, batch_right), a, b)


def _letters(m: int, n: int, left: Any, right: Any, batch_left: Any, batch_right: Any) -> str:
    """What np.einsum calls it: axes of both, then those of the left one, then those of the right one."""
    names = iter(string.ascii_letters)
    one, other = [""] * m, [""] * n
    for i, j in (*zip(batch_left, batch_right, strict=True), *zip(left, right, strict=True)):
        one[i] = other[j] = next(names)
    result = [one[i] for i in batch_left]
    for mine in (one, other):
        for k, letter in enumerate(mine):
            if not letter:
                mine[k] = next(names)
                result.append(mine[k])
    return f"{''.join(one)},{''.join(other)}->{''.join(result)}"
