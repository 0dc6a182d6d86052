"""A backward that does not use what comes back to it. Seen where functions are checked by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import Slip, Step


def slips(step: Step) -> Iterator[Slip]:
    """1 for a slope, as if nothing came back to it."""
    if step.is_slope and step.quantity.role != "slope":
        yield Slip(("known", 1.0), "it is not 1 of itself: what comes back counts", key=("one",), rare=True)


CAUSE = Cause(
    code="GW224",
    name="ignores what comes back",
    summary="The backward of a function ignores the upstream gradient, or does not use it in proportion.",
    explain="A backward is handed the slopes of the loss by the function's output (grad_output), and gives those by "
    "its input: the local slope times what comes back. Without that factor it is right only where the loss is the "
    "plain sum of the output, which is why a test that calls .sum().backward() passes. gradwork.torch and gradwork.jax "
    "send random numbers back, twice, and see whether the answer changes.",
    broken="""
import torch

class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return 2 * x
""",
    mended="""
    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return 2 * x * grad_output
""",
    rank=4,
    fact=True,
    slips=slips,
    bugs=(24,),
)
