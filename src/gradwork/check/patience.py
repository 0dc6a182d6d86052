"""How long may be computed for a cause. On a machine that does other things besides, the same search takes longer."""

from __future__ import annotations

import time

# Our own tests set this higher: what they look for is to be found whatever else runs beside them.
times = 1.0


def seconds(number: float) -> float:
    """So many seconds of this machine."""
    return times * number


def until(number: float) -> float:
    """When so many seconds of computing, counted from now, will be over: a reading of `time.thread_time`."""
    return time.thread_time() + seconds(number)
