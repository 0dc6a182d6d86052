"""`gw.check`: is this gradient right, which entries are wrong, where does the error enter, and why.

Every slope is measured by nudging, with a bar; a given slope agrees, differs, or cannot be told. What differs is then
located and explained (`where`, `search`). `gw.assert_gradient` says the same as an AssertionError, for tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwork.check.answered import Answer, answered
from gradwork.check.case import Case
from gradwork.check.evidence import Evidence
from gradwork.check.given import Reading, copied, plain
from gradwork.check.judging import Judgement, judge
from gradwork.check.reading import read
from gradwork.check.smallest import fewest_rows
from gradwork.check.unseen import with_backprop
from gradwork.check.vacuous import Caution, cautions
from gradwork.check.verdicts import Verdict
from gradwork.check.where import Place, located
from gradwork.check.written import as_written
from gradwork.errors import ArgumentError, GradientError
from gradwork.formats.display import Shown
from gradwork.gradients.nudging.record import Nudged
from gradwork.gradients.wrt import Wrt, keywords
from gradwork.graph.trace import Function
from gradwork.graph.tree import flatten
from gradwork.notation.document import Document


@dataclass(frozen=True, eq=False)
class Check(Shown):
    """What a check found. `str()` is the full report; `ok` says whether the gradient passed.

    ok:        no entry differs, in every array at least one entry could be judged, and the check could have failed;
               with `strict`, every entry could be judged.
    verdicts:  for each array by name: which entries agree, differ, and cannot be told.
    diagnoses: the causes that explain what is wrong, to the noise; empty where none is recognised.
    where:     where the error enters, in sentences.
    power:     for each array by name, how large an error, relative to its typical slope, would have been seen.
    cautions:  what this point could not have shown.
    nudged:    the measured slopes; None where a large model was looked at along directions.
    """

    ok: bool
    verdicts: Mapping[str, Verdict]
    diagnoses: tuple[Any, ...]
    where: tuple[Place, ...]
    power: Mapping[str, float]
    cautions: tuple[Caution, ...]
    nudged: Nudged | None = field(repr=False)
    strict: bool = False
    said: str = ""
    evidence: Evidence | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        from gradwork.check.report import headline

        causes = "".join(f"; {finding.cause.code} {finding.cause.name}" for finding in self.diagnoses)
        return f"<Check: {headline(self)}{causes}>"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "evidence": None}  # it holds functions, which cannot travel to another process

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        from gradwork.check.report import text

        return text(self)

    def document(self, *, title: str = "") -> Document:
        """The report as a page: `gradwork.formats` writes it as text, HTML or JSON."""
        from gradwork.check.report import page

        return page(self, title)


def check(
    f: Function,
    gradient: Any,
    *args: Any,
    wrt: Wrt | None = None,
    strict: bool = False,
    kwargs: Mapping[str, Any] | None = None,
) -> Check:
    """Hold a gradient against slopes that are measured, entry by entry, and say what is wrong with it and why.

    f:        the loss: any function of numbers and arrays that returns one number, or a formula.
    gradient: a function of the same arguments that gives the gradient, or what one gave: one array, a tuple, or a dict.
              It is read as having the structure of the argument `wrt` (or the first one), else as a dict by argument
              name or a tuple in the order of `wrt`; None in it is left out. In place of numbers and functions there
              may be formulas, as they are written on paper: "2*(w*x - y)*x", {"w": "...", "b": "..."} or
              "dw = ...; db = ...", in the names of the loss's arguments and, if it is formulas too, of its lines.
    wrt:      which arguments are checked: a position, a name, or a tuple of these; None: all that the gradient covers.
    strict:   an entry about which nothing can be told fails the check as well.

    Gives a `Check`: .ok .verdicts .diagnoses .where .power; `print` shows the report.
    Raises ArgumentError where the gradient fits no argument, or two; and what `gw.nudge` raises for a loss that gives
    different results at one point or changes its arguments.

    >>> import numpy as np, gradwork as gw
    >>> x, y = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0, 9.0])
    >>> loss = lambda w: np.mean((x * w - y) ** 2)
    >>> gw.check(loss, lambda w: np.mean(2 * (x * w - y) * x), 1.0).ok
    True
    >>> gw.check(loss, lambda w: np.sum(2 * (x * w - y) * x), 1.0).diagnoses[0].cause.code
    'GW201'
    >>> gw.check("(w*x - y)^2", "2*(w*x - y)", 3.0, 2.0, 1.0, wrt="w").diagnoses[0].says
    'the factor x is missing'
    """
    kwargs = keywords(kwargs)
    _check_numbers([*args, *kwargs.values()])
    gradient = as_written(gradient, f)
    answer = answered(gradient, args, kwargs, f) if callable(gradient) else None
    case = Case(f, gradient, args, kwargs, _read(gradient if answer is None else answer.first, f, args, kwargs, wrt))
    _check_something(case.reading, [*args, *kwargs.values()])
    judgement = judge(case)
    evidence = with_backprop(_evidence(case, judgement, answer))
    warned = _cautions(evidence, judgement.nudged, answer)
    findings = _findings(evidence)
    places = located(evidence)
    if evidence.wrong and not findings:
        places += fewest_rows(case, evidence)
    return Check(
        ok=_passes(evidence, warned, strict) and not findings,
        verdicts=evidence.verdicts,
        diagnoses=tuple(findings),
        where=tuple(places),
        power={name: v.seen for name, v in evidence.verdicts.items()},
        cautions=tuple(warned),
        nudged=judgement.nudged,
        strict=strict,
        said=case.reading.said,
        evidence=evidence,
    )


def assert_gradient(
    f: Function,
    gradient: Any,
    *args: Any,
    wrt: Wrt | None = None,
    strict: bool = False,
    kwargs: Mapping[str, Any] | None = None,
) -> None:
    """Raise GradientError, an AssertionError with the full report, unless the gradient is right. See `check`.

    >>> import gradwork as gw
    >>> gw.assert_gradient(lambda w: w ** 3, lambda w: 3 * w ** 2, 2.0)
    """
    __tracebackhide__ = True
    found = check(f, gradient, *args, wrt=wrt, strict=strict, kwargs=kwargs)
    if not found.ok:
        from gradwork.check.report import lines

        headline, *rest = lines(found)
        raise GradientError(headline, details=tuple(rest))


def _read(result: Any, f: Function, args: Sequence[Any], kwargs: Mapping[str, Any], wrt: Wrt | None) -> Reading:
    loss = _loss_at(f, args, kwargs) if isinstance(result, (tuple, list)) and len(result) == 2 else None
    return read(result, f, args, kwargs, wrt, loss)


def _loss_at(f: Function, args: Sequence[Any], kwargs: Mapping[str, Any]) -> float | None:
    """The loss, for telling a pair (loss, gradient) from two gradients."""
    try:
        value = np.asarray(f(*map(copied, args), **kwargs)) if callable(f) else None
        return float(value) if value is not None and value.ndim == 0 else None
    except Exception:
        return None  # whatever it raises is raised again, and explained, when it is nudged


def _check_something(reading: Reading, values: Sequence[Any]) -> None:
    for leaf in reading.checked():
        if np.asarray(leaf.value).dtype.kind == "c":
            raise ArgumentError(
                f"{leaf.name} is complex, and a nudge moves a real number",
                hint="check its real and imaginary parts as two arguments",
            )
    if reading.checked():
        return
    if reading.leaves:
        raise ArgumentError(
            "there is no gradient to check: all that was given is None",
            why="None stands for an argument that is left out",
            hint="return the gradient, as an array, a tuple or a dict by argument name",
        )
    raise _no_number(values)


def _check_numbers(values: Sequence[Any]) -> None:
    """Raise ArgumentError where something is given, and no number in it: no function is to blame for stopping there."""
    leaves = [leaf for value in values for leaf in flatten(value)[0]]
    if leaves and all(plain(leaf) is None for leaf in leaves):
        raise _no_number(values)


def _no_number(values: Sequence[Any]) -> ArgumentError:
    kinds = [_kind(leaf) for value in values for leaf in flatten(value)[0]]
    return ArgumentError(
        "there is no number to take a gradient by",
        why=f"what was given is {', '.join(dict.fromkeys(kinds))}" if kinds else "what was given is empty",
        hint="parameters are numbers or arrays of numbers: np.asarray(w, float)",
    )


def _kind(leaf: Any) -> str:
    return f"an array of dtype {leaf.dtype}" if isinstance(leaf, np.ndarray) else f"a {type(leaf).__name__}"


def _evidence(case: Case, judgement: Judgement, answer: Answer | None) -> Evidence:
    """What the search for a cause looks at. Elsewhere it looks only where the graph is known to be the function."""
    verdicts, traced = judgement.verdicts, judgement.joint is not None
    return Evidence(
        leaves=tuple(case.leaves),
        yours=case.yours,
        right=judgement.right,
        tolerance=judgement.tolerance,
        verdicts=verdicts,
        joint=judgement.joint,
        ask=lambda seed: case.elsewhere(verdicts, seed) if traced else None,
        answers=None if answer is None else (answer.first, answer.second),
        loss=case.loss if callable(case.loss) else None,
        call=(case.args, case.kwargs),
        changed=() if answer is None else answer.changed,
        own=lambda: None if answer is None else case.program_at((case.args, case.kwargs), judgement.joint, case.yours),
    )


def _cautions(evidence: Evidence, found: Nudged | None, answer: Answer | None) -> list[Caution]:
    warned = cautions(evidence, list(evidence.verdicts.values()), () if found is None else found.ignored)
    if answer is not None and answer.changed:
        names = ", ".join(answer.changed)
        warned.append(Caution(f"the gradient function writes into {names}", f"work on a copy: {names}.copy()"))
    return warned


def _findings(evidence: Evidence) -> list[Any]:
    from gradwork.check.search import diagnosed

    return diagnosed(evidence)


def _passes(evidence: Evidence, warned: Sequence[Caution], strict: bool) -> bool:
    verdicts = evidence.verdicts.values()
    if any(not v.right for v in verdicts) or any(c.empty for c in warned):
        return False
    return not (strict and any(v.unclear.any() for v in verdicts))
