"""Kinds of days: the states of one run, from its making to its end."""

from __future__ import annotations

from typing import Callable

from tests.utils.watch.history_day import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    CRASHED,
    FAILED,
    TIMED_OUT,
    Day,
    ended,
    pending,
    running,
    scheduled,
)
from tests.utils.watch.history_form import HOUR, MINUTE, NEVER, State

SLOT = "AwaitingConcurrencySlot"


def success(day: Day) -> list[State]:
    """Return a success."""
    return ended(running(day), day.length, COMPLETED)


def failure(day: Day) -> list[State]:
    """Return a failure, most often before its usual time."""
    return ended(running(day), day.between(20, day.length), FAILED)


def crash(day: Day) -> list[State]:
    """Return a crash, sometimes before it runs."""
    if day.rng.random() < 0.3:
        return ended(pending(day), day.between(30, 300), CRASHED)
    return ended(running(day), day.between(20, day.length), CRASHED)


def time_out(day: Day) -> list[State]:
    """Return a time-out."""
    return ended(running(day), day.length + day.between(60, 600), TIMED_OUT)


def retried(day: Day) -> list[State]:
    """Return a run with retries of its own, which fails or succeeds at last."""
    states = running(day)
    if states[-1].type != "RUNNING":
        return states
    for _ in range(day.between(1, 3)):
        waits = states[-1].time + day.between(20, day.length)
        again = waits + day.between(20, 240)
        states.append(State(waits, "SCHEDULED", "AwaitingRetry"))
        states.append(State(again, "RUNNING", "Retrying"))
    last = day.rng.choice([COMPLETED, COMPLETED, FAILED])
    return ended(states, day.between(20, day.length), last)


def retry_over_limit(day: Day) -> list[State]:
    """Return a run that waits for its own retry while its limit passes."""
    states = running(day)
    if states[-1].type != "RUNNING":
        return states
    began = states[-1].time
    states += [
        State(began + day.limit - 5 * MINUTE, "SCHEDULED", "AwaitingRetry"),
        State(began + day.limit + 10 * MINUTE, "RUNNING", "Retrying"),
    ]
    return ended(
        states, day.between(120, 2 * HOUR), day.rng.choice([COMPLETED, FAILED])
    )


def hang(day: Day) -> list[State]:
    """Return a run that runs far too long."""
    last = day.rng.choice([(COMPLETED,), (FAILED,), (CANCELLING, CANCELLED)])
    return ended(running(day), day.limit + day.between(300, 12 * HOUR), *last)


def nearly_hang(day: Day) -> list[State]:
    """Return a run that ends just before or just after it runs too long."""
    near = day.rng.choice([-60, 61])
    return ended(running(day), day.limit + near, day.rng.choice([COMPLETED, FAILED]))


def late(day: Day) -> list[State]:
    """Return a run that starts late: inside or outside the limit, or hours."""
    after = day.rng.choice([14 * MINUTE, 16 * MINUTE, day.between(1200, 8 * HOUR)])
    return ended(running(day, after), day.length, COMPLETED)


def slot(day: Day) -> list[State]:
    """Return a run that waits for a slot, and sometimes for a worker afterwards."""
    waits = day.between(20 * MINUTE, 4 * HOUR)
    free = day.rng.choice([0, 0, 5 * MINUTE, 25 * MINUTE])
    states = running(day, waits + free)
    awaiting = State(day.expected + day.between(5, 14), "SCHEDULED", SLOT)
    if awaiting.time <= day.made:
        return ended(states, day.length, COMPLETED)
    states = [states[0], awaiting, *(s for s in states if s.type != "SCHEDULED")]
    if free or states[-1].type == "SCHEDULED":
        states.insert(2, State(day.expected + waits, "SCHEDULED", "Scheduled"))
    return ended(states, day.length, COMPLETED)


