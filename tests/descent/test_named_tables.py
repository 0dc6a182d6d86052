"""Tables with named columns, as those of pandas: taken as columns by a formula, as one array by a function."""

from __future__ import annotations

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ArgumentError, DataError

X = np.linspace(0, 1, 30)
START = {"w": 0.0, "b": 0.0}
OPTIONS = {"steps": 20, "learning_rate": 0.1, "progress": False}
FORMULA = "mean((x*w + b - y)^2)"


class Column:
    """What of a Series matters here: an array by protocol, with arithmetic that gives way as pandas's does."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)

    def __len__(self):
        return len(self.values)

    def __mul__(self, other):
        if getattr(other, "__pandas_priority__", 0) > 3000:
            return NotImplemented
        return Column(self.values * float(other))


class Table:
    """What of a DataFrame matters here."""

    def __init__(self, columns):
        self.held = columns
        self.columns = list(columns)

    def __getitem__(self, name):
        return Column(self.held[name])

    def __array__(self, dtype=None, copy=None):
        return np.column_stack(list(self.held.values())).astype(dtype or float)

    def __iter__(self):
        return iter(self.columns)

    def __len__(self):
        return len(next(iter(self.held.values())))


TABLE = Table({"x": X, "z": X**2, "y": 3 * X + 1})


def by_formula():
    return gw.descend(FORMULA, START, {"x": X, "y": 3 * X + 1}, **OPTIONS)


def test_a_formula_takes_the_columns_of_a_table_by_name():
    assert gw.descend(FORMULA, START, TABLE, **OPTIONS).path.tobytes() == by_formula().path.tobytes()


def test_a_formula_takes_chunks_that_are_tables():
    parts = [Table({name: v[a : a + 10] for name, v in TABLE.held.items()}) for a in (0, 10, 20)]
    found = gw.descend(FORMULA, START, lambda: iter(parts), **OPTIONS)
    np.testing.assert_allclose(found.path, by_formula().path, rtol=1e-12)


def test_columns_are_data_like_arrays():
    loss = lambda p, x, y: np.mean((x * p["w"] + p["b"] - y) ** 2)  # noqa: E731
    found = gw.descend(loss, START, (TABLE["x"], TABLE["y"]), **OPTIONS)
    np.testing.assert_allclose(found.path, by_formula().path, rtol=1e-12)


def test_a_function_takes_a_table_as_one_array():
    loss = lambda p, d: np.mean((d[:, 0] * p["w"] + p["b"] - d[:, 2]) ** 2)  # noqa: E731
    np.testing.assert_allclose(gw.descend(loss, START, TABLE, **OPTIONS).path, by_formula().path, rtol=1e-12)


@pytest.mark.parametrize("loss", [lambda p, d: np.mean(d["x"] * p["w"]), lambda p, d: np.mean(d.x * p["w"])])
def test_a_function_that_asks_for_a_column_by_name_is_told_where_and_what_to_do(loss):
    with pytest.raises(ArgumentError, match=r'test_named_tables\.py:\d+[\s\S]*have no names there[\s\S]*table\["x"\]'):
        gw.descend(loss, START, (TABLE,), **OPTIONS)


def test_a_loss_with_other_arguments_is_told_what_it_is_called_with():
    with pytest.raises(ArgumentError, match=r"cannot be called with these data[\s\S]*then with data\[0\]"):
        gw.descend(lambda p, x, y: np.mean((x * p["w"] - y) ** 2), START, TABLE, **OPTIONS)


def test_a_type_error_of_the_loss_itself_stays_what_it_is():
    def loss(p, x):
        return np.mean(x * p["w"]) + None

    with pytest.raises(TypeError, match="unsupported operand"):
        gw.descend(loss, START, (X,), **OPTIONS)


def test_columns_of_objects_are_refused_with_what_to_do():
    with pytest.raises(DataError, match=r"x is not numbers[\s\S]*dtype=float"):
        gw.descend(FORMULA, START, {"x": X.astype(object), "y": X}, **OPTIONS)


def test_work_refuses_names_for_entries_of_an_array_with_the_place():
    with pytest.raises(ArgumentError, match=r"no entry called 'x'[\s\S]*test_named_tables\.py:\d+"):
        gw.work(lambda w, d: np.mean(d["x"] * w), 1.0, TABLE)


def test_a_column_leaves_arithmetic_with_a_traced_value_to_it():
    slope = gw.grad(lambda w: np.mean((TABLE["x"] * w - 1.0) ** 2))(0.5)
    assert slope == pytest.approx(float(np.mean(2 * (X * 0.5 - 1.0) * X)), rel=1e-14)
