"""Checking JAX: functions with rules of their own, `jax.custom_vjp` and `jax.custom_jvp`.

The function is a black box that is nudged, in double precision within a context: no setting is changed. Its reverse
rule is held against the measured slopes, its forward rule against the reverse: <c, J t> and <c J, t> are one number.
Needs the extra `jax`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from gradwork.check.cause import Finding
from gradwork.check.check import Check
from gradwork.check.check import check as check_numbers
from gradwork.check.given import Array
from gradwork.check.promises import broken, by_its_own, in_its_own, listed, with_more
from gradwork.check.verdicts import BARS
from gradwork.errors import ArgumentError, GradworkError, MissingExtraError, TracedValueError
from gradwork.gradients.nudge import nudge
from gradwork.graph.trace import as_called
from gradwork.graph.tree import Structure, flatten, leaf_names

try:
    import jax
    import jax.numpy as jnp
except ImportError as _error:
    raise MissingExtraError(
        "gradwork.jax needs jax, which is not installed", hint='python -m pip install "jax>=0.4.30"'
    ) from _error

__all__ = ["check"]

DRAWS = 4  # points a last place away
DIRECTIONS = 2
LOOSE = 1e-9  # of the dot products: rounding of two orders of summing, in double precision


def check(f: Callable[..., Any], *args: Any, strict: bool = False) -> Check:
    """Are the forward and reverse rules right that JAX uses for a function with rules of its own?

    f:    any function of JAX; those of its parts that have a `custom_vjp` or a `custom_jvp` are named in the report.
    args: its arguments, nested or not; every floating array and number in them is checked.
    strict: an entry about which nothing can be told fails the check as well.

    All outputs, times random numbers, are added up to one number, which is nudged in double precision where the
    function works in it. Gives a `gw.Check`. Beside wrong slopes it names: what comes back ignored (GW224), a forward
    rule that disagrees with the reverse one (GW252), and other slopes in the precision of use (GW253).
    Raises ArgumentError where no argument or no output is of floating numbers.

    >>> import gradwork.jax, jax.numpy as jnp
    >>> gradwork.jax.check(lambda x: jnp.sin(x) ** 2, jnp.array([0.5, 2.0])).ok
    True

    Source: the dot-product identity: Griewank and Walther, Evaluating Derivatives, 2008, section 3.2.
    """
    subject = _at_its_widest(Subject(f, args))
    found = check_numbers(subject.loss, subject.gradient, strict=strict, kwargs=subject.arrays)
    notes = [*_rules(subject), *_precision(subject)]
    if subject.wide:
        found, note = _as_used(found, subject)
        notes += [note] if note else []
    findings = [*_ignores_upstream(subject)]
    forward, note = _forward_rule(subject, found)
    found = with_more(found, [*findings, *forward])
    notes += [note] if note else []
    return replace(found, said="\n".join([found.said, *notes] if found.said else notes))


# -- the function as what is nudged -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Subject:
    """A function of JAX at its arguments: named arrays in, one number out.  wide: it is run in double precision."""

    f: Callable[..., Any]
    args: tuple[Any, ...]
    wide: bool = True

    @cached_property
    def tree(self) -> tuple[list[Any], Structure]:
        """The leaves of the arguments."""
        return flatten(self.args)

    @cached_property
    def places(self) -> dict[str, int]:
        """The checked leaves by name."""
        leaves, structure = self.tree
        labels = as_called(self.f).labels(len(self.args))
        inside = leaf_names(list(zip(labels, structure.children, strict=True)))
        names = [name for names in inside for name in names]
        found = {name: k for k, (name, leaf) in enumerate(zip(names, leaves, strict=True)) if _is_floating(leaf)}
        if not found:
            raise ArgumentError("no argument is an array of floating numbers", hint="jnp.array([0.5, 2.0])")
        return found

    @cached_property
    def arrays(self) -> dict[str, Array]:
        """The checked arrays by name; in double precision where it is run there."""
        leaves = self.tree[0]
        kind = np.float64 if self.wide else np.float32
        return {n: np.asarray(leaves[k]).astype(kind) for n, k in self.places.items()}

    @cached_property
    def narrow(self) -> list[str]:
        """The dtypes below double precision among what is checked."""
        kinds = {str(jnp.asarray(self.tree[0][k]).dtype) for k in self.places.values()}
        return sorted(kinds - {"float64", "complex128"})

    @cached_property
    def run(self) -> Callable[..., list[Any]]:
        """The outputs that are floating numbers, by the checked arrays; compiled where that can be done."""

        def outputs(values: Mapping[str, Any]) -> list[Any]:
            leaves, structure = self.tree
            mine = [self._other(leaf) for leaf in leaves]
            for name, place in self.places.items():
                mine[place] = values[name]
            found = [leaf for leaf in flatten(self.f(*structure.build(iter(mine))))[0] if _is_floating(leaf)]
            if not found:
                raise ArgumentError("no output is an array of floating numbers", why="slopes are asked of numbers")
            return found

        compiled = jax.jit(outputs)
        try:
            compiled(self.point)
        except (jax.errors.JAXTypeError, jax.errors.JAXIndexError):
            return outputs
        return compiled  # type: ignore[no-any-return]

    @property
    def point(self) -> dict[str, Any]:
        """The checked arrays as JAX's own."""
        return {n: self._own(n, a) for n, a in self.arrays.items()}

    @cached_property
    def outputs(self) -> list[Any]:
        """The outputs at the point."""
        with self.precision():
            return self.run(self.point)

    def weights(self, seed: int = 1) -> list[Any]:
        """What is sent back to each output: random numbers."""
        generator = np.random.default_rng(seed)
        return [jnp.asarray(generator.standard_normal(np.shape(o)), dtype=o.dtype) for o in self.outputs]

    def loss(self, **arrays: Array) -> Any:
        """The outputs times the weights: what is nudged."""
        with self.precision():
            found = self.run({n: self._own(n, a) for n, a in arrays.items()})
            total = sum(jnp.sum(o * w) for o, w in zip(found, self.weights(), strict=True))
            return np.asarray(total)[()]

    def gradient(self, **arrays: Array) -> dict[str, Array]:
        """What the reverse rules give."""
        with self.precision():
            return self.sent_back({n: self._own(n, a) for n, a in arrays.items()}, self.weights())

    def sent_back(self, values: Mapping[str, Any], weights: Sequence[Any]) -> dict[str, Array]:
        """One way back, as plain arrays."""
        _, pullback = jax.vjp(self.run, dict(values))
        (found,) = pullback(list(weights))
        return {n: _plain(found[n]) for n in values}

    def carried(self, tangents: Mapping[str, Any]) -> list[Any]:
        """A direction carried forward."""
        return list(jax.jvp(self.run, (self.point,), (dict(tangents),))[1])

    def precision(self) -> AbstractContextManager[Any]:
        """Double precision within a context, if that is asked for."""
        if not self.wide:
            return nullcontext()
        if hasattr(jax, "enable_x64"):
            return jax.enable_x64(True)  # type: ignore[no-any-return]
        from jax.experimental import enable_x64

        return enable_x64()  # type: ignore[no-any-return]

    def _own(self, name: str, value: Array) -> Any:
        if not isinstance(value, (np.ndarray, np.generic, float)):
            raise TracedValueError("JAX takes plain numbers", why="what happens in JAX is not traced")
        like = self.tree[0][self.places[name]]
        return jnp.asarray(value, dtype=None if self.wide else jnp.asarray(like).dtype)

    def _other(self, leaf: Any) -> Any:
        return jnp.asarray(np.asarray(leaf)) if hasattr(leaf, "dtype") and hasattr(leaf, "shape") else leaf


