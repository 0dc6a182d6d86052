"""Model files: what they mean, the examples, and what is said about those that cannot be read."""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwork.errors import DataError, FormulaError, GradworkError, MissingFileError, ModelError, UsageError
from gradwork.graph.formula import evaluate_program
from gradwork.models import Model, load

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def log_softmax(z, axis):
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


FUNCTIONS = {
    "mean": np.mean,
    "sum": np.sum,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softmax": lambda z, axis: np.exp(log_softmax(z, axis)),
    "log_softmax": log_softmax,
}


def loss(model, **other):
    return evaluate_program(model.program, {**model.bound, **other}, FUNCTIONS)["loss"]


def slopes(model, name):
    """The gradient by moving every entry both ways: an oracle that shares nothing with gradwork's own."""
    start = np.array(model.parameters[name], dtype=float)
    result = np.zeros_like(start)
    for index in np.ndindex(start.shape):
        ends = []
        for nudge in (1e-6, -1e-6):
            moved = start.copy()
            moved[index] += nudge
            ends.append(loss(model, **{name: moved}))
        result[index] = (ends[0] - ends[1]) / 2e-6
    return result


@pytest.fixture
def write(tmp_path):
    def write(text, name="model.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


# --- the examples ----------------------------------------------------------------------------------------------------


def test_cars():
    model = load(EXAMPLES / "cars.toml")
    assert model.title == "Stopping distance from speed"
    assert model.wrt == ("w", "b")
    assert model.parameters == {"w": 0.0, "b": 0.0}
    assert list(model.data) == ["x", "y"]
    assert [name for name, _ in model.program.lines] == ["yhat", "error", "loss"]
    assert model.settings["descend"] == {"learning_rate": 0.003, "steps": 25000}
    assert model.notes == ("50 rows of cars.csv",)
    x, y = model.data["x"], model.data["y"]
    assert loss(model) == 2498.06
    np.testing.assert_allclose(slopes(model, "w"), np.mean(2 * (0 * x - y) * x), rtol=1e-8)
    np.testing.assert_allclose(np.mean(-2 * y * x), -1539.28)
    np.testing.assert_allclose(np.mean(-2 * y), -85.96)


def test_slides():
    model = load(EXAMPLES / "slides.toml")
    assert model.bound == {"x": 2.0, "y": 3.0, "weight": 4.0}
    error = 2 * 4 - 3
    assert loss(model) == error**2 == 25
    np.testing.assert_allclose(slopes(model, "weight"), 2 * error * 2, rtol=1e-8)


def test_network_against_a_gradient_written_by_hand():
    model = load(EXAMPLES / "network.toml")
    X, Y, W1, b1, W2, b2 = (model.bound[name] for name in "X Y W1 b1 W2 b2".split())
    assert W1.shape == (2, 3)
    assert b1.shape == (3,)
    z1 = X @ W1 + b1
    a1 = np.maximum(z1, 0)
    error = a1 @ W2 + b2 - Y
    dz2 = 2 * error / error.size
    dz1 = (dz2 @ W2.T) * (z1 > 0)
    by_hand = {"W1": X.T @ dz1, "b1": dz1.sum(axis=0), "W2": a1.T @ dz2, "b2": dz2.sum(axis=0)}
    assert loss(model) == 1.875
    assert np.abs(z1).min() >= 0.5
    for name, gradient in by_hand.items():
        np.testing.assert_allclose(slopes(model, name), gradient, atol=1e-8)


def test_article_has_the_slopes_that_it_is_known_for():
    model = load(EXAMPLES / "article.toml")
    X, cost = model.data["X"], model.data["cost"]
    assert model.layout == "columns"
    np.testing.assert_allclose(cost.sum(axis=1, keepdims=True), [[0.2], [0.5], [0.3]])
    np.testing.assert_allclose(cost @ X.T, [[0.2, 0.6], [0.5, 0.4], [0.3, 0.2]])
    np.testing.assert_allclose(slopes(model, "W"), cost @ X.T, atol=1e-8)
    np.testing.assert_allclose(slopes(model, "b"), cost.sum(axis=1, keepdims=True), atol=1e-8)
    for unit, rise in enumerate((0.002, 0.005, 0.003)):
        raised = model.parameters["b"].copy()
        raised[unit] += 0.01
        np.testing.assert_allclose(loss(model, b=raised) - loss(model), rise, atol=1e-12)


def test_classifier():
    model = load(EXAMPLES / "classifier.toml")
    assert model.notes[0] == "classes: 1 is apple, 2 is banana, 3 is cherry"
    np.testing.assert_array_equal(model.data["Y"], np.repeat(np.eye(3), 2, axis=0))
    assert [name for name, _ in model.program.lines] == ["z1", "a1", "z2", "logp", "loss"]
    X, Y, W1, b1, W2, b2 = (model.bound[name] for name in "X Y W1 b1 W2 b2".split())
    a1 = np.tanh(X @ W1 + b1)
    shares = np.exp(log_softmax(a1 @ W2 + b2, 1))
    dz2 = (shares - Y) / len(X)
    np.testing.assert_allclose(slopes(model, "W2"), a1.T @ dz2, atol=1e-8)


# --- data ------------------------------------------------------------------------------------------------------------


def test_a_column_is_found_under_its_own_name(write):
    write("speed,distance\n1,2\n2,4\n", "cars.csv")
    model = load(write('data = "cars.csv"\nloss = "mean((speed*w - distance)^2)"\n[parameters]\nw = 1'))
    np.testing.assert_array_equal(model.data["speed"], [1, 2])


def test_several_columns_make_a_matrix(write):
    write("a,b,c\n1,2,3\n4,5,6\n", "t.csv")
    text = 'data = "t.csv"\nloss = "mean((X @ w - c)^2)"\n[columns]\nX = ["a", "b"]\n[parameters]\nw = [0, 1]'
    np.testing.assert_array_equal(load(write(text)).data["X"], [[1, 2], [4, 5]])
    text = 'data = "t.csv"\nlayout = "columns"\nloss = "mean((w @ X - c)^2)"\n[columns]\nX = ["a", "b"]\n'
    model = load(write(text + "[parameters]\nw = [0, 1]"))
    np.testing.assert_array_equal(model.data["X"], [[1, 4], [2, 5]])


def test_missing_values(write):
    write("x,y,z\n1,2,\n,3,\n4,NA,\n5,6,\n", "t.csv")
    text = 'data = "t.csv"\nloss = "mean((x*w - y)^2)"\n[parameters]\nw = 1\n'
    with pytest.raises(DataError, match="values are missing in lines 3, 4"):
        load(write(text))
    model = load(write('missing = "drop"\n' + text))
    np.testing.assert_array_equal(model.data["x"], [1, 5])
    assert "2 of 4 rows left out, with a value missing: lines 3, 4" in model.notes
    assert "columns not used: z" in model.notes


def test_a_frame_takes_the_place_of_the_file():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"speed_mph": [1.0, 2.0], "stopping_distance_ft": [1.0, 3.0]})
    model = load(EXAMPLES / "cars.toml", data=frame)
    np.testing.assert_array_equal(model.data["y"], [1, 3])
    text = 'loss = "mean((x*w - y*k)^2)"\n[parameters]\nw = 1'
    model = load(text, data={"x": [1, 2], "y": np.array([2.0, 3.0]), "k": 2})
    assert model.data["k"] == 2.0
    np.testing.assert_array_equal(model.data["x"], [1, 2])


