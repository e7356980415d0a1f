"""All that the runs have left, searched."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Iterable

from tests.fakes.aws import Aws
from tests.planted.alerts import send_alerts
from tests.planted.contents import search_folder
from tests.planted.failure import Failure
from tests.planted.failures import ALERTS, FAILURES, NUMBERS
from tests.planted.processes import command_lines
from tests.planted.runs import Run, run
from tests.planted.search import Found, search
from tests.planted.values import secrets_of

AT_ONCE = 3
BY_HAND = {
    (NUMBERS[each.name], secret)
    for each in FAILURES
    for secret in ("by_hand", "by_hand_again")
    if "by_hand" in each.needs
}
# The table, and pages of the file that had its rows.
POOLS_IN_DATABASE = ("prefect.db", "prefect.db-wal", "prefect.db: work_pool")


@dataclass(frozen=True)
class Left:
    """Runs by the names of their failures, and secrets that were found."""

    runs: dict[str, Run]
    found: dict[int, set[Found]]

    def of(self, owner: str) -> list[str]:
        """Return where secrets are shown, and which, by the name in `NUMBERS`."""
        return sorted(map(str, self.found[NUMBERS[owner]]))


def run_and_search(
    failures: Iterable[Failure], folder: Path, api: str, server: Path, aws: Aws | None
) -> Left:
    """Run failures side by side, then search what they have left.

    Args:
        failures: Failures to run.
        folder: Folder for all runs.
        api: Address of Prefect's API.
        server: Folder of Prefect's server, with its database and log.
        aws: Fake AWS, if a failure needs it.
    """
    one = partial(_run, folder=folder, api=api, aws=aws)
    began = datetime.now(timezone.utc)
    with command_lines() as lines:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            runs = {each.failure.name: each for each in pool.map(one, failures)}
        if aws:
            aws.empty()
        sent = send_alerts(api, began, secrets_of(NUMBERS[ALERTS]))
    found = {each for line in lines for each in search(line, "a process list")}
    found |= {each for body in sent for each in search(body, "a webhook")}
    found |= {each for each in search_folder(server) if not _is_in_a_pool(each)}
    for each in runs.values():
        found |= search_folder(each.folder)
    return Left(runs, _by_failure(found))


def _run(failure: Failure, folder: Path, api: str, aws: Aws | None) -> Run:
    return run(failure, folder / str(NUMBERS[failure.name]), api, aws)


def _is_in_a_pool(found: Found) -> bool:
    """Return whether it is where somebody wrote it: in a pool, in the server's database."""
    written = found.owner and (found.owner.failure, found.owner.secret) in BY_HAND
    return bool(written and found.place in POOLS_IN_DATABASE)


def _by_failure(found: set[Found]) -> dict[int, set[Found]]:
    by_failure: dict[int, set[Found]] = defaultdict(set)
    for each in found:
        by_failure[each.owner.failure if each.owner else -1].add(each)
    return by_failure
