"""Times of Prefect's objects as Python's own."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(at: datetime) -> datetime:
    """Return a time as one of Python's own.

    Prefect's are pendulum's, which lose their time zone when a duration is added in UTC.
    """
    return datetime.fromtimestamp(at.timestamp(), UTC)
