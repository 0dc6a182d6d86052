"""Do the error bars of gw.nudge hold? Correct slopes by the rules against measured ones, on thousands of entries.

    python benchmarks/bars.py                 the table
    python benchmarks/bars.py --seeds 2000    with so many random compositions a row
    python benchmarks/bars.py --write         into benchmarks/BARS.md

The functions are those of tests/gradients/nudging_families.py. A bar fails if the slope is off by more than four of it;
a planted error of 0.1 % is seen if it stands more than four bars from the measured slope; "cannot tell" is a bar larger
than the entry itself. References are gw.grad in long double.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import gradwork as gw

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from gradients.nudging_families import Case, cases, composition, long_sums, mixed, single_precision, unseen  # noqa: E402

Wrap = Callable[[Callable[[Any], Any]], Callable[[Any], Any]]


def as_it_is(f):
    return f


def black_box(f):
    return lambda w: float(f(unseen(w)))


def rounded_inside(f):
    """Rounds its argument to single precision and gives double."""
    return lambda w: f(w.astype(np.float32)).astype(np.float64)


def rounded_black_box(f):
    return lambda w: float(f(unseen(w).astype(np.float32)))


def families() -> Iterator[Case]:
    for seed in range(4):
        yield from cases(seed)
    yield from long_sums(0)


def singles() -> Iterator[Case]:
    for seed in range(6):
        for name, f, point in single_precision(seed):
            yield name, f, point.astype(np.float64)


def compositions(first: int, count: int, cornered: bool) -> Iterator[Case]:
    for seed in range(first, first + count):
        name, f, point = composition(seed, cornered)
        yield name, f, point.astype(np.float32).astype(np.float64)


def mixtures(first: int, count: int) -> Iterator[Case]:
    for seed in range(first, first + count):
        name, computed, ideal, point = mixed(seed)
        yield name, (computed, ideal), point.astype(np.float32).astype(np.float64)


def measured(some: Iterable[Case], wrap: Wrap) -> tuple[dict[str, Any], list[str]]:
    """The figures of one row, and the names of the functions on which a bar failed."""
    count = failed = seen = lost = kinks = judged = evaluations = 0
    shares, failures = [], []
    for name, f, point in some:
        measure, f = f if isinstance(f, tuple) else (wrap(f), f)
        with np.errstate(all="ignore"):
            truth = np.asarray(gw.grad(f)(point.astype(np.longdouble)), dtype=float)
            if not np.isfinite(truth).all() or not truth.any():
                continue
            found = gw.nudge(measure, point)
        off, slopes = np.abs(found.gradient - truth), truth != 0
        wrong = ~(off <= 4 * found.error + 1e-15 * np.abs(truth).max())
        if wrong.any():
            failures.append(name)
        count += truth.size
        judged += np.count_nonzero(slopes)
        failed += int(np.count_nonzero(wrong))
        seen += np.count_nonzero(np.abs(1.001 * truth - found.gradient)[slopes] > 4 * found.error[slopes])
        lost += np.count_nonzero(found.error[slopes] > np.abs(truth[slopes]))
        kinks += len(found.kinks)
        evaluations += found.evaluations
        shares += (found.error[slopes] / np.abs(truth[slopes])).tolist()
    return {
        "entries": count, "bars that fail": int(failed), "0.1 % seen": f"{seen / judged:.1%}",
        "cannot tell": f"{lost / judged:.1%}", "median bar": f"{np.median(shares):.0e}", "kinks": kinks,
        "evaluations an entry": f"{evaluations / count:.1f}",
    }, failures  # fmt: skip


def rows(seeds: int) -> Iterator[tuple[str, Iterable[Case], Wrap]]:
    yield "families, double", families(), as_it_is
    yield "families, double, black box", families(), black_box
    yield "families, all in single", singles(), rounded_inside
    yield "families, all in single, black box", singles(), rounded_black_box
    yield "random, double", compositions(0, seeds, False), as_it_is
    yield "random with corners, double", compositions(100_000, seeds, True), as_it_is
    yield "random with corners, double, black box", compositions(200_000, seeds, True), black_box
    yield "random, single inside", compositions(300_000, seeds, False), rounded_inside
    yield "random, double plus single beside a constant, black box", mixtures(500_000, seeds), as_it_is
    yield "random, single inside, black box", compositions(400_000, seeds, False), rounded_black_box


def main() -> None:
    parser = argparse.ArgumentParser(description="Do the error bars hold?")
    parser.add_argument("--seeds", type=int, default=500, help="random compositions a row (default 500)")
    parser.add_argument("--write", action="store_true", help="write benchmarks/BARS.md")
    options = parser.parse_args()
    began, lines = time.perf_counter(), []
    for title, some, wrap in rows(options.seeds):
        found, failures = measured(some, wrap)
        if not lines:
            lines += ["| functions | " + " | ".join(found) + " |", "|---|" + "---:|" * len(found)]
            print("\n".join(lines))
        lines.append(f"| {title} | " + " | ".join(v if isinstance(v, str) else f"{v:,}" for v in found.values()) + " |")
        print(lines[-1], flush=True)
        for name in failures[:3]:
            print("    fails:", name)
    print(f"{time.perf_counter() - began:.0f} s")
    if options.write:
        path = HERE / "BARS.md"
        before = path.read_text(encoding="utf-8") if path.exists() else "# Do the bars hold?\n\n"
        kept = before.partition("| functions |")[0]
        path.write_text(kept + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
