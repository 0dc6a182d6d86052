"""`gw.compile(..., backend="jax")`: the same results as NumPy's, by XLA, in the same precision."""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import MissingExtraError, MissingRuleError
from gradwork.graph.tree import flatten
from gradwork.lowering.jax_program import in_double

jax = pytest.importorskip("jax")

R = np.random.default_rng(0)
X, W, B, V = R.normal(size=(6, 4)), R.normal(size=(4, 3)), R.normal(size=3), R.normal(size=4)
LABELS = R.integers(0, 3, 6)


def cross_entropy(x: Any, w: Any) -> Any:
    z = x @ w
    z = z - z.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.mean(logp[np.arange(len(LABELS)), LABELS])


def written_in_place(x: Any, w: Any) -> Any:
    y = x * 2
    y[0] = w * 3
    y[1:] += w
    y[np.array([1, 1, 2])] = x[:3]
    return np.sum(y**3)


def of_trees(weights: Any, x: Any) -> Any:
    for w, b in weights["layers"]:
        x = np.maximum(x @ w + b, 0)
    return np.mean(x) * weights["scale"]


PROGRAMS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "line": (lambda x, w, y: (x * w - y) ** 2, (3.0, 2.0, 5.0)),
    "network": (lambda x, w, b: np.mean((np.tanh(x @ w + b) - 1) ** 2), (X, W, B)),
    "cross-entropy": (cross_entropy, (X, W)),
    "cross-entropy, large scores": (lambda x, w: cross_entropy(x * 400, w), (X, W)),
    "softplus and relu": (lambda x: np.sum(gw.softplus(x * 30) * gw.relu(x) + gw.sigmoid(x)), (X,)),
    "corners": (lambda x: np.sum(np.maximum(x, 0) + np.abs(x) + np.clip(x, 0, 1)), (np.array([0.0, 1.0, -2.0]),)),
    "in place": (written_in_place, (V, 2.0)),
    "trees": (of_trees, ({"layers": [(W, B), (W.T, V)], "scale": 2.0}, X)),
    "powers": (lambda x, p: np.sum(np.abs(x) ** p) + np.sum(x**3 + x**4 + x**-1.0), (X, 1.7)),
    "solve": (lambda a, b: np.sum(np.linalg.solve(a @ a.T + np.eye(4), b) ** 2), (X[:4], V)),
    "cholesky": (lambda a: np.sum(np.linalg.cholesky(a @ a.T + np.eye(4))), (X[:4],)),
    "eigenvalues": (lambda a: np.sum(np.linalg.eigvalsh(a @ a.T) ** 2), (X[:4],)),
    "determinant": (lambda a: np.linalg.slogdet(a @ a.T + np.eye(4))[1], (X[:4],)),
    "fourier": (lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 2), (V,)),
    "sort": (lambda x: np.sum(np.sort(x, axis=0) * np.arange(6.0)[:, None]) + np.median(x), (X,)),
    "products": (lambda x: np.prod(x) + np.sum(np.cumprod(x)), (np.array([2.0, 0.0, 3.0]),)),
    "picking twice": (lambda x: np.sum(x[[0, 0, 2]] ** 2), (V,)),
    "where": (lambda x: np.sum(np.where(x > 0, np.sqrt(np.abs(x)), 0)), (np.array([0.0, 2.0, -1.0]),)),
    "whole numbers": (lambda x, n: np.sum(x * n) / np.sum(n), (V.astype(np.float32), np.array([1, 2, 3, 4]))),
    "float32": (lambda x, w: np.mean(np.tanh(x @ w) ** 2 / 3), (X.astype(np.float32), W.astype(np.float32))),
    "float32 and float64": (lambda x, w: np.mean((x * 0.1 + w) ** 2), (X[0].astype(np.float32), V)),
    "empty": (lambda x: np.sum(x**2) + 1.0, (np.zeros((0, 3)),)),
}


def assert_same(got: Any, wanted: Any) -> None:
    mine, structure = flatten(got)
    theirs, other = flatten(wanted)
    assert structure == other
    for one, two in zip(mine, theirs, strict=True):
        assert type(one) is type(two)
        assert (one.dtype, one.shape) == (two.dtype, two.shape)
        single = two.dtype == np.float32 or two.dtype == np.complex64
        np.testing.assert_allclose(one, two, rtol=1e-5 if single else 1e-11, atol=1e-6 if single else 1e-12)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_gives_what_numpys_does(name: str) -> None:
    f, args = PROGRAMS[name]
    wrt = 0 if name == "whole numbers" else tuple(range(len(args)))
    compiled = gw.compile(f, *args, wrt=wrt, backend="jax")
    wanted = gw.value_and_grad(f, wrt)(*args)
    for _ in range(2):
        assert_same(compiled(*args), wanted)
    assert compiled.traces == 1
    value = np.asarray(gw.trace(f, *args).run(*[np.asarray(leaf)[()] for leaf in flatten(args)[0]]).outputs[0])[()]
    assert_same(gw.compile(f, *args, backend="jax")(*args), value)


def test_the_settings_of_jax_stay_as_they_were() -> None:
    before = jax.numpy.ones(2).dtype
    gw.compile(lambda x: x * 2, V, backend="jax")(V)
    assert jax.numpy.ones(2).dtype == before == np.float32


