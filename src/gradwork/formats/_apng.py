"""A PNG that moves: frames in one file, which what does not know them shows as the still picture.

Each frame is laid over the one before, and is clear where nothing has changed. It is played once; the last one stays.

Source: W3C, Portable Network Graphics (PNG) Specification, third edition, 2025: acTL, fcTL and fdAT.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

Image = np.ndarray[Any, Any]  # rows, columns, and red, green, blue, opacity as whole numbers of one byte
COLOR = 6  # red, green, blue, and how much of what lies below is covered
OVER = 1
UP = 2  # each row as what it differs by from the row above


def animated_png(still: Image, frames: Sequence[Image], seconds: float, description: str = "") -> bytes:
    """The file. All frames are as large as the still picture, and together they last as long as is said.

    >>> white = np.full((2, 3, 4), 255, np.uint8)
    >>> animated_png(white, [white, white], 1.0)[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    high, wide, _ = still.shape
    milliseconds = max(1, round(1000 * seconds / len(frames)))
    parts = [
        _chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, COLOR, 0, 0, 0)),
        _chunk(b"acTL", struct.pack(">II", len(frames), 1)),
        *([_chunk(b"iTXt", b"Description\0\0\0\0\0" + description.encode("utf-8"))] if description else []),
        _chunk(b"IDAT", _packed(still)),
        *_frames(frames, milliseconds),
        _chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _frames(frames: Sequence[Image], milliseconds: int) -> Iterator[bytes]:
    number = itertools.count()
    before = None
    for frame in frames:
        part, left, top = _changed(before, frame)
        place = (part.shape[1], part.shape[0], left, top)
        yield _chunk(b"fcTL", struct.pack(">IIIIIHHBB", next(number), *place, milliseconds, 1000, 0, OVER))
        yield _chunk(b"fdAT", struct.pack(">I", next(number)) + _packed(part))
        before = frame


def _changed(before: Image | None, frame: Image) -> tuple[Image, int, int]:
    """What is not as before, with how far from the left and from the top it stands; one clear point where all is."""
    if before is None:
        return frame, 0, 0
    other = _as_one(frame) != _as_one(before)
    rows, columns = np.flatnonzero(other.any(axis=1)), np.flatnonzero(other.any(axis=0))
    top, left = (int(found[0]) if found.size else 0 for found in (rows, columns))
    box = slice(top, int(rows[-1]) + 1 if rows.size else 1), slice(left, int(columns[-1]) + 1 if rows.size else 1)
    return frame[box] * other[box][:, :, None], left, top


def _as_one(image: Image) -> Image:
    """Each point as one number."""
    return np.ascontiguousarray(image).view(np.uint32)[:, :, 0]


def _packed(image: Image) -> bytes:
    rows = np.ascontiguousarray(image).reshape(len(image), -1)
    above = np.concatenate([np.zeros_like(rows[:1]), rows[:-1]])
    marked = np.concatenate([np.full((len(rows), 1), UP, np.uint8), rows - above], axis=1)
    return zlib.compress(marked.tobytes())


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
