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
        return f"descending: {steps}, loss {self.loss:.6g}, {left:.0f} s left (Ctrl-C keeps them)"
