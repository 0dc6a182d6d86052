"""Solvers and recursions: a net as a flow by Runge-Kutta, a thrown ball with drag, page rank, soft alignment, kernel ridge."""

from __future__ import annotations

import numpy as np
from check.blind_fourth.case import Family
from check.blind_third.case import scaled, single


def flow(W, b, y0, target, h, steps):
    y = y0
    for _ in range(steps):
        k1 = np.tanh(W @ y + b)
        k2 = np.tanh(W @ (y + h / 2 * k1) + b)
        k3 = np.tanh(W @ (y + h / 2 * k2) + b)
        k4 = np.tanh(W @ (y + h * k3) + b)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return 0.5 * np.sum((y - target) ** 2)


def d_flow(W, b, y0, target, h, steps):
    tape = []
    y = y0
    for _ in range(steps):
        ys, ks = [], []
        for before in (0, h / 2, h / 2, h):
            ys.append(y + before * ks[-1] if ks else y)
            ks.append(np.tanh(W @ ys[-1] + b))
        tape.append((ys, ks))
        y = y + h / 6 * (ks[0] + 2 * ks[1] + 2 * ks[2] + ks[3])
    dW, db = np.zeros_like(W), np.zeros_like(b)
    dy = y - target
    for ys, ks in reversed(tape):
        weight = [h / 6, h / 3, h / 3, h / 6]
        dlast = dy.copy()
        carry = np.zeros_like(dy)
        for s in (3, 2, 1, 0):
            dk = weight[s] * dlast + carry
            dz = dk * (1 - ks[s] ** 2)
            dW += np.outer(dz, ys[s])
            db += dz
            dys = W.T @ dz
            dy = dy + dys
            if s > 0:
                carry = dys * (h if s == 3 else h / 2)
    return dW, db, dy


def flow_point(rng):
    return rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3), 2 * rng.normal(size=3), 0.9, 3


def ball(speed, angle, drag, wind, measured, dt, g):
    """Semi-implicit Euler; measured: steps, (x, y)."""
    x = np.zeros(2)
    v = speed * np.array([np.cos(angle), np.sin(angle)])
    loss = 0.0
    for at in measured:
        rel = v - np.array([wind, 0.0])
        acc = -drag * np.sqrt(rel @ rel + 0.01) * rel - np.array([0.0, g])
        v = v + dt * acc
        x = x + dt * v
        loss += np.sum((x - at) ** 2)
    return loss / len(measured)


def d_ball(speed, angle, drag, wind, measured, dt, g):
    T = len(measured)
    x, v = np.zeros(2), speed * np.array([np.cos(angle), np.sin(angle)])
    rels, xs = [], []
    for _ in range(T):
        rel = v - np.array([wind, 0.0])
        rels.append(rel)
        v = v + dt * (-drag * np.sqrt(rel @ rel + 0.01) * rel - np.array([0.0, g]))
        x = x + dt * v
        xs.append(x)
    gx, gv = np.zeros(2), np.zeros(2)
    ddrag = dwind = 0.0
    for t in range(T - 1, -1, -1):
        gx = gx + 2 * (xs[t] - measured[t]) / T
        gv = gv + dt * gx
        rel = rels[t]
        s = np.sqrt(rel @ rel + 0.01)
        gacc = dt * gv
        ddrag -= s * (rel @ gacc)
        grel = -drag * (s * gacc + rel * (rel @ gacc) / s)
        dwind -= grel[0]
        gv = gv + grel
    dspeed = gv[0] * np.cos(angle) + gv[1] * np.sin(angle)
    dangle = speed * (gv[1] * np.cos(angle) - gv[0] * np.sin(angle))
    return dspeed, dangle, ddrag, dwind


def ball_point(rng):
    t = np.arange(1, 9)[:, None] * 0.15
    measured = np.hstack([4 * t, 5 * t - 4 * t**2]) + 0.5 * rng.normal(size=(8, 2))
    return 6.5, 1.05 + 0.05 * rng.normal(), 0.12, -0.7, measured, 0.15, 9.81


