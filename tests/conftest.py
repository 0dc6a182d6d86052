"""What all tests share: golden files with their flag, and standing aside where an extra is missing."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from gradwork.check import guarded, patience

guarded.strict = True  # a cause that fails is left out for others; here it fails a test
patience.times = 2.5  # two tests at a time share the machine
GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="rewrite the golden files; read the diff")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Whatever is tested with each format needs Typst for PDF, which is an extra."""
    given = getattr(item, "callspec", None)
    if given is not None and "pdf" in map(str, given.params.values()) and find_spec("typst") is None:
        pytest.skip("typst is not installed: no PDF is made")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)`: the text is what the file tests/golden/<name> holds."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        assert path.exists(), f"there is no {path.name} yet: run pytest with --golden"
        assert text == path.read_text(encoding="utf-8")

    return compare
