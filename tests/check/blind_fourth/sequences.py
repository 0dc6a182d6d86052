"""Through time: a plain net that predicts each next symbol, LSTM, GRU, a hidden Markov model, a tagger's chain."""

from __future__ import annotations

import numpy as np
from check.blind_fourth.case import Family
from check.blind_third.case import scaled, single


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def logsumexp(a, axis=None):
    top = np.max(a, axis=axis, keepdims=True)
    return (
        np.squeeze(top, axis=axis) + np.log(np.sum(np.exp(a - top), axis=axis))
        if axis is not None
        else float(np.max(a)) + np.log(np.sum(np.exp(a - np.max(a))))
    )


def chars(p, text, V):
    h = p["h0"]
    loss = 0.0
    for t in range(len(text) - 1):
        h = np.tanh(p["Wxh"][:, text[t]] + p["Whh"] @ h + p["bh"])
        y = p["Why"] @ h + p["by"]
        loss += logsumexp(y) - y[text[t + 1]]
    return loss / (len(text) - 1)


def d_chars(p, text, V):
    T = len(text) - 1
    hs = {-1: p["h0"]}
    ps = {}
    for t in range(T):
        x = np.zeros(V)
        x[text[t]] = 1
        hs[t] = np.tanh(p["Wxh"] @ x + p["Whh"] @ hs[t - 1] + p["bh"])
        y = p["Why"] @ hs[t] + p["by"]
        e = np.exp(y - y.max())
        ps[t] = e / e.sum()
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(T)):
        dy = ps[t].copy()
        dy[text[t + 1]] -= 1
        dy /= T
        grads["Why"] += np.outer(dy, hs[t])
        grads["by"] += dy
        dh = p["Why"].T @ dy + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        grads["bh"] += dhraw
        grads["Wxh"][:, text[t]] += dhraw
        grads["Whh"] += np.outer(dhraw, hs[t - 1])
        dhnext = p["Whh"].T @ dhraw
    grads["h0"] = dhnext
    return grads


def chars_point(rng):
    h, V = 4, 5
    shapes = {"Wxh": (h, V), "Whh": (h, h), "bh": h, "Why": (V, h), "by": V, "h0": h}
    p = {name: 0.8 * rng.normal(size=shape) for name, shape in shapes.items()}
    return p, np.array([0, 3, 1, 4, 4, 2, 0, 3]), V


def chars_long(rng):
    p, _, V = chars_point(rng)
    return p, rng.integers(0, V, size=60), V


def lstm(W, U, b, v, X, y):
    """X: time, batch, features; the gates stand side by side: input, forget, output, candidate."""
    k = U.shape[0]
    h = c = np.zeros((X.shape[1], k))
    for x in X:
        z = x @ W + h @ U + b
        i, f, o = (sigmoid(z[:, j * k : (j + 1) * k]) for j in range(3))
        c = f * c + i * np.tanh(z[:, 3 * k :])
        h = o * np.tanh(c)
    return np.mean((h @ v - y) ** 2)


def d_lstm(W, U, b, v, X, y):
    T, n, d = X.shape
    k = U.shape[0]
    H, C, gates = [np.zeros((n, k))], [np.zeros((n, k))], []
    for x in X:
        z = x @ W + H[-1] @ U + b
        i, f, o = sigmoid(z[:, :k]), sigmoid(z[:, k : 2 * k]), sigmoid(z[:, 2 * k : 3 * k])
        g = np.tanh(z[:, 3 * k :])
        gates.append((i, f, o, g))
        C.append(f * C[-1] + i * g)
        H.append(o * np.tanh(C[-1]))
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    err = 2 * (H[-1] @ v - y) / n
    dv = H[-1].T @ err
    dh = np.outer(err, v)
    dc = np.zeros((n, k))
    for t in range(T - 1, -1, -1):
        i, f, o, g = gates[t]
        tc = np.tanh(C[t + 1])
        do = dh * tc
        dc = dc + dh * o * (1 - tc**2)
        di, df, dg = dc * g, dc * C[t], dc * i
        dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)], axis=1)
        dW += X[t].T @ dz
        dU += H[t].T @ dz
        db += dz.sum(axis=0)
        dh = dz @ U.T
        dc = dc * f
    return dW, dU, db, dv


