"""Matrices: solves and determinants, group lasso with orthogonality, eigenvalues, factorisation with biases, transport."""

from __future__ import annotations

import numpy as np
from check.blind_third.case import Family, scaled, single


def gaussian(L, M, B, c, X):
    """A precision matrix L L' + M M'/2 fitted to data, with a quadratic form of a solved system on top."""
    P = L @ L.T + 0.5 * M @ M.T + np.eye(len(c))
    S = X.T @ X / len(X)
    x = np.linalg.solve(P, B @ c)
    return np.trace(P @ S) - np.linalg.slogdet(P)[1] + c @ x


def d_gaussian(L, M, B, c, X):
    P = L @ L.T + 0.5 * M @ M.T + np.eye(len(c))
    S = X.T @ X / len(X)
    Pinv = np.linalg.inv(P)
    x = Pinv @ (B @ c)
    lam = Pinv.T @ c
    dP = S.T - Pinv.T - np.outer(lam, x)
    dL = (dP + dP.T) @ L
    dM = 0.5 * (dP + dP.T) @ M
    dB = np.outer(lam, c)
    dc = x + B.T @ lam
    return dL, dM, dB, dc


def d_gaussian_differential(L, M, B, c, X):
    """Entry by entry: d tr(P S) = tr(S dP), d log det P = tr(P^-1 dP), d P^-1 = -P^-1 dP P^-1."""
    P = L @ L.T + M @ M.T / 2 + np.eye(len(c))
    S = np.mean(X[:, :, None] * X[:, None, :], axis=0)
    u, v = np.linalg.solve(P, c), np.linalg.solve(P, B @ c)
    Pinv = np.linalg.solve(P, np.eye(len(c)))
    out = []
    for F, factor in ((L, 1.0), (M, 0.5)):
        g = np.zeros_like(F)
        for i, j in np.ndindex(F.shape):
            E = np.zeros_like(F)
            E[i, j] = factor
            dP = E @ F.T + F @ E.T
            g[i, j] = np.trace(S @ dP) - np.trace(Pinv @ dP) - u @ dP @ v
        out.append(g)
    return *out, np.outer(u, c), np.linalg.solve(P, B @ c) + u @ B


def gaussian_point(rng):
    return (
        rng.normal(size=(4, 4)),
        rng.normal(size=(4, 2)),
        rng.normal(size=(4, 4)),
        rng.normal(size=4),
        rng.normal(size=(9, 4)),
    )


def multitask(W, V, b, X, Y, group, ortho, ridge):
    """Low-rank multi-task regression: group lasso on the rows of W, columns of V pushed to be orthonormal."""
    R = X @ W @ V.T + b - Y
    gram = V.T @ V - np.eye(V.shape[1])
    rows = np.sum(np.sqrt(np.sum(W**2, axis=1)))
    return (
        0.5 * np.sum(R**2) / len(X)
        + group * np.sqrt(W.shape[1]) * rows
        + 0.25 * ortho * np.sum(gram**2)
        + ridge * np.sum(b**2)
    )


def d_multitask(W, V, b, X, Y, group, ortho, ridge):
    n, k = len(X), W.shape[1]
    Z = X @ W
    R = (Z @ V.T + b - Y) / n
    db = R.sum(axis=0) + 2 * ridge * b
    dV = R.T @ Z
    dZ = R @ V
    dW = X.T @ dZ
    norms = np.sqrt(np.sum(W**2, axis=1, keepdims=True))
    dW = dW + group * np.sqrt(k) * W / norms
    dV = dV + ortho * V @ (V.T @ V - np.eye(k))
    return dW, dV, db


