"""What every op promises, checked from its declaration alone.

`check_op(op)` tries the op at its own samples and gives a list of what does not hold; an empty list is a promise kept.
The tests run it over all ops, and break each rule on purpose to see that it notices. It serves for an op of your own
too: declare it with `gw.op`, then `check_op("my_op")`.

Nothing here trusts the engine: values are held against the plain function, slopes against nudges and complex steps.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.gradients.transforms import grad, jvp, vjp
from gradwork.graph.graph import Params
from gradwork.graph.op import REGISTER, Composite, Kink, Op
from gradwork.graph.trace import trace_call
from gradwork.graph.traced import call, contains_traced
from gradwork.graph.tree import Structure, flatten

_NUDGE = 2e-3
_CLOSE = 1e-6
SHAPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((), ()),
    ((3,), ()),
    ((3,), (2, 3)),
    ((2, 1), (3,)),
    ((2, 1), (1, 3)),
    ((0,), ()),
    ((1,), (0,)),
    ((2, 0), (0,)),
)


@dataclass(frozen=True)
class Broken:
    """One promise that does not hold: which one, at what, and how."""

    promise: str
    at: str
    how: str

    def __str__(self) -> str:
        return f"{self.promise}, at {self.at}: {self.how}"


@dataclass(frozen=True, eq=False)
class Case:
    """One sample as a function of the float arrays in it; everything else in the sample stands still."""

    call: Callable[..., Any]
    structure: Structure
    leaves: tuple[Any, ...]
    params: dict[str, Any]
    text: str

    @property
    def moving(self) -> list[int]:
        """Which leaves are numbers that can move."""
        return [k for k, leaf in enumerate(self.leaves) if _is_float(leaf)]

    @property
    def point(self) -> list[Any]:
        """The arrays that can move."""
        return [np.asarray(self.leaves[k], dtype=_float_dtype(self.leaves[k]))[()] for k in self.moving]

    @property
    def is_complex(self) -> bool:
        """Whether the sample is one of complex numbers."""
        return any(np.iscomplexobj(p) for p in self.point)

    def __call__(self, *arrays: Any) -> Any:
        slots = dict(zip(self.moving, arrays, strict=True))
        filled = [slots.get(k, leaf) for k, leaf in enumerate(self.leaves)]
        result = self.call(*self.structure.build(iter(filled)), **self.params)
        # Several results are looked at as one, and a complex result of real numbers as its two parts.
        if isinstance(result, (tuple, list)):
            result = np.concatenate([np.ravel(r) for r in result])
        if np.iscomplexobj(result) and not any(map(np.iscomplexobj, arrays)):
            return np.stack([np.real(result), np.imag(result)])
        return result

    def in_float32(self) -> list[Any]:
        """The same point in single precision."""
        return [np.asarray(p, dtype=np.float32)[()] for p in self.point]


def check_op(op: Op | Composite | str, *, first: bool = False) -> list[Broken]:
    """Everything that the declaration promises and that does not hold.

    op:    an op, or the name of one that is declared.
    first: stop at the first broken promise.

    >>> check_op("tanh")
    []
    """
    if isinstance(op, str):
        op = REGISTER.composites[op] if op in REGISTER.composites else REGISTER.named(op)
    found: list[Broken] = []
    for broken in _broken(op):
        found.append(broken)
        if first:
            break
    return found


def cases(op: Op | Composite) -> list[Case]:
    """The op's samples, as functions that can be traced and nudged."""
    made = []
    function = _called(op.answers[0])
    for sample in op.samples:
        values, params = _arguments(op, sample)
        leaves, structure = flatten(values)
        made.append(Case(function, structure, tuple(leaves), params, f"{_short(values)}{params or ''}"))
    return made


def _called(function: Any) -> Callable[..., Any]:
    """The function, taken by the tracer wherever a traced value is among the arguments."""

    def either(*args: Any, **kwargs: Any) -> Any:
        if any(map(contains_traced, args)):
            return call(function, args, kwargs)
        with warnings.catch_warnings():
            # What NumPy means to drop is still asked for by those who use it.
            warnings.simplefilter("ignore", DeprecationWarning)
            return function(*args, **kwargs)

    return either


