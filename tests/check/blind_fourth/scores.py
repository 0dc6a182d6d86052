"""Scores between things: triplets, margins of many classes, bumps, ratings, a graph, one head of attention, transport."""

from __future__ import annotations

import numpy as np
from check.blind_fourth.case import Family
from check.blind_third.case import scaled, single


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def triplet(W, b, anchor, near, far, margin):
    def embed(x):
        z = x @ W + b
        return np.where(z > 0, z, 0.3 * z)

    a, p, n = embed(anchor), embed(near), embed(far)
    dp = np.sqrt(np.sum((a - p) ** 2, axis=1) + 1e-6)
    dn = np.sqrt(np.sum((a - n) ** 2, axis=1) + 1e-6)
    return np.mean(np.maximum(0, dp - dn + margin))


def d_triplet(W, b, anchor, near, far, margin):
    za, zp, zn = anchor @ W + b, near @ W + b, far @ W + b
    a, p, n = (np.where(z > 0, z, 0.3 * z) for z in (za, zp, zn))
    dp = np.sqrt(np.sum((a - p) ** 2, axis=1) + 1e-6)
    dn = np.sqrt(np.sum((a - n) ** 2, axis=1) + 1e-6)
    active = (dp - dn + margin > 0).astype(float) / len(a)
    up = active[:, None] * (a - p) / dp[:, None]
    un = active[:, None] * (a - n) / dn[:, None]
    ga = (up - un) * np.where(za > 0, 1, 0.3)
    gp = -up * np.where(zp > 0, 1, 0.3)
    gn = un * np.where(zn > 0, 1, 0.3)
    dW = anchor.T @ ga + near.T @ gp + far.T @ gn
    db = np.sum(ga + gp + gn, axis=0)
    return dW, db


def triplet_point(rng):
    return (
        rng.normal(size=(4, 3)),
        rng.normal(size=3),
        rng.normal(size=(7, 4)),
        rng.normal(size=(7, 4)),
        rng.normal(size=(7, 4)),
        0.9,
    )


def margins(W, b, X, labels, reg):
    """Every other class must score lower by one; the excess squared."""
    total = 0.0
    for x, c in zip(X, labels, strict=True):
        s = x @ W + b
        for j in range(len(s)):
            if j != c:
                total += max(0.0, s[j] - s[c] + 1) ** 2
    return total / len(X) + reg * np.sum(W * W)


def d_margins(W, b, X, labels, reg):
    n = X.shape[0]
    S = X @ W + b
    correct = S[np.arange(n), labels][:, None]
    excess = np.maximum(0, S - correct + 1)
    excess[np.arange(n), labels] = 0
    dS = 2 * excess
    dS[np.arange(n), labels] = -dS.sum(axis=1)
    dS /= n
    dW = X.T @ dS
    dW += 2 * reg * W
    db = dS.sum(axis=0)
    return dW, db


def d_margins_loop(W, b, X, labels, reg):
    dW, db = np.zeros_like(W), np.zeros_like(b)
    for x, c in zip(X, labels, strict=True):
        s = x @ W + b
        for j in range(len(b)):
            m = s[j] - s[c] + 1
            if j == c or m <= 0:
                continue
            dW[:, j] += 2 * m * x
            dW[:, c] -= 2 * m * x
            db[j] += 2 * m
            db[c] -= 2 * m
    return dW / len(X) + 2 * reg * W, db / len(X)


def margins_point(rng):
    return (
        rng.normal(size=(5, 4)),
        rng.normal(size=4),
        rng.normal(size=(9, 5)),
        np.array([0, 1, 3, 2, 2, 0, 1, 3, 0]),
        0.3,
    )


def bumps(centres, log_width, w, b, X, y):
    d2 = np.sum((X[:, None, :] - centres[None]) ** 2, axis=2)
    phi = np.exp(-d2 / (2 * np.exp(log_width) ** 2))
    return np.sqrt(np.mean((phi @ w + b - y) ** 2))


def d_bumps(centres, log_width, w, b, X, y):
    s = np.exp(log_width)
    diff = X[:, None, :] - centres[None]
    d2 = np.sum(diff**2, axis=2)
    phi = np.exp(-d2 / (2 * s**2))
    r = phi @ w + b - y
    rmse = np.sqrt(np.mean(r**2))
    dr = r / (len(y) * rmse)
    dw = phi.T @ dr
    db = np.sum(dr)
    dphi = np.outer(dr, w)
    dd2 = -dphi * phi / (2 * s**2)
    dcentres = -2 * np.einsum("nk,nkd->kd", dd2, diff)
    dlog_width = np.sum(dphi * phi * d2 / s**2, axis=0)
    return dcentres, dlog_width, dw, db


