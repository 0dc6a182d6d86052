"""Chapter 10: a linear layer: dW, db and dX, shapes first."""

from gradwork.worksheets.exercise import Ask, Chapter, Code, Exercise, Given, Line, Note, Told
from gradwork.worksheets.masks import mask_named as mask


def _layer(name: str, text: str, units: int, inputs: int, rows: int, *, low: int = -3, high: int = 4) -> Exercise:
    return Exercise(
        name=name,
        text=text,
        lines="Z = W @ X + b; loss = sum(G * Z)",
        draw=lambda d: {
            "W": d.whole(low, high, (units, inputs)),
            "X": d.whole(low, high, (inputs, rows)),
            "b": d.whole(-4, 4, (units, 1), zero=False),
            "G": d.whole(-4, 4, (units, rows)),
        },
        gradients=("W", "b", "X"),
        labels={"dZ": "dZ"},
        show=(
            Given(("W", "X", "b")),
            Line("Z", shape=True),
            Note("What comes back to Z is given. Pass it on."),
            Given(("dZ",)),
            Line("dW", shape=True, rule=True),
            Line("db", shape=True),
            Line("dX", shape=True, rule=True),
        ),
        suits=lambda v: v["W"] != v["X"] and any(sum(row) for row in v["G"]),
    )


SMALL = _layer("small", "Two units, two inputs, one row of data. The shapes tell what to multiply with what.", 2, 2, 1)
WIDE = _layer("wide", "Two units, three inputs, two rows of data.", 2, 3, 2)
SQUARE = _layer("square", "All matrices are square here: no shape warns of a transposed one.", 2, 2, 2)
CODE = Exercise(
    name="code",
    text="The same, as a program has it. What do the last lines give?",
    lines="Z = W @ X; dW = dZ @ X.T; dX = W.T @ dZ",
    draw=lambda d: {"W": d.whole(-3, 4, (2, 2)), "X": d.whole(-3, 4, (2, 2)), "dZ": d.whole(-3, 4, (2, 2))},
    show=(
        Code(("Z", "dW", "dX")),
        Given(("W", "X", "dZ")),
        Line("Z", formula=False),
        Line("dW", formula=False),
        Line("dX", formula=False),
        Told(("Z", "dW", "dX")),
    ),
    suits=lambda v: len({str(v["W"]), str(v["X"]), str(v["dZ"])}) == 3,
)

CHAPTER = Chapter(
    slug="linear-layer",
    number=10,
    title="A linear layer",
    goals="Write down the shapes of dW, db and dX first, then work them out.",
    needs=("batch-mean",),
    levels=(
        (Ask(SMALL, mask("results+shapes"), 2),),
        (Ask(WIDE, mask("back+shapes")), Ask(SQUARE, mask("back")), Ask(WIDE, mask("column"))),
        (Ask(SQUARE, mask("back+shapes+rules")), Ask(WIDE, mask("anywhere-8")), Ask(CODE, mask("results"))),
    ),
)
