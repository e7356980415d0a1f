"""parsons' connection to VAN with retries, few calls at a time and whole listings.

parsons sends each call once, without a timeout, and takes a listing's pages for granted.
Its endpoints, parameters and authentication are left unchanged.
"""

from __future__ import annotations

import logging
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Iterator
from urllib.parse import urljoin

from sources.http.page_trail import PageTrail
from sources.http.server_address import LONGEST
from sources.http.source_client import SourceClient
from sources.quiet_parsons import quiet_parsons
from utils.errors.http import ApiError, as_documented
from utils.settings.bounds import checked_token

if TYPE_CHECKING:
    from requests import Response

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
# Those that the source reads. Other endpoints of parsons' may answer anything.
LISTINGS = ("activistCodes", "surveyQuestions", "events", "signups")
# A listing is in memory as a whole, as several times as many bytes of Python's.
MOST_BYTES_OF_A_LISTING = 32 * 2**20


def connect(api_key: str, database: str, base_url: str) -> VAN:
    """Return parsons' `VAN`, with all its endpoints, on a connection that retries.

    Args:
        api_key: VAN's API key, without `|0` or `|1` at its end.
        database: MyVoters, MyCampaign, MyMembers or EveryAction.
        base_url: Address of the API, which parsons keeps in a constant.
    """
    key = checked_token("sources.van.api_key", api_key)
    van = VAN(key, db=database)
    van.connection = _PatientConnection(key, database, base_url)
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
            answer = self.api.request(self.uri + endpoint, "GET", **kwargs)
            if endpoint not in LISTINGS and "items" not in (content := answer.json()):
                return content
            items: list[dict[str, Any]] = []
            totals: set[int | None] = set()
            for page in self._pages(answer, endpoint):
                items += page["items"]
                totals.add(page.get("count"))
            if totals <= {len(items), None}:
                return items
            logger.info("%s changed while it was read", endpoint)
        logger.warning(
            "VAN gives %d of %s, and says that there are %s",
            *(len(items), endpoint, " or ".join(map(str, totals))),
        )
        return items

    def _pages(self, answer: Response, endpoint: str) -> Iterator[dict[str, Any]]:
        """Yield a listing's pages.

        Args:
            answer: Answer with the first page.
            endpoint: Endpoint of the listing, for errors.

        Raises:
            ApiError: A page is not as documented, or there are too many.
        """
        trail = PageTrail()
        size = 0
        while True:
            size += len(answer.content)
            if size > MOST_BYTES_OF_A_LISTING:
                raise _too_long(endpoint)
            page = answer.json()
            with as_documented("van", f"the answer of {endpoint}"):
                items, link = page["items"], page.get(self.pagination_key)
                _require_documented(items, link, page.get("count"))
                link = link and urljoin(self.uri, link)
                if items and link and trail.leads_back(link):
                    raise ValueError("its pages lead in a circle")
            yield page
            # Some of VAN's listings link to empty pages forever.
            if not (items and link):
                return
            # The link has all parameters of the first call.
            answer = self.api.request(link, "GET")


def _require_documented(items: Any, link: Any, count: Any) -> None:
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise TypeError("items is no list of objects")
    if not isinstance(link, str | None) or not isinstance(count, int | None):
        raise TypeError("nextPageLink is no text, or count no number")
    if link and len(link) > LONGEST:
        raise ValueError("nextPageLink is too long")


def _too_long(endpoint: str) -> ApiError:
    return ApiError(
        f"van: {endpoint} has more than {MOST_BYTES_OF_A_LISTING // 2**20} MiB, which are"
        " in memory at the same time. Nothing was loaded. Lower days_per_load under"
        " [sources.van] in .dlt/config.toml, or raise MOST_BYTES_OF_A_LISTING in"
        " sources/van/connection.py, and the memory of the flow's tasks."
    )


class _LimitedConnector(APIConnector):
    """A connector that sends with dlt's requests, which raise every error themselves."""

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri, **options)
        # Retries 429 (as long as Retry-After says), 5xx and broken connections.
        self._client = SourceClient(uri, "sources.van.base_url")

    def request(
        self, url: str, req_type: str, *, raise_on_error: bool = True, **kwargs: Any
    ) -> Response:
        with _slots:
            return self._client.request(
                req_type,
                urljoin(self.uri, url),
                headers=self.headers,
                auth=self.auth,
                **kwargs,
            )
