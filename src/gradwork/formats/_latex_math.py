"""Text and formulas as LaTeX, with amsmath and amssymb and nothing else. No text of a user's reaches it unescaped."""

from __future__ import annotations

import unicodedata

from gradwork.notation import layout as pieces
from gradwork.notation.language import ENGLISH, Language
from gradwork.notation.layout import Layout, Number
from gradwork.notation.names import GREEK as GREEK_LETTERS
from gradwork.notation.names import GREEK_NAMES, clean, split_name
from gradwork.notation.numbers import decimal_text, mantissa_and_exponent
from gradwork.notation.writer import Writer, needs_dot

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}", "'": r"\textquotesingle{}", "-": "{-}",
    "\u00a0": "~", "\u2003": r"\quad{}", "\u2009": r"\,", "\u202f": r"\,", "’": "'", "‘": "`", "“": "``", "”": "''",
    "–": "--", "—": "---", "…": r"\dots{}", "ß": r"\ss{}", "€": "EUR",
}  # fmt: skip
# Signs that are set in mathematics wherever they stand.
_SIGNS = {
    "·": r"\cdot", "⋅": r"\cdot", "×": r"\times", "⊙": r"\odot", "⊗": r"\otimes", "∘": r"\circ", "÷": r"\div", "−": "-",
    "→": r"\to", "←": r"\leftarrow", "↦": r"\mapsto", "⇒": r"\Rightarrow", "⟹": r"\Longrightarrow", "≈": r"\approx",
    "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "±": r"\pm", "∓": r"\mp", "√": r"\surd", "∞": r"\infty",
    "∂": r"\partial", "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∇": r"\nabla", "∈": r"\in", "‖": r"\|", "∣": r"\mid",
    "⋯": r"\cdots", "⋮": r"\vdots", "⋱": r"\ddots", "✓": r"\checkmark", "✔": r"\checkmark", "✗": r"\times",
    "↑": r"\uparrow", "↓": r"\downarrow", "ℝ": r"\mathbb{R}", "°": r"{}^{\circ}", "ᵀ": r"{}^{\mathsf{T}}", "ℓ": r"\ell",
    "¬": r"\neg", "∧": r"\wedge", "∨": r"\vee", "∩": r"\cap", "∪": r"\cup", "≡": r"\equiv", "∝": r"\propto",
    "½": r"\tfrac{1}{2}", "¼": r"\tfrac{1}{4}", "¾": r"\tfrac{3}{4}", "µ": r"\mu",
    **{raised: f"{{}}^{{{digit}}}" for raised, digit in zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)},
    **{low: f"{{}}_{{{digit}}}" for low, digit in zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)},
}  # fmt: skip
# Capital Greek letters that look like Latin ones have no command of their own.
_LATIN_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo", strict=True))
_VARIANTS = {"ε": r"\varepsilon", "φ": r"\varphi", "ς": r"\varsigma", "ϕ": r"\phi", "ϵ": r"\epsilon"}
_OPERATORS = {
    "@": r"\mathbin{@}",
    "*": r"\cdot",
    "<=": r"\leq",
    ">=": r"\geq",
    "!=": r"\neq",
    "->": r"\to",
    "=>": r"\Rightarrow",
}
_KNOWN_CALLS = frozenset("sin cos tan sinh cosh tanh log exp ln max min det arg lim sup inf".split())
_FENCES = {
    "(": "(",
    ")": ")",
    "[": "[",
    "]": "]",
    "{": r"\{",
    "}": r"\}",
    "|": "|",
    "‖": r"\|",
    "⟨": r"\langle",
    "⟩": r"\rangle",
}
_DOTS = {"vertical": r"\vdots", "diagonal": r"\ddots"}


def escaped(text: str) -> str:
    """A user's text for running text: nothing in it is a command.

    >>> escaped("50 % of x_1 & \\\\input")
    '50 \\\\% of x\\\\_1 \\\\& \\\\textbackslash{}input'
    """
    return "".join(_letter(letter) for letter in clean(text))


def _letter(letter: str) -> str:
    if letter in _SPECIAL and letter != "-":
        return _SPECIAL[letter]
    if letter.isascii():
        return letter
    sign = greek(letter) or _SIGNS.get(letter)
    if sign is not None:
        return rf"\ensuremath{{{sign}}}"
    # What the T1 encoding has: Latin letters with accents. Others need an engine that reads Unicode.
    simpler = unicodedata.normalize("NFKD", letter)
    if letter <= "\u017f" and letter.isalpha() and simpler[0].isascii():
        return letter
    if unicodedata.combining(letter):
        return ""
    return rf"\unicodeletter{{{letter}}}{{{ord(letter):04X}}}"


