"""Chapter 4: the rules, each by its name."""

from gradwork.worksheets.exercise import Ask, Chapter, Choice, Exercise, Given, Line, Note, Told
from gradwork.worksheets.masks import mask_named as mask

NAMES = ("power rule", "sum rule", "product rule", "quotient rule", "chain rule", "constant rule")


def _which(formula: str, rule: str) -> Choice:
    return Choice(f"By which rule is {formula} taken apart first?", NAMES, lambda v: NAMES.index(rule))


POWER = Exercise(
    name="power",
    text="The exponent comes down as a factor, and is one less.",
    lines="y = c * x^n; lower = n - 1; power = x^lower; slope = c * n * power",
    draw=lambda d: {"c": d.whole(2, 5), "n": d.whole(2, 4), "x": d.whole(-3, 3, zero=False)},
    labels={"slope": "dy/dx"},
    show=(Told(("y",)), Given(("c", "n", "x")), Line("lower"), Line("power"), Line("slope")),
    largest=400,
    suits=lambda v: abs(v["x"]) > 1 and v["n"] != v["c"],
)
SUM = Exercise(
    name="sum",
    text="Term by term. What does not depend on x drops out.",
    lines="y = a*x^2 + b*x + c; first = 2*a*x; second = b; slope = first + second",
    draw=lambda d: {
        "a": d.whole(2, 5),
        "b": d.whole(-6, 6, zero=False),
        "c": d.whole(2, 9),
        "x": d.whole(-4, 5, zero=False),
    },
    labels={"slope": "dy/dx"},
    show=(
        Told(("y",)),
        Given(("a", "b", "c", "x")),
        Line("first"),
        Line("second"),
        Line("slope"),
        _which("a x^2 + b x + c", "sum rule"),
    ),
)
PRODUCT = Exercise(
    name="product",
    text="Each factor moves while the other stands still, and both ways are added up.",
    lines="u = x^2; v = 3*x + c; y = u*v; du = 2*x; dv = 3; slope = du*v + u*dv",
    draw=lambda d: {"c": d.whole(-5, 5, zero=False), "x": d.whole(-3, 3, zero=False)},
    labels={"slope": "dy/dx", "du": "du/dx", "dv": "dv/dx"},
    show=(
        Given(("x", "c")),
        Line("u"),
        Line("v"),
        Told(("y",)),
        Line("du"),
        Line("dv"),
        Line("slope"),
        _which("x^2 (3 x + c)", "product rule"),
    ),
    suits=lambda v: abs(v["x"]) > 1 and v["v"] not in (0, 1),
)
QUOTIENT = Exercise(
    name="quotient",
    text="Top and bottom both move: the bottom squared stands below.",
    lines="u = a*x; v = x + c; y = u/v; du = a; dv = 1; top = du*v - u*dv; bottom = v^2; slope = top/bottom",
    draw=lambda d: {"a": d.whole(2, 6), "c": d.whole(-3, 4, zero=False), "x": d.whole(-6, 6, zero=False)},
    labels={"slope": "dy/dx", "du": "du/dx", "dv": "dv/dx"},
    show=(
        Given(("a", "c", "x")),
        Line("u"),
        Line("v"),
        Told(("y",)),
        Line("du"),
        Line("dv"),
        Line("top"),
        Line("bottom"),
        Line("slope"),
    ),
    decimals=4,
    suits=lambda v: abs(v["v"]) > 1,
)
CHAIN = Exercise(
    name="chain",
    text="First the outer function at what stands inside, then times the slope of the inside.",
    lines="u = a*x + b; y = u^n; outer = n * u^(n - 1); inner = a; slope = outer * inner",
    draw=lambda d: {"a": d.whole(-4, 5, zero=False), "b": d.whole(-5, 5), "n": d.pick((2, 3)), "x": d.whole(-3, 3)},
    labels={"outer": "dy/du", "inner": "du/dx", "slope": "dy/dx"},
    show=(
        Told(("u", "y")),
        Given(("a", "b", "n", "x")),
        Line("u", formula=False),
        Line("y", formula=False),
        Line("outer"),
        Line("inner"),
        Line("slope"),
        _which("(a x + b)^n", "chain rule"),
    ),
    largest=400,
    suits=lambda v: abs(v["a"]) > 1 and abs(v["u"]) > 1,
)
LONG = Exercise(
    name="long chain",
    text="Three functions, one inside the other: three slopes, multiplied.",
    lines="""
        u = a*x + b
        v = u^2
        y = c*v + v^2
        outer = c + 2*v
        middle = 2*u
        inner = a
        slope = outer * middle * inner
    """,
    draw=lambda d: {
        "a": d.whole(-3, 3, zero=False),
        "b": d.whole(-3, 3),
        "c": d.whole(-4, 4, zero=False),
        "x": d.whole(-2, 2),
    },
    labels={"outer": "dy/dv", "middle": "dv/du", "inner": "du/dx", "slope": "dy/dx"},
    show=(
        Note("Work from the outside in."),
        Told(("u", "v", "y")),
        Given(("a", "b", "c", "x")),
        Line("u", formula=False),
        Line("v", formula=False),
        Line("outer"),
        Line("middle"),
        Line("inner"),
        Line("slope"),
    ),
    largest=900,
    suits=lambda v: abs(v["u"]) > 1 and v["slope"] != 0,
)

CHAPTER = Chapter(
    slug="rules",
    number=4,
    title="The rules",
    goals="Name the rule, find the inside and the outside, put the numbers in.",
    needs=("bends",),
    levels=(
        (Ask(POWER, mask("results"), 2), Ask(SUM, mask("results"), 2)),
        (Ask(PRODUCT, mask("results")), Ask(QUOTIENT, mask("results")), Ask(CHAIN, mask("results"), 2)),
        (Ask(LONG, mask("results"), 2), Ask(CHAIN, mask("anywhere-3")), Ask(PRODUCT, mask("anywhere-3"))),
    ),
)