def rank(links, jump, damping, target, rounds):
    """The fixed point of r = damping * P r + (1 - damping) * softmax(jump), by many rounds."""
    P = np.exp(links)
    P = P / P.sum(axis=0)
    s = np.exp(jump) / np.sum(np.exp(jump))
    r = np.full(len(s), 1 / len(s))
    for _ in range(rounds):
        r = damping * P @ r + (1 - damping) * s
    return np.sum(target * np.log(target / r))


def d_rank(links, jump, damping, target, rounds):
    """By the implicit function theorem: one linear system instead of all the rounds."""
    k = len(jump)
    P = np.exp(links)
    P = P / P.sum(axis=0)
    s = np.exp(jump) / np.sum(np.exp(jump))
    r = np.linalg.solve(np.eye(k) - damping * P, (1 - damping) * s)
    dr = -target / r
    adj = np.linalg.solve((np.eye(k) - damping * P).T, dr)
    dP = damping * np.outer(adj, r)
    dlinks = P * (dP - np.sum(P * dP, axis=0))
    ds = (1 - damping) * adj
    djump = s * (ds - s @ ds)
    ddamping = adj @ (P @ r - s)
    return dlinks, djump, ddamping


def d_rank_unrolled(links, jump, damping, target, rounds):
    P = np.exp(links) / np.exp(links).sum(axis=0)
    s = np.exp(jump) / np.exp(jump).sum()
    rs = [np.full(len(s), 1 / len(s))]
    for _ in range(rounds):
        rs.append(damping * P @ rs[-1] + (1 - damping) * s)
    g = -target / rs[-1]
    dP, ds, ddamping = np.zeros_like(P), np.zeros_like(s), 0.0
    for r in rs[-2::-1]:
        dP += damping * np.outer(g, r)
        ds += (1 - damping) * g
        ddamping += g @ (P @ r - s)
        g = damping * P.T @ g
    return P * (dP - (P * dP).sum(axis=0)), s * (ds - s @ ds), ddamping


def rank_point(rng):
    target = rng.uniform(0.2, 1.0, size=5)
    return rng.normal(size=(5, 5)), 1.5 * rng.normal(size=5), 0.7, target / target.sum(), 150


