"""The names of rules, to be chosen."""

from __future__ import annotations

from gradwork.worksheets.item import rules_of
from gradwork.worksheets.masks import Hiding, Mask, Place


def _rules(hiding: Hiding) -> list[Place]:
    known = rules_of(hiding.plan)
    return [("rule", name) for name in hiding.rules if name in known]


MASK = Mask("rules", "the names of rules", _rules)
