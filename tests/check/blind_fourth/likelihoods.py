"""Likelihoods and samples: an autoencoder with a code's density, mixture, Gaussian process, filter, policy gradient."""

from __future__ import annotations

import numpy as np
from check.blind_fourth.case import Family
from check.blind_third.case import scaled, single


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def vae(p, X, noise, beta):
    h = np.tanh(X @ p["We"] + p["be"])
    mu = h @ p["Wm"] + p["bm"]
    logvar = h @ p["Ws"] + p["bs"]
    z = mu + np.exp(0.5 * logvar) * noise
    out = np.tanh(z @ p["Wd"] + p["bd"]) @ p["Wo"] + p["bo"]
    recon = 0.5 * np.sum((out - X) ** 2, axis=1)
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar), axis=1)
    return np.mean(recon + beta * kl)


def d_vae(p, X, noise, beta):
    n = len(X)
    h = np.tanh(X @ p["We"] + p["be"])
    mu = h @ p["Wm"] + p["bm"]
    logvar = h @ p["Ws"] + p["bs"]
    std = np.exp(0.5 * logvar)
    z = mu + std * noise
    k = np.tanh(z @ p["Wd"] + p["bd"])
    out = k @ p["Wo"] + p["bo"]
    # decoder
    dout = (out - X) / n
    dk = dout @ p["Wo"].T * (1 - k**2)
    dz = dk @ p["Wd"].T
    # the code: by way of the sample, and of the divergence
    dmu = dz + beta * mu / n
    dlogvar = dz * noise * 0.5 * std + beta * 0.5 * (np.exp(logvar) - 1) / n
    dh = dmu @ p["Wm"].T + dlogvar @ p["Ws"].T
    dpre = dh * (1 - h**2)
    return {
        "We": X.T @ dpre,
        "be": dpre.sum(axis=0),
        "Wm": h.T @ dmu,
        "bm": dmu.sum(axis=0),
        "Ws": h.T @ dlogvar,
        "bs": dlogvar.sum(axis=0),
        "Wd": z.T @ dk,
        "bd": dk.sum(axis=0),
        "Wo": k.T @ dout,
        "bo": dout.sum(axis=0),
    }


def vae_point(rng):
    D, H, Z, K = 5, 4, 2, 3
    shapes = {
        "We": (D, H),
        "be": H,
        "Wm": (H, Z),
        "bm": Z,
        "Ws": (H, Z),
        "bs": Z,
        "Wd": (Z, K),
        "bd": K,
        "Wo": (K, D),
        "bo": D,
    }
    return (
        {name: 0.6 * rng.normal(size=shape) for name, shape in shapes.items()},
        rng.normal(size=(7, D)),
        rng.normal(size=(7, Z)),
        0.7,
    )


def mixture(logits, means, log_sd, X):
    """Diagonal Gaussians; X: samples, dimensions."""
    n, d = X.shape
    total = 0.0
    logpi = logits - np.log(np.sum(np.exp(logits)))
    for x in X:
        each = []
        for k in range(len(logits)):
            u = (x - means[k]) / np.exp(log_sd[k])
            each.append(logpi[k] - np.sum(log_sd[k]) - 0.5 * u @ u - 0.5 * d * np.log(2 * np.pi))
        top = max(each)
        total -= top + np.log(sum(np.exp(e - top) for e in each))
    return total / n


def d_mixture(logits, means, log_sd, X):
    n, d = X.shape
    pi = softmax(logits)
    diff = X[:, None, :] - means
    var = np.exp(2 * log_sd)
    logp = np.log(pi) - log_sd.sum(axis=1) - 0.5 * np.sum(diff**2 / var, axis=2)
    resp = softmax(logp)
    Nk = resp.sum(axis=0)
    dlogits = pi - Nk / n
    dmeans = -np.einsum("nk,nkd->kd", resp, diff) / var / n
    dlog_sd = (Nk[:, None] - np.einsum("nk,nkd->kd", resp, diff**2) / var) / n
    return dlogits, dmeans, dlog_sd


