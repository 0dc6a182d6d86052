"""`gw.compile`: the program gives what the function and its gradient give, and notices when it no longer holds."""

from __future__ import annotations

import random
import threading
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import gradwork as gw
from gradwork.gradients.captured import Captured
from gradwork.gradients.contract.samples import cases
from gradwork.graph.op import REGISTER
from gradwork.graph.run import run
from gradwork.graph.trace import trace_call
from gradwork.graph.tree import flatten

R = np.random.default_rng(0)
X, W, B, V = R.normal(size=(6, 4)), R.normal(size=(4, 3)), R.normal(size=3), R.normal(size=4)
TALL = R.normal(size=(40, 5))
LABELS = R.integers(0, 5, 40)


def cross_entropy(x: Any, w: Any, labels: Any) -> Any:
    z = x @ w
    z = z - z.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.mean(logp[np.arange(len(labels)), labels])


def one_hot_cross_entropy(x: Any, w: Any, y: Any) -> Any:
    z = x @ w
    s = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return -np.sum(y * np.log(s / np.sum(s, axis=-1, keepdims=True))) / len(x)


def recurrent(h: Any, w: Any) -> Any:
    for _ in range(5):
        h = np.tanh(h @ w)
    return np.sum(h * h)


def written_in_place(x: Any, w: Any) -> Any:
    y = x * 2
    y[0] = w * 3
    y[1:] += w
    return np.sum(y**3)


def norm_like(x: Any) -> Any:
    m = np.mean(x, axis=0)
    v = np.mean((x - m) ** 2, axis=0)
    return np.sum(np.sin((x - m) / np.sqrt(v + 1e-5)))


