"""What gradwork costs, measured on this machine; writes RESULTS.md beside this file.

    python3 dev.py bench                 in the environment that dev.py makes
    python benchmarks/run.py [--quick]   in any environment that has gradwork

Every figure is a median. What is compared is measured in turns, one round after the other, so that a busy moment of
the machine falls on all alike. The floor is what cannot be undercut: the same work in NumPy alone, or an empty Python.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

import gradwork as gw  # noqa: E402

Ways = dict[str, Callable[[], Any]]
Row = tuple[str, str, float | None]

NODES = 10_000
HAS_AUTOGRAD = importlib.util.find_spec("autograd") is not None


def medians(ways: Ways, rounds: int, least: float = 0.005) -> dict[str, float]:
    """Seconds that each way takes: the median over rounds in which all take their turn."""
    counts = {name: _repeats(way, least) for name, way in ways.items()}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            started = time.perf_counter()
            for _ in range(counts[name]):
                way()
            taken[name].append((time.perf_counter() - started) / counts[name])
    return {name: statistics.median(times) for name, times in taken.items()}


def _repeats(way: Callable[[], Any], least: float) -> int:
    way()
    way()  # the second call enters what later ones find again
    started = time.perf_counter()
    way()
    return max(1, int(least / max(time.perf_counter() - started, 1e-7)))


# -- long chains ------------------------------------------------------------------------------------------------------


def chain(x: Any) -> Any:
    """10,000 operations on a number or an array: a product and a sum in turn."""
    for _ in range(NODES // 2):
        x = x * 1.0001 + 0.001
    return x


def chain_by_hand(x: Any) -> Any:
    """Value and slope of the chain, forward and back, in NumPy alone."""
    value = chain(x)
    slope = np.ones_like(x)
    for _ in range(NODES // 2):
        slope = slope * 1.0001
    return value, slope


def chains(rounds: int) -> list[Row]:
    """Tracing and gradient of 10,000 nodes."""
    rows: list[Row] = []
    for kind, x in (("number", 1.5), ("small array", np.ones(3))):
        ways: Ways = {
            "NumPy, forward only (floor)": lambda x=x: chain(np.asarray(x)[()]),
            "NumPy, forward and back by hand": lambda x=x: chain_by_hand(np.asarray(x)[()]),
            "gw.trace": lambda x=x: gw.trace(chain, x),
            "gw.grad, first call": lambda x=x: _fresh_gradient(lambda x: np.sum(chain(x)), x),
            "gw.grad, later calls": lambda x=x: gw.grad(lambda x: np.sum(chain(x)))(x),
        }
        if HAS_AUTOGRAD:
            import autograd

            ways["autograd.grad"] = lambda x=x: autograd.grad(lambda x: autograd.numpy.sum(chain(x)))(x)
        measured = medians(ways, rounds)
        rows += [
            (f"chain of {NODES:,} operations on a {kind}", name, measured.get(name))
            for name in _named(ways, "autograd.grad")
        ]
    return rows


def _fresh_gradient(f: Callable[..., Any], x: Any) -> Any:
    """A gradient whose way back is not known yet."""
    from gradwork.gradients import replay, traced_slopes

    kept, traced_slopes.REPLAYS = traced_slopes.REPLAYS, replay.Replays()
    try:
        return gw.grad(f)(x)
    finally:
        traced_slopes.REPLAYS = kept


def _named(ways: Ways, optional: str) -> list[str]:
    return [*ways, *([] if optional in ways else [optional])]


# -- networks ---------------------------------------------------------------------------------------------------------


def network_loss(params: dict[str, Any], x: Any, y: Any, np: Any = np) -> Any:
    """A hidden layer with tanh, softmax cross-entropy; written as anyone writes it."""
    hidden = np.tanh(x @ params["W1"] + params["b1"])
    scores = hidden @ params["W2"] + params["b2"]
    logs = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    return -np.mean(np.sum(y * logs, axis=1))


def network_by_hand(params: dict[str, Any], x: Any, y: Any) -> dict[str, Any]:
    """Its gradient, derived and programmed by hand."""
    hidden = np.tanh(x @ params["W1"] + params["b1"])
    scores = hidden @ params["W2"] + params["b2"]
    raised = np.exp(scores)
    shares = raised / raised.sum(axis=1, keepdims=True)
    back = (shares * y.sum(axis=1, keepdims=True) - y) / len(x)
    inner = (back @ params["W2"].T) * (1 - hidden**2)
    return {"W1": x.T @ inner, "b1": inner.sum(axis=0), "W2": hidden.T @ back, "b2": back.sum(axis=0)}


def networks(rounds: int) -> list[Row]:
    """Gradients of two networks against hand-written NumPy and autograd."""
    rows: list[Row] = []
    for sizes, batch in (((2, 3, 1), 4), ((64, 32, 10), 32)):
        ways = _network_ways(*_network(sizes, batch))
        measured = medians(ways, rounds)
        title = f"network {'-'.join(map(str, sizes))}, {batch} rows"
        rows += [(title, name, measured.get(name)) for name in _named(ways, "autograd.grad")]
    return rows


def _network_ways(params: dict[str, Any], x: Any, y: Any) -> Ways:
    gradient = gw.grad(network_loss)
    by_hand, found = network_by_hand(params, x, y), gradient(params, x, y)
    assert all(np.allclose(found[name], by_hand[name]) for name in params), "the gradients agree"
    ways: Ways = {
        "NumPy, forward only": lambda: network_loss(params, x, y),
        "NumPy by hand, forward and back (floor)": lambda: network_by_hand(params, x, y),
        "gw.grad": lambda: gradient(params, x, y),
    }
    if HAS_AUTOGRAD:
        import autograd

        theirs = autograd.grad(lambda p, x, y: network_loss(p, x, y, autograd.numpy))
        ways["autograd.grad"] = lambda: theirs(params, x, y)
    return ways


def _network(sizes: tuple[int, int, int], batch: int) -> tuple[dict[str, Any], Any, Any]:
    random = np.random.default_rng(0)
    inputs, hidden, outputs = sizes
    params = {
        "W1": random.normal(size=(inputs, hidden)),
        "b1": random.normal(size=hidden),
        "W2": random.normal(size=(hidden, outputs)),
        "b2": random.normal(size=outputs),
    }
    return params, random.normal(size=(batch, inputs)), random.random((batch, outputs))


# -- commands ---------------------------------------------------------------------------------------------------------


def commands(rounds: int) -> list[Row]:
    """Whole commands, from the empty machine: each a new process."""
    cars = str(ROOT / "examples" / "cars.toml")
    lines = {
        'python -c "pass" (floor of --help)': ["-c", "pass"],
        "gradwork --help": ["-m", "gradwork", "--help"],
        'python -c "import numpy" (floor of work)': ["-c", "import numpy"],
        'python -c "import gradwork"': ["-c", "import gradwork"],
        "gradwork work examples/cars.toml": ["-m", "gradwork", "work", cars],
        "gradwork work examples/cars.toml --to html": ["-m", "gradwork", "work", cars, "--to", "html"],
    }
    ways: Ways = {name: (lambda arguments=arguments: _command(arguments)) for name, arguments in lines.items()}
    measured = medians(ways, rounds, least=0)
    assert "numpy" not in _modules(), "gradwork --help imports no NumPy"
    return [("commands", name, measured[name]) for name in ways]


def _command(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=_environment(), check=True, capture_output=True)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}


def _modules() -> list[str]:
    """What `gradwork --help` has imported by its end."""
    code = "import sys; from gradwork.cli import main\ntry: main(['--help'])\nfinally: print('MODULES', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=_environment(), capture_output=True, text=True)
    return done.stdout.rsplit("MODULES", 1)[-1].split()


# -- the page ---------------------------------------------------------------------------------------------------------


def written(rows: list[Row]) -> str:
    """The results as a page."""
    lines = [
        "# What gradwork costs",
        "",
        "Made by `python3 dev.py bench` (benchmarks/run.py). Medians; what stands in one table was measured in turns.",
        "A floor is what the same work costs without gradwork.",
        "",
        f"{datetime.date.today().isoformat()} · {_machine()}",
        f"Python {platform.python_version()} · NumPy {np.__version__} · autograd {_version('autograd')}",
    ]
    for title in dict.fromkeys(row[0] for row in rows):
        lines += ["", f"## {title[0].upper()}{title[1:]}", "", "| way | time | times the floor |", "|---|---:|---:|"]
        mine = [row for row in rows if row[0] == title]
        floor: float | None = None
        floors = [seconds for _, name, seconds in mine if "(floor" in name and seconds]
        floor = floors[0] if floors else None
        for _, name, seconds in mine:
            if "(floor" in name and seconds:
                floor = seconds
            lines.append(_line(name, seconds, floor))
    return "\n".join(lines) + "\n"


def _line(name: str, seconds: float | None, floor: float | None) -> str:
    if seconds is None:
        return f"| {name} | not installed | |"
    factor = f"{seconds / floor:.1f}" if floor else ""
    return f"| {name} | {_shown(seconds)} | {factor} |"


def _shown(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _machine() -> str:
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()}"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that it runs")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).with_name("RESULTS.md"))
    options = parser.parse_args(arguments)
    rounds = 3 if options.quick else 15
    page = written([*chains(max(3, rounds // 2)), *networks(rounds), *commands(rounds)])
    options.output.write_text(page, encoding="utf-8")
    print(page)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
