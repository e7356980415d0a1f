"""A fake of the HubSpot CRM API, v3 and v4, over records in memory.

https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm
https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
"""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Callable, Iterator

from tests.fakes.http_server import Answer, Api, Request, json_answer, serving

TOKEN = "pat-eu1-11111111-2222-3333-4444-555555555555"
MODIFIED = {
    "contacts": "lastmodifieddate",
    "companies": "hs_lastmodifieddate",
    "deals": "hs_lastmodifieddate",
}
COMPARED = {"GT": int.__gt__, "GTE": int.__ge__, "LT": int.__lt__, "LTE": int.__le__}


@dataclass
class Record:
    """A contact, company or deal."""

    id: int
    created: datetime
    updated: datetime
    properties: dict[str, Any]
    archived: datetime | None = None
    indexed: bool = True
    """Whether the search already shows the latest change."""

    def as_json(self, kind: str, names: list[str]) -> dict[str, Any]:
        own = {
            "hs_object_id": str(self.id),
            "createdate": _iso(self.created),
            MODIFIED[kind]: _iso(self.updated),
        }
        return {
            "id": str(self.id),
            "properties": own | {name: self.properties.get(name) for name in names},
            "createdAt": _iso(self.created),
            "updatedAt": _iso(self.updated),
            "archived": bool(self.archived),
            **({"archivedAt": _iso(self.archived)} if self.archived else {}),
        }


