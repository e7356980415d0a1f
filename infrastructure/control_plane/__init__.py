"""Backup, restore and passwords of a Prefect server of one's own."""
