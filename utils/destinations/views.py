"""Views beside the tables that a pipeline loads. Their readers find them at any moment."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Callable, Collection, Sequence

import dlt

from utils.destinations.kind import kind_of
from utils.destinations.postgres_locks import waits_are_told
from utils.errors import ClearError, sentence

if TYPE_CHECKING:
    from dlt.destinations.sql_client import SqlClientBase

logger = logging.getLogger(__name__)

COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
"""
# What others than its owner may do with the view, as statements that allow it again.
GRANTS = """
SELECT format(
    'GRANT %%s ON %%s TO %%s%%s', privilege_type, oid::regclass,
    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
    CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
)
FROM pg_class, aclexplode(relacl)
WHERE oid = to_regclass(%s) AND grantee <> relowner
"""


class ViewInUse(ClearError):
    """The view has to be made anew, and other views depend on it."""


def free_name(wish: str, taken: Collection[str]) -> str:
    """A name like `wish` that none of those is, in whatever case."""
    names = {name.casefold() for name in taken}
    while wish.casefold() in names:
        wish += "_"
    return wish


def replace_view(
    pipeline: dlt.Pipeline,
    name: str,
    columns: Sequence[str],
    query: Callable[[SqlClientBase[Any], Sequence[str]], str],
) -> None:
    """Create a view, or bring one that is there up to date with its columns and query.

    Args:
        name: of the view, in the pipeline's dataset.
        columns: of the view, by their names in the pipeline's schema.
        query: gives the view's `SELECT` for the columns in the order that it is called
            with: those that the view has stay where they are.

    Raises:
        ViewInUse: a view that depends on it forbids to make it anew.
        TableLocked: who has read it in PostgreSQL and forgot to commit holds it.
    """
    kind = kind_of(pipeline)
    with waits_are_told(pipeline), pipeline.sql_client() as client:
        view = client.make_qualified_table_name(name)
        create = f"CREATE OR REPLACE VIEW {view} AS"
        if kind not in ("postgres", "redshift"):
            if kind == "snowflake":  # else who was allowed to read it is no more
                create = f"CREATE OR REPLACE VIEW {view} COPY GRANTS AS"
            client.execute_sql(f"{create} {query(client, columns)}")
            return
        held = [
            column
            for (column,) in client.execute_sql(COLUMNS, client.dataset_name, name)
        ]
        kept = [column for column in held if column in columns]
        ordered = [*kept, *(column for column in columns if column not in kept)]
        with client.begin_transaction():
            # PostgreSQL replaces a view by one with more columns at the end, Redshift
            # only by one with the same:
            # https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html
            common = ordered[: len(held)] if kind == "postgres" else ordered
            grants = [] if not held or held == common else _drop(client, kind, view)
            client.execute_sql(f"{create} {query(client, ordered)}")
            for grant in grants:
                client.execute_sql(grant)


def _drop(client: SqlClientBase[Any], kind: str, view: str) -> list[str]:
    """Drop the view, and return the statements that allow its readers to read it again."""
    from dlt.destinations.exceptions import DatabaseException

    if kind == "redshift":
        grants = []
        logger.warning("%s has other columns now: GRANT again who may read it", view)
    else:
        grants = [grant for (grant,) in client.execute_sql(GRANTS, view)]
    try:
        client.execute_sql(f"DROP VIEW {view}")
    except DatabaseException as error:
        cause = error.dbapi_exception
        if getattr(cause, "pgcode", None) != "2BP01":  # dependent objects still exist
            raise
        raise ViewInUse(
            f"The view {view} has other columns now and has to be made anew."
            f" {sentence(cause)} The tables are loaded, the view is the old one. Drop what"
            " depends on it, run this again, and create that again."
        ) from error
    return grants