PROGRAMS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "square": (lambda x: x**2, (3.0,)),
    "line": (lambda x, w, y: (x * w - y) ** 2, (3.0, 2.0, 5.0)),
    "functions": (lambda x: np.exp(-(x**2)) * np.cos(x) + np.log1p(x) / np.sqrt(x), (0.7,)),
    "corners": (lambda x, y: np.maximum(x, y) + abs(x) * np.minimum(y, 2.0) + np.clip(x, 0, 1), (0.5, 0.5)),
    "small vectors": (lambda x, y: x @ y + np.sum(x * y[::-1]), (V, V + 1)),
    "sigmoid and relu": (lambda x, w: np.sum(gw.sigmoid(x @ w) * gw.relu(x @ w - 0.1)), (X, W)),
    "softplus": (lambda x: np.sum(gw.softplus(x * 30)), (X,)),
    "maximum with zero": (lambda x, w: np.sum(np.maximum(x @ w, 0) ** 2), (TALL, R.normal(size=(5, 7)))),
    "linear layer": (lambda x, w, b: np.mean((np.tanh(x @ w + b) - 1) ** 2), (X, W, B)),
    "one layer, long": (lambda x, w: np.mean((np.tanh(x @ w)) ** 2), (TALL, R.normal(size=(5, 5)))),
    "cross-entropy": (lambda x, w: cross_entropy(x, w, LABELS), (TALL, R.normal(size=(5, 5)))),
    "cross-entropy, large scores": (lambda x, w: cross_entropy(x * 400, w, LABELS), (TALL, R.normal(size=(5, 5)))),
    "one-hot": (
        lambda x, w: one_hot_cross_entropy(x, w, np.eye(5)[LABELS]),
        (TALL, R.normal(size=(5, 5))),
    ),
    "logsumexp": (lambda z: np.sum(gw.logsumexp(z * 9, axis=1) ** 2), (TALL,)),
    "logsumexp, all": (lambda z: gw.logsumexp(z), (TALL,)),
    "softmax": (lambda z: np.sum(gw.softmax(z) ** 2 * np.arange(5.0)), (TALL,)),
    "softmax over rows": (lambda z: np.sum(gw.softmax(z, axis=0) ** 2 * np.arange(5.0)), (TALL,)),
    "log_softmax": (lambda z: np.sum(gw.log_softmax(z)[:, 2] ** 2), (TALL,)),
    "shift that does not cancel": (lambda z: np.sum(np.exp(z - np.max(z))), (TALL,)),
    "largest entries": (lambda z: np.sum(np.max(z, axis=1) ** 2) + np.min(z), (TALL,)),
    "recurrent": (recurrent, (V, R.normal(size=(4, 4)))),
    "written in place": (written_in_place, (X[:, 0].copy(), 2.0)),
    "normalised": (norm_like, (TALL,)),
    "broadcasting": (lambda x, b: np.sum((x[:, None, :] - b[None, :, None]) ** 3), (X, B)),
    "transposes": (lambda x: np.sum((x.T @ x) ** 2) + np.sum(x.T[0] * x[:, 0]), (X,)),
    "batched product": (lambda a, b: np.sum(np.matmul(a, b) ** 2), (R.normal(size=(3, 4, 2)), R.normal(size=(2, 5)))),
    "einsum": (lambda a, b: np.einsum("ij,jk->ki", a, b).ravel()[::2].sum(), (X, W)),
    "variance": (lambda x: np.var(x) + np.std(x, axis=0).sum(), (X,)),
    "picking twice": (lambda x: np.sum(x[[0, 0, 2]] ** 2), (V,)),
    "cumsum": (lambda x: np.sum(np.cumsum(x, axis=1) ** 2), (X,)),
    "solve": (lambda a, b: np.sum(np.linalg.solve(a @ a.T + np.eye(4), b) ** 2), (R.normal(size=(4, 4)), V)),
    "where": (lambda x: np.sum(np.where(x > 0, np.sqrt(np.abs(x)), x**3)), (X,)),
    "sort": (lambda x: np.sum(np.sort(x, axis=0) * np.arange(6.0)[:, None]), (X,)),
    "powers": (lambda x, p: np.sum(np.abs(x) ** p) + np.sum(x**3 + x**4 + x**-1.0), (X, 1.7)),
    "scaled twice": (lambda x: np.sum(-((2 * (3 * x)) / 7) * -1.0), (X,)),
    "the same thing twice": (lambda x: np.sum(np.exp(x) * np.exp(x)) + np.sum(np.exp(x)), (X,)),
    "constant result": (lambda x: np.sum(x) * 0 + 3.0, (X,)),
    "empty": (lambda x: np.sum(x**2) + 1.0, (np.zeros((0, 3)),)),
    "one row": (lambda x, w: np.mean(np.tanh(x @ w)), (X[:1], W)),
    "zero-dimensional": (lambda x, y: x * np.sum(y), (np.array(2.0), V)),
    "float32": (lambda x, w: np.mean(np.tanh(x @ w) ** 2 / 3), (X.astype(np.float32), W.astype(np.float32))),
    "float32 and float64": (lambda x, w: np.mean((x * 0.1 + w) ** 2), (X[0].astype(np.float32), V)),
    "outer": (lambda x, y: np.sum(np.outer(x, y) ** 2), (V, B)),
    "views": (lambda x: np.sum(x.reshape(3, 8)[1:, ::2].T ** 2), (X,)),
    "concatenate": (lambda x, y: np.sum(np.concatenate([x, y, x]) ** 2 * np.arange(11.0)), (V, B)),
    "strided": (lambda x: np.sum(x**2), (np.asfortranarray(X)[::2],)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_gives_the_value_and_the_gradient(name: str) -> None:
    f, args = PROGRAMS[name]
    wrt = tuple(range(len(args)))
    compiled = gw.compile(f, *args, wrt=wrt)
    value, gradient = gw.value_and_grad(f, wrt)(*args)
    for _ in range(2):
        got, slopes = compiled(*args)
        _same(got, value)
        for mine, theirs in zip(slopes, gradient, strict=True):
            _same(mine, theirs)
    assert compiled.traces == 1
    plain = gw.compile(f, *args)
    _same(plain(*args), np.asarray(f(*args))[()])


@pytest.mark.parametrize("name", PROGRAMS)
def test_other_numbers_of_the_same_shapes_are_taken_too(name: str) -> None:
    f, args = PROGRAMS[name]
    wrt = tuple(range(len(args)))
    compiled = gw.compile(f, *args, wrt=wrt)
    for k in range(3):
        others = tuple(
            (a * type(a)(1 + 0.1 * k) if isinstance(a, float) else (a * (1 + 0.1 * k)).astype(a.dtype)) for a in args
        )
        value, gradient = gw.value_and_grad(f, wrt)(*others)
        got, slopes = compiled(*others)
        _same(got, value)
        for mine, theirs in zip(slopes, gradient, strict=True):
            _same(mine, theirs)


def _same(mine: Any, theirs: Any) -> None:
    assert type(mine) is type(theirs)
    assert np.shape(mine) == np.shape(theirs)
    assert mine.dtype == theirs.dtype
    tight = 1e-12 if mine.dtype == np.float64 else 1e-5
    np.testing.assert_allclose(
        mine, theirs, rtol=tight, atol=tight * max(1.0, float(np.max(np.abs(theirs), initial=0)))
    )


# -- what comes out belongs to the caller -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROGRAMS)
def test_results_share_no_memory_with_anything(name: str) -> None:
    f, args = PROGRAMS[name]
    compiled = gw.compile(f, *args, wrt=tuple(range(len(args))))
    first = [r for r in flatten(compiled(*args))[0] if isinstance(r, np.ndarray)]
    copies = [r.copy() for r in first]
    second = [r for r in flatten(compiled(*args))[0] if isinstance(r, np.ndarray)]
    for r in second:
        r[...] = 7.0
    for r, copy in zip(first, copies, strict=True):
        assert np.array_equal(r, copy)
    for a in args:
        for r in [*first, *second]:
            assert not isinstance(a, np.ndarray) or not np.shares_memory(a, r)
    for k, r in enumerate(first):
        assert not any(np.shares_memory(r, other) for other in first[k + 1 :])


def test_an_argument_that_is_returned_is_copied() -> None:
    compiled = gw.compile(lambda x, y: (x, x.T, np.broadcast_to(y, (2, 3)), x), np.ones((2, 2)), np.ones(3))
    x = np.ones((2, 2))
    results = compiled(x, np.ones(3))
    for r in results:
        r[0, 0] = 5.0
    assert x[0, 0] == 1.0
    assert results[1][0, 0] == 5.0
    assert results[2][1, 0] == 1.0


# -- when a program no longer holds -----------------------------------------------------------------------------------

SCALE = 2.0
TABLE = np.array([1.0, 2.0])


def _uses_globals(x: Any) -> Any:
    return np.sum(x * SCALE + TABLE)


def test_a_global_that_changes_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = gw.compile(_uses_globals, np.ones(2), wrt=0)
    assert compiled(np.ones(2))[0] == 7.0
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert compiled(np.ones(2))[0] == 9.0
    TABLE[0] = 11.0
    try:
        assert compiled(np.ones(2))[0] == 19.0
    finally:
        TABLE[0] = 1.0
    assert compiled(np.ones(2))[0] == 9.0


def test_closures_defaults_attributes_lists_and_functions_that_change_are_seen() -> None:
    class Model:
        def __init__(self) -> None:
            self.rate = 1.0
            self.parts = {"w": np.ones(2)}

        def loss(self, x: Any, factor: float = 1.0) -> Any:
            return np.sum(x * self.parts["w"]) * self.rate * factor

    model = Model()
    compiled = gw.compile(model.loss, np.ones(2), wrt=0)
    assert compiled(np.ones(2))[0] == 2.0
    model.rate = 3.0
    assert compiled(np.ones(2))[0] == 6.0
    model.parts["w"][:] = 2.0
    assert compiled(np.ones(2))[0] == 12.0
    model.parts["w"] = np.zeros(2)
    assert compiled(np.ones(2))[0] == 0.0

    held, items = 1.0, [2.0]

    def inner(x: Any) -> Any:
        return x * held

    def outer(x: Any, shift: Any = 0.0) -> Any:
        return inner(x) * items[0] + shift

    compiled = gw.compile(outer, 1.0, wrt=0)
    assert compiled(1.0)[0] == 2.0
    held = 4.0
    assert compiled(1.0)[0] == 8.0
    items[0] = 5.0
    assert compiled(1.0)[0] == 20.0
    outer.__defaults__ = (1.0,)
    assert compiled(1.0)[0] == 21.0
    inner.__code__ = (lambda x: x * held + held).__code__
    assert compiled(1.0)[0] == 41.0


def test_random_numbers_are_drawn_anew_at_each_call() -> None:
    generator = np.random.default_rng(1)
    for f in (
        lambda x: x * np.random.normal(),
        lambda x: x * random.random(),
        lambda x: x * generator.normal(),
    ):
        compiled = gw.compile(f, 1.0, wrt=0)
        assert len({float(compiled(1.0)[0]) for _ in range(5)}) == 5


def test_a_counter_goes_on_counting() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        return x * len(calls)

    compiled = gw.compile(f, wrt=0)
    assert [float(compiled(1.0)[0]) for _ in range(3)] == [1.0, 2.0, 3.0]


def test_another_way_at_an_if_is_traced_once_and_kept() -> None:
    def f(x: Any) -> Any:
        if np.sum(x) > 0:
            return np.sum(x**2)
        n = 0
        while np.sum(x) < 0:
            x = x + 1
            n += 1
        return np.sum(x) * n

    compiled = gw.compile(f, np.ones(2), wrt=0)
    for x in (np.ones(2), -np.ones(2), np.ones(2), -2 * np.ones(2), -np.ones(2), np.ones(2)):
        assert compiled(x)[0] == f(x)
    assert compiled.traces == 3


def test_new_shapes_dtypes_and_kinds_are_traced_once_and_kept() -> None:
    compiled = gw.compile(lambda x: np.sum(x**2), wrt=0)
    for _ in range(2):
        for x in (
            np.ones(2),
            np.ones(3),
            np.ones((2, 2)),
            1.0,
            np.float64(1.0),
            1,
            np.ones(2, np.float32),
            np.ones(2, int),
        ):
            value, slope = compiled(x)
            reference, expected = gw.value_and_grad(lambda x: np.sum(x**2))(x)
            assert value == reference and value.dtype == reference.dtype
            assert np.array_equal(slope, expected) and slope.dtype == expected.dtype
    assert compiled.traces == 8


def test_a_mask_that_changes_is_seen() -> None:
    compiled = gw.compile(lambda x, keep: np.sum(x[keep] ** 2), np.ones(3), np.array([True, False, True]), wrt=0)
    assert compiled(np.ones(3), np.array([True, False, True]))[0] == 2.0
    assert compiled(np.ones(3), np.array([True, True, True]))[0] == 3.0
    assert compiled(np.ones(3), np.array([True, False, True]))[0] == 2.0


def test_switches_names_and_functions_as_arguments() -> None:
    def f(x: Any, how: str = "sum", g: Any = np.tanh, *, twice: bool = False, scale: float = 1.0) -> Any:
        y = g(x) * scale
        return getattr(np, how)(y) * (2 if twice else 1)

    compiled = gw.compile(f, wrt="x")
    for call in (
        lambda h: h(V),
        lambda h: h(V, "mean"),
        lambda h: h(V, "mean", np.sin),
        lambda h: h(V, twice=True),
        lambda h: h(V, scale=3.0, twice=True),
        lambda h: h(x=V),
        lambda h: h(V, "sum", np.exp),
    ):
        for _ in range(2):
            got, expected = call(compiled), call(gw.value_and_grad(f, wrt="x"))
            _same(got[0], expected[0])
            _same(got[1], expected[1])


# -- structures -------------------------------------------------------------------------------------------------------


Pair = namedtuple("Pair", "w b")


@dataclass
class Layer:
    w: Any
    b: Any
    name: str = "first"


@pytest.mark.parametrize(
    "parameters",
    [
        [W, B],
        (W, B),
        {"w": W, "b": B},
        [(W, {"b": B})],
        Pair(W, B),
        Layer(W, B),
        {"layers": [Layer(W, B)], "note": None},
    ],
    ids=["list", "tuple", "dict", "nested", "namedtuple", "dataclass", "mixed"],
)
def test_gradients_have_the_structure_of_their_argument(parameters: Any) -> None:
    def loss(p: Any, x: Any) -> Any:
        w, b = (leaf for leaf in flatten(p)[0] if not isinstance(leaf, (str, type(None))))
        return np.mean(np.tanh(x @ w + b))

    compiled = gw.compile(loss, parameters, X, wrt=0)
    value, gradient = gw.value_and_grad(loss)(parameters, X)
    for _ in range(2):
        got, slopes = compiled(parameters, X)
        _same(got, value)
        assert type(slopes) is type(gradient)
        mine, structure = flatten(slopes)
        theirs, expected = flatten(gradient)
        assert structure == expected
        for a, b in zip(mine, theirs, strict=True):
            assert a is b or np.allclose(a, b, rtol=1e-12)
    assert compiled.traces == 1


def test_a_result_has_the_structure_that_the_function_gives_it() -> None:
    compiled = gw.compile(lambda x: {"sum": np.sum(x), "parts": [x * 2, (x**2,)]}, V)
    result = compiled(V)
    assert list(result) == ["sum", "parts"]
    assert np.array_equal(result["parts"][1][0], V**2)


# -- infinities, nan, and numbers that Python refuses -----------------------------------------------------------------


@pytest.mark.parametrize("x", [0.0, -1.0, 1e308, -1e308, float("inf"), float("-inf"), float("nan"), 1e-320, 710.0])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: 1 / x,
        lambda x: np.log(x),
        lambda x: np.exp(x),
        lambda x: np.sqrt(x) * x,
        lambda x: x**3 + x**0.5,
        lambda x: np.where(x > 0, np.sqrt(x), 0.0),
        lambda x: np.maximum(x, 1.0) + np.minimum(x, 2.0),
        lambda x: np.clip(x, -1.0, 1.0),
        lambda x: gw.sigmoid(x) + gw.softplus(x) + gw.relu(x),
        lambda x: np.arcsin(x) + np.arctanh(x),
        lambda x: x / (x - x),
    ],
)
def test_infinities_and_nan_are_those_of_numpy(f: Any, x: float) -> None:
    with np.errstate(all="ignore"):
        compiled = gw.compile(f, 0.5, wrt=0)
        expected = gw.value_and_grad(f)(x)
    np.testing.assert_allclose(compiled(x), expected, rtol=1e-12)


