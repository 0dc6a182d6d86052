"""The small real data sets that scikit-learn carries: `data = "sklearn:digits"` in a model file.

Source: scikit-learn's user guide, section "Toy datasets", which names where each comes from.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from gradwork.errors import MissingExtraError, ModelError, Where
from gradwork.graph.formula.evaluate import close
from gradwork.tables import Table

PREFIX = "sklearn:"
# How each is loaded. The diabetes patients are taken in the units that they were measured in: years, kg/m², mm Hg.
SETS: dict[str, dict[str, Any]] = {
    "digits": {},
    "diabetes": {"scaled": False},
    "iris": {},
    "wine": {},
    "breast_cancer": {},
}


def is_named(name: str) -> bool:
    """Whether a model's data are one of these sets, and not a file."""
    return name.startswith(PREFIX)


def data_set(name: str, where: Where | None = None) -> Table:
    """A set as a table: `X` has all its columns, `Y` the target; a column that has a name is there by it too.

    Raises ModelError for a set that there is not, MissingExtraError where scikit-learn is not installed.
    """
    short = name.removeprefix(PREFIX).strip()
    if short not in SETS:
        raise ModelError(
            f"there is no data set {name!r}",
            where=where,
            why=f"the sets are {', '.join(PREFIX + s for s in SETS)}",
            hint=" or ".join(PREFIX + s for s in close(short, SETS)) or None,
        )
    try:
        sets = import_module("sklearn.datasets")
    except ImportError as error:
        raise MissingExtraError(
            f"the data set {name} needs scikit-learn, which is not installed",
            where=where,
            why="scikit-learn carries the data",
            hint='python -m pip install "scikit-learn>=1.4"',
        ) from error
    found = getattr(sets, f"load_{short}")(**SETS[short])
    values = np.asarray(found.data, dtype=np.float64)
    named = {} if short == "digits" else {_word(n): values[:, i].copy() for i, n in enumerate(found.feature_names)}
    columns = {"X": values, "Y": np.asarray(found.target, dtype=np.float64), **named}
    return Table(tuple(columns), columns, name, within=dict.fromkeys(named, "X"))


def _word(name: str) -> str:
    """A column's name as formulas can call it: "mean radius" is mean_radius, "petal width (cm)" petal_width."""
    return name.partition("(")[0].strip().replace(" ", "_").replace("/", "_of_")
