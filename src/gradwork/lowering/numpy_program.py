"""A graph as one straight-line NumPy function: what a person would write by hand for speed.

Large intermediate values go into buffers that are kept from call to call and used again within one; results never do.
The text is made from names of NumPy and of our ops, from numbers, and from the user's names once these were seen to be
plain names: nothing else that a user wrote gets into it.
"""

from __future__ import annotations

import functools
import keyword
import linecache
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, Graph, Node, Params
from gradwork.graph.op import REGISTER, Op
from gradwork.lowering.compiled_form import CompiledForm

OPERATORS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
REDUCTIONS = {"sum": "np.add.reduce", "max": "np.maximum.reduce", "min": "np.minimum.reduce"}
MOST_BY_PRODUCT = 4096  # entries; beyond, NumPy's own sum adds up in pairs and keeps more digits
# What may warn where nothing is wrong, in a slope at a corner for instance.
WARNING = frozenset(
    {"divide", "log", "log2", "log10", "log1p", "power", "sqrt", "reciprocal", "chain_product", "exp", "square"}
)


class Otherwise(Exception):
    """The program does not hold for these values: a decision would come out otherwise."""


class Careful(Exception):
    """The short way does not hold for these values: they have to be taken from the graph itself."""


@dataclass(frozen=True, eq=False)
class Written:
    """A program as text and as a function.

    function: `function(*inputs, buffers)` gives a tuple of the outputs. Raises `Otherwise` or `Careful`.
    buffers:  shape and dtype of each buffer that a call needs; no two calls may share them at one time.
    """

    text: str
    function: Callable[..., Any]
    buffers: tuple[tuple[tuple[int, ...], Any], ...]

    def new_buffers(self) -> tuple[Any, ...]:
        """A set of buffers for one call at a time."""
        return tuple(np.empty(shape, dtype) for shape, dtype in self.buffers)


def numpy_program(form: CompiledForm, names: Mapping[int, str], title: str = "program") -> Written:
    """Write `form` as a NumPy function of its inputs. `names` gives nodes the names that a reader knows."""
    return Writer(form, names, title).written()


