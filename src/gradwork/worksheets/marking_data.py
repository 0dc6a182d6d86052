"""What a page needs to mark by itself: keys, ways to each blank, and what each mistake gives, as a small script.

Every expression is read off the plan's relations, as the Python that marks is; the page holds no other source of truth.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gradwork.check.diagnoses.copied import BESIDE as COPIED_SAYS
from gradwork.check.diagnoses.copied import CAUSE as COPIED
from gradwork.check.diagnoses.misplaced import CAUSE as MISPLACED
from gradwork.check.diagnoses.misplaced import EXCHANGED
from gradwork.check.diagnoses.reckoned import CAUSE as RECKONED
from gradwork.check.diagnoses.reckoned import SAYS as RECKONED_SAYS
from gradwork.check.diagnoses.transposed import CAUSE as TRANSPOSED
from gradwork.check.trees import Tree, text_of
from gradwork.lowering.script import script_of
from gradwork.worksheets import weights
from gradwork.worksheets.exercise import BySign
from gradwork.worksheets.hints import hints
from gradwork.worksheets.item import Item
from gradwork.worksheets.naming import slips_of_the_pen
from gradwork.worksheets.other_blanks import EXCHANGED_SHAPE, shapes
from gradwork.worksheets.routes import Route
from gradwork.worksheets.sheet import Asked, Sheet
from gradwork.worksheets.solver import stands_often


def marking_script(sheet: Sheet) -> str:
    """A script that states `SHEET`: everything that is needed to mark, hint and explain offline."""
    shared = _Shared(sheet)
    items = ",\n".join(_item(sheet, k, item, shared) for k, item in enumerate(sheet.items))
    other = [_other(sheet, b) for b in sheet.blanks if b.kind != "cell"]
    pairs = [[one.number, two.number] for one, two in shapes(sheet)]
    told = {str(b.number): list(hints(sheet, b)) for b in sheet.blanks}
    pen = {cause.code: [cause.rank, int(digits.rare), digits.says] for cause, digits in slips_of_the_pen()}
    pen_says = [digits.says for _, digits in slips_of_the_pen()]
    words = {
        text: sheet.language(text)
        for text in (*WORDS, *pen_says, COPIED_SAYS, RECKONED_SAYS, EXCHANGED, EXCHANGED_SHAPE)
    }
    named = (COPIED, RECKONED, TRANSPOSED, MISPLACED, *(cause for cause, _ in slips_of_the_pen()))
    shared.causes |= {cause.code: sheet.language(cause.name) for cause in named}
    routes = ",\n".join(shared.routes)
    return (
        f"const SHEET={{items:[{items}],\nother:{_json(other)},shapes:{_json(pairs)},\n"
        f"hints:{_json(told)},\nroutes:[{routes}],\n"
        f"weights:{_json(_weights())},\npen:{_json(pen)},copied:{_json([COPIED.code, COPIED.rank, COPIED_SAYS])},\n"
        f"exchanged:{_json([MISPLACED.code, MISPLACED.rank, EXCHANGED])},\n"
        f"reckoned:{_json([RECKONED.code, RECKONED_SAYS])},transposed:{_json([TRANSPOSED.code, EXCHANGED_SHAPE])},\n"
        f"kinds:[{','.join(shared.kinds)}],\nsays:{_json(list(shared.says))},\n"
        f"causes:{_json(shared.causes)},\nwords:{_json(words)}}};\n"
    )


def _weights() -> dict[str, Any]:
    """What is weighed against what when a slip is chosen: the numbers that the command weighs with."""
    names = ("SAYS_BY_DIGITS", "ALSO", "AGAINST", "RANK", "RARE", "TURNED", "OWN", "BESIDE", "NEAR", "LEAST", "ROOM")
    return {name: getattr(weights, name) for name in names}


@dataclass
class _Shared:
    """What many blanks have in common, stated once and read by its position: ways, kinds of mistakes, sentences."""

    sheet: Sheet
    routes: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    says: dict[str, int] = field(default_factory=dict)
    causes: dict[str, str] = field(default_factory=dict)

    def route(self, route: Route) -> int:
        """The position of a way: what it reads, its expression, and the slips on it."""
        reads = _json(list(route.reads))
        slips = ",".join(self._slips(route))
        return _position(self.routes, f"{{r:{reads},t:{int(route.turned)},f:{_way(route)},s:[{slips}]}}")

    def _slips(self, route: Route) -> Iterator[str]:
        """Its kind, the expression, the sentence. A kind: code, what is alike, rank, rare (-1: likely), made once."""
        for cause, slip in route.slips:
            self.causes[cause.code] = self.sheet.language(cause.name)
            key = json.dumps([str(k) for k in slip.key])
            kind = [cause.code, key, cause.rank, int(slip.rare) - int(slip.likely), int("slip" in cause.paper)]
            says = _position(self.says, self.sheet.language(slip.says, **slip.names))
            yield f"[{_position(self.kinds, _json(kind))},{_function(slip.tree)},{says}]"


def _position(known: dict[str, int], text: str) -> int:
    return known.setdefault(text, len(known))


WORDS = (
    "right",
    "carried",
    "too few digits",
    "mistake",
    "wrong",
    "empty",
    "unreadable",
    "this cannot be read as a number",
    "right, with too few digits: {value}",
    "the method is right: it follows from your blank {numbers}",
    "this follows from blank {numbers}, but with a 0 there nothing is left to work out",
    "it is one of: {all}",
)


def _item(sheet: Sheet, index: int, item: Item, shared: _Shared) -> str:
    plan = item.plan
    blanks = {b.place[1]: b.number for b in sheet.blanks if b.item == index and b.kind == "cell"}
    order = [s.cell for s in item.solution.steps if s.cell in blanks]
    order += [c for c in blanks if c not in order]
    unseen = [r for c, r in plan.definitions.items() if c not in item.shown]
    routes = {c: [shared.route(r) for r in item.routes(c)] for c in order}
    names = list(plan.quantities)
    owner = [names.index(q.name) for q in plan.owner]
    exact = item.exercise.exact
    fields = {
        "decimals": item.exercise.decimals,
        "exact": exact,
        "key": [_number(v) for v in item.values],
        "unrounded": [] if exact else [_number(v) for v in item.unrounded],
        "owner": owner,
        "order": order,
        "number": blanks,
        "routes": routes,
        "bare": [c for c in order if not weights.is_reckoned(item, c)],
    }
    later = ",".join(f"[{r.cell},{_function(r.tree)}]" for r in unseen)
    return f"{{...{_json(fields)},unseen:[{later}]}}"


def _way(route: Route) -> str:
    """The function of a way. Where no expression says it, the script does as the solver: it tries a straight line."""
    if route.way is not None:
        return route.way.script
    relation, cell = route.relation, route.cell
    if not stands_often(relation, cell):
        return "null"
    return f"v=>straight({_function(relation.tree)},{cell},v,v[{relation.cell}])"


def _function(tree: Tree) -> str:
    return f"v=>{script_of(text_of(tree))}"


def _other(sheet: Sheet, blank: Asked) -> dict[str, Any]:
    fields: dict[str, Any] = {"number": blank.number, "answer": blank.answer, "choices": list(blank.choices)}
    by = sheet.items[blank.item].choice(blank.place).answer if blank.kind == "choice" else None
    if isinstance(by, BySign):
        quantities = sheet.items[blank.item].plan.quantities
        cells = [quantities[name].first for name in (by.of, by.less) if name]
        fields |= {"item": blank.item, "cells": cells, "above": by.above, "below": by.below, "zero": by.zero}
    return fields


def _number(value: float) -> float | int:
    if not math.isfinite(value):
        return 0
    return int(value) if float(value).is_integer() else value


def _json(value: Any) -> str:
    """JSON that may stand inside a script of a page."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c").replace("\u2028", "")
