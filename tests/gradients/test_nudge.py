"""gw.nudge: the schemes, the record, what is refused, and what is noticed about the function."""

from __future__ import annotations

import math
import pickle
import re
from dataclasses import dataclass

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ArgumentError, ChangedArgumentError, NotRepeatableError, StepError
from gradwork.gradients.nudge import Nudged
from gradwork.graph.formula import parse_program

X = np.arange(10.0).reshape(5, 2) / 7
Y = np.array([0.3, -0.2, 0.5, 1.0, 0.1])


def loss(W, b):
    return np.mean((np.tanh(X @ W + b).sum(axis=1) - Y) ** 2)


W = np.array([[0.3, -0.2, 1.0], [0.5, 2.0, -1.0]])
B = np.zeros(3)


# -- schemes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["auto", "forward", "central", "richardson", "complex"])
def test_schemes_agree_with_the_rules(scheme):
    found = gw.nudge(loss, W, B, wrt=("W", "b"), scheme=scheme)
    for slopes, bars, truth in zip(found.gradient, found.error, gw.grad(loss, wrt=(0, 1))(W, B), strict=True):
        assert slopes.shape == truth.shape
        assert (np.abs(slopes - truth) <= 4 * bars + 1e-15).all()
    assert found.scheme == scheme
    assert found.mode == "definition"
    assert max(found.power.values()) < 1e-3


def test_forward_is_rise_over_the_nudge_as_realised():
    found = gw.nudge(loss, W, B, wrt=("W", "b"), scheme="forward", step=0.01)
    after, before = found.after[0][1, 2], found.before
    moved = W.copy()
    moved[1, 2] += 0.01
    assert after == loss(moved, B)
    assert before == loss(W, B)
    assert found.step[0][1, 2] == moved[1, 2] - W[1, 2]
    assert found.gradient[0][1, 2] == (after - before) / found.step[0][1, 2]
    assert found.below is None
    assert found.left is None


def test_one_way_errs_by_half_the_curvature_times_the_nudge():
    speed, distance = np.array([4.0, 7.0, 9.0]), np.array([2.0, 4.0, 10.0])
    found = gw.nudge(lambda w: np.mean((speed * w - distance) ** 2), 0.0, scheme="forward", step=0.01)
    truth = np.mean(-2 * speed * distance)
    assert found.curvature == pytest.approx(np.mean(2 * speed**2), rel=1e-6)
    assert found.gradient - truth == pytest.approx(found.curvature / 2 * 0.01, rel=1e-6)
    both = gw.nudge(lambda w: np.mean((speed * w - distance) ** 2), 0.0, scheme="central", step=0.01)
    assert both.gradient == pytest.approx(truth, rel=1e-12)
    assert both.gradient == pytest.approx((both.after - both.below) / (2 * both.step))
    assert both.right - both.left == pytest.approx(both.curvature * 0.01)


def test_auto_with_a_step_is_central():
    assert gw.nudge(lambda w: w**3, 2.0, step=0.5).scheme == "central"
    assert gw.nudge(lambda w: w**3, 2.0, step=0.5).gradient == 12.25


def test_a_step_for_each_array():
    found = gw.nudge(loss, W, B, wrt=(0, 1), scheme="central", step=(0.5, np.array([0.25, 0.5, 1.0])))
    assert np.array_equal(found.step[0], np.full((2, 3), 0.5))
    assert np.array_equal(found.step[1], [0.25, 0.5, 1.0])


@pytest.mark.parametrize("step", [0.0, -0.1, math.nan, 1e-30, "0.01", (0.1, 0.2), np.ones(4)])
def test_a_step_that_cannot_be_taken(step):
    with pytest.raises(StepError, match=r"step|nudge"):
        gw.nudge(lambda w: w @ w, np.ones(3), step=step)


def test_steps_are_powers_of_two_scaled_to_the_array():
    found = gw.nudge(lambda w: np.sum(w**2), np.array([1e-6, -3e-6, 0.0]))
    assert (np.log2(found.step) % 1 == 0).all()
    assert (found.step < 1e-6).all()


