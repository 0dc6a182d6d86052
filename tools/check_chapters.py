"""Try every chapter over many seeds, and write what was found to benchmarks/CHAPTERS.md: python tools/check_chapters.py

--seeds N    so many seeds for each level (default 200)
--write      write the file
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from gradwork.worksheets.chapters import chapters
from gradwork.worksheets.checking import check_chapter
from gradwork.worksheets.sheet import make_sheet

FILE = Path(__file__).resolve().parents[1] / "benchmarks" / "CHAPTERS.md"


def speed(seeds: int) -> tuple[float, float]:
    """Sheets of chapters 1 to 10 made and keyed a second, and answer sheets marked a minute, on one core's time."""
    chosen = [c for c in chapters().values() if c.number <= 10]
    for chapter in chosen:
        for level in (1, 2, 3):
            make_sheet(chapter, seed=0, level=level)
    start, made = time.process_time(), []
    for chapter in chosen:
        for level in (1, 2, 3):
            for seed in range(10_000, 10_000 + seeds):
                sheet = make_sheet(chapter, seed=seed, level=level)
                made.append((sheet, dict(sheet.key)))
    making = len(made) / (time.process_time() - start)
    typed = [(sheet, _with_mistakes(key)) for sheet, key in made]
    start = time.process_time()
    for sheet, answers in typed:
        sheet.grade(answers)
    return making, 60 * len(typed) / (time.process_time() - start)


def _with_mistakes(key: dict[int, object]) -> dict[int, str]:
    """Every seventh answer has its sign turned, every eleventh is doubled: what a class hands in."""
    answers = {}
    for number, answer in key.items():
        if isinstance(answer, float) and number % 7 == 0:
            answer = -answer
        elif isinstance(answer, float) and number % 11 == 0:
            answer = 2 * answer
        answers[number] = f"{answer:g}" if isinstance(answer, float) else str(answer)
    return answers


def main() -> int:
    """Check, and say or write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--plant", type=int, default=60)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    making, marking = speed(20)
    lines = [
        "# Chapters",
        "",
        f"Each chapter's three levels over {options.seeds} seeds: every sheet solvable, every key marked full in three",
        "ways of writing, nothing readable called unreadable; and mistakes of the catalogue planted, one at a time, in",
        f"every {options.plant}th blank. *Tied*: the same number comes of another mistake too, and both are named.",
        "",
        f"Made by `python tools/check_chapters.py --seeds {options.seeds} --plant {options.plant} --write`.",
        "",
        f"Chapters 1 to 10, on one core: {making:.0f} sheets a second made and keyed, {marking:,.0f} answer sheets a",
        "minute marked.",
        "",
        "| chapter | sheets | blanks | faults | planted | named | tied | named otherwise | not named |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    total: Counter[str] = Counter()
    faults = 0
    for chapter in chapters().values():
        found = check_chapter(chapter, range(options.seeds), plant=options.plant)
        planted = sum(found.planted.values())
        total += found.planted
        faults += len(found.faults)
        shares = [found.planted[k] for k in ("named", "tied", "named otherwise", "not named")]
        cells = [chapter.slug, found.sheets, found.blanks, len(found.faults), planted, *shares]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
        print(lines[-1], flush=True)
        for fault in found.faults[:5]:
            print("   ", fault)
    count = sum(total.values())
    named = (total["named"] + total["tied"]) / count
    lines += ["", f"All: {count:,} mistakes planted, {named:.1%} named (alone or in a tie); {faults} faults."]
    print(lines[-1])
    if options.write:
        FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
