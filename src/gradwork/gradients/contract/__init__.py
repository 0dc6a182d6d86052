"""What every op promises, checked from its declaration alone.

`check_op(op)` tries the op at its own samples and gives a list of what does not hold; an empty list is a promise kept.
The tests run it over all ops, and break each rule on purpose to see that it notices. It serves for an op of your own
too: declare it with `gw.op`, then `check_op("my_op")`.

Nothing here trusts the engine: values are held against the plain function, slopes against nudges and complex steps.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.gradients.contract.corners import corners
from gradwork.gradients.contract.entries import broadcasts, declared_slopes, zero_wins
from gradwork.gradients.contract.samples import Broken, cases
from gradwork.gradients.contract.slopes import (
    both_against_nudges,
    both_ways,
    complex_numbers,
    complex_step,
    second_slopes,
    single_precision,
)
from gradwork.gradients.contract.values import shapes_known, value_kept
from gradwork.graph.op import REGISTER, Composite, Op


def check_op(op: Op | Composite | str, *, first: bool = False) -> list[Broken]:
    """Everything that the declaration promises and that does not hold.

    op:    an op, or the name of one that is declared.
    first: stop at the first broken promise.

    >>> check_op("tanh")
    []
    """
    if isinstance(op, str):
        op = REGISTER.composites[op] if op in REGISTER.composites else REGISTER.named(op)
    found: list[Broken] = []
    for broken in _broken(op):
        found.append(broken)
        if first:
            break
    return found


def _broken(op: Op | Composite) -> Iterator[Broken]:
    yield from _declared(op)
    tried = cases(op)
    smooth = isinstance(op, Composite) or op.differentiable
    for case in tried:
        yield from value_kept(op, case)
        if smooth and case.moving:
            yield from complex_numbers(op, case)
        if smooth and case.moving and not case.is_complex:
            for promise in (both_against_nudges, complex_step, both_ways, second_slopes, single_precision):
                yield from promise(op, case)
    if isinstance(op, Op) and op.elementwise and smooth:
        yield from declared_slopes(op)
        yield from broadcasts(op)
        yield from zero_wins(op)
    if isinstance(op, Op):
        yield from shapes_known(op, tried)
        yield from corners(op)


def _declared(op: Op | Composite) -> Iterator[Broken]:
    for field in ("why", "source", "family", "answers"):
        if not getattr(op, field):
            yield Broken("every declaration is complete", op.name, f"{field} is empty")
    untried = isinstance(op, Composite) and op.rule in ("constant rule", "writing rule")
    if not op.samples and not untried:
        yield Broken("every declaration is complete", op.name, "there are no samples")
    if isinstance(op, Composite):
        if not op.rule:
            yield Broken("every declaration is complete", op.name, "rule is empty")
    elif bool(op.rule) != op.differentiable:
        yield Broken("a rule has a name, and a name has a rule", op.name, f"rule={op.rule!r}")
    elif op.elementwise and op.arity != len(op.slopes):
        yield Broken("an op has one slope an input", op.name, f"{len(op.slopes)} slopes, {op.arity} inputs")
