"""Loads NGP VAN's codes, questions, events and signups into the warehouse.

What: VAN's or EveryAction's API into the tables `activist_codes`, `survey_questions`,
`events` and `signups`, and into those of the lists within them (`events__shifts`, ...).
Of people only the `van_id` is loaded.

When: daily. Codes and questions are read as a whole. VAN does not report changed
events: each is read with its signups on every run, until a month after its beginning
(`days_read_again` in `.dlt/config.toml`). If an older event changed, run it with
`since` until it completes. Rows that were deleted in VAN stay in the warehouse, except
signups of an event that still has others.

Again: safe at any time. Rows are merged on their ids. Events are loaded window by
window (`days_per_load`), and an interrupted run continues where it stopped.

When it fails: the message says what VAN or the warehouse refused. Lost connections, 429
and 5xx were retried already. Fix the cause and run it again.
"""

from datetime import date

from prefect import flow

from pipelines.van import load_van
from utils.errors.redacted import redacted_errors
from utils.loading.report import LoadReport
from utils.runs.artifacts.reports import publish
from utils.runs.command_line import run_from_command_line
from utils.runs.load_progress import observed_load
from utils.runs.load_task import load_task
from utils.runs.run_names import flow_run_name


@load_task(name="Load VAN into the warehouse")
def load(since: date | None) -> LoadReport:
    with observed_load() as progress:
        return load_van(since=since, progress=progress)


@flow(name="van", flow_run_name=flow_run_name, timeout_seconds=4 * 60 * 60)
@redacted_errors
def van(*, since: date | None = None) -> LoadReport:
    """Load activist codes, survey questions, events and signups of VAN / EveryAction.

    Args:
        since: First day of the events to read again with their signups. Without it,
            events of the last month and of the future are read.
    """
    return publish(load(since))


if __name__ == "__main__":
    run_from_command_line(van)
