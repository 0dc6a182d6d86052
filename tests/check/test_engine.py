"""The machinery behind the search: formulas by hand, turns of a loop, and the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwork as gw
from gradwork.check.evidence import Joint, joint_of
from gradwork.check.given import Leaf
from gradwork.check.handwritten import handwritten
from gradwork.check.mutation import all_mutants
from gradwork.check.screen import Screen
from gradwork.check.spreads import spreads_of
from gradwork.check.turns import Turns

R = np.random.default_rng(11)
X, Y = R.normal(size=(6, 3)), R.normal(size=(6, 2))
LABELS, CLASSES = R.integers(0, 2, 6) * 1.0, R.integers(0, 4, 6)


def softmax(z: Any) -> Any:
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def logistic(w: Any) -> Any:
    z = X @ w
    return np.mean(np.log(1 + np.exp(z)) - LABELS * z)


def written_out(w: Any) -> Any:
    p = 1 / (1 + np.exp(-(X @ w)))
    return -np.mean(LABELS * np.log(p) + (1 - LABELS) * np.log(1 - p))


def classes(W: Any) -> Any:
    z = X @ W
    return np.mean(np.log(np.sum(np.exp(z), axis=1)) - z[np.arange(6), CLASSES])


def counts(w: Any) -> Any:
    z = X @ w
    return np.sum(np.exp(z) - LABELS * z)


def layer_norm(W: Any, gain: Any) -> Any:
    z = X @ W
    c = z - z.mean(axis=1, keepdims=True)
    return np.sum(np.tanh(gain * c / np.sqrt(np.mean(c**2, axis=1, keepdims=True) + 1e-3)) * Y[:, :1])


def batch_norm(W: Any, gain: Any) -> Any:
    z = X @ W
    c = z - z.mean(axis=0)
    return np.sum(np.tanh(gain * (c / np.sqrt(np.mean(c**2, axis=0) + 1e-3))) * Y[:, :1])


def attention(Q: Any, K: Any) -> Any:
    return np.sum((softmax((X @ Q) @ (X @ K).T) @ Y) ** 3)


def recurrent(W: Any, U: Any) -> Any:
    h = np.zeros(3)
    total = 0.0
    for row in X[:4]:
        h = np.tanh(row @ W + h @ U)
        total = total + np.sum(np.sin(h) * h)
    return total


def shape_of(*shape: int) -> Any:
    return R.normal(size=shape) * 0.7


MODELS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "logistic": (logistic, (shape_of(3),)),
    "written out": (written_out, (shape_of(3),)),
    "classes": (classes, (shape_of(3, 4),)),
    "counts": (counts, (shape_of(3),)),
    "layer norm": (layer_norm, (shape_of(3, 4), shape_of(4) + 2)),
    "batch norm": (batch_norm, (shape_of(3, 4), shape_of(4) + 2)),
    "attention": (attention, (shape_of(3, 2), shape_of(3, 2))),
    "recurrent": (recurrent, (shape_of(3, 3), shape_of(3, 3))),
}


def joint(name: str) -> Joint:
    loss, args = MODELS[name]
    leaves = [Leaf(f"p{k}", k, a, a) for k, a in enumerate(args)]
    found = joint_of(loss, args, {}, leaves)
    assert found is not None
    return found


def both(name: str) -> list[Joint]:
    plain = joint(name)
    by_hand = handwritten(plain)
    return [plain] if by_hand is None else [plain, by_hand]


BY_HAND = [name for name in MODELS if name != "recurrent"]


@pytest.mark.parametrize("name", BY_HAND)
def test_formulas_by_hand_give_the_same_gradients(name: str) -> None:
    plain, by_hand = both(name)
    for array, place in by_hand.slope.items():
        np.testing.assert_allclose(by_hand.value(place), plain.value(plain.slope[array]), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", BY_HAND)
def test_formulas_by_hand_follow_the_values(name: str) -> None:
    _, by_hand = both(name)
    given = [by_hand.values[i] * 1.1 for i in by_hand.graph.inputs]
    slopes = by_hand.graph.run(*given).outputs
    right = gw.grad(MODELS[name][0], wrt=tuple(range(len(given))))(*given)
    for mine, other in zip(slopes, right, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(("name", "axes"), [("layer norm", (1,)), ("batch norm", (0,))])
def test_a_normalisation_is_seen_with_its_axes_and_its_gain(name: str, axes: tuple[int, ...]) -> None:
    found = list(spreads_of(joint(name)))
    assert found and all(s.axes == axes and s.centred for s in found)
    assert {s.counted for s in found} == {len(X) if axes == (0,) else 4}


def test_turns_of_a_loop_are_one_family() -> None:
    graph = joint("recurrent")
    families = Turns.of(graph).families.values()
    states = [m for m in families if graph.node(m[0]).op == "tanh"]
    assert [len(m) for m in states] == [4]


# -- the screen -------------------------------------------------------------------------------------------------------


class Judged:
    """What a screen reads of evidence."""

    def __init__(self, graph: Joint, yours: dict[str, Any]) -> None:
        self.right = {n: np.asarray(graph.value(i), float) for n, i in graph.slope.items()}
        self.yours = {n: np.asarray(yours.get(n, self.right[n]), float) for n in self.right}
        self.tolerance = {n: 1e-9 * (1 + np.abs(a)) for n, a in self.right.items()}
        self.verdicts: dict[str, Any] = {}
        self.wrong = [n for n in self.right if np.any(np.abs(self.yours[n] - self.right[n]) > self.tolerance[n])]
        self.fitting = self.wrong


@pytest.mark.parametrize("name", MODELS)
def test_the_screen_never_turns_away_the_mistake_that_was_made(name: str) -> None:
    for graph in both(name):
        mutants = [m for _, m in all_mutants(graph)]
        chosen = np.random.default_rng(5).permutation(len(mutants))[:60]
        for mutant in (mutants[k] for k in chosen):
            made = graph.with_edits(mutant.edits)
            if not made or not all(np.isfinite(a).all() for a in made.values()):
                continue
            evidence: Any = Judged(graph, made)
            if evidence.wrong:
                assert Screen(graph, evidence).judged(mutant.edits) is not False, mutant.says


@pytest.mark.parametrize("name", MODELS)
def test_what_the_screen_lets_through_is_nearly_always_the_mistake(name: str) -> None:
    graph = both(name)[-1]
    mutants = [m for _, m in all_mutants(graph)]
    for mutant in (mutants[k] for k in np.random.default_rng(6).permutation(len(mutants))[:8]):
        made = graph.with_edits(mutant.edits)
        evidence: Any = Judged(graph, made or {})
        if not evidence.wrong or not all(np.isfinite(a).all() for a in evidence.yours.values()):
            continue
        screen = Screen(graph, evidence)
        for other in mutants:
            if screen.judged(other.edits):
                same = graph.with_edits(other.edits) or {}
                some = [n for n in evidence.wrong if n in same]
                assert any(np.allclose(same[n], evidence.yours[n], rtol=1e-6, atol=1e-9) for n in some)
