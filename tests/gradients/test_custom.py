"""Rules and ops of the user's own."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ArgumentError, RuleError, UnknownOpError
from gradwork.gradients.contract import check_op
from gradwork.graph.op import REGISTER, Kink

X = np.array([0.7, -1.3, 2.1])


@pytest.fixture(autouse=True)
def _register(monkeypatch):
    for table in ("by_name", "by_word", "by_function"):
        monkeypatch.setattr(REGISTER, table, dict(getattr(REGISTER, table)))


# -- custom_rule ------------------------------------------------------------------------------------------------------


def lgamma(x):
    """Untraceable inside, and one number at a time."""
    return np.vectorize(math.lgamma)(x)


def test_an_untraceable_function_is_one_node():
    cube = gw.custom_rule(lambda x: np.vectorize(math.pow)(x, 3), lambda g, y, x: g * 3 * x**2)
    assert isinstance(cube(2.0), np.ndarray | float)
    assert np.allclose(cube(X), X**3)
    assert np.allclose(gw.grad(lambda x: np.sum(cube(x) ** 2))(X), 6 * X**5)
    assert [n.op for n in gw.trace(lambda x: cube(x), X).nodes][1:] == [gw.trace(lambda x: cube(x), X).nodes[1].op]


def test_its_rule_can_be_differentiated_again():
    cube = gw.custom_rule(lambda x: float(x) ** 3, lambda g, y, x: g * 3 * x**2)
    assert gw.grad(gw.grad(cube))(2.0) == 12.0
    assert gw.grad(gw.grad(gw.grad(cube)))(2.0) == 6.0
    assert gw.jvp(cube, (2.0,), (1.0,)) == (8.0, 12.0)
    assert gw.hessian(lambda x: np.sum(gw.custom_rule(np.sin, lambda g, y, x: g * np.cos(x))(x)))(X).shape == (3, 3)


def test_several_inputs_and_options():
    def area(a, b, *, scale):
        return float(np.sum(np.asarray(a) * b)) * scale

    product = gw.custom_rule(area, lambda g, y, a, b, scale: (g * b * scale, g * a * scale))
    first, second = gw.grad(lambda a, b: product(a, b, scale=2.0), wrt=(0, 1))(X, X + 1)
    assert np.allclose(first, 2 * (X + 1)) and np.allclose(second, 2 * X)
    picky = gw.custom_rule(lambda x, n: x * n, lambda g, y, x, n: (g * n, None))
    assert gw.grad(picky)(3.0, 5) == 5.0
    with pytest.raises(ArgumentError):
        gw.grad(lambda a: product(X, X, scale=a))(2.0)


def test_the_function_cannot_harm_the_graph():
    def careless(x):
        x *= 0
        return x.sum()

    nothing = gw.custom_rule(careless, lambda g, y, x: g * np.ones(3))
    assert np.allclose(gw.grad(lambda x: nothing(x) + np.sum(x**2))(X), 1 + 2 * X)


def test_it_is_right_at_every_call():
    factor = [1.0]
    scaled = gw.custom_rule(lambda x: x * factor[0], lambda g, y, x: g * factor[0])
    gradient = gw.grad(scaled)
    for value in (1.0, 1.0, 1.0, 5.0, 5.0, -2.0):
        factor[0] = value
        assert gradient(3.0) == value


@pytest.mark.parametrize(
    ("pullback", "message"),
    [
        (lambda g, y, a, b: g * b, "gives 1 slope for 2 inputs"),
        (lambda g, y, a, b: (g, g, g), "gives 3 slopes for 2 inputs"),
        (lambda g, y, a, b: (g * b, np.sum(g * a)), "gives shape () for input 2, which has shape (3,)"),
        (lambda g, y, a, b: (np.outer(g, b), g), "gives shape (3, 3) for input 1, which has shape (3,)"),
    ],
)
def test_a_pullback_that_does_not_fit(pullback, message):
    product = gw.custom_rule(lambda a, b: a * b, pullback)
    with pytest.raises(RuleError) as refused:
        gw.grad(lambda a, b: np.sum(product(a, b)))(X, X)
    assert message in refused.value.headline
    assert refused.value.where.file == __file__
    assert refused.value.why and refused.value.hint


@pytest.mark.parametrize("result", [None, "text", {"a": 1.0}, [object()]])
def test_a_function_that_returns_no_number(result):
    with pytest.raises(RuleError):
        gw.grad(gw.custom_rule(lambda x: result, lambda g, y, x: g))(1.0)


def test_what_is_no_function_is_refused():
    with pytest.raises(ArgumentError):
        gw.custom_rule(3.0, lambda g, y, x: g)
    with pytest.raises(ArgumentError):
        gw.custom_rule(np.sin, "cos")


def test_two_functions_of_one_name_are_two_rules():
    double, triple = (gw.custom_rule(lambda x, k=k: x * k, lambda g, y, x, k=k: g * k) for k in (2.0, 3.0))
    assert gw.grad(lambda x: double(x) * triple(x))(1.0) == 12.0


# -- op ---------------------------------------------------------------------------------------------------------------


def swish():
    return gw.op(
        lambda a: a / (1 + np.exp(-a)),
        name="swish",
        slopes=lambda y, a: gw.sigmoid(a) * (1 + a * (1 - gw.sigmoid(a))),
        rule="swish rule",
        analytic=True,
        samples=(-2.0, 0.0, 1.5),
        why="The product rule on a and its sigmoid.",
        source="Ramachandran and others 2017",
    )


def test_an_op_keeps_all_promises_and_formulas_find_it():
    function = swish()
    assert check_op("swish") == []
    assert np.allclose(function(X), X / (1 + np.exp(-X)))
    assert gw.grad("swish(2*x)", wrt="x")(x=0.5) == pytest.approx(2 * gw.grad(function)(1.0))
    assert "swish(x)" in str(gw.trace("swish(x)", x=0.5))
    assert gw.grad(lambda x: np.sum(function(x) * np.ones((2, 3))))(X).shape == (3,)
    assert REGISTER.named("swish").rule == "swish rule"


def test_a_wrong_op_is_noticed():
    gw.op(lambda a: a**2, name="squared", slopes=lambda y, a: 3 * a, samples=(1.5,), why="-", source="-")
    assert any("nudges" in str(b) for b in check_op("squared"))
    kink = Kink(at=lambda a: a == 0, left=-1.0, right=1.0, chosen=1.0, because="-")
    gw.op(
        np.abs,
        name="absolute_again",
        slopes=lambda y, a: np.sign(a),
        samples=(1.5,),
        kinks=(kink,),
        why="-",
        source="-",
    )
    assert [b.promise for b in check_op("absolute_again")] == ["the slope at a corner is the one declared"]


def test_an_op_on_whole_arrays():
    gram = gw.op(
        lambda a, factor=1.0: factor * a.T @ a,
        name="gram",
        pullback=lambda g, y, a, factor=1.0: (factor * (a @ g.T + a @ g),),
        samples=((np.arange(6.0).reshape(2, 3) / 5,), (np.ones((2, 2)), {"factor": 3.0})),
        why="The product rule, twice.",
        source="by hand",
    )
    assert check_op("gram") == []
    assert gw.grad(lambda a: np.sum(gram(a, factor=2.0)))(np.ones((2, 2))).tolist() == [[8.0, 8.0], [8.0, 8.0]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gw.op(np.tanh, slopes=1), "already"),
        (lambda: gw.op(lambda a: a, slopes=1), "not a name"),
        (lambda: gw.op(lambda a: a, name="both", slopes=1, pullback=lambda g, y, a: g), "one of them only"),
        (lambda: gw.op(lambda a: a, name="neither"), "one of them only"),
        (lambda: gw.op(3.0, name="number", slopes=1), "made of a function"),
        (lambda: gw.op(lambda a: a, name="var", slopes=1), "already"),
    ],
)
def test_declarations_that_are_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_an_entry_by_entry_function_that_is_not():
    wrong = gw.op(lambda a: np.sum(a), name="wrong", slopes=lambda y, a: a)
    with pytest.raises(RuleError, match="entry by entry"):
        gw.grad(lambda x: wrong(x))(X)


def test_graphs_with_it_are_saved_and_found_again(tmp_path):
    function = swish()
    graph = gw.trace(lambda x: np.sum(function(x)), X)
    again = pickle.loads(pickle.dumps(graph))
    assert again.run(X).outputs == graph.run(X).outputs
    (tmp_path / "graph.pickle").write_bytes(pickle.dumps(graph))
    code = """
        import pickle, pathlib
        from gradwork.errors import UnknownOpError
        graph = pickle.loads(pathlib.Path("graph.pickle").read_bytes())
        try:
            graph.run([0.7, -1.3, 2.1])
        except UnknownOpError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert "no op named 'swish' is declared" in done.stdout, done.stderr


def test_an_unknown_op_is_named():
    with pytest.raises(UnknownOpError):
        REGISTER.named("swish_of_nobody")
