"""What a page in each format has to be, whatever stands on it."""

from __future__ import annotations

import json
import re
import unicodedata
from html.parser import HTMLParser

_VOID = {"meta", "br", "hr", "img", "input", "link"}
# How many children each element of MathML has.
_CHILDREN = {"mfrac": 2, "msup": 2, "msub": 2, "mroot": 2, "munder": 2, "mover": 2, "munderover": 3, "msqrt": 1}


class _Tree(HTMLParser):
    """Reads HTML strictly: every element is closed in its turn, and formulas are built as MathML asks."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[list[object]] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if self.open:
            self.open[-1][1] = int(str(self.open[-1][1])) + 1
        for name, value in attrs:
            assert not name.startswith("on"), f"a handler came through: {name}"
            assert name not in ("src", "href"), f"something is loaded: {value}"
        if tag not in _VOID:
            self.open.append([tag, 0])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        name, children = self.open.pop()
        assert name == tag, f"{name} is closed by {tag}"
        assert tag not in _CHILDREN or children == _CHILDREN[tag], f"{tag} has {children} children"

    def handle_data(self, data: str) -> None:
        self.text += data


def html(page: str) -> _Tree:
    """Parse a page or fragment of HTML; what it holds."""
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", page)
    page = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    tree = _Tree()
    tree.feed(page)
    tree.close()
    assert not tree.open, f"left open: {tree.open}"
    assert "script" not in tree.seen or '<section class="sliders"' in page
    return tree


def latex(page: str) -> None:
    """Braces, environments and \\left-\\right pairs are balanced, and nothing special stands unescaped."""
    body = page[page.index("\\begin{document}") :]
    body = body.replace("\\\\", "  ")
    bare = re.sub(r"\\[{}%&#$_]", "", body)
    depth = 0
    for letter in bare:
        depth += (letter == "{") - (letter == "}")
        assert depth >= 0, "a brace is closed that was not opened"
    assert depth == 0, "a brace is left open"
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{([^}]*)\}", bare):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert not stack
    assert len(re.findall(r"\\left(?![a-z])", bare)) == len(re.findall(r"\\right(?![a-z])", bare))
    assert "%" not in bare and "#" not in bare
    assert bare.count("$") % 2 == 0


def typst(page: str) -> None:
    """Outside of strings there are only calls, and every bracket of them is closed; strings hold no line ends."""
    body = page[page.index("#show: look") :].split("\n", 1)[1]
    body = re.sub(r'"(?:[^"\\\n]|\\.)*"', "", body)
    assert body.isascii() and '"' not in body and "$" not in body
    stack = []
    for letter in body:
        if letter in "([{":
            stack.append(")]}"["([{".index(letter)])
        elif letter in ")]}":
            assert stack.pop() == letter
    assert not stack


def text(page: str, width: int) -> None:
    """No line is wider than the page, and nothing steers the window."""
    for line in page.splitlines():
        assert columns(line) <= width, f"{columns(line)} columns: {line!r}"
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\ue000-\uf8ff\ud800-\udfff]", line), repr(line)
        assert line == line.rstrip()


def columns(line: str) -> int:
    """The columns of a line, counted without gradwork's help."""
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in line
    )


def page(name: str, written: str | bytes, width: int) -> None:
    """The check that belongs to a format."""
    if name == "pdf":
        assert isinstance(written, bytes) and written.startswith(b"%PDF-") and written.rstrip().endswith(b"%%EOF")
        return
    assert isinstance(written, str) and written
    written.encode("utf-8")
    if name == "html":
        html(written)
    elif name == "latex":
        latex(written)
    elif name == "typst":
        typst(written)
    elif name == "json":
        json.loads(written, parse_constant=lambda constant: 1 / 0)
    else:
        text(written, width)
        assert name != "plain" or written.isascii()
