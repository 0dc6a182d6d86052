"""What a descent costs beside loops written by hand and those of others; writes DESCENT.md.

    python benchmarks/descent.py [--write] [--rounds N] [--only SECTION]

All ways of a section run in this one process, in turns, one round after the other, in an order that changes. Figures
are medians over the rounds; a ratio is the median of the rounds' own ratios, so that a busy moment of the machine falls
on both. JAX, torch, scikit-learn and autograd take part where they are installed. `--write` replaces the sections that
were run and keeps the others. A section is a function in SECTIONS that takes the number of rounds and gives Markdown.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import importlib.util
import itertools
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

import gradwork as gw  # noqa: E402
from gradwork.descent.batches import Batches  # noqa: E402
from gradwork.descent.blocks import ProblemStep  # noqa: E402
from gradwork.descent.loop import Plan, begin, take_steps  # noqa: E402
from gradwork.descent.method import method_named  # noqa: E402
from gradwork.descent.problem import problem_of  # noqa: E402
from gradwork.descent.watching import DescentProgress  # noqa: E402

PAGE = Path(__file__).with_name("DESCENT.md")
Ways = dict[str, Callable[[], Any]]


def there(name: str) -> bool:
    """Whether a package is installed."""
    return importlib.util.find_spec(name) is not None


# -- measuring --------------------------------------------------------------------------------------------------------


TURN = 0.04  # seconds of a turn, within which a short way is run again


def rounds_of(
    ways: Ways, rounds: int, clock: Callable[[], float] = time.perf_counter, again: int = 1, rest: float = 0.0
) -> dict[str, list[float]]:
    """Seconds of each way in each round. Every way is run once before.

    rest: so many seconds go by before a turn, in which the threads of the way before go to sleep: those of a BLAS wait
    for more work in a loop, for about a tenth of a second, and take the processor from who comes next.

    again: a way that takes little time is run so often in its turn, and the fastest counts: on a busy machine a run of
    milliseconds is often cut in two.
    """
    for way in ways.values():
        way()
    found: dict[str, list[float]] = {name: [] for name in ways}
    order = list(ways)
    shuffled = random.Random(0)
    for _ in range(rounds):
        shuffled.shuffle(order)
        for name in order:
            until = time.perf_counter() + rest
            while time.perf_counter() < until:
                pass
            took: list[float] = []
            while len(took) < again and sum(took) < TURN:
                began = clock()
                ways[name]()
                took.append(clock() - began)
            found[name].append(min(took))
    return found


def table(found: dict[str, list[float]], beside: str, times: float = 1.0) -> list[str]:
    """A table of medians, and of ratios to one of the ways."""
    lines = [f"| | median | quartiles | best | times {beside} |", "|---|---|---|---|---|"]
    for name, seconds in sorted(found.items(), key=lambda pair: statistics.median(pair[1])):
        low, middle, high = statistics.quantiles(seconds, n=4) if len(seconds) > 1 else seconds * 3
        ratio = statistics.median(a / b for a, b in zip(seconds, found[beside], strict=True))
        quartiles = f"{shown(low * times)} to {shown(high * times)}"
        best = shown(min(seconds) * times)
        lines.append(f"| {name} | {shown(middle * times)} | {quartiles} | {best} | {ratio:.3g} |")
    return lines


def shown(seconds: float) -> str:
    """Seconds with a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def ratio(found: dict[str, list[float]], one: str, other: str) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(found[one], found[other], strict=True))


def prepared(
    problem: Any, rate: float, steps: int, method: str = "gd", moments: bool = False, batch: Any = None
) -> Any:
    """A run of gradwork whose programs are made: a function that takes all steps, keeping losses and path."""
    rule = method_named(method)
    step = problem.step(rule, 0.0, None)
    assert isinstance(step, ProblemStep)
    step.through_moments = moments
    plan = Plan(problem, rule, rate, steps, Batches(problem, batch, 0), step)

    def run(**changes: Any) -> Any:
        state = begin(problem, rule)
        take_steps(replace(plan, **changes) if changes else plan, state)
        return state

    return run


# -- a line through 100 points ----------------------------------------------------------------------------------------

STEPS, RATE = 1000, 0.001
AGAIN = 9


