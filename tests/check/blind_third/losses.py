"""Losses on representations and probabilities: focal, InfoNCE, triplet, distillation, cosine, center loss."""

from __future__ import annotations

import numpy as np
from check.blind_third.case import Family, scaled, single


def focal(W, b, X, labels, alpha, gamma):
    z = X @ W + b
    z = z - np.max(z, axis=1, keepdims=True)
    logp = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    lt = logp[np.arange(len(labels)), labels]
    return -np.mean(alpha[labels] * (1 - np.exp(lt)) ** gamma * lt)


def d_focal(W, b, X, labels, alpha, gamma):
    n, k = len(labels), W.shape[1]
    rows = np.arange(n)
    z = X @ W + b
    z = z - z.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    pt = p[rows, labels]
    weight = gamma * (1 - pt) ** (gamma - 1) * np.log(pt) - (1 - pt) ** gamma / pt
    dpt = alpha[labels] * weight / n
    onehot = np.eye(k)[labels]
    dz = (dpt * pt)[:, None] * (onehot - p)
    dW = X.T @ dz
    db = dz.sum(axis=0)
    return dW, db


def d_focal_log(W, b, X, labels, alpha, gamma):
    """By the logarithm of the true class's probability, q = log p."""
    dW, db = np.zeros_like(W), np.zeros_like(b)
    for x, t in zip(X, labels, strict=True):
        z = x @ W + b
        q = z - np.logaddexp.reduce(z)
        m = -np.expm1(q[t])
        slope = -alpha[t] * (m**gamma - gamma * q[t] * np.exp(q[t]) * m ** (gamma - 1)) / len(X)
        g = slope * (np.eye(len(b))[t] - np.exp(q))
        dW += np.outer(x, g)
        db += g
    return dW, db


def focal_point(rng):
    labels = np.array([0, 1, 2, 3, 1, 0, 2, 2, 3])
    return (
        rng.normal(size=(3, 4)),
        rng.normal(size=4),
        rng.normal(size=(9, 3)),
        labels,
        np.array([0.3, 1, 0.7, 2.0]),
        2.5,
    )


def infonce(W, V, log_t, X, Z):
    """Two encoders, cosine similarities of all pairs over a learned temperature, cross-entropy both ways (CLIP)."""
    a, b = X @ W, Z @ V
    a = a / np.sqrt(np.sum(a**2, axis=1, keepdims=True))
    b = b / np.sqrt(np.sum(b**2, axis=1, keepdims=True))
    S = a @ b.T * np.exp(log_t)
    rows = np.log(np.sum(np.exp(S), axis=1))
    cols = np.log(np.sum(np.exp(S), axis=0))
    d = np.diag(S)
    return 0.5 * np.mean(rows - d) + 0.5 * np.mean(cols - d)


def d_infonce(W, V, log_t, X, Z):
    n = len(X)
    za, zb = X @ W, Z @ V
    na = np.linalg.norm(za, axis=1, keepdims=True)
    nb = np.linalg.norm(zb, axis=1, keepdims=True)
    a, b = za / na, zb / nb
    scale = np.exp(log_t)
    S = a @ b.T * scale
    E = np.exp(S - S.max())
    pr = E / E.sum(axis=1, keepdims=True)
    pc = E / E.sum(axis=0, keepdims=True)
    dS = (0.5 * (pr + pc) - np.eye(n)) / n
    dlog_t = np.sum(dS * S)
    da = dS @ b * scale
    db = dS.T @ a * scale
    dza = (da - a * np.sum(a * da, axis=1, keepdims=True)) / na
    dzb = (db - b * np.sum(b * db, axis=1, keepdims=True)) / nb
    dW = X.T @ dza
    dV = Z.T @ dzb
    return dW, dV, dlog_t


