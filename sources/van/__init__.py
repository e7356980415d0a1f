"""Codes, questions, events and signups of NGP VAN / EveryAction, as a dlt source.

It is read through parsons' connector. Documentation of the fields: https://docs.ngpvan.com

- `connection`: parsons' connection with retries, few calls at a time, whole listings.
- `windows`: which events are read next.
- `rows`: answers of the API as rows.
- `signups`: signups of an event.
- `columns`: types of the columns.
"""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import TYPE_CHECKING, Callable, Iterator, Literal, get_args

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
from sources.van.rows import Row, with_id, without_nulls
from sources.van.signups import signups_of_event
from sources.van.windows import Event, Windows
from utils.errors import ClearError
from utils.settings.bounds import require_between, wrong_setting

if TYPE_CHECKING:
    from parsons.ngpvan.van import VAN

logger = logging.getLogger(__name__)

Rows = list[Row]
Database = Literal["MyVoters", "MyCampaign", "MyMembers", "EveryAction"]

EARLIEST = date(1990, 1, 1)
MOST_DAYS = 36_525  # a hundred years
# By default VAN lists active items alone: archived ones would stay Active in the warehouse.
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
    """Return four resources: codes and questions as a whole, events and signups by window.

    Rows are merged by replacing those with the same id. A listing may give a row twice: a
    replacement keeps one of them, unlike an upsert.

    Args:
        today: Day of the run.
        since: Day from which on events and their signups are read again.
        api_key: VAN's API key, without `|0` or `|1` at its end.
        database: VAN's database that the key is to open.
        base_url: Address of the API.
        first_day: Day before which events are not loaded.
        days_read_again: Days after an event's beginning until which every run reads the
            event and its signups again.
        days_per_load: Length of a window in days.
    """
    from sources.van.connection import connect

    _require_settings(today, database, first_day, days_read_again, days_per_load)
    if since and since < EARLIEST:
        raise ClearError(
            f"since {since} is before {EARLIEST}, when there was no VAN. Nothing was"
            " loaded. Take a later day."
        )
    van = connect(api_key, database, base_url)
    windows = Windows(today, since, first_day, days_read_again, days_per_load)
    resources = (*_codes_and_questions(van), *_events_and_signups(van, windows))
    for resource in resources:
        resource.add_map(without_nulls)
    return resources


def _require_settings(
    today: date,
    database: str,
    first_day: date,
    days_read_again: int,
    days_per_load: int,
) -> None:
    if database not in get_args(Database):
        raise wrong_setting(
            "sources.van.database",
            "is no database of VAN's",
            f"There are {', '.join(get_args(Database))}.",
        )
    require_between("sources.van.first_day", first_day, EARLIEST, today)
    require_between("sources.van.days_read_again", days_read_again, 0, MOST_DAYS)
    require_between("sources.van.days_per_load", days_per_load, 1, MOST_DAYS)


def _codes_and_questions(van: VAN) -> tuple[DltResource, DltResource]:
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
        yield [with_id(each, "surveyQuestionId", ["responses"]) for each in questions]

    return activist_codes, survey_questions


def _events_and_signups(van: VAN, windows: Windows) -> tuple[DltResource, DltResource]:
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
        yield [with_id(event, "eventId", [*PARTS_OF_EVENT]) for event in found]

    @dlt.defer
    def signups_of(event: Event) -> Rows:
        return signups_of_event(van, event["eventId"])

    # All signups of an event come together: one that was deleted in VAN goes with the
    # event's next reading, unless it was the last.
    @dlt.resource(
        primary_key="event_signup_id",
        merge_key="event_id",
        write_disposition="merge",
        columns=SIGNUP,
    )
    def signups() -> Iterator[Callable[[], Rows]]:
        for event in _next_window(van, windows, expand=[]):
            yield signups_of(event)

    return events, signups


def _next_window(van: VAN, windows: Windows, expand: list[str]) -> Iterator[Event]:
    """Yield the events of the resource's next window, then note it as read."""
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
