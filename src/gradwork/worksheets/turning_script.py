"""A relation turned round by numbers, for a page's script: what `solver.turn` does where no expression says it.

Two cases come here: a number that stands in a relation more than once, and operations that are undone by a root or
another function. The few helpers that are called stand in assets/marking.js.
"""

from __future__ import annotations

from gradwork.check.trees import Tree, cells_in, text_of
from gradwork.lowering.script import script_of
from gradwork.worksheets.plan import Relation


def turned_script(relation: Relation, cell: int) -> str:
    """The function that gives `cell` from the values `v`, or "null" where nothing does."""
    count = sum(1 for c in cells_in(relation.tree) if c == cell)
    if count > 1:
        return f"v=>straight(v=>{script_of(text_of(relation.tree))},{cell},v,v[{relation.cell}])"
    found: str | None = f"v[{relation.cell}]"
    tree = relation.tree
    while found is not None and tree[0] != "cell":
        op, *parts = tree
        at = next(k for k, part in enumerate(parts) if cell in cells_in(part))
        rest = [script_of(text_of(part)) for k, part in enumerate(parts) if k != at]
        known = [part for k, part in enumerate(parts) if k != at]
        found, tree = _undone(op, at, rest, known, found), parts[at]
    return "null" if found is None else f"v=>{found}"


def _undone(op: str, at: int, rest: list[str], known: list[Tree], y: str) -> str | None:
    """See `solver._undo`: the same cases."""
    match op:
        case "total" | "add":
            return f"({y}-({'+'.join(rest) or '0'}))"
        case "multiply" | "chain_product":
            return f"divided({y},{rest[0]})"
        case "negative":
            return f"(-{y})"
        case "subtract":
            return f"({y}+{rest[0]})" if at == 0 else f"({rest[0]}-{y})"
        case "divide":
            return f"({y}*{rest[0]})" if at == 0 else f"divided(1,divided({y},{rest[0]}))"
        case "reciprocal":
            return f"divided(1,{y})"
        case "exp":
            return f"logarithm({y})"
        case "log":
            return f"exponential({y})"
        case "tanh":
            return f"finite(Math.atanh({y}))"
        case "relu":
            return f"positive({y})"
        case "power" if at == 0 and known[0] == ("known", 1.0):
            return y
        case "power" if at == 0 and known[0] == ("known", 3.0):
            return f"cubeRoot({y})"
        case _:
            return None
