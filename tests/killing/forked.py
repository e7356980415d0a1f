"""Processes that start at once, forked from one with all imports and no threads."""

from __future__ import annotations

import multiprocessing

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(
    [
        "pipelines.products",
        "psycopg2",
        "pyarrow.csv",
        "pyarrow.parquet",
        "duckdb",
        "dlt._workspace.cli._plugins",
        "dlt.common.libs.sql_alchemy_compat",
        "dlt.destinations.impl.duckdb.duck",
        "dlt.destinations.impl.postgres.postgres",
        "dlt.sources.helpers.requests",
        "adbc_driver_postgresql.dbapi",
    ]
)