def line(rounds: int) -> list[str]:
    """1,000 steps on all of 100 rows, two parameters."""
    r = np.random.default_rng(0)
    x = r.normal(size=100)
    y = 2 * x + 1 + 0.1 * r.normal(size=100)
    formula, start, data = "mean((x*w + b - y)^2)", {"w": 0.0, "b": 0.0}, {"x": x, "y": y}
    problem = problem_of(formula, start, data, "numpy")
    others = itertools.cycle([(r.normal(size=100), r.normal(size=100)) for _ in range(50)])
    options = {"learning_rate": RATE, "steps": STEPS, "progress": False}
    whole = lambda moments: gw.descend(formula, start, data, moments=moments, **options)  # noqa: E731

    def fresh(moments: bool, by_name: bool) -> Any:
        rows = next(others)
        given = dict(zip(("x", "y"), rows, strict=True)) if by_name else rows
        return gw.descend(formula if by_name else line_loss, start, given, moments=moments, **options)

    ways: Ways = {
        "by hand, NumPy": lambda: line_by_hand(x, y),
        "by hand, out=": lambda: line_with_buffers(x, y, path=False),
        "by hand, out=, with the path": lambda: line_with_buffers(x, y, path=True),
        "gradwork, the loop": prepared(problem, RATE, STEPS),
        "gradwork, through moments": prepared(problem, RATE, STEPS, moments=True),
        "gradwork, gw.descend in all, moments=False": lambda: fresh(False, by_name=True),
        "gradwork, gw.descend in all": lambda: fresh(True, by_name=True),
        "gradwork, gw.descend in all, a function, moments=False": lambda: fresh(False, by_name=False),
        "gradwork, gw.descend in all, a function": lambda: fresh(True, by_name=False),
        **line_of_others(x, y),
    }
    found = rounds_of(ways, rounds, clock=time.process_time, again=AGAIN)
    by_hand, plain, quick = line_by_hand(x, y), whole(False), whole(True)
    return [
        "## 1,000 steps of linear regression on 100 rows",
        "",
        "Two parameters, all rows in each step, float64. gradwork keeps losses and path; the loops by hand keep",
        "losses, one of them the path. *In all* is the whole call, each time with other data: reading a formula (or",
        "tracing a function anew), finding the program of the call before, checking the data, the result. The others'",
        "programs are made before; JAX's scan gives its losses, torch's are kept as tensors. A way is run up to "
        f"{AGAIN} times",
        f"in its turn, for {1000 * TURN:.0f} ms at most, and the fastest counts. Processor time of all threads, which "
        "other programs",
        "on the machine change less.",
        "",
        *table(found, "by hand, out="),
        "",
        f"Parameters after the last step differ from those by hand by {difference(plain, by_hand):.0e} (the loop) and "
        f"{difference(quick, by_hand):.0e} (moments).",
        "",
        *first_calls(),
    ]


def line_loss(p: Any, x: Any, y: Any) -> Any:
    """The loss as a function."""
    return np.mean((x * p["w"] + p["b"] - y) ** 2)


FRESH = """
import sys, time
began = time.perf_counter()
import numpy as np
numpy = time.perf_counter()
import gradwork as gw
gw.descend
imported = time.perf_counter()
r = np.random.default_rng(0)
marks = []
for _ in range(3):
    data = {"x": r.normal(size=100), "y": r.normal(size=100)}
    at = time.perf_counter()
    gw.descend("mean((x*w + b - y)^2)", {"w": 0.0, "b": 0.0}, data, learning_rate=0.001, steps=1000, progress=False,
               moments=False)
    marks.append(time.perf_counter() - at)
print(numpy - began, imported - numpy, *marks)
"""


def first_calls(processes: int = 9) -> list[str]:
    """What the first call in a process costs."""
    found = []
    for _ in range(processes):
        surroundings = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        told = subprocess.run([sys.executable, "-c", FRESH], env=surroundings, capture_output=True, check=True)
        found.append([float(word) for word in told.stdout.split()])
    numpy, own, first, second, third = (shown(statistics.median(column)) for column in zip(*found, strict=True))
    return [
        f"In a fresh process, medians of {processes}: importing NumPy {numpy}, then `gw.descend` {own}; the first call "
        f"with moments=False {first},",
        f"the second, with other data, {second}, the third {third}.",
    ]


def difference(found: Any, by_hand: Any) -> float:
    """The largest difference of the last parameters."""
    return max(abs(float(found.params["w"]) - by_hand[0]), abs(float(found.params["b"]) - by_hand[1]))


