"""Prefect artifacts of a run: its progress while it runs, and its report at the end."""
