"""Causes of mistakes in backward passes of torch, read from what torch does. Needs torch; without it, it says so."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: causes in backward passes of torch are left out")

sys.path.insert(0, str(Path(__file__).parents[1]))

from check.torch_blind import models  # noqa: E402
from check.torch_subjects import subject_of  # noqa: E402

import gradwork.torch as gt  # noqa: E402
from gradwork.graph.trace import trace_call  # noqa: E402
from gradwork.torch._subject import arrays_of  # noqa: E402

CASES = {case.name: case for case in models.planted()}
EXPECTED = {
    "linear: the weights are transposed on the way to x": {"GW244"},
    "tanh layer: the slope of tanh is taken at z": {"GW210"},
    "tanh layer: the slope of tanh is left out": {"GW209"},
    "relu layer: the mask of relu is left out": {"GW222"},
    "two layers: the activation is skipped on the way back": {"GW209"},
    "residual block: the path around the block is forgotten": {"GW214", "GW227"},
    "softmax: only the diagonal": {"GW217"},
    "softmax: the sum is over the other axis": {"GW246"},
    "cross-entropy: the mean is not divided by the rows": {"GW201"},
    "cross-entropy: the labels are not taken off": {"GW237"},
    "cosine similarity: the lengths are taken for constants": {"GW214", "GW227"},
    "layer norm of torch: the factor gamma is left out": {"GW209"},
    "attention: only the diagonal of the softmax": {"GW217"},
    "gru cell: the reset gate is left out": {"GW236"},
    "recurrent network: the state of the wrong step": {"GW236"},
    "max pool: every entry of a window gets the slope": {"GW268"},
    "embedding: a row that is met twice counts once": {"GW254"},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_mistake_in_a_backward_pass_is_named(name):
    case = CASES[name]
    found = gt.check_function(case.function, *case.inputs, second=False)
    assert {n for n, v in found.verdicts.items() if v.wrong} == set(case.wrong)
    assert EXPECTED[name] & {f.cause.code for f in found.diagnoses}, str(found)


@pytest.mark.parametrize("case", models.right()[::4], ids=lambda case: case.name)
def test_a_right_backward_pass_is_not_accused(case):
    found = gt.check_function(case.function, *case.inputs, second=False)
    assert found.ok, str(found)


RIGHT = [case for case in models.right()[::2] if case.family != "max pool of torch"]


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case.family)
def test_the_way_back_of_a_custom_function_is_followed_too(case):
    subject = subject_of(case.function.apply, *case.inputs)
    arrays = arrays_of(subject.values)
    followed = trace_call(lambda **at: tuple(subject.gradient(**at).values()), (), arrays)
    for position, slope in zip(followed.outputs, subject.gradient(**arrays).values(), strict=True):
        np.testing.assert_allclose(followed.values[position], slope, rtol=1e-9, atol=1e-12)


def test_a_cause_may_be_told_in_the_lines_of_the_backward_pass():
    case = CASES["two layers: the gradient of b1 does not go through the activation"]
    found = gt.check_function(case.function, *case.inputs, second=False)
    assert "stands where d1 belongs" in str(found), str(found)


def test_a_module_is_explained_by_the_graph_of_its_parts():
    class Activation(torch.nn.Module):
        def forward(self, z):
            return CASES["silu: the factor x is left out"].function.apply(z)

    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(4, 5), Activation(), torch.nn.Linear(5, 2))
    found = gt.check_module(module, torch.randn(6, 4), loss=lambda out: out.square().mean())
    assert found.diagnoses
    assert "the factor x is missing" in str(found) and "1 (Activation)" in str(found)