def _arguments(op: Op | Composite, sample: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    values = sample if isinstance(sample, tuple) else (sample,)
    if values and isinstance(values[-1], dict):
        return values[:-1], dict(values[-1])
    return values, {}


def _broken(op: Op | Composite) -> Iterator[Broken]:
    yield from _declared(op)
    tried = cases(op)
    smooth = isinstance(op, Composite) or op.differentiable
    for case in tried:
        yield from _value(op, case)
        if smooth and case.moving:
            yield from _complex_numbers(op, case)
        if smooth and case.moving and not case.is_complex:
            for promise in (_slopes, _complex_step, _both_ways, _second, _single_precision):
                yield from promise(op, case)
    if isinstance(op, Op) and op.elementwise and smooth:
        yield from _declared_slopes(op)
        yield from _broadcasts(op)
        yield from _zero_wins(op)
    if isinstance(op, Op):
        yield from _shapes(op, tried)
        yield from _kinks(op)


# -- the declaration itself -------------------------------------------------------------------------------------------


def _declared(op: Op | Composite) -> Iterator[Broken]:
    for field in ("why", "source", "family", "answers"):
        if not getattr(op, field):
            yield Broken("every declaration is complete", op.name, f"{field} is empty")
    untried = isinstance(op, Composite) and op.rule in ("constant rule", "writing rule")
    if not op.samples and not untried:
        yield Broken("every declaration is complete", op.name, "there are no samples")
    if isinstance(op, Composite):
        if not op.rule:
            yield Broken("every declaration is complete", op.name, "rule is empty")
    elif bool(op.rule) != op.differentiable:
        yield Broken("a rule has a name, and a name has a rule", op.name, f"rule={op.rule!r}")
    elif op.elementwise and op.arity != len(op.slopes):
        yield Broken("an op has one slope an input", op.name, f"{len(op.slopes)} slopes, {op.arity} inputs")


# -- values -----------------------------------------------------------------------------------------------------------


def _value(op: Op | Composite, case: Case) -> Iterator[Broken]:
    point = case.point if case.moving else []
    with np.errstate(all="ignore"):
        plain = case(*point)
        traced = trace_call(case, point) if point else None
    if traced is None:
        return
    (output,) = traced.graph.outputs
    value, node = traced.values[output], traced.graph.nodes[output]
    expected = np.asarray(plain)
    if node.shape != expected.shape or node.dtype != expected.dtype:
        yield Broken(
            "tracing keeps shape and dtype",
            case.text,
            f"{node.shape} {node.dtype}, not {expected.shape} {expected.dtype}",
        )
    elif not _same_bits(np.broadcast_to(value, node.shape), expected, _slack(op)):
        yield Broken("tracing does not change a value", case.text, f"{value!r}, not {plain!r}")


def _slack(op: Op | Composite) -> int:
    """How many last places a composite may be off: NumPy sums some of them in another order."""
    return 4 if isinstance(op, Composite) and not op.exact else 0


def _same_bits(value: Any, expected: Any, slack: int) -> bool:
    if slack and expected.dtype.kind in "fc":
        return bool(np.allclose(value, expected, rtol=slack * np.finfo(expected.dtype).eps, atol=0, equal_nan=True))
    return np.ascontiguousarray(value).tobytes() == np.ascontiguousarray(expected).tobytes() or bool(
        np.array_equal(value, expected) and np.array_equal(np.signbit(np.real(value)), np.signbit(np.real(expected)))
    )


def _shapes(op: Op, tried: Sequence[Case]) -> Iterator[Broken]:
    """What a rule in symbols needs: shapes and dtypes without values."""
    from gradwork.graph.builder import infer

    for case in tried:
        if not case.moving:
            continue
        traced = trace_call(case, case.point)
        graph = traced.graph
        for node in graph.nodes:
            if node.op != op.name:
                continue
            known = tuple((graph.nodes[i].shape, graph.nodes[i].dtype) for i in node.inputs)
            if any(d.kind == "b" for _, d in known) and not op.elementwise:
                continue  # how many entries a mask picks is in its values
            shape, dtype = infer(op, known, node.params)
            if (tuple(shape), np.dtype(dtype)) != (node.shape, node.dtype):
                yield Broken(
                    "shapes follow without values", case.text, f"{shape} {dtype}, not {node.shape} {node.dtype}"
                )


# -- slopes -----------------------------------------------------------------------------------------------------------


def nudged(f: Callable[..., Any], point: Sequence[Any], step: float = _NUDGE) -> list[Any]:
    """The table of slopes of `f` by each array in `point`, measured both ways, with three steps against one another."""
    tables = []
    with np.errstate(all="ignore"):
        for k, array in enumerate(point):
            columns = [_measured(f, point, k, i, step) for i in np.ndindex(np.shape(array))]
            out = np.shape(f(*point))
            table = np.stack(columns, axis=-1) if columns else np.zeros((*out, 0))
            tables.append(table.reshape(out + np.shape(array)))
    return tables


def _measured(f: Callable[..., Any], point: Sequence[Any], k: int, i: Any, step: float) -> Any:
    """Central differences at three steps, each half the one before, extrapolated to none (Richardson 1911)."""
    first, second, third = (_central(f, point, k, i, step / d) for d in (1, 2, 4))
    better, best = (4 * second - first) / 3, (4 * third - second) / 3
    return (16 * best - better) / 15


def _central(f: Callable[..., Any], point: Sequence[Any], k: int, i: Any, step: float) -> Any:
    up, down = _moved(point, k, i, step), _moved(point, k, i, -step)
    width = np.asarray(up[k])[i] - np.asarray(down[k])[i]
    return (np.asarray(f(*up), np.float64) - np.asarray(f(*down), np.float64)) / width


def _moved(point: Sequence[Any], k: int, i: Any, step: float) -> list[Any]:
    changed = np.array(point[k], dtype=np.float64)
    changed[i] += step * max(1.0, abs(float(changed[i])))
    return [*point[:k], changed[()], *point[k + 1 :]]


def _slopes(op: Op | Composite, case: Case) -> Iterator[Broken]:
    """Going back and going forward, against nudges, with weights and directions that are not all alike."""
    point = case.point
    tables = nudged(case, point)
    value, pullback = vjp(case, *point)
    weights = _numbers(np.shape(value), 1)
    for k, slope in enumerate(pullback(weights)):
        expected = np.tensordot(weights, tables[k], axes=np.ndim(weights))
        yield from _compare("the rule agrees with nudges", f"{case.text}, input {k}", slope, expected)
    for k, array in enumerate(point):
        tangents = [_numbers(np.shape(a), 2) if j == k else np.zeros_like(a) for j, a in enumerate(point)]
        _, moved = jvp(case, point, [t if j == k else None for j, t in enumerate(tangents)])
        expected = np.tensordot(tables[k], tangents[k], axes=np.ndim(array))
        yield from _compare("the way forward agrees with nudges", f"{case.text}, input {k}", moved, expected)


def _complex_step(op: Op | Composite, case: Case) -> Iterator[Broken]:
    if isinstance(op, Composite) or not op.analytic:
        return
    point = case.point
    tangents = [_numbers(np.shape(a), 3) for a in point]
    tiny = 1e-30
    with np.errstate(all="ignore"):
        shifted = case(*(a + 1j * tiny * t for a, t in zip(point, tangents, strict=True)))
    _, moved = jvp(case, point, tangents)
    expected = np.imag(shifted) / tiny
    if not np.allclose(moved, expected, rtol=1e-12, atol=1e-13 * _size(expected)):
        yield Broken("an analytic op agrees with a complex step", case.text, f"{moved!r}, not {expected!r}")


def _complex_numbers(op: Op | Composite, case: Case) -> Iterator[Broken]:
    """At complex points: forward against a step in a complex direction, and back against forward by real parts."""
    if not case.is_complex and (isinstance(op, Composite) or not op.analytic):
        return
    point = [p + (0 if case.is_complex else 0.3j * _numbers(np.shape(p), 9)) for p in case.point]
    tangents = [_numbers(np.shape(p), 10) + 1j * _numbers(np.shape(p), 11) for p in point]
    value, moved = jvp(case, point, tangents)
    step = 1e-5
    with np.errstate(all="ignore"):
        ahead, behind = (
            np.asarray(case(*(p + s * t for p, t in zip(point, tangents, strict=True)))) for s in (step, -step)
        )
    yield from _compare("complex numbers move as nudges say", case.text, moved, (ahead - behind) / (2 * step), 10)
    weights = _numbers(np.shape(value), 12) + (1j * _numbers(np.shape(value), 13) if np.iscomplexobj(value) else 0.0)
    slopes = vjp(case, *point)[1](weights)
    pairs = [s * t for s, t in zip(slopes, tangents, strict=True)]
    back, forward = float(sum(np.real(np.sum(p)) for p in pairs)), float(np.real(np.sum(weights * moved)))
    if not abs(back - forward) <= 1e-10 * float(sum(np.sum(np.abs(p)) for p in pairs)) + 1e-300:
        yield Broken(
            "back and forward weigh the same, for complex numbers", case.text, f"forward {forward!r}, back {back!r}"
        )


def _both_ways(op: Op | Composite, case: Case) -> Iterator[Broken]:
    """What is carried back weighs as much as what is carried forward: ⟨w, J t⟩ = ⟨Jᵀ w, t⟩."""
    point = case.point
    tangents = [_numbers(np.shape(a), 4) for a in point]
    value, pullback = vjp(case, *point)
    weights = _numbers(np.shape(value), 5)
    _, moved = jvp(case, point, tangents)
    forward = float(np.sum(weights * moved))
    pairs = [(s, t) for s, t in zip(pullback(weights), tangents, strict=True)]
    back = float(sum(np.sum(s * t) for s, t in pairs))
    scale = float(sum(np.sum(np.abs(s * t)) for s, t in pairs)) + abs(forward)
    if not abs(forward - back) <= 1e-11 * scale + 1e-300:
        yield Broken("back and forward weigh the same", case.text, f"forward {forward!r}, back {back!r}")


def _second(op: Op | Composite, case: Case) -> Iterator[Broken]:
    """The gradient's own gradient, against nudges of the gradient."""
    point = case.point
    weights = _numbers(np.shape(case(*point)), 6)
    every = tuple(range(len(point)))

    def number(*arrays: Any) -> Any:
        return np.sum(weights * case(*arrays))

    def along(*arrays: Any) -> Any:
        slopes = grad(number, wrt=every)(*arrays)
        total: Any = 0.0
        for k, slope in enumerate(slopes):
            total = total + np.sum(_numbers(np.shape(point[k]), 7) * slope)
        return total

    expected = nudged(along, point)
    for k, slope in enumerate(grad(along, wrt=every)(*point)):
        yield from _compare("the second slope agrees with nudges", f"{case.text}, input {k}", slope, expected[k], 10)


def _single_precision(op: Op | Composite, case: Case) -> Iterator[Broken]:
    point = case.in_float32()
    with np.errstate(all="ignore"):
        plain = np.asarray(case(*point))
        value, pullback = vjp(case, *point)
    if np.asarray(value).dtype != plain.dtype:
        yield Broken("float32 stays as NumPy has it", case.text, f"value {np.asarray(value).dtype}, not {plain.dtype}")
    wide = vjp(case, *case.point)[1](np.ones(plain.shape))
    for k, (slope, better) in enumerate(zip(pullback(np.ones(plain.shape, plain.dtype)), wide, strict=True)):
        if np.asarray(slope).dtype != np.float32:
            yield Broken("a gradient has its argument's dtype", f"{case.text}, input {k}", str(np.asarray(slope).dtype))
        elif not np.allclose(slope, better, rtol=2e-4, atol=2e-4 * _size(better)):
            yield Broken(
                "float32 gives the same slopes, less finely", f"{case.text}, input {k}", f"{slope!r}, not {better!r}"
            )


def _compare(promise: str, at: str, slope: Any, expected: Any, loose: float = 1) -> Iterator[Broken]:
    slope = np.asarray(slope)
    if slope.shape != np.shape(expected):
        yield Broken(promise, at, f"shape {slope.shape}, not {np.shape(expected)}")
    elif not np.allclose(slope, expected, rtol=_CLOSE * loose, atol=_CLOSE * loose * _size(expected)):
        yield Broken(promise, at, f"{slope!r}, measured {expected!r}")


# -- what only ops that act entry by entry promise --------------------------------------------------------------------


def _declared_slopes(op: Op) -> Iterator[Broken]:
    """The slopes as they are declared, on plain numbers: they are what a derivation prints."""
    for case in cases(op):
        arguments = [np.asarray(v)[()] for v in case.leaves]
        value = op.function(*arguments)
        for path, slope in enumerate(op.slopes):
            if slope is None or path not in case.moving:
                continue
            found = slope(value, *arguments) if callable(slope) else slope

            def one(x: Any, path: int = path, arguments: list[Any] = arguments) -> Any:
                return op.function(*arguments[:path], x, *arguments[path + 1 :])

            (expected,) = nudged(one, [np.float64(arguments[path])])
            yield from _compare(
                "the declared slope agrees with nudges", f"{case.text}, input {path}", np.asarray(found), expected
            )


def _broadcasts(op: Op) -> Iterator[Broken]:
    """In every pair of shapes: NumPy's value, and slopes that are added up over the copies."""
    for shapes in SHAPES:
        case = _in_shapes(op, shapes)
        point = case.point
        with np.errstate(all="ignore"):
            plain = np.asarray(case(*point))
            value, pullback = vjp(case, *point)
        if not _same_bits(np.asarray(value), plain, 0) or np.shape(value) != plain.shape:
            yield Broken("tracing does not change a value", case.text, f"{value!r}, not {plain!r}")
            continue
        weights = _numbers(plain.shape, 8)
        for k, slope in enumerate(pullback(weights)):
            expected = _spread_slope(op, case, k, weights)
            if np.shape(slope) != np.shape(expected) or not np.allclose(
                slope, expected, rtol=1e-9, atol=1e-9 * _size(expected)
            ):
                yield Broken(
                    "slopes are added up over the copies", f"{case.text}, input {k}", f"{slope!r}, not {expected!r}"
                )


def _in_shapes(op: Op, shapes: Sequence[tuple[int, ...]]) -> Case:
    """The op's samples laid out in arrays of these shapes."""
    samples = [s if isinstance(s, tuple) else (s,) for s in op.samples]
    columns = [np.array(column) for column in zip(*samples, strict=True)]
    arrays = [np.resize(c, shapes[k % len(shapes)])[()] for k, c in enumerate(columns)]
    if any(s.ndim for s in arrays) and len({a.shape for a in arrays}) > 1:
        # Columns belong together: mixing them may leave an op's domain, so the first sample fills every place.
        arrays = [np.full(a.shape, c[0])[()] for a, c in zip(arrays, columns, strict=True)]
    leaves, structure = flatten(tuple(arrays))
    return Case(
        _called(op.answers[0]), structure, tuple(leaves), {}, f"shapes {', '.join(str(a.shape) for a in arrays)}"
    )


def _spread_slope(op: Op, case: Case, k: int, weights: Any) -> Any:
    """The slope of one operand, entry by entry at full shape, then added up over its copies."""
    full = [np.array(np.broadcast_to(a, weights.shape)) for a in case.leaves]
    apart = Case(_called(op.answers[0]), case.structure, tuple(full), {}, "")
    slope = np.asarray(vjp(apart, *apart.point)[1](np.asarray(weights)[()])[k])
    shape = np.shape(case.point[k])
    extra = slope.ndim - len(shape)
    slope = slope.sum(axis=tuple(range(extra)))
    return slope.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 and slope.shape[i] != 1), keepdims=True)


