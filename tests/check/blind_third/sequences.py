"""Sequences: Elman network with embeddings, GRU, LSTM with peepholes, CRF, HMM, skip-gram."""

from __future__ import annotations

import numpy as np
from check.blind_third.case import Family, scaled, single


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def lse(x, axis):
    m = np.max(x, axis=axis, keepdims=True)
    return np.log(np.sum(np.exp(x - m), axis=axis)) + np.max(x, axis=axis)


def elman(E, W, U, b, tokens):
    """A language model: embed, tanh recurrence, and the next token scored with the embedding itself (tied)."""
    h = np.zeros(W.shape[0])
    total = 0.0
    for t in range(len(tokens) - 1):
        h = np.tanh(E[tokens[t]] @ U + h @ W + b)
        s = E @ (U @ h)
        total = total + np.log(np.sum(np.exp(s - np.max(s)))) + np.max(s) - s[tokens[t + 1]]
    return total / (len(tokens) - 1)


def d_elman(E, W, U, b, tokens):
    steps = len(tokens) - 1
    hs = [np.zeros(W.shape[0])]
    for t in range(steps):
        hs.append(np.tanh(E[tokens[t]] @ U + hs[t] @ W + b))
    dE, dW, dU, db = np.zeros_like(E), np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    carry = np.zeros(W.shape[0])
    for t in range(steps - 1, -1, -1):
        h = hs[t + 1]
        r = U @ h
        s = E @ r
        p = np.exp(s - s.max())
        p /= p.sum()
        p[tokens[t + 1]] -= 1
        p /= steps
        dE += np.outer(p, r)
        dr = E.T @ p
        dU += np.outer(dr, h)
        dh = U.T @ dr + carry
        dz = dh * (1 - h**2)
        dW += np.outer(hs[t], dz)
        dU += np.outer(E[tokens[t]], dz)
        db += dz
        dE[tokens[t]] += U @ dz
        carry = W @ dz
    return dE, dW, dU, db


def d_elman_forward(E, W, U, b, tokens):
    """Forward mode: the sensitivities of the state are carried along in time (RTRL)."""
    theta = [E, W, U, b]
    state = np.zeros(len(b))
    sens = [np.zeros((len(b), *q.shape)) for q in theta]
    grads = [np.zeros_like(q) for q in theta]
    for x, y in zip(tokens[:-1], tokens[1:], strict=True):
        new = np.tanh(E[x] @ U + state @ W + b)
        local = [np.zeros_like(s) for s in sens]
        for i in range(len(b)):
            local[0][i, x] = U[:, i]
            local[1][i, :, i] = state
            local[2][i, :, i] = E[x]
            local[3][i, i] = 1
        sens = [
            (1 - new**2).reshape(-1, *[1] * (s.ndim - 1)) * (a + np.tensordot(W.T, s, axes=1))
            for a, s in zip(local, sens, strict=True)
        ]
        state = new
        scores = E @ U @ state
        p = np.exp(scores - np.logaddexp.reduce(scores)) - np.eye(len(E))[y]
        dstate = U.T @ (E.T @ p)
        for g, s in zip(grads, sens, strict=True):
            g += np.tensordot(dstate, s, axes=1)
        grads[0] += np.outer(p, U @ state)
        grads[2] += np.outer(E.T @ p, state)
    return tuple(g / (len(tokens) - 1) for g in grads)


def elman_point(rng):
    tokens = np.array([0, 3, 1, 3, 3, 2, 0, 3])
    return rng.normal(size=(5, 3)), 0.6 * rng.normal(size=(4, 4)), rng.normal(size=(3, 4)), rng.normal(size=4), tokens


def gru(Wx, Wh, b, v, X, y):
    """Gates stacked as reset, update, candidate; the reset gate is applied before the matrix; batch of sequences."""
    n, steps, _ = X.shape
    d = Wh.shape[0]
    h = np.zeros((n, d))
    for t in range(steps):
        x = X[:, t] @ Wx + b
        r = sigmoid(x[:, :d] + h @ Wh[:, :d])
        u = sigmoid(x[:, d : 2 * d] + h @ Wh[:, d : 2 * d])
        c = np.tanh(x[:, 2 * d :] + (r * h) @ Wh[:, 2 * d :])
        h = (1 - u) * h + u * c
    return np.mean((h @ v - y) ** 2)


