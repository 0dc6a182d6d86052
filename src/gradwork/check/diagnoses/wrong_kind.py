"""A backward that does not return one gradient for each input. Seen where functions are checked by themselves."""

from __future__ import annotations

from gradwork.check.cause import Cause

CAUSE = Cause(
    code="GW250",
    name="not one gradient an input",
    summary="A backward returns None, or too few gradients, where its inputs need them.",
    explain="A backward returns one gradient for each argument of its forward, in the same order. None stands for an "
    "argument that has none, such as an axis or a flag. None for an input that needs a gradient counts as zero, and "
    "nothing is said.",
    broken="""
import torch

class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return x * w

    @staticmethod
    def backward(ctx, grad_output):
        x, w = ctx.saved_tensors
        return grad_output * w, None
""",
    mended="""
    @staticmethod
    def backward(ctx, grad_output):
        x, w = ctx.saved_tensors
        return grad_output * w, grad_output * x
""",
    rank=4,
    fact=True,
)
