"""Attention, and cells of recurrent networks."""

from __future__ import annotations

import torch
from check.torch_blind.case import Family, drawn

Function = torch.autograd.Function


class Attention(Function):
    @staticmethod
    def forward(ctx, q, k, v):
        scale = q.shape[-1] ** -0.5
        p = torch.softmax(q @ k.transpose(-1, -2) * scale, dim=-1)
        ctx.save_for_backward(q, k, v, p)
        ctx.scale = scale
        return p @ v

    @staticmethod
    def backward(ctx, grad_output):
        q, k, v, p = ctx.saved_tensors
        grad_v = p.transpose(-1, -2) @ grad_output
        dp = grad_output @ v.transpose(-1, -2)
        ds = p * (dp - (dp * p).sum(-1, keepdim=True)) * ctx.scale
        return ds @ k, ds.transpose(-1, -2) @ q, grad_v


ATTENTION = Family(
    "attention",
    Attention,
    lambda g: (drawn(g, 2, 4, 4), drawn(g, 2, 4, 4), drawn(g, 2, 4, 4)),
    {
        "the scale is forgotten": (" * ctx.scale", ""),
        "only the diagonal of the softmax": ("p * (dp - (dp * p).sum(-1, keepdim=True))", "dp * p * (1 - p)"),
        "the softmax is forgotten": ("p * (dp - (dp * p).sum(-1, keepdim=True))", "dp"),
        "the shares are not transposed": ("p.transpose(-1, -2) @ grad_output", "p @ grad_output"),
        "the scores are not transposed": ("ds.transpose(-1, -2) @ q", "ds @ q"),
        "queries stand where keys belong": ("ds @ k,", "ds @ q,"),
    },
)


class Causal(Function):
    @staticmethod
    def forward(ctx, x, wq, wk, wv):
        q, k, v = x @ wq, x @ wk, x @ wv
        mask = torch.triu(torch.ones(len(x), len(x), dtype=torch.bool), 1)
        p = torch.softmax((q @ k.t() / wq.shape[1] ** 0.5).masked_fill(mask, float("-inf")), 1)
        ctx.save_for_backward(x, wq, wk, wv, q, k, v, p)
        return p @ v

    @staticmethod
    def backward(ctx, grad_output):
        x, wq, wk, wv, q, k, v, p = ctx.saved_tensors
        dv = p.t() @ grad_output
        dp = grad_output @ v.t()
        ds = p * (dp - (dp * p).sum(1, keepdim=True)) / wq.shape[1] ** 0.5
        dq, dk = ds @ k, ds.t() @ q
        return dq @ wq.t() + dk @ wk.t() + dv @ wv.t(), x.t() @ dq, x.t() @ dk, x.t() @ dv


CAUSAL = Family(
    "causal attention",
    Causal,
    lambda g: (drawn(g, 5, 3), drawn(g, 3, 4), drawn(g, 3, 4), drawn(g, 3, 4)),
    {
        "the path through the keys is forgotten": (" + dk @ wk.t()", ""),
        "the path through the values is forgotten": (" + dv @ wv.t()", ""),
        "the scale is forgotten": (" / wq.shape[1] ** 0.5\n        dq", "\n        dq"),
        "keys and queries are exchanged": ("x.t() @ dq, x.t() @ dk,", "x.t() @ dk, x.t() @ dq,"),
        "the sum of the softmax is forgotten": ("(dp - (dp * p).sum(1, keepdim=True))", "dp"),
    },
)


class RnnCell(Function):
    @staticmethod
    def forward(ctx, x, h, w, u, b):
        n = torch.tanh(x @ w + h @ u + b)
        ctx.save_for_backward(x, h, w, u, n)
        return n

    @staticmethod
    def backward(ctx, grad_output):
        x, h, w, u, n = ctx.saved_tensors
        d = grad_output * (1 - n**2)
        return d @ w.t(), d @ u.t(), x.t() @ d, h.t() @ d, d.sum(0)


RNN_CELL = Family(
    "rnn cell",
    RnnCell,
    lambda g: (drawn(g, 4, 3), drawn(g, 4, 3), drawn(g, 3, 3), drawn(g, 3, 3), drawn(g, 3)),
    {
        "the slope of tanh is left out": ("grad_output * (1 - n**2)", "grad_output"),
        "the wrong weights for the state": ("d @ u.t()", "d @ w.t()"),
        "the new state for the old one": ("h.t() @ d", "n.t() @ d"),
        "the state stands where the input belongs": ("x.t() @ d", "h.t() @ d"),
    },
)


