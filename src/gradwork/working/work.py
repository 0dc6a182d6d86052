"""Work a gradient three ways, compare them, and show every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, DataError, MissingRuleError
from gradwork.formats.display import Shown
from gradwork.gradients.backprop import Adjoints, backpropagate
from gradwork.gradients.carried import carried_forward
from gradwork.gradients.derivation import Derivation
from gradwork.gradients.derive import derive_graph
from gradwork.gradients.nudge import nudge as nudge_slopes
from gradwork.gradients.traced_slopes import check_one_number, wanted_inputs
from gradwork.gradients.view import View
from gradwork.gradients.wrt import Wrt, keywords, resolve
from gradwork.graph.formula import Formula, Program
from gradwork.graph.graph import Graph
from gradwork.graph.passes import simplified
from gradwork.graph.run import Run
from gradwork.graph.trace import Function, Trace, trace_call
from gradwork.graph.tree import leaves_in
from gradwork.notation.document import Block, Document
from gradwork.working.agreement import Agreement, compare

# Carrying forward takes a pass an entry; beyond so many entries going back is all that is shown.
_CARRIED = 500


@dataclass(frozen=True, eq=False)
class Worked:
    """What the three ways give, before it is written on a page.

    names:          the parameters, in order; the mappings below have an entry for each.
    forward:        every value of the forward pass.
    nudged:         one-way nudges of the size asked for; `measured`: nudges both ways, as exact as can be, with bars.
    derived:        the derivations.
    backpropagated: the slopes; `adjoints` has the slope at every node on the way.
    agreement:      the three side by side.
    """

    graph: Graph
    names: tuple[str, ...]
    positions: tuple[int, ...]
    forward: Run
    nudged: Any
    measured: Any
    derived: Mapping[str, Derivation]
    adjoints: Adjoints
    backward: Run
    backpropagated: Mapping[str, Any]
    agreement: Agreement
    nudge: float


@dataclass(frozen=True, eq=False, repr=False)
class Working(Shown, Document):
    """A gradient worked three ways, and the page that shows it. Print it, save it, or show it in a notebook."""

    worked: Worked | None = field(default=None)

    def document(self) -> Document:
        """The page itself."""
        return self

    @property
    def forward(self) -> Run:
        """Every value of the forward pass: `forward["error"]`."""
        return self._worked.forward

    @property
    def nudged(self) -> Any:
        """The slopes by nudging. See `gw.nudge`."""
        return self._worked.nudged

    @property
    def derived(self) -> Mapping[str, Derivation]:
        """The derivation of each parameter, by name."""
        return self._worked.derived

    @property
    def backpropagated(self) -> Mapping[str, Any]:
        """The gradient by backpropagation, by name."""
        return self._worked.backpropagated

    @property
    def agreement(self) -> Agreement:
        """The three ways side by side: `.agree`, `.digits`, and a row for each entry."""
        return self._worked.agreement

    @property
    def _worked(self) -> Worked:
        assert self.worked is not None, "a Working is made by work()"
        return self.worked

    def __repr__(self) -> str:
        return f"<Working: {self.title}>"


def work(
    f: Function,
    *args: Any,
    wrt: Wrt | None = None,
    nudge: float = 0.01,
    kwargs: Mapping[str, Any] | None = None,
    title: str | None = None,
    view: View | None = None,
    about: Sequence[Block] = (),
    learning_rate: float | None = None,
    layout: str = "rows",
) -> Working:
    """Work out the gradient of `f`, which returns one number, by nudging, by the rules and by backpropagation.

    f:     a function, a formula or named formulas; numbers and arrays in `args` and `kwargs` are its values.
    wrt:   an argument's position, its name, or a tuple of these; the first argument when left out.
    nudge: how far each parameter is raised, in its own units.
    view:  how much of large arrays the page shows. title, about: what stands at the head of the page.
    layout: "rows" or "columns": how the data lie, said on the page where matrices are laid out.

    Gives a `Working` with `.forward .nudged .derived .backpropagated .agreement`, which is a Document.
    Raises ShapeError if `f` does not return one number, DataError for NaN among the values.

    >>> import gradwork as gw
    >>> working = gw.work("(x*w - y)^2", wrt="w", kwargs={"x": 3.0, "w": 2.0, "y": 5.0})
    >>> float(working.backpropagated["w"]), working.agreement.agree
    (6.0, True)
    """
    kwargs = keywords(kwargs)
    keys = resolve(f, 0 if wrt is None else wrt, _positions(f, args, kwargs), kwargs).keys
    traced = trace_call(f, args, kwargs, floating=keys)
    check_one_number(traced)
    _check_finite(traced)
    worked = _three_ways(f, args, kwargs, wrt if wrt is not None else keys[0], traced, keys, nudge)
    from gradwork.working.page import page_blocks

    view = view or View()
    blocks = page_blocks(worked, view, tuple(about), learning_rate, layout)
    return Working(title or _title(f), blocks, _facts(worked), digits=view.digits, worked=worked)


def _positions(f: Function, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Sequence[Any]:
    if not args and not kwargs:
        raise ArgumentError("there are no values to work with", hint='gw.work(f, 3.0), or kwargs={"x": 3.0}')
    return args


def _three_ways(
    f: Function,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    wrt: Wrt,
    traced: Trace,
    keys: Sequence[int | str],
    nudge: float,
) -> Worked:
    graph = traced.graph
    positions = tuple(wanted_inputs(traced, keys))
    names = tuple(graph.nodes[i].name or f"u{i}" for i in positions)
    forward = Run(graph, tuple(traced.values))
    adjoints = _as_written(backpropagate(graph, positions), len(graph.nodes))
    backward = adjoints.graph.run(*[forward[i] for i in graph.inputs])
    slopes = dict(zip(names, backward.outputs, strict=True))
    inputs = [forward[i] for i in graph.inputs]
    derived = {n: derive_graph(graph, inputs, i, result="loss") for n, i in zip(names, positions, strict=True)}
    keys_tuple = tuple(keys)
    nudged = nudge_slopes(f, *args, wrt=keys_tuple, scheme="forward", step=nudge, kwargs=kwargs)
    measured = nudge_slopes(f, *args, wrt=keys_tuple, kwargs=kwargs)
    agreement = compare(names, leaves_in(measured.gradient), leaves_in(measured.error), derived, slopes)
    agreement = replace(agreement, carried=_carried(graph, forward, names, positions))
    return Worked(
        graph, names, positions, forward, nudged, measured, derived, adjoints, backward, slopes, agreement, nudge
    )


def _carried(graph: Graph, forward: Run, names: Sequence[str], positions: Sequence[int]) -> dict[str, Any]:
    """Small arrays carried forward by the rules too, entry by entry, where every op on the way has a rule for it."""
    small = [(n, i) for n, i in zip(names, positions, strict=True) if 0 < np.size(forward[i]) <= _CARRIED]
    try:
        return {n: carried_forward(graph, forward.values, i) for n, i in small if graph.nodes[i].shape}
    except MissingRuleError:
        return {}


def _as_written(adjoints: Adjoints, keep: int) -> Adjoints:
    """The way back as a person would write it: 2 error, and not 2 error^1."""
    graph, to = simplified(adjoints.graph, keep=keep)
    return Adjoints(graph, {i: to[at] for i, at in adjoints.of.items()})


def _check_finite(traced: Trace) -> None:
    for position in traced.graph.inputs:
        value = np.asarray(traced.values[position])
        if value.dtype.kind in "fc" and not np.all(np.isfinite(value)):
            place = np.argwhere(~np.isfinite(value))[0]
            name = traced.graph.nodes[position].name
            at = f"{name}[{', '.join(str(int(i) + 1) for i in place)}]" if place.size else str(name)
            raise DataError(
                f"{at} is {value[tuple(place)]}",
                why="a loss that hangs on it has no slope"
                + (" (rows and columns are counted from 1 here)" if place.size else ""),
                hint="leave that row out, or fill in a number",
            )


def _title(f: Function) -> str:
    if isinstance(f, (str, Formula, Program)):
        return f"The gradient of {f}" if len(str(f)) < 60 else "A gradient, worked three ways"
    return f"The gradient of {getattr(f, '__name__', 'a function')}"


def _facts(worked: Worked) -> dict[str, Any]:
    from gradwork.gradients.pages import derivation_facts

    before = worked.forward.outputs[0]
    return {
        "loss": before,
        "parameters": {n: worked.forward[i] for n, i in zip(worked.names, worked.positions, strict=True)},
        "nudge": worked.nudge,
        "nudged": dict(zip(worked.names, leaves_in(worked.nudged.gradient), strict=True)),
        "measured": dict(zip(worked.names, leaves_in(worked.measured.gradient), strict=True)),
        "bars": dict(zip(worked.names, leaves_in(worked.measured.error), strict=True)),
        "derived": {n: d.value for n, d in worked.derived.items()},
        "derivations": [derivation_facts(d) for d in worked.derived.values()],
        "backpropagated": dict(worked.backpropagated),
        "agree": worked.agreement.agree,
        "digits": worked.agreement.digits,
    }
