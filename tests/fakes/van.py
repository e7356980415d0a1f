"""A fake of NGP VAN's API (https://docs.ngpvan.com) with the data of a small campaign."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from tests.fakes.http_server import Answer, Request, json_answer

Row = dict[str, Any]
EXPANDED = ("locations", "codes", "shifts", "roles", "notes", "onlineForms")


@dataclass
class Van:
    """A database of VAN, and the key that opens it."""

    password: str = "key|1"
    """API key and mode: 0 for MyVoters, else 1."""
    seconds: float = 0.0
    """Duration of each answer."""
    activist_codes: list[Row] = field(default_factory=list)
    survey_questions: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    signups: list[Row] = field(default_factory=list)

    def respond(self, request: Request) -> Answer:
        sent = request.headers.get("authorization", "").removeprefix("Basic ")
        if base64.b64decode(sent).decode().partition(":")[2] != self.password:
            return error(401, "UNAUTHORIZED", "The API key is not valid")
        answer = self._answer(request)
        answer.seconds = self.seconds
        return answer

    def _answer(self, request: Request) -> Answer:
        query = request.query
        match request.path.removeprefix("/v4/"):
            case "activistCodes":
                return page(_with_statuses(self.activist_codes, request), request)
            case "surveyQuestions":
                return page(_with_statuses(self.survey_questions, request), request)
            case "events":
                after = query.get("startingAfter", "")
                before = query.get("startingBefore", "9999")
                expanded = query.get("$expand", "").split(",")
                found = [
                    {k: v for k, v in event.items() if k not in EXPANDED}
                    | {k: event.get(k) if k in expanded else None for k in EXPANDED}
                    for event in self.events
                    if after < event["startDate"][:10] < before
                ]
                return page(found, request, longest=50)
            case "signups":
                id_ = int(query["eventId"])
                if not any(event["eventId"] == id_ for event in self.events):
                    return error(404, "NOT_FOUND", f"Event {id_} does not exist")
                return page(
                    [s for s in self.signups if s["event"]["eventId"] == id_], request
                )
        return error(404, "NOT_FOUND", "There is no such resource")

    def add_event(self, day: date, signups: int = 0, **fields: Any) -> Row:
        """Add an event on this day, with this number of signups."""
        id_ = len(self.events) + 1001
        event = {
            "eventId": id_,
            "name": f"Canvass {id_}",
            "shortName": f"Can{id_}",
            "description": None,
            "startDate": f"{day}T23:30:00-05:00",
            "endDate": f"{day}T23:45:00-05:00",
            "createdDate": "2019-12-31T12:00:00.123Z",
            "eventType": {"eventTypeId": 143856, "name": "Canvass"},
            "isActive": True,
            "isOnlyEditableByCreatingUser": False,
            "isPubliclyViewable": None,
            "districtFieldValue": None,
            "notes": [{"text": "Ask Ada Lovelace"}],
            "shifts": [shift(id_ * 10)],
            "roles": [{"roleId": 111687, "name": "Host", "isEventLead": True}],
            "codes": None,
            "locations": [location(272)],
        } | fields
        self.events.append(event)
        for _ in range(signups):
            self.add_signup(event)
        return event

    def add_signup(self, event: Row, status: str = "Scheduled") -> Row:
        """Add a signup of another person."""
        id_ = 1 + max((each["eventSignupId"] for each in self.signups), default=5000)
        signup = {
            "eventSignupId": id_,
            "person": {
                "vanId": 100_000_000 + id_,
                "firstName": "Ada",
                "middleName": None,
                "lastName": "Lovelace",
                "email": "ada@example.org",
                "phone": "6175550100",
                "contactModeId": 1,
            },
            "event": {key: event[key] for key in ("eventId", "name", "shortName")},
            "shift": {"eventShiftId": event["shifts"][0]["eventShiftId"], "name": None},
            "role": {"roleId": 111687, "name": "Host"},
            "status": {"statusId": 1, "name": status},
            "location": None,
            "startTimeOverride": None,
            "endTimeOverride": None,
            "printedLists": None,
            "minivanExports": None,
            "supporterGroupId": None,
            "isOfflineSignup": False,
        }
        self.signups.append(signup)
        return signup


def activist_code(id_: int, **fields: Any) -> Row:
    return {
        "activistCodeId": id_,
        "type": "Volunteer",
        "name": "Envelope Stuffer",
        "mediumName": "EnvStuff",
        "shortName": "EnvS",
        "description": None,
        "scriptQuestion": None,
        "status": "Active",
    } | fields


def survey_question(id_: int, status: str = "Active") -> Row:
    return {
        "surveyQuestionId": id_,
        "type": "Candidate",
        "cycle": 2026,
        "name": "Governor",
        "mediumName": "Gov",
        "shortName": "Gov",
        "scriptQuestion": "Whom do you support for governor?",
        "status": status,
        "responses": [
            {"surveyResponseId": id_ * 10, "name": "Yes", "mediumName": "Y"},
            {"surveyResponseId": id_ * 10 + 1, "name": "No", "mediumName": "N"},
        ],
    }


def shift(id_: int) -> Row:
    return {
        "eventShiftId": id_,
        "name": "Default Shift",
        "startTime": "2026-06-01T15:00:00-04:00",
        "endTime": "2026-06-01T16:00:00-04:00",
    }


def location(id_: int) -> Row:
    return {
        "locationId": id_,
        "name": "Campaign HQ",
        "displayName": "Campaign HQ, 48 Grove St Somerville, MA 02144-2500",
        "address": {
            "addressLine1": "48 Grove St",
            "city": "Somerville",
            "stateOrProvince": "MA",
            "zipOrPostalCode": "02144",
            "geoLocation": {"lon": -71.120121, "lat": 42.396363},
            "countryCode": "US",
        },
        "codes": None,
    }


def _with_statuses(rows: list[Row], request: Request) -> list[Row]:
    """Keep the statuses asked for: without `statuses`, VAN lists only what is active."""
    statuses = request.query.get("statuses", "Active").split(",")
    return [row for row in rows if row["status"] in statuses]


def page(rows: list[Row], request: Request, longest: int = 200) -> Answer:
    """Return a page of a listing, with a link to the next one."""
    top = int(request.query.get("$top", 50))
    skip = int(request.query.get("$skip", 0))
    if not 1 <= top <= longest:
        return error(400, "INVALID_PARAMETER", f"$top must be from 1 to {longest}")
    link = None
    if skip + top < len(rows):
        following = urlencode(request.query | {"$skip": skip + top})
        link = f"http://{request.headers['host']}{request.path}?{following}"
    return json_answer(
        {"items": rows[skip : skip + top], "nextPageLink": link, "count": len(rows)}
    )


def error(status: int, code: str, text: str) -> Answer:
    """Return an error in VAN's standard form."""
    return json_answer({"errors": [{"code": code, "text": text}]}, status)
