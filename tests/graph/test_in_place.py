"""Writing in place: the same program gives the same arrays in NumPy and under trace, whatever shares memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import carried_out, programs

import gradwork as gw
from gradwork.errors import SharedMemoryError, TracedValueError
from gradwork.graph.trace import trace_call

X = np.array([[0.53, -1.27, 2.11], [1.61, 1.09, 0.27]])


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(), st.booleans())
@pytest.mark.filterwarnings("ignore")
def test_random_programs(program, fortran):
    x = np.asfortranarray(X) if fortran else X.copy()
    try:
        total, pool = carried_out(program, x.copy(order="K"))
    except (ValueError, IndexError):
        with pytest.raises((ValueError, IndexError)):
            trace_call(lambda x: carried_out(program, x), [x])
        return
    traced = trace_call(lambda x: carried_out(program, x), [x])
    for position, array in zip(traced.outputs, [total, *pool], strict=True):
        assert np.array_equal(traced.builder.full_value(position), array, equal_nan=True)
    assert np.array_equal(x, X)
    slopes = gw.grad(lambda x: carried_out(program, x)[0])(x)
    if not np.isfinite(total):
        return  # a nudge of what is not a number tells nothing
    assert np.allclose(slopes, nudged(program, x), atol=1e-4, rtol=1e-5, equal_nan=True)


def nudged(program, x):
    slopes = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = 1e-6
        slopes[i] = (carried_out(program, x + step)[0] - carried_out(program, x - step)[0]) / 2e-6
    return slopes


# -- numbers and arrays behave as Python's and NumPy's do -------------------------------------------------------------


def both(function, *args):
    """What the function returns in NumPy, and under trace."""
    plain = function(*(np.array(a)[()] for a in args))
    traced = trace_call(lambda *a: function(*a), [np.array(a)[()] for a in args])
    return plain, [traced.builder.full_value(i) for i in traced.outputs]


def same(function, *args):
    plain, traced = both(function, *args)
    assert all(np.array_equal(p, t) for p, t in zip(plain, traced, strict=True)), (plain, traced)


def test_adding_to_a_number_binds_a_new_one():
    def f(x):
        y = x
        y += 1
        return x, y

    same(f, 2.0)


def test_adding_to_an_array_changes_every_name_of_it():
    def f(x):
        y = x
        y += 1
        return x, y

    same(f, [1.0, 2.0])


def test_an_array_without_axes_is_an_array():
    def f(x):
        y = np.array(x).reshape(())
        z = y
        y += 1
        return y, z

    plain = np.array(2.0)
    traced = trace_call(lambda x: (x, x.__iadd__(1)), [plain])
    assert [traced.builder.full_value(i) for i in traced.outputs] == [3.0, 3.0]
    assert plain == 2.0


@pytest.mark.parametrize(
    "view", ["a[1:]", "a[::-1]", "a.T", "a.reshape(-1)", "a[None]", "np.flip(a)", "np.split(a, 2)[0]", "a[...]"]
)
def test_a_view_sees_its_base_change_and_the_other_way_round(view):
    def f(a):
        a = a * 1.0
        window = eval(view, {"a": a, "np": np})
        a += 1
        first = window * 1.0
        window *= 3
        return a, window, first

    same(f, [[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    "copied",
    ["a.copy()", "a.flatten()", "a[[0, 1]]", "a[a > 0]", "np.array(a)", "a.T.ravel()", "a + 0", "np.roll(a, 0)"],
)
def test_a_copy_does_not(copied):
    def f(a):
        a = a * 1.0
        other = eval(copied, {"a": a, "np": np})
        a += 1
        return a, other

    same(f, [[1.0, 2.0], [3.0, 4.0]])


def test_views_of_views():
    def f(a):
        a = a * 1.0
        row = a[0]
        entry = row[1:]
        entry[0] = 50.0
        a[0, 2] = 70.0
        return a, row, entry

    same(f, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_swapping_entries_and_rows():
    def f(a):
        a = a * 1.0
        a[0, 0], a[1, 1] = a[1, 1], a[0, 0]
        b = a * 1.0
        b[0], b[1] = b[1], b[0]  # rows are windows: the first is overwritten before it is read
        return a, b

    same(f, [[1.0, 2.0], [3.0, 4.0]])


def test_writing_with_masks_positions_and_broadcasting():
    def f(a):
        a = a * 1.0
        a[a > 2] = 0.5
        a[[0, 0], [0, 1]] = a[1]
        a[:, 1] = 7.0
        a[0] = np.array([[1.0, 2.0]])
        return (a,)

    same(f, [[1.0, 2.0], [3.0, 4.0]])


def test_what_numpy_refuses_is_refused():
    for statement in ("a += np.ones((3, 2))", "a[5] = 1", "a[0] = np.ones(3)", "a[0.5] = 1", "a[0, 0, 0] = 1"):
        for trace in (False, True):

            def f(a, statement=statement):
                a = a * 1.0
                exec(statement, {"a": a, "np": np})
                return a

            with pytest.raises((ValueError, IndexError)):
                gw.trace(f, np.ones(2)) if trace else f(np.ones(2))


def test_the_argument_itself_is_left_alone():
    def f(x):
        x *= 2
        x[0] = 5.0
        return np.sum(x**2)

    x = np.array([1.0, 3.0])
    first = gw.grad(f)(x)
    assert np.array_equal(x, [1.0, 3.0])
    assert np.array_equal(first, gw.grad(f)(x))
    assert np.array_equal(first, [0.0, 24.0])


# -- ordinary arrays --------------------------------------------------------------------------------------------------


def test_adding_to_an_ordinary_array_rebinds_its_name():
    def f(x):
        total = np.zeros(3)
        before = total * 1
        total += x
        total -= 2 * before
        return np.sum(total**2)

    assert np.array_equal(gw.grad(f)(np.arange(3.0)), 2 * np.arange(3.0))


def aliases():
    def second_name(x):
        y = np.zeros(3)
        z = y
        y += x
        return np.sum(z)

    def window(x):
        table = np.zeros((2, 3))
        row = table[0]
        row += x
        return np.sum(table)

    def base(x):
        y = np.zeros(3)
        tail = y[1:]
        y += x
        return np.sum(tail)

    def in_a_list(x):
        y = np.zeros(3)
        kept = [y]
        y += x
        return np.sum(kept[0])

    def reshaped(x):
        y = np.zeros((3, 1))
        flat = y.reshape(-1)
        flat += x
        return np.sum(y)

    def argument(x, y=np.zeros(3)):  # noqa: B008
        y += x
        return np.sum(y)

    def looked_at_before(x):
        y = np.zeros(3)
        z = y
        _ = y * x  # the graph has met the array, and named it
        y += x
        return np.sum(z)

    def matrix(x):
        y = np.eye(3)
        z = y
        y @= np.outer(x, x)
        return np.sum(z)

    return [second_name, window, base, in_a_list, reshaped, argument, looked_at_before, matrix]


@pytest.mark.parametrize("f", aliases(), ids=lambda f: f.__name__)
def test_an_ordinary_array_that_is_held_elsewhere_is_not_added_to(f):
    with pytest.raises(SharedMemoryError) as refused:
        gw.grad(lambda x: f(x) + x[0])(np.ones(3))
    assert "y = y + x" in str(refused.value)
    assert refused.value.where.source().split("=")[0].strip().rstrip("+@ ") in ("y", "row", "flat")


def owned():
    def looked_at_before(x):
        y = np.zeros(3)
        first = np.sum(y * x)
        y += x
        return np.sum(y**2) + first

    def in_a_loop(x):
        y = np.zeros(3)
        for k in range(3):
            y += k * x
        return np.sum(y**2)

    def reshaped_once(x):
        y = np.zeros(3).reshape(3)
        y += x
        return np.sum(y**2)

    def attribute(x):
        class Holder:
            y = None

        holder = Holder()
        holder.y = np.zeros(3)
        holder.y += x
        return np.sum(holder.y**2)

    def in_a_dict(x):
        sums = {"y": np.zeros(3)}
        sums["y"] += x
        return np.sum(sums["y"] ** 2)

    def closure(x):
        y = np.zeros(3)

        def add():
            nonlocal y
            y += x

        add()
        return np.sum(y**2)

    def matrix(x):
        y = np.eye(3)
        y @= np.outer(x, x)
        return np.sum(y)

    return [looked_at_before, in_a_loop, reshaped_once, attribute, in_a_dict, closure, matrix]


@pytest.mark.parametrize("f", owned(), ids=lambda f: f.__name__)
def test_one_that_is_held_once_is(f):
    x = np.array([0.5, -1.0, 2.0])
    step = 1e-6 * np.eye(3)
    expected = [(f(x + s) - f(x - s)) / 2e-6 for s in step]
    assert np.allclose(gw.grad(f)(x), expected)


def in_a_file(tmp_path, *statements):
    """A function that works on `y = np.zeros(3)` and ends in sum(y**2), as a user's file would hold it."""
    file = tmp_path / "user.py"
    body = "".join(f"    {line}\n" for line in ("y = np.zeros(3)", *statements, "return np.sum(y**2)"))
    file.write_text(f"import numpy as np\ndef f(x):\n{body}")
    names: dict[str, object] = {}
    exec(compile(file.read_text(), str(file), "exec"), names)
    return names["f"]


