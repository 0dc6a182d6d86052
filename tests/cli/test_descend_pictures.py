"""`gradwork descend --picture`: files of one picture, and what is refused before any work."""

from __future__ import annotations

from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_the_command_writes_pictures(run, tmp_path):
    file = tmp_path / "run.svg"
    assert (
        run("descend", str(EXAMPLES / "cars.toml"), "--steps", "50", "--picture", "contour", "-o", str(file)).code == 0
    )
    assert "<desc" in file.read_text(encoding="utf-8")
    model = str(EXAMPLES / "network.toml")
    assert run("descend", model, "--steps", "9", "--of", "W1[1,2],b2", "-o", str(file)).code == 0
    assert ">W1[1,2]</text>" in file.read_text(encoding="utf-8")
    shown = run("descend", str(EXAMPLES / "cars.toml"), "--steps", "9", "--picture", "predictions")
    assert "measured, 50 rows" in shown.out


def test_the_command_refuses_before_it_works(run, tmp_path):
    model = str(EXAMPLES / "cars.toml")
    without = run("descend", model, "-o", str(tmp_path / "run.svg"))
    assert without.code == 2 and "--picture loss" in without.err
    assert run("descend", model, "--picture", "contur").code == 2
    assert run("descend", model, "--of", "a,b,c").code == 2
    wrong = run("descend", model, "--steps", "3", "--of", "v", "-o", str(tmp_path / "run.svg"))
    assert wrong.code == 2 and "there is no parameter 'v'" in wrong.err and not (tmp_path / "run.svg").exists()


def test_html_has_sliders(run, tmp_path):
    file = tmp_path / "run.html"
    assert run("descend", str(EXAMPLES / "cars.toml"), "--steps", "20", "-o", str(file)).code == 0
    assert 'type="range"' in file.read_text(encoding="utf-8")