@pytest.mark.parametrize("size", [2, 40])
def test_infinite_scores_are_left_to_the_careful_way(size: int) -> None:
    def loss(z: Any) -> Any:
        return np.sum(gw.logsumexp(z, axis=1)) + np.sum(gw.softmax(z)[:, 0])

    z = np.random.default_rng(0).normal(size=(size, 3))
    compiled = gw.compile(loss, z, wrt=0)
    z[0] = -np.inf
    with np.errstate(all="ignore"):
        value, slope = gw.value_and_grad(loss)(z)
    got, mine = compiled(z)
    assert got == value or (np.isnan(got) and np.isnan(value))
    np.testing.assert_allclose(mine, slope, rtol=1e-12, atol=1e-14)


# -- threads, errors, text --------------------------------------------------------------------------------------------


def test_one_program_in_many_threads() -> None:
    f, args = PROGRAMS["cross-entropy"]
    compiled = gw.compile(f, *args, wrt=(0, 1))
    inputs = [(args[0] * k, args[1]) for k in range(1, 9)]
    expected = [compiled(*a) for a in inputs]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(200):
            value, slopes = compiled(*inputs[k])
            if value != expected[k][0] or any(
                not np.array_equal(a, b) for a, b in zip(slopes, expected[k][1], strict=True)
            ):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_errors_are_those_of_the_function() -> None:
    compiled = gw.compile(lambda a: np.sum(np.linalg.inv(a)), np.eye(2), wrt=0)
    with pytest.raises(np.linalg.LinAlgError):
        compiled(np.zeros((2, 2)))
    with pytest.raises(gw.GradworkError, match="backend"):
        gw.compile(lambda x: x, 1.0, backend="abacus")
    with pytest.raises(gw.GradworkError, match="one number"):
        gw.compile(lambda x: x * 2, V, wrt=0)
    with pytest.raises(TypeError):
        gw.compile(lambda x: x * 2, 1.0)()


