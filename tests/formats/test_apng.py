"""Animated PNG files: read back by the specification, every frame is the picture that was given."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwork.formats._apng import animated_png


def chunks(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length]) == (zlib.crc32(name + body),)
        yield name, body
        at += 12 + length
    assert at == len(data)


def image(packed, wide, high):
    """The rows of an image, each with the filter that its first byte names."""
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(high, 1 + 4 * wide)
    assert set(rows[:, 0]) <= {0, 2}
    found = np.zeros((high, 4 * wide), np.uint8)
    for k, row in enumerate(rows):
        found[k] = row[1:] + (found[k - 1] if row[0] == 2 and k else 0)
    return found.reshape(high, wide, 4)


def played(data):
    """The still picture, the frames as they are seen one after the other, their delays, and how often they play."""
    still = shown = box = None
    frames, delays, plays, expected = [], [], None, 0
    for name, body in chunks(data):
        if name == b"IHDR":
            wide, high, *kind = struct.unpack(">IIBBBBB", body)
            assert kind == [8, 6, 0, 0, 0]
        elif name == b"acTL":
            count, plays = struct.unpack(">II", body)
        elif name == b"IDAT":
            still = image(body, wide, high)
        elif name == b"fcTL":
            number, *box, delay, of, dispose, blend = struct.unpack(">IIIIIHHBB", body)
            assert (number, of, dispose, blend) == (expected, 1000, 0, 1)
            delays.append(delay)
            expected += 1
        elif name == b"fdAT":
            assert struct.unpack(">I", body[:4]) == (expected,)
            expected += 1
            across, down, left, top = box
            part = image(body[4:], across, down)
            shown = np.zeros((high, wide, 4), np.uint8) if shown is None else shown.copy()
            under = shown[top : top + down, left : left + across]
            shown[top : top + down, left : left + across] = np.where(part[:, :, 3:] == 255, part, under)
            frames.append(shown)
    assert len(frames) == count
    return still, frames, delays, plays


@settings(max_examples=40, deadline=None)
@given(
    wide=st.integers(1, 7), high=st.integers(1, 7), count=st.integers(1, 6), colors=st.integers(1, 3),
    seed=st.integers(0, 999),
)  # fmt: skip
def test_every_frame_is_the_picture_that_was_given(wide, high, count, colors, seed):
    random = np.random.default_rng(seed)
    pictures = random.integers(0, colors, size=(count + 1, high, wide, 4)).astype(np.uint8) * 90
    pictures[..., 3] = 255
    still, frames, delays, plays = played(animated_png(pictures[0], pictures[1:], 2.0))
    assert np.array_equal(still, pictures[0]) and plays == 1
    for found, wanted in zip(frames, pictures[1:], strict=True):
        assert np.array_equal(found, wanted)
    assert delays == [round(2000 / count)] * count


def test_the_description_is_kept_whatever_its_letters():
    picture = np.full((2, 2, 4), 255, np.uint8)
    data = dict(chunks(animated_png(picture, [picture], 1.0, "loss → 0, über alles")))
    assert data[b"iTXt"].split(b"\0")[-1].decode("utf-8") == "loss → 0, über alles"
