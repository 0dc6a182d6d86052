"""Whole pages, character by character. `pytest --golden` rewrites them; people read the diff."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from formats.sample_pages import PAGES

from gradwork import formats
from gradwork.formats.html import fragment
from gradwork.notation.document import Style

SUFFIXES = {name: formats.named(name).suffix or ".ansi.txt" for name in formats.names()}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", sorted(set(formats.names()) - {"pdf"}))
def test_pages(name: str, page: str, golden: Callable[[str, str], None]) -> None:
    written = str(formats.render(PAGES[page], name, Style()))
    # The fonts are files of their own; their bytes would hide everything else.
    written = re.sub(r"base64,[\w+/=]*", "base64,", written)
    written = re.sub(r"<style>.*?</style>", "<style></style>", written, flags=re.DOTALL)
    written = written.partition("#show: look")[2] or written  # the look of a page of Typst is a file of its own
    golden(f"pages/{page}{SUFFIXES[name]}", written)


@pytest.mark.parametrize("width", [28, 50])
def test_narrow(width: int, golden: Callable[[str, str], None]) -> None:
    golden(f"pages/cars-{width}.txt", str(formats.render(PAGES["cars"], "plain", Style(width=width))))


def test_color(golden: Callable[[str, str], None]) -> None:
    golden("pages/everything-color.txt", str(formats.render(PAGES["everything"], "terminal", Style(color=True))))


def test_fragment(golden: Callable[[str, str], None]) -> None:
    written = re.sub(r"<style>.*?</style>", "<style></style>", fragment(PAGES["everything"]), flags=re.DOTALL)
    golden("pages/everything.fragment.html", written)
