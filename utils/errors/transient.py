"""Errors that pass by themselves: lost connections, busy servers, locks, full disks."""

from __future__ import annotations

from typing import Iterator

from utils.errors.full_disk import DiskFull
from utils.errors.postgres import is_lost_connection

# https://www.postgresql.org/docs/current/errcodes-appendix.html
TRANSIENT_SQLSTATES = (
    "08",  # connection exception
    "40001",  # serialization failure, also a standby's conflict with recovery
    "40P01",  # deadlock detected
    "53300",  # too many connections
    "55P03",  # lock not available
    "57P",  # the server shuts down, crashed, or starts up
)
# A Redshift Serverless workgroup that resumes answers so when it could not restore a
# session; the next session works:
# https://github.com/aws/amazon-redshift-python-driver/issues/150
# For a query that a person or a limit has cancelled it names the reason ("Query (7)
# cancelled on user's request"), as PostgreSQL does ("canceling statement due to ...").
QUERY_CANCELED = "57014"
NOBODY_CANCELED = "Query cancelled."
# Words of a server that refuses a connection for the moment.
REFUSED_FOR_THE_MOMENT = (
    *("starting up", "shutting down", "recovery mode", "too many"),
    "terminating connection",
)


def is_worth_retrying(error: BaseException) -> bool:
    """Return whether a retry may succeed, judged by the error and its causes.

    A wrong password, a missing table or a value that does not fit stays as it is.
    """
    return any(map(_is_transient, with_causes(error)))


def with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and its causes, of a driver too."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        error = waiting.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        # dlt's errors of destinations hold the driver's
        waiting += [error.__cause__, getattr(error, "dbapi_exception", None)]


def _is_transient(error: BaseException) -> bool:
    import adbc_driver_manager
    import psycopg2
    import requests
    from botocore import exceptions as aws

    if isinstance(error, requests.HTTPError):
        status = error.response.status_code
        return status == 429 or status >= 500
    if isinstance(error, requests.RequestException):
        return isinstance(
            error,
            (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ),
        )
    if isinstance(error, aws.ClientError):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status == 429 or status >= 500
    if isinstance(error, (aws.ConnectionError, aws.HTTPClientError)):
        return True
    if sqlstate := getattr(error, "pgcode", None) or getattr(error, "sqlstate", None):
        if str(sqlstate) == QUERY_CANCELED:
            return str(error).partition("\n")[0].strip() == NOBODY_CANCELED
        return str(sqlstate).startswith(TRANSIENT_SQLSTATES)
    if isinstance(error, psycopg2.Error) and is_lost_connection(error):
        return True
    if isinstance(
        error, (psycopg2.OperationalError, adbc_driver_manager.OperationalError)
    ):
        # Without a code there is no connection, or it was lost. FATAL comes from a
        # server that has answered, "invalid" from libpq, which read the settings.
        message = str(error)
        return not ("FATAL" in message or "invalid" in message) or any(
            reason in message for reason in REFUSED_FOR_THE_MOMENT
        )
    return isinstance(error, (ConnectionError, TimeoutError, DiskFull))
