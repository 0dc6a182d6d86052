"""Sheets and keys as one PDF: each with its seed, its version, and a code that brings the same sheet back."""

from __future__ import annotations

from collections.abc import Sequence

from gradwork._version import __version__
from gradwork.notation.document import Style
from gradwork.worksheets.sheet import Sheet


def paper(
    sheets: Sequence[Sheet],
    style: Style | None = None,
    *,
    keys: bool = False,
    key_at_end: bool = False,
    learners: Sequence[str] = (),
) -> bytes:
    """A PDF of all sheets, or of all their keys.

    keys:       the keys instead of the sheets.   key_at_end: each sheet is followed by its key.
    learners:   whose sheets they are, printed at the foot.

    Raises MissingExtraError where the extra "pdf" is not installed.
    """
    from gradwork.formats.pdf import Page, pages

    made = []
    for k, one in enumerate(sheets):
        learner = learners[k] if k < len(learners) else ""
        foot = _foot(one, learner)
        if not keys:
            made.append(Page(one.document(), foot, one.code))
        if keys or key_at_end:
            made.append(Page(one.document(key=True), foot, one.code))
    return pages(made, style or Style(digits=12))


def _foot(sheet: Sheet, learner: str) -> str:
    """Whose sheet it is, and what makes the same one again."""
    say = sheet.language
    level, seed = say("level {level}", level=sheet.level), say("seed {seed}", seed=sheet.seed)
    parts = [learner, sheet.chapter, level, seed, f"gradwork {__version__}"]
    return "   ".join(part for part in parts if part)