class Writer:
    """Writes line by line, in the order of the nodes."""

    def __init__(self, form: CompiledForm, names: Mapping[int, str], title: str) -> None:
        self.graph = form.graph
        self.form = form
        self.title = title
        self.bound: dict[str, Any] = {"np": np, "Otherwise": Otherwise, "Careful": Careful}
        self.names: dict[int, str] = {}
        self.lines: list[str] = []
        self.buffers: list[tuple[tuple[int, ...], Any]] = []
        self.free: dict[Any, list[int]] = {}
        self.buffer_of: dict[int, int] = {}
        self.roots = _roots(self.graph)
        self.inlined = _summed_squares(self.graph)
        self.last_use = last_uses(self.graph, self.roots, self.inlined)
        self.kept = {self.roots[i] for i in self.graph.outputs}
        self.guards = {g.node: g for g in form.guards}
        self.careful = set(form.careful)
        self._name_all(names)

    # -- names ------------------------------------------------------------------------------------------------------

    def _name_all(self, names: Mapping[int, str]) -> None:
        self.taken = taken = {"np", "buffers", "Otherwise", "Careful"}
        count = 0
        for position, node in enumerate(self.graph.nodes):
            name = plain_name(names.get(position) or node.name)
            if name is None and node.op != CONSTANT:
                count += 1
                name = f"t{count}"
            if name is None or name in taken or name in self.bound:
                name = f"{name or 'k'}_{position}"
            taken.add(name)
            self.names[position] = name

    def bind(self, value: Any, name: str) -> str:
        """A name in the program for an object of ours."""
        name = plain_name(name) or "value"
        while name in self.taken or (name in self.bound and self.bound[name] is not value):
            name += "_"
        self.bound[name] = value
        return name

    def ones(self, length: int, dtype: Any) -> str:
        """A vector of ones, one a length and dtype."""
        name = f"ones_{length}" + ("" if dtype == np.float64 else f"_{dtype.name}")
        if name not in self.bound:
            self.bound[name] = np.ones(length, dtype)
        return name

    # -- the whole --------------------------------------------------------------------------------------------------

    def written(self) -> Written:
        """The program."""
        for position, node in enumerate(self.graph.nodes):
            if node.op == CONSTANT:
                self._constant(position, node)
            elif node.op != INPUT and not self._only_asked(position) and position not in self.inlined:
                self._node(position, node)
            self._guard(position)
            self._release(position)
        returned = [self._returned(k, i) for k, i in enumerate(self.graph.outputs)]
        arguments = ", ".join([*(self.names[i] for i in self.graph.inputs), "buffers"])
        title = title_beside(self.title, self.bound)
        head = [f"def {title}({arguments}):"]
        if self.buffers:
            count = len(self.buffers)
            head.append(f"    {', '.join(f'w{k}' for k in range(count))}{',' if count == 1 else ''} = buffers")
        body = [f"    {line}" for line in self.lines]
        text = "\n".join([*head, *body, f"    return ({', '.join(returned)},)", ""])
        return Written(text, compiled_text(text, title, self.bound), tuple(self.buffers))

    def _only_asked(self, position: int) -> bool:
        """Whether a node is only looked at to see that all is finite: then it is asked for and not worked out."""
        node = self.graph.nodes[position]
        return position in self.careful and node.op == "isfinite" and not self.graph.consumers[position]

    def _guard(self, position: int) -> None:
        if position in self.careful:
            node = self.graph.nodes[position]
            if self._only_asked(position):
                self.lines.append(f"if not {self._all_finite(node.inputs[0])}: raise Careful")
            else:
                self.lines.append(f"if not np.all({self.names[position]}): raise Careful")
        if position in self.guards:
            outcome, name = self.guards[position].outcome, self.names[position]
            if isinstance(outcome, bool):
                whole = name if not self.graph.nodes[position].shape else f"np.all({name})"
                self.lines.append(f"if {'not ' if outcome else ''}{whole}: raise Otherwise")
            else:
                self.lines.append(f"if not np.array_equal({name}, {self.bind(outcome, 'outcome')}): raise Otherwise")

    def _all_finite(self, position: int) -> str:
        node = self.graph.nodes[position]
        name = self.names[position]
        if not node.shape:
            return f"np.isfinite({name})"
        flat = name if len(node.shape) == 1 else f"{name}.ravel()"
        return f"np.isfinite({flat}.dot({self.ones(math.prod(node.shape), node.dtype)}))"

    def _constant(self, position: int, node: Node) -> None:
        value = self.graph.constants[position]
        if node.shape == () and node.dtype == np.float64 and np.isfinite(value) and self._takes_literals(position):
            self.names[position] = f"({value.item()!r})" if value < 0 else repr(value.item())
        else:
            self.names[position] = self.bind(value, plain_name(node.name) or f"k{position}")

    def _takes_literals(self, position: int) -> bool:
        """Whether a bare number means the same as one of float64 wherever it is read: not beside float32."""
        readers = [self.graph.nodes[i] for i in self.graph.consumers[position]]
        kinds = {self.graph.nodes[i].dtype for reader in readers for i in reader.inputs}
        plain = all(d in (np.float64, np.complex128) or d.kind in "biu" for d in kinds)
        return plain and all(isinstance(REGISTER.named(r.op).function, np.ufunc) or r.op == "power" for r in readers)

    def _returned(self, place: int, position: int) -> str:
        """An output: memory of its own, that nobody else holds."""
        root, name = self.roots[position], self.names[position]
        node = self.graph.nodes[position]
        if node.op == CONSTANT and not node.shape:
            return self.bind(self.graph.constants[position], f"k{position}")
        if not node.shape:
            return name
        shared = any(self.roots[other] == root for other in self.graph.outputs[:place])
        given = self.graph.nodes[root].op in (INPUT, CONSTANT)
        return f"np.array({name})" if shared or given or self._is_spread(position) else name

    def _is_spread(self, position: int) -> bool:
        """Whether a value shows one number at several places: nobody may write to such an array."""
        node = self.graph.nodes[position]
        while position != self.roots[position]:
            if node.op == "broadcast_to":
                return True
            position = node.inputs[0]
            node = self.graph.nodes[position]
        return False

    # -- buffers ----------------------------------------------------------------------------------------------------

    def _release(self, position: int) -> None:
        for root in self.last_use.get(position, ()):
            held = self.buffer_of.pop(root, None)
            if held is not None:
                self.free.setdefault(self.buffers[held], []).append(held)

    def _out(self, position: int, in_place: bool) -> str:
        """Where a value goes: the buffer of an input that is done with, a free one, or a new one. "" for a result."""
        node = self.graph.nodes[position]
        if position in self.kept or not node.shape or not math.prod(node.shape):
            return ""
        kind = (node.shape, node.dtype)
        held = self._dying(position, kind) if in_place else None
        if held is None:
            waiting = self.free.get(kind)
            held = waiting.pop() if waiting else len(self.buffers)
            if held == len(self.buffers):
                self.buffers.append(kind)
        self.buffer_of[position] = held
        return f"w{held}"

    def _dying(self, position: int, kind: Any) -> int | None:
        dying = self.last_use.get(position, ())
        for i in self.graph.nodes[position].inputs:
            held = self.buffer_of.get(i)
            if self.roots[i] == i and i in dying and held is not None and self.buffers[held] == kind:
                return self.buffer_of.pop(i)
        return None

    # -- one node ---------------------------------------------------------------------------------------------------

    def _node(self, position: int, node: Node) -> None:
        special = SPECIAL.get(node.op)
        if special is not None and special(self, position, node):
            return
        op = REGISTER.named(node.op)
        arguments = [self.names[i] for i in node.inputs]
        if isinstance(op.function, np.ufunc) and op.elementwise and not node.params:
            self.assign(position, self._entry_by_entry(position, node, op.function, arguments))
        else:
            text = self._call(op, arguments, node.params)
            self.assign(position, text if node.shape else f"np.asarray({text})[()]")

    def assign(self, position: int, text: str) -> None:
        """One line."""
        self.lines.append(f"{self.names[position]} = {text}")

    def _entry_by_entry(self, position: int, node: Node, function: Any, arguments: list[str]) -> str:
        if not node.shape and node.op in OPERATORS and node.dtype == np.float64:
            return f" {OPERATORS[node.op]} ".join(arguments)
        if not node.shape and node.op == "square":
            return f"{arguments[0]} * {arguments[0]}"
        out = self._out(position, in_place=True)
        # NumPy is about to refuse a third argument of maximum and minimum that is not named.
        named = "out=" if node.op in ("maximum", "minimum") else ""
        return f"{self._function(node.op, function)}({', '.join([*arguments, *([named + out] if out else [])])})"

    def _function(self, name: str, function: Any) -> str:
        own = function.__name__
        return f"np.{own}" if getattr(np, own, None) is function else self.bind(function, name)

    def _call(self, op: Op, arguments: list[str], params: Params) -> str:
        function = op.function
        name = str(getattr(function, "__name__", ""))
        text = f"np.{name}" if name and getattr(np, name, None) is function else self.bind(function, op.name)
        options = [f"{k}={repr(v) if _literal(v) else self.bind(v, k)}" for k, v in params.items()]
        return f"{text}({', '.join([*arguments, *options])})"


