"""Attention: causal multi-head self-attention, additive pooling, cross-attention with a relative bias, linear attention."""

from __future__ import annotations

import numpy as np
from check.blind_third.case import Family, scaled, single


def softmax(s):
    e = np.exp(s - np.max(s, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def heads(x, h):
    b, t, d = np.shape(x)
    return np.transpose(np.reshape(x, (b, t, h, d // h)), (0, 2, 1, 3))


def merge(x):
    b, h, t, d = np.shape(x)
    return np.reshape(np.transpose(x, (0, 2, 1, 3)), (b, t, h * d))


def causal_x(X, Wq, Wk, Wv, Wo, Y, h):
    q, k, v = heads(X @ Wq, h), heads(X @ Wk, h), heads(X @ Wv, h)
    t = X.shape[1]
    s = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    s = np.where(np.tril(np.ones((t, t))) > 0, s, -1e9)
    out = merge(softmax(s) @ v) @ Wo + X
    return np.mean((out - Y) ** 2)


def d_causal_x(X, Wq, Wk, Wv, Wo, Y, h):
    b, t, d = X.shape
    q, k, v = heads(X @ Wq, h), heads(X @ Wk, h), heads(X @ Wv, h)
    dim = q.shape[-1]
    mask = np.tril(np.ones((t, t), dtype=bool))
    s = q @ k.swapaxes(-1, -2) / np.sqrt(dim)
    p = softmax(np.where(mask, s, -1e9))
    o = merge(p @ v)
    dout = 2 * (o @ Wo + X - Y) / Y.size
    dWo = np.einsum("bti,btj->ij", o, dout)
    do = heads(dout @ Wo.T, h)
    dv = p.swapaxes(-1, -2) @ do
    dp = do @ v.swapaxes(-1, -2)
    ds = p * (dp - np.sum(dp * p, axis=-1, keepdims=True))
    ds = ds / np.sqrt(dim)
    dq = merge(ds @ k)
    dk = merge(ds.swapaxes(-1, -2) @ q)
    dv = merge(dv)
    dWq = np.einsum("bti,btj->ij", X, dq)
    dWk = np.einsum("bti,btj->ij", X, dk)
    dWv = np.einsum("bti,btj->ij", X, dv)
    dX = dout + dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
    return dX, dWq, dWk, dWv, dWo


def d_causal_loop(X, Wq, Wk, Wv, Wo, Y, h):
    """Query by query, over the keys it may see."""
    b, t, d = X.shape
    w = d // h
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    O = np.zeros_like(V)
    P = {}
    for n in range(b):
        for a in range(h):
            c = slice(a * w, (a + 1) * w)
            for i in range(t):
                s = K[n, : i + 1, c] @ Q[n, i, c] / w**0.5
                P[n, a, i] = np.exp(s - np.logaddexp.reduce(s))
                O[n, i, c] = P[n, a, i] @ V[n, : i + 1, c]
    E = (O @ Wo + X - Y) * 2 / Y.size
    G = E @ Wo.T
    dQ, dK, dV = np.zeros_like(Q), np.zeros_like(K), np.zeros_like(V)
    for (n, a, i), p in P.items():
        c = slice(a * w, (a + 1) * w)
        g = G[n, i, c]
        dV[n, : i + 1, c] += np.outer(p, g)
        e = (np.diag(p) - np.outer(p, p)) @ (V[n, : i + 1, c] @ g) / w**0.5
        dQ[n, i, c] += e @ K[n, : i + 1, c]
        dK[n, : i + 1, c] += np.outer(e, Q[n, i, c])
    flat = X.reshape(-1, d).T
    dX = E + dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T
    return dX, *(flat @ q.reshape(-1, d) for q in (dQ, dK, dV)), O.reshape(-1, d).T @ E.reshape(-1, d)


def causal_point(rng):
    d = 6
    weights = (rng.normal(size=(d, d)) * 0.7 for _ in range(4))
    return rng.normal(size=(2, 4, d)), *weights, rng.normal(size=(2, 4, d)), 2


def additive(W, U, b, v, w, K, query, lengths, y):
    """Additive attention pooling over padded sequences, then logistic regression."""
    n, t, _ = K.shape
    hidden = np.tanh(K @ W + (query @ U)[:, None, :] + b)
    s = hidden @ v
    inside = np.arange(t)[None, :] < lengths[:, None]
    a = softmax(np.where(inside, s, -1e30))
    c = np.sum(a[:, :, None] * K, axis=1)
    z = c @ w
    return np.mean(np.logaddexp(0, z) - y * z)


def d_additive(W, U, b, v, w, K, query, lengths, y):
    n, t, _ = K.shape
    hidden = np.tanh(K @ W + (query @ U)[:, None, :] + b)
    s = hidden @ v
    inside = np.arange(t)[None, :] < lengths[:, None]
    a = softmax(np.where(inside, s, -1e30))
    c = np.sum(a[:, :, None] * K, axis=1)
    z = c @ w
    dz = (1 / (1 + np.exp(-z)) - y) / n
    dw = c.T @ dz
    dc = dz[:, None] * w
    da = np.sum(K * dc[:, None, :], axis=2)
    ds = a * (da - np.sum(a * da, axis=1, keepdims=True))
    dv = np.einsum("nt,nth->h", ds, hidden)
    dpre = ds[:, :, None] * v * (1 - hidden**2)
    dW = np.einsum("ntk,nth->kh", K, dpre)
    dU = query.T @ dpre.sum(axis=1)
    db = dpre.sum(axis=(0, 1))
    return dW, dU, db, dv, dw


def d_additive_loop(W, U, b, v, w, K, query, lengths, y):
    out = [np.zeros_like(x) for x in (W, U, b, v, w)]
    for k, q, m, t in zip(K, query, lengths, y, strict=True):
        k = k[:m]
        h = np.tanh(k @ W + q @ U + b)
        a = np.exp(h @ v - np.logaddexp.reduce(h @ v))
        c = a @ k
        g = (0.5 + 0.5 * np.tanh(c @ w / 2) - t) / len(y)
        e = a * ((k - c) @ w) * g
        D = np.outer(e, v) * (1 - h * h)
        for total, part in zip(out, (k.T @ D, np.outer(q, D.sum(0)), D.sum(0), h.T @ e, g * c), strict=True):
            total += part
    return tuple(out)


def additive_point(rng):
    K = rng.normal(size=(5, 4, 3))
    lengths, y = np.array([4, 2, 3, 1, 4]), np.array([1, 0, 0, 1, 0.0])
    sizes = [(3, 6), (2, 6), 6, 6, 3]
    return *(1.2 * rng.normal(size=s) for s in sizes), K, rng.normal(size=(5, 2)), lengths, y


def cross(Q, K, V, bias, log_tau, R):
    """Normalised dot products over a learned temperature plus a bias by relative position; R weighs the output."""
    tq, tk = len(Q), len(K)
    q = Q / np.sqrt(np.sum(Q**2, axis=1, keepdims=True))
    k = K / np.sqrt(np.sum(K**2, axis=1, keepdims=True))
    rel = np.arange(tk)[None, :] - np.arange(tq)[:, None] + tq - 1
    p = softmax(q @ k.T / np.exp(log_tau) + bias[rel])
    return np.sum(R * (p @ V) ** 2)


def d_cross(Q, K, V, bias, log_tau, R):
    tq, tk = len(Q), len(K)
    nq = np.linalg.norm(Q, axis=1, keepdims=True)
    nk = np.linalg.norm(K, axis=1, keepdims=True)
    q, k = Q / nq, K / nk
    tau = np.exp(log_tau)
    rel = np.arange(tk)[None, :] - np.arange(tq)[:, None] + tq - 1
    c = q @ k.T
    p = softmax(c / tau + bias[rel])
    o = p @ V
    do = 2 * R * o
    dV = p.T @ do
    dp = do @ V.T
    ds = p * (dp - np.sum(p * dp, axis=1, keepdims=True))
    dbias = np.zeros_like(bias)
    np.add.at(dbias, rel, ds)
    dlog_tau = -np.sum(ds * c) / tau
    dc = ds / tau
    dq, dk = dc @ k, dc.T @ q
    dQ = (dq - q * np.sum(q * dq, axis=1, keepdims=True)) / nq
    dK = (dk - k * np.sum(k * dk, axis=1, keepdims=True)) / nk
    return dQ, dK, dV, dbias, dlog_tau


def d_cross_loop(Q, K, V, bias, log_tau, R):
    dQ, dK, dV, dbias, dlog = np.zeros_like(Q), np.zeros_like(K), np.zeros_like(V), np.zeros_like(bias), 0.0
    beta = np.exp(-log_tau)
    for i, x in enumerate(Q):
        cos = np.array([x @ y / np.sqrt((x @ x) * (y @ y)) for y in K])
        off = len(Q) - 1 - i
        s = beta * cos + bias[off : off + len(K)]
        p = np.exp(s - np.logaddexp.reduce(s))
        g = 2 * R[i] * (p @ V)
        dV += np.outer(p, g)
        e = (np.diag(p) - np.outer(p, p)) @ V @ g
        dbias[off : off + len(K)] += e
        dlog -= beta * cos @ e
        for j, y in enumerate(K):
            r = beta * e[j]
            dQ[i] += r * (y / np.sqrt((x @ x) * (y @ y)) - cos[j] * x / (x @ x))
            dK[j] += r * (x / np.sqrt((x @ x) * (y @ y)) - cos[j] * y / (y @ y))
    return dQ, dK, dV, dbias, dlog


def cross_point(rng):
    return (
        rng.normal(size=(4, 3)),
        rng.normal(size=(5, 3)),
        rng.normal(size=(5, 2)),
        rng.normal(size=8),
        -0.6,
        rng.normal(size=(4, 2)),
    )


def linear_attention(Q, K, V, R):
    """phi(q) sum phi(k) v / phi(q) sum phi(k), with phi = elu + 1."""
    f, g = (np.where(x > 0, x + 1, np.exp(np.minimum(x, 0))) for x in (Q, K))
    out = (f @ (g.T @ V)) / (f @ np.sum(g, axis=0))[:, None]
    return np.sum(R * np.sin(out))


def d_linear_attention(Q, K, V, R):
    f = np.where(Q > 0, Q + 1, np.exp(np.minimum(Q, 0)))
    g = np.where(K > 0, K + 1, np.exp(np.minimum(K, 0)))
    S = g.T @ V
    total = g.sum(axis=0)
    den = (f @ total)[:, None]
    out = (f @ S) / den
    dout = R * np.cos(out)
    dnum = dout / den
    dden = -np.sum(dout * out, axis=1, keepdims=True) / den
    df = dnum @ S.T + dden * total
    dS = f.T @ dnum
    dtotal = np.sum(f * dden, axis=0)
    dg = V @ dS.T + dtotal
    dV = g @ dS
    dQ = df * np.where(Q > 0, 1, f)
    dK = dg * np.where(K > 0, 1, g)
    return dQ, dK, dV


def d_linear_attention_full(Q, K, V, R):
    """With the whole matrix of weights, rows divided by their sums."""
    f = np.where(Q > 0, Q + 1, np.exp(np.minimum(Q, 0)))
    g = np.where(K > 0, K + 1, np.exp(np.minimum(K, 0)))
    M = f @ g.T
    A = M / M.sum(axis=1, keepdims=True)
    D = R * np.cos(A @ V)
    dA = D @ V.T
    dM = (dA - (dA * A).sum(axis=1, keepdims=True)) / M.sum(axis=1, keepdims=True)
    return (dM @ g) * np.minimum(1, f), (dM.T @ f) * np.minimum(1, g), A.T @ D


def linear_point(rng):
    return rng.normal(size=(5, 3)), rng.normal(size=(6, 3)), 1.5 * rng.normal(size=(6, 2)), rng.normal(size=(5, 2))


FAMILIES = [
    Family(
        "causal multi-head attention",
        causal_x,
        d_causal_x,
        causal_point,
        5,
        {
            "the factor 1/sqrt(d) is left out going back [M30]": ("    ds = ds / np.sqrt(dim)\n", ""),
            "the factor 1/sqrt(d) has the model's width, not the head's [M30]": (
                "ds / np.sqrt(dim)",
                "ds / np.sqrt(d)",
            ),
            "the factor is 1/d, not its root [M30 M02]": ("ds / np.sqrt(dim)", "ds / dim"),
            "the factor 1/sqrt(d) is left out of dK only [M30]": (
                "ds.swapaxes(-1, -2) @ q",
                "ds.swapaxes(-1, -2) @ q * np.sqrt(dim)",
            ),
            "the softmax's cross terms are dropped [B17 M21 M30]": (
                "p * (dp - np.sum(dp * p, axis=-1, keepdims=True))",
                "p * (1 - p) * dp",
            ),
            "the softmax's cross terms are summed over the queries [B18]": (
                "np.sum(dp * p, axis=-1, keepdims=True)",
                "np.sum(dp * p, axis=-2, keepdims=True)",
            ),
            "the softmax's backward lacks its leading p": ("ds = p * (dp -", "ds = (dp -"),
            "the causal mask is forgotten in the backward pass [B22]": ("np.where(mask, s, -1e9)", "s"),
            "the causal mask hides the diagonal too in the backward pass": (
                "np.tril(np.ones((t, t), dtype=bool))",
                "np.tril(np.ones((t, t), dtype=bool), -1) | (np.arange(t) == 0)",
            ),
            "the scores' gradient is not transposed for the keys [B4 M09 M30]": ("ds.swapaxes(-1, -2) @ q", "ds @ q"),
            "the weights are not transposed for the values [B4 M09]": ("p.swapaxes(-1, -2) @ do", "p @ do"),
            "keys and queries are swapped in their gradients [M30]": ("merge(ds @ k)", "merge(ds @ q)"),
            "the residual path is forgotten [M20]": ("dX = dout + dq", "dX = dq"),
            "the values' path to the input is forgotten [M20]": (" + dv @ Wv.T", ""),
            "the keys' path to the input is overwritten [B14 M20]": ("dq @ Wq.T + dk @ Wk.T", "dq @ Wq.T"),
            "the output weights are not transposed [B4 M09]": ("heads(dout @ Wo.T, h)", "heads(dout @ Wo, h)"),
            "heads are merged without the transposition for the queries": (
                "dq = merge(ds @ k)",
                "dq = (ds @ k).reshape(b, t, d)",
            ),
            "query and key weights are returned swapped": ("return dX, dWq, dWk", "return dX, dWk, dWq"),
            "averaged over the tokens only [B1]": ("/ Y.size", "/ (b * t)"),
            "only the first sequence of the batch reaches the value weights [B23]": (
                'dWv = np.einsum("bti,btj->ij", X, dv)',
                "dWv = X[0].T @ dv[0]",
            ),
        },
        d_causal_loop,
        {
            "single precision": single(causal_point),
            "hard attention (saturated)": scaled(causal_point, {1: 2.5, 2: 2.0}),
        },
    ),
    Family(
        "additive attention pooling with padding",
        additive,
        d_additive,
        additive_point,
        5,
        {
            "the padding is not masked in the backward pass [B22]": ("np.where(inside, s, -1e30)", "s"),
            "the lengths are off by one: the last token is hidden in the backward pass [B8 B25]": (
                "< lengths[:, None]",
                "< np.maximum(lengths - 1, 1)[:, None]",
            ),
            "padded scores are put to zero, not to minus infinity, in the backward pass": ("-1e30", "0.0"),
            "the softmax's cross terms are dropped [B17 M21]": (
                "a * (da - np.sum(a * da, axis=1, keepdims=True))",
                "a * (1 - a) * da",
            ),
            "the softmax's sum lacks the weights": ("np.sum(a * da, axis=1", "np.mean(da, axis=1"),
            "the softmax is not taken back at all [B9]": (
                "a * (da - np.sum(a * da, axis=1, keepdims=True))",
                "da",
            ),
            "tanh's slope is left out [B9 M04]": ("v * (1 - hidden**2)", "v"),
            "tanh's slope is 1 - h [M02]": ("(1 - hidden**2)", "(1 - hidden)"),
            "the scoring vector is forgotten on the way back": ("ds[:, :, None] * v *", "ds[:, :, None] *"),
            "the query's gradient takes the first position only, not the sum over time [B5 M20]": (
                "query.T @ dpre.sum(axis=1)",
                "query.T @ dpre[:, 0]",
            ),
            "the query's gradient is averaged over time [B1]": ("dpre.sum(axis=1)", "dpre.mean(axis=1)"),
            "the bias is averaged over time [B6]": ("dpre.sum(axis=(0, 1))", "dpre.mean(axis=1).sum(axis=0)"),
            "the scoring vector's gradient uses the weights, not the scores' gradient": (
                '"nt,nth->h", ds, hidden',
                '"nt,nth->h", a * dz[:, None], hidden',
            ),
            "mean pooling for the reading weights' gradient": ("dw = c.T @ dz", "dw = K.mean(axis=1).T @ dz"),
            "not divided by the batch [B1 M11]": ("- y) / n", "- y)"),
        },
        d_additive_loop,
        {"single precision": single(additive_point), "sharp attention (saturated)": scaled(additive_point, {3: 20.0})},
    ),
    Family(
        "cosine cross-attention with relative bias",
        cross,
        d_cross,
        cross_point,
        5,
        {
            "repeated relative positions are assigned, not added [B14]": (
                "np.add.at(dbias, rel, ds)",
                "dbias[rel] = ds",
            ),
            "each relative position's gradient is averaged over its uses [B6 B1]": (
                "np.add.at(dbias, rel, ds)",
                "np.add.at(dbias, rel, ds)\n    dbias = dbias / np.bincount(rel.ravel(), minlength=len(bias))",
            ),
            "the relative positions are counted backwards for the bias [B25]": (
                "np.add.at(dbias, rel, ds)",
                "np.add.at(dbias, rel[::-1, ::-1], ds)",
            ),
            "the relative positions are off by one for the bias [B25]": (
                "np.add.at(dbias, rel, ds)",
                "np.add.at(dbias, rel - 1, ds)",
            ),
            "the temperature is forgotten for queries and keys [M04]": ("dc = ds / tau", "dc = ds"),
            "the temperature's gradient has lost its minus [B3]": ("-np.sum(ds * c) / tau", "np.sum(ds * c) / tau"),
            "the temperature's gradient is for tau, not its logarithm [M04]": (
                "np.sum(ds * c) / tau",
                "np.sum(ds * c) / tau**2",
            ),
            "the temperature's gradient includes the bias: whole scores": (
                "np.sum(ds * c) / tau",
                "np.sum(ds * (c / tau + bias[rel]))",
            ),
            "the norm of the queries is treated as a constant [B21]": (
                "(dq - q * np.sum(q * dq, axis=1, keepdims=True)) / nq",
                "dq / nq",
            ),
            "the keys' normalisation is left out going back [M04]": (
                "(dk - k * np.sum(k * dk, axis=1, keepdims=True)) / nk",
                "dk",
            ),
            "unnormalised keys stand in the queries' gradient": ("dq, dk = dc @ k,", "dq, dk = dc @ K,"),
            "the projection sums over the tokens, not the features [B18]": (
                "np.sum(k * dk, axis=1, keepdims=True)",
                "np.sum(k * dk, axis=0, keepdims=True)",
            ),
            "the output's square has lost its 2 [B2 M01]": ("do = 2 * R * o", "do = R * o"),
            "the output's square is kept: derivative lacks the output [M02]": ("do = 2 * R * o", "do = 2 * R"),
            "the softmax's cross terms are dropped [B17 M21]": (
                "p * (dp - np.sum(p * dp, axis=1, keepdims=True))",
                "p * dp * (1 - p)",
            ),
        },
        d_cross_loop,
        {
            "single precision": single(cross_point),
            "long queries (large norms)": scaled(cross_point, {0: 1e3}),
        },
    ),
    Family(
        "linear attention",
        linear_attention,
        d_linear_attention,
        linear_point,
        3,
        {
            "the denominator is treated as a constant [B21 M20]": (
                "df = dnum @ S.T + dden * total",
                "df = dnum @ S.T",
                "dg = V @ dS.T + dtotal",
                "dg = V @ dS.T",
            ),
            "the denominator's path to the keys is forgotten [M20]": ("V @ dS.T + dtotal", "V @ dS.T"),
            "the denominator's path to the queries is forgotten [M20]": (" + dden * total", ""),
            "the denominator's minus is forgotten [B3]": ("dden = -np.sum", "dden = np.sum"),
            "the denominator's gradient lacks one division [M04]": ("keepdims=True) / den", "keepdims=True)"),
            "the numerator's gradient is not divided [M04]": ("dnum = dout / den", "dnum = dout"),
            "the denominator's gradient lacks the numerator: 1 / den only [M04]": (
                "dout * out, axis=1",
                "dout, axis=1",
            ),
            "the denominator's sum to the keys lacks the queries": ("np.sum(f * dden, axis=0)", "np.sum(dden, axis=0)"),
            "the feature map's slope is left out for the queries [B9]": ("dQ = df * np.where(Q > 0, 1, f)", "dQ = df"),
            "the feature map's slope is one for negative keys, zero for positive": (
                "np.where(K > 0, 1, g)",
                "np.where(K > 0, 0, g)",
            ),
            "the feature map's slope is relu's for the keys": ("np.where(K > 0, 1, g)", "(K > 0)"),
            "the feature map's slope takes f - 1, elu's output, for negative queries [B10]": (
                "np.where(Q > 0, 1, f)",
                "np.where(Q > 0, 1, f - 1)",
            ),
            "causal sums in the backward pass: the values see earlier queries only": (
                "dV = g @ dS",
                "dV = np.stack([g[j] @ (f[j:].T @ dnum[j:]) for j in range(len(g))])",
            ),
            "cosine has become minus sine [M07]": ("np.cos(out)", "-np.sin(out)"),
            "the masks of queries and keys are swapped [M06]": (
                "np.where(Q > 0, 1, f)",
                "np.where(K[: len(Q)] > 0, 1, f)",
            ),
        },
        d_linear_attention_full,
        {
            "single precision": single(linear_point),
            "very negative queries (tiny features)": lambda rng: (linear_point(rng)[0] - 6.0, *linear_point(rng)[1:]),
        },
    ),
]
