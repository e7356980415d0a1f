"""Redshift, which loads files from the lake in S3."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import dlt

from utils.destinations.destination_type import (
    DestinationType,
    UnusableDestination,
    setting_variable,
)
from utils.destinations.views import View, replace_in_order

if TYPE_CHECKING:
    from dlt.common.schema.typing import TTableSchema
    from dlt.common.typing import TLoaderFileFormat
    from dlt.destinations.sql_client import SqlClientBase

logger = logging.getLogger(__name__)


class Redshift(DestinationType):
    """A warehouse in Redshift, whose COPY reads from S3 alone."""

    def check_settings(self, destination: str) -> None:
        """Require a bucket, and a role that may read it.

        Without a role dlt would write this process's AWS keys into the COPY statement.
        """
        staging = str(self.staging)
        bucket = dlt.config.get(f"destination.{staging}.bucket_url", str) or ""
        role = dlt.config.get(f"destination.{destination}.staging_iam_role", str)
        if not bucket.startswith("s3://") or not role:
            raise UnusableDestination(
                f"The destination {destination} takes files from S3. Nothing was loaded."
                f" Set {setting_variable(staging, 'bucket_url')}=s3://... and"
                f" {setting_variable(destination, 'staging_iam_role')}, a role attached to"
                " the warehouse that may read there."
            )

    def file_format(self, table: TTableSchema) -> TLoaderFileFormat:
        """Return JSON lines for a table with a JSON column, Parquet for others.

        SUPER keeps what JSON lines hold. From Parquet it would come as a text:
        https://docs.aws.amazon.com/redshift/latest/dg/ingest-super.html
        """
        columns = table.get("columns", {}).values()
        has_json = any(column.get("data_type") == "json" for column in columns)
        return "jsonl" if has_json else "parquet"

    def replace_view(self, pipeline: dlt.Pipeline, view: View) -> None:
        """Create or replace a view; one with other columns is dropped first.

        https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html
        """
        with pipeline.sql_client() as client:
            replace_in_order(
                client, view, takes_columns_at_the_end=False, grants=_lose_grants
            )


def _lose_grants(client: SqlClientBase[Any], view: str) -> list[str]:
    """Return no statement, and tell people which rights are lost."""
    logger.warning("%s has other columns now: GRANT again who may read it", view)
    return []


REDSHIFT = Redshift("redshift", drivers=("psycopg2", "botocore"), staging="lake")
