"""`gw.compile`: a function, or its value and gradient, as one straight-line program that is made once.

The function is traced, taken back, rewritten for speed and written as a program (`gradwork.lowering`). The program is
run again while the arguments' shapes, the decisions on the way and everything that the function reaches are as they
were; otherwise the function is traced anew. Programs for several shapes are kept side by side.
"""

from __future__ import annotations

import html
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError
from gradwork.gradients import entrance
from gradwork.gradients.backprop import backpropagate
from gradwork.gradients.cancelling import cancelling
from gradwork.gradients.captured import Captured, random_states, same_states
from gradwork.gradients.traced_slopes import check_one_number, wanted_inputs
from gradwork.gradients.transforms import value_and_grad
from gradwork.gradients.wrt import Wrt, keywords, resolve
from gradwork.graph.graph import Graph
from gradwork.graph.keyed import Kept, graph_key, operations
from gradwork.graph.op import REGISTER
from gradwork.graph.run import run
from gradwork.graph.trace import Function, Trace, as_called, trace_call
from gradwork.graph.traced import Traced
from gradwork.lowering.compiled_form import compiled_form
from gradwork.lowering.jax_program import imported, jax_program
from gradwork.lowering.long_axis import along_the_long_axis
from gradwork.lowering.numpy_program import Careful, Otherwise, Written, numpy_program, plain_name
from gradwork.lowering.scalar_program import cost, scalar_program

BACKENDS = ("numpy", "jax")
MOST_BRANCHES = 16  # programs for one set of shapes
MOST_SHAPES = 64
_PROGRAMS = Kept(128)
REFUSED = (ArithmeticError, ValueError, BufferError, struct.error, Careful)


def compile(
    f: Function, /, *args: Any, wrt: Wrt | None = None, backend: str = "numpy", kwargs: Mapping[str, Any] | None = None
) -> Compiled:
    """The program of `f`, or of `(value, gradient)` where `wrt` says by which arguments.

    args, kwargs: arguments as `f` will be called with; shapes and dtypes count, values do not. Without any, the
    program is made at the first call.
    Gives a callable that takes what `f` takes; `print` shows the program. New shapes, another way taken at an `if`, or
    a change in anything that `f` reaches (globals, closures, defaults, attributes, arrays, random numbers) make it
    trace anew. What it cannot see: files, the clock, and the inner state of compiled extensions; and it does what `f`
    does beside its result (printing, appending to a list) only when it traces.
    Known pieces are computed stably: log(sum(exp(z))) of scores that were lowered by their largest, softmax and what
    comes back from them. No warnings of NumPy's are given.
    backend: "numpy", or "jax": the same graph as a function of jax.numpy that XLA compiles, in NumPy's own precision;
    results are NumPy's, or arrays of JAX's where an argument is one.
    Raises ShapeError if a gradient is asked for and `f` does not return one number, ArgumentError for a backend that
    is not there, MissingExtraError where JAX is not installed, MissingRuleError for an op that JAX lacks, and what
    tracing raises.

    >>> import numpy as np, gradwork as gw
    >>> program = gw.compile(lambda x, w, y: (x * w - y) ** 2, 3.0, 2.0, 5.0, wrt="w")
    >>> program(3.0, 2.0, 5.0)
    (np.float64(1.0), np.float64(6.0))
    >>> print(program)
    def program(x, w, y, buffers):
        t4 = (x * w) - y
        return ((t4 * t4), ((2.0 * t4) * x),)
    """
    if backend not in BACKENDS:
        raise ArgumentError(f"there is no backend {backend!r}", hint=f"one of {', '.join(BACKENDS)}")
    if backend == "jax":
        imported()  # now: what importing changes around us would look as if the function had changed it
    as_called(f)
    kind = type("Compiled", (Compiled,), {"__module__": __name__})
    compiled: Compiled = kind(f, wrt, backend)
    if args or kwargs:
        compiled._prepare(args, keywords(kwargs))
    return compiled


