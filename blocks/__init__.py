"""Work pools and blocks of Prefect as code: `python -m blocks plan` and `apply`."""
