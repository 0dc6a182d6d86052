"""Chapter 1: the slope of one weight, by nudging it."""

from collections.abc import Sequence

from gradwork.worksheets.exercise import Ask, Chapter, Exercise, Given, Grid, Line, Told
from gradwork.worksheets.masks import mask_named as mask

LINES = """
Z_before = W_before * X
W_after = W_before + dW
Z_after = W_after * X
dZ = Z_after - Z_before
slope = dZ / dW
"""
TABLE = Grid(("before", "after", "change"), (("W", "W_before", "W_after", "dW"), ("Z", "Z_before", "Z_after", "dZ")))
SHOW = (Told(("Z_before", "dZ", "slope")), Given(("X",)), TABLE, Line("slope", formula=False))


def _weight(
    name: str, text: str, nudges: Sequence[float], inputs: tuple[int, int] = (-9, 9), *, seen: bool = False
) -> Exercise:
    """An item with one weight; where it is `seen`, the page says that the slope is the input."""
    return Exercise(
        name=name,
        text=text,
        lines=LINES,
        draw=lambda d: {
            "X": d.whole(*inputs, zero=False),
            "W_before": d.whole(-5, 6),
            "dW": d.pick(nudges),
        },
        also=("Z_after = W_after * X", "W_after = W_before + dW", *(("slope = X",) if seen else ())),
        labels={"slope": "dZ/dW"},
        show=SHOW,
        decimals=1,
        suits=lambda v: abs(v["X"]) > 1 and v["X"] != v["dW"] and v["dZ"] != v["X"],
    )


WHOLE = _weight("whole", "Raise the weight. How much does the output rise, and how much for each 1?", (2, 3, 4), (2, 9))
SMALL = _weight("small", "A small nudge. The slope is the same, however small the nudge is.", (0.1, 0.2, 0.5))
STAR = _weight("star", "The slope is the input: no need to compute anything.", (0.1, 0.3, -0.2), seen=True)
DOWN = _weight("down", "The weight goes down. The slope keeps its sign.", (-0.1, -2, -1, -3))

THREE = Exercise(
    name="three weights",
    text="Three weights, one nudged at a time. The others stand still, and so do their products.",
    lines="""
        Z = W1*X1 + W2*X2 + W3*X3
        Z1 = (W1 + dW1)*X1 + W2*X2 + W3*X3
        Z2 = W1*X1 + (W2 + dW2)*X2 + W3*X3
        Z3 = W1*X1 + W2*X2 + (W3 + dW3)*X3
        dZ1 = Z1 - Z
        dZ2 = Z2 - Z
        dZ3 = Z3 - Z
        slope1 = dZ1 / dW1
        slope2 = dZ2 / dW2
        slope3 = dZ3 / dW3
    """,
    draw=lambda d: {
        **{f"W{k}": d.whole(-3, 4) for k in (1, 2, 3)},
        **{f"X{k}": d.whole(-5, 6, zero=False) for k in (1, 2, 3)},
        **{f"dW{k}": d.pick((2, 3, -2, 0.5)) for k in (1, 2, 3)},
    },
    also=("slope1 = X1", "slope2 = X2", "slope3 = X3"),
    labels={"slope1": "dZ1/dW1", "slope2": "dZ2/dW2", "slope3": "dZ3/dW3"},
    show=(
        Told(("Z", "Z1", "Z2", "Z3")),
        Given(("X1", "X2", "X3")),
        Given(("W1", "W2", "W3")),
        Line("Z", formula=False),
        Grid(
            ("nudge", "Z after", "change", "slope"),
            (
                ("W1", "dW1", "Z1", "dZ1", "slope1"),
                ("W2", "dW2", "Z2", "dZ2", "slope2"),
                ("W3", "dW3", "Z3", "dZ3", "slope3"),
            ),
        ),
        Told(("dZ1", "dZ2", "dZ3", "slope1", "slope2", "slope3")),
    ),
    decimals=1,
    suits=lambda v: len({v["X1"], v["X2"], v["X3"]}) == 3,
)

CHAPTER = Chapter(
    slug="one-weight",
    number=1,
    title="The slope of one weight",
    goals="Read a slope off two forward passes, and see that it is the input.",
    levels=(
        (
            Ask(WHOLE, mask("change+ratio"), 2),
            Ask(WHOLE, mask("perturbed+change+ratio")),
            Ask(SMALL, mask("change+ratio"), 2),
        ),
        (
            Ask(SMALL, mask("perturbed+change+ratio"), 2),
            Ask(DOWN, mask("change+ratio")),
            Ask(DOWN, mask("anywhere-3"), 2),
            Ask(WHOLE, mask("input+ratio")),
        ),
        (
            Ask(STAR, mask("star"), 2),
            Ask(DOWN, mask("anywhere-4"), 2),
            Ask(THREE, mask("results")),
            Ask(THREE, mask("anywhere-6")),
        ),
    ),
)
