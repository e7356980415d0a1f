"""Columns keep their types: a changed type is an error that names both."""

from __future__ import annotations

import ast
import re

from dlt.common.schema.exceptions import DataValidationError
from dlt.common.schema.typing import TColumnSchema, TSchemaContractDict

from utils.errors import ClearError

# A new table or column is added and reported. A changed type is an error, where dlt
# would add a second column beside the first, or leave it to the database to round.
TYPES_ARE_FROZEN: TSchemaContractDict = {
    "tables": "evolve",
    "columns": "evolve",
    "data_type": "freeze",
}

# Between a column's name and the type, in the name of the column for another type.
VARIANT = "__v_"


class TypeChanged(ClearError):
    """A column arrives with another type than the destination's table has."""


def type_changed(error: DataValidationError) -> TypeChanged:
    """Return the error of dlt's schema contract in plain words."""
    name = error.column_name or ""
    # of Arrow data dlt names the columns in its message alone
    columns = re.findall(r" column: ({.*?})\.", str(error))
    if len(columns) == 2:
        old, new = map(ast.literal_eval, columns)
    elif VARIANT in name:
        # a value in a row that does not fit would get a column of its own
        name, _, new_type = name.rpartition(VARIANT)
        old, new = error.table_schema["columns"][name], {"data_type": new_type}
    else:
        return TypeChanged(str(error))
    return changed_type(error.table_name, name, _type(new), _type(old))


def changed_type(table: str, column: str, arrives_as: str, is_: str) -> TypeChanged:
    """Return the error of a column.

    Args:
        table: Name of the table.
        column: Name of the column.
        arrives_as: Type of the value or column in the source.
        is_: Type of the column in the destination.
    """
    return TypeChanged(
        f"Column {column} of table {table} arrives as {arrives_as}, and is {is_} in the"
        " destination. Nothing was loaded. If the new type is right, load it under another"
        " name, or drop the dataset and load it again."
    )


def _type(column: TColumnSchema) -> str:
    name = str(column["data_type"])
    digits = [str(column[key]) for key in ("precision", "scale") if key in column]
    return f"{name}({', '.join(digits)})" if digits else name
