"""Windows over grids: a small image net by im2col, a padded 1-D convolution by loops, capsules, word vectors averaged."""

from __future__ import annotations

import numpy as np
from check.blind_fourth.case import Family
from check.blind_third.case import scaled, single


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lenet(K, c, W, b, images, labels):
    N, C, H, V = images.shape
    F, _, k, _ = K.shape
    Ho, Vo = H - k + 1, V - k + 1
    out = np.zeros((N, F, Ho, Vo))
    for i in range(Ho):
        for j in range(Vo):
            out[:, :, i, j] = np.tensordot(images[:, :, i : i + k, j : j + k], K, axes=([1, 2, 3], [1, 2, 3])) + c
    A = np.maximum(out, 0)
    pooled = A.reshape(N, F, Ho // 2, 2, Vo // 2, 2).max(axis=(3, 5))
    S = pooled.reshape(N, -1) @ W + b
    S = S - S.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(S).sum(axis=1)) - S[np.arange(N), labels])


def im2col(images, k):
    N, C, H, V = images.shape
    rows = []
    for i in range(H - k + 1):
        for j in range(V - k + 1):
            rows.append(images[:, :, i : i + k, j : j + k].reshape(N, -1))
    return np.stack(rows, axis=1)


def d_lenet(K, c, W, b, images, labels):
    N, C, H, V = images.shape
    F, _, k, _ = K.shape
    Ho, Vo = H - k + 1, V - k + 1
    cols = im2col(images, k)
    Z = cols @ K.reshape(F, -1).T + c
    Z = Z.transpose(0, 2, 1).reshape(N, F, Ho, Vo)
    A = np.maximum(Z, 0)
    windows = A.reshape(N, F, Ho // 2, 2, Vo // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(N, F, Ho // 2, Vo // 2, 4)
    best = windows.argmax(axis=-1)
    flat = windows.max(axis=-1).reshape(N, -1)
    S = flat @ W + b
    P = np.exp(S - S.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)

    dS = P
    dS[np.arange(N), labels] -= 1
    dS /= N
    dW = flat.T @ dS
    db = dS.sum(axis=0)
    dflat = (dS @ W.T).reshape(best.shape)
    dwindows = np.zeros_like(windows)
    np.put_along_axis(dwindows, best[..., None], dflat[..., None], axis=-1)
    dA = dwindows.reshape(N, F, Ho // 2, Vo // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(N, F, Ho, Vo)
    dZ = dA * (Z > 0)
    drows = dZ.reshape(N, F, -1).transpose(0, 2, 1)
    dK = np.einsum("npf,npq->fq", drows, cols).reshape(K.shape)
    dc = drows.sum(axis=(0, 1))
    return dK, dc, dW, db


def lenet_point(rng):
    K = rng.normal(size=(3, 2, 3, 3)) * 0.6
    return (
        K,
        0.4 * rng.normal(size=3),
        rng.normal(size=(18, 4)),
        rng.normal(size=4),
        rng.normal(size=(5, 2, 6, 8)),
        np.array([0, 3, 1, 2, 3]),
    )


def lenet_ties(rng):
    """A black image: all places of a window are equal."""
    K, c, W, b, images, labels = lenet_point(rng)
    images[1] = 0
    return K, c, W, b, images, labels


def signal(kernel, bias, w, x, y, pad, width):
    n, T = x.shape
    F, k = kernel.shape
    total = 0.0
    for s in range(n):
        z = np.pad(x[s], pad)
        pred = 0.0
        for f in range(F):
            h = np.array([np.tanh(z[t : t + k] @ kernel[f] + bias[f]) for t in range(T + 2 * pad - k + 1)])
            pooled = h[: len(h) // width * width].reshape(-1, width).mean(axis=1)
            pred += pooled @ w[f]
        total += abs(pred - y[s]) ** 1.5
    return total / n


def d_signal(kernel, bias, w, x, y, pad, width):
    n, T = x.shape
    F, k = kernel.shape
    L = T + 2 * pad - k + 1
    P = L // width
    dkernel, dbias, dw = np.zeros_like(kernel), np.zeros_like(bias), np.zeros_like(w)
    for s in range(n):
        z = np.pad(x[s], pad)
        h = np.zeros((F, L))
        for t in range(L):
            h[:, t] = np.tanh(kernel @ z[t : t + k] + bias)
        pooled = h[:, : P * width].reshape(F, P, width).mean(axis=2)
        r = np.sum(pooled * w) - y[s]
        dpred = 1.5 * np.sign(r) * np.sqrt(abs(r)) / n
        dw += dpred * pooled
        dpooled = dpred * w
        dh = np.zeros((F, L))
        dh[:, : P * width] = np.repeat(dpooled, width, axis=1) / width
        dz = dh * (1 - h**2)
        for t in range(L):
            dkernel += np.outer(dz[:, t], z[t : t + k])
            dbias += dz[:, t]
    return dkernel, dbias, dw


def signal_point(rng):
    return (
        rng.normal(size=(3, 4)),
        0.5 * rng.normal(size=3),
        rng.normal(size=(3, 5)),
        rng.normal(size=(6, 12)),
        rng.normal(size=6),
        1,
        2,
    )


def capsules(W, u, targets, top, low, down):
    votes = np.einsum("ijpq,niq->nijp", W, u)
    s = votes.mean(axis=1)
    sq = np.sum(s**2, axis=2, keepdims=True)
    v = sq / (1 + sq) * s / np.sqrt(sq)
    length = np.sqrt(np.sum(v**2, axis=2))
    present = targets * np.maximum(0, top - length) ** 2
    absent = down * (1 - targets) * np.maximum(0, length - low) ** 2
    return np.sum(present + absent) / len(u)


def d_capsules(W, u, targets, top, low, down):
    n, I, _ = u.shape
    votes = np.einsum("ijpq,niq->nijp", W, u)
    s = votes.mean(axis=1)
    norm = np.sqrt(np.sum(s**2, axis=2))
    length = norm**2 / (1 + norm**2)
    dlength = -2 * targets * np.maximum(0, top - length)
    dlength += 2 * down * (1 - targets) * np.maximum(0, length - low)
    dlength /= n
    dnorm = dlength * 2 * norm / (1 + norm**2) ** 2
    ds = dnorm[:, :, None] * s / norm[:, :, None]
    dvotes = np.repeat(ds[:, None] / I, I, axis=1)
    return np.einsum("nijp,niq->ijpq", dvotes, u)


def d_capsules_vectors(W, u, targets, top, low, down):
    """By the Jacobian of the squashed vector."""
    n, I, _ = u.shape
    grad = np.zeros_like(W)
    for x, t in zip(u, targets, strict=True):
        for j in range(W.shape[1]):
            s = np.mean([W[i, j] @ x[i] for i in range(I)], axis=0)
            r = np.linalg.norm(s)
            v = r / (1 + r**2) * s
            J = r / (1 + r**2) * np.eye(len(s)) + (1 - r**2) / (1 + r**2) ** 2 * np.outer(s, s) / r
            size = np.linalg.norm(v)
            slope = -2 * t[j] * max(0, top - size) + 2 * down * (1 - t[j]) * max(0, size - low)
            ds = J.T @ (slope * v / size)
            for i in range(I):
                grad[i, j] += np.outer(ds, x[i]) / (I * n)
    return grad


def capsules_point(rng):
    targets = np.array([[1, 0, 0], [0, 0, 1], [0, 1, 1], [1, 0, 0.0]])
    return 0.9 * rng.normal(size=(5, 3, 2, 6)), rng.normal(size=(4, 5, 6)), targets, 0.6, 0.25, 0.5


def bag(E, W, b, docs, mask, labels, decay):
    vectors = E[docs] * mask[:, :, None]
    mean = vectors.sum(axis=1) / mask.sum(axis=1, keepdims=True)
    logits = np.tanh(mean) @ W + b
    bce = np.maximum(logits, 0) - logits * labels + np.log1p(np.exp(-np.abs(logits)))
    return bce.sum(axis=1).mean() + decay * np.sum(E[1:] ** 2)


def d_bag(E, W, b, docs, mask, labels, decay):
    counts = mask.sum(axis=1, keepdims=True)
    mean = np.einsum("ntd,nt->nd", E[docs], mask) / counts
    h = np.tanh(mean)
    logits = h @ W + b
    dlogits = (sigmoid(logits) - labels) / len(docs)
    dW = np.dot(h.T, dlogits)
    db = np.sum(dlogits, axis=0)
    dmean = np.dot(dlogits, W.T) * (1 - h * h)
    dvectors = (dmean / counts)[:, None, :] * mask[:, :, None]
    dE = np.zeros_like(E)
    np.add.at(dE, docs, dvectors)
    dE[1:] += 2 * decay * E[1:]
    return dE, dW, db


def bag_point(rng):
    docs = np.array([[1, 4, 4, 6, 2], [3, 2, 5, 0, 0], [6, 1, 6, 3, 0], [2, 7, 0, 0, 0]])
    mask = (docs > 0).astype(float)
    labels = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0], [0, 1, 0.0]])
    return rng.normal(size=(8, 6)), rng.normal(size=(6, 3)), rng.normal(size=3), docs, mask, labels, 0.02


