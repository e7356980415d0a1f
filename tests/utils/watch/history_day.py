"""Parts of a day: the states of one run until it is pending, running and ended."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Callable

from tests.utils.watch.history_form import MINUTE, NEVER, State


@dataclass
class Day:
    """Circumstances of one run.

    `worker` returns the first time, from one on, at which a worker takes the run.
    `usual` is its deployment's usual duration, `length` how long it takes this time.
    """

    rng: Random
    made: int
    expected: int
    length: int
    usual: float | None
    worker: Callable[[int], int]

    def between(self, low: int, high: int) -> int:
        """Return a random number of seconds."""
        return self.rng.randint(low, high)

    @property
    def limit(self) -> int:
        """Time of RUNNING after which it runs too long."""
        usual = self.length if self.usual is None else self.usual
        return int(3 * usual + 15 * MINUTE)


def scheduled(day: Day, until: int) -> list[State]:
    """Return the states of a run that waits until a time."""
    states = [State(day.made, "SCHEDULED", "Scheduled")]
    marked = day.expected + day.between(16, 30)
    if marked < until and marked > day.made:
        states.append(State(marked, "SCHEDULED", "Late"))
    return states


def pending(day: Day, after: int | None = None) -> list[State]:
    """Return the states of a run until PENDING; without a worker it stays scheduled."""
    wanted = day.expected + (day.between(3, 12) if after is None else after)
    taken = day.worker(max(wanted, day.made + 2))
    if taken >= NEVER:
        return scheduled(day, NEVER)
    return [*scheduled(day, taken), State(taken, "PENDING", "Pending")]


def running(day: Day, after: int | None = None, wait: int | None = None) -> list[State]:
    """Return the states of a run until RUNNING, after some time in PENDING."""
    states = pending(day, after)
    if states[-1].type == "PENDING":
        begins = states[-1].time + (day.between(10, 60) if wait is None else wait)
        states.append(State(begins, "RUNNING", "Running"))
    return states


def ended(states: list[State], after: int, *last: tuple[str, str]) -> list[State]:
    """Return states with the end of what runs; without a worker nothing ends."""
    if states[-1].type == "SCHEDULED":
        return states
    time = states[-1].time
    # A run that is cancelled says so before it is.
    return states + [
        State(time + after + 7 * index, *each) for index, each in enumerate(last)
    ]


COMPLETED = ("COMPLETED", "Completed")
FAILED = ("FAILED", "Failed")
CRASHED = ("CRASHED", "Crashed")
TIMED_OUT = ("FAILED", "TimedOut")
CANCELLING = ("CANCELLING", "Cancelling")
CANCELLED = ("CANCELLED", "Cancelled")
