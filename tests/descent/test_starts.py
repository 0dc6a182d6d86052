"""Random starts by seed: their kinds, their spread, and who starts at zero."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import gradwork as gw
from gradwork.cli import descend as command
from gradwork.cli import main
from gradwork.descent.starts import INITS, drawn
from gradwork.errors import ArgumentError
from gradwork.models import load

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NETWORK = {"W": np.zeros((200, 100)), "b": np.ones(100), "v": np.zeros((100, 1)), "c": np.ones(1)}


def start_of(init, **options):
    def loss(p):
        return sum(np.sum(part * 0.0) for part in p.values())

    return gw.descend(loss, NETWORK, init=init, steps=0, learning_rate=1.0, **options).params


LIMITS = {"glorot": np.sqrt(6 / 300), "he": np.sqrt(6 / 200), "uniform": 1.0}


@pytest.mark.parametrize("init", LIMITS)
def test_a_uniform_kind_fills_its_limits_evenly(init):
    found = start_of(init, seed=4)["W"]
    limit = LIMITS[init]
    assert np.abs(found).max() <= limit and np.abs(found).max() > 0.99 * limit
    assert np.mean(found) == pytest.approx(0, abs=0.02 * limit)
    assert np.std(found) == pytest.approx(limit / np.sqrt(3), rel=0.02)


def test_a_normal_start_has_the_spread_of_its_scale():
    found = start_of("normal", init_scale=0.3)
    assert np.std(found["W"]) == pytest.approx(0.3, rel=0.02)
    assert np.std(found["b"]) == pytest.approx(0.3, rel=0.3)


@pytest.mark.parametrize("init", ["glorot", "he"])
def test_what_has_fewer_axes_than_a_matrix_is_a_bias_and_starts_at_zero(init):
    found = start_of(init)
    assert not found["b"].any() and not found["c"].any()
    assert found["W"].any() and found["v"].any()


def test_without_a_matrix_the_vectors_are_the_weights():
    weights, bias = drawn([np.zeros(5), np.float64(1.0)], "glorot", None, 0)
    assert weights.all() and bias != 0


def test_a_seed_gives_the_same_start_and_another_seed_another():
    one, same, other = (start_of("he", seed=seed)["W"] for seed in (1, 1, 2))
    assert one.tobytes() == same.tobytes() != other.tobytes()


def test_a_start_keeps_shapes_and_dtypes():
    found = drawn([np.zeros((2, 3), np.float32), np.float32(1.0)], "normal", 2.0, 0)
    assert (found[0].dtype, found[0].shape, type(found[1])) == (np.float32, (2, 3), np.float32)


def test_zeros_are_zeros():
    assert not any(np.any(part) for part in start_of("zeros").values())


@pytest.mark.parametrize(
    "options", [{"init": "xavier"}, {"init": "he", "init_scale": 0}, {"init_scale": 2.0}, {"init": 3}], ids=str
)
def test_a_start_that_there_is_not_is_refused_with_what_to_try(options):
    with pytest.raises(ArgumentError) as caught:
        gw.descend(lambda w: w**2, 1.0, **options)
    assert caught.value.why


def test_a_drawn_start_is_drawn_from_any_method_and_continues_from_its_checkpoint(tmp_path):
    x = np.linspace(-1, 1, 30)

    def loss(p, x):
        return np.mean((np.tanh(np.outer(x, p["a"])) @ p["v"] - np.sin(3 * x)) ** 2)

    start, options = {"a": np.zeros(4), "v": np.zeros(4)}, {"init": "uniform", "seed": 9, "learning_rate": 0.1}
    whole = gw.descend(loss, start, x, steps=60, **options)
    gw.descend(loss, start, x, steps=20, checkpoint=tmp_path / "run", **options)
    found = gw.descend(loss, start, x, steps=60, checkpoint=tmp_path / "run", **options)
    assert found.path.tobytes() == whole.path.tobytes()


# -- model files and the command line ---------------------------------------------------------------------------------


def test_the_command_knows_the_same_kinds():
    assert set(command.INITS) == set(INITS)


def test_the_command_line_draws_a_start_and_says_so(capsys):
    arguments = ["descend", str(EXAMPLES / "network.toml"), "--init", "he", "--seed", "3", "--steps", "0"]
    assert main(arguments) == 0
    assert "the start is drawn with seed 3 (he)" in capsys.readouterr().out


def test_the_bias_of_a_layer_starts_at_zero_in_both_layouts(capsys):
    for file in ("network.toml", "article.toml"):
        assert main(["descend", str(EXAMPLES / file), "--init", "glorot", "--steps", "0", "--to", "json"]) == 0
        page = json.loads(capsys.readouterr().out)
        facts = page.get("facts", page)["parameters"]
        biases = [value for name, value in facts.items() if name.startswith("b") and len(name) > 1]
        assert all(not np.any(bias) for bias in biases)


def test_a_model_file_may_draw_its_start():
    text = (
        'loss = "mean((x*w + b - y)^2)"\n[data]\nx = [1, 2, 3]\ny = [2, 4, 6]\n[parameters]\nw = 0\nb = 0\n'
        '[descend]\ninit = "normal"\ninit_scale = 0.1\nseed = 5\nsteps = 0\n'
    )
    found = load(text).descend()
    assert 0 < abs(float(found.params["w"])) < 1
    assert any("seed 5 (normal)" in note for note in found.notes)
