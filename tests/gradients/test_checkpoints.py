"""Going back with few values kept: the same gradient to the bit, in less memory, on the shortest schedule."""

from __future__ import annotations

import functools
import tracemalloc
from typing import Any

import numpy as np
import programs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.errors import ArgumentError
from gradwork.gradients.cancelling import cancelling
from gradwork.gradients.checkpoints import Schedule, reach
from gradwork.graph.tree import flatten

R = np.random.default_rng(0)
X, W, V = R.normal(size=(6, 4)), R.normal(size=(4, 4)), R.normal(size=4)
SQUARE = X[:4] @ X[:4].T + np.eye(4)


def recurrent(h: Any, w: Any) -> Any:
    for _ in range(7):
        h = np.tanh(h @ w)
    return np.sum(h * h)


def with_skips(x: Any, w: Any) -> Any:
    first, states = x, []
    for _ in range(6):
        x = np.sin(x * w) + 0.1 * first
        states.append(x)
    return np.sum(states[1] * states[-1]) + np.mean(np.stack(states))


def written_in_place(x: Any, w: Any) -> Any:
    y = x * 2
    view = y[1:]
    for k in range(3):
        y[k] = np.sum(view) * w
        view += w
        y *= 1.1
    return np.sum(y**3)


def deciding(x: Any) -> Any:
    while np.sum(x * x) < 50:
        x = x * 1.5 if np.max(x) < 2 else x + np.abs(x)
    return np.sum(np.exp(-x))


def factored(a: Any) -> Any:
    for _ in range(2):
        values, vectors = np.linalg.eigh(a)
        a = vectors * np.sqrt(values) @ vectors.T + 0.3 * a
    return np.sum(a**2) + np.linalg.slogdet(a)[1]


def of_trees(weights: Any, x: Any) -> Any:
    for w, b in weights["layers"]:
        x = np.maximum(x @ w + b, 0)
    return np.mean(x) * weights["scale"]


PROGRAMS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "a number": (lambda x: np.sin(x) ** 2 * x, (0.7,)),
    "the argument itself": (lambda x: x, (0.7,)),
    "a constant": (lambda x: 3.0 + 0 * x, (0.7,)),
    "not of all": (lambda x, y: np.sum(x), (V, V)),
    "one entry": (lambda x: np.exp(x), (np.array([0.5]),)),
    "recurrent": (recurrent, (V, W)),
    "skips": (with_skips, (X, 0.9)),
    "in place": (written_in_place, (V, 0.8)),
    "decisions": (deciding, (V,)),
    "factorisations": (factored, (SQUARE,)),
    "trees": (of_trees, ({"layers": [(W, V), (W, V * 0.1)], "scale": 2.0}, X)),
    "float32": (lambda x: np.sum(np.tanh(x * x) / 3), (X.astype(np.float32),)),
    "complex": (lambda z: np.abs(np.sum(np.exp(z) * z)) ** 2, (V + 1j * V[::-1],)),
    "softmax": (lambda x: -np.mean(gw.log_softmax(np.tanh(x) @ W)[:, 0]), (X,)),
    "sorted": (lambda x: np.sum(np.sort(x, axis=0) * np.arange(6.0)[:, None] * np.median(x)), (X,)),
    "lists": (lambda x: np.sum(np.array([x[0] * x[1], np.sin(x[2]), 1.0]) ** 2), (V,)),
    "ties": (lambda x: np.max(np.maximum(x, 0)) + np.prod(x), (np.array([1.0, 1.0, 0.0]),)),
    "empty": (lambda x: np.sum(x**2) + 1.0, (np.zeros((0, 3)),)),
}


def assert_to_the_bit(got: Any, wanted: Any) -> None:
    mine, structure = flatten(got)
    theirs, other = flatten(wanted)
    assert structure == other
    for one, two in zip(mine, theirs, strict=True):
        assert type(one) is type(two)
        if one is None or isinstance(one, str):
            continue
        assert (one.dtype, one.shape) == (two.dtype, two.shape)
        assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("checkpoints", [1, 2, 5, 100])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_gradient_is_the_plain_one_to_the_bit(name: str, checkpoints: int) -> None:
    f, args = PROGRAMS[name]
    wrt = tuple(range(len(args)))
    assert_to_the_bit(gw.value_and_grad(f, wrt, checkpoints=checkpoints)(*args), gw.value_and_grad(f, wrt)(*args))
    assert_to_the_bit(gw.grad(f, 0, checkpoints=checkpoints)(*args), gw.grad(f, 0)(*args))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_programs_as_people_write_them_too(name: str) -> None:
    f, args = programs.PROGRAMS[name]
    wanted, got = gw.grad(f)(*args), gw.grad(f, checkpoints=2)(*args)
    if cancelling(gw.trace(f, *args)):
        # Nothing goes back through a largest score that cancels, where the whole graph is there to show it.
        for one, two in zip(flatten(got)[0], flatten(wanted)[0], strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-15)
        return
    assert_to_the_bit(got, wanted)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("asmtxdr"), st.integers(0, 5)), min_size=1, max_size=25), st.integers(1, 6))
