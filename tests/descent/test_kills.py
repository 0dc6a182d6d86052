"""Runs that are killed: at any moment, they continue to the same bits; and no other file is ever read."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.errors import DataError

SCRIPT = """
import sys, numpy as np, gradwork as gw
from gradwork.descent import loop, sources
loop.SAVE_EVERY = 0.002
sources.LARGE, sources.PART = 1000, 65 * 8 * 60
x = np.linspace(-1, 1, 400)
y = np.sin(3 * x)
folder, kind, kept = sys.argv[1:]
data = (x, y)
if kind == "files":
    data = (folder + "/x.npy", folder + "/y.npy")
def loss(p, x, y):
    return np.mean((np.tanh(np.outer(x, p[0]) + p[1]) @ p[2] - y) ** 2)
start = [np.linspace(-2, 2, 5), np.linspace(1, -1, 5), np.ones(5)]
options = {
    "all rows": {"method": "adam", "schedule": "cosine", "steps": 9000},
    "held out": {"method": "nesterov", "batch": 64, "holdout": 0.2, "steps": 5000},
    "files": {"method": "adam", "batch": 50, "steps": 3000},
    "line search": {"method": "conjugate-gradient", "steps": 400},
}[kind]
rate = {} if kind == "line search" else {"learning_rate": 0.003}
f = gw.descend(loss, start, data, progress=False, checkpoint=kept or None, **rate, **options)
print(f.reason, f.steps, f.path.tobytes().hex()[-4000:], f.losses.tobytes().hex()[-4000:], f.held_out[-3:])
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(gw.__file__).parents[1])}


def command(folder, kind, kept=""):
    return [sys.executable, str(folder / "run.py"), str(folder), kind, str(kept)]


@pytest.mark.parametrize("kind", ["all rows", "held out", "files", "line search"])
def test_a_run_killed_again_and_again_ends_with_the_bits_of_one_that_was_not(kind, tmp_path):
    (tmp_path / "run.py").write_text(SCRIPT)
    x = np.linspace(-1, 1, 400)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", np.sin(3 * x))
    whole = subprocess.run(command(tmp_path, kind), env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout
    chance = random.Random(kind)
    kept = tmp_path / "run"
    kills = 0
    for _ in range(3):
        running = subprocess.Popen(command(tmp_path, kind, kept), env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        before = kept.stat().st_mtime_ns if kept.exists() else 0
        while running.poll() is None and (not kept.exists() or kept.stat().st_mtime_ns == before):
            time.sleep(0.002)
        time.sleep(chance.random() * 0.15)
        if running.poll() is None:
            running.send_signal(signal.SIGKILL)
            kills += 1
        running.wait()
    done = subprocess.run(command(tmp_path, kind, kept), env=ENVIRONMENT, check=True, capture_output=True, text=True)
    assert done.stdout == whole
    assert kills
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.py", "x.npy", "y.npy"]


# -- files that are not whole -----------------------------------------------------------------------------------------


def descend(file, **options):
    return gw.descend(lambda w: np.sum((w - 1.0) ** 4), np.zeros(3), learning_rate=0.05, checkpoint=file, **options)


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    file = tmp_path_factory.mktemp("kept") / "run"
    descend(file, steps=20)
    return file.read_bytes()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**6), change=st.integers(1, 255))
def test_no_file_with_one_other_byte_is_read(content, tmp_path, place, change):
    changed = bytearray(content)
    changed[place % len(changed)] ^= change
    (tmp_path / "run").write_bytes(changed)
    with pytest.raises(DataError):
        descend(tmp_path / "run", steps=20)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, 10**6))
def test_no_file_that_is_cut_off_is_read(content, tmp_path, length):
    (tmp_path / "run").write_bytes(content[: length % len(content)])
    with pytest.raises(DataError) as caught:
        descend(tmp_path / "run", steps=20)
    assert caught.value.hint


def test_what_a_killed_run_left_half_written_is_removed_and_never_read(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f"run.{ended.pid}.unfinished"
    left.write_bytes(b"half of it")
    mine = tmp_path / f"run.{os.getpid()}.unfinished"
    mine.write_bytes(b"being written")
    other = tmp_path / "run.txt.unfinished"
    other.write_bytes(b"somebody's own")
    found = descend(tmp_path / "run", steps=5)
    assert found.steps == 5
    assert not left.exists()
    assert other.exists()


def test_a_write_that_fails_keeps_the_file_of_before_and_the_run(tmp_path, monkeypatch):
    file = tmp_path / "run"
    descend(file, steps=5)
    before = file.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    found = descend(file, steps=10)
    assert found.steps == 10
    assert any("No space left" in note for note in found.notes)
    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_the_checkpoint_of_another_model_is_refused(tmp_path):
    x = np.arange(10.0)
    runs = {
        "loss": (lambda w, x: np.mean((x * w - 2.0) ** 2), 0.0, x),
        "constant": (lambda w, x: np.mean((x * w - 3.0) ** 2), 0.0, x),
        "start": (lambda w, x: np.mean((x * w - 2.0) ** 2), 1.0, x),
        "data": (lambda w, x: np.mean((x * w - 2.0) ** 2), 0.0, x + 1),
        "rows": (lambda w, x: np.mean((x * w - 2.0) ** 2), 0.0, x[:9]),
        "shape": (lambda w, x: np.mean((x * w - 2.0) ** 2), np.zeros(10), x),
    }
    for name, (loss, start, data) in runs.items():
        gw.descend(loss, start, data, learning_rate=0.01, steps=3, checkpoint=tmp_path / name)
    for one in runs:
        for other, (loss, start, data) in runs.items():
            if one != other:
                with pytest.raises(DataError, match="belongs to another run"):
                    gw.descend(loss, start, data, learning_rate=0.01, steps=3, checkpoint=tmp_path / one)


OTHERS = {"method": "adam", "batch": 2, "clip": 1.0, "weight_decay": 0.1, "holdout": 0.2, "test": 0.2}


@pytest.mark.parametrize("name", OTHERS)
def test_the_checkpoint_of_another_setting_is_refused(tmp_path, name):
    def run(**more):
        options = {"learning_rate": 0.01, "steps": 3, "checkpoint": tmp_path / "run", **more}
        return gw.descend(lambda w, x: np.mean((x * w - 2.0) ** 2), 0.0, np.arange(10.0), **options)

    run()
    with pytest.raises(DataError, match="belongs to another run"):
        run(**{name: OTHERS[name]})


def test_data_in_parts_count_in_what_a_checkpoint_belongs_to(tmp_path):
    def run(shift):
        x = np.arange(20.0) + shift
        return gw.descend(
            lambda w, x: np.mean((x * w - 2.0) ** 2),
            0.0,
            [(x[:10],), (x[10:],)],
            learning_rate=0.001,
            steps=4,
            checkpoint=tmp_path / "run",
        )

    whole = run(0.0)
    assert run(0.0).path.tobytes() == whole.path.tobytes()
    with pytest.raises(DataError, match="belongs to another run"):
        run(1e-9)
