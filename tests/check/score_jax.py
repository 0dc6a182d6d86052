"""Run the checker over rules of JAX: `PYTHONPATH=src python tests/check/score_jax.py [WORD] [--every N] ...`.

As `score_blind.py`: whether a named cause fits the free text is for a person to judge; the report sets them side by
side. WORD keeps only the cases with it in their names.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import re
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from check.jax_blind import forward, layers, losses, norms, pictures, sequences
from check.jax_blind.case import Case

import gradwork.jax

FAMILIES = (layers, losses, norms, sequences, pictures, forward)


@dataclasses.dataclass
class Outcome:
    """What the checker said about one case."""

    case: Case
    seconds: float
    crash: str = ""
    ok: bool = True
    blamed: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    graph: str = ""

    @property
    def found(self) -> bool:
        return not self.crash and not self.ok and bool(self.blamed)

    @property
    def parameters_right(self) -> bool:
        return self.found and set(self.blamed) == set(self.case.wrong)


def cases() -> Iterator[Case]:
    """All cases, wrong and right."""
    for family in FAMILIES:
        yield from family.cases()


def run(case: Case) -> Outcome:
    start = time.perf_counter()
    try:
        found = gradwork.jax.check(case.f, *case.args)
    except Exception as error:
        return Outcome(case, time.perf_counter() - start, f"{type(error).__name__}: {' '.join(str(error).split())}")
    seconds = time.perf_counter() - start
    blamed = tuple(name for name, v in found.verdicts.items() if v.wrong or v.missing)
    causes = tuple(f"[{d.cause.code} {d.cause.name}] {d.says} ({', '.join(d.explains)})" for d in found.diagnoses)
    graph = re.search(r"no graph to read a cause from: .*", found.said)
    return Outcome(case, seconds, "", bool(found.ok), blamed, causes, graph[0] if graph else "")


def lines_of(outcome: Outcome) -> list[str]:
    case = outcome.case
    if outcome.crash:
        state = f"CRASH {outcome.crash}"
    elif not case.cause:
        state = "ok" if outcome.ok else f"ACCUSED {', '.join(outcome.blamed)}"
    elif outcome.ok:
        state = "NOT FOUND"
    else:
        state = f"found, parameters {'right' if outcome.parameters_right else 'NOT right'}"
    lines = [f"{case.name}   [{state}; {outcome.seconds:.2f} s] {outcome.graph}"]
    if case.cause:
        lines += [f"  planted: {case.cause} ({', '.join(case.wrong)})"]
    if case.cause or outcome.causes:
        lines += [f"  named:   {cause}" for cause in outcome.causes or ("-",)]
    return lines


def totals(outcomes: list[Outcome]) -> Iterator[str]:
    wrong = [o for o in outcomes if o.case.cause]
    good = [o for o in outcomes if not o.case.cause]
    for name in dict.fromkeys(o.case.family for o in outcomes):
        mine = [o for o in wrong if o.case.family == name]
        yield f"{name:30} planted {len(mine):3}, found {sum(o.found for o in mine):3}, named " + str(
            sum(bool(o.causes) for o in mine)
        )
    times = sorted(o.seconds for o in outcomes) or [0.0]
    codes = collections.Counter(re.match(r"\[(.*?)\]", o.causes[0])[1] for o in wrong if o.causes)
    yield ""
    yield (
        f"planted {len(wrong)}: found {sum(o.found for o in wrong)}, parameters right "
        f"{sum(o.parameters_right for o in wrong)}, some cause named {sum(bool(o.causes) for o in wrong)}, crashed "
        f"{sum(bool(o.crash) for o in wrong)}"
    )
    yield (
        f"right {len(good)}: accused {sum(bool(o.blamed) for o in good)}, not passed {sum(not o.ok for o in good)}, "
        f"crashed {sum(bool(o.crash) for o in good)}"
    )
    yield f"time: median {times[len(times) // 2]:.2f} s, longest {times[-1]:.1f} s"
    yield "first named: " + ", ".join(f"{code} {n}" for code, n in codes.most_common())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("--report", type=Path, help="write every case there, side by side with what it really is")
    parser.add_argument("--every", type=int, default=1, help="every so many cases only")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    outcomes = [run(case) for case in list(cases())[:: options.every] if options.word in case.name]
    summary = list(totals(outcomes))
    if options.report is not None:
        pages = ["\n".join(lines_of(o)) for o in outcomes]
        options.report.write_text("\n\n".join(["\n".join(summary), *pages]) + "\n", encoding="utf-8")
    print("\n".join(summary))


if __name__ == "__main__":
    main()
