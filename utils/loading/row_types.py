"""Rows of an API keep their shape: a field does not become an object, a list or another type.

A schema contract does not ensure that. dlt takes an object or a list for new columns and
tables beside the old column, which gets NULL, and turns a number into a time of 1970. A
change that loses nothing, "12" for 12, passes.
"""

from __future__ import annotations

from typing import Any

import dlt
from dlt.common.data_types import py_type_to_sc_type
from dlt.extract import DltSource

from utils.loading.column_types import changed_type

# Python's types that dlt would convert to a column's type with a loss.
LOSSY: dict[str, tuple[type, ...]] = {
    "bigint": (bool,),
    "bool": (int, float, str),
    "date": (bool, int, float),
    "double": (bool,),
    "timestamp": (bool, int, float),
}


def keep_shapes(source: DltSource) -> None:
    """Compare each row of the source with the columns declared, or loaded before.

    The extraction then raises TypeChanged, which names table, column and both types.
    """
    for resource in source.selected_resources.values():
        resource.add_map(_Shape(resource.name).checked)


class _Shape:
    """Types of a table's columns, which are looked up at its first row."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._types: dict[str, str] = {}
        self._is_known = False

    def checked(self, row: Any) -> Any:
        """Return the row if all of its fields have the types of before."""
        if isinstance(row, dict):
            if not self._is_known:
                self._look_up()
            self._check(row, "")
        return row

    def _look_up(self) -> None:
        self._is_known = True
        schema = dlt.current.source_schema()
        self._normalize = schema.naming.normalize_identifier
        loaded = schema.tables.get(self._normalize(self._table), {})
        declared = dlt.current.resource().compute_table_schema()
        self._types = {
            name: str(column["data_type"])
            for table in (loaded, declared)
            for name, column in table.get("columns", {}).items()
            if "data_type" in column
        }
        self._tables = set(schema.tables)
        self._objects = {
            name.rpartition("__")[0] for name in self._types if "__" in name
        }

    def _check(self, row: dict[str, Any], path: str) -> None:
        for key, value in row.items():
            name = path + self._normalize(key)
            known = self._types.get(name)
            if known == "json" or value is None:
                continue
            if isinstance(value, dict):
                if known:
                    raise changed_type(self._table, name, "an object", known)
                self._check(value, f"{name}__")
            elif isinstance(value, list):
                if known:
                    raise changed_type(self._table, name, "a list", known)
            else:
                self._check_scalar(name, value, known)

    def _check_scalar(self, name: str, value: Any, known: str | None) -> None:
        data_type = py_type_to_sc_type(type(value))
        if known is None and name in self._objects:
            raise changed_type(self._table, name, data_type, "an object")
        if known is None and f"{self._normalize(self._table)}__{name}" in self._tables:
            raise changed_type(self._table, name, data_type, "a list")
        if known and isinstance(value, LOSSY.get(known, ())) and data_type != known:
            raise changed_type(self._table, name, data_type, known)
