"""The catalogue of causes: its command, its pages, and the published table."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from gradwork.check.cause import causes

ROOT = Path(__file__).resolve().parents[2]
CAUSES = causes()


def made_here() -> str:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import make_causes

        return make_causes.text()
    finally:
        sys.path.pop(0)


def test_codes_and_names_are_told_apart():
    assert len({c.code for c in CAUSES}) == len({c.name for c in CAUSES}) == len(CAUSES)
    assert all(re.fullmatch(r"GW2\d\d", c.code) for c in CAUSES)


def test_the_published_table_is_the_catalogue():
    page = (ROOT / "docs" / "causes.md").read_text(encoding="utf-8")
    assert page == made_here(), "run python tools/make_causes.py"


def test_the_list_has_them_all(run):
    outcome = run("diagnoses")
    assert outcome.code == 0
    assert all(c.code in outcome.out and c.name in outcome.out for c in CAUSES)
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_the_list_as_json_has_the_numbers(run):
    listed = json.dumps(json.loads(run("diagnoses", "--to", "json").out))
    assert all(f'"code": "{c.code}"' in listed for c in CAUSES)
    assert '"bugs"' in listed


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.code)
def test_a_cause_has_a_page_with_both_examples(cause, run):
    outcome = run("explain", cause.code)
    assert outcome.code == 0
    assert cause.name in outcome.out
    assert "Broken" in outcome.out
    assert "Mended" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 100  # code is not broken
    assert run("explain", cause.name) == outcome


@pytest.mark.parametrize("cause", [c for c in CAUSES if not c.written], ids=lambda cause: cause.code)
def test_both_examples_are_python(cause):
    import textwrap

    for example in (cause.broken, cause.mended):
        compile(textwrap.dedent(example), cause.code, "exec")
