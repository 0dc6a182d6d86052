"""Softmax, losses on scores and distances, cosine similarity."""

from __future__ import annotations

import torch
from check.torch_blind.case import Family, drawn

Function = torch.autograd.Function


def labels(g, n, k):
    return torch.randint(k, (n,), generator=g)


class Softmax(Function):
    @staticmethod
    def forward(ctx, x):
        p = torch.softmax(x, dim=1)
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx, grad_output):
        (p,) = ctx.saved_tensors
        return p * (grad_output - (grad_output * p).sum(dim=1, keepdim=True))


SOFTMAX = Family(
    "softmax",
    Softmax,
    lambda g: (drawn(g, 4, 4),),
    {
        "only the diagonal": (
            "p * (grad_output - (grad_output * p).sum(dim=1, keepdim=True))",
            "grad_output * p * (1 - p)",
        ),
        "the sum is over the other axis": ("sum(dim=1", "sum(dim=0"),
        "the sum is left out": ("(grad_output - (grad_output * p).sum(dim=1, keepdim=True))", "grad_output"),
        "the sum without p": ("(grad_output * p).sum", "grad_output.sum"),
        "the mean for the sum": ("(grad_output * p).sum", "(grad_output * p).mean"),
    },
)


class CrossEntropy(Function):
    @staticmethod
    def forward(ctx, x, w, y):
        z = x @ w
        logp = torch.log_softmax(z, dim=1)
        ctx.save_for_backward(x, w, logp, y)
        return -logp[torch.arange(len(y)), y].mean()

    @staticmethod
    def backward(ctx, grad_output):
        x, w, logp, y = ctx.saved_tensors
        p = logp.exp()
        d = p - torch.nn.functional.one_hot(y, p.shape[1])
        d = grad_output * d / len(y)
        return d @ w.t(), x.t() @ d, None


CROSS_ENTROPY = Family(
    "cross-entropy",
    CrossEntropy,
    lambda g: (drawn(g, 6, 4), drawn(g, 4, 3), labels(g, 6, 3)),
    {
        "the mean is not divided by the rows": (" / len(y)", ""),
        "the labels are not taken off": ("p - torch.nn.functional.one_hot(y, p.shape[1])", "p"),
        "the labels less the shares": (
            "p - torch.nn.functional.one_hot(y, p.shape[1])",
            "torch.nn.functional.one_hot(y, p.shape[1]) - p",
        ),
        "the logarithm for the shares": ("p = logp.exp()", "p = logp"),
        "the shares of the wrong axis": ("p = logp.exp()", "p = torch.softmax(x @ w, dim=0)"),
        "divided by the classes": ("/ len(y)", "/ w.shape[1]"),
        "what comes back is left out": ("grad_output * d", "d"),
        "the labels of the row before": ("one_hot(y,", "one_hot(y.roll(1),"),
    },
)


class Nll(Function):
    @staticmethod
    def forward(ctx, z, y):
        loss = torch.nn.functional.cross_entropy(z, y, reduction="none")
        ctx.save_for_backward(z, y)
        return loss

    @staticmethod
    def backward(ctx, grad_output):
        z, y = ctx.saved_tensors
        p = torch.softmax(z, dim=-1)
        d = p.clone()
        d[torch.arange(len(y)), y] -= 1
        return d * grad_output[:, None], None


NLL = Family(
    "cross-entropy a row",
    Nll,
    lambda g: (drawn(g, 5, 4), labels(g, 5, 4)),
    {
        "1 is taken off everywhere": ("d[torch.arange(len(y)), y] -= 1", "d -= 1"),
        "2 is taken off": ("y] -= 1", "y] -= 2"),
        "the slopes that come back are added up": ("grad_output[:, None]", "grad_output.sum()"),
        "1 is added": ("y] -= 1", "y] += 1"),
    },
)


class Bce(Function):
    @staticmethod
    def forward(ctx, x, w, y):
        z = x @ w
        s = torch.sigmoid(z)
        ctx.save_for_backward(x, w, s, y)
        return -(y * torch.log(s) + (1 - y) * torch.log(1 - s)).mean()

    @staticmethod
    def backward(ctx, grad_output):
        x, w, s, y = ctx.saved_tensors
        d = grad_output * (s - y) / y.numel()
        return d @ w.t(), x.t() @ d, None


