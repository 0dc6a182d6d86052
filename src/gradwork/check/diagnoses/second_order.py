"""A gradient that is right, whose own slopes are wrong. Seen where functions are checked by themselves."""

from __future__ import annotations

from gradwork.check.cause import Cause

CAUSE = Cause(
    code="GW233",
    name="second order only",
    summary="The gradient is right; what comes out when it is differentiated once more is wrong.",
    explain="A penalty on a gradient, a Hessian or a Newton step goes back through the backward pass. What the forward "
    "pass computed and kept as plain numbers is a constant there, and the slopes through it are lost without a word. "
    "Save inputs and outputs alone and compute the rest again, or say no with @once_differentiable.",
    broken="""
import torch

class Exp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.made = x.exp()
        return ctx.made.clone()

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.made
""",
    mended="""
class Exp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        (y,) = ctx.saved_tensors
        return grad_output * y
""",
    rank=5,
    fact=True,
    bugs=(33,),
)
