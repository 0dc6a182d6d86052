"""A graph as one function of jax.numpy, which XLA compiles: for graphics cards, several machines, and JAX's own tools.

Each op is jax.numpy's function of the same name, or what its declaration says (`Op.jax`). Precision is NumPy's: 64 bits
stay 64 bits, switched on around each call and not in the settings of the user's program. JAX is imported here alone,
and only when it is asked for.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradwork.errors import MissingExtraError, MissingRuleError
from gradwork.graph.graph import CONSTANT, INPUT, Node
from gradwork.graph.op import REGISTER, Op
from gradwork.lowering.compiled_form import CompiledForm
from gradwork.lowering.numpy_program import Careful, Otherwise, Written, compiled_text, plain_name

OPERATORS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "matmul": "@", "negative": "-"}


class Needs:
    """What an op's own way to JAX is handed (`Op.jax`): jax.numpy, and a place for what has to hold.

    np: jax.numpy.
    """

    def __init__(self, jax: Any) -> None:
        self.jax = jax
        self.np = jax.numpy
        self.held: list[Any] = []

    def need(self, condition: Any) -> None:
        """Say that the value is right only where this is true throughout; elsewhere NumPy does the work."""
        self.held.append(self.np.all(condition))

    def finite(self, value: Any) -> Any:
        """A value that counts where it is finite: at poles and beyond, JAX's special functions go ways of their own."""
        self.need(self.np.isfinite(value))
        return value

    def all_held(self) -> Any:
        """Whether all of it holds."""
        return functools.reduce(self.np.logical_and, self.held, self.np.bool_(True))


def jax_program(form: CompiledForm, names: Mapping[int, str], title: str = "program") -> Written:
    """Write `form` as a function of jax.numpy, compiled by XLA at its first call.

    Gives what `numpy_program` gives: the function takes NumPy's numbers and arrays and gives such; where one of them is
    an array of JAX's, results are JAX's too and stay on its device. Decisions of the traced function are looked at in
    the program itself: it raises `Otherwise` where one comes out otherwise, `Careful` where a value is not NumPy's.
    Raises MissingExtraError where JAX is not installed, MissingRuleError, with the line, for an op that it lacks.
    """
    jax = imported()
    writer = _Writer(form, names, title, jax)
    text, bound = writer.text()
    jitted = jax.jit(_in_full_precision(jax, compiled_text(text, title, bound)))
    shapes = [form.graph.nodes[i].shape for i in form.graph.outputs]

    def program(*given: Any) -> tuple[Any, ...]:
        inputs = given[:-1]  # the last are buffers, of which there are none
        with in_double(jax):
            outputs = jitted(*inputs)
        if writer.looks:
            outputs, as_traced, sound = outputs
            if not as_traced:
                raise Otherwise
            if not sound:
                raise Careful
        if any(isinstance(i, jax.Array) for i in inputs):
            return tuple(outputs)
        return tuple(np.array(o) if shape else np.asarray(o)[()] for o, shape in zip(outputs, shapes, strict=True))

    # For a loop around it that XLA compiles too: the same without the way from and to NumPy.
    program.__dict__.update(jitted=jitted, looks=writer.looks)
    return Written(f"@jax.jit\n{text}", program, ())


def imported() -> Any:
    """JAX. Raises MissingExtraError, with the line that installs it, where it is not there."""
    try:
        jax = importlib.import_module("jax")
        importlib.import_module("jax.scipy.special")
    except ImportError:
        raise MissingExtraError(
            'backend="jax" needs JAX, which is not installed', hint='python -m pip install "gradwork[jax]"'
        ) from None
    return jax


def in_double(jax: Any) -> Any:
    """A context in which JAX keeps 64 bits, for this thread alone."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    return importlib.import_module("jax.experimental").enable_x64()  # before JAX 0.8


def _in_full_precision(jax: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with products of matrices in full precision, which is settled when JAX traces it."""

    def precisely(*inputs: Any) -> Any:
        with jax.default_matmul_precision("highest"):
            return function(*inputs)

    return precisely


