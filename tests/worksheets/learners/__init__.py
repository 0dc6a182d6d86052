"""Simulated learners: workings with one misconception each, worked in plain NumPy without any code of the package."""
