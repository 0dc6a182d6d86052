"""The error at the scores, p - y: another p, another y, or a factor that belongs to another loss."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._errors import ASKED, COLUMNS, ROWS, SAID, TIMES, again, column
from gradwork.check.evidence import Edit, Joint
from gradwork.check.given import Array
from gradwork.check.scores import Scores, scores_of
from gradwork.check.sites import Names
from gradwork.graph.graph import CONSTANT, INPUT

Made = Callable[[Array, Array, Array, Array], Array]  # of z, p, y and what each row counts for
MadeWith = Callable[[Array, Array, Array, Array, Array], Array]  # and of an array of the data


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At the scores of a loss whose slope is p - y: another p, another y, one more factor."""
    if joint.node(joint.forward - 1).origin.kind == "rule":
        return  # the same scores were found in the loss as it is written
    names = Names.of(joint)
    for scores in scores_of(joint):
        z = names.name(scores.scores)
        p, y = (_users(joint, names, k) for k in (scores.given_by, scores.asked))
        ways = [(says, _edit(joint, scores, made, data)) for says, data, made in _with_data(joint, scores)]
        ways += [(says, _edit(joint, scores, made)) for says, made in _ways(joint, scores)]
        for says, edit in ways:
            yield Mutant(
                joint.adjoint[scores.scores],
                edit,
                f"{says}, in the slope by the scores {z}{_said_so(says, p, y)}",
                joint.layers[scores.scores],
                f"the slope of this loss by {z} is p - y: what was said, less what was asked for",
                f"d_{z} = (p - y), times what each row counts for",
            )


def _ways(joint: Joint, scores: Scores) -> Iterator[tuple[str, Made]]:
    z = Names.of(joint).name(scores.scores)
    yield "p - y is turned around into y - p", lambda z, p, y, c: c * (y - p)
    yield "p + y stands where p - y belongs", lambda z, p, y, c: c * (p + y)
    names = Names.of(joint)
    p_is = _written(joint, scores.given_by, names)
    for form, said in SAID.items():
        what = names.name(scores.scores) if form == "the scores themselves" else form
        yield f"{what} stands where {p_is} belongs", lambda z, p, y, c, said=said: c * (said(z, p) - y)  # type: ignore[misc]
    for form, asked in ASKED.items():
        yield f"{form} stands where y belongs", lambda z, p, y, c, asked=asked: c * (p - asked(y))  # type: ignore[misc]
    for form, times in TIMES.items():
        told = f"p - y is multiplied by {form} once too often"
        if form in _SLOPES and _is_slope(joint, scores, times):
            told = f"the slope by {p_is} is taken, and not that by {z}: {_SLOPES[form]} is missing"
        yield (
            told,
            lambda z, p, y, c, times=times: c * times(p, y) * (p - y),  # type: ignore[misc]
        )
    yield "the y of each class is taken off p (1 - p)", lambda z, p, y, c: c * (p * (1 - p) - y)
    yield "the softmax's table of slopes is applied once more", lambda z, p, y, c: again(p, c * (p - y))
    if _has_classes(joint, scores):
        yield (
            "1 at the class that is said stands where y belongs",
            lambda z, p, y, c: c * (p - (z >= np.max(z, -1, keepdims=True))),
        )
        yield "each row keeps only the entries of classes not asked for", lambda z, p, y, c: c * (p - y) * (y <= 0)
        for k, what in ((-1, "last"), (0, "first")):
            yield f"the {what} class gets nothing", lambda z, p, y, c, k=k: c * (p - y) * (1 - column(y, k))  # type: ignore[misc]
    yield "what each row counts for is replaced by its mean", lambda z, p, y, c: np.mean(c) * (p - y)
    yield "what each row counts for is squared", lambda z, p, y, c: c * c / np.mean(c) * (p - y)


def _users(joint: Joint, names: Names, position: int | None) -> str:
    """What the user calls a value; "" where it has no name, or is not full yet."""
    name = names.name(position) if position is not None and joint.node(position).name else ""
    return "" if name.endswith("_empty") else name


def _said_so(says: str, p: str, y: str) -> str:
    """What p and y are called in the loss, where a sentence has them and they are called otherwise."""
    told = [f"{letter} {name}" for letter, name in (("p", p), ("y", y)) if name and name != letter]
    read = [t for t in told if re.search(rf"\b{t[0]}\b", says)]
    return f" (with {' and '.join(t[0] + ' for ' + t[2:] for t in read)})" if read else ""


