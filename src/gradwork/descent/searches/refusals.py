"""What a method that searches has no use for, refused with the reason."""

from __future__ import annotations

from gradwork.descent.method import Method
from gradwork.descent.schedules import Schedule
from gradwork.errors import ArgumentError


def check_search(rule: Method, method: str, batch: int | None, schedule: Schedule, clip: float | None) -> None:
    """Raise ArgumentError for an option that the method does not take."""
    if rule.search is None:
        return
    compares = "it compares the loss after a step with the loss before it, on the same rows"
    itself = "it finds the length of each step itself"
    refused = {
        "batch": (batch is not None, compares, "all rows, or another method"),
        "schedule": (schedule not in (None, "constant"), itself, "no schedule"),
        "clip": (clip is not None, itself, "no clip"),
    }
    for name, (given, why, hint) in refused.items():
        if given:
            raise ArgumentError(f"the method {method} takes no {name}", why=why, hint=hint)
