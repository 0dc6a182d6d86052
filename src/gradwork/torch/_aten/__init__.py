"""What the calls are made of that torch works out a forward pass with (ATen), each as a function of NumPy calls.

One declaration an operation, one file a family; the files are found by listing this folder. A function takes what the
operation takes, arrays in place of tensors, and gives what it gives: one value, or a tuple. It is written as one would
write it in NumPy, so that causes are told in these steps; gradwork traces it, and it runs on plain arrays as well.

Source: the native functions of ATen: aten/src/ATen/native/native_functions.yaml in torch's repository.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]
_TABLE: dict[str, Function] = {}
_DRAWN: set[str] = set()


def aten(*names: str, drawn: bool = False) -> Callable[[Function], Function]:
    """Declare what some operations compute.

    names: without the namespace; with an overload ("max.dim") for that one alone, without for all others.
    drawn: random numbers take part: what torch has given comes first, as a tuple.
    """

    def declared(function: Function) -> Function:
        _TABLE.update(dict.fromkeys(names, function))
        if drawn:
            _DRAWN.update(names)
        return function

    return declared


def entrywise(**functions: Function) -> None:
    """Declare operations that are a function of NumPy's own, of the tensors alone."""
    for name, function in functions.items():
        _TABLE[name] = _of_tensors(function)


def _of_tensors(function: Function) -> Function:
    @functools.wraps(function)
    def plainly(*values: Any, **_: Any) -> Any:
        return function(*values)

    return plainly


def known(name: str, overload: str) -> tuple[Function, bool] | None:
    """The function for an operation, and whether it wants what torch has drawn; None where there is none."""
    _load()
    for key in (f"{name}.{overload}", name):
        if key in _TABLE:
            return _TABLE[key], key in _DRAWN
    return None


def operations() -> list[str]:
    """The names of all that are declared."""
    _load()
    return sorted(_TABLE)


@functools.cache
def _load() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def axes_in(dim: Any, ndim: int) -> tuple[int, ...]:
    """Torch's `dim` as axes: none, and an empty list, are all of them."""
    if dim is None or (isinstance(dim, (list, tuple)) and not dim):
        return tuple(range(ndim))
    dims = dim if isinstance(dim, (list, tuple)) else (dim,)
    return tuple(d % ndim if ndim else 0 for d in dims) if ndim else ()
