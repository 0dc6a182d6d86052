"""The catalogue of causes: one file a cause, each with its code, its name, its test and its page."""
