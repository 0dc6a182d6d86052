"""Formulas as calls of Typst's own functions. Every text of a user's becomes a quoted string, never markup."""

from __future__ import annotations

from gradwork.formats._mathml import minus
from gradwork.formats._page import parts_of_number
from gradwork.notation import layout as pieces
from gradwork.notation.language import ENGLISH, Language
from gradwork.notation.layout import Layout, Number
from gradwork.notation.names import GREEK, GREEK_NAMES, clean, split_name
from gradwork.notation.numbers import decimal_text, mantissa_and_exponent
from gradwork.notation.speech import spoken
from gradwork.notation.writer import Writer, needs_dot, trimmed

_LONGEST_SPEECH = 600
_LONGEST_WORD = 30  # letters; where a longer one meets the edge of the page, it is parted
_LONGEST_CHOICES = 56  # letters; more stand under one another
_BREAK = "\\u{200b}"
_SIGNS = {"*": "·", "@": "@", "<=": "≤", ">=": "≥", "!=": "≠", "->": "→", "=>": "⇒", "-": "−"}
_RELATIONS = frozenset("= < > ≤ ≥ ≠ ≈ → ← ⇒ ⟹ ↦ ∈ : := ∝ ≡".split())
_BINARY = frozenset("+ − · × ⊙ ⊗ ∘ ÷ / ± ∓ @ %".split())
_FENCES = {
    "(": "sym.paren.l", ")": "sym.paren.r", "[": "sym.bracket.l", "]": "sym.bracket.r", "{": "sym.brace.l",
    "}": "sym.brace.r", "|": "sym.bar.v", "‖": "sym.bar.v.double", "⟨": "sym.chevron.l", "⟩": "sym.chevron.r",
}  # fmt: skip
_DOTS = {"vertical": "sym.dots.v", "diagonal": "sym.dots.down"}
_MARKS = {"new": "math.underline({})", "result": "math.underline({})", "struck": "math.cancel({})"}
_MARKS |= {"right": 'j({}, w(text(fill: good, " ✓")))', "wrong": 'j({}, w(text(fill: bad, " ✗")))'}
_MINUS, _DIGIT, _POINT = 0.778, 0.5, 0.278  # how wide these stand, in the letters of New Computer Modern
_KNOWN_CALLS = frozenset("sin cos tan sinh cosh tanh log exp ln max min det arg lim sup inf".split())


