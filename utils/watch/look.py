"""A look at Prefect's server, and the letters that follow from it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.logging import get_logger
from pydantic import TypeAdapter

from utils.runs.artifacts.loaded_tables import latest_tables
from utils.watch.history import NEVER_RESTORED, History, Restored, Table
from utils.watch.letter_events import LetterEvents
from utils.watch.letters import Outbox
from utils.watch.prefect_history import PrefectHistory
from utils.watch.words import words_of

# Slack takes one message a second. And calls of Prefect's Webhook blocks share their
# connections: the first that ends closes those of the others, whose places have taken the
# letter, but count as refusing it.
BETWEEN_LETTERS = timedelta(seconds=2)

RESTORED = TypeAdapter(Restored)

logger = get_logger("watch")


class Watch:
    """Memory from look to look. A new one reads it from the server."""

    def __init__(self) -> None:
        self._history: PrefectHistory | None = None
        self._letters = LetterEvents()

    def look(self, client: SyncPrefectClient) -> History:
        """Look once, send what is due, and return what was seen."""
        if self._history is None:
            self._history = PrefectHistory(self._letters.memory(client))
        history = self._history.look(client)
        history = replace(
            history,
            tables=promised_tables(client, history),
            restored=last_restore(client),
        )
        sent = self._letters.sent(client, history.now)
        for number, letter in enumerate(Outbox(sent).letters(history)):
            if number:
                time.sleep(BETWEEN_LETTERS.total_seconds())
            words = words_of(letter, history)
            at = history.now + number * BETWEEN_LETTERS
            self._letters.send(client, letter, words, at)
            logger.info("%s: %s", letter.key.action.value, words["summary"])
        self._letters.say_looked(client, history, self._history.memory)
        return history


def last_restore(client: SyncPrefectClient) -> Restored:
    """Return what infrastructure/control_plane/database/after_restore.sql has left."""
    variable = client.read_variable_by_name("restored")
    return RESTORED.validate_python(variable.value) if variable else NEVER_RESTORED


def promised_tables(client: SyncPrefectClient, history: History) -> tuple[Table, ...]:
    """Return the tables that such deployments load, if their freshness is promised."""
    deployments = {each.name for each in history.deployments}
    return tuple(
        Table(
            name=each.name,
            newest=each.newest,
            promise=each.longest_age,
            loaded=each.loaded,
            fresh=each.fresh,
            flow=each.flow,
        )
        for each in latest_tables(client)
        if each.newest and each.longest_age and each.deployment in deployments
    )
