"""Every op on JAX gives what NumPy gives: at its samples, at infinities, where shapes differ and where nothing is."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from gradwork.errors import MissingRuleError
from gradwork.gradients.contract.samples import cases
from gradwork.graph.builder import Builder
from gradwork.graph.graph import Graph
from gradwork.graph.op import REGISTER, Op
from gradwork.graph.run import run
from gradwork.graph.trace import trace_call
from gradwork.lowering.compiled_form import CompiledForm
from gradwork.lowering.draft import Draft
from gradwork.lowering.jax_program import found, imported, jax_program
from gradwork.lowering.numpy_program import Careful

pytest.importorskip("jax")
pytest.importorskip("scipy")
REGISTER.load()

# Ops that JAX cannot do, each with the reason.
NONE = "JAX has no such function"
REFUSED: dict[str, str] = {
    **dict.fromkeys(
        "j0 j1 y0 y1 yn jv yv iv ive kv k0 k1 k0e k1e ellipk ellipe erfi erfcinv rgamma binom".split(), NONE
    ),
    **dict.fromkeys(["beta", "betaln"], "JAX's has nine digits only"),
    **dict.fromkeys(["gammainc", "gammaincc"], "JAX's does not come to an end where both arguments are large"),
    "argpartition": "NumPy leaves the order on either side open, and JAX takes another",
    "bessel_i": "a series whose length hangs on the order, which is a number of the graph",
    "sinc_slope": "a series whose length hangs on the order, which is a number of the graph",
}
OPS = [op for op in REGISTER if op.name not in REFUSED]
# Vectors of a matrix may come out with the other sign: here they are NumPy's, since both ask LAPACK.
VALUES = np.array([-np.inf, -1e300, -40, -2.5, -1, -0.0, 0.0, 1e-20, 0.3, 1, 2, 30, 800, 1e300, np.inf, np.nan])


def on_jax(graph: Graph, inputs: Any) -> tuple[Any, ...]:
    """The outputs on JAX, by the source graph."""
    return jax_program(CompiledForm(graph, graph.guards, (), {}), {}).function(*inputs, ())


def assert_same(got: Any, wanted: Any) -> None:
    assert type(got) is type(wanted)
    assert (got.dtype, got.shape) == (wanted.dtype, wanted.shape)
    exact = wanted.dtype.kind in "biu"
    single = wanted.dtype in (np.float32, np.complex64)
    np.testing.assert_allclose(got, wanted, rtol=0 if exact else 1e-4 if single else 1e-11, atol=0 if exact else 1e-13)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_an_op_gives_on_jax_what_it_gives_on_numpy(op: Op) -> None:
    for case in cases(op):
        point = case.point if case.moving else []
        graph = trace_call(case, point).graph
        for got, wanted in zip(on_jax(graph, point), run(graph, point).outputs, strict=True):
            assert_same(got, np.asarray(wanted)[()])


@pytest.mark.parametrize("name", REFUSED)
def test_an_op_that_jax_lacks_is_refused_by_name(name: str) -> None:
    op = REGISTER.named(name)
    assert not callable(op.jax)
    with pytest.raises(MissingRuleError, match=f"{name} is not there on JAX"):
        found(op, None, imported())


def grid(op: Op, dtype: str) -> list[Any]:
    """Every combination of the values, one array an input."""
    arity = op.arity or 1
    values = VALUES if arity < 3 else VALUES[[0, 3, 6, 9, 12, 14, 15]]
    columns = list(np.array(list(itertools.product(values, repeat=arity))).T)
    if op.name == "where":
        columns[0] = columns[0] > 0
    arrays = [c if c.dtype == bool else c.astype(dtype) for c in columns]
    if op.name in ("ldexp", "polygamma"):
        place = 1 if op.name == "ldexp" else 0
        arrays[place] = np.nan_to_num(columns[place], posinf=7, neginf=0).clip(0, 7).astype(np.int64)
    return arrays


WHOLE = {"gcd", "lcm", "left_shift", "right_shift", "bitwise_count"}
# logaddexp2(-1, -1) is 0: JAX is off by a last place of what is added up; and outside the whole orders, there is none.
SLACK = {"logaddexp2": 1e-7}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize(
    "op", [op for op in OPS if op.elementwise and not op.family.startswith("special")], ids=lambda op: op.name
)
def test_infinities_and_missing_numbers_come_out_as_numpys(op: Op, dtype: str) -> None:
    whole = op.name in WHOLE
    arrays = [a.clip(0, 7).astype("i8") for a in map(np.nan_to_num, grid(op, "f8"))] if whole else grid(op, dtype)
    builder = Builder()
    inputs = tuple(builder.input(a, None) for a in arrays)
    with np.errstate(all="ignore"):
        output = builder.emit(op, inputs)
        (got,) = on_jax(builder.graph([output]), arrays)
    wanted = builder.values[output]
    assert got.dtype == wanted.dtype
    if wanted.dtype.kind == "f":
        close = np.isclose(
            got, wanted, rtol=1e-11 if dtype == "f8" else 1e-4, atol=SLACK.get(op.name, 1e-30), equal_nan=True
        )
        assert close.all(), [(*(a[k] for a in arrays), got[k], wanted[k]) for k in np.flatnonzero(~close)[:5]]
    else:
        assert np.array_equal(got, wanted)


# SciPy overflows on the way to a number that can be told: the first is r^2/2 for an edge of 1e300, the rest are large.
OVERFLOWING = {"pseudo_huber", "kl_div", "boxcox", "boxcox1p"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("op", [op for op in OPS if op.family.startswith("special")], ids=lambda op: op.name)
def test_special_functions_at_poles_and_beyond_are_left_to_numpy(op: Op) -> None:
    rows = list(zip(*grid(op, "f8"), strict=True))
    builder = Builder()
    graph = builder.graph([builder.emit(op, tuple(builder.input(a, None) for a in rows[0]))])
    program = jax_program(CompiledForm(graph, (), (), {}), {})
    for row in rows:
        try:
            (got,) = program.function(*row, ())
        except Careful:
            continue
        wanted = op.function(*row)
        if op.name in OVERFLOWING and not np.isfinite(wanted):
            assert np.isfinite(got)
            continue
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-300)


PAIRS = [((), ()), ((3,), ()), ((3,), (2, 3)), ((2, 1), (1, 3)), ((0,), ()), ((1,), (0,)), ((2, 0), (0,))]


@pytest.mark.parametrize("op", [op for op in OPS if op.elementwise and op.arity == 2], ids=lambda op: op.name)
def test_shapes_that_differ_and_empty_arrays(op: Op) -> None:
    dtypes = {"ldexp": (np.float64, np.int64), "polygamma": (np.int64, np.float64)}.get(
        op.name, (np.int64, np.int64) if op.name in WHOLE else (np.float64, np.float64)
    )
    arrays = [
        (np.arange(int(np.prod(shape))).reshape(shape) % 3 + 1).astype(dtype)[()]
        for shapes in PAIRS
        for shape, dtype in zip(shapes, dtypes, strict=True)
    ]
    source = Builder()
    draft = Draft(source.graph([source.input(a, None) for a in arrays]))
    rows = [draft.input(node) for node in draft.source.nodes]
    with np.errstate(all="ignore"):
        dtype = np.asarray(op.function(*(np.ones((), d) for d in dtypes))).dtype
        outputs = [draft.emit(op.name, rows[k : k + 2], dtype=dtype) for k in range(0, len(rows), 2)]
        graph, _ = draft.graph(outputs)
        try:
            got = jax_program(CompiledForm(graph, (), (), {}), {}).function(*arrays, ())
        except Careful:
            assert op.family.startswith("special")
            return
        for k, one in enumerate(got):
            assert_same(one, np.asarray(op.function(*arrays[2 * k : 2 * k + 2]))[()])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x), lambda x: np.sum(x.T @ x), lambda x: np.concatenate([x, x]), lambda x: x.reshape(3, 0),
        lambda x: np.prod(x, axis=1), lambda x: np.sort(x, axis=0), lambda x: np.cumsum(x), lambda x: np.transpose(x),
        lambda x: np.where(x > 0, x, -x), lambda x: x[:, 1:], lambda x: np.stack([x, x]),
        lambda x: np.einsum("ij->j", x),
    ],
)  # fmt: skip
def test_structural_ops_take_empty_arrays(f: Any) -> None:
    empty = np.zeros((0, 3))
    graph = trace_call(f, [empty]).graph
    assert_same(on_jax(graph, [empty])[0], np.asarray(run(graph, [empty]).outputs[0])[()])