def bce_point(g):
    return drawn(g, 6, 3), drawn(g, 3, 2), torch.randint(2, (6, 2), generator=g).double()


BCE = Family(
    "binary cross-entropy",
    Bce,
    bce_point,
    {
        "the slope of sigmoid counts twice": ("(s - y)", "(s - y) * s * (1 - s)"),
        "divided by the rows, not by all entries": ("y.numel()", "len(y)"),
        "the targets less the shares": ("(s - y)", "(y - s)"),
        "the scores for the shares": ("(s - y)", "(x @ w - y)"),
    },
)


class Huber(Function):
    @staticmethod
    def forward(ctx, pred, target, delta):
        r = pred - target
        small = r.abs() <= delta
        ctx.save_for_backward(r, small)
        ctx.delta = delta
        return torch.where(small, 0.5 * r**2, delta * (r.abs() - 0.5 * delta)).mean()

    @staticmethod
    def backward(ctx, grad_output):
        r, small = ctx.saved_tensors
        d = torch.where(small, r, ctx.delta * r.sign())
        d = grad_output * d / r.numel()
        return d, -d, None


HUBER = Family(
    "huber",
    Huber,
    lambda g: (drawn(g, 6, 3), drawn(g, 6, 3), 0.8),
    {
        "delta is left out": ("ctx.delta * r.sign()", "r.sign()"),
        "the sign is left out": ("ctx.delta * r.sign()", "ctx.delta * torch.ones_like(r)"),
        "the residual is not clipped": ("torch.where(small, r, ctx.delta * r.sign())", "r"),
        "the mean is not divided": (" / r.numel()", ""),
        "the target gets the same sign": ("d, -d, None", "d, d, None"),
        "the square's slope without its half": ("torch.where(small, r,", "torch.where(small, 2 * r,"),
    },
)


class Cosine(Function):
    @staticmethod
    def forward(ctx, a, b):
        na, nb = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
        c = (a * b).sum(1, keepdim=True) / (na * nb)
        ctx.save_for_backward(a, b, na, nb, c)
        return c[:, 0]

    @staticmethod
    def backward(ctx, grad_output):
        a, b, na, nb, c = ctx.saved_tensors
        g = grad_output[:, None]
        grad_a = g * (b / (na * nb) - c * a / na**2)
        grad_b = g * (a / (na * nb) - c * b / nb**2)
        return grad_a, grad_b


COSINE = Family(
    "cosine similarity",
    Cosine,
    lambda g: (drawn(g, 5, 4), drawn(g, 5, 4)),
    {
        "the lengths are taken for constants": (" - c * a / na**2", "", " - c * b / nb**2", ""),
        "the length is not squared": ("c * a / na**2", "c * a / na"),
        "a stands where b belongs": ("g * (b / (na * nb)", "g * (a / (na * nb)"),
        "the second term with a plus": ("- c * a / na**2", "+ c * a / na**2"),
        "divided by the other length": ("c * b / nb**2", "c * b / na**2"),
    },
)


class LogSumExp(Function):
    @staticmethod
    def forward(ctx, x, w):
        z = x @ w
        y = torch.logsumexp(z, dim=1)
        ctx.save_for_backward(x, w, z, y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        x, w, z, y = ctx.saved_tensors
        d = grad_output[:, None] * torch.exp(z - y[:, None])
        return d @ w.t(), x.t() @ d


LOG_SUM_EXP = Family(
    "log-sum-exp",
    LogSumExp,
    lambda g: (drawn(g, 5, 3), drawn(g, 3, 4)),
    {
        "the exponentials are not divided by their sum": ("torch.exp(z - y[:, None])", "torch.exp(z)"),
        "the softmax is over the rows": ("torch.exp(z - y[:, None])", "torch.softmax(z, dim=0)"),
        "only the largest gets a slope": ("torch.exp(z - y[:, None])", "(z == z.amax(1, keepdim=True))"),
    },
)

FAMILIES = (SOFTMAX, CROSS_ENTROPY, NLL, BCE, HUBER, COSINE, LOG_SUM_EXP)
