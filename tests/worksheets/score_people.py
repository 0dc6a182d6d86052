"""Score the marking on answers that were written by hand from the printed sheets, by people who had not read the code.

PYTHONPATH=src python tests/worksheets/score_people.py [SET ...] [--show FILE] [--write]

`people/SET.jsonl` holds an answer sheet a line: the sheet, what was typed, and for each blank what it is in truth.
`people/SET.names.json` holds, for each blank with a mistake, the codes of the catalogue that are true of it: written
from the words beside the answer, before the marking was run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from as_printed import sheet_as_printed
from score_learners import outcome

FOLDER = Path(__file__).resolve().parent / "people"
FINE = {"right", "too few digits"}


def papers(name: str) -> Iterator[dict[str, Any]]:
    """The answer sheets of a set, each with its line's number."""
    for number, line in enumerate((FOLDER / f"{name}.jsonl").read_text().splitlines()):
        yield {"line": number, **json.loads(line)}


def names_of(name: str) -> dict[str, str]:
    file = FOLDER / f"{name}.names.json"
    return json.loads(file.read_text()) if file.exists() else {}


def judged(truth: str, mark: Any, names: frozenset[str]) -> str:
    """One word or two for a mark, in the light of the truth."""
    if truth == "empty":
        return "empty" if mark.status == "empty" else "empty taken for an answer"
    if truth in {"right", "few_digits"}:
        return "right" if mark.status in FINE else f"right marked {mark.status}"
    if truth == "carried":
        return "carried" if mark.status in FINE | {"carried"} else f"carried marked {mark.status}"
    if truth == "slip" and not names:
        if mark.status != "mistake":
            return f"slip without a name: {mark.status}"
        return "slip without a name: " + ("called one" if mark.code == "GW283" else "named wrong")
    return ("" if names else "nameless, ") + outcome(mark, names)


def scored(name: str, show: list[str]) -> Counter[str]:
    """Count what became of each blank of a set; `show` takes what deserves a look."""
    counts: Counter[str] = Counter()
    names = names_of(name)
    for paper in papers(name):
        sheet = sheet_as_printed(paper["chapter"], paper["level"], paper["seed"])
        marked = sheet.grade({int(k): v for k, v in paper["answers"].items()})
        for number, truth in paper["truth"].items():
            mark = marked[int(number)]
            true_names = frozenset("GW" + c for c in names.get(f"{paper['line']}:{number}", "").split())
            what = judged(truth, mark, true_names)
            counts[what] += 1
            if what not in {"right", "carried", "empty", "named right alone"}:
                codes = [mark.code, *(other.code for other in mark.others)]
                show.append(
                    f"{what} | {paper['line']}:{number} {paper['chapter']} {paper['level']} {paper['seed']}"
                    f" | {mark.blank.name} typed {paper['answers'].get(number)} key {mark.blank.text}"
                    f" | {paper.get('mistake_words', {}).get(number, paper['story'])} {sorted(true_names)}"
                    f" | {mark.status} {codes} {mark.says}"
                )
    return counts


def summary(counts: Counter[str]) -> dict[str, float]:
    """The shares that count."""
    named = counts["named right alone"] + counts["named right in a tie"]
    with_name = named + sum(
        counts[k] for k in ("named wrong", "unnamed", "seen as carried", "seen as right", "called a slip of arithmetic")
    )
    without = sum(c for k, c in counts.items() if k.startswith(("nameless", "slip without")))
    wrong = counts["named wrong"] + counts["slip without a name: named wrong"] + counts["carried marked mistake"]
    wrong += counts["nameless, named wrong"] + counts["right marked mistake"]
    right = sum(c for k, c in counts.items() if k.startswith("right"))
    carried = sum(c for k, c in counts.items() if k.startswith("carried"))
    return {
        "mistakes with a name": with_name,
        "named right": named / max(with_name, 1),
        "named right alone": counts["named right alone"] / max(with_name, 1),
        "named wrong": counts["named wrong"] / max(with_name, 1),
        "a wrong name, of all wrong answers": wrong / max(with_name + without + carried, 1),
        "carried seen as carried": counts["carried"] / max(carried, 1),
        "right answers": right,
        "right answers marked wrong": right - counts["right"],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="*", default=[])
    parser.add_argument("--show", default="")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    lines = [
        "# Marking, measured on answers written by hand",
        "",
        "Made by `python tests/worksheets/score_people.py --write`. The answers were written from the printed sheets",
        "alone, as learners fill them; the true names were put to them before the marking was run.",
        "",
    ]
    show: list[str] = []
    for name in arguments.sets or sorted(p.stem for p in FOLDER.glob("*.jsonl")):
        counts = scored(name, show)
        lines += [
            f"## Set {name}: {sum(1 for _ in papers(name))} answer sheets",
            "",
            "| measure | value |",
            "|---|---|",
        ]
        for measure, value in summary(counts).items():
            whole = measure in {"mistakes with a name", "right answers", "right answers marked wrong"}
            lines.append(f"| {measure} | {f'{value:.0f}' if whole else f'{100 * value:.1f} %'} |")
        lines += ["", "| what became of a blank | how many |", "|---|---|"]
        lines += [f"| {what} | {count} |" for what, count in counts.most_common()]
        lines.append("")
    print("\n".join(lines))
    if arguments.show:
        Path(arguments.show).write_text("\n".join(sorted(show)) + "\n")
    if arguments.write:
        file = Path(__file__).resolve().parents[2] / "benchmarks" / "PEOPLE.md"
        file.write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
