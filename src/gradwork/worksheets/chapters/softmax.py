"""Chapter 12: softmax and cross-entropy."""

from gradwork.worksheets.draw import Draw
from gradwork.worksheets.exercise import Ask, Chapter, Choice, Exercise, Given, Line, Note
from gradwork.worksheets.masks import mask_named as mask


def _hot(d: Draw, n: int) -> list[list[float]]:
    chosen = d.whole(0, n - 1)
    return [[float(k == chosen)] for k in range(n)]


SHARES = Exercise(
    name="shares",
    text="Scores become shares: raise e to each, and divide by the sum.",
    lines="E = exp(Z); total = sum(E); P = E / total; loss = -sum(Y * log(P)); dZ = P - Y",
    draw=lambda d: {"Z": d.pick((-1, 0, 0.5, 1, 1.5, 2), (3, 1)), "Y": _hot(d, 3)},
    show=(
        Given(("Z", "Y")),
        Line("E"),
        Line("total"),
        Line("P"),
        Line("loss"),
        Note("What comes back to the scores is simple:"),
        Line("dZ"),
        Choice("What do the three numbers of dZ add up to, but for rounding?", ("0", "1", "the loss"), lambda v: 0),
    ),
    decimals=3,
    exact=False,
    suits=lambda v: len({row[0] for row in v["Z"]}) == 3,
)
TABLE = Exercise(
    name="table",
    text="How each share moves with each score: P (1 - P) on the diagonal, products beside it.",
    lines="J = I * P - P @ P.T; dZ = J @ dP",
    draw=lambda d: {
        "P": d.pick(([[0.2], [0.3], [0.5]], [[0.1], [0.4], [0.5]], [[0.6], [0.3], [0.1]], [[0.7], [0.2], [0.1]])),
        "I": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "dP": d.whole(-4, 5, (3, 1), zero=False),
    },
    show=(
        Given(("P", "I")),
        Line("J"),
        Given(("dP",)),
        Line("dZ"),
        Choice("What does each row of J add up to?", ("0", "1", "its share"), lambda v: 0),
    ),
    decimals=2,
    suits=lambda v: len({row[0] for row in v["dP"]}) == 3,
)
FULL = Exercise(
    name="both",
    text="Back through the logarithm and the softmax, the long way. The short way is P - Y.",
    lines="P = softmax(Z, axis=0); loss = -sum(Y * log(P))",
    draw=lambda d: {"Z": d.pick((-1, 0, 0.5, 1, 1.5, 2), (3, 1)), "Y": _hot(d, 3)},
    gradients=("Z",),
    also=("dZ = P - Y",),
    show=(Given(("Z", "Y")), Line("P"), Line("loss"), Line("dP"), Line("dZ", rule=True)),
    decimals=3,
    exact=False,
    suits=lambda v: len({row[0] for row in v["Z"]}) == 3,
)
BATCH = Exercise(
    name="batch",
    text="Two rows of data, a column each, and the mean of their losses: each column of dZ is divided by 2.",
    lines="P = softmax(Z, axis=0); loss = -sum(Y * log(P)) / 2; dZ = (P - Y) / 2",
    draw=lambda d: {"Z": d.pick((-1, 0, 0.5, 1, 2), (2, 2)), "Y": d.pick(([[1, 0], [0, 1]], [[0, 1], [1, 0]]))},
    show=(Given(("Z", "Y")), Line("P"), Line("loss"), Line("dZ")),
    decimals=3,
    exact=False,
    suits=lambda v: v["Z"][0][0] != v["Z"][1][0] and v["Z"][0][1] != v["Z"][1][1],
)

CHAPTER = Chapter(
    slug="softmax",
    number=12,
    title="Softmax and cross-entropy",
    goals="Make shares of scores, and know why what comes back is the shares less the labels.",
    needs=("losses", "activations"),
    levels=(
        (Ask(SHARES, mask("results"), 2),),
        (Ask(TABLE, mask("results"), 2), Ask(SHARES, mask("results"))),
        (Ask(FULL, mask("results+rules"), 2), Ask(BATCH, mask("results"))),
    ),
)
