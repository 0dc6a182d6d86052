"""A function of JAX as what is nudged: named arrays in, one number out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gradwork.check.given import Array
from gradwork.errors import ArgumentError, TracedValueError
from gradwork.graph.trace import as_called
from gradwork.graph.traced import Traced
from gradwork.graph.tree import Structure, flatten, leaf_names
from gradwork.jax._following import equal, followed
from gradwork.jax._program import NotFollowed, Program
from gradwork.jax._replay import plain_value, replayed, weighed


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
        compiled = jax.jit(self.as_it_is)
        try:
            compiled(self.point)
        except (jax.errors.JAXTypeError, jax.errors.JAXIndexError):
            return self.as_it_is
        return compiled  # type: ignore[no-any-return]

    def as_it_is(self, values: Mapping[str, Any]) -> list[Any]:
        """The outputs that are floating numbers, by the checked arrays, not compiled."""
        leaves, structure = self.tree
        mine = [self._other(leaf) for leaf in leaves]
        for name, place in self.places.items():
            mine[place] = values[name]
        found = [leaf for leaf in flatten(self.f(*structure.build(iter(mine))))[0] if _is_floating(leaf)]
        if not found:
            raise ArgumentError("no output is an array of floating numbers", why="slopes are asked of numbers")
        return found

    @property
    def point(self) -> dict[str, Any]:
        """The checked arrays as JAX's own."""
        return self.own(self.arrays)

    @cached_property
    def outputs(self) -> list[Any]:
        """The outputs at the point."""
        with self.precision():
            return self.run(self.point)

    def weights(self, seed: int = 1) -> list[Any]:
        """What is sent back to each output: random numbers."""
        generator = np.random.default_rng(seed)
        return [jnp.asarray(generator.standard_normal(np.shape(o)), dtype=o.dtype) for o in self.outputs]

    def loss(self, **arrays: Any) -> Any:
        """The outputs times the weights: what is nudged. Of traced arrays, as a graph."""
        with self.precision():
            if any(isinstance(a, Traced) for a in arrays.values()):
                return self._traced_loss(arrays)
            found = self.run(self.own(arrays))
            total = sum(jnp.sum(o * w) for o, w in zip(found, self.weights(), strict=True))
            return np.asarray(total)[()]

    def _traced_loss(self, arrays: Mapping[str, Any]) -> Any:
        """The same as a graph, which gives what JAX gives at this point."""
        outputs = replayed(self._program_for(arrays), arrays)
        theirs = self.run(self.own({n: plain_value(a) for n, a in arrays.items()}))
        if not equal([plain_value(o) for o in outputs], [np.asarray(t) for t in theirs]):
            raise TracedValueError("JAX takes plain numbers", why="carried over, it gives other numbers here")
        return weighed(outputs, [np.asarray(w) for w in self.weights()], arrays)

    @cached_property
    def program(self) -> Program | str:
        """What JAX does with these arrays, step by step; why that cannot be followed, where it cannot."""
        if not self.wide:
            return "it does not work in float64"
        try:
            with self.precision():
                return followed(self.as_it_is, self.run, self.arrays)
        except NotFollowed as error:
            return str(error)

    def _program_for(self, arrays: Mapping[str, Any]) -> Program:
        """The program. Raises TracedValueError where it is not known for arrays of these shapes."""
        found = self.program
        if any(np.shape(a) != np.shape(self.arrays[n]) for n, a in arrays.items()):
            found = "its arrays have other shapes here"
        if isinstance(found, str):
            raise TracedValueError("JAX takes plain numbers", why=found)
        return found

    def gradient(self, **arrays: Array) -> dict[str, Array]:
        """What the reverse rules give."""
        with self.precision():
            return self.sent_back(self.own(arrays), self.weights())

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

    def own(self, arrays: Mapping[str, Array]) -> dict[str, Any]:
        """Plain arrays as JAX's own."""
        return {n: self._own(n, a) for n, a in arrays.items()}

    def _own(self, name: str, value: Array) -> Any:
        if not isinstance(value, (np.ndarray, np.generic, float)):
            raise TracedValueError("JAX takes plain numbers", why="what happens in JAX is not traced")
        like = self.tree[0][self.places[name]]
        return jnp.asarray(value, dtype=None if self.wide else jnp.asarray(like).dtype)

    def _other(self, leaf: Any) -> Any:
        return jnp.asarray(np.asarray(leaf)) if hasattr(leaf, "dtype") and hasattr(leaf, "shape") else leaf


def at_its_widest(subject: Subject) -> Subject:
    """The subject in double precision where it answers in it; else as it is."""
    subject.places, subject.narrow  # noqa: B018 - what the arguments are is read outside the context
    try:
        kept = all(o.dtype == np.float64 for o in subject.outputs)
    except (TypeError, ValueError):
        kept = False
    return subject if kept else replace(subject, wide=False)


def _plain(slope: Any) -> Array:
    """A slope as NumPy's: bfloat16 as float32, no slope as zeros."""
    if slope.dtype == jax.dtypes.float0:
        return np.zeros(np.shape(slope))
    return np.asarray(slope if slope.dtype in (np.float32, np.float64) else slope.astype(np.float32))


def _is_floating(leaf: Any) -> bool:
    return isinstance(leaf, float) or (hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating))