def d_gru(Wx, Wh, b, v, X, y):
    n, steps, _ = X.shape
    d = Wh.shape[0]
    Wr, Wu, Wc = Wh[:, :d], Wh[:, d : 2 * d], Wh[:, 2 * d :]
    h = np.zeros((n, d))
    tape = []
    for t in range(steps):
        x = X[:, t] @ Wx + b
        r = sigmoid(x[:, :d] + h @ Wr)
        u = sigmoid(x[:, d : 2 * d] + h @ Wu)
        c = np.tanh(x[:, 2 * d :] + (r * h) @ Wc)
        tape.append((h, r, u, c))
        h = (1 - u) * h + u * c
    err = 2 * (h @ v - y) / n
    dv = h.T @ err
    dh = np.outer(err, v)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    for t in reversed(range(steps)):
        prev, r, u, c = tape[t]
        dc = dh * u * (1 - c**2)
        du = dh * (c - prev) * u * (1 - u)
        drh = dc @ Wc.T
        dr = drh * prev * r * (1 - r)
        gates = np.concatenate([dr, du, dc], axis=1)
        dWx += X[:, t].T @ gates
        db += gates.sum(axis=0)
        dWh[:, :d] += prev.T @ dr
        dWh[:, d : 2 * d] += prev.T @ du
        dWh[:, 2 * d :] += (r * prev).T @ dc
        dh = dh * (1 - u) + drh * r + dr @ Wr.T + du @ Wu.T
    return dWx, dWh, db, dv


def d_gru_single(Wx, Wh, b, v, X, y):
    """A sequence at a time, recursive, with the step's whole Jacobian."""
    d = len(v)
    out = [np.zeros_like(q) for q in (Wx, Wh, b, v)]
    eye = np.eye(d)

    def run(xs, h, t, target):
        if t == len(xs):
            e = 2 * (h @ v - target) / len(X)
            out[3][:] += e * h
            return e * v
        x = xs[t] @ Wx + b
        r = 1 / (1 + np.exp(-x[:d] - h @ Wh[:, :d]))
        u = 1 / (1 + np.exp(-x[d : 2 * d] - h @ Wh[:, d : 2 * d]))
        c = np.tanh(x[2 * d :] + (r * h) @ Wh[:, 2 * d :])
        g = run(xs, h + u * (c - h), t + 1, target)
        # slopes of the new state in the three pre-activations
        Jc = np.diag(u * (1 - c * c))
        Ju = np.diag((c - h) * u * (1 - u))
        Jr = Jc @ Wh[:, 2 * d :].T @ np.diag(h * r * (1 - r))
        pre = np.concatenate([Jr.T @ g, Ju @ g, Jc @ g])
        out[0][:] += np.outer(xs[t], pre)
        out[2][:] += pre
        out[1][:] += np.concatenate([np.outer(h, pre[: 2 * d]), np.outer(r * h, pre[2 * d :])], axis=1)
        J = np.diag(1 - u) + Jc @ Wh[:, 2 * d :].T @ (r * eye) + Jr @ Wh[:, :d].T + Ju @ Wh[:, d : 2 * d].T
        return J.T @ g

    for xs, target in zip(X, y, strict=True):
        run(xs, np.zeros(d), 0, target)
    return tuple(out)


def gru_point(rng):
    d = 3
    return (
        rng.normal(size=(2, 9)),
        rng.normal(size=(d, 9)),
        rng.normal(size=9),
        rng.normal(size=d),
        rng.normal(size=(4, 5, 2)),
        rng.normal(size=4),
    )


def lstm(W, U, b, pi, pf, po, X, Y, mask):
    """Peephole LSTM (input, forget, output see the cell); squared error at every unmasked step."""
    d = len(pi)
    h, c = np.zeros(d), np.zeros(d)
    total = 0.0
    for t in range(len(X)):
        z = W @ X[t] + U @ h + b
        i = sigmoid(z[:d] + pi * c)
        f = sigmoid(z[d : 2 * d] + pf * c)
        g = np.tanh(z[2 * d : 3 * d])
        c = f * c + i * g
        o = sigmoid(z[3 * d :] + po * c)
        h = o * np.tanh(c)
        total = total + mask[t] * 0.5 * np.sum((h - Y[t]) ** 2)
    return total / np.sum(mask)


