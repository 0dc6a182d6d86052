"""The slope by another form of the parameter: by the deviation where the loss has its logarithm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._ratio import close, comparable, is_times, listed
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.sites import without_copies

Form = tuple[Callable[[Array], Array], Callable[[Array], Array]]  # a form of the parameter, and its slope

POWERS: dict[str, Form] = {
    "exp({})": (np.exp, np.exp),
    "exp(2 {})": (lambda t: np.exp(2 * t), lambda t: 2 * np.exp(2 * t)),
    "exp({}/2)": (lambda t: np.exp(t / 2), lambda t: np.exp(t / 2) / 2),
    "exp(-{})": (lambda t: np.exp(-t), lambda t: -np.exp(-t)),
    "exp(-2 {})": (lambda t: np.exp(-2 * t), lambda t: -2 * np.exp(-2 * t)),
}
OTHERS: dict[str, Form] = {
    "softplus({})": (lambda t: np.logaddexp(0.0, t), lambda t: 1 / (1 + np.exp(-t))),
    "sigmoid({})": (lambda t: 1 / (1 + np.exp(-t)), lambda t: np.exp(-t) / (1 + np.exp(-t)) ** 2),
    "tanh({})": (np.tanh, lambda t: 1 - np.tanh(t) ** 2),
    "{}^2": (np.square, lambda t: 2 * t),
    "1/{}": (lambda t: 1 / t, lambda t: -1 / t**2),
    "1/{}^2": (lambda t: 1 / t**2, lambda t: -2 / t**3),
    "the logarithm of {}": (np.log, lambda t: 1 / t),
    "the root of {}": (np.sqrt, lambda t: 0.5 / np.sqrt(t)),
}
# Taken in place of what the loss has: by the logarithm of a parameter that the loss has as it is.
LOGARITHM = "the logarithm of {}"


def find(evidence: Evidence) -> Iterator[Finding]:
    """Entry by entry the right slope, divided by that of a form of the parameter that stands in the loss."""
    joint = evidence.joint
    if joint is None:
        return
    found: dict[str, list[tuple[str, Array]]] = {}
    for name in evidence.fitting:
        if comparable(evidence, name) and not is_times(evidence, name, 1.0):
            for says, candidate in _candidates(evidence, joint, name):
                if close(evidence, name, candidate):
                    found.setdefault(says, []).append((name, candidate))
                    break
    for says, members in found.items():
        names = [name for name, _ in members]
        other = any(form.format("the parameter") in says for form in OTHERS)
        one = sum(np.size(candidate) for _, candidate in members) == 1
        yield explained(
            BY_CHANCE if one and LOGARITHM.format("the parameter") in says else OTHERWISE if other else CAUSE,
            evidence,
            f"in {listed(names)}, {says}",
            names,
            dict(members),
            why="the two differ by the slope of that form, entry by entry",
            hint="multiply by the slope of the form that the loss has the parameter in",
        )


def _candidates(evidence: Evidence, joint: Joint, name: str) -> Iterator[tuple[str, Array]]:
    parameter = np.asarray(joint.value(joint.place[name]), float)
    right = evidence.right[name]
    with np.errstate(all="ignore"):
        powers = any(_stands(joint, value(parameter)) for value, _ in POWERS.values())
        for forms, present in ((POWERS, powers), (OTHERS, False)):
            for form, (value, slope) in forms.items():
                if present or (_stands(joint, value(parameter)) if forms is POWERS else _in_place(joint, name, value)):
                    label = form.format("the parameter")
                    yield f"the slope is that by {label}, and not by the parameter itself", right / slope(parameter)
                    yield (
                        f"the slope of {label} is multiplied with twice{_or_not_below(joint, value(parameter), label)}",
                        (right * slope(parameter)),
                    )
        if np.all(parameter > 0):
            label = LOGARITHM.format("the parameter")
            yield f"the slope is multiplied by the parameter once too often, as that by {label} is", right * parameter


def _or_not_below(joint: Joint, value: Array, label: str) -> str:
    """What has the same effect where the loss divides by this form of the parameter, which is its own slope."""
    for k in range(joint.forward):
        node = joint.node(k)
        if node.op == "divide":
            below = without_copies(joint, node.inputs[1])
            if joint.node(below).shape == value.shape and np.allclose(joint.value(below), value, rtol=1e-9, atol=0):
                return f", or the factor 1/{label}, by which the loss divides, is missing"
    return ""


def _in_place(joint: Joint, name: str, form: Callable[[Array], Array]) -> bool:
    """Whether the loss reads the parameter through this form alone."""
    place = joint.place[name]
    value = form(np.asarray(joint.value(place), float))
    if not np.isfinite(value).all():
        return False
    reached = [False] * joint.forward
    reached[place] = True
    for k in range(place + 1, joint.forward):
        node = joint.node(k)
        if any(reached[i] for i in node.inputs):
            same = node.shape == value.shape and np.allclose(joint.value(k), value, rtol=1e-9, atol=0)
            reached[k] = not (same and node.dtype.kind == "f")
    return not reached[max(joint.adjoint, default=place)]


def _stands(joint: Joint, value: Array) -> bool:
    """Whether some value of the loss is this one."""
    if not np.isfinite(value).all():
        return False
    return any(
        joint.node(k).shape == value.shape and np.allclose(joint.value(k), value, rtol=1e-9, atol=0)
        for k in range(joint.forward)
        if joint.node(k).dtype.kind == "f" and joint.node(k).inputs
    )


CAUSE = Cause(
    code="GW269",
    name="another parametrisation",
    summary="The slope is that by another form of the parameter: by a deviation where the loss has its logarithm.",
    explain="A positive number is often kept as its logarithm: the loss reads exp(s). The slope by s is that by "
    "exp(s), times exp(s). Without that factor the slope belongs to the deviation itself, or to the variance, and a "
    "step with it goes elsewhere.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(x**2) / (2 * np.exp(w) ** 2) + len(x) * w

def gradient(w, x):
    s = np.exp(w)
    return -np.sum(x**2) / s**3 + len(x) / s
""",
    mended="""
def gradient(w, x):
    s = np.exp(w)
    return -np.sum(x**2) / s**2 + len(x)
""",
    find=find,
    rank=19,
)
BY_CHANCE = replace(CAUSE, rank=31)  # a single number with the parameter as a factor too many
OTHERWISE = replace(CAUSE, rank=21)  # where the slope of the form is missing, or there twice, that is said more simply
