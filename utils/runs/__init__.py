"""Prefect's side of a run: task, log, artifacts, progress, command line."""