class Compiled:
    """What `gw.compile` gives: call it as the function itself."""

    def __init__(self, f: Function, wrt: Wrt | None, backend: str) -> None:
        self.f, self.wrt, self.backend = f, wrt, backend
        self.programs: dict[Any, list[Program]] = {}
        self.traces = 0
        self._lock = threading.Lock()
        self._latest: Program | None = None
        type(self).__call__ = staticmethod(self._slow)  # type: ignore[method-assign]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value, or the value and the gradient, at these arguments."""
        raise NotImplementedError  # each compiled function has an entrance of its own in its place

    def __str__(self) -> str:
        if self._latest is None:
            return f"{self!r}: no program yet; it is made at the first call"
        return self._latest.text.rstrip()

    def __repr__(self) -> str:
        name = getattr(self.f, "__name__", str(self.f))
        by = "" if self.wrt is None else f" and its gradient by {self.wrt!r}"
        return f"<compiled {name}{by}: {sum(map(len, self.programs.values()))} program(s), {self.traces} trace(s)>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"

    @property
    def graph(self) -> Graph:
        """The graph that the latest program was made from. Raises ArgumentError where there is none yet."""
        if self._latest is None:
            raise ArgumentError("nothing has been compiled yet", hint="call it once, or give gw.compile arguments")
        return self._latest.graph

    def program_for(self, *args: Any, **kwargs: Any) -> Program:
        """The program for arguments like these, made where there is none yet."""
        leaves, key = entrance.signature(args, kwargs)
        return self._found(leaves, key) or self._make(args, kwargs, key, leaves)

    def known_for(self, *args: Any, **kwargs: Any) -> Program | None:
        """The program for arguments like these, where it was made before."""
        return self._found(*entrance.signature(args, kwargs))

    def _found(self, leaves: list[Any], key: Any) -> Program | None:
        programs = self.programs.get(key, ())
        return next((p for p in programs if p.takes(leaves) and p.captured.is_same()), None)

    # -- the way round, where the entrance does not fit -------------------------------------------------------------

    def _slow(self, *args: Any, **kwargs: Any) -> Any:
        """Find the program for these arguments, or make it."""
        leaves, key = entrance.signature(args, kwargs)
        if any(isinstance(leaf, Traced) for leaf in leaves):
            return self._plainly(args, kwargs)
        for program in list(self.programs.get(key, ())):
            if not program.takes(leaves):
                continue
            if not program.captured.is_same():
                with self._lock:
                    if program in self.programs.get(key, ()):
                        self.programs[key].remove(program)
                continue
            try:
                result = program.run(leaves)
            except Otherwise:
                continue
            self._install(program)
            return result
        return self._traced_anew(args, kwargs, key, leaves)

    def _plainly(self, args: Any, kwargs: Any) -> Any:
        """As part of an outer trace, or where nothing can be kept."""
        if self.wrt is None:
            return self.f(*args, **kwargs) if callable(self.f) else trace_call(self.f, args, kwargs)
        return value_and_grad(self.f, self.wrt)(*args, **kwargs)

    def _prepare(self, args: Any, kwargs: Any) -> None:
        leaves, key = entrance.signature(args, kwargs)
        self._make(args, kwargs, key, leaves)

    def _traced_anew(self, args: Any, kwargs: Any, key: Any, leaves: list[Any]) -> Any:
        program = self._make(args, kwargs, key, leaves)
        return program.first_result(leaves)

    def _make(self, args: Any, kwargs: Any, key: Any, leaves: list[Any]) -> Program:
        others = [leaf for leaf in leaves if not _is_plain(leaf)]
        captured, before = Captured((self.f, *others)), random_states()
        program = Program(self, args, dict(sorted(kwargs.items())), captured)
        program.moving = captured.moving or not captured.is_same() or not same_states(before, random_states())
        self.traces += 1
        self._latest = program
        if not program.moving:
            with self._lock:
                while len(self.programs) >= MOST_SHAPES:
                    self.programs.pop(next(iter(self.programs)))
                found = self.programs.setdefault(key, [])
                found.insert(0, program)
                del found[MOST_BRANCHES:]
            self._install(program)
        return program

    def _install(self, program: Program) -> None:
        self._latest = program
        type(self).__call__ = staticmethod(program.entrance(self._slow))  # type: ignore[method-assign]


