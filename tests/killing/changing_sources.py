"""Sources that keep changing while runs of their pipelines are killed."""

from __future__ import annotations

import random
from contextlib import contextmanager
from threading import Lock
from typing import Any, Iterator, Protocol

from tests.fakes.http_server import serving
from tests.fakes.hubspot import TOKEN, HubSpot
from tests.samples.change_feed import COLUMNS, add_changes, changes, create_change_feed
from tests.servers.postgres import Database

# Longer than a change's delay, and far shorter than a test: a lost row is not read
# again by chance.
LAG_HOURS = str(12 / 3600)


class ChangingSource(Protocol):
    """Source of a pipeline, and the query that compares its loaded rows."""

    load: str
    """`module:function` of the pipeline."""
    table: str
    """Compared table, with its dataset."""
    loaded: str
    """Query of the loaded rows, in the form of `rows`."""
    settings: dict[str, str]
    """Environment in which the pipeline reads this source."""

    def change(self, number: int) -> None:
        """Make a number of changes with the current time."""

    def rows(self) -> list[tuple[Any, ...]]:
        """Return all rows, the key first."""


class ChangingProducts:
    """Change feed of the application, which only grows."""

    load = "pipelines.products:load_products"
    table = "dev_products.products"
    loaded = f"SELECT {COLUMNS} FROM {table}"

    def __init__(self, database: Database) -> None:
        self._database = create_change_feed(database, 5_000)
        # before the lag, so that only a full refresh reads them
        database.query(
            "UPDATE raw_data.products SET valid_ts = valid_ts - interval '9 days'"
        )
        self.settings = {
            "SOURCES__PRODUCTS__CREDENTIALS": database.url,
            "SOURCES__PRODUCTS__LAG_HOURS": LAG_HOURS,
        }

    def change(self, number: int) -> None:
        add_changes(self._database, number)

    def rows(self) -> list[tuple[Any, ...]]:
        return changes(self._database)


class ChangingHubSpot:
    """HubSpot account whose contacts are added, changed and archived."""

    load = "pipelines.hubspot:load_hubspot"
    table = "dev_hubspot.contacts"
    loaded = f"SELECT id, email, archived FROM {table}"

    def __init__(self, hubspot: HubSpot, lock: Lock, url: str) -> None:
        self._hubspot, self._lock = hubspot, lock
        self._chance = random.Random(1)
        self.settings = {
            "SOURCES__HUBSPOT__BASE_URL": url,
            "SOURCES__HUBSPOT__ACCESS_TOKEN": TOKEN,
            "SOURCES__HUBSPOT__LAG_HOURS": LAG_HOURS,
        }
        self.change(500)

    def change(self, number: int) -> None:
        with self._lock:
            for _ in range(number):
                self._change_one()

    def _change_one(self) -> None:
        live = [each for each in self._contacts if not each.archived]
        email = f"{self._chance.random()}@example.org"
        dice = self._chance.random()
        if dice < 0.5 or not live:
            self._hubspot.add("contacts", email=email)
        elif dice < 0.9:
            self._hubspot.change(self._chance.choice(live), email=email)
        else:
            self._hubspot.archive(self._chance.choice(live))

    @property
    def _contacts(self) -> list[Any]:
        return list(self._hubspot.records["contacts"].values())

    def rows(self) -> list[tuple[Any, ...]]:
        return [
            (str(each.id), each.properties["email"], each.archived is not None)
            for each in self._contacts
        ]


@contextmanager
def changing_hubspot() -> Iterator[ChangingHubSpot]:
    """Serve the API of a changing account."""
    hubspot, lock = HubSpot(), Lock()

    def respond(request: Any) -> Any:
        with lock:
            return hubspot.respond(request)

    with serving(respond) as api:
        yield ChangingHubSpot(hubspot, lock, api.url)
