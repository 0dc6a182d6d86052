"""Where a traced value meets Python: it works, or the message names the user's line, why, and what to write instead."""

from __future__ import annotations

import dataclasses
import functools
import math
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from snippets import SNIPPETS, X

import gradwork as gw
from gradwork.errors import (
    ArgumentError,
    BlackBoxWarning,
    EscapedValueError,
    GradworkError,
    MissingRuleError,
    ShapeError,
    TracedValueError,
)

# -- nothing is ever silently constant --------------------------------------------------------------------------------

# What Python or NumPy refuses by itself, in C, where no message of ours can be given.
REFUSED_ELSEWHERE = {"memory_view": TypeError, "nditer": TypeError}

# Refused, with our message: no graph could hold these, or not everybody who holds the array could be reached.
REFUSED_YET = set(
    """assign_shape through_bytes through_pointer through_save
    add_to_plain_with_alias add_to_plain_view add_to_plain_with_view""".split()
)
# These need plain numbers, so the function becomes a black box, and says so.
BLACK_BOXES = set(
    """fromiter array_float asarray_float float64 np_mean_list builtin_float builtin_complex
    math_sin math_sqrt math_fsum math_hypot math_isnan""".split()
)


def nudged(f, x):
    step = 1e-5 * np.eye(3)
    return np.array([(float(np.real(f(x + s))) - float(np.real(f(x - s)))) / 2e-5 for s in step])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SNIPPETS)
def test_everyday_numpy(name):
    f = SNIPPETS[name]
    if name in REFUSED_ELSEWHERE:
        with pytest.raises(REFUSED_ELSEWHERE[name]):
            gw.grad(f)(X.copy())
        return
    if name in REFUSED_YET:
        with pytest.raises(GradworkError) as refused:
            gw.grad(f)(X.copy())
        assert refused.value.where is not None
        assert refused.value.where.file.endswith("snippets.py")
        assert refused.value.hint or refused.value.why
        return
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        value, slopes = gw.value_and_grad(f)(X.copy())
    assert any(issubclass(w.category, BlackBoxWarning) for w in said) == (name in BLACK_BOXES)
    assert np.allclose(value, f(X.copy()), rtol=1e-14, atol=0)
    assert np.allclose(slopes, nudged(f, X), rtol=1e-5, atol=1e-5)


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_whole_numbers_are_taken_as_floats():
    assert gw.grad(lambda x: x**2)(3) == 6.0
    assert gw.grad(lambda x: x**2 / 3)(np.int32(3)) == 2.0
    slopes = gw.grad(lambda x: np.sum(x**2))(np.array([1, 2]))
    assert slopes.dtype == np.float64
    assert slopes.tolist() == [2.0, 4.0]
    assert gw.grad(lambda x, n: x**n)(3, 2) == 6.0


def test_arguments_that_are_not_asked_for_stay_as_they_are():
    seen = []
    gw.grad(lambda x, n, flag: (seen.append((type(n), flag)), x**n)[1])(3.0, 2, True)
    assert seen == [(int, True)]


def refusal(f, *args, **kwargs):
    with pytest.raises(GradworkError) as refused:
        gw.grad(f)(*args, **kwargs)
    return refused.value


def many(x):
    """So many numbers that their slopes are not measured by nudging without being asked."""
    return np.full(300, x)


@pytest.mark.parametrize(
    ("f", "headline", "hint"),
    [
        (lambda x: math.sin(x[0]), "math.sin cannot take a traced value", "np.sin"),
        (lambda x: math.fabs(x[0]), "math.fabs cannot take a traced value", "np.abs"),
        (lambda x: math.lgamma(x[0]), "math.lgamma cannot take a traced value", "scipy.special.gammaln"),
        (lambda x: 2 * float(x[0]), "cannot become a plain float", "leave float(...) out"),
        (lambda x: complex(x[0]).real, "cannot become a plain complex number", "gw.black_box"),
        (lambda x: [1.0, 2.0][x[0]], "an index, or the end of a range", "int(...)"),
        (lambda x: sum(x[0] for _ in range(x[0])), "an index, or the end of a range", "int(...)"),
        (lambda x: np.random.default_rng(0).normal(x[0]), "cannot become a plain float", "loc + scale"),
        (lambda x: np.save("nowhere", x), "np.save has no rule here yet", "gw.custom_rule"),
    ],
)
def test_refusals_name_the_line_and_a_remedy(f, headline, hint):
    error = refusal(f, many(0.5))
    assert headline in error.headline
    assert hint in error.hint
    assert error.where.file == __file__
    assert error.where.line == f.__code__.co_firstlineno


