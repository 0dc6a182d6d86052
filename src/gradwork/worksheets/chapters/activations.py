"""Chapter 5: activations and their slopes."""

from gradwork.worksheets.exercise import Ask, Chapter, Choice, Exercise, Given, Line, Told
from gradwork.worksheets.masks import mask_named as mask

RELU = Exercise(
    name="relu",
    text="A relu lets through what is above 0. Its slope is 1 there, and 0 below.",
    lines="A = relu(Z); slope = Z > 0; dZ = dA * slope",
    draw=lambda d: {"Z": d.whole(-6, 7, (1, 5), zero=False), "dA": d.whole(-5, 5, (1, 5), zero=False)},
    labels={"slope": "dA/dZ"},
    show=(Given(("Z",)), Line("A"), Line("slope"), Given(("dA",)), Line("dZ")),
    suits=lambda v: 0 < sum(x > 0 for x in v["Z"][0]) < 5,
)
KINK = Exercise(
    name="kink",
    text="At 0 itself there is no slope: gradwork takes 0 there, as most libraries do.",
    lines="A = relu(Z); slope = Z > 0; dZ = dA * slope",
    draw=lambda d: {"Z": [d.shuffled([d.whole(1, 6), d.whole(-6, -1), 0, d.whole(2, 9)])], "dA": d.whole(2, 6, (1, 4))},
    labels={"slope": "dA/dZ"},
    show=(
        Given(("Z",)),
        Line("A"),
        Line("slope"),
        Given(("dA",)),
        Line("dZ"),
        Choice(
            "Which slopes does a relu have just left and just right of 0?",
            ("0 and 1", "1 and 0", "0.5 and 0.5"),
            lambda v: 0,
        ),
    ),
)
LEAKY = Exercise(
    name="leaky",
    text="A leaky relu lets a tenth through below 0.",
    lines="A = where(Z > 0, Z, 0.1*Z); slope = where(Z > 0, 1, 0.1); dZ = dA * slope",
    draw=lambda d: {"Z": d.whole(-8, 8, (1, 4), zero=False), "dA": d.whole(-6, 6, (1, 4), zero=False)},
    labels={"slope": "dA/dZ"},
    show=(Given(("Z",)), Line("A"), Line("slope"), Given(("dA",)), Line("dZ")),
    suits=lambda v: 0 < sum(x > 0 for x in v["Z"][0]) < 4,
)
SIGMOID = Exercise(
    name="sigmoid",
    text="A sigmoid's slope is read off its own value: a (1 - a).",
    lines="a = sigmoid(z); rest = 1 - a; slope = a * rest; dz = da * slope",
    draw=lambda d: {"z": d.pick((-2, -1.5, -1, -0.5, 0.5, 1, 1.5, 2)), "da": d.whole(2, 6)},
    labels={"slope": "da/dz"},
    show=(Given(("z",)), Line("a"), Line("rest"), Line("slope"), Given(("da",)), Line("dz")),
    decimals=3,
    exact=False,
)
TANH = Exercise(
    name="tanh",
    text="The slope of tanh is read off its own value: 1 - a^2.",
    lines="a = tanh(z); square = a^2; slope = 1 - square; dz = da * slope",
    draw=lambda d: {"z": d.pick((-1.5, -1, -0.5, 0.4, 0.8, 1.2)), "da": d.whole(2, 6)},
    labels={"slope": "da/dz"},
    show=(Given(("z",)), Line("a"), Line("square"), Line("slope"), Given(("da",)), Line("dz")),
    decimals=3,
    exact=False,
)
ROW = Exercise(
    name="row",
    text="A row of units with tanh: the slope belongs to what went in, and is worked out from what came out.",
    lines="A = tanh(Z); loss = sum(V * A)",
    draw=lambda d: {"Z": d.pick((-1.5, -0.8, -0.3, 0.2, 0.5, 1, 1.4), (1, 3)), "V": d.whole(-4, 4, (1, 3), zero=False)},
    gradients=("Z",),
    slopes=True,
    show=(Told(("loss",)), Given(("Z", "V")), Line("A"), Line("dA"), Line("dA/dZ"), Line("dZ")),
    decimals=3,
    exact=False,
    suits=lambda v: len(set(v["Z"][0])) == 3,
)

CHAPTER = Chapter(
    slug="activations",
    number=5,
    title="Activations",
    goals="Work out the slope of an activation, and multiply what comes back by it.",
    needs=("rules",),
    levels=(
        (Ask(RELU, mask("results"), 2), Ask(LEAKY, mask("results"))),
        (Ask(KINK, mask("results")), Ask(SIGMOID, mask("results"), 2), Ask(TANH, mask("results"))),
        (
            Ask(ROW, mask("results")),
            Ask(TANH, mask("results")),
            Ask(RELU, mask("anywhere-6")),
            Ask(SIGMOID, mask("results")),
        ),
    ),
)
