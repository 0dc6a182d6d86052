"""Gradient descent: a step against the gradient, as long as the learning rate says."""

from gradwork.descent.method import Method

METHOD = Method(
    title="gradient descent",
    lines={"new_weight": "weight - learning_rate*gradient"},
    reach=lambda constants: 2.0,
    why="The gradient points uphill, so a small step against it lowers the loss.",
    source="Cauchy (1847), Méthode générale pour la résolution des systèmes d'équations simultanées.",
)
