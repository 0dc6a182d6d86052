"""Check a gradient against measured slopes: which entries are wrong, where, and why.

FILE.py has a function `loss` and a function `gradient` of the same arguments; the point is `point` in it (a tuple or a
dict, or a function that gives one), or the variables that the arguments are called by. With a model file or a formula,
--gradient is what you have on paper: "2*(w*x - y)*x", or "dw = ...; db = ...". Exit code 1 if it is wrong.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradwork.cli import _options

if TYPE_CHECKING:
    from gradwork.check.check import Check


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    parser.add_argument(
        "subject",
        metavar="FILE.py|MODEL|FORMULA",
        help='a Python file with the loss and its gradient; or a model file or a formula, such as "(w*x - y)^2"',
    )
    parser.add_argument("--loss", metavar="NAME", help="of FILE.py: the function that is differentiated (loss)")
    parser.add_argument(
        "--gradient", metavar="NAME|FORMULAS", help="of FILE.py: the gradient or a function for it; else its formulas"
    )
    parser.add_argument(
        "--at", metavar="NAME|x=3,w=2", help="of FILE.py: the point, or a function for it; else numbers for the formula"
    )
    parser.add_argument("--strict", action="store_true", help="fail as well where nothing can be told")
    _options.add_wrt(parser)
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Check what was named, show the report; code 1 where it does not pass."""
    import numpy as np

    with np.errstate(all="ignore"):  # what is not a number is said in the report, and once
        found, title = _of_formulas(options) if _is_written(options.subject) else _of_file(options)
    _options.show(found.document(title=title), options)
    return 0 if found.ok else 1


def _is_written(subject: str) -> bool:
    """Whether the argument is a model file or a formula, and no Python file.

    >>> _is_written("net.py"), _is_written("cars.toml"), _is_written("x^2"), _is_written("folder/net")
    (False, True, True, False)
    """
    if subject.endswith(".toml"):
        return True
    formula = any(sign in subject for sign in "=^*+-(²³") and not subject.endswith((".py", ".csv", ".json", ".ipynb"))
    return formula and not Path(subject).exists()


def _of_file(options: Namespace) -> tuple[Check, str]:
    from gradwork.check.check import check
    from gradwork.models.checked import load_checked

    file = Path(options.subject)
    given = load_checked(file, options.loss or "loss", options.gradient or "gradient", options.at or "point")
    found = check(
        given.loss, given.gradient, *given.args, wrt=_wrt(options), strict=options.strict, kwargs=given.kwargs
    )
    return found, f"Is the gradient in {file.name} right?"


def _of_formulas(options: Namespace) -> tuple[Check, str]:
    from gradwork.check.check import check
    from gradwork.cli._parser import misuse
    from gradwork.graph.formula import parse_program

    if options.loss:
        raise misuse("--loss names a function of a Python file, and here the loss is a formula", "leave it out")
    if not options.gradient:
        raise misuse("there is no gradient to check", '--gradient "2*(w*x - y)*x", or --gradient "dw = ...; db = ..."')
    if options.subject.endswith(".toml"):
        loss, values, parameters = _model(options)
        title = f"Is this gradient of {Path(options.subject).name} right?"
    else:
        loss, values, parameters = _formula(options)
        title = f"Is this gradient of {options.subject} right?"
    by_name = any(name.startswith("d") and name[1:] in values for name, _ in parse_program(options.gradient).lines)
    wrt = _wrt(options) or (None if by_name else _only(parameters))
    return check(loss, options.gradient, wrt=wrt, strict=options.strict, kwargs=values), title


def _model(options: Namespace) -> tuple[Any, dict[str, Any], tuple[str, ...]]:
    """The loss of a model file, the value of each name, and its parameters."""
    from gradwork.cli._parser import misuse
    from gradwork.models import load

    if options.at:
        raise misuse("--at gives numbers to a formula, and the model file has its own", "leave it out")
    model = load(options.subject, wrt=options.wrt)
    return model.loss, model.bound, model.wrt


def _formula(options: Namespace) -> tuple[Any, dict[str, Any], tuple[str, ...]]:
    """The formula, the number of each name, and the names."""
    from gradwork.cli._parser import misuse, nearest
    from gradwork.graph.formula import parse_program

    names = parse_program(options.subject).names
    example = ",".join(f"{name}={k + 2}" for k, name in enumerate(names))
    if not options.at:
        raise misuse("a formula is checked at a point, and no numbers are given", f"--at {example}")
    try:
        values = _options.point(options.at)
    except ArgumentTypeError as error:
        raise misuse(f"--at {error}", f"--at {example}") from None
    for name in values:
        if name not in names:
            hint = nearest(name, names) or ", ".join(names)
            raise misuse(f"--at gives {name} a number, and the formula has no {name}", hint)
    for name in names:
        if name not in values:
            raise misuse(f"--at gives {name} no number", f"--at {example}")
    return options.subject, dict(values), names


def _only(names: tuple[str, ...]) -> str:
    """The one name that a gradient without a name of its own can belong to."""
    from gradwork.cli._parser import misuse

    if len(names) != 1:
        lines = "; ".join(f"d{name} = ..." for name in names[:2])
        raise misuse(f"the gradient may belong to {', '.join(names)}", f'--wrt {names[0]}, or --gradient "{lines}"')
    return names[0]


def _wrt(options: Namespace) -> str | tuple[str, ...] | None:
    names = tuple(options.wrt or ())
    return names[0] if len(names) == 1 else names or None
