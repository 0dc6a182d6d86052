"""What a compiled gradient costs beside gradients written by hand and those of others; writes COMPILED.md.

    python benchmarks/compiled.py [--write] [--rounds N] [--only WORDS]

Value and full gradient of five losses. All ways run in this one process, in turns, one round after the other; a turn is
some calls that take about 20 ms together. Every figure is the median over the rounds; a ratio is the median of the
rounds' own ratios, so that a busy moment of the machine falls on both. The points differ from round to round.
JAX, torch and autograd take part where they are installed.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import importlib.metadata
import importlib.util
import itertools
import os
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

import gradwork as gw  # noqa: E402

Ways = dict[str, Callable[..., Any]]
TURN = 0.02  # seconds
BY = (1, 2, 3, 4)


def there(name: str) -> bool:
    """Whether a package is installed."""
    return importlib.util.find_spec(name) is not None


# -- the losses, as anybody would write them --------------------------------------------------------------------------


def line(x: Any, w: Any, y: Any) -> Any:
    """One error, squared."""
    return (x * w - y) ** 2


def squared_error(x: Any, w1: Any, b1: Any, w2: Any, b2: Any, y: Any) -> Any:
    """Mean squared error of a network with one hidden layer."""
    return np.mean((np.tanh(x @ w1 + b1) @ w2 + b2 - y) ** 2)


def cross_entropy(x: Any, *rest: Any) -> Any:
    """Mean cross-entropy of a network with hidden layers of tanh units; scores are lowered by their largest."""
    *parameters, labels = rest
    for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        x = np.tanh(x @ w + b)
    z = x @ parameters[-2] + parameters[-1]
    z = z - np.max(z, axis=1, keepdims=True)
    log_shares = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(log_shares[np.arange(len(labels)), labels])


# -- the same by hand -------------------------------------------------------------------------------------------------


def line_by_hand(x: Any, w: Any, y: Any) -> Any:
    """Value and slope by w, in plain Python."""
    error = x * w - y
    return error**2, 2 * error * x


def squared_error_by_hand(x: Any, w1: Any, b1: Any, w2: Any, b2: Any, y: Any) -> Any:
    """Value and gradient, in plain NumPy."""
    a = np.tanh(x @ w1 + b1)
    e = a @ w2 + b2 - y
    g = e * (2 / e.size)
    d = (g @ w2.T) * (1 - a * a)
    return (e * e).mean(), (x.T @ d, d.sum(axis=0), a.T @ g, g.sum(axis=0))


def cross_entropy_by_hand(x: Any, *rest: Any) -> Any:
    """Value and gradient, in plain NumPy."""
    *parameters, labels = rest
    ws, bs = parameters[0::2], parameters[1::2]
    rows = np.arange(len(labels))
    layers = [x]
    for w, b in zip(ws[:-1], bs[:-1], strict=True):
        layers.append(np.tanh(layers[-1] @ w + b))
    z = layers[-1] @ ws[-1] + bs[-1]
    z -= z.max(axis=1, keepdims=True)
    e = np.exp(z)
    s = e.sum(axis=1, keepdims=True)
    loss = (np.log(s[:, 0]) - z[rows, labels]).mean()
    g = e / s
    g[rows, labels] -= 1
    g /= len(labels)
    slopes: list[Any] = []
    for k in range(len(ws) - 1, -1, -1):
        slopes[:0] = [layers[k].T @ g, g.sum(axis=0)]
        if k:
            g = (g @ ws[k].T) * (1 - layers[k] * layers[k])
    return loss, tuple(slopes)


class CrossEntropyWithBuffers:
    """The same with every array allocated beforehand and `out=` throughout: what an expert would write for speed."""

    def __init__(self, x: Any, *rest: Any) -> None:
        *parameters, labels = rest
        ws, bs = parameters[0::2], parameters[1::2]
        rows = len(labels)
        self.rows = np.arange(rows)
        self.layers = [np.empty((rows, w.shape[1])) for w in ws]
        self.back = [np.empty((rows, w.shape[1])) for w in ws]
        self.one_less = [np.empty((rows, w.shape[1])) for w in ws]
        self.column = np.empty((rows, 1))
        self.slopes = [np.empty(p.shape) for pair in zip(ws, bs, strict=True) for p in pair]

    def __call__(self, x: Any, *rest: Any) -> Any:
        *parameters, labels = rest
        ws, bs = parameters[0::2], parameters[1::2]
        below = x
        for k, (w, b) in enumerate(zip(ws, bs, strict=True)):
            here = self.layers[k]
            np.dot(below, w, out=here)
            np.add(here, b, out=here)
            if k < len(ws) - 1:
                np.tanh(here, out=here)
            below = here
        z, g, s = self.layers[-1], self.back[-1], self.column
        np.max(z, axis=1, keepdims=True, out=s)
        np.subtract(z, s, out=z)
        np.exp(z, out=g)
        np.sum(g, axis=1, keepdims=True, out=s)
        loss = (np.log(s).sum() - z[self.rows, labels].sum()) / len(labels)
        np.divide(g, s, out=g)
        g[self.rows, labels] -= 1
        np.divide(g, len(labels), out=g)
        for k in range(len(ws) - 1, -1, -1):
            g = self.back[k]
            np.dot((self.layers[k - 1] if k else x).T, g, out=self.slopes[2 * k])
            np.sum(g, axis=0, out=self.slopes[2 * k + 1])
            if k:
                a, d, t = self.layers[k - 1], self.back[k - 1], self.one_less[k - 1]
                np.dot(g, ws[k].T, out=d)
                np.multiply(a, a, out=t)
                np.subtract(1, t, out=t)
                np.multiply(d, t, out=d)
        return loss, tuple(self.slopes)


# -- peers ------------------------------------------------------------------------------------------------------------


def with_jax(loss: Callable[..., Any], by: tuple[int, ...], args: tuple[Any, ...]) -> Callable[..., Any]:
    """JAX, compiled, in float64; waits for the result."""
    import jax

    jax.config.update("jax_enable_x64", True)
    source = {"np": jax.numpy}
    here = type(loss)(loss.__code__, {**loss.__globals__, **source})
    compiled = jax.jit(jax.value_and_grad(here, by if len(by) > 1 else by[0]))

    def run(*given: Any) -> Any:
        return jax.block_until_ready(compiled(*given))

    run(*args)
    return run


def with_autograd(loss: Callable[..., Any], by: tuple[int, ...], args: tuple[Any, ...]) -> Callable[..., Any]:
    """HIPS autograd."""
    import autograd
    import autograd.numpy

    here = type(loss)(loss.__code__, {**loss.__globals__, "np": autograd.numpy})
    return autograd.value_and_grad(here, by if len(by) > 1 else by[0])


def with_torch(loss: Callable[..., Any], by: tuple[int, ...], args: tuple[Any, ...]) -> Callable[..., Any]:
    """Torch, eager; tensors share the arrays' memory, so no copy is counted against it."""
    import torch

    tensors: dict[int, Any] = {}

    def forward(given: list[Any]) -> Any:
        if loss is line:
            x, w, y = given
            return (x * w - y) ** 2
        if loss is squared_error:
            x, w1, b1, w2, b2, y = given
            return ((torch.tanh(x @ w1 + b1) @ w2 + b2 - y) ** 2).mean()
        x, *rest = given
        *parameters, labels = rest
        for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            x = torch.tanh(x @ w + b)
        return torch.nn.functional.cross_entropy(x @ parameters[-2] + parameters[-1], labels)

    def tensor(value: Any, moving: bool) -> Any:
        key = id(value)
        if key not in tensors:
            tensors[key] = (torch.as_tensor(np.asarray(value)).requires_grad_(moving), value)
        return tensors[key][0]

    def run(*given: Any) -> Any:
        inputs = [tensor(v, k in by) for k, v in enumerate(given)]
        value = forward(inputs)
        return value.item(), torch.autograd.grad(value, [inputs[k] for k in by])

    return run


