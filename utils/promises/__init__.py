"""Promises of a table, declared beside its resource: how fresh, how many rows, which values.

- `declared`: `promise`, the line beside a resource.
- `rules`: rules on values, checked on Arrow batches.
- `batches`: what a resource yields, as Arrow tables.
- `validator`: the step of a resource that applies them.
- `set_aside`: rows that go to a table of their own.
- `usual_rows`: whether a load has as many rows as its weekday's loads usually have.
- `load_history`: the table `load_history` of a dataset.
- `checks`: what happens around a load.
- `outcome`: promises of a table after a load.
"""
