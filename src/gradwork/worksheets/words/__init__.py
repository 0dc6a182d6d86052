"""The words that a learner sees. English stands in the code; every other language is one file of this folder.

A language file states `TITLE`, its own name, and `TEXTS`: the English sentence → the sentence. Sentences may hold
names in braces, which are filled in afterwards. What a language does not have is shown in English, and a test lists it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from gradwork.errors import UsageError


@dataclass(frozen=True)
class Language:
    """One language. Call it with an English sentence.

    >>> language_named("de")("Blank")
    'Lücke'
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


@cache
def languages() -> tuple[str, ...]:
    """The codes of the languages that there are."""
    return ("en", *sorted(m.name for m in iter_modules(__path__) if not m.name.startswith("_")))


@cache
def language_named(code: str) -> Language:
    """The language of this code. Raises UsageError with those that there are."""
    if code == "en":
        return Language("en", "English")
    if code not in languages():
        raise UsageError(f"there is no language {code!r}", why=f"there are: {', '.join(languages())}", hint="en")
    module = import_module(f"{__name__}.{code}")
    return Language(code, module.TITLE, module.TEXTS)