def _plain(slope: Any) -> Array:
    """A slope as NumPy's: bfloat16 as float32, no slope as zeros."""
    if slope.dtype == jax.dtypes.float0:
        return np.zeros(np.shape(slope))
    return np.asarray(slope if slope.dtype in (np.float32, np.float64) else slope.astype(np.float32))


def _is_floating(leaf: Any) -> bool:
    return isinstance(leaf, float) or (hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating))


def _at_its_widest(subject: Subject) -> Subject:
    """The subject in double precision where it answers in it; else as it is."""
    subject.places, subject.narrow  # noqa: B018 - what the arguments are is read outside the context
    try:
        kept = all(o.dtype == np.float64 for o in subject.outputs)
    except (TypeError, ValueError):
        kept = False
    return subject if kept else replace(subject, wide=False)


# -- what is looked at beside the slopes ------------------------------------------------------------------------------


def _rules(subject: Subject) -> Iterator[str]:
    """The rules of their own that take part, by name."""
    try:
        with subject.precision():
            text = str(jax.make_jaxpr(subject.run)(subject.point))
    except jax.errors.JAXTypeError:
        return  # it decides by values: what it is made of cannot be listed
    found: dict[str, list[str]] = {}
    for kind, name in re.findall(r"custom_(jvp|vjp)_call\w*\[\s*name=(\w+)", text):
        if name not in found.setdefault(kind, []):
            found[kind].append(name)
    for kind, names in found.items():
        yield f"custom_{kind} takes part: {listed(names)}"
    if not found:
        yield "no function with a custom_vjp or custom_jvp was met: what is checked are JAX's own rules"


def _precision(subject: Subject) -> Iterator[str]:
    if subject.narrow and subject.wide:
        yield f"{listed(subject.narrow)} is nudged, and gone back through, in float64"
    elif subject.narrow:
        kinds = listed(subject.narrow)
        yield f"it does not work in float64, so it is nudged in {kinds}: what is smaller than its rounding is not seen"


