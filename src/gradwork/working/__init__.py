"""All three ways side by side, as a page: `work.py` does it, the other files write one section each."""
