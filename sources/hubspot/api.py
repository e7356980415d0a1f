"""Requests for pages of records of the HubSpot CRM API."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from dlt.sources import DltResource
from dlt.sources.helpers.rest_client.paginators import (
    BasePaginator,
    JSONResponseCursorPaginator,
)
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import Endpoint

from sources.http.page_trail import PageTrail
from utils.errors.http import ApiError, as_documented

if TYPE_CHECKING:
    from dlt.sources.helpers.rest_client import RESTClient
    from requests import Request, Response


# HubSpot's list may have an empty page before its end.
MOST_EMPTY_PAGES = 100


def check_answer(response: Response, *_: Any, **__: Any) -> None:
    """Reject answers that no retry helps, before dlt's requests decide to retry.

    Raises:
        ApiError: The account's daily limit is used up, or the answer has no results.
    """
    if response.status_code == 429 and '"DAILY"' in response.text:
        # Other limits pass within seconds.
        raise ApiError(
            "hubspot: the account has used up its API requests of this day. Nothing was"
            " loaded. Run it again after midnight in the account's time zone."
        )
    if response.ok:
        answer = response.json()
        path = response.url.partition("?")[0]
        with as_documented("hubspot", f"the answer of {path}"):
            # dlt's paginators would take an answer without results for the last page.
            iter(answer["results"])


def declared_records(
    client: RESTClient, name: str, properties: list[str], since: datetime | None
) -> list[DltResource]:
    """Return two resources: live records, all or those changed since, and archived ones.

    Args:
        client: Client of HubSpot's API.
        name: Object type of the records, such as `contacts`.
        properties: Names of the properties to read.
        since: Start of the changes to read, None for all live records.
    """
    path = f"crm/v3/objects/{name}"
    listed = {"limit": 100, "properties": ",".join(properties)}
    every: Endpoint = {"path": path, "params": listed}
    archived: Endpoint = {"path": path, "params": {**listed, "archived": "true"}}
    return rest_api_resources(
        {
            "client": {
                "base_url": client.base_url,
                # dlt's BearerTokenAuth, which the client keeps as any auth of requests
                "auth": client.auth,  # type: ignore[typeddict-item]
                "session": client.session,
                "paginator": ListPages(),
            },
            "resource_defaults": {
                "endpoint": {
                    "data_selector": "results",
                    "response_actions": [check_answer],
                }
            },
            "resources": [
                {
                    "name": f"live_{name}",
                    "endpoint": _search(name, properties, since) if since else every,
                },
                {"name": f"archived_{name}", "endpoint": archived},
            ],
        }
    )


def _search(name: str, properties: list[str], since: datetime) -> Endpoint:
    """Return the search for live records that were changed since then."""
    changed = {
        "propertyName": f"{'' if name == 'contacts' else 'hs_'}lastmodifieddate",
        "operator": "GTE",
        "value": str(int(since.timestamp() * 1000)),
    }
    return {
        "path": f"crm/v3/objects/{name}/search",
        "method": "POST",
        "json": {
            "filterGroups": [{"filters": [changed]}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": properties,
            "limit": 200,
        },
        "paginator": SearchPages(),
    }


class ListPages(JSONResponseCursorPaginator):
    """Pages by HubSpot's cursor, which has to get somewhere."""

    def __init__(self) -> None:
        super().__init__(cursor_path="paging.next.after", cursor_param="after")
        self._start_again()

    def _start_again(self) -> None:
        self._trail, self._empty_pages = PageTrail(), 0

    def init_request(self, request: Request) -> None:
        self._start_again()
        super().init_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        super().update_state(response, data)
        self._empty_pages = 0 if data else self._empty_pages + 1
        if not self.has_next_page:
            return
        path = response.url.partition("?")[0]
        with as_documented("hubspot", f"the answer of {path}"):
            if self._empty_pages >= MOST_EMPTY_PAGES:
                raise ValueError(f"{MOST_EMPTY_PAGES} pages without a record")
            if self._trail.leads_back(str(self._next_reference)):
                raise ValueError("its pages lead in a circle")


class SearchPages(BasePaginator):
    """Pages by id: each is a search of its own for ids above those of the page before.

    HubSpot's own paging fails after 10,000 results. By time, records move to another page
    when they are changed, and leave a gap when they are archived. Ids never change.
    """

    def init_request(self, request: Request) -> None:
        self._has_next_page, self._last_id = True, 0
        self.update_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        with as_documented("hubspot", f"the answer of {response.url}"):
            ids = [int(record["id"]) for record in data or ()]
            self._has_next_page = bool(response.json().get("paging"))
            if ids != sorted(ids) or self._has_next_page and ids[-1] <= self._last_id:
                raise ValueError("ids do not ascend, records might be missed")
            self._last_id = max(ids, default=0)

    def update_request(self, request: Request) -> None:
        search: Any = request.json
        above = str(self._last_id)
        last = {"propertyName": "hs_object_id", "operator": "GT", "value": above}
        search["filterGroups"][0]["filters"][1:] = [last]