def test_random_chains_give_the_plain_gradient_to_the_bit(steps: list[tuple[str, int]], checkpoints: int) -> None:
    def f(x: Any, w: Any) -> Any:
        states = [x]
        for kind, back in steps:
            old = states[max(len(states) - 1 - back, 0)]
            x = {
                "a": lambda x, o: x + o, "s": lambda x, o: np.sin(x) - o, "m": lambda x, o: x * o * 0.5,
                "t": lambda x, o: np.tanh(x @ w), "x": lambda x, o: np.maximum(x, o),
                "d": lambda x, o: x / (1 + o * o), "r": lambda x, o: (x[::-1] + np.sum(o, axis=0)) * 0.3,
            }[kind](x, old)  # fmt: skip
            states.append(x)
        return np.sum(x * np.cos(x))

    wanted = gw.value_and_grad(f, (0, 1))(X, W)
    assert_to_the_bit(gw.value_and_grad(f, (0, 1), checkpoints=checkpoints)(X, W), wanted)


def test_a_thousand_steps_of_a_megabyte_take_about_as_many_as_there_are_snapshots() -> None:
    def f(x: Any) -> Any:
        for _ in range(1000):
            x = x * x
        return np.sum(x)

    x = np.full(131_072, 1.0 + 1e-305)  # one megabyte
    go_back = gw.grad(f, checkpoints=10)
    go_back(x[:2])
    tracemalloc.start()
    try:
        gradient = go_back(x)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
    assert gradient.shape == x.shape
    assert peak < 10 + 10


def test_a_lean_trace_keeps_what_the_function_keeps() -> None:
    from gradwork.graph.trace import trace_call

    traced = trace_call(lambda x: np.sum(np.sin(np.cos(np.exp(x)))), (np.ones(1000),), lean=True)
    assert traced.builder.kept() == 8  # type: ignore[attr-defined]


def test_nested_gradients_are_right_too() -> None:
    inner = gw.grad(lambda x: np.sin(x) * x**2, checkpoints=2)
    assert gw.grad(inner)(0.7) == gw.grad(gw.grad(lambda x: np.sin(x) * x**2))(0.7)
    assert gw.grad(lambda x: inner(x) * x, checkpoints=2)(0.7) == gw.grad(lambda x: inner(x) * x)(0.7)


@pytest.mark.parametrize("checkpoints", [0, -1, 2.5, True, "10"])
def test_what_is_no_number_of_snapshots_is_refused(checkpoints: Any) -> None:
    with pytest.raises(ArgumentError, match="no number of snapshots"):
        gw.grad(np.sum, checkpoints=checkpoints)


# -- the schedule -----------------------------------------------------------------------------------------------------


@functools.cache
def fewest(steps: int, snapshots: int) -> int:
    """How many steps have to be gone at least, by trying every place for the next snapshot."""
    if steps <= 1:
        return 0
    if snapshots == 0:
        return steps * (steps - 1) // 2
    ways = (m + fewest(steps - m, snapshots - 1) + fewest(m, snapshots) for m in range(1, steps))
    return min(ways)


@pytest.mark.parametrize("snapshots", range(6))
def test_no_schedule_carries_out_fewer_steps(snapshots: int) -> None:
    for steps in range(1, 40):
        assert Schedule(steps, snapshots).carried_out_again == steps + fewest(steps, snapshots)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(0, 12))
def test_a_schedule_goes_back_through_every_step_once_with_no_more_snapshots_than_allowed(
    steps: int, free: int
) -> None:
    kept, at, back = {0}, 0, []
    for action in Schedule(steps, free).actions:
        if action.what == "go":
            assert action.first in kept
            at = action.last
        elif action.what == "keep":
            assert at == action.first
            kept.add(at)
            assert len(kept) <= free + 1
        else:
            assert action.first in kept or action.first == at
            kept.discard(action.first)
            back.append(action.first)
    assert back == list(range(steps))[::-1]


def test_as_many_steps_as_the_binomial_says_need_no_more_repeats() -> None:
    # Of binomial(s + r, s) steps none is carried out more than r times before its turn; the start is a slot too.
    for slots, repeats in ((2, 3), (3, 3), (4, 2)):
        steps = reach(slots, repeats)
        total = Schedule(steps, slots - 1).carried_out_again - steps
        assert total == repeats * steps - reach(slots + 1, repeats - 1)


def test_long_chains_need_no_recursion() -> None:
    def f(x: Any) -> Any:
        for _ in range(3000):
            x = x * 1.0001
        return x

    assert gw.grad(f, checkpoints=40)(1.0) == gw.grad(f)(1.0)


def test_a_schedule_prints() -> None:
    assert str(Schedule(2, 1)).splitlines() == [
        "2 steps, 1 snapshot(s), 3 steps carried out again",
        "  go on from step 0 to step 1",
        "  keep a snapshot before step 1",
        "  go back through step 1",
        "  go back through step 0",
    ]
