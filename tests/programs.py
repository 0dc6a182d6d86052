"""Ordinary programs as people write them, each a function of plain numbers and arrays that ends in one number.

`PROGRAMS` has a row a program: the function and the arguments that it is tried at. All float arguments are
differentiated, whatever they stand in. Points stay away from corners.
"""

from __future__ import annotations

import collections
import contextlib
import copy
import dataclasses
import functools
import itertools
import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

V = np.array([0.7, -1.3, 2.1])
P = np.array([0.4, 0.9, 1.6])
M = np.array([[0.5, -1.0, 2.0], [1.5, 1.2, 0.25]])
S = np.array([[2.0, 0.5, 0.1], [0.3, 1.5, -0.4], [-0.2, 0.6, 1.1]])

PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {}


def at(*arguments: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        assert function.__name__ not in PROGRAMS, function.__name__
        PROGRAMS[function.__name__] = function, arguments
        return function

    return enter


# -- an ordinary array filled with traced numbers ---------------------------------------------------------------------


@at(V)
def filled_in_a_loop(x):
    y = np.zeros(3)
    for i in range(3):
        y[i] = x[i] ** 2
    return np.sum(y * P)


@at(V)
def filled_by_enumerate(x):
    y = np.empty(len(x))
    for i, value in enumerate(x):
        y[i] = np.sin(value) * (i + 1)
    return y @ y


@at(0.3, 1.7)
def euler_steps(rate, start):
    path = np.zeros(10)
    path[0] = start
    for k in range(9):
        path[k + 1] = path[k] + 0.1 * rate * path[k] * (1 - path[k])
    return path[-1] + np.mean(path)


@at(M)
def table_filled_entry_by_entry(x):
    out = np.zeros((2, 2))
    for i in range(2):
        for j in range(2):
            for k in range(3):
                out[i, j] += x[i, k] * x[j, k]
    return np.sum(out**2)


@at(M)
def rows_filled(x):
    out = np.zeros((3, 2))
    for k in range(3):
        out[k] = x[:, k] ** (k + 1)
    return np.sum(out * np.arange(6.0).reshape(3, 2))


@at(M)
def columns_filled_two_at_once(x):
    y = np.zeros((2, 3))
    y[:, 0], y[:, 1] = x[:, 1], x[:, 2] * x[:, 0]
    return np.sum(y**2) + y[1, 2]


@at(V)
def slices_filled(x):
    y = np.ones(7)
    y[:3] = x
    y[3:6] = x[::-1] ** 2
    y[-1] = x[0] * x[1]
    return np.prod(y[:2]) + np.sum(y**2)


@at(V)
def mask_filled(x):
    y = np.full(3, 5.0)
    y[x > 0] = x[x > 0] ** 3
    return np.sum(y)


@at(V)
def mask_added_to(x):
    y = np.arange(3.0)
    y[x > 0] += x[x > 0] ** 2
    y[x < 0] *= x[1]
    return np.sum(y * P)


@at(V)
def positions_filled(x):
    y = np.zeros(5)
    y[[0, 2, 4]] = x
    y[[1, 3]] = x[0]
    return np.sum(y**2)


@at(V)
def one_number_everywhere(x):
    y = np.zeros((2, 2))
    y[:] = x[1] * x[2]
    y[0, :] += x[0]
    return np.sum(y**2)


@at(0.8)
def one_name_everywhere(x):
    y = np.zeros(4)
    y[1:] = x
    return np.sum(y**2 * np.arange(4))


@at(V)
def list_written(x):
    y = np.zeros(3)
    y[:] = [x[2], x[0] ** 2, x[1]]
    return y @ P


@at(V)
def list_with_a_number_written(x):
    y = np.zeros(3)
    y[:] = [x[2], 1.0, -x[1]]
    return np.sum(y**2 * P)


@at(V)
def nested_list_written(x):
    y = np.zeros((2, 2))
    y[:] = [[x[0], x[1]], [x[1], x[2]]]
    return np.linalg.norm(y @ y)


@at(V)
def list_by_its_name_written(x):
    squares = [v * v for v in x]
    y = np.zeros(3)
    y[:] = squares
    return y @ P


@at(V)
def broadcast_row_written(x):
    y = np.zeros((2, 3))
    y[...] = x
    y[1] -= x[0]
    return np.sum(y**3)


@at(V)
def zero_dimensional_written(x):
    y = np.array(0.0)
    y[...] = x[0]
    y[()] += x[1]
    return y * y


@at(V)
def two_names_for_one_array(x):
    y = np.zeros(3)
    z = y
    y[0] = x[0]
    z[1] = x[1] ** 2
    return np.sum(y) + np.sum(z**2)


@at(V)
def window_of_a_reshaped(x):
    y = np.zeros(6).reshape(2, 3)
    y[0] = x
    y.T[2] = x[:2]
    y[1][0] = x[1]
    return np.sum(y**2)


@at(V)
def written_through_reshape(x):
    y = np.zeros((2, 3))
    y.reshape(-1)[1::2] = x
    return np.sum(y * np.arange(6.0).reshape(2, 3))


@at(V)
def constant_copied_then_written(x):
    y = P.copy()
    y[1] = x[0] * x[2]
    return np.sum(y**2)


@at(V)
def position_worked_out(x):
    y = np.zeros(4)
    n = len(x)
    for i in range(n):
        y[n - i] = x[i]
        y[(i * 2) % 4] += x[i] / (i + 1)
    return np.sum(y**2 * np.arange(4.0))


@at(V)
def position_from_a_value(x):
    y = np.zeros(3)
    y[np.argmax(x)] = np.max(x)
    y[int(np.argmin(x))] = 2 * np.min(x)
    return np.sum(y**2)


@at(V)
def filled_by_an_inner_function(x):
    y = np.zeros(3)

    def put(i, value):
        y[i] = value

    for i in range(3):
        put(i, x[i] ** 2)
    return np.sum(y * P)


class Tank:
    def __init__(self, size):
        self.levels = np.zeros(size)

    def step(self, inflow):
        for i in range(len(self.levels)):
            self.levels[i] += inflow[i] * (i + 1)


@at(V)
def filled_attribute(x):
    tank = Tank(3)
    tank.step(x)
    tank.step(x**2)
    return np.sum(tank.levels**2)


STANDING = Tank(3)


@at(V)
def filled_attribute_that_stays(x):
    STANDING.levels[:] = 0.0
    STANDING.step(x)
    return np.sum(STANDING.levels**2)


@at(V)
def filled_in_a_dict(x):
    sums = {"a": np.zeros(3), "b": np.ones(2)}
    sums["a"][1] = x[0]
    sums["b"][:] += x[1:]
    return np.sum(sums["a"]) + np.prod(sums["b"])


@at(V)
def filled_in_a_list(x):
    layers = [np.zeros(3) for _ in range(2)]
    for k in range(2):
        layers[k][k] = x[k] ** 2
    return sum(np.sum(layer) ** 2 for layer in layers)


@at(M)
def plain_updated_by_rows(x):
    total = np.zeros((2, 3))
    total[0] += x[0]
    total[1] -= x[1] * x[0]
    total[:, 1] *= x[0, 0]
    return np.sum(total**2)


@at(V)
def histogram_by_hand(x):
    sums = np.zeros(2)
    for value in x:
        sums[0 if value > 0 else 1] += value**2
    return sums[0] / sums[1]


@at(np.array([0.2, 0.5, 0.9]))
def dynamic_program(costs):
    best = np.full(4, np.inf)
    best[0] = 0.0
    for i in range(1, 4):
        for j in range(i):
            if best[j] + costs[i - 1] * (i - j) < best[i]:
                best[i] = best[j] + costs[i - 1] * (i - j)
    return best[3]


@at(S)
def cholesky_by_hand(a):
    a = a @ a.T
    n = len(a)
    lower = np.zeros_like(a)
    for i in range(n):
        for j in range(i + 1):
            rest = a[i, j] - lower[i, :j] @ lower[j, :j]
            lower[i, j] = np.sqrt(rest) if i == j else rest / lower[j, j]
    return np.sum(lower**3)


@at(S)
def gauss_by_hand(a):
    a = a.copy()
    b = np.array([1.0, 2.0, 3.0])
    n = 3
    for k in range(n):
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            a[i, k:] -= f * a[k, k:]
            b[i] -= f * b[k]
    x = np.zeros(n)
    for i in reversed(range(n)):
        x[i] = (b[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return np.sum(x**2)


# -- out=, and functions that write -----------------------------------------------------------------------------------


@at(V)
def out_of_a_ufunc(x):
    y = np.empty(3)
    np.multiply(x, x, out=y)
    np.exp(y, out=y)
    return np.sum(y)


@at(V)
def out_by_position(x):
    y = np.zeros(3)
    np.add(x, 1.0, y)
    return np.prod(y)


@at(V)
def out_into_a_slice(x):
    y = np.zeros(6)
    np.multiply(x, 2.0, out=y[:3])
    np.square(x, out=y[3:])
    return np.sum(y * np.arange(6.0))


@at(V)
def out_with_where(x):
    y = np.ones(3)
    np.log(x, out=y, where=x > 0)
    return np.sum(y)


@at(M)
def out_of_reductions(x):
    y = np.zeros(3)
    np.sum(x**2, axis=0, out=y)
    z = np.zeros(2)
    x.mean(axis=1, out=z)
    w = np.zeros(3)
    np.max(x, axis=0, out=w)
    return np.sum(y * w) + np.prod(z)


@at(M)
def out_of_products(x):
    y = np.zeros((2, 2))
    np.matmul(x, x.T, out=y)
    z = np.zeros((2, 2))
    np.dot(y, y, out=z)
    w = np.zeros(2)
    np.einsum("ij,kj->i", x, x, out=w)
    return np.sum(z) + np.sum(w**2)


@at(V)
def out_of_joins(x):
    y = np.zeros(6)
    np.concatenate([x, x**2], out=y)
    z = np.zeros((2, 3))
    np.stack([x, P], out=z)
    w = np.zeros(2)
    np.take(x, [2, 0], out=w)
    return np.sum(y**2) + np.sum(z**3) + np.prod(w)


@at(V)
def out_of_running_sums(x):
    y = np.zeros(3)
    np.cumsum(x, out=y)
    z = np.zeros(3)
    np.clip(x, -1, 1, out=z)
    return y @ z


@at(V)
def out_attribute(x):
    tank = Tank(3)
    np.multiply(x, P, out=tank.levels)
    return np.sum(tank.levels**2)


@at(V)
def two_outs(x):
    part, whole = np.zeros(3), np.zeros(3)
    np.modf(x, out=(part, whole))
    return np.sum(part**2) + whole @ x


@at(V)
def out_of_traced_zeros(x):
    y = np.zeros_like(x)
    np.tanh(x, out=y)
    np.multiply(y, 2, out=y)
    return np.sum(y**2)


@at(V)
def add_at_plain(x):
    y = np.zeros(2)
    np.add.at(y, [0, 1, 0], x**2)
    np.subtract.at(y, [1], x[0])
    return y[0] * y[1]


@at(V)
def put_and_place(x):
    y = np.zeros(4)
    np.put(y, [0, 3], x[:2])
    np.place(y, y == 0, x[2])
    np.putmask(y, y > 2, x[0] * 3)
    return np.sum(y**2)


@at(V)
def put_around_the_end(x):
    y = np.zeros((2, 2))
    np.put(y, [5, -1], x[:2], mode="wrap")
    np.put(y, [9, 1], x[2], mode="clip")
    return np.sum(y**2 * np.arange(4.0).reshape(2, 2))


@at(V)
def copied_to(x):
    y = np.zeros((2, 3))
    np.copyto(y, x)
    np.copyto(y, x**2, where=x > 0)
    z = np.ones(4)
    np.copyto(z[1:], x)
    return np.sum(y**2) + np.prod(z)


@at(V)
def diagonal_filled(x):
    y = np.outer(x, x)
    np.fill_diagonal(y, x)
    z = np.outer(np.arange(4.0), x[:2])
    np.fill_diagonal(z, x[:2])
    return np.sum(y @ S) + np.sum(z**2)


@at(V)
def traced_methods_that_write(x):
    y = x * 1.0
    y.sort()
    z = x * 2
    z.fill(x[0])
    w = x * 1
    w.put([0], x[2])
    w.flat[1] = x[0]
    w.itemset if hasattr(w, "itemset") else None
    return np.sum(y * P) + np.sum(z**2) + np.sum(w**2)


# -- windows ----------------------------------------------------------------------------------------------------------


@at(M)
def windows_on_windows(x):
    y = x * 1
    inner = y[1:, :][:, ::2]
    inner[0, 1] = x[0, 0] ** 2
    y[1, 0] *= 3
    return np.sum(inner**2) + np.sum(y)


@at(M)
def transposed_window(x):
    y = x * 1
    y.T[0] = x[:, 1] * 2
    y.T.T[1, 1] += 5
    return np.sum(y**2)


@at(V)
def swapped(x):
    y = x * 1
    y[0], y[2] = y[2], y[0]
    y[[0, 1]] = y[[1, 0]]
    return np.sum(y * P)


@at(M)
def rows_changed_in_a_for(x):
    y = x * 1
    for row in y:
        row *= row[0]
    return np.sum(y**2)


@at(V)
def base_read_after_window_changed(x):
    y = x * 1
    tail = y[1:]
    tail += x[0]
    before = np.sum(y)
    y *= 2
    return before * np.sum(tail)


# -- deciding ---------------------------------------------------------------------------------------------------------


@at(V)
def chain_of_comparisons(x):
    if -2 < x[1] < 0 < x[0]:
        return x[0] * x[1] ** 2
    return x[2]


@at(2.0)
def newton_by_while(a):
    x = a
    while abs(x * x - a) > 1e-13:
        x = 0.5 * (x + a / x)
    return x


@at(3.3)
def collatz_like(x):
    steps = 0
    while x > 1.1 and steps < 50:
        x = x / 2 if steps % 2 == 0 else x * 1.3 - 0.4
        steps += 1
    return x * steps


@at(V)
def any_and_all(x):
    assert np.all(np.isfinite(x)), f"not finite: {x}"
    if any(v < 0 for v in x) and not all(x > 0):
        return sum(v**2 for v in x if v > 0)
    return 0.0


@at(1.4)
def recursion(x, depth=5):
    return x if depth == 0 else x * recursion(np.sin(x), depth - 1) + depth


@at(V)
def breaking_out(x):
    total = 0.0
    for k, value in enumerate(itertools.cycle(x)):
        if k > 7 or total > 5:
            break
        if value < 0:
            continue
        total += value * k
    else:
        total = 0.0
    return total


@at(V)
def matched(x):
    match (len(x), bool(x[0] > 0)):
        case (3, True):
            return x[0] ** 3
        case _:
            return x[1]


@at(2.6)
def interpolated(x):
    table = [0.0, 1.0, 4.0, 9.0, 16.0]
    k = int(x)
    t = x - k
    return table[k] * (1 - t) + table[k + 1] * t


@at(2.6)
def interpolated_by_floor(x):
    table = np.array([0.0, 1.0, 4.0, 9.0, 16.0])
    k = math.floor(x)
    return table[k] + (x - k) * (table[math.ceil(x)] - table[k]) + table[round(x)] * x


@at(V)
def tried(x):
    try:
        return np.linalg.inv(np.zeros((2, 2)))[0, 0] * x[0]
    except np.linalg.LinAlgError:
        return x[0] ** 2
    finally:
        x = None


@at(V)
def tried_on_traced(x):
    y = x * 1
    try:
        y[7] = 0.0
    except IndexError:
        y[1] = 2.0
    try:
        y + np.ones(5)
    except ValueError:
        y = y * 2
    return np.sum(y**2)


@at(V)
def in_with_blocks(x):
    with np.errstate(all="ignore"), contextlib.suppress(ZeroDivisionError):
        y = np.where(x > 0, np.log(np.abs(x)), x / np.abs(x) * x)
    with np.printoptions(precision=2):
        text = f"{x[0]:.3f} {x!r} {x}"
    assert text
    return np.sum(y)


# -- what Python offers -----------------------------------------------------------------------------------------------


@at(V)
def builtins_over_traced(x):
    return sum(x) + max(x) * min(x) + sorted(x)[1] + abs(x[1]) + sum(sorted(x, key=lambda v: -v)[:2])


@at(V)
def reversed_by_key(x):
    pairs = sorted(zip(x, P, strict=True), key=lambda pair: pair[0], reverse=True)
    return sum(v * w * (k + 1) for k, (v, w) in enumerate(pairs))


@at(V)
def unpacked(x):
    a, *rest = x
    b, c = rest
    return a * b + c**2


@at(M)
def unpacked_rows(x):
    (a, b, c), (d, *_) = x
    return a * b - c * d


@at(V)
def star_arguments(x):
    def f(*args, scale=2.0, **others):
        return scale * sum(args) + others["bias"] * args[0]

    return f(*x, **dict(zip(("bias", "scale"), x[1:], strict=True)))


@at(V)
def reduced(x):
    return functools.reduce(lambda a, b: a * b + 1, x) + functools.partial(operator.mul, x[0])(x[1])


@at(V)
def itertools_used(x):
    pairs = itertools.combinations(x, 2)
    return sum(a * b for a, b in pairs) + sum(itertools.accumulate(x)) + sum(map(operator.mul, x, P))


@at(V)
def containers(x):
    queue = collections.deque(maxlen=2)
    counts = collections.defaultdict(float)
    for k, value in enumerate(x):
        queue.append(value)
        counts[k % 2] += value**2
    return queue[0] * queue[1] + counts[0] - counts[1]


@at(V)
def comprehensions(x):
    squares = {k: v**2 for k, v in enumerate(x)}
    table = [[a * b for a in x] for b in x]
    return sum(squares.values()) + np.trace(np.array(table)) + sum(v for row in table for v in row)


@at(V)
def generator(x):
    def partial_sums(values):
        total = 0.0
        for value in values:
            total = total + value
            yield total

    return sum(s**2 for s in partial_sums(x))


@at(V)
def walrus_and_ternary(x):
    return (y := np.sum(x**2)) * 2 + (y if y > 1 else -y)


@at(V)
def cached_constant(x):
    @functools.lru_cache
    def weights(n):
        return np.arange(n) + 1.0

    return weights(3) @ x + weights(3) @ x**2


@at(V)
def copies(x):
    y = copy.copy(x)
    z = copy.deepcopy({"a": x, "b": [x[0]]})
    y[0] = 0.0
    z["a"][1] = 0.0
    return np.sum(y**2) + np.sum(z["a"] ** 3) + z["b"][0] * x[0]


@at(V)
def item_and_tolist(x):
    values = x.tolist()
    return x[0].item() ** 2 + values[1] * values[2] + x.item(0) + sum(np.outer(x, x).tolist()[1])


@at(V)
def random_numbers_inside(x):
    noise = np.random.default_rng(3).normal(size=3)
    keep = np.random.RandomState(0).rand(3) < 0.9
    return np.sum(np.tanh(x + noise) * keep)


@at(V)
def counted(x):
    return x.shape[0] * x.size * x.ndim * np.sum(x) / len(x) + x.nbytes * x[0] + np.ndim(x) * x[1] + np.size(x) * x[2]


@at(V)
def object_arrays(x):
    table = np.empty((2, 2), dtype=object)
    table[0, 0], table[0, 1] = x[0], x[1] ** 2
    table[1] = [x[2], 1.0]
    return (table * 2).sum() + table[0, 0] * table[0, 1]


# -- arguments --------------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    first: Any
    second: Any = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    w: Any
    name: str = "layer"
    units: int = 3


@dataclasses.dataclass
class Net:
    layers: list[Any]
    act: Callable[[Any], Any] = np.tanh
    scale: float = 2.0

    def __call__(self, x):
        for layer in self.layers:
            x = self.act(layer.w @ x)
        return self.scale * np.sum(x)


@at({"W": M, "b": [0.1, 0.2]}, V)
def dict_of_arrays(params, x):
    return np.sum(np.tanh(params["W"] @ x + np.array(params["b"])) ** 2)


@at([(M, np.ones(2)), (M.T, np.zeros(3))], V)
def list_of_layers(layers, x):
    for w, b in layers:
        x = np.tanh(w @ x + b)
    return np.sum(x**2)


@at(Pair(V, 0.5))
def named_tuple(pair):
    first, second = pair
    return np.sum(first**2) * second + pair.first[0]


@at(Frozen(S), V)
def frozen_dataclass(layer, x):
    return sum(np.sum((layer.w @ x) ** 2) for _ in range(layer.units)) * len(layer.name)


@at(Net([Frozen(S), Frozen(M)]), V)
def nested_dataclasses(net, x):
    return net(x) ** 2


@at(V, 2, True, "sum", None)
def arguments_of_all_kinds(x, power, flag, how, nothing=None):
    y = x**power if flag else x
    return getattr(np, how)(y) if nothing is None else 0.0


@at(3, 2.5)
def python_numbers(n, x):
    return n * x**2 + x // 1 + 7 % x + -x + +x + divmod(x, 2)[1] + pow(x, n) + 2**x


@at(np.float32(1.5), np.array(2.0), np.float64(0.3))
def numpy_numbers(a, b, c):
    return a * b + b**c + np.hypot(a, c)


@at(np.zeros(0), 2.0)
def empty_array(x, w):
    return np.sum(x * w) + np.sum(np.concatenate([x, x])) + w * (1.0 + np.sum(np.zeros((0, 3)), axis=None))


@at(np.asfortranarray(M), M[:, ::-1], V[::2])
def unusual_layouts(a, b, c):
    return np.sum((a * b).reshape(3, 2) ** 2) + np.sum(a.ravel(order="K") * b.ravel()) + np.prod(c)


@at(V)
def complex_inside(x):
    z = x[0] + 1j * x[1]
    w = np.exp(z) / (z * z.conjugate() + 1)
    path = np.zeros(2, dtype=complex)
    path[0] = z
    path[1] = w * path[0]
    return abs(w) ** 2 + path[1].real + np.imag(path[0])


@at(M)
def standardised(x):
    z = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-3)
    z = np.clip(z, -3, 3)
    return np.mean(z**2 * np.arange(6.0).reshape(2, 3))


@at(S, V)
def power_iteration(a, v):
    for _ in range(4):
        v = a @ v
        v /= np.linalg.norm(v)
    return v @ a @ v


@at(np.array([0.3, -0.2, 0.5]), np.array([[1.0, 2.0], [0.5, -1.0]]))
def recurrent_network(w, inputs):
    state = np.zeros(2)
    history = []
    for x in inputs:
        state = np.tanh(w[0] * x + w[1] * state + w[2])
        history.append(state)
    return np.mean(np.stack(history) ** 2)


@at(np.array([[0.5, 1.0], [-0.7, 0.2], [0.1, -0.4]]), np.array([0, 1, 1]))
def cross_entropy(scores, labels):
    shifted = scores - np.max(scores, axis=1, keepdims=True)
    logs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(logs[np.arange(len(labels)), labels])


@at(np.arange(16.0).reshape(4, 4) ** 0.5, np.array([[0.2, -0.1], [0.3, 0.5]]))
def convolution_by_loops(image, kernel):
    h, w = kernel.shape
    out = np.zeros((image.shape[0] - h + 1, image.shape[1] - w + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(image[i : i + h, j : j + w] * kernel)
    return np.sum(np.maximum(out, 0.05) ** 2)


@at(np.array([[0.0, 1.0], [2.0, 0.5], [1.0, -1.0]]))
def pairwise_distances(points):
    n = len(points)
    table = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1, n):
            table[i, j] = table[j, i] = np.linalg.norm(points[i] - points[j])
    return np.sum(np.triu(table)) + np.max(table)


# -- asking what something is -----------------------------------------------------------------------------------------


@at(V, 2.0)
def asked_for_its_class(x, w):
    assert isinstance(x, np.ndarray) and not isinstance(x, (float, list))
    assert isinstance(w, float) and np.isscalar(w) and not np.isscalar(x)
    return np.sum(x**2) * w if issubclass(x.__class__, np.ndarray) else 0.0


@functools.singledispatch
def total(value):
    return value


@total.register
def _(value: list):
    return sum(map(total, value))


@total.register
def _(value: np.ndarray):
    return np.sum(value**2)


@at(V, [2.0, [V, 1.0]])
def dispatched_by_class(x, tree):
    return total(x) * total(tree)


@at(V)
def text_made_of_it(x):
    lines = [
        "%.2f and %5.1e" % (x[0], x[1]),  # noqa: UP031
        f"{x[2]:+.3f}",
        f"{x}",
        str(x[0]),
        f"{x[1]:>9.2f}",
    ]
    return x[0] * len(lines[0]) + x[1] * len(lines)


@at(V)
def converted(x):
    x = np.asarray(x, dtype=float)
    table = np.array([[x[0], 1.0], [2.0, x[1] * x[2]]], dtype=float)
    first = float(x[0])
    return float(np.sum(x**2) * first + np.linalg.det(table))


@dataclasses.dataclass
class WithSquare:
    w: Any
    square: Any = dataclasses.field(init=False)

    def __post_init__(self):
        self.square = self.w**2


@at(V, 3)
def made_inside(x, n):
    made = WithSquare(x)
    changed = dataclasses.replace(Frozen(x), w=x * n)
    return np.sum(made.square) + np.sum(changed.w) ** 2


@at(V)
def tables_grown(x):
    out, rows = np.array([]), np.empty((0, 3))
    for k, value in enumerate(x):
        out = np.append(out, value * k)
        rows = np.vstack([rows, x * value])
    return np.sum(out**2) + np.trace(rows)


@at(V)
def remembered(x):
    known: dict[int, Any] = {0: x[0]}

    def term(k):
        if k not in known:
            known[k] = term(k - 1) * x[k % 3] + k
        return known[k]

    return term(4) + len(known)


@at(V)
def matrix_updated(x):
    m = np.zeros((3, 3))
    m += np.outer(x, x)
    m[0] *= 2
    m[:, 1] /= x[2]
    m -= m.T * 0.1
    m[np.ix_([0, 2], [1, 2])] += x[:2]
    m[..., 0] = x[1]
    return np.sum(m**2)


@at(V)
def stored_by_other_statements(x):
    y = np.zeros(3)
    seen = 0.0
    for y[0] in x:
        seen = seen + y.sum() ** 2
    y[1], *rest = x
    y[2] = z = x[1] * x[2]
    return seen + y @ P + sum(rest) * z


@at(V)
def windows_of_a_filled_array(x):
    y = np.zeros(6)
    y[:3] = x
    half = y[3:]
    half += x**2
    table = np.zeros((2, 3))
    table[0] = x
    flat = table.ravel()
    flat[4] = x[1] * 2
    return np.sum(y**3) + np.sum(table**2)