def d_infonce_rows(W, V, log_t, X, Z):
    """Rows, then columns, each a cross-entropy of its own; the unit vectors by their Jacobians."""
    n, t = len(X), np.exp(log_t)
    A, B = X @ W, Z @ V
    a = [u / np.sqrt(u @ u) for u in A]
    b = [u / np.sqrt(u @ u) for u in B]
    S = np.array([[t * (u @ v) for v in b] for u in a])
    G = np.zeros((n, n))
    for i in range(n):
        G[i] += np.exp(S[i] - np.logaddexp.reduce(S[i])) / (2 * n)
        G[:, i] += np.exp(S[:, i] - np.logaddexp.reduce(S[:, i])) / (2 * n)
        G[i, i] -= 1 / n
    dW, dV = np.zeros_like(W), np.zeros_like(V)
    eye = np.eye(W.shape[1])
    for i in range(n):
        for j in range(n):
            dW += np.outer(X[i], (eye - np.outer(a[i], a[i])) @ b[j]) * G[i, j] * t / np.sqrt(A[i] @ A[i])
            dV += np.outer(Z[j], (eye - np.outer(b[j], b[j])) @ a[i]) * G[i, j] * t / np.sqrt(B[j] @ B[j])
    return dW, dV, (G * S).sum()


def infonce_point(rng):
    return rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), 1.2, rng.normal(size=(6, 4)), rng.normal(size=(6, 5))


def triplet(W, X, anchor, pos, neg, margin):
    F = np.tanh(X @ W)
    dp = np.sum((F[anchor] - F[pos]) ** 2, axis=1)
    dn = np.sum((F[anchor] - F[neg]) ** 2, axis=1)
    return np.mean(np.maximum(0, dp - dn + margin))


def d_triplet(W, X, anchor, pos, neg, margin):
    F = np.tanh(X @ W)
    a, p, q = F[anchor], F[pos], F[neg]
    dp = np.sum((a - p) ** 2, axis=1)
    dn = np.sum((a - q) ** 2, axis=1)
    on = (dp - dn + margin > 0).astype(float)[:, None] / len(anchor)
    dF = np.zeros_like(F)
    np.add.at(dF, anchor, 2 * on * (q - p))
    np.add.at(dF, pos, -2 * on * (a - p))
    np.add.at(dF, neg, 2 * on * (a - q))
    dW = X.T @ (dF * (1 - F**2))
    return (dW,)


def d_triplet_pairs(W, X, anchor, pos, neg, margin):
    """Every triplet's two distances pushed to W on their own."""
    F = np.tanh(X @ W)
    dW = np.zeros_like(W)
    for i, j, k in zip(anchor, pos, neg, strict=True):
        if (F[i] - F[j]) @ (F[i] - F[j]) + margin <= (F[i] - F[k]) @ (F[i] - F[k]):
            continue
        for other, sign in ((j, 1), (k, -1)):
            e = 2 * sign * (F[i] - F[other]) / len(anchor)
            dW += np.outer(X[i], e * (1 - F[i] ** 2)) - np.outer(X[other], e * (1 - F[other] ** 2))
    return (dW,)


def triplet_point(rng):
    anchor, pos, neg = np.array([0, 0, 2, 3, 5, 6, 3]), np.array([1, 4, 0, 5, 3, 2, 6]), np.array([2, 5, 3, 1, 4, 0, 4])
    return 0.7 * rng.normal(size=(4, 3)), rng.normal(size=(7, 4)), anchor, pos, neg, 2.0


def triplet_zero(rng):
    """No triplet violates the margin: the right gradient is zero."""
    W, X, anchor, pos, neg, _ = triplet_point(rng)
    return W, X, anchor, pos, neg, -50.0


def distill(W, b, X, teacher, labels, T, mix):
    z = X @ W + b

    def logsoftmax(u):
        u = u - np.max(u, axis=1, keepdims=True)
        return u - np.log(np.sum(np.exp(u), axis=1, keepdims=True))

    lt = logsoftmax(teacher / T)
    kl = np.sum(np.exp(lt) * (lt - logsoftmax(z / T)), axis=1)
    hard = -logsoftmax(z)[np.arange(len(labels)), labels]
    return np.mean(mix * T**2 * kl + (1 - mix) * hard)


