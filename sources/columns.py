"""Declared columns of a resource: they have their type whatever the first values are."""

from __future__ import annotations

from dlt.common.schema.typing import TTableSchemaColumns


def columns_of_types(**names: str) -> TTableSchemaColumns:
    """Columns' names by their type, for a resource: `bigint="id legs", text="name"`.

    A column that is declared has its type whatever its first values are.
    """
    return {
        name: {"name": name, "data_type": data_type}
        for data_type, of_type in names.items()
        for name in of_type.split()
    }
