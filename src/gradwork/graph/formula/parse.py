"""The grammar. From words and signs to a formula's pieces, in the order in which they are worked out.

    comparison  <  <=  >  >=  ==  !=      one, not a chain
    sum         +  -                      from the left
    product     *  /  @                   from the left
    sign        -  +                      looser than a power: -x^2 is -(x^2)
    power       ^  **                     from the right, and 2^-1 is allowed
    value       number, name, call, x[...], x.T, x.sum(), brackets, lists

The pieces lie flat in a tuple and name their inputs by position, as a graph's nodes do, so that a sum of 20,000 terms
is worked out in a plain loop. The readers are generators for the same reason: a reader that needs another one yields
it, and `_run` keeps the waiting ones in a list instead of on Python's stack.
"""

from __future__ import annotations

from collections.abc import Generator

from gradwork.errors import FormulaError
from gradwork.graph.formula.pieces import Formula, Piece
from gradwork.graph.formula.tokens import Source, Token, check_brackets, tokens

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_STRENGTH = {**dict.fromkeys(COMPARISONS, 1), "+": 2, "-": 2, "*": 3, "/": 3, "@": 3, "^": 5}
_POWER = 5
_WORDS = {"True": True, "False": False, "None": None}
_LARGEST_WHOLE = 2**63
# Python's own words for what is no value of a calculation.
_NO_OPERANDS = ("word", "text", "tuple", "slice")

Reading = Generator["Reading", int, int]


def parse(text: str, file: str = "<formula>", line: int | None = None) -> Formula:
    """Read one formula.

    file, line: where its text starts, for messages. Raises FormulaError, pointing at the sign that cannot be read.

    >>> [piece.value for piece in parse("2*x^3").pieces]
    [2, 'x', 3, '^', '*']
    """
    source = Source(text, file, line)
    words = tokens(source)
    if len(words) == 1:
        raise source.error(
            "the formula is empty", 0, why="a value is needed here", hint='for instance "mean((x*w - y)^2)"'
        )
    check_brackets(source, words)
    return Formula(source, _Parser(source, words).whole())