def test_complex_step_names_the_op_and_its_line():
    def corner(w):
        z = np.maximum(w, 0)
        return np.sum(z)

    with pytest.raises(ArgumentError, match=r"maximum[\s\S]*np\.maximum\(w, 0\)[\s\S]*auto"):
        gw.nudge(corner, np.ones(2), scheme="complex")


def read_as_bytes(w):
    """The same array, by a way on which nothing can be traced."""
    return np.frombuffer(w.tobytes(), dtype=w.dtype)


@pytest.mark.filterwarnings("ignore")
def test_complex_step_of_a_black_box_is_checked_first():
    def opaque(w):
        return float(np.sum(read_as_bytes(w) ** 2))

    def rounded(w):
        return np.sum(read_as_bytes(w).real ** 2)

    for f in (opaque, rounded):
        with pytest.raises(ArgumentError, match="complex step"):
            gw.nudge(f, np.array([1.0, 2.0]), scheme="complex")

    def taken(w):
        return np.sum(read_as_bytes(w) ** 3)

    found = gw.nudge(taken, np.array([1.0, 2.0]), scheme="complex")
    assert np.allclose(found.gradient, [3.0, 12.0], rtol=1e-15)


# -- what can be nudged -----------------------------------------------------------------------------------------------


def test_formulas_and_programs():
    values = {"x": X[:, 0], "w": 2.0, "b": 0.5, "y": Y}
    truth = gw.grad("mean((x*w + b - y)^2)", wrt=("w", "b"))(**values)
    one = gw.nudge("mean((x*w + b - y)^2)", wrt=("w", "b"), kwargs=values)
    lines = gw.nudge(parse_program("error = x*w + b - y; loss = mean(error^2)"), wrt=("w", "b"), kwargs=values)
    assert one.gradient == pytest.approx(truth, rel=1e-9)
    assert lines.gradient == pytest.approx(truth, rel=1e-9)
    assert one.names == ("w", "b")


def test_plain_python_and_what_cannot_be_traced():
    assert gw.nudge(math.exp, 1.0).gradient == pytest.approx(math.e, rel=1e-9)
    assert gw.nudge(lambda w: sum(float(v) ** 2 for v in w), np.array([1.0, 2.0])).gradient == pytest.approx([2.0, 4.0])


@dataclass
class Layer:
    W: np.ndarray
    b: float
    name: str = "first"


def test_structures_are_kept():
    params = {"layers": [Layer(np.ones((2, 2)), 0.5)], "scale": 3}
    found = gw.nudge(lambda p: p["scale"] * (p["layers"][0].W.sum() + p["layers"][0].b), params)
    layer = found.gradient["layers"][0]
    assert isinstance(layer, Layer)
    assert layer.W == pytest.approx(np.full((2, 2), 3.0))
    assert layer.b == pytest.approx(3.0)
    assert found.gradient["scale"] == pytest.approx(4.5)
    assert set(found.names) == {"W", "b", "scale"}


def test_wrt_by_name_position_and_tuple():
    def f(a, b, *, c):
        return a * b * c

    single = gw.nudge(f, 2.0, 3.0, wrt="c", kwargs={"c": 5.0}).gradient
    assert single == pytest.approx(6.0)
    assert isinstance(gw.nudge(f, 2.0, 3.0, wrt=(0,), kwargs={"c": 5.0}).gradient, tuple)
    with pytest.raises(ArgumentError, match="no argument of that name"):
        gw.nudge(f, 2.0, 3.0, wrt="z", kwargs={"c": 5.0})
    with pytest.raises(ArgumentError, match="holds no number"):
        gw.nudge(lambda w, s: w, 1.0, "text", wrt=1)


def test_whole_numbers_are_taken_as_floats():
    assert gw.nudge(lambda w: np.sum(w**2), np.array([1, 2])).gradient == pytest.approx([2.0, 4.0])
    assert gw.nudge(lambda w, i: w[i] * 3.0, np.array([1, 2]), 1).gradient == pytest.approx([0.0, 3.0])


