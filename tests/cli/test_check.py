"""`gradwork check`: the report, exit codes, and what is said where something is missing."""

from __future__ import annotations

import json

import pytest

NET = """
import numpy as np

def loss(w, b, x, y):
    return np.mean((np.tanh(x @ w + b) - y) ** 2)

def gradient(w, b, x, y):
    a = np.tanh(x @ w + b)
    g = 2 * (a - y) / y.size * (1 - a**2)
    return x.T @ g, g.sum(axis=0)

def point():
    r = np.random.default_rng(0)
    return r.normal(size=(4, 3)), r.normal(size=3), r.normal(size=(5, 4)), r.normal(size=(5, 3))

def slope_at_z(w, b, x, y):
    z = x @ w + b
    g = 2 * (np.tanh(z) - y) / y.size * (1 - z**2)
    return x.T @ g, g.sum(axis=0)

def raising(w, b, x, y):
    return w[99]

def of_a_dict(w, b, x, y):
    return {"v": w}

def of_nothing(w, b, x, y):
    return None

def misshapen(w, b, x, y):
    return np.ones((7, 2))

def an_array(w, b, x, y):
    return x @ w

def no_number(w, b, x, y):
    return np.log(-1.0 - np.sum(w) ** 2)

short = (1.0, 2.0)
text = "hello"
by_name = dict(zip("wbxy", point()))
"""


@pytest.fixture
def net(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(NET, encoding="utf-8")
    return str(file)


def test_a_right_gradient_ends_with_0(run, net):
    outcome = run("check", net)
    assert (outcome.code, outcome.err) == (0, "")
    assert "w and b are right (15 entries checked)" in outcome.out


def test_a_wrong_gradient_ends_with_1_and_the_cause(run, net):
    outcome = run("check", net, "--gradient", "slope_at_z")
    assert outcome.code == 1
    assert "[GW210 post-activation]" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert len(outcome.out.splitlines()) < 60


def test_a_point_may_be_a_dict(run, net):
    assert run("check", net, "--at", "by_name").code == 0


def test_json_has_the_verdicts(run, net):
    facts = json.loads(run("check", net, "--gradient", "slope_at_z", "--to", "json").out)
    text = json.dumps(facts)
    assert '"code": "GW210"' in text
    assert '"differ": 12' in text


def test_html_has_the_report(run, net):
    outcome = run("check", net, "--gradient", "slope_at_z", "--to", "html")
    assert outcome.code == 1
    assert "GW210" in outcome.out
    assert "</html>" in outcome.out


@pytest.mark.parametrize(
    "options, headline",
    [
        (["--gradient", "raising"], "error[GW120]: raising stops when it is called"),
        (["--gradient", "of_a_dict"], "error[GW106]: the gradient is {v: (4, 3)}, which fits no argument"),
        (["--gradient", "of_nothing"], "error[GW106]: there is no gradient to check"),
        (["--gradient", "missing"], "error[GW120]: net.py has no missing"),
        (["--loss", "missing"], "error[GW120]: net.py has no function missing"),
        (["--loss", "an_array"], "error[GW105]: the function gives an array (5, 3)"),
        (["--loss", "no_number"], "error[GW106]: the function gives nan at the point itself"),
        (["--at", "missing"], "error[GW120]: net.py has no missing"),
        (["--at", "short"], "error[GW120]: the point does not fit the arguments of loss"),
        (["--at", "text"], "error[GW120]: the point does not fit the arguments of loss"),
        (["--wrt", "q"], "error[GW106]: wrt='q': there is no argument of that name"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_checked_is_said_and_ends_with_2(run, net, options, headline):
    outcome = run("check", net, *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(headline)
    assert "Traceback" not in outcome.err
    assert "Warning" not in outcome.err


def test_a_gradient_of_another_shape_is_wrong(run, net):
    outcome = run("check", net, "--gradient", "misshapen", "--wrt", "w")
    assert outcome.code == 1
    assert "shape (7, 2)" in outcome.out


def test_a_file_that_is_not_there_is_answered(run, tmp_path):
    outcome = run("check", str(tmp_path / "nte.py"))
    assert outcome.code == 2
    assert outcome.err.startswith("error[GW122]: there is no file")


def test_a_file_of_torch_is_checked_as_well(run, tmp_path):
    pytest.importorskip("torch", reason="torch is not installed: a file of torch is not checked")
    file = tmp_path / "net.py"
    file.write_text(
        """
import torch
torch.manual_seed(0)
x, w = torch.randn(5, 4, dtype=torch.float64), torch.randn(4, 3, dtype=torch.float64)
def loss(w, x):
    return (torch.tanh(x @ w) ** 2).mean()
def gradient(w, x):
    w = w.clone().requires_grad_(True)
    loss(w, x).backward()
    return w.grad
def doubled(w, x):
    return 2 * gradient(w, x)
""",
        encoding="utf-8",
    )
    assert run("check", str(file)).code == 0
    wrong = run("check", str(file), "--gradient", "doubled")
    assert wrong.code == 1
    assert "GW202" in wrong.out


def test_some_of_a_gradient_can_be_checked(run, net):
    outcome = run("check", net, "--gradient", "slope_at_z", "--wrt", "b")
    assert outcome.code == 1
    assert "b is wrong (3 entries checked)" in outcome.out
    assert "GW210" in outcome.out


def test_formulas_are_checked_at_numbers(run):
    right = run("check", "(w*x - y)^2", "--gradient", "2*(w*x - y)*x", "--at", "w=3,x=2,y=1", "--wrt", "w")
    assert right.code == 0
    wrong = run("check", "(w*x - y)^2", "--gradient", "dw = 2*(w*x - y); dy = -2*(w*x - y)", "--at", "w=3,x=2,y=1")
    assert wrong.code == 1
    assert "w is wrong; y is right" in wrong.out and "the factor x is missing" in wrong.out


def test_a_gradient_of_a_model_file_is_checked(run):
    assert run("check", "examples/cars.toml", "--gradient", "dw = 2*mean(error*x); db = 2*mean(error)").code == 0
    outcome = run("check", "examples/cars.toml", "--gradient", "2*sum(error*x)", "--wrt", "w")
    assert outcome.code == 1
    assert "GW201" in outcome.out and "Is this gradient of cars.toml right?" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x^2", "--gradient", "2*x"], "no numbers are given"),
        (["x^2", "--at", "x=2"], "there is no gradient to check"),
        (["w*x^2", "--gradient", "2*x", "--at", "x=2"], "--at gives w no number"),
        (["w*x^2", "--gradient", "2*x", "--at", "x=2,w=1,q=3"], "the formula has no q"),
        (["w*x^2", "--gradient", "2*x", "--at", "x=2,w=1"], "the gradient may belong to w, x"),
        (["w*x^2", "--gradient", "2*x", "--at", "x"], "needs names with their numbers"),
        (["x^2", "--gradient", "2*", "--at", "x=2"], "the formula ends after *"),
        (["x^2", "--gradient", "2*x", "--at", "x=2", "--loss", "f"], "here the loss is a formula"),
        (["examples/cars.toml", "--gradient", "2*x", "--at", "x=2"], "the model file has its own"),
        (["examples/cars.toml", "--gradient", "2*mean(error)"], "the gradient may belong to w, b"),
        (["examples/crs.toml", "--gradient", "2*x"], "there is no file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_read_of_formulas_is_said(run, arguments, words):
    outcome = run("check", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert words in outcome.err and "Traceback" not in outcome.err
