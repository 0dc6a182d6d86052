"""Chapter 8: a step of gradient descent."""

from dataclasses import replace

from gradwork.worksheets.exercise import Ask, BySign, Chapter, Choice, Exercise, Given, Grid, Line, Note, Told
from gradwork.worksheets.kinds import Mistake, out_of_order, sign_first, with_a_mistake
from gradwork.worksheets.masks import mask_named as mask

ONE = Exercise(
    name="one step",
    text="A step against the slope. Is the new loss lower?",
    lines="""
        error = w*x - y
        loss = error^2
        slope = 2*error*x
        new_w = w - learning_rate*slope
        new_error = new_w*x - y
        new_loss = new_error^2
    """,
    draw=lambda d: {
        "w": d.whole(-3, 4),
        # 1 would hide a forgotten x, and 2 would be taken for the 2 of the square.
        "x": d.pick((-4, -3, 3, 4)),
        "y": d.whole(-5, 6),
        "learning_rate": d.pick((0.1, 0.05, 0.01, 0.2)),
    },
    labels={"slope": "dloss/dw"},
    show=(
        Given(("w", "x", "y", "learning_rate")),
        Line("error"),
        Line("loss"),
        Line("slope"),
        Line("new_w"),
        Line("new_error"),
        Line("new_loss"),
        Choice(
            "Is the new loss lower than the old one?",
            ("yes", "no"),
            BySign("new_loss", less="loss", above=1, below=0, zero=1),
        ),
    ),
    decimals=4,
    suits=lambda v: abs(v["error"]) > 1,
)
TOO_FAR = Exercise(
    name="too far",
    text="A learning rate that is too large steps over the valley, and up the other side.",
    lines=ONE.lines,
    draw=lambda d: {
        "w": d.whole(-3, 4),
        "x": d.pick((-3, 3, 4)),
        "y": d.whole(-5, 6),
        "learning_rate": d.pick((0.1, 0.2, 0.5, 0.05)),
    },
    labels=ONE.labels,
    show=(
        ONE.show[0],
        sign_first("slope", "Before you work anything out: what will the slope be?"),
        *ONE.show[1:],
    ),
    decimals=4,
    largest=1000,
    suits=lambda v: abs(v["error"]) > 1,
)
_STEPS = ("error1", "slope1", "w2", "error2", "slope2", "w3")
_ORDER = Exercise(
    name="in order",
    text="Two steps, their lines out of order. Number the lines: each needs the one before it.",
    lines="""
        error1 = w1*x - y
        slope1 = 2*error1*x
        w2 = w1 - learning_rate*slope1
        error2 = w2*x - y
        slope2 = 2*error2*x
        w3 = w2 - learning_rate*slope2
    """,
    draw=lambda d: {"w1": d.whole(-3, 4), "x": d.pick((1, 2)), "y": d.whole(-6, 6), "learning_rate": 0.1},
    decimals=4,
)
ORDERS = out_of_order(_ORDER, _STEPS)
_SIGN = "the sign is turned round"
SPOT = with_a_mistake(
    replace(
        ONE,
        lines="error = w*x - y; loss = error^2; slope = 2*error*x; new_w = w - learning_rate*slope",
        draw=TOO_FAR.draw,
        labels={},
    ),
    name="spot the error",
    text="Somebody worked a step and made one mistake. Work each line again from their numbers: one alone will differ.",
    places={
        "in the line of error": ("error",),
        "in the line of loss": ("loss",),
        "in the line of slope": ("slope",),
        "in the line of new_w": ("new_w",),
    },
    mistakes=(
        Mistake({"error": "y - w*x"}, _SIGN),
        Mistake({"loss": "2*error"}, "it is doubled, and not squared"),
        Mistake({"slope": "-2*error*x"}, _SIGN),
        Mistake({"slope": "error*x"}, "the factor 2 of the square is missing"),
        Mistake({"slope": "2*error"}, "the factor x is missing"),
        Mistake({"new_w": "w + learning_rate*slope"}, "the step is added, and not taken off"),
        Mistake({"new_w": "w - slope"}, "the learning rate is missing"),
        Mistake({"new_w": "learning_rate*slope - w"}, _SIGN),
    ),
    show=(
        Given(("w", "x", "y", "learning_rate")),
        Told(("error", "loss", "slope", "new_w")),
        Grid(
            ("theirs", "again, from theirs"),
            tuple((name, f"their_{name}", name) for name in ("error", "loss", "slope", "new_w")),
        ),
    ),
)
BOTH = Exercise(
    name="weight and bias",
    text="Weight and bias step together: both slopes are worked out before either of them moves.",
    lines="""
        error = w*x + b - y
        loss = error^2
        dw = 2*error*x
        db = 2*error
        new_w = w - learning_rate*dw
        new_b = b - learning_rate*db
        new_error = new_w*x + new_b - y
        new_loss = new_error^2
    """,
    draw=lambda d: {
        "w": d.whole(-3, 3),
        "b": d.whole(-3, 3),
        "x": d.whole(-3, 3, zero=False),
        "y": d.whole(-5, 6),
        "learning_rate": d.pick((0.1, 0.05, 0.01)),
    },
    show=(
        Given(("w", "b", "x", "y", "learning_rate")),
        Line("error"),
        Line("loss"),
        Line("dw"),
        Line("db"),
        Line("new_w"),
        Line("new_b"),
        Line("new_error"),
        Line("new_loss"),
    ),
    decimals=4,
    suits=lambda v: abs(v["error"]) > 1 and abs(v["x"]) > 1,
)
THREE_STEPS = Exercise(
    name="three steps",
    text="Three steps from the same start. Each begins where the one before it ended.",
    lines="""
        error1 = w1*x - y
        w2 = w1 - learning_rate*2*error1*x
        error2 = w2*x - y
        w3 = w2 - learning_rate*2*error2*x
        error3 = w3*x - y
        w4 = w3 - learning_rate*2*error3*x
    """,
    draw=lambda d: {
        "w1": d.whole(-3, 4),
        "x": d.pick((-3, 3)),
        "y": d.whole(-6, 6),
        "learning_rate": d.pick((0.1, 0.25, 0.05)),
    },
    show=(
        Note("loss = (w x - y)^2, so its slope is 2 error x."),
        Given(("w1", "x", "y", "learning_rate")),
        Line("error1"),
        Line("w2"),
        Line("error2"),
        Line("w3"),
        Line("error3"),
        Line("w4"),
    ),
    decimals=4,
    suits=lambda v: abs(v["error1"]) > 1,
)

CHAPTER = Chapter(
    slug="descent-step",
    number=8,
    title="A step of gradient descent",
    goals="Step against the slope, and know what the learning rate does.",
    needs=("one-neuron",),
    levels=(
        (
            Ask(ONE, mask("results"), 2),
            Ask(TOO_FAR, mask("results")),
            Ask(ORDERS[0], mask("nothing"), others=ORDERS[1:]),
        ),
        (Ask(ONE, mask("results")), Ask(SPOT, mask("results"), 2), Ask(BOTH, mask("results"))),
        (Ask(BOTH, mask("anywhere-6")), Ask(THREE_STEPS, mask("results"), 2)),
    ),
)
