"""What JAX takes for granted of rules beside their numbers: that they send back what came, and belong together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gradwork.check.cause import Finding
from gradwork.check.check import Check
from gradwork.check.given import Array
from gradwork.check.promises import broken, listed
from gradwork.check.verdicts import BARS
from gradwork.errors import GradworkError
from gradwork.gradients.nudge import nudge
from gradwork.jax._subject import Subject

DIRECTIONS = 2
LOOSE = 1e-9  # of the dot products: rounding of two orders of summing, in double precision


def rules(subject: Subject) -> Iterator[str]:
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


def ignores_upstream(subject: Subject) -> Iterator[Finding]:
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


def forward_rule(subject: Subject, found: Check) -> tuple[list[Finding], str]:
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