def test_a_compiled_function_can_be_differentiated_again() -> None:
    compiled = gw.compile(lambda x: np.sum(x**3), V)
    assert np.allclose(gw.grad(compiled)(V), 3 * V**2)
    slope = gw.compile(lambda x: np.sum(x**3), V, wrt=0)
    assert np.allclose(gw.grad(lambda x: np.sum(slope(x)[1]))(V), 6 * V)


def test_formulas_are_compiled_too() -> None:
    compiled = gw.compile("mean((x*w - y)^2)", wrt="w", kwargs={"x": V, "w": 2.0, "y": V})
    _, slope = compiled(x=V, w=2.0, y=V)
    assert np.isclose(slope, np.mean(2 * (V * 2 - V) * V))
    assert "def program(" in str(compiled)


def test_the_program_is_what_is_printed() -> None:
    compiled = gw.compile(PROGRAMS["one layer, long"][0], *PROGRAMS["one layer, long"][1], wrt=1)
    text = str(compiled)
    assert "x.dot(w" in text
    assert "np.tanh" in text
    assert gw.compile(lambda x: x).__class__.__name__ == "Compiled"
    assert "no program yet" in str(gw.compile(lambda x: x))


def test_what_a_function_reaches_is_compared_by_what_it_holds() -> None:
    values = {"w": [np.ones(2), (1, 2.0)]}
    captured = Captured(lambda: values)
    assert captured.is_same()
    values["w"][0][1] = np.nan
    assert not captured.is_same()
    assert Captured(lambda: values).is_same()
    assert Captured((iter([1]),)).moving