def d_multitask_moments(W, V, b, X, Y, group, ortho, ridge):
    n, k = len(X), W.shape[1]
    C, D, m = X.T @ X / n, X.T @ (Y - b) / n, X.mean(axis=0)
    dW = C @ W @ (V.T @ V) - D @ V
    dV = V @ (W.T @ C @ W) - D.T @ W + ortho * (V @ V.T @ V - V)
    for i, w in enumerate(W):
        dW[i] += group * k**0.5 * w / np.hypot.reduce(w)
    return dW, dV, V @ (m @ W) - Y.mean(axis=0) + b + 2 * ridge * b


def multitask_point(rng):
    return (
        rng.normal(size=(4, 2)),
        0.8 * rng.normal(size=(5, 2)),
        rng.normal(size=5),
        rng.normal(size=(7, 4)),
        rng.normal(size=(7, 5)),
        0.6,
        1.5,
        0.3,
    )


def spectrum(F, c, t):
    """A graph's Laplacian from edge scores: a function of all its eigenvalues and a projection on the second vector."""
    A = np.log(1 + np.exp(F + F.T)) * (1 - np.eye(len(c)))
    Lap = np.diag(np.sum(A, axis=1)) - A
    lam, U = np.linalg.eigh(Lap)
    return np.sum(np.exp(-t * lam)) + np.dot(c, U[:, 1]) ** 2


def d_spectrum(F, c, t):
    n = len(c)
    Z = F + F.T
    off = 1 - np.eye(n)
    A = np.log(1 + np.exp(Z)) * off
    Lap = np.diag(A.sum(axis=1)) - A
    lam, U = np.linalg.eigh(Lap)
    u = U[:, 1]
    dLap = (U * (-t * np.exp(-t * lam))) @ U.T
    du = 2 * (c @ u) * c
    gap = lam[1] - lam
    gap[1] = np.inf
    dLap = dLap + np.outer(U @ ((U.T @ du) / gap), u)
    dA = np.diag(dLap)[:, None] - dLap
    dZ = dA * off / (1 + np.exp(-Z))
    dF = dZ + dZ.T
    dc = 2 * (c @ u) * u
    dt = -np.sum(lam * np.exp(-t * lam))
    return dF, dc, dt


def d_spectrum_perturb(F, c, t):
    """First-order perturbation for every edge."""
    n = len(c)
    Z = F + F.T
    A = np.logaddexp(0, Z)
    A[np.arange(n), np.arange(n)] = 0
    lam, U = np.linalg.eigh(np.diag(A.sum(axis=0)) - A)
    u = U[:, 1]
    dF = np.zeros((n, n))
    others = [k for k in range(n) if k != 1]
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            e = np.zeros(n)
            e[i], e[j] = 1, -1  # an undirected edge's Laplacian is e e'
            heat = -t * np.sum(np.exp(-t * lam) * (U.T @ e) ** 2)
            vec = sum((U[:, k] @ e) * (e @ u) / (lam[1] - lam[k]) * (c @ U[:, k]) for k in others)
            dF[i, j] = (heat + 2 * (c @ u) * vec) / (1 + np.exp(-Z[i, j]))
    return dF, 2 * u * (u @ c), -lam @ np.exp(-t * lam)


def spectrum_point(rng):
    return rng.normal(size=(5, 5)), rng.normal(size=5), 0.4


def factors(P, Q, bu, bi, mu, users, items, ratings, reg):
    e = ratings - mu - bu[users] - bi[items] - np.sum(P[users] * Q[items], axis=1)
    penalty = np.sum(P[users] ** 2) + np.sum(Q[items] ** 2) + np.sum(bu[users] ** 2) + np.sum(bi[items] ** 2)
    return np.sum(e**2) + reg * penalty


