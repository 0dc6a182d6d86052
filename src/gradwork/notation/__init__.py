"""How mathematics and pages are written: layout pieces and document blocks. Knows nothing of gradients."""
