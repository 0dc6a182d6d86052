"""The registry: names, suffixes, and what is said when one is unknown. How a result shows itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from formats.sample_pages import CARS

from gradwork import formats
from gradwork.errors import UsageError
from gradwork.formats.display import Shown
from gradwork.notation.document import Document, Paragraph, Style


def test_names() -> None:
    assert formats.names() == ("html", "json", "latex", "pdf", "plain", "terminal", "typst")


@pytest.mark.parametrize("name", formats.names())
def test_each_says_what_it_is(name: str) -> None:
    found = formats.named(name)
    assert found.name == name
    assert found.suffix == "" or found.suffix.startswith(".")
    assert "/" in found.media_type and found.summary and not found.summary.endswith(".")


def test_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        formats.named("htm")
    assert "htm" in caught.value.headline
    assert caught.value.hint == "html"
    assert "terminal" in str(caught.value)


@pytest.mark.parametrize("name", ["_text", "display", "__init__", ""])
def test_modules_that_are_no_formats(name: str) -> None:
    with pytest.raises(UsageError):
        formats.named(name)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.html", "html"),
        ("b/c.JSON", "json"),
        ("x.y.tex", "latex"),
        ("t.txt", "plain"),
        ("a.pdf", "pdf"),
        ("a.typ", "typst"),
        ("..\\d.html", "html"),
    ],
)
def test_format_for_a_path(path: str, name: str) -> None:
    assert formats.for_path(path) == name


@pytest.mark.parametrize("path", ["page", "page.pdff", ".html", "folder.html/page", ""])
def test_no_format_for_a_path(path: str) -> None:
    with pytest.raises(UsageError, match="no format belongs"):
        formats.for_path(path)


def test_listing_imports_no_format() -> None:
    code = "import sys; from gradwork import formats; formats.names(); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "gradwork.formats.html" not in done.stdout
    assert "gradwork.notation" not in done.stdout
    assert "'numpy'" not in done.stdout


def test_rendering_needs_no_numpy() -> None:
    code = (
        "import sys; from gradwork import formats; from gradwork.notation.document import Document\n"
        "from importlib.util import find_spec; skipped = set() if find_spec('typst') else {'pdf'}\n"
        "for name in set(formats.names()) - skipped: formats.render(Document('x', ()), name)\n"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


class Greeting(Shown):
    def document(self) -> Document:
        return Document("Greeting", (Paragraph("hello"),))


class Page(Document, Shown):
    pass


def test_shown_as_text() -> None:
    assert str(Greeting()) == "Greeting\n========\n\nhello"


def test_shown_at_the_windows_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    page = Page("A page", (Paragraph("one two three four five six seven"),))
    assert max(len(line) for line in Shown.__str__(page).splitlines()) <= 24


def test_shown_in_a_notebook() -> None:
    written = Greeting()._repr_html_()
    assert 'class="gradwork' in written
    assert "<html" not in written and "<body" not in written and "base64" not in written


def test_to() -> None:
    assert json.loads(str(Greeting().to("json")))["title"] == "Greeting"
    assert "\x1b[" in str(Greeting().to("terminal", color=True))


def test_save(tmp_path: Path) -> None:
    for suffix in (".html", ".json", ".tex", ".txt"):
        path = tmp_path / f"greeting{suffix}"
        Greeting().save(path)
        assert "hello" in path.read_text(encoding="utf-8")
    with pytest.raises(UsageError):
        Greeting().save(tmp_path / "greeting.docx")


def test_default_style_takes_the_pages_digits() -> None:
    page = Document("x", (), digits=3)
    assert formats.render(page, "plain") == formats.render(page, "plain", Style(digits=3))


def test_facts_in_full() -> None:
    class Array:
        def tolist(self) -> list[float]:
            return [0.1 + 0.2, float("nan"), float("-inf")]

    page = Document("x", (), facts={"slopes": Array(), "point": complex(1, 2), "nested": {"a": (1, 2)}, "flag": True})
    facts = json.loads(str(formats.render(page, "json")))["facts"]
    assert facts["slopes"] == [0.30000000000000004, "nan", "-inf"]
    assert facts["point"] == {"real": 1.0, "imaginary": 2.0}
    assert facts["nested"] == {"a": [1, 2]}
    assert facts["flag"] is True


def test_numbers_in_json_are_not_rounded() -> None:
    page = json.loads(str(formats.render(CARS, "json")))
    assert page["format"] == "gradwork-page" and page["version"] == 1
    written = json.dumps(page)
    assert "2482.693656" in written and '"spoken"' in written
