"""The slope of another function: of a sigmoid where tanh belongs, of absolute values where squares belong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from gradwork.check.cause import Cause, Finding, Mutant, explained
from gradwork.check.diagnoses._called import Called, at_argument, functions_of, others, slope_of
from gradwork.check.diagnoses._functions import ACTIVATIONS, Known
from gradwork.check.diagnoses._limits import limited
from gradwork.check.diagnoses._on_paper import throughout, written_out
from gradwork.check.diagnoses._ratio import close, comparable
from gradwork.check.diagnoses._regions import Region
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.paper import PRODUCTS, TOTALS, Slip, Step, Tree, function_of
from gradwork.check.scores import scores_of
from gradwork.check.sites import Names
from gradwork.check.trees import cells_in, subtrees

MOST_BENT = 12
SCALES = (-1.0, 2.0, 0.5, -2.0, -0.5)  # of the right slope: other causes
FEWEST = 4  # entries before a number that is read off them says something
SIGN_LOST = ", with its sign lost"
NO_UNITS = frozenset(("absolute value", "exp"))  # not taken for another activation
GATED = frozenset(("swish", "gelu (with a sigmoid)"))
ONLY_TWO = [{"the square", "half the square"}, {"the square of relu", "half the square of relu"}]
OfZ = Callable[[Array], Array]
BENT: dict[str, tuple[OfZ, OfZ]] = {
    "a leaky relu, 1 where z > 0, else {c},": (lambda z: (z > 0) * 1.0, lambda z: (z <= 0) * 1.0),
    "an elu, 1 where z > 0, else {c} exp(z),": (
        lambda z: (z > 0) * 1.0,
        lambda z: np.where(z > 0, 0.0, np.exp(np.minimum(z, 0))),
    ),
}


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each function of one value: the slope of each other one."""
    names = Names.of(joint)
    scored = {scores.scores for scores in scores_of(joint)}
    for called in functions_of(joint):
        region, own = called.region, called.own
        if region.start in scored:
            continue  # what is said there is told as such: another cause
        where = names.in_layer(region.end)
        at = at_argument(joint, called)
        why, hint = f"the loss has {own} there, of {names.name(region.start)}", f"take the slope of {own}"
        for name, known in others(called):
            if (
                name == "identity"
                or {name, own} in ONLY_TWO
                or (name.endswith(SIGN_LOST) and _above_zero(joint, region))
                or _is_scaled(joint, region, called, known)
                or (name == "softplus" and called.names & GATED)  # its slope is their gate
                or (own in NO_UNITS and name in ACTIVATIONS)
            ):
                continue  # a missing slope, a factor 2 in one, a sign: other causes
            # What has no name as a function has no result that a slope is remembered by.
            remembered = known.remembered if called.names else {}
            for form, slope in {known.written: _plain(known), **remembered}.items():
                says = f"the slope of {name}, {form}, stands where that of {at} belongs{where}"
                yield Mutant(region.back, slope_of(region, slope), says, joint.layers[region.end], why, hint)
        for mutant in limited(joint, region, own, (where, why, hint)):
            if not _is_number(joint, region, mutant):
                yield mutant


def _is_scaled(joint: Joint, region: Region, called: Called, known: Known) -> bool:
    """Whether the other function has the same slope here, times 2 or with the sign turned; or 1 or 0 everywhere."""
    own = next((f[name] for f in called.families for name in called.names if name in f), None)
    z = np.asarray(joint.value(region.start), float)
    with np.errstate(all="ignore"):
        other = known.slope(z)
        if np.all(other == 1) or np.all(other == 0):
            return True  # a slope that is missing here, or nothing at all
        return own is not None and any(
            np.allclose(other, number * own.slope(z), rtol=1e-9, atol=0) for number in SCALES
        )


def _is_number(joint: Joint, region: Region, mutant: Mutant) -> bool:
    """Whether it comes to one number times the right slope here, as where no entry is beyond a limit."""
    right = np.asarray(joint.value(region.back), float)
    made = np.asarray(mutant.edit(joint.values), float)
    total = float(np.sum(right * right))
    number = float(np.sum(right * made)) / total if total else 0.0
    with np.errstate(all="ignore"):
        return bool(np.allclose(made, number * right, rtol=1e-9, atol=0))


def _above_zero(joint: Joint, region: Region) -> bool:
    return bool(np.min(joint.value(region.start), initial=np.inf) >= 0)


def find(evidence: Evidence) -> Iterator[Finding]:
    """The slope of a leaky relu or an elu, with a number that is read off what was given."""
    joint = evidence.joint
    names = [n for n in evidence.fitting if comparable(evidence, n)]
    if joint is None or not names:
        return
    for called in functions_of(joint)[:MOST_BENT]:
        region, own = called.region, called.own
        for kind, (fixed, varying) in BENT.items():
            told = _number(evidence, joint, region, fixed, varying)
            if told is None:
                continue
            number, predicted = told
            z = Names.of(joint).name(region.start)
            yield explained(
                CAUSE,
                evidence,
                f"the slope of {kind.format(c=f'{number:.4g}')} stands where that of {own} belongs"
                f"{Names.of(joint).in_layer(region.end)}",
                list(predicted),
                predicted,
                layer=joint.layers[region.end],
                why=f"the loss has {own} there, of {z}",
                hint=f"take the slope of {own}",
            )
            return


