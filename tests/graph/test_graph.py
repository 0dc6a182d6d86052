"""The frozen graph: what it keeps, prints, saves, and refuses."""

from __future__ import annotations

import pickle
from collections import OrderedDict

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ArgumentError, ShapeError
from gradwork.graph.graph import Params, freeze
from gradwork.graph.tree import flatten, map_leaves

X = np.array([0.7, -1.3, 2.1])
FACTOR = np.array([1.0, 2.0, 3.0])


def model(x, w=2.0):
    scaled = x * w
    error = scaled - FACTOR
    loss = np.mean(error**2)
    return loss  # noqa: RET504


def test_names_lines_and_constants_are_kept():
    graph = gw.trace(model, X, 2.0)
    assert graph.input_names == ("x", "w")
    names = {n.name: n for n in graph.nodes if n.name}
    assert {"x", "w", "scaled", "error", "FACTOR", "loss"} <= set(names)
    assert names["error"].where.source() == "error = scaled - FACTOR"
    assert names["FACTOR"].op == "constant"
    assert np.array_equal(graph.constants[graph.find("FACTOR")], FACTOR)
    assert all(n.origin.kind == "user" for n in graph.nodes)
    text = str(graph)
    assert text.startswith("graph(x, w)") and "error = scaled - FACTOR" in text and text.endswith("return loss")
    assert "<pre>" in graph._repr_html_()


def test_names_in_other_places():
    def f(x):
        y: object = x + 1
        (z := y * 2)
        z += 3
        _ = b = z * 4
        return b

    found = {n.name for n in gw.trace(f, X).nodes}
    assert {"x", "y", "z", "b"} <= found


def test_a_graph_is_frozen_and_saved():
    graph = gw.trace(model, X, 2.0)
    with pytest.raises(AttributeError):
        graph.nodes = ()
    with pytest.raises(TypeError):
        graph.nodes[-1].params["axis"] = 1
    again = pickle.loads(pickle.dumps(graph))
    assert again.run(X, 3.0).outputs == graph.run(X, 3.0).outputs
    assert str(again) == str(graph)
    assert [n.origin for n in again.nodes] == [n.origin for n in graph.nodes]


def test_running_with_other_values():
    graph = gw.trace(model, X, 2.0)
    assert graph.run(X, 3.0).outputs[0] == model(X, 3.0)
    run = graph.run(X, 2.0)
    assert np.array_equal(run["error"], X * 2 - FACTOR)
    carried = run.replaced({"scaled": np.ones(3)})
    assert carried.outputs[0] == np.mean((1 - FACTOR) ** 2)
    assert np.array_equal(carried["x"], X)
    assert run.replaced({"w": 5.0}).outputs[0] == model(X, 5.0)
    for wrong in ((X,), (X, 2.0, 3.0)):
        with pytest.raises(ArgumentError):
            graph.run(*wrong)
    with pytest.raises(ShapeError):
        graph.run(np.ones(4), 2.0)
    with pytest.raises(ArgumentError):
        graph.find("nobody")


def test_a_deliberate_mistake():
    graph = gw.trace(model, X, 2.0)
    position = graph.find("error")
    mutant = graph.replace(position, op="add")
    assert mutant.run(X, 2.0).outputs[0] == np.mean((2 * X + FACTOR) ** 2)
    assert graph.run(X, 2.0).outputs[0] == model(X)
    with pytest.raises(ArgumentError):
        graph.replace(position, inputs=(position, 0))


def test_what_the_user_changes_later_is_not_in_the_graph():
    weights = np.ones(3)
    graph = gw.trace(lambda x: np.sum(x * weights), X)
    before = graph.run(X).outputs
    weights[:] = 100.0
    assert graph.run(X).outputs == before


def test_who_reads_whom():
    graph = gw.trace(lambda a, b: a * b + a, 1.0, 2.0)
    assert graph.consumers[0] == (2, 3)
    assert graph.depends_on([1]) == [False, True, True, True]
    assert len(graph) == 4 and len(list(graph)) == 4


def test_attributes():
    params = Params(axis=(0, 1), index=(slice(1, None), None))
    assert hash(params) == hash(Params(index=(slice(1, None), None), axis=(0, 1)))
    assert pickle.loads(pickle.dumps(params)) == params
    assert freeze((slice(0, 1), 2)) == (("slice", 0, 1, None), 2)


def test_trees():
    value = OrderedDict(a=[1.0, (2.0, None)], b={})
    leaves, structure = flatten(value)
    assert leaves == [1.0, 2.0, None]
    assert structure.build(iter(leaves)) == value
    assert [leaf.name("p") for leaf in structure.paths()] == ["a[0]", "a[1][0]", "a[1][1]"]
    assert map_leaves(lambda a, b: a + b, {"x": 1, "y": [2]}, {"x": 10, "y": [20]}) == {"x": 11, "y": [22]}


def test_a_whole_number_repeats_a_list_and_multiplies_an_array() -> None:
    def repeated(w, n):
        return sum(v @ v for v in [w] * n) + len((1, 2) * n) + sum(n * [w[0]])

    w = np.array([1.0, 2.0])
    assert gw.trace(repeated, w, 3).run(w, 3).outputs == (repeated(w, 3),)
    assert gw.trace(lambda n: np.array([1.0, 2.0]) * n, 3).run(3).outputs[0].tolist() == [3.0, 6.0]
    assert gw.trace(lambda n: [1.0, 2.0] * n, np.array(3)).run(np.array(3)).outputs[0].tolist() == [3.0, 6.0]