def d_lstm(W, U, b, pi, pf, po, X, Y, mask):
    d, T = len(pi), len(X)
    hs, cs, gates = [np.zeros(d)], [np.zeros(d)], []
    for t in range(T):
        z = W @ X[t] + U @ hs[t] + b
        i = sigmoid(z[:d] + pi * cs[t])
        f = sigmoid(z[d : 2 * d] + pf * cs[t])
        g = np.tanh(z[2 * d : 3 * d])
        c = f * cs[t] + i * g
        o = sigmoid(z[3 * d :] + po * c)
        hs.append(o * np.tanh(c))
        cs.append(c)
        gates.append((i, f, g, o))
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    dpi, dpf, dpo = np.zeros(d), np.zeros(d), np.zeros(d)
    dh_next, dc_next = np.zeros(d), np.zeros(d)
    for t in range(T - 1, -1, -1):
        i, f, g, o = gates[t]
        c, c_prev = cs[t + 1], cs[t]
        tc = np.tanh(c)
        dh = mask[t] * (hs[t + 1] - Y[t]) / mask.sum() + dh_next
        do = dh * tc * o * (1 - o)
        dc = dh * o * (1 - tc**2) + dc_next + do * po
        di = dc * g * i * (1 - i)
        df = dc * c_prev * f * (1 - f)
        dg = dc * i * (1 - g**2)
        dz = np.concatenate([di, df, dg, do])
        dW += np.outer(dz, X[t])
        dU += np.outer(dz, hs[t])
        db += dz
        dpi += di * c_prev
        dpf += df * c_prev
        dpo += do * c
        dh_next = U.T @ dz
        dc_next = dc * f + di * pi + df * pf
    return dW, dU, db, dpi, dpf, dpo


def d_lstm_stacked(W, U, b, pi, pf, po, X, Y, mask):
    """One matrix for input, state and one; sums over time at the end; slopes through the tanh of half angles."""
    d, T = len(pi), len(X)
    M = np.concatenate([W, U, b[:, None]], axis=1)
    V, C = np.zeros((T, M.shape[1])), np.zeros((T + 1, d))
    G, H = np.zeros((T, 4, d)), np.zeros((T + 1, d))
    for t in range(T):
        V[t] = np.concatenate([X[t], H[t], [1.0]])
        z = (M @ V[t]).reshape(4, d)
        G[t, 0] = 1 / (1 + np.exp(-z[0] - pi * C[t]))
        G[t, 1] = 1 / (1 + np.exp(-z[1] - pf * C[t]))
        G[t, 2] = np.tanh(z[2])
        C[t + 1] = G[t, 0] * G[t, 2] + G[t, 1] * C[t]
        G[t, 3] = 1 / (1 + np.exp(-z[3] - po * C[t + 1]))
        H[t + 1] = G[t, 3] * np.tanh(C[t + 1])
    D = np.zeros((T, 4, d))
    err = mask[:, None] / np.sum(mask) * (H[1:] - Y)
    cell = np.zeros(d)
    for t in range(T)[::-1]:
        i, f, g, o = G[t]
        e = err[t]
        if t + 1 < T:
            e = e + D[t + 1].ravel() @ U
            cell = cell * G[t + 1, 1] + D[t + 1, 0] * pi + D[t + 1, 1] * pf
        D[t, 3] = e * H[t + 1] * (1 - o)
        cell = cell + e * o / np.cosh(C[t + 1]) ** 2 + D[t, 3] * po
        D[t, 0] = cell * i * g * (1 - i)
        D[t, 1] = cell * (f - f * f) * C[t]
        D[t, 2] = cell * i * (1 + g) * (1 - g)
    dM = D.reshape(T, 4 * d).T @ V
    k = X.shape[1]
    peep = [np.sum(D[:, j] * c, axis=0) for j, c in ((0, C[:-1]), (1, C[:-1]), (3, C[1:]))]
    return dM[:, :k], dM[:, k:-1], dM[:, -1], *peep


def lstm_point(rng):
    d = 3
    X, Y = rng.normal(size=(6, 2)), 0.8 * rng.normal(size=(6, d))
    mask = np.array([0, 1, 1, 0, 1, 1.0])
    return (
        rng.normal(size=(12, 2)),
        0.8 * rng.normal(size=(12, d)),
        rng.normal(size=12),
        *rng.normal(size=(3, d)),
        X,
        Y,
        mask,
    )


def crf(emit, trans, start, stop, tags):
    alpha = start + emit[0]
    gold = start[tags[0]] + emit[0, tags[0]]
    for t in range(1, len(emit)):
        alpha = lse(alpha[:, None] + trans, 0) + emit[t]
        gold = gold + trans[tags[t - 1], tags[t]] + emit[t, tags[t]]
    return lse(alpha + stop, 0) - gold - stop[tags[-1]]


def d_crf(emit, trans, start, stop, tags):
    T, K = emit.shape
    alpha = np.zeros((T, K))
    beta = np.zeros((T, K))
    alpha[0] = start + emit[0]
    for t in range(1, T):
        alpha[t] = lse(alpha[t - 1][:, None] + trans, 0) + emit[t]
    beta[-1] = stop
    for t in range(T - 2, -1, -1):
        beta[t] = lse(trans + emit[t + 1] + beta[t + 1], 1)
    logZ = lse(alpha[-1] + stop, 0)
    gamma = np.exp(alpha + beta - logZ)
    demit = gamma.copy()
    demit[np.arange(T), tags] -= 1
    dtrans = np.zeros_like(trans)
    for t in range(1, T):
        xi = alpha[t - 1][:, None] + trans + emit[t] + beta[t] - logZ
        dtrans += np.exp(xi)
        dtrans[tags[t - 1], tags[t]] -= 1
    dstart = gamma[0].copy()
    dstart[tags[0]] -= 1
    dstop = gamma[-1].copy()
    dstop[tags[-1]] -= 1
    return demit, dtrans, dstart, dstop


