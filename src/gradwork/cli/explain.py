"""Say what a message means, with an example.

CODE is what stands in the brackets of a message: GW110. Without a code, all of them are listed.
"""

from __future__ import annotations

import inspect
import textwrap
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from gradwork.cli import _options

if TYPE_CHECKING:
    from gradwork.check.cause import Cause
    from gradwork.errors import GradworkError
    from gradwork.notation.document import Block, Document


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    parser.add_argument("code", metavar="CODE", nargs="?", help="such as GW110; leave it out to list all")
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Show one error's or one cause's page, or the list."""
    if options.code is None:
        return _options.show(_list(), options)
    on_paper = _on_paper(options.code)
    if len(on_paper) > 1:
        return _options.show(_several(options.code.upper(), on_paper), options)
    cause = on_paper[0] if on_paper else _cause(options.code)
    return _options.show(_cause_page(cause) if cause is not None else _page(_find(options.code)), options)


def _cause(code: str) -> Cause | None:
    """The cause of a wrong gradient that has this code, or this name; None where none has."""
    from gradwork.check.cause import causes

    wanted = code.upper() if code[:1].isdigit() is False else f"GW{code}"
    return next((c for c in causes() if wanted == c.code or code.lower() == c.name), None)


def _on_paper(code: str) -> list[Cause]:
    """The causes that a mistake of the teaching catalogue is, by its number there: M09."""
    from gradwork.check.cause import causes

    return [c for c in causes() if code.upper() in c.paper]


def _several(code: str, found: list[Cause]) -> Document:
    from gradwork.notation.document import Document, Paragraph, Table

    rows = tuple((c.code, c.name, c.summary) for c in found)
    use = Paragraph("gradwork explain CODE shows one of them with an example.")
    facts = {"causes": [dict(zip(("code", "name", "summary"), row, strict=True)) for row in rows]}
    return Document(f"{code} can be told by", (Table(("code", "name", "what it is"), rows, align="lll"), use), facts)


def _cause_page(cause: Cause) -> Document:
    from gradwork.notation.document import Document, Heading, Listing, Paragraph

    language = "text" if cause.written else "python"
    blocks = (
        Paragraph(cause.summary),
        Paragraph(cause.explain),
        Heading("Broken"),
        Listing(_dedented(cause.broken), language=language),
        Heading("Mended"),
        Listing(_dedented(cause.mended), language=language),
    )
    facts = {
        "code": cause.code,
        "name": cause.name,
        "summary": cause.summary,
        "explain": cause.explain,
        "broken": _dedented(cause.broken),
        "mended": _dedented(cause.mended),
    }
    return Document(f"{cause.code} {cause.name}", blocks, facts)


def _dedented(code: str) -> str:
    return textwrap.dedent(code).strip("\n")


def errors() -> dict[str, type[GradworkError]]:
    """Every error of ours by its code, in order."""
    from gradwork import errors

    found = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.GradworkError)
    ]
    return {kind.code: kind for kind in sorted(found, key=lambda kind: kind.code) if kind is not errors.GradworkError}


def _find(code: str) -> type[GradworkError]:
    known = errors()
    digits = code.upper().removeprefix("GW")
    kind = known.get(f"GW{digits}") or next((kind for kind in known.values() if kind.__name__ == code), None)
    if kind is None:
        from gradwork.cli._parser import misuse, nearest

        likely = nearest(f"GW{digits}", known)
        raise misuse(
            f"no message has the code {code!r}", f"gradwork explain {likely}" if likely else "gradwork explain"
        )
    return kind


def _list() -> Document:
    from gradwork.notation.document import Document, Paragraph, Table

    rows = tuple((code, kind.__name__, _paragraphs(kind)[0]) for code, kind in errors().items())
    use = Paragraph(
        "gradwork explain CODE shows one of them with an example; "
        "gradwork diagnoses lists the causes of wrong gradients."
    )
    facts = {"messages": [dict(zip(("code", "error", "summary"), row, strict=True)) for row in rows]}
    return Document("Messages", (Table(("code", "error", "what it says"), rows, align="lll"), use), facts)


def _page(kind: type[GradworkError]) -> Document:
    from gradwork.notation.document import Document, Paragraph

    built_in = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    caught = f"In Python it is gradwork.errors.{kind.__name__}, and also a {built_in.__name__}."
    paragraphs = _paragraphs(kind)
    blocks = (*map(_block, paragraphs), Paragraph(caught, kind="note"))
    facts = {"code": kind.code, "error": kind.__name__, "text": paragraphs}
    return Document(f"{kind.code} {kind.__name__}", blocks, facts)


def _paragraphs(kind: type[GradworkError]) -> list[str]:
    return [part.strip("\n") for part in inspect.cleandoc(kind.__doc__ or "").split("\n\n")]


def _block(text: str) -> Block:
    """An indented paragraph of the docstring is an example and stands as it is; any other is running text."""
    from gradwork.notation.document import Listing, Paragraph

    if text.startswith("    "):
        return Listing(inspect.cleandoc("\n" + text), language="text")
    return Paragraph(" ".join(text.split()))