def test_data_beside_a_model_file_is_found_from_any_folder(write, monkeypatch, tmp_path):
    (tmp_path / "inner").mkdir()
    write("x\n1\n", "x.csv")
    path = write('data = "x.csv"\nloss = "mean(x*w)"\n[parameters]\nw = 1')
    monkeypatch.chdir(tmp_path / "inner")
    assert load(path).data["x"].tolist() == [1]
    assert load("../model.toml").data["x"].tolist() == [1]


def test_data_that_is_not_used_is_noted():
    assert load('loss = "w^2"\n[data]\nx = [1, 2]\n[parameters]\nw = 1').notes == ("data not used: x",)


def test_a_byte_order_mark_and_windows_line_ends(tmp_path):
    path = tmp_path / "m.toml"
    path.write_bytes(b'\xef\xbb\xbfloss = "w^2"\r\n[parameters]\r\nw = 1\r\n')
    assert load(path).parameters == {"w": 1.0}


# --- parameters ------------------------------------------------------------------------------------------------------


def test_parameters_keep_the_order_of_the_file():
    model = load('loss = "sum(A*b) + c"\n[parameters]\nc = 1\nb = [1, 2]\nA = [[1, 2], [3, 4]]')
    assert model.wrt == ("c", "b", "A")
    assert model.parameters["c"] == 1.0
    assert model.parameters["A"].dtype == np.float64


