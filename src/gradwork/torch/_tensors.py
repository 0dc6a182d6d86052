"""Tensors beside the arrays that stand for them: widened, copied, drawn at random."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

Array = np.ndarray[Any, Any]
Tensors = Mapping[str, torch.Tensor]
CLEARLY = 1.4  # times as fast


def is_real_number(value: Any) -> bool:
    """Whether a slope can be asked of it: a tensor of floating or complex numbers."""
    return isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex())


def wide(dtype: torch.dtype) -> torch.dtype:
    """The widest dtype of the same kind."""
    return torch.complex128 if dtype.is_complex else torch.float64


def widened(value: Any) -> Any:
    """A tensor of floating numbers in double precision; anything else as it is."""
    return value.detach().to(wide(value.dtype)) if is_real_number(value) else value


def unit_of(dtype: torch.dtype) -> float:
    """Half the gap between 1 and the next number."""
    return float(torch.finfo(dtype).eps) / 2


def named(dtype: torch.dtype) -> str:
    """A dtype's own name: "bfloat16"."""
    return str(dtype).removeprefix("torch.")


def array_of(value: torch.Tensor) -> Array:
    """A tensor as an array of its own: complex numbers as pairs, bfloat16 as float32."""
    value = value.detach().cpu().resolve_conj().resolve_neg()
    if value.is_complex():
        value = torch.view_as_real(value)
    if value.dtype in (torch.bfloat16, torch.float16):
        value = value.float()
    return np.array(value.numpy())


def tensor_of(value: Array, like: torch.Tensor, dtype: torch.dtype, copy: bool = True) -> torch.Tensor:
    """An array as a tensor of the kind and on the device of `like`."""
    made = torch.from_numpy(np.require(np.array(value, np.float64, copy=copy or None), requirements=["C", "W"]))
    if like.is_complex():
        made = torch.view_as_complex(made)
    return made.to(device=like.device, dtype=dtype)


def drawn(like: torch.Tensor, seed: int) -> torch.Tensor:
    """Normal numbers in double precision, in the shape and on the device of `like`."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(tuple(like.shape), generator=generator, dtype=wide(like.dtype)).to(like.device)


def scattered(value: torch.Tensor) -> torch.Tensor:
    """The same numbers, laid out in memory with gaps and with the axes in reverse."""
    shape = (*reversed(value.shape), 2)
    room = torch.zeros(shape, dtype=value.dtype, device=value.device)
    view = room[..., 0].permute(*reversed(range(value.dim())))
    view.copy_(value.detach())
    return view


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors hold the same numbers, bit for bit, NaN included."""
    return a.shape == b.shape and bool(torch.equal(torch.nan_to_num(a.detach()), torch.nan_to_num(b.detach())))


def size_of(gradients: Iterable[torch.Tensor | None]) -> float:
    """The largest slope of several arrays: what is tiny beside it is rounding."""
    sizes = [float(widened(g).abs().max()) for g in gradients if g is not None and g.numel()]
    return max((s for s in sizes if s < float("inf")), default=0.0)


def close(a: torch.Tensor | None, b: torch.Tensor | None, digits: float, size: float) -> bool:
    """Whether two gradients are the same to `digits` of `size`; None counts as zeros."""
    if a is None or b is None:
        other = b if a is None else a
        return other is None or not other.numel() or float(widened(other).abs().max()) <= digits * size
    if a.shape != b.shape:
        return False
    return bool(torch.allclose(widened(a), widened(b), rtol=digits, atol=digits * size, equal_nan=True))


@contextmanager
def few_threads(work: Callable[[], Any]) -> Iterator[None]:
    """Work of this size is done by one thread, unless several are clearly faster. They are put back at the end.

    Threads that wait for each other, on small tensors or on a busy machine, can take ten times as long as one alone.
    """
    threads = torch.get_num_threads()
    several = _seconds(work) if threads > 1 else 0.0
    try:
        torch.set_num_threads(1)
        if threads > 1 and several * CLEARLY < _seconds(work):
            torch.set_num_threads(threads)
        yield
    finally:
        torch.set_num_threads(threads)


def _seconds(work: Callable[[], Any]) -> float:
    """The shortest of three turns."""
    turns = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        turns.append(time.perf_counter() - started)
    return min(turns)


@contextmanager
def same_draws(values: Tensors, seed: int = 0) -> Iterator[None]:
    """Random numbers of torch start from one seed in here, and are left as they were."""
    devices = sorted({v.device.index or 0 for v in values.values() if v.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices):
        # torch.manual_seed would also note down, each time, from where it was called.
        torch.default_generator.manual_seed(seed)
        for device in devices:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