def test_what_fails_in_plain_numbers_too_is_refused_however_small():
    assert "an index, or the end of a range" in refusal(lambda x: [1.0, 2.0][x], 0.5).headline


def test_a_conversion_that_goes_to_a_name_keeps_its_trace():
    def f(x, y):
        x = np.asarray(x, dtype=float)
        copied = np.array(x)
        copied[0] = 7.0
        scale: float = float(y)
        pair = np.array([x[0], scale], dtype=np.float64)
        same = np.asarray(x)
        same[1] += 1.0  # x is the same array
        return float(np.sum(x**2) * scale + np.sum(copied) + pair @ pair)

    value, slopes = gw.value_and_grad(f, wrt=(0, 1))(many(0.5), 2)
    assert value == f(many(0.5), 2)
    assert slopes[0][:3].tolist() == [3.0, 7.0, 3.0]
    assert slopes[1] == pytest.approx(np.sum(many(0.5) ** 2) + 2.0 + 4.0)
    assert gw.grad(lambda x: float(np.sum(x**2)))(many(3.0)).tolist() == many(6.0).tolist()


@pytest.mark.parametrize(
    "f",
    [
        lambda x: (lambda v: float(v))(x[0]) * 2,
        lambda x: sum([float(v) for v in x]),
        lambda x: np.float64(x[0]) * 2,
        lambda x: np.sum(np.asarray(x, dtype=float)),
    ],
)
def test_a_conversion_that_goes_elsewhere_is_refused(f):
    with pytest.raises(TracedValueError):
        gw.grad(f)(many(1.0))


def test_a_comparison_is_answered_and_guarded():
    def f(x):
        while x < 100:
            x = x * x
        return x if x > 0 else -x

    assert gw.grad(f)(3.0) == 8 * 3.0**7
    guards = gw.trace(f, 3.0).guards
    assert [g.outcome for g in guards] == [True, True, True, False, True]
    assert gw.trace(f, 3.0).run(3.1).guards_hold
    assert not gw.trace(f, 3.0).run(11.0).guards_hold


def test_whole_numbers_may_leave_the_trace():
    assert gw.grad(lambda x: [1.0, 5.0, 7.0][np.argmax(x)] * x[0])(X)[0] == 7.0
    assert gw.grad(lambda x: sum((x[0] for _ in range(np.sum(x > 0))), 0.0))(X)[0] == 2.0
    assert gw.trace(lambda x: x[0] * np.argmax(x), X).run(-X).guards_hold  # the op is in the graph, not its outcome


def test_an_array_has_no_single_truth_value():
    with pytest.raises(ValueError, match="ambiguous"):
        gw.grad(lambda x: x[0] if x > 0 else x[1])(X)


# -- lists and arrays of traced values --------------------------------------------------------------------------------


def test_arrays_made_of_traced_values():
    assert gw.grad(lambda x: np.sum(np.array([x, x]) ** 2))(3.0) == 12.0
    assert gw.grad(lambda x: np.linalg.norm(np.array([[x[0], x[1]], [x[1], x[0]]])))(
        np.array([3.0, 4.0])
    ).tolist() == pytest.approx([0.848528, 1.131371], abs=1e-6)
    assert gw.grad(lambda x: np.asarray(x) ** 2)(3.0) == 6.0
    assert gw.grad(lambda x: np.array([[x, 1.0], [2.0, x]], dtype=object).sum())(3.0) == 2.0
    assert gw.grad(lambda x: np.sum(np.full(3, x) * np.arange(3)))(2.0) == 3.0
    assert gw.grad(lambda x: np.vectorize(lambda v: v**2)(x).sum())(X).tolist() == (2 * X).tolist()
    assert gw.grad(lambda x: (np.array([1.0, 2.0]) * [x, x]).sum())(3.0) == 3.0


def test_an_array_of_objects_that_are_no_numbers():
    assert (
        "array of Python objects" in refusal(lambda x: np.sum(x * np.array([None, "a", 2], dtype=object)), X).headline
    )


# -- what a function may be -------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Layer:
    weights: np.ndarray
    bias: float = 0.5

    def __call__(self, x):
        return np.sum(np.tanh(self.weights * x + self.bias))

    def loss(self, x):
        return self(x) ** 2


