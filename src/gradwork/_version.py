"""The version, alone in a file so that `gradwork --version` loads nothing else."""

__version__ = "0.1.0"
