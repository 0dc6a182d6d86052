"""Chapter 7: one neuron, three ways: by nudging, by the rules, by backpropagation."""

from gradwork.worksheets.exercise import Ask, Chapter, Choice, Exercise, Given, Grid, Line, Note, Told
from gradwork.worksheets.kinds import Mistake, with_a_mistake
from gradwork.worksheets.masks import mask_named as mask

NUDGED = Exercise(
    name="nudging",
    text="One neuron with a squared loss. First by nudging both ways, then by the rules: the two must agree.",
    lines="""
        error = w*x + b - y
        loss = error^2
        up_w = ((w + h)*x + b - y)^2
        down_w = ((w - h)*x + b - y)^2
        nudged_w = (up_w - down_w) / (2*h)
        up_b = (w*x + (b + h) - y)^2
        down_b = (w*x + (b - h) - y)^2
        nudged_b = (up_b - down_b) / (2*h)
        rule_w = 2*error*x
        rule_b = 2*error
    """,
    draw=lambda d: {
        "w": d.whole(-3, 3),
        "x": d.whole(-3, 4, zero=False),
        "b": d.whole(-3, 3),
        "y": d.whole(-4, 4),
        "h": 0.1,
    },
    show=(
        Given(("w", "x", "b", "y", "h")),
        Line("error"),
        Line("loss"),
        Note("By nudging:"),
        Line("up_w"),
        Line("down_w"),
        Line("nudged_w"),
        Line("up_b"),
        Line("down_b"),
        Line("nudged_b"),
        Note("By the rules:"),
        Line("rule_w"),
        Line("rule_b"),
    ),
    decimals=2,
    suits=lambda v: abs(v["error"]) > 1 and abs(v["x"]) > 1 and abs(v["error"]) < 9,
)

BACK = Exercise(
    name="backpropagation",
    text="The same neuron with a relu: forward, line by line, and back, line by line.",
    lines="z = w*x + b; a = relu(z); error = a - y; loss = error^2",
    draw=lambda d: {
        "w": d.whole(-4, 4, zero=False),
        "x": d.whole(-4, 5, zero=False),
        "b": d.whole(-4, 4),
        "y": d.whole(-6, 9),
    },
    gradients=("w", "b", "x"),
    slopes=True,
    show=(
        Given(("w", "x", "b", "y")),
        Line("z"),
        Line("a"),
        Line("error"),
        Line("loss"),
        Note("And back:"),
        Line("derror", rule=True),
        Line("da"),
        Line("da/dz"),
        Line("dz"),
        Line("dw", rule=True),
        Line("db"),
        Line("dx", rule=True),
    ),
    suits=lambda v: abs(v["error"]) > 1 and abs(v["x"]) > 1 and v["x"] != v["w"],
)

THREE = Exercise(
    name="which one",
    text="Three ways to one slope: nudging, the rules, backpropagation. The three numbers must agree.",
    lines="""
        error = w*x - y
        rule = 2*error*x
        derror = 2*error
        back = derror*x
        nudged = ((w + h)*x - y)^2/(2*h) - ((w - h)*x - y)^2/(2*h)
    """,
    draw=lambda d: {"w": d.whole(-3, 3), "x": d.whole(-4, 5, zero=False), "y": d.whole(-5, 5), "h": 0.1},
    show=(
        Given(("w", "x", "y", "h")),
        Line("error"),
        Line("derror"),
        Line("nudged"),
        Line("rule"),
        Line("back"),
        Choice(
            "Somebody has 2 * error for the slope of w. What was forgotten?",
            ("the factor 2", "the slope of the inside, x", "the sign"),
            lambda v: 1,
        ),
    ),
    decimals=2,
    suits=lambda v: abs(v["error"]) > 1 and abs(v["x"]) > 1,
)

_SIGN, _INSIDE = "the sign is turned round", "the factor x is missing"
_TWO = "the factor 2 of the square is missing"
AGREE = with_a_mistake(
    Exercise(
        name="columns",
        text="",
        lines="""
            error = w*x + b - y
            up_w = ((w + h)*x + b - y)^2
            down_w = ((w - h)*x + b - y)^2
            up_b = (w*x + (b + h) - y)^2
            down_b = (w*x + (b - h) - y)^2
            nudged_w = (up_w - down_w) / (2*h)
            nudged_b = (up_b - down_b) / (2*h)
            rule_w = 2*error*x
            rule_b = 2*error
            derror = 2*error
            back_w = derror*x
            back_b = derror
        """,
        draw=NUDGED.draw,
        also=(
            "dw = (((w + h)*x + b - y)^2 - ((w - h)*x + b - y)^2) / (2*h)",
            "db = ((w*x + (b + h) - y)^2 - (w*x + (b - h) - y)^2) / (2*h)",
        ),
        labels={"dw": "dloss/dw", "db": "dloss/db"},
        decimals=2,
        suits=lambda v: abs(v["error"]) > 1 and abs(v["x"]) > 1,
    ),
    name="agree or not",
    text="Three columns that must agree. Somebody made a mistake in one of them: work both slopes out yourself.",
    places={
        "nudging": ("nudged_w", "nudged_b"),
        "the rules": ("rule_w", "rule_b"),
        "backpropagation": ("back_w", "back_b"),
    },
    mistakes=(
        Mistake(
            {"nudged_w": "(up_w - down_w)/h", "nudged_b": "(up_b - down_b)/h"}, "it is divided by h, and not by 2 h"
        ),
        Mistake({"nudged_w": "up_w - down_w", "nudged_b": "up_b - down_b"}, "the change is not divided at all"),
        Mistake({"nudged_w": "(down_w - up_w)/(2*h)", "nudged_b": "(down_b - up_b)/(2*h)"}, _SIGN),
        Mistake({"rule_w": "error*x", "rule_b": "error"}, _TWO),
        Mistake({"rule_w": "2*error"}, _INSIDE),
        Mistake({"rule_w": "-2*error*x", "rule_b": "-2*error"}, _SIGN),
        Mistake({"back_w": "error*x", "back_b": "error"}, _TWO),
        Mistake({"back_w": "derror"}, _INSIDE),
        Mistake({"back_w": "-derror*x", "back_b": "-derror"}, _SIGN),
    ),
    lines="error = w*x + b - y; loss = error^2; dw = 2*error*x; db = 2*error",
    show=(
        Given(("w", "x", "b", "y")),
        Line("error"),
        Told(("loss", "dw", "db")),
        Grid(
            ("nudging", "the rules", "backpropagation", "worked again"),
            (
                ("dw", "their_nudged_w", "their_rule_w", "their_back_w", "dw"),
                ("db", "their_nudged_b", "their_rule_b", "their_back_b", "db"),
            ),
        ),
    ),
    below=(Note("By nudging, the same two slopes are"), Given(("h",))),
    asks=("Which of the three does not agree?", "Which mistake is it?"),
)

CHAPTER = Chapter(
    slug="one-neuron",
    number=7,
    title="One neuron, three ways",
    goals="Work out the same slope by nudging, by the rules and by backpropagation, and see that they agree.",
    needs=("activations", "losses"),
    levels=(
        (Ask(THREE, mask("results")), Ask(AGREE, mask("results"), 2)),
        (Ask(NUDGED, mask("results")), Ask(BACK, mask("back"))),
        (Ask(BACK, mask("results+rules"), 2), Ask(NUDGED, mask("results"))),
    ),
)
