"""`gradwork ops`: every declared operation, and a page for each."""

from __future__ import annotations

import json

import pytest

from gradwork.cli import ops
from gradwork.graph.op import REGISTER
from gradwork.notation.layout import Layout

NAMES = [op.name for op in REGISTER]


def test_the_list_has_every_op_and_every_composite(run):
    facts = json.loads(run("ops", "--to", "json").out)
    assert all(f'"{name}"' in json.dumps(facts) for name in [*NAMES, *REGISTER.composites])
    words = run("ops", "--width", "200").out.split()
    assert all(name in words for name in [*NAMES, *REGISTER.composites])


@pytest.mark.parametrize("name", [*NAMES, *REGISTER.composites])
def test_a_page(name, run):
    outcome = run("ops", name)
    assert (outcome.code, outcome.err) == (0, "")
    assert name in outcome.out


@pytest.mark.parametrize("op", list(REGISTER), ids=str)
def test_how_it_is_written(op):
    assert isinstance(ops.notation(op), Layout)


def test_corners_are_shown_with_their_reason(run):
    (kink,) = REGISTER.named("relu").kinks
    assert kink.because.split()[0] in run("ops", "relu").out


def test_a_formulas_word_finds_its_op(run):
    assert run("ops", "ln") == run("ops", "log")


def test_an_unknown_op_is_answered_with_the_nearest(run):
    outcome = run("ops", "tnh")
    assert outcome.code == 2
    assert outcome.err == "error[GW130]: no op is named 'tnh'\n try: gradwork ops tanh\n"
