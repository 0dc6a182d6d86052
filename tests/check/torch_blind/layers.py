"""Linear maps, and layers and small networks with an activation."""

from __future__ import annotations

import torch
from check.torch_blind.case import Family, drawn

Function = torch.autograd.Function


class Linear(Function):
    @staticmethod
    def forward(ctx, x, w, b):
        ctx.save_for_backward(x, w)
        return x @ w.t() + b

    @staticmethod
    def backward(ctx, grad_output):
        x, w = ctx.saved_tensors
        grad_x = grad_output @ w
        grad_w = grad_output.t() @ x
        grad_b = grad_output.sum(0)
        return grad_x, grad_w, grad_b


LINEAR = Family(
    "linear",
    Linear,
    lambda g: (drawn(g, 5, 4), drawn(g, 4, 4), drawn(g, 4)),
    {
        "the weights are transposed on the way to x": ("grad_output @ w", "grad_output @ w.t()"),
        "the gradient of w is transposed": ("grad_output.t() @ x", "x.t() @ grad_output"),
        "the bias gets the mean over the rows": ("grad_output.sum(0)", "grad_output.mean(0)"),
        "the gradient of w is divided by the rows": ("grad_output.t() @ x", "grad_output.t() @ x / x.shape[0]"),
        "the sign of the gradient of x is lost": ("grad_output @ w", "-grad_output @ w"),
        "the bias gets the first row alone": ("grad_output.sum(0)", "grad_output[0]"),
    },
)


class TanhLayer(Function):
    @staticmethod
    def forward(ctx, x, w, b):
        z = x @ w + b
        a = torch.tanh(z)
        ctx.save_for_backward(x, w, z, a)
        return a

    @staticmethod
    def backward(ctx, grad_output):
        x, w, z, a = ctx.saved_tensors  # noqa: RUF059
        delta = grad_output * (1 - a**2)
        return delta @ w.t(), x.t() @ delta, delta.sum(0)


TANH = Family(
    "tanh layer",
    TanhLayer,
    lambda g: (drawn(g, 5, 4), drawn(g, 4, 3), drawn(g, 3)),
    {
        "the slope of tanh is taken at z": ("1 - a**2", "1 - z**2"),
        "the slope of tanh is left out": (" * (1 - a**2)", ""),
        "1 - a for 1 - a^2": ("1 - a**2", "1 - a"),
        "the slope of tanh is squared": ("(1 - a**2)", "(1 - a**2) ** 2"),
        "the slope of tanh with a plus": ("1 - a**2", "1 + a**2"),
        "the slope of tanh is missing for w alone": ("x.t() @ delta", "x.t() @ grad_output"),
        "the slope of tanh is missing for b alone": ("delta.sum(0)", "grad_output.sum(0)"),
    },
)


class SigmoidLayer(Function):
    @staticmethod
    def forward(ctx, x, w, b):
        s = torch.sigmoid(torch.nn.functional.linear(x, w, b))
        ctx.save_for_backward(x, w, s)
        return s

    @staticmethod
    def backward(ctx, grad_output):
        x, w, s = ctx.saved_tensors
        delta = grad_output * s * (1 - s)
        return delta @ w, delta.t() @ x, delta.sum(0)


SIGMOID = Family(
    "sigmoid layer",
    SigmoidLayer,
    lambda g: (drawn(g, 6, 4), drawn(g, 3, 4), drawn(g, 3)),
    {
        "the slope of sigmoid is left out": ("grad_output * s * (1 - s)", "grad_output"),
        "the factor s is left out": ("grad_output * s * (1 - s)", "grad_output * (1 - s)"),
        "the factor 1 - s is left out": ("grad_output * s * (1 - s)", "grad_output * s"),
        "the sigmoid is applied once more": ("s * (1 - s)", "torch.sigmoid(s) * (1 - torch.sigmoid(s))"),
        "the slope of tanh for that of sigmoid": ("s * (1 - s)", "(1 - s**2)"),
        "what comes back is left out": ("grad_output * s", "s"),
    },
)


class ReluLayer(Function):
    @staticmethod
    def forward(ctx, x, w, b):
        z = x @ w + b
        ctx.save_for_backward(x, w, z)
        return torch.relu(z)

    @staticmethod
    def backward(ctx, grad_output):
        x, w, z = ctx.saved_tensors
        delta = grad_output * (z > 0)
        return delta @ w.t(), x.t() @ delta, delta.sum(0)