REGISTER.load()


@pytest.mark.parametrize("op", list(REGISTER), ids=lambda op: op.name)
def test_ops_say_whether_their_value_may_lie_in_the_memory_of_an_input(op: Any) -> None:
    """Buffers that are used again, and results that belong to the caller, hang on this."""
    for case in cases(op):
        traced = trace_call(case, case.point)
        values = run(traced.graph, [traced.values[i] for i in traced.graph.inputs]).values
        for position, node in enumerate(traced.graph.nodes):
            if node.op == op.name and isinstance(values[position], np.ndarray) and not (op.view or op.lends):
                assert not any(np.shares_memory(values[position], values[i]) for i in node.inputs)


@pytest.mark.parametrize("declared", [*REGISTER, *REGISTER.composites.values()], ids=lambda declared: declared.name)
def test_every_function_compiles_at_its_samples(declared: Any) -> None:
    for case in cases(declared):
        if not case.moving:
            continue
        with np.errstate(all="ignore"):
            value = np.asarray(case(*case.point))
            result = gw.compile(case, *case.point)(*case.point)
        assert result.dtype == value.dtype
        np.testing.assert_allclose(result, value, rtol=1e-12, atol=1e-13, equal_nan=True)
        if value.dtype.kind != "f":
            continue

        def total(*args: Any, case: Any = case, value: Any = value) -> Any:
            return np.sum(case(*args) * (1.0 + np.arange(value.size)).reshape(value.shape))

        wrt = tuple(range(len(case.point)))
        try:
            expected = gw.value_and_grad(total, wrt)(*case.point)
        except gw.GradworkError:
            continue  # it has no slope
        got = gw.compile(total, *case.point, wrt=wrt)(*case.point)
        for mine, theirs in zip(flatten(got)[0], flatten(expected)[0], strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-11)