def test_arrays_as_results():
    found = gw.nudge(lambda x: np.outer(x, x), np.array([1.0, 2.0]))
    assert found.gradient.shape == found.error.shape == found.after.shape == (2, 2, 2)
    assert np.allclose(found.gradient, gw.jacobian(lambda x: np.outer(x, x))(np.array([1.0, 2.0])), atol=1e-9)
    assert found.before.shape == (2, 2)
    with pytest.raises(ArgumentError, match="belong to one loss"):
        found.columns()


def test_single_precision_is_widened_and_the_callers_arrays_stay():
    point = np.array([0.5, -1.5], np.float32)
    found = gw.nudge(lambda w: np.sum(w**3), point)
    assert found.gradient.dtype == np.float64
    assert np.allclose(found.gradient, 3 * np.array([0.5, -1.5]) ** 2, rtol=1e-9)
    assert point.dtype == np.float32
    assert point.tolist() == [0.5, -1.5]


def test_a_function_that_insists_on_single_precision():
    def strict(w):
        if w.dtype != np.float32:
            raise TypeError("float32 only")
        return np.sum(w**3)

    found = gw.nudge(strict, np.array([1.0, 2.0], np.float32))
    assert (np.abs(found.gradient - [3.0, 12.0]) <= 4 * found.error).all()
    assert found.error.max() > 1e-7


# -- what is noticed --------------------------------------------------------------------------------------------------


def changes_its_input(w, v):
    v *= 2
    return w @ v


def forgets_to_copy(w, v):
    if w[1] != 1.0:
        v[0] = 5.0
    return w @ v


@pytest.mark.parametrize("f", [changes_its_input, forgets_to_copy])
def test_a_function_that_changes_its_arguments(f):
    given = np.ones(3)
    with pytest.raises(ChangedArgumentError, match=r"changes its argument v in place[\s\S]*why[\s\S]*v\.copy\(\)"):
        gw.nudge(f, np.ones(3), given)
    assert given.tolist() == [1.0, 1.0, 1.0]


def test_a_list_that_is_emptied():
    def pops(params):
        return params["w"].pop() * 2.0

    with pytest.raises(ChangedArgumentError, match="changes its argument"):
        gw.nudge(pops, {"w": [1.0, 2.0]})


def test_a_function_that_is_not_repeatable():
    generator = np.random.default_rng(0)
    with pytest.raises(NotRepeatableError, match=r"different results at the same point[\s\S]*default_rng"):
        gw.nudge(lambda w: w * generator.random(), 1.0)


def test_a_function_that_drifts_is_noticed_at_the_end():
    calls = []

    def drifts(w):
        calls.append(1)
        return w * (1.0 + (len(calls) > 20))

    with pytest.raises(NotRepeatableError, match="different results"):
        gw.nudge(drifts, 1.0)


def test_ignored_parameters_have_slope_zero():
    found = gw.nudge(lambda w, b: w**2 + 0 * b.sum(), 3.0, np.ones(2), wrt=(0, 1))
    assert found.ignored == ("b",)
    assert found.gradient[1].tolist() == [0.0, 0.0]
    assert found.error[1].tolist() == [0.0, 0.0]
    # A saturated function is not one that ignores its parameter.
    assert gw.nudge(lambda w: np.tanh(w), 40.0).ignored == ()


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda w: None, "returned nothing"),
        (lambda w: [w.sum(), 1.0], "returned a list"),
        (lambda w: 1j * w.sum(), "complex number"),
        (lambda w: w.sum() > 0, "truth value"),
        (lambda w: np.nan * w.sum(), "nan at the point itself"),
    ],
)
def test_results_without_a_slope(f, said):
    with pytest.raises(ArgumentError, match=said):
        gw.nudge(f, np.ones(2))


def test_options_that_are_not_there():
    with pytest.raises(ArgumentError, match="no scheme 'backward'"):
        gw.nudge(math.exp, 1.0, scheme="backward")
    with pytest.raises(ArgumentError, match="no mode"):
        gw.nudge(math.exp, 1.0, mode="fast")
    with pytest.raises(ArgumentError, match="neither a function nor a formula"):
        gw.nudge(3.0, 1.0)
    with pytest.raises(ArgumentError, match="complex"):
        gw.nudge(lambda z: abs(z), 1j)


