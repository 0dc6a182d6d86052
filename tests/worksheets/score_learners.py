"""Score the marking on simulated learners: how often a mistake gets its right name, and how often a wrong one.

PYTHONPATH=src python tests/worksheets/score_learners.py [--write] [--seeds N] [--first SEED] [--show FILE]
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from learners.expected import names_of
from learners.misconceptions import MISCONCEPTIONS
from learners.simulation import Answer, Work
from learners.slips import NAMED, NAMELESS, SPELLINGS, slipping
from learners.workings import WORKINGS

import gradwork as gw

CHAPTERS = sorted({kind.split("/")[0] for kind in WORKINGS})
LEVELS = (1, 2, 3)
SPOKEN = "A name counts as right where it is true of the number; in a tie, where one of the names is."


@dataclass
class Score:
    """What became of the answers of some learners."""

    counts: Counter[str] = field(default_factory=Counter)
    by_learner: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    examples: list[str] = field(default_factory=list)

    def add(self, learner: str, what: str) -> None:
        self.counts[what] += 1
        self.by_learner[learner][what] += 1

    def share(self, what: str, *of: str) -> float:
        total = sum(self.counts[name] for name in of)
        return self.counts[what] / total if total else 0.0


SLIP_OF_ARITHMETIC = "GW283"  # true of every number that is 1 or 2 off in a digit, and said in a tie with other causes
OUTCOMES = (
    "called a slip of arithmetic",
    "named right alone",
    "named right in a tie",
    "named wrong",
    "unnamed",
    "seen as carried",
)


def judge(score: Score, learner: str, answer: Answer, mark: Any, where: str) -> None:
    """Put one answer's mark into the score."""
    if answer.expected == "right":
        wrong = mark.status not in {"right", "too few digits"}
        score.add(learner, "right marked wrong" if wrong else "right")
        what = "right marked wrong" if wrong else ""
    elif answer.expected == "carried":
        what = {"carried": "carried", "right": "carried", "too few digits": "carried"}.get(
            mark.status, f"carried marked {mark.status}"
        )
        score.add(learner, what)
    else:
        names = frozenset() if learner in NAMELESS else names_of(learner)
        what = ("" if names else "nameless, ") + outcome(mark, names)
        score.add(learner, what)
    if what:
        codes = [mark.code, *(other.code for other in mark.others)]
        score.examples.append(
            f"{what}: {learner} {where} {mark.blank.name}"
            f" typed {answer.text} key {mark.blank.answer} {codes} {mark.says}"
        )


def outcome(mark: Any, names: frozenset[str]) -> str:
    if mark.status == "carried":
        return "seen as carried"
    if mark.status in {"right", "too few digits"}:
        return "seen as right"
    if mark.status != "mistake" or not mark.code:
        return "unnamed"
    if mark.code == SLIP_OF_ARITHMETIC and not names.intersection(other.code for other in mark.others):
        return "called a slip of arithmetic"
    if mark.code in names and all(other.code in names for other in mark.others):
        return "named right alone"
    if mark.code in names or any(other.code in names for other in mark.others):
        return "named right in a tie"
    return "named wrong"


def papers(seeds: range) -> Iterator[tuple[str, Any, list[Answer], str]]:
    """Every learner's every paper: the learner, the sheet, the answers, and where."""
    for slug in CHAPTERS:
        for level in LEVELS:
            for seed in seeds:
                sheet = gw.sheet(slug, seed=seed, level=level)
                where = f"{slug} {level} {seed}"
                yield from ((who, sheet, answers, where) for who, answers in misconceived(sheet, slug))
                yield from ((who, sheet, answers, where) for who, answers in slipped(sheet, slug, seed))


def misconceived(sheet: Any, slug: str) -> Iterator[tuple[str, list[Answer]]]:
    for learner, lines in MISCONCEPTIONS.items():
        if not any(kind.startswith(slug + "/") for kind in lines):
            continue
        answers: list[Answer] = []
        for item in range(len(sheet.items)):
            work = Work(sheet, item, slug)
            found = work.run(lines.get(work.kind, []))
            answers += found or Work(sheet, item, slug).run([]) or []
        if any(answer.expected == "mistake" for answer in answers):
            yield learner, answers


def slipped(sheet: Any, slug: str, seed: int) -> Iterator[tuple[str, list[Answer]]]:
    for number, (learner, change) in enumerate({**NAMED, **NAMELESS}.items()):
        draw = np.random.default_rng([seed, number])
        chosen = int(draw.integers(len(sheet.items)))
        answers: list[Answer] = []
        for item in range(len(sheet.items)):
            work = Work(sheet, item, slug)
            found = slipping(work, change, draw) if item == chosen else work.run([])
            answers += found or Work(sheet, item, slug).run([]) or []
        if any(answer.expected == "mistake" for answer in answers):
            yield learner, answers


