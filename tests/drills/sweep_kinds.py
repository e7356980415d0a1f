"""Kinds of races between the sweeper and the runs' tasks, written before the sweeper.

What ECS documents of a task's life:

- PROVISIONING, PENDING, ACTIVATING, RUNNING, DEACTIVATING, STOPPING, DEPROVISIONING, STOPPED.
  A task may wait in the first two for minutes, and STOPPED is final.
- RunTask is eventually consistent: ListTasks and DescribeTasks may not know a new task for
  some seconds, and ListTasks may list one that has stopped.
- DescribeTasks tells a stopped task for an hour at least, then it is MISSING.
- StopTask sends SIGTERM, and SIGKILL after `stopTimeout`. It names one task for ever: a
  successor has another ARN.
- RunTask may have started a task although its caller has got an error, and tries again.

What Prefect does with a run:

- A worker sets Pending, calls RunTask, and only then writes the task to the run's
  `infrastructure_pid`. Until then, and for ever if the worker is lost, it has the task of an
  earlier attempt, or none.
- The task's engine sets Running, perhaps before the worker has written the task.
- Completed, Failed, Cancelled and Crashed are final, but a person may retry such a run: it is
  Scheduled again, and gets another task under the same id.
- AwaitingRetry is Scheduled: in the same process, or for a new task.
- Paused keeps its process. Suspended is Paused, too, ends its task, and gets another one.
- From Cancelling a run only becomes Cancelled. A final run does not become Crashed.
- A run may be deleted while its task runs.
- Cancelled before its task exists, a run is over, and the task begins nevertheless.

So "gone" is a task that has stopped, belongs to the attempt which the run is in, and is the
last one with the run's tag; and "over" is a run whose final state did not change while the
task was there. Each kind is what happens to a run, in this order, at any pace; the drill
(`sweeps`) lets the sweeper look in between, and between any two of the sweeper's own calls.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """Kind of races."""

    name: str
    moves: tuple[str, ...]
    """What happens: states or methods of `sweep_race`, a colon, and their argument."""
    ends: tuple[str, ...]
    """Names of the states of which the run ends in one; none if it is deleted."""
    is_orphan: bool = False
    """Whether the sweeper has to end something: the run, a task or both."""


def _kind(name: str, moves: str, ends: str, is_orphan: bool = False) -> Kind:
    return Kind(name, tuple(moves.split()), tuple(ends.split()), is_orphan)


BEGUN = "pending run pid provisioning running"
AGAIN = "pending run pid running completes exit:0"

HEALTHY = (
    _kind("completes", f"{BEGUN} completes exit:0", "Completed"),
    _kind("fails", f"{BEGUN} fails exit:1", "Failed"),
    _kind("task told late", "pending run running pid completes exit:0", "Completed"),
    _kind("task never told", "pending run running completes exit:0", "Completed"),
    _kind(
        *("task told after the end", "pending run running completes pid exit:0"),
        "Completed",
    ),
    _kind(
        "retries in its process",
        f"{BEGUN} awaits_retry retrying completes exit:0",
        "Completed",
    ),
    _kind("is paused", f"{BEGUN} pauses resumes completes exit:0", "Completed"),
    _kind("is suspended", f"{BEGUN} suspends exit:0 resume {AGAIN}", "Completed"),
    _kind(
        "is rescheduled when its task is stopped",
        f"{BEGUN} reschedules exit:143 {AGAIN}",
        "Completed",
    ),
    _kind("is retried", f"{BEGUN} fails exit:1 retry {AGAIN}", "Completed"),
    _kind(
        "is retried after its task was forgotten",
        f"{BEGUN} fails exit:1 forget retry {AGAIN}",
        "Completed",
    ),
    _kind(
        "is retried before its task has ended",
        f"{BEGUN} fails retry pending exit:1 run pid running completes exit:0",
        "Completed",
    ),
    _kind(
        "is retried, and its task never told",
        f"{BEGUN} fails exit:1 retry pending run running completes exit:0",
        "Completed",
    ),
    _kind(
        "is retried beside its first task",
        f"{BEGUN} fails retry pending run pid running exit_first:1 completes exit:0",
        "Completed",
    ),
    _kind(
        "has two tasks, of which one ends",
        "pending run run pid running exit:0 completes exit_first:0",
        "Completed",
    ),
    _kind("is cancelled", f"{BEGUN} cancel cancelled exit:0", "Cancelled"),
    _kind(
        "is cancelled before its task",
        "pending cancel cancelled run pid exit:0",
        "Cancelled",
    ),
    _kind("is deleted", f"{BEGUN} delete exit:1", ""),
)
ORPHANS = (
    _kind("is killed", f"{BEGUN} exit:137", "Crashed", True),
    _kind("ends without a word", f"{BEGUN} exit:0", "Crashed", True),
    _kind("ends before it begins", "pending run pid exit:1", "Crashed", True),
    _kind(
        "ends while provisioned", "pending run pid provisioning exit:1", "Crashed", True
    ),
    _kind("cannot be placed", "pending run:no-image pid", "Crashed", True),
    _kind("is told to be ended twice", f"{BEGUN} exit:137 crash", "Crashed", True),
    _kind(
        "is killed, and ended and retried by a person",
        f"{BEGUN} exit:137 crash retry {AGAIN}",
        "Completed",
        True,
    ),
    _kind("is cancelled, and hangs", f"{BEGUN} cancel", "Cancelled", True),
    _kind("is killed while cancelled", f"{BEGUN} cancel exit:137", "Cancelled", True),
    _kind(
        "is cancelled too late", f"{BEGUN} exit:137 cancel", "Crashed Cancelled", True
    ),
    _kind(
        "is killed before its retry", f"{BEGUN} awaits_retry exit:137", "Crashed", True
    ),
    _kind(
        "is killed in its second attempt",
        f"{BEGUN} fails exit:1 retry {BEGUN} exit:137",
        "Crashed",
        True,
    ),
    _kind(
        "is killed, ended and retried",
        f"{BEGUN} exit:137 await:Crashed retry {AGAIN}",
        "Completed",
        True,
    ),
    _kind("was killed long ago", f"{BEGUN} exit:137 forget", "Crashed", True),
    _kind("completes, and its task stays", f"{BEGUN} completes", "Completed", True),
    _kind("fails, and its task stays", f"{BEGUN} fails", "Failed", True),
    _kind("is ended by others, and its task stays", f"{BEGUN} crash", "Crashed", True),
    _kind(
        "is cancelled, and its task stays",
        f"{BEGUN} cancel cancelled",
        "Cancelled",
        True,
    ),
    _kind(
        "is cancelled before its task, which stays",
        "pending cancel cancelled run",
        "Cancelled",
        True,
    ),
    _kind(
        "is retried, and its first task stays",
        f"{BEGUN} fails retry {AGAIN}",
        "Completed",
        True,
    ),
)
KINDS = HEALTHY + ORPHANS
