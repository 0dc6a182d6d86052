"""`gradwork descend`: the numbers of the steps, why it stopped, exit codes, checkpoints, interrupts."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from gradwork.cli import descend as command
from gradwork.descent import schedules
from gradwork.descent.method import method_named

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CARS = str(EXAMPLES / "cars.toml")
SLIDES = str(EXAMPLES / "slides.toml")

MODEL = """
[data]
x = [1, 2, 3, 4]
y = [3, 5, 7, 9]
[parameters]
w = 0
b = 0
[lines]
loss = "mean((x*w + b - y)^2)"
"""


@pytest.fixture
def model(tmp_path):
    def write(more: str = "") -> str:
        file = tmp_path / "model.toml"
        file.write_text(MODEL + more, encoding="utf-8")
        return str(file)

    return write


def test_cars_reach_the_least_squares_answer(run):
    outcome = run("descend", CARS, "--to", "json")
    assert outcome.code == 0
    facts = json.loads(outcome.out)["facts"]
    table = np.loadtxt(EXAMPLES / "cars.csv", delimiter=",", skiprows=1)
    speed, distance = table[:, 0], table[:, 1]
    answer = np.linalg.lstsq(np.column_stack([speed, np.ones(50)]), distance, rcond=None)[0]
    found = [facts["parameters"]["w"], facts["parameters"]["b"]]
    np.testing.assert_allclose(found, answer, atol=1e-5)
    assert facts["reason"] == "converged"


def test_the_slides_step_by_hand(run):
    outcome = run("descend", SLIDES, "--work", "1", "--steps", "3")
    assert "d loss/d weight = 2 error x = 20" in outcome.out
    assert "4 - 0.01 · 20 = 3.8" in outcome.out
    assert "Out of steps" in outcome.out


def test_every_so_many_steps_are_worked(run):
    out = run("descend", SLIDES, "--work", "1", "--every", "10", "--steps", "30").out
    assert [line.split()[1] for line in out.splitlines() if line.startswith("Step ")] == ["1", "10", "20", "30"]


def test_a_divergence_ends_with_1_and_says_what_would_work(run):
    outcome = run("descend", CARS, "--learning-rate", "0.01", "--width", "200")
    assert outcome.code == 1
    assert "0.00376709" in outcome.out
    assert "With 0.00188355 the loss falls" in outcome.out


def test_a_learning_rate_left_out_is_chosen_and_said_why(run, model):
    out = run("descend", model(), "--width", "200").out
    assert "The learning rate was chosen: the largest curvature at the start" in out


@pytest.mark.parametrize("method", command.methods.names())
def test_every_method_runs(method, run, model):
    # A method that searches compares losses on the same rows.
    batch = () if method_named(method).search is not None else ("--batch", "2")
    assert run("descend", model(), "--method", method, "--steps", "20", *batch, "--work", "1").code == 0


@pytest.mark.parametrize("schedule", command.SCHEDULES)
def test_every_schedule_runs(schedule, run, model):
    assert run("descend", model(), "--schedule", schedule, "--steps", "20").code == 0


def test_the_schedules_are_those_that_there_are():
    assert tuple(schedules.FORMULAS) == command.SCHEDULES


def test_the_options_come_before_the_models_own(run, model):
    file = model('[descend]\nmethod = "momentum"\nsteps = 7\nlearning_rate = 0.01\n')
    facts = json.loads(run("descend", file, "--steps", "3", "--to", "json").out)["facts"]
    assert (facts["method"], facts["steps"], facts["learning_rate"]) == ("momentum", 3, 0.01)


@pytest.mark.parametrize(
    "line, headline",
    [
        ("learning_rat = 1", "the key learning_rat is not known"),
        ('learning_rate = "fast"', "learning_rate has to be a finite number above 0"),
        ("learning_rate = 0", "learning_rate has to be a finite number above 0"),
        ("steps = 1.5", "steps has to be a whole number"),
        ("steps = -1", "steps has to be a whole number"),
        ("batch = 0", "batch has to be a whole number, 1 or more"),
        ('method = "adm"', "method cannot be 'adm'"),
        ('schedule = "cos"', "schedule cannot be 'cos'"),
        ('init = "xavier"', "init cannot be 'xavier'"),
        ("holdout = 2", "holdout has to be a share of the rows, between 0 and 1"),
        ("weight_decay = -1", "weight_decay has to be a finite number, 0 or more"),
        ("clip = inf", "clip has to be a finite number above 0"),
        ("standardise = 3", "standardise has to be true, false, or names of data"),
    ],
)
def test_a_mistake_in_the_model_is_named_with_its_line(line, headline, run, model):
    outcome = run("descend", model(f"[descend]\n{line}\n"))
    assert outcome.code == 2
    assert headline in outcome.err
    assert line in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "more, headline",
    [
        (("--standardise", "--batch", "2", "--method", "levenberg-marquardt"), "takes no batch"),
        (("--learning-rate", "0.1", "--method", "gauss-newton"), "takes no learning rate"),
        (("--init-scale", "2"), "a scale of what?"),
    ],
)
def test_options_that_do_not_go_together_are_named(more, headline, run, model):
    outcome = run("descend", model(), *more)
    assert outcome.code == 2
    assert headline in outcome.err and "Traceback" not in outcome.err


def test_a_method_chosen_beside_the_file_leaves_the_files_learning_rate(run, model):
    file = model("[descend]\nlearning_rate = 0.01\nbatch = 2\n")
    out = run("descend", file, "--method", "levenberg-marquardt", "--width", "200").out
    assert "not used by levenberg-marquardt: learning_rate, batch of [descend]" in out
    assert "Converged" in out


@pytest.mark.parametrize(
    "option", [("--learning-rate", "0"), ("--learning-rate", "x"), ("--method", "adm"), ("--checkpoint", "no/such/x")]
)
def test_a_mistaken_option_is_refused(option, run, model):
    outcome = run("descend", model(), *option)
    assert outcome.code == 2
    assert outcome.err.startswith("error[")


def test_rows_of_a_model_in_columns_are_no_batch(run):
    outcome = run("descend", str(EXAMPLES / "article.toml"), "--batch", "1")
    assert outcome.code == 2
    assert "batch takes rows of data" in outcome.err


def test_a_function_of_a_file(run, tmp_path):
    file = tmp_path / "net.py"
    file.write_text(
        "import numpy as np\nx = np.arange(4.0)\ny = 2 * x + 1\n"
        "def loss(x, y, w=0.0, b=0.0):\n    return np.mean((x * w + b - y) ** 2)\n"
    )
    facts = json.loads(run("descend", f"{file}:loss", "--wrt", "w,b", "--to", "json").out)["facts"]
    assert facts["parameters"]["w"] == pytest.approx(2, abs=1e-5)


def test_a_checkpoint_goes_on(run, model, tmp_path):
    file = str(tmp_path / "run")
    options = ("--learning-rate", "0.01", "--to", "json")
    run("descend", model(), "--steps", "10", "--checkpoint", file, *options)
    more = run("descend", model(), "--steps", "30", "--checkpoint", file, *options)
    assert more.out == run("descend", model(), "--steps", "30", *options).out


def test_an_interrupt_shows_what_is_done(process, model, tmp_path):
    file = tmp_path / "run"
    running = process(
        "descend", model(), "--learning-rate", "1e-9", "--steps", "1000000000", "--method", "adam",
        "--checkpoint", str(file),
    )  # fmt: skip
    for _ in range(600):
        if file.exists():
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err.decode()
    assert b"Interrupted" in out
    assert b"Traceback" not in err


ROWS = """
[data]
x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
y = [3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 34]
[parameters]
w = 0
b = 0
[lines]
loss = "mean((x*w + b - y)^2)"
"""


def test_no_moments_takes_every_step_on_the_rows(run, tmp_path):
    file = tmp_path / "rows.toml"
    file.write_text(ROWS, encoding="utf-8")
    quick = run("descend", str(file), "--steps", "50", "--to", "json")
    plain = run("descend", str(file), "--steps", "50", "--no-moments", "--to", "json")
    assert "moments=False" in quick.out and "moments" not in plain.out
    found = [json.loads(outcome.out)["facts"]["parameters"] for outcome in (quick, plain)]
    assert found[0]["w"] == pytest.approx(found[1]["w"], rel=1e-9)


def test_no_progress_shows_no_line(run, model, monkeypatch):
    made = []
    monkeypatch.setattr("gradwork.descent.descend.DescentProgress", lambda *a: made.append(a) or Silent())
    assert run("descend", model(), "--steps", "5", "--no-progress").code == 0
    assert not made
    assert run("descend", model(), "--steps", "5").code == 0
    assert made


class Silent:
    def at(self, step, loss):
        pass

    def done(self):
        pass


def test_single_columns_are_standardised_by_name(run, model):
    alone = run("descend", model(), "--standardise-only", "x", "--to", "json")
    every = run("descend", model(), "--standardise", "--to", "json")
    assert alone.code == 0
    assert json.loads(alone.out)["facts"]["parameters"] == json.loads(every.out)["facts"]["parameters"]
    wrong = run("descend", model(), "--standardise-only", "z")
    assert wrong.code == 2 and "z" in wrong.err
    assert "needs names" in run("descend", model(), "--standardise-only", "x,,y").err


def test_every_option_of_the_function_is_one_of_the_command():
    import argparse
    import inspect

    import gradwork as gw

    parser = argparse.ArgumentParser()
    command.add_options(parser)
    known = {action.dest.removeprefix("no_") for action in parser._actions}
    known |= {"executor"} if "workers" in known else set()
    given_by_model = {"loss", "start", "data", "names", "notes"}
    assert set(inspect.signature(gw.descend).parameters) - given_by_model <= known