def lstm_point(rng):
    k = 3
    return (
        rng.normal(size=(2, 4 * k)),
        rng.normal(size=(k, 4 * k)),
        rng.normal(size=4 * k),
        rng.normal(size=k),
        rng.normal(size=(6, 5, 2)),
        rng.normal(size=5),
    )


class Gated:
    """A gated recurrent unit for one sequence; remembers what it needs to go back."""

    def __init__(self, params):
        self.p = params

    def forward(self, xs):
        p = self.p
        self.xs = xs
        self.steps = []
        h = np.zeros(len(p["bz"]))
        for x in xs:
            z = sigmoid(p["Wz"] @ x + p["Uz"] @ h + p["bz"])
            r = sigmoid(p["Wr"] @ x + p["Ur"] @ h + p["br"])
            n = np.tanh(p["Wn"] @ x + p["Un"] @ (r * h) + p["bn"])
            self.steps.append((h, z, r, n))
            h = (1 - z) * n + z * h
        return h

    def backward(self, dh):
        p = self.p
        g = {name: np.zeros_like(value) for name, value in p.items()}
        for x, (h, z, r, n) in zip(self.xs[::-1], self.steps[::-1], strict=True):
            dz = dh * (h - n) * z * (1 - z)
            dn = dh * (1 - z) * (1 - n * n)
            drh = p["Un"].T @ dn
            dr = drh * h * r * (1 - r)
            g["Wz"] += np.outer(dz, x)
            g["Uz"] += np.outer(dz, h)
            g["bz"] += dz
            g["Wr"] += np.outer(dr, x)
            g["Ur"] += np.outer(dr, h)
            g["br"] += dr
            g["Wn"] += np.outer(dn, x)
            g["Un"] += np.outer(dn, r * h)
            g["bn"] += dn
            dh = dh * z + drh * r + p["Uz"].T @ dz + p["Ur"].T @ dr
        return g


def gru(p, sequences, targets):
    total = 0.0
    for xs, t in zip(sequences, targets, strict=True):
        h = np.zeros(len(p["bz"]))
        for x in xs:
            z = sigmoid(p["Wz"] @ x + p["Uz"] @ h + p["bz"])
            r = sigmoid(p["Wr"] @ x + p["Ur"] @ h + p["br"])
            h = (1 - z) * np.tanh(p["Wn"] @ x + p["Un"] @ (r * h) + p["bn"]) + z * h
        total += 0.5 * np.sum((h - t) ** 2)
    return total / len(sequences)


def d_gru(p, sequences, targets):
    net = Gated(p)
    total = {name: np.zeros_like(value) for name, value in p.items()}
    for xs, t in zip(sequences, targets, strict=True):
        h = net.forward(xs)
        g = net.backward((h - t) / len(sequences))
        for name in total:
            total[name] += g[name]
    return total


def gru_point(rng):
    k, d = 3, 2
    p = {}
    for gate in "zrn":
        p["W" + gate], p["U" + gate], p["b" + gate] = (
            rng.normal(size=(k, d)),
            rng.normal(size=(k, k)),
            rng.normal(size=k),
        )
    return p, rng.normal(size=(4, 5, d)), rng.normal(size=(4, k))


def hmm(start, trans, emit, observed):
    """Scores: softmax over them gives the probabilities; the negative log-likelihood of one sequence."""
    pi = np.exp(start - logsumexp(start))
    A = np.exp(trans - logsumexp(trans, axis=1)[:, None])
    B = np.exp(emit - logsumexp(emit, axis=1)[:, None])
    alpha = pi * B[:, observed[0]]
    ll = np.log(alpha.sum())
    alpha = alpha / alpha.sum()
    for o in observed[1:]:
        alpha = (alpha @ A) * B[:, o]
        ll += np.log(alpha.sum())
        alpha = alpha / alpha.sum()
    return -ll