def mixture_point(rng):
    return (
        rng.normal(size=3),
        1.2 * rng.normal(size=(3, 2)),
        0.4 * rng.normal(size=(3, 2)) - 0.1,
        1.5 * rng.normal(size=(8, 2)),
    )


def process(log_len, log_amp, log_noise, mean, X, y):
    n = len(y)
    U = X / np.exp(log_len)
    sq = np.sum((U[:, None] - U[None]) ** 2, axis=2)
    K = np.exp(2 * log_amp) * np.exp(-0.5 * sq) + np.exp(2 * log_noise) * np.eye(n)
    L = np.linalg.cholesky(K)
    a = np.linalg.solve(L, y - mean)
    return 0.5 * np.sum(a**2) + np.sum(np.log(np.diag(L))) + 0.5 * n * np.log(2 * np.pi)


def d_process(log_len, log_amp, log_noise, mean, X, y):
    n, d = X.shape
    ls, amp2, noise2 = np.exp(log_len), np.exp(2 * log_amp), np.exp(2 * log_noise)
    U = X / ls
    E = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            E[i, j] = np.exp(-0.5 * np.sum((U[i] - U[j]) ** 2))
    K = amp2 * E + noise2 * np.eye(n)
    Kinv = np.linalg.inv(K)
    alpha = Kinv @ (y - mean)
    dK = 0.5 * (Kinv - np.outer(alpha, alpha))
    dlog_len = np.zeros(d)
    for c in range(d):
        dist = (U[:, c][:, None] - U[:, c][None]) ** 2
        dlog_len[c] = np.sum(dK * amp2 * E * dist)
    dlog_amp = 2 * np.sum(dK * amp2 * E)
    dlog_noise = 2 * noise2 * np.trace(dK)
    dmean = -np.sum(alpha)
    return dlog_len, dlog_amp, dlog_noise, dmean


def process_point(rng):
    return 0.3 * rng.normal(size=2), 0.2, -0.9, 0.4, rng.normal(size=(7, 2)), rng.normal(size=7)


def process_stiff(rng):
    """Hardly any noise: the matrix is close to singular."""
    a = process_point(rng)
    return (a[0] + 0.8, a[1], -4.5, *a[3:])


def kalman(log_q, log_r, phi, m0, y):
    q, r = np.exp(log_q), np.exp(log_r)
    m, P = m0, 1.0
    total = 0.0
    for obs in y:
        m, P = phi * m, phi * phi * P + q
        S = P + r
        e = obs - m
        total += 0.5 * (np.log(S) + e * e / S)
        gain = P / S
        m, P = m + gain * e, (1 - gain) * P
    return total


def d_kalman(log_q, log_r, phi, m0, y):
    q, r = np.exp(log_q), np.exp(log_r)
    m, P = m0, 1.0
    steps = []
    for obs in y:
        mp, Pp = phi * m, phi * phi * P + q
        S = Pp + r
        e = obs - mp
        gain = Pp / S
        steps.append((m, P, Pp, S, e, gain))
        m, P = mp + gain * e, (1 - gain) * Pp
    dq = dr = dphi = dm = dP = 0.0
    for m, P, Pp, S, e, gain in reversed(steps):
        dgain = dm * e - dP * Pp
        dPp = dP * (1 - gain) + dgain / S
        dS = -dgain * Pp / S**2 + 0.5 / S - 0.5 * e**2 / S**2
        de = dm * gain + e / S
        dmp = dm - de
        dPp += dS
        dr += dS
        dq += dPp
        dphi += dmp * m + 2 * phi * P * dPp
        dm = phi * dmp
        dP = phi**2 * dPp
    return dq * q, dr * r, dphi, dm


