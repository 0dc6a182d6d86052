"""What an op declares, and the register in which all ops are found.

One declaration holds everything that gradwork knows of an operation. The engine, the printed rule, the reference
page and the contract tests are all read from it. Ops are declared in `gradwork/ops/`, one file a family, or by a
user with `gw.op`; a graph refers to them by name.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwork.errors import UnknownOpError

Rule = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Kink:
    """A place where the slope jumps. `at(*inputs)` says for which entries; the slopes are those of input `path`.

    `left` and `right` are the one-sided slopes just below and above, `chosen` the value that the rule gives there.
    """

    at: Callable[..., Any]
    left: float
    right: float
    chosen: float
    because: str
    path: int = 0


@dataclass(frozen=True, eq=False)
class Op:
    """One operation on arrays.

    name:        unique; NumPy's own name where there is one.
    function:    the value: `function(*arrays, **params)`.
    rule:        the textbook name of its derivative rule; "" where it has none.
    notation:    `notation(*layouts, **params)` gives a layout piece.
    elementwise: acts entry by entry on inputs of one shape (the tracer makes broadcasting explicit before).
    slopes:      for elementwise ops, one a input: `slope(y, *inputs)` from output and inputs, a number where it is
                 constant, None where it has no derivative. Written in ordinary NumPy; it is traced when it is used.
    pullback:    `pullback(g, y, *inputs, **params)` gives one slope an input: how much the result cares, carried back.
    pushforward: `pushforward(tangents, y, *inputs, **params)`; a tangent is None where that input stands still.
    linear:      "each": linear in each input while the others stand still (a sum, a product); "joint": in all at once
                 (pieces put together). Then the pushforward is the function itself, and needs no declaration.
    rule_for:    names the rule from which inputs move: `rule_for((True, False))` gives "constant factor rule".
    unbounded:   slopes may be infinite, so that a slope of exactly zero coming in has to win (0 x infinity is 0).
    analytic:    complex arguments follow the same formula, so that a complex step may be used.
    fixed:       the rule depends on its arguments alone; one that a user wrote may look at what lies around it.
    branch:      `branch(*inputs, **params)`: an array that changes exactly when a kink is crossed.
    view:        the value shows the memory of the first input, so that writing into it writes there.
    lends:       the value may show memory of an input, though nobody may count on it.
    answers:     the NumPy functions that mean this op; `lower(*args, **kwargs)` turns their call into nodes.
    words:       names under which a formula may call it.
    scalar:      for elementwise ops: how one entry is written from one entry of each input, in Python's arithmetic and
                 the functions of the math module; "" where it is not. It may raise ArithmeticError or ValueError.
    jax:         the same value on JAX, where it is not jax.numpy's function of NumPy's own name: the place of JAX's
                 function ("scipy.special.erf"), or `jax(on, *inputs, **params)` with `on.np` for jax.numpy, and
                 `on.need(condition)` for what has to hold for the value to be right.
    """

    name: str
    function: Callable[..., Any]
    rule: str
    notation: Callable[..., Any]
    elementwise: bool = False
    arity: int | None = 1
    slopes: tuple[Any, ...] = ()
    pullback: Rule | None = None
    pushforward: Rule | None = None
    linear: str = ""
    rule_for: Callable[[tuple[bool, ...]], str] | None = None
    unbounded: bool = False
    analytic: bool = False
    kinks: tuple[Kink, ...] = ()
    branch: Callable[..., Any] | None = None
    view: bool = False
    lends: bool = False
    fixed: bool = True
    answers: tuple[Any, ...] = ()
    words: tuple[str, ...] = ()
    lower: Callable[..., Any] | None = None
    infer: Callable[..., tuple[tuple[int, ...], Any]] | None = None
    samples: tuple[Any, ...] = ()
    why: str = ""
    source: str = ""
    family: str = ""
    symbol: str = ""
    scalar: str = ""
    jax: str | Rule = ""

    @property
    def differentiable(self) -> bool:
        """Whether a slope can pass through it at all."""
        return bool(self.pullback or any(s is not None for s in self.slopes))

    def rule_name(self, moving: tuple[bool, ...]) -> str:
        """The textbook name of the rule, given which inputs move."""
        return self.rule_for(moving) if self.rule_for else self.rule

    def __repr__(self) -> str:
        return f"<op {self.name}>"


@dataclass
class Register:
    """All ops by name, by the NumPy function that means them, and by the word that a formula calls them by."""

    by_name: dict[str, Op] = field(default_factory=dict)
    by_function: dict[Any, Callable[..., Any]] = field(default_factory=dict)
    by_word: dict[str, Callable[..., Any]] = field(default_factory=dict)
    composites: dict[str, Composite] = field(default_factory=dict)
    loaded: bool = False

    def load(self) -> None:
        """Import the declarations, once. They live a floor above, so they are named and not imported here."""
        if not self.loaded:
            # Noted afterwards: another thread that comes meanwhile waits for the import, and does not go on without it.
            importlib.import_module("gradwork.ops")
            self.loaded = True

    def named(self, name: str) -> Op:
        """The op of that name. Raises UnknownOpError, with the nearest names, when it is not declared."""
        op = self.by_name.get(name)
        if op is None:
            self.load()
            if name.startswith("black_box"):  # these are there from the first black box on
                importlib.import_module("gradwork.gradients.measured").enter()
            op = self.by_name.get(name)
        if op is None:
            import difflib

            near = difflib.get_close_matches(name, self.by_name, n=3)
            raise UnknownOpError(
                f"no op named {name!r} is declared in this process",
                why="a graph refers to its ops by name; an op of your own has to be declared before it is used",
                hint=f"import the module that declares it{', or ' + ', '.join(near) if near else ''}",
            )
        return op

    def lowering(self, function: Any) -> Callable[..., Any] | None:
        """What turns a call of that NumPy function into nodes; None where nothing does."""
        self.load()
        found = self.by_function.get(function)
        if found is None and isinstance(function, np.ufunc):
            # Functions of other packages, such as scipy.special.expit, are known by name: nothing has to be imported.
            found = self.by_word.get(f"ufunc {function.__name__}")
        return found

    def __iter__(self) -> Iterator[Op]:
        self.load()
        return iter(self.by_name.values())


@dataclass(frozen=True)
class Composite:
    """A NumPy function that is written in terms of others: `np.var` is a mean of squared deviations.

    exact: the value is NumPy's own to the last bit. Where it is not, NumPy adds up in another order, and the last
           places differ.
    """

    name: str
    function: Callable[..., Any]
    rule: str
    lower: Callable[..., Any]
    samples: tuple[Any, ...] = ()
    why: str = ""
    source: str = ""
    family: str = ""
    answers: tuple[Any, ...] = ()
    exact: bool = True


REGISTER = Register()


def declare(op: Op) -> Op:
    """Enter an op in the register. The last declaration of a name wins, as with functions."""
    REGISTER.by_name[op.name] = op
    if op.lower is not None:
        REGISTER.by_function.update(dict.fromkeys(op.answers, op.lower))
    return op


def families(items: Sequence[Any]) -> dict[str, list[Any]]:
    """Ops or composites grouped by the file that declares them, in order."""
    grouped: dict[str, list[Any]] = {}
    for item in items:
        grouped.setdefault(item.family, []).append(item)
    return grouped
