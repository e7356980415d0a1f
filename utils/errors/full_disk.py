"""A disk without space, as Python and DuckDB word it."""

from __future__ import annotations

import errno
import re

from utils.errors import ClearError, chain_of

WORDS = "No space left on device"


class DiskFull(ClearError):
    """A disk has no space left. It may have some again soon: others' files go, too."""


def full_disk_of(error: BaseException) -> str | None:
    """Return the file or folder on a full disk that an error names.

    It is empty if the error names none, and None if the error is another one.
    """
    for each in chain_of(error):
        if isinstance(each, OSError) and each.errno == errno.ENOSPC:
            return each.filename or ""
        if WORDS in str(each):
            named = re.search(rf'file "([^"\n]+)": {WORDS}', str(each))
            return named[1] if named else ""
    return None
