"""Rows of an API keep their shape: a field does not become an object, a list or another kind.

A schema contract does not see to that. dlt takes an object or a list for new columns and
tables beside the old one, which gets NULL, and turns a number into a time of 1970. What
loses nothing, "12" for 12, passes.
"""

from __future__ import annotations

from typing import Any

import dlt
from dlt.common.data_types import py_type_to_sc_type
from dlt.extract import DltSource

from utils.loading.column_types import changed_type

# Python's types that dlt would bend to a column's type.
BENT: dict[str, tuple[type, ...]] = {
    "bigint": (bool,),
    "bool": (int, float, str),
    "date": (bool, int, float),
    "double": (bool,),
    "timestamp": (bool, int, float),
}


def keep_shapes(source: DltSource) -> None:
    """Compare each row of the source with the columns declared, or loaded before.

    The extraction raises TypeChanged, naming table, column and both types.
    """
    for resource in source.selected_resources.values():
        resource.add_map(_Shape(resource.name).kept)


class _Shape:
    """Of a resource's table."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._types: dict[str, str] | None = None

    def kept(self, row: Any) -> Any:
        """The row, if all of it has the types of before."""
        if isinstance(row, dict):
            if self._types is None:
                self._learn()
            self._check(row, "")
        return row

    def _learn(self) -> None:
        schema = dlt.current.source_schema()
        self._normalize = schema.naming.normalize_identifier
        loaded = schema.tables.get(self._normalize(self._table), {})
        declared = dlt.current.resource().compute_table_schema()
        self._types = {
            name: column["data_type"]
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
        kind = py_type_to_sc_type(type(value))
        if known is None and name in self._objects:
            raise changed_type(self._table, name, kind, "an object")
        if known is None and f"{self._normalize(self._table)}__{name}" in self._tables:
            raise changed_type(self._table, name, kind, "a list")
        bent = BENT.get(known or "", ())
        if isinstance(value, bent) and kind != known:
            raise changed_type(self._table, name, kind, known)
