"""A signal that a library turned into an error is raised as the signal."""

from __future__ import annotations

import os
import signal
import threading

import duckdb
import pytest

from utils.errors import chain_of
from utils.errors.interruption import interruption_behind, interruptions_pass


class Terminated(BaseException):
    pass


@pytest.fixture
def sigterm_raises():
    def terminate(*_):
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    yield
    signal.signal(signal.SIGTERM, before)


def test_duckdb_in_the_middle_of_a_query(sigterm_raises):
    endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range % 7 = b.range % 11"
    soon = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM))
    soon.start()
    with pytest.raises(Terminated):
        with interruptions_pass():
            duckdb.sql(endless).fetchall()


def test_an_error_stays_an_error():
    with pytest.raises(ValueError, match="^wrong$") as error:
        with interruptions_pass():
            try:
                raise KeyError
            except KeyError as cause:
                raise ValueError("wrong") from cause
    assert isinstance(error.value.__cause__, KeyError)


def test_a_ring_of_causes_has_an_end():
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__context__ = second, first
    assert interruption_behind(first) is None
    second.__cause__ = KeyboardInterrupt()
    assert interruption_behind(first) is second.__cause__


def test_an_interruption_is_raised_without_the_error_that_it_caused():
    with pytest.raises(KeyboardInterrupt) as raised:
        with interruptions_pass():
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt as cause:
                raise RuntimeError("Query interrupted") from cause
    assert list(chain_of(raised.value)) == [raised.value]
