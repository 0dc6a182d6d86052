"""AdamW: Adam, with the weight decay taken off the weight itself and not put into the gradient."""

from gradwork.descent.method import Method

METHOD = Method(
    title="AdamW",
    lines={
        "new_mean": "decay_mean*mean + (1 - decay_mean)*gradient",
        "new_square": "decay_square*square + (1 - decay_square)*gradient^2",
        "mean_hat": "new_mean/(1 - decay_mean^step)",
        "square_hat": "new_square/(1 - decay_square^step)",
        "new_weight": "weight - learning_rate*(mean_hat/(sqrt(square_hat) + epsilon) + weight_decay*weight)",
    },
    constants={"decay_mean": 0.9, "decay_square": 0.999, "epsilon": 1e-8},
    why="A decay inside the gradient would be divided by the slopes' usual size; outside, it shrinks all alike.",
    source="Loshchilov and Hutter (2019), Decoupled weight decay regularization, algorithm 2.",
)