def test_random_parameters_come_from_the_seed_alone():
    text = 'loss = "sum(A) + sum(b) + c + d"\nseed = 7\n[parameters]\nA = {{ shape = [2, 3] }}\n'
    text += 'b = {{ shape = 2, init = "normal", scale = 2 }}\nc = {{ shape = [], init = "{}" }}\nd = 1'
    first = load(text.format("uniform"))
    draw = random.Random(7).random
    limit = math.sqrt(6 / 5)
    np.testing.assert_array_equal(first.parameters["A"].ravel(), [(2 * draw() - 1) * limit for _ in range(6)])
    normal = 2 * math.sqrt(-2 * math.log(1 - draw())) * math.cos(2 * math.pi * draw())
    assert first.parameters["b"][0] == normal
    assert isinstance(first.parameters["c"], float)
    np.testing.assert_array_equal(load(text.format("uniform"), seed=7).parameters["A"], first.parameters["A"])
    assert (load(text.format("uniform"), seed=8).parameters["A"] != first.parameters["A"]).all()
    assert load(text.format("zeros")).parameters["c"] == 0.0
    assert "seed 7 (glorot, normal, uniform)" in first.notes[-1]


def test_the_limits_of_random_weights_look_at_the_layout():
    text = 'layout = "{}"\nloss = "sum(A)"\n[parameters]\nA = {{ shape = [1000, 2], init = "he" }}'
    assert 0.05 < np.abs(load(text.format("rows")).parameters["A"]).max() <= math.sqrt(6 / 1000)
    assert 1.5 < np.abs(load(text.format("columns")).parameters["A"]).max() <= math.sqrt(3)


@pytest.mark.parametrize("wrt", ["b", "b,w", ("b", "w"), ["b"], "b, w"])
def test_with_respect_to_some_only(wrt):
    model = load(EXAMPLES / "cars.toml", wrt=wrt)
    assert model.wrt == (("b",) if len(wrt) == 1 else ("b", "w"))


def test_data_can_be_asked_about_too():
    assert load(EXAMPLES / "cars.toml", wrt="x").wrt == ("x",)
    with pytest.raises(UsageError, match="no parameter 'weight'"):
        load(EXAMPLES / "cars.toml", wrt="weight")


def test_lines_may_stand_in_the_loss_and_over_several_lines():
    model = load('loss = "error = 2*w; error^2"\n[parameters]\nw = 1')
    assert [name for name, _ in model.program.lines] == ["error", "loss"]
    model = load('loss = """\n(w\n + v)^2"""\n[parameters]\nw = 1\nv = 2')
    assert loss(model) == 9


# --- layers ----------------------------------------------------------------------------------------------------------

LAYERS = """
layout = "{layout}"
loss = "{loss}"
[data]
X = {X}
Y = {Y}
[[layer]]
units = 2
activation = "sigmoid"
weights = {W}
bias = [1, 2]
[[layer]]
units = {units}
activation = "{last}"
weights = {V}
"""


def test_both_layouts_give_the_same_network():
    common = {"units": 3, "last": "softmax"}
    W, V = [[1, 2], [3, 4], [0, 1]], [[1, 2, 3], [0, 1, 0]]
    X = [[1, 2, 3], [0, 1, 0]]
    for cost in ("softmax cross-entropy", "mse"):
        labels = [[1, 0, 0], [0, 0, 1]]
        rows = LAYERS.format(layout="rows", loss=cost, X=X, W=W, V=V, Y=labels if cost == "mse" else [0, 2], **common)
        turned = {n: np.transpose(v).tolist() for n, v in {"X": X, "W": W, "V": V, "Y": labels}.items()}
        columns = LAYERS.format(layout="columns", loss=cost, **turned, **common)
        first, second = load(rows), load(columns)
        np.testing.assert_allclose(loss(first), loss(second))
        np.testing.assert_allclose(slopes(first, "W1"), slopes(second, "W1").T, atol=1e-8)
        assert second.parameters["b1"].shape == (2, 1)
        assert first.parameters["b1"].shape == (2,)


