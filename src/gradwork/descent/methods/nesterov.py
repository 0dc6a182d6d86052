"""Nesterov's momentum: as momentum, with the step looking one velocity ahead."""

from gradwork.descent.method import Method

METHOD = Method(
    title="Nesterov's momentum",
    lines={
        "new_velocity": "momentum*velocity + gradient",
        "new_weight": "weight - learning_rate*(gradient + momentum*new_velocity)",
    },
    constants={"momentum": 0.9},
    reach=lambda constants: 2 * (1 + constants["momentum"]) / (1 + 2 * constants["momentum"]),
    why="The velocity is looked at one step ahead, which brakes earlier before a rise.",
    source="Nesterov (1983); in this form Sutskever et al. (2013), On the importance of initialization and momentum.",
)
