"""Things that run in time: predator and prey by Euler steps, a damped spring over 20 steps, a Kalman filter."""

from __future__ import annotations

import numpy as np
from check.blind.case import NONE, Family


def prey_loss(rates, start, h, seen):
    x, y = start[0], start[1]
    total = 0.0
    for t in range(len(seen)):
        x, y = x + h * (rates[0] * x - rates[1] * x * y), y + h * (rates[2] * x * y - rates[3] * y)
        total = total + (x - seen[t, 0]) ** 2 + (y - seen[t, 1]) ** 2
    return total / len(seen)


def prey_backward(rates, start, h, seen, bug=NONE):
    a, b, c, d = rates
    steps = [(start[0], start[1])]
    for _ in seen:
        x, y = steps[-1]
        new_x = x + h * (a * x - b * x * y)
        used = new_x if "new x in y's step" in bug else x
        steps.append((new_x, y + h * (c * used * y - d * y)))
    dx = dy = 0.0
    dr = np.zeros(4)
    for t in reversed(range(len(seen))):
        x, y = steps[t]
        after_x, after_y = steps[t + 1]
        weight = 2 / len(seen)
        if "no two" in bug:
            weight = 1 / len(seen)
        if "no mean" in bug:
            weight = 2.0
        if "last step's loss" in bug and t < len(seen) - 1:
            weight = 0.0
        if "seen shifted" in bug:
            after_x, after_y = x, y
        dx = dx + weight * (after_x - seen[t, 0])
        if "prey only" not in bug:
            dy = dy + weight * (after_y - seen[t, 1])
        if "new state in rates" in bug:
            x, y = steps[t + 1]
        terms = np.array([dx * h * x, -dx * h * x * y, dy * h * x * y, -dy * h * y])
        if "product lacks y" in bug:
            terms[1] = -dx * h * x
        if "death sign" in bug:
            terms[3] = -terms[3]
        if "rates without h" in bug:
            terms = terms / h
        if "overwritten" in bug:
            dr = terms
        else:
            dr = dr + terms
        x_of_x, x_of_y = 1 + h * (a - b * y), -h * b * x
        y_of_x, y_of_y = h * c * y, 1 + h * (c * x - d)
        if "identity missing" in bug:
            x_of_x, y_of_y = h * (a - b * y), h * (c * x - d)
        if "Jacobian not transposed" in bug:
            x_of_y, y_of_x = y_of_x, x_of_y
        if "no coupling" in bug:
            x_of_y = y_of_x = 0.0
        if "no coupling of prey" in bug:
            x_of_y = 0.0
        if "h twice" in bug:
            y_of_x = y_of_x * h
        if "interaction constant" in bug:
            x_of_x, y_of_y = 1 + h * a, 1 - h * d
        if "in place" in bug:
            dx = dx * x_of_x + dy * y_of_x
            dy = dx * x_of_y + dy * y_of_y
        else:
            dx, dy = dx * x_of_x + dy * y_of_x, dx * x_of_y + dy * y_of_y
    if "start a step late" in bug:
        return dr, np.array([steps[1][0] - seen[0, 0], steps[1][1] - seen[0, 1]])
    if "start exchanged" in bug:
        return dr, np.array([dy, dx])
    if "start frozen" in bug:
        return dr, np.zeros(2)
    return dr, np.array([dx, dy])


PREY = {
    "new x in y's step": "backward recomputes the steps with the new x in y's step",
    "no two": "2 of the square missing",
    "no mean": "not averaged over the steps",
    "last step's loss": "only the last step's error is differentiated",
    "seen shifted": "observations compared with the state one step earlier",
    "prey only": "predator's errors missing",
    "new state in rates": "state after the step used where the state before belongs",
    "product lacks y": "y missing in the derivative of x*y's rate",
    "death sign": "sign of the death rate's term",
    "rates without h": "step size missing in the rates' gradient",
    "overwritten": "rates' gradient overwritten in each step",
    "identity missing": "identity of x + h f(x) missing on the way back",
    "Jacobian not transposed": "Jacobian not transposed on the way back",
    "no coupling": "coupling between the two missing on the way back",
    "no coupling of prey": "one of the two couplings missing",
    "h twice": "step size counted twice in one entry",
    "interaction constant": "interaction's share in the own slopes missing",
    "in place": "dx overwritten before dy uses it",
    "start a step late": "start's gradient: error of the first step only",
    "start exchanged": "entries of the start's gradient exchanged",
    "start frozen": "start gets no gradient",
}


def prey_point(rng):
    rates = np.array([1.0, 0.5, 0.4, 0.8]) * rng.uniform(0.7, 1.3, size=4)
    return rates, rng.uniform(0.8, 2.0, size=2), 0.1, rng.uniform(0.5, 2.5, size=(20, 2))


