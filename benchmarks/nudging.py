"""The slope of every parameter by nudging: gradwork beside a plain loop, and scipy, JAX and torch where installed.

    python benchmarks/nudging.py             the table of four networks, and of a sparse Jacobian
    python benchmarks/nudging.py --growth    the cost of one parameter as networks grow
    python benchmarks/nudging.py --write     all of it, into benchmarks/NUDGING.md and nudging_growth.svg
    python benchmarks/nudging.py --quick     a hundredth of the turns, to see whether it runs

All run in one process on the same function, in turns; the median over the turns is given. The whole is done several
times over, and how far the medians of these runs lie apart is written down with them. What would take more than a
second is timed on some of the parameters and multiplied up, and marked with a tilde. Nothing is installed.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import math
import os
import platform
import resource
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

import gradwork as gw
from gradwork.gradients.nudging.replay import Nudger

H = 1e-6
LONGEST = 1.0  # seconds: what takes longer is timed on some of the parameters
ENOUGH = 200.0  # seconds, after which nothing is run once more: the whole takes less than eight minutes
RUNS, BUDGET = 3, 8.0  # how many times all is done, and seconds for a network each time
CASES = ((2, 3, 1, 4, "mse"), (8, 16, 4, 16, "ce"), (64, 32, 10, 64, "ce"), (784, 128, 10, 64, "ce"))
DRAWING = Path(__file__).with_name("nudging_growth.svg")
Point = list[np.ndarray]


class Case:
    """A network of tanh layers with a loss, its data and its parameters."""

    def __init__(self, sizes: tuple[int, ...], rows: int, loss: str) -> None:
        rng = np.random.default_rng(0)
        self.name = f"{'-'.join(map(str, sizes))}, batch {rows}, {loss}"
        self.sizes, self.rows, self.loss = sizes, rows, loss
        self.inputs = rng.standard_normal((rows, sizes[0]))
        self.labels = rng.integers(0, sizes[-1], rows)
        self.targets = rng.standard_normal((rows, sizes[-1]))
        self.point: Point = []
        for a, b in itertools.pairwise(sizes):
            self.point += [rng.standard_normal((a, b)) / np.sqrt(a), 0.1 * rng.standard_normal(b)]
        self.count = sum(p.size for p in self.point)
        self.wrt = tuple(range(len(self.point)))

    def __call__(self, *point: np.ndarray) -> np.ndarray:
        a = self.inputs
        for k in range(0, len(point), 2):
            z = a @ point[k] + point[k + 1]
            a = np.tanh(z) if k < len(point) - 2 else z
        if self.loss == "mse":
            return np.mean((a - self.targets) ** 2)
        shifted = a - np.max(a, axis=1, keepdims=True)
        return np.mean(np.log(np.sum(np.exp(shifted), axis=1)) - shifted[np.arange(self.rows), self.labels])

    def in_long_doubles(self) -> tuple[Case, Point]:
        """The same network in numbers of 80 bits, where the machine has them."""
        other = object.__new__(Case)
        other.__dict__.update(self.__dict__)
        other.inputs, other.targets = (x.astype(np.longdouble) for x in (self.inputs, self.targets))
        return other, [p.astype(np.longdouble) for p in self.point]

    def places(self, some: int | None = None) -> list[tuple[int, int]]:
        """Every parameter as (array, flat position), or some of them drawn at random."""
        every = [(k, i) for k, p in enumerate(self.point) for i in range(p.size)]
        if some is None or some >= len(every):
            return every
        chosen = np.random.default_rng(1).choice(len(every), some, replace=False)
        return [every[i] for i in chosen]


def loop(case: Callable[..., np.ndarray], point: Point, places: list[tuple[int, int]]) -> np.ndarray:
    """The definition: one evaluation a parameter."""
    before = case(*point)
    slopes = np.empty(len(places), point[0].dtype)
    for n, (k, i) in enumerate(places):
        flat = point[k].reshape(-1)
        kept = flat[i]
        flat[i] = kept + H
        slopes[n] = (case(*point) - before) / (flat[i] - kept)
        flat[i] = kept
    return slopes


def at_places(slopes: list[np.ndarray], places: list[tuple[int, int]]) -> np.ndarray:
    return np.array([slopes[k].reshape(-1)[i] for k, i in places])


# -- what is timed ----------------------------------------------------------------------------------------------------

Contestant = tuple[str, Callable[[], object], float]


def contestants(case: Case) -> Iterator[Contestant]:
    """Each: a name, what to call, and the share of the parameters that the call covers."""
    one = _seconds(lambda: case(*case.point))
    some = case.count if case.count * one < LONGEST else max(20, int(LONGEST / 4 / one))
    places = case.places(some)
    yield "plain NumPy loop", lambda: loop(case, case.point, places), len(places) / case.count
    yield from _scipy(case, one)
    yield from _jax(case)
    yield from _torch(case)
    for mode in ("scalars", "structure", "per_unit") if case.count < 50 else ("structure", "per_unit"):
        nudger = Nudger(case, *case.point, wrt=case.wrt, mode=mode)
        yield f"gradwork, {mode}, traced once", lambda nudger=nudger: nudger(*case.point, h=H), 1.0
    for mode in ("structure", "per_unit"):
        name = f"gw.nudge, {mode}: all of it, with bars"
        yield name, lambda mode=mode: gw.nudge(case, *case.point, wrt=case.wrt, mode=mode), 1.0


def _scipy(case: Case, one: float) -> Iterator[Contestant]:
    try:
        from scipy.optimize import approx_fprime
    except ImportError:
        return
    if case.count * one > LONGEST:
        return  # the time of the loop and a little more
    flat = np.concatenate([p.reshape(-1) for p in case.point])
    ends = np.cumsum([p.size for p in case.point])[:-1]

    def f(flat: np.ndarray) -> float:
        pieces = np.split(flat, ends)
        return float(case(*(q.reshape(p.shape) for p, q in zip(case.point, pieces, strict=True))))

    yield "scipy approx_fprime", lambda: approx_fprime(flat, f, H), 1.0


def _jax(case: Case) -> Iterator[Contestant]:
    """The definition, compiled, for many nudged parameters at once; the loss is the same in jax.numpy."""
    try:
        import jax
    except ImportError:
        return
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    ends = np.cumsum([p.size for p in case.point])[:-1]
    shapes = [p.shape for p in case.point]
    inputs, targets, labels = jnp.asarray(case.inputs), jnp.asarray(case.targets), jnp.asarray(case.labels)

    def loss(flat):
        point = [q.reshape(shape) for q, shape in zip(jnp.split(flat, ends), shapes, strict=True)]
        a = inputs
        for k in range(0, len(point), 2):
            z = a @ point[k] + point[k + 1]
            a = jnp.tanh(z) if k < len(point) - 2 else z
        if case.loss == "mse":
            return jnp.mean((a - targets) ** 2)
        shifted = a - jnp.max(a, axis=1, keepdims=True)
        return jnp.mean(jnp.log(jnp.sum(jnp.exp(shifted), axis=1)) - shifted[jnp.arange(case.rows), labels])

    @jax.jit
    def slopes(flat, places):
        before = loss(flat)
        return jax.lax.map(lambda i: (loss(flat.at[i].add(H)) - before) / H, places, batch_size=min(64, len(places)))

    flat = jnp.asarray(np.concatenate([p.reshape(-1) for p in case.point]))
    some = min(case.count, 2560 if case.count < 10_000 else 256)
    places = jnp.asarray(np.random.default_rng(1).choice(case.count, some, replace=False))
    yield "JAX jit + vmap, compiled once", lambda: slopes(flat, places).block_until_ready(), some / case.count


def _torch(case: Case) -> Iterator[Contestant]:
    """torch.autograd.gradcheck in its slow mode: nudges both ways, and its own gradient to compare them with."""
    try:
        import torch
    except ImportError:
        return
    tensors = [torch.tensor(p) for p in case.point]
    inputs, targets, labels = torch.tensor(case.inputs), torch.tensor(case.targets), torch.tensor(case.labels)

    def loss(*moved):
        point = [*tensors[:last], *moved]
        a = inputs
        for k in range(0, len(point), 2):
            z = a @ point[k] + point[k + 1]
            a = torch.tanh(z) if k < len(point) - 2 else z
        if case.loss == "mse":
            return ((a - targets) ** 2).mean()
        return torch.nn.functional.cross_entropy(a, labels)

    # The last arrays alone, where all of them would take too long: every nudge costs a whole evaluation anyway.
    last = len(case.point)
    one = _seconds(loss)
    last -= 1
    while last > 0 and 4 * one * sum(p.size for p in case.point[last - 1 :]) < LONGEST:
        last -= 1
    moving = [t.requires_grad_() for t in tensors[last:]]
    share = sum(t.numel() for t in moving) / case.count
    yield "torch gradcheck (slow)", lambda: torch.autograd.gradcheck(loss, moving, fast_mode=False), share


def _seconds(call: Callable[[], object]) -> float:
    call()
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


class Timed:
    """Contestants that take turns. `turns` holds, for each name, one list of seconds a run."""

    def __init__(self, all_of_them: Iterable[Contestant]) -> None:
        self.all_of_them = list(all_of_them)
        self.turns: dict[str, list[list[float]]] = {name: [] for name, _, _ in self.all_of_them}
        self.once: list[float] = []

    def run(self, budget: float) -> None:
        """Take turns for about that many seconds, one turn at least."""
        self.once = self.once or [_seconds(call) for _, call, _ in self.all_of_them]
        repeats = [max(1, int(0.002 / t)) for t in self.once]
        rounds = int(np.clip(budget / sum(n * t for n, t in zip(repeats, self.once, strict=True)), 1, 41))
        for name in self.turns:
            self.turns[name].append([])
        for _ in range(rounds):
            for (name, call, share), repeat in zip(self.all_of_them, repeats, strict=True):
                began = time.perf_counter()
                for _ in range(repeat):
                    call()
                self.turns[name][-1].append((time.perf_counter() - began) / repeat / share)

    def rows(self, against: str) -> Iterator[str]:
        """A line each: the median of all turns, their quartiles, and how many times faster than `against` it is."""
        yield "| | time | from quarter to three quarters of the turns | times faster than the loop |\n|---|---|---|---|"
        plain = statistics.median(itertools.chain(*self.turns[against]))
        for name, _, share in self.all_of_them:
            every = list(itertools.chain(*self.turns[name]))
            low, middle, high = np.quantile(every, [0.25, 0.5, 0.75])
            mark = "~" if share < 1 else ""
            yield f"| {name} | {mark}{_time(middle)} | {_time(low)} to {_time(high)} | {plain / middle:,.3g} |"

    def steadiness(self, against: str) -> Iterator[str]:
        """A line each: the medians of the runs one by one, and what they make of the ratio to `against`."""
        plain = [statistics.median(turns) for turns in self.turns[against]]
        for name, runs in self.turns.items():
            medians = [statistics.median(turns) for turns in runs]
            ratios = sorted(p / m for p, m in zip(plain, medians, strict=True))
            yield f"| {name} | {', '.join(map(_time, medians))} | {ratios[0]:,.3g} to {ratios[-1]:,.3g} |"


# -- a sparse Jacobian ------------------------------------------------------------------------------------------------

SPARSE = 1000


def stencil(x: np.ndarray) -> np.ndarray:
    """The residual of a chain: each entry hangs on three of them."""
    y = np.concatenate([[0.0], x, [0.0]])
    return y[:-2] - 2 * y[1:-1] + y[2:] + 0.1 * np.exp(y[1:-1])


def jacobians() -> Iterator[Contestant]:
    x = np.random.default_rng(0).standard_normal(SPARSE)

    def by_hand() -> np.ndarray:
        before, found, moved = stencil(x), np.empty((SPARSE, SPARSE)), x.copy()
        for j in range(SPARSE):
            moved[j] += H
            found[:, j] = (stencil(moved) - before) / (moved[j] - x[j])
            moved[j] = x[j]
        return found

    yield "plain NumPy loop", by_hand, 1.0
    try:
        from scipy.optimize._numdiff import approx_derivative
        from scipy.sparse import diags
    except ImportError:
        pass
    else:
        band = diags([np.ones(SPARSE - 1), np.ones(SPARSE), np.ones(SPARSE - 1)], [-1, 0, 1]).tocsr()
        yield "scipy approx_derivative", lambda: approx_derivative(stencil, x, method="2-point"), 1.0
        name = "scipy approx_derivative, sparsity given, sparse result"
        yield name, lambda: approx_derivative(stencil, x, method="2-point", sparsity=band), 1.0
    yield from _jax_jacobian(x)
    yield (
        "gw.nudge, definition, forward, with bars",
        lambda: gw.nudge(stencil, x, mode="definition", scheme="forward"),
        1.0,
    )
    yield "gw.nudge, coloured, forward, with bars", lambda: gw.nudge(stencil, x, mode="coloured", scheme="forward"), 1.0
    yield "gw.nudge, coloured, auto: all of it, with bars", lambda: gw.nudge(stencil, x), 1.0


def _jax_jacobian(x: np.ndarray) -> Iterator[Contestant]:
    try:
        import jax
    except ImportError:
        return
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy

    def residual(x):
        y = jnp.concatenate([jnp.zeros(1), x, jnp.zeros(1)])
        return y[:-2] - 2 * y[1:-1] + y[2:] + 0.1 * jnp.exp(y[1:-1])

    @jax.jit
    def columns(x):
        before = residual(x)
        return jax.vmap(lambda i: (residual(x.at[i].add(H)) - before) / H, out_axes=1)(jnp.arange(SPARSE))

    at = jnp.asarray(x)
    yield "JAX jit + vmap, compiled once", lambda: columns(at).block_until_ready(), 1.0


def accuracy(case: Case) -> dict[str, float]:
    """The largest difference from the same one-way nudge in 80 bits, over the largest slope, on 60 parameters."""
    places = case.places(60)
    exact_case, exact_point = case.in_long_doubles()
    exact = loop(exact_case, exact_point, places)
    truth = at_places(list(gw.grad(case, wrt=case.wrt)(*case.point)), places)
    largest = float(np.abs(exact).max())
    off = {"plain NumPy loop": loop(case, case.point, places)}
    for mode in ("structure", "per_unit"):
        nudger = Nudger(case, *case.point, wrt=case.wrt, mode=mode)
        off[f"gradwork, {mode}"] = at_places(nudger(*case.point, h=H), places)
    found = {name: float(np.abs(slopes - exact).max()) / largest for name, slopes in off.items()}
    for mode in ("structure", "per_unit"):
        slopes = at_places(list(gw.nudge(case, *case.point, wrt=case.wrt, mode=mode).gradient), places)
        found[f"gw.nudge, {mode}, against the true gradient"] = float(np.abs(slopes - truth).max()) / largest
    return found


def memory(case: Case) -> dict[str, float]:
    """The most that is allocated at one time, in MB, in following every nudge once."""
    found = {}
    for mode in ("structure", "per_unit"):
        nudger = Nudger(case, *case.point, wrt=case.wrt, mode=mode)
        tracemalloc.start()
        nudger(*case.point, h=H)
        found[mode] = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
    return found


def floor(case: Case) -> float:
    """The least time, on one core, in which every nudge can be evaluated: what moves, at this machine's rates.

    A weight moves one column of its layer; the next layer changes by that column times a row of weights, and those
    after it are matrix products.
    """
    rates = _rates()
    rows, layers = case.rows, list(itertools.pairwise(case.sizes))
    last = len(layers) - 1
    ends = case.sizes[-1] * (rates["exp"] + 2 * rates["negative"] if case.loss == "ce" else 3 * rates["negative"])
    total = 0.0
    for k, (before, width) in enumerate(layers):
        each = rates["tanh"] if k < last else 0.0
        for later in range(k + 1, last + 1):
            a, b = layers[later]
            each += b * (rates["negative"] if later == k + 1 else a * rates["product"])
            each += b * rates["tanh"] if later < last else 0.0
        # The last layer's own weights move one score a row.
        total += (
            (before + 1) * width * rows * (each + (ends if k < last or case.loss == "ce" else 3 * rates["negative"]))
        )
    return total


@functools.cache
def _rates() -> dict[str, float]:
    """Seconds an entry for NumPy's functions in the processor's cache, and a multiplication in a matrix product."""
    generator = np.random.default_rng(0)
    x, m = generator.standard_normal(4096), generator.standard_normal((256, 256))
    found = {
        f.__name__: min(_seconds(lambda f=f: f(x)) for _ in range(50)) / x.size for f in (np.tanh, np.exp, np.negative)
    }
    return found | {"product": min(_seconds(lambda: m @ m) for _ in range(20)) / 256**3}


# -- how the cost grows ----------------------------------------------------------------------------------------------


Costs = tuple[str, int, list[float]]
WIDER = [(64, width, 10) for width in (32, 64, 128, 256, 512, 1024)]
DEEPER = [(64, *(64,) * depth, 10) for depth in (1, 2, 3, 4, 5, 6)]
WAYS = ("plain loop", "structure", "per unit", "counted floor")


def growth(nets: Sequence[tuple[int, ...]]) -> Iterator[Costs]:
    """Microseconds a parameter: by the loop (on some of them), by structure (likewise), by units, and the floor."""
    for sizes in nets:
        case = Case(sizes, 64, "ce")
        places = case.places(150)
        plain = min(_seconds(lambda c=case, p=places: loop(c, c.point, p)) for _ in range(2)) / len(places)
        nudger = Nudger(case, *case.point, wrt=case.wrt, mode="structure")
        followed = _structure_seconds(nudger, case) / case.count
        by_unit = Nudger(case, *case.point, wrt=case.wrt, mode="per_unit")
        units = min(_seconds(lambda n=by_unit, c=case: n(*c.point, h=H)) for _ in range(3)) / case.count
        yield case.name, case.count, [1e6 * c for c in (plain, followed, units, floor(case) / case.count)]


def _structure_seconds(nudger: Nudger, case: Case) -> float:
    """The time for all parameters, from two chunks of each array."""
    total = 0.0
    for node, size, array in zip(nudger.nodes, nudger.sizes, case.point, strict=True):
        some = np.arange(min(size, nudger.structure.room(node)))
        targets = array.reshape(-1)[some] + H
        total += _seconds(lambda n=node, s=some, t=targets: nudger.structure.results(n, s, t)) * size / len(some)
    return total


# -- what is written ------------------------------------------------------------------------------------------------


def machine() -> str:
    model = next(
        (x.split(":")[1].strip() for x in _lines("/proc/cpuinfo") if x.startswith("model name")), platform.processor()
    )
    load = f"{os.getloadavg()[0]:.1f}"
    return (
        f"{os.cpu_count()} cores of {model or 'an unnamed processor'} (load {load} from other work when this was run), "
        f"Python {platform.python_version()}, NumPy {np.__version__}{_version('scipy')}{_version('jax')}"
        f"{_version('torch')}, OpenBLAS threads as shipped."
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _version(name: str) -> str:
    from importlib import metadata

    try:
        return f", {name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return ""


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def networks(budget: float, runs: int) -> Iterator[str]:
    """The table of each network, and of the sparse Jacobian; then how far the runs lie apart."""
    cases = [Case(tuple(sizes), rows, loss) for *sizes, rows, loss in CASES]
    timed = {f"### {case.name}: {case.count:,} parameters": Timed(contestants(case)) for case in cases}
    jacobian = f"### A sparse Jacobian: {SPARSE} residuals of {SPARSE} entries, three entries each"
    timed[jacobian] = Timed(jacobians())
    # Run after run, each through all networks: what comes and goes on the machine meets all of them.
    began, done = time.perf_counter(), 0
    while done < runs and time.perf_counter() - began < ENOUGH:
        done += 1
        for some in timed.values():
            some.run(budget)
    for (title, some), case in itertools.zip_longest(timed.items(), cases):
        yield title + "\n"
        yield from some.rows("plain NumPy loop")
        if case is not None:
            yield from _beside(case)
        else:
            found = gw.nudge(stencil, np.random.default_rng(0).standard_normal(SPARSE))
            yield f"\n`gw.nudge` found {found.colours} groups, and evaluated {found.evaluations} times in all.\n"
    yield f"## How steady this is\n\nAll of it was run {done} times over, one after the other: the medians of the runs."
    for title, some in timed.items():
        yield "\n" + title + "\n\n| | median of each run | times faster than the loop of the same run |\n|---|---|---|"
        yield from some.steadiness("plain NumPy loop")
    yield ""


def _beside(case: Case) -> Iterator[str]:
    yield f"| counted floor, one core, every parameter by itself | {_time(floor(case))} | | |"
    yield "\n| largest error, over the largest slope | |\n|---|---|"
    for name, off in accuracy(case).items():
        yield f"| {name} | {off:.1e} |"
    used = ", ".join(f"{mode} {size:.1f} MB" for mode, size in memory(case).items())
    yield f"\nMost memory allocated at one time: {used}.\n"


def plot(rows: list[Costs]) -> Iterator[str]:
    """The same on a line each, from 0.1 to 1000 microseconds."""
    width = 60
    longest = max(len(name) for name, _, _ in rows)
    yield "\n```\n" + " " * longest + "  0.1 µs" + " " * (width - 13) + "1000 µs"
    for name, _, costs in rows:
        line = [" "] * (width + 1)
        for cost, sign in reversed(list(zip(costs, "Lsuf", strict=True))):
            line[int(np.clip(np.rint((np.log10(cost) + 1) / 4 * width), 0, width))] = sign
        yield f"{name:{longest}}  {''.join(line).rstrip()}"
    yield "```\nu per unit, s structure, L plain loop, f counted floor; ten times as much is 15 places further."


def drawing(panels: dict[str, list[Costs]]) -> str:
    """The same as two plots with logarithmic axes, side by side, as SVG."""
    wide, high, left, top = 330, 300, 60, 40
    colours = ("#b5451b", "#005b96", "#2a7f3f", "#777777")
    counts = [math.log10(n) for rows in panels.values() for _, n, _ in rows]
    costs = [math.log10(c) for rows in panels.values() for _, _, some in rows for c in some]
    x0, x1, y0, y1 = min(counts), max(counts), math.floor(min(costs)), math.ceil(max(costs))
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + 2 * (wide + 40)} {high + top + 75}" '
        'font-family="sans-serif" font-size="12">',
        "<title>Microseconds a parameter as networks grow</title>",
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for n, (title, rows) in enumerate(panels.items()):
        shift = left + n * (wide + 40)

        def across(count: float, shift: int = shift) -> float:
            return shift + 10 + (math.log10(count) - x0) / (x1 - x0) * (wide - 20)

        def down(cost: float) -> float:
            return top + high - (math.log10(cost) - y0) / (y1 - y0) * high

        out.append(f'<text x="{shift}" y="{top - 14}" font-weight="bold">{title}</text>')
        for power in range(y0, y1 + 1):
            y = down(10.0**power)
            out.append(f'<path d="M{shift} {y:.1f}h{wide}" stroke="#dddddd"/>')
            if n == 0:
                out.append(f'<text x="{shift - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} µs</text>')
        for _, count, _ in rows[:: len(rows) - 1]:
            out.append(f'<text x="{across(count):.1f}" y="{top + high + 18}" text-anchor="middle">{count:,}</text>')
        out.append(f'<text x="{shift + wide / 2}" y="{top + high + 18}" text-anchor="middle">parameters</text>')
        for k, colour in enumerate(colours):
            points = [(across(count), down(some[k])) for _, count, some in rows]
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            dashed = ' stroke-dasharray="5 4"' if WAYS[k] == "counted floor" else ""
            out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>')
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    for k, (way, colour) in enumerate(zip(WAYS, colours, strict=True)):
        x, y = left + 170 * k, top + high + 50
        out.append(
            f'<path d="M{x} {y}h26" stroke="{colour}" stroke-width="2"/><text x="{x + 32}" y="{y + 4}">{way}</text>'
        )
    return "\n".join([*out, "</svg>", ""])


def growing(quick: bool, write: bool) -> Iterator[str]:
    yield "## As the network grows\n\nMicroseconds a parameter, batch 64, softmax cross-entropy.\n"
    yield "| network | parameters | " + " | ".join(WAYS) + " |\n|---|---|" + "---|" * len(WAYS)
    panels: dict[str, list[Costs]] = {
        "wider: one hidden layer of 32 to 1024": [],
        "deeper: 1 to 6 hidden layers of 64": [],
    }
    for rows, nets in zip(panels.values(), (WIDER, DEEPER), strict=True):
        for name, count, costs in growth(nets[:2] if quick else nets):
            yield f"| {name} | {count:,} | " + " | ".join(f"{c:.3g}" for c in costs) + " |"
            rows.append((name, count, costs))
    yield from plot(list(itertools.chain(*panels.values())))
    if write:
        DRAWING.write_text(drawing(panels), encoding="utf-8")
        yield f"\n![microseconds a parameter as networks grow]({DRAWING.name})"


def report(growth_too: bool, quick: bool, write: bool) -> Iterator[str]:
    yield "# Slopes of every parameter by nudging\n"
    yield f"Made by `python benchmarks/nudging.py --write`. {machine()}\n"
    yield (
        "One-way nudges of 1e-6, medians of interleaved turns in one process; ~ marks what was timed on some of the "
        'parameters and multiplied up. "Traced once" leaves out tracing and bars, as the loop does; `gw.nudge` traces, '
        "measures the noise, takes four evaluations a parameter and gives every slope a bar. gradcheck nudges both "
        "ways and works out its own gradient beside. Errors are those of the one-way quotient against the same in 80 "
        "bits, on 60 parameters drawn at random.\n"
    )
    yield from networks(*((0.05, 2) if quick else (BUDGET, RUNS)))
    if growth_too:
        yield from growing(quick, write)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"\nPeak memory of the whole process, peers included: {peak:.0f} MB."


def main() -> None:
    parser = argparse.ArgumentParser(description="The slope of every parameter by nudging.")
    parser.add_argument("--growth", action="store_true", help="the cost of a parameter as networks grow, too")
    parser.add_argument("--write", action="store_true", help="all of it, into NUDGING.md and nudging_growth.svg")
    parser.add_argument("--quick", action="store_true", help="few turns, to see whether it runs; nothing is written")
    options = parser.parse_args()
    write = options.write and not options.quick
    lines = []
    for line in report(options.growth or options.write, options.quick, write):
        print(line, flush=True)
        lines.append(line)
    if write:
        Path(__file__).with_name("NUDGING.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
