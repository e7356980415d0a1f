"""The lag of a source: how long before the latest change its next load begins."""

from __future__ import annotations

from datetime import datetime, timedelta

from utils.settings.bounds import require_between

MOST_HOURS = 10 * 366 * 24.0


def lag_of(setting: str, hours: float) -> timedelta:
    """Return the lag that a setting has in hours.

    Raises:
        ConfigurationError: It is negative, longer than ten years or no number.
    """
    require_between(setting, hours, 0, MOST_HOURS)
    return timedelta(hours=hours)


def start_before(latest: datetime | None, lag: timedelta) -> datetime | None:
    """Return where a load begins, None if at the beginning.

    Args:
        latest: Time of the latest change that was loaded, None before the first load.
        lag: The source's lag.
    """
    try:
        return latest and latest - lag
    except OverflowError:  # changes that are dated in the year 1
        return None
