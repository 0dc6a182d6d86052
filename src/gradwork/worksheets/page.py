"""A sheet as one HTML file that marks itself: inputs inside the formulas, offline, by keyboard, with nothing loaded.

With its key, the page marks at once, hints along the solver's order, and explains mistakes. Without it, the page holds
no answers at all: it collects them. Both remember what was typed, and write answers that `gradwork grade` reads.
"""

from __future__ import annotations

import json
from html import escape

from gradwork.formats._mathml import MathML, words
from gradwork.formats.html import HtmlPage, asset, font_faces
from gradwork.notation import layout as pieces
from gradwork.notation.document import Equations, Inline, Listing, Paragraph, Table, Text
from gradwork.notation.language import Language
from gradwork.notation.layout import Blank, Layout
from gradwork.notation.speech import spoken
from gradwork.worksheets.marking_data import marking_script
from gradwork.worksheets.sheet import Sheet


class _InputMath(MathML):
    """Formulas in which a blank is an input. A formula with one is a group with a spoken name, and no math role."""

    def formula(self, piece: Layout, *, display: bool = False) -> str:
        return self._as_group(super().formula(piece, display=display), piece)

    def other_sides(self, piece: pieces.Infix) -> str:
        return self._as_group(super().other_sides(piece), piece)

    def _as_group(self, written: str, piece: Layout) -> str:
        if "<input" not in written and "<select" not in written:
            return written
        end = written.index(">")
        style = ' displaystyle="true"' if 'displaystyle="true"' in written[:end] else ""
        said = escape(spoken(piece, self.digits, self.say))
        return f'<math{style} role="group" aria-label="{said}"{written[end:]}'

    def blank(self, piece: Blank) -> str:
        # A browser sets no room between an equals sign and words; before a number it does.
        return f"<mn>{field(piece, self.say)}</mn>"


def field(piece: Blank, language: Language) -> str:
    """What is typed into, or chosen from."""
    name = language("blank {number}", number=piece.number)
    label = escape(f"{name}: {piece.label}" if piece.label else name)
    if piece.again:
        return f'<span class="again" data-blank="{piece.number}">({piece.number})</span>'
    number = f'<span class="no" aria-hidden="true">{piece.number}</span>'
    if piece.choices:
        options = "".join(f"<option>{words(choice)}</option>" for choice in piece.choices)
        return (
            f'<span class="field">{number}<select id="b{piece.number}" data-blank="{piece.number}" '
            f'aria-label="{label}"><option></option>{options}</select></span>'
            f'<span class="options" aria-hidden="true">({words(" / ".join(piece.choices))})</span>'
        )
    return (
        f'<span class="field">{number}<input id="b{piece.number}" data-blank="{piece.number}" aria-label="{label}" '
        'type="text" inputmode="text" autocomplete="off" autocapitalize="off" spellcheck="false" size="5"></span>'
    )


class _InputPage(HtmlPage):
    """Blocks with inputs. A blank within a sentence stands there as it is, outside any formula."""

    def __init__(self, say: Language) -> None:
        super().__init__(12, say=say)
        self.math = _InputMath(12, say)

    def paragraph(self, block: Paragraph) -> str:
        return self._box(super().paragraph(block))

    def equations(self, block: Equations) -> str:
        return self._box(super().equations(block))

    def table(self, block: Table) -> str:
        return self._box(super().table(block))

    def listing(self, block: Listing) -> str:
        return self._box(super().listing(block))

    def _box(self, written: str) -> str:
        """What holds inputs is reached through them, without a stop of its own."""
        return written.replace(' tabindex="0"', "", 1) if "<input" in written or "<select" in written else written

    def inline(self, text: Text, *, display: bool = False) -> str:
        parts = text if isinstance(text, tuple) else (text,)
        return "".join(self._part(piece, display) for piece in parts)

    def _part(self, piece: Inline, display: bool) -> str:
        if isinstance(piece, Blank):
            return field(piece, self.say)
        return super().inline(piece, display=display)


def sheet_page(sheet: Sheet, *, key: bool = True) -> str:
    """The whole file."""
    say = sheet.language
    document = sheet.document()
    body = _InputPage(say).page(document.blocks)
    about = {
        "chapter": sheet.chapter,
        "seed": sheet.seed,
        "level": sheet.level,
        "mask": sheet.mask,
        "checksum": sheet.checksum,
        "blanks": len(sheet.blanks),
        "key": key,
        "words": {text: say(text) for text in _WORDS},
    }
    marking = marking_script(sheet) + _asset("marking.js") if key else ""
    state = json.dumps(about, ensure_ascii=False).replace("<", "\\u003c")
    script = f"const ABOUT={state};\n{marking}{_asset('page.js')}"
    return (
        f'<!doctype html>\n<html lang="{words(say.code)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{words(document.title)}</title>\n'
        f"<style>\n{font_faces()}{asset('page.css')}{asset('gradwork.css')}{_asset('page.css')}</style>\n</head>\n"
        f'<body>\n<main class="gradwork sheet">\n{_who(say, key)}\n{body}\n</main>\n{_bar(say, key)}\n'
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


_WORDS = (
    "Hint",
    "saved as {name}",
    "this browser keeps nothing: save your answers to a file",
    "clear everything that was typed?",
    "blank {number}",
    "{score} of {total}",
    "{count} of {total} filled in",
)


def _who(say: Language, key: bool) -> str:
    name = words(say("Name"))
    told = f'<p class="how">{words(say("Type ? into a blank for a hint."))}</p>' if key else ""
    return f'<p class="who"><label>{name} <input id="learner" type="text" autocomplete="name"></label></p>{told}'


def _bar(say: Language, key: bool) -> str:
    """The buttons, and the places that a screen reader hears of: what was marked last, and what is right."""
    buttons = {"mark": "Mark all", "hint": "Hint"} if key else {}
    buttons |= {"save": "Save answers", "clear": "Start again"}
    written = "".join(f'<button type="button" id="{k}">{words(say(text))}</button>' for k, text in buttons.items())
    right = f'<span class="unseen" id="is-right">{words(say("right"))}</span>' if key else ""
    return (
        f'<div class="sheet tools"><div class="bar" role="region" aria-label="{escape(say("Answers"))}">{written}'
        f'<span id="score"></span><span class="unseen" id="told" role="status"></span>{right}</div></div>'
    )


def _asset(name: str) -> str:
    from importlib.resources import files

    return (files("gradwork.worksheets") / "assets" / name).read_text(encoding="utf-8")
