"""Chapter 13: the numerical gradient of a whole network, one nudge for each number in it."""

from typing import Any

from gradwork.worksheets.draw import Draw
from gradwork.worksheets.exercise import Ask, Chapter, Choice, Exercise, Given, Line, Note
from gradwork.worksheets.masks import mask_named as mask

TABLE = Exercise(
    name="table",
    text="Every bias and weight is raised by the nudge, one at a time, and put back. By how much does the loss rise?",
    lines="rise_b = after_b - loss; slope_b = rise_b / nudge; rise_W = after_W - loss; slope_W = rise_W / nudge",
    draw=lambda d: _nudged(d, 3, 2),
    labels={"rise_b": "rise_b", "slope_b": "slope_b"},
    show=(
        Given(("loss", "nudge")),
        Note("The loss after each bias was nudged:"),
        Given(("after_b",)),
        Line("rise_b"),
        Line("slope_b"),
        Note("The loss after each weight was nudged, a column of the matrix for each input:"),
        Given(("after_W",)),
        Line("rise_W"),
        Line("slope_W"),
    ),
    decimals=4,
    suits=lambda v: v["loss"] > 0,
)
NAMED = Exercise(
    name="columns",
    text="The slopes of a matrix of weights, column by column.",
    lines="rise = after - loss; slope = rise / nudge",
    draw=lambda d: (
        {k: v for k, v in _nudged(d, 2, 2).items() if k in ("loss", "nudge")} | {"after": _nudged(d, 2, 2)["after_W"]}
    ),
    show=(
        Given(("loss", "nudge")),
        Given(("after",)),
        Line("rise"),
        Line("slope"),
        Choice(
            "This matrix has the shape of the weights. What is it called?",
            ("the gradient", "the Jacobian determinant", "the Hessian"),
            lambda v: 0,
        ),
    ),
    decimals=4,
)
NETWORK = Exercise(
    name="network",
    text="A network of two units and a squared loss. One of its weights is nudged up, and then down.",
    lines="""
        A = relu(W @ x)
        loss = (sum(A) - y)^2
        up = (sum(relu(W_up @ x)) - y)^2
        down = (sum(relu(W_down @ x)) - y)^2
        rise = up - down
        slope = rise / (2*h)
        rule = 2 * (sum(A) - y) * x[0, 0]
    """,
    draw=lambda d: _network(d),
    show=(
        Given(("W", "x", "y")),
        Line("A"),
        Line("loss"),
        Note("The first weight of a unit that is on, up and down by h:"),
        Given(("h", "W_up", "W_down")),
        Line("up"),
        Line("down"),
        Line("rise"),
        Line("slope"),
        Note("By the rules:"),
        Line("rule"),
    ),
    decimals=4,
    suits=lambda v: v["A"][0][0] > 0 and v["loss"] > 1 and v["x"][0][0] not in (0, 1),
)


def _nudged(d: Draw, units: int, inputs: int) -> dict[str, Any]:
    """A loss, a nudge, and the losses after each nudge, so that the slopes come out with two decimals."""
    nudge = d.pick((0.01, 0.1, 0.001))
    loss = d.decimal(1, 9, 1)

    def after(shape: tuple[int, int]) -> list[list[float]]:
        return [
            [round(loss + d.decimal(-6, 6, 1, zero=False) * nudge, 4) for _ in range(shape[1])] for _ in range(shape[0])
        ]

    return {"loss": loss, "nudge": nudge, "after_b": after((units, 1)), "after_W": after((units, inputs))}


def _network(d: Draw) -> dict[str, Any]:
    W = d.whole(-2, 3, (2, 2), zero=False)
    h = 0.1
    up = [[round(W[0][0] + h, 1), W[0][1]], W[1]]
    down = [[round(W[0][0] - h, 1), W[0][1]], W[1]]
    return {"W": W, "x": d.whole(-3, 4, (2, 1), zero=False), "y": d.whole(-4, 6), "h": h, "W_up": up, "W_down": down}


CHAPTER = Chapter(
    slug="numerical-table",
    number=13,
    title="The numerical gradient of a network",
    goals="Measure every slope of a network without any calculus, and write them down as its gradient.",
    needs=("one-weight", "two-layers"),
    levels=(
        (Ask(NAMED, mask("results"), 2),),
        (Ask(TABLE, mask("results")), Ask(NAMED, mask("anywhere-6"))),
        (Ask(NETWORK, mask("results")), Ask(TABLE, mask("anywhere-10"))),
    ),
)
