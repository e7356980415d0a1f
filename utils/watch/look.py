"""A look at Prefect's server, and the letters that follow from it."""

from __future__ import annotations

from dataclasses import replace

from prefect.client.orchestration import SyncPrefectClient
from prefect.logging import get_logger

from utils.runs.loaded_tables import latest_tables
from utils.watch.history import History, Table
from utils.watch.letter_events import LetterEvents
from utils.watch.letters import Outbox
from utils.watch.prefect_history import PrefectHistory
from utils.watch.words import words_of

logger = get_logger("watch")


class Watch:
    """Memory from look to look. A new one reads it from the server."""

    def __init__(self) -> None:
        self._history: PrefectHistory | None = None
        self._letters = LetterEvents()

    def look(self, client: SyncPrefectClient) -> None:
        """Look once, and send what is due."""
        if self._history is None:
            self._history = PrefectHistory(self._letters.memory(client))
        history = self._history.look(client)
        history = replace(history, tables=promised_tables(client, history))
        sent = self._letters.sent(client, history.now)
        for letter in Outbox(sent).letters(history):
            words = words_of(letter, history)
            self._letters.send(client, letter, words, history.now)
            logger.info("%s: %s", letter.key.action.value, words["summary"])
        self._letters.say_looked(client, history.now, self._history.memory)


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
