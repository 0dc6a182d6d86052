"""The 27 problems of nonlinear regression of NIST's Statistical Reference Datasets, as they lie in tests/data/nist."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent / "data" / "nist"


@dataclass(frozen=True)
class Certified:
    """A problem: its loss as a formula, its data, two starts, and the published answer."""

    name: str
    loss: str
    data: dict[str, np.ndarray]
    starts: tuple[dict[str, float], dict[str, float]]
    parameters: dict[str, float]
    squares: float

    def digits(self, params: dict[str, Any]) -> float:
        """How many digits of every parameter are those of the published ones."""
        worst = max(abs(float(params[name]) - value) / abs(value) for name, value in self.parameters.items())
        return float(-np.log10(max(worst, 1e-16)))


def _read(name: str, about: dict[str, Any]) -> Certified:
    with open(FOLDER / f"{about['data']}.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    data = {column: np.array([float(row[column]) for row in rows]) for column in rows[0]}
    names = [f"b{i + 1}" for i in range(len(about["certified"]))]
    first, second, answer = (
        dict(zip(names, map(float, about[key]), strict=True)) for key in ("start1", "start2", "certified")
    )
    loss = f"sum(({about.get('target', 'y')} - ({about['prediction']}))^2)"
    return Certified(name, loss, data, (first, second), answer, about["squares"])


PROBLEMS = {
    name: _read(name, about) for name, about in tomllib.loads((FOLDER / "problems.toml").read_text("utf-8")).items()
}