def test_a_function_of_numpy_itself_is_compiled() -> None:
    assert gw.compile(np.tanh, 1.0, wrt=0)(0.0) == (0.0, 1.0)
    assert np.isclose(gw.compile(np.linalg.det, np.eye(3), wrt=0)(2 * np.eye(3))[0], 8.0)


def test_arguments_may_be_named_as_our_functions_are() -> None:
    def f(share: Any, sort: Any) -> Any:
        return np.sum(np.maximum(share, sort)) + np.sum(gw.relu(sort) * np.sort(share))

    args = R.normal(size=500), R.normal(size=500)
    value, gradient = gw.value_and_grad(f)(*args)
    got, slopes = gw.compile(f, *args, wrt=0)(*args)
    _same(got, value)
    _same(slopes, gradient)


def test_a_program_that_is_made_at_the_first_call_is_entered_the_quick_way_afterwards():
    compiled = gw.compile(lambda x: np.sum(np.tanh(x) ** 2), wrt=0)
    x = np.ones((40, 40))
    compiled(x)
    program = compiled._latest
    program.run = program.takes = None  # the long way round would need both
    assert compiled(x)[1].shape == compiled(x)[1].shape == (40, 40)


ALONG_ROWS = {
    "cumsum": lambda x: np.cumsum(x, axis=-1),
    "cumprod": lambda x: np.cumprod(x, axis=1),
    "sort": lambda x: np.sort(x, axis=-1),
    "concatenate": lambda x: np.concatenate([x, 2 * x], axis=-1),
    "flip": lambda x: np.flip(x, axis=1) * np.arange(5.0),
    "roll": lambda x: np.roll(x, 1, axis=1) * np.arange(5.0),
    "differences": lambda x: np.diff(x, axis=1),
    "softmax": lambda x: gw.softmax(x, axis=1),
    "log_softmax": lambda x: gw.log_softmax(x, axis=-1),
    "part": lambda x: x[:, 1:4],
    "picked": lambda x: x[:, [4, 0, 0]],
    "transform": lambda x: np.abs(np.fft.fft(x, axis=1)),
    "norm": lambda x: x / np.linalg.norm(x, axis=1, keepdims=True),
    "repeated": lambda x: np.repeat(x, 2, axis=1),
    "padded": lambda x: np.pad(x, ((0, 0), (1, 1))),
    "triangle": lambda x: np.tril(x),
    "copy": lambda x: np.array(x),
}
REDUCED = {
    "sum": lambda t: np.sum(np.sum(t, axis=1) ** 2),
    "max": lambda t: np.sum(np.max(t, axis=1) ** 2),
    "min": lambda t: np.sum(np.min(t, axis=-1, keepdims=True) ** 2),
    "shifted": lambda t: np.sum(np.exp(t - np.max(t, axis=1, keepdims=True))),
}


@pytest.mark.parametrize("reduced", REDUCED)
@pytest.mark.parametrize("along", ALONG_ROWS)
def test_what_runs_along_short_rows_is_not_turned_on_its_side(along, reduced):
    def f(w, x):
        return REDUCED[reduced](ALONG_ROWS[along](np.tanh(x @ w)))

    w = np.random.default_rng(1).normal(size=(5, 5))
    value, slopes = gw.compile(f, wrt=0)(w, TALL)
    np.testing.assert_allclose(value, f(w, TALL), rtol=1e-12)
    np.testing.assert_allclose(slopes, gw.grad(f)(w, TALL), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        gw.compile(lambda x: REDUCED[reduced](ALONG_ROWS[along](x)))(TALL),
        REDUCED[reduced](ALONG_ROWS[along](TALL)),
        rtol=1e-12,
    )


def test_a_product_without_rows_is_compiled():
    def f(w, x):
        return np.sum((x @ w) ** 2) + w[0] ** 2

    value, slopes = gw.compile(f, wrt=0)(np.array([2.0, 3.0]), np.zeros((0, 2)))
    assert value == 4.0
    assert slopes.tolist() == [4.0, 0.0]
