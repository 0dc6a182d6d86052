"""Products that torch takes apart before they are seen: written down as the one call that the user wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

Function = Callable[..., Any]


def _einsum(equation: str, *operands: Any) -> Any:
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    return np.einsum(equation.replace(" ", ""), *operands)


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    scores = x @ np.transpose(weight)
    return scores if bias is None else scores + bias


WHOLES: dict[Any, Function] = {
    torch.einsum: _einsum,
    torch.matmul: np.matmul,
    torch.Tensor.matmul: np.matmul,
    torch.nn.functional.linear: _linear,
}


@contextmanager
def without_fast_path() -> Iterator[None]:
    """Attention is worked out step by step: torch has one call for it that cannot be looked into."""
    settings = getattr(torch.backends, "mha", None)  # since torch 2.3
    if settings is None:
        yield
        return
    before = settings.get_fastpath_enabled()
    settings.set_fastpath_enabled(False)
    try:
        yield
    finally:
        settings.set_fastpath_enabled(before)


class Wholes(TorchFunctionMode):  # type: ignore[misc]
    """Hands these calls to what writes them down: `whole(function, call, args, kwargs)`."""

    def __init__(self, whole: Callable[[Function, Function, Any, Any], Any]) -> None:
        super().__init__()
        self.whole = whole

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        function = WHOLES.get(func)
        if function is None or "out" in kwargs or (function is _einsum and not isinstance(args[0], str)):
            return func(*args, **kwargs)
        return self.whole(function, func, args, kwargs)
