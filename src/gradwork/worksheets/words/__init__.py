"""The words that a learner sees. English stands in the code; every other language is one file of this folder.

A language file states `TITLE`, its own name, and `TEXTS`: the English sentence → the sentence. Sentences may hold
names in braces, which are filled in afterwards. What a language does not have is shown in English, and a test lists it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from gradwork.errors import UsageError
from gradwork.notation.language import ENGLISH, Language


@cache
def languages() -> tuple[str, ...]:
    """The codes of the languages that there are."""
    return (ENGLISH.code, *sorted(m.name for m in iter_modules(__path__) if not m.name.startswith("_")))


@cache
def language_named(code: str) -> Language:
    """The language of this code. Raises UsageError with those that there are.

    >>> language_named("de")("Blank")
    'Lücke'
    """
    if code == ENGLISH.code:
        return ENGLISH
    if code not in languages():
        raise UsageError(f"there is no language {code!r}", why=f"there are: {', '.join(languages())}", hint="en")
    module = import_module(f"{__name__}.{code}")
    return Language(code, module.TITLE, module.TEXTS)
