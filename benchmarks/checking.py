"""Checking a gradient: gradwork beside torch's gradcheck, and a module of a million parameters.

    python benchmarks/checking.py            the figures
    python benchmarks/checking.py --write    the same, into benchmarks/CHECKING.md

What is timed: a full check of a right 784-128-10 gradient (NumPy) beside torch.autograd.gradcheck of the same loss in
slow mode (over some rows of the first layer, multiplied up: it nudges entry by entry) and in fast mode; the time to a
named cause for a wrong one; and time and memory of gradwork.torch.check_module for 1,000,000 parameters, in a process
of its own. Medians over the turns. torch is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import gradwork as gw

PAGE = Path(__file__).with_name("CHECKING.md")
TURNS = 3
ROWS = 4  # of the 784 rows of the first weights, that the slow mode is timed on
BATCH = 64

MODULE = """
import resource, time, torch
import gradwork.torch
from torch import nn

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return g * (s + {factor} * s * (1 - s))

class Activation(nn.Module):
    def forward(self, x):
        return Swish.apply(x)

torch.manual_seed(0)
module = nn.Sequential(nn.Linear(784, 1000), Activation(), nn.Linear(1000, 210), Activation(), nn.Linear(210, 10))
inputs = torch.randn(64, 784)
loss = module(inputs).square().mean()
loss.backward()
gradwork.torch.check_function(Swish, torch.randn(3))  # what is loaded once is loaded
before, started = peak(), time.perf_counter()
found = gradwork.torch.check_module(module, inputs)
print(sum(p.numel() for p in module.parameters()), found.ok, time.perf_counter() - started, peak() - before)
"""


def point(seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    w, v = rng.standard_normal((784, 128)) / 28, rng.standard_normal((128, 10)) / 11
    y = np.eye(10)[rng.integers(0, 10, BATCH)]
    return w, 0.1 * rng.standard_normal(128), v, 0.1 * rng.standard_normal(10), rng.standard_normal((BATCH, 784)), y


def loss(W1, b1, W2, b2, x, y):
    z = np.tanh(x @ W1 + b1) @ W2 + b2
    z = z - np.max(z, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(z), axis=1)) - np.sum(y * z, axis=1))


def gradient(W1, b1, W2, b2, x, y, at_z=False):
    z1 = x @ W1 + b1
    a = np.tanh(z1)
    z = a @ W2 + b2
    p = np.exp(z - np.max(z, axis=1, keepdims=True))
    d = (p / p.sum(axis=1, keepdims=True) - y) / len(x)
    d1 = (d @ W2.T) * (1 - (z1 if at_z else a) ** 2)
    return x.T @ d1, d1.sum(axis=0), a.T @ d, d.sum(axis=0)


def wrong(*args):
    return gradient(*args, at_z=True)


def timed(work: Callable[[], object], turns: int = TURNS) -> float:
    """The median of some turns, after one that does not count."""
    work()
    seconds = []
    for _ in range(turns):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def gradchecks() -> tuple[float, float] | None:
    """Seconds of torch's gradcheck of the same loss: in slow mode, multiplied up, and in fast mode."""
    try:
        import torch
    except ImportError:
        return None
    w, b, v, c, x, y = (torch.from_numpy(a) for a in point())
    for parameter in (w, b, v, c):
        parameter.requires_grad_(True)

    def scores_loss(w, b, v, c):
        return torch.nn.functional.cross_entropy(torch.tanh(x @ w + b) @ v + c, y)

    some = w[:ROWS].detach().clone().requires_grad_(True)

    def of_some(some):
        return scores_loss(torch.cat([some, w[ROWS:].detach()]), b.detach(), v.detach(), c.detach())

    entries = sum(p.numel() for p in (w, b, v, c))
    slow = timed(lambda: torch.autograd.gradcheck(of_some, (some,)), turns=1) * entries / some.numel()
    fast = timed(lambda: torch.autograd.gradcheck(scores_loss, (w, b, v, c), fast_mode=True))
    return slow, fast


def module(factor: str) -> str:
    """What a process of its own says of a module of a million parameters; with "x" its backward is right."""
    done = subprocess.run(
        [sys.executable, "-c", MODULE.format(factor=factor)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return f"not run: {done.stderr.strip().splitlines()[-1]}"
    count, ok, seconds, peak = done.stdout.split()
    return f"{int(count):,} parameters, ok {ok}: {float(seconds):.1f} s, {float(peak):.0f} MB more than before"


def lines() -> list[str]:
    """Every figure, as rows of a table."""
    at = point()
    found = gw.check(loss, gradient, *at)
    right = timed(lambda: gw.check(loss, gradient, *at))
    named = gw.check(loss, wrong, *at)
    cause = timed(lambda: gw.check(loss, wrong, *at), turns=1)
    codes = ", ".join(f.cause.code for f in named.diagnoses) or "none"
    entries = sum(v.differ.size for v in found.verdicts.values())
    rows = [
        f"| full check of a right gradient, 784-128-10, {entries:,} entries | {right:.2f} s (ok {found.ok}) |",
        f"| a wrong one (1 - z^2 for 1 - tanh(z)^2), to the named cause | {cause:.2f} s (named {codes}) |",
    ]
    torch = gradchecks()
    if torch is not None:
        slow, fast = torch
        rows += [
            f"| torch.autograd.gradcheck, slow mode | ~{slow:.0f} s, {slow / right:.0f} times as long |",
            f"| torch.autograd.gradcheck, fast mode: one direction, no entry | {fast:.3f} s |",
            f"| gradwork.torch.check_module, right | {module('x')} |",
            f"| gradwork.torch.check_module, wrong activation | {module('1')} |",
        ]
    return rows


def page() -> str:
    """The figures with what they were measured on."""
    head = f"""# Checking a gradient

Made by `python benchmarks/checking.py --write` on {platform.machine()}, {os.cpu_count()} cores, Python
{platform.python_version()}, NumPy {np.__version__}. Medians; `~` is timed on {ROWS} of 784 rows and multiplied up.

| what | time |
|---|---|
"""
    return head + "\n".join(lines()) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write benchmarks/CHECKING.md")
    options = parser.parse_args()
    text = page()
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
