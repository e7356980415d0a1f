"""parsons' connection to VAN, made for unattended runs: retries, few calls at a time, whole listings.

parsons sends each call once, without a timeout, and takes a listing's pages for granted.
Its endpoints, parameters and authentication stay as they are.
"""

from __future__ import annotations

import logging
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urljoin

# dlt's requests: timeouts, and retries with backoff on 429 (as long as Retry-After says),
# 5xx and broken connections; settings in [runtime] of .dlt/config.toml.
from dlt.sources.helpers import requests

from sources.quiet_parsons import quiet_parsons

with quiet_parsons():
    from parsons.ngpvan.van import VAN
    from parsons.ngpvan.van_connector import VANConnector
    from parsons.utilities.api_connector import APIConnector

logger = logging.getLogger(__name__)

CALLS_AT_ONCE = 3
# Of the process, because runs of `van` do not overlap. Who waits gets a slot within a
# millisecond of its being free. Prefect's limits are asked again only after some seconds,
# up to 30: 24 calls of 0.3 s took 9 s with its concurrency(), and take 2.4 s here.
_slots = BoundedSemaphore(CALLS_AT_ONCE)

READINGS_OF_A_LISTING = 3


def connect(api_key: str, database: str, base_url: str) -> VAN:
    """parsons' `VAN`, with all its endpoints, on a patient connection.

    Args:
        database: MyVoters, MyCampaign, MyMembers or EveryAction.
        base_url: Of the API, which parsons keeps in a constant.
    """
    van = VAN(api_key, db=database)
    van.connection = _PatientConnection(api_key, database, base_url)
    return van


class _PatientConnection(VANConnector):
    def __init__(self, api_key: str, database: str, base_url: str) -> None:
        super().__init__(api_key, db=database)
        self.api = _LimitedConnector(
            base_url,
            auth=self.auth,
            data_key="items",
            pagination_key=self.pagination_key,
        )
        self.uri = self.api.uri

    def get_request(self, endpoint: str, **kwargs: Any) -> Any:
        """All items of a listing, read again if it changed meanwhile.

        VAN counts pages by how many items to skip: a deleted item moves another one to
        a page that was read already, a new one may bring an item twice.
        """
        for _ in range(READINGS_OF_A_LISTING):
            page = self.api.get_request(self.uri + endpoint, **kwargs)
            if "items" not in page:
                return page
            items, totals = self._with_next_pages(page)
            if totals <= {len(items), None}:
                return items
            logger.info("%s changed while it was read", endpoint)
        logger.warning(
            "VAN gives %d of %s, and says that there are %s",
            *(len(items), endpoint, " or ".join(map(str, totals))),
        )
        return items

    def _with_next_pages(
        self, page: dict[str, Any]
    ) -> tuple[list[dict[str, Any]], set[int | None]]:
        """The items of this page and of all that follow, and the totals that they tell."""
        items, totals = list(page["items"]), {page.get("count")}
        # Some of VAN's listings link to empty pages forever.
        while page["items"] and (link := page.get(self.pagination_key)):
            # The link has all parameters of the first call.
            page = self.api.get_request(link)
            items += page["items"]
            totals.add(page.get("count"))
        return items, totals


class _LimitedConnector(APIConnector):
    """Sends with dlt's requests, which raise every error themselves."""

    def request(
        self, url: str, req_type: str, *, raise_on_error: bool = True, **kwargs: Any
    ) -> requests.Response:
        with _slots:
            return requests.request(
                req_type,
                urljoin(self.uri, url),
                headers=self.headers,
                auth=self.auth,
                **kwargs,
            )
