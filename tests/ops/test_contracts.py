"""Every op keeps what its declaration promises, and every rule that is broken on purpose is noticed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from gradwork import formats
from gradwork.gradients.contract import check_op
from gradwork.gradients.contract.samples import cases
from gradwork.graph.op import REGISTER, Op
from gradwork.graph.trace import trace_call
from gradwork.notation.document import Document, Equation
from gradwork.notation.layout import Layout, Symbol

REGISTER.load()
OPS = list(REGISTER)
COMPOSITES = list(REGISTER.composites.values())


@pytest.mark.parametrize("declared", [*OPS, *COMPOSITES], ids=lambda declared: declared.name)
def test_keeps_its_promises(declared):
    assert [str(broken) for broken in check_op(declared)] == []


# -- printing ---------------------------------------------------------------------------------------------------------


def written(op: Op) -> Iterator[Layout]:
    """The op as it is written at each of its samples, with the attributes that the tracer gives it there."""
    for case in cases(op):
        if not case.moving:
            continue
        graph = trace_call(case, case.point).graph
        for node in graph.nodes:
            if node.op == op.name:
                yield op.notation(*(Symbol(letter) for letter in "abcdef"[: len(node.inputs)]), **node.params)


@pytest.mark.parametrize("format_name", formats.names())
@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_is_written_in_every_format(op, format_name):
    for layout in written(op):
        assert isinstance(layout, Layout)
        page = Document(op.name, (Equation(layout, note=op.rule),))
        assert formats.render(page, format_name)


def test_a_formula_finds_every_word():
    for op in OPS:
        for word in op.words:
            if word.isidentifier() and not word.startswith("_"):
                assert callable(REGISTER.by_word[word]), word


# -- rules broken on purpose ------------------------------------------------------------------------------------------

Change = Callable[[Any], Any]
CHANGES: dict[str, Change] = {
    "sign": lambda s: -s,
    "factor 2": lambda s: 2 * s,
    "plus 0.001": lambda s: s + 0.001,
    "zero": lambda s: s * 0,
}


def changed_slope(slope: Any, change: Change) -> Any:
    return (lambda *a: change(slope(*a))) if callable(slope) else change(slope)


def slope_mutants(op: Op) -> Iterator[tuple[str, Op]]:
    for path, slope in enumerate(op.slopes):
        if slope is None:
            continue
        for name, change in CHANGES.items():
            if not callable(slope) and change(slope) == slope:
                continue  # the slope 0 with its sign turned is 0
            slopes = (*op.slopes[:path], changed_slope(slope, change), *op.slopes[path + 1 :])
            yield f"slope {path}: {name}", dataclasses.replace(op, slopes=slopes)
        if callable(slope) and len(op.slopes) == 2:
            slopes = (*op.slopes[:path], lambda y, a, b, s=slope: s(y, b, a), *op.slopes[path + 1 :])
            yield f"slope {path}: operands swapped", dataclasses.replace(op, slopes=slopes)


def rule_mutants(op: Op, field: str) -> Iterator[tuple[str, Op]]:
    """One part of what a pullback gives, or all of what a pushforward gives, changed."""
    rule = getattr(op, field)
    if rule is None:
        return
    paths = range(arity(op)) if field == "pullback" else [None]
    for path in paths:
        for name, change in CHANGES.items():
            broken = changed_rule(rule, change, path)
            yield f"{field} {path}: {name}", dataclasses.replace(op, **{field: broken})


def changed_rule(rule: Any, change: Change, path: int | None) -> Any:
    def broken(*args: Any, **params: Any) -> Any:
        result = rule(*args, **params)
        if path is None:
            return None if result is None else change(result)
        result = result if isinstance(result, tuple) else (result,)
        return tuple(change(s) if k == path and s is not None else s for k, s in enumerate(result))

    return broken


def arity(op: Op) -> int:
    """How many inputs can carry a slope, at most, in the op's samples."""
    most = 0
    for case in cases(op):
        if case.moving:
            nodes = trace_call(case, case.point).graph.nodes
            most = max([most, *(sum(nodes[i].dtype.kind in "fc" for i in n.inputs) for n in nodes if n.op == op.name)])
    first = 1 if op.name == "where" else 0  # its condition comes first and carries none
    return most + first


def swapped_matmul(op: Op) -> Iterator[tuple[str, Op]]:
    if op.name == "matmul":
        yield "pullback: operands swapped", dataclasses.replace(op, pullback=lambda g, y, a, b: op.pullback(g, y, b, a))


def mutants(op: Op) -> list[tuple[str, Op]]:
    found = [*slope_mutants(op), *rule_mutants(op, "pullback"), *rule_mutants(op, "pushforward"), *swapped_matmul(op)]
    return [(name, mutant) for name, mutant in found if not is_the_same(op, name)]


def is_the_same(op: Op, name: str) -> bool:
    """Changes that change nothing: a rule that gives no slope at all, or none for that input."""
    if op.rule == "step rule" and not name.startswith("slope"):
        return True
    return op.name == "where" and name.startswith("pullback 0")


def is_noticed(mutant: Op) -> bool:
    kept = REGISTER.by_name[mutant.name]
    REGISTER.by_name[mutant.name] = mutant
    try:
        return bool(check_op(mutant, first=True))
    except Exception:  # a broken rule may also break down, and that is seen too
        return True
    finally:
        REGISTER.by_name[mutant.name] = kept


@pytest.mark.parametrize("op", [op for op in OPS if op.differentiable], ids=lambda op: op.name)
def test_notices_a_broken_rule(op, record_property):
    tried = mutants(op)
    alive = [name for name, mutant in tried if not is_noticed(mutant)]
    record_property("mutants", len(tried))
    print(f"{op.name}: {len(tried) - len(alive)} of {len(tried)} broken rules noticed")
    assert alive == []
    assert tried or op.name in ("ties", "round")


def test_notices_a_wrong_corner():
    relu = REGISTER.named("relu")
    (kink,) = relu.kinks
    for wrong in ({"left": 1.0}, {"right": 0.5}, {"chosen": 0.5}, {"at": lambda a: a == 1}):
        mutant = dataclasses.replace(relu, kinks=(dataclasses.replace(kink, **wrong),))
        assert is_noticed(mutant), wrong


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("why", ""),
        ("source", ""),
        ("rule", ""),
        ("samples", ()),
        ("linear", "each"),
        ("analytic", True),
        ("unbounded", False),
    ],
)
def test_notices_a_wrong_declaration(field, value):
    name = {"linear": "max", "analytic": "absolute", "unbounded": "sqrt"}.get(field, "tanh")
    assert is_noticed(
        dataclasses.replace(
            REGISTER.named(name), **{field: value}, **({"pushforward": None} if field == "linear" else {})
        )
    )


def test_notices_a_changed_value():
    tanh = REGISTER.named("tanh")
    assert is_noticed(dataclasses.replace(tanh, function=lambda a: np.tanh(a) * (1 + 1e-15)))


if __name__ == "__main__":
    differentiable = [op for op in OPS if op.differentiable]
    every = [(op, *mutant) for op in differentiable for mutant in mutants(op)]
    alive = [f"{op.name}: {name}" for op, name, mutant in every if not is_noticed(mutant)]
    untried = {op.name for op in differentiable} - {op.name for op, _, _ in every}
    print(*alive, sep="\n", end="\n" if alive else "")
    print(f"{len(every) - len(alive)} of {len(every)} broken rules of {len(differentiable)} ops noticed")
    print(f"no rule to break in {', '.join(sorted(untried))}" if untried else "every op has a rule that was broken")
    raise SystemExit(bool(alive))