def line_by_hand(x: Any, y: Any) -> Any:
    """As anybody would write it."""
    w = b = 0.0
    losses = []
    for _ in range(STEPS):
        error = x * w + b - y
        losses.append(np.mean(error**2))
        w, b = w - RATE * 2 * np.mean(error * x), b - RATE * 2 * np.mean(error)
    return w, b, losses


def line_with_buffers(x: Any, y: Any, path: bool) -> Any:
    """As somebody in a hurry would."""
    n = len(x)
    w = b = 0.0
    error, ones = np.empty(n), np.ones(n)
    losses = np.empty(STEPS)
    points = np.zeros((STEPS + 1, 2))
    multiply, add, subtract = np.multiply, np.add, np.subtract
    for k in range(STEPS):
        multiply(x, w, error)
        add(error, b, error)
        subtract(error, y, error)
        losses[k] = error.dot(error) / n
        dw, db = 2 * error.dot(x) / n, 2 * error.dot(ones) / n
        w -= RATE * dw
        b -= RATE * db
        if path:
            points[k + 1, 0] = w
            points[k + 1, 1] = b
    return w, b, losses


def line_of_others(x: Any, y: Any) -> Ways:
    """The same elsewhere."""
    ways: Ways = {}
    if there("jax"):
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)
        of = lambda p: jnp.mean((x * p[0] + p[1] - y) ** 2)  # noqa: E731
        both = jax.value_and_grad(of)

        def step(p: Any, _: Any) -> Any:
            value, g = both(p)
            return p - RATE * g, value

        scanned = jax.jit(lambda p: jax.lax.scan(step, p, None, length=STEPS))
        one = jax.jit(lambda p: step(p, None))

        def each() -> None:
            p = jnp.zeros(2)
            for _ in range(STEPS):
                p, _ = one(p)
            p.block_until_ready()

        ways["JAX, compiled scan"] = lambda: jax.block_until_ready(scanned(jnp.zeros(2)))
        ways["JAX, compiled step"] = each
    if there("torch"):
        import torch

        tx, ty = torch.from_numpy(x), torch.from_numpy(y)

        def by_torch() -> None:
            w = torch.zeros((), dtype=torch.float64, requires_grad=True)
            b = torch.zeros((), dtype=torch.float64, requires_grad=True)
            losses = []
            for _ in range(STEPS):
                loss = ((tx * w + b - ty) ** 2).mean()
                losses.append(loss.detach())
                gw_, gb = torch.autograd.grad(loss, (w, b))
                with torch.no_grad():
                    w -= RATE * gw_
                    b -= RATE * gb

        ways["torch"] = by_torch
    if there("autograd"):
        import autograd
        import autograd.numpy as anp

        slopes = autograd.value_and_grad(lambda p: anp.mean((x * p[0] + p[1] - y) ** 2))

        def by_autograd() -> None:
            p = np.zeros(2)
            for _ in range(STEPS):
                _, g = slopes(p)
                p = p - RATE * g

        ways["autograd"] = by_autograd
    return ways


# -- digits-sized network ---------------------------------------------------------------------------------------------

REST = 0.15  # seconds
PART = 100  # steps of a turn; a step costs the same whenever it is taken


def network_of(r: Any) -> Any:
    """A loss, a start and data of the size of scikit-learn's digits."""
    rows, sizes = 1797, (64, 32, 10)
    x, labels = r.normal(size=(rows, 64)), r.integers(0, 10, size=rows)
    start = []
    for inside, out in itertools.pairwise(sizes):
        start += [r.normal(size=(inside, out)) / np.sqrt(inside), np.zeros(out)]
    return start, x, labels


def network_loss(p: Any, x: Any, labels: Any, np: Any = np) -> Any:
    """Mean cross-entropy of 64-32-10 with tanh."""
    scores = np.tanh(x @ p[0] + p[1]) @ p[2] + p[3]
    scores = scores - np.max(scores, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(scores), axis=1)) - scores[np.arange(len(labels)), labels])


