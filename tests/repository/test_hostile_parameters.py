"""Hostile parameters of flows end in an error that names them, or mean nothing."""

from __future__ import annotations

import importlib
from pathlib import PurePosixPath
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.exceptions import ParameterTypeError

from flows.backfill import backfill
from flows.redshift_export import redshift_export
from pipelines.open_exchange_rates import load_open_exchange_rates
from pipelines.redshift_export import file_name
from pipelines.van import load_van
from sources.redshift.sql_files import QueriesError, read_queries
from tests.repository.hostile import assert_is_plain
from tests.repository.hostile.memory import takes_less_than
from tests.repository.hostile.parameters import (
    BACKFILLS,
    CHUNKS,
    COMMAND_LINES,
    DEPLOYMENTS,
    FOLDERS,
    NAMES,
    QUERY_VALUES,
    RANGES,
    TYPES,
)
from utils.backfill.chunk_runs import tag_of
from utils.backfill.chunks import chunks_of
from utils.backfill.target import BackfillTarget
from utils.errors import ClearError
from utils.runs.command_line import run_from_command_line

MOST_MEGABYTES = 100


@pytest.mark.parametrize("hostile", FOLDERS, ids=str)
def test_a_folder_of_queries(queries, hostile):
    with pytest.raises(QueriesError, match=hostile.error) as error:
        read_queries(hostile.value, {})
    assert_is_plain(error.value)


@pytest.mark.parametrize("hostile", QUERY_VALUES, ids=str)
def test_a_querys_value(queries, hostile):
    queries.add("cats", "SELECT %(since)s")
    if hostile.error is not None:
        with pytest.raises(QueriesError, match=hostile.error) as error:
            read_queries("pets", hostile.value)
        assert_is_plain(error.value)
        return
    (query,) = read_queries("pets", hostile.value)
    folder, name, value, file = PurePosixPath(file_name(query, "csv")).parts
    assert (folder, name, file) == ("pets", "cats", "cats.csv")
    assert value.startswith("since=") and value.isprintable() and len(value) < 256


@pytest.mark.parametrize("hostile", TYPES + BACKFILLS, ids=str)
def test_a_parameter_of_another_type(hostile):
    flow = backfill if hostile.place.startswith("backfill") else redshift_export
    with pytest.raises(ParameterTypeError, match=hostile.error) as error:
        flow.validate_parameters(hostile.value)
    assert len(str(error.value)) < 1_000


@pytest.mark.parametrize("hostile", DEPLOYMENTS, ids=str)
def test_a_deployment(prefect_api, hostile):
    with get_client(sync_client=True) as client:
        with pytest.raises(ClearError, match=hostile.error) as error:
            BackfillTarget.named(hostile.value["deployment"], client)
    assert_is_plain(error.value)


@pytest.mark.parametrize("hostile", NAMES, ids=str)
def test_a_name_and_parameters_of_a_backfill(hostile):
    given = {"parameters": {}, "name": ""} | hostile.value
    arguments = "chunks/test", given["parameters"], given["name"]
    if hostile.error is None:
        assert len(tag_of(*arguments)) == 21
        return
    with pytest.raises(ClearError, match=hostile.error) as error:
        tag_of(*arguments)
    assert_is_plain(error.value)


@pytest.mark.parametrize("hostile", CHUNKS, ids=str)
def test_a_range_of_a_backfill(hostile):
    given = hostile.value
    with takes_less_than(MOST_MEGABYTES):
        with pytest.raises(ClearError, match=hostile.error) as error:
            chunks_of(given["first_day"], given["last_day"], 1)
    assert_is_plain(error.value)


@pytest.mark.parametrize("hostile", RANGES, ids=str)
def test_a_range_of_a_source(warehouse, monkeypatch, hostile):
    monkeypatch.setenv("SOURCES__VAN__API_KEY", "key")
    load: Any = {"van": load_van, "open_exchange_rates": load_open_exchange_rates}
    with pytest.raises(ClearError, match=hostile.error) as error:
        load[hostile.place.partition(".")[0]](**hostile.value)
    assert_is_plain(error.value)


@pytest.mark.parametrize("hostile", COMMAND_LINES, ids=str)
def test_a_command_line(capsys, hostile):
    flow, _, option = hostile.place.partition(".")
    with pytest.raises(SystemExit) as exit:
        run_from_command_line(
            getattr(importlib.import_module(f"flows.{flow}"), flow), hostile.value
        )
    assert exit.value.code not in (0, None)
    told = capsys.readouterr()
    assert option in told.out + told.err
    assert len(told.out + told.err) < 2_000
    assert "Traceback" not in told.out + told.err
