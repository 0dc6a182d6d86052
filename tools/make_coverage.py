"""Make docs/coverage.md from the register: which functions of NumPy and SciPy slopes pass through.

    python tools/make_coverage.py

Run it when an op is declared, and with a new NumPy or SciPy. A test holds the page and the register equal.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from gradwork.cli._coverage import DIFFERENTIABLE, KINDS, MODULES, NOT, Entry, count, coverage

PAGE = Path(__file__).resolve().parent.parent / "docs" / "coverage.md"

HEAD = """# What slopes pass through

Made by `python tools/make_coverage.py` from the register of ops, with NumPy {numpy} and SciPy {scipy}. The same, for
what is installed here: `gradwork ops --coverage`.

- *rule of its own*: declared in `src/gradwork/ops/`, with its derivative rule; `gradwork ops NAME` shows it.
- *in terms of others*: written with other functions of this list, whose rules apply.
- *carried through*: NumPy's own code does it with traced values.
- *no slope by nature*: positions, counts, truth values, and functions that are level between their jumps. Gradients
  through them are zero, or nothing passes at all.
- *makes constants*: nothing that moves goes in.
- *not covered*: with the reason. A function of numbers without a rule is measured by nudging where it is met, with a
  warning; `gw.custom_rule` gives it a rule.

Slopes pass through **{total}** functions.
"""


def text() -> str:
    """The page."""
    found = {module: coverage(module) for module in MODULES}
    total = sum(entry.kind in DIFFERENTIABLE for entries in found.values() for entry in entries)
    version = importlib.metadata.version
    parts = [HEAD.format(numpy=version("numpy"), scipy=version("scipy"), total=total), _counts(found)]
    parts += [_section(module, entries) for module, entries in found.items()]
    return "\n".join(parts)


def _counts(found: dict[str, list[Entry]]) -> str:
    rows = [f"| {' | '.join(['', *KINDS])} |", f"|{'---|' * (len(KINDS) + 1)}"]
    for module, entries in found.items():
        numbers = count(entries)
        rows.append(f"| `{module}` | {' | '.join(str(numbers[kind]) for kind in KINDS)} |")
    return "\n".join(rows) + "\n"


def _section(module: str, entries: list[Entry]) -> str:
    rows = [f"## {module}", "", "| function | how | |", "|---|---|---|"]
    rows += [f"| `{e.name}` | {'**not covered**' if e.kind == NOT else e.kind} | {_cell(e.words)} |" for e in entries]
    return "\n".join(rows) + "\n"


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("*", "\\*")


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
    print(f"{PAGE} is written")
