"""Prefect's side as code: work pools and blocks. `python -m blocks plan` and `apply`."""
