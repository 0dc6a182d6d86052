"""Methods that look for how far to go, or solve for where to go.

`line_search.py` tries learning rates along one direction, `wolfe.py` says when one is good enough. `least_squares.py`
solves for the change that is best for a sum of squares, `squares.py` finds such a sum on the graph of a loss, and
`working.py` writes a step of either with its numbers. `refusals.py` says what these methods do not take.
"""