def test_a_decision_that_comes_out_otherwise_is_noticed() -> None:
    def f(x: Any) -> Any:
        y = np.sum(x)
        return y * y if y > 1 else -y

    compiled = gw.compile(f, V, wrt=0, backend="jax")
    for point in (np.full(4, 1.0), np.full(4, -1.0), np.full(4, 2.0), np.full(4, 0.1)):
        assert_same(compiled(point), gw.value_and_grad(f)(point))
    assert len(compiled.programs) == 1


def test_a_mask_that_picks_other_entries_is_noticed() -> None:
    def f(x: Any) -> Any:
        return np.sum(x[x > 0] ** 2)

    compiled = gw.compile(f, V, wrt=0, backend="jax")
    for point in (V, -V, np.abs(V)):
        assert_same(compiled(point), gw.value_and_grad(f)(point))


def test_whole_numbers_that_decide_are_looked_at() -> None:
    def f(x: Any, n: Any) -> Any:
        for _ in range(n):
            x = x * 1.5
        return np.sum(x[: int(n)])

    compiled = gw.compile(f, V, 2, wrt=0, backend="jax")
    for n in (2, 3, 1, 2):
        assert_same(compiled(V, n), gw.value_and_grad(f)(V, n))


def test_positions_beyond_an_array_are_refused_as_numpy_does() -> None:
    compiled = gw.compile(lambda x, i: np.sum(x[i]), V, np.array([0, 3]), backend="jax")
    assert compiled(V, np.array([1, -1])) == V[1] + V[-1]
    with pytest.raises(IndexError):
        compiled(V, np.array([0, 4]))


def test_a_singular_matrix_is_refused_as_numpy_does() -> None:
    compiled = gw.compile(np.linalg.inv, np.eye(2), backend="jax")
    assert_same(compiled(2 * np.eye(2)), 0.5 * np.eye(2))
    with pytest.raises(np.linalg.LinAlgError):
        compiled(np.ones((2, 2)))


def test_a_slope_that_is_not_there_is_refused_as_by_numpy() -> None:
    f = lambda a: np.linalg.eigh(a)[1][0, 0]  # noqa: E731
    compiled = gw.compile(f, np.diag([1.0, 2.0, 3.0]), wrt=0, backend="jax")
    with pytest.raises(gw.GradworkError, match="equal"):
        compiled(np.eye(3))


def test_infinite_scores_are_taken_from_the_graph_itself() -> None:
    f = lambda z: gw.logsumexp(z)  # noqa: E731
    compiled = gw.compile(f, V, wrt=0, backend="jax")
    scores = np.array([1.0, -np.inf, 2.0, 3.0])
    assert_same(compiled(scores), gw.value_and_grad(f)(scores))
    assert compiled(np.array([np.inf, 0.0, 1.0, 2.0]))[0] == np.inf


def test_results_are_the_callers_own() -> None:
    compiled = gw.compile(lambda x: x, V, backend="jax")
    first = compiled(V)
    first[0] = 100.0
    assert compiled(V)[0] == V[0] != 100.0


def test_arrays_of_jax_give_arrays_of_jax() -> None:
    f, args = PROGRAMS["network"]
    with in_double(jax):
        on_device = [jax.numpy.asarray(a) for a in args]
    compiled = gw.compile(f, *on_device, wrt=(0, 1, 2), backend="jax")
    value, gradient = compiled(*on_device)
    assert all(isinstance(r, jax.Array) for r in (value, *gradient))
    wanted, slopes = gw.value_and_grad(f, (0, 1, 2))(*args)
    for mine, theirs in zip((value, *gradient), (wanted, *slopes), strict=True):
        np.testing.assert_allclose(np.asarray(mine), theirs, rtol=1e-11)
    others = [a * 1.1 for a in args]
    with in_double(jax):
        compiled(*[jax.numpy.asarray(a) for a in others])
    assert compiled.traces == 1


def test_threads_get_their_own_results() -> None:
    f, args = PROGRAMS["network"]
    compiled = gw.compile(f, *args, wrt=1, backend="jax")
    points = [[a * (1 + k / 10) for a in args] for k in range(8)]
    got: dict[int, Any] = {}

    def work(k: int) -> None:
        for _ in range(5):
            got[k] = compiled(*points[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, point in enumerate(points):
        assert_same(got[k], gw.value_and_grad(f, 1)(*point))


def test_an_op_that_jax_lacks_is_named_with_its_line() -> None:
    special = pytest.importorskip("scipy.special")

    def f(x: Any) -> Any:
        return special.ellipk(x)  # this line

    with pytest.raises(MissingRuleError, match=r"ellipk is not there on JAX\n.*# this line"):
        gw.compile(f, 0.3, backend="jax")


def test_without_jax_the_line_that_installs_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(MissingExtraError, match=r'pip install "gradwork\[jax\]"'):
        gw.compile(lambda x: x * 2, 1.0, backend="jax")


def test_the_program_is_shown_as_a_program_of_jax() -> None:
    def loss(x: Any, w: Any) -> Any:
        return np.sum(np.tanh(x @ w))

    assert str(gw.compile(loss, X, W, backend="jax")) == (
        "@jax.jit\n"
        "def loss(x, w):\n"
        "    t2 = (x @ w)\n"
        "    t3 = jnp.tanh(t2)\n"
        "    t4 = jnp.sum(t3, axis=(0, 1), keepdims=False)\n"
        "    return (t4,)"
    )
