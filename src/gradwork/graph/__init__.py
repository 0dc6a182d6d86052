"""What is computed: the frozen graph, the record that declares an op, and the tracer that makes a graph.

Start with `graph.py` (the data), then `op.py` (what an op declares), then `trace.py` (how ordinary NumPy
code becomes a graph). Nothing here knows calculus.
"""