# -- ops that are written in their own way: each says whether it did so -----------------------------------------------


def _matmul(writer: Writer, position: int, node: Node) -> bool:
    left, right = (writer.graph.nodes[i] for i in node.inputs)
    a, b = (writer.names[i] for i in node.inputs)
    if left.dtype != node.dtype or right.dtype != node.dtype or node.dtype.kind not in "fc":
        return False
    if max(len(left.shape), len(right.shape)) > 2:
        out = writer._out(position, in_place=False)
        writer.assign(position, f"np.matmul({a}, {b}{', ' + out if out else ''})")
        return True
    out = writer._out(position, in_place=False)
    writer.assign(position, f"{a}.dot({b}{', ' + out if out else ''})")
    return True


def _transpose(writer: Writer, position: int, node: Node) -> bool:
    name, axes = writer.names[node.inputs[0]], tuple(node.params["axes"])
    reverse = axes == tuple(range(len(axes)))[::-1]
    writer.assign(position, f"{name}.T" if reverse else f"{name}.transpose({axes})")
    return True


def _reshape(writer: Writer, position: int, node: Node) -> bool:
    source = writer.graph.nodes[node.inputs[0]]
    if not source.shape:
        return False
    name = writer.names[node.inputs[0]]
    if len(source.shape) == 1 and node.shape == (*source.shape, 1):
        writer.assign(position, f"{name}[:, None]")
    else:
        writer.assign(position, f"{name}.reshape({node.shape})" + ("" if node.shape else "[()]"))
    return True


