"""Chapter 6: losses, and their slope by the prediction."""

from gradwork.worksheets.exercise import Ask, BySign, Chapter, Choice, Exercise, Given, Line
from gradwork.worksheets.masks import mask_named as mask

SQUARED = Exercise(
    name="squared",
    text="One row. The loss is the square of how far off the prediction is.",
    lines="error = yhat - y; loss = error^2",
    draw=lambda d: {"yhat": d.whole(-6, 9), "y": d.whole(-6, 9)},
    gradients=("yhat",),
    show=(
        Given(("yhat", "y")),
        Line("error"),
        Line("loss"),
        Line("derror"),
        Line("dyhat"),
        Choice(
            "In which direction does the prediction have to go for the loss to fall?",
            ("up", "down"),
            BySign("dyhat", above=1, below=0, zero=0),
        ),
    ),
    suits=lambda v: abs(v["error"]) > 2,
)
MEAN = Exercise(
    name="mean squared",
    text="Four rows. The mean divides by 4, on the way there and on the way back.",
    lines="error = yhat - y; square = error^2; loss = mean(square)",
    draw=lambda d: {"yhat": d.whole(-5, 9, (1, 4)), "y": d.whole(-5, 9, (1, 4))},
    gradients=("yhat",),
    show=(
        Given(("yhat", "y")),
        Line("error"),
        Line("square"),
        Line("loss"),
        Line("dsquare"),
        Line("derror"),
        Line("dyhat"),
    ),
    decimals=2,
    suits=lambda v: min(map(abs, v["error"][0])) > 0 and len(set(v["error"][0])) == 4,
)
ABSOLUTE = Exercise(
    name="absolute",
    text="The absolute error has the slope 1 or -1, however far off the prediction is.",
    lines="error = yhat - y; size = abs(error); loss = sum(size)",
    draw=lambda d: {"yhat": d.whole(-5, 9, (1, 4)), "y": d.whole(-5, 9, (1, 4))},
    gradients=("yhat",),
    slopes=True,
    show=(
        Given(("yhat", "y")),
        Line("error"),
        Line("size"),
        Line("loss"),
        Line("dsize"),
        Line("dsize/derror"),
        Line("derror"),
        Line("dyhat"),
    ),
    suits=lambda v: 0 not in v["error"][0] and 0 < sum(x > 0 for x in v["error"][0]) < 4,
)
HALF = Exercise(
    name="half",
    text="With one half before the sum the 2 of the square drops out.",
    lines="error = yhat - y; loss = 0.5 * sum(error^2)",
    draw=lambda d: {"yhat": d.whole(-5, 9, (1, 3)), "y": d.whole(-5, 9, (1, 3))},
    gradients=("yhat",),
    show=(Given(("yhat", "y")), Line("error"), Line("loss"), Line("derror"), Line("dyhat")),
    suits=lambda v: 0 not in v["error"][0],
)
CROSS = Exercise(
    name="binary cross-entropy",
    text="A share p, and what was: y is 1 or 0. The slope is large where the share is far off.",
    lines="q = 1 - p; loss = -(y*log(p) + (1 - y)*log(q)); first = -y/p; second = (1 - y)/q; slope = first + second",
    draw=lambda d: {"p": d.pick((0.1, 0.2, 0.25, 0.4, 0.5, 0.8)), "y": d.pick((0, 1))},
    labels={"slope": "dloss/dp"},
    show=(Given(("p", "y")), Line("q"), Line("loss"), Line("first"), Line("second"), Line("slope")),
    decimals=3,
    exact=False,
)

CHAPTER = Chapter(
    slug="losses",
    number=6,
    title="Losses",
    goals="Work out a loss, and how fast it changes with each prediction.",
    needs=("rules",),
    levels=(
        (Ask(SQUARED, mask("results"), 3), Ask(MEAN, mask("results"))),
        (Ask(MEAN, mask("results"), 2), Ask(ABSOLUTE, mask("results"))),
        (Ask(HALF, mask("results")), Ask(CROSS, mask("results"), 2), Ask(MEAN, mask("anywhere-8"))),
    ),
)