def d_factors(P, Q, bu, bi, mu, users, items, ratings, reg):
    e = ratings - mu - bu[users] - bi[items] - np.sum(P[users] * Q[items], axis=1)
    dP, dQ = np.zeros_like(P), np.zeros_like(Q)
    dbu, dbi = np.zeros_like(bu), np.zeros_like(bi)
    for k in range(len(ratings)):
        u, i = users[k], items[k]
        dP[u] += -2 * e[k] * Q[i] + 2 * reg * P[u]
        dQ[i] += -2 * e[k] * P[u] + 2 * reg * Q[i]
        dbu[u] += -2 * e[k] + 2 * reg * bu[u]
        dbi[i] += -2 * e[k] + 2 * reg * bi[i]
    dmu = -2 * np.sum(e)
    return dP, dQ, dbu, dbi, dmu


def d_factors_dense(P, Q, bu, bi, mu, users, items, ratings, reg):
    """With one-hot matrices."""
    A, B = np.eye(len(bu))[users], np.eye(len(bi))[items]
    e = mu + A @ bu + B @ bi + np.einsum("nk,nk->n", A @ P, B @ Q) - ratings
    nu, ni = A.sum(axis=0), B.sum(axis=0)
    dP = 2 * A.T @ (e[:, None] * (B @ Q)) + 2 * reg * nu[:, None] * P
    dQ = 2 * B.T @ (e[:, None] * (A @ P)) + 2 * reg * ni[:, None] * Q
    return dP, dQ, 2 * A.T @ e + 2 * reg * nu * bu, 2 * B.T @ e + 2 * reg * ni * bi, 2 * e.sum()


def factors_point(rng):
    users, items = np.array([0, 0, 1, 2, 2, 2, 3, 1]), np.array([0, 1, 1, 0, 2, 4, 3, 2])
    return (
        rng.normal(size=(4, 2)),
        rng.normal(size=(5, 2)),
        rng.normal(size=4),
        rng.normal(size=5),
        0.7,
        users,
        items,
        3 + rng.normal(size=8),
        0.2,
    )


def sinkhorn(X, Y, log_eps, a, b, rounds):
    """Entropic transport between two clouds, a few rounds of scaling unrolled in the logarithm; the plan's cost."""
    C = np.sum((X[:, None, :] - Y[None, :, :]) ** 2, axis=2)
    K = -C / np.exp(log_eps)
    g = np.zeros(len(b))
    for _ in range(rounds):
        f = np.log(a) - np.log(np.sum(np.exp(K + g), axis=1))
        g = np.log(b) - np.log(np.sum(np.exp(K + f[:, None]), axis=0))
    return np.sum(np.exp(K + f[:, None] + g) * C)


def d_sinkhorn(X, Y, log_eps, a, b, rounds):
    diff = X[:, None, :] - Y[None, :, :]
    C = np.sum(diff**2, axis=2)
    eps = np.exp(log_eps)
    K = -C / eps
    g = np.zeros(len(b))
    tape = []
    for _ in range(rounds):
        E = np.exp(K + g)
        f = np.log(a) - np.log(E.sum(axis=1))
        H = np.exp(K + f[:, None])
        g = np.log(b) - np.log(H.sum(axis=0))
        tape.append((E / E.sum(axis=1, keepdims=True), H / H.sum(axis=0)))
    plan = np.exp(K + f[:, None] + g)
    dlogplan = plan * C
    dC = plan.copy()
    dK = dlogplan.copy()
    df = dlogplan.sum(axis=1)
    dg = dlogplan.sum(axis=0)
    for row, col in reversed(tape):
        dK = dK - col * dg
        df = df - col @ dg
        dK = dK - row * df[:, None]
        dg = -row.T @ df
        df = np.zeros_like(df)
    dC = dC - dK / eps
    dlog_eps = np.sum(dK * C) / eps
    dX = 2 * np.sum(dC[:, :, None] * diff, axis=1)
    dY = -2 * np.sum(dC[:, :, None] * diff, axis=0)
    return dX, dY, dlog_eps


