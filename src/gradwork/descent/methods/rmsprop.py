"""RMSProp: each slope is divided by its own usual size, so that flat and steep directions move alike."""

from gradwork.descent.method import Method

METHOD = Method(
    title="RMSProp",
    lines={
        "new_square": "decay*square + (1 - decay)*gradient^2",
        "new_weight": "weight - learning_rate*gradient/(sqrt(new_square) + epsilon)",
    },
    constants={"decay": 0.99, "epsilon": 1e-8},
    why="A parameter with large slopes takes no longer steps than one with small slopes.",
    source="Tieleman and Hinton (2012), lecture 6.5 of Neural Networks for Machine Learning.",
)