def test_a_column_of_the_file_gives_inputs_targets_and_classes(write):
    write("x,y,kind\n1,2,cat\n2,3,dog\n3,5,cat\n", "t.csv")
    text = 'data = "t.csv"\ninputs = "x"\ntargets = "{}"\nloss = "{}"\nlayout = "{}"\n[[layer]]\nunits = {}\n'
    model = load(write(text.format("y", "mse", "rows", 1)))
    assert model.data["x"].shape == (3, 1)
    assert str(model.program.loss) == "mean((z1 - y)^2)"
    model = load(write(text.format("kind", "softmax cross-entropy", "columns", 2)))
    np.testing.assert_array_equal(model.data["kind"], [[1, 0, 1], [0, 1, 0]])
    assert "classes: 1 is cat, 2 is dog" in model.notes
    with pytest.raises(DataError, match="kind holds text"):
        load(write(text.format("kind", "mse", "rows", 1)))


def test_a_layer_without_a_bias_and_its_size_from_its_weights():
    model = load("[data]\nX = [[1, 2]]\nY = [[3]]\n[[layer]]\nweights = [[1], [1]]\nbias = false")
    assert list(model.parameters) == ["W1"]
    assert str(model.program) == "z1 = X @ W1\nloss = mean((z1 - Y)^2)"
    assert loss(model) == 0


LAYER_FAULTS = [
    ("units = 2", 'units = "two"', "units has to be a whole number"),
    ("units = 2", "units = 0", "a layer cannot have 0 units"),
    ("units = 2", "unit = 2", "the key unit is not known"),
    ("units = 2", "units = 3", r"b1? ?.*3 units and 2 biases|W1 has shape"),
    ('"sigmoid"', '"sigmod"', "activation cannot be 'sigmod'"),
    ('"sigmoid"', '"softmax"', "softmax stands in the last layer only"),
    ("[[1, 2], [3, 4], [0, 1]]", "[[1, 3, 0], [2, 4, 1]]", r"W1 has shape \(2, 3\), and \(3, 2\) is needed"),
    ("[[1, 2], [3, 4], [0, 1]]", "[[1, 2], [3]]", "the rows of weights differ in length"),
    ("bias = [1, 2]", "bias = [1, 2, 3]", "2 units and 3 biases"),
    ("Y = [0, 2]", "Y = [0, 3]", "2 classes meet 3 units"),
    ("Y = [0, 2]", "Y = [0, 0.5]", "Y holds 0.5, which names no class"),
    ("Y = [0, 2]", "Y = [0, 1, 2]", r"Y has shape \(3, 3\), and \(2, 3\) is needed"),
    ("Y = [0, 2]", "", "there is no data for Y, the targets of the layers"),
    ("Y = [0, 2]", 'Y = [0, "a"]', "Y has to hold numbers"),
    ('"softmax cross-entropy"', '"cross"', "loss cannot be 'cross'"),
    ('"softmax"', '"relu"', "relu cannot stand before softmax cross-entropy"),
    ("[data]", "[parameters]\nw = 1\n[data]", r"\[parameters\] cannot stand beside \[\[layer\]\]"),
]


@pytest.mark.parametrize(("old", "new", "headline"), LAYER_FAULTS)
def test_layers_that_do_not_fit(old, new, headline):
    text = LAYERS.format(
        layout="rows",
        loss="softmax cross-entropy",
        X=[[1, 2, 3], [0, 1, 0]],
        Y=[0, 2],
        W=[[1, 2], [3, 4], [0, 1]],
        V=[[1, 2, 3], [0, 1, 0]],
        units=3,
        last="softmax",
    )
    assert load(text).wrt == ("W1", "b1", "W2", "b2")
    assert old in text
    with pytest.raises(ModelError, match=headline) as caught:
        load(text.replace(old, new))
    assert caught.value.where.line is not None


# --- what cannot be read ---------------------------------------------------------------------------------------------

CARS = """title = "Cars"
data = "cars.csv"

[columns]
x = "speed_mph"
y = "stopping_distance_ft"

[parameters]
w = 0.0
b = 0.0

[lines]
yhat = "x*w + b"
error = "yhat - y"
loss = "mean(error^2)"
"""

