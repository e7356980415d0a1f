"""Pipelines into the destinations that .dlt/config.toml names, each set up as its kind needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dlt

from utils.configuration_errors import addresses_are_readable
from utils.destinations.kind import kind_of
from utils.destinations.postgres_locks import with_lock_timeout
from utils.errors import ClearError

if TYPE_CHECKING:
    from dlt.common.destination import AnyDestination
    from dlt.common.runtime.collector_base import Collector
    from dlt.common.schema.typing import TTableSchema
    from dlt.common.typing import TLoaderFileFormat
    from dlt.extract import DltSource

DATABASES = ("postgres", "snowflake", "redshift")
KINDS = ("duckdb", *DATABASES, "filesystem")

# What files pass through on their way, by kind of destination. Here, because dlt has one
# `staging_type` for all pipelines, which DuckDB and PostgreSQL refuse.
STAGING = {
    "redshift": "lake",  # its COPY reads from S3 alone
}


class UnusableDestination(ClearError):
    """The destination is of a kind that does not exist, or that is not installed."""


def pipeline_into(
    destination: str,
    dataset: str,
    *,
    name: str | None = None,
    progress: Collector | None = None,
) -> dlt.Pipeline:
    """A pipeline into a dataset of `warehouse`, `lake`, or what else the settings name.

    Args:
        destination: a name of `.dlt/config.toml`.
        dataset: without the environment, which `dataset_name_layout` adds.
        name: of the pipeline, which has a state of its own; the dataset's unless given.
        progress: Follows the pipeline's steps.

    Raises:
        UnusableDestination: naming the setting.
        ConfigurationError: the URL of the credentials has a password with an @.
    """
    kind = dlt.config.get(f"destination.{destination}.destination_type", str)
    into = _named(destination, kind)
    staging = STAGING.get(kind or "")
    if staging:
        _require_bucket_and_role(destination, staging)
    return dlt.pipeline(
        name or dataset,
        destination=into,
        staging=staging and _named(staging, "filesystem"),
        dataset_name=dataset,
        progress=progress,
    )


def fit_to_destination(pipeline: dlt.Pipeline, source: DltSource) -> None:
    """Give the source's tables the file format and the merge that the destination knows."""
    kind = kind_of(pipeline)
    strategies = pipeline.destination.capabilities().supported_merge_strategies or []
    for resource in source.selected_resources.values():
        table = resource.compute_table_schema()
        resource.apply_hints(file_format=_file_format(kind, table))
        if "upsert" == table.get("x-merge-strategy") not in strategies:
            resource.apply_hints(
                write_disposition={"disposition": "merge", "strategy": "delete-insert"}
            )


def _file_format(kind: str, table: TTableSchema) -> TLoaderFileFormat:
    columns = table.get("columns", {}).values()
    if kind == "redshift" and any(each.get("data_type") == "json" for each in columns):
        # SUPER keeps what JSON lines hold. From Parquet it would come as a text:
        # https://docs.aws.amazon.com/redshift/latest/dg/ingest-super.html
        return "jsonl"
    return "parquet"


def _require_bucket_and_role(destination: str, staging: str) -> None:
    """Without a role dlt would write this process's AWS keys into the COPY statement."""
    bucket = dlt.config.get(f"destination.{staging}.bucket_url", str) or ""
    role = dlt.config.get(f"destination.{destination}.staging_iam_role", str)
    if not bucket.startswith("s3://") or not role:
        raise UnusableDestination(
            f"The destination {destination} takes files from S3. Nothing was loaded. Set"
            f" DESTINATION__{staging.upper()}__BUCKET_URL=s3://... and"
            f" DESTINATION__{destination.upper()}__STAGING_IAM_ROLE, a role attached to it"
            " that may read there."
        )


def _named(destination: str, kind: str | None) -> AnyDestination:
    from dlt.common.destination.exceptions import UnknownDestinationModule
    from dlt.common.exceptions import MissingDependencyException

    variable = f"DESTINATION__{destination.upper()}__DESTINATION_TYPE"
    try:
        named = dlt.destination(destination)
        named.client_class  # imports the driver
    except UnknownDestinationModule:
        raise UnusableDestination(
            f"The destination {destination} is of the kind {kind!r}, which is none of"
            f" {', '.join(KINDS)}. Nothing was loaded. Correct destination_type under"
            f" [destination.{destination}] in .dlt/config.toml, or {variable} in the"
            " environment."
        ) from None
    except (ImportError, MissingDependencyException) as error:
        raise UnusableDestination(
            f"The destination {destination} is of the kind {kind!r}, whose packages are"
            f" not installed. Nothing was loaded. Add them: uv add 'dlt[{kind}]'."
        ) from error
    if kind in DATABASES:
        with addresses_are_readable():
            config = named.configuration(None, accept_partial=True)
        if kind == "postgres" and config.credentials.is_resolved():
            # As dlt found them. Where something is missing, it says so in its own time.
            named.config_params["credentials"] = with_lock_timeout(config.credentials)
    return named
