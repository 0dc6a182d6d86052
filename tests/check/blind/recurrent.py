"""Nets over time: a simple RNN over five steps, an LSTM and a GRU over three."""

from __future__ import annotations

import numpy as np
from check.blind.case import NONE, Family, sigmoid


def rnn_loss(Wx, Wh, b, Wo, c, xs, ys):
    h = np.zeros(Wh.shape[0])
    total = 0.0
    for t in range(len(xs)):
        h = np.tanh(xs[t] @ Wx + h @ Wh + b)
        total = total + 0.5 * np.sum((h @ Wo + c - ys[t]) ** 2)
    return total


def rnn_backward(Wx, Wh, b, Wo, c, xs, ys, bug=NONE):
    T = len(xs)
    hs = [np.zeros(len(Wh))]
    for t in range(T):
        hs.append(np.tanh(xs[t] @ Wx + hs[-1] @ Wh + b))
    dWx, dWh, db, dWo, dc = (np.zeros_like(p) for p in (Wx, Wh, b, Wo, c))
    dnext = np.zeros_like(b)
    first = T - 1 if "last step only" in bug else 0
    if "stops one early" in bug:
        first = 1
    if "truncated after two" in bug:
        first = T - 2
    for t in reversed(range(first, T)):
        h = hs[t + 1]
        d = h @ Wo + c - ys[t]
        if "only last loss" in bug and t < T - 1:
            d = 0 * d
        if "target shifted" in bug:
            d = h @ Wo + c - ys[t - 1]
        if "averaged over time" in bug:
            d = d / T
        dWo += np.outer(hs[t] if "Wo of previous" in bug else h, d)
        dc += d
        dh = d @ Wo.T + dnext
        if "no future" in bug:
            dh = d @ Wo.T
        if "future only" in bug and t < T - 1:
            dh = dnext
        slope = 1 - h**2
        if "slope of previous" in bug:
            slope = 1 - hs[t] ** 2
        if "no slope" in bug:
            slope = 1.0
        da = dh * slope
        if "Wx overwritten" in bug:
            dWx = np.outer(xs[t], da)
        else:
            dWx += np.outer(xs[t - 1] if "inputs shifted" in bug else xs[t], da)
        if "Wh of current" in bug:
            dWh += np.outer(h, da)
        elif "Wh overwritten" in bug:
            dWh = np.outer(hs[t], da)
        else:
            dWh += np.outer(hs[t], da)
        if "Wh transposed" in bug and t == 0:
            dWh = dWh.T
        db += dh if "b before slope" in bug else da
        if "b at last step" in bug and t < T - 1:
            db -= da
        dnext = da @ Wh.T
        if "not transposed" in bug:
            dnext = da @ Wh
        if "future without slope" in bug:
            dnext = dh @ Wh.T
        if "future accumulates" in bug:
            dnext = dnext + dh
        if "detached at step 2" in bug and t == 2:
            dnext = 0 * dnext
        if "clipped" in bug:
            dnext = np.clip(dnext, -0.1, 0.1)
    if "doubled c" in bug:
        dc = 2 * dc
    return dWx, dWh, db, dWo, dc


RNN = {
    "last step only": "back through time runs over the last step only",
    "stops one early": "first time step is left out of the loop",
    "truncated after two": "back through time truncated after two steps",
    "only last loss": "only the last step's loss is differentiated",
    "target shifted": "targets shifted by one step",
    "averaged over time": "divided by the number of steps, the loss sums",
    "Wo of previous": "output weights use the previous hidden state",
    "no future": "hidden state's gradient from the next step never added",
    "future only": "earlier steps' own losses are not added to the future's gradient",
    "slope of previous": "tanh slope of the previous step's state",
    "no slope": "tanh slope missing",
    "Wx overwritten": "input weights' gradient overwritten in each step instead of added",
    "inputs shifted": "inputs shifted by one step",
    "Wh of current": "recurrent weights use the current state instead of the previous",
    "Wh overwritten": "recurrent weights' gradient overwritten in each step",
    "Wh transposed": "recurrent weights' gradient transposed",
    "b before slope": "bias takes the gradient before the slope",
    "b at last step": "bias collects the last step only",
    "not transposed": "recurrent weights not transposed on the way back in time",
    "future without slope": "slope missing on the way back in time only",
    "future accumulates": "the hidden gradient is added once more on the way back (as for a skip)",
    "detached at step 2": "graph cut at one step (detached state)",
    "clipped": "gradient clipping left on in time",
    "doubled c": "output bias counted twice",
}


def rnn_point(rng):
    shapes = ((3, 4), (4, 4), 4, (4, 2), 2)
    return *(rng.normal(size=s) * 0.6 for s in shapes), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))


def lstm_loss(W, U, b, v, xs, target):
    n = U.shape[0]
    h, c = np.zeros(n), np.zeros(n)
    for t in range(3):
        z = xs[t] @ W + h @ U + b
        i, f, o = sigmoid(z[:n]), sigmoid(z[n : 2 * n]), sigmoid(z[2 * n : 3 * n])
        g = np.tanh(z[3 * n :])
        c = f * c + i * g
        h = o * np.tanh(c)
    return (h @ v - target) ** 2


