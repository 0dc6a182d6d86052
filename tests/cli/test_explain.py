"""`gradwork explain`: each code has a page of its own."""

from __future__ import annotations

import json

import pytest

from gradwork.cli import explain

CODES = explain.errors()


def test_codes_are_told_apart():
    from gradwork import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")]
    assert len({kind.code for kind in kinds}) == len(kinds)


@pytest.mark.parametrize("code", CODES)
def test_a_page_says_what_it_means_with_an_example(code, run):
    page = json.loads(run("explain", code, "--to", "json").out)
    text = run("explain", code).out
    assert code in text
    assert CODES[code].__name__ in text
    assert f"error[{code}]: " in text, "no example"
    assert page


@pytest.mark.parametrize("written", ["gw110", "110", "GW110", "FormulaError"])
def test_a_code_may_be_written_in_any_of_these_ways(written, run):
    assert run("explain", written) == run("explain", "GW110")


def test_the_list_has_them_all(run):
    listed = run("explain").out
    assert all(code in listed for code in CODES)


def test_an_unknown_code_is_answered_with_the_nearest(run):
    outcome = run("explain", "GW111")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error[GW130]: no message has the code 'GW111'\n try: gradwork explain GW1")
