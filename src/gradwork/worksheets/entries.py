"""How ops that look at whole arrays are taken apart into sums, products and functions of single numbers.

What the fast program has in stable fused pieces stands here as a book writes it: a mean is a sum over a count, a share
of softmax is an exponential over a sum of exponentials. On the small numbers of a sheet both give the same.
"""

from __future__ import annotations

import math

import numpy as np

from gradwork.errors import ArgumentError
from gradwork.graph.graph import CONSTANT, INPUT, Graph, Node
from gradwork.graph.op import REGISTER
from gradwork.lowering.numbers import MOST_NUMBERS, STRUCTURAL, Numbers, Table, Way, grouped, shaped


def _mean(numbers: Numbers, group: list[int]) -> int:
    return numbers.number("divide", numbers.sum(group), numbers.constant(len(group)))


def _log_sum(numbers: Numbers, group: list[int]) -> int:
    return numbers.number("log", numbers.sum([numbers.number("exp", n) for n in group]))


def _sigmoid(numbers: Numbers, graph: Graph, node: Node, inputs: list[Table]) -> Table:
    one = numbers.constant(1.0)
    made = []
    for n in np.broadcast_to(inputs[0], node.shape).reshape(-1).tolist():
        exponential = numbers.number("exp", numbers.number("negative", n))
        made.append(numbers.number("divide", one, numbers.sum([one, exponential])))
    return shaped(made, node.shape)


def _shares(of_logarithm: bool) -> Way:
    def way(numbers: Numbers, graph: Graph, node: Node, inputs: list[Table]) -> Table:
        table = inputs[0]
        axes = node.params["axis"]
        axes = tuple(a % table.ndim for a in (axes if isinstance(axes, tuple) else (axes,)))
        made = np.empty(table.shape, int)
        kept = [range(1) if a in axes else range(n) for a, n in enumerate(table.shape)]
        for corner in np.ndindex(*(len(k) for k in kept)):
            place = tuple(slice(None) if a in axes else corner[a] for a in range(table.ndim))
            scores = table[place].reshape(-1).tolist()
            total = numbers.sum([numbers.number("exp", n) for n in scores])
            if of_logarithm:
                row = [numbers.number("subtract", n, numbers.number("log", total)) for n in scores]
            else:
                row = [numbers.number("divide", numbers.number("exp", n), total) for n in scores]
            made[place] = np.array(row).reshape(table[place].shape)
        return made

    return way


def _square(numbers: Numbers, graph: Graph, node: Node, inputs: list[Table]) -> Table:
    two = numbers.constant(2.0)
    flat = inputs[0].reshape(-1).tolist()
    return shaped([numbers.number("power", n, two) for n in flat], node.shape)


def _product(numbers: Numbers, group: list[int]) -> int:
    found = group[0]
    for other in group[1:]:
        found = numbers.product(found, other)
    return found


def _same(numbers: Numbers, graph: Graph, node: Node, inputs: list[Table]) -> Table:
    """Another dtype: what is true counts as 1 wherever it is worked with."""
    return inputs[0]


WAYS: dict[str, Way] = {
    "astype": _same,
    "mean": grouped(_mean),
    "logsumexp": grouped(_log_sum),
    "prod": grouped(_product),
    "sigmoid": _sigmoid,
    "square": _square,
    "softmax": _shares(False),
    "log_softmax": _shares(True),
}


def entry_count(shape: tuple[int, ...]) -> int:
    """How many cells an array of this shape has."""
    return math.prod(shape)


def refusal(graph: Graph, numbers: Numbers) -> ArgumentError:
    """Why lines cannot be written number by number: they are too many, or one of their ops has no such form."""
    strange = [n.op for n in graph.nodes if n.op not in (CONSTANT, INPUT, *WAYS, *STRUCTURAL) and not _is_scalar(n)]
    if strange and len(numbers.keys) < MOST_NUMBERS:
        return ArgumentError(
            f"{strange[0]} cannot be worked out number by number",
            why="a sheet and a filled-in working go line by line, and each number has a formula of its own",
            hint="lines with sums, products, powers and functions of single numbers",
        )
    return ArgumentError(
        f"these lines have more than {MOST_NUMBERS:,} numbers",
        why="each of them is a number that somebody works out by hand",
        hint="fewer rows, columns or units",
    )


def _is_scalar(node: Node) -> bool:
    op = REGISTER.named(node.op)
    return op.elementwise and bool(op.scalar)
