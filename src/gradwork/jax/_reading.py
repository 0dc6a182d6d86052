"""From JAX's own program (a jaxpr) to a list of steps.

Calls are written out, forward rules left aside (what is nudged is the function itself), loops unrolled, and what hangs
on no argument is worked out at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from gradwork.jax._loops import LOOPS
from gradwork.jax._places import own_function, place_of
from gradwork.jax._program import NotFollowed, Place, Program, Slot, Step, alive
from gradwork.jax._simpler import instead, merged
from gradwork.jax.primitives import entry_of, named_function

MOST_STEPS = 20_000
MOST_ENTRIES = 5_000_000  # of all results together, since a graph keeps them
INSIDE = ("call_jaxpr", "fun_jaxpr", "jaxpr")  # where a call keeps the program of what it calls
COMPILED = frozenset({"jit", "pjit"})
CALLS = COMPILED | frozenset(
    "closed_call core_call remat remat2 checkpoint custom_jvp_call custom_vjp_call custom_vjp_call_jaxpr".split()
)


def read(f: Callable[..., Sequence[Any]], arrays: Mapping[str, Any], *, named: bool) -> Program:
    """The program of `f` at a dict of arrays.

    named: functions of JAX's own that NumPy has as well, or gradwork, are one step. Raises NotFollowed.
    """
    try:
        closed = jax.make_jaxpr(f)(dict(arrays))
    except (jax.errors.JAXTypeError, jax.errors.JAXIndexError):
        raise NotFollowed("the function decides by values") from None
    order = sorted(arrays)  # as JAX takes a dict
    writer = Writer(named)
    slots = [Slot(np.shape(arrays[n]), np.asarray(arrays[n]).dtype) for n in order]
    try:
        outputs = writer.inlined(closed.jaxpr, closed.consts, slots, None)
    except (AttributeError, TypeError, ValueError, LookupError, NotImplementedError) as error:
        # How programs are kept is JAX's own affair, and differs from one version to the next.
        raise NotFollowed(f"its program cannot be read ({type(error).__name__}: {error})") from error
    steps = merged(alive(writer.steps, outputs))
    for step in steps:
        if entry_of(step.name) is None:
            raise NotFollowed(f"JAX's operation {step.name} is not carried over")
    return Program(tuple(zip(order, slots, strict=True)), tuple(steps), tuple(outputs))


class Writer:
    """Writes steps, one after the other.  made: the step that a slot is the result of."""

    def __init__(self, named: bool) -> None:
        self.named = named
        self.steps: list[Step] = []
        self.entries = 0
        self.made: dict[Slot, Step] = {}

    def inlined(self, jaxpr: Any, constants: Sequence[Any], arguments: Sequence[Any], place: Place | None) -> list[Any]:
        """What a program gives for these arguments.  place: that of all its steps, where it is not the user's."""
        values: dict[Any, Any] = {}

        def value(variable: Any) -> Any:
            return variable.val if hasattr(variable, "val") else values[variable]

        values.update(zip(jaxpr.constvars, constants, strict=True))
        values.update(zip(jaxpr.invars, arguments, strict=True))
        for equation in jaxpr.eqns:
            here = place if place is not None else place_of(equation)
            results = self.equation(equation, [value(v) for v in equation.invars], here)
            values.update(zip(equation.outvars, results, strict=True))
        return [value(v) for v in jaxpr.outvars]

    def closed(self, closed: Any, arguments: Sequence[Any], place: Place | None) -> list[Any]:
        """The same for a program that may carry its constants with it."""
        own = Place() if place is None else place
        inner = getattr(closed, "jaxpr", closed)
        return self.inlined(inner, getattr(closed, "consts", ()), arguments, own if own_function(inner) else None)

    def equation(self, equation: Any, reads: list[Any], place: Place) -> list[Any]:
        """The results of one equation."""
        name, params = equation.primitive.name, equation.params
        inside = next((params[key] for key in INSIDE if key in params), None) if name in CALLS else None
        if not any(isinstance(r, Slot) for r in reads) and (inside is None or name in COMPILED):
            return known(equation, reads)
        if name in LOOPS:
            return LOOPS[name](self, params, reads, place)
        if inside is None:
            return self.step(name, params, reads, [v.aval for v in equation.outvars], place)
        called = own_function(getattr(inside, "jaxpr", inside)) if self.named else ""
        if called and named_function(called):
            return self.step(f"jax.{called}", {}, reads, [v.aval for v in equation.outvars], place)
        return self.closed(inside, reads, place)

    def step(
        self, name: str, params: Mapping[str, Any], reads: Sequence[Any], results: Sequence[Any], place: Place
    ) -> list[Any]:
        """Add one operation.  results: what has the shape and dtype of each result."""
        self.entries += sum(int(np.prod(r.shape, dtype=np.int64)) for r in results)
        if len(self.steps) >= MOST_STEPS:
            raise NotFollowed(f"it takes more than {MOST_STEPS:,} steps")
        if self.entries > MOST_ENTRIES:
            raise NotFollowed(f"more than {MOST_ENTRIES:,} numbers are worked out on the way")
        simpler = instead(name, params, reads, self.made)
        if simpler is not None:
            return simpler
        for result in results:
            if np.dtype(result.dtype).kind == "f" and np.dtype(result.dtype) != np.float64:
                raise NotFollowed(f"{name} works in {np.dtype(result.dtype)}")
        reads = tuple(r if isinstance(r, Slot) else np.asarray(r) for r in reads)
        slots = tuple(Slot(tuple(r.shape), r.dtype) for r in results)
        step = Step(name, params, reads, slots, place)
        self.steps.append(step)
        self.made.update(dict.fromkeys(slots, step))
        return list(slots)


def known(equation: Any, reads: Sequence[Any]) -> list[Any]:
    """What an equation gives that hangs on no argument: JAX itself works it out, but for positions and truths.

    Of these NumPy gives the same, and JAX would compile a program for each operation first.
    """
    name, params = equation.primitive.name, equation.params
    entry = entry_of(name)
    if entry is not None and all(_is_position(r) for r in reads):
        try:
            found = entry.function(*map(np.asarray, reads), **entry.chosen(params))
        except (TypeError, ValueError):
            found = None
        if found is not None:
            several = found if entry.several else [found]
            return [_as(result, v.aval) for result, v in zip(several, equation.outvars, strict=True)]
    results = equation.primitive.bind(*reads, **params)
    return list(results) if equation.primitive.multiple_results else [results]


def _as(value: Any, wanted: Any) -> Any:
    return np.broadcast_to(np.asarray(value), wanted.shape).astype(wanted.dtype)


def _is_position(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    return isinstance(dtype, np.dtype) and dtype.kind in "bi"  # keys of random numbers have dtypes of their own