def bumps_point(rng):
    return (
        rng.normal(size=(4, 2)),
        0.3 * rng.normal(size=4),
        rng.normal(size=4),
        0.3,
        rng.normal(size=(9, 2)),
        rng.normal(size=9),
    )


def ratings(model, users, items, stars, lam):
    loss = 0.0
    for u, i, r in zip(users, items, stars, strict=True):
        pred = model["mu"] + model["bu"][u] + model["bi"][i] + model["P"][u] @ model["Q"][i]
        loss += 0.5 * (pred - r) ** 2
        loss += 0.5 * lam * (np.sum(model["P"][u] ** 2) + np.sum(model["Q"][i] ** 2) + model["bu"][u] ** 2)
    return loss / len(stars)


def d_ratings(model, users, items, stars, lam):
    P, Q, bu, bi, mu = (model[key] for key in ("P", "Q", "bu", "bi", "mu"))
    g = {"P": np.zeros_like(P), "Q": np.zeros_like(Q), "bu": np.zeros_like(bu), "bi": np.zeros_like(bi), "mu": 0.0}
    N = len(stars)
    for u, i, r in zip(users, items, stars, strict=True):
        e = mu + bu[u] + bi[i] + P[u] @ Q[i] - r
        g["P"][u] += (e * Q[i] + lam * P[u]) / N
        g["Q"][i] += (e * P[u] + lam * Q[i]) / N
        g["bu"][u] += (e + lam * bu[u]) / N
        g["bi"][i] += e / N
        g["mu"] += e / N
    return g


def ratings_point(rng):
    model = {
        "P": rng.normal(size=(4, 2)),
        "Q": rng.normal(size=(5, 2)),
        "bu": rng.normal(size=4),
        "bi": rng.normal(size=5),
        "mu": 3.0,
    }
    users = np.array([0, 0, 1, 1, 2, 3, 3, 3, 0, 2])
    items = np.array([0, 3, 1, 4, 2, 0, 2, 4, 4, 1])
    return model, users, items, rng.integers(1, 6, size=10).astype(float), 0.2


def graph(W1, W2, adjacency, X, labels, train):
    A = adjacency + np.eye(len(X))
    D = 1 / np.sqrt(A.sum(axis=1))
    S = D[:, None] * A * D
    H = np.maximum(S @ X @ W1, 0)
    Z = S @ H @ W2
    Z = Z - Z.max(axis=1, keepdims=True)
    logp = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    return -np.sum(logp[train, labels[train]]) / len(train)


def d_graph(W1, W2, adjacency, X, labels, train):
    A = adjacency + np.eye(len(X))
    out = 1 / np.sqrt(A.sum(axis=1))
    S = out[:, None] * A * out
    pre = S @ X @ W1
    H = pre * (pre > 0)
    Z = S @ H @ W2
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = P / P.sum(axis=1, keepdims=True)
    dZ = np.zeros_like(P)
    dZ[train] = P[train]
    dZ[train, labels[train]] -= 1
    dZ /= len(train)
    dW2 = (S @ H).T @ dZ
    dH = S.T @ dZ @ W2.T
    dpre = dH * (pre > 0)
    dW1 = (S @ X).T @ dpre
    return dW1, dW2


def graph_point(rng):
    adjacency = np.zeros((7, 7))
    for i, j in ((0, 1), (1, 2), (2, 3), (1, 4), (4, 5), (5, 6)):
        adjacency[i, j] = adjacency[j, i] = 1
    return (
        rng.normal(size=(4, 5)),
        rng.normal(size=(5, 3)),
        adjacency,
        rng.normal(size=(7, 4)),
        np.array([0, 2, 1, 1, 0, 2, 1]),
        np.array([0, 2, 3, 6]),
    )


