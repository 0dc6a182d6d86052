"""Checking torch: the numbers, and what torch takes for granted of a backward. Needs torch; without it, it says so."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: the checks of torch are left out")

import gradwork.torch as gt  # noqa: E402
from gradwork.errors import ArgumentError  # noqa: E402

nn = torch.nn
torch.manual_seed(0)
X = torch.randn(5, 4)
W, B = torch.randn(4, 3), torch.randn(3)


def function(forward, backward, **more):
    """A custom function of these two."""
    members = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Mine", (torch.autograd.Function,), members | {n: staticmethod(f) for n, f in more.items()})


def keeping(made):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return made(x)

    return forward


def cube_slope(ctx):
    return 3 * ctx.saved_tensors[0] ** 2


CUBE = function(keeping(lambda x: x**3), lambda ctx, g: cube_slope(ctx) * g)


def affine(by_x=None, by_w=None, by_b=None):
    """X @ w + b, whose three gradients may be given."""

    def forward(ctx, x, w, b):
        ctx.save_for_backward(x, w)
        return x @ w + b

    def backward(ctx, g):
        x, w = ctx.saved_tensors
        right = (lambda *_: g @ w.T, lambda *_: x.T @ g, lambda *_: g.sum(0))
        return tuple((mine or its)(g, x, w) for mine, its in zip((by_x, by_w, by_b), right, strict=True))

    return function(forward, backward)


def codes(found):
    return [f.cause.code for f in found.diagnoses]


# -- right ones -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_a_right_function_passes_in_every_precision(dtype):
    found = gt.check_function(CUBE, X.to(dtype))
    assert found.ok, str(found)
    assert found.power["x"] < 1e-5  # in double precision
    assert dtype == torch.float64 or str(dtype).removeprefix("torch.") in str(found)


def test_names_are_those_of_the_arguments():
    found = gt.check_function(affine(), X, W, B)
    assert found.ok
    assert list(found.verdicts) == ["x", "w", "b"]


def test_only_what_requires_a_gradient_is_checked_where_something_does():
    found = gt.check_function(affine(), X, W.clone().requires_grad_(True), B)
    assert list(found.verdicts) == ["w"]


def test_complex_numbers_are_checked():
    x = torch.randn(4, dtype=torch.complex64)
    right = function(keeping(lambda x: x * x), lambda ctx, g: g * 2 * ctx.saved_tensors[0].conj())
    wrong = function(keeping(lambda x: x * x), lambda ctx, g: g * 2 * ctx.saved_tensors[0])
    assert gt.check_function(right, x).ok
    assert not gt.check_function(wrong, x).ok


def test_a_function_in_place_passes():
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    assert gt.check_function(function(forward, lambda ctx, g: 2 * g), X).ok


def test_a_mask_that_is_kept_passes_and_is_noted():
    def forward(ctx, x):
        ctx.mask = (torch.rand_like(x) > 0.5).to(x.dtype)
        return x * ctx.mask

    found = gt.check_function(function(forward, lambda ctx, g: g * ctx.mask), X)
    assert found.ok, str(found)
    assert "draws random numbers" in str(found)


def test_random_numbers_are_left_as_they_were():
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    gt.check_function(CUBE, X)
    assert torch.equal(torch.rand(2), expected)
    assert torch.get_num_threads() == threads


def test_a_setup_context_has_its_own_arguments():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(value):
            return value**3

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            return 3 * ctx.saved_tensors[0] ** 2 * g

    found = gt.check_function(Cube, X)
    assert found.ok
    assert list(found.verdicts) == ["value"]


def test_several_outputs_are_all_seen():
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin(), x.cos()

    right = function(forward, lambda ctx, g, h: g * ctx.saved_tensors[0].cos() - h * ctx.saved_tensors[0].sin())
    wrong = function(forward, lambda ctx, g, h: g * ctx.saved_tensors[0].cos())
    assert gt.check_function(right, X).ok
    assert not gt.check_function(wrong, X).ok


# -- broken ones ------------------------------------------------------------------------------------------------------


def writing_into_saved(ctx, g):
    (x,) = ctx.saved_tensors
    return 3 * x.pow_(2) * g


def zeroing(ctx, x):
    y = 2 * x
    x.zero_()
    return y


def exponential_kept(ctx, x):
    ctx.made = x.exp()
    return ctx.made.clone()


BROKEN = {
    "ignores what comes back": ("GW224", function(keeping(lambda x: x**3), lambda ctx, g: cube_slope(ctx))),
    "squares what comes back": ("GW224", function(keeping(lambda x: x**3), lambda ctx, g: cube_slope(ctx) * g * g)),
    "writes into what was saved": ("GW238", function(keeping(lambda x: x**3), writing_into_saved)),
    "writes into its input": ("GW238", function(zeroing, lambda ctx, g: 2 * g)),
    "writes into what comes back": ("GW238", function(lambda ctx, x: 2 * x, lambda ctx, g: g.mul_(2))),
    "draws its mask anew": (
        "GW213",
        function(lambda ctx, x: x * (torch.rand_like(x) > 0.5), lambda ctx, g: g * (torch.rand_like(g) > 0.5)),
    ),
    "second order": ("GW233", function(exponential_kept, lambda ctx, g: g * ctx.made)),
    "goes by memory": (
        "GW251",
        function(lambda ctx, x: 2 * x, lambda ctx, g: 2 * torch.as_strided(g, g.shape, (g.shape[1], 1))),
    ),
    "wrong in float32 alone": (
        "GW253",
        function(lambda ctx, x: x * 1e-3, lambda ctx, g: g * (1e-2 if g.dtype == torch.float32 else 1e-3)),
    ),
    "twice too large": ("GW202", function(keeping(lambda x: x**3), lambda ctx, g: 2 * cube_slope(ctx) * g)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_promise_is_named(what):
    code, broken = BROKEN[what]
    found = gt.check_function(broken, X)
    assert not found.ok
    assert code in codes(found), str(found)
    assert code in str(found)


@pytest.mark.parametrize(
    "code, broken, name",
    [
        ("GW204", affine(by_w=lambda g, x, w: g.T @ x), "w"),
        ("GW205", affine(by_b=lambda g, x, w: g), "b"),
        ("GW206", affine(by_b=lambda g, x, w: g.mean(0)), "b"),
        ("GW250", affine(by_w=lambda g, x, w: None), "w"),
    ],
    ids=["transposed", "not summed", "mean for sum", "None"],
)
def test_a_wrong_array_is_named_with_its_cause(code, broken, name):
    found = gt.check_function(broken, X, W, B)
    assert [n for n, v in found.verdicts.items() if v.wrong] == [name]
    assert codes(found) == [code], str(found)


def test_too_few_gradients_are_counted():
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return x @ w

    found = gt.check_function(function(forward, lambda ctx, g: (g @ ctx.saved_tensors[1].T,)), X, W)
    assert "1 gradients for 2 inputs" in str(found)


def test_what_says_no_to_a_second_way_back_is_only_noted():
    from torch.autograd.function import once_differentiable

    found = gt.check_function(function(exponential_kept, once_differentiable(lambda ctx, g: g * ctx.made)), X)
    assert found.ok
    assert "once_differentiable" in str(found)
    assert gt.check_function(BROKEN["second order"][1], X, second=False).ok


def test_a_dtype_that_torch_casts_is_said():
    lossy = function(keeping(torch.sin), lambda ctx, g: g.float() * ctx.saved_tensors[0].float().cos())
    found = gt.check_function(lossy, X.double())
    assert found.ok
    assert "backward returns float32 for x, which is float64" in str(found)


def test_what_runs_in_float32_alone_is_nudged_there_and_that_is_said():
    def only_single(factor):
        return function(
            keeping(lambda x: x.float().sin()), lambda ctx, g: factor * g.float() * ctx.saved_tensors[0].float().cos()
        )

    right, wrong = gt.check_function(only_single(1), X), gt.check_function(only_single(1.1), X)
    assert right.ok
    assert not wrong.ok
    assert "does not run in float64" in str(right)


def test_a_forward_rule_that_disagrees_is_named():
    def with_rule(factor):
        def forward(ctx, x):
            ctx.save_for_backward(x)
            ctx.save_for_forward(x)
            return x**3

        return function(forward, lambda ctx, g: cube_slope(ctx) * g, jvp=lambda ctx, t: factor * cube_slope(ctx) * t)

    assert gt.check_function(with_rule(1), X).ok
    assert codes(gt.check_function(with_rule(2), X)) == ["GW252"]


def test_a_numpy_function_of_the_same_names_the_cause():
    class TanhLayer(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            return torch.from_numpy(np.tanh((x @ w).numpy()))  # out of torch's sight

        @staticmethod
        def backward(ctx, g):
            x, w = ctx.saved_tensors
            d = g * (1 - (x @ w) ** 2)
            return d @ w.T, x.T @ d

    assert gt.check_function(TanhLayer, X, W).diagnoses == ()
    found = gt.check_function(TanhLayer, X, W, like=lambda x, w: np.tanh(x @ w))
    assert codes(found) == ["GW210"], str(found)
    other = gt.check_function(TanhLayer, X, W, like=lambda x, w: np.sin(x @ w))
    assert "like computes something else" in str(other)


def test_without_a_number_to_nudge_it_says_so():
    with pytest.raises(ArgumentError, match="no input is a tensor of floating numbers"):
        gt.check_function(CUBE, torch.arange(3))


# -- modules ----------------------------------------------------------------------------------------------------------


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return g * (s + x * s * (1 - s))


class BadSwish(Swish):
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return g * (s + s * (1 - s))


class Activation(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function.apply(x)


class BadLinear(nn.Linear):
    def forward(self, x):
        return affine(by_b=lambda g, x, w: g.mean(0)).apply(x, self.weight.T, self.bias)


def network(function, first=nn.Linear):
    torch.manual_seed(0)
    return nn.Sequential(first(4, 5), Activation(function), nn.Linear(5, 3), nn.Tanh(), nn.Linear(3, 2))


def test_a_right_module_passes_under_its_own_names():
    found = gt.check_module(network(Swish), X)
    assert found.ok, str(found)
    assert list(found.verdicts) == ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"]


def test_inputs_that_require_a_gradient_are_checked_too():
    found = gt.check_module(network(Swish), X.clone().requires_grad_(True))
    assert found.ok
    assert "input" in found.verdicts


def test_a_loss_may_be_given():
    labels = torch.tensor([0, 1, 1, 0, 1])
    found = gt.check_module(network(Swish), X, loss=lambda scores: nn.functional.cross_entropy(scores, labels))
    assert found.ok, str(found)
    with pytest.raises(ArgumentError, match="does not give one number"):
        gt.check_module(network(Swish), X, loss=lambda scores: scores)


def test_the_part_whose_backward_is_wrong_is_named():
    found = gt.check_module(network(BadSwish), X)
    assert [n for n, v in found.verdicts.items() if v.wrong] == ["0.weight", "0.bias"]
    assert "the error enters in 1 (Activation)" in found.where[0].says


def test_a_layer_that_combines_wrongly_is_named():
    found = gt.check_module(network(Swish, BadLinear), X)
    assert [n for n, v in found.verdicts.items() if v.wrong] == ["0.bias"]
    assert "0 (BadLinear)" in found.where[0].says


def test_dropout_and_batch_norm_pass_and_leave_the_module_alone():
    module = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.3), nn.Linear(5, 2))
    before = {n: v.clone() for n, v in module.state_dict().items()}
    found = gt.check_module(module, X)
    assert found.ok, str(found)
    assert all(torch.equal(v, before[n]) for n, v in module.state_dict().items())
    assert all(p.grad is None for p in module.parameters())


def test_a_large_module_is_looked_at_along_directions():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(200, 300), Activation(Swish), nn.Linear(300, 10))
    bad = nn.Sequential(nn.Linear(200, 300), Activation(BadSwish), nn.Linear(300, 10))
    inputs = torch.randn(16, 200)
    assert gt.check_module(module, inputs, second=False).ok
    found = gt.check_module(bad, inputs)
    assert [n for n, v in found.verdicts.items() if v.wrong] == ["0.weight", "0.bias"]
    assert len(str(found).splitlines()) < 60


# -- the door ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["gradwork", "gradwork.check.check", "gradwork.pytest_plugin"])
def test_the_rest_imports_neither_torch_nor_jax(module):
    program = f"import sys, {module}; raise SystemExit('torch' in sys.modules or 'jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("door", ["torch", "jax"])
def test_a_missing_extra_says_how_it_is_installed(door):
    program = f"""
import sys
sys.modules["{door}"] = None
from gradwork.errors import MissingExtraError
try:
    import gradwork.{door}
except MissingExtraError as error:
    assert "pip install" in str(error), error
else:
    raise SystemExit(1)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
