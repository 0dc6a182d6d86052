"""Nothing: a worked example."""

from gradwork.worksheets.masks import Mask

MASK = Mask("nothing", "nothing: a worked example", lambda hiding: ())
