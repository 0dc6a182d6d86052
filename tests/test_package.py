"""The package as its users meet it: its public names, what importing it costs, and what is in its wheel."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

import gradwork as gw

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "gradwork"

PUBLIC = {
    "__version__",
    "trace",
    "grad",
    "value_and_grad",
    "jacobian",
    "hessian",
    "elementwise_grad",
    "vjp",
    "jvp",
    "nudge",
    "derive",
    "work",
    "descend",
    "op",
    "assert_gradient",
    "check",
    "compile",
    "custom_rule",
    "black_box",
    "relu",
    "sigmoid",
    "softplus",
    "softmax",
    "logsumexp",
    "log_softmax",
    "Graph",
    "load",
    "sheet",
    "load_sheet",
    "GradworkError",
}


def run_python(code: str, *arguments: str) -> str:
    """What the program prints, in a fresh Python that finds the package in src."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def test_the_public_names_are_exactly_these():
    assert set(gw.__all__) == PUBLIC
    assert set(dir(gw)) >= PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_loads(name: str):
    assert getattr(gw, name) is getattr(gw, name)
    assert not isinstance(getattr(gw, name), type(os)), "a module stands where a function is promised"


def test_type_checkers_are_told_the_same():
    """The `if TYPE_CHECKING` block and the table of homes say the same."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    told = {alias.asname: node.module for node in block.body for alias in node.names}
    assert told == gw._HOMES


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'gard'"):
        gw.gard


def test_star_import_gives_the_public_names():
    names: dict[str, object] = {}
    exec("from gradwork import *", names)
    assert set(names) >= PUBLIC


def test_a_submodule_never_hides_a_function_of_its_name(tmp_path: Path):
    """`import gradwork.check` must leave `gw.check` the function, before and after its first use."""
    (tmp_path / "GradworkError.py").write_text("here = 1\n")
    printed = run_python(
        """
        import sys
        import gradwork as gw
        gw.__path__.append(sys.argv[1])
        import gradwork.GradworkError
        from gradwork.GradworkError import here
        print(gw.GradworkError.__name__, type(gw.GradworkError).__name__, here)
        del sys.modules["gradwork.GradworkError"]
        import gradwork.GradworkError
        print(gradwork.GradworkError.code, sys.modules["gradwork.GradworkError"].here)
        """,
        str(tmp_path),
    )
    assert printed.split("\n")[:2] == ["GradworkError type 1", "GW000 1"]


@pytest.mark.parametrize(
    "arguments",
    ["", "--help", "--version", "work --help", "derive --help", "completion bash", "formats", "explain", "wrk"],
)
def test_numpy_stays_asleep(arguments: str):
    printed = run_python(
        """
        import sys
        import gradwork
        assert "numpy" not in sys.modules, "import gradwork"
        from gradwork.cli import main
        code = main(sys.argv[1:])
        print(code, "numpy" in sys.modules)
        """,
        *arguments.split(),
    )
    assert printed.split()[-2:] == ["2" if arguments == "wrk" else "0", "False"]


def test_the_module_runs_as_the_command():
    command = [sys.executable, "-m", "gradwork", "--version"]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    assert printed == f"gradwork {gw.__version__}\n"


@pytest.mark.skipif(importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed")
def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("gradwork-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert f"gradwork-{gw.__version__}.dist-info/licenses/LICENSE" in names
    assert "gradwork/py.typed" in names
    sources = {path.relative_to(PACKAGE.parent).as_posix() for path in PACKAGE.rglob("*.py")}
    assert sources <= set(names)
    assert all(name.startswith(("gradwork/", "gradwork-")) for name in names)