def long_pending(day: Day) -> list[State]:
    """Return a run that is pending for long: inside or outside the limit, or hours."""
    hours = day.between(20 * MINUTE, 10 * HOUR)
    wait = day.rng.choice([14 * MINUTE, 16 * MINUTE, hours, hours])
    if day.rng.random() < 0.2:
        return ended(pending(day), wait, CRASHED)
    states = running(day, wait=wait)
    if states[-1].type == "RUNNING" and day.rng.random() < 0.4:
        # Another name, but the same stretch.
        named = State(states[-2].time + 3 * MINUTE, "PENDING", "InfrastructurePending")
        states.insert(-1, named)
    return ended(states, day.length, COMPLETED)


def twice_pending(day: Day) -> list[State]:
    """Return a run that is pending twice, and waits between: nothing is too long."""
    states = pending(day)
    if states[-1].type != "PENDING":
        return states
    back = states[-1].time + day.between(5 * MINUTE, 14 * MINUTE)
    again = back + day.between(5 * MINUTE, 40 * MINUTE)
    begins = again + day.between(5 * MINUTE, 14 * MINUTE)
    states += [
        State(back, "SCHEDULED", "Scheduled"),
        State(again, "PENDING", "Pending"),
        State(begins, "RUNNING", "Running"),
    ]
    return ended(states, day.length, COMPLETED)


def cancelled(day: Day) -> list[State]:
    """Return a run that is cancelled while it runs, or while it waits."""
    if day.rng.random() < 0.3:
        after = day.between(30, 2 * HOUR)
        states = scheduled(day, day.expected + after)
        return [*states, State(max(day.expected, day.made) + after, *CANCELLED)]
    return ended(running(day), day.between(20, day.length), CANCELLING, CANCELLED)


def restarted(day: Day) -> list[State]:
    """Return a run that a person starts again after its failure, once or twice."""
    states = day.rng.choice([failure, failure, crash])(day)
    for _ in range(day.rng.choice([1, 1, 1, 2])):
        if states[-1].type not in ("FAILED", "CRASHED"):
            return states
        again = states[-1].time + day.between(5 * MINUTE, 10 * HOUR)
        states.append(State(again, "SCHEDULED", "AwaitingRetry"))
        taken = day.worker(again + day.rng.choice([10, 20, 30 * MINUTE]))
        if taken >= NEVER:
            return states
        states.append(State(taken, "PENDING", "Pending"))
        begins = taken + day.rng.choice([15, 40, 20 * MINUTE])
        states.append(State(begins, "RUNNING", "Running"))
        lasts = day.rng.choice([day.length, day.length, day.limit + 10 * MINUTE])
        last = day.rng.choice([COMPLETED, COMPLETED, FAILED])
        states = ended(states, lasts, last)
    return states


def tries(day: Day) -> list[State]:
    """Return a run that fails, and twice more within the hour when started again."""
    states = ended(running(day), day.between(20, 300), FAILED)
    for _ in range(2):
        if states[-1].type != "FAILED":
            return states
        again = states[-1].time + day.between(60, 240)
        states += [
            State(again, "SCHEDULED", "AwaitingRetry"),
            State(again + 20, "PENDING", "Pending"),
            State(again + day.between(40, 90), "RUNNING", "Running"),
        ]
        states = ended(states, day.between(20, 300), FAILED)
    if states[-1].type == "FAILED" and day.rng.random() < 0.4:
        again = states[-1].time + day.between(10 * MINUTE, 10 * HOUR)
        states += [
            State(again, "SCHEDULED", "AwaitingRetry"),
            State(again + 30, "RUNNING", "Running"),
        ]
        states = ended(states, day.length, COMPLETED)
    return states


KINDS: dict[str, Callable[[Day], list[State]]] = {
    "success": success,
    "failure": failure,
    "crash": crash,
    "time-out": time_out,
    "retried": retried,
    "retry-over-limit": retry_over_limit,
    "hang": hang,
    "nearly-hang": nearly_hang,
    "late": late,
    "slot": slot,
    "long-pending": long_pending,
    "cancelled": cancelled,
    "restarted": restarted,
    "twice-pending": twice_pending,
    "tries": tries,
}
