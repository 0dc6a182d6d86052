"""Every number that is worked out."""

from gradwork.worksheets.masks import Mask

MASK = Mask("results", "every number that is worked out", lambda hiding: hiding.worked())
