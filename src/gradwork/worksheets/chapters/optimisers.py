"""Chapter 14: optimisers: momentum, weight decay, Adam."""

from gradwork.worksheets.exercise import Ask, Chapter, Exercise, Given, Line
from gradwork.worksheets.masks import mask_named as mask

MOMENTUM = Exercise(
    name="momentum",
    text="Momentum keeps a part of the last step. Two steps.",
    lines="""
        v1 = momentum*v0 + g1
        w1 = w0 - learning_rate*v1
        v2 = momentum*v1 + g2
        w2 = w1 - learning_rate*v2
    """,
    draw=lambda d: {
        "w0": d.whole(-4, 5),
        "v0": d.whole(-3, 3, zero=False),
        "g1": d.whole(-6, 6, zero=False),
        "g2": d.whole(-6, 6, zero=False),
        "momentum": d.pick((0.5, 0.9)),
        "learning_rate": d.pick((0.1, 0.2)),
    },
    show=(
        Given(("w0", "v0")),
        Given(("g1", "g2", "momentum", "learning_rate")),
        Line("v1"),
        Line("w1"),
        Line("v2"),
        Line("w2"),
    ),
    decimals=4,
    suits=lambda v: v["g1"] != v["g2"],
)
DECAY = Exercise(
    name="weight decay",
    text="Weight decay adds a part of the weight to its slope, and leaves the bias alone.",
    lines="""
        total = dw + decay*w
        new_w = w - learning_rate*total
        new_b = b - learning_rate*db
    """,
    draw=lambda d: {
        "w": d.whole(-8, 9, zero=False),
        "b": d.whole(-6, 6, zero=False),
        "dw": d.whole(-6, 6, zero=False),
        "db": d.whole(-6, 6, zero=False),
        "decay": d.pick((0.1, 0.01, 0.5)),
        "learning_rate": d.pick((0.1, 0.2, 0.5)),
    },
    labels={"total": "slope"},
    show=(
        Given(("w", "b")),
        Given(("dw", "db", "decay", "learning_rate")),
        Line("total"),
        Line("new_w"),
        Line("new_b"),
    ),
    decimals=4,
    suits=lambda v: abs(v["w"]) > 1,
)
RMS = Exercise(
    name="rmsprop",
    text="The slope is divided by its usual size: the root of a running mean of squares.",
    lines="""
        s1 = keep*s0 + (1 - keep)*g^2
        size = sqrt(s1)
        step = learning_rate*g/size
        new_w = w - step
    """,
    draw=lambda d: {
        "w": d.whole(-4, 5),
        "s0": d.pick((0, 1, 4)),
        "g": d.whole(-6, 6, zero=False),
        "keep": d.pick((0.5, 0.9)),
        "learning_rate": d.pick((0.1, 0.2)),
    },
    show=(Given(("w", "s0", "g", "keep", "learning_rate")), Line("s1"), Line("size"), Line("step"), Line("new_w")),
    decimals=3,
    exact=False,
)
ADAM = Exercise(
    name="adam",
    text="Adam's first step: both running means start at 0, and are made larger for it.",
    lines="""
        m = 0.1*g
        s = 0.001*g^2
        m_hat = m / 0.1
        s_hat = s / 0.001
        size = sqrt(s_hat)
        new_w = w - learning_rate*m_hat/size
    """,
    draw=lambda d: {"w": d.whole(-4, 5), "g": d.whole(-8, 9, zero=False), "learning_rate": d.pick((0.1, 0.01, 0.5))},
    show=(
        Given(("w", "g", "learning_rate")),
        Line("m"),
        Line("s"),
        Line("m_hat"),
        Line("s_hat"),
        Line("size"),
        Line("new_w"),
    ),
    decimals=3,
    suits=lambda v: abs(v["g"]) > 1,
)

CHAPTER = Chapter(
    slug="optimisers",
    number=14,
    title="Optimisers",
    goals="Work a step of momentum, weight decay, RMSProp and Adam by hand.",
    needs=("descent-step",),
    levels=(
        (Ask(MOMENTUM, mask("results")), Ask(DECAY, mask("results"), 2)),
        (Ask(MOMENTUM, mask("results")), Ask(RMS, mask("results"), 2)),
        (Ask(ADAM, mask("results"), 2), Ask(MOMENTUM, mask("anywhere-4"))),
    ),
)