def d_crf_paths(emit, trans, start, stop, tags):
    """By all the paths, one after another."""
    T, K = emit.shape
    paths = np.indices((K,) * T).reshape(T, -1).T
    scores = start[paths[:, 0]] + stop[paths[:, -1]] + emit[np.arange(T), paths].sum(axis=1)
    scores = scores + trans[paths[:, :-1], paths[:, 1:]].sum(axis=1)
    p = np.exp(scores - np.logaddexp.reduce(scores))
    out = [np.zeros_like(q) for q in (emit, trans, start, stop)]
    for path, w in [*zip(paths, p, strict=True), (tags, -1.0)]:
        for t, k in enumerate(path):
            out[0][t, k] += w
            if t:
                out[1][path[t - 1], k] += w
        out[2][path[0]] += w
        out[3][path[-1]] += w
    return tuple(out)


def crf_point(rng):
    return (
        rng.normal(size=(5, 3)),
        rng.normal(size=(3, 3)),
        rng.normal(size=3),
        rng.normal(size=3),
        np.array([0, 2, 2, 1, 2]),
    )


def hmm(A, B, init, obs):
    """Log-likelihood with transition, emission and start probabilities by softmax of free scores; scaled forward pass."""
    P = np.exp(A) / np.sum(np.exp(A), axis=1, keepdims=True)
    Q = np.exp(B) / np.sum(np.exp(B), axis=1, keepdims=True)
    a = np.exp(init) / np.sum(np.exp(init)) * Q[:, obs[0]]
    total = np.log(np.sum(a))
    a = a / np.sum(a)
    for t in range(1, len(obs)):
        a = (a @ P) * Q[:, obs[t]]
        total = total + np.log(np.sum(a))
        a = a / np.sum(a)
    return -total


def d_hmm(A, B, init, obs):
    T = len(obs)
    P = np.exp(A) / np.exp(A).sum(axis=1, keepdims=True)
    Q = np.exp(B) / np.exp(B).sum(axis=1, keepdims=True)
    pi = np.exp(init) / np.exp(init).sum()
    alpha, scale = [], []
    a = pi * Q[:, obs[0]]
    for t in range(T):
        if t > 0:
            a = (alpha[-1] @ P) * Q[:, obs[t]]
        scale.append(a.sum())
        alpha.append(a / a.sum())
    beta = np.ones(len(pi))
    counts = np.zeros_like(P)
    seen = np.zeros_like(Q)
    for t in range(T - 1, -1, -1):
        gamma = alpha[t] * beta
        seen[:, obs[t]] += gamma
        if t > 0:
            w = Q[:, obs[t]] * beta / scale[t]
            counts += alpha[t - 1][:, None] * P * w
            beta = P @ w
    dA = counts.sum(axis=1, keepdims=True) * P - counts
    dB = seen.sum(axis=1, keepdims=True) * Q - seen
    dinit = pi - gamma
    return dA, dB, dinit


def d_hmm_paths(A, B, init, obs):
    K, T = len(init), len(obs)
    lA, lB = (M - np.logaddexp.reduce(M, axis=1, keepdims=True) for M in (A, B))
    li = init - np.logaddexp.reduce(init)
    paths = np.indices((K,) * T).reshape(T, -1).T
    s = li[paths[:, 0]] + lB[paths, obs].sum(axis=1) + lA[paths[:, :-1], paths[:, 1:]].sum(axis=1)
    w = np.exp(s - np.logaddexp.reduce(s))
    dA, dB, di = np.zeros_like(A), np.zeros_like(B), np.zeros_like(init)
    for p, x in zip(paths, w, strict=True):
        di[p[0]] -= x
        for t in range(T):
            dB[p[t]] += x * np.exp(lB[p[t]])
            dB[p[t], obs[t]] -= x
            if t:
                dA[p[t - 1]] += x * np.exp(lA[p[t - 1]])
                dA[p[t - 1], p[t]] -= x
    return dA, dB, di + np.exp(li)


def hmm_point(rng):
    return rng.normal(size=(3, 3)), rng.normal(size=(3, 4)), rng.normal(size=3), np.array([0, 3, 1, 1, 2, 0])


