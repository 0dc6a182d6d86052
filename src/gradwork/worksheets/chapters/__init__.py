"""The chapters of the workbook. One file a chapter, found by listing this folder.

A module `chapters/<name>.py` states `CHAPTER = Chapter(...)` and nothing else has to be told. Other packages add theirs
through the entry point group `gradwork.chapters`, which names such a module.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from gradwork.errors import UsageError
from gradwork.worksheets.exercise import Chapter


@cache
def chapters() -> Mapping[str, Chapter]:
    """All chapters by slug, in the order of the book."""
    modules = [f"{__name__}.{m.name}" for m in iter_modules(__path__) if not m.name.startswith("_")]
    modules += [point.value for point in entry_points(group="gradwork.chapters")]
    found = [import_module(name).CHAPTER for name in modules]
    return {chapter.slug: chapter for chapter in sorted(found, key=lambda c: (c.number, c.slug))}


def chapter_named(name: str) -> Chapter:
    """The chapter of this slug or number. Raises UsageError with those that there are."""
    known = chapters()
    for chapter in known.values():
        if name in (chapter.slug, str(chapter.number)):
            return chapter
    import difflib

    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    raise UsageError(
        f"there is no chapter {name!r}",
        why="there are: " + ", ".join(f"{c.number} {c.slug}" for c in known.values()),
        hint=near[0] if near else "gradwork chapters lists them",
    )
