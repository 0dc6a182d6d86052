"""How the learning rate changes on the way: a factor for each step.

A schedule is a formula of `step`, which counts from 0, and `steps`, how many there are in all.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

from gradwork.errors import ArgumentError
from gradwork.graph.formula import evaluate, parse
from gradwork.graph.formula.evaluate import close
from gradwork.graph.op import REGISTER

Schedule = str | Callable[[int, int], float] | None

# step: three stairs, each a tenth of the one before (He et al. 2016). cosine: Loshchilov and Hutter (2017), without
# restarts. warm-up: the first tenth rises evenly, then it stays (Goyal et al. 2017).
FORMULAS = {
    "constant": "1 + 0*step",
    "step": "0.1^floor(3*step/steps)",
    "cosine": "(1 + cos(pi*step/steps))/2",
    "warm-up": "minimum(1, 10*(step + 1)/steps)",
}


def check(schedule: Schedule) -> None:
    """Raise ArgumentError for a schedule that there is not."""
    if callable(schedule):
        _check_takes(schedule)
        return
    if schedule is None or schedule in FORMULAS:
        return
    raise ArgumentError(
        f"there is no schedule {schedule!r}",
        why=f"the schedules are {', '.join(FORMULAS)}, or a function of step and steps",
        hint=" or ".join(close(str(schedule), FORMULAS)) or None,
    )


def _check_takes(schedule: Callable[[int, int], float]) -> None:
    try:
        inspect.signature(schedule).bind(0, 1)
    except ValueError:
        return  # a function of C: what it takes shows when it is called
    except TypeError as error:
        why = f"it is called with the step and the number of all steps: {error}"
        hint = "schedule=lambda step, steps: 1 / (1 + step)"
        raise ArgumentError("the schedule does not take two arguments", why=why, hint=hint) from None


def factors(schedule: Schedule, start: int, stop: int, steps: int) -> list[float]:
    """What the learning rate is multiplied by in the steps from `start` to before `stop`.

    >>> factors("step", 0, 3, 3)
    [1.0, 0.1, 0.010000000000000002]
    """
    if schedule is None or schedule == "constant":
        return [1.0] * (stop - start)
    if callable(schedule):
        return [_checked(float(schedule(step, steps)), step) for step in range(start, stop)]
    # One step at a time: NumPy may round an array otherwise than its parts, and a run that is resumed has other parts.
    formula = parse(FORMULAS[schedule])
    return [
        float(evaluate(formula, {"step": np.float64(k), "steps": np.float64(steps)}, REGISTER.by_word))
        for k in range(start, stop)
    ]


def _checked(factor: float, step: int) -> float:
    if not 0 <= factor < np.inf:
        why = "the learning rate is multiplied by it, and that has to be 0 or more and finite"
        raise ArgumentError(f"the schedule gives {factor} for step {step}", why=why)
    return factor
