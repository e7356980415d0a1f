"""Tables that someone dropped by hand: their resources have to be read from the beginning.

dlt takes a table for existing that its stored schema has, so that each further load fails
on the missing one. Creating it again would not do: the cursor is past the rows it had.
"""

from __future__ import annotations

import dlt
from dlt.extract import DltSource


def resources_of_lost_tables(pipeline: dlt.Pipeline, source: DltSource) -> list[str]:
    """The source's resources with a table that was loaded and is not there any more."""
    schema = pipeline.schemas.get(source.schema.name)
    if schema is None:
        return []
    loaded = [table["name"] for table in schema.data_tables(seen_data_only=True)]
    with pipeline.destination_client() as client:
        lost = {
            name for name, columns in client.get_storage_tables(loaded) if not columns
        }
    resources = {_resource(schema, name) for name in lost}
    return [name for name in source.selected_resources if name in resources]


def _resource(schema: dlt.Schema, table: str) -> str | None:
    from dlt.common.schema.utils import get_root_table

    return get_root_table(schema.tables, table).get("resource")
