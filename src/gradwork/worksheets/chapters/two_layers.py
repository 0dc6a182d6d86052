"""Chapter 11: two layers with a relu between them."""

from gradwork.worksheets.exercise import Arrays, Ask, Chapter, Choice, Exercise, Given, Line, Note, Told
from gradwork.worksheets.kinds import out_of_order
from gradwork.worksheets.masks import mask_named as mask

_BACK = ("W1", "b1", "W2")


def _net(name: str, text: str, rows: int) -> Exercise:
    forward = tuple(Line(n) for n in ("Z1", "A1", "Z2", "error", "square", "loss"))
    back = (
        Line("dsquare"),
        Line("derror"),
        Line("dZ2"),
        Line("dW2", shape=True, rule=True),
        Line("dA1", rule=True),
        Line("dA1/dZ1"),
        Line("dZ1"),
        Line("dW1", shape=True, rule=True),
        Line("db1"),
    )
    return Exercise(
        name=name,
        text=text,
        lines="Z1 = W1 @ X + b1; A1 = relu(Z1); Z2 = W2 @ A1; error = Z2 - Y; square = error^2; loss = mean(square)",
        draw=lambda d: {
            "W1": d.whole(-3, 3, (2, 2), zero=False),
            "b1": d.whole(-2, 2, (2, 1)),
            "W2": d.whole(-3, 3, (1, 2), zero=False),
            "X": d.whole(-3, 3, (2, rows)),
            "Y": d.whole(-5, 6, (1, rows)),
        },
        gradients=_BACK,
        slopes=True,
        show=(
            Given(("W1", "b1", "W2", "X", "Y")),
            *forward,
            Note("And back:"),
            *back,
            Choice(
                "Why is something 0 in dZ1 although what came back was not?",
                ("that unit is off for that row", "its weight is 0", "its bias is 0"),
                lambda v: 0,
            ),
        ),
        decimals=2,
        largest=300,
        suits=lambda v: _lively(v),
    )


def _lively(v: Arrays) -> bool:
    slopes = [s for row in v["dA1/dZ1"] for s in row]
    back = [x for row in v["dA1"] for x in row]
    hidden = any(s == 0 and x != 0 for s, x in zip(slopes, back, strict=True))
    lit = all(any(row) for row in zip(*v["dA1/dZ1"], strict=True))  # for each row of data some unit is on
    return hidden and lit and 0 not in v["error"][0] and v["W1"][0][1] != v["W1"][1][0]


ONE = _net("one row", "One row of data through two layers, and back.", 1)
# Of two rows the mean would take back the 2 of the square: 2 * 1/2.
FOUR = _net("four rows", "Four rows of data through two layers, and back.", 4)
_STEPS = ("dZ3", "dA2", "dZ2", "dA1", "dZ1", "dW1")
_ORDER = Exercise(
    name="in order",
    text="Three layers now, and the way back out of order. Number its lines: each needs the one before it.",
    lines="Z1 = W1 @ X; A1 = relu(Z1); Z2 = W2 @ A1; A2 = relu(Z2); Z3 = W3 @ A2; loss = sum((Z3 - Y)^2)",
    draw=lambda d: {
        **{name: d.whole(-2, 2, (2, 2), zero=False) for name in ("W1", "W2", "W3")},
        **{name: d.whole(-3, 3, (2, 1)) for name in ("X", "Y")},
    },
    gradients=("W1", "W2", "W3"),
    slopes=True,
    show=(
        Told(("Z1", "A1", "Z2", "A2", "Z3", "loss")),
        Note("And back, out of order:"),
    ),
    largest=5000,
)
ORDERS = out_of_order(_ORDER, _STEPS)

CHAPTER = Chapter(
    slug="two-layers",
    number=11,
    title="Two layers with relu",
    goals="Carry slopes back through a relu: a unit that is off passes nothing on.",
    needs=("activations", "linear-layer"),
    levels=(
        (Ask(ONE, mask("back"), 2), Ask(ORDERS[0], mask("nothing"), others=ORDERS[1:])),
        (Ask(ONE, mask("results")), Ask(FOUR, mask("back"))),
        (Ask(FOUR, mask("back+shapes+rules")), Ask(FOUR, mask("anywhere-12"))),
    ),
)