def head(Wq, Wk, Wv, wo, X, target):
    n, T, d = X.shape
    q, k, v = X @ Wq, X @ Wk, X @ Wv
    s = np.einsum("ntc,nsc->nts", q, k) / np.sqrt(Wq.shape[1])
    s = np.where(np.tri(T, dtype=bool), s, -np.inf)
    a = np.exp(s - s.max(axis=2, keepdims=True))
    a = a / a.sum(axis=2, keepdims=True)
    return np.mean(((a @ v) @ wo - target) ** 2)


def d_head(Wq, Wk, Wv, wo, X, target):
    n, T, d = X.shape
    c = Wq.shape[1]
    q, k, v = X @ Wq, X @ Wk, X @ Wv
    s = np.einsum("ntc,nsc->nts", q, k) / np.sqrt(c)
    s = np.where(np.tri(T, dtype=bool), s, -np.inf)
    a = np.exp(s - s.max(axis=2, keepdims=True))
    a = a / a.sum(axis=2, keepdims=True)
    o = a @ v
    dy = 2 * (o @ wo - target) / target.size
    dwo = np.einsum("nto,nt->o", o, dy)
    do = dy[..., None] * wo
    dv = np.einsum("nts,nto->nso", a, do)
    da = np.einsum("nto,nso->nts", do, v)
    ds = a * (da - np.einsum("nts,nts->nt", a, da)[..., None])
    ds = ds / np.sqrt(c)
    dq = np.einsum("nts,nsc->ntc", ds, k)
    dk = np.einsum("nts,ntc->nsc", ds, q)
    dWq = np.einsum("ntd,ntc->dc", X, dq)
    dWk = np.einsum("ntd,ntc->dc", X, dk)
    dWv = np.einsum("ntd,nto->do", X, dv)
    return dWq, dWk, dWv, dwo


def head_point(rng):
    return (
        rng.normal(size=(6, 3)),
        rng.normal(size=(6, 3)),
        rng.normal(size=(6, 2)),
        rng.normal(size=2),
        rng.normal(size=(4, 5, 6)),
        rng.normal(size=(4, 5)),
    )


def transport(x, log_weight, y, mass, eps, rounds):
    """Sinkhorn's plan after a few rounds; the cost of the plan."""
    a = np.exp(log_weight) / np.sum(np.exp(log_weight))
    C = np.sum((x[:, None] - y[None]) ** 2, axis=2)
    K = np.exp(-C / eps)
    v = np.ones(len(y))
    for _ in range(rounds):
        u = a / (K @ v)
        v = mass / (K.T @ u)
    return np.sum(u[:, None] * K * v * C)


def d_transport(x, log_weight, y, mass, eps, rounds):
    a = np.exp(log_weight) / np.sum(np.exp(log_weight))
    C = np.sum((x[:, None] - y[None]) ** 2, axis=2)
    K = np.exp(-C / eps)
    v = np.ones(len(y))
    us, vs = [], [v]
    for _ in range(rounds):
        u = a / (K @ v)
        v = mass / (K.T @ u)
        us.append(u)
        vs.append(v)
    plan = u[:, None] * K * v
    dC = plan.copy()
    dK = u[:, None] * v * C
    du = (K * C) @ v
    dv = (K * C).T @ u
    da = np.zeros_like(a)
    for t in range(rounds - 1, -1, -1):
        dcol = -dv * vs[t + 1] ** 2 / mass
        dK += np.outer(us[t], dcol)
        du = du + K @ dcol
        da += du * us[t] / a
        drow = -du * us[t] ** 2 / a
        dK += np.outer(drow, vs[t])
        dv = K.T @ drow
        du = np.zeros_like(du)
    dC -= dK * K / eps
    dx = 2 * np.sum(dC[:, :, None] * (x[:, None] - y[None]), axis=1)
    dlog_weight = a * (da - a @ da)
    return dx, dlog_weight


def transport_point(rng):
    mass = rng.uniform(0.3, 1.0, size=5)
    return rng.normal(size=(4, 2)), 0.5 * rng.normal(size=4), rng.normal(size=(5, 2)), mass / mass.sum(), 1.3, 3


