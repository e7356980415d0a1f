"""Messages about psycopg2's errors. Which errors are lost connections: test_transient.py."""

from __future__ import annotations

import psycopg2
import pytest

from utils.errors.postgres import in_one_line, is_lost_connection, lost_while_reading

CLOSED = psycopg2.OperationalError(
    "server closed the connection unexpectedly\n\tThis probably means that it ended.\n"
)
SILENT = psycopg2.DatabaseError(
    "error with status PGRES_COPY_OUT and no message from the libpq"
)


def test_a_message_is_one_line_without_a_full_stop():
    assert in_one_line(CLOSED) == (
        "server closed the connection unexpectedly This probably means that it ended"
    )


@pytest.mark.parametrize(
    "error, reason",
    [(CLOSED, " (server closed the connection unexpectedly "), (SILENT, "")],
)
def test_a_lost_connection_names_what_was_read(error, reason):
    assert is_lost_connection(error)
    told = lost_while_reading("raw_data.products", error)
    assert told.startswith(
        f"the connection was lost while raw_data.products was read{reason}"
    )
    assert "libpq" not in told


def test_an_answer_of_the_server_is_no_lost_connection(application):
    with pytest.raises(psycopg2.Error) as error:
        application.query("DO $$ BEGIN RAISE 'connection not open'; END $$")
    assert not is_lost_connection(error.value)