class GruCell(Function):
    @staticmethod
    def forward(ctx, x, h, wz, uz, wr, ur, wn, un):
        z = torch.sigmoid(x @ wz + h @ uz)
        r = torch.sigmoid(x @ wr + h @ ur)
        n = torch.tanh(x @ wn + (r * h) @ un)
        ctx.save_for_backward(x, h, wz, uz, wr, ur, wn, un, z, r, n)
        return (1 - z) * n + z * h

    @staticmethod
    def backward(ctx, grad_output):
        x, h, wz, uz, wr, ur, wn, un, z, r, n = ctx.saved_tensors
        dn = grad_output * (1 - z) * (1 - n**2)
        dz = grad_output * (h - n) * z * (1 - z)
        drh = dn @ un.t()
        dr = drh * h * r * (1 - r)
        dx = dn @ wn.t() + dz @ wz.t() + dr @ wr.t()
        dh = grad_output * z + drh * r + dz @ uz.t() + dr @ ur.t()
        return dx, dh, x.t() @ dz, h.t() @ dz, x.t() @ dr, h.t() @ dr, x.t() @ dn, (r * h).t() @ dn


GRU_CELL = Family(
    "gru cell",
    GruCell,
    lambda g: (drawn(g, 4, 3), drawn(g, 4, 3), *(drawn(g, 3, 3) for _ in range(6))),
    {
        "the direct path to the state is forgotten": ("grad_output * z + drh", "drh"),
        "the path through the reset gate is forgotten": (" + dr @ ur.t()", ""),
        "the reset gate is left out": ("(r * h).t() @ dn", "h.t() @ dn"),
        "the update gate the other way round": ("grad_output * (h - n)", "grad_output * (n - h)"),
        "the slope of the update gate is left out": (" * z * (1 - z)", ""),
        "the new value alone for the update gate": ("(h - n)", "n"),
        "the slope of tanh is left out": (" * (1 - n**2)", ""),
    },
)


class LstmCell(Function):
    @staticmethod
    def forward(ctx, x, h, c, w, u, b):
        i, f, o, g = (x @ w + h @ u + b).chunk(4, 1)
        i, f, o, g = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o), torch.tanh(g)
        c1 = f * c + i * g
        t = torch.tanh(c1)
        ctx.save_for_backward(x, h, c, w, u, i, f, o, g, t)
        return o * t, c1

    @staticmethod
    def backward(ctx, grad_h, grad_c):
        x, h, c, w, u, i, f, o, g, t = ctx.saved_tensors
        dc = grad_c + grad_h * o * (1 - t**2)
        do = grad_h * t * o * (1 - o)
        di = dc * g * i * (1 - i)
        df = dc * c * f * (1 - f)
        dg = dc * i * (1 - g**2)
        d = torch.cat([di, df, do, dg], 1)
        return d @ w.t(), d @ u.t(), dc * f, x.t() @ d, h.t() @ d, d.sum(0)


LSTM_CELL = Family(
    "lstm cell",
    LstmCell,
    lambda g: (drawn(g, 4, 3), drawn(g, 4, 2), drawn(g, 4, 2), drawn(g, 3, 8), drawn(g, 2, 8), drawn(g, 8)),
    {
        "what comes back to the cell is forgotten": ("dc = grad_c + grad_h * o", "dc = grad_h * o"),
        "the slope of tanh at the cell is left out": (" * (1 - t**2)", ""),
        "the forget gate is left out": ("dc * f, x.t()", "dc, x.t()"),
        "the new cell for the old one": ("df = dc * c *", "df = dc * t *"),
        "the slope of the output gate is left out": (" * o * (1 - o)", ""),
        "the gates are put together in another order": ("[di, df, do, dg]", "[di, df, dg, do]"),
        "the slope of sigmoid for that of tanh": ("(1 - g**2)", "g * (1 - g)"),
    },
)


class Unrolled(Function):
    @staticmethod
    def forward(ctx, x, w, u):
        h = torch.zeros(x.shape[1], u.shape[0], dtype=x.dtype)
        hs = [h]
        for t in range(len(x)):
            h = torch.tanh(x[t] @ w + h @ u)
            hs.append(h)
        ctx.save_for_backward(x, w, u, *hs)
        return h

    @staticmethod
    def backward(ctx, grad_output):
        x, w, u, *hs = ctx.saved_tensors
        dh, dx = grad_output, torch.zeros_like(x)
        dw, du = torch.zeros_like(w), torch.zeros_like(u)
        for t in reversed(range(len(x))):
            d = dh * (1 - hs[t + 1] ** 2)
            dx[t] = d @ w.t()
            dw += x[t].t() @ d
            du += hs[t].t() @ d
            dh = d @ u.t()
        return dx, dw, du


UNROLLED = Family(
    "recurrent network",
    Unrolled,
    lambda g: (drawn(g, 4, 3, 2), drawn(g, 2, 3), drawn(g, 3, 3)),
    {
        "the slope of tanh is left out": ("dh * (1 - hs[t + 1] ** 2)", "dh"),
        "the state of the wrong step": ("hs[t].t() @ d", "hs[t + 1].t() @ d"),
        "only the last step counts for w": ("dw += ", "dw = "),
        "the weights are transposed": ("dh = d @ u.t()", "dh = d @ u"),
        "the slopes do not go back in time": ("dh = d @ u.t()", "dh = torch.zeros_like(dh)"),
    },
)

FAMILIES = (ATTENTION, CAUSAL, RNN_CELL, GRU_CELL, LSTM_CELL, UNROLLED)
