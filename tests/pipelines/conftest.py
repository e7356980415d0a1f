"""Fixtures of VAN: a fake API with a few events and signups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
    from tests.fakes.http_server import Api
    from tests.fakes.van import Van


@pytest.fixture
def van() -> Van:
    """Events 95, 70 and 35 days ago, yesterday and next week, each with two signups."""
    from tests.fakes.van import Van, activist_code, survey_question
    from tests.samples.van_rows import ago

    van = Van(
        activist_codes=[activist_code(1), activist_code(2, description="Old")],
        survey_questions=[survey_question(1), survey_question(2, "Archived")],
    )
    for days in (95, 70, 35, 1, -7):
        van.add_event(ago(days), signups=2)
    return van


@pytest.fixture
def van_api(van: Van, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The API that serves the data. All of it is one window."""
    from tests.fakes.http_server import serving
    from tests.samples.van_rows import ago

    with serving(lambda request: van.respond(request)) as served:
        monkeypatch.setenv("SOURCES__VAN__BASE_URL", f"{served.url}/v4/")
        monkeypatch.setenv("SOURCES__VAN__API_KEY", "key")
        monkeypatch.setenv("SOURCES__VAN__FIRST_DAY", str(ago(100)))
        monkeypatch.setenv("SOURCES__VAN__DAYS_PER_LOAD", "1000")
        yield served


@pytest.fixture
def van_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four windows instead, the last two with what is read again."""
    monkeypatch.setenv("SOURCES__VAN__DAYS_PER_LOAD", "30")