def _zero_wins(op: Op) -> Iterator[Broken]:
    """Where the slope coming in is exactly zero, what goes on is zero too, however steep the op is there."""
    for numbers in _candidates(op):
        case = _at(op, numbers)
        if not case.moving:
            continue
        with np.errstate(all="ignore"):
            value, pullback = vjp(case, *case.point)
            back = pullback(np.zeros_like(value))
        if np.isfinite(value) and not all(np.all(np.asarray(b) == 0) for b in back):
            yield Broken("nothing comes back from nothing", case.text, repr(back))


def _at(op: Op, numbers: Sequence[Any]) -> Case:
    leaves, structure = flatten(tuple(np.asarray(n)[()] for n in numbers))
    return Case(_called(op.answers[0]), structure, tuple(leaves), {}, _short(tuple(numbers)))


def _candidates(op: Op) -> list[tuple[Any, ...]]:
    """Points where something may happen: the numbers of the samples, and 0 and 1, in every combination."""
    samples = [s if isinstance(s, tuple) else (s,) for s in op.samples]
    columns = []
    for column in zip(*samples, strict=True):
        plain = all(_is_float(v) for v in column)
        columns.append(sorted({*column, *((0.0, 1.0) if plain else ())}))
    return list(itertools.product(*columns))


# -- corners ----------------------------------------------------------------------------------------------------------


