"""What is worked out for a check goes with it: nothing of it is kept for ever."""

from __future__ import annotations

import gc
import weakref

import numpy as np

import gradwork as gw
from gradwork.check.beside import Beside


class Thing:
    pass


def test_what_is_kept_goes_with_the_object_that_it_refers_to() -> None:
    names: Beside[Thing, list[Thing]] = Beside()
    thing = Thing()
    names[thing] = [thing]
    assert thing in names and names.get(thing) == [thing] and names.setdefault(thing, []) == [thing]
    gone = weakref.ref(thing)
    del thing
    gc.collect()
    assert gone() is None


def test_a_finished_check_leaves_no_graph_behind() -> None:
    rng = np.random.default_rng(0)
    w, x, y = rng.normal(size=(4, 3)), rng.normal(size=(6, 4)), rng.normal(size=(6, 3))

    def loss(w, x, y):
        return np.mean((np.tanh(x @ w) - y) ** 2)

    def gradient(w, x, y):
        z = x @ w
        return x.T @ (2 * (np.tanh(z) - y) * (1 - z**2)) / y.size

    found = gw.check(loss, gradient, w, x, y)
    assert found.diagnoses and found.evidence is not None
    graph = weakref.ref(found.evidence.joint)
    del found
    gc.collect()
    assert graph() is None
