"""What JAX computes, carried over into a graph: causes are read from it. Needs JAX; without it, it says so."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed: the checks of JAX are left out")

import jax.numpy as jnp  # noqa: E402
from check import score_jax  # noqa: E402
from jax import lax  # noqa: E402

import gradwork as gw  # noqa: E402
import gradwork.jax as gj  # noqa: E402
from gradwork.jax import primitives  # noqa: E402
from gradwork.jax._loops import MOST_TURNS  # noqa: E402
from gradwork.jax._subject import Subject, at_its_widest  # noqa: E402

R = np.random.default_rng(0)
X, W = jnp.asarray(R.normal(size=(4, 6)), jnp.float32), jnp.asarray(R.normal(size=(6, 3)), jnp.float32)
PICTURE = jnp.asarray(R.normal(size=(2, 3, 6, 5)), jnp.float32)
KERNEL = jnp.asarray(R.normal(size=(6, 3, 2, 3)), jnp.float32)
IDS = jnp.asarray([1, 3, 1])
CASES = {case.name: case for case in score_jax.cases()}


def subject_of(f, *args):
    return at_its_widest(Subject(f, args))


def traced(subject):
    """The loss as a function of its arrays in order, which gradwork can trace, and the arrays."""
    names = list(subject.arrays)
    return lambda *values: subject.loss(**dict(zip(names, values, strict=True))), list(subject.arrays.values())


# -- the graph is the function ----------------------------------------------------------------------------------------


def scan(x, w):
    return lax.scan(lambda h, row: (jnp.tanh(row @ w + h), h), jnp.zeros(3, x.dtype), x)


def gates(x):
    a, b, c = jnp.split(x, 3, axis=1)
    return jax.nn.sigmoid(a) * jnp.tanh(b) + jnp.where(c > 0, c, jnp.expm1(c)) + jax.nn.softplus(a) / (1 + b**2)


def slices(x):
    return x[1], x[:, 2], x[-1, ::2], x[IDS], x[jnp.arange(3), IDS], jnp.pad(x, 1), jnp.flip(x, 1), x.T.reshape(3, 8)


def written(x):
    return x.at[IDS].add(x[:3]), x.at[0].set(2 * x[1]), lax.dynamic_update_slice(x, x[:2, :2], (1, 1))


def running(x):
    return jnp.cumsum(x, 0), lax.cumsum(x, 1, reverse=True), lax.cummax(x, 1), jnp.cumprod(x, 1)


def scores(x):
    return jax.nn.log_softmax(x), jax.nn.logsumexp(x, axis=0), jnp.var(x, axis=1), jnp.linalg.norm(x)


def convolved(x, k):
    return lax.conv_general_dilated(x, k, (1, 2), "SAME", rhs_dilation=(2, 1))


def grouped(x, k):
    return lax.conv_general_dilated(x, k[:, :1], (1, 1), ((1, 1), (0, 2)), lhs_dilation=(2, 1), feature_group_count=3)


def pooled(x):
    highest = lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 3, 3), (1, 1, 2, 2), "SAME")
    return highest, lax.reduce_window(x, 0.0, lax.add, (1, 1, 2, 1), (1, 1, 2, 1), "VALID")


def ordered(x):
    return jnp.sort(x, axis=0), lax.top_k(x, 2)[0], jnp.take_along_axis(x, jnp.argsort(x, 1), 1)


def products(x, w):
    return jnp.einsum("ij,jk->ki", x, w), jax.vmap(lambda row: row @ w)(x), jnp.einsum("ij,jk,ik->i", x, w, x @ w)


def matrices(x):
    a = x @ x.T + 4 * jnp.eye(4, dtype=x.dtype)
    return jnp.linalg.inv(a), jnp.linalg.solve(a, x), jnp.linalg.slogdet(a)[1], jnp.linalg.cholesky(a)


def special(x):
    return jax.nn.gelu(x, approximate=False), jax.scipy.special.gammaln(1 + x**2), jnp.fft.rfft(x).real


def called(x):
    return jax.checkpoint(jnp.sin)(x), jax.jit(jnp.cos)(x), lax.cond(IDS.sum() > 3, jnp.exp, jnp.sin, x)


def centred(x):
    return jnp.tanh(x), (x - x.mean()).sum()  # the second is rounding alone


def nested(p):
    return {"scores": p["w"] @ p["v"], "size": p["v"]}


FUNCTIONS = [
    (scan, X, W), (gates, X), (slices, X), (written, X), (running, X), (scores, X), (convolved, PICTURE, KERNEL),
    (grouped, PICTURE, KERNEL), (pooled, PICTURE), (ordered, X), (products, X, W), (matrices, X), (special, X),
    (called, X), (centred, X), (nested, {"w": X, "v": W}),
]  # fmt: skip


@pytest.mark.parametrize("f, args", [(f, args) for f, *args in FUNCTIONS], ids=[f.__name__ for f, *_ in FUNCTIONS])
def test_the_graph_has_the_values_and_the_slopes_of_jax(f, args):
    subject = subject_of(f, *args)
    assert not isinstance(subject.program, str), subject.program
    loss, values = traced(subject)
    graph = gw.trace(loss, *values)
    assert "black_box" not in {node.op for node in graph.nodes}
    ours = gw.grad(loss, wrt=tuple(range(len(values))))(*values)
    for mine, theirs in zip(ours, subject.gradient(**subject.arrays).values(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-10 * np.max(np.abs(theirs)))


def test_lines_and_names_are_the_users():
    def layer(x, w):
        z = x @ w + 1
        return jnp.tanh(z)

    loss, values = traced(subject_of(layer, X, W))
    graph = gw.trace(loss, *values)
    (sum_,) = (node for node in graph.nodes if node.name == "z")
    assert sum_.op == "add"
    assert sum_.where.file == __file__
    assert sum_.where.line == layer.__code__.co_firstlineno + 1
    assert {"x0", "x1", "g"} <= {node.name for node in graph.nodes}


def test_a_bias_stays_a_row_and_a_mean_a_mean():
    def loss(x, w):
        return jnp.mean((x @ w + w[0]) ** 2, axis=1)

    f, values = traced(subject_of(loss, X, W))
    ops = [node.op for node in gw.trace(f, *values).nodes]
    assert "mean" in ops
    assert "reshape" not in ops


# -- causes -----------------------------------------------------------------------------------------------------------


NAMED = {
    "dense tanh/z": "GW210",
    "residual block/untransposed": "GW244",
    "softmax/diagonal": "GW217",
    "layer norm/raw": "GW236",
    "RNN by scan/no_tanh": "GW209",
    "embedding/set": "GW254",
    "strided convolution/no_tanh": "GW209",
    "forward: tanh/x": "GW210",
}


@pytest.mark.parametrize("name", NAMED)
def test_a_mistake_in_a_rule_is_named_from_the_graph(name):
    case = CASES[name]
    found = gj.check(case.f, *case.args)
    assert not found.ok
    assert [f.cause.code for f in found.diagnoses] == [NAMED[name]], str(found)
    assert {n for n, v in found.verdicts.items() if v.wrong} == set(case.wrong)


@pytest.mark.parametrize("name", ["batch norm", "RNN by scan", "forward: normalised"])
def test_a_right_rule_passes(name):
    case = CASES[f"{name}/right"]
    found = gj.check(case.f, *case.args)
    assert found.ok, str(found)


def test_the_set_is_large_enough():
    planted = [case for case in CASES.values() if case.cause]
    assert len([case for case in planted if "forward" not in case.family]) >= 60
    assert len([case for case in planted if "forward" in case.family]) >= 15


# -- what cannot be followed is a black box ---------------------------------------------------------------------------


def twice(f):
    """A function whose reverse rule sends back twice what is right for the first entry, and nothing for the rest."""
    ruled = jax.custom_vjp(f)

    def back(x, g):
        (right,) = jax.vjp(f, x)[1](g)
        return (right.at[0, 0].multiply(2.0).at[1].set(jnp.tanh(x[1])),)

    ruled.defvjp(lambda x: (f(x), x), back)
    return ruled


def by_branch(x):
    return lax.cond(x[0, 0] > 0, jnp.sin, jnp.cos, x)


def in_single(x):
    return jnp.sin(x.astype(jnp.float32)).astype(x.dtype)


def long_loop(x):
    return lax.scan(lambda s, _: (-s, None), x, None, length=MOST_TURNS + 1)[0]


def unknown(x):
    return jnp.i0(x)


@pytest.mark.parametrize(
    "f, why",
    [
        (by_branch, "which branch is taken hangs on values"),
        (in_single, "works in float32"),
        (long_loop, "a loop runs more than"),
        (unknown, "is not carried over"),
    ],
    ids=["branch", "single precision", "long loop", "unknown operation"],
)
def test_what_cannot_be_followed_is_nudged_as_before(f, why):
    assert why in subject_of(f, X).program
    assert gj.check(f, X).ok or f is in_single


def test_of_what_cannot_be_followed_the_report_says_so():
    found = gj.check(twice(by_branch), X)
    assert not found.ok
    assert found.verdicts["x"].wrong
    assert "there is no graph to read a cause from: which branch is taken hangs on values" in str(found)


def test_a_function_that_decides_by_values_in_python_is_nudged_as_before():
    def decides(x):
        return jnp.sin(x) if float(x.sum()) > 0 else jnp.cos(x)

    assert subject_of(decides, X).program == "the function decides by values"


def test_steps_that_give_other_numbers_than_jax_are_not_used(monkeypatch):
    wrong = primitives.Entry(lambda x: np.tanh(x) + 1e-9, thin=True, several=False, names=())
    assert primitives.entry_of("tanh") is not None
    monkeypatch.setitem(primitives._ENTRIES, "tanh", wrong)
    subject = subject_of(jnp.tanh, X)
    assert subject.program == "carried over, it gives other numbers than JAX does"
    assert gj.check(jnp.tanh, X).ok


def test_a_number_that_makes_no_difference_at_zero_is_seen_at_the_second_point(monkeypatch):
    wrong = primitives.Entry(lambda a, b: a, thin=True, several=False, names=())
    assert primitives.entry_of("add") is not None
    monkeypatch.setitem(primitives._ENTRIES, "add", wrong)
    assert isinstance(subject_of(lambda x, b: jnp.tanh(x) + b, X, jnp.zeros(6)).program, str)


def test_one_declaration_is_all_that_an_operation_needs(monkeypatch):
    assert primitives.entry_of("bessel_i0e") is None
    special = pytest.importorskip("scipy.special")
    monkeypatch.setattr(primitives, "_ENTRIES", dict(primitives._ENTRIES))
    primitives.all_entrywise({"bessel_i0e": lambda x: special.i0(x) * np.exp(-np.abs(x))})
    monkeypatch.setattr(primitives, "_entries", lambda: primitives._ENTRIES)
    assert not isinstance(subject_of(jnp.i0, X).program, str)
