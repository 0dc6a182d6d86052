"""One function of JAX with a rule of its own, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


@dataclass(frozen=True, eq=False)
class Case:
    """cause: the mistake in plain words, "" where there is none;  wrong: the arguments that it spoils."""

    name: str
    f: Callable[..., Any]
    args: tuple[Any, ...]
    cause: str = ""
    wrong: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        return self.name.split("/")[0]


Back = Callable[[str, Any, Any], Any]


def of_vjp(name: str, f: Any, back: Back, args: Any, mistakes: dict[str, tuple[str, str]]) -> Iterator[Case]:
    """The right rule, and one for each mistake: `back(mistake, args, cotangent)`.

    mistakes: for each, the arguments that it spoils, and what it is.
    """
    for mistake, (wrong, cause) in {"": ("", ""), **mistakes}.items():
        yield Case(f"{name}/{mistake or 'right'}", with_vjp(f, back, mistake), args, cause, tuple(wrong.split()))


def with_vjp(f: Any, back: Back, mistake: str) -> Any:
    ruled = jax.custom_vjp(f)
    ruled.defvjp(lambda *args: (f(*args), args), lambda kept, g: tuple(back(mistake, kept, g)))
    return ruled


def of_jvp(name: str, f: Any, forward: Any, args: Any, mistakes: dict[str, tuple[str, str]]) -> Iterator[Case]:
    """The same with a forward rule: `forward(mistake, args, tangents)`."""
    for mistake, (wrong, cause) in {"": ("", ""), **mistakes}.items():
        yield Case(f"{name}/{mistake or 'right'}", with_jvp(f, forward, mistake), args, cause, tuple(wrong.split()))


def with_jvp(f: Any, forward: Any, mistake: str) -> Any:
    ruled = jax.custom_jvp(f)
    ruled.defjvp(lambda args, tangents: (f(*args), forward(mistake, args, tangents)))
    return ruled


def one(mistake: str, right: Any, **otherwise: Any) -> Any:
    """What stands at a place of a rule: something else for some mistakes."""
    return otherwise.get(mistake, right)


def drawn(seed: int, *shapes: Any, scale: float = 1.0) -> tuple[Any, ...]:
    """Random arrays of JAX, in float32 as JAX has them."""
    generator = np.random.default_rng(seed)
    return tuple(jnp.asarray(scale * generator.normal(size=shape), jnp.float32) for shape in shapes)
