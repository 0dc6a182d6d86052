"""Chapter 2: the slope of a bias and of an input."""

from dataclasses import replace

from gradwork.worksheets.exercise import Ask, Chapter, Choice, Exercise, Given, Grid, Line, Told
from gradwork.worksheets.masks import mask_named as mask

BIAS = Exercise(
    name="bias",
    text="Raise the bias. Nothing multiplies it on its way to the output.",
    lines="""
        Z_before = W*X + b_before
        b_after = b_before + db
        Z_after = W*X + b_after
        dZ = Z_after - Z_before
        slope = dZ / db
    """,
    draw=lambda d: {
        "W": d.whole(-4, 5, zero=False),
        "X": d.whole(-4, 5, zero=False),
        "b_before": d.whole(-6, 6),
        "db": d.pick((2, 3, 0.1, 0.5, -2, -0.1)),
    },
    also=("Z_after = W*X + b_after", "b_after = b_before + db"),
    labels={"slope": "dZ/db"},
    show=(
        Told(("Z_before", "dZ", "slope")),
        Given(("W", "X")),
        Grid(("before", "after", "change"), (("b", "b_before", "b_after", "db"), ("Z", "Z_before", "Z_after", "dZ"))),
        Line("slope", formula=False),
    ),
    decimals=1,
    suits=lambda v: abs(v["W"] * v["X"]) > 1,
)

INPUT = Exercise(
    name="input",
    text="Now the input is nudged, and the weight stands still.",
    lines="""
        Z_before = W*X_before + b
        X_after = X_before + dX
        Z_after = W*X_after + b
        dZ = Z_after - Z_before
        slope = dZ / dX
    """,
    draw=lambda d: {
        "W": d.whole(-6, 6, zero=False),
        "b": d.whole(-4, 4, zero=False),
        "X_before": d.whole(-4, 5),
        "dX": d.pick((2, 0.1, -2, 3, -0.1)),
    },
    also=("Z_after = W*X_after + b", "X_after = X_before + dX"),
    labels={"slope": "dZ/dX"},
    show=(
        Told(("Z_before", "dZ", "slope")),
        Given(("W", "b")),
        Grid(("before", "after", "change"), (("X", "X_before", "X_after", "dX"), ("Z", "Z_before", "Z_after", "dZ"))),
        Line("slope", formula=False),
    ),
    decimals=1,
    suits=lambda v: abs(v["W"]) > 1 and v["W"] != v["dX"],
)

STAR = replace(
    INPUT,
    name="star",
    text="The slope is the weight: no need to compute anything.",
    also=(*INPUT.also, "slope = W"),
)

ALL = Exercise(
    name="all three",
    text="One neuron, three slopes: the weight, the bias, the input, each nudged alone.",
    lines="""
        Z = W*X + b
        Z_w = (W + dW)*X + b
        Z_b = W*X + (b + db)
        Z_x = W*(X + dX) + b
        slope_w = (Z_w - Z) / dW
        slope_b = (Z_b - Z) / db
        slope_x = (Z_x - Z) / dX
    """,
    draw=lambda d: {
        "W": d.whole(-6, 6, zero=False),
        "X": d.whole(-6, 6, zero=False),
        "b": d.whole(-5, 5, zero=False),
        "dW": d.pick((2, 3, 0.1, -2)),
        "db": d.pick((2, 3, 0.1, -2)),
        "dX": d.pick((2, 3, 0.1, -2)),
    },
    labels={
        "slope_w": "dZ/dW",
        "slope_b": "dZ/db",
        "slope_x": "dZ/dX",
        "Z_w": "Z with W nudged",
        "Z_b": "Z with b nudged",
        "Z_x": "Z with X nudged",
    },
    show=(
        Told(("Z",)),
        Given(("W", "X", "b")),
        Line("Z", formula=False),
        Grid(
            ("nudge", "Z after", "slope"),
            (("W", "dW", "Z_w", "slope_w"), ("b", "db", "Z_b", "slope_b"), ("X", "dX", "Z_x", "slope_x")),
        ),
        Told(("Z_w", "Z_b", "Z_x", "slope_w", "slope_b", "slope_x")),
        Choice(
            "Which of the three slopes stays as it is when X is changed?",
            ("that of b alone", "those of b and X", "those of W and b"),
            lambda v: 1,
        ),
    ),
    decimals=1,
    suits=lambda v: len({abs(v["W"]), abs(v["X"]), abs(v["b"]), 1}) == 4,
)

CHAPTER = Chapter(
    slug="bias-and-input",
    number=2,
    title="The slope of a bias and of an input",
    goals="Know that a bias has the slope 1, and that weight and input are each other's slope.",
    needs=("one-weight",),
    levels=(
        (Ask(BIAS, mask("change+ratio"), 2), Ask(INPUT, mask("change+ratio"), 2)),
        (
            Ask(BIAS, mask("perturbed+change+ratio")),
            Ask(INPUT, mask("perturbed+change+ratio")),
            Ask(BIAS, mask("anywhere-3")),
            Ask(INPUT, mask("anywhere-3")),
        ),
        (
            Ask(STAR, mask("star")),
            Ask(INPUT, mask("anywhere-4")),
            Ask(ALL, mask("results")),
            Ask(ALL, mask("anywhere-5")),
        ),
    ),
)
