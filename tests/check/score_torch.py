"""Run the checker over custom functions of torch: `PYTHONPATH=src python tests/check/score_torch.py [WORD] ...`.

Each mistake is planted in the text of a backward pass. Whether a named cause fits the free text is for a person to
judge: `--report FILE` sets them side by side.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from check.torch_blind import models
from check.torch_blind.case import Case

import gradwork.torch

PAGE = Path(__file__).parents[2] / "benchmarks" / "PLANTED_TORCH.md"
HEAD = """# Mistakes planted in backward passes of torch

Made by `PYTHONPATH=src python tests/check/score_torch.py --write`. Custom functions of torch, each with ordinary
mistakes in its backward pass, and right ones beside them. *named*: some cause is named; whether it fits is for a
person to judge (`--report FILE` sets them side by side). *inputs right*: exactly the inputs that the mistake spoils are
blamed.
As long as the forward pass was a black box, 33 of the 175 had a cause: patterns in the numbers.

```
"""


@dataclass(frozen=True)
class Outcome:
    """What the checker said about one case."""

    case: Case
    seconds: float
    ok: bool
    blamed: tuple[str, ...]
    causes: tuple[str, ...]
    crash: str = ""
    report: str = ""

    @property
    def found(self) -> bool:
        return not self.ok and not self.crash

    @property
    def placed(self) -> bool:
        return self.found and set(self.blamed) == set(self.case.wrong)


def run(case: Case) -> Outcome:
    started = time.perf_counter()
    try:
        found = gradwork.torch.check_function(case.function, *case.inputs, second=False)
    except Exception as error:
        return Outcome(case, time.perf_counter() - started, True, (), (), f"{type(error).__name__}: {error}")
    seconds = time.perf_counter() - started
    blamed = tuple(name for name, v in found.verdicts.items() if v.wrong or v.missing)
    causes = tuple(f"[{d.cause.code} {d.cause.name}] {d.says} ({', '.join(d.explains)})" for d in found.diagnoses)
    return Outcome(case, seconds, found.ok, blamed, causes, report=str(found))


def lines_of(outcome: Outcome) -> str:
    case = outcome.case
    state = outcome.crash or ("passed" if outcome.ok else f"found in {', '.join(outcome.blamed)}")
    named = [f"  named:   {cause}" for cause in outcome.causes or ("-",)]
    planted = [f"  planted: {case.cause}", f"  wrong:   {', '.join(case.wrong)}"] if case.cause else []
    return "\n".join([f"{case.name}   [{state}; {outcome.seconds:.2f} s]", *planted, *named])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("--report", type=Path, help="write every case there, side by side with what it really is")
    parser.add_argument("--write", action="store_true", help="keep the totals in benchmarks/PLANTED_TORCH.md")
    parser.add_argument("--full", action="store_true", help="print the whole reports")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    wrong = [run(case) for case in models.planted() if options.word in case.name]
    good = [run(case) for case in models.right() if options.word in case.name]
    if options.report is not None:
        options.report.write_text("\n\n".join(map(lines_of, [*wrong, *good])) + "\n", encoding="utf-8")
    if options.full:
        print("\n\n".join(f"{lines_of(o)}\n{o.report}" for o in [*wrong, *good]))
    summary = totals(wrong, good)
    print(summary)
    if options.write:
        PAGE.write_text(f"{HEAD}{summary}\n```\n", encoding="utf-8")


def totals(wrong: list[Outcome], good: list[Outcome]) -> str:
    families = dict.fromkeys(o.case.family for o in wrong)
    lines = []
    for family in families:
        mine = [o for o in wrong if o.case.family == family]
        lines.append(f"{family:24}{len(mine):4} planted{sum(bool(o.causes) for o in mine):4} named")
    codes = [match[1] for o in wrong if o.causes if (match := re.match(r"\[(\w+)", o.causes[0]))]
    times = sorted(o.seconds for o in [*wrong, *good]) or [0.0]
    return "\n".join(
        [
            *lines,
            "",
            f"planted {len(wrong)}: found {sum(o.found for o in wrong)}, inputs right {sum(o.placed for o in wrong)}, "
            f"some cause named {sum(bool(o.causes) for o in wrong)}, crashed {sum(bool(o.crash) for o in wrong)}",
            f"right {len(good)}: accused {sum(not o.ok for o in good)}, crashed {sum(bool(o.crash) for o in good)}",
            f"codes: {', '.join(f'{code} {codes.count(code)}' for code in sorted(set(codes)))}",
            f"time: median {times[len(times) // 2]:.2f} s, longest {times[-1]:.1f} s",
        ]
    )


if __name__ == "__main__":
    main()