def d_hmm(start, trans, emit, observed):
    """By expected counts: forward and backward."""
    T, S = len(observed), len(start)
    pi = np.exp(start - logsumexp(start))
    A = np.exp(trans - logsumexp(trans, axis=1)[:, None])
    B = np.exp(emit - logsumexp(emit, axis=1)[:, None])
    alpha, beta, scale = np.zeros((T, S)), np.ones((T, S)), np.zeros(T)
    alpha[0] = pi * B[:, observed[0]]
    scale[0] = alpha[0].sum()
    alpha[0] /= scale[0]
    for t in range(1, T):
        alpha[t] = (alpha[t - 1] @ A) * B[:, observed[t]]
        scale[t] = alpha[t].sum()
        alpha[t] /= scale[t]
    for t in range(T - 2, -1, -1):
        beta[t] = A @ (B[:, observed[t + 1]] * beta[t + 1]) / scale[t + 1]
    gamma = alpha * beta
    moves = np.zeros((S, S))
    for t in range(T - 1):
        moves += alpha[t][:, None] * A * (B[:, observed[t + 1]] * beta[t + 1])[None, :] / scale[t + 1]
    seen = np.zeros_like(emit)
    for t in range(T):
        seen[:, observed[t]] += gamma[t]
    dstart = pi - gamma[0]
    dtrans = A * moves.sum(axis=1, keepdims=True) - moves
    demit = B * seen.sum(axis=1, keepdims=True) - seen
    return dstart, dtrans, demit


def hmm_point(rng):
    return rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(size=(3, 4)), np.array([0, 2, 1, 3, 3, 0, 1, 2, 0])


def hmm_long(rng):
    """Likelihoods far below the smallest number."""
    return (*hmm_point(rng)[:3], rng.integers(0, 4, size=700))


def tagger(W, trans, X, tags):
    emissions = X @ W
    score = emissions[0, tags[0]]
    alpha = emissions[0]
    for t in range(1, len(tags)):
        score += trans[tags[t - 1], tags[t]] + emissions[t, tags[t]]
        alpha = emissions[t] + logsumexp(alpha[:, None] + trans, axis=0)
    return logsumexp(alpha) - score


def d_tagger(W, trans, X, tags):
    """Back-propagation through the forward recursion."""
    E = X @ W
    T, K = E.shape
    alphas = [E[0]]
    for t in range(1, T):
        M = alphas[-1][:, None] + trans
        top = M.max(axis=0)
        alphas.append(E[t] + top + np.log(np.exp(M - top).sum(axis=0)))
    last = np.exp(alphas[-1] - alphas[-1].max())
    dalpha = last / last.sum()
    dE = np.zeros_like(E)
    dtrans = np.zeros_like(trans)
    for t in range(T - 1, 0, -1):
        dE[t] += dalpha
        M = alphas[t - 1][:, None] + trans
        share = np.exp(M - M.max(axis=0))
        share = share / share.sum(axis=0)
        joint = share * dalpha
        dtrans += joint
        dalpha = joint.sum(axis=1)
        dtrans[tags[t - 1], tags[t]] -= 1
    dE[0] += dalpha
    dE[np.arange(T), tags] -= 1
    dW = X.T @ dE
    return dW, dtrans


def tagger_point(rng):
    return rng.normal(size=(5, 3)), rng.normal(size=(3, 3)), rng.normal(size=(7, 5)), np.array([0, 2, 2, 1, 0, 1, 2])


