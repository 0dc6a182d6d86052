"""Make docs/causes.md from the catalogue: every cause of a wrong gradient that is known by name.

    python tools/make_causes.py

Run it when a cause is added or renamed. A test holds the page and the catalogue equal.
"""

from __future__ import annotations

from pathlib import Path

from gradwork.check.cause import Cause, causes

PAGE = Path(__file__).resolve().parent.parent / "docs" / "causes.md"

HEAD = """# Causes of a wrong gradient

Made by `python tools/make_causes.py` from `src/gradwork/check/diagnoses/`, one file a cause. The codes are a promise:
they do not change. `gradwork explain CODE` shows a cause with a broken and a mended gradient, `gradwork diagnoses` the
same list for what is installed.

The last two columns are the numbers that stand for a cause in two lists that the catalogue was merged from: *bug*, the
classes of bugs seen in reports on real code, and *on paper*, the mistakes that learners make by hand.

| code | name | what it is | bug | on paper |
|---|---|---|---|---|
"""


def text() -> str:
    """The page."""
    return HEAD + "".join(f"{_row(cause)}\n" for cause in causes())


def _row(cause: Cause) -> str:
    bugs = ", ".join(str(number) for number in cause.bugs)
    cells = (cause.code, cause.name, cause.summary, bugs, ", ".join(cause.paper))
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("*", "\\*")


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
    print(f"{PAGE} is written")