def spring_loss(k, damping, mass, x0, v0, h, force, target):
    x, v = x0, v0
    for t in range(20):
        v = v + h * (force[t] - k * x - damping * v * np.abs(v)) / mass
        x = x + h * v
    return (x - target) ** 2 + 0.1 * v**2


def spring_backward(k, damping, mass, x0, v0, h, force, target, bug=NONE):
    x, v = x0, v0
    before = []
    for t in range(20):
        before.append((x, v))
        v_new = v + h * (force[t] - k * x - damping * v * np.abs(v)) / mass
        x = x + h * (v if "explicit Euler" in bug else v_new)
        v = v_new
    dx, dv = 2 * (x - target), 0.2 * v
    if "speed's term missing" in bug:
        dv = 0.0
    if "speed's factor" in bug:
        dv = 0.1 * v
    if "no two" in bug:
        dx = x - target
    dk = dd = dm = 0.0
    steps = 19 if "nineteen steps" in bug else 20
    for t in reversed(range(20 - steps, 20)):
        x, v = before[t]
        acceleration = (force[t] - k * x - damping * v * abs(v)) / mass
        dv_after = dv + h * dx
        if "position without speed" in bug:
            dv_after = dv
        if "position's h" in bug:
            dv_after = dv + dx
        dk_term, dd_term = -h * x / mass, -h * v * abs(v) / mass
        dm_term = -h * acceleration / mass
        if "damping of speed" in bug:
            dd_term = -h * v / mass
        if "damping without absolute" in bug:
            dd_term = -h * v * v / mass
        if "mass sign" in bug:
            dm_term = -dm_term
        if "mass once" in bug:
            dm_term = -h * acceleration
        if "mass without force" in bug:
            dm_term = h * (k * x + damping * v * abs(v)) / mass**2
        if "stiffness without mass" in bug:
            dk_term = -h * x
        if "stiffness with new position" in bug:
            dk_term = -h * (x + h * v) / mass
        dk, dd, dm = dk + dk_term * dv_after, dd + dd_term * dv_after, dm + dm_term * dv_after
        if "stiffness by old speed's slope" in bug:
            dk = dk - dk_term * (dv_after - dv)
        pull = h * k / mass
        if "restoring sign" in bug:
            pull = -pull
        if "restoring missing" in bug:
            pull = 0.0
        slope = 2 * abs(v)
        if "drag once" in bug:
            slope = abs(v)
        if "drag signed" in bug:
            slope = 2 * v
        if "drag missing" in bug:
            slope = 0.0
        dx = dx - pull * dv_after
        dv = dv_after * (1 - h * damping * slope / mass)
    if "x0 and v0 exchanged" in bug:
        dx, dv = dv, dx
    return dk, dd, dm, dx, dv


SPRING = {
    "explicit Euler": "backward recomputes with explicit Euler (old speed moves the position)",
    "speed's term missing": "loss's speed term missing",
    "speed's factor": "2 missing in the speed's term",
    "no two": "2 missing in the position's term",
    "nineteen steps": "first step missing in the loop back",
    "position without speed": "speed gets nothing through the position",
    "position's h": "step size missing between position and speed",
    "damping of speed": "derivative as for linear drag",
    "damping without absolute": "v*v in place of v*|v|",
    "mass sign": "sign of the mass's gradient",
    "mass once": "1/mass missing in the mass's gradient",
    "mass without force": "outer force missing in the mass's gradient",
    "stiffness without mass": "1/mass missing in the stiffness's gradient",
    "stiffness with new position": "position after the step used in the stiffness's gradient",
    "stiffness by old speed's slope": "stiffness's gradient uses the speed's gradient before the position's share",
    "restoring sign": "sign of the restoring force on the way back",
    "restoring missing": "position gets nothing through the restoring force",
    "drag once": "factor 2 of v|v|'s derivative missing",
    "drag signed": "derivative of v|v| taken as 2v",
    "drag missing": "drag left out on the way back",
    "x0 and v0 exchanged": "gradients of start position and start speed exchanged",
}


def spring_point(rng):
    k, damping, mass = rng.uniform(1.5, 3), rng.uniform(0.2, 0.6), rng.uniform(0.8, 1.6)
    return k, damping, mass, rng.normal(), rng.normal() - 1.0, 0.1, rng.normal(size=20), 0.4


def kalman_loss(a, log_q, log_r, m0, z):
    q, r = np.exp(log_q), np.exp(log_r)
    m, P = m0, 1.0
    total = 0.0
    for t in range(len(z)):
        m, P = a * m, a * a * P + q
        S, e = P + r, z[t] - m
        total = total + 0.5 * (np.log(S) + e * e / S)
        K = P / S
        m, P = m + K * e, (1 - K) * P
    return total