def lstm_backward(W, U, b, v, xs, target, bug=NONE):
    n = len(U)
    h, c = np.zeros(n), np.zeros(n)
    steps = []
    for t in range(3):
        z = xs[t] @ W + h @ U + b
        i, f, o = sigmoid(z[:n]), sigmoid(z[n : 2 * n]), sigmoid(z[2 * n : 3 * n])
        g = np.tanh(z[3 * n :])
        new_c = f * c + i * g
        steps.append((xs[t], h, c, i, f, o, g, new_c))
        h, c = o * np.tanh(new_c), new_c
    d = 2 * (h @ v - target)
    if "no two" in bug:
        d = d / 2
    dv, dh, dc = h * d, v * d, np.zeros(n)
    if "v of cell" in bug:
        dv = c * d
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    for x, h_before, c_before, i, f, o, g, c_now in reversed(steps):
        tc = np.tanh(c_now)
        do = dh * tc
        if "output gate of cell" in bug:
            do = dh * c_now
        through = dh * o * (1 - tc**2)
        if "cell slope missing" in bug:
            through = dh * o
        if "output gate missing" in bug:
            through = dh * (1 - tc**2)
        dc = dc + through
        if "cell's memory lost" in bug:
            dc = through
        di, dg, df = dc * g, dc * i, dc * c_before
        if "forget of new cell" in bug:
            df = dc * c_now
        if "gates exchanged" in bug:
            di, dg = dc * i, dc * g
        dz_g = dg * (1 - g**2)
        if "candidate as sigmoid" in bug:
            dz_g = dg * g * (1 - g)
        if "candidate slope missing" in bug:
            dz_g = dg
        dz_i, dz_f, dz_o = di * i * (1 - i), df * f * (1 - f), do * o * (1 - o)
        if "forget slope missing" in bug:
            dz_f = df
        if "input slope half" in bug:
            dz_i = di * i
        if "output gate tanh" in bug:
            dz_o = do * (1 - o**2)
        dz = np.concatenate([dz_i, dz_f, dz_o, dz_g])
        if "forget and output in wrong order" in bug:
            dz = np.concatenate([dz_i, dz_o, dz_f, dz_g])
        dW += np.outer(x, dz)
        dU += np.outer(h_before, dz)
        if "U of new state" in bug:
            dU += np.outer(o * tc - h_before, dz)
        db += dz
        if "forget bias" in bug:
            db[n : 2 * n] = 0
        dh = dz @ U.T
        if "recurrence missing" in bug:
            dh = 0 * dh
        if "candidate not passed" in bug:
            dh = dz[: 3 * n] @ U[:, : 3 * n].T
        dc = dc * f
        if "forget gate missing" in bug:
            dc = through
        if "input gate for forget" in bug:
            dc = dc / f * i
    return dW, dU, db, dv


LSTM = {
    "no two": "2 of the square missing",
    "v of cell": "readout's gradient with the cell state instead of the hidden state",
    "output gate of cell": "output gate's gradient with c instead of tanh(c)",
    "cell slope missing": "tanh slope of the cell missing",
    "output gate missing": "output gate missing on the way into the cell",
    "cell's memory lost": "cell's gradient from the later step dropped",
    "forget of new cell": "forget gate's gradient with the new cell instead of the old",
    "gates exchanged": "input gate and candidate exchanged in the product's derivative",
    "candidate as sigmoid": "candidate differentiated as a sigmoid",
    "candidate slope missing": "candidate's tanh slope missing",
    "forget slope missing": "forget gate's sigmoid slope missing",
    "input slope half": "input gate's slope lacks (1 - i)",
    "output gate tanh": "output gate differentiated as a tanh",
    "forget and output in wrong order": "gate blocks put back in the wrong order",
    "U of new state": "recurrent weights with the new hidden state",
    "forget bias": "forget gate's bias gets no gradient",
    "recurrence missing": "hidden state passes nothing back in time",
    "candidate not passed": "candidate's block missing in the hidden state's gradient",
    "forget gate missing": "cell's gradient passes back without the forget gate",
    "input gate for forget": "input gate in place of the forget gate on the cell's way back",
}


def lstm_point(rng):
    shapes = ((2, 12), (3, 12), 12, 3)
    return *(rng.normal(size=s) * 0.8 for s in shapes), rng.normal(size=(3, 2)), 0.6


def gru_loss(Wz, Uz, Wr, Ur, Wn, Un, v, xs, target):
    h = np.zeros(Uz.shape[0])
    for t in range(3):
        z = sigmoid(xs[t] @ Wz + h @ Uz)
        r = sigmoid(xs[t] @ Wr + h @ Ur)
        n = np.tanh(xs[t] @ Wn + (r * h) @ Un)
        h = (1 - z) * h + z * n
    return 0.5 * (h @ v - target) ** 2


