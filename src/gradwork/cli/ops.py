"""List the operations that gradients can pass through, or show one of them.

Each has the textbook name of its rule. Without a name, all are listed by family; with --coverage, all functions of
NumPy and SciPy, with what becomes of slopes in each.
"""

from __future__ import annotations

import inspect
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradwork.cli import _options

if TYPE_CHECKING:
    from gradwork.graph.op import Composite, Kink, Op
    from gradwork.notation.document import Block, Document
    from gradwork.notation.layout import Layout

_INPUTS = "abcdef"
# What an op's notation may want to know besides its inputs, at its plainest.
_PLAIN: dict[str, object] = {"axis": None, "axes": (1, 0), "keepdims": False}


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="such as tanh; leave it out to list all")
    parser.add_argument("--coverage", action="store_true", help="functions of NumPy and SciPy, covered or not, and why")
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Show one op, or the list."""
    if options.coverage and options.name is not None:
        from gradwork.cli._parser import misuse

        raise misuse("--coverage lists all functions and goes with no name", "gradwork ops --coverage")
    if options.coverage:
        return _options.show(_covered(), options)
    return _options.show(_list() if options.name is None else _named(options.name), options)


def _list() -> Document:
    from gradwork.graph.op import REGISTER, families
    from gradwork.notation.document import Document, Heading, Paragraph, Section

    found = list(REGISTER)
    sections = [
        Section(Heading(family.capitalize()), (_table(members),)) for family, members in sorted(families(found).items())
    ]
    composites = list(REGISTER.composites.values())
    written = Section(Heading("Written in terms of these"), (_composite_table(composites),))
    use = Paragraph("gradwork ops NAME says why a rule is what it is, and where from.")
    facts = {"ops": [_facts(op) for op in found], "composites": [composite.name for composite in composites]}
    return Document("Operations", (*sections, written, use), facts)


def _covered() -> Document:
    from gradwork.cli._coverage import DIFFERENTIABLE, MODULES, coverage
    from gradwork.notation.document import Document, Heading, Paragraph, Section, Table

    found = {module: coverage(module) for module in MODULES}
    total = sum(entry.kind in DIFFERENTIABLE for entries in found.values() for entry in entries)
    sections = [
        Section(
            Heading(module),
            (Table(("function", "how", ""), tuple((e.name, e.kind, e.words) for e in entries), align="lll"),),
        )
        for module, entries in found.items()
        if entries
    ]
    facts = {
        module: [{"name": e.name, "kind": e.kind, "words": e.words} for e in entries]
        for module, entries in found.items()
    }
    return Document("Coverage", (Paragraph(f"Slopes pass through {total} functions."), *sections), facts)


def _table(members: list[Op]) -> Block:
    from gradwork.notation.document import Table

    columns = ("op", "written", "rule", "complex step", "corners")
    rows = [
        (op.name, notation(op), op.rule or "no slope", "yes" if op.analytic else "no", str(len(op.kinks) or ""))
        for op in members
    ]
    return Table(columns, tuple(rows), align="lllll")


def _composite_table(members: list[Composite]) -> Block:
    from gradwork.notation.document import Table

    return Table(("function", "how"), tuple((one.name, one.rule) for one in members), align="ll")


def _named(name: str) -> Document:
    from gradwork.graph.op import REGISTER

    for op in REGISTER:
        if name == op.name:
            return _page(op)
    for op in REGISTER:
        if name in op.words:
            return _page(op)
    if name in REGISTER.composites:
        return _composite_page(REGISTER.composites[name])

    from gradwork.cli._parser import misuse, nearest

    known = [op.name for op in REGISTER] + [word for op in REGISTER for word in op.words] + list(REGISTER.composites)
    likely = nearest(name, known)
    raise misuse(f"no op is named {name!r}", f"gradwork ops {likely}" if likely else "gradwork ops lists them")


def _page(op: Op) -> Document:
    from gradwork.notation.document import Document, Equation, Paragraph, Table

    blocks: list[Block] = [Equation(notation(op), note=op.rule or "no slope passes through it")]
    if op.why:
        blocks.append(Paragraph(op.why, kind="why"))
    words = [word for word in op.words if word.isidentifier() and not word.startswith("_")]
    facts = [
        ("family", op.family),
        ("in a formula", ", ".join(words) or "-"),
        ("complex step", "possible" if op.analytic else "not possible"),
        ("source", op.source or "-"),
    ]
    blocks.append(Table(("", ""), tuple(facts), align="ll"))
    if op.kinks:
        columns = ("corner: slope from the left", "chosen", "from the right", "because")
        blocks.append(Table(columns, tuple(map(_kink_row, op.kinks)), align="cccl", row_headings=False))
    return Document(op.name, tuple(blocks), _facts(op))


def _kink_row(kink: Kink) -> tuple[Any, ...]:
    from gradwork.notation.layout import Number

    return Number(kink.left), Number(kink.chosen), Number(kink.right), kink.because


def _composite_page(composite: Composite) -> Document:
    from gradwork.notation.document import Document, Paragraph

    blocks: list[Block] = [Paragraph(f"Written in terms of other ops: {composite.rule}.")]
    blocks += [Paragraph(composite.why, kind="why")] if composite.why else []
    blocks += [Paragraph(f"Source: {composite.source}")] if composite.source else []
    facts = {"name": composite.name, "rule": composite.rule, "why": composite.why, "source": composite.source}
    return Document(composite.name, tuple(blocks), facts)


def _facts(op: Op) -> dict[str, object]:
    kinks = [
        {"left": kink.left, "right": kink.right, "chosen": kink.chosen, "because": kink.because} for kink in op.kinks
    ]
    return {
        "name": op.name,
        "family": op.family,
        "rule": op.rule,
        "analytic": op.analytic,
        "words": list(op.words),
        "kinks": kinks,
        "why": op.why,
        "source": op.source,
    }


def notation(op: Op) -> Layout:
    """How the op is written, of inputs a, b, c; as a plain call where it cannot be said without knowing more."""
    from gradwork.notation.layout import Symbol, call

    inputs = [Symbol(letter) for letter in _INPUTS[: op.arity or 2]]
    wanted = _required(op.notation, len(inputs))
    if wanted <= _PLAIN.keys():
        written: Layout = op.notation(*inputs, **{name: _PLAIN[name] for name in wanted})
        return written
    return call(op.name, *inputs)


def _required(function: Callable[..., Any], given: int) -> set[str]:
    """The parameters that have to be given by name, after `given` positions have been filled."""
    parameters = list(inspect.signature(function).parameters.values())
    positional = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    takes_any = any(one.kind is one.VAR_POSITIONAL for one in parameters)
    rest = [one for one in parameters if one.kind is one.KEYWORD_ONLY] + ([] if takes_any else positional[given:])
    return {one.name for one in rest if one.default is one.empty}
