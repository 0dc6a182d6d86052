"""Gauss-Newton: the step to the bottom of a sum of squares, as if the residuals were straight lines."""

from gradwork.descent.method import Method
from gradwork.descent.searches.least_squares import Undamped

METHOD = Method(
    title="Gauss-Newton",
    lines={
        "scale": "norm(jacobian, axis=0)",
        "change": "pinv(jacobian/scale) @ residual/scale",
        "new_weight": "weight - learning_rate*change",
    },
    search=Undamped(),
    remembers=("learning_rate",),
    why="Squares of straight lines have their lowest point where least squares finds it. The learning rate is 1, and "
    "is halved until the loss falls.",
    source="Gauss (1809), Theoria motus; halving: Björck (1996), Numerical methods for least squares problems.",
)
