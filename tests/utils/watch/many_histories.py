"""Watch's judgement of many histories, beside the oracle's.

    uv run python -m tests.utils.watch.many_histories 1000

It prints each difference, and ends with 1 if there is one.
"""

from __future__ import annotations

import sys
import time
from multiprocessing import Pool
from typing import Iterable, Iterator

from tests.utils.watch.histories import history
from tests.utils.watch.oracle import Due, due
from tests.utils.watch.simulation import told

TOLERANCE = 5 * 60  # seconds
# Which of its two reasons opens a deployment's incident may depend on when a place that has
# refused takes it.
OF_DEPLOYMENTS = ("no-success", "repeated-failure")


def differences(wanted: Iterable[Due], found: Iterable[Due]) -> Iterator[str]:
    """Yield what was missed, told twice or falsely, or not resolved in time.

    What has five minutes to be told, and is told no more within them, need not be told.
    """
    left = list(found)
    for each in wanted:
        same = [one for one in left if _subject(one) == _subject(each)]
        same = [one for one in same if _in_time(each.opened, one.opened)]
        if not same:
            if each.until > each.opened + TOLERANCE:
                yield f"missed: {each}"
            continue
        left.remove(same[0])
        if not _in_time(each.resolved, same[0].resolved):
            yield f"resolved at {same[0].resolved}: {each}"
    yield from (f"false: {each}" for each in left)


def differences_of(seed: int) -> tuple[int, int, list[str]]:
    """Return a history's seed, the number of its alerts, and the differences."""
    made = history(seed)
    wanted = due(made)
    return seed, len(wanted), list(differences(wanted, told(made)))


def _subject(due: Due) -> tuple[str, str]:
    return "incident" if due.kind in OF_DEPLOYMENTS else due.kind, due.subject


def _in_time(due: int | None, told: int | None) -> bool:
    if due is None or told is None:
        return due is told
    # A limit that has fractions of a second is told in the second after it.
    return due - 1 <= told <= due + TOLERANCE


def main(number: int) -> None:
    began, alerts, faulty = time.monotonic(), 0, 0
    with Pool() as pool:
        for seed, count, found in pool.imap_unordered(differences_of, range(number)):
            alerts += count
            faulty += bool(found)
            for each in found:
                print(f"history {seed}: {each}", flush=True)
    minutes = (time.monotonic() - began) / 60
    print(
        f"{number:,} histories, {alerts:,} alerts, in {minutes:.0f} minutes:"
        f" {faulty:,} histories with a difference"
    )
    sys.exit(faulty > 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
