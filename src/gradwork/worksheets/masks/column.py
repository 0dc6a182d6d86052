"""One column of each matrix that is worked out, by seed."""

from gradwork.worksheets.masks import Mask
from gradwork.worksheets.masks.row import hidden_lines

MASK = Mask("column", "a column of each matrix", lambda hiding: hidden_lines(hiding, 1))