# -- measuring --------------------------------------------------------------------------------------------------------


def points(make: Callable[[int], tuple[Any, ...]], count: int) -> list[tuple[Any, ...]]:
    """Points of one shape, all different."""
    return [make(seed) for seed in range(count)]


def measured(ways: Ways, given: list[tuple[Any, ...]], rounds: int) -> dict[str, list[float]]:
    """Seconds a call, each way, each round."""
    counts = {}
    for name, way in ways.items():
        for p in given:
            way(*p)
        started = time.perf_counter()
        for p in given:
            way(*p)
        counts[name] = max(1, int(TURN / max((time.perf_counter() - started) / len(given), 1e-8)))
    taken: dict[str, list[float]] = {name: [] for name in ways}
    gc.disable()
    for k in range(rounds):
        order = list(ways) if k % 2 else list(ways)[::-1]
        for name in order:
            way, p = ways[name], given[k % len(given)]
            way(*p)
            started = time.perf_counter()
            for _ in range(counts[name]):
                way(*p)
            taken[name].append((time.perf_counter() - started) / counts[name])
    gc.enable()
    return taken


def network(sizes: tuple[int, ...], rows: int, seed: int, labels: bool = True) -> tuple[Any, ...]:
    """Data and parameters of a network."""
    r = np.random.default_rng(seed)
    args: list[Any] = [r.normal(size=(rows, sizes[0]))]
    for a, b in itertools.pairwise(sizes):
        args += [r.normal(size=(a, b)) / a**0.5, 0.1 * r.normal(size=b)]
    return (*args, r.integers(0, sizes[-1], rows) if labels else r.normal(size=(rows, sizes[-1])))


