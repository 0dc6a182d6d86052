"""The four cases that the graph has to carry from end to end: design, "before going wide"."""

from __future__ import annotations

import pickle
import tomllib
from pathlib import Path

import numpy as np

import gradwork as gw
from gradwork.gradients.backprop import backpropagate
from gradwork.graph.graph import Graph


def test_the_slides_derivation_is_printed_with_w_to_the_power_1() -> None:
    """Source C: loss = error^2 gives 2 error; error = x weight^1 - y gives 1 x weight^0 = x; together 2 error x."""
    made = gw.derive("error = x*weight - y; loss = error^2", wrt="weight", kwargs={"x": 3.0, "weight": 2.0, "y": 5.0})
    page = str(made)
    assert "2 error^1 = 2 error" in page
    assert "x weight^1 - y" in page
    assert "d error/d weight = 1 x weight^0 = x" in page
    assert "d loss/d error * d error/d weight" in page
    assert str(made.result) == "2 error x"
    assert made.value == 2 * (3 * 2 - 5) * 3
    assert [step.rule for step in made.steps] == ["power rule", "sum rule", "constant factor rule", "power rule"]


def workbook_exercise(blank: str) -> dict[str, object]:
    """The exercise of the workbook chapter that holds a blank."""
    path = Path(__file__).parent / "data" / "workbook-page-2.toml"
    exercises = tomllib.loads(path.read_text(encoding="utf-8"))["exercise"]
    return next(e for e in exercises if blank in e["blank"])


def test_blank_15_is_found_by_evaluating_its_equations_on_a_graph() -> None:
    exercise = workbook_exercise("15")
    given, key = exercise["given"], exercise["key"]
    lines = "dW3 = W3_after - W3_before; dZ = dW3 * X[2]; slope = dZ / dW3"
    names = {"W3_after": given["W3_after"], "W3_before": given["W3_before"], "X": np.array(given["X"], dtype=float)}
    graph = gw.trace(lines, **names)
    run = graph.run(*[names[n] for n in graph.input_names])
    computed = {"14": run["dW3"], "15": run["dZ"], "16": run["slope"]}
    wrong = {blank: float(value) for blank, value in computed.items() if value != key[blank]}
    assert wrong == {"15": 3.0}, "the printed 5 cannot be right: 3 follows"


def tanh_net() -> tuple[Graph, dict[str, np.ndarray]]:
    random = np.random.default_rng(4)
    values = {
        "X": random.normal(size=(5, 3)),
        "W1": random.normal(size=(3, 4)),
        "W2": random.normal(size=(4, 2)),
        "Y": random.normal(size=(5, 2)),
    }
    graph = gw.trace("z1 = X @ W1; a1 = tanh(z1); z2 = a1 @ W2; loss = mean((z2 - Y)^2)", **values)
    return graph, {n: values[n] for n in graph.input_names}


def test_a_mutant_is_made_through_origin() -> None:
    """1 - z^2 where 1 - tanh(z)^2 belongs: the local slope of tanh reads the node's input in place of its output."""
    graph, values = tanh_net()
    tanh = graph.find("a1")
    adjoints = backpropagate(graph, [graph.find("W1")])
    role = f"local slope of tanh at node {tanh}"
    sites = [i for i, n in enumerate(adjoints.graph.nodes) if n.origin.role == role and tanh in n.inputs]
    assert sites, "the slope of tanh reads its output"
    (z1,) = graph.nodes[tanh].inputs
    mutant = adjoints.graph
    for site in sites:
        mutant = mutant.replace(site, inputs=tuple(z1 if i == tanh else i for i in mutant.nodes[site].inputs))

    (wrong,) = mutant.run(*values.values()).outputs
    z = values["X"] @ values["W1"]
    a = np.tanh(z)
    back = 2 / values["Y"].size * (a @ values["W2"] - values["Y"]) @ values["W2"].T
    np.testing.assert_allclose(wrong, values["X"].T @ (back * (1 - z**2)), rtol=1e-12)
    (right,) = adjoints.graph.run(*values.values()).outputs
    np.testing.assert_allclose(right, values["X"].T @ (back * (1 - a**2)), rtol=1e-12)


def test_a_carried_answer_is_one_value_replaced_and_the_rest_run_again() -> None:
    graph = gw.trace("z = w*x + b; a = relu(z); error = a - y; loss = error^2", w=2.0, x=3.0, b=-1.0, y=4.0)
    run = graph.run(2.0, 3.0, -1.0, 4.0)
    assert run["loss"] == 1.0
    carried = run.replaced({"z": 7.0})
    assert (carried["a"], carried["error"], carried["loss"]) == (7.0, 3.0, 9.0)
    assert run["loss"] == 1.0, "the first run is untouched"
    assert carried["w"] == 2.0


def test_a_graph_and_its_gradient_survive_pickling() -> None:
    graph, values = tanh_net()
    adjoints = backpropagate(graph, [graph.find("W1")])
    again = pickle.loads(pickle.dumps(adjoints.graph))
    assert str(again) == str(adjoints.graph)
    np.testing.assert_array_equal(
        again.run(*values.values()).outputs[0], adjoints.graph.run(*values.values()).outputs[0]
    )