class Program:
    """One program, for one set of shapes and decisions."""

    def __init__(self, owner: Compiled, args: Sequence[Any], kwargs: Mapping[str, Any], captured: Captured) -> None:
        self.captured = captured
        self.moving = False
        self.args, self.kwargs = entrance.kinds(args, kwargs)
        traced, inputs, self.result = _traced(owner, args, kwargs)
        self.slots = entrance.slots(traced)
        leaves, _ = entrance.signature(args, kwargs)
        # A mask, say, has no slope and is no input where one is asked for: the program holds for this mask alone.
        self.fixed = [None if taken else _copied(leaf) for leaf, taken in zip(leaves, self.slots.taken, strict=True)]
        title = plain_name(getattr(owner.f, "__name__", None)) or "program"
        self.on_jax = backend_is_jax(owner)
        self.graph, self.single, self.written = _made(traced, inputs, title, self.on_jax)
        self.pool: list[Any] = []  # the entrance's own, with the context of each beside it
        self.spare: list[Any] = []
        self._entrance: Callable[..., Any] | None = None

    @property
    def text(self) -> str:
        """The program, as it is run."""
        return self.written.text

    def entrance(self, otherwise: Callable[..., Any]) -> Callable[..., Any]:
        """A function with the arguments of the user's own, that checks them and runs the program."""
        if self._entrance is None:
            self._entrance = entrance.entrance(self, otherwise)
        return self._entrance

    def takes(self, leaves: Sequence[Any]) -> bool:
        """Whether what is no input is as it was."""
        return all(
            taken or _same(leaf, fixed) for leaf, taken, fixed in zip(leaves, self.slots.taken, self.fixed, strict=True)
        )

    def run(self, leaves: Sequence[Any]) -> Any:
        """The result for the leaves of arguments that fit. Raises Otherwise where a decision comes out otherwise."""
        values = self.slots.inputs(leaves, self.single, on_device=self.on_jax)
        try:
            buffers = self.spare.pop() if self.spare else self.written.new_buffers()
            with np.errstate(all="ignore"):
                outputs = self.written.function(*values, buffers)
            self.spare.append(buffers)
        except REFUSED:
            return self.careful(leaves)
        return self.result.build(iter([_number(v) for v in outputs]))

    def careful(self, leaves: Sequence[Any]) -> Any:
        """The result from the graph itself, one op after the other."""
        with np.errstate(all="ignore"):
            done = run(self.graph, self.slots.inputs(leaves, False))
        if not done.guards_hold:
            raise Otherwise
        return self.result.build(iter([_own(v) for v in done.outputs]))

    def first_result(self, leaves: Sequence[Any]) -> Any:
        """The result for the arguments that the program was traced with."""
        try:
            return self.run(leaves)
        except Otherwise:  # a decision that a random number took part in
            return self.careful_without_guards(leaves)

    def careful_without_guards(self, leaves: Sequence[Any]) -> Any:
        """As `careful`, where the decisions are known to be those of these very arguments."""
        with np.errstate(all="ignore"):
            done = run(self.graph, self.slots.inputs(leaves, False))
        return self.result.build(iter([_own(v) for v in done.outputs]))


def _is_plain(leaf: Any) -> bool:
    """Whether a leaf is all that there is to it: nothing that it reaches could change."""
    return isinstance(leaf, (np.ndarray, *entrance.ATOMS)) or entrance.is_of_jax(leaf)


