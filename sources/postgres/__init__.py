"""Reads PostgreSQL in one transaction.

- `snapshot`: columns, keys and rows of tables at one moment.
- `connection`: the read-only transaction and its settings.
- `copy_to_arrow`: the rows of `COPY ... TO STDOUT` as Arrow tables.
"""
