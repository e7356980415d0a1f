"""A DuckDB file, which one process at a time can write to.

dlt opens and closes it at every step, and answers a locked one by questioning the
credentials.
"""

from __future__ import annotations

import logging
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterator

import dlt
from dlt.pipeline.exceptions import PipelineStepFailed

from utils.destinations.destination_type import DestinationType
from utils.destinations.load_packages import pending_packages, tables_to_load
from utils.destinations.waiting import wait_until_free
from utils.errors import ClearError, sentence
from utils.redaction.private_files import keep_private

if TYPE_CHECKING:
    from dlt.common.destination.reference import AnyDestination_CO
    from dlt.common.pipeline import LoadInfo

logger = logging.getLogger(__name__)

# DuckDB keeps what it read and wrote, up to 80 % of the machine's memory: 800 MiB for ten
# million rows, which take no longer within this.
MEMORY_LIMIT = "112MB"


class WarehouseFileError(ClearError):
    """The DuckDB file cannot be opened. Nothing was loaded."""


class DuckDB(DestinationType):
    """A warehouse in a DuckDB file."""

    def prepare_credentials(self, created: AnyDestination_CO) -> None:
        """Do nothing: a file has no password."""

    @contextmanager
    def hold(self, pipeline: dlt.Pipeline) -> Iterator[None]:
        """Keep the file open, so that no other process comes between dlt's steps.

        Raises:
            DestinationHeld: Another process holds the file for too long.
            WarehouseFileError: The file cannot be opened.
        """
        from dlt.destinations.exceptions import DestinationConnectionError

        client = pipeline.sql_client()
        file = client.credentials.database

        def holder() -> str | None:
            try:
                client.open_connection()
            except DestinationConnectionError as error:
                if process := _holding_process(error.inner_exc):
                    return process
                raise WarehouseFileError(
                    f"{file} cannot be opened: {sentence(error.inner_exc)} Nothing was"
                    " loaded."
                ) from None
            return None

        wait_until_free(
            file,
            holder,
            "DuckDB lets one process write to a file: close it there, or end that process,"
            " then run again.",
        )
        try:
            keep_private(file, f"{file}.wal")
            yield
        finally:
            client.close_connection()

    keep_open = hold

    def load(self, pipeline: dlt.Pipeline) -> LoadInfo:
        """Load within `MEMORY_LIMIT`.

        Except a merge, and what fails within it, which both need memory in proportion to
        their rows.
        """
        with pipeline.sql_client() as client:
            # Parquet is read in parallel, and nothing is held back to keep its order.
            client.execute_sql("SET GLOBAL preserve_insertion_order = false")
            if _merges(pipeline):
                return pipeline.load()
            setting = client.execute_sql("SELECT current_setting('memory_limit')")
            assert setting is not None
            ((limit,),) = setting
            client.execute_sql("SET GLOBAL memory_limit = %s", MEMORY_LIMIT)
            try:
                return pipeline.load()
            except PipelineStepFailed as failure:
                if "Out of Memory Error" not in str(failure):
                    raise
                logger.info("DuckDB needs more memory than %s", MEMORY_LIMIT)
            finally:
                client.execute_sql("SET GLOBAL memory_limit = %s", limit)
            return pipeline.load()

    def how_to_look(self, place: str, dataset: str, table: str) -> str:
        """Return a command that shows a table's rows."""
        return (
            'uv run python -c "import duckdb;'
            f" duckdb.connect(r'{os.path.relpath(place)}')"
            f".sql('FROM {dataset}.{table}').show()\""
        )


def _merges(pipeline: dlt.Pipeline) -> bool:
    return any(
        tables_to_load(package, "merge") for package in pending_packages(pipeline)
    )


def _holding_process(error: BaseException) -> str | None:
    """Return the holder that DuckDB's message names, None for any other error."""
    held = r'Could not set lock on file ".*": (?:Conflicting lock is held in )?(.+?)\. '
    match = re.search(held, str(error))
    return match and match[1]


DUCKDB = DuckDB("duckdb", drivers=("duckdb",), place_prefix="duckdb:///")
