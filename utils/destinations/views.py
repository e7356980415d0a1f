"""Views beside the tables that a pipeline loads, which their readers can use at any time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Collection, Sequence

from utils.errors import ClearError, sentence

if TYPE_CHECKING:
    from dlt.destinations.sql_client import SqlClientBase

COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
"""
DEPENDENT_OBJECTS_STILL_EXIST = "2BP01"


class ViewInUse(ClearError):
    """The view has to be dropped, and other views depend on it."""


@dataclass(frozen=True)
class View:
    """A view in a pipeline's dataset."""

    name: str
    columns: Sequence[str]
    """The view's columns, by their names in the pipeline's schema."""
    query: Callable[[SqlClientBase[Any], Sequence[str]], str]
    """Function that returns the `SELECT` of these columns, in the order given."""


def free_name(wish: str, taken: Collection[str]) -> str:
    """Return `wish`, with underscores added until no taken name equals it in any case."""
    names = {name.casefold() for name in taken}
    while wish.casefold() in names:
        wish += "_"
    return wish


def replace_in_order(
    client: SqlClientBase[Any],
    view: View,
    *,
    takes_columns_at_the_end: bool,
    grants: Callable[[SqlClientBase[Any], str], list[str]],
) -> None:
    """Replace a view where the database lets no column move or vanish.

    Present columns stay in their places. Where that is not enough, the view is dropped and
    created in one transaction.

    Args:
        client: Open client of the destination.
        view: View to create or replace.
        takes_columns_at_the_end: Whether a replaced view may have more columns.
        grants: Function that returns the statements that give a dropped view's readers
            their rights back.

    Raises:
        ViewInUse: The view has to be dropped, and other views depend on it.
    """
    name = client.make_qualified_table_name(view.name)
    rows = client.execute_sql(COLUMNS, client.dataset_name, view.name) or []
    present = [column for (column,) in rows]
    kept = [column for column in present if column in view.columns]
    ordered = [*kept, *(column for column in view.columns if column not in kept)]
    fits = ordered[: len(present)] if takes_columns_at_the_end else ordered
    with client.begin_transaction():
        rights = []
        if present and present != fits:
            rights = grants(client, name)
            _drop(client, name)
        client.execute_sql(
            f"CREATE OR REPLACE VIEW {name} AS {view.query(client, ordered)}"
        )
        for grant in rights:
            client.execute_sql(grant)


def _drop(client: SqlClientBase[Any], name: str) -> None:
    from dlt.destinations.exceptions import DatabaseException

    try:
        client.execute_sql(f"DROP VIEW {name}")
    except DatabaseException as error:
        cause = error.dbapi_exception
        if getattr(cause, "pgcode", None) != DEPENDENT_OBJECTS_STILL_EXIST:
            raise
        raise ViewInUse(
            f"The view {name} has other columns now and has to be dropped."
            f" {sentence(cause)} The tables are loaded, the view is left unchanged. Drop"
            " what depends on it, run this again, and create that again."
        ) from error
