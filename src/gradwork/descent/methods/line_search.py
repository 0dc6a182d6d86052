"""Steepest descent with a line search: against the gradient, as far as the loss falls well."""

from gradwork.descent.method import Method
from gradwork.descent.searches.line_search import LineSearch

METHOD = Method(
    title="steepest descent with a line search",
    lines={"new_weight": "weight - learning_rate*gradient"},
    search=LineSearch(),
    remembers=("last_slope", "learning_rate"),
    why="Each step tries learning rates until the loss has fallen enough and the slope along the line has flattened.",
    source="Nocedal and Wright (2006), Numerical Optimization, algorithms 3.5 and 3.6 (strong Wolfe conditions).",
)
