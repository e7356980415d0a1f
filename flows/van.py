"""Loads activist codes, survey questions, events and signups of NGP VAN into the warehouse.

What into what: VAN's or EveryAction's API into the tables `activist_codes`,
`survey_questions`, `events` and `signups`, and those of the lists within them
(`events__shifts`, ...). When: daily. What is read: codes and questions as a whole; events,
whose changes VAN does not tell, again and again until they began a month ago
(`days_read_again` in `.dlt/config.toml`), with the signups of each; older ones once. Of
people only the `van_id` is loaded. Again: safe at any time, rows are merged on their ids.
Events are loaded window by window (`days_per_load`): a run that was interrupted goes on
where it stopped. When it fails: the message says what VAN or the warehouse refused. Lost
connections, 429 and 5xx were tried again already. Run it again when the cause is mended.

If something changed in events that began longer ago, run it with `since` until it is
completed. What was deleted in VAN stays in the warehouse, except signups of an event that
still has others.
"""

from datetime import date

from prefect import flow

from pipelines.van import load_van
from utils.loading.report import LoadReport
from utils.runs.artifacts import publish
from utils.runs.command_line import run_from_command_line
from utils.runs.load_progress import observed_load
from utils.runs.load_task import load_task


@load_task(name="Load VAN into the warehouse")
def load(since: date | None) -> LoadReport:
    with observed_load() as progress:
        return load_van(since=since, progress=progress)


@flow(name="van", timeout_seconds=4 * 60 * 60)
def van(*, since: date | None = None) -> LoadReport:
    """Load activist codes, survey questions, events and signups of NGP VAN / EveryAction.

    Args:
        since: Read events from this day on again, with their signups. Without it those
            are read that began within the last month, or are still to come.
    """
    return publish(load(since))


if __name__ == "__main__":
    run_from_command_line(van)