def kalman_point(rng):
    return -0.7, 0.3, 0.8, 0.9, 1.5 * rng.normal(size=9)


def policy(W, b, states, actions, rewards, discount, baseline, entropy):
    """Loss of one episode with its sampled actions held fixed."""
    n = len(rewards)
    total = 0.0
    for t in range(n):
        value = sum(discount ** (u - t) * rewards[u] for u in range(t, n))
        p = softmax(W @ states[t] + b)
        total -= np.log(p[actions[t]]) * (value - baseline)
        total += entropy * np.sum(p * np.log(p))
    return total / n


def d_policy(W, b, states, actions, rewards, discount, baseline, entropy):
    n = len(rewards)
    returns = np.zeros(n)
    running = 0.0
    for t in reversed(range(n)):
        running = rewards[t] + discount * running
        returns[t] = running
    advantage = returns - baseline
    dW = np.zeros_like(W)
    db = np.zeros_like(b)
    for t in range(n):
        p = softmax(W @ states[t] + b)
        onehot = np.eye(len(b))[actions[t]]
        dlogits = advantage[t] * (p - onehot)
        H = np.sum(p * np.log(p))
        dlogits += entropy * p * (np.log(p) - H)
        dW += np.outer(dlogits, states[t]) / n
        db += dlogits / n
    return dW, db


def policy_point(rng):
    return (
        rng.normal(size=(3, 4)),
        rng.normal(size=3),
        rng.normal(size=(6, 4)),
        np.array([0, 2, 1, 1, 0, 2]),
        rng.normal(size=6),
        0.9,
        0.25,
        0.3,
    )