def quoted(text: str) -> str:
    """A text as a string of Typst's: nothing in it is a command.

    >>> print(quoted('#panic("x") $\\\\'))
    "#panic(\\"x\\") $\\\\"
    """
    safe = clean(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'


def silent(text: str) -> str:
    """A text that is not shown, but read by programs: its letters need no font.

    >>> silent("η = 0.1")
    '"\\\\u{3b7} = 0.1"'
    """
    return "".join(letter if letter.isascii() else f"\\u{{{ord(letter):x}}}" for letter in quoted(text))


def shown(text: str) -> str:
    """A text for running text, quoted; words that are longer than a line may be have places to break at."""
    return '"' + " ".join(_parted_word(word) for word in clean(text).split(" ")) + '"'


def _parted_word(word: str) -> str:
    step = len(word) if len(word) <= _LONGEST_WORD else 8
    return _BREAK.join(quoted(word[i : i + step])[1:-1] for i in range(0, len(word), max(step, 1)))


def array(parts: list[str]) -> str:
    """Typst's array of these expressions."""
    return f"({', '.join(parts)},)" if parts else "()"


class TypstMath(Writer[str]):
    """Writes layouts as expressions of Typst's."""

    stacked = True
    deepest = 24  # Typst lays out no more than 72 boxes within one another

    def __init__(self, digits: int, say: Language = ENGLISH) -> None:
        self.digits = digits
        self.say = say

    def formula(self, piece: Layout, *, display: bool = False) -> str:
        """A whole formula in a line of text, with what it says in words."""
        piece = trimmed(piece, self.deepest)
        return f"{'d' if display else 'f'}({self.said(piece)}, {self.write(piece)})"

    def said(self, piece: Layout) -> str:
        """What a formula says in words, quoted."""
        said = spoken(piece, self.digits, self.say) or self.say("a formula")
        return silent(said if len(said) <= _LONGEST_SPEECH else said[:_LONGEST_SPEECH] + " …")

    def bracketed(self, written: str) -> str:
        return f"fenced(sym.paren.l, {written}, sym.paren.r)"

    # --- leaves

    def number(self, piece: Number) -> str:
        text = decimal_text(piece.value, piece.digits or self.digits)
        if isinstance(piece.value, (complex, bool)) or text == "nan":
            return f"w({quoted(minus(text))})"
        mantissa, exponent = mantissa_and_exponent(text)
        sign = mantissa.startswith("-")
        digits = mantissa[sign:].replace("inf", "∞")
        body = f"n({quoted(digits)})"
        if exponent is not None:
            body = f'j({body}, bin("×"), math.attach(n("10"), t: n({quoted(minus(str(exponent)))})))'
        return f'j(pre("−"), {body})' if sign else body

    def symbol(self, piece: pieces.Symbol) -> str:
        name, index = split_name(piece.name)
        letter = _letter(GREEK.get(name, name))
        if not index:
            return letter
        return f"math.attach({letter}, b: {f'n({quoted(index)})' if index.isdigit() else _letter(index)})"

    def words(self, piece: pieces.Words) -> str:
        return f"w({quoted(piece.text)})"

    def dots(self, piece: pieces.Dots) -> str:
        return _DOTS.get(piece.direction, "sym.dots.h")

    def blank(self, piece: pieces.Blank) -> str:
        number = quoted(str(piece.number))
        if piece.again:
            return f"again({number})"
        if not piece.choices:
            return f"blank({number})"
        upright = ", upright: true" if stands_upright(piece) else ""
        return f"choice({number}, {array([quoted(choice) for choice in piece.choices])}{upright})"

    # --- rows

    def sum(self, piece: pieces.Sum) -> str:
        parts = []
        for position, (sign, term) in enumerate(zip(piece.signs, piece.terms, strict=True)):
            kind = "bin" if position else "pre"
            mark = f'{kind}("{"−" if sign < 0 else "+"}")' if sign < 0 or position else ""
            parts += [*([mark] if mark else []), self.part(piece, term, position)]
        return row(parts)

    def product(self, piece: pieces.Product) -> str:
        parts: list[str] = []
        for position, factor in enumerate(piece.factors):
            written = self.part(piece, factor, position)
            if position:
                fenced = self.fenced(piece, factor, position)
                dot = needs_dot(piece.factors[position - 1], factor, right_fenced=fenced, stacked=True)
                parts.append('bin("·")' if dot else "sym.space.thin")
            parts.append(written)
        return row(parts)

    def infix(self, piece: pieces.Infix) -> str:
        parts = [self.part(piece, operand, i) for i, operand in enumerate(piece.operands)]
        sign = self.operator(piece.operator)
        return row([part for i, own in enumerate(parts) for part in ((sign, own) if i else (own,))])

    def operator(self, operator: str) -> str:
        """An operator's sign with the space that belongs around it."""
        sign = clean(_SIGNS.get(operator, operator)).strip()
        if sign in _RELATIONS:
            return f"rel({quoted(sign)})"
        if sign in _BINARY:
            return f"bin({quoted(sign)})"
        return f"w({quoted(f' {sign} ')})"

    def listed(self, piece: pieces.Listed) -> str:
        mark = clean(piece.separator).strip()
        between = f"comma({quoted(mark)})" if mark in (",", ";") else f"w({quoted(f' {mark} ' if mark else '  ')})"
        parts = [self.write(item) for item in piece.items]
        return row([part for i, own in enumerate(parts) for part in ((between, own) if i else (own,))])

    # --- signs around a piece

    def negative(self, piece: pieces.Negative) -> str:
        return row(['pre("−")', self.part(piece, piece.body, 0)])

    def fraction(self, piece: pieces.Fraction) -> str:
        return f"math.frac({self.part(piece, piece.top, 0)}, {self.part(piece, piece.bottom, 1)})"

    def derivative(self, piece: pieces.Derivative) -> str:
        sign = 'n("∂")' if piece.partial else 'v("d")'
        top, bottom = self.part(piece, piece.top, 0), self.part(piece, piece.bottom, 1)
        first = sign
        if piece.order != 1:
            order = f"n({quoted(str(piece.order))})"
            first, bottom = f"math.attach({sign}, t: {order})", f"math.attach({bottom}, t: {order})"
        return f"math.frac({row([first, 'sym.space.thin', top])}, {row([sign, 'sym.space.thin', bottom])})"

    def power(self, piece: pieces.Power) -> str:
        return f"math.attach({self.part(piece, piece.base, 0)}, t: {self.part(piece, piece.exponent, 1)})"

    def transpose(self, piece: pieces.Transpose) -> str:
        return f'math.attach({self.part(piece, piece.body, 0)}, t: n("T"))'

    def subscript(self, piece: pieces.Subscript) -> str:
        written = [self.write(index) for index in piece.indices]
        indices = row([part for i, own in enumerate(written) for part in (('comma(",")', own) if i else (own,))])
        base = self.part(piece, piece.base, 0)
        if isinstance(piece.base, pieces.Symbol) and split_name(piece.base.name)[1]:
            return f"j({base}, fenced(sym.bracket.l, {indices}, sym.bracket.r))"
        return f"math.attach({base}, b: {indices})"

    def root(self, piece: pieces.Root) -> str:
        degree = f"n({quoted(str(piece.degree))})" if piece.degree != 2 else "none"
        return f"math.root({degree}, {self.write(piece.body)})"

    def call(self, piece: pieces.Call) -> str:
        name = f"named({quoted(piece.name)})"
        if piece.below is not None:
            name = f"math.attach({name}, b: {self.write(piece.below)})"
        parts = [self.write(argument) for argument in piece.arguments]
        inside = row([part for i, own in enumerate(parts) for part in (('comma(",")', own) if i else (own,))])
        return row([name, self.bracketed(inside)])

    def fence(self, piece: pieces.Fence) -> str:
        left, right = mark_of(piece.left, "opening"), mark_of(piece.right, "closing")
        return f"fenced({left}, {self.write(piece.body)}, {right})"

    def bigsum(self, piece: pieces.BigSum) -> str:
        below = f", b: {self.write(piece.below)}" if piece.below is not None else ""
        above = f", t: {self.write(piece.above)}" if piece.above is not None else ""
        sign = f"math.attach(sym.sum{below}{above})" if below or above else "sym.sum"
        return row([sign, self.part(piece, piece.body, 0)])

    def marked(self, piece: pieces.Marked) -> str:
        return _MARKS.get(piece.kind, "{}").format(self.write(piece.body))

    # --- tables

    def matrix(self, piece: pieces.Matrix) -> str:
        return self.table(piece.rows, "sym.bracket.l", "sym.bracket.r")

    def table(self, rows: tuple[tuple[Layout, ...], ...], left: str, right: str) -> str:
        """Rows of cells between two marks, either of which may be `none`."""
        longest = max((len(row) for row in rows), default=0)
        if not longest:
            return "fenced(sym.bracket.l, [], sym.bracket.r)"
        columns = [[row[i] if i < len(row) else pieces.Words("") for row in rows] for i in range(longest)]
        cells = [list(row) for row in zip(*(self._column(column) for column in columns), strict=True)]
        for row in cells:
            row[0] = f"j(h(0.12em), {row[0]})"
            row[-1] = f"j({row[-1]}, h(0.12em))"
        roomy = any(_is_open(part) for row in rows for part in row)
        gaps = "row-gap: 1.6mm, column-gap: 1.4mm" if roomy else "row-gap: 0.55em, column-gap: 0.7em"
        return f"table-of({left}, {right}, {gaps}, {', '.join(array(row) for row in cells)})"

    def _column(self, cells: list[Layout]) -> list[str]:
        """The cells of a column; numbers get room around them, so that their points stand under one another."""
        parted = [self._parted(cell) for cell in cells]
        before = max((extent_of_digits(parts[0]) for parts in parted if parts), default=0.0)
        behind = max((extent_of_digits(parts[1]) for parts in parted if parts), default=0.0)
        return [self._cell(cell, parts, before, behind) for cell, parts in zip(cells, parted, strict=True)]

    def _parted(self, cell: Layout) -> tuple[str, str] | None:
        if not isinstance(cell, Number) or isinstance(cell.value, (complex, bool)):
            return None
        parts = parts_of_number(decimal_text(cell.value, cell.digits or self.digits))
        return parts if parts and (not parts[1] or parts[1].lstrip(".").isdigit()) else None

    def _cell(self, cell: Layout, parts: tuple[str, str] | None, before: float, behind: float) -> str:
        written = self.write(cell).replace("blank(", "slot(", 1) if _is_open(cell) else self.write(cell)
        if parts is None:
            return written
        left, right = before - extent_of_digits(parts[0]), behind - extent_of_digits(parts[1])
        room = [f"h({own:.3f}em)" if own > 1e-9 else "" for own in (left, right)]
        return row([part for part in (room[0], written, room[1]) if part])

    def cases(self, piece: pieces.Cases) -> str:
        rows = [
            row([self.write(value), "at", "h(1em)", self._condition(condition)]) for value, condition in piece.cases
        ]
        return f"math.cases({', '.join(rows)})"

    def _condition(self, condition: Layout) -> str:
        body = self.write(condition)
        return body if isinstance(condition, pieces.Words) else row([f"w({quoted(self.say('if') + ' ')})", body])


def _is_open(piece: Layout) -> bool:
    return isinstance(piece, pieces.Blank) and not piece.again and not piece.choices


def stands_upright(piece: pieces.Blank) -> bool:
    """Whether the answers to choose from stand under one another."""
    return sum(len(choice) + 4 for choice in piece.choices) > _LONGEST_CHOICES


def row(parts: list[str]) -> str:
    """Expressions side by side, as one."""
    return parts[0] if len(parts) == 1 else f"j({', '.join(parts)})" if parts else "[]"


def _letter(name: str) -> str:
    """A single letter, sloped as mathematics has it, or a name of several."""
    if len(name) == 1 and ((name.isascii() and name.isalpha()) or (name in GREEK_NAMES and name.islower())):
        return f"v({quoted(name)})"
    return f"n({quoted(name)})" if name in GREEK_NAMES else f"name({quoted(name)})"


def mark_of(mark: str, kind: str) -> str:
    """A bracket, or whatever else stands as one; `kind` is "opening" or "closing"."""
    return _FENCES.get(mark) or (f'math.class("{kind}", {quoted(mark)})' if mark else "[]")


def extent_of_digits(text: str) -> float:
    """How wide the digits of a number stand, in letters."""
    return sum(_MINUS if letter == "-" else _POINT if letter == "." else _DIGIT for letter in text)
