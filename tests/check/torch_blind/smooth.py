"""Activations entry by entry, gates, and a dropout with its mask."""

from __future__ import annotations

import math

import torch
from check.torch_blind.case import Family, drawn

Function = torch.autograd.Function


class Gelu(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.nn.functional.gelu(x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        cdf = 0.5 * (1 + torch.erf(x / math.sqrt(2)))
        pdf = torch.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)
        return grad_output * (cdf + x * pdf)


GELU = Family(
    "gelu",
    Gelu,
    lambda g: (drawn(g, 4, 5),),
    {
        "the second term of the product rule is left out": ("cdf + x * pdf", "cdf"),
        "the first term of the product rule is left out": ("cdf + x * pdf", "x * pdf"),
        "the factor x is left out": ("cdf + x * pdf", "cdf + pdf"),
        "the root of 2 pi is left out": (" / math.sqrt(2 * math.pi)", ""),
        "the sign of the second term": ("cdf + x * pdf", "cdf - x * pdf"),
    },
)


class GeluTanh(Function):
    @staticmethod
    def forward(ctx, x):
        t = torch.tanh(0.7978845608028654 * (x + 0.044715 * x**3))
        ctx.save_for_backward(x, t)
        return 0.5 * x * (1 + t)

    @staticmethod
    def backward(ctx, grad_output):
        x, t = ctx.saved_tensors
        inner = 0.7978845608028654 * (1 + 3 * 0.044715 * x**2)
        return grad_output * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner)


GELU_TANH = Family(
    "gelu by tanh",
    GeluTanh,
    lambda g: (drawn(g, 4, 5),),
    {
        "the inner slope is left out": (" * inner)", ")"),
        "the factor 3 is left out": ("3 * 0.044715", "0.044715"),
        "the slope of tanh is left out": (" * (1 - t**2)", ""),
        "the path through tanh is forgotten": (" + 0.5 * x * (1 - t**2) * inner", ""),
    },
)


class Silu(Function):
    @staticmethod
    def forward(ctx, x):
        s = torch.sigmoid(x)
        ctx.save_for_backward(x, s)
        return x * s

    @staticmethod
    def backward(ctx, grad_output):
        x, s = ctx.saved_tensors
        return grad_output * (s + x * s * (1 - s))


SILU = Family(
    "silu",
    Silu,
    lambda g: (drawn(g, 4, 5),),
    {
        "the factor x is left out": ("x * s * (1 - s)", "s * (1 - s)"),
        "only the slope of sigmoid": ("s + x * s * (1 - s)", "s * (1 - s)"),
        "only the sigmoid": ("s + x * s * (1 - s)", "s"),
        "the result stands where x belongs": ("x * s * (1 - s)", "x * s * s * (1 - s)"),
    },
)


class Elu(Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.alpha = alpha
        y = torch.nn.functional.elu(x, alpha)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return grad_output * torch.where(x > 0, 1.0, y + ctx.alpha), None


ELU = Family(
    "elu",
    Elu,
    lambda g: (drawn(g, 4, 5), 0.7),
    {
        "alpha is left out": ("y + ctx.alpha", "y + 1.0"),
        "the value stands for the slope below 0": ("y + ctx.alpha", "y"),
        "the exponential without alpha": ("y + ctx.alpha", "torch.exp(x)"),
    },
)


class Softplus(Function):
    @staticmethod
    def forward(ctx, x, w):
        z = x @ w
        ctx.save_for_backward(x, w, z)
        return torch.log1p(torch.exp(z))

    @staticmethod
    def backward(ctx, grad_output):
        x, w, z = ctx.saved_tensors
        d = grad_output * torch.sigmoid(z)
        return d @ w.t(), x.t() @ d


SOFTPLUS = Family(
    "softplus layer",
    Softplus,
    lambda g: (drawn(g, 5, 3), drawn(g, 3, 4)),
    {
        "the slope of sigmoid stands for that of softplus": (
            "torch.sigmoid(z)",
            "torch.sigmoid(z) * (1 - torch.sigmoid(z))",
        ),
        "the sign inside sigmoid": ("torch.sigmoid(z)", "torch.sigmoid(-z)"),
        "the exponential without its denominator": ("torch.sigmoid(z)", "torch.exp(z)"),
    },
)


class Gated(Function):
    @staticmethod
    def forward(ctx, x, w, v):
        a, b = x @ w, x @ v
        gate = torch.sigmoid(b)
        ctx.save_for_backward(x, w, v, a, gate)
        return a * gate

    @staticmethod
    def backward(ctx, grad_output):
        x, w, v, a, gate = ctx.saved_tensors
        da = grad_output * gate
        db = grad_output * a * gate * (1 - gate)
        return da @ w.t() + db @ v.t(), x.t() @ da, x.t() @ db


GATED = Family(
    "gated unit",
    Gated,
    lambda g: (drawn(g, 5, 4), drawn(g, 4, 3), drawn(g, 4, 3)),
    {
        "the path through the gate is forgotten": ("da @ w.t() + db @ v.t()", "da @ w.t()"),
        "the slope of the gate is left out": (" * gate * (1 - gate)", ""),
        "the value is left out of the gate's gradient": ("grad_output * a * gate", "grad_output * gate"),
        "the gate is left out": ("da = grad_output * gate", "da = grad_output"),
        "the weights are exchanged": ("da @ w.t() + db @ v.t()", "da @ v.t() + db @ w.t()"),
    },
)


class Dropout(Function):
    @staticmethod
    def forward(ctx, x, w, p):
        mask = (torch.rand(x.shape[0], w.shape[1], generator=torch.Generator().manual_seed(3)) > p).to(x.dtype) / (
            1 - p
        )
        h = torch.relu(x @ w)
        ctx.save_for_backward(x, w, h, mask)
        return h * mask

    @staticmethod
    def backward(ctx, grad_output):
        x, w, h, mask = ctx.saved_tensors
        d = grad_output * mask * (h > 0)
        return d @ w.t(), x.t() @ d, None


DROPOUT = Family(
    "dropout",
    Dropout,
    lambda g: (drawn(g, 6, 4), drawn(g, 4, 5), 0.4),
    {
        "the mask is forgotten on the way back": ("grad_output * mask * (h > 0)", "grad_output * (h > 0)"),
        "the mask is not scaled on the way back": ("grad_output * mask *", "grad_output * (mask > 0) *"),
        "the mask is applied twice": ("grad_output * mask *", "grad_output * mask * mask *"),
    },
)

FAMILIES = (GELU, GELU_TANH, SILU, ELU, SOFTPLUS, GATED, DROPOUT)
