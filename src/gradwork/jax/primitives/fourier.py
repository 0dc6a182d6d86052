"""Fourier transforms, over the last axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwork.jax.primitives import declared

_BY_NUMBER = (np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn)


@declared("fft")
def _transformed(x: Any, *, fft_type: Any, fft_lengths: Sequence[int]) -> Any:
    lengths = tuple(int(n) for n in fft_lengths)
    return _BY_NUMBER[int(fft_type)](x, lengths, tuple(range(-len(lengths), 0)))
