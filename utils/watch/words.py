"""Words of messages and incidents: what broke, since when, how often, and where to look."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Callable

from prefect.settings import PREFECT_UI_URL

from utils.errors import last_line
from utils.redaction.texts import redact
from utils.reports.phrases import counted, duration, ordinal, to_the_minute
from utils.watch.history import Deployment, History, Run, Table, WorkPool
from utils.watch.judge import Incident, Kind, Message
from utils.watch.letters import Action, Key, Letter
from utils.watch.runbook import section_of

LONGEST_LINE = 300
RUNBOOK = "infrastructure/runbook.md"


@dataclass(frozen=True)
class Words:
    """Words of a letter, without secrets and empty lines."""

    summary: str
    """One line, which says on a locked screen what broke, and whether it can wait."""
    details: dict[str, str] = field(default_factory=dict)
    """Further lines by their names."""
    link: str = ""
    """Address of the run or deployment in Prefect's UI."""
    runbook: str = ""
    """Address of the section that says what to do."""

    def __post_init__(self) -> None:
        details = {key: redact(text) for key, text in self.details.items() if text}
        object.__setattr__(self, "details", details)
        object.__setattr__(self, "summary", redact(self.summary))

    @property
    def payload(self) -> dict[str, Any]:
        """The fields that the automations' templates name."""
        return {
            "summary": self.summary,
            "details": self.details,
            "links": [
                {"href": to, "text": name} for to, name in self._links if "://" in to
            ],
            "text": self.text,
        }

    @property
    def _links(self) -> list[tuple[str, str]]:
        links = [(self.link, "Open in Prefect"), (self.runbook, "What to do")]
        return [each for each in links if each[0]]

    @property
    def text(self) -> str:
        """Words in Slack's format."""
        lines = [f"*{_escaped(self.summary)}*"]
        lines += [f"{name}: {_escaped(text)}" for name, text in self.details.items()]
        lines.append(" · ".join(_linked(to, name) for to, name in self._links))
        return "\n".join(filter(None, lines))


def words_of(letter: Letter, history: History) -> dict[str, Any]:
    """Return the payload of a letter."""
    if letter.before and letter.before.key == letter.key:
        return letter.before.payload
    if isinstance(letter.alert, Message):
        return _message(letter.alert, history).payload
    if isinstance(letter.alert, Incident):
        return _incident(letter.alert, history).payload
    if letter.key.kind == Kind.REFUSED and letter.key.action != Action.RESOLVE:
        return _refused(letter.key).payload
    assert letter.before
    opened = letter.before.payload
    return (
        opened | Words(f"Resolved: {opened.get('summary', letter.key.subject)}").payload
    )


def _message(message: Message, history: History) -> Words:
    run, state = message.run, message.run.state
    error = _last_line(state.message)
    details = {
        "Error": error if message.kind == Kind.RUN_FAILED else "",
        "State": f"{state.name} since {_time(state.at)}",
        "Run": run.name,
        "Parameters": _parameters(run),
        "Affected": _affected(message.deployment, history),
    }
    return Words(
        MESSAGES[message.kind](message, history.now),
        details,
        _link("runs/flow-run", run.id),
        _runbook(section_of(message.kind, error, state.name)),
    )


MESSAGES: dict[Kind, Callable[[Message, datetime], str]] = {
    Kind.RUN_FAILED: lambda it, now: (
        f"{it.deployment.name} failed{_in_a_row(it.count)}:"
        f" {_last_line(it.run.state.message) or it.run.state.name}"
    ),
    Kind.RECOVERED: lambda it, now: (
        f"{it.deployment.name} works again, after {counted(it.count, 'failure')}"
    ),
    Kind.STUCK_PENDING: lambda it, now: (
        f"{it.deployment.name} does not start: Pending for"
        f" {duration(now - it.run.since)}"
    ),
    Kind.LATE: lambda it, now: (
        f"{it.deployment.name} is late: due {duration(now - it.run.expected)} ago,"
        " and no worker has taken it"
    ),
    Kind.RUNNING_LONG: lambda it, now: _running_long(it, now),
}


def _running_long(message: Message, now: datetime) -> str:
    since = message.run.running_since or now
    usual = message.deployment.usual_duration(since) or timedelta()
    return (
        f"{message.deployment.name} has been running for {duration(now - since)}, usually"
        f" {duration(usual)}"
    )


def _incident(incident: Incident, history: History) -> Words:
    about = incident.about
    if isinstance(about, Table):
        return Words(
            f"{about.name} is stale: its newest value is of {_time(about.newest)}, promised"
            f" to be at most {duration(about.promise)} old",
            {"Last load": _time(about.loaded)},
            runbook=_runbook(section_of(incident.kind)),
        )
    if isinstance(about, WorkPool):
        return Words(
            f"No worker serves the work pool {about.name}: nothing runs",
            {"Since": _time(about.not_ready_since or incident.due)},
            _link("work-pools/work-pool", about.name),
            _runbook(section_of(incident.kind)),
        )
    failures = about.failures_since_success
    error = _last_line(failures[-1].state.message) if failures else ""
    last = about.successes[-1].at if about.successes else None
    reason = (
        f"failed {counted(len(failures), 'time')} in a row"
        if incident.kind == Kind.REPEATED_FAILURE
        else "has not succeeded when its schedule promised it"
    )
    details = {
        "Last success": _time(last) if last else "none known",
        "Error": error,
        "Failures since": str(len(failures)) if failures else "",
        "Affected": _affected(about, history),
    }
    return Words(
        f"{about.name} {reason}" + (f": {error}" if error else ""),
        details,
        _link("deployments/deployment", about.id),
        _runbook(section_of(incident.kind, error)),
    )


def _refused(key: Key) -> Words:
    place = key.subject.removeprefix("place.")
    return Words(
        f"Alerts do not arrive: the place for {place} takes none since {_time(key.due)}",
        runbook=_runbook(section_of(key.kind)),
    )


def _affected(deployment: Deployment, history: History) -> str:
    """Return the tables that the deployment loads, with their newest values."""
    flow = deployment.name.partition("/")[0]
    return "; ".join(
        f"{each.name}, newest {_time(each.newest)}"
        for each in history.tables
        if each.flow == flow
    )


def _in_a_row(count: int) -> str:
    return "" if count < 2 else f" for the {ordinal(count)} time running"


def _last_line(text: str) -> str:
    last = last_line(text)
    return last if len(last) <= LONGEST_LINE else f"{last[:LONGEST_LINE]}..."


def _parameters(run: Run) -> str:
    given = {key: value for key, value in run.parameters.items() if value is not None}
    return ", ".join(f"{key}={value}" for key, value in given.items())


def _time(at: datetime) -> str:
    return f"{to_the_minute(at)} UTC"


def _link(page: str, name: str) -> str:
    server = PREFECT_UI_URL.value()
    return f"{server.rstrip('/')}/{page}/{name}" if server else ""


def _runbook(section: str) -> str:
    return f"{os.environ.get('RUNBOOK_URL') or RUNBOOK}#{section}"


def _escaped(text: str) -> str:
    """Return a text in which Slack finds neither a mention nor a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _linked(address: str, name: str) -> str:
    return f"<{address}|{name}>" if "://" in address else f"{name}: {address}"