FAMILIES = [
    Family(
        "image net by im2col with max pooling",
        lenet,
        d_lenet,
        lenet_point,
        4,
        {
            "pooling's gradient goes to all four places": (
                "np.put_along_axis(dwindows, best[..., None], dflat[..., None], axis=-1)",
                "dwindows += dflat[..., None]",
            ),
            "pooling's gradient is spread evenly, as for averages": (
                "np.put_along_axis(dwindows, best[..., None], dflat[..., None], axis=-1)",
                "dwindows += dflat[..., None] / 4",
            ),
            "pooling's gradient goes to the first place of each window": (
                "best[..., None], dflat",
                "0 * best[..., None], dflat",
            ),
            "pooling's gradient goes to the smallest": (
                "best = windows.argmax(axis=-1)",
                "best = windows.argmin(axis=-1)",
            ),
            "the rectifier's mask is forgotten [M05 B22]": ("dZ = dA * (Z > 0)", "dZ = dA"),
            "windows are put back with rows and columns mixed up [B4]": (
                "Vo // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5)",
                "Vo // 2, 2, 2).transpose(0, 1, 2, 5, 3, 4)",
            ),
            "filters and places are mixed up in the reshape [M09]": (
                "dZ.reshape(N, F, -1).transpose(0, 2, 1)",
                "dZ.reshape(N, -1, F)",
            ),
            "the filters are averaged over the places [B1]": (
                '"npf,npq->fq", drows, cols)',
                '"npf,npq->fq", drows / (Ho * Vo), cols)',
            ),
            "the filters are turned round, as for a true convolution": (
                ".reshape(K.shape)",
                ".reshape(K.shape)[:, :, ::-1, ::-1]",
            ),
            "the filters' bias sums over the batch, then takes the mean of the places [B6 M13]": (
                "drows.sum(axis=(0, 1))",
                "drows.sum(axis=0).mean(axis=0)",
            ),
            "the filters' bias takes only the first image [B23]": ("drows.sum(axis=(0, 1))", "drows[0].sum(axis=0)"),
            "not divided by the batch [B1 M11]": ("    dS /= N\n", ""),
            "the labels are not subtracted [M22]": ("    dS[np.arange(N), labels] -= 1\n", ""),
            "the readout's weights take the activations rolled by one [B25]": (
                "dW = flat.T @ dS",
                "dW = np.roll(flat, 1, axis=1).T @ dS",
            ),
            "pooling's gradient goes to all; and the filters' bias is averaged over places [B6]": (
                "np.put_along_axis(dwindows, best[..., None], dflat[..., None], axis=-1)",
                "dwindows += dflat[..., None]",
                "drows.sum(axis=(0, 1))",
                "drows.sum(axis=0).mean(axis=0)",
            ),
        },
        None,
        {"ties in the windows": lenet_ties, "single precision": single(lenet_point)},
    ),
    Family(
        "padded 1-D convolution by loops",
        signal,
        d_signal,
        signal_point,
        3,
        {
            "the window starts one place late [B25]": (
                "np.outer(dz[:, t], z[t : t + k])",
                "np.outer(dz[:, t], np.roll(z, -1)[t : t + k])",
            ),
            "the window starts where its pool starts [B25]": (
                "np.outer(dz[:, t], z[t : t + k])",
                "np.outer(dz[:, t], z[t // width * width : t // width * width + k])",
            ),
            "the window is reversed": ("z[t : t + k])\n            dbias", "z[t : t + k][::-1])\n            dbias"),
            "the first place is forgotten in the sums [B8]": (
                "for t in range(L):\n            dkernel",
                "for t in range(1, L):\n            dkernel",
            ),
            "the average's width is forgotten [B1 M11]": ("width, axis=1) / width", "width, axis=1)"),
            "the average's gradient is tiled, not repeated [B25]": (
                "np.repeat(dpooled, width, axis=1)",
                "np.tile(dpooled, (1, width))",
            ),
            "divided by the number of windows, not their width [B1]": ("axis=1) / width", "axis=1) / P"),
            "tanh's slope is forgotten [B9 M05]": ("dh * (1 - h**2)", "dh"),
            "tanh's slope is 1 - h [M02]": ("(1 - h**2)", "(1 - h)"),
            "the residual's sign is lost": ("1.5 * np.sign(r) * np.sqrt", "1.5 * np.sqrt"),
            "the power's factor 1.5 is lost [M02]": ("1.5 * np.sign(r)", "np.sign(r)"),
            "the power is not lowered [M02]": ("np.sqrt(abs(r)) / n", "abs(r) ** 1.5 / n"),
            "the kernels keep only the last sample's sum [B14]": (
                "        dz = dh * (1 - h**2)\n",
                "        dz = dh * (1 - h**2)\n        dkernel[:] = 0\n",
            ),
            "the bias takes the mean over places [B6]": ("dbias += dz[:, t]", "dbias += dz[:, t] / L"),
            "not divided by the number of samples [B1 M11]": ("np.sqrt(abs(r)) / n", "np.sqrt(abs(r))"),
            "the readout is multiplied by the residual's slope but not summed: the last sample stands [B14]": (
                "dw += dpred",
                "dw = dpred",
            ),
            "tanh's slope is forgotten; and the power's factor is lost [B9 M02]": (
                "dh * (1 - h**2)",
                "dh",
                "1.5 * np.sign(r)",
                "np.sign(r)",
            ),
        },
        None,
        {"saturated units": scaled(signal_point, {0: 12.0})},
    ),
    Family(
        "capsules with squash and margin loss",
        capsules,
        d_capsules,
        capsules_point,
        1,
        {
            "the present margin's 2 is lost [B2 M01]": ("-2 * targets", "-targets"),
            "the present margin has lost its minus [B3]": ("-2 * targets", "2 * targets"),
            "the absent classes' weight is forgotten [M04]": ("2 * down * (1 - targets)", "2 * (1 - targets)"),
            "absent classes get no gradient [M20]": (
                "    dlength += 2 * down * (1 - targets) * np.maximum(0, length - low)\n",
                "",
            ),
            "absent classes overwrite the present ones' [B14]": ("dlength += 2 * down", "dlength = 2 * down"),
            "the squash's slope has no square below the line [M02]": ("(1 + norm**2) ** 2", "(1 + norm**2)"),
            "the squash's slope is taken for that of a length without squash": (
                "dlength * 2 * norm / (1 + norm**2) ** 2",
                "dlength",
            ),
            "the squash's 2 is lost [M01]": ("dlength * 2 * norm", "dlength * norm"),
            "the length's direction is not normed [M04]": (
                "dnorm[:, :, None] * s / norm[:, :, None]",
                "dnorm[:, :, None] * s",
            ),
            "the direction is divided by the squared length": ("s / norm[:, :, None]", "s / norm[:, :, None] ** 2"),
            "the mean over the lower capsules is taken for a sum [B1]": ("ds[:, None] / I", "ds[:, None]"),
            "divided by the lower capsules twice [M12]": ("ds[:, None] / I", "ds[:, None] / I**2"),
            "not divided by the batch [B1 M11]": ("    dlength /= n\n", ""),
            "margins are not cut at zero [M05]": (
                "np.maximum(0, length - low)",
                "(length - low)",
                "np.maximum(0, top - length)",
                "(top - length)",
            ),
            "the lower capsules are read in reverse order [B25]": ("dvotes, u)", "dvotes, u[:, ::-1])"),
            "the present margin's 2 is lost; and the squash's 2 is lost [B2 M01]": (
                "-2 * targets",
                "-targets",
                "dlength * 2 * norm",
                "dlength * norm",
            ),
        },
        d_capsules_vectors,
        {"long vectors": scaled(capsules_point, {0: 8.0})},
    ),
    Family(
        "averaged word vectors with tags",
        bag,
        d_bag,
        bag_point,
        3,
        {
            "words that come twice are counted once [B14]": ("np.add.at(dE, docs, dvectors)", "dE[docs] += dvectors"),
            "only each document's first word gets a gradient [B8]": (
                "np.add.at(dE, docs, dvectors)",
                "np.add.at(dE, docs[:, 0], dvectors[:, 0])",
            ),
            "the padding's mask is forgotten in the gradient": (
                "(dmean / counts)[:, None, :] * mask[:, :, None]",
                "np.repeat((dmean / counts)[:, None, :], docs.shape[1], axis=1)",
            ),
            "the mean is over all places, padding too [B1]": (
                "counts = mask.sum(axis=1, keepdims=True)",
                "counts = docs.shape[1]",
            ),
            "the count is not divided by going back [B1 M11]": ("(dmean / counts)[:, None, :]", "dmean[:, None, :]"),
            "averaged over all places going back [B1]": ("(dmean / counts)", "(dmean / docs.shape[1])"),
            "the decay reaches the padding's vector [B20]": ("dE[1:] += 2 * decay * E[1:]", "dE += 2 * decay * E"),
            "the decay's 2 is lost [B20 M01]": ("2 * decay", "decay"),
            "decay only on the words that occur once more [B20]": (
                "dE[1:] += 2 * decay * E[1:]",
                "dE[np.unique(docs[0])] += 2 * decay * E[np.unique(docs[0])]",
            ),
            "tanh's slope is forgotten [B9]": (" * (1 - h * h)", ""),
            "tanh's slope is taken of the mean, before tanh [B10]": ("(1 - h * h)", "(1 - mean * mean)"),
            "the slope is sigmoid's, not tanh's [B9]": ("(1 - h * h)", "h * (1 - h)"),
            "the tags' loss is averaged over the tags too [B1 M12]": ("labels) / len(docs)", "labels) / labels.size"),
            "sigmoid's slope is multiplied in once more [M08]": (
                "dlogits = (sigmoid(logits) - labels)",
                "dlogits = (sigmoid(logits) - labels) * sigmoid(logits) * (1 - sigmoid(logits))",
            ),
            "the readout takes the mean, before tanh [M28]": ("np.dot(h.T, dlogits)", "np.dot(mean.T, dlogits)"),
            "labels minus probability [B3 M03]": ("(sigmoid(logits) - labels)", "(labels - sigmoid(logits))"),
            "repeated words are counted once; and tanh's slope is forgotten [B14 B9]": (
                "np.add.at(dE, docs, dvectors)",
                "dE[docs] += dvectors",
                " * (1 - h * h)",
                "",
            ),
        },
        None,
        {"logits of hundreds": scaled(bag_point, {1: 90.0})},
    ),
]
