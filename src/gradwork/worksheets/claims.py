"""Names that a working gives to its quantities, and whether they can be meant: a determinant is one number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Claim:
    """That a quantity is something by name. `loss` says that it belongs to one number, a loss, as a gradient does."""

    of: str
    name: str
    loss: bool = True


def _written(shape: Shape) -> str:
    return "one number" if not shape else " x ".join(map(str, shape))


def _determinant(shape: Shape, loss: bool) -> str | None:
    if not shape:
        return None
    square = len(shape) == 2 and shape[0] == shape[1]
    why = "a determinant is one number" + ("" if square else ", and a square matrix alone has one")
    return f"{why}; this is {_written(shape)}"


def _jacobian(shape: Shape, loss: bool) -> str | None:
    if loss and len(shape) == 2 and shape[0] != 1:
        return (
            f"the slopes of one loss, laid out as the weights are ({_written(shape)}), are its gradient; a Jacobian "
            "matrix has a row for each output and a column for each input, so that of one loss has one row"
        )
    return None


def _hessian(shape: Shape, loss: bool) -> str | None:
    if len(shape) == 2 and shape[0] == shape[1]:
        return None
    return f"a Hessian has a row and a column for each input: it is square, and this is {_written(shape)}"


def _number(shape: Shape, loss: bool) -> str | None:
    return None if not shape else f"that is one number, and this is {_written(shape)}"


def _vector(shape: Shape, loss: bool) -> str | None:
    single = len([n for n in shape if n != 1]) <= 1 and bool(shape)
    return None if single else f"a vector is one row or one column, and this is {_written(shape)}"


def _matrix(shape: Shape, loss: bool) -> str | None:
    return None if len(shape) == 2 else f"a matrix has rows and columns, and this is {_written(shape)}"


def _gradient(shape: Shape, loss: bool) -> str | None:
    return None


# What a word asks for; words of a name are looked at in this order, the most demanding first.
WORDS: dict[str, Callable[[Shape, bool], str | None]] = {
    "determinant": _determinant,
    "hessian": _hessian,
    "jacobian": _jacobian,
    "scalar": _number,
    "number": _number,
    "vector": _vector,
    "matrix": _matrix,
    "gradient": _gradient,
}


def objection(claim: Claim, shape: Shape) -> str | None:
    """Why a quantity of this shape cannot be what it is called; None where it can.

    >>> objection(Claim("slopes", "determinant"), (3, 2))
    'a determinant is one number, and a square matrix alone has one; this is 3 x 2'
    """
    words = claim.name.casefold().replace("-", " ").split()
    found = [why for word, asks in WORDS.items() if word in words and (why := asks(shape, claim.loss)) is not None]
    return ". ".join(why[0].upper() + why[1:] if k else why for k, why in enumerate(found)) or None
