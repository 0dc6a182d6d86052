"""Chapter 16: ratios through a relu, and the chain dA/dW = dA/dZ dZ/dW, numerically first."""

from gradwork.worksheets.exercise import Ask, BySign, Chapter, Choice, Exercise, Given, Grid, Line, Note, Told
from gradwork.worksheets.masks import mask_named as mask


def _through(name: str, text: str, live: bool) -> Exercise:
    return Exercise(
        name=name,
        text=text,
        lines="""
            Z_before = W_before * X
            W_after = W_before + dW
            Z_after = W_after * X
            A_before = relu(Z_before)
            A_after = relu(Z_after)
            dZ = Z_after - Z_before
            dA = A_after - A_before
            weight = dZ / dW
            unit = dA / dZ
            whole = dA / dW
        """,
        draw=lambda d: {
            "X": d.whole(-6, 6, zero=False),
            "W_before": d.whole(-4, 5, zero=False),
            "dW": d.pick((1, 2, 0.1, -0.1)),
        },
        also=("Z_after = W_after * X", "W_after = W_before + dW", "whole = unit * weight"),
        labels={"weight": "dZ/dW", "unit": "dA/dZ", "whole": "dA/dW"},
        show=(
            Told(("Z_before", "A_before", "A_after", "dZ", "dA")),
            Given(("X",)),
            Grid(
                ("before", "after", "change"),
                (
                    ("W", "W_before", "W_after", "dW"),
                    ("Z", "Z_before", "Z_after", "dZ"),
                    ("A", "A_before", "A_after", "dA"),
                ),
            ),
            Line("weight"),
            Line("unit"),
            Line("whole"),
        ),
        decimals=1,
        suits=lambda v: abs(v["X"]) > 1 and v["X"] != v["dW"] and (v["Z_before"] > 0) == (v["Z_after"] > 0) == live,
    )


LIVE = _through("live", "The unit is on, before and after: whatever happens to Z happens to A.", True)
OFF = _through("off", "The unit is off, before and after: nothing that happens to Z reaches A.", False)
FORMULA = Exercise(
    name="by formula",
    text="Without any nudge: the slope of the relu times the slope of the product.",
    lines="Z = W * X; unit = where(Z > 0, 1, 0); weight = X; whole = unit * weight; input = W; across = unit * input",
    draw=lambda d: {"W": d.whole(-6, 6, zero=False), "X": d.whole(-6, 6, zero=False)},
    labels={"weight": "dZ/dW", "unit": "dA/dZ", "whole": "dA/dW", "input": "dZ/dX", "across": "dA/dX"},
    show=(
        Note("A = relu(Z)"),
        Given(("W", "X")),
        Line("Z"),
        Line("unit"),
        Line("weight"),
        Line("whole"),
        Line("input"),
        Line("across"),
        Choice(
            "W is raised a little. What does A do?",
            ("it rises", "it falls", "it stays as it is"),
            BySign("whole", above=0, below=1, zero=2),
        ),
    ),
    suits=lambda v: abs(v["X"]) > 1 and v["X"] != v["W"],
)

CHAPTER = Chapter(
    slug="through-relu",
    number=16,
    title="Through a relu: the chain of ratios",
    goals="Multiply ratios along a chain, and know when a relu makes one of them 0.",
    needs=("one-weight", "activations"),
    levels=(
        (Ask(LIVE, mask("change+ratio")), Ask(OFF, mask("change+ratio")), Ask(FORMULA, mask("results"))),
        (
            Ask(LIVE, mask("perturbed+change+ratio")),
            Ask(OFF, mask("perturbed+change+ratio")),
            Ask(FORMULA, mask("results")),
        ),
        (Ask(LIVE, mask("anywhere-5"), 2), Ask(OFF, mask("anywhere-4")), Ask(FORMULA, mask("results"))),
    ),
)
