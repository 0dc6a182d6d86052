"""Chapter 15: many weights moved at once: products and row sums, dZ = dW X."""

from gradwork.worksheets.exercise import Ask, Chapter, Exercise, Given, Line
from gradwork.worksheets.masks import mask_named as mask


def _many(name: str, text: str, units: int, inputs: int) -> Exercise:
    return Exercise(
        name=name,
        text=text,
        lines="products = dW * X.T; dZ = sum(products, axis=1)",
        draw=lambda d: {"dW": d.whole(-3, 4, (units, inputs)), "X": d.whole(-4, 6, (inputs, 1), zero=False)},
        show=(Given(("dW", "X")), Line("products"), Line("dZ")),
        suits=lambda v: len({row[0] for row in v["X"]}) == inputs,
    )


ONE = _many("one row", "Several weights move at once. The output moves by the sum of the products.", 1, 3)
TWO = _many("two rows", "Two outputs: a row of weights for each.", 2, 3)
THREE = _many("three rows", "Three outputs and three inputs.", 3, 3)
PRODUCT = Exercise(
    name="product",
    text="The same in one go: rows times column.",
    lines="dZ = dW @ X",
    draw=lambda d: {"dW": d.whole(-3, 4, (3, 3)), "X": d.whole(-4, 6, (3, 1), zero=False)},
    show=(Given(("dW", "X")), Line("dZ")),
    suits=lambda v: len({row[0] for row in v["X"]}) == 3,
)
ROWS = Exercise(
    name="rows of data",
    text="Two rows of data, a column each.",
    lines="dZ = dW @ X",
    draw=lambda d: {"dW": d.whole(-3, 4, (2, 2)), "X": d.whole(-4, 6, (2, 2), zero=False)},
    show=(Given(("dW", "X")), Line("dZ")),
    suits=lambda v: v["X"] != v["dW"] and v["X"][0][1] != v["X"][1][0],
)

CHAPTER = Chapter(
    slug="many-weights",
    number=15,
    title="Many weights at once",
    goals="See a matrix product as products and row sums, forwards and backwards.",
    needs=("one-weight",),
    levels=(
        (Ask(ONE, mask("results"), 2), Ask(TWO, mask("results"))),
        (Ask(TWO, mask("anywhere-5"), 2), Ask(PRODUCT, mask("results")), Ask(ROWS, mask("results"))),
        (Ask(THREE, mask("anywhere-9"), 2), Ask(PRODUCT, mask("anywhere-4")), Ask(ROWS, mask("anywhere-4"))),
    ),
)
