"""Rows of VAN's fake API and of the warehouse, to be compared."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta, timezone

from tests.fakes.http_server import Api
from tests.fakes.van import Van
from tests.servers.warehouses import Warehouse

TODAY = datetime.now(timezone.utc).date()


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def asked(api: Api) -> Counter[str]:
    """Count requests since the last call: events by first day, signups by event."""
    found = Counter(
        request.query.get("startingAfter")
        or request.query.get("eventId")
        or request.path.removeprefix("/v4/")
        for request in api.requests
    )
    api.requests.clear()
    return found


def loaded(warehouse: Warehouse, columns: str, table: str) -> list[tuple]:
    return warehouse.query(f"SELECT {columns} FROM dev_van.{table} ORDER BY 1, 2")


def signups(warehouse: Warehouse) -> list[tuple]:
    columns = "event_signup_id, event_id, van_id, status__name"
    return loaded(warehouse, columns, "signups")


def in_van(van: Van) -> list[tuple]:
    return [
        (
            each["eventSignupId"],
            each["event"]["eventId"],
            each["person"]["vanId"],
            each["status"]["name"],
        )
        for each in van.signups
    ]