def backend_is_jax(owner: Compiled) -> bool:
    """Whether the program is to be JAX's."""
    return owner.backend == "jax"


def _traced(
    owner: Compiled, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Trace, list[int] | None, entrance.Result]:
    """The trace, the inputs that slopes are wanted by (None where none are), and the structure of the result."""
    if owner.wrt is None:
        traced = trace_call(owner.f, args, kwargs)
        marks = traced.output.build(iter([entrance.MARK] * len(traced.outputs)))
        return traced, None, entrance.result_of(marks)
    wanted = resolve(owner.f, owner.wrt, args, kwargs)
    traced = trace_call(owner.f, args, kwargs, floating=wanted.keys)
    check_one_number(traced)
    inputs = wanted_inputs(traced, wanted.keys)
    marks = dict.fromkeys(inputs, entrance.MARK)
    gradient = wanted.pack([traced.argument(key).build(marks) for key in wanted.keys])
    return traced, inputs, entrance.result_of((entrance.MARK, gradient))


def _made(traced: Trace, inputs: list[int] | None, title: str, on_jax: bool) -> tuple[Graph, bool, Written]:
    """The graph of all that is wanted, whether its program is one of single numbers, and the program.

    For a trace that comes out node for node as one before, those of then: no value has a part in them.
    """
    key, declared = (None, None) if on_jax else (graph_key(traced.graph, named=True), operations(traced.graph))
    if key is None or declared is None:
        return _written(traced, inputs, title, on_jax)
    place = (key, declared, tuple(inputs) if inputs is not None else None, title)
    made: tuple[Graph, bool, Written] | None = _PROGRAMS.get(place)
    if made is None:
        made = _written(traced, inputs, title, on_jax)
        if not made[0].guards and operations(made[0]) is not None:
            _PROGRAMS.put(place, made)
    elif any(REGISTER.by_name.get(op.name) is not op for op in operations(made[0]) or ()):
        return _written(traced, inputs, title, on_jax)
    return made


def _written(traced: Trace, inputs: list[int] | None, title: str, on_jax: bool) -> tuple[Graph, bool, Written]:
    graph, by = traced.graph, []
    if inputs is not None:
        back = backpropagate(graph, inputs, traced.values, still=cancelling(graph)).graph
        by = [graph.nodes[i].name or "" for i in inputs]
        graph = back.with_outputs((*graph.outputs, *back.outputs))
    form = compiled_form(graph)
    names = _names(graph, form.at, by)
    if on_jax:
        return graph, False, jax_program(form, names, title)
    written = scalar_program(form, names, title) if _small(form) else None
    return graph, written is not None, written or numpy_program(along_the_long_axis(form), names, title)


def _small(form: Any) -> bool:
    scalar, numpy = cost(form)
    return scalar < numpy


def _names(graph: Graph, at: Mapping[int, int], by: Sequence[str]) -> dict[int, str]:
    """Names for the nodes of the compiled form: the user's own, and d_ with the argument's name for slopes."""
    names: dict[int, str] = {}
    for position, node in enumerate(graph.nodes):
        if node.name and position in at:
            names.setdefault(at[position], node.name)
    for position, name in zip(graph.outputs[1:], by, strict=False):
        if position in at and name:
            names.setdefault(at[position], f"d_{name}")
    return names


def _copied(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


def _same(leaf: Any, fixed: Any) -> bool:
    if isinstance(leaf, np.ndarray):
        return isinstance(fixed, np.ndarray) and np.array_equal(leaf, fixed)
    return leaf is fixed or (isinstance(leaf, entrance.ATOMS) and type(leaf) is type(fixed) and bool(leaf == fixed))


def _number(value: Any) -> Any:
    return np.float64(value) if type(value) is float else value


def _own(value: Any) -> Any:
    """A value that nobody else holds."""
    return np.array(value) if isinstance(value, np.ndarray) else value