FAULTS = [
    ('x = "speed_mph"', 'x = "sped_mph"', DataError, r"there is no column 'sped_mph' in cars\.csv", 5, "speed_mph"),
    ("yhat - y", "yhta - y", ModelError, "yhta has no value", 14, "yhat"),
    ("yhat - y", "yhat - y - spe", ModelError, "spe has no value", 14, None),
    ("yhat - y", "yhat - e", ModelError, "e has no value", 14, "exp(1) for the number e"),
    ("yhat - y", "yhat - (y", FormulaError, r"\( is never closed", 14, ") where it ends"),
    ("error^2)", "error^2", FormulaError, r"\( is never closed", 15, ") where it ends"),
    ("x*w + b", "x*w + 2b", FormulaError, "an operation is missing between 2 and b", 13, "2*b"),
    ("x*w + b", "x*w", ModelError, "the loss does not use the parameter b", 10, None),
    ("mean(error^2)", "mean(y^2)", ModelError, "the loss does not use the parameter w", 9, None),
    ("w = 0.0", 'w = "0.0"', ModelError, "w has to be a number", 9, "w = 0.5"),
    ("w = 0.0", "w = nan", ModelError, "w is nan", 9, "w = 0.5"),
    ("w = 0.0", "w = true", ModelError, "w has to be a number", 9, "w = 0.5"),
    ("w = 0.0", "w = [1, [2]]", ModelError, "the rows of w differ in length", 9, None),
    ("w = 0.0", "w = []", ModelError, "w holds an empty list", 9, None),
    ("w = 0.0", 'w = { shape = 2, init = "glorrot" }', ModelError, "init cannot be 'glorrot'", 9, '"glorot"'),
    ("w = 0.0", "w = { shap = 2 }", ModelError, "the key shap is not known", 9, "shape"),
    ("w = 0.0", "w = { shape = [2, -1] }", ModelError, "the shape of w cannot be read", 9, "shape = [2, 3]"),
    ("w = 0.0", "w = { shape = [100000, 100000] }", ModelError, "w would have 10,000,000,000 numbers", 9, None),
    ("w = 0.0", "w = 0.0\nx = 1.0", ModelError, "x is data and a parameter", 10, "another name"),
    ("w = 0.0", "w = 0.0\nyhat = 1.0", ModelError, "yhat is given twice", 10, None),
    ("w = 0.0", "w = 0.0\nw = 1.0", ModelError, "line 10 cannot be read", 10, None),
    ("w = 0.0", 'w = 0.0\n"a b" = 1.0', ModelError, "'a b' cannot be used as a name", 10, "another name"),
    ("w = 0.0", "w = 0.0\npi = 1.0", ModelError, "'pi' cannot be used as a name", 10, "another name"),
    ("w = 0.0", "w = 0.0\ngröße = 1.0", ModelError, "line 10 cannot be read", 10, None),
    ("yhat - y", "loss - y", FormulaError, "loss is used before it is worked out", 14, None),
    ('"mean(error^2)"', "mean(error^2)", ModelError, "line 15 cannot be read", 15, None),
    ('"mean(error^2)"', "3", ModelError, "loss has to be a text", 15, None),
    ("title", "tilte", ModelError, "the key tilte is not known", 1, "title"),
    ("title", 'loss = "w^2"\ntitle', ModelError, "the loss stands twice", 1, None),
    ('title = "Cars"', "title = 3", ModelError, "title has to be a text", 1, None),
    ('title = "Cars"', 'missing = "skip"', ModelError, "missing cannot be 'skip'", 1, None),
    ('title = "Cars"', 'layout = "colums"', ModelError, "layout cannot be 'colums'", 1, '"columns"'),
    ('title = "Cars"', 'seed = "x"', ModelError, "seed has to be a whole number", 1, None),
    ('title = "Cars"', "work = { digit = 3 }", ModelError, "the key digit is not known", 1, "digits"),
    ("[parameters]", "[parameter]", ModelError, "the key parameter is not known", 8, "parameters"),
    ("[parameters]", "[parameters", ModelError, "line 8 cannot be read", 8, None),
    ('data = "cars.csv"', "data = 3", ModelError, "data has to be a file or a table", 2, None),
    ('data = "cars.csv"', "", ModelError, "there is no data to take the column 'speed_mph' from", 5, None),
    ('data = "cars.csv"', 'data = "car.csv"', MissingFileError, r"there is no file car\.csv", 2, "cars.csv"),
]


