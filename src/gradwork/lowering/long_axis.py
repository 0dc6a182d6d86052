"""Tables with many short rows are turned on their side, so that sums and maxima over a row run along the long axis.

NumPy reduces (1797, 10) over its rows row by row; (10, 1797) over its columns in ten passes over whole vectors, twenty
times faster. The tables come from matrix products and go into some, where being turned costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from gradwork.graph.graph import CONSTANT, INPUT, Graph, Guard, Params
from gradwork.graph.op import REGISTER
from gradwork.lowering.compiled_form import CompiledForm
from gradwork.lowering.draft import Draft

MOST_COLUMNS = 64
LEAST_ROWS = 16
TIMES_LONGER = 2
REDUCING = frozenset({"sum", "max", "min"})


def along_the_long_axis(form: CompiledForm, products: bool = False) -> CompiledForm:
    """The compiled form with short-rowed tables turned, where that pays; itself where there are none.

    products: turn layers too, products that are only worked on entry by entry. To add a bias to a row of 900 entries 32
    times is quicker than to one of 32 entries 900 times; it pays where the data can be turned beforehand, in a loop.
    """
    turned = _to_turn(form.graph, _layers(form.graph)) if products else set()
    turned = turned or _to_turn(form.graph)
    return _Turner(form, turned).turned_form() if turned else form


def _is_table(graph: Graph, position: int) -> bool:
    shape = graph.nodes[position].shape
    return (
        len(shape) == 2
        and 1 < shape[1] <= MOST_COLUMNS
        and shape[0] >= max(LEAST_ROWS, TIMES_LONGER * shape[1])
        and graph.nodes[position].dtype.kind in "fb"
    )


def _layers(graph: Graph) -> set[int]:
    """Products of known numbers with parameters, as the first layer of a network is."""
    known = (CONSTANT, INPUT)
    return {
        i
        for i, node in enumerate(graph.nodes)
        if node.op == "matmul" and _is_table(graph, i) and all(graph.nodes[k].op in known for k in node.inputs)
    }


def _to_turn(graph: Graph, more: Iterable[int] = ()) -> set[int]:
    """The nodes that are kept turned: tables that are summed over rows, all that meets them entry by entry, and the
    columns that come out. Likewise from `more`."""
    seeds = {
        node.inputs[0]
        for node in graph.nodes
        if node.op in REDUCING and node.params["axis"] == (1,) and _is_table(graph, node.inputs[0])
    }
    seeds.update(more)
    turned: set[int] = set()
    # Only what is known to be turned: a running sum or a sort along the rows would run the other way on its side.
    waiting = [i for i in seeds if _joins(graph, i, graph.nodes[i].shape[0])]
    while waiting:
        position = waiting.pop()
        if position in turned:
            continue
        turned.add(position)
        # A product that a turned table goes into need not be turned; one that it comes from is turned at no cost.
        neighbours = [i for i in graph.consumers[position] if graph.nodes[i].op != "matmul"]
        if REGISTER.named(graph.nodes[position].op).elementwise or graph.nodes[position].op == "add_at":
            neighbours += graph.nodes[position].inputs
        rows = graph.nodes[position].shape[0]
        waiting += [i for i in neighbours if i not in turned and _joins(graph, i, rows)]
    if turned & set(graph.outputs) or not _worth_it(graph, turned):
        return set()
    return turned


def _joins(graph: Graph, position: int, rows: int) -> bool:
    """Whether a node that meets a turned one is kept turned too: tables and columns, entry by entry."""
    node = graph.nodes[position]
    if node.op in (INPUT, CONSTANT) or len(node.shape) != 2 or node.shape[0] != rows:
        return False
    column = node.shape[1] == 1
    if not column and not _is_table(graph, position):
        return False
    if REGISTER.named(node.op).elementwise:
        return True
    if column:
        return node.op in REDUCING and node.params["axis"] == (1,) and _is_table(graph, node.inputs[0])
    return node.op == "matmul" or (node.op == "add_at" and _by_two_arrays(node.params))


def _worth_it(graph: Graph, turned: set[int]) -> bool:
    """Tables may come from products, go into products and sums, and be picked from; anything else would copy them."""
    for position in turned:
        node = graph.nodes[position]
        if node.op == "matmul" and any(len(graph.nodes[i].shape) != 2 for i in node.inputs):
            return False
        if REGISTER.named(node.op).elementwise:
            for i in node.inputs:
                other = graph.nodes[i]
                if i not in turned and other.shape == node.shape and other.op != CONSTANT and node.shape[1] > 1:
                    return False
        for reader in graph.consumers[position]:
            known = (*REDUCING, "matmul", "transpose", "getitem", "reshape")
            if reader not in turned and graph.nodes[reader].op not in known:
                return False
    return True


class _Turner:
    """Writes the graph anew: `flat` holds nodes as they were, `side` those on their side."""

    def __init__(self, form: CompiledForm, turned: set[int]) -> None:
        self.form, self.graph, self.turned = form, form.graph, turned
        self.draft = Draft(form.graph)
        self.flat: dict[int, int] = {}
        self.side: dict[int, int] = {}

    def turned_form(self) -> CompiledForm:
        """The new form."""
        for position in range(len(self.graph.nodes)):
            self.draft.working_on = position
            self._write(position)
        self.draft.careful = [self._any(i) for i in self.form.careful]
        outputs = [self._flat(i) for i in self.graph.outputs]
        made, moved = self.draft.graph(outputs, [(self._flat(g.node), None) for g in self.form.guards])
        return CompiledForm(
            made,
            tuple(Guard(moved[self._flat(g.node)], g.outcome, g.where) for g in self.form.guards),
            tuple(moved[self._any(i)] for i in self.form.careful),
            {p: moved[row] for p, i in self.form.at.items() if (row := self._any(i)) in moved},
        )

    def _any(self, position: int) -> int:
        return self.side[position] if position in self.turned else self.flat[position]

    def _flat(self, position: int) -> int:
        """The node as it was: on its side, transposed."""
        if position not in self.flat:
            self.flat[position] = self._transposed(self.side[position])
        return self.flat[position]

    def _side(self, position: int) -> int:
        """The node on its side."""
        if position not in self.side:
            self.side[position] = self._transposed(self.flat[position])
        return self.side[position]

    def _transposed(self, row: int) -> int:
        draft = self.draft
        shape = draft.shape(row)
        if draft.is_op(row, "transpose"):
            return draft.rows[row][1][0]
        if 1 in shape:
            return draft.emit("reshape", (row,), Params(shape=shape[::-1]))
        return draft.emit("transpose", (row,), Params(axes=(1, 0)))

    def _write(self, position: int) -> None:
        node, draft = self.graph.nodes[position], self.draft
        if node.op == INPUT:
            self.flat[position] = draft.input(node)
        elif node.op == CONSTANT:
            self.flat[position] = draft.constant(self.graph.constants[position], node.shape)
        elif position in self.turned:
            self.side[position] = self._on_its_side(position)
        elif node.op in REDUCING and node.inputs[0] in self.turned:
            self.flat[position] = self._reduced(position)
        elif node.op == "transpose" and node.inputs[0] in self.turned:
            self.flat[position] = self.side[node.inputs[0]]
        elif node.op == "reshape" and node.inputs[0] in self.turned and 1 in self.graph.nodes[node.inputs[0]].shape:
            self.flat[position] = draft.emit("reshape", (self.side[node.inputs[0]],), node.params)
        elif node.op == "getitem" and node.inputs[0] in self.turned and _by_two_arrays(node.params):
            first, second = node.params["index"]
            table, *arrays = node.inputs
            inputs = (self.side[table], *(self.flat[i] for i in arrays))
            self.flat[position] = draft.emit("getitem", inputs, Params(index=(second, first)), node.dtype, node.shape)
        else:
            self.flat[position] = draft.emit(
                node.op, tuple(self._flat(i) for i in node.inputs), node.params, node.dtype, node.shape
            )

    def _on_its_side(self, position: int) -> int:
        node, draft = self.graph.nodes[position], self.draft
        if node.op == "matmul":
            left, right = (self._side(i) for i in node.inputs)
            return draft.emit("matmul", (right, left))
        if node.op == "add_at":
            table, value, *arrays = node.inputs
            first, second = node.params["index"]
            inputs = (self._side(table), self.flat[value], *(self.flat[i] for i in arrays))
            return draft.emit("add_at", inputs, Params(index=(second, first)), node.dtype)
        if node.op in REDUCING:
            return draft.emit(node.op, (self._side(node.inputs[0]),), Params(axis=(0,), keepdims=True), node.dtype)
        return draft.emit(node.op, tuple(self._operand(i) for i in node.inputs), node.params, node.dtype)

    def _operand(self, position: int) -> int:
        """What meets a turned table entry by entry: a number, a row, a column, a table."""
        shape = self.graph.nodes[position].shape
        if len(shape) == 2 or position in self.side:
            return self._side(position)
        if len(shape) == 1 and shape[0] > 1:
            return self.draft.emit("reshape", (self.flat[position],), Params(shape=(shape[0], 1)))
        return self.flat[position]

    def _reduced(self, position: int) -> int:
        node = self.graph.nodes[position]
        axes = tuple(sorted(1 - a for a in node.params["axis"]))
        row = self.draft.emit(
            node.op, (self.side[node.inputs[0]],), Params(axis=axes, keepdims=node.params["keepdims"])
        )
        return self.draft.emit("reshape", (row,), Params(shape=node.shape)) if node.params["keepdims"] else row


def _by_two_arrays(params: Params) -> bool:
    index = params["index"]
    return len(index) == 2 and all(isinstance(e, tuple) for e in index)