def skipgram(V, U, centre, context, noise):
    """Word vectors by negative sampling: V for centres, U for contexts; noise words per pair."""
    pos = np.sum(V[centre] * U[context], axis=1)
    neg = np.einsum("nd,nkd->nk", V[centre], U[noise])
    return np.mean(np.logaddexp(0, -pos) + np.sum(np.logaddexp(0, neg), axis=1))


def d_skipgram(V, U, centre, context, noise):
    n = len(centre)
    pos = np.sum(V[centre] * U[context], axis=1)
    neg = np.einsum("nd,nkd->nk", V[centre], U[noise])
    dpos = -sigmoid(-pos) / n
    dneg = sigmoid(neg) / n
    dV, dU = np.zeros_like(V), np.zeros_like(U)
    np.add.at(dV, centre, dpos[:, None] * U[context] + np.einsum("nk,nkd->nd", dneg, U[noise]))
    np.add.at(dU, context, dpos[:, None] * V[centre])
    np.add.at(dU, noise, dneg[:, :, None] * V[centre][:, None, :])
    return dV, dU


def d_skipgram_onehot(V, U, centre, context, noise):
    """As one matrix of score gradients, words by words."""
    G = np.zeros((len(V), len(U)))
    S = V @ U.T
    for c, o, ks in zip(centre, context, noise, strict=True):
        G[c, o] += (1 / (1 + np.exp(-S[c, o])) - 1) / len(centre)
        for k in ks:
            G[c, k] += 1 / (1 + np.exp(-S[c, k])) / len(centre)
    return G @ U, G.T @ V


def skipgram_point(rng):
    centre, context = np.array([0, 1, 1, 4, 0, 2]), np.array([1, 0, 2, 5, 1, 3])
    noise = np.array([[3, 4], [5, 5], [3, 0], [1, 1], [2, 5], [4, 0]])
    return rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), centre, context, noise


