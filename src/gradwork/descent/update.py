"""An update rule for all parameters as one vector: a graph, made from the formulas that are printed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from gradwork.descent.method import Method
from gradwork.descent.problem import advanced
from gradwork.graph.graph import Graph
from gradwork.graph.trace import trace_call
from gradwork.lowering.compiled_form import CompiledForm, compiled_form


@lru_cache(maxsize=64)
def update_form(method: Method, size: int, dtype: Any, weight_decay: float, clip: float | None) -> CompiledForm:
    """The graph of the update in compiled form."""
    return compiled_form(update_graph(method, size, dtype, weight_decay, clip))


def update_graph(method: Method, size: int, dtype: Any, weight_decay: float, clip: float | None) -> Graph:
    """Inputs: weights, gradient, what the method remembers, learning rate, number of the step. Outputs: the square norm
    of the gradient, the new weights, and what is remembered then. All but the numbers are vectors of `size` entries.

    >>> from gradwork.descent.method import method_named
    >>> print(update_graph(method_named("gd"), 3, np.dtype(float), 0.0, None))
    graph(weights, gradient, rate, number)
      u4 = gradient * gradient
      u5 = sum(u4)
      u7 = 0 + u5
      u8 = broadcast_to(rate, shape=(3,))
      u9 = u8 * gradient
      u10 = weights - u9
      return u7, u10
    """

    def update(weights: Any, gradient: Any, states: Any, rate: Any, number: Any) -> Any:
        square, new, kept = advanced(method, [weights], [gradient], [list(states)], rate, number, weight_decay, clip)
        return (square, new[0], tuple(kept[0]))

    vector, one = np.ones(size, dtype), dtype.type(1)
    arguments = (vector, vector, tuple(vector for _ in method.states), one, one)
    return trace_call(update, arguments, {}).graph
