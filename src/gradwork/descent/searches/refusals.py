"""What a method that searches has no use for, refused with the reason."""

from __future__ import annotations

from gradwork.descent.method import Method
from gradwork.descent.schedules import Schedule
from gradwork.errors import ArgumentError

OTHERS = 'method="line-search" or "conjugate-gradient", or a method that does not search'


def check_search(
    rule: Method, method: str, batch: int | None, schedule: Schedule, clip: float | None, spread: bool, in_parts: bool
) -> None:
    """Raise ArgumentError for an option that the method does not take.

    spread: whether the rows are spread over workers.     in_parts: whether the data are gone through in parts.
    """
    if rule.search is None:
        return
    compares = "it compares the loss after a step with the loss before it, on the same rows"
    solves, itself = "it solves with the residuals of all rows at once", "it finds the length of each step itself"
    refused = {
        "batch": (batch is not None, compares, "all rows, or another method"),
        "schedule": (schedule not in (None, "constant"), itself, "no schedule"),
        "clip": (clip is not None, itself, "no clip"),
        "executor": (spread and rule.search.judges, solves, OTHERS),
        "data in parts": (in_parts and rule.search.judges, solves, OTHERS),
    }
    for name, (given, why, hint) in refused.items():
        if given:
            raise ArgumentError(f"the method {method} takes no {name}", why=why, hint=hint)
