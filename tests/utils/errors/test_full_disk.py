"""Words of a full disk."""

from __future__ import annotations

import errno

import pytest

from utils.errors import ClearError
from utils.errors.full_disk import DiskFull, full_disk_of
from utils.errors.transient import is_worth_retrying

# as DuckDB 1.5.6 and dlt said it on a file system of 2 MB
OF_DUCKDB = (
    "TransactionContext Error: Failed to commit: Could not write file"
    ' "/data/warehouse.duckdb": No space left on device'
)
OF_POSTGRES = (
    'could not extend file "base/5/16385": No space left on device\nHINT:  Check free disk'
    " space."
)


@pytest.mark.parametrize(
    "error, place",
    [
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), "/data/x"),
        (OSError(errno.ENOSPC, "No space left on device"), ""),
        (RuntimeError(OF_DUCKDB), "/data/warehouse.duckdb"),
        (RuntimeError("<class 'OSError'>\n[Errno 28] No space left on device"), ""),
        (RuntimeError(OF_POSTGRES), "the destination's server (base/5/16385)"),
        (ClearError("The API answers: No space left on device"), None),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), None),
        (KeyError("legs"), None),
    ],
)
def test_the_place_is_found_in_the_chain(error, place):
    outer = ValueError("dlt's own")
    outer.__cause__ = error
    assert full_disk_of(error) == full_disk_of(outer) == place


def test_another_attempt_may_find_space():
    assert is_worth_retrying(DiskFull("The disk of /data is full."))
