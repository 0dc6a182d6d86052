"""Adam: momentum over RMSProp, both freed of their start at zero."""

from gradwork.descent.method import Method

METHOD = Method(
    title="Adam",
    lines={
        "new_mean": "decay_mean*mean + (1 - decay_mean)*gradient",
        "new_square": "decay_square*square + (1 - decay_square)*gradient^2",
        "mean_hat": "new_mean/(1 - decay_mean^step)",
        "square_hat": "new_square/(1 - decay_square^step)",
        "new_weight": "weight - learning_rate*mean_hat/(sqrt(square_hat) + epsilon)",
    },
    constants={"decay_mean": 0.9, "decay_square": 0.999, "epsilon": 1e-8},
    why="Both averages start at 0 and are too small at first; dividing by 1 - decay^step makes up for it.",
    source="Kingma and Ba (2015), Adam: a method for stochastic optimization, algorithm 1.",
)
