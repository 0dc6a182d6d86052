"""Convolutions, pools, and rows of a table."""

from __future__ import annotations

import torch
from check.torch_blind.case import Family, drawn

Function = torch.autograd.Function


class Conv1d(Function):
    @staticmethod
    def forward(ctx, x, w, b):
        cols = x.unfold(2, w.shape[2], 1)
        ctx.save_for_backward(x, w, cols)
        return torch.einsum("nclk,ock->nol", cols, w) + b[:, None]

    @staticmethod
    def backward(ctx, grad_output):
        x, w, cols = ctx.saved_tensors
        grad_w = torch.einsum("nol,nclk->ock", grad_output, cols)
        grad_x = torch.zeros_like(x)
        for k in range(w.shape[2]):
            part = torch.einsum("nol,oc->ncl", grad_output, w[:, :, k])
            grad_x[:, :, k : k + part.shape[2]] += part
        return grad_x, grad_w, grad_output.sum((0, 2))


CONV1D = Family(
    "conv1d by unfold",
    Conv1d,
    lambda g: (drawn(g, 2, 2, 7), drawn(g, 3, 2, 3), drawn(g, 3)),
    {
        "the kernel is flipped": ("w[:, :, k])", "w[:, :, -1 - k])"),
        "overlaps are overwritten": (" += part", " = part"),
        "the bias is summed over the batch alone": ("grad_output.sum((0, 2))", "grad_output.sum(0)[:, 0]"),
        "the bias gets the mean over the places": ("grad_output.sum((0, 2))", "grad_output.sum(0).mean(1)"),
        "the slopes are not moved": ("k : k + part.shape[2]] +=", ": part.shape[2]] +="),
    },
)


class Conv2d(Function):
    @staticmethod
    def forward(ctx, x, w, b):
        ctx.save_for_backward(x, w)
        return torch.nn.functional.conv2d(x, w, b, padding=1)

    @staticmethod
    def backward(ctx, grad_output):
        x, w = ctx.saved_tensors
        grad_x = torch.nn.functional.conv_transpose2d(grad_output, w, padding=1)
        cols = torch.nn.functional.unfold(x, w.shape[2:], padding=1)
        grad_w = torch.einsum("nol,nkl->ok", grad_output.flatten(2), cols).reshape(w.shape)
        return grad_x, grad_w, grad_output.sum((0, 2, 3))


CONV2D = Family(
    "conv2d",
    Conv2d,
    lambda g: (drawn(g, 2, 2, 4, 4), drawn(g, 2, 2, 3, 3), drawn(g, 2)),
    {
        "the kernel is not flipped": ("conv_transpose2d(grad_output, w,", "conv2d(grad_output, w.transpose(0, 1),"),
        "the gradient of w is the mean over the batch": (
            "cols).reshape(w.shape)",
            "cols).reshape(w.shape) / x.shape[0]",
        ),
        "the channels are exchanged": (
            "conv_transpose2d(grad_output, w,",
            "conv_transpose2d(grad_output, w.transpose(0, 1),",
        ),
        "the bias gets one row of the image": ("grad_output.sum((0, 2, 3))", "grad_output[:, :, 0].sum((0, 2))"),
    },
)


class MaxPool(Function):
    @staticmethod
    def forward(ctx, x):
        n, c, h, w = x.shape
        parts = x.reshape(n, c, h // 2, 2, w // 2, 2)
        y = parts.amax((3, 5))
        ctx.save_for_backward(parts, y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        parts, y = ctx.saved_tensors
        mask = (parts == y[:, :, :, None, :, None]).to(y.dtype)
        g = mask * grad_output[:, :, :, None, :, None]
        n, c, h, _, w, _ = parts.shape
        return g.reshape(n, c, 2 * h, 2 * w)


MAX_POOL = Family(
    "max pool",
    MaxPool,
    lambda g: (drawn(g, 2, 2, 4, 4),),
    {
        "every entry of a window gets the slope": ("mask * grad_output", "torch.ones_like(mask) * grad_output"),
        "every entry gets a quarter": ("mask * grad_output", "0.25 * torch.ones_like(mask) * grad_output"),
        "all but the largest get the slope": ("mask * grad_output", "(1 - mask) * grad_output"),
        "the mask is of what comes back": ("parts == y[:", "parts == grad_output[:"),
    },
)


class FusedPool(Function):
    @staticmethod
    def forward(ctx, x):
        y, at = torch.nn.functional.max_pool1d(x, 2, return_indices=True)
        ctx.save_for_backward(at)
        ctx.length = x.shape[-1]
        return y

    @staticmethod
    def backward(ctx, grad_output):
        (at,) = ctx.saved_tensors
        grad_x = torch.zeros(*at.shape[:-1], ctx.length, dtype=grad_output.dtype)
        return grad_x.scatter(-1, at, grad_output)


FUSED_POOL = Family(
    "max pool of torch",
    FusedPool,
    lambda g: (drawn(g, 2, 3, 8),),
    {
        "the index within the window": ("(-1, at,", "(-1, at % 2,"),
        "the neighbour gets the slope": ("(-1, at,", "(-1, at ^ 1,"),
    },
)


class Embedding(Function):
    @staticmethod
    def forward(ctx, table, index):
        ctx.save_for_backward(index)
        ctx.rows = table.shape[0]
        return table[index]

    @staticmethod
    def backward(ctx, grad_output):
        (index,) = ctx.saved_tensors
        grad = torch.zeros(ctx.rows, grad_output.shape[1], dtype=grad_output.dtype)
        grad.index_add_(0, index, grad_output)
        return grad, None


EMBEDDING = Family(
    "embedding",
    Embedding,
    lambda g: (drawn(g, 5, 3), torch.tensor([0, 2, 2, 4, 2, 0])),
    {
        "a row that is met twice gets the last slope": (
            "grad.index_add_(0, index, grad_output)",
            "grad[index] = grad_output",
        ),
        "a row that is met twice counts once": ("grad.index_add_(0, index, grad_output)", "grad[index] += grad_output"),
        "divided by how often a row is met": (
            "return grad, None",
            "return grad / torch.bincount(index, minlength=ctx.rows).clamp(min=1)[:, None], None",
        ),
        "the first row is left out": ("return grad, None", "grad[0] = 0\n        return grad, None"),
    },
)

FAMILIES = (CONV1D, CONV2D, MAX_POOL, FUSED_POOL, EMBEDDING)
