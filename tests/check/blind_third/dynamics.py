"""Simulations: predator and prey by Euler, a pendulum by Runge-Kutta, an epidemic, learning to start (MAML), leapfrog."""

from __future__ import annotations

import numpy as np
from check.blind_third.case import Family, scaled, single


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def prey(theta, start, seen, dt, every):
    """Lotka-Volterra, theta are the logarithms of the four rates; squared errors of the logarithms at every k-th step."""
    rate = np.exp(theta)
    x, y = np.exp(start[0]), np.exp(start[1])
    total = 0.0
    for t in range(1, every * len(seen) + 1):
        x, y = x + dt * (rate[0] * x - rate[1] * x * y), y + dt * (rate[2] * x * y - rate[3] * y)
        if t % every == 0:
            target = seen[t // every - 1]
            total = total + (np.log(x) - target[0]) ** 2 + (np.log(y) - target[1]) ** 2
    return total / len(seen)


def d_prey(theta, start, seen, dt, every):
    a, b, c, d = np.exp(theta)
    steps = every * len(seen)
    xs, ys = np.zeros(steps + 1), np.zeros(steps + 1)
    xs[0], ys[0] = np.exp(start)
    for t in range(steps):
        x, y = xs[t], ys[t]
        xs[t + 1] = x + dt * (a * x - b * x * y)
        ys[t + 1] = y + dt * (c * x * y - d * y)
    da = db = dc = dd = 0.0
    gx = gy = 0.0
    for t in range(steps, 0, -1):
        if t % every == 0:
            target = seen[t // every - 1]
            gx += 2 * (np.log(xs[t]) - target[0]) / xs[t] / len(seen)
            gy += 2 * (np.log(ys[t]) - target[1]) / ys[t] / len(seen)
        x, y = xs[t - 1], ys[t - 1]
        da += gx * dt * x
        db -= gx * dt * x * y
        dc += gy * dt * x * y
        dd -= gy * dt * y
        new_gx = gx * (1 + dt * (a - b * y)) + gy * dt * c * y
        new_gy = gy * (1 + dt * (c * x - d)) - gx * dt * b * x
        gx, gy = new_gx, new_gy
    dtheta = np.array([da, db, dc, dd]) * np.exp(theta)
    dstart = np.array([gx * xs[0], gy * ys[0]])
    return dtheta, dstart


def d_prey_forward(theta, start, seen, dt, every):
    """Sensitivity equations alongside the simulation."""
    r = np.exp(theta)
    s = np.exp(start)
    S = np.zeros((2, 6))
    S[0, 4], S[1, 5] = s
    out = np.zeros(6)
    for t in range(every * len(seen)):
        x, y = s
        J = np.array([[r[0] - r[1] * y, -r[1] * x], [r[2] * y, r[2] * x - r[3]]])
        P = np.zeros((2, 6))
        P[0, :2] = r[0] * x, -r[1] * x * y
        P[1, 2:4] = r[2] * x * y, -r[3] * y
        S = S + dt * (J @ S + P)
        s = s + dt * np.array([r[0] * x - r[1] * x * y, r[2] * x * y - r[3] * y])
        if (t + 1) % every == 0:
            out += 2 * ((np.log(s) - seen[(t + 1) // every - 1]) / s) @ S / len(seen)
    return out[:4], out[4:]


def prey_point(rng):
    theta = np.log([0.9, 0.5, 0.4, 0.7]) + 0.2 * rng.normal(size=4)
    return theta, np.array([0.6, 0.1]) + 0.1 * rng.normal(size=2), rng.normal(size=(4, 2)), 0.2, 3


def pendulum(params, start, seen, h):
    """Damped pendulum q'' = -w sin q - c q' by fourth-order Runge-Kutta; q is observed after every step."""
    w, c = params[0], params[1]

    def rate(q, v):
        return v, -w * np.sin(q) - c * v

    q, v = start[0], start[1]
    total = 0.0
    for target in seen:
        a1, b1 = rate(q, v)
        a2, b2 = rate(q + 0.5 * h * a1, v + 0.5 * h * b1)
        a3, b3 = rate(q + 0.5 * h * a2, v + 0.5 * h * b2)
        a4, b4 = rate(q + h * a3, v + h * b3)
        q, v = q + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4), v + h / 6 * (b1 + 2 * b2 + 2 * b3 + b4)
        total = total + 0.5 * (q - target) ** 2
    return total


def d_pendulum(params, start, seen, h):
    w, c = params

    def rate(s):
        return np.array([s[1], -w * np.sin(s[0]) - c * s[1]])

    def pull(s, g):
        gs = np.array([-w * np.cos(s[0]) * g[1], g[0] - c * g[1]])
        return gs, np.array([-np.sin(s[0]) * g[1], -s[1] * g[1]])

    states = [np.asarray(start)]
    stages = []
    for _ in seen:
        s1 = states[-1]
        k1 = rate(s1)
        s2 = s1 + 0.5 * h * k1
        k2 = rate(s2)
        s3 = s1 + 0.5 * h * k2
        k3 = rate(s3)
        s4 = s1 + h * k3
        k4 = rate(s4)
        stages.append((s1, s2, s3, s4))
        states.append(s1 + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    dp = np.zeros(2)
    g = np.zeros(2)
    for t in range(len(seen) - 1, -1, -1):
        g = g + np.array([states[t + 1][0] - seen[t], 0.0])
        s1, s2, s3, s4 = stages[t]
        u4, p4 = pull(s4, h / 6 * g)
        u3, p3 = pull(s3, h / 3 * g + h * u4)
        u2, p2 = pull(s2, h / 3 * g + 0.5 * h * u3)
        u1, p1 = pull(s1, h / 6 * g + 0.5 * h * u2)
        dp += p1 + p2 + p3 + p4
        g = g + u1 + u2 + u3 + u4
    return dp, g


def d_pendulum_forward(params, start, seen, h):
    """The tangent system through the same Runge-Kutta steps."""
    w, c = params

    def rate(z):
        s, S = z[:, 0], z[:, 1:]
        J = np.array([[0, 1], [-w * np.cos(s[0]), -c]])
        P = np.zeros((2, 4))
        P[1, :2] = -np.sin(s[0]), -s[1]
        return np.column_stack([[s[1], -w * np.sin(s[0]) - c * s[1]], J @ S + P])

    z = np.zeros((2, 5))
    z[:, 0] = start
    z[:, 3:] = np.eye(2)
    out = np.zeros(4)
    for target in seen:
        k1 = rate(z)
        k2 = rate(z + h / 2 * k1)
        k3 = rate(z + h / 2 * k2)
        z = z + h / 6 * (k1 + 2 * k2 + 2 * k3 + rate(z + h * k3))
        out += (z[0, 0] - target) * z[0, 1:]
    return out[:2], out[2:]


def pendulum_point(rng):
    return (
        np.array([1.7, 0.4]) + 0.1 * rng.normal(size=2),
        np.array([0.9, -0.6]) + 0.2 * rng.normal(size=2),
        rng.normal(size=6),
        0.4,
    )


def epidemic(logit_beta, log_gamma, logit_i0, cases, size):
    """Discrete SIR; the day's expected new infections against counts, Poisson."""
    i = sigmoid(logit_i0)
    s = 1 - i
    total = 0.0
    for t in range(len(cases)):
        new = sigmoid(logit_beta[t % 2]) * s * i
        mean = size * new
        total = total + mean - cases[t] * np.log(mean)
        s, i = s - new, i + new - np.exp(log_gamma) * i
    return total / len(cases)


def d_epidemic(logit_beta, log_gamma, logit_i0, cases, size):
    """Two rates of infection, for even and odd days."""
    n = len(cases)
    beta = sigmoid(logit_beta)
    gamma = np.exp(log_gamma)
    i0 = sigmoid(logit_i0)
    S, I = [1 - i0], [i0]
    for t in range(n):
        new = beta[t % 2] * S[t] * I[t]
        S.append(S[t] - new)
        I.append(I[t] + new - gamma * I[t])
    dbeta, dgamma = np.zeros(2), 0.0
    gs, gi = 0.0, 0.0
    for t in range(n - 1, -1, -1):
        s, i, b = S[t], I[t], beta[t % 2]
        mean = size * b * s * i
        dmean = (1 - cases[t] / mean) / n
        dnew = size * dmean + gi - gs
        dgamma -= gi * i
        dbeta[t % 2] += dnew * s * i
        gi = gi * (1 - gamma) + dnew * b * s
        gs = gs + dnew * b * i
    di0 = gi - gs
    return dbeta * beta * (1 - beta), dgamma * gamma, di0 * i0 * (1 - i0)


def d_epidemic_forward(logit_beta, log_gamma, logit_i0, cases, size):
    gamma = np.exp(log_gamma)
    i = 1 / (1 + np.exp(-logit_i0))
    s = 1 - i
    ds, di, out = np.zeros(4), np.zeros(4), np.zeros(4)
    di[3] = i * s
    ds[3] = -i * s
    for t, k in enumerate(cases):
        z = logit_beta[t % 2]
        b = 1 / (1 + np.exp(-z))
        new = b * s * i
        dnew = b * (ds * i + s * di)
        dnew[t % 2] += new * (1 - b)
        out += (size - k / new) * dnew
        leave = gamma * di
        leave[2] += gamma * i
        s, i = s - new, i + new - gamma * i
        ds, di = ds - dnew, di + dnew - leave
    out /= len(cases)
    return out[:2], out[2], out[3]


def epidemic_point(rng):
    return np.array([0.3, -0.4]) + 0.2 * rng.normal(size=2), -1.6, -2.2, np.array([5.0, 9, 14, 30, 28, 40, 22]), 200.0


def maml(w, log_lr, Xs, ys, Xq, yq, inner):
    """Gradient steps of a ridge-free tanh regression on the support, the loss on the query; w is the start."""
    v = w
    for _ in range(inner):
        p = np.tanh(Xs @ v)
        v = v - np.exp(log_lr) * Xs.T @ ((p - ys) * (1 - p**2)) / len(ys)
    return 0.5 * np.mean((np.tanh(Xq @ v) - yq) ** 2)


def d_maml(w, log_lr, Xs, ys, Xq, yq, inner):
    lr = np.exp(log_lr)
    n = len(ys)
    vs = [w]
    for _ in range(inner):
        p = np.tanh(Xs @ vs[-1])
        vs.append(vs[-1] - lr * Xs.T @ ((p - ys) * (1 - p**2)) / n)
    q = np.tanh(Xq @ vs[-1])
    g = Xq.T @ ((q - yq) * (1 - q**2)) / len(yq)
    dlr = 0.0
    for v in reversed(vs[:-1]):
        p = np.tanh(Xs @ v)
        grad = Xs.T @ ((p - ys) * (1 - p**2)) / n
        dlr -= g @ grad
        curve = (1 - p**2) ** 2 - 2 * p * (1 - p**2) * (p - ys)
        g = g - lr * Xs.T @ (curve * (Xs @ g)) / n
    return g, lr * dlr


def d_maml_forward(w, log_lr, Xs, ys, Xq, yq, inner):
    """The Jacobian of the adapted weights in the start, as a product of matrices."""
    lr, d = np.exp(log_lr), len(w)
    v, J, s = w.copy(), np.eye(d), np.zeros(d)
    for _ in range(inner):
        z = Xs @ v
        p, sech2 = np.tanh(z), 1 / np.cosh(z) ** 2
        grad = ((p - ys) * sech2) @ Xs / len(ys)
        H = (Xs.T * (sech2 * (sech2 - 2 * p * (p - ys)))) @ Xs / len(ys)
        J = J - lr * H @ J
        s = s - lr * H @ s - lr * grad
        v = v - lr * grad
    e = np.mean(((np.tanh(Xq @ v) - yq) / np.cosh(Xq @ v) ** 2)[:, None] * Xq, axis=0)
    return e @ J, e @ s


def maml_point(rng):
    return (
        rng.normal(size=3),
        0.1,
        rng.normal(size=(6, 3)),
        rng.normal(size=6),
        rng.normal(size=(4, 3)),
        rng.normal(size=4),
        3,
    )


def leapfrog(q, p, log_mass, log_k, h, steps):
    """Coupled anharmonic springs on a ring by leapfrog; the loss is the end's distance from zero and kinetic energy."""
    k, m = np.exp(log_k), np.exp(log_mass)

    def force(x):
        d = np.roll(x, -1) - x
        f = k * (d + d**3)
        return f - np.roll(f, 1)

    p = p + 0.5 * h * force(q)
    for s in range(steps):
        q = q + h * p / m
        p = p + (h if s < steps - 1 else 0.5 * h) * force(q)
    return np.sum(q**2) + 0.5 * np.sum(p**2 / m)


def d_leapfrog(q, p, log_mass, log_k, h, steps):
    k, m = np.exp(log_k), np.exp(log_mass)

    def spring(x):
        d = np.roll(x, -1) - x
        return d, k * (d + d**3)

    def force(x):
        f = spring(x)[1]
        return f - np.roll(f, 1)

    qs, ps = [q], [p + 0.5 * h * force(q)]
    for s in range(steps):
        qs.append(qs[-1] + h * ps[-1] / m)
        ps.append(ps[-1] + (h if s < steps - 1 else 0.5 * h) * force(qs[-1]))
    gq = 2 * qs[-1]
    gp = ps[-1] / m
    dm = -0.5 * ps[-1] ** 2 / m**2
    dk = np.zeros_like(k)

    def pull(x, gf):
        d, f = spring(x)
        g = gf - np.roll(gf, -1)
        gd = g * k * (1 + 3 * d**2)
        return np.roll(gd, 1) - gd, g * f / k

    for s in range(steps - 1, -1, -1):
        size = h if s < steps - 1 else 0.5 * h
        gx, gk = pull(qs[s + 1], size * gp)
        gq = gq + gx
        dk = dk + gk
        gp = gp + h * gq / m
        dm = dm - h * gq * ps[s] / m**2
    gx, gk = pull(qs[0], 0.5 * h * gp)
    return gq + gx, gp, dm * m, (dk + gk) * k


def d_leapfrog_forward(q, p, log_mass, log_k, h, steps):
    """Tangents of everything, with the force's Jacobian as a matrix."""
    n = len(q)
    k, m = np.exp(log_k), np.exp(log_mass)
    R = np.roll(np.eye(n), -1, axis=0) - np.eye(n)  # differences: d = R x; force = -R' f
    Q, P = np.zeros((n, 4 * n)), np.zeros((n, 4 * n))
    Q[:, :n] = P[:, n : 2 * n] = np.eye(n)
    M = np.zeros((n, 4 * n))
    M[:, 2 * n : 3 * n] = np.diag(m)
    Kk = np.zeros((n, 4 * n))
    Kk[:, 3 * n :] = np.diag(k)
    x, y = q.copy(), p.copy()

    def force():
        d = np.array([q2 - q1 for q1, q2 in zip(x, [*x[1:], x[0]], strict=True)])
        D = R @ Q
        f = k * (d + d**3)
        F = Kk * (d + d**3)[:, None] + (k * (1 + 3 * d**2))[:, None] * D
        return -R.T @ f, -R.T @ F

    f, F = force()
    y, P = y + h / 2 * f, P + h / 2 * F
    for s in range(steps):
        x, Q = x + h * y / m, Q + h * (P / m[:, None] - (y / m**2)[:, None] * M)
        f, F = force()
        w = h if s < steps - 1 else h / 2
        y, P = y + w * f, P + w * F
    g = 2 * x @ Q + (y / m) @ P - (0.5 * y**2 / m**2) @ M
    return g[:n], g[n : 2 * n], g[2 * n : 3 * n], g[3 * n :]


def leapfrog_point(rng):
    return rng.normal(size=4), rng.normal(size=4), 0.3 * rng.normal(size=4), 0.3 * rng.normal(size=4), 0.15, 5


FAMILIES = [
    Family(
        "predator and prey by Euler steps",
        prey,
        d_prey,
        prey_point,
        2,
        {
            "the step size is forgotten in the rates' gradient [M04]": (
                "da += gx * dt * x\n        db -= gx * dt",
                "da += gx * x\n        db -= gx",
            ),
            "the predators' dependence on the prey is forgotten going back [M20]": (" + gy * dt * c * y", ""),
            "the prey's dependence on the predators is forgotten going back [M20]": (" - gx * dt * b * x\n", "\n"),
            "the identity of Euler's step is forgotten [M20]": ("gx * (1 + dt * (a - b * y))", "gx * dt * (a - b * y)"),
            "the second equation's gradient is taken after the first was overwritten [B12 B13]": (
                "new_gy = gy * (1 + dt * (c * x - d)) - gx * dt * b * x",
                "gx = new_gx\n        new_gy = gy * (1 + dt * (c * x - d)) - gx * dt * b * x",
            ),
            "the states after the step, not before [B25]": ("x, y = xs[t - 1], ys[t - 1]", "x, y = xs[t], ys[t]"),
            "the death rate's sign [B3]": ("dd -= gy", "dd += gy"),
            "the death rate is left out going back": ("(c * x - d))", "(c * x))"),
            "the prey's loss is left out going back": ("(a - b * y))", "a)"),
            "the logarithm of the rates is forgotten [M04]": (" * np.exp(theta)\n    dstart", "\n    dstart"),
            "the logarithm of the start is forgotten [M04]": (
                "np.array([gx * xs[0], gy * ys[0]])",
                "np.array([gx, gy])",
            ),
            "the logarithm of the observed is forgotten [M04]": (" / xs[t] / len(seen)", " / len(seen)"),
            "the 2 of the square is forgotten for the predators [B2 M01]": ("gy += 2 * (np", "gy += (np"),
            "observations are assigned, not added to what comes from later [B14 B27]": (
                "gx += 2 * (np",
                "gx = 2 * (np",
            ),
            "observations are read one early [B25]": (
                "    if t % every == 0:\n            target",
                "    if t % every == 1:\n            target",
            ),
            "not divided by the observations [B1 M11]": ("/ ys[t] / len(seen)", "/ ys[t]"),
            "conversion and death are returned swapped": ("[da, db, dc, dd]", "[da, db, dd, dc]"),
        },
        d_prey_forward,
        {"single precision": single(prey_point)},
    ),
    Family(
        "pendulum by Runge-Kutta",
        pendulum,
        d_pendulum,
        pendulum_point,
        2,
        {
            "the third stage's weight is 1/6 [B2]": ("pull(s3, h / 3 * g + h * u4)", "pull(s3, h / 6 * g + h * u4)"),
            "the fourth stage does not reach the third [M20]": ("h / 3 * g + h * u4", "h / 3 * g"),
            "the fourth stage reaches the third with half a step [B2]": ("+ h * u4", "+ 0.5 * h * u4"),
            "the third stage reaches the second with a whole step [B2]": ("+ 0.5 * h * u3", "+ h * u3"),
            "the second stage does not reach the first [M20]": ("h / 6 * g + 0.5 * h * u2", "h / 6 * g"),
            "the identity of the step is forgotten [M20]": ("g = g + u1 + u2 + u3 + u4", "g = u1 + u2 + u3 + u4"),
            "only the first stage reaches the state [M20]": ("g + u1 + u2 + u3 + u4", "g + u1"),
            "only the first stage reaches the parameters: Euler's [M20]": ("p1 + p2 + p3 + p4", "p1"),
            "the parameters' gradient is assigned at every step [B14]": ("dp += p1", "dp = p1"),
            "all the stages are pulled at the step's start [B10]": (
                "s1, s2, s3, s4 = stages[t]",
                "s1 = s2 = s3 = s4 = stages[t][0]",
            ),
            "the stages of the next step [B25]": ("= stages[t]", "= stages[min(t + 1, len(seen) - 1)]"),
            "the Jacobian is not transposed [B4 M09]": (
                "np.array([-w * np.cos(s[0]) * g[1], g[0] - c * g[1]])",
                "np.array([g[1], -w * np.cos(s[0]) * g[0] - c * g[1]])",
            ),
            "the sine's slope is sine [M07]": ("-w * np.cos(s[0]) * g[1]", "-w * np.sin(s[0]) * g[1]"),
            "small angles: the sine's slope is one": ("-w * np.cos(s[0]) * g[1]", "-w * g[1]"),
            "the damping's sign going back [B3]": ("g[0] - c * g[1]", "g[0] + c * g[1]"),
            "the damping is forgotten going back": ("g[0] - c * g[1]", "g[0]"),
            "the frequency's gradient has the angle, not its sine": (
                "np.array([-np.sin(s[0]) * g[1], -s",
                "np.array([-s[0] * g[1], -s",
            ),
            "only the last observation counts [M20]": (
                "g = g + np.array([states[t + 1][0] - seen[t], 0.0])",
                "g = g + np.array([states[t + 1][0] - seen[t], 0.0]) * (t == len(seen) - 1)",
            ),
            "observations are compared with the state before the step [B25]": (
                "states[t + 1][0] - seen",
                "states[t][0] - seen",
            ),
        },
        d_pendulum_forward,
        {"single precision": single(pendulum_point)},
    ),
    Family(
        "epidemic fitted to counts",
        epidemic,
        d_epidemic,
        epidemic_point,
        3,
        {
            "the infected's carry is forgotten [B27]": ("gi = gi * (1 - gamma) + dnew * b * s", "gi = dnew * b * s"),
            "the susceptible's carry is forgotten [B27]": ("gs = gs + dnew * b * i", "gs = dnew * b * i"),
            "recovery is left out going back": ("gi * (1 - gamma) +", "gi +"),
            "new infections do not reach the infected going back [M20]": (
                "size * dmean + gi - gs",
                "size * dmean - gs",
            ),
            "new infections do not reach the susceptible going back [M20]": (
                "size * dmean + gi - gs",
                "size * dmean + gi",
            ),
            "new infections do not reach the likelihood [M20]": ("size * dmean + gi - gs", "gi - gs"),
            "new infections are added to the susceptible [B3]": ("+ gi - gs\n", "+ gi + gs\n"),
            "the population's size is forgotten [M04]": ("size * dmean", "dmean"),
            "the population's size multiplies the carry too": ("size * dmean + gi - gs", "size * (dmean + gi - gs)"),
            "Poisson's slope lacks the division by the mean [M04]": ("(1 - cases[t] / mean)", "(mean - cases[t])"),
            "Poisson's slope lacks the one [M20]": ("(1 - cases[t] / mean)", "(-cases[t] / mean)"),
            "the susceptible start, 1 - i0, is forgotten [M20]": ("di0 = gi - gs", "di0 = gi"),
            "the start's sigmoid is forgotten [M04]": ("di0 * i0 * (1 - i0)", "di0"),
            "the rates' sigmoid slope is beta alone [M07]": ("dbeta * beta * (1 - beta)", "dbeta * beta"),
            "recovery's logarithm is forgotten [M04]": ("dgamma * gamma,", "dgamma,"),
            "recovery's sign [B3]": ("dgamma -= gi", "dgamma += gi"),
            "recovery is taken after the infected's gradient was moved a day back [B12 B25]": (
                "        dgamma -= gi * i\n",
                "",
                "        gs = gs + dnew",
                "        dgamma -= gi * i\n        gs = gs + dnew",
            ),
            "both rates get the even days' gradient added: the day's index is forgotten [B14]": (
                "dbeta[t % 2] +=",
                "dbeta[0] +=",
            ),
            "each rate keeps only its first day: assigned [B14]": ("dbeta[t % 2] +=", "dbeta[t % 2] ="),
            "averaged over the days twice [B1 M12]": ("/ mean) / n", "/ mean) / n**2"),
        },
        d_epidemic_forward,
        {
            "single precision": single(epidemic_point),
            "almost nobody infected (tiny start)": lambda rng: (
                *epidemic_point(rng)[:2],
                -12.0,
                *epidemic_point(rng)[3:],
            ),
        },
    ),
    Family(
        "learning to start: gradient steps unrolled",
        maml,
        d_maml,
        maml_point,
        2,
        {
            "the inner steps' curvature is left out: first-order MAML [B21 B7]": (
                "        g = g - lr * Xs.T @ (curve * (Xs @ g)) / n\n",
                "",
            ),
            "the curvature is Gauss-Newton's: the residual's term is left out [M20]": (
                " - 2 * p * (1 - p**2) * (p - ys)",
                "",
            ),
            "the residual's term of the curvature lacks its 2 [B2 M01]": ("- 2 * p * (1 - p**2)", "- p * (1 - p**2)"),
            "the residual's term of the curvature has the wrong sign [B3]": ("- 2 * p * (1", "+ 2 * p * (1"),
            "the slope in the curvature is not squared [M02]": ("(1 - p**2) ** 2 -", "(1 - p**2) -"),
            "the curvature is added [B3]": ("g = g - lr * Xs.T", "g = g + lr * Xs.T"),
            "the identity of the step is forgotten [M20]": ("g = g - lr * Xs.T", "g = -lr * Xs.T"),
            "the learning rate is forgotten in the curvature [M18]": ("g = g - lr * Xs.T", "g = g - Xs.T"),
            "the curvature is not averaged over the support [B1 M11]": ("(Xs @ g)) / n", "(Xs @ g))"),
            "only the last inner step goes back [B27]": ("reversed(vs[:-1])", "reversed(vs[-2:-1])"),
            "the inner steps are taken at the weights after them [B25 M16]": ("reversed(vs[:-1])", "reversed(vs[1:])"),
            "the inner steps go back in the order they ran [B25]": ("in reversed(vs[:-1])", "in vs[:-1]"),
            "all the curvatures are taken at the end [B25 B13]": (
                "for v in reversed(vs[:-1]):\n",
                "for v in [vs[-1]] * inner:\n",
            ),
            "the query's slope is left out [B9]": ("(q - yq) * (1 - q**2)", "(q - yq)"),
            "the query's loss is averaged over the support's count [B1]": ("/ len(yq)", "/ n"),
            "the query is evaluated at the start, before adaptation [B25]": (
                "np.tanh(Xq @ vs[-1])",
                "np.tanh(Xq @ vs[0])",
            ),
            "the learning rate's gradient is for the rate, not its logarithm [M04]": (
                "lr * dlr",
                "dlr",
            ),
            "the learning rate's gradient is taken after the step back [B25]": (
                "        dlr -= g @ grad\n",
                "",
                "(Xs @ g)) / n\n",
                "(Xs @ g)) / n\n        dlr -= g @ grad\n",
            ),
            "the learning rate's gradient has the wrong sign [B3]": ("dlr -= g", "dlr += g"),
            "the learning rate's gradient keeps one step only [B14]": ("dlr -= g @ grad", "dlr = -g @ grad"),
        },
        d_maml_forward,
        {"single precision": single(maml_point), "saturated": scaled(maml_point, {0: 5.0})},
    ),
    Family(
        "ring of springs by leapfrog",
        leapfrog,
        d_leapfrog,
        leapfrog_point,
        4,
        {
            "the first half kick is left out [B8 M20]": (
                "return gq + gx, gp, dm * m, (dk + gk) * k",
                "return gq, gp, dm * m, dk * k",
            ),
            "the first half kick counts as a whole one [B2]": ("pull(qs[0], 0.5 * h * gp)", "pull(qs[0], h * gp)"),
            "the last kick counts as a whole one [B2]": (
                "        size = h if s < steps - 1 else 0.5 * h\n",
                "        size = h\n",
            ),
            "all the kicks count as half ones [B2]": (
                "        size = h if s < steps - 1 else 0.5 * h\n",
                "        size = 0.5 * h\n",
            ),
            "kicks are pulled at the positions before the drift [B25]": ("pull(qs[s + 1], size", "pull(qs[s], size"),
            "the drift's momentum is that after the kick [B25]": ("h * gq * ps[s] / m**2", "h * gq * ps[s + 1] / m**2"),
            "the mass is forgotten in the drift going back [M04]": ("gp = gp + h * gq / m", "gp = gp + h * gq"),
            "the drift's path to the momentum is forgotten [M20]": ("        gp = gp + h * gq / m\n", ""),
            "momentum is assigned, not added [B14]": ("gp = gp + h * gq / m", "gp = h * gq / m"),
            "the force's path to the positions is forgotten in the steps [M20]": ("        gq = gq + gx\n", ""),
            "the cube's slope lacks its 3 [M02]": ("(1 + 3 * d**2)", "(1 + d**2)"),
            "the cube's slope keeps its power [M02]": ("(1 + 3 * d**2)", "(1 + 3 * d**3)"),
            "the springs are linear going back": ("(1 + 3 * d**2)", "1"),
            "Newton's third law is forgotten going back: each spring pulls one end": (
                "g = gf - np.roll(gf, -1)",
                "g = gf",
            ),
            "the ring is rolled the wrong way [B25]": ("np.roll(gd, 1) - gd", "np.roll(gd, -1) - gd"),
            "the mass' use in the kinetic energy is forgotten [M20]": (
                "dm = -0.5 * ps[-1] ** 2 / m**2",
                "dm = np.zeros_like(m)",
            ),
            "the mass' slope in the drift is 1/m, not 1/m squared [M02]": ("ps[s] / m**2", "ps[s] / m"),
            "the springs' constants are not taken to their logarithms [M04]": ("(dk + gk) * k", "(dk + gk)"),
            "the kinetic energy's half is forgotten [B2]": ("gp = ps[-1] / m\n", "gp = 2 * ps[-1] / m\n"),
            "the positions' 2 is forgotten [B2 M01]": ("gq = 2 * qs[-1]", "gq = qs[-1]"),
        },
        d_leapfrog_forward,
        {
            "single precision": single(leapfrog_point),
            "heavy masses (large)": lambda rng: tuple(
                v + 8.0 if k == 2 else v for k, v in enumerate(leapfrog_point(rng))
            ),
        },
    ),
]
