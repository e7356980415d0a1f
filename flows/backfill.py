"""Runs a deployment for every chunk of a range of days, and continues where it stopped.

What: cuts the range into chunks. Each chunk becomes a run of a deployment whose flow
takes `first_day` and `last_day`. Use a deployment made for backfills, without the
schedule's concurrency limit, so that neither waits for the other.

When: on demand.

Again: the same arguments run only the missing chunks. A chunk is done if Prefect has a
completed run of it, so chunks whose runs Prefect's retention deleted are run again.

When it fails: some chunks failed, and the message names them, and why the first one
did. The others are done, or were not started if the first chunks and the last one failed
for the same reason. Fix that and start the same backfill again. If the backfill is
killed or its time is up, the chunks in progress continue, and the next start waits for
them. A chunk that a worker has taken and not begun after four minutes, or whose machine
died, is run again by itself, at most twice: its run is then Crashed. Cancelling the
backfill in Prefect's UI cancels its chunks.
"""

from datetime import date
from typing import Annotated, Any

from prefect import flow
from prefect.client.orchestration import get_client
from pydantic import Field

from utils.backfill.chunk_runs import ChunkRuns
from utils.backfill.chunks import chunks_of
from utils.backfill.days import MOST_DAYS
from utils.backfill.report import BackfillReport
from utils.backfill.target import BackfillTarget
from utils.errors.redacted import redacted_errors
from utils.runs.artifacts.progress import ProgressArtifact
from utils.runs.artifacts.reports import publish
from utils.runs.command_line import run_from_command_line
from utils.runs.run_names import flow_run_name
from utils.runs.terminal_bar import terminal_bar

LONGEST_NAME = 400
MOST_AT_ONCE = 1_000


@flow(name="backfill", flow_run_name=flow_run_name, timeout_seconds=7 * 24 * 60 * 60)
@redacted_errors
def backfill(
    *,
    deployment: Annotated[str, Field(max_length=LONGEST_NAME)],
    first_day: date,
    last_day: date,
    chunk_days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 30,
    at_once: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] = 4,
    parameters: dict[str, Any] | None = None,
    name: Annotated[str, Field(max_length=LONGEST_NAME)] = "",
) -> BackfillReport:
    """Run a deployment for a range of days in chunks, and continue where it stopped.

    Args:
        deployment: Deployment that runs the chunks, as flow/deployment, such as
            open_exchange_rates/production-backfill. Its flow must take first_day and
            last_day.
        first_day: First day of the range, as 2024-12-31.
        last_day: Last day of the range, included. It must be over.
        chunk_days: Days per run.
        at_once: Runs that are in progress at the same time.
        parameters: Further parameters of the deployment, as JSON.
        name: Name of the backfill. Chunks that are done are not run again: to load a
            range again, give it a new name.
    """
    with ProgressArtifact() as artifact, get_client(sync_client=True) as client:
        chunks = chunks_of(first_day, last_day, chunk_days)
        target = BackfillTarget.named(deployment, client)
        runs = ChunkRuns(target, chunks, parameters or {}, name)
        with terminal_bar() as show_bar:
            for progress in runs.complete(at_once):
                show_bar(progress)
                artifact.show(progress)
        artifact.update(runs.progress.percent, str(runs.progress))
        report = publish(BackfillReport.of(target.name, runs.tag, runs.progress))
        report.raise_if_incomplete()
    return report


if __name__ == "__main__":
    run_from_command_line(backfill)