class _Parser:
    """One walk over the words. Every reader adds pieces and gives the position of the last one."""

    def __init__(self, source: Source, words: list[Token]) -> None:
        self.source = source
        self.words = words
        self.next = 0
        self.pieces: list[Piece] = []

    def whole(self) -> tuple[Piece, ...]:
        self._operand_of(_run(self.expression(0)), "a formula's value")
        if self.token.kind != "end":
            raise self._unexpected()
        return tuple(self.pieces)

    # -- words and pieces -------------------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.words[self.next]

    def take(self) -> Token:
        self.next += 1
        return self.words[self.next - 1]

    def add(self, kind: str, value: object, inputs: tuple[int, ...], start: int, keywords: tuple[str, ...] = ()) -> int:
        end = self.words[self.next - 1].end
        self.pieces.append(Piece(kind, value, inputs, start, end, keywords))
        return len(self.pieces) - 1

    # -- operators --------------------------------------------------------------------------------------------------

    def expression(self, weakest: int) -> Reading:
        """Values joined by operators that bind at least as strongly as `weakest`."""
        start = self.token.start
        left = yield self.signed()
        while (strength := _STRENGTH.get(self.token.kind, -1)) >= weakest:
            operator = self.take()
            right = yield self.expression(strength if operator.kind == "^" else strength + 1)
            self._operand_of(left, operator.value)
            self._operand_of(right, operator.value)
            if strength == 1 and self.token.kind in COMPARISONS:
                raise self._chained(left, operator, right)
            left = self.add("operator", operator.value, (left, right), start)
        self._refuse_adjacent()
        return left

    def signed(self) -> Reading:
        """A value, with a sign or a root in front of it."""
        first = self.token
        if first.kind in ("-", "+"):
            self.take()
            inner = yield self.expression(_POWER)
            self._operand_of(inner, first.value)
            return self.add("sign", first.value, (inner,), first.start)
        if first.kind == "√":
            self.take()
            inner = yield self.value()
            if self.token.kind in ("^", "power"):
                hint = "√(x^2) for the root of a power, (√x)^2 for the power of a root"
                raise self._error("√ and a power in one", self.token, why="it can be read in two ways", hint=hint)
            return self.add("call", "sqrt", (inner,), first.start)
        return (yield self.value())

    # -- values -----------------------------------------------------------------------------------------------------

    def value(self) -> Reading:
        """A number, a name, a call or a bracket, with what follows it: an index, .T, a small raised number."""
        start = self.token.start
        position = yield self.atom()
        while True:
            kind = self.token.kind
            if kind == "[":
                position = yield self.index(position, start)
            elif kind == ".":
                position = yield self.attribute(position, start)
            elif kind == "power":
                position = self.raised(position, start)
            else:
                return position

    def atom(self) -> Reading:
        token = self.take()
        if token.kind == "number":
            return self.add("number", _number(token.value), (), token.start)
        if token.kind == "text":
            return self.add("text", token.value, (), token.start)
        if token.kind == "name":
            return (yield self.named(token))
        if token.kind == "(":
            return (yield self.bracket(token))
        if token.kind == "[":
            items = yield self.items("]", "list", token.start)
            return items
        if token.kind == "...":
            return self.add("word", ..., (), token.start)
        self.next -= 1
        raise self._missing_value()

    def named(self, token: Token) -> Reading:
        """A name, one of Python's three words, or a call of a function."""
        if self.token.kind == "(":
            return (yield self.call(token.value, (), token.start))
        if token.value in _WORDS:
            return self.add("word", _WORDS[token.value], (), token.start)
        return self.add("name", token.value, (), token.start)

    def bracket(self, opened: Token) -> Reading:
        """A value in round brackets, or a tuple."""
        if self.token.kind == ")":
            self.take()
            return self.add("tuple", None, (), opened.start)
        position = yield self.expression(0)
        if self.token.kind != ",":
            self._close(")")
            # The brackets belong to the piece, so that a message shows them.
            inner = self.pieces[position]
            end = self.words[self.next - 1].end
            self.pieces[position] = Piece(inner.kind, inner.value, inner.inputs, opened.start, end, inner.keywords)
            return position
        self.take()
        return (yield self.items(")", "tuple", opened.start, (position,)))

    def items(self, closer: str, kind: str, start: int, before: tuple[int, ...] = ()) -> Reading:
        """Values between commas, up to the bracket that closes them."""
        inputs = list(before)
        while self.token.kind != closer:
            inputs.append((yield self.expression(0)))
            if self.token.kind != closer:
                self._close(",")
        self.take()
        return self.add(kind, None, tuple(inputs), start)

    def call(self, function: str, before: tuple[int, ...], start: int) -> Reading:
        """The arguments of a call: by position, then by keyword."""
        self.take()
        inputs, keywords = list(before), list[str]()
        while self.token.kind != ")":
            first = self.token
            if first.kind == "name" and self.words[self.next + 1].kind == "=":
                self.next += 2
                if first.value in keywords:
                    raise self._error(f"{first.value} is given twice to {function}", first)
                keywords.append(first.value)
            elif keywords:
                why = "arguments by position stand before those by name"
                raise self._error(f"this argument of {function} has no name", first, why=why)
            inputs.append((yield self.expression(0)))
            if self.token.kind != ")":
                self._close(",")
        self.take()
        return self.add("call", function, tuple(inputs), start, tuple(keywords))

    def attribute(self, position: int, start: int) -> Reading:
        """`.T`, or a function written behind its argument: `x.sum(axis=0)`."""
        self.take()
        token = self.token
        if token.kind == "name" and self.words[self.next + 1].kind == "(":
            self.take()
            return (yield self.call(token.value, (position,), start))
        if token.kind == "name" and token.value == "T":
            self.take()
            self._operand_of(position, ".T")
            return self.add("transpose", "T", (position,), start)
        why = "after a dot stands T, for the transpose, or a function with its brackets"
        raise self._error(f".{token.value} is not known", token, why=why, hint="x.T, or x.sum(axis=0)")

    def raised(self, position: int, start: int) -> int:
        """A power written small, as in x²."""
        token = self.take()
        self._operand_of(position, "^")
        power = self.add("number", int(token.value), (), token.start)
        return self.add("operator", "^", (position, power), start)

    # -- indices ----------------------------------------------------------------------------------------------------

    def index(self, position: int, start: int) -> Reading:
        """`x[0]`, `x[1:3, :]`, `x[..., None]`, `x[mask]`."""
        opened = self.take()
        entries: list[int] = []
        comma = False
        while self.token.kind != "]":
            entries.append((yield self.entry()))
            if self.token.kind != "]":
                self._close(",")
                comma = True
        closed = self.take()
        if not entries:
            raise self.source.error("the index is empty", opened.start, closed.end, hint="x[0] for the first entry")
        key = self.add("tuple", None, tuple(entries), opened.start) if comma else entries[0]
        return self.add("index", None, (position, key), start)

    def entry(self) -> Reading:
        """One entry of an index: a value, or a slice."""
        start = self.token.start
        parts: list[int | None] = [None]
        while self.token.kind not in (",", "]", "end"):
            if self.token.kind == ":" and len(parts) < 3:
                self.take()
                parts.append(None)
            elif parts[-1] is None:
                parts[-1] = yield self.expression(0)
            else:
                raise self._unexpected()
        if len(parts) == 1:
            if parts[0] is None:
                raise self._missing_value()
            return parts[0]
        return self._slice(parts, start)

    def _slice(self, parts: list[int | None], start: int) -> int:
        ends = [part for part in parts if part is not None]
        # Which of start, stop and step are given; the inputs are those alone.
        given = tuple(part is not None for part in [*parts, None][:3])
        return self.add("slice", given, tuple(ends), start)

    # -- what cannot be read ----------------------------------------------------------------------------------------

    def _error(self, headline: str, token: Token, *, why: str = "", hint: str = "") -> FormulaError:
        return self.source.error(headline, token.start, token.end, why=why, hint=hint)

    def _close(self, kind: str) -> None:
        if self.token.kind != kind:
            raise self._unexpected()
        self.take()

    def _operand_of(self, position: int, operator: str) -> None:
        piece = self.pieces[position]
        if piece.kind in _NO_OPERANDS:
            shown = self.source.text[piece.start : piece.end][:40]
            why = (
                f"{operator} needs a number or an array; {shown} can only be handed to a function or stand in an index"
            )
            raise self.source.error(f"{shown} is no number", piece.start, piece.end, why=why)

    def _refuse_adjacent(self) -> None:
        token = self.token
        if token.kind not in ("number", "name", "text", "(", "√"):
            return
        before = self.words[self.next - 1]
        left, right = self.source.text[before.start : before.end], token.value if token.kind != "(" else "("
        near = f"{left}*{right}" if len(left) + len(right) < 30 and before.kind != "text" else "a*b"
        raise self.source.error(
            f"an operation is missing between {left[:20]} and {right[:20]}",
            before.start,
            token.end,
            why="two values side by side are not multiplied by themselves",
            hint=near + ("...)" if token.kind == "(" and near != "a*b" else ""),
        )

    def _missing_value(self) -> FormulaError:
        token = self.token
        before = self.words[self.next - 1] if self.next else None
        if before is None:
            return self._error(f"nothing stands in front of {token.value}", token, why="it needs a value on its left")
        why = "a number, a name or a bracket is needed here"
        if token.kind == "end":
            return self._error(f"the formula ends after {before.value}", before, why=why)
        return self._error(f"a value is missing between {before.value} and {token.value}", token, why=why)

    def _unexpected(self) -> FormulaError:
        token = self.token
        if token.kind == ",":
            before, after = self.words[self.next - 1], self.words[self.next + 1]
            number = before.kind == "number" == after.kind
            hint = f"{before.value}.{after.value}" if number else "one formula without the comma"
            why = "a comma stands between the arguments of a function, and decimals have a point"
            return self._error("a comma cannot stand here", token, why=why, hint=hint)
        if token.kind == "=":
            why = "= names a line or an argument; == compares"
            return self._error(
                "= cannot stand here", token, why=why, hint="a == b, or a line of its own: name = formula"
            )
        if token.kind in COMPARISONS:
            return self._error(f"{token.value} cannot stand here", token, hint="brackets around the comparison")
        return self._error(f"{token.value} cannot stand here", token)

    def _chained(self, left: int, operator: Token, right: int) -> FormulaError:
        def shown(position: int) -> str:
            return self.source.text[self.pieces[position].start : self.pieces[position].end][:20]

        second = self.token
        first = f"{shown(left)} {operator.value} {shown(right)}"
        hint = f"({first}) * ({shown(right)} {second.value} ...)"
        return self._error("two comparisons in a row", second, why="each gives 1 or 0 for itself", hint=hint)


def _run(reading: Reading) -> int:
    """Carry out a reader and those that it asks for, without recursion."""
    waiting = [reading]
    result = 0
    started = False
    while waiting:
        try:
            inner = waiting[-1].send(result) if started else next(waiting[-1])
        except StopIteration as done:
            waiting.pop()
            result, started = done.value, True
        else:
            waiting.append(inner)
            started = False
    return result


def _number(text: str) -> int | float:
    if text.replace("_", "").isdecimal() and len(text) < 30:
        whole = int(text)
        return whole if whole < _LARGEST_WHOLE else float(whole)
    return float(text)
