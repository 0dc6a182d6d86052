"""A backward that is right in double precision and wrong in its own. Seen where functions are checked by themselves."""

from __future__ import annotations

from gradwork.check.cause import Cause

CAUSE = Cause(
    code="GW253",
    name="wrong in its own precision",
    summary="The slopes are right in double precision, and wrong by more than rounding in the precision that is used.",
    explain="A function is checked in double precision, where small mistakes show, and then once more as it is used. "
    "Exponentials that overflow in float16, small numbers that vanish in bfloat16, or a branch of its own for one "
    "dtype make it wrong there alone.",
    broken="""
import torch

class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1e-3

    @staticmethod
    def backward(ctx, grad_output):
        if grad_output.dtype == torch.float32:
            return grad_output * 1e-2
        return grad_output * 1e-3
""",
    mended="""
    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * 1e-3
""",
    rank=7,
    fact=True,
)
