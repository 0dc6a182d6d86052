"""How the steps of a gradient function are called: as its author calls them."""

from __future__ import annotations

import re

from gradwork.check.evidence import Joint
from gradwork.check.sites import Names

_WRITTEN = re.compile(r"(\w+)\s*\[")  # of a line such as "alpha[t] = ..."


class StepNames(Names):
    """The author's own names; a name that is used again is not numbered, since it is the same to its author."""

    def __init__(self, joint: Joint) -> None:
        super().__init__(joint, numbered=False)

    def _filled(self, position: int) -> str:
        """An array that entries are written into has the name that stands in that line."""
        node = self.joint.node(position)
        if node.op != "setitem" or node.where is None:
            return ""
        found = _WRITTEN.match(node.where.source())
        return super()._filled(position) or (found[1] if found else "")
