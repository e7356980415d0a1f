"""Activist codes, survey questions, events and signups of NGP VAN / EveryAction, as a dlt source.

They are read through parsons' connector. What the fields mean: https://docs.ngpvan.com
"""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Iterator, Literal

import dlt
from dlt.common.typing import TSecretStrValue
from dlt.sources import DltResource

from sources.van.columns import (
    ACTIVIST_CODE,
    EVENT,
    PARTS_OF_EVENT,
    SIGNUP,
    SURVEY_QUESTION,
    SURVEY_RESPONSE,
)
from sources.van.windows import Event, Windows
from utils.errors.http import as_documented

if TYPE_CHECKING:
    from parsons.ngpvan.van import VAN

logger = logging.getLogger(__name__)

Rows = list[dict[str, Any]]
Database = Literal["MyVoters", "MyCampaign", "MyMembers", "EveryAction"]

# Without them VAN lists what is active alone: what is archived would stay Active here.
ALL_STATUSES = "Active,Archived,Inactive"


@dlt.source(name="van", max_table_nesting=3)
def van_source(
    today: date,
    since: date | None = None,
    api_key: TSecretStrValue = dlt.secrets.value,
    database: Database = dlt.config.value,
    base_url: str = dlt.config.value,
    first_day: date = dlt.config.value,
    days_read_again: int = dlt.config.value,
    days_per_load: int = dlt.config.value,
) -> tuple[DltResource, ...]:
    """Four resources. Codes and questions come whole, events and signups window by window.

    Rows are merged by replacing those with the same id: a listing may give one twice,
    and then only one is kept, which an upsert would not see to.

    Args:
        today: The day of the run.
        since: Read events from this day on again, with their signups.
        api_key: VAN's, without `|0` or `|1` at its end.
        database: Which of VAN's databases the key is to open.
        base_url: The API's.
        first_day: Events before it are not loaded.
        days_read_again: Events and their signups are read again by each run until they
            began this many days ago.
        days_per_load: The length of a window.
    """
    from sources.van.connection import connect

    van = connect(api_key, database, base_url)
    windows = Windows(today, since, first_day, days_read_again, days_per_load)

    @dlt.resource(
        primary_key="activist_code_id", write_disposition="merge", columns=ACTIVIST_CODE
    )
    def activist_codes() -> Iterator[Rows]:
        # parsons' get_activist_codes has no way to ask for statuses
        params = {"statuses": ALL_STATUSES}
        yield van.connection.get_request("activistCodes", params=params)

    @dlt.resource(
        primary_key="survey_question_id",
        write_disposition="merge",
        columns=SURVEY_QUESTION,
        nested_hints={"responses": dlt.mark.make_nested_hints(columns=SURVEY_RESPONSE)},
    )
    def survey_questions() -> Iterator[Rows]:
        questions = van.get_survey_questions(statuses=ALL_STATUSES)
        yield [_with_id(each, "surveyQuestionId", ["responses"]) for each in questions]

    @dlt.resource(
        primary_key="event_id",
        write_disposition="merge",
        columns=EVENT,
        nested_hints={
            name: dlt.mark.make_nested_hints(columns=columns)
            for name, columns in PARTS_OF_EVENT.items()
        },
    )
    def events() -> Iterator[Rows]:
        found = _next_window(van, windows, expand=[*PARTS_OF_EVENT])
        yield [_with_id(event, "eventId", [*PARTS_OF_EVENT]) for event in found]

    @dlt.defer
    def signups_of(event: Event) -> Rows:
        return _signups(van, event["eventId"])

    # All signups of an event come together: one that was deleted in VAN goes with the
    # event's next reading, unless it was the last.
    @dlt.resource(
        primary_key="event_signup_id",
        merge_key="event_id",
        write_disposition="merge",
        columns=SIGNUP,
    )
    def signups() -> Iterator[Rows]:
        for event in _next_window(van, windows, expand=[]):
            yield signups_of(event)

    resources = (activist_codes, survey_questions, events, signups)
    for resource in resources:
        resource.add_map(_without_nulls)
    return resources


def _next_window(van: VAN, windows: Windows, expand: list[str]) -> Iterator[Event]:
    """The events of the resource's next window. When they are used, it is noted as read."""
    state = dlt.current.resource_state()
    window = windows.next(state)
    logger.info("Events that begin %s", window)
    # a day more on both sides: VAN does not say in which time zone a day begins for it
    day = timedelta(days=1)
    events = van.get_events(
        starting_after=(window.first - day).isoformat(),
        starting_before=window.end and (window.end + day).isoformat(),
        expand_fields=expand,
    )
    yield from window.of(events)
    windows.note(window, state)


def _without_nulls(value: Any) -> Any:
    """Only what has a value: dlt would warn of every other field in every load."""
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value


def _with_id(row: dict[str, Any], id_name: str, lists: list[str]) -> dict[str, Any]:
    """The row, with its id also in the rows of these lists: tables that can be joined."""
    return row | {
        name: [{**part, id_name: row[id_name]} for part in row.get(name) or []]
        for name in lists
    }


def _signups(van: VAN, event_id: int) -> Rows:
    """The event's signups. Of the person only the id is kept, no name, address or phone."""
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
