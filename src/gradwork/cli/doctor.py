"""Show what is installed, what is missing, and what would be faster."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import platform
import re
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from gradwork.cli import _kernels, _options, _output, _report

if TYPE_CHECKING:
    from gradwork.notation.document import Block, Document, Paragraph, Table

Row = tuple[str, str]
_FOR_DEVELOPERS = ("test", "dev")


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    parser.add_argument(
        "--quick", action="store_true", help="do not measure how fast NumPy's matrix products are (it takes seconds)"
    )
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Look around and show it; code 1 where gradwork cannot work."""
    core = [("gradwork", _own_version()), ("Python", _python()), *_numpy()]
    kernels = [] if options.quick else _kernels.measured(_loaded_kernel()) if _loaded_kernel() else []
    _options.show(_page(core, _extras(), _terminal(), kernels), options)
    return 1 if ("NumPy", "missing") in core else 0


def _page(
    core: list[Row], extras: list[tuple[str, str, str]], terminal: list[Row], kernels: list[_kernels.Kernel]
) -> Document:
    from gradwork.notation.document import Document, Heading, Table

    blocks = (
        _facts_table(core),
        Heading("Extras"),
        Table(("extra", "installed", "to install it"), tuple(extras), align="lll"),
        Heading("Terminal"),
        _facts_table(terminal),
        *_speeds(kernels),
        *_advice(core),
    )
    names = ("extra", "installed", "install")
    facts = {
        "core": dict(core),
        "extras": [dict(zip(names, extra, strict=True)) for extra in extras],
        "terminal": dict(terminal),
        "kernels": {kernel.name: round(kernel.speed, 1) for kernel in kernels},
    }
    return Document("What gradwork finds here", blocks, facts)


def _speeds(kernels: list[_kernels.Kernel]) -> list[Block]:
    """Products of matrices with each kernel that this processor can run, and what to set where another is faster."""
    from gradwork.notation.document import Heading, Paragraph, Table

    if not kernels:
        return []
    rows = [
        (kernel.name, f"{kernel.speed:.0f} GFLOP/s", "loaded" if kernel is kernels[0] else "") for kernel in kernels
    ]
    found: list[Block] = [Heading("Matrix products"), Table(("kernel", "speed", ""), tuple(rows), align="lrl")]
    best = _kernels.better(kernels)
    if best is None:
        return found
    times = best.speed / kernels[0].speed
    advice = (
        f"NumPy would multiply matrices {times:.1f} times faster with another kernel. "
        f"Set it before Python starts: {_kernels.line_to_set(best)}"
    )
    return [*found, Paragraph(advice, kind="warning")]


def _loaded_kernel() -> str:
    try:
        import numpy as np
    except ImportError:
        return ""
    return _openblas_kernel(Path(np.__file__).parent)


def _facts_table(rows: list[Row]) -> Table:
    from gradwork.notation.document import Table

    return Table(("", ""), tuple(rows), align="ll")


def _advice(core: list[Row]) -> list[Paragraph]:
    from gradwork.notation.document import Paragraph

    found = []
    if ("NumPy", "missing") in core:
        found.append('NumPy is missing, and everything needs it: python -m pip install "numpy>=2.0"')
    if sys.flags.dont_write_bytecode:
        found.append("PYTHONDONTWRITEBYTECODE is set: Python compiles every module again at each start. Unset it.")
    if any(name == "BLAS" and not re.search("openblas|mkl|accelerate|blis", value, re.I) for name, value in core):
        found.append("NumPy multiplies matrices without a fast BLAS: its wheels from the package index have one.")
    return [Paragraph(text, kind="warning") for text in found]


def _own_version() -> str:
    from gradwork._version import __version__

    return f"{__version__} in {Path(__file__).parents[1]}"


def _python() -> str:
    return f"{platform.python_version()} ({platform.python_implementation()}, {platform.system()} {platform.machine()})"


def _numpy() -> list[Row]:
    try:
        import numpy as np
    except ImportError:
        return [("NumPy", "missing")]
    return [("NumPy", np.__version__), ("BLAS", _blas())]


def _blas() -> str:
    """Which BLAS NumPy was built with, and the kernel that it picked for this processor."""
    import numpy as np

    settings = np.show_config(mode="dicts")  # type: ignore[call-overload, unused-ignore]
    blas = settings.get("Build Dependencies", {}).get("blas", {})
    name = f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
    kernel = _openblas_kernel(Path(np.__file__).parent)
    return f"{name}, kernel {kernel}" if kernel else name


def _openblas_kernel(numpy_folder: Path) -> str:
    """Ask the OpenBLAS inside NumPy's wheel, which is loaded already; "" where it is not there."""
    folders = (numpy_folder.parent / "numpy.libs", numpy_folder / ".dylibs")
    libraries = [path for folder in folders if folder.is_dir() for path in folder.glob("*openblas*")]
    for path in libraries:
        for name in ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename", "openblas_get_corename64_"):
            try:
                function = getattr(ctypes.CDLL(str(path)), name)
            except (OSError, AttributeError):
                continue
            function.restype = ctypes.c_char_p
            return bytes(function()).decode("ascii", errors="replace")
    return ""


def _extras() -> list[tuple[str, str, str]]:
    """For each extra: its name, what of it is installed, and how to install it."""
    try:
        needs = importlib.metadata.requires("gradwork") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    found = []
    for need in needs:
        match = re.fullmatch(r"([\w.-]+)(\S*)\s*;\s*extra\s*==\s*['\"](\w+)['\"]", need)
        if match and match[3] not in _FOR_DEVELOPERS:
            package, bounds, extra = match.groups()
            version = _version_of(package)
            line = "" if version else f'python -m pip install "{package}{bounds}"'
            found.append((extra, f"{package} {version or 'missing'}", line))
    return found


def _version_of(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _terminal() -> list[Row]:
    return [
        ("width", f"{_output.window_width()} characters"),
        ("colour", "yes" if _report.wants_color(sys.stdout) else _why_no_color()),
        ("encoding", str(sys.stdout.encoding)),
    ]


def _why_no_color() -> str:
    if os.environ.get("NO_COLOR"):
        return "no: NO_COLOR is set"
    return "no: TERM is dumb" if os.environ.get("TERM") == "dumb" else "no: the output is no terminal"
