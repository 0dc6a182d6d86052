"""A step on all rows in two halves, each on a thread of its own, where the rows are many and the loss a sum over them.

NumPy shares one product of matrices between its threads, but nothing else, and waits after each; two halves go their
own way from the first product to the last, and their values are nearer at hand. The gradient of a sum is the sum of the
gradients, so the halves are added, the first before the second. It is always these two halves, on one processor as on
many, and each product in one thread: the bits do not depend on the machine's number of processors.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from queue import SimpleQueue

import numpy as np

from gradwork.descent.by_rows import Split, split_of
from gradwork.descent.one_thread import is_known, one_thread
from gradwork.descent.problem import Array, Problem
from gradwork.errors import GradworkError
from gradwork.graph.graph import CONSTANT, INPUT, Graph
from gradwork.graph.op import REGISTER
from gradwork.lowering.numbers import MATH

LEAST, MOST = 200e-6, 5e-3  # seconds of a step: below, waking a thread costs too much; above, NumPy's threads do well
LEAST_ROWS = 64
OF_A_PRODUCT, OF_A_FUNCTION, OF_AN_ENTRY = 2e-11, 1.5e-9, 4e-10  # seconds: an operation, tanh and the like, the rest


def split_in_halves(problem: Problem, graph: Graph) -> Split | None:
    """How the loss is put together from two halves of its rows; None where that is not for this problem.

    graph: loss and gradient on all rows.
    """
    if problem.rows < LEAST_ROWS or not is_known() or not LEAST <= seconds_of(graph) <= MOST:
        return None
    try:
        split = split_of(problem, problem.data)
    except GradworkError:
        return None
    return None if split.has_more else split


def seconds_of(graph: Graph) -> float:
    """About how long a graph takes on one thread. Counted, not timed, so that it is the same on every machine."""
    total = 0.0
    for node in graph.nodes:
        if node.op in (INPUT, CONSTANT):
            continue
        op, size = REGISTER.named(node.op), math.prod(node.shape)
        if node.op == "matmul":
            inside = graph.nodes[node.inputs[0]].shape[-1]
            total += OF_A_PRODUCT * 2 * inside * size
        elif op.elementwise:
            heavy = any(f"{name}(" in op.scalar for name in MATH)
            total += (OF_A_FUNCTION if heavy else OF_AN_ENTRY) * size
        elif node.op in ("sum", "max", "min", "mean"):
            total += OF_AN_ENTRY * math.prod(graph.nodes[node.inputs[0]].shape)
    return total


class Halves:
    """Both halves of a step. It is entered before steps are taken, and left when they are done.

    functions: work out a half, put its gradient where `gradients` says, and give its loss.
    weights:   what each counts.     into: where the gradient of all rows goes.
    """

    def __init__(
        self, functions: list[Callable[[], float]], gradients: list[Array], weights: list[float], into: Array
    ) -> None:
        self.first, self.second = functions
        self.gradients, self.weights, self.into = gradients, weights, into
        self._stack = ExitStack()
        self._asked: SimpleQueue[bool] = SimpleQueue()
        self._answers: SimpleQueue[float | Exception] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Halves:
        self._stack.enter_context(one_thread())
        if (os.cpu_count() or 1) > 1:
            self._asked, self._answers = SimpleQueue(), SimpleQueue()
            self._thread = threading.Thread(target=self._serve, args=(self._asked, self._answers), daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._asked.put(False)
            self._thread.join()
            self._thread = None
        self._stack.close()

    def _serve(self, asked: SimpleQueue[bool], answers: SimpleQueue[float | Exception]) -> None:
        with np.errstate(all="ignore"):
            while asked.get():
                try:
                    answers.put(self.second())
                except Exception as error:
                    answers.put(error)

    def __call__(self) -> float:
        """The loss of all rows, with its gradient in `into`. Raises what a half raises."""
        if self._thread is None:
            first, second = self.first(), self.second()
        else:
            self._asked.put(True)
            first = self.first()
            answer = self._answers.get()
            if isinstance(answer, Exception):
                raise answer
            second = answer
        one, other = self.weights
        if one != 1.0 or other != 1.0:
            for gradient, weight in zip(self.gradients, self.weights, strict=True):
                np.multiply(gradient, gradient.dtype.type(weight), gradient)
        np.add(self.gradients[0], self.gradients[1], self.into)
        return one * first + other * second
