"""The power rule half done: the exponent stays, or only comes down."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import PRODUCTS, TOTALS, Slip, Step, Tree, factors, product


def slips(step: Step) -> Iterator[Slip]:
    """x^2 for 2x, 2x for x^2, x^n for n x^(n-1)."""
    for place, part in step.parts("power"):
        if part[2][0] == "known":
            n = {"n": f"{part[2][1]:g}", "base": step.name(part[1])}
            says = "{base}^{n} is not {n} times {base}"
            yield Slip(step.with_part(place, ("multiply", part[2], part[1])), says, n, ("times",))
            yield Slip(step.with_part(place, part[1]), "{base} is not raised to the power {n}", n, ("left out",))
            yield from _term_by_term(step, place, part)
        elif part[2][0] == "cell":
            n = {"n": step.name(part[2]), "base": step.name(part[1])}
            times = ("multiply", part[2], part[1])
            yield Slip(step.with_part(place, times), "{base}^{n} is not {n} times {base}", n, ("times",), late=True)
    for place, part in step.parts("subtract"):
        if part[2] == ("known", 1.0) and (not place or step.tree[0] in PRODUCTS):
            says = "the exponent {n} comes down as a factor and is one less"
            other = step.with_part(place, part[1])
            yield Slip(other, says, {"n": step.name(part[1])}, ("not less",), rare=not place, late=True)
    for place, part in step.parts(*PRODUCTS):
        yield from _kept(step, place, part)


def _term_by_term(step: Step, place: tuple[int, ...], part: Tree) -> Iterator[Slip]:
    """Of (a + b)^n: a^n + b^n."""
    base = step.lines.get(part[1][1], part[1]) if part[1][0] == "cell" else part[1]
    if base[0] in (*TOTALS, "subtract") and len(base) == 3:
        wrong = (base[0], ("power", base[1], part[2]), ("power", base[2], part[2]))
        names = {"base": step.name(base), "n": f"{part[2][1]:g}"}
        says = "({base})^{n} is not the power of each added up"
        yield Slip(step.with_part(place, wrong), says, names, ("each",), late=True)


def _kept(step: Step, place: tuple[int, ...], part: Tree) -> Iterator[Slip]:
    """Of n x^(n-1): x^n, and n x^n."""
    inside = factors(part)
    for k, one in enumerate(inside):
        if one[0] == "power" and one[2][0] == "subtract" and one[2][2] == ("known", 1.0) and one[2][1] in inside:
            rest = [f for j, f in enumerate(inside) if j != k and f != one[2][1]]
            names = {"n": step.name(one[2][1]), "base": step.name(one[1])}
            says = "the exponent {n} of {base} comes down as a factor and is one less"
            kept = product([("power", one[1], one[2][1]), *rest])
            yield Slip(step.with_part(place, kept), says, names, ("kept",), late=True)
    numbers = [f for f in inside if f[0] == "known" and float(f[1]).is_integer() and f[1] >= 2]
    if len(numbers) != 1:
        return
    n = numbers[0]
    for k, one in enumerate(inside):
        if one is n or (len(inside) > 2 and step.role(one) == "given"):
            # in 2 error x it is the error that was squared
            rest = [f for j, f in enumerate(inside) if j != k and f is not n]
            names = {"n": f"{n[1]:g}", "base": step.name(one)}
            says = "the exponent {n} of {base} comes down as a factor and is one less"
            yield Slip(step.with_part(place, product([n, ("power", one, n), *rest])), says, names, ("of",), True, True)
            continue
        base, exponent = (one[1], one[2][1]) if one[0] == "power" and one[2][0] == "known" else (one, 1.0)
        if exponent != n[1] - 1:
            continue
        whole = ("power", base, n)
        rest = [f for j, f in enumerate(inside) if j != k and f is not n]
        names = {"n": f"{n[1]:g}", "base": step.name(base)}
        says = "the exponent {n} of {base} comes down as a factor and is one less"
        yield Slip(step.with_part(place, product([whole, *rest])), says, names, ("kept",))
        yield Slip(
            step.with_part(place, product([n, whole, *rest])),
            says,
            names,
            ("not less",),
            rare=len(inside) > 2,
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
error = 3
d(error^2)/d error = 3^2 = 9
""",
    mended="""
error = 3
d(error^2)/d error = 2 * 3 = 6
""",
    rank=23,
    paper=("M02",),
    slips=slips,
    written=True,
)