class _Writer:
    """Writes line by line, in the order of the nodes. XLA plans memory and fuses; nothing of that is done here."""

    def __init__(self, form: CompiledForm, names: Mapping[int, str], title: str, jax: Any) -> None:
        self.form, self.graph, self.title, self.jax = form, form.graph, title, jax
        self.bound: dict[str, Any] = {"jax": jax, "jnp": jax.numpy, "Needs": functools.partial(Needs, jax)}
        self.lines: list[str] = []
        self.guards = {g.node: g for g in form.guards}
        self.conditions: list[str] = []
        self.careful: list[str] = []
        self.in_full: dict[int, tuple[int, ...]] = {}  # the shapes that values have in the program
        self.looks = False  # whether anything has to hold
        self.names = self._named(names)
        self.arguments = [self.names[i] for i in self.graph.inputs]

    def _named(self, given: Mapping[int, str]) -> dict[int, str]:
        names: dict[int, str] = {}
        self.taken = taken = {"jax", "jnp", "Needs", "on", self.title}
        for position, node in enumerate(self.graph.nodes):
            name = plain_name(given.get(position) or node.name)
            if name is None or name in taken:
                name = f"{name or 't'}_{position}" if name else f"t{position}"
            taken.add(name)
            names[position] = name
        return names

    def text(self) -> tuple[str, dict[str, Any]]:
        """The program, and what its names mean."""
        for position, node in enumerate(self.graph.nodes):
            self.in_full[position] = node.shape
            if node.op == CONSTANT:
                self._constant(position, node)
            elif node.op != INPUT:
                self.lines.append(f"{self.names[position]} = {self._node(position, node)}")
            self._looked_at(position)
        outputs = [self._in_full(i) for i in self.graph.outputs]
        own_ways = any("on.finite(" in line or "(on, " in line for line in self.lines)
        held = [*self.careful, *(["on.all_held()"] if own_ways else [])]
        self.looks = bool(self.conditions or held)
        returned = f"({', '.join(outputs)},)"
        if self.looks:
            returned += f", {_all(self.conditions)}, {_all(held)}"
        body = [*(["on = Needs()"] if own_ways else []), *self.lines, f"return {returned}"]
        arguments = ", ".join(self.arguments)
        text = "\n".join([f"def {self.title}({arguments}):", *(f"    {line}" for line in body), ""])
        return text, self.bound

    def _looked_at(self, position: int) -> None:
        """Decisions that hang on a node, and what has to be true throughout for the short way to hold."""
        name = self.names[position]
        if position in self.form.careful:
            self.careful.append(f"jnp.all({name})")
        guard = self.guards.get(position)
        if guard is None:
            return
        if isinstance(guard.outcome, bool):
            self.conditions.append(f"{'' if guard.outcome else '~'}jnp.all({name})")
        else:
            # From here on the numbers are known: a mask says how many entries are picked, which XLA has to know.
            outcome = self._bind(np.asarray(guard.outcome), f"{name}_as_traced")
            self.conditions.append(f"jnp.array_equal({name}, {outcome})")
            self.names[position] = outcome

    def _constant(self, position: int, node: Node) -> None:
        value = self.graph.constants[position]
        self.in_full[position] = np.shape(value)
        plain = node.dtype == np.float64 and not np.ndim(value) and np.isfinite(value)
        if plain and self._takes_literals(position):
            self.names[position] = f"({value.item()!r})" if value < 0 else repr(value.item())
        else:
            self.names[position] = self._bind(value, plain_name(node.name) or f"k{position}")

    def _takes_literals(self, position: int) -> bool:
        """Whether a bare number means the same as one of float64 wherever it is read."""
        readers = [self.graph.nodes[i] for i in self.graph.consumers[position]]
        kinds = {self.graph.nodes[i].dtype for reader in readers for i in reader.inputs}
        return position not in self.graph.outputs and all(
            len(r.inputs) > 1 and isinstance(REGISTER.named(r.op).function, np.ufunc) for r in readers
        ) and kinds == {np.dtype(np.float64)}  # fmt: skip

    def _bind(self, value: Any, name: str) -> str:
        while name in self.taken or (name in self.bound and self.bound[name] is not value):
            name += "_"
        self.bound[name] = value
        return name

    def _in_full(self, position: int) -> str:
        """A value in the shape of its node: a number may stand for many."""
        node, name = self.graph.nodes[position], self.names[position]
        if self.in_full[position] != node.shape:
            return f"jnp.broadcast_to({name}, {node.shape})"
        return f"jnp.asarray({name})" if node.op == CONSTANT else name

    # -- one node -----------------------------------------------------------------------------------------------------

    def _node(self, position: int, node: Node) -> str:
        op = REGISTER.named(node.op)
        if op.elementwise:
            arguments = self._alike(node)
            self.in_full[position] = np.broadcast_shapes(*(self.in_full[i] for i in node.inputs))
        elif callable(op.jax):
            arguments = [self._in_full(i) if self.in_full[i] != self.graph.nodes[i].shape else self.names[i]
                         for i in node.inputs]  # fmt: skip
        else:
            arguments = [self._cast(i, self._in_full(i), node.dtype) for i in node.inputs]
        text = self._call(op, node, arguments)
        return f"{text}.astype({self._dtype(node.dtype)})" if self._may_differ(op, node) else text

    def _alike(self, node: Node) -> list[str]:
        """The operands of an op that acts entry by entry, in the one dtype that NumPy takes for them."""
        dtypes = [self.graph.nodes[i].dtype for i in node.inputs]
        numbers = [d for d in dtypes if d.kind != "b"]
        common = np.result_type(*numbers) if numbers else np.dtype(bool)
        if node.dtype.kind in "fc" and common.kind in "iu":
            common = node.dtype
        return [
            self.names[i] if d in (common, np.bool_) else f"jnp.asarray({self.names[i]}, {self._dtype(common)})"
            for i, d in zip(node.inputs, dtypes, strict=True)
        ]

    def _cast(self, position: int, text: str, dtype: np.dtype[Any]) -> str:
        """A whole number where the result is none: JAX would go on in fewer bits than NumPy does."""
        own = self.graph.nodes[position].dtype
        return f"{text}.astype({self._dtype(dtype)})" if own.kind in "biu" and dtype.kind in "fc" else text

    def _may_differ(self, op: Op, node: Node) -> bool:
        """Whether JAX may give another dtype than NumPy does."""
        kinds = {self.graph.nodes[i].dtype for i in node.inputs} - {np.dtype(bool)}
        known = not callable(op.jax) and node.dtype.kind in "fc" and kinds == {node.dtype}
        return not known and node.dtype != np.bool_

    def _dtype(self, dtype: np.dtype[Any]) -> str:
        return f"jnp.{dtype.name}" if dtype.kind != "b" else "bool"

    def _call(self, op: Op, node: Node, arguments: list[str]) -> str:
        options = [f"{k}={self._option(v, k)}" for k, v in node.params.items()]
        if op.name in OPERATORS and node.dtype != np.bool_:
            sign = OPERATORS[op.name]
            return f"({f' {sign} '.join(arguments)})" if len(arguments) == 2 else f"({sign}{arguments[0]})"
        if callable(op.jax):
            return f"{self._bind(op.jax, plain_name(op.name) or 'op')}(on, {', '.join([*arguments, *options])})"
        function = found(op, node, self.jax)
        text = f"{function}({', '.join([*arguments, *options])})"
        return f"on.finite({text})" if function.startswith("jax.scipy.special.") else text

    def _option(self, value: Any, name: str) -> str:
        return repr(value) if _literal(value) else self._bind(value, name)


