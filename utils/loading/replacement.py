"""Replacement of a table: never by suspiciously few rows, and never seen empty.

An API answers with an empty page, or a table is just being filled: the rows that the
warehouse has are then worth more than the fetched ones.
"""

from __future__ import annotations

from typing import Iterator

import dlt

from utils.destinations.load_packages import (
    pending_packages,
    pending_rows,
    tables_to_load,
)
from utils.destinations.pipelines import type_of
from utils.errors import ClearError
from utils.settings.bounds import require_between


class SuspiciouslyFewRows(ClearError):
    """A table would be replaced by far fewer rows than it has."""


def prepare_replacement(pipeline: dlt.Pipeline) -> None:
    """Check the pending packages, and choose the way into the tables they replace.

    Rows go through a staging table, from where one transaction takes them, so that nobody
    finds the table empty. Rows of new tables go straight there.

    Raises:
        SuspiciouslyFewRows: The fetched share of a table's rows is below
            `loading.smallest_replacement` of `.dlt/config.toml`.
    """
    smallest = dlt.config.get("loading.smallest_replacement", float)
    # Nothing is fewer than NaN.
    require_between("loading.smallest_replacement", smallest, 0, 1)
    tables_are_new = True
    for table, fetched in _replacements(pipeline):
        held = type_of(pipeline).rows_held(pipeline, table)
        if held is None:
            continue
        tables_are_new = False
        if fetched < smallest * held:
            raise SuspiciouslyFewRows(
                f"{fetched:,} rows were fetched to replace the {held:,} of table {table}:"
                f" fewer than {smallest:.0%}. Nothing was replaced. If that is right, run"
                " it once more with LOADING__SMALLEST_REPLACEMENT=0 in the environment."
            )
    type_of(pipeline).prepare_replacement(pipeline, tables_are_new)


def _replacements(pipeline: dlt.Pipeline) -> Iterator[tuple[str, int]]:
    """Yield the tables that are about to be replaced, with their new number of rows."""
    for package in pending_packages(pipeline):
        rows = pending_rows(package)
        for table in tables_to_load(package, "replace"):
            yield table, rows[table]
