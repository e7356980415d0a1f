"""Which kind of database or storage a pipeline loads into."""

from __future__ import annotations

import dlt


def kind_of(pipeline: dlt.Pipeline) -> str:
    """`duckdb`, `postgres`, `snowflake`, `redshift`, `filesystem`, ..."""
    return pipeline.destination.destination_type.rpartition(".")[2]
