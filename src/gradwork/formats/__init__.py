"""Document → text or bytes. One file a format, found by listing this folder; a format knows the notation only.

A module `formats/<name>.py` states `FORMAT = Format(name, suffix, media_type, summary, render)` and nothing else has
to be told. Modules are imported when their format is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradwork.notation.document import Document, Style

_NO_FORMATS = frozenset({"display", "picture"})  # modules of this folder that are something else


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a page. `suffix` names its files; it is empty where the format is no file's."""

    name: str
    suffix: str
    media_type: str
    summary: str
    render: Callable[[Document, Style], str | bytes]


def names() -> tuple[str, ...]:
    """The formats that there are, without importing them.

    >>> names()
    ('html', 'json', 'latex', 'pdf', 'plain', 'terminal', 'typst')
    """
    import pkgutil

    found = {module.name for module in pkgutil.iter_modules(__path__)}
    return tuple(sorted(name for name in found - _NO_FORMATS if not name.startswith("_")))


def named(name: str) -> Format:
    """The format of this name; UsageError where there is none."""
    if name not in names():
        raise _unknown(f"there is no format {name!r}", name, names())
    found: Format = import_module(f"{__name__}.{name}").FORMAT
    return found


def render(document: Document, name: str, style: Style | None = None) -> str | bytes:
    """The page in a format. Without a style, the page's own digits and 80 columns."""
    from gradwork.notation.document import Style

    return named(name).render(document, style or Style(digits=document.digits))


def for_path(path: str) -> str:
    """The name of the format that a file's suffix asks for; UsageError where none does.

    >>> for_path("cars.html"), for_path("NOTES.TXT")
    ('html', 'plain')
    """
    suffixes = {named(name).suffix: name for name in names() if named(name).suffix}
    file = str(path).replace("\\", "/").rsplit("/", 1)[-1]
    dot = file.rfind(".")
    suffix = file[dot:].lower() if dot > 0 else ""
    if suffix in suffixes:
        return suffixes[suffix]
    headline = f"no format belongs to {file!r}" + ("" if suffix else ": it has no suffix")
    raise _unknown(headline, suffix, tuple(suffixes))


def _unknown(headline: str, given: str, known: tuple[str, ...]) -> Exception:
    from difflib import get_close_matches

    from gradwork.errors import UsageError

    close = get_close_matches(given.lower(), known, n=1, cutoff=0.5)
    return UsageError(headline, why=f"there are: {', '.join(known)}", hint=close[0] if close else known[0])