def d_sinkhorn_forward(X, Y, log_eps, a, b, rounds):
    """Tangents of every coordinate pushed forward through the scalings of the kernel (not its logarithm)."""
    n, m, d = len(X), len(Y), X.shape[1]
    C = (X**2).sum(1)[:, None] + (Y**2).sum(1) - 2 * X @ Y.T
    eps = np.exp(log_eps)
    out = np.zeros((n + m) * d + 1)
    for q in range(len(out)):
        dC = np.zeros((n, m))
        if q < n * d:
            i, j = divmod(q, d)
            dC[i] = 2 * (X[i, j] - Y[:, j])
        elif q < (n + m) * d:
            i, j = divmod(q - n * d, d)
            dC[:, i] = 2 * (Y[i, j] - X[:, j])
        K = np.exp(-C / eps)
        dK = K * (C / eps if q == len(out) - 1 else -dC / eps)
        v, dv = np.ones(m), np.zeros(m)
        for _ in range(rounds):
            u = a / (K @ v)
            du = -u * (dK @ v + K @ dv) / (K @ v)
            v = b / (u @ K)
            dv = -v * (du @ K + u @ dK) / (u @ K)
        plan = u[:, None] * K * v
        dplan = du[:, None] * K * v + u[:, None] * dK * v + u[:, None] * K * dv
        out[q] = np.sum(dplan * C + plan * dC)
    return out[: n * d].reshape(n, d), out[n * d : -1].reshape(m, d), out[-1]


def sinkhorn_point(rng):
    a, b = np.array([0.2, 0.5, 0.3]), np.array([0.1, 0.4, 0.3, 0.2])
    return rng.normal(size=(3, 2)), rng.normal(size=(4, 2)), 0.4, a, b, 3


