"""The power rule half done: the exponent stays, or only comes down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradwork.check.cause import Cause, Finding, Mutant
from gradwork.check.diagnoses._tangents import Line, Misruled, misruled
from gradwork.check.evidence import Edit, Evidence, Joint
from gradwork.check.paper import PRODUCTS, RATES, TOTALS, Slip, Step, Tree, factors, product
from gradwork.check.sites import ChainStep, Names, chain_steps
from gradwork.check.trees import subtrees


def find(evidence: Evidence) -> Iterator[Finding]:
    """The same in a loss of single numbers, where the power may be the loss itself."""
    yield from misruled(evidence, CAUSE, _kept_in_line)


def _kept_in_line(line: Line) -> Iterator[Misruled]:
    if line.op != "power" or line.moves(line.inputs[1]) or not line.moves(line.inputs[0]):
        return
    u, n, du = line.value(line.inputs[0]), line.value(line.inputs[1]), line.slope(line.inputs[0])
    whole = line.names.written(line.position, {})
    why = f"the exponent of {whole} comes down as a factor, and is one less"
    yield Misruled(f"the exponent of {whole} comes down as a factor, and stays as well", n * u**n * du, why)
    yield Misruled(f"{whole} stands where its slope belongs", u**n * du, why)


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each power: the exponent comes down and stays, or is not taken down by one and does not come down."""
    names = Names.of(joint)
    for step in chain_steps(joint):
        node = joint.node(step.of)
        if node.op not in ("power", "square"):
            continue
        base = node.inputs[0]
        if node.op == "power" and base not in joint.adjoint:
            continue
        exponent = node.inputs[1] if len(node.inputs) > 1 else None
        n = "2" if exponent is None else names.name(exponent)
        whole, right = names.written(step.of, {}), names.written(step.slope, {})
        for times, says in ((True, f"{n} {whole}"), (False, whole)):
            yield Mutant(
                step.product,
                _kept_power(step, exponent, times),
                f"{says} stands where {right} belongs{names.in_layer(step.of)}",
                joint.layers[step.of],
                f"the exponent of {whole} comes down as a factor, and is one less",
                f"write {right}",
            )


def _kept_power(step: ChainStep, exponent: int | None, times: bool) -> Edit:
    def edit(values: Sequence[Any]) -> Any:
        number = 1.0 if not times else 2.0 if exponent is None else values[exponent]
        return values[step.coming] * number * values[step.of]

    return edit


def slips(step: Step) -> Iterator[Slip]:
    """x^2 for 2x, 2x for x^2, x^n for n x^(n-1)."""
    for place, part in step.parts("power"):
        if part[2][0] == "known":
            n = {"n": f"{part[2][1]:g}", "base": step.name(part[1])}
            says = "{base}^{n} is not {n} times {base}"
            yield Slip(step.with_part(place, ("multiply", part[2], part[1])), says, n, ("times",))
            yield Slip(step.with_part(place, part[1]), "{base} is not raised to the power {n}", n, ("left out",))
            size = step.with_part(place, ("absolute", part[1]))
            yield Slip(size, "{base} is not raised to the power {n}", n, ("size",), late=True)
            yield from _term_by_term(step, place, part)
            yield from _of_one_term(step, place, part)
            if part[2][1] >= 3:
                less = step.with_part(place, ("power", part[1], ("known", part[2][1] - 1.0)))
                yield Slip(less, "it is {base}^{n}, and no lower power", n, ("lower",), rare=True, late=True)
        elif part[2][0] == "cell":
            n = {"n": step.name(part[2]), "base": step.name(part[1])}
            times = ("multiply", part[2], part[1])
            yield Slip(step.with_part(place, times), "{base}^{n} is not {n} times {base}", n, ("times",), late=True)
        elif part[2][0] == "subtract":
            n = {"n": step.name(part[2]), "base": step.name(part[1])}
            says = "{base} is not raised to the power {n}"
            yield Slip(step.with_part(place, part[1]), says, n, ("left out",), late=True)
    for place, part in step.parts(*PRODUCTS):
        for one, power in (part[1:3], part[2:0:-1]):
            if power[0] == "power" and one[0] != "known":
                says = "{base} alone is raised to the power, and not {factor}"
                names = {"base": step.name(power[1]), "factor": step.name(one)}
                both = ("power", ("multiply", one, power[1]), power[2])
                yield Slip(step.with_part(place, both), says, names, ("both",), late=True)
    for place, part in step.parts("subtract"):
        if part[2] == ("known", 1.0) and (not place or step.tree[0] in PRODUCTS):
            says = "the exponent {n} comes down as a factor and is one less"
            other, exponent = step.with_part(place, part[1]), step.name(part[1])
            yield Slip(other, says, {"n": exponent}, ("not less",), rare=not place and exponent != "n", late=True)
    two = ("known", 2.0)
    squared = step.tree[0] == "subtract" or (step.tree[0] == "cell" and _is_raised(step, step.tree, two))
    if step.is_slope and squared:
        says = "{base} is a factor here, and no power"
        yield Slip(("power", step.tree, two), says, {"base": step.name(step.tree)}, ("squared",), late=True)
    for place, part in step.parts(*PRODUCTS):
        yield from _kept(step, place, part)
    for place, part in step.parts(*PRODUCTS):
        yield from _whole(step, place, part)