RELU = Family(
    "relu layer",
    ReluLayer,
    lambda g: (drawn(g, 6, 5), drawn(g, 5, 4), drawn(g, 4)),
    {
        "the mask of relu is left out": ("grad_output * (z > 0)", "grad_output"),
        "the mask of relu is that of what comes back": ("(z > 0)", "(grad_output > 0)"),
        "the mask of relu is the other way round": ("(z > 0)", "(z < 0)"),
        "relu itself stands for its slope": ("(z > 0)", "torch.relu(z)"),
        "a small slope below 0": ("grad_output * (z > 0)", "torch.where(z > 0, grad_output, 0.01 * grad_output)"),
    },
)


class Mlp(Function):
    @staticmethod
    def forward(ctx, x, w1, b1, w2, b2):
        z1 = x @ w1 + b1
        a1 = torch.tanh(z1)
        ctx.save_for_backward(x, w1, a1, w2)
        return a1 @ w2 + b2

    @staticmethod
    def backward(ctx, grad_output):
        x, w1, a1, w2 = ctx.saved_tensors
        d1 = (grad_output @ w2.t()) * (1 - a1 * a1)
        grad_w2 = a1.t() @ grad_output
        return d1 @ w1.t(), x.t() @ d1, d1.sum(0), grad_w2, grad_output.sum(0)


MLP = Family(
    "two layers",
    Mlp,
    lambda g: (drawn(g, 5, 4), drawn(g, 4, 6), drawn(g, 6), drawn(g, 6, 3), drawn(g, 3)),
    {
        "the activation is skipped on the way back": (" * (1 - a1 * a1)", ""),
        "the weights of layer 2 are read as they are after they decayed": ("@ w2.t())", "@ (0.9 * w2).t())"),
        "the output of layer 1 is not activated in the gradient of w2": (
            "a1.t() @ grad_output\n",
            "torch.atanh(a1).t() @ grad_output\n",
        ),
        "the first layer is left out": (
            "d1 @ w1.t(), x.t() @ d1, d1.sum(0)",
            "torch.zeros_like(x), torch.zeros_like(w1), torch.zeros_like(d1[0])",
        ),
        "the gradient of b1 does not go through the activation": ("d1.sum(0)", "(grad_output @ w2.t()).sum(0)"),
    },
)


class Residual(Function):
    @staticmethod
    def forward(ctx, x, w):
        z = x @ w
        ctx.save_for_backward(x, w, z)
        return x + torch.relu(z)

    @staticmethod
    def backward(ctx, grad_output):
        x, w, z = ctx.saved_tensors
        d = grad_output * (z > 0)
        return grad_output + d @ w.t(), x.t() @ d


RESIDUAL = Family(
    "residual block",
    Residual,
    lambda g: (drawn(g, 5, 4), drawn(g, 4, 4)),
    {
        "the path around the block is forgotten": ("grad_output + d @ w.t()", "d @ w.t()"),
        "the path through the block is forgotten": ("grad_output + d @ w.t()", "grad_output"),
        "the path around goes through the mask": ("grad_output + d @", "d + d @"),
    },
)


class Bilinear(Function):
    @staticmethod
    def forward(ctx, a, b, w):
        ctx.save_for_backward(a, b, w)
        return torch.einsum("ni,oij,nj->no", a, w, b)

    @staticmethod
    def backward(ctx, grad_output):
        a, b, w = ctx.saved_tensors
        grad_a = torch.einsum("no,oij,nj->ni", grad_output, w, b)
        grad_b = torch.einsum("no,oij,ni->nj", grad_output, w, a)
        grad_w = torch.einsum("no,ni,nj->oij", grad_output, a, b)
        return grad_a, grad_b, grad_w


BILINEAR = Family(
    "bilinear",
    Bilinear,
    lambda g: (drawn(g, 5, 3), drawn(g, 5, 3), drawn(g, 2, 3, 3)),
    {
        "the gradient of w is transposed": ("nj->oij", "nj->oji"),
        "b stands where a belongs": ("w, a)", "w, b)"),
        "w is transposed on the way to a": ('"no,oij,nj->ni"', '"no,oji,nj->ni"'),
    },
)

FAMILIES = (LINEAR, TANH, SIGMOID, RELU, MLP, RESIDUAL, BILINEAR)