def align(A, y, x, gamma):
    """Soft alignment cost of A x with y (rows are times)."""
    z = x @ A
    n, m = len(z), len(y)
    R = np.full((n + 1, m + 1), np.inf)
    R[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            three = np.array([R[i - 1, j - 1], R[i - 1, j], R[i, j - 1]])
            low = three.min()
            soft = low - gamma * np.log(np.sum(np.exp(-(three - low) / gamma)))
            R[i, j] = np.sum((z[i - 1] - y[j - 1]) ** 2) + soft
    return R[n, m]


def d_align(A, y, x, gamma):
    z = x @ A
    n, m = len(z), len(y)
    D = np.sum((z[:, None] - y[None]) ** 2, axis=2)
    R = np.full((n + 2, m + 2), np.inf)
    R[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            three = np.array([R[i - 1, j - 1], R[i - 1, j], R[i, j - 1]])
            low = three.min()
            R[i, j] = D[i - 1, j - 1] + low - gamma * np.log(np.sum(np.exp(-(three - low) / gamma)))
    E = np.zeros((n + 2, m + 2))
    E[n, m] = 1.0
    for i in range(n, 0, -1):
        for j in range(m, 0, -1):
            if i < n:
                E[i, j] += E[i + 1, j] * np.exp((R[i + 1, j] - D[i, j - 1] - R[i, j]) / gamma)
            if j < m:
                E[i, j] += E[i, j + 1] * np.exp((R[i, j + 1] - D[i - 1, j] - R[i, j]) / gamma)
            if i < n and j < m:
                E[i, j] += E[i + 1, j + 1] * np.exp((R[i + 1, j + 1] - D[i, j] - R[i, j]) / gamma)
    path = E[1 : n + 1, 1 : m + 1]
    dz = 2 * (path.sum(axis=1)[:, None] * z - path @ y)
    dA = x.T @ dz
    dy = 2 * (path.sum(axis=0)[:, None] * y - path.T @ z)
    return dA, dy


def align_point(rng):
    return rng.normal(size=(3, 2)), rng.normal(size=(6, 2)), rng.normal(size=(5, 3)), 0.7


def kernel(log_width, log_lam, X, y, Xv, yv):
    def gram(P, Q):
        sq = np.sum(P**2, axis=1)[:, None] + np.sum(Q**2, axis=1) - 2 * P @ Q.T
        return np.exp(-sq / (2 * np.exp(2 * log_width)))

    c = np.linalg.solve(gram(X, X) + np.exp(log_lam) * np.eye(len(y)), y)
    return np.mean((gram(Xv, X) @ c - yv) ** 2)


def d_kernel(log_width, log_lam, X, y, Xv, yv):
    n = len(y)
    w2, lam = np.exp(2 * log_width), np.exp(log_lam)
    sq = np.sum((X[:, None] - X[None]) ** 2, axis=2)
    sqv = np.sum((Xv[:, None] - X[None]) ** 2, axis=2)
    K, Kv = np.exp(-sq / (2 * w2)), np.exp(-sqv / (2 * w2))
    M = K + lam * np.eye(n)
    c = np.linalg.solve(M, y)
    e = 2 * (Kv @ c - yv) / len(yv)
    dKv = np.outer(e, c)
    dc = Kv.T @ e
    t = np.linalg.solve(M.T, dc)
    dM = -np.outer(t, c)
    dlog_lam = lam * np.trace(dM)
    dwidth = np.sum(dM * K * sq / w2) + np.sum(dKv * Kv * sqv / w2)
    return dwidth, dlog_lam


def kernel_point(rng):
    X, Xv = rng.normal(size=(8, 2)), rng.normal(size=(5, 2))
    return 0.1, -1.2, X, np.sin(2 * X[:, 0]) + 0.3 * rng.normal(size=8), Xv, np.sin(2 * Xv[:, 0])


FAMILIES = [
    Family(
        "net as a flow by Runge-Kutta",
        flow,
        d_flow,
        flow_point,
        3,
        {
            "the four slopes are taken to be independent of each other [M20]": (
                "dk = weight[s] * dlast + carry",
                "dk = weight[s] * dlast",
            ),
            "all four slopes have the same weight": ("[h / 6, h / 3, h / 3, h / 6]", "[h / 4, h / 4, h / 4, h / 4]"),
            "the middle slopes' 2 is lost [B2]": ("[h / 6, h / 3, h / 3, h / 6]", "[h / 6, h / 6, h / 6, h / 6]"),
            "the last stage's step is half [B2]": ("(h if s == 3 else h / 2)", "(h / 2)"),
            "whole steps within all stages": ("(h if s == 3 else h / 2)", "h"),
            "the direct path of the state is forgotten [M20]": (
                "carry = np.zeros_like(dy)",
                "carry = np.zeros_like(dy)\n        dy = np.zeros_like(dy)",
            ),
            "the stages' path to the state is forgotten [M20]": ("            dy = dy + dys\n", ""),
            "only the first stage leads to the state [M20]": (
                "            dy = dy + dys\n",
                "            dy = dy + dys if s == 0 else dy\n",
            ),
            "tanh's slope is forgotten [B9]": ("dk * (1 - ks[s] ** 2)", "dk"),
            "tanh's slope is of the first stage in all four [M06]": ("(1 - ks[s] ** 2)", "(1 - ks[0] ** 2)"),
            "the weights see the state at the step's start in all stages [M28]": (
                "np.outer(dz, ys[s])",
                "np.outer(dz, ys[0])",
            ),
            "the weights see the slopes, not the states [M28]": ("np.outer(dz, ys[s])", "np.outer(dz, ks[s])"),
            "the weights' gradient is transposed [B4 M09]": ("np.outer(dz, ys[s])", "np.outer(ys[s], dz)"),
            "the weights are not transposed on the way back [M09]": ("dys = W.T @ dz", "dys = W @ dz"),
            "the bias keeps only the first stage of the first step [B14]": ("db += dz", "db = dz"),
            "the steps go through the tape forwards [B25]": ("reversed(tape)", "tape"),
            "Euler's formula in the backward pass: the first slope with the whole step": (
                "[h / 6, h / 3, h / 3, h / 6]",
                "[h, 0.0, 0.0, 0.0]",
            ),
            "half steps in all stages; and the bias keeps one share [B2 B14]": (
                "(h if s == 3 else h / 2)",
                "(h / 2)",
                "db += dz",
                "db = dz",
            ),
        },
        None,
        {"saturated slopes": scaled(flow_point, {0: 6.0})},
    ),
    Family(
        "thrown ball with drag and wind",
        ball,
        d_ball,
        ball_point,
        4,
        {
            "the square's 2 is lost [B2 M01]": ("2 * (xs[t] - measured[t]) / T", "(xs[t] - measured[t]) / T"),
            "summed over the measurements [B1 M11]": ("(xs[t] - measured[t]) / T", "(xs[t] - measured[t])"),
            "each place's gradient forgets the later places [B14 B27]": ("gx = gx + 2 *", "gx = 2 *"),
            "the velocity forgets what came later [B14 B27]": ("gv = gv + dt * gx", "gv = dt * gx"),
            "the time step is forgotten for the place [M04]": ("gv = gv + dt * gx", "gv = gv + gx"),
            "the time step is forgotten for the acceleration [M04]": ("gacc = dt * gv", "gacc = gv"),
            "drag forgets that the speed depends on the velocity [M20]": (
                "(s * gacc + rel * (rel @ gacc) / s)",
                "(s * gacc)",
            ),
            "drag's second part is not divided by the speed": ("rel * (rel @ gacc) / s", "rel * (rel @ gacc)"),
            "drag's second part lies along the gradient, not the velocity": (
                "rel * (rel @ gacc) / s",
                "gacc * (rel @ rel) / s",
            ),
            "the drag's minus is forgotten in going back [B3]": ("grel = -drag", "grel = drag"),
            "the drag's own gradient has the wrong sign [B3]": ("ddrag -= s", "ddrag += s"),
            "the drag's own gradient lacks the speed [M04]": ("s * (rel @ gacc)", "(rel @ gacc)"),
            "the wind's minus is forgotten [B3]": ("dwind -= grel[0]", "dwind += grel[0]"),
            "the wind keeps only the first step [B14]": ("dwind -= grel[0]", "dwind = -grel[0]"),
            "velocity passes unchanged through drag [M20]": ("gv = gv + grel", "gv = gv"),
            "the angle's sine keeps its sign [B3]": ("gv[1] * np.cos(angle) - gv[0]", "gv[1] * np.cos(angle) + gv[0]"),
            "the angle's gradient lacks the speed [M04]": ("dangle = speed * (", "dangle = ("),
            "sine and cosine are swapped for the speed [M27]": (
                "gv[0] * np.cos(angle) + gv[1] * np.sin(angle)",
                "gv[0] * np.sin(angle) + gv[1] * np.cos(angle)",
            ),
            "the wind keeps only the first step; and the angle lacks the speed [B14 M04]": (
                "dwind -= grel[0]",
                "dwind = -grel[0]",
                "dangle = speed * (",
                "dangle = (",
            ),
        },
        None,
        {"single precision": single(ball_point)},
    ),
    Family(
        "page rank by the implicit function theorem",
        rank,
        d_rank,
        rank_point,
        3,
        {
            "the system is not transposed [M09]": ("(np.eye(k) - damping * P).T, dr", "(np.eye(k) - damping * P), dr"),
            "no system is solved: one round's gradient [B27]": (
                "adj = np.linalg.solve((np.eye(k) - damping * P).T, dr)",
                "adj = dr",
            ),
            "the system is solved with a plus": ("(np.eye(k) - damping * P).T", "(np.eye(k) + damping * P).T"),
            "the system has the damping squared": ("(np.eye(k) - damping * P).T", "(np.eye(k) - damping**2 * P).T"),
            "the links' gradient lacks the damping [M04]": ("dP = damping * np", "dP = np"),
            "the links' gradient is transposed [B4 M09]": ("np.outer(adj, r)", "np.outer(r, adj)"),
            "softmax's cross terms are dropped for the links [B17 M21]": (
                "P * (dP - np.sum(P * dP, axis=0))",
                "P * dP",
            ),
            "softmax of the links runs over the other axis [B18]": (
                "np.sum(P * dP, axis=0)",
                "np.sum(P * dP, axis=1, keepdims=True)",
            ),
            "softmax's cross terms are dropped for the jumps [B17 M21]": ("s * (ds - s @ ds)", "s * ds"),
            "softmax's slope of the jumps is s (1 - s) [B17]": ("s * (ds - s @ ds)", "s * (1 - s) * ds"),
            "the jumps' share 1 - damping is forgotten [M04]": ("ds = (1 - damping) * adj", "ds = adj"),
            "the damping's gradient forgets the jumps [M20]": ("(P @ r - s)", "(P @ r)"),
            "the damping's gradient holds the ranks fixed [M20]": ("ddamping = adj @", "ddamping = dr @"),
            "the divergence's sign [B3]": ("dr = -target / r", "dr = target / r"),
            "the divergence is of the wrong order: log r of r": ("dr = -target / r", "dr = 1 + np.log(r / target)"),
            "the target is subtracted as after a softmax [M22]": ("dr = -target / r", "dr = r - target"),
            "one round's gradient; and cross terms dropped for the jumps [B27 M21]": (
                "adj = np.linalg.solve((np.eye(k) - damping * P).T, dr)",
                "adj = dr",
                "s * (ds - s @ ds)",
                "s * ds",
            ),
        },
        d_rank_unrolled,
    ),
    Family(
        "soft alignment of two series",
        align,
        d_align,
        align_point,
        2,
        {
            "gamma is forgotten for one step down [M04]": (
                "R[i + 1, j] - D[i, j - 1] - R[i, j]) / gamma)",
                "R[i + 1, j] - D[i, j - 1] - R[i, j]))",
            ),
            "the diagonal step is forgotten [M20]": (
                "                E[i, j] += E[i + 1, j + 1] * np.exp((R[i + 1, j + 1] - D[i, j] - R[i, j]) / gamma)\n",
                "                E[i, j] += 0.0\n",
            ),
            "the diagonal step overwrites the others [B14]": (
                "E[i, j] += E[i + 1, j + 1]",
                "E[i, j] = E[i + 1, j + 1]",
            ),
            "the cost is that of the present place, not of the next [B25]": (
                "R[i, j + 1] - D[i - 1, j] - R[i, j]",
                "R[i, j + 1] - D[i - 1, j - 1] - R[i, j]",
            ),
            "the cost is not taken off [M20]": ("(R[i + 1, j] - D[i, j - 1] - R[i, j])", "(R[i + 1, j] - R[i, j])"),
            "the path is taken to be the diagonal": (
                "path = E[1 : n + 1, 1 : m + 1]",
                "path = np.eye(n, m)",
            ),
            "path weights are one place off [B25]": ("path = E[1 : n + 1, 1 : m + 1]", "path = E[:n, :m]"),
            "path weights of the padding's side [B25]": (
                "path = E[1 : n + 1, 1 : m + 1]",
                "path = E[2 : n + 2, 1 : m + 1]",
            ),
            "the square's 2 is lost for the second series [B2 M01]": ("dy = 2 * (path", "dy = (path"),
            "the square's 2 is lost for the first [B2 M01]": ("dz = 2 * (path", "dz = (path"),
            "the path sums are over the wrong places: mean weights [B1]": (
                "path.sum(axis=0)[:, None] * y",
                "path.mean(axis=0)[:, None] * y",
            ),
            "the own share is not weighted by the path's sum": ("path.sum(axis=1)[:, None] * z", "z"),
            "the second series' sign [B3]": (
                "dy = 2 * (path.sum(axis=0)[:, None] * y - path.T @ z)",
                "dy = -2 * (path.sum(axis=0)[:, None] * y - path.T @ z)",
            ),
            "the second series' part of the other is forgotten [M20]": (" - path.T @ z)", ")"),
            "the minimum is hard in the backward pass [B28]": (
                "low - gamma * np.log(np.sum(np.exp(-(three - low) / gamma)))",
                "low",
            ),
            "the diagonal step is forgotten; and gamma is forgotten for one step to the right [M20 M04]": (
                "if i < n and j < m:",
                "if False:",
                "R[i, j + 1] - D[i - 1, j] - R[i, j]) / gamma)",
                "R[i, j + 1] - D[i - 1, j] - R[i, j]))",
            ),
            "the square's 2 is lost for the second; and the diagonal overwrites [M01 B14]": (
                "dy = 2 * (path",
                "dy = (path",
                "E[i, j] += E[i + 1, j + 1]",
                "E[i, j] = E[i + 1, j + 1]",
            ),
        },
        None,
        {"a small gamma": lambda rng: (*align_point(rng)[:3], 0.02)},
    ),
    Family(
        "kernel ridge by its validation error",
        kernel,
        d_kernel,
        kernel_point,
        2,
        {
            "the validation kernel's share is forgotten [M20]": (" + np.sum(dKv * Kv * sqv / w2)", ""),
            "the training kernel's share is forgotten [M20]": ("np.sum(dM * K * sq / w2) + np", "np"),
            "the coefficients' sign in the inverse's derivative [B3]": ("dM = -np.outer", "dM = np.outer"),
            "the system is not solved a second time": ("t = np.linalg.solve(M.T, dc)", "t = dc"),
            "the ridge is forgotten in the second system": ("np.linalg.solve(M.T, dc)", "np.linalg.solve(K.T, dc)"),
            "the ridge is multiplied by the kernel's trace, not the identity's": ("np.trace(dM)", "np.sum(dM * K)"),
            "gradient in the ridge is returned for its logarithm [M04]": ("lam * np.trace(dM)", "np.trace(dM)"),
            "the width is not squared below the line [M02]": (
                "np.sum(dM * K * sq / w2)",
                "np.sum(dM * K * sq / np.sqrt(w2))",
            ),
            "the width's gradient is not in the logarithm: divided once more by the width [M04]": (
                "return dwidth, dlog_lam",
                "return dwidth / np.sqrt(w2), dlog_lam",
            ),
            "the half of the exponent stays: 2 of the square lost [B2 M01]": (
                "dKv * Kv * sqv / w2",
                "dKv * Kv * sqv / (2 * w2)",
            ),
            "the exponent's minus stays [B3]": ("np.sum(dM * K * sq / w2)", "-np.sum(dM * K * sq / w2)"),
            "the kernel's own slope is forgotten [M04]": ("dM * K * sq", "dM * sq"),
            "averaged over the training rows [B1]": ("/ len(yv)", "/ n"),
            "the square's 2 is lost [B2 M01]": ("e = 2 * (Kv", "e = (Kv"),
            "the validation rows' coefficients: outer product of the wrong vectors [M28]": (
                "np.outer(e, c)",
                "np.outer(e, y)",
            ),
            "the kernel's own slope is forgotten; and the ridge is multiplied by the kernel's trace, not the identity's [M04]": (
                "dM * K * sq",
                "dM * sq",
                "np.trace(dM)",
                "np.sum(dM * K)",
            ),
        },
        None,
        {"a wide kernel": lambda rng: (1.3, *kernel_point(rng)[1:])},
    ),
]