def found(op: Op, node: Node | None, jax: Any) -> str:
    """JAX's own function for an op, as it is written. Raises MissingRuleError, with the line, where there is none."""
    if isinstance(op.jax, str) and op.jax:
        path = op.jax
    else:
        path = numpys_own(op.function)
    if path and _at(jax, path) is not None:
        return path.replace("numpy.", "jnp.", 1) if path.startswith("numpy.") else f"jax.{path}"
    raise MissingRuleError(
        f"{op.name} is not there on JAX",
        where=node.where if node is not None else None,
        why="JAX has no function for it, and its declaration gives no other way",
        hint='backend="numpy"',
    )


def numpys_own(function: Callable[..., Any]) -> str:
    """Where in NumPy a function is found: "numpy.linalg.inv"; "" where it is not NumPy's."""
    name = getattr(function, "__name__", "")
    for path, module in (("numpy", np), ("numpy.linalg", np.linalg), ("numpy.fft", np.fft)):
        if name and getattr(module, name, None) is function:
            return f"{path}.{name}"
    return ""


def _at(jax: Any, path: str) -> Any:
    place = jax
    for name in path.split("."):
        place = getattr(place, name, None)
    return place


def _all(conditions: list[str]) -> str:
    return " & ".join(conditions) if conditions else "True"


def _literal(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_literal, value))
    return value is None or value is Ellipsis or (type(value) in (bool, int, float, str) and value == value)


__all__ = ["Needs", "found", "imported", "in_double", "jax_program", "numpys_own"]
