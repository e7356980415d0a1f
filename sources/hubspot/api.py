"""How the HubSpot CRM API is asked for records and for their associations."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Iterable

from dlt.sources import DltResource
from dlt.sources.helpers.rest_client.client import raise_for_status
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.rest_api import rest_api_resources

from utils.errors.http import ApiError, as_documented

if TYPE_CHECKING:
    from dlt.sources.helpers.rest_client import RESTClient
    from requests import Request, Response


def check_answer(response: Response, *_: Any, **__: Any) -> None:
    """A hook for every answer, called before dlt's requests decide to try again."""
    if response.status_code == 429 and '"DAILY"' in response.text:
        # Other limits pass within seconds.
        raise ApiError(
            "hubspot: the account has used up its API requests of this day. Nothing was"
            " loaded. Run it again after midnight in the account's time zone."
        )
    if response.ok:
        answer = response.json()
        with as_documented(
            "hubspot", f"the answer of {response.url.partition('?')[0]}"
        ):
            # dlt's paginators would take an answer without results for the last page.
            iter(answer["results"])


def declared_records(
    client: RESTClient, name: str, properties: list[str], since: datetime | None
) -> list[DltResource]:
    """Two resources: live records, all or those changed since, and all archived ones."""
    path = f"crm/v3/objects/{name}"
    listed = {"limit": 100, "properties": ",".join(properties)}
    archived = {"path": path, "params": {**listed, "archived": "true"}}
    live: dict[str, Any] = {"path": path, "params": listed}
    if since:
        changed = {
            "propertyName": f"{'' if name == 'contacts' else 'hs_'}lastmodifieddate",
            "operator": "GTE",
            "value": str(int(since.timestamp() * 1000)),
        }
        search = {
            "filterGroups": [{"filters": [changed]}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": properties,
            "limit": 200,
        }
        live = {"path": f"{path}/search", "method": "POST", "json": search}
        live["paginator"] = SearchPages()
    api = {"base_url": client.base_url, "auth": client.auth, "session": client.session}
    after = {"cursor_path": "paging.next.after", "cursor_param": "after"}
    every = {"data_selector": "results", "response_actions": [check_answer]}
    return rest_api_resources(
        {
            "client": {**api, "paginator": {"type": "cursor", **after}},
            "resource_defaults": {"endpoint": every},
            "resources": [
                {"name": f"live_{name}", "endpoint": live},
                {"name": f"archived_{name}", "endpoint": archived},
            ],
        }
    )


class SearchPages(BasePaginator):
    """Each page is a search of its own, for the ids above those of the page before.

    HubSpot's own paging fails after 10,000 results. By time, records move to another page
    when they are changed, and leave a gap when they are archived. Ids never change.
    """

    def init_request(self, request: Request) -> None:
        self._has_next_page, self._last_id = True, 0
        self.update_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        with as_documented("hubspot", f"the answer of {response.url}"):
            ids = [int(record["id"]) for record in data]
            self._has_next_page = bool(response.json().get("paging"))
            if ids != sorted(ids) or self._has_next_page and ids[-1] <= self._last_id:
                raise ValueError("ids do not ascend, records might be missed")
            self._last_id = max(ids, default=0)

    def update_request(self, request: Request) -> None:
        last = {"propertyName": "hs_object_id", "operator": "GT"}
        last["value"] = str(self._last_id)
        request.json["filterGroups"][0]["filters"][1:] = [last]


def associations(
    client: RESTClient, name: str, other: str, ids: Iterable[str]
) -> dict[str, dict[str, str | None]]:
    """For each record the ids of those it is associated with, and the labels of that.

    Args:
        ids: of at most 1,000 records.
    """
    path = f"crm/v4/associations/{name}/{other}/batch/read"
    hooks = {"response": [check_answer, raise_for_status]}
    found: dict[str, dict[str, str | None]] = defaultdict(dict)
    inputs = [{"id": id_} for id_ in ids]
    while inputs:
        answer = client.post(path, json={"inputs": inputs}, hooks=hooks).json()
        inputs = []
        with as_documented("hubspot", f"the answer of {path}"):
            for error in answer.get("errors", []):
                # said of each record that has no associations
                if error["category"] != "OBJECT_NOT_FOUND":
                    raise ValueError(error["category"])
            for result in answer["results"]:
                id_ = str(result["from"]["id"])
                for to in result["to"]:
                    labels = {each["label"] for each in to["associationTypes"]} - {None}
                    labels_of = found[id_]
                    labels_of[str(to["toObjectId"])] = ", ".join(sorted(labels)) or None
                if "paging" in result:
                    after = result["paging"]["next"]["after"]
                    inputs.append({"id": id_, "after": after})
    return found