def _of_one_term(step: Step, place: tuple[int, ...], part: Tree) -> Iterator[Slip]:
    """Of (x + dx)^n: x^n + dx."""
    base = step.lines.get(part[1][1], part[1]) if part[1][0] == "cell" else part[1]
    if base[0] in TOTALS and len(base) == 3 and base[1][0] == base[2][0] == "cell":
        says = "the power counts for all of {base}, and not for {term} alone"
        wrong = (base[0], ("power", base[1], part[2]), base[2])
        names = {"base": step.name(base), "term": step.name(base[1])}
        yield Slip(step.with_part(place, wrong), says, names, ("one term",), late=True)


def _term_by_term(step: Step, place: tuple[int, ...], part: Tree) -> Iterator[Slip]:
    """Of (a + b)^n: a^n + b^n."""
    base = step.lines.get(part[1][1], part[1]) if part[1][0] == "cell" else part[1]
    if base[0] in (*TOTALS, "subtract") and len(base) == 3:
        wrong = (base[0], ("power", base[1], part[2]), ("power", base[2], part[2]))
        names = {"base": step.name(base), "n": f"{part[2][1]:g}"}
        says = "({base})^{n} is not the power of each added up"
        yield Slip(step.with_part(place, wrong), says, names, ("each",), late=True)
    if base[0] == "subtract" and base[1][0] in TOTALS:
        squares = ("total", *(("power", ("subtract", term, base[2]), part[2]) for term in base[1][1:]))
        says = "({base})^{n} is not the power of each added up"
        names = {"base": step.name(base), "n": f"{part[2][1]:g}"}
        yield Slip(step.with_part(place, squares), says, names, ("each, less",), late=True)


def _is_raised(step: Step, base: Tree, n: Tree) -> bool:
    """Whether some line raises it to that power."""
    squares = (("power", base, n), ("multiply", base, base))
    return any(part in squares for line in step.lines.values() for _, part in subtrees(line))


def _whole(step: Step, place: tuple[int, ...], part: Tree) -> Iterator[Slip]:
    """Of 2 a x, the slope of a x^2: a x^2."""
    inside = factors(part)
    numbers = [f for f in inside if f[0] == "known" and float(f[1]).is_integer() and f[1] >= 2]
    if len(numbers) == 1 and len(inside) > 2:
        for one in inside:
            if one is not numbers[0] and _is_raised(step, one, numbers[0]):
                rest = [f for f in inside if f is not one and f is not numbers[0]]
                names = {"n": f"{numbers[0][1]:g}", "base": step.name(one)}
                says = "the exponent {n} of {base} comes down as a factor and is one less"
                whole = product([("power", one, numbers[0]), *rest])
                yield Slip(step.with_part(place, whole), says, names, ("whole",), late=True)


