"""Holds on dlt's insides, for which dlt has no public way.

A release of dlt may change each of them without notice. Hence pyproject.toml's upper bound
on dlt, an error here that names what is gone, and tests/utils/test_dlt_internals.py, which
notices what is still there and has no effect any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import dlt
from dlt.common.configuration.specs import config_providers_context
from dlt.pipeline import trace, track

from utils.errors import ClearError

if TYPE_CHECKING:
    from dlt.common.configuration.providers import ConfigProvider
    from dlt.common.configuration.specs.config_providers_context import (
        AwsSecretsProviderConfiguration,
    )

EXPECTED_VERSION = "1.31"


class DltChanged(ClearError):
    """The installed dlt lacks an internal that loading depends on."""


def leave_out_tracking() -> None:
    """Remove dlt's own tracker from what follows a pipeline.

    Even with telemetry off (.dlt/config.toml) it writes an anonymous id into the home
    directory, or /var/dlt for root, where a container may not write.
    """
    _require(trace, "TRACKING_MODULES")
    trace.TRACKING_MODULES = [
        module for module in trace.TRACKING_MODULES if module is not track
    ]


def send_row_groups_to_postgres() -> None:
    """Load Parquet into PostgreSQL one row group at a time, in one transaction still.

    dlt passes the whole file to the driver, which keeps all of it in memory. Its job for
    SQL Server has the switch that its job for PostgreSQL leaves off.
    """
    from dlt.destinations.impl.postgres.postgres import PostgresParquetCopyJob

    _require(PostgresParquetCopyJob, "_ingest_per_rowgroup")
    PostgresParquetCopyJob._ingest_per_rowgroup = True


def use_as_aws_secrets_provider(
    provider: Callable[[AwsSecretsProviderConfiguration], ConfigProvider],
) -> None:
    """Let dlt create this provider where it would create its own for AWS.

    `dlt.secrets.register_provider` would add a second one beside dlt's: the switch
    `PROVIDERS__ENABLE_AWS_SECRETS` turns that on, and creating it imports botocore and
    looks for credentials. dlt also forgets registered providers when it reads its settings
    again.
    """
    _require(config_providers_context, "_aws_secrets_provider")
    setattr(config_providers_context, "_aws_secrets_provider", provider)


def drop_working_folder(pipeline: dlt.Pipeline) -> None:
    """Empty the pipeline's working folder; the dataset keeps its name.

    `Pipeline.drop` alone applies the layout to the name once more: dev_dev_products.
    """
    _require(pipeline.config, "dataset_name_layout")
    layout = pipeline.config.dataset_name_layout
    pipeline.config.dataset_name_layout = None
    try:
        pipeline.drop()
    finally:
        pipeline.config.dataset_name_layout = layout


def create_table(client: Any, schema: dlt.Schema, name: str) -> None:
    """Create a missing table as dlt would, which believes that it exists.

    Args:
        client: Open job client of a SQL database.
        schema: Schema of the dataset.
        name: Name of the table.
    """
    _require(client, "_get_table_update_sql")
    client.schema = schema
    columns = list(schema.get_table_columns(name).values())
    for statement in client._get_table_update_sql(name, columns, generate_alter=False):
        client.sql_client.execute_sql(statement)


def _require(owner: object, name: str) -> None:
    if not hasattr(owner, name):
        raise DltChanged(
            f"dlt {dlt.__version__} has no {name} in {owner!r}. Nothing was loaded. This"
            f" repository was built with dlt {EXPECTED_VERSION}: install the version that"
            " uv.lock names (uv sync --locked), or adapt utils/dlt_internals.py."
        )
