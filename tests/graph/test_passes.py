"""Rewritings keep the meaning and the origin."""

from __future__ import annotations

import numpy as np
import pytest

import gradwork as gw
from gradwork.gradients.backprop import backpropagate
from gradwork.graph.passes import pruned, simplified, teaching_form

VALUES = {"x": np.array([1.0, -2.0, 3.0]), "w": 0.5, "b": 2.0, "y": np.array([0.5, 1.0, -1.0])}
FORMULAS = [
    "mean((x*w + b - y)^2)",
    "sum(tanh(x*w)^3) + b^2",
    "mean(square(x - w)) * exp(b) / (1 + w^2)",
    "sum(-(-(x*w))) - b",
    "sum(where(x > 0, sqrt(abs(x) + w), b*x))",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_form_has_the_same_value_and_slopes(formula: str) -> None:
    graph = gw.trace(formula, **VALUES)
    wrt = [graph.find(n) for n in ("w", "b") if n in graph.input_names]
    values = [VALUES[n] for n in graph.input_names]
    teaching, at = teaching_form(graph, wrt)
    np.testing.assert_allclose(teaching.run(*values).outputs, graph.run(*values).outputs, rtol=1e-14)
    adjoints = backpropagate(graph, wrt).graph
    for rewritten, _ in (simplified(adjoints, keep=len(graph.nodes)), simplified(adjoints), pruned(adjoints)):
        np.testing.assert_allclose(rewritten.run(*values).outputs, adjoints.run(*values).outputs, rtol=1e-13)
    taught = backpropagate(teaching, [at[i] for i in wrt]).graph
    np.testing.assert_allclose(taught.run(*values).outputs, adjoints.run(*values).outputs, rtol=1e-13)


def test_the_teaching_form_keeps_names_lines_and_says_what_it_made() -> None:
    graph = gw.trace("error = x*w - y; loss = mean(error^2)", x=VALUES["x"], w=1.0, y=VALUES["y"])
    teaching, at = teaching_form(graph, [graph.find("w")])
    assert teaching.nodes[at[graph.find("error")]].name == "error"
    assert teaching.nodes[at[graph.find("error")]].where == graph.nodes[graph.find("error")].where
    (raised,) = (n for n in teaching.nodes if n.op == "power" and n.origin.kind == "pass")
    assert raised.origin.node == graph.find("w")


def test_simplified_writes_as_a_person_would() -> None:
    graph = gw.trace("x", x=3.0)
    adjoints = backpropagate(gw.trace("2*x^3 + 0*x + 5", x=3.0), [0]).graph
    simple, _ = simplified(adjoints, keep=0)
    simple, _ = pruned(simple)
    assert [n.op for n in simple.nodes].count("power") == 1
    assert simple.run(3.0).outputs == (54.0,)
    assert graph.run(2.0).outputs == (2.0,)


def test_infinities_are_not_simplified_away() -> None:
    graph = gw.trace("0*log(x)", x=1.0)
    simple, _ = simplified(backpropagate(graph, [0]).graph)
    assert simple.run(2.0).outputs == (0.0,)
