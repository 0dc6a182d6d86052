"""The floors of the house (docs/decisions/0003): imports go down only, and the core needs NumPy alone.

Every import counts: at the top of a module, inside a function, and those that only a type checker sees.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"

FLOORS = {
    "errors": 0,
    "_version": 0,
    "graph": 1,
    "notation": 1,
    "ops": 2,
    "formats": 2,
    "lowering": 2,
    "gradients": 3,
    "check": 4,
    "descent": 4,
    "working": 5,
    "worksheets": 5,
    "tables": 6,
    "models": 6,
    "torch": 6,
    "jax": 6,
    "pytest_plugin": 6,
    "cli": 7,
    "web": 7,
    "__main__": 8,
    "": 8,  # gradwork/__init__.py: the public names, from every floor
}

# Rooms of one floor do not know each other, but for these.
NEIGHBOURS = {("models", "tables"), ("web", "cli")}

# Modules that are loaded by name, so that a lower floor need not import a higher one.
# graph -> ops: the register of ops lives on floor 1, and fills itself with our declarations when first used.
# graph -> gradients: what has no rule is differentiated by nudging, and that is done two floors up.
BY_NAME = {("graph", "ops"), ("graph", "gradients")}

# Everything else imports NumPy and the standard library at the top of a module; an extra only inside a function.
DOORS = {"torch", "jax", "pytest_plugin", "web"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((SOURCE / "gradwork").rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        yield name, ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(name: str, tree: ast.AST, is_package: bool) -> Iterator[tuple[str, int]]:
    """Every module that is imported, by its full name, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolved(name, node, is_package)
            # `from gradwork import formats` means gradwork.formats: so every name is joined to its module.
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def resolved(name: str, node: ast.ImportFrom, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    base = parts[: len(parts) - node.level + is_package]
    return ".".join([*base, *([node.module] if node.module else [])])


def room(module: str) -> str:
    """The part of the house that a module belongs to: "graph" of gradwork.graph.op, "" of gradwork itself."""
    found = [*module.split("."), ""][1]
    return found if found in FLOORS else ""


def objection(importer: str, imported: str) -> str | None:
    """Why this import is not allowed; None where it is."""
    here, there = room(importer), room(imported)
    if here == there:
        return None
    if FLOORS[there] > FLOORS[here]:
        return f"goes up from floor {FLOORS[here]} to {FLOORS[there]}"
    if FLOORS[there] == FLOORS[here] and (here, there) not in NEIGHBOURS:
        return f"joins two rooms of floor {FLOORS[here]}"
    return None


def upward(name: str, tree: ast.Module, is_package: bool) -> list[str]:
    return [
        f"{name}:{line} imports {imported}: {reason}"
        for imported, line in imports(name, tree, is_package)
        if imported.split(".")[0] == "gradwork" and (reason := objection(name, imported))
    ]


def is_package(name: str) -> bool:
    return (SOURCE.joinpath(*name.split(".")) / "__init__.py").exists()


def test_every_module_has_a_floor():
    rooms = {name.split(".")[1] for name, _ in modules() if "." in name}
    assert rooms <= set(FLOORS), f"give a floor to {sorted(rooms - set(FLOORS))} in FLOORS"


def test_imports_go_down_only():
    found = [line for name, tree in modules() for line in upward(name, tree, is_package(name))]
    assert not found, "\n".join(found)


def test_modules_loaded_by_name_are_known():
    """`import_module("gradwork.x")` would get round the floors unseen."""
    found = set()
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
                text = ast.unparse(node.args[0]).strip("\"'f")
                if text.startswith("gradwork.") and objection(name, text):
                    found.add((room(name), room(text)))
    assert found <= BY_NAME, f"loads a higher floor by name: {sorted(found - BY_NAME)}"


@pytest.mark.parametrize("name, tree", [pytest.param(*pair, id=pair[0]) for pair in modules()])
def test_the_core_needs_numpy_alone(name: str, tree: ast.Module):
    found = {top.split(".")[0] for node in at_import(tree) for top, _ in imports(name, node, is_package(name))}
    outside = found - sys.stdlib_module_names - {"gradwork", "numpy"}
    assert not outside or room(name) in DOORS, f"{name} imports {sorted(outside)}"


def at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """The import statements that run when the module is imported: all but those inside functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from at_import(node)


@pytest.mark.parametrize(
    "name, line, reason",
    [
        ("gradwork.graph.op", "from gradwork.ops import relu", "goes up from floor 1 to 2"),
        ("gradwork.graph.op", "def f():\n    import gradwork.cli.main", "goes up from floor 1 to 7"),
        ("gradwork.formats.html", "from gradwork import working", "goes up from floor 2 to 5"),
        ("gradwork.formats.html", "from gradwork import grad", "goes up from floor 2 to 8"),
        ("gradwork.formats.html", "from ..graph import op", None),
        ("gradwork.graph.op", "from ..notation.layout import Sum", "joins two rooms of floor 1"),
        ("gradwork.graph.op", "from . import run", None),
        ("gradwork.graph.op", "from .. import cli", "goes up from floor 1 to 7"),
        ("gradwork.models", "from gradwork.tables import read", None),
        ("gradwork.tables", "from gradwork.models import load", "joins two rooms of floor 6"),
        ("gradwork.errors", "if TYPE_CHECKING:\n    from gradwork.graph import Graph", "goes up from floor 0 to 1"),
    ],
)
def test_the_test_notices(name: str, line: str, reason: str | None):
    found = upward(name, ast.parse(line), False)
    assert [one.partition(": ")[2] for one in found] == ([reason] if reason else [])
