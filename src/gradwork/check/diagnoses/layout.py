"""A function that reads numbers in the order of memory. Seen where functions are checked by themselves."""

from __future__ import annotations

from gradwork.check.cause import Cause

CAUSE = Cause(
    code="GW251",
    name="depends on memory layout",
    summary="A tensor that is not contiguous (transposed, sliced) gives other slopes than its copy.",
    explain="A transposed or sliced tensor lies in memory in another order than its entries are counted in. Code that "
    "goes by memory, a kernel of one's own or as_strided, mixes entries up then. The same numbers, laid out with gaps "
    "and with the axes reversed, have to give the same slopes.",
    broken="""
import torch

class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, grad_output):
        return 2 * torch.as_strided(grad_output, grad_output.shape, (grad_output.shape[1], 1))
""",
    mended="""
    @staticmethod
    def backward(ctx, grad_output):
        return 2 * grad_output.contiguous()
""",
    rank=6,
    fact=True,
)
