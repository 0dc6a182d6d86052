"""Which functions of NumPy and SciPy slopes pass through, read from the register: for `gradwork ops --coverage`.

What the register says is not repeated here. The few words below are on functions that it has no say in: those that
make arrays of constants, read files, or are carried through by NumPy's own code.
"""

from __future__ import annotations

import importlib
import importlib.util
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

MODULES = ("numpy", "numpy.linalg", "numpy.fft", "scipy.special")

RULE = "rule of its own"
COMPOSED = "in terms of others"
CARRIED = "carried through"
LEVEL = "no slope by nature"
CONSTANT = "makes constants"
NOT = "not covered"
KINDS = (RULE, COMPOSED, CARRIED, LEVEL, CONSTANT, NOT)
DIFFERENTIABLE = (RULE, COMPOSED, CARRIED)

_WITHOUT_SLOPE = frozenset({"", "step rule", "constant rule"})

# NumPy's own code, carried out on lists and arrays of traced values. tests/snippets.py has each.
_CARRIED = {
    "array": "lists of traced values become an array when they meet an operation",
    "asarray": "a traced value stays one",
    "asanyarray": "a traced value stays one",
    "full": "as a list of traced values",
    "vectorize": "the function is called with each entry",
    "frompyfunc": "the function is called with each entry",
    "fromfunction": "the function is called with plain positions",
    "row_stack": "an older name of vstack",
}
_CONSTANTS = (
    "arange bartlett blackman busday_count busday_offset diag_indices empty eye hamming hanning identity indices "
    "kaiser mask_indices ones tri tril_indices triu_indices zeros fftfreq rfftfreq"
)
_REASONS = {
    "it reads, writes or prints": "array2string array_repr array_str base_repr binary_repr format_float_positional "
    "format_float_scientific frombuffer fromfile fromregex fromstring genfromtxt load loadtxt save savetxt savez "
    "savez_compressed datetime_as_string from_dlpack",
    "it is about kinds of numbers, memory or settings": "can_cast common_type isdtype issubdtype mintypecode "
    "min_scalar_type promote_types result_type typename datetime_data may_share_memory shares_memory isfortran "
    "broadcast_shapes einsum_path get_include get_printoptions getbufsize geterr geterrcall info printoptions "
    "set_printoptions setbufsize seterr seterrcall show_config show_runtime test iterable isscalar nested_iters",
    "it is about dates": "is_busday isnat",
    "bits have no slope, and whole numbers of bytes are asked for": "packbits unpackbits",
    "matrices of the old class numpy.matrix": "asmatrix bmat",
    "it makes a plain array of plain numbers; the whole function is measured by nudging, and said so": "fromiter "
    "asarray_chkfinite",
    "SciPy makes a plain array of what it is handed; gw.logsumexp and gw.log_softmax pass slopes": "logsumexp "
    "log_softmax",
}
_BY_NAME = {name: reason for reason, names in _REASONS.items() for name in names.split()}
_MEASURED = "no rule; it is measured by nudging, and said so"
_WRAPPED = "no rule; gw.black_box around it measures its slopes by nudging"
_SCIPY_CARRIED = {"softmax": "SciPy's own code, entry by entry; gw.softmax is one node"}
_SCIPY_CONSTANTS = ("roots_", "bernoulli", "euler", "factorial", "perm", "stirling2")


@dataclass(frozen=True)
class Entry:
    """One function: its name, how slopes pass through it, and its rule, what it is in terms of, or why they do not."""

    name: str
    kind: str
    words: str


def coverage(module: str) -> list[Entry]:
    """An entry for each public function of that module, in alphabetical order; none where it is not installed."""
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        return []
    found = importlib.import_module(module)
    declared = dict(_declared())
    return [_entry(module, name, function, declared) for name, function in _functions(found)]


def count(entries: list[Entry]) -> dict[str, int]:
    """How many entries there are of each kind."""
    return {kind: sum(entry.kind == kind for entry in entries) for kind in KINDS}


def _functions(module: Any) -> Iterator[tuple[str, Any]]:
    for name in sorted(dir(module)):
        function = getattr(module, name)
        if name.startswith("_") or isinstance(function, types.ModuleType) or not callable(function):
            continue
        if not isinstance(function, type) or name == "vectorize":
            yield name, function


def _declared() -> Iterator[tuple[Any, Any]]:
    """What is declared, by the function that it answers for, and by the name of SciPy's ufunc."""
    from gradwork.graph.op import REGISTER

    everything = [*REGISTER, *REGISTER.composites.values()]
    for one in everything:
        for function in one.answers:
            yield function, one
    by_lowering = {id(one.lower): one for one in REGISTER if one.lower is not None}
    for word, lower in REGISTER.by_word.items():
        if word.startswith("ufunc ") and id(lower) in by_lowering:
            yield word, by_lowering[id(lower)]


def _entry(module: str, name: str, function: Any, declared: dict[Any, Any]) -> Entry:
    one = declared.get(function)
    if one is None and module == "scipy.special":
        one = declared.get(f"ufunc {getattr(function, '__name__', name)}")
    if one is not None:
        return _of_declaration(name, one)
    if module == "scipy.special" and name in _SCIPY_CARRIED:
        return Entry(name, CARRIED, _SCIPY_CARRIED[name])
    if module == "scipy.special" and name.startswith(_SCIPY_CONSTANTS):
        return Entry(name, CONSTANT, "plain numbers go in")
    if name in _CARRIED:
        return Entry(name, CARRIED, _CARRIED[name])
    if name in _CONSTANTS.split():
        return Entry(name, CONSTANT, "plain numbers go in")
    return Entry(name, NOT, _BY_NAME.get(name, _MEASURED if isinstance(function, np.ufunc) else _WRAPPED))


def _of_declaration(name: str, one: Any) -> Entry:
    from gradwork.graph.op import Op

    if one.rule in _WITHOUT_SLOPE:
        return Entry(name, LEVEL, one.why)
    return Entry(name, RULE if isinstance(one, Op) else COMPOSED, one.rule)
