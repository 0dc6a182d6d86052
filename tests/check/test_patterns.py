"""Causes that are recognised by patterns in the numbers: each is found where it is planted, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from gradwork.check.cause import Cause, causes
from gradwork.check.check import check

Arrays = dict[str, np.ndarray]
PATTERNS = (
    "GW201 GW202 GW203 GW204 GW205 GW206 GW207 GW208 GW213 GW216 GW220 GW223 GW225 GW228 "
    "GW229 GW232 GW238 GW239 GW240 GW241"
).split()


# -- a net of two layers, with a gradient written by hand -------------------------------------------------------------


@dataclass(frozen=True)
class Net:
    """Tanh between two layers, squares as loss, weight decay on the weights; `back` takes deliberate mistakes."""

    params: Arrays
    x: np.ndarray
    y: np.ndarray
    decay: float = 0.0

    def loss(self, params: Arrays, x: Any, y: Any) -> Any:
        a = np.tanh(x @ params["W1"] + params["b1"])
        misfit = np.mean((a @ params["W2"] + params["b2"] - y) ** 2)
        if not self.decay:
            return misfit
        return misfit + self.decay * (np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2))

    def back(
        self, params: Arrays, x: Any, y: Any, weights: Any = None, decay: float | None = None, biases: float = 0.0
    ) -> Arrays:
        decay = self.decay if decay is None else decay
        a = np.tanh(x @ params["W1"] + params["b1"])
        d2 = 2 * (a @ params["W2"] + params["b2"] - y) / y.size
        d2 = d2 if weights is None else d2 * np.asarray(weights, float)[:, None]
        d1 = d2 @ params["W2"].T * (1 - a**2)
        return {
            "W1": x.T @ d1 + 2 * decay * params["W1"],
            "b1": d1.sum(axis=0) + 2 * biases * params["b1"],
            "W2": a.T @ d2 + 2 * decay * params["W2"],
            "b2": d2.sum(axis=0) + 2 * biases * params["b2"],
        }

    def changed(self, how: Callable[[np.ndarray], np.ndarray], *names: str) -> Callable[..., Arrays]:
        """The gradient, with some arrays changed."""

        def gradient(params: Arrays, x: Any, y: Any) -> Arrays:
            right = self.back(params, x, y)
            return {n: how(g) if n in names or not names else g for n, g in right.items()}

        return gradient

    def codes(self, gradient: Any) -> list[str]:
        """What the check names."""
        return [d.cause.code for d in self.check(gradient).diagnoses]

    def check(self, gradient: Any) -> Any:
        return check(self.loss, gradient, self.params, self.x, self.y)


def net(seed: int = 0, n: int = 7, d: int = 5, h: int = 4, k: int = 3, decay: float = 0.0) -> Net:
    random = np.random.default_rng(seed)
    shapes = {"W1": (d, h), "b1": (h,), "W2": (h, k), "b2": (k,)}
    params = {name: random.normal(size=shape) for name, shape in shapes.items()}
    return Net(params, random.normal(size=(n, d)), random.normal(size=(n, k)), decay)


def nets() -> Iterator[Net]:
    """Sizes that hide things: one row, two rows, equal lengths everywhere."""
    yield net(1)
    yield net(2, n=1)
    yield net(3, n=2, d=2, h=3, k=2)
    yield net(4, n=3, d=3, h=3, k=3)
    yield net(5, n=4, d=4, h=4, k=4, decay=0.1)


# -- every cause of this kind -----------------------------------------------------------------------------------------

POINTS: dict[str, tuple[Any, ...]] = {
    "w": ((), (3,)),
    "b": ((), (4,)),
    "W": ((3, 4),),
    "u": ((3,),),
    "v": ((3,),),
    "scale": ((3,),),
    "x": ((5,), (5, 3), (5, 4)),
    "y": ((5,),),
}


def point_for(loss: Callable[..., Any], gradient: Callable[..., Any]) -> list[Any]:
    """Arguments of the first shapes for which the mended gradient passes."""
    import inspect
    import itertools

    names = list(inspect.signature(loss).parameters)
    for shapes in itertools.product(*(POINTS[n] for n in names)):
        random = np.random.default_rng(0)
        args = [random.normal(size=s) if s else float(random.normal()) for s in shapes]
        try:
            if np.ndim(loss(*args)) == 0 and check(loss, gradient, *args).ok:
                return args
        except (ValueError, TypeError):
            continue
    raise AssertionError("the mended example passes at no point")


@pytest.mark.parametrize("cause", [c for c in causes() if c.code in PATTERNS], ids=lambda c: c.code)
def test_the_broken_example_is_named_and_the_mended_one_passes(cause: Cause) -> None:
    broken: dict[str, Any] = {}
    exec(cause.broken, broken)
    mended = dict(broken)
    exec(cause.mended, mended)
    args = point_for(mended["loss"], mended["gradient"])
    with np.errstate(all="ignore"):
        found = check(broken["loss"], broken["gradient"], *args)
    assert not found.ok
    assert found.diagnoses[0].cause.code == cause.code


def test_all_of_them_are_in_the_catalogue() -> None:
    assert {c.code for c in causes()} >= set(PATTERNS)


@pytest.mark.parametrize("case", list(nets()), ids=str)
def test_a_right_gradient_gets_no_cause(case: Net) -> None:
    found = case.check(case.back)
    assert found.ok
    assert not found.diagnoses


@pytest.mark.parametrize("case", list(nets()), ids=str)
def test_what_is_no_pattern_is_not_named(case: Net) -> None:
    def spoiled(g: np.ndarray) -> np.ndarray:
        # Plain numbers: no step of the gradient function says how they were made.
        g = np.frombuffer(g.tobytes()).reshape(g.shape)
        return g * (1 + 0.1 * np.sin(3.1 * np.arange(g.size) + g.ravel())).reshape(g.shape)

    for name in case.params:
        assert case.codes(case.changed(spoiled, name)) == []


# -- factors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "code"),
    [(-1.0, "GW203"), (2.0, "GW202"), (0.5, "GW202"), (21.0, "GW201"), (1 / 21, "GW201"), (7.0, "GW201"),
     (1 / 7, "GW201"),
     (21 / 2, "GW201"), (1 / 21**2, "GW201"), (-2.0, "GW203"), (-7.0, "GW203"), (0.01, "GW239"), (-0.1, "GW239"),
     (np.pi, "GW239"), (3.7, "GW239"), (1 / np.sqrt(7), "GW239")],
)  # fmt: skip
def test_a_factor_of_the_whole_gradient_is_named(factor: float, code: str) -> None:
    case = net()
    assert case.codes(case.changed(lambda g: factor * g))[0] == code
    assert case.codes(case.changed(lambda g: factor * g, "W1", "b1"))[0] == code


def test_a_factor_of_two_with_two_rows_has_two_names_and_the_data_that_tell_them_apart() -> None:
    random = np.random.default_rng(0)
    x, w = random.normal(size=(2, 3)), random.normal(size=3)
    found = check(lambda w, x: np.mean((x @ w) ** 2), lambda w, x: 2 * x.T @ (x @ w), w, x)
    assert {d.cause.code for d in found.diagnoses} == {"GW201", "GW202"}
    assert all(d.data for d in found.diagnoses)


@pytest.mark.parametrize(
    ("factor", "code"), [(21.0, "GW201"), (-1.0, "GW203"), (2.0, "GW202"), (0.0, "GW207"), (0.01, "GW239")]
)
def test_a_factor_of_the_data_alone_is_told_from_the_regulariser(factor: float, code: str) -> None:
    case = net(decay=0.3)

    def gradient(params: Arrays, x: Any, y: Any) -> Arrays:
        return case.back(params, x, y, weights=np.full(len(y), factor))

    assert case.codes(gradient)[0] == code


@pytest.mark.parametrize("times", [0.0, 0.5, 2.0, 1 / 7, 3.3])
def test_a_wrong_regulariser_is_named(times: float) -> None:
    case = net(decay=0.3)
    assert case.codes(lambda p, x, y: case.back(p, x, y, decay=times * 0.3)) == ["GW220"]


def test_a_regulariser_that_the_loss_does_not_have_is_named() -> None:
    assert net().codes(lambda p, x, y: net().back(p, x, y, decay=0.3)) == ["GW220"]
    case = net(decay=0.3)
    assert case.codes(lambda p, x, y: case.back(p, x, y, biases=0.3)) == ["GW220"]


def test_a_gradient_divided_by_its_length_and_a_clipped_one_are_named() -> None:
    case = net()

    def shortened(params: Arrays, x: Any, y: Any) -> Arrays:
        right = case.back(params, x, y)
        length = np.sqrt(sum(np.sum(g**2) for g in right.values()))
        return {n: g / length for n, g in right.items()}

    assert case.codes(shortened) == ["GW239"]
    assert case.codes(case.changed(lambda g: np.clip(g, -0.05, 0.05))) == ["GW239"]


def test_parameters_after_a_step_are_told_from_a_gradient() -> None:
    case = net()

    def stepped(params: Arrays, x: Any, y: Any) -> Arrays:
        return {n: params[n] - 0.1 * g for n, g in case.back(params, x, y).items()}

    found = case.check(stepped)
    assert found.diagnoses[0].cause.code == "GW239"
    assert "after a step of learning rate 0.1" in found.diagnoses[0].says


# -- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "names", "code"),
    [
        (np.transpose, ("W1",), "GW204"),
        (np.zeros_like, ("W1", "b1"), "GW207"),
        (np.ones_like, ("b1",), "GW207"),
        (lambda g: np.concatenate([g[:-1], 0 * g[-1:]]), ("W1",), "GW208"),
        (lambda g: np.concatenate([0 * g[:1], g[1:]]), ("b1",), "GW208"),
        (np.tril, ("W1",), "GW208"),
        (lambda g: g * (1 + (np.arange(g.size) == 2)).reshape(g.shape), ("W1",), "GW208"),
        (np.flipud, ("W1",), "GW225"),
        (lambda g: np.roll(g, 1, axis=0), ("W2",), "GW225"),
        (lambda g: g[[1, 0, 2]], ("b2",), "GW225"),
        (lambda g: g.reshape(-1, order="F").reshape(g.shape), ("W2",), "GW225"),
        (lambda g: np.stack([0.3 * g, 0.7 * g]), ("b1",), "GW205"),
        (lambda g: g[None], ("b2",), "GW205"),
        (lambda g: g / 7, ("b2",), "GW206"),
        (lambda g: np.full(g.shape, g.sum()), ("b1",), "GW206"),
        (lambda g: g * np.nan, ("W1",), "GW229"),
    ],
)
def test_what_was_done_to_some_arrays_is_named(how: Any, names: tuple[str, ...], code: str) -> None:
    case = net()
    found = case.check(case.changed(how, *names))
    assert found.diagnoses[0].cause.code == code
    assert set(found.diagnoses[0].explains) == set(names)


def test_a_square_weight_matrix_does_not_hide_a_transpose() -> None:
    case = net(n=4, d=4, h=4, k=4)
    assert case.codes(case.changed(np.transpose, "W2")) == ["GW204"]


@pytest.mark.parametrize("sizes", [{}, {"n": 4, "d": 4, "h": 4, "k": 4}])
def test_gradients_in_the_wrong_order_are_named(sizes: dict[str, int]) -> None:
    case = net(**sizes)

    def exchanged(params: Arrays, x: Any, y: Any) -> Arrays:
        right = case.back(params, x, y)
        return {**right, "b1": right["b2"], "b2": right["b1"]}

    assert case.codes(exchanged) == ["GW240"]


@pytest.mark.parametrize("which", ["x @ d", "one row", "weights"])
def test_other_wrong_sums_of_a_bias_are_named(which: str) -> None:
    case = net(n=6)

    def gradient(params: Arrays, x: Any, y: Any) -> Arrays:
        a = np.tanh(x @ params["W1"] + params["b1"])
        d2 = 2 * (a @ params["W2"] + params["b2"] - y) / y.size
        wrong = {
            "x @ d": lambda: (d2 * (a @ params["W2"] + params["b2"])).sum(axis=0),
            "one row": lambda: d2[0],
            "weights": lambda: (a.T @ d2).sum(axis=0),
        }
        return {**case.back(params, x, y), "b2": wrong[which]()}

    assert case.codes(gradient)[0] == "GW206"


OTHERS = "is left out, and the mean is over the others"


# -- samples ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ([1, 1, 1, 1, 1, 1, 0], "of the 7 rows, row 7 (the last) is left out"),
        ([0, 1, 1, 1, 1, 1, 1], "of the 7 rows, row 1 (the first) is left out"),
        ([1, 1, 2, 1, 1, 1, 1], "of the 7 rows, row 3 counts more than once"),
        ([1, 0, 1, 1, 2, 1, 1], "of the 7 rows, row 2 is left out and row 5 counts more than once"),
        (np.array([1, 1, 1, 1, 1, 1, 0]) * 7 / 6, f"of the 7 rows, row 7 (the last) {OTHERS}"),
        ([0, 0, 0, 1, 1, 1, 1], "of the 7 rows, rows 1 to 3 are left out"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_rows_that_are_left_out_or_count_twice_are_named(weights: Any, says: str, decay: float) -> None:
    case = net(decay=decay)
    found = case.check(lambda p, x, y: case.back(p, x, y, weights=weights))
    assert found.diagnoses[0].says == says


def test_weights_of_rows_without_a_meaning_are_not_named() -> None:
    case = net()
    weights = np.random.default_rng(3).uniform(0.5, 1.5, 7)

    def plain(p: Any, x: Any, y: Any) -> Any:
        right = case.back(p, x, y, weights=weights)
        return {name: np.frombuffer(g.tobytes()).reshape(g.shape) for name, g in right.items()}

    assert case.codes(plain) == []


def test_labels_that_are_out_of_step_are_named() -> None:
    case = net()
    assert case.codes(lambda p, x, y: case.back(p, x, y[::-1])) == ["GW225"]


# -- other functions ---------------------------------------------------------------------------------------------------


def test_the_slope_of_another_activation_is_named() -> None:
    random = np.random.default_rng(0)
    x, w, v = random.normal(size=(6, 4)), random.normal(size=(4, 3)), random.normal(size=3)

    def with_tanh(w: Any, v: Any, x: Any) -> Any:
        return np.sum(np.tanh(x @ w) @ v)

    def with_sigmoid(w: Any, v: Any, x: Any) -> Any:
        return np.sum((1 / (1 + np.exp(-(x @ w)))) @ v)

    def of_sigmoid(w: Any, v: Any, x: Any) -> Any:
        a = np.tanh(x @ w)
        return x.T @ (a * (1 - a) * v), a.sum(axis=0)

    def of_tanh(w: Any, v: Any, x: Any) -> Any:
        a = 1 / (1 + np.exp(-(x @ w)))
        return x.T @ ((1 - a**2) * v), a.sum(axis=0)

    for loss, gradient, kind in ((with_tanh, of_sigmoid, "sigmoid"), (with_sigmoid, of_tanh, "tanh")):
        found = check(loss, gradient, w, v, x)
        assert [d.cause.code for d in found.diagnoses] == ["GW228"]
        assert f"the slope of {kind}" in found.diagnoses[0].says


# -- calls ------------------------------------------------------------------------------------------------------------


def test_a_right_first_answer_does_not_hide_that_the_second_is_another() -> None:
    random = np.random.default_rng(0)
    kept: list[np.ndarray] = []

    def accumulating(w: np.ndarray) -> np.ndarray:
        kept.append(2 * w)
        return np.sum(kept, axis=0)

    def redrawn(w: np.ndarray) -> np.ndarray:
        return 2 * w * (random.random(w.shape) < 0.5) / 0.5

    w = np.array([1.0, 2.0, -3.0])
    found = check(lambda w: np.sum(w**2), accumulating, w)
    assert [d.cause.code for d in found.diagnoses] == ["GW216"]
    assert not found.ok
    assert [d.cause.code for d in check(lambda w: np.sum(w**2), redrawn, np.arange(1.0, 30.0)).diagnoses] == ["GW213"]


def test_a_gradient_given_as_arrays_gets_the_same_names() -> None:
    case = net()
    point = (case.params, case.x, case.y)
    for how, code in ((lambda g: -g, "GW203"), (lambda g: 21 * g, "GW201"), (lambda g: g[::-1], "GW225")):
        assert case.codes(case.changed(how)(*point))[0] == code


def test_a_gradient_in_single_precision_gets_the_same_names() -> None:
    wide = net(decay=0.25)
    case = Net({n: p.astype(np.float32) for n, p in wide.params.items()}, wide.x.astype(np.float32),
               wide.y.astype(np.float32), 0.25)  # fmt: skip
    assert case.check(case.back).ok
    assert case.codes(case.changed(lambda g: -g)) == ["GW203"]
    assert case.codes(lambda p, x, y: case.back(p, x, y, decay=0.0)) == ["GW220"]
    assert case.codes(lambda p, x, y: case.back(p, x, y, weights=[1, 1, 1, 1, 1, 1, 0])) == ["GW223"]


# -- by chance --------------------------------------------------------------------------------------------------------


def _mistakes(case: Net) -> dict[str, tuple[Any, set[str]]]:
    n = len(case.x)
    some = {
        "sign": (case.changed(np.negative), {"GW203"}),
        "half": (case.changed(lambda g: g / 2), {"GW202", "GW201"}),
        "transposed": (case.changed(np.transpose, "W1"), {"GW204"}),
        "zero": (case.changed(np.zeros_like, "W2"), {"GW207"}),
        "reversed": (case.changed(np.flipud, "W2"), {"GW225", "GW204"}),
        "last row": (case.changed(lambda g: np.concatenate([g[:-1], 0 * g[-1:]]), "W1"), {"GW208"}),
        "bias": (case.changed(lambda g: np.full(g.shape, g.sum()), "b2"), {"GW206"}),
    }
    if n > 2:
        some["sample"] = (lambda p, x, y: case.back(p, x, y, weights=np.arange(n) < n - 1), {"GW223"})
    return some


@pytest.mark.parametrize("seed", range(12))
def test_random_nets_with_a_random_mistake_get_its_name_and_no_other(seed: int) -> None:
    sizes = np.random.default_rng(seed).integers(1, 6, 4) + np.array([0, 1, 1, 1])
    n, d, h, k = (int(s) for s in sizes)
    case = net(seed, n, d, h, k, decay=float(seed % 3) / 10)
    assert case.codes(case.back) == []
    for label, (gradient, codes) in _mistakes(case).items():
        named = case.codes(gradient)
        assert named, label
        assert named[0] in codes, label
