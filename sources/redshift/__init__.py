"""Reads Redshift, for exports.

- `sql_files`: the queries of a folder, and values for their parameters.
- `rows`: the rows of a query as Arrow.
- `connection`: the read-only connection through parsons.
"""