def _number(
    evidence: Evidence, joint: Joint, region: Region, fixed: OfZ, varying: OfZ
) -> tuple[float, dict[str, Array]] | None:
    """The number c with which fixed + c varying is the slope that was taken, and what it gives; a short one only."""
    base = joint.with_edits({region.back: slope_of(region, lambda z, a: fixed(z))})
    more = joint.with_edits({region.back: slope_of(region, lambda z, a: fixed(z) + varying(z))})
    if not base or not more or any(n not in base for n in evidence.wrong) or set(evidence.wrong) != set(base):
        return None
    steps = {n: more[n] - base[n] for n in base}
    total = sum(float(np.sum(s * s)) for s in steps.values())
    if not total or not np.isfinite(total):
        return None
    number = sum(float(np.sum(s * (evidence.yours[n] - base[n]))) for n, s in steps.items()) / total
    number = round(number, 4)
    if not 0 < abs(number) < 1 or sum(s.size for s in steps.values()) < FEWEST:
        return None  # nobody writes such a slope, or one number fits two
    predicted = {n: base[n] + number * steps[n] for n in base}
    if all(close(evidence, n, predicted[n]) for n in predicted):
        return number, predicted
    return None


def _plain(known: Known) -> Callable[[Array, Array], Array]:
    return lambda z, a: known.slope(z)


def slips(step: Step) -> Iterator[Slip]:
    """A function left out, or another one in its place."""
    for place, part in step.parts("where"):
        says = "that is a relu's: below 0 it is not 0 here"
        yield Slip(step.with_part(place, (*part[:3], ("known", 0.0))), says, {}, ("relu",), late=True)
    for place, part in step.parts(*_ON_PAPER):
        names = {"function": part[0]}
        yield Slip(step.with_part(place, part[1]), "{function} is left out", names, ("left out", part[0]))
        for other in _ON_PAPER[part[0]]:
            says = "that is {other}, and not {function}"
            yield Slip(
                step.with_part(place, (other, part[1])), says, {**names, "other": other}, ("other", other), rare=True
            )
    for place, part in step.parts("greater"):
        if part[2] == ("known", 0.0):
            says = "that is the sign of {name}: it is 0 here where {name} is not above 0"
            names = {"name": step.name(part[1])}
            yield Slip(step.with_part(place, ("sign", part[1])), says, names, ("sign",), late=True)
        if part[2] == ("known", 0.0) and (step.quantity.role == "slope" or step.tree[0] == "where"):
            yield _of_size(step, part[1])
    if step.tree[0] == "above":
        yield _of_size(step, step.tree[1])
    for place, part in step.parts("relu"):
        names = {"name": step.name(part[1])}
        below = ("negative", ("relu", ("negative", part[1])))
        says = "a relu keeps {name} where it is above 0, and not below"
        yield Slip(step.with_part(place, below), says, names, ("below",), late=True)
        says = "that is the slope of the relu: its value is {name} itself where that is above 0"
        mask = ("greater", part[1], ("known", 0.0))
        yield Slip(step.with_part(place, mask), says, names, ("mask",), late=True)
    for place, part in step.parts("sign"):
        says = "that is the slope of a relu: below 0 the slope of the size is -1"
        yield Slip(step.with_part(place, ("above", part[1])), says, {}, ("of a relu",), late=True)
    yield from _slope_of_another(step)
    yield from _without_powers(step)
    yield from _by_another_key(step)
    yield from _put_on(step)


def _slope_of_another(step: Step) -> Iterator[Slip]:
    """The slope 1 - a^2 of tanh for a (1 - a) of the sigmoid, and the other way round."""
    if step.quantity.role != "slope" and step.quantity.name != "slope":
        return
    if step.tree[0] in ("cell", "known"):
        return
    for cell in dict.fromkeys((*cells_in(step.tree), *cells_in(written_out(step, step.tree)))):
        a, one = ("cell", cell), ("known", 1.0)
        own = function_of(step.lines.get(cell))
        if own in ("sigmoid", "tanh"):
            tree: Tree = ("multiply", a, ("subtract", one, a))
            other = "sigmoid" if own == "tanh" else "tanh"
            if own == "sigmoid":
                tree = ("subtract", one, ("power", a, ("known", 2.0)))
            says = "that is the slope of {other}, and not of {function}"
            yield Slip(tree, says, {"other": other, "function": own}, ("slope of another",), late=True)


def _of_size(step: Step, argument: Tree) -> Slip:
    """The slope of |z| for that of relu(z)."""
    says = "that is the slope of the size of {name}: below 0 a relu does not change at all"
    signs = ("subtract", ("known", 1.0), ("multiply", ("known", 2.0), ("above", ("negative", argument))))
    return Slip(signs, says, {"name": step.name(argument)}, ("slope of the size",), late=True)


