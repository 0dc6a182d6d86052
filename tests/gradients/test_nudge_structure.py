"""Following nudges through the graph gives what the plain loop gives, to rounding, whatever the function is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.gradients.nudging import structure
from gradwork.gradients.nudging.noise import measure_noise
from gradwork.gradients.nudging.sampler import Sampler, entries_of
from gradwork.gradients.nudging.start import started
from gradwork.gradients.nudging.structured import StructuredSampler, structured_sampler

ACTIVATIONS = {
    "tanh": np.tanh, "sigmoid": gw.sigmoid, "relu": gw.relu, "softplus": gw.softplus, "sine": np.sin,
    "none": lambda z: z,
    "leaky": lambda z: np.where(z > 0, z, 0.1 * z),
}  # fmt: skip


def net(rng, sizes, rows, activation, loss, layout="rows"):
    """A network of any depth as a function of its weights and biases, and a point."""
    act = ACTIVATIONS[activation]
    inputs = rng.standard_normal((rows, sizes[0]))
    labels = rng.integers(0, sizes[-1], rows)
    wanted = rng.standard_normal((rows, sizes[-1]))
    weights = [rng.standard_normal((a, b)) / np.sqrt(a) for a, b in itertools.pairwise(sizes)]
    biases = [0.3 * rng.standard_normal(b) for b in sizes[1:]]

    def scores(weights, biases):
        a = inputs
        for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
            z = a @ w + b if layout == "rows" else (w.T @ a.T + b[:, None]).T
            a = act(z) if k < len(weights) - 1 else z
        return a

    def f(weights, biases):
        z = scores(weights, biases)
        if loss == "mse":
            return np.mean((z - wanted) ** 2)
        if loss == "picked":
            return -np.mean(gw.log_softmax(z)[np.arange(rows), labels])
        if loss == "one-hot":
            return -np.sum(np.eye(sizes[-1])[labels] * gw.log_softmax(z, axis=1)) / rows
        if loss == "by hand":
            shifted = z - z.max(axis=1, keepdims=True)
            return np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(rows), labels])
        return np.mean(gw.softmax(z) ** 2) + gw.logsumexp(z)

    return f, (weights, biases)


def both_ways(f, *args, wrt=0, step=1e-3):
    """Results at nudged points by the plain loop and through the graph, and the sampler that followed it."""
    start = started(f, args, {}, wrt)
    entries = entries_of(start.subject)
    noise = measure_noise(start.subject, entries, start.base, start.unit)
    sampler = structured_sampler(start, entries, noise.size)
    assert sampler is not None, "the function was not traced"
    ids = np.arange(len(entries.part))
    offsets = np.stack([np.full(len(ids), step), np.full(len(ids), -2 * step)])
    plain = Sampler(start.subject, entries).sample(ids, offsets).values
    return plain, sampler.sample(ids, offsets).values, sampler


def assert_same(f, *args, wrt=0, step=1e-3, followed=True):
    plain, found, sampler = both_ways(f, *args, wrt=wrt, step=step)
    scale = np.abs(plain[np.isfinite(plain)]).max(initial=1.0)
    assert np.allclose(plain, found, rtol=0, atol=200 * 2.0**-53 * scale, equal_nan=True), np.nanmax(
        np.abs(plain - found)
    )
    if followed:
        assert all(sampler.mode_of(part) == "structure" for part in sampler.subject.moving)


@pytest.mark.parametrize("layout", ["rows", "columns"])
@pytest.mark.parametrize("loss", ["mse", "picked", "one-hot", "by hand", "shares"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_networks(activation, loss, layout):
    rng = np.random.default_rng(1)
    for sizes in ((3, 4), (2, 3, 1), (3, 5, 4), (2, 4, 3, 3)):
        f, point = net(rng, sizes, 6, activation, loss, layout)
        assert_same(f, *point, wrt=(0, 1))


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=5), rows=st.integers(1, 6), seed=st.integers(0, 99),
    activation=st.sampled_from(sorted(ACTIVATIONS)), loss=st.sampled_from(["mse", "picked", "one-hot", "by hand"]),
    layout=st.sampled_from(["rows", "columns"]), step=st.sampled_from([1e-6, 1e-2, 3.0]),
)  # fmt: skip
def test_networks_of_any_shape(sizes, rows, seed, activation, loss, layout, step):
    f, point = net(np.random.default_rng(seed), sizes, rows, activation, loss, layout)
    assert_same(f, *point, wrt=(0, 1), step=step)


A = np.random.default_rng(5).standard_normal((4, 4))
S = np.random.default_rng(6).standard_normal((3, 4, 4))
V = np.array([0.5, -1.0, 2.0, 0.3])

FUNCTIONS = {
    "used twice": lambda w: np.sum(np.tanh(A @ w) @ w),
    "used as its own transpose": lambda w: np.sum(np.sin(w.T @ w)),
    "beside a matrix product": lambda w: np.sum(np.tanh(A @ w) + w) + np.sum(w**2),
    "rows picked": lambda w: np.sum(np.exp(w[1:3]) @ A),
    "an entry picked twice": lambda w: np.sum(w[[0, 0, 2]] ** 2) + w[1, 1] ** 3,
    "a flat vector taken apart": lambda w: np.mean(
        np.tanh(A @ w.reshape(-1)[:12].reshape(4, 3)) + w.reshape(-1)[12:15]
    ),
    "a stack of matrices": lambda w: np.sum(np.tanh(S @ w)),
    "a stack on the right": lambda w: np.sum(np.tanh(w @ S)),
    "einsum": lambda w: np.einsum("ij,kjl,il->", w, S, np.cos(w)),
    "joined": lambda w: (
        np.sum(np.concatenate([w, A], axis=1) @ np.ones((8, 2))) + np.sum(np.stack([w, w * A], axis=-1) ** 2)
    ),
    "running sums": lambda w: np.sum(np.cumsum(w, axis=1) ** 2),
    "solved": lambda w: np.sum(np.linalg.solve(w + 5 * np.eye(4), V)),
    "extremes": lambda w: np.max(w, axis=0).sum() + np.min(w @ A) * np.max(np.abs(w)),
    "product": lambda w: np.prod(1 + w, axis=1).sum() + np.prod(w),
    "batch norm": lambda w: np.sum(((A @ w - (A @ w).mean(axis=0)) / np.sqrt((A @ w).var(axis=0) + 0.1)) ** 3),
    "layer norm": lambda w: np.sum(
        ((A @ w - (A @ w).mean(axis=1, keepdims=True)) / (A @ w).std(axis=1, keepdims=True)) ** 3
    ),
    "vectors": lambda w: np.tanh(V @ w) @ V + V @ (w @ V) + (w @ V) @ (V @ w),
    "sorted": lambda w: np.sum(np.sort(w, axis=1)[:, 0] * V),
    "norm": lambda w: np.linalg.norm(w) + np.linalg.norm(w @ A, axis=1).sum(),
    "moved axes": lambda w: np.sum(np.moveaxis(S * w, 0, -1).reshape(4, -1) ** 2 @ np.ones(12)),
    "sizes of one": lambda w: (
        np.sum(w[:, None, :, None] * S[0][None, :, :, None]) + np.sum(w[:1] * A) + np.sum(w[:, :1] * A)
    ),
    "many results": lambda w: np.tanh(A @ w),
    "a whole number of it": lambda w: np.sum(np.floor(3 * w) * w),
    "out of its domain": lambda w: np.sum(np.log(w + 1.9)),
    "infinite in between": lambda w: np.sum(np.exp(-np.exp(800 * w**2)) @ A),
    "not used": lambda w: np.sum(A @ A),
    "constant entries": lambda w: np.sum((0 * w + 2.0) @ A) + w[0, 0],
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    w = np.random.default_rng(7).standard_normal((4, 4))
    for step in (1e-4, 0.5):
        assert_same(FUNCTIONS[name], w, step=step)


@pytest.mark.parametrize("shape", [(), (1,), (5,), (1, 1), (2, 3), (2, 1, 3)])
def test_shapes(shape):
    w = np.random.default_rng(8).standard_normal(shape)
    assert_same(lambda w: np.sum(np.tanh(w) * w), w[()])
    assert_same(lambda w: np.sum(np.broadcast_to(w, (2, *shape)) ** 2), w[()])


def test_formulas_and_nested_arguments():
    x = np.linspace(-1, 1, 5)
    assert_same(lambda p: np.mean((x * p["w"] + p["b"][0]) ** 2), {"w": 2.0, "b": [0.5, None]})
    found = gw.nudge("mean((X @ w - 1)^2)", wrt="w", mode="structure", kwargs={"X": A, "w": V})
    plain = gw.nudge("mean((X @ w - 1)^2)", wrt="w", mode="definition", kwargs={"X": A, "w": V})
    assert found.mode == "structure" and plain.mode == "definition"
    assert np.allclose(found.gradient, plain.gradient, rtol=1e-9)


def test_every_scheme_gives_the_slopes_of_the_loop():
    f, (weights, biases) = net(np.random.default_rng(3), (4, 6, 3), 8, "tanh", "picked")
    for scheme in ("forward", "central", "richardson", "auto"):
        one = gw.nudge(f, weights, biases, wrt=(0, 1), scheme=scheme, mode="structure")
        other = gw.nudge(f, weights, biases, wrt=(0, 1), scheme=scheme, mode="definition")
        for mine, theirs, bar in zip(one.arrays.values(), other.arrays.values(), other.arrays.values(), strict=True):
            assert (np.abs(mine.slope - theirs.slope) <= 4 * bar.bar).all()
            assert np.array_equal(mine.step, theirs.step)
        assert set(one.modes.values()) == {"structure"}


def test_auto_looks_at_the_graph_for_many_entries_only():
    f, (weights, biases) = net(np.random.default_rng(3), (16, 16, 3), 4, "tanh", "mse")
    assert gw.nudge(f, weights, biases, wrt=0).mode == "per_unit"
    assert gw.nudge(f, weights, biases, wrt=0, scheme="central").mode == "structure"
    assert gw.nudge(f, weights, biases, wrt=0, step=1e-3).mode == "structure"
    assert gw.nudge(f, weights, biases, wrt=1).mode == "definition"
    assert gw.nudge(f, weights, biases, wrt=0, mode="definition").mode == "definition"
    assert gw.nudge(lambda w: float(np.sum(np.asarray(w, float))), np.ones(300)).mode == "definition"


def test_what_cannot_be_traced_stays_with_the_loop():
    def black_box(w):
        return sum(float(x) ** 2 for x in w)

    found = gw.nudge(black_box, V, mode="structure")
    assert found.mode == "definition"
    assert np.allclose(found.gradient, 2 * V)


def test_a_decision_that_hangs_on_the_entries_stays_with_the_loop():
    def f(w, v):
        total = np.sum(v**2)
        return total * np.sum(w) if w[0] > 0 else np.sum(w**2) * total

    found = gw.nudge(f, V, V, wrt=(0, 1), mode="structure")
    assert found.modes == {"w": "definition", "v": "structure"}
    assert found.mode == "definition: w; structure: v"


def test_a_function_that_does_something_else_when_traced_stays_with_the_loop():
    def f(w):
        # At the point both branches are equal, so that only nudged entries tell them apart.
        return np.sum(w**2) if type(w) is np.ndarray else np.sum(w**2 * (w - V) ** 2 + w**2)

    assert gw.nudge(f, V, mode="structure").gradient == pytest.approx(2 * V)

    def g(w):
        return np.sum(w**2) if type(w) is np.ndarray else np.sum(w**2 + (w - V))

    found = gw.nudge(g, V, mode="structure")
    assert found.mode == "definition"
    assert found.gradient == pytest.approx(2 * V)


def test_an_op_of_ones_own_is_evaluated_nudge_by_nudge():
    seen = []

    def inner(z):
        seen.append(z.shape)
        return np.sort(z, axis=0)[0]

    smallest = gw.custom_rule(inner, lambda g, y, z: np.zeros_like(z))
    assert_same(lambda w: np.sum(smallest(np.tanh(A @ w)) ** 2), A + 0.1)
    assert set(seen) == {(4, 4)}


def test_chunks_hold_their_bound(monkeypatch):
    rng = np.random.default_rng(9)
    f, point = net(rng, (5, 7, 6), 9, "tanh", "picked")
    plain, _, _ = both_ways(f, *point, wrt=(0, 1))
    for most in (1, 3000, 20_000):
        monkeypatch.setattr(structure, "MOST_BYTES", most)
        _, found, sampler = both_ways(f, *point, wrt=(0, 1))
        assert np.allclose(plain, found, rtol=1e-13)
        rooms = [sampler.structure.room(node) for node in sampler.node_of.values()]
        assert min(rooms) == 1 if most == 1 else max(rooms) < 200


def test_memory_stays_bounded():
    import tracemalloc

    f, (weights, biases) = net(np.random.default_rng(2), (60, 50, 10), 64, "tanh", "one-hot")
    start = started(f, (weights, biases), {}, (0, 1))
    entries = entries_of(start.subject)
    sampler = structured_sampler(start, entries, np.zeros(1) + 1e-15)
    assert sampler is not None
    ids = np.arange(len(entries.part))
    tracemalloc.start()
    sampler.sample(ids, np.full((1, len(ids)), 1e-6))
    assert tracemalloc.get_traced_memory()[1] < structure.MOST_BYTES
    tracemalloc.stop()


def test_an_interrupt_keeps_what_is_done(monkeypatch):
    f, (weights, _) = net(np.random.default_rng(2), (6, 50, 3), 8, "tanh", "picked")
    monkeypatch.setattr(structure, "MOST_BYTES", 100_000)
    chunks = []
    results = structure.Structure.results

    def interrupted(self, start, flat, targets):
        chunks.append(len(flat))
        if len(chunks) == 3:
            raise KeyboardInterrupt
        return results(self, start, flat, targets)

    monkeypatch.setattr(structure.Structure, "results", interrupted)
    found = gw.nudge(lambda w: f(w, [np.zeros(50), np.zeros(3)]), weights, mode="structure", scheme="forward")
    assert found.partial
    known = np.isfinite(np.concatenate([g.reshape(-1) for g in found.gradient]))
    assert not known.all()


def test_arrays_are_followed_together_where_they_meet():
    f, (weights, biases) = net(np.random.default_rng(2), (3, 4, 2), 5, "tanh", "picked")
    start = started(f, (weights, biases), {}, (0, 1))
    sampler = structured_sampler(start, entries_of(start.subject), np.zeros(1) + 1e-15)
    assert sampler is not None
    nodes = list(sampler.node_of.values())
    end, some = sampler.structure._next_meeting(tuple(nodes))
    assert (sampler.structure.graph.nodes[end].op, some) == ("add", (0, 2))
    nudges = [(n, np.arange(3), np.array([0.1, 0.2, 0.3])) for n in nodes[:2]]
    together = sampler.structure.results_together(nudges)
    apart = np.concatenate([sampler.structure.results(*nudge) for nudge in nudges], axis=1)
    assert np.allclose(together, apart, rtol=1e-15)


def test_nothing_to_nudge():
    found = gw.nudge(lambda w, v: np.sum(w) + np.sum(v**2), np.zeros((0, 3)), V, wrt=(0, 1), mode="structure")
    assert found.gradient[0].shape == (0, 3)
    assert found.gradient[1] == pytest.approx(2 * V)


def test_a_part_of_the_entries():
    f, point = net(np.random.default_rng(4), (3, 4, 2), 5, "tanh", "mse")
    plain, _, sampler = both_ways(f, *point, wrt=(0, 1))
    rows = np.array([0, 5, 14, 20])
    some = sampler.only(rows)
    assert isinstance(some, StructuredSampler)
    values = some.sample(np.arange(4), np.full((1, 4), 1e-3)).values
    assert np.allclose(values[0], plain[0, rows], rtol=1e-14)