def _as_used(found: Check, subject: Subject) -> tuple[Check, str]:
    """The gradient in its own precision."""
    own = replace(subject, wide=False)

    def gradients(values: Mapping[str, Any]) -> dict[str, Array]:
        return {n: np.asarray(g, dtype=np.float64) for n, g in own.sent_back(values, own.weights()).items()}

    try:
        point = own.point
        first = gradients(point)
        moved = [gradients(_shaken(point, seed)) for seed in range(DRAWS)]
    except (TypeError, ValueError):
        return found, ""
    unit = max([2.0**-24, *(float(jnp.finfo(v.dtype).eps) / 2 for v in point.values())])
    return by_its_own(found, in_its_own(first, moved, unit, found.verdicts), subject.narrow)


def _shaken(point: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Every entry moved by its last place, or not."""
    generator = np.random.default_rng(seed)
    found = {}
    for name, value in point.items():
        steps = jnp.asarray(generator.integers(-1, 2, np.shape(value)), value.dtype)
        found[name] = (value + value * steps * float(jnp.finfo(value.dtype).eps)).astype(value.dtype)
    return found


def _ignores_upstream(subject: Subject) -> Iterator[Finding]:
    """The same slopes for two different projections, or not twice the slopes for twice what comes back."""
    with subject.precision():
        weights = subject.weights()
        one = subject.sent_back(subject.point, weights)
        two = subject.sent_back(subject.point, subject.weights(seed=2))
        double = subject.sent_back(subject.point, [2 * w for w in weights])
    moving = [n for n, g in one.items() if bool(np.any(np.asarray(g)))]
    names = [n for n in moving if _close(one[n], two[n])]
    if names:
        yield broken(
            "GW224", f"what comes back (the cotangent) is ignored on the way to {listed(names)}", names,
            "two different cotangents give the same slopes; only for a loss that is the plain sum are they right",
            "multiply the local slope by the cotangent",
        )  # fmt: skip
    loose = LOOSE if subject.wide else 1e-4
    names = [n for n in moving if n not in names and not _close(2 * one[n], double[n], loose)]
    if names:
        yield broken(
            "GW224", f"twice what comes back (the cotangent) does not give twice the slopes of {listed(names)}", names,
            "a way back is linear: each slope is a sum of what comes back, times numbers that do not depend on it",
            "use the cotangent as a factor, once",
        )  # fmt: skip


def _close(a: Any, b: Any, loose: float = LOOSE) -> bool:
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return bool(np.allclose(a, b, rtol=loose, atol=loose * float(np.max(np.abs(b), initial=0.0)), equal_nan=True))


def _forward_rule(subject: Subject, found: Check) -> tuple[list[Finding], str]:
    """The forward rule against the reverse one, along random directions; and against the measured rise."""
    names: list[str] = []
    measured_too: list[bool] = []
    with subject.precision():
        weights = subject.weights()
        back = subject.sent_back(subject.point, weights)
        generator = np.random.default_rng(3)
        for name, value in subject.point.items():
            for _ in range(DIRECTIONS):
                along = jnp.asarray(generator.standard_normal(np.shape(value)), value.dtype)
                tangents = {n: along if n == name else jnp.zeros_like(v) for n, v in subject.point.items()}
                try:
                    tangent = subject.carried(tangents)
                except TypeError as error:
                    return [], _no_forward(error)
                pairs = zip(weights, tangent, strict=True)
                carried = sum(float(np.sum(np.asarray(w, float) * np.asarray(t, float))) for w, t in pairs)
                sent = float(np.sum(np.asarray(back[name], float) * np.asarray(along, float)))
                size = float(np.linalg.norm(np.asarray(back[name], float))) * np.sqrt(np.size(along))
                if abs(carried - sent) > (LOOSE if subject.wide else 1e-3) * max(abs(carried), abs(sent), size):
                    names.append(name)
                    measured_too.append(_is_measured(subject, name, np.asarray(along, float), carried))
                    break
    if not names:
        return [], ""
    right = [n for n in names if found.verdicts[n].right]
    which = (
        "the reverse rule is right by measurement, so the forward rule is wrong" if right == names
        else "the forward rule is right by measurement, so the reverse rule is wrong" if all(measured_too)
        else "the measured slopes confirm neither"
    )  # fmt: skip
    finding = broken(
        "GW252", f"the forward rule and the reverse rule do not belong to one function, by {listed(names)}", names,
        f"<c, J t> and <c J, t> have to be one number; {which}", "use the same local slopes in both",
    )  # fmt: skip
    return [finding], ""


def _is_measured(subject: Subject, name: str, along: Array, carried: float) -> bool:
    """Whether the loss rises along a direction as the forward rule says."""
    base = subject.arrays
    try:
        found = nudge(lambda t: subject.loss(**{**base, name: base[name] + float(t) * along}), 0.0, mode="definition")
    except GradworkError:
        return False
    return abs(float(found.gradient) - carried) <= BARS * float(found.error) + 1e-6 * abs(carried)


def _no_forward(error: Exception) -> str:
    if "custom_vjp" in str(error):
        return "a custom_vjp has no forward rule, so reverse and forward could not be compared"
    return f"no forward rule: {next(iter(str(error).splitlines()), '')[:100]}"
