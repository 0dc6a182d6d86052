"""Plans: every number of an exercise is a cell, and every line a relation that gives it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.errors import ArgumentError, GradworkError
from gradwork.graph.formula import parse_program
from gradwork.worksheets.planning import plan_of
from gradwork.worksheets.routes import routes_to
from gradwork.worksheets.solver import solve, turn

NETS = (
    (
        "Z = W @ X + b; A = relu(Z); error = A - Y; loss = mean(error^2)",
        {"W": (2, 3), "X": (3, 2), "b": (2, 1), "Y": (2, 2)},
    ),
    ("Z = W @ X; A = tanh(Z); loss = sum(V * A)", {"W": (2, 2), "X": (2, 2), "V": (2, 2)}),
    ("Z = W @ X; A = sigmoid(Z); loss = -sum(Y*log(A) + (1 - Y)*log(1 - A))", {"W": (1, 2), "X": (2, 3), "Y": (1, 3)}),
    ("Z = W @ X; P = softmax(Z, axis=0); loss = -mean(sum(Y*log(P), axis=0))", {"W": (3, 2), "X": (2, 2), "Y": (3, 2)}),
    ("u = w*x + b; v = exp(-u^2); loss = sum(v / (1 + x^2))", {"w": (), "b": (), "x": (4,)}),
    ("h = tanh(W @ x); h2 = tanh(U @ h + W @ x); loss = sum(h2 * v)", {"W": (2, 2), "U": (2, 2), "x": (2,), "v": (2,)}),
    ("Z = X @ W; m = mean(Z, axis=0); D = Z - m; loss = sum(abs(D) * G)", {"X": (3, 2), "W": (2, 2), "G": (3, 2)}),
)


@pytest.mark.parametrize(("lines", "shapes"), NETS)
def test_cells_and_the_way_back_are_what_the_engine_computes(lines: str, shapes: dict[str, tuple[int, ...]]) -> None:
    r = np.random.default_rng(1)
    values = {n: r.uniform(0.1, 0.9, size=s) if s else float(r.uniform(0.1, 0.9)) for n, s in shapes.items()}
    plan = plan_of(lines, shapes, gradients=tuple(shapes), slopes=True)
    cells = plan.fill(values, lambda value: value)
    slopes = gw.grad(parse_program(lines), wrt=tuple(shapes))(**values)
    for name, slope in zip(shapes, slopes, strict=True):
        assert np.allclose(plan.array(f"d{name}", cells), slope, atol=1e-12), name


@pytest.mark.parametrize(("lines", "shapes"), NETS)
def test_every_relation_turned_round_gives_the_number_back(lines: str, shapes: dict[str, tuple[int, ...]]) -> None:
    r = np.random.default_rng(2)
    values = {n: r.uniform(0.2, 0.9, size=s) if s else 0.7 for n, s in shapes.items()}
    plan = plan_of(lines, shapes, gradients=tuple(shapes))
    cells = plan.fill(values, lambda value: value)
    found = 0
    for cell in range(plan.size):
        for route in routes_to(plan, cell):
            try:
                value = route.value(cells)
            except (ArithmeticError, ValueError):
                continue
            assert value == pytest.approx(cells[cell], abs=1e-9), (plan.cell_name(cell), route.relation.line)
            found += 1
    assert found > plan.size / 2


def test_a_line_that_is_a_number_or_another_name_is_a_line_all_the_same() -> None:
    plan = plan_of("du = 3; v = x; y = du * v", {"x": ()})
    assert plan.fill({"x": 2}, lambda value: value) == [2.0, 3.0, 2.0, 6.0]
    assert plan.definitions[plan.quantities["y"].first].reads == (1, 2)


def test_second_ways_have_to_name_a_line_of_the_same_shape() -> None:
    with pytest.raises(ArgumentError, match="no line 'slop'"):
        plan_of("slope = dZ / dW", {"dZ": (), "dW": ()}, also=("slop = dZ",))
    with pytest.raises(GradworkError, match="shape"):
        plan_of("s = sum(X)", {"X": (2,)}, also=("s = X",))
    with pytest.raises(ArgumentError, match="no quantity 'V'"):
        plan_of("loss = W^2", {"W": ()}, gradients=("V",))


# -- the solver: what it says is found has one value only ------------------------------

CHAIN = "dW = W1 - W0; Z0 = W0 * X; Z1 = W1 * X; dZ = Z1 - Z0; slope = dZ / dW; A = relu(Z1); part = A * slope + X"


@settings(max_examples=150, deadline=None)
@given(st.sets(st.integers(0, 9), max_size=6), st.integers(-4, 4), st.integers(-4, 4), st.integers(-4, 4))
def test_what_the_solver_finds_no_other_value_fits(hidden: set[int], w0: int, w1: int, x: int) -> None:
    plan = plan_of(CHAIN, {"W0": (), "W1": (), "X": ()})
    try:
        values = plan.fill({"W0": w0, "W1": w1, "X": x}, lambda value: value)
    except ArithmeticError:
        return
    solution = solve(plan, values, hidden, hidden)
    found = dict(enumerate(values))
    for cell in hidden:
        del found[cell]
    for step in solution.steps:
        if len(step.relations) == 1:
            (relation,) = step.relations
            reads = {relation.cell, *relation.reads} - {step.cell}
            for cell in reads - set(found):  # 0 times it, whatever it is
                other = [v + 3.5 * (c == cell) for c, v in enumerate(values)]
                assert relation.value(other) == relation.value(values), "a step reads what has not been found"
            assert turn(relation, step.cell, values) == pytest.approx(values[step.cell])
        found[step.cell] = values[step.cell]
    assert {s.cell for s in solution.steps} >= hidden - set(solution.missing)


def test_a_factor_of_zero_leaves_the_other_unknown() -> None:
    plan = plan_of("Z = W * X", {"W": (), "X": ()})
    assert solve(plan, [0.0, 3.0, 0.0], [1], [1]).missing == (1,)
    assert solve(plan, [2.0, 3.0, 6.0], [1], [1]).solvable


def test_a_square_does_not_tell_its_sign_and_a_unit_that_is_off_not_its_score() -> None:
    plan = plan_of("loss = error^2; A = relu(Z)", {"error": (), "Z": ()})
    error, z = plan.quantities["error"].first, plan.quantities["Z"].first
    values = plan.fill({"error": -3, "Z": -2}, lambda value: value)
    assert solve(plan, values, [error], [error]).missing == (error,)
    assert solve(plan, values, [z], [z]).missing == (z,)
    on = plan.fill({"error": -3, "Z": 2}, lambda value: value)
    assert solve(plan, on, [z], [z]).solvable


def test_two_unknowns_in_two_lines_are_solved_together() -> None:
    plan = plan_of("s = a + b; d = a - b", {"a": (), "b": ()})
    values = plan.fill({"a": 5, "b": 2}, lambda value: value)
    solution = solve(plan, values, [0, 1], [0, 1])
    assert solution.solvable and {step.cell for step in solution.steps} == {0, 1}
    same = plan_of("s = a + b; d = 2*a + 2*b", {"a": (), "b": ()})
    assert solve(same, same.fill({"a": 5, "b": 2}, lambda v: v), [0, 1], [0, 1]).missing == (0, 1)
