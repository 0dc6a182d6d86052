"""Nudges that are shared: the pattern is right, the slopes are those of nudging one at a time, and nothing spills."""

from __future__ import annotations

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ChangedArgumentError
from gradwork.gradients.nudging.branches import places_of
from gradwork.gradients.nudging.colouring import ColouredSampler, Spilled, coloured_sampler, colours_of
from gradwork.gradients.nudging.sampler import entries_of
from gradwork.gradients.nudging.sparsity import Dense, pattern_of
from gradwork.gradients.nudging.start import in_its_precision, started

BAND = np.diag(np.ones(9), 1) + np.diag(np.full(10, -2.0)) + np.diag(np.ones(9), -1)


def residual(x):
    y = np.concatenate([[0.0], x, [0.0]])
    return y[:-2] - 2 * y[1:-1] + y[2:] + 0.1 * np.exp(y[1:-1]) * y[2:]


def pattern(f, *args, wrt=0):
    """The dense pattern (results, entries) that is read off the graph; None where too much hangs together."""
    start = in_its_precision(started(f, args, {}, wrt))
    entries = entries_of(start.subject)
    count = len(entries.part)
    first = {
        node: int(np.flatnonzero(entries.part == part)[0])
        for part, node in places_of(start.trace, start.subject).items()
    }
    dense = np.zeros((len(start.base), count), dtype=bool)
    try:
        keys = pattern_of(start.trace.graph, start.trace.values, first, count)
    except Dense:
        return None
    dense[keys // count, keys % count] = True
    return dense


def moves(f, x):
    """Which results really move when an entry does, at a few sizes."""
    base = f(x)
    dense = np.zeros((base.size, x.size), dtype=bool)
    for j in range(x.size):
        for by in (0.3, -0.7, 5.0):
            moved = x.copy()
            moved.reshape(-1)[j] += by
            dense[:, j] |= (f(moved) != base).reshape(-1)
    return dense


EXACT = {
    "entry by entry": lambda x: np.tanh(x) * x + 1,
    "differences": lambda x: x[1:] - x[:-1],
    "band": residual,
    "constant band matrix": lambda x: np.tanh(BAND @ x),
    "from the left": lambda x: np.tanh(x @ BAND),
    "masked": lambda x: x * (np.arange(10) % 2) + np.arange(10),
    "where": lambda x: np.where(np.arange(10) > 4, x, x[::-1] ** 2),
    "blocks": lambda x: np.sum(x.reshape(5, 2) ** 2, axis=1),
    "softmax of blocks": lambda x: np.exp(x.reshape(5, 2)) / np.sum(np.exp(x.reshape(5, 2)), axis=1, keepdims=True),
    "rolled": lambda x: np.roll(x, 3) * x,
    "written": lambda x: written(x),
    "picked by positions": lambda x: x[np.array([3, 3, 1, 7])] ** 2,
    "stacked": lambda x: np.stack([x, np.sin(x)[::-1]]),
    "turned": lambda x: x.reshape(2, 5).T * np.arange(5.0)[:, None],
    "largest of blocks": lambda x: np.max(x.reshape(2, 5), axis=0),
}


def written(x):
    y = np.zeros(10)
    y[2:5] = x[:3]
    y[0] = x[9] * x[8]
    return y + x


@pytest.mark.parametrize("name", EXACT)
def test_the_pattern_is_exact(name):
    x = np.random.default_rng(3).standard_normal(10)
    assert np.array_equal(pattern(EXACT[name], x), moves(EXACT[name], x))


def random_program(seed):
    """A random function of a vector of 12 that moves entries about, adds up some of them, and bends them."""
    rng = np.random.default_rng(seed)
    steps = []
    for _ in range(rng.integers(1, 6)):
        kind = int(rng.integers(14))
        cut, order = int(rng.integers(1, 5)), rng.permutation(12)
        matrix = rng.standard_normal((12, 12)) * (rng.random((12, 12)) < 0.15)
        mask = rng.random(12) < 0.5
        steps.append(
            [
                np.tanh,
                lambda z, c=cut: np.roll(z, c) * z,
                lambda z, o=order: z[o] + 1,
                lambda z, m=matrix: m @ z + 0.5,
                lambda z, m=matrix: z @ m - 0.5,
                lambda z, m=mask: np.where(m, z, np.sin(z[::-1])),
                lambda z, m=mask: z * m + 0.3,
                lambda z: np.repeat(np.mean(z.reshape(4, 3), axis=1), 3) + z,
                lambda z: np.cumsum(z.reshape(6, 2), axis=1).reshape(-1),
                lambda z: np.sort(z.reshape(3, 4), axis=0).T.reshape(-1),
                lambda z: np.concatenate([z[6:] ** 2, z[:6]]),
                lambda z, c=cut: np.pad(z[c:], (c, 0)) + 1.0,
                lambda z: np.maximum(z, 0.1 * z[::-1]),
                lambda z: (z.reshape(2, 6) - np.max(z.reshape(2, 6), axis=0)).reshape(-1),
            ][kind]
        )

    def f(x):
        z = x
        for step in steps:
            z = step(z)
        return z

    return f


def test_random_programs_give_patterns_that_miss_nothing_and_slopes_of_the_definition():
    shared = 0
    for seed in range(200):
        f, x = random_program(seed), np.random.default_rng(seed).standard_normal(12)
        found = pattern(f, x)
        if found is not None:
            assert not (moves(f, x) & ~found).any(), seed
        one, several = (gw.nudge(f, x, scheme="central", mode=mode) for mode in ("definition", "coloured"))
        shared += several.colours > 0
        assert np.array_equal(one.gradient, several.gradient), seed
        assert np.array_equal(one.kinks, several.kinks), seed
        # What a result does not hang on has a slope of 0, and no doubt about it.
        assert (several.error <= one.error).all(), seed
    assert shared > 100


@pytest.mark.parametrize("scheme", ["forward", "central", "richardson"])
def test_a_band_of_any_size_takes_three_groups_and_the_same_slopes_to_the_last_bit(scheme):
    x = np.random.default_rng(0).standard_normal(60)
    one, shared = (gw.nudge(residual, x, scheme=scheme, mode=mode) for mode in ("definition", "auto"))
    assert (shared.mode, shared.colours, one.colours) == ("coloured", 3, 0)
    assert shared.evaluations < one.evaluations / 3
    for name in ("gradient", "step", "before", "after", "below", "left", "right", "curvature"):
        mine, theirs = getattr(shared, name), getattr(one, name)
        assert (mine is None) == (theirs is None)
        assert mine is None or np.array_equal(mine, theirs), name
    assert shared.assumed["x"]


def test_the_best_steps_are_found_for_all_at_once():
    x = np.random.default_rng(0).standard_normal(300)
    found = gw.nudge(residual, x)
    truth = gw.jacobian(residual)(x)
    assert found.colours == 3
    assert found.evaluations < 80
    assert (np.abs(found.gradient - truth) <= 4 * found.error).all()
    assert np.abs(found.gradient - truth).max() < 1e-8


def test_entry_by_entry_takes_one_group():
    found = gw.nudge(lambda x: np.sin(x) ** 2, np.linspace(0, 3, 50))
    assert found.colours == 1
    assert np.allclose(np.diag(found.gradient), np.sin(2 * np.linspace(0, 3, 50)), atol=1e-9)


def test_rows_of_a_batch_share_nudges_and_weights_do_not():
    rng = np.random.default_rng(1)
    X, w = rng.standard_normal((30, 4)), rng.standard_normal(4)

    def losses(X, w):
        return np.tanh(X @ w) ** 2

    rows = gw.nudge(losses, X, w, wrt=0)
    assert rows.colours == 4
    assert np.abs(rows.gradient - gw.jacobian(losses)(X, w)).max() < 1e-9
    assert gw.nudge(losses, X, w, wrt=1).colours == 0
    assert gw.nudge(losses, X, w, wrt=(0, 1), mode="coloured").colours == 8


def test_a_grid_in_two_directions():
    def heat(u):
        v = np.pad(u, 1)
        return v[:-2, 1:-1] + v[2:, 1:-1] + v[1:-1, :-2] + v[1:-1, 2:] - 4 * u + u**3

    u = np.random.default_rng(2).standard_normal((12, 9))
    found = gw.nudge(heat, u)
    assert 5 <= found.colours <= 8
    assert np.abs(found.gradient - gw.jacobian(heat)(u)).max() < 1e-8


def test_an_arrow_gains_nothing_and_is_not_shared():
    x = np.random.default_rng(0).standard_normal(40)
    found = gw.nudge(lambda x: np.concatenate([x[1:] * x[0], [np.sum(x**2)]]), x, mode="coloured")
    assert (found.colours, found.mode) == (0, "definition")


def test_several_arguments_of_different_sizes():
    def f(a, b, c):
        return np.concatenate([a * b[0], b**2, np.sin(c.reshape(-1))])

    rng = np.random.default_rng(0)
    a, b, c = rng.standard_normal(20), rng.standard_normal(3), rng.standard_normal((4, 5))
    found = gw.nudge(f, a, b, c, wrt=(0, 1, 2))
    assert found.colours == 2
    for mine, truth in zip(found.gradient, gw.jacobian(f, wrt=(0, 1, 2))(a, b, c), strict=True):
        assert mine.shape == truth.shape
        assert np.allclose(mine, truth, atol=1e-8)


def test_a_kink_in_one_entry_leaves_the_others_alone():
    x = np.random.default_rng(0).standard_normal(50)
    x[[7, 20]] = 0.0
    found = gw.nudge(lambda x: np.abs(x) + x**2, x)
    assert found.colours == 1
    assert [(k.name, k.index, k.result, k.op) for k in found.kinks] == [
        ("x", (7,), (7,), "absolute"),
        ("x", (20,), (20,), "absolute"),
    ]
    assert found.kinks[0].left == pytest.approx(-1.0) and found.kinks[0].right == pytest.approx(1.0)
    others = np.delete(np.arange(50), [7, 20])
    assert np.allclose(np.diag(found.gradient)[others], (np.sign(x) + 2 * x)[others], rtol=1e-8)
    assert (np.diag(found.error)[others] < 1e-6).all()


def test_the_edge_of_the_domain_is_met_by_one_and_not_by_all():
    x = np.linspace(0.0, 3.0, 30)
    found = gw.nudge(lambda x: x * np.sqrt(x), x)
    assert found.one_sided == (("x", (0,)),)
    assert np.allclose(np.diag(found.gradient)[1:], 1.5 * np.sqrt(x[1:]), rtol=1e-7)


def test_a_function_that_raises_outside_its_domain():
    def f(x):
        if type(x) is np.ndarray and (x < 0).any():
            raise ValueError("no")
        return x * np.sqrt(x)

    x = np.array([0.0, 1.0, 4.0, 9.0])
    found = gw.nudge(f, x, mode="coloured")
    assert found.colours == 1
    assert found.one_sided == (("x", (0,)),)
    assert np.allclose(np.diag(found.gradient)[1:], 1.5 * np.sqrt(x[1:]))


def test_what_moves_without_being_in_the_pattern_is_found_out():
    x = np.random.default_rng(0).standard_normal(20)
    start = in_its_precision(started(residual, (x,), {}, 0))
    sampler = coloured_sampler(start, entries_of(start.subject), asked=True)
    wrong = ColouredSampler(
        start.subject, sampler.entries, start.base, sampler.own[:, :1].copy(), np.zeros(20, dtype=int)
    )
    with pytest.raises(Spilled):
        wrong.together(np.arange(0, 20, 5), x[::5] + 0.1)


def test_a_function_that_does_something_else_when_it_is_not_traced_is_nudged_entry_by_entry():
    def f(x):
        if type(x) is np.ndarray and x[3] > 0.5000001:
            return x**2 + 1e-3 * x[3]
        return x**2

    x = np.full(40, 0.5)
    found = gw.nudge(f, x, mode="coloured", scheme="central", step=0.01)
    one = gw.nudge(f, x, mode="definition", scheme="central", step=0.01)
    assert np.array_equal(found.gradient, one.gradient)


def test_a_decision_of_pythons_is_not_shared():
    def f(x):
        return x**2 if x[0] > 0 else x

    assert gw.nudge(f, np.ones(8), mode="coloured").colours == 0


def test_a_changed_argument_is_named():
    def f(x):
        y = x * 2
        x *= 1.0 + 1e-9
        return y

    with pytest.raises(ChangedArgumentError, match="x"):
        gw.nudge(f, np.ones(6), mode="coloured")


def test_the_definition_never_shares():
    found = gw.nudge(residual, np.ones(30), mode="definition")
    assert (found.mode, found.colours) == ("definition", 0)


def test_single_precision_stays_on_its_grid():
    x = np.random.default_rng(0).standard_normal(30).astype(np.float32)
    found = gw.nudge(lambda x: np.tanh(x.astype(np.float32)) * np.float32(2), x)
    truth = 2 * (1 - np.tanh(x.astype(float)) ** 2)
    assert found.colours == 1
    assert (np.abs(np.diag(found.gradient) - truth) <= 4 * np.diag(found.error)).all()


def test_an_interrupt_leaves_what_is_done():
    calls = 0

    def f(x):
        nonlocal calls
        calls += 1
        if type(x) is np.ndarray and calls == 33:
            raise KeyboardInterrupt
        return residual(x)

    found = gw.nudge(f, np.random.default_rng(0).standard_normal(30), mode="coloured")
    assert found.partial
    assert np.isfinite(found.gradient).any()
    assert (np.isinf(found.error) == np.isnan(found.gradient)).all()


def test_colours_are_as_few_as_the_fullest_result_asks_for_where_that_can_be():
    rng = np.random.default_rng(0)
    for width in (1, 2, 5):
        size = 40
        pairs = [(i, j) for i in range(size) for j in range(max(0, i - width), min(size, i + width + 1))]
        shuffled = rng.permutation(size)
        results, entries = np.array(pairs).T
        colour = colours_of(results, shuffled[entries], size)
        for i in range(size):
            mine = colour[shuffled[entries[results == i]]]
            assert len(set(mine.tolist())) == len(mine)
        assert colour.max() + 1 <= 2 * width + 1 + width


def test_what_is_not_read_at_all():
    found = gw.nudge(lambda x: x[:4] ** 2, np.arange(1.0, 9.0), mode="coloured")
    assert found.colours == 1
    assert np.array_equal(found.gradient[:, 4:], np.zeros((4, 4)))
    assert np.array_equal(found.error[:, 4:], np.zeros((4, 4)))