_SLOPES = {
    "1/p": "the slope of exp, p,",
    "1/(p (1 - p)), that of the slope by p,": "the slope of sigmoid, p (1 - p),",
}


def _is_slope(joint: Joint, scores: Scores, times: Callable[[Array, Array], Array]) -> bool:
    """Whether the factor is one over the slope of p, entry by entry."""
    z = np.asarray(joint.value(scores.scores), float)
    with np.errstate(all="ignore"):
        p, nudge = np.asarray(scores.said(z), float), 1e-6
        slope = (np.asarray(scores.said(z + nudge), float) - np.asarray(scores.said(z - nudge), float)) / (2 * nudge)
        return bool(np.allclose(slope * times(p, p), 1.0, rtol=1e-4))


def _written(joint: Joint, position: int | None, names: Names) -> str:
    """What p is called in the loss; of a sum, its two parts."""
    if position is None:
        return "p"
    node = joint.node(position)
    if node.name or node.op != "add":
        return names.name(position)
    return " + ".join(names.name(i) for i in node.inputs)


def _has_classes(joint: Joint, scores: Scores) -> bool:
    """Whether the last axis of the scores counts classes, and not rows."""
    shape = joint.node(scores.scores).shape
    if shape[-1:] in ((), (1,)):
        return False
    return len(shape) > 1 or bool(np.isclose(np.sum(scores.said(joint.value(scores.scores))), 1.0))


def _with_data(joint: Joint, scores: Scores) -> Iterator[tuple[str, int, MadeWith]]:
    """Ways to mistake an array of the data, such as weights, an exposure or an offset; with the node that holds it."""
    moving = joint.graph.depends_on(list(joint.place.values()))
    shape = joint.node(scores.scores).shape
    names = Names.of(joint)
    for position in range(joint.forward):
        node = joint.node(position)
        stored = node.op == INPUT or (node.op == CONSTANT and np.ndim(joint.values[position]) > 0)
        if not stored or moving[position] or node.dtype.kind not in "fiub" or position == scores.asked:
            continue
        d = names.name(position)
        if node.shape and node.shape in (shape, shape[:1], (*shape[:1], 1)):
            for says, made in ROWS.items():
                yield says.format(d=d), position, made
        if len(shape) > 1 and node.shape in (shape[-1:], (1, *shape[-1:])):
            for says, made in COLUMNS.items():
                yield says.format(d=d), position, made


def _edit(joint: Joint, scores: Scores, made: Made | MadeWith, data: int | None = None) -> Edit:
    shape = joint.node(scores.scores).shape

    def edit(values: Sequence[Any]) -> Any:
        z = np.asarray(np.broadcast_to(values[scores.scores], shape), float)
        coming = np.asarray(values[joint.adjoint[scores.counted]], float)
        coming = np.reshape(coming, (*coming.shape, *([1] * (len(shape) - coming.ndim)))) if coming.ndim else coming
        p = np.asarray(scores.said(z) if scores.given_by is None else values[scores.given_by], float)
        y = np.asarray(scores.labels if scores.asked is None else values[scores.asked], float)
        read = [z, np.broadcast_to(p, shape), np.broadcast_to(y, shape), coming * scores.times]
        if data is not None:
            d = np.asarray(values[data], float)
            read.append(np.reshape(d, (-1, *([1] * (len(shape) - 1)))) if d.shape == shape[:1] != shape[-1:] else d)
        with np.errstate(all="ignore"):
            return np.broadcast_to(made(*read), shape)

    return edit


CAUSE = Cause(
    code="GW260",
    name="error at the scores",
    summary="The slope by the scores, p - y, has another p or another y in it, or the factor of another loss.",
    explain="For a cross-entropy after a sigmoid or softmax, and for counts after an exponential, the slope by the "
    "scores is p - y: what the model says, less what was asked for. Mistakes there spoil every layer: the scores "
    "themselves in place of p, labels that are turned round or one class off, labels of -1 and 1, or the factor "
    "p (1 - p) that belongs to squares.",
    broken="""
import numpy as np

def loss(w, x):
    z = x @ w
    y = x > 0.5
    return np.mean(np.log(1 + np.exp(z)) - y * z)

def gradient(w, x):
    z = x @ w
    p = 1 / (1 + np.exp(-z))
    return x.T @ (p - (1 - (x > 0.5))) / z.size
""",
    mended="""
def gradient(w, x):
    z = x @ w
    p = 1 / (1 + np.exp(-z))
    return x.T @ (p - (x > 0.5)) / z.size
""",
    mutants=mutants,
    rank=27,
    paper=("M08", "M22"),
    bugs=(17, 28),
)