def network(rounds: int) -> list[str]:
    """1,000 steps of 64-32-10 on 1,797 rows."""
    start, x, labels = network_of(np.random.default_rng(0))
    problem = problem_of(network_loss, start, (x, labels), "numpy")
    ways: Ways = {
        "by hand, NumPy": lambda: network_by_hand(start, x, labels, PART),
        "by hand, out=": lambda: network_with_buffers(start, x, labels, PART),
        "gradwork": prepared(problem, 0.1, PART),
        **network_of_others(start, x, labels),
        "floor: two products and tanh": lambda: floor(start, x, PART),
    }
    found = rounds_of(ways, rounds, rest=REST)
    losses = network_with_buffers(start, x, labels, PART)
    ours = gw.descend(network_loss, start, (x, labels), learning_rate=0.1, steps=PART, progress=False)
    apart = float(np.max(np.abs(ours.losses[:-1] - losses)))
    return [
        "## 1,000 steps of a network, 64-32-10, on 1,797 rows of 64",
        "",
        f"All rows in each step, tanh, cross-entropy, float64; figures are ten times those of {PART} steps. gradwork",
        "keeps losses and path. scikit-learn's MLPClassifier (tanh, plain gradient descent) starts elsewhere. Before",
        f"each turn {REST:g} s go by, in which the waiting threads of the way before go to sleep.",
        "",
        *table(found, "by hand, out=", times=STEPS / PART),
        "",
        f"The losses differ from those by hand by {apart:.0e} at most. Times the floor: "
        f"{ratio(found, 'gradwork', 'floor: two products and tanh'):.3g}.",
    ]


def network_by_hand(start: Any, x: Any, labels: Any, steps: int) -> Any:
    """As anybody would write it."""
    w, b, v, c = (leaf.copy() for leaf in start)
    rows = np.arange(len(x))
    losses = []
    for _ in range(steps):
        hidden = np.tanh(x @ w + b)
        scores = hidden @ v + c
        scores = scores - scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        sums = powers.sum(axis=1, keepdims=True)
        losses.append(float(np.mean(np.log(sums[:, 0]) - scores[rows, labels])))
        d = powers / sums
        d[rows, labels] -= 1
        d /= len(x)
        back = (d @ v.T) * (1 - hidden**2)
        v, c = v - 0.1 * (hidden.T @ d), c - 0.1 * d.sum(axis=0)
        w, b = w - 0.1 * (x.T @ back), b - 0.1 * back.sum(axis=0)
    return losses


def network_with_buffers(start: Any, x: Any, labels: Any, steps: int) -> Any:
    """The same into buffers, with scores on their side, sums as products with ones."""
    w, b, v, c = (leaf.copy() for leaf in start)
    n, rows = len(x), np.arange(len(x))
    hidden, back, slope = np.empty((n, 32)), np.empty((n, 32)), np.empty((n, 32))
    scores, largest, sums, ones, tens = np.empty((10, n)), np.empty(n), np.empty(n), np.ones(n), np.ones(10)
    dw, dv = np.empty((64, 32)), np.empty((32, 10))
    losses = np.empty(steps)
    for k in range(steps):
        np.dot(x, w, out=hidden)
        np.add(hidden, b, out=hidden)
        np.tanh(hidden, out=hidden)
        np.dot(v.T, hidden.T, out=scores)
        np.add(scores, c[:, None], out=scores)
        np.max(scores, axis=0, out=largest)
        np.subtract(scores, largest, out=scores)
        picked = scores[labels, rows]
        np.exp(scores, out=scores)
        np.dot(tens, scores, out=sums)
        losses[k] = (np.log(sums) - picked).dot(ones) / n
        np.multiply(sums, n, out=sums)
        np.divide(scores, sums, out=scores)
        scores[labels, rows] -= 1 / n
        np.dot(hidden.T, scores.T, out=dv)
        dc = scores.dot(ones)
        np.dot(scores.T, v.T, out=back)
        np.multiply(hidden, hidden, out=slope)
        np.subtract(1.0, slope, out=slope)
        np.multiply(back, slope, out=back)
        np.dot(x.T, back, out=dw)
        for leaf, d in ((w, dw), (b, ones.dot(back)), (v, dv), (c, dc)):
            np.multiply(d, 0.1, out=d)
            np.subtract(leaf, d, out=leaf)
    return losses


def floor(start: Any, x: Any, steps: int) -> None:
    """The two large products and the hyperbolic tangents alone."""
    hidden, slopes = np.empty((len(x), 32)), np.empty((64, 32))
    for _ in range(steps):
        x.dot(start[0], hidden)
        np.tanh(hidden, hidden)
        x.T.dot(hidden, slopes)


