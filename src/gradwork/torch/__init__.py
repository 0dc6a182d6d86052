"""Checking torch: a custom `torch.autograd.Function`, and a module with hand-written pieces.

The forward is nudged, in double precision wherever it runs there; the gradient is what torch gives with the custom
backward. Causes are read from both, followed call by call (`_followed`, `_recording`, `_program`, `_aten`); what torch
takes for granted of a backward is tried out as well. Needs the extra `torch`.
"""

from __future__ import annotations

from gradwork.errors import MissingExtraError

try:
    import torch as _torch  # noqa: F401
except ImportError as _error:
    raise MissingExtraError(
        "gradwork.torch needs torch, which is not installed", hint='python -m pip install "torch>=2.2"'
    ) from _error

from gradwork.torch._check import check_function as check_function
from gradwork.torch._check import check_module as check_module

__all__ = ["check_function", "check_module"]
