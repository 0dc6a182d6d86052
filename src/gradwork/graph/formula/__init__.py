"""Formulas as text: `mean((x*w + b - y)^2)`. Read by a grammar of our own; nothing is ever run as Python code.

`tokens.py` cuts the text into words and signs, `parse.py` makes a flat, frozen list of pieces of it (`pieces.py`),
`program.py` puts named formulas in order, and `evaluate.py` applies the pieces to whatever the names are bound to:
plain numbers give a number, traced values give a graph.
"""

from __future__ import annotations

from gradwork.graph.formula.evaluate import evaluate as evaluate
from gradwork.graph.formula.evaluate import evaluate_program as evaluate_program
from gradwork.graph.formula.parse import parse as parse
from gradwork.graph.formula.pieces import Formula as Formula
from gradwork.graph.formula.pieces import Piece as Piece
from gradwork.graph.formula.program import Program as Program
from gradwork.graph.formula.program import parse_program as parse_program

__all__ = ["Formula", "Piece", "Program", "evaluate", "evaluate_program", "parse", "parse_program"]
