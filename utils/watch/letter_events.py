"""Letters as events of Prefect's server, whose automations deliver them.

The server's events are the only memory of what was told, and of what looks have seen: a new
process reads them, and two side by side send each letter under one id, of which the server
takes one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Iterator
from uuid import NAMESPACE_URL, UUID, uuid5

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.events import EventPage
from prefect.events import Event
from prefect.events.filters import EventFilter
from prefect.logging import get_logger
from pydantic import TypeAdapter

from utils.watch.history import History, Memory, moment
from utils.watch.judge import Kind
from utils.watch.letters import Action, Key, Letter, Sent

PREFIX = "data-platform.alert."
LOOKED = "data-platform.watch.looked"
"""Event of a look that went well. Without it an automation says that watch is away."""
BACK = "data-platform.watch.back"
"""Event of the first look after watch was away."""
REFUSED = "alerts: not told"
"""Beginning of what is logged of a letter that was refused. An alarm of AWS looks for it."""
ACTED = ("prefect.automation.action.executed", "prefect.automation.action.failed")
KEPT_FOR = timedelta(days=7)  # by Prefect, unless it is told otherwise
# A server that is killed loses what it has not written for five seconds.
ANSWERED_WITHIN = timedelta(minutes=1)
LOOKED_EVERY = timedelta(minutes=2)
AWAY_AFTER = timedelta(minutes=10)
PAGE = 50  # Prefect's most
MEMORY = TypeAdapter(Memory)
WATCH = {"prefect.resource.id": "data-platform.watch"}

logger = get_logger("watch")


def event_name(kind: Kind, action: Action) -> str:
    """Return the name of a letter's event."""
    return f"{PREFIX}{kind.value}.{action.value}"


@dataclass(frozen=True)
class Answer:
    """Answer of a place to a letter."""

    status: int | None
    """Status of its HTTP response, None if there was none."""
    reason: str = ""

    @property
    def accepted(self) -> bool:
        """True if the place has taken the letter."""
        return self.status is not None and self.status < 300

    def __str__(self) -> str:
        return f"status {self.status}" if self.status else self.reason


class LetterEvents:
    """Letters of the last days, with what became of them."""

    def __init__(self) -> None:
        self._sent: dict[UUID, Sent] = {}
        self._read: datetime | None = None
        self._looked: datetime | None = None

    def sent(self, client: SyncPrefectClient, now: datetime) -> list[Sent]:
        """Return all letters, with the answers that have come.

        Others may have sent some: an earlier process, or one beside another worker.
        """
        since = self._read - ANSWERED_WITHIN if self._read else now - KEPT_FOR
        for event in _events(client, since, prefix=[PREFIX]):
            if event.id not in self._sent and (sent := _sent(event)):
                self._sent[event.id] = sent
        self._read = now
        self._read_answers(client, now)
        self._sent = {
            id: each for id, each in self._sent.items() if each.at > now - KEPT_FOR
        }
        return list(self._sent.values())

    def send(
        self,
        client: SyncPrefectClient,
        letter: Letter,
        payload: dict[str, Any],
        now: datetime,
    ) -> None:
        """Send a letter as an event."""
        key = letter.key
        identity = {
            "action": key.action.value,
            "kind": key.kind.value,
            "subject": key.subject,
            "due": key.due.astimezone(UTC).isoformat(),
            "attempt": letter.attempt,
        }
        event = _post(
            client,
            id=uuid5(NAMESPACE_URL, PREFIX + "|".join(map(str, identity.values()))),
            occurred=now,
            event=event_name(key.kind, key.action),
            resource={"prefect.resource.id": f"data-platform.{key.subject}"},
            payload=payload | identity,
        )
        if sent := _sent(event):
            self._sent[event.id] = sent

    def memory(self, client: SyncPrefectClient) -> Memory:
        """Return what looks have seen, as the last one has told it."""
        looked = _last_look(client, datetime.now(UTC))
        return MEMORY.validate_python(looked.payload if looked else {})

    def say_looked(
        self, client: SyncPrefectClient, history: History, memory: Memory
    ) -> None:
        """Tell the server that all is well with watch itself, every other minute."""
        now = history.now
        if self._looked is None:
            last = _last_look(client, now)
            since = max(moment(last.occurred), history.restored.at) if last else now
            if now > since + AWAY_AFTER:
                _post(client, occurred=now, event=BACK, resource=WATCH)
        if self._looked is None or now >= self._looked + LOOKED_EVERY:
            payload = MEMORY.dump_python(memory, mode="json")
            _post(client, occurred=now, event=LOOKED, resource=WATCH, payload=payload)
            self._looked = now

    def _read_answers(self, client: SyncPrefectClient, now: datetime) -> None:
        waiting = {id: each for id, each in self._sent.items() if each.accepted is None}
        if not waiting:
            return
        first = min(each.at for each in waiting.values())
        answers = dict(_answers(client, first - ANSWERED_WITHIN))
        for id, each in waiting.items():
            answer = answers.get(id)
            if answer is None and now <= each.at + ANSWERED_WITHIN:
                continue
            answer = answer or Answer(None, "no automation has sent it")
            self._sent[id] = replace(each, accepted=answer.accepted)
            if not answer.accepted:
                logger.error(
                    "%s %s: %s. The place for %s: %s",
                    *(REFUSED, each.key.kind, each.payload.get("summary")),
                    *(each.key.action.place, answer),
                )


def _answers(
    client: SyncPrefectClient, since: datetime
) -> Iterator[tuple[UUID, Answer]]:
    """Yield the ids of letters and what their places have answered."""
    for event in _events(client, since, name=list(ACTED)):
        for related in event.related:
            if related.role == "triggering-event":
                status = event.payload.get("status_code")
                answer = Answer(status, str(event.payload.get("reason", "")))
                yield UUID(related.id.removeprefix("prefect.event.")), answer


def _last_look(client: SyncPrefectClient, now: datetime) -> Event | None:
    return next(_events(client, now - KEPT_FOR, name=[LOOKED]), None)


def _post(client: SyncPrefectClient, **fields: Any) -> Event:
    event = Event.model_validate(fields)
    client.request("POST", "/events", json=[event.model_dump(mode="json")])
    return event


def _events(
    client: SyncPrefectClient, since: datetime, **names: list[str]
) -> Iterator[Event]:
    which = EventFilter.model_validate({"occurred": {"since": since}, "event": names})
    page: EventPage | None = client.read_events(which, limit=PAGE)
    while page:
        yield from page.events
        following = page.next_page
        page = client.read_events_page(str(following)) if following else None


def _sent(event: Event) -> Sent | None:
    """Return the letter of an event, None if another release has sent it."""
    told = event.payload
    try:
        due = moment(datetime.fromisoformat(told["due"]))
        key = Key(Action(told["action"]), Kind(told["kind"]), told["subject"], due)
        return Sent(key, moment(event.occurred), told["attempt"], told)
    except (KeyError, ValueError):
        return None
