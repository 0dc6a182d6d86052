"""The slope of every parameter by nudging: gradwork beside a plain loop, and scipy where it is installed.

    python benchmarks/nudging.py             the table of four networks
    python benchmarks/nudging.py --growth    the cost of one parameter as networks grow
    python benchmarks/nudging.py --write     both, into benchmarks/NUDGING.md

All run in one process on the same function, in turns; the median over the turns is given. What would take more than
20 s is timed on some of the parameters and multiplied up, and marked with a tilde. Nothing is installed.
"""

from __future__ import annotations

import itertools
import os
import platform
import resource
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import gradwork as gw
from gradwork.gradients.nudging.replay import Nudger

H = 1e-6
LONGEST = 20.0  # seconds
CASES = ((2, 3, 1, 4, "mse"), (8, 16, 4, 16, "ce"), (64, 32, 10, 64, "ce"), (784, 128, 10, 64, "ce"))
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


def contestants(case: Case) -> Iterator[tuple[str, Callable[[], object], float]]:
    """Each: a name, what to call, and the share of the parameters that the call covers."""
    one = _seconds(lambda: case(*case.point))
    some = min(case.count, max(20, int(LONGEST / 20 / one))) if case.count * one > LONGEST / 4 else case.count
    places = case.places(some)
    yield "plain NumPy loop", lambda: loop(case, case.point, places), some / case.count
    yield from _scipy(case, one)
    for mode in ("scalars", "structure", "per_unit") if case.count < 50 else ("structure", "per_unit"):
        nudger = Nudger(case, *case.point, wrt=case.wrt, mode=mode)
        yield f"gradwork, {mode}, traced once", lambda nudger=nudger: nudger(*case.point, h=H), 1.0
    for mode in ("structure", "per_unit"):
        name = f"gw.nudge, {mode}: all of it, with bars"
        yield name, lambda mode=mode: gw.nudge(case, *case.point, wrt=case.wrt, mode=mode), 1.0


def _scipy(case: Case, one: float) -> Iterator[tuple[str, Callable[[], object], float]]:
    try:
        from scipy.optimize import approx_fprime
    except ImportError:
        return
    if case.count * one > LONGEST / 4:
        return  # the time of the loop and a little more
    flat = np.concatenate([p.reshape(-1) for p in case.point])
    ends = np.cumsum([p.size for p in case.point])[:-1]

    def f(flat: np.ndarray) -> float:
        pieces = np.split(flat, ends)
        return float(case(*(q.reshape(p.shape) for p, q in zip(case.point, pieces, strict=True))))

    yield "scipy approx_fprime", lambda: approx_fprime(flat, f, H), 1.0


def _seconds(call: Callable[[], object]) -> float:
    call()
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def interleaved(case: Case, budget: float = 15.0) -> dict[str, tuple[float, bool]]:
    """The median time of each contestant over several turns, and whether it was multiplied up."""
    all_of_them = list(contestants(case))
    once = [_seconds(call) for _, call, _ in all_of_them]
    rounds = int(np.clip(budget / sum(once), 3, 41))
    repeats = [max(1, int(0.002 / t)) for t in once]
    times: dict[str, list[float]] = {name: [] for name, _, _ in all_of_them}
    for _ in range(rounds):
        for (name, call, share), repeat in zip(all_of_them, repeats, strict=True):
            began = time.perf_counter()
            for _ in range(repeat):
                call()
            times[name].append((time.perf_counter() - began) / repeat / share)
    return {name: (statistics.median(times[name]), share < 1) for name, _, share in all_of_them}


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
    """The least time, on one core, in which every nudge can be evaluated: what moves, at this machine's rates."""
    x = np.random.default_rng(0).standard_normal(4096)
    rates = {
        f.__name__: min(_seconds(lambda f=f: f(x)) for _ in range(50)) / x.size for f in (np.tanh, np.exp, np.negative)
    }
    _, hidden, out = case.sizes[0], case.sizes[1], case.sizes[-1]
    first = (case.sizes[0] + 1) * hidden * case.rows
    last = (hidden + 1) * out * case.rows
    ends = out * (rates["exp"] + 2 * rates["negative"]) if case.loss == "ce" else out * 3 * rates["negative"]
    return first * (rates["tanh"] + ends) + last * (ends if case.loss == "ce" else 3 * rates["negative"])


# -- how the cost grows ----------------------------------------------------------------------------------------------


