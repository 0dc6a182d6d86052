"""How far a descent is: one line with its loss and the time left, after two seconds of work."""

from __future__ import annotations

from gradwork.gradients.nudging.progress import Progress


class DescentProgress(Progress):
    """Counts steps; see `Progress` for where the line is shown."""

    def __init__(self, count: int, reached: int = 0) -> None:
        super().__init__(count)
        self.first = self.reached = reached
        self.loss = float("nan")

    def at(self, step: int, loss: float) -> None:
        """So many steps are done, and this is the loss."""
        self.loss = loss
        self.step(step - self.reached)

    def text(self, now: float) -> str:
        """The line: steps, loss, and how long the rest takes at this pace."""
        done = self.reached - self.first
        left = (now - self.began) * (self.count - self.reached) / max(1, done)
        steps = f"{self.reached:,} of {self.count:,} steps"
        return f"{steps}, loss {self.loss:.6g}, {duration(left)} left (Ctrl-C keeps them)"


def duration(seconds: float) -> str:
    """A time in the unit that it is told in.

    >>> duration(4.4), duration(119), duration(600), duration(9000)
    ('4 s', '119 s', '10 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
