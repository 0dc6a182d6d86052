"""Ordinary programs: the traced value is the plain one, and the slopes are those that a nudge finds."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from programs import PROGRAMS

import gradwork as gw
from gradwork.graph.tree import flatten


def is_float(leaf):
    return isinstance(leaf, (float, np.floating, np.ndarray)) and np.asarray(leaf).dtype.kind == "f"


def nudged(f, arguments):
    """Central differences by every float in the arguments."""
    leaves, structure = flatten(arguments)
    slopes = []
    for k, leaf in enumerate(leaves):
        if not is_float(leaf):
            continue
        found = np.zeros(np.shape(leaf))
        for index in np.ndindex(found.shape):
            ends = []
            for sign in (1, -1):
                moved = np.array(leaf, dtype=np.float64)
                moved[index] += sign * 1e-6
                point = [moved[()] if j == k else copy.deepcopy(other) for j, other in enumerate(leaves)]
                ends.append(f(*structure.build(iter(point))))
            found[index] = (ends[0] - ends[1]) / 2e-6
        slopes.append(found)
    return slopes


@pytest.mark.parametrize("name", PROGRAMS)
def test_value_and_slopes(name):
    f, arguments = PROGRAMS[name]
    before = copy.deepcopy(arguments)
    expected = f(*copy.deepcopy(arguments))
    places = tuple(k for k, a in enumerate(arguments) if any(map(is_float, flatten(a)[0])))
    for _ in range(2):  # the second call may go back by the way of the first
        value, slopes = gw.value_and_grad(f, wrt=places)(*arguments)
        np.testing.assert_allclose(value, expected, rtol=1e-6 if np.asarray(value).dtype == np.float32 else 1e-13)
        asked = flatten(tuple(arguments[k] for k in places))[0]
        found = [s for s, leaf in zip(flatten(slopes)[0], asked, strict=True) if is_float(leaf)]
        wanted = nudged(f, arguments)
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-7)
    for one, other in zip(flatten(arguments)[0], flatten(before)[0], strict=True):
        assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one is other or one == other
    assert isinstance(f(*copy.deepcopy(arguments)), (float, np.floating, np.ndarray)), "the plain function is as it was"