FAMILIES = [
    Family(
        "solve, trace and log determinant",
        gaussian,
        d_gaussian,
        gaussian_point,
        4,
        {
            "the log determinant's part is forgotten [M20]": ("S.T - Pinv.T - np", "S.T - np"),
            "the log determinant's part has the wrong sign [B3]": ("S.T - Pinv.T", "S.T + Pinv.T"),
            "the log determinant's slope is the matrix, not its inverse": ("S.T - Pinv.T", "S.T - P.T"),
            "the log determinant's slope has one over the determinant": (
                "S.T - Pinv.T",
                "S.T - Pinv.T / np.linalg.det(P)",
            ),
            "the solve's part to the matrix is forgotten [M20]": (" - np.outer(lam, x)", ""),
            "the solve's part to the matrix has the wrong sign [B3]": ("- np.outer(lam, x)", "+ np.outer(lam, x)"),
            "the solve's part has the right-hand side, not the solution": ("np.outer(lam, x)", "np.outer(lam, B @ c)"),
            "the solve's part has the incoming gradient, not the adjoint solution": (
                "np.outer(lam, x)",
                "np.outer(c, x)",
            ),
            "the square L L' counts one side only [B2 M20]": ("dL = (dP + dP.T) @ L", "dL = dP @ L"),
            "2 dP L, as if dP were symmetric": ("dL = (dP + dP.T) @ L", "dL = 2 * dP @ L"),
            "the half of M's square is forgotten [B2]": ("0.5 * (dP + dP.T) @ M", "(dP + dP.T) @ M"),
            "L is transposed in its gradient [B4 M09]": ("(dP + dP.T) @ L", "(dP + dP.T) @ L.T"),
            "the right-hand side's matrix is transposed [B4 M09]": ("dB = np.outer(lam, c)", "dB = np.outer(c, lam)"),
            "the right-hand side's matrix gets the solution": ("dB = np.outer(lam, c)", "dB = np.outer(x, c)"),
            "the vector's second use, in the right-hand side, is forgotten [M20 B14]": ("x + B.T @ lam", "x"),
            "the vector's first use is forgotten [M20 B14]": ("x + B.T @ lam", "B.T @ lam"),
            "the vector's second use has B untransposed [B4 M09]": ("B.T @ lam", "B @ lam"),
            "the trace's part is doubled [B15]": ("dP = S.T -", "dP = 2 * S.T -"),
            "only the lower triangle of L gets a gradient, as in a Cholesky factor": (
                "dL = (dP + dP.T) @ L",
                "dL = np.tril((dP + dP.T) @ L)",
            ),
        },
        d_gaussian_differential,
        {"single precision": single(gaussian_point), "large factors": scaled(gaussian_point, {0: 30.0, 1: 30.0})},
    ),
    Family(
        "multi-task regression with group lasso and orthogonality",
        multitask,
        d_multitask,
        multitask_point,
        3,
        {
            "group lasso is forgotten [B20]": ("    dW = dW + group * np.sqrt(k) * W / norms\n", ""),
            "group lasso's rows are not divided by their norms [M04]": ("W / norms", "W"),
            "group lasso divides by the columns' norms [B18]": (
                "np.sum(W**2, axis=1, keepdims=True)",
                "np.sum(W**2, axis=0, keepdims=True)",
            ),
            "group lasso divides by one norm for all [B18]": ("W / norms", "W / np.linalg.norm(W)"),
            "group lasso by the squared norm": ("W / norms", "W / norms**2"),
            "the lasso of entries in place of groups": ("W / norms", "np.sign(W)"),
            "the group's size is forgotten": ("group * np.sqrt(k) *", "group *"),
            "orthogonality penalty is forgotten [B20]": ("    dV = dV + ortho * V @ (V.T @ V - np.eye(k))\n", ""),
            "orthogonality's identity is forgotten": ("(V.T @ V - np.eye(k))", "(V.T @ V)"),
            "orthogonality's factor is that of a loss without the quarter [B2]": ("dV + ortho *", "dV + 4 * ortho *"),
            "orthogonality's slope has half its factor: one use of V only [B2 M20]": (
                "dV + ortho *",
                "dV + 0.5 * ortho *",
            ),
            "orthogonality's penalty is not multiplied by V: its rows are added as they are [M04]": (
                "ortho * V @ (V.T @ V - np.eye(k))",
                "ortho * np.sum(V.T @ V - np.eye(k), axis=0)",
            ),
            "the bias' penalty is forgotten [B20]": (" + 2 * ridge * b", ""),
            "the bias' penalty lacks its 2 [B2 M01]": ("2 * ridge * b", "ridge * b"),
            "W is penalised as the bias is [B20]": ("np.sqrt(k) * W / norms", "np.sqrt(k) * W / norms + 2 * ridge * W"),
            "not divided by the rows [B1 M11]": ("+ b - Y) / n", "+ b - Y)"),
            "the 2 of the square stays, the half is forgotten [B2]": ("R = (Z", "R = 2 * (Z"),
            "the bias is left out of the residual in the backward pass": ("V.T + b - Y", "V.T - Y"),
            "V's gradient is transposed, and so has the wrong shape [B4 M09]": (
                "dV = R.T @ Z\n",
                "dV = R.T @ Z\n    dVT = dV.T\n",
                "return dW, dV, db",
                "return dW, dVT, db",
            ),
        },
        d_multitask_moments,
        {
            "tiny rows (near the group's kink)": lambda rng: tuple(
                v * (np.array([[1e-5], [1], [1], [1]]) if k == 0 else 1) for k, v in enumerate(multitask_point(rng))
            ),
            "single precision": single(multitask_point),
        },
    ),
    Family(
        "spectrum of a learned graph",
        spectrum,
        d_spectrum,
        spectrum_point,
        3,
        {
            "the eigenvector's path is forgotten [B7 M20]": (
                "    dLap = dLap + np.outer(U @ ((U.T @ du) / gap), u)\n",
                "",
            ),
            "the eigenvalues' path is forgotten [M20]": (
                "dLap = (U * (-t * np.exp(-t * lam))) @ U.T",
                "dLap = np.zeros((n, n))",
            ),
            "the gaps' sign is reversed [B3]": ("gap = lam[1] - lam", "gap = lam - lam[1]"),
            "the gaps are left out below the line": ("/ gap), u)", "), u)"),
            "eigenvalues in place of gaps": ("gap = lam[1] - lam", "gap = lam + 1.0"),
            "the eigenvalues' function lacks its inner derivative [M04]": (
                "-t * np.exp(-t * lam))",
                "-np.exp(-t * lam))",
            ),
            "the eigenvalues' function lacks its sign [B3]": ("U * (-t *", "U * (t *"),
            "eigenvectors are taken as rows [B4]": (
                "(U * (-t * np.exp(-t * lam))) @ U.T",
                "(U.T * (-t * np.exp(-t * lam))) @ U",
            ),
            "the Laplacian's degrees are forgotten [M20]": ("np.diag(dLap)[:, None] - dLap", "-dLap"),
            "the Laplacian's degrees have the wrong sign [B3]": (
                "np.diag(dLap)[:, None] - dLap",
                "-np.diag(dLap)[:, None] - dLap",
            ),
            "the scores' second use, transposed, is forgotten [M20 B14]": ("dF = dZ + dZ.T", "dF = dZ"),
            "symmetrised with a half [B2]": ("dF = dZ + dZ.T", "dF = 0.5 * (dZ + dZ.T)"),
            "the eigenvector's path is made symmetric by adding both halves whole [B15]": (
                "dLap = dLap + np.outer(U @ ((U.T @ du) / gap), u)",
                "V = np.outer(U @ ((U.T @ du) / gap), u)\n    dLap = dLap + V + V.T",
            ),
            "softplus's slope is left out [B9 M04]": ("dA * off / (1 + np.exp(-Z))", "dA * off"),
            "softplus's slope is at the scores before they are made symmetric [B10]": (
                "np.exp(-Z))\n    dF",
                "np.exp(-F))\n    dF",
            ),
            "the square of the projection has lost its 2 [B2 M01]": ("du = 2 * (c @ u) * c", "du = (c @ u) * c"),
            "the projection's own vector gets c [M27]": ("dc = 2 * (c @ u) * u", "dc = 2 * (c @ u) * c"),
            "the time's gradient lacks the eigenvalues [M04]": ("-np.sum(lam * np.exp", "-np.sum(np.exp"),
        },
        d_spectrum_perturb,
        {"nearly disconnected (tiny weights)": lambda rng: (spectrum_point(rng)[0] - 2.0, *spectrum_point(rng)[1:])},
    ),
    Family(
        "rating factorisation with biases",
        factors,
        d_factors,
        factors_point,
        5,
        {
            "users' rows are assigned, not added [B14]": ("dP[u] += -2", "dP[u] = -2"),
            "items' biases are assigned, not added [B14]": ("dbi[i] += -2", "dbi[i] = -2"),
            "the errors' sign [B3 M03]": ("dP[u] += -2 * e[k]", "dP[u] += 2 * e[k]"),
            "the 2 of the squares is forgotten in the items, as in the update rule [B2 M01]": (
                "-2 * e[k] * P[u] + 2 * reg * Q[i]",
                "-e[k] * P[u] + reg * Q[i]",
            ),
            "the items' penalty is forgotten [B20]": (" + 2 * reg * Q[i]", ""),
            "the penalty has the wrong sign, as in the update rule [B3]": (
                "* Q[i] + 2 * reg * P[u]",
                "* Q[i] - 2 * reg * P[u]",
            ),
            "the penalty counts each user once, not once a rating": (
                "* Q[i] + 2 * reg * P[u]",
                "* Q[i]",
                "dmu = -2",
                "dP += 2 * reg * P\n    dmu = -2",
            ),
            "the penalty's 2 is forgotten in the users' biases [B2]": ("2 * reg * bu[u]", "reg * bu[u]"),
            "the overall mean is penalised too [B20]": ("-2 * np.sum(e)", "-2 * np.sum(e) + 2 * reg * mu"),
            "the overall mean takes the mean error [B1 M12]": ("-2 * np.sum(e)", "-2 * np.mean(e)"),
            "item biases are left out of the error [M28]": ("bu[users] - bi[items] - np", "bu[users] - np"),
            "the items' rows take the items' own vectors [M27]": (
                "dQ[i] += -2 * e[k] * P[u]",
                "dQ[i] += -2 * e[k] * Q[i]",
            ),
            "the user's row is updated before the item's sees it [B12 M16]": (
                "dP[u] += -2 * e[k] * Q[i] + 2 * reg * P[u]",
                "g = -2 * e[k] * Q[i] + 2 * reg * P[u]\n        dP[u] += g\n        P = P.copy()\n        P[u] = P[u] - 0.01 * g",
            ),
            "users' biases take the items' penalty [M27]": ("2 * reg * bu[u]", "2 * reg * bi[i]"),
            "the last rating is left out [B8 B23]": ("range(len(ratings))", "range(len(ratings) - 1)"),
            "averaged over the ratings in the factors, where the loss sums [B1 M12]": (
                "dmu = -2",
                "dP /= len(ratings)\n    dmu = -2",
            ),
        },
        d_factors_dense,
        {"single precision": single(factors_point)},
    ),
    Family(
        "unrolled Sinkhorn transport",
        sinkhorn,
        d_sinkhorn,
        sinkhorn_point,
        3,
        {
            "the plan is treated as a constant (envelope theorem, not valid here) [B21 B7]": (
                "dC = dC - dK / eps",
                "dC = dC",
            ),
            "the potentials are treated as constants [B21 B27]": (
                "    for row, col in reversed(tape):\n",
                "    for row, col in []:\n",
            ),
            "only the last round goes back [B27]": ("reversed(tape)", "reversed(tape[-1:])"),
            "the rounds go back in the order they ran [B25]": ("in reversed(tape)", "in tape"),
            "the rows' potential is not reset after each round [B15 B13]": ("        df = np.zeros_like(df)\n", ""),
            "the columns' potential is added up over the rounds [B15]": ("dg = -row.T @ df", "dg = dg - row.T @ df"),
            "the columns' potential's path to the kernel is forgotten [M20]": ("        dK = dK - col * dg\n", ""),
            "the rows' potential's path to the kernel is forgotten [M20]": (
                "        dK = dK - row * df[:, None]\n",
                "",
            ),
            "the columns' potential's path to the rows' has the wrong sign [B3]": (
                "df = df - col @ dg",
                "df = df + col @ dg",
            ),
            "the cost's own use in the loss is forgotten [M20]": ("dC = plan.copy()", "dC = np.zeros_like(plan)"),
            "the minus of the kernel is forgotten [B3]": ("dC = dC - dK / eps", "dC = dC + dK / eps"),
            "eps is forgotten [M04]": ("dC = dC - dK / eps", "dC = dC - dK"),
            "the plan is not multiplied in: exp's slope [M04]": ("dlogplan = plan * C", "dlogplan = C"),
            "eps' gradient is not taken to its logarithm [M04]": ("np.sum(dK * C) / eps", "np.sum(dK * C) / eps**2"),
            "eps' gradient has the wrong sign [B3]": ("np.sum(dK * C) / eps", "-np.sum(dK * C) / eps"),
            "the second cloud's sign [B3]": ("dY = -2", "dY = 2"),
            "the distance's 2 is forgotten [B2 M01]": ("dX = 2 * np", "dX = np"),
            "the columns' step back takes the rows' weights [M27]": ("df = df - col @ dg", "df = df - row @ dg"),
        },
        d_sinkhorn_forward,
        {"cool (small eps, saturated)": lambda rng: (*sinkhorn_point(rng)[:2], -1.5, *sinkhorn_point(rng)[3:])},
    ),
]