WRITES = [
    "y[0] = x[0]", "y[1:] = x[1:]", "y[0] += x[0]", "y[:] = x", "y[[0, 2]] = x[0]", "y[:] = [x[2], 4.0, x[0] * x[1]]",
    "y[x > 0] = x[x > 0]", "y[len(x) - 1] = x[0]", "y[::2] -= x[1:]", "np.exp(x, out=y)", "np.copyto(y, x)",
    "np.add.at(y, [0, 0, 1], x)", "np.put(y, [1], x[0])", "y.reshape(3, 1)[1] = x[0]", "y[0], y[1] = x[1], x[0]",
]  # fmt: skip


@pytest.mark.parametrize("statement", WRITES)
def test_a_traced_number_goes_into_an_ordinary_array(statement, tmp_path):
    f = in_a_file(tmp_path, statement)
    x = np.array([0.5, -1.0, 2.0])
    assert gw.value_and_grad(f)(x)[0] == f(x)
    step = 1e-6 * np.eye(3)
    assert np.allclose(gw.grad(f)(x), [(f(x + s) - f(x - s)) / 2e-6 for s in step], atol=1e-7)


@pytest.mark.parametrize("holder", ["kept = [y]", "kept = y[1:]", "kept = {'y': y}", "kept = lambda y=y: y"])
@pytest.mark.parametrize("statement", WRITES)
def test_not_where_something_else_holds_the_array(statement, holder, tmp_path):
    with pytest.raises(SharedMemoryError) as refused:
        gw.grad(in_a_file(tmp_path, holder, statement))(np.array([0.5, -1.0, 2.0]))
    shown = str(refused.value)
    assert f"user.py:5    {statement}" in shown
    assert "try:" in shown and "why:" in shown


