"""Comparisons of speed and memory, as commands. See tests/README.md."""
