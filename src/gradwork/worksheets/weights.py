"""What is weighed against what when a slip is chosen as the name of a mistake.

The weights were set on simulated learners (`tests/worksheets/score_learners.py`), who make one mistake throughout, slip
at one number, or reckon wrongly.
"""

from __future__ import annotations

from gradwork.worksheets.item import Item

# What a number says by how many digits it has: a small one is met by many slips by chance.
SAYS_BY_DIGITS = (2.0, 3.0, 5.0, 8.0)
# For: the same kind of mistake elsewhere on the sheet. Against: right numbers of the same matrix where it was not made.
ALSO, AGAINST = 1.5, 0.3
# Causes come by their rank; rare slips, lines read backwards, and the key where the learner has another number, later.
RANK, RARE, TURNED, OWN = 8.0, 4.0, 3.0, 2.0
# A number that is 1 or 2 off in a digit is most often a slip of arithmetic.
BESIDE = 4.0
# What is nearer than this is a tie; what weighs less than the least has no name.
NEAR, LEAST = 3.0, -2.5
# How far a carried number may be off, as a share of it, where the learner went on with more digits than were written.
ROOM = 0.005
# What is no arithmetic.
BARE = frozenset({"cell", "known", "greater", "above", "relu", "where"})


def is_reckoned(item: Item, cell: int) -> bool:
    """Whether a number is worked out by arithmetic, in which people slip by one; a copy or a mask is not."""
    routes = item.routes(cell)
    return bool(routes) and (routes[0].tree is None or routes[0].tree[0] not in BARE)
