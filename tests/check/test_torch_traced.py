"""What torch works out, carried over into gradwork's graph: it is the same function, or it stays a black box."""

from __future__ import annotations

import linecache
import random
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: what is traced of it is left out")

sys.path.insert(0, str(Path(__file__).parents[1]))

from check.torch_calls import CALLS, MODULES  # noqa: E402
from check.torch_subjects import assert_same, subject_of, traced  # noqa: E402

import gradwork.torch as gt  # noqa: E402
from gradwork.errors import TracedValueError  # noqa: E402
from gradwork.torch._aten import operations  # noqa: E402
from gradwork.torch._subject import arrays_of  # noqa: E402

D = torch.float64
X = torch.randn(4, 3, generator=torch.Generator().manual_seed(2), dtype=D)
LARGE = torch.ones(70, dtype=D)


def why_refused(function, *inputs):
    """Why a function stays a black box; its check goes on all the same."""
    subject = subject_of(function, *inputs)
    with pytest.raises(TracedValueError):
        traced(subject)
    assert gt.check_function(function, *inputs, second=False).verdicts
    return subject.followed.why


# -- every operation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CALLS)
def test_a_call_of_torch_has_the_same_slopes_in_the_graph(name):
    function, *inputs = CALLS[name](torch.Generator().manual_seed(0))
    assert_same(subject_of(function, *inputs))


@pytest.mark.parametrize("name", MODULES)
def test_a_module_of_torch_has_the_same_slopes_in_the_graph(name):
    torch.manual_seed(0)
    module, *inputs = MODULES[name]()
    names = [n for n, _ in module.named_parameters()]

    def run(*values):
        state = dict(zip(names, values[len(inputs) :], strict=True))
        return torch.func.functional_call(module, state, values[: len(inputs)])

    assert_same(subject_of(run, *inputs, *(p.detach() for p in module.parameters())))


def test_the_table_names_operations_of_torch():
    unknown = [name for name in operations() if not hasattr(torch.ops.aten, name.split(".")[0])]
    # Some are of other versions of torch.
    assert set(unknown) <= {"_fused_rms_norm", "_batch_norm_with_update", "_batch_norm_no_update", "numpy_T"}


# -- programs at random -----------------------------------------------------------------------------------------------

STEPS = (
    torch.sin, torch.tanh, torch.sigmoid, torch.abs, torch.relu, lambda a: a * a, lambda a: a - a.mean(),
    lambda a: a.softmax(-1), lambda a: a.cumsum(-1),
)  # fmt: skip


def program(seed):
    """Functions, views, and writes into what is shared, in any order."""

    def run(x, y):
        choose = random.Random(seed)
        pool = [x.clone(), y.clone()]
        for _ in range(choose.randint(3, 14)):
            kind, a, b = choose.randrange(12), choose.choice(pool), choose.choice(pool)
            if kind <= 2:
                pool.append(choose.choice(STEPS)(a))
            elif kind == 3 and a.dim() == 2:
                pool.append(a.t())
            elif kind == 4 and a.dim() > 1:
                pool.append(a[choose.randrange(a.shape[0])])
            elif kind == 5:
                pool.append(a[:: choose.choice([1, 2])])
            elif kind == 6:
                pool.append(a.reshape(-1))
            elif kind == 7 and a.shape == b.shape:
                pool.append(a * b + b)
            elif kind == 8:
                a.mul_(0.9)
            elif kind == 9:
                a[0] = a[-1] * 0.5 + b.mean()
            elif kind == 10:
                a.add_(b.mean() * 0.3)
            elif kind == 11:
                out = torch.zeros(len(a), 3, dtype=D)
                for column in range(3):
                    out[:, column] = (a.reshape(len(a), -1).mean(1) * (column + 1)).tanh()
                pool.append(out)
        return tuple(pool[-4:])

    return run