@pytest.mark.parametrize(("old", "new", "kind", "headline", "line", "hint"), FAULTS)
def test_faults_are_named_with_their_line(write, old, new, kind, headline, line, hint):
    (write("").parent / "cars.csv").write_bytes((EXAMPLES / "cars.csv").read_bytes())
    assert old in CARS
    with pytest.raises(kind, match=headline) as caught:
        load(write(CARS.replace(old, new, 1)))
    assert caught.value.where.line == line
    assert caught.value.where.file.endswith("model.toml")
    assert caught.value.why or kind is FormulaError
    if hint is not None:
        assert caught.value.hint == hint


def test_a_cell_that_is_no_number_is_shown_in_the_data(write):
    rows = (EXAMPLES / "cars.csv").read_text().split("\n")
    rows[16] = "13,2b"
    write("\n".join(rows), "cars.csv")
    with pytest.raises(DataError) as caught:
        load(write(CARS))
    assert str(caught.value).splitlines()[:3] == [
        "stopping_distance_ft is no number in line 17: '2b'",
        "  cars.csv:17    13,2b",
        " " * 20 + "^^",
    ]


def test_an_unknown_name_says_what_there_is(write):
    (write("").parent / "cars.csv").write_bytes((EXAMPLES / "cars.csv").read_bytes())
    with pytest.raises(ModelError) as caught:
        load(write(CARS.replace("yhat - y", "yhta - y")))
    assert str(caught.value).splitlines() == [
        "yhta has no value",
        "  model.toml:14    yhta - y",
        " " * 19 + "^^^^",
        "  parameters: w, b",
        "  data: x, y",
        "  columns of the file: speed_mph, stopping_distance_ft",
        " why: every name in a formula is a column of the data, a parameter, or a line above it",
        " try: yhat",
    ]


TEXTS = [
    ("a = [1, 2]\n", "the key a is not known"),
    ("title = 'x'\n", "the model has no loss"),
    ('loss = "1 + 1"\n', "the model has no parameters"),
    ('loss = "mean(x*w - y)"\n[data]\nx = [1, 2]\ny = [1, 2, 3]\n[parameters]\nw = 1', "x has 2 numbers, y has 3"),
    ('loss = "mean(x*w)"\n[data]\nx = [1, nan]\n[parameters]\nw = 1', "x holds nan in entry 2"),
    ('loss = "mean(x*w)"\n[data]\nx = "a"\n[parameters]\nw = 1', "x has to be numbers here"),
    ('loss = "mean(x*w)"\n[data]\nx = ["a"]\n[parameters]\nw = 1', "x has to hold numbers"),
    ('loss = "mean(x*w)"\n[data]\nx = 2020-01-01\n[parameters]\nw = 1', "x has to be a number"),
    ('loss = "mean(x*w)"\n[columns]\nx = []\n[parameters]\nw = 1', "x has to be a column"),
    ('loss = ""\n', "the formula is empty"),
    ("loss = 3\n", "loss has to be a text"),
    ("[lines]\n", "there are no lines"),
    ("lines = 3\n", "lines has to be a table"),
    ("layer = 3\n", "layer has to be a list of tables"),
    ("layer = []\n", "layer has to be a list of tables"),
    ("x = " + "[" * 5000 + "]" * 5000 + "\n", "the brackets lie too deep|cannot be read|not known"),
]


@pytest.mark.parametrize(("text", "headline"), TEXTS)
def test_texts_that_are_no_model(text, headline):
    with pytest.raises(GradworkError, match=headline):
        load(text)


def test_files_that_are_no_model(write, tmp_path):
    with pytest.raises(MissingFileError, match=r"there is no file modle\.toml") as caught:
        load(write("").parent / "modle.toml")
    assert caught.value.hint == "model.toml"
    with pytest.raises(ModelError, match=r"model\.toml is empty"):
        load(write("\n"))
    with pytest.raises(ModelError, match="is a folder, not a model"):
        load(tmp_path)
    with pytest.raises(ModelError, match="is a file of data, not a model"):
        load(EXAMPLES / "cars.csv")


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_damaged_model_gives_a_model_or_an_error_of_ours(data):
    text = (EXAMPLES / "network.toml").read_text()
    position = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 12))
    damage = data.draw(st.text(alphabet='[]{}=",.\n 0123abXYW#-', max_size=6))
    try:
        model = load(text[:position] + damage + text[position + length :])
    except GradworkError as error:
        assert str(error)
    else:
        assert isinstance(model, Model)


