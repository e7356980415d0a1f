"""Columns keep their types: one that arrives with another is an error that names both."""

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


class TypeChanged(ClearError):
    """A column arrives with another type than the destination's table has."""


def type_changed(error: DataValidationError) -> TypeChanged:
    """The error of dlt's schema contract, in plain words."""
    # dlt tells the columns in its message alone
    columns = re.findall(r" column: ({.*?})\.", str(error))
    if len(columns) != 2:
        return TypeChanged(str(error))
    old, new = map(ast.literal_eval, columns)
    return TypeChanged(
        f"Column {error.column_name} of table {error.table_name} arrives as"
        f" {_type(new)}, and is {_type(old)} in the destination. Nothing was loaded. If"
        " the new type is right, load it under another name, or drop the dataset and load"
        " anew."
    )


def _type(column: TColumnSchema) -> str:
    digits = [str(column[key]) for key in ("precision", "scale") if key in column]
    return (
        f"{column['data_type']}({', '.join(digits)})" if digits else column["data_type"]
    )
