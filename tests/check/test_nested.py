"""Nested parameters: every array has a name of its own, and one wrong array among many is found and named."""

from __future__ import annotations

import sys
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.graph.tree import flatten, leaf_names

Two = namedtuple("Two", "W b")


@dataclass
class Layer:
    """Parameters as people keep them."""

    W: Any
    b: Any


SHAPES = st.sampled_from([(), (2,), (3,), (2, 3), (3, 2), (1,)])
KEYS = st.sampled_from(["W", "b", "a", "W_2", "a b", "0", "layers"])
TREES = st.recursive(
    SHAPES.map(lambda shape: np.zeros(shape)),
    lambda inside: (
        st.lists(inside, min_size=1, max_size=3)
        | st.lists(inside, min_size=1, max_size=3).map(tuple)
        | st.dictionaries(KEYS, inside, min_size=1, max_size=3)
        | st.builds(Layer, inside, inside)
        | st.builds(Two, inside, inside)
    ),
    max_leaves=8,
)


def loss(params: Any) -> Any:
    """A loss in which every entry has a slope of its own."""
    return sum((k + 1) * np.sum(np.sin(leaf) * weights(leaf)) for k, leaf in enumerate(flatten(params)[0]))


def weights(leaf: Any) -> Any:
    """1, 2, 3, ... in the shape of a leaf."""
    return 1 + np.arange(np.size(leaf)).reshape(np.shape(leaf))


def slopes(tree: Any) -> list[Any]:
    """Its slopes, leaf by leaf."""
    return [(k + 1) * np.cos(leaf) * weights(leaf) for k, leaf in enumerate(flatten(tree)[0])]


def filled(tree: Any, seed: int) -> Any:
    """The tree with random numbers in it."""
    leaves, structure = flatten(tree)
    random = np.random.default_rng(seed)
    return structure.build(iter([random.normal(size=np.shape(leaf)) for leaf in leaves]))


@given(TREES, st.integers(0, 99), st.data())
@settings(max_examples=12, deadline=None)
def test_one_wrong_array_among_many_is_found_and_named(tree: Any, seed: int, data: Any) -> None:
    params = filled(tree, seed)
    leaves, structure = flatten(params)
    (names,) = leaf_names([("params", structure)])
    spoiled = data.draw(st.integers(0, len(leaves) - 1))

    def right(params: Any) -> Any:
        return structure.build(iter(slopes(params)))

    def wrong(params: Any) -> Any:
        return structure.build(iter([1.5 * s if k == spoiled else s for k, s in enumerate(slopes(params))]))

    assert gw.check(loss, right, params, wrt=0).ok
    found = gw.check(loss, wrong, params, wrt=0)
    assert list(found.verdicts) == names
    assert [name for name, verdict in found.verdicts.items() if verdict.wrong] == [names[spoiled]]
    assert not gw.check(loss, wrong(params), params, wrt=0).ok


@given(st.lists(st.tuples(KEYS, TREES), min_size=1, max_size=3, unique_by=lambda pair: pair[0]))
@settings(max_examples=60, deadline=None)
def test_no_two_arrays_ever_share_a_name(arguments: Any) -> None:
    names = leaf_names([(label, flatten(tree)[1]) for label, tree in arguments])
    flat = [name for inside in names for name in inside]
    assert len(set(flat)) == len(flat)
    assert [len(inside) for inside in names] == [len(flatten(tree)[0]) for _, tree in arguments]


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"W": 1.0, "b": 2.0}, ["W", "b"]),
        ([{"W": 1.0}, {"W": 2.0}], ['params[0]["W"]', 'params[1]["W"]']),
        ({"a": {"W": 1.0}, "b": {"W": 2.0}}, ['params["a"]["W"]', 'params["b"]["W"]']),
        ([Layer(1.0, 2.0), {"W": 3.0}], ["params[0].W", "b", 'params[1]["W"]']),
        ((Two(1.0, 2.0), Two(3.0, 4.0)), ["params[0].W", "params[0].b", "params[1].W", "params[1].b"]),
    ],
)
def test_names_are_short_where_they_are_the_only_ones_and_written_out_elsewhere(params: Any, names: list[str]) -> None:
    assert leaf_names([("params", flatten(params)[1])]) == [names]


def test_keys_that_print_alike_are_counted() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "odd"

    tree = {Odd(): 1.0, Odd(): 2.0, Odd(): 3.0}
    assert leaf_names([("p", flatten(tree)[1])]) == [["p[odd]", "p[odd]_2", "p[odd]_3"]]


def test_two_arguments_with_the_same_keys_are_told_apart() -> None:
    def both(left: Any, right: Any) -> Any:
        return np.sum(left["W"] ** 2) * right["W"]

    def back(left: Any, right: Any) -> Any:
        return {"W": 2 * left["W"] * right["W"]}, {"W": 2 * np.sum(left["W"] ** 2)}

    found = gw.check(both, back, {"W": np.array([1.0, 2.0])}, {"W": 3.0}, wrt=(0, 1))
    assert list(found.verdicts) == ['left["W"]', 'right["W"]']
    assert [v.wrong for v in found.verdicts.values()] == [False, True]


def test_large_nested_models_are_moved_at_the_right_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["gradwork.check.sampled"], "SECONDS", 0.0)
    random = np.random.default_rng(0)
    same = random.normal(size=(40, 60))
    params = [{"W": same.copy()}, {"W": same.copy()}]

    def squares(params: Any) -> Any:
        return np.sum(params[0]["W"] ** 2) + 3 * np.sum(params[1]["W"] ** 2)

    def second_only(params: Any) -> Any:
        return [{"W": None}, {"W": 6 * params[1]["W"]}]

    def second_wrong(params: Any) -> Any:
        return [{"W": None}, {"W": 2 * params[1]["W"]}]

    right = gw.check(squares, second_only, params)
    assert right.ok
    assert right.nudged is None
    assert not gw.check(squares, second_wrong, params).ok


def test_nudging_calls_them_by_the_same_names() -> None:
    params = [{"W": np.ones(2)}, {"W": np.ones(2)}]
    found = gw.nudge(lambda params: np.sum(params[0]["W"] * params[1]["W"]), params)
    assert list(found.arrays) == ['params[0]["W"]', 'params[1]["W"]']
