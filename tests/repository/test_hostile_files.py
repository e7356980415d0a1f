"""Hostile files: the ECB's archive with its CSV file, and queries of a folder."""

from __future__ import annotations

import os

import pytest

from sources.exchange_rates.archive import HistoryError, read_archive
from sources.exchange_rates.ecb_history import read_history
from sources.redshift.rows import QueryFailed, query_rows
from sources.redshift.sql_files import QueriesError, read_queries
from tests.repository.hostile import archives, assert_is_plain
from tests.repository.hostile.answers import PUBLICATIONS
from tests.repository.hostile.files import (
    ARCHIVES,
    MEMBERS,
    SQL_CONTENTS,
    SQL_LINKS,
    SQL_NAMES,
    STATEMENTS,
)
from tests.repository.hostile.memory import takes_less_than
from tests.samples.ecb import FEW_DAYS, zipped
from utils.errors import ClearError

MOST_MEGABYTES = 150


def assert_is_clear(error: ClearError) -> None:
    assert_is_plain(error)
    assert "Nothing was " in str(error)


@pytest.mark.parametrize("hostile", ARCHIVES, ids=str)
def test_an_archive(hostile):
    content = getattr(archives, hostile.value)()
    with takes_less_than(MOST_MEGABYTES):
        with pytest.raises(HistoryError, match=hostile.error) as error:
            read_history(content, "hist.zip")
    assert_is_clear(error.value)


@pytest.mark.parametrize("hostile", MEMBERS, ids=str)
def test_members(hostile):
    content = archives.with_members(hostile.value)
    if hostile.error is None:  # the name means nothing: no file is written
        assert read_archive(content, "hist.zip").num_rows == 3
        return
    with pytest.raises(HistoryError, match=hostile.error) as error:
        read_archive(content, "hist.zip")
    assert_is_clear(error.value)


@pytest.mark.parametrize("hostile", PUBLICATIONS, ids=str)
def test_a_rate(hostile):
    csv = FEW_DAYS.replace("1.1743", hostile.value)
    with pytest.raises(HistoryError, match=hostile.error) as error:
        read_history(zipped(csv), "hist.zip")
    assert (error.value.row, error.value.column) == (2, "USD")
    assert_is_clear(error.value)


@pytest.mark.parametrize("hostile", SQL_NAMES, ids=str)
def test_a_querys_name(queries, hostile):
    (queries.folder / hostile.value).write_text("SELECT 1")
    with pytest.raises(QueriesError, match=hostile.error) as error:
        read_queries("pets", {})
    assert_is_clear(error.value)


@pytest.mark.parametrize("hostile", SQL_CONTENTS, ids=str)
def test_a_querys_content(queries, hostile):
    (queries.folder / "cats.sql").write_bytes(hostile.value)
    with takes_less_than(MOST_MEGABYTES):
        with pytest.raises(QueriesError, match=hostile.error) as error:
            read_queries("pets", {})
    assert_is_clear(error.value)


@pytest.mark.parametrize("hostile", STATEMENTS, ids=str)
def test_a_statement(redshift, queries, hostile):
    query = queries.read(hostile.value)
    with pytest.raises(QueryFailed, match=hostile.error) as error:
        list(query_rows(query))
    assert len(str(error.value)) < 1_000
    assert redshift.query("SELECT to_regclass('stolen')") == [(None,)]


@pytest.mark.parametrize("target", SQL_LINKS.values(), ids=SQL_LINKS)
def test_no_file_of_a_query(queries, target):
    (queries.folder / "cats.sql").symlink_to(target)
    with pytest.raises(QueriesError, match="pets/cats.sql is no file") as error:
        read_queries("pets", {})
    assert_is_clear(error.value)


def test_a_pipe_is_no_query(queries):
    os.mkfifo(queries.folder / "cats.sql")
    with pytest.raises(QueriesError, match="is no file"):
        read_queries("pets", {})
