"""`gradwork.jax.check`: the slopes, what is looked at beside them, and the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gradwork.check.check import Check
from gradwork.check.check import check as check_numbers
from gradwork.check.promises import with_more
from gradwork.jax._precision import as_used, precision
from gradwork.jax._promises import forward_rule, ignores_upstream, rules
from gradwork.jax._subject import Subject, at_its_widest


def check(f: Callable[..., Any], *args: Any, strict: bool = False) -> Check:
    """Are the forward and reverse rules right that JAX uses for a function with rules of its own?

    f:    any function of JAX; those of its parts that have a `custom_vjp` or a `custom_jvp` are named in the report.
    args: its arguments, nested or not; every floating array and number in them is checked.
    strict: an entry about which nothing can be told fails the check as well.

    All outputs, times random numbers, are added up to one number, which is nudged in double precision where the
    function works in it. Gives a `gw.Check`, with causes read from the function's graph where JAX's program can be
    carried over into one. Beside wrong slopes it names: what comes back ignored (GW224), a forward rule that disagrees
    with the reverse one (GW252), and other slopes in the precision of use (GW253).
    Raises ArgumentError where no argument or no output is of floating numbers.

    >>> import gradwork.jax, jax.numpy as jnp
    >>> gradwork.jax.check(lambda x: jnp.sin(x) ** 2, jnp.array([0.5, 2.0])).ok
    True

    Source: the dot-product identity: Griewank and Walther, Evaluating Derivatives, 2008, section 3.2.
    """
    subject = at_its_widest(Subject(f, args))
    found = check_numbers(subject.loss, subject.gradient, strict=strict, kwargs=subject.arrays)
    notes = [*rules(subject), *precision(subject)]
    if any(v.wrong for v in found.verdicts.values()) and not found.diagnoses and isinstance(subject.program, str):
        notes.append(f"there is no graph to read a cause from: {subject.program}")
    if subject.wide:
        found, note = as_used(found, subject)
        notes += [note] if note else []
    findings = [*ignores_upstream(subject)]
    forward, note = forward_rule(subject, found)
    found = with_more(found, [*findings, *forward])
    notes += [note] if note else []
    return replace(found, said="\n".join([found.said, *notes] if found.said else notes))
