"""Checking JAX: rules of one's own, reverse and forward. Needs JAX; without it, it says so."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed: the checks of JAX are left out")

import jax.numpy as jnp  # noqa: E402

import gradwork.jax as gj  # noqa: E402
from gradwork.errors import ArgumentError  # noqa: E402
from gradwork.jax._promises import forward_rule  # noqa: E402
from gradwork.jax._subject import Subject  # noqa: E402

R = np.random.default_rng(0)
X, W = jnp.asarray(R.normal(size=(5, 4)), jnp.float32), jnp.asarray(R.normal(size=(4, 3)), jnp.float32)


def layer(backward):
    """tanh(x w) with a reverse rule of its own."""

    @jax.custom_vjp
    def tanh_layer(x, w):
        return jnp.tanh(x @ w)

    tanh_layer.defvjp(lambda x, w: (tanh_layer(x, w), (x, w, jnp.tanh(x @ w))), backward)
    return tanh_layer


def right(kept, g):
    x, w, a = kept
    d = g * (1 - a**2)
    return d @ w.T, x.T @ d


def soften(rule):
    """log(1 + exp(x)) with a forward rule of its own."""

    @jax.custom_jvp
    def soften(x):
        return jnp.log1p(jnp.exp(x))

    soften.defjvp(lambda point, tangents: (soften(*point), rule(point[0], tangents[0])))
    return soften


def codes(found):
    return [f.cause.code for f in found.diagnoses]


def test_a_right_reverse_rule_passes_and_is_named():
    found = gj.check(layer(right), X, W)
    assert found.ok, str(found)
    assert list(found.verdicts) == ["x", "w"]
    assert "custom_vjp takes part: tanh_layer" in str(found)
    assert "float32 is nudged, and gone back through, in float64" in str(found)


def test_a_right_forward_rule_passes_and_is_named():
    found = gj.check(soften(lambda x, t: t * jax.nn.sigmoid(x)), X)
    assert found.ok, str(found)
    assert "custom_jvp takes part: soften" in str(found)


def test_bfloat16_is_nudged_in_double_precision():
    found = gj.check(layer(right), X.astype(jnp.bfloat16), W.astype(jnp.bfloat16))
    assert found.ok, str(found)
    assert found.power["x"] < 1e-6


@pytest.mark.parametrize(
    "code, backward",
    [
        ("GW202", lambda kept, g: tuple(2 * s for s in right(kept, g))),
        ("GW203", lambda kept, g: tuple(-s for s in right(kept, g))),
        ("GW224", lambda kept, g: right(kept, jnp.ones_like(g))),
    ],
    ids=["factor 2", "sign", "ignored"],
)
def test_a_wrong_reverse_rule_is_named(code, backward):
    found = gj.check(layer(backward), X, W)
    assert not found.ok
    assert codes(found) == [code], str(found)


def test_a_wrong_forward_rule_is_found():
    found = gj.check(soften(lambda x, t: t * jnp.exp(x)), X)
    assert not found.ok
    assert found.verdicts["x"].wrong


def test_rules_that_disagree_are_named():
    """The slopes that go back are not the transpose of those that go forward."""

    def broken(x):
        return x**2

    class Disagreeing(Subject):
        def carried(self, tangents):
            return [2 * t for t in super().carried(tangents)]

    subject = Disagreeing(broken, (X,))
    found = gj.check(broken, X)
    (finding,), _ = forward_rule(subject, found)
    assert finding.cause.code == "GW252"
    assert "the reverse rule is right by measurement" in finding.why


def test_nested_arguments_and_other_leaves_are_taken():
    def scores(parameters, x, axis):
        return jax.nn.relu(x @ parameters["W"] + parameters["b"]).sum(axis)

    found = gj.check(scores, {"W": W, "b": jnp.arange(3.0) / 7}, X, 1)
    assert found.ok, str(found)
    assert set(found.verdicts) == {"W", "b", "x"}


def test_a_function_that_decides_by_values_is_checked():
    assert gj.check(lambda x: jnp.sin(x) if x.sum() > 0 else jnp.cos(x), X).ok


def test_what_works_in_float32_alone_says_so():
    found = gj.check(lambda x: jnp.sin(x.astype(jnp.float32)), X)
    assert found.ok
    assert "does not work in float64" in str(found)


def test_no_setting_is_changed():
    before = jax.config.jax_enable_x64
    gj.check(layer(right), X, W)
    assert jax.config.jax_enable_x64 == before
    assert jnp.ones(2).dtype == (jnp.float64 if before else jnp.float32)


def test_without_a_number_to_nudge_it_says_so():
    with pytest.raises(ArgumentError, match="no argument is an array of floating numbers"):
        gj.check(lambda x: x, jnp.arange(3))
