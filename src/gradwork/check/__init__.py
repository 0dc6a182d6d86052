"""Is this gradient right, and if not, where is it wrong and why."""
