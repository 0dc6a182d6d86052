"""Normalisations: of a layer, of a batch, by the root mean square, of a weight."""

from __future__ import annotations

import torch
from check.torch_blind.case import Family, drawn

Function = torch.autograd.Function


class LayerNorm(Function):
    @staticmethod
    def forward(ctx, x, gamma, beta):
        mu = x.mean(-1, keepdim=True)
        inv = torch.rsqrt(((x - mu) ** 2).mean(-1, keepdim=True) + 1e-5)
        xhat = (x - mu) * inv
        ctx.save_for_backward(xhat, inv, gamma)
        return xhat * gamma + beta

    @staticmethod
    def backward(ctx, grad_output):
        xhat, inv, gamma = ctx.saved_tensors
        d = grad_output * gamma
        mean_d = d.mean(-1, keepdim=True)
        mean_dx = (d * xhat).mean(-1, keepdim=True)
        grad_x = inv * (d - mean_d - xhat * mean_dx)
        return grad_x, (grad_output * xhat).sum(0), grad_output.sum(0)


LAYER_NORM_MISTAKES = {
    "mean and deviation are taken for constants": ("(d - mean_d - xhat * mean_dx)", "d"),
    "the path through the deviation is forgotten": (" - xhat * mean_dx", ""),
    "the path through the mean is forgotten": (" - mean_d -", " -"),
    "the factor gamma is left out": ("d = grad_output * gamma", "d = grad_output"),
    "one over the deviation is left out": ("grad_x = inv * (", "grad_x = ("),
    "sums for the means": ("d.mean(-1", "d.sum(-1", "(d * xhat).mean(", "(d * xhat).sum("),
    "gamma gets no normalised value": ("(grad_output * xhat).sum(0)", "grad_output.sum(0)"),
    "the means are over the batch": ("d.mean(-1,", "d.mean(0,", "(d * xhat).mean(-1,", "(d * xhat).mean(0,"),
}
LAYER_NORM = Family("layer norm", LayerNorm, lambda g: (drawn(g, 5, 4), drawn(g, 4), drawn(g, 4)), LAYER_NORM_MISTAKES)


class FusedLayerNorm(Function):
    @staticmethod
    def forward(ctx, x, gamma, beta):
        y, mu, inv = torch.native_layer_norm(x, (x.shape[-1],), gamma, beta, 1e-5)
        ctx.save_for_backward((x - mu) * inv, inv, gamma)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        xhat, inv, gamma = ctx.saved_tensors
        d = grad_output * gamma
        mean_d = d.mean(-1, keepdim=True)
        mean_dx = (d * xhat).mean(-1, keepdim=True)
        grad_x = inv * (d - mean_d - xhat * mean_dx)
        return grad_x, (grad_output * xhat).sum(0), grad_output.sum(0)


FUSED = Family(
    "layer norm of torch",
    FusedLayerNorm,
    lambda g: (drawn(g, 6, 5), drawn(g, 5), drawn(g, 5)),
    {k: LAYER_NORM_MISTAKES[k] for k in list(LAYER_NORM_MISTAKES)[:4]},
)


class BatchNorm(Function):
    @staticmethod
    def forward(ctx, x, gamma, beta):
        mean, var = x.mean(0), x.var(0, unbiased=False)
        inv = 1 / torch.sqrt(var + 1e-5)
        xhat = (x - mean) * inv
        ctx.save_for_backward(xhat, inv, gamma)
        return gamma * xhat + beta

    @staticmethod
    def backward(ctx, grad_output):
        xhat, inv, gamma = ctx.saved_tensors
        n = xhat.shape[0]
        grad_beta = grad_output.sum(0)
        grad_gamma = (grad_output * xhat).sum(0)
        grad_x = gamma * inv / n * (n * grad_output - grad_beta - xhat * grad_gamma)
        return grad_x, grad_gamma, grad_beta


BATCH_NORM = Family(
    "batch norm",
    BatchNorm,
    lambda g: (drawn(g, 7, 4), drawn(g, 4), drawn(g, 4)),
    {
        "the statistics are taken for constants": (
            "gamma * inv / n * (n * grad_output - grad_beta - xhat * grad_gamma)",
            "gamma * inv * grad_output",
        ),
        "the factor gamma is left out": ("gamma * inv / n", "inv / n"),
        "the path through the variance is forgotten": (" - xhat * grad_gamma)", ")"),
        "divided by one row less": ("inv / n *", "inv / (n - 1) *"),
        "one over the variance": ("gamma * inv / n", "gamma * inv**2 / n"),
    },
)


class RmsNorm(Function):
    @staticmethod
    def forward(ctx, x, weight):
        r = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
        ctx.save_for_backward(x, weight, r)
        return x * r * weight

    @staticmethod
    def backward(ctx, grad_output):
        x, weight, r = ctx.saved_tensors
        d = grad_output * weight
        dot = (d * x).mean(-1, keepdim=True)
        return r * d - r**3 * x * dot, (grad_output * x * r).sum(0)


RMS_NORM = Family(
    "rms norm",
    RmsNorm,
    lambda g: (drawn(g, 5, 4), drawn(g, 4)),
    {
        "the path through the root is forgotten": (" - r**3 * x * dot", ""),
        "the root is squared, not cubed": ("r**3", "r**2"),
        "the sum for the mean": ("(d * x).mean(", "(d * x).sum("),
        "the weight is left out": ("d = grad_output * weight", "d = grad_output"),
        "the weight gets the value that is not normalised": ("grad_output * x * r", "grad_output * x"),
    },
)


class WeightNorm(Function):
    @staticmethod
    def forward(ctx, x, v, g):
        norm = v.norm(dim=0)
        w = v * (g / norm)
        ctx.save_for_backward(x, v, g, norm, w)
        return x @ w

    @staticmethod
    def backward(ctx, grad_output):
        x, v, g, norm, w = ctx.saved_tensors
        gw = x.t() @ grad_output
        gg = (gw * v).sum(0) / norm
        gv = gw * (g / norm) - v * (g * gg / norm**2)
        return grad_output @ w.t(), gv, gg


WEIGHT_NORM = Family(
    "weight norm",
    WeightNorm,
    lambda g: (drawn(g, 5, 4), drawn(g, 4, 3), drawn(g, 3)),
    {
        "the length is taken for a constant": (" - v * (g * gg / norm**2)", ""),
        "the gain is not divided by the length": ("(gw * v).sum(0) / norm", "(gw * v).sum(0)"),
        "the direction for the weights": ("grad_output @ w.t()", "grad_output @ v.t()"),
    },
)

FAMILIES = (LAYER_NORM, FUSED, BATCH_NORM, RMS_NORM, WEIGHT_NORM)
