"""The pytest plugin: a failing `gw.assert_gradient` shows its report, and nothing of what is inside gradwork.

It is found by its entry point. `--gradient-strict` lets entries about which nothing can be told fail as well, for the
fixture `assert_gradient`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

HERE = str(Path(__file__).parent)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `--gradient-strict`, and `gradient_strict` for the settings file."""
    group = parser.getgroup("gradwork", "gradients")
    said = "an entry about which nothing can be told fails as well, where the fixture assert_gradient is used"
    group.addoption("--gradient-strict", action="store_true", default=False, help=said)
    parser.addini("gradient_strict", said, type="bool", default=False)


@pytest.fixture
def assert_gradient(pytestconfig: pytest.Config) -> Callable[..., None]:
    """`gw.assert_gradient`, strict where `--gradient-strict` says so."""
    strict = bool(pytestconfig.getoption("--gradient-strict") or pytestconfig.getini("gradient_strict"))

    def checked(f: Any, gradient: Any, *args: Any, **options: Any) -> None:
        __tracebackhide__ = True
        from gradwork.check.check import assert_gradient

        assert_gradient(f, gradient, *args, **{"strict": strict, **options})

    return checked


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, Any]:
    """Leave our own frames out of the failure, and say the error's short name."""
    ours = call.excinfo is not None and _is_ours(call.excinfo.value)
    if ours and call.excinfo is not None and not item.config.getoption("fulltrace", False):
        error = call.excinfo.value
        call.excinfo = pytest.ExceptionInfo.from_exception(error.with_traceback(_without_ours(error.__traceback__)))
    report = yield
    if ours and call.excinfo is not None:
        kind = type(call.excinfo.value)
        _shorten(report.longrepr, f"{kind.__module__}.{kind.__qualname__}: ", f"{kind.__qualname__}: ")
    return report


def _without_ours(entry: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of gradwork."""
    if entry is None:
        return None
    rest = _without_ours(entry.tb_next)
    if entry.tb_frame.f_code.co_filename.startswith(HERE):
        return rest
    return TracebackType(rest, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)


def _is_ours(error: BaseException) -> bool:
    # Looked up by name: a run without gradients does not load the errors.
    return any(kind.__module__ == "gradwork.errors" for kind in type(error).__mro__)


def _shorten(shown: Any, long: str, short: str) -> None:
    """Put the short name where pytest writes the whole one."""
    crash = getattr(shown, "reprcrash", None)
    if crash is not None:
        crash.message = crash.message.replace(long, short, 1)
    for entry in getattr(getattr(shown, "reprtraceback", None), "reprentries", []):
        entry.lines = [line.replace(long, short, 1) for line in getattr(entry, "lines", [])]