@dataclass
class HubSpot:
    """An account."""

    records: dict[str, dict[int, Record]] = field(
        default_factory=lambda: {kind: {} for kind in MODIFIED}
    )
    links: dict[tuple[str, int, str], dict[int, list[str | None]]] = field(
        default_factory=dict
    )
    """Labels by id of the other record, by type and id of a record and type of the other."""
    associations_per_page: int = 500
    overlap: int = 0
    """How many records of a page of the list come again on the next one."""
    meanwhile: Callable[[Request], Any] = lambda request: None
    """Called before each request is answered."""
    distort: Callable[[dict[str, Any]], Any] = lambda record: None
    """Called with each record before it is sent."""
    api: Api = field(init=False)
    """Server of the API, and its requests."""

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)

    def add(self, kind: str, at: datetime | None = None, **properties: Any) -> Record:
        at = at or datetime.now(timezone.utc)
        record = Record(next(self._ids), at, at, properties)
        self.records[kind][record.id] = record
        return record

    def change(
        self, record: Record, at: datetime | None = None, **properties: Any
    ) -> None:
        record.updated = at or datetime.now(timezone.utc)
        record.properties |= properties

    def archive(self, record: Record) -> None:
        record.archived = datetime.now(timezone.utc)

    def associate(
        self, kind: str, record: Record, other: str, to: Record, *labels: str
    ) -> None:
        """Associate two records with each other, which changes neither record."""
        every = [None, *labels]
        self.links.setdefault((kind, record.id, other), {})[to.id] = every
        self.links.setdefault((other, to.id, kind), {})[record.id] = every

    def respond(self, request: Request) -> Answer:
        self.meanwhile(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(
                401,
                "INVALID_AUTHENTICATION",
                "Authentication credentials not found. This API supports OAuth 2.0"
                " authentication and you can find more details at"
                " https://developers.hubspot.com/docs/methods/auth/oauth-overview",
            )
        match [request.method, *request.path.strip("/").split("/")]:
            case ["GET", "crm", "v3", "objects", kind] if kind in MODIFIED:
                return self._list(kind, request.query)
            case ["POST", "crm", "v3", "objects", kind, "search"] if kind in MODIFIED:
                return self._search(kind, request.json)
            case ["POST", "crm", "v4", "associations", kind, other, "batch", "read"]:
                return self._associations(kind, other, request.json)
        return _error(404, "OBJECT_NOT_FOUND", "Unable to infer object type")

    def _list(self, kind: str, query: dict[str, str]) -> Answer:
        limit = int(query.get("limit", 10))
        if not 0 < limit <= 100:
            return _invalid(f"limit {limit} is not between 1 and 100")
        archived = query.get("archived", "false") == "true"
        after = int(query.get("after", 0))
        found = [
            record
            for _, record in sorted(self.records[kind].items())
            if bool(record.archived) == archived
        ]
        start = sum(record.id < after for record in found)
        end = max(start - self.overlap, 0) + limit
        names = [name for name in query.get("properties", "").split(",") if name]
        content = {"results": self._sent(kind, found[end - limit : end], names)}
        if found[end:]:
            content["paging"] = {"next": {"after": str(found[end].id), "link": "?"}}
        return json_answer(content)

    def _sent(self, kind: str, page: list[Record], names: list[str]) -> list[Any]:
        results = [record.as_json(kind, names) for record in page]
        for each in results:
            self.distort(each)
        return results

    def _search(self, kind: str, body: dict[str, Any]) -> Answer:
        limit, after = int(body.get("limit", 10)), int(body.get("after") or 0)
        if not 0 < limit <= 200:
            return _invalid(f"limit {limit} is not between 1 and 200")
        if after + limit > 10_000:
            return _invalid("The search's paging does not go beyond 10000 results")
        groups = [group["filters"] for group in body.get("filterGroups", [])]
        if len(groups) > 5 or any(len(filters) > 6 for filters in groups):
            return _invalid("too many filters")
        found = [
            record
            for record in self.records[kind].values()
            if record.indexed
            and not record.archived
            and (not groups or any(_passes(record, kind, each) for each in groups))
        ]
        for sort in reversed(body.get("sorts", [])):
            found.sort(
                key=lambda record: _number(record, kind, sort["propertyName"]),
                reverse=sort["direction"] == "DESCENDING",
            )
        page = found[after : after + limit]
        content: dict[str, Any] = {
            "total": len(found),
            "results": self._sent(kind, page, body["properties"]),
        }
        if found[after + limit :]:
            content["paging"] = {"next": {"after": str(after + limit)}}
        return json_answer(content)

    def _associations(self, kind: str, other: str, body: dict[str, Any]) -> Answer:
        inputs = body["inputs"]
        if not 0 < len(inputs) <= 1000:
            return _invalid(f"{len(inputs)} inputs are not between 1 and 1000")
        results, errors = [], []
        for each in inputs:
            linked = self.links.get((kind, int(each["id"]), other), {})
            # those of an archived record are archived with it
            ids = [id_ for id_ in linked if not self.records[other][id_].archived]
            if not ids or self.records[kind][int(each["id"])].archived:
                errors.append(_no_associations(kind, other, each["id"]))
                continue
            start = int(each.get("after", 0))
            end = start + self.associations_per_page
            to = [_association(id_, linked[id_]) for id_ in ids[start:end]]
            result: dict[str, Any] = {"from": {"id": each["id"]}, "to": to}
            if ids[end:]:
                result["paging"] = {"next": {"after": str(end), "link": "?"}}
            results.append(result)
        content: dict[str, Any] = {"status": "COMPLETE", "results": results}
        if errors:
            content |= {"numErrors": len(errors), "errors": errors}
        return json_answer(content, 207 if errors else 200)


@contextmanager
def serving_hubspot() -> Iterator[HubSpot]:
    """Serve the API of an account without records."""
    hubspot = HubSpot()
    with serving(hubspot.respond) as hubspot.api:
        yield hubspot


def over_the_limit(policy: str = "TEN_SECONDLY_ROLLING", **headers: str) -> Answer:
    """Return a 429 of one of the limits: of ten seconds, or `DAILY`."""
    content = {
        "status": "error",
        "message": f"You have reached your {policy.lower()} limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": "c033cdaa-2c40-4a64-ae48-b4cec88dad24",
        "policyName": policy,
    }
    return json_answer(content, 429, **headers)


def _error(status: int, category: str, message: str) -> Answer:
    content = {
        "status": "error",
        "message": message,
        "correlationId": "c033cdaa-2c40-4a64-ae48-b4cec88dad24",
        "category": category,
    }
    return json_answer(content, status)


def _invalid(message: str) -> Answer:
    return _error(400, "VALIDATION_ERROR", message)


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


def _number(record: Record, kind: str, name: str) -> int:
    if name == "hs_object_id":
        return record.id
    assert name == MODIFIED[kind], f"{kind} have no {name}: nothing would be found"
    return int(record.updated.timestamp() * 1000)


def _passes(record: Record, kind: str, filters: list[dict[str, str]]) -> bool:
    return all(
        COMPARED[each["operator"]](
            _number(record, kind, each["propertyName"]), int(each["value"])
        )
        for each in filters
    )


def _association(id_: int, labels: list[str | None]) -> dict[str, Any]:
    types = [
        {
            "category": "USER_DEFINED" if label else "HUBSPOT_DEFINED",
            "typeId": 279 + position,
            "label": label,
        }
        for position, label in enumerate(labels)
    ]
    return {"toObjectId": id_, "associationTypes": types}


def _no_associations(kind: str, other: str, id_: str) -> dict[str, Any]:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {other} are associated with {kind} {id_}.",
        "context": {"fromObjectId": [id_]},
    }