def growth() -> Iterator[tuple[str, int, float, float, float]]:
    """Microseconds a parameter: by the loop (on some of them), by structure (likewise), and by units (on all)."""
    nets = [(64, width, 10) for width in (32, 64, 128, 256, 512, 1024)]
    nets += [(64, *(64,) * depth, 10) for depth in (1, 2, 3, 4, 5, 6)]
    for sizes in nets:
        case = Case(sizes, 64, "ce")
        places = case.places(150)
        plain = min(_seconds(lambda c=case, p=places: loop(c, c.point, p)) for _ in range(2)) / len(places)
        nudger = Nudger(case, *case.point, wrt=case.wrt, mode="structure")
        followed = _structure_seconds(nudger, case) / case.count
        by_unit = Nudger(case, *case.point, wrt=case.wrt, mode="per_unit")
        units = min(_seconds(lambda n=by_unit, c=case: n(*c.point, h=H)) for _ in range(3)) / case.count
        yield case.name, case.count, plain * 1e6, followed * 1e6, units * 1e6


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
        f"Python {platform.python_version()}, NumPy {np.__version__}{_version('scipy')}, OpenBLAS threads as shipped."
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


def table(sizes: tuple[int, ...], rows: int, loss: str) -> Iterator[str]:
    case = Case(sizes, rows, loss)
    yield f"### {case.name}: {case.count:,} parameters\n"
    times = interleaved(case)
    plain = times["plain NumPy loop"][0]
    yield "| | time | times faster than the loop |\n|---|---|---|"
    for name, (seconds, extrapolated) in times.items():
        yield f"| {name} | {'~' if extrapolated else ''}{_time(seconds)} | {plain / seconds:,.3g} |"
    if len(sizes) == 3:
        yield f"| counted floor, one core, every parameter by itself | {_time(floor(case))} | |"
    yield "\n| largest error, over the largest slope | |\n|---|---|"
    for name, off in accuracy(case).items():
        yield f"| {name} | {off:.1e} |"
    used = ", ".join(f"{mode} {size:.1f} MB" for mode, size in memory(case).items())
    yield f"\nMost memory allocated at one time: {used}.\n"


def plot(rows: list[tuple[str, list[float]]]) -> Iterator[str]:
    """The same on a line each, from 0.1 to 1000 microseconds: u per unit, s structure, L the plain loop."""
    width = 60
    longest = max(len(name) for name, _ in rows)
    yield "\n```\n" + " " * longest + "  0.1 µs" + " " * (width - 13) + "1000 µs"
    for name, costs in rows:
        line = ["."] * (width + 1)
        for cost, sign in zip(costs, "Lsu", strict=True):
            line[int(np.clip(np.rint((np.log10(cost) + 1) / 4 * width), 0, width))] = sign
        yield f"{name:{longest}}  {''.join(line)}"
    yield "```\nu per unit, s structure, L plain loop; every ten times as much is 15 places further."


def report(with_growth: bool) -> Iterator[str]:
    yield "# Slopes of every parameter by nudging\n"
    yield f"Made by `python benchmarks/nudging.py --write`. {machine()}\n"
    yield (
        "One-way nudges of 1e-6, medians of interleaved turns in one process; ~ marks what was timed on some of the "
        'parameters and multiplied up. "Traced once" leaves out tracing and bars, as the loop does; `gw.nudge` traces, '
        "measures the noise, takes four evaluations a parameter and gives every slope a bar. Errors are those of the "
        "one-way quotient against the same quotient in 80 bits, on 60 parameters drawn at random.\n"
    )
    for *sizes, rows, loss in CASES:
        yield from table(tuple(sizes), rows, loss)
    if with_growth:
        yield "## As the network grows\n\nMicroseconds a parameter, batch 64, softmax cross-entropy.\n"
        yield "| network | parameters | plain loop | structure | per unit |\n|---|---|---|---|---|"
        rows = []
        for name, count, *costs in growth():
            yield f"| {name} | {count:,} | " + " | ".join(f"{c:.3g}" for c in costs) + " |"
            rows.append((name, costs))
        yield from plot(rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"\nPeak memory of the whole process, peers included: {peak:.0f} MB."


def main() -> None:
    wanted = sys.argv[1:]
    lines = []
    for line in report("--growth" in wanted or "--write" in wanted):
        print(line, flush=True)
        lines.append(line)
    if "--write" in wanted:
        Path(__file__).with_name("NUDGING.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
