"""The language of a page. English stands in the code; another language is a table of sentences, made by whoever writes.

Formats say little of their own (how a formula is read aloud, what a box holds): they say it with the page's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Language:
    """One language. Call it with an English sentence, and with what its names in braces stand for.

    >>> german = Language("de", "Deutsch", {"blank {number}": "Lücke {number}"})
    >>> german("blank {number}", number=3), german("not in its table")
    ('Lücke 3', 'not in its table')
    """

    code: str
    title: str
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __call__(self, text: str, **values: object) -> str:
        found = self.texts.get(text, text)
        return found.format(**values) if values else found

    def with_texts(self, texts: Mapping[str, str]) -> Language:
        """The language with sentences of somebody else's chapter; its own come first."""
        return replace(self, texts={**texts, **self.texts}) if texts else self


ENGLISH = Language("en", "English")
