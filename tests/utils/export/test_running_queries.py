"""Queries end with their run."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from threading import Event

import psycopg2
import pytest

from utils.export.running_queries import (
    RunEnds,
    queries_end_here,
    raise_if_run_ends,
    running_query,
)


@pytest.fixture
def threads():
    with ThreadPoolExecutor() as pool:
        # as Prefect submits tasks
        yield lambda *call: pool.submit(copy_context().run, *call)


def sleep_in(url: str, began: Event) -> None:
    with closing(psycopg2.connect(url)) as connection, running_query(connection):
        began.set()
        connection.cursor().execute("SELECT pg_sleep(60)")


def test_a_query_is_cancelled_when_its_run_ends(postgres, threads):
    began = Event()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), queries_end_here():
        sleeping = threads(sleep_in, postgres.url, began)
        assert began.wait(60)
        raise KeyboardInterrupt
    with pytest.raises(psycopg2.errors.QueryCanceled):
        sleeping.result()
    assert time.monotonic() - started < 30


def test_a_query_between_two_parts_ends_itself(postgres, threads):
    began = Event()

    def fetch() -> None:
        with closing(psycopg2.connect(postgres.url)) as connection:
            with running_query(connection):
                began.set()
                while True:  # nothing to cancel
                    raise_if_run_ends()
                    time.sleep(0.01)

    with queries_end_here():
        fetching = threads(fetch)
        assert began.wait(60)
    with pytest.raises(RunEnds):
        fetching.result()


def test_none_begins_after_the_end(postgres, threads):
    with queries_end_here():
        context = copy_context()
    with pytest.raises(RunEnds):
        context.run(sleep_in, postgres.url, Event())


def test_another_run_goes_on(postgres):
    with queries_end_here():
        pass
    raise_if_run_ends()
    with queries_end_here():
        raise_if_run_ends()
