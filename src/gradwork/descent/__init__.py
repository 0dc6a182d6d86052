"""Gradient descent: a method, a learning rate, and a start become a path and the reason that it stopped.

`descend.py` is the way in. `methods/` has one update rule a file, `method.py` reads them; `schedules.py` changes the
learning rate on the way; `problem.py` holds loss and data, `batches.py` says which rows a step takes, `loop.py` takes
the steps and tells when to stop. `searches/` has the steps of methods that look for how far to go. `lowest.py` tells a
lowest point from a gradient that only looks small. `learning_rate.py` and `curvature.py` choose a learning rate and
explain one that is too large. `starts.py` draws random starts; `standardise.py` puts standardised columns back, which
`linear_columns.py` finds. `shards.py` spreads a batch over workers, `checkpoint.py` keeps a run on disk, `outcome.py`,
`result.py` and `page.py` are what comes out.

`blocks.py` takes many steps at once: as one generated program (`written_loop.py` writes it, `program.py` runs it,
`update.py` has the method's part, `halves.py` the two threads), or through the moments of a quadratic loss
(`moments.py`). `recording.py` keeps the path.

`pictures.py` names the pictures: `surface.py` draws the path over the loss, with the lines of `contours.py`;
`predictions.py` finds what a loss predicts, `entries.py` reads W1[1,2]. `sliders.py` and `step_lines.py` make the
picture with sliders.
"""
