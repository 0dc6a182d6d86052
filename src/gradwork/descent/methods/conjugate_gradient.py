"""Conjugate gradients: each direction keeps a share of the one before, so that steps do not undo each other."""

from gradwork.descent.method import Method
from gradwork.descent.searches.line_search import LineSearch

METHOD = Method(
    title="conjugate gradients",
    lines={
        "share": "maximum(0, sum(gradient*(gradient - last_gradient))/sum(last_gradient^2))",
        "new_direction": "share*direction - gradient",
        "new_weight": "weight + learning_rate*new_direction",
    },
    search=LineSearch(),
    remembers=("last_gradient", "last_slope", "learning_rate"),
    why="On a parabola of n parameters it is at the bottom after n steps. With a share of 0 it starts anew.",
    source="Polak and Ribière (1969), share kept at 0 or more as in Nocedal and Wright (2006), section 5.2.",
)
