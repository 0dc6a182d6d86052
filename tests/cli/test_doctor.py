"""`gradwork doctor` and `gradwork formats`: what is here."""

from __future__ import annotations

import importlib
import importlib.metadata
import platform
import sys

import numpy as np
import pytest

from gradwork import formats
from gradwork.cli import _kernels, doctor

NEEDS = [
    "numpy>=1.26",
    'matplotlib>=3.8; extra == "plot"',
    "typst>=0.13 ; extra == 'pdf'",
    'pytest>=8.2; extra == "test"',
]


def installed(monkeypatch: pytest.MonkeyPatch, **versions: str) -> None:
    def version(name: str) -> str:
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "requires", lambda name: NEEDS)
    monkeypatch.setattr(importlib.metadata, "version", version)


def test_it_names_python_and_numpy(run):
    outcome = run("doctor", "--width", "120")
    assert outcome.code == 0
    assert platform.python_version() in outcome.out
    assert np.__version__ in outcome.out


def test_a_missing_extra_has_its_install_line(monkeypatch: pytest.MonkeyPatch):
    installed(monkeypatch, matplotlib="3.11.2")
    assert doctor._extras() == [
        ("plot", "matplotlib 3.11.2", ""),
        ("pdf", "typst missing", 'python -m pip install "typst>=0.13"'),
    ]


def test_from_a_folder_that_was_never_installed(monkeypatch: pytest.MonkeyPatch):
    def requires(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    assert doctor._extras() == []


def test_without_numpy_it_still_speaks(run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    outcome = run("doctor", "--width", "120")
    assert outcome.code == 1
    assert "NumPy is missing" in outcome.out


def test_the_kernel_is_asked_for_and_may_be_silent(tmp_path):
    assert doctor._openblas_kernel(tmp_path / "numpy") == ""
    (tmp_path / "numpy.libs").mkdir()
    (tmp_path / "numpy.libs" / "libopenblas.so").write_bytes(b"not a library")
    assert doctor._openblas_kernel(tmp_path / "numpy") == ""


def test_formats_lists_every_format(run):
    outcome = run("formats")
    assert outcome.code == 0
    assert all(name in outcome.out for name in formats.names())


def test_a_kernel_that_is_worth_setting_is_named():
    loaded, other = _kernels.Kernel("Haswell", 50.0), _kernels.Kernel("SKYLAKEX", 95.0)
    assert _kernels.better([loaded, other]) is other
    assert _kernels.better([loaded, _kernels.Kernel("ZEN", 52.0)]) is None
    assert _kernels.better([loaded]) is None
    assert "OPENBLAS_CORETYPE=SKYLAKEX" in _kernels.line_to_set(other)


def test_kernels_are_measured_in_processes_of_their_own():
    (only,) = _kernels.measured("here", flags=set())
    assert only.name == "here"
    assert only.speed > 0


def test_the_advice_stands_on_the_page(run, monkeypatch: pytest.MonkeyPatch):
    found = [_kernels.Kernel("Haswell", 50.0), _kernels.Kernel("SKYLAKEX", 95.0)]
    monkeypatch.setattr(doctor, "_loaded_kernel", lambda: "Haswell")
    monkeypatch.setattr(_kernels, "measured", lambda loaded: found)
    outcome = run("doctor", "--width", "120")
    assert "OPENBLAS_CORETYPE=SKYLAKEX" in outcome.out
    assert "Matrix products" not in run("doctor", "--quick").out
