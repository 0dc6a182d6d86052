"""Chapter 3: functions that bend, where the size of the nudge matters."""

from collections.abc import Sequence

from gradwork.worksheets.exercise import Ask, Chapter, Choice, Exercise, Given, Grid, Line, Told
from gradwork.worksheets.masks import mask_named as mask

_ONE_WAY = """
y_before = {f}
x_after = x_before + dx
y_after = {g}
dy = y_after - y_before
ratio = dy / dx
slope = {s}
gap = ratio - slope
"""
_GRID = Grid(("before", "after", "change"), (("x", "x_before", "x_after", "dx"), ("y", "y_before", "y_after", "dy")))


def _one_way(name: str, text: str, f: str, s: str, nudges: Sequence[float], low: int, high: int) -> Exercise:
    return Exercise(
        name=name,
        text=text,
        lines=_ONE_WAY.format(f=f.format("x_before"), g=f.format("x_after"), s=s.format("x_before")),
        draw=lambda d: {"x_before": d.whole(low, high, zero=False), "dx": d.pick(nudges)},
        labels={"ratio": "dy/dx"},
        show=(
            Told(("y_before", "y_after", "dy", "ratio", "slope", "gap")),
            _GRID,
            Line("ratio", formula=False),
            Line("slope", formula=False),
            Line("gap", formula=False),
        ),
        also=("x_after = x_before + dx",),
        decimals=4,
        suits=lambda v: v["slope"] not in (0, v["dy"]) and v["x_before"] != v["dx"],
    )


SQUARE = _one_way(
    "square",
    "A parabola. A nudge to one side gives the slope, and a little more.",
    "{}^2",
    "2*{}",
    (1, 2, 0.1, 0.5),
    -5,
    5,
)
CUBE = _one_way("cube", "A cube bends more, and more the farther out.", "{}^3", "3*{}^2", (1, 0.1), -3, 3)
MIXED = _one_way(
    "mixed",
    "A square and a straight line together.",
    "{}^2 + 3*{}".replace("3*{}", "3*{0}").replace("{}^2", "{0}^2"),
    "2*{} + 3",
    (1, 0.1, 0.5),
    -4,
    4,
)

CENTRAL = Exercise(
    name="both ways",
    text="A nudge up and a nudge down, and the difference divided by both nudges together.",
    lines="""
        y_up = (x + h)^3
        y_down = (x - h)^3
        rise = y_up - y_down
        ratio = rise / (2*h)
        slope = 3*x^2
        gap = ratio - slope
    """,
    draw=lambda d: {"x": d.whole(-3, 4, zero=False), "h": d.pick((1, 0.1, 0.5))},
    show=(Given(("x", "h")), Line("y_up"), Line("y_down"), Line("rise"), Line("ratio"), Line("slope"), Line("gap")),
    decimals=4,
    suits=lambda v: abs(v["x"]) > 1,
)

SHRINK = Exercise(
    name="shrinking",
    text="The same place, with a nudge ten times smaller each time. What becomes of the gap?",
    lines="""
        slope = 2*x
        ratio1 = ((x + h1)^2 - x^2) / h1
        ratio2 = ((x + h2)^2 - x^2) / h2
        ratio3 = ((x + h3)^2 - x^2) / h3
        gap1 = ratio1 - slope
        gap2 = ratio2 - slope
        gap3 = ratio3 - slope
    """,
    draw=lambda d: {"x": d.whole(-6, 6, zero=False), "h1": 1, "h2": 0.1, "h3": 0.01},
    show=(
        Given(("x",)),
        Line("slope"),
        Told(("ratio1", "gap1", "ratio2", "gap2", "ratio3", "gap3")),
        Grid(
            ("nudge", "ratio", "gap"),
            (("h1", "h1", "ratio1", "gap1"), ("h2", "h2", "ratio2", "gap2"), ("h3", "h3", "ratio3", "gap3")),
        ),
        Choice(
            "What becomes of the gap when the nudge is made ten times smaller?",
            ("it stays as it is", "it is ten times smaller", "it is a hundred times smaller"),
            lambda v: 1,
        ),
    ),
    decimals=2,
    suits=lambda v: abs(v["x"]) > 1,
)

CHAPTER = Chapter(
    slug="bends",
    number=3,
    title="Functions that bend",
    goals="See why a small nudge is better, and why nudging both ways is better still.",
    needs=("one-weight",),
    levels=(
        (Ask(SQUARE, mask("change+ratio+last"), 3), Ask(SHRINK, mask("every-2"))),
        (Ask(SQUARE, mask("results"), 2), Ask(CUBE, mask("change+ratio+last")), Ask(CENTRAL, mask("results"))),
        (
            Ask(CUBE, mask("results")),
            Ask(MIXED, mask("results")),
            Ask(CENTRAL, mask("anywhere-3"), 2),
            Ask(SHRINK, mask("results")),
        ),
    ),
)
