"""Learners by their misconception: which lines of which exercise each of them works otherwise, and always so."""

from __future__ import annotations

_THREE = ("1", "2", "3")
_NUDGES = ("one-weight/whole", "one-weight/small", "one-weight/down")
_INPUTS = ("bias-and-input/input",)
_BENDS = ("bends/square", "bends/cube", "bends/mixed")
_SIDES = (*_NUDGES, "bias-and-input/bias", *_INPUTS)
_THROUGH = ("through-relu/live", "through-relu/off")
_LAYERS = ("linear-layer/small", "linear-layer/wide", "linear-layer/square")
_STEPS = ("descent-step/one step", "descent-step/too far")
_TWO = ("two-layers/one row", "two-layers/two rows")
_RELUS = ("activations/relu", "activations/kink")
_ROWS = ("many-weights/one row", "many-weights/two rows", "many-weights/three rows")
_PAIR = "descent-step/weight and bias"
_BACK = "one-neuron/backpropagation"
_LINE = "batch-mean/weight and bias"
_COLUMNS = "batch-mean/columns"
_NEURON = "one-neuron/nudging"
_SPOT, _AGREE = "descent-step/spot the error", "one-neuron/agree or not"
_RISES = ("((w + h) * x + b - y)**2 - ((w - h) * x + b - y)**2", "(w * x + b + h - y)**2 - (w * x + b - h - y)**2")
_NETWORK = "numerical-table/network"


def _all(kinds: tuple[str, ...], *lines: str) -> dict[str, list[str]]:
    return {kind: list(lines) for kind in kinds}


def _steps(change: str, sign: str = "-") -> list[str]:
    return [f"w{k + 1} = w{k} {sign} {change.format(k=k)}" for k in (1, 2, 3)]