def flops(sizes: tuple[int, ...], rows: int) -> tuple[float, float]:
    """Multiplications and additions of the matrix products: of the value, and of value and gradient."""
    products = [2 * rows * a * b for a, b in itertools.pairwise(sizes)]
    return sum(products), 3 * sum(products) - products[0]


class Row:
    """One loss at one size."""

    def __init__(self, title: str, loss: Callable[..., Any], sizes: tuple[int, ...], rows: int) -> None:
        self.title, self.loss, self.sizes, self.rows = title, loss, sizes, rows
        self.by = (1,) if loss is line else tuple(range(1, 2 * len(sizes) - 1))

    def make(self, seed: int) -> tuple[Any, ...]:
        """A point."""
        if self.loss is line:
            r = np.random.default_rng(seed)
            return tuple(float(v) for v in r.normal(size=3))
        return network(self.sizes, self.rows, seed, self.loss is cross_entropy)

    def ways(self, args: tuple[Any, ...]) -> Ways:
        """Everything that takes part."""
        found: Ways = {"gradwork, compiled": gw.compile(self.loss, *args, wrt=self.by)}
        found["gradwork, value alone"] = gw.compile(self.loss, *args)
        hand = {line: line_by_hand, squared_error: squared_error_by_hand, cross_entropy: cross_entropy_by_hand}
        found["by hand"] = hand[self.loss]
        if self.loss is cross_entropy:
            found["by hand, with buffers"] = CrossEntropyWithBuffers(*args)
        if there("jax"):
            found["jax.jit"] = with_jax(self.loss, self.by, args)
        if there("torch"):
            found["torch"] = with_torch(self.loss, self.by, args)
        found["gradwork, gw.grad"] = gw.value_and_grad(self.loss, self.by)
        if there("autograd"):
            found["autograd"] = with_autograd(self.loss, self.by, args)
        return found


ROWS = (
    Row("(x*w - y)^2, one parameter", line, (), 1),
    Row("2-3-1, batch 4, squared error", squared_error, (2, 3, 1), 4),
    Row("64-32-10, batch 64, cross-entropy", cross_entropy, (64, 32, 10), 64),
    Row("784-128-10, batch 64, cross-entropy", cross_entropy, (784, 128, 10), 64),
    Row("784-1024-1024-10, batch 256, cross-entropy", cross_entropy, (784, 1024, 1024, 10), 256),
)


def same(mine: Any, theirs: Any) -> float:
    """The largest difference between two results, over the largest entry."""
    pairs = [(np.asarray(mine[0]), np.asarray(theirs[0]))]
    first, second = (r[1] if isinstance(r[1], (tuple, list)) else (r[1],) for r in (mine, theirs))
    pairs += [(np.asarray(a), np.asarray(b)) for a, b in zip(first, second, strict=True)]
    return float(max(np.max(np.abs(a - b)) / max(np.max(np.abs(b)), 1e-300) for a, b in pairs))