FAMILIES = [
    Family(
        "recurrent language model with tied embeddings",
        elman,
        d_elman,
        elman_point,
        4,
        {
            "no carry: the gradient does not flow back in time [B27]": ("U.T @ dr + carry", "U.T @ dr"),
            "truncated after two steps [B27]": ("carry = W @ dz", "carry = W @ dz if t % 2 else np.zeros_like(dz)"),
            "the recurrent matrix is transposed on the way back [B4 M09]": ("carry = W @ dz", "carry = W.T @ dz"),
            "the carry forgets tanh's slope [B9]": ("carry = W @ dz", "carry = W @ dh"),
            "the carry accumulates over steps: += for = [B15]": ("carry = W @ dz", "carry = carry + W @ dz"),
            "the new state, not the old, stands in the recurrent matrix's gradient [B25]": (
                "np.outer(hs[t], dz)",
                "np.outer(h, dz)",
            ),
            "tanh's slope is taken at the previous state [B25]": ("1 - h**2", "1 - hs[t] ** 2"),
            "tanh's slope is 1 - h [M02]": ("1 - h**2", "1 - h"),
            "the recurrent matrix's gradient is assigned at each step: the first step's stays [B14]": (
                "dW += np",
                "dW = np",
            ),
            "the reading's use of the embeddings is forgotten (weight tying) [M20 B14]": (
                "        dE += np.outer(p, r)\n",
                "",
            ),
            "the input's use of the embeddings is forgotten (weight tying) [M20 B14]": (
                "        dE[tokens[t]] += U @ dz\n",
                "",
            ),
            "the reading's use of the projection is forgotten (weight tying) [M20]": (
                "        dU += np.outer(dr, h)\n",
                "",
            ),
            "a repeated token's row is overwritten [B14]": ("dE[tokens[t]] += U", "dE[tokens[t]] = U"),
            "the target is the current token, not the next [B25]": ("p[tokens[t + 1]] -= 1", "p[tokens[t]] -= 1"),
            "the embedding of the next token takes the input's gradient [B25]": (
                "dE[tokens[t]] +=",
                "dE[tokens[t + 1]] +=",
            ),
            "not divided by the number of steps [B1 M11]": ("        p /= steps\n", ""),
            "the first step is left out [B8 B27]": ("range(steps - 1, -1, -1)", "range(steps - 1, 0, -1)"),
            "the last step is left out [B8]": ("range(steps - 1, -1, -1)", "range(steps - 2, -1, -1)"),
            "gradients are clipped to a norm on the way back in time [B26]": (
                "carry = W @ dz",
                "carry = np.clip(W @ dz, -0.02, 0.02)",
            ),
        },
        d_elman_forward,
        {"single precision": single(elman_point), "saturated": scaled(elman_point, {3: 4.0})},
    ),
    Family(
        "gated recurrent unit",
        gru,
        d_gru,
        gru_point,
        4,
        {
            "the update gate's direct path of the old state is forgotten [M20]": (
                "dh = dh * (1 - u) + drh * r",
                "dh = drh * r",
            ),
            "the candidate's path to the old state is not reset [M04]": ("+ drh * r +", "+ drh +"),
            "the candidate's path to the old state is forgotten [M20]": ("+ drh * r +", "+"),
            "the reset gate's path to the old state is forgotten [M20]": (" + dr @ Wr.T", ""),
            "the update gate's path to the old state is forgotten [M20]": (" + du @ Wu.T", ""),
            "the update gate mixes the other way round": ("dc = dh * u *", "dc = dh * (1 - u) *"),
            "the update gate's gradient has the wrong sign [B3]": ("(c - prev)", "(prev - c)"),
            "the update gate's gradient forgets the old state [M20]": ("(c - prev)", "c"),
            "the update gate's slope is left out [B9]": ("(c - prev) * u * (1 - u)", "(c - prev)"),
            "the reset gate's slope is r alone [M07]": ("r * (1 - r)\n", "r\n"),
            "the candidate's slope is left out [B9]": ("dh * u * (1 - c**2)", "dh * u"),
            "the candidate's slope is a sigmoid's [M08]": ("(1 - c**2)", "c * (1 - c)"),
            "the reset gate's gradient lacks the old state [M04]": ("drh * prev * r", "drh * r"),
            "the candidate's matrix sees the old state, not the reset one": ("(r * prev).T @ dc", "prev.T @ dc"),
            "the reset after the matrix, as another library has it": (
                "drh = dc @ Wc.T\n        dr = drh * prev * r * (1 - r)",
                "drh = dc @ Wc.T\n        dr = dc * (prev @ Wc) * r * (1 - r)",
            ),
            "gates are stacked in another order [B25]": ("[dr, du, dc], axis=1", "[du, dr, dc], axis=1"),
            "the last state stands where the previous one should [B25]": (
                "prev, r, u, c = tape[t]",
                "prev, r, u, c = (h, *tape[t][1:])",
            ),
            "the bias is averaged over the batch [B6]": ("gates.sum(axis=0)", "gates.mean(axis=0)"),
            "inputs of the first step at all steps [B25]": ("X[:, t].T @ gates", "X[:, 0].T @ gates"),
        },
        d_gru_single,
        {"single precision": single(gru_point), "saturated gates": scaled(gru_point, {2: 6.0})},
    ),
    Family(
        "peephole LSTM",
        lstm,
        d_lstm,
        lstm_point,
        6,
        {
            "the output gate's peephole path to the cell is forgotten [M20]": (" + do * po", ""),
            "the peepholes' paths to the old cell are forgotten [M20]": (" + di * pi + df * pf", ""),
            "the output gate's peephole is taken at the old cell [B25]": ("dpo += do * c\n", "dpo += do * c_prev\n"),
            "the forget gate's peephole is taken at the new cell [B25]": ("dpf += df * c_prev", "dpf += df * c"),
            "the input gate's peephole is overwritten [B14]": ("dpi += di", "dpi = di"),
            "the cell's carry is forgotten [B27 M20]": (" + dc_next +", " +"),
            "the state's carry is forgotten [B27 M20]": ("/ mask.sum() + dh_next", "/ mask.sum()"),
            "the cell's carry does not pass the forget gate [M04]": ("dc * f + di", "dc + di"),
            "the cell's carry passes the input gate": ("dc * f + di", "dc * i + di"),
            "the forget gate sees the new cell [B25]": ("dc * c_prev * f", "dc * c * f"),
            "the cell's tanh slope is left out [B9]": ("dh * o * (1 - tc**2)", "dh * o"),
            "the cell's tanh slope is taken at the cell [B10]": ("(1 - tc**2)", "(1 - c**2)"),
            "the output gate multiplies the cell, not its tanh": ("do = dh * tc *", "do = dh * c *"),
            "the candidate's slope is a sigmoid's [M08]": ("dc * i * (1 - g**2)", "dc * i * g * (1 - g)"),
            "the input gate's slope is left out [B9]": ("dc * g * i * (1 - i)", "dc * g"),
            "the forget gate's slope is f alone [M07]": ("f * (1 - f)", "f"),
            "input gate and candidate are swapped in the stack [B25]": ("[di, df, dg, do]", "[dg, df, di, do]"),
            "the mask of the steps is forgotten [B22]": ("mask[t] * (hs[t + 1]", "(hs[t + 1]"),
            "the mask also cuts the carry": ("+ dh_next\n", "+ mask[t] * dh_next\n"),
            "divided by all steps, not by the unmasked [B1]": ("/ mask.sum()", "/ T"),
            "the target of the next step [B25]": ("- Y[t])", "- Y[min(t + 1, T - 1)])"),
            "the recurrent matrix sees the new state [B25]": ("np.outer(dz, hs[t])", "np.outer(dz, hs[t + 1])"),
        },
        d_lstm_stacked,
        {
            "single precision": single(lstm_point),
            "saturated gates": scaled(lstm_point, {2: 5.0}),
            "all steps masked but the last (zero entries)": lambda rng: (
                *lstm_point(rng)[:-1],
                np.array([0, 0, 0, 0, 0, 1.0]),
            ),
        },
    ),
    Family(
        "linear-chain CRF",
        crf,
        d_crf,
        crf_point,
        4,
        {
            "emissions of the step are counted twice: beta includes them [B15]": (
                "gamma = np.exp(alpha + beta - logZ)",
                "gamma = np.exp(alpha + beta + emit - logZ)\n    gamma /= gamma.sum(axis=1, keepdims=True)",
            ),
            "gamma without beta: filtered, not smoothed marginals [M20]": (
                "gamma = np.exp(alpha + beta - logZ)",
                "gamma = np.exp(alpha - alpha.max(axis=1, keepdims=True))\n    gamma /= gamma.sum(axis=1, keepdims=True)",
            ),
            "the stop scores are left out of beta": ("beta[-1] = stop", "beta[-1] = 0"),
            "the stop scores are left out of the partition function": ("lse(alpha[-1] + stop, 0)", "lse(alpha[-1], 0)"),
            "the transition is transposed in the backward recursion [B4 M09]": (
                "lse(trans + emit[t + 1]",
                "lse(trans.T + emit[t + 1]",
            ),
            "the transition's gradient is transposed [B4 M09]": ("dtrans += np.exp(xi)", "dtrans += np.exp(xi).T"),
            "the gold transitions are not subtracted [M22]": ("        dtrans[tags[t - 1], tags[t]] -= 1\n", ""),
            "gold transitions are read backwards [M27]": (
                "dtrans[tags[t - 1], tags[t]] -= 1",
                "dtrans[tags[t], tags[t - 1]] -= 1",
            ),
            "the gold tags are shifted by one against the steps [B25]": (
                "dtrans[tags[t - 1], tags[t]] -= 1",
                "dtrans[tags[t], tags[min(t + 1, T - 1)]] -= 1",
            ),
            "the emission of the step before is in the pairs' marginals [B25]": (
                "trans + emit[t] + beta[t]",
                "trans + emit[t - 1] + beta[t]",
            ),
            "the pairs' marginals lack beta": ("emit[t] + beta[t] - logZ", "emit[t] - logZ"),
            "the first transition is left out [B8]": (
                "    for t in range(1, T):\n        xi",
                "    for t in range(2, T):\n        xi",
            ),
            "the start scores get the last marginals [B25]": ("dstart = gamma[0]", "dstart = gamma[-1]"),
            "the stop's gold tag is not subtracted [M22]": ("    dstop[tags[-1]] -= 1\n", ""),
            "expected minus observed has the wrong sign in the emissions [B3]": (
                "demit[np.arange(T), tags] -= 1",
                "demit[np.arange(T), tags] -= 1\n    demit = -demit",
            ),
            "best path in place of the sum over paths (Viterbi) in beta": (
                "lse(trans + emit[t + 1] + beta[t + 1], 1)",
                "np.max(trans + emit[t + 1] + beta[t + 1], axis=1)",
            ),
        },
        d_crf_paths,
        {"single precision": single(crf_point), "decided path (saturated)": scaled(crf_point, {0: 8.0})},
    ),
    Family(
        "hidden Markov model",
        hmm,
        d_hmm,
        hmm_point,
        3,
        {
            "the softmax of the transitions is not taken back [B9 M04]": (
                "counts.sum(axis=1, keepdims=True) * P - counts",
                "-counts / P",
            ),
            "softmax's cross terms are dropped for the emissions [B17 M21]": (
                "seen.sum(axis=1, keepdims=True) * Q - seen",
                "seen * Q - seen",
            ),
            "the softmax's counts are summed over the wrong axis for the transitions [B18]": (
                "counts.sum(axis=1, keepdims=True) * P",
                "counts.sum(axis=0, keepdims=True) * P",
            ),
            "observed minus expected: sign of the transitions [B3]": (
                "dA = counts.sum(axis=1, keepdims=True) * P - counts",
                "dA = counts - counts.sum(axis=1, keepdims=True) * P",
            ),
            "beta is not scaled [B13]": ("* beta / scale[t]", "* beta"),
            "beta is scaled with the factor of the step before [B25]": ("/ scale[t]", "/ scale[t - 1]"),
            "the transition is transposed in the backward recursion [B4 M09]": ("beta = P @ w", "beta = P.T @ w"),
            "the emission is left out of the backward recursion": ("w = Q[:, obs[t]] * beta", "w = beta"),
            "the emission of the step before in the backward recursion [B25]": (
                "w = Q[:, obs[t]] * beta",
                "w = Q[:, obs[t - 1]] * beta",
            ),
            "filtered, not smoothed states for the emissions [M20]": ("gamma = alpha[t] * beta", "gamma = alpha[t]"),
            "repeated observations are assigned, not added [B14]": (
                "seen[:, obs[t]] += gamma",
                "seen[:, obs[t]] = gamma",
            ),
            "the last observation is left out of the emissions [B8]": (
                "seen[:, obs[t]] += gamma",
                "seen[:, obs[t]] += gamma * (t < T - 1)",
            ),
            "the pairs' counts lack the transition itself [M04]": (
                "alpha[t - 1][:, None] * P * w",
                "alpha[t - 1][:, None] * w",
            ),
            "the pairs use the state of the same step [B25]": (
                "alpha[t - 1][:, None] * P * w",
                "alpha[t][:, None] * P * w",
            ),
            "the start's gradient is of the last step: a stale gamma [B13]": (
                "dinit = pi - gamma",
                "dinit = pi - alpha[-1]",
            ),
            "the start's gradient uses the state before any observation": (
                "dinit = pi - gamma",
                "dinit = pi - alpha[0]",
            ),
        },
        d_hmm_paths,
        {"single precision": single(hmm_point), "nearly certain emissions (saturated)": scaled(hmm_point, {1: 8.0})},
    ),
    Family(
        "skip-gram with negative sampling",
        skipgram,
        d_skipgram,
        skipgram_point,
        2,
        {
            "repeated centres are overwritten [B14]": (
                'np.add.at(dV, centre, dpos[:, None] * U[context] + np.einsum("nk,nkd->nd", dneg, U[noise]))',
                'dV[centre] += dpos[:, None] * U[context] + np.einsum("nk,nkd->nd", dneg, U[noise])',
            ),
            "repeated noise words are overwritten [B14]": (
                "np.add.at(dU, noise, dneg[:, :, None] * V[centre][:, None, :])",
                "dU[noise] += dneg[:, :, None] * V[centre][:, None, :]",
            ),
            "the noise words' part of the centres is forgotten [M20]": (
                ' + np.einsum("nk,nkd->nd", dneg, U[noise])',
                "",
            ),
            "the context's part of the centres is forgotten [M20]": ("dpos[:, None] * U[context] + ", ""),
            "the noise words get no gradient [M20]": (
                "    np.add.at(dU, noise, dneg[:, :, None] * V[centre][:, None, :])\n",
                "",
            ),
            "the context's sign: sigmoid in place of sigmoid minus one [M22]": (
                "-sigmoid(-pos) / n",
                "sigmoid(pos) / n",
            ),
            "the noise words' sign [B3]": ("dneg = sigmoid(neg) / n", "dneg = -sigmoid(neg) / n"),
            "the noise words' sigmoid is of minus the score": ("dneg = sigmoid(neg)", "dneg = sigmoid(-neg)"),
            "the noise part is averaged over the noise words [B1]": (
                "dneg = sigmoid(neg) / n",
                "dneg = sigmoid(neg) / neg.size",
            ),
            "not divided by the number of pairs [B1 M11]": ("dpos = -sigmoid(-pos) / n", "dpos = -sigmoid(-pos)"),
            "the sigmoid's slope is multiplied in again": (
                "-sigmoid(-pos) / n",
                "-sigmoid(-pos) * sigmoid(pos) * sigmoid(-pos) / n",
            ),
            "centres' and contexts' tables are returned swapped": ("return dV, dU", "return dU, dV"),
            "only the first noise word counts [B8]": (
                "np.add.at(dU, noise, dneg[:, :, None]",
                "np.add.at(dU, noise[:, :1], dneg[:, :1, None]",
            ),
            "the context's gradient is written to the centre's row [M27]": (
                "np.add.at(dU, context, dpos",
                "np.add.at(dU, centre, dpos",
            ),
            "the contexts' gradient takes the contexts' vectors [M28]": (
                "dpos[:, None] * V[centre])",
                "dpos[:, None] * U[context])",
            ),
        },
        d_skipgram_onehot,
        {"single precision": single(skipgram_point), "long vectors (saturated)": scaled(skipgram_point, {0: 8.0})},
    ),
]
