"""Declared columns of a resource."""

from __future__ import annotations

from typing import Mapping

from dlt.common.data_types import TDataType
from dlt.common.schema.typing import TTableSchemaColumns


def columns_of_types(names: Mapping[TDataType, str]) -> TTableSchemaColumns:
    """Declare columns, whose types then do not depend on a load's first values.

    Args:
        names: Names of columns, separated by spaces, by their data type:
            `{"bigint": "id legs", "text": "name"}`.

    Returns:
        Column schemas by name, as dlt takes them for the `columns` of a resource:
        `{"id": {"name": "id", "data_type": "bigint"}, ...}`.
    """
    return {
        name: {"name": name, "data_type": data_type}
        for data_type, of_type in names.items()
        for name in of_type.split()
    }
