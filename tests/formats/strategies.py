"""Random layouts and pages for Hypothesis: any text, any number, any nesting that a document can hold."""

from __future__ import annotations

from hypothesis import strategies as st

from gradwork.notation import document as blocks
from gradwork.notation import layout as pieces
from gradwork.notation.layout import Layout

# Surrogates too: a file name or a broken source may bring them.
texts = st.text(max_size=12)
names = (
    st.sampled_from(["x", "w", "loss", "learning_rate", "W1", "alpha", "lambda_2", "ŷ", "日本", "a_b_c", "µ"]) | texts
)
numbers = (
    st.floats()
    | st.integers()
    | st.booleans()
    | st.complex_numbers()
    | st.sampled_from([0.1, -2.0, 2e-8, 10**30, -0.0, 1539.28])
)
leaves: st.SearchStrategy[Layout] = (
    st.builds(pieces.Number, numbers, st.none() | st.integers(1, 17))
    | st.builds(pieces.Symbol, names)
    | st.builds(pieces.Words, texts)
    | st.builds(pieces.Dots, st.sampled_from(["horizontal", "vertical", "diagonal"]))
    | st.builds(pieces.Blank, st.integers(0, 200), st.booleans(), st.lists(texts, max_size=3).map(tuple), texts)
)


def _larger(inner: st.SearchStrategy[Layout]) -> st.SearchStrategy[Layout]:
    some = st.lists(inner, min_size=1, max_size=4).map(tuple)
    signs = st.lists(st.sampled_from([1, -1]), min_size=4, max_size=4)
    rows = st.lists(some, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(lambda terms, signs: pieces.Sum(terms, tuple(signs[: len(terms)])), some, signs),
        st.builds(pieces.Product, some),
        st.builds(pieces.Infix, st.sampled_from(["=", "@", "<", "→", "≈", "and", "⊙", "<=", "&", "\\"]) | texts, some),
        st.builds(pieces.Negative, inner),
        st.builds(pieces.Fraction, inner, inner),
        st.builds(pieces.Power, inner, inner),
        st.builds(pieces.Transpose, inner),
        st.builds(pieces.Subscript, inner, some),
        st.builds(pieces.Root, inner, st.integers(2, 12)),
        st.builds(pieces.Call, names, st.lists(inner, max_size=3).map(tuple), st.none() | inner),
        st.builds(pieces.Fence, st.sampled_from("([{|‖<"), inner, st.sampled_from(")]}|‖>")),
        st.builds(pieces.BigSum, inner, st.none() | inner, st.none() | inner),
        st.builds(pieces.Derivative, inner, inner, st.integers(1, 3), st.booleans()),
        st.builds(pieces.Matrix, rows),
        st.builds(pieces.Cases, st.lists(st.tuples(inner, inner), min_size=1, max_size=3).map(tuple)),
        st.builds(pieces.Listed, some, st.sampled_from([", ", " ", "; "]) | texts),
        st.builds(pieces.Marked, inner, st.sampled_from(["new", "struck", "right", "wrong", "result", "other"])),
    )


layouts = st.recursive(leaves, _larger, max_leaves=12)
inlines = texts | layouts
running = inlines | st.lists(inlines, max_size=3).map(tuple)
_points = st.lists(st.floats() | st.integers(-5, 5).map(float), max_size=6).map(tuple)
curves = st.builds(
    blocks.Curve,
    _points,
    _points,
    texts,
    st.sampled_from(["curve", "secant", "tangent", "path", "points", "contour", "other"]),
    st.lists(texts, max_size=6).map(tuple),
)
dots = st.builds(blocks.Dot, st.floats(), st.floats(), texts)
equations = st.builds(blocks.Equation, layouts, running)
headings = st.builds(blocks.Heading, running, st.integers(1, 8), running)
tables = st.builds(
    blocks.Table,
    st.lists(running, max_size=5).map(tuple),
    st.lists(st.lists(running, max_size=5).map(tuple), max_size=3).map(tuple),
    running,
    st.text("lrc.?", max_size=5),
    st.booleans(),
)
single_blocks: st.SearchStrategy[blocks.Block] = st.one_of(
    headings,
    st.builds(blocks.Paragraph, running, st.sampled_from(["plain", "note", "why", "result", "warning", "other"])),
    equations,
    st.builds(blocks.Equations, st.lists(equations, min_size=1, max_size=3).map(tuple)),
    tables,
    st.builds(blocks.Step, texts, layouts, layouts, running),
    st.builds(blocks.Listing, st.text(max_size=60), texts),
    st.builds(
        blocks.Figure,
        st.lists(curves, max_size=3).map(tuple),
        st.lists(dots, max_size=3).map(tuple),
        texts,
        texts,
        running,
        texts,
        st.sampled_from(["", "x", "y", "xy"]),
        st.none() | st.just((0.5, 4.0, 0.5, 4.0)),
        st.sampled_from([0.0, 5.0]),
    ),
)
sections = st.builds(blocks.Section, headings, st.lists(single_blocks, max_size=2).map(tuple), st.booleans())
documents = st.builds(blocks.Document, texts, st.lists(single_blocks | sections, max_size=4).map(tuple))