def greek(letter: str) -> str | None:
    """The command of a Greek letter."""
    if letter in _LATIN_GREEK:
        return rf"\mathrm{{{_LATIN_GREEK[letter]}}}" if letter != "ο" else "o"
    if letter in _VARIANTS:
        return _VARIANTS[letter]
    return "\\" + GREEK_NAMES[letter] if letter in GREEK_NAMES else None


class LatexMath(Writer[str]):
    """Writes layouts for LaTeX's mathematics mode."""

    stacked = True
    deepest = 40  # TeX nests no deeper than 255 groups, and a fraction takes several

    def __init__(self, digits: int, say: Language = ENGLISH) -> None:
        self.digits = digits
        self.say = say

    def bracketed(self, written: str) -> str:
        return _between("(", written, ")")

    # --- leaves

    def number(self, piece: Number) -> str:
        text = decimal_text(piece.value, piece.digits or self.digits)
        mantissa, exponent = mantissa_and_exponent(text)
        mantissa = mantissa.replace("inf", r"\infty ").replace("nan", r"\text{nan}").strip()
        if mantissa in ("true", "false"):
            return rf"\text{{{mantissa}}}"
        return mantissa if exponent is None else rf"{mantissa} \times 10^{{{exponent}}}"

    def symbol(self, piece: pieces.Symbol) -> str:
        name, index = split_name(piece.name)
        letter = greek(GREEK_LETTERS.get(name, name)) or _identifier(name)
        return letter if not index else f"{letter}_{{{index if index.isdigit() else _identifier(index)}}}"

    def words(self, piece: pieces.Words) -> str:
        return rf"\text{{{escaped(piece.text)}}}"

    def dots(self, piece: pieces.Dots) -> str:
        return _DOTS.get(piece.direction, r"\dots")

    def blank(self, piece: pieces.Blank) -> str:
        if piece.again:
            return rf"\again{{{piece.number}}}"
        if not piece.choices:
            return rf"\blank{{{piece.number}}}"
        choices = r" \quad $|$ \quad ".join(escaped(choice) for choice in piece.choices)
        return rf"\choices{{{piece.number}}}{{{choices}}}"

    # --- rows

    def sum(self, piece: pieces.Sum) -> str:
        parts = []
        for position, (sign, term) in enumerate(zip(piece.signs, piece.terms, strict=True)):
            mark = "- " if sign < 0 else "+ " if position else ""
            parts.append(mark + self.part(piece, term, position))
        return " ".join(parts)

    def product(self, piece: pieces.Product) -> str:
        written = ""
        for position, factor in enumerate(piece.factors):
            if position:
                fenced = self.fenced(piece, factor, position)
                dot = needs_dot(piece.factors[position - 1], factor, right_fenced=fenced, stacked=True)
                written += r" \cdot " if dot else r" \, "
            written += self.part(piece, factor, position)
        return written

    def infix(self, piece: pieces.Infix) -> str:
        sign = self.operator(piece.operator)
        return f" {sign} ".join(self.part(piece, operand, i) for i, operand in enumerate(piece.operands))

    def operator(self, operator: str) -> str:
        """An operator's command."""
        if operator in _OPERATORS:
            return _OPERATORS[operator]
        if operator in _SIGNS:
            return _SIGNS[operator]
        if operator in tuple("=<>+-/:"):
            return operator
        return rf"\;\text{{{escaped(operator)}}}\;"

    def listed(self, piece: pieces.Listed) -> str:
        mark = piece.separator.strip()
        between = rf"{mark}\;" if mark in (",", ";") else rf"\text{{{escaped(mark)}}}\;"
        return between.join(self.write(item) for item in piece.items)

    # --- signs around a piece

    def negative(self, piece: pieces.Negative) -> str:
        return f"-{self.part(piece, piece.body, 0)}"

    def fraction(self, piece: pieces.Fraction) -> str:
        return rf"\frac{{{self.part(piece, piece.top, 0)}}}{{{self.part(piece, piece.bottom, 1)}}}"

    def derivative(self, piece: pieces.Derivative) -> str:
        sign = r"\partial" if piece.partial else "d"
        order = f"^{{{piece.order}}}" if piece.order != 1 else ""
        top, bottom = self.part(piece, piece.top, 0), self.part(piece, piece.bottom, 1)
        low = f"{{{bottom}}}{order}" if order else bottom
        return rf"\frac{{{sign}{order}\,{top}}}{{{sign}\,{low}}}"

    def power(self, piece: pieces.Power) -> str:
        return f"{{{self.part(piece, piece.base, 0)}}}^{{{self.part(piece, piece.exponent, 1)}}}"

    def transpose(self, piece: pieces.Transpose) -> str:
        return rf"{{{self.part(piece, piece.body, 0)}}}^{{\mathsf{{T}}}}"

    def subscript(self, piece: pieces.Subscript) -> str:
        indices = ",".join(self.write(index) for index in piece.indices)
        if isinstance(piece.base, pieces.Symbol) and split_name(piece.base.name)[1]:
            return f"{self.write(piece.base)}[{indices}]"
        return f"{{{self.part(piece, piece.base, 0)}}}_{{{indices}}}"

    def root(self, piece: pieces.Root) -> str:
        degree = f"[{piece.degree}]" if piece.degree != 2 else ""
        return rf"\sqrt{degree}{{{self.write(piece.body)}}}"

    def call(self, piece: pieces.Call) -> str:
        name = rf"\{piece.name}" if piece.name in _KNOWN_CALLS else rf"\operatorname{{{_roman(piece.name)}}}"
        if piece.below is not None:
            name = rf"\underset{{{self.write(piece.below)}}}{{{name}}}"
        return name + self.bracketed(", ".join(self.write(argument) for argument in piece.arguments))

    def fence(self, piece: pieces.Fence) -> str:
        return _between(piece.left, self.write(piece.body), piece.right)

    def bigsum(self, piece: pieces.BigSum) -> str:
        below = f"_{{{self.write(piece.below)}}}" if piece.below is not None else ""
        above = f"^{{{self.write(piece.above)}}}" if piece.above is not None else ""
        return rf"\sum{below}{above} {self.part(piece, piece.body, 0)}"

    def marked(self, piece: pieces.Marked) -> str:
        body = self.write(piece.body)
        if piece.kind == "right":
            return rf"{body}\;\checkmark"
        if piece.kind in ("wrong", "struck"):
            return (
                rf"\struck{{{body}}}" if piece.kind == "struck" else rf"{body}\;\text{{({escaped(self.say('wrong'))})}}"
            )
        return rf"\underline{{{body}}}" if piece.kind in ("new", "result") else body

    # --- tables

    def matrix(self, piece: pieces.Matrix) -> str:
        columns = max((len(row) for row in piece.rows), default=0)
        if columns <= 10:
            rows = r" \\ ".join(" & ".join(self.write(cell) for cell in row) for row in piece.rows)
            return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"
        # amsmath's bmatrix stops at ten columns.
        rows = r" \\ ".join(" & ".join(self.write(cell) for cell in row) for row in piece.rows)
        return rf"\left[\begin{{array}}{{{'c' * columns}}} {rows} \end{{array}}\right]"

    def cases(self, piece: pieces.Cases) -> str:
        rows = r" \\ ".join(f"{self.write(value)} & {self._condition(when)}" for value, when in piece.cases)
        return rf"\begin{{cases}} {rows} \end{{cases}}"

    def _condition(self, condition: Layout) -> str:
        body = self.write(condition)
        return body if isinstance(condition, pieces.Words) else rf"\text{{{escaped(self.say('if'))} }} {body}"


def _between(left: str, body: str, right: str) -> str:
    tall = any(mark in body for mark in (r"\frac", r"\begin", r"\sum", r"\sqrt", r"\blank", r"\choices"))
    opening, closing = _mark(left), _mark(right)
    if not tall:
        return f"{opening if left else ''}{body}{closing if right else ''}"
    return rf"\left{opening} {body} \right{closing}"


def _mark(mark: str) -> str:
    return _FENCES.get(mark, "." if not mark else rf"\text{{{escaped(mark)}}}")


def _identifier(name: str) -> str:
    """A name: one letter as it is, several as one word in italics."""
    if len(name) == 1 and name.isascii() and name.isalpha():
        return name
    if name.isascii() and name.replace("_", "").isalnum():
        return rf"\mathit{{{name.replace('_', chr(92) + '_')}}}"
    return rf"\text{{\textit{{{escaped(name)}}}}}"


def _roman(name: str) -> str:
    if name.isascii() and name.replace("_", "").isalnum():
        return name.replace("_", r"\_")
    return rf"\text{{{escaped(name)}}}"