# -- kinks, jumps and the edge of the domain --------------------------------------------------------------------------


def test_kinks_have_both_slopes():
    found = gw.nudge(lambda w: np.sum(np.maximum(w, 0)) + np.sum(np.abs(w)), np.array([0.0, 1.0, -1.0, 0.0]))
    assert [(k.name, k.index, k.kind) for k in found.kinks] == [("w", (0,), "kink"), ("w", (3,), "kink")]
    assert found.kinks[0].left == pytest.approx(-1.0)
    assert found.kinks[0].right == pytest.approx(2.0)
    assert abs(found.gradient[0] - 2.0) <= found.error[0]
    assert found.gradient[1:3] == pytest.approx([2.0, -1.0])
    assert found.error[1] < 1e-6


SMOOTH = {
    "x|x|": lambda x: x * abs(x),
    "|x|^1.5": lambda x: abs(x) ** 1.5,
    "x^2": lambda x: x * x,
    "exp": math.exp,
    "sin(1000x)": lambda x: math.sin(1000 * x),
    "huber": lambda x: x * x / 2 if abs(x) < 1 else abs(x) - 0.5,
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("at", [0.0, 1.0])
def test_what_is_smooth_is_no_kink(name, at):
    assert gw.nudge(SMOOTH[name], at).kinks == ()


@pytest.mark.parametrize(
    ("f", "kind"),
    [
        (abs, "kink"),
        (lambda x: max(x, 0.0), "kink"),
        (lambda x: x if x > 0 else 0.1 * x, "kink"),
        (lambda x: math.sqrt(abs(x)), "kink"),
        (lambda x: float(x > 0), "jump"),
        (math.floor, "jump"),
    ],
)
def test_kinks_and_jumps_are_told_apart(f, kind):
    found = gw.nudge(lambda x: float(f(x)), 0.0)
    assert [k.kind for k in found.kinks] == [kind]
    if kind == "jump":
        assert np.isnan(found.gradient)
        assert np.isinf(found.error)


def test_a_kink_nearby_is_stepped_around():
    found = gw.nudge(lambda w: abs(w - 1e-6), 0.0)
    assert found.kinks == ()
    assert found.gradient == pytest.approx(-1.0)


def test_the_domain_is_not_left():
    found = gw.nudge(lambda w: math.log(w), 1e-9)
    assert found.gradient == pytest.approx(1e9, rel=1e-6)
    edge = gw.nudge(lambda w: np.sum(np.arcsin(w) * np.sqrt(1 - w)) + np.sum(w), np.array([0.5, 1.0]))
    assert edge.one_sided == (("w", (1,)),)
    rising = gw.nudge(lambda w: (1 + w) ** 2 if w >= 0 else math.nan, 0.0)
    assert rising.gradient == pytest.approx(2.0)
    assert rising.below is None
    assert rising.one_sided == (("w", ()),)
    endless = gw.nudge(np.sqrt, 0.0)
    assert np.isinf(endless.error)


# -- the record -------------------------------------------------------------------------------------------------------


def test_columns_as_the_article_lays_them_out():
    slopes = np.array([[0.2, 0.6], [0.5, 0.4], [0.3, 0.2]])
    biases = np.array([0.2, 0.5, 0.3])

    def f(W, b):
        return np.sum(W * slopes) + np.sum(b * biases)

    found = gw.nudge(f, np.zeros((3, 2)), np.zeros(3), wrt=(0, 1), scheme="forward", step=0.01)
    columns = found.columns()
    assert np.round(columns["W"][0], 9).tolist() == [0.2, 0.5, 0.3]
    assert np.round(columns["W"][1], 9).tolist() == [0.6, 0.4, 0.2]
    assert [np.round(vector, 9).tolist() for vector in columns["b"]] == [[0.2, 0.5, 0.3]]
    row = found.table("b")[1]
    assert row["parameter"] == "b[2]"
    assert row["rise"] == pytest.approx(0.005)
    assert row["slope"] == pytest.approx(0.5)


def test_the_page():
    found = gw.nudge(loss, W, B, wrt=("W", "b"), scheme="forward", step=0.01)
    text = found.to("plain", width=80)
    assert "raised by 0.01" in re.sub(r"\s+", " ", text)
    assert "W[2, 3]" in text
    assert "laid out as the weight matrix is" in re.sub(r"\s+", " ", text)
    assert "acobian" not in text
    assert "determinant" not in text
    assert max(map(len, text.splitlines())) <= 80
    large = gw.nudge(lambda W: np.sum(W**2), np.ones((30, 20)), scheme="forward", step=0.01)
    assert "576 more entries" in large.document(rows=4, columns=6).blocks[1].blocks[1].text
    for one in (found, gw.nudge(loss, W, B, wrt="b"), gw.nudge(lambda x: np.outer(x, x), np.ones(2))):
        for form in ("plain", "html", "json", "latex"):
            assert one.to(form)


def test_the_record_is_picklable_and_frozen():
    found = gw.nudge(loss, W, B)
    again = pickle.loads(pickle.dumps(found))
    assert isinstance(again, Nudged)
    assert np.array_equal(again.gradient, found.gradient)
    with pytest.raises(AttributeError):
        found.gradient = 0


def test_two_runs_give_the_same():
    one, two = gw.nudge(loss, W, B), gw.nudge(loss, W, B)
    assert np.array_equal(one.gradient, two.gradient)
    assert np.array_equal(one.error, two.error)
    assert one.evaluations == two.evaluations


# -- interrupts (many workers: test_nudge_executors.py) ---------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["auto", "forward", "complex"])
def test_an_interrupt_keeps_what_is_done(scheme):
    calls = []

    def slow(w):
        calls.append(1)
        if len(calls) > limit:
            raise KeyboardInterrupt
        return np.sum(read_as_bytes(w) ** 2)

    limit = 10**6
    assert not gw.nudge(slow, np.ones(40), scheme=scheme).partial
    # Some way before the end: what is looked at before any slope is measured takes its share of the calls.
    limit, calls = len(calls) - 25, []
    found = gw.nudge(slow, np.ones(40), scheme=scheme)
    assert found.partial
    done = np.isfinite(found.gradient)
    assert 0 < done.sum() < 40
    assert np.allclose(found.gradient[done], 2.0)
    assert np.isinf(found.error[~done]).all()


# -- arrays of other packages -----------------------------------------------------------------------------------------


class Tensor:
    """As much of another package's array as nudging looks at."""

    def __init__(self, values, dtype=np.float32):
        self.values = np.asarray(values, dtype)
        self.dtype = self.values.dtype

    def __array__(self, dtype=None, copy=None):
        return self.values

    def detach(self):
        return self

    def double(self):
        return Tensor(self.values, np.float64)

    def new_tensor(self, values, dtype=None):
        return Tensor(np.array(values), dtype or self.dtype)

    def cubed_sum(self):
        return Tensor((self.values**3).sum(), self.dtype)


def test_arrays_of_another_package_in_and_out():
    def f(w):
        assert isinstance(w, Tensor)
        return w.cubed_sum()

    found = gw.nudge(f, Tensor([1.0, 2.0]))
    assert isinstance(found.gradient, Tensor)
    assert found.gradient.values == pytest.approx([3.0, 12.0], rel=1e-9)


def test_torch_tensors_in_and_out():
    torch = pytest.importorskip("torch")
    weights = torch.tensor([1.0, 2.0], requires_grad=True)
    found = gw.nudge(lambda w: (w**3).sum(), weights)
    assert torch.is_tensor(found.gradient)
    assert found.gradient.tolist() == pytest.approx([3.0, 12.0])


def test_jax_arrays_in_and_out():
    numpy = pytest.importorskip("jax.numpy")
    found = gw.nudge(lambda w: (w**3).sum(), numpy.array([1.0, 2.0]))
    assert np.abs(np.asarray(found.gradient) - [3.0, 12.0]).max() < 0.1