def gru_backward(Wz, Uz, Wr, Ur, Wn, Un, v, xs, target, bug=NONE):
    h = np.ones(len(Uz)) * 0.1 if "starting state" in bug else np.zeros(len(Uz))
    steps = []
    for t in range(3):
        z = sigmoid(xs[t] @ Wz + h @ Uz)
        r = sigmoid(xs[t] @ Wr + h @ Ur)
        n = np.tanh(xs[t] @ Wn + (r * h) @ Un)
        steps.append((xs[t], h, z, r, n))
        h = (1 - z) * h + z * n
    d = h @ v - target
    dv, dh = d * h, d * v
    grads = dict.fromkeys(("Wz", "Uz", "Wr", "Ur", "Wn", "Un"), 0.0)
    for t, (x, h, z, r, n) in reversed(list(enumerate(steps))):
        dz, dn, dback = dh * (n - h), dh * z, dh * (1 - z)
        if "update sign" in bug:
            dz = dh * (h - n)
        if "update without old" in bug:
            dz = dh * n
        if "mix exchanged" in bug:
            dn, dback = dh * (1 - z), dh * z
        if "no carry" in bug:
            dback = 0 * dback
        an = dn * (1 - n**2)
        if "candidate slope missing" in bug:
            an = dn
        drh = an @ Un.T
        dr = drh * h
        if "reset of candidate" in bug:
            dr = drh * n
        dback = dback + (drh if "reset not applied" in bug else drh * r)
        if "candidate path missing" in bug:
            dback = dback - drh * r
        az, ar = dz * z * (1 - z), dr * r * (1 - r)
        if "update slope missing" in bug:
            az = dz
        if "reset slope missing" in bug:
            ar = dr
        if "update path missing" not in bug:
            dback = dback + az @ Uz.T
        if "reset path missing" not in bug:
            dback = dback + ar @ Ur.T
        rh = h if "Un of h" in bug else r * h
        for name, outer in (
            ("Wz", np.outer(x, az)),
            ("Uz", np.outer(h, az)),
            ("Wr", np.outer(x, ar)),
            ("Ur", np.outer(rh if "Ur of reset state" in bug else h, ar)),
            ("Wn", np.outer(x, an)),
            ("Un", np.outer(rh, an)),
        ):
            if "overwritten" in bug and name == "Wr":
                grads[name] = outer
            elif not ("first step dropped" in bug and t == 0):
                grads[name] = grads[name] + outer
        dh = dback
    if "gates exchanged" in bug:
        grads["Wz"], grads["Wr"] = grads["Wr"], grads["Wz"]
    if "W and U of gate r" in bug:
        grads["Ur"] = grads["Ur"].T
    return *grads.values(), dv


GRU = {
    "starting state": "backward recomputes from another starting state",
    "update sign": "update gate's derivative with the wrong sign",
    "update without old": "old state missing in the update gate's derivative",
    "mix exchanged": "z and 1-z exchanged on the way back",
    "no carry": "direct carry of the old state missing on the way back",
    "candidate slope missing": "candidate's tanh slope missing",
    "reset of candidate": "reset gate's derivative with the candidate instead of the old state",
    "reset not applied": "reset gate missing on the way back to the old state",
    "candidate path missing": "old state gets nothing through the candidate",
    "update slope missing": "update gate's sigmoid slope missing",
    "reset slope missing": "reset gate's sigmoid slope missing",
    "update path missing": "old state gets nothing through the update gate",
    "reset path missing": "old state gets nothing through the reset gate",
    "Un of h": "candidate's recurrent weights with h instead of r*h",
    "Ur of reset state": "reset gate's recurrent weights with r*h instead of h",
    "overwritten": "reset gate's input weights overwritten in each step",
    "first step dropped": "first step left out of all sums",
    "gates exchanged": "gradients of Wz and Wr returned in each other's place",
    "W and U of gate r": "Ur's gradient transposed",
}


def gru_point(rng):
    shapes = ((2, 4), (4, 4)) * 3
    return *(rng.normal(size=s) * 0.8 for s in shapes), rng.normal(size=4), rng.normal(size=(3, 2)), 0.5


FAMILIES = [
    Family(
        "RNN over five steps",
        rnn_loss,
        rnn_backward,
        rnn_point,
        5,
        RNN,
        (("Wo of previous", "Wh transposed"), ("no future", "doubled c"), ("stops one early", "b before slope")),
        (1e-2, 0.3, 2.0),
    ),
    Family(
        "LSTM over three steps",
        lstm_loss,
        lstm_backward,
        lstm_point,
        4,
        LSTM,
        (("candidate as sigmoid", "forget bias"), ("v of cell", "forget gate missing")),
        (0.1, 2.0),
    ),
    Family(
        "GRU over three steps",
        gru_loss,
        gru_backward,
        gru_point,
        7,
        GRU,
        (("update sign", "Un of h"), ("reset path missing", "overwritten")),
        (0.3, 2.0),
    ),
]