def decorated(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return f(*args, **kwargs)

    return wrapper


@decorated
def with_defaults(x, scale=3.0, *more, shift, power=2):
    return np.sum(scale * (x + shift) ** power) + sum(np.sum(m) for m in more)


def test_callables():
    layer = Layer(X)
    expected = X * (1 - np.tanh(X * 0.7 + 0.5) ** 2)
    assert gw.grad(layer)(0.7) == pytest.approx(expected.sum())
    assert gw.grad(layer.loss)(0.7) == pytest.approx(2 * layer(0.7) * expected.sum())
    assert gw.grad(functools.partial(np.power, 2.0))(3.0) == pytest.approx(8 * np.log(2))
    assert gw.grad(np.tanh)(0.0) == 1.0
    assert gw.grad(lambda layer, x: layer(x))(layer, 0.7).weights.tolist() == pytest.approx(
        (0.7 * (1 - np.tanh(X * 0.7 + 0.5) ** 2)).tolist()
    )


def test_ways_to_pass_arguments():
    assert gw.grad(with_defaults)(2.0, shift=1.0) == 18.0
    assert gw.grad(with_defaults, wrt="shift")(2.0, shift=1.0) == 18.0
    assert gw.grad(with_defaults, wrt=("shift", "x"))(x=2.0, shift=1.0) == (18.0, 18.0)
    assert gw.grad(with_defaults, wrt=2)(2.0, 3.0, 7.0, shift=1.0) == 1.0
    assert gw.grad(with_defaults, wrt=-1)(2.0, 3.0, 7.0, shift=1.0) == 1.0
    assert gw.grad(lambda *xs: xs[0] * xs[2], wrt=(0, 2))(2.0, 3.0, 7.0) == (7.0, 2.0)
    assert gw.grad(lambda **named: named["a"] * named["b"], wrt="a")(a=2.0, b=3.0) == 3.0
    assert gw.grad(lambda x: x, wrt=(0,))(2.0) == (1.0,)


@pytest.mark.parametrize(
    ("wrt", "message"),
    [
        (5, "wrt=5"),
        (-7, "wrt=-7"),
        ("sale", "scale"),
        ("nothing", "x, scale, shift"),
        ((), "no argument"),
        ((0, "x"), "twice"),
        (1.5, "neither a position nor a name"),
        (True, "neither a position nor a name"),
    ],
)
def test_an_argument_that_is_not_there(wrt, message):
    with pytest.raises(ArgumentError) as refused:
        gw.grad(with_defaults, wrt=wrt)(2.0, 3.0, shift=1.0)
    assert message in str(refused.value)


def test_functions_without_source():
    names: dict[str, object] = {"np": np}
    exec("def f(x):\n    y = x * 2\n    return np.sum(y ** 2)", names)
    graph = gw.trace(names["f"], X)
    assert [n.name for n in graph.nodes][:1] == ["x"]
    assert np.array_equal(gw.grad(names["f"])(X), 8 * X)
    assert refusal(eval("lambda x: 2 * float(x[0])"), many(2.0)).where.line == 1


@pytest.mark.parametrize(
    ("f", "kind", "message"),
    [
        (lambda x: None, ArgumentError, "returned nothing"),
        (lambda x: "text", ArgumentError, "returned str"),
        (lambda x: (x[0], x[1]), ShapeError, "returns 2 values"),
        (lambda x: x * 2, ShapeError, "shape (3,)"),
        (lambda x: x[0] * 1j, ShapeError, "complex"),
        (lambda x: {}, ShapeError, "returns 0 values"),
        ("x*w", GradworkError, "w"),
        (3.0, ArgumentError, "neither a function nor a formula"),
    ],
)
def test_results_that_have_no_gradient(f, kind, message):
    with pytest.raises(kind) as refused:
        gw.grad(f)(X)
    assert message in str(refused.value)


def test_arguments_that_have_no_gradient():
    for argument in ("text", None, [], {"a": None}):
        with pytest.raises(ArgumentError):
            gw.grad(lambda x: 1.0)(argument)
    with pytest.raises(ArgumentError):
        gw.grad(lambda: 1.0)()


def test_a_constant_has_slope_zero():
    assert gw.grad(lambda x: 5.0)(X).tolist() == [0.0, 0.0, 0.0]
    assert gw.grad(lambda x: 5)(2.0) == 0.0
    assert gw.grad(lambda x: np.sum(x > 0))(X).tolist() == [0.0, 0.0, 0.0]
    assert gw.value_and_grad(lambda x: np.ones(1))(2.0)[1] == 0.0


# -- values that outlive their trace ----------------------------------------------------------------------------------


def test_a_value_that_is_kept():
    kept = []

    def f(x):
        y = x * 2
        kept.append(y)
        return y

    gw.grad(f)(3.0)
    for use in (
        lambda: kept[0] + 1,
        lambda: np.sin(kept[0]),
        lambda: bool(kept[0] > 0),
        lambda: float(kept[0]),
        lambda: kept[0] * kept[0],
    ):
        with pytest.raises(EscapedValueError) as refused:
            use()
        assert refused.value.where.file == __file__
    with pytest.raises(EscapedValueError):
        gw.grad(lambda x: x * kept[0])(3.0)
    with pytest.raises(EscapedValueError):
        gw.grad(lambda x: kept[0])(3.0)


def test_a_value_that_escapes_from_an_inner_trace():
    kept = []

    def f(x):
        gw.grad(lambda y: (kept.append(y * x), y**2)[1])(2.0)
        return x * kept[-1]

    with pytest.raises(EscapedValueError):
        gw.grad(f)(3.0)


def test_printing_formatting_and_pickling(capsys):
    def f(x):
        print(x, f"{x[0]:.2f}", repr(x), str(x[0]))
        return np.sum(x**2)

    assert np.array_equal(gw.grad(f)(X), 2 * X)
    assert "0.70" in capsys.readouterr().out
    assert "pickled" in refusal(lambda x: pickle.dumps(x), X).headline


def test_traces_in_threads():
    def gradient(k):
        return gw.grad(lambda x: np.sum(np.sin(x) * k))(X)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(gradient, range(40)))
    assert all(np.allclose(g, k * np.cos(X)) for k, g in enumerate(found))


