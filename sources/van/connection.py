"""parsons' connection to VAN with retries, few calls at a time and whole listings.

parsons sends each call once, without a timeout, and takes a listing's pages for granted.
Its endpoints, parameters and authentication are left unchanged.
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
# One for the process, because runs of `van` do not overlap. A free slot is taken within a
# millisecond. Prefect's concurrency() asks again only after some seconds, up to 30: with
# it 24 calls of 0.3 s took 9 s, and take 2.4 s here.
_slots = BoundedSemaphore(CALLS_AT_ONCE)

READINGS_OF_A_LISTING = 3


def connect(api_key: str, database: str, base_url: str) -> VAN:
    """Return parsons' `VAN`, with all its endpoints, on a connection that retries.

    Args:
        api_key: VAN's API key, without `|0` or `|1` at its end.
        database: MyVoters, MyCampaign, MyMembers or EveryAction.
        base_url: Address of the API, which parsons keeps in a constant.
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
        """Return all items of a listing, read again if it changed meanwhile.

        VAN counts pages by how many items to skip: a deleted item moves another one to
        a page that was read already, a new one may repeat an item.
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
        """Return the items of this page and all following ones, and the totals they name."""
        items, totals = list(page["items"]), {page.get("count")}
        # Some of VAN's listings link to empty pages forever.
        while page["items"] and (link := page.get(self.pagination_key)):
            # The link has all parameters of the first call.
            page = self.api.get_request(link)
            items += page["items"]
            totals.add(page.get("count"))
        return items, totals


class _LimitedConnector(APIConnector):
    """A connector that sends with dlt's requests, which raise every error themselves."""

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
