"""Momentum: the velocity keeps most of what it was, so steps that agree add up and steps that differ cancel."""

from gradwork.descent.method import Method

METHOD = Method(
    title="momentum",
    lines={
        "new_velocity": "momentum*velocity + gradient",
        "new_weight": "weight - learning_rate*new_velocity",
    },
    constants={"momentum": 0.9},
    reach=lambda constants: 2 * (1 + constants["momentum"]),
    why="In a long valley the slopes along it add up, while those across it change sign and cancel.",
    source="Polyak (1964), Some methods of speeding up the convergence of iteration methods.",
)