def spelled(seeds: range) -> Counter[str]:
    """Right answers in other spellings, and how they were marked."""
    found: Counter[str] = Counter()
    for slug in CHAPTERS:
        for seed in seeds:
            sheet = gw.sheet(slug, seed=seed, level=2)
            answers = [a for item in range(len(sheet.items)) for a in Work(sheet, item, slug).run([]) or []]
            cells = {blank.number for blank in sheet.blanks if blank.kind == "cell"}
            for spell in SPELLINGS.values():
                typed = {a.number: spell(a.text) if a.number in cells else a.text for a in answers}
                found.update(mark.status for mark in sheet.grade(typed).marks)
    return found


def scored(seeds: range) -> Score:
    score = Score()
    for learner, sheet, answers, where in papers(seeds):
        marks = {mark.blank.number: mark for mark in sheet.grade({a.number: a.text for a in answers}).marks}
        score.counts["papers"] += 1
        for answer in answers:
            judge(score, learner, answer, marks[answer.number], where)
    return score


def summary(score: Score) -> dict[str, float]:
    """The shares that count: of named mistakes, of carried numbers, of errors without a name."""
    counts = score.counts
    mistakes = sum(counts[name] for name in (*OUTCOMES, "seen as right"))
    nameless = sum(count for name, count in counts.items() if name.startswith("nameless"))
    carried = sum(count for name, count in counts.items() if name.startswith("carried"))
    named_wrong = counts["named wrong"] + sum(
        counts[f"nameless, {name}"] for name in ("named wrong", "named right alone", "named right in a tie")
    )
    return {
        "named right": (counts["named right alone"] + counts["named right in a tie"]) / mistakes,
        "named right alone": counts["named right alone"] / mistakes,
        "named wrong": counts["named wrong"] / mistakes,
        "unnamed": (counts["unnamed"] + counts["seen as right"]) / mistakes,
        "called a slip of arithmetic": counts["called a slip of arithmetic"] / mistakes,
        "seen as carried": counts["seen as carried"] / mistakes,
        "nameless errors named": (named_wrong - counts["named wrong"]) / max(nameless, 1),
        "nameless called a slip of arithmetic": counts["nameless, called a slip of arithmetic"] / max(nameless, 1),
        "a wrong name, of all wrong answers": named_wrong / (mistakes + nameless),
        "carried seen as carried": counts["carried"] / max(carried, 1),
        "carried given a wrong name": counts["carried marked mistake"] / max(carried, 1),
        "right answers marked wrong": float(counts["right marked wrong"]),
    }


def report(score: Score, seeds: range) -> str:
    lines = [
        "# Marking, measured on simulated learners",
        "",
        "Made by `python tests/worksheets/score_learners.py --write`. Each learner works whole sheets with one",
        "misconception, or slips at one number, and carries the wrong numbers on; the workings are plain NumPy and",
        f"share no code with the marking. {len(MISCONCEPTIONS)} misconceptions, {len(NAMED)} slips with a name,",
        f"{len(NAMELESS)} errors without one; {len(CHAPTERS)} chapters, {len(LEVELS)} levels, {len(seeds)} seeds:",
        f"{score.counts['papers']:,} papers. {SPOKEN}",
        "",
        "| measure | value |",
        "|---|---|",
    ]
    for name, value in summary(score).items():
        shown = f"{value:.0f}" if name.startswith("right answers") else f"{100 * value:.1f} %"
        lines.append(f"| {name} | {shown} |")
    lines += ["", "| learner | mistakes | named right | alone | named wrong | unnamed | as carried |", "|---" * 7 + "|"]
    for learner in (*MISCONCEPTIONS, *NAMED, *NAMELESS):
        counts = score.by_learner[learner]
        plain: Counter[str] = Counter()
        for name, count in counts.items():
            plain[name.removeprefix("nameless, ")] += count
        right = plain["named right alone"] + plain["named right in a tie"]
        total = sum(plain[name] for name in (*OUTCOMES, "seen as right"))
        alone, carried = plain["named right alone"], plain["seen as carried"]
        unnamed = plain["unnamed"] + plain["seen as right"] + plain["called a slip of arithmetic"]
        lines.append(f"| {learner} | {total} | {right} | {alone} | {plain['named wrong']} | {unnamed} | {carried} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--show", default="")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    score = scored(seeds)
    text = report(score, seeds)
    print(text)
    print("other spellings:", dict(spelled(seeds)))
    if arguments.show:
        Path(arguments.show).write_text("\n".join(score.examples) + "\n")
    if arguments.write:
        (Path(__file__).resolve().parents[2] / "benchmarks" / "LEARNERS.md").write_text(text)


if __name__ == "__main__":
    main()
