"""Model files: a loss with its parameters and data, from TOML or from a Python function.

`load.py` puts a model together; `text.py` reads TOML and knows the line of every key, `values.py` reads numbers and
draws random ones, `bind.py` finds data for the names, `layers.py` writes layers out as formulas, `function.py` takes a
function from a Python file, and `model.py` is the result.
"""

from __future__ import annotations

from gradwork.models.load import load as load
from gradwork.models.model import Model as Model

__all__ = ["Model", "load"]