def kalman_backward(a, log_q, log_r, m0, z, bug=NONE):
    q, r = np.exp(log_q), np.exp(log_r)
    if "variances as logarithms" in bug:
        q, r = log_q**2, log_r**2
    m, P = m0, 1.0
    tape = []
    for t in range(len(z)):
        mp, Pp = a * m, a * a * P + q
        S, e = Pp + r, z[t] - mp
        tape.append((m, P, mp, Pp, S, e))
        K = Pp / S
        m, P = mp + K * e, (1 - K) * Pp
    da = dq = dr = dm = dP = 0.0
    for m, P, _mp, Pp, S, e in reversed(tape):
        K = Pp / S
        dK = dm * e - dP * Pp
        if "gain in mean only" in bug:
            dK = dm * e
        if "gain in variance only" in bug:
            dK = -dP * Pp
        if "gain constant" in bug:
            dK = 0.0
        de = dm * K + e / S
        if "innovation halved" in bug:
            de = dm * K + 0.5 * e / S
        if "innovation's own" in bug:
            de = e / S
        dS = 0.5 * (1 / S - e * e / S**2) - dK * Pp / S**2
        if "log term missing" in bug:
            dS = -0.5 * e * e / S**2 - dK * Pp / S**2
        if "quadratic term missing" in bug:
            dS = 0.5 / S - dK * Pp / S**2
        if "quadratic not squared" in bug:
            dS = 0.5 * (1 / S - e * e / S) - dK * Pp / S**2
        if "gain's denominator" in bug:
            dS = 0.5 * (1 / S - e * e / S**2)
        dPp = dP * (1 - K) + dK / S + dS
        if "shrinking missing" in bug:
            dPp = dP + dK / S + dS
        if "S's share missing" in bug:
            dPp = dP * (1 - K) + dK / S
        dmp = dm - de
        if "mean without innovation" in bug:
            dmp = dm
        if "innovation sign" in bug:
            dmp = dm + de
        dr = dr + dS
        dq = dq + dPp
        if "a of mean only" in bug:
            da = da + dmp * m
        elif "a once" in bug:
            da = da + dmp * m + dPp * a * P
        elif "a of new variance" in bug:
            da = da + dmp * m + dPp * 2 * a * Pp
        else:
            da = da + dmp * m + dPp * 2 * a * P
        dm, dP = dmp * a, dPp * a * a
        if "variance passed with a" in bug:
            dP = dPp * a
        if "variance detached" in bug:
            dP = 0.0
        if "mean passed without a" in bug:
            dm = dmp
    if "noise exchanged" in bug:
        dq, dr = dr, dq
    if "m0 doubled" in bug:
        dm = 2 * dm
    if "no chain of logarithm" in bug:
        return da, dq, dr, dm
    return da, dq * q, dr * r, dm


KALMAN = {
    "variances as logarithms": "exponential of the log-variances wrong in the backward",
    "gain in mean only": "gain's gradient through the mean only",
    "gain in variance only": "gain's gradient through the variance only",
    "gain constant": "gain treated as constant",
    "innovation halved": "1/2 kept in the derivative of e^2/2S",
    "innovation's own": "innovation gets nothing through the update of the mean",
    "log term missing": "derivative of log S missing",
    "quadratic term missing": "derivative of e^2/S by S missing",
    "quadratic not squared": "1/S instead of 1/S^2 in the derivative of e^2/S",
    "gain's denominator": "gain's denominator treated as constant",
    "shrinking missing": "factor 1-K missing on the variance's way back",
    "S's share missing": "predicted variance gets nothing through S",
    "mean without innovation": "predicted mean gets nothing through the innovation",
    "innovation sign": "sign of z - m on the way back",
    "a of mean only": "a's gradient through the mean only",
    "a once": "2 of a^2's derivative missing",
    "a of new variance": "predicted variance in place of the old in a's gradient",
    "variance passed with a": "variance passes back with a instead of a^2",
    "variance detached": "variance passes nothing back in time",
    "mean passed without a": "mean passes back without a",
    "noise exchanged": "process and measurement noise exchanged",
    "m0 doubled": "start mean's gradient doubled",
    "no chain of logarithm": "gradient for the variances, not for their logarithms",
}


def kalman_point(rng):
    return rng.uniform(0.6, 1.1), rng.normal() * 0.4 - 1, rng.normal() * 0.4 - 0.5, rng.normal(), rng.normal(size=6)


FAMILIES = [
    Family(
        "predator and prey",
        prey_loss,
        prey_backward,
        prey_point,
        2,
        PREY,
        (("overwritten", "start exchanged"), ("death sign", "start frozen")),
        (0.3, 1.3),
    ),
    Family(
        "damped spring",
        spring_loss,
        spring_backward,
        spring_point,
        5,
        SPRING,
        (("mass sign", "damping of speed"), ("speed's factor", "drag once")),
        (0.5, 1.5),
    ),
    Family(
        "Kalman filter",
        kalman_loss,
        kalman_backward,
        kalman_point,
        4,
        KALMAN,
        (("a once", "m0 doubled"), ("no chain of logarithm", "a of mean only")),
        (0.5, 1.2),
    ),
]
