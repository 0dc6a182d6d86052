"""Matrix products on one thread. How many threads share a product decides in which order it is added up.

A worker of loky or dask is given fewer threads the more workers there are, so the last bits of a shard would hang on
the number of workers. NumPy's own OpenBLAS is asked to use one; with another BLAS, set its number of threads outside.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

_LOCK = threading.Lock()
_inside = 0
_before = 0
_NAMES = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads64_")


@cache
def _threads() -> tuple[Callable[[], int], Callable[[int], object]] | None:
    """How the number of threads is read and set; None where NumPy has another BLAS."""
    folder = Path(np.__file__).parent
    for libraries in (folder.parent / "numpy.libs", folder / ".dylibs"):
        for path in sorted(libraries.glob("*openblas*")) if libraries.is_dir() else ():
            for name in _NAMES:
                try:
                    library = ctypes.CDLL(str(path))
                    read, write = getattr(library, name.format("get")), getattr(library, name.format("set"))
                except (OSError, AttributeError):
                    continue
                read.restype, write.argtypes, write.restype = ctypes.c_int, [ctypes.c_int], None
                return read, write
    return None


def is_known() -> bool:
    """Whether NumPy's number of threads can be set here."""
    return _threads() is not None


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it, products of matrices run on one thread each; threads of the program may be in it at once."""
    global _inside, _before
    threads = _threads()
    if threads is None:
        yield
        return
    read, write = threads
    with _LOCK:
        _inside += 1
        if _inside == 1:
            _before = read()
            if _before != 1:
                write(1)
    try:
        yield
    finally:
        with _LOCK:
            _inside -= 1
            if _inside == 0 and _before != 1:
                write(_before)