def _sum(writer: Writer, position: int, node: Node) -> bool:
    source = writer.graph.nodes[node.inputs[0]]
    name, axes = writer.names[node.inputs[0]], node.params["axis"]
    if source.dtype != node.dtype or node.dtype.kind != "f" or node.dtype.itemsize < 4 or not math.prod(source.shape):
        return False
    if len(axes) == len(source.shape):
        if not node.params["keepdims"]:
            writer.assign(position, _total(writer, node, source, name))
            return True
        return False
    if len(source.shape) == 2 and (not node.params["keepdims"] or position not in writer.kept):
        return _sum_of_table(writer, position, node, source, name)
    return False


def _total(writer: Writer, node: Node, source: Node, name: str) -> str:
    if source.op == "square" and node.inputs[0] in writer.inlined:
        inside = source.inputs[0]
        flat = writer.names[inside]
        flat = flat if len(writer.graph.nodes[inside].shape) == 1 else f"{flat}.ravel()"
        return f"{flat}.dot({flat})"
    size = math.prod(source.shape)
    if size <= MOST_BY_PRODUCT:
        return f"{name if len(source.shape) == 1 else name + '.ravel()'}.dot({writer.ones(size, node.dtype)})"
    return f"np.add.reduce({name}, None)"


def _sum_of_table(writer: Writer, position: int, node: Node, source: Node, name: str) -> bool:
    """Column sums and row sums as products with ones, which run at the speed of the memory."""
    (axis,) = node.params["axis"]
    ones = writer.ones(source.shape[axis], node.dtype)
    length = source.shape[1 - axis]
    if position in writer.kept:
        out = ""
    else:
        out = writer._out(position, in_place=False)
    into = out if not out or not node.params["keepdims"] else f"{out}.reshape({length})"
    parts = [ones, name] if axis == 0 else [name, ones]
    text = f"{parts[0]}.dot({parts[1]}{', ' + into if into else ''})"
    if node.params["keepdims"]:
        text += ".reshape(" + str(node.shape) + ")"
    writer.assign(position, text)
    return True


def _largest(writer: Writer, position: int, node: Node) -> bool:
    source = writer.graph.nodes[node.inputs[0]]
    if source.dtype != node.dtype:
        return False
    axes = node.params["axis"]
    axis = "None" if len(axes) == len(source.shape) else str(axes[0]) if len(axes) == 1 else str(axes)
    options = [writer.names[node.inputs[0]], axis]
    if node.shape and position not in writer.kept:
        options += ["None", writer._out(position, in_place=False) or "None"]
        if node.params["keepdims"]:
            options.append("True")
    elif node.params["keepdims"]:
        options.append("keepdims=True")
    writer.assign(position, f"{REDUCTIONS[node.op]}({', '.join(options)})")
    return True


def _getitem(writer: Writer, position: int, node: Node) -> bool:
    table, *arrays = (writer.names[i] for i in node.inputs)
    if not writer.graph.nodes[node.inputs[0]].shape:
        return False
    writer.assign(position, f"{table}[{index_text(node.params['index'], arrays)}]")
    return True


def _chain_product(writer: Writer, position: int, node: Node) -> bool:
    if node.dtype.kind != "f" or node.shape == ():
        return False
    out = writer._out(position, in_place=True)
    arguments = [*(writer.names[i] for i in node.inputs), *([out] if out else [])]
    writer.assign(position, f"np.multiply({', '.join(arguments)})")
    writer.lines.append(f"if not {writer._all_finite(position)}: raise Careful")
    return True


def _add_at(writer: Writer, position: int, node: Node) -> bool:
    table, value, *arrays = node.inputs
    index = index_text(node.params["index"], [writer.names[i] for i in arrays])
    held = writer.buffer_of.get(table)
    dying = table in writer.last_use.get(position, ()) and writer.roots[table] == table
    if held is not None and dying and position not in writer.kept:
        writer.names[position] = writer.names[table]
        writer.buffer_of[position] = writer.buffer_of.pop(table)
    else:
        out = writer._out(position, in_place=False)
        writer.assign(position, f"np.positive({', '.join([writer.names[table], *([out] if out else [])])})")
    writer.lines.append(f"{writer.names[position]}[{index}] += {writer.names[value]}")
    return True


def _power(writer: Writer, position: int, node: Node) -> bool:
    exponent = writer.graph.constants.get(node.inputs[1])
    if exponent is None or np.ndim(exponent) or node.dtype != np.float64 or not node.shape:
        return False
    writer.assign(position, f"{writer.names[node.inputs[0]]} ** {writer.names[node.inputs[1]]}")
    return True


