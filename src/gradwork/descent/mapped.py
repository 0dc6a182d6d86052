"""Memory-mapped arrays, and where in their files a run of rows stands, so that another process can read it too."""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradwork.errors import DataError, MissingFileError, Where
from gradwork.graph.formula.evaluate import close

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Mapped:
    """A view of a file: what is read, and how the file looked when it was mapped."""

    file: str
    dtype: Any
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    looked: tuple[int, int]

    def read(self) -> Array | None:
        """A copy in memory; None where the file is not there, or is another one. Nothing stays mapped."""
        view = self.opened()
        return None if view is None else np.array(view)

    def opened(self) -> Array | None:
        """The view, mapped again; None where the file is not there, or is another one."""
        if 0 in self.shape:
            return np.zeros(self.shape, self.dtype)
        span = sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True)) + self.dtype.itemsize
        try:
            if _look(self.file) != self.looked:
                return None
            held = np.memmap(self.file, np.uint8, "r", self.offset, (span,))
        except (OSError, ValueError):
            return None
        return np.ndarray(self.shape, self.dtype, buffer=held, strides=self.strides)


def is_mapped(value: Any) -> bool:
    """Whether an array shows the memory of a file."""
    return _root(value) is not None


def mapped(view: Array) -> Mapped | None:
    """Where a view stands in its file; None where that cannot be said, or where what is in memory differs from it."""
    root = _root(view)
    if root is None or root.filename is None or root.mode == "c" or any(s < 0 for s in view.strides):
        return None
    file = os.fspath(root.filename)
    offset = root.offset + view.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    try:
        return Mapped(file, view.dtype, offset, view.shape, view.strides, _look(file))
    except OSError:
        return None


def open_mapped(path: Path) -> Array:
    """A `.npy` file, mapped. Raises MissingFileError, and DataError for a file that is none."""
    if path.suffix != ".npy":
        why = "a text among the data of a loss is the path of a NumPy file, which is mapped and not read at once"
        raise DataError(
            f"{str(path)[:60]!r} is no .npy file", why=why, hint="np.save(file, x); or the numbers themselves"
        )
    if not path.is_file():
        others = sorted(p.name for p in path.parent.glob("*.npy")) if path.parent.is_dir() else []
        raise MissingFileError(
            f"there is no file {path.name}",
            where=Where(str(path)),
            why=f"the folder {path.parent} " + ("has no such file" if path.parent.is_dir() else "is not there"),
            hint=" or ".join(close(path.name, others)) or None,
        )
    try:
        found: Any = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        objects = "pickle" in str(error) or "Python objects" in str(error)
        said = "files with Python objects in them can run code, and are never opened" if objects else str(error)
        raise DataError(
            f"{path.name} holds no plain array",
            where=Where(str(path)),
            why=said,
            hint="an array of numbers, saved by np.save",
        ) from error
    if not isinstance(found, np.ndarray):
        found.close()
        why = "an .npz file holds several arrays, and they are packed, so that they cannot be mapped"
        raise DataError(f"{path.name} holds no single array", where=Where(str(path)), why=why, hint="np.save(file, x)")
    mapped_array: Array = found
    return mapped_array


def _root(value: Any) -> Any:
    """The array that was mapped, of which `value` is a view."""
    while isinstance(value, np.ndarray):
        base: Any = value.base
        if isinstance(value, np.memmap) and isinstance(base, mmap.mmap):
            return value
        value = base
    return None


def _look(file: str) -> tuple[int, int]:
    found = os.stat(file)
    return found.st_size, found.st_mtime_ns