def _by_another_key(step: Step) -> Iterator[Slip]:
    """The function beside it: tan for tanh, log10 for ln, 10^z or e z for e^z, half of it for its root."""
    met = {part[0] for _, part in step.parts(*_BESIDE)} | {function_of(part) for _, part in step.parts("divide")}
    for name in sorted(met & _BESIDE.keys()):
        for other, of, rare in _BESIDE[name]:

            def changed(part: Tree, name: str = name, of: OfTree = of) -> Tree | None:
                if name == "sigmoid":
                    return of(_argument(part)) if function_of(part) == name and part[0] == "divide" else None
                return of(part[1]) if part[0] == name else None

            says = "that is {other}, and not {function}"
            names = {"function": _CALLED.get(name, name), "other": other}
            yield Slip(throughout(step.tree, changed), says, names, ("beside", other), rare=rare, late=True)


def _argument(sigmoid: Tree) -> Tree:
    """The z of 1 / (1 + e^-z)."""
    inside = sigmoid[2][2][1]
    return inside[1] if inside[0] == "negative" else ("negative", inside)


def _without_powers(step: Step) -> Iterator[Slip]:
    """Shares of the scores: the powers of e left out wherever they are read."""
    for tree in dict.fromkeys((step.tree, written_out(step, written_out(step, step.tree)))):
        plain = throughout(tree, lambda part: part[1] if part[0] == "exp" else None)
        if tree[0] == "divide" and tree[1][0] == "exp" and tree[2][0] == "total":
            says = "e is not raised to the scores: these are shares of the scores themselves"
            yield Slip(plain, says, {}, ("scores",), late=True)


def _put_on(step: Step) -> Iterator[Slip]:
    """The function of another line put on this one, as on the scores of the last layer."""
    terms = step.tree[1:] if step.tree[0] in TOTALS else (step.tree,)
    if step.quantity.role != "line" or step.is_slope or not any(term[0] in PRODUCTS for _, term in subtrees(step.tree)):
        return
    if step.tree[0] not in (*TOTALS, *PRODUCTS) or any(term[0] == "known" for term in terms):
        return
    for name in sorted({function_of(line) for line in step.lines.values()} & {"relu", "tanh"}):
        says = "{function} belongs to another line: this number is taken as it is"
        yield Slip((name, step.tree), says, {"function": name}, ("put on", name), late=True)


OfTree = Callable[[Tree], Tree]
_CALLED = {"log": "ln", "exp": "e^z"}
# What each is taken for, with whether that is seldom.
_BESIDE: dict[str, tuple[tuple[str, OfTree, bool], ...]] = {
    "tanh": (
        ("tan", lambda z: ("tan", z), False),
        ("sigmoid", lambda z: _sigmoid(z), False),
        ("sinh", lambda z: ("sinh", z), True),
    ),
    "sigmoid": (("tanh", lambda z: ("tanh", z), False), ("relu", lambda z: ("relu", z), True)),
    "log": (("log10", lambda z: ("log10", z), False), ("log2", lambda z: ("log2", z), True)),
    "exp": (
        ("10^z", lambda z: ("power", ("known", 10.0), z), False),
        ("e z", lambda z: ("multiply", ("known", math.e), z), False),
        ("2^z", lambda z: ("power", ("known", 2.0), z), True),
        ("z^2", lambda z: ("power", z, ("known", 2.0)), True),
    ),
    "sqrt": (
        ("z/2", lambda z: ("divide", z, ("known", 2.0)), True),
        ("z^2", lambda z: ("power", z, ("known", 2.0)), True),
    ),
}


def _sigmoid(z: Tree) -> Tree:
    return ("divide", ("known", 1.0), ("total", ("known", 1.0), ("exp", ("negative", z))))


_ON_PAPER: dict[str, tuple[str, ...]] = {
    "relu": ("absolute", "above"),
    "tanh": ("relu",),
    "exp": (),
    "log": (),
    "sqrt": (),
    "absolute": ("sign",),
    "above": ("sign",),
}


CAUSE = Cause(
    code="GW228",
    name="another function",
    summary="The slope is that of another activation, or the gradient that of another loss.",
    explain=(
        "The loss has tanh, and the gradient the slope of a sigmoid, a (1 - a); or the loss adds up absolute values "
        "and the gradient is that of squares. Each is right for another function: one of the two was changed, and the "
        "other was not. On paper, a function is left out of a line, or another one is worked out."
    ),
    broken="""
import numpy as np

def loss(w, x, y):
    return np.mean(np.abs(x @ w - y))

def gradient(w, x, y):
    return 2 * x.T @ (x @ w - y) / len(y)
""",
    mended="""
def gradient(w, x, y):
    return x.T @ np.sign(x @ w - y) / len(y)
""",
    find=find,
    mutants=mutants,
    rank=24,
    paper=("M02", "M08"),
    bugs=(28,),
    slips=slips,
)
