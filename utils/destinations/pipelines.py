"""Pipelines into the destinations that .dlt/config.toml names, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dlt
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.common.runtime.collector import NULL_COLLECTOR

from utils.destinations.destination_type import (
    DestinationType,
    UnusableDestination,
    setting_variable,
)
from utils.destinations.duckdb import DUCKDB
from utils.destinations.filesystem import FILESYSTEM
from utils.destinations.postgres import POSTGRES
from utils.destinations.redshift import REDSHIFT
from utils.destinations.snowflake import SNOWFLAKE
from utils.errors.full_disk import full_disk_named
from utils.redaction.private_files import keep_private
from utils.settings.dataset_layout import dataset_layout

if TYPE_CHECKING:
    from dlt.common.destination.reference import AnyDestination_CO
    from dlt.common.runtime.collector_base import Collector
    from dlt.extract import DltSource

# A further type is a module beside this one, and a line here. Not found by its module's
# name, because a release follows imports to see which flows a change reaches.
SUPPORTED = {
    supported.name: supported
    for supported in (DUCKDB, POSTGRES, SNOWFLAKE, REDSHIFT, FILESYSTEM)
}


def type_named(destination_type: str) -> DestinationType:
    """Return a supported type; any other type of dlt gets a SQL database's defaults."""
    name = destination_type.rpartition(".")[2]
    return SUPPORTED.get(name) or DestinationType(name)


def type_of(pipeline: dlt.Pipeline) -> DestinationType:
    """Return the type of the pipeline's destination."""
    return type_named(pipeline.destination.destination_type)


def pipeline_into(
    destination: str,
    dataset: str,
    *,
    name: str | None = None,
    progress: Collector | None = None,
) -> dlt.Pipeline:
    """Return a pipeline into a dataset of `warehouse`, `lake` or another destination.

    Args:
        destination: Name of the destination in `.dlt/config.toml`.
        dataset: Name of the dataset, to which `dataset_name_layout` adds the environment.
        name: Name of the pipeline, under which it keeps its state; the dataset's if None.
        progress: Collector that follows the pipeline's steps.

    Raises:
        UnusableDestination: A setting of the destination is wrong or missing.
        ConfigurationError: `dataset_name_layout` gives no name of a dataset.
        DiskFull: The disk of the pipelines' folder is full.
        ConfigurationError: The address's password has an @ that is not percent-encoded.
    """
    dataset_layout()
    into = _create(destination)
    staging = type_named(_configured_type(destination)).staging
    folder: object = dlt.config.get("pipelines_dir")
    with full_disk_named(str(folder or get_dlt_pipelines_dir())):
        pipeline = dlt.pipeline(
            name or dataset,
            destination=into,
            staging=_create(staging) if staging else None,
            dataset_name=dataset,
            progress=progress or NULL_COLLECTOR,
        )
        # It would keep each run's settings and errors, secrets among them, in that folder.
        pipeline.config.enable_runtime_trace = False
        keep_private(pipeline.working_dir)
    return pipeline


def require_set_up(pipeline: dlt.Pipeline) -> None:
    """Reject a pipeline whose destination would replace tables in dlt's own way.

    Raises:
        UnusableDestination: `pipeline_into` has not made the pipeline.
    """
    if not type_of(pipeline).is_set_up(pipeline):
        raise UnusableDestination(
            f"The pipeline {pipeline.pipeline_name} loads into dlt's own destination, where"
            " a replaced table can be seen empty. Nothing was loaded. Make the pipeline"
            " with utils.destinations.pipelines.pipeline_into."
        )


def fit_to_destination(pipeline: dlt.Pipeline, source: DltSource) -> None:
    """Give the source's tables the file format and merge strategy of the destination."""
    destination_type = type_of(pipeline)
    strategies = pipeline.destination.capabilities().supported_merge_strategies or []
    for resource in source.selected_resources.values():
        table = resource.compute_table_schema()
        resource.apply_hints(file_format=destination_type.file_format(table))
        if "upsert" == table.get("x-merge-strategy") not in strategies:
            resource.apply_hints(
                write_disposition={"disposition": "merge", "strategy": "delete-insert"}
            )


def _configured_type(destination: str) -> str:
    """Return the configured type; dlt takes a name without one for the type itself."""
    setting = f"destination.{destination}.destination_type"
    return dlt.config.get(setting, str) or destination


def _create(destination: str) -> AnyDestination_CO:
    from dlt.common.destination.exceptions import UnknownDestinationModule
    from dlt.common.exceptions import MissingDependencyException

    configured = _configured_type(destination)
    destination_type = type_named(configured)
    destination_type.check_settings(destination)
    try:
        created = destination_type.create(destination)
        created.client_class  # imports the driver
    except UnknownDestinationModule:
        raise UnusableDestination(
            f"The destination {destination} has the type {configured[:100]!r}, which is none of"
            f" {', '.join(SUPPORTED)}. Nothing was loaded. Correct destination_type under"
            f" [destination.{destination}] in .dlt/config.toml, or"
            f" {setting_variable(destination, 'destination_type')} in the environment."
        ) from None
    except (ImportError, MissingDependencyException) as error:
        raise UnusableDestination(
            f"The destination {destination} has the type {configured!r}, whose packages"
            " are not installed. Nothing was loaded. Add them: uv add"
            f" 'dlt[{configured}]'."
        ) from error
    destination_type.prepare_credentials(created)
    return created