def d_distill(W, b, X, teacher, labels, T, mix):
    n, k = len(labels), W.shape[1]
    z = X @ W + b

    def softmax(u):
        e = np.exp(u - u.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    soft = T * (softmax(z / T) - softmax(teacher / T))
    hard = softmax(z) - np.eye(k)[labels]
    dz = (mix * soft + (1 - mix) * hard) / n
    return X.T @ dz, dz.sum(axis=0)


def d_distill_jacobian(W, b, X, teacher, labels, T, mix):
    """The Kullback-Leibler part by the softmax's Jacobian."""
    dW, db = np.zeros_like(W), np.zeros_like(b)
    for x, t, y in zip(X, teacher, labels, strict=True):
        z = b + x @ W
        q = np.exp(z / T - np.logaddexp.reduce(z / T))
        target = np.exp(t / T - np.logaddexp.reduce(t / T))
        J = (np.diag(q) - np.outer(q, q)) / T
        g = mix * T**2 * J @ (-target / q)
        g = g + (1 - mix) * np.exp(z - np.logaddexp.reduce(z))
        g[y] -= 1 - mix
        dW += np.outer(x, g) / len(X)
        db += g / len(X)
    return dW, db


def distill_point(rng):
    labels = np.array([0, 1, 4, 3, 1, 2, 4])
    return (
        rng.normal(size=(3, 5)),
        rng.normal(size=5),
        rng.normal(size=(7, 3)),
        2 * rng.normal(size=(7, 5)),
        labels,
        3.0,
        0.6,
    )


def siamese(W, X1, X2, same, margin):
    """Contrastive loss on cosine similarity: pull same pairs to one, push others below the margin."""
    u, v = np.maximum(X1 @ W, 0.2 * (X1 @ W)), np.maximum(X2 @ W, 0.2 * (X2 @ W))
    c = np.sum(u * v, axis=1) / np.sqrt(np.sum(u * u, axis=1) * np.sum(v * v, axis=1))
    return np.sum(same * (1 - c) + (1 - same) * np.maximum(0, c - margin) ** 2)


def d_siamese(W, X1, X2, same, margin):
    z1, z2 = X1 @ W, X2 @ W
    u, v = np.maximum(z1, 0.2 * z1), np.maximum(z2, 0.2 * z2)
    nu = np.linalg.norm(u, axis=1, keepdims=True)
    nv = np.linalg.norm(v, axis=1, keepdims=True)
    c = np.sum(u * v, axis=1, keepdims=True) / (nu * nv)
    s = same[:, None]
    dc = -s + (1 - s) * 2 * np.maximum(0, c - margin)
    du = dc * (v / (nu * nv) - c * u / nu**2)
    dv = dc * (u / (nu * nv) - c * v / nv**2)
    dz1 = du * np.where(z1 > 0, 1, 0.2)
    dz2 = dv * np.where(z2 > 0, 1, 0.2)
    dW = X1.T @ dz1 + X2.T @ dz2
    return (dW,)


def d_siamese_pairs(W, X1, X2, same, margin):
    dW = np.zeros_like(W)
    for x, y, s in zip(X1, X2, same, strict=True):
        a, b = (np.where(q @ W > 0, 1, 0.2) for q in (x, y))
        u, v = a * (x @ W), b * (y @ W)
        uu, vv, uv = u @ u, v @ v, u @ v
        c = uv / np.sqrt(uu * vv)
        g = -1.0 if s else 2 * max(0.0, c - margin)
        # d c = c (d uv / uv - d uu / 2 uu - d vv / 2 vv)
        dW += g * c * np.outer(x, a * (v / uv - u / uu))
        dW += g * c * np.outer(y, b * (u / uv - v / vv))
    return (dW,)


def siamese_point(rng):
    same = np.array([1, 0, 0, 1, 0, 1, 0, 0.0])
    X1 = rng.normal(size=(8, 4))
    return rng.normal(size=(4, 3)), X1, X1 + rng.normal(size=(8, 4)), same, -0.3


def center(W, centers, X, labels, lam):
    """Softmax on the distances to class centres, with the centre loss pulling features to their own centre."""
    F = X @ W
    D = np.sum((F[:, None, :] - centers[None, :, :]) ** 2, axis=2)
    rows = np.arange(len(labels))
    ce = D[rows, labels] + np.log(np.sum(np.exp(-D), axis=1))
    return np.mean(ce) + 0.5 * lam * np.mean(D[rows, labels])


def d_center(W, centers, X, labels, lam):
    n, k = len(labels), len(centers)
    F = X @ W
    diff = F[:, None, :] - centers[None, :, :]
    D = np.sum(diff**2, axis=2)
    e = np.exp(-(D - D.min(axis=1, keepdims=True)))
    p = e / e.sum(axis=1, keepdims=True)
    onehot = np.eye(k)[labels]
    dD = (onehot - p + 0.5 * lam * onehot) / n
    ddiff = 2 * dD[:, :, None] * diff
    dF = ddiff.sum(axis=1)
    dcenters = -ddiff.sum(axis=0)
    dW = X.T @ dF
    return dW, dcenters


def d_center_expand(W, centers, X, labels, lam):
    """With |f|^2 - 2 f c + |c|^2: the features' squares drop out of the softmax."""
    F = X @ W
    s = 2 * F @ centers.T - np.sum(centers**2, axis=1)
    P = np.exp(s - np.logaddexp.reduce(s, axis=1, keepdims=True))
    R = P.copy()
    R[np.arange(len(X)), labels] -= 1
    R /= len(X)
    dF = 2 * R @ centers + lam * (F - centers[labels]) / len(X)
    dC = 2 * R.T @ F - 2 * R.sum(axis=0)[:, None] * centers
    for f, y in zip(F, labels, strict=True):
        dC[y] -= lam * (f - centers[y]) / len(X)
    return X.T @ dF, dC


def center_point(rng):
    return (
        0.5 * rng.normal(size=(4, 2)),
        rng.normal(size=(3, 2)),
        rng.normal(size=(8, 4)),
        np.array([0, 1, 2, 2, 1, 0, 2, 2]),
        0.8,
    )


FAMILIES = [
    Family(
        "focal loss on softmax",
        focal,
        d_focal,
        focal_point,
        2,
        {
            "the modulating factor is treated as a constant [B21 M20]": (
                "gamma * (1 - pt) ** (gamma - 1) * np.log(pt) - (1 - pt) ** gamma / pt",
                "-((1 - pt) ** gamma) / pt",
            ),
            "only the modulating factor's slope is kept [M20]": (" - (1 - pt) ** gamma / pt", ""),
            "the two terms of the product rule have the same sign [B3]": (
                "np.log(pt) - (1 - pt)",
                "np.log(pt) + (1 - pt)",
            ),
            "the power gamma is kept, not lowered by one [M02]": ("** (gamma - 1)", "** gamma"),
            "gamma's factor is forgotten [M02]": ("weight = gamma *", "weight ="),
            "the logarithm is forgotten in the modulating factor's slope": (" * np.log(pt)", ""),
            "the class weights are forgotten": ("alpha[labels] * weight / n", "weight / n"),
            "the class weights are indexed by column, not by label": (
                "dz = (dpt * pt)[:, None] * (onehot - p)",
                "dz = (weight / n * pt)[:, None] * alpha * (onehot - p)",
            ),
            "divided by the sum of the class weights, where the loss divides by the rows [B1]": (
                "weight / n",
                "weight / alpha[labels].sum()",
            ),
            "the softmax's Jacobian lacks the true probability's factor [M04]": ("(dpt * pt)[:, None]", "dpt[:, None]"),
            "only the true class's logit gets a gradient: the softmax's cross terms are dropped [B17 M21]": (
                "(onehot - p)",
                "onehot * (1 - p)",
            ),
            "one-hot minus probability has the wrong sign [B3]": ("(onehot - p)", "(p - onehot)"),
            "the modulating factor is of the probability, not of its rest": (
                "gamma * (1 - pt) ** (gamma - 1)",
                "gamma * pt ** (gamma - 1)",
            ),
            "the 1/p of the logarithm is forgotten [M04]": ("** gamma / pt", "** gamma"),
        },
        d_focal_log,
        {"single precision": single(focal_point), "saturated": scaled(focal_point, {0: 5.0})},
    ),
    Family(
        "InfoNCE both ways with learned temperature",
        infonce,
        d_infonce,
        infonce_point,
        3,
        {
            "only the rows' direction: the columns' softmax is forgotten [M20]": ("0.5 * (pr + pc)", "pr"),
            "the columns' sums divide the rows: the sums are laid along the wrong axis [B18]": (
                "E.sum(axis=0, keepdims=True)",
                "E.sum(axis=0)[:, None]",
            ),
            "the half of the two directions is forgotten for the softmaxes [B2]": ("0.5 * (pr + pc)", "(pr + pc)"),
            "both directions' diagonals are subtracted after halving the sum: 2 on the diagonal": (
                "np.eye(n)) / n",
                "2 * np.eye(n)) / n",
            ),
            "not divided by the batch size [B1 M11]": ("- np.eye(n)) / n", "- np.eye(n))"),
            "the temperature is forgotten in the first encoder [M04]": ("dS @ b * scale", "dS @ b"),
            "the temperature is forgotten in the second encoder [M04]": ("dS.T @ a * scale", "dS.T @ a"),
            "the temperature's gradient is for the scale, not its logarithm [M04]": (
                "np.sum(dS * S)",
                "np.sum(dS * (a @ b.T))",
            ),
            "the temperature's gradient has the wrong sign: 1/t in place of t": ("np.sum(dS * S)", "-np.sum(dS * S)"),
            "the normalisation is treated as a constant in the first encoder [B21]": (
                "(da - a * np.sum(a * da, axis=1, keepdims=True)) / na",
                "da / na",
            ),
            "the normalisation is left out going back in the second encoder [M04]": (
                "(db - b * np.sum(b * db, axis=1, keepdims=True)) / nb",
                "db",
            ),
            "the second encoder's norm is not divided out": (" / nb\n    dW", "\n    dW"),
            "the unnormalised vectors stand in the projection": (
                "da - a * np.sum(a * da,",
                "da - za * np.sum(za * da,",
            ),
            "the similarity's gradient is not transposed for the second encoder [B4 M09]": ("dS.T @ a", "dS @ a"),
            "the embeddings are normalised over the batch going back [B18]": (
                "a * np.sum(a * da, axis=1, keepdims=True)",
                "a * np.sum(a * da, axis=0, keepdims=True)",
            ),
            "the other encoder is detached: no gradient for the second weights [B7]": (
                "dV = Z.T @ dzb",
                "dV = np.zeros_like(V)",
            ),
        },
        d_infonce_rows,
        {"sharp temperature (saturated)": scaled(infonce_point, {2: 3.5}), "single precision": single(infonce_point)},
    ),
    Family(
        "triplet margin loss",
        triplet,
        d_triplet,
        triplet_point,
        1,
        {
            "repeated rows are assigned, not added, for the anchors [B14]": (
                "np.add.at(dF, anchor, 2 * on * (q - p))",
                "dF[anchor] += 2 * on * (q - p)",
            ),
            "repeated rows are assigned over for the positives and negatives [B14]": (
                "np.add.at(dF, pos, -2 * on * (a - p))\n    np.add.at(dF, neg, 2 * on * (a - q))",
                "dF[pos] = -2 * on * (a - p)\n    dF[neg] = 2 * on * (a - q)",
            ),
            "the anchor's gradient has the wrong sign [B3]": ("2 * on * (q - p)", "2 * on * (p - q)"),
            "the anchor is detached [B7 M20]": ("    np.add.at(dF, anchor, 2 * on * (q - p))\n", ""),
            "the negative's gradient is forgotten [M20]": ("    np.add.at(dF, neg, 2 * on * (a - q))\n", ""),
            "the negative is pulled, not pushed [B3]": ("neg, 2 * on", "neg, -2 * on"),
            "the 2 of the square is forgotten for the positive [B2 M01]": ("pos, -2 * on", "pos, -on"),
            "the margin is forgotten in the test": ("dp - dn + margin > 0", "dp - dn > 0"),
            "all triplets count, violated or not [B22]": ("(dp - dn + margin > 0)", "(dp - dn + margin > -np.inf)"),
            "averaged over the violated triplets only [B1]": (
                ".astype(float)[:, None] / len(anchor)",
                ".astype(float)[:, None]\n    on = on / on.sum()",
            ),
            "averaged over the samples, not the triplets [B1]": ("/ len(anchor)", "/ np.size(X)"),
            "tanh's slope is left out [B9]": ("(dF * (1 - F**2))", "dF"),
            "the distance is taken without the square: unit vectors in place of differences": (
                "pos, -2 * on * (a - p)",
                "pos, -on * (a - p) / np.sqrt(dp)[:, None]",
            ),
            "tanh's slope lacks the square [M02]": ("1 - F**2", "1 - F"),
        },
        d_triplet_pairs,
        {"no violated triplet (zero gradient)": triplet_zero, "single precision": single(triplet_point)},
    ),
    Family(
        "distillation with temperature",
        distill,
        d_distill,
        distill_point,
        2,
        {
            "the factor T squared is forgotten": ("soft = T * (", "soft = 1 / T * ("),
            "the inner 1/T is forgotten [M04]": ("soft = T * (", "soft = T**2 * ("),
            "both the factor T squared and the inner 1/T are dropped": ("soft = T * (", "soft = ("),
            "the student is not softened in the backward pass": ("softmax(z / T)", "softmax(z)"),
            "the teacher is not softened in the backward pass": ("softmax(teacher / T)", "softmax(teacher)"),
            "the temperature also softens the hard loss": ("hard = softmax(z)", "hard = softmax(z / T)"),
            "teacher minus student [B3 M03]": (
                "softmax(z / T) - softmax(teacher / T)",
                "softmax(teacher / T) - softmax(z / T)",
            ),
            "the mixing weights are swapped": ("mix * soft + (1 - mix) * hard", "(1 - mix) * soft + mix * hard"),
            "the hard loss is forgotten [M20]": ("(mix * soft + (1 - mix) * hard)", "(mix * soft)"),
            "the soft loss is forgotten [M20]": ("(mix * soft + (1 - mix) * hard)", "((1 - mix) * hard)"),
            "the hard loss is not weighted": ("(1 - mix) * hard", "hard"),
            "batchmean and mean: divided by the classes too [B1]": (") / n\n", ") / (n * k)\n"),
            "the soft part only is divided by the classes too, by a mean over all entries [B1]": (
                "mix * soft",
                "mix * soft / k",
            ),
            "softmax is over the batch [B18]": (
                "e.sum(axis=1, keepdims=True)\n\n    soft",
                "e.sum(axis=0, keepdims=True)\n\n    soft",
            ),
            "teacher logits, not probabilities, are subtracted [M22]": ("softmax(teacher / T)", "teacher / T"),
        },
        d_distill_jacobian,
        {
            "hot temperature (tiny soft part)": scaled(distill_point, {5: 50.0}),
            "single precision": single(distill_point),
        },
    ),
    Family(
        "contrastive cosine loss of a siamese network",
        siamese,
        d_siamese,
        siamese_point,
        1,
        {
            "only the first branch's use of the shared weights is counted [B14 M20]": (
                "X1.T @ dz1 + X2.T @ dz2",
                "X1.T @ dz1",
            ),
            "the norm is treated as a constant in the first branch [B21]": (" - c * u / nu**2", ""),
            "the norm is treated as a constant in both branches [B21]": (
                " - c * u / nu**2",
                "",
                " - c * v / nv**2",
                "",
            ),
            "the part along the vector is divided by the norm, not its square [M02]": ("c * u / nu**2", "c * u / nu"),
            "the own vector stands where the other should [M27]": ("v / (nu * nv) - c * u", "u / (nu * nv) - c * u"),
            "the other norm divides the part along the vector": ("c * u / nu**2", "c * u / nv**2"),
            "the part along the vector is added [B3]": ("- c * v / nv**2", "+ c * v / nv**2"),
            "the hinge's square has lost its 2 [B2 M01]": ("* 2 * np.maximum", "* np.maximum"),
            "the hinge's slope is one: the square is forgotten": (
                "2 * np.maximum(0, c - margin)",
                "(c > margin)",
            ),
            "the margin is forgotten in the backward pass": ("np.maximum(0, c - margin)", "np.maximum(0, c)"),
            "same and different pairs are swapped": ("dc = -s + (1 - s) * 2", "dc = -(1 - s) + s * 2"),
            "the pull has the wrong sign [B3]": ("dc = -s +", "dc = s +"),
            "the leaky slope of the second branch is taken from the first's sum [M06]": (
                "np.where(z2 > 0",
                "np.where(z1 > 0",
            ),
            "the leaky slope is forgotten in the second branch [B9]": ("dv * np.where(z2 > 0, 1, 0.2)", "dv"),
            "averaged over the pairs, where the loss sums [B1 M12]": ("(dW,)", "(dW / len(same),)"),
        },
        d_siamese_pairs,
        {"long vectors (large weights)": scaled(siamese_point, {0: 1e3}), "single precision": single(siamese_point)},
    ),
    Family(
        "class centres with centre loss",
        center,
        d_center,
        center_point,
        2,
        {
            "the centre loss does not reach the centres [M20 B7]": (
                "dcenters = -ddiff.sum(axis=0)",
                "dcenters = -np.sum(2 * ((onehot - p) / n)[:, :, None] * diff, axis=0)",
            ),
            "the centre loss does not reach the features [M20 B7]": (
                "dF = ddiff.sum(axis=1)",
                "dF = np.sum(2 * ((onehot - p) / n)[:, :, None] * diff, axis=1)",
            ),
            "the centres' sign is forgotten [B3]": ("dcenters = -ddiff", "dcenters = ddiff"),
            "the softmax's sign: probability minus one-hot [B3]": ("(onehot - p + 0.5", "(p - onehot + 0.5"),
            "the half of the centre loss is forgotten [B2]": ("0.5 * lam * onehot", "lam * onehot"),
            "the centre loss is summed over the batch, not averaged [B1 M11]": (
                "(onehot - p + 0.5 * lam * onehot) / n",
                "(onehot - p) / n + 0.5 * lam * onehot",
            ),
            "the 2 of the squared distance is forgotten [B2 M01]": ("ddiff = 2 * dD", "ddiff = dD"),
            "the centres' gradient is divided by the class counts, as the update rule does": (
                "-ddiff.sum(axis=0)",
                "-ddiff.sum(axis=0) / (1 + onehot.sum(axis=0))[:, None]",
            ),
            "only the own centre pulls the features: softmax's cross terms are dropped [B17 M21]": (
                "(onehot - p + 0.5 * lam * onehot)",
                "(onehot - onehot * p + 0.5 * lam * onehot)",
            ),
            "the softmax is over plus the distances [B3]": ("np.exp(-(D - D.min(", "np.exp((D - D.max("),
            "the distance's root: unit differences": (
                "ddiff = 2 * dD[:, :, None] * diff",
                "ddiff = dD[:, :, None] * diff / np.sqrt(D)[:, :, None]",
            ),
            "centres and features are summed over each other's axis, fixed by reshaping [M13]": (
                "dF = ddiff.sum(axis=1)\n    dcenters = -ddiff.sum(axis=0)",
                "dF = ddiff.reshape(k, n, -1).sum(axis=0)\n    dcenters = -ddiff.reshape(k, n, -1).sum(axis=1)",
            ),
            "the softmax's 1/n is forgotten but the centre loss's kept [B1 M11]": (
                "(onehot - p + 0.5 * lam * onehot) / n",
                "onehot - p + 0.5 * lam * onehot / n",
            ),
            "repeated labels: each centre gets the last of its samples only for the pull [B14]": (
                "dcenters = -ddiff.sum(axis=0)",
                "dcenters = -np.sum(2 * ((onehot - p) / n)[:, :, None] * diff, axis=0)\n"
                "    pull = np.zeros_like(centers)\n"
                "    pull[labels] -= lam * diff[np.arange(n), labels] / n\n"
                "    dcenters = dcenters + pull",
            ),
        },
        d_center_expand,
        {"far centres (saturated)": scaled(center_point, {1: 4.0}), "single precision": single(center_point)},
    ),
]