FAMILIES = [
    Family(
        "autoencoder with a Gaussian code",
        vae,
        d_vae,
        vae_point,
        1,
        {
            "the divergence's part of the mean is forgotten [M20]": ("dmu = dz + beta * mu / n", "dmu = dz"),
            "the divergence's part of the variance is forgotten [M20]": (
                " + beta * 0.5 * (np.exp(logvar) - 1) / n",
                "",
            ),
            "the sample's part of the variance is forgotten: noise held apart [M20 B7]": (
                "dz * noise * 0.5 * std + beta",
                "beta",
            ),
            "the half of the log-variance is lost in the sample [B2 M04]": ("noise * 0.5 * std", "noise * std"),
            "the sample's variance path misses the noise [M04]": ("dz * noise * 0.5 * std", "dz * 0.5 * std"),
            "the deviation is the variance in the sample's path": ("noise * 0.5 * std", "noise * 0.5 * std**2"),
            "the divergence's half is lost [B2]": ("beta * 0.5 * (np", "beta * (np"),
            "the divergence has the deviation, not the variance": ("(np.exp(logvar) - 1)", "(std - 1)"),
            "the divergence has lost its minus one [M20]": ("(np.exp(logvar) - 1)", "np.exp(logvar)"),
            "the divergence's weight is forgotten for the mean [M04]": ("dz + beta * mu / n", "dz + mu / n"),
            "the divergence is not averaged for the mean [B1 M11]": ("dz + beta * mu / n", "dz + beta * mu"),
            "the decoder's weights take the mean code, not the sample [M28]": ('"Wd": z.T', '"Wd": mu.T'),
            "the encoder is reached by the mean alone [M20]": (' + dlogvar @ p["Ws"].T', ""),
            "the decoder's tanh slope is forgotten [B9 M05]": (" * (1 - k**2)", ""),
            "the encoder's tanh slope is taken before tanh [B10]": (
                "dpre = dh * (1 - h**2)",
                "dpre = dh * (1 - (X @ p['We'] + p['be']) ** 2)",
            ),
            "the reconstruction is also averaged over the columns [B1 M12]": ("(out - X) / n", "(out - X) / X.size"),
            "the divergence's half is lost; and the decoder's slope is forgotten [B2 B9]": (
                "beta * 0.5 * (np",
                "beta * (np",
                " * (1 - k**2)",
                "",
            ),
            "the divergence's part of the mean is forgotten; and the divergence's half is lost [M20 B2]": (
                "dmu = dz + beta * mu / n",
                "dmu = dz",
                "beta * 0.5 * (np",
                "beta * (np",
            ),
        },
        None,
        {
            "a far too narrow code": lambda rng: (
                {**vae_point(rng)[0], "bs": np.array([-14.0, -11.0])},
                *vae_point(rng)[1:],
            )
        },
    ),
    Family(
        "mixture of diagonal Gaussians",
        mixture,
        d_mixture,
        mixture_point,
        3,
        {
            "the responsibilities are hard: the likeliest takes all": (
                "resp = softmax(logp)",
                "resp = (logp == logp.max(axis=1, keepdims=True)).astype(float)",
            ),
            "the responsibilities are not normed [B18]": ("resp = softmax(logp)", "resp = np.exp(logp)"),
            "the responsibilities are normed over the samples [B18]": (
                "resp = softmax(logp)",
                "resp = softmax(logp.T).T",
            ),
            "the mixing weights are left out of the responsibilities": ("logp = np.log(pi) - log_sd", "logp = -log_sd"),
            "the determinant is left out of the responsibilities": ("- log_sd.sum(axis=1)", ""),
            "the half of the exponent is forgotten in the responsibilities": (
                "0.5 * np.sum(diff**2 / var",
                "np.sum(diff**2 / var",
            ),
            "means: divided by the deviation, not the variance [M02]": (
                "resp, diff) / var",
                "resp, diff) / np.sqrt(var)",
            ),
            "means: not divided by the variance [M04]": ("resp, diff) / var", "resp, diff)"),
            "means: the sign [B3 M03]": ("dmeans = -np", "dmeans = np"),
            "means: averaged over the component's own weight, as in EM": ("/ var / n", "/ var / Nk[:, None]"),
            "deviations: the determinant's part is forgotten [M20]": ("(Nk[:, None] - np", "(-np"),
            "deviations: each component counts as a third of the samples": ("(Nk[:, None] - np", "(n / 3 - np"),
            "deviations: gradient in the deviation, not its logarithm [M04]": (
                "resp, diff**2) / var) / n",
                "resp, diff**2) / var) / n / np.sqrt(var)",
            ),
            "weights: the softmax is not subtracted [M22]": ("dlogits = pi - Nk / n", "dlogits = -Nk / n"),
            "weights: the gradient in the probabilities is returned [M04]": (
                "dlogits = pi - Nk / n",
                "dlogits = -Nk / n / pi",
            ),
            "weights: not averaged [B1 M11]": ("pi - Nk / n", "pi * n - Nk"),
            "the responsibilities are not normed; and the determinant is left out of the responsibilities [B18]": (
                "resp = softmax(logp)",
                "resp = np.exp(logp)",
                "- log_sd.sum(axis=1)",
                "",
            ),
        },
        None,
        {"samples far from every component": scaled(mixture_point, {3: 25.0})},
    ),
    Family(
        "Gaussian process evidence with two lengths",
        process,
        d_process,
        process_point,
        4,
        {
            "the half of the evidence is lost [B2]": ("dK = 0.5 * (Kinv", "dK = (Kinv"),
            "the determinant's part is forgotten [M20]": (
                "(Kinv - np.outer(alpha, alpha))",
                "(-np.outer(alpha, alpha))",
            ),
            "the data's part is forgotten [M20]": ("(Kinv - np.outer(alpha, alpha))", "Kinv"),
            "the sign of the data's part [B3]": ("(Kinv - np", "(Kinv + np"),
            "the amplitude's 2 is lost [B2 M01]": ("2 * np.sum(dK * amp2 * E)", "np.sum(dK * amp2 * E)"),
            "the amplitude takes the noise along": ("np.sum(dK * amp2 * E)\n", "np.sum(dK * K)\n"),
            "the amplitude's trace only: the products' diagonal is summed [M10]": (
                "2 * np.sum(dK * amp2 * E)",
                "2 * np.trace(dK * amp2 * E)",
            ),
            "the noise's 2 is lost [B2 M01]": ("2 * noise2 * np", "noise2 * np"),
            "the noise reaches all entries, not the diagonal": ("np.trace(dK)", "np.sum(dK)"),
            "the noise's gradient is that of the variance, not of its logarithm [M04]": ("2 * noise2 * np", "np"),
            "lengths: distances not divided by the lengths [M04]": (
                "dist = (U[:, c][:, None] - U[:, c][None]) ** 2",
                "dist = (X[:, c][:, None] - X[:, c][None]) ** 2",
            ),
            "lengths: gradient in the length, not its logarithm [M04]": ("E * dist)", "E * dist) / ls[c]"),
            "lengths: the distance is not squared [M02]": (
                "U[:, c][None]) ** 2\n",
                "U[:, c][None])\n        dist = np.abs(dist)\n",
            ),
            "lengths: both get the whole distance, as with one common length": (
                "dist = (U[:, c][:, None] - U[:, c][None]) ** 2",
                "dist = -2 * np.log(E)",
            ),
            "lengths: the minus of the exponent stays [B3]": (
                "np.sum(dK * amp2 * E * dist)",
                "np.sum(-dK * amp2 * E * dist)",
            ),
            "the mean's gradient sums the residuals, not their weights": ("-np.sum(alpha)", "-np.sum(y - mean)"),
            "the mean's sign [B3]": ("-np.sum(alpha)", "np.sum(alpha)"),
            "the data are not centred in the backward pass": ("Kinv @ (y - mean)", "Kinv @ y"),
            "the amplitude's 2 is lost; and the mean's sign [B2 B3]": (
                "2 * np.sum(dK * amp2 * E)",
                "np.sum(dK * amp2 * E)",
                "-np.sum(alpha)",
                "np.sum(alpha)",
            ),
            "the noise's 2 is lost; and the amplitude's 2 is lost [B2 M01]": (
                "2 * noise2 * np",
                "noise2 * np",
                "2 * np.sum(dK * amp2 * E)",
                "np.sum(dK * amp2 * E)",
            ),
        },
        None,
        {"hardly any noise": process_stiff},
    ),
    Family(
        "scalar Kalman filter",
        kalman,
        d_kalman,
        kalman_point,
        4,
        {
            "gradient in the noise variance is returned for its logarithm [M04]": ("return dq * q,", "return dq,"),
            "the gain is a constant [B7 M20]": ("dgain = dm * e - dP * Pp", "dgain = 0.0"),
            "the gain's effect on the variance is forgotten [M20]": ("dm * e - dP * Pp", "dm * e"),
            "the gain's effect on the variance has the wrong sign [B3]": ("dm * e - dP * Pp", "dm * e + dP * Pp"),
            "the gain uses the filtered variance": ("- dP * Pp", "- dP * P"),
            "the quotient's slope below the line is forgotten [M20]": ("-dgain * Pp / S**2 + 0.5 / S", "0.5 / S"),
            "the quotient's slope below the line is not squared [M02]": ("-dgain * Pp / S**2", "-dgain * Pp / S"),
            "the logarithm's part is forgotten [M20]": ("+ 0.5 / S -", "-"),
            "the innovation's part of S is forgotten [M20]": (" - 0.5 * e**2 / S**2", ""),
            "the innovation reaches only the density, not the update [M20]": ("de = dm * gain + e / S", "de = e / S"),
            "the predicted mean reaches only the innovation [M20]": ("dmp = dm - de", "dmp = -de"),
            "the innovation's minus is forgotten [B3]": ("dmp = dm - de", "dmp = dm + de"),
            "phi's share of the variance is forgotten [M20]": ("dmp * m + 2 * phi * P * dPp", "dmp * m"),
            "phi's square loses its 2 [M01]": ("2 * phi * P * dPp", "phi * P * dPp"),
            "variance goes back in time by phi, not its square [M02]": ("dP = phi**2 * dPp", "dP = phi * dPp"),
            "the mean does not go back in time [B27]": ("        dm = phi * dmp\n", "        dm = 0.0\n"),
            "the prediction's variance forgets S [M20]": ("        dPp += dS\n", ""),
            "measurement noise keeps only the first step [B14]": ("dr += dS", "dr = dS"),
            "phi's square loses its 2; and the gain is a constant [M01 B7]": (
                "2 * phi * P * dPp",
                "phi * P * dPp",
                "dgain = dm * e - dP * Pp",
                "dgain = 0.0",
            ),
            "the innovation's minus is forgotten; and the innovation's part of S is forgotten [B3 M20]": (
                "dmp = dm - de",
                "dmp = dm + de",
                " - 0.5 * e**2 / S**2",
                "",
            ),
        },
        None,
        {"single precision": single(kalman_point)},
    ),
    Family(
        "policy gradient with returns and entropy",
        policy,
        d_policy,
        policy_point,
        2,
        {
            "the baseline is forgotten": ("advantage = returns - baseline", "advantage = returns"),
            "the discount is forgotten": ("rewards[t] + discount * running", "rewards[t] + running"),
            "returns discount the present reward too": (
                "rewards[t] + discount * running",
                "discount * (rewards[t] + running)",
            ),
            "rewards of the moment stand for the returns": ("rewards[t] + discount * running", "rewards[t]"),
            "returns run forwards in time [B25]": ("for t in reversed(range(n)):", "for t in range(n):"),
            "every step gets the whole episode's return": (
                "advantage = returns - baseline",
                "advantage = np.full(n, returns[0]) - baseline",
            ),
            "the action's one is not subtracted [M22]": ("(p - onehot)", "p"),
            "the sign: climbs where the loss falls [B3]": (
                "advantage[t] * (p - onehot)",
                "advantage[t] * (onehot - p)",
            ),
            "only the chosen action's score is moved [B17 M21]": ("(p - onehot)", "(p - onehot) * onehot"),
            "advantages are not used at all [B24]": ("advantage[t] * (p", "(p"),
            "entropy misses the mean: softmax's diagonal only [B17 M21]": (
                "entropy * p * (np.log(p) - H)",
                "entropy * p * (1 - p) * (np.log(p) + 1)",
            ),
            "entropy's gradient is in the probabilities, not the scores [M04]": (
                "entropy * p * (np.log(p) - H)",
                "entropy * (np.log(p) + 1)",
            ),
            "entropy has the wrong sign [B3]": ("dlogits += entropy", "dlogits -= entropy"),
            "entropy is forgotten [B20]": ("        dlogits += entropy * p * (np.log(p) - H)\n", ""),
            "entropy overwrites the policy's part [B14]": ("dlogits += entropy", "dlogits = entropy"),
            "only the last step is kept for the bias [B14]": ("db += dlogits", "db = dlogits"),
            "summed over the episode [B1 M11]": ("states[t]) / n", "states[t])"),
            "probabilities are raised by the probability of the action, not its logarithm": (
                "advantage[t] * (p - onehot)",
                "advantage[t] * (p - onehot) * p[actions[t]]",
            ),
            "the baseline is forgotten; and only the last step kept for the bias [B14]": (
                "advantage = returns - baseline",
                "advantage = returns",
                "db += dlogits",
                "db = dlogits",
            ),
            "advantages are not used at all; and summed over the episode [B24 B1 M11]": (
                "advantage[t] * (p",
                "(p",
                "states[t]) / n",
                "states[t])",
            ),
        },
        None,
        {"sure of its actions": scaled(policy_point, {0: 3.0})},
    ),
]
