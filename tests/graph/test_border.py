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
    EscapedValueError,
    GradworkError,
    MissingRuleError,
    ShapeError,
    TracedValueError,
)

# -- nothing is ever silently constant --------------------------------------------------------------------------------

# What Python or NumPy refuses by itself, in C, where no message of ours can be given.
REFUSED_ELSEWHERE = {"memory_view": TypeError, "nditer": TypeError}

# Right, and not a rule in the way: these have to give the gradient. The others may be refused, with our message.
REFUSED_YET = set(
    """piecewise interp linspace gradient apply_along_axis frompyfunc fromiter array_float asarray_float float64 fft svd
    eigh cholesky histogram bincount real_if_close apply_over_axes ufunc_where np_mean_list builtin_float builtin_int
    builtin_complex item tolist math_sin math_sqrt math_fsum math_hypot math_isnan write_into_zeros
    add_to_plain_with_alias add_to_plain_view add_to_plain_with_view add_to_entry_of_plain add_to_slice_of_plain
    out_plain copyto_plain assign_shape
    through_bytes through_pointer through_save""".split()
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
    value, slopes = gw.value_and_grad(f)(X.copy())
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


@pytest.mark.parametrize(
    ("f", "headline", "hint"),
    [
        (lambda x: math.sin(x), "math.sin cannot take a traced value", "np.sin"),
        (lambda x: math.fabs(x), "math.fabs cannot take a traced value", "np.abs"),
        (lambda x: float(x), "cannot become a plain float", "leave float(...) out"),
        (lambda x: int(x) * x, "cannot become a whole number", "np.floor(x)"),
        (lambda x: x.item(), "cannot become a plain number", "leave .item() out"),
        (lambda x: [1.0, 2.0][x], "an index, or the end of a range", "int(...)"),
        (lambda x: sum(x for _ in range(x)), "an index, or the end of a range", "int(...)"),
        (lambda x: np.linalg.svd(x * np.eye(2))[1].sum(), "svd has no rule here yet", "gw.custom_rule"),
        (lambda x: np.fft.fft(x * np.ones(2))[0], "fft has no rule here yet", "gw.custom_rule"),
    ],
)
def test_refusals_name_the_line_and_a_remedy(f, headline, hint):
    error = refusal(f, 0.5)
    assert headline in error.headline
    assert hint in error.hint
    assert error.where.file == __file__
    assert error.where.line == f.__code__.co_firstlineno


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
    assert refusal(eval("lambda x: float(x)"), 2.0).where.line == 1


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
    assert "gammaln" in refusal(special.gammaln, 2.0).headline


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
        gw.grad(gw.grad(lambda x: np.linalg.svd(x * np.eye(2))[1].sum()))(2.0)


def test_traced_values_by_reference_are_not_numbers():
    with pytest.raises(TracedValueError):
        gw.grad(lambda x: complex(x))(2.0)
