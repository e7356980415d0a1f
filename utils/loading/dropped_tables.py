"""Tables that someone dropped by hand: their resources are read from the beginning.

dlt believes that each table of its stored schema exists, so that every further load fails
on the missing one. To create it again would not be enough: the cursor is past the rows it
had. So the destination first forgets the cursor, and only then does the table come back.
"""

from __future__ import annotations

import json
from typing import Any

import dlt
from dlt.extract import DltSource

from utils.destinations.pipelines import type_of
from utils.dlt_internals import create_table
from utils.promises.set_aside import SUFFIX


def resources_of_dropped_tables(pipeline: dlt.Pipeline, source: DltSource) -> list[str]:
    """Return the source's resources with a table that was loaded and is missing now.

    A table of rows set aside comes back at once, empty: whoever has seen to its rows may
    drop it, and the resource's own table is not read again for that.
    """
    if not type_of(pipeline).has_tables:
        return []
    schema = _stored_schema(pipeline, source.schema.name)
    if schema is None:
        return []
    loaded = [str(table["name"]) for table in schema.data_tables(seen_data_only=True)]
    client: Any
    with pipeline.destination_client() as client:
        found = {name for name, columns in client.get_storage_tables(loaded) if columns}
        missing = [name for name in loaded if name not in found]
        for name in missing:
            if name.endswith(SUFFIX):
                create_table(client, schema, name)
    dropped = {resource_of(schema, n) for n in missing if not n.endswith(SUFFIX)}
    return [name for name in source.selected_resources if name in dropped]


def forget_cursors(pipeline: dlt.Pipeline, source: DltSource, names: list[str]) -> None:
    """Delete the resources' state, here and in the destination."""
    from dlt.extract.state import reset_resource_state

    with pipeline.managed_state(extract_state=True) as state:
        for name in names:
            reset_resource_state(name, state.get("sources", {}).get(source.name, {}))
    pipeline.normalize()
    pipeline.load()


def resource_of(schema: dlt.Schema, table: str) -> str | None:
    """Return the resource that a table or the table above it is loaded by."""
    from dlt.common.schema.utils import get_root_table

    return get_root_table(schema.tables, table).get("resource")


def _stored_schema(pipeline: dlt.Pipeline, name: str) -> dlt.Schema | None:
    """Return the schema that dlt noted in the dataset, None before the first load."""
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    client: Any
    with pipeline.destination_client() as client:
        try:
            stored = client.get_stored_schema(name)
        except DatabaseUndefinedRelation:
            return None
    return dlt.Schema.from_dict(json.loads(stored.schema)) if stored else None