def _kinks(op: Op) -> Iterator[Broken]:
    for kink in op.kinks:
        points = list(_corner_points(op, kink))
        if not points:
            yield Broken("a corner is where the declaration says", op.name, f"none found for {kink.because!r}")
        for case, place in points[:4]:
            yield from _corner(op, kink, case, place)


def _corner_points(op: Op, kink: Kink) -> Iterator[tuple[Case, Any]]:
    if op.elementwise:
        for numbers in _candidates(op):
            at = [k for k in op.kinks if k.path == kink.path and k.at(*numbers)]
            if at == [kink]:
                yield _at(op, numbers), ()
        return
    for row in ([1.0, 3.0, 3.0], [1.0, 1.0, 3.0]):
        array = np.array(row)
        hit = np.asarray(kink.at(array))
        if hit.sum() == 2:
            leaves, structure = flatten((array,))
            yield Case(_called(op.answers[0]), structure, tuple(leaves), {}, str(row)), (int(np.argmax(hit)),)


def _corner(op: Op, kink: Kink, case: Case, place: Any) -> Iterator[Broken]:
    point, k = case.point, kink.path
    step = 1e-7
    with np.errstate(all="ignore"):
        here = np.asarray(case(*point))
        below, above = (np.asarray(case(*_moved(point, k, place, s))) for s in (-step, step))
        _, pullback = vjp(case, *point)
        chosen = np.asarray(pullback(np.ones(here.shape))[k])[place]
    width = step * max(1.0, abs(float(np.asarray(point[k])[place])))
    for side, slope, expected in (
        ("left", (here - below) / width, kink.left),
        ("right", (above - here) / width, kink.right),
    ):
        if not _matches(float(np.sum(slope)), expected):
            yield Broken(
                "the one-sided slopes of a corner are as declared", case.text, f"{side} {float(slope)}, not {expected}"
            )
    if chosen != kink.chosen:
        yield Broken("the slope at a corner is the one declared", case.text, f"{chosen}, not {kink.chosen}")
    if op.branch is not None:
        sides = [op.branch(*_moved(point, k, place, s), **_branch_params(op, case)) for s in (-step, step)]
        if np.array_equal(*sides):
            yield Broken("crossing a corner shows in the branch", case.text, repr(sides[0]))


