"""Watch's judgement of histories that are played on a real Prefect server.

    uv run python -m tests.utils.watch.histories_on_a_server 200

At each look what watch reads from the server is compared with what the simulation knows:
what is due, what is over, and which letters follow. In the end what was told is compared
with the oracle. Places take and refuse as the history says, without the server. It prints
each difference, and ends with 1 if there is one.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import Process, Queue, cpu_count
from pathlib import Path
from random import Random
from typing import Iterable, Iterator

from tests.servers.python import start_python
from tests.utils.watch import history_form as form
from tests.utils.watch.histories import history
from tests.utils.watch.history_server import HistoryServer, history_server
from tests.utils.watch.many_histories import differences
from tests.utils.watch.oracle import Due, due
from tests.utils.watch.played_history import PlayedHistory
from tests.utils.watch.server_looks import due_at, looks_at, restarts, seen
from tests.utils.watch.simulation import View, accepted, send
from utils.watch import history as known
from utils.watch.judge import NOT_READY_FOR, is_over
from utils.watch.letters import Action, Sent
from utils.watch.prefect_history import PrefectHistory

# What is left out, and why.
LEFT_OUT = (
    "pools whose worker was back within five minutes after an outage: since when it was away"
    " is not known"
)


@dataclass(frozen=True)
class Report:
    """Result of a history."""

    name: str
    looks: int
    alerts: int
    left_out: int
    differences: list[str]


def differences_of(name: str, made: form.History, server: HistoryServer) -> Report:
    """Play a history, and return what differs."""
    as_seen = seen(made)
    view, played = View(as_seen), PlayedHistory(made, server)
    reader, anew = PrefectHistory(known.Memory()), restarts(made)
    told: list[Sent] = []
    simulated: list[Sent] = []
    found: list[str] = []
    before: set[str] = set()
    times = looks_at(as_seen, Random(name))
    for moment in times:
        if moment in anew:
            reader = PrefectHistory(reader.memory)  # as watch does
        read, wanted = played.look(reader, moment), view.at(moment)
        send(read, made, told)
        send(wanted, made, simulated)
        now = set(differing(read, wanted, told, simulated))
        found += sorted(f"look at {moment}: {each}" for each in now - before)
        before = now
    wanted_in_all = due(made)
    brief = {(each.subject, each.resolved) for each in wanted_in_all if is_brief(each)}
    found += differences(
        *(
            [each for each in dues if (each.subject, each.resolved) not in brief]
            for dues in (wanted_in_all, accepted(told))
        )
    )
    return Report(name, len(times), len(wanted_in_all), len(brief), found)


def differing(
    read: known.History,
    wanted: known.History,
    told: list[Sent],
    simulated: list[Sent],
) -> Iterator[str]:
    """Yield what is due, told or over for the server or for the simulation alone."""
    yield from _alone("due", due_at(read), due_at(wanted))
    yield from _alone("told", _letters(told), _letters(simulated))
    opened = {
        each.key
        for each in simulated
        if each.key.action == Action.OPEN and each.key.kind != "refused"
    }
    over, wanted_over = (
        {each[1:] for each in opened if is_over(each, history)}
        for history in (read, wanted)
    )
    yield from _alone("over", over, wanted_over)


def is_brief(due: Due) -> bool:
    """Return whether a pool was not without a worker for as long as watch has to see it."""
    lasts = timedelta(seconds=due.resolved - due.opened) if due.resolved else None
    return due.kind == "no-worker" and lasts is not None and lasts <= NOT_READY_FOR


def _letters(sent: Iterable[Sent]) -> set[tuple[object, ...]]:
    return {(*each.key, each.at, each.attempt) for each in sent}


def _alone(
    what: str, one: set[tuple[object, ...]], other: set[tuple[object, ...]]
) -> Iterator[str]:
    for where, found in (("server", one - other), ("simulation", other - one)):
        for each in found:
            yield f"{what} on the {where} alone: {', '.join(map(str, each))}"


def _play(seeds: Queue[int | None], reports: Queue[Report | BaseException]) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops the server
    try:
        with tempfile.TemporaryDirectory() as folder:
            with history_server(Path(folder)) as server:
                for seed in iter(seeds.get, None):
                    reports.put(differences_of(str(seed), history(seed), server))
    except BaseException as error:
        reports.put(error)
        raise


def main(number: int) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    start_python()  # once: players do not stop theirs
    began, looks, alerts, left_out, faulty = time.monotonic(), 0, 0, 0, 0
    seeds: Queue[int | None] = Queue()
    reports: Queue[Report | BaseException] = Queue()
    players = [Process(target=_play, args=(seeds, reports)) for _ in range(cpu_count())]
    for seed in [*range(number), *[None] * len(players)]:
        seeds.put(seed)
    for player in players:
        player.start()
    try:
        for _ in range(number):
            report = reports.get()
            if isinstance(report, BaseException):
                raise report
            looks, alerts = looks + report.looks, alerts + report.alerts
            left_out += report.left_out
            faulty += bool(report.differences)
            for each in report.differences:
                print(f"history {report.name}: {each}", flush=True)
    except BaseException:
        for player in players:
            player.terminate()
        raise
    for player in players:
        player.join()
    minutes = (time.monotonic() - began) / 60
    print(f"left out: {left_out:,} {LEFT_OUT}")
    print(
        f"{number:,} histories, {looks:,} looks, {alerts:,} alerts, in {minutes:.0f}"
        f" minutes: {faulty:,} histories with a difference"
    )
    sys.exit(faulty > 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