def network_of_others(start: Any, x: Any, labels: Any) -> Ways:
    """The same elsewhere."""
    ways: Ways = {}
    if there("jax"):
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)
        dx, dl = jnp.asarray(x), jnp.asarray(labels)
        both = jax.value_and_grad(lambda p: network_loss(p, dx, dl, jnp))

        def step(p: Any, _: Any) -> Any:
            value, slopes = both(p)
            return [a - 0.1 * g for a, g in zip(p, slopes, strict=True)], value

        scanned = jax.jit(lambda p: jax.lax.scan(step, p, None, length=PART))
        one = jax.jit(lambda p: step(p, None))

        def each() -> None:
            p = [jnp.asarray(leaf) for leaf in start]
            for _ in range(PART):
                p, _ = one(p)
            jax.block_until_ready(p)

        ways["JAX, compiled scan"] = lambda: jax.block_until_ready(scanned([jnp.asarray(s) for s in start]))
        ways["JAX, compiled step"] = each
    if there("torch"):
        import torch

        tx, tl = torch.from_numpy(x), torch.from_numpy(labels)

        def by_torch() -> None:
            p = [torch.tensor(leaf, requires_grad=True) for leaf in start]
            for _ in range(PART):
                scores = torch.tanh(tx @ p[0] + p[1]) @ p[2] + p[3]
                loss = torch.nn.functional.cross_entropy(scores, tl)
                slopes = torch.autograd.grad(loss, p)
                with torch.no_grad():
                    for leaf, g in zip(p, slopes, strict=True):
                        leaf -= 0.1 * g

        ways["torch"] = by_torch
    if there("sklearn"):
        from sklearn.neural_network import MLPClassifier

        def by_sklearn() -> None:
            options = {"hidden_layer_sizes": (32,), "activation": "tanh", "solver": "sgd", "batch_size": len(x)}
            more = {"momentum": 0.0, "learning_rate_init": 0.1, "alpha": 0.0, "shuffle": False}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                MLPClassifier(**options, **more, max_iter=PART, n_iter_no_change=PART, random_state=0).fit(x, labels)

        ways["scikit-learn, MLPClassifier"] = by_sklearn
    if there("autograd"):
        import autograd
        import autograd.numpy as anp

        slopes_of = autograd.value_and_grad(lambda p: network_loss(p, x, labels, anp))

        def by_autograd() -> None:
            p = [leaf.copy() for leaf in start]
            for _ in range(PART):
                _, slopes = slopes_of(p)
                p = [leaf - 0.1 * g for leaf, g in zip(p, slopes, strict=True)]

        ways["autograd"] = by_autograd
    return ways


# -- smaller and other loops ------------------------------------------------------------------------------------------


def others(rounds: int) -> list[str]:
    """A tiny network, Adam, mini-batches: the step as a program of its own, called once a step, beside the loop."""
    r = np.random.default_rng(0)
    tiny = [r.normal(size=(2, 3)), np.zeros(3), r.normal(size=(3, 1)), np.zeros(1)]
    tx, ty = r.normal(size=(4, 2)), r.normal(size=(4, 1))
    squares = lambda p, x, y: np.mean((np.tanh(x @ p[0] + p[1]) @ p[2] + p[3] - y) ** 2)  # noqa: E731
    start, x, labels = network_of(r)
    lines = [
        "## The loop as one program beside its step called 1,000 times",
        "",
        "The second column calls a compiled program of one step from a loop in Python, as gradwork does where it",
        "cannot write the loop (a decision inside the loss, for instance).",
        "",
        "| | loop, 1,000 steps | step by step | times |",
        "|---|---|---|---|",
    ]
    cases = {
        "2-3-1 on 4 rows, gd": (squares, tiny, (tx, ty), "gd", None),
        "2-3-1 on 4 rows, adam": (squares, tiny, (tx, ty), "adam", None),
        "64-32-10, batches of 32 rows, gd": (network_loss, start, (x, labels), "gd", 32),
        "64-32-10, batches of 32 rows, adam": (network_loss, start, (x, labels), "adam", 32),
    }
    for name, (loss, at, data, method, batch) in cases.items():
        problem = problem_of(loss, at, data, "numpy")
        quick = prepared(problem, 0.01, 200, method, batch=batch)
        single = problem.one_step(method_named(method), 0.0, None)
        found = rounds_of({"loop": quick, "step": lambda q=quick, s=single: q(step=s)}, rounds)
        middle = {key: statistics.median(seconds) * STEPS / 200 for key, seconds in found.items()}
        both = f"{shown(middle['loop'])} | {shown(middle['step'])}"
        lines.append(f"| {name} | {both} | {ratio(found, 'step', 'loop'):.3g} |")
    return lines


