"""Appends Open Exchange Rates' currencies and rates to the lake.

What: appends the latest rates to `rates`, as a file for Snowpipe, and replaces
`currencies`. With `first_day` and `last_day` it appends the closing rates of these days
instead, a file for every ten days.

When: daily. A range on demand, or in chunks with the flow `backfill`. Run one chunk at
a time on a plan with few requests: each chunk counts them by itself.

Again: safe at any time. Rates in the lake are not fetched again. A run that is killed
just after it has sent a file may send the same rates in a second file: the view
`daily_rates` shows them once.

When it fails: the message says what is wrong with the key, the plan's requests, the API
or the lake. Connections were retried already. Fix the cause and run it again.
"""

from datetime import date

from prefect import flow

from pipelines.open_exchange_rates import load_open_exchange_rates
from utils.errors.redacted import redacted_errors
from utils.loading.report import LoadReport
from utils.runs.artifacts.reports import publish
from utils.runs.command_line import run_from_command_line
from utils.runs.load_progress import observed_load
from utils.runs.load_task import load_task
from utils.runs.run_names import flow_run_name


@load_task(name="Load Open Exchange Rates into the lake")
def load(first_day: date | None, last_day: date | None) -> LoadReport:
    with observed_load() as progress:
        return load_open_exchange_rates(first_day, last_day, progress=progress)


@flow(name="open_exchange_rates", flow_run_name=flow_run_name, timeout_seconds=60 * 60)
@redacted_errors
def open_exchange_rates(
    *, first_day: date | None = None, last_day: date | None = None
) -> LoadReport:
    """Append Open Exchange Rates' latest rates, or those of a range of days, to the lake.

    Args:
        first_day: First day of a range, whose closing rates are loaded instead of the
            latest rates.
        last_day: Last day of the range, included. It must be over in UTC.
    """
    return publish(load(first_day, last_day))


if __name__ == "__main__":
    run_from_command_line(open_exchange_rates)