SPECIAL: dict[str, Callable[[Writer, int, Node], bool]] = {
    "matmul": _matmul,
    "transpose": _transpose,
    "reshape": _reshape,
    "sum": _sum,
    "max": _largest,
    "min": _largest,
    "getitem": _getitem,
    "chain_product": _chain_product,
    "add_at": _add_at,
    "power": _power,
}


def title_beside(title: str, bound: Mapping[str, Any]) -> str:
    """A name for the program that is not that of something it calls."""
    return f"{title}_program" if title in bound else title


# -- pieces -----------------------------------------------------------------------------------------------------------


def plain_name(name: str | None) -> str | None:
    """A name as an identifier of Python; None where it cannot be one."""
    if not name:
        return None
    made = "".join(c if c.isidentifier() or c.isdigit() else "_" for c in name).strip("_")
    if not made or not made.isidentifier() or keyword.iskeyword(made) or made in ("np", "buffers"):
        return None
    return made


def index_text(index: Sequence[Any], arrays: Sequence[str]) -> str:
    """An index as it is written in brackets."""
    parts = []
    for entry in index:
        if isinstance(entry, slice):
            ends = ["" if e is None else str(e) for e in (entry.start, entry.stop)]
            parts.append(":".join(ends) + ("" if entry.step is None else f":{entry.step}"))
        elif isinstance(entry, tuple):
            parts.append(arrays[entry[1]])
        else:
            parts.append("..." if entry is Ellipsis else str(entry))
    return ", ".join(parts) if len(parts) != 1 else f"{parts[0]},"


def _literal(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_literal, value))
    return value is None or type(value) in (bool, int, str)


def shows_memory(op: Op) -> bool:
    """Whether a value of this op may lie in the memory of its first input."""
    return op.view or op.lends


def _roots(graph: Graph) -> list[int]:
    """For each node, whose memory it shows: its own, or that of what it is a view of."""
    roots: list[int] = []
    for position, node in enumerate(graph.nodes):
        view = node.op not in (INPUT, CONSTANT) and shows_memory(REGISTER.named(node.op))
        roots.append(roots[node.inputs[0]] if view else position)
    return roots


def _summed_squares(graph: Graph) -> frozenset[int]:
    """Squares that are only added up: the sum is then a product of the value with itself, and they are never made."""
    return frozenset(
        i
        for i, node in enumerate(graph.nodes)
        if node.op == "square"
        and node.dtype.kind == "f"
        and node.dtype.itemsize >= 4
        and graph.nodes[node.inputs[0]].dtype == node.dtype
        and i not in graph.outputs
        and math.prod(node.shape) > 0
        and [adds_all(graph, r) for r in graph.consumers[i]] == [True]
    )


def adds_all(graph: Graph, position: int) -> bool:
    """Whether a node is the sum of all entries of its input, as a single number."""
    node = graph.nodes[position]
    whole = len(graph.nodes[node.inputs[0]].shape)
    return node.op == "sum" and whole > 0 and len(node.params["axis"]) == whole and not node.params["keepdims"]


def last_uses(graph: Graph, roots: Sequence[int], inlined: frozenset[int]) -> dict[int, list[int]]:
    """For each node, the roots whose memory is read there for the last time."""
    last: dict[int, int] = {}
    for position, node in enumerate(graph.nodes):
        last[roots[position]] = position
        for i in node.inputs:
            last[roots[i]] = position
            if i in inlined:
                last.update((roots[k], position) for k in graph.nodes[i].inputs)
    ends = {roots[i] for i in graph.outputs}
    found: dict[int, list[int]] = {}
    for root, position in last.items():
        if root not in ends:
            found.setdefault(position, []).append(root)
    return found


_COUNT = iter(range(10**12))


def compiled_text(text: str, title: str, bound: Mapping[str, Any]) -> Callable[..., Any]:
    """The function that a text of ours defines; tracebacks and debuggers find its lines."""
    names = dict(bound)
    # The text is ours throughout: see the words at the top of this module.
    exec(_code(text), names)
    return names[title]  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=512)
def _code(text: str) -> types.CodeType:
    """What a text becomes. The same text comes again with other arrays, and making it takes a millisecond."""
    file = f"<gradwork program {next(_COUNT)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    return compile(text, file, "exec")
