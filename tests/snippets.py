"""Everyday NumPy, each as a function from one array to one number: for tests that want many.

`x` is a vector of three, away from corners. A snippet that NumPy itself accepts has to give the right gradient, or an
error of ours: never a wrong number.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

X = np.array([0.7, -1.3, 2.1])
P = np.array([0.4, 0.9, 1.6])
TABLE = np.arange(6.0).reshape(2, 3) / 5
SQUARE = np.array([[2.0, 0.5, 0.1], [0.3, 1.5, -0.4], [-0.2, 0.6, 1.1]])

SNIPPETS: dict[str, Callable[[Any], Any]] = {}


def snippet(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    SNIPPETS[function.__name__] = function
    return function


def lines(**functions: Callable[[Any], Any]) -> None:
    SNIPPETS.update(functions)


# -- one call ---------------------------------------------------------------------------------------------------------

lines(
    sum_cubes=lambda x: np.sum(x**3),
    method_sum=lambda x: (x * x).sum(),
    method_mean=lambda x: (x * x).mean(),
    method_dot=lambda x: x.dot(x),
    matmul=lambda x: x @ SQUARE @ x,
    plain_matmul=lambda x: (TABLE @ x).sum(),
    plain_method_dot=lambda x: TABLE.dot(x).sum(),
    transposed=lambda x: np.sum((TABLE.T * x[:, None]).T ** 2),
    outer=lambda x: np.sum(np.outer(x, x) ** 2),
    inner=lambda x: np.inner(x, SQUARE).sum(),
    einsum=lambda x: np.einsum("i,ij,j->", x, SQUARE, x),
    tensordot=lambda x: np.sum(np.tensordot(x, SQUARE, axes=1)),
    kron=lambda x: np.sum(np.kron(x, np.array([1.0, 2.0])) * np.arange(6)),
    cross=lambda x: np.sum(np.cross(x, P) * P[::-1]),
    norm=lambda x: np.linalg.norm(x),
    norm_1=lambda x: np.linalg.norm(x, 1),
    norm_inf=lambda x: np.linalg.norm(x, np.inf),
    variance=lambda x: np.var(x),
    spread=lambda x: np.std(x, ddof=1),
    median=lambda x: np.median(x),
    average=lambda x: np.average(x, weights=P),
    quantile=lambda x: np.quantile(x, 0.3),
    percentile=lambda x: np.percentile(x, 40),
    largest=lambda x: np.max(x),
    smallest=lambda x: x.min(),
    range=lambda x: np.ptp(x),
    argmax=lambda x: x[np.argmax(x)] ** 2,
    sort=lambda x: np.sum(np.sort(x) * P),
    method_argsort=lambda x: np.sum(x[x.argsort()] * P),
    cumsum=lambda x: np.sum(np.cumsum(x) ** 2),
    method_cumsum=lambda x: np.sum(x.cumsum() * P),
    cumprod=lambda x: np.sum(np.cumprod(x)),
    diff=lambda x: np.sum(np.diff(x) ** 2),
    flip=lambda x: np.sum(np.flip(x) * P),
    roll=lambda x: np.sum(np.roll(x, 1) * x),
    tile=lambda x: np.sum(np.tile(x, 2) * np.arange(6)),
    repeat=lambda x: np.sum(np.repeat(x, 2) * np.arange(6)),
    split=lambda x: sum(part.sum() ** 2 for part in np.split(x, 3)),
    array_split=lambda x: sum(part.sum() ** 2 for part in np.array_split(x, 2)),
    pad=lambda x: np.sum(np.pad(x, 1) * np.arange(5)),
    pad_edge=lambda x: np.sum(np.pad(x, 1, mode="edge") * np.arange(5)),
    diag=lambda x: np.sum(np.diag(x) @ SQUARE),
    diagonal=lambda x: np.sum(np.diagonal(np.outer(x, x))),
    trace=lambda x: np.trace(np.outer(x, P)),
    tril=lambda x: np.sum(np.tril(np.outer(x, x))),
    triu=lambda x: np.sum(np.triu(np.outer(x, x), 1)),
    where=lambda x: np.sum(np.where(x > 0, x**2, -3 * x)),
    where_positions=lambda x: np.sum(x[np.where(x > 0)] ** 2),
    nonzero=lambda x: np.sum(x[np.nonzero(x > 0)] ** 2),
    select=lambda x: np.sum(np.select([x > 1, x > 0], [x**2, x], -x)),
    piecewise=lambda x: np.sum(np.piecewise(x, [x > 0, x <= 0], [lambda v: v**2, lambda v: -v])),
    clip=lambda x: np.sum(np.clip(x, -1, 1) * x),
    method_clip=lambda x: np.sum(x.clip(0) * P),
    maximum=lambda x: np.sum(np.maximum(x, 0) * P),
    fmax=lambda x: np.sum(np.fmax(x, np.array([0.0, np.nan, 3.0]))),
    fmin=lambda x: np.sum(np.fmin(x, np.array([0.0, np.nan, 3.0]))),
    heaviside=lambda x: np.sum(np.heaviside(x, 0.5) * x),
    sinc=lambda x: np.sum(np.sinc(x)),
    nan_to_num=lambda x: np.sum(np.nan_to_num(x) ** 2),
    float_power=lambda x: np.sum(np.float_power(np.abs(x), 1.5)),
    modf=lambda x: np.sum(np.modf(x)[0] ** 2),
    divmod=lambda x: np.sum(np.divmod(x, 0.6)[1] ** 2),
    fmod=lambda x: np.sum(np.fmod(x, 0.6) ** 2),
    remainder=lambda x: np.sum((x % 0.6) ** 2),
    floor_divide=lambda x: np.sum((x // 0.6) * x),
    rounding=lambda x: np.sum(np.round(x, 1) * x),
    interp=lambda x: np.interp(x[0], [0.0, 1.0, 2.0], [0.0, 5.0, 7.0]) * x[1],
    convolve=lambda x: np.sum(np.convolve(x, P) ** 2),
    polyval=lambda x: np.polyval(x, 1.5),
    vander=lambda x: np.sum(np.vander(x) ** 2),
    linspace=lambda x: np.sum(np.linspace(x[0], x[1], 4) ** 2),
    meshgrid=lambda x: np.sum(np.meshgrid(x, P)[0] ** 2),
    broadcast_arrays=lambda x: np.sum(np.broadcast_arrays(x, TABLE)[0] ** 2),
    gradient=lambda x: np.sum(np.gradient(x) ** 2),
    trapezoid=lambda x: np.trapezoid(x**2),
    logaddexp=lambda x: np.logaddexp.reduce(x) + np.logaddexp(x[0], x[1]),
    add_reduce=lambda x: np.add.reduce(x**2),
    add_outer=lambda x: np.sum(np.add.outer(x, x) ** 2),
    multiply_outer=lambda x: np.sum(np.multiply.outer(x, P) ** 2),
    add_accumulate=lambda x: np.sum(np.add.accumulate(x) ** 2),
    add_at=lambda x: _add_at(x),
    nansum=lambda x: np.nansum(x**2),
    nanmean=lambda x: np.nanmean(x**2),
    count_nonzero=lambda x: np.count_nonzero(x > 0) * x[0],
    any_all=lambda x: x[0] ** 2 if np.any(x > 0) and not np.all(x > 0) else x[1],
    apply_along_axis=lambda x: np.sum(np.apply_along_axis(lambda row: row**2, 0, x)),
    vectorize=lambda x: np.sum(np.vectorize(lambda v: v * v)(x)),
    frompyfunc=lambda x: np.sum(np.frompyfunc(lambda v: v * v, 1, 1)(x)),
    fromiter=lambda x: np.sum(np.fromiter((v * v for v in x), float)),
    concatenate=lambda x: np.sum(np.concatenate([x, x * 2]) ** 2),
    append=lambda x: np.sum(np.append(x, x[0] ** 2)),
    insert=lambda x: np.sum(np.insert(x, 1, 5.0) ** 2),
    delete=lambda x: np.sum(np.delete(x, 1) ** 2),
    stack=lambda x: np.sum(np.stack([x, P]) ** 2),
    block=lambda x: np.sum(np.block([[x, x], [P, P]]) ** 2),
    c_=lambda x: np.sum(np.c_[x, P] ** 2),
    r_=lambda x: np.sum(np.r_[x, P] ** 2),
    full=lambda x: np.sum(np.full(3, x[0]) * P),
    full_like=lambda x: np.sum(np.full_like(x, x[0] ** 2)),
    zeros_like=lambda x: np.sum((np.zeros_like(x) + x) ** 2),
    copy=lambda x: np.sum(np.copy(x) ** 2),
    asarray=lambda x: np.sum(np.asarray(x) ** 2),
    ascontiguous=lambda x: np.sum(np.ascontiguousarray(x) ** 2),
    array_of_array=lambda x: np.sum(np.array(x) ** 2),
    array_of_entries=lambda x: np.sum(np.array([x[0], x[1] ** 2, 3.0]) * P),
    array_nested=lambda x: np.linalg.norm(np.array([[x[0], x[1]], [x[1], x[0]]])),
    array_float=lambda x: np.sum(np.array([x[0], x[1]], dtype=float) ** 2),
    array_of_list=lambda x: np.sum(np.array([v * v for v in x])),
    asarray_float=lambda x: np.sum(np.asarray(x, dtype=float) ** 2),
    float64=lambda x: np.float64(x[0]) ** 2,
    astype=lambda x: np.sum((x.astype(np.longdouble) ** 2).astype(float)),
    put=lambda x: _put(x),
    choose=lambda x: np.sum(np.choose([0, 1, 0], [x, x**2])),
    take=lambda x: np.sum(np.take(x, [2, 0, 0]) ** 2),
    compress=lambda x: np.sum(np.compress([True, False, True], x) ** 2),
    extract=lambda x: np.sum(np.extract(x > 0, x) ** 2),
    unique=lambda x: np.sum(np.unique(x) * P),
    isclose=lambda x: x[0] ** 2 if np.isclose(x[0], 0.7, atol=0.1) else x[1],
    allclose=lambda x: x[0] ** 2 if np.allclose(x, X, atol=0.1) else x[1],
    array_equal=lambda x: x[0] ** 2 if np.array_equal(x.shape, (3,)) else x[1],
    nan=lambda x: np.sum(np.where(np.isnan(x), 0, x) ** 2),
    complex_abs=lambda x: np.abs(x[0] + 1j * x[1]),
    complex_real=lambda x: np.real(np.exp(1j * x)).sum(),
    complex_angle=lambda x: np.angle(x[0] + 1j * x[2]),
    complex_conj=lambda x: np.sum((x * (1 + 2j) * np.conj(x * (1 + 2j))).real),
    fft=lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2),
    det=lambda x: np.linalg.det(SQUARE * x),
    inv=lambda x: np.sum(np.linalg.inv(SQUARE * x)),
    solve=lambda x: np.sum(np.linalg.solve(SQUARE, x) ** 2),
    svd=lambda x: np.sum(np.linalg.svd(np.outer(x, x) + SQUARE)[1]),
    eigh=lambda x: np.sum(np.linalg.eigvalsh(SQUARE + SQUARE.T + np.diag(x))),
    cholesky=lambda x: np.sum(np.linalg.cholesky(np.eye(3) * 9 + np.outer(x, x))),
    corrcoef=lambda x: np.corrcoef(x, P)[0, 1],
    cov=lambda x: np.sum(np.cov(x, P)),
    histogram=lambda x: np.sum(np.histogram(x)[0] * x[0]),
    digitize=lambda x: np.sum(np.digitize(x, [0.0, 1.0]) * x),
    searchsorted=lambda x: np.searchsorted([0.0, 1.0], x[0]) * x[1],
    bincount=lambda x: np.sum(np.bincount([0, 1, 1], weights=x) ** 2),
    rot90=lambda x: np.sum(np.rot90(np.outer(x, P)) * SQUARE),
    ediff1d=lambda x: np.sum(np.ediff1d(x) ** 2),
    hypot=lambda x: np.hypot(x[0], x[1]),
    copysign=lambda x: np.sum(np.copysign(x, P) ** 2),
    ldexp=lambda x: np.sum(np.ldexp(x, 2)),
    exp2_log2=lambda x: np.sum(np.exp2(x) + np.log2(np.abs(x))),
    real_if_close=lambda x: np.sum(np.real_if_close(x) ** 2),
    square_root=lambda x: np.sum(np.sqrt(np.abs(x))),
    minimum_reduce=lambda x: np.minimum.reduce(x) ** 2,
    apply_over_axes=lambda x: np.sum(np.apply_over_axes(np.sum, np.outer(x, x), [0]) ** 2),
    dtype_kw=lambda x: np.sum(x**2, dtype=np.float64),
    sum_where=lambda x: np.sum(x**2, where=[True, False, True]),
    sum_initial=lambda x: np.sum(x**2, initial=5.0),
    mean_where=lambda x: np.mean(x**2, where=[True, False, True]),
    max_initial=lambda x: np.max(x, initial=-5.0),
    ufunc_where=lambda x: np.sum(np.exp(x, where=[True, False, True], out=np.zeros(3))),
    ufunc_dtype=lambda x: np.sum(np.multiply(x, x, dtype=np.float64)),
    nested_lists=lambda x: np.sum([[x[0], 1.0], [2.0, x[1]]]) * x[2],
    np_dot_lists=lambda x: np.dot([1.0, 2.0, 3.0], x),
    np_sum_list=lambda x: np.sum([x[0], x[1] ** 2]),
    np_mean_list=lambda x: np.mean([x[0], x[1] ** 2]),
    np_max_list=lambda x: np.max([x[0], x[1] ** 2]),
    np_prod_pair=lambda x: np.prod((x[0], x[1])),
)


# -- Python's own functions -------------------------------------------------------------------------------------------

lines(
    builtin_sum=lambda x: sum(x * x),
    builtin_max=lambda x: max(x) ** 2,
    builtin_min=lambda x: min(x[0], x[1]) ** 2,
    builtin_sorted=lambda x: sum(v * w for v, w in zip(sorted(x), P, strict=True)),
    builtin_abs=lambda x: abs(x[1]) ** 3,
    builtin_pow=lambda x: pow(x[0], 3),
    builtin_round=lambda x: round(x[0], 1) * x[0],
    builtin_divmod=lambda x: divmod(x[0], 0.6)[1] ** 2,
    builtin_reversed=lambda x: sum(v * w for v, w in zip(reversed(x), P, strict=True)),
    builtin_float=lambda x: float(x[0]) ** 2,
    builtin_int=lambda x: int(x[0]) * x[0],
    builtin_complex=lambda x: abs(complex(x[0])),
    builtin_bool=lambda x: x[0] ** 2 if bool(x[0] > 0) else x[1],
    builtin_list=lambda x: list(x)[0] ** 2,  # noqa: RUF015
    builtin_tuple=lambda x: tuple(x)[2] ** 2,
    item=lambda x: x[0].item() ** 2,
    tolist=lambda x: x.tolist()[0] ** 2,
    math_sin=lambda x: math.sin(x[0]),
    math_sqrt=lambda x: math.sqrt(x[0] ** 2),
    math_floor=lambda x: math.floor(x[2]) * x[0],
    math_prod=lambda x: math.prod(x),
    math_fsum=lambda x: math.fsum(x),
    math_hypot=lambda x: math.hypot(x[0], x[1]),
    math_isnan=lambda x: x[0] ** 2 if not math.isnan(x[0]) else 0.0,
    accumulate=lambda x: sum(v**2 for v in itertools.accumulate(x)),
    reduce=lambda x: functools.reduce(operator.mul, x),
    partial=functools.partial(lambda factor, x: np.sum(factor * x**2), 3.0),
    formatted=lambda x: len(f"{x[0]:.2f}") * x[1],
    if_positive=lambda x: x[0] ** 2 if x[0] > 0 else -x[0],
    in_list=lambda x: x[0] ** 2 if x[0] in [0.0, 1.0] else x[1] ** 3,
    equal=lambda x: x[0] ** 2 if x[0] != 0.1 else x[1],
    unpacked=lambda x: (lambda a, b, c: a * b + c)(*x),
    star_rest=lambda x: _first_and_rest(x),
    keyed=lambda x: {"a": x[0], "b": x[1]}["b"] ** 2,
    string_of_parts=lambda x: np.sum(x**2) if str(x) else 0.0,
    array_from_round_trip=lambda x: np.sum(np.array(list(x)) ** 2),
    index_from_value=lambda x: P[int(np.argmax(x))] * x[0],
    list_index=lambda x: [1.0, 2.0, 3.0][np.argmax(x)] * x[0],
    range_of_count=lambda x: sum((x[i] for i in range(int(np.sum(x > 0)))), 0.0) ** 2,
    mask=lambda x: np.sum(x[x > 0] ** 2),
    negative_step=lambda x: np.sum(x[::-1] * P),
    newaxis=lambda x: np.sum(x[:, None] * x[None, :] * SQUARE),
    ellipsis=lambda x: np.sum(x[..., 1:] ** 2),
    flat=lambda x: sum(v**2 for v in np.outer(x, x).flat),
    shape_arithmetic=lambda x: np.sum(x) / x.size * len(x) / x.shape[0],
    iterated_rows=lambda x: sum(np.sum(row) ** 2 for row in np.outer(x, x)),
)


# -- writing in place -------------------------------------------------------------------------------------------------


def _add_at(x):
    y = np.zeros_like(x)
    np.add.at(y, [0, 0, 1], x)
    return np.sum(y**2)


def _put(x):
    y = x * 1
    np.put(y, [0], 5.0)
    return np.sum(y**2)


def _first_and_rest(x):
    first, *rest = x
    return first * rest[0] + rest[1]


@snippet
def write_into_zeros(x):
    y = np.zeros(3)
    y[0] = x[0]
    y[1:] = x[1:] ** 2
    return np.sum(y * P)


@snippet
def write_into_empty_like(x):
    y = np.empty_like(x)
    for i in range(3):
        y[i] = x[i] ** 2
    return np.sum(y * P)


@snippet
def write_into_own(x):
    y = x * 1
    y[0] = 7.0
    y[1] *= 3
    return np.sum(y**2)


@snippet
def write_through_view(x):
    y = x * 1
    row = y[1:]
    row *= 2
    row[0] = x[0]
    return np.sum(y**2)


@snippet
def write_through_transposed(x):
    table = np.outer(x, x)
    table.T[0] = 5.0
    return np.sum(table**2)


@snippet
def write_through_copy(x):
    table = np.outer(x, x)
    flat = table.T.ravel()
    flat[0] = 100.0
    return np.sum(table**2)


@snippet
def write_through_flatten(x):
    y = x * 1
    z = y.flatten()
    z[0] = 100.0
    return np.sum(y**2)


@snippet
def write_row_of_table(x):
    table = np.zeros((2, 3)) * x
    table[0] = x
    table[1, ::2] = x[:2]
    table[table > 1] = 0.5
    return np.sum(table**2)


@snippet
def add_in_place(x):
    y = x * 2
    z = y
    y += x
    return np.sum(z**2)


@snippet
def add_in_place_number(x):
    total = 0.0
    for value in x:
        total += value**2
    return total


@snippet
def add_to_plain(x):
    total = np.zeros(3)
    for _ in range(3):
        total += x**2
    return np.sum(total)


@snippet
def add_to_plain_with_alias(x):
    total = np.zeros(3)
    same = total
    total += x**2
    return np.sum(same) + x[0]


@snippet
def add_to_plain_view(x):
    table = np.zeros((2, 3))
    row = table[0]
    row += x**2
    return np.sum(table) + x[0]


@snippet
def add_to_plain_with_view(x):
    row = np.zeros(6)
    half = row[:3]
    row += np.concatenate([x, x])
    return np.sum(half) + x[0]


@snippet
def add_to_plain_in_list(x):
    totals = [np.zeros(3), np.zeros(3)]
    totals[0] += x**2
    return np.sum(totals[0])


@snippet
def add_to_entry_of_plain(x):
    y = np.zeros(3)
    y[1] += x[0]
    return np.sum(y) + x[2]


@snippet
def add_to_slice_of_plain(x):
    y = np.zeros(3)
    y[1:] += x[1:]
    return np.sum(y) + x[0]


@snippet
def out_plain(x):
    y = np.zeros(3)
    np.multiply(x, x, out=y)
    return np.sum(y) + x[0]


@snippet
def out_traced(x):
    y = np.zeros_like(x)
    np.multiply(x, x, out=y)
    return np.sum(y)


@snippet
def out_of_sum(x):
    y = np.zeros_like(x)
    np.cumsum(x, out=y)
    return np.sum(y**2)


@snippet
def copyto(x):
    y = np.zeros_like(x)
    np.copyto(y, x**2)
    return np.sum(y)


@snippet
def copyto_plain(x):
    y = np.zeros(3)
    np.copyto(y, x**2)
    return np.sum(y) + x[0]


@snippet
def fill(x):
    y = np.empty_like(x)
    y.fill(2.0)
    return np.sum(y * x)


@snippet
def fill_diagonal(x):
    table = np.outer(x, x)
    np.fill_diagonal(table, 0.0)
    return np.sum(table)


@snippet
def sort_in_place(x):
    y = x * 1
    y.sort()
    return np.sum(y * P)


@snippet
def swap(x):
    y = x * 1
    y[0], y[2] = y[2], y[0]
    return np.sum(y * P)


@snippet
def assign_shape(x):
    y = np.outer(x, x)
    y.shape = (9,)
    return np.sum(y * np.arange(9))


@snippet
def plain_then_written(x):
    weights = np.ones(3)
    first = np.sum(x * weights)
    weights[:] = 5.0
    return first + np.sum(x**2 * weights)


@snippet
def memory_view(x):
    return np.frombuffer(memoryview(x))[0] * x[1]


@snippet
def through_bytes(x):
    return np.frombuffer(x.tobytes())[0] * x[1]


@snippet
def through_pointer(x):
    return np.ctypeslib.as_array(x.ctypes.data_as(np.ctypeslib.ctypes.POINTER(np.ctypeslib.ctypes.c_double)), (3,))[0]


@snippet
def through_save(x):
    import io

    file = io.BytesIO()
    np.save(file, x)
    file.seek(0)
    return np.load(file)[0] ** 2


@snippet
def ndindex(x):
    return sum(x[i] ** 2 for i in np.ndindex(x.shape))


@snippet
def ndenumerate(x):
    return sum(i[0] * v**2 for i, v in np.ndenumerate(x))


@snippet
def nditer(x):
    return sum(v * v for v in np.nditer(x))


@snippet
def while_loop(x):
    y = x[0]
    while y < 10:
        y = y * 2
    return y * x[1]


@snippet
def newton(x):
    y = 1.0
    for _ in range(8):
        y = y - (y * y - x[2]) / (2 * y)
    return y * x[0]


@snippet
def generator(x):
    def squares():
        for v in x:
            yield v * v

    return sum(squares())


@snippet
def recursion(x):
    def power(v, n):
        return 1.0 if n == 0 else v * power(v, n - 1)

    return power(x[0], 5)


@dataclass
class Model:
    weights: Any
    bias: Any = 0.5

    def __call__(self, v):
        return np.tanh(self.weights @ v + self.bias)


@snippet
def in_dataclass(x):
    return Model(x)(P) ** 2


@snippet
def attribute_in_place(x):
    model = Model(x, np.zeros(3))
    model.bias += x**2
    return np.sum(model.bias)


@snippet
def try_except(x):
    try:
        return np.sum(x**2)
    except ValueError:
        return 0.0


@snippet
def swallowed(x):
    try:
        scale = float(x[0])
    except TypeError:
        scale = x[0]
    return scale * x[1]
