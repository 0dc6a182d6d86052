"""Gradient descent: a method, a learning rate, and a start become a path and the reason that it stopped.

`descend.py` is the way in. `methods/` has one update rule a file, `method.py` reads them; `schedules.py` changes the
learning rate on the way; `problem.py` holds loss and data, `batches.py` says which rows a step takes, `loop.py` takes
the steps and tells when to stop. `learning_rate.py` and `curvature.py` choose a learning rate and explain one that is
too large. `shards.py` spreads a batch over workers, `checkpoint.py` keeps a run on disk, `outcome.py`, `result.py` and
`page.py` are what comes out.
"""