FAMILIES = [
    Family(
        "triplets by Euclidean distance",
        triplet,
        d_triplet,
        triplet_point,
        2,
        {
            "the anchor's path is forgotten [M20]": ("anchor.T @ ga + near", "near", "ga + gp + gn", "gp + gn"),
            "the anchor's path is forgotten in the bias [M20]": ("ga + gp + gn", "gp + gn"),
            "the distance below the line is forgotten: as for squared distances": ("(a - p) / dp[:, None]", "(a - p)"),
            "the far example is divided by the near one's distance": ("(a - n) / dn[:, None]", "(a - n) / dp[:, None]"),
            "a factor 2 of the square stays, the root's half is forgotten [B2]": ("(a - p) / dp", "2 * (a - p) / dp"),
            "the near example's minus is forgotten [B3]": ("gp = -up", "gp = up"),
            "the far example has a minus [B3]": ("gn = un", "gn = -un"),
            "the anchor adds the far example's pull [B3]": ("(up - un)", "(up + un)"),
            "triplets within the margin are not left out [M05 B22]": (
                "(dp - dn + margin > 0).astype(float) / len(a)",
                "np.ones(len(a)) / len(a)",
            ),
            "the margin is forgotten in the condition": ("(dp - dn + margin > 0)", "(dp - dn > 0)"),
            "the margin's condition is turned round": ("(dp - dn + margin > 0)", "(dp - dn + margin < 0)"),
            "averaged over the active triplets [B1 M12]": (
                "(dp - dn + margin > 0).astype(float) / len(a)",
                "(dp - dn + margin > 0) / np.sum(dp - dn + margin > 0)",
            ),
            "all three use the anchor's mask [M06]": (
                "np.where(zp > 0, 1, 0.3)",
                "np.where(za > 0, 1, 0.3)",
                "np.where(zn > 0, 1, 0.3)",
                "np.where(za > 0, 1, 0.3)",
            ),
            "the far example's leaky slope is zero": ("np.where(zn > 0, 1, 0.3)", "np.where(zn > 0, 1, 0.0)"),
            "the three inputs are mixed up: the near gradient meets the far input [M28]": (
                "near.T @ gp + far.T @ gn",
                "far.T @ gp + near.T @ gn",
            ),
            "the near minus is forgotten; and all triplets count [B3 M05]": (
                "gp = -up",
                "gp = up",
                "(dp - dn + margin > 0).astype(float) / len(a)",
                "np.ones(len(a)) / len(a)",
            ),
            "all three use the anchor's mask; and the anchor adds the far example's pull [M06 B3]": (
                "np.where(zp > 0, 1, 0.3)",
                "np.where(za > 0, 1, 0.3)",
                "np.where(zn > 0, 1, 0.3)",
                "np.where(za > 0, 1, 0.3)",
                "(up - un)",
                "(up + un)",
            ),
        },
        None,
        {"all triplets active": lambda rng: (*triplet_point(rng)[:5], 60.0), "single precision": single(triplet_point)},
    ),
    Family(
        "squared margins of many classes",
        margins,
        d_margins,
        margins_point,
        2,
        {
            "the right class gets no gradient [M20]": ("    dS[np.arange(n), labels] = -dS.sum(axis=1)\n", ""),
            "the right class gets the count of the others too high, as for the plain hinge [B26]": (
                "-dS.sum(axis=1)",
                "-np.sum(dS > 0, axis=1)",
            ),
            "the right class is pushed down like the others [B3]": ("= -dS.sum(axis=1)", "= dS.sum(axis=1)"),
            "the right class' sum runs over the samples [M13]": ("= -dS.sum(axis=1)", "= -dS.sum(axis=0)[labels]"),
            "the square's 2 is lost [B2 M01]": ("dS = 2 * excess", "dS = excess"),
            "the slope is 1 as for the plain hinge [B26 M02]": ("dS = 2 * excess", "dS = (excess > 0).astype(float)"),
            "the right class' own excess of one is kept": ("    excess[np.arange(n), labels] = 0\n", ""),
            "the margin of one is forgotten": ("S - correct + 1", "S - correct"),
            "excess is not cut at zero [M05]": ("np.maximum(0, S - correct + 1)", "(S - correct + 1)"),
            "not divided by the samples [B1 M11]": ("    dS /= n\n", ""),
            "divided by samples and classes [B1 M12]": ("dS /= n\n", "dS /= S.size\n"),
            "the penalty's 2 is lost [B20 M01]": ("2 * reg * W", "reg * W"),
            "the penalty is forgotten [B20]": ("    dW += 2 * reg * W\n", ""),
            "the penalty replaces the data's part [B14]": ("dW += 2 * reg", "dW = 2 * reg"),
            "the bias takes the samples' mean [B6 M12]": ("dS.sum(axis=0)\n    return", "dS.mean(axis=0)\n    return"),
            "the labels are off by one [B25]": ("    dS[np.arange(n), labels] =", "    dS[np.arange(n), labels - 1] ="),
            "the penalty's 2 is lost; and the square's 2 is lost [B20 M01 B2]": (
                "2 * reg * W",
                "reg * W",
                "dS = 2 * excess",
                "dS = excess",
            ),
        },
        d_margins_loop,
        {"large weights": scaled(margins_point, {0: 40.0})},
    ),
    Family(
        "net of radial bumps with learned centres",
        bumps,
        d_bumps,
        bumps_point,
        4,
        {
            "the root of the mean square is forgotten: as for the mean square [M04]": (
                "r / (len(y) * rmse)",
                "2 * r / len(y)",
            ),
            "not divided by the number of points [B1 M11]": ("r / (len(y) * rmse)", "r / rmse"),
            "the residual is target minus prediction [B3 M03]": ("dr = r /", "dr = -r /"),
            "centres: the minus of x - c is forgotten [B3]": ("dcentres = -2 *", "dcentres = 2 *"),
            "centres: the square's 2 is lost [B2 M01]": ("dcentres = -2 *", "dcentres = -1 *"),
            "centres: the distances to all centres are summed before they are shared out [M13]": (
                '"nk,nkd->kd", dd2, diff',
                '"nk,njd->kd", dd2, diff',
            ),
            "centres: the bump itself is left out of its slope [M04]": ("-dphi * phi / (2", "-dphi / (2"),
            "centres: the readout weight is left out [M04]": (
                "dphi = np.outer(dr, w)",
                "dphi = np.outer(dr, np.ones_like(w))",
            ),
            "centres: the width is not squared [M02]": (
                "phi / (2 * s**2)\n    dcentres",
                "phi / (2 * s)\n    dcentres",
            ),
            "widths: gradient in the width, not its logarithm [M04]": ("d2 / s**2, axis=0)", "d2 / s**3, axis=0)"),
            "widths: the half stays [B2]": ("d2 / s**2, axis=0)", "d2 / (2 * s**2), axis=0)"),
            "widths: the distance is left out [M04]": ("dphi * phi * d2 / s**2", "dphi * phi / s**2"),
            "widths: the sign [B3]": ("dlog_width = np.sum", "dlog_width = -np.sum"),
            "readout: the distances stand for the bumps [M28]": ("dw = phi.T", "dw = d2.T"),
            "bias: mean for sum [B6]": ("db = np.sum(dr)", "db = np.mean(dr)"),
            "centres have lost the exponent's minus; and the bias is a mean [B3 B6]": (
                "dd2 = -dphi",
                "dd2 = dphi",
                "db = np.sum(dr)",
                "db = np.mean(dr)",
            ),
        },
        None,
        {"narrow bumps": lambda rng: (lambda a: (a[0], a[1] - 0.8, *a[2:]))(bumps_point(rng))},
    ),
    Family(
        "ratings by factors, one at a time",
        ratings,
        d_ratings,
        ratings_point,
        1,
        {
            "users keep only their last rating's share [B14]": ('g["P"][u] += ', 'g["P"][u] = '),
            "items' biases keep only the last rating's share [B14]": ('g["bi"][i] += ', 'g["bi"][i] = '),
            "items use the users' factors already stepped [B12 M16]": (
                "(e * P[u] + lam * Q[i])",
                "(e * (P[u] - 0.1 * (e * Q[i] + lam * P[u])) + lam * Q[i])",
            ),
            "users are multiplied by their own factors [M28]": ("(e * Q[i] + lam", "(e * P[u] + lam"),
            "the error has the wrong sign for the items [B3 M03]": ("(e * P[u] + lam", "(-e * P[u] + lam"),
            "the penalty is forgotten for the users' factors [B20]": ("(e * Q[i] + lam * P[u])", "(e * Q[i])"),
            "the penalty counts once a user, not once a rating [B20]": (
                "(e * Q[i] + lam * P[u]) / N",
                "e * Q[i] / N",
                "    return g\n",
                "    g['P'] += lam * P / N\n    return g\n",
            ),
            "the penalty pulls the items' biases too [B20]": (
                'g["bi"][i] += e / N',
                'g["bi"][i] += (e + lam * bi[i]) / N',
            ),
            "the penalty has a 2 that the half takes away [B2 B20]": (
                "(e * P[u] + lam * Q[i])",
                "(e * P[u] + 2 * lam * Q[i])",
            ),
            "the overall mean is left out of the prediction": ("e = mu + bu[u]", "e = bu[u]"),
            "the overall mean is not averaged [B1 M11]": ('g["mu"] += e / N', 'g["mu"] += e'),
            "the items' biases are left out of the prediction": ("+ bi[i] + P[u]", "+ P[u]"),
            "the first rating is left out [B23]": (
                "zip(users, items, stars, strict=True)",
                "zip(users[1:], items[1:], stars[1:], strict=True)",
            ),
            "averaged over the users, not the ratings [B1]": ("N = len(stars)", "N = len(bu)"),
            "the first rating is left out; and items use the users' factors already stepped [B23 B12 M16]": (
                "zip(users, items, stars, strict=True)",
                "zip(users[1:], items[1:], stars[1:], strict=True)",
                "(e * P[u] + lam * Q[i])",
                "(e * (P[u] - 0.1 * (e * Q[i] + lam * P[u])) + lam * Q[i])",
            ),
        },
        None,
        {
            "all errors tiny": lambda rng: (
                lambda m, u, i, s, lam: (
                    m,
                    u,
                    i,
                    np.array(
                        [m["mu"] + m["bu"][a] + m["bi"][b] + m["P"][a] @ m["Q"][b] for a, b in zip(u, i, strict=True)]
                    )
                    + 1e-4 * s,
                    0.0,
                )
            )(*ratings_point(rng))
        },
    ),
    Family(
        "two graph convolutions, few nodes labelled",
        graph,
        d_graph,
        graph_point,
        2,
        {
            "unlabelled nodes get a gradient too": ("dZ[train] = P[train]", "dZ = P.copy()"),
            "averaged over all nodes [B1]": ("dZ /= len(train)", "dZ /= len(X)"),
            "not averaged [B1 M11]": ("    dZ /= len(train)\n", ""),
            "the labels are not subtracted [M22]": ("    dZ[train, labels[train]] -= 1\n", ""),
            "the labels are taken in the order of all nodes [B25]": (
                "labels[train]] -= 1",
                "labels[: len(train)]] -= 1",
            ),
            "the second layer's weights forget the neighbours [M04]": ("(S @ H).T @ dZ", "H.T @ dZ"),
            "the first layer's weights forget the neighbours [M04]": ("(S @ X).T @ dpre", "X.T @ dpre"),
            "the gradient does not flow to the neighbours [M20]": ("dH = S.T @ dZ", "dH = dZ"),
            "the neighbours are not normed going back": ("dH = S.T @ dZ", "dH = A @ dZ"),
            "normed by rows alone: not the matrix of the loss [B28]": (
                "out[:, None] * A * out",
                "out[:, None] ** 2 * A",
            ),
            "the node itself is left out": ("A = adjacency + np.eye(len(X))", "A = adjacency + 0 * np.eye(len(X))"),
            "the rectifier's mask is forgotten [M05]": ("dH * (pre > 0)", "dH"),
            "the mask is that of the gradient [M06]": ("dH * (pre > 0)", "dH * (dH > 0)"),
            "the second layer's weights see the pre-activations [B10 M28]": ("(S @ H).T", "(S @ pre).T"),
            "softmax runs over the nodes [B18]": (
                "P / P.sum(axis=1, keepdims=True)",
                "P / P.sum(axis=0, keepdims=True)",
            ),
            "no flow to the neighbours; and not averaged [M20 M11]": (
                "dH = S.T @ dZ",
                "dH = dZ",
                "    dZ /= len(train)\n",
                "",
            ),
        },
        None,
        {"large features": scaled(graph_point, {3: 30.0})},
    ),
    Family(
        "one causal head by einsum",
        head,
        d_head,
        head_point,
        4,
        {
            "the root of the width is forgotten going back [M30]": ("    ds = ds / np.sqrt(c)\n", ""),
            "divided by the width, not its root [M30 M02]": ("ds = ds / np.sqrt(c)", "ds = ds / c"),
            "divided by the root of the values' width [M30]": ("ds = ds / np.sqrt(c)", "ds = ds / np.sqrt(v.shape[2])"),
            "softmax's cross terms are dropped [B17 M21 M30]": (' - np.einsum("nts,nts->nt", a, da)[..., None]', ""),
            "softmax's slope is a (1 - a) [B17 M21]": (
                'a * (da - np.einsum("nts,nts->nt", a, da)[..., None])',
                "a * (1 - a) * da",
            ),
            "softmax's sum is over the queries [B18]": (
                'np.einsum("nts,nts->nt", a, da)[..., None]',
                'np.einsum("nts,nts->ns", a, da)[:, None]',
            ),
            "keys: times swapped [M09 M30]": ('"nts,ntc->nsc", ds, q', '"nst,ntc->nsc", ds, q'),
            "values: times swapped [M09]": ('"nts,nto->nso", a, do', '"nst,nto->nso", a, do'),
            "queries meet queries [M28 M30]": ("ds, k)", "ds, q)"),
            "the causal mask is forgotten in the backward pass": ("np.where(np.tri(T, dtype=bool), s, -np.inf)", "s"),
            "the mask is upper triangular in the backward pass [M09]": (
                "np.tri(T, dtype=bool)",
                "np.tri(T, dtype=bool).T",
            ),
            "averaged over the sequences alone [B1]": ("/ target.size", "/ n"),
            "the square's 2 is lost [B2 M01]": ("dy = 2 * (", "dy = ("),
            "the readout sees the values, not what was attended to [M28]": ('"nto,nt->o", o, dy', '"nto,nt->o", v, dy'),
            "attention's weights are constants [M20 B7]": ("ds = ds / np.sqrt(c)", "ds = 0 * ds"),
            "the key's weights take the query's gradient [M28]": ("X, dk)", "X, dq)"),
            "cross terms are dropped; and the 2 is lost [M21 M01]": (
                ' - np.einsum("nts,nts->nt", a, da)[..., None]',
                "",
                "dy = 2 * (",
                "dy = (",
            ),
        },
        None,
        {"scores of hundreds": scaled(head_point, {0: 15.0})},
    ),
    Family(
        "transport plan by three rounds of Sinkhorn",
        transport,
        d_transport,
        transport_point,
        2,
        {
            "the plan is a constant: the envelope's gradient [M20 B21]": ("    dC -= dK * K / eps\n", ""),
            "the cost in the objective is forgotten: only the plan's part [M20]": (
                "dC = plan.copy()",
                "dC = np.zeros_like(plan)",
            ),
            "eps is forgotten in the kernel's slope [M04]": ("dC -= dK * K / eps", "dC -= dK * K"),
            "the kernel's slope has lost its minus [B3]": ("dC -= dK", "dC += dK"),
            "the kernel's own value is left out of its slope [M04]": ("dK * K / eps", "dK / eps"),
            "only the last round is gone through [B27]": (
                "range(rounds - 1, -1, -1)",
                "range(rounds - 1, rounds - 2, -1)",
            ),
            "the column scaling uses that of the round before [B13 B25]": ("vs[t + 1] ** 2", "vs[t] ** 2"),
            "the row scaling's slope is not squared [M02]": ("us[t] ** 2 / a", "us[t] / a"),
            "the column scaling is a constant [M20]": ("du = du + K @ dcol", "du = du"),
            "the kernel's share in the column sums is forgotten [M20]": ("        dK += np.outer(us[t], dcol)\n", ""),
            "the kernel's share in the row sums is overwritten [B14]": (
                "dK += np.outer(drow, vs[t])",
                "dK = np.outer(drow, vs[t])",
            ),
            "the row scaling has lost its minus [B3]": ("drow = -du", "drow = du"),
            "the square's 2 is lost [B2 M01]": ("dx = 2 * np", "dx = np"),
            "the weights' softmax is diagonal only [B17 M21]": ("a * (da - a @ da)", "a * (1 - a) * da"),
            "the weights' gradient stops at the probabilities [M04]": ("a * (da - a @ da)", "da"),
            "the weights keep only the first round's share [B14]": ("da += du", "da = du"),
            "the weights' gradient stops at the probabilities; and the row scaling has lost its minus [M04 B3]": (
                "a * (da - a @ da)",
                "da",
                "drow = -du",
                "drow = du",
            ),
        },
        None,
        {"a large eps": lambda rng: (*transport_point(rng)[:4], 30.0, 3)},
    ),
]