FAMILIES = [
    Family(
        "next symbol by a plain recurrent net",
        chars,
        d_chars,
        chars_point,
        1,
        {
            "the gradient from the next step is forgotten: one step back only [B27 M20]": (
                'dh = p["Why"].T @ dy + dhnext',
                'dh = p["Why"].T @ dy',
            ),
            "the recurrent weights see h_t where h_{t-1} belongs [M28]": (
                "np.outer(dhraw, hs[t - 1])",
                "np.outer(dhraw, hs[t])",
            ),
            "the recurrent weights are not transposed going back [M09]": (
                'dhnext = p["Whh"].T @ dhraw',
                'dhnext = p["Whh"] @ dhraw',
            ),
            "the recurrent weights are transposed in their gradient [B4 M09]": (
                "np.outer(dhraw, hs[t - 1])",
                "np.outer(hs[t - 1], dhraw)",
            ),
            "what goes back in time has not been through tanh [B9]": ('p["Whh"].T @ dhraw', 'p["Whh"].T @ dh'),
            "tanh's slope is of the step before [M06]": ("(1 - hs[t] * hs[t])", "(1 - hs[t - 1] * hs[t - 1])"),
            "tanh's slope is forgotten [B9]": ("(1 - hs[t] * hs[t]) * dh", "1.0 * dh"),
            "the recurrent weights keep only the first step's share [B14]": ('grads["Whh"] += np', 'grads["Whh"] = np'),
            "repeated symbols keep only their first share [B14]": (
                'grads["Wxh"][:, text[t]] += dhraw',
                'grads["Wxh"][:, text[t]] = dhraw',
            ),
            "the input's column is that of the next symbol [B25]": (
                'grads["Wxh"][:, text[t]]',
                'grads["Wxh"][:, text[t + 1]]',
            ),
            "the present symbol is subtracted, not the next [B25 M22]": ("dy[text[t + 1]] -= 1", "dy[text[t]] -= 1"),
            "summed over the steps [B1 M11]": ("        dy /= T\n", ""),
            "the first state gets no gradient [B7 M15]": ('grads["h0"] = dhnext', 'grads["h0"] = 0 * dhnext'),
            "the first state gets the gradient before the recurrent weights": (
                'grads["h0"] = dhnext',
                'grads["h0"] = dhraw',
            ),
            "the last step is left out [B23]": ("reversed(range(T))", "reversed(range(T - 1))"),
            "back-propagation is cut after three steps [B27]": (
                'dhnext = p["Whh"].T @ dhraw',
                'dhnext = p["Whh"].T @ dhraw * (t % 3 > 0 or t == 0)',
            ),
            "gradients are clipped to a small range [B26]": (
                '    grads["h0"] = dhnext\n',
                '    grads["h0"] = dhnext\n    for value in grads.values():\n        np.clip(value, -0.05, 0.05, out=value)\n',
            ),
            "h_t where h_{t-1} belongs; and summed over the steps [M28 M11]": (
                "np.outer(dhraw, hs[t - 1])",
                "np.outer(dhraw, hs[t])",
                "        dy /= T\n",
                "",
            ),
        },
        None,
        {"sixty steps": chars_long},
    ),
    Family(
        "LSTM with gates side by side",
        lstm,
        d_lstm,
        lstm_point,
        4,
        {
            "the cell's gradient from the next step is forgotten [M20 B27]": ("dc = dc + dh * o", "dc = dh * o"),
            "the cell's gradient is not multiplied by the forget gate": ("        dc = dc * f\n", ""),
            "the cell's gradient is multiplied by the input gate [M28]": ("dc = dc * f\n", "dc = dc * i\n"),
            "the forget gate sees the new cell, not the old one [M28]": ("dc * C[t], dc * i", "dc * C[t + 1], dc * i"),
            "the recurrent weights see the new state [M28]": ("H[t].T @ dz", "H[t + 1].T @ dz"),
            "the output gate is multiplied by the cell without tanh [B10]": ("do = dh * tc", "do = dh * C[t + 1]"),
            "tanh's slope of the cell is forgotten [B9]": ("dh * o * (1 - tc**2)", "dh * o"),
            "tanh's slope of the cell is taken of the old cell": ("tc = np.tanh(C[t + 1])", "tc = np.tanh(C[t])"),
            "the output gate is left out on the way to the cell [M04]": ("dh * o * (1 - tc**2)", "dh * (1 - tc**2)"),
            "the candidate's slope is a sigmoid's [B9]": ("dg * (1 - g**2)", "dg * g * (1 - g)"),
            "the forget gate's slope is a tanh's": ("df * f * (1 - f)", "df * (1 - f**2)"),
            "the input gate's slope is forgotten": ("di * i * (1 - i)", "di"),
            "input gate and candidate are swapped [M27]": (
                "di, df, dg = dc * g, dc * C[t], dc * i",
                "di, df, dg = dc * i, dc * C[t], dc * g",
            ),
            "forget and output gate are laid side by side in the wrong order [B25]": (
                "df * f * (1 - f), do * o * (1 - o)",
                "do * o * (1 - o), df * f * (1 - f)",
            ),
            "the biases keep only the first step's share [B14]": ("db += dz", "db = dz"),
            "the square's 2 is lost [B2 M01]": ("err = 2 * (H", "err = (H"),
            "the weights are averaged over the steps [B1 M12]": ("dW += X[t].T @ dz", "dW += X[t].T @ dz / T"),
            "the forget gate sees the new cell; and the biases keep only the first step's share [M28 B14]": (
                "dc * C[t], dc * i",
                "dc * C[t + 1], dc * i",
                "db += dz",
                "db = dz",
            ),
        },
        None,
        {
            "open forget gates": lambda rng: (lambda a: (*a[:2], a[2] + 6.0, *a[3:]))(lstm_point(rng)),
            "single precision": single(lstm_point),
        },
    ),
    Family(
        "gated recurrent unit as a class",
        gru,
        d_gru,
        gru_point,
        1,
        {
            "the reset gate is forgotten in the candidate's recurrent weights": (
                "np.outer(dn, r * h)",
                "np.outer(dn, h)",
            ),
            "the reset gate is forgotten on the way to the last state [M04]": ("drh * r +", "drh +"),
            "the update gate's sign is swapped [B3]": ("dh * (h - n)", "dh * (n - h)"),
            "the update gate lacks the old state's part [M20]": ("dh * (h - n)", "-dh * n"),
            "the direct path to the last state is forgotten [M20]": ("dh = dh * z + drh", "dh = drh"),
            "the direct path has 1 - z": ("dh = dh * z + drh", "dh = dh * (1 - z) + drh"),
            "the reset gate's path back is forgotten [M20]": (' + p["Ur"].T @ dr', ""),
            "the update gate's path back is forgotten [M20]": (' + p["Uz"].T @ dz', ""),
            "the candidate's path back is forgotten [M20]": ("drh * r + ", ""),
            "the candidate's slope is n (1 - n) [B9]": ("(1 - n * n)", "n * (1 - n)"),
            "the reset gate's slope is forgotten [B9]": ("drh * h * r * (1 - r)", "drh * h"),
            "the reset gate misses the state that it gates [M04]": ("drh * h * r * (1 - r)", "drh * r * (1 - r)"),
            "the update gate's recurrent weights see the candidate": ("np.outer(dz, h)", "np.outer(dz, n)"),
            "the inputs are not reversed [B25]": ("self.xs[::-1]", "self.xs"),
            "the cache is filled after the state is renewed [B11]": (
                "            self.steps.append((h, z, r, n))\n            h = (1 - z) * n + z * h\n",
                "            h = (1 - z) * n + z * h\n            self.steps.append((h, z, r, n))\n",
            ),
            "only the last sequence is kept [B14]": ("total[name] += g[name]", "total[name] = g[name]"),
            "the last sequence is counted twice [B15 B23]": (
                "    return total\n",
                "    for name in total:\n        total[name] += g[name]\n    return total\n",
            ),
            "the reset gate is forgotten in the candidate's weights; and the direct path back too [M20]": (
                "np.outer(dn, r * h)",
                "np.outer(dn, h)",
                "dh = dh * z + drh",
                "dh = drh",
            ),
            "only the last sequence is kept; and the inputs are not reversed [B14 B25]": (
                "total[name] += g[name]",
                "total[name] = g[name]",
                "self.xs[::-1]",
                "self.xs",
            ),
        },
        None,
        {"small weights": lambda rng: ({k: 0.02 * v for k, v in gru_point(rng)[0].items()}, *gru_point(rng)[1:])},
        (Gated,),
    ),
    Family(
        "hidden Markov model by expected counts",
        hmm,
        d_hmm,
        hmm_point,
        3,
        {
            "the first state's probabilities are not subtracted: counts alone [M22]": ("pi - gamma[0]", "-gamma[0]"),
            "probabilities minus counts has the sign of the likelihood [B3]": ("pi - gamma[0]", "gamma[0] - pi"),
            "the first state uses only what came before [B27]": ("pi - gamma[0]", "pi - alpha[0]"),
            "the transitions' probabilities are not multiplied by the visits": (
                "A * moves.sum(axis=1, keepdims=True) - moves",
                "A - moves",
            ),
            "the visits are summed over the wrong axis [B18 M13]": (
                "moves.sum(axis=1, keepdims=True)",
                "moves.sum(axis=0, keepdims=True)",
            ),
            "the visits are taken from all T states, the last too [B8]": (
                "A * moves.sum(axis=1, keepdims=True)",
                "A * gamma.sum(axis=0)[:, None]",
            ),
            "moves miss the transition's probability [M04]": ("alpha[t][:, None] * A *", "alpha[t][:, None] *"),
            "moves use the emission at the present step [B25]": (
                "moves += alpha[t][:, None] * A * (B[:, observed[t + 1]]",
                "moves += alpha[t][:, None] * A * (B[:, observed[t]]",
            ),
            "moves are not divided by the scale": ("[None, :] / scale[t + 1]", "[None, :]"),
            "moves are transposed [M09]": (
                "beta[t + 1])[None, :] / scale[t + 1]",
                "beta[t + 1])[None, :] / scale[t + 1]\n    moves = moves.T",
            ),
            "the last move is left out [B23]": ("for t in range(T - 1):", "for t in range(T - 2):"),
            "the backward recursion uses the transposed transitions [M09]": (
                "A @ (B[:, observed[t + 1]] * beta[t + 1])",
                "A.T @ (B[:, observed[t + 1]] * beta[t + 1])",
            ),
            "the backward recursion forgets the emission [M04]": (
                "A @ (B[:, observed[t + 1]] * beta[t + 1])",
                "A @ beta[t + 1]",
            ),
            "filtered probabilities in the place of smoothed ones [B27]": ("gamma = alpha * beta", "gamma = alpha"),
            "emissions of a symbol seen twice count once [B14]": (
                "seen[:, observed[t]] += gamma[t]",
                "seen[:, observed[t]] = gamma[t]",
            ),
            "emission probabilities are not weighted by the visits": ("B * seen.sum(axis=1, keepdims=True)", "B"),
            "averaged over the steps [B1 M12]": (
                "moves.sum(axis=1, keepdims=True) - moves",
                "moves.sum(axis=1, keepdims=True) / T - moves / T",
            ),
            "the transitions' probabilities are not multiplied by the visits; and moves are transposed [M09]": (
                "A * moves.sum(axis=1, keepdims=True) - moves",
                "A - moves",
                "beta[t + 1])[None, :] / scale[t + 1]",
                "beta[t + 1])[None, :] / scale[t + 1]\n    moves = moves.T",
            ),
        },
        None,
        {"seven hundred steps": hmm_long},
    ),
    Family(
        "tagger's chain through the forward recursion",
        tagger,
        d_tagger,
        tagger_point,
        2,
        {
            "the true path's moves are not subtracted [M22]": ("        dtrans[tags[t - 1], tags[t]] -= 1\n", ""),
            "the true path's moves are subtracted backwards [M09 M27]": (
                "dtrans[tags[t - 1], tags[t]] -= 1",
                "dtrans[tags[t], tags[t - 1]] -= 1",
            ),
            "a move that comes twice is subtracted once: set, not subtracted [B14]": (
                "dtrans[tags[t - 1], tags[t]] -= 1",
                "dtrans[tags[t - 1], tags[t]] = -1",
            ),
            "the true tags are not subtracted [M22]": ("    dE[np.arange(T), tags] -= 1\n", ""),
            "the true tags are subtracted from the second place on only [B23]": (
                "dE[np.arange(T), tags] -= 1",
                "dE[np.arange(1, T), tags[1:]] -= 1",
            ),
            "the shares are normed over the next tag [B18]": ("share.sum(axis=0)", "share.sum(axis=1, keepdims=True)"),
            "the shares are not weighted by what comes later": ("joint = share * dalpha", "joint = share / K"),
            "the weight is laid along the wrong axis": ("share * dalpha", "share * dalpha[:, None]"),
            "what goes back sums over the wrong axis [M13]": ("joint.sum(axis=1)", "joint.sum(axis=0)"),
            "the first place gets no gradient [B8 B23]": ("    dE[0] += dalpha\n", ""),
            "the recursion starts from the last alpha without softmax": ("dalpha = last / last.sum()", "dalpha = last"),
            "shares come from alphas without the moves": (
                "M = alphas[t - 1][:, None] + trans\n        share",
                "M = alphas[t - 1][:, None] + 0 * trans\n        share",
            ),
            "shares come from the alphas of the same place [B25]": (
                "M = alphas[t - 1][:, None] + trans\n        share",
                "M = alphas[t][:, None] + trans\n        share",
            ),
            "moves keep only the first place's share [B14]": ("dtrans += joint", "dtrans = joint"),
            "averaged over the places [B1 M12]": ("dW = X.T @ dE", "dW = X.T @ dE / T"),
            "the whole has the sign of the log-likelihood [B3]": ("return dW, dtrans", "return -dW, -dtrans"),
            "the true moves are not subtracted; and the first place gets no gradient [M22 B23]": (
                "        dtrans[tags[t - 1], tags[t]] -= 1\n",
                "",
                "    dE[0] += dalpha\n",
                "",
            ),
            "shares come from alphas without the moves; and the first place gets no gradient [B8 B23]": (
                "M = alphas[t - 1][:, None] + trans\n        share",
                "M = alphas[t - 1][:, None] + 0 * trans\n        share",
                "    dE[0] += dalpha\n",
                "",
            ),
        },
        None,
        {"large scores": scaled(tagger_point, {0: 20.0})},
    ),
]