def table(row: Row, rounds: int) -> list[str]:
    """The figures of one row."""
    given = points(row.make, 4)
    ways = row.ways(given[0])
    reference = ways["by hand"](*given[0])
    differences = {n: same(w(*given[0]), reference) for n, w in ways.items() if "value alone" not in n}
    taken = measured(ways, given, rounds)
    mine = taken["gradwork, compiled"]
    lines = [
        f"### {row.title}",
        "",
        "| | time | quartiles | times gradwork's | largest difference |",
        "|---|---|---|---|---|",
    ]
    for name, times in taken.items():
        ratio = statistics.median(t / m for t, m in zip(times, mine, strict=True))
        low, middle, high = statistics.quantiles(times, n=4)
        gap = f"{differences[name]:.0e}" if name in differences else ""
        lines.append(f"| {name} | {_time(middle)} | {_time(low)} to {_time(high)} | {ratio:.3g} | {gap} |")
    value = statistics.median(m / v for m, v in zip(mine, taken["gradwork, value alone"], strict=True))
    lines += ["", f"Value and gradient take {value:.2f} times the value alone."]
    if row.sizes and row.rows >= 64:
        forward, both = flops(row.sizes, row.rows)
        lines[-1] += (
            f" Counted in the matrix products' operations the ratio is {both / forward:.2f};"
            f" {both / statistics.median(mine) / 1e9:.0f} GFLOP/s are reached."
        )
    return [*lines, f"Most memory that one call allocates: {_memory(ways['gradwork, compiled'], given[0])}.", ""]


def _memory(way: Callable[..., Any], args: tuple[Any, ...]) -> str:
    tracemalloc.start()
    way(*args)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    result = way(*args)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    del result
    return f"{peak / 1e6:.2f} MB (the results among them)"


def _time(seconds: float) -> str:
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return "0"


def tracing(rounds: int) -> list[str]:
    """What tracing costs an operation, and what an import costs."""

    def chain(x: Any) -> Any:
        for _ in range(2500):
            x = np.tanh(x * 1.0001 + 0.001) * 0.5
        return np.sum(x)

    operations = 10_000
    times = []
    for k in range(rounds):
        x = np.full(3, 0.1 + 0.01 * k)
        started = time.perf_counter()
        gw.trace(chain, x)
        times.append((time.perf_counter() - started) / operations)
    imports = {}
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    for name in ("", "import numpy", "import numpy; import gradwork"):
        runs = []
        for _ in range(max(rounds, 7)):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", name], check=True, env=environment)
            runs.append(time.perf_counter() - started)
        imports[name] = statistics.median(runs)
    more = imports["import numpy; import gradwork"] - imports["import numpy"]
    return [
        "## Tracing and importing",
        "",
        f"Tracing takes {_time(statistics.median(times))} an operation (10,000 in a row, on three numbers each).",
        f"`import gradwork` takes {more * 1e3:.1f} ms over `import numpy` ({imports['import numpy'] * 1e3:.0f} ms, of"
        f" which {imports[''] * 1e3:.0f} ms are Python's own).",
        "",
    ]


def main() -> None:
    """Measure, print, and with --write keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write COMPILED.md beside this file")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--only", default="", help="rows whose title has these words")
    options = parser.parse_args()
    peers = [f"{p} {importlib.metadata.version(p)}" for p in ("jax", "torch", "autograd") if there(p)]
    lines = [
        "# A compiled gradient beside others",
        "",
        f"Made by `python benchmarks/compiled.py --write` on {datetime.date.today()}. {os.cpu_count()} cores,"
        f" {platform.system()}, Python {platform.python_version()}, NumPy {np.__version__},"
        f" {', '.join(peers) or 'no peers installed'}, OpenBLAS kernel and threads as shipped"
        f" (load {os.getloadavg()[0]:.1f} when this was run).",
        "",
        "Value and full gradient in float64, by every parameter. All in one process, in turns; medians over"
        f" {options.rounds} rounds. A ratio is the median of the rounds' own ratios; above 1 is slower than gradwork.",
        "",
    ]
    # Before the peers are loaded: their many objects make Python's collector slow.
    trace_and_import = tracing(7)
    for row in ROWS:
        if options.only in row.title:
            print(f"{row.title} ...", file=sys.stderr)
            lines += table(row, options.rounds)
    lines += trace_and_import
    text = "\n".join(lines).rstrip() + "\n"
    print(text)
    if options.write:
        (Path(__file__).parent / "COMPILED.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
