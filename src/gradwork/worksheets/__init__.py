"""Worksheets from any working: exercises with blanks, keys that are computed, and marking that knows the mistake."""
