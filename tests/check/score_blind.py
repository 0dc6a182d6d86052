"""Run the checker over the blind set: `PYTHONPATH=src python tests/check/score_blind.py [WORD] [--every N] ...`.

Whether a named cause fits the free text is for a person to judge: the report sets them side by side. WORD keeps only
the cases with it in their names. Slow cases and crashes are told as they come.
"""

from __future__ import annotations

import argparse
import collections
import copy
import dataclasses
import functools
import inspect
import multiprocessing
import re
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from check import blind_models
from check.blind.case import Case
from check.blind_fourth import models as fourth_models
from check.blind_second import models as second_models
from check.blind_third import models as third_models

import gradwork as gw
from gradwork.check import guarded

guarded.strict = True


@dataclasses.dataclass
class Outcome:
    """What the checker said about one case."""

    case: Case | None
    seconds: float
    crash: str = ""
    ok: bool = True
    blamed: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        return not self.crash and not self.ok and bool(self.blamed)

    @property
    def unsure(self) -> bool:
        """Not passed, and no parameter blamed: nothing was tested, or it could not be told."""
        return not self.crash and not self.ok and not self.blamed

    @property
    def parameters_right(self) -> bool:
        return self.found and set(self.blamed) == set(self.case.wrong)


PAGE = Path(__file__).parents[2] / "benchmarks" / "PLANTED.md"
HEAD = """# Mistakes that were planted blind

Made by `PYTHONPATH=src python tests/check/score_blind.py{options} --write`. The mistakes, and the right gradients
beside them, were written by somebody who knew the checker's public call and nothing else: not the catalogue of causes,
not how it looks. *found*: not passed, and some array blamed. *params*: exactly the arrays that the mistake spoils are
blamed. *named*: some cause is named; whether it fits is for a person to judge (`--report FILE` sets them side by side).
*accused*: a right gradient of which some entry was called wrong.

```
"""


class TooLongError(Exception):
    pass


def too_long(*_: Any) -> None:
    raise TooLongError("no answer within the limit")


def run(case: Case, limit: int) -> Outcome:
    """What the checker says about a case; an exception, and a case that takes longer than the limit, is a crash."""
    outcome = answered(case, limit)
    if outcome.seconds > 10 or outcome.crash:
        print(f"{case.name}: {outcome.seconds:.1f} s {outcome.crash}", file=sys.stderr, flush=True)
    return outcome


SETS = {"first": blind_models, "second": second_models, "third": third_models, "fourth": fourth_models}
AGAIN = "asked again with wrt"
CASES: list[Case] = []  # what the forked processes of `run_all` pick from: functions within functions do not pickle


def run_all(cases: list[Case], limit: int, jobs: int) -> list[Outcome]:
    if jobs == 1:
        return [run(case, limit) for case in cases]
    CASES[:] = cases
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        found = pool.map(functools.partial(run_numbered, limit=limit), range(len(cases)), chunksize=1)
    return [dataclasses.replace(outcome, case=case) for case, outcome in zip(cases, found, strict=True)]


def run_numbered(number: int, limit: int) -> Outcome:
    return dataclasses.replace(run(CASES[number], limit), case=None)


def answered(case: Case, limit: int) -> Outcome:
    args = copy.deepcopy(case.args)
    start = time.perf_counter()
    signal.alarm(limit)
    try:
        answer, asked = checked(case, args)
        said = str(answer)
        seconds = time.perf_counter() - start
        names = tuple(inspect.signature(case.loss).parameters)[: case.n_params]
        blamed = [re.split(r"\W", name)[0] for name, v in answer.verdicts.items() if v.wrong or v.missing]
        blamed = dict.fromkeys(names[0] if len(names) == 1 else name for name in blamed)  # nested: the argument's name
        return Outcome(
            case,
            seconds,
            "" if said else "an empty page",
            bool(answer.ok),
            tuple(blamed),
            tuple(f"[{d.cause.code} {d.cause.name}] {d.says} ({', '.join(d.explains)})" for d in answer.diagnoses),
            (*asked, *(str(c).splitlines()[0] for c in answer.cautions)),
        )
    except Exception as error:
        seconds = time.perf_counter() - start
        refusal = "refused: " if isinstance(error, gw.GradworkError) else ""
        text = " ".join(str(error).split())
        return Outcome(case, seconds, f"{refusal}{type(error).__name__}: {text[:200]}")
    finally:
        signal.alarm(0)


def checked(case: Case, args: tuple[Any, ...]) -> tuple[Any, tuple[str, ...]]:
    """The checker's answer; asked again with `wrt` where it cannot tell which arguments are meant."""
    try:
        return gw.check(case.loss, case.gradient, *args), ()
    except gw.GradworkError as error:
        if "wrt" not in str(error):
            raise
        names = tuple(inspect.signature(case.loss).parameters)[: case.n_params]
        wrt = names if len(names) > 1 else names[0]
        return gw.check(case.loss, case.gradient, *args, wrt=wrt), (AGAIN,)


