"""A run on disk: written whole or not at all, and known by a hash, so that a half-written file is never read.

A file is one line of text (what it is, and the hash of the rest) and the arrays as NumPy's own `.npz`, without pickles.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from typing import Any

import numpy as np

from gradwork.descent.loop import State
from gradwork.descent.recording import Path
from gradwork.errors import ArgumentError, DataError

HEAD = b"gradwork descent 1 "


def fingerprint(*parts: Any) -> str:
    """A hash of settings, arrays and texts: equal where a run may be continued."""
    hashed = hashlib.sha256()
    for part in parts:
        if isinstance(part, (np.ndarray, np.generic)):
            array = np.asarray(part)
            hashed.update(f"{array.dtype}{array.shape}".encode())
            hashed.update(np.ascontiguousarray(array).tobytes())
        else:
            hashed.update(repr(part).encode())
        hashed.update(b"\0")
    return hashed.hexdigest()


def check(path: str | os.PathLike[str]) -> None:
    """Raise ArgumentError for a path that no checkpoint can be written to, before any work is done."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        raise ArgumentError(f"the checkpoint {os.fspath(path)} is a folder", hint="a file in it")
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise ArgumentError(
            f"the checkpoint {os.fspath(path)} cannot be written",
            why="its folder is not there, or may not be written to",
            hint="a folder of your own",
        )
    _clear(os.path.abspath(path))


def _clear(path: str) -> None:
    """Remove what a run that was killed while it wrote has left beside the file. It is never read."""
    if os.name != "posix":
        return
    folder, name = os.path.split(path)
    for other in os.listdir(folder):
        number = other.removeprefix(f"{name}.").removesuffix(".unfinished")
        if other != f"{name}.{number}.unfinished" or not number.isdigit():
            continue
        try:
            os.kill(int(number), 0)
        except (ProcessLookupError, OverflowError):
            with contextlib.suppress(OSError):
                os.remove(os.path.join(folder, other))
        except OSError:
            continue  # somebody else's process, which may be writing


def _sync_folder(folder: str) -> None:
    """Have the new name on disk too, where the system can."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Keeper:
    """Keeps a run in a file. What goes wrong with the file does not end the run; `notes` say it."""

    def __init__(self, path: str | os.PathLike[str], of: str, settings: dict[str, Any]) -> None:
        self.path, self.of, self.settings = path, of, settings
        self.notes: list[str] = []

    def __call__(self, state: State) -> None:
        """Write the state."""
        try:
            save(self.path, state, self.of, self.settings)
        except OSError as error:
            self.notes = [f"the checkpoint could not be written ({error.strerror or error}), and is an older one"]
        else:
            self.notes = []


def save(path: str | os.PathLike[str], state: State, of: str, settings: dict[str, Any]) -> None:
    """Write the state; the file of before stays whole until the new one is."""
    step, leaves, states = state.at
    arrays: dict[str, Any] = {f"leaf{i}": leaf for i, leaf in enumerate(leaves)}
    arrays |= {f"state{i}_{j}": kept for i, row in enumerate(states) for j, kept in enumerate(row)}
    arrays |= {f"best{i}": leaf for i, leaf in enumerate(state.best or [])}
    arrays["path"] = state.path.numbers()
    arrays["losses"] = np.array(state.losses[:step])
    arrays["held_out"] = np.array(state.held_out, dtype=np.float64).reshape(-1, 2)
    arrays["numbers"] = np.array([state.steepest, state.square, state.lowest, state.tiny])
    about = {"of": of, "step": step, "waited": state.waited, "remembered": len(states[0]), **settings}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    held = io.BytesIO()
    np.savez(held, **arrays)
    body = held.getvalue()
    unfinished = f"{os.fspath(path)}.{os.getpid()}.unfinished"
    try:
        with open(unfinished, "wb") as file:
            file.write(HEAD + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
        _sync_folder(os.path.dirname(os.path.abspath(path)))
    finally:
        if os.path.exists(unfinished):
            os.remove(unfinished)


def load(path: str | os.PathLike[str], of: str) -> tuple[State, dict[str, Any]] | None:
    """The state in a file, and the settings beside it; None where there is no file yet.

    Raises DataError for a file that is damaged, is no checkpoint, or belongs to another run.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return None
    head, _, body = content.partition(b"\n")
    name = os.path.basename(os.fspath(path))
    if not head.startswith(HEAD):
        raise DataError(f"{name} is no checkpoint of gradwork", hint="the name of a new file")
    if head[len(HEAD) :].decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
        why = "its content does not fit its hash: it was changed, or cut off while it was copied"
        raise DataError(f"{name} is damaged", why=why, hint="remove it, and the run starts from its beginning")
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        if about["of"] != of:
            why = "the loss, the start, the data, the method or a setting is not that of the run that wrote it"
            raise DataError(f"{name} belongs to another run", why=why, hint="another file, or the same settings")
        return _state(arrays, about), about


def _state(arrays: Any, about: dict[str, Any]) -> State:
    def leaf(name: str) -> Any:
        array = arrays[name]
        return array if array.ndim else array.dtype.type(array)

    count = sum(name.startswith("leaf") for name in arrays.files)
    leaves = [leaf(f"leaf{i}") for i in range(count)]
    states = [[leaf(f"state{i}_{j}") for j in range(about["remembered"])] for i in range(count)]
    path = Path(leaves)
    path.rows = arrays["path"]
    path.count = len(path.rows)
    steepest, square, lowest, tiny = (float(v) for v in arrays["numbers"])
    return State(
        (about["step"], leaves, states),
        losses=arrays["losses"].tolist(),
        path=path,
        steepest=steepest,
        square=square,
        lowest=lowest,
        tiny=tiny,
        best=[leaf(f"best{i}") for i in range(count)] if "best0" in arrays.files else None,
        waited=about["waited"],
        held_out=[(int(k), float(loss)) for k, loss in arrays["held_out"]],
    )