def test_a_model_file_is_never_run(write, tmp_path):
    for text in ("__import__('os').mkdir('made')", "open('made', 'w')", "exec('1')", "x.__class__"):
        with pytest.raises(GradworkError):
            model = load(write(f'loss = "{text}"\n[parameters]\nx = 1\n'))
            evaluate_program(model.program, model.bound, FUNCTIONS)
    assert not (tmp_path / "made").exists()


# --- functions -------------------------------------------------------------------------------------------------------

FUNCTION = '''
import numpy as np

X = np.array([1.0, 2.0])
y = [1, 2]
b = 3


def loss(w=0.5, b=b, *, X, y, scale=2.0, **options):
    """A line.

    And more.
    """
    return np.mean((X * w + b - np.array(y)) ** 2) * scale


def other(missing, w, absent):
    return w
'''


def test_a_function_from_a_file(write):
    model = load(f"{write(FUNCTION, 'net.py')}:loss")
    assert model.title == "A line."
    assert model.program is None
    assert list(model.parameters) == ["w", "X", "scale"]
    assert list(model.data) == ["b", "y"]
    assert model.wrt == ("w", "X", "scale")
    assert model.function(**model.bound) > 0
    assert "w from its default value" in model.notes
    assert "X from the variable X" in model.notes
    assert load(f"{write(FUNCTION, 'net.py')}:loss", wrt="w").wrt == ("w",)
    handed = load(f"{write(FUNCTION, 'net.py')}:loss", data={"X": np.ones(3), "y": np.ones(3)})
    assert handed.parameters["X"].shape == (3,)


def test_a_file_may_import_its_neighbour_and_define_dataclasses(write):
    write("K = 2.0", "neighbour_of_net.py")
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom neighbour_of_net import K\n"
    text += "@dataclass\nclass P:\n    w: float = K\n\ndef loss(w=P().w): return w**2\n"
    before = list(sys.path)
    assert load(f"{write(text, 'net.py')}:loss").parameters == {"w": 2.0}
    assert sys.path == before


PYTHON = [
    ("def loss(w=1.0): return w\n", "net.py", "a function of net.py has to be named", None),
    ("def loss(w=1.0): return w\n", "net.py:los", "net.py has no function los", None),
    ("x = 1\n", "net.py:loss", "net.py has no function loss", None),
    ("def loss(w=1.0)\n  return w\n", "net.py:loss", "net.py is not Python", 1),
    ("\n\n1/0\n", "net.py:loss", "net.py stops while it is run", 3),
    ("import sys\nsys.exit(3)\n", "net.py:loss", "net.py stops while it is run", 2),
    ("import no_such_package\n", "net.py:loss", "net.py stops while it is run", 1),
    (FUNCTION, "net.py:other", "other has no value for missing, w, absent", 17),
    ("def loss(n=1): return n\n", "net.py:loss", "loss has no argument to take a slope with respect to", 1),
    ("def loss(w=1.0, /): return w\n", "net.py:loss", "w cannot be given by name", 1),
]


@pytest.mark.parametrize(("text", "name", "headline", "line"), PYTHON)
def test_functions_that_cannot_be_used(write, text, name, headline, line):
    path = write(text, "net.py")
    with pytest.raises(ModelError, match=headline) as caught:
        load(str(path.parent / name))
    assert caught.value.where.line == line


def test_arguments_that_are_not_there(write):
    path = write("def loss(weight=1.0, kind='a'): return weight\n", "net.py")
    with pytest.raises(UsageError, match="loss has no argument 'wieght'") as caught:
        load(f"{path}:loss", wrt="wieght")
    assert caught.value.hint == "weight"
    with pytest.raises(UsageError, match="kind has no slope"):
        load(f"{path}:loss", wrt="kind")
    with pytest.raises(MissingFileError):
        load(f"{path.parent / 'nte.py'}:loss")


def test_what_a_models_own_function_raises_is_told_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text("w = 1.0\ndef loss(w):\n    return w + missing\n", encoding="utf-8")
    with pytest.raises(ModelError, match="loss stops when it is called") as caught:
        load(f"{file}:loss").work()
    assert caught.value.where is not None
    assert caught.value.where.line == 3
    assert "NameError" in str(caught.value)
