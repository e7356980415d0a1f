"""Words of alerts: what a person reads, and that the runbook has every section."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from blocks.alerts import INCIDENTS, MESSAGES
from tests.repository.tree import ROOT
from utils.watch.history import Deployment, History, Run, State, Table, WorkPool
from utils.watch.judge import Incident, Kind, Message
from utils.watch.letters import Action, Key, Letter, Sent
from utils.watch.runbook import OF_ERRORS, OF_KINDS, OTHERWISE, section_of
from utils.watch.words import words_of

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ANCHORS = {
    re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
    for title in re.findall(
        r"^## (.+)$", (ROOT / "infrastructure/runbook.md").read_text(), re.MULTILINE
    )
}


def run(*states: tuple[int, str, str], message: str = "") -> Run:
    """Return a run whose states began some minutes ago."""
    found = [State(ago(minutes), type, name) for minutes, type, name in states]
    last = found.pop()
    last = State(last.at, last.type, last.name, message)
    parameters = {"full_refresh": True, "since": None}
    return Run("a-run", "quick-fox", ago(60), (*found, last), parameters)


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


TABLE = Table(
    "dev_products.products",
    ago(60 * 50),
    timedelta(hours=36),
    ago(90),
    None,
    "products",
)
FAILED = run(
    (60, "RUNNING", "Running"),
    (3, "FAILED", "Failed"),
    message="Flow run encountered an exception: ValueError: one\n<!channel> no & route",
)
DEPLOYMENT = Deployment("an-id", "products/production", (FAILED,))
HISTORY = History(NOW, (DEPLOYMENT,), tables=(TABLE,))


def words(alert: Message | Incident) -> dict:
    key = Key(Action.TELL, alert.kind, alert.subject, alert.due)
    return words_of(Letter(key, alert), HISTORY)


def message(kind: Kind, of: Run = FAILED, count: int = 1) -> Message:
    return Message(kind, DEPLOYMENT, of, ago(1), count)


def test_a_failed_run():
    told = words(message(Kind.RUN_FAILED, count=4))
    assert told["summary"] == (
        "products/production failed for the 4th time running: <!channel> no & route"
    )
    assert told["details"] == {
        "Error": "<!channel> no & route",
        "State": "Failed since 2026-11-28 11:57 UTC",
        "Run": "quick-fox",
        "Parameters": "full_refresh=True",
        "Affected": "dev_products.products, newest 2026-11-26 10:00 UTC",
    }
    assert "<!channel>" not in told["text"]  # it would call everybody
    assert "&lt;!channel&gt; no &amp; route" in told["text"]
    assert "What to do: infrastructure/runbook.md#" in told["text"]


@pytest.mark.parametrize(
    "count, ordinal",
    [
        *((2, "2nd"), (3, "3rd"), (4, "4th"), (20, "20th"), (21, "21st")),
        *((22, "22nd"), (23, "23rd"), (101, "101st"), (122, "122nd")),
        *((number, f"{number}th") for number in (11, 12, 13, 111, 112, 113)),
    ],
)
def test_failures_are_counted_in_ordinals(count, ordinal):
    summary = words(message(Kind.RUN_FAILED, count=count))["summary"]
    assert f" failed for the {ordinal} time running: " in summary


@pytest.mark.parametrize(
    "kind, of, summary",
    [
        (
            Kind.STUCK_PENDING,
            run((20, "PENDING", "Pending"), (5, "PENDING", "InfrastructurePending")),
            "products/production does not start: Pending for 20 minutes",
        ),
        (
            Kind.LATE,
            run((90, "SCHEDULED", "Late")),
            "products/production is late: due 1 hour 0 minutes ago, and no worker has taken"
            " it",
        ),
        (
            Kind.RUNNING_LONG,
            run((200, "RUNNING", "Running")),
            "products/production has been running for 3 hours 20 minutes, usually 0 minutes",
        ),
    ],
)
def test_a_run_that_does_not_go_on(kind, of, summary):
    assert words(message(kind, of))["summary"] == summary


def test_a_recovery():
    assert words(message(Kind.RECOVERED, count=2))["summary"] == (
        "products/production works again, after 2 failures"
    )


@pytest.mark.parametrize(
    "kind, about, summary",
    [
        (
            Kind.REPEATED_FAILURE,
            DEPLOYMENT,
            "products/production failed 1 time in a row: <!channel> no & route",
        ),
        (
            Kind.NO_SUCCESS,
            Deployment("an-id", "van/production"),
            "van/production has not succeeded when its schedule promised it",
        ),
        (
            Kind.STALE_TABLE,
            TABLE,
            "dev_products.products is stale: its newest value is of 2026-11-26 10:00 UTC,"
            " promised to be at most 1 day 12 hours old",
        ),
        (
            Kind.NO_WORKER,
            WorkPool("production", ago(7)),
            "No worker serves the work pool production: nothing runs",
        ),
    ],
)
def test_an_incident_and_its_resolution(kind, about, summary):
    incident = Incident(kind, about, ago(1))
    told = words(incident)
    assert told["summary"] == summary
    key = Key(Action.OPEN, kind, incident.subject, incident.due)
    resolution = Letter(
        key._replace(action=Action.RESOLVE), before=Sent(key, NOW, 1, told, True)
    )
    assert words_of(resolution, HISTORY)["summary"] == f"Resolved: {summary}"


def test_what_is_sent_again_says_the_same():
    sent = Sent(
        Key(Action.TELL, Kind.LATE, "run.a", NOW), NOW, 1, {"summary": "late"}, False
    )
    assert words_of(Letter(sent.key, before=sent), HISTORY) == {"summary": "late"}


def test_a_secret_in_use_is_struck(monkeypatch):
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_0123456789abcdef")
    failed = run((3, "FAILED", "Failed"), message="refused: pnu_0123456789abcdef")
    assert "0123456789abcdef" not in str(words(message(Kind.RUN_FAILED, failed)))


def test_a_runbook_somewhere_is_linked(monkeypatch):
    monkeypatch.setenv("RUNBOOK_URL", "https://example.org/runbook.md")
    told = words(message(Kind.RUN_FAILED))
    assert "<https://example.org/runbook.md#" in told["text"]
    (link,) = [each for each in told["links"] if each["text"] == "What to do"]
    assert link["href"].startswith("https://example.org/runbook.md#")


def test_the_runbook_has_every_section():
    assert {*OF_KINDS.values(), *OF_ERRORS, OTHERWISE} <= ANCHORS
    assert ANCHORS <= {*OF_KINDS.values(), *OF_ERRORS, OTHERWISE}


@pytest.mark.parametrize(
    "error, state, section",
    [
        (
            "HubSpot refuses it: 401 Unauthorized.",
            "Failed",
            "a-password-or-key-is-refused",
        ),
        ("db.example.org cannot be reached", "Failed", "a-server-cannot-be-reached"),
        (
            "Flow run exceeded timeout of 5.0 second(s)",
            "TimedOut",
            "a-run-takes-too-long",
        ),
        ("Flow run infrastructure exited with 137", "Crashed", "a-run-was-ended"),
        ("sources.van lacks api_key", "Failed", "a-setting-is-missing-or-wrong"),
        ("KeyError: 'oops'", "Failed", "any-other-error"),
    ],
)
def test_the_section_of_an_error(error, state, section):
    assert section_of(Kind.RUN_FAILED, error, state) == section


def test_every_kind_has_an_automation():
    assert {*MESSAGES, *INCIDENTS, Kind.REFUSED} == {*Kind}
