"""Attention, recurrent cells and loops, running sums, embeddings."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from check.jax_blind.case import drawn, of_vjp, one
from jax import lax


def attention(q, k, v):
    return jax.nn.softmax(q @ k.T / jnp.sqrt(q.shape[-1])) @ v


def attention_back(m, kept, g):
    q, k, v = kept
    scale = 1 / q.shape[-1] ** 0.5
    p = jax.nn.softmax(q @ k.T * scale)
    dp = g @ v.T
    ds = one(m, p * (dp - (dp * p).sum(-1, keepdims=True)), diagonal=dp * p * (1 - p), plain=dp)
    ds = ds * one(m, scale, no_scale=1.0, twice=scale**2)
    dq = one(m, ds @ k, no_q=ds @ q)
    return dq, one(m, ds.T @ q, untransposed=ds @ q, no_k=ds.T @ k), one(m, p.T @ g, p=p @ g)


def heads(x, w):
    """Two heads at once, by einsum."""
    y = jnp.einsum("btd,hde->bhte", x, w)
    s = jax.nn.softmax(jnp.einsum("bhte,bhse->bhts", y, y), axis=-1)
    return jnp.einsum("bhts,bhse->bte", s, y)


def heads_back(m, kept, g):
    x, w = kept
    y = jnp.einsum("btd,hde->bhte", x, w)
    s = jax.nn.softmax(jnp.einsum("bhte,bhse->bhts", y, y), axis=-1)
    ds = jnp.einsum("bte,bhse->bhts", g, y)
    by_values = jnp.einsum("bhts,bte->bhse", s, g)
    dz = one(m, s * (ds - (s * ds).sum(-1, keepdims=True)), diagonal=s * (1 - s) * ds)
    by_queries, by_keys = jnp.einsum("bhts,bhse->bhte", dz, y), jnp.einsum("bhts,bhte->bhse", dz, y)
    dy = by_values + by_queries + one(m, by_keys, queries=0.0)
    dy = one(m, dy, values=by_values)
    return jnp.einsum("bhte,hde->btd", dy, w), jnp.einsum("btd,bhte->hde", x, dy)


def gru(x, h, wz, uz, wn, un):
    z = jax.nn.sigmoid(x @ wz + h @ uz)
    n = jnp.tanh(x @ wn + (z * h) @ un)
    return (1 - z) * n + z * h


def gru_back(m, kept, g):
    x, h, wz, uz, wn, un = kept
    z = jax.nn.sigmoid(x @ wz + h @ uz)
    n = jnp.tanh(x @ wn + (z * h) @ un)
    dn = g * one(m, 1 - z, swapped=z) * one(m, 1 - n**2, no_tanh=1.0)
    dzh = dn @ un.T
    dz = g * (h - one(m, n, no_n=0.0)) + one(m, dzh * h, no_reset=0.0)
    da = dz * one(m, z * (1 - z), slope=z)
    dh = g * z + dzh * z + one(m, da @ uz.T, no_gate=0.0)
    dx = dn @ wn.T + da @ wz.T
    return dx, dh, x.T @ da, h.T @ da, x.T @ dn, one(m, (z * h).T @ dn, h=h.T @ dn)


def lstm(x, h, c, w, u):
    i, f, o, n = jnp.split(x @ w + h @ u, 4, axis=1)
    i, f, o, n = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jax.nn.sigmoid(o), jnp.tanh(n)
    return o * jnp.tanh(f * c + i * n)


def lstm_back(m, kept, g):
    x, h, c, w, u = kept
    i, f, o, n = jnp.split(x @ w + h @ u, 4, axis=1)
    i, f, o, n = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jax.nn.sigmoid(o), jnp.tanh(n)
    new = f * c + i * n
    t = jnp.tanh(new)
    dc = g * o * one(m, 1 - t**2, no_tanh=1.0, c=1 - new**2)
    di, df, do, dn = dc * n, dc * one(m, c, new=new), g * t, dc * i
    parts = [di * i * (1 - i), df * f * (1 - f), do * one(m, o * (1 - o), o=o), dn * one(m, 1 - n**2, no_n=1.0)]
    if m == "order":
        parts = [parts[1], parts[0], *parts[2:]]
    d = jnp.concatenate(parts, axis=1)
    return d @ w.T, d @ u.T, dc * one(m, f, gate=i), x.T @ d, h.T @ d


def rnn(xs, w, u):
    def turn(h, x):
        h = jnp.tanh(x @ w + h @ u)
        return h, h

    return lax.scan(turn, jnp.zeros(u.shape[0], xs.dtype), xs)[1]


def rnn_back(m, kept, g):
    xs, w, u = kept
    hs = rnn(xs, w, u)
    before = jnp.concatenate([jnp.zeros((1, u.shape[0]), xs.dtype), hs[:-1]])
    coming, dx, dw, du = jnp.zeros(u.shape[0], xs.dtype), [], 0.0, 0.0
    for t in reversed(range(len(xs))):
        d = (g[t] + coming) * one(m, 1 - hs[t] ** 2, no_tanh=1.0, before=1 - before[t] ** 2)
        dx.append(d @ w.T)
        dw = dw + jnp.outer(xs[t], d)
        du = du + jnp.outer(one(m, before[t], after=hs[t]), d)
        coming = one(m, d @ u.T, truncated=jnp.zeros_like(d), untransposed=d @ u)
    return jnp.stack(dx[::-1]), dw, du


def decay(xs, a):
    """A running mean, by fori_loop."""
    return lax.fori_loop(0, 5, lambda t, s: a * s + (1 - a) * xs[t], jnp.zeros_like(xs[0]))


def decay_back(m, kept, g):
    xs, a = kept
    states = [jnp.zeros_like(xs[0])]
    for t in range(5):
        states.append(a * states[-1] + (1 - a) * xs[t])
    dx, da = [], 0.0
    for t in reversed(range(5)):
        dx.append((1 - a) * g)
        da = da + (g * (one(m, states[t], after=states[t + 1]) - one(m, xs[t], no_x=0.0))).sum()
        g = g * one(m, a, other=1 - a)
    return jnp.stack(dx[::-1]), da


def running(x):
    return jnp.cumsum(x, axis=0)


def running_back(m, kept, g):
    back = jnp.cumsum(g[::-1], axis=0)[::-1]
    return (one(m, back, forward=jnp.cumsum(g, axis=0), shifted=back - g, axis=jnp.cumsum(g[:, ::-1], 1)[:, ::-1]),)


IDS = jnp.asarray([1, 4, 1, 0, 4, 4])


def embedding(table):
    return table[IDS] * 2.0


def embedding_back(m, kept, g):
    (table,) = kept
    zero = jnp.zeros_like(table)
    added = zero.at[IDS].add(2.0 * g)
    counts = jnp.zeros(len(table)).at[IDS].add(1.0)
    mean = added / jnp.maximum(counts, 1)[:, None]
    return (one(m, added, set=zero.at[IDS].set(2.0 * g), scale=added / 2, mean=mean),)


def cases():
    yield from of_vjp("attention", attention, attention_back, drawn(40, (4, 4), (4, 4), (4, 3)), {
        "diagonal": ("q k", "only the diagonal of the softmax's slopes"),
        "plain": ("q k", "the softmax is left out"),
        "no_scale": ("q k", "the scale is missing"),
        "twice": ("q k", "the scale is there twice"),
        "no_q": ("q", "q where k belongs"),
        "no_k": ("k", "k where q belongs"),
        "untransposed": ("k", "the slopes of the scores are not transposed"),
        "p": ("v", "the shares are not transposed"),
    })  # fmt: skip
    yield from of_vjp("attention of two heads", heads, heads_back, drawn(41, (2, 3, 4), (2, 4, 3), scale=0.6), {
        "diagonal": ("x w", "only the diagonal of the softmax's slopes"),
        "queries": ("x w", "the way through the keys is missing"),
        "values": ("x w", "the ways through keys and queries are missing"),
    })  # fmt: skip
    yield from of_vjp("GRU cell", gru, gru_back, drawn(42, (4, 3), (4, 2), (3, 2), (2, 2), (3, 2), (2, 2)), {
        "swapped": ("x h wz uz wn un", "z for 1 - z"),
        "no_tanh": ("x h wz uz wn un", "the slope of tanh is missing"),
        "no_n": ("x h wz uz", "the candidate is missing in the gate's slope"),
        "no_reset": ("x h wz uz", "the way through the reset state is missing"),
        "slope": ("x h wz uz", "the gate's slope lacks 1 - z"),
        "no_gate": ("h", "the way through the gate is missing, in h alone"),
        "h": ("un", "h where z h belongs"),
    })  # fmt: skip
    yield from of_vjp("LSTM cell", lstm, lstm_back, drawn(43, (4, 3), (4, 2), (4, 2), (3, 8), (2, 8)), {
        "no_tanh": ("x h c w u", "the slope of the outer tanh is missing"),
        "c": ("x h c w u", "1 - c^2 for 1 - tanh(c)^2"),
        "new": ("x h w u", "the new cell state for the old one"),
        "o": ("x h w u", "the slope of the output gate lacks 1 - o"),
        "no_n": ("x h w u", "the slope of the inner tanh is missing"),
        "order": ("x h w u", "input and forget gate are swapped"),
        "gate": ("c", "the input gate for the forget gate"),
    })  # fmt: skip
    yield from of_vjp("RNN by scan", rnn, rnn_back, drawn(44, (5, 3), (3, 2), (2, 2)), {
        "no_tanh": ("xs w u", "the slope of tanh is missing"),
        "before": ("xs w u", "the slope of tanh at the state before"),
        "after": ("u", "the state after for the state before"),
        "truncated": ("xs w u", "cut off after one step"),
        "untransposed": ("xs w u", "u for its transpose"),
    })  # fmt: skip
    xs, a = drawn(45, (5, 2), ())
    yield from of_vjp("running mean by fori_loop", decay, decay_back, (xs, a * 0 + 0.7), {
        "after": ("a", "the state after for the state before"),
        "no_x": ("a", "the way through 1 - a is missing"),
        "other": ("xs a", "1 - a for a"),
    })  # fmt: skip
    yield from of_vjp("running sum", running, running_back, drawn(46, (4, 4)), {
        "forward": ("x", "summed from the start for from the end"),
        "shifted": ("x", "the entry itself is missing"),
        "axis": ("x", "along the wrong axis"),
    })  # fmt: skip
    yield from of_vjp("embedding", embedding, embedding_back, drawn(47, (5, 3)), {
        "set": ("table", "rows that are picked twice are written, not added"),
        "scale": ("table", "the factor 2 is missing"),
        "mean": ("table", "rows that are picked twice are averaged"),
    })  # fmt: skip
