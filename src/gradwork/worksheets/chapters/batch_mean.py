"""Chapter 9: a batch of rows, and the mean over it."""

from gradwork.worksheets.exercise import Ask, Chapter, Choice, Code, Exercise, Given, Line, Note
from gradwork.worksheets.masks import mask_named as mask

ROWS = Exercise(
    name="row by row",
    text="Each row has a slope of its own. The slope of the mean is the mean of the slopes.",
    lines="error = w*x - y; square = error^2; loss = mean(square); slopes = 2*error*x; dw = mean(slopes)",
    draw=lambda d: {
        "w": d.whole(-3, 4, zero=False),
        "x": d.whole(-4, 5, (1, 4), zero=False),
        "y": d.whole(-6, 9, (1, 4)),
    },
    labels={"slopes": "slope of each row"},
    show=(Given(("w",)), Given(("x", "y")), Line("error"), Line("square"), Line("loss"), Line("slopes"), Line("dw")),
    largest=400,
    suits=lambda v: 0 not in v["error"][0] and v["dw"] != 0 and len(set(map(abs, v["slopes"][0]))) == 4,
)
BOTH = Exercise(
    name="weight and bias",
    text="A weight and a bias, four rows. Lines that feed all rows collect from all rows.",
    lines="Z = w*x + b; error = Z - y; square = error^2; loss = mean(square)",
    draw=lambda d: {
        "w": d.whole(-3, 3, zero=False),
        "b": d.whole(-4, 4),
        # Of two rows the mean would take back the 2 of the square: 2 * 1/2.
        "x": d.whole(-4, 5, (1, 4), zero=False),
        "y": d.whole(-6, 8, (1, 4)),
    },
    gradients=("w", "b"),
    show=(
        Given(("w", "b")),
        Given(("x", "y")),
        Line("Z"),
        Line("error"),
        Line("square"),
        Line("loss"),
        Note("And back:"),
        Line("dsquare"),
        Line("derror"),
        Line("dZ"),
        Line("dw"),
        Line("db"),
    ),
    largest=400,
    suits=lambda v: 0 not in v["error"][0] and len(set(v["x"][0])) > 2 and v["dw"] != 0 and v["db"] != 0,
)
COLUMNS = Exercise(
    name="columns",
    text="Two inputs, four rows of data, a column each. The weights are one row.",
    lines="Z = W @ X; error = Z - Y; square = error^2; loss = mean(square)",
    draw=lambda d: {"W": d.whole(-2, 3, (1, 2), zero=False), "X": d.whole(-3, 4, (2, 4)), "Y": d.whole(-6, 8, (1, 4))},
    gradients=("W",),
    show=(
        Given(("W", "X", "Y")),
        Line("Z"),
        Line("error"),
        Line("square"),
        Line("loss"),
        Note("And back:"),
        Line("dsquare"),
        Line("derror"),
        Line("dZ"),
        Line("dW", shape=True),
        Choice(
            "The same data with a row for each row of data: how is Z worked out then?",
            ("X W", "W X", "X^T W"),
            lambda v: 0,
        ),
        Note("The same in a program:"),
        Code(("Z", "error", "square", "loss")),
    ),
    largest=400,
    suits=lambda v: sum(x == 0 for x in v["error"][0]) < 2 and 0 not in v["dW"][0] and v["dW"][0][0] != v["dW"][0][1],
)

CHAPTER = Chapter(
    slug="batch-mean",
    number=9,
    title="A batch of rows, and the mean",
    goals="Work out a gradient for several rows at once, and divide by how many there are.",
    needs=("losses", "one-neuron"),
    levels=(
        (Ask(ROWS, mask("results"), 2),),
        (Ask(BOTH, mask("results"), 2), Ask(ROWS, mask("anywhere-8"))),
        (Ask(COLUMNS, mask("back+shapes"), 2), Ask(BOTH, mask("anywhere-8"))),
    ),
)
