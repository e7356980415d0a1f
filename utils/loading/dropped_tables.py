"""Tables that someone dropped by hand: their resources have to be read from the beginning.

dlt takes a table for existing that its stored schema has, so that each further load fails
on the missing one. Creating it again would not do: the cursor is past the rows it had. So
the destination first forgets the cursor, and only then does the table come back.
"""

from __future__ import annotations

import json

import dlt
from dlt.extract import DltSource

from utils.destinations.lake import is_lake


def resources_of_lost_tables(pipeline: dlt.Pipeline, source: DltSource) -> list[str]:
    """The source's resources with a table that was loaded and is not there any more."""
    if is_lake(pipeline):
        # It has no tables to be dropped. Others may just be sending the first file.
        return []
    schema = _stored_schema(pipeline, source.schema.name)
    if schema is None:
        return []
    loaded = [table["name"] for table in schema.data_tables(seen_data_only=True)]
    with pipeline.destination_client() as client:
        found = {name for name, columns in client.get_storage_tables(loaded) if columns}
    lost = {_resource(schema, name) for name in loaded if name not in found}
    return [name for name in source.selected_resources if name in lost]


def forget_cursors(pipeline: dlt.Pipeline, source: DltSource, names: list[str]) -> None:
    """Delete the resources' state, here and in the destination."""
    from dlt.extract.state import reset_resource_state

    with pipeline.managed_state(extract_state=True) as state:
        for name in names:
            reset_resource_state(name, state.get("sources", {}).get(source.name, {}))
    pipeline.normalize()
    pipeline.load()


def _stored_schema(pipeline: dlt.Pipeline, name: str) -> dlt.Schema | None:
    """The schema that the dataset is said to have, None before the first load."""
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    with pipeline.destination_client() as client:
        try:
            stored = client.get_stored_schema(name)
        except DatabaseUndefinedRelation:
            return None
    return dlt.Schema.from_dict(json.loads(stored.schema)) if stored else None


def _resource(schema: dlt.Schema, table: str) -> str | None:
    from dlt.common.schema.utils import get_root_table

    return get_root_table(schema.tables, table).get("resource")
