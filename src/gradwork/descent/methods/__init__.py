"""The update rules, one in each file. A file here is found by being here; its name is the method's."""

from __future__ import annotations

import os


def names() -> tuple[str, ...]:
    """The methods that there are. Nothing is imported, so that `--help` needs no NumPy.

    >>> names()
    ('adam', 'adamw', 'gd', 'momentum', 'nesterov', 'rmsprop')
    """
    files = (file.removesuffix(".py") for file in os.listdir(os.path.dirname(__file__)) if file.endswith(".py"))
    return tuple(sorted(file for file in files if not file.startswith("_")))
