"""Products of arrays in every form: einsum, tensordot, kron, cross, and the dot family."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slopes import assert_slopes, numbers

import gradwork as gw
from gradwork.errors import GradworkError, MissingRuleError, ShapeError

COMPLEX = (False, True)

EINSUMS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ji", (2, 3)),
    ("ba", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("ij", (2, 3)),
    ("ii", (3, 3)),
    ("ii->", (3, 3)),
    ("ii->i", (3, 3)),
    ("iij->j", (2, 2, 3)),
    ("iij->ij", (2, 2, 3)),
    ("iii->i", (3, 3, 3)),
    ("ijij->ij", (2, 3, 2, 3)),
    ("iji,j->i", (2, 3, 2), (3,)),
    ("ii,jj->ij", (2, 2), (3, 3)),
    ("i,i->i", (3,), (3,)),
    ("i,i", (3,), (3,)),
    ("i,j->ij", (2,), (3,)),
    ("i,j->ji", (2,), (3,)),
    ("i,j->", (2,), (3,)),
    ("i,->i", (2,), ()),
    (",->", (), ()),
    ("->", ()),
    ("...->...", (2, 3)),
    ("...i->...", (2, 3, 4)),
    ("i...->...i", (2, 3, 4)),
    ("...ij,...jk->...ik", (5, 2, 3), (5, 3, 4)),
    ("...ij,...jk->...ik", (5, 2, 3), (3, 4)),
    ("...ij,...jk->...ik", (5, 1, 2, 3), (4, 3, 2)),
    ("...ij,...jk", (1, 2, 3), (5, 3, 4)),
    ("i...,j...->...ij", (2, 3), (4, 3)),
    ("...,...", (3,), (2, 3)),
    ("...ii->...i", (4, 3, 3)),
    ("...ii", (4, 3, 3)),
    ("...i,...i->...", (4, 3), (1, 3)),
    ("ij,ij->ij", (2, 3), (1, 3)),
    ("ij,ij->", (2, 1), (2, 3)),
    ("i,i->", (1,), (3,)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("ij,jk,ki", (2, 3), (3, 4), (4, 2)),
    ("ij,ik,il->ijkl", (2, 2), (2, 3), (2, 2)),
    ("b h i d, b h j d -> b h i j", (2, 2, 3, 4), (2, 2, 5, 4)),
    ("ij,j", (0, 3), (3,)),
    ("ij,jk->ik", (2, 0), (0, 4)),
]


@pytest.mark.parametrize("optimize", [False, True, "greedy", "optimal"])
@pytest.mark.parametrize("is_complex", COMPLEX, ids=("real", "complex"))
@pytest.mark.parametrize("form", EINSUMS, ids=lambda form: f"{form[0]} {form[1:]}")
def test_einsum_in_every_form(form, is_complex, optimize):
    text, *shapes = form
    arrays = [numbers(s, k, is_complex=is_complex) for k, s in enumerate(shapes)]
    f = lambda *a: np.einsum(text, *a, optimize=optimize)  # noqa: E731
    assert np.allclose(gw.vjp(f, *arrays)[0], f(*arrays), rtol=1e-13, atol=1e-13)
    assert_slopes(f, *arrays, second=not optimize and all(np.size(a) for a in arrays))


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [0, 2]),
        lambda a, b: np.einsum(a, [0, 1], b, [1, 2]),
        lambda a, b: np.einsum(a, [5, 30], b, [30, 2], [2, 5]),
        lambda a, b: np.einsum(a, [Ellipsis, 1], b, [1, 2], [2, Ellipsis]),
        lambda a, b: np.einsum(a, (0, 1), b, (1, 2)),
        lambda a, b: np.einsum("ij,jk->ik", a, b, optimize=["einsum_path", (0, 1)]),
        lambda a, b: np.einsum(*("ij,jk->ik", a, b), dtype=np.float64),
        lambda a, b: np.einsum("ij,jk,k->i", a, b, [1.0, 2.0, 3.0, 4.0]),
    ],
)
def test_einsum_with_lists_of_labels_and_options(f):
    a, b = numbers((2, 3), 1), numbers((3, 4), 2)
    assert np.allclose(gw.vjp(f, a, b)[0], f(a, b))
    assert_slopes(f, a, b, second=True)


def test_one_array_twice_in_an_einsum():
    assert_slopes(lambda a: np.einsum("ij,ij->", a, a), numbers((2, 3), 1), second=True)
    assert_slopes(lambda a: np.einsum("ij,kj,kl->il", a, a, a), numbers((3, 3), 1), second=True)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_random_einsums(data):
    letters = "abcd"
    sizes = {c: data.draw(st.integers(1, 3)) for c in letters}
    terms = data.draw(st.lists(st.text(letters, max_size=3), min_size=1, max_size=3))
    present = sorted(set("".join(terms)))
    result = data.draw(st.permutations(present))[: data.draw(st.integers(0, len(present)))]
    text = ",".join(terms) + data.draw(st.sampled_from(["", "->" + "".join(result)]))
    arrays = [numbers([sizes[c] for c in t], k) for k, t in enumerate(terms)]
    assert np.allclose(gw.vjp(lambda *a: np.einsum(text, *a), *arrays)[0], np.einsum(text, *arrays), atol=1e-13)
    assert_slopes(lambda *a: np.einsum(text, *a), *arrays)


@pytest.mark.parametrize(
    ("f", "shapes"),
    [
        (lambda a, b: np.tensordot(a, b), ((2, 3, 4), (3, 4, 5))),
        (lambda a, b: np.tensordot(a, b, 0), ((2, 3), (4,))),
        (lambda a, b: np.tensordot(a, b, axes=1), ((2, 3), (3, 0))),
        (lambda a, b: np.tensordot(a, b, axes=(1, 0)), ((2, 3), (3, 4))),
        (lambda a, b: np.tensordot(a, b, axes=((-1, 0), (0, -1))), ((2, 3, 4), (4, 5, 2))),
        (lambda a, b: np.tensordot(a, b, axes=np.array([[0], [0]])), ((2, 3), (2, 4))),
        (np.kron, ((2, 3), (4, 2))),
        (np.kron, ((3,), (2, 2))),
        (np.kron, ((2, 2), ())),
        (np.kron, ((2, 1, 3), (2, 2))),
        (np.outer, ((2, 3), (4,))),
        (np.outer, ((), (4,))),
        (np.inner, ((2, 3), (4, 5, 3))),
        (np.inner, ((3,), (3,))),
        (np.inner, ((), (3,))),
        (np.vdot, ((2, 3), (2, 3))),
        (np.vdot, ((), ())),
        (np.dot, ((2, 3, 4), (5, 4, 6))),
        (np.dot, ((4,), (5, 4, 6))),
        (np.dot, ((2, 3), ())),
        (np.matmul, ((3,), (2, 3, 4))),
        (np.matmul, ((2, 1, 3, 4), (5, 4, 2))),
        (np.vecdot, ((2, 3), (3,))),
        (lambda a, b: np.vecdot(a, b, axis=0), ((3, 2), (3, 1))),
        (np.cross, ((3,), (3,))),
        (np.cross, ((2, 3), (3,))),
        (lambda a, b: np.cross(a, b, axisa=0, axisb=1, axisc=0), ((3, 2), (2, 3))),
        (lambda a, b: np.cross(a, b, axis=1), ((2, 3, 1), (2, 3, 4))),
    ],
)
@pytest.mark.parametrize("is_complex", COMPLEX, ids=("real", "complex"))
def test_products(f, shapes, is_complex):
    arrays = [np.asarray(numbers(s, k, is_complex=is_complex))[()] for k, s in enumerate(shapes)]
    value = gw.vjp(f, *arrays)[0]
    assert np.shape(value) == np.shape(f(*arrays))
    assert np.allclose(value, f(*arrays), rtol=1e-14, atol=1e-14)
    assert_slopes(f, *arrays, second=all(np.size(a) for a in arrays))


@pytest.mark.parametrize("name", [n for n in ("matvec", "vecmat") if hasattr(np, n)])
@pytest.mark.parametrize("is_complex", COMPLEX, ids=("real", "complex"))
def test_products_of_stacks_of_vectors(name, is_complex):
    f = getattr(np, name)
    vector, matrix = (numbers(s, k, is_complex=is_complex) for k, s in enumerate(((2, 3), (2, 3, 3))))
    pair = (matrix, vector) if name == "matvec" else (vector, matrix)
    assert np.allclose(gw.vjp(f, *pair)[0], f(*pair))
    assert_slopes(f, *pair, second=True)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_cross_products_in_the_plane():
    for left, right in (((2,), (2,)), ((4, 2), (4, 3)), ((3,), (4, 2)), ((4, 2), (2,))):
        a, b = numbers(left, 1), numbers(right, 2)
        try:
            expected = np.cross(a, b)
        except ValueError:  # NumPy is to drop vectors of two numbers
            continue
        assert np.allclose(gw.vjp(np.cross, a, b)[0], expected)
        assert_slopes(np.cross, a, b)


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.einsum("ij,jk", a),
        lambda a: np.einsum("ijk->k", a),
        lambda a: np.einsum("i->i", a),
        lambda a: np.einsum("ij,ij->ij", a, a.T),
        lambda a: np.einsum("ii->i", a),
        lambda a: np.einsum("ij->k", a),
        lambda a: np.einsum("ij->ii", a),
        lambda a: np.tensordot(a, a),
        lambda a: np.tensordot(a, a.T),
        lambda a: np.tensordot(a, a, axes=((0, 1), (0,))),
        lambda a: np.tensordot(a, a, axes=((0, 5), (0, 1))),
        lambda a: np.tensordot(a, a, axes=3),
        lambda a: np.cross(a[:, :1], a[:, :1]),
        lambda a: np.inner(a, a.T),
        lambda a: np.matmul(a, 2.0),
    ],
)
def test_shapes_that_do_not_fit_are_said(f):
    point = np.arange(6.0).reshape(2, 3)
    try:
        f(point)
    except Exception:
        with pytest.raises(GradworkError) as refused:
            gw.grad(lambda a: np.sum(f(a)))(point)
        assert isinstance(refused.value, ShapeError)
        assert refused.value.where.file == __file__
    else:
        assert_slopes(f, point)


def test_an_option_that_is_not_known_is_refused_and_not_left_out():
    a = np.ones((2, 2))
    for f in (
        lambda a: np.matmul(a, a, axes=[(0, 1), (0, 1), (1, 0)]),
        lambda a: np.einsum("ij,jk", a, a, casting="unsafe"),
        lambda a: np.vecdot(a, a, axes=[0, 0, ()]),
    ):
        with pytest.raises(MissingRuleError):
            gw.grad(lambda a, f=f: np.sum(f(a)))(a)


def test_what_is_written_or_joined_beside_a_moving_value_stands_still_forwards():
    x = np.array([1.0, 2.0])
    _, moved = gw.jvp(lambda x: np.concatenate([x, np.array([3, 4])]), (x,), (np.ones(2),))
    assert moved.tolist() == [1.0, 1.0, 0.0, 0.0]

    def written(x):
        y = x * 1.0
        y[0] = np.array(7)
        return y

    assert gw.jvp(written, (x,), (np.ones(2),))[1].tolist() == [0.0, 1.0]
    assert gw.jvp(lambda x: np.stack([x, np.array([3, 4])]), (x,), (np.ones(2),))[1].tolist() == [[1, 1], [0, 0]]

    def added(x):
        y = x * 1.0
        np.add.at(y, np.array([0, 0]), np.array([5, 6]))
        return y

    assert gw.jvp(added, (x,), (np.ones(2),))[1].tolist() == [1.0, 1.0]