@pytest.mark.parametrize(
    "statement", ["y[next(it)] = x[0]", "y[:] = mixed(x)", "y[(k := k + 1)] = x[0]", "y.__setitem__(0, x[0])"]
)
def test_not_where_the_line_does_not_show_what_goes_where(statement, tmp_path):
    f = in_a_file(tmp_path, "it, k, mixed = iter([1]), 0, lambda x: [x[0], 1.0, x[1]]", statement)
    with pytest.raises(TracedValueError) as refused:
        trace_call(f, [np.array([0.5, -1.0, 2.0])])
    assert refused.value.where.line == 5


def test_names_of_one_function_for_one_array_all_see_the_write():
    def f(x):
        y = np.zeros(3)
        z = y
        y[0] = x[0]
        z[1] = x[1]
        return np.sum(y**2) + np.sum(z)

    assert gw.grad(f)(np.array([2.0, 3.0, 4.0])).tolist() == [5.0, 7.0, 0.0]


BUFFER = {"y": np.zeros(3)}


def test_what_outlives_the_function_is_an_ordinary_array_again():
    held = BUFFER["y"]

    def f(x):
        BUFFER["y"][:] = x * 2
        return np.sum(BUFFER["y"] ** 2)

    del held
    assert gw.grad(f)(np.array([1.0, 2.0, 3.0])).tolist() == [8.0, 16.0, 24.0]
    assert BUFFER["y"].__class__ is np.ndarray
    assert BUFFER["y"].tolist() == [2.0, 4.0, 6.0]


def test_a_write_that_fails_leaves_the_array_as_it_was():
    def f(x):
        y = np.ones(2)
        try:
            y[:] = x
        except ValueError:
            y[7:] = 0.0
        assert y.__class__ is np.ndarray
        y[0] = x[0]
        return np.sum(y)

    assert gw.grad(f)(np.array([1.0, 2.0, 3.0])).tolist() == [1.0, 0.0, 0.0]


def test_somebody_elses_trace_function_is_put_back():
    import sys

    seen = []

    def watch(frame, event, argument):
        seen.append(event)
        return watch

    def f(x):
        y = np.zeros(3)
        y[0] = x[0]
        y[1] = x[1]
        return np.sum(y**2)

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        slopes = gw.grad(f)(np.array([1.0, 2.0, 3.0]))
        assert sys.gettrace() is watch
    finally:
        sys.settrace(before)
    assert slopes.tolist() == [2.0, 4.0, 0.0]
    assert "line" in seen


def test_an_inner_gradient_does_not_write_into_an_outer_array():
    def f(x):
        y = x * 1

        def inner(z):
            y[0] = z
            return y[0] ** 2

        return gw.grad(inner)(x[0]) * x[1]

    with pytest.raises(SharedMemoryError):
        gw.grad(f)(np.array([1.0, 2.0, 3.0]))
