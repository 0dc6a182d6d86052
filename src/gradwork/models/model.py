"""A model that has been loaded: what is worked out, its parameters, and its data."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.graph.formula import Program
from gradwork.notation.document import Document, Paragraph

if TYPE_CHECKING:
    from gradwork.descent.result import Descent
    from gradwork.working.work import Working


@dataclass(frozen=True, eq=False)
class Model:
    """A loss, its parameters and its data, ready to be worked. Made by `load`.

    program:    named formulas, the last of which is the loss; None for a model from a function.
    function:   the function of a model from a Python file; its arguments are called by the names in `bound`.
    parameters: a float or an array for each, in the order of the file.
    data:       an array, or a number, for each other name that the loss uses.
    wrt:        the names that the gradient is taken with respect to.
    layout:     "rows" (Z = X @ W + b) or "columns" (Z = W @ X + b).
    notes:      what was read and decided on the way, for people.
    settings:   the model file's tables [descend] and [work], as they are.
    random:     whether parameters were drawn at random.

    >>> from gradwork.models import load
    >>> model = load('loss = "(x*w - y)^2"\\n[data]\\nx = 2\\ny = 1\\n[parameters]\\nw = 3')
    >>> model.wrt, model.bound
    (('w',), {'x': 2.0, 'y': 1.0, 'w': 3.0})
    """

    title: str
    program: Program | None
    parameters: dict[str, Any]
    data: dict[str, Any]
    wrt: tuple[str, ...]
    layout: str = "rows"
    source: str = "<model>"
    notes: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    function: Callable[..., Any] | None = None
    random: bool = False

    def __repr__(self) -> str:
        return f"<Model: {self.title}; parameters {', '.join(self.parameters)}; data {', '.join(self.data) or 'none'}>"

    @property
    def bound(self) -> dict[str, Any]:
        """Every name that the loss uses, with its value: the data, then the parameters."""
        return {**self.data, **self.parameters}

    @property
    def loss(self) -> Program | Callable[..., Any]:
        """What is worked: the named formulas, or the function."""
        loss = self.program if self.function is None else self.function
        assert loss is not None, "a model has formulas or a function"
        return loss

    # --- the three ways ----------------------------------------------------------------------------------------------

    def work(self, *, wrt: Sequence[str] | None = None, nudge: float | None = None, **extent: Any) -> Working:
        """The gradient worked three ways. `extent` is how much is shown: rows, columns, digits, full."""
        from gradwork.gradients.view import View
        from gradwork.working.work import work

        usual = {k: v for k, v in self.settings.get("work", {}).items() if k in ("rows", "columns", "digits")}
        extent = {**usual, **_given(extent)}
        return work(
            self.loss,
            wrt=tuple(wrt or self.wrt),
            nudge=nudge if nudge is not None else float(self.settings.get("work", {}).get("nudge", 0.01)),
            kwargs=self.bound,
            title=self.title,
            view=View.of(**extent),
            about=[Paragraph(note, "note") for note in self.notes],
            learning_rate=self.settings.get("descend", {}).get("learning_rate"),
            layout=self.layout,
        )

    def nudge(self, *, wrt: Sequence[str] | None = None, nudge: float | None = None, **extent: Any) -> Document:
        """The slopes by nudging, by bias vector and weight column, as a page."""
        from gradwork.gradients.nudge import nudge as nudge_slopes
        from gradwork.gradients.view import View

        step = nudge if nudge is not None else float(self.settings.get("work", {}).get("nudge", 0.01))
        view = View.of(**_given(extent))
        nudged = nudge_slopes(self.loss, wrt=tuple(wrt or self.wrt), scheme="forward", step=step, kwargs=self.bound)
        rows, columns = view.corner
        page = nudged.document(rows=rows, columns=columns, digits=view.digits, title=self.title)
        about = tuple(Paragraph(note, "note") for note in self.notes)
        return replace(page, blocks=(*about, *page.blocks))

    def sweep(self, *, wrt: Sequence[str] | None = None, digits: int | None = None) -> Document:
        """One slope measured with nudges of every size, as a page: that of the steepest entry."""
        from gradwork.gradients.nudging.sweep import sweep

        page = sweep(self.loss, wrt=tuple(wrt or self.wrt), kwargs=self.bound).document(digits=digits or 6)
        about = (Paragraph(self.title), *(Paragraph(note, "note") for note in self.notes))
        return replace(page, blocks=(*about, *page.blocks))

    def derive(self, *, wrt: Sequence[str] | None = None, order: int = 1, **extent: Any) -> Document:
        """The derivation by each parameter, as a page."""
        from gradwork.gradients.derive import derive
        from gradwork.gradients.pages import derivations_page
        from gradwork.gradients.view import View

        made = derive(self.loss, wrt=tuple(wrt or self.wrt), kwargs=self.bound, order=order)
        page = derivations_page(made, self.title)
        return replace(page, digits=View.of(**_given(extent)).digits)

    def descend(self, *, wrt: Sequence[str] | None = None, **options: Any) -> Descent:
        """Gradient descent from the model's parameters. `options` are those of `gw.descend`, over [descend]."""
        from gradwork.descent.descend import descend
        from gradwork.errors import UsageError

        names = tuple(wrt or self.wrt)
        options, said = self._options(_given(options))
        by_rows = [key for key in ("batch", "holdout", "test", "executor") if options.get(key) is not None]
        if by_rows and self.layout == "columns":
            why = 'in this model a row of data is a column (layout = "columns")'
            raise UsageError(f"{by_rows[0]} takes rows of data", why=why, hint="a model with the layout of rows")
        start = {name: self.bound[name] for name in names}
        data = {name: value for name, value in self.bound.items() if name not in names}
        loss = self.loss if self.function is None else _ByName(self.function)
        start, drawn = self._start(start, options)
        if (drawn or self.random) and options.get("standardise"):
            from gradwork.descent.standardise import own_units

            start = own_units(loss, start, data, options["standardise"])
        notes = (self.title, *self.notes, *said, *drawn)
        return descend(loss, start, data, notes=notes, names=names, **options)

    def _options(self, given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The options of a descent over those of [descend], and what is to be said of them."""
        from gradwork.descent.method import method_named

        own = self.settings.get("descend", {})
        options = {**own, **given}
        search = method_named(options.get("method", "gd")).search
        if search is None or "method" not in given:
            return options, []
        # A method that was chosen beside the file has no use for what the file says to its own method.
        idle = [key for key in ("learning_rate", "batch", "schedule", "clip") if key in own and key not in given]
        for key in idle:
            del options[key]
        said = f"not used by {given['method']}: {', '.join(idle)} of [descend]"
        return options, [said] if idle else []

    def _start(self, start: dict[str, Any], options: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The start, drawn at random where the options say so, and what is to be said of it."""
        from gradwork.descent.starts import check, drawn

        init, scale = options.pop("init", None), options.pop("init_scale", None)
        check(init, scale)
        if init is None:
            return start, []
        # The bias of a layer is a column where rows of data are columns; its name tells it from weights.
        layered = all(re.fullmatch(r"[Wb]\d+", name) for name in start)
        biases = [name.startswith("b") for name in start] if layered else ()
        leaves = [np.asarray(value, dtype=np.float64)[()] for value in start.values()]
        seed = int(options.get("seed") or 0)
        found = drawn(leaves, init, scale, seed, self.layout, biases)
        return dict(zip(start, found, strict=True)), [f"the start is drawn with seed {seed} ({init})"]


@dataclass(frozen=True)
class _ByName:
    """A function of a file, as one of its parameters in a dict and of data by name."""

    function: Callable[..., Any]

    def __call__(self, params: dict[str, Any], **data: Any) -> Any:
        return self.function(**data, **params)


def _given(extent: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in extent.items() if value is not None}