def lines_of(outcome: Outcome) -> list[str]:
    case = outcome.case
    if outcome.crash:
        state = "CRASH " + outcome.crash
    elif outcome.unsure:
        state = "UNSURE: not passed, nothing blamed"
    elif not case.wrong:
        state = "ok" if outcome.ok else f"ACCUSED {', '.join(outcome.blamed)}"
    elif outcome.ok:
        state = "NOT FOUND"
    else:
        state = "found, parameters " + ("right" if outcome.parameters_right else "NOT right")
    lines = [f"{case.name}   [{state}; {outcome.seconds:.2f} s]"]
    if case.wrong:
        lines += [f"  planted: {case.cause}", f"  wrong:   {', '.join(case.wrong)}"]
        if not outcome.parameters_right:
            lines += [f"  blamed:  {', '.join(outcome.blamed) or '-'}"]
    if case.wrong or outcome.causes or not outcome.ok:
        lines += [f"  named:   {cause}" for cause in outcome.causes or ("-",)]
    return lines + [f"  caution: {caution}" for caution in outcome.cautions]


def table(wrong: list[Outcome], good: list[Outcome]) -> list[str]:
    widths = (8, 7, 8, 7, 7, 7, 9, 7)
    heads = "planted found params named crash right accused crash".split()
    lines = [f"{'family':40}" + "".join(f"{head:>{n}}" for head, n in zip(heads, widths, strict=True))]
    names = dict.fromkeys(o.case.family for o in (*wrong, *good))
    groups = [
        (name, [o for o in wrong if o.case.family == name], [o for o in good if o.case.family == name])
        for name in names
    ]
    for name, w, g in [*groups, ("all", wrong, good)]:
        counts = (len(w), *count(w), len(g), sum(o.found for o in g), sum(bool(o.crash) for o in g))
        lines.append(f"{name:40}" + "".join(f"{c:>{n}}" for c, n in zip(counts, widths, strict=True)))
    return lines


def count(outcomes: list[Outcome]) -> tuple[int, int, int, int]:
    return (
        sum(o.found for o in outcomes),
        sum(o.parameters_right for o in outcomes),
        sum(bool(o.causes) for o in outcomes),
        sum(bool(o.crash) for o in outcomes),
    )


def totals(wrong: list[Outcome], good: list[Outcome]) -> list[str]:
    found, params, named, crashed = count(wrong)
    doubles = [o for o in wrong if "; and " in o.case.cause]
    times = sorted(o.seconds for o in (*wrong, *good)) or [0.0]
    codes = collections.Counter(re.match(r"\[(.*?)\]", o.causes[0])[1] for o in wrong if o.causes)
    return [
        f"planted {len(wrong)}: found {found}, parameters right {params}, some cause named {named}, crashed {crashed}",
        f"of these double {len(doubles)}: found {count(doubles)[0]}, parameters right {count(doubles)[1]}, "
        f"named {count(doubles)[2]}, more than one cause {sum(len(o.causes) > 1 for o in doubles)}",
        f"right {len(good)}: accused {sum(o.found for o in good)}, unsure {sum(o.unsure for o in good)}, "
        f"crashed {sum(bool(o.crash) for o in good)}, asked again with wrt {sum(AGAIN in o.cautions for o in good)}, "
        f"a cause named {sum(bool(o.causes) for o in good)}, with cautions {sum(bool(o.cautions) for o in good)}",
        f"time: median {times[len(times) // 2]:.3f} s, 95% {times[int(0.95 * len(times))]:.2f} s, longest "
        f"{times[-1]:.1f} s",
        "first named: " + ", ".join(f"{code} {n}" for code, n in codes.most_common()),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("--set", choices=SETS, default="first", help="which blind set")
    parser.add_argument("--report", type=Path, help="write every case there, side by side with what it really is")
    parser.add_argument("--write", action="store_true", help="keep the totals in benchmarks/PLANTED.md")
    parser.add_argument("--every", type=int, default=1, help="every so many cases only")
    parser.add_argument("--first", type=int, default=0, help="the first of these")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--limit", type=int, default=60, help="seconds a case")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, too_long)
    warnings.simplefilter("ignore")
    wrong = [case for case in SETS[options.set].planted()[options.first :: options.every] if options.word in case.name]
    good = [case for case in SETS[options.set].right()[options.first :: options.every] if options.word in case.name]
    outcomes = run_all([*wrong, *good], options.limit, options.jobs)
    wrong, good = outcomes[: len(wrong)], outcomes[len(wrong) :]
    summary = [*table(wrong, good), "", *totals(wrong, good)]
    crashes = [f"crash: {o.case.name}: {o.crash}" for o in (*wrong, *good) if o.crash]
    pages = ["\n".join(lines_of(o)) for o in (*wrong, *good)]
    parts = ["\n".join(summary), "\n".join(crashes), *pages]
    if options.report is not None:
        options.report.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print("\n".join([*summary, *crashes]))
    if options.write:
        write(options.set, summary)


def write(which: str, summary: list[str]) -> None:
    """The page of a set: PLANTED.md, PLANTED_SECOND.md, ..."""
    first = which == "first"
    page = PAGE if first else PAGE.with_name(f"PLANTED_{which.upper()}.md")
    head = HEAD.format(options="" if first else f" --set {which}")
    page.write_text(head + "\n".join(summary) + "\n```\n", encoding="utf-8")


if __name__ == "__main__":
    main()
