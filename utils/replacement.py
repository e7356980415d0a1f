"""A `replace` that brings suspiciously few rows is refused.

An API that answers with an empty page, a table that is just being filled: the rows that
the warehouse has are then worth more than those that were fetched.
"""

from __future__ import annotations

import dlt

from utils.errors import ClearError
from utils.load_figures import rows_in


class SuspiciouslyFewRows(ClearError):
    """A table would be replaced by far fewer rows than it has."""


def require_enough_rows(pipeline: dlt.Pipeline) -> None:
    """Compare the packages that are ready to be loaded with the tables they replace.

    Raises:
        SuspiciouslyFewRows: for a share below `loading.smallest_replacement` of
            `.dlt/config.toml`.
    """
    smallest = dlt.config.get("loading.smallest_replacement", float)
    for load_id in pipeline.list_normalized_load_packages():
        package = pipeline.get_load_package_info(load_id)
        fetched = rows_in(package)
        for job in package.jobs["new_jobs"]:
            table = job.job_file_info.table_name
            if package.schema.get_table(table).get("write_disposition") != "replace":
                continue
            held = _rows_held(pipeline, table)
            if fetched[table] < smallest * held:
                raise SuspiciouslyFewRows(
                    f"{fetched[table]:,} rows were fetched to replace the {held:,} of"
                    f" table {table}: fewer than {smallest:.0%}. Nothing was replaced."
                    " If that is right, run it once more with"
                    " LOADING__SMALLEST_REPLACEMENT=0 in the environment."
                )


def _rows_held(pipeline: dlt.Pipeline, table: str) -> int:
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    with pipeline.sql_client() as client:
        name = client.make_qualified_table_name(table)
        try:
            with client.execute_query(f"SELECT count(*) FROM {name}") as cursor:
                return cursor.fetchone()[0]
        except DatabaseUndefinedRelation:
            return 0
