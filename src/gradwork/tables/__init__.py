"""Tables of data: from a file or a frame to named columns, with every doubtful cell named by its line.

`table.py` is the result, `read.py` opens files, `text.py` cuts them into cells, `cells.py` reads numbers, and
`arrays.py` takes what is already in memory.
"""

from __future__ import annotations

from gradwork.tables.arrays import table_of as table_of
from gradwork.tables.read import read_table as read_table
from gradwork.tables.table import Table as Table

__all__ = ["Table", "read_table", "table_of"]