def _branch_params(op: Op, case: Case) -> dict[str, Any]:
    return {} if op.elementwise else dict(Params(axis=(0,), keepdims=False))


def _matches(slope: float, expected: float) -> bool:
    if np.isnan(expected):
        return bool(np.isnan(slope))
    if np.isinf(expected):
        return abs(slope) > 100 and (slope > 0) == (expected > 0)
    return abs(slope - expected) < 1e-4


# -- small things -----------------------------------------------------------------------------------------------------


def _numbers(shape: tuple[int, ...], stream: int) -> Any:
    """Weights between 0.5 and 1.5 in size, of both signs, always the same and nowhere alike."""
    count = int(np.prod(shape, dtype=np.int64))
    turns = np.modf(0.618033988749895 * (np.arange(count) + 1) + 0.37 * stream)[0]
    signs = np.where(np.modf(0.414213562373095 * (np.arange(count) + 2) + 0.11 * stream)[0] < 0.4, -1.0, 1.0)
    return (signs * (0.5 + turns)).reshape(shape)[()]


def _size(value: Any) -> float:
    """How large the numbers are, 1 at least: what an absolute tolerance goes by."""
    return float(max(1.0, np.max(np.abs(value), initial=0.0)))


def _is_float(value: Any) -> bool:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in "fc"
    return isinstance(value, (float, complex))


def _float_dtype(value: Any) -> Any:
    return np.asarray(value).dtype


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
