"""The update rules, one in each file. A file here is found by being here; its name is the method's,
with a hyphen for each underscore."""

from __future__ import annotations

import os


def names() -> tuple[str, ...]:
    """The methods that there are. Nothing is imported, so that `--help` needs no NumPy.

    >>> names()[:3]
    ('adam', 'adamw', 'conjugate-gradient')
    """
    files = (file.removesuffix(".py") for file in os.listdir(os.path.dirname(__file__)) if file.endswith(".py"))
    return tuple(sorted(file.replace("_", "-") for file in files if not file.startswith("_")))
