"""Prefect's server on a developer's machine: attacked by pages, and used."""