# -- recording --------------------------------------------------------------------------------------------------------


def recording(rounds: int) -> list[str]:
    """What the path and the progress line cost on top."""
    r = np.random.default_rng(0)
    x = r.normal(size=100)
    y = 2 * x + 1 + 0.1 * r.normal(size=100)
    line_problem = problem_of("mean((x*w + b - y)^2)", {"w": 0.0, "b": 0.0}, {"x": x, "y": y}, "numpy")
    start, rows, labels = network_of(r)
    cases = {
        "linear regression, 100 rows": (line_problem, RATE, STEPS),
        "64-32-10, 1,797 rows": (problem_of(network_loss, start, (rows, labels), "numpy"), 0.1, PART),
    }
    lines = [
        "## Keeping the path, and telling how far it is",
        "",
        "Beside the same loop that keeps losses alone. The progress line is written to a null device, five times a",
        "second as on a terminal, and from the first moment on instead of after two seconds. Processor time, which",
        "other programs on the machine change less.",
        "",
        "| | losses alone | with the path | with path and progress | path | path and progress |",
        "|---|---|---|---|---|---|",
    ]
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        for name, (problem, rate, steps) in cases.items():
            run = prepared(problem, rate, steps)

            def told(run: Any = run, steps: int = steps) -> None:
                watched = DescentProgress(steps)
                watched.began -= 10.0  # as if two seconds of work were over
                watched._line = Line(nowhere)
                run(progress=watched.at)

            ways: Ways = {"losses": lambda run=run: bare(run), "path": run, "progress": told}
            found = rounds_of(ways, rounds, clock=time.process_time)
            middle = [shown(statistics.median(found[key]) * STEPS / steps) for key in ways]
            more = [f"{100 * (ratio(found, key, 'losses') - 1):+.1f} %" for key in ("path", "progress")]
            lines.append(f"| {name} | {' | '.join(middle)} | {' | '.join(more)} |")
    return [*lines, "", "The path of many parameters is thinned to 4,000,000 numbers at most, 32 MB."]


class Line:
    """A progress line as on a terminal, written to a stream."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def show(self, text: str) -> None:
        """Write the line anew."""
        self.stream.write(f"\r\x1b[K{text}")
        self.stream.flush()

    def clear(self) -> None:
        """Take it away."""
        self.show("")


def bare(run: Any) -> Any:
    """The same run, with none of its points kept but the first."""
    from gradwork.descent import loop

    kept, loop.MOST_KEPT = loop.MOST_KEPT, 0.5
    try:
        return run(patience=11)  # a plan of its own, whose stride is worked out anew
    finally:
        loop.MOST_KEPT = kept


# -- the page ---------------------------------------------------------------------------------------------------------

SECTIONS: dict[str, Callable[[int], list[str]]] = {
    "line": line,
    "network": network,
    "others": others,
    "recording": recording,
}


def head() -> str:
    """What stands above the sections."""
    return (
        "# A descent beside others\n\n"
        "Made by `python benchmarks/descent.py --write`. All ways of a section in one process, in turns; medians over\n"
        "the rounds. A ratio is the median of the rounds' own ratios; above 1 is slower.\n"
    )


def machine() -> str:
    """Where and when a section was measured."""
    modules = {"numpy": "numpy", "jax": "jax", "torch": "torch", "scikit-learn": "sklearn", "autograd": "autograd"}
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name, m in modules.items() if there(m))
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    return f"{day}; {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {versions}{load}."


def written(sections: dict[str, str], old: str) -> str:
    """The page with new sections in place of the old ones of the same name; others stay."""
    kept = dict(re.findall(r"<!-- section: (\w+) -->\n(.*?)<!-- end -->\n", old, flags=re.DOTALL))
    kept.update(sections)
    order = [*SECTIONS, *(name for name in kept if name not in SECTIONS)]
    parts = [f"<!-- section: {name} -->\n{kept[name]}<!-- end -->\n" for name in order if name in kept]
    return "\n".join([head(), *parts])


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write DESCENT.md")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", choices=list(SECTIONS), action="append", help="this section alone; may be repeated")
    options = parser.parse_args(arguments)
    found = {}
    for name in options.only or SECTIONS:
        at = machine()
        lines = SECTIONS[name](options.rounds)
        found[name] = "\n".join([*lines, "", f"Measured on {at}", ""])
        print(found[name], flush=True)
    if options.write:
        PAGE.write_text(written(found, PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