MISCONCEPTIONS: dict[str, dict[str, list[str]]] = {
    # nudges and ratios
    "change instead of ratio": {
        **_all((*_SIDES,), "slope = dZ"),
        "one-weight/three weights": [f"slope{k} = dZ{k}" for k in _THREE],
        "bias-and-input/all three": ["slope_w = Z_w - Z", "slope_b = Z_b - Z", "slope_x = Z_x - Z"],
        **_all(_BENDS, "ratio = dy"),
        "bends/shrinking": [f"ratio{k} = (x + h{k})**2 - x**2" for k in _THREE],
        "bends/both ways": ["ratio = rise"],
        "numerical-table/columns": ["slope = rise"],
        "numerical-table/table": ["slope_b = rise_b", "slope_W = rise_W"],
        _NETWORK: ["slope = rise"],
        _NEURON: ["nudged_w = up_w - down_w", "nudged_b = up_b - down_b"],
        "one-neuron/which one": ["nudged = ((w + h) * x - y)**2 - ((w - h) * x - y)**2"],
        _AGREE: [f"dw = {_RISES[0]}", f"db = {_RISES[1]}"],
        **_all(_THROUGH, "weight = dZ", "unit = dA", "whole = dA"),
    },
    "ratio upside down": {
        **_all(_NUDGES, "slope = dW / dZ"),
        "one-weight/three weights": [f"slope{k} = dW{k} / dZ{k}" for k in _THREE],
        "bias-and-input/input": ["slope = dX / dZ"],
        **_all(_BENDS, "ratio = dx / dy"),
        "bends/both ways": ["ratio = 2 * h / rise"],
        "numerical-table/columns": ["slope = nudge / rise"],
        _NETWORK: ["slope = 2 * h / rise"],
        **_all(_THROUGH, "weight = dW / dZ"),
    },
    "h for 2h": {
        "bends/both ways": ["ratio = rise / h"],
        _NETWORK: ["slope = rise / h"],
        _NEURON: ["nudged_w = (up_w - down_w) / h", "nudged_b = (up_b - down_b) / h"],
        "one-neuron/which one": ["nudged = (((w + h) * x - y)**2 - ((w - h) * x - y)**2) / h"],
        _AGREE: [f"dw = ({_RISES[0]}) / h", f"db = ({_RISES[1]}) / h"],
    },
    "2h for h": {
        **_all(_NUDGES, "slope = dZ / (2 * dW)"),
        **_all(_INPUTS, "slope = dZ / (2 * dX)"),
        **_all(_BENDS, "ratio = dy / (2 * dx)"),
        "numerical-table/columns": ["slope = rise / (2 * nudge)"],
        "numerical-table/table": ["slope_b = rise_b / (2 * nudge)", "slope_W = rise_W / (2 * nudge)"],
    },
    "multiplied by the nudge": {
        **_all(_NUDGES, "slope = dZ * dW"),
        **_all(_BENDS, "ratio = dy * dx"),
        "numerical-table/columns": ["slope = rise * nudge"],
        _NETWORK: ["slope = rise * 2 * h"],
    },
    "before minus after": {
        **_all(_SIDES, "dZ = Z_before - Z_after"),
        "one-weight/three weights": [f"dZ{k} = Z - Z{k}" for k in _THREE],
        **_all(_BENDS, "dy = y_before - y_after"),
        "bends/both ways": ["rise = y_down - y_up"],
        "numerical-table/columns": ["rise = loss - after"],
        "numerical-table/table": ["rise_b = loss - after_b", "rise_W = loss - after_W"],
        _NETWORK: ["rise = down - up"],
        **_all(_THROUGH, "dZ = Z_before - Z_after", "dA = A_before - A_after"),
    },
    "value after instead of change": {
        **_all(_SIDES, "dZ = Z_after"),
        **_all(_BENDS, "dy = y_after"),
        "numerical-table/columns": ["rise = after"],
        "numerical-table/table": ["rise_b = after_b", "rise_W = after_W"],
    },
    "added before and after": {
        **_all(_SIDES, "dZ = Z_after + Z_before"),
        **_all(_BENDS, "dy = y_after + y_before"),
        "bends/both ways": ["rise = y_up + y_down"],
        "numerical-table/columns": ["rise = after + loss"],
    },
    "nudge taken away": {
        **_all(_NUDGES, "W_after = W_before - dW"),
        **_all(_BENDS, "x_after = x_before - dx"),
        "bias-and-input/input": ["X_after = X_before - dX"],
        "bias-and-input/bias": ["b_after = b_before - db"],
        **_all(_THROUGH, "W_after = W_before - dW"),
    },
    "both nudged": {
        "bias-and-input/all three": ["Z_w = (W + dW) * X + b + db", "Z_x = (W + dW) * (X + dX) + b"],
        _NEURON: ["up_b = ((w + h) * x + b + h - y)**2", "down_b = ((w - h) * x + b - h - y)**2"],
    },
    "first nudge not taken back": {
        "one-weight/three weights": [
            "Z2 = (W1 + dW1) * X1 + (W2 + dW2) * X2 + W3 * X3",
            "Z3 = (W1 + dW1) * X1 + (W2 + dW2) * X2 + (W3 + dW3) * X3",
        ],
        "bias-and-input/all three": ["Z_b = (W + dW) * X + b + db", "Z_x = (W + dW) * (X + dX) + b + db"],
    },
    "slope of w is w": {
        **_all((*_NUDGES, "one-weight/star"), "slope = W_before"),
        "one-weight/three weights": [f"slope{k} = W{k}" for k in _THREE],
        "bias-and-input/all three": ["slope_w = W", "slope_x = X"],
        "through-relu/by formula": ["weight = W", "input = X"],
        **_all((*_INPUTS, "bias-and-input/star"), "slope = X_before"),
        _BACK: ["dw = dz * w", "dx = dz * x"],
    },
    # powers and rules
    "slope at the point after": {
        "bends/square": ["slope = 2 * x_after"],
        "bends/cube": ["slope = 3 * x_after**2"],
        "bends/mixed": ["slope = 2 * x_after + 3"],
    },
    "kept exponent": {
        "bends/square": ["slope = 2 * x_before**2"],
        "bends/cube": ["slope = 3 * x_before**3"],
        "bends/both ways": ["slope = 3 * x**3"],
        "bends/shrinking": ["slope = 2 * x**2"],
        "rules/power": ["lower = n"],
        "rules/chain": ["outer = n * u**n"],
        "rules/sum": ["first = 2 * a * x**2"],
        "rules/product": ["du = 2 * x**2"],
        "rules/long chain": ["middle = 2 * u**2"],
    },
    "square instead of two times": {
        "losses/squared": ["derror = error**2"],
        **_all(_STEPS, "slope = error**2 * x"),
        "one-neuron/which one": ["derror = error**2", "rule = error**2 * x"],
        _SPOT: ["slope = their_error**2 * x"],
        _AGREE: ["dw = error**2 * x", "db = error**2"],
        _BACK: ["derror = error**2"],
        "batch-mean/row by row": ["slopes = error**2 * x"],
    },
    "forgot two": {
        "losses/squared": ["derror = error"],
        "losses/mean squared": ["derror = dsquare * error"],
        **_all(_STEPS, "slope = error * x"),
        _PAIR: ["dw = error * x", "db = error"],
        "descent-step/three steps": _steps("learning_rate * error{k} * x"),
        "batch-mean/row by row": ["slopes = error * x"],
        _LINE: ["derror = dsquare * error"],
        _COLUMNS: ["derror = dsquare * error"],
        "one-neuron/which one": ["derror = error", "rule = error * x"],
        _SPOT: ["slope = their_error * x"],
        _AGREE: ["dw = error * x", "db = error"],
        _NEURON: ["rule_w = error * x", "rule_b = error"],
        _BACK: ["derror = error"],
        **_all(_TWO, "derror = dsquare * error"),
        _NETWORK: ["rule = (sum(A) - y) * x[0, 0]"],
        "bends/square": ["slope = x_before"],
        "bends/shrinking": ["slope = x"],
        "rules/sum": ["first = a * x"],
        "rules/product": ["du = x"],
        "rules/long chain": ["middle = u"],
    },
    "forgot the power in front": {
        "rules/power": ["slope = c * power"],
        "rules/chain": ["outer = u**(n - 1)"],
        "bends/cube": ["slope = x_before**2"],
        "bends/both ways": ["slope = x**2"],
    },
    "forgot the number in front": {"rules/power": ["slope = n * power"], "rules/sum": ["first = 2 * x"]},
    "power as a product": {
        "rules/power": ["power = x * lower"],
        **_all(("bends/square",), "y_after = x_after * 2"),
        "losses/squared": ["loss = error * 2"],
        "losses/mean squared": ["square = error * 2"],
        "batch-mean/row by row": ["square = error * 2"],
        **_all(_STEPS, "loss = error * 2", "new_loss = new_error * 2"),
    },
    "forgot to square": {
        "losses/squared": ["loss = error"],
        **_all(_STEPS, "loss = error", "new_loss = new_error"),
        "losses/mean squared": ["square = error"],
        "batch-mean/row by row": ["square = error"],
        "rules/quotient": ["bottom = v"],
        _NEURON: ["loss = error"],
    },
    "square of a sum term by term": {
        "bends/square": ["y_after = x_before**2 + dx**2"],
        "bends/both ways": ["y_up = x**3 + h**3", "y_down = x**3 - h**3"],
    },
    "product of slopes": {"rules/product": ["slope = du * dv"], "rules/quotient": ["slope = du / dv"]},
    "one half of the product rule": {"rules/product": ["slope = du * v"], "rules/quotient": ["top = du * v"]},
    "quotient the other way round": {"rules/quotient": ["top = u * dv - du * v"]},
    "quotient with plus": {"rules/quotient": ["top = du * v + u * dv"]},
    "sum rule with one term": {"rules/sum": ["slope = first"]},
    "kept the x of b x": {"rules/sum": ["second = b * x"]},
    "forgot inner slope": {
        "rules/chain": ["slope = outer"],
        "rules/long chain": ["slope = outer * middle"],
        "one-neuron/which one": ["rule = 2 * error", "back = derror"],
        _SPOT: ["slope = 2 * their_error"],
        _AGREE: ["dw = 2 * error"],
        **_all(_STEPS, "slope = 2 * error"),
        _PAIR: ["dw = 2 * error"],
        "batch-mean/row by row": ["slopes = 2 * error"],
        _NEURON: ["rule_w = 2 * error"],
        _BACK: ["dw = dz"],
        _NETWORK: ["rule = 2 * (sum(A) - y)"],
    },
    "forgot the middle slope": {"rules/long chain": ["slope = outer * inner"]},
    "only the inner slope": {"rules/chain": ["slope = inner"]},
    "added instead of multiplied along the chain": {
        "rules/chain": ["slope = outer + inner"],
        "rules/long chain": ["slope = outer + middle + inner"],
    },
    "forgot what comes back": {
        **_all((*_RELUS, "activations/leaky"), "dZ = slope"),
        "activations/sigmoid": ["dz = slope"],
        "activations/tanh": ["dz = slope"],
        "activations/row": ["dZ = dA_dZ"],
    },
    # activations
    "forgot mask": {
        _BACK: ["dz = da"],
        **_all(_TWO, "dZ1 = dA1"),
        **_all(_RELUS, "dZ = dA"),
        "through-relu/by formula": ["whole = weight", "across = input"],
        "through-relu/off": ["unit = 1", "whole = weight"],
    },
    "mask is all ones": {_BACK: ["da_dz = 1"], **_all(_TWO, "dA1_dZ1 = 1"), **_all(_RELUS, "slope = 1")},
    "mask from what came back": {**_all(_RELUS, "slope = on(dA)"), **_all(_TWO, "dA1_dZ1 = on(dA1)")},
    "mask turned round": {**_all(_RELUS, "slope = on(-Z)"), **_all(_TWO, "dA1_dZ1 = on(-Z1)")},
    "mask where not negative": {"activations/kink": ["slope = where(Z >= 0, 1.0, 0.0)"]},
    "activation for slope": {
        **_all((*_RELUS, "activations/leaky"), "slope = A"),
        "activations/sigmoid": ["slope = a"],
        "activations/tanh": ["slope = a"],
        "activations/row": ["dA_dZ = A"],
        _BACK: ["da_dz = a"],
        **_all(_TWO, "dA1_dZ1 = A1"),
    },
    "multiplied by the activation": {
        **_all(_RELUS, "dZ = dA * A"),
        "activations/sigmoid": ["dz = da * a"],
        "activations/tanh": ["dz = da * a"],
        "activations/row": ["dZ = dA * A"],
        **_all(_TWO, "dZ1 = dA1 * A1"),
        _BACK: ["dz = da * a"],
    },
    "slope formula at z": {
        "activations/sigmoid": ["slope = z * (1 - z)"],
        "activations/tanh": ["slope = 1 - z**2"],
        "activations/row": ["dA_dZ = 1 - Z**2"],
    },
    "forgot one minus": {
        "activations/sigmoid": ["slope = a**2"],
        "activations/tanh": ["slope = square"],
        "activations/row": ["dA_dZ = A**2"],
    },
    "forgot relu": {
        **_all(_RELUS, "A = Z"),
        **_all(_TWO, "A1 = Z1"),
        _BACK: ["a = z"],
        _NETWORK: ["A = W @ x"],
    },
    "leaky as relu": {"activations/leaky": ["A = relu(Z)", "slope = on(Z)"]},
    "size of the number for relu": {**_all(_RELUS, "A = abs(Z)")},
    "sigmoid without minus": {"activations/sigmoid": ["a = 1 / (1 + exp(z))"]},
    # losses
    "target minus prediction": {
        "losses/squared": ["error = y - yhat"],
        "losses/mean squared": ["error = y - yhat"],
        "losses/absolute": ["error = y - yhat"],
        "losses/half": ["error = y - yhat"],
        **_all(_STEPS, "error = y - w * x"),
        _PAIR: ["error = y - w * x - b"],
        "descent-step/three steps": [f"error{k} = y - w{k} * x" for k in _THREE],
        "batch-mean/row by row": ["error = y - w * x"],
        _LINE: ["error = y - Z"],
        _COLUMNS: ["error = Y - Z"],
        "one-neuron/which one": ["error = y - w * x"],
        _SPOT: ["error = y - w * x"],
        _AGREE: ["error = y - w * x - b"],
        _NEURON: ["error = y - w * x - b"],
        _BACK: ["error = y - a"],
        **_all(_TWO, "error = Y - Z2"),
        "softmax/shares": ["dZ = Y - P"],
        "softmax/both": ["dZ = Y - P"],
        "softmax/batch": ["dZ = (Y - P) / 2"],
    },
    "minus sign in the slope": {
        "losses/squared": ["derror = -2 * error"],
        "losses/mean squared": ["derror = -2 * dsquare * error"],
        **_all(_STEPS, "slope = -2 * error * x"),
        _BACK: ["derror = -2 * error"],
        **_all(_TWO, "derror = -2 * dsquare * error"),
    },
    "forgot the sign of the absolute value": {
        "losses/absolute": ["dsize_derror = 1"],
    },
    "size left signed": {"losses/absolute": ["size = error"]},
    "kept the two of a half": {"losses/half": ["derror = 2 * error"]},
    "forgot the half": {"losses/half": ["loss = sum(error**2)"]},
    "log with base ten": {
        "losses/binary cross-entropy": ["loss = -(y * log10(p) + (1 - y) * log10(q))"],
        "softmax/shares": ["loss = -sum(Y * log10(P))"],
        "softmax/both": ["loss = -sum(Y * log10(P))"],
    },
    "loss with the wrong sign": {
        "losses/binary cross-entropy": ["loss = y * log(p) + (1 - y) * log(q)"],
        "softmax/shares": ["loss = sum(Y * log(P))"],
        "softmax/both": ["loss = sum(Y * log(P))"],
    },
    "sign of the first part": {"losses/binary cross-entropy": ["first = y / p"]},
    "parts subtracted": {"losses/binary cross-entropy": ["slope = first - second"]},
    # batches
    "forgot one over n": {
        "losses/mean squared": ["loss = sum(square)", "dsquare = 1"],
        "batch-mean/row by row": ["loss = sum(square)", "dw = sum(slopes)"],
        _LINE: ["loss = sum(square)", "dsquare = 1"],
        _COLUMNS: ["loss = sum(square)", "dsquare = 1"],
        "two-layers/two rows": ["dsquare = 1"],
        "softmax/batch": ["loss = -sum(Y * log(P))", "dZ = P - Y"],
    },
    "forgot one over n going back only": {
        "losses/mean squared": ["derror = 2 * error"],
        "batch-mean/row by row": ["dw = sum(slopes)"],
        _LINE: ["derror = 2 * error"],
        _COLUMNS: ["derror = 2 * error"],
        "two-layers/two rows": ["derror = 2 * error"],
        "softmax/batch": ["dZ = P - Y"],
    },
    "divided twice": {
        "batch-mean/row by row": ["dw = mean(slopes) / 4"],
        _LINE: ["dw = sum(dZ * x) / 2", "db = sum(dZ) / 2"],
        _COLUMNS: ["dW = dZ @ X.T / 4"],
        "losses/mean squared": ["dyhat = derror / 4"],
        "softmax/batch": ["dZ = (P - Y) / 4"],
        "two-layers/two rows": ["dW2 = dZ2 @ A1.T / 2", "dW1 = dZ1 @ X.T / 2", "db1 = rows(dZ1) / 2"],
    },
    "only the first row of data": {
        "batch-mean/row by row": ["dw = slopes[0, 0]"],
        _LINE: ["dw = dZ[0, 0] * x[0, 0]", "db = dZ[0, 0]"],
        "two-layers/two rows": ["dW1 = dZ1[:, :1] @ X[:, :1].T", "db1 = dZ1[:, :1]"],
        "linear-layer/wide": ["dW = dZ[:, :1] @ X[:, :1].T", "db = dZ[:, :1]"],
        "linear-layer/square": ["dW = dZ[:, :1] @ X[:, :1].T", "db = dZ[:, :1]"],
    },
    "mean for sum": {
        _LINE: ["dw = mean(dZ * x)", "db = mean(dZ)"],
        "linear-layer/wide": ["db = rows(dZ) / 2"],
        "linear-layer/square": ["db = rows(dZ) / 2"],
        "losses/absolute": ["loss = mean(size)"],
    },
    # biases
    "summed over the wrong axis": {
        "linear-layer/square": ["db = dZ.sum(axis=0, keepdims=True).T"],
        "linear-layer/wide": ["db = dZ.sum(axis=0, keepdims=True).T"],
        "two-layers/two rows": ["db1 = dZ1.sum(axis=0, keepdims=True).T"],
        "many-weights/three rows": ["dZ = sum(products, axis=0)"],
    },
    "no sum for the bias": {
        "linear-layer/wide": ["db = dZ[:, :1]"],
        "linear-layer/square": ["db = dZ[:, :1]"],
        "two-layers/two rows": ["db1 = dZ1[:, :1]"],
    },
    "x in the bias slope": {
        _LINE: ["db = sum(dZ * x)"],
        _BACK: ["db = dz * x"],
        _PAIR: ["db = 2 * error * x"],
        _NEURON: ["rule_b = 2 * error * x"],
        "bias-and-input/bias": ["slope = X"],
        "bias-and-input/all three": ["slope_b = X"],
        "linear-layer/small": ["db = dZ * X"],
        "two-layers/one row": ["db1 = dZ1 * X"],
    },
    "bias slope 0": {
        _LINE: ["db = 0"],
        _BACK: ["db = 0"],
        _PAIR: ["db = 0"],
        _NEURON: ["rule_b = 0"],
        "bias-and-input/bias": ["slope = 0"],
        "bias-and-input/all three": ["slope_b = 0"],
        **_all(_LAYERS, "db = 0"),
        **_all(_TWO, "db1 = 0"),
    },
    "bias slope 1": {
        _LINE: ["db = 1"],
        _BACK: ["db = 1"],
        _PAIR: ["db = 1"],
        _NEURON: ["rule_b = 1"],
        **_all(_LAYERS, "db = 1"),
        **_all(_TWO, "db1 = 1"),
    },
    "forgot the bias": {
        _LINE: ["Z = w * x"],
        _BACK: ["z = w * x"],
        "linear-layer/small": ["Z = W @ X"],
        "two-layers/one row": ["Z1 = W1 @ X"],
        "two-layers/two rows": ["Z1 = W1 @ X"],
        _PAIR: ["error = w * x - y", "new_error = new_w * x - y"],
        "bias-and-input/all three": ["Z = W * X"],
    },
    # matrices
    "transposed": {
        **_all((*_LAYERS[:1], "linear-layer/square", "linear-layer/code"), "dW = X @ dZ.T"),
        **_all(_TWO, "dW1 = X @ dZ1.T"),
    },
    "forgot to transpose W": {
        **_all(("linear-layer/small", "linear-layer/square", "linear-layer/code"), "dX = W @ dZ"),
    },
    "transposed W forward": {
        "linear-layer/small": ["Z = W.T @ X + b"],
        "linear-layer/code": ["Z = W.T @ X"],
        "many-weights/product": ["dZ = dW.T @ X"],
        "many-weights/rows of data": ["dZ = dW.T @ X"],
        **_all(_TWO, "Z1 = W1.T @ X + b1"),
    },
    "forgot to transpose X": {
        "linear-layer/square": ["dW = dZ @ X"],
        "linear-layer/code": ["dW = dZ @ X"],
        "two-layers/two rows": ["dW1 = dZ1 @ X"],
    },
    "element by element": {
        "linear-layer/square": ["dW = dZ * X", "dX = W * dZ"],
        "linear-layer/code": ["Z = W * X", "dW = dZ * X", "dX = W * dZ"],
        "many-weights/rows of data": ["dZ = dW * X"],
    },
    "factors the other way round": {
        "linear-layer/code": ["Z = X @ W", "dX = dZ @ W.T"],
        "many-weights/rows of data": ["dZ = X @ dW"],
    },
    "added for multiplied": {
        **_all(_ROWS, "products = dW + X.T"),
        "rules/product": ["slope = du + dv"],
        "through-relu/by formula": ["Z = W + X"],
    },
    "rows multiplied up": {**_all(_ROWS, "dZ = products.prod(axis=1)")},
    "first of the row only": {**_all(_ROWS, "dZ = products[:, 0]")},
    "summed columns": {"many-weights/three rows": ["dZ = sum(products, axis=0)"]},
    "wrong cell of the matrix": {
        "linear-layer/wide": ["dW = dZ[::-1] @ X.T"],
        "linear-layer/square": ["dW = dZ[::-1] @ X.T"],
        "many-weights/two rows": ["dZ = sum(products, axis=1)[::-1]"],
    },
    # layers
    "weights of the other layer": {**_all(_TWO, "dA1 = W1.T[:, :1] @ dZ2")},
    "input for the hidden row": {**_all(_TWO, "dW2 = dZ2 @ X.T")},
    "hidden row for the input": {**_all(_TWO, "dW1 = dZ1 @ A1.T")},
    "sum of signals without weights": {**_all(_TWO, "dA1 = 0 * A1 + dZ2")},
    "slope before the relu": {**_all(_TWO, "dW1 = dA1 @ X.T", "db1 = rows(dA1)")},
    # steps
    "plus in the update": {
        **_all(_STEPS, "new_w = w + learning_rate * slope"),
        _PAIR: ["new_w = w + learning_rate * dw", "new_b = b + learning_rate * db"],
        _SPOT: ["new_w = w + learning_rate * their_slope"],
        "descent-step/three steps": _steps("learning_rate * 2 * error{k} * x", "+"),
        "optimisers/momentum": ["w1 = w0 + learning_rate * v1", "w2 = w1 + learning_rate * v2"],
        "optimisers/weight decay": ["new_w = w + learning_rate * total", "new_b = b + learning_rate * db"],
        "optimisers/rmsprop": ["new_w = w + step"],
        "optimisers/adam": ["new_w = w + learning_rate * m_hat / size"],
    },
    "forgot learning rate": {
        **_all(_STEPS, "new_w = w - slope"),
        _PAIR: ["new_w = w - dw", "new_b = b - db"],
        _SPOT: ["new_w = w - their_slope"],
        "descent-step/three steps": _steps("2 * error{k} * x"),
        "optimisers/momentum": ["w1 = w0 - v1", "w2 = w1 - v2"],
        "optimisers/weight decay": ["new_w = w - total", "new_b = b - db"],
        "optimisers/rmsprop": ["step = g / size"],
        "optimisers/adam": ["new_w = w - m_hat / size"],
    },
    "only the step": {
        **_all(_STEPS, "new_w = learning_rate * slope"),
        _SPOT: ["new_w = learning_rate * their_slope"],
        "optimisers/momentum": ["w1 = learning_rate * v1", "w2 = learning_rate * v2"],
        "optimisers/weight decay": ["new_w = learning_rate * total"],
    },
    "one number after the other": {_PAIR: ["new_b = b - learning_rate * 2 * (new_w * x + b - y)"]},
    "old error again": {
        "descent-step/three steps": [
            "w3 = w2 - learning_rate * 2 * error1 * x",
            "w4 = w3 - learning_rate * 2 * error1 * x",
        ],
        **_all(_STEPS, "new_error = w * x - y"),
    },
    "started again from the first weight": {
        "descent-step/three steps": [
            "w3 = w1 - learning_rate * 2 * error2 * x",
            "w4 = w1 - learning_rate * 2 * error3 * x",
        ],
        "optimisers/momentum": ["w2 = w0 - learning_rate * v2"],
    },
    "forgot the old velocity": {"optimisers/momentum": ["v1 = g1", "v2 = g2"]},
    "velocity not shrunk": {"optimisers/momentum": ["v1 = v0 + g1", "v2 = v1 + g2"]},
    "velocity of two steps ago": {"optimisers/momentum": ["v2 = momentum * v0 + g2"]},
    "decay without the weight": {"optimisers/weight decay": ["total = dw + decay"]},
    "forgot the decay": {"optimisers/weight decay": ["total = dw"]},
    "decay with minus": {"optimisers/weight decay": ["total = dw - decay * w"]},
    "decay on the bias": {"optimisers/weight decay": ["new_b = b - learning_rate * (db + decay * b)"]},
    "forgot the root": {"optimisers/rmsprop": ["size = s1"], "optimisers/adam": ["size = s_hat"]},
    "average without the square": {"optimisers/rmsprop": ["s1 = keep * s0 + (1 - keep) * g"]},
    "average without keeping": {"optimisers/rmsprop": ["s1 = s0 + g**2"]},
    "forgot the bias correction": {"optimisers/adam": ["m_hat = m", "s_hat = s"]},
    # softmax
    "shares without the label": {
        "softmax/shares": ["dZ = P"],
        "softmax/both": ["dZ = P"],
        "softmax/batch": ["dZ = P / 2"],
    },
    "scores less labels": {"softmax/shares": ["dZ = Z - Y"], "softmax/both": ["dZ = Z - Y"]},
    "softmax diagonal only": {"softmax/table": ["J = I * P * (1 - P)"]},
    "softmax slope for one": {"softmax/table": ["dZ = P * (1 - P) * dP"], "softmax/both": ["dZ = P * (1 - P) * dP"]},
    "table without minus": {"softmax/table": ["J = I * P + P @ P.T"]},
    "diagonal without one minus": {"softmax/table": ["J = I * P - (1 - I) * (P @ P.T)"]},
    "shares of the scores": {"softmax/shares": ["P = Z / sum(Z)"]},
    "slope of the loss without minus": {"softmax/both": ["dP = Y / P"]},
    "one path only": {
        "softmax/table": ["dZ = J[:, :1] * dP[0, 0]"],
        "linear-layer/square": ["dX = W[:1].T @ dZ[:1]"],
        "linear-layer/small": ["dX = W[:1].T @ dZ[:1]"],
        "linear-layer/wide": ["dX = W[:1].T @ dZ[:1]"],
    },
    # another function, another key
    "tan for tanh": {"activations/tanh": ["a = tan(z)"], "activations/row": ["A = tan(Z)"]},
    "sigmoid for tanh": {
        "activations/tanh": ["a = 1 / (1 + exp(-z))"],
        "activations/row": ["A = 1 / (1 + exp(-Z))"],
    },
    "tanh for sigmoid": {"activations/sigmoid": ["a = tanh(z)"]},
    "log with base two": {
        "losses/binary cross-entropy": ["loss = -(y * log2(p) + (1 - y) * log2(q))"],
        "softmax/shares": ["loss = -sum(Y * log2(P))"],
    },
    "e times the score": {"softmax/shares": ["E = exp(1) * Z"]},
    "ten to the score": {
        "softmax/shares": ["E = 10.0**Z"],
        "softmax/both": ["P = 10.0**Z / sum(10.0**Z)"],
        "softmax/batch": ["P = 10.0**Z / sum(10.0**Z, axis=0)"],
    },
    "half for the root": {"optimisers/rmsprop": ["size = s1 / 2"]},
    "size for the square": {
        "optimisers/rmsprop": ["s1 = keep * s0 + (1 - keep) * abs(g)"],
        "losses/mean squared": ["square = abs(error)"],
        "batch-mean/row by row": ["square = abs(error)"],
    },
    "relu on the last layer": {**_all(_TWO, "Z2 = relu(W2 @ A1)")},
    "relu too early": {_BACK: ["z = relu(w * x + b)"], **_all(_TWO, "Z1 = relu(W1 @ X + b1)")},
    # sums along another axis, or before the products
    "shares along the row": {"softmax/batch": ["P = exp(Z) / sum(exp(Z), axis=1, keepdims=True)"]},
    "shares of the whole table": {"softmax/batch": ["P = exp(Z) / sum(exp(Z))"]},
    "mean times mean": {
        "batch-mean/row by row": ["dw = 2 * mean(error) * mean(x)"],
        _LINE: ["dw = sum(dZ) * sum(x)"],
        **_all(("many-weights/product", "many-weights/rows of data"), "dZ = dW.sum(1, keepdims=True) * X.sum(0)"),
    },
    # factors and terms with no place there
    "learning rate twice": {
        **_all(_STEPS, "new_w = w - learning_rate**2 * slope"),
        _PAIR: ["new_w = w - learning_rate**2 * dw", "new_b = b - learning_rate**2 * db"],
        "descent-step/three steps": _steps("learning_rate**2 * 2 * error{k} * x"),
        "optimisers/momentum": ["w1 = w0 - learning_rate**2 * v1", "w2 = w1 - learning_rate**2 * v2"],
    },
    "learning rate in the slope": {
        **_all(_STEPS, "slope = learning_rate * 2 * error * x"),
        _PAIR: ["dw = learning_rate * 2 * error * x", "db = learning_rate * 2 * error"],
    },
    "slope times one less momentum": {
        "optimisers/momentum": ["v1 = momentum * v0 + (1 - momentum) * g1", "v2 = momentum * v1 + (1 - momentum) * g2"],
    },
    "nudge of the bias times the input": {
        "bias-and-input/bias": ["Z_after = W * X + b_before + db * X"],
        "bias-and-input/all three": ["Z_b = W * X + b + db * X"],
    },
    "nudge outside the brackets": {
        **_all(_NUDGES, "Z_after = W_before * X + dW"),
        **_all(_INPUTS, "Z_after = W * X_before + dX + b"),
        "bias-and-input/all three": ["Z_w = W * X + dW + b", "Z_x = W * X + dX + b"],
        "one-weight/three weights": [f"Z{k} = Z + dW{k}" for k in _THREE],
    },
    "constant counted in the slope": {
        "rules/sum": ["slope = first + second + c"],
        "rules/product": ["dv = 3 + c"],
        "rules/quotient": ["dv = 1 + c"],
        "rules/chain": ["inner = a + b"],
        "rules/long chain": ["inner = a + b"],
    },
    "taken away instead of multiplied": {**_all(_ROWS, "products = dW - X.T")},
    # the wrong thing put in
    "slope at the value": {"rules/long chain": ["middle = 2 * v"], "rules/chain": ["outer = n * y**(n - 1)"]},
    "unit by the sign of the input": {
        "through-relu/by formula": ["unit = on(X)"],
        **_all(_THROUGH, "unit = on(X)"),
        "two-layers/two rows": ["dA1_dZ1 = on(X)"],
    },
    "unit by the sign of the weight": {
        "through-relu/by formula": ["unit = on(W)"],
        **_all(_THROUGH, "unit = on(W_before)"),
    },
    "value of the unit for its slope": {
        "through-relu/by formula": ["unit = relu(Z)"],
        **_all(_THROUGH, "unit = A_before"),
    },
    "keeps and rest exchanged": {
        "optimisers/rmsprop": ["s1 = (1 - keep) * s0 + keep * g**2"],
        "optimisers/adam": ["m = 0.9 * g", "s = 0.999 * g**2", "m_hat = m / 0.9", "s_hat = s / 0.999"],
    },
    "share of another class": {
        **_all(("softmax/shares", "softmax/both"), "loss = -log(P[int(argmin(Y)), 0])"),
    },
    "all classes counted": {**_all(("softmax/shares", "softmax/both"), "loss = -sum(log(P))")},
    "kept the x of 3x": {"bends/mixed": ["slope = 2 * x_before + 3 * x_before"]},
    "outer slope at the inner variable": {"rules/chain": ["outer = n * x**(n - 1)"]},
    "square of the mean": {
        "batch-mean/row by row": ["loss = mean(error)**2"],
        _LINE: ["loss = mean(error)**2"],
        _COLUMNS: ["loss = mean(error)**2"],
        "losses/mean squared": ["loss = mean(error)**2"],
    },
    "divided by one less": {"batch-mean/row by row": ["loss = sum(square) / 3", "dw = sum(slopes) / 3"]},
    "brackets put in": {
        "rules/chain": ["u = a * (x + b)"],
        "rules/long chain": ["u = a * (x + b)"],
        "bias-and-input/bias": ["Z_after = W * (X + b_after)"],
        _LINE: ["Z = w * (x + b)"],
    },
    "power of the whole product": {
        "rules/power": ["y = (c * x)**n"],
        "rules/sum": ["y = (a * x)**2 + b * x + c"],
        "optimisers/rmsprop": ["s1 = keep * s0 + ((1 - keep) * g)**2"],
    },
    "each slope with its own function": {"rules/product": ["slope = du * u + dv * v"]},
    "slope of a term is 0": {"rules/sum": ["second = 0"]},
    "slope of a term is 1": {"rules/sum": ["second = 1"], "through-relu/by formula": ["weight = 1", "input = 1"]},
    "sign for the mask": {**_all(_RELUS, "slope = sign(Z)")},
    "one taken off every share": {"softmax/shares": ["dZ = P - 1"]},
    "slope of one share": {"softmax/shares": ["dZ = P * (1 - P)"]},
    "slope of the shares for that of the scores": {"softmax/shares": ["dZ = -Y / P"], "softmax/both": ["dZ = -Y / P"]},
    "momentum on the new slope": {"optimisers/momentum": ["v1 = v0 + momentum * g1", "v2 = v1 + momentum * g2"]},
    "learning rate in the velocity": {
        "optimisers/momentum": ["v1 = momentum * v0 - learning_rate * g1", "v2 = momentum * v1 - learning_rate * g2"],
    },
    "step without the velocity": {
        "optimisers/momentum": ["w1 = w0 - learning_rate * g1", "w2 = w1 - learning_rate * g2"],
    },
    "divided by the number itself": {
        **_all(_NUDGES, "slope = dZ / W_before"),
        **_all(_INPUTS, "slope = dZ / X_before"),
    },
}
