"""Signups of VAN's events."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sources.van.rows import Row
from utils.errors.http import as_documented

if TYPE_CHECKING:
    from parsons.ngpvan.van import VAN

logger = logging.getLogger(__name__)


def signups_of_event(van: VAN, event_id: int) -> list[Row]:
    """Read an event's signups, of each person only the id: no name, address or phone.

    Raises:
        ApiError: A signup is not as documented.
    """
    from dlt.sources.helpers.requests import HTTPError

    try:
        # parsons' get_event_signups fails with a ValueError if there is none
        signups = van.connection.get_request("signups", params={"eventId": event_id})
    except HTTPError as error:
        if error.response.status_code != 404:
            raise
        logger.warning("Event %s was deleted meanwhile", event_id)
        return []
    with as_documented("van", f"a signup of event {event_id}"):
        return [
            {
                **{k: v for k, v in signup.items() if k not in ("person", "event")},
                "vanId": signup["person"]["vanId"],
                "eventId": event_id,
            }
            for signup in signups
        ]
