"""Paper: what a PDF holds, what its pages look like, and what is said where something is missing."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zlib
from importlib.util import find_spec

import pytest
from formats.sample_pages import CARS, EVERYTHING

from gradwork import formats
from gradwork.errors import MissingExtraError, UsageError
from gradwork.formats import pdf, typst
from gradwork.formats._typst_math import quoted, silent
from gradwork.notation.document import Block, Document, Equation, Figure, Heading, Listing, Paragraph, Style, Table
from gradwork.notation.layout import (
    Blank,
    Fraction,
    Layout,
    Matrix,
    Number,
    Power,
    Product,
    Subscript,
    Sum,
    Symbol,
    Words,
    call,
    equation,
    infix,
)

made = pytest.mark.skipif(find_spec("typst") is None, reason="typst is not installed: no PDF is made")
coded = pytest.mark.skipif(find_spec("segno") is None, reason="segno is not installed: no QR code is made")
MARGIN = 15.0  # millimetres at each side that stay white
DOTS = 36  # of a picture, in an inch


def inflated(file: bytes) -> bytes:
    """A PDF with its streams unpacked behind it."""
    found = [file]
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", file, re.DOTALL):
        try:
            found.append(zlib.decompress(match[1]))
        except zlib.error:
            continue
    return b"\n".join(found)


def page_count(file: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", inflated(file)))


def picture(document: Document, style: Style | None = None) -> list[tuple[int, int, list[bytes]]]:
    """Each page as its width, its height and its rows of red, green, blue and opacity."""
    import typst as compiler

    source = str(formats.render(document, "typst", style)).encode()
    pages = compiler.compile(source, ignore_system_fonts=True, format="png", ppi=DOTS)
    return [unpacked(page) for page in (pages if isinstance(pages, list) else [pages])]


def unpacked(png: bytes) -> tuple[int, int, list[bytes]]:
    """A picture of 8 bits and four channels, by the rules of PNG."""
    wide, high = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    assert png[24:26] == b"\x08\x06"
    data, place = b"", 8
    while place < len(png):
        length = int.from_bytes(png[place : place + 4], "big")
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += length + 12
    raw = zlib.decompress(data)
    rows, above = [], bytes(4 * wide)
    for start in range(0, len(raw), 4 * wide + 1):
        above = unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + 4 * wide]), above)
        rows.append(above)
    assert len(rows) == high
    return wide, high, rows


def unfiltered(kind: int, row: bytearray, above: bytes) -> bytes:
    for i in range(len(row)):
        left, corner = (row[i - 4], above[i - 4]) if i >= 4 else (0, 0)
        up = above[i]
        guess = left + up - corner
        near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
        row[i] = (row[i] + (0, left, up, (left + up) // 2, near)[kind]) & 255
    return bytes(row)


def ink_in_the_margins(document: Document) -> bool:
    """Whether anything stands beyond the sides of the text."""
    for wide, _, rows in picture(document):
        side = int(MARGIN / 25.4 * DOTS)
        white = b"\xff" * (4 * side)
        if any(row[: 4 * side] != white or row[4 * (wide - side) :] != white for row in rows):
            return True
    return False


# --- text is text


def test_quoted_text_is_one_string() -> None:
    assert quoted('#panic("x") $a$ \\ \n') == '"#panic(\\"x\\") $a$ \\\\  "'
    assert silent("η") == '"\\u{3b7}"'


@pytest.mark.parametrize("text", ['#panic("x")', '"); #panic("x"', "$x$ // /* `raw`", "\\u{41}", "@label <x> *b* _i_"])
@made
def test_no_text_becomes_a_command(text: str) -> None:
    page = Document(text, (Paragraph(text), Equation(call(text, Symbol(text), Words(text))), Listing(text)))
    assert pdf.render(page, Style()).startswith(b"%PDF")


def test_the_source_holds_texts_in_strings_only() -> None:
    body = typst.render(Document("x", (Paragraph("#let x = 1"),)), Style()).split("#show: look")[1]
    assert '"#let x = 1"' in body


# --- what a file holds


@made
def test_each_formula_has_its_words() -> None:
    page = Document("x", (Equation(equation(Symbol("loss"), call("mean", Power(Symbol("e"), Number(2))))),))
    held = inflated(pdf.render(page, Style()))
    assert b"pdfuaid" in held and b"/MarkInfo" in held
    assert b"loss equals the mean of e squared" in held


@made
def test_fonts_are_inside() -> None:
    held = inflated(pdf.render(EVERYTHING, Style()))
    assert held.count(b"/FontDescriptor") > 2
    assert len(re.findall(rb"/FontFile[23]? ", held)) == len(re.findall(rb"/Type\s*/FontDescriptor", held))


@made
def test_two_processes_make_the_same_bytes() -> None:
    code = (
        "import sys, hashlib; sys.path[:0] = sys.argv[1].split('|')\n"
        "from formats.sample_pages import CARS; from gradwork import formats\n"
        "print(hashlib.sha256(formats.render(CARS, 'pdf')).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", code, "|".join(sys.path)], capture_output=True, text=True, check=True)
    page = formats.render(CARS, "pdf")
    assert isinstance(page, bytes)
    assert done.stdout.strip() == hashlib.sha256(page).hexdigest()


@pytest.mark.parametrize(("paper", "size"), [("a4", (595, 842)), ("letter", (612, 792)), ("Letter", (612, 792))])
@made
def test_paper(paper: str, size: tuple[int, int]) -> None:
    held = inflated(pdf.render(Document("x", ()), Style(paper=paper)))
    box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", held)
    assert box and (round(float(box[1])), round(float(box[2]))) == size


def test_unknown_paper_is_told() -> None:
    with pytest.raises(UsageError, match="no paper 'a5'"):
        formats.render(Document("x", ()), "typst", Style(paper="a5"))


@pytest.mark.parametrize("text", ["日本", "ŷ é ½", "🙂 and 学", "\ue000", "العربية"])
@made
def test_letters_of_other_scripts_do_not_stop_a_page(text: str) -> None:
    page = Document(text, (Paragraph(text), Equation(Symbol(text), text), Listing(text)))
    assert page_count(pdf.render(page, Style())) == 1


def test_letters_without_a_font_show_their_number() -> None:
    said = 'error: the text `"学🙂"` could not be displayed with font `"X"`'
    assert pdf._unshown(said) == {"学", "🙂"}
    assert pdf._with_numbers('text("学a")', {"学"}) == 'text("U+5B66a")'


# --- many documents, footers, codes


@made
def test_each_document_begins_a_page_of_its_own() -> None:
    long = Document("Long", tuple(Paragraph("a line") for _ in range(90)))
    assert page_count(pdf.pages([Document("One", ()), long, Document("Two", ())])) == 2 + page_count(
        pdf.render(long, Style())
    )


def test_no_documents_are_refused() -> None:
    with pytest.raises(UsageError, match="no document"):
        pdf.pages([])


@coded
@made
def test_a_footer_and_a_code_stand_on_the_page() -> None:
    plain = picture(Document("x", ()))[0][2]
    wide, high, rows = _printed(pdf.Page(Document("x", ()), "seed 7, version 1", "gradwork sheet 7"))
    assert rows != plain
    corner = [row[4 * 28 : 4 * 52] for row in rows[high - 42 : high - 18]]
    dark = sum(pixel < 160 for row in corner for pixel in row[::4])
    assert 150 < dark < 450  # about half of the code's field
    assert wide in (297, 298)


def _printed(page: pdf.Page) -> tuple[int, int, list[bytes]]:
    import typst as compiler

    sheet = typst.sheet(page.document, Style(), 1, page.footer, pdf._code(page.code))
    return unpacked(compiler.compile(typst.source([sheet], page.document).encode(), format="png", ppi=DOTS))


@coded
def test_a_code_too_fine_for_paper_is_refused() -> None:
    with pytest.raises(UsageError, match="too long: 214 bytes"):
        pdf.render(Document("x", ()), Style(), code="x" * 214)


@coded
def test_the_longest_code_is_of_version_10() -> None:
    import segno

    assert segno.make_qr("x" * pdf._LONGEST_CODE, error="m", boost_error=False).version == 10
    assert "<svg" in pdf._code("x" * pdf._LONGEST_CODE)


@pytest.mark.parametrize(("missing", "options"), [("typst", {}), ("segno", {"code": "seed 7"})])
def test_what_is_missing_is_told_with_its_line(
    missing: str, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    pdf._code.cache_clear()
    with pytest.raises(MissingExtraError, match=missing) as caught:
        pdf.render(Document("x", ()), Style(), **options)
    assert caught.value.hint == 'python -m pip install "gradwork[pdf]"'


# --- nothing is cut

_terms = Sum(tuple(Product((Symbol(f"w_{i}"), Symbol(f"x_{i}"))) for i in range(40)), (1,) * 40)
_wide = Matrix(tuple(tuple(Number(i * 1.25 - j) for j in range(30)) for i in range(4)), (4, 30))
_tall = Matrix(tuple((Number(i * 1.5),) for i in range(120)), (120, 1))
_blanks = Matrix(tuple(tuple(Blank(9 * i + j) for j in range(9)) for i in range(3)), (3, 9))
LONG: dict[str, Block] = {
    "sum": Equation(equation(Symbol("y"), _terms), "a remark"),
    "sum in a call": Equation(equation(Symbol("y"), call("tanh", _terms))),
    "sum on the left": Equation(equation(_terms, Symbol("y"))),
    "fraction": Equation(equation(Symbol("y"), Fraction(_terms, _terms))),
    "exponent": Equation(Power(Symbol("e"), _terms)),
    "long name": Equation(equation(Symbol("a" * 150), Number(1))),
    "wide matrix": Equation(equation(Symbol("W"), _wide), "4 by 30"),
    "tall matrix": Equation(equation(Symbol("v"), _tall)),
    "matrices side by side": Equation(equation(Symbol("W"), infix("@", _wide, _tall))),
    "matrix of blanks": Equation(equation(Symbol("W"), _blanks, _blanks)),
    "formulas in a line": Paragraph(("see ", _wide, ", ", _terms, " and ", call("mean", _terms))),
    "long word": Paragraph("x" * 400),
    "program": Listing("y = " + "very_long + " * 30 + "\n" + "z" * 300),
    "wide table": Table(tuple(f"column {i}" for i in range(60)), (tuple(Number(1.37 * i) for i in range(60)),), "wide"),
    "wordy table": Table(("name", "why"), (("x", "because of this " * 20), ("y" * 90, _terms))),
    "choices": Paragraph(("Which? ", Blank(1, choices=("one long answer of many words " * 4, "another one")))),
}


@pytest.mark.parametrize("kind", LONG)
@made
def test_what_is_too_wide_is_broken_or_shrunk(kind: str) -> None:
    assert not ink_in_the_margins(Document("Long things", (LONG[kind],)))


@made
def test_long_tables_go_on_over_pages() -> None:
    rows = tuple((f"row {i}", Number(i * 1.5)) for i in range(120))
    assert page_count(pdf.render(Document("x", (Table(("name", "value"), rows),)), Style())) in (3, 4)


# --- blanks

BLANKS: dict[str, Layout] = {
    "alone": Blank(1),
    "in a matrix": Matrix(((Number(1), Blank(2)), (Blank(3), Number(4))), (2, 2)),
    "in a fraction": Fraction(Blank(4), Sum((Blank(5), Number(1)), (1, 1))),
    "in an exponent": Power(Symbol("e"), Blank(6)),
    "as an index": Subscript(Symbol("W"), (Blank(7), Number(2))),
    "met again": equation(Blank(8), Product((Blank(8, again=True), Number(2)))),
    "with choices": Blank(9, choices=("chain rule", "product & rule", '"sum" rule')),
}


@pytest.mark.parametrize("name", formats.names())
@pytest.mark.parametrize("place", BLANKS)
def test_blanks_stand_everywhere(name: str, place: str) -> None:
    piece = BLANKS[place]
    page = Document("x", (Equation(piece), Paragraph(("so ", piece)), Table(("", "x"), (("a", piece),))))
    written = formats.render(page, name)
    assert written
    if place == "with choices" and isinstance(written, str):
        assert "chain rule" in written


@pytest.mark.parametrize(
    ("piece", "text"),
    [(Blank(12), "[ 12 ]"), (Blank(12, again=True), "(12)"), (Blank(3, choices=("a", "b")), "[ 3: a | b ]")],
)
def test_blanks_as_text(piece: Layout, text: str) -> None:
    assert text in str(formats.render(Document("x", (Equation(piece),)), "plain"))


@made
def test_a_blank_has_room_to_write() -> None:
    import typst as compiler

    source = typst._look() + '#set page(margin: 10mm, width: auto, height: auto)\n#show: look\n#slot("1")'
    wide, high, _ = unpacked(compiler.compile(source.encode(), format="png", ppi=254))
    assert wide >= 200 + 120 and high >= 200 + 70  # ten points a millimetre, and 10 mm of margin at each side


@made
def test_a_figure_with_a_variant_of_a_letter_is_made() -> None:
    page = Document("", (Figure((), x_label="0\ufe00"),))
    assert formats.render(page, "pdf")[:4] == b"%PDF"


def test_a_heading_with_nothing_to_see_is_left_out() -> None:
    page = Document("", (Heading(Words(""), 1), Heading("Seen", 2)))
    assert str(formats.render(page, "typst")).rpartition("#sheet(")[2].count("title(") == 1
