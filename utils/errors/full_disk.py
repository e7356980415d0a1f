"""A disk without space, as Python and DuckDB word it."""

from __future__ import annotations

import errno
import re
from contextlib import contextmanager
from typing import Iterator

from utils.errors import ClearError, chain_of

WORDS = "No space left on device"


class DiskFull(ClearError):
    """A disk has no space left. It may have some again soon: others' files go, too."""


@contextmanager
def full_disk_named(place: str) -> Iterator[None]:
    """Say of an error that a disk is full, and which.

    Args:
        place: What is on the disk, if the error names no file.

    Raises:
        DiskFull: There is no space left.
    """
    try:
        yield
    except Exception as error:
        if (path := full_disk_of(error)) is None:
            raise
        raise DiskFull(
            f"The disk of {path or place} is full. The load is not complete, and a retry or"
            " the next run completes it. If it stays full, delete what nobody needs there,"
            " or enlarge it."
        ) from error


def full_disk_of(error: BaseException) -> str | None:
    """Return the file or folder on a full disk that an error names.

    It is empty if the error names none, and None if the error is another one.
    """
    for each in chain_of(error):
        if isinstance(each, OSError) and each.errno == errno.ENOSPC:
            return each.filename or ""
        if WORDS in str(each) and not isinstance(each, ClearError):
            named = re.search(rf'file "([^"\n]+)": {WORDS}', str(each))
            if named and not named[1].startswith("/"):
                return f"the destination's server ({named[1]})"  # PostgreSQL's
            return named[1] if named else ""
    return None
