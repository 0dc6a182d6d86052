"""Gradients worked three ways - by nudging, by the rules, by backpropagation - with every number shown.

The public names live in other modules and are loaded when first used, so that `import gradwork` and
`gradwork --help` cost next to nothing. `_HOMES` is the one list of them.
"""

import importlib
import sys
import types

from gradwork._version import __version__ as __version__

# `typing` itself costs a few milliseconds; type checkers know this name wherever it stands.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradwork.check.check import assert_gradient as assert_gradient
    from gradwork.check.check import check as check
    from gradwork.descent.descend import descend as descend
    from gradwork.errors import GradworkError as GradworkError
    from gradwork.gradients.black_box import black_box as black_box
    from gradwork.gradients.compile import compile as compile
    from gradwork.gradients.custom import custom_rule as custom_rule
    from gradwork.gradients.custom import op as op
    from gradwork.gradients.derive import derive as derive
    from gradwork.gradients.nudge import nudge as nudge
    from gradwork.gradients.transforms import elementwise_grad as elementwise_grad
    from gradwork.gradients.transforms import grad as grad
    from gradwork.gradients.transforms import hessian as hessian
    from gradwork.gradients.transforms import jacobian as jacobian
    from gradwork.gradients.transforms import jvp as jvp
    from gradwork.gradients.transforms import value_and_grad as value_and_grad
    from gradwork.gradients.transforms import vjp as vjp
    from gradwork.graph.graph import Graph as Graph
    from gradwork.graph.trace import trace as trace
    from gradwork.models import load as load
    from gradwork.models.sheets import load_sheet as load_sheet
    from gradwork.models.sheets import sheet as sheet
    from gradwork.ops.activations import log_softmax as log_softmax
    from gradwork.ops.activations import logsumexp as logsumexp
    from gradwork.ops.activations import relu as relu
    from gradwork.ops.activations import sigmoid as sigmoid
    from gradwork.ops.activations import softmax as softmax
    from gradwork.ops.activations import softplus as softplus
    from gradwork.working.work import work as work

# A public name and the module that it is loaded from. The block above says the same to type checkers;
# tests/test_package.py holds the two equal.
_HOMES: dict[str, str] = {
    "trace": "gradwork.graph.trace",
    "grad": "gradwork.gradients.transforms",
    "value_and_grad": "gradwork.gradients.transforms",
    "jacobian": "gradwork.gradients.transforms",
    "hessian": "gradwork.gradients.transforms",
    "elementwise_grad": "gradwork.gradients.transforms",
    "vjp": "gradwork.gradients.transforms",
    "jvp": "gradwork.gradients.transforms",
    "check": "gradwork.check.check",
    "assert_gradient": "gradwork.check.check",
    "compile": "gradwork.gradients.compile",
    "nudge": "gradwork.gradients.nudge",
    "derive": "gradwork.gradients.derive",
    "work": "gradwork.working.work",
    "descend": "gradwork.descent.descend",
    "op": "gradwork.gradients.custom",
    "custom_rule": "gradwork.gradients.custom",
    "black_box": "gradwork.gradients.black_box",
    "relu": "gradwork.ops.activations",
    "sigmoid": "gradwork.ops.activations",
    "softplus": "gradwork.ops.activations",
    "softmax": "gradwork.ops.activations",
    "logsumexp": "gradwork.ops.activations",
    "log_softmax": "gradwork.ops.activations",
    "Graph": "gradwork.graph.graph",
    "load": "gradwork.models",
    "sheet": "gradwork.models.sheets",
    "load_sheet": "gradwork.models.sheets",
    "GradworkError": "gradwork.errors",
}

__all__ = ["__version__", *_HOMES]


class _Package(types.ModuleType):
    """This package, on which a public name stays what it is even where a submodule has the same name.

    Python binds every imported submodule to its package: after `import gradwork.check` the name `gw.check`
    would be that module, and the function of this name would be gone. So a module is never bound to a public name.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name in _HOMES and isinstance(value, types.ModuleType):
            return
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gradwork' has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value  # found without this function from now on
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES} - {"TYPE_CHECKING", "importlib", "sys", "types"})