def _kept(step: Step, place: tuple[int, ...], part: Tree) -> Iterator[Slip]:
    """Of n x^(n-1): x^n, and n x^n."""
    inside = factors(part)
    for k, one in enumerate(inside):
        if one[0] == "power" and one[2][0] == "subtract" and one[2][2] == ("known", 1.0) and one[2][1] in inside:
            rest = [f for j, f in enumerate(inside) if j != k and f != one[2][1]]
            names = {"n": step.name(one[2][1]), "base": step.name(one[1])}
            says = "the exponent {n} of {base} comes down as a factor and is one less"
            # Of a square it is the factor in front that is left out: there this has no value.
            not_square = ("subtract", one[2][1], ("known", 2.0))
            lower = product([one[2] if f == one[2][1] else f for f in inside])
            yield Slip(
                step.with_part(place, ("divide", ("multiply", lower, not_square), not_square)),
                "the exponent {n} itself comes down as a factor, and not one less",
                names,
                ("one less in front",),
                late=True,
            )
            kept = product([("power", one[1], one[2][1]), *rest])
            yield Slip(step.with_part(place, kept), says, names, ("kept",), late=True)
    numbers = [f for f in inside if f[0] == "known" and float(f[1]).is_integer() and f[1] >= 2]
    if len(numbers) != 1:
        return
    n = numbers[0]
    for k, one in enumerate(inside):
        if one is n or (len(inside) > 2 and step.name(one) in RATES):
            continue
        if len(inside) > 2 and step.role(one) == "given":
            # in 2 error x it is the error that was squared
            rest = [f for j, f in enumerate(inside) if j != k and f is not n]
            names = {"n": f"{n[1]:g}", "base": step.name(one)}
            wrong = step.with_part(place, product([n, ("power", one, n), *rest]))
            raised = _is_raised(step, one, n)
            says = (
                "the exponent {n} of {base} comes down as a factor and is one less"
                if raised
                else "{base} is a factor here, and no power"
            )
            yield Slip(wrong, says, names, ("of",), True, True)
            continue
        base, exponent = (one[1], one[2][1]) if one[0] == "power" and one[2][0] == "known" else (one, 1.0)
        if exponent != n[1] - 1:
            continue
        whole = ("power", base, n)
        rest = [f for j, f in enumerate(inside) if j != k and f is not n]
        names = {"n": f"{n[1]:g}", "base": step.name(base)}
        raised = exponent != 1.0 or _is_raised(step, base, n)
        says = (
            "the exponent {n} of {base} comes down as a factor and is one less"
            if raised
            else "{base} is a factor here, and no power"
        )
        yield Slip(step.with_part(place, product([whole, *rest])), says, names, ("kept",))
        if step.name(base) in RATES:
            continue  # multiplied in twice: that is another mistake
        yield Slip(
            step.with_part(place, product([n, whole, *rest])),
            says,
            names,
            ("not less",),
            rare=len(inside) > 2 or not raised,
            late=True,
        )


CAUSE = Cause(
    code="GW273",
    name="power kept",
    summary="The exponent is not taken down by one, or a square is taken as twice the number.",
    explain=(
        "By the power rule the slope of x^n is n x^(n-1): the exponent comes down as a factor and is one "
        "less. Left are x^n, n x^n, and x^(n-1) without its factor; and the square of 3 is 9, not 6."
    ),
    broken="""
import numpy as np

def loss(w, x):
    return np.sum((x * w) ** 3)

def gradient(w, x):
    return np.sum(3 * (x * w) ** 3 * x)
""",
    mended="""
def gradient(w, x):
    return np.sum(3 * (x * w) ** 2 * x)
""",
    rank=23,
    paper=("M02",),
    find=find,
    mutants=mutants,
    slips=slips,
)
