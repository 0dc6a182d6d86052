"""Levenberg-Marquardt: the step to the bottom of a sum of squares, as if the residuals were straight lines, damped."""

from gradwork.descent.method import Method
from gradwork.descent.searches.least_squares import Damped

METHOD = Method(
    title="Levenberg-Marquardt",
    lines={
        "new_scale": "maximum(keep*scale, norm(jacobian, axis=0))",
        "slopes": "jacobian/new_scale",
        "products": "slopes.T @ slopes",
        "pull": "slopes.T @ residual",
        "change": "solve(products + damping*identity, pull)/new_scale",
        "bend": "(residual_nearby - residual + nearby*jacobian @ change)/nearby^2",
        "correction": "solve(products + damping*identity, slopes.T @ bend)/new_scale",
        "new_weight": "weight - change - correction",
        "expected": "sum(new_scale*change*(pull + damping*new_scale*change))",
        "gain": "(loss - new_loss)/expected",
        "new_damping": "maximum(least, damping*maximum(1/3, 1 - (2*gain - 1)^3))",
    },
    constants={"keep": 0.7, "nearby": 0.1, "least": 1e-15},
    search=Damped(),
    why="With no damping it is the Gauss-Newton step; with much, a short one against the gradient. A step that does "
    "not lower the loss is not taken: the damping grows, and it is solved for again.",
    source="Marquardt (1963); scales as in Moré (1978), damping as in Nielsen (1999), correction as in "
    "Transtrum and Sethna (2012), Improvements to the Levenberg-Marquardt algorithm.",
)
