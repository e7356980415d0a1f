"""The supported types of destinations, found by dlt's `destination_type`.

A further type is a module beside this one, and a line here. Not found by its module's name,
because a release follows imports to see which flows a change reaches.
"""

from __future__ import annotations

import dlt

from utils.destinations.destination_type import DestinationType
from utils.destinations.duckdb import DUCKDB
from utils.destinations.filesystem import FILESYSTEM
from utils.destinations.postgres import POSTGRES
from utils.destinations.redshift import REDSHIFT
from utils.destinations.snowflake import SNOWFLAKE

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