@pytest.mark.parametrize("first", range(0, 160, 20))
def test_programs_that_write_into_shared_memory_are_followed(first):
    for seed in range(first, first + 20):
        generator = torch.Generator().manual_seed(seed)
        inputs = [torch.randn(3, 3, generator=generator, dtype=D) for _ in range(2)]
        subject = subject_of(program(seed), *inputs)
        try:
            subject.gradient(**arrays_of(subject.values))
        except RuntimeError:
            continue  # torch refuses to go back where what it saved was written to
        assert_same(subject)


class Into(torch.autograd.Function):
    """What is written with out=, which torch allows where no gradient is recorded."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        sums, squares = torch.full((len(x), 2), 2.0, dtype=x.dtype), torch.empty_like(x)
        torch.sum(x, 1, out=sums[:, 0])
        torch.mul(x, x, out=squares)
        return squares * sums.sum(1, keepdim=True)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 2 * x * (x.sum(1, keepdim=True) + 2) + (grad_output * x * x).sum(1, keepdim=True)


def test_what_is_written_to_an_output_is_followed():
    assert_same(subject_of(Into.apply, X))


def test_nothing_that_is_not_a_number_warns():
    found = gt.check_function(lambda x: torch.where(x > 0, x.log(), x), X.detach())
    assert found.ok, str(found)


def test_an_empty_tensor_is_no_obstacle():
    gt.check_function(lambda x: x * 2, torch.zeros(0, 3, dtype=D))


# -- what cannot be followed ------------------------------------------------------------------------------------------


def test_numbers_that_leave_torch_are_found_out_at_a_second_point():
    assert "second point" in why_refused(lambda x: x * torch.from_numpy(np.sin(x.detach().numpy())), X)
    assert "second point" in why_refused(lambda x: x * x.norm().item(), X)


def test_an_operation_without_a_counterpart_is_named():
    assert "linalg_matrix_exp" in why_refused(torch.matrix_exp, X[:3])
    assert "_fft_r2c" in why_refused(lambda x: torch.fft.fft(x).abs(), X)


def test_a_decision_is_a_guard():
    graph = traced(subject_of(lambda x: x * 2 if x.sum() > 0 else x * 3, X))
    assert len(graph.guards) == 1
    assert not traced(subject_of(lambda x: x.relu() * 3, X)).guards


def test_places_that_are_not_read_decide_nothing():
    assert not traced(subject_of(lambda x: x.max(1)[0], X)).guards
    assert traced(subject_of(lambda x: x.max(1)[0] + x.max(1)[1] + 1, X)).guards


def test_what_is_too_large_stays_a_black_box(monkeypatch):
    monkeypatch.setattr("gradwork.torch._recording.MOST_ENTRIES", 60)
    assert "more than 60 numbers take part" in why_refused(lambda x: x.sin().cos().exp().tanh().sin(), X)
    assert "more than 60 numbers take part" in why_refused(lambda x: x.sum() * torch.ones(99).sum() * LARGE, X)


def test_the_report_says_why_no_cause_could_be_read():
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return torch.matrix_exp(x)

        @staticmethod
        def backward(ctx, grad_output):
            return grad_output**3 * torch.rand_like(grad_output).round() + grad_output

    found = gt.check_function(Twice, X[:3], second=False)
    assert not found.ok
    assert found.diagnoses or "could not be followed (torch.ops.aten.linalg_matrix_exp is not known)" in str(found)


# -- lines and names --------------------------------------------------------------------------------------------------


def layer(x, w):
    scores = x @ w
    hidden = torch.tanh(scores)
    left, right = hidden.chunk(2, 1)
    return left * right


def test_values_have_the_names_and_lines_of_the_user():
    graph = traced(subject_of(layer, X, torch.randn(3, 4, dtype=D)))
    named = {node.name: node for node in graph.nodes if node.name}
    assert {"a", "b", "scores", "hidden", "left", "right", "grad_output"} <= set(named)
    line = linecache.getline(named["hidden"].where.file, named["hidden"].where.line)
    assert line.strip() == "hidden = torch.tanh(scores)"
    assert all("/torch/" not in node.where.file for node in graph.nodes if node.where)