def test_ordinary_arrays_added_to_in_threads():
    def f(x):
        y = np.zeros(3)
        y += x**2
        return np.sum(y)

    errors = []

    def work():
        try:
            assert np.allclose(gw.grad(f)(X), 2 * X)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert errors == []


def test_a_function_of_another_package():
    special = pytest.importorskip("scipy.special")
    assert gw.grad(special.expit)(0.0) == 0.25


def test_numpy_errors_carry_the_users_line():
    error = refusal(lambda x: np.sum(x + np.ones(4)), X)
    assert isinstance(error, ShapeError)
    assert error.where.file == __file__
    assert "(3,)" in error.headline and "(4,)" in error.headline


def test_no_warning_comes_from_the_way_back():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gw.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(np.maximum(x, 0)), 0)))(np.array([0.0, 4.0]))[1] == 0.25


def test_missing_rule_inside_a_nested_gradient():
    with pytest.raises(MissingRuleError):
        gw.grad(gw.grad(lambda x: len(x.tobytes()) * x))(2.0)


def test_traced_values_by_reference_are_not_numbers():
    with pytest.raises(TracedValueError):
        gw.grad(lambda x: complex(x[0]).real)(many(2.0))


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("kind", [np.matrix, np.ma.MaskedArray])
def test_arrays_of_another_kind_are_refused(kind):
    other = kind([[1.0, 2.0], [3.0, 4.0]])
    for error in (refusal(lambda a: np.sum(a), other), refusal(lambda x: np.sum(x * other), np.ones((2, 2)))):
        assert f"is of class {kind.__name__}" in error.headline
        assert ("filled" if kind is np.ma.MaskedArray else "np.asarray") in error.hint


def test_a_plain_subclass_is_an_array():
    class Points(np.ndarray):
        pass

    assert gw.grad(lambda x: np.sum(x**2))(X.view(Points)).tolist() == (2 * X).tolist()


def test_what_has_no_numbers_is_refused():
    for argument in (np.array([(1.0, 2.0)], dtype=[("a", float), ("b", float)]), np.array([1.0, "a"], dtype=object)):
        assert "holds no number" in refusal(lambda a: 1.0, argument).headline
    assert "resize" in refusal(lambda x: (x * 1).resize(4), X).headline


def test_a_cached_result_of_an_earlier_trace_is_refused():
    @functools.cache
    def squares():
        return [kept[0] ** 2]

    kept = []

    def f(x):
        kept[:] = [x]
        return squares()[0] * x

    assert gw.grad(f)(2.0) == 12.0
    with pytest.raises(EscapedValueError):
        gw.grad(f)(3.0)


def test_the_bytes_of_an_array_do_not_leave_a_trace_unseen() -> None:
    def by_bytes(w):
        return np.frombuffer(np.ascontiguousarray(w).tobytes()).sum() * 2

    def in_two_lines(w):
        plain = np.require(w, requirements="C")
        return np.frombuffer(plain.tobytes()).sum() * 2

    for function in (by_bytes, in_two_lines):
        with pytest.warns(BlackBoxWarning, match="bytes"):
            assert np.allclose(gw.grad(function)(np.array([1.0, 2.0])), [2.0, 2.0])
