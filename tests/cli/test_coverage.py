"""The page of what is covered is what the register says, and what it says beside the register is true."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import gradwork as gw
from gradwork.cli import _coverage
from gradwork.cli._coverage import DIFFERENTIABLE, KINDS, MODULES, NOT, coverage

pytest.importorskip("scipy")
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
X = np.array([0.7, -1.3, 2.1])


def made_here() -> str:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import make_coverage

        return make_coverage.text()
    finally:
        sys.path.pop(0)


def rows(page: str) -> dict[tuple[str, str], str]:
    """What a page says of each function: (module, name) to the rest of its row."""
    found = {}
    for section in page.split("\n## ")[1:]:
        module, *lines = section.splitlines()
        for line in lines:
            if match := re.match(r"\| `(\w+)` \| (.*) \|$", line):
                found[module, match[1]] = match[2]
    return found


def versions(page: str) -> tuple[str, ...]:
    match = re.search(r"with NumPy (\S+) and SciPy (\S+)\.", page)
    return match.groups() if match else ()


def test_the_page_is_what_the_register_says():
    page, here = rows(PAGE), rows(made_here())
    both = page.keys() & here.keys()
    assert len(both) > 0.9 * len(page)
    assert {k: page[k] for k in both} == {k: here[k] for k in both}, "run python tools/make_coverage.py"
    if versions(PAGE) == (importlib.metadata.version("numpy"), importlib.metadata.version("scipy")):
        assert made_here() == PAGE, "run python tools/make_coverage.py"


def test_enough_is_covered():
    total = sum(e.kind in DIFFERENTIABLE for module in MODULES for e in coverage(module))
    assert total >= 170
    assert f"Slopes pass through **{total}** functions." in PAGE


def test_every_entry_says_something():
    for module in MODULES:
        for entry in coverage(module):
            assert entry.kind in KINDS
            assert entry.words, entry


def test_what_is_carried_through_passes_slopes():
    carried = {
        "array": lambda x: np.sum(np.array([x[0], x[1] ** 2, 3.0]) * X),
        "asarray": lambda x: np.sum(np.asarray(x) ** 2),
        "asanyarray": lambda x: np.sum(np.asanyarray(x) ** 2),
        "full": lambda x: np.sum(np.full(3, x[0] ** 2) * X),
        "vectorize": lambda x: np.sum(np.vectorize(lambda v: v * v)(x)),
        "frompyfunc": lambda x: np.sum(np.frompyfunc(lambda v: v * v, 1, 1)(x)),
        "fromfunction": lambda x: np.sum(np.fromfunction(lambda i, j: x[0] * i + x[1] ** 2 * j, (2, 3))),
        "row_stack": lambda x: np.sum(np.vstack([x, X]) ** 2),
    }
    assert carried.keys() == _coverage._CARRIED.keys()
    for name, f in carried.items():
        step = 1e-6 * np.eye(3)
        measured = [(float(f(X + s)) - float(f(X - s))) / 2e-6 for s in step]
        assert np.allclose(gw.grad(f)(X), measured, rtol=1e-7), name


def test_what_is_said_beside_the_register_is_not_in_it():
    from gradwork.graph.op import REGISTER

    for name in [*_coverage._CARRIED, *_coverage._CONSTANTS.split()]:
        function = getattr(np, name, None)
        assert function is None or REGISTER.lowering(function) is None, name


def test_the_command(run):
    outcome = run("ops", "--coverage", "--to", "json")
    assert outcome.code == 0
    assert json.dumps("logaddexp2") in outcome.out
    assert "Slopes pass through" in run("ops", "--coverage").out
    assert NOT in run("ops", "--coverage").out


def test_the_command_goes_with_no_name(run):
    outcome = run("ops", "tanh", "--coverage")
    assert outcome.code == 2
    assert "goes with no name" in outcome.err
