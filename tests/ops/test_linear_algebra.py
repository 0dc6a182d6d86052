"""Functions of `numpy.linalg`: slopes against nudges, for stacks, complex and empty ones; and where there are none."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slopes import assert_slopes, measured, numbers, one_number

import gradwork as gw
from gradwork.cli import main
from gradwork.errors import GradworkError, MatrixError, NoSlopeError, ShapeError
from gradwork.graph.op import REGISTER

linalg = np.linalg
REGISTER.load()


def adjoint(a):
    return np.conjugate(np.swapaxes(a, -1, -2))


# -- every function, on one matrix and on stacks of them --------------------------------------------------------------


def of_values_and_sizes(pair):
    """Eigenvalues, and vectors in a way that no sign and no phase changes."""
    values, vectors = pair
    return np.sin(values), np.abs(vectors)


def square(a):
    return a + 3 * np.eye(a.shape[-1])


def positive(a):
    return a @ adjoint(a) + np.eye(a.shape[-1])


SQUARE = {
    "inv": linalg.inv,
    "pinv": linalg.pinv,
    "det": linalg.det,
    "slogdet": lambda a: tuple(linalg.slogdet(a)),
    "matrix_power 4": lambda a: linalg.matrix_power(a, 4),
    "matrix_power 0": lambda a: linalg.matrix_power(a, 0),
    "matrix_power -3": lambda a: linalg.matrix_power(a, -3),
    "eig": lambda a: of_values_and_sizes(linalg.eig(a)),
    "eigvals": lambda a: np.sum(linalg.eigvals(a) ** 3, axis=-1),
    "trace": lambda a: linalg.trace(a, offset=1),
    **{f"cond {p}": functools.partial(linalg.cond, p=p) for p in (None, 2, -2, "fro", "nuc", 1, -1, np.inf, -np.inf)},
}
POSITIVE = {
    "cholesky": linalg.cholesky,
    "cholesky upper": lambda a: linalg.cholesky(a, upper=True),
    "eigh": lambda a: of_values_and_sizes(linalg.eigh(a)),
    "eigh U": lambda a: of_values_and_sizes(linalg.eigh(a, "U")),
    "eigvalsh": linalg.eigvalsh,
    "eigvalsh U": lambda a: linalg.eigvalsh(a, "U"),
    "pinv hermitian": lambda a: linalg.pinv(a, hermitian=True),
    "svd hermitian": lambda a: linalg.svd(a - 2 * np.eye(a.shape[-1]), hermitian=True)[1],
    "logarithm of a matrix": lambda a: (lambda w, v: (v * np.log(w)[..., None, :]) @ adjoint(v))(*linalg.eigh(a)),
}
ANY = {
    "pinv": linalg.pinv,
    "svd": lambda a: tuple(map(np.abs, linalg.svd(a, full_matrices=False))),
    "svd full": lambda a: (lambda u, s, v: (np.abs(u[..., : s.shape[-1]]), s, np.abs(v[..., : s.shape[-1], :])))(
        *linalg.svd(a)
    ),
    "svd values": lambda a: linalg.svd(a, compute_uv=False),
    "svdvals": linalg.svdvals,
    "qr": lambda a: tuple(linalg.qr(a)),
    "qr r": lambda a: linalg.qr(a, "r"),
    "qr complete": lambda a: linalg.qr(a, "complete")[1],
    "polar factor": lambda a: (lambda u, s, v: u @ v)(*linalg.svd(a, full_matrices=False)),
    **{
        f"norm {p}": functools.partial(linalg.norm, ord=p, axis=(-2, -1))
        for p in ("fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf)
    },
    **{
        f"vector norm {p}": functools.partial(linalg.vector_norm, ord=p, axis=-1, keepdims=True)
        for p in (2, 1, 0, 3, 0.5, -1, -2.5, np.inf, -np.inf)
    },
    "matrix_norm": lambda a: linalg.matrix_norm(a, ord="nuc", keepdims=True),
    "norm, axes the other way": lambda a: linalg.norm(a, 1, axis=(-1, -2)),
    "diagonal": lambda a: linalg.diagonal(a, offset=-1),
    "matrix_transpose": linalg.matrix_transpose,
}
STACKS = ((), (2,), (2, 1))
KINDS = (False, True)


@pytest.mark.parametrize("is_complex", KINDS, ids=("real", "complex"))
@pytest.mark.parametrize("name", SQUARE)
def test_square_matrices(name, is_complex):
    for lead in STACKS:
        for n in (1, 2, 4):
            assert_slopes(SQUARE[name], square(numbers((*lead, n, n), n, is_complex=is_complex)), second=n == 2)


@pytest.mark.parametrize("is_complex", KINDS, ids=("real", "complex"))
@pytest.mark.parametrize("name", POSITIVE)
def test_hermitian_matrices(name, is_complex):
    for lead in STACKS:
        for n in (1, 2, 4):
            assert_slopes(POSITIVE[name], positive(numbers((*lead, n, n), n, is_complex=is_complex)), second=n == 2)


@pytest.mark.parametrize("is_complex", KINDS, ids=("real", "complex"))
@pytest.mark.parametrize("name", ANY)
def test_matrices_of_any_shape(name, is_complex):
    for lead in STACKS:
        for shape in ((1, 1), (3, 3), (4, 2), (2, 4), (1, 3)):
            a = numbers((*lead, *shape), sum(shape), is_complex=is_complex)
            assert_slopes(ANY[name], a, second=shape in ((4, 2), (2, 4)))


@pytest.mark.parametrize("is_complex", KINDS, ids=("real", "complex"))
@pytest.mark.parametrize(
    ("left", "right"),
    [((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3,)), ((2, 3, 3), (2, 3, 2)), ((3, 3), (2, 3, 2)),
     ((2, 1, 3, 3), (4, 3, 1)), ((1, 1), (1,)), ((3, 3), (3, 0))],
)  # fmt: skip
def test_systems_with_every_right_side(left, right, is_complex):
    a = square(numbers(left, 1, is_complex=is_complex))
    assert_slopes(linalg.solve, a, numbers(right, 2, is_complex=is_complex), second=True)


@pytest.mark.parametrize("is_complex", KINDS, ids=("real", "complex"))
@pytest.mark.parametrize("right", [(), (2,)])
@pytest.mark.parametrize("shape", [(4, 2), (3, 3), (2, 4)])
def test_least_squares(shape, right, is_complex):
    a, b = numbers(shape, 1, is_complex=is_complex), numbers((shape[0], *right), 2, is_complex=is_complex)
    assert_slopes(lambda a, b: linalg.lstsq(a, b)[0], a, b, second=True)
    assert_slopes(lambda a, b: (linalg.lstsq(a, b)[1], linalg.lstsq(a, b, rcond=1e-9)[3]), a, b)
    plain, traced = linalg.lstsq(a, b), gw.vjp(lambda a, b: linalg.lstsq(a, b), a, b)[0]
    assert all(np.array_equal(t, p) for t, p in zip(traced, plain, strict=True))


def test_products_of_several_matrices():
    shapes = [(3,), (3, 4), (4, 2), (2, 5), (5,)]
    arrays = [numbers(s, k) for k, s in enumerate(shapes)]
    assert_slopes(lambda *a: linalg.multi_dot(a), *arrays, second=True)
    assert_slopes(lambda *a: linalg.multi_dot(a), *arrays[1:4])
    assert_slopes(linalg.tensorsolve, numbers((2, 3, 6), 1), numbers((2, 3), 2))
    assert_slopes(lambda a: linalg.tensorinv(a, 1), numbers((6, 3, 2), 1))
    assert_slopes(linalg.cross, numbers((2, 3), 1), numbers((3,), 2))
    assert_slopes(linalg.outer, numbers((2,), 1), numbers((3,), 2))
    assert_slopes(linalg.matmul, numbers((2, 3), 1), numbers((4, 3, 2), 2))
    assert_slopes(
        lambda a, b: linalg.tensordot(a, b, axes=((0, 2), (1, -1))), numbers((2, 3, 4), 1), numbers((5, 2, 4), 2)
    )
    assert_slopes(linalg.vecdot, numbers((2, 3), 1, is_complex=True), numbers((3,), 2, is_complex=True))


EMPTY = (
    *(linalg.inv, linalg.det, linalg.cholesky, linalg.eigvalsh, linalg.eigvals, linalg.svdvals, linalg.norm),
    lambda a: linalg.eigh(a)[1],
    lambda a: linalg.svd(a)[0],
    lambda a: linalg.qr(a)[1],
    lambda a: linalg.slogdet(a)[1],
    lambda a: linalg.solve(a, np.ones((a.shape[-1], 2))),
    lambda a: linalg.matrix_power(a, -2),
)


@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0), (0, 3, 3)])
@pytest.mark.parametrize("f", EMPTY)
def test_matrices_without_entries(f, shape):
    slopes = gw.grad(lambda a: np.sum(np.real(f(a))))(np.zeros(shape))
    assert slopes.shape == shape


@pytest.mark.parametrize("kind", [np.float32, np.complex64])
@pytest.mark.parametrize("name", [*SQUARE, *POSITIVE, *ANY])
def test_single_precision_stays_single(name, kind):
    f = {**SQUARE, **POSITIVE, **ANY}[name]
    a = positive(numbers((3, 3), 4, is_complex=kind is np.complex64)).astype(kind)
    wide = a.astype(np.result_type(a, np.float64))
    loss = one_number(f)
    slope = gw.grad(lambda a: loss(a))(a)
    assert slope.dtype == kind
    expected = gw.grad(loss)(wide)
    assert np.allclose(slope, expected, rtol=1e-2, atol=1e-3 * np.max(np.abs(expected), initial=1))
    for result in np.atleast_1d(gw.vjp(f, a)[0]) if not isinstance(f(a), tuple) else gw.vjp(f, a)[0]:
        assert result.dtype.itemsize <= np.dtype(np.complex64).itemsize


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), st.integers(0, 10**6), st.booleans())
def test_factorisations_of_random_matrices(m, n, stack, seed, is_complex):
    a = numbers((2,) * stack + (m, n), seed, is_complex=is_complex)
    s = linalg.svdvals(a)
    gaps = np.abs(s[..., :, None] - s[..., None, :]) + 10 * np.eye(min(m, n))
    if np.min(gaps) < 0.05 or np.min(s) < 0.1:
        return
    for name in ("svd full", "qr", "pinv", "polar factor", "norm nuc"):
        assert_slopes(ANY[name], a)


# -- only one triangle is read ----------------------------------------------------------------------------------------


def test_a_triangle_of_another_name_is_refused():
    for f in (lambda a: np.sum(linalg.eigvalsh(a, "X")), lambda a: np.sum(linalg.eigh(a, "X")[0])):
        with pytest.raises(GradworkError, match="UPLO"):
            gw.grad(f)(np.eye(2))


@pytest.mark.parametrize(
    ("f", "lower"),
    [
        (lambda a: np.sum(linalg.cholesky(a)), True),
        (lambda a: np.sum(linalg.cholesky(a, upper=True)), False),
        (lambda a: linalg.eigvalsh(a)[0], True),
        (lambda a: linalg.eigh(a, "U")[0][0], False),
    ],
)
def test_a_triangle_that_is_not_read_has_slope_zero(f, lower):
    slopes = gw.grad(f)(positive(numbers((3, 3), 1)))
    unread = np.triu(slopes, 1) if lower else np.tril(slopes, -1)
    assert np.count_nonzero(unread) == 0
    assert np.count_nonzero(slopes) == 6


# -- equal values -----------------------------------------------------------------------------------------------------

TURN = linalg.qr(numbers((3, 3), 5))[0]
TWICE = (TURN * np.array([2.0, 2.0, 1.0])) @ TURN.T
TWICE = (TWICE + TWICE.T) / 2
WEIGHTS = numbers((3, 3), 6)
DIRECTION = numbers((3, 3), 7) + numbers((3, 3), 7).T


def rebuilt(a):
    u, s, v = linalg.svd(a)
    return np.sum(WEIGHTS * ((u * s) @ v))


def rebuilt_from_eigenvectors(a):
    w, v = linalg.eigh(a)
    return np.sum(WEIGHTS * ((v * w) @ v.T))


def polar(a):
    u, _, v = linalg.svd(a)
    return np.sum(WEIGHTS * (u @ v))


def first_vector(a):
    v = linalg.eigh(a)[1][:, 0]
    return np.sum(WEIGHTS * np.outer(v, v))  # not its sign, which may turn from one matrix to the next


@pytest.mark.parametrize("point", [np.eye(3), TWICE], ids=("identity", "two of three"))
@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.sum(linalg.eigvalsh(a)),
        lambda a: np.sum(np.exp(linalg.eigvalsh(a))),
        lambda a: np.sum(linalg.eigh(a)[0] ** 3),
        lambda a: np.sum(linalg.svdvals(a)),
        lambda a: np.sum(np.log(linalg.svd(a)[1])),
        lambda a: linalg.norm(a, "nuc"),
        lambda a: np.real(np.sum(linalg.eigvals(a) ** 2)),
        linalg.det,
        lambda a: linalg.slogdet(a)[1],
        lambda a: np.prod(linalg.eigvalsh(a)),
    ],
)
def test_functions_that_treat_equal_values_alike_have_slopes(f, point):
    along = np.sum(gw.grad(f)(point) * DIRECTION)
    assert along == pytest.approx(measured(f, [point], [DIRECTION]), rel=1e-6, abs=1e-6)
    assert gw.jvp(f, (point,), (DIRECTION,))[1] == pytest.approx(along, rel=1e-9, abs=1e-9)


def test_the_polar_factor_has_slopes_where_singular_values_are_equal():
    for point in (TWICE, np.eye(3)):
        along = np.sum(gw.grad(polar)(point) * WEIGHTS)
        assert along == pytest.approx(measured(polar, [point], [WEIGHTS]), abs=1e-7)


def test_the_nuclear_norm_has_second_slopes_where_singular_values_are_equal():
    along = lambda a: np.sum(gw.grad(lambda x: linalg.norm(x, "nuc"))(a) * WEIGHTS)  # noqa: E731
    for point in (TWICE, np.eye(3)):
        bend = np.sum(gw.grad(along)(point) * WEIGHTS)
        assert bend == pytest.approx(measured(along, [point], [WEIGHTS]), abs=1e-6)


def test_a_vector_of_a_value_that_is_alone_has_slopes():
    along = np.sum(gw.grad(first_vector)(TWICE) * DIRECTION)
    assert along == pytest.approx(measured(first_vector, [TWICE], [DIRECTION]), abs=1e-7)
    assert gw.jvp(first_vector, (TWICE,), (DIRECTION,))[1] == pytest.approx(along)


NO_SLOPE = {
    "one of two equal eigenvalues": (lambda a: linalg.eigvalsh(a)[-1], TWICE, "eigenvalues are equal"),
    "one of two equal singular values": (lambda a: linalg.svd(a)[1][0], TWICE, "singular values are equal"),
    "one of two equal values of eig": (lambda a: np.real(linalg.eigvals(a)[0]), np.eye(3), "eigenvalues are equal"),
    "vectors of equal eigenvalues": (lambda a: np.sum(WEIGHTS * linalg.eigh(a)[1] ** 2), np.eye(3), "single vectors"),
    "vectors of equal values of eig": (
        lambda a: np.sum(WEIGHTS * np.real(linalg.eig(a)[1])),
        np.eye(3),
        "single vectors",
    ),
    "left vectors of equal values": (lambda a: np.sum(WEIGHTS * linalg.svd(a)[0]), TWICE, "single vectors"),
    "a matrix put together again": (rebuilt, TWICE, "single vectors"),
    "a matrix of zeros put together again": (rebuilt, np.zeros((3, 3)), "single vectors"),
    "the same from eigenvectors": (rebuilt_from_eigenvectors, TWICE, "single vectors"),
    "the same from eigenvectors, at zero": (rebuilt_from_eigenvectors, np.zeros((3, 3)), "single vectors"),
    "the same with all weights equal": (
        lambda a: (lambda u, s, v: np.sum((u * s) @ v))(*linalg.svd(a)), np.zeros((3, 3)), "single vectors",
    ),
    "vectors that only fill up": (
        lambda a: np.sum(linalg.svd(a)[0]), np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]]), "belong to no",
    ),
    "columns that only fill up": (
        lambda a: np.sum(linalg.qr(a, "complete")[0]), np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]]), "belong to no",
    ),
    "too few eigenvectors": (
        lambda a: np.real(np.sum(linalg.eigvals(a) ** 2)), np.array([[1.0, 1.0], [0.0, 1.0]]), "fewer eigenvectors",
    ),
    "a pseudoinverse of low rank": (lambda a: np.sum(linalg.pinv(a)), np.diag([1.0, 2.0, 0.0]), "full rank"),
    "least squares of low rank": (
        lambda a: np.sum(linalg.lstsq(a, np.ones(3))[0]), np.diag([1.0, 2.0, 0.0]), "full rank",
    ),
    "orthogonal columns of low rank": (lambda a: np.sum(linalg.qr(a)[0]), np.diag([1.0, 0.0, 2.0]), "full rank"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_SLOPE)
def test_a_slope_that_does_not_exist_is_said(name):
    f, point, said = NO_SLOPE[name]
    direction = numbers(point.shape, 8)
    for way in (gw.grad(f), gw.hessian(f), lambda a: gw.jvp(f, (a,), (direction,))):
        with pytest.raises(NoSlopeError) as refused:
            way(point)
        assert said in refused.value.headline
        assert refused.value.where.file == __file__
        assert refused.value.why and refused.value.hint


def test_it_is_said_when_a_program_is_run_again_too():
    gradient = gw.grad(lambda a: linalg.eigvalsh(a)[-1])
    good = positive(numbers((3, 3), 1))
    for _ in range(4):
        gradient(good)
    with pytest.raises(NoSlopeError) as refused:
        gradient(TWICE)
    assert refused.value.where.file == __file__


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.sum(linalg.eigvalsh(a) ** 2),
        lambda a: np.sum(linalg.eigh(a)[0] ** 2),
        lambda a: np.sum(linalg.svdvals(a) ** 2),
        lambda a: np.sum(linalg.svd(a)[1] ** 2),
        lambda a: np.real(np.sum(linalg.eigvals(a) ** 2)),
    ],
)
@pytest.mark.parametrize("point", [np.eye(2), np.zeros((2, 2))])
@pytest.mark.parametrize("direction", [np.ones((2, 2)), np.eye(2)])
def test_a_second_slope_of_equal_values_is_never_a_wrong_number(f, point, direction):
    for way in (gw.grad(lambda a: np.sum(gw.grad(f)(a) * direction)), lambda a: gw.jvp(gw.grad(f), (a,), (direction,))):
        with pytest.raises(NoSlopeError):
            way(point)


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.sum(np.real(linalg.eigh(a + adjoint(a))[1])),
        lambda a: np.sum(np.real(linalg.eig(a)[1])),
        lambda a: np.sum(np.real(linalg.svd(a)[0])),
        lambda a: np.sum(np.imag(linalg.svd(a)[2])),
    ],
)
def test_a_loss_that_hangs_on_a_phase_is_said(f):
    with pytest.raises(NoSlopeError, match="phase"):
        gw.grad(f)(numbers((3, 3), 1, is_complex=True))


def test_complex_vectors_of_a_real_matrix_have_a_phase():
    turning = np.array([[1.0, -2.0], [1.5, 0.5]])
    with pytest.raises(NoSlopeError, match="phase"):
        gw.grad(lambda a: np.sum(np.real(linalg.eig(a)[1])))(turning)
    assert_slopes(lambda a: of_values_and_sizes(linalg.eig(a)), turning)


def test_eigenvalues_are_real_where_numpy_gives_real_ones():
    real, turning = np.array([[2.0, 1.0], [0.5, -1.0]]), np.array([[1.0, -2.0], [1.5, 0.5]])
    for f in (linalg.eigvals, lambda a: linalg.eig(a)[0]):
        graph = gw.trace(lambda a, f=f: np.sum(np.abs(f(a))), real)
        if f(real).dtype.kind == "f":  # NumPy 2.5 gives complex numbers always
            assert graph.guards
            assert graph.run(real).guards_hold
            assert not graph.run(turning).guards_hold
        for a in (real, turning):
            assert gw.vjp(f, a)[0].dtype == f(a).dtype
    gradient = gw.grad(lambda a: np.sum(np.abs(linalg.eigvals(a))))
    for a in (real, real, real, turning, turning, real):
        assert_slopes(lambda a: np.sum(np.abs(linalg.eigvals(a))), a)
        assert gradient(a).shape == (2, 2)


# -- conventions ------------------------------------------------------------------------------------------------------


def test_the_determinant_of_a_singular_matrix_moves_by_its_cofactors():
    rank_two = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.5, -1.0, 1.0]])
    for a in (rank_two, np.outer([1.0, 2.0, 3.0], [1.0, 0.0, 2.0]), np.zeros((3, 3)), np.diag([0.0, 0.0, 5.0])):
        cofactors = [
            [(-1) ** (i + j) * linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(3)] for i in range(3)
        ]
        assert np.allclose(gw.grad(linalg.det)(a), cofactors, atol=1e-13)
        bend = gw.grad(lambda x: np.sum(gw.grad(linalg.det)(x) * WEIGHTS))(a)
        expected = [
            measured(lambda x: np.sum(gw.grad(linalg.det)(x) * WEIGHTS), [a], [unit])
            for unit in np.eye(9).reshape(9, 3, 3)
        ]
        assert np.allclose(bend.ravel(), expected, atol=1e-8)
        assert gw.jvp(linalg.det, (a,), (DIRECTION,))[1] == pytest.approx(np.sum(cofactors * DIRECTION))
    assert gw.grad(linalg.det)(np.array([[0.0]])).tolist() == [[1.0]]


def test_third_slopes_of_a_determinant():
    second = lambda a: np.sum(gw.grad(lambda x: np.sum(gw.grad(linalg.det)(x) * WEIGHTS))(a) * DIRECTION)  # noqa: E731
    a = numbers((3, 3), 1)
    slopes = gw.grad(second)(a)
    assert np.sum(slopes * WEIGHTS) == pytest.approx(measured(second, [a], [WEIGHTS]), abs=1e-6)
    with pytest.raises(NoSlopeError, match="third slopes"):
        gw.grad(second)(np.zeros((3, 3)))


@pytest.mark.parametrize("order", [None, "fro", "nuc", 2, 1, np.inf, -2, -1])
def test_the_norm_of_a_zero_matrix_has_slope_zero(order):
    assert gw.grad(lambda a: linalg.norm(a, order))(np.zeros((3, 2))).tolist() == [[0.0, 0.0]] * 3


@pytest.mark.parametrize("order", [None, 2, 1, 3, 1.5, 0.5, 0, -1, -2.5, np.inf, -np.inf])
def test_the_norm_of_a_zero_vector_has_slope_zero(order):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert gw.grad(lambda a: linalg.norm(a, order))(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
        assert gw.hessian(lambda a: linalg.norm(a, order))(np.zeros(3)).tolist() == [[0.0] * 3] * 3


def test_norms_beside_zeros():
    beside = np.array([0.0, 3.0, -4.0])
    assert gw.grad(lambda a: linalg.norm(a, 3))(beside)[0] == 0.0
    assert gw.grad(lambda a: linalg.norm(a, 1.5))(beside)[0] == 0.0
    assert gw.grad(lambda a: linalg.norm(a, axis=1)[0])(np.array([[0.0, 0.0], [3.0, 4.0]])).tolist() == [[0, 0], [0, 0]]
    slopes = gw.grad(lambda a: np.sum(linalg.norm(a, axis=1)))(np.array([[0.0, 0.0], [3.0, 4.0]]))
    assert np.allclose(slopes, [[0.0, 0.0], [0.6, 0.8]])


def test_ties_of_the_largest_singular_value_are_shared():
    assert np.allclose(gw.grad(lambda a: linalg.norm(a, 2))(np.eye(3)), np.eye(3) / 3)
    assert np.allclose(gw.grad(lambda a: linalg.norm(a, -2))(np.eye(3)), np.eye(3) / 3)
    assert np.allclose(gw.grad(linalg.cond)(np.eye(3)), 0)
    assert np.trace(gw.grad(lambda a: linalg.norm(a, 2))(TWICE)) == pytest.approx(1.0)


def test_the_nuclear_norm_of_a_matrix_of_low_rank_takes_nothing_from_what_it_does_not_reach():
    a = np.diag([3.0, 0.0, 2.0])
    for f in (lambda a: linalg.norm(a, "nuc"), lambda a: np.sum(linalg.svdvals(a)), lambda a: np.sum(linalg.svd(a)[1])):
        assert np.allclose(gw.grad(f)(a), np.diag([1.0, 0.0, 1.0]))


def test_a_rank_has_no_slope():
    a = np.diag([1.0, 2.0, 0.0])
    assert gw.grad(lambda a: linalg.matrix_rank(a) * np.sum(a))(a).tolist() == np.full((3, 3), 2.0).tolist()
    assert gw.vjp(lambda a: linalg.matrix_rank(a), np.stack([a, np.eye(3)]))[0].tolist() == [2, 3]
    assert gw.vjp(lambda a: linalg.matrix_rank(a, tol=1.5), a)[0] == 1
    assert gw.vjp(lambda a: linalg.matrix_rank(a, hermitian=True), a)[0] == 2
    assert gw.vjp(lambda a: linalg.matrix_rank(a, rtol=0.6), a)[0] == 1


def test_whole_numbers_are_taken_as_floats():
    a = np.array([[2, 1], [1, 3]])
    assert np.allclose(gw.grad(lambda x: np.sum(linalg.solve(a, x)))(np.array([1, 2])), linalg.inv(a).sum(axis=0))
    assert np.allclose(gw.grad(linalg.det)(a), [[3, -1], [-1, 2]])
    assert gw.grad(lambda x: linalg.norm(np.array([3, 4]) * x))(2.0) == 5.0


# -- what cannot be -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "remedy"),
    [
        (lambda a: np.sum(linalg.inv(a)), "np.linalg.lstsq"),
        (lambda a: np.sum(linalg.solve(a, np.ones(2))), "np.linalg.lstsq"),
        (lambda a: np.sum(linalg.cholesky(a)), "identity"),
    ],
)
def test_a_matrix_that_lapack_refuses_is_named_on_the_users_line(f, remedy):
    matrix = np.zeros((2, 2))
    with pytest.raises(MatrixError) as refused:
        gw.grad(f)(matrix)
    assert refused.value.where.file == __file__
    assert remedy in refused.value.hint
    assert isinstance(refused.value, linalg.LinAlgError)


def test_a_program_may_wait_for_the_error_of_numpy():
    def f(a):
        jitter = 0.0
        while True:
            try:
                return np.sum(linalg.cholesky(a + jitter * np.eye(2)))
            except linalg.LinAlgError:
                jitter += 0.5

    assert gw.grad(f)(np.zeros((2, 2))) == pytest.approx(gw.grad(f)(0.5 * np.eye(2)))


@pytest.mark.parametrize(
    "f",
    [
        lambda a: linalg.inv(a[:, :2]),
        lambda a: linalg.solve(a, np.ones(2)),
        lambda a: linalg.norm(np.stack([a, a]), 2),
        lambda a: linalg.norm(a, 5),
        lambda a: linalg.norm(a[0], "nuc"),
        lambda a: linalg.matrix_power(a[:2], 2),
        lambda a: linalg.tensorsolve(a, np.ones(2)),
        lambda a: linalg.cross(a[:, :2], a[:, :2]),
        lambda a: np.tensordot(a, a[:, :2].T),
        lambda a: linalg.norm(a, axis=(0, -2)),
        lambda a: linalg.tensorinv(a, 0),
    ],
)
def test_shapes_that_do_not_fit_are_said(f):
    with pytest.raises(GradworkError) as refused:
        gw.grad(lambda a: np.sum(f(a)))(np.eye(3) + 0.1)
    assert isinstance(refused.value, ShapeError)
    assert refused.value.where.file == __file__


# -- others who know ------------------------------------------------------------------------------------------------


def test_jax_gives_the_same_slopes():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    pairs = {
        "solve": lambda np_, a: np_.linalg.solve(a, a.T),
        "inv": lambda np_, a: np_.linalg.inv(a),
        "det": lambda np_, a: np_.linalg.det(a),
        "slogdet": lambda np_, a: np_.linalg.slogdet(a)[1],
        "pinv": lambda np_, a: np_.linalg.pinv(a[:, :2]),
        "cholesky": lambda np_, a: np_.linalg.cholesky(a @ a.T),
        "qr": lambda np_, a: np_.abs(np_.linalg.qr(a[:, :2])[0]) + np_.abs(np_.linalg.qr(a[:, :2])[1]).sum(),
        "svd": lambda np_, a: np_.abs(np_.linalg.svd(a[:2], full_matrices=False)[2]),
        "eigh": lambda np_, a: np_.abs(np_.linalg.eigh(a + a.T)[1]) * np_.linalg.eigh(a + a.T)[0],
        "eigvalsh": lambda np_, a: np_.linalg.eigvalsh(a @ a.T),
        "eigvals": lambda np_, a: np_.abs(np_.linalg.eigvals(a)) ** 2 @ np_.ones(4),
        "norms": lambda np_, a: np_.linalg.norm(a, "nuc") * np_.linalg.norm(a, 2) + np_.linalg.norm(a[0], 3),
        "multi_dot": lambda np_, a: np_.linalg.multi_dot([a[0], a, a.T]),
        "matrix_power": lambda np_, a: np_.linalg.matrix_power(a, -2),
        "kron": lambda np_, a: np_.kron(a[:2], a),
    }
    a = numbers((4, 4), 3) + 2 * np.eye(4)
    for name, f in pairs.items():
        weights = numbers(np.shape(f(np, a)), 9)
        mine = gw.grad(lambda a, f=f, w=weights: np.sum(w * f(np, a)))(a)
        theirs = jax.grad(lambda a, f=f, w=weights: jnp.sum(w * f(jnp, a)))(a)
        assert np.allclose(mine, theirs, rtol=1e-8, atol=1e-8), name


def test_torch_gives_the_same_slopes_for_complex_matrices():
    torch = pytest.importorskip("torch")
    a = numbers((3, 3), 3, is_complex=True)
    t = torch.linalg
    pairs = {
        "svd": (lambda a: np.abs(linalg.svd(a)[0]), lambda a: t.svd(a)[0].abs()),
        "eigh": (lambda a: np.abs(linalg.eigh(a + adjoint(a))[1]), lambda a: t.eigh(a + a.mH)[1].abs()),
        "eig": (lambda a: np.abs(linalg.eig(a)[1][0]) @ np.ones(3), lambda a: t.eig(a)[1][0].abs().sum()),
        "qr": (lambda a: linalg.qr(a[:, :2])[0], lambda a: t.qr(a[:, :2])[0]),
        "cholesky": (lambda a: linalg.cholesky(a @ adjoint(a)), lambda a: t.cholesky(a @ a.mH)),
        "pinv": (lambda a: linalg.pinv(a[:2]), lambda a: t.pinv(a[:2])),
        "det": (linalg.det, t.det),
        "slogdet": (lambda a: linalg.slogdet(a)[0], lambda a: t.slogdet(a)[0]),
        "nuclear norm": (lambda a: linalg.norm(a, "nuc"), lambda a: t.matrix_norm(a, "nuc")),
        "solve": (lambda a: linalg.solve(a, adjoint(a)), lambda a: t.solve(a, a.mH)),
    }
    for name, (f, g) in pairs.items():
        weights = numbers(np.shape(f(a)), 9, is_complex=True)
        mine = gw.grad(lambda a, f=f, w=weights: np.sum(np.real(w * f(a))))(a)
        theirs = torch.tensor(a, requires_grad=True)
        torch.sum(torch.real(torch.tensor(weights) * g(theirs))).backward()
        # torch gives the conjugate: dL/dx + i dL/dy.
        assert np.allclose(mine, np.conj(theirs.grad.numpy()), rtol=1e-8, atol=1e-8), name


# -- printing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["svd", "eigh", "qr", "cholesky", "lstsq", "det", "slogdet", "solve", "fft"])
def test_each_has_a_page(name, capsys):
    assert main(["ops", name]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert REGISTER.named(name).rule in text
    assert REGISTER.named(name).why[:20] in text


# -- arrays that np.array makes of traced numbers ---------------------------------------------------------------------


def test_a_matrix_put_together_from_traced_numbers():
    stacked = lambda x: linalg.det(np.stack([np.stack([x[0], x[1]]), np.stack([x[2], x[0]])]))  # noqa: E731
    assert gw.grad(stacked)(np.array([3.0, 2.0, 5.0])).tolist() == pytest.approx([6.0, -5.0, -2.0])
    made = lambda x: linalg.det(np.array([[x[0], x[1]], [x[2], x[0]]]))  # noqa: E731
    with pytest.warns(UserWarning, match="nudging"):
        assert gw.grad(made)(np.array([3.0, 2.0, 5.0])).tolist() == pytest.approx([6.0, -5.0, -2.0])
    with pytest.raises(GradworkError) as refused:
        gw.grad(made)(np.ones(300))
    assert "np.stack" in refused.value.hint
    assert refused.value.where.file == __file__
    assert refused.value.where.line == made.__code__.co_firstlineno


# -- large matrices ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [10, 60])
def test_equal_values_of_larger_matrices_are_seen_as_equal(n):
    turn = linalg.qr(numbers((n, n), 1))[0]
    values = np.concatenate([np.full(n // 2, 2.0), np.linspace(0.1, 1, n - n // 2)])
    point = (turn * values) @ turn.T
    weights, direction = numbers((n, n), 2) / n, numbers((n, n), 3) / n
    point = (point + point.T) / 2

    def polar_factor(a):
        u, _, v = linalg.svd(a)
        return np.sum(weights * (u @ v))

    for f in (lambda a: np.sum(np.exp(linalg.eigvalsh(a))), lambda a: linalg.norm(a, "nuc"), polar_factor):
        along = np.sum(gw.grad(f)(point) * direction)
        assert along == pytest.approx(measured(f, [point], [direction]), rel=1e-6, abs=1e-8)
    for f in (lambda a: linalg.eigvalsh(a)[-1], lambda a: np.sum(weights * linalg.eigh(a)[1])):
        with pytest.raises(NoSlopeError):
            gw.grad(f)(point)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_eigenvalues_that_lie_close_are_not_taken_for_equal(kind):
    n = 200
    data = numbers((400, n), 1, dtype=kind)
    covariance = data.T @ data / 400
    slopes = gw.grad(lambda a: np.sum(np.abs(linalg.eigh(a)[1][:, -3:])) + linalg.eigvalsh(a)[n // 2])(covariance)
    assert slopes.dtype == kind
    assert np.all(np.isfinite(slopes))
