"""Calls of NumPy's functions in many forms, each as a function of float arrays: for tests that want many.

`CALLS` has a list of (function, arrays) under the name of each NumPy function. The points lie away from corners.
"""

from __future__ import annotations

import importlib
import pkgutil

from numpy_calls.common import CALLS

for _module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")

__all__ = ["CALLS"]
